//! The relational database.
