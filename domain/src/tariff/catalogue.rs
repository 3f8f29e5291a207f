//! The state of the catalogue, and which version of a tariff is in force at a moment.

use serde::{Deserialize, Serialize};

use super::Tariff;
use crate::{Event, Time, ids::TariffId};

/// A version as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Published {
    tariff: Tariff,
    is_default: bool,
}

/// Every version of every tariff, in the order of their publication.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    versions: Vec<Published>,
    retired: Vec<TariffId>,
}

/// Why no version can be used for a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotInForce {
    /// There is no such tariff, or none was named and there is no default.
    Unknown,
    /// It takes no new starts.
    Retired(TariffId),
    /// Its first version comes later.
    NotEffective(TariffId, Time),
}

impl Catalogue {
    /// The newest version of a tariff, with whether it is the default.
    #[must_use]
    pub fn newest(&self, tariff_id: TariffId) -> Option<(&Tariff, bool)> {
        self.versions
            .iter()
            .rev()
            .find(|published| published.tariff.tariff_id == tariff_id)
            .map(|published| (&published.tariff, published.is_default))
    }

    /// Whether a tariff takes no new starts.
    #[must_use]
    pub fn is_retired(&self, tariff_id: TariffId) -> bool {
        self.retired.contains(&tariff_id)
    }

    /// The version of this tariff, or of the default one, that is in force at `start`.
    ///
    /// # Errors
    /// [`NotInForce`] with the reason.
    pub fn in_force(&self, tariff_id: Option<TariffId>, start: Time) -> Result<&Tariff, NotInForce> {
        let tariff_id = match tariff_id {
            Some(tariff_id) => tariff_id,
            None => self.default_at(start).ok_or(NotInForce::Unknown)?,
        };
        let (newest, _) = self.newest(tariff_id).ok_or(NotInForce::Unknown)?;
        if self.is_retired(tariff_id) {
            return Err(NotInForce::Retired(tariff_id));
        }
        self.latest_at(start, |published| published.tariff.tariff_id == tariff_id)
            .map(|published| &published.tariff)
            .ok_or_else(|| NotInForce::NotEffective(tariff_id, self.first_effective(tariff_id, newest)))
    }

    /// The default tariff at `start`. A tariff that is retired, or whose version in force no longer is the default, makes
    /// way for an older one; if none stands, the newest that ever was says why there is none.
    fn default_at(&self, start: Time) -> Option<TariffId> {
        let stands = |published: &Published| {
            let tariff_id = published.tariff.tariff_id;
            let now = self.latest_at(start, |other| other.tariff.tariff_id == tariff_id);
            !self.is_retired(tariff_id) && now.is_some_and(|now| now.is_default)
        };
        let effective = self.latest_at(start, |published| published.is_default && stands(published));
        let any = || self.versions.iter().rev().find(|published| published.is_default);
        effective.or_else(any).map(|published| published.tariff.tariff_id)
    }

    /// The matching version with the latest `effective_from` not after `start`; of equal ones the newest.
    fn latest_at(&self, start: Time, matches: impl Fn(&Published) -> bool) -> Option<&Published> {
        self.versions
            .iter()
            .filter(|published| matches(published) && published.tariff.effective_from <= start)
            .max_by_key(|published| published.tariff.effective_from)
    }

    fn first_effective(&self, tariff_id: TariffId, newest: &Tariff) -> Time {
        self.versions
            .iter()
            .filter(|published| published.tariff.tariff_id == tariff_id)
            .map(|published| published.tariff.effective_from)
            .min()
            .unwrap_or(newest.effective_from)
    }

    /// The catalogue after one more event; `None` if it is not one of the catalogue's.
    #[must_use]
    pub fn evolve(mut self, event: &Event) -> Option<Catalogue> {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "only these two are ever in the catalogue's stream"
        )]
        match event {
            Event::TariffPublished(fact) => {
                self.versions.push(Published { tariff: fact.tariff.clone(), is_default: fact.is_default });
            }
            Event::TariffRetired(fact) => self.retired.push(fact.tariff_id),
            _ => return None,
        }
        Some(self)
    }
}
