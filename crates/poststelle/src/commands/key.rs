//! `poststelle key`.

use std::io::Write as _;

use keys::MasterKey;

use super::Context;
use crate::control::Streams;
use crate::failure::Failure;

/// Runs it. Not within a server: that would go on with the old key.
pub fn run(context: &Context<'_>, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    if context.tasks.is_some() {
        return Err(Failure::new("key-server"));
    }
    let count = engine.rotate_master_key()?;
    let at = engine.key_path();
    let old = MasterKey::old_path(at);
    let text = lang.text("key-rotated", &[("count", &count), ("at", &at.display()), ("old", &old.display())]);
    writeln!(streams.err, "{text}")?;
    Ok(0)
}
