//! Retention classes, rules, holds, what is due.

use std::ops::RangeInclusive;

use ledger::Kind as LeafKind;
use model::{Day, Invoice, InvoiceForm, Kind, Scope, UnixMillis};
use retain::{Class, Conditions, Start, Suspension, Until};

use super::Case;
use super::world::*;
use crate::{
    Change, DueCursor, Keeps, LinkActor, NamedClass, NewHold, OpenYears, RetentionSettings, Rule, Store,
    StoreError,
};

pub(super) const ALL: &[Case] = &[
    ("rules_give_classes_and_never_shorter_ones", rules_give_classes_and_never_shorter_ones),
    ("what_a_person_decided_holds", what_a_person_decided_holds),
    ("twins_follow_their_message", twins_follow_their_message),
    ("holds_stand_above_everything", holds_stand_above_everything),
    ("what_is_due_is_listed", what_is_due_is_listed),
    ("invoices_are_kept_and_found", invoices_are_kept_and_found),
    ("classes_in_use_stay", classes_in_use_stay),
];

const LETTERS: i64 = -1;
const VOUCHERS: i64 = -2;
const BOOKS: i64 = -3;
const UNLIMITED: i64 = -5;

/// A moment in the year 2036, when six and eight years have passed since [`NOW`], which is of 2026.
const LATER: UnixMillis = UnixMillis(NOW.0 + 10 * 365 * 86_400_000);

fn rule(store: &Store, name: &str, class: i64, conditions: &str) -> i64 {
    let conditions = Conditions::of_text(conditions).unwrap();
    let rule = Rule { key: 0, name: name.to_owned(), class, conditions };
    store.put_retention_rule(rule, event(99, "retention-rule.created")).unwrap()
}

fn apply(store: &Store) -> u64 {
    let mut changed = 0;
    loop {
        let step = store.apply_retention(3, NOW).unwrap();
        changed += step.changed;
        if !step.more {
            return changed;
        }
    }
}

fn actor() -> LinkActor {
    LinkActor { id: "u1".to_owned(), name: "Eva".to_owned() }
}

/// Class and last day by mail.
fn class_of(store: &Store, content: u64) -> Option<(i64, Option<Day>)> {
    let keeps = store.keeps(&[mail_id(content)], NOW).unwrap().remove(&mail_id(content))?;
    keeps.into_iter().find_map(|keeps| match keeps {
        Keeps::Class { class, until, .. } => Some((class, until)),
        _ => None,
    })
}

fn day(text: &str) -> Option<Day> {
    Day::of_text(text)
}

fn leaves(store: &Store, kind: LeafKind) -> Vec<serde_json::Value> {
    let all = store.leaves(0, 1000).unwrap().into_iter().filter(|leaf| leaf.kind == kind.code());
    all.map(|leaf| match leaf.content {
        ledger::payload::Content::Kept { payload, .. } => serde_json::from_slice(&payload).unwrap(),
        ledger::payload::Content::Erased(_) => serde_json::Value::Null,
    })
    .collect()
}

