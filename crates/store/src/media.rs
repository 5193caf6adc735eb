//! Attachments over all mails: which there are in each list, by kind and date, kept by the difference between before and after; and pages
//! of them.

use std::collections::{BTreeSet, HashMap};

use model::{Address, MailId, Scope, UnixMillis};

use crate::addresses::AddressRole;
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::exports::{self, MailAbout};
use crate::filing::NewPart;
use crate::rows;
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Rows, args};

/// What an attachment is, by its media type, otherwise by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A PDF.
    Pdf,
    /// A text, a table, a presentation.
    Document,
    /// Files packed into one.
    Archive,
    /// Anything else.
    Other,
}

impl MediaKind {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 5] = [Self::Image, Self::Pdf, Self::Document, Self::Archive, Self::Other];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Pdf => "pdf",
            Self::Document => "document",
            Self::Archive => "archive",
            Self::Other => "other",
        }
    }
}

/// Which attachments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaFilter {
    /// Of these kinds; empty: all.
    pub kinds: Vec<MediaKind>,
    /// Stands in the file name, whatever its case.
    pub name: Option<String>,
    /// Stands in address or name of an author, whatever its case.
    pub sender: Option<String>,
    /// At least so many octets.
    pub octets_min: u64,
    /// Of mails not before.
    pub from: Option<UnixMillis>,
    /// Of mails before this.
    pub until: Option<UnixMillis>,
}

/// Place of an attachment among all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MediaCursor {
    /// Effective date of its mail.
    pub date: UnixMillis,
    /// Number of the message.
    pub seq: i64,
    /// Number of the part.
    pub part: String,
}

/// An attachment, and the mail it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRow {
    /// Where the next page begins if it is the last one.
    pub cursor: MediaCursor,
    /// What it is.
    pub kind: MediaKind,
    /// Number of the mail it is shown from.
    pub seq: i64,
    /// That mail.
    pub mail_id: MailId,
    /// Its subject; empty if there is none.
    pub subject: String,
    /// Its first author.
    pub from: Option<Address>,
    /// The attachment.
    pub part: NewPart,
    /// Held, or not looked at yet.
    pub held: bool,
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaPage {
    /// Newest mail first.
    pub rows: Vec<MediaRow>,
    /// Where it goes on; there may be rows behind it even if this page is not full.
    pub next: Option<MediaCursor>,
}

/// Entries looked at in one go, and at most for a page.
const PIECE: usize = 400;
const LOOKED_MAX: usize = 8_000;

/// Kind of a part `p`; the same text stands in the migration that made the table.
macro_rules! kind {
    () => {
        "CASE WHEN LOWER(p.content_type) LIKE 'image/%' THEN 0 \
         WHEN LOWER(p.content_type) = 'application/pdf' THEN 1 \
         WHEN LOWER(p.content_type) LIKE 'text/%' OR LOWER(p.content_type) LIKE 'application/vnd.openxmlformats-%' \
         OR LOWER(p.content_type) LIKE 'application/vnd.oasis.opendocument.%' OR LOWER(p.content_type) LIKE 'application/vnd.ms-%' \
         OR LOWER(p.content_type) IN ('application/msword', 'application/rtf') THEN 2 \
         WHEN p.name IS NULL THEN CASE WHEN LOWER(p.content_type) IN ('application/zip', 'application/gzip', 'application/x-7z-compressed', \
         'application/vnd.rar', 'application/x-tar', 'application/zstd') THEN 3 ELSE 4 END \
         WHEN LOWER(p.name) LIKE '%.jpg' OR LOWER(p.name) LIKE '%.jpeg' OR LOWER(p.name) LIKE '%.png' OR LOWER(p.name) LIKE '%.gif' OR LOWER(p.name) LIKE '%.webp' \
         OR LOWER(p.name) LIKE '%.heic' OR LOWER(p.name) LIKE '%.tif' OR LOWER(p.name) LIKE '%.tiff' OR LOWER(p.name) LIKE '%.bmp' THEN 0 \
         WHEN LOWER(p.name) LIKE '%.pdf' THEN 1 \
         WHEN LOWER(p.name) LIKE '%.doc' OR LOWER(p.name) LIKE '%.docx' OR LOWER(p.name) LIKE '%.xls' OR LOWER(p.name) LIKE '%.xlsx' \
         OR LOWER(p.name) LIKE '%.ppt' OR LOWER(p.name) LIKE '%.pptx' OR LOWER(p.name) LIKE '%.odt' OR LOWER(p.name) LIKE '%.ods' \
         OR LOWER(p.name) LIKE '%.odp' OR LOWER(p.name) LIKE '%.rtf' OR LOWER(p.name) LIKE '%.txt' OR LOWER(p.name) LIKE '%.csv' THEN 2 \
         WHEN LOWER(p.content_type) IN ('application/zip', 'application/gzip', 'application/x-7z-compressed', 'application/vnd.rar', \
         'application/x-tar', 'application/zstd') OR LOWER(p.name) LIKE '%.zip' OR LOWER(p.name) LIKE '%.7z' OR LOWER(p.name) LIKE '%.rar' \
         OR LOWER(p.name) LIKE '%.gz' OR LOWER(p.name) LIKE '%.tar' OR LOWER(p.name) LIKE '%.tgz' OR LOWER(p.name) LIKE '%.bz2' \
         OR LOWER(p.name) LIKE '%.xz' OR LOWER(p.name) LIKE '%.zst' THEN 3 ELSE 4 END"
    };
}

