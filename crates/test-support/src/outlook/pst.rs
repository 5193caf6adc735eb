//! PST files in their three forms.

use std::io::Read as _;

use super::{Made, Property, Value, of_attachment};

/// How data blocks are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crypt {
    /// As they are.
    None,
    /// `NDB_CRYPT_PERMUTE`, as Outlook does by default.
    Permute(&'static [u8; 256]),
}

/// Which form a file has ([MS-PST] §2.2.2.6; that with large pages is known from files of Outlook 2013 and later).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Outlook 97 to 2002: places of 4 octets, texts in Windows-1252.
    Ansi,
    /// Outlook 2003 and later.
    Unicode,
    /// The same with pages of 4,096 octets, and data blocks compressed by zlib.
    Large,
}

/// A folder with messages.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// Its name.
    pub name: String,
    /// Messages in it.
    pub items: Vec<Made>,
    /// Folders in it.
    pub folders: Vec<Folder>,
}

const BLOCK_OCTETS: usize = 8176;
/// Longer values lie in nodes of their own.
const HEAP_VALUE_OCTETS: usize = 3580;
const ROOT: u32 = 0x122;
const TOP: u32 = 0x8022;

/// Writes a file with these folders.
pub fn pst(folders: &[Folder], crypt: Crypt) -> Vec<u8> {
    pst_as(Form::Unicode, folders, crypt)
}

/// Writes a file of this form.
pub fn pst_as(form: Form, folders: &[Folder], crypt: Crypt) -> Vec<u8> {
    let mut writer = Writer {
        octets: vec![0; 0x4600],
        form,
        crypt,
        blocks: Vec::new(),
        nodes: Vec::new(),
        next: 1,
        folder: 0x402,
        message: 0x10001,
    };
    let entry = |node: u32| {
        let mut entry = vec![0; 4];
        entry.extend_from_slice(&[0x5a; 16]);
        entry.extend_from_slice(&node.to_le_bytes());
        entry
    };
    let store = vec![
        (0x0ff9, Value::Binary(vec![0x5a; 16])),
        (0x3001, Value::Text("Test".to_owned())),
        (0x35e0, Value::Binary(entry(TOP))),
        (0x35e3, Value::Binary(entry(TOP))),
        (0x35e7, Value::Binary(entry(TOP))),
    ];
    writer.node_of(0x21, 0, &store);
    writer.node_of(ROOT, ROOT, &of_folder("", true, 0));
    writer.node_of(TOP, ROOT, &of_folder("Top of Personal Folders", true, 0));
    for folder in folders {
        writer.write_folder(folder, TOP);
    }
    writer.finish()
}

fn of_folder(name: &str, has_folders: bool, items: usize) -> Vec<Property> {
    vec![
        (0x3001, Value::Text(name.to_owned())),
        (0x3602, Value::Int(items as i32)),
        (0x3603, Value::Int(0)),
        (0x360a, Value::Int(i32::from(has_folders))),
    ]
}

struct Writer {
    octets: Vec<u8>,
    form: Form,
    crypt: Crypt,
    /// Id, place, octets, and before compression.
    blocks: Vec<(u64, u64, u16, u16)>,
    /// Id, data, inner nodes, parent.
    nodes: Vec<(u32, u64, u64, u32)>,
    next: u64,
    folder: u32,
    message: u32,
}

/// A node inside another: id, data, inner nodes.
type Inner = (u32, u64, u64);

impl Writer {
    /// A number of a block, or a place.
    fn word(&self, value: u64) -> Vec<u8> {
        let octets = value.to_le_bytes();
        octets[..if self.form == Form::Ansi { 4 } else { 8 }].to_vec()
    }

    /// Type and octets of a value.
    fn value(&self, value: &Value) -> (u16, Vec<u8>) {
        match value {
            Value::Text(text) if self.form == Form::Ansi => (0x001e, windows_1252(text)),
            value => (value.kind(), value.octets()),
        }
    }

