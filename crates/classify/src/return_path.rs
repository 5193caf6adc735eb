//! Addresses made for one mail: VERP, BATV and SRS.
//!
//! Where a report comes back to such an address, it says whom the mail was sent to even if nothing of it is returned.

use model::{Message, ReturnPath};

/// Fields that hold the address a mail was delivered to, the surest first.
const FIELDS: [&str; 5] = ["X-Original-To", "Envelope-To", "Delivered-To", "X-Envelope-To", "X-Delivered-To"];

/// The decoded address that the mail was sent to, if it is one.
pub(crate) fn of(message: &Message) -> Option<ReturnPath> {
    let fields = FIELDS.iter().filter_map(|name| message.field(name)).flat_map(crate::address::addresses);
    let to = message.to.iter().take(5).map(model::Address::folded);
    fields.map(|found| found.address).take(10).chain(to).find_map(|address| decoded(&address))
}

/// Decodes one address.
///
/// `bounces+joe=b.example@a.example`, `owner-list-joe=b.example@a.example` (VERP), `prvs=0123456789=joe@a.example`
/// (BATV), `srs0=hhh=tt=b.example=joe@a.example`, `srs1=hhh=c.example==hhh=tt=b.example=joe@a.example` (SRS).
pub(crate) fn decoded(address: &str) -> Option<ReturnPath> {
    let address = address.to_lowercase();
    let (local, domain) = address.rsplit_once('@')?;
    srs(local).or_else(|| batv(local, domain)).or_else(|| verp(local, domain))
}

fn srs(local: &str) -> Option<ReturnPath> {
    let rest = local.strip_prefix("srs0").or_else(|| local.strip_prefix("srs1"))?;
    let rest = rest.strip_prefix(['=', '+', '-'])?;
    // SRS1 holds the SRS0 behind its second mark.
    let inner =
        if local.starts_with("srs1") { rest.split_once("==").map_or(rest, |(_, inner)| inner) } else { rest };
    let mut fields = inner.splitn(4, '=');
    let (hash, time, domain, user) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let whole = !hash.is_empty() && time.len() == 2 && domain.contains('.') && !user.is_empty();
    whole.then(|| ReturnPath {
        form: "srs",
        address: format!("{user}@{domain}"),
        base: format!("{hash}={time}"),
    })
}

fn batv(local: &str, domain: &str) -> Option<ReturnPath> {
    let rest = local.strip_prefix("prvs=").or_else(|| local.strip_prefix("msprvs1="))?;
    let (first, second) = rest.split_once(['=', '/'])?;
    // Both orders are in use: `prvs=tag=user` and `prvs=user/tag`.
    let is_tag = |text: &str| text.len() >= 8 && text.bytes().all(|c| c.is_ascii_alphanumeric());
    let (tag, user) = if is_tag(first) { (first, second) } else { (second, first) };
    (is_tag(tag) && !user.is_empty()).then(|| ReturnPath {
        form: "batv",
        address: format!("{user}@{domain}"),
        base: tag.to_owned(),
    })
}

fn verp(local: &str, domain: &str) -> Option<ReturnPath> {
    let (before, of_recipient) = local.rsplit_once('=')?;
    let has_domain = of_recipient.contains('.')
        && of_recipient
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_') || c >= 0x80);
    if !has_domain {
        return None;
    }
    let at = before.find('+').or_else(|| before.rfind('-'))?;
    let (base, user) = (before.get(..at)?, before.get(at + 1..)?);
    (!user.is_empty() && !base.is_empty()).then(|| ReturnPath {
        form: "verp",
        address: format!("{user}@{of_recipient}"),
        base: format!("{base}@{domain}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let check = |address: &str, expected: Option<(&str, &str)>| {
            let got = decoded(address);
            assert_eq!(got.as_ref().map(|p| (p.form, p.address.as_str())), expected, "{address}");
        };
        check("bounces+joe=b.example@a.example", Some(("verp", "joe@b.example")));
        check("Owner-List-Joe.K=b.example@a.example", Some(("verp", "joe.k@b.example")));
        check("prvs=0123abcdef=joe@a.example", Some(("batv", "joe@a.example")));
        check("prvs=joe/0123abcdef@a.example", Some(("batv", "joe@a.example")));
        check("SRS0=HHHH=TT=b.example=joe@a.example", Some(("srs", "joe@b.example")));
        check("srs1=HHHH=c.example==hhhh=tt=b.example=joe@a.example", Some(("srs", "joe@b.example")));
        check("joe@a.example", None);
        check("joe+x@a.example", None);
        check("a=b@a.example", None);
        check("=", None);
    }
}
