//! Files of Outlook, for imports: taken apart by the examiner's children.

use std::fs::File;
use std::ops::ControlFlow;

use examine::{ContainerError, ContainerWhat};
use intake::files::{Convert, Converted, ConvertedWhat, Reason};

use crate::core::Core;

impl Convert for Core {
    fn convert(
        &self,
        file: File,
        on_entry: &mut dyn FnMut(Converted) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Reason> {
        let Some(examiner) = &self.examiner else {
            return Err(Reason::Unsupported { format: "Outlook" });
        };
        let walked = examiner.container(&file, &mut |entry| {
            let what = match entry.what {
                ContainerWhat::Mail { octets, received, flags } => {
                    ConvertedWhat::Mail { octets, received, flags }
                }
                ContainerWhat::Other(class) => ConvertedWhat::Other { class },
                ContainerWhat::Failed(error) => ConvertedWhat::Failed(reason(error)),
            };
            on_entry(Converted { folder: entry.folder, key: entry.key, what })
        });
        walked.map_err(reason)
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}

fn reason(error: ContainerError) -> Reason {
    match error {
        ContainerError::NotMail => Reason::NotMail,
        ContainerError::Unsupported => Reason::Unsupported { format: "Outlook" },
        ContainerError::Encrypted => Reason::Encrypted,
        ContainerError::TooLarge => Reason::TooLarge { limit_octets: 256 << 20 },
        ContainerError::Unreadable(error) => Reason::Unreadable { error },
        ContainerError::Damaged(what) => Reason::Damaged { what },
        other => Reason::Damaged { what: other_words(&other) },
    }
}

fn other_words(error: &ContainerError) -> String {
    match error {
        ContainerError::Died(reason) => reason.to_string(),
        other => other.to_string(),
    }
}
