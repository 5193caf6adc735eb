//! Properties of MAPI objects.
//!
//! Source: [MS-OXCDATA] §2.11, [MS-OXPROPS].

use std::collections::BTreeMap;

use crate::cells::{u16_at, u32_at, u64_at, utf16};
use crate::codepage;

/// Type codes of properties.
pub(crate) mod kind {
    pub(crate) const INT16: u16 = 0x0002;
    pub(crate) const INT32: u16 = 0x0003;
    pub(crate) const BOOL: u16 = 0x000b;
    pub(crate) const OBJECT: u16 = 0x000d;
    pub(crate) const INT64: u16 = 0x0014;
    pub(crate) const TEXT8: u16 = 0x001e;
    pub(crate) const TEXT: u16 = 0x001f;
    pub(crate) const TIME: u16 = 0x0040;
    pub(crate) const BINARY: u16 = 0x0102;
}

/// Ids of the properties that are read.
pub(crate) mod id {
    pub(crate) const IMPORTANCE: u16 = 0x0017;
    pub(crate) const MESSAGE_CLASS: u16 = 0x001a;
    pub(crate) const SUBJECT: u16 = 0x0037;
    pub(crate) const CLIENT_SUBMIT_TIME: u16 = 0x0039;
    pub(crate) const REPRESENTING_NAME: u16 = 0x0042;
    pub(crate) const REPLY_NAMES: u16 = 0x0050;
    pub(crate) const REPRESENTING_ADDRESS: u16 = 0x0065;
    pub(crate) const CONVERSATION_TOPIC: u16 = 0x0070;
    pub(crate) const CONVERSATION_INDEX: u16 = 0x0071;
    pub(crate) const TRANSPORT_HEADERS: u16 = 0x007d;
    pub(crate) const RECIPIENT_TYPE: u16 = 0x0c15;
    pub(crate) const SENDER_NAME: u16 = 0x0c1a;
    pub(crate) const SENDER_ADDRESS: u16 = 0x0c1f;
    pub(crate) const DISPLAY_BCC: u16 = 0x0e02;
    pub(crate) const DISPLAY_CC: u16 = 0x0e03;
    pub(crate) const DISPLAY_TO: u16 = 0x0e04;
    pub(crate) const DELIVERY_TIME: u16 = 0x0e06;
    pub(crate) const MESSAGE_FLAGS: u16 = 0x0e07;
    pub(crate) const BODY: u16 = 0x1000;
    pub(crate) const REPORT_TEXT: u16 = 0x1001;
    pub(crate) const RTF: u16 = 0x1009;
    pub(crate) const HTML: u16 = 0x1013;
    pub(crate) const MESSAGE_ID: u16 = 0x1035;
    pub(crate) const REFERENCES: u16 = 0x1039;
    pub(crate) const IN_REPLY_TO: u16 = 0x1042;
    pub(crate) const LAST_VERB: u16 = 0x1081;
    pub(crate) const FLAG_STATUS: u16 = 0x1090;
    pub(crate) const DISPLAY_NAME: u16 = 0x3001;
    pub(crate) const EMAIL_ADDRESS: u16 = 0x3003;
    pub(crate) const CREATION_TIME: u16 = 0x3007;
    pub(crate) const ATTACH_DATA: u16 = 0x3701;
    pub(crate) const ATTACH_FILENAME: u16 = 0x3704;
    pub(crate) const ATTACH_LONG_FILENAME: u16 = 0x3707;
    pub(crate) const ATTACH_MIME: u16 = 0x370e;
    pub(crate) const ATTACH_CONTENT_ID: u16 = 0x3712;
    pub(crate) const ATTACH_LOCATION: u16 = 0x3713;
    pub(crate) const SMTP_ADDRESS: u16 = 0x39fe;
    pub(crate) const INTERNET_CODEPAGE: u16 = 0x3fde;
    pub(crate) const MESSAGE_CODEPAGE: u16 = 0x3ffd;
    pub(crate) const SENDER_SMTP: u16 = 0x5d01;
    pub(crate) const REPRESENTING_SMTP: u16 = 0x5d02;
}

