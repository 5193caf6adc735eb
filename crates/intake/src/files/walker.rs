//! The walk over files on disk: opens each once and hands over what it holds.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;

use model::{Flags, UnixMillis};

use super::folder::{Found, Inodes, Lister, Visit};
use super::reason::Reason;
use super::sniff::{self, Kind, SNIFF_OCTETS};
use super::stock::{Budget, Codec, Stock};
use super::{
    Excluded, Failed, Item, Mail, Octets, Options, Progress, SMALL_OCTETS, Source, apple, maildir, mbox,
    thunderbird,
};

/// Layers of compression around one another.
const CODECS_MAX: usize = 2;

/// Why reading a file ended early.
pub(super) enum Stop {
    /// The caller wants no more.
    Break,
    Failed(Reason),
}

impl<E: Into<Reason>> From<E> for Stop {
    fn from(reason: E) -> Self {
        Self::Failed(reason.into())
    }
}

pub(super) type Step = Result<(), Stop>;

/// Where something stands, and how it is called.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) locator: String,
    /// Folders of the locator that count for the mailbox.
    pub(super) folders: String,
    pub(super) name: String,
    /// In `cur` or `new`.
    pub(super) is_delivered: bool,
}

impl Place {
    fn of(found: &Found) -> Self {
        let (folders, name) = found.locator.rsplit_once('/').unwrap_or(("", &found.locator));
        let around = found.path.rsplit_once('/').map_or("", |(around, _)| around);
        Self {
            folders: folders.to_owned(),
            name: name.to_owned(),
            is_delivered: maildir::is_delivered(around),
            path: found.path.clone(),
            locator: found.locator.clone(),
        }
    }

    /// One mail, exactly as it is.
    pub(super) fn is_exact(&self) -> bool {
        self.is_delivered || has_extension(&self.name, "eml")
    }

    /// The name without the extension of a compression, for what is inside.
    fn unwrap(&mut self) {
        for extension in ["gz", "zst"] {
            if has_extension(&self.name, extension) {
                self.name.truncate(self.name.len() - extension.len() - 1);
                return;
            }
        }
        for (extension, tar) in [("tgz", "tar"), ("tzst", "tar")] {
            if has_extension(&self.name, extension) {
                self.name.truncate(self.name.len() - extension.len());
                self.name.push_str(tar);
                return;
            }
        }
    }

    /// The folder an mbox or an archive stands for.
    pub(super) fn as_folder(&self) -> String {
        // Apple Mail exports a folder `x.mbox` with a file `mbox` in it.
        if self.name == "mbox" && has_extension(&self.folders, "mbox") {
            return self.folders[..self.folders.len() - ".mbox".len()].to_owned();
        }
        let stem = ["mbox", "mbx", "zip", "tar", "pst", "ost"]
            .iter()
            .find(|extension| has_extension(&self.name, extension));
        let stem = stem.map_or(&*self.name, |extension| &self.name[..self.name.len() - extension.len() - 1]);
        if self.folders.is_empty() { stem.to_owned() } else { format!("{}/{stem}", self.folders) }
    }

    pub(super) fn failed(&self, reason: Reason) -> Failed {
        Failed { path: self.path.clone(), locator: self.locator.clone(), reason }
    }
}

pub(super) fn has_extension(name: &str, extension: &str) -> bool {
    name.len() > extension.len()
        && name
            .as_bytes()
            .strip_suffix(extension.as_bytes())
            .map_or_else(
                || {
                    let at = name.len() - extension.len();
                    name.as_bytes()[at..]
                        .eq_ignore_ascii_case(extension.as_bytes())
                        .then(|| &name.as_bytes()[..at])
                },
                Some,
            )
            .is_some_and(|stem| stem.ends_with(b"."))
}

/// State of a walk.
pub(super) struct Walker<'o, 'f> {
    pub(super) options: &'o Options,
    on_item: &'f mut dyn FnMut(Item<'_>) -> ControlFlow<()>,
    inodes: Inodes,
    progress: Progress,
}

