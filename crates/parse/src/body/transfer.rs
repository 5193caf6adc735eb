//! Transfer decoding (RFC 2045 §6), in pieces, so that a large body is never held decoded.

use memchr::{memchr, memchr2};
use model::TransferEncoding;

/// Reads the body of `Content-Transfer-Encoding`. `None` for a word that is not known.
pub(crate) fn encoding(body: &str) -> Option<TransferEncoding> {
    let word = body.split(|c: char| c.is_whitespace() || c == ';' || c == '(').find(|w| !w.is_empty())?;
    let word = word.trim_matches('"').to_ascii_lowercase();
    Some(match word.as_str() {
        "7bit" | "8bit" | "binary" | "7-bit" | "8-bit" | "7bits" | "8bits" => TransferEncoding::Identity,
        "quoted-printable" | "quoted_printable" | "qp" => TransferEncoding::QuotedPrintable,
        "base64" | "base-64" => TransferEncoding::Base64,
        "x-uuencode" | "uuencode" | "x-uue" | "uue" => TransferEncoding::Uuencode,
        _ => return None,
    })
}

/// Octets of the encoded body that are decoded at once.
const PIECE: usize = 64 << 10;

/// Decodes `body` and hands the octets to `sink` in order, in pieces. Stops early if `sink` says false.
///
/// Never fails: what cannot be decoded is left out (base64) or taken as it stands (quoted-printable).
/// Gives false if anything was not as it should be.
pub(crate) fn decode(encoding: TransferEncoding, body: &[u8], mut sink: impl FnMut(&[u8]) -> bool) -> bool {
    match encoding {
        TransferEncoding::Identity => {
            sink(body);
            true
        }
        TransferEncoding::Base64 => {
            let mut state = Base64::default();
            let mut out = Vec::with_capacity(body.len().min(PIECE) / 4 * 3 + 3);
            for piece in body.chunks(PIECE) {
                out.clear();
                state.push(piece, &mut out);
                if !sink(&out) {
                    return state.clean;
                }
            }
            out.clear();
            state.finish(&mut out);
            sink(&out);
            state.clean
        }
        TransferEncoding::QuotedPrintable => by_lines(body, &mut sink, quoted_printable_line),
        TransferEncoding::Uuencode => {
            let mut inside = false;
            by_lines(body, &mut sink, |line, out| uuencode_line(line, &mut inside, out))
        }
    }
}

fn by_lines(
    body: &[u8],
    sink: &mut impl FnMut(&[u8]) -> bool,
    mut decode_line: impl FnMut(&[u8], &mut Vec<u8>) -> bool,
) -> bool {
    let mut out = Vec::with_capacity(body.len().min(PIECE));
    let mut clean = true;
    let mut rest = body;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(memchr(b'\n', rest).map_or(rest.len(), |at| at + 1));
        rest = after;
        clean &= decode_line(line, &mut out);
        if out.len() >= PIECE {
            if !sink(&out) {
                return clean;
            }
            out.clear();
        }
    }
    sink(&out);
    clean
}

/// Decodes the whole body.
pub(crate) fn decode_all(encoding: TransferEncoding, body: &[u8], octets_max: usize) -> Vec<u8> {
    let mut out = Vec::new();
    decode(encoding, body, |piece| {
        let room = octets_max - out.len();
        out.extend_from_slice(&piece[..piece.len().min(room)]);
        piece.len() <= room
    });
    out
}

const INVALID: u8 = 0xff;

static BASE64: [u8; 256] = base64_table();

