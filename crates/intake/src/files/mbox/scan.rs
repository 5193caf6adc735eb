//! First reading of an mbox: where mails begin and end, and how its writer quoted.

use std::io::{BufRead, BufReader, Read};

use super::{
    Extent, Index, LINE_HEAD_OCTETS, Levels, Only, QuotedLine, Quoting, quoted_level, quoted_line,
    reply_level, separator,
};
use crate::files::{Reason, thunderbird};

/// Of a mail's flags: Thunderbird has deleted it.
pub(super) const EXPUNGED_FLAG: u8 = 32;
/// Where Thunderbird's own status ends at the latest.
const STATUS_WITHIN_OCTETS: u64 = 200;

/// Finds the mails of an mbox. If reading breaks off, the mails before that place, and why.
///
/// # Errors
/// `TooMany` beyond `mails_max` mails, `TooLarge` from the reader.
pub(in crate::files) fn index(content: impl Read, mails_max: u64) -> Result<(Index, Option<Reason>), Reason> {
    let mut content = BufReader::with_capacity(256 << 10, content);
    let mut scan = Scan { mails_max, ..Scan::default() };
    let mut at = 0_u64;
    let mut head = Vec::with_capacity(LINE_HEAD_OCTETS);
    let mut octets = 0_u64;
    loop {
        let buffer = match content.fill_buf() {
            Ok([]) => break,
            Ok(buffer) => buffer,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => match error.into() {
                reason @ (Reason::TooLarge { .. } | Reason::TooMany { .. }) => return Err(reason),
                reason => return Ok((scan.broken(at)?, Some(reason))),
            },
        };
        let mut used = 0;
        while let Some(length) = memchr::memchr(b'\n', &buffer[used..]) {
            let line = &buffer[used..used + length];
            used += length + 1;
            if octets == 0 {
                scan.line(at, &line[..line.len().min(LINE_HEAD_OCTETS)], length as u64 + 1)?;
                at += length as u64 + 1;
            } else {
                let room = LINE_HEAD_OCTETS - head.len();
                head.extend_from_slice(&line[..line.len().min(room)]);
                octets += length as u64 + 1;
                scan.line(at, &head, octets)?;
                at += octets;
                head.clear();
                octets = 0;
            }
        }
        let rest = &buffer[used..];
        let room = LINE_HEAD_OCTETS - head.len();
        head.extend_from_slice(&rest[..rest.len().min(room)]);
        octets += rest.len() as u64;
        let all = buffer.len();
        content.consume(all);
    }
    if octets > 0 {
        scan.line(at, &head, octets)?;
        at += octets;
        // The last line has no end: an empty line cannot be it.
        scan.blank_octets = 0;
    }
    Ok((scan.finish(at)?, None))
}

#[derive(Debug)]
struct Begin {
    /// Of the `From ` line.
    at: u64,
    /// Octets of the empty line before it.
    blank_octets: u8,
    start: u64,
    /// Behind the empty line that ends the header section; `None` without such a line.
    body: Option<u64>,
    content_length: Option<u64>,
    received_seconds: u32,
    flags: u8,
}

/// A `From ` line whose next line is not known yet.
#[derive(Debug)]
struct Open {
    begin: Begin,
    candidate: separator::Candidate,
}

#[derive(Debug, Default)]
struct Scan {
    mails_max: u64,
    begins: Vec<Begin>,
    open: Option<Open>,
    /// A quoted line whose next line is not known yet, with the level of the line before it.
    open_quoted: Option<(usize, Vec<u8>, bool, usize)>,
    in_header: bool,
    first_line: Option<Vec<u8>>,
    /// Whether the first separator has a date; `None` before it.
    all_dated: Option<bool>,
    /// Of the empty line just read; 0 if it was none.
    blank_octets: u8,
    /// Of the line just read.
    reply_level: usize,
    real: u64,
    shifted: u64,
    bare_in_text: u64,
    bare_after_blank: u64,
    dated_quoted: u64,
}

