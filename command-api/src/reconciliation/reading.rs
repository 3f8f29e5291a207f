//! From a provider's file to lines.
//!
//! Columns are found by their names, in any case and order; what the file calls them can be said. The first line that
//! cannot be read is named with its number, and then nothing of the file counts.

use chrono::{DateTime, NaiveDateTime, Utc};
use csv::{ReaderBuilder, StringRecord};
use domain::event::Provider;
use domain::timing;
use domain::values::ProviderReference;
use edge::Problem;

use super::line::{Kind, Line};

/// The most lines of one file.
const MAX_LINES: usize = 500_000;
/// More than any provider moves at once, in whole shillings.
const LARGEST: i64 = 1_000_000_000_000;

/// What the file calls its columns; where nothing is said, the usual names are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) transaction_id: Option<String>,
    pub(crate) external_reference: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) amount: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) completed_at: Option<String>,
    /// What stands between fields; a comma if nothing is said.
    pub(crate) delimiter: Option<u8>,
}

/// Names in the form they are compared in: only letters and digits.
const TRANSACTION_ID: &[&str] =
    &["transactionid", "transid", "reference", "providerreference", "pgreferenceid", "mnoreference"];
const EXTERNAL_REFERENCE: &[&str] =
    &["externalreference", "externalid", "externalreferenceid", "utilityref", "merchantreference"];
const KIND: &[&str] = &["type", "kind", "transactiontype"];
const PROVIDER: &[&str] = &["provider", "operator", "bankname", "channel"];
const AMOUNT: &[&str] = &["amount", "transactionamount"];
const STATUS: &[&str] = &["status", "transactionstatus"];
const COMPLETED_AT: &[&str] = &["completedat", "completed", "date", "transactiondate", "timestamp"];

/// Where the columns stand.
struct Places {
    transaction_id: Option<usize>,
    external_reference: Option<usize>,
    kind: usize,
    provider: usize,
    amount: usize,
    status: usize,
    completed_at: usize,
}

/// A line that cannot be read: 400, with its number.
pub(crate) fn bad(number: u32, what: impl std::fmt::Display) -> Problem {
    Problem::malformed(format!("line {number}: {what}")).fact("line", number)
}

/// The lines of a file.
///
/// # Errors
/// 400 for a header without a column that is needed, and for the first line that cannot be read, with its number.
pub(crate) fn read(bytes: &[u8], columns: &Columns, now: DateTime<Utc>) -> Result<Vec<Line>, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new()
        .delimiter(columns.delimiter.unwrap_or(b','))
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let places = places(reader.headers().map_err(|error| unreadable(&error))?, columns)?;
    let mut lines: Vec<Line> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let at = record.position().map_or(0, csv::Position::line);
        if lines.len() >= MAX_LINES {
            return Err(Problem::malformed("a statement has at most 500000 lines"));
        }
        // Lines that end in a carriage return alone are counted here: no two have one number.
        let after = lines.last().map_or(2, |before| before.number.saturating_add(1));
        let number = u32::try_from(at).unwrap_or(u32::MAX).max(after);
        lines.push(line(&record, number, &places, now).map_err(|what| bad(number, what))?);
    }
    Ok(lines)
}

fn unreadable(error: &csv::Error) -> Problem {
    let number = error.position().map_or(1, csv::Position::line);
    #[expect(clippy::wildcard_enum_match_arm, reason = "what else a reader of bytes says is one thing to us")]
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} fields, the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is no UTF-8".to_owned(),
        _ => "it cannot be read as CSV".to_owned(),
    };
    bad(u32::try_from(number).unwrap_or(u32::MAX), what)
}

