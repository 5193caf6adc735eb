//! Records, found by address, by number, and by what names them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use model::{RecordKey, RecordKind, UnixMillis};
use siphasher::sip::SipHasher13;

use crate::{normal_address, normal_number};

/// A record as the directory takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: RecordKey,
    /// Its kind.
    pub kind: RecordKind,
    /// Its number, unique in its kind.
    pub number: String,
    /// Whether it is active; counts for contacts.
    pub active: bool,
    /// Its own addresses, in any form.
    pub addresses: Vec<String>,
    /// Addresses of those who answer for it, in any form; they count only where it is set.
    pub deputies: Vec<String>,
    /// Number of its contact.
    pub contact: Option<String>,
    /// Number of its quote.
    pub quote: Option<String>,
    /// Numbers of its items; they may repeat.
    pub items: Vec<String>,
    /// Further numbers it is known by, each a field of its own.
    pub references: Vec<String>,
    /// When an order or quote was made.
    pub date: Option<UnixMillis>,
    /// When the record came to be known here.
    pub known: UnixMillis,
}

impl Entry {
    /// An active record of which nothing else is known.
    pub fn new(key: RecordKey, kind: RecordKind, number: &str) -> Self {
        Self {
            key,
            kind,
            number: number.to_owned(),
            active: true,
            addresses: Vec::new(),
            deputies: Vec::new(),
            contact: None,
            quote: None,
            items: Vec::new(),
            references: Vec::new(),
            date: None,
            known: UnixMillis(0),
        }
    }
}

/// Place of a record in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(u32);

/// What is kept of a record: some fifty octets, whatever it holds.
struct Kept {
    key: i64,
    contact: u64,
    quote: u64,
    /// Its only distinct item; 0: none, or several.
    item: u64,
    number_at: u32,
    number_len: u16,
    kind: RecordKind,
    active: bool,
    live: bool,
    /// Minutes since 1970; 0: no date.
    date: u32,
    known: u32,
}

/// An index of records by hashes. Records are put and dropped in place; what a lookup costs does not depend on how many
/// there are.
///
/// A number or an address is compared by a keyed hash of 64 bits: with a million records one lookup in ten million
/// million finds a record that it should not.
pub struct Directory {
    seed: (u64, u64),
    kept: Vec<Kept>,
    text: String,
    dead: usize,
    by_number: Map<u32>,
    by_address: Lists,
    by_deputy: Lists,
    by_token: Lists,
    of_contact: Lists,
}

type Map<V> = HashMap<u64, V, BuildHasherDefault<Hashed>>;

/// Keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = self.0.rotate_left(8) ^ u64::from(*octet);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Ascending lists of slots; most have one entry, which stands in the map itself.
#[derive(Default)]
struct Lists {
    first: Map<u32>,
    long: Vec<Vec<u32>>,
}

/// Set in an entry of `first` that names one of `long`.
const LONG: u32 = 1 << 31;

impl Lists {
    fn add(&mut self, hash: u64, slot: u32) {
        let Some(entry) = self.first.get_mut(&hash) else {
            self.first.insert(hash, slot);
            return;
        };
        if *entry & LONG != 0 {
            let list = &mut self.long[(*entry & !LONG) as usize];
            if list.last() != Some(&slot) {
                list.push(slot);
            }
        } else if *entry != slot {
            let list = vec![*entry, slot];
            *entry = LONG | self.long.len() as u32;
            self.long.push(list);
        }
    }

    fn get(&self, hash: u64) -> &[u32] {
        match self.first.get(&hash) {
            None => &[],
            Some(entry) if *entry & LONG != 0 => &self.long[(*entry & !LONG) as usize],
            Some(entry) => std::slice::from_ref(entry),
        }
    }
}

/// What a kind of hash is of, so that equal texts of different kinds differ.
#[derive(Clone, Copy)]
enum Of {
    Number(RecordKind),
    Address,
    Token,
    Contact(RecordKind),
}

impl Directory {
    /// An empty one. `seed`: random, so that nobody outside can make hashes meet.
    pub fn new(seed: u128) -> Self {
        Self {
            seed: ((seed >> 64) as u64, seed as u64),
            kept: Vec::new(),
            text: String::new(),
            dead: 0,
            by_number: Map::default(),
            by_address: Lists::default(),
            by_deputy: Lists::default(),
            by_token: Lists::default(),
            of_contact: Lists::default(),
        }
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.kept.len() - self.dead
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether so much of it is of records that were replaced or dropped that it is better made anew.
    pub fn is_worn(&self) -> bool {
        self.dead > 1000 && self.dead > self.kept.len() / 3
    }

    fn hash(&self, of: Of, text: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.seed.0, self.seed.1);
        hasher.write_u8(match of {
            Of::Number(kind) => kind as u8,
            Of::Address => 8,
            Of::Token => 9,
            Of::Contact(kind) => 16 + kind as u8,
        });
        hasher.write(text.as_bytes());
        // 0 stands for none.
        hasher.finish().max(1)
    }

