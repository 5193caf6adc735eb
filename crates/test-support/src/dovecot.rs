//! A real Dovecot 2.3, with its own configuration, ports and mail, for one test.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::{Certificate, Scratch};

/// How long a start may take on a busy machine.
const START_TIMEOUT: Duration = Duration::from_mins(1);
/// Owner of the mail when the test runs as root: Dovecot serves no mail of root's.
const MAIL_UID: u32 = 10_143;

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Name and password of each user.
    pub users: Vec<(String, String)>,
    /// Certificate shown.
    pub certificate: Certificate,
    /// Lines put at the end of the configuration.
    pub extra: String,
}

impl Default for Setup {
    /// The user `alice` with the password `secret`, a certificate for `localhost` and `127.0.0.1`.
    fn default() -> Self {
        Self {
            users: vec![("alice".to_owned(), "secret".to_owned())],
            certificate: Certificate::for_names(&["localhost", "127.0.0.1"]),
            extra: String::new(),
        }
    }
}

/// A running server; stopped when dropped.
#[derive(Debug)]
pub struct Dovecot {
    scratch: Scratch,
    master: Child,
    setup: Setup,
    imap: u16,
    imaps: u16,
    delivered: u64,
    owner: Option<(u32, u32)>,
}

impl Dovecot {
    /// Starts one with [`Setup::default`].
    ///
    /// # Panics
    /// If Dovecot is not installed or does not start.
    pub fn start() -> Self {
        Self::with(Setup::default())
    }

    /// Starts one.
    ///
    /// # Panics
    /// If Dovecot is not installed or does not start.
    pub fn with(setup: Setup) -> Self {
        let scratch = Scratch::new("dovecot");
        let is_root = fs::metadata(scratch.path()).expect("the folder is there").uid() == 0;
        let owner = is_root.then_some((MAIL_UID, MAIL_UID));
        let (imap, imaps) = (free_port(), free_port());
        scratch.write("cert.pem", &setup.certificate.certificate);
        scratch.write("key.pem", &setup.certificate.key);
        let mut users = String::new();
        for (name, password) in &setup.users {
            let _ = writeln!(users, "{name}:{{PLAIN}}{password}::::::");
        }
        scratch.write("users", users);
        let text = configuration(scratch.path(), imap, imaps, is_root, &setup.extra);
        scratch.write("dovecot.conf", text);
        let master = launch(scratch.path());
        let mut server = Self { scratch, master, setup, imap, imaps, delivered: 0, owner };
        for (name, _) in server.setup.users.clone() {
            server.make_maildir(&server.maildir(&name));
        }
        server.wait();
        server
    }

    fn wait(&mut self) {
        let begun = Instant::now();
        for port in [self.imap, self.imaps] {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
                let ended = self.master.try_wait().expect("the child can be asked");
                assert!(ended.is_none() && begun.elapsed() < START_TIMEOUT, "no Dovecot: {}", self.log());
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Port for plain connections and STARTTLS, on 127.0.0.1.
    pub const fn imap_port(&self) -> u16 {
        self.imap
    }

    /// Port for TLS, on 127.0.0.1.
    pub const fn imaps_port(&self) -> u16 {
        self.imaps
    }

    /// Certificate to trust, PEM.
    pub fn certificate(&self) -> &str {
        &self.setup.certificate.certificate
    }

    /// The Maildir of a user: the inbox, and `.Name` for other mailboxes.
    pub fn maildir(&self, user: &str) -> PathBuf {
        self.scratch.path().join("mail").join(user).join("Maildir")
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.scratch.path().join(name)).unwrap_or_default();
        read("dovecot.log") + &read("stderr.log")
    }

    /// Ends all connections of a user.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn kick(&self, user: &str) {
        let kicked = self.doveadm(&["kick", user]).output().expect("doveadm is installed with Dovecot");
        assert!(kicked.status.success(), "{}", String::from_utf8_lossy(&kicked.stderr));
    }

