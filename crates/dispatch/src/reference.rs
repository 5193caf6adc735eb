//! How a mail of our own is known again when it comes back.

use keys::{MasterKey, Purpose, Signer};
use model::{Message, RecordKey};

/// Makes and checks the signed references of mails of our own: a number of the queue, or the key of a record the mail is
/// about, that only we can sign.
#[derive(Debug)]
pub struct Reference {
    signer: Signer,
    /// Of the master key before: what was sent with it may still come back.
    old: Option<Signer>,
    records: Signer,
    old_records: Option<Signer>,
}

/// Separates the reference from the address that bounces go to (RFC 5233).
const DETAIL: char = '+';
/// Begin of a mark in a subject.
const MARK: &str = "[#";
/// Length of a reference.
const REFERENCE_OCTETS: usize = 34;
/// Records that one mail names; more are left out.
const RECORDS_MAX: usize = 20;

impl Reference {
    /// With the key of this installation.
    pub fn new(master: &MasterKey) -> Self {
        Self {
            signer: Signer::new(master, Purpose::OWN_MAIL),
            old: None,
            records: Signer::new(master, Purpose::OWN_RECORD),
            old_records: None,
        }
    }

    /// Knows what was signed with the key before, too.
    #[must_use]
    pub fn and_old(mut self, master: Option<&MasterKey>) -> Self {
        self.old = master.map(|master| Signer::new(master, Purpose::OWN_MAIL));
        self.old_records = master.map(|master| Signer::new(master, Purpose::OWN_RECORD));
        self
    }

    /// The reference of entry `number` of the queue: 34 letters and digits.
    pub fn sign(&self, number: i64) -> String {
        self.signer.sign_number(number.unsigned_abs())
    }

    /// The number in a reference, if we signed it.
    pub fn verify(&self, reference: &str) -> Option<i64> {
        let number = self.signer.verify_number(reference).ok();
        let number = number.or_else(|| self.old.as_ref()?.verify_number(reference).ok());
        number.and_then(|number| i64::try_from(number).ok())
    }

    /// The number in an address or message id that bears a reference: `bounces+<reference>@example.org` or
    /// `<reference>@example.org`.
    pub fn in_address(&self, address: &str) -> Option<i64> {
        let local = address.trim_matches(['<', '>']).split_once('@').map_or(address, |(local, _)| local);
        let reference = local.rsplit_once(DETAIL).map_or(local, |(_, detail)| detail);
        self.verify(reference)
    }

    /// A `Message-ID` (RFC 5322 §3.6.4) without angle brackets that names a record: `<unique>+<reference>@<domain>`.
    ///
    /// `unique`: letters and digits that no other mail has.
    pub fn record_id(&self, record: RecordKey, unique: &str, domain: &str) -> String {
        format!("{unique}{DETAIL}{}@{domain}", self.sign_record(record))
    }

    /// What may stand at the end of a subject, for programs that lose `In-Reply-To`: `[#<reference>]`.
    pub fn subject_mark(&self, record: RecordKey) -> String {
        format!("{MARK}{}]", self.sign_record(record))
    }

    fn sign_record(&self, record: RecordKey) -> String {
        self.records.sign_number(record.0.unsigned_abs())
    }

    fn record(&self, reference: &str) -> Option<RecordKey> {
        let number = self.records.verify_number(reference).ok();
        let number = number.or_else(|| self.old_records.as_ref()?.verify_number(reference).ok());
        number.and_then(|number| i64::try_from(number).ok()).map(RecordKey)
    }

