//! What leaves with a mail when mails are handed out.

use std::collections::HashMap;

use model::{Address, PartRole};

use crate::addresses::{self, AddressRole};
use crate::db::Tx;
use crate::detail::{MailOctets, OCTETS, StoredPart, mail_octets};
use crate::error::Result;
use crate::examination::{self, ExaminedPart};
use crate::sql::statements;
use crate::store::Store;
use crate::value::Arg;

statements! {
    SUBJECTS = "SELECT seq, subject FROM heads WHERE seq = ANY($1)";
}

/// A mail, beside its line.
#[derive(Clone, Debug)]
pub struct MailAbout {
    /// Where its octets lie.
    pub octets: MailOctets,
    /// Decoded; empty before it is filed.
    pub subject: String,
    /// In the order of the mail.
    pub addresses: Vec<(AddressRole, Address)>,
    /// Those of attached mails too.
    pub attachments: Vec<StoredPart>,
    /// One of them is held: not everybody may have the whole mail.
    pub held: bool,
}

/// Whether one of the attachments is held, or nobody has looked at it yet.
pub fn any_held(parts: &[StoredPart], examined: &[ExaminedPart]) -> bool {
    parts.iter().filter(|part| part.role == PartRole::Attachment).any(|part| {
        let found = examined.iter().find(|examined| examined.is_of(part));
        found.is_none_or(ExaminedPart::is_held)
    })
}

impl Store {
    /// About these mails, by number. Asks for no scope: the numbers are those of lines that a scope allowed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn about_mails(&self, mails: &[i64]) -> Result<HashMap<i64, MailAbout>> {
        self.read(|tx| {
            let about = about(tx, mails)?;
            Ok(about.into_iter().map(|(seq, (about, _))| (seq, about)).collect())
        })
    }
}

/// The same, with what is known of the attachments.
pub(crate) fn about(tx: &Tx<'_>, mails: &[i64]) -> Result<HashMap<i64, (MailAbout, Vec<ExaminedPart>)>> {
    let octets = tx.query(&OCTETS, &[Arg::Ints(mails)], mail_octets)?;
    let subjects = tx.query(&SUBJECTS, &[Arg::Ints(mails)], |row| Ok((row.int(0)?, row.text(1)?)))?;
    let mut subjects: HashMap<i64, String> = subjects.into_iter().collect();
    let mut addresses = addresses::of_mails(tx, mails, None)?;
    let mut attachments = examination::attachments(tx, mails)?;
    let mut examined = examination::of_mails(tx, mails)?;
    let about = octets.into_iter().map(|octets| {
        let seq = octets.seq;
        let examined = examined.remove(&seq).unwrap_or_default();
        let attachments = attachments.remove(&seq).unwrap_or_default();
        let about = MailAbout {
            octets,
            subject: subjects.remove(&seq).unwrap_or_default(),
            addresses: addresses.remove(&seq).unwrap_or_default(),
            held: any_held(&attachments, &examined),
            attachments,
        };
        (seq, (about, examined))
    });
    Ok(about.collect())
}
