//! How much of a mail is read.

/// Bounds of parsing. What lies beyond one is left out and reported as a defect; the octets themselves are
/// never touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Parts of the MIME tree, those of nested messages included.
    pub parts_max: usize,
    /// Levels of the MIME tree, nested messages included.
    pub depth_max: usize,
    /// Header fields of one header section.
    pub fields_max: usize,
    /// Octets of one header field as text.
    pub field_octets_max: usize,
    /// Octets of one address field, or one field of message ids, that are read for addresses and ids.
    pub structured_octets_max: usize,
    /// Addresses of one field.
    pub addresses_max: usize,
    /// Message ids of one field: the first and the last ones are kept.
    pub ids_max: usize,
    /// Octets of decoded text of one part.
    pub part_text_octets_max: usize,
    /// Octets of decoded text of all parts together.
    pub text_octets_max: usize,
    /// Octets that encoded messages inside the mail may have after decoding, all together.
    pub nested_octets_max: usize,
    /// Number tokens and addresses found in one place (subject, new text, quoted text, signature), each.
    pub found_max: usize,
    /// Defects listed.
    pub defects_max: usize,
    /// Whether a first line `From …` of an mbox is skipped.
    pub skip_mbox_from: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            parts_max: 5_000,
            depth_max: 50,
            fields_max: 5_000,
            field_octets_max: 64 << 10,
            structured_octets_max: 4 << 20,
            addresses_max: 50_000,
            ids_max: 1_000,
            part_text_octets_max: 4 << 20,
            text_octets_max: 8 << 20,
            nested_octets_max: 64 << 20,
            found_max: 256,
            defects_max: 100,
            skip_mbox_from: true,
        }
    }
}
