//! Marks, moves and removes mails at the source. Every order can be given again: what is done already counts as done.
//!
//! | server can | a move is |
//! | --- | --- |
//! | MOVE | UID MOVE |
//! | UIDPLUS | UID COPY, its COPYUID or a search in the target, then `\Deleted` and UID EXPUNGE of these mails alone |
//! | neither | UID COPY, a search in the target, then `\Deleted`: EXPUNGE would take others' mail as well |
//!
//! Source: RFC 9051 §6.4; RFC 4315, RFC 6851.

use std::collections::HashMap;

use model::{Flags, Position, UnixMillis};

use super::command::{Command, What};
use super::drive::Session;
use super::error::ImapError;
use super::mailbox::Mailbox;
use super::target;

/// Mails named in one command.
const MAILS_MAX: usize = 400;
/// Mails without an id that are looked at because their size agrees.
const ALIKE_MAX: usize = 400;

/// What is to be done with mails of one mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Raw name of the mailbox they lie in.
    pub mailbox: Vec<u8>,
    /// Numbering the UIDs belong to; if the server has another one, nothing is done.
    pub uid_validity: u32,
    /// Which mails.
    pub uids: Vec<u32>,
    /// What.
    pub change: Change,
    /// It was given before, and nobody knows how far it came: a copy in the target counts.
    pub is_repeated: bool,
}

/// A change at the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Sets these flags, or takes them away.
    Flags {
        /// Which.
        flags: Flags,
        /// Set, or taken away.
        is_set: bool,
    },
    /// Into the mailbox of this name, which is made if it is missing; `/` between levels.
    Move {
        /// Name for people, or raw.
        to: String,
    },
    /// Removed for good, or marked `\Deleted` where the server cannot remove single mails.
    Delete,
}

/// What became of one mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Done; for a move where it is now, if the server said so.
    Done {
        /// `Position::Imap` in [`ChangeReport::target`].
        to: Option<Position>,
    },
    /// It is no longer there: done before, or taken away by somebody.
    Gone,
    /// A copy is in the target, or it was to be deleted; here it is marked `\Deleted`, as the server cannot remove single
    /// mails.
    Marked {
        /// `Position::Imap` in [`ChangeReport::target`].
        to: Option<Position>,
    },
    /// Not touched: it could not be seen whether a copy has arrived.
    Unverified,
    /// Not touched: the mailbox was numbered anew.
    Renumbered,
}

/// What became of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeReport {
    /// Each UID of the order.
    pub mails: Vec<(u32, Changed)>,
    /// Where mails were moved to.
    pub target: Option<Mailbox>,
}

/// A mail that is there.
struct Present {
    uid: u32,
    size_octets: Option<u64>,
    internal_date: Option<UnixMillis>,
    /// ASCII only: others cannot be searched for everywhere.
    message_id: Option<String>,
}

impl Present {
    /// Whether a copy could be told from other mails. Without an id it is by size and date, which a copy keeps.
    const fn can_be_found(&self) -> bool {
        self.message_id.is_some() || (self.size_octets.is_some() && self.internal_date.is_some())
    }
}

/// Where copies are, by UID of the source.
type Copies = HashMap<u32, Position>;

impl Session {
    /// Carries out an order.
    ///
    /// # Errors
    /// [`ImapError`]; the order may have been carried out in part.
    pub(crate) async fn change(&mut self, order: &Order) -> Result<ChangeReport, ImapError> {
        let mut uids = order.uids.clone();
        uids.sort_unstable();
        uids.dedup();
        let target = match &order.change {
            Change::Move { to } => Some(self.target(to).await?),
            _ => None,
        };
        let mut report = ChangeReport { mails: Vec::with_capacity(uids.len()), target };
        if report.target.as_ref().is_some_and(|target| target.raw == order.mailbox) {
            report.mails.extend(uids.iter().map(|uid| (*uid, Changed::Done { to: None })));
            return Ok(report);
        }
        for chunk in uids.chunks(MAILS_MAX) {
            if !self.select(order).await? {
                report.mails.extend(chunk.iter().map(|uid| (*uid, Changed::Renumbered)));
                continue;
            }
            let present = self.present(chunk).await?;
            let gone = chunk.iter().filter(|uid| !present.iter().any(|mail| mail.uid == **uid));
            report.mails.extend(gone.map(|uid| (*uid, Changed::Gone)));
            if present.is_empty() {
                continue;
            }
            let all: Vec<u32> = present.iter().map(|mail| mail.uid).collect();
            let changed = match (&order.change, &report.target) {
                (Change::Flags { flags, is_set }, _) => {
                    self.ask(Command::UidStore { uids: &all, flags: *flags, is_set: *is_set }).await?;
                    all.into_iter().map(|uid| (uid, Changed::Done { to: None })).collect()
                }
                (Change::Move { .. }, Some(target)) => {
                    let raw = target.raw.clone();
                    self.move_mails(order, &raw, present).await?
                }
                (Change::Delete | Change::Move { .. }, _) => {
                    let is_removed = self.remove(&all).await?;
                    let done = |uid| (uid, ended(is_removed, None));
                    all.into_iter().map(done).collect::<Vec<_>>()
                }
            };
            report.mails.extend(changed);
        }
        Ok(report)
    }

