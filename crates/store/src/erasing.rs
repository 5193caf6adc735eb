//! What goes with an erased mail: every row about it, in one transaction a batch, with the leaf that says so. Of its places stay the
//! positions, so that it is not fetched again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ledger::Kind;
use model::{MailId, ObjectId, Sha256, UnixMillis};
use serde_json::json;

use crate::db::{Db, Tx};
use crate::entries::{self, Changes};
use crate::erasures::{ERASED, erased_mark};
use crate::error::{Result, StoreError};
use crate::kept::Keeps;
use crate::log_leaves::{self, NewLeaf};
use crate::sql::{Sql, statements};
use crate::sqlite::SqliteDb;
use crate::store::{Database, Store, take};
use crate::value::{Arg, Rows, args};
use crate::{filing, suspicions, thread};

statements! {
    REQUEST = "SELECT erasure_id, actor, basis, forced FROM erasures WHERE key = $1";
    WAITING = "SELECT n, mail_id FROM erasure_mails WHERE erasure = $1 AND state = 0 ORDER BY n LIMIT $2";
    ANY_WAITING = "SELECT COUNT(*) FROM (SELECT n FROM erasure_mails WHERE erasure = $1 AND state = 0 LIMIT 1) c";
    SET_STATE [Int, Int, Int, Text, Int] = "WITH v(erasure, n, state, reason, seq) AS ({rows}) UPDATE erasure_mails \
        SET state = v.state, reason = v.reason, seq = v.seq FROM v WHERE erasure_mails.erasure = v.erasure AND erasure_mails.n = v.n";
    MAILS = "SELECT m.mail_id, m.seq, m.message_seq, m.thread, o.object_id, o.sha256, o.octets \
        FROM mails m JOIN objects o ON o.seq = m.seq WHERE m.mail_id = ANY($1)";
    DOUBLED = "SELECT object_id FROM doubled_objects WHERE seq = ANY($1)";
    USED = "SELECT DISTINCT object_id FROM object_uses WHERE seq = ANY($1)";
    UNUSE = "DELETE FROM object_uses WHERE seq = ANY($1)";
    STILL_USED = "SELECT DISTINCT object_id FROM object_uses WHERE object_id = ANY($1)";
    /// Those of the same octets too that no mail consists of: they came at the same moment.
    DOOMED = "SELECT o.object_id FROM shared_objects o WHERE o.sha256 IN (SELECT d.sha256 FROM shared_objects d WHERE d.object_id = ANY($1)) AND NOT EXISTS \
        (SELECT 1 FROM object_uses u WHERE u.object_id = o.object_id)";
    DROP_OBJECTS = "DELETE FROM shared_objects WHERE object_id = ANY($1)";
    DOOM [Blob, Blob, Int] = "WITH v(object_id, mark, erasure) AS ({rows}) \
        INSERT INTO erased_objects (object_id, mark, erasure, state) SELECT object_id, mark, erasure, 0 FROM v WHERE TRUE \
        ON CONFLICT (object_id) DO UPDATE SET erasure = excluded.erasure, state = 0";
    SHARE [Int, Blob] = "WITH v(erasure, object_id) AS ({rows}) INSERT INTO erasure_shared (erasure, object_id) \
        SELECT erasure, object_id FROM v WHERE TRUE ON CONFLICT (erasure, object_id) DO NOTHING";
    NOT_SHARED = "DELETE FROM erasure_shared WHERE object_id = ANY($1)";
    STONES = "INSERT INTO left_out (mailbox, uid_validity, uid, locator, position, excluded, reason, attempts, since, last) \
        SELECT mailbox, uid_validity, uid, locator, MIN(position), 1, $2, 1, CAST($3 AS BIGINT), CAST($3 AS BIGINT) \
        FROM placements WHERE seq = ANY($1) AND position < 2 GROUP BY mailbox, uid_validity, uid, locator \
        ON CONFLICT (mailbox, uid_validity, uid, locator) DO UPDATE SET excluded = 1, reason = excluded.reason";
    SURVIVORS = "SELECT message_seq, seq FROM mails WHERE message_seq = ANY($1) ORDER BY seq";
    PROMOTE = "UPDATE mails SET message_seq = $2 WHERE message_seq = $1";
    MOVE_KEY = "UPDATE messages SET message_seq = $2 WHERE message_seq = $1";
    DROP_KEYS = "DELETE FROM messages WHERE message_seq = ANY($1)";
    OF_THREADS = "SELECT thread, MIN(seq) FROM mails WHERE thread = ANY($1) GROUP BY thread";
    DROP_NODES = "DELETE FROM nodes WHERE thread = ANY($1) OR thread IN (SELECT loser FROM merges WHERE winner = ANY($1))";
    DROP_MERGES = "DELETE FROM merges WHERE winner = ANY($1)";
    MOVE_DENIALS = "DELETE FROM link_denials WHERE thread = ANY($1)";
    ADDRESSES = "SELECT DISTINCT address FROM mail_addresses WHERE seq = ANY($1)";
    DROP_ADDRESSES = "DELETE FROM addresses WHERE key = ANY($1) AND NOT EXISTS \
        (SELECT 1 FROM mail_addresses l WHERE l.address = addresses.key)";
    DROP_MAILS = "DELETE FROM mails WHERE seq = ANY($1)";
    DROP_RECORDS = "DELETE FROM objects WHERE seq = ANY($1)";
    DROP_DOUBLED = "DELETE FROM doubled_objects WHERE seq = ANY($1)";
    DROP_HEADS = "DELETE FROM heads WHERE seq = ANY($1)";
    DROP_PLACES = "DELETE FROM placements WHERE seq = ANY($1)";
    DROP_LINES = "DELETE FROM mail_addresses WHERE seq = ANY($1)";
    DROP_PARTS = "DELETE FROM parts WHERE seq = ANY($1)";
    DROP_FACTS = "DELETE FROM facts WHERE seq = ANY($1)";
    DROP_QUARANTINE = "DELETE FROM quarantine WHERE seq = ANY($1)";
    DROP_EXAMINED = "DELETE FROM examined_parts WHERE seq = ANY($1)";
    /// Of files that attachments are, what is needed to remove them.
    KEEP_FILES = "INSERT INTO erased_files (erasure, folder, path, folded, sha256, state, error) \
        SELECT DISTINCT CAST($2 AS BIGINT), folder, path, folded, sha256, 0, '' FROM attachment_files \
        WHERE seq = ANY($1) AND path <> '' ON CONFLICT (erasure, folder, folded) DO NOTHING";
    DROP_FILES = "DELETE FROM attachment_files WHERE seq = ANY($1)";
    DROP_FILE_WORK = "DELETE FROM attachment_file_work WHERE seq = ANY($1)";
    DROP_WORK = "DELETE FROM examination_work WHERE seq = ANY($1)";
    DROP_ORIGINS = "DELETE FROM authentications WHERE seq = ANY($1)";
    DROP_GROUPS = "DELETE FROM message_groups WHERE seq = ANY($1)";
    DROP_HANDLED = "DELETE FROM feedback WHERE mail = ANY($1)";
    DROP_QUEUE = "DELETE FROM manual_queue WHERE event IN (SELECT key FROM standing_events WHERE mail = ANY($1))";
    DROP_REPORTS = "DELETE FROM standing_events WHERE mail = ANY($1)";
    DROP_ORIGINALS = "UPDATE standing_events SET original = NULL WHERE original = ANY($1)";
    DROP_IMPORTED = "UPDATE import_entries SET seq = NULL, locator = '', detail = '' WHERE seq = ANY($1)";
    DROP_KEPT = "DELETE FROM kept_mails WHERE seq = ANY($1)";
    DROP_HELD = "DELETE FROM held_mails WHERE seq = ANY($1)";
    DROP_INVOICES = "DELETE FROM invoices WHERE seq = ANY($1)";
    DROP_SUSPICIONS = "DELETE FROM suspicions WHERE message = ANY($1)";
    DROP_TAGS = "DELETE FROM message_tags WHERE message = ANY($1)";
    DROP_STATES = "DELETE FROM message_states WHERE message = ANY($1)";
    DROP_LINKS = "DELETE FROM links WHERE message = ANY($1)";
    DROP_DECISIONS = "DELETE FROM decisions WHERE message = ANY($1)";
    DROP_SUGGESTIONS = "DELETE FROM link_suggestions WHERE message = ANY($1)";
    DROP_REFERENCES = "DELETE FROM message_references WHERE message = ANY($1)";
    DROP_DOCUMENTS = "DELETE FROM documents WHERE message = ANY($1)";
    DROP_BATCH_LINKS = "DELETE FROM link_batch_links WHERE message = ANY($1)";
    DROP_BATCH_DECISIONS = "DELETE FROM link_batch_decisions WHERE message = ANY($1)";
    DROP_TAUGHT = "DELETE FROM extra_addresses WHERE message = ANY($1) AND actor = ''";
    FORGET_TEACHER = "UPDATE extra_addresses SET message = 0 WHERE message = ANY($1)";
    EMPTY_EVENTS [Text] = "WITH v(subject) AS ({rows}) UPDATE events SET payload = '{}' FROM v \
        WHERE events.subject = v.subject";
    LEAVES = "SELECT leaf, kind FROM log_leaves WHERE subject = ANY($1) AND salt IS NOT NULL ORDER BY leaf";
    EMPTY_LEAVES = "UPDATE log_leaves SET salt = NULL, payload = NULL WHERE leaf = ANY($1)";
    NOTE_LEAVES [Int, Int] = "WITH v(erasure, leaf) AS ({rows}) INSERT INTO erased_leaves (erasure, leaf) \
        SELECT erasure, leaf FROM v WHERE TRUE ON CONFLICT (erasure, leaf) DO NOTHING";
    LESS = "UPDATE counters SET value = value - $1 WHERE name = $2";
}

