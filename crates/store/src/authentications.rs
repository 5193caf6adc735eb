//! Who mails are really from.

use std::collections::HashMap;

use model::{Envelope, UnixMillis};

use crate::detail::MailOctets;
use crate::entries;
use crate::error::Result;
use crate::examination::{self, ExaminationTask};
use crate::placements::envelope;
use crate::sql::statements;
use crate::store::Store;
use crate::suspicions;
use crate::value::{Arg, Rows, args};

/// A mail whose origin is to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncheckedMail {
    /// Its octets.
    pub octets: MailOctets,
    /// Times names could not be resolved for it.
    pub attempts: u32,
    /// Envelope, if the source knew it.
    pub envelope: Option<Envelope>,
}

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedMail {
    /// Number of the mail.
    pub seq: i64,
    /// Result, as `examine` writes it.
    pub result: String,
    /// It is from somebody else than it says.
    pub forged: bool,
    /// Who says that it is spam, if anybody does.
    pub spam: Option<String>,
    /// To be checked again: when, and how often it has failed; done otherwise.
    pub again: Option<(UnixMillis, u32)>,
}

statements! {
    ENVELOPES = "SELECT seq, envelope FROM placements WHERE seq = ANY($1) AND envelope IS NOT NULL ORDER BY seq, fetched";
    PUT [Int, Int, Text] = "WITH v(seq, checked, result) AS ({rows}) INSERT INTO authentications (seq, checked, result) \
        SELECT seq, checked, result FROM v WHERE TRUE ON CONFLICT (seq) DO UPDATE SET checked = excluded.checked, \
        result = excluded.result";
    // Handled already: to be judged anew.
    HANDLED = "SELECT mail FROM feedback WHERE mail = ANY($1)";
    GET = "SELECT checked, result FROM authentications WHERE seq = $1";
}

impl Store {
    /// Mails whose origin is to be checked, those that were never tried first, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn unchecked_mails(&self, now: UnixMillis, limit: usize) -> Result<Vec<UncheckedMail>> {
        self.read(|tx| {
            let due = examination::due(tx, ExaminationTask::Authenticate, now, limit)?;
            let seqs: Vec<i64> = due.iter().map(|(octets, _)| octets.seq).collect();
            let found = tx.query(&ENVELOPES, &[Arg::Ints(&seqs)], |row| Ok((row.int(0)?, row.text(1)?)))?;
            let mut envelopes: HashMap<i64, Envelope> = HashMap::new();
            for (seq, text) in found {
                envelopes.entry(seq).or_insert_with(|| envelope(&text));
            }
            let mail = |(octets, attempts): (MailOctets, u32)| UncheckedMail {
                octets,
                attempts,
                envelope: envelopes.remove(&octets.seq),
            };
            Ok(due.into_iter().map(mail).collect())
        })
    }

    /// Keeps what was found out.
    ///
    /// # Errors
    /// Those of the database.
    pub fn put_checked(&self, mails: Vec<CheckedMail>, now: UnixMillis) -> Result<()> {
        if mails.is_empty() {
            return Ok(());
        }
        self.write_batch(move |tx| {
            let mut rows = Rows::new(3, mails.len());
            for mail in &mails {
                rows.push(args![mail.seq, now, &mail.result]);
            }
            tx.bulk(&PUT, &rows)?;
            let forged: Vec<i64> = mails.iter().filter(|mail| mail.forged).map(|mail| mail.seq).collect();
            if !forged.is_empty() {
                let handled = tx.query(&HANDLED, &[Arg::Ints(&forged)], |row| row.int(0))?;
                entries::touch(tx, &handled)?;
            }
            let spam: Vec<(i64, &str)> =
                mails.iter().filter_map(|mail| Some((mail.seq, mail.spam.as_deref()?))).collect();
            suspicions::mark_mails(tx, &spam)?;
            let task = ExaminationTask::Authenticate;
            let finished: Vec<i64> =
                mails.iter().filter(|mail| mail.again.is_none()).map(|mail| mail.seq).collect();
            examination::done(tx, task, &finished)?;
            for mail in &mails {
                if let Some((due, attempts)) = mail.again {
                    examination::enqueue(tx, task, &[mail.seq], due, attempts)?;
                }
            }
            Ok(())
        })
    }

    /// What was found out about a mail, and when; `None` if nobody has checked it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn checked_mail(&self, seq: i64) -> Result<Option<(UnixMillis, String)>> {
        self.read(|tx| tx.first(&GET, &[seq.into()], |row| Ok((row.time(0)?, row.text(1)?))))
    }
}