    /// Opens the mailbox for changes; false if it is numbered anew.
    async fn select(&mut self, order: &Order) -> Result<bool, ImapError> {
        let answer = self.ask(Command::Select { mailbox: &order.mailbox }).await?;
        if answer.number("UIDVALIDITY").unwrap_or(0) != order.uid_validity {
            return Ok(false);
        }
        if answer.has_code("READ-ONLY") {
            let words = answer.texts.last().map(|text| text.words.clone()).unwrap_or_default();
            let code = Some("READ-ONLY".to_owned());
            return Err(ImapError::Refused { command: "SELECT", code, words, is_bad: false });
        }
        Ok(true)
    }

    /// Whether one of these mails without an id was received at this second.
    pub(crate) async fn is_dated(&mut self, uids: &[u32], received: UnixMillis) -> Result<bool, ImapError> {
        if uids.is_empty() {
            return Ok(false);
        }
        let newest = &uids[uids.len().saturating_sub(ALIKE_MAX)..];
        let seconds = |at: UnixMillis| at.0.div_euclid(1000);
        let is_same = |mail: &Present| {
            mail.message_id.is_none() && mail.internal_date.map(seconds) == Some(seconds(received))
        };
        Ok(self.present(newest).await?.iter().any(is_same))
    }

    async fn present(&mut self, uids: &[u32]) -> Result<Vec<Present>, ImapError> {
        let answer = self.ask(Command::UidFetch { uids, what: What::Identity }).await?;
        let mut present: Vec<Present> = Vec::with_capacity(uids.len());
        for fetched in answer.fetched {
            let Some(uid) = fetched.uid.filter(|uid| uids.contains(uid)) else { continue };
            let message_id = fetched.message_id.filter(|id| id.is_ascii());
            let (size_octets, internal_date) = (fetched.size_octets, fetched.internal_date);
            present.push(Present { uid, size_octets, internal_date, message_id });
        }
        present.sort_unstable_by_key(|mail| mail.uid);
        present.dedup_by_key(|mail| mail.uid);
        Ok(present)
    }

    /// `\Deleted`, and away with them if the server can remove single mails; whether it can.
    async fn remove(&mut self, uids: &[u32]) -> Result<bool, ImapError> {
        let flags = Flags { deleted: true, ..Flags::default() };
        self.ask(Command::UidStore { uids, flags, is_set: true }).await?;
        let is_removed = self.can("UIDPLUS");
        if is_removed {
            self.ask(Command::UidExpunge { uids }).await?;
        }
        Ok(is_removed)
    }

    async fn move_mails(
        &mut self,
        order: &Order,
        target: &[u8],
        present: Vec<Present>,
    ) -> Result<Vec<(u32, Changed)>, ImapError> {
        let all: Vec<u32> = present.iter().map(|mail| mail.uid).collect();
        if self.can("MOVE") {
            let answer = self.ask(Command::UidMove { uids: &all, mailbox: target }).await?;
            let mut copies = copies(&answer.texts);
            return Ok(all.into_iter().map(|uid| (uid, ended(true, copies.remove(&uid)))).collect());
        }
        let mut there = Copies::new();
        let mut is_away = false;
        if order.is_repeated {
            there = self.look(target, &present, true).await?;
            is_away = true;
        }
        // What nobody could find again, with a server that does not tell, stays where it is.
        let tells = self.can("UIDPLUS");
        let wanted: Vec<u32> = present
            .iter()
            .filter(|mail| !there.contains_key(&mail.uid) && (tells || mail.can_be_found()))
            .map(|mail| mail.uid)
            .collect();
        if !wanted.is_empty() {
            if is_away && !self.select(order).await? {
                return Ok(all.into_iter().map(|uid| (uid, Changed::Renumbered)).collect());
            }
            let answer = self.ask(Command::UidCopy { uids: &wanted, mailbox: target }).await?;
            let told = copies(&answer.texts);
            let untold = present.into_iter();
            let untold: Vec<Present> =
                untold.filter(|mail| wanted.contains(&mail.uid) && !told.contains_key(&mail.uid)).collect();
            there.extend(told);
            is_away = !untold.is_empty();
            if is_away {
                there.extend(self.look(target, &untold, false).await?);
            }
        }
        let mut copied: Vec<u32> = all.iter().copied().filter(|uid| there.contains_key(uid)).collect();
        if is_away && !copied.is_empty() && !self.select(order).await? {
            return Ok(all.into_iter().map(|uid| (uid, Changed::Renumbered)).collect());
        }
        copied.sort_unstable();
        let is_removed = if copied.is_empty() { false } else { self.remove(&copied).await? };
        let changed = all.into_iter().map(|uid| match there.remove(&uid) {
            Some(to) => (uid, ended(is_removed, Some(to))),
            None => (uid, Changed::Unverified),
        });
        Ok(changed.collect())
    }

