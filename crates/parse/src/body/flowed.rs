//! text/plain as it is read: line ends, and paragraphs that were broken for transport (RFC 3676).

use crate::tree::Flowed;

/// Line ends become `\n`, empty lines at the end go; format=flowed is joined.
pub(crate) fn plain(text: &str, format: Flowed) -> String {
    let text = text.trim_end_matches(|c: char| c.is_ascii_whitespace() || c == '\u{fffd}');
    if format.flowed {
        return unflow(text, format.del_sp);
    }
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\r', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        // A lone CR is a line end too.
        if !rest.starts_with('\n') {
            out.push('\n');
        }
    }
    out.push_str(rest);
    out
}

/// Source: RFC 3676 §4.2 to §4.5. The signature delimiter is never joined, nor lines of different depth.
fn unflow(text: &str, del_sp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open_depth = None;
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let content = line.trim_start_matches('>');
        let depth = line.len() - content.len();
        let content = content.strip_prefix(' ').unwrap_or(content);
        let is_delimiter = content == "-- ";
        if open_depth != Some(depth) || is_delimiter {
            if open_depth.is_some() {
                out.push('\n');
            }
            if depth > 0 {
                out.extend(std::iter::repeat_n('>', depth));
                out.push(' ');
            }
        }
        let soft = content.ends_with(' ') && !is_delimiter;
        let kept = if soft && del_sp { &content[..content.len() - 1] } else { content };
        out.push_str(kept);
        if soft {
            open_depth = Some(depth);
        } else {
            out.push('\n');
            open_depth = None;
        }
    }
    out.truncate(out.trim_end_matches('\n').len());
    out
}
