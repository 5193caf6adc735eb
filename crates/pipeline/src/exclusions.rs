//! Which mails of an account are not archived: its named exclusions, asked before anything of a mail is written.

use std::panic::{AssertUnwindSafe, catch_unwind};

use intake::imap;
use memchr::memmem;
use model::{AccountId, Address, Envelope, Message, Position, Provenance, ReversePath};
use store::{AccountKind, Exclusion, ExclusionKind};

use crate::core::Core;
use crate::error::Result;
use crate::spam;

/// Octets of a large mail that are held back until its header section is complete; what lies beyond is not asked.
pub(crate) const HEAD_OCTETS_MAX: usize = 1 << 20;

/// Values of `Sensitivity` (RFC 2156 §2.3.12) that mean private.
const SENSITIVE: [&str; 4] = ["private", "personal", "confidential", "company-confidential"];

/// Exclusions of an account.
const EXCLUSIONS_MAX: usize = 50;
/// Characters of a name.
const NAME_MAX: usize = 100;
/// Patterns of an exclusion.
const PATTERNS_MAX: usize = 1000;
/// Characters of a pattern.
const PATTERN_MAX: usize = 200;

/// Why exclusions cannot be kept as they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExclusionFault {
    /// A name is empty, too long, or holds control characters.
    #[error("the name of an exclusion does not fit: {0}")]
    Name(String),
    /// Two have the same name.
    #[error("two exclusions are called {0}")]
    SameName(String),
    /// It says nothing of what it excludes.
    #[error("the exclusion {0} names nothing")]
    Empty(String),
    /// Neither an address nor a domain, or not a name of a folder.
    #[error("the exclusion {0} cannot look for this: {1}")]
    Pattern(String, String),
    /// The account has one mailbox only.
    #[error("the account has no folders")]
    NoFolders,
    /// More than anybody can overlook.
    #[error("there are too many exclusions, or one looks for too much")]
    TooMany,
}

impl ExclusionFault {
    /// Key of the text people see.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Name(_) => "exclusion-name",
            Self::SameName(_) => "exclusion-same-name",
            Self::Empty(_) => "exclusion-empty",
            Self::Pattern(..) => "exclusion-pattern",
            Self::NoFolders => "exclusion-no-folders",
            Self::TooMany => "exclusion-too-many",
        }
    }

    /// Name of the exclusion and the pattern it is about, for the text.
    pub fn values(&self) -> [(&'static str, String); 2] {
        let (name, pattern) = match self {
            Self::Name(name) | Self::SameName(name) | Self::Empty(name) => (name.clone(), String::new()),
            Self::Pattern(name, pattern) => (name.clone(), pattern.clone()),
            Self::NoFolders | Self::TooMany => (String::new(), String::new()),
        };
        [("name", name), ("pattern", pattern)]
    }
}

/// Exclusions as they are kept: trimmed, addresses in lower case, without what is there twice.
///
/// # Errors
/// The first fault.
pub fn checked_exclusions(
    asked: Vec<Exclusion>,
    kind: AccountKind,
) -> std::result::Result<Vec<Exclusion>, ExclusionFault> {
    if asked.len() > EXCLUSIONS_MAX || asked.iter().any(|rule| rule.patterns.len() > PATTERNS_MAX) {
        return Err(ExclusionFault::TooMany);
    }
    let mut kept: Vec<Exclusion> = Vec::with_capacity(asked.len());
    for Exclusion { name, kind: looks_at, patterns } in asked {
        let name = line(&name, NAME_MAX).ok_or_else(|| ExclusionFault::Name(name.clone()))?;
        if kept.iter().any(|other| other.name.to_lowercase() == name.to_lowercase()) {
            return Err(ExclusionFault::SameName(name));
        }
        if looks_at == ExclusionKind::Folder && kind == AccountKind::Pop3 {
            return Err(ExclusionFault::NoFolders);
        }
        let mut all: Vec<String> = Vec::with_capacity(patterns.len());
        for pattern in patterns.iter().filter(|pattern| !pattern.trim().is_empty()) {
            let pattern = pattern_of(looks_at, pattern)
                .ok_or_else(|| ExclusionFault::Pattern(name.clone(), pattern.clone()))?;
            if !all.contains(&pattern) {
                all.push(pattern);
            }
        }
        match looks_at {
            ExclusionKind::Spam => all.clear(),
            ExclusionKind::Private => {}
            _ if all.is_empty() => return Err(ExclusionFault::Empty(name)),
            _ => {}
        }
        kept.push(Exclusion { name, kind: looks_at, patterns: all });
    }
    Ok(kept)
}

