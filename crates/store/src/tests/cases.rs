//! Intake, filing, threads, quarantine, people, log.

use model::{Position, Scope};

use super::Case;
use super::world::*;
use crate::{IntakeOutcome, ListFilter, Store};

pub(super) const ALL: &[Case] = &[("smoke", smoke)];

fn smoke(store: &Store) {
    account(store, 1);
    let seqs = fill(store, 1, 0..40);
    assert_eq!(seqs.len(), 40);
    assert_eq!(subjects(store, &Scope::All, &ListFilter::default()).len(), 40);
    let again = intake(store, vec![item(3, 1, 4)]);
    assert!(matches!(again[..], [IntakeOutcome::Duplicate { new_placement: false, .. }]));
    let known = store.known_placements(mailbox_id(1), &[Position::Imap { uid_validity: 1, uid: 4 }]).unwrap();
    assert_eq!(known.len(), 1);
    let detail = store.message(&Scope::All, mail_id(3)).unwrap().unwrap();
    assert_eq!(detail.row.subject, "mail 3");
    assert!(store.message(&scope(&[2]), mail_id(3)).unwrap().is_none());
    assert_eq!(store.changed_since(0, 100).unwrap().len(), 40);
    store.append_events(vec![event(1, "server.started")]).unwrap();
    assert_eq!(
        store.events(&crate::EventFilter::default(), None, 10).unwrap()[0].1,
        event(1, "server.started")
    );
}
