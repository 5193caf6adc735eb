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
    Sheet { author, to, language, subject, plain, html: None, reference, at }.octets()
}
