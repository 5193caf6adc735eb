//! Archives other than ZIP: tar and gzip are looked into, of RAR the names, of 7z whether it has a password.

use memchr::memmem;

use crate::Class;
use crate::look::{Look, join};
use crate::zip::inflate;

/// Octets of a tar block (POSIX.1-1988 ustar).
const BLOCK: usize = 512;

/// Gzip (RFC 1952): one file.
pub(crate) fn gzip(octets: &[u8], name: &str, at: &str, depth: usize, look: &mut Look) {
    let Some(data) = gzip_data(octets) else {
        look.add(Class::OpaqueArchive, at);
        return;
    };
    let left = look.left();
    let inner = inflate(data, left, false);
    look.unpacked(inner.len());
    if inner.len() >= left {
        look.add(Class::Oversized, at);
    }
    // `a.tar.gz` holds `a.tar`; a `.tgz` too, whatever it is called.
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let inside = match last.rsplit_once('.') {
        Some((stem, ending)) if ending.eq_ignore_ascii_case("gz") => stem.to_owned(),
        Some((_, ending)) if ending.eq_ignore_ascii_case("tgz") => format!("{last}.tar"),
        _ => String::new(),
    };
    look.file(&inner, &inside, at, depth + 1);
}

/// What stands behind the header.
fn gzip_data(octets: &[u8]) -> Option<&[u8]> {
    let flags = *octets.get(3)?;
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*octets.get(at)?, *octets.get(at + 1)?]));
    }
    for text in [8, 16] {
        if flags & text != 0 {
            at += memchr::memchr(0, octets.get(at..)?)? + 1;
        }
    }
    octets.get(at + if flags & 2 != 0 { 2 } else { 0 }..)
}

/// Tar: each member as it stands.
pub(crate) fn tar(octets: &[u8], at: &str, depth: usize, look: &mut Look) {
    let mut from = 0;
    let mut long_name: Option<String> = None;
    while let Some(header) = octets.get(from..from + BLOCK) {
        if header.iter().all(|octet| *octet == 0) {
            return;
        }
        let text = |range: std::ops::Range<usize>| {
            let field = &header[range];
            String::from_utf8_lossy(field.split(|octet| *octet == 0).next().unwrap_or_default()).into_owned()
        };
        let Some(size) = octal(&header[124..136]) else {
            look.add(Class::OpaqueArchive, at);
            return;
        };
        let start = from + BLOCK;
        let end = start.saturating_add(size).min(octets.len());
        let data = octets.get(start..end).unwrap_or_default();
        let name = long_name.take().unwrap_or_else(|| text(0..100));
        if !look.member(&join(at, &name)) {
            return;
        }
        match header[156] {
            // A long name for the member that follows (GNU).
            b'L' => long_name = Some(String::from_utf8_lossy(data).trim_end_matches('\0').to_owned()),
            b'0' | 0 | b'7' => look.file(data, &name, at, depth + 1),
            _ => {}
        }
        from = start.saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK));
    }
}

fn octal(field: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if text.is_empty() { Some(0) } else { usize::from_str_radix(text, 8).ok() }
}

/// RAR 4 and 5: names and passwords by the headers; the octets of members cannot be read here.
pub(crate) fn rar(octets: &[u8], at: &str, look: &mut Look) {
    let complete = if octets.starts_with(b"Rar!\x1a\x07\x01\0") {
        rar5(octets.get(8..).unwrap_or_default(), at, look)
    } else {
        rar4(octets.get(7..).unwrap_or_default(), at, look)
    };
    if complete.is_none() {
        look.add(Class::OpaqueArchive, at);
    }
}

/// Blocks: CRC (2), type (1), flags (2), size (2), with flag 0x8000 size of the data (4).
fn rar4(mut rest: &[u8], at: &str, look: &mut Look) -> Option<()> {
    while rest.len() >= 7 {
        let u16_at =
            |at: usize| rest.get(at..at + 2).map(|two| usize::from(u16::from_le_bytes([two[0], two[1]])));
        let u32_at = |at: usize| {
            rest.get(at..at + 4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize)
        };
        let (kind, flags, size) = (rest[2], u16_at(3)?, u16_at(5)?);
        let data = if flags & 0x8000 != 0 || kind == 0x74 { u32_at(7)? } else { 0 };
        match kind {
            0x73 if flags & 0x80 != 0 => {
                look.add(Class::EncryptedArchive, at);
                return Some(());
            }
            0x74 => {
                let name_at = if flags & 0x100 != 0 { 40 } else { 32 };
                let name = rest.get(name_at..name_at + u16_at(26)?)?;
                let name = name.split(|octet| *octet == 0).next().unwrap_or_default();
                rar_member(&String::from_utf8_lossy(name), flags & 4 != 0, at, look);
            }
            0x7b => return Some(()),
            _ => {}
        }
        rest = rest.get(size.max(7).checked_add(data)?..)?;
    }
    Some(())
}

