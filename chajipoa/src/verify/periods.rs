//! I6: what the close of a period has recorded is what the events before it come to.
//!
//! A second fold beside the one that decides ([`domain::period::Books`]): every posting lands on its booking day, and a
//! close takes the days up to its end. What stays in memory is a row for each account and open day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate};
use domain::{
    Event, Time,
    event::{AccountTotal, PeriodClosed},
    period::booking_day,
    postings::Posting,
};

use super::books::Entry;
use super::finding::{Check, Findings};

/// Debit and credit.
type Sides = (i64, i64);

/// What the events so far come to, day by day.
#[derive(Debug, Default)]
pub(super) struct Periods {
    /// What is booked on days that are not closed yet, by day and account.
    open: BTreeMap<(NaiveDate, i16), Sides>,
    /// What is booked on closed days, by account.
    closed: BTreeMap<i16, Sides>,
    /// The last closed day.
    until: Option<NaiveDate>,
}

impl Periods {
    /// The next event.
    pub(super) fn event(&mut self, entry: &Entry<'_>, findings: &mut Findings) {
        if let Event::PeriodClosed(close) = entry.event {
            self.close(entry.position, close, findings);
        }
        if entry.postings.is_empty() {
            return;
        }
        let day = booking_day(time(entry.occurred_at), time(entry.recorded_at), self.until);
        entry.postings.iter().for_each(|posting| self.post(day, posting));
    }

    fn post(&mut self, day: NaiveDate, posting: &Posting) {
        let amount = posting.amount.shillings();
        add(self.open.entry((day, posting.debit.code())).or_default(), (amount, 0));
        add(self.open.entry((day, posting.credit.code())).or_default(), (0, amount));
    }

    fn close(&mut self, position: i64, close: &PeriodClosed, findings: &mut Findings) {
        let begins = self.until.and_then(|until| until.checked_add_days(Days::new(1)));
        let stands = position.saturating_sub(1);
        let place = (close.from, close.position) == (begins, stands) && self.until < Some(close.until);
        findings.unless(place, Check::Period, position, || {
            format!(
                "the close of {} to {} as of position {} does not follow the one before it (to {}) as of {stands}",
                told(close.from),
                close.until,
                close.position,
                told(self.until),
            )
        });
        let size = close.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
        findings.unless(size <= stands, Check::Period, position, || {
            format!(
                "the close of {} records a checkpoint over {size} events, and stands after {stands}",
                close.until
            )
        });
        let within = self.take(close.until);
        for (account, sides) in &within {
            add(self.closed.entry(*account).or_default(), *sides);
        }
        self.until = self.until.max(Some(close.until));
        let said = recorded(&close.accounts);
        let none = AccountTotal { account: 0, debit: 0, credit: 0, total_debit: 0, total_credit: 0 };
        let accounts: BTreeSet<i16> = self.closed.keys().chain(said.keys()).copied().collect();
        for account in &accounts {
            let says = said.get(account).copied().unwrap_or(&none);
            let (debit, credit) = within.get(account).copied().unwrap_or_default();
            let (total_debit, total_credit) = self.closed.get(account).copied().unwrap_or_default();
            let comes_to = AccountTotal { account: says.account, debit, credit, total_debit, total_credit };
            findings.unless(*says == comes_to, Check::Period, position, || {
                format!(
                    "the close of {} records {} for account {account}, its events come to {}",
                    close.until,
                    figures(says),
                    figures(&comes_to)
                )
            });
        }
        let same = said.len() == close.accounts.len();
        findings.unless(same, Check::Period, position, || {
            format!("the close of {} records an account twice", close.until)
        });
    }

    /// Takes the days up to this one out of the open ones.
    fn take(&mut self, until: NaiveDate) -> BTreeMap<i16, Sides> {
        let after = until.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
        let later = self.open.split_off(&(after, i16::MIN));
        let mut within = BTreeMap::new();
        for ((_, account), sides) in std::mem::replace(&mut self.open, later) {
            add(within.entry(account).or_default(), sides);
        }
        within
    }
}

fn recorded(accounts: &[AccountTotal]) -> BTreeMap<i16, &AccountTotal> {
    accounts.iter().map(|total| (total.account, total)).collect()
}

fn add(to: &mut Sides, (debit, credit): Sides) {
    *to = (to.0.saturating_add(debit), to.1.saturating_add(credit));
}

fn figures(total: &AccountTotal) -> String {
    let AccountTotal { debit, credit, total_debit, total_credit, .. } = total;
    format!("{debit} and {credit} (debit, credit; in all {total_debit} and {total_credit})")
}

