//! Mails to try the program with: invented, German and English, of several kinds.

/// File name and octets of each.
pub const MAILS: &[(&str, &[u8])] = &[
    ("01-anfrage.eml", include_bytes!("../samples/01-anfrage.eml")),
    ("02-angebot.eml", include_bytes!("../samples/02-angebot.eml")),
    ("03-bestellung.eml", include_bytes!("../samples/03-bestellung.eml")),
    ("04-lieferung.eml", include_bytes!("../samples/04-lieferung.eml")),
    ("05-abwesenheit.eml", include_bytes!("../samples/05-abwesenheit.eml")),
    ("06-ruecklaeufer.eml", include_bytes!("../samples/06-ruecklaeufer.eml")),
    ("07-rundbrief.eml", include_bytes!("../samples/07-rundbrief.eml")),
    ("08-rechnung.eml", include_bytes!("../samples/08-rechnung.eml")),
    ("09-delivery-date.eml", include_bytes!("../samples/09-delivery-date.eml")),
    ("10-delivery-date-reply.eml", include_bytes!("../samples/10-delivery-date-reply.eml")),
    ("11-mitglied.eml", include_bytes!("../samples/11-mitglied.eml")),
    ("12-lesebestaetigung.eml", include_bytes!("../samples/12-lesebestaetigung.eml")),
];
