//! The pure steps for one mail: parse, classify, and what the database and the index take of the result.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use dispatch::Reference;
use model::{
    Address, Invoice, MailFacts, Message, PartRole, Sha256, TextKind, ThreadId, UnixMillis, Verdict,
};
use parse::Parsed;
use store::{AddressRole, Filed, MessageKey, NewPart, ThreadAnswer, ThreadAssigner, ThreadWork};

use crate::attachments::Found;
use crate::core::Core;
use crate::looked::Findings;
use crate::spam;
use crate::texts::Texts;

/// Fields of deliveries of a mail that are looked at.
const DELIVERED_MAX: usize = 8;
/// Characters of the preview in lists.
const PREVIEW_CHARS: usize = 200;

/// What the steps found out about a mail.
pub(crate) struct Reading {
    pub(crate) message: Message,
    pub(crate) defects: Vec<model::Defect>,
    pub(crate) facts: MailFacts,
    pub(crate) verdict: Verdict,
    pub(crate) key: MessageKey,
    pub(crate) texts: Texts,
    /// The header field in which a spam filter marked it.
    pub(crate) spam: Option<String>,
    /// Invoices in its attachments.
    pub(crate) invoices: Vec<(String, Invoice)>,
    /// What was found in its attachments, if they were looked at.
    pub(crate) looked: Option<Findings>,
}

/// Reads a small mail in this process. A panic of a step is an error of this mail, not of the program.
///
/// # Errors
/// The name of the step and what it said.
pub(crate) fn read_guarded(core: &Core, octets: &[u8]) -> Result<Reading, (&'static str, String)> {
    std::panic::catch_unwind(AssertUnwindSafe(|| read(core, octets))).map_err(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        ("parse", said.unwrap_or("a step failed").to_owned())
    })
}

fn read(core: &Core, octets: &[u8]) -> Reading {
    let parsed = parse::parse(octets, &core.limits);
    let attachments = crate::attachments::read(core, octets, &parsed.message);
    // A scanner has to see the attachments as well: then they are looked at together.
    let looked = if core.examination.settings().scanner.is_empty() {
        crate::looked::look(octets, &parsed.message)
    } else {
        None
    };
    Reading { looked, ..reading(parsed, archive::sha256(octets), attachments) }
}

/// What follows from a parsed mail without its octets.
pub(crate) fn reading(parsed: Parsed, sha256: Sha256, attachments: Found) -> Reading {
    let Parsed { message, defects, facts, body_digest } = parsed;
    let verdict = classify::verdict(&message, &classify::Options::default());
    let key = message_key(&message, body_digest, sha256);
    let body = body_stretches(&message);
    let spam = spam::marked(&message).filter(|mark| mark.is_spam).map(|mark| mark.by);
    let Found { texts, invoices } = attachments;
    let texts = Texts { body, attachments: texts };
    Reading { message, defects, facts, verdict, key, texts, spam, invoices, looked: None }
}

/// The body's text in stretches; the message keeps it for the preview.
pub(crate) fn body_stretches(message: &Message) -> Vec<(TextKind, String)> {
    let body = &message.body;
    let text = |span: &model::Span| {
        let at = usize::try_from(span.at).ok()?;
        body.text.get(at..at.checked_add(usize::try_from(span.len).ok()?)?).map(str::to_owned)
    };
    body.stretches.iter().filter_map(|(kind, span)| Some((*kind, text(span)?))).collect()
}

/// What twins have in common. A mail without Message-ID is its own message.
fn message_key(message: &Message, body_digest: Sha256, sha256: Sha256) -> MessageKey {
    let digest = match &message.message_id {
        None => sha256,
        Some(id) => {
            let mut octets = Vec::with_capacity(256);
            octets.extend_from_slice(id.as_str().as_bytes());
            octets.push(0);
            for address in &message.from {
                octets.extend_from_slice(address.folded().as_bytes());
                octets.push(0);
            }
            octets.extend_from_slice(&message.date.map_or(i64::MIN, |date| date.0).to_be_bytes());
            octets.extend_from_slice(&body_digest.0);
            archive::sha256(&octets)
        }
    };
    let mut key = MessageKey::default();
    key.copy_from_slice(&digest.0[..16]);
    key
}

/// What a source says of the time of a mail.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    /// When it received the mail.
    pub(crate) received: Option<UnixMillis>,
    /// It is files: their times say little, the mail's own date counts if it is plausible.
    pub(crate) is_files: bool,
}

/// The date a mail is filed under.
fn effective_date(message: &Message, source: Source, now: UnixMillis) -> UnixMillis {
    let alone = parse::Times { date: message.date, ..parse::Times::default() };
    if source.is_files && message.date == Some(parse::effective_date(alone, now)) {
        return parse::effective_date(alone, now);
    }
    let times = if source.is_files {
        parse::Times { date: message.date, received: message.received.or(source.received), internal: None }
    } else {
        parse::Times { date: message.date, received: message.received, internal: source.received }
    };
    parse::effective_date(times, now)
}

