//! The chapters of the document, each of what is set and known at that moment.

use std::collections::HashMap;

use export::{Block, Section};
use model::{AccountId, Role, UserId};
use pipeline::{Engine, LastBackup};
use store::{Account, AccountKind, AfterFetch, ApprovalFilter, ApprovalState, Event, EventFilter, Keeping};

use super::ProcedureError;
use super::texts::Texts;
use crate::{condition_text, events};

/// Entries of the change history.
pub(super) const HISTORY_MAX: usize = 300;
/// Imports and requests shown.
const SHOWN_MAX: usize = 20;

type Result<T> = std::result::Result<T, ProcedureError>;

pub(super) struct Chapters<'a> {
    pub(super) engine: &'a Engine,
    pub(super) texts: &'a Texts,
}

fn section(title: String, blocks: Vec<Block>) -> Section {
    Section { title, is_below: false, blocks }
}

fn below(title: String, blocks: Vec<Block>) -> Section {
    Section { title, is_below: true, blocks }
}

impl Chapters<'_> {
    fn say(&self, key: &str) -> String {
        self.texts.say(key)
    }

    fn text(&self, key: &str) -> Block {
        Block::Text(self.say(key))
    }

    fn fact(&self, key: &str, value: impl Into<String>) -> (String, String) {
        (self.say(key), value.into())
    }

    fn head(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| self.say(key)).collect()
    }

    fn table(&self, keys: &[&str], widths: &[u16], rows: Vec<Vec<String>>) -> Block {
        if rows.is_empty() {
            return Block::Text(format!("– {} –", self.say("none")));
        }
        Block::Table { head: self.head(keys), widths: widths.to_vec(), rows }
    }

    /// All of them in their order.
    pub(super) fn all(&self) -> Result<Vec<Section>> {
        let mut sections = self.general();
        for more in [
            self.people()?,
            self.intake()?,
            self.storage()?,
            self.proof()?,
            self.rules()?,
            self.retention()?,
            vec![section(self.say("access"), vec![self.text("access-text")])],
            self.backup()?,
            self.controls()?,
            self.history()?,
        ] {
            sections.extend(more);
        }
        Ok(sections)
    }

    fn general(&self) -> Vec<Section> {
        let laws = ["law-1", "law-2", "law-3", "law-4", "law-5"];
        let laws = Block::List(laws.iter().map(|key| self.say(key)).collect());
        vec![
            section(self.say("general"), Vec::new()),
            below(self.say("purpose"), vec![self.text("purpose-text")]),
            below(self.say("law"), vec![self.text("law-text"), laws, self.text("law-note")]),
        ]
    }

    fn people(&self) -> Result<Vec<Section>> {
        let store = self.engine.store();
        let names: HashMap<AccountId, String> =
            store.accounts(true)?.into_iter().map(|account| (account.id, account.settings.name)).collect();
        let role = |role: Role| match role {
            Role::Administrator => self.say("role-administrator"),
            Role::Agent => self.say("role-agent"),
            Role::Auditor => self.say("role-auditor"),
        };
        let mut users = store.users()?;
        users.sort_by_key(|user| user.profile.name.to_lowercase());
        let rows = users.into_iter().map(|user| {
            let accounts: Vec<&str> =
                user.accounts.iter().filter_map(|id| names.get(id)).map(String::as_str).collect();
            let until = match user.limits.expires {
                _ if !user.active => self.say("locked"),
                Some(at) => self.texts.time(at),
                None => self.say("unlimited"),
            };
            vec![user.profile.name, user.profile.email, role(user.profile.role), accounts.join(", "), until]
        });
        let keys = ["name", "login", "role", "accounts", "until"];
        let table = self.table(&keys, &[20, 30, 16, 26, 18], rows.collect());
        let roles = [
            ("role-administrator", "role-administrator-what"),
            ("role-agent", "role-agent-what"),
            ("role-auditor", "role-auditor-what"),
        ];
        let roles = Block::Facts(roles.iter().map(|(name, what)| self.fact(name, self.say(what))).collect());
        let from = match self.engine.export_limit()?.holds {
            Some(count) => self.texts.with("four-eyes-mails", "count", self.texts.number(count)),
            None => self.say("four-eyes-off"),
        };
        Ok(vec![
            section(self.say("people"), vec![self.text("people-text"), roles, table]),
            below(
                self.say("four-eyes"),
                vec![self.text("four-eyes-text"), Block::Facts(vec![self.fact("four-eyes-from", from)])],
            ),
        ])
    }

    fn at_source(&self, keeping: &Keeping) -> String {
        let mut what = match keeping.fetched {
            AfterFetch::Leave => self.say("at-source-stays"),
            AfterFetch::MarkRead | AfterFetch::Move => self.say("at-source-changes"),
        };
        if let Some(days) = keeping.delete_after_days {
            what = format!("{what}; {}", self.texts.with("at-source-deleted", "days", days));
        }
        what
    }

    fn account(&self, account: &Account, mails: u64) -> Result<Vec<String>> {
        let store = self.engine.store();
        let settings = &account.settings;
        let kind = match settings.kind {
            AccountKind::Imap => self.say("kind-imap"),
            AccountKind::Pop3 => self.say("kind-pop3"),
            AccountKind::Graph => self.say("kind-graph"),
            AccountKind::Import => self.say("kind-import"),
        };
        let is_fetched = settings.kind.is_fetched();
        let server = if settings.host.is_empty() { kind } else { format!("{kind}, {}", settings.host) };
        let source = if is_fetched { self.at_source(&store.keeping(account.id)?) } else { "–".to_owned() };
        let excluded = store.exclusions(account.id)?.into_iter().map(|exclusion| exclusion.name);
        let excluded: Vec<String> = excluded.collect();
        Ok(vec![
            settings.name.clone(),
            settings.address.clone().unwrap_or_default(),
            server,
            source,
            excluded.join(", "),
            self.texts.number(mails),
        ])
    }

    fn intake(&self) -> Result<Vec<Section>> {
        let store = self.engine.store();
        let counts: HashMap<AccountId, u64> =
            store.counters()?.accounts.into_iter().map(|(id, counters)| (id, counters.messages)).collect();
        let accounts = store.accounts(false)?;
        let rows: Result<Vec<_>> = accounts
            .iter()
            .map(|account| self.account(account, counts.get(&account.id).copied().unwrap_or_default()))
            .collect();
        let keys = ["account", "address", "server", "at-source", "excluded", "mails"];
        let table = self.table(&keys, &[18, 23, 20, 18, 21, 12], rows?);
        let names: HashMap<AccountId, &str> =
            accounts.iter().map(|account| (account.id, account.settings.name.as_str())).collect();
        let runs = store.import_runs(SHOWN_MAX)?.into_iter().map(|run| {
            let sums = [run.counts.archived, run.counts.duplicates, run.counts.failed];
            let mut row = vec![
                self.texts.time(run.started),
                names.get(&run.account).map_or_else(String::new, |name| (*name).to_owned()),
                run.source,
            ];
            row.extend(sums.map(|sum| self.texts.number(sum)));
            row
        });
        let keys = ["when", "account", "source", "archived", "doubles", "failed"];
        let runs = self.table(&keys, &[22, 18, 22, 15, 12, 17], runs.collect());
        Ok(vec![
            section(self.say("intake"), vec![self.text("intake-text"), table, self.text("excluded-text")]),
            below(self.say("imports"), vec![runs]),
        ])
    }

    fn storage(&self) -> Result<Vec<Section>> {
        let store = self.engine.store();
        let counters = store.counters()?;
        let database = if store.is_sqlite() { "database-sqlite" } else { "database-postgres" };
        let mails = counters.received + counters.filed + counters.quarantined;
        let facts = vec![
            self.fact("program", format!("Poststelle {}", crate::VERSION)),
            self.fact("archive-format", "Poststelle Archive 2"),
            self.fact("database", self.say(database)),
            self.fact("kept-mails", self.texts.number(mails)),
            self.fact("kept-octets", self.texts.octets(counters.octets)),
            self.fact("waiting", self.texts.number(counters.received)),
            self.fact("quarantined", self.texts.number(counters.quarantined)),
        ];
        let made = self.engine.recovery_key_made()?;
        let made = made.map_or_else(|| self.say("no"), |at| self.texts.time(at));
        Ok(vec![
            section(self.say("storage"), vec![self.text("storage-text"), Block::Facts(facts)]),
            below(
                self.say("encryption"),
                vec![self.text("encryption-text"), Block::Facts(vec![self.fact("recovery-key", made)])],
            ),
        ])
    }

    fn proof(&self) -> Result<Vec<Section>> {
        let log = self.engine.log_state()?;
        let authorities: Vec<String> =
            self.engine.stamp_authorities()?.into_iter().map(|authority| authority.name).collect();
        let stamped = log.stamped.map_or_else(|| self.say("never"), |(_, at)| self.texts.time(at));
        let mut facts = vec![
            self.fact("entries", self.texts.number(log.leaves)),
            self.fact("signed", self.texts.number(log.signed)),
            self.fact("root", log.root),
            self.fact("public-key", log.public_key),
            self.fact("stamped", stamped),
            self.fact(
                "authorities",
                if authorities.is_empty() { self.say("none") } else { authorities.join(", ") },
            ),
        ];
        facts.extend(log.trouble.map(|trouble| self.fact("trouble", trouble)));
        Ok(vec![section(self.say("proof"), vec![self.text("proof-text"), Block::Facts(facts)])])
    }

    fn rules(&self) -> Result<Vec<Section>> {
        let (store, link) = (self.engine.store(), self.engine.link_settings()?);
        let months = link
            .months
            .map_or_else(|| self.say("unlimited"), |months| self.texts.with("months", "count", months));
        let list = |names: Vec<String>| if names.is_empty() { self.say("none") } else { names.join(", ") };
        let examination = self.engine.examination();
        let facts = vec![
            self.fact("link-months", months),
            self.fact(
                "sources",
                list(store.erp_sources()?.into_iter().map(|source| source.settings.name).collect()),
            ),
            self.fact("groups", list(store.groups()?.into_iter().map(|group| group.what.name).collect())),
            self.fact("scanner", self.say(if examination.scanner.is_empty() { "no" } else { "yes" })),
            self.fact("policy-version", examination.version.to_string()),
        ];
        let blocks = vec![self.text("rules-text"), self.text("rules-attachments"), Block::Facts(facts)];
        Ok(vec![section(self.say("rules"), blocks)])
    }

    fn retention(&self) -> Result<Vec<Section>> {
        let filter = ApprovalFilter { state: Some(ApprovalState::Waiting), asked_by: None };
        let waiting = self.engine.store().approvals(&filter, None, SHOWN_MAX)?.into_iter().map(|approval| {
            let what = crate::approvals::sentence_of(self.texts.language, &approval);
            vec![self.texts.time(approval.asked), approval.what.asked_name, what, approval.what.note]
        });
        let table = self.table(&["when", "who", "asked-what", "what"], &[20, 18, 34, 28], waiting.collect());
        let retention = self.engine.store().retention()?;
        let classes = retention.classes.iter().map(|named| {
            let name = if named.name.is_empty() {
                self.say(&format!("class-{}", named.word))
            } else {
                named.name.clone()
            };
            let length = match named.class.months(retention.settings.bank) {
                None => self.say("class-without-end"),
                Some(months) if months % 12 == 0 => self.texts.with("class-years", "count", months / 12),
                Some(months) => self.texts.with("class-months", "count", months),
            };
            vec![name, length, self.say(&format!("start-{}", named.class.start.as_str()))]
        });
        let classes = self.table(&["class", "class-length", "class-start"], &[46, 20, 34], classes.collect());
        let held = self.engine.store().holds()?.into_iter().filter(|(hold, _)| hold.lifted.is_none()).count();
        let facts = vec![
            self.fact("retention-rules", self.texts.number(retention.rules.len() as u64)),
            self.fact("retention-holds", self.texts.number(held as u64)),
        ];
        Ok(vec![
            section(self.say("retention"), vec![self.text("retention-text"), classes, Block::Facts(facts)]),
            below(self.say("retention-open"), vec![table]),
        ])
    }

    fn backup(&self) -> Result<Vec<Section>> {
        let kept = self.engine.store().setting(LastBackup::NAME)?;
        let facts = match LastBackup::read(kept.as_deref()) {
            Some(last) => vec![
                self.fact("backup-last", self.texts.time(model::UnixMillis(last.at))),
                self.fact("backup-to", last.to),
            ],
            None => vec![self.fact("backup-last", self.say("never"))],
        };
        Ok(vec![section(self.say("backup"), vec![self.text("backup-text"), Block::Facts(facts)])])
    }

    fn controls(&self) -> Result<Vec<Section>> {
        let open = self.engine.store().conditions()?.into_iter().map(|kept| {
            let details = serde_json::from_str(&kept.what.details).unwrap_or_default();
            let text = condition_text(self.texts.language, kept.what.kind, &details);
            vec![self.texts.time(kept.what.since), text.what]
        });
        let open: Vec<Vec<String>> = open.collect();
        let block = if open.is_empty() {
            self.text("controls-fine")
        } else {
            self.table(&["since", "what"], &[22, 78], open)
        };
        Ok(vec![
            section(self.say("controls"), vec![self.text("controls-text")]),
            below(self.say("controls-open"), vec![block]),
        ])
    }

    /// What was changed of the configuration, newest first.
    fn changes(&self) -> Result<Vec<Event>> {
        const ENDS: [&str; 8] =
            ["changed", "created", "added", "removed", "settings", "activated", "secret", "blocked"];
        let store = self.engine.store();
        let mut found = Vec::new();
        for kind in store.event_kinds()? {
            let Some((of, what)) = kind.split_once('.') else { continue };
            if ENDS.contains(&what) && !matches!(of, "mail" | "link" | "address" | "profile") {
                let filter = EventFilter { kind: Some(kind), ..EventFilter::default() };
                found.extend(store.events(&filter, None, HISTORY_MAX)?);
            }
        }
        found.sort_by_key(|(seq, event)| std::cmp::Reverse((event.at, *seq)));
        found.truncate(HISTORY_MAX);
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }

    fn history(&self) -> Result<Vec<Section>> {
        let store = self.engine.store();
        let names: HashMap<UserId, String> =
            store.users()?.into_iter().map(|user| (user.id, user.profile.name)).collect();
        let rows = self.changes()?.into_iter().map(|event| {
            let who = events::actor_name(self.texts.language, &event, &names);
            let what = events::sentence(&event, self.texts.language);
            vec![self.texts.time(event.at), who, what]
        });
        let changes = self.table(&["when", "who", "what"], &[24, 20, 56], rows.collect());
        let versions = store.procedures()?.into_iter().map(|old| {
            vec![
                format!("{} ({})", old.version, old.language),
                self.texts.time(old.made),
                old.made_by,
                old.sha256.to_string(),
            ]
        });
        let keys = ["version", "made", "made-by", "value"];
        let versions = self.table(&keys, &[14, 22, 18, 46], versions.collect());
        Ok(vec![
            section(
                self.say("history"),
                vec![Block::Text(self.texts.with("history-text", "count", HISTORY_MAX)), changes],
            ),
            section(self.say("versions"), vec![self.text("versions-text"), versions]),
        ])
    }
}
