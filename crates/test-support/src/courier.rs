//! A real Courier, the second mailbox server of the tests: it knows neither CONDSTORE nor QRESYNC, names mailboxes by dots
//! below the inbox and counts as it likes.
//!
//! Its packages conflict with those of Dovecot, so it is unpacked beside them (`make packages`, folder `target/courier`) and
//! runs in a mount namespace in which its files lie where it looks for them.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Scratch;
use crate::dovecot::free_port;

const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Owner of the mail.
const MAIL_UID: u32 = 10_143;

/// Mounts the unpacked files over those of the system, for this process and its children only, and starts the servers.
/// Arguments: the unpacked files, this server's own folder, ports for IMAP and POP3.
const START: &str = r#"set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/up /mnt/work
mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr
mount -t overlay overlay -o "lowerdir=$2/etc:$1/etc:/etc,upperdir=/mnt/up,workdir=/mnt/work" /etc
mount -t tmpfs tmpfs /run
mkdir -p /run/courier/authdaemon
makeuserdb
/usr/lib/courier/courier-authlib/authdaemond &
while [ ! -S /run/courier/authdaemon/socket ]; do sleep 0.05; done
set -a; . /etc/courier/imapd; . /etc/courier/pop3d; set +a
couriertcpd -address=127.0.0.1 -maxprocs=200 -maxperip=200 -nodnslookup -noidentlookup "$3" \
  /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir &
couriertcpd -address=127.0.0.1 -maxprocs=200 -maxperip=200 -nodnslookup -noidentlookup "$4" \
  /usr/lib/courier/courier/courierpop3login /usr/lib/courier/courier/courierpop3d Maildir &
wait
"#;

/// A running server with the user `alice`, password `secret`; stopped when dropped.
#[derive(Debug)]
pub struct Courier {
    scratch: Scratch,
    child: Child,
    imap: u16,
    pop3: u16,
    delivered: u32,
}

impl Courier {
    /// Starts one. `None`, with the reason on standard error, where the machine has none or does not let it run.
    ///
    /// # Panics
    /// If files cannot be written.
    pub fn start() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/courier");
        let root = std::env::var_os("COURIER_ROOT").map_or(root, PathBuf::from);
        let Ok(root) = root.canonicalize() else {
            eprintln!("skipped: Courier is not there (make packages)");
            return None;
        };
        let scratch = Scratch::new("courier");
        let (imap, pop3) = (free_port(), free_port());
        let home = scratch.path().join("mail/alice");
        // Made by crypt(3): SHA-512 of "secret".
        let hashed = "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.";
        let home_text = home.display();
        scratch.write(
            "etc/courier/userdb",
            format!(
                "alice\tuid={MAIL_UID}|gid={MAIL_UID}|home={home_text}|mail={home_text}/Maildir|systempw={hashed}\n"
            ),
        );
        let users = scratch.path().join("etc/courier/userdb");
        fs::set_permissions(&users, fs::Permissions::from_mode(0o600)).expect("it was written");
        scratch.write(
            "etc/courier/authdaemonrc",
            "authmodulelist=\"authuserdb\"\ndaemons=2\nauthdaemonvar=/run/courier/authdaemon\n",
        );
        let log = File::create(scratch.path().join("log")).expect("a file can be made");
        let child = Command::new("unshare")
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", START, "sh"])
            .arg(&root)
            .arg(scratch.path())
            .args([imap.to_string(), pop3.to_string()])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn();
        let Ok(child) = child else {
            eprintln!("skipped: there is no unshare to run Courier with");
            return None;
        };
        let mut server = Self { scratch, child, imap, pop3, delivered: 0 };
        server.make_maildir(&server.maildir());
        server.is_there().then_some(server)
    }

    fn is_there(&mut self) -> bool {
        let begun = Instant::now();
        for port in [self.imap, self.pop3] {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
                let ended = self.child.try_wait().expect("the child can be asked").is_some();
                if ended || begun.elapsed() > START_TIMEOUT {
                    eprintln!("skipped: Courier does not run here: {}", self.log());
                    return false;
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        true
    }

    /// Port for plain IMAP, on 127.0.0.1.
    pub const fn imap_port(&self) -> u16 {
        self.imap
    }

    /// Port for plain POP3, on 127.0.0.1.
    pub const fn pop3_port(&self) -> u16 {
        self.pop3
    }

    /// What the server has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }

    /// The Maildir of `alice`: the inbox, and `.Name` for other mailboxes.
    pub fn maildir(&self) -> PathBuf {
        self.scratch.path().join("mail/alice/Maildir")
    }

    /// Puts a mail into a mailbox (`INBOX`, or a name in UTF-8 with `.` between levels), as a delivery does: with line ends
    /// of Unix, which Courier takes as such. Gives its path.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn deliver(&mut self, mailbox: &str, octets: &[u8]) -> PathBuf {
        let root = self.maildir();
        let folder = if mailbox == "INBOX" { root } else { root.join(format!(".{mailbox}")) };
        if !folder.join("cur").exists() {
            self.make_maildir(&folder);
            File::create(folder.join("maildirfolder")).expect("a file can be made");
        }
        self.delivered += 1;
        let name = format!("{}.M{}.test:2,", 1_700_000_000 + self.delivered, self.delivered);
        let path = folder.join("cur").join(name);
        let unix: Vec<u8> = octets.iter().copied().filter(|octet| *octet != b'\r').collect();
        fs::write(&path, unix).expect("a mail can be written");
        own(&path);
        path
    }

    fn make_maildir(&self, folder: &Path) {
        for name in ["cur", "new", "tmp"] {
            fs::create_dir_all(folder.join(name)).expect("a folder can be made");
            own(&folder.join(name));
        }
        for outer in folder.ancestors().take_while(|outer| *outer != self.scratch.path()) {
            own(outer);
        }
    }
}

fn own(path: &Path) {
    // Without the right to give files away there is none to run Courier either.
    let _ = chown(path, Some(MAIL_UID), Some(MAIL_UID));
}

impl Drop for Courier {
    fn drop(&mut self) {
        // Its children go with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
