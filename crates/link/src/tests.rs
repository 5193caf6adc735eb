//! The table of cases in `fixtures/link`; the format is in its README.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use model::{How, RecordKey, RecordKind, UnixMillis};
use parse::Limits;

use crate::{
    Decision, Directory, Earlier, Entry, Had, History, Ignored, Link, Mail, Masks, OwnNumbers, Proposal,
    Sent, Settings, decide, is_forward, normal_address, proposals, unknown_numbers,
};

const DAY: i64 = 86_400_000;
/// Mails of a case come a day apart, from here on: 2026-03-02.
const FIRST_DAY: i64 = 1_772_409_600_000;

/// A case while it is read: what there is, and the mails of its threads.
#[derive(Default)]
struct Case {
    name: String,
    entries: Vec<Entry>,
    settings: Settings,
    ignored: Ignored,
    own: Vec<String>,
    mails: Vec<Done>,
    denied: Vec<(RecordKind, String)>,
    had: Had,
    known_by: Option<UnixMillis>,
    references: Vec<(RecordKind, String)>,
    masks: Vec<(RecordKind, String)>,
    restrict: bool,
    sent: Said,
    /// What the last mail gave that the case has not spoken of.
    open: Option<Open>,
    checks: usize,
}

/// What the next mail is besides its text.
#[derive(Default)]
struct Said {
    kind: model::Kind,
    name: String,
    sender: Option<String>,
    reply_to: Vec<String>,
    deputy: Option<String>,
}

struct Done {
    thread: usize,
    date: UnixMillis,
    from: Vec<String>,
    to: Vec<String>,
    links: Vec<Link>,
    removed: Vec<Link>,
}

struct Open {
    decision: Decision,
    proposals: Vec<Proposal>,
    unknown: Vec<(RecordKind, String)>,
    said: HashSet<&'static str>,
}

#[derive(Default)]
struct Pending {
    head: String,
    body: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/link")
}

#[test]
fn cases_as_expected() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "txt"));
    files.sort();
    let (mut cases, mut checks, mut wrong) = (0, 0, Vec::new());
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        for (n, case) in text.split("\n## ").enumerate().skip(1) {
            cases += 1;
            let place = format!("{}, case {n}", path.file_name().unwrap().to_string_lossy());
            checks += run(case, false, &place, &mut wrong);
            // The order of the rows and records that have nothing to do with the case change nothing.
            run(case, true, &place, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{} of {cases} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases >= 150 && checks >= cases, "{cases} cases, {checks} checks");
}

/// Gives how much was checked.
fn run(text: &str, shuffled: bool, place: &str, wrong: &mut Vec<String>) -> usize {
    let mut lines = text.lines();
    let mut case = Case { name: lines.next().unwrap_or_default().to_owned(), ..Case::default() };
    let mut pending: Option<Pending> = None;
    for line in lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if let (Some(mail), Some(text)) = (&mut pending, line.strip_prefix("  ")) {
            mail.body.push_str(text);
            mail.body.push('\n');
            continue;
        }
        if let Some(mail) = pending.take() {
            case.mail(&mail, shuffled);
        }
        if line.starts_with("mail ") || line.starts_with("reply ") {
            case.settle(place, wrong);
            pending = Some(Pending { head: line.to_owned(), body: String::new() });
        } else {
            case.line(line, place, wrong);
        }
    }
    case.settle(place, wrong);
    case.checks
}

