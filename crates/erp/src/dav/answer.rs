//! What `WebDAV` servers answer: `multistatus` (RFC 4918 §13) with the properties that address books have (RFC 6352, RFC 6578).

use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// Deepest nesting read.
const DEPTH_MAX: usize = 32;

/// A `multistatus`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// In the order of the document.
    pub(super) items: Vec<Item>,
    /// Of the whole (RFC 6578 §6.2).
    pub(super) sync_token: Option<String>,
}

/// One resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    /// As written: a path or an address.
    pub(super) href: String,
    /// Of the resource as a whole, if it has one.
    pub(super) status: Option<u16>,
    /// It is a collection.
    pub(super) is_collection: bool,
    /// It is an address book.
    pub(super) is_book: bool,
    /// Its name for people.
    pub(super) name: Option<String>,
    /// Its `ETag`, with its quotes.
    pub(super) etag: Option<String>,
    /// Its vCard.
    pub(super) card: Option<String>,
    /// A property of collections.
    pub(super) sync_token: Option<String>,
    /// Who is logged in.
    pub(super) principal: Option<String>,
    /// Where address books of a principal lie.
    pub(super) homes: Vec<String>,
}

/// The number in `HTTP/1.1 200 OK`.
fn status(line: &str) -> Option<u16> {
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Reads an answer. `None` if it is no XML, or no `multistatus`.
///
/// Elements are known by their local names: servers disagree about prefixes, not about names. Properties of a `propstat` that
/// says that it has none are left out.
pub(super) fn read(octets: &[u8]) -> Option<Answer> {
    let mut reader = Reader::from_reader(octets);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_dangling_amp = true;
    let mut building = Building::default();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Eof => break,
            Event::Start(start) => building.begin(start.local_name().as_ref())?,
            Event::Empty(start) => {
                building.begin(start.local_name().as_ref())?;
                building.end();
            }
            Event::End(_) => building.end(),
            Event::Text(text) => building.text.push_str(&text),
            Event::CData(text) => building.text.push_str(&text),
            Event::GeneralRef(reference) => match &*reference {
                "lt" => building.text.push('<'),
                "gt" => building.text.push('>'),
                "amp" => building.text.push('&'),
                "quot" => building.text.push('"'),
                "apos" => building.text.push('\''),
                // Entities that a document defines itself are not expanded.
                _ => building.text.extend(reference.resolve_char_ref().ok().flatten()),
            },
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    building.is_multistatus.then_some(building.answer)
}

#[derive(Default)]
struct Building {
    answer: Answer,
    is_multistatus: bool,
    /// Local names from the root.
    path: Vec<String>,
    text: String,
    item: Item,
    /// Properties of the `propstat` that is read.
    found: Item,
    found_status: Option<u16>,
}

impl Building {
    /// `None` if it is nested deeper than anything that makes sense.
    fn begin(&mut self, name: &str) -> Option<()> {
        if self.path.len() >= DEPTH_MAX {
            return None;
        }
        self.text.clear();
        match (self.path.len(), name) {
            (0, "multistatus") => self.is_multistatus = true,
            (1, "response") => self.item = Item::default(),
            (2, "propstat") => (self.found, self.found_status) = (Item::default(), None),
            _ => {}
        }
        if self.path.last().is_some_and(|last| last == "resourcetype") {
            match name {
                "collection" => self.found.is_collection = true,
                "addressbook" => self.found.is_book = true,
                _ => {}
            }
        }
        self.path.push(name.to_owned());
        Some(())
    }

    fn end(&mut self) {
        let Some(name) = self.path.pop() else { return };
        let text = std::mem::take(&mut self.text);
        let parent = self.path.last().map_or("", String::as_str);
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        match (parent, name.as_str()) {
            ("multistatus", "sync-token") => self.answer.sync_token = some(&text),
            ("multistatus", "response") => self.answer.items.push(std::mem::take(&mut self.item)),
            ("response", "href") => text.trim().clone_into(&mut self.item.href),
            ("response", "status") => self.item.status = status(&text),
            ("response", "propstat") => self.take_found(),
            ("propstat", "status") => self.found_status = status(&text),
            ("prop", "displayname") => self.found.name = some(&text),
            ("prop", "getetag") => self.found.etag = some(&text),
            ("prop", "sync-token") => self.found.sync_token = some(&text),
            ("prop", "address-data") => self.found.card = Some(text),
            ("current-user-principal", "href") => self.found.principal = some(&text),
            ("addressbook-home-set", "href") => self.found.homes.extend(some(&text)),
            _ => {}
        }
    }

    fn take_found(&mut self) {
        let found = std::mem::take(&mut self.found);
        if self.found_status.is_some_and(|status| !(200..300).contains(&status)) {
            return;
        }
        let item = &mut self.item;
        item.is_collection |= found.is_collection;
        item.is_book |= found.is_book;
        item.name = found.name.or(item.name.take());
        item.etag = found.etag.or(item.etag.take());
        item.card = found.card.or(item.card.take());
        item.sync_token = found.sync_token.or(item.sync_token.take());
        item.principal = found.principal.or(item.principal.take());
        item.homes.extend(found.homes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_servers() {
        let text = r#"<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:card="urn:ietf:params:xml:ns:carddav">
            <d:response><d:href>/dav/eva/</d:href><d:propstat><d:prop>
              <d:resourcetype><d:collection/><card:addressbook/></d:resourcetype>
              <d:displayname>Kunden &amp; Freunde</d:displayname><d:sync-token>http://x/1</d:sync-token>
              </d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>
              <d:propstat><d:prop><d:getetag>"no"</d:getetag></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>
            </d:response>
            <d:response><d:href> /dav/eva/1.vcf </d:href><d:propstat><d:status>HTTP/1.1 200 OK</d:status><d:prop>
              <d:getetag>"a&#45;1"</d:getetag><card:address-data><![CDATA[BEGIN:VCARD]]>&#13;
END:VCARD</card:address-data></d:prop></d:propstat></d:response>
            <d:response><d:href>/dav/eva/2.vcf</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>
            <d:sync-token>http://x/2</d:sync-token></d:multistatus>"#;
        let answer = read(text.as_bytes()).unwrap();
        assert_eq!(answer.sync_token.as_deref(), Some("http://x/2"));
        let [book, card, gone] = answer.items.as_slice() else { panic!("{answer:#?}") };
        let expected = Item {
            href: "/dav/eva/".to_owned(),
            is_collection: true,
            is_book: true,
            name: Some("Kunden & Freunde".to_owned()),
            sync_token: Some("http://x/1".to_owned()),
            ..Item::default()
        };
        assert_eq!(*book, expected);
        assert_eq!((card.href.as_str(), card.etag.as_deref()), ("/dav/eva/1.vcf", Some("\"a-1\"")));
        assert_eq!(card.card.as_deref(), Some("BEGIN:VCARD\r\nEND:VCARD"));
        assert_eq!((gone.href.as_str(), gone.status), ("/dav/eva/2.vcf", Some(404)));
    }

    #[test]
    fn where_books_lie() {
        let text = "<multistatus xmlns='DAV:'><response><href>/</href><propstat><prop>\
            <current-user-principal><href>/p/eva/</href></current-user-principal>\
            <C:addressbook-home-set xmlns:C='x'><href>/a/</href><href>/b/</href></C:addressbook-home-set>\
            </prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>";
        let answer = read(text.as_bytes()).unwrap();
        assert_eq!(answer.items[0].principal.as_deref(), Some("/p/eva/"));
        assert_eq!(answer.items[0].homes, ["/a/", "/b/"]);
    }

    #[test]
    fn nonsense_is_none() {
        for text in ["", "<html><body>Login</body></html>", "no xml <", "<multistatus", "{}"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        let deep = "<multistatus>".to_owned() + &"<a>".repeat(100_000);
        assert_eq!(read(deep.as_bytes()), None);
    }
}
