//! Text of PDF.

use lopdf::{Dictionary, Document, Error, Object};
use model::{Invoice, InvoiceForm};

use super::{Buffer, invoice};
use crate::outcome::Reason;

/// Pages that are read.
const PAGES_MAX: usize = 5_000;
/// Decompressed content of one page with its fonts, octets.
const PAGE_OCTETS_MAX: usize = 32 << 20;

/// Names under which ZUGFeRD and Factur-X embed their XML, lower case.
const INVOICE_NAMES: [&[u8]; 3] = [b"factur-x.xml", b"zugferd-invoice.xml", b"xrechnung.xml"];
/// Octets of an embedded invoice.
const INVOICE_OCTETS_MAX: usize = 8 << 20;
/// Embedded files with such a name that are looked into.
const INVOICES_MAX: usize = 4;

/// Text and invoice of a document.
pub(crate) fn read(octets: &[u8], text: &mut Buffer, found: &mut Option<Invoice>) -> Result<(), Reason> {
    let document = Document::load_mem(octets).map_err(|error| reason(&error))?;
    // What an empty password opens is open after loading.
    if document.is_encrypted() && document.encryption_state.is_none() {
        return Err(Reason::Encrypted);
    }
    *found = embedded(&document);
    let pages = document.get_pages();
    if pages.is_empty() {
        return Err(Reason::Broken);
    }
    let mut failed = None;
    for number in pages.keys().take(PAGES_MAX) {
        match document.extract_text_with_limit(&[*number], PAGE_OCTETS_MAX) {
            Ok(page) => text.push(&page),
            Err(error) => failed = Some(reason(&error)),
        }
        text.line();
        if text.is_full() {
            return Ok(());
        }
    }
    failed.map_or(Ok(()), Err)
}

/// The first embedded file that has the name of an invoice and is one. Source: ISO 32000-1 §7.11.
fn embedded(document: &Document) -> Option<Invoice> {
    let files = document.objects.values().filter_map(|object| object.as_dict().ok());
    let named = files.filter(|file| [&b"UF"[..], b"F"].iter().any(|key| is_invoice_name(file, key)));
    named.take(INVOICES_MAX).find_map(|file| {
        let (_, ef) = document.dereference(file.get(b"EF").ok()?).ok()?;
        let (_, stream) = document.dereference(ef.as_dict().ok()?.get(b"F").ok()?).ok()?;
        let Object::Stream(stream) = stream else { return None };
        let content = stream.get_plain_content_with_limit(INVOICE_OCTETS_MAX).ok()?;
        let invoice = invoice::of_xml(&content)?;
        let form = if invoice.form == InvoiceForm::Cii { InvoiceForm::Zugferd } else { invoice.form };
        Some(Invoice { form, ..invoice })
    })
}

/// Names may be UTF-16: what is not ASCII does not count.
fn is_invoice_name(file: &Dictionary, key: &[u8]) -> bool {
    let Ok(name) = file.get(key).and_then(Object::as_str) else { return false };
    let name: Vec<u8> =
        name.iter().filter(|octet| octet.is_ascii_graphic()).map(u8::to_ascii_lowercase).take(64).collect();
    INVOICE_NAMES.contains(&name.as_slice())
}

fn reason(error: &Error) -> Reason {
    match error {
        Error::Decryption(_) | Error::InvalidPassword | Error::AlreadyEncrypted => Reason::Encrypted,
        Error::Decompress(_) => Reason::TooLarge,
        _ => Reason::Broken,
    }
}
