//! Mail to safe HTML and text.
