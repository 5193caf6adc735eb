//! Which handler answers which operation, and what every request passes on its way to it.

use std::sync::LazyLock;
use std::time::Duration;

use api::{Method, Operation};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};

use crate::{
    State, account_sets, accounts, addresses, anchoring, approvals, assets, attachment_files,
    attachment_list, attachments, bounces, client, deletion, doctor, documents, erasures, erp_sources,
    events, exclusions, exports, extra_addresses, frame, groups, headers, health, holds, idempotency,
    import_list, import_report, imports, jumps, keeping, link_blocklist, links, lists, live, messages,
    notifications, oauth, oauth_clients, origin, problem, procedure, proof, put_back, quarantine,
    record_mails, record_zip, records, recovery_key, retention, rights, search, senders, session, setup,
    smtp_accounts, source_actions, spam, status, storage, suppression, tags, tokens, trace, upload, users,
    webhooks, what_if,
};

/// Longest JSON body.
const BODY_OCTETS_MAX: usize = 1 << 20;
/// Longest file of members.
const FILE_OCTETS_MAX: usize = 32 << 20;
/// Longest file of records.
const ERP_OCTETS_MAX: usize = 64 << 20;
/// For an answer to begin, and for a short body to arrive.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// The same where another server is asked.
const ASKING_MAX: Duration = Duration::from_mins(2);

/// Routes under construction.
struct Routes {
    router: Router<State>,
    state: State,
    #[cfg(test)]
    ids: Vec<&'static str>,
}

impl Routes {
    fn new(state: State) -> Self {
        Self {
            router: Router::new(),
            state,
            #[cfg(test)]
            ids: Vec::new(),
        }
    }

    /// Every route gets its rights here: there is no other way to add one.
    fn add<H, T>(self, operation: &'static Operation, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        self.guarded(operation, on(filter(operation.method), handler))
    }

    fn guarded(mut self, operation: &'static Operation, route: MethodRouter<State>) -> Self {
        let route = match time_allowed(operation) {
            Some(allowed) => {
                route.route_layer(from_fn(move |request: Request, next: Next| within(allowed, request, next)))
            }
            None => route,
        };
        let route = match operation.id {
            "IMPORT_MEMBERS" => route.route_layer(DefaultBodyLimit::max(FILE_OCTETS_MAX)),
            "ERP_PREVIEW" | "ERP_IMPORT" => route.route_layer(DefaultBodyLimit::max(ERP_OCTETS_MAX)),
            _ => route,
        };
        let route = route.route_layer(from_fn_with_state(self.state.clone(), idempotency::once));
        let route = route.route_layer(from_fn_with_state((self.state.clone(), operation), rights::admit));
        self.router = self.router.route(operation.path, route);
        #[cfg(test)]
        self.ids.push(operation.id);
        self
    }
}

const fn filter(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    }
}

/// Uploads and live updates take as long as they take; they watch over themselves.
fn time_allowed(operation: &Operation) -> Option<Duration> {
    match operation.id {
        "UPLOAD_IMPORT" | "LIVE" | "RECORD_BATCH" | "ERP_PREVIEW" | "ERP_IMPORT" => None,
        "OAUTH_RETURN"
        | "TEST_SCANNER"
        | "TEST_SPAM_FILTER"
        | "MESSAGE_PART"
        | "MESSAGE_RAW"
        | "START_LINK"
        | "UNLINK"
        | "CREATE_OAUTH_CLIENT"
        | "CHANGE_OAUTH_CLIENT"
        | "REMOVE_ACCOUNT"
        | "TEST_CONNECTION"
        | "TEST_ACCOUNT"
        | "TEST_SMTP_ACCOUNT"
        | "TEST_ERP_SOURCE"
        | "FINISH_RECORD_SESSION"
        | "IMPORT_MEMBERS"
        | "SET_BOUNCE_RULES"
        | "PREVIEW_RETENTION_RULES"
        | "TRY_BOUNCE_RULES" => Some(ASKING_MAX),
        _ => Some(ANSWER_MAX),
    }
}

async fn within(allowed: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(allowed, next.run(request)).await {
        Ok(response) => response,
        Err(_) => problem::Failure::new(StatusCode::SERVICE_UNAVAILABLE, "timeout")
            .retry_after(Duration::from_secs(10))
            .into_response(),
    }
}

