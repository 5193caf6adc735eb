//! Lists, counts and jumps against the plain definition: everything read back and filtered by hand.

use std::collections::BTreeSet;

use model::{Kind, Position, Scope};

use super::Case;
use super::world::*;
use crate::{
    AddressRole, Filed, Intake, LinkActor, ListFilter, ListOrder, ListStart, MailboxListing, MessageCursor,
    MessageRow, SegmentCommit, Store,
};

pub(super) const ALL: &[Case] = &[
    ("page_after_page", page_after_page),
    ("jumps", jumps),
    ("filters", filters),
    ("tagged_ones", tagged_ones),
    ("nothing_for_nobody", nothing_for_nobody),
    ("any_history", any_history),
];

fn list(store: &Store, scope: &Scope, filter: &ListFilter, order: ListOrder, start: ListStart) -> Vec<i64> {
    let page = store.list(scope, filter, order, start, 10_000).unwrap();
    page.rows.iter().map(|row| row.seq).collect()
}

fn page_after_page(store: &Store) {
    account(store, 1);
    account(store, 2);
    fill(store, 1, 0..30);
    fill(store, 2, 100..130);
    for (scope, total) in [(Scope::All, 60), (scope(&[1]), 30), (scope(&[1, 2]), 60)] {
        for order in [ListOrder::Descending, ListOrder::Ascending] {
            let mut start = ListStart::Top;
            let mut rows = Vec::new();
            loop {
                let page = store.list(&scope, &ListFilter::default(), order, start, 7).unwrap();
                assert_eq!(page.total, total);
                rows.extend(page.rows);
                let Some(next) = page.next else { break };
                assert_eq!(next.to_string().parse::<MessageCursor>().unwrap(), next);
                start = ListStart::After(next);
            }
            let whole = list(store, &scope, &ListFilter::default(), order, ListStart::Top);
            assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), whole);
            assert_eq!(whole.len() as u64, total);
            let dates: Vec<i64> = rows.iter().map(|row| row.date.0).collect();
            assert!(match order {
                ListOrder::Ascending => dates.is_sorted(),
                ListOrder::Descending => dates.iter().rev().is_sorted(),
            });
        }
    }
}

/// Only those with a tag, in pages, under any scope and with the other filters; a message of two accounts once.
fn tagged_ones(store: &Store) {
    account(store, 1);
    account(store, 2);
    // Every third one lies in both accounts.
    fill(store, 1, 0..40);
    fill(store, 2, 100..140);
    intake(store, (0..40).filter(|n| n % 3 == 0).map(|n| item(n, 2, n as u32 + 500)).collect());
    let tag = store.create_tag("Klären", "red".to_owned(), NOW).unwrap().key;
    let meant: Vec<_> = (0..40).chain(100..140).filter(|n| n % 4 == 0).map(mail_id).collect();
    store.tag_messages(&Scope::All, &meant, vec!["klären".to_owned()], Vec::new(), eva(), NOW).unwrap();
    for (scope, filter, total) in [
        (Scope::All, ListFilter::default(), 20),
        (scope(&[1, 2]), ListFilter::default(), 20),
        (scope(&[1]), ListFilter::default(), 10),
        (scope(&[2]), ListFilter::default(), 14),
        (Scope::All, ListFilter { account: Some(account_id(1)), ..ListFilter::default() }, 10),
        (scope(&[2]), ListFilter { account: Some(account_id(1)), ..ListFilter::default() }, 0),
    ] {
        let filter = ListFilter { tag: Some(tag), ..filter };
        for order in [ListOrder::Descending, ListOrder::Ascending] {
            let everything = ListFilter { tag: None, ..filter };
            let expected: Vec<i64> = store
                .list(&scope, &everything, order, ListStart::Top, 1000)
                .unwrap()
                .rows
                .into_iter()
                .filter(|row| row.tags.iter().any(|t| t.key == tag))
                .map(|row| row.seq)
                .collect();
            let (mut start, mut rows) = (ListStart::Top, Vec::new());
            loop {
                let page = store.list(&scope, &filter, order, start, 3).unwrap();
                assert_eq!(page.total, total, "{scope:?} {filter:?}");
                rows.extend(page.rows.iter().map(|row| row.seq));
                let Some(next) = page.next else { break };
                start = ListStart::After(next);
            }
            assert_eq!(rows, expected, "{scope:?} {filter:?}");
            assert_eq!(rows.len() as u64, total);
            assert_eq!(
                list(store, &scope, &filter, order, ListStart::Offset(2)),
                expected[2.min(expected.len())..]
            );
        }
        assert_eq!(store.count(&scope, &filter).unwrap(), total);
    }
    let unread = ListFilter { tag: Some(tag), unread: Some(false), ..ListFilter::default() };
    let read = store.list(&Scope::All, &unread, ListOrder::Descending, ListStart::Top, 100).unwrap();
    assert!(read.rows.iter().all(|row| !row.unread));
    let none = ListFilter { tag: Some(tag + 1_000_000), ..ListFilter::default() };
    assert_eq!(store.count(&Scope::All, &none).unwrap(), 0);
}

