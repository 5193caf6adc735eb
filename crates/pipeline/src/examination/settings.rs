//! What an administrator sets about attachments and the origin of mails.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use examine::{FilterAddress, NameServers, ScannerAddress};
use inspect::{Class, Policy};
use serde::{Deserialize, Serialize};

/// The port of name servers.
const DNS_PORT: u16 = 53;
/// Entries of a list, at most.
const LIST_MAX: usize = 50;

/// What `store` keeps as setting [`ExaminationSettings::NAME`]: JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExaminationSettings {
    /// Goes up whenever attachments may be judged otherwise; from 1.
    pub version: i64,
    /// Classes whose treatment was decided: held or let through; those that are missing as delivered.
    pub held: BTreeMap<String, bool>,
    /// Path or `host:port` of clamd; empty: nothing is scanned.
    pub scanner: String,
    /// Check who mails are from.
    pub authenticate: bool,
    /// Name servers to ask, with or without port; empty: those of the system.
    pub name_servers: Vec<String>,
    /// Names of hosts whose `Received` fields are believed, such as `mx.example.org` or `*.example.org`.
    pub trusted_hosts: Vec<String>,
    /// Names (`authserv-id`) of hosts whose `Authentication-Results` are believed, in the same form.
    pub authserv_ids: Vec<String>,
    /// `rspamd://host:port` or `spamd://host:port`; empty: no spam filter is asked.
    pub spam_filter: String,
}

impl Default for ExaminationSettings {
    fn default() -> Self {
        Self {
            version: 1,
            held: BTreeMap::new(),
            scanner: String::new(),
            authenticate: true,
            name_servers: Vec::new(),
            trusted_hosts: Vec::new(),
            authserv_ids: Vec::new(),
            spam_filter: String::new(),
        }
    }
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No such class of attachments.
    #[error("there are no attachments of class {0}")]
    Class(String),
    /// Neither path nor host and port.
    #[error("{0} is not an address of a scanner")]
    Scanner(String),
    /// No spam filter.
    #[error("{0} is not the address of a spam filter")]
    SpamFilter(String),
    /// No address.
    #[error("{0} is not the address of a name server")]
    NameServer(String),
    /// No name of a host.
    #[error("{0} is not the name of a host")]
    Host(String),
    /// No name of a host that checks.
    #[error("{0} is not the name of a host that checks mails")]
    AuthservId(String),
    /// Too many entries.
    #[error("more than {LIST_MAX} entries")]
    TooMany,
}

impl ExaminationSettings {
    /// Name of the setting.
    pub const NAME: &str = "examination";

    /// Reads what is kept; as delivered where nothing is, or what cannot be read.
    pub fn read(kept: Option<&str>) -> Self {
        kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Refuses what cannot be used; names of hosts come out in lower case.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn checked(mut self) -> Result<Self, SettingsError> {
        if let Some(word) = self.held.keys().find(|word| Class::from_word(word).is_none()) {
            return Err(SettingsError::Class(word.clone()));
        }
        let lists = [&self.name_servers, &self.trusted_hosts, &self.authserv_ids];
        if lists.iter().any(|list| list.len() > LIST_MAX) {
            return Err(SettingsError::TooMany);
        }
        let scanner = self.scanner.trim().to_owned();
        self.scanner = scanner;
        if !self.scanner.is_empty() && self.scanner().is_none() {
            return Err(SettingsError::Scanner(self.scanner));
        }
        let spam_filter = self.spam_filter.trim().to_owned();
        self.spam_filter = spam_filter;
        if !self.spam_filter.is_empty() && self.spam_filter().is_none() {
            return Err(SettingsError::SpamFilter(self.spam_filter));
        }
        for server in &mut self.name_servers {
            *server = server.trim().to_owned();
            name_server(server).ok_or_else(|| SettingsError::NameServer(server.clone()))?;
        }
        self.trusted_hosts.iter_mut().try_for_each(|host| check_host(host).map_err(SettingsError::Host))?;
        self.authserv_ids.iter_mut().try_for_each(|id| check_host(id).map_err(SettingsError::AuthservId))?;
        Ok(self)
    }

    /// Where the scanner is, if one is set.
    pub fn scanner(&self) -> Option<ScannerAddress> {
        Some(self.scanner.as_str()).filter(|text| !text.is_empty())?.parse().ok()
    }

    /// Where the spam filter is, if one is set.
    pub fn spam_filter(&self) -> Option<FilterAddress> {
        Some(self.spam_filter.as_str()).filter(|text| !text.is_empty())?.parse().ok()
    }

    /// Whether mails are checked when they come.
    pub(crate) fn checks_mails(&self) -> bool {
        self.authenticate || !self.spam_filter.is_empty()
    }

    /// What is held.
    pub fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        for (word, hold) in &self.held {
            if let Some(class) = Class::from_word(word) {
                policy.decide(class, *hold);
            }
        }
        policy
    }