/// The whole server: API, health, metrics, page.
pub fn router(state: State) -> Router {
    let routes = routes(&state);
    let compressed = SizeAbove::new(1024)
        .and(NotForContentType::SSE)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::new("application/octet-stream"))
        .and(NotForContentType::new("application/zip"))
        .and(NotForContentType::new("message/rfc822"));
    routes
        .router
        .fallback(assets::page)
        .layer(CompressionLayer::new().compress_when(compressed))
        .layer(DefaultBodyLimit::max(BODY_OCTETS_MAX))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(state.clone(), origin::check))
        .layer(from_fn(problem::speak))
        .layer(from_fn_with_state(state.clone(), headers::guard))
        .layer(from_fn_with_state(state.clone(), trace::follow))
        .layer(from_fn_with_state(state.clone(), client::identify))
        .with_state(state)
}

/// Addresses, who may be written to, bounces.
fn address_routes(routes: Routes) -> Routes {
    routes
        .add(&api::ADDRESSES, addresses::list)
        .add(&api::ADDRESS, addresses::one)
        .add(&api::SET_ADDRESS_STATE, addresses::set_state)
        .add(&api::CHECK_SUPPRESSION, suppression::check)
        .add(&api::SUPPRESSION, suppression::list)
        .add(&api::ADD_SUPPRESSION, suppression::add)
        .add(&api::REMOVE_SUPPRESSION, suppression::remove)
        .add(&api::EXPORT_SUPPRESSION, suppression::export)
        .add(&api::LISTS, lists::list)
        .add(&api::CREATE_LIST, lists::create)
        .add(&api::LIST, lists::one)
        .add(&api::CHANGE_LIST, lists::change)
        .add(&api::REMOVE_LIST, lists::remove)
        .add(&api::MEMBERS, lists::members)
        .add(&api::PUT_MEMBERS, lists::put_members)
        .add(&api::REMOVE_MEMBER, lists::remove_member)
        .add(&api::IMPORT_MEMBERS, lists::import)
        .add(&api::EXPORT_MEMBERS, lists::export)
        .add(&api::BOUNCE_RULES, bounces::get_rules)
        .add(&api::SET_BOUNCE_RULES, bounces::set_rules)
        .add(&api::TRY_BOUNCE_RULES, bounces::dry_run)
        .add(&api::BOUNCE_QUEUE, bounces::queue)
        .add(&api::RESOLVE_BOUNCE, bounces::resolve)
        .add(&api::BOUNCE_DASHBOARD, bounces::dashboard)
}

/// What goes out.
fn outgoing_routes(routes: Routes) -> Routes {
    routes
        .add(&api::SMTP_ACCOUNTS, smtp_accounts::list)
        .add(&api::CREATE_SMTP_ACCOUNT, smtp_accounts::create)
        .add(&api::TEST_SMTP_ACCOUNT, smtp_accounts::test)
        .add(&api::CHANGE_SMTP_ACCOUNT, smtp_accounts::change)
        .add(&api::REMOVE_SMTP_ACCOUNT, smtp_accounts::remove)
        .add(&api::RECORDS, records::list)
        .add(&api::RECORD, records::one)
        .add(&api::PUT_RECORD, records::put)
        .add(&api::REMOVE_RECORD, records::remove)
        .add(&api::RECORD_BATCH, records::batch)
        .add(&api::OPEN_RECORD_SESSION, records::open)
        .add(&api::FINISH_RECORD_SESSION, records::finish)
        .add(&api::ERP_SOURCES, erp_sources::list)
        .add(&api::CREATE_ERP_SOURCE, erp_sources::create)
        .add(&api::TEST_ERP_SOURCE, erp_sources::test)
        .add(&api::CHANGE_ERP_SOURCE, erp_sources::change)
        .add(&api::REMOVE_ERP_SOURCE, erp_sources::remove)
        .add(&api::RUN_ERP_SOURCE, erp_sources::run)
        .add(&api::ERP_RUNS, erp_sources::runs)
        .add(&api::ERP_PREVIEW, erp_sources::preview)
        .add(&api::ERP_IMPORT, erp_sources::import)
        .add(&api::WEBHOOKS, webhooks::list)
        .add(&api::CREATE_WEBHOOK, webhooks::create)
        .add(&api::CHANGE_WEBHOOK, webhooks::change)
        .add(&api::REMOVE_WEBHOOK, webhooks::remove)
        .add(&api::ROTATE_WEBHOOK, webhooks::rotate)
        .add(&api::TEST_WEBHOOK, webhooks::test)
        .add(&api::DELIVERIES, webhooks::deliveries)
        .add(&api::OUTGOING, notifications::mails)
        .add(&api::SEND_AGAIN, notifications::again)
        .add(&api::NOTIFICATIONS, notifications::get)
        .add(&api::SET_NOTIFICATIONS, notifications::set)
        .add(&api::NOTICES, notifications::latest)
}

