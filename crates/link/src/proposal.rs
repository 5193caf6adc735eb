//! Addresses a contact seems to write from too, and who answers for it: proposed to a person, never used by themselves.

use model::{Kind, RecordKey, RecordKind};

use crate::directory::{Directory, When};
use crate::normal_address;
use crate::settings::Settings;
use crate::trace::{Decision, Outcome};

/// What an address is to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressUse {
    /// It writes from there.
    Own,
    /// Somebody else's, who answers while it is away.
    Deputy,
}

impl AddressUse {
    /// Every use, in the order of the definition.
    pub const ALL: [Self; 2] = [Self::Own, Self::Deputy];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Deputy => "deputy",
        }
    }

    /// The use of this word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|used| used.as_str() == word)
    }
}

/// What is known of a mail besides what linking looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent<'a> {
    /// What it is.
    pub kind: Kind,
    /// Display name of its author; empty if there is none.
    pub name: &'a str,
    /// Address in `Sender`.
    pub sender: Option<&'a str>,
    /// Addresses in `Reply-To`.
    pub reply_to: &'a [&'a str],
    /// Whom an automatic reply names to write to meanwhile.
    pub deputy: Option<&'a str>,
}

/// An address that may be one of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Key of the contact.
    pub contact: RecordKey,
    /// Its number.
    pub number: String,
    /// The address, as it is compared.
    pub address: String,
    /// What it is to the contact.
    pub used: AddressUse,
}

/// Local parts behind which there is nobody in particular (RFC 2142 and what is usual), lower case. The local part, or
/// what stands before the first of `.`, `-`, `_` and `+` in it.
const ROLES: [&str; 116] = [
    "abo",
    "abuse",
    "accounting",
    "accounts",
    "admin",
    "administrator",
    "alert",
    "alerts",
    "anfrage",
    "anfragen",
    "auftrag",
    "auto",
    "automat",
    "bestellung",
    "bestellungen",
    "bewerbung",
    "billing",
    "bounce",
    "bounces",
    "buchhaltung",
    "buero",
    "büro",
    "career",
    "careers",
    "contact",
    "copier",
    "customerservice",
    "daemon",
    "datenschutz",
    "dispo",
    "edv",
    "einkauf",
    "email",
    "empfang",
    "fax",
    "feedback",
    "finance",
    "ftp",
    "geschaeftsstelle",
    "geschäftsstelle",
    "hallo",
    "hello",
    "help",
    "helpdesk",
    "hilfe",
    "hostmaster",
    "hotline",
    "hr",
    "info",
    "information",
    "invoice",
    "invoices",
    "it",
    "jobs",
    "karriere",
    "kontakt",
    "kundendienst",
    "kundenservice",
    "lager",
    "list",
    "logistik",
    "mail",
    "mailer",
    "mailerdaemon",
    "marketing",
    "media",
    "news",
    "newsletter",
    "nicht",
    "no",
    "noc",
    "noreply",
    "notification",
    "notifications",
    "notify",
    "office",
    "order",
    "orders",
    "personal",
    "post",
    "postfach",
    "postmaster",
    "poststelle",
    "presse",
    "press",
    "privacy",
    "purchasing",
    "reception",
    "rechnung",
    "rechnungen",
    "reply",
    "robot",
    "root",
    "sales",
    "scan",
    "scanner",
    "sekretariat",
    "security",
    "server",
    "service",
    "shop",
    "support",
    "system",
    "team",
    "technik",
    "ticket",
    "tickets",
    "usenet",
    "uucp",
    "vertrieb",
    "verkauf",
    "verwaltung",
    "webmaster",
    "webshop",
    "www",
    "zentrale",
];

/// They stand anywhere in the local part of a machine.
const MACHINES: [&str; 8] = [
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "do_not_reply",
    "mailer-daemon",
    "nicht-antworten",
];

/// Local parts of forwarders and of systems that make an address for each conversation begin so (SRS, BATV, VERP).
const RELAYED: [&str; 9] =
    ["srs0", "srs1", "prvs=", "btv1=", "bounce", "reply+", "reply-", "conversation+", "msg+"];

/// Domains, with all below them, of services that hand mails on under addresses of their own.
const RELAYS: [&str; 14] = [
    "marketplace.amazon.com",
    "marketplace.amazon.de",
    "marketplace.amazon.co.uk",
    "members.ebay.com",
    "members.ebay.de",
    "mail.kleinanzeigen.de",
    "mail.ebay-kleinanzeigen.de",
    "privaterelay.appleid.com",
    "reply.github.com",
    "reply.linkedin.com",
    "reply.facebook.com",
    "facebookmail.com",
    "intercom-mail.com",
    "zendesk.com",
];