    fn write_folder(&mut self, folder: &Folder, parent: u32) {
        let node = self.folder << 5 | 2;
        self.folder += 1;
        self.node_of(node, parent, &of_folder(&folder.name, !folder.folders.is_empty(), folder.items.len()));
        for item in &folder.items {
            let id = self.message << 5 | 4;
            self.message += 1;
            let (data, inner) = self.item(item);
            self.nodes.push((id, data, inner, node));
        }
        for inner in &folder.folders {
            self.write_folder(inner, node);
        }
    }

    fn node_of(&mut self, node: u32, parent: u32, properties: &[Property]) {
        let mut inner = Vec::new();
        let data = self.properties(properties, None, &mut inner);
        let inner = self.inner(inner);
        self.nodes.push((node, data, inner, parent));
    }

    fn item(&mut self, item: &Made) -> (u64, u64) {
        let mut inner = Vec::new();
        let data = self.properties(&item.properties, None, &mut inner);
        let recipients = self.recipients(&item.recipients);
        inner.push((0x692, recipients, 0));
        for (number, (name, octets)) in item.files.iter().enumerate() {
            let mut properties = of_attachment(name, 1);
            properties.push((0x3701, Value::Binary(octets.clone())));
            properties.sort_by_key(|(id, _)| *id);
            let mut inside = Vec::new();
            let data = self.properties(&properties, None, &mut inside);
            let inside = self.inner(inside);
            inner.push(((0x400 + number as u32) << 5 | 5, data, inside));
        }
        for (number, embedded) in item.items.iter().enumerate() {
            let (embedded_data, embedded_inner) = self.item(embedded);
            let node = 0x10 << 5 | 4;
            let mut inside = vec![(node, embedded_data, embedded_inner)];
            let data = self.properties(&of_attachment("mail", 5), Some(node), &mut inside);
            let inside = self.inner(inside);
            inner.push(((0x500 + number as u32) << 5 | 5, data, inside));
        }
        (data, self.inner(inner))
    }

    /// A property context; `object`: the node of `PidTagAttachDataObject`.
    fn properties(&mut self, properties: &[Property], object: Option<u32>, inner: &mut Vec<Inner>) -> u64 {
        let mut rows: Vec<(u16, u16, [u8; 4])> = Vec::new();
        let mut heap = vec![Vec::new(), Vec::new()];
        for (id, value) in properties {
            let (kind, octets) = self.value(value);
            let cell = match value {
                Value::Int(value) => value.to_le_bytes(),
                _ => self.cell(octets, &mut heap, inner),
            };
            rows.push((*id, kind, cell));
        }
        if let Some(node) = object {
            let octets = [node.to_le_bytes(), [0; 4]].concat();
            rows.push((0x3701, 0x000d, self.cell(octets, &mut heap, inner)));
        }
        rows.sort_by_key(|(id, ..)| *id);
        heap[0] = [&[0xb5, 2, 6, 0][..], &0x40_u32.to_le_bytes()].concat();
        for (id, kind, cell) in rows {
            heap[1].extend_from_slice(&id.to_le_bytes());
            heap[1].extend_from_slice(&kind.to_le_bytes());
            heap[1].extend_from_slice(&cell);
        }
        let octets = heap_of(0xbc, &heap);
        self.data(&octets)
    }

    /// Puts a value into the heap or a node; gives its id.
    fn cell(&mut self, octets: Vec<u8>, heap: &mut Vec<Vec<u8>>, inner: &mut Vec<Inner>) -> [u8; 4] {
        if octets.is_empty() {
            return [0; 4];
        }
        let used: usize = heap.iter().map(|value| value.len() + 2).sum();
        if octets.len() <= HEAP_VALUE_OCTETS && used + octets.len() < 6000 {
            heap.push(octets);
            return ((heap.len() as u32) << 5).to_le_bytes();
        }
        let node = (0x700 + inner.len() as u32) << 5 | 0x1f;
        let data = self.data(&octets);
        inner.push((node, data, 0));
        node.to_le_bytes()
    }

