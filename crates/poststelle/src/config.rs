//! Settings: command line > environment > `poststelle.toml` > built-in default. Each has one home: these live in the
//! file, everything an administrator changes in the page lives in the database.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An option of the command.
    CommandLine,
    /// A variable `POSTSTELLE_…`.
    Environment,
    /// The settings file.
    File,
    /// Built in.
    Default,
}

impl Origin {
    /// The word shown by `config show`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "command line",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        }
    }
}

/// One setting that exists.
pub struct Key {
    /// Name in the file; upper case with `POSTSTELLE_` in front in the environment.
    pub name: &'static str,
    /// Built-in value; empty = not set.
    pub default: &'static str,
    /// What it does, in English, for the generated list of settings.
    pub about: &'static str,
}

/// Every setting there is. `docs/manual/settings.toml` is generated from this table.
pub const KEYS: &[Key] = &[
    Key {
        name: "listen",
        default: "127.0.0.1:8025",
        about: "Address and port of the web page and the API. Beyond loopback only with tls_cert and tls_key, or with trusted_proxy.",
    },
    Key {
        name: "public_url",
        default: "",
        about: "Address under which people reach the page, for links, such as https://post.example.org",
    },
    Key {
        name: "tls_cert",
        default: "",
        about: "PEM file with the certificate chain; read again when it changes.",
    },
    Key { name: "tls_key", default: "", about: "PEM file with the private key of tls_cert." },
    Key {
        name: "trusted_proxy",
        default: "",
        about: "Address or network of a reverse proxy that speaks TLS and sets X-Forwarded-For, such as 10.0.0.5 or 10.0.0.0/24; several separated by commas.",
    },
    Key {
        name: "database",
        default: "",
        about: "PostgreSQL address, such as postgresql://user:password@host/name; with ?sslmode=require encrypted and the certificate checked. Empty = SQLite inside the data directory.",
    },
    Key {
        name: "database_ca",
        default: "",
        about: "PEM file with the authority that signed PostgreSQL's certificate; empty = the authorities of the system.",
    },
    Key {
        name: "master_key_file",
        default: "",
        about: "File with the 32 octets that encrypt stored passwords. Empty = master.key in the data directory: then whoever copies the directory has the key as well. Better: a path elsewhere.",
    },
    Key {
        name: "smtp_listen",
        default: "",
        about: "Address and port that take mail over SMTP for archive addresses and journals, such as 0.0.0.0:25; empty = off. Beyond loopback only with tls_cert and tls_key, or with intake_networks.",
    },
    Key { name: "lmtp_listen", default: "", about: "The same over LMTP, such as 127.0.0.1:24; empty = off." },
    Key {
        name: "intake_addresses",
        default: "",
        about: "Whose mail smtp_listen and lmtp_listen take: addresses, and whole domains written as @journal.example.org; several separated by commas. All others are refused.",
    },
    Key {
        name: "intake_networks",
        default: "",
        about: "Who may deliver without TLS: addresses or networks such as 10.0.0.0/24; several separated by commas. If set, others need a certificate of intake_client_ca, or are refused. Empty = everybody on this machine, and everybody with TLS.",
    },
    Key {
        name: "intake_client_ca",
        default: "",
        about: "PEM file with the authorities whose client certificates may deliver over TLS from everywhere.",
    },
    Key {
        name: "intake_account",
        default: "Archive",
        about: "Account into which delivered mail comes; made when it is missing.",
    },
    Key {
        name: "intake_octets_max",
        default: "104857600",
        about: "Largest mail that is taken over SMTP and LMTP, in octets.",
    },
    Key {
        name: "log",
        default: "info",
        about: "What is logged: error, warn, info, debug, trace, or a filter such as info,intake=debug",
    },
    Key { name: "log_format", default: "text", about: "text or json" },
    Key {
        name: "time_zone",
        default: "Europe/Berlin",
        about: "Zone for dates in queries on the command line.",
    },
    Key {
        name: "connections_per_server",
        default: "500",
        about: "Connections to one mailbox server at once, over all accounts; the others wait for their turn, and those that only wait for news give way. Lower it if a provider counts by the address of this server.",
    },
    Key {
        name: "megabytes_per_day",
        default: "0",
        about: "Most that is fetched of one account within a day, in megabytes; 0 = what its provider is known to allow (Gmail: nine tenths of 2,500).",
    },
    Key {
        name: "silent_minutes",
        default: "0",
        about: "Minutes without a successful fetch after which an account is reported; 0 = five times as long as its interval, 30 at least.",
    },
    Key {
        name: "disk_low_megabytes",
        default: "1024",
        about: "Less free room than this for the data directory is reported; 0 = never.",
    },
    Key {
        name: "backup_days",
        default: "7",
        about: "Days after which the last checked backup (poststelle backup) is reported as old; 0 = never.",
    },
    Key {
        name: "segment_megabytes",
        default: "128",
        about: "Files of the archive (segments) are sealed at about this size, in megabytes (2^20 octets): from then on they do not change, lose the right to write, and go to the remote storage, if one is set. Smaller ones are sealed sooner, and there are more of them.",
    },
    Key {
        name: "immutable_segments",
        default: "false",
        about: "true: sealed segments of the archive get the attribute i of chattr, so that not even the superuser changes or removes them before it is taken away (chattr -i). Needs CAP_LINUX_IMMUTABLE and a file system that has it; poststelle doctor says whether it holds.",
    },
    Key { name: "workers", default: "0", about: "Threads that read mails; 0 = one for each processor." },
];

