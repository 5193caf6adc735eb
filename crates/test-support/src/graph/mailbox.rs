//! What the mailbox holds, and what has changed in it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Folders every mailbox has: well-known name, name to show, id.
const FOLDERS: [(&str, &str); 6] = [
    ("inbox", "Posteingang"),
    ("sentitems", "Gesendete Elemente"),
    ("drafts", "Entwürfe"),
    ("deleteditems", "Gelöschte Elemente"),
    ("junkemail", "Junk-E-Mail"),
    ("outbox", "Postausgang"),
];

/// A request that is refused.
pub(super) struct Fault {
    pub(super) words: String,
    pub(super) status: u16,
    pub(super) retry_after: Option<u32>,
    pub(super) times: usize,
}

pub(super) struct Folder {
    pub(super) id: String,
    pub(super) name: String,
    parent: Option<String>,
    well_known: Option<&'static str>,
}

#[derive(Clone)]
pub(super) struct Mail {
    number: usize,
    pub(super) folder: String,
    pub(super) octets: Vec<u8>,
    is_read: bool,
    /// Number of its last change in this folder; 0: never told of.
    changed: u64,
}

pub(super) struct Mailbox {
    pub(super) owner: String,
    pub(super) origin: String,
    folders: Vec<Folder>,
    /// By immutable id.
    mails: BTreeMap<String, Mail>,
    /// Number of the change, folder, mail.
    gone: Vec<(u64, String, String)>,
    /// Lists begun: the change they hold up to, and their mails.
    lists: Vec<(u64, Vec<String>)>,
    change: u64,
    delivered: usize,
    pub(super) epoch: u32,
    pub(super) page_max: usize,
    pub(super) faults: Vec<Fault>,
    pub(super) cuts: usize,
    pub(super) sent: Vec<Vec<u8>>,
    pub(super) requests: Vec<String>,
}

/// A page, and the token of what comes after: of the next page, or of later changes.
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    pub(super) next: Option<String>,
    pub(super) delta: Option<String>,
}

