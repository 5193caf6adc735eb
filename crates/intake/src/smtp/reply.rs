//! Answers, with enhanced status codes (RFC 2034, RFC 3463).

pub(super) const SYNTAX: &str = "500 5.5.2 This is no command I know\r\n";
pub(super) const LINE_END: &str = "500 5.5.2 A line ends with CRLF; goodbye\r\n";
pub(super) const LINE_LONG: &str = "500 5.5.2 Line too long\r\n";
pub(super) const PARAMETERS: &str = "501 5.5.4 These parameters are not understood\r\n";
pub(super) const UNKNOWN_PARAMETER: &str = "555 5.5.4 This parameter is not known here\r\n";
pub(super) const ADDRESS: &str = "501 5.1.7 This address cannot be read\r\n";
pub(super) const RCPT_ADDRESS: &str = "501 5.1.3 This address cannot be read\r\n";
pub(super) const NOT_IMPLEMENTED: &str = "502 5.5.1 Not offered here\r\n";
pub(super) const WRONG_HELLO: &str = "500 5.5.1 The other greeting is wanted here\r\n";
pub(super) const HELLO_FIRST: &str = "503 5.5.1 Greet first\r\n";
pub(super) const MAIL_FIRST: &str = "503 5.5.1 MAIL first\r\n";
pub(super) const MAIL_OPEN: &str = "503 5.5.1 There is a mail under way\r\n";
pub(super) const NO_RECIPIENT: &str = "503 5.5.1 RCPT first\r\n";
pub(super) const MIXED: &str = "503 5.5.1 This mail began with BDAT\r\n";
pub(super) const TLS_ALREADY: &str = "503 5.5.1 TLS is on already\r\n";
pub(super) const TLS_FIRST: &str = "530 5.7.0 Use STARTTLS first\r\n";
pub(super) const REFUSED: &str = "554 5.7.1 You may not deliver here\r\n";
pub(super) const RELAY: &str = "550 5.7.1 Mail for this address is not taken here\r\n";
pub(super) const TOO_MANY_RECIPIENTS: &str = "452 4.5.3 Too many recipients\r\n";
pub(super) const TOO_LARGE: &str = "552 5.3.4 This mail is too large\r\n";
pub(super) const TOO_MANY_FAULTS: &str = "421 4.7.0 Too many faults; goodbye\r\n";
pub(super) const OK: &str = "250 2.0.0 Ok\r\n";
pub(super) const SENDER_OK: &str = "250 2.1.0 Ok\r\n";
pub(super) const RECIPIENT_OK: &str = "250 2.1.5 Ok\r\n";
pub(super) const VRFY: &str = "252 2.5.0 Send it, then we shall see\r\n";
pub(super) const BYE: &str = "221 2.0.0 Goodbye\r\n";
pub(super) const GO_AHEAD: &str = "354 End with a dot on a line of its own\r\n";
pub(super) const TLS_GO: &str = "220 2.0.0 Begin TLS\r\n";
pub(super) const CHUNK_OK: &str = "250 2.0.0 Go on\r\n";
pub(super) const KEPT: &str = "250 2.0.0 Archived\r\n";
pub(super) const FULL: &str = "452 4.3.1 No room at the moment\r\n";
pub(super) const TROUBLE: &str = "451 4.3.0 Not now, come again\r\n";
/// Before the listener closes a connection that has to wait for others.
pub(super) const BUSY: &str = "421 4.7.0 Too many connections, come again\r\n";
pub(super) const IDLE: &str = "421 4.4.2 Nothing heard for too long\r\n";
pub(super) const ENDING: &str = "421 4.3.2 Going down, come again\r\n";
