//! `Received` (RFC 5321 §4.4): the time it was stamped, and who handed the mail to whom.

use std::net::IpAddr;

use model::UnixMillis;

use super::date;

/// The time behind the last `;`, or, in fields of old mailers that write none, a time at the end.
pub fn received_date(body: &[u8]) -> Option<UnixMillis> {
    let semicolon = memchr::memrchr(b';', body)?;
    date::date(&body[semicolon + 1..]).map(|date| date.at)
}

/// One hop of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hop {
    /// Name the receiving host gives itself, lower case.
    pub by: Option<String>,
    /// What the client called itself (`HELO`), as written.
    pub helo: Option<String>,
    /// Address of the client, as the receiving host saw it.
    pub client: Option<IpAddr>,
}

/// Reads who handed over and who took. `body`: unfolded text of the field.
///
/// The address is taken from where receiving hosts write what they saw (comments behind `from`, or the address in
/// brackets that Exim writes in place of a name), never from what the client called itself, which may look like one.
pub fn hop(body: &str) -> Hop {
    let mut hop = Hop::default();
    let mut clause = "";
    let mut first_of_from = None;
    for token in tokens(body.split(';').next().unwrap_or_default()) {
        match token {
            Token::Word(word)
                if ["from", "by", "via", "with", "id", "for"]
                    .iter()
                    .any(|w| word.eq_ignore_ascii_case(w)) =>
            {
                clause = word;
            }
            Token::Word(word) if clause.eq_ignore_ascii_case("from") && first_of_from.is_none() => {
                first_of_from = Some(word);
            }
            Token::Word(word) if clause.eq_ignore_ascii_case("by") && hop.by.is_none() => {
                hop.by = Some(word.trim_end_matches('.').to_ascii_lowercase());
            }
            Token::Comment(comment) if clause.eq_ignore_ascii_case("from") => of_comment(comment, &mut hop),
            _ => {}
        }
    }
    match first_of_from {
        Some(word) if hop.client.is_none() && word.starts_with('[') => hop.client = address(word),
        Some(word) if hop.helo.is_none() => hop.helo = Some(word.to_owned()),
        _ => {}
    }
    hop
}

/// `(name [192.0.2.1])`, `(192.0.2.1)`, `([192.0.2.1] helo=name)`, `(HELO name)`.
fn of_comment(comment: &str, hop: &mut Hop) {
    let mut is_helo = false;
    for word in comment.split_ascii_whitespace() {
        if std::mem::take(&mut is_helo) {
            hop.helo = Some(word.to_owned());
        } else if word.eq_ignore_ascii_case("helo") || word.eq_ignore_ascii_case("ehlo") {
            is_helo = true;
        } else if let Some((name, value)) = word.split_once('=') {
            if name.eq_ignore_ascii_case("helo") {
                hop.helo = Some(value.to_owned());
            }
        } else if let Some(found) = address(word) {
            hop.client = Some(found);
        }
    }
}

fn address(word: &str) -> Option<IpAddr> {
    let bare = match word.split_once('[') {
        Some((_, rest)) => rest.split(']').next()?,
        None => word,
    };
    let bare = bare.get(..5).filter(|tag| tag.eq_ignore_ascii_case("ipv6:")).map_or(bare, |_| &bare[5..]);
    bare.parse::<IpAddr>().ok().map(|found| found.to_canonical())
}

enum Token<'a> {
    Word(&'a str),
    /// Without its brackets; with those inside.
    Comment(&'a str),
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        if first != '(' {
            let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            return Some(Token::Word(word));
        }
        let mut depth = 0_usize;
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                end = at;
                break;
            }
        }
        let comment = &rest[1..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(Token::Comment(comment))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops() {
        let check = |body: &str, by: &str, helo: &str, client: &str| {
            let hop = hop(body);
            assert_eq!(hop.by.as_deref().unwrap_or_default(), by, "{body}");
            assert_eq!(hop.helo.as_deref().unwrap_or_default(), helo, "{body}");
            assert_eq!(hop.client.map(|ip| ip.to_string()).unwrap_or_default(), client, "{body}");
        };
        // Postfix; the client may call itself like an address.
        check(
            "from mail.example.org (mail.example.org [192.0.2.1]) by MX.example.net. (Postfix) with ESMTPS id 1 for <a@b>; Mon",
            "mx.example.net",
            "mail.example.org",
            "192.0.2.1",
        );
        check("from [9.9.9.9] (unknown [192.0.2.1]) by mx with SMTP; x", "mx", "[9.9.9.9]", "192.0.2.1");
        check("from a (b [IPv6:2001:db8::1]) by mx; x", "mx", "a", "2001:db8::1");
        // Exim.
        check(
            "from [192.0.2.1] (helo=[9.9.9.9]) by mx with esmtp (Exim 4.96)",
            "mx",
            "[9.9.9.9]",
            "192.0.2.1",
        );
        check(
            "from b.example ([192.0.2.1] helo=a.example) by mx with esmtps",
            "mx",
            "a.example",
            "192.0.2.1",
        );
        // Exchange, qmail.
        check(
            "from a.example (2001:db8::2) by b.example (2001:db8::3) with HTTPS; x",
            "b.example",
            "a.example",
            "2001:db8::2",
        );
        check("from unknown (HELO 9.9.9.9) (192.0.2.1) by mx with SMTP; x", "mx", "9.9.9.9", "192.0.2.1");
        check("by 10.1.2.3 with SMTP id x; Mon", "10.1.2.3", "", "");
        check("(qmail 1 invoked by uid 5); 1 Jan", "", "", "");
        check("from a (b (c [192.0.2.1]) by", "", "a", "192.0.2.1");
        check("from ) ( by ((", "", ")", "");
        check("", "", "", "");
    }
}
