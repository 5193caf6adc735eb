//! What the tests share: settings, and runs whose events are gathered.

use std::time::Duration;

use connect::{ClientTls, Trust};
use intake::imap::{
    Encryption, Event, Facts, Fetcher, ImapError, KnownMail, Options, Selection, Settings, Wanted, channel,
};
use model::{Flags, Position};
use test_support::Dovecot;

pub(crate) fn settings(server: &Dovecot, encryption: Encryption) -> Settings {
    let port = if encryption == Encryption::Tls { server.imaps_port() } else { server.imap_port() };
    plain_settings(port, encryption, &Trust::Pem(server.certificate().to_owned()))
}

pub(crate) fn plain_settings(port: u16, encryption: Encryption, trust: &Trust) -> Settings {
    Settings {
        host: "127.0.0.1".to_owned(),
        port,
        encryption,
        tls: ClientTls::new(trust).expect("the trust can be read"),
        login: "alice".to_owned(),
        credential: "secret".into(),
        options: Options { answer_timeout: Duration::from_secs(20), ..Options::default() },
    }
}

/// A trust for settings that use no TLS.
pub(crate) fn any_trust() -> Trust {
    Trust::Pin(model::Sha256([0; 32]))
}

/// A mail as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) mailbox: String,
    pub(crate) uid: u32,
    pub(crate) flags: Flags,
    pub(crate) received_seconds: Option<i64>,
    pub(crate) octets: Vec<u8>,
    pub(crate) is_large: bool,
}

/// What a run told.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) mails: Vec<Arrived>,
    /// Everything in words.
    pub(crate) lines: Vec<String>,
    /// For the next run.
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) error: Option<ImapError>,
}

pub(crate) async fn run(settings: &Settings, selection: &Selection, wanted: Vec<Wanted>) -> Run {
    let mut fetcher = Fetcher::new(settings.clone());
    let run = run_with(&mut fetcher, selection, wanted, Vec::new()).await;
    fetcher.close().await;
    run
}

/// What a comparison tells.
pub(crate) async fn compare(fetcher: &mut Fetcher) -> Run {
    let (outlet, mut inlet) = channel(2 << 20);
    let result = fetcher.compare(&outlet).await;
    drop(outlet);
    let mut run = Run { error: result.err(), ..Run::default() };
    while let Some(event) = inlet.recv().await {
        run.take(event, &mut None, &[]);
    }
    run
}

pub(crate) async fn run_with(
    fetcher: &mut Fetcher,
    selection: &Selection,
    wanted: Vec<Wanted>,
    known: Vec<KnownMail>,
) -> Run {
    let (outlet, mut inlet) = channel(2 << 20);
    let mut run = Run { wanted: wanted.clone(), ..Run::default() };
    let fetching = async {
        let result = fetcher.run(selection, wanted, &outlet).await;
        drop(outlet);
        result
    };
    let taking = async {
        let mut open: Option<(Facts, Vec<u8>)> = None;
        while let Some(event) = inlet.recv().await {
            run.take(event, &mut open, &known);
        }
        assert!(open.is_none(), "a mail begun ends");
    };
    let (result, ()) = tokio::join!(fetching, taking);
    run.error = result.err();
    run
}

