//! The only place where command lines are put together.
//!
//! Source: RFC 9051 §6, §9; RFC 4959 (SASL-IR), RFC 7888 (literals), RFC 5258 and 6154 (LIST), RFC 5819 (LIST-STATUS),
//! RFC 2177 (IDLE), RFC 5465 (NOTIFY), RFC 2342 (NAMESPACE), RFC 4315 (UIDPLUS), RFC 6851 (MOVE), RFC 4978 (COMPRESS).

use keys::Secret;
use model::{Day, Flags, UnixMillis};

use super::capability::Capabilities;
use crate::civil::month_name;
use crate::sasl::{Mechanism, base64};

/// Longest string sent in quotes; longer ones go as literals.
const QUOTED_OCTETS_MAX: usize = 1000;
/// What a server with `LITERAL-` takes without being asked.
const LITERAL_MINUS_OCTETS_MAX: usize = 4096;

/// Ends IDLE; no command, so it has no tag.
pub(crate) const DONE: &[u8] = b"DONE\r\n";

/// A command, without its tag.
#[derive(Debug)]
pub(crate) enum Command<'a> {
    Capability,
    StartTls,
    Login {
        login: &'a str,
        password: &'a Secret<String>,
    },
    /// With what the client says first, as base64; what follows goes line by line.
    Authenticate {
        mechanism: Mechanism,
        initial: &'a Secret<String>,
    },
    /// The mechanism of that name, from before SASL had rules; some servers have nothing else.
    AuthenticateLogin {
        login: &'a str,
        password: &'a Secret<String>,
    },
    Id,
    /// `is_plain`: as servers without extensions know it.
    List {
        is_plain: bool,
    },
    Status {
        mailbox: &'a [u8],
    },
    /// Read-only: nothing is changed at the source, `\Recent` neither.
    Examine {
        mailbox: &'a [u8],
    },
    /// The same, and the server begins to count changes (RFC 7162 §3.1.8).
    ExamineCondstore {
        mailbox: &'a [u8],
    },
    /// For changes: what EXAMINE opens without them.
    Select {
        mailbox: &'a [u8],
    },
    /// Prefixes of the names of own mailboxes (RFC 2342).
    Namespace,
    Create {
        mailbox: &'a [u8],
    },
    Subscribe {
        mailbox: &'a [u8],
    },
    /// Up to its literal; the mail follows when the server has said `+` (RFC 9051 §6.3.12).
    Append {
        mailbox: &'a [u8],
        flags: Flags,
        received: Option<UnixMillis>,
        octets: u64,
    },
    /// Sets these flags, or takes them away.
    UidStore {
        uids: &'a [u32],
        flags: Flags,
        is_set: bool,
    },
    /// RFC 6851.
    UidMove {
        uids: &'a [u32],
        mailbox: &'a [u8],
    },
    UidCopy {
        uids: &'a [u32],
        mailbox: &'a [u8],
    },
    /// Of these mails only (RFC 4315): EXPUNGE alone would take others' as well.
    UidExpunge {
        uids: &'a [u32],
    },
    /// Mails with this `Message-ID`, of this size; either may be left out.
    UidSearchAlike {
        message_id: Option<&'a str>,
        size_octets: Option<u64>,
    },
    /// Of the mails with these sequence numbers those with a UID from `uid_first` on.
    UidSearch {
        numbers: Option<(u32, u32)>,
        uid_first: u32,
    },
    UidFetch {
        uids: &'a [u32],
        what: What,
    },
    /// VANISHED instead of EXPUNGE, and CHANGEDSINCE (RFC 7162).
    EnableQresync,
    /// Flags of mails up to `uid_last` that have changed since, and with QRESYNC what has gone.
    UidChanges {
        uid_last: u32,
        since: u64,
        tells_gone: bool,
    },
    /// UIDs and flags, by sequence numbers: nothing may go meanwhile unheard.
    FetchFlags {
        first: u32,
        last: u32,
    },
    /// Room of a mailbox (RFC 9208).
    QuotaRoot {
        mailbox: &'a [u8],
    },
    /// RFC 4978.
    Compress,
    /// Asks to be told of new mail in the mailbox that is open and in these, until [`Command::NotifyNone`]; without names
    /// in all own mailboxes (RFC 5465). How they stand is told at once.
    NotifySet {
        mailboxes: &'a [&'a [u8]],
    },
    NotifyNone,
    /// Until [`DONE`].
    Idle,
    Noop,
    Logout,
}

