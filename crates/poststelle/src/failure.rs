//! What a command tells a person when it does not succeed: a key of the language files, values, an exit status.

use std::fmt::Display;

/// Exit status of CONTRACT: 1 failed, 2 wrong usage.
pub const FAILED: i32 = 1;
/// Wrong usage.
pub const USAGE: i32 = 2;

/// Placeholders and what they stand for.
pub type Values = Vec<(&'static str, String)>;

/// A failure that a person reads.
#[derive(Debug)]
pub struct Failure {
    /// Key in `lang/*.toml`.
    pub key: &'static str,
    /// Values of the placeholders.
    pub values: Values,
    /// Values that are texts themselves: placeholder, key, values.
    pub texts: Vec<(&'static str, &'static str, Values)>,
    /// Exit status.
    pub status: i32,
}

impl Failure {
    /// Something did not work.
    pub fn new(key: &'static str) -> Self {
        Self { key, values: Vec::new(), texts: Vec::new(), status: FAILED }
    }

    /// The command was called wrongly.
    pub fn usage(key: &'static str) -> Self {
        Self { key, values: Vec::new(), texts: Vec::new(), status: USAGE }
    }

    /// Adds the value of a placeholder.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.values.push((name, value.to_string()));
        self
    }

    /// Adds a placeholder whose value is a text of the language files.
    #[must_use]
    pub fn with_text(
        mut self,
        name: &'static str,
        key: &'static str,
        values: Vec<(&'static str, String)>,
    ) -> Self {
        self.texts.push((name, key, values));
        self
    }
}

impl From<std::io::Error> for Failure {
    /// Of writing results: the reader went away, or the disk is full.
    fn from(error: std::io::Error) -> Self {
        Self::new("output").with("reason", error)
    }
}

/// An error and all its causes, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

impl From<pipeline::Error> for Failure {
    fn from(error: pipeline::Error) -> Self {
        of_pipeline(error.root())
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        of_store(&error)
    }
}

impl From<archive::Error> for Failure {
    fn from(error: archive::Error) -> Self {
        of_archive(&error)
    }
}

fn of_pipeline(error: &pipeline::Error) -> Failure {
    use pipeline::Error;
    match error {
        Error::NoData { dir } => Failure::new("data-missing").with("dir", dir.display()),
        Error::Version { path, found, known } => version(&path.display(), found, known),
        Error::Io { path, source } => of_io(path, source),
        Error::Archive(error) => of_archive(error),
        Error::Store(error) => of_store(error),
        Error::Index(index::Error::InUse { dir }) => Failure::new("data-in-use").with("dir", dir.display()),
        Error::Index(error) if pipeline_is_full(error) => Failure::new("disk-full").with("path", "index"),
        Error::Index(error) => Failure::new("storage").with("path", "index").with("reason", chain(error)),
        Error::MasterKeyLost { at } => Failure::new("key-lost").with("path", at.display()),
        Error::Recovery(error) => of_recovery(*error),
        Error::Key(keys::KeyFileError::Exists { at }) => Failure::new("key-there").with("path", at.display()),
        Error::Key(error) => Failure::new("key-file").with("path", "").with("reason", chain(error)),
        Error::Backup { what } => of_backup(what),
        Error::Approval(pipeline::ApprovalFault::Over) => Failure::new("export-over"),
        Error::Missing { what: "approval", name } => Failure::new("approval-unknown").with("id", name),
        Error::PutBack(why) => Failure::usage(why),
        Error::Missing { what: "remote storage", .. } => Failure::new("remote-none"),
        Error::Remote(error) => Failure::new("remote-failed").with("reason", chain(error)),
        Error::Busy => Failure::new("backup-busy"),
        Error::Write(error) => Failure::new("export-failed").with("out", "").with("reason", error),
        Error::Query(error) => Failure::usage("query-bad").with("at", error.at + 1).with_text(
            "reason",
            error.key,
            vec![("value", error.value.clone())],
        ),
        other => Failure::new("storage").with("path", "").with("reason", chain(other)),
    }
}

fn of_backup(fault: &pipeline::BackupFault) -> Failure {
    use pipeline::BackupFault;
    match fault {
        BackupFault::Inside => Failure::new("backup-inside"),
        BackupFault::Unknown => Failure::new("backup-unknown"),
        BackupFault::Foreign => Failure::new("backup-foreign"),
        BackupFault::NoSnapshot => Failure::new("backup-no-snapshot"),
        BackupFault::Damaged { path } => Failure::new("backup-damaged").with("path", path),
        BackupFault::NotEmpty => Failure::new("backup-not-empty"),
        BackupFault::NoKey => Failure::new("backup-no-key"),
        BackupFault::NoDatabase => Failure::new("backup-no-database"),
        BackupFault::Program { text } => Failure::new("backup-program").with("reason", text),
    }
}

fn of_recovery(error: keys::RecoveryError) -> Failure {
    use keys::RecoveryError;
    match error {
        RecoveryError::Length => Failure::new("key-recovery-length"),
        RecoveryError::Group(group) => Failure::new("key-recovery-group").with("group", group),
        RecoveryError::OtherKey => Failure::new("key-recovery-other"),
        _ => Failure::new("key-recovery-file"),
    }
}

fn pipeline_is_full(error: &index::Error) -> bool {
    matches!(error, index::Error::Io { source, .. } if source.downcast_ref::<std::io::Error>().is_some_and(|error| is_full(error.kind())))
}

const fn is_full(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(kind, FileTooLarge | QuotaExceeded | StorageFull)
}

fn version(path: &dyn Display, found: &dyn Display, known: &dyn Display) -> Failure {
    Failure::new("data-version").with("path", path).with("found", found).with("known", known)
}

fn of_io(path: &std::path::Path, source: &std::io::Error) -> Failure {
    match source.kind() {
        kind if is_full(kind) => Failure::new("disk-full").with("path", path.display()),
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            rights(&path.display(), source)
        }
        _ => Failure::new("storage").with("path", path.display()).with("reason", source),
    }
}

fn rights(path: &dyn Display, reason: &dyn Display) -> Failure {
    Failure::new("data-rights").with("path", path).with("reason", reason)
}

fn of_archive(error: &archive::Error) -> Failure {
    use archive::Error;
    match error {
        Error::InUse { dir } => {
            let dir = dir.parent().unwrap_or(dir);
            Failure::new("data-in-use").with("dir", dir.display())
        }
        Error::Version { path, found } => version(&path.display(), found, &2),
        Error::Denied { path, source } => rights(&path.display(), source),
        Error::Full { path, .. } => Failure::new("disk-full").with("path", path.display()),
        Error::Io { path, source } => of_io(path, source),
        Error::OtherMasterKey { dir } => Failure::new("key-other").with("path", dir.display()),
        Error::NoKeyring { dir } => Failure::new("keyring-missing").with("path", dir.display()),
        other => Failure::new("data-damaged").with("path", "archive").with("reason", chain(other)),
    }
}

fn of_store(error: &store::StoreError) -> Failure {
    use store::StoreError;
    match error {
        StoreError::Newer { database, found, known } => version(database, found, known),
        StoreError::Damaged { database, source } => {
            Failure::new("data-damaged").with("path", database).with("reason", source)
        }
        StoreError::Permission { database, source } => rights(database, source),
        StoreError::DiskFull(_) => Failure::new("disk-full").with("path", "database"),
        other => Failure::new("database").with("reason", chain(other)),
    }
}
