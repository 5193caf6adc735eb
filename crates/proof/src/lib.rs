//! Format of archive segments and records.
