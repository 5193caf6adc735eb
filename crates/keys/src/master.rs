//! The master key, its file, and the keys derived from it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::{hkdf, rand};

use crate::{KeyFileError, Secret};

/// Name of the master key file where it lies in the data directory.
pub const KEY_FILE_NAME: &str = "master.key";

/// Length of the master key and of every derived key, octets.
const KEY_OCTETS: usize = 32;

/// What a derived key is for. Two purposes never share a key; a purpose's name never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Purpose(&'static str);

impl Purpose {
    /// Secret fields of accounts: passwords, OAuth tokens.
    pub const ACCOUNT_FIELDS: Self = Self("account-fields");
    /// Signed URLs of images in a mail.
    pub const IMAGE_URLS: Self = Self("image-urls");

    /// The keys of epochs in the keyring of the archive.
    pub const KEYRING: Self = Self("keyring");

    /// Signed references of mails of our own.
    pub const OWN_MAIL: Self = Self("own-mail");

    /// Signed references to records.
    pub const OWN_RECORD: Self = Self("own-record");

    /// A purpose of its own; `name` is lower case ASCII with hyphens and unique among all purposes.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }
}

/// 32 random octets, from which all other keys of an installation are derived.
#[derive(Clone, Debug)]
pub struct MasterKey(Secret<[u8; KEY_OCTETS]>);

impl MasterKey {
    /// Where the key lies when no other place is named: beside the data it protects. Whoever copies the whole
    /// directory has both, so another place is better; the manual says so.
    pub fn default_path(data_directory: &Path) -> PathBuf {
        data_directory.join(KEY_FILE_NAME)
    }

