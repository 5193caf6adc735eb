//! The four steps: history, order, quote, contact.

use std::cell::OnceCell;

use model::{How, MailFacts, Place, RecordKey, RecordKind, Span, UnixMillis};

use crate::directory::{Directory, Slot, When, minutes};
use crate::settings::Settings;
use crate::trace::{Decision, Link, Outcome, Step, StepName, StepOutcome, Suggestion, Why};
use crate::{normal_address, normal_number};

/// Records named in a step of the trace.
const FOUND_MAX: usize = 20;
/// Addresses or numbers named in a step of the trace.
const LOOKED_AT_MAX: usize = 20;
/// Records suggested.
const SUGGESTIONS_MAX: usize = 5;
/// A number that more orders share says nothing.
const SHARED_MAX: usize = 1000;
/// A twelfth of a year, where the age of an order is asked for.
const MONTH_MILLIS: i64 = 2_629_746_000;

/// A mail, as linking sees it.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'a> {
    /// Addresses in From, as written.
    pub from: &'a [&'a str],
    /// Addresses in To and Cc, in this order, as written.
    pub to: &'a [&'a str],
    /// Numbers and addresses in subject and body.
    pub facts: &'a MailFacts,
    /// Effective date.
    pub date: UnixMillis,
    /// Its subject says that it forwards another mail: it is no follow-up.
    pub is_forward: bool,
    /// The earlier mails of its thread.
    pub history: History<'a>,
    /// Whether it has been filed under an order before, or under a quote: their customer comes the first time only.
    pub had: Had,
    /// Records that a person does not want for it.
    pub denied: &'a [RecordKey],
    /// Only records known by then; `None`: all.
    pub known_by: Option<UnixMillis>,
    /// Kind and number of records that signed references in the mail name.
    pub references: &'a [(RecordKind, String)],
}

impl<'a> Mail<'a> {
    /// A mail that stands alone, as if it were new and began a thread.
    pub fn alone(from: &'a [&'a str], to: &'a [&'a str], facts: &'a MailFacts, date: UnixMillis) -> Self {
        Self {
            from,
            to,
            facts,
            date,
            is_forward: false,
            history: History::default(),
            had: Had::default(),
            denied: &[],
            known_by: None,
            references: &[],
        }
    }
}

/// What a mail has been filed under before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Had {
    /// An order.
    pub order: bool,
    /// A quote.
    pub quote: bool,
}

/// The earlier mails of a thread, siblings too, whoever wrote them.
#[derive(Clone, Copy, Debug, Default)]
pub struct History<'a> {
    /// How many there are.
    pub mails: usize,
    /// What each of them is filed under, by effective date, oldest first; those without links may be left out.
    pub filed: &'a [&'a Earlier],
    /// Whether one of them is from or to the sender.
    pub knows_sender: bool,
}

/// What an earlier mail is filed under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Its links, whoever set them.
    pub links: Vec<Link>,
    /// Links that a rule set and a person removed.
    pub removed: Vec<Link>,
}

/// Decides under which records a mail is filed.
pub fn decide(mail: &Mail<'_>, directory: &Directory, settings: &Settings) -> Decision {
    let mut work = Work::new(mail, directory, settings);
    if let Some(handed) = work.history() {
        return work.inherited(handed);
    }
    work.references();
    for kind in [RecordKind::Order, RecordKind::Quote] {
        let is_case = |link: &Link| matches!(link.kind, RecordKind::Order | RecordKind::Quote);
        if !work.links.iter().any(is_case) {
            work.case(kind);
        }
    }
    if !work.links.iter().any(|link| link.kind == RecordKind::Contact) {
        work.contact();
    }
    work.decision()
}

/// An address, and what it is looked up by.
struct Address {
    normal: String,
    hash: u64,
}

/// A number that some order or quote has.
struct Token {
    hash: u64,
    place: Place,
    span: Span,
    /// Whether it may be the number of an order, of a quote, by what they look like.
    order: bool,
    quote: bool,
}

impl Token {
    fn fits(&self, kind: RecordKind) -> bool {
        if kind == RecordKind::Order { self.order } else { self.quote }
    }
}

struct Work<'a> {
    mail: &'a Mail<'a>,
    directory: &'a Directory,
    settings: &'a Settings,
    when: When,
    header: Vec<Address>,
    text: OnceCell<Vec<Address>>,
    tokens: OnceCell<Vec<Token>>,
    links: Vec<Link>,
    several: Vec<Slot>,
    /// Named by a signed reference that was not certain.
    referred: Vec<Slot>,
    trace: Vec<Step>,
}

