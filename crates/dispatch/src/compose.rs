//! Mails of our own: header fields that say they are, lines in CRLF.

use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use model::UnixMillis;

use crate::lang::{Language, texts};

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Address.
    pub address: String,
    /// Name; may be empty.
    pub name: String,
}

impl Author {
    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}

/// What every mail of ours has.
pub(crate) struct Sheet<'a> {
    pub(crate) author: &'a Author,
    pub(crate) to: &'a str,
    pub(crate) language: Language,
    pub(crate) subject: String,
    pub(crate) plain: String,
    pub(crate) html: Option<String>,
    /// Signed; names the mail when it comes back.
    pub(crate) reference: &'a str,
    pub(crate) at: UnixMillis,
    pub(crate) attached: &'a [Attached],
}

/// A file that goes with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Name of the file.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its octets, which arrive as they are.
    pub octets: Vec<u8>,
}

impl Sheet<'_> {
    /// The mail. No machine answers it (RFC 3834 §5), and its `Message-ID` and a field of its own bear the reference.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let name = (!self.author.name.is_empty()).then(|| self.author.name.clone());
        let raw = |text: &str| HeaderType::from(Raw::new(text.to_owned()));
        let mut mail = MessageBuilder::new()
            .from(Address::new_address(name, self.author.address.clone()))
            .to(Address::new_address(None::<&str>, self.to.to_owned()))
            .subject(self.subject.clone())
            .date(self.at.0.div_euclid(1000))
            .message_id(format!("{}@{}", self.reference, self.author.domain()))
            .header("Auto-Submitted", raw("auto-generated"))
            .header("X-Auto-Response-Suppress", raw("All"))
            .header("X-Poststelle-Reference", raw(self.reference))
            .header("Content-Language", Text::new(self.language.as_str()))
            .text_body(crlf(&self.plain));
        if let Some(html) = &self.html {
            mail = mail.html_body(crlf(html));
        }
        for Attached { name, media_type, octets } in self.attached {
            mail = mail.attachment(*media_type, name.clone(), octets.clone());
        }
        // Writing to memory fails never.
        mail.write_to_vec().unwrap_or_default()
    }
}

/// Line ends as mails have them.
fn crlf(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("\r\n") + "\r\n"
}

/// A mail that only shows that sending works.
pub fn compose_test(
    author: &Author,
    to: &str,
    language: Language,
    reference: &str,
    at: UnixMillis,
) -> Vec<u8> {
    let texts = texts(language);
    let (subject, plain) = (texts.say("test-subject", &[]), texts.say("test-body", &[]));
    Sheet { author, to, language, subject, plain, html: None, reference, at, attached: &[] }.octets()
}

/// What a mail says about a checkpoint of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointLetter<'a> {
    /// The signed note.
    pub note: &'a str,
    /// Entries it speaks of.
    pub entries: u64,
    /// The line that checks it.
    pub key: &'a str,
    /// SHA-256 of that line, hexadecimal.
    pub fingerprint: &'a str,
    /// Entries and time of the newest time stamp, and its files.
    pub stamped: Option<(u64, String)>,
    /// The files of that time stamp.
    pub files: Vec<Attached>,
}

/// A mail with a checkpoint: in the text, and as the file `checkpoint.txt`.
pub fn compose_checkpoint(
    letter: &CheckpointLetter<'_>,
    author: &Author,
    to: &str,
    language: Language,
    reference: &str,
    at: UnixMillis,
) -> Vec<u8> {
    let texts = texts(language);
    let entries = letter.entries.to_string();
    let stamped = match &letter.stamped {
        Some((size, at)) => texts.say("checkpoint-stamped", &[("entries", &size.to_string()), ("at", at)]),
        None => texts.say("checkpoint-unstamped", &[]),
    };
    let subject = texts.say("checkpoint-subject", &[("entries", &entries)]);
    let values = [
        ("entries", entries.as_str()),
        ("stamped", &stamped),
        ("fingerprint", letter.fingerprint),
        ("key", letter.key),
        ("note", letter.note),
    ];
    let plain = texts.say("checkpoint-body", &values);
    let note = letter.note.as_bytes().to_vec();
    // No text to the mail's writer: not an octet of what was signed may change on the way.
    let mut attached = vec![Attached {
        name: "checkpoint.txt".into(),
        media_type: "application/octet-stream",
        octets: note,
    }];
    attached.extend(letter.files.iter().cloned());
    Sheet { author, to, language, subject, plain, html: None, reference, at, attached: &attached }.octets()
}
