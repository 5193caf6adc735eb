//! A server without sockets: real archive, database and index in a temporary directory.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use connect::{ClientTls, FetchLimits, Fetcher, Guard, Trust};
use http_body_util::BodyExt;
use model::{AccountId, ImportRunId, MailId, Role, UnixMillis, UserId};
use pipeline::{Engine, Import};
use serde_json::{Value, json};
use store::{ImportRun, NewAccount, NewUser, RunCounts};
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    Background, BackgroundError, Clock, ImportJob, Options, Parts, Pending, State, TestCredential,
    TestSettings, Tested, WebFile,
};

/// 2026-03-02T09:00:00Z.
pub(super) const NOW: i64 = 1_772_442_000_000;
pub(super) const PASSWORD: &str = "correct horse battery";

/// What a test wants another server to have said, and what was asked.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) changed: Vec<AccountId>,
    pub(super) fetched: Vec<AccountId>,
    pub(super) tested: Vec<(String, String)>,
    pub(super) answers: VecDeque<Tested>,
    pub(super) cancelled: Vec<ImportRunId>,
    /// Folders of imports that were taken but not run.
    pub(super) held: Vec<PathBuf>,
}

pub(super) struct Behind {
    engine: Engine,
    pub(super) asked: Mutex<Asked>,
    /// Imports stay where they are, running.
    pub(super) hold: AtomicBool,
}

impl Background for Behind {
    fn account_changed(&self, account: AccountId) {
        self.asked.lock().unwrap().changed.push(account);
    }

    fn fetch(&self, account: AccountId) -> Result<(), BackgroundError> {
        let known = self.engine.store().account(account).unwrap().ok_or(BackgroundError::Missing)?;
        if !known.settings.active || known.settings.kind == store::AccountKind::Import {
            return Err(BackgroundError::NotFetched);
        }
        self.asked.lock().unwrap().fetched.push(account);
        Ok(())
    }

    fn compare(&self, account: AccountId) -> Result<(), BackgroundError> {
        self.fetch(account)
    }

    fn outgoing_changed(&self) {}

    fn erp_changed(&self) {}

    fn test(&self, settings: TestSettings) -> Pending<'_, Tested> {
        let mut asked = self.asked.lock().unwrap();
        let secret = match settings.credential {
            TestCredential::Password(password) => password.expose().clone(),
            TestCredential::Token(account) => account.to_string(),
        };
        asked.tested.push((settings.host, secret));
        let answer = asked.answers.pop_front().unwrap_or_default();
        Box::pin(async { answer })
    }

    fn import(&self, job: ImportJob) -> Result<ImportRunId, BackgroundError> {
        let id = ImportRunId::new(Uuid::now_v7());
        let run = ImportRun {
            id,
            account: job.account,
            actor: job.actor,
            source: job.source,
            state: "running".to_owned(),
            started: UnixMillis(NOW),
            finished: None,
            total_octets: Some(job.octets),
            counts: RunCounts::default(),
            entries: None,
        };
        self.engine.store().start_import(run).map_err(|error| BackgroundError::Failed(Box::new(error)))?;
        if self.hold.load(Ordering::Relaxed) {
            self.asked.lock().unwrap().held.push(job.folder);
            return Ok(id);
        }
        let sources = vec![".".into()];
        let import =
            Import { account: job.account, sources, directory: Some(job.folder.clone()), run: Some(id) };
        let import = Import { sources: vec![job.folder.clone().into()], ..import };
        let stop = AtomicBool::new(false);
        self.engine.import(&import, &mut std::io::empty(), &stop, &mut |_| ()).unwrap();
        self.engine.catch_up().unwrap();
        std::fs::remove_dir_all(&job.folder).unwrap();
        self.engine.store().set_import_state(id, "finished".to_owned(), Some(UnixMillis(NOW)), None).unwrap();
        Ok(id)
    }

    fn cancel_import(&self, run: ImportRunId) -> Result<(), BackgroundError> {
        self.asked.lock().unwrap().cancelled.push(run);
        let end =
            self.engine.store().set_import_state(run, "cancelled".to_owned(), Some(UnixMillis(NOW)), None);
        end.map_err(|_| BackgroundError::Missing)
    }
}

