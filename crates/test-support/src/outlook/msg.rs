//! MSG files.

use std::io::{Cursor, Write as _};

use cfb::CompoundFile;

use super::{Made, Property, Value, of_attachment};

type File = CompoundFile<Cursor<Vec<u8>>>;

/// Writes an item.
///
/// # Panics
/// Never in memory.
pub fn msg(item: &Made) -> Vec<u8> {
    let mut file = CompoundFile::create(Cursor::new(Vec::new())).expect("memory");
    write_item(&mut file, "", item, &[0; 32]);
    file.into_inner().into_inner()
}

fn write_item(file: &mut File, at: &str, item: &Made, header: &[u8]) {
    write_properties(file, at, &item.properties, header, &[]);
    for (number, recipient) in item.recipients.iter().enumerate() {
        let storage = format!("{at}/__recip_version1.0_#{number:08X}");
        file.create_storage(&storage).expect("memory");
        write_properties(file, &storage, recipient, &[0; 8], &[]);
    }
    for (number, (name, octets)) in item.files.iter().enumerate() {
        let storage = format!("{at}/__attach_version1.0_#{number:08X}");
        file.create_storage(&storage).expect("memory");
        let mut properties = of_attachment(name, 1);
        properties.push((0x3701, Value::Binary(octets.clone())));
        write_properties(file, &storage, &properties, &[0; 8], &[]);
    }
    for (number, inner) in item.items.iter().enumerate() {
        let storage = format!("{at}/__attach_version1.0_#{:08X}", item.files.len() + number);
        file.create_storage(&storage).expect("memory");
        // PtypObject: the storage of the item.
        let object = [0x0d, 0x00, 0x01, 0x37, 6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0];
        write_properties(file, &storage, &of_attachment("mail", 5), &[0; 8], &object);
        let embedded = format!("{storage}/__substg1.0_3701000D");
        file.create_storage(&embedded).expect("memory");
        write_item(file, &embedded, inner, &[0; 24]);
    }
}

fn write_properties(file: &mut File, at: &str, properties: &[Property], header: &[u8], more: &[u8]) {
    let mut stream = header.to_vec();
    for (id, value) in properties {
        let (kind, octets) = (value.kind(), value.octets());
        stream.extend_from_slice(&kind.to_le_bytes());
        stream.extend_from_slice(&id.to_le_bytes());
        stream.extend_from_slice(&6_u32.to_le_bytes());
        let mut cell = [0; 8];
        match value {
            Value::Int(_) | Value::Time(_) => cell[..octets.len()].copy_from_slice(&octets),
            Value::Text(_) | Value::Binary(_) => {
                let nul = if kind == 0x001f { 2 } else { 0 };
                cell[..4].copy_from_slice(&(octets.len() as u32 + nul).to_le_bytes());
                write(file, &format!("{at}/__substg1.0_{id:04X}{kind:04X}"), &octets);
            }
        }
        stream.extend_from_slice(&cell);
    }
    stream.extend_from_slice(more);
    write(file, &format!("{at}/__properties_version1.0"), &stream);
}

fn write(file: &mut File, path: &str, octets: &[u8]) {
    file.create_stream(path).expect("memory").write_all(octets).expect("memory");
}