fn normal(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn places(header: &StringRecord, columns: &Columns) -> Result<Places, Problem> {
    let names: Vec<String> = header.iter().map(normal).collect();
    let find = |said: Option<&String>, usual: &[&str]| -> Result<Option<usize>, Problem> {
        match said {
            Some(said) => {
                let wanted = normal(said);
                let place = names.iter().position(|name| *name == wanted);
                place.map(Some).ok_or_else(|| bad(1, format_args!("there is no column {said:?}")))
            }
            None => Ok(usual.iter().find_map(|usual| names.iter().position(|name| name == usual))),
        }
    };
    let needed = |said: Option<&String>, usual: &[&str], what: &str| {
        find(said, usual)?.ok_or_else(|| bad(1, format_args!("there is no column {what:?}")))
    };
    let transaction_id = find(columns.transaction_id.as_ref(), TRANSACTION_ID)?;
    let external_reference = find(columns.external_reference.as_ref(), EXTERNAL_REFERENCE)?;
    if transaction_id.is_none() && external_reference.is_none() {
        return Err(bad(1, "there is no column \"transaction_id\" and none \"external_reference\""));
    }
    Ok(Places {
        transaction_id,
        external_reference,
        kind: needed(columns.kind.as_ref(), KIND, "type")?,
        provider: needed(columns.provider.as_ref(), PROVIDER, "provider")?,
        amount: needed(columns.amount.as_ref(), AMOUNT, "amount")?,
        status: needed(columns.status.as_ref(), STATUS, "status")?,
        completed_at: needed(columns.completed_at.as_ref(), COMPLETED_AT, "completed_at")?,
    })
}

fn line(
    record: &StringRecord,
    number: u32,
    places: &Places,
    now: DateTime<Utc>,
) -> Result<Line, &'static str> {
    let text = |place: usize| record.get(place).unwrap_or_default();
    let transaction_id = reference(places.transaction_id.map(text))?;
    let external_reference = reference(places.external_reference.map(text))?;
    if transaction_id.is_none() && external_reference.is_none() {
        return Err("it has no reference");
    }
    let completed_at = moment(text(places.completed_at)).ok_or("completed_at is no time")?;
    if completed_at > timing::plus(now, timing::AHEAD) {
        return Err("completed_at is in the future");
    }
    let kind = kind(text(places.kind)).ok_or("type is collection, disbursement, fee or payout")?;
    if transaction_id.is_none() && matches!(kind, Kind::Fee | Kind::Payout) {
        return Err("a fee or a payout has a transaction_id");
    }
    Ok(Line {
        number,
        kind,
        provider: provider(text(places.provider))
            .ok_or("provider is mpesa, mixx, airtel, halopesa or azampesa")?,
        transaction_id,
        external_reference,
        amount: amount(text(places.amount)).ok_or("amount is no number of whole shillings")?,
        succeeded: status(text(places.status)).ok_or("status is success or failure")?,
        completed_at,
    })
}

fn reference(text: Option<&str>) -> Result<Option<ProviderReference>, &'static str> {
    match text {
        None | Some("" | "null" | "NULL" | "-") => Ok(None),
        Some(text) => ProviderReference::parse(text)
            .map(Some)
            .ok_or("a reference is 1 to 128 visible characters of ASCII"),
    }
}

fn kind(text: &str) -> Option<Kind> {
    match normal(text).as_str() {
        "collection" | "checkout" | "payment" | "billpay" => Some(Kind::Collection),
        "disbursement" | "disburse" | "refund" | "transfer" => Some(Kind::Disbursement),
        "fee" | "charge" | "commission" => Some(Kind::Fee),
        "payout" | "settlement" | "withdrawal" => Some(Kind::Payout),
        _ => None,
    }
}

fn provider(text: &str) -> Option<Provider> {
    match normal(text).as_str() {
        "mpesa" | "vodacom" => Some(Provider::Mpesa),
        "mixx" | "mixxbyyas" | "tigo" | "tigopesa" => Some(Provider::Mixx),
        "airtel" | "airtelmoney" => Some(Provider::Airtel),
        "halopesa" => Some(Provider::Halopesa),
        "azampesa" => Some(Provider::Azampesa),
        _ => None,
    }
}

fn status(text: &str) -> Option<bool> {
    match normal(text).as_str() {
        "success" | "successful" | "succeeded" | "completed" | "paid" => Some(true),
        "failure" | "failed" | "declined" | "rejected" | "cancelled" | "reversed" => Some(false),
        _ => None,
    }
}