    /// Puts a mail into a mailbox (`INBOX` or a raw name with `.` between levels), as a delivery does. `flags`: letters of
    /// Maildir, such as `FS`. Gives the path of the file.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn deliver(&mut self, user: &str, mailbox: &str, octets: &[u8], flags: &str) -> PathBuf {
        let root = self.maildir(user);
        let folder = if mailbox == "INBOX" { root } else { root.join(format!(".{mailbox}")) };
        if !folder.join("cur").exists() {
            self.make_maildir(&folder);
        }
        self.delivered += 1;
        let number = self.delivered;
        let name = format!("{}.M{number}.test,{}:2,{flags}", 1_700_000_000 + number, sizes(octets));
        let path = folder.join("tmp").join(&name);
        fs::write(&path, octets).expect("a mail can be written");
        let received = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + self.delivered);
        let file = File::options().write(true).open(&path).expect("it was written");
        file.set_modified(received).expect("times can be set");
        self.own(&path);
        let delivered = folder.join("cur").join(name);
        let changed = || fs::metadata(folder.join("cur")).and_then(|folder| folder.modified()).ok();
        let before = changed();
        fs::rename(&path, &delivered).expect("a mail can be moved");
        // The clock of folders ticks every few milliseconds. Dovecot looks at that time only.
        if changed() == before {
            let folder = File::open(folder.join("cur")).expect("it is there");
            folder.set_modified(SystemTime::now()).expect("times can be set");
        }
        delivered
    }

    /// The same, received now.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn deliver_now(&mut self, user: &str, mailbox: &str, octets: &[u8], flags: &str) {
        let path = self.deliver(user, mailbox, octets, flags);
        let file = File::options().write(true).open(&path).expect("it was delivered");
        file.set_modified(SystemTime::now()).expect("times can be set");
    }

    /// Makes an empty mailbox.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn make_mailbox(&self, user: &str, mailbox: &str) {
        self.make_maildir(&self.maildir(user).join(format!(".{mailbox}")));
    }

    fn make_maildir(&self, folder: &Path) {
        for name in ["cur", "new", "tmp"] {
            fs::create_dir_all(folder.join(name)).expect("a folder can be made");
            self.own(&folder.join(name));
        }
        self.own(folder);
        if let Some(home) = self.scratch.path().join("mail").to_str()
            && folder.starts_with(home)
        {
            for outer in folder.ancestors().skip(1).take_while(|outer| outer.starts_with(home)) {
                self.own(outer);
            }
        }
    }

    /// Gives a file or folder to the user the server reads mail as.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn own(&self, path: &Path) {
        if let Some((uid, gid)) = self.owner {
            chown(path, Some(uid), Some(gid)).expect("root may give files away");
        }
    }

    /// Makes the server number a mailbox anew: other UIDVALIDITY, UIDs from 1.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn renumber(&self, user: &str, mailbox: &str) {
        let root = self.maildir(user);
        let folder = if mailbox == "INBOX" { root } else { root.join(format!(".{mailbox}")) };
        let next = fs::read_to_string(folder.join("dovecot-uidlist")).unwrap_or_default();
        let old = next
            .split(" V")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .and_then(|text| text.parse().ok());
        for entry in fs::read_dir(&folder).expect("the mailbox is there").flatten() {
            if entry.file_name().to_string_lossy().starts_with("dovecot") {
                let _ = fs::remove_file(entry.path());
            }
        }
        let path = folder.join("dovecot-uidlist");
        fs::write(&path, format!("3 V{} N1\n", old.unwrap_or(1_u32) + 1)).expect("a file can be written");
        self.own(&path);
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts the server whose files lie here.
fn launch(root: &Path) -> Child {
    let log = File::options().create(true).append(true).open(root.join("stderr.log"));
    let binary = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/usr/local/bin/dovecot"];
    let binary = binary.into_iter().find(|path| Path::new(path).exists()).unwrap_or("dovecot");
    Command::new(binary)
        .arg("-F")
        .arg("-c")
        .arg(root.join("dovecot.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.expect("a file can be made"))
        .spawn()
        .expect("Dovecot is installed (package dovecot-imapd)")
}

impl Dovecot {
    /// Stops the server, and with it all connections; the mail stays. [`Dovecot::start_again`] goes on.
    pub fn stop(&mut self) {
        if !matches!(self.master.try_wait(), Ok(None)) {
            return;
        }
        let asked = Command::new("kill").arg("-TERM").arg(self.master.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.master.kill();
        }
        let _ = self.master.wait();
    }

    /// Starts it anew after [`Dovecot::stop`], on the same ports.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&mut self) {
        self.master = launch(self.scratch.path());
        self.wait();
    }

    /// Delivers a mail by Dovecot's own hand, so that whoever asked to be told of news hears of it. `mailbox`: as users
    /// write it, in UTF-8 and with `/` between levels.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn save(&self, user: &str, mailbox: &str, octets: &[u8]) {
        let mut saving = self.doveadm(&["save", "-u", user, "-m", mailbox]);
        let mut saving = saving.stdin(Stdio::piped()).spawn().expect("doveadm is installed with Dovecot");
        saving.stdin.take().expect("it is piped").write_all(octets).expect("doveadm reads");
        assert!(saving.wait().expect("doveadm ends").success(), "doveadm save failed: {}", self.log());
    }

    /// Renames a mailbox, as [`Dovecot::save`] names it.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn rename_mailbox(&self, user: &str, from: &str, to: &str) {
        let renamed = self.doveadm(&["mailbox", "rename", "-u", user, from, to]).status();
        assert!(renamed.is_ok_and(|status| status.success()), "doveadm failed: {}", self.log());
    }

    fn doveadm(&self, words: &[&str]) -> Command {
        let mut command = Command::new("doveadm");
        command.arg("-c").arg(self.scratch.path().join("dovecot.conf")).args(words);
        command
    }
}

