//! A real spam filter with its own configuration and port, for one test.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Scratch;
use crate::dovecot::free_port;

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// What every spam filter calls spam, and nobody sends.
pub const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

/// A running filter. Ended when dropped.
#[derive(Debug)]
pub struct SpamFilter {
    scratch: Scratch,
    is_rspamd: bool,
    port: u16,
    child: Option<Child>,
}

impl SpamFilter {
    /// Starts rspamd, without any rules of its own.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn rspamd() -> Self {
        Self::start(true)
    }

    /// Starts the spamd of `SpamAssassin`.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn spamd() -> Self {
        Self::start(false)
    }

    fn start(is_rspamd: bool) -> Self {
        let scratch = Scratch::new("spam");
        let mut filter = Self { scratch, is_rspamd, port: free_port(), child: None };
        filter.run();
        filter
    }

    /// Starts it again after [`SpamFilter::stop`], at the same address.
    ///
    /// # Panics
    /// As [`SpamFilter::rspamd`].
    pub fn run(&mut self) {
        let (root, port) = (self.scratch.path().display().to_string(), self.port.to_string());
        let mut command = if self.is_rspamd {
            self.scratch.write("rspamd.conf", CONF.replace("@ROOT@", &root).replace("@PORT@", &port));
            let mut command = Command::new("rspamd");
            command.args(["-i", "-f", "-c", &format!("{root}/rspamd.conf")]);
            for place in ["DBDIR", "RUNDIR"] {
                command.args(["--var", &format!("{place}={root}")]);
            }
            command
        } else {
            let mut command = Command::new("/usr/sbin/spamd");
            command.args(["--local", "--nouser-config", "--listen", "127.0.0.1", "--port", &port]);
            command.args(["--max-children", "1", "--min-children", "1", "--syslog", "stderr"]);
            command.args(["--pidfile", &format!("{root}/spamd.pid")]);
            command
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("rspamd and spamd are installed (packages of that name)"));
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "no spam filter");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it with its workers; it refuses connections then.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if let Some(pid) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        }
        child.wait().ok();
    }

    /// What the settings say.
    pub fn address(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.is_rspamd { "rspamd" } else { "spamd" }, self.port)
    }
}

impl Drop for SpamFilter {
    fn drop(&mut self) {
        self.stop();
    }
}

const CONF: &str = r#"
options { pidfile = "@ROOT@/rspamd.pid"; tempdir = "@ROOT@"; filters = ""; gtube_patterns = "all"; dns { nameserver = ["127.0.0.1:1"]; } }
logging { type = "console"; level = "error"; }
actions { reject = 15; add_header = 6; greylist = 4; }
worker "normal" { bind_socket = "127.0.0.1:@PORT@"; count = 1; }
"#;
