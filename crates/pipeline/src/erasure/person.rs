//! Everything about one person: mails from, to or about an address, what is filed under it, and what was done with it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::io;

use export::{Writer as _, Zip, csv_line, file_name};
use model::{MailId, Scope};
use serde_json::json;
use store::MailLine;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::export::{ExportOf, Running};
use crate::search::Asked;

/// Mails the cover lists; all of them are in `index.csv`.
const LISTED_MAX: usize = 5000;
/// Mails read together.
const CHUNK: usize = 200;
/// Leaves of the log about one mail.
const LEAVES_MAX: usize = 1000;

/// How a mail has to do with a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// Its header names the address.
    Header,
    /// The address stands in its text or in an attachment.
    Text,
}

/// Mails that have to do with a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonMails {
    /// By mail, in the order they came.
    pub mails: Vec<(MailId, i64, About)>,
}

impl Engine {
    /// Mails from, to or about this address: whatever field of the header names it, and wherever the search finds it. Asks for no
    /// scope: it is for whoever answers for all mails.
    ///
    /// # Errors
    /// Those of database and index.
    pub fn person(&self, address: &str) -> Result<PersonMails> {
        const PAGE: usize = 2000;
        let folded = model::Address { display_name: None, addr_spec: address.trim().to_owned() }.folded();
        let mut found: BTreeMap<i64, (MailId, About)> = BTreeMap::new();
        let mut after = 0;
        loop {
            let page = self.store().mails_with_address(&folded, after, PAGE)?;
            let Some((_, last)) = page.last() else { break };
            after = *last;
            found.extend(page.into_iter().map(|(mail, seq)| (seq, (mail, About::Header))));
        }
        // Quotes would end the phrase.
        let asked = Asked { query: format!("\"{}\"", folded.replace(['"', '\\'], " ")), ..Asked::default() };
        let mut mentioned: HashSet<MailId> = HashSet::new();
        self.messages_of(&Scope::All, &asked, &mut |messages| {
            mentioned.extend(self.store().mails_of_messages(messages)?);
            Ok(())
        })?;
        let mentioned: Vec<MailId> = mentioned.into_iter().collect();
        for chunk in mentioned.chunks(PAGE) {
            for (mail, seq) in self.store().mail_numbers(chunk)? {
                found.entry(seq).or_insert((mail, About::Text));
            }
        }
        Ok(PersonMails { mails: found.into_iter().map(|(seq, (mail, about))| (mail, seq, about)).collect() })
    }
}

impl Engine {
    /// Writes everything about an address as a ZIP, as far as the scope allows: the mails with their list, a cover to read in a browser, records, what is known of
    /// the address, what was sent to it, and what the logs say of the mails. Gives how many mails there are.
    ///
    /// # Errors
    /// As [`Self::person`]; `Write` of `out`; those of the archive.
    pub fn person_file<W: io::Write>(&self, scope: &Scope, address: &str, out: W) -> Result<u64> {
        let person = self.person(address)?;
        let failed = Error::Write;
        let mut zip = Zip::new(out).map_err(failed)?;
        let of = ExportOf { held_too: true, ..ExportOf::default() };
        let mut running = Running::new(self, &of, true)?;
        let mut about = Gathered::default();
        let mut met: HashSet<i64> = HashSet::new();
        for mails in person.mails.chunks(CHUNK) {
            let seqs: Vec<i64> = mails.iter().map(|(_, seq, _)| *seq).collect();
            let mut lines = self.store().mail_lines_of(scope, &seqs)?;
            lines.retain(|line| seqs.contains(&line.seq) && met.insert(line.seq));
            let subjects: Vec<String> = lines.iter().map(|line| line.mail_id.to_string()).collect();
            for event in self.store().events_about(&subjects)? {
                let detail: serde_json::Value = serde_json::from_str(&event.payload).unwrap_or_default();
                let row = json!({
                    "at": event.at.0, "actor": event.actor, "kind": event.kind, "mail_id": event.subject,
                    "detail": detail,
                });
                let _ = writeln!(about.events, "{row}");
            }
            for line in &lines {
                about.leaves(self, line.mail_id)?;
                about.line(line);
            }
            about.cover(&mut running, &lines)?;
            running.write(lines, &mut zip)?;
        }
        for (name, text) in about.files(self, address)? {
            zip.add(name, text.as_bytes()).map_err(failed)?;
        }
        Box::new(zip).finish().map_err(failed)?;
        Ok(met.len() as u64)
    }
}

