//! Invoices a program can read: UBL and Cross Industry Invoice, as XRechnung, ZUGFeRD and Factur-X have them. Source: EN 16931-3.

use memchr::memmem;
use model::{Day, Invoice, InvoiceForm};

use super::xml::{self, Go, Node};

/// Elements inside each other that are told apart; what is below is passed over.
const DEPTH_MAX: usize = 6;
/// Octets of a field that are read.
const FIELD_OCTETS_MAX: usize = 4096;
/// Characters of a number or name that are kept.
const CHARS_MAX: usize = 200;
/// Octets in which the name of the first element has to stand.
const HEAD_OCTETS: usize = 8192;

/// Fields as they stand in the document.
#[derive(Debug, Default)]
struct Fields {
    number: String,
    date: String,
    total: String,
    payable: String,
    currency: String,
    seller: String,
    name: String,
}

/// The invoice these octets are, if they are one.
pub(crate) fn of_xml(octets: &[u8]) -> Option<Invoice> {
    let head = &octets[..octets.len().min(HEAD_OCTETS)];
    if !["Invoice", "CreditNote", "CrossIndustry"]
        .iter()
        .any(|name| memmem::find(head, name.as_bytes()).is_some())
    {
        return None;
    }
    let mut fields = Fields::default();
    let mut form = None;
    let mut path: Vec<String> = Vec::new();
    let mut below = 0_usize;
    let mut text = String::new();
    // What was read before a damage is worth having.
    let _ = xml::read(octets, |node| {
        match node {
            Node::Start(name, _) if path.is_empty() => {
                form = match name {
                    "Invoice" | "CreditNote" => Some(InvoiceForm::Ubl),
                    "CrossIndustryInvoice" | "CrossIndustryDocument" => Some(InvoiceForm::Cii),
                    _ => return Go::Stop,
                };
                path.push(name.to_owned());
            }
            Node::Start(..) if below > 0 || path.len() >= DEPTH_MAX => below += 1,
            Node::Start(name, _) => {
                path.push(name.to_owned());
                text.clear();
            }
            Node::Text(piece) if below == 0 && text.len() < FIELD_OCTETS_MAX => {
                text.extend(piece.chars().take(FIELD_OCTETS_MAX));
            }
            Node::Text(_) => {}
            Node::End(_) if below > 0 => below -= 1,
            Node::End(_) => {
                if let Some(field) = fields.of(&path)
                    && field.is_empty()
                {
                    *field = text.split_whitespace().collect::<Vec<_>>().join(" ");
                }
                text.clear();
                path.pop();
                if path.is_empty() {
                    return Go::Stop;
                }
            }
        }
        Go::On
    });
    fields.invoice(form?)
}

impl Fields {
    /// The field that ends here.
    fn of(&mut self, path: &[String]) -> Option<&mut String> {
        let path: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
        Some(match path.as_slice() {
            ["ID"] | ["ExchangedDocument" | "HeaderExchangedDocument", "ID"] => &mut self.number,
            ["IssueDate"]
            | ["ExchangedDocument" | "HeaderExchangedDocument", "IssueDateTime", "DateTimeString"] => {
                &mut self.date
            }
            ["DocumentCurrencyCode"] | [_, _, "InvoiceCurrencyCode"] => &mut self.currency,
            ["LegalMonetaryTotal", "TaxInclusiveAmount"] => &mut self.total,
            ["LegalMonetaryTotal", "PayableAmount"] => &mut self.payable,
            [
                _,
                "ApplicableHeaderTradeSettlement" | "ApplicableSupplyChainTradeSettlement",
                "SpecifiedTradeSettlementHeaderMonetarySummation"
                | "SpecifiedTradeSettlementMonetarySummation",
                amount,
            ] => match *amount {
                "GrandTotalAmount" => &mut self.total,
                "DuePayableAmount" => &mut self.payable,
                _ => return None,
            },
            ["AccountingSupplierParty", "Party", "PartyLegalEntity", "RegistrationName"]
            | [
                _,
                "ApplicableHeaderTradeAgreement" | "ApplicableSupplyChainTradeAgreement",
                "SellerTradeParty",
                "Name",
            ] => &mut self.seller,
            ["AccountingSupplierParty", "Party", "PartyName", "Name"] => &mut self.name,
            _ => return None,
        })
    }

    /// Only with a number, and a date or a sum.
    fn invoice(self, form: InvoiceForm) -> Option<Invoice> {
        let either = |one: String, other: String| if one.is_empty() { other } else { one };
        let short = |text: String| text.chars().take(CHARS_MAX).collect::<String>();
        let date = date(&self.date);
        let total = either(amount(&self.total), amount(&self.payable));
        if self.number.is_empty() || date.is_none() && total.is_empty() {
            return None;
        }
        let is_code =
            self.currency.len() == 3 && self.currency.bytes().all(|octet| octet.is_ascii_uppercase());
        Some(Invoice {
            form,
            number: short(self.number),
            date,
            total,
            currency: if is_code { self.currency } else { String::new() },
            seller: short(either(self.seller, self.name)),
        })
    }
}

/// `YYYY-MM-DD`, perhaps with a zone behind it, or `YYYYMMDD`.
fn date(text: &str) -> Option<Day> {
    let digits = text.get(..8).filter(|digits| digits.bytes().all(|octet| octet.is_ascii_digit()));
    if let Some(digits) = digits {
        return Day::of_text(&format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]));
    }
    Day::of_text(text.get(..10)?)
}

