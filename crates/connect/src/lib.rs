//! TLS, its trust, and names.
