//! Mail files named on the command line, for the commands that need no data directory: one file, one row.

use std::fs;
use std::io::{self, Read as _, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use intake::files::{self, Failed, Found, Reason, Source};

/// Octets of a file that are read; more than any server accepts as one mail.
const OCTETS_MAX: u64 = 512 << 20;

/// Files whose rows are made at once, before they are written in order.
const FILES_AT_ONCE: usize = 64;

/// Files up to this size are read and turned into rows side by side; larger ones alone, to bound memory.
const SMALL_OCTETS: u64 = 8 << 20;

/// What could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// As given or found.
    pub path: String,
    /// Why.
    pub reason: Reason,
}

/// Writes one line a file, in the order of `paths`: `row` makes it from the name, as given or found, and the
/// octets. A file that cannot be read is given back, and its row is made of no octets.
///
/// Which files a path means is said at [`files::each_file`]; `-` is standard input. Relative paths are those of
/// `directory`, or of the process.
///
/// # Errors
/// Only those of `out`.
pub fn write_rows(
    directory: Option<PathBuf>,
    paths: &[PathBuf],
    out: &mut dyn Write,
    row: impl Fn(&str, &[u8]) -> String + Sync,
) -> io::Result<Vec<Unreadable>> {
    let sources: Vec<Source> = paths.iter().map(Source::from).collect();
    let mut rows = Rows { out, row, waiting: Vec::new(), unreadable: Vec::new(), written: Ok(()) };
    let _ = files::each_file(
        &sources,
        &files::Options { pipes: true, directory, ..files::Options::default() },
        &mut |found| {
            rows.waiting.push(found);
            if rows.waiting.len() < FILES_AT_ONCE { ControlFlow::Continue(()) } else { rows.write() }
        },
    );
    let _ = rows.write();
    rows.written.map(|()| rows.unreadable)
}

struct Rows<'o, R> {
    out: &'o mut dyn Write,
    row: R,
    waiting: Vec<Result<Found, Failed>>,
    unreadable: Vec<Unreadable>,
    written: io::Result<()>,
}

impl<R: Fn(&str, &[u8]) -> String + Sync> Rows<'_, R> {
    /// Writes what waits; breaks off when nobody takes it.
    fn write(&mut self) -> ControlFlow<()> {
        let files = std::mem::take(&mut self.waiting);
        let made: Vec<OnceLock<(String, Option<Reason>)>> = files.iter().map(|_| OnceLock::new()).collect();
        let make = |index: usize| {
            let (path, read) = match &files[index] {
                Ok(found) => (&found.path, read(found).map_err(Reason::from)),
                Err(failed) => (&failed.path, Err(failed.reason.clone())),
            };
            let (octets, reason) =
                read.map_or_else(|reason| (Vec::new(), Some(reason)), |octets| (octets, None));
            made[index].set(((self.row)(path, &octets), reason)).ok();
        };
        let is_small = |index: usize| {
            let small =
                |found: &Found| fs::metadata(&found.file).is_ok_and(|meta| meta.len() <= SMALL_OCTETS);
            files[index].as_ref().is_ok_and(small)
        };
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from).min(files.len()) {
                scope.spawn(|| {
                    while let Some(index) =
                        Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&i| i < files.len())
                    {
                        if is_small(index) {
                            make(index);
                        }
                    }
                });
            }
        });
        for (index, made) in made.iter().enumerate() {
            if made.get().is_none() {
                make(index);
            }
        }
        for (file, made) in files.iter().zip(made) {
            let Some((row, reason)) = made.into_inner() else { continue };
            let path = file.as_ref().map_or_else(|failed| &failed.path, |found| &found.path);
            self.unreadable.extend(reason.map(|reason| Unreadable { path: path.clone(), reason }));
            self.written = self.out.write_all(row.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
            if self.written.is_err() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}

fn read(found: &Found) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    if found.is_stdin {
        io::stdin().take(OCTETS_MAX).read_to_end(&mut octets)?;
        return Ok(octets);
    }
    let file = fs::File::open(&found.file)?;
    let size = file.metadata()?.len();
    octets.reserve_exact(usize::try_from(size.min(OCTETS_MAX)).unwrap_or_default());
    file.take(OCTETS_MAX).read_to_end(&mut octets)?;
    Ok(octets)
}