/// How long mails are kept.
fn retention_routes(routes: Routes) -> Routes {
    routes
        .add(&api::RETENTION, retention::read)
        .add(&api::SET_RETENTION, retention::set)
        .add(&api::CREATE_RETENTION_CLASS, retention::create_class)
        .add(&api::CHANGE_RETENTION_CLASS, retention::change_class)
        .add(&api::REMOVE_RETENTION_CLASS, retention::remove_class)
        .add(&api::CREATE_RETENTION_RULE, retention::create_rule)
        .add(&api::PREVIEW_RETENTION_RULES, retention::preview)
        .add(&api::APPLY_RETENTION_RULES, retention::apply)
        .add(&api::CHANGE_RETENTION_RULE, retention::change_rule)
        .add(&api::REMOVE_RETENTION_RULE, retention::remove_rule)
        .add(&api::ADD_OPEN_YEARS, retention::open_years)
        .add(&api::END_OPEN_YEARS, retention::end_open_years)
        .add(&api::LEGAL_HOLDS, holds::list)
        .add(&api::ADD_LEGAL_HOLD, holds::create)
        .add(&api::PREVIEW_LEGAL_HOLD, holds::preview)
        .add(&api::LIFT_LEGAL_HOLD, holds::lift)
        .add(&api::DUE_YEARS, retention::due)
        .add(&api::DUE_MAILS, retention::due_mails)
        .add(&api::RELEASE_DUE, retention::release)
        .add(&api::SET_MESSAGE_RETENTION, retention::set_messages)
        .add(&api::MESSAGE_KEEPING, retention::of_message)
}

/// What mails are linked to, and what records show of it.
fn link_routes(routes: Routes) -> Routes {
    routes
        .add(&api::MESSAGE_LINKS, links::of_message)
        .add(&api::LINK_TRACE, links::why)
        .add(&api::SET_LINK, links::set)
        .add(&api::REMOVE_LINK, links::remove)
        .add(&api::CHANGE_LINKS, links::bulk)
        .add(&api::UNDO_LINKS, links::undo)
        .add(&api::PROPOSE_CONTACT, links::propose_contact)
        .add(&api::LINKABLE, record_mails::find)
        .add(&api::RECORD_SHEET, record_mails::sheet)
        .add(&api::IMPORT_LIST, import_list::list)
        .add(&api::RECORD_MESSAGES, record_mails::list)
        .add(&api::EXPORT_RECORD_MESSAGES, record_mails::export)
        .add(&api::RECORD_ATTACHMENTS, record_mails::attachments)
        .add(&api::LINK_BLOCKLIST, link_blocklist::list)
        .add(&api::BLOCK_LINKING, link_blocklist::add)
        .add(&api::UNBLOCK_LINKING, link_blocklist::remove)
        .add(&api::LINK_STATISTICS, link_blocklist::statistics)
        .add(&api::LINK_SETTINGS, what_if::settings)
        .add(&api::SET_LINK_SETTINGS, what_if::set)
        .add(&api::WHAT_IF, what_if::try_out)
        .add(&api::ACTIVATE_WHAT_IF, what_if::activate)
        .add(&api::LINK_BATCHES, what_if::batches)
        .add(&api::UNDO_LINK_BATCH, what_if::undo)
        .add(&api::EXTRA_ADDRESSES, extra_addresses::list)
        .add(&api::DECIDE_EXTRA_ADDRESS, extra_addresses::decide)
        .add(&api::LEARNT_MASKS, extra_addresses::masks)
        .add(&api::DOCUMENT_FOLDERS, documents::folders)
        .add(&api::ADD_DOCUMENT_FOLDER, documents::add)
        .add(&api::RENAME_DOCUMENT_FOLDER, documents::rename)
        .add(&api::REMOVE_DOCUMENT_FOLDER, documents::remove)
        .add(&api::RECORD_FOLDERS, documents::of_record)
        .add(&api::MESSAGE_DOCUMENTS, documents::of_message)
        .add(&api::FILE_DOCUMENT, documents::file)
        .add(&api::EXPORT_RECORD_DOCUMENTS, record_zip::export)
        .add(&api::JUMP_TEMPLATES, jumps::list)
        .add(&api::SET_JUMP_TEMPLATES, jumps::write)
}

