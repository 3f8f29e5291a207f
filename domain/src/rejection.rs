//! Every way in which a rule says no, with the facts that led to it.
//!
//! A rejection is data: its code is stable and its fields are the facts. It is neither an error of the system
//! nor a sentence; the HTTP side renders it beside the members that every problem has, so no fact is named like
//! one of those (`type`, `title`, `status`, `detail`, `code`, `request_id`).

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use crate::{Money, Time, values::Serial};

macro_rules! rejections {
    ($($(#[$doc:meta])* $name:ident $({ $($field:ident: $type:ty),* $(,)? })? => $code:literal, $title:literal;)*) => {
        /// A typed refusal. Nothing was recorded; the command id stays free.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        #[expect(missing_docs, reason = "the fields are named after the facts they hold")]
        pub enum Rejection {
            $(
                $(#[$doc])*
                #[doc = $title]
                $name $({ $($field: $type),* })?,
            )*
        }

        impl Rejection {
            /// The stable code of this refusal.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self {
                    $(rejections!(@pattern $name $({ $($field),* })?) => $code,)*
                }
            }

            /// What it says to a person.
            #[must_use]
            pub const fn title(&self) -> &'static str {
                match self {
                    $(rejections!(@pattern $name $({ $($field),* })?) => $title,)*
                }
            }

            /// Every code with its title, for the error catalogue.
            pub const CATALOGUE: &'static [(&'static str, &'static str)] = &[$(($code, $title)),*];
        }
    };
    (@pattern $name:ident { $($field:ident),* }) => { Rejection::$name { .. } };
    (@pattern $name:ident) => { Rejection::$name };
}