const fn base64_table() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [INVALID; 256];
    let mut value = 0;
    while value < 64 {
        table[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    table
}

/// Lenient base64: octets outside the alphabet are skipped, padding may stand anywhere or be missing.
struct Base64 {
    /// Up to three sextets not yet given out.
    bits: u32,
    count: u8,
    clean: bool,
}

impl Default for Base64 {
    fn default() -> Self {
        Self { bits: 0, count: 0, clean: true }
    }
}

impl Base64 {
    fn push(&mut self, mut octets: &[u8], out: &mut Vec<u8>) {
        out.reserve(octets.len() / 4 * 3 + 6);
        loop {
            if self.count == 0 {
                octets = whole_groups(octets, out);
            }
            let Some((&c, rest)) = octets.split_first() else { return };
            octets = rest;
            let sextet = BASE64[usize::from(c)];
            if sextet != INVALID {
                self.bits = (self.bits << 6) | u32::from(sextet);
                self.count += 1;
                if self.count == 4 {
                    out.extend_from_slice(&self.bits.to_be_bytes()[1..]);
                    (self.bits, self.count) = (0, 0);
                }
            } else if c == b'=' {
                self.finish(out);
            } else if !c.is_ascii_whitespace() {
                self.clean = false;
            }
        }
    }

    /// Gives out what an unfinished group holds.
    fn finish(&mut self, out: &mut Vec<u8>) {
        match self.count {
            1 => self.clean = false,
            2 => out.push((self.bits >> 4) as u8),
            3 => out.extend_from_slice(&[(self.bits >> 10) as u8, (self.bits >> 2) as u8]),
            _ => {}
        }
        (self.bits, self.count) = (0, 0);
    }
}

/// Decodes groups of four letters until something else comes; gives the rest.
fn whole_groups<'a>(octets: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let (groups, _) = octets.as_chunks::<4>();
    let mut done = 0;
    for group in groups {
        let [a, b, c, d] = group.map(|octet| BASE64[usize::from(octet)]);
        if (a | b | c | d) & 0xc0 != 0 {
            break;
        }
        let bits = (u32::from(a) << 18) | (u32::from(b) << 12) | (u32::from(c) << 6) | u32::from(d);
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
        done += 4;
    }
    &octets[done..]
}

/// Decodes base64 of any size at once, as of an encoded word.
pub(crate) fn base64_decode(octets: &[u8]) -> Vec<u8> {
    let mut state = Base64::default();
    let mut out = Vec::new();
    state.push(octets, &mut out);
    state.finish(&mut out);
    out
}

fn hex(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        _ => None,
    }
}

/// The octet `=XY` stands for, if `rest` begins with `XY`.
fn escaped(rest: &[u8]) -> Option<u8> {
    let [high, low, ..] = rest else { return None };
    Some((hex(*high)? << 4) | hex(*low)?)
}

/// Decodes the "Q" encoding of RFC 2047 §4.2.
pub(crate) fn word_decode(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((&c, after)) = rest.split_first() {
        rest = after;
        match c {
            b'_' => out.push(b' '),
            b'=' => {
                if let Some(octet) = escaped(after) {
                    out.push(octet);
                    rest = &after[2..];
                } else {
                    out.push(b'=');
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Decodes one line of quoted-printable, its end included. A broken escape stands for itself.
fn quoted_printable_line(line: &[u8], out: &mut Vec<u8>) -> bool {
    let end_at = line.len() - line.iter().rev().take_while(|c| matches!(c, b'\r' | b'\n')).count();
    let (content, end) = line.split_at(end_at);
    let mut content = content.trim_ascii_end();
    let soft = !end.is_empty() && content.last() == Some(&b'=');
    if soft || (end.is_empty() && content.last() == Some(&b'=')) {
        content = &content[..content.len() - 1];
    }
    let mut clean = true;
    while let Some(at) = memchr(b'=', content) {
        out.extend_from_slice(&content[..at]);
        if let Some(octet) = escaped(&content[at + 1..]) {
            out.push(octet);
            content = &content[at + 3..];
        } else {
            clean = false;
            out.push(b'=');
            content = &content[at + 1..];
        }
    }
    out.extend_from_slice(content);
    if !soft {
        out.extend_from_slice(end);
    }
    clean
}

/// Decodes one line of uuencode; `inside` tells whether `begin` has been seen.
fn uuencode_line(line: &[u8], inside: &mut bool, out: &mut Vec<u8>) -> bool {
    let line = &line[..memchr2(b'\r', b'\n', line).unwrap_or(line.len())];
    if !*inside {
        *inside = line.starts_with(b"begin ");
        return true;
    }
    if line == b"end" {
        *inside = false;
        return true;
    }
    let Some((&length, groups)) = line.split_first() else { return true };
    let length = usize::from(length.wrapping_sub(32) & 63);
    let from = out.len();
    for group in groups.chunks(4) {
        let sextet = |at: usize| u32::from(group.get(at).map_or(0, |c| c.wrapping_sub(32) & 63));
        let bits = (sextet(0) << 18) | (sextet(1) << 12) | (sextet(2) << 6) | sextet(3);
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    let complete = out.len() >= from + length;
    out.truncate(from + length);
    complete
}
