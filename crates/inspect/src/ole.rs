//! Compound files (DOC, XLS, PPT, MSI, MSG, encrypted OOXML) and objects in RTF.
//!
//! Source: [MS-CFB] §2.1–2.6; [MS-XLS] §2.4.28 (`BoundSheet8`), §2.4.117 (`FilePass`); [MS-OXMSG] §2.1.3.

use memchr::memmem;

use crate::Class;
use crate::look::{Look, join};

/// Chains end with a number from here on.
const LAST_SECTOR: u32 = 0xffff_fff0;
/// Octets of a directory entry.
const ENTRY: usize = 128;
/// Class of a Windows Installer database.
const INSTALLER: &[u8] = b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
/// MSG: content of an attachment, its long and its short name.
const ATTACHED: &str = "__substg1.0_37010102";
const ATTACHED_NAMES: [&str; 2] = ["__substg1.0_3707001F", "__substg1.0_3704001F"];

/// Objects in RTF are data of other programs, decoded when the text is shown.
pub(crate) fn rtf(octets: &[u8], at: &str, look: &mut Look) {
    if memmem::find(octets, b"\\objdata").is_some() || memmem::find(octets, b"\\objocx").is_some() {
        look.add(Class::Embedded, at);
    }
}

/// Looks at the streams.
pub(crate) fn look(octets: &[u8], at: &str, depth: usize, look: &mut Look) {
    let Some(file) = Compound::open(octets) else {
        let wide: Vec<u8> = "_VBA_PROJECT".encode_utf16().flat_map(u16::to_le_bytes).collect();
        if memmem::find(octets, &wide).is_some() {
            look.add(Class::Macros, at);
        }
        return;
    };
    if file.root.get(80..96) == Some(INSTALLER) {
        look.add(Class::Program, at);
    }
    for entry in &file.entries {
        let place = join(at, entry.name.trim_matches(|c: char| c.is_control()));
        if !look.member(&place) {
            return;
        }
        match entry.name.as_str() {
            "_VBA_PROJECT" | "_VBA_PROJECT_CUR" | "VBA" | "Macros" => look.add(Class::Macros, at),
            "EncryptedPackage" => look.add(Class::EncryptedDocument, at),
            "\u{1}Ole10Native" => look.add(Class::Embedded, at),
            "Workbook" | "Book" => {
                let left = look.left();
                workbook(&file.stream(entry, left, look), at, look);
            }
            ATTACHED => {
                let left = look.left();
                let inner = file.stream(entry, left, look);
                if inner.len() >= left {
                    look.add(Class::Oversized, at);
                }
                look.file(&inner, "", at, depth + 1);
            }
            name if ATTACHED_NAMES.contains(&name) => {
                let wide = file.stream(entry, 1024, look);
                let units = wide.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
                let name: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect();
                look.name(&name, &join(at, &name));
            }
            _ => {}
        }
    }
}

/// Records of a workbook: type (2), length (2), content.
fn workbook(mut records: &[u8], at: &str, look: &mut Look) {
    const BOUND_SHEET: u16 = 0x85;
    const FILE_PASS: u16 = 0x2f;
    const MACRO_SHEET: u8 = 1;
    while let [t0, t1, l0, l1, rest @ ..] = records {
        let len = usize::from(u16::from_le_bytes([*l0, *l1]));
        let content = rest.get(..len).unwrap_or_default();
        match u16::from_le_bytes([*t0, *t1]) {
            FILE_PASS => look.add(Class::EncryptedDocument, at),
            BOUND_SHEET if content.get(5) == Some(&MACRO_SHEET) => look.add(Class::Macros, at),
            _ => {}
        }
        records = rest.get(len..).unwrap_or_default();
    }
}

struct Entry {
    name: String,
    start: u32,
    size: usize,
}

/// An opened compound file.
struct Compound<'a> {
    octets: &'a [u8],
    shift: u32,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    /// The stream in which small streams lie.
    mini: Vec<u8>,
    cutoff: usize,
    root: Vec<u8>,
    entries: Vec<Entry>,
}

