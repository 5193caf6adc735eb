//! The list of what was erased, as a file: random names of records and salted digests of mails, no content. It outlives a database that
//! is set back, and lies in backups beside the snapshots.
//!
//! First line `poststelle erased 1 SALT`, then a line `NAME MARK` for each record, `-` for no mark; all in hexadecimal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use model::{ObjectId, Sha256};
use store::{ErasedObject, Store};

use crate::durable;
use crate::error::{Error, Result};

/// Where it lies in the data directory.
pub(crate) const FILE: &str = "log/erased";
const HEAD: &str = "poststelle erased 1 ";
/// Setting that keeps the salt.
const SALT: &str = "erased_salt";

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) salt: [u8; 32],
    pub(crate) objects: Vec<ErasedObject>,
}

fn octets(hex: &str) -> Option<[u8; 32]> {
    hex.parse::<Sha256>().ok().map(|octets| octets.0)
}

impl List {
    /// Everything the database knows.
    pub(crate) fn of(store: &Store, salt: [u8; 32]) -> Result<Self> {
        let mut objects = Vec::new();
        store.erased_objects(&mut |one| objects.push(one))?;
        Ok(Self { salt, objects })
    }

    /// The salt the database keeps.
    pub(crate) fn kept_salt(store: &Store) -> Result<Option<[u8; 32]>> {
        Ok(store.setting(SALT)?.as_deref().and_then(octets))
    }

    pub(crate) fn keep_salt(store: &Store, salt: &[u8; 32]) -> Result<()> {
        Ok(store.set_setting(SALT.to_owned(), Some(Sha256(*salt).to_string()))?)
    }

    /// `None` if there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::io(path, source)),
        };
        let unreadable = || Error::io(path, io::ErrorKind::InvalidData.into());
        Self::parse(&text).map(Some).ok_or_else(unreadable)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let salt = octets(lines.next()?.strip_prefix(HEAD)?)?;
        let object = |line: &str| {
            let (name, mark) = line.split_once(' ')?;
            let mark = if mark == "-" { None } else { Some(octets(mark)?) };
            Some(ErasedObject { object: name.parse().ok()?, mark })
        };
        Some(Self { salt, objects: lines.map(object).collect::<Option<_>>()? })
    }

    fn text(&self) -> String {
        let mut text = format!("{HEAD}{}\n", Sha256(self.salt));
        for ErasedObject { object, mark } in &self.objects {
            let mark = mark.map_or_else(|| "-".to_owned(), |mark| Sha256(mark).to_string());
            let _ = writeln!(text, "{object} {mark}");
        }
        text
    }

    /// In the place of an older one, durable when this returns.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        durable::replace(path, self.text().as_bytes())
    }

    /// With what another list of the same installation has.
    pub(crate) fn and(self, other: Option<Self>) -> Self {
        let Some(other) = other else { return self };
        let mut all: BTreeMap<ObjectId, ErasedObject> = BTreeMap::new();
        for one in other.objects.into_iter().chain(self.objects) {
            all.insert(one.object, one);
        }
        Self { salt: self.salt, objects: all.into_values().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back() {
        let object = |octet, mark| ErasedObject { object: ObjectId::from_octets([octet; 16]), mark };
        let list = List { salt: [7; 32], objects: vec![object(1, Some([9; 32])), object(2, None)] };
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log/erased");
        assert_eq!(List::read(&path).expect("no list"), None);
        list.write(&path).expect("written");
        assert_eq!(List::read(&path).expect("a list"), Some(list.clone()));
        let more = List { salt: [7; 32], objects: vec![object(2, None), object(3, None)] };
        let both: Vec<ObjectId> = list.clone().and(Some(more)).objects.iter().map(|one| one.object).collect();
        assert_eq!(both, [1, 2, 3].map(|octet| ObjectId::from_octets([octet; 16])));
        fs::write(&path, "poststelle erased 1 xx\n").expect("written");
        assert!(List::read(&path).is_err());
    }
}
