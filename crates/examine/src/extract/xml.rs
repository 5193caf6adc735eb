//! Reads XML as a stream: start and end of elements by local name, and text.

use std::io::{BufRead, BufReader, Read};

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::outcome::Reason;

/// Something in a document.
pub(crate) enum Node<'a> {
    /// An element begins (also one that is empty): local name, and its attributes.
    Start(&'a str, &'a BytesStart<'a>),
    /// An element ends (also one that is empty).
    End(&'a str),
    /// Text, references resolved. Entities that a document defines itself are not expanded.
    Text(&'a str),
}

/// Whether to read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    Stop,
}

/// Tells `visit` of everything in document order until it says stop.
///
/// # Errors
/// [`Reason::Broken`] where the XML is not well-formed enough to read on.
pub(crate) fn read(source: impl Read, mut visit: impl FnMut(Node<'_>) -> Go) -> Result<(), Reason> {
    let mut reader = Reader::from_reader(BufReader::with_capacity(64 << 10, source));
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    reader.config_mut().allow_dangling_amp = true;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let go = match next(&mut reader, &mut buffer)? {
            Event::Eof => return Ok(()),
            Event::Start(start) => visit(Node::Start(start.local_name().as_ref(), &start)),
            Event::Empty(start) => {
                let name = start.local_name();
                match visit(Node::Start(name.as_ref(), &start)) {
                    Go::On => visit(Node::End(name.as_ref())),
                    Go::Stop => Go::Stop,
                }
            }
            Event::End(end) => visit(Node::End(end.local_name().as_ref())),
            Event::Text(text) => visit(Node::Text(&text)),
            Event::CData(text) => visit(Node::Text(&text)),
            Event::GeneralRef(reference) => {
                let mut one = [0; 4];
                let text = match &*reference {
                    "lt" => "<",
                    "gt" => ">",
                    "amp" => "&",
                    "quot" => "\"",
                    "apos" => "'",
                    _ => match reference.resolve_char_ref() {
                        Ok(Some(character)) => character.encode_utf8(&mut one),
                        _ => "",
                    },
                };
                visit(Node::Text(text))
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => Go::On,
        };
        if go == Go::Stop {
            return Ok(());
        }
    }
}

fn next<'b, R: BufRead>(reader: &mut Reader<R>, buffer: &'b mut Vec<u8>) -> Result<Event<'b>, Reason> {
    reader.read_event_into(buffer).map_err(|_| Reason::Broken)
}

/// Value of an attribute by its whole name, as written.
pub(crate) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    start.try_get_attribute(name).ok().flatten().map(|found| found.value.to_string())
}
