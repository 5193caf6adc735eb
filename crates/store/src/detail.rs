//! Everything about one message.

use model::{
    AccountId, Address, Defect, Envelope, Flags, Location, MailFacts, MailId, MailboxId, MessageId, ObjectId,
    Position, Scope, SegmentId, Sha256, UnixMillis, Verdict,
};

use crate::addresses::{self, AddressRole};
use crate::codec;
use crate::db::Tx;
use crate::entries::{self, Changes};
use crate::error::{Result, StoreError};
use crate::examination::{self, ExaminedPart};
use crate::filing::{NewPart, message_id_hash, part_role};
use crate::keys::ScopeKeys;
use crate::placements::{envelope, flags, position};
use crate::rows::{self, MessageRow};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Row, args};
use crate::work;

/// A part as kept.
pub type StoredPart = NewPart;

/// Where a mail lies, or lay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacementRow {
    /// Account.
    pub account: AccountId,
    /// Mailbox.
    pub mailbox: MailboxId,
    /// Name of the mailbox to show.
    pub mailbox_name: String,
    /// Where in it.
    pub position: Position,
    /// When the source received it.
    pub received: Option<UnixMillis>,
    /// When it was fetched.
    pub fetched: UnixMillis,
    /// Flags when it was fetched.
    pub flags: Flags,
    /// When it was seen to have left.
    pub gone: Option<UnixMillis>,
    /// Envelope, if the source knew it.
    pub envelope: Option<Envelope>,
}

/// Octets of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailOctets {
    /// Number of the mail.
    pub seq: i64,
    /// Its id.
    pub mail_id: MailId,
    /// Name of the record.
    pub object: ObjectId,
    /// Where it lies.
    pub location: Location,
    /// How many octets.
    pub octets: u64,
    /// Their digest.
    pub sha256: Sha256,
}

/// A message as the reader shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageDetail {
    /// What its row shows.
    pub row: MessageRow,
    /// Octets of the mail shown.
    pub octets: MailOctets,
    /// All addresses of that mail, by role and place.
    pub addresses: Vec<(AddressRole, Address)>,
    /// What can be downloaded.
    pub parts: Vec<StoredPart>,
    /// What is known of the attachments among them.
    pub examined: Vec<ExaminedPart>,
    /// What it is, and why; `None` if it could not be filed.
    pub verdict: Option<Verdict>,
    /// What is wrong with it.
    pub defects: Vec<Defect>,
    /// Why it could not be filed.
    pub quarantine_reason: Option<String>,
    /// Where it lies, of all twins, as far as the scope allows.
    pub placements: Vec<PlacementRow>,
    /// The other mails of the message the scope allows.
    pub twins: Vec<MailOctets>,
}

statements! {
    MESSAGE_OF = "SELECT seq, message_seq FROM mails WHERE mail_id = $1";
    OCTETS = "SELECT m.seq, m.mail_id, o.object_id, s.segment_id, o.at, o.len, o.octets, o.sha256 FROM mails m \
        JOIN objects o ON o.seq = m.seq JOIN segments s ON s.key = o.segment WHERE m.seq = ANY($1) ORDER BY m.seq";
    PARTS = "SELECT number, name, content_type, octets, sha256, role FROM parts WHERE seq = $1 ORDER BY n";
    FACTS = "SELECT version, facts, verdict FROM facts WHERE seq = $1";
    REASON = "SELECT reason FROM quarantine WHERE seq = $1";
    PLACEMENTS = "SELECT p.position, p.uid_validity, p.uid, p.locator, p.seq, b.account, b.mailbox_id, \
        b.display_name, p.received, p.fetched, p.flags, p.gone, p.envelope FROM placements p \
        JOIN mailboxes b ON b.key = p.mailbox WHERE p.seq = ANY($1) ORDER BY p.seq, p.fetched, b.key, p.uid";
    BY_MESSAGE_ID = "SELECT h.seq, h.message_id FROM heads h WHERE h.message_id_hash = $1 ORDER BY h.seq LIMIT $2";
    SET_UNREAD = "UPDATE mails SET unread = $2 WHERE seq = $1 AND unread <> $2";
}

