//! What the placeholders of a pattern stand for, of one attachment.

use export::tree::{Field, Values};
use model::RecordKind;
use store::{AddressRole, MailFiles, MediaKind, StoredPart};

use super::settings::FileSettings;
use crate::core::Core;
use crate::error::Result;

/// Word of the settings for what there is not.
const NONE: &str = "none";

/// Reads what is missing of accounts and records.
///
/// # Errors
/// Those of the database.
pub(super) fn values(
    core: &Core,
    settings: &FileSettings,
    mail: &MailFiles,
    part: &StoredPart,
) -> Result<Values> {
    let none = || settings.word(NONE).to_owned();
    let from = mail.about.addresses.iter().find(|(role, _)| *role == AddressRole::From);
    let sender = from.map_or_else(none, |(_, address)| address.folded());
    let domain = sender.rsplit_once('@').map_or_else(none, |(_, domain)| domain.to_owned());
    let account = match mail.line.placements.iter().min_by_key(|place| (place.gone.is_some(), place.fetched))
    {
        Some(place) => core.store.account(place.account)?.map(|account| account.settings.name),
        None => None,
    };
    let (contact, order) = records(core, mail)?;
    let date = mail.line.date.unwrap_or(mail.files.first().map_or(core.now(), |file| file.at));
    let zone = core.store.retention()?.zone();
    let day = jiff::Timestamp::from_millisecond(date.0).unwrap_or_default().to_zoned(zone);
    let kind = mail.kinds.get(&part.number).copied().unwrap_or(MediaKind::Other);
    let name = part.name.clone().filter(|name| !name.trim().is_empty());
    let name = name.unwrap_or_else(|| format!("{} {}", settings.word("file"), part.number));
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    Ok(Values::default()
        .with(Field::Year, format!("{:04}", day.year()))
        .with(Field::Month, format!("{:02}", day.month()))
        .with(Field::Day, format!("{:02}", day.day()))
        .with(Field::Account, account.unwrap_or_else(none))
        .with(Field::Contact, contact.unwrap_or_else(|| domain.clone()))
        .with(Field::Order, order.unwrap_or_else(none))
        .with(Field::Sender, sender)
        .with(Field::Domain, domain)
        .with(Field::Type, settings.word(kind.as_str()))
        .with(Field::Ending, ending.filter(|ending| ending.len() <= 16).unwrap_or_else(none))
        .with(Field::Subject, mail.about.subject.clone())
        .with(Field::Number, mail.line.seq.to_string())
        .with(Field::Name, name))
}

/// What they could stand for where there is no attachment yet.
pub(super) fn invented(settings: &FileSettings) -> Values {
    let pdf = MediaKind::Pdf.as_str();
    Values::default()
        .with(Field::Year, "2026")
        .with(Field::Month, "03")
        .with(Field::Day, "02")
        .with(Field::Account, "info@example.org")
        .with(Field::Contact, "Example AG")
        .with(Field::Order, "4711")
        .with(Field::Sender, "eva@example.org")
        .with(Field::Domain, "example.org")
        .with(Field::Type, settings.word(pdf))
        .with(Field::Ending, pdf)
        .with(Field::Subject, "4711")
        .with(Field::Number, "815")
        .with(Field::Name, "4711.pdf")
}

/// Name or number of the contact and number of the order its message is filed under; of several the first by number, so that it is the same each
/// time.
fn records(core: &Core, mail: &MailFiles) -> Result<(Option<String>, Option<String>)> {
    let first = |kind: RecordKind| {
        mail.line.links.iter().filter(|link| link.kind == kind).min_by(|a, b| a.number.cmp(&b.number))
    };
    let order = first(RecordKind::Order);
    let mut contact = first(RecordKind::Contact).map(|link| link.number.clone());
    if contact.is_none() {
        for link in [order, first(RecordKind::Quote)].into_iter().flatten() {
            let known = core.store.record(link.kind, &link.number)?;
            contact = contact.or(known.and_then(|known| known.record.contact));
        }
    }
    let contact = match contact {
        Some(number) => {
            let known = core.store.record(RecordKind::Contact, &number)?;
            Some(
                known.map(|known| known.record.name).filter(|name| !name.trim().is_empty()).unwrap_or(number),
            )
        }
        None => None,
    };
    Ok((contact, order.map(|link| link.number.clone())))
}