    /// A table context of recipients.
    fn recipients(&mut self, recipients: &[Vec<Property>]) -> u64 {
        // Tag, place in the row.
        let columns: [(u32, u16); 7] = [
            (0x0c15_0003, 8),
            (0x3001_001f, 12),
            (0x3002_001f, 16),
            (0x3003_001f, 20),
            (0x39fe_001f, 24),
            (0x67f2_0003, 0),
            (0x67f3_0003, 4),
        ];
        let mut heap = vec![Vec::new(); 4];
        let mut info = vec![0x7c, columns.len() as u8];
        for end in [28_u16, 28, 28, 29] {
            info.extend_from_slice(&end.to_le_bytes());
        }
        info.extend_from_slice(&0x40_u32.to_le_bytes());
        info.extend_from_slice(&0x80_u32.to_le_bytes());
        info.extend_from_slice(&0_u32.to_le_bytes());
        let bits = [2_u8, 3, 4, 5, 6, 0, 1];
        for ((tag, at), bit) in columns.iter().zip(bits) {
            let is_text8 = self.form == Form::Ansi && tag & 0xffff == 0x001f;
            info.extend_from_slice(&(tag - u32::from(is_text8)).to_le_bytes());
            info.extend_from_slice(&at.to_le_bytes());
            info.extend_from_slice(&[4, bit]);
        }
        heap[0] = info;
        heap[1] = [&[0xb5, 4, 4, 0][..], &0x60_u32.to_le_bytes()].concat();
        for (number, recipient) in recipients.iter().enumerate() {
            heap[2].extend_from_slice(&(number as u32).to_le_bytes());
            heap[2].extend_from_slice(&(number as u32).to_le_bytes());
            let mut row = [0; 29];
            row[..4].copy_from_slice(&(number as u32).to_le_bytes());
            row[28] = 0b1100_0000;
            for (id, value) in recipient {
                let place = columns.iter().zip(bits).find(|((tag, _), _)| tag >> 16 == u32::from(*id));
                let Some(((_, at), bit)) = place else { continue };
                let cell = if let Value::Int(value) = value {
                    value.to_le_bytes()
                } else {
                    heap.push(self.value(value).1);
                    ((heap.len() as u32) << 5).to_le_bytes()
                };
                row[usize::from(*at)..usize::from(*at) + 4].copy_from_slice(&cell);
                row[28] |= 0x80 >> bit;
            }
            heap[3].extend_from_slice(&row);
        }
        let octets = heap_of(0x7c, &heap);
        self.data(&octets)
    }

    /// A tree of inner nodes; 0 for none.
    fn inner(&mut self, mut inner: Vec<Inner>) -> u64 {
        if inner.is_empty() {
            return 0;
        }
        inner.sort_unstable();
        let mut octets = vec![2, 0];
        octets.extend_from_slice(&(inner.len() as u16).to_le_bytes());
        if self.form != Form::Ansi {
            octets.extend_from_slice(&[0; 4]);
        }
        for (node, data, below) in inner {
            octets.extend([u64::from(node), data, below].map(|value| self.word(value)).concat());
        }
        self.block(&octets, true)
    }

    /// Data in as many blocks as it takes.
    fn data(&mut self, octets: &[u8]) -> u64 {
        if octets.len() <= BLOCK_OCTETS {
            return self.block(octets, false);
        }
        let ids: Vec<u64> = octets.chunks(BLOCK_OCTETS).map(|chunk| self.block(chunk, false)).collect();
        let mut tree = vec![1, 1];
        tree.extend_from_slice(&(ids.len() as u16).to_le_bytes());
        tree.extend_from_slice(&(octets.len() as u32).to_le_bytes());
        tree.extend(ids.iter().flat_map(|id| self.word(*id)));
        self.block(&tree, true)
    }