fn jumps(store: &Store) {
    account(store, 1);
    account(store, 2);
    // Two in three lie in the first account, two in three in the second; 20 a day.
    for from in (0..1500).step_by(500) {
        let items = (from..from + 500).map(|n| item(n, 1 + n % 2, n as u32 + 1)).collect();
        let seqs: Vec<i64> = intake(store, items).iter().map(seq).collect();
        let both = (from..from + 500).filter(|n| n % 3 == 0).map(|n| item(n, 2 - n % 2, n as u32 + 1));
        intake(store, both.collect());
        let mails = seqs.iter().zip(from..).map(|(seq, n)| {
            let mut mail = filed(*seq, n);
            mail.date.0 = NOW.0 + (n / 2) as i64 * 8_640_000;
            mail
        });
        file(store, mails.collect());
    }
    for scope in [Scope::All, scope(&[1]), scope(&[1, 2])] {
        for order in [ListOrder::Descending, ListOrder::Ascending] {
            let whole = list(store, &scope, &ListFilter::default(), order, ListStart::Top);
            for offset in [0, 1, 499, 500, 501, 777, 980, whole.len() - 1, whole.len(), 5000] {
                let start = ListStart::Offset(offset as u64);
                let page = store.list(&scope, &ListFilter::default(), order, start, 13).unwrap();
                let found: Vec<i64> = page.rows.iter().map(|row| row.seq).collect();
                let end = (offset + 13).min(whole.len());
                assert_eq!(found, whole[offset.min(end)..end], "{offset} of {scope:?}");
                assert_eq!((page.next.is_some(), page.total), (end < whole.len(), whole.len() as u64));
            }
        }
    }
}

fn filters(store: &Store) {
    account(store, 1);
    let seqs: Vec<i64> =
        intake(store, (0..200).map(|n| item(n, 1, n as u32 + 1)).collect()).iter().map(seq).collect();
    let mails = seqs.iter().zip(0_u64..).map(|(seq, n)| {
        let mut mail = filed(*seq, n);
        mail.verdict.kind = if n % 50 == 7 { Kind::Bounce } else { Kind::Personal };
        mail.attachments = u32::from(n % 3 == 0);
        mail
    });
    file(store, mails.collect());
    for n in (0..200).step_by(2) {
        assert!(store.set_seen(&Scope::All, mail_id(n), true).unwrap());
    }
    let check = |filter: ListFilter, expected: &dyn Fn(usize) -> bool| {
        let whole: Vec<i64> = (0..200).rev().filter(|n| expected(*n)).map(|n| seqs[n]).collect();
        for scope in [Scope::All, scope(&[1])] {
            assert_eq!(
                list(store, &scope, &filter, ListOrder::Descending, ListStart::Top),
                whole,
                "{filter:?}"
            );
            assert_eq!(store.count(&scope, &filter).unwrap(), whole.len() as u64);
            let jumped = list(store, &scope, &filter, ListOrder::Descending, ListStart::Offset(2));
            assert_eq!(jumped, whole[2.min(whole.len())..]);
        }
    };
    let all = ListFilter::default();
    check(ListFilter { kind: Some(Kind::Bounce), ..all }, &|n| n % 50 == 7);
    check(ListFilter { kind: Some(Kind::Delay), ..all }, &|_| false);
    check(ListFilter { unread: Some(true), ..all }, &|n| n % 2 == 1);
    check(ListFilter { unread: Some(false), has_attachment: Some(true), ..all }, &|n| n % 6 == 0);
    let bounces = ListFilter { kind: Some(Kind::Bounce), has_attachment: Some(true), ..all };
    check(bounces, &|n| n % 50 == 7 && n % 3 == 0);
    check(ListFilter { mailbox: Some(mailbox_id(1)), has_attachment: Some(false), ..all }, &|n| n % 3 != 0);
}