fn line(text: &str, characters_max: usize) -> Option<String> {
    let text = text.trim();
    let fits =
        !text.is_empty() && text.chars().count() <= characters_max && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

fn pattern_of(kind: ExclusionKind, pattern: &str) -> Option<String> {
    let pattern = line(pattern, PATTERN_MAX)?;
    match kind {
        ExclusionKind::Sender | ExclusionKind::WorksCouncil => {
            let domain = pattern.rsplit_once('@').map_or(pattern.as_str(), |(_, domain)| domain);
            let is_fit =
                !domain.is_empty() && !pattern.chars().any(|c| c.is_whitespace() || "<>\",;*".contains(c));
            is_fit.then(|| pattern.to_lowercase())
        }
        _ => Some(pattern),
    }
}

/// The exclusions of an account at one time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exclusions {
    rules: Vec<Exclusion>,
    limits: parse::Limits,
}

impl Exclusions {
    /// Those an account has now.
    pub(crate) fn of(core: &Core, account: AccountId) -> Result<Self> {
        Ok(Self { rules: core.store.exclusions(account)?, limits: core.limits.clone() })
    }

    /// As kept.
    pub(crate) fn rules(&self) -> &[Exclusion] {
        &self.rules
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Folders that are not opened.
    pub(crate) fn folders(&self) -> Vec<String> {
        self.of_kind(ExclusionKind::Folder).flat_map(|rule| rule.patterns.iter().cloned()).collect()
    }

    /// The exclusion because of which a mailbox is not opened.
    pub(crate) fn of_mailbox(&self, mailbox: &imap::Mailbox) -> Option<&str> {
        let rule = self
            .of_kind(ExclusionKind::Folder)
            .find(|rule| rule.patterns.iter().any(|folder| mailbox.is_in(folder)));
        rule.map(|rule| rule.name.as_str())
    }

    fn of_kind(&self, kind: ExclusionKind) -> impl Iterator<Item = &Exclusion> {
        self.rules.iter().filter(move |rule| rule.kind == kind)
    }

    /// Name of the first exclusion that a mail falls under.
    ///
    /// `is_junk`: it bears the server's keyword for spam. `octets`: the mail, or as much of it as [`is_head_complete`] wants.
    pub(crate) fn judge(&self, provenance: &Provenance, is_junk: bool, octets: &[u8]) -> Option<&str> {
        if self.is_empty() {
            return None;
        }
        // Who cannot be read is not excluded.
        let head =
            || catch_unwind(AssertUnwindSafe(|| parse::head(octets, &self.limits))).unwrap_or_default();
        let by_head = self.rules.iter().any(|rule| rule.kind != ExclusionKind::Folder);
        let message = if by_head { head() } else { Message::default() };
        let rule = self.rules.iter().find(|rule| match rule.kind {
            ExclusionKind::Folder => lies_in(provenance, &rule.patterns),
            ExclusionKind::Sender => has_sender(&message, &rule.patterns),
            ExclusionKind::Spam => is_junk || spam::marked(&message).is_some_and(|mark| mark.is_spam),
            ExclusionKind::Private => is_private(&message, &rule.patterns),
            ExclusionKind::WorksCouncil => concerns(&message, provenance.envelope.as_ref(), &rule.patterns),
        });
        rule.map(|rule| rule.name.as_str())
    }
}

/// Whether the beginning of a mail holds its whole header section.
pub(crate) fn is_head_complete(octets: &[u8]) -> bool {
    memmem::find(octets, b"\n\r\n").is_some() || memmem::find(octets, b"\n\n").is_some()
}

/// Of mails that come from no server with folders; those of a server are decided before.
fn lies_in(provenance: &Provenance, folders: &[String]) -> bool {
    if matches!(provenance.position, Position::Imap { .. }) {
        return false;
    }
    let name = String::from_utf8_lossy(&provenance.mailbox);
    folders.iter().any(|folder| {
        let folder = folder.trim_end_matches('/');
        name.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn has_sender(message: &Message, patterns: &[String]) -> bool {
    message.from.iter().chain(&message.sender).any(|address| is_one_of(address, patterns))
}

fn is_private(message: &Message, marks: &[String]) -> bool {
    let is_sensitive = |body: &str| SENSITIVE.iter().any(|value| value.eq_ignore_ascii_case(body.trim()));
    if message.fields("Sensitivity").any(is_sensitive) {
        return true;
    }
    let subject = message.subject.as_deref().unwrap_or_default().to_lowercase();
    marks.iter().any(|mark| subject.contains(&mark.to_lowercase()))
}

/// From or to one of them, in whatever role.
fn concerns(message: &Message, envelope: Option<&Envelope>, patterns: &[String]) -> bool {
    let lists = [&message.from, &message.reply_to, &message.to, &message.cc, &message.bcc];
    if lists.into_iter().flatten().chain(&message.sender).any(|address| is_one_of(address, patterns)) {
        return true;
    }
    let mut paths: Vec<&str> = Vec::new();
    for field in ["Delivered-To", "X-Original-To", "Envelope-To"] {
        paths.extend(message.fields(field));
    }
    if let Some(ReversePath::Path(path)) = &message.reverse_path {
        paths.push(path);
    }
    if let Some(envelope) = envelope {
        if let Some(ReversePath::Path(path)) = &envelope.reverse_path {
            paths.push(path);
        }
        // Parameters follow a blank.
        paths.extend(envelope.forward_paths.iter().filter_map(|path| path.split(' ').next()));
    }
    let bare = |path: &str| path.trim().trim_matches(['<', '>']).to_lowercase();
    paths.into_iter().any(|path| patterns.iter().any(|pattern| is_meant(&bare(path), pattern)))
}

fn is_one_of(address: &Address, patterns: &[String]) -> bool {
    let folded = address.folded();
    patterns.iter().any(|pattern| is_meant(&folded, pattern))
}

/// `pattern`: an address, or a domain with or without `@`, which means those below it, too. `address`: lower case.
fn is_meant(address: &str, pattern: &str) -> bool {
    let pattern = pattern.to_lowercase();
    match pattern.split_once('@') {
        Some((local, _)) if !local.is_empty() => address == pattern,
        found => {
            let wanted = found.map_or(pattern.as_str(), |(_, domain)| domain);
            let Some((_, domain)) = address.rsplit_once('@') else { return false };
            let below = domain.strip_suffix(wanted);
            below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Flags, UnixMillis};

    use super::*;

    fn provenance(mailbox: &str, position: Position) -> Provenance {
        Provenance {
            account: AccountId::new(uuid::Uuid::nil()),
            account_name: String::new(),
            mailbox: mailbox.as_bytes().to_vec(),
            position,
            received: None,
            fetched: UnixMillis(0),
            flags: Flags::default(),
            envelope: None,
        }
    }

    fn rule(kind: ExclusionKind, patterns: &[&str]) -> Exclusion {
        let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        Exclusion { name: format!("{kind:?}"), kind, patterns }
    }

    fn judged(kind: ExclusionKind, patterns: &[&str], is_junk: bool, mail: &str) -> bool {
        let exclusions = Exclusions { rules: vec![rule(kind, patterns)], limits: parse::Limits::default() };
        let at = provenance("INBOX", Position::Imap { uid_validity: 1, uid: 1 });
        let with_crlf = mail.replace('\n', "\r\n");
        let found = exclusions.judge(&at, is_junk, mail.as_bytes()).is_some();
        assert_eq!(exclusions.judge(&at, is_junk, with_crlf.as_bytes()).is_some(), found, "{mail}");
        found
    }

    #[test]
    fn senders_by_address_and_domain() {
        let check = |pattern: &str, field: &str, expected: bool| {
            assert_eq!(
                judged(ExclusionKind::Sender, &[pattern], false, field),
                expected,
                "{pattern} {field}"
            );
        };
        check("news@example.org", "From: News <News@Example.org>\n\n", true);
        check("news@example.org", "From: old.news@example.org\n\n", false);
        check("example.org", "From: a@mail.example.org\n\n", true);
        check("@example.org", "From: a@example.org\n\n", true);
        check("example.org", "From: a@notexample.org\n\n", false);
        check("example.org", "From: boss@example.net\nSender: office@example.org\n\n", true);
        // Whoever it goes to is no sender, and nor is who is quoted.
        check("example.org", "From: a@example.net\nTo: b@example.org\n\nFrom: c@example.org\n", false);
        check("example.org", "", false);
    }

    #[test]
    fn spam_by_mark_and_keyword() {
        let check = |is_junk, field: &str, expected: bool| {
            assert_eq!(judged(ExclusionKind::Spam, &[], is_junk, field), expected, "{field}");
        };
        check(false, "X-Spam-Flag: YES\n\n", true);
        check(false, "X-Spam-Status: Yes, score=9.1\n\n", true);
        check(false, "X-Spam-Status: No, score=0.1\nX-Spam-Flag: NO\n\n", false);
        check(false, "X-Spamd-Result: default: True [17.20 / 15.00]; A(1.00)[]\n\n", true);
        check(true, "Subject: win\n\n", true);
        check(false, "Subject: X-Spam-Flag\n\nX-Spam-Flag: YES\n", false);
    }

    #[test]
    fn private_by_field_and_subject() {
        let check = |field: &str, expected: bool| {
            assert_eq!(judged(ExclusionKind::Private, &["[Privat]"], false, field), expected, "{field}");
        };
        check("Sensitivity: Private\n\n", true);
        check("Sensitivity: Company-Confidential\n\n", true);
        check("Sensitivity: normal\n\n", false);
        check("Subject: AW: [PRIVAT] Urlaub\n\n", true);
        check("Subject: =?utf-8?q?=5Bprivat=5D?=\n\n", true);
        check("Subject: Privatkunden\n\n", false);
    }

    #[test]
    fn the_works_council_in_any_role() {
        let check = |mail: &str, expected: bool| {
            let council = ["betriebsrat@example.org"];
            assert_eq!(judged(ExclusionKind::WorksCouncil, &council, false, mail), expected, "{mail}");
        };
        for field in
            ["From", "To", "Cc", "Bcc", "Reply-To", "Sender", "Delivered-To", "X-Original-To", "Return-Path"]
        {
            check(&format!("{field}: <betriebsrat@example.org>\n\n"), true);
        }
        check("To: rat@example.org\nSubject: betriebsrat@example.org\n\n", false);
        let exclusions = Exclusions {
            rules: vec![rule(ExclusionKind::WorksCouncil, &["betriebsrat@example.org"])],
            limits: parse::Limits::default(),
        };
        let mut at = provenance("Archive", Position::Unique { unique_id: "1".to_owned() });
        let forward_paths = vec!["Betriebsrat@example.org NOTIFY=NEVER".to_owned()];
        at.envelope = Some(Envelope { forward_paths, ..Envelope::default() });
        assert_eq!(exclusions.judge(&at, false, b"From: a@example.net\n\n"), Some("WorksCouncil"));
    }

    #[test]
    fn folders_of_imports_and_the_first_rule_that_fits() {
        let exclusions = Exclusions {
            rules: vec![
                rule(ExclusionKind::Folder, &["Privat/"]),
                rule(ExclusionKind::Sender, &["example.org"]),
            ],
            limits: parse::Limits::default(),
        };
        let check = |mailbox: &str, mail: &str, expected: Option<&str>| {
            let at = provenance(mailbox, Position::File { locator: "1.eml".to_owned() });
            assert_eq!(exclusions.judge(&at, false, mail.as_bytes()), expected, "{mailbox}");
        };
        check("Privat", "From: a@example.org\n\n", Some("Folder"));
        check("Privat/Urlaub", "\n", Some("Folder"));
        check("Privatkunden", "From: a@example.org\n\n", Some("Sender"));
        check("Privatkunden", "From: a@example.net\n\n", None);
    }

    #[test]
    fn exclusions_are_kept_tidy() {
        use AccountKind::{Imap, Pop3};
        use ExclusionKind::{Folder, Private, Sender, Spam};

        let check = |asked: Exclusion, account, expected: std::result::Result<&[&str], &str>| {
            let kept = checked_exclusions(vec![asked.clone()], account);
            let kept = kept.map(|kept| kept.into_iter().flat_map(|rule| rule.patterns).collect::<Vec<_>>());
            let expected = expected.map(|all| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
            assert_eq!(
                kept.as_ref().map_err(ExclusionFault::key),
                expected.as_ref().map_err(|key| *key),
                "{asked:?}"
            );
        };
        check(rule(Sender, &[" News@Example.org ", "", "news@example.org"]), Imap, Ok(&["news@example.org"]));
        check(rule(Sender, &["a b"]), Imap, Err("exclusion-pattern"));
        check(rule(Sender, &["a@"]), Imap, Err("exclusion-pattern"));
        check(rule(Sender, &[" "]), Imap, Err("exclusion-empty"));
        check(rule(Folder, &["Privat/Ä"]), Imap, Ok(&["Privat/Ä"]));
        check(rule(Folder, &["Privat"]), Pop3, Err("exclusion-no-folders"));
        check(rule(Spam, &["what"]), Pop3, Ok(&[]));
        check(rule(Private, &[]), Pop3, Ok(&[]));
        check(Exclusion { name: "a\nb".to_owned(), ..rule(Spam, &[]) }, Imap, Err("exclusion-name"));
        let twice = vec![rule(Spam, &[]), Exclusion { name: "SPAM".to_owned(), ..rule(Private, &[]) }];
        assert_eq!(checked_exclusions(twice, Imap), Err(ExclusionFault::SameName("SPAM".to_owned())));
        assert_eq!(checked_exclusions(vec![rule(Spam, &[]); 51], Imap), Err(ExclusionFault::TooMany));
    }

    #[test]
    fn where_a_header_section_ends() {
        for (octets, expected) in
            [("A: b\r\n\r\nc", true), ("A: b\n\nc", true), ("A: b\r\n c", false), ("", false)]
        {
            assert_eq!(is_head_complete(octets.as_bytes()), expected, "{octets:?}");
        }
    }
}
