use model::{Day, Kind, RecordKind};
use proptest::prelude::*;

use super::*;

const CASES: &str = include_str!("../../../fixtures/retain/cases.txt");

fn class(key: i64, months: Option<u32>, bank_months: Option<u32>, start: Start) -> Class {
    Class { key, months, bank_months, start }
}

fn day(text: &str) -> Day {
    Day::of_text(text).unwrap()
}

#[test]
fn periods_end_as_the_table_says() {
    let mut seen = 0;
    for line in CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let [what, months, bank, start, is_bank, from, years, expected] =
            line.split('|').map(str::trim).collect::<Vec<_>>().try_into().unwrap();
        let class = class(1, months.parse().ok(), bank.parse().ok(), Start::from_word(start).unwrap());
        let suspensions: Vec<Suspension> = years
            .split_once('-')
            .filter(|(from, _)| !from.is_empty())
            .map(|(from, to)| Suspension { class: None, years: from.parse().unwrap()..=to.parse().unwrap() })
            .into_iter()
            .collect();
        let is_bank = is_bank == "yes";
        let found = match class.until(is_bank, day(from), &suspensions) {
            Until::Day(last) => last.to_string(),
            Until::Suspended => "suspended".to_owned(),
            Until::Unlimited => "unlimited".to_owned(),
        };
        assert_eq!(found, expected, "{what}: {line}");
        // Kept on the last day, due on the next.
        if let Until::Day(last) = class.until(is_bank, day(from), &suspensions) {
            assert!(!class.is_due(is_bank, day(from), &suspensions, last), "{line}");
            assert!(class.is_due(is_bank, day(from), &suspensions, Day(last.0 + 1)), "{line}");
        } else {
            assert!(!class.is_due(is_bank, day(from), &suspensions, day("9999-01-01")), "{line}");
        }
        seen += 1;
    }
    assert_eq!(seen, 27);
}

#[test]
fn a_suspension_may_be_of_one_class() {
    let letters = class(1, Some(72), None, Start::YearReceived);
    let books = class(2, Some(120), None, Start::YearReceived);
    let open = [Suspension { class: Some(2), years: 2015..=2015 }];
    assert_eq!(letters.until(false, day("2015-03-01"), &open), Until::Day(day("2021-12-31")));
    assert_eq!(books.until(false, day("2015-03-01"), &open), Until::Suspended);
}

#[test]
fn the_longest_of_several_holds() {
    let letters = class(1, Some(72), None, Start::YearReceived);
    let vouchers = class(2, Some(96), None, Start::YearOfDocument);
    let forever = class(3, None, None, Start::Received);
    let of = day("2020-01-10");
    let key = |classes: &[(&Class, Day)]| longest(false, classes.iter().copied()).map(|(class, _)| class.key);
    assert_eq!(key(&[]), None);
    assert_eq!(key(&[(&letters, of), (&vouchers, of)]), Some(2));
    assert_eq!(key(&[(&vouchers, of), (&letters, of)]), Some(2));
    assert_eq!(key(&[(&vouchers, of), (&forever, of), (&letters, of)]), Some(3));
    // A shorter period that begins later may end later: the last day counts, not the number of years.
    assert_eq!(key(&[(&vouchers, day("2015-01-01")), (&letters, day("2019-01-01"))]), Some(1));
    // Of equals the first: nothing changes without need.
    let same = class(4, Some(72), None, Start::YearReceived);
    assert_eq!(key(&[(&letters, of), (&same, of)]), Some(1));
}

#[test]
fn presets_are_those_of_the_law() {
    let of = day("2025-03-01");
    let last = |word: &str, bank: bool| {
        let (_, months, bank_months, start) = *PRESETS.iter().find(|(known, ..)| *known == word).unwrap();
        class(1, months, bank_months, start).last_day(bank, of).map(|day| day.to_string())
    };
    assert_eq!(last("letters", false).as_deref(), Some("2031-12-31"));
    assert_eq!(last("vouchers", false).as_deref(), Some("2033-12-31"));
    assert_eq!(last("vouchers", true).as_deref(), Some("2035-12-31"));
    assert_eq!(last("books", false).as_deref(), Some("2035-12-31"));
    assert_eq!(last("applications", false).as_deref(), Some("2025-09-01"));
    assert_eq!(last("unlimited", false), None);
}

#[test]
fn conditions_fit_what_they_name() {
    let facts = Facts {
        kind: Kind::Personal,
        tags: &[7],
        accounts: &["a1".to_owned()],
        records: &[RecordKind::Order],
        senders: &["eva@mail.shop.example".to_owned()],
        invoice: true,
    };
    let fits = |text: &str| Conditions::of_text(text).unwrap().fit(&facts);
    assert!(!fits(""), "a rule without conditions is for nothing");
    assert!(fits("kind personal\n"));
    assert!(!fits("kind bounce\n"));
    assert!(fits("kind bounce\nkind personal\n"));
    assert!(fits("tag 3\ntag 7\n") && !fits("tag 3\n"));
    assert!(fits("account a1\n") && !fits("account a2\n"));
    assert!(fits("record order\n") && !fits("record quote\n"));
    assert!(fits("sender eva@mail.shop.example\n") && !fits("sender va@mail.shop.example\n"));
    assert!(fits("sender @shop.example\n") && fits("sender @mail.shop.example\n"));
    assert!(!fits("sender @op.example\n") && !fits("sender @\n"));
    assert!(fits("invoice yes\n"));
    assert!(!fits("invoice yes\ntag 3\n"), "all must fit");
    assert!(Conditions::of_text("moon full").is_err() && Conditions::of_text("tag x").is_err());
}

proptest! {
    /// What the list of what is due asks the database for is what each mail is judged by.
    #[test]
    fn what_is_due_is_a_range(
        months in 0_u32..500, start in 0_usize..4, bank in any::<bool>(), today in 0_i32..60_000, off in -900_i32..900,
    ) {
        let class = class(1, Some(months), Some(120), Start::ALL[start]);
        let up_to = class.due_up_to(bank, Day(today));
        let at = Day(up_to.map_or(today, |day| day.0) + off);
        prop_assert_eq!(class.is_due(bank, at, &[], Day(today)), up_to.is_some_and(|last| at <= last));
    }

    #[test]
    fn conditions_are_read_as_they_were_written(
        tags in proptest::collection::vec(any::<i64>(), 0..4), senders in proptest::collection::vec("[a-z@.]{1,12}", 0..4),
        invoice in any::<bool>(), kind in 0..Kind::ALL.len(), record in 0_usize..4,
    ) {
        let conditions = Conditions {
            kinds: vec![Kind::ALL[kind]], tags, accounts: vec!["0192".to_owned()],
            records: vec![RecordKind::ALL[record]], senders, invoice,
        };
        prop_assert_eq!(Conditions::of_text(&conditions.to_text()), Ok(conditions));
    }

    /// Nothing falls due earlier because it came later.
    #[test]
    fn later_starts_end_later(months in 0_u32..500, start in 0_usize..4, day in -20_000_i32..60_000, days in 0_i32..2000) {
        let class = class(1, Some(months), None, Start::ALL[start]);
        prop_assert!(class.last_day(false, Day(day)) <= class.last_day(false, Day(day + days)));
    }
}
