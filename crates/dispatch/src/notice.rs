//! Notices: what happened, counted, with links; plain text and simple HTML in the language of who gets them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::UnixMillis;
use std::fmt::Write as _;

use crate::compose::{Author, Sheet};
use crate::lang::{Language, Texts, texts};
use crate::occurrence::Example;

/// Why a notice is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It happened just now.
    AtOnce,
    /// The day's summary.
    Digest,
    /// It happened just now, and concerns this person, whatever is set about notices.
    Personal,
}

/// What happened of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// One of [`crate::KINDS`].
    pub kind: String,
    /// How often; at least 1.
    pub count: u64,
    /// The first time.
    pub first: UnixMillis,
    /// The last time.
    pub last: UnixMillis,
    /// Some of them.
    pub examples: Vec<Example>,
}

/// Composes a notice. `None` if there is nothing to say.
///
/// `base`: address of the page without a slash at its end; `None`: without links. `zone`: of the times in it.
#[expect(clippy::too_many_arguments, reason = "each is one fact of the mail")]
pub fn compose_notice(
    occasion: Occasion,
    gathered: &[Gathered],
    author: &Author,
    to: &str,
    language: Language,
    base: Option<&str>,
    zone: &TimeZone,
    reference: &str,
    at: UnixMillis,
) -> Option<Vec<u8>> {
    let count: u64 = gathered.iter().map(|of| of.count).sum();
    let first = gathered.iter().find(|of| of.count > 0)?;
    let texts = texts(language);
    let number = count.to_string();
    let subject = match occasion {
        Occasion::AtOnce | Occasion::Personal => {
            let what = texts.happened(&first.kind, first.count);
            let named = first.examples.first().map(|example| example.what.as_str()).unwrap_or_default();
            let what = if first.count == 1 && !named.is_empty() { format!("{what}: {named}") } else { what };
            texts.say("notice-subject", &[("what", &what)])
        }
        Occasion::Digest if count == 1 => texts.say("digest-subject-one", &[]),
        Occasion::Digest => texts.say("digest-subject", &[("count", &number)]),
    };
    let intro = match occasion {
        Occasion::AtOnce | Occasion::Personal => texts.say("notice-intro", &[]),
        Occasion::Digest => texts.say("digest-intro", &[]),
    };
    let writer = Writer { occasion, texts, base, zone, language };
    let said: Vec<&Gathered> = gathered.iter().filter(|of| of.count > 0).collect();
    let plain = writer.plain(&intro, &said);
    let html = Some(writer.html(&intro, &said));
    Some(Sheet { author, to, language, subject, plain, html, reference, at, attached: &[] }.octets())
}

struct Writer<'a> {
    occasion: Occasion,
    texts: &'a Texts,
    base: Option<&'a str>,
    zone: &'a TimeZone,
    language: Language,
}

impl Writer<'_> {
    fn time(&self, at: UnixMillis) -> String {
        let zoned = Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(self.zone.clone());
        let form = match self.language {
            Language::De => "%d.%m.%Y %H:%M",
            Language::En => "%d %b %Y %H:%M",
        };
        zoned.strftime(form).to_string()
    }

    fn heading(&self, of: &Gathered) -> String {
        let what = self.texts.happened(&of.kind, of.count);
        let (first, last) = (self.time(of.first), self.time(of.last));
        let when = if first == last {
            first
        } else {
            self.texts.say("between", &[("first", &first), ("last", &last)])
        };
        format!("{what} ({when})")
    }

    fn link(&self, path: &str) -> Option<String> {
        self.base.map(|base| format!("{base}{path}"))
    }

    fn more(&self, of: &Gathered) -> Option<String> {
        let more = of.count.saturating_sub(of.examples.len() as u64);
        let named = of.examples.iter().any(|example| !example.what.is_empty());
        (more > 0 && named).then(|| self.texts.say("and-more", &[("count", &more.to_string())]))
    }

    fn footer(&self) -> String {
        let personal = self.occasion == Occasion::Personal;
        self.texts.say(if personal { "footer-person" } else { "footer" }, &[])
    }

    fn settings(&self) -> Option<String> {
        if self.occasion == Occasion::Personal {
            return None;
        }
        self.link("/settings/notifications").map(|link| self.texts.say("footer-link", &[("link", &link)]))
    }

    fn plain(&self, intro: &str, gathered: &[&Gathered]) -> String {
        let mut lines = vec![intro.to_owned(), String::new()];
        for of in gathered {
            lines.push(format!("* {}", self.heading(of)));
            for example in &of.examples {
                let what = line(&example.what);
                match (what.is_empty(), self.link(&example.path)) {
                    (true, None) => {}
                    (true, Some(link)) => lines.push(format!("  {link}")),
                    (false, None) => lines.push(format!("  {what}")),
                    (false, Some(link)) => lines.push(format!("  {what}\n    {link}")),
                }
            }
            lines.extend(self.more(of).map(|more| format!("  {more}")));
            lines.push(String::new());
        }
        lines.push("-- ".to_owned());
        lines.push(self.footer());
        lines.extend(self.settings());
        lines.join("\n")
    }

    fn html(&self, intro: &str, gathered: &[&Gathered]) -> String {
        let mut out = format!(
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"></head>\n\
             <body style=\"font-family:sans-serif;line-height:1.5\">\n<p>{}</p>\n",
            self.language.as_str(),
            escaped(intro)
        );
        for of in gathered {
            let _ = writeln!(out, "<p><strong>{}</strong></p>\n<ul>", escaped(&self.heading(of)));
            for example in &of.examples {
                let what = line(&example.what);
                let item = match (what.is_empty(), self.link(&example.path)) {
                    (true, None) => continue,
                    (true, Some(link)) => format!("<a href=\"{0}\">{0}</a>", escaped(&link)),
                    (false, None) => escaped(&what),
                    (false, Some(link)) => format!("<a href=\"{}\">{}</a>", escaped(&link), escaped(&what)),
                };
                let _ = writeln!(out, "<li>{item}</li>");
            }
            if let Some(more) = self.more(of) {
                let _ = writeln!(out, "<li>{}</li>", escaped(&more));
            }
            out.push_str("</ul>\n");
        }
        let _ = write!(out, "<hr>\n<p><small>{}", escaped(&self.footer()));
        if let Some(settings) = self.settings() {
            let _ = write!(out, "<br>{}", escaped(&settings));
        }
        out.push_str("</small></p>\n</body></html>\n");
        out
    }
}

/// Text in one line.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
