//! HTTP routes, sessions, embedded page.
