//! One command on the present state: events, already done, or a refusal.
//!
//! [`decide()`] is the only door. It checks nothing that parsing has checked, and it never looks at a clock: the
//! moment of deciding, the minted ids and the random bytes come with the [`Order`]. Already done is judged before
//! any refusal; refusals come in the order that their module documents.

use uuid::Uuid;

use crate::{
    Actor, Command, Event, Rejection, Time, adjustment, approval, customer, device, payment, period,
    projection, provider_entry, receipt, reconciliation, refund, rental, station, tariff,
    view::{Claim, Missing, View},
};

/// Ids and random bytes for one decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    /// A new id, version 7, for the thing that the command makes, if it names none.
    pub minted: Uuid,
    /// A second new id, for what else comes into being.
    pub second: Uuid,
    /// The id derived from the command's, for things whose id must be the same for equal calls.
    pub derived: Uuid,
    /// Unguessable bytes, for a payment's external id.
    pub random: [u8; 17],
}

/// A command with everything that its decision depends on besides the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What is asked.
    pub command: Command,
    /// Who asks.
    pub actor: Actor,
    /// When it is decided, in microseconds.
    pub now: Time,
    /// The time that the sender gives ([`Command::stated_time`]).
    pub stated_at: Option<Time>,
    /// Ids and random bytes.
    pub seeds: Seeds,
}

/// A new event with the moment at which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What happened.
    pub event: Event,
    /// When it happened.
    pub occurred_at: Time,
}

/// What a decision came to, when it was not a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// New facts, at least one, the claims they take, and the answer.
    Recorded {
        /// The facts, in order.
        facts: Vec<Fact>,
        /// The names they take, each for an entity.
        claims: Vec<(Claim, Uuid)>,
        /// The `result` of the answer, as JSON.
        result: String,
    },
    /// The world already is as asked.
    AlreadyDone {
        /// The `result` of the answer, as JSON.
        result: String,
    },
}

impl Decision {
    /// New facts without claims; without any fact, the world already is as asked. That only happens on a torn view,
    /// whose streams were seen at moments that do not fit: the append then finds that one of them has moved, and the
    /// command is decided again.
    #[must_use]
    pub fn recorded(facts: Vec<Fact>, result: &impl serde::Serialize) -> Decision {
        if facts.is_empty() {
            return Decision::already_done(result);
        }
        Decision::Recorded { facts, claims: Vec::new(), result: json(result) }
    }

    /// New facts that take names.
    #[must_use]
    pub fn recorded_with(
        facts: Vec<Fact>,
        claims: Vec<(Claim, Uuid)>,
        result: &impl serde::Serialize,
    ) -> Decision {
        Decision::Recorded { facts, claims, result: json(result) }
    }

    /// The world already is as asked.
    #[must_use]
    pub fn already_done(result: &impl serde::Serialize) -> Decision {
        Decision::AlreadyDone { result: json(result) }
    }
}

fn json(result: &impl serde::Serialize) -> String {
    #[expect(clippy::expect_used, reason = "results are plain structs of strings, integers and times")]
    serde_json::to_string(result).expect("a result is valid JSON")
}

/// A fact that happened at that moment.
pub(crate) fn fact(event: impl Into<Event>, occurred_at: Time) -> Fact {
    Fact { event: event.into(), occurred_at }
}

/// Why there is no decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Something must be loaded first; decide again then.
    Missing(Missing),
    /// A rule says no.
    Rejected(Rejection),
}

impl From<Missing> for Stop {
    fn from(missing: Missing) -> Stop {
        Stop::Missing(missing)
    }
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Stop {
        Stop::Rejected(rejection)
    }
}