rejections! {
    // Who and when.
    OccurredAtNotAllowed => "occurred_at_not_allowed", "This role may not set the time of its commands";
    OccurredAtInFuture { occurred_at: Time, now: Time } => "occurred_at_in_future", "The time lies more than 5 minutes ahead";
    OccurredAtTooEarly { occurred_at: Time, earliest: Time } => "occurred_at_too_early", "The time lies further back than allowed";
    NotDue { due_at: Time } => "not_due", "The deadline of this command has not come yet";
    ReasonRequired => "reason_required", "This role must say why";
    IdTaken { id: Uuid } => "id_taken", "This id already names something else";

    // Customers.
    CustomerUnknown { customer_id: Uuid } => "customer_unknown", "No such customer";
    CustomerNotActive { customer_id: Uuid, customer_status: &'static str } => "customer_not_active", "The customer is not active";
    CustomerClosed { customer_id: Uuid } => "customer_closed", "The customer's account is closed";
    CustomerHasDebt { customer_id: Uuid, debt: Money } => "customer_has_debt", "The customer has a debt to pay first";
    RentalStillOpen { customer_id: Uuid, rental_id: Uuid } => "rental_still_open", "The customer's rental has to end first";
    DepositRemaining { customer_id: Uuid, balance: Money } => "deposit_remaining", "The customer's deposit has to be paid back or used up first";
    PaymentPending { customer_id: Uuid, payment_id: Uuid } => "payment_pending", "A payment of the customer is not settled, declined or expired yet";
    CustomerSuspended { customer_id: Uuid } => "customer_suspended", "The customer is suspended; only an admin may erase them";
    PhoneTaken => "phone_taken", "This phone number already belongs to a customer";
    DebtSmaller { customer_id: Uuid, debt: Money } => "debt_smaller", "Less is owed than is to be written off";

    // Tariffs.
    TariffUnknown { tariff_id: Option<Uuid> } => "tariff_unknown", "No such tariff, and no default one";
    TariffRetired { tariff_id: Uuid } => "tariff_retired", "The tariff is retired";
    TariffNotEffective { tariff_id: Uuid, effective_from: Time } => "tariff_not_effective", "The tariff is not in force yet";
    TariffNotAllowed => "tariff_not_allowed", "Only agents, support and admins may name a tariff";
    TariffTermsInvalid { field: &'static str } => "tariff_terms_invalid", "A number of the tariff is out of its bounds";
    EffectiveFromTooEarly { effective_from: Time, earliest: Time } => "effective_from_too_early", "A tariff is never in force before it is published";

    // Stations and slots.
    StationUnknown { station_id: Uuid } => "station_unknown", "No such station";
    StationCodeTaken { station_id: Uuid } => "station_code_taken", "This code already belongs to a station";
    StationOffline { station_id: Uuid, station_status: &'static str } => "station_offline", "The station is not online";
    StationNotRenting { station_id: Uuid } => "station_not_renting", "The station does not rent out at present";
    StationNotReturning { station_id: Uuid } => "station_not_returning", "The station does not take banks back at present";
    StationDecommissioned { station_id: Uuid } => "station_decommissioned", "The station is out of service for good";
    SlotsCannotShrink { slots: u16 } => "slots_cannot_shrink", "A station's slots can only become more";
    SlotUnknown { station_id: Uuid, slot: u16, slots: u16 } => "slot_unknown", "The station has no such slot";
    SlotEmpty { station_id: Uuid, slot: u16 } => "slot_empty", "There is no bank in this slot";
    SlotReserved { station_id: Uuid, slot: u16 } => "slot_reserved", "The bank in this slot is being released to somebody";
    SlotOccupied { station_id: Uuid, slot: u16, device_id: Uuid } => "slot_occupied", "Another bank is in this slot";
    SlotFaulty { station_id: Uuid, slot: u16 } => "slot_faulty", "The slot is faulty";
    SlotIsDisabled { station_id: Uuid, slot: u16 } => "slot_disabled", "The slot is disabled";

    // Devices.
    DeviceUnknown { device_id: Option<Uuid>, serial: Option<Serial> } => "device_unknown", "No such device";
    SerialTaken { device_id: Uuid } => "serial_taken", "This serial already belongs to a device";
    BatteryLow { device_id: Uuid, battery_percent: u8, minimum: u8 } => "battery_low", "The bank is not charged enough";
    DeviceInMaintenance { device_id: Uuid } => "device_in_maintenance", "The bank is in maintenance";
    DeviceNotInMaintenance { device_id: Uuid, device_status: &'static str } => "device_not_in_maintenance", "The bank is not in maintenance";
    DeviceRented { device_id: Uuid, rental_id: Uuid } => "device_rented", "The bank is out on a rental or leaving on one";
    DeviceSold { device_id: Uuid } => "device_sold", "The bank counts as sold; report its return instead";
    DeviceRetired { device_id: Uuid } => "device_retired", "The bank is retired";
    DeviceNotPlaced { device_id: Uuid, device_status: &'static str } => "device_not_placed", "The bank is in no slot";
    DeviceElsewhere { device_id: Uuid } => "device_elsewhere", "The bank is not at this station";
    DeviceNotDocked { rental_id: Uuid, rental_status: &'static str } => "device_not_docked", "The bank has not been put back into a station yet";

    // Rentals.
    RentalUnknown { rental_id: Uuid } => "rental_unknown", "No such rental";
    RentalAlreadyOpen { customer_id: Uuid, rental_id: Uuid } => "rental_already_open", "The customer already has an open rental";
    DepositInsufficient { balance: Money, required: Money } => "deposit_insufficient", "The deposit balance is below what the tariff asks for";
    RentalNotStarted { rental_id: Uuid, rental_status: &'static str } => "rental_not_started", "The rental has not started";
    RentalStarted { rental_id: Uuid, rental_status: &'static str } => "rental_started", "The rental has already started";
    RentalEnded { rental_id: Uuid, rental_status: &'static str } => "rental_ended", "The rental is over";
    RentalCancelled { rental_id: Uuid } => "rental_cancelled", "The rental was cancelled";
    RentalOverdue { rental_id: Uuid, due_at: Time } => "rental_overdue", "The rental's due time has passed";
    ExtensionLimit { rental_id: Uuid, extended_minutes: i64, limit_minutes: i64 } => "extension_limit", "The rental cannot be extended that far";
    RentalNotClosed { rental_id: Uuid, rental_status: &'static str } => "rental_not_closed", "Only a rental that is ended, sold or recovered can be corrected";
    CorrectionInFuture { at: Time, now: Time } => "correction_in_future", "A corrected time lies ahead of now";
    CorrectionEndBeforeStart { started_at: Time, ended_at: Time } => "correction_end_before_start", "The rental would end before it starts";
    CorrectionChangesNothing { rental_id: Uuid, total: Money } => "correction_changes_nothing", "The rental already stands as asked; reject the request";
    NoRunningRental { device_id: Uuid } => "no_running_rental", "No rental of this bank was running then";
    LastSeenAbsentNotAllowed => "last_seen_absent_at_not_allowed", "Only a station may say when it last saw the slot empty";

    // Payments.
    PaymentUnknown { payment_id: Uuid } => "payment_unknown", "No such payment";
    PaymentSettled { payment_id: Uuid } => "payment_settled", "The payment is already settled";
    PaymentTooLarge { amount: Money, limit: Money } => "payment_too_large", "The provider takes no payment of this size";
    PaymentNotOpen { payment_id: Uuid, payment_status: &'static str } => "payment_not_open", "The payment is declined or expired";
    PaymentNotSettled { payment_id: Uuid, payment_status: &'static str } => "payment_not_settled", "The payment is not settled";
    ChargebackTooLarge { payment_id: Uuid, amount: Money, limit: Money } => "chargeback_too_large", "Chargebacks of a payment are never more than the payment";

    // Receipts and approvals.
    ReceiptUnknown { receipt_id: Uuid } => "receipt_unknown", "No such receipt";
    ReceiptAssigned { receipt_id: Uuid, customer_id: Uuid } => "receipt_assigned", "The receipt's money is a customer's already";
    ReceiptRefundOpen { receipt_id: Uuid, refund_id: Uuid } => "receipt_refund_open", "The receipt's money is on its way back or paid back";
    ReceiptNamesCustomer { customer_id: Uuid, receipt_id: Uuid } => "receipt_names_customer", "Money that came from the customer's phone is still unmatched";
    DestinationRequired { receipt_id: Uuid } => "destination_required", "Nobody knows who paid; say where the money is to go";
    ApprovalUnknown { approval_id: Uuid } => "approval_unknown", "No such approval";
    ApprovalDecided { approval_id: Uuid, approval_status: &'static str } => "approval_decided", "The approval was given or refused before";
    SecondPersonRequired => "second_person_required", "Somebody else than who asked for it has to approve it";

    // Refunds.
    RefundUnknown { refund_id: Uuid } => "refund_unknown", "No such refund";
    RefundOpen { customer_id: Uuid, refund_id: Uuid } => "refund_open", "Another refund of the customer is not final yet";
    RefundExceedsBalance { amount: Money, balance: Money } => "refund_exceeds_balance", "The deposit balance is less than that";
    RefundExceedsPayment { payment_id: Uuid, amount: Money, refundable: Money } => "refund_exceeds_payment", "What is left of the payment is less than that";
    RefundNotApproved { refund_id: Uuid, refund_status: &'static str } => "refund_not_approved", "The refund is not approved, or no longer";
    RefundNotSubmitted { refund_id: Uuid, refund_status: &'static str } => "refund_not_submitted", "No provider was told to pay the refund out";
    RefundDecided { refund_id: Uuid, refund_status: &'static str } => "refund_decided", "The refund is past that";
    RefundSubmittedOtherwise { refund_id: Uuid } => "refund_submitted_otherwise", "The refund was submitted under another reference; a retry uses the same one";
    RefundNotManual { refund_id: Uuid, refund_status: &'static str } => "refund_not_manual", "Staff may record this only for refunds of the manual queue and for unknown outcomes";

    // Reconciliation.
    BreakUnknown { break_id: Uuid } => "break_unknown", "No such break";
    BreakIsClosed { break_id: Uuid } => "break_closed", "The break is closed";

    // Periods.
    PeriodNotPast { until: NaiveDate, today: NaiveDate } => "period_not_past", "Only days that are over can be closed";
    PeriodIsClosed { until: NaiveDate, closed_until: NaiveDate } => "period_closed", "A later day is closed already";

    // Transactions.
    ReceiptExists { receipt_id: Uuid } => "receipt_exists", "This money is held as a receipt; assign the receipt instead";
    ProviderReferenceTaken { held_by: Uuid } => "provider_reference_taken", "This transaction already settled another payment";
}

impl Rejection {
    /// Whether the refusal means that a customer, rental or payment is not there (or not theirs): customers and
    /// stations are told "not found", so that what belongs to others looks absent.
    #[must_use]
    pub const fn is_absence(&self) -> bool {
        matches!(
            self,
            Rejection::CustomerUnknown { .. }
                | Rejection::RentalUnknown { .. }
                | Rejection::PaymentUnknown { .. }
                | Rejection::RefundUnknown { .. }
        )
    }
}
