//! Mails handed out as files.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;

use export::{Attachment, Handover, Link, Octets, Party, Place, Role, Row, Supplier, Writer};
use model::{AccountId, Period, Scope};
use store::{AddressRole, MailAbout, MailLine};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::proving::evidence;
use crate::search::Asked;

/// Mails read together.
const CHUNK: usize = 200;

/// What is handed out.
#[derive(Clone, Debug, Default)]
pub struct ExportOf {
    /// What the mails' messages match; empty: all mails, those that are not filed yet too.
    pub asked: Asked,
    /// The octets of mails with an attachment that is held are handed out as well.
    pub held_too: bool,
    /// Only mails of these effective dates.
    pub period: Period,
}

/// What was handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Mails.
    pub mails: u64,
    /// Octets of them, where the format has them.
    pub octets: u64,
}

impl Engine {
    /// Hands out the mails of a query with what proves them, as a Z3 handover. Only mails that are filed.
    ///
    /// # Errors
    /// As [`Engine::export`]; `Log`.
    pub fn hand_over(
        &self,
        scope: &Scope,
        of: &ExportOf,
        supplier: Supplier,
        out: impl io::Write,
    ) -> Result<Exported> {
        let scope = self.of_period(scope, of.period)?;
        let mut export = Running::new(self, of, true)?;
        // What is handed out is known before the log is signed, so that the log speaks of all of it.
        let mut messages = Vec::new();
        self.messages_of(&scope, &of.asked, &mut |page| {
            messages.extend_from_slice(page);
            Ok(())
        })?;
        let head = evidence::head(self.core())?;
        let mut writer = Handover::new(out, supplier).map_err(Error::Write)?;
        writer.proof("key.pub", format!("{}\n", head.key).as_bytes()).map_err(Error::Write)?;
        let mut given = BTreeSet::new();
        for chunk in messages.chunks(CHUNK) {
            for (row, about) in export.rows(self.store().mail_lines_of(&scope, chunk)?)? {
                export.octets(&row, &about, |row, octets| writer.mail(row, octets))?;
                let place = Handover::<io::Sink>::place(&row);
                for (name, octets) in
                    evidence::octets_of(self.core(), &head, row.mail_id, &place, &mut given)?
                {
                    writer.proof(&name, &octets).map_err(Error::Write)?;
                }
            }
        }
        writer.finish().map_err(Error::Write)?;
        Ok(export.done)
    }

    /// The scope, with mails of a period only.
    pub(crate) fn of_period(&self, scope: &Scope, period: Period) -> Result<Scope> {
        Ok(match scope {
            Scope::All if period.is_bounded() => {
                let accounts = self.store().accounts(true)?.into_iter().map(|account| account.id);
                Scope::accounts(accounts.collect()).within(period)
            }
            Scope::Accounts(_) => scope.clone().within(period),
            _ => scope.clone(),
        })
    }

    /// Hands mails to `writer`, each once, twins too, as far as the scope allows; messages of a query newest first, all
    /// mails in the order they came. `with_octets`: the writer asks for them.
    /// The writer is finished only if everything was written.
    ///
    /// # Errors
    /// `Query`; those of database, index and archive; `Write` of the writer.
    pub fn export(
        &self,
        scope: &Scope,
        of: &ExportOf,
        with_octets: bool,
        mut writer: Box<dyn Writer + '_>,
    ) -> Result<Exported> {
        let scope = &self.of_period(scope, of.period)?;
        let mut export = Running::new(self, of, with_octets)?;
        if of.asked.query.trim().is_empty() {
            let mut after = 0;
            while let Some((lines, next)) = self.store().mail_lines(scope, after, CHUNK)? {
                export.write(lines, &mut *writer)?;
                after = next;
            }
        } else {
            self.messages_of(scope, &of.asked, &mut |messages| {
                messages.chunks(CHUNK).try_for_each(|messages| {
                    let lines = self.store().mail_lines_of(scope, messages)?;
                    export.write(lines, &mut *writer)
                })
            })?;
        }
        writer.finish().map_err(Error::Write)?;
        Ok(export.done)
    }
}

pub(crate) struct Running<'a> {
    engine: &'a Engine,
    names: HashMap<AccountId, String>,
    with_octets: bool,
    of: &'a ExportOf,
    done: Exported,
}

impl<'a> Running<'a> {
    pub(crate) fn new(engine: &'a Engine, of: &'a ExportOf, with_octets: bool) -> Result<Self> {
        let names = engine.store().accounts(true)?;
        let names = names.into_iter().map(|account| (account.id, account.settings.name)).collect();
        Ok(Self { engine, names, with_octets, of, done: Exported::default() })
    }

