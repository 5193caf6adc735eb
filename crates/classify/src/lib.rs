//! What kind of mail a message is.