/// Headers: CRC (4), then variable-length numbers: size, type, flags, sizes of extra and data areas.
fn rar5(mut rest: &[u8], at: &str, look: &mut Look) -> Option<()> {
    while rest.len() > 4 {
        let mut header = Numbers(rest.get(4..)?);
        let size = header.next()?;
        let body = header.0.get(..size)?;
        let after = header.0.get(size..)?;
        let mut body = Numbers(body);
        let (kind, flags) = (body.next()?, body.next()?);
        let extra = if flags & 1 != 0 { body.next()? } else { 0 };
        let data = if flags & 2 != 0 { body.next()? } else { 0 };
        match kind {
            4 => {
                look.add(Class::EncryptedArchive, at);
                return Some(());
            }
            2 => {
                let file_flags = body.next()?;
                let (_size, _attributes) = (body.next()?, body.next()?);
                let fixed = if file_flags & 2 != 0 { 4 } else { 0 } + if file_flags & 4 != 0 { 4 } else { 0 };
                body.0 = body.0.get(fixed..)?;
                let (_compression, _system) = (body.next()?, body.next()?);
                let len = body.next()?;
                let name = String::from_utf8_lossy(body.0.get(..len)?).into_owned();
                let extras = body.0.get(body.0.len().checked_sub(extra)?..)?;
                rar_member(&name, has_encryption_record(extras), at, look);
            }
            5 => return Some(()),
            _ => {}
        }
        rest = after.get(data..)?;
    }
    Some(())
}

/// Records of the extra area: size, type (1: encryption).
fn has_encryption_record(extras: &[u8]) -> bool {
    let mut records = Numbers(extras);
    while let Some(size) = records.next() {
        let Some(record) = records.0.get(..size) else { return false };
        if Numbers(record).next() == Some(1) {
            return true;
        }
        records.0 = &records.0[size..];
    }
    false
}

fn rar_member(name: &str, encrypted: bool, at: &str, look: &mut Look) {
    let place = join(at, name);
    if !look.member(&place) {
        return;
    }
    if encrypted {
        look.add(Class::EncryptedArchive, at);
    }
    look.name(name, &place);
    // What a member is by its octets stays unknown; an archive in it would be one nobody has looked into.
    if crate::ending::endings(name)
        .next()
        .is_some_and(|ending| matches!(ending.as_str(), "zip" | "rar" | "7z" | "gz" | "tgz" | "tar"))
    {
        look.add(Class::OpaqueArchive, &place);
    }
}

/// Numbers of seven bits an octet, lowest first.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> Option<usize> {
        let mut value = 0_u64;
        for n in 0..10 {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(first & 0x7f).checked_shl(n * 7)?;
            if first & 0x80 == 0 {
                return usize::try_from(value).ok();
            }
        }
        None
    }
}

/// Coder of 7z for AES-256 with SHA-256.
const SEVEN_ZIP_AES: &[u8] = b"\x06\xf1\x07\x01";

/// 7z: its directory is packed; a password shows in the coders named behind it.
pub(crate) fn seven_zip(octets: &[u8], at: &str, look: &mut Look) {
    let number = |at: usize| {
        let eight = octets.get(at..at + 8)?;
        usize::try_from(u64::from_le_bytes(eight.try_into().ok()?)).ok()
    };
    let header = || {
        let start = 32_usize.checked_add(number(12)?)?;
        octets.get(start..start.checked_add(number(20)?)?)
    };
    let encrypted = header().is_some_and(|header| memmem::find(header, SEVEN_ZIP_AES).is_some());
    look.add(if encrypted { Class::EncryptedArchive } else { Class::OpaqueArchive }, at);
}