statements! {
    KINDS = concat!("SELECT p.seq, p.number, ", kind!(), " FROM parts p WHERE p.seq = ANY($1) AND p.role = 2");
    PUT [Int, Int, Int, Int, Text] = "WITH v(list, kind, date, message_seq, part) AS ({rows}) \
        INSERT INTO media (list, kind, date, message_seq, part) SELECT list, kind, date, message_seq, part FROM v \
        WHERE TRUE ON CONFLICT (list, kind, date, message_seq, part) DO NOTHING";
    DROP [Int, Int, Int, Int, Text] = "WITH v(list, kind, date, message_seq, part) AS ({rows}) DELETE FROM media \
        WHERE (list, kind, date, message_seq, part) IN (SELECT list, kind, date, message_seq, part FROM v)";
    NEWER = "SELECT date, message_seq, part FROM media WHERE list = $1 AND kind = $2 AND date >= $3 AND (date, message_seq, part) < ($4, $5, $6) \
        ORDER BY date DESC, message_seq DESC, part DESC LIMIT $7";
}

/// Number and kind of the attachments of messages.
pub(crate) fn kinds(tx: &Tx<'_>, messages: &[i64]) -> Result<HashMap<i64, Vec<(String, i64)>>> {
    let mut map: HashMap<i64, Vec<(String, i64)>> = HashMap::new();
    for (seq, part, kind) in
        tx.query(&KINDS, &[Arg::Ints(messages)], |row| Ok((row.int(0)?, row.text(1)?, row.int(2)?)))?
    {
        map.entry(seq).or_default().push((part, kind));
    }
    for list in map.values_mut() {
        list.sort_unstable();
    }
    Ok(map)
}

/// List, kind, date, message and part.
pub(crate) type Place = (i64, i64, i64, i64, String);

fn place_rows(places: &BTreeSet<Place>) -> Rows<'_> {
    let mut rows = Rows::new(5, places.len());
    for (list, kind, date, message, part) in places {
        rows.push(args![*list, *kind, *date, *message, part]);
    }
    rows
}

/// Writes the difference.
pub(crate) fn write(tx: &Tx<'_>, gone: &BTreeSet<Place>, new: &BTreeSet<Place>) -> Result<()> {
    tx.bulk(&DROP, &place_rows(gone))?;
    tx.bulk(&PUT, &place_rows(new)).map(drop)
}

/// The entries of one list and one kind, fetched piece by piece.
struct Source {
    list: i64,
    kind: MediaKind,
    fetched: std::collections::VecDeque<MediaCursor>,
    at: MediaCursor,
    piece: usize,
    ended: bool,
}

impl Source {
    fn head(&mut self, tx: &Tx<'_>, from: i64) -> Result<Option<&MediaCursor>> {
        if self.fetched.is_empty() && !self.ended {
            let args = args![
                self.list,
                self.kind as i64,
                from,
                self.at.date,
                self.at.seq,
                &self.at.part,
                self.piece as i64
            ];
            let rows = tx.query(&NEWER, &args, |row| {
                Ok(MediaCursor { date: row.time(0)?, seq: row.int(1)?, part: row.text(2)? })
            })?;
            self.ended = rows.len() < self.piece;
            if let Some(last) = rows.last() {
                self.at = last.clone();
            }
            self.piece = (self.piece * 2).min(PIECE);
            self.fetched = rows.into();
        }
        Ok(self.fetched.front())
    }
}

/// The next entries over all sources, newest first, each once.
fn next(
    tx: &Tx<'_>,
    sources: &mut [Source],
    from: i64,
    count: usize,
) -> Result<Vec<(MediaKind, MediaCursor)>> {
    let mut found = Vec::with_capacity(count);
    while found.len() < count {
        let mut newest: Option<(MediaKind, MediaCursor)> = None;
        for source in sources.iter_mut() {
            let kind = source.kind;
            if let Some(head) = source.head(tx, from)?
                && newest.as_ref().is_none_or(|(_, at)| head > at)
            {
                newest = Some((kind, head.clone()));
            }
        }
        let Some(newest) = newest else { break };
        for source in sources.iter_mut() {
            if source.fetched.front() == Some(&newest.1) {
                source.fetched.pop_front();
            }
        }
        found.push(newest);
    }
    Ok(found)
}