    /// Adds a record, or replaces the one of its kind and number.
    pub fn put(&mut self, entry: &Entry) {
        self.drop_record(entry.kind, &entry.number);
        let slot = self.kept.len() as u32;
        let number = entry.number.as_str();
        let len = number.floor_char_boundary(usize::from(u16::MAX));
        let named = |text: &Option<String>, kind| {
            text.as_deref().filter(|n| !n.is_empty()).map_or(0, |n| self.hash(Of::Number(kind), n))
        };
        let mut items = entry.items.iter().map(|item| self.hash(Of::Number(RecordKind::Item), item));
        let first = items.next().unwrap_or(0);
        let item = if items.all(|item| item == first) { first } else { 0 };
        let kept = Kept {
            key: entry.key.0,
            contact: named(&entry.contact, RecordKind::Contact),
            quote: named(&entry.quote, RecordKind::Quote),
            item,
            number_at: self.text.len() as u32,
            number_len: len as u16,
            kind: entry.kind,
            active: entry.active,
            live: true,
            date: entry.date.map_or(0, minutes),
            known: minutes(entry.known),
        };
        self.text.push_str(&number[..len]);
        self.kept.push(kept);
        self.by_number.insert(self.hash(Of::Number(entry.kind), number), slot);
        for address in &entry.addresses {
            let hash = self.hash(Of::Address, &normal_address(address));
            self.by_address.add(hash, slot);
        }
        for address in &entry.deputies {
            let hash = self.hash(Of::Address, &normal_address(address));
            self.by_deputy.add(hash, slot);
        }
        if matches!(entry.kind, RecordKind::Order | RecordKind::Quote) {
            for number in std::iter::once(&entry.number).chain(&entry.references) {
                let normal = normal_number(number);
                if !normal.is_empty() {
                    let hash = self.hash(Of::Token, &normal);
                    self.by_token.add(hash, slot);
                }
            }
            if let Some(contact) = &entry.contact {
                let hash = self.hash(Of::Contact(entry.kind), contact);
                self.of_contact.add(hash, slot);
            }
        }
    }

    /// Drops a record, if it is there.
    pub fn drop_record(&mut self, kind: RecordKind, number: &str) {
        let hash = self.hash(Of::Number(kind), number);
        if let Some(slot) = self.by_number.remove(&hash) {
            self.kept[slot as usize].live = false;
            self.dead += 1;
        }
    }

    /// The record of this kind and number.
    pub fn find(&self, kind: RecordKind, number: &str) -> Option<RecordKey> {
        self.named(self.hash(Of::Number(kind), number)).map(|slot| self.key(slot))
    }

    /// Numbers of all records of a kind, in no order.
    pub fn numbers(&self, kind: RecordKind) -> impl Iterator<Item = &str> {
        let live =
            (0_u32..).map(Slot).zip(&self.kept).filter(move |(_, kept)| kept.live && kept.kind == kind);
        live.map(|(slot, _)| self.number(slot))
    }

    pub(crate) fn find_slot(&self, kind: RecordKind, number: &str, when: &When) -> Option<Slot> {
        self.named(self.hash(Of::Number(kind), number)).filter(|slot| self.was_known(*slot, when))
    }

    pub(crate) fn key(&self, slot: Slot) -> RecordKey {
        RecordKey(self.kept(slot).key)
    }

    /// Its number, as the ERP writes it.
    pub(crate) fn number(&self, slot: Slot) -> &str {
        let kept = self.kept(slot);
        let at = kept.number_at as usize;
        &self.text[at..at + usize::from(kept.number_len)]
    }

    pub(crate) fn kind(&self, slot: Slot) -> RecordKind {
        self.kept(slot).kind
    }

    pub(crate) fn is_active(&self, slot: Slot) -> bool {
        self.kept(slot).active
    }

    fn kept(&self, slot: Slot) -> &Kept {
        &self.kept[slot.0 as usize]
    }

    fn named(&self, hash: u64) -> Option<Slot> {
        self.by_number.get(&hash).map(|slot| Slot(*slot))
    }

    pub(crate) fn address_hash(&self, normal: &str) -> u64 {
        self.hash(Of::Address, normal)
    }

    pub(crate) fn token_hash(&self, normal: &str) -> u64 {
        self.hash(Of::Token, normal)
    }

