//! Octets that can be read more than once, through the decoders that lead to them, and within limits.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Limits, Reason};

/// Members up to this size are kept in memory while they are read twice.
const MEMORY_OCTETS_MAX: u64 = 4 << 20;

/// What has come out of one file on disk.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    limits: Limits,
    allowed_octets: u64,
    expanded_octets: Rc<Cell<u64>>,
    entries: Rc<Cell<u64>>,
}

impl Budget {
    /// For a file of this size.
    pub(super) fn new(limits: &Limits, octets: u64) -> Self {
        let by_ratio = octets.saturating_mul(limits.ratio_max).max(limits.ratio_free_octets);
        Self {
            allowed_octets: by_ratio.min(limits.expanded_octets_max),
            limits: limits.clone(),
            expanded_octets: Rc::default(),
            entries: Rc::default(),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    fn expand(&self, octets: u64) -> Result<(), Reason> {
        let sum = self.expanded_octets.get().saturating_add(octets);
        self.expanded_octets.set(sum);
        if sum > self.allowed_octets {
            Err(Reason::TooLarge { limit_octets: self.allowed_octets })
        } else {
            Ok(())
        }
    }

    /// Counts a member.
    pub(super) fn entry(&self) -> Result<(), Reason> {
        self.entries.set(self.entries.get() + 1);
        let limit = self.limits.entries_max;
        if self.entries.get() > limit { Err(Reason::TooMany { limit }) } else { Ok(()) }
    }
}

/// Compression around content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Zstd,
}

enum Base {
    File(File),
    Memory(Vec<u8>),
}

/// Content that can be opened again and again.
pub(super) struct Stock {
    base: Base,
    codecs: Vec<Codec>,
    budget: Budget,
    /// What a whole reading has been charged; reading again costs nothing.
    charged_octets: Rc<Cell<u64>>,
}

impl Stock {
    /// A regular file on disk.
    pub(super) fn file(file: File, budget: Budget) -> Self {
        Self { base: Base::File(file), codecs: Vec::new(), budget, charged_octets: Rc::default() }
    }

    /// Keeps everything `content` gives: in memory if it is little, else in a file without a name.
    pub(super) fn spooled(
        content: &mut dyn Read,
        scratch: Option<&Path>,
        budget: Budget,
    ) -> io::Result<Self> {
        let mut memory = Vec::new();
        content.take(MEMORY_OCTETS_MAX).read_to_end(&mut memory)?;
        let base = if (memory.len() as u64) < MEMORY_OCTETS_MAX {
            Base::Memory(memory)
        } else {
            let mut file = nameless_file(scratch)?;
            file.write_all(&memory)?;
            drop(memory);
            io::copy(content, &mut file)?;
            Base::File(file)
        };
        Ok(Self { base, codecs: Vec::new(), budget, charged_octets: Rc::default() })
    }

    /// Adds a layer of compression found in what the layers so far give.
    pub(super) fn push(&mut self, codec: Codec) {
        self.codecs.push(codec);
        self.charged_octets = Rc::default();
    }

    pub(super) fn codecs(&self) -> usize {
        self.codecs.len()
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The content from its beginning. Only one reader may be used at a time.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        let mut reader: Box<dyn Read + '_> = match &self.base {
            Base::File(file) => {
                (&*file).seek(SeekFrom::Start(0))?;
                Box::new(file)
            }
            Base::Memory(octets) => Box::new(octets.as_slice()),
        };
        for codec in &self.codecs {
            reader = match codec {
                Codec::Gzip => Box::new(flate2::read::MultiGzDecoder::new(reader)),
                Codec::Zstd => {
                    let mut decoder = zstd::Decoder::new(reader)?;
                    // 2^27 octets: more than the command line tool writes unless asked twice.
                    decoder.window_log_max(27)?;
                    Box::new(decoder)
                }
            };
        }
        if self.codecs.is_empty() {
            return Ok(reader);
        }
        let charged = Rc::clone(&self.charged_octets);
        Ok(Box::new(Metered { inner: reader, budget: self.budget.clone(), seen: 0, charged }))
    }

    /// The content as a file of its own that others may read, from its beginning.
    pub(super) fn to_file(&self, scratch: Option<&Path>) -> io::Result<File> {
        if let (Base::File(file), []) = (&self.base, self.codecs.as_slice()) {
            let mut file = file.try_clone()?;
            file.seek(SeekFrom::Start(0))?;
            return Ok(file);
        }
        let mut file = nameless_file(scratch)?;
        io::copy(&mut *self.open()?, &mut file)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }

    /// The octets as a file one can seek in, if no decoder stands before them.
    pub(super) fn seekable(&self) -> Option<Box<dyn ReadSeek + '_>> {
        match &self.base {
            _ if !self.codecs.is_empty() => None,
            Base::File(file) => Some(Box::new(file)),
            Base::Memory(octets) => Some(Box::new(Cursor::new(octets.as_slice()))),
        }
    }
}

/// Both at once, for boxes.
pub(super) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// Charges what comes out of a decoder, and stops it at the limit.
pub(super) struct Metered<R> {
    inner: R,
    budget: Budget,
    seen: u64,
    charged: Rc<Cell<u64>>,
}

impl<R: Read> Metered<R> {
    /// For content that is read once.
    pub(super) fn once(inner: R, budget: Budget) -> Self {
        Self { inner, budget, seen: 0, charged: Rc::default() }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.seen += read as u64;
        let news = self.seen.saturating_sub(self.charged.get());
        if news > 0 {
            self.charged.set(self.seen);
            self.budget.expand(news)?;
        }
        Ok(read)
    }
}

/// A file that has no name as soon as it is open.
fn nameless_file(scratch: Option<&Path>) -> io::Result<File> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let folder = scratch.map_or_else(std::env::temp_dir, PathBuf::from);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".poststelle-{}-{number}", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => {
                fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}
