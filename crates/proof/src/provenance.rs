//! The provenance of a record as octets.
//!
//! ```text
//! provenance = version (1), account (16), name, mailbox, position, received, fetched, flags, envelope, client, later*
//! name, mailbox, text = length, octets
//! position = tag (1: IMAP, 2: unique id, 3: file), length, (uid_validity, uid) or the octets of the text
//! received = 0 or 1 and a time
//! flags    = bits: 1 seen, 2 answered, 4 flagged, 8 draft, 16 deleted
//! envelope = 0, or 1 and path and number of forward paths and each as text
//! path     = 0 unknown, 1 null, 2 and a text
//! client   = 0 or nothing, or 1 and its address (4 or 16 octets, counted) and its name as text; only behind an envelope
//! ```
//!
//! Lengths, numbers and flags are LEB128, times zigzag LEB128 of milliseconds since 1970 UTC. Octets behind what is
//! known, and unknown flags, are skipped, so that later versions may add; what they must not change keeps version 1.

use std::net::IpAddr;

use model::{AccountId, Client, Envelope, Flags, Position, Provenance, ReversePath, UnixMillis};

use crate::Defect;
use crate::octets::{Octets, push_counted, push_varint};

const VERSION: u8 = 1;
const SEEN: u64 = 1;
const ANSWERED: u64 = 2;
const FLAGGED: u64 = 4;
const DRAFT: u64 = 8;
const DELETED: u64 = 16;

/// Appends the octets of a provenance to `out`.
pub fn encode(provenance: &Provenance, out: &mut Vec<u8>) {
    out.push(VERSION);
    out.extend_from_slice(provenance.account.octets());
    push_counted(out, provenance.account_name.as_bytes());
    push_counted(out, &provenance.mailbox);
    push_position(out, &provenance.position);
    match provenance.received {
        Some(time) => {
            out.push(1);
            push_time(out, time);
        }
        None => out.push(0),
    }
    push_time(out, provenance.fetched);
    push_varint(out, flag_bits(provenance.flags));
    match &provenance.envelope {
        Some(envelope) => push_envelope(out, envelope),
        None => out.push(0),
    }
    match provenance.envelope.as_ref().map(|envelope| &envelope.client) {
        Some(Some(client)) => push_client(out, client),
        Some(None) => out.push(0),
        None => {}
    }
}

/// Reads a provenance; the slice holds it and nothing else but what later versions add.
///
/// # Errors
/// `Unsupported` for another version or an unknown kind of position, `Provenance` for anything else.
pub fn decode(octets: &[u8]) -> Result<Provenance, Defect> {
    read(&mut Octets::new(octets)).map_err(|defect| match defect {
        Defect::Unsupported => Defect::Unsupported,
        _ => Defect::Provenance,
    })
}

fn read(from: &mut Octets<'_>) -> Result<Provenance, Defect> {
    if from.u8()? != VERSION {
        return Err(Defect::Unsupported);
    }
    let account = AccountId::from_octets(from.array()?);
    let account_name = text(from)?;
    let mailbox = from.counted()?.to_vec();
    let position = position(from)?;
    let received = match from.u8()? {
        0 => None,
        1 => Some(time(from)?),
        _ => return Err(Defect::Value),
    };
    let fetched = time(from)?;
    let bits = from.varint()?;
    let flags = Flags {
        seen: bits & SEEN != 0,
        answered: bits & ANSWERED != 0,
        flagged: bits & FLAGGED != 0,
        draft: bits & DRAFT != 0,
        deleted: bits & DELETED != 0,
    };
    let envelope = match from.u8()? {
        0 => None,
        1 => Some(envelope(from)?),
        _ => return Err(Defect::Value),
    };
    let envelope = match envelope {
        Some(envelope) => Some(Envelope { client: client(from)?, ..envelope }),
        None => None,
    };
    Ok(Provenance { account, account_name, mailbox, position, received, fetched, flags, envelope })
}

fn flag_bits(flags: Flags) -> u64 {
    [
        (flags.seen, SEEN),
        (flags.answered, ANSWERED),
        (flags.flagged, FLAGGED),
        (flags.draft, DRAFT),
        (flags.deleted, DELETED),
    ]
    .into_iter()
    .filter_map(|(set, bit)| set.then_some(bit))
    .sum()
}

