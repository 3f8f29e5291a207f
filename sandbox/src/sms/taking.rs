//! What is done with a message, whoever carries it: it arrives on a phone, and a delivery report goes to the ledger.

use std::time::Duration;

use super::inbox::{Arriving, number};
use super::{africas_talking, beem, nextsms};
use crate::api::World;
use crate::courier::{Copies, Parcel};
use crate::settings::{Report, SENDER_LENGTH, Sms, SmsOutcome};

/// Who carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    AfricasTalking,
    Beem,
    NextSms,
}

impl Carrier {
    fn word(self) -> &'static str {
        match self {
            Carrier::AfricasTalking => "africastalking",
            Carrier::Beem => "beem",
            Carrier::NextSms => "nextsms",
        }
    }

    /// What happens to a message at this one.
    pub(super) fn outcome(self, settings: &Sms) -> SmsOutcome {
        let own = match self {
            Carrier::AfricasTalking => settings.africastalking,
            Carrier::Beem => settings.beem,
            Carrier::NextSms => settings.nextsms,
        };
        own.unwrap_or(settings.default_outcome)
    }

    /// A report in its own form: what kind of body, and the body.
    fn report(self, taken: &Taken, delivered: bool) -> (&'static str, String) {
        match self {
            Carrier::AfricasTalking => africas_talking::report(&taken.id, &taken.to, delivered),
            Carrier::Beem => beem::report(&taken.id, &taken.to, delivered),
            Carrier::NextSms => nextsms::report(&taken.id, &taken.to, delivered),
        }
    }
}

/// A message that was taken.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    /// The provider's id of it.
    pub(super) id: String,
    /// Whose phone: `+255…`.
    pub(super) to: String,
}

/// Whether the sender may be used.
pub(super) fn good_sender(from: Option<&str>, settings: &Sms) -> bool {
    let Some(from) = from else { return true };
    from.chars().count() <= SENDER_LENGTH
        && settings.senders.as_ref().is_none_or(|good| good.iter().any(|good| good == from))
}

/// Lets a message arrive, and sends a report on its way. Nothing where the number is none.
pub(super) fn take(
    world: &World,
    carrier: Carrier,
    id: String,
    (written, from, text): (&str, Option<String>, String),
) -> Option<Taken> {
    let to = number(written)?;
    world.inbox.arrive(Arriving { to: to.clone(), from, text, provider: carrier.word() }, world.clock.now());
    let taken = Taken { id, to };
    report(world, carrier, &taken);
    Some(taken)
}

fn report(world: &World, carrier: Carrier, taken: &Taken) {
    let settings = world.settings.get().sms;
    let delivered = match settings.report {
        Report::Delivered => true,
        Report::Failed => false,
        Report::None => return,
    };
    let Some(url) = world.delivery.clone() else { return };
    let (content_type, body) = carrier.report(taken, delivered);
    let after = Duration::from_millis(u64::from(settings.report_delay_ms));
    let parcel = Parcel { url, content_type, body, after, copies: Copies::One, tries: 1 };
    world.courier.carry(parcel, Box::new(|_| {}));
}