fn rules_give_classes_and_never_shorter_ones(store: &Store) {
    account(store, 1);
    account(store, 2);
    fill(store, 1, 0..4);
    // Without rules nothing is looked at, and nothing is kept from being erased.
    assert_eq!(apply(store), 0);
    assert!(store.keeps(&[mail_id(1)], NOW).unwrap().is_empty());
    rule(store, "Briefe", LETTERS, "sender @example.org\n");
    // It is for what comes from now on, until it is asked about the others.
    assert_eq!(apply(store), 0);
    fill(store, 2, 4..8);
    let unchecked = store.keeps(&[mail_id(5)], NOW).unwrap().remove(&mail_id(5));
    assert_eq!(unchecked, Some(vec![Keeps::Unchecked]));
    assert_eq!(apply(store), 4);
    assert_eq!(class_of(store, 5), Some((LETTERS, day("2032-12-31"))));
    assert_eq!(class_of(store, 1), None);
    assert_eq!(apply(store), 0);
    // Of one account only, and longer.
    let account = account_id(1).to_string();
    let books = rule(store, "Bücher", BOOKS, &format!("account {account}\n"));
    let preview = store.preview_retention(1000).unwrap();
    assert_eq!((preview.looked, preview.more, preview.rules), (8, false, vec![(books, 4)]));
    assert_eq!(class_of(store, 1), None, "a preview changes nothing");
    store.apply_retention_anew(event(98, "retention.applied")).unwrap();
    assert_eq!(apply(store), 4);
    assert_eq!(class_of(store, 1), Some((BOOKS, day("2036-12-31"))));
    assert_eq!(class_of(store, 5), Some((LETTERS, day("2032-12-31"))));
    // A shorter rule changes nothing, a longer one does.
    rule(store, "Sechs", LETTERS, &format!("account {account}\n"));
    store.apply_retention_anew(event(97, "retention.applied")).unwrap();
    assert_eq!(apply(store), 0);
    rule(store, "Immer", UNLIMITED, "kind personal\n");
    store.apply_retention_anew(event(96, "retention.applied")).unwrap();
    assert_eq!(apply(store), 8);
    assert_eq!(class_of(store, 1), Some((UNLIMITED, None)));
    // Each is in the log, with the mail, the class, the rule and the day.
    let logged = leaves(store, LeafKind::Class);
    assert_eq!(logged.len(), 16);
    let first = logged.iter().find(|leaf| leaf["mail"] == mail_id(5).to_string()).unwrap();
    assert_eq!((&first["class"], &first["rule"]), (&"letters".into(), &"Briefe".into()));
    assert_eq!(first["until"], "2032-12-31");
    // Kept until the last day has passed in the zone of the organisation.
    assert!(store.keeps(&[mail_id(5)], LATER).unwrap()[&mail_id(5)].len() == 1);
}

fn what_a_person_decided_holds(store: &Store) {
    account(store, 1);
    fill(store, 1, 0..3);
    rule(store, "Bücher", BOOKS, "kind personal\n");
    store.apply_retention_anew(event(98, "retention.applied")).unwrap();
    assert_eq!(apply(store), 3);
    let set = |mails: &[u64], class, may_shorten| {
        let mails: Vec<_> = mails.iter().map(|n| mail_id(*n)).collect();
        let wish = (class, may_shorten);
        store.set_retention_class(&scope(&[1]), &mails, wish, "falsch erkannt".to_owned(), actor(), NOW)
    };
    let shorter = set(&[0, 1], Some(LETTERS), false);
    assert!(matches!(shorter, Err(StoreError::Exists { what: "retention shorter" })), "{shorter:?}");
    assert!(set(&[0], None, false).is_err());
    assert_eq!(set(&[0, 1], Some(LETTERS), true).unwrap(), 2);
    assert_eq!(set(&[2], None, true).unwrap(), 1);
    let elsewhere = store.set_retention_class(
        &scope(&[]),
        &[mail_id(0)],
        (Some(BOOKS), true),
        "x".to_owned(),
        actor(),
        NOW,
    );
    assert_eq!(elsewhere.unwrap(), 0, "mails one may not read are left out");
    assert!(set(&[0], Some(12345), true).is_err());
    assert_eq!(class_of(store, 0), Some((LETTERS, day("2032-12-31"))));
    assert_eq!(class_of(store, 2), None);
    // The rule that was overruled stays so.
    store.apply_retention_anew(event(97, "retention.applied")).unwrap();
    assert_eq!(apply(store), 0);
    assert_eq!(class_of(store, 0), Some((LETTERS, day("2032-12-31"))));
    // A later rule may make it longer.
    rule(store, "Acht", VOUCHERS, "sender eva@example.org\n");
    store.apply_retention_anew(event(96, "retention.applied")).unwrap();
    assert_eq!(apply(store), 3);
    assert_eq!(class_of(store, 0), Some((VOUCHERS, day("2034-12-31"))));
    let logged = leaves(store, LeafKind::Class);
    let by_person: Vec<_> = logged.iter().filter(|leaf| leaf["by"] == "u1").collect();
    assert_eq!(by_person.len(), 3);
    assert_eq!((&by_person[0]["reason"], &by_person[0]["user"]), (&"falsch erkannt".into(), &"Eva".into()));
    let (shown, holds) = store.kept_message(&scope(&[1]), mail_id(0)).unwrap().unwrap();
    assert_eq!((shown[0].rule.as_deref(), holds.len()), (Some("Acht"), 0));
    assert!(store.kept_message(&scope(&[]), mail_id(0)).unwrap().is_none());
}