/// Value of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Integers and truth values.
    Int(i64),
    /// UTF-16 in the file.
    Text(String),
    /// Octets of a code page.
    Text8(Vec<u8>),
    /// Octets.
    Binary(Vec<u8>),
    /// 100 ns since 1601.
    Time(u64),
}

/// Properties of one object by their id; named ones are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    values: BTreeMap<u16, Value>,
    /// For texts of 8 bits.
    codepage: Option<u32>,
}

/// 100 ns between 1601 and 1970.
const EPOCH: u64 = 116_444_736_000_000_000;

impl Properties {
    /// Keeps a value; a Unicode text wins over one of 8 bits.
    pub(crate) fn set(&mut self, id: u16, value: Value) {
        let is_worse = matches!((&value, self.values.get(&id)), (Value::Text8(_), Some(Value::Text(_))));
        if id < 0x8000 && !is_worse {
            self.values.insert(id, value);
        }
    }

    /// Keeps a value of fixed length by its type; whether the type is one of these.
    pub(crate) fn set_fixed(&mut self, id: u16, kind: u16, octets: &[u8]) -> bool {
        let value = match kind {
            kind::INT16 => u16_at(octets, 0).map(|value| Value::Int(i64::from(value.cast_signed()))),
            kind::INT32 => u32_at(octets, 0).map(|value| Value::Int(i64::from(value.cast_signed()))),
            kind::BOOL => octets.first().map(|value| Value::Int(i64::from(*value != 0))),
            kind::INT64 => u64_at(octets, 0).map(|value| Value::Int(value.cast_signed())),
            kind::TIME => u64_at(octets, 0).map(Value::Time),
            _ => return false,
        };
        if let Some(value) = value {
            self.set(id, value);
        }
        true
    }

    /// Keeps a value of variable length by its type; types that are not read are left out.
    pub(crate) fn set_variable(&mut self, id: u16, kind: u16, octets: Vec<u8>) {
        match kind {
            kind::TEXT => self.set(id, Value::Text(utf16(&octets))),
            kind::TEXT8 => self.set(id, Value::Text8(octets)),
            kind::BINARY | kind::OBJECT => self.set(id, Value::Binary(octets)),
            _ => {}
        }
    }

    /// Says what texts of 8 bits are written in.
    pub(crate) fn set_codepage(&mut self, number: u32) {
        self.codepage.get_or_insert(number);
    }

    /// Code page of texts of 8 bits: as set, or as the properties say.
    pub(crate) fn codepage(&self) -> u32 {
        let said = [id::MESSAGE_CODEPAGE, id::INTERNET_CODEPAGE].into_iter().find_map(|id| self.int(id));
        said.and_then(|number| u32::try_from(number).ok()).or(self.codepage).unwrap_or(1252)
    }

    /// Code page of the HTML body.
    pub(crate) fn html_codepage(&self) -> u32 {
        let said = self.int(id::INTERNET_CODEPAGE).and_then(|number| u32::try_from(number).ok());
        said.unwrap_or_else(|| self.codepage())
    }

    /// A value as it is.
    pub fn get(&self, id: u16) -> Option<&Value> {
        self.values.get(&id)
    }

    /// A number.
    pub fn int(&self, id: u16) -> Option<i64> {
        if let Some(Value::Int(value)) = self.get(id) { Some(*value) } else { None }
    }

    /// Octets.
    pub fn binary(&self, id: u16) -> Option<&[u8]> {
        if let Some(Value::Binary(octets)) = self.get(id) { Some(octets) } else { None }
    }

    /// A text, not empty.
    pub fn text(&self, id: u16) -> Option<String> {
        let text = match self.get(id)? {
            Value::Text(text) => text.clone(),
            Value::Text8(octets) => {
                let end = memchr::memchr(0, octets).unwrap_or(octets.len());
                codepage::text(self.codepage(), &octets[..end])
            }
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// A time in milliseconds since 1970; none before 1970 and after 9999.
    pub fn time_ms(&self, id: u16) -> Option<i64> {
        let Some(Value::Time(time)) = self.get(id) else { return None };
        let ms = time.checked_sub(EPOCH)? / 10_000;
        i64::try_from(ms).ok().filter(|ms| *ms < 253_402_300_800_000)
    }
}