/// What to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Facts and the mail itself.
    Mail,
    /// Facts alone.
    Facts,
    /// The mail itself alone.
    Body,
    /// Facts and `Message-ID`.
    Identity,
}

impl Command<'_> {
    /// Word for messages: what was asked.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Capability => "CAPABILITY",
            Self::StartTls => "STARTTLS",
            Self::Login { .. } => "LOGIN",
            Self::Authenticate { .. } => "AUTHENTICATE",
            Self::AuthenticateLogin { .. } => "AUTHENTICATE LOGIN",
            Self::Id => "ID",
            Self::List { .. } => "LIST",
            Self::Status { .. } => "STATUS",
            Self::Examine { .. } | Self::ExamineCondstore { .. } => "EXAMINE",
            Self::Select { .. } => "SELECT",
            Self::Namespace => "NAMESPACE",
            Self::Create { .. } => "CREATE",
            Self::Subscribe { .. } => "SUBSCRIBE",
            Self::Append { .. } => "APPEND",
            Self::UidStore { .. } => "UID STORE",
            Self::UidMove { .. } => "UID MOVE",
            Self::UidCopy { .. } => "UID COPY",
            Self::UidExpunge { .. } => "UID EXPUNGE",
            Self::UidSearch { .. } | Self::UidSearchAlike { .. } => "UID SEARCH",
            Self::UidFetch { .. } | Self::UidChanges { .. } => "UID FETCH",
            Self::FetchFlags { .. } => "FETCH",
            Self::EnableQresync => "ENABLE",
            Self::QuotaRoot { .. } => "GETQUOTAROOT",
            Self::Compress => "COMPRESS",
            Self::NotifySet { .. } | Self::NotifyNone => "NOTIFY",
            Self::Idle => "IDLE",
            Self::Noop => "NOOP",
            Self::Logout => "LOGOUT",
        }
    }

    /// The command as octets, cut where the server must say `+` before the next piece is sent.
    pub(crate) fn pieces(&self, tag: &str, capabilities: &Capabilities) -> Vec<Vec<u8>> {
        let mut line = Line::new(tag, capabilities);
        match self {
            Self::Capability | Self::StartTls | Self::Idle | Self::Noop | Self::Logout | Self::Namespace => {
                line.text(self.word());
            }
            Self::Login { .. } | Self::Authenticate { .. } | Self::AuthenticateLogin { .. } => {
                self.login(&mut line);
            }
            Self::EnableQresync => line.text("ENABLE QRESYNC"),
            Self::Compress => line.text("COMPRESS DEFLATE"),
            Self::NotifyNone => line.text("NOTIFY NONE"),
            Self::NotifySet { mailboxes } => {
                line.text("NOTIFY SET STATUS (selected (MessageNew MessageExpunge)) (");
                if mailboxes.is_empty() {
                    line.text("personal");
                }
                for (at, mailbox) in mailboxes.iter().enumerate() {
                    line.text(if at == 0 { "mailboxes (" } else { " " });
                    line.string(mailbox);
                }
                line.text(if mailboxes.is_empty() { "" } else { ")" });
                line.text(" (MessageNew MessageExpunge))");
            }
            Self::UidChanges { uid_last, since, tells_gone } => {
                let gone = if *tells_gone { " VANISHED" } else { "" };
                line.text(&format!("UID FETCH 1:{uid_last} (UID FLAGS) (CHANGEDSINCE {since}{gone})"));
            }
            Self::FetchFlags { first, last } => line.text(&format!("FETCH {first}:{last} (UID FLAGS)")),
            Self::Id => line.text("ID (\"name\" \"Poststelle\")"),
            Self::List { is_plain } => {
                line.text("LIST \"\" \"*\"");
                if !is_plain && (capabilities.has("LIST-EXTENDED") || capabilities.has("IMAP4REV2")) {
                    let special_use = capabilities.has("SPECIAL-USE") || capabilities.has("IMAP4REV2");
                    let status = capabilities.has("LIST-STATUS") || capabilities.has("IMAP4REV2");
                    line.text(match (special_use, status) {
                        (true, true) => " RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY))",
                        (true, false) => " RETURN (SPECIAL-USE)",
                        (false, true) => " RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))",
                        (false, false) => "",
                    });
                }
            }
            Self::Status { mailbox } => {
                line.text("STATUS ");
                line.string(mailbox);
                line.text(" (MESSAGES UIDNEXT UIDVALIDITY)");
            }
            Self::ExamineCondstore { mailbox } => {
                line.text("EXAMINE ");
                line.string(mailbox);
                line.text(" (CONDSTORE)");
            }
            Self::Examine { mailbox }
            | Self::Select { mailbox }
            | Self::Create { mailbox }
            | Self::QuotaRoot { mailbox }
            | Self::Subscribe { mailbox } => {
                line.text(self.word());
                line.text(" ");
                line.string(mailbox);
            }
            Self::Append { mailbox, flags, received, octets } => {
                line.text("APPEND ");
                line.string(mailbox);
                line.text(&format!(" ({})", flag_names(*flags)));
                if let Some(received) = received {
                    line.text(&format!(" \"{}\"", date_time(*received)));
                }
                line.text(&format!(" {{{octets}}}"));
            }
            Self::UidStore { uids, flags, is_set } => {
                let sign = if *is_set { '+' } else { '-' };
                line.text(&format!("UID STORE {} {sign}FLAGS.SILENT ({})", set(uids), flag_names(*flags)));
            }
            Self::UidMove { uids, mailbox } | Self::UidCopy { uids, mailbox } => {
                line.text(&format!("{} {} ", self.word(), set(uids)));
                line.string(mailbox);
            }
            Self::UidExpunge { uids } => line.text(&format!("UID EXPUNGE {}", set(uids))),
            Self::UidSearchAlike { message_id, size_octets } => {
                line.text("UID SEARCH UNDELETED");
                if let Some(message_id) = message_id {
                    line.text(" HEADER \"Message-ID\" ");
                    line.string(message_id.as_bytes());
                }
                if let Some(octets) = size_octets {
                    let (less, more) = (octets.saturating_sub(1), octets.saturating_add(1));
                    line.text(&format!(" LARGER {less} SMALLER {more}"));
                }
            }
            Self::UidSearch { numbers, uid_first } => {
                line.text("UID SEARCH ");
                if capabilities.has("ESEARCH") || capabilities.has("IMAP4REV2") {
                    line.text("RETURN (ALL) ");
                }
                if let Some((first, last)) = numbers {
                    line.text(&format!("{first}:{last} "));
                }
                line.text(&format!("UID {uid_first}:*"));
            }
            Self::UidFetch { uids, what } => {
                line.text("UID FETCH ");
                line.text(&set(uids));
                line.text(match what {
                    What::Mail => " (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])",
                    What::Facts => " (UID FLAGS INTERNALDATE RFC822.SIZE)",
                    What::Body => " (UID BODY.PEEK[])",
                    What::Identity => " (UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])",
                });
            }
        }
        line.text("\r\n");
        line.pieces
    }

    /// Name and password, in one of the ways.
    fn login(&self, line: &mut Line<'_>) {
        match self {
            Self::Login { login, password } => {
                line.text("LOGIN ");
                line.string(login.as_bytes());
                line.text(" ");
                line.string(password.expose().as_bytes());
            }
            Self::Authenticate { mechanism, initial } => {
                line.text("AUTHENTICATE ");
                line.text(mechanism.name());
                if line.capabilities.has("SASL-IR") {
                    line.text(" ");
                } else {
                    line.text("\r\n");
                    line.wait();
                }
                line.text(initial.expose());
            }
            Self::AuthenticateLogin { login, password } => {
                line.text("AUTHENTICATE LOGIN");
                for answer in [login.as_bytes(), password.expose().as_bytes()] {
                    line.text("\r\n");
                    line.wait();
                    line.text(&base64(answer));
                }
            }
            _ => {}
        }
    }
}