impl Mailbox {
    pub(super) fn new(owner: &str, origin: &str) -> Self {
        let folder = |(well_known, name): &(&'static str, &str)| Folder {
            id: format!("AAMkAGI2NGVh-{well_known}="),
            name: (*name).to_owned(),
            parent: None,
            well_known: Some(well_known),
        };
        Self {
            owner: owner.to_owned(),
            origin: origin.to_owned(),
            folders: FOLDERS.iter().map(folder).collect(),
            mails: BTreeMap::new(),
            gone: Vec::new(),
            lists: Vec::new(),
            change: 1,
            delivered: 0,
            epoch: 1,
            page_max: usize::MAX,
            faults: Vec::new(),
            cuts: 0,
            sent: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// By id or well-known name.
    pub(super) fn find(&self, folder: &str) -> Option<&Folder> {
        self.folders.iter().find(|known| known.id == folder || known.well_known == Some(folder))
    }

    pub(super) fn children(&self, parent: Option<&str>) -> Vec<&Folder> {
        self.folders.iter().filter(|folder| folder.parent.as_deref() == parent).collect()
    }

    pub(super) fn make(&mut self, name: &str, parent: Option<&str>) -> String {
        let id = format!("AAMkAGI2NGVh-folder-{}=", self.folders.len());
        let parent = parent.and_then(|parent| self.find(parent)).map(|parent| parent.id.clone());
        self.folders.push(Folder { id: id.clone(), name: name.to_owned(), parent, well_known: None });
        id
    }

    fn path(&self, folder: &Folder) -> String {
        match folder.parent.as_deref().and_then(|parent| self.find(parent)) {
            Some(parent) => format!("{}/{}", self.path(parent), folder.name),
            None => folder.name.clone(),
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.folders.iter().map(|folder| self.path(folder)).collect()
    }

    fn next_change(&mut self) -> u64 {
        self.change += 1;
        self.change
    }

    pub(super) fn deliver(&mut self, folder: &str, octets: &[u8]) -> String {
        let folder = self.find(folder).map(|folder| folder.id.clone()).unwrap_or_default();
        assert!(!folder.is_empty(), "there is such a folder");
        self.delivered += 1;
        let (number, changed) = (self.delivered, self.next_change());
        let id = format!("AAkALgAAAAAAHYQDEapmEc2byACq-EWg0{number:06}=");
        self.mails
            .insert(id.clone(), Mail { number, folder, octets: octets.to_vec(), is_read: false, changed });
        id
    }

    /// The immutable id of a mail, by it or by the id that changes with the folder.
    pub(super) fn immutable(&self, id: &str) -> Option<String> {
        if self.mails.contains_key(id) {
            return Some(id.to_owned());
        }
        self.mails.iter().find(|(_, mail)| regular(mail) == id).map(|(immutable, _)| immutable.clone())
    }

    pub(super) fn mail(&self, id: &str) -> Option<&Mail> {
        self.mails.get(id)
    }

    pub(super) fn move_to(&mut self, id: &str, folder: &str) -> Option<()> {
        let to = self.find(folder)?.id.clone();
        let from = self.mails.get(id)?.folder.clone();
        let change = self.next_change();
        self.gone.push((change, from, id.to_owned()));
        let mail = self.mails.get_mut(id)?;
        (mail.folder, mail.changed) = (to, change);
        Some(())
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        let Some(mail) = self.mails.remove(id) else { return false };
        let change = self.next_change();
        self.gone.push((change, mail.folder, id.to_owned()));
        true
    }

    pub(super) fn read(&mut self, id: &str, is_read: bool) -> bool {
        let change = self.next_change();
        let Some(mail) = self.mails.get_mut(id) else { return false };
        (mail.is_read, mail.changed) = (is_read, change);
        true
    }

    pub(super) fn place(&self, id: &str) -> Option<(String, bool)> {
        let mail = self.mails.get(id)?;
        Some((self.path(self.find(&mail.folder)?), mail.is_read))
    }

    pub(super) fn forget_changes(&mut self) {
        self.mails.values_mut().for_each(|mail| mail.changed = 0);
        self.gone.clear();
    }

    /// The fault that is to happen with this request.
    pub(super) fn fault(&mut self, request: &str) -> Option<(u16, Option<u32>)> {
        let fault = self.faults.iter_mut().find(|fault| fault.times > 0 && request.contains(&fault.words))?;
        fault.times -= 1;
        Some((fault.status, fault.retry_after))
    }

    pub(super) fn folder_json(&self, folder: &Folder) -> Value {
        json!({
            "id": folder.id,
            "displayName": folder.name,
            "parentFolderId": folder.parent.as_deref().unwrap_or("AAMkAGI2NGVh-root="),
            "childFolderCount": self.children(Some(&folder.id)).len(),
            "totalItemCount": self.mails.values().filter(|mail| mail.folder == folder.id).count(),
            "isHidden": false,
        })
    }

    /// A mail as JSON; known by the id that stays, if that was asked for.
    pub(super) fn mail_json(&self, id: &str, is_immutable: bool) -> Option<Value> {
        let mail = self.mails.get(id)?;
        let (n, shown) = (mail.number, if is_immutable { id.to_owned() } else { regular(mail) });
        Some(json!({
            "@odata.etag": format!("W/\"{}\"", mail.changed),
            "id": shown,
            "receivedDateTime": format!("2026-01-01T{:02}:{:02}:{:02}Z", n / 3600 % 24, n / 60 % 60, n % 60),
            "isRead": mail.is_read,
            "isDraft": false,
            "flag": { "flagStatus": "notFlagged" },
            "parentFolderId": mail.folder,
        }))
    }

    fn in_folder(&self, folder: &str) -> Vec<String> {
        let mut list: Vec<(usize, String)> = self
            .mails
            .iter()
            .filter(|(_, mail)| mail.folder == folder)
            .map(|(id, mail)| (mail.number, id.clone()))
            .collect();
        list.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        list.into_iter().map(|(_, id)| id).collect()
    }

    /// Ids of a folder from `skip` on.
    pub(super) fn listed(&self, folder: &str, skip: usize, top: usize, is_immutable: bool) -> Page {
        let all = self.in_folder(folder);
        let top = top.min(self.page_max).max(1);
        let shown = all.iter().skip(skip).take(top);
        let id = |id: &String| {
            if is_immutable { id.clone() } else { self.mails.get(id).map(regular).unwrap_or_default() }
        };
        Page {
            items: shown.map(|it| json!({ "@odata.etag": "W/\"1\"", "id": id(it) })).collect(),
            next: (all.len() > skip + top).then(|| (skip + top).to_string()),
            delta: None,
        }
    }

    /// A page of changes; `None` if the token is good no more.
    pub(super) fn delta(
        &mut self,
        folder: &str,
        token: Option<&str>,
        top: usize,
        is_immutable: bool,
    ) -> Option<Page> {
        let top = top.min(self.page_max).max(1);
        let epoch = self.epoch;
        let Some(token) = token else {
            let all = self.in_folder(folder);
            // Those nobody is told of.
            let all = all.into_iter().filter(|id| self.mails.get(id).is_some_and(|mail| mail.changed > 0));
            let all = all.collect();
            self.lists.push((self.change, all));
            return self.begun(self.lists.len() - 1, 0, top, is_immutable);
        };
        let mut parts = token.split('-');
        if parts.next()?.parse::<u32>().ok()? != epoch {
            return None;
        }
        let kind = parts.next()?;
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        if kind == "list" {
            return self.begun(
                number(parts.next())? as usize,
                number(parts.next())? as usize,
                top,
                is_immutable,
            );
        }
        let since = number(parts.next())?;
        let here = self.mails.iter().filter(|(_, mail)| mail.folder == folder && mail.changed > since);
        let mut changes: Vec<(u64, Value)> =
            here.filter_map(|(id, mail)| Some((mail.changed, self.mail_json(id, is_immutable)?))).collect();
        let gone = self.gone.iter().filter(|(change, from, _)| from == folder && *change > since);
        let gone = gone.filter(|(_, from, id)| self.mails.get(id).is_none_or(|mail| mail.folder != *from));
        changes.extend(
            gone.map(|(change, _, id)| (*change, json!({ "id": id, "@removed": { "reason": "deleted" } }))),
        );
        changes.sort_by_key(|(change, _)| *change);
        let is_last = changes.len() <= top;
        changes.truncate(top);
        let last =
            if is_last { self.change } else { changes.last().map_or(self.change, |(change, _)| *change) };
        let token = format!("{epoch}-since-{last}");
        Some(Page {
            items: changes.into_iter().map(|(_, item)| item).collect(),
            next: (!is_last).then(|| token.clone()),
            delta: is_last.then_some(token),
        })
    }

    /// A page of a list that holds all mails of a folder at one time; those that have gone since are left out.
    fn begun(&self, list: usize, skip: usize, top: usize, is_immutable: bool) -> Option<Page> {
        let (change, all) = self.lists.get(list)?;
        let shown = all.iter().skip(skip).take(top);
        let items = shown.filter_map(|id| self.mail_json(id, is_immutable)).collect();
        let is_last = all.len() <= skip + top;
        let epoch = self.epoch;
        Some(Page {
            items,
            next: (!is_last).then(|| format!("{epoch}-list-{list}-{}", skip + top)),
            delta: is_last.then(|| format!("{epoch}-since-{change}")),
        })
    }
}

/// The id that changes when the mail is moved.
fn regular(mail: &Mail) -> String {
    format!("AAMkAGI2NGVh-{}-{}", mail.number, mail.folder)
}