pub(super) struct World {
    pub(super) router: Router,
    pub(super) state: State,
    pub(super) engine: Engine,
    pub(super) behind: Arc<Behind>,
    pub(super) now: Arc<AtomicI64>,
    /// When sessions begin.
    begun: AtomicI64,
    pub(super) dir: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.engine.close();
    }
}

fn web(path: &str) -> Option<WebFile> {
    let octets: &'static [u8] = match path {
        "index.html" => b"<meta name=\"csp-nonce\" content=\"__CSP_NONCE__\"><title>Poststelle</title>",
        "assets/app-1a2b.js" => b"plain script",
        "assets/app-1a2b.js.br" => b"brotli script",
        "assets/app-1a2b.js.gz" => b"gzip script",
        "favicon.svg" => b"<svg/>",
        _ => return None,
    };
    Some(WebFile { octets: octets.into(), digest: [7; 32] })
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(super) fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self::made(None, change)
    }

    /// With this PostgreSQL database behind it.
    pub(super) fn on_database(database: &str) -> Self {
        Self::made(Some(database), |_| ())
    }

    fn made(database: Option<&str>, change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = pipeline::Options {
            create: true,
            workers: 1,
            database: database.map(|url| store::Database::Postgres { url: url.to_owned(), tls: None }),
            ..pipeline::Options::default()
        };
        let engine = Engine::open(dir.path(), &options).unwrap();
        let now = Arc::new(AtomicI64::new(NOW));
        let ticking = Arc::clone(&now);
        let mut options = Options {
            data: dir.path().to_owned(),
            uploads: dir.path().join("uploads"),
            files: web,
            clock: Clock::new(move || UnixMillis(ticking.load(Ordering::Relaxed))),
            ..Options::default()
        };
        change(&mut options);
        let behind = Arc::new(Behind {
            engine: engine.clone(),
            asked: Mutex::default(),
            hold: AtomicBool::new(false),
        });
        let pin = Trust::pin(&"ab".repeat(32)).unwrap();
        let fetcher = Fetcher::new(Guard::default(), FetchLimits::default(), ClientTls::new(&pin).unwrap());
        let background = Arc::clone(&behind) as Arc<dyn Background>;
        let state = State::new(Parts { engine: engine.clone(), background, fetcher, options }).unwrap();
        Self {
            router: crate::router(state.clone()),
            state,
            engine,
            behind,
            now,
            begun: AtomicI64::new(NOW),
            dir,
        }
    }

    /// From now on it is as late as for the engine.
    pub(super) fn today(&self) {
        let now = jiff::Timestamp::now().as_millisecond();
        self.now.store(now, Ordering::Relaxed);
        self.begun.store(now, Ordering::Relaxed);
    }

    /// Logins from here on begin now.
    pub(super) fn begin(&self) {
        self.begun.store(self.now.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    pub(super) fn pass(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    /// An account with these mails in it.
    pub(super) fn account(&self, name: &str, mails: &[&str]) -> AccountId {
        let id = AccountId::new(Uuid::now_v7());
        let new = NewAccount { name: name.to_owned(), ..NewAccount::default() };
        self.engine.store().create_account(id, new, UnixMillis(NOW)).unwrap();
        self.fill(id, mails);
        id
    }

    /// More mails for an account.
    pub(super) fn fill(&self, account: AccountId, mails: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        for (at, mail) in mails.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{at}.eml")), mail).unwrap();
        }
        let import = Import { account, sources: vec![folder.path().into()], directory: None, run: None };
        let stop = AtomicBool::new(false);
        self.engine.import(&import, &mut std::io::empty(), &stop, &mut |_| ()).unwrap();
        self.engine.catch_up().unwrap();
    }

    /// A user who may read these accounts, and a cookie of theirs.
    pub(super) fn user(&self, email: &str, role: Role, accounts: &[AccountId]) -> Caller {
        let id = UserId::new(Uuid::now_v7());
        let new = NewUser {
            name: email.split('@').next().unwrap().to_owned(),
            email: email.to_owned(),
            password_hash: "none".to_owned(),
            role,
            language: "en".to_owned(),
            theme: String::new(),
            zone: String::new(),
        };
        let store = self.engine.store();
        store.create_user(id, new, accounts.to_vec(), false, UnixMillis(NOW)).unwrap();
        let token = keys::random_token().unwrap();
        let now = UnixMillis(self.begun.load(Ordering::Relaxed));
        let expires = now.plus_ms(crate::rights::SESSION_IDLE_MS);
        store.start_session(keys::token_digest(token.expose()), id, now, expires).unwrap();
        Caller { id, cookie: format!("poststelle_session={}", token.expose()) }
    }

    pub(super) fn administrator(&self) -> Caller {
        self.user("admin@example.org", Role::Administrator, &[])
    }

    /// Sets the password of a user.
    pub(super) fn set_password(&self, user: UserId) {
        let patch = store::UserPatch {
            password_hash: Some(crate::hash_password(PASSWORD).unwrap()),
            ..store::UserPatch::default()
        };
        self.engine.store().update_user(user, patch).unwrap();
    }

    /// A request from this machine; see [`Ask`].
    pub(super) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8025");
        Ask { world: self, request, body: Body::empty(), own: true }
    }

    pub(super) fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    /// The only mail, or the first of the list, that this account shows.
    pub(super) fn first_mail(&self, account: AccountId) -> MailId {
        let scope = model::Scope::accounts(vec![account]);
        let page = self.engine.store().list(
            &scope,
            &store::ListFilter::default(),
            store::ListOrder::default(),
            store::ListStart::Top,
            1,
        );
        page.unwrap().rows[0].mail_id
    }
}