/// What is deleted by the number of a mail.
static OF_MAIL: &[&Sql] = &[
    &DROP_QUEUE,
    &DROP_REPORTS,
    &DROP_ORIGINALS,
    &DROP_IMPORTED,
    &DROP_HEADS,
    &DROP_PLACES,
    &DROP_LINES,
    &DROP_PARTS,
    &DROP_FACTS,
    &DROP_QUARANTINE,
    &DROP_EXAMINED,
    &DROP_FILES,
    &DROP_FILE_WORK,
    &DROP_WORK,
    &DROP_ORIGINS,
    &DROP_GROUPS,
    &DROP_KEPT,
    &DROP_HELD,
    &DROP_INVOICES,
    &DROP_HANDLED,
    &DROP_DOUBLED,
    &DROP_RECORDS,
    &DROP_MAILS,
    // By the number of its message, which is that of its first mail.
    &DROP_SUSPICIONS,
    &DROP_TAGS,
    &DROP_STATES,
];
static OF_MESSAGE: [&Sql; 9] = [
    &DROP_LINKS,
    &DROP_DECISIONS,
    &DROP_SUGGESTIONS,
    &DROP_REFERENCES,
    &DROP_DOCUMENTS,
    &DROP_BATCH_LINKS,
    &DROP_BATCH_DECISIONS,
    &DROP_TAUGHT,
    &FORGET_TEACHER,
];

