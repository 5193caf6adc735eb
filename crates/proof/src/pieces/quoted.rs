//! Quoted-printable as most mailers write it (RFC 2045 §6.7): each line as full as it may be.

use crate::Defect;
use crate::octets::{Octets, push_varint};

use super::end_of;

const BIT_LF: u64 = 1;
const BIT_TIGHT: u64 = 2;
/// Characters of a line of the mail, `=` at its end included.
const LINE_MIN: u16 = 20;
const LINE_MAX: u16 = 996;
/// Where no line was broken nobody knows how long one may be.
const LINE_USUAL: u16 = 76;
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// How a mailer writes quoted-printable. Encoded are `=`, controls but the tab, what is beyond ASCII, blanks and tabs at the end of a
/// line, and `also`; a line is broken where the next character would not leave room for `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quoted {
    /// Characters of a line at most, 20 to 996.
    pub line: u16,
    /// Lines end with LF, otherwise with CRLF, in the mail and decoded.
    pub lf: bool,
    /// Room for `=` is left at the end of a text line too.
    pub tight: bool,
    /// Further ASCII characters that are encoded, one bit each.
    pub also: u128,
    /// Octets in the mail.
    pub encoded: u64,
}

impl Quoted {
    /// What these lines of a mail may have been written with, the likeliest first.
    pub(super) fn of(text: &[u8], lf: bool) -> impl Iterator<Item = Self> + use<> {
        let (mut longest, mut also) = (0, 0);
        for line in text.split(|octet| *octet == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.last() == Some(&b'=') {
                longest = longest.max(line.len());
            }
            let mut at = 0;
            while let Some(next) = memchr::memchr(b'=', &line[at..]) {
                at += next + 1;
                let Some(octet) = line.get(at..at + 2).and_then(octet_of) else { break };
                at += 2;
                if !must(octet) && (at < line.len() || !is_blank(octet)) {
                    also |= 1 << octet;
                }
            }
        }
        // Two more characters may have had room where the next one needed three.
        let longest = if longest == 0 { LINE_USUAL } else { u16::try_from(longest).unwrap_or(u16::MAX) };
        let mut lines = [longest, longest.saturating_add(1), longest.saturating_add(2)];
        lines.sort_by_key(|line| *line != LINE_USUAL);
        let lines = lines.into_iter().filter(|line| (LINE_MIN..=LINE_MAX).contains(line));
        lines.flat_map(move |line| [false, true].map(|tight| Self { line, lf, tight, also, encoded: 0 }))
    }

    /// Appends what stands in the mail for whole lines, or for the last one, which need not be ended.
    pub fn encode(self, octets: &[u8], out: &mut Vec<u8>) {
        let end = end_of(self.lf);
        let mut rest = octets;
        while let Some(at) = memchr::memmem::find(rest, end) {
            self.line(&rest[..at], out);
            out.extend_from_slice(end);
            rest = &rest[at + end.len()..];
        }
        self.line(rest, out);
    }

    /// Octets of these up to the end of the last line that is ended.
    pub fn whole(self, octets: &[u8]) -> usize {
        let end = end_of(self.lf);
        memchr::memmem::rfind(octets, end).map_or(0, |at| at + end.len())
    }

    fn line(self, text: &[u8], out: &mut Vec<u8>) {
        let line = usize::from(self.line);
        let mut column = 0;
        for (at, octet) in text.iter().enumerate() {
            let is_last = at + 1 == text.len();
            let is_literal = !must(*octet)
                && (*octet > 127 || self.also & (1 << *octet) == 0)
                && !(is_last && is_blank(*octet));
            let width = if is_literal { 1 } else { 3 };
            let room = if is_last && !self.tight { line } else { line - 1 };
            if column + width > room {
                out.push(b'=');
                out.extend_from_slice(end_of(self.lf));
                column = 0;
            }
            if is_literal {
                out.push(*octet);
            } else {
                out.push(b'=');
                out.push(HEX[usize::from(*octet >> 4)]);
                out.push(HEX[usize::from(*octet & 15)]);
            }
            column += width;
        }
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        push_varint(out, u64::from(self.line));
        push_varint(out, u64::from(self.lf) * BIT_LF + u64::from(self.tight) * BIT_TIGHT);
        push_varint(out, self.also as u64);
        push_varint(out, (self.also >> 64) as u64);
        push_varint(out, self.encoded);
    }

    pub(super) fn read(from: &mut Octets<'_>) -> Result<Self, Defect> {
        let line = u16::try_from(from.varint()?).map_err(|_| Defect::Value)?;
        if !(LINE_MIN..=LINE_MAX).contains(&line) {
            return Err(Defect::Value);
        }
        let bits = from.varint()?;
        if bits > (BIT_LF | BIT_TIGHT) {
            return Err(Defect::Unsupported);
        }
        let also = u128::from(from.varint()?) | u128::from(from.varint()?) << 64;
        let (lf, tight) = (bits & BIT_LF != 0, bits & BIT_TIGHT != 0);
        Ok(Self { line, lf, tight, also, encoded: from.varint()? })
    }
}

const fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// Encoded by everybody.
const fn must(octet: u8) -> bool {
    octet == b'=' || octet > 126 || (octet < b' ' && octet != b'\t')
}

fn octet_of(digits: &[u8]) -> Option<u8> {
    let digit = |octet: u8| match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    };
    match digits {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

/// Appends what a line of the mail stands for, without its end; `false` if it is none. The second is whether it goes on in the next.
pub(super) fn decode(text: &[u8], out: &mut Vec<u8>) -> Option<bool> {
    let (mut rest, goes_on) = match text.strip_suffix(b"=") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    while let Some(at) = memchr::memchr(b'=', rest) {
        out.extend_from_slice(&rest[..at]);
        out.push(octet_of(rest.get(at + 1..at + 3)?)?);
        rest = &rest[at + 3..];
    }
    out.extend_from_slice(rest);
    Some(goes_on)
}