    /// Records that a mail names by references that we have signed, in `In-Reply-To`, `References` and marks of its
    /// subject; each once, at most `RECORDS_MAX`.
    pub fn records(&self, message: &Message) -> Vec<RecordKey> {
        let ids = message.in_reply_to.iter().chain(&message.references);
        let ids =
            ids.filter_map(|id| id.as_str().split_once('@')?.0.rsplit_once(DETAIL).map(|(_, detail)| detail));
        let subject = message.subject.as_deref().unwrap_or_default();
        let marks = subject.split(MARK).skip(1).filter_map(|rest| rest.split_once(']').map(|(mark, _)| mark));
        let mut found: Vec<RecordKey> = Vec::new();
        for record in ids
            .chain(marks)
            .filter(|text| text.len() == REFERENCE_OCTETS)
            .filter_map(|text| self.record(text))
        {
            if !found.contains(&record) && found.len() < RECORDS_MAX {
                found.push(record);
            }
        }
        found
    }
}

/// The address bounces of a mail go to: `bounces@example.org` becomes `bounces+<reference>@example.org`. `None` if there
/// is no address, or it would be longer than RFC 5321 §4.5.3.1.1 allows; then the mail goes out with the null return path
/// or that of its author, as the caller decides.
pub fn return_path(bounces: &str, reference: &str) -> Option<String> {
    let (local, domain) = bounces.rsplit_once('@')?;
    let local = format!("{local}{DETAIL}{reference}");
    (local.len() <= 64).then(|| format!("{local}@{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_again_in_any_case_and_only_ours() {
        let ours = Reference::new(&MasterKey::from_octets([1; 32]));
        let others = Reference::new(&MasterKey::from_octets([2; 32]));
        let reference = ours.sign(4711);
        let address = return_path("bounces@example.org", &reference).unwrap();
        assert_eq!(address, format!("bounces+{reference}@example.org"));
        assert_eq!(ours.in_address(&address.to_uppercase()), Some(4711));
        assert_eq!(ours.in_address(&format!("<{reference}@example.org>")), Some(4711));
        assert_eq!(others.in_address(&address), None);
        let later =
            Reference::new(&MasterKey::from_octets([3; 32])).and_old(Some(&MasterKey::from_octets([1; 32])));
        assert_eq!(later.in_address(&address), Some(4711));
        assert_eq!(ours.in_address("bounces@example.org"), None);
        assert_eq!(ours.in_address(""), None);
        assert_eq!(return_path(&format!("{}@example.org", "b".repeat(40)), &reference), None);
        assert_eq!(return_path("nonsense", &reference), None);
    }

    #[test]
    fn records_are_named_by_message_ids_and_marks() {
        let ours = Reference::new(&MasterKey::from_octets([1; 32]));
        let others = Reference::new(&MasterKey::from_octets([2; 32]));
        let later =
            Reference::new(&MasterKey::from_octets([3; 32])).and_old(Some(&MasterKey::from_octets([1; 32])));
        let mail = |subject: &str, answers: &[&str], references: &[&str]| {
            let ids = |ids: &[&str]| ids.iter().map(|&id| model::MessageId(id.to_owned())).collect();
            Message {
                subject: Some(subject.to_owned()),
                in_reply_to: ids(answers),
                references: ids(references),
                ..Message::default()
            }
        };
        let (id, mark) =
            (ours.record_id(RecordKey(7), "abc", "our.example"), ours.subject_mark(RecordKey(9)));
        let subject = format!("AW: Angebot {}", mark.to_uppercase());
        let answer = mail(&subject, &[&id], &["x@y.example", &id]);
        assert_eq!(ours.records(&answer), [RecordKey(7), RecordKey(9)]);
        assert_eq!(later.records(&answer), [RecordKey(7), RecordKey(9)]);
        assert_eq!(others.records(&answer), []);
        assert_eq!(
            ours.verify(&ours.sign_record(RecordKey(7))),
            None,
            "a number of the queue is something else"
        );
        assert_eq!(ours.records(&mail("[#1] [#", &["+@x", "a+b@c"], &[])), []);
        let many: String = (0..50).map(|n| ours.subject_mark(RecordKey(n)) + " ").collect();
        assert_eq!(ours.records(&mail(&many, &[], &[])).len(), RECORDS_MAX);
    }
}