impl Run {
    fn take(&mut self, event: Event, open: &mut Option<(Facts, Vec<u8>)>, known: &[KnownMail]) {
        let text = |raw: &[u8]| String::from_utf8_lossy(raw).into_owned();
        match event {
            Event::Mailboxes(mailboxes) => {
                for mailbox in mailboxes {
                    let special = mailbox.special_use.map_or("", |special| special.as_str());
                    let selectable = if mailbox.is_selectable { "" } else { " (level)" };
                    let raw = mailbox.raw.escape_ascii();
                    self.lines.push(format!("mailbox {raw} = {} {special}{selectable}", mailbox.name));
                }
            }
            Event::MailboxGone { mailbox, uid_validity } => {
                self.lines.push(format!("mailbox gone {} {uid_validity}", text(&mailbox)));
            }
            Event::Opened { mailbox, uid_validity, messages } => {
                self.lines.push(format!("opened {} {uid_validity} with {messages}", text(&mailbox)));
            }
            Event::Mail(mail) => self.arrived(&mail.facts, mail.octets, false),
            Event::Begin(facts) => *open = Some((facts, Vec::new())),
            Event::Chunk(octets) => open.as_mut().expect("a mail has begun").1.extend_from_slice(&octets),
            Event::End => {
                let (facts, octets) = open.take().expect("a mail has begun");
                self.arrived(&facts, octets, true);
            }
            Event::Cut => {
                let (facts, _) = open.take().expect("a mail has begun");
                self.lines.push(format!("cut {} {}", text(&facts.mailbox), uid(&facts.position)));
            }
            Event::Failed { mailbox, position, fault } => {
                self.lines.push(format!("failed {} {}: {fault}", text(&mailbox), uid(&position)));
            }
            Event::Gone { mailbox, position } => {
                self.lines.push(format!("gone {} {}", text(&mailbox), uid(&position)));
            }
            Event::Renumbered { mailbox, old, new, known: answer } => {
                self.lines.push(format!("renumbered {} {old} {new}", text(&mailbox)));
                let _ = answer.send(known.to_vec());
            }
            Event::Moved { mailbox, from, to } => {
                self.lines.push(format!("moved {} {} {}", text(&mailbox), uid(&from), uid(&to)));
            }
            Event::BatchEnd { mailbox, cursor } => {
                self.lines.push(format!("batch {} {}/{}", text(&mailbox), cursor.uid_validity, cursor.uid));
                self.wanted(&mailbox).cursor = Some(cursor);
            }
            Event::Closed { mailbox, uid_next, error } => {
                let next = uid_next.map_or("?".to_owned(), |next| next.to_string());
                let error = error.map_or(String::new(), |error| format!(": {error}"));
                self.lines.push(format!("closed {} next {next}{error}", text(&mailbox)));
                let wanted = self.wanted(&mailbox);
                wanted.uid_next = uid_next;
                wanted.again.clear();
            }
            Event::Flags { mailbox, flags, .. } => self.flags("flags", &mailbox, &flags),
            Event::Present { mailbox, uid_last, flags, .. } => {
                self.flags(&format!("present up to {uid_last}"), &mailbox, &flags);
            }
            Event::Vanished { mailbox, uids, .. } => {
                self.lines.push(format!("vanished {} {uids:?}", text(&mailbox)));
            }
            Event::Progress { .. } => {}
            other => panic!("an event the tests do not know: {other:?}"),
        }
    }

    fn flags(&mut self, what: &str, mailbox: &[u8], flags: &[(u32, Flags)]) {
        let flags: Vec<String> =
            flags.iter().map(|(uid, flags)| format!(" {uid}[{}]", letters(*flags))).collect();
        let line = format!("{what} {}{}", String::from_utf8_lossy(mailbox), flags.concat());
        self.lines.push(line);
    }

    fn wanted(&mut self, mailbox: &[u8]) -> &mut Wanted {
        let at = self.wanted.iter().position(|wanted| wanted.mailbox == mailbox).unwrap_or_else(|| {
            self.wanted.push(Wanted { mailbox: mailbox.to_vec(), ..Wanted::default() });
            self.wanted.len() - 1
        });
        &mut self.wanted[at]
    }

    fn arrived(&mut self, facts: &Facts, octets: Vec<u8>, is_large: bool) {
        let mail = Arrived {
            mailbox: String::from_utf8_lossy(&facts.mailbox).into_owned(),
            uid: uid(&facts.position),
            flags: facts.flags,
            received_seconds: facts.internal_date.map(model::UnixMillis::seconds),
            octets,
            is_large,
        };
        self.lines.push(mail.line());
        self.mails.push(mail);
    }
}

impl Arrived {
    fn line(&self) -> String {
        let letters = letters(self.flags);
        let received = self.received_seconds.map_or("-".to_owned(), |seconds| seconds.to_string());
        let octets = if self.octets.len() > 200 {
            format!("{} octets", self.octets.len())
        } else {
            format!("\"{}\"", self.octets.escape_ascii())
        };
        let size = if self.is_large { "large" } else { "mail" };
        format!("{size} {} {} [{letters}] {received} {octets}", self.mailbox, self.uid)
    }
}

fn letters(flags: Flags) -> String {
    let letters = [
        (flags.seen, 'S'),
        (flags.answered, 'R'),
        (flags.flagged, 'F'),
        (flags.draft, 'D'),
        (flags.deleted, 'T'),
    ];
    letters.iter().filter(|(is_set, _)| *is_set).map(|(_, letter)| letter).collect()
}

fn uid(position: &Position) -> u32 {
    match position {
        Position::Imap { uid, .. } => *uid,
        other => panic!("not a position in a mailbox: {other:?}"),
    }
}