impl<'o, 'f> Walker<'o, 'f> {
    pub(super) fn new(options: &'o Options, on_item: &'f mut dyn FnMut(Item<'_>) -> ControlFlow<()>) -> Self {
        Self { options, on_item, inodes: Inodes::default(), progress: Progress::default() }
    }

    pub(super) fn sources(&mut self, sources: &[Source], stdin: &mut dyn Read) -> ControlFlow<()> {
        let mut lister = Lister::new(self.options);
        sources.iter().try_for_each(|source| {
            if source.name.is_none() && source.path.as_os_str() == "-" {
                let place = Place {
                    path: "-".to_owned(),
                    locator: "-".to_owned(),
                    folders: String::new(),
                    name: "-".to_owned(),
                    is_delivered: false,
                };
                let step = self.stream(&place, stdin, None, Flags::default());
                return self.settle(&place, step);
            }
            lister.source(source, self)
        })
    }

    pub(super) fn emit(&mut self, item: Item<'_>) -> Step {
        match (self.on_item)(item) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Break),
        }
    }

    fn settle(&mut self, place: &Place, step: Step) -> ControlFlow<()> {
        match step {
            Ok(()) => ControlFlow::Continue(()),
            Err(Stop::Failed(reason)) => (self.on_item)(Item::Failed(place.failed(reason))),
            Err(Stop::Break) => ControlFlow::Break(()),
        }
    }

    fn opened(
        &mut self,
        place: &Place,
        file: File,
        octets: u64,
        modified: Option<UnixMillis>,
        is_given: bool,
    ) -> Step {
        if octets == 0 && !place.is_exact() {
            return Err(Reason::Empty.into());
        }
        if apple::is_emlx(&place.name) {
            return self.emlx(place, &mut { file });
        }
        if !place.is_exact() {
            let budget = Budget::new(&self.options.limits, octets);
            return self.content(place.clone(), Stock::file(file, budget), 0, is_given);
        }
        let (received, flags) = if place.is_delivered {
            (modified, maildir::flags(&place.name))
        } else {
            (None, Flags::default())
        };
        if octets <= SMALL_OCTETS {
            let octets = read_small(file, octets as usize)?;
            return self.small(place, octets, received, flags);
        }
        self.large(place, &mut { file }, received, flags)
    }

    /// Content that is not one mail by its place: what it is, it says itself.
    ///
    /// `is_given`: named by the caller and not found inside something; then an archive adds no folder.
    pub(super) fn content(&mut self, mut place: Place, mut stock: Stock, depth: u32, is_given: bool) -> Step {
        loop {
            let mut prefix = Vec::new();
            stock.open()?.take(SNIFF_OCTETS as u64).read_to_end(&mut prefix)?;
            if prefix.is_empty() {
                return Err(Reason::Empty.into());
            }
            let codec = match sniff::kind(&prefix) {
                Kind::Gzip => Codec::Gzip,
                Kind::Zstd => Codec::Zstd,
                Kind::Mbox => return self.mbox(&place, &stock),
                kind @ (Kind::Zip | Kind::Tar) => {
                    if depth > self.options.limits.nesting_max {
                        return Err(Reason::TooDeep.into());
                    }
                    let folders =
                        if is_given && place.folders.is_empty() { String::new() } else { place.as_folder() };
                    let place = Place { folders, ..place };
                    return if kind == Kind::Zip {
                        self.zip(&place, &stock, depth)
                    } else {
                        self.tar(&place, &stock, depth)
                    };
                }
                Kind::Mail => {
                    return self.stream(&place, &mut *stock.open()?, None, Flags::default());
                }
                Kind::Outlook(format) => return self.convert(&place, &stock, format),
                Kind::Unsupported(format) => return Err(Reason::Unsupported { format }.into()),
                Kind::Other => return Err(Reason::NotMail.into()),
            };
            if stock.codecs() == CODECS_MAX {
                return Err(Reason::TooDeep.into());
            }
            stock.push(codec);
            place.unwrap();
            if place.is_exact() {
                return self.stream(&place, &mut *stock.open()?, None, maildir::flags(&place.name));
            }
        }
    }

    fn mbox(&mut self, place: &Place, stock: &Stock) -> Step {
        let limits = stock.budget().limits();
        // A truncated archive still gives the mails before the place where it breaks.
        let (index, broken) = mbox::index(stock.open()?, limits.entries_max)?;
        let mut mails = mbox::Mails::new(stock.open()?);
        let mailbox = maildir::mailbox(&place.as_folder(), false);
        for (at, extent) in index.mails.iter().enumerate() {
            let number = at + 1;
            let place = Place {
                path: format!("{}#{number}", place.path),
                locator: format!("{}#{number}", place.locator),
                ..place.clone()
            };
            let step = if extent.is_expunged() {
                let (path, locator) = (place.path.clone(), place.locator.clone());
                let rule = thunderbird::EXPUNGED;
                self.emit(Item::Excluded(Excluded { path, locator, rule, detail: String::new() }))
            } else if extent.octets() == 0 {
                Err(Reason::Empty.into())
            } else {
                let (received, flags) = (extent.received(), extent.flags());
                let mut raw = mails.mail(extent)?;
                if index.quoting.is_none() {
                    self.sized(&place, &mut raw, extent.octets(), &mailbox, received, flags)
                } else {
                    let mut mail = mbox::Unquoted::new(raw, index.quoting, extent.header_octets());
                    self.sized(&place, &mut mail, extent.octets(), &mailbox, received, flags)
                }
            };
            if let ControlFlow::Break(()) = self.settle(&place, step) {
                return Err(Stop::Break);
            }
        }
        broken.map_or(Ok(()), |reason| Err(reason.into()))
    }

    /// A mail whose end is where `content` ends.
    pub(super) fn stream(
        &mut self,
        place: &Place,
        content: &mut dyn Read,
        received: Option<UnixMillis>,
        flags: Flags,
    ) -> Step {
        let mut begin = Vec::new();
        content.take(SMALL_OCTETS + 1).read_to_end(&mut begin)?;
        if begin.is_empty() && !place.is_exact() {
            return Err(Reason::Empty.into());
        }
        if begin.len() as u64 <= SMALL_OCTETS {
            return self.small(place, begin, received, flags);
        }
        self.large(place, &mut begin.as_slice().chain(content), received, flags)
    }

    /// A mail of at most `octets`.
    fn sized(
        &mut self,
        place: &Place,
        content: &mut dyn Read,
        octets: u64,
        mailbox: &str,
        received: Option<UnixMillis>,
        flags: Flags,
    ) -> Step {
        if octets <= SMALL_OCTETS {
            let mut whole = Vec::new();
            whole.reserve_exact(octets as usize);
            content.read_to_end(&mut whole)?;
            return self.whole(place, whole, mailbox, received, flags, "");
        }
        self.handed(place, content, mailbox, received, flags, "")
    }

    /// A mail that is read by who takes it.
    pub(super) fn handed(
        &mut self,
        place: &Place,
        content: &mut dyn Read,
        mailbox: &str,
        received: Option<UnixMillis>,
        flags: Flags,
        note: &'static str,
    ) -> Step {
        let mut guard = Guard { inner: content, reason: None };
        let (path, locator, mailbox) = (place.path.clone(), place.locator.clone(), mailbox.to_owned());
        let octets = Octets::Large(&mut guard);
        self.emit(Item::Mail(Mail { path, locator, mailbox, received, flags, note, octets }))?;
        guard.reason.map_or(Ok(()), |reason| Err(reason.into()))
    }

    /// A mail that is here.
    pub(super) fn whole(
        &mut self,
        place: &Place,
        octets: Vec<u8>,
        mailbox: &str,
        received: Option<UnixMillis>,
        flags: Flags,
        note: &'static str,
    ) -> Step {
        if octets.len() as u64 > SMALL_OCTETS {
            return self.handed(place, &mut octets.as_slice(), mailbox, received, flags, note);
        }
        let (path, locator, mailbox) = (place.path.clone(), place.locator.clone(), mailbox.to_owned());
        let octets = Octets::Small(octets);
        self.emit(Item::Mail(Mail { path, locator, mailbox, received, flags, note, octets }))
    }

    fn small(&mut self, place: &Place, octets: Vec<u8>, received: Option<UnixMillis>, flags: Flags) -> Step {
        // What is a mail by its place is one even without octets: wrong mail is normal mail.
        if octets.is_empty() && !place.is_exact() {
            return Err(Reason::Empty.into());
        }
        let mailbox = maildir::mailbox(&place.folders, place.is_delivered);
        self.whole(place, octets, &mailbox, received, flags, "")
    }

    fn large(
        &mut self,
        place: &Place,
        content: &mut dyn Read,
        received: Option<UnixMillis>,
        flags: Flags,
    ) -> Step {
        let mailbox = maildir::mailbox(&place.folders, place.is_delivered);
        self.handed(place, content, &mailbox, received, flags, "")
    }
}

