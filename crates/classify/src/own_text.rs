//! The text a reporting system wrote itself: everything before the mail it returns.

use std::cell::OnceCell;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, StartKind};
use model::{Message, PartRole};

/// Bytes of text that are read.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Lines that are read.
const LINES_MAX: usize = 2_000;

/// Text of the report, and what follows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnText<'m> {
    /// Lines as written, without line ends.
    pub(crate) lines: Vec<&'m str>,
    /// All of them, white space folded to one blank, bounded.
    pub(crate) folded: String,
    /// The same in lower case, once somebody asks.
    lower: OnceCell<String>,
    /// Start of each line in `folded`.
    starts: Vec<usize>,
    /// The text in which the returned mail begins, and that mail: behind the line that announces it.
    pub(crate) returned: Option<&'m str>,
    /// Whether a line or a part announced a returned mail.
    pub(crate) announced: bool,
}

impl OwnText<'_> {
    /// `folded` in lower case.
    pub(crate) fn lower(&self) -> &str {
        self.lower.get_or_init(|| crate::lower(&self.folded))
    }

    /// Number of the line (from 1) in which this byte of `folded` lies.
    pub(crate) fn line_of(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1)
    }
}

/// The texts of the mail itself, in order, HTML only where it has no plain text.
fn texts(message: &Message) -> Vec<&str> {
    let own = |part: &&model::Part| {
        part.message_depth == 0
            && part.content_type != "text/rfc822-headers"
            && !matches!(part.role, PartRole::Message | PartRole::Container)
    };
    let plain: Vec<&str> = message
        .parts
        .iter()
        .filter(own)
        .filter(|part| part.content_type.starts_with("text/") && part.content_type != "text/html")
        .filter_map(|part| part.text.as_deref())
        .filter(|text| !text.trim().is_empty())
        .collect();
    if plain.is_empty() && !message.body.text.is_empty() { vec![&message.body.text] } else { plain }
}

/// Divides the text of a mail. Linear in the bytes read.
pub(crate) fn own_text(message: &Message) -> OwnText<'_> {
    let mut own = OwnText::default();
    let mut bytes = 0;
    'texts: for text in texts(message) {
        let mut at = 0;
        let mut first = true;
        for line in text.split_inclusive('\n') {
            if bytes > TEXT_BYTES_MAX || own.lines.len() >= LINES_MAX {
                break 'texts;
            }
            let next = at + line.len();
            let line = line.trim_end();
            match start_of_returned(line, first && own.lines.is_empty()) {
                Start::Behind => {
                    own.announced = true;
                    own.returned = own.returned.or_else(|| text.get(next..));
                    break;
                }
                Start::Here => {
                    own.returned = own.returned.or_else(|| text.get(at..));
                    break;
                }
                Start::No => {}
            }
            first = first && line.is_empty();
            bytes += line.len();
            own.lines.push(line);
            at = next;
        }
        own.lines.push("");
    }
    own.announced |= message.parts.iter().any(|part| {
        part.message_depth == 0
            && (part.role == PartRole::Message || part.content_type == "text/rfc822-headers")
    });
    fold(&mut own);
    own
}

fn fold(own: &mut OwnText<'_>) {
    own.starts.reserve(own.lines.len());
    own.folded.reserve(own.lines.iter().map(|line| line.len() + 1).sum());
    for line in &own.lines {
        own.starts.push(own.folded.len());
        if is_folded(line.as_bytes()) {
            own.folded.push_str(line);
            own.folded.push(' ');
            continue;
        }
        for word in line.split_whitespace() {
            // A quotation mark of a forwarded report is no word.
            if word != ">" {
                own.folded.push_str(word);
                own.folded.push(' ');
            }
        }
    }
}

/// Words in ASCII with one blank between them, and no quotation mark.
fn is_folded(line: &[u8]) -> bool {
    let Some((first, rest)) = line.split_first() else { return false };
    let other = |c: u8| !(b' '..0x7f).contains(&c) || c == b'>';
    *first != b' '
        && !other(*first)
        && rest.last() != Some(&b' ')
        && line.iter().zip(rest).fold(0, |any, (&a, &b)| any | u8::from(a == b' ' && b == b' ' || other(b)))
            == 0
}

enum Start {
    /// Not here.
    No,
    /// This line announces the returned mail.
    Behind,
    /// The returned mail begins with this line.
    Here,
}

