//! What the pure steps found, written with one transaction a batch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::{
    Address, Defect, Invoice, MailFacts, MessageId, PartRole, RecordKey, RecordKind, Sha256, UnixMillis,
    Verdict,
};

use crate::addresses::{self, AddressRole};
use crate::codec;
use crate::db::Tx;
use crate::entries::{self, Changes};
use crate::error::{Result, StoreError};
use crate::invoices;
use crate::links::{self, Linking, Open, OpenSent};
use crate::message_states;
use crate::placements::hash64;
use crate::sorting;
use crate::sql::statements;
use crate::store::{Store, take};
use crate::suspicions;
use crate::tags;
use crate::thread::{self, NodeHash, ThreadAssigner, ThreadMail};
use crate::value::{Arg, Rows, args};

/// Hash of Message-ID, From, Date and body digest: what twins have in common. Made by the caller.
pub type MessageKey = [u8; 16];

/// Longest subject and preview kept, octets.
const SUBJECT_MAX: usize = 4000;
const PREVIEW_MAX: usize = 1000;

/// A mail after parsing and classification.
#[derive(Clone, Debug)]
pub struct Filed {
    /// Its number.
    pub seq: i64,
    /// What it has in common with its twins.
    pub message_key: MessageKey,
    /// Effective date.
    pub date: UnixMillis,
    /// `Message-ID`.
    pub message_id: Option<MessageId>,
    /// Decoded; empty if there is none.
    pub subject: String,
    /// Begin of the new text, white space folded.
    pub preview: String,
    /// All addresses of the header section; the order within a role counts.
    pub addresses: Vec<(AddressRole, Address)>,
    /// What can be downloaded.
    pub parts: Vec<NewPart>,
    /// How many attachments lists show.
    pub attachments: u32,
    /// What is wrong with it.
    pub defects: Vec<Defect>,
    /// Facts for linking.
    pub facts: MailFacts,
    /// What it is.
    pub verdict: Verdict,
    /// Name of the header field in which a spam filter marked it.
    pub spam: Option<String>,
    /// Records that references in it name which we have signed.
    pub references: Vec<RecordKey>,
    /// Invoices in it that were recognised, each with the number of its part.
    pub invoices: Vec<(String, Invoice)>,
    /// What connects it with other mails.
    pub nodes: Vec<NodeHash>,
}

/// A leaf that can be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPart {
    /// Number as IMAP counts.
    pub number: String,
    /// File name as the mail says.
    pub name: Option<String>,
    /// `type/subtype`.
    pub content_type: String,
    /// Octets after transfer decoding.
    pub octets: u64,
    /// Digest after transfer decoding.
    pub sha256: Option<Sha256>,
    /// What it is to the reader.
    pub role: PartRole,
}

const ROLES: [PartRole; 5] =
    [PartRole::Container, PartRole::Body, PartRole::Attachment, PartRole::Message, PartRole::Report];

pub(crate) fn part_role(code: i64) -> Result<PartRole> {
    let found = usize::try_from(code).ok().and_then(|at| ROLES.get(at).copied());
    found.ok_or(StoreError::Unreadable { what: "part role" })
}

pub(crate) fn role_code(role: PartRole) -> i64 {
    ROLES.iter().position(|r| *r == role).unwrap_or_default() as i64
}

