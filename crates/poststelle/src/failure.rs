//! What a command tells a person when it does not succeed: a key of the language files, values, an exit status.

use std::fmt::Display;

/// Exit status of CONTRACT: 1 failed, 2 wrong usage.
pub const FAILED: i32 = 1;
/// Wrong usage.
pub const USAGE: i32 = 2;

/// A failure that a person reads.
#[derive(Debug)]
pub struct Failure {
    /// Key in `lang/*.toml`.
    pub key: &'static str,
    /// Values of the placeholders.
    pub values: Vec<(&'static str, String)>,
    /// Exit status.
    pub status: i32,
}

impl Failure {
    /// Something did not work.
    pub fn new(key: &'static str) -> Self {
        Self { key, values: Vec::new(), status: FAILED }
    }

    /// The command was called wrongly.
    pub fn usage(key: &'static str) -> Self {
        Self { key, values: Vec::new(), status: USAGE }
    }

    /// Adds the value of a placeholder.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.values.push((name, value.to_string()));
        self
    }
}

impl From<std::io::Error> for Failure {
    /// Of writing results: the reader went away, or the disk is full.
    fn from(error: std::io::Error) -> Self {
        Self::new("output").with("reason", error)
    }
}

/// An error and all its causes, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