impl Scan {
    /// `head`: beginning of the line, without its end; `octets`: all of it.
    fn line(&mut self, at: u64, head: &[u8], octets: u64) -> Result<(), Reason> {
        let is_blank = octets <= 2 && matches!(head, [] | [b'\r']);
        if let Some(open) = self.open.take() {
            self.close(open, Some(head))?;
        }
        if let Some((level, line, is_after_blank, before)) = self.open_quoted.take() {
            self.count(quoted_line(level, &line, is_after_blank, [before, reply_level(head)]));
        }
        if head.starts_with(b"From ") {
            let mut candidate = separator::candidate(head);
            candidate.is_like_first = *self.first_line.get_or_insert_with(|| head.to_vec()) == head;
            let received = candidate.date.map_or(0, |moment| u32::try_from(moment.seconds()).unwrap_or(0));
            let begin = Begin {
                at,
                blank_octets: self.blank_octets,
                start: at + octets,
                body: None,
                content_length: None,
                received_seconds: received,
                flags: 0,
            };
            self.open = Some(Open { begin, candidate });
        } else if self.in_header {
            self.header_line(head, is_blank, at + octets);
        } else if let Some(level) = quoted_level(head) {
            self.open_quoted = Some((level, head.to_vec(), self.blank_octets > 0, self.reply_level));
        }
        self.blank_octets = if is_blank { octets as u8 } else { 0 };
        self.reply_level = reply_level(head);
        Ok(())
    }

