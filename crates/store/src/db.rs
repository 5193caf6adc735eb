//! The thin layer over both engines: transactions with `exec`, `query` and bulk variants.

use std::any::Any;

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

/// Work of a transaction, without its type: hundreds of callers would each be compiled with both engines.
pub(crate) type Reading<'w> = &'w mut dyn FnMut(&Tx<'_>) -> Result<()>;
/// The same, for a thread that writes.
pub(crate) type Writing = Box<dyn Fn(&Tx<'_>) -> Result<Written> + Send>;
/// What [`Writing`] gives.
pub(crate) type Written = Box<dyn Any + Send>;
/// Takes a row of an answer.
pub(crate) type TakeRow<'w> = &'w mut dyn FnMut(&Row<'_>) -> Result<()>;

impl Db {
    /// Runs `work` in a transaction that sees one state of the database, and writes nothing.
    pub(crate) fn read<T>(&self, work: impl Fn(&Tx<'_>) -> Result<T>) -> Result<T> {
        let mut given = None;
        let mut work = |tx: &Tx<'_>| {
            given = Some(work(tx)?);
            Ok(())
        };
        match self {
            Self::Sqlite(db) => db.read(&mut work),
            Self::Postgres(db) => db.read(&mut work),
        }?;
        Ok(given.expect("work that succeeds has given something"))
    }

    /// Runs `work` in a writing transaction; durable when this returns `Ok`. `work` may run again after a
    /// conflict, so it has no effect but on the database.
    pub(crate) fn write<T, F>(&self, weight: Weight, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        let work: Writing = Box::new(move |tx| Ok(Box::new(work(tx)?)));
        let written = match self {
            Self::Sqlite(db) => db.write(weight, work),
            Self::Postgres(db) => db.write(&work),
        }?;
        Ok(*written.downcast().expect("a write gives what it was made from"))
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
        mut map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut out = Vec::new();
        self.each(sql, args, &mut |row| {
            out.push(map(row)?);
            Ok(())
        })?;
        Ok(out)
    }

    fn each(&self, sql: &'static Sql, args: &[Arg<'_>], take: TakeRow<'_>) -> Result<()> {
        match self {
            Self::Sqlite(connection) => sqlite::query(connection, sql, args, take),
            Self::Postgres(session) => session.query(sql, args, take),
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
        mut map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut out = Vec::new();
        self.bulk_each(sql, rows, &mut |row| {
            out.push(map(row)?);
            Ok(())
        })?;
        Ok(out)
    }

    fn bulk_each(&self, sql: &'static Sql, rows: &Rows<'_>, take: TakeRow<'_>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        match self {
            Self::Sqlite(connection) => sqlite::bulk_query(connection, sql, rows, take),
            Self::Postgres(session) => session.bulk_query(sql, rows, take),
        }
    }
}
