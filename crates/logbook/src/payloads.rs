//! Salts and payloads, sealed, in files that only grow; to erase some, a file is written anew under another key.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use keys::{MasterKey, Purpose, SealError, Sealer, random_octets};
use ledger::payload::{
    Content, FRAME_HEADER_LEN, Frame, HEADER_LEN, Header, ROWS_MAX, Row, SEALED_KEY_LEN, erased_places, rows,
    stored,
};

use crate::Result;
use crate::error::Error;

const FOLDER: &str = "payload";
/// Of files.
const EXTENSION: &str = "pay";
/// Of one that is being written anew.
const UNFINISHED: &str = "part";
/// Of one that another has replaced, and that is to be overwritten.
const REPLACED: &str = "old";
/// A file this long is followed by another, octets.
const FILE_MAX: u64 = 64 << 20;
/// Octets of rows from which on a frame ends.
const FRAME_ROWS: usize = 1 << 20;
const LEVEL: i32 = 3;
/// What the key of one file is for.
const ONE_FILE: Purpose = Purpose::new("log-payload-file");

pub(crate) struct Payloads {
    dir: PathBuf,
    /// The leaf that comes next.
    next: u64,
    open: Option<Growing>,
}

/// The file that grows.
struct Growing {
    file: File,
    path: PathBuf,
    len: u64,
    header: Header,
    /// Its own key, once it was needed.
    sealer: Option<Sealer>,
}

fn place(first: u64) -> String {
    format!("log:payload:{first}")
}

fn place_of_key(first: u64) -> String {
    format!("log:payload-key:{first}")
}

/// The key a file says it has; `None`: the log's.
fn own_sealer(header: &Header, log: &Sealer) -> Result<Option<Sealer>> {
    let Some(sealed) = &header.key else { return Ok(None) };
    let key = log.open(&place_of_key(header.first), sealed)?;
    let key = key.expose().as_slice().try_into().map_err(|_| SealError::Changed)?;
    Ok(Some(Sealer::new(&MasterKey::from_octets(key), ONE_FILE)))
}

/// A header with a new key.
fn new_header(first: u64, log: &Sealer) -> Result<(Header, Sealer)> {
    let key = random_octets::<32>()?;
    let sealed = log.seal(&place_of_key(first), key.expose())?;
    let sealed: [u8; SEALED_KEY_LEN] = sealed.try_into().expect("32 octets are sealed as 65");
    let sealer = Sealer::new(&MasterKey::from_octets(*key.expose()), ONE_FILE);
    Ok((Header { first, key: Some(sealed) }, sealer))
}

/// A frame of rows: what is written.
fn sealed_frame(all: &[Row], raw: &[u8], has_places: bool, sealer: &Sealer, path: &Path) -> Result<Vec<u8>> {
    let begun = all.first().map_or(0, |row| row.index);
    let packed = zstd::bulk::compress(raw, LEVEL).map_err(|source| Error::io(path, source))?;
    let sealed = sealer.seal(&place(begun), &packed)?;
    let octets = if has_places { stored(&erased_of(all), &sealed) } else { sealed };
    let mut out = Frame::of(begun, all.len() as u32, &octets).encode().to_vec();
    out.extend_from_slice(&octets);
    Ok(out)
}

/// Places of erased rows among these.
fn erased_of(all: &[Row]) -> Vec<u32> {
    let erased = all.iter().zip(0..).filter(|(row, _)| matches!(row.content, Content::Erased(_)));
    erased.map(|(_, at)| at).collect()
}

/// The rows of a frame.
fn opened_frame(frame: &Frame, octets: &[u8], has_places: bool, sealer: &Sealer) -> Result<Vec<Row>> {
    let damaged = || Error::Damaged { what: "payload", at: frame.first };
    let (places, sealed) = if has_places {
        let (places, sealed) = erased_places(octets).ok_or_else(damaged)?;
        (Some(places), sealed)
    } else {
        (None, octets)
    };
    let packed = sealer.open(&place(frame.first), sealed)?;
    let raw = zstd::bulk::decompress(packed.expose(), ROWS_MAX).map_err(|_| damaged())?;
    let all = rows(frame.first, frame.count, &raw).ok_or_else(damaged)?;
    // What stands open is what is sealed.
    if places.is_some_and(|places| places != erased_of(&all)) { Err(damaged()) } else { Ok(all) }
}

