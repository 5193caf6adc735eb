//! TNEF streams.

use super::{Made, Property, of_attachment};

/// Writes an item; its files as attributes, its items as objects.
pub fn tnef(item: &Made) -> Vec<u8> {
    let mut out = 0x223e_9f78_u32.to_le_bytes().to_vec();
    out.extend_from_slice(&1_u16.to_le_bytes());
    attribute(&mut out, 1, 0x0008_9006, &0x0001_0000_u32.to_le_bytes());
    attribute(&mut out, 1, 0x0006_9007, &[0xe4, 4, 0, 0, 0, 0, 0, 0]);
    attribute(&mut out, 1, 0x0007_8008, b"IPM.Microsoft Mail.Note\0");
    attribute(&mut out, 1, 0x0006_9003, &properties(&item.properties, &[]));
    let mut rows = (item.recipients.len() as u32).to_le_bytes().to_vec();
    for recipient in &item.recipients {
        rows.extend_from_slice(&properties(recipient, &[]));
    }
    attribute(&mut out, 1, 0x0006_9004, &rows);
    for (name, octets) in &item.files {
        attribute(&mut out, 2, 0x0006_9002, &[0; 14]);
        attribute(&mut out, 2, 0x0001_8010, &[name.as_bytes(), b"\0"].concat());
        attribute(&mut out, 2, 0x0006_800f, octets);
        attribute(&mut out, 2, 0x0006_9005, &properties(&of_attachment(name, 1), &[]));
    }
    for inner in &item.items {
        attribute(&mut out, 2, 0x0006_9002, &[0; 14]);
        let content = tnef(inner);
        let mut object = 0x3701_000d_u32.to_le_bytes().to_vec();
        object.extend_from_slice(&1_u32.to_le_bytes());
        object.extend_from_slice(&(content.len() as u32 + 16).to_le_bytes());
        // IID_IMessage.
        object.extend_from_slice(&[7, 3, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46]);
        object.extend_from_slice(&content);
        object.resize(object.len().next_multiple_of(4), 0);
        attribute(&mut out, 2, 0x0006_9005, &properties(&of_attachment("mail", 5), &object));
    }
    out
}

fn attribute(out: &mut Vec<u8>, level: u8, id: u32, data: &[u8]) {
    out.push(level);
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    let sum = data.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    out.extend_from_slice(&sum.to_le_bytes());
}

fn properties(list: &[Property], object: &[u8]) -> Vec<u8> {
    let count = list.len() + usize::from(!object.is_empty());
    let mut out = (count as u32).to_le_bytes().to_vec();
    for (id, value) in list {
        let (kind, mut octets) = (value.kind(), value.octets());
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&id.to_le_bytes());
        if matches!(kind, 0x001f | 0x0102) {
            if kind == 0x001f {
                octets.extend_from_slice(&[0, 0]);
            }
            out.extend_from_slice(&1_u32.to_le_bytes());
            out.extend_from_slice(&(octets.len() as u32).to_le_bytes());
            octets.resize(octets.len().next_multiple_of(4), 0);
        }
        out.extend_from_slice(&octets);
    }
    out.extend_from_slice(object);
    out
}
