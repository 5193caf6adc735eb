//! Dangerous attachments: who gets them, policy and scanner, releases.

use api::{
    AttachmentClass, AttachmentFinding, AttachmentHold, AttachmentRelease, AttachmentSettings,
    AttachmentSettingsChange, Authentication, DkimSignature, HeldAttachment, HeldPage, HeldQuery, HoldReason,
    ReleaseRequest, RescanRequest, ScannerStatus, ScannerTest, SpamMark, StatedResult,
};
use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use inspect::{Class, Finding, Policy};
use model::{MailId, PartRole, Role, Scope, UnixMillis};
use pipeline::{AuthResult, ExaminationSettings, ScannerState, SettingsError};
use store::{ExaminedPart, HeldState, MailOctets, Release, StoredPart};

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Json, Params, limit, text};
use crate::problem::Failure;
use crate::reading::SHOWN_OCTETS_MAX;
use crate::rights::Caller;

/// Longest reason of a release, characters.
const REASON_MAX: usize = 500;

/// What is known of the attachments of a mail, as lists show them: mails not looked at yet are, unless they are large. Blocks.
pub(crate) fn listed(state: &State, kept: &store::MessageDetail) -> Result<Vec<ExaminedPart>, Failure> {
    let is_known = |part: &StoredPart| {
        part.role != PartRole::Attachment || kept.examined.iter().any(|examined| examined.is_of(part))
    };
    if kept.octets.octets > SHOWN_OCTETS_MAX || kept.parts.iter().all(is_known) {
        return Ok(state.engine().judged(kept.examined.clone()));
    }
    Ok(state.engine().examine(kept.octets.seq, false)?)
}

/// The same for who opens one: looked at and scanned in any case.
pub(crate) async fn opened(state: &State, mail: MailOctets) -> Result<Vec<ExaminedPart>, Failure> {
    state.read(move |state| Ok(state.engine().examine(mail.seq, true)?)).await
}

/// Why a part is or was held; `None` for what never was. What nobody has looked at waits. An attached mail is held for what is in
/// it.
pub(crate) fn hold(
    policy: &Policy,
    role: PartRole,
    number: &str,
    parts: &[StoredPart],
    examined: &[ExaminedPart],
) -> Option<AttachmentHold> {
    let of = |number: &str| {
        let found = match parts.iter().find(|part| part.number == number) {
            Some(part) => examined.iter().find(|examined| examined.is_of(part)),
            None => examined.iter().find(|examined| examined.number == number),
        };
        match found {
            Some(examined) if examined.held == HeldState::No => None,
            Some(examined) => Some(shown(policy, examined)),
            None => Some(unseen()),
        }
    };
    match role {
        PartRole::Attachment => of(number),
        PartRole::Message => {
            let inside = format!("{number}.");
            let numbers =
                parts.iter().filter(|part| part.role == PartRole::Attachment).map(|part| &part.number);
            let mut holds =
                numbers.filter(|number| number.starts_with(&inside)).filter_map(|number| of(number));
            let first = holds.next()?;
            Some(if first.released.is_none() {
                first
            } else {
                holds.find(|hold| hold.released.is_none()).unwrap_or(first)
            })
        }
        PartRole::Container | PartRole::Body | PartRole::Report => None,
    }
}

const fn unseen() -> AttachmentHold {
    AttachmentHold {
        reason: HoldReason::Waiting,
        findings: Vec::new(),
        signature: None,
        scanner: None,
        scanned: None,
        policy: 0,
        released: None,
    }
}

fn shown(policy: &Policy, part: &ExaminedPart) -> AttachmentHold {
    let mut findings = Finding::from_text(&part.findings);
    if part.scan == store::ScanState::TooLarge {
        findings.push(Finding { class: Class::Unscannable, at: String::new() });
    }
    findings.sort_by_key(|finding| !policy.holds(finding.class));
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    AttachmentHold {
        reason: match part.held {
            HeldState::Policy | HeldState::No => HoldReason::Policy,
            HeldState::Waits => HoldReason::Waiting,
            HeldState::Malware => HoldReason::Malware,
            HeldState::Unscanned => HoldReason::Unscanned,
        },
        findings: findings
            .into_iter()
            .map(|finding| AttachmentFinding { class: finding.class.as_str().to_owned(), at: finding.at })
            .collect(),
        signature: some(&part.signature),
        scanner: some(&part.scanner),
        scanned: part.scanned.map(Into::into),
        policy: part.policy,
        released: part
            .released
            .as_ref()
            .map(|release| AttachmentRelease { at: release.at.into(), reason: release.reason.clone() }),
    }
}

