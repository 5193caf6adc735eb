//! Rules about bounces, trial runs, the manual queue, the dashboard.

use api::{
    BounceCount, BounceDashboard, BounceRule, BounceRules, BounceRulesRequest, BounceSettings, CountOf,
    DashboardQuery, DryRun, DryRunRequest, DryRunStop, QueueItem, QueuePage, QueueQuery,
    QueueResolutionRequest, RuleAction, RuleCategory, StateCount,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use model::{MailId, UnixMillis};
use standing::{Action, Category, EventKind, Rule};
use store::{FeedbackCount, Resolution, SumBy};

use crate::State;
use crate::addresses::{self, Lists, list_keys};
use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, email, limit, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::webhooks;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Rules at most.
const RULES_MAX: usize = 100;
/// Domains and reasons on the dashboard.
const SUMS_MAX: usize = 50;
/// Addresses judged again in one transaction.
const JUDGED: usize = 500;
/// Events that rules may count.
const KINDS: [&str; 4] = ["failed", "delayed", "complained", "unsubscribed"];

fn between(field: &'static str, value: u32, least: u32, most: u32) -> Result<u32, Failure> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(Failure::field(field, "number-between").with("field", field).with("least", least).with("most", most))
}

fn days(asked: Option<u32>) -> Result<u32, Failure> {
    between("days", asked.unwrap_or(30), 1, Category::DAYS_MAX)
}

fn shown_action(action: Action) -> RuleAction {
    match action {
        Action::StopMailing(class) => RuleAction::StopMailing { class: class.map(Into::into) },
        Action::LeaveLists { all } => RuleAction::LeaveLists { all },
        Action::UseAlternative => RuleAction::UseAlternative {},
        Action::Notify => RuleAction::Notify {},
        Action::Tag(tag) => RuleAction::Tag { tag },
        Action::Move(mailbox) => RuleAction::Move { mailbox },
        Action::Webhook(url) => RuleAction::Webhook { url },
    }
}

fn action(action: RuleAction) -> Result<Action, Failure> {
    Ok(match action {
        RuleAction::StopMailing { class } => Action::StopMailing(class.map(Into::into)),
        RuleAction::LeaveLists { all } => Action::LeaveLists { all },
        RuleAction::UseAlternative {} => Action::UseAlternative,
        RuleAction::Notify {} => Action::Notify,
        RuleAction::Tag { tag } => Action::Tag(text("tag", &tag, 200)?),
        RuleAction::Move { mailbox } => Action::Move(text("mailbox", &mailbox, 500)?),
        RuleAction::Webhook { url } => Action::Webhook(webhooks::address(&url)?),
    })
}

fn words(field: &'static str, words: Vec<String>, allowed: Option<&[&str]>) -> Result<Vec<String>, Failure> {
    let plain = |word: &String| {
        !word.is_empty()
            && word.len() <= 80
            && word.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '-')
    };
    for word in &words {
        if !plain(word)
            || allowed.is_some_and(|allowed| !allowed.contains(&word.as_str()))
            || words.len() > 200
        {
            return Err(Failure::field(field, "word-unknown").with("field", field).with("word", word));
        }
    }
    Ok(words)
}

fn rule(rule: BounceRule, lists: &Lists) -> Result<Rule, Failure> {
    let category = rule.category;
    Ok(Rule {
        name: text("name", &rule.name, 200)?,
        active: rule.active,
        category: Category {
            kinds: words("kinds", category.kinds, Some(&KINDS))?,
            reasons: words("reasons", category.reasons, None)?,
            permanence: category.permanence.map(Into::into),
            count: between("count", category.count, 1, Category::COUNT_MAX)?,
            window_days: between("window_days", category.window_days, 1, Category::DAYS_MAX)?,
            class: category.class.map(Into::into),
            lists: list_keys(lists, &category.lists)?,
        },
        actions: rule.actions.into_iter().map(action).collect::<Result<_, _>>()?,
    })
}

fn rules(list: Vec<BounceRule>, lists: &Lists) -> Result<Vec<Rule>, Failure> {
    if list.len() > RULES_MAX {
        return Err(Failure::field("rules", "too-many-items").with("items", RULES_MAX));
    }
    list.into_iter().map(|one| rule(one, lists)).collect()
}

fn shown_rule(rule: Rule, lists: &Lists) -> BounceRule {
    BounceRule {
        name: rule.name,
        active: rule.active,
        category: RuleCategory {
            kinds: rule.category.kinds,
            reasons: rule.category.reasons,
            permanence: rule.category.permanence.map(Into::into),
            count: rule.category.count,
            window_days: rule.category.window_days,
            class: rule.category.class.map(Into::into),
            lists: rule.category.lists.iter().filter_map(|key| lists.id(*key)).collect(),
        },
        actions: rule.actions.into_iter().map(shown_action).collect(),
    }
}

