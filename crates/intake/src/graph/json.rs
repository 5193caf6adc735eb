//! Answers of the service as values. Fields that are not known are passed by.

use model::{Flags, UnixMillis};
use serde_json::Value;

use crate::civil;

/// Longest id taken, octets; those of the service have some 150. What is kept of longer ones could not be asked for.
const ID_OCTETS_MAX: usize = 900;
/// Longest link taken, octets.
const LINK_OCTETS_MAX: usize = 32 << 10;

/// An answer that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    /// Not JSON, or not an object.
    #[error("the answer is no JSON object")]
    Object,
    /// A list without its items.
    #[error("the answer has no list `value`")]
    List,
    /// An item without a usable id.
    #[error("item {at} of the answer has no usable id")]
    Id {
        /// Its place, from 0.
        at: usize,
    },
    /// A page of changes that says neither where the next one is nor where to go on later.
    #[error("the answer has neither a next link nor a delta link")]
    Link,
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// At its next page.
    Next(String),
    /// It is at its end; what changes from now on is asked for there.
    Delta(String),
    /// It is at its end.
    End,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) link: Link,
}

/// A mail, as far as the answer tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: String,
    /// It has left the folder.
    pub(crate) is_removed: bool,
    pub(crate) received: Option<UnixMillis>,
    /// Which flags are told …
    pub(crate) told: Flags,
    /// … and how they are.
    pub(crate) flags: Flags,
    /// Id of its folder.
    pub(crate) parent: Option<String>,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) children: u64,
    pub(crate) messages: Option<u32>,
    /// A search that looks like a folder: its mails lie elsewhere.
    pub(crate) is_search: bool,
}

fn object(octets: &[u8]) -> Result<Value, JsonError> {
    let value: Value = serde_json::from_slice(octets).map_err(|_| JsonError::Object)?;
    if value.is_object() { Ok(value) } else { Err(JsonError::Object) }
}

fn id(value: &Value, at: usize) -> Result<String, JsonError> {
    let id = value["id"].as_str().filter(|id| {
        (1..=ID_OCTETS_MAX).contains(&id.len())
            && !id.chars().any(char::is_control)
            && !matches!(*id, "." | "..")
    });
    id.map(str::to_owned).ok_or(JsonError::Id { at })
}

fn page<T>(
    octets: &[u8],
    read: impl Fn(&Value, usize) -> Result<T, JsonError>,
) -> Result<Page<T>, JsonError> {
    let answer = object(octets)?;
    let list = answer["value"].as_array().ok_or(JsonError::List)?;
    let items: Result<Vec<T>, JsonError> =
        list.iter().enumerate().map(|(at, value)| read(value, at)).collect();
    let link = |name: &str| {
        answer[name].as_str().filter(|link| (1..=LINK_OCTETS_MAX).contains(&link.len())).map(str::to_owned)
    };
    let link = match (link("@odata.nextLink"), link("@odata.deltaLink")) {
        (Some(next), _) => Link::Next(next),
        (None, Some(delta)) => Link::Delta(delta),
        (None, None) => Link::End,
    };
    Ok(Page { items: items?, link })
}

/// Mails, or changes of them.
pub(crate) fn items(octets: &[u8]) -> Result<Page<Item>, JsonError> {
    page(octets, item)
}

/// One mail.
pub(crate) fn single(octets: &[u8]) -> Result<Item, JsonError> {
    item(&object(octets)?, 0)
}

/// Folders.
pub(crate) fn folders(octets: &[u8]) -> Result<Page<Folder>, JsonError> {
    page(octets, folder)
}

/// One folder.
pub(crate) fn single_folder(octets: &[u8]) -> Result<Folder, JsonError> {
    folder(&object(octets)?, 0)
}

fn item(value: &Value, at: usize) -> Result<Item, JsonError> {
    let (seen, draft) = (value["isRead"].as_bool(), value["isDraft"].as_bool());
    let flagged = value["flag"]["flagStatus"].as_str().map(|status| status == "flagged");
    Ok(Item {
        id: id(value, at)?,
        is_removed: value.get("@removed").is_some(),
        received: value["receivedDateTime"].as_str().and_then(time),
        told: Flags {
            seen: seen.is_some(),
            flagged: flagged.is_some(),
            draft: draft.is_some(),
            ..Flags::default()
        },
        flags: Flags {
            seen: seen.unwrap_or_default(),
            flagged: flagged.unwrap_or_default(),
            draft: draft.unwrap_or_default(),
            ..Flags::default()
        },
        parent: value["parentFolderId"].as_str().map(str::to_owned),
    })
}

fn folder(value: &Value, at: usize) -> Result<Folder, JsonError> {
    let id = id(value, at)?;
    let name = value["displayName"].as_str().filter(|name| !name.trim().is_empty());
    Ok(Folder {
        name: name
            .map_or_else(|| id.clone(), |name| name.chars().filter(|c| !c.is_control()).take(255).collect()),
        children: value["childFolderCount"].as_u64().unwrap_or_default(),
        messages: value["totalItemCount"].as_u64().and_then(|count| u32::try_from(count).ok()),
        is_search: value["@odata.type"].as_str().is_some_and(|kind| kind.ends_with("mailSearchFolder")),
        id,
    })
}

