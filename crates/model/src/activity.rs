//! What an account is doing.

use crate::UnixMillis;

/// What an account is doing; the same from its task to the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activity {
    /// Switched off.
    Disabled,
    /// Holds files only: nothing is fetched.
    Files,
    /// The server is being reached.
    Connecting,
    /// The server is there; the login is going on.
    Authenticating,
    /// Mails come in.
    Syncing {
        /// Handled in this run.
        done: u64,
        /// To be handled in it, as far as is known; 0: not known yet.
        total: u64,
    },
    /// All is here; the server is asked at its time, or tells by itself.
    #[default]
    Watching,
    /// The server wants to be left alone for a while.
    Throttled {
        /// When it is asked again.
        until: UnixMillis,
    },
    /// It failed, and is tried again by itself.
    BackingOff,
    /// A person has to allow access again (OAuth2).
    NeedsConsent,
    /// A person has to change settings, here or at the server.
    NeedsSettings,
    /// All that can be fetched is here; some mails could not be, or not be read.
    Degraded {
        /// In quarantine, or given up after several attempts.
        quarantined: u64,
    },
}

impl Activity {
    /// `disabled`, `files`, `connecting`, `authenticating`, `syncing`, `watching`, `throttled`, `backing_off`,
    /// `needs_consent`, `needs_settings` or `degraded`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Files => "files",
            Self::Connecting => "connecting",
            Self::Authenticating => "authenticating",
            Self::Syncing { .. } => "syncing",
            Self::Watching => "watching",
            Self::Throttled { .. } => "throttled",
            Self::BackingOff => "backing_off",
            Self::NeedsConsent => "needs_consent",
            Self::NeedsSettings => "needs_settings",
            Self::Degraded { .. } => "degraded",
        }
    }

    /// Of a word as [`Activity::as_str`] gives it, with zeros beside it; `None` for others.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "disabled" => Self::Disabled,
            "files" => Self::Files,
            "connecting" => Self::Connecting,
            "authenticating" => Self::Authenticating,
            "syncing" => Self::Syncing { done: 0, total: 0 },
            "watching" => Self::Watching,
            "throttled" => Self::Throttled { until: UnixMillis(0) },
            "backing_off" => Self::BackingOff,
            "needs_consent" => Self::NeedsConsent,
            "needs_settings" => Self::NeedsSettings,
            "degraded" => Self::Degraded { quarantined: 0 },
            _ => return None,
        })
    }
}
