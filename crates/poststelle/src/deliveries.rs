//! The listeners for mail that others bring, by the settings.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connect::{Network, NetworkError, ServerTls};
use intake::smtp::{Limits, Listener, Options, Policy, Protocol};
use pipeline::{Engine, Taking};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::config::Config;
use crate::failure::{Failure, chain};

/// Mails that wait for the next commit; more of them keep their connections waiting.
const WAITING_MAX: usize = 512;
/// How often the certificate's files are looked at.
const CERTIFICATE_PERIOD: Duration = Duration::from_secs(10);

/// What the settings want.
pub struct Settings {
    account: String,
    listeners: Vec<(&'static str, SocketAddr, Options)>,
    tls: Option<Arc<ServerTls>>,
}

/// The running listeners.
pub struct Deliveries {
    end: watch::Sender<bool>,
    taking: Option<Taking>,
    addresses: Vec<(&'static str, SocketAddr)>,
}

/// Reads the settings; without `smtp_listen` and `lmtp_listen` there is nothing to do.
///
/// # Errors
/// Settings that cannot be used, by name.
pub fn settings(config: &Config, engine: &Engine) -> Result<Settings, Failure> {
    let account = config.get("intake_account").trim().to_owned();
    let keys = [("smtp_listen", "SMTP", Protocol::Smtp), ("lmtp_listen", "LMTP", Protocol::Lmtp)];
    let mut settings = Settings { account, listeners: Vec::new(), tls: None };
    if keys.iter().all(|(key, ..)| config.set(key).is_none()) {
        return Ok(settings);
    }
    settings.tls = match (config.set("tls_cert"), config.set("tls_key")) {
        (Some(certificate), Some(key)) => {
            Some(Arc::new(ServerTls::load(Path::new(certificate), Path::new(key)).map_err(|e| of_tls(&e))?))
        }
        _ => None,
    };
    let client_ca = config.set("intake_client_ca").map(Path::new);
    if client_ca.is_some() && settings.tls.is_none() {
        return Err(Failure::usage("intake-client-ca"));
    }
    let tls = match &settings.tls {
        Some(tls) => Some(tls.for_mail(client_ca).map_err(|error| of_tls(&error))?),
        None => None,
    };
    let networks = list(config, "intake_networks")
        .map(|network| {
            network.parse().map_err(|e: NetworkError| bad(config, "intake_networks", e.to_string()))
        })
        .collect::<Result<Vec<Network>, _>>()?;
    let octets_max = config
        .get("intake_octets_max")
        .parse()
        .map_err(|error: std::num::ParseIntError| bad(config, "intake_octets_max", error.to_string()))?;
    for (key, name, protocol) in keys {
        let Some(address) = config.set(key) else { continue };
        let listen: SocketAddr =
            address.parse().map_err(|_| Failure::usage("listen-address").with("address", address))?;
        if !listen.ip().is_loopback() && tls.is_none() && networks.is_empty() {
            return Err(Failure::usage("intake-public").with("key", key).with("address", address));
        }
        let addresses: Vec<String> = list(config, "intake_addresses").map(str::to_lowercase).collect();
        if addresses.is_empty() {
            return Err(Failure::usage("intake-addresses").with("key", key));
        }
        let policy = Policy {
            protocol,
            host: host(config, listen.ip()),
            addresses,
            networks: networks.clone(),
            offers_tls: tls.is_some(),
            wants_certificate: client_ca.is_some(),
            octets_max,
            recipients_max: 1000,
        };
        let options = Options {
            policy: Arc::new(policy),
            limits: Limits::default(),
            tls: tls.clone(),
            scratch: engine.dir().join("tmp"),
        };
        settings.listeners.push((name, listen, options));
    }
    Ok(settings)
}

/// Starts what the settings want.
///
/// # Errors
/// An address that cannot be listened on; those of the database.
pub fn start(engine: &Engine, runtime: &Handle, settings: Settings) -> Result<Deliveries, Failure> {
    let (end, ending) = watch::channel(false);
    let mut running = Deliveries { end, taking: None, addresses: Vec::new() };
    if settings.listeners.is_empty() {
        return Ok(running);
    }
    let (sender, deliveries) = mpsc::channel(WAITING_MAX);
    for (name, address, options) in settings.listeners {
        let socket =
            runtime.block_on(TcpListener::bind(address)).map_err(|error| of_bind(address, &error))?;
        running.addresses.push((name, socket.local_addr().unwrap_or(address)));
        runtime.spawn(Listener::new(options, sender.clone()).run(socket, ending.clone()));
    }
    running.taking = Some(Taking::start(engine, &settings.account, deliveries)?);
    if let Some(tls) = settings.tls {
        // The page's own listener reports changes of the same files.
        runtime.spawn(tls.follow_files(CERTIFICATE_PERIOD, |_| ()));
    }
    Ok(running)
}

impl Deliveries {
    /// Protocol and address of each listener.
    pub fn addresses(&self) -> &[(&'static str, SocketAddr)] {
        &self.addresses
    }

    /// No more mails from now on.
    pub fn stop(&self) {
        self.end.send(true).ok();
    }

    /// Waits until everything taken is durable or given back; the connections are gone by then.
    pub fn join(self) {
        if let Some(taking) = self.taking {
            taking.join();
        }
    }
}

fn list<'a>(config: &'a Config, key: &str) -> impl Iterator<Item = &'a str> {
    config.get(key).split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// Our name towards others.
fn host(config: &Config, ip: IpAddr) -> String {
    let url = config.set("public_url").and_then(|url| url.parse::<url::Url>().ok());
    let host = url.and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| match ip {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    })
}

fn bad(config: &Config, key: &'static str, reason: String) -> Failure {
    Failure::usage("config-value").with("key", key).with("value", config.get(key)).with("reason", reason)
}

fn of_tls(error: &connect::ServerTlsError) -> Failure {
    Failure::new("tls-files").with("reason", chain(error))
}

fn of_bind(address: SocketAddr, error: &io::Error) -> Failure {
    let key = if error.kind() == io::ErrorKind::AddrInUse { "listen-in-use" } else { "listen-failed" };
    Failure::new(key).with("address", address).with("reason", error)
}
