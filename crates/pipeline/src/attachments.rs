//! Text of attachments, for the index.

use model::Message;

use crate::core::Core;

/// Texts by number of the part.
pub(crate) fn texts(_core: &Core, _octets: &[u8], _message: &Message) -> Vec<(String, String)> {
    Vec::new()
}