impl MediaFilter {
    fn lets_through(&self, part: &NewPart, about: &MailAbout) -> bool {
        let holds = |wanted: Option<&String>, text: &str| {
            wanted.is_none_or(|wanted| text.to_lowercase().contains(&wanted.trim().to_lowercase()))
        };
        let mut authors = about.addresses.iter().filter(|(role, _)| *role == AddressRole::From);
        let by_sender = self.sender.is_none()
            || authors.any(|(_, author)| {
                let name = author.display_name.as_deref().unwrap_or_default();
                holds(self.sender.as_ref(), &author.addr_spec) || holds(self.sender.as_ref(), name)
            });
        part.octets >= self.octets_min
            && holds(self.name.as_ref(), part.name.as_deref().unwrap_or_default())
            && by_sender
    }
}

impl Store {
    /// A page of attachments that scope and filter let through, behind `after`, at most `limit`. At most some thousand entries are
    /// looked at for it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn media(
        &self,
        scope: &Scope,
        filter: &MediaFilter,
        after: Option<&MediaCursor>,
        limit: usize,
    ) -> Result<MediaPage> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let period = keys.period();
            let until = [filter.until, period.until].into_iter().flatten().min();
            let from = [filter.from, period.from].into_iter().flatten().max().map_or(i64::MIN, |from| from.0);
            let top = MediaCursor {
                date: until.unwrap_or(UnixMillis(i64::MAX)),
                seq: i64::MIN,
                part: String::new(),
            };
            let begin = after.map_or_else(|| top.clone(), |after| after.clone().min(top.clone()));
            let kinds: &[MediaKind] = if filter.kinds.is_empty() { &MediaKind::ALL } else { &filter.kinds };
            let mut sources: Vec<Source> = Vec::new();
            for list in crate::senders::whole_lists(tx, &keys)? {
                sources.extend(kinds.iter().map(|kind| Source {
                    list,
                    kind: *kind,
                    fetched: std::collections::VecDeque::new(),
                    at: begin.clone(),
                    piece: limit.clamp(1, PIECE),
                    ended: false,
                }));
            }
            let mut page = MediaPage::default();
            let mut looked = 0;
            while looked < LOOKED_MAX {
                let piece = next(tx, &mut sources, from, (limit + 1).min(PIECE))?;
                let ended = piece.len() < (limit + 1).min(PIECE);
                looked += piece.len();
                let seqs: BTreeSet<i64> = piece.iter().map(|(_, at)| at.seq).collect();
                let visible = rows::visible(tx, &keys, &seqs.into_iter().collect::<Vec<_>>())?;
                let shown: Vec<i64> = visible.values().map(|visible| visible.shown).collect();
                let about = exports::about(tx, &shown)?;
                for (kind, at) in piece {
                    if page.rows.len() == limit {
                        page.next = page.rows.last().map(|row| row.cursor.clone());
                        return Ok(page);
                    }
                    page.next = Some(at.clone());
                    let Some(seq) = visible.get(&at.seq).map(|visible| visible.shown) else { continue };
                    let Some((about, examined)) = about.get(&seq) else { continue };
                    let Some(part) = about.attachments.iter().find(|part| part.number == at.part) else {
                        continue;
                    };
                    if filter.lets_through(part, about) {
                        let from = about.addresses.iter().find(|(role, _)| *role == AddressRole::From);
                        page.rows.push(MediaRow {
                            kind,
                            seq,
                            mail_id: about.octets.mail_id,
                            subject: about.subject.clone(),
                            from: from.map(|(_, address)| address.clone()),
                            held: exports::any_held(std::slice::from_ref(part), examined),
                            part: part.clone(),
                            cursor: at,
                        });
                    }
                }
                if ended {
                    page.next = None;
                    break;
                }
            }
            Ok(page)
        })
    }
}

impl std::str::FromStr for MediaCursor {
    type Err = StoreError;

    /// What `Display` writes.
    fn from_str(text: &str) -> Result<Self> {
        let mut pieces = text.splitn(3, '_');
        let mut next = || pieces.next().ok_or(StoreError::Unreadable { what: "cursor" });
        let number = |text: &str| text.parse().map_err(|_| StoreError::Unreadable { what: "cursor" });
        Ok(Self { date: UnixMillis(number(next()?)?), seq: number(next()?)?, part: next()?.to_owned() })
    }
}

impl std::fmt::Display for MediaCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}_{}", self.date.0, self.seq, self.part)
    }
}
