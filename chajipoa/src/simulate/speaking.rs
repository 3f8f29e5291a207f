//! How what somebody does reaches the ledger: with their token, once or twice, counted.

#![expect(
    clippy::indexing_slicing,
    reason = "indexes into the quarter's own lists, which are made once and only grow"
)]

use edge::{Clock as _, SystemClock};
use futures_util::future::join;

use super::acting::{Act, Who};
use super::life::Life;
use super::people;
use crate::api::{ApiError, Asking, Reply};

impl Life {
    /// Sends what somebody does, and counts the answer.
    pub(super) async fn once(&mut self, act: &Act) -> Result<Reply, ApiError> {
        let token = self.token(act.who).await?;
        self.ask(act, &token).await
    }

    pub(super) async fn ask(&self, act: &Act, token: &str) -> Result<Reply, ApiError> {
        let asking = Asking {
            method: reqwest::Method::POST,
            path: &act.path,
            token: Some(token),
            address: None,
            key: act.key(),
            body: Some(&act.body),
        };
        self.api.ask(&asking).await
    }

    pub(super) async fn token(&mut self, who: Who) -> Result<String, ApiError> {
        match who {
            Who::Staff(role, subject) => self.api.token(role, subject),
            Who::Customer(customer) => match self.quarter.customers[customer].session.as_mut() {
                Some(session) => session.token(&self.api).await,
                None => {
                    let what = "a customer's request".to_owned();
                    Err(ApiError::Answered { what, answer: "before they logged in".to_owned() })
                }
            },
            Who::Station(place) => {
                let station = &self.quarter.stations[place];
                let now = SystemClock.now();
                if let Some((token, _)) = station.token.as_ref().filter(|(_, until)| *until > now) {
                    return Ok(token.clone());
                }
                let fresh = people::station_token(&self.api, station.id, &station.secret).await?;
                self.quarter.stations[place].token = Some(fresh.clone());
                Ok(fresh.0)
            }
        }
    }

    /// Does something; now and then it is sent twice, one after the other or both at once.
    pub(super) async fn act(&mut self, act: Act) -> Result<Reply, ApiError> {
        let chance = if act.pays() { &mut self.quarter.purse } else { &mut self.quarter.chance };
        let again = chance.below(1_000);
        let reply = if again < 10 { self.twice_at_once(&act).await? } else { self.once(&act).await? };
        self.report.note(act.name, reply.outcome());
        if reply.done() && (10..30).contains(&again) {
            let second = self.once(&act).await?;
            self.report.duplicate(act.name, (&reply, &second), true);
        }
        if !reply.done() {
            self.report.surprise(&format!("{} {}: {} {}", act.name, act.body, reply.status, reply.text));
        }
        Ok(reply)
    }

    async fn twice_at_once(&mut self, act: &Act) -> Result<Reply, ApiError> {
        let token = self.token(act.who).await?;
        let (first, second) = join(self.ask(act, &token), self.ask(act, &token)).await;
        let (first, second) = (first?, second?);
        // Which of the two is the replay is a matter of luck.
        self.report.duplicate(act.name, (&first, &second), false);
        Ok(first)
    }
}
