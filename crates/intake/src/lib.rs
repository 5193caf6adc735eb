//! Fetches mail from mailboxes and files.
