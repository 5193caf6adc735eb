//! ZIP and tar: members by name as if they were files in folders; a name is text here, never a path on disk.

use std::io::{BufReader, Read};

use model::{Flags, UnixMillis};

use super::folder::text;
use super::reason::Reason;
use super::sniff::{self, Kind, SNIFF_OCTETS};
use super::stock::{Metered, Stock};
use super::walker::{Place, Step, Stop, Walker};
use super::{Excluded, Item, apple, maildir, tar, thunderbird, zip};

impl Walker<'_, '_> {
    pub(super) fn tar(&mut self, place: &Place, stock: &Stock, depth: u32) -> Step {
        // Content without a decoder before it cannot grow; the decoders' output is charged already.
        let mut archive = tar::Archive::new(BufReader::with_capacity(64 << 10, stock.open()?));
        let mut is_empty = true;
        loop {
            match archive.step()? {
                tar::Step::End if is_empty => return Err(Reason::Empty.into()),
                tar::Step::End => return Ok(()),
                tar::Step::Fault(name, reason) => {
                    stock.budget().entry()?;
                    let member = inside(place, &name);
                    self.emit(Item::Failed(member.failed(reason)))?;
                }
                tar::Step::Member(member) => {
                    stock.budget().entry()?;
                    let inner = inside(place, &member.name);
                    let step = if member.octets == 0 && !is_skipped(&inner) && !inner.is_exact() {
                        Err(Reason::Empty.into())
                    } else {
                        self.member(&inner, &mut archive.content(), member.modified, stock, depth)
                    };
                    self.settle_member(&inner, step)?;
                }
            }
            is_empty = false;
        }
    }

    pub(super) fn zip(&mut self, place: &Place, stock: &Stock, depth: u32) -> Step {
        let spooled;
        let seekable = if let Some(seekable) = stock.seekable() {
            seekable
        } else {
            spooled = self.spooled(&mut *stock.open()?, stock)?;
            spooled.seekable().ok_or(Reason::NotMail)?
        };
        let mut directory = zip::Directory::new(seekable)?;
        let mut is_empty = true;
        while let Some(entry) = directory.next()? {
            if is_empty && matches!(&*entry.name, b"[Content_Types].xml" | b"mimetype") {
                // An office document or an e-book.
                return Err(Reason::NotMail.into());
            }
            is_empty = false;
            stock.budget().entry()?;
            let inner = inside(place, &entry.name);
            let step = match directory.content(&entry) {
                _ if entry.octets == 0 && !is_skipped(&inner) && !inner.is_exact() => {
                    Err(Reason::Empty.into())
                }
                Ok(content) => {
                    let mut content = Metered::once(content, stock.budget().clone());
                    self.member(&inner, &mut content, None, stock, depth)
                }
                Err(reason) => Err(reason.into()),
            };
            self.settle_member(&inner, step)?;
        }
        if is_empty { Err(Reason::Empty.into()) } else { Ok(()) }
    }

    fn member(
        &mut self,
        place: &Place,
        content: &mut dyn Read,
        modified: Option<UnixMillis>,
        outer: &Stock,
        depth: u32,
    ) -> Step {
        if let Some(rule) = skip_rule(place) {
            // What is in `tmp` was never delivered, and is no file of the import.
            return match rule {
                Skip::Undelivered => Ok(()),
                Skip::Excluded(rule) => {
                    let (path, locator) = (place.path.clone(), place.locator.clone());
                    self.emit(Item::Excluded(Excluded { path, locator, rule, detail: String::new() }))
                }
            };
        }
        if apple::is_emlx(&place.name) {
            return self.emlx(place, content);
        }
        if place.is_exact() {
            let received = modified.filter(|_| place.is_delivered);
            return self.stream(place, content, received, maildir::flags(&place.name));
        }
        let mut prefix = Vec::new();
        content.take(SNIFF_OCTETS as u64).read_to_end(&mut prefix)?;
        let mut whole = prefix.as_slice().chain(content);
        match sniff::kind(&prefix) {
            Kind::Mail => self.stream(place, &mut whole, None, Flags::default()),
            Kind::Unsupported(format) => Err(Reason::Unsupported { format }.into()),
            Kind::Other => Err(Reason::NotMail.into()),
            Kind::Zip | Kind::Tar if depth >= self.options.limits.nesting_max => Err(Reason::TooDeep.into()),
            Kind::Outlook(_) | Kind::Mbox | Kind::Gzip | Kind::Zstd | Kind::Zip | Kind::Tar => {
                let stock = self.spooled(&mut whole, outer)?;
                self.content(place.clone(), stock, depth + 1, false)
            }
        }
    }

    fn spooled(&self, content: &mut dyn Read, outer: &Stock) -> Result<Stock, Stop> {
        Ok(Stock::spooled(content, self.options.scratch.as_deref(), outer.budget().clone())?)
    }

    /// Reports a member that failed; what makes the whole archive fail is passed on.
    fn settle_member(&mut self, place: &Place, step: Step) -> Step {
        match step {
            Err(Stop::Failed(reason))
                if !matches!(reason, Reason::TooLarge { .. } | Reason::TooMany { .. }) =>
            {
                self.emit(Item::Failed(place.failed(reason)))
            }
            step => step,
        }
    }
}

enum Skip {
    Undelivered,
    Excluded(&'static str),
}

fn skip_rule(place: &Place) -> Option<Skip> {
    let folder = place.folders.rsplit('/').next().unwrap_or_default();
    if folder == "tmp" && maildir::is_delivery(&place.name) {
        Some(Skip::Undelivered)
    } else if !place.is_delivered && maildir::is_index(&place.name) {
        Some(Skip::Excluded("maildir index"))
    } else if place.name.starts_with("._") && place.path.contains("/__MACOSX/") {
        Some(Skip::Excluded("macos attributes"))
    } else if place.is_delivered {
        None
    } else {
        apple::excluded(&place.path, &place.name)
            .or_else(|| thunderbird::excluded(&place.name))
            .map(Skip::Excluded)
    }
}

fn is_skipped(place: &Place) -> bool {
    skip_rule(place).is_some()
}

/// Place of a member.
fn inside(archive: &Place, name: &[u8]) -> Place {
    let name = text(name);
    let mut parts: Vec<&str> = name.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
    let last = parts.pop().unwrap_or_default().to_owned();
    let inner = parts.join("/");
    let folders = match (archive.folders.as_str(), inner.as_str()) {
        (outer, "") => outer.to_owned(),
        ("", inner) => inner.to_owned(),
        (outer, inner) => format!("{outer}/{inner}"),
    };
    let separator = if inner.is_empty() { "" } else { "/" };
    Place {
        path: format!("{}/{inner}{separator}{last}", archive.path),
        locator: format!("{}/{inner}{separator}{last}", archive.locator),
        is_delivered: maildir::is_delivered(&inner),
        name: last,
        folders,
    }
}
