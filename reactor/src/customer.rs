//! Who the customers are, for whoever writes to them or pays them: their sealed phone and their language.
//!
//! It keeps true that the rows follow from the events alone, and that nothing is left of somebody who was erased.
//! What a run of events does to one customer is one change, so no row is touched twice.

use std::collections::BTreeMap;

use domain::Event;
use domain::customer::Language;
use futures_util::future::try_join3;
use tokio_postgres::{Error, GenericClient};
use uuid::Uuid;

use crate::statements;

/// What events did to what is known of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    /// They can be reached.
    Known {
        /// Sealed under their key.
        phone: String,
        language: Language,
    },
    /// They are spoken to in another language.
    Speaks(Language),
    /// They are erased.
    Gone,
}

impl Change {
    /// What an event does, and to whom.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other event says how somebody is reached")]
    fn of(event: &Event) -> Option<(Uuid, Self)> {
        match event {
            Event::CustomerRegistered(fact) => {
                let phone = fact.phone.sealed.clone();
                Some((fact.customer_id.0, Self::Known { phone, language: Language::default() }))
            }
            Event::ProfileUpdated(fact) => {
                fact.language.map(|language| (fact.customer_id.0, Self::Speaks(language)))
            }
            Event::CustomerErased(fact) => Some((fact.customer_id.0, Self::Gone)),
            _ => None,
        }
    }

    /// The one change that this one and a later one come to.
    fn then(self, later: Self) -> Self {
        match (self, later) {
            (Self::Known { phone, .. }, Self::Speaks(language)) => Self::Known { phone, language },
            (Self::Gone, Self::Speaks(_)) => Self::Gone,
            (_, later) => later,
        }
    }
}

/// The word of a language in the database.
pub(crate) const fn word(language: Language) -> &'static str {
    match language {
        Language::Sw => "sw",
        Language::En => "en",
    }
}

/// What a run of events did to what is known of customers.
#[derive(Debug, Default)]
pub(crate) struct Customers(BTreeMap<Uuid, Change>);

impl Customers {
    pub(crate) fn take(&mut self, event: &Event) {
        if let Some((customer, change)) = Change::of(event) {
            let net = match self.0.remove(&customer) {
                Some(known) => known.then(change),
                None => change,
            };
            self.0.insert(customer, net);
        }
    }

    /// Writes it down, in the transaction that moves the position.
    pub(crate) async fn write_in_tx<C: GenericClient>(&self, client: &C) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut known = (Vec::new(), Vec::new(), Vec::new());
        let mut speaks = (Vec::new(), Vec::new());
        let mut gone = Vec::new();
        for (customer, change) in &self.0 {
            match change {
                Change::Known { phone, language } => {
                    known.0.push(*customer);
                    known.1.push(phone.as_str());
                    known.2.push(word(*language));
                }
                Change::Speaks(language) => {
                    speaks.0.push(*customer);
                    speaks.1.push(word(*language));
                }
                Change::Gone => gone.push(*customer),
            }
        }
        try_join3(
            client.execute(statements::CUSTOMERS_KNOWN, &[&known.0, &known.1, &known.2]),
            client.execute(statements::CUSTOMERS_SPEAK, &[&speaks.0, &speaks.1]),
            client.execute(statements::CUSTOMERS_GONE, &[&gone]),
        )
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(language: Language) -> Change {
        Change::Known { phone: "sealed".to_owned(), language }
    }

    #[test]
    fn what_follows_each_other_is_one_change() {
        let speaks = Change::Speaks;
        assert_eq!(known(Language::Sw).then(speaks(Language::En)), known(Language::En));
        assert_eq!(speaks(Language::En).then(speaks(Language::Sw)), speaks(Language::Sw));
        assert_eq!(known(Language::Sw).then(Change::Gone), Change::Gone);
        assert_eq!(speaks(Language::En).then(Change::Gone), Change::Gone);
        assert_eq!(Change::Gone.then(speaks(Language::En)), Change::Gone);
    }
}