/// Rule for a file that by its place and name holds no mail.
fn excluded_rule(found: &Found, place: &Place) -> Option<&'static str> {
    if !found.in_folder {
        return None;
    }
    if maildir::is_index(&place.name) && is_beside_maildir(found) {
        return Some("maildir index");
    }
    apple::excluded(&place.path, &place.name).or_else(|| thunderbird::excluded(&place.name))
}

impl Visit for Walker<'_, '_> {
    fn file(&mut self, found: Found) -> ControlFlow<()> {
        let place = Place::of(&found);
        self.progress.files += 1;
        if let Some(rule) = excluded_rule(&found, &place) {
            let excluded = Excluded { path: place.path, locator: place.locator, rule, detail: String::new() };
            return (self.on_item)(Item::Excluded(excluded));
        }
        let opened = File::open(&found.file).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.settle(&place, Err(error.into())),
        };
        if !self.inodes.insert(&metadata) && found.in_folder {
            return ControlFlow::Continue(());
        }
        let modified = metadata.modified().ok().and_then(|time| {
            let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
            i64::try_from(since.as_millis()).ok().map(UnixMillis)
        });
        let step = self.opened(&place, file, metadata.len(), modified, !found.in_folder);
        self.settle(&place, step)?;
        self.progress.octets += metadata.len();
        (self.on_item)(Item::Progress(self.progress))
    }

    fn failed(&mut self, failed: Failed) -> ControlFlow<()> {
        (self.on_item)(Item::Failed(failed))
    }
}

/// Whether the file lies in a Maildir, beside `cur`.
fn is_beside_maildir(found: &Found) -> bool {
    found.file.parent().is_some_and(|folder| folder.join("cur").is_dir())
}

/// One call for a file that is as long as it said; more if it has grown since.
fn read_small(mut file: File, octets: usize) -> Result<Vec<u8>, Reason> {
    let mut whole = vec![0; octets + 1];
    let mut filled = 0;
    while filled < whole.len() {
        match file.read(&mut whole[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        }
        if filled == octets {
            // A short read at the size the system names is the end of the file.
            break;
        }
    }
    whole.truncate(filled);
    if filled > octets {
        file.read_to_end(&mut whole)?;
    }
    Ok(whole)
}

/// Remembers why reading failed while the caller of the walk was reading.
struct Guard<'r> {
    inner: &'r mut dyn Read,
    reason: Option<Reason>,
}

impl Read for Guard<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            if error.kind() == std::io::ErrorKind::Interrupted {
                return error;
            }
            let reason = Reason::from(error);
            self.reason = Some(reason.clone());
            reason.into()
        })
    }
}