fn nothing_for_nobody(store: &Store) {
    account(store, 1);
    account(store, 2);
    fill(store, 1, 0..5);
    let all = ListFilter::default();
    let nobody = Scope::Accounts(Vec::new());
    for (scope, filter) in [
        (&nobody, all),
        (&scope(&[2]), all),
        (&scope(&[99]), all),
        (&scope(&[2]), ListFilter { account: Some(account_id(1)), ..all }),
        (&scope(&[2]), ListFilter { mailbox: Some(mailbox_id(1)), ..all }),
        (&Scope::All, ListFilter { account: Some(account_id(99)), ..all }),
        (&Scope::All, ListFilter { mailbox: Some(mailbox_id(99)), ..all }),
        (&Scope::All, ListFilter { account: Some(account_id(2)), mailbox: Some(mailbox_id(1)), ..all }),
    ] {
        assert!(subjects(store, scope, &filter).is_empty());
        assert_eq!(store.count(scope, &filter).unwrap(), 0);
    }
    let seqs = list(store, &Scope::All, &all, ListOrder::Descending, ListStart::Top);
    assert!(store.message_rows(&nobody, &seqs).unwrap().is_empty());
    assert!(store.message_rows(&scope(&[2]), &seqs).unwrap().is_empty());
    assert!(store.allowed(&scope(&[2]), &seqs).unwrap().is_empty());
    let backwards: Vec<i64> = seqs.iter().rev().copied().chain([4711]).collect();
    let rows = store.message_rows(&scope(&[1]), &backwards).unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), backwards[..5]);
    assert_eq!(store.allowed(&scope(&[1]), &backwards).unwrap(), backwards[..5]);
}

/// A number that looks random and always is the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

const ACCOUNTS: u64 = 4;

/// Mails, copies, twins, seen, gone, filed again, quarantined, in any order: lists, totals, rows and jumps are
/// what the placements say.
fn any_history(store: &Store) {
    let mut dice = Dice(17);
    for n in 0..ACCOUNTS {
        account(store, n);
        let second = MailboxListing {
            id: mailbox_id(n + 10),
            name: b"Archive".to_vec(),
            display_name: "Archive".to_owned(),
            special_use: None,
            selected: true,
        };
        store.upsert_mailboxes(account_id(n), vec![second]).unwrap();
    }
    let mut content = 0;
    for round in 0..14 {
        let mut items = Vec::new();
        for _ in 0..dice.roll(25) {
            let copy = content > 0 && dice.roll(3) == 0;
            let which = if copy { dice.roll(content) } else { content };
            content += u64::from(!copy);
            let mailbox = dice.roll(ACCOUNTS) + 10 * dice.roll(2);
            items.push(item(which, mailbox, round * 100 + items.len() as u32 + 1));
        }
        let junk = (0..items.len()).filter(|_| dice.roll(5) == 0).collect();
        let segments = vec![SegmentCommit { segment: segment(1), committed: 1 << 40, sealed: false }];
        store.commit_intake(Intake { items, segments, junk, now: NOW, ..Intake::default() }).unwrap();
        let work = store.received(40, 0).unwrap();
        let (failing, fine) = work.split_at(work.len() / 9);
        file(store, fine.iter().map(|mail| random_filed(&mut dice, mail.seq, &mail.mail_id)).collect());
        for mail in failing {
            store.fail_step(mail.seq, "parse".to_owned(), "no".to_owned(), NOW, NOW).unwrap();
        }
        change_something(store, &mut dice, content);
        compare(store, &mut dice);
    }
    while !store.reset_derived(30).unwrap().done {}
    compare(store, &mut dice);
    let work = store.received(1000, 0).unwrap();
    for chunk in work.chunks(50) {
        file(store, chunk.iter().map(|mail| random_filed(&mut dice, mail.seq, &mail.mail_id)).collect());
        compare(store, &mut dice);
    }
}

