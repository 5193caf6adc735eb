//! `poststelle key`.

use std::io::{Read as _, Write as _};
use std::path::Path;

use keys::{MasterKey, RecoveryKey};

use super::Context;
use crate::cli::KeyAction;
use crate::config::Config;
use crate::control::Streams;
use crate::failure::Failure;
use crate::lang::Lang;

/// Octets of a recovery key on standard input.
const TYPED_MAX: u64 = 4096;

/// Runs it.
pub fn run(context: &Context<'_>, action: &KeyAction, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    match action {
        KeyAction::Rotate => rotate(context, streams),
        KeyAction::Recovery => recovery(context, streams),
        KeyAction::Check => {
            let key = typed(&mut streams.input)?;
            context.engine.check_recovery_key(&key)?;
            writeln!(streams.err, "{}", context.lang.text("key-recovery-right", &[]))?;
            Ok(0)
        }
        // Only without a running server, see `restore`.
        KeyAction::Restore => {
            Err(Failure::new("key-there").with("path", context.engine.key_path().display()))
        }
    }
}

/// Not within a server: that would go on with the old key.
fn rotate(context: &Context<'_>, streams: &mut Streams<'_>) -> Result<i32, Failure> {
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

/// The key on standard output, what it is for on standard error.
fn recovery(context: &Context<'_>, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let replaced = engine.recovery_key_made().ok().flatten().is_some();
    let key = engine.make_recovery_key()?;
    writeln!(streams.err, "{}", lang.text("key-recovery-made", &[]))?;
    for (number, group) in key.groups().iter().enumerate() {
        writeln!(streams.out, "{}  {}", number + 1, group.expose())?;
    }
    if replaced {
        writeln!(streams.err, "{}", lang.text("key-recovery-replaced", &[]))?;
    }
    Ok(0)
}

/// Brings the master key back with the recovery key on standard input, where no master key is.
pub fn restore(dir: &Path, config: &Config, lang: Lang) -> Result<i32, Failure> {
    let key = typed(&mut std::io::stdin())?;
    let file = config.set("master_key_file").map(Path::new);
    let at = pipeline::restore_master_key(dir, &key, file)?;
    writeln!(std::io::stderr(), "{}", lang.text("key-restored", &[("at", &at.display())]))?;
    Ok(0)
}

/// A recovery key as it was printed: the numbers of its groups may stand before them.
fn typed(input: &mut dyn std::io::Read) -> Result<RecoveryKey, Failure> {
    let mut text = String::new();
    input.take(TYPED_MAX).read_to_string(&mut text)?;
    let words = text.split_whitespace().filter(|word| word.len() > 1);
    let text = words.collect::<Vec<_>>().join(" ");
    RecoveryKey::parse(&text).map_err(|error| Failure::from(pipeline::Error::from(error)))
}
