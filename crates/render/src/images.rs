//! Which images are shown, and from where.

use crate::links;

/// An image that a mail asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageSource<'a> {
    /// On the web: an absolute http or https address. Asked only if remote images are to be shown.
    Remote(&'a str),
    /// A part of the mail by its `Content-ID`, without brackets.
    ContentId(&'a str),
    /// A part of the mail by its `Content-Location` or its file name, as written.
    Location(&'a str),
}

/// What to write for an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// An address that may be loaded: a path on the server, or `data:`.
    At(String),
    /// Left out, but its place is kept.
    Blocked,
    /// Left out altogether.
    Nothing,
}

/// Decides and counts.
pub(crate) struct Images<'a> {
    remote: bool,
    url: &'a dyn Fn(ImageSource<'_>) -> Option<String>,
    pub(crate) blocked: usize,
    pub(crate) shown: usize,
    pub(crate) tracking: usize,
    pub(crate) inline: usize,
}

impl<'a> Images<'a> {
    pub(crate) fn new(remote: bool, url: &'a dyn Fn(ImageSource<'_>) -> Option<String>) -> Self {
        Self { remote, url, blocked: 0, shown: 0, tracking: 0, inline: 0 }
    }

    /// `invisible`: so small that only its being loaded can be its purpose.
    pub(crate) fn show(&mut self, source: &str, invisible: bool) -> Shown {
        let source = source.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if source.is_empty() {
            return Shown::Nothing;
        }
        if let Some(id) = strip_scheme(source, "cid:") {
            let id = percent_decoded(id.trim_start_matches('<').trim_end_matches('>'));
            return self.own(ImageSource::ContentId(&id));
        }
        if strip_scheme(source, "data:").is_some() {
            return match data_image(source) {
                Some(url) => {
                    self.inline += 1;
                    Shown::At(url)
                }
                None => Shown::Blocked,
            };
        }
        match links::web(source) {
            Some(_) if invisible => {
                self.tracking += 1;
                Shown::Nothing
            }
            Some(_) if !self.remote => {
                self.blocked += 1;
                Shown::Blocked
            }
            Some(url) => match self.ask(ImageSource::Remote(&url)) {
                Some(path) => {
                    self.shown += 1;
                    Shown::At(path)
                }
                None => Shown::Blocked,
            },
            None => self.own(ImageSource::Location(source)),
        }
    }

    fn own(&mut self, source: ImageSource<'_>) -> Shown {
        match self.ask(source) {
            Some(path) => {
                self.inline += 1;
                Shown::At(path)
            }
            None => Shown::Blocked,
        }
    }

    fn ask(&self, source: ImageSource<'_>) -> Option<String> {
        (self.url)(source).filter(|path| is_own_path(path))
    }
}

/// Whether an address is a path on our server and nothing else.
pub(crate) fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\' | b'<' | b'>' | b'(' | b')'))
}

/// Whether an address is an inline image of a kind that is no document.
pub(crate) fn is_data_image(url: &str) -> bool {
    const KINDS: [&str; 8] = ["png", "jpeg", "jpg", "gif", "webp", "bmp", "avif", "x-icon"];
    let Some((kind, content)) = url.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"))
    else {
        return false;
    };
    KINDS.contains(&kind)
        && content
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_' | b'%'))
}

/// An inline image in canonical form, if it is one.
fn data_image(source: &str) -> Option<String> {
    let (head, content) = source.split_once(',')?;
    let head: String =
        head.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>().to_ascii_lowercase();
    // Parameters such as `charset` say nothing about an image.
    let kind = head.strip_suffix(";base64")?.split(';').next()?.to_owned();
    let content = content.split(|c: char| c.is_ascii_whitespace() || c.is_control()).collect::<String>();
    let url = format!("{kind};base64,{content}");
    is_data_image(&url).then_some(url)
}

fn strip_scheme<'a>(address: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = address.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(octet) = pair.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            out.push(octet);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(remote: bool, source: &str, invisible: bool, expected: &Shown) {
        let url = |source: ImageSource<'_>| match source {
            ImageSource::ContentId("a@b") => Some("/i/cid".to_owned()),
            ImageSource::Location("image001.png") => Some("/i/location".to_owned()),
            ImageSource::Remote("https://example.org/x.png") => Some("/i/remote".to_owned()),
            ImageSource::Remote("https://example.org/evil") => Some("https://example.org/evil".to_owned()),
            _ => None,
        };
        assert_eq!(Images::new(remote, &url).show(source, invisible), *expected, "{source}");
    }

    #[test]
    fn each_source_has_its_fate() {
        let at = |path: &str| Shown::At(path.to_owned());
        check(false, "CID:a%40b", false, &at("/i/cid"));
        check(false, "cid:other", false, &Shown::Blocked);
        check(false, "image001.png", false, &at("/i/location"));
        check(false, "https://example.org/x.png", false, &Shown::Blocked);
        check(true, "https://example.org/x.png", false, &at("/i/remote"));
        check(true, "https://example.org/x.png", true, &Shown::Nothing);
        check(true, "https://example.org/evil", false, &Shown::Blocked);
        check(true, "//example.org/x.png", false, &at("/i/remote"));
        check(true, "javascript:alert(1)", false, &Shown::Blocked);
        check(
            false,
            " data:image/PNG;charset=x; base64, iVBO Rw0= ",
            false,
            &at("data:image/png;base64,iVBORw0="),
        );
        check(false, "data:image/svg+xml;base64,AAAA", false, &Shown::Blocked);
        check(false, "data:text/html;base64,AAAA", false, &Shown::Blocked);
        check(false, "data:image/png,<svg>", false, &Shown::Blocked);
        check(false, "  ", false, &Shown::Nothing);
    }
}
