//! A real Postfix with its own configuration, port and mail, for one test.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Certificate, Scratch};

/// How long a start, or a mail on its way, may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// Owner of the mail; Postfix delivers nothing as root.
const MAIL_UID: u32 = 10_143;

/// A running server. It takes mail for `here.test` (everybody has a mailbox, `name+detail` too), bounces mail for
/// `bounce.test`, refuses `refused@here.test` with 550 and `later@here.test` with 451. Stopped when dropped.
#[derive(Debug)]
pub struct Postfix {
    scratch: Scratch,
    port: u16,
}

impl Postfix {
    /// Starts one that offers STARTTLS with this certificate. `None`, and a line that says so, without root: Postfix
    /// cannot be started then.
    ///
    /// # Panics
    /// If Postfix is not installed or does not start.
    pub fn start(certificate: &Certificate) -> Option<Self> {
        Self::start_with_routes(certificate, &[])
    }

    /// One that takes mail only from who has logged in, by STARTTLS, with what the Dovecot that listens for this on `port`
    /// of 127.0.0.1 takes: see [`Postfix::logins_of_dovecot`].
    ///
    /// # Panics
    /// As [`Postfix::start`].
    pub fn start_with_logins(certificate: &Certificate, port: u16) -> Option<Self> {
        let settings = format!(
            "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:127.0.0.1:{port}\n\
             smtpd_sasl_security_options = noanonymous\nsmtpd_tls_auth_only = yes\n\
             smtpd_relay_restrictions = permit_sasl_authenticated, reject\n\
             smtpd_recipient_restrictions = permit_sasl_authenticated, reject\n"
        );
        Self::launch(certificate, &[], &settings)
    }

    /// For [`crate::dovecot::Setup::extra`]: Dovecot answers for logins on `port` of 127.0.0.1.
    pub fn logins_of_dovecot(port: u16) -> String {
        format!(
            "service auth {{\n  inet_listener logins {{\n    address = 127.0.0.1\n    port = {port}\n  }}\n}}\n"
        )
    }

    /// Likewise; mail for each of these domains goes the way named beside it, such as `smtp:[127.0.0.1]:2525` or
    /// `lmtp:inet:127.0.0.1:2424`.
    ///
    /// # Panics
    /// As [`Postfix::start`].
    pub fn start_with_routes(certificate: &Certificate, routes: &[(&str, String)]) -> Option<Self> {
        Self::launch(certificate, routes, "")
    }

    /// `settings`: further lines of `main.cf`; the last of a name counts.
    fn launch(certificate: &Certificate, routes: &[(&str, String)], settings: &str) -> Option<Self> {
        let scratch = Scratch::new("postfix");
        if !is_root(scratch.path()) {
            eprintln!("no Postfix without root: a test is left out");
            return None;
        }
        let root = scratch.path().display().to_string();
        let port = free_port();
        for folder in ["queue", "data", "mail"] {
            fs::create_dir_all(scratch.path().join(folder)).expect("a folder can be made");
        }
        scratch.write("cert.pem", &certificate.certificate);
        scratch.write("key.pem", &certificate.key);
        let (mut domains, mut ways) = (String::new(), String::new());
        for (domain, way) in routes {
            domains.extend([" ", domain]);
            ways.extend([" {", domain, " = ", way, "}"]);
        }
        let main = MAIN.replace("@ROOT@", &root).replace("@DOMAINS@", &domains).replace("@WAYS@", &ways);
        scratch.write("main.cf", main + settings);
        scratch.write("master.cf", MASTER.replace("@PORT@", &port.to_string()));
        // The folders on the way must be open to the users Postfix works as.
        run(Command::new("chmod").arg("755").arg(scratch.path()));
        run(Command::new("chown").arg("postfix").arg(scratch.path().join("data")));
        run(Command::new("chown").arg(MAIL_UID.to_string()).arg(scratch.path().join("mail")));
        let server = Self { scratch, port };
        server.command("start");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let begun = Instant::now();
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "no Postfix: {}", server.log());
            thread::sleep(Duration::from_millis(5));
        }
        Some(server)
    }

    fn command(&self, word: &str) {
        let binary = ["/usr/sbin/postfix", "/usr/local/sbin/postfix"];
        let binary = binary.into_iter().find(|path| Path::new(path).exists());
        let binary = binary.expect("Postfix is installed (package postfix)");
        let mut command = Command::new(binary);
        command.arg("-c").arg(self.scratch.path()).arg(word);
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(
            status.is_ok_and(|status| status.success() || word == "stop"),
            "postfix {word}: {}",
            self.log()
        );
    }

    /// Its port on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.scratch.path().join("postfix.log")).unwrap_or_default()
    }

    /// Mails of this mailbox of `here.test` so far, oldest first.
    pub fn mails(&self, mailbox: &str) -> Vec<String> {
        let folder = self.scratch.path().join("mail").join(mailbox).join("new");
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        files.sort_by_key(|path| fs::metadata(path).and_then(|about| about.modified()).ok());
        let text = |path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        files.into_iter().map(text).collect()
    }

    /// Waits until this mailbox holds so many mails; gives them.
    ///
    /// # Panics
    /// After two minutes.
    pub fn wait_for(&self, mailbox: &str, count: usize) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let mails = self.mails(mailbox);
            if mails.len() >= count {
                return mails;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{} of {count} mails for {mailbox}: {}",
                mails.len(),
                self.log()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.command("stop");
    }
}

fn is_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(folder).is_ok_and(|about| about.uid() == 0)
}

fn run(command: &mut Command) {
    assert!(command.status().is_ok_and(|status| status.success()), "{command:?}");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

const MAIN: &str = "\
compatibility_level = 3.6
queue_directory = @ROOT@/queue
data_directory = @ROOT@/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = @ROOT@/postfix.log
maillog_file_prefixes = @ROOT@
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mta.here.test
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{ {refused@here.test = 550 5.7.1 not wanted} {later@here.test = 451 4.7.1 come back} }
smtpd_tls_security_level = may
smtpd_tls_cert_file = @ROOT@/cert.pem
smtpd_tls_key_file = @ROOT@/key.pem
recipient_delimiter = +
disable_dns_lookups = yes
smtp_host_lookup = native
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = here.test
virtual_mailbox_maps = inline:{ {staff@here.test = staff/} {boss@here.test = boss/} {bounces@here.test = bounces/} {later@here.test = later/} }
virtual_mailbox_base = @ROOT@/mail
virtual_uid_maps = static:10143
virtual_gid_maps = static:10143
virtual_mailbox_limit = 0
smtpd_reject_unlisted_recipient = no
transport_maps = inline:{ {bounce.test = error:5.1.1 no such user here}@WAYS@ }
relay_domains = bounce.test@DOMAINS@
queue_run_delay = 3s
minimal_backoff_time = 3s
maximal_backoff_time = 3s
";

const MASTER: &str = "\
127.0.0.1:@PORT@ inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";
