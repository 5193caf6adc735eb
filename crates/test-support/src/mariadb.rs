//! A MariaDB server of the test's own, on a socket in a temporary folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::dovecot::free_port;
use crate::{Certificate, Scratch};

/// A running server, stopped when it goes out of scope.
pub struct Mariadb {
    server: Child,
    folder: Scratch,
}

fn program(name: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|p| p.exists())
}

/// Who runs the test.
fn user() -> String {
    let out = Command::new("id").arg("-un").output().expect("id runs");
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

impl Mariadb {
    /// `None`, and a line that says so, if MariaDB is not installed.
    pub fn start() -> Option<Self> {
        Self::started(None)
    }

    /// The same, which also takes connections at 127.0.0.1, over TLS alone; gives its port.
    pub fn with_tls(certificate: &Certificate) -> Option<(Self, u16)> {
        let port = free_port();
        Some((Self::started(Some((certificate, port)))?, port))
    }

    fn started(tls: Option<(&Certificate, u16)>) -> Option<Self> {
        let (Some(install), Some(server)) = (program("mariadb-install-db"), program("mariadbd")) else {
            eprintln!("skipped: MariaDB is not installed (apt-get install mariadb-server)");
            return None;
        };
        let folder = Scratch::new("mariadb");
        let data = format!("--datadir={}", folder.path().join("data").display());
        let user = format!("--user={}", user());
        let made = Command::new(install)
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                &data,
                &user,
            ])
            .output()
            .expect("mariadb-install-db runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let listening = tls.map_or_else(
            || vec!["--skip-networking".to_owned()],
            |(certificate, port)| {
                let (cert, key) = (folder.path().join("server.crt"), folder.path().join("server.key"));
                std::fs::write(&cert, &certificate.certificate).expect("the certificate can be written");
                std::fs::write(&key, &certificate.key).expect("the key can be written");
                vec![
                    "--bind-address=127.0.0.1".to_owned(),
                    format!("--port={port}"),
                    "--require-secure-transport=ON".to_owned(),
                    format!("--ssl-cert={}", cert.display()),
                    format!("--ssl-key={}", key.display()),
                ]
            },
        );
        let server = Command::new(server)
            .args(["--no-defaults", "--innodb-flush-log-at-trx-commit=0", &data, &user])
            .arg(format!("--socket={}", folder.path().join("socket").display()))
            .arg(format!("--pid-file={}", folder.path().join("pid").display()))
            .args(listening)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mariadbd runs");
        let mariadb = Self { server, folder };
        while !mariadb.try_run("SELECT 1") {
            std::thread::yield_now();
        }
        Some(mariadb)
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn try_run(&self, sql: &str) -> bool {
        let client = program("mariadb").expect("the client comes with the server");
        let mut client = Command::new(client)
            .args(["--no-defaults", "--user=root"])
            .arg(format!("--socket={}", self.socket().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mariadb runs");
        let written = client.stdin.take().is_some_and(|mut input| input.write_all(sql.as_bytes()).is_ok());
        client.wait().is_ok_and(|status| status.success()) && written
    }

    /// Runs statements as root.
    pub fn run(&self, sql: &str) {
        assert!(self.try_run(sql), "{sql}");
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg("-TERM").arg(self.server.id().to_string()).status();
        let _ = self.server.wait();
    }
}
