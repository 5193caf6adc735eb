//! Which mail a report is about.

use std::collections::BTreeSet;

use model::UnixMillis;

use crate::Strength;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A report comes at most so long after the mail, unless it names it.
const CIRCUMSTANCE_MS: i64 = 7 * DAY_MS;
/// Clocks differ.
const SKEW_MS: i64 = DAY_MS;

/// What the address a report was sent to says (VERP), after its signature was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReturnPath {
    /// Not one of ours.
    #[default]
    Plain,
    /// Signed by us.
    Signed {
        /// The recipient in it, lower case.
        recipient: String,
        /// `Message-ID` in it.
        message_id: Option<String>,
    },
    /// Looks like ours, but the signature is wrong.
    Wrong,
}

/// What a report says of one recipient and of the mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Final recipient, lower case.
    pub recipient: Option<String>,
    /// Recipient the sender had given, lower case.
    pub original_recipient: Option<String>,
    /// The report's own address.
    pub return_path: ReturnPath,
    /// `Original-Envelope-Id`.
    pub envelope_id: Option<String>,
    /// `Message-ID` of the returned mail.
    pub message_id: Option<String>,
    /// Its `In-Reply-To` and `References`, and those of the report itself.
    pub references: Vec<String>,
    /// First 22 octets of a `Thread-Index`.
    pub thread_index: Option<Vec<u8>>,
    /// Value of the header field of ours that returned.
    pub own_reference: Option<String>,
    /// Subject of the returned mail.
    pub subject: Option<String>,
    /// When the report was written.
    pub at: UnixMillis,
    /// The report says both failed and delivered of this recipient.
    pub contradicts: bool,
    /// Whoever sent it is not who it says.
    pub forged: bool,
}

/// A mail that may be meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Number of the message; copies of one message have the same.
    pub message: i64,
    /// `Message-ID`.
    pub message_id: Option<String>,
    /// Envelope id it was sent with.
    pub envelope_id: Option<String>,
    /// Our own header field.
    pub own_reference: Option<String>,
    /// First 22 octets of its `Thread-Index`.
    pub thread_index: Option<Vec<u8>>,
    /// Everybody it went to, lower case.
    pub recipients: Vec<String>,
    /// Subject.
    pub subject: String,
    /// When it was written.
    pub at: UnixMillis,
}

/// A way to find the mail, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Signed address the report was sent to.
    ReturnPath,
    /// Envelope id.
    EnvelopeId,
    /// Header field of ours.
    OwnReference,
    /// Returned `Message-ID`.
    MessageId,
    /// Returned references.
    References,
    /// Conversation of Outlook.
    ThreadIndex,
    /// Recipient, subject and time.
    Circumstances,
    /// Whether it comes from where it says.
    Origin,
}

impl Step {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReturnPath => "return_path",
            Self::EnvelopeId => "envelope_id",
            Self::OwnReference => "own_reference",
            Self::MessageId => "message_id",
            Self::References => "references",
            Self::ThreadIndex => "thread_index",
            Self::Circumstances => "circumstances",
            Self::Origin => "origin",
        }
    }
}

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Found {
    /// The report says nothing of this kind.
    NothingToLookAt,
    /// No mail fits.
    NoMail,
    /// A mail fits, but it never went to this recipient.
    OtherRecipient,
    /// Several messages fit.
    Several,
    /// The signature is wrong.
    WrongSignature,
    /// SPF, DKIM or DMARC say that it was sent by somebody else.
    WrongSender,
    /// This is it.
    Mail,
}

impl Found {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NothingToLookAt => "nothing_to_look_at",
            Self::NoMail => "no_mail",
            Self::OtherRecipient => "other_recipient",
            Self::Several => "several",
            Self::WrongSignature => "wrong_signature",
            Self::WrongSender => "wrong_sender",
            Self::Mail => "mail",
        }
    }
}

/// One line of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// How was looked.
    pub step: Step,
    /// What at.
    pub looked_at: String,
    /// What was found.
    pub found: Found,
}

/// The mail a report is about, and how sure that is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// How sure.
    pub strength: Strength,
    /// Address it is about: as the mail has it; as reported if no mail was found.
    pub recipient: Option<String>,
    /// Number of the message; `None` also for a signed address whose mail is not here.
    pub message: Option<i64>,
    /// What was looked at, in order; ends with what was found.
    pub trace: Vec<Trace>,
}

impl Matched {
    /// Something about it is wrong, not only missing.
    pub fn is_suspicious(&self) -> bool {
        self.strength <= Strength::Unmatched && self.trace.iter().any(|t| is_wrong(t.found))
    }
}

/// Finds the mail among candidates. Copies of one message count once; a recipient the mail never had is no match.
pub fn find(report: &Report, candidates: &[Candidate]) -> Matched {
    let mut finder = Finder { report, candidates, trace: Vec::new() };
    let mut matched = finder.strongest().unwrap_or_else(|| Matched {
        recipient: report.recipient.clone().or_else(|| report.original_recipient.clone()),
        ..Matched::default()
    });
    if report.forged && matched.strength < Strength::Signed {
        // Ids and subjects can be known to others; our signature cannot.
        finder.note(Step::Origin, String::new(), Found::WrongSender);
        matched.strength = Strength::Forged;
    }
    if matched.strength == Strength::Unmatched && finder.trace.iter().any(|line| is_wrong(line.found)) {
        matched.strength = Strength::Forged;
    }
    if report.contradicts {
        matched.strength = matched.strength.min(Strength::Circumstantial);
    }
    matched.trace = finder.trace;
    matched
}

const fn is_wrong(found: Found) -> bool {
    matches!(found, Found::WrongSignature | Found::OtherRecipient | Found::WrongSender)
}