fn routes(state: &State) -> Routes {
    retention_routes(link_routes(outgoing_routes(address_routes(Routes::new(state.clone())))))
        .add(&api::SETUP_STATE, setup::state)
        .add(&api::SET_UP, setup::set_up)
        .add(&api::SETUP_SAMPLES, setup::samples)
        .add(&api::SESSION, session::current)
        .add(&api::LOG_IN, session::log_in)
        .add(&api::LOG_OUT, session::log_out)
        .add(&api::CHANGE_PROFILE, session::change_profile)
        .add(&api::MESSAGES, messages::list)
        .add(&api::MESSAGE, messages::detail)
        .add(&api::MESSAGE_SEEN, messages::seen)
        .add(&api::DELETE_MESSAGES, deletion::delete)
        .add(&api::RESTORE_MESSAGES, deletion::restore)
        .add(&api::PUT_BACK, put_back::put_back)
        .add(&api::JUDGE_SPAM, spam::judge)
        .add(&api::MESSAGE_RAW, messages::raw)
        .add(&api::MESSAGE_FRAME, frame::frame)
        .add(&api::MESSAGE_PART, messages::part)
        .add(&api::RELEASE_PART, attachments::release)
        .add(&api::HOLD_PART, attachments::hold_again)
        .add(&api::ATTACHMENT_SETTINGS, attachments::get)
        .add(&api::SET_ATTACHMENT_SETTINGS, attachments::set)
        .add(&api::TEST_SCANNER, attachments::test)
        .add(&api::TEST_SPAM_FILTER, spam::test_filter)
        .add(&api::RESCAN, attachments::rescan)
        .add(&api::ATTACHMENT_FILES, attachment_files::read)
        .add(&api::SET_ATTACHMENT_FILES, attachment_files::set)
        .add(&api::PREVIEW_ATTACHMENT_FILES, attachment_files::preview)
        .add(&api::WRITE_ATTACHMENT_FILES_AGAIN, attachment_files::again)
        .add(&api::LIST_ATTACHMENT_FILES, attachment_files::list)
        .add(&api::HELD_ATTACHMENTS, attachments::held)
        .add(&api::IMAGE, frame::image)
        .add(&api::THREAD, messages::thread)
        .add(&api::SEARCH, search::search)
        .add(&api::EXPORT, exports::export)
        .add(&api::EXPORT_CHECK, exports::check)
        .add(&api::SENDERS, senders::list)
        .add(&api::EXPORT_SENDERS, senders::export)
        .add(&api::CHECK_SENDER_EXPORT, senders::check)
        .add(&api::MEDIA, attachment_list::list)
        .add(&api::EXPORT_MEDIA, attachment_list::export)
        .add(&api::CHECK_MEDIA_EXPORT, attachment_list::check)
        .add(&api::ACCOUNTS, accounts::list)
        .add(&api::CREATE_ACCOUNT, accounts::create)
        .add(&api::TEST_CONNECTION, accounts::test_settings)
        .add(&api::ACCOUNT, accounts::one)
        .add(&api::CHANGE_ACCOUNT, accounts::change)
        .add(&api::REMOVE_ACCOUNT, accounts::remove)
        .add(&api::TEST_ACCOUNT, accounts::test_stored)
        .add(&api::FETCH_ACCOUNT, accounts::fetch)
        .add(&api::COMPARE_ACCOUNT, doctor::compare)
        .add(&api::LEDGERS, doctor::ledgers)
        .add(&api::LEDGER, doctor::rows)
        .add(&api::FETCH_ANEW, doctor::anew)
        .add(&api::MAILBOXES, accounts::mailboxes)
        .add(&api::OAUTH_CLIENTS, oauth_clients::list)
        .add(&api::CREATE_OAUTH_CLIENT, oauth_clients::create)
        .add(&api::CHANGE_OAUTH_CLIENT, oauth_clients::change)
        .add(&api::REMOVE_OAUTH_CLIENT, oauth_clients::remove)
        .add(&api::OAUTH_RETURN, oauth::came_back)
        .add(&api::START_LINK, oauth::start)
        .add(&api::CONFIRM_LINK, oauth::confirm)
        .add(&api::UNLINK, oauth::unlink)
        .add(&api::TAGS, tags::list)
        .add(&api::CREATE_TAG, tags::create)
        .add(&api::CHANGE_TAG, tags::change)
        .add(&api::REMOVE_TAG, tags::remove)
        .add(&api::TAG_MESSAGES, tags::messages)
        .add(&api::CHANGE_ACCOUNTS, account_sets::change)
        .add(&api::KEEPING, keeping::read)
        .add(&api::SET_KEEPING, keeping::write)
        .add(&api::DELETABLE, keeping::deletable)
        .add(&api::EXCLUSIONS, exclusions::read)
        .add(&api::SET_EXCLUSIONS, exclusions::write)
        .add(&api::SOURCE_ACTIONS, source_actions::list)
        .add(&api::RETRY_SOURCE_ACTIONS, source_actions::retry)
        .add(&api::DROP_SOURCE_ACTIONS, source_actions::forget)
        .add(&api::LEFT_OUT, accounts::left_out)
        .add(&api::IMPORTS, imports::list)
        .add(&api::UPLOAD_IMPORT, upload::upload)
        .add(&api::IMPORT, imports::one)
        .add(&api::IMPORT_ENTRIES, import_report::entries)
        .add(&api::IMPORT_REPORT_CSV, import_report::csv)
        .add(&api::IMPORT_REPORT_JSON, import_report::json)
        .add(&api::CANCEL_IMPORT, imports::cancel)
        .add(&api::QUARANTINE, quarantine::list)
        .add(&api::RETRY_QUARANTINED, quarantine::retry)
        .add(&api::API_TOKENS, tokens::list)
        .add(&api::CREATE_API_TOKEN, tokens::create)
        .add(&api::REVOKE_API_TOKEN, tokens::remove)
        .add(&api::GROUPS, groups::list)
        .add(&api::CREATE_GROUP, groups::create)
        .add(&api::CHANGE_GROUP, groups::change)
        .add(&api::REMOVE_GROUP, groups::remove)
        .add(&api::SORTING, groups::sorting)
        .add(&api::SET_SORTING, groups::set_sorting)
        .add(&api::SORT_EARLIER, groups::sort_earlier)
        .add(&api::APPROVALS, approvals::list)
        .add(&api::DELAYED_APPROVALS, approvals::delayed)
        .add(&api::ASK_EXPORT, exports::ask)
        .add(&api::APPROVAL_SETTINGS, approvals::settings)
        .add(&api::SET_APPROVAL_SETTINGS, approvals::set_settings)
        .add(&api::APPROVE, approvals::approve)
        .add(&api::REFUSE, approvals::refuse)
        .add(&api::WITHDRAW, approvals::withdraw)
        .add(&api::USERS, users::list)
        .add(&api::CREATE_USER, users::create)
        .add(&api::USER, users::one)
        .add(&api::CHANGE_USER, users::change)
        .add(&api::REMOVE_USER, users::remove)
        .add(&api::EVENTS, events::list)
        .add(&api::ERASURES, erasures::list)
        .add(&api::ERASURE_PREVIEW, erasures::preview)
        .add(&api::ERASE, erasures::erase)
        .add(&api::PERSON, erasures::person)
        .add(&api::EVENT_WORDS, events::words)
        .add(&api::EXPORT_EVENTS, events::export)
        .add(&api::PROCEDURES, procedure::list)
        .add(&api::MAKE_PROCEDURE, procedure::make)
        .add(&api::PROCEDURE, procedure::one)
        .add(&api::PROOF, proof::read)
        .add(&api::SET_STAMP_AUTHORITIES, proof::set_authorities)
        .add(&api::ANCHORING, anchoring::read)
        .add(&api::SET_CHECKPOINT_MAIL, anchoring::set_mail)
        .add(&api::SEND_CHECKPOINT_MAIL, anchoring::send_mail)
        .add(&api::SET_LOG_WITNESSES, anchoring::set_witnesses)
        .add(&api::SET_WITNESSING, anchoring::set_witness)
        .add(&api::ADD_CHECKPOINT, anchoring::add_checkpoint)
        .add(&api::STORAGE, storage::read)
        .add(&api::SET_REMOTE_STORAGE, storage::set)
        .add(&api::REMOVE_REMOTE_STORAGE, storage::remove)
        .add(&api::TEST_REMOTE_STORAGE, storage::test)
        .add(&api::RECOVERY_KEY, recovery_key::read)
        .add(&api::MAKE_RECOVERY_KEY, recovery_key::make)
        .add(&api::CHECK_RECOVERY_KEY, recovery_key::check)
        .add(&api::DOCTOR, doctor::report)
        .add(&api::STATUS, status::status)
        .add(&api::LIVE, live::live)
        .add(&api::API_DESCRIPTION, description)
        .add(&api::HEALTH_LIVE, health::live)
        .add(&api::HEALTH_READY, health::ready)
        .add(&api::METRICS, health::metrics)
}

/// `GET /api/openapi.json`
async fn description() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(api::description_json);
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], TEXT.as_str())
}

/// Ids of all operations that have a route.
#[cfg(test)]
pub(crate) fn ids(state: &State) -> Vec<&'static str> {
    routes(state).ids
}
