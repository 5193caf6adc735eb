//! In the child: a file of Outlook is taken apart, entry by entry.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use model::{Flags, UnixMillis};
use outlook::pst::{Pst, PstError, ReadAt};
use outlook::{Item, MsgError, compose};

use crate::child::limit_processor_time;
use crate::frame::{self, ANSWER_OCTETS_MAX, Answer, NOTHING, VERSION};

/// Memory of the child: a message is in it several times.
pub(crate) const MEMORY_OCTETS: u64 = 2 << 30;
/// Processor time for one message, and for listing all of them.
const ENTRY_SECONDS: u64 = 20;
const LIST_SECONDS: u64 = 600;
/// Files that are one message.
const MESSAGE_OCTETS_MAX: u64 = 512 << 20;
/// Says from which entry on; what comes before has been told by another child.
pub(crate) const FROM: &str = "POSTSTELLE_FROM";

/// Octets on the pipe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Octets(pub(crate) Vec<u8>);

/// What is told of an entry or of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saying {
    /// The child begins with the entry: if it dies, it was this one.
    Begins,
    /// A mail.
    Mail,
    /// No mail; `text` is its class.
    Other,
    /// `text`: what is wrong.
    Damaged,
    TooLarge,
    Encrypted,
    NotMail,
    Unsupported,
    /// `text`: the system's words.
    Unreadable,
}

/// Of an entry, or of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) n: u64,
    pub(crate) folder: String,
    pub(crate) key: String,
    pub(crate) what: Saying,
    pub(crate) text: String,
    pub(crate) received: Option<UnixMillis>,
    pub(crate) flags: Flags,
    pub(crate) octets: Octets,
}

impl Told {
    fn new(n: u64, what: Saying) -> Self {
        Self {
            n,
            folder: String::new(),
            key: String::new(),
            what,
            text: String::new(),
            received: None,
            flags: Flags::default(),
            octets: Octets::default(),
        }
    }

    fn failed(n: u64, error: PstError) -> Self {
        let (what, text) = match error {
            PstError::NotPst => (Saying::NotMail, String::new()),
            PstError::Unsupported => (Saying::Unsupported, String::new()),
            PstError::Encrypted => (Saying::Encrypted, String::new()),
            PstError::Damaged(what) => (Saying::Damaged, what.to_owned()),
            PstError::Unreadable(words) => (Saying::Unreadable, words),
        };
        Self { text, ..Self::new(n, what) }
    }

    fn item(n: u64, item: &Item) -> Self {
        if !item.is_mail() {
            return Self { text: item.class(), ..Self::new(n, Saying::Other) };
        }
        let octets = compose(item);
        // What stands around it in the answer is short.
        if octets.len() + (1 << 20) > ANSWER_OCTETS_MAX {
            return Self::new(n, Saying::TooLarge);
        }
        Self {
            received: item.received_ms().map(UnixMillis),
            flags: Flags {
                seen: item.is_read(),
                answered: item.is_answered(),
                flagged: item.is_flagged(),
                draft: item.is_draft(),
                deleted: false,
            },
            octets: Octets(octets),
            ..Self::new(n, Saying::Mail)
        }
    }
}

/// Tells everything that is in the file.
///
/// # Errors
/// Those of the pipe.
pub(crate) fn unpack(mut file: File, mut to: File) -> io::Result<()> {
    to.write_all(&frame::answer(Answer::Hello, &VERSION))?;
    let from = std::env::var(FROM).ok().and_then(|from| from.parse().ok()).unwrap_or(0);
    limit_processor_time(LIST_SECONDS);
    let mut magic = [0; 4];
    file.seek(SeekFrom::Start(0))?;
    if file.read_exact(&mut magic).is_ok() && &magic == b"!BDN" {
        store(file, from, &mut to)?;
    } else if from == 0 {
        let told = single(&mut file)?;
        to.write_all(&frame::answer(
            if told.what == Saying::Mail { Answer::Entry } else { Answer::File },
            &told,
        ))?;
    }
    to.write_all(&frame::answer(Answer::End, &NOTHING))
}

/// A file that is one message.
fn single(file: &mut File) -> io::Result<Told> {
    if file.metadata()?.len() > MESSAGE_OCTETS_MAX {
        return Ok(Told::new(0, Saying::TooLarge));
    }
    let mut octets = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut octets)?;
    limit_processor_time(ENTRY_SECONDS);
    if let Some(item) = outlook::tnef::read(&octets) {
        return Ok(Told::item(0, &item));
    }
    Ok(match outlook::msg(&octets) {
        Ok(item) => Told::item(0, &item),
        Err(MsgError::NotMsg) => Told::new(0, Saying::NotMail),
        Err(MsgError::Damaged) => Told { text: "compound file".to_owned(), ..Told::new(0, Saying::Damaged) },
    })
}

/// A PST or OST file.
fn store(file: File, from: u64, to: &mut File) -> io::Result<()> {
    let pst = match Pst::open(Shared(file)) {
        Ok(pst) => pst,
        Err(error) => return to.write_all(&frame::answer(Answer::File, &Told::failed(0, error))),
    };
    for at in usize::try_from(from).unwrap_or(usize::MAX)..pst.len() {
        let Some(entry) = pst.entry(at) else { break };
        let n = at as u64;
        let named = |told: Told| Told { folder: entry.folder.clone(), key: entry.node.to_string(), ..told };
        to.write_all(&frame::answer(Answer::Entry, &named(Told::new(n, Saying::Begins))))?;
        limit_processor_time(ENTRY_SECONDS);
        let told = match pst.item(&entry) {
            Ok(item) => Told::item(n, &item),
            Err(error) => Told::failed(n, error),
        };
        to.write_all(&frame::answer(Answer::Entry, &named(told)))?;
    }
    for (at, place) in
        pst.damage().iter().enumerate().skip(usize::try_from(from).unwrap_or(0).saturating_sub(pst.len()))
    {
        let told = Told::failed((pst.len() + at) as u64, PstError::Damaged("page of the tree of nodes"));
        let told = Told { key: format!("page-{place}"), ..told };
        to.write_all(&frame::answer(Answer::Entry, &told))?;
    }
    Ok(())
}

/// The file at any place, without the position it shares with the parent's handle.
struct Shared(File);

impl ReadAt for Shared {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(&self.0, into, at)
    }
}
