//! A PostgreSQL server of the test's own, on a socket in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Scratch;

/// A running server, stopped when it goes out of scope.
pub struct Postgres {
    server: Child,
    folder: Scratch,
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

impl Postgres {
    /// `None`, and a line that says so, if PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
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
        let server = command(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "logging_collector=off"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres runs");
        let postgres = Self { server, folder };
        while !postgres.run("SELECT 1") {
            std::thread::yield_now();
        }
        Some(postgres)
    }

    fn run(&self, sql: &str) -> bool {
        Command::new("psql")
            .arg("-h")
            .arg(self.folder.path())
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
            .args(["-U", "postgres", "-v", "ON_ERROR_STOP=1", "-d", database, "-qc", sql])
            .output()
            .expect("psql runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    /// Makes an empty database and gives its address.
    pub fn database(&self, name: &str) -> String {
        assert!(self.run(&format!("CREATE DATABASE \"{name}\"")));
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
