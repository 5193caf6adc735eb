//! Looks at an attachment, and into what it contains.

use crate::content::{self, Content, contradicts};
use crate::ending::{class, class_of_type, endings, family, family_of_type, turns_direction};
use crate::{Class, Finding, archive, ole, zip};

/// How far an attachment is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Archives in archives.
    pub depth_max: usize,
    /// Members of all archives of one attachment.
    pub members_max: usize,
    /// Octets unpacked for one attachment.
    pub unpacked_octets: usize,
}

impl Default for Limits {
    /// Five deep, 20,000 members, 64 MiB.
    fn default() -> Self {
        Self { depth_max: 5, members_max: 20_000, unpacked_octets: 64 << 20 }
    }
}

/// Everything dangerous about an attachment, one finding per class, in the order it was met.
///
/// `octets`: all of it after transfer decoding; `name`: file name of the mail, as it stands there; `declared`: media type of
/// the mail, lower case. A file is dangerous by its octets, its ending or its declared type: any one is enough, since each
/// of the three is what some system goes by when it opens the file.
pub fn findings(octets: &[u8], name: Option<&str>, declared: &str, limits: &Limits) -> Vec<Finding> {
    let mut look = Look { limits: *limits, members: 0, unpacked: 0, found: Vec::new() };
    if let Some(class) = class_of_type(declared) {
        look.add(class, "");
    }
    let promised = family_of_type(declared);
    if promised.is_some_and(|promised| {
        is_hostile(content::content(octets)) && contradicts(content::content(octets), promised)
    }) {
        look.add(Class::Disguised, "");
    }
    look.file(octets, name.unwrap_or_default(), "", 0);
    look.found
}

/// Whether a wrong declared type hides something: many mail programs declare types carelessly.
fn is_hostile(found: Content) -> bool {
    matches!(found, Content::Dangerous(_) | Content::Html)
}

/// Looking, so far.
pub(crate) struct Look {
    limits: Limits,
    members: usize,
    unpacked: usize,
    found: Vec<Finding>,
}

impl Look {
    /// Notes a finding, the first of each class.
    pub(crate) fn add(&mut self, class: Class, at: &str) {
        if !self.found.iter().any(|finding| finding.class == class) {
            self.found.push(Finding::new(class, at));
        }
    }

    /// Counts a member; `false` if there were too many.
    pub(crate) fn member(&mut self, at: &str) -> bool {
        self.members += 1;
        let within = self.members <= self.limits.members_max;
        if !within {
            self.add(Class::Oversized, at);
        }
        within
    }

    /// Octets that may still be unpacked.
    pub(crate) const fn left(&self) -> usize {
        self.limits.unpacked_octets.saturating_sub(self.unpacked)
    }

    /// Counts unpacked octets.
    pub(crate) fn unpacked(&mut self, octets: usize) {
        self.unpacked = self.unpacked.saturating_add(octets);
    }

    /// One file: the attachment itself (`at` empty) or a member. `at`: path of what it lies in.
    pub(crate) fn file(&mut self, octets: &[u8], name: &str, at: &str, depth: usize) {
        let path = join(at, name);
        let place = if depth == 0 { "" } else { path.as_str() };
        self.name(name, place);
        let found = content::content(octets);
        let ending = endings(name).next();
        if ending.as_deref().and_then(family).is_some_and(|promised| contradicts(found, promised)) {
            self.add(Class::Disguised, place);
        }
        if !found.is_container() {
            match found {
                Content::Dangerous(class) => self.add(class, place),
                Content::Rtf => ole::rtf(octets, place, self),
                _ => {}
            }
            return;
        }
        if depth >= self.limits.depth_max {
            self.add(Class::Oversized, place);
            return;
        }
        let inside = if depth == 0 { "" } else { path.as_str() };
        match found {
            Content::Zip => zip::look(octets, inside, depth, self),
            Content::Compound => ole::look(octets, inside, depth, self),
            Content::Gzip => archive::gzip(octets, name, inside, depth, self),
            Content::Tar => archive::tar(octets, inside, depth, self),
            Content::Rar => archive::rar(octets, inside, self),
            _ => archive::seven_zip(octets, inside, self),
        }
    }

    /// What a name alone says; for members whose octets cannot be read too.
    pub(crate) fn name(&mut self, name: &str, place: &str) {
        let mut endings = endings(name);
        let Some(last) = endings.next() else { return };
        if let Some(class) = class(&last) {
            self.add(class, place);
            // `invoice.pdf.exe`: systems that hide the last ending show the one before.
            if !matches!(class, Class::OpaqueArchive)
                && endings.next().is_some_and(|before| family(&before).is_some())
            {
                self.add(Class::Disguised, place);
            }
        }
        if name.chars().any(turns_direction) {
            self.add(Class::Disguised, place);
        }
    }
}

pub(crate) fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") }
}
