//! Files of Outlook: what is in them is made into mails by somebody else, in a process of its own.

use std::fmt::Debug;
use std::fs::File;
use std::ops::ControlFlow;

use model::{Flags, UnixMillis};

use super::reason::Reason;
use super::stock::Stock;
use super::walker::{Place, Step, Stop, Walker};
use super::{Excluded, Item, maildir};

/// Takes files apart that hold mail in a form that is none.
pub trait Convert: Debug + Send + Sync {
    /// Hands over what is in the file, in an order that is always the same.
    ///
    /// # Errors
    /// Why the file as a whole cannot be read; what was handed over before stays.
    fn convert(
        &self,
        file: File,
        on_entry: &mut dyn FnMut(Converted) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Reason>;
}

/// Something in such a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// Folders inside the file, joined by `/`; empty for a file that holds one mail.
    pub folder: String,
    /// Key inside the file, stable; empty for a file that holds one mail.
    pub key: String,
    /// What it is.
    pub what: ConvertedWhat,
}

/// What something in such a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConvertedWhat {
    /// A mail.
    Mail {
        /// Octets made from it; the same each time.
        octets: Vec<u8>,
        /// When it was received, if that is known.
        received: Option<UnixMillis>,
        /// Its flags.
        flags: Flags,
    },
    /// A contact, task or the like.
    Other {
        /// Its message class.
        class: String,
    },
    /// It cannot be read.
    Failed(Reason),
}

impl Walker<'_, '_> {
    pub(super) fn convert(&mut self, place: &Place, stock: &Stock, format: &'static str) -> Step {
        let Some(convert) = self.options.convert.clone() else {
            return Err(Reason::Unsupported { format }.into());
        };
        let file = stock.to_file(self.options.scratch.as_deref())?;
        let mut step = Ok(());
        let walked = convert.convert(file, &mut |converted| {
            step = self.converted(place, converted);
            if step.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        step?;
        match walked? {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Break),
        }
    }

    fn converted(&mut self, place: &Place, converted: Converted) -> Step {
        let Converted { folder, key, what } = converted;
        let inner = if key.is_empty() {
            Place {
                path: place.path.clone(),
                // Says for good that these octets were made.
                locator: format!("{}#converted", place.locator),
                ..place.clone()
            }
        } else {
            let slash = if folder.is_empty() { "" } else { "/" };
            Place {
                path: format!("{}/{folder}{slash}#{key}", place.path),
                locator: format!("{}/{folder}{slash}#converted-{key}", place.locator),
                folders: joined(&place.as_folder(), &folder),
                is_delivered: false,
                ..place.clone()
            }
        };
        match what {
            ConvertedWhat::Mail { octets, received, flags } => {
                let mailbox = maildir::mailbox(&inner.folders, inner.is_delivered);
                self.whole(&inner, octets, &mailbox, received, flags, "converted")
            }
            ConvertedWhat::Other { class } => {
                let (path, locator) = (inner.path, inner.locator);
                self.emit(Item::Excluded(Excluded { path, locator, rule: "outlook item", detail: class }))
            }
            ConvertedWhat::Failed(reason) => self.emit(Item::Failed(inner.failed(reason))),
        }
    }
}

/// Folders within folders.
fn joined(outer: &str, inner: &str) -> String {
    match (outer, inner) {
        (outer, "") => outer.to_owned(),
        ("", inner) => inner.to_owned(),
        (outer, inner) => format!("{outer}/{inner}"),
    }
}
