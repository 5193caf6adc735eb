//! Invoices that were recognised in mails.

use std::collections::HashMap;

use model::{Invoice, InvoiceForm, MailId, Scope};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::kept;
use crate::rows;
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Row, Rows, args};

statements! {
    DROP = "DELETE FROM invoices WHERE seq = ANY($1)";
    ADD [Int, Text, Text, Text, Int, Text, Text, Text] = "WITH v(seq, part, form, invoice, day, total, currency, seller) \
        AS ({rows}) INSERT INTO invoices (seq, part, form, invoice, day, total, currency, seller) \
        SELECT seq, part, form, invoice, day, total, currency, seller FROM v WHERE TRUE \
        ON CONFLICT (seq, part) DO NOTHING";
    OF = "SELECT seq, part, form, invoice, day, total, currency, seller FROM invoices WHERE seq = ANY($1) \
        ORDER BY seq, part";
}

fn invoice(row: &Row<'_>) -> Result<(i64, (String, Invoice))> {
    let form =
        InvoiceForm::from_word(&row.text(2)?).ok_or(StoreError::Unreadable { what: "form of an invoice" })?;
    let invoice = Invoice {
        form,
        number: row.text(3)?,
        date: row.opt_int(4)?.map(kept::day),
        total: row.text(5)?,
        currency: row.text(6)?,
        seller: row.text(7)?,
    };
    Ok((row.int(0)?, (row.text(1)?, invoice)))
}

/// Writes the invoices of mails that are filed. `again`: mails that were filed before.
pub(crate) fn write<'a>(
    tx: &Tx<'_>,
    found: impl Iterator<Item = (i64, &'a [(String, Invoice)])>,
    again: &[i64],
) -> Result<()> {
    if !again.is_empty() {
        tx.exec(&DROP, &[Arg::Ints(again)])?;
    }
    let mut rows = Rows::new(8, 0);
    for (seq, invoices) in found {
        for (part, invoice) in invoices {
            let Invoice { form, number, date, total, currency, seller } = invoice;
            let date = date.map(|day| i64::from(day.0));
            rows.push(args![seq, part, form.as_str(), number, date, total, currency, seller]);
        }
    }
    if rows.is_empty() { Ok(()) } else { tx.bulk(&ADD, &rows).map(drop) }
}

/// Invoices of mails, each with the number of its part.
pub(crate) fn of_mails(tx: &Tx<'_>, mails: &[i64]) -> Result<HashMap<i64, Vec<(String, Invoice)>>> {
    let mut of: HashMap<i64, Vec<(String, Invoice)>> = HashMap::new();
    for (seq, found) in tx.query(&OF, &[Arg::Ints(mails)], invoice)? {
        of.entry(seq).or_default().push(found);
    }
    Ok(of)
}

impl Store {
    /// Invoices of the mail of a message that is shown, each with the number of its part; none if the scope does not allow it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn invoices(&self, scope: &Scope, mail: MailId) -> Result<Vec<(String, Invoice)>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let ids = [mail.octets().as_slice()];
            let messages = tx.query(&kept::MESSAGES_OF, &[Arg::Blobs(&ids)], |row| row.int(0))?;
            let Some(visible) = rows::visible(tx, &keys, &messages)?.into_values().next() else {
                return Ok(Vec::new());
            };
            Ok(of_mails(tx, &[visible.shown])?.remove(&visible.shown).unwrap_or_default())
        })
    }
}