statements! {
    CURRENT = "SELECT seq, message_seq FROM mails WHERE seq = ANY($1)";
    KNOWN_MESSAGES = "SELECT message_key, message_seq FROM messages WHERE message_key = ANY($1)";
    ADD_MESSAGE [Blob, Int] = "WITH v(message_key, message_seq) AS ({rows}) INSERT INTO messages \
        (message_key, message_seq) SELECT message_key, message_seq FROM v WHERE TRUE \
        ON CONFLICT (message_key) DO NOTHING";
    FILE [Int, Int, Int, Int, Int, Int, Int, Int] = "WITH v(seq, change_seq, message_seq, thread, date, kind, \
        attachments, defects) AS ({rows}) UPDATE mails SET stage = 1, change_seq = v.change_seq, \
        message_seq = v.message_seq, thread = v.thread, date = v.date, kind = v.kind, \
        attachments = v.attachments, defects = v.defects FROM v WHERE mails.seq = v.seq";
    HEAD [Int, Text, Int, Text, Text] = "WITH v(seq, message_id, message_id_hash, subject, preview) AS ({rows}) \
        INSERT INTO heads (seq, message_id, message_id_hash, subject, preview) \
        SELECT seq, message_id, message_id_hash, subject, preview FROM v WHERE TRUE \
        ON CONFLICT (seq) DO UPDATE SET message_id = excluded.message_id, \
        message_id_hash = excluded.message_id_hash, subject = excluded.subject, preview = excluded.preview";
    DROP_PARTS = "DELETE FROM parts WHERE seq = ANY($1)";
    PART [Int, Int, Text, Text, Text, Int, Blob, Int] = "WITH v(seq, n, number, name, content_type, octets, \
        sha256, role) AS ({rows}) INSERT INTO parts (seq, n, number, name, content_type, octets, \
        sha256, role) SELECT seq, n, number, name, content_type, octets, sha256, role \
        FROM v WHERE TRUE";
    FACTS [Int, Int, Blob, Blob] = "WITH v(seq, version, facts, verdict) AS ({rows}) \
        INSERT INTO facts (seq, version, facts, verdict) SELECT seq, version, facts, verdict FROM v WHERE TRUE \
        ON CONFLICT (seq) DO UPDATE SET version = excluded.version, facts = excluded.facts, \
        verdict = excluded.verdict";
    RELEASE = "DELETE FROM quarantine WHERE seq = ANY($1)";
}