/// `date-time` of RFC 9051 §9, in UTC.
fn date_time(at: UnixMillis) -> String {
    const DAY_MS: i64 = 86_400_000;
    let (days, seconds) = (at.0.div_euclid(DAY_MS), at.0.rem_euclid(DAY_MS) / 1000);
    let (year, month, day) = i32::try_from(days).map_or((1970, 1, 1), |days| Day(days).date());
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{day:>2}-{}-{year:04} {hour:02}:{minute:02}:{second:02} +0000", month_name(month))
}

/// Flags as the protocol names them.
fn flag_names(flags: Flags) -> String {
    let names = [
        (flags.seen, "\\Seen"),
        (flags.answered, "\\Answered"),
        (flags.flagged, "\\Flagged"),
        (flags.draft, "\\Draft"),
        (flags.deleted, "\\Deleted"),
    ];
    let names: Vec<&str> = names.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| *name).collect();
    names.join(" ")
}

/// Ascending UIDs as a set: `1:3,7`.
pub(crate) fn set(uids: &[u32]) -> String {
    let mut text = String::new();
    for run in uids.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&run[0].to_string());
        if let [_, .., last] = run {
            text.push(':');
            text.push_str(&last.to_string());
        }
    }
    text
}

struct Line<'c> {
    pieces: Vec<Vec<u8>>,
    capabilities: &'c Capabilities,
}