    pub(crate) fn name_servers(&self) -> NameServers {
        let given: Vec<SocketAddr> = self.name_servers.iter().filter_map(|text| name_server(text)).collect();
        if given.is_empty() { NameServers::System } else { NameServers::Given(given) }
    }

    /// Whether what this host writes into a mail is believed. `host`: lower case.
    pub(crate) fn trusts(&self, host: &str) -> bool {
        names(&self.trusted_hosts, host)
    }

    /// Whether what this host found out about a mail is believed. `authserv_id`: lower case.
    pub(crate) fn believes(&self, authserv_id: &str) -> bool {
        names(&self.authserv_ids, authserv_id)
    }
}

/// Whether a list of names, some of them for all hosts of a domain, has this one.
fn names(list: &[String], host: &str) -> bool {
    list.iter().any(|trusted| match trusted.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1),
        None => trusted == host,
    })
}

/// Brings a name into lower case; gives it back if it is none.
fn check_host(host: &mut String) -> Result<(), String> {
    *host = host.trim().trim_end_matches('.').to_ascii_lowercase();
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if name.is_empty() || name.len() > 253 || !name.chars().all(is_name) {
        return Err(host.clone());
    }
    Ok(())
}

fn name_server(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, DNS_PORT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        let check =
            |settings: ExaminationSettings| settings.checked().map(drop).map_err(|error| error.to_string());
        let text = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let base = ExaminationSettings::default;
        check(base()).unwrap();
        check(ExaminationSettings { scanner: "/run/clamd.ctl".to_owned(), ..base() }).unwrap();
        check(ExaminationSettings { scanner: "a b".to_owned(), ..base() }).unwrap_err();
        check(ExaminationSettings {
            name_servers: text(&["127.0.0.1", "[::1]:5300", "192.0.2.1:53"]),
            ..base()
        })
        .unwrap();
        check(ExaminationSettings { name_servers: text(&["dns.example"]), ..base() }).unwrap_err();
        check(ExaminationSettings { spam_filter: "rspamd://127.0.0.1:11333".to_owned(), ..base() }).unwrap();
        check(ExaminationSettings { spam_filter: "127.0.0.1:11333".to_owned(), ..base() }).unwrap_err();
        check(ExaminationSettings { trusted_hosts: text(&["MX.example.org.", "*.example.org"]), ..base() })
            .unwrap();
        check(ExaminationSettings { trusted_hosts: text(&["*."]), ..base() }).unwrap_err();
        check(ExaminationSettings { trusted_hosts: text(&["a b"]), ..base() }).unwrap_err();
        check(ExaminationSettings { authserv_ids: text(&["MX.example.org"]), ..base() }).unwrap();
        check(ExaminationSettings { authserv_ids: text(&["mx.example.org; none"]), ..base() }).unwrap_err();
        check(ExaminationSettings { held: [("macros".to_owned(), false)].into(), ..base() }).unwrap();
        check(ExaminationSettings { held: [("nonsense".to_owned(), false)].into(), ..base() }).unwrap_err();
    }

    #[test]
    fn hosts_are_trusted_by_name() {
        let settings = ExaminationSettings {
            trusted_hosts: vec!["mx.example.org".to_owned(), "*.example.net".to_owned()],
            ..ExaminationSettings::default()
        };
        assert!(settings.trusts("mx.example.org") && settings.trusts("a.b.example.net"));
        assert!(!settings.trusts("example.net") && !settings.trusts("evilexample.net"));
        assert!(!settings.trusts("mx.example.org.evil.example") && !settings.trusts(".example.net"));
    }
}
