//! Rows that belong together.

use model::SmtpAccountId;

use super::Case;
use super::world::*;
use crate::{
    AccountKind, AfterFetch, Companions, Handled, Handling, Keeping, MailboxRole, NewAccount, NewGroup,
    NewSmtpAccount, SharedSettings, SortingRule, Store, StoreError, Unfit,
};

pub(super) const ALL: &[Case] = &[
    ("accounts_get_the_same_and_keep_the_rest", accounts_get_the_same_and_keep_the_rest),
    ("an_account_and_its_server_come_and_go_together", an_account_and_its_server_come_and_go_together),
];

fn new(n: u64, kind: AccountKind) -> NewAccount {
    let handling =
        Handling { handled: Handled::Move, handled_folder: "Done".to_owned(), ..Handling::default() };
    NewAccount { name: format!("account {n}"), kind, poll_seconds: 60, handling, ..NewAccount::default() }
}

fn accounts_get_the_same_and_keep_the_rest(store: &Store) {
    for n in 1..=3 {
        store.create_account(account_id(n), new(n, AccountKind::Imap), NOW).unwrap();
    }
    let kept = Keeping { failed_folder: Some("Broken".to_owned()), ..Keeping::default() };
    store.set_keeping(account_id(1), kept.clone(), NOW).unwrap();
    store.remove_account(account_id(3), NOW).unwrap();
    let shared = SharedSettings {
        active: Some(false),
        role: Some(MailboxRole::Archive),
        fetched: Some((AfterFetch::Move, "Fetched".to_owned())),
        delete_after_days: Some(Some(30)),
        ..SharedSettings::default()
    };
    let asked = (1..=4).map(account_id).collect();
    let changed = store.change_accounts(asked, shared, NOW).unwrap();
    assert_eq!(changed, [account_id(1), account_id(2)]);
    for n in 1..=2 {
        let settings = store.account(account_id(n)).unwrap().unwrap().settings;
        let before = new(n, AccountKind::Imap);
        let handling = Handling { role: MailboxRole::Archive, ..before.handling.clone() };
        assert_eq!(settings, NewAccount { active: false, handling, ..before });
    }
    let both = Keeping {
        fetched: AfterFetch::Move,
        fetched_folder: "Fetched".to_owned(),
        failed_folder: None,
        delete_after_days: Some(30),
        mirrored: false,
    };
    assert_eq!(store.keeping(account_id(2)).unwrap(), both);
    assert_eq!(store.keeping(account_id(1)).unwrap(), Keeping { failed_folder: kept.failed_folder, ..both });
    assert_eq!(store.keeping(account_id(3)).unwrap(), Keeping::default());
    let never = SharedSettings {
        poll_seconds: Some(120),
        delete_after_days: Some(None),
        ..SharedSettings::default()
    };
    store.change_accounts(vec![account_id(1)], never, NOW).unwrap();
    assert_eq!(store.keeping(account_id(1)).unwrap().delete_after_days, None);
    let settings = store.account(account_id(1)).unwrap().unwrap().settings;
    assert_eq!((settings.poll_seconds, settings.active), (120, false));
    let moved = SharedSettings {
        fetched: Some((AfterFetch::Move, "Fetched".to_owned())),
        ..SharedSettings::default()
    };
    assert_eq!(moved.fits(AccountKind::Pop3), Err(Unfit::NoFolders));
    assert_eq!(moved.fits(AccountKind::Import), Err(Unfit::NotFetched));
    let role = SharedSettings { role: Some(MailboxRole::Archive), ..SharedSettings::default() };
    assert_eq!(role.fits(AccountKind::Import), Ok(()));
}

fn an_account_and_its_server_come_and_go_together(store: &Store) {
    let smtp = |name: &str| NewSmtpAccount {
        name: name.to_owned(),
        host: "smtp.example.org".to_owned(),
        port: 465,
        trust: "\"system\"".to_owned(),
        from_address: "post@example.org".to_owned(),
        ..NewSmtpAccount::default()
    };
    let smtp_id = |n: u64| SmtpAccountId::from_octets(id(20, n));
    let create = |n: u64, name: &str, group: &str| {
        let group = NewGroup {
            name: group.to_owned(),
            addresses: vec!["Post@example.org".to_owned()],
            ..NewGroup::default()
        };
        let with = Companions { smtp: Some((smtp_id(n), smtp(name))), group: Some((id(21, n), group)) };
        store.create_account_with(account_id(n), new(n, AccountKind::Imap), with, NOW)
    };
    create(1, "one", "One").unwrap();
    assert_eq!(store.groups().unwrap()[0].what.addresses, ["post@example.org"]);
    let rest = SortingRule { pattern: String::new(), group: id(21, 1) };
    assert_eq!(store.sorting(account_id(1)).unwrap(), [rest]);
    // A name that is taken: neither is made.
    assert!(matches!(create(2, "one", "two"), Err(StoreError::Exists { what: "SMTP account name" })));
    assert!(matches!(create(2, "two", "one"), Err(StoreError::Exists { what: "group name" })));
    assert_eq!(store.account(account_id(2)).unwrap(), None);
    // A server that is gone: neither is removed.
    let gone = store.remove_account_with(account_id(1), vec![smtp_id(1), smtp_id(9)], Vec::new(), NOW);
    assert!(matches!(gone, Err(StoreError::Missing { .. })));
    assert_eq!(store.smtp_accounts().unwrap().len(), 1);
    assert_eq!(store.accounts(false).unwrap().len(), 1);
    let gone = store.remove_account_with(account_id(1), Vec::new(), vec![id(21, 9)], NOW);
    assert!(matches!(gone, Err(StoreError::Missing { .. })));
    store.remove_account_with(account_id(1), vec![smtp_id(1)], vec![id(21, 1)], NOW).unwrap();
    assert!(store.groups().unwrap().is_empty());
    assert!(store.smtp_accounts().unwrap().is_empty());
    assert!(store.accounts(false).unwrap().is_empty());
}
