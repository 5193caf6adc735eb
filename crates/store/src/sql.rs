//! Statements: one text for both engines.
//!
//! Written as PostgreSQL reads it; two spellings are turned for SQLite, mechanically: `$n` → `?n`, and
//! `= ANY($n)` → `IN rarray(?n)`. A bulk statement names its rows `{rows}` inside a CTE; PostgreSQL gets
//! one array per column (`UNNEST`), SQLite as many `VALUES` as fit.

use std::fmt::Write as _;
use std::sync::OnceLock;

/// Column type of bulk rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    Int,
    Text,
    Blob,
}

impl Ty {
    const fn postgres(self) -> &'static str {
        match self {
            Self::Int => "BIGINT[]",
            Self::Text => "TEXT[]",
            Self::Blob => "BYTEA[]",
        }
    }
}

/// Rows of one SQLite bulk statement; what is left over goes one by one.
pub(crate) const CHUNK: usize = 16;

/// A statement. Only [`statements!`] makes them, so that the test that prepares all of them knows all of them.
pub(crate) struct Sql {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    /// Types of the columns of `{rows}`; empty if the statement is no bulk statement.
    pub(crate) rows: &'static [Ty],
    sqlite_one: OnceLock<String>,
    sqlite_many: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Sql {
    pub(crate) const fn new(name: &'static str, text: &'static str, rows: &'static [Ty]) -> Self {
        Self {
            name,
            text,
            rows,
            sqlite_one: OnceLock::new(),
            sqlite_many: OnceLock::new(),
            postgres: OnceLock::new(),
        }
    }

    /// Text for SQLite; a bulk statement with one row.
    pub(crate) fn sqlite(&self) -> &str {
        self.sqlite_one.get_or_init(|| self.for_sqlite(1))
    }

    /// Text for SQLite, with [`CHUNK`] rows.
    pub(crate) fn sqlite_many(&self) -> &str {
        self.sqlite_many.get_or_init(|| self.for_sqlite(CHUNK))
    }

    /// Text for PostgreSQL.
    pub(crate) fn postgres(&self) -> &str {
        self.postgres.get_or_init(|| {
            let mut unnest = String::from("SELECT * FROM UNNEST(");
            for (at, ty) in self.rows.iter().enumerate() {
                let _ = write!(unnest, "{}${}::{}", if at == 0 { "" } else { ", " }, at + 1, ty.postgres());
            }
            unnest.push(')');
            self.text.replace("{rows}", &unnest)
        })
    }

    fn for_sqlite(&self, count: usize) -> String {
        let width = self.rows.len();
        let mut values = String::from("VALUES ");
        for row in 0..count {
            values.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..width {
                let _ =
                    write!(values, "{}?{}", if column == 0 { "" } else { ", " }, row * width + column + 1);
            }
            values.push(')');
        }
        sqlite_spelling(&self.text.replace("{rows}", &values))
    }
}

/// `$n` → `?n`, `= ANY(?n)` → `IN rarray(?n)`. No statement of ours holds a `$` otherwise.
fn sqlite_spelling(text: &str) -> String {
    text.replace('$', "?").replace("= ANY(", "IN rarray(")
}

/// Declares statements as statics, and `ALL`, the list of them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident $([$($ty:ident),+])? = $text:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: $crate::sql::Sql = $crate::sql::Sql::new(
                stringify!($name), $text, &[$($($crate::sql::Ty::$ty),+)?],
            );
        )*
        /// Every statement of this module.
        #[cfg(test)]
        pub(crate) static ALL: &[&$crate::sql::Sql] = &[$(&$name),*];
    };
}
pub(crate) use statements;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let sql = Sql::new("T", "WITH v(a, b) AS ({rows}) SELECT a FROM v", &[Ty::Int, Ty::Text]);
        assert_eq!(sql.sqlite(), "WITH v(a, b) AS (VALUES (?1, ?2)) SELECT a FROM v");
        assert_eq!(
            sql.postgres(),
            "WITH v(a, b) AS (SELECT * FROM UNNEST($1::BIGINT[], $2::TEXT[])) SELECT a FROM v"
        );
        let sql = Sql::new("T", "SELECT 1 FROM t WHERE a = $2 AND b = ANY($1)", &[]);
        assert_eq!(sql.sqlite(), "SELECT 1 FROM t WHERE a = ?2 AND b IN rarray(?1)");
    }
}
