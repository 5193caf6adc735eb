//! Addresses of links.

use url::Url;

/// Longer addresses are not kept.
const OCTETS_MAX: usize = 8192;

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A place in the same mail, with its `#`.
    Fragment(String),
    /// Elsewhere: http, https, mailto or tel.
    Outside(String),
}

/// The target of a link, if it is one that may be followed. Names and passwords in an address are left out, because
/// they only serve to deceive.
pub(crate) fn target(href: &str) -> Option<Target> {
    let href = href.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    if href.is_empty() || href.len() > OCTETS_MAX {
        return None;
    }
    if href.starts_with('#') {
        return Some(Target::Fragment(href.to_owned()));
    }
    let url = match Url::parse(href) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) if href.starts_with("//") => {
            Url::parse(&format!("https:{href}")).ok()?
        }
        Err(url::ParseError::RelativeUrlWithoutBase)
            if href.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www.")) =>
        {
            Url::parse(&format!("http://{href}")).ok()?
        }
        Err(_) => return None,
    };
    allowed(url).map(Target::Outside)
}

fn allowed(mut url: Url) -> Option<String> {
    match url.scheme() {
        "http" | "https" => {
            url.host_str()?;
            url.set_username("").ok()?;
            url.set_password(None).ok()?;
        }
        "mailto" | "tel" => {}
        _ => return None,
    }
    Some(url.into())
}

/// The address of an image on the web, if it is one: http or https.
pub(crate) fn web(address: &str) -> Option<String> {
    match target(address)? {
        Target::Outside(url) if url.starts_with("http") => Some(url),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_followed() {
        let check = |href: &str, expected: Option<&str>| {
            let found = target(href).map(|t| match t {
                Target::Fragment(text) | Target::Outside(text) => text,
            });
            assert_eq!(found.as_deref(), expected, "{href:?}");
        };
        check(" https://example.org/a b?c=\"d\" ", Some("https://example.org/a%20b?c=%22d%22"));
        check("HTTP://Example.ORG", Some("http://example.org/"));
        check("//example.org/x", Some("https://example.org/x"));
        check("www.example.org", Some("http://www.example.org/"));
        check("https://bank.example:pw@evil.example/", Some("https://evil.example/"));
        check("mailto:a@b.example?subject=x", Some("mailto:a@b.example?subject=x"));
        check("tel:+49123", Some("tel:+49123"));
        check("#top", Some("#top"));
        check("http:relative", Some("http://relative/"));
        for refused in [
            "",
            "/path",
            "page.html",
            "?q",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\tscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "java\nscript\n:alert(1)",
            "vbscript:x",
            "data:text/html,x",
            "blob:x",
            "file:///etc/passwd",
            "cid:x",
            "about:blank",
            "ftp://example.org",
            "intent://x",
            "ms-word:ofe|u|x",
            "http://",
            "view-source:http://x",
            "javascript://example.org/%0aalert(1)",
        ] {
            check(refused, None);
        }
    }
}
