//! Threads as connected components of message ids.
