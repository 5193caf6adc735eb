//! The parent's side of taking a file of Outlook apart.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use model::{Flags, UnixMillis};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::examiner::{Examiner, Options};
use crate::frame::{self, Answer, VERSION};
use crate::outcome::Reason;
use crate::unpack::{FROM, Saying, Told};

/// The child is given up after so long without a sign of life; a second by the clock is at most one of its processor.
const SILENCE: Duration = Duration::from_mins(15);
/// Entries of one file at which a child may die.
const DEATHS_MAX: u32 = 100;
/// What is read at once.
const READ_OCTETS: usize = 256 << 10;

/// Something in a file of Outlook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEntry {
    /// Folders inside the file, joined by `/`.
    pub folder: String,
    /// Key inside the file; empty for a file that is one message.
    pub key: String,
    /// What it is.
    pub what: ContainerWhat,
}

/// What something in a file of Outlook is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerWhat {
    /// A mail.
    Mail {
        /// Octets made from it.
        octets: Vec<u8>,
        /// When it was delivered or sent.
        received: Option<UnixMillis>,
        /// Its flags.
        flags: Flags,
    },
    /// No mail; its message class.
    Other(String),
    /// It cannot be read.
    Failed(ContainerError),
}

/// Why a file of Outlook, or something in it, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// It holds no mail.
    #[error("holds no mail")]
    NotMail,
    /// A version that is not known.
    #[error("is of a version that is not known")]
    Unsupported,
    /// Encrypted.
    #[error("is encrypted")]
    Encrypted,
    /// Larger than is read.
    #[error("is too large")]
    TooLarge,
    /// What is wrong.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// The system's words.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The child did not get through it.
    #[error("the reading process ended")]
    Died(Reason),
}

impl ContainerError {
    /// Whether trying again later can help.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Died(reason) => reason.is_transient(),
            Self::Unreadable(_) => true,
            _ => false,
        }
    }
}

impl Examiner {
    /// Has a file of Outlook taken apart by a child of its own, and by others after it if it dies: then the entry it died at has failed.
    ///
    /// # Errors
    /// Why the file as a whole cannot be read.
    pub fn container(
        &self,
        file: &File,
        on_entry: &mut dyn FnMut(ContainerEntry) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ContainerError> {
        let mut from = 0;
        for _ in 0..DEATHS_MAX {
            let unpacking = Unpacking::start(self.options(), file, from);
            let mut unpacking = unpacking.map_err(|_| ContainerError::Died(Reason::NoChild))?;
            match unpacking.run(on_entry)? {
                Run::Done(flow) => return Ok(flow),
                Run::DiedAt(told, reason) => {
                    from = told.n + 1;
                    let what = ContainerWhat::Failed(ContainerError::Died(reason));
                    let entry = ContainerEntry { folder: told.folder, key: told.key, what };
                    if on_entry(entry).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        Err(ContainerError::Died(Reason::Crash))
    }
}

/// How a child ended.
enum Run {
    Done(ControlFlow<()>),
    /// At this entry.
    DiedAt(Box<Told>, Reason),
}

/// A child with a file.
struct Unpacking {
    child: Child,
    inbox: Vec<u8>,
    /// What it has begun with and not told.
    begun: Option<Box<Told>>,
}

impl Unpacking {
    fn start(options: &Options, file: &File, from: u64) -> io::Result<Self> {
        let child = Command::new(&options.program)
            .args(&options.arguments)
            .arg0("poststelle")
            .env_clear()
            .envs(options.environment.iter().map(|(name, value)| (name, value)))
            .env(FROM, from.to_string())
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::from(file.try_clone()?))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, inbox: Vec::new(), begun: None })
    }

    fn run(
        &mut self,
        on_entry: &mut dyn FnMut(ContainerEntry) -> ControlFlow<()>,
    ) -> Result<Run, ContainerError> {
        let mut greeted = false;
        loop {
            while let Some((kind, content, len)) = frame::next_answer(&self.inbox).map_err(|_| nonsense())? {
                match kind {
                    Answer::Hello if frame::content(content) == Ok(VERSION) => greeted = true,
                    Answer::End if greeted => return Ok(Run::Done(ControlFlow::Continue(()))),
                    Answer::Entry | Answer::File if greeted => {
                        let told: Told = frame::content(content).map_err(|_| nonsense())?;
                        if self.tell(told, kind == Answer::File, on_entry)?.is_break() {
                            return Ok(Run::Done(ControlFlow::Break(())));
                        }
                    }
                    _ => return Err(nonsense()),
                }
                self.inbox.drain(..len);
            }
            if let Some(reason) = self.receive() {
                return match self.begun.take() {
                    Some(told) => Ok(Run::DiedAt(told, reason)),
                    None => Err(ContainerError::Died(if greeted { reason } else { Reason::NoChild })),
                };
            }
        }
    }

    fn tell(
        &mut self,
        told: Told,
        is_file: bool,
        on_entry: &mut dyn FnMut(ContainerEntry) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ContainerError> {
        let what = match told.what {
            Saying::Begins => {
                self.begun = Some(Box::new(told));
                return Ok(ControlFlow::Continue(()));
            }
            Saying::Mail => {
                let Told { folder, key, octets, received, flags, .. } = told;
                let what = ContainerWhat::Mail { octets: octets.0, received, flags };
                self.begun = None;
                return Ok(on_entry(ContainerEntry { folder, key, what }));
            }
            Saying::Other => ContainerWhat::Other(told.text),
            Saying::Damaged => ContainerWhat::Failed(ContainerError::Damaged(told.text)),
            Saying::TooLarge => ContainerWhat::Failed(ContainerError::TooLarge),
            Saying::Encrypted => ContainerWhat::Failed(ContainerError::Encrypted),
            Saying::NotMail => ContainerWhat::Failed(ContainerError::NotMail),
            Saying::Unsupported => ContainerWhat::Failed(ContainerError::Unsupported),
            Saying::Unreadable => ContainerWhat::Failed(ContainerError::Unreadable(told.text)),
        };
        self.begun = None;
        match what {
            ContainerWhat::Failed(error) if is_file => Err(error),
            // Of a file that is one message, too.
            what => Ok(on_entry(ContainerEntry { folder: told.folder, key: told.key, what })),
        }
    }

    /// Reads what is there; why there will be no more.
    fn receive(&mut self) -> Option<Reason> {
        let Some(stdout) = self.child.stdout.as_mut() else { return Some(Reason::Crash) };
        let wait = Timespec { tv_sec: SILENCE.as_secs() as i64, tv_nsec: 0 };
        match poll(&mut [PollFd::new(&*stdout, PollFlags::IN)], Some(&wait)) {
            Ok(0) => return Some(Reason::Timeout),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return None,
            Err(_) => return Some(Reason::Crash),
        }
        let before = self.inbox.len();
        self.inbox.resize(before + READ_OCTETS, 0);
        let read = stdout.read(&mut self.inbox[before..]);
        self.inbox.truncate(before + read.as_ref().map_or(0, |len| *len));
        match read {
            Ok(0) => Some(match self.child.wait() {
                Ok(status) => crate::process::reason(status, &[]),
                Err(_) => Reason::Crash,
            }),
            Ok(_) => None,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            Err(_) => Some(Reason::Crash),
        }
    }
}

impl Drop for Unpacking {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn nonsense() -> ContainerError {
    ContainerError::Died(Reason::Crash)
}
