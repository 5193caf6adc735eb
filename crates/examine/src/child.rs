//! The child: reads requests, limits itself, answers.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::attachments::{Parts, Piece};
use crate::extract::extract;
use crate::frame::{self, Answer, Ask, NOTHING, REQUEST_HEAD_OCTETS, VERSION};
use crate::outcome::{Limits, Outcome, Reason};
use crate::sniff::Kind;
use crate::unpack;
use crate::wire::{self, Wire};

/// The child ends when nobody asks for so long.
const IDLE: Duration = Duration::from_secs(30);
/// A large mail gets a second more for each of so many octets.
const OCTETS_A_SECOND: u64 = 32 << 20;

/// What the child says with its exit status when it has no memory for a request.
pub(crate) const EXIT_MEMORY: i32 = 3;

/// Answers requests until the input ends; gives the exit status of the process. To be called by a process that does
/// nothing else: it lowers its own limits for good, and ends without further ado when one is reached.
///
/// `stdin`, `stdout`: the pipes to the parent; or a file of Outlook as `stdin`, which is taken apart.
pub fn run(stdin: impl AsFd, stdout: impl AsFd) -> i32 {
    let files = stdin.as_fd().try_clone_to_owned().and_then(|stdin| {
        let stdout = stdout.as_fd().try_clone_to_owned()?;
        Ok((File::from(stdin), File::from(stdout)))
    });
    let Ok((stdin, stdout)) = files else { return 1 };
    // What a reader panics with is of no use to anybody.
    std::panic::set_hook(Box::new(|_| {}));
    let is_file = rustix::fs::fstat(&stdin).is_ok_and(|stat| {
        rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile
    });
    if is_file {
        return i32::from(
            limit_itself(unpack::MEMORY_OCTETS).and_then(|()| unpack::unpack(stdin, stdout)).is_err(),
        );
    }
    match (Child { stdin, stdout, limits: Limits::default() }).serve() {
        Ok(()) => 0,
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => EXIT_MEMORY,
        Err(_) => 1,
    }
}

struct Child {
    stdin: File,
    stdout: File,
    limits: Limits,
}

impl Child {
    fn serve(&mut self) -> io::Result<()> {
        self.answer(Answer::Hello, &VERSION)?;
        while self.is_asked()? {
            let mut head = [0; REQUEST_HEAD_OCTETS];
            match self.stdin.read_exact(&mut head) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                read => read?,
            }
            let (ask, description, octets) = frame::request_head(head).map_err(io::Error::other)?;
            let description = self.read(description as u64)?;
            match ask {
                Ask::Setup => self.set_up(&description)?,
                Ask::Document => {
                    let kind: Kind = wire::read(&description).map_err(io::Error::other)?;
                    let document = self.read(octets)?;
                    limit_processor_time(u64::from(self.limits.cpu_seconds));
                    let outcome = extract(kind, &document, self.limits.text_octets);
                    drop(document);
                    self.answer(Answer::Outcome, &outcome)?;
                }
                Ask::Mail => {
                    let limits: parse::Limits = wire::read(&description).map_err(io::Error::other)?;
                    let mail = self.read(octets)?;
                    self.mail(&mail, &limits)?;
                }
            }
        }
        Ok(())
    }

    /// Waits for a request; false if none comes.
    fn is_asked(&self) -> io::Result<bool> {
        let wait = Timespec { tv_sec: IDLE.as_secs() as i64, tv_nsec: 0 };
        let mut fds = [PollFd::new(&self.stdin, PollFlags::IN)];
        Ok(poll(&mut fds, Some(&wait))? > 0)
    }

    fn read(&mut self, octets: u64) -> io::Result<Vec<u8>> {
        let len = usize::try_from(octets).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let mut read = Vec::new();
        read.try_reserve_exact(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
        (&mut self.stdin).take(octets).read_to_end(&mut read)?;
        if read.len() == len { Ok(read) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn answer(&mut self, kind: Answer, content: &impl Wire) -> io::Result<()> {
        self.stdout.write_all(&frame::answer(kind, content))
    }

    fn set_up(&mut self, description: &[u8]) -> io::Result<()> {
        self.limits = wire::read(description).map_err(io::Error::other)?;
        limit_itself(self.limits.memory_octets)
    }

    /// Parses first and answers, then reads the attachments: if one of them ends the child, the mail is known.
    fn mail(&mut self, octets: &[u8], limits: &parse::Limits) -> io::Result<()> {
        let start = Instant::now();
        limit_processor_time(u64::from(self.limits.cpu_seconds) + octets.len() as u64 / OCTETS_A_SECOND);
        let parsed = parse::parse(octets, limits);
        self.answer(Answer::Parsed, &parsed)?;
        let mut parts = Parts::new(octets, &parsed.message, self.limits);
        let mut text_left = self.limits.mail_text_octets;
        for index in parts.indices() {
            limit_processor_time(u64::from(self.limits.cpu_seconds));
            let outcome = if start.elapsed() > self.limits.mail {
                Outcome::Failed(Reason::Timeout)
            } else {
                match parts.piece(index) {
                    Piece::Known(outcome) => outcome,
                    Piece::Document(kind) => extract(kind, &parts.document(index), self.limits.text_octets),
                }
            };
            let outcome = outcome.within(&mut text_left);
            if outcome != Outcome::NoText {
                self.answer(Answer::Part, &(parsed.message.parts[index].number.clone(), outcome))?;
            }
        }
        self.answer(Answer::End, &NOTHING)
    }
}

/// From now on the process writes neither files nor core dumps, and takes at most so much memory more.
fn limit_itself(memory_octets: u64) -> io::Result<()> {
    for resource in [Resource::Core, Resource::Fsize] {
        setrlimit(resource, Rlimit { current: Some(0), maximum: Some(0) })?;
    }
    let at_start = address_space()?;
    let maximum = getrlimit(Resource::As).maximum;
    let wanted = at_start.saturating_add(memory_octets);
    let current = Some(maximum.map_or(wanted, |maximum| maximum.min(wanted)));
    setrlimit(Resource::As, Rlimit { current, maximum: current })?;
    Ok(())
}

/// From now on the process may use `seconds` of processor time more; at the end of it the kernel ends it.
pub(crate) fn limit_processor_time(seconds: u64) {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec as u64;
    // The kernel counts whole seconds.
    let current = Some(used + seconds + 1);
    // It cannot fail: the hard limit is not touched.
    let _ = setrlimit(Resource::Cpu, Rlimit { current, maximum: getrlimit(Resource::Cpu).maximum });
}

/// Address space in use, octets.
fn address_space() -> io::Result<u64> {
    let mut statm = String::new();
    File::open("/proc/self/statm")?.read_to_string(&mut statm)?;
    let pages: Option<u64> = statm.split(' ').next().and_then(|pages| pages.parse().ok());
    Ok(pages.unwrap_or_default() * rustix::param::page_size() as u64)
}
