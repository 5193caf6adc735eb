//! A server of Microsoft Graph for one mailbox, written from the public documentation: folders, mails, the delta query with
//! its links, throttling and faults. A real HTTP server on 127.0.0.1; what it does not know it refuses.
//!
//! Source: Microsoft Graph REST API v1.0, "mailFolder", "message", "message: delta", "message: move", "user: sendMail",
//! "Microsoft Graph throttling guidance", "Obtain immutable identifiers for Outlook resources".

mod answer;
mod mailbox;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use tokio::sync::oneshot;

use mailbox::{Fault, Mailbox};

/// Says whether a token is good.
type Check = dyn Fn(&str) -> bool + Send + Sync;

/// What the handlers share.
struct Shared {
    mailbox: Mutex<Mailbox>,
    check: Box<Check>,
    /// Downloads under way.
    flying: Arc<AtomicUsize>,
    flying_most: AtomicUsize,
}

impl Shared {
    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running server; stopped when dropped.
pub struct Graph {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Graph {
    /// Starts one for this mailbox with the folders every mailbox has. Tokens are good that `check` says are.
    ///
    /// # Panics
    /// If there is no port.
    pub fn start(owner: &str, check: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        listener.set_nonblocking(true).expect("a listener can be so");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            mailbox: Mutex::new(Mailbox::new(owner, &format!("http://{address}"))),
            check: Box::new(check),
            flying: Arc::default(),
            flying_most: AtomicUsize::default(),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().fallback(answer::answer).with_state(Arc::clone(&shared));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime starts").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("the listener is one");
                tokio::select! {
                    served = axum::serve(listener, router).into_future() => served.expect("it serves"),
                    _ = stopped => {}
                }
            });
        });
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens, on 127.0.0.1, without TLS.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Makes a folder, below another if `parent` is given; gives its id.
    pub fn folder(&self, name: &str, parent: Option<&str>) -> String {
        self.shared.mailbox().make(name, parent)
    }

    /// Puts a mail into a folder, by id or well-known name; gives its immutable id.
    pub fn deliver(&self, folder: &str, octets: &[u8]) -> String {
        self.shared.mailbox().deliver(folder, octets)
    }

    /// A person moves a mail.
    pub fn move_to(&self, id: &str, folder: &str) {
        assert!(self.shared.mailbox().move_to(id, folder).is_some(), "mail {id}, folder {folder}");
    }

    /// A person removes a mail for good.
    pub fn remove(&self, id: &str) {
        assert!(self.shared.mailbox().remove(id), "mail {id}");
    }

    /// A person reads a mail.
    pub fn read(&self, id: &str) {
        assert!(self.shared.mailbox().read(id, true), "mail {id}");
    }

    /// Name of the folder a mail is in, and whether it is read; `None` if there is no such mail.
    pub fn place(&self, id: &str) -> Option<(String, bool)> {
        self.shared.mailbox().place(id)
    }

    /// Names of folders, with their levels.
    pub fn folders(&self) -> Vec<String> {
        self.shared.mailbox().names()
    }

    /// Mails that were sent.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        self.shared.mailbox().sent.clone()
    }

    /// Mails on a page, whatever is asked for.
    pub fn page_max(&self, mails: usize) {
        self.shared.mailbox().page_max = mails;
    }

    /// Links given so far are good no more.
    pub fn expire_links(&self) {
        self.shared.mailbox().epoch += 1;
    }

    /// Links name this server from now on, `scheme://host:port`.
    pub fn links_name(&self, origin: &str) {
        origin.clone_into(&mut self.shared.mailbox().origin);
    }

    /// The next `times` requests whose method and path (`GET /v1.0/…`) hold these words are answered with this status, and
    /// `Retry-After` if it is given.
    pub fn refuse(&self, words: &str, status: u16, retry_after: Option<u32>, times: usize) {
        let fault = Fault { words: words.to_owned(), status, retry_after, times };
        self.shared.mailbox().faults.push(fault);
    }

    /// The next `times` downloads break off half way.
    pub fn cut(&self, times: usize) {
        self.shared.mailbox().cuts = times;
    }

    /// No mail is told of by delta queries any more: what came while the service was at fault.
    pub fn forget_changes(&self) {
        self.shared.mailbox().forget_changes();
    }

    /// Requests so far: method and path, without the query.
    pub fn requests(&self) -> Vec<String> {
        self.shared.mailbox().requests.clone()
    }

    /// Downloads there were at once, at most.
    pub fn together_most(&self) -> usize {
        self.shared.flying_most.load(Ordering::Acquire)
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // What went wrong there was said there.
            let _ = thread.join();
        }
    }
}
