//! Salts and payloads, sealed, in files that only grow.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use keys::Sealer;
use ledger::payload::{FRAME_HEADER_LEN, Frame, HEADER_LEN, ROWS_MAX, Row, header, read_header, rows};

use crate::Result;
use crate::error::Error;

const FOLDER: &str = "payload";
/// A file this long is followed by another, octets.
const FILE_MAX: u64 = 64 << 20;
/// Octets of rows from which on a frame ends.
const FRAME_ROWS: usize = 1 << 20;
const LEVEL: i32 = 3;

pub(crate) struct Payloads {
    dir: PathBuf,
    /// The leaf that comes next.
    next: u64,
    /// The file that grows, and its length.
    open: Option<(File, PathBuf, u64)>,
}

fn place(first: u64) -> String {
    format!("log:payload:{first}")
}

/// What stands in a file, as far as it is whole: each frame with its offset; gives where the whole part ends.
fn walk<E: From<Error>>(
    path: &Path,
    mut each: impl FnMut(&Frame, u64, &[u8]) -> Result<(), E>,
) -> Result<(u64, u64), E> {
    let failed = |source| E::from(Error::io(path, source));
    let mut file = io::BufReader::new(File::open(path).map_err(failed)?);
    let mut head = [0; HEADER_LEN];
    let damaged = || E::from(Error::Damaged { what: "payload file", at: 0 });
    file.read_exact(&mut head).map_err(|_| damaged())?;
    let mut next = read_header(&head).ok_or_else(damaged)?;
    let mut at = HEADER_LEN as u64;
    loop {
        let mut head = [0; FRAME_HEADER_LEN];
        if file.read_exact(&mut head).is_err() {
            return Ok((at, next));
        }
        let Some(frame) = Frame::decode(&head) else { return Ok((at, next)) };
        let mut stored = vec![0; frame.stored_len as usize];
        // Only the end may be torn: what follows a whole frame that does not fit is written anew.
        if file.read_exact(&mut stored).is_err() || !frame.fits(&stored) || frame.first > next {
            return Ok((at, next));
        }
        each(&frame, at, &stored)?;
        at += (FRAME_HEADER_LEN + stored.len()) as u64;
        next = frame.first + u64::from(frame.count);
    }
}

impl Payloads {
    /// What stands behind the last leaf that is signed is cut off: its rows may be others now.
    pub(crate) fn open(dir: &Path, signed: u64) -> Result<Self> {
        let dir = dir.join(FOLDER);
        fs::create_dir_all(&dir).map_err(|source| Error::io(&dir, source))?;
        let mut this = Self { dir, next: 0, open: None };
        while let Some((begun, path)) = this.files()?.pop() {
            let failed = |source| Error::io(&path, source);
            let mut cut = None;
            let walked = walk::<Error>(&path, |frame, at, _| {
                if frame.first >= signed && cut.is_none() {
                    cut = Some((at, frame.first));
                }
                Ok(())
            });
            match walked {
                Ok(_) | Err(Error::Damaged { .. }) if begun >= signed => {
                    fs::remove_file(&path).map_err(failed)?;
                }
                Ok(whole) => {
                    let (end, next) = cut.unwrap_or(whole);
                    let file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
                    file.set_len(end).map_err(failed)?;
                    (this.next, this.open) = (next, Some((file, path, end)));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(this)
    }

    /// The leaf that comes next.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Files by their first leaf.
    fn files(&self) -> Result<Vec<(u64, PathBuf)>> {
        let failed = |source| Error::io(&self.dir, source);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let first = path.file_stem().and_then(|stem| u64::from_str_radix(stem.to_str()?, 16).ok());
            if let (Some(first), true) = (first, path.extension().is_some_and(|e| e == "pay")) {
                found.push((first, path));
            }
        }
        found.sort();
        Ok(found)
    }

    fn begin(&self) -> Result<(File, PathBuf, u64)> {
        let path = self.dir.join(format!("{:016x}.pay", self.next));
        let failed = |source| Error::io(&path, source);
        let file = File::create(&path).map_err(failed)?;
        file.write_all_at(&header(self.next), 0).map_err(failed)?;
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
        Ok((file, path, HEADER_LEN as u64))
    }

    /// Appends the rows that are not here yet; durable when this returns.
    pub(crate) fn append(&mut self, all: &[Row], sealer: &Sealer) -> Result<()> {
        let known = all.partition_point(|row| row.index < self.next);
        let all = &all[known..];
        let Some(first) = all.first() else { return Ok(()) };
        if first.index != self.next {
            return Err(Error::Order { expected: self.next });
        }
        let current = self.open.take().filter(|(.., len)| *len < FILE_MAX);
        let (file, path, len) = current.map_or_else(|| self.begin(), Ok)?;
        let failed = |source| Error::io(&path, source);
        let (mut raw, mut begun, mut count) = (Vec::new(), first.index, 0);
        let mut out = Vec::new();
        for (n, row) in all.iter().enumerate() {
            row.encode(&mut raw);
            count += 1;
            if raw.len() >= FRAME_ROWS || n + 1 == all.len() {
                let packed = zstd::bulk::compress(&raw, LEVEL).map_err(failed)?;
                let stored = sealer.seal(&place(begun), &packed)?;
                out.extend_from_slice(&Frame::of(begun, count, &stored).encode());
                out.extend_from_slice(&stored);
                raw.clear();
                (begun, count) = (row.index + 1, 0);
            }
        }
        // Failed, it is written again from the same place.
        let written = file.write_all_at(&out, len).and_then(|()| file.sync_data());
        let len = if written.is_ok() { len + out.len() as u64 } else { len };
        let outcome = written.map_err(failed);
        self.open = Some((file, path, len));
        outcome?;
        self.next = begun;
        Ok(())
    }

    /// Takes back what was appended and is not signed.
    pub(crate) fn take_back(&mut self, signed: u64) -> Result<()> {
        let dir = self.dir.parent().unwrap_or(&self.dir).to_owned();
        *self = Self::open(&dir, signed)?;
        Ok(())
    }

    /// Rows from the frame on that holds `from`, frame by frame.
    pub(crate) fn read<E: From<Error>>(
        &self,
        from: u64,
        sealer: &Sealer,
        mut each: impl FnMut(Vec<Row>) -> Result<(), E>,
    ) -> Result<(), E> {
        let files = self.files()?;
        let start = files.partition_point(|(first, _)| *first <= from).saturating_sub(1);
        for (_, path) in files.get(start..).unwrap_or_default() {
            walk::<E>(path, |frame, _, stored| {
                if frame.first + u64::from(frame.count) <= from {
                    return Ok(());
                }
                let packed = sealer.open(&place(frame.first), stored).map_err(Error::from)?;
                let damaged = || Error::Damaged { what: "payload", at: frame.first };
                let raw = zstd::bulk::decompress(packed.expose(), ROWS_MAX).map_err(|_| damaged())?;
                each(rows(frame.first, frame.count, &raw).ok_or_else(damaged)?)
            })?;
        }
        Ok(())
    }
}