/// Decides one command.
///
/// # Errors
/// [`Stop::Rejected`] with the first refusal in order of precedence; [`Stop::Missing`] if a stream or claim is
/// not at hand yet.
pub fn decide(order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    match &order.command {
        Command::RegisterCustomer(command) => customer::register(command, order, view),
        Command::VerifyCustomer(command) => customer::verify(command, order, view),
        Command::UpdateProfile(command) => customer::update_profile(command, order, view),
        Command::SuspendCustomer(command) => customer::suspend(command, order, view),
        Command::ReinstateCustomer(command) => customer::reinstate(command, order, view),
        Command::EraseCustomer(command) => customer::erase(command, order, view),
        Command::PublishTariff(command) => tariff::publish(command, order, view),
        Command::RetireTariff(command) => tariff::retire(command, order, view),
        Command::RegisterStation(command) => station::register(command, order, view),
        Command::ChangeStation(command) => station::change(command, order, view),
        Command::TakeStationOffline(command) => station::take_offline(command, order, view),
        Command::BringStationOnline(command) => station::bring_online(command, order, view),
        Command::DisableSlot(command) => station::disable_slot(command, order, view),
        Command::EnableSlot(command) => station::enable_slot(command, order, view),
        Command::ReportSlotFault(command) => station::report_fault(command, order, view),
        Command::ClearSlotFault(command) => station::clear_fault(command, order, view),
        Command::RegisterDevice(command) => device::register(command, order, view),
        Command::DockDevice(command) => device::dock(command, order, view),
        Command::UndockDevice(command) => device::undock(command, order, view),
        Command::ReportBattery(command) => device::report_battery(command, order, view),
        Command::ReportDeviceMissing(command) => device::report_missing(command, order, view),
        Command::StartMaintenance(command) => device::start_maintenance(command, order, view),
        Command::CompleteMaintenance(command) => device::complete_maintenance(command, order, view),
        Command::RetireDevice(command) => device::retire(command, order, view),
        Command::InitiatePayment(command) => payment::initiate(command, order, view),
        Command::PaymentConfirmed(command) => payment::confirm(command, order, view),
        Command::ExpirePayment(command) => payment::expire(command, order, view),
        Command::RecordPrompt(command) => payment::record_prompt(command, order, view),
        Command::PaymentDeclined(command) => payment::decline(command, order, view),
        Command::MarkPaymentUnknown(command) => payment::mark_unknown(command, order, view),
        Command::RecordChargeback(command) => payment::charge_back(command, order, view),
        Command::RecordUnmatchedReceipt(command) => receipt::record(command, order, view),
        Command::AssignReceipt(command) => receipt::assign(command, order, view),
        Command::RefundReceipt(command) => receipt::refund(command, order, view),
        Command::ApproveAction(command) => approval::approve(command, order, view),
        Command::RejectAction(command) => approval::reject(command, order, view),
        Command::AdjustBalance(command) => adjustment::adjust(command, order, view),
        Command::WriteOffDebt(command) => adjustment::write_off(command, order, view),
        Command::CorrectRental(command) => rental::correct(command, order, view),
        Command::ClosePeriod(command) => period::close(command, order, view),
        Command::SkipProjectionEvent(command) => projection::skip(command, order, view),
        Command::RequestDepositRefund(command) => refund::request_of_deposit(command, order, view),
        Command::RequestPaymentRefund(command) => refund::request_of_payment(command, order, view),
        Command::ApproveRefund(command) => refund::approve(command, order, view),
        Command::RejectRefund(command) => refund::reject(command, order, view),
        Command::RecordRefundSubmitted(command) => refund::submit(command, order, view),
        Command::RefundConfirmed(command) => refund::confirm(command, order, view),
        Command::RefundDeclined(command) => refund::decline(command, order, view),
        Command::MarkRefundUnknown(command) => refund::mark_unknown(command, order, view),
        Command::OpenBreak(command) => reconciliation::open(command, order, view),
        Command::ExplainBreak(command) => reconciliation::explain(command, order, view),
        Command::CloseBreak(command) => reconciliation::close(command, order, view),
        Command::RecordProviderFee(command) => provider_entry::record_fee(command, order, view),
        Command::RecordProviderPayout(command) => provider_entry::record_payout(command, order, view),
        Command::StartRental(command) => rental::start(command, order, view),
        Command::ConfirmRelease(command) => rental::confirm_release(command, order, view),
        Command::ReportReleaseFailure(command) => rental::report_release_failure(command, order, view),
        Command::ReportReleaseUnknown(command) => rental::report_release_unknown(command, order, view),
        Command::CancelRelease(command) => rental::cancel_release(command, order, view),
        Command::ExtendRental(command) => rental::extend(command, order, view),
        Command::MarkOverdue(command) => rental::mark_overdue(command, order, view),
        Command::DeviceReturned(command) => rental::device_returned(command, order, view),
        Command::ReportReturnRefused(command) => rental::report_return_refused(command, order, view),
        Command::ReportLost(command) => rental::report_lost(command, order, view),
        Command::SellDevice(command) => rental::sell(command, order, view),
    }
}