fn twins_follow_their_message(store: &Store) {
    account(store, 1);
    fill(store, 1, 0..1);
    rule(store, "Nie", BOOKS, "kind bounce\n");
    let wish = (Some(VOUCHERS), true);
    store.set_retention_class(&Scope::All, &[mail_id(0)], wish, "Rechnung".to_owned(), actor(), NOW).unwrap();
    let hold = NewHold {
        name: "Streit".to_owned(),
        reason: "Klage".to_owned(),
        query: "mail".to_owned(),
        actor: "u1".to_owned(),
    };
    let hold = store.add_hold(hold, event(90, "hold.created"), NOW).unwrap();
    // The same message once more, with other octets.
    let outcomes = intake(store, vec![item(7, 1, 50)]);
    let twin = seq(&outcomes[0]);
    let mut same = filed(twin, 7);
    same.message_key = filed(twin, 0).message_key;
    file(store, vec![same]);
    apply(store);
    assert_eq!(class_of(store, 7), Some((VOUCHERS, day("2034-12-31"))));
    let (messages, end) = store.messages_to_hold(0, store.last_change().unwrap(), 100).unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(store.hold_messages(hold, messages, end, NOW).unwrap(), 2);
    let kept = store.keeps(&[mail_id(0), mail_id(7)], LATER).unwrap();
    assert!(
        kept.values().all(|keeps| keeps.iter().any(|keeps| matches!(keeps, Keeps::Hold { .. }))),
        "{kept:?}"
    );
}

fn holds_stand_above_everything(store: &Store) {
    account(store, 1);
    let seqs = fill(store, 1, 0..5);
    let new = |name: &str| NewHold {
        name: name.to_owned(),
        reason: "Klage".to_owned(),
        query: "from:eva".to_owned(),
        actor: "u1".to_owned(),
    };
    let hold = store.add_hold(new("Streit"), event(90, "hold.created"), NOW).unwrap();
    let taken = store.add_hold(new("STREIT"), event(91, "hold.created"), NOW);
    assert!(matches!(taken, Err(StoreError::Exists { what: "hold" })));
    // Until a case has looked, nothing may go.
    assert_eq!(store.keeps(&[mail_id(3)], NOW).unwrap()[&mail_id(3)], [Keeps::Unchecked]);
    let last = store.last_change().unwrap();
    let (messages, end) = store.messages_to_hold(0, last, 3).unwrap();
    assert_eq!((messages.len(), end < last), (3, true));
    let (messages, end) = store.messages_to_hold(end, last, 3).unwrap();
    assert_eq!((messages.len(), end), (2, last));
    assert_eq!(store.hold_messages(hold, seqs[..2].to_vec(), last, NOW).unwrap(), 2);
    assert_eq!(store.hold_messages(hold, seqs[..3].to_vec(), last, NOW).unwrap(), 1, "each mail once");
    let held = [Keeps::Hold { case: hold, name: "Streit".to_owned() }];
    assert_eq!(store.keeps(&[mail_id(0)], NOW).unwrap()[&mail_id(0)], held);
    assert!(store.keeps(&[mail_id(4)], NOW).unwrap().is_empty());
    assert_eq!(store.holds().unwrap()[0].1, 3);
    let lift =
        || store.lift_hold(hold, "verglichen".to_owned(), "u2".to_owned(), event(92, "hold.removed"), NOW);
    lift().unwrap();
    assert!(matches!(lift(), Err(StoreError::Missing { .. })), "lifted once");
    assert!(store.keeps(&[mail_id(0)], NOW).unwrap().is_empty());
    assert_eq!(
        store.hold_messages(hold, seqs.clone(), last, NOW).unwrap(),
        0,
        "a lifted case holds nothing new"
    );
    let lifted = store.holds().unwrap().remove(0).0.lifted.unwrap();
    assert_eq!((lifted.1.as_str(), lifted.2.as_str()), ("u2", "verglichen"));
    store.add_hold(new("Streit"), event(93, "hold.created"), NOW).unwrap();
    let set: Vec<bool> = leaves(store, LeafKind::Hold).iter().map(|leaf| leaf["set"] == true).collect();
    assert_eq!(set, [true, true, true, true, false, true]);
}

