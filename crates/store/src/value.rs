//! Values into and out of statements, the same on both engines.

use std::borrow::Cow;
use std::error::Error;
use std::rc::Rc;

use model::UnixMillis;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};

use crate::error::{Result, StoreError};

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) enum Arg<'a> {
    Null,
    Int(i64),
    Text(Cow<'a, str>),
    Blob(Cow<'a, [u8]>),
    /// For `= ANY($n)`.
    Ints(&'a [i64]),
    /// For `= ANY($n)`.
    Blobs(&'a [&'a [u8]]),
}

impl Arg<'_> {
    pub(crate) fn for_sqlite(&self) -> ToSqlOutput<'_> {
        match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Int(value) => ToSqlOutput::Borrowed(ValueRef::Integer(*value)),
            Self::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
            Self::Ints(values) => array(values.iter().map(|value| Value::Integer(*value)).collect()),
            Self::Blobs(values) => array(values.iter().map(|value| Value::Blob(value.to_vec())).collect()),
        }
    }

    pub(crate) const fn int(&self) -> Option<i64> {
        if let Self::Int(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(value) = self { Some(value) } else { None }
    }

    pub(crate) fn blob(&self) -> Option<&[u8]> {
        if let Self::Blob(value) = self { Some(value) } else { None }
    }
}

fn array(values: Vec<Value>) -> ToSqlOutput<'static> {
    ToSqlOutput::from_rc(Rc::new(values), c"rarray")
}

impl rusqlite::ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.for_sqlite())
    }
}

impl ToSql for Arg<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) if *ty == Type::INT2 => i16::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(value) => value.as_ref().to_sql(ty, out),
            Self::Blob(value) => value.as_ref().to_sql(ty, out),
            Self::Ints(values) if *ty == Type::INT4_ARRAY => {
                values.iter().map(|v| i32::try_from(*v)).collect::<Result<Vec<_>, _>>()?.to_sql(ty, out)
            }
            Self::Ints(values) if *ty == Type::INT2_ARRAY => {
                values.iter().map(|v| i16::try_from(*v)).collect::<Result<Vec<_>, _>>()?.to_sql(ty, out)
            }
            Self::Ints(values) => values.to_sql(ty, out),
            Self::Blobs(values) => values.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// PostgreSQL keeps no U+0000 in text; the same on SQLite, so that both engines answer alike.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(without_nul(value))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(without_nul(value))
    }
}

impl From<String> for Arg<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(without_nul(&value).into_owned()))
    }
}

impl<'a> From<&'a [u8]> for Arg<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a Vec<u8>> for Arg<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Blob(Cow::Borrowed(value))
    }
}

impl From<Vec<u8>> for Arg<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(Cow::Owned(value))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Arg<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Blob(Cow::Borrowed(value))
    }
}

impl From<i64> for Arg<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Arg<'_> {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<u64> for Arg<'_> {
    /// Saturates: no length or count here comes near 2⁶³.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Arg<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<UnixMillis> for Arg<'_> {
    fn from(value: UnixMillis) -> Self {
        Self::Int(value.0)
    }
}

impl<'a, T: Into<Arg<'a>>> From<Option<T>> for Arg<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// `[a.into(), b.into(), …]`
macro_rules! args {
    ($($value:expr),* $(,)?) => { [$($crate::value::Arg::from($value)),*] };
}
pub(crate) use args;

/// Rows of a bulk statement, flat.
pub(crate) struct Rows<'a> {
    pub(crate) width: usize,
    pub(crate) args: Vec<Arg<'a>>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(width: usize, count: usize) -> Self {
        Self { width, args: Vec::with_capacity(width * count) }
    }

    pub(crate) fn one<const N: usize>(row: [Arg<'a>; N]) -> Self {
        Self { width: N, args: row.into() }
    }

    pub(crate) fn push<const N: usize>(&mut self, row: [Arg<'a>; N]) {
        debug_assert_eq!(N, self.width);
        self.args.extend(row);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.args.is_empty()
    }
}

/// A row of an answer. Columns are counted from 0.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

const COLUMN: StoreError = StoreError::Unreadable { what: "column" };

impl Row<'_> {
    pub(crate) fn opt_int(&self, at: usize) -> Result<Option<i64>> {
        match self {
            Self::Sqlite(row) => row.get(at).map_err(|_| COLUMN),
            Self::Postgres(row) => match *row.columns().get(at).ok_or(COLUMN)?.type_() {
                Type::INT2 => row.try_get::<_, Option<i16>>(at).map(|v| v.map(i64::from)).map_err(|_| COLUMN),
                Type::INT4 => row.try_get::<_, Option<i32>>(at).map(|v| v.map(i64::from)).map_err(|_| COLUMN),
                _ => row.try_get(at).map_err(|_| COLUMN),
            },
        }
    }

    pub(crate) fn int(&self, at: usize) -> Result<i64> {
        self.opt_int(at)?.ok_or(COLUMN)
    }

    pub(crate) fn uint(&self, at: usize) -> Result<u64> {
        u64::try_from(self.int(at)?).map_err(|_| COLUMN)
    }

    pub(crate) fn small(&self, at: usize) -> Result<u32> {
        u32::try_from(self.int(at)?).map_err(|_| COLUMN)
    }

    pub(crate) fn bool(&self, at: usize) -> Result<bool> {
        Ok(self.int(at)? != 0)
    }

    pub(crate) fn time(&self, at: usize) -> Result<UnixMillis> {
        self.int(at).map(UnixMillis)
    }

    pub(crate) fn opt_time(&self, at: usize) -> Result<Option<UnixMillis>> {
        Ok(self.opt_int(at)?.map(UnixMillis))
    }

    pub(crate) fn opt_text(&self, at: usize) -> Result<Option<String>> {
        match self {
            Self::Sqlite(row) => row.get(at).map_err(|_| COLUMN),
            Self::Postgres(row) => row.try_get(at).map_err(|_| COLUMN),
        }
    }

    pub(crate) fn text(&self, at: usize) -> Result<String> {
        self.opt_text(at)?.ok_or(COLUMN)
    }

    pub(crate) fn opt_blob(&self, at: usize) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Sqlite(row) => row.get(at).map_err(|_| COLUMN),
            Self::Postgres(row) => row.try_get(at).map_err(|_| COLUMN),
        }
    }

    pub(crate) fn blob(&self, at: usize) -> Result<Vec<u8>> {
        self.opt_blob(at)?.ok_or(COLUMN)
    }

    /// A blob of fixed length.
    pub(crate) fn octets<const N: usize>(&self, at: usize) -> Result<[u8; N]> {
        self.opt_octets(at)?.ok_or(COLUMN)
    }

    pub(crate) fn opt_octets<const N: usize>(&self, at: usize) -> Result<Option<[u8; N]>> {
        match self {
            Self::Sqlite(row) => match row.get_ref(at).map_err(|_| COLUMN)? {
                ValueRef::Null => Ok(None),
                ValueRef::Blob(octets) => octets.try_into().map(Some).map_err(|_| COLUMN),
                _ => Err(COLUMN),
            },
            Self::Postgres(row) => row
                .try_get::<_, Option<&[u8]>>(at)
                .map_err(|_| COLUMN)?
                .map(|octets| octets.try_into().map_err(|_| COLUMN))
                .transpose(),
        }
    }
}
