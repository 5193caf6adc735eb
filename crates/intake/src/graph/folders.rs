//! Which folders a mailbox has, and what each is for.

use std::collections::{HashMap, VecDeque};

use connect::Method;

use super::client::{Client, unreadable};
use super::json::{self, Folder, Link};
use super::refusal::Trouble;
use crate::imap::{During, ImapError, Mailbox, MailboxStatus, SpecialUse};

/// More folders of a mailbox than this are not looked at.
const FOLDERS_MAX: usize = 10_000;
/// Pages of one list; more would be a circle.
const PAGES_MAX: usize = 1_000;
/// Folders by what they are for, whatever they are called.
///
/// Source: Microsoft Graph, "mailFolder resource type", well-known folder names.
const WELL_KNOWN: [(&str, SpecialUse); 6] = [
    ("inbox", SpecialUse::Inbox),
    ("sentitems", SpecialUse::Sent),
    ("drafts", SpecialUse::Drafts),
    ("deleteditems", SpecialUse::Trash),
    ("junkemail", SpecialUse::Junk),
    ("archive", SpecialUse::Archive),
];

/// Special uses by the id of the folder.
pub(super) type SpecialUses = HashMap<String, SpecialUse>;

/// Asks for the folders with a use of their own. The mailbox is there if its inbox is.
///
/// # Errors
/// `LoginRefused` if there is no such mailbox.
pub(super) async fn special_uses(client: &Client) -> Result<SpecialUses, ImapError> {
    let mut found = SpecialUses::new();
    for (name, special_use) in WELL_KNOWN {
        let mut url = client.address(&["mailFolders", name]);
        url.query_pairs_mut().append_pair("$select", "id");
        match client.get(url, During::List).await {
            Ok(octets) => {
                found.insert(json::single_folder(&octets).map_err(unreadable)?.id, special_use);
            }
            Err(Trouble::Refused(refusal)) if refusal.is_missing() && special_use != SpecialUse::Inbox => {}
            Err(Trouble::Refused(refusal)) if refusal.is_missing() => {
                let code = Some(refusal.code.clone()).filter(|code| !code.is_empty());
                return Err(ImapError::LoginRefused { code, words: refusal.said() });
            }
            Err(trouble) => return Err(trouble.into()),
        }
    }
    Ok(found)
}

/// All folders, the inbox first; levels of names are separated by `/`.
pub(super) async fn list(client: &Client, special_uses: &SpecialUses) -> Result<Vec<Mailbox>, ImapError> {
    let mut all = Vec::new();
    let mut levels: VecDeque<(Option<String>, String)> = VecDeque::from([(None, String::new())]);
    while let Some((parent, path)) = levels.pop_front() {
        for folder in children(client, parent.as_deref()).await? {
            if all.len() >= FOLDERS_MAX {
                return Err(ImapError::Protocol { what: format!("more than {FOLDERS_MAX} folders") });
            }
            let name = format!("{path}{}", folder.name);
            // A folder that is its own ancestor would never end.
            if folder.children > 0 && !all.iter().any(|known: &Mailbox| known.raw == folder.id.as_bytes()) {
                levels.push_back((Some(folder.id.clone()), format!("{name}/")));
            }
            all.push(mailbox(&folder, name, special_uses));
        }
    }
    all.sort_by_key(|mailbox| mailbox.special_use != Some(SpecialUse::Inbox));
    Ok(all)
}

fn mailbox(folder: &Folder, name: String, special_uses: &SpecialUses) -> Mailbox {
    let raw = folder.id.clone().into_bytes();
    Mailbox {
        status: Some(MailboxStatus {
            raw: raw.clone(),
            messages: folder.messages,
            ..MailboxStatus::default()
        }),
        special_use: special_uses.get(&folder.id).copied(),
        is_selectable: !folder.is_search,
        delimiter: Some('/'),
        name,
        raw,
    }
}