pub(crate) fn mail_octets(row: &Row<'_>) -> Result<MailOctets> {
    Ok(MailOctets {
        seq: row.int(0)?,
        mail_id: MailId::from_octets(row.octets(1)?),
        object: ObjectId::from_octets(row.octets(2)?),
        location: Location {
            segment: SegmentId::from_octets(row.octets(3)?),
            at: row.uint(4)?,
            len: row.uint(5)?,
        },
        octets: row.uint(6)?,
        sha256: Sha256(row.octets(7)?),
    })
}

fn part(row: &Row<'_>) -> Result<StoredPart> {
    Ok(StoredPart {
        number: row.text(0)?,
        name: row.opt_text(1)?,
        content_type: row.text(2)?,
        octets: row.uint(3)?,
        sha256: row.opt_octets(4)?.map(Sha256),
        role: part_role(row.int(5)?)?,
    })
}

impl Store {
    /// Everything about the message this mail belongs to, shown as the scope allows; `None` if it is not allowed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn message(&self, scope: &Scope, mail: MailId) -> Result<Option<MessageDetail>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let Some((_, Some(message))) = message_of(tx, mail)? else { return Ok(None) };
            let Some(row) = self.rows(tx, &keys, &[message])?.pop() else { return Ok(None) };
            let Some(visible) = rows::visible(tx, &keys, &[message])?.remove(&message) else {
                return Ok(None);
            };
            let seqs: Vec<i64> = visible.mails.iter().map(|(seq, _)| *seq).collect();
            let mut twins = tx.query(&OCTETS, &[Arg::Ints(&seqs)], mail_octets)?;
            let shown = twins.iter().position(|octets| octets.seq == visible.shown);
            let shown = shown.ok_or(StoreError::Unreadable { what: "object of a mail" })?;
            let octets = twins.remove(shown);
            let facts = tx.first(&FACTS, &[octets.seq.into()], |row| {
                let version = row.int(0)?;
                let (_, defects) = codec::facts(version, &row.blob(1)?)?;
                Ok((codec::verdict(version, &row.blob(2)?)?, defects))
            })?;
            let (verdict, defects) = facts.unzip();
            Ok(Some(MessageDetail {
                row,
                addresses: addresses::of_mails(tx, &[octets.seq], None)?
                    .remove(&octets.seq)
                    .unwrap_or_default(),
                parts: tx.query(&PARTS, &[octets.seq.into()], part)?,
                examined: examination::of_mails(tx, &[octets.seq])?.remove(&octets.seq).unwrap_or_default(),
                verdict,
                defects: defects.unwrap_or_default(),
                quarantine_reason: tx.first(&REASON, &[octets.seq.into()], |row| row.text(0))?,
                placements: self
                    .placements(tx, &keys, &seqs)?
                    .into_iter()
                    .map(|(_, placement)| placement)
                    .collect(),
                twins,
                octets,
            }))
        })
    }

    /// Where the octets of a mail lie; of this mail if the scope allows it, otherwise of the twin that is shown
    /// instead; `None` if neither is allowed. Also for mails that are not filed yet.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mail_octets(&self, scope: &Scope, mail: MailId) -> Result<Option<MailOctets>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let Some((seq, message)) = message_of(tx, mail)? else { return Ok(None) };
            let mut own = work::accounts_of(tx, &[seq])?;
            rows::keep_period(tx, &keys, &mut own)?;
            let own = own.remove(&seq).unwrap_or_default();
            let shown = if keys == ScopeKeys::All || own.iter().any(|key| keys.allows(*key)) {
                seq
            } else {
                let message = message.unwrap_or(seq);
                match rows::visible(tx, &keys, &[message])?.remove(&message) {
                    Some(visible) => visible.shown,
                    None => return Ok(None),
                }
            };
            tx.first(&OCTETS, &[Arg::Ints(&[shown])], mail_octets)
        })
    }

    /// One part of the mail [`Self::mail_octets`] gives, as kept at filing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn part(
        &self,
        scope: &Scope,
        mail: MailId,
        number: &str,
    ) -> Result<Option<(MailOctets, StoredPart)>> {
        let Some(octets) = self.mail_octets(scope, mail)? else { return Ok(None) };
        let parts = self.read(|tx| tx.query(&PARTS, &[octets.seq.into()], part))?;
        Ok(parts.into_iter().find(|part| part.number == number).map(|part| (octets, part)))
    }

    /// What can be downloaded of a mail, by its number.
    ///
    /// # Errors
    /// Those of the database.
    pub fn parts(&self, seq: i64) -> Result<Vec<StoredPart>> {
        self.read(|tx| tx.query(&PARTS, &[seq.into()], part))
    }

    /// Facts for linking, of one mail; `None` before it is filed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn facts(&self, seq: i64) -> Result<Option<MailFacts>> {
        self.read(|tx| {
            tx.first(&FACTS, &[seq.into()], |row| {
                codec::facts(row.int(0)?, &row.blob(1)?).map(|(facts, _)| facts)
            })
        })
    }

    /// Mails with this `Message-ID` that the scope allows, in the order they came, at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mails_by_message_id(
        &self,
        scope: &Scope,
        id: &MessageId,
        limit: usize,
    ) -> Result<Vec<MailOctets>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let found = tx.query(&BY_MESSAGE_ID, &args![message_id_hash(&id.0), limit as i64], |row| {
                Ok((row.int(0)?, row.opt_text(1)?))
            })?;
            let mut seqs: Vec<i64> = found
                .into_iter()
                .filter(|(_, text)| text.as_deref() == Some(id.as_str()))
                .map(|(seq, _)| seq)
                .collect();
            if keys != ScopeKeys::All {
                let mut accounts = work::accounts_of(tx, &seqs)?;
                rows::keep_period(tx, &keys, &mut accounts)?;
                seqs.retain(|seq| accounts.get(seq).is_some_and(|a| a.iter().any(|key| keys.allows(*key))));
            }
            tx.query(&OCTETS, &[Arg::Ints(&seqs)], mail_octets)
        })
    }

    /// Marks a message read or unread; `false` if the scope does not allow it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_seen(&self, scope: &Scope, mail: MailId, seen: bool) -> Result<bool> {
        let allowed = self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let Some((_, Some(message))) = message_of(tx, mail)? else { return Ok(false) };
            Ok(!rows::visible(tx, &keys, &[message])?.is_empty())
        })?;
        if !allowed {
            return Ok(false);
        }
        self.write(move |tx| {
            let Some((_, Some(message))) = message_of(tx, mail)? else { return Ok(false) };
            let mut changes = Changes::of_messages(tx, vec![message])?;
            if tx.exec(&SET_UNREAD, &args![message, !seen])? > 0 {
                changes.settle(tx)?;
                entries::touch(tx, &[message])?;
            }
            Ok(true)
        })
    }

    /// Placements of mails in the scope, with the number of the mail, by mail and time.
    pub(crate) fn placements(
        &self,
        tx: &Tx<'_>,
        scope: &ScopeKeys,
        seqs: &[i64],
    ) -> Result<Vec<(i64, PlacementRow)>> {
        let rows = tx.query(&PLACEMENTS, &[Arg::Ints(seqs)], |row| {
            let account = row.int(5)?;
            if !scope.allows(account) {
                return Ok(None);
            }
            Ok(Some((
                row.int(4)?,
                account,
                PlacementRow {
                    account: AccountId::from_octets([0; 16]),
                    mailbox: MailboxId::from_octets(row.octets(6)?),
                    mailbox_name: row.text(7)?,
                    position: position(row, 0)?,
                    received: row.opt_time(8)?,
                    fetched: row.time(9)?,
                    flags: flags(row.int(10)?),
                    gone: row.opt_time(11)?,
                    envelope: row.opt_text(12)?.as_deref().map(envelope),
                },
            )))
        })?;
        let mut out = Vec::with_capacity(rows.len());
        for (seq, account, placement) in rows.into_iter().flatten() {
            out.push((seq, PlacementRow { account: self.keys().account_id(tx, account)?, ..placement }));
        }
        Ok(out)
    }
}

/// Number of a mail and of its message.
fn message_of(tx: &Tx<'_>, mail: MailId) -> Result<Option<(i64, Option<i64>)>> {
    tx.first(&MESSAGE_OF, &[mail.octets().into()], |row| Ok((row.int(0)?, row.opt_int(1)?)))
}