/// What the database takes.
pub(crate) fn filed(
    seq: i64,
    reading: Reading,
    source: Source,
    now: UnixMillis,
    reference: &Reference,
) -> Filed {
    let date = effective_date(&reading.message, source, now);
    let Reading { message, defects, facts, verdict, key, spam, invoices, .. } = reading;
    let parts = message
        .parts
        .iter()
        .filter(|part| part.role != PartRole::Container)
        .map(|part| NewPart {
            number: part.number.clone(),
            name: part.name.clone(),
            content_type: part.content_type.clone(),
            octets: part.octets,
            sha256: part.sha256,
            role: part.role,
        })
        .collect();
    Filed {
        seq,
        message_key: key,
        date,
        preview: parse::preview(&message.body, PREVIEW_CHARS),
        attachments: u32::try_from(message.attachments().count()).unwrap_or(u32::MAX),
        references: reference.records(&message),
        nodes: threads::nodes(&message).nodes.into_iter().map(|node| node.0).collect(),
        addresses: addresses(&message),
        message_id: message.message_id,
        subject: message.subject.unwrap_or_default(),
        parts,
        defects,
        facts,
        verdict,
        spam,
        invoices,
    }
}

fn addresses(message: &Message) -> Vec<(AddressRole, Address)> {
    let with = |role: AddressRole, list: &[Address]| {
        list.iter().map(move |address| (role, address.clone())).collect::<Vec<_>>()
    };
    let sender: Vec<Address> = message.sender.iter().cloned().collect();
    [
        with(AddressRole::From, &message.from),
        with(AddressRole::Sender, &sender),
        with(AddressRole::ReplyTo, &message.reply_to),
        with(AddressRole::To, &message.to),
        with(AddressRole::Cc, &message.cc),
        with(AddressRole::Bcc, &message.bcc),
        delivered(AddressRole::DeliveredTo, message, "Delivered-To"),
        delivered(AddressRole::OriginalTo, message, "X-Original-To"),
    ]
    .concat()
}

/// Whom it was delivered to, as whoever delivered it noted; the topmost field is of the last one.
fn delivered(role: AddressRole, message: &Message, field: &str) -> Vec<(AddressRole, Address)> {
    let fields = message.fields(field).map(|body| body.trim().trim_matches(['<', '>']));
    let addresses = fields.filter(|address| address.contains('@') && !address.contains(char::is_whitespace));
    let address = |spec: &str| Address { display_name: None, addr_spec: spec.to_owned() };
    addresses.take(DELIVERED_MAX).map(|spec| (role, address(spec))).collect()
}

/// Joins `threads` (ids are UUIDs) with the store (threads are numbers of mails).
pub(crate) struct Threads;

impl ThreadAssigner for Threads {
    fn assign(&self, work: &ThreadWork) -> ThreadAnswer {
        let mails: Vec<threads::MailNodes> = work
            .mails
            .iter()
            .map(|mail| threads::MailNodes {
                nodes: mail.nodes.iter().map(|hash| threads::Node(*hash)).collect(),
            })
            .collect();
        let known: HashMap<threads::Node, ThreadId> =
            work.known.iter().map(|(hash, thread)| (threads::Node(*hash), id_of(*thread))).collect();
        let mut fresh = 0_u64;
        let assigned = threads::assign(&mails, &known, || {
            fresh += 1;
            fresh_id(fresh)
        });
        // A new thread is named by the first of its mails.
        let mut founded: HashMap<ThreadId, i64> = HashMap::new();
        let threads = assigned
            .threads
            .iter()
            .zip(&work.mails)
            .map(|(thread, mail)| {
                number_of(*thread).unwrap_or_else(|| *founded.entry(*thread).or_insert(mail.seq))
            })
            .collect();
        let merges = assigned
            .merges
            .iter()
            .filter_map(|merge| Some((number_of(merge.loser)?, number_of(merge.winner)?)))
            .collect();
        ThreadAnswer { threads, merges }
    }
}

/// A known thread as an id: its number in the lower half.
fn id_of(number: i64) -> ThreadId {
    let mut octets = [0; 16];
    octets[8..].copy_from_slice(&number.to_be_bytes());
    ThreadId::from_octets(octets)
}

/// The id of a thread without number yet: above all known ones, so that it never wins over them.
fn fresh_id(count: u64) -> ThreadId {
    let mut octets = [0xff; 16];
    octets[8..].copy_from_slice(&count.to_be_bytes());
    ThreadId::from_octets(octets)
}

fn number_of(id: ThreadId) -> Option<i64> {
    let (high, low) = id.octets().split_at(8);
    let number = i64::from_be_bytes(low.try_into().ok()?);
    high.iter().all(|octet| *octet == 0).then_some(number)
}