/// What a way found.
#[derive(Default)]
struct Way {
    /// Each once, in the order of the addresses.
    found: Vec<(Slot, How)>,
    /// Of addresses that have several.
    several: Vec<Slot>,
    /// There are several, too many to name.
    many: bool,
}

impl<'a> Work<'a> {
    fn new(mail: &'a Mail<'a>, directory: &'a Directory, settings: &'a Settings) -> Self {
        let not_before = settings.months.map(|months| {
            minutes(UnixMillis(mail.date.0.saturating_sub(i64::from(months).saturating_mul(MONTH_MILLIS))))
        });
        let known_by = mail.known_by.map(minutes);
        let when = When { known_by, not_before, deputies: settings.deputies_count };
        let header = addresses(directory, settings, mail.from.iter().chain(mail.to).copied());
        Self {
            mail,
            directory,
            settings,
            when,
            header,
            text: OnceCell::new(),
            tokens: OnceCell::new(),
            links: Vec::new(),
            several: Vec::new(),
            referred: Vec::new(),
            trace: Vec::new(),
        }
    }

    /// Step 1: the first earlier mail that has a link, or had one that a rule set and a person removed.
    fn history(&mut self) -> Option<&'a Earlier> {
        let history = self.mail.history;
        let looked_at = history.mails.to_string();
        if self.mail.is_forward && history.mails > 0 {
            self.step(StepName::S1, looked_at, Vec::new(), StepOutcome::Forward);
            return None;
        }
        let handed = history.filed.iter().copied().find(|e| !(e.links.is_empty() && e.removed.is_empty()));
        let mut found: Vec<String> =
            handed.map_or(&[][..], |earlier| &earlier.links).iter().map(|link| link.number.clone()).collect();
        found.sort_unstable();
        let outcome = if handed.is_some() { StepOutcome::Inherited } else { StepOutcome::None };
        self.step(StepName::S1, looked_at, found, outcome);
        handed
    }

    fn inherited(self, handed: &Earlier) -> Decision {
        let inherit = |links: &[Link]| {
            let wanted = |link: &&Link| !self.mail.denied.contains(&link.key);
            links.iter().filter(wanted).map(|link| Link { how: How::History, ..link.clone() }).collect()
        };
        Decision {
            links: inherit(&handed.links),
            removals: inherit(&handed.removed),
            suggestions: Vec::new(),
            outcome: Outcome::Inherited,
            stranger: !self.mail.history.knows_sender,
            trace: self.trace,
        }
    }

    /// A reference that we have signed, in a mail of somebody who belongs to its record or its thread. Of an order it comes
    /// first, then of a quote, a contact, an item.
    fn references(&mut self) {
        let named = self.mail.references;
        if named.is_empty() {
            return;
        }
        let slots =
            named.iter().filter_map(|(kind, number)| self.directory.find_slot(*kind, number, &self.when));
        let slots = distinct(slots.collect());
        let certain: Vec<Slot> = slots.iter().copied().filter(|slot| self.belongs(*slot)).collect();
        let rank = |slot: &Slot| match self.directory.kind(*slot) {
            RecordKind::Order => 0,
            RecordKind::Quote => 1,
            RecordKind::Contact => 2,
            RecordKind::Item => 3,
        };
        let best = certain.iter().map(rank).min();
        let mut found: Vec<(Slot, How)> = certain
            .iter()
            .filter(|slot| Some(rank(slot)) == best)
            .map(|slot| (*slot, How::Reference))
            .collect();
        // Several are suggested, as those are that a stranger names.
        if found.len() > 1 {
            found.clear();
        }
        self.referred = slots;
        let looked_at = listed(named.iter().map(|(_, number)| number.as_str()));
        self.ends(StepName::R, looked_at, Way { found, ..Way::default() });
    }

    /// Whether the sender is of a record's thread, or its record has their address.
    fn belongs(&self, slot: Slot) -> bool {
        if self.mail.history.knows_sender {
            return true;
        }
        let from = self.mail.from.iter().map(|from| normal_address(from));
        let mut from = from.filter(|from| !self.settings.ignored.holds(from));
        from.any(|from| {
            let address = self.directory.address_hash(&from);
            match self.directory.kind(slot) {
                RecordKind::Contact => {
                    self.directory.contacts(address, &self.when).any(|known| known == slot)
                }
                RecordKind::Order | RecordKind::Quote => {
                    self.directory.is_of_address(slot, address, &self.when)
                }
                RecordKind::Item => false,
            }
        })
    }

    /// Steps 2 and 3: an order, or a quote, with what comes with it.
    fn case(&mut self, kind: RecordKind) {
        let [a, b, c] = match kind {
            RecordKind::Order => [StepName::S2a, StepName::S2b, StepName::S2c],
            _ => [StepName::S3a, StepName::S3b, StepName::S3c],
        };
        let way = self.by_addresses(kind, &self.header);
        let looked_at = named(&self.header);
        if self.ends(a, looked_at, way) {
            return;
        }
        let way = self.by_addresses(kind, self.text());
        let looked_at = named(self.text());
        if self.ends(b, looked_at, way) {
            return;
        }
        let numbers = self.mail.facts.numbers.iter().filter(|found| found.place != Place::Subject);
        let mut numbers: Vec<&str> = numbers.map(|found| found.value.0.as_str()).collect();
        numbers.dedup();
        let looked_at = listed(numbers.into_iter());
        let way = self.by_numbers(kind);
        self.ends(c, looked_at, way);
    }

    /// Notes the step; gives whether it linked.
    fn ends(&mut self, step: StepName, looked_at: String, way: Way) -> bool {
        let chosen = match way.found.as_slice() {
            [one] => Some(*one),
            [first, ..] if self.settings.first_address_wins => Some(*first),
            _ => None,
        };
        let denied = chosen.is_some_and(|(slot, _)| self.is_denied(slot));
        let outcome = match chosen {
            Some(_) if denied => StepOutcome::Denied,
            Some(_) => StepOutcome::Linked,
            None if way.found.is_empty() && way.several.is_empty() && !way.many => StepOutcome::None,
            None => StepOutcome::Ambiguous,
        };
        let mut found: Vec<Slot> = way.found.iter().map(|(slot, _)| *slot).collect();
        if outcome == StepOutcome::Ambiguous {
            found.extend(way.several);
            found = distinct(found);
            self.several.extend(&found);
        }
        if found.len() > FOUND_MAX || way.many {
            found.clear();
        }
        let numbers = self.numbers(&found);
        self.step(step, looked_at, numbers, outcome);
        match chosen {
            Some((slot, how)) if !denied => {
                self.link(slot, how);
                true
            }
            _ => false,
        }
    }

    fn link(&mut self, slot: Slot, how: How) {
        let directory = self.directory;
        let Some(kind) = self.add(slot, how) else { return };
        let had = self.mail.had;
        let (with, first) = match kind {
            RecordKind::Order => (How::WithOrder, !had.order),
            RecordKind::Quote => (How::WithQuote, !had.quote),
            RecordKind::Contact | RecordKind::Item => return,
        };
        if kind == RecordKind::Order
            && let Some(quote) = directory.quote_of(slot, &self.when)
        {
            self.add(quote, with);
        }
        if first && let Some(contact) = directory.contact_of(slot, &self.when) {
            self.add(contact, with);
        }
        if let Some(item) = directory.item_of(slot, &self.when) {
            self.add(item, How::OnlyItem);
        }
    }

    /// Adds a link, unless it is there or a person has removed it; gives its kind.
    fn add(&mut self, slot: Slot, how: How) -> Option<RecordKind> {
        if self.is_denied(slot) {
            return None;
        }
        let (kind, key) = (self.directory.kind(slot), self.directory.key(slot));
        if self.links.iter().any(|link| link.key == key) {
            return None;
        }
        self.links.push(Link { kind, key, number: self.directory.number(slot).to_owned(), how });
        Some(kind)
    }

    fn is_denied(&self, slot: Slot) -> bool {
        !self.mail.denied.is_empty() && self.mail.denied.contains(&self.directory.key(slot))
    }

    /// Ways (a) and (b): address by address.
    fn by_addresses(&self, kind: RecordKind, addresses: &[Address]) -> Way {
        let mut way = Way::default();
        for address in addresses {
            let mut all: Vec<Slot> = Vec::new();
            for slot in self.directory.of_address(kind, address.hash, &self.when) {
                if !all.contains(&slot) {
                    all.push(slot);
                }
                if all.len() > FOUND_MAX {
                    break;
                }
            }
            let found = match all.as_slice() {
                [] => continue,
                [one] => Some((*one, How::Address)),
                _ => self.named_of(kind, address.hash).map(|slot| (slot, How::AddressAndReference)),
            };
            match found {
                Some(found) if way.found.iter().all(|(slot, _)| *slot != found.0) => way.found.push(found),
                Some(_) => {}
                None if all.len() > FOUND_MAX => way.many = true,
                None => way.several.extend(all),
            }
        }
        way
    }

    /// The one of an address's orders of which a number stands in the mail.
    fn named_of(&self, kind: RecordKind, address: u64) -> Option<Slot> {
        let mut one = None;
        for token in self.tokens() {
            for slot in self.directory.of_token(kind, token.hash, &self.when, SHARED_MAX) {
                if Some(slot) != one && self.directory.is_of_address(slot, address, &self.when) {
                    if one.is_some() {
                        return None;
                    }
                    one = Some(slot);
                }
            }
        }
        one
    }

    /// Way (c): two different numbers in the body.
    fn by_numbers(&self, kind: RecordKind) -> Way {
        let body: Vec<&Token> = self.tokens().iter().filter(|token| token.place != Place::Subject).collect();
        let mut hits: Vec<(Slot, &Token)> = Vec::new();
        for token in body {
            let slots = self.directory.of_token(kind, token.hash, &self.when, SHARED_MAX);
            hits.extend(slots.into_iter().map(|slot| (slot, token)));
        }
        hits.sort_by_key(|(slot, _)| *slot);
        let two = |hits: &[(Slot, &Token)]| {
            hits.iter().enumerate().any(|(n, (_, one))| hits[..n].iter().any(|(_, other)| differ(one, other)))
        };
        let found = hits.chunk_by(|a, b| a.0 == b.0).filter(|hits| two(hits));
        Way { found: found.map(|hits| (hits[0].0, How::TwoReferences)).collect(), ..Way::default() }
            .undecided_by_order()
    }

    /// Step 4.
    fn contact(&mut self) {
        let way = self.contacts(&self.header);
        let looked_at = named(&self.header);
        if self.ends(StepName::S4a, looked_at, way) {
            return;
        }
        let way = self.contacts(self.text());
        let looked_at = named(self.text());
        self.ends(StepName::S4b, looked_at, way);
    }

    fn contacts(&self, addresses: &[Address]) -> Way {
        let of = |address: &Address| self.directory.contacts(address.hash, &self.when);
        if !self.settings.contacts_one_by_one {
            return self.unique(addresses.iter().flat_map(of).collect()).undecided_by_order();
        }
        let mut way = Way::default();
        for address in addresses {
            let one = self.unique(of(address).collect());
            match one.found.as_slice() {
                [found] if way.found.iter().all(|(slot, _)| slot != &found.0) => way.found.push(*found),
                [_] => {}
                several => way.several.extend(several.iter().map(|(slot, _)| *slot)),
            }
        }
        way
    }

    /// The only contact; of several the only active one.
    fn unique(&self, contacts: Vec<Slot>) -> Way {
        let contacts = distinct(contacts);
        let active: Vec<Slot> =
            contacts.iter().copied().filter(|slot| self.directory.is_active(*slot)).collect();
        let chosen = if active.is_empty() { contacts } else { active };
        Way { found: chosen.into_iter().map(|slot| (slot, How::Contact)).collect(), ..Way::default() }
    }

    fn numbers(&self, slots: &[Slot]) -> Vec<String> {
        let mut numbers: Vec<String> =
            slots.iter().map(|slot| self.directory.number(*slot).to_owned()).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Addresses in subject and body; they may stand in the header section too.
    fn text(&self) -> &[Address] {
        self.text.get_or_init(|| {
            let found = self.mail.facts.addresses.iter().map(|found| found.value.as_str());
            addresses(self.directory, self.settings, found)
        })
    }

    fn tokens(&self) -> &[Token] {
        self.tokens.get_or_init(|| {
            let found = self.mail.facts.numbers.iter().filter_map(|found| {
                let normal = normal_number(&found.value.0);
                let hash = self.directory.token_hash(&normal);
                let counts = self.directory.has_token(hash) && !self.settings.own_numbers.holds(&normal);
                let fits = |kind| self.settings.masks.let_through(kind, &normal);
                counts.then(|| Token {
                    hash,
                    place: found.place,
                    span: found.span,
                    order: fits(RecordKind::Order),
                    quote: fits(RecordKind::Quote),
                })
            });
            found.collect()
        })
    }

    fn step(&mut self, step: StepName, looked_at: String, found: Vec<String>, outcome: StepOutcome) {
        self.trace.push(Step { step, looked_at, found, outcome });
    }

    fn decision(self) -> Decision {
        let suggestions = self.suggestions();
        let is_ambiguous = self.trace.iter().any(|step| step.outcome == StepOutcome::Ambiguous);
        let outcome = match self.links.is_empty() {
            false => Outcome::Linked,
            true if is_ambiguous => Outcome::Ambiguous,
            true => Outcome::None,
        };
        let stranger = match self.mail.history.mails {
            0 => !self.knows_sender(),
            _ => !self.mail.history.knows_sender,
        };
        Decision {
            links: self.links,
            removals: Vec::new(),
            suggestions,
            outcome,
            stranger,
            trace: self.trace,
        }
    }

    /// Whether the ERP has an address of the sender.
    fn knows_sender(&self) -> bool {
        self.mail.from.iter().any(|from| {
            let normal = normal_address(from);
            self.settings.ignored.holds(&normal)
                || self.directory.carries(self.directory.address_hash(&normal), &self.when)
        })
    }

    /// A single number names a case, but opens none: a stranger's mail in a foreign case would be a leak.
    fn suggestions(&self) -> Vec<Suggestion> {
        let filed = |kind| self.links.iter().any(|link| link.kind == kind);
        if filed(RecordKind::Order) || filed(RecordKind::Quote) {
            return Vec::new();
        }
        let mut slots: Vec<(Slot, Why)> = self.referred.iter().map(|slot| (*slot, Why::Reference)).collect();
        for token in self.tokens() {
            let of = |kind| {
                if token.fits(kind) {
                    self.directory.of_token(kind, token.hash, &self.when, SHARED_MAX)
                } else {
                    Vec::new()
                }
            };
            if let [slot] = [of(RecordKind::Order), of(RecordKind::Quote)].concat()[..] {
                slots.push((slot, Why::Number));
            }
        }
        if self.several.len() <= SUGGESTIONS_MAX {
            slots.extend(self.several.iter().map(|slot| (*slot, Why::OneOfSeveral)));
        }
        if !filed(RecordKind::Contact) {
            let of = |address: &Address| self.directory.deputy_of(address.hash, &self.when);
            let deputies = self.header.iter().flat_map(of).take(SUGGESTIONS_MAX);
            slots.extend(deputies.map(|slot| (slot, Why::Deputy)));
        }
        let mut out: Vec<Suggestion> = Vec::new();
        for (slot, why) in slots {
            let key = self.directory.key(slot);
            let known = self.links.iter().any(|link| link.key == key) || out.iter().any(|s| s.key == key);
            if !known && !self.is_denied(slot) {
                let (kind, number) = (self.directory.kind(slot), self.directory.number(slot).to_owned());
                out.push(Suggestion { kind, key, number, why });
            }
        }
        out.sort_by(|a, b| (a.why as u8, a.kind, &a.number).cmp(&(b.why as u8, b.kind, &b.number)));
        out.truncate(SUGGESTIONS_MAX);
        out
    }
}

