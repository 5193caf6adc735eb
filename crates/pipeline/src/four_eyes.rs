//! From how many mails on an export needs a second person.

use model::{ApprovalId, Scope};
use serde_json::json;
use store::ApprovalKind;

use crate::approvals::{Ask, Person, administrators};
use crate::engine::Engine;
use crate::error::Result;
use crate::export::ExportOf;
use crate::search::Asked;

/// As delivered, where there is a second administrator; off otherwise.
const EXPORT_FROM: u64 = 1000;
const SETTING: &str = "export_four_eyes";

/// From which number of mails on an export needs an approval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportLimit {
    /// What is set: 0 off; `None` as delivered.
    pub set: Option<u64>,
    /// What holds; `None`: off.
    pub holds: Option<u64>,
}

impl Engine {
    /// From which number of mails on an export needs an approval.
    ///
    /// # Errors
    /// Those of the database.
    pub fn export_limit(&self) -> Result<ExportLimit> {
        let set = self.store().setting(SETTING)?.and_then(|text| text.parse().ok());
        let holds = match set {
            Some(from) => Some(from).filter(|from| *from > 0),
            None => (administrators(self.store())?.len() > 1).then_some(EXPORT_FROM),
        };
        Ok(ExportLimit { set, holds })
    }

    /// Sets it: 0 off, `None` as delivered.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_export_limit(&self, set: Option<u64>) -> Result<()> {
        Ok(self.store().set_setting(SETTING.to_owned(), set.map(|from| from.to_string()))?)
    }

    /// How many mails an export of this query hands out, and whether that needs an approval.
    ///
    /// # Errors
    /// As [`Engine::search`].
    pub fn export_size(&self, scope: &Scope, of: &ExportOf) -> Result<(u64, bool)> {
        let one = Asked { limit: 1, ..of.asked.clone() };
        let mails = self.search(&self.of_period(scope, of.period)?, &one)?.total;
        Ok((mails, self.export_limit()?.holds.is_some_and(|from| mails >= from)))
    }

    /// Asks that mails of a query may be handed out.
    ///
    /// # Errors
    /// As [`Engine::ask`].
    pub fn ask_export(&self, what: &ExportWish, mails: u64, note: &str, by: Person) -> Result<ApprovalId> {
        let payload = json!({
            "query": what.query,
            "format": what.format,
            "days": what.days,
            "count": mails,
        });
        let (kind, payload, note) = (ApprovalKind::Export, payload.to_string(), note.to_owned());
        self.ask(&Ask { kind, payload, note, by })
    }
}

/// What an export is asked for, and approved for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportWish {
    /// As in the search.
    pub query: String,
    /// Word of the format.
    pub format: String,
    /// First and last day, `2025-01-01/2025-12-31`, either may be empty; empty without a period.
    pub days: String,
}
