//! Reads mail out of files and folders, in one pass, in a fixed order, each octet as it stands in the file.
//!
//! | path | becomes |
//! | --- | --- |
//! | `*.eml`, a file in `cur` or `new` | one mail with exactly its octets, a leading `From ` line included |
//! | `-` | standard input: one mail with exactly its octets |
//! | `@LIST` | the paths in the file LIST, one a line, relative to the working directory |
//! | a folder | all its files, dot folders too, `tmp` of a Maildir not, each inode once, sorted by path bytewise |
//! | `*.emlx` | a mail of Apple Mail: the octets its first line counts |
//! | any other file | by content: mbox, gzip, zstd, ZIP, tar (and these in one another, see [`Limits`]), a single mail |
//! | PST, OST, MSG, TNEF | mails made from what they hold, by who stands behind [`Options::convert`] |
//!
//! What is none of these is reported as [`Item::Failed`] with its [`Reason`], and the walk goes on. Index files that
//! belong to a Maildir, to Thunderbird or to Apple Mail are [`Item::Excluded`]: nobody takes them for mail. So are mails
//! that Thunderbird has deleted and not yet cut out of an mbox, and contacts, tasks and the like of Outlook.
//!
//! **mbox.** A mail begins behind its `From ` line and ends before the empty line that precedes the next one; line ends
//! stay as they are. A `Content-Length` is believed where a mail (or the end) stands at the place it points to. What
//! quoting is undone is decided for the whole file by what it shows:
//!
//! - mboxcl2 (lengths are right and bodies hold bare `From ` lines): nothing is quoted, nothing is undone.
//! - mboxrd (and mboxo, as long as both mean the same): `>From `, `>>From `, … each lose one.
//! - mboxo and mboxcl, known by `>From ` among lines that begin with `>` as well, which mboxrd would have made
//!   `>>From `: only `>From ` loses its `>`, and not where it stands among such lines: there it is real.
//! - A writer that left bare `From ` lines within paragraphs quotes only behind empty lines, and is undone only there;
//!   one that left them behind empty lines, too, quotes only what looks like a separator.
//!
//! Undone means: the line loses one `>`. Everything else stays, header sections and `Content-Length` fields included.

mod apple;
mod archives;
mod convert;
mod folder;
mod maildir;
mod mbox;
mod reason;
mod sniff;
mod stock;
mod tar;
mod thunderbird;
mod walker;
mod zip;

use std::io::Read;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use model::{Flags, UnixMillis};

pub use convert::{Convert, Converted, ConvertedWhat};
pub use folder::{Found, each_file, measure};
pub use reason::Reason;

/// A mail up to this size is handed over in one piece.
pub const SMALL_OCTETS: u64 = 1 << 20;

/// What to import, and how it is called.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path in the file system; `-` and `@LIST` have their meanings only while `name` is `None`.
    pub path: PathBuf,
    /// Name that stands for the path in rules (`*.eml`), locators and messages; for uploads, whose path on disk is
    /// not the name they were given.
    pub name: Option<String>,
}

impl<P: Into<PathBuf>> From<P> for Source {
    fn from(path: P) -> Self {
        Self { path: path.into(), name: None }
    }
}

/// Bounds against archives made to harm. They hold for one file on disk with all that is inside it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Octets that may come out of it.
    pub expanded_octets_max: u64,
    /// Octets out for each octet in, counted once `ratio_free_octets` have come out.
    pub ratio_max: u64,
    /// Octets that may come out whatever the ratio.
    pub ratio_free_octets: u64,
    /// Members, and mails of an mbox.
    pub entries_max: u64,
    /// ZIP or tar inside ZIP or tar: 1 = one level.
    pub nesting_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            expanded_octets_max: 256 << 30,
            ratio_max: 200,
            ratio_free_octets: 256 << 20,
            entries_max: 5_000_000,
            nesting_max: 1,
        }
    }
}

/// How to walk.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Relative paths (and those in lists) are resolved against it; `None`: the working directory of the process.
    pub directory: Option<PathBuf>,
    /// Folder for members of archives that must be read twice; such files have no name there and vanish with the
    /// process. `None`: the system's.
    pub scratch: Option<PathBuf>,
    /// Takes files of Outlook apart; `None`: they are [`Reason::Unsupported`].
    pub convert: Option<Arc<dyn Convert>>,
    /// Bounds on archives.
    pub limits: Limits,
    /// A pipe given by its path (`/dev/stdin`, a shell's `<(…)`) is a file, for who reads files once from front to back.
    pub pipes: bool,
}

/// What a walk finds, in order.
#[non_exhaustive]
pub enum Item<'a> {
    /// A mail.
    Mail(Mail<'a>),
    /// Something that is no mail, or could not be read.
    Failed(Failed),
    /// A file that by its place and name is known to hold no mail.
    Excluded(Excluded),
    /// A file is done; comes after its items.
    Progress(Progress),
}

/// A mail and what its place says of it.
pub struct Mail<'a> {
    /// Path as given or found, with `/member` and `#n` (from 1) for what is inside a file. Octets that are no UTF-8 are
    /// written `\xHH`.
    pub path: String,
    /// The same relative to what was imported: the folder given, or the file's own name. For
    /// [`model::Position::File`]. Not an identity by itself: at the next import other octets may stand there.
    pub locator: String,
    /// Folder relative to the import, parts joined by `/`; an mbox counts as a folder. `INBOX` for a Maildir's own
    /// `cur` and `new`, empty for files directly in the import.
    pub mailbox: String,
    /// File time of a mail in a Maildir, date of an mbox `From ` line (taken as UTC if it names no zone).
    pub received: Option<UnixMillis>,
    /// Maildir flags, or the `Status` fields of an mbox.
    pub flags: Flags,
    /// What is to be known of it: `converted` (its octets were made from another format), `incomplete` (its program has
    /// taken attachments out), or nothing.
    pub note: &'static str,
    /// The mail itself.
    pub octets: Octets<'a>,
}

/// Octets of a mail.
pub enum Octets<'a> {
    /// Whole; at most [`SMALL_OCTETS`].
    Small(Vec<u8>),
    /// To be read to its end within the callback. If reading fails, the mail is to be dropped: the walk reports it as
    /// [`Item::Failed`] afterwards. What is left unread is skipped.
    Large(&'a mut dyn Read),
}

/// What could not become a mail.
#[derive(Debug)]
pub struct Failed {
    /// As [`Mail::path`].
    pub path: String,
    /// As [`Mail::locator`].
    pub locator: String,
    /// Why.
    pub reason: Reason,
}

/// What was left out, by rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excluded {
    /// As [`Mail::path`].
    pub path: String,
    /// As [`Mail::locator`].
    pub locator: String,
    /// Stable name of the rule, such as `maildir index`.
    pub rule: &'static str,
    /// Message class of an `outlook item`; empty otherwise.
    pub detail: String,
}

/// How far the walk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files on disk done.
    pub files: u64,
    /// Their octets on disk. [`measure`] gives what it will be in the end.
    pub octets: u64,
}

/// Walks the sources in the order given and hands over what it finds.
///
/// `stdin` is read for the source `-` only. Gives `Break` if the callback did; nothing is read after that.
pub fn walk(
    sources: &[Source],
    stdin: &mut dyn Read,
    options: &Options,
    on_item: &mut dyn FnMut(Item<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    walker::Walker::new(options, on_item).sources(sources, stdin)
}

#[cfg(test)]
mod tests;
