//! CRC-32, piece by piece.

/// A running CRC-32 (IEEE 802.3): against accidents, not against people.
#[derive(Clone, Debug, Default)]
pub struct Crc(crc32fast::Hasher);

impl Crc {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of octets at once.
    pub fn of(octets: &[u8]) -> u32 {
        crc32fast::hash(octets)
    }

    /// Adds octets.
    #[must_use]
    pub fn with(mut self, octets: &[u8]) -> Self {
        self.0.update(octets);
        self
    }

    /// Adds octets in place.
    pub fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    /// The value so far.
    pub fn value(&self) -> u32 {
        self.0.clone().finalize()
    }
}