/// All settings with their origin.
#[derive(Clone, Debug)]
pub struct Config {
    values: BTreeMap<&'static str, (String, Origin)>,
    /// The settings file, if there is one.
    pub file: Option<PathBuf>,
}

impl Config {
    /// Reads the settings: `options` from the command line, `variable` for the environment, then `file`
    /// (must exist if `file_named`), then the defaults.
    ///
    /// # Errors
    /// If the file cannot be read, is no TOML, or has an unknown key.
    pub fn read(
        options: &[(&'static str, Option<String>)],
        variable: impl Fn(&str) -> Option<String>,
        file: &Path,
        file_named: bool,
    ) -> Result<Self, Failure> {
        let (mut in_file, found) = read_file(file, file_named)?;
        let mut values = BTreeMap::new();
        for key in KEYS {
            let from_options =
                options.iter().find(|(name, _)| *name == key.name).and_then(|(_, value)| value.clone());
            let from_environment = variable(&format!("POSTSTELLE_{}", key.name.to_uppercase()));
            let from_file = in_file.remove(key.name);
            let value = from_options
                .map(|value| (value, Origin::CommandLine))
                .or_else(|| from_environment.map(|value| (value, Origin::Environment)))
                .or_else(|| from_file.map(|value| (value, Origin::File)))
                .unwrap_or_else(|| (key.default.to_owned(), Origin::Default));
            values.insert(key.name, value);
        }
        if let Some(unknown) = in_file.keys().next() {
            let known = KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
            return Err(Failure::usage("config-unknown-key")
                .with("key", unknown)
                .with("file", file.display())
                .with("known", known));
        }
        Ok(Self { values, file: found.then(|| file.to_owned()) })
    }

    /// A setting's value; empty = not set.
    pub fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |(value, _)| value.as_str())
    }

    /// A setting's value unless it is empty.
    pub fn set(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// Whether somebody chose the value.
    pub fn is_set_by_person(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|(_, origin)| *origin != Origin::Default)
    }

    /// All settings in the order of [`KEYS`]: name, value, origin.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &str, Origin)> {
        KEYS.iter().filter_map(|key| {
            self.values.get(key.name).map(|(value, origin)| (key.name, value.as_str(), *origin))
        })
    }
}

fn read_file(file: &Path, named: bool) -> Result<(BTreeMap<String, String>, bool), Failure> {
    let source = match std::fs::read_to_string(file) {
        Ok(source) => source,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => {
            return Ok((BTreeMap::new(), false));
        }
        Err(error) => {
            return Err(Failure::usage("config-unreadable")
                .with("file", file.display())
                .with("reason", error));
        }
    };
    let table: toml::Table = toml::from_str(&source).map_err(|error| {
        Failure::usage("config-no-toml").with("file", file.display()).with("reason", error.message())
    })?;
    let text = |value: toml::Value| match value {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    Ok((table.into_iter().map(|(key, value)| (key, text(value))).collect(), true))
}

/// The commented file with every key and default that the manual ships.
pub fn settings_file() -> String {
    let mut text = String::from(
        "# Every setting of poststelle.toml with its default. A line without # counts.\n# Order of precedence: command line, environment (POSTSTELLE_ and the name in capitals), this file, default.\n",
    );
    for key in KEYS {
        let _ = write!(text, "\n# {}\n#{} = \"{}\"\n", key.about, key.name, key.default);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("poststelle.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\nlog = \"debug\"\nworkers = 3\n").unwrap();
        let config = Config::read(
            &[("listen", Some("127.0.0.1:3".into()))],
            |name| (name == "POSTSTELLE_LISTEN" || name == "POSTSTELLE_LOG").then(|| "trace".into()),
            &file,
            false,
        )
        .unwrap();
        let origin = |name| {
            config
                .all()
                .find(|(key, ..)| *key == name)
                .map(|(_, value, origin)| (value.to_owned(), origin))
                .unwrap()
        };
        assert_eq!(origin("listen"), ("127.0.0.1:3".into(), Origin::CommandLine));
        assert_eq!(origin("log"), ("trace".into(), Origin::Environment));
        assert_eq!(origin("workers"), ("3".into(), Origin::File));
        assert_eq!(origin("log_format"), ("text".into(), Origin::Default));
    }

    #[test]
    fn unknown_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("poststelle.toml");
        std::fs::write(&file, "listne = \"x\"\n").unwrap();
        let failure = Config::read(&[], |_| None, &file, false).unwrap_err();
        assert_eq!(failure.key, "config-unknown-key");
        assert!(failure.values.iter().any(|(_, value)| value == "listne"));
    }

    #[test]
    fn manual_lists_every_key() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual/settings.toml");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, settings_file()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(path).unwrap_or_default(),
            settings_file(),
            "run with UPDATE=1 and read the difference"
        );
    }
}
