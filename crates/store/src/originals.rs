//! Mails that reports may be about, for a whole batch at once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use model::{Kind, UnixMillis};
use standing::{Candidate, Report};

use crate::codec;
use crate::db::Tx;
use crate::error::Result;
use crate::feedback::Feedback;
use crate::filing::message_id_hash;
use crate::sql::statements;
use crate::value::{Arg, Row, Rows, args};

/// Mails with one of the message ids of a batch, at most.
const NAMED_MAX: i64 = 5000;
/// So many mails back are looked through for the same subject.
const CIRCUMSTANCE_MAILS: i64 = 100_000;
const CIRCUMSTANCES_MAX: i64 = 2000;

statements! {
    NAMED = "SELECT m.seq, m.message_seq, h.message_id, h.subject, m.date, m.kind FROM heads h \
        JOIN mails m ON m.seq = h.seq WHERE h.message_id_hash = ANY($1) AND m.message_seq IS NOT NULL \
        ORDER BY m.seq LIMIT $2";
    SIMILAR [Text, Text, Int] = "WITH v(recipient, subject, low) AS ({rows}) \
        SELECT m.seq, m.message_seq, h.message_id, h.subject, m.date, m.kind, v.recipient FROM v \
        JOIN addresses a ON a.folded = v.recipient \
        JOIN mail_addresses l ON l.address = a.key AND l.seq > v.low AND l.role IN (1, 2, 3) \
        JOIN heads h ON h.seq = l.seq AND h.subject = v.subject \
        JOIN mails m ON m.seq = l.seq WHERE m.message_seq IS NOT NULL";
    PEOPLE = "SELECT l.seq, l.role, a.folded FROM mail_addresses l JOIN addresses a ON a.key = l.address \
        WHERE l.seq = ANY($1) AND l.role < 4 ORDER BY l.seq, l.role, l.n";
    LISTS = "SELECT address, key FROM mailing_lists WHERE address IS NOT NULL";
}

/// What a message was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About {
    pub(crate) bulk: bool,
    pub(crate) list: Option<i64>,
}

#[derive(Default)]
pub(crate) struct Originals {
    /// By number of the report's mail.
    named: HashMap<i64, Vec<Candidate>>,
    /// By recipient.
    similar: HashMap<String, Vec<Candidate>>,
    about: HashMap<i64, About>,
    lists: HashMap<String, i64>,
}

impl Originals {
    /// Candidates for one report of this mail: those it names or refers to, then those like it.
    pub(crate) fn of(&self, mail: i64, report: &Report) -> Cow<'_, [Candidate]> {
        let named = self.named.get(&mail).map_or(&[][..], Vec::as_slice);
        let recipient = report.original_recipient.as_ref().or(report.recipient.as_ref());
        let similar =
            recipient.and_then(|recipient| self.similar.get(recipient)).map_or(&[][..], Vec::as_slice);
        match (named, similar) {
            (named, []) => Cow::Borrowed(named),
            ([], similar) => Cow::Borrowed(similar),
            (named, similar) => Cow::Owned([named, similar].concat()),
        }
    }

    pub(crate) fn about(&self, message: i64) -> Option<About> {
        self.about.get(&message).copied()
    }

    /// The mailing list with this address.
    pub(crate) fn list(&self, address: &str) -> Option<i64> {
        self.lists.get(address).copied()
    }
}

struct Found {
    seq: i64,
    candidate: Candidate,
    bulk: bool,
    recipient: Option<String>,
}

fn found(row: &Row<'_>) -> Result<Found> {
    let candidate = Candidate {
        message: row.int(1)?,
        message_id: row.opt_text(2)?,
        subject: row.text(3)?,
        at: row.opt_time(4)?.unwrap_or(UnixMillis(0)),
        ..Candidate::default()
    };
    let kind = row.opt_int(5)?.map(codec::kind).transpose()?;
    Ok(Found { seq: row.int(0)?, candidate, bulk: kind == Some(Kind::List), recipient: None })
}