fn told(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| "the first day".to_owned(), |day| day.to_string())
}

/// A stored time. One that no calendar has is found where its event is read.
fn time(micros: i64) -> Time {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days of rentals at cash desks, each after the close of the days before it.
    struct Ledger {
        periods: Periods,
        position: i64,
        findings: Findings,
    }

    fn micros(text: &str) -> i64 {
        text.parse::<Time>().unwrap().timestamp_micros()
    }

    fn payment(amount: i64) -> Event {
        let text = std::fs::read_to_string(
            std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("../schema/events/examples/PaymentSettled.v1.json"),
        );
        let mut payload: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
        payload["amount"] = amount.into();
        payload["credited"] = serde_json::json!({"debt": 0, "write_off": 0, "deposit": amount});
        Event::decode("PaymentSettled", 1, payload.to_string().as_bytes()).unwrap()
    }

    impl Ledger {
        fn new() -> Self {
            Self { periods: Periods::default(), position: 0, findings: Findings::default() }
        }

        fn event(&mut self, event: &Event, happened: &str, recorded: &str) {
            self.position += 1;
            let (occurred_at, recorded_at) = (micros(happened), micros(recorded));
            let postings = domain::postings::entries(event);
            let entry = Entry { position: self.position, occurred_at, recorded_at, event, postings };
            self.periods.event(&entry, &mut self.findings);
        }

        /// A close with these figures: account, debit, credit, and both in all.
        fn close(&mut self, from: Option<&str>, until: &str, figures: &[(i16, i64, i64, i64, i64)]) {
            let total = |&(account, debit, credit, total_debit, total_credit): &_| AccountTotal {
                account,
                debit,
                credit,
                total_debit,
                total_credit,
            };
            let close = Event::PeriodClosed(Box::new(PeriodClosed {
                from: from.map(|day| day.parse().unwrap()),
                until: until.parse().unwrap(),
                closed_by: uuid::Uuid::nil(),
                position: self.position,
                accounts: figures.iter().map(total).collect(),
                checkpoint: None,
            }));
            self.event(&close, "2026-03-09T10:00:00Z", "2026-03-09T10:00:00Z");
        }

        fn found(self) -> Vec<String> {
            self.findings.into_sorted().0.iter().map(ToString::to_string).collect()
        }
    }

    /// Two payments of the first of March, one of which is recorded after the close of that day.
    fn two_closes(first: i64, late: i64) -> Vec<String> {
        let mut ledger = Ledger::new();
        ledger.event(&payment(500), "2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z");
        ledger.event(&payment(70), "2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z");
        ledger.close(None, "2026-03-01", &[(1000, first, 0, first, 0), (2000, 0, 500, 0, 500)]);
        ledger.event(&payment(9), "2026-03-01T11:00:00Z", "2026-03-02T12:00:00Z");
        ledger.close(
            Some("2026-03-02"),
            "2026-03-02",
            &[(1000, 70 + late, 0, 570 + late, 0), (2000, 0, 79, 0, 579), (4000, 0, 0, 0, 0)],
        );
        ledger.found()
    }

    #[test]
    fn what_came_late_is_in_the_figures_of_the_next_close() {
        assert_eq!(two_closes(500, 9), Vec::<String>::new());
    }

    #[test]
    fn a_figure_that_the_events_do_not_come_to_is_named() {
        let found = two_closes(501, 9);
        assert_eq!(
            found,
            [
                "position 3: the close of 2026-03-01 records 501 and 0 (debit, credit; in all 501 and 0) for account \
              1000, its events come to 500 and 0 (debit, credit; in all 500 and 0) [period]"
            ]
        );
        assert!(two_closes(500, 0).iter().all(|found| found.starts_with("position 5: ")));
        assert_eq!(two_closes(500, 0).len(), 1);
    }

    #[test]
    fn a_close_follows_the_one_before_it() {
        let mut ledger = Ledger::new();
        ledger.close(None, "2026-03-05", &[]);
        ledger.close(Some("2026-03-07"), "2026-03-08", &[]);
        assert_eq!(
            ledger.found(),
            [
                "position 2: the close of 2026-03-07 to 2026-03-08 as of position 1 does not follow the one before it \
              (to 2026-03-05) as of 1 [period]"
            ]
        );
    }

    #[test]
    fn an_account_is_left_out_or_twice() {
        let mut ledger = Ledger::new();
        ledger.event(&payment(500), "2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z");
        ledger.close(None, "2026-03-01", &[(1000, 500, 0, 500, 0), (1000, 500, 0, 500, 0)]);
        let found = ledger.found();
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
