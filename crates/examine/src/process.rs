//! One child process, as the parent sees it.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;
use rustix::pipe::fcntl_setpipe_size;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use crate::child::EXIT_MEMORY;
use crate::examiner::Options;
use crate::frame::{self, Answer, Ask, VERSION};
use crate::job::Job;
use crate::outcome::{Limits, Reason};

/// Size of the pipes, octets: most documents go through without waiting.
const PIPE_OCTETS: usize = 1 << 20;
/// What is read at once.
const READ_OCTETS: usize = 64 << 10;

/// How a job ended that is not done.
#[derive(Debug)]
pub(crate) enum End {
    /// The child died at it.
    Died(Reason),
    /// The child had ended before, as it does when it is idle: another one is to be asked.
    Retired,
    /// The source of the octets failed.
    Source(io::Error),
}

/// A running child.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: ChildStderr,
    /// What came and is no whole answer yet.
    inbox: Vec<u8>,
    greeted: bool,
    /// What is to be sent before the next job.
    first: Vec<u8>,
    silence: Duration,
    pub(crate) jobs: u32,
}

impl Process {
    /// Starts a child.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn start(options: &Options) -> io::Result<Self> {
        let mut child = Command::new(&options.program)
            .args(&options.arguments)
            .arg0("poststelle")
            .env_clear()
            .envs(options.environment.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(io::Error::other("no pipes"));
        };
        ioctl_fionbio(&stdin, true)?;
        ioctl_fionbio(&stdout, true)?;
        ioctl_fionbio(&stderr, true)?;
        // Smaller pipes do too.
        let _ = fcntl_setpipe_size(&stdin, PIPE_OCTETS);
        let _ = fcntl_setpipe_size(&stdout, PIPE_OCTETS);
        let limits: Limits = options.limits;
        Ok(Self {
            child,
            stdin,
            stdout,
            stderr,
            inbox: Vec::new(),
            greeted: false,
            first: frame::request(Ask::Setup, &limits, 0),
            silence: limits.silence,
            jobs: 0,
        })
    }

    /// Whether the child lives.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its process number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Does a job. After an error the child is gone.
    ///
    /// # Errors
    /// [`End`].
    pub(crate) fn run(&mut self, job: &mut dyn Job) -> Result<(), End> {
        self.jobs += 1;
        let mut outbox = std::mem::take(&mut self.first);
        let mut sent = 0;
        let mut closed = false;
        let mut deadline = Instant::now() + self.silence;
        while !job.is_done() {
            if sent == outbox.len() && !closed {
                outbox.clear();
                sent = 0;
                if let Err(error) = job.next(&mut outbox) {
                    self.kill();
                    return Err(End::Source(error));
                }
            }
            let (readable, writable) = match self.wait(sent < outbox.len() && !closed, deadline) {
                Ok(ready) => ready,
                Err(error) => return Err(self.end(Some(&error))),
            };
            if !readable && !writable {
                return Err(self.end(Some(&io::ErrorKind::TimedOut.into())));
            }
            if writable {
                match self.stdin.write(&outbox[sent..]) {
                    Ok(written) => {
                        sent += written;
                        deadline = Instant::now() + self.silence;
                    }
                    Err(error) if is_passing(&error) => {}
                    // It may have answered before it ended: that is read first.
                    Err(_) => closed = true,
                }
            }
            if readable {
                match self.receive(job) {
                    Ok(true) => deadline = Instant::now() + self.silence,
                    Ok(false) => return Err(self.end(None)),
                    Err(error) if is_passing(&error) => {}
                    Err(error) => return Err(self.end(Some(&error))),
                }
            }
        }
        Ok(())
    }

    /// Waits until something can be read, or written if that is wanted; neither at the deadline.
    fn wait(&self, to_write: bool, deadline: Instant) -> io::Result<(bool, bool)> {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
        let mut fds = [PollFd::new(&self.stdout, PollFlags::IN), PollFd::new(&self.stdin, PollFlags::OUT)];
        let watched = if to_write { &mut fds[..] } else { &mut fds[..1] };
        match poll(watched, Some(&timeout)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok((true, false)),
            Err(error) => return Err(error.into()),
        }
        let ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
        Ok((ready(&watched[0]), watched.get(1).is_some_and(ready)))
    }

    /// Reads what is there and hands whole answers on; false at the end.
    fn receive(&mut self, job: &mut dyn Job) -> io::Result<bool> {
        let before = self.inbox.len();
        self.inbox.resize(before + READ_OCTETS, 0);
        let read = self.stdout.read(&mut self.inbox[before..]);
        self.inbox.truncate(before + read.as_ref().map_or(0, |len| *len));
        if read? == 0 {
            return Ok(false);
        }
        let mut at = 0;
        while let Some((kind, content, len)) =
            frame::next_answer(&self.inbox[at..]).map_err(io::Error::other)?
        {
            if self.greeted {
                job.answer(kind, content).map_err(io::Error::other)?;
            } else if kind == Answer::Hello && frame::content(content) == Ok(VERSION) {
                self.greeted = true;
            } else {
                return Err(io::Error::other("not our program"));
            }
            at += len;
        }
        self.inbox.drain(..at);
        Ok(true)
    }

    /// Ends the child if it has not ended, and says of what it died.
    fn end(&mut self, error: Option<&io::Error>) -> End {
        if error.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            self.kill();
            return End::Died(Reason::Timeout);
        }
        if error.is_some() {
            self.kill();
            return End::Died(if self.greeted { Reason::Crash } else { Reason::NoChild });
        }
        // It has closed its output: it has ended, or is about to.
        if !self.ends_soon() {
            self.kill();
            return End::Died(if self.greeted { Reason::Crash } else { Reason::NoChild });
        }
        let Ok(status) = self.child.wait() else { return End::Died(Reason::Crash) };
        let mut said = Vec::new();
        drop((&mut self.stderr).take(4096).read_to_end(&mut said));
        if !self.greeted {
            return End::Died(Reason::NoChild);
        }
        if status.success() && self.inbox.is_empty() {
            return End::Retired;
        }
        End::Died(reason(status, &said))
    }

    fn ends_soon(&self) -> bool {
        let wait = Timespec { tv_sec: 2, tv_nsec: 0 };
        i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
            .is_some_and(|process| {
                poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&wait)).is_ok_and(|ended| ended > 0)
            })
    }

    fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// `said`: what stands on its standard error.
pub(crate) fn reason(status: ExitStatus, said: &[u8]) -> Reason {
    const CPU: i32 = Signal::XCPU.as_raw();
    const KILL: i32 = Signal::KILL.as_raw();
    const ABORT: i32 = Signal::ABORT.as_raw();
    match status.signal() {
        Some(CPU) => Reason::Timeout,
        // Not by us: by the kernel, when memory runs out.
        Some(KILL) => Reason::Memory,
        Some(ABORT) if memchr::memmem::find(said, b"memory allocation").is_some() => Reason::Memory,
        None if status.code() == Some(EXIT_MEMORY) => Reason::Memory,
        _ => Reason::Crash,
    }
}