/// Tables that are vacuumed on PostgreSQL.
const VACUUM: &str = "VACUUM mails, objects, heads, placements, addresses, mail_addresses, parts, facts, messages, nodes, \
    quarantine, examined_parts, authentications, message_groups, feedback, standing_events, manual_queue, \
    import_entries, message_tags, links, decisions, link_suggestions, documents, events, log_leaves, entries, \
    suspicions, kept_mails, held_mails, invoices, senders, media, attachment_files, erased_files";

/// A mail that goes.
struct Mail {
    id: MailId,
    seq: i64,
    message: Option<i64>,
    thread: Option<i64>,
    object: Vec<u8>,
    sha256: Sha256,
    octets: i64,
}

/// A record whose key goes.
struct Doomed {
    object: Vec<u8>,
    mark: Option<Vec<u8>>,
}

/// Erases some mails of a request. Gives whether more wait.
pub(crate) fn erase(tx: &Tx<'_>, erasure: i64, salt: &[u8; 32], limit: i64, now: UnixMillis) -> Result<bool> {
    // In the order in which intake and filing lock: nobody commits a mail that needs what is destroyed here.
    take(tx, "seq", 0)?;
    take(tx, "change", 0)?;
    let request = tx.first(&REQUEST, &[erasure.into()], |row| {
        Ok((row.octets::<16>(0)?, row.text(1)?, row.text(2)?, row.bool(3)?))
    })?;
    let missing = || StoreError::Missing { what: "erasure", key: erasure.to_string() };
    let (id, actor, basis, forced) = request.ok_or_else(missing)?;
    let waiting = tx.query(&WAITING, &args![erasure, limit], |row| {
        Ok((row.int(0)?, MailId::from_octets(row.octets(1)?)))
    })?;
    let mut mails = find(tx, &waiting)?;
    let numbers: Vec<i64> = mails.iter().map(|mail| mail.seq).collect();
    let refused = if forced { HashMap::new() } else { kept(tx, &numbers, now)? };
    let mut states = Rows::new(5, waiting.len());
    for (n, mail) in &waiting {
        let found = mails.iter().find(|found| found.id == *mail);
        let reason = found.and_then(|found| refused.get(&found.seq));
        let state: i64 = match (found, reason) {
            (None, _) => 3,
            (Some(_), Some(_)) => 2,
            (Some(_), None) => 1,
        };
        let seq = found.filter(|_| state == 1).map(|found| found.seq);
        states.push(args![erasure, *n, state, reason.cloned().unwrap_or_default(), seq]);
    }
    tx.bulk(&SET_STATE, &states)?;
    mails.retain(|mail| !refused.contains_key(&mail.seq));
    let seqs: Vec<i64> = mails.iter().map(|mail| mail.seq).collect();
    if !seqs.is_empty() {
        let doomed = doom(tx, erasure, &mails, salt)?;
        tx.exec(&KEEP_FILES, &[Arg::Ints(&seqs), erasure.into()])?;
        let rows = rows_of(tx, &mails, &seqs, now)?;
        let leaves = leaves_of(tx, erasure, &mails)?;
        rows.settle(tx, &seqs)?;
        let objects: Vec<String> = doomed
            .iter()
            .filter_map(|one| Some(ObjectId::from_octets(one.object.as_slice().try_into().ok()?).to_string()))
            .collect();
        let payload = json!({
            "erasure": uuid::Uuid::from_bytes(id).to_string(),
            "by": actor,
            "basis": basis,
            "mails": seqs.len(),
            "objects": objects,
            "leaves": ranges(&leaves),
        });
        log_leaves::append(
            tx,
            &[NewLeaf { kind: Kind::Erased, at: now, subject: None, payload: payload.to_string() }],
        )?;
    }
    Ok(tx.int(&ANY_WAITING, &[erasure.into()])? > 0)
}

