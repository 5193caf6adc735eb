//! Notices through a real Postfix, and what comes back.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use dispatch::{NoticeSettings, Recipient, Way};
use intake::files::Source;
use model::{Scope, SmtpAccountId};
use pipeline::Import;
use standing::{State, Strength};
use store::{BounceRules, Channel, NewSmtpAccount, OutgoingState};
use test_support::{Certificate, Postfix};
use uuid::Uuid;

use crate::world::{World, now, wait, write};

pub(crate) const DEAD: (&str, &str) = ("address.changed", r#"{"address":"eva@example.org","state":"dead"}"#);
const FAILING: (&str, &str) = ("address.changed", r#"{"address":"tom@example.org","state":"failing"}"#);

fn server(world: &World, port: u16) -> SmtpAccountId {
    sends(world, NewSmtpAccount { port, ..NewSmtpAccount::default() })
}

/// A server for notices, otherwise as given.
pub(crate) fn sends(world: &World, given: NewSmtpAccount) -> SmtpAccountId {
    let id = SmtpAccountId::new(Uuid::now_v7());
    let new = NewSmtpAccount {
        name: "notices".to_owned(),
        host: "localhost".to_owned(),
        trust: "\"system\"".to_owned(),
        from_address: "poststelle@here.test".to_owned(),
        from_name: "Poststelle Müller".to_owned(),
        bounce_address: Some("bounces@here.test".to_owned()),
        notices: true,
        active: true,
        ..given
    };
    world.store().create_smtp_account(id, new, now()).unwrap();
    id
}

pub(crate) fn tell(world: &World, recipients: &[(&str, &str)], ways: &[(&str, Way)]) {
    let recipient = |(address, language): &(&str, &str)| Recipient {
        address: (*address).to_owned(),
        language: (*language).to_owned(),
    };
    let ways: BTreeMap<String, Way> = ways.iter().map(|(kind, way)| ((*kind).to_owned(), *way)).collect();
    let settings = NoticeSettings {
        recipients: recipients.iter().map(recipient).collect(),
        ways,
        ..NoticeSettings::default()
    };
    let text = serde_json::to_string(&settings).unwrap();
    world.store().set_setting(NoticeSettings::NAME.to_owned(), Some(text)).unwrap();
}

#[test]
fn many_events_are_one_mail_and_each_answer_is_kept() {
    let certificate = Certificate::for_names(&["localhost"]);
    let Some(postfix) = Postfix::start(&certificate) else { return };
    let mut world = World::new();
    let account = server(&world, postfix.port());
    let to = [
        ("staff@here.test", "de"),
        ("boss@here.test", "en"),
        ("refused@here.test", "en"),
        ("later@here.test", "en"),
    ];
    tell(&world, &to, &[("address.dead", Way::AtOnce), ("address.failing", Way::Page)]);
    world.log(&[DEAD, DEAD, FAILING, DEAD]);
    world.start(&certificate.certificate, 0);
    let mail = postfix.wait_for("staff", 1).remove(0);
    let (head, _) = mail.split_once("\n\n").unwrap();
    for line in [
        "Auto-Submitted: auto-generated",
        "To: <staff@here.test>",
        "X-Poststelle-Reference: ",
        "Message-ID: <",
        "Date: ",
        "multipart/alternative",
    ] {
        assert!(head.contains(line), "{line} is not in\n{head}");
    }
    assert!(head.contains("bounces+"), "the return path is not signed: {head}");
    assert!(
        head.contains("3 Adressen gibt es nicht mehr") || head.contains("=3F") || head.contains("=?"),
        "{head}"
    );
    assert!(mail.contains("https://post.example.org/address/eva@example.org"), "{mail}");
    let english = postfix.wait_for("boss", 1).remove(0);
    assert!(english.contains("Subject: Poststelle: 3 addresses no longer exist"), "{english}");
    let of = |address: &str| {
        let page = world.store().outgoing(Channel::Mail, None, 50).unwrap();
        let mut rows: Vec<_> = page.into_iter().filter(|one| one.what.recipient == address).collect();
        assert_eq!(rows.len(), 1, "{address}");
        rows.remove(0)
    };
    let refused = wait(|| Some(of("refused@here.test")).filter(|one| one.state == OutgoingState::Refused));
    assert_eq!((refused.code, refused.due), (Some(550), None));
    assert!(refused.answer.contains("not wanted"), "{}", refused.answer);
    let later = wait(|| Some(of("later@here.test")).filter(|one| one.code.is_some()));
    assert_eq!((later.state, later.code, later.attempts), (OutgoingState::Waiting, Some(451), 1));
    assert!(later.due.unwrap() > now());
    let sent = wait(|| Some(of("staff@here.test")).filter(|one| one.state == OutgoingState::Sent));
    assert!(sent.answer.contains("queued as"), "{}", sent.answer);
    let kept = world.store().smtp_account(account).unwrap().unwrap();
    assert!(kept.last_success.is_some() && kept.last_error.is_none());
    // More of the same within the hour waits.
    world.log(&[DEAD]);
    wait(|| world.store().gathered().unwrap().iter().any(|of| of.count == 1).then_some(()));
    assert_eq!(postfix.mails("staff").len(), 1);
}

#[test]
fn a_notice_that_comes_back_is_known_by_its_signature() {
    let certificate = Certificate::for_names(&["localhost"]);
    let Some(postfix) = Postfix::start(&certificate) else { return };
    let mut world = World::new();
    server(&world, postfix.port());
    tell(&world, &[("gone@bounce.test", "en")], &[("address.dead", Way::AtOnce)]);
    let rules = BounceRules { count_imported: true, ..BounceRules::default() };
    world.store().set_bounce_rules(rules).unwrap();
    world.log(&[DEAD]);
    world.start(&certificate.certificate, 0);
    let bounce = postfix.wait_for("bounces", 1).remove(0);
    let file = world.engine.dir().join("tmp/bounce.eml");
    write(&file, &bounce);
    let account = world.engine.account_or_import("bounces").unwrap();
    let import =
        Import { account, sources: vec![Source { path: file, name: None }], directory: None, run: None };
    let stop = AtomicBool::new(false);
    world.engine.import(&import, &mut std::io::empty(), &stop, &mut |_| ()).unwrap();
    world.engine.catch_up().unwrap();
    let row = world.store().address(&Scope::All, "gone@bounce.test").unwrap().remove(0);
    assert_eq!(row.standing.state, State::Dead);
    let history = world.store().address_history(&Scope::All, &[row.key], None, 9).unwrap();
    assert_eq!(history[0].event.event.strength, Strength::Signed);
}

/// An import that stops goes on behind the last entry it has kept; its report is that of one that never stopped.
#[test]
fn a_run_that_goes_on_counts_every_entry_once() {
    let world = World::new();
    let dir = tempfile::TempDir::new().unwrap();
    let folder = dir.path().join("many");
    std::fs::create_dir(&folder).unwrap();
    for n in 0..3000 {
        let octets = if n % 10 == 0 {
            "no mail".to_owned()
        } else {
            format!("From: a@example.org\nMessage-ID: <{n}@x>\n\n{n}\n")
        };
        write(&folder.join(format!("{n:04}.txt")), &octets);
    }
    let account = world.engine.account_or_import("many").unwrap();
    let run = world.engine.begin_import(account, "test", "many", None).unwrap();
    let import = Import {
        account,
        sources: vec![Source { path: folder, name: None }],
        directory: None,
        run: Some(run),
    };
    let stop = AtomicBool::new(false);
    let mut stops = 0;
    loop {
        let mut files_now = 0;
        stop.store(false, std::sync::atomic::Ordering::Relaxed);
        let done = world.store().import_entries_done(run).unwrap();
        world
            .engine
            .import(&import, &mut std::io::empty(), &stop, &mut |step| {
                if let pipeline::Step::Progress { files, .. } = step {
                    files_now = files;
                    stop.store(files >= done + 700, std::sync::atomic::Ordering::Relaxed);
                }
            })
            .unwrap();
        if files_now == 3000 {
            break;
        }
        stops += 1;
    }
    assert!(stops >= 2, "{stops}");
    let kept = world.store().import_run(run).unwrap().unwrap();
    assert_eq!(kept.entries, Some(3000));
    let counts = kept.counts;
    assert_eq!((counts.seen, counts.archived, counts.duplicates, counts.failed), (3000, 2700, 0, 300));
    let sums = world.store().import_sums(run).unwrap();
    assert_eq!((sums.seen, sums.archived, sums.failed), (3000, 2700, 300));
}

#[test]
fn a_server_that_cannot_be_trusted_gets_nothing_and_the_mail_waits() {
    let certificate = Certificate::for_names(&["localhost"]);
    let Some(postfix) = Postfix::start(&certificate) else { return };
    let mut world = World::new();
    let account = server(&world, postfix.port());
    tell(&world, &[("staff@here.test", "de")], &[("address.dead", Way::AtOnce)]);
    world.log(&[DEAD]);
    world.start(&Certificate::for_names(&["localhost"]).certificate, 0);
    let tried = wait(|| world.newest(Channel::Mail).filter(|one| !one.answer.is_empty()));
    assert_eq!((tried.state, tried.code), (OutgoingState::Waiting, None), "{}", tried.answer);
    assert!(world.store().smtp_account(account).unwrap().unwrap().last_error.is_some());
    assert!(postfix.mails("staff").is_empty());
}

#[test]
fn a_digest_waits_for_its_hour_and_nothing_is_no_mail() {
    let certificate = Certificate::for_names(&["localhost"]);
    let Some(postfix) = Postfix::start(&certificate) else { return };
    let mut world = World::new();
    server(&world, postfix.port());
    tell(
        &world,
        &[("boss@here.test", "en")],
        &[("address.dead", Way::Digest), ("address.failing", Way::Digest)],
    );
    let old = world.store().reserve_outgoing(1).unwrap();
    assert!(old > 0);
    // What happened two days ago is due since yesterday's hour; what happens now is not.
    let event = |ago: i64| store::Event {
        id: model::EventId::new(Uuid::now_v7()),
        at: now().plus_ms(-ago),
        actor: "feedback".to_owned(),
        kind: DEAD.0.to_owned(),
        subject: String::new(),
        payload: DEAD.1.to_owned(),
    };
    world.store().append_events(vec![event(48 * 3_600_000), event(47 * 3_600_000)]).unwrap();
    world.start(&certificate.certificate, 0);
    let mail = postfix.wait_for("boss", 1).remove(0);
    assert!(mail.contains("Subject: Poststelle: daily summary, 2 events"), "{mail}");
    world.log(&[FAILING]);
    wait(|| world.store().gathered().unwrap().iter().any(|of| of.count == 1).then_some(()));
    assert_eq!(world.store().outgoing(Channel::Mail, None, 9).unwrap().len(), 1);
}
