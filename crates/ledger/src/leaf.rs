//! What stands in the tree.

use aws_lc_rs::digest::{Context, SHA256};
use model::UnixMillis;

/// Octets of a leaf.
pub const LEAF_LEN: usize = 51;
/// Octets of a salt.
pub const SALT_LEN: usize = 16;
const VERSION: u8 = 1;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $word:literal, $open:literal;)*) => {
        /// What happened. Numbers and words never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $name = $code),* }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its number in leaf and database.
            pub const fn code(self) -> u16 {
                self as u16
            }

            /// Its word in JSON and in language files.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// Whether its payload says nothing of people, and lies open beside the log.
            pub const fn is_open(self) -> bool {
                match self { $(Self::$name => $open),* }
            }

            /// The kind of this number.
            pub const fn of_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }
    };
}

kinds! {
    /// A mail's octets are in the archive.
    Archived = 1, "archived", false;
    /// Octets that were here before lie at another place too.
    Placed = 2, "placed", false;
    /// A message is filed under a record.
    LinkSet = 3, "link_set", false;
    /// It is no longer.
    LinkRemoved = 4, "link_removed", false;
    /// A category was set or removed.
    Category = 5, "category", false;
    /// Somebody looked at a mail, or searched.
    Viewed = 6, "viewed", false;
    /// Mails were handed out.
    Exported = 7, "exported", false;
    /// Mails were put back into a mailbox.
    Restored = 8, "restored", false;
    /// A legal hold was set or lifted.
    Hold = 9, "hold", false;
    /// A retention class was set.
    Class = 10, "class", false;
    /// Something was erased: which entries and records, by whom and on what basis, and nothing of what was in them.
    Erased = 11, "erased", true;
    /// A setting was changed.
    Setting = 12, "setting", false;
    /// A key was changed.
    KeyRotated = 13, "key_rotated", true;
    /// Octets of a segment file are as the payload says.
    Stored = 14, "stored", true;
    /// The clock was set: times may go back here.
    ClockSet = 15, "clock_set", true;
    /// An entry of the event log without a kind of its own.
    Noted = 16, "noted", false;
    /// An authority has stamped a checkpoint: later stamps bear witness of this one too.
    Stamped = 17, "stamped", true;
}

/// A leaf: 51 octets, integers big endian.
///
/// | at | len | what |
/// | --- | --- | --- |
/// | 0 | 1 | version, 1 |
/// | 1 | 8 | index in the log, from 0 |
/// | 9 | 8 | time, milliseconds since 1970 UTC |
/// | 17 | 2 | kind |
/// | 19 | 32 | commitment: SHA-256 of salt (16 octets) and payload |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its place.
    pub index: u64,
    /// When.
    pub at: UnixMillis,
    /// Number of its kind; later versions may know more.
    pub kind: u16,
    /// Of salt and payload.
    pub commitment: [u8; 32],
}

impl Leaf {
    /// Its octets.
    pub fn encode(&self) -> [u8; LEAF_LEN] {
        let mut octets = [0; LEAF_LEN];
        octets[0] = VERSION;
        octets[1..9].copy_from_slice(&self.index.to_be_bytes());
        octets[9..17].copy_from_slice(&self.at.0.to_be_bytes());
        octets[17..19].copy_from_slice(&self.kind.to_be_bytes());
        octets[19..].copy_from_slice(&self.commitment);
        octets
    }

    /// Reads exactly these octets; `None` for another length or version.
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let octets: &[u8; LEAF_LEN] = octets.try_into().ok()?;
        if octets[0] != VERSION {
            return None;
        }
        let index = u64::from_be_bytes(*octets[1..].first_chunk()?);
        let at = UnixMillis(i64::from_be_bytes(*octets[9..].first_chunk()?));
        let kind = u16::from_be_bytes(*octets[17..].first_chunk()?);
        Some(Self { index, at, kind, commitment: *octets[19..].first_chunk()? })
    }
}

/// SHA-256 of salt and payload.
pub fn commitment(salt: &[u8; SALT_LEN], payload: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(salt);
    context.update(payload);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