/// Whole shillings, also as `1,000` or `1000.00`.
fn amount(text: &str) -> Option<i64> {
    let (whole, cents) = text.split_once('.').unwrap_or((text, "0"));
    if cents.is_empty() || cents.chars().any(|c| c != '0') {
        return None;
    }
    let digits: String = whole.chars().filter(|c| *c != ',').collect();
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|amount| *amount <= LARGEST)
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(timing::to_micros(moment.to_utc()));
    }
    // Without a zone it is what clocks in Tanzania show.
    let shown = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    Some(timing::to_micros(timing::of_local(shown)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "transaction_id,external_reference,type,provider,msisdn,amount,status,completed_at\n";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn read_all(text: &str) -> Result<Vec<Line>, Problem> {
        read(text.as_bytes(), &Columns::default(), now())
    }

    #[test]
    fn a_line_says_what_moved_where_and_when_and_not_who() {
        let file = format!(
            "{HEADER}AZM1,abc,collection,Mpesa,255754000001,\"20,000.00\",SUCCESS,2026-01-15T11:00:30+03:00\n"
        );
        let lines = read_all(&file).unwrap();
        let line = lines.first().unwrap();
        assert_eq!((line.number, line.kind, line.provider), (2, Kind::Collection, Provider::Mpesa));
        assert_eq!((line.amount, line.succeeded), (20_000, true));
        assert_eq!(line.completed_at.to_rfc3339(), "2026-01-15T08:00:30+00:00");
        assert!(!format!("{line:?}").contains("255754000001"));
    }

    #[test]
    fn other_names_orders_and_separators_are_read_too() {
        let usual = "Date;Amount;Transaction Status;utilityref;transid;Operator;Type\n\
             2026-01-15 11:00:30;500;Failed;abc;null;Tigo;Checkout\n";
        let columns = Columns { delimiter: Some(b';'), ..Columns::default() };
        let lines = read(usual.as_bytes(), &columns, now()).unwrap();
        let line = lines.first().unwrap();
        assert_eq!((line.provider, line.succeeded, &line.transaction_id), (Provider::Mixx, false, &None));
        assert_eq!(line.completed_at.to_rfc3339(), "2026-01-15T08:00:30+00:00");

        let named = "id,what,who,how_much,end,at\nT1,fee,airtel,20,paid,2026-01-15T08:00:30Z\n";
        let said = |name: &str| Some(name.to_owned());
        let columns = Columns {
            transaction_id: said("id"),
            kind: said("what"),
            provider: said("who"),
            amount: said("How much"),
            status: said("end"),
            completed_at: said("at"),
            ..Columns::default()
        };
        assert_eq!(read(named.as_bytes(), &columns, now()).unwrap().len(), 1);
    }

    #[test]
    fn the_first_bad_line_is_named() {
        let good = "AZM1,abc,collection,mpesa,,500,success,2026-01-15T08:00:30Z\n";
        for (bad, why) in [
            (",,collection,mpesa,,500,success,2026-01-15T08:00:30Z", "no reference"),
            ("A,b,gift,mpesa,,500,success,2026-01-15T08:00:30Z", "type is"),
            ("A,b,collection,bitcoin,,500,success,2026-01-15T08:00:30Z", "provider is"),
            ("A,b,collection,mpesa,,5.50,success,2026-01-15T08:00:30Z", "whole shillings"),
            ("A,b,collection,mpesa,,-5,success,2026-01-15T08:00:30Z", "whole shillings"),
            ("A,b,collection,mpesa,,500,maybe,2026-01-15T08:00:30Z", "status is"),
            ("A,b,collection,mpesa,,500,success,yesterday", "no time"),
            ("A,b,collection,mpesa,,500,success,2036-01-15T08:00:30Z", "future"),
            (",b,fee,mpesa,,500,success,2026-01-15T08:00:30Z", "has a transaction_id"),
            ("A,b,collection,mpesa,,500,success", "it has 7 fields"),
        ] {
            let problem = read_all(&format!("{HEADER}{good}{bad}\n{good}")).unwrap_err();
            assert!(problem.detail().starts_with("line 3: "), "{bad}: {}", problem.detail());
            assert!(problem.detail().contains(why), "{bad}: {}", problem.detail());
        }
        let problem = read_all("amount,status\n1,success\n").unwrap_err();
        assert!(problem.detail().starts_with("line 1: there is no column"), "{}", problem.detail());
    }
}
