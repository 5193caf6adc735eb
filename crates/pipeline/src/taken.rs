//! Mail that others bring: from complete deliveries to durable, many connections in one commit.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use intake::smtp::{Delivery, Outcome, Spool};
use model::{AccountId, Envelope, Flags, MailboxId, Position, Provenance, ReversePath, Sha256};
use parse::report::journal::{self, Journal};
use store::{AccountKind, Handling, MailboxRole, NewAccount};
use tokio::sync::mpsc::Receiver;

use crate::Engine;
use crate::core::Core;
use crate::error::{Error, Result};
use crate::feed::{Feed, Incoming};
use crate::recovery::listing;

/// Folder of plain copies.
const COPIES: &str = "Archive";
/// Folder of mails that came inside journal reports: the form in which people read them.
const JOURNAL: &str = "Journal";
/// Folder of the reports themselves, as they came.
const REPORTS: &str = "Journal reports";
/// Mails committed together.
const BATCH_MAILS: usize = 400;
/// Octets committed together, large mails aside.
const BATCH_OCTETS: u64 = 16 << 20;
/// A report with a larger mail inside is archived as it is, octets.
const REPORT_MAX: u64 = 128 << 20;

/// The thread that takes deliveries. It ends when their senders are gone.
#[derive(Debug)]
pub struct Taking(JoinHandle<()>);

impl Taking {
    /// Takes what comes out of `deliveries` into the account of this name, which is made if there is none.
    ///
    /// # Errors
    /// Those of the database; `Io` if there is no room for a thread.
    pub fn start(engine: &Engine, account_name: &str, deliveries: Receiver<Delivery>) -> Result<Self> {
        let account = archive_account(engine, account_name)?;
        let mut taker = Taker {
            engine: engine.clone(),
            account,
            account_name: account_name.to_owned(),
            mailboxes: HashMap::new(),
        };
        let thread = std::thread::Builder::new().name("deliveries".into());
        let thread = thread.spawn(move || taker.run(deliveries)).map_err(|e| Error::io(engine.dir(), e))?;
        Ok(Self(thread))
    }

    /// Waits until everything handed in is answered.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the thread for deliveries failed");
        }
    }
}

fn archive_account(engine: &Engine, name: &str) -> Result<AccountId> {
    if let Some(account) = engine.store().account_by_name(name)? {
        return Ok(account.id);
    }
    let handling = Handling { role: MailboxRole::Archive, ..Handling::default() };
    let new =
        NewAccount { name: name.to_owned(), kind: AccountKind::Import, handling, ..NewAccount::default() };
    let id = AccountId::new(uuid::Uuid::now_v7());
    Ok(engine.store().account_or_create(id, new, engine.core().now())?)
}

struct Taker {
    engine: Engine,
    account: AccountId,
    account_name: String,
    mailboxes: HashMap<&'static str, MailboxId>,
}

impl Taker {
    /// What came while a batch was committed makes the next one.
    fn run(&mut self, mut deliveries: Receiver<Delivery>) {
        while let Some(first) = deliveries.blocking_recv() {
            let mut octets = first.content.octets();
            let mut batch = vec![first];
            while batch.len() < BATCH_MAILS && octets < BATCH_OCTETS {
                let Ok(next) = deliveries.try_recv() else { break };
                octets += next.content.octets();
                batch.push(next);
            }
            self.take_batch(batch);
        }
    }

    fn take_batch(&mut self, mut batch: Vec<Delivery>) {
        match self.take(&mut batch) {
            Ok(()) => answer(batch, Outcome::Kept),
            Err(error) if error.is_disk_full() => {
                tracing::error!("no room on the disk: deliveries are put off");
                answer(batch, Outcome::Full);
            }
            // One of them may be the cause: the others are not to suffer. What is there already is recognised.
            Err(_) if batch.len() > 1 => batch.into_iter().for_each(|one| self.take_batch(vec![one])),
            Err(error) => {
                tracing::warn!(error = %crate::chain(&error), "a delivery could not be stored and is put off");
                answer(batch, Outcome::Trouble);
            }
        }
    }

    /// Makes all of them durable.
    fn take(&mut self, batch: &mut [Delivery]) -> Result<()> {
        let core = Arc::clone(self.engine.core());
        let later = core.rush.puts_off(batch.len(), Instant::now());
        let mut feed = self.engine.entrance()?.feed(&core, self.account, None)?;
        for delivery in batch {
            self.take_one(&core, &mut feed, delivery, later)?;
        }
        feed.flush()?;
        if later {
            core.wake_runner();
        }
        Ok(())
    }

