//! The thin layer over both engines: transactions with `exec`, `query` and bulk variants.

use crate::error::Result;
use crate::postgres::{PostgresDb, Session};
use crate::sql::Sql;
use crate::sqlite::{self, SqliteDb};
use crate::value::{Arg, Row, Rows};

/// An open database of either kind.
pub(crate) enum Db {
    Sqlite(SqliteDb),
    Postgres(Box<PostgresDb>),
}

/// How a write is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A batch of mails: a transaction of its own.
    Batch,
    /// A few rows: on SQLite, what waits together is committed together.
    Small,
}

impl Db {
    /// Runs `work` in a transaction that sees one state of the database, and writes nothing.
    pub(crate) fn read<T>(&self, work: impl Fn(&Tx<'_>) -> Result<T>) -> Result<T> {
        match self {
            Self::Sqlite(db) => db.read(work),
            Self::Postgres(db) => db.read(work),
        }
    }

    /// Runs `work` in a writing transaction; durable when this returns `Ok`. `work` may run again after a
    /// conflict, so it has no effect but on the database.
    pub(crate) fn write<T, F>(&self, weight: Weight, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        match self {
            Self::Sqlite(db) => db.write(weight, work),
            Self::Postgres(db) => db.write(work),
        }
    }
}

/// A transaction.
pub(crate) enum Tx<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a Session),
}

impl Tx<'_> {
    /// Gives the number of rows changed.
    pub(crate) fn exec(&self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<u64> {
        match self {
            Self::Sqlite(connection) => sqlite::exec(connection, sql, args),
            Self::Postgres(session) => session.exec(sql, args),
        }
    }

    /// All rows, in order.
    pub(crate) fn query<T>(
        &self,
        sql: &'static Sql,
        args: &[Arg<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match self {
            Self::Sqlite(connection) => sqlite::query(connection, sql, args, map),
            Self::Postgres(session) => session.query(sql, args, map),
        }
    }

    /// The first row, if there is one.
    pub(crate) fn first<T>(
        &self,
        sql: &'static Sql,
        args: &[Arg<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.query(sql, args, map)?.into_iter().next())
    }

    /// The one integer of an answer that always has a row.
    pub(crate) fn int(&self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<i64> {
        Ok(self.first(sql, args, |row| row.int(0))?.unwrap_or_default())
    }

    /// A bulk statement: all rows in as few round trips as the engine allows.
    pub(crate) fn bulk(&self, sql: &'static Sql, rows: &Rows<'_>) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Sqlite(connection) => sqlite::bulk(connection, sql, rows),
            Self::Postgres(session) => session.bulk(sql, rows),
        }
    }

    /// A bulk statement that answers; the order of the answer is not that of the rows.
    pub(crate) fn bulk_query<T>(
        &self,
        sql: &'static Sql,
        rows: &Rows<'_>,
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Sqlite(connection) => sqlite::bulk_query(connection, sql, rows, map),
            Self::Postgres(session) => session.bulk_query(sql, rows, map),
        }
    }
}
