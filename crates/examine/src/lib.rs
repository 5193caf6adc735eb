//! Text of attachments, in a limited child process.