    fn take_one(&mut self, core: &Core, feed: &mut Feed, delivery: &mut Delivery, later: bool) -> Result<()> {
        let sha256 = delivery.content.sha256();
        let report = read_report(core, &mut delivery.content)?;
        let folder = if report.is_some() { REPORTS } else { COPIES };
        let own = self.provenance(
            core,
            folder,
            placed(sha256, &delivery.envelope),
            delivery.envelope.clone(),
            report.is_some(),
        );
        let mailbox = self.mailbox(core, folder)?;
        let inner = report.map(|(journal, octets)| {
            let position = format!("journal:{sha256}");
            (self.provenance(core, JOURNAL, position, envelope(&journal), false), octets)
        });
        // A report is as private as the mail inside.
        let excluded =
            inner.as_ref().and_then(|(inner, octets)| feed.exclusions().judge(inner, false, octets));
        if let Some(name) = excluded.map(str::to_owned) {
            return feed.exclude(mailbox, own, name, None);
        }
        if let Some(octets) = delivery.content.in_memory() {
            let octets = octets.to_vec();
            feed.mail(incoming(mailbox, own, octets, later))?;
        } else {
            let scratch = |error| Error::io(&core.scratch, error);
            let mut reader = delivery.content.reader().map_err(scratch)?;
            feed.stream(mailbox, own, &mut reader, None)?.map_err(scratch)?;
        }
        if let Some((inner, octets)) = inner {
            let mailbox = self.mailbox(core, JOURNAL)?;
            feed.mail(incoming(mailbox, inner, octets, later))?;
        }
        Ok(())
    }

    fn provenance(
        &self,
        core: &Core,
        mailbox: &str,
        unique_id: String,
        envelope: Envelope,
        seen: bool,
    ) -> Provenance {
        let now = core.now();
        Provenance {
            account: self.account,
            account_name: self.account_name.clone(),
            mailbox: mailbox.as_bytes().to_vec(),
            position: Position::Unique { unique_id },
            received: Some(now),
            fetched: now,
            flags: Flags { seen, ..Flags::default() },
            envelope: Some(envelope),
        }
    }

    fn mailbox(&mut self, core: &Core, name: &'static str) -> Result<MailboxId> {
        if let Some(id) = self.mailboxes.get(name) {
            return Ok(*id);
        }
        let ids = core.store.upsert_mailboxes(self.account, vec![listing(name.as_bytes())])?;
        let id = ids.first().copied().ok_or(Error::Stopped)?;
        self.mailboxes.insert(name, id);
        Ok(id)
    }
}

fn incoming(mailbox: MailboxId, provenance: Provenance, octets: Vec<u8>, later: bool) -> Incoming {
    Incoming { mailbox, provenance, octets, is_junk: false, later, entry: None }
}

fn answer(batch: Vec<Delivery>, outcome: Outcome) {
    for delivery in batch {
        // Whoever went away asks again.
        delivery.answer.send(outcome).ok();
    }
}

/// Digest of the octets and of the envelope: the same delivery again is the same placement, for other recipients it is
/// another one of the same mail.
fn placed(sha256: Sha256, envelope: &Envelope) -> String {
    let mut octets = Vec::with_capacity(256);
    match &envelope.reverse_path {
        Some(ReversePath::Path(path)) => octets.extend_from_slice(path.as_bytes()),
        Some(ReversePath::Null) => octets.extend_from_slice(b"<>"),
        None => {}
    }
    for path in &envelope.forward_paths {
        octets.push(b'\n');
        octets.extend_from_slice(path.as_bytes());
    }
    let digest = archive::sha256(&octets).to_string();
    format!("{sha256}-{}", &digest[..16])
}

/// What a journal report says and the octets of the mail inside, if the delivery is one.
fn read_report(core: &Core, content: &mut Spool) -> Result<Option<(Journal, Vec<u8>)>> {
    let scratch = |error| Error::io(&core.scratch, error);
    let mut head = vec![0; 16 * 1024];
    let len = {
        let mut reader = content.reader().map_err(scratch)?;
        let mut len = 0;
        while len < head.len() {
            match reader.read(&mut head[len..]).map_err(scratch)? {
                0 => break,
                read => len += read,
            }
        }
        len
    };
    head.truncate(len);
    if !looks_like_report(&head) || content.octets() > REPORT_MAX {
        return Ok(None);
    }
    let mut octets = Vec::new();
    content.reader().and_then(|mut reader| reader.read_to_end(&mut octets)).map_err(scratch)?;
    let limits = &core.limits;
    // Whatever is wrong with it: it is archived as it came.
    Ok(std::panic::catch_unwind(|| {
        let (message, _) = parse::read(&octets, limits);
        let journal = journal::journal(&message)?;
        let inside = parse::part_content(&octets, &message.parts, journal.part, usize::MAX)?;
        (!inside.is_empty()).then_some((journal, inside))
    })
    .unwrap_or_default())
}

/// Cheap: a multipart whose first part says who sent which mail.
fn looks_like_report(head: &[u8]) -> bool {
    let head = head.to_ascii_lowercase();
    let has = |word: &str| head.windows(word.len()).any(|window| window == word.as_bytes());
    has("multipart/mixed") && has("\nsender:") && has("\nmessage-id:")
}

/// The envelope of the mail inside: who it went to, in which field, by which list.
fn envelope(journal: &Journal) -> Envelope {
    let forward_paths = journal.recipients.iter().map(|recipient| {
        let mut path = format!("{} FIELD={}", recipient.address, recipient.field.as_str());
        for (word, value) in [("EXPANDED", &recipient.expanded), ("FORWARDED", &recipient.forwarded)] {
            if let Some(value) = value {
                let _ = write!(path, " {word}={value}");
            }
        }
        path
    });
    let reverse_path = journal.sender.clone().map_or(ReversePath::Null, ReversePath::Path);
    Envelope { reverse_path: Some(reverse_path), forward_paths: forward_paths.collect(), client: None }
}
