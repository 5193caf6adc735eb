//! Rules about bounces and their settings; as delivered until a person sets them.

use model::Permanence;
use standing::{Action, Category, MailClass, Rule, Settings};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::settings;
use crate::sql::statements;
use crate::standing_events::{PERMANENCES, class, class_code, from_list, permanence_code};
use crate::store::Store;
use crate::value::args;

/// Rules and what goes with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BounceRules {
    /// In order.
    pub rules: Vec<Rule>,
    /// When soft becomes hard.
    pub settings: Settings,
    /// Imported and backfilled mail counts too.
    pub count_imported: bool,
}

impl Default for BounceRules {
    fn default() -> Self {
        Self { rules: standing::default_rules(), settings: Settings::default(), count_imported: false }
    }
}

/// Setting that holds the numbers; its presence says that a person has set the rules.
const SETTING: &str = "bounce_rules";

statements! {
    RULES = "SELECT name, active, kinds, reasons, permanence, events, window_days, class, lists, actions \
        FROM bounce_rules ORDER BY n";
    CLEAR = "DELETE FROM bounce_rules";
    ADD = "INSERT INTO bounce_rules (n, name, active, kinds, reasons, permanence, events, window_days, class, \
        lists, actions) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
}

const UNREADABLE: StoreError = StoreError::Unreadable { what: "bounce rules" };

fn words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// One action a line: its word, then what it needs.
fn action_line(action: &Action) -> String {
    let rest = match action {
        Action::StopMailing(class) => class.map_or("", MailClass::as_str).to_owned(),
        Action::LeaveLists { all } => if *all { "all" } else { "" }.to_owned(),
        Action::UseAlternative | Action::Notify => String::new(),
        Action::Tag(text) | Action::Move(text) | Action::Webhook(text) => text.replace(['\r', '\n'], " "),
    };
    format!("{} {rest}", action.as_str())
}

fn action(line: &str) -> Result<Action> {
    let (word, rest) = line.split_once(' ').ok_or(UNREADABLE)?;
    Ok(match word {
        "stop_mailing" => Action::StopMailing(MailClass::from_word(rest)),
        "leave_lists" => Action::LeaveLists { all: rest == "all" },
        "use_alternative" => Action::UseAlternative,
        "notify" => Action::Notify,
        "tag" => Action::Tag(rest.to_owned()),
        "move" => Action::Move(rest.to_owned()),
        "webhook" => Action::Webhook(rest.to_owned()),
        _ => return Err(UNREADABLE),
    })
}

pub(crate) fn load(tx: &Tx<'_>) -> Result<BounceRules> {
    let Some(numbers) = settings::get(tx, SETTING)? else {
        return Ok(BounceRules::default());
    };
    let numbers: Vec<u32> = numbers.split(' ').filter_map(|number| number.parse().ok()).collect();
    let [soft_count, soft_days, unsigned_count, doubtful_days, half_life_days, imported] = numbers[..] else {
        return Err(UNREADABLE);
    };
    let rules = tx.query(&RULES, &[], |row| {
        let permanence = row.int(4)?;
        Ok(Rule {
            name: row.text(0)?,
            active: row.bool(1)?,
            category: Category {
                kinds: words(&row.text(2)?),
                reasons: words(&row.text(3)?),
                permanence: match permanence {
                    0 => None,
                    code => Some(from_list(&PERMANENCES, code - 1, "permanence")?),
                },
                count: row.small(5)?,
                window_days: row.small(6)?,
                class: class(row.int(7)?),
                lists: words(&row.text(8)?).iter().filter_map(|key| key.parse().ok()).collect(),
            },
            actions: row.text(9)?.lines().map(action).collect::<Result<_>>()?,
        })
    })?;
    let settings = Settings { soft_count, soft_days, unsigned_count, doubtful_days, half_life_days };
    Ok(BounceRules { rules, settings, count_imported: imported != 0 })
}

fn save(tx: &Tx<'_>, set: &BounceRules) -> Result<()> {
    tx.exec(&CLEAR, &[])?;
    for (rule, n) in set.rules.iter().zip(0_i64..) {
        let category = &rule.category;
        let permanence = |permanence: Permanence| permanence_code(permanence) + 1;
        let lists: Vec<String> = category.lists.iter().map(i64::to_string).collect();
        let actions: Vec<String> = rule.actions.iter().map(action_line).collect();
        tx.exec(
            &ADD,
            &args![
                n,
                &rule.name,
                rule.active,
                category.kinds.join(" "),
                category.reasons.join(" "),
                category.permanence.map_or(0, permanence),
                category.count,
                category.window_days,
                class_code(category.class),
                lists.join(" "),
                actions.join("\n"),
            ],
        )?;
    }
    let s = &set.settings;
    let numbers = [
        s.soft_count,
        s.soft_days,
        s.unsigned_count,
        s.doubtful_days,
        s.half_life_days,
        u32::from(set.count_imported),
    ];
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    settings::set(tx, SETTING, &numbers.join(" "))
}

impl Store {
    /// The rules that hold.
    ///
    /// # Errors
    /// Those of the database.
    pub fn bounce_rules(&self) -> Result<BounceRules> {
        self.read(load)
    }

    /// Replaces the rules. What they did before changes only when addresses are judged again: see
    /// [`Store::judge_standings`].
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_bounce_rules(&self, rules: BounceRules) -> Result<()> {
        self.write(move |tx| save(tx, &rules))
    }
}
