//! The content of a mail after `DATA`, octet by octet.
//!
//! Only CRLF.CRLF ends it (RFC 5321 §4.1.1.4), whatever was sent in which pieces. A bare CR or LF is content and kept;
//! what stands behind it is content too, so that nothing a sender hides behind `LF . LF` or `CR . CR` is ever read as a
//! command ("SMTP smuggling").

/// Where the reader stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Behind CRLF, or at the beginning.
    #[default]
    LineStart,
    Middle,
    /// Behind a CR that was given out.
    Cr,
    /// Behind a dot at the start of a line; the dot is not content.
    Dot,
    /// Behind that dot and a CR, which is not given out yet.
    DotCr,
}

/// Takes the dots away and finds the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Content(At);

impl Content {
    /// Reads `input` and appends content to `out`. Gives the octets read, and whether the end was reached: what stands
    /// behind is not content.
    ///
    /// Source: RFC 5321 §4.5.2.
    pub(super) fn read(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, bool) {
        let mut at = 0;
        while let Some(&octet) = input.get(at) {
            match self.0 {
                At::LineStart if octet == b'.' => {
                    self.0 = At::Dot;
                    at += 1;
                }
                At::Dot if octet == b'\r' => {
                    self.0 = At::DotCr;
                    at += 1;
                }
                At::DotCr if octet == b'\n' => return (at + 1, true),
                At::DotCr => {
                    out.push(b'\r');
                    self.0 = At::Cr;
                }
                At::Cr if octet == b'\n' => {
                    out.push(octet);
                    self.0 = At::LineStart;
                    at += 1;
                }
                At::LineStart | At::Dot | At::Cr | At::Middle => {
                    let rest = &input[at..];
                    let len = memchr::memchr(b'\r', rest);
                    self.0 = if len.is_some() { At::Cr } else { At::Middle };
                    let len = len.map_or(rest.len(), |cr| cr + 1);
                    out.extend_from_slice(&rest[..len]);
                    at += len;
                }
            }
        }
        (at, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], content: &[u8], read: Option<usize>) {
        for split in 0..=input.len() {
            let (mut reader, mut out) = (Content::default(), Vec::new());
            let (mut at, mut ended) = reader.read(&input[..split], &mut out);
            if !ended {
                let (more, end) = reader.read(&input[at..], &mut out);
                (at, ended) = (at + more, end);
            }
            let shown = String::from_utf8_lossy(input);
            assert_eq!((out.as_slice(), ended.then_some(at)), (content, read), "{shown:?} split at {split}");
        }
    }

    #[test]
    fn only_crlf_dot_crlf_ends_it() {
        check(b".\r\nQUIT\r\n", b"", Some(3));
        check(b"a\r\n.\r\nQUIT", b"a\r\n", Some(6));
        check(b"a\r\n..b\r\n.\r\n", b"a\r\n.b\r\n", Some(11));
        check(b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n", Some(10));
        check(b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n", Some(11));
        check(b"a\r.\rb\r\n.\r\n", b"a\r.\rb\r\n", Some(10));
        check(b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n", Some(11));
        check(b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n", Some(11));
        check(b"a\r\n.\r\r\n.\r\n", b"a\r\n\r\r\n", Some(10));
        check(b"a\r\r\n.\r\n", b"a\r\r\n", Some(7));
        check(b"a\r\n\0.\r\nb", b"a\r\n\0.\r\nb", None);
    }
}