/// Looks for the originals of all reports of a batch: a few statements, however many reports there are.
pub(crate) fn load(tx: &Tx<'_>, mails: &[Feedback]) -> Result<Originals> {
    let mut originals = Originals {
        lists: tx.query(&LISTS, &[], |row| Ok((row.text(0)?, row.int(1)?)))?.into_iter().collect(),
        ..Originals::default()
    };
    let mut wanted: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    for mail in mails {
        for report in mail.reported.iter().map(|reported| &reported.report) {
            for id in report.message_id.iter().chain(&report.references) {
                wanted.entry(id).or_default().insert(mail.seq);
            }
        }
    }
    let hashes: Vec<i64> = wanted.keys().map(|id| message_id_hash(id)).collect();
    let mut all = if hashes.is_empty() { Vec::new() } else { tx.query(&NAMED, &args_of(&hashes), found)? };
    all.retain(|f| f.candidate.message_id.as_deref().is_some_and(|id| wanted.contains_key(id)));
    // Who only refers to others of ours may still be about one that is like it.
    let ours: HashSet<&str> = all.iter().filter_map(|f| f.candidate.message_id.as_deref()).collect();
    let names_ours = |mail: &&Feedback| {
        let mut ids = mail.reported.iter().filter_map(|reported| reported.report.message_id.as_deref());
        ids.any(|id| ours.contains(id))
    };
    let named: BTreeSet<i64> = mails.iter().filter(names_ours).map(|mail| mail.seq).collect();
    let similar = similar(tx, mails, &named)?;
    fill(tx, &mut all, similar, &wanted, &mut originals)?;
    Ok(originals)
}

fn args_of(hashes: &[i64]) -> [Arg<'_>; 2] {
    [Arg::Ints(hashes), NAMED_MAX.into()]
}

/// For reports that name no mail we have: the same recipient and subject, not too long ago.
fn similar(tx: &Tx<'_>, mails: &[Feedback], named: &BTreeSet<i64>) -> Result<Vec<Found>> {
    let mut wanted: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for mail in mails.iter().filter(|mail| !named.contains(&mail.seq)) {
        for report in mail.reported.iter().map(|reported| &reported.report) {
            let recipient = report.original_recipient.as_deref().or(report.recipient.as_deref());
            if let (Some(recipient), Some(subject)) = (recipient, report.subject.as_deref()) {
                let low = mail.seq.saturating_sub(CIRCUMSTANCE_MAILS);
                wanted.entry((recipient, subject)).and_modify(|l| *l = low.min(*l)).or_insert(low);
            }
        }
    }
    let mut rows = Rows::new(3, wanted.len());
    for ((recipient, subject), low) in wanted {
        rows.push(args![recipient, subject, low]);
    }
    let mut out =
        tx.bulk_query(&SIMILAR, &rows, |row| Ok(Found { recipient: Some(row.text(6)?), ..found(row)? }))?;
    out.truncate(CIRCUMSTANCES_MAX as usize);
    Ok(out)
}

fn fill(
    tx: &Tx<'_>,
    named: &mut Vec<Found>,
    mut similar: Vec<Found>,
    wanted: &BTreeMap<&str, BTreeSet<i64>>,
    originals: &mut Originals,
) -> Result<()> {
    let seqs: BTreeSet<i64> = named.iter().chain(&similar).map(|found| found.seq).collect();
    let seqs: Vec<i64> = seqs.into_iter().collect();
    if seqs.is_empty() {
        return Ok(());
    }
    let mut people: HashMap<i64, Vec<(i64, String)>> = HashMap::new();
    for (seq, role, folded) in
        tx.query(&PEOPLE, &[Arg::Ints(&seqs)], |row| Ok((row.int(0)?, row.int(1)?, row.text(2)?)))?
    {
        people.entry(seq).or_default().push((role, folded));
    }
    for found in named.iter_mut().chain(&mut similar) {
        let of_mail = people.get(&found.seq).map_or(&[][..], Vec::as_slice);
        let recipients = of_mail.iter().filter(|(role, _)| *role > 0);
        found.candidate.recipients = recipients.map(|(_, folded)| folded.clone()).collect();
        let list = of_mail.iter().find_map(|(_, folded)| originals.lists.get(folded).copied());
        let about = originals.about.entry(found.candidate.message).or_default();
        about.bulk |= found.bulk || list.is_some();
        about.list = about.list.or(list);
    }
    for found in named.drain(..) {
        let reports = found.candidate.message_id.as_deref().and_then(|id| wanted.get(id));
        for mail in reports.into_iter().flatten() {
            originals.named.entry(*mail).or_default().push(found.candidate.clone());
        }
    }
    for found in similar {
        let recipient = found.recipient.unwrap_or_default();
        originals.similar.entry(recipient).or_default().push(found.candidate);
    }
    Ok(())
}