    /// What is said of these mails, without those that are not handed out.
    fn rows(&self, lines: Vec<MailLine>) -> Result<Vec<(Row, MailAbout)>> {
        let seqs: Vec<i64> = lines.iter().map(|line| line.seq).collect();
        let mut about = self.engine.store().about_mails(&seqs)?;
        let mut rows = Vec::with_capacity(lines.len());
        for line in lines {
            let Some(about) = about.remove(&line.seq) else { continue };
            if self.with_octets && about.held && !self.of.held_too {
                continue;
            }
            rows.push((self.row(line, &about), about));
        }
        Ok(rows)
    }

    /// Has one mail written.
    fn octets(
        &mut self,
        row: &Row,
        about: &MailAbout,
        write: impl FnOnce(&Row, &mut Octets<'_>) -> io::Result<()>,
    ) -> Result<()> {
        // What is wrong with the archive is told from what is wrong with the file it is written to.
        let mut unread = None;
        let mut octets = |out: &mut dyn io::Write| self.copy(about, out, &mut unread);
        let written = write(row, &mut octets);
        if let Some(error) = unread {
            return Err(error);
        }
        written.map_err(Error::Write)?;
        self.done.mails += 1;
        self.done.octets += if self.with_octets { row.octets } else { 0 };
        Ok(())
    }

    /// Writes mails.
    pub(crate) fn write(&mut self, lines: Vec<MailLine>, writer: &mut dyn Writer) -> Result<()> {
        for (row, about) in self.rows(lines)? {
            self.octets(&row, &about, |row, octets| writer.mail(row, octets))?;
        }
        Ok(())
    }

    /// What is said about mails, without their octets.
    pub(crate) fn about(&self, lines: &[MailLine]) -> Result<Vec<Row>> {
        let seqs: Vec<i64> = lines.iter().map(|line| line.seq).collect();
        let about = self.engine.store().about_mails(&seqs)?;
        Ok(lines.iter().filter_map(|line| Some(self.row(line.clone(), about.get(&line.seq)?))).collect())
    }

    fn copy(&self, about: &MailAbout, out: &mut dyn io::Write, unread: &mut Option<Error>) -> io::Result<()> {
        let mut reader = match self.engine.archive().get(about.octets.location) {
            Ok(reader) => reader,
            Err(error) => {
                *unread = Some(error.into());
                return Err(io::ErrorKind::Other.into());
            }
        };
        let mut piece = vec![0; 1 << 16];
        loop {
            let read = match io::Read::read(&mut reader, &mut piece) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    *unread = Some(archive::Error::of_stream(error, Path::new("archive")).into());
                    return Err(io::ErrorKind::Other.into());
                }
            };
            out.write_all(&piece[..read])?;
        }
    }

    fn row(&self, line: MailLine, about: &MailAbout) -> Row {
        let party = |(role, address): &(AddressRole, model::Address)| {
            let role = match role {
                AddressRole::From => Role::From,
                AddressRole::To => Role::To,
                AddressRole::Cc => Role::Cc,
                AddressRole::Bcc => Role::Bcc,
                AddressRole::ReplyTo
                | AddressRole::Sender
                | AddressRole::DeliveredTo
                | AddressRole::OriginalTo => return None,
            };
            let name = address.display_name.clone().unwrap_or_default();
            Some(Party { role, address: address.folded(), name })
        };
        let places = line.placements.iter().filter(|place| place.gone.is_none()).map(|place| Place {
            account: self.names.get(&place.account).cloned().unwrap_or_default(),
            mailbox: place.mailbox_name.clone(),
        });
        let attachments = about.attachments.iter().map(|part| Attachment {
            name: part.name.clone().unwrap_or_default(),
            content_type: part.content_type.clone(),
            octets: part.octets,
            sha256: part.sha256,
        });
        let links = line.links.iter().map(|link| Link {
            kind: link.kind.as_str(),
            number: link.number.clone(),
            by_rule: link.by_rule,
        });
        Row {
            mail_id: line.mail_id,
            message_id: line.message_id.map(|id| id.0),
            date: line.date,
            subject: about.subject.clone(),
            parties: about.addresses.iter().filter_map(party).collect(),
            kind: line.kind.map(model::Kind::as_str),
            thread_id: line.thread_id.map(|id| id.to_string()),
            octets: line.octets,
            sha256: line.sha256,
            places: places.collect(),
            attachments: attachments.collect(),
            links: links.collect(),
        }
    }
}
