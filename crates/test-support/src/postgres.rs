//! A PostgreSQL server of the test's own, on a socket in a temporary folder.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::dovecot::free_port;
use crate::{Certificate, Scratch};

/// A running server, stopped when it goes out of scope.
pub struct Postgres {
    server: Child,
    folder: Scratch,
    /// Names its socket, too.
    port: u16,
}

/// Folder of the server's programs: that of Debian's newest, or the one in the path.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|path| path.join("initdb").exists())
        .collect();
    found.extend(
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .filter(|path| path.join("initdb").exists() && path.join("postgres").exists()),
    );
    found.sort();
    found.pop()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n")
}

/// PostgreSQL refuses to run as root.
fn command(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Settings of a server at an address, in whose folder its certificate is put.
fn listening(folder: &Path, (certificate, port): (&Certificate, u16)) -> Vec<String> {
    let (cert, key) = (folder.join("server.crt"), folder.join("server.key"));
    std::fs::write(&cert, &certificate.certificate).expect("the certificate can be written");
    std::fs::write(&key, &certificate.key).expect("the key can be written");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("the key can be hidden");
    if is_root() {
        let owned = Command::new("chown").arg("postgres").args([&cert, &key]).status();
        assert!(owned.expect("chown runs").success());
    }
    let rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
    std::fs::write(folder.join("data").join("pg_hba.conf"), rules).expect("the rules can be written");
    vec![
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", cert.display()),
        format!("ssl_key_file={}", key.display()),
    ]
}

impl Postgres {
    /// `None`, and a line that says so, if PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        Self::started(None)
    }

    /// The same, which also takes connections at 127.0.0.1, over TLS alone; gives its port.
    pub fn with_tls(certificate: &Certificate) -> Option<(Self, u16)> {
        let port = free_port();
        Some((Self::started(Some((certificate, port)))?, port))
    }

    fn started(tls: Option<(&Certificate, u16)>) -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: PostgreSQL is not installed (apt-get install postgresql)");
            return None;
        };
        let folder = Scratch::new("postgres");
        if is_root() {
            assert!(
                Command::new("chown")
                    .arg("postgres")
                    .arg(folder.path())
                    .status()
                    .expect("chown runs")
                    .success()
            );
        }
        let data = folder.path().join("data");
        let made = command(&programs.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
            .current_dir(folder.path())
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let listening =
            tls.map_or_else(|| vec!["listen_addresses=".to_owned()], |tls| listening(folder.path(), tls));
        let server = command(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "fsync=off", "-c", "logging_collector=off"])
            .args(listening.iter().flat_map(|setting| ["-c", setting]))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres runs");
        let postgres = Self { server, folder, port: tls.map_or(5432, |(_, port)| port) };
        while !postgres.run("SELECT 1") {
            std::thread::yield_now();
        }
        Some(postgres)
    }

    fn run(&self, sql: &str) -> bool {
        Command::new("psql")
            .arg("-h")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()])
            .args(["-U", "postgres", "-d", "postgres", "-qc", sql])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("psql runs")
            .success()
    }

    /// The folder with its socket; its port is 5432, its superuser `postgres`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs statements in a database.
    pub fn run_in(&self, database: &str, sql: &str) {
        let out = Command::new("psql")
            .arg("-h")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()])
            .args(["-U", "postgres", "-v", "ON_ERROR_STOP=1", "-d", database, "-qc", sql])
            .output()
            .expect("psql runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    /// Makes an empty database and gives its address.
    pub fn database(&self, name: &str) -> String {
        self.made(name, "")
    }

    /// The same as a copy of another one, which nobody may have open.
    pub fn copy(&self, name: &str, of: &str) -> String {
        self.made(name, &format!(" TEMPLATE \"{of}\""))
    }

    fn made(&self, name: &str, how: &str) -> String {
        assert!(self.run(&format!("CREATE DATABASE \"{name}\"{how}")));
        let folder = self.folder.path().to_string_lossy().replace('/', "%2F");
        format!("postgresql://postgres@{folder}/{name}")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT is the fast shutdown; the folder goes after.
        let _ = Command::new("kill").arg("-INT").arg(self.server.id().to_string()).status();
        let _ = self.server.wait();
    }
}