fn shown(state: &State) -> Result<BounceRules, Failure> {
    let lists = Lists::load(state)?;
    let kept = state.store().bounce_rules()?;
    Ok(BounceRules {
        rules: kept.rules.into_iter().map(|rule| shown_rule(rule, &lists)).collect(),
        settings: BounceSettings {
            soft_count: kept.settings.soft_count,
            soft_days: kept.settings.soft_days,
            unsigned_count: kept.settings.unsigned_count,
            doubtful_days: kept.settings.doubtful_days,
            half_life_days: kept.settings.half_life_days,
            count_imported: kept.count_imported,
        },
    })
}

fn settings(settings: BounceSettings) -> Result<standing::Settings, Failure> {
    Ok(standing::Settings {
        soft_count: between("soft_count", settings.soft_count, 1, Category::COUNT_MAX)?,
        soft_days: between("soft_days", settings.soft_days, 1, Category::DAYS_MAX)?,
        unsigned_count: between("unsigned_count", settings.unsigned_count, 2, Category::COUNT_MAX)?,
        doubtful_days: between("doubtful_days", settings.doubtful_days, 1, Category::DAYS_MAX)?,
        half_life_days: between("half_life_days", settings.half_life_days, 1, Category::DAYS_MAX)?,
    })
}

/// A rule calls only addresses that have a secret.
fn webhooks_are_known(state: &State, rules: &[Rule]) -> Result<(), Failure> {
    let known = state.store().webhooks()?;
    for action in rules.iter().flat_map(|rule| &rule.actions) {
        if let Action::Webhook(url) = action
            && !known.iter().any(|webhook| webhook.settings.url == *url)
        {
            return Err(Failure::field("url", "webhook-unknown").with("url", url));
        }
    }
    Ok(())
}

/// `GET /bounces/rules`
pub(crate) async fn get_rules(
    FromState(state): FromState<State>,
) -> Result<axum::Json<BounceRules>, Failure> {
    Ok(axum::Json(state.read(shown).await?))
}

/// `PUT /bounces/rules`
pub(crate) async fn set_rules(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(request): Json<BounceRulesRequest>,
) -> Result<axum::Json<BounceRules>, Failure> {
    let kept = state
        .heavy(move |state| {
            let set = store::BounceRules {
                rules: rules(request.rules, &Lists::load(state)?)?,
                settings: settings(request.settings)?,
                count_imported: request.settings.count_imported,
            };
            webhooks_are_known(state, &set.rules)?;
            if !request.confirm {
                let run = state.store().dry_run(&set, UnixMillis(i64::MIN), state.now())?;
                // What stops already need not be asked about again.
                if run.newly > 0 && standing::stops_everybody(run.bulk.max(run.transactional), run.known) {
                    return Err(Failure::new(StatusCode::CONFLICT, "rules-stop-many")
                        .with("stopped", run.bulk.max(run.transactional))
                        .with("known", run.known));
                }
            }
            let count = set.rules.len().to_string();
            state.store().set_bounce_rules(set)?;
            events::record(state, &caller, "rules.changed", Subject::Nothing, &[("count", count)])?;
            let mut after = 0;
            while let Some(last) = state.store().judge_standings(after, JUDGED, state.now())? {
                after = last;
            }
            shown(state)
        })
        .await?;
    Ok(axum::Json(kept))
}

/// `POST /bounces/rules/dry_run`
pub(crate) async fn dry_run(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(request): Json<DryRunRequest>,
) -> Result<axum::Json<DryRun>, Failure> {
    let days = days(Some(request.days))?;
    let run = state
        .heavy(move |state| {
            let kept = state.store().bounce_rules()?;
            let set = store::BounceRules { rules: rules(request.rules, &Lists::load(state)?)?, ..kept };
            let now = state.now();
            let run = state.store().dry_run(&set, now.plus_ms(-i64::from(days) * DAY_MS), now)?;
            let many = standing::stops_everybody(run.bulk.max(run.transactional), run.known);
            // Addresses are named to those who may see them in the list of addresses.
            let named: Vec<i64> = run.stopped.iter().chain(&run.freed).map(|tried| tried.standing).collect();
            let visible = addresses::visible(state, &caller, &named)?;
            let shown = |list: Vec<store::TriedAddress>| {
                let seen = list.into_iter().filter(|tried| visible.contains(&tried.standing));
                seen.map(|tried| DryRunStop { address: tried.address, rule: tried.rule }).collect()
            };
            Ok(DryRun {
                judged: run.judged,
                known: run.known,
                bulk: run.bulk,
                transactional: run.transactional,
                leave: run.leave,
                newly: run.newly,
                released: run.released,
                stopped: shown(run.stopped),
                freed: shown(run.freed),
                needs_confirmation: run.newly > 0 && many,
            })
        })
        .await?;
    Ok(axum::Json(run))
}