/// `2026-03-02T09:00:00Z`, also with a fraction of the second; `DateTimeOffset` of `OData` 4 in UTC.
fn time(text: &str) -> Option<UnixMillis> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut parts = date.split('-').map(|part| civil::number(part.as_bytes()));
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let whole = time.split_once('.').map_or(time, |(whole, _)| whole);
    civil::moment(year, month, day, civil::time_of_day(whole.as_bytes())?)
}

/// Code and words of an answer that refuses; empty where there are none.
pub(crate) fn refusal(octets: &[u8]) -> (String, String) {
    let said: Value = serde_json::from_slice(octets).unwrap_or_default();
    let word = |name: &str, most: usize| {
        let text = said["error"][name].as_str().unwrap_or_default();
        text.chars().filter(|c| !c.is_control()).take(most).collect::<String>()
    };
    (word("code", 100), word("message", 600))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pages_of_changes() {
        let text = r#"{"@odata.context":"x","value":[
            {"@odata.etag":"e","id":"A=","isRead":true,"flag":{"flagStatus":"flagged"},"receivedDateTime":"2026-03-02T09:00:00Z"},
            {"id":"B","@removed":{"reason":"deleted"}},
            {"id":"C","isRead":false,"isDraft":true,"receivedDateTime":"yesterday","new":{"deep":[1]}}],
            "@odata.nextLink":"https://graph.example/next"}"#;
        let page = items(text.as_bytes()).unwrap();
        assert_eq!(page.link, Link::Next("https://graph.example/next".to_owned()));
        let [a, b, c] = &page.items[..] else { panic!("{page:?}") };
        assert_eq!((a.id.as_str(), a.received), ("A=", Some(UnixMillis(1_772_442_000_000))));
        assert!(a.flags.seen && a.flags.flagged && a.told.seen && !a.told.draft && !a.is_removed);
        assert!(b.is_removed && b.told == Flags::default());
        assert!(!c.flags.seen && c.told.seen && c.flags.draft && c.received.is_none());
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let check =
            |text: &str, expected: JsonError| assert_eq!(items(text.as_bytes()), Err(expected), "{text}");
        check("<html>", JsonError::Object);
        check("[]", JsonError::Object);
        check("{}", JsonError::List);
        check(r#"{"value":{}}"#, JsonError::List);
        check(r#"{"value":[{"id":"A"},{"isRead":true}]}"#, JsonError::Id { at: 1 });
        check(r#"{"value":[{"id":""}]}"#, JsonError::Id { at: 0 });
        check(r#"{"value":[{"id":".."}]}"#, JsonError::Id { at: 0 });
        check(r#"{"value":[{"id":17}]}"#, JsonError::Id { at: 0 });
        check(&format!(r#"{{"value":[{{"id":"{}"}}]}}"#, "x".repeat(901)), JsonError::Id { at: 0 });
        assert_eq!(items(br#"{"value":[]}"#).unwrap().link, Link::End);
        let both = br#"{"value":[],"@odata.deltaLink":"d","@odata.nextLink":"n"}"#;
        assert_eq!(items(both).unwrap().link, Link::Next("n".to_owned()));
    }

    #[test]
    fn folders_have_a_name_in_any_case() {
        let text = r##"{"value":[{"id":"1","displayName":"Posteingang","childFolderCount":2,"totalItemCount":7},
            {"id":"2","displayName":" "},{"id":"3","displayName":"Suche","@odata.type":"#microsoft.graph.mailSearchFolder"}]}"##;
        let page = folders(text.as_bytes()).unwrap();
        let names: Vec<&str> = page.items.iter().map(|folder| folder.name.as_str()).collect();
        assert_eq!(names, ["Posteingang", "2", "Suche"]);
        assert_eq!((page.items[0].children, page.items[0].messages), (2, Some(7)));
        assert!(page.items[2].is_search && !page.items[0].is_search);
    }

    #[test]
    fn times_and_refusals() {
        assert_eq!(time("1970-01-01T00:00:01.5000000Z"), Some(UnixMillis(1000)));
        for wrong in ["", "Z", "2026-02-30T00:00:00Z", "2026-02-03T00:00:00+01:00", "2026-02-03", "T:Z"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
        let (code, words) = refusal(br#"{"error":{"code":"ErrorItemNotFound","message":"Not\nfound"}}"#);
        assert_eq!((code.as_str(), words.as_str()), ("ErrorItemNotFound", "Notfound"));
        assert_eq!(refusal(b"<html>"), Default::default());
    }

    proptest! {
        #[test]
        fn any_octets_give_an_answer(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (items(&octets), folders(&octets), single(&octets), refusal(&octets));
        }
    }
}
