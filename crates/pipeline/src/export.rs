//! Mails handed out as files.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use export::{Attachment, Link, Octets, Party, Place, Role, Row, Writer};
use model::{AccountId, MailId, Scope};
use store::{AddressRole, MailAbout, MailLine};

use crate::engine::Engine;
use crate::error::{Error, Result};
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
}

/// What was handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Mails.
    pub mails: u64,
    /// Octets of them, where the format has them.
    pub octets: u64,
    /// Mails that were left out because one of their attachments is held; as many as are worth naming.
    pub held: Vec<MailId>,
    /// How many those are in all.
    pub held_count: u64,
}

/// Mails named at most.
const NAMED_MAX: usize = 1000;

impl Engine {
    /// Hands mails to `writer`, each once, twins too, as far as the scope allows; messages of a query newest first, all
    /// mails in the order they came. `with_octets`: the writer asks for them. `on_piece` hears how far it is.
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
        on_piece: &mut dyn FnMut(&Exported),
    ) -> Result<Exported> {
        let names = self.store().accounts(true)?;
        let names = names.into_iter().map(|account| (account.id, account.settings.name)).collect();
        let mut export = Running { engine: self, names, with_octets, of, done: Exported::default() };
        if of.asked.query.trim().is_empty() {
            let mut after = 0;
            while let Some((lines, next)) = self.store().mail_lines(scope, after, CHUNK)? {
                export.write(lines, &mut *writer, on_piece)?;
                after = next;
            }
        } else {
            self.messages_of(scope, &of.asked, &mut |messages| {
                messages.chunks(CHUNK).try_for_each(|messages| {
                    let lines = self.store().mail_lines_of(scope, messages)?;
                    export.write(lines, &mut *writer, on_piece)
                })
            })?;
        }
        writer.finish().map_err(Error::Write)?;
        Ok(export.done)
    }
}

struct Running<'a> {
    engine: &'a Engine,
    names: HashMap<AccountId, String>,
    with_octets: bool,
    of: &'a ExportOf,
    done: Exported,
}

impl Running<'_> {
    fn write(
        &mut self,
        lines: Vec<MailLine>,
        writer: &mut dyn Writer,
        on_piece: &mut dyn FnMut(&Exported),
    ) -> Result<()> {
        let seqs: Vec<i64> = lines.iter().map(|line| line.seq).collect();
        let mut about = self.engine.store().about_mails(&seqs)?;
        for line in lines {
            let Some(about) = about.remove(&line.seq) else { continue };
            if self.with_octets && about.held && !self.of.held_too {
                self.done.held_count += 1;
                if self.done.held.len() < NAMED_MAX {
                    self.done.held.push(line.mail_id);
                }
                continue;
            }
            let row = self.row(line, &about);
            // What is wrong with the archive is told from what is wrong with the file it is written to.
            let mut unread = None;
            let mut octets = |out: &mut dyn io::Write| self.copy(&about, out, &mut unread);
            let octets: &mut Octets<'_> = &mut octets;
            let written = writer.mail(&row, octets);
            if let Some(error) = unread {
                return Err(error);
            }
            written.map_err(Error::Write)?;
            self.done.mails += 1;
            self.done.octets += if self.with_octets { row.octets } else { 0 };
        }
        on_piece(&self.done);
        Ok(())
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