    /// From octets kept elsewhere (service manager, recovery).
    pub const fn from_octets(octets: [u8; KEY_OCTETS]) -> Self {
        Self(Secret::new(octets))
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyFileError::Missing`], [`KeyFileError::WrongSize`], [`KeyFileError::TooOpen`], [`KeyFileError::NotAFile`],
    /// or [`KeyFileError::Io`].
    pub fn load(at: &Path) -> Result<Self, KeyFileError> {
        let io_error = |source| KeyFileError::Io { verb: "read", at: at.to_owned(), source };
        let mut file = File::open(at).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => KeyFileError::Missing { at: at.to_owned() },
            _ => io_error(source),
        })?;
        let about = file.metadata().map_err(io_error)?;
        if !about.is_file() {
            return Err(KeyFileError::NotAFile { at: at.to_owned() });
        }
        let mode = about.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::TooOpen { at: at.to_owned(), mode });
        }
        if about.len() != KEY_OCTETS as u64 {
            return Err(KeyFileError::WrongSize { at: at.to_owned(), octets: about.len() });
        }
        let mut octets = [0; KEY_OCTETS];
        file.read_exact(&mut octets).map_err(io_error)?;
        Ok(Self::from_octets(octets))
    }

    /// Makes a new key and writes it, mode 0600, durable when this returns. Never replaces a file.
    ///
    /// # Errors
    /// [`KeyFileError::Exists`], [`KeyFileError::Random`] or [`KeyFileError::Io`]; then there is no new file.
    pub fn create(at: &Path) -> Result<Self, KeyFileError> {
        let mut octets = [0; KEY_OCTETS];
        rand::fill(&mut octets).map_err(|_| KeyFileError::Random)?;
        let key = Self::from_octets(octets);
        key.save(at)?;
        Ok(key)
    }

    /// Where a new key lies until it takes the place of the one at `at`.
    pub fn next_path(at: &Path) -> PathBuf {
        beside(at, ".next")
    }

    /// Where the key lies whose place was taken.
    pub fn old_path(at: &Path) -> PathBuf {
        beside(at, ".old")
    }

    /// Puts the key at [`MasterKey::next_path`] in the place of the one at `at`, which is kept at [`MasterKey::old_path`].
    /// Durable when this returns; after an interruption it can be done again.
    ///
    /// # Errors
    /// [`KeyFileError::Io`].
    pub fn replace(at: &Path) -> Result<(), KeyFileError> {
        let io_error = |source| KeyFileError::Io { verb: "write", at: at.to_owned(), source };
        let old = Self::old_path(at);
        match fs::remove_file(&old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_error(error)),
            _ => {}
        }
        fs::hard_link(at, &old).and_then(|()| fs::rename(Self::next_path(at), at)).map_err(io_error)?;
        let directory = at.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(io_error)
    }

    /// Whether this is that key.
    pub fn is(&self, other: &Self) -> bool {
        crate::equal_in_constant_time(self.0.expose(), other.0.expose())
    }

    /// Writes a key that was kept elsewhere, mode 0600, durable when this returns. Never replaces a file.
    ///
    /// # Errors
    /// [`KeyFileError::Exists`] or [`KeyFileError::Io`]; then there is no new file.
    pub fn save(&self, at: &Path) -> Result<(), KeyFileError> {
        write_durable(at, self.0.expose())
    }

    pub(crate) const fn octets(&self) -> &[u8; KEY_OCTETS] {
        self.0.expose()
    }

    /// Says nothing about the key, but tells it from others.
    pub(crate) fn name(&self) -> [u8; 4] {
        let derived = self.derive(Purpose::new("name"));
        let mut name = [0; 4];
        name.copy_from_slice(&derived.expose()[..4]);
        name
    }

    /// The key of `purpose`.
    pub(crate) fn derive(&self, purpose: Purpose) -> Secret<[u8; KEY_OCTETS]> {
        let mut derived = [0; KEY_OCTETS];
        hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
            .extract(self.0.expose())
            .expand(&[b"poststelle/1/", purpose.0.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut derived))
            .expect("HKDF-SHA256 gives 32 octets");
        Secret::new(derived)
    }
}

fn beside(at: &Path, ending: &str) -> PathBuf {
    let mut name = at.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    at.with_file_name(name)
}

fn write_durable(at: &Path, octets: &[u8]) -> Result<(), KeyFileError> {
    let io_error = |source| KeyFileError::Io { verb: "write", at: at.to_owned(), source };
    let directory = at.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(io_error)?;
    let mut name = at.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let unfinished = directory.join(name);
    let written = write_new(&unfinished, octets).and_then(|()| fs::hard_link(&unfinished, at));
    let removed = fs::remove_file(&unfinished);
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists { at: at.to_owned() },
        _ => io_error(source),
    })?;
    removed.and_then(|()| File::open(directory)?.sync_all()).map_err(io_error)
}

fn write_new(at: &Path, octets: &[u8]) -> io::Result<()> {
    // A rest of a process with the same number that was killed here.
    match fs::remove_file(at) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(at)?;
    file.write_all(octets)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_made_once_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let at = MasterKey::default_path(&directory.path().join("data"));
        assert!(matches!(MasterKey::load(&at), Err(KeyFileError::Missing { .. })));
        let made = MasterKey::create(&at).unwrap();
        assert_eq!(fs::metadata(&at).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(at.parent().unwrap()).unwrap().count(), 1);
        assert_eq!(MasterKey::load(&at).unwrap().0.expose(), made.0.expose());
        assert!(matches!(MasterKey::create(&at), Err(KeyFileError::Exists { .. })));
        assert_eq!(MasterKey::load(&at).unwrap().0.expose(), made.0.expose());
    }

    #[test]
    fn a_new_key_takes_the_place_of_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let at = MasterKey::default_path(directory.path());
        for _ in 0..2 {
            let old = MasterKey::load(&at).or_else(|_| MasterKey::create(&at)).unwrap();
            let new = MasterKey::create(&MasterKey::next_path(&at)).unwrap();
            MasterKey::replace(&at).unwrap();
            assert_eq!(MasterKey::load(&at).unwrap().0.expose(), new.0.expose());
            assert_eq!(MasterKey::load(&MasterKey::old_path(&at)).unwrap().0.expose(), old.0.expose());
            assert!(!MasterKey::next_path(&at).exists());
        }
    }

    #[test]
    fn each_fault_of_the_file_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path().join("key");
        fs::write(&at, [7; 31]).unwrap();
        fs::set_permissions(&at, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(MasterKey::load(&at), Err(KeyFileError::TooOpen { mode: 0o640, .. })));
        fs::set_permissions(&at, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(matches!(MasterKey::load(&at), Err(KeyFileError::WrongSize { octets: 31, .. })));
        assert!(matches!(MasterKey::load(directory.path()), Err(KeyFileError::NotAFile { .. })));
        assert!(matches!(MasterKey::create(&at.join("below")), Err(KeyFileError::Io { .. })));
    }

    #[test]
    fn purposes_do_not_share_a_key() {
        let key = MasterKey::from_octets([1; 32]);
        let fields = key.derive(Purpose::ACCOUNT_FIELDS);
        assert_eq!(fields.expose(), key.derive(Purpose::new("account-fields")).expose());
        assert_ne!(fields.expose(), key.derive(Purpose::IMAGE_URLS).expose());
        assert_ne!(fields.expose(), MasterKey::from_octets([2; 32]).derive(Purpose::ACCOUNT_FIELDS).expose());
    }
}