fn amount(text: &str) -> String {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_decimal = digits.len() <= 30
        && digits.bytes().any(|octet| octet.is_ascii_digit())
        && digits.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.')
        && digits.bytes().filter(|octet| *octet == b'.').count() <= 1;
    if is_decimal { text.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UBL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ubl:Invoice xmlns:ubl="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cac="a" xmlns:cbc="b">
 <cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0</cbc:CustomizationID>
 <cbc:ID>R-2026/0815</cbc:ID><cbc:IssueDate>2026-02-28+01:00</cbc:IssueDate>
 <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
 <cac:OrderReference><cbc:ID>B-1</cbc:ID></cac:OrderReference>
 <cac:AccountingSupplierParty><cac:Party><cac:PartyName><cbc:Name>Laden</cbc:Name></cac:PartyName>
  <cac:PartyLegalEntity><cbc:RegistrationName>Müller &amp; Söhne GmbH</cbc:RegistrationName></cac:PartyLegalEntity>
 </cac:Party></cac:AccountingSupplierParty>
 <cac:LegalMonetaryTotal><cbc:TaxInclusiveAmount currencyID="EUR">1190.00</cbc:TaxInclusiveAmount>
  <cbc:PayableAmount currencyID="EUR">190.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
 <cac:InvoiceLine><cbc:ID>1</cbc:ID></cac:InvoiceLine>
</ubl:Invoice>"#;

    const CII: &str = r#"<rsm:CrossIndustryInvoice xmlns:rsm="r" xmlns:ram="a" xmlns:udt="u">
 <rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn:factur-x.eu:1p0:minimum</ram:ID>
 </ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>
 <rsm:ExchangedDocument><ram:ID>471102</ram:ID><ram:TypeCode>380</ram:TypeCode><ram:IssueDateTime>
  <udt:DateTimeString format="102">20240305</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction><ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty><ram:Name>Lieferant GmbH</ram:Name>
  </ram:SellerTradeParty></ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeSettlement>
  <ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode><ram:SpecifiedTradeSettlementHeaderMonetarySummation>
  <ram:TaxBasisTotalAmount>198.00</ram:TaxBasisTotalAmount><ram:GrandTotalAmount>235.62</ram:GrandTotalAmount>
  </ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>"#;

    fn check(xml: &str, expected: Option<(InvoiceForm, &str, &str, &str, &str, &str)>) {
        let found = of_xml(xml.as_bytes()).map(|invoice| {
            let date = invoice.date.map(|day| day.to_string()).unwrap_or_default();
            (invoice.form, invoice.number, date, invoice.total, invoice.currency, invoice.seller)
        });
        let found = found.as_ref().map(|(form, number, date, total, currency, seller)| {
            (*form, number.as_str(), date.as_str(), total.as_str(), currency.as_str(), seller.as_str())
        });
        assert_eq!(found, expected, "{xml}");
    }

    #[test]
    fn both_languages_are_read() {
        let ubl = (InvoiceForm::Ubl, "R-2026/0815", "2026-02-28", "1190.00", "EUR", "Müller & Söhne GmbH");
        check(UBL, Some(ubl));
        check(CII, Some((InvoiceForm::Cii, "471102", "2024-03-05", "235.62", "EUR", "Lieferant GmbH")));
        let credit = UBL.replace("ubl:Invoice", "ubl:CreditNote");
        check(&credit, Some(ubl));
        // ZUGFeRD 1.0 names its parts otherwise.
        let old = CII
            .replace("CrossIndustryInvoice", "CrossIndustryDocument")
            .replace("rsm:ExchangedDocument>", "rsm:HeaderExchangedDocument>")
            .replace("HeaderTradeAgreement", "SupplyChainTradeAgreement")
            .replace("HeaderTradeSettlement", "SupplyChainTradeSettlement")
            .replace("SettlementHeaderMonetary", "SettlementMonetary");
        check(&old, Some((InvoiceForm::Cii, "471102", "2024-03-05", "235.62", "EUR", "Lieferant GmbH")));
    }

    #[test]
    fn damaged_and_odd_ones_give_what_is_there() {
        let cut = &UBL[..UBL.find("<cac:OrderReference").unwrap()];
        check(cut, Some((InvoiceForm::Ubl, "R-2026/0815", "2026-02-28", "", "EUR", "")));
        let wrong =
            UBL.replace("1190.00", "viel").replace("2026-02-28", "2026-02-30").replace(">EUR<", ">Euro<");
        check(&wrong, Some((InvoiceForm::Ubl, "R-2026/0815", "", "190.00", "", "Müller & Söhne GmbH")));
        let paid = UBL.replace("TaxInclusiveAmount", "Other");
        let name = "Müller & Söhne GmbH";
        check(&paid, Some((InvoiceForm::Ubl, "R-2026/0815", "2026-02-28", "190.00", "EUR", name)));
        check(&UBL.replace("<cbc:ID>R-2026/0815</cbc:ID>", ""), None);
        check("<html><body>Invoice</body></html>", None);
        check("Invoice", None);
        check("", None);
        let deep = format!("<Invoice>{}", "<a>".repeat(100_000));
        check(&deep, None);
        let bomb = format!(
            "<!DOCTYPE x [<!ENTITY a \"{}\">]><Invoice><ID>&a;&a;</ID><IssueDate>2024-01-01</IssueDate></Invoice>",
            "x".repeat(1000)
        );
        check(&bomb, None);
        let long =
            format!("<Invoice><ID>{}</ID><IssueDate>2024-01-01</IssueDate></Invoice>", "7".repeat(100_000));
        assert_eq!(of_xml(long.as_bytes()).unwrap().number.len(), CHARS_MAX);
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(at in 0_usize..UBL.len(), octet in any::<u8>(), cut in 0_usize..UBL.len()) {
            let mut octets = UBL.as_bytes().to_vec();
            octets[at] = octet;
            octets.truncate(cut.max(at));
            of_xml(&octets);
        }
    }
}