/// A world whose administrator asks.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) admin: Caller,
}

impl Scene {
    pub(super) fn new() -> Self {
        let world = World::new();
        let admin = world.administrator();
        Self { world, admin }
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: &Value, status: StatusCode) -> Value {
        self.world.ask(method, path).by(&self.admin).json(body).expect(status).await
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        self.world.get(path).by(&self.admin).expect(StatusCode::OK).await
    }
}

#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) id: UserId,
    pub(super) cookie: String,
}

/// A request under construction.
pub(super) struct Ask<'a> {
    world: &'a World,
    request: axum::http::request::Builder,
    body: Body,
    own: bool,
}

impl Ask<'_> {
    pub(super) fn by(self, caller: &Caller) -> Self {
        let cookie = caller.cookie.clone();
        self.header("cookie", &cookie)
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Without the sign that it comes from our own page.
    pub(super) fn foreign(mut self) -> Self {
        self.own = false;
        self
    }

    pub(super) fn json(mut self, body: &Value) -> Self {
        self.request = self.request.header(header::CONTENT_TYPE, "application/json");
        self.body = Body::from(body.to_string());
        self
    }

    pub(super) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// A form with the account and files.
    pub(super) fn form(self, account: Option<&str>, files: &[(&str, &[u8])]) -> Self {
        const BOUNDARY: &str = "----boundary7";
        let mut body = Vec::new();
        if let Some(account) = account {
            body.extend_from_slice(
                format!(
                    "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"account\"\r\n\r\n{account}\r\n"
                )
                .as_bytes(),
            );
        }
        for (name, octets) in files {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(octets);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.header("content-type", &format!("multipart/form-data; boundary={BOUNDARY}")).body(body)
    }

    /// The answer with its body still to come.
    pub(super) async fn begin(mut self) -> axum::response::Response {
        if self.own {
            self.request = self.request.header("sec-fetch-site", "same-origin");
        }
        let request = self.request.body(self.body).unwrap();
        self.world.router.clone().oneshot(request).await.unwrap()
    }

    pub(super) async fn send(self) -> Answer {
        let response = self.begin().await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// The answer as JSON, with the status expected.
    pub(super) async fn expect(self, status: StatusCode) -> Value {
        let answer = self.send().await;
        assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// The key of the problem, with the status expected.
    pub(super) async fn problem(self, status: StatusCode) -> String {
        let problem = self.expect(status).await;
        assert_eq!(problem["status"], status.as_u16());
        assert!(
            !problem["title"].as_str().unwrap().is_empty()
                && !problem["detail"].as_str().unwrap().contains('{'),
            "{problem}"
        );
        problem["type"].as_str().unwrap().to_owned()
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        if self.body.is_empty() { json!(null) } else { serde_json::from_slice(&self.body).unwrap() }
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A short mail.
pub(super) fn mail(number: u32, from: &str, subject: &str, text: &str) -> String {
    format!(
        "From: {from}\r\nTo: info@example.org\r\nSubject: {subject}\r\nDate: Mon, 2 Mar 2026 08:{number:02}:00 +0000\r\nMessage-ID: <mail.{number}@example.org>\r\n\r\n{text}\r\n"
    )
}