struct Finder<'a> {
    report: &'a Report,
    candidates: &'a [Candidate],
    trace: Vec<Trace>,
}

impl Finder<'_> {
    fn strongest(&mut self) -> Option<Matched> {
        let report = self.report;
        if let Some(signed) = self.return_path() {
            return Some(signed);
        }
        if report.return_path == ReturnPath::Wrong {
            // A forger may well know the rest.
            return None;
        }
        let own = report.own_reference.as_deref();
        let ids: Vec<&str> = report.references.iter().map(String::as_str).collect();
        let named = [
            (Step::EnvelopeId, report.envelope_id.as_deref()),
            (Step::OwnReference, own),
            (Step::MessageId, report.message_id.as_deref()),
        ];
        for (step, value) in named {
            let Some(value) = value.filter(|value| !value.is_empty()) else {
                self.note(step, String::new(), Found::NothingToLookAt);
                continue;
            };
            let found = self.pick(step, value.to_owned(), false, |candidate| {
                let own = match step {
                    Step::EnvelopeId => &candidate.envelope_id,
                    Step::OwnReference => &candidate.own_reference,
                    _ => &candidate.message_id,
                };
                own.as_deref() == Some(value)
            });
            if let Some(found) = found {
                return Some(Matched { strength: Strength::Named, ..found });
            }
        }
        let weak = self
            .weak(Step::References, !ids.is_empty(), ids.join(" "), |c| {
                c.message_id.as_deref().is_some_and(|id| ids.contains(&id))
            })
            .or_else(|| {
                let index = report.thread_index.as_deref();
                self.weak(Step::ThreadIndex, index.is_some(), String::new(), |c| {
                    c.thread_index.is_some() && c.thread_index.as_deref() == index
                })
            });
        weak.or_else(|| self.circumstances())
    }

    /// A signed address says enough; the mail itself need not be here.
    fn return_path(&mut self) -> Option<Matched> {
        match &self.report.return_path {
            ReturnPath::Plain => {
                self.note(Step::ReturnPath, String::new(), Found::NothingToLookAt);
                None
            }
            ReturnPath::Wrong => {
                self.note(Step::ReturnPath, String::new(), Found::WrongSignature);
                None
            }
            ReturnPath::Signed { recipient, message_id } => {
                self.note(Step::ReturnPath, recipient.clone(), Found::Mail);
                let fits = |c: &&Candidate| message_id.is_some() && c.message_id == *message_id;
                let message = self.candidates.iter().find(fits).map(|candidate| candidate.message);
                let recipient = Some(recipient.clone());
                Some(Matched { strength: Strength::Signed, recipient, message, trace: Vec::new() })
            }
        }
    }

    fn weak(
        &mut self,
        step: Step,
        present: bool,
        looked_at: String,
        fits: impl Fn(&Candidate) -> bool,
    ) -> Option<Matched> {
        if !present {
            self.note(step, looked_at, Found::NothingToLookAt);
            return None;
        }
        let found = self.pick(step, looked_at, true, fits)?;
        Some(Matched { strength: Strength::Circumstantial, ..found })
    }

    fn circumstances(&mut self) -> Option<Matched> {
        let report = self.report;
        let subject = report.subject.as_deref().map(folded).filter(|subject| !subject.is_empty());
        let known = report.recipient.is_some() || report.original_recipient.is_some();
        let looked_at = subject.clone().unwrap_or_default();
        self.weak(Step::Circumstances, known && subject.is_some(), looked_at, |candidate| {
            let age = report.at.0.saturating_sub(candidate.at.0);
            Some(folded(&candidate.subject)) == subject
                && (-SKEW_MS..=CIRCUMSTANCE_MS).contains(&age)
                && recipient_of(report, candidate).is_some()
        })
    }

    /// The one message that fits and has the recipient.
    fn pick(
        &mut self,
        step: Step,
        looked_at: String,
        unique: bool,
        fits: impl Fn(&Candidate) -> bool,
    ) -> Option<Matched> {
        let fitting: Vec<&Candidate> = self.candidates.iter().filter(|c| fits(c)).collect();
        let report = self.report;
        let of = |candidate: &&Candidate| Some((candidate.message, recipient_of(report, candidate)?));
        let mut with: Vec<(i64, String)> = fitting.iter().filter_map(of).collect();
        with.sort_unstable();
        let messages: BTreeSet<i64> = with.iter().map(|(message, _)| *message).collect();
        let found = match (fitting.is_empty(), messages.len()) {
            (true, _) => Found::NoMail,
            (false, 0) => Found::OtherRecipient,
            (false, 2..) if unique => Found::Several,
            _ => Found::Mail,
        };
        self.note(step, looked_at, found);
        let (message, recipient) = with.into_iter().next().filter(|_| found == Found::Mail)?;
        Some(Matched { recipient: Some(recipient), message: Some(message), ..Matched::default() })
    }

    fn note(&mut self, step: Step, looked_at: String, found: Found) {
        self.trace.push(Trace { step, looked_at, found });
    }
}

/// The recipient of the mail that is meant. A report that names nobody means the only one there is.
fn recipient_of(report: &Report, candidate: &Candidate) -> Option<String> {
    let has = |wanted: &Option<String>| {
        let wanted = wanted.as_deref()?;
        candidate.recipients.iter().find(|recipient| recipient.eq_ignore_ascii_case(wanted))
    };
    let named = has(&report.original_recipient).or_else(|| has(&report.recipient));
    match (named, &report.recipient, &report.original_recipient, candidate.recipients.as_slice()) {
        (Some(recipient), ..) => Some(recipient.clone()),
        (None, None, None, [only]) => Some(only.clone()),
        _ => None,
    }
}

/// A subject without what answers and gateways put before it.
fn folded(subject: &str) -> String {
    subject.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
