//! Octets to message, facts and defects.