fn random_filed(dice: &mut Dice, seq: i64, mail: &model::MailId) -> Filed {
    let content = u64::from_be_bytes(mail.octets()[8..].try_into().unwrap());
    let mut filed = filed(seq, content);
    // Every fourth is a twin of a neighbour.
    if dice.roll(4) == 0 {
        filed.message_key = id(8, content / 5 * 5);
    }
    filed.date.0 += dice.roll(5) as i64 * 86_400_000 - 2 * 86_400_000;
    filed.verdict.kind = Kind::ALL[dice.roll(14) as usize];
    filed.attachments = dice.roll(2) as u32;
    filed.spam = (dice.roll(6) == 0).then(|| "X-Spam-Flag".to_owned());
    filed.nodes.push(id(9, dice.roll(content + 1)));
    filed.addresses.push((AddressRole::Cc, address("C", &format!("{}@c.example", dice.roll(5)))));
    filed
}

fn change_something(store: &Store, dice: &mut Dice, content: u64) {
    for _ in 0..5 {
        let mail = mail_id(dice.roll(content.max(1)));
        store.set_seen(&Scope::All, mail, dice.roll(2) == 0).unwrap();
        let some: Vec<_> = (0..3).map(|_| mail_id(dice.roll(content.max(1)))).collect();
        let actor = LinkActor { id: "user-1".to_owned(), name: "Eva".to_owned() };
        let word = [None, Some(false), Some(true)][dice.roll(3) as usize];
        store.judge_spam(&Scope::All, &some, word, actor.clone(), NOW).unwrap();
        if dice.roll(3) == 0 {
            store.restore_messages(&Scope::All, &some, actor, NOW).unwrap();
        } else {
            store.delete_messages(&Scope::All, &some, actor, NOW).unwrap();
        }
    }
    let mailbox = mailbox_id(dice.roll(ACCOUNTS) + 10 * dice.roll(2));
    let uids = store.live_uids(mailbox, 1, 0, 100).unwrap();
    if !uids.is_empty() {
        let uid = uids[dice.roll(uids.len() as u64) as usize];
        store.mark_gone(mailbox, vec![Position::Imap { uid_validity: 1, uid }], NOW).unwrap();
    }
    for mail in store.quarantined(&Scope::All, None, 2).unwrap() {
        store.retry(mail.mail_id).unwrap();
    }
}

/// The plain definition: every message with the accounts and the mailboxes (of placements not gone) of its twins.
struct Plain {
    row: MessageRow,
    accounts: BTreeSet<model::AccountId>,
    mailboxes: BTreeSet<model::MailboxId>,
}

fn plain(store: &Store) -> Vec<Plain> {
    let mut messages: Vec<Plain> = Vec::new();
    let Some((lines, _)) = store.mail_lines(&Scope::All, 0, 100_000).unwrap() else { return messages };
    for line in lines {
        let Some(row) = store.message_row(&Scope::All, line.mail_id).unwrap() else { continue };
        let at = messages.iter().position(|message| message.row.seq == row.seq).unwrap_or_else(|| {
            messages.push(Plain { row, accounts: BTreeSet::new(), mailboxes: BTreeSet::new() });
            messages.len() - 1
        });
        messages[at].accounts.extend(line.placements.iter().map(|placement| placement.account));
        let live = line.placements.iter().filter(|placement| placement.gone.is_none());
        messages[at].mailboxes.extend(live.map(|placement| placement.mailbox));
    }
    messages.sort_by_key(|message| std::cmp::Reverse((message.row.date, message.row.seq)));
    messages
}