/// What programs write above the mail they return. Lower case, without rulers.
const ANNOUNCEMENTS: [&str; 57] = [
    "below this line is a copy",
    "darunter befindet sich eine kopie",
    "below the next line is a copy",
    "a copy of the original message below this line",
    "enclosed is a copy",
    "attachment is a copy",
    "this is a copy of the message",
    "this is a copy of your message",
    "this is a copy of the headers",
    "here is a copy of the first part",
    "included is a copy of the message header",
    "below is a copy of the original message",
    "the body of the message is",
    "start of returned message",
    "returned mail follows",
    "returned message follows",
    "returned message",
    "returned content",
    "original message follows",
    "original message as received",
    "original message headers",
    "original message header",
    "original message",
    "original mail info",
    "original headers",
    "originalnachricht",
    "original-nachricht",
    "ursprüngliche nachricht",
    "ursprüngliche nachrichtenkopfzeilen",
    "ursprüngliche nachrichtenheader",
    "kopfzeilen der ursprünglichen",
    "die kopfzeilen der originalnachricht",
    "message original",
    "message d'origine",
    "en-têtes de message d'origine",
    "en-têtes du message d'origine",
    "mensaje original",
    "encabezados de mensajes originales",
    "encabezados del mensaje original",
    "messaggio originale",
    "intestazioni originali",
    "oorspronkelijk bericht",
    "oorspronkelijke berichtkoppen",
    "oryginalna wiadomość",
    "wiadomość oryginalna",
    "oryginalne nagłówki",
    "mensagem original",
    "unsent message follows",
    "unsent message below",
    "message header follows",
    "message headers follow",
    "message text follows",
    "message body follows",
    "the header of the original message",
    "the header and top",
    "the first 50 lines of your original message",
    "forwarded message",
];

static ANNOUNCED: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .start_kind(StartKind::Anchored)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(ANNOUNCEMENTS)
        .expect("the table is small")
});

/// Fields with which returned header sections begin and that no report writes in its own text.
const FIRST_FIELDS: [&str; 12] = [
    "received:",
    "return-path:",
    "delivered-to:",
    "dkim-signature:",
    "x-received:",
    "x-google-dkim-signature:",
    "x-google-smtp-source:",
    "arc-seal:",
    "x-ymail-osg:",
    "x-originating-ip:",
    "content-type: message/rfc822",
    "content-type: text/rfc822-headers",
];

/// No announcement begins with other letters than these.
fn may_announce(words: &str) -> bool {
    let [a, b, ..] = *words.as_bytes() else { return false };
    BEGINNINGS.binary_search(&[a.to_ascii_lowercase(), b.to_ascii_lowercase()]).is_ok()
}

/// The first two octets of all announcements.
static BEGINNINGS: LazyLock<Vec<[u8; 2]>> = LazyLock::new(|| {
    let mut found: Vec<[u8; 2]> =
        ANNOUNCEMENTS.iter().filter_map(|words| words.as_bytes().first_chunk().copied()).collect();
    found.sort_unstable();
    found.dedup();
    found
});

fn start_of_returned(line: &str, first: bool) -> Start {
    let bare = line.trim_start_matches(['>', ' ', '\t', '|']);
    let starts = |word: &&str| bare.get(..word.len()).is_some_and(|b| b.eq_ignore_ascii_case(word));
    if matches!(
        bare.as_bytes().first(),
        Some(b'r' | b'R' | b'd' | b'D' | b'x' | b'X' | b'a' | b'A' | b'c' | b'C')
    ) && !first
        && FIRST_FIELDS.iter().any(starts)
    {
        return Start::Here;
    }
    let words = bare.trim_matches(|c: char| !c.is_alphanumeric());
    if words.is_empty() || words.len() > 140 || !may_announce(words) {
        return Start::No;
    }
    let lower = crate::lower(words);
    let input = aho_corasick::Input::new(&lower).anchored(aho_corasick::Anchored::Yes);
    let Some(found) = ANNOUNCED.find(input) else { return Start::No };
    // The words are the line, or a ruler or a colon shows that it is a heading.
    let rest = lower.get(found.end()..).unwrap_or_default();
    let ruled = bare.starts_with(['-', '=', '*', '_', '#', '|']);
    let heading = ruled || line.ends_with([':', '-', '=', '*', '_', '|']) || rest.trim().is_empty();
    let sentence = rest.split_whitespace().count() > 12;
    if heading && !sentence || found.end() > 24 { Start::Behind } else { Start::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_announcement_ends_the_report() {
        for words in ANNOUNCEMENTS {
            let line = format!("   ----- {words} -----");
            assert!(matches!(start_of_returned(&line, false), Start::Behind), "{words}");
        }
        assert!(matches!(
            start_of_returned("original message text was rejected as spam by", false),
            Start::No
        ));
        assert!(matches!(start_of_returned("Received: from x", false), Start::Here));
    }

    #[test]
    fn lines_are_found_again() {
        let octets = b"From: a@b.example\n\nfirst\n\nthe   third line\n";
        let message = parse::parse(octets, &parse::Limits::default()).message;
        let own = own_text(&message);
        let at = own.folded.find("the third").expect("it is there");
        assert_eq!(own.line_of(at), 3);
    }
}
