//! What to do when the clock was wrong: times written by it may lie so far ahead that nobody lives to see them.

use model::UnixMillis;

use crate::error::Result;
use crate::sql::statements;
use crate::store::Store;
use crate::value::args;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// Longest pauses there are, with something to spare: orders at the source, mails and webhooks that go out, looks at
/// attachments and senders, leases.
const SOURCE_MS: i64 = 7 * HOUR_MS;
const OUTGOING_MS: i64 = 48 * HOUR_MS;
const EXAMINATION_MS: i64 = 96 * HOUR_MS;
const LEASE_MS: i64 = HOUR_MS;

statements! {
    SOURCE = "UPDATE source_actions SET due = $1 WHERE state = 0 AND due > $2";
    OUTGOING = "UPDATE outgoing SET due = $1 WHERE due IS NOT NULL AND due > $2";
    EXAMINATION = "UPDATE examination_work SET due = $1 WHERE due > $2";
    LEASES = "UPDATE oauth_grants SET leased_until = NULL WHERE leased_until > $1";
    // Only those that failed or are wanted again have a turn; the index `left_out_again` holds just them.
    FAILED = "UPDATE left_out SET last = $1 WHERE last > $1 AND excluded <> 1";
}

impl Store {
    /// Brings back what lies further ahead of `now` than any pause is long: it is due at once. Gives how many there were.
    /// To be called when the clock was set, and when a program begins, which cannot know.
    ///
    /// # Errors
    /// Those of the database.
    pub fn bring_back(&self, now: UnixMillis) -> Result<u64> {
        self.write(move |tx| {
            let due = [(&SOURCE, SOURCE_MS), (&OUTGOING, OUTGOING_MS), (&EXAMINATION, EXAMINATION_MS)];
            let mut count = 0;
            for (statement, longest) in due {
                count += tx.exec(statement, &args![now, now.plus_ms(longest)])?;
            }
            count += tx.exec(&LEASES, &args![now.plus_ms(LEASE_MS)])?;
            Ok(count + tx.exec(&FAILED, &args![now])?)
        })
    }
}