    fn header_line(&mut self, line: &[u8], is_blank: bool, next_at: u64) {
        let Some(mail) = self.begins.last_mut() else { return };
        if is_blank {
            mail.body = Some(next_at);
            self.in_header = false;
            return;
        }
        let Some(name) = separator::field_name(line) else { return };
        let body = line[memchr::memchr(b':', line).map_or(0, |colon| colon + 1)..].trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            let text = std::str::from_utf8(body).ok();
            mail.content_length = text.and_then(|text| text.parse().ok());
        } else if name.eq_ignore_ascii_case(b"status") {
            mail.flags |= letters(body, &[(b'R', 1)]);
        } else if name.eq_ignore_ascii_case(b"x-status") {
            mail.flags |= letters(body, &[(b'A', 2), (b'F', 4), (b'T', 8), (b'D', 16)]);
        } else if name.eq_ignore_ascii_case(b"x-mozilla-status") {
            let bits = std::str::from_utf8(body).ok().and_then(|text| u32::from_str_radix(text, 16).ok());
            let bits = bits.unwrap_or(0);
            let bit = |mask, flag| if bits & mask != 0 { flag } else { 0 };
            mail.flags |= bit(1, 1) | bit(2, 2) | bit(4, 4);
            // Thunderbird writes it as the first field; further down it came with the mail from elsewhere.
            if next_at - mail.start <= STATUS_WITHIN_OCTETS {
                mail.flags |= bit(thunderbird::STATUS_EXPUNGED, EXPUNGED_FLAG);
            }
        } else if name.eq_ignore_ascii_case(b"x-mozilla-status2") {
            let bits = std::str::from_utf8(body).ok().and_then(|text| u32::from_str_radix(text, 16).ok());
            if bits.unwrap_or(0) & thunderbird::STATUS2_IMAP_DELETED != 0 {
                mail.flags |= 16;
            }
        }
    }

    /// Decides what a `From ` line was, now that the next one is known.
    fn close(&mut self, open: Open, next: Option<&[u8]>) -> Result<(), Reason> {
        let is_after_blank = open.begin.blank_octets > 0;
        let all_dated = self.all_dated.unwrap_or(false);
        // The caller has seen that the file is an mbox: its first `From ` line is a separator.
        let is_first = self.all_dated.is_none();
        if is_first || separator::is_separator(open.candidate, is_after_blank, next, all_dated) {
            if self.begins.len() as u64 >= self.mails_max {
                return Err(Reason::TooMany { limit: self.mails_max });
            }
            self.all_dated.get_or_insert(open.candidate.date.is_some());
            self.begins.push(open.begin);
            self.in_header = true;
        } else if !self.in_header {
            *(if is_after_blank { &mut self.bare_after_blank } else { &mut self.bare_in_text }) += 1;
        }
        Ok(())
    }

    fn count(&mut self, line: QuotedLine) {
        self.real += u64::from(line.neighbour_same);
        self.shifted += u64::from(line.neighbour_less);
        self.dated_quoted += u64::from(line.looks_like_separator && !line.neighbour_same);
    }

    /// As [`Scan::finish`], without the mail that was being read.
    fn broken(mut self, octets: u64) -> Result<Index, Reason> {
        self.open = None;
        self.blank_octets = 0;
        let last = self.begins.last().map(|begin| begin.start);
        let mut index = self.finish(octets)?;
        index.mails.pop_if(|mail| Some(mail.start) == last);
        Ok(index)
    }

    fn finish(mut self, octets: u64) -> Result<Index, Reason> {
        if let Some(open) = self.open.take() {
            self.close(open, None)?;
        }
        if let Some((level, line, is_after_blank, before)) = self.open_quoted.take() {
            self.count(quoted_line(level, &line, is_after_blank, [before, 0]));
        }
        let mut mails = Vec::with_capacity(self.begins.len());
        let mut swallowed = 0_u64;
        let mut all_lengths_right = true;
        let mut at = 0;
        while let Some(begin) = self.begins.get(at) {
            let by_length = self.end_by_length(at, octets);
            all_lengths_right &= by_length.is_some();
            let (next, end) = by_length.unwrap_or_else(|| (at + 1, self.begin_or_end(at + 1, octets)));
            swallowed += (next - at - 1) as u64;
            let header = begin.body.map_or(octets, |body| body) - begin.start;
            mails.push(Extent {
                start: begin.start,
                end: end.max(begin.start),
                header_octets: u32::try_from(header).unwrap_or(u32::MAX),
                received_seconds: begin.received_seconds,
                flags: begin.flags,
            });
            at = next;
        }
        let quoting = self.quoting(swallowed, all_lengths_right);
        Ok(Index { mails, quoting })
    }

    /// Where a mail ends if the `at`-th separator, or the end of the file, follows it.
    fn begin_or_end(&self, at: usize, octets: u64) -> u64 {
        match self.begins.get(at) {
            Some(next) => next.at - u64::from(next.blank_octets),
            None => octets - u64::from(self.blank_octets),
        }
    }

    /// Number of the separator a right `Content-Length` leads to, and where the mail ends.
    fn end_by_length(&self, at: usize, octets: u64) -> Option<(usize, u64)> {
        let begin = &self.begins[at];
        let end = begin.body?.checked_add(begin.content_length?)?;
        if end > octets {
            return None;
        }
        let next = at + 1 + self.begins[at + 1..].partition_point(|next| next.at < end);
        let boundary = self.begins.get(next).map_or(octets, |next| next.at);
        // Between the body and the separator an empty line, and a line end if the body lacks one: at most 4 octets.
        match boundary - end {
            0 => Some((next, end)),
            1..=4 => Some((next, self.begin_or_end(next, octets).max(end))),
            _ => None,
        }
    }

    fn quoting(&self, swallowed: u64, all_lengths_right: bool) -> Quoting {
        if all_lengths_right && swallowed + self.bare_after_blank + self.bare_in_text > 0 {
            return Quoting { levels: Levels::None, only: Only::Everywhere };
        }
        let levels = if self.real > self.shifted { Levels::First } else { Levels::Every };
        let only = if swallowed + self.bare_after_blank > 0 {
            Only::LookAlikes
        } else if self.bare_in_text > 0 {
            Only::AfterBlank
        } else {
            Only::Everywhere
        };
        Quoting { levels, only }
    }
}

fn letters(body: &[u8], flags: &[(u8, u8)]) -> u8 {
    flags.iter().filter(|(letter, _)| body.contains(letter)).fold(0, |sum, (_, flag)| sum | flag)
}
