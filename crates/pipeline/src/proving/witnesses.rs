//! Witnesses of our log: each is sent new heads, with the proof that they continue what it cosigned last (C2SP tlog-witness).
//! What comes back is checked and kept beside the log. Away, a witness is asked later.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connect::{ClientTls, Guard, Poster};
use ledger::{AddCheckpoint, WitnessKey};
use store::{Event, Witness, WitnessSaid};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::blocking::blocking;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;

/// Witnesses at most.
pub const WITNESSES_MAX: usize = 8;
/// Where there is news, each is asked so often.
const PACE: Duration = Duration::from_mins(1);
/// One that did not answer is asked again after so long.
const PAUSE: Duration = Duration::from_mins(10);
/// For one answer, everything together.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// Octets of an answer at most.
const ANSWER_MAX: usize = 16 << 10;

/// A witness as an administrator names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedWitness {
    /// One that is there; `None`: a new one.
    pub id: Option<Uuid>,
    /// For people.
    pub name: String,
    /// `http` or `https`; `/add-checkpoint` follows.
    pub url: String,
    /// The line of its key.
    pub verifier: String,
}

/// Why witnesses are not taken, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WitnessError {
    /// More than [`WITNESSES_MAX`].
    TooMany,
    /// Neither `http` nor `https`.
    Url(usize),
    /// No line of a witness's key.
    Key(usize),
    /// The same key twice.
    Twice(usize),
}

impl Engine {
    /// Witnesses of the log, and what they said.
    ///
    /// # Errors
    /// Those of the database.
    pub fn log_witnesses(&self) -> Result<Vec<Witness>> {
        Ok(self.store().witnesses()?)
    }

    /// Sets them. With another address or key one is a new one, which has said nothing yet.
    ///
    /// # Errors
    /// Inside: what cannot work. Those of the database.
    pub fn set_log_witnesses(
        &self,
        wanted: &[WantedWitness],
        event: Event,
    ) -> Result<std::result::Result<(), WitnessError>> {
        if wanted.len() > WITNESSES_MAX {
            return Ok(Err(WitnessError::TooMany));
        }
        let kept = self.store().witnesses()?;
        let mut new: Vec<([u8; 16], String, String, String)> = Vec::with_capacity(wanted.len());
        for (n, witness) in wanted.iter().enumerate() {
            let url = witness.url.trim().trim_end_matches('/').to_owned();
            let is_web = url.starts_with("http://") || url.starts_with("https://");
            if !is_web || url.contains(char::is_whitespace) || url.contains(['?', '#']) {
                return Ok(Err(WitnessError::Url(n)));
            }
            let Ok(key) = WitnessKey::of_line(&witness.verifier) else {
                return Ok(Err(WitnessError::Key(n)));
            };
            let verifier = key.line();
            if new.iter().any(|(.., other)| *other == verifier) {
                return Ok(Err(WitnessError::Twice(n)));
            }
            let same = kept.iter().find(|kept| {
                Some(Uuid::from_bytes(kept.id)) == witness.id && kept.url == url && kept.verifier == verifier
            });
            let id = same.map_or_else(|| *Uuid::now_v7().as_bytes(), |kept| kept.id);
            new.push((id, witness.name.clone(), url, verifier));
        }
        self.store().set_witnesses(new, event)?;
        self.core().witness_bell.notify_one();
        Ok(Ok(()))
    }
}

/// The task that asks witnesses. It ends with [`Witnesses::stop`].
pub struct Witnesses {
    end: Arc<Notify>,
}

impl Witnesses {
    /// Starts it; `tls` says whom to trust behind `https`.
    pub fn start(engine: Engine, runtime: &tokio::runtime::Handle, tls: ClientTls) -> Self {
        Self::start_with(engine, runtime, tls, (PACE, PAUSE))
    }

    /// The same, asking at this pace, and after a failure after so long.
    pub fn start_with(
        engine: Engine,
        runtime: &tokio::runtime::Handle,
        tls: ClientTls,
        (pace, pause): (Duration, Duration),
    ) -> Self {
        let end = Arc::new(Notify::new());
        let this = Self { end: Arc::clone(&end) };
        runtime.spawn(async move {
            let poster = Poster::new(Guard { private: true, ..Guard::default() }, ANSWER_TIME, tls);
            let mut failed: HashMap<[u8; 16], Instant> = HashMap::new();
            let work = async {
                loop {
                    failed.retain(|_, at| at.elapsed() < pause);
                    if let Err(error) = round(&engine, &poster, &mut failed).await {
                        tracing::warn!(error = %crate::chain(&error), "witnesses of the log wait");
                    }
                    tokio::select! {
                        () = engine.core().witness_bell.notified() => failed.clear(),
                        () = tokio::time::sleep(pace) => {}
                    }
                }
            };
            tokio::select! {
                () = end.notified() => {}
                () = work => {}
            }
        });
        this
    }

    /// Ends it.
    pub fn stop(&self) {
        self.end.notify_one();
    }
}

/// The newest head, and the proof that it continues the one with `old` leaves.
struct Head {
    size: u64,
    note: String,
    proof: Vec<ledger::Hash>,
}