/// Who a mail is from, as it is shown.
pub(crate) fn authentication(state: &State, seq: i64) -> Result<Option<Authentication>, Failure> {
    let found = state.engine().authentication(seq)?;
    Ok(found.map(|(checked, found)| Authentication {
        checked: checked.into(),
        spf: word(found.spf),
        spf_domain: found.spf_domain,
        client: found.client.map(|ip| ip.to_string()),
        dkim: found
            .dkim
            .into_iter()
            .map(|signature| DkimSignature {
                result: word(signature.result),
                domain: signature.domain,
                selector: signature.selector,
                reason: signature.reason,
            })
            .collect(),
        dmarc: word(found.dmarc),
        dmarc_domain: found.dmarc_domain,
        dmarc_policy: found.dmarc_policy,
        arc: word(found.arc),
        stated: found
            .stated
            .into_iter()
            .map(|one| StatedResult {
                by: one.by,
                method: one.method,
                result: word(one.result),
                domain: one.domain,
            })
            .collect(),
        spam: found.spam.map(spam_mark),
    }))
}

/// What a filter says, as it is shown.
pub(crate) fn spam_mark(mark: pipeline::SpamMark) -> SpamMark {
    SpamMark {
        by: mark.by,
        is_spam: mark.is_spam,
        score: mark.score_milli.map(points),
        required: mark.required_milli.map(points),
    }
}

/// Of thousandths.
fn points(milli: i64) -> f64 {
    milli as f64 / 1000.0
}

const fn word(result: AuthResult) -> api::AuthResult {
    match result {
        AuthResult::None => api::AuthResult::None,
        AuthResult::Pass => api::AuthResult::Pass,
        AuthResult::Fail => api::AuthResult::Fail,
        AuthResult::SoftFail => api::AuthResult::SoftFail,
        AuthResult::Neutral => api::AuthResult::Neutral,
        AuthResult::TempError => api::AuthResult::TempError,
        AuthResult::PermError => api::AuthResult::PermError,
    }
}

fn status(state: ScannerState, test_file: Option<String>) -> ScannerStatus {
    ScannerStatus {
        reachable: state.error.is_none() && state.version.is_some(),
        version: state.version,
        error: state.error,
        test_file,
        asked: state.asked.map(Into::into),
    }
}

fn all(state: &State) -> Result<AttachmentSettings, Failure> {
    let engine = state.engine();
    let settings = engine.examination();
    let policy = settings.policy();
    let counts = state.store().examination_counts()?;
    let classes = Class::ALL.into_iter();
    Ok(AttachmentSettings {
        version: settings.version,
        policy: classes
            .map(|class| AttachmentClass { class: class.as_str().to_owned(), hold: policy.holds(class) })
            .collect(),
        scanner: Some(settings.scanner.clone()).filter(|scanner| !scanner.is_empty()),
        authenticate: settings.authenticate,
        name_servers: settings.name_servers.clone(),
        trusted_hosts: settings.trusted_hosts.clone(),
        authserv_ids: settings.authserv_ids.clone(),
        spam_filter: Some(settings.spam_filter.clone()).filter(|filter| !filter.is_empty()),
        status: status(engine.ask_scanner().unwrap_or_default(), None),
        unseen: counts.unseen,
        waiting: counts.waiting,
        held: counts.held,
    })
}

/// `GET /attachments/settings`
pub(crate) async fn get(
    FromState(state): FromState<State>,
) -> Result<axum::Json<AttachmentSettings>, Failure> {
    state.read(all).await.map(axum::Json)
}

/// `PUT /attachments/settings`
pub(crate) async fn set(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<AttachmentSettingsChange>,
) -> Result<axum::Json<AttachmentSettings>, Failure> {
    let changed = state
        .read(move |state| {
            let mut settings: ExaminationSettings = (*state.engine().examination()).clone();
            for class in asked.policy.unwrap_or_default() {
                settings.held.insert(class.class, class.hold);
            }
            settings.scanner = asked.scanner.unwrap_or(settings.scanner);
            settings.authenticate = asked.authenticate.unwrap_or(settings.authenticate);
            settings.name_servers = asked.name_servers.unwrap_or(settings.name_servers);
            settings.trusted_hosts = asked.trusted_hosts.unwrap_or(settings.trusted_hosts);
            settings.authserv_ids = asked.authserv_ids.unwrap_or(settings.authserv_ids);
            settings.spam_filter = asked.spam_filter.unwrap_or(settings.spam_filter);
            let settings = settings.checked().map_err(refused)?;
            state.engine().set_examination(settings)?;
            let version = state.engine().examination().version.to_string();
            events::record(
                state,
                &caller,
                "attachments.settings",
                Subject::Nothing,
                &[("version", version)],
            )?;
            all(state)
        })
        .await?;
    Ok(axum::Json(changed))
}