    /// What an order or quote names.
    pub(crate) fn contact_of(&self, slot: Slot, when: &When) -> Option<Slot> {
        self.named(self.kept(slot).contact).filter(|contact| self.was_known(*contact, when))
    }

    pub(crate) fn quote_of(&self, slot: Slot, when: &When) -> Option<Slot> {
        self.named(self.kept(slot).quote).filter(|quote| self.was_known(*quote, when))
    }

    pub(crate) fn item_of(&self, slot: Slot, when: &When) -> Option<Slot> {
        self.named(self.kept(slot).item).filter(|item| self.was_known(*item, when))
    }

    fn was_known(&self, slot: Slot, when: &When) -> bool {
        let kept = self.kept(slot);
        kept.live && when.known_by.is_none_or(|by| kept.known <= by)
    }

    /// Known, and not too old.
    fn counts(&self, slot: Slot, when: &When) -> bool {
        let date = self.kept(slot).date;
        self.was_known(slot, when) && (date == 0 || when.not_before.is_none_or(|first| date >= first))
    }

    /// Contacts that carry an address.
    pub(crate) fn contacts(&self, address: u64, when: &When) -> impl Iterator<Item = Slot> {
        let deputies: &[u32] = if when.deputies { self.by_deputy.get(address) } else { &[] };
        self.of_kind(self.by_address.get(address), RecordKind::Contact)
            .chain(self.of_kind(deputies, RecordKind::Contact))
            .filter(move |slot| self.was_known(*slot, when))
    }

    /// Contacts for which an address answers.
    pub(crate) fn deputy_of(&self, address: u64, when: &When) -> impl Iterator<Item = Slot> {
        self.of_kind(self.by_deputy.get(address), RecordKind::Contact)
            .filter(move |slot| self.was_known(*slot, when))
    }

    /// Orders (or quotes) that carry an address, and those of the contacts that carry it; they may repeat.
    pub(crate) fn of_address(
        &self,
        kind: RecordKind,
        address: u64,
        when: &When,
    ) -> impl Iterator<Item = Slot> {
        let own = self.of_kind(self.by_address.get(address), kind);
        let through = self.contacts(address, when).flat_map(move |contact| {
            let hash = self.hash(Of::Contact(kind), self.number(contact));
            self.of_kind(self.of_contact.get(hash), kind)
        });
        own.chain(through).filter(move |slot| self.counts(*slot, when))
    }

    /// Whether an order (or quote) is one of an address.
    pub(crate) fn is_of_address(&self, slot: Slot, address: u64, when: &When) -> bool {
        let carriers = self.by_address.get(address);
        let deputies: &[u32] = if when.deputies { self.by_deputy.get(address) } else { &[] };
        let carries =
            |slot: Slot| carriers.binary_search(&slot.0).is_ok() || deputies.binary_search(&slot.0).is_ok();
        carries(slot) || self.contact_of(slot, when).is_some_and(carries)
    }

    /// Orders (or quotes) with this number or reference; none if more than `max` have it.
    pub(crate) fn of_token(&self, kind: RecordKind, token: u64, when: &When, max: usize) -> Vec<Slot> {
        let all = self.of_kind(self.by_token.get(token), kind).filter(|slot| self.counts(*slot, when));
        let found: Vec<Slot> = all.take(max + 1).collect();
        if found.len() > max { Vec::new() } else { found }
    }

    /// Whether any record ever had this number.
    pub(crate) fn has_token(&self, token: u64) -> bool {
        self.by_token.first.contains_key(&token)
    }

    /// Whether any record carries this address.
    pub(crate) fn carries(&self, address: u64, when: &When) -> bool {
        let deputies: &[u32] = if when.deputies { self.by_deputy.get(address) } else { &[] };
        self.by_address.get(address).iter().chain(deputies).any(|slot| self.was_known(Slot(*slot), when))
    }

    fn of_kind<'a>(&'a self, list: &'a [u32], kind: RecordKind) -> impl Iterator<Item = Slot> + 'a {
        list.iter().map(|slot| Slot(*slot)).filter(move |slot| self.kept(*slot).kind == kind)
    }
}

/// Which records count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct When {
    /// Those known by then only; minutes since 1970.
    pub(crate) known_by: Option<u32>,
    /// Orders and quotes of that time and later, and those without date; minutes since 1970.
    pub(crate) not_before: Option<u32>,
    /// Addresses of deputies count as those of the contact.
    pub(crate) deputies: bool,
}

/// Minutes since 1970, at least 1.
pub(crate) fn minutes(at: UnixMillis) -> u32 {
    u32::try_from((at.0 / 60_000).max(1)).unwrap_or(u32::MAX)
}