fn head(core: &Core, old: u64) -> Result<Option<Head>> {
    let deriver = core.proving.lock();
    let Some(book) = &deriver.book else { return Ok(None) };
    let Some((checkpoint, note)) = book.checkpoint() else { return Ok(None) };
    // What is made again is not asked about.
    if book.is_again() {
        return Ok(None);
    }
    let size = checkpoint.size;
    let proof = if old <= size { book.consistency(old, size)? } else { Vec::new() };
    Ok(Some(Head { size, note: note.to_owned(), proof }))
}

/// Asks every witness that has not cosigned the newest head.
async fn round(engine: &Engine, poster: &Poster, failed: &mut HashMap<[u8; 16], Instant>) -> Result<()> {
    let asking = engine.clone();
    let witnesses = blocking(move || Ok(asking.store().witnesses()?)).await?;
    for witness in
        witnesses.into_iter().filter(|witness| !failed.contains_key(&witness.id)).collect::<Vec<_>>()
    {
        let Some(said) = ask(engine, poster, &witness).await? else { continue };
        if !matches!(said, WitnessSaid::Cosigned(_)) {
            failed.insert(witness.id, Instant::now());
        }
        match &said {
            WitnessSaid::Refused(size, why) => {
                tracing::error!(witness = %witness.name, log.size = size, error = %why, "a witness contradicts the log");
            }
            WitnessSaid::Failed(why) => {
                tracing::warn!(witness = %witness.name, error = %why, "a witness does not cosign");
            }
            WitnessSaid::Cosigned(_) => {}
        }
        let noting = engine.clone();
        blocking(move || Ok(noting.store().note_witness(witness.id, said, noting.core().now())?)).await?;
    }
    Ok(())
}

/// What a witness says of the newest head; `None` if it has cosigned that.
async fn ask(engine: &Engine, poster: &Poster, witness: &Witness) -> Result<Option<WitnessSaid>> {
    let mut old = witness.size;
    // The second time with the size the witness named.
    for attempt in 0..2 {
        let asking = engine.clone();
        let Some(head) = blocking(move || head(asking.core(), old)).await? else { return Ok(None) };
        if head.size == 0 || (attempt == 0 && head.size == old && witness.refused.is_none()) {
            return Ok(None);
        }
        let beyond = |size| format!("{size} entries were confirmed, this log has {}", head.size);
        if old > head.size {
            return Ok(Some(WitnessSaid::Refused(old, beyond(old))));
        }
        let request = AddCheckpoint { old, proof: head.proof, note: head.note.clone().into_bytes() };
        let url = format!("{}/add-checkpoint", witness.url);
        let answer =
            poster.octets(&url, "text/plain; charset=utf-8", &[], request.encode(), ANSWER_MAX).await;
        let (status, body) = match answer {
            Ok(answer) => answer,
            Err(error) => return Ok(Some(WitnessSaid::Failed(crate::chain(&error)))),
        };
        match status {
            200 => return keep(engine, witness, head.size, head.note, body).await.map(Some),
            409 => {
                let size =
                    std::str::from_utf8(&body).ok().and_then(|text| text.trim_end().parse::<u64>().ok());
                let Some(size) = size else {
                    return Ok(Some(WitnessSaid::Failed("HTTP 409".to_owned())));
                };
                if size > head.size {
                    return Ok(Some(WitnessSaid::Refused(size, beyond(size))));
                }
                if size == old {
                    let why = format!("another root over {size} entries");
                    return Ok(Some(WitnessSaid::Refused(size, why)));
                }
                old = size;
            }
            422 => {
                let why = format!("no continuation of the {old} entries that were confirmed");
                return Ok(Some(WitnessSaid::Refused(old, why)));
            }
            status => return Ok(Some(WitnessSaid::Failed(format!("HTTP {status}")))),
        }
    }
    // Somebody else asks it about the same log.
    Ok(Some(WitnessSaid::Failed("HTTP 409".to_owned())))
}

/// Keeps the line of the witness, if it is one.
async fn keep(
    engine: &Engine,
    witness: &Witness,
    size: u64,
    note: String,
    answer: Vec<u8>,
) -> Result<WitnessSaid> {
    let Ok(key) = WitnessKey::of_line(&witness.verifier) else {
        return Ok(WitnessSaid::Failed("its key cannot be read".to_owned()));
    };
    let all = [note.as_bytes(), &answer].concat();
    let line = match ledger::cosigned(&all, &key) {
        Ok((line, _)) => line.to_owned(),
        Err(error) => return Ok(WitnessSaid::Failed(format!("no cosignature: {error}"))),
    };
    let keeping = engine.clone();
    blocking(move || {
        let deriver = keeping.core().proving.lock();
        if let Some(book) = &deriver.book {
            book.keep_witnessed(size, &note, &line)?;
        }
        Ok(())
    })
    .await?;
    Ok(WitnessSaid::Cosigned(size))
}

/// For the doctor: witnesses that contradict, and those that are behind.
pub(super) fn facts(core: &Core) -> Result<Vec<doctor::WitnessFacts>> {
    let facts = core.store.witnesses()?.into_iter().map(|witness| doctor::WitnessFacts {
        id: Uuid::from_bytes(witness.id).to_string(),
        refused: witness.refused,
        since: witness.error.as_ref().map(|(_, since)| *since),
        text: witness.error.map_or_else(|| "–".to_owned(), |(text, _)| text),
        name: witness.name,
    });
    Ok(facts.collect())
}