fn years(from: i32, to: i32) -> RangeInclusive<i32> {
    from..=to
}

fn what_is_due_is_listed(store: &Store) {
    account(store, 1);
    fill(store, 1, 0..5);
    rule(store, "Briefe", LETTERS, "kind personal\n");
    store.apply_retention_anew(event(98, "retention.applied")).unwrap();
    assert_eq!(apply(store), 5);
    let due = store.due_years(NOW).unwrap();
    assert_eq!((due.len(), due[0].mails, due[0].due), (1, 5, 0));
    assert_eq!((due[0].class, due[0].year), (LETTERS, 2026));
    assert_eq!(due[0].until, Until::Day(day("2032-12-31").unwrap()));
    assert!(store.due_mails(&Scope::All, (LETTERS, 2026), None, 10, NOW).unwrap().is_empty());
    assert_eq!(store.due_years(LATER).unwrap()[0].due, 5);
    let first = store.due_mails(&scope(&[1]), (LETTERS, 2026), None, 3, LATER).unwrap();
    assert_eq!((first.len(), first[0].held), (3, false));
    assert_eq!(first[0].row.as_ref().unwrap().subject, "mail 0");
    let after = DueCursor { day: first[2].day, seq: first[2].seq };
    let rest = store.due_mails(&scope(&[]), (LETTERS, 2026), Some(after), 3, LATER).unwrap();
    assert_eq!((rest.len(), rest[0].row.is_none()), (2, true), "what one may not read is counted, not shown");
    // An open assessment: neither due nor to be erased.
    let open = OpenYears {
        key: 0,
        what: Suspension { class: Some(LETTERS), years: years(2025, 2026) },
        reason: "Prüfung".to_owned(),
        since: NOW,
    };
    let key = store.add_open_years(open, event(80, "open-years.created")).unwrap();
    assert_eq!(
        (store.due_years(LATER).unwrap()[0].due, store.due_years(LATER).unwrap()[0].until),
        (0, Until::Suspended)
    );
    assert!(store.due_mails(&Scope::All, (LETTERS, 2026), None, 10, LATER).unwrap().is_empty());
    assert_eq!(store.keeps(&[mail_id(0)], LATER).unwrap().len(), 1);
    store.end_open_years(key, event(81, "open-years.removed")).unwrap();
    assert_eq!(store.due_years(LATER).unwrap()[0].due, 5);
    assert!(store.keeps(&[mail_id(0)], LATER).unwrap().is_empty());
    // Longer periods of banks.
    let settings = RetentionSettings { bank: true, ..RetentionSettings::default() };
    store.set_retention(&settings, event(82, "retention.changed")).unwrap();
    assert!(store.retention().unwrap().settings.bank);
    let longer = NamedClass {
        class: Class { key: LETTERS, months: Some(72), bank_months: Some(240), start: Start::YearReceived },
        word: "letters".to_owned(),
        name: "Briefe".to_owned(),
    };
    store.put_retention_class(longer, event(83, "retention-class.changed")).unwrap();
    assert_eq!(store.due_years(LATER).unwrap()[0].due, 0);
}

