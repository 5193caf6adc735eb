//! What an attachment is by its octets, what of it can hurt, and whether it is held.
//!
//! In: the octets of an attachment with its name and declared type; a [`Policy`]. Out: [`Finding`]s, each of a
//! [`Class`], and whether the policy holds them. Archives, compound files and compressed files are looked into within
//! [`Limits`]; the work is linear in the octets, whatever they hold, and nothing panics. The crate executes nothing, asks
//! no scanner and keeps nothing: that is `examine`'s and `store`'s.

mod archive;
mod class;
mod content;
mod ending;
mod finding;
mod look;
mod ole;
mod policy;
mod zip;

#[cfg(test)]
mod tests;

pub use class::Class;
pub use content::is_executable;
pub use finding::Finding;
pub use look::{Limits, findings};
pub use policy::Policy;