fn find(tx: &Tx<'_>, waiting: &[(i64, MailId)]) -> Result<Vec<Mail>> {
    let ids: Vec<&[u8]> = waiting.iter().map(|(_, mail)| mail.octets().as_slice()).collect();
    tx.query(&MAILS, &[Arg::Blobs(&ids)], |row| {
        Ok(Mail {
            id: MailId::from_octets(row.octets(0)?),
            seq: row.int(1)?,
            message: row.opt_int(2)?,
            thread: row.opt_int(3)?,
            object: row.blob(4)?,
            sha256: Sha256(row.octets(5)?),
            octets: row.int(6)?,
        })
    })
}

/// Why mails may not be erased now, by their numbers: `hold:` and the name of the case, `class:`, its word and the last day if
/// there is one, or `unchecked`.
pub(crate) fn kept(tx: &Tx<'_>, mails: &[i64], now: UnixMillis) -> Result<HashMap<i64, String>> {
    let keeping = crate::kept::keeping(tx, mails, now)?;
    Ok(keeping.into_iter().filter_map(|(seq, keeps)| Some((seq, word(&keeps)?))).collect())
}

/// The first reason as a word: a hold stands first, it is above everything.
pub(crate) fn word(keeps: &[Keeps]) -> Option<String> {
    Some(match keeps.first()? {
        Keeps::Hold { name, .. } => format!("hold:{name}"),
        Keeps::Class { name, until: Some(day), .. } => format!("class:{name}:{day}"),
        Keeps::Class { name, until: None, .. } => format!("class:{name}"),
        Keeps::Unchecked => "unchecked".to_owned(),
    })
}

fn blobs(list: &[Vec<u8>]) -> Vec<&[u8]> {
    list.iter().map(Vec::as_slice).collect()
}

