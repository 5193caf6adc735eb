//! Threads: the hook that decides, and the rows that remember.

use std::collections::{BTreeMap, HashMap};

use crate::db::Tx;
use crate::error::Result;
use crate::sql::statements;
use crate::value::{Arg, Rows, args};

/// Hash of something that connects mails: a message id, or the conversation of a `Thread-Index`.
pub type NodeHash = [u8; 16];

/// A mail of the batch, as the assigner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadMail {
    /// Its number; the key of the thread it founds if it belongs to none.
    pub seq: i64,
    /// Everything it is connected by. Empty: it stands alone.
    pub nodes: Vec<NodeHash>,
}

/// What an assigner decides about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadWork {
    /// Mails, ascending.
    pub mails: Vec<ThreadMail>,
    /// Thread of each node known before; threads merged away never appear.
    pub known: HashMap<NodeHash, i64>,
}

/// What it decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadAnswer {
    /// Thread of each mail, in the order of the work; the key of a known thread or the `seq` of a mail.
    pub threads: Vec<i64>,
    /// Threads that turned out to be one: loser, winner. Every loser stands once and is nobody's winner;
    /// the winner is the smallest key, so that the order of arrival does not matter more than it must.
    pub merges: Vec<(i64, i64)>,
}

/// Decides which mails belong together. Pure: called inside the writing transaction, perhaps twice.
pub trait ThreadAssigner: Send + Sync {
    /// Connects the mails of a batch with each other and with what is known.
    fn assign(&self, work: &ThreadWork) -> ThreadAnswer;
}

statements! {
    KNOWN_NODES = "SELECT n.hash, COALESCE(m.winner, n.thread) FROM nodes n \
        LEFT JOIN merges m ON m.loser = n.thread WHERE n.hash = ANY($1)";
    ADD_NODES [Blob, Int] = "WITH v(hash, thread) AS ({rows}) INSERT INTO nodes (hash, thread) \
        SELECT hash, thread FROM v WHERE TRUE ON CONFLICT (hash) DO NOTHING";
    /// Chains stay one step long.
    SHORTEN = "UPDATE merges SET winner = $2 WHERE winner = $1";
    MERGE = "INSERT INTO merges (loser, winner) VALUES ($1, $2) \
        ON CONFLICT (loser) DO UPDATE SET winner = excluded.winner";
    /// Gives the messages, which the index has to see again.
    MOVE = "UPDATE mails SET thread = $2 WHERE thread = $1 RETURNING seq";
    RENAME_DENIALS = "UPDATE link_denials SET thread = $2 WHERE thread = $1";
}

/// Gives a thread that goes on another name; gives its mails.
pub(crate) fn rename(tx: &Tx<'_>, thread: i64, name: i64) -> Result<Vec<i64>> {
    tx.exec(&SHORTEN, &args![thread, name])?;
    tx.exec(&MERGE, &args![thread, name])?;
    tx.exec(&RENAME_DENIALS, &args![thread, name])?;
    tx.query(&MOVE, &args![thread, name], |row| row.int(0))
}

/// Assigns, remembers nodes and merges. Gives the thread of each mail, and other mails whose thread changed.
pub(crate) fn assign(
    tx: &Tx<'_>,
    assigner: &dyn ThreadAssigner,
    mails: Vec<ThreadMail>,
) -> Result<(HashMap<i64, i64>, Vec<i64>)> {
    let hashes: Vec<&[u8]> =
        mails.iter().flat_map(|mail| mail.nodes.iter().map(<[u8; 16]>::as_slice)).collect();
    let known: HashMap<NodeHash, i64> = if hashes.is_empty() {
        HashMap::new()
    } else {
        let rows = tx.query(&KNOWN_NODES, &[Arg::Blobs(&hashes)], |row| Ok((row.octets(0)?, row.int(1)?)))?;
        rows.into_iter().collect()
    };
    let work = ThreadWork { mails, known };
    let answer = assigner.assign(&work);
    let mut threads = HashMap::with_capacity(work.mails.len());
    let mut nodes = BTreeMap::new();
    for (mail, thread) in work.mails.iter().zip(answer.threads) {
        threads.insert(mail.seq, thread);
        nodes.extend(mail.nodes.iter().filter(|hash| !work.known.contains_key(*hash)).map(|h| (*h, thread)));
    }
    let mut rows = Rows::new(2, nodes.len());
    for (hash, thread) in &nodes {
        rows.push(args![hash, *thread]);
    }
    tx.bulk(&ADD_NODES, &rows)?;
    let mut moved = Vec::new();
    for (loser, winner) in answer.merges {
        tx.exec(&SHORTEN, &args![loser, winner])?;
        tx.exec(&MERGE, &args![loser, winner])?;
        moved.extend(tx.query(&MOVE, &args![loser, winner], |row| row.int(0))?);
    }
    Ok((threads, moved))
}