async fn children(client: &Client, parent: Option<&str>) -> Result<Vec<Folder>, ImapError> {
    let mut url = match parent {
        None => client.address(&["mailFolders"]),
        Some(parent) => client.address(&["mailFolders", parent, "childFolders"]),
    };
    url.query_pairs_mut()
        .append_pair("$select", "id,displayName,childFolderCount,totalItemCount")
        .append_pair("$top", "200");
    let mut folders = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = match client.get(url, During::List).await {
            Ok(octets) => json::folders(&octets).map_err(unreadable)?,
            // It was removed since its parent was listed.
            Err(Trouble::Refused(refusal)) if refusal.is_missing() && parent.is_some() => return Ok(folders),
            Err(trouble) => return Err(trouble.into()),
        };
        folders.extend(page.items);
        match page.link {
            Link::Next(next) => url = client.link(&next)?,
            Link::Delta(_) | Link::End => return Ok(folders),
        }
    }
    Err(ImapError::Protocol { what: "a list of folders without an end".to_owned() })
}

/// The folder meant by this name, if it is there: by id, by name with its levels, or as the inbox.
pub(super) fn find<'m>(folders: &'m [Mailbox], wanted: &str) -> Option<&'m Mailbox> {
    let clean = levels(wanted).join("/");
    let by = |is: &dyn Fn(&Mailbox) -> bool| folders.iter().find(|folder| folder.is_selectable && is(folder));
    by(&|folder| folder.raw == wanted.as_bytes()).or_else(|| by(&|folder| folder.name == clean)).or_else(
        || {
            let is_inbox = wanted.eq_ignore_ascii_case("inbox");
            by(&|folder| is_inbox && folder.special_use == Some(SpecialUse::Inbox))
        },
    )
}

/// The levels of a name, `/` between them.
fn levels(wanted: &str) -> Vec<String> {
    let clean = |level: &str| level.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned();
    wanted.split('/').map(clean).filter(|level| !level.is_empty()).collect()
}

/// Makes a folder, and those above it that are missing. One that was made meanwhile counts.
pub(super) async fn make(
    client: &Client,
    folders: &mut Vec<Mailbox>,
    special_uses: &SpecialUses,
    wanted: &str,
) -> Result<Mailbox, Trouble> {
    let mut parent: Option<Mailbox> = None;
    let mut path = String::new();
    for level in levels(wanted) {
        let name = format!("{path}{level}");
        path = format!("{name}/");
        if let Some(known) = find(folders, &name) {
            parent = Some(known.clone());
            continue;
        }
        let above = parent.as_ref().map(|parent| String::from_utf8_lossy(&parent.raw).into_owned());
        let url = match &above {
            None => client.address(&["mailFolders"]),
            Some(above) => client.address(&["mailFolders", above, "childFolders"]),
        };
        let body = serde_json::json!({ "displayName": level }).to_string().into_bytes();
        let made = client.answer(Method::POST, url, Some(("application/json", body)), During::Change).await;
        let folder = match made {
            Ok(octets) => mailbox(&json::single_folder(&octets).map_err(unreadable)?, name, special_uses),
            Err(Trouble::Refused(refusal))
                if refusal.status == 409 || refusal.code == "ErrorFolderExists" =>
            {
                *folders = list(client, special_uses).await?;
                find(folders, &name).cloned().ok_or(Trouble::Refused(refusal))?
            }
            Err(trouble) => return Err(trouble),
        };
        if !folders.iter().any(|known| known.raw == folder.raw) {
            folders.push(folder.clone());
        }
        parent = Some(folder);
    }
    parent.ok_or_else(|| ImapError::Protocol { what: "a folder without a name".to_owned() }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_found_by_id_and_by_name() {
        let special_uses = SpecialUses::from([("1".to_owned(), SpecialUse::Inbox)]);
        let folder = |id: &str, name: &str| {
            let found = Folder {
                id: id.to_owned(),
                name: name.to_owned(),
                children: 0,
                messages: None,
                is_search: id == "4",
            };
            mailbox(&found, name.to_owned(), &special_uses)
        };
        let all = [
            folder("1", "Posteingang"),
            folder("2", "Berichte"),
            folder("3", "Berichte/Alt"),
            folder("4", "Suche"),
        ];
        let check = |wanted: &str, expected: Option<&str>| {
            let found = find(&all, wanted).map(|folder| String::from_utf8_lossy(&folder.raw).into_owned());
            assert_eq!(found.as_deref(), expected, "{wanted}");
        };
        check("INBOX", Some("1"));
        check("Posteingang", Some("1"));
        check("/Berichte/ Alt/", Some("3"));
        check("3", Some("3"));
        check("Suche", None);
        check("Alt", None);
    }
}
