//! Which column of a file means what.

use crate::Error;

/// Places of our columns in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Our names with their place; `None`: the file has no such column.
    places: Vec<(&'static str, Option<usize>)>,
    /// Further columns of the file.
    extra: Vec<(String, usize)>,
}

impl Columns {
    /// Finds our columns in a header. `map`: lines `ours = theirs`; `#` begins a comment. Names match in any case.
    ///
    /// # Errors
    /// `Map`; `ColumnMissing` if the first of ours, or one the map names, is not there.
    pub fn find(ours: &'static [&'static str], header: &[String], map: &str) -> Result<Self, Error> {
        let mapped = parse(ours, map)?;
        let at = |name: &str| header.iter().position(|column| same(column, name));
        let mut places = Vec::with_capacity(ours.len());
        for (n, own) in ours.iter().enumerate() {
            let named = mapped.iter().find(|(name, _)| name == own);
            let place = at(named.map_or(*own, |(_, theirs)| theirs.as_str()));
            if place.is_none() && (n == 0 || named.is_some()) {
                return Err(Error::ColumnMissing { column: own });
            }
            places.push((*own, place));
        }
        let known = |at: &usize| places.iter().any(|(_, place)| *place == Some(*at));
        let extra = header.iter().enumerate().filter(|(at, name)| !known(at) && !name.is_empty());
        let extra = extra.map(|(at, name)| (name.clone(), at)).collect();
        Ok(Self { places, extra })
    }

    /// Whether a map can be read.
    ///
    /// # Errors
    /// `Map`.
    pub fn check_map(ours: &'static [&'static str], map: &str) -> Result<(), Error> {
        parse(ours, map).map(drop)
    }

    /// Without a further column of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.extra.retain(|(extra, _)| !same(extra, name));
        self
    }

    /// The cell of one of our columns; empty if there is none.
    pub fn cell<'a>(&self, row: &'a [String], name: &str) -> &'a str {
        let place = self.places.iter().find(|(own, _)| *own == name).and_then(|(_, place)| *place);
        place.and_then(|at| row.get(at)).map_or("", String::as_str)
    }

    /// Further cells that are not empty.
    pub(crate) fn extra(&self, row: &[String]) -> Vec<(String, String)> {
        let cell = |(name, at): &(String, usize)| Some((name.clone(), row.get(*at)?.clone()));
        self.extra.iter().filter_map(cell).filter(|(_, cell)| !cell.is_empty()).collect()
    }
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

fn parse(ours: &[&'static str], map: &str) -> Result<Vec<(&'static str, String)>, Error> {
    let mut out = Vec::new();
    for (line, n) in map.lines().zip(1..) {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || Error::Map { line: n };
        let (own, theirs) = line.split_once('=').ok_or_else(wrong)?;
        let own = ours.iter().find(|name| same(name, own)).ok_or_else(wrong)?;
        out.push((*own, theirs.trim().trim_matches('"').to_owned()));
    }
    Ok(out)
}