fn refused(error: SettingsError) -> Failure {
    match error {
        SettingsError::Class(word) => {
            Failure::field("policy", "word-unknown").with("field", "policy").with("word", word)
        }
        SettingsError::Scanner(address) => {
            Failure::field("scanner", "scanner-address").with("address", address)
        }
        SettingsError::NameServer(address) => {
            Failure::field("name_servers", "name-server").with("address", address)
        }
        SettingsError::Host(host) => Failure::field("trusted_hosts", "trusted-host").with("host", host),
        SettingsError::SpamFilter(address) => {
            Failure::field("spam_filter", "spam-filter-address").with("address", address)
        }
        SettingsError::AuthservId(host) => Failure::field("authserv_ids", "trusted-host").with("host", host),
        SettingsError::TooMany => Failure::field("name_servers", "too-many-items").with("items", 50),
    }
}

/// `POST /attachments/scanner/test`
pub(crate) async fn test(
    FromState(state): FromState<State>,
    Json(asked): Json<ScannerTest>,
) -> Result<axum::Json<ScannerStatus>, Failure> {
    let scanner = text("scanner", &asked.scanner, 300)?;
    let tried = state.read(move |state| {
        let (found, test_file) = state.engine().try_scanner(&scanner);
        Ok(status(found, test_file))
    });
    tried.await.map(axum::Json)
}

/// `POST /attachments/rescan`
pub(crate) async fn rescan(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<RescanRequest>,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let subject = if let Some(mail) = asked.mail_id.map(MailId::new) {
                state.store().rescan(mail)?;
                Subject::Mail(mail)
            } else {
                state.store().rescan_all()?;
                Subject::Nothing
            };
            events::record(state, &caller, "attachments.rescan", subject, &[])?;
            state.engine().examinations_changed();
            Ok(())
        })
        .await?;
    Ok(StatusCode::ACCEPTED)
}

/// `GET /attachments/held`
pub(crate) async fn held(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<HeldQuery>,
) -> Result<axum::Json<HeldPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let before = match &query.cursor {
        Some(cursor) => Some(read_cursor(cursor)?),
        None => None,
    };
    let page = state
        .read(move |state| {
            let before = before.as_ref().map(|(seq, number)| (*seq, number.as_str()));
            // Administrators see in every account that something is held; what the mail says only where it is granted.
            let mut rows = state.store().held_parts(&Scope::All, before, limit + 1)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| format!("{}_{}", row.seq, row.part.number));
            let policy = state.engine().examination().policy();
            let items = rows.into_iter().map(|row| {
                let readable = row.accounts.iter().any(|account| caller.scope().allows(*account));
                HeldAttachment {
                    mail_id: row.mail_id.uuid(),
                    subject: Some(row.subject).filter(|_| readable),
                    hold: shown(&policy, &row.part),
                    number: row.part.number,
                    name: row.name,
                    octets: row.octets,
                    readable,
                }
            });
            Ok(HeldPage { items: items.collect(), next })
        })
        .await?;
    Ok(axum::Json(page))
}

pub(crate) fn read_cursor(text: &str) -> Result<(i64, String), Failure> {
    let parsed = text.split_once('_').and_then(|(seq, number)| Some((seq.parse().ok()?, number.to_owned())));
    parsed.ok_or_else(|| Failure::field("cursor", "cursor"))
}

/// `POST /messages/{mail_id}/parts/{number}/release`
pub(crate) async fn release(
    FromState(state): FromState<State>,
    Path(place): Path<(String, String)>,
    caller: Caller,
    Json(asked): Json<ReleaseRequest>,
) -> Result<StatusCode, Failure> {
    let reason = text("reason", &asked.reason, REASON_MAX)?;
    decide(state, place, caller, Some(reason)).await
}

/// `DELETE /messages/{mail_id}/parts/{number}/release`
pub(crate) async fn hold_again(
    FromState(state): FromState<State>,
    Path(place): Path<(String, String)>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    decide(state, place, caller, None).await
}

async fn decide(
    state: State,
    (id, number): (String, String),
    caller: Caller,
    reason: Option<String>,
) -> Result<StatusCode, Failure> {
    let id: MailId = id.parse().map_err(|_| Failure::not_found())?;
    state
        .read(move |state| {
            let at: UnixMillis = state.now();
            let by = caller.user_id().to_string();
            let release = reason.clone().map(|reason| Release { at, by, reason });
            if !state.store().release_part(id, number.clone(), release)? {
                return Err(Failure::not_found());
            }
            let kind = if reason.is_some() { "attachment.released" } else { "attachment.held" };
            let details = [("part", number), ("reason", reason.unwrap_or_default())];
            events::record(state, &caller, kind, Subject::Mail(id), &details)?;
            state.engine().examinations_changed();
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a caller gets what is held, who says that it is wanted all the same.
pub(crate) fn may_open(caller: &Caller, asked: bool) -> bool {
    asked && caller.role() == Role::Administrator
}