impl<'c> Line<'c> {
    fn new(tag: &str, capabilities: &'c Capabilities) -> Self {
        Self { pieces: vec![[tag.as_bytes(), b" "].concat()], capabilities }
    }

    fn last(&mut self) -> &mut Vec<u8> {
        self.pieces.last_mut().expect("a line has its tag")
    }

    fn text(&mut self, text: &str) {
        self.last().extend_from_slice(text.as_bytes());
    }

    fn wait(&mut self) {
        self.pieces.push(Vec::new());
    }

    /// In quotes, or as a literal where quotes cannot hold it.
    fn string(&mut self, octets: &[u8]) {
        let quotable = octets.len() <= QUOTED_OCTETS_MAX
            && octets.iter().all(|octet| octet.is_ascii() && !matches!(octet, 0 | b'\r' | b'\n'));
        if quotable {
            let line = self.last();
            line.push(b'"');
            for octet in octets {
                if matches!(octet, b'"' | b'\\') {
                    line.push(b'\\');
                }
                line.push(*octet);
            }
            line.push(b'"');
            return;
        }
        let at_once = self.capabilities.has("LITERAL+")
            || (octets.len() <= LITERAL_MINUS_OCTETS_MAX
                && (self.capabilities.has("LITERAL-") || self.capabilities.has("IMAP4REV2")));
        self.text(&format!("{{{}{}}}\r\n", octets.len(), if at_once { "+" } else { "" }));
        if !at_once {
            self.wait();
        }
        self.last().extend_from_slice(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(command: &Command<'_>, capabilities: &str) -> Vec<String> {
        let words = capabilities.split(' ').map(str::to_owned).collect();
        let pieces = command.pieces("a1", &Capabilities::new(words));
        pieces.iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
    }

    #[test]
    fn commands() {
        let check = |command: Command<'_>, capabilities: &str, expected: &[&str]| {
            assert_eq!(pieces(&command, capabilities), expected);
        };
        check(Command::Capability, "", &["a1 CAPABILITY\r\n"]);
        check(Command::EnableQresync, "", &["a1 ENABLE QRESYNC\r\n"]);
        check(
            Command::UidChanges { uid_last: 9, since: 7, tells_gone: true },
            "",
            &["a1 UID FETCH 1:9 (UID FLAGS) (CHANGEDSINCE 7 VANISHED)\r\n"],
        );
        check(Command::FetchFlags { first: 1, last: 4 }, "", &["a1 FETCH 1:4 (UID FLAGS)\r\n"]);
        check(Command::Idle, "", &["a1 IDLE\r\n"]);
        check(Command::Compress, "", &["a1 COMPRESS DEFLATE\r\n"]);
        check(Command::NotifyNone, "", &["a1 NOTIFY NONE\r\n"]);
        check(
            Command::NotifySet { mailboxes: &[b"Sent", b"a b"] },
            "",
            &["a1 NOTIFY SET STATUS (selected (MessageNew MessageExpunge)) \
                (mailboxes (\"Sent\" \"a b\") (MessageNew MessageExpunge))\r\n"],
        );
        check(
            Command::NotifySet { mailboxes: &[] },
            "",
            &["a1 NOTIFY SET STATUS (selected (MessageNew MessageExpunge)) \
                (personal (MessageNew MessageExpunge))\r\n"],
        );
        check(Command::QuotaRoot { mailbox: b"INBOX" }, "", &["a1 GETQUOTAROOT \"INBOX\"\r\n"]);
        let password = Secret::from("p\"w");
        let login = || Command::Login { login: "me", password: &password };
        check(login(), "", &["a1 LOGIN \"me\" \"p\\\"w\"\r\n"]);
        let initial = Secret::from("AG1lAHAidw==");
        let plain = || Command::Authenticate { mechanism: Mechanism::Plain, initial: &initial };
        check(plain(), "SASL-IR", &["a1 AUTHENTICATE PLAIN AG1lAHAidw==\r\n"]);
        check(plain(), "", &["a1 AUTHENTICATE PLAIN\r\n", "AG1lAHAidw==\r\n"]);
        let login_mechanism = Command::AuthenticateLogin { login: "me", password: &password };
        check(login_mechanism, "", &["a1 AUTHENTICATE LOGIN\r\n", "bWU=\r\n", "cCJ3\r\n"]);
        let umlaut = Secret::from("ä");
        let login = || Command::Login { login: "me", password: &umlaut };
        check(login(), "LITERAL+", &["a1 LOGIN \"me\" {2+}\r\nä\r\n"]);
        check(login(), "", &["a1 LOGIN \"me\" {2}\r\n", "ä\r\n"]);
        check(Command::ExamineCondstore { mailbox: b"a" }, "", &["a1 EXAMINE \"a\" (CONDSTORE)\r\n"]);
        check(Command::Examine { mailbox: b"a\\b" }, "", &["a1 EXAMINE \"a\\\\b\"\r\n"]);
        let seen = Flags { seen: true, deleted: true, ..Flags::default() };
        check(
            Command::UidStore { uids: &[4, 5], flags: seen, is_set: true },
            "",
            &["a1 UID STORE 4:5 +FLAGS.SILENT (\\Seen \\Deleted)\r\n"],
        );
        check(
            Command::UidStore { uids: &[4], flags: seen, is_set: false },
            "",
            &["a1 UID STORE 4 -FLAGS.SILENT (\\Seen \\Deleted)\r\n"],
        );
        let received = Some(UnixMillis(1_772_445_601_999));
        check(
            Command::Append { mailbox: "Ä".as_bytes(), flags: seen, received, octets: 7 },
            "LITERAL+",
            &["a1 APPEND {2+}\r\nÄ (\\Seen \\Deleted) \" 2-Mar-2026 10:00:01 +0000\" {7}\r\n"],
        );
        check(
            Command::Append { mailbox: b"B", flags: Flags::default(), received: None, octets: 7 },
            "",
            &["a1 APPEND \"B\" () {7}\r\n"],
        );
        check(Command::UidMove { uids: &[4], mailbox: b"B/C" }, "", &["a1 UID MOVE 4 \"B/C\"\r\n"]);
        check(Command::UidExpunge { uids: &[4, 6] }, "", &["a1 UID EXPUNGE 4,6\r\n"]);
        check(
            Command::UidSearchAlike { message_id: Some("a@b"), size_octets: Some(7) },
            "",
            &["a1 UID SEARCH UNDELETED HEADER \"Message-ID\" \"a@b\" LARGER 6 SMALLER 8\r\n"],
        );
        check(Command::UidSearch { numbers: None, uid_first: 5 }, "", &["a1 UID SEARCH UID 5:*\r\n"]);
        check(
            Command::UidSearch { numbers: Some((1, 9)), uid_first: 5 },
            "ESEARCH",
            &["a1 UID SEARCH RETURN (ALL) 1:9 UID 5:*\r\n"],
        );
        check(
            Command::UidFetch { uids: &[1, 2, 3, 7, 9, 10], what: What::Body },
            "",
            &["a1 UID FETCH 1:3,7,9:10 (UID BODY.PEEK[])\r\n"],
        );
        check(
            Command::List { is_plain: false },
            "LIST-EXTENDED SPECIAL-USE",
            &["a1 LIST \"\" \"*\" RETURN (SPECIAL-USE)\r\n"],
        );
        check(Command::List { is_plain: false }, "SPECIAL-USE", &["a1 LIST \"\" \"*\"\r\n"]);
    }

    #[test]
    fn secrets_do_not_print() {
        let password = Secret::from("hunter2");
        let command = Command::Login { login: "me", password: &password };
        assert!(!format!("{command:?}").contains("hunter2"));
    }
}