/// What stands in a file, as far as it is whole: its header, each frame with its offset; gives header, where the whole part ends,
/// and the leaf that comes next.
fn walk<E: From<Error>>(
    path: &Path,
    mut each: impl FnMut(&Header, &Frame, u64, &[u8]) -> Result<(), E>,
) -> Result<(Header, u64, u64), E> {
    let failed = |source| E::from(Error::io(path, source));
    let mut file = io::BufReader::new(File::open(path).map_err(failed)?);
    let mut head = Vec::with_capacity(HEADER_LEN);
    file.by_ref().take(HEADER_LEN as u64).read_to_end(&mut head).map_err(failed)?;
    let header = Header::decode(&head).ok_or(Error::Damaged { what: "payload file", at: 0 })?;
    let mut next = header.first;
    let mut at = header.size() as u64;
    // A file of version 1 begins its frames before that.
    let mut file = io::Read::chain(io::Cursor::new(head.split_off(header.size())), file);
    loop {
        let mut head = [0; FRAME_HEADER_LEN];
        if file.read_exact(&mut head).is_err() {
            return Ok((header, at, next));
        }
        let Some(frame) = Frame::decode(&head) else { return Ok((header, at, next)) };
        let mut octets = vec![0; frame.stored_len as usize];
        // What does not fit is written anew.
        if file.read_exact(&mut octets).is_err() || !frame.fits(&octets) || frame.first > next {
            return Ok((header, at, next));
        }
        each(&header, &frame, at, &octets)?;
        at += (FRAME_HEADER_LEN + octets.len()) as u64;
        next = frame.first + u64::from(frame.count);
    }
}