/// Which keys are to be destroyed: those of the mails, and of objects that no other mail needs.
fn doom(tx: &Tx<'_>, erasure: i64, mails: &[Mail], salt: &[u8; 32]) -> Result<Vec<Doomed>> {
    let seqs: Vec<i64> = mails.iter().map(|mail| mail.seq).collect();
    let mut doomed: Vec<Doomed> = mails
        .iter()
        .map(|mail| Doomed {
            object: mail.object.clone(),
            mark: Some(erased_mark(salt, &mail.sha256).to_vec()),
        })
        .collect();
    let read = |row: &crate::value::Row<'_>| Ok(Doomed { object: row.blob(0)?, mark: None });
    doomed.extend(tx.query(&DOUBLED, &[Arg::Ints(&seqs)], read)?);
    let used = tx.query(&USED, &[Arg::Ints(&seqs)], |row| row.blob(0))?;
    if !used.is_empty() {
        tx.exec(&UNUSE, &[Arg::Ints(&seqs)])?;
        let still = tx.query(&STILL_USED, &[Arg::Blobs(&blobs(&used))], |row| row.blob(0))?;
        let mut rows = Rows::new(2, still.len());
        for object in &still {
            rows.push(args![erasure, object]);
        }
        tx.bulk(&SHARE, &rows)?;
        let still: BTreeSet<&[u8]> = still.iter().map(Vec::as_slice).collect();
        let free: Vec<&[u8]> =
            used.iter().map(Vec::as_slice).filter(|object| !still.contains(object)).collect();
        let objects = tx.query(&DOOMED, &[Arg::Blobs(&free)], read)?;
        let names: Vec<&[u8]> = objects.iter().map(|one| one.object.as_slice()).collect();
        tx.exec(&DROP_OBJECTS, &[Arg::Blobs(&names)])?;
        // An earlier batch of the same request may have left them to this one.
        tx.exec(&NOT_SHARED, &[Arg::Blobs(&names)])?;
        doomed.extend(objects);
    }
    let mut rows = Rows::new(3, doomed.len());
    for one in &doomed {
        rows.push(args![&one.object, one.mark.clone(), erasure]);
    }
    tx.bulk(&DOOM, &rows)?;
    Ok(doomed)
}

/// Lists that change with it.
struct Gone {
    changes: Changes,
    /// Messages whose first mail is another one now, and mails of threads that have another name.
    touched: Vec<i64>,
}

impl Gone {
    fn settle(mut self, tx: &Tx<'_>, gone: &[i64]) -> Result<()> {
        self.changes.settle(tx)?;
        self.touched.retain(|seq| !gone.contains(seq));
        entries::touch(tx, &self.touched)
    }
}

/// Deletes the rows; twins that stay get another first mail, threads that stay another name.
fn rows_of(tx: &Tx<'_>, mails: &[Mail], seqs: &[i64], now: UnixMillis) -> Result<Gone> {
    let mut gone = Gone { changes: Changes::of_mails(tx, seqs)?, touched: Vec::new() };
    let going: BTreeSet<i64> = seqs.iter().copied().collect();
    gone.touched
        .extend(mails.iter().filter_map(|mail| mail.message).filter(|message| !going.contains(message)));
    let firsts: Vec<i64> =
        mails.iter().filter(|mail| mail.message == Some(mail.seq)).map(|mail| mail.seq).collect();
    let mut heirs: BTreeMap<i64, i64> = BTreeMap::new();
    for (message, seq) in tx.query(&SURVIVORS, &[Arg::Ints(&firsts)], |row| Ok((row.int(0)?, row.int(1)?)))? {
        if !going.contains(&seq) {
            heirs.entry(message).or_insert(seq);
        }
    }
    let moved: Vec<(i64, i64, i64)> = heirs.iter().map(|(was, heir)| (*heir, *was, *heir)).collect();
    filing::follow(tx, &moved)?;
    suspicions::redate(tx, &heirs.values().copied().collect::<Vec<_>>())?;
    for (was, heir) in &heirs {
        tx.exec(&PROMOTE, &args![*was, *heir])?;
        tx.exec(&MOVE_KEY, &args![*was, *heir])?;
        gone.changes.add(*heir);
        gone.touched.push(*heir);
    }
    let ended: Vec<i64> = firsts.into_iter().filter(|message| !heirs.contains_key(message)).collect();
    if !ended.is_empty() {
        tx.exec(&DROP_KEYS, &[Arg::Ints(&ended)])?;
    }
    let addresses = tx.query(&ADDRESSES, &[Arg::Ints(seqs)], |row| row.int(0))?;
    tx.exec(&STONES, &[Arg::Ints(seqs), ERASED.into(), now.into()])?;
    for statement in OF_MAIL.iter().chain(&OF_MESSAGE) {
        tx.exec(statement, &[Arg::Ints(seqs)])?;
    }
    tx.exec(&DROP_ADDRESSES, &[Arg::Ints(&addresses)])?;
    threads(tx, mails, &going, &mut gone)?;
    let mut subjects = Rows::new(1, mails.len());
    for mail in mails {
        subjects.push(args![mail.id.to_string()]);
    }
    tx.bulk(&EMPTY_EVENTS, &subjects)?;
    tx.exec(&LESS, &args![mails.len() as i64, "mails"])?;
    tx.exec(&LESS, &args![mails.iter().map(|mail| mail.octets).sum::<i64>(), "octets"])?;
    Ok(gone)
}