fn compare(store: &Store, dice: &mut Dice) {
    let plain = plain(store);
    for _ in 0..12 {
        let scope = match dice.roll(4) {
            0 => Scope::All,
            _ => scope(&(0..ACCOUNTS).filter(|_| dice.roll(2) == 0).collect::<Vec<_>>()),
        };
        let flag = |dice: &mut Dice| (dice.roll(4) == 0).then(|| dice.roll(2) == 0);
        let filter = ListFilter {
            account: (dice.roll(5) == 0).then(|| account_id(dice.roll(ACCOUNTS))),
            mailbox: (dice.roll(5) == 0).then(|| mailbox_id(dice.roll(ACCOUNTS) + 10 * dice.roll(2))),
            kind: (dice.roll(5) == 0).then(|| Kind::ALL[dice.roll(14) as usize]),
            unread: flag(dice),
            has_attachment: flag(dice),
            tag: None,
            spam: dice.roll(4) == 0,
            deleted: dice.roll(3) == 0,
        };
        let mailbox_account = |mailbox: model::MailboxId| account_id(u64::from(mailbox.octets()[15]) % 10);
        let in_filter = |message: &&Plain| {
            let row = &message.row;
            row.deleted.is_some() == filter.deleted
                && (!filter.spam || row.suspicion.as_ref().is_some_and(|suspicion| suspicion.spam))
                && message.accounts.iter().any(|account| scope.allows(*account))
                && filter.account.is_none_or(|a| scope.allows(a) && message.accounts.contains(&a))
                && filter.mailbox.is_none_or(|m| {
                    let account = mailbox_account(m);
                    scope.allows(account)
                        && filter.account.is_none_or(|a| a == account)
                        && message.mailboxes.contains(&m)
                })
                && filter.kind.is_none_or(|kind| row.kind == kind)
                && filter.unread.is_none_or(|unread| row.unread == unread)
                && filter.has_attachment.is_none_or(|wanted| (row.attachments > 0) == wanted)
        };
        let mut expected: Vec<i64> = plain.iter().filter(in_filter).map(|message| message.row.seq).collect();
        let order = if dice.roll(2) == 0 { ListOrder::Ascending } else { ListOrder::Descending };
        if order == ListOrder::Ascending {
            expected.reverse();
        }
        let page = store.list(&scope, &filter, order, ListStart::Top, 10_000).unwrap();
        let found: Vec<i64> = page.rows.iter().map(|row| row.seq).collect();
        assert_eq!(found, expected, "{scope:?} {filter:?}");
        assert_eq!(page.total, expected.len() as u64, "{scope:?} {filter:?}");
        let offset = dice.roll(expected.len() as u64 + 1);
        assert_eq!(
            list(store, &scope, &filter, order, ListStart::Offset(offset)),
            expected[offset as usize..]
        );
        for row in page.rows.iter().step_by(1 + page.rows.len() / 4) {
            let accounts = &plain.iter().find(|message| message.row.seq == row.seq).unwrap().accounts;
            let allowed: BTreeSet<_> = accounts.iter().copied().filter(|a| scope.allows(*a)).collect();
            assert_eq!(row.accounts.iter().copied().collect::<BTreeSet<_>>(), allowed);
            assert!(store.message(&scope, row.mail_id).unwrap().is_some());
            let thread = store.thread(&scope, row.thread_id, 1000).unwrap();
            let shown = thread.iter().filter(|row| row.deleted.is_none()).count();
            assert_eq!(row.thread_count as usize, shown.max(1));
        }
    }
}