/// A port of 127.0.0.1 that nobody listens on.
///
/// # Panics
/// If there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}

/// For [`Setup::extra`]: POP3 beside IMAP, plain (with STLS) and inside TLS, on these ports.
pub fn pop3_on(pop3: u16, pop3s: u16) -> String {
    format!(
        "protocols = imap pop3
auth_mechanisms = plain login apop
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
"
    )
}

/// For [`Setup::extra`]: packs what is sent, where a client agrees on it (COMPRESS=DEFLATE).
pub const PACKS: &str = "mail_plugins = zlib\nprotocol imap {\n  mail_plugins = zlib imap_zlib\n}\n";

/// Name of the user or group the test runs as.
fn own_name(letters: &str) -> String {
    let output = Command::new("id").arg(letters).output().expect("the command id is there");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn configuration(root: &Path, imap: u16, imaps: u16, is_root: bool, extra: &str) -> String {
    let root = root.display();
    let (users, uid, gid) = if is_root {
        (String::new(), MAIL_UID.to_string(), MAIL_UID.to_string())
    } else {
        let (user, group) = (own_name("-un"), own_name("-gn"));
        let users = format!(
            "default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n"
        );
        (users, own_name("-u"), own_name("-g"))
    };
    format!(
        "base_dir = {root}/base
state_dir = {root}/state
instance_name = poststelle-test
log_path = {root}/dovecot.log
protocols = imap
listen = 127.0.0.1
{users}ssl = yes
ssl_cert = <{root}/cert.pem
ssl_key = <{root}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{root}/mail/%n/Maildir
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = {uid}
first_valid_gid = {gid}
mail_fsync = never
mail_max_userip_connections = 200
mailbox_list_index = yes
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {root}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%n allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Trash {{
    special_use = \\Trash
    auto = create
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service stats {{
  chroot =
}}
service anvil {{
  chroot =
}}
{extra}
"
    )
}

/// The end of a mail's name as Dovecot's own delivery makes it: octets, and octets with CRLF at each line's end. Without
/// it the names of many mails are alike for the hash Dovecot looks them up by, and opening the mailbox takes it seconds.
fn sizes(octets: &[u8]) -> String {
    let bare = octets
        .iter()
        .enumerate()
        .filter(|(at, octet)| **octet == b'\n' && (*at == 0 || octets[at - 1] != b'\r'));
    format!("S={},W={}", octets.len(), octets.len() + bare.count())
}