fn invoices_are_kept_and_found(store: &Store) {
    account(store, 1);
    let outcomes = intake(store, vec![item(1, 1, 1), item(2, 1, 2)]);
    let (with, without) = (seq(&outcomes[0]), seq(&outcomes[1]));
    rule(store, "Rechnungen", VOUCHERS, "invoice yes\n");
    let invoice = Invoice {
        form: InvoiceForm::Zugferd,
        number: "R-1".to_owned(),
        date: day("2024-11-30"),
        total: "119.00".to_owned(),
        currency: "EUR".to_owned(),
        seller: "Müller".to_owned(),
    };
    let mut mail = filed(with, 1);
    mail.verdict.kind = Kind::Personal;
    mail.invoices = vec![("2".to_owned(), invoice.clone())];
    file(store, vec![mail.clone(), filed(without, 2)]);
    assert_eq!(apply(store), 1);
    // The date of the invoice counts, not that of the mail.
    assert_eq!(class_of(store, 1), Some((VOUCHERS, day("2032-12-31"))));
    assert_eq!(class_of(store, 2), None);
    assert_eq!(store.invoices(&scope(&[1]), mail_id(1)).unwrap(), [("2".to_owned(), invoice)]);
    assert!(store.invoices(&scope(&[]), mail_id(1)).unwrap().is_empty());
    let changes = store.changed_since(0, 10).unwrap();
    let numbers: Vec<_> = changes
        .iter()
        .filter_map(
            |change| if let Change::Put(message) = change { Some(message.invoices.clone()) } else { None },
        )
        .collect();
    assert_eq!(numbers, [vec!["R-1".to_owned()], Vec::new()]);
    // Filed again without it, it is gone; the class stays.
    mail.invoices.clear();
    file(store, vec![mail]);
    assert!(store.invoices(&Scope::All, mail_id(1)).unwrap().is_empty());
    apply(store);
    assert_eq!(class_of(store, 1), Some((VOUCHERS, day("2032-12-31"))));
}

fn classes_in_use_stay(store: &Store) {
    account(store, 1);
    fill(store, 1, 0..1);
    let words: Vec<String> = store.retention().unwrap().classes.into_iter().map(|class| class.word).collect();
    let presets: Vec<&str> = retain::PRESETS.iter().map(|(word, ..)| *word).collect();
    assert_eq!(words, presets);
    for (class, preset) in store.retention().unwrap().classes.iter().zip(retain::PRESETS) {
        let Class { months, bank_months, start, .. } = class.class;
        assert_eq!((class.word.as_str(), months, bank_months, start), preset);
    }
    let new = |name: &str, start| NamedClass {
        class: Class { key: 0, months: Some(24), bank_months: None, start },
        word: String::new(),
        name: name.to_owned(),
    };
    let key = store.put_retention_class(new("Verträge", Start::Received), event(1, "x.created")).unwrap();
    let twice = store.put_retention_class(new("VERTRÄGE", Start::Received), event(2, "x.created"));
    assert!(matches!(twice, Err(StoreError::Exists { what: "retention class" })));
    let wish = (Some(key), true);
    store.set_retention_class(&Scope::All, &[mail_id(0)], wish, "Vertrag".to_owned(), actor(), NOW).unwrap();
    let mut changed = new("Verträge", Start::YearReceived);
    changed.class.key = key;
    let start = store.put_retention_class(changed.clone(), event(3, "x.changed"));
    assert!(matches!(start, Err(StoreError::Exists { what: "retention start" })));
    changed.class.start = Start::Received;
    changed.class.months = None;
    store.put_retention_class(changed, event(4, "x.changed")).unwrap();
    assert_eq!(class_of(store, 0), Some((key, None)), "mails are kept by the period of now");
    let used = store.remove_retention_class(key, event(5, "x.removed"));
    assert!(matches!(used, Err(StoreError::Exists { what: "retention use" })));
    let wish = (None, true);
    store
        .set_retention_class(&Scope::All, &[mail_id(0)], wish, "doch nicht".to_owned(), actor(), NOW)
        .unwrap();
    store.remove_retention_class(key, event(6, "x.removed")).unwrap();
    assert!(store.remove_retention_class(key, event(7, "x.removed")).is_err());
}