impl Way {
    /// Of several, none is the first: they were not found by one address after the other.
    fn undecided_by_order(mut self) -> Self {
        if self.found.len() > 1 {
            self.several = self.found.drain(..).map(|(slot, _)| slot).collect();
        }
        self
    }
}

fn distinct(mut slots: Vec<Slot>) -> Vec<Slot> {
    slots.sort_unstable();
    slots.dedup();
    slots
}

/// Whether two numbers of a record are two, not one that was read twice.
fn differ(one: &Token, other: &Token) -> bool {
    let (a, b) = (one.span, other.span);
    one.hash != other.hash && (a.at + a.len <= b.at || b.at + b.len <= a.at)
}

fn addresses<'a>(
    directory: &Directory,
    settings: &Settings,
    written: impl Iterator<Item = &'a str>,
) -> Vec<Address> {
    let mut out: Vec<Address> = Vec::new();
    for written in written {
        let normal = normal_address(written);
        let hash = directory.address_hash(&normal);
        if !settings.ignored.holds(&normal) && out.iter().all(|known| known.hash != hash) {
            out.push(Address { normal, hash });
        }
    }
    out
}

fn named(addresses: &[Address]) -> String {
    listed(addresses.iter().map(|address| address.normal.as_str()))
}

fn listed<'a>(mut words: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for word in words.by_ref().take(LOOKED_AT_MAX) {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(word);
    }
    if words.next().is_some() {
        out.push_str(", …");
    }
    out
}
