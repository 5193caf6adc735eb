//! Recorded sessions in `fixtures/sessions`: what the server says and must hear, and what comes of it. `imap-*` fetch,
//! `change-*` carry out an order.
//!
//! | line | means |
//! | --- | --- |
//! | `# …` | a remark |
//! | `@select inbox` | fetch only the inbox; without it, all |
//! | `@cursor MAILBOX VALIDITY UID` | where an earlier run ended |
//! | `@next MAILBOX UIDNEXT` | what it was told of the next UID |
//! | `@again MAILBOX UID…` | to be tried again |
//! | `@known UID OCTETS SECONDS ID` | a mail of the earlier run |
//! | `@small OCTETS` | larger mails come in pieces |
//! | `@move MAILBOX VALIDITY UID,UID… TARGET` | an order; `@moveagain` for one that is repeated |
//! | `@delete MAILBOX VALIDITY UID,UID…` | the same |
//! | `@compare TIMES` | after the run it is compared with what was fetched |
//! | `@wait PATIENCE RENEWAL` | after the run news is waited for, and IDLE or NOTIFY begun anew; milliseconds |
//! | `@pack` | packing is agreed on where it is offered |
//! | `S: text` | sent with CRLF; `\r \n \\ \xHH` stand for octets |
//! | `S~ text` | sent without a line end |
//! | `Sx N text` | sent N times, without line end |
//! | `C: text` | awaited |
//! | `--` | the connection ends; the next one begins |
//! | `==` | what follows is what the run tells; written anew with `UPDATE=1` |

use std::path::{Path, PathBuf};
use std::time::Duration;

use intake::imap::{Change, Cursor, Encryption, Fetcher, KnownMail, Order, Selection, Wanted};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::support::{any_trust, compare, plain_settings, run_with};

#[derive(Debug, Default)]
struct Script {
    selection: Selection,
    wanted: Vec<Wanted>,
    known: Vec<KnownMail>,
    small: Option<u64>,
    order: Option<Order>,
    /// So many times.
    compare: u32,
    /// Patience and renewal.
    wait: Option<(Duration, Duration)>,
    packs: bool,
    connections: Vec<Vec<Turn>>,
    expected: String,
}

#[derive(Debug)]
enum Turn {
    Say(Vec<u8>),
    Hear(String),
}

#[tokio::test]
async fn sessions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sessions");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    assert!(files.len() >= 78, "{}", files.len());
    for file in files {
        check(&file).await;
    }
}

async fn check(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    let script = Script::read(&text);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = script.connections;
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let peer = tokio::spawn(async move {
        for turns in connections {
            serve(&listener, turns).await;
        }
    });
    let mut settings = plain_settings(port, Encryption::None, &any_trust());
    settings.options.answer_timeout = Duration::from_secs(5);
    settings.options.chunk_octets = 100;
    settings.options.small_octets_max = script.small.unwrap_or(settings.options.small_octets_max);
    settings.options.compare_interval = Duration::ZERO;
    settings.options.pack_from = if script.packs { Duration::ZERO } else { Duration::MAX };
    if let Some((_, renewal)) = script.wait {
        settings.options.idle_renewal = renewal;
    }
    let mut fetcher = Fetcher::new(settings);
    let (mut lines, error) = if let Some(order) = script.order {
        match fetcher.change(&order).await {
            Ok(report) => {
                (report.mails.iter().map(|(uid, changed)| format!("{uid} {changed:?}")).collect(), None)
            }
            Err(error) => (Vec::new(), Some(error)),
        }
    } else {
        let run = run_with(&mut fetcher, &script.selection, script.wanted, script.known).await;
        let mut lines = run.lines;
        let mut error = run.error;
        for _ in 0..script.compare {
            let compared = compare(&mut fetcher).await;
            lines.extend(compared.lines);
            error = error.or(compared.error);
        }
        if let Some((patience, _)) = script.wait {
            let waited = fetcher.wait(patience, std::future::pending()).await;
            lines.push(format!("waited {waited:?}"));
        }
        (lines, error)
    };
    drop(fetcher);
    lines.extend(error.map(|error| format!("error {}: {error}", error.key())));
    let found = lines.join("\n") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        let head = text.split("\n==\n").next().unwrap();
        std::fs::write(file, format!("{}\n==\n{found}", head.trim_end())).unwrap();
    } else {
        assert_eq!(found, script.expected, "{name}");
    }
    // What went wrong at the peer explains what is missing here.
    peer.await.unwrap_or_else(|error| panic!("{name}: {error}\n{found}"));
}

