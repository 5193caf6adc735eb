//! What a server says it can do.

/// Words of `CAPABILITY`, upper case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<String>);

impl Capabilities {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// Whether the server named this one; `word` in upper case.
    pub fn has(&self, word: &str) -> bool {
        self.0.iter().any(|known| known == word)
    }

    /// Names of the SASL mechanisms offered.
    pub fn mechanisms(&self) -> Vec<&str> {
        self.0.iter().filter_map(|word| word.strip_prefix("AUTH=")).collect()
    }

    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