fn bounded(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// What a message id is found by; the text is compared then.
pub(crate) fn message_id_hash(message_id: &str) -> i64 {
    i64::from_le_bytes(hash64(message_id.as_bytes()).to_le_bytes())
}

/// Which message each mail belongs to.
struct Messages {
    /// By number of the mail.
    of: HashMap<i64, i64>,
    /// Found now.
    new: Vec<(MessageKey, i64)>,
    /// Of other mails, which get a twin.
    joined: Vec<i64>,
}

fn messages(tx: &Tx<'_>, batch: &[Filed]) -> Result<Messages> {
    let keys: Vec<&[u8]> = batch.iter().map(|filed| filed.message_key.as_slice()).collect();
    let rows = tx.query(&KNOWN_MESSAGES, &[Arg::Blobs(&keys)], |row| Ok((row.octets(0)?, row.int(1)?)))?;
    let mut known: HashMap<MessageKey, i64> = rows.into_iter().collect();
    let mut answer =
        Messages { of: HashMap::with_capacity(batch.len()), new: Vec::new(), joined: Vec::new() };
    for filed in batch {
        let message = *known.entry(filed.message_key).or_insert_with(|| {
            answer.new.push((filed.message_key, filed.seq));
            filed.seq
        });
        if message != filed.seq {
            answer.joined.push(message);
        }
        answer.of.insert(filed.seq, message);
    }
    // Neighbours in the table are written one after the other.
    answer.new.sort_unstable();
    Ok(answer)
}

fn file(
    tx: &Tx<'_>,
    batch: &[Filed],
    assigner: &dyn ThreadAssigner,
    linking: Option<&Linking>,
) -> Result<()> {
    // Also the lock that lets one batch after the other look for messages, nodes and addresses.
    let first_change = take(tx, "change", batch.len())?;
    let seqs: Vec<i64> = batch.iter().map(|filed| filed.seq).collect();
    let current = tx.query(&CURRENT, &[Arg::Ints(&seqs)], |row| Ok((row.int(0)?, row.opt_int(1)?)))?;
    if current.len() < batch.len() {
        let there = |seq: &i64| current.iter().any(|(found, _)| found == seq);
        let key = seqs.iter().find(|seq| !there(seq)).map_or_else(|| "twice".to_owned(), i64::to_string);
        return Err(StoreError::Missing { what: "mail", key });
    }
    let again: Vec<i64> =
        current.iter().filter(|(_, message)| message.is_some()).map(|(seq, _)| *seq).collect();
    let messages = messages(tx, batch)?;
    let mut before: Vec<i64> = current.iter().filter_map(|(_, message)| *message).collect();
    before.extend(&messages.joined);
    before.sort_unstable();
    before.dedup();
    let mut changes = Changes::of_messages(tx, before)?;
    messages.of.values().for_each(|message| changes.add(*message));
    let mails = batch.iter().map(|f| ThreadMail { seq: f.seq, nodes: f.nodes.clone() }).collect();
    let (threads, moved) = thread::assign(tx, assigner, mails)?;
    write_mails(tx, batch, &messages, &threads, first_change)?;
    let moved_messages = current.iter().filter_map(|(seq, was)| {
        let (was, message) = (was.unwrap_or(*seq), *messages.of.get(seq)?);
        (was != message).then_some((*seq, was, message))
    });
    let moved_messages: Vec<_> = moved_messages.collect();
    follow(tx, &moved_messages)?;
    suspect(tx, batch, &messages)?;
    write_details(tx, batch, &again)?;
    let named: Vec<(i64, RecordKey)> = batch
        .iter()
        .filter(|filed| messages.of.get(&filed.seq) == Some(&filed.seq))
        .flat_map(|filed| filed.references.iter().map(|record| (filed.seq, *record)))
        .collect();
    let referred = links::refer(tx, &named)?;
    if let Some(linking) = linking {
        links::file(tx, open(batch, &messages, &threads, referred), linking)?;
    }
    sorting::sort(tx, &seqs, !again.is_empty())?;
    tx.exec(&RELEASE, &[Arg::Ints(&seqs)])?;
    changes.settle(tx)?;
    let mut touched = moved;
    touched.extend(messages.joined);
    touched.retain(|seq| !messages.of.contains_key(seq));
    entries::touch(tx, &touched)
}

/// Mails that now belong to another message bring along what people and filters said of the one before: by number of the mail, the
/// message it belonged to, and the one it belongs to.
pub(crate) fn follow(tx: &Tx<'_>, moved: &[(i64, i64, i64)]) -> Result<()> {
    tags::follow(tx, moved)?;
    suspicions::follow(tx, moved)?;
    links::follow(tx, moved)?;
    message_states::follow(tx, moved)
}

/// What filters before us say.
fn suspect(tx: &Tx<'_>, batch: &[Filed], messages: &Messages) -> Result<()> {
    let of = |filed: &Filed| messages.of.get(&filed.seq).copied().unwrap_or(filed.seq);
    let marked = batch.iter().filter_map(|filed| Some((of(filed), filed.spam.as_deref()?)));
    suspicions::mark(tx, &marked.collect::<Vec<_>>())?;
    suspicions::redate(tx, &batch.iter().map(of).collect::<Vec<_>>())
}

/// New messages; twins are filed as their message is.
fn open<'a>(
    batch: &'a [Filed],
    messages: &Messages,
    threads: &HashMap<i64, i64>,
    mut referred: HashMap<i64, Vec<(RecordKind, String)>>,
) -> Vec<Open<'a>> {
    let new: HashSet<i64> = messages.new.iter().map(|(_, seq)| *seq).collect();
    let mails = batch.iter().filter(|filed| new.contains(&filed.seq));
    mails
        .map(|filed| {
            let (from, to) = links::header(&filed.addresses);
            Open {
                message: filed.seq,
                thread: threads.get(&filed.seq).copied().unwrap_or(filed.seq),
                date: filed.date,
                subject: &filed.subject,
                from,
                to,
                facts: &filed.facts,
                sent: Some(sent(filed)),
                references: referred.remove(&filed.seq).unwrap_or_default(),
            }
        })
        .collect()
}