/// What is written behind the mails.
#[derive(Default)]
struct Gathered {
    events: String,
    leaves: String,
    links: BTreeSet<(&'static str, String)>,
    rows: String,
    listed: usize,
}

impl Gathered {
    fn leaves(&mut self, engine: &Engine, mail: MailId) -> Result<()> {
        for leaf in engine.store().leaves_of(mail, LEAVES_MAX)? {
            let kind = ledger::Kind::of_code(leaf.kind).map_or("", ledger::Kind::as_str);
            let row =
                json!({ "entry": leaf.index, "at": leaf.at.0, "kind": kind, "mail_id": mail.to_string() });
            let _ = writeln!(self.leaves, "{row}");
        }
        Ok(())
    }

    fn line(&mut self, line: &MailLine) {
        self.links.extend(line.links.iter().map(|link| (link.kind.as_str(), link.number.clone())));
    }

    fn cover(&mut self, running: &mut Running<'_>, lines: &[MailLine]) -> Result<()> {
        if self.listed >= LISTED_MAX {
            return Ok(());
        }
        for row in running.about(lines)? {
            self.listed += 1;
            let of = |role| {
                let named = row.parties.iter().filter(|party| party.role == role);
                escaped(&named.map(|party| party.address.as_str()).collect::<Vec<_>>().join(", "))
            };
            let date = row.date.and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok());
            let date = date.map(|at| at.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
            let subject = if row.subject.is_empty() { "–" } else { &row.subject };
            let _ = writeln!(
                self.rows,
                "<tr><td>{date}</td><td>{}</td><td>{}</td><td><a href=\"{}\">{}</a></td></tr>",
                of(export::Role::From),
                of(export::Role::To),
                file_name(&row),
                escaped(subject),
            );
        }
        Ok(())
    }

    /// Names and contents.
    fn files(self, engine: &Engine, address: &str) -> Result<Vec<(&'static str, String)>> {
        let store = engine.store();
        let folded = address.trim().to_lowercase();
        let mut records = csv_line(&["kind", "number"]);
        for (kind, number) in &self.links {
            records.push_str(&csv_line(&[kind, number]));
        }
        let mut contacts = csv_line(&["number", "name", "active"]);
        for contact in store.contacts_of(&folded)? {
            let active = if contact.record.active { "1" } else { "0" };
            contacts.push_str(&csv_line(&[&contact.record.number, &contact.record.name, active]));
        }
        let mut sent = csv_line(&["at", "kind", "answer"]);
        for (at, kind, answer) in store.sent_to(&folded)? {
            let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_string();
            sent.push_str(&csv_line(&[&at, &kind, &answer]));
        }
        let mut states = csv_line(&["list", "state", "reports", "last"]);
        for row in store.address(&Scope::All, &folded)? {
            let last = jiff::Timestamp::from_millisecond(row.last.0).unwrap_or_default().to_string();
            let list = row.list.to_string();
            states.push_str(&csv_line(&[&list, row.standing.state.as_str(), &row.total.to_string(), &last]));
        }
        let cover = include_str!("person.html")
            .replace("{address}", &escaped(address.trim()))
            .replace(
                "{made}",
                &jiff::Timestamp::from_millisecond(engine.core().now().0).unwrap_or_default().to_string(),
            )
            .replace("{count}", &self.listed.to_string())
            .replace("{rows}", &self.rows);
        Ok(vec![
            ("index.html", cover),
            ("contacts.csv", contacts),
            ("records.csv", records),
            ("address.csv", states),
            ("sent.csv", sent),
            ("log.jsonl", self.events),
            ("proof.jsonl", self.leaves),
        ])
    }
}

/// Text between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
