//! What the log says of octets of segments.

use serde_json::Value;

/// Octets of a segment as they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Index of the leaf that says so.
    pub(crate) leaf: u64,
    /// The segment.
    pub(crate) segment: String,
    /// First octet.
    pub(crate) from: u64,
    /// The one behind the last.
    pub(crate) to: u64,
    /// In hexadecimal.
    pub(crate) sha256: String,
    /// Whether the file ends here for good.
    pub(crate) closed: bool,
}

impl Extent {
    /// Out of a payload; `None` if it is about something else.
    pub(crate) fn read(leaf: u64, payload: &str) -> Option<Self> {
        let payload: Value = serde_json::from_str(payload).ok()?;
        let text = |name: &str| payload[name].as_str().map(str::to_owned);
        Some(Self {
            leaf,
            segment: text("segment")?,
            from: payload["from"].as_u64()?,
            to: payload["to"].as_u64()?,
            sha256: text("sha256")?,
            closed: payload["closed"].as_bool()?,
        })
    }
}
