//! Append-only segments of originals.
