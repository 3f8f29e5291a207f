//! The provider's books as finance gets them: a CSV of everything that was settled, by when.

use chrono::{DateTime, SecondsFormat, Utc};

use super::book::{Book, Kind, Status};

/// The columns in their order, each under the name it is asked for by.
const COLUMNS: [(&str, &str); 8] = [
    ("transaction_id", "transaction_id"),
    ("reference", "external_reference"),
    ("type", "type"),
    ("provider", "provider"),
    ("msisdn", "msisdn"),
    ("amount", "amount"),
    ("status", "status"),
    ("completed_at", "completed_at"),
];

struct Row<'a> {
    transaction_id: &'a str,
    reference: &'a str,
    kind: Kind,
    provider: &'static str,
    msisdn: &'a str,
    amount: u64,
    status: Status,
    at: DateTime<Utc>,
}

/// Whether a column may be given another name under this one.
pub(super) fn is_column(name: &str) -> bool {
    COLUMNS.iter().any(|(column, _)| *column == name)
}

/// What was settled from `from` on and before `to`, by time; `named` gives a column another name.
pub(super) fn csv<'a>(
    book: &Book,
    (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    named: impl Fn(&str) -> Option<&'a str>,
) -> String {
    let mut rows: Vec<Row<'_>> = rows(book)
        .filter(|row| from.is_none_or(|from| row.at >= from) && to.is_none_or(|to| row.at < to))
        .collect();
    rows.sort_by_key(|row| row.at);
    let header = COLUMNS.map(|(column, usual)| field(named(column).unwrap_or(usual))).join(",");
    let lines = rows.iter().map(|row| {
        let at = row.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let amount = row.amount.to_string();
        let fields = [
            row.transaction_id,
            row.reference,
            row.kind.word(),
            row.provider,
            row.msisdn,
            &amount,
            row.status.word(),
            &at,
        ];
        fields.map(field).join(",")
    });
    std::iter::once(header).chain(lines).map(|line| line + "\r\n").collect()
}

fn rows(book: &Book) -> impl Iterator<Item = Row<'_>> {
    let charged = book.prompts.iter().filter_map(|prompt| {
        let charge = prompt.charge.as_ref();
        Some(Row {
            transaction_id: &prompt.transaction_id,
            reference: &prompt.external_id,
            kind: Kind::Collection,
            provider: prompt.provider.word(),
            msisdn: charge.map_or(&prompt.msisdn, |charge| &charge.msisdn),
            amount: charge.map_or(prompt.amount, |charge| charge.amount),
            status: prompt.status(),
            at: prompt.answered_at?,
        })
    });
    let paid = book.disbursements.iter().map(|paid| Row {
        transaction_id: &paid.transaction_id,
        reference: &paid.external_id,
        kind: Kind::Disbursement,
        provider: paid.provider.word(),
        msisdn: &paid.msisdn,
        amount: paid.amount,
        status: paid.status(),
        at: paid.at,
    });
    let entries = book.entries.iter().map(|entry| Row {
        transaction_id: &entry.transaction_id,
        reference: entry.external_reference.as_deref().unwrap_or_default(),
        kind: entry.kind,
        provider: entry.provider.word(),
        msisdn: entry.msisdn.as_deref().unwrap_or_default(),
        amount: entry.amount,
        status: Status::Success,
        at: entry.at,
    });
    charged.chain(paid).chain(entries).filter(|row| row.status != Status::Pending)
}

/// A field, in quotes where it needs them.
fn field(value: &str) -> String {
    if value.contains([',', '"', '\r', '\n']) {
        return format!("\"{}\"", value.replace('"', "\"\""));
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_where_it_needs_it() {
        assert_eq!(field("plain"), "plain");
        assert_eq!(field("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }

    #[test]
    fn an_empty_book_is_a_header() {
        let csv = csv(&Book::default(), (None, None), |name| (name == "reference").then_some("Ref, no"));
        assert_eq!(csv, "transaction_id,\"Ref, no\",type,provider,msisdn,amount,status,completed_at\r\n");
    }
}