/// A thread is named by its first mail: where that has gone and others stay, by the first of those.
fn threads(tx: &Tx<'_>, mails: &[Mail], going: &BTreeSet<i64>, gone: &mut Gone) -> Result<()> {
    let mut named: Vec<i64> = mails.iter().filter_map(|mail| mail.thread).collect();
    named.sort_unstable();
    named.dedup();
    let left = tx.query(&OF_THREADS, &[Arg::Ints(&named)], |row| Ok((row.int(0)?, row.int(1)?)))?;
    let left: BTreeMap<i64, i64> = left.into_iter().collect();
    let ended: Vec<i64> = named.iter().filter(|thread| !left.contains_key(thread)).copied().collect();
    if !ended.is_empty() {
        tx.exec(&DROP_NODES, &[Arg::Ints(&ended)])?;
        tx.exec(&DROP_MERGES, &[Arg::Ints(&ended)])?;
        tx.exec(&MOVE_DENIALS, &[Arg::Ints(&ended)])?;
    }
    for (thread, first) in left.into_iter().filter(|(thread, _)| going.contains(thread)) {
        gone.touched.extend(thread::rename(tx, thread, first)?);
    }
    Ok(())
}

/// Destroys salts and payloads of the leaves about these mails; gives their numbers.
fn leaves_of(tx: &Tx<'_>, erasure: i64, mails: &[Mail]) -> Result<Vec<i64>> {
    let ids: Vec<&[u8]> = mails.iter().map(|mail| mail.id.octets().as_slice()).collect();
    let found = tx.query(&LEAVES, &[Arg::Blobs(&ids)], |row| Ok((row.int(0)?, row.int(1)?)))?;
    let is_open = |kind: i64| u16::try_from(kind).ok().and_then(Kind::of_code).is_some_and(Kind::is_open);
    let leaves: Vec<i64> =
        found.into_iter().filter(|(_, kind)| !is_open(*kind)).map(|(leaf, _)| leaf).collect();
    tx.exec(&EMPTY_LEAVES, &[Arg::Ints(&leaves)])?;
    let mut rows = Rows::new(2, leaves.len());
    for leaf in &leaves {
        rows.push(args![erasure, *leaf]);
    }
    tx.bulk(&NOTE_LEAVES, &rows)?;
    Ok(leaves)
}

/// First and last of numbers that follow each other.
fn ranges(numbers: &[i64]) -> Vec<[i64; 2]> {
    let mut ranges: Vec<[i64; 2]> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(range) if range[1] + 1 == *number => range[1] = *number,
            _ => ranges.push([*number, *number]),
        }
    }
    ranges
}

/// See [`Store::scrub`].
pub(crate) fn scrub(store: &Store) -> Result<()> {
    match (store.engine(), store.database()) {
        (Db::Postgres(db), _) => db.alone(VACUUM),
        (Db::Sqlite(_), Database::Sqlite { path }) => SqliteDb::truncate_log(path),
        (Db::Sqlite(_), Database::Postgres { .. }) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_that_follow_are_one_range() {
        assert_eq!(super::ranges(&[]), [[0_i64; 2]; 0]);
        assert_eq!(super::ranges(&[3, 4, 5, 9, 11, 12]), [[3, 5], [9, 9], [11, 12]]);
    }
}
