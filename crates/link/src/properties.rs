//! What must hold of every directory and every mail.

use model::{Found, MailFacts, NumberToken, Place, RecordKey, RecordKind, Span, UnixMillis};
use proptest::prelude::*;

use crate::{Decision, Directory, Entry, Mail, Settings, decide};

/// A few addresses and numbers, so that records meet.
fn entry() -> impl Strategy<Value = Entry> {
    let number = (0..4_usize, 1..40_u32);
    let addresses = prop::collection::vec(0..8_u8, 0..3);
    let named =
        (prop::option::of(1..40_u32), prop::option::of(1..40_u32), prop::collection::vec(1..6_u32, 0..3));
    let references = prop::collection::vec(0..12_u32, 0..3);
    (number, any::<bool>(), addresses, named, references).prop_map(
        |((kind, number), active, addresses, (contact, quote, items), references)| Entry {
            key: RecordKey(kind as i64 * 1000 + i64::from(number)),
            kind: RecordKind::ALL[kind],
            number: format!("N-2026-{number:03}"),
            active,
            addresses: addresses.iter().map(|n| format!("a{n}@x.example")).collect(),
            deputies: Vec::new(),
            contact: contact.map(|n| format!("N-2026-{n:03}")),
            quote: quote.map(|n| format!("N-2026-{n:03}")),
            items: items.iter().map(|n| format!("N-2026-{n:03}")).collect(),
            references: references.iter().map(|n| format!("REF-{n:04}")).collect(),
            date: None,
            known: UnixMillis(0),
        },
    )
}

/// The last row of a kind and number counts, as where records are kept.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec(entry(), 0..60).prop_map(|all| {
        let mut unique: Vec<Entry> = Vec::new();
        for entry in all {
            unique.retain(|known| (known.kind, &known.number) != (entry.kind, &entry.number));
            unique.push(entry);
        }
        unique
    })
}

#[derive(Clone, Debug)]
struct Written {
    header: Vec<String>,
    facts: MailFacts,
}

fn mail() -> impl Strategy<Value = Written> {
    let header = prop::collection::vec(0..10_u8, 1..4);
    let text = prop::collection::vec(0..10_u8, 0..3);
    let numbers = prop::collection::vec((any::<bool>(), any::<bool>(), 0..40_u32), 0..6);
    (header, text, numbers).prop_map(|(header, text, numbers)| {
        let address = |n: &u8| format!("a{n}@x.example");
        let span = |at: usize, len: usize| Span { at: at as u64 * 50, len: len as u64 };
        let addresses = text.iter().map(address).enumerate().map(|(at, value)| Found {
            span: span(at, value.len()),
            value,
            place: Place::New,
        });
        let numbers = numbers.iter().enumerate().map(|(at, (is_own, in_subject, n))| {
            let value = if *is_own { format!("N-2026-{n:03}") } else { format!("ref {n:04}") };
            let place = if *in_subject { Place::Subject } else { Place::New };
            Found { span: span(at + 10, value.len()), value: NumberToken(value), place }
        });
        Written {
            header: header.iter().map(address).collect(),
            facts: MailFacts { numbers: numbers.collect(), addresses: addresses.collect() },
        }
    })
}

fn directory<'a>(entries: impl IntoIterator<Item = &'a Entry>, seed: u128) -> Directory {
    let mut directory = Directory::new(seed);
    for entry in entries {
        directory.put(entry);
    }
    directory
}

fn decided(written: &Written, directory: &Directory, settings: &Settings) -> Decision {
    let (from, to) = written.header.split_at(1);
    let (from, to): (Vec<&str>, Vec<&str>) =
        (from.iter().map(String::as_str).collect(), to.iter().map(String::as_str).collect());
    decide(&Mail::alone(&from, &to, &written.facts, UnixMillis(0)), directory, settings)
}