/// Whether nobody in particular reads there, or a machine.
pub fn is_role_address(address: &str) -> bool {
    let normal = normal_address(address);
    let Some((local, _)) = normal.rsplit_once('@') else { return true };
    let first = local.split(['.', '-', '_', '+']).next().unwrap_or_default();
    is_machine(local) || ROLES.contains(&local) || ROLES.contains(&first)
}

fn is_machine(local: &str) -> bool {
    MACHINES.iter().any(|word| local.contains(word))
}

/// Whether an address is made for one conversation, or of somebody who hands mails on.
pub fn is_relay_address(address: &str) -> bool {
    let normal = normal_address(address);
    let Some((local, domain)) = normal.rsplit_once('@') else { return true };
    let below =
        |relay: &str| domain.strip_suffix(relay).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    RELAYED.iter().any(|begin| local.starts_with(begin)) || RELAYS.iter().any(|relay| below(relay))
}

/// What a mail teaches of the contact it was filed under.
///
/// An address is proposed as the contact's own if the mail is personal, answers in a thread that handed over exactly one
/// contact, and comes from somebody new to the thread whose address no record carries. A deputy is proposed if the
/// contact's own automatic reply names one. Ignored addresses are never proposed, nor are those of roles and relays as own
/// ones, nor those of machines at all.
pub fn proposals(
    from: &[&str],
    sent: &Sent<'_>,
    decision: &Decision,
    directory: &Directory,
    settings: &Settings,
) -> Vec<Proposal> {
    let mut contacts = decision.links.iter().filter(|link| link.kind == RecordKind::Contact);
    let (Some(contact), None, [from]) = (contacts.next(), contacts.next(), from) else { return Vec::new() };
    let when = When::default();
    let from = normal_address(from);
    let carries = |address: &str| {
        let mut carriers = directory.contacts(directory.address_hash(address), &when);
        carriers.any(|slot| directory.key(slot) == contact.key)
    };
    let used = match sent.kind {
        Kind::Personal => AddressUse::Own,
        Kind::AutoReply => AddressUse::Deputy,
        _ => return Vec::new(),
    };
    let address = match used {
        AddressUse::Own => {
            let answers = decision.outcome == Outcome::Inherited && decision.stranger;
            let known = directory.carries(directory.address_hash(&from), &When { deputies: true, ..when });
            if !answers || known || is_role_address(&from) || is_handed_on(&from, sent) {
                return Vec::new();
            }
            from
        }
        AddressUse::Deputy => {
            let Some(deputy) = sent.deputy.map(normal_address) else { return Vec::new() };
            let local = deputy.rsplit_once('@').map_or("", |(local, _)| local);
            if local.is_empty() || is_machine(local) || !carries(&from) || carries(&deputy) || deputy == from
            {
                return Vec::new();
            }
            deputy
        }
    };
    if settings.ignored.holds(&address) {
        return Vec::new();
    }
    vec![Proposal { contact: contact.key, number: contact.number.clone(), address, used }]
}

/// Whether somebody else than the author sent it, or its answers go elsewhere.
fn is_handed_on(from: &str, sent: &Sent<'_>) -> bool {
    let other = |address: &str| normal_address(address) != from;
    let name = sent.name.to_lowercase();
    is_relay_address(from)
        || name.contains(" via ")
        || name.contains(" über ")
        || sent.sender.is_some_and(other)
        || sent.reply_to.iter().any(|address| other(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_machines_and_relays() {
        for address in [
            "info@x.example",
            "Info-Berlin@x.example",
            "noreply@x.example",
            "shop.no-reply@x.example",
            "nobody",
            "büro@x.example",
        ] {
            assert!(is_role_address(address), "{address}");
        }
        for address in ["ada@x.example", "informatica@x.example", "a.post@x.example"] {
            assert!(!is_role_address(address), "{address}");
        }
        for address in [
            "SRS0=ab=cd=x.example=ada@y.example",
            "abc@marketplace.amazon.de",
            "reply+77@z.example",
            "a@eu.zendesk.com",
        ] {
            assert!(is_relay_address(address), "{address}");
        }
        for address in ["ada@x.example", "ada@notzendesk.com"] {
            assert!(!is_relay_address(address), "{address}");
        }
    }

    #[test]
    fn lists_are_written_as_they_are_compared() {
        for word in ROLES.iter().chain(&MACHINES).chain(&RELAYED).chain(&RELAYS) {
            assert_eq!(*word, word.to_lowercase(), "{word}");
        }
        assert!(ROLES.iter().enumerate().all(|(at, word)| !ROLES[..at].contains(word)));
    }
}
