//! ZIP archives and what is made of them: OOXML, `OpenDocument`, JAR.
//!
//! Members are found by their local headers, wherever they stand, not by the directory at the end: programs disagree about
//! what a damaged or doubled directory means, and what any of them would unpack is looked at.
//!
//! Source: PKWARE APPNOTE 6.3.10 §4.3.7, §4.4.

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;

use crate::Class;
use crate::content::{Content, content};
use crate::look::{Look, join};

/// Octets of a member that are unpacked to see what it is.
const HEAD_OCTETS: usize = 4096;
/// Octets of a local header before the name.
const HEADER_OCTETS: usize = 30;
/// Longest name taken for one.
const NAME_MAX: usize = 4096;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

struct Member<'a> {
    name: String,
    encrypted: bool,
    method: u16,
    /// From its data to the end of the archive.
    data: &'a [u8],
    /// Packed size, where the header says it.
    packed: usize,
}

/// Members in the order they stand.
fn members(octets: &[u8]) -> impl Iterator<Item = Member<'_>> {
    memmem::find_iter(octets, b"PK\x03\x04").filter_map(|at| member(&octets[at..]))
}

fn member(from: &[u8]) -> Option<Member<'_>> {
    let header = from.get(..HEADER_OCTETS)?;
    let u16_at = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let packed = u32::from_le_bytes([header[18], header[19], header[20], header[21]]);
    let (flags, method) = (u16_at(6), u16_at(8));
    let (name_len, extra_len) = (usize::from(u16_at(26)), usize::from(u16_at(28)));
    if name_len == 0 || name_len > NAME_MAX || header[5] > 3 || method > 99 {
        return None;
    }
    let name = from.get(HEADER_OCTETS..HEADER_OCTETS + name_len)?;
    Some(Member {
        name: String::from_utf8_lossy(name).into_owned(),
        encrypted: flags & 1 != 0,
        method,
        data: from.get(HEADER_OCTETS + name_len + extra_len..).unwrap_or_default(),
        packed: if flags & 8 != 0 || packed == u32::MAX { usize::MAX } else { packed as usize },
    })
}

impl Member<'_> {
    /// At most `octets_max` octets; `None` for methods that are not read here.
    fn unpack(&self, octets_max: usize, look: &mut Look) -> Option<Vec<u8>> {
        let data = &self.data[..self.data.len().min(self.packed)];
        let out = match self.method {
            STORED => data[..data.len().min(octets_max)].to_vec(),
            DEFLATED => inflate(data, octets_max, false),
            _ => return None,
        };
        look.unpacked(out.len());
        Some(out)
    }
}

/// Unpacks deflated octets, as many as are good, at most `octets_max`.
pub(crate) fn inflate(data: &[u8], octets_max: usize, zlib_header: bool) -> Vec<u8> {
    let mut inflater = Decompress::new(zlib_header);
    let mut out: Vec<u8> = Vec::new();
    loop {
        let read = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX).min(data.len());
        let room = octets_max - out.len();
        if room == 0 {
            return out;
        }
        out.reserve_exact(room.min(out.len().max(HEAD_OCTETS)));
        let before = (out.len(), read);
        let limit = out.capacity().min(octets_max);
        let mut piece = vec![0; limit - out.len()];
        let status = inflater.decompress(&data[read..], &mut piece, FlushDecompress::None);
        let made = usize::try_from(inflater.total_out()).unwrap_or(usize::MAX).min(octets_max) - out.len();
        out.extend_from_slice(&piece[..made.min(piece.len())]);
        let after = (out.len(), usize::try_from(inflater.total_in()).unwrap_or(usize::MAX));
        if !matches!(status, Ok(Status::Ok)) || after == before {
            return out;
        }
    }
}

/// Looks at every member.
pub(crate) fn look(octets: &[u8], at: &str, depth: usize, look: &mut Look) {
    // OOXML begins with its table of types, `OpenDocument` and EPUB with their type; parts of documents are not judged by
    // their names.
    let document = members(octets)
        .take(2)
        .any(|member| matches!(member.name.as_str(), "[Content_Types].xml" | "mimetype" | "_rels/.rels"));
    let mut seen = false;
    for member in members(octets) {
        let place = join(at, &member.name);
        if !look.member(&place) {
            return;
        }
        seen = true;
        if member.encrypted {
            let class = if document { Class::EncryptedDocument } else { Class::EncryptedArchive };
            look.add(class, at);
        }
        if document {
            part(&member, &place, depth, look);
        } else {
            entry(&member, at, &place, depth, look);
        }
    }
    if !seen && octets.starts_with(b"PK\x03\x04") {
        look.add(Class::OpaqueArchive, at);
    }
}

fn entry(member: &Member<'_>, at: &str, place: &str, depth: usize, look: &mut Look) {
    if member.name.ends_with('/') {
        return;
    }
    if member.encrypted {
        look.name(&member.name, place);
        return;
    }
    let Some(octets) = whole_or_head(member, place, look) else {
        look.name(&member.name, place);
        look.add(Class::OpaqueArchive, place);
        return;
    };
    look.file(&octets, &member.name, at, depth + 1);
}

/// All of a member that contains others, of any other its beginning.
fn whole_or_head(member: &Member<'_>, place: &str, look: &mut Look) -> Option<Vec<u8>> {
    if look.left() == 0 {
        look.add(Class::Oversized, place);
        return Some(Vec::new());
    }
    let head = member.unpack(HEAD_OCTETS.min(look.left()), look)?;
    let found = content(&head);
    let contains = found.is_container() || found == Content::Rtf;
    if !contains || head.len() < HEAD_OCTETS {
        return Some(head);
    }
    let left = look.left();
    let whole = member.unpack(left, look)?;
    if whole.len() >= left {
        look.add(Class::Oversized, place);
    }
    Some(whole)
}

/// A part of a document.
fn part(member: &Member<'_>, place: &str, depth: usize, look: &mut Look) {
    let name = member.name.to_ascii_lowercase();
    let is_macro = name.ends_with("vbaproject.bin")
        || name.contains("macrosheets/")
        || name.starts_with("basic/")
            && name.as_bytes().ends_with(b".xml")
            && !name.ends_with("-lc.xml")
            && !name.ends_with("-lb.xml")
        || name.starts_with("scripts/") && !name.ends_with('/');
    if is_macro {
        look.add(Class::Macros, place);
    }
    if member.encrypted {
        return;
    }
    let is_object =
        name.contains("embeddings/") || name.contains("activex/") && name.as_bytes().ends_with(b".bin");
    if is_object && let Some(octets) = whole_or_head(member, place, look) {
        look.file(&octets, &member.name, "", depth + 1);
    }
    // A template from elsewhere is loaded, with its macros, when the document is opened.
    if name.ends_with("settings.xml.rels")
        && let Some(octets) = member.unpack((64 << 10).min(look.left()), look)
        && memmem::find(&octets, b"attachedTemplate").is_some()
        && memmem::find(&octets, b"\"External\"").is_some()
    {
        look.add(Class::Embedded, place);
    }
}