    fn block(&mut self, octets: &[u8], is_internal: bool) -> u64 {
        let id = self.next << 2 | if is_internal { 2 } else { 0 };
        self.next += 1;
        let mut octets = octets.to_vec();
        if let (Crypt::Permute(table), false) = (self.crypt, is_internal) {
            for octet in &mut octets {
                *octet = table[usize::from(*octet)];
            }
        }
        let inflated = octets.len() as u16;
        if self.form == Form::Large && !is_internal {
            // As Outlook does, where it is worth it.
            let packed = compressed(&octets);
            octets = if packed.len() < octets.len() { packed } else { octets };
        }
        let (trailer, unit) = match self.form {
            Form::Ansi => (12, 64),
            Form::Unicode => (16, 64),
            Form::Large => (24, 512),
        };
        let at = self.octets.len().next_multiple_of(unit);
        self.octets.resize(at, 0);
        self.blocks.push((id, at as u64, octets.len() as u16, inflated));
        let end = (octets.len() + trailer).next_multiple_of(unit);
        self.octets.extend_from_slice(&octets);
        self.octets.resize(at + end - trailer, 0);
        self.octets.extend_from_slice(&(octets.len() as u16).to_le_bytes());
        self.sign(at as u64, id, crc(&octets));
        self.octets.resize(at + end, 0);
        id
    }

    /// The end of a trailer: signature, number and sum.
    fn sign(&mut self, at: u64, id: u64, sum: u32) {
        self.octets.extend_from_slice(&signature(at, id).to_le_bytes());
        let (id, sum) = (self.word(id), sum.to_le_bytes().to_vec());
        self.octets.extend(if self.form == Form::Ansi { [id, sum] } else { [sum, id] }.concat());
    }

    /// Octets of a page, and of the entries in it.
    const fn sizes(&self) -> (usize, usize) {
        match self.form {
            Form::Ansi => (512, 496),
            Form::Unicode => (512, 488),
            Form::Large => (4096, 4056),
        }
    }

    fn page(&mut self, kind: u8, entries: &[Vec<u8>], entry_octets: u8, level: u8) -> (u64, u64) {
        let (octets, room) = self.sizes();
        let at = self.octets.len().next_multiple_of(octets);
        self.octets.resize(at, 0);
        let id = self.next << 2 | 2;
        self.next += 1;
        let mut page = entries.concat();
        page.resize(room, 0);
        let (count, most) = (entries.len() as u16, (room / usize::from(entry_octets)) as u16);
        if self.form == Form::Large {
            page.extend([count.to_le_bytes(), most.to_le_bytes(), [entry_octets, level]].concat());
            page.resize(4072, 0);
        } else {
            page.extend_from_slice(&[count as u8, most as u8, entry_octets, level]);
            page.resize(if self.form == Form::Ansi { 500 } else { 496 }, 0);
        }
        let sum = crc(&page);
        self.octets.extend_from_slice(&page);
        self.octets.extend_from_slice(&[kind, kind]);
        self.sign(at as u64, id, sum);
        self.octets.resize(at + octets, 0);
        (id, at as u64)
    }