/// `GET /bounces/queue`
pub(crate) async fn queue(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<QueueQuery>,
) -> Result<axum::Json<QueuePage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let cursor =
        query.cursor.map(|cursor| cursor.parse::<i64>().map_err(|_| Failure::field("cursor", "cursor")));
    let before = cursor.transpose()?;
    let page = state
        .read(move |state| {
            let mut rows = state.store().manual_queue(caller.scope(), before, limit + 1)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| row.event.key.to_string());
            let items = rows.into_iter().map(|row| QueueItem {
                key: row.event.key,
                mail_id: row.mail.uuid(),
                event: addresses::event(&row.event, Some(row.mail.uuid())),
                subject: row.subject,
                accounts: row.accounts.into_iter().map(|account| account.uuid()).collect(),
                why: row.why,
                suspicious: row.suspicious,
                recipient: row.recipient,
            });
            Ok(QueuePage { items: items.collect(), next })
        })
        .await?;
    Ok(axum::Json(page))
}

/// `POST /bounces/queue/{key}/resolution`
pub(crate) async fn resolve(
    FromState(state): FromState<State>,
    Id(key): Id<i64>,
    caller: Caller,
    Json(request): Json<QueueResolutionRequest>,
) -> Result<StatusCode, Failure> {
    let resolution = match request.address.as_deref() {
        Some(address) => Resolution::Address(email("address", address)?),
        None => Resolution::Ignore,
    };
    state
        .read(move |state| {
            let after = key.checked_add(1).ok_or_else(Failure::not_found)?;
            let row = state.store().manual_queue(caller.scope(), Some(after), 1)?.pop();
            let row = row.filter(|row| row.event.key == key).ok_or_else(Failure::not_found)?;
            let mail: MailId = row.mail;
            let details = match &resolution {
                Resolution::Address(address) => [("address", address.clone())],
                Resolution::Ignore => [("address", String::new())],
            };
            let actor = caller.user_id().to_string();
            state.store().resolve_report(key, resolution, actor, state.now())?;
            events::record(state, &caller, "feedback.resolved", Subject::Mail(mail), &details)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `2026-03-02`
fn day(at: UnixMillis) -> String {
    api::Timestamp(at).to_string().chars().take(10).collect()
}

fn count(count: FeedbackCount, by: SumBy) -> BounceCount {
    let of = match by {
        SumBy::Day => day(count.day),
        SumBy::Domain => count.domain,
        SumBy::Reason => count.reason,
    };
    let permanence = match count.kind {
        EventKind::Failed(permanence) => Some(permanence.into()),
        _ => None,
    };
    BounceCount { of, kind: count.kind.as_str().to_owned(), permanence, count: count.n }
}

/// `GET /bounces/dashboard`
pub(crate) async fn dashboard(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<DashboardQuery>,
) -> Result<axum::Json<BounceDashboard>, Failure> {
    let days = days(query.days)?;
    let dashboard = state
        .read(move |state| {
            let since = state.now().plus_ms(-i64::from(days - 1) * DAY_MS);
            let since = UnixMillis(since.0.div_euclid(DAY_MS) * DAY_MS);
            let sums = |by| {
                let counts = state.store().feedback_counts(caller.scope(), since, by, SUMS_MAX)?;
                Ok::<_, Failure>(counts.into_iter().map(|one| count(one, by)).collect())
            };
            let states = state.store().address_counts()?;
            let domains: Vec<BounceCount> = sums(SumBy::Domain)?;
            let names: Vec<&str> = domains.iter().map(|count| count.of.as_str()).collect();
            let affected_domains = state.store().affected_by_domain(&names, since)?;
            let sent = state.store().sent_mails(caller.scope(), since)?;
            Ok(BounceDashboard {
                since: since.into(),
                days: sums(SumBy::Day)?,
                sent: sent
                    .map(|days| days.into_iter().map(|(at, n)| CountOf { of: day(at), count: n }).collect()),
                affected: state.store().affected_addresses(since)?,
                affected_domains: affected_domains
                    .into_iter()
                    .map(|(of, count)| CountOf { of, count })
                    .collect(),
                known: state.store().known_addresses()?,
                domains,
                reasons: sums(SumBy::Reason)?,
                states: states.into_iter().map(|(s, count)| StateCount { state: s.into(), count }).collect(),
                waiting: state.store().manual_queue_len()?,
            })
        })
        .await?;
    Ok(axum::Json(dashboard))
}
