//! One file in which `From ` lines part the mails.

use std::io::{self, Write};

use crate::row::{Role, Row, text};
use crate::target::{Octets, Writer};

/// Writes a file of the kind called `mboxrd`: each line of `>`s and `From ` gets one more `>`, so that taking one away
/// gives the line again.
pub struct Mbox<W> {
    out: W,
}

impl<W: Write> Mbox<W> {
    /// Begins a file.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Writer for Mbox<W> {
    fn mail(&mut self, row: &Row, octets: &mut Octets<'_>) -> io::Result<()> {
        let is_plain = |address: &&str| address.bytes().all(|octet| octet.is_ascii_graphic());
        let from = row.addresses(Role::From).find(is_plain).unwrap_or("MAILER-DAEMON");
        let date = row.date.map(|date| text(date, "%a %b %e %H:%M:%S %Y")).unwrap_or_default();
        let date = if date.is_empty() { "Thu Jan  1 00:00:00 1970" } else { &date };
        writeln!(self.out, "From {from} {date}")?;
        let mut lines = Lines { out: &mut self.out, begin: Vec::new(), is_begin: true, has_cr: false };
        octets(&mut lines)?;
        lines.end()
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

const FROM: &[u8] = b"From ";

/// Quotes lines and ends them with LF as they pass; a line is never held.
struct Lines<'a, W> {
    out: &'a mut W,
    /// `>`s and a part of `From `, as long as the line may still be one to be quoted; more than [`HELD`] of them are let go.
    begin: Vec<u8>,
    is_begin: bool,
    has_cr: bool,
}

/// `>`s that are counted; nobody quotes a hundred times.
const HELD: usize = 128;

impl<W: Write> Lines<'_, W> {
    fn octet(&mut self, octet: u8, plain: &mut Vec<u8>) {
        if std::mem::take(&mut self.has_cr) && octet != b'\n' {
            self.is_begin = false;
            plain.append(&mut self.begin);
            plain.push(b'\r');
        }
        match octet {
            b'\r' => self.has_cr = true,
            b'\n' => {
                plain.append(&mut self.begin);
                plain.push(b'\n');
                self.is_begin = true;
            }
            _ if self.is_begin => {
                self.begin.push(octet);
                let marks = self.begin.iter().take_while(|octet| **octet == b'>').count();
                let word = &self.begin[marks..];
                if word == FROM {
                    plain.push(b'>');
                } else if FROM.starts_with(word) && marks < HELD {
                    return;
                }
                self.is_begin = false;
                plain.append(&mut self.begin);
            }
            _ => plain.push(octet),
        }
    }

    /// Ends the last line, and with an empty one the mail.
    fn end(mut self) -> io::Result<()> {
        let is_open = !self.is_begin || !self.begin.is_empty() || self.has_cr;
        if self.has_cr {
            self.begin.push(b'\r');
        }
        self.out.write_all(&self.begin)?;
        self.out.write_all(if is_open { b"\n\n" } else { b"\n" })
    }
}

impl<W: Write> Write for Lines<'_, W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut plain = Vec::with_capacity(octets.len() + 16);
        for octet in octets {
            self.octet(*octet, &mut plain);
        }
        self.out.write_all(&plain)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
