//! Compressed RTF, and the HTML or text that an RTF body was made from.
//!
//! Source: [MS-OXRTFCP], [MS-OXRTFEX].

mod deencapsulate;

pub(crate) use deencapsulate::{Body, body};

use crate::cells::u32_at;

/// Octets that may come out.
const RTF_OCTETS_MAX: usize = 64 << 20;
const COMPRESSED: u32 = 0x7546_5a4c;
const UNCOMPRESSED: u32 = 0x414c_454d;

/// What the window holds at the beginning ([MS-OXRTFCP] §2.1.2.1).
const WINDOW: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const WINDOW_OCTETS: usize = 4096;

/// RTF out of `PidTagRtfCompressed`; what there is of it if it is cut off.
pub(crate) fn decompressed(octets: &[u8]) -> Option<Vec<u8>> {
    let raw_octets = usize::try_from(u32_at(octets, 4)?).ok()?.min(RTF_OCTETS_MAX);
    let content = octets.get(16..)?;
    match u32_at(octets, 8)? {
        UNCOMPRESSED => Some(content[..content.len().min(raw_octets)].to_vec()),
        COMPRESSED => Some(expanded(content, raw_octets)),
        _ => None,
    }
}

fn expanded(content: &[u8], raw_octets: usize) -> Vec<u8> {
    let mut window = [b' '; WINDOW_OCTETS];
    window[..WINDOW.len()].copy_from_slice(WINDOW);
    let mut at = WINDOW.len();
    // The size it says is no reason to take memory.
    let mut out = Vec::with_capacity(raw_octets.min(content.len().saturating_mul(4)));
    let mut content = content.iter().copied();
    while let Some(control) = content.next() {
        for bit in 0..8 {
            if out.len() >= raw_octets {
                return out;
            }
            if control >> bit & 1 == 0 {
                let Some(octet) = content.next() else { return out };
                out.push(octet);
                window[at] = octet;
                at = (at + 1) % WINDOW_OCTETS;
                continue;
            }
            let (Some(high), Some(low)) = (content.next(), content.next()) else { return out };
            let reference = u16::from_be_bytes([high, low]);
            let (from, len) = (usize::from(reference >> 4), usize::from(reference & 15) + 2);
            if from == at {
                return out;
            }
            for step in 0..len {
                let octet = window[(from + step) % WINDOW_OCTETS];
                out.push(octet);
                window[at] = octet;
                at = (at + 1) % WINDOW_OCTETS;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of [MS-OXRTFCP] §3.
    #[test]
    fn examples_of_the_specification() {
        let compressed = b"\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0";
        assert_eq!(decompressed(compressed).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let crossing = b"\x1a\x00\x00\x00\x1c\x00\x00\x00\x4c\x5a\x46\x75\xe2\xd4\x4b\x51\x41\x00\x04\x20\x57\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0";
        assert_eq!(decompressed(crossing).unwrap(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
    }
}
