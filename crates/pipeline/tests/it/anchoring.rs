//! Checkpoints of the log by mail, through a real Postfix.

use pipeline::{CheckpointMail, CheckpointMailError, CheckpointMailState, Every};
use serde_json::{Value, json};
use store::NewSmtpAccount;
use test_support::{Certificate, Postfix};

use crate::mails::{DEAD, sends};
use crate::world::{World, wait};

fn state(world: &World) -> CheckpointMailState {
    world.engine.checkpoint_mail().unwrap().1
}

/// As if it had been set long ago, and as if the last try were long ago.
fn long_ago(world: &World) {
    for (name, field) in [("checkpoint_mail", "since"), ("checkpoint_mail_state", "tried")] {
        let kept = world.store().setting(name).unwrap().unwrap_or_else(|| "{}".to_owned());
        let mut kept: Value = serde_json::from_str(&kept).unwrap();
        kept[field] = json!(0);
        world.store().set_setting(name.to_owned(), Some(kept.to_string())).unwrap();
    }
    world.outgoing.as_ref().unwrap().wake();
}

fn wanted(addresses: &[&str]) -> CheckpointMail {
    CheckpointMail {
        addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
        every: Every::Daily,
        hour: 7,
        zone: "Europe/Berlin".to_owned(),
        language: "de".to_owned(),
        ..CheckpointMail::default()
    }
}

#[test]
fn what_was_missed_is_sent_once() {
    let certificate = Certificate::for_names(&["localhost"]);
    let Some(postfix) = Postfix::start(&certificate) else { return };
    let mut world = World::new();
    world.log(&[DEAD]);
    let set = |world: &World, wanted| world.engine.set_checkpoint_mail(wanted).unwrap();
    assert_eq!(set(&world, wanted(&[])), Err(CheckpointMailError::Addresses));
    assert_eq!(set(&world, wanted(&["a@here.test"; 11])), Err(CheckpointMailError::Addresses));
    let moon = CheckpointMail { zone: "Moon/Base".to_owned(), ..wanted(&["a@here.test"]) };
    assert_eq!(set(&world, moon), Err(CheckpointMailError::Zone));
    assert_eq!(
        set(&world, CheckpointMail { hour: 24, ..wanted(&["a@here.test"]) }),
        Err(CheckpointMailError::Hour)
    );
    set(&world, wanted(&["staff@here.test", "refused@here.test"])).unwrap();
    // Nobody is there to take it, and nothing is lost by that.
    world.start(&certificate.certificate, 0);
    long_ago(&world);
    let failed = wait(|| Some(state(&world)).filter(|state| state.error.is_some()));
    assert!(failed.error.unwrap().contains("no server is set") && failed.sent.is_none());
    let account = sends(&world, NewSmtpAccount { port: postfix.port(), ..NewSmtpAccount::default() });
    long_ago(&world);
    let sent = wait(|| Some(state(&world)).filter(|state| state.sent.is_some()));
    assert!(sent.error.unwrap().starts_with("refused@here.test: 550"), "one address is refused");
    let mail = postfix.wait_for("staff", 1).remove(0);
    assert!(mail.contains("checkpoint.txt") && mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    assert!(mail.contains("poststelle-verify") && mail.contains("Content-Language: de"), "{mail}");
    assert!(world.store().smtp_account(account).unwrap().is_some());
    // However many periods were missed, that was the mail of all of them.
    long_ago(&world);
    world.engine.want_checkpoint_mail().unwrap();
    world.outgoing.as_ref().unwrap().wake();
    let again = wait(|| Some(state(&world)).filter(|state| state.sent > sent.sent));
    assert!(again.entries > sent.entries, "what was sent is an entry itself");
    assert_eq!(postfix.wait_for("staff", 2).len(), 2);
    let events = world.store().setting("checkpoint_mail_wanted").unwrap();
    assert_eq!(events, None);
}