fn settings() -> impl Strategy<Value = Settings> {
    (any::<bool>(), any::<bool>()).prop_map(|(first_address_wins, contacts_one_by_one)| Settings {
        first_address_wins,
        contacts_one_by_one,
        ..Settings::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_gives_the_same(entries in entries(), mail in mail(), settings in settings(), seed: u128) {
        let decision = decided(&mail, &directory(&entries, 1), &settings);
        prop_assert_eq!(&decision, &decided(&mail, &directory(&entries, 1), &settings));
        prop_assert_eq!(&decision, &decided(&mail, &directory(&entries, seed), &settings));
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        (entries, other) in entries().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        mail in mail(),
        settings in settings(),
    ) {
        let decision = decided(&mail, &directory(&entries, 1), &settings);
        prop_assert_eq!(decision, decided(&mail, &directory(&other, 1), &settings));
    }

    #[test]
    fn what_has_nothing_to_do_with_it_changes_nothing(
        entries in entries(),
        mail in mail(),
        settings in settings(),
        more in prop::collection::vec((0..4_usize, 0..100_u32), 0..40),
    ) {
        let decision = decided(&mail, &directory(&entries, 1), &settings);
        let unrelated = more.iter().map(|(kind, n)| Entry {
            deputies: Vec::new(),
            key: RecordKey(100_000 + *kind as i64 * 1000 + i64::from(*n)),
            kind: RecordKind::ALL[*kind],
            number: format!("U-{n}-7777"),
            active: true,
            addresses: vec![format!("u{n}@elsewhere.example")],
            contact: Some(format!("U-{n}-7777")),
            quote: None,
            items: vec![],
            references: vec![format!("UREF-{n}")],
            date: None,
            known: UnixMillis(0),
        });
        let unrelated: Vec<Entry> = unrelated.collect();
        let mut with = directory(unrelated.iter().chain(&entries), 1);
        prop_assert_eq!(&decision, &decided(&mail, &with, &settings));
        // Put again, and dropped: nothing stays behind.
        for entry in &unrelated {
            with.put(entry);
        }
        for entry in &unrelated {
            with.drop_record(entry.kind, &entry.number);
        }
        prop_assert_eq!(&decision, &decided(&mail, &with, &settings));
        prop_assert_eq!(with.len(), entries.len());
    }

    #[test]
    fn no_record_stands_twice_and_what_is_linked_is_found(entries in entries(), mail in mail(), settings in settings()) {
        let directory = directory(&entries, 1);
        let decision = decided(&mail, &directory, &settings);
        let mut keys: Vec<RecordKey> = decision.links.iter().map(|link| link.key).collect();
        keys.sort_unstable();
        keys.dedup();
        prop_assert_eq!(keys.len(), decision.links.len());
        for kind in [RecordKind::Order, RecordKind::Contact, RecordKind::Item] {
            prop_assert!(decision.links.iter().filter(|link| link.kind == kind).count() <= 1);
        }
        for link in &decision.links {
            prop_assert_eq!(directory.find(link.kind, &link.number), Some(link.key));
        }
        for suggestion in &decision.suggestions {
            prop_assert!(!keys.contains(&suggestion.key));
        }
    }
}

#[test]
fn an_address_that_thousands_share_says_nothing_and_costs_little() {
    let mut directory = Directory::new(7);
    for n in 0..5_000_i64 {
        let number = format!("K-{n}");
        directory.put(&Entry {
            addresses: vec!["shop@x.example".to_owned()],
            ..Entry::new(RecordKey(n), RecordKind::Contact, &number)
        });
        directory.put(&Entry {
            contact: Some(number),
            ..Entry::new(RecordKey(10_000 + n), RecordKind::Order, &format!("B-2026-{n:05}"))
        });
    }
    let facts = |numbers: &[&str]| MailFacts {
        numbers: numbers
            .iter()
            .enumerate()
            .map(|(at, number)| Found {
                value: NumberToken((*number).to_owned()),
                place: Place::New,
                span: Span { at: at as u64 * 50, len: number.len() as u64 },
            })
            .collect(),
        addresses: Vec::new(),
    };
    let said = |numbers: &[&str]| {
        let facts = facts(numbers);
        let mail = Mail::alone(&["shop@x.example"], &[], &facts, UnixMillis(0));
        decide(&mail, &directory, &Settings::default())
    };
    let nothing = said(&[]);
    assert_eq!((nothing.links.len(), nothing.suggestions.len()), (0, 0));
    assert_eq!(nothing.outcome, crate::Outcome::Ambiguous);
    assert!(nothing.trace.iter().all(|step| step.found.len() <= 20 && step.looked_at.len() < 100));
    // A number decides, however many orders the address has.
    let one = said(&["B-2026-04711"]);
    assert_eq!(one.links[0].number, "B-2026-04711");
}