fn sent(filed: &Filed) -> OpenSent<'_> {
    let of = |role| filed.addresses.iter().filter(move |(r, _)| *r == role).map(|(_, address)| address);
    let name = of(AddressRole::From).next().and_then(|from| from.display_name.as_deref());
    OpenSent {
        name: name.unwrap_or_default(),
        sender: of(AddressRole::Sender).next().map(|sender| sender.addr_spec.as_str()),
        reply_to: of(AddressRole::ReplyTo).map(|address| address.addr_spec.as_str()).collect(),
        verdict: &filed.verdict,
    }
}

fn write_mails(
    tx: &Tx<'_>,
    batch: &[Filed],
    messages: &Messages,
    threads: &HashMap<i64, i64>,
    first_change: i64,
) -> Result<()> {
    let mut keys = Rows::new(2, messages.new.len());
    for (key, seq) in &messages.new {
        keys.push(args![key, *seq]);
    }
    tx.bulk(&ADD_MESSAGE, &keys)?;
    let mut mails = Rows::new(8, batch.len());
    let mut heads = Rows::new(5, batch.len());
    for (filed, change) in batch.iter().zip(first_change..) {
        mails.push(args![
            filed.seq,
            change,
            messages.of.get(&filed.seq).copied().unwrap_or(filed.seq),
            threads.get(&filed.seq).copied().unwrap_or(filed.seq),
            filed.date,
            codec::kind_code(filed.verdict.kind),
            filed.attachments,
            filed.defects.len() as u64,
        ]);
        let message_id = filed.message_id.as_ref().map(model::MessageId::as_str);
        heads.push(args![
            filed.seq,
            message_id,
            message_id.map(message_id_hash),
            bounded(&filed.subject, SUBJECT_MAX),
            bounded(&filed.preview, PREVIEW_MAX),
        ]);
    }
    tx.bulk(&FILE, &mails)?;
    tx.bulk(&HEAD, &heads)?;
    Ok(())
}

fn write_details(tx: &Tx<'_>, batch: &[Filed], again: &[i64]) -> Result<()> {
    addresses::write(tx, batch.iter().map(|filed| (filed.seq, filed.addresses.as_slice())), again)?;
    if !again.is_empty() {
        tx.exec(&DROP_PARTS, &[Arg::Ints(again)])?;
    }
    let mut parts = Rows::new(8, batch.len());
    let mut facts = Rows::new(4, batch.len());
    for filed in batch {
        for (part, n) in filed.parts.iter().zip(0_i64..) {
            parts.push(args![
                filed.seq,
                n,
                &part.number,
                part.name.as_ref(),
                &part.content_type,
                part.octets,
                part.sha256.as_ref().map(|sha256| &sha256.0),
                role_code(part.role),
            ]);
        }
        facts.push(args![
            filed.seq,
            codec::VERSION,
            codec::facts_octets(&filed.facts, &filed.defects),
            codec::verdict_octets(&filed.verdict),
        ]);
    }
    invoices::write(tx, batch.iter().map(|filed| (filed.seq, filed.invoices.as_slice())), again)?;
    tx.bulk(&PART, &parts)?;
    tx.bulk(&FACTS, &facts)?;
    Ok(())
}

impl Store {
    /// Files a batch, at most some 500 mails, ascending by `seq`, each once: all of it or nothing. Filing a
    /// mail again replaces what was filed before. New messages are filed under records by `linking`.
    ///
    /// # Errors
    /// `Missing` mail.
    pub fn file_batch(
        &self,
        batch: Vec<Filed>,
        assigner: Arc<dyn ThreadAssigner>,
        linking: Option<Linking>,
    ) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        self.write_batch(move |tx| file(tx, &batch, assigner.as_ref(), linking.as_ref()))
    }
}