impl<'a> Compound<'a> {
    /// `None` if the structure does not hold together.
    fn open(octets: &'a [u8]) -> Option<Self> {
        let shift = u32::from(u16::from_le_bytes([*octets.get(30)?, *octets.get(31)?]));
        if shift != 9 && shift != 12 {
            return None;
        }
        let at = |at: usize| word(octets, at);
        let mut file = Self {
            octets,
            shift,
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini: Vec::new(),
            cutoff: at(56)? as usize,
            root: Vec::new(),
            entries: Vec::new(),
        };
        file.fat = file.read_fat(at(68)?);
        let directory = file.chain(at(48)?, usize::MAX);
        let entries: Vec<&[u8]> = directory.chunks_exact(ENTRY).collect();
        file.root = entries.first()?.to_vec();
        file.mini_fat = words(&file.chain(at(60)?, usize::MAX));
        file.mini = file.chain(word(&file.root, 116)?, word(&file.root, 120)? as usize);
        file.entries = entries.iter().filter_map(|octets| entry(octets)).collect();
        Some(file)
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        let start = (number as usize).checked_add(1)?.checked_mul(1 << self.shift)?;
        let end = start.checked_add(1 << self.shift)?.min(self.octets.len());
        self.octets.get(start..end)
    }

    /// More sectors than octets hold are a loop.
    const fn sectors_max(&self) -> usize {
        (self.octets.len() >> self.shift) + 1
    }

    fn read_fat(&self, first_list: u32) -> Vec<u32> {
        let mut fat = Vec::new();
        let mut add = |sector: u32| {
            if sector < LAST_SECTOR
                && fat.len() < self.sectors_max() + (1 << self.shift)
                && let Some(octets) = self.sector(sector)
            {
                fat.extend(words(octets));
            }
        };
        words(self.octets.get(76..512).unwrap_or_default()).into_iter().for_each(&mut add);
        let mut list = first_list;
        for _ in 0..self.sectors_max() {
            let Some(octets) = self.sector(list).filter(|_| list < LAST_SECTOR) else { break };
            let mut numbers = words(octets);
            let next = numbers.pop();
            numbers.into_iter().for_each(&mut add);
            list = next.unwrap_or(LAST_SECTOR);
        }
        fat
    }

    fn chain(&self, start: u32, octets_max: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut sector = start;
        for _ in 0..self.sectors_max() {
            let Some(octets) = self.sector(sector).filter(|_| sector < LAST_SECTOR) else { break };
            out.extend_from_slice(octets);
            if out.len() >= octets_max {
                break;
            }
            sector = self.fat.get(sector as usize).copied().unwrap_or(LAST_SECTOR);
        }
        out.truncate(octets_max);
        out
    }

    fn stream(&self, entry: &Entry, octets_max: usize, look: &mut Look) -> Vec<u8> {
        const MINI_SHIFT: usize = 6;
        let len = entry.size.min(octets_max);
        let mut out = Vec::new();
        if entry.size >= self.cutoff {
            out = self.chain(entry.start, len);
        } else {
            let mut sector = entry.start;
            while out.len() < len && sector < LAST_SECTOR {
                let start = (sector as usize) << MINI_SHIFT;
                let Some(octets) = self.mini.get(start..start + (1 << MINI_SHIFT)) else { break };
                out.extend_from_slice(octets);
                sector = self.mini_fat.get(sector as usize).copied().unwrap_or(LAST_SECTOR);
            }
            out.truncate(len);
        }
        look.unpacked(out.len());
        out
    }
}

fn entry(octets: &[u8]) -> Option<Entry> {
    let len = usize::from(u16::from_le_bytes([octets[64], octets[65]])).checked_sub(2)?;
    // 1: a storage, 2: a stream.
    if !matches!(octets[66], 1 | 2) {
        return None;
    }
    let units = octets.get(..len.min(64))?.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
    let name = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect();
    Some(Entry { name, start: word(octets, 116)?, size: word(octets, 120)? as usize })
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..at + 4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

fn words(octets: &[u8]) -> Vec<u32> {
    octets.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}
