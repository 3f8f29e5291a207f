//! Two who want the same bank at the same moment.

use super::SimulateError;
use super::diary::Happening;
use super::life::{COMES_BACK_AFTER, Life};
use super::quarter::Quarter;

impl Life {
    /// Two want the same bank at the same moment: one gets it, the other hears that the slot is empty.
    pub(super) async fn race(&mut self, at: u64) -> Result<(), SimulateError> {
        let (first, second) = (self.quarter.idle_customer(), self.quarter.idle_customer());
        let place = self.quarter.bank_to_rent();
        let (Some(first), Some(second), Some((place, slot))) = (first, second, place) else {
            self.diary.write(at.saturating_add(COMES_BACK_AFTER), Happening::Race);
            return Ok(());
        };
        if first == second {
            return self.start(at).await;
        }
        let mut wishes = Vec::new();
        for customer in [first, second] {
            self.get_ready(customer).await?;
            let wish = self.wish(customer, place, slot, false).await?;
            wishes.push((self.token(wish.who).await?, wish));
        }
        let asked = wishes.iter().map(|(token, wish)| self.ask(wish, token));
        let replies = futures_util::future::join_all(asked).await;
        self.bar.inc(1);
        let mut got = None;
        for (customer, reply) in [first, second].into_iter().zip(replies) {
            let reply = reply?;
            self.report.note("StartRental (race)", reply.outcome());
            if reply.done() && got.is_none() {
                got = Some((customer, reply));
            } else if reply.done() || !matches!(reply.outcome(), "slot_empty" | "slot_reserved") {
                self.report.surprise(&format!("two for one bank: {} {}", reply.status, reply.text));
            }
        }
        let Some((winner, reply)) = got else {
            self.report.surprise("two wanted one bank, and nobody got it");
            return Ok(());
        };
        // Who wins is luck; what happens then is not: the winner lives on as the first of the two.
        if winner != first {
            self.quarter.trade_places(first, second);
        }
        Ok(self.asked(first, (place, slot), &reply, at).await?)
    }
}

impl Quarter {
    /// Two customers become each other, with all they ever rented.
    fn trade_places(&mut self, one: usize, other: usize) {
        self.customers.swap(one, other);
        for trip in &mut self.trips {
            trip.customer = match trip.customer {
                customer if customer == one => other,
                customer if customer == other => one,
                customer => customer,
            };
        }
    }
}