    /// Which of these mails have a copy in the target; with equal size, if it may be an old one.
    async fn look(&mut self, target: &[u8], mails: &[Present], with_size: bool) -> Result<Copies, ImapError> {
        let answer = self.ask(Command::Examine { mailbox: target }).await?;
        let uid_validity = answer.number("UIDVALIDITY").unwrap_or(0);
        let mut there = Copies::new();
        for mail in mails {
            if !mail.can_be_found() || (with_size && mail.size_octets.is_none()) {
                continue;
            }
            let message_id = mail.message_id.as_deref();
            let size_octets = mail.size_octets.filter(|_| with_size || message_id.is_none());
            let answer = self.ask(Command::UidSearchAlike { message_id, size_octets }).await?;
            let taken =
                |uid: &u32| there.values().any(|to| *to == Position::Imap { uid_validity, uid: *uid });
            let mut found: Vec<u32> = answer.found.into_iter().filter(|uid| !taken(uid)).collect();
            if message_id.is_none() && !found.is_empty() {
                found.sort_unstable();
                found.drain(..found.len().saturating_sub(ALIKE_MAX));
                let alike = self.present(&found).await?.into_iter();
                let alike = alike
                    .filter(|other| other.message_id.is_none() && other.internal_date == mail.internal_date);
                found = alike.map(|other| other.uid).collect();
            }
            if let Some(uid) = found.into_iter().max() {
                there.insert(mail.uid, Position::Imap { uid_validity, uid });
            }
        }
        Ok(there)
    }

    /// The mailbox of this name; made, and subscribed to so that mail programs show it, if it is missing.
    pub(crate) async fn target(&mut self, wanted: &str) -> Result<Mailbox, ImapError> {
        let mailboxes = self.mailboxes().await?;
        let told = if self.can("NAMESPACE") { self.ask(Command::Namespace).await?.namespace } else { None };
        let (prefix, delimiter) = told.unwrap_or_else(|| target::guessed_prefix(&mailboxes));
        let is_utf8 = !self.capabilities().has("IMAP4REV1") && self.capabilities().has("IMAP4REV2");
        let made = target::made(wanted, &prefix, delimiter, is_utf8);
        if let Some(found) = target::find(&mailboxes, wanted, &made) {
            return Ok(found.clone());
        }
        match self.ask(Command::Create { mailbox: &made }).await {
            Ok(_) => {}
            // Made by somebody else meanwhile.
            Err(ImapError::Refused { code, .. }) if code.as_deref() == Some("ALREADYEXISTS") => {}
            Err(error) => return Err(error),
        }
        match self.ask(Command::Subscribe { mailbox: &made }).await {
            Ok(_) | Err(ImapError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(Mailbox {
            name: super::utf7::decoded(&made),
            raw: made,
            delimiter,
            special_use: None,
            is_selectable: true,
            status: None,
        })
    }
}

fn ended(is_removed: bool, to: Option<Position>) -> Changed {
    if is_removed { Changed::Done { to } } else { Changed::Marked { to } }
}

/// All that servers say of copies: in the answer itself, or before it.
fn copies(texts: &[super::response::Text]) -> Copies {
    let told = texts.iter().filter_map(super::response::Text::copied);
    told.flat_map(|(uid_validity, pairs)| {
        pairs.into_iter().map(move |(from, to)| (from, Position::Imap { uid_validity, uid: to }))
    })
    .collect()
}