impl Case {
    fn line(&mut self, line: &str, place: &str, wrong: &mut Vec<String>) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "contact" | "order" | "quote" | "item" => self.record(word, rest),
            "ignore" => self.ignored.add(rest),
            "own" => self.own.push(rest.to_owned()),
            "ref" => self.references.push(record(rest)),
            "mask" => self.masks.push(record(rest)),
            "kind" => {
                let kind = model::Kind::ALL.into_iter().find(|kind| kind.as_str() == rest);
                self.sent.kind = kind.unwrap_or_else(|| panic!("{}: no kind {rest}", self.name));
            }
            "name" => self.sent.name = rest.to_owned(),
            "sender" => self.sent.sender = Some(rest.to_owned()),
            "reply-to" => self.sent.reply_to.push(rest.to_owned()),
            "deputy" => self.sent.deputy = Some(rest.to_owned()),
            "set" => match rest {
                "first address wins" => self.settings.first_address_wins = true,
                "deputies count" => self.settings.deputies_count = true,
                "masks restrict" => self.restrict = true,
                "contacts one by one" => self.settings.contacts_one_by_one = true,
                other => self.settings.months = Some(other.strip_prefix("months ").unwrap().parse().unwrap()),
            },
            "deny" => self.denied.push(record(rest)),
            "had" => match rest {
                "order" => self.had.order = true,
                _ => self.had.quote = true,
            },
            "known" => self.known_by = Some(date(rest)),
            "+" => {
                let (kind, number) = record(rest);
                let key = self.key(kind, &number);
                let link = Link { kind, key, number, how: How::Person };
                self.mails.last_mut().unwrap().links.push(link);
            }
            "-" => {
                let (kind, number) = record(rest);
                let mail = self.mails.last_mut().unwrap();
                let at = mail.links.iter().position(|l| (l.kind, &l.number) == (kind, &number)).unwrap();
                let link = mail.links.remove(at);
                if link.how != How::Person {
                    mail.removed.push(link);
                }
            }
            _ => self.expect(word, rest, place, wrong),
        }
    }

    fn key(&self, kind: RecordKind, number: &str) -> RecordKey {
        let found = self.entries.iter().find(|e| e.kind == kind && e.number == number);
        found.unwrap_or_else(|| panic!("{}: no {} {number}", self.name, kind.as_str())).key
    }

    fn record(&mut self, kind: &str, rest: &str) {
        let mut words = rest.split_whitespace();
        let number = words.next().unwrap().replace('~', " ");
        let key = RecordKey(self.entries.len() as i64 + 1);
        let mut entry = Entry::new(key, RecordKind::from_word(kind).unwrap(), &number);
        for word in words {
            let list = |text: &str| text.split(';').map(|w| w.replace('~', " ")).collect::<Vec<_>>();
            match word.split_once('=') {
                Some(("contact", number)) => entry.contact = Some(number.to_owned()),
                Some(("quote", number)) => entry.quote = Some(number.to_owned()),
                Some(("items", items)) => entry.items = list(items),
                Some(("deputies", addresses)) => entry.deputies = list(addresses),
                Some(("refs", numbers)) => entry.references = list(numbers),
                Some(("date", text)) => entry.date = Some(date(text)),
                Some(("known", text)) => entry.known = date(text),
                None if word == "inactive" => entry.active = false,
                _ => entry.addresses.push(word.to_owned()),
            }
        }
        self.entries.push(entry);
    }

    fn directory(&self, shuffled: bool) -> Directory {
        let mut directory = Directory::new(7);
        if shuffled {
            for n in 0..50 {
                let kind = RecordKind::ALL[n % 4];
                directory.put(&Entry {
                    addresses: vec![format!("z{n}@unrelated.example")],
                    contact: Some(format!("ZZ-{}", n / 4 * 4)),
                    references: vec![format!("ZREF-{n}")],
                    ..Entry::new(RecordKey(1000 + n as i64), kind, &format!("ZZ-{n}"))
                });
            }
            // Put twice: a replaced record leaves nothing behind.
            for entry in &self.entries {
                directory.put(&Entry { addresses: Vec::new(), references: Vec::new(), ..entry.clone() });
            }
            self.entries.iter().rev().for_each(|entry| directory.put(entry));
        } else {
            self.entries.iter().for_each(|entry| directory.put(entry));
        }
        directory
    }

    fn mail(&mut self, pending: &Pending, shuffled: bool) {
        let (head, subject) = pending.head.split_once(": ").unwrap_or((&pending.head, ""));
        let mut words = head.trim_end_matches(':').split_whitespace();
        let is_reply = words.next() == Some("reply");
        let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let (mut from, mut to) = (Vec::new(), Vec::new());
        let mut at = UnixMillis(FIRST_DAY + self.mails.len() as i64 * DAY);
        for word in words {
            match word.split_once('=') {
                Some(("to" | "cc", text)) => to.extend(list(text)),
                Some(("date", text)) => at = date(text),
                _ => from.extend(list(word)),
            }
        }
        let octets =
            format!("Subject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}", pending.body);
        let facts = parse::parse(octets.as_bytes(), &Limits::default()).facts;
        let thread = if is_reply { self.mails.last().unwrap().thread } else { self.mails.len() };
        let mut earlier: Vec<&Done> =
            self.mails.iter().filter(|m| m.thread == thread && m.date <= at).collect();
        earlier.sort_by_key(|mail| mail.date);
        let had: Vec<Earlier> = earlier
            .iter()
            .map(|mail| Earlier { links: mail.links.clone(), removed: mail.removed.clone() })
            .collect();
        let filed: Vec<&Earlier> = had.iter().collect();
        let knows = |mail: &&Done| {
            let mut all = mail.from.iter().chain(&mail.to).map(|a| normal_address(a));
            all.any(|known| from.iter().any(|from| normal_address(from) == known))
        };
        let history =
            History { mails: earlier.len(), filed: &filed, knows_sender: earlier.iter().any(knows) };
        let denied: Vec<RecordKey> =
            self.denied.drain(..).collect::<Vec<_>>().iter().map(|(k, n)| self.key(*k, n)).collect();
        let own: Vec<&str> = self.own.iter().map(String::as_str).collect();
        let settings = Settings {
            ignored: self.ignored.clone(),
            own_numbers: OwnNumbers::new(own),
            masks: Masks::new(self.masks.iter().map(|(kind, mask)| (*kind, mask.as_str())), self.restrict),
            ..self.settings.clone()
        };
        let (from_refs, to_refs): (Vec<&str>, Vec<&str>) =
            (from.iter().map(String::as_str).collect(), to.iter().map(String::as_str).collect());
        let mail = Mail {
            from: &from_refs,
            to: &to_refs,
            facts: &facts,
            date: at,
            is_forward: is_forward(subject),
            history,
            had: std::mem::take(&mut self.had),
            denied: &denied,
            known_by: self.known_by,
            references: &std::mem::take(&mut self.references),
        };
        let directory = self.directory(shuffled);
        let decision = decide(&mail, &directory, &settings);
        assert_eq!(decision, decide(&mail, &directory, &settings), "{}: the same again", self.name);
        let said = std::mem::take(&mut self.sent);
        let reply_to: Vec<&str> = said.reply_to.iter().map(String::as_str).collect();
        let sent = Sent {
            kind: said.kind,
            name: &said.name,
            sender: said.sender.as_deref(),
            reply_to: &reply_to,
            deputy: said.deputy.as_deref(),
        };
        let proposals = proposals(&from_refs, &sent, &decision, &directory, &settings);
        let unknown = unknown_numbers(&facts, &directory, &settings);
        self.mails.push(Done {
            thread,
            date: at,
            from,
            to,
            links: decision.links.clone(),
            removed: decision.removals.clone(),
        });
        self.open = Some(Open { decision, proposals, unknown, said: HashSet::new() });
    }

    fn expect(&mut self, word: &str, rest: &str, place: &str, wrong: &mut Vec<String>) {
        let name = self.name.clone();
        let open = self.open.as_mut().unwrap_or_else(|| panic!("{name}: no mail before {word} {rest}"));
        let decision = &open.decision;
        let (got, said) = match word {
            "=" => (links(&decision.links), "="),
            "x" => (removals(decision), "x"),
            "?" => {
                let all = decision.suggestions.iter();
                let all = all.map(|s| format!("{} {} {}", s.kind.as_str(), s.number, s.why.as_str()));
                (all.collect::<Vec<_>>().join(", "), "?")
            }
            "!" => (
                format!("{}{}", decision.outcome.as_str(), if decision.stranger { " stranger" } else { "" }),
                "!",
            ),
            ">" => {
                let step = rest.split_whitespace().next().unwrap_or_default();
                let found = decision.trace.iter().find(|s| s.step.as_str() == step);
                let found = found.map(|s| {
                    let words = [step, s.outcome.as_str()].into_iter().map(str::to_owned);
                    words.chain(s.found.iter().cloned()).collect::<Vec<_>>().join(" ")
                });
                (found.unwrap_or_else(|| format!("{step} was not taken")), ">")
            }
            "@" => {
                let (step, _) = rest.split_once(' ').unwrap_or((rest, ""));
                let found = decision.trace.iter().find(|s| s.step.as_str() == step);
                (found.map_or_else(String::new, |s| format!("{step} {}", s.looked_at)).trim().to_owned(), "@")
            }
            "&" => {
                let all = open.proposals.iter();
                let all = all.map(|p| format!("contact {} {} {}", p.number, p.used.as_str(), p.address));
                (all.collect::<Vec<_>>().join(", "), "&")
            }
            "%" => {
                let all = open.unknown.iter().map(|(kind, number)| format!("{} {number}", kind.as_str()));
                (all.collect::<Vec<_>>().join(", "), "%")
            }
            other => panic!("{name}: what is {other}?"),
        };
        open.said.insert(said);
        self.checks += 1;
        let rest = if rest == "nothing" { "" } else { rest };
        if got != rest.trim() {
            wrong.push(format!("{place} ({}): {word} {rest}\n    got: {got}", self.name));
        }
    }

    /// Each mail's links must be spoken of.
    fn settle(&mut self, place: &str, wrong: &mut Vec<String>) {
        if let Some(open) = self.open.take()
            && !open.said.contains("=")
        {
            wrong.push(format!(
                "{place} ({}): a mail without `=`: {}",
                self.name,
                links(&open.decision.links)
            ));
        }
    }
}

fn links(links: &[Link]) -> String {
    let mut all: Vec<String> =
        links.iter().map(|l| format!("{} {} {}", l.kind.as_str(), l.number, l.how.as_str())).collect();
    all.sort();
    all.join(", ")
}

fn removals(decision: &Decision) -> String {
    let all: Vec<String> =
        decision.removals.iter().map(|l| format!("{} {}", l.kind.as_str(), l.number)).collect();
    all.join(", ")
}

fn record(text: &str) -> (RecordKind, String) {
    let (kind, number) = text.trim().split_once(' ').unwrap();
    (RecordKind::from_word(kind).unwrap(), number.to_owned())
}

/// `2026-03-02`
fn date(text: &str) -> UnixMillis {
    let octets = format!("Date: {} 00:00:00 +0000\r\n\r\n", {
        let parts: Vec<&str> = text.split('-').collect();
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        format!("{} {} {}", parts[2], months[parts[1].parse::<usize>().unwrap() - 1], parts[0])
    });
    parse::parse(octets.as_bytes(), &Limits::default()).message.date.unwrap()
}