async fn serve(listener: &TcpListener, turns: Vec<Turn>) {
    let accepted = tokio::time::timeout(Duration::from_secs(5), listener.accept()).await;
    let (stream, _) = accepted.expect("the client connects").unwrap();
    stream.set_nodelay(true).unwrap();
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    for turn in turns {
        match turn {
            Turn::Say(octets) => {
                if write.write_all(&octets).await.is_err() {
                    return;
                }
            }
            Turn::Hear(expected) => {
                let mut line = Vec::new();
                read.read_until(b'\n', &mut line).await.unwrap();
                let line = String::from_utf8_lossy(&line);
                assert_eq!(line.trim_end_matches(['\r', '\n']), expected);
            }
        }
    }
    // Unread octets would end the connection with a reset, which could overtake what was sent.
    drop(write);
    let _ = tokio::time::timeout(Duration::from_secs(5), read.read_to_end(&mut Vec::new())).await;
}

impl Script {
    fn read(text: &str) -> Self {
        let mut script = Self { connections: vec![Vec::new()], ..Self::default() };
        let (head, expected) = text.split_once("\n==\n").unwrap_or((text, ""));
        expected.clone_into(&mut script.expected);
        for line in head.lines() {
            let turns = script.connections.last_mut().unwrap();
            if let Some(text) = line.strip_prefix("S: ") {
                turns.push(Turn::Say([octets(text), b"\r\n".to_vec()].concat()));
            } else if let Some(text) = line.strip_prefix("S~ ") {
                turns.push(Turn::Say(octets(text)));
            } else if let Some((count, text)) = line.strip_prefix("Sx ").and_then(|rest| rest.split_once(' '))
            {
                turns.push(Turn::Say(octets(text).repeat(count.parse().unwrap())));
            } else if let Some(text) = line.strip_prefix("C: ") {
                turns.push(Turn::Hear(text.to_owned()));
            } else if line == "--" {
                script.connections.push(Vec::new());
            } else if let Some(text) = line.strip_prefix('@') {
                script.setting(text);
            } else {
                assert!(line.is_empty() || line.starts_with('#'), "not a line of a session: {line}");
            }
        }
        script
    }

    fn setting(&mut self, text: &str) {
        let words: Vec<&str> = text.split(' ').collect();
        let number = |at: usize| words[at].parse::<u32>().unwrap();
        match words[0] {
            "select" => self.selection = Selection::Inbox,
            "pack" => self.packs = true,
            "compare" => self.compare = number(1),
            "wait" => {
                let millis = |at: usize| Duration::from_millis(number(at).into());
                self.wait = Some((millis(1), millis(2)));
            }
            "small" => self.small = Some(words[1].parse().unwrap()),
            "known" => self.known.push(KnownMail {
                uid: number(1),
                size_octets: words[2].parse().unwrap(),
                internal_date: Some(model::UnixMillis::from_seconds(words[3].parse().unwrap())),
                message_id: Some(words[4].to_owned()),
            }),
            "move" | "moveagain" | "delete" => {
                let change = match words[0] {
                    "delete" => Change::Delete,
                    _ => Change::Move { to: words[4].to_owned() },
                };
                self.order = Some(Order {
                    mailbox: words[1].as_bytes().to_vec(),
                    uid_validity: number(2),
                    uids: words[3].split(',').map(|uid| uid.parse().unwrap()).collect(),
                    change,
                    is_repeated: words[0] == "moveagain",
                });
            }
            "cursor" => {
                self.wanted(words[1]).cursor = Some(Cursor { uid_validity: number(2), uid: number(3) });
            }
            "next" => self.wanted(words[1]).uid_next = Some(number(2)),
            "again" => self.wanted(words[1]).again = (2..words.len()).map(number).collect(),
            other => panic!("not a setting: {other}"),
        }
    }

    fn wanted(&mut self, mailbox: &str) -> &mut Wanted {
        let at = self.wanted.iter().position(|wanted| wanted.mailbox == mailbox.as_bytes());
        let at = at.unwrap_or_else(|| {
            self.wanted.push(Wanted { mailbox: mailbox.into(), ..Wanted::default() });
            self.wanted.len() - 1
        });
        &mut self.wanted[at]
    }
}

fn octets(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'\\' {
            octets.push(octet);
            continue;
        }
        match rest.next() {
            Some(b'r') => octets.push(b'\r'),
            Some(b'n') => octets.push(b'\n'),
            Some(b'\\') => octets.push(b'\\'),
            Some(b'x') => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                octets.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            other => panic!("not an escape: {other:?} in {text}"),
        }
    }
    octets
}