fn push_position(out: &mut Vec<u8>, position: &Position) {
    match position {
        Position::Imap { uid_validity, uid } => {
            let mut pair = Vec::with_capacity(10);
            push_varint(&mut pair, u64::from(*uid_validity));
            push_varint(&mut pair, u64::from(*uid));
            out.push(1);
            push_counted(out, &pair);
        }
        Position::Unique { unique_id } => {
            out.push(2);
            push_counted(out, unique_id.as_bytes());
        }
        Position::File { locator } => {
            out.push(3);
            push_counted(out, locator.as_bytes());
        }
    }
}

fn position(from: &mut Octets<'_>) -> Result<Position, Defect> {
    let tag = from.u8()?;
    let body = from.counted()?;
    Ok(match tag {
        1 => {
            let mut pair = Octets::new(body);
            let uid_validity = u32::try_from(pair.varint()?).map_err(|_| Defect::Value)?;
            let uid = u32::try_from(pair.varint()?).map_err(|_| Defect::Value)?;
            Position::Imap { uid_validity, uid }
        }
        2 => Position::Unique { unique_id: utf8(body)? },
        3 => Position::File { locator: utf8(body)? },
        _ => return Err(Defect::Unsupported),
    })
}

fn push_envelope(out: &mut Vec<u8>, envelope: &Envelope) {
    out.push(1);
    match &envelope.reverse_path {
        None => out.push(0),
        Some(ReversePath::Null) => out.push(1),
        Some(ReversePath::Path(path)) => {
            out.push(2);
            push_counted(out, path.as_bytes());
        }
    }
    push_varint(out, envelope.forward_paths.len() as u64);
    for path in &envelope.forward_paths {
        push_counted(out, path.as_bytes());
    }
}

fn envelope(from: &mut Octets<'_>) -> Result<Envelope, Defect> {
    let reverse_path = match from.u8()? {
        0 => None,
        1 => Some(ReversePath::Null),
        2 => Some(ReversePath::Path(text(from)?)),
        _ => return Err(Defect::Value),
    };
    let count = from.varint()?;
    let mut forward_paths = Vec::new();
    // Each path takes at least one octet, so a lying count ends with the slice.
    for _ in 0..count {
        forward_paths.push(text(from)?);
    }
    Ok(Envelope { reverse_path, forward_paths, client: None })
}

fn push_client(out: &mut Vec<u8>, client: &Client) {
    out.push(1);
    match client.ip {
        IpAddr::V4(ip) => push_counted(out, &ip.octets()),
        IpAddr::V6(ip) => push_counted(out, &ip.octets()),
    }
    push_counted(out, client.helo.as_bytes());
}

/// Records of earlier versions end before it.
fn client(from: &mut Octets<'_>) -> Result<Option<Client>, Defect> {
    if from.u8().ok() != Some(1) {
        return Ok(None);
    }
    let ip = from.counted()?;
    let ip = match (<[u8; 4]>::try_from(ip), <[u8; 16]>::try_from(ip)) {
        (Ok(octets), _) => IpAddr::from(octets),
        (_, Ok(octets)) => IpAddr::from(octets),
        _ => return Err(Defect::Value),
    };
    Ok(Some(Client { ip, helo: text(from)? }))
}

fn push_time(out: &mut Vec<u8>, time: UnixMillis) {
    push_varint(out, ((time.0 << 1) ^ (time.0 >> 63)) as u64);
}

fn time(from: &mut Octets<'_>) -> Result<UnixMillis, Defect> {
    let value = from.varint()?;
    Ok(UnixMillis((value >> 1) as i64 ^ -((value & 1) as i64)))
}

fn text(from: &mut Octets<'_>) -> Result<String, Defect> {
    from.counted().and_then(utf8)
}

fn utf8(octets: &[u8]) -> Result<String, Defect> {
    std::str::from_utf8(octets).map(str::to_owned).map_err(|_| Defect::Value)
}

#[cfg(test)]
mod tests;