impl Payloads {
    /// What stands behind the last leaf that is signed is cut off: its rows may be others now. A file that was written anew when
    /// the process ended takes the place of the old one, or is gone.
    pub(crate) fn open(dir: &Path, signed: u64) -> Result<Self> {
        let dir = dir.join(FOLDER);
        fs::create_dir_all(&dir).map_err(|source| Error::io(&dir, source))?;
        let mut this = Self { dir, next: 0, open: None };
        this.settle()?;
        while let Some((begun, path)) = this.files()?.pop() {
            let failed = |source| Error::io(&path, source);
            let mut cut = None;
            let walked = walk::<Error>(&path, |_, frame, at, _| {
                if frame.first >= signed && cut.is_none() {
                    cut = Some((at, frame.first));
                }
                Ok(())
            });
            match walked {
                Ok(_) | Err(Error::Damaged { .. }) if begun >= signed => {
                    fs::remove_file(&path).map_err(failed)?;
                }
                Ok((header, end, next)) => {
                    let (len, next) = cut.unwrap_or((end, next));
                    let file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
                    file.set_len(len).map_err(failed)?;
                    this.next = next;
                    this.open = Some(Growing { file, path, len, header, sealer: None });
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
        let mut found = Vec::new();
        for path in self.with_extension(EXTENSION)? {
            let first = path.file_stem().and_then(|stem| u64::from_str_radix(stem.to_str()?, 16).ok());
            found.extend(first.map(|first| (first, path)));
        }
        found.sort();
        Ok(found)
    }

    fn with_extension(&self, extension: &str) -> Result<Vec<PathBuf>> {
        let failed = |source| Error::io(&self.dir, source);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
        Ok(found)
    }

    fn sync_folder(&self) -> Result<()> {
        let synced = File::open(&self.dir).and_then(|dir| dir.sync_all());
        synced.map_err(|source| Error::io(&self.dir, source))
    }

    /// Ends what a process began that was killed while it erased.
    fn settle(&self) -> Result<()> {
        for path in self.with_extension(UNFINISHED)? {
            fs::remove_file(&path).map_err(|source| Error::io(&path, source))?;
        }
        for old in self.with_extension(REPLACED)? {
            self.overwrite(&old)?;
        }
        Ok(())
    }

    /// Overwrites a file that another has replaced, and removes it; one that is still the file itself only loses that name.
    fn overwrite(&self, old: &Path) -> Result<()> {
        let failed = |source| Error::io(old, source);
        let about = fs::metadata(old).map_err(failed)?;
        let now = old.with_extension(EXTENSION);
        let is_same = match fs::metadata(&now) {
            Ok(now) => now.ino() == about.ino(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::rename(old, &now).map_err(failed)?;
                return self.sync_folder();
            }
            Err(source) => return Err(Error::io(&now, source)),
        };
        if !is_same {
            let file = OpenOptions::new().write(true).open(old).map_err(failed)?;
            let zeros = vec![0; 1 << 16];
            for at in (0..about.len()).step_by(zeros.len()) {
                let here =
                    usize::try_from(about.len() - at).map_or(zeros.len(), |left| left.min(zeros.len()));
                file.write_all_at(&zeros[..here], at).map_err(failed)?;
            }
            file.sync_all().map_err(failed)?;
        }
        fs::remove_file(old).map_err(failed)?;
        self.sync_folder()
    }

    fn begin(&self, log: &Sealer) -> Result<Growing> {
        let path = self.dir.join(format!("{:016x}.{EXTENSION}", self.next));
        let (header, sealer) = new_header(self.next, log)?;
        let failed = |source| Error::io(&path, source);
        let file = File::create(&path).map_err(failed)?;
        file.write_all_at(&header.encode(), 0).map_err(failed)?;
        self.sync_folder()?;
        Ok(Growing { file, path, len: HEADER_LEN as u64, header, sealer: Some(sealer) })
    }

    /// Appends the rows that are not here yet; durable when this returns.
    pub(crate) fn append(&mut self, all: &[Row], log: &Sealer) -> Result<()> {
        let known = all.partition_point(|row| row.index < self.next);
        let all = &all[known..];
        let Some(first) = all.first() else { return Ok(()) };
        if first.index != self.next {
            return Err(Error::Order { expected: self.next });
        }
        let current = self.open.take().filter(|open| open.len < FILE_MAX);
        let mut open = current.map_or_else(|| self.begin(log), Ok)?;
        if open.sealer.is_none() {
            open.sealer = own_sealer(&open.header, log)?;
        }
        let (sealer, has_places) = (open.sealer.as_ref().unwrap_or(log), open.header.key.is_some());
        let mut out = Vec::new();
        for_frames(all, |frame, raw| {
            out.append(&mut sealed_frame(frame, raw, has_places, sealer, &open.path)?);
            Ok(())
        })?;
        // Failed, it is written again from the same place.
        let written = open.file.write_all_at(&out, open.len).and_then(|()| open.file.sync_data());
        if written.is_ok() {
            open.len += out.len() as u64;
        }
        let outcome = written.map_err(|source| Error::io(&open.path, source));
        self.open = Some(open);
        outcome?;
        self.next = all.last().map_or(self.next, |last| last.index + 1);
        Ok(())
    }

    /// Takes back what was appended and is not signed.
    pub(crate) fn take_back(&mut self, signed: u64) -> Result<()> {
        let dir = self.dir.parent().unwrap_or(&self.dir).to_owned();
        *self = Self::open(&dir, signed)?;
        Ok(())
    }

    /// Destroys salts and payloads of these leaves: each file that has some is written anew without them, under another key, and
    /// the old one is overwritten. Those that are gone already are passed by. Gives how many there were.
    pub(crate) fn erase(&mut self, leaves: &BTreeSet<u64>, log: &Sealer) -> Result<u64> {
        let files = self.files()?;
        let mut erased = 0;
        for (at, (first, path)) in files.iter().enumerate() {
            let end = files.get(at + 1).map_or(u64::MAX, |(next, _)| *next);
            let here: BTreeSet<u64> = leaves.range(*first..end).copied().collect();
            if !here.is_empty() {
                erased += self.erase_in(path, &here, log)?;
            }
        }
        Ok(erased)
    }

    fn erase_in(&mut self, path: &Path, leaves: &BTreeSet<u64>, log: &Sealer) -> Result<u64> {
        if kept_in(path, leaves, log)? == 0 {
            return Ok(0);
        }
        let part = path.with_extension(UNFINISHED);
        let failed = |source| Error::io(&part, source);
        let first = path.file_stem().and_then(|stem| u64::from_str_radix(stem.to_str()?, 16).ok());
        let (header, sealer) = new_header(first.unwrap_or_default(), log)?;
        let mut out = BufWriter::new(File::create(&part).map_err(failed)?);
        out.write_all(&header.encode()).map_err(failed)?;
        let (mut erased, mut own) = (0, None);
        walk::<Error>(path, |old, frame, _, octets| {
            if own.is_none() {
                own = Some(own_sealer(old, log)?);
            }
            let key = own.as_ref().and_then(Option::as_ref).unwrap_or(log);
            let mut all = opened_frame(frame, octets, old.key.is_some(), key)?;
            for row in all.iter_mut().filter(|row| leaves.contains(&row.index)) {
                if matches!(row.content, Content::Kept { .. }) {
                    row.content = Content::Erased(row.leaf().commitment);
                    erased += 1;
                }
            }
            let mut raw = Vec::new();
            for row in &all {
                row.encode(&mut raw);
            }
            out.write_all(&sealed_frame(&all, &raw, true, &sealer, &part)?).map_err(failed)
        })?;
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        let len = file.metadata().map_err(failed)?.len();
        // From here on the new one, whenever it ends: the old one keeps a name until it is overwritten.
        let old = path.with_extension(REPLACED);
        fs::hard_link(path, &old).map_err(|source| Error::io(&old, source))?;
        self.sync_folder()?;
        let was_open = self.open.as_ref().is_some_and(|open| open.path == path);
        if was_open {
            self.open = None;
        }
        fs::rename(&part, path).map_err(|source| Error::io(path, source))?;
        if was_open {
            let file = OpenOptions::new().write(true).open(path).map_err(|source| Error::io(path, source))?;
            self.open = Some(Growing { file, path: path.to_owned(), len, header, sealer: Some(sealer) });
        }
        self.sync_folder()?;
        self.overwrite(&old)?;
        Ok(erased)
    }

    /// Rows from the frame on that holds `from`, frame by frame.
    pub(crate) fn read<E: From<Error>>(
        &self,
        from: u64,
        log: &Sealer,
        mut each: impl FnMut(Vec<Row>) -> Result<(), E>,
    ) -> Result<(), E> {
        let files = self.files()?;
        let start = files.partition_point(|(first, _)| *first <= from).saturating_sub(1);
        for (_, path) in files.get(start..).unwrap_or_default() {
            let mut own = None;
            walk::<E>(path, |header, frame, _, octets| {
                if frame.first + u64::from(frame.count) <= from {
                    return Ok(());
                }
                if own.is_none() {
                    own = Some(own_sealer(header, log)?);
                }
                let sealer = own.as_ref().and_then(Option::as_ref).unwrap_or(log);
                each(opened_frame(frame, octets, header.key.is_some(), sealer)?)
            })?;
        }
        Ok(())
    }
}

/// How many of these leaves have their payload in a file.
fn kept_in(path: &Path, leaves: &BTreeSet<u64>, log: &Sealer) -> Result<u64> {
    let (mut kept, mut own) = (0, None);
    walk::<Error>(path, |header, frame, _, octets| {
        if leaves.range(frame.first..frame.first + u64::from(frame.count)).next().is_none() {
            return Ok(());
        }
        if own.is_none() {
            own = Some(own_sealer(header, log)?);
        }
        let sealer = own.as_ref().and_then(Option::as_ref).unwrap_or(log);
        let all = opened_frame(frame, octets, header.key.is_some(), sealer)?;
        let here = all.iter().filter(|row| leaves.contains(&row.index));
        kept += here.filter(|row| matches!(row.content, Content::Kept { .. })).count() as u64;
        Ok(())
    })?;
    Ok(kept)
}

/// Rows in frames, with their octets.
fn for_frames(all: &[Row], mut each: impl FnMut(&[Row], &[u8]) -> Result<()>) -> Result<()> {
    let (mut raw, mut begun) = (Vec::new(), 0);
    for (n, row) in all.iter().enumerate() {
        row.encode(&mut raw);
        if raw.len() >= FRAME_ROWS || n + 1 == all.len() {
            each(&all[begun..=n], &raw)?;
            raw.clear();
            begun = n + 1;
        }
    }
    Ok(())
}
