//! Mails of `fixtures/mail` with what is expected of them, and the shared corpus.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/test-support lies two levels down")
        .to_owned()
}

/// Checks every `.eml` of some folders of `fixtures/mail` against the `.expected` beside it.
///
/// `render` tells of a mail what is to stay as it is. Each mail is rendered with LF and with CR LF line ends
/// (where the file has no CR of its own), and both must give the same. With `UPDATE=1` the expected files are
/// written instead.
///
/// # Panics
/// If a mail is not rendered as expected, or a folder holds none.
pub fn check_mails(topics: &[&str], render: impl Fn(&[u8]) -> String) {
    let update = env::var_os("UPDATE").is_some_and(|value| value == "1");
    let mut wrong = Vec::new();
    for topic in topics {
        let folder = root().join("fixtures/mail").join(topic);
        let mails = files(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "eml"));
        let mails: Vec<PathBuf> = mails.collect();
        assert!(!mails.is_empty(), "no mail in {}", folder.display());
        for path in mails {
            let octets = fs::read(&path).expect("the fixture can be read");
            let rendered = render(&octets);
            if !octets.contains(&b'\r') && render(&with_crlf(&octets)) != rendered {
                wrong.push(format!(
                    "{}: CR LF gives something else:\n{}",
                    path.display(),
                    render(&with_crlf(&octets))
                ));
            }
            let expected = path.with_extension("expected");
            if update {
                fs::write(&expected, &rendered).expect("the expected file can be written");
            } else if fs::read_to_string(&expected).ok().as_deref() != Some(&rendered) {
                wrong.push(format!("{}: got\n{rendered}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} (UPDATE=1 writes them anew)\n{}", wrong.len(), wrong.join("\n"));
}

/// Every `.eml` below a folder of `fixtures/mail`, sorted.
pub fn mails(topic: &str) -> Vec<PathBuf> {
    let folder = root().join("fixtures/mail").join(topic);
    files(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "eml")).collect()
}

/// What servers said in recorded sessions, sorted by name.
pub fn sessions() -> Vec<Vec<u8>> {
    files(&root().join("fixtures/sessions")).iter().map(|path| read(path)).collect()
}

/// Processor time of this thread, nanoseconds; waiting for others is not in it.
pub fn thread_nanoseconds() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// Mails of the shared corpus beside the repository, sorted; empty where it is absent, which is said.
pub fn corpus(folder: &str) -> Vec<PathBuf> {
    let folder = root().join("../shared/corpus").join(folder);
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return Vec::new();
    }
    files(&folder)
}

/// Whether `SLOW_TESTS=1` asks for everything.
pub fn slow_tests() -> bool {
    env::var_os("SLOW_TESTS").is_some_and(|value| value == "1")
}

/// Content of a file.
///
/// # Panics
/// If it cannot be read.
pub fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("the file can be read")
}

/// The same octets with CR LF for each LF.
pub fn with_crlf(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 30);
    for &octet in octets {
        if octet == b'\n' {
            out.push(b'\r');
        }
        out.push(octet);
    }
    out
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