    /// A tree of pages over sorted entries that begin with their keys; gives the id and place of the first page.
    fn tree(&mut self, kind: u8, mut entries: Vec<Vec<u8>>) -> (u64, u64) {
        let room = self.sizes().1;
        let word = self.word(0).len();
        let mut level = 0;
        loop {
            let octets = entries[0].len();
            let chunks: Vec<Vec<Vec<u8>>> = entries.chunks(room / octets).map(<[Vec<u8>]>::to_vec).collect();
            let mut above = Vec::new();
            for chunk in &chunks {
                let (id, at) = self.page(kind, chunk, octets as u8, level);
                if chunks.len() == 1 {
                    return (id, at);
                }
                above.push([chunk[0][..word].to_vec(), self.word(id), self.word(at)].concat());
            }
            entries = above;
            level += 1;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.nodes.sort_unstable();
        let padding = if self.form == Form::Ansi { 0 } else { 4 };
        let node = |(id, data, inner, parent): &(u32, u64, u64, u32)| {
            let mut entry = [u64::from(*id), *data, *inner].map(|value| self.word(value)).concat();
            entry.extend_from_slice(&parent.to_le_bytes());
            entry.resize(entry.len() + padding, 0);
            entry
        };
        let nodes = self.nodes.iter().map(node).collect();
        self.blocks.sort_unstable();
        let block = |(id, at, octets, inflated): &(u64, u64, u16, u16)| {
            let mut entry = [self.word(*id), self.word(*at), octets.to_le_bytes().to_vec()].concat();
            if self.form == Form::Large {
                entry.extend_from_slice(&inflated.to_le_bytes());
            }
            entry.extend_from_slice(&2_u16.to_le_bytes());
            entry.resize(entry.len().next_multiple_of(4 + padding), 0);
            entry
        };
        let blocks = self.blocks.iter().map(block).collect();
        let nodes = self.tree(0x81, nodes);
        let blocks = self.tree(0x80, blocks);
        let end = self.octets.len() as u64;
        let mut header = vec![0; 564];
        header[..4].copy_from_slice(b"!BDN");
        header[8..10].copy_from_slice(b"SM");
        header[10] = match self.form {
            Form::Ansi => 15,
            Form::Unicode => 23,
            Form::Large => 36,
        };
        header[12] = 19;
        header[14..16].copy_from_slice(&[1, 1]);
        let (places, maps, crypt) = if self.form == Form::Ansi {
            ([168, 184, 188, 192, 196], 204, 460)
        } else {
            ([184, 216, 224, 232, 240], 256, 512)
        };
        for (at, value) in places.into_iter().zip([end, nodes.0, nodes.1, blocks.0, blocks.1]) {
            let value = self.word(value);
            header[at..at + value.len()].copy_from_slice(&value);
        }
        header[maps - if self.form == Form::Ansi { 4 } else { 8 }] = 2;
        header[maps..maps + 256].fill(0xff);
        header[crypt] = 0x80;
        header[crypt + 1] = u8::from(self.crypt != Crypt::None);
        let (partial, full) = (crc(&header[8..8 + 471]), crc(&header[8..8 + 516]));
        header[4..8].copy_from_slice(&partial.to_le_bytes());
        header[524..528].copy_from_slice(&full.to_le_bytes());
        self.octets[..564].copy_from_slice(&header);
        self.octets
    }
}

fn windows_1252(text: &str) -> Vec<u8> {
    let octet = |c: char| if c == '\u{20ac}' { 0x80 } else { u8::try_from(u32::from(c)).unwrap_or(b'?') };
    text.chars().map(octet).collect()
}

/// By zlib (RFC 1950).
fn compressed(octets: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::read::ZlibEncoder::new(octets, flate2::Compression::default());
    let mut out = Vec::new();
    encoder.read_to_end(&mut out).expect("memory is read");
    out
}

/// A heap in one block.
fn heap_of(kind: u8, values: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = vec![0; 12];
    let mut places = vec![12_u16];
    for value in values {
        octets.extend_from_slice(value);
        places.push(octets.len() as u16);
    }
    octets.resize(octets.len().next_multiple_of(2), 0);
    let map = octets.len() as u16;
    octets[..2].copy_from_slice(&map.to_le_bytes());
    octets[2] = 0xec;
    octets[3] = kind;
    octets[4..8].copy_from_slice(&0x20_u32.to_le_bytes());
    octets.extend_from_slice(&(values.len() as u16).to_le_bytes());
    octets.extend_from_slice(&0_u16.to_le_bytes());
    for place in places {
        octets.extend_from_slice(&place.to_le_bytes());
    }
    octets
}

fn signature(at: u64, id: u64) -> u16 {
    let mixed = (at ^ id) as u32;
    (mixed >> 16) as u16 ^ mixed as u16
}

/// CRC-32 without the usual inversions ([MS-PST] §5.3).
fn crc(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |sum, octet| {
        (0..8).fold(sum ^ u32::from(*octet), |sum, _| sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}
