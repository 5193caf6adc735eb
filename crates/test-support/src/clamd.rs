//! A real clamd with its own configuration, socket and a signature written by hand, for one test.

use std::fmt::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Scratch;

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// Octets it takes in one scan.
const STREAM_MAX: usize = 1 << 20;

/// What every scanner calls malware, and nobody is hurt by.
pub const EICAR: &[u8] = br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

/// A running scanner; it takes at most 1 MiB. Ended when dropped.
#[derive(Debug)]
pub struct Clamd {
    scratch: Scratch,
    child: Option<Child>,
}

impl Clamd {
    /// Octets it takes in one scan.
    pub const STREAM_MAX: usize = STREAM_MAX;
    /// What it calls [`EICAR`].
    pub const SIGNATURE: &str = "Test.EICAR.UNOFFICIAL";

    /// Starts one.
    ///
    /// # Panics
    /// If clamd is not installed or does not start.
    pub fn start() -> Self {
        let scratch = Scratch::new("clamd");
        let root = scratch.path().display().to_string();
        std::fs::create_dir_all(scratch.path().join("db")).expect("a folder can be made");
        let mut hex = String::new();
        for octet in EICAR {
            let _ = write!(hex, "{octet:02x}");
        }
        scratch.write("db/test.ndb", format!("Test.EICAR:0:*:{hex}\n"));
        let settings = CONF.replace("@ROOT@", &root);
        scratch.write("clamd.conf", settings.replace("@MAX@", &STREAM_MAX.to_string()));
        let mut scanner = Self { scratch, child: None };
        scanner.run();
        scanner
    }

    /// Starts it again after [`Clamd::stop`], at the same address.
    ///
    /// # Panics
    /// As [`Clamd::start`].
    pub fn run(&mut self) {
        let binary =
            ["/usr/sbin/clamd", "/usr/local/sbin/clamd"].into_iter().find(|path| Path::new(path).exists());
        let binary = binary.expect("clamd is installed (package clamav-daemon)");
        let mut command = Command::new(binary);
        command.arg("--config-file").arg(self.scratch.path().join("clamd.conf"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = Some(child.expect("clamd can be started"));
        let begun = Instant::now();
        while UnixStream::connect(self.address()).is_err() {
            assert!(begun.elapsed() < PATIENCE, "no clamd: {}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it; it refuses connections then.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Path of its socket.
    pub fn address(&self) -> String {
        self.scratch.path().join("clamd.ctl").display().to_string()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.path().join("clamd.log")).unwrap_or_default()
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.stop();
    }
}

const CONF: &str = "\
Foreground yes
DatabaseDirectory @ROOT@/db
LogFile @ROOT@/clamd.log
LocalSocket @ROOT@/clamd.ctl
FixStaleSocket yes
StreamMaxLength @MAX@
AlertEncrypted yes
ConcurrentDatabaseReload no
";
