//! What may be asked of the ledger: one struct for each command, and who may send it.
//!
//! A command is parsed once, at the edge, into values that cannot be wrong: unknown fields, wrong types and
//! numbers out of range never come this far. Personal fields arrive sealed (see [`PERSONAL`]).

mod personal;

pub use personal::{PERSONAL, PersonOf, Personal, PersonalKind};

use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    Role, Time,
    customer::Language,
    event::{BreakCause, Direction, Projection, Provider, Purpose, ReleaseMode},
    ids::{
        ApprovalId, BreakId, CustomerId, DeviceId, PaymentId, ReceiptId, RefundId, RentalId, StationId,
        TariffId,
    },
    money::{Amount, MAX_AMOUNT, Money},
    personal::{Sealed, SealedPhone},
    station::Service,
    values::{
        CapacityMah, EventPosition, Latitude, Longitude, Minutes, Name, Percent, ProviderReference, Reason,
        Serial, SlotCount, SlotNumber, StationCode,
    },
};

/// A command that does not say what it must, or says what it must not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There is no such command.
    #[error("there is no command named {0:?}")]
    UnknownType(String),
    /// The data is not of the command's shape.
    #[error("{0}")]
    Data(String),
}

fn malformed(why: &str) -> Malformed {
    Malformed::Data(why.to_owned())
}

macro_rules! commands {
    ($(
        $(#[$doc:meta])*
        $name:ident [$($role:ident)*] {
            $($field:ident: $type:ty,)*
        }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
            #[serde(deny_unknown_fields)]
            #[expect(missing_docs, reason = "the fields are named after what they say")]
            pub struct $name { $(pub $field: $type,)* }

            impl From<$name> for Command {
                fn from(command: $name) -> Command {
                    Command::$name(command)
                }
            }
        )*

        /// Any command.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command {
            $($(#[$doc])* $name($name),)*
        }

        impl Command {
            /// The names of all commands.
            pub const TYPES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The name of this command.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Command::$name(_) => stringify!($name),)* }
            }

            /// The roles that may send it.
            #[must_use]
            pub const fn roles(&self) -> &'static [Role] {
                match self { $(Command::$name(_) => &[$(Role::$role),*],)* }
            }

            /// Reads a command from its type and its data.
            ///
            /// # Errors
            /// [`Malformed`] with what is wrong and where.
            pub fn parse(name: &str, data: &str) -> Result<Command, Malformed> {
                let command = match name {
                    $(stringify!($name) => serde_json::from_str::<$name>(data).map(Command::$name),)*
                    _ => return Err(Malformed::UnknownType(name.to_owned())),
                }
                .map_err(|error| Malformed::Data(error.to_string()))?;
                command.check()?;
                Ok(command)
            }
        }
    };
}

commands! {
    /// Opens an account for a person. The system does so once a code has shown that the phone is theirs.
    RegisterCustomer [Support System Admin] {
        customer_id: Option<CustomerId>, phone: SealedPhone, name: Option<Sealed>,
    }
    /// The phone was shown to be theirs.
    VerifyCustomer [System Admin] { customer_id: CustomerId, }
    /// Changes how a customer is called and spoken to; absent fields stay.
    UpdateProfile [Customer Admin] {
        customer_id: CustomerId, name: Option<Sealed>, language: Option<Language>,
    }
    /// Bars a customer from starting rentals.
    SuspendCustomer [Support Admin] { customer_id: CustomerId, reason: Option<Sealed>, }
    /// Lets them again.
    ReinstateCustomer [Support Admin] { customer_id: CustomerId, reason: Option<Sealed>, }
    /// Closes an account for good; the person's key is destroyed with it.
    EraseCustomer [Customer Admin] { customer_id: CustomerId, }

    /// Puts a new tariff, or a new version of one, into the catalogue. Absent numbers take the standard.
    PublishTariff [Admin] {
        tariff_id: Option<TariffId>, name: Name, is_default: Option<bool>, effective_from: Option<Time>,
        free_minutes: Option<i64>, free_rentals_per_day: Option<u32>, unit_minutes: Option<i64>,
        unit_price: Option<Money>, daily_cap: Option<Money>, term_minutes: Option<i64>,
        late_fee_per_day: Option<Money>, sale_after_minutes: Option<i64>, replacement_fee: Option<Money>,
        recovery_days: Option<i64>, deposit: Option<Money>, extension_max_minutes: Option<i64>,
        vat_percent: Option<u32>,
    }
    /// Closes a tariff to new starts.
    RetireTariff [Admin] { tariff_id: TariffId, reason: Option<Reason>, }

    /// Puts up a station.
    RegisterStation [Admin] {
        station_id: Option<StationId>, code: StationCode, name: Name, latitude: Latitude, longitude: Longitude,
        slots: SlotCount, release_mode: ReleaseMode, tariff_id: Option<TariffId>,
    }
    /// Changes what is known of a station; absent fields stay.
    ChangeStation [Admin] {
        station_id: StationId, name: Option<Name>, latitude: Option<Latitude>, longitude: Option<Longitude>,
        slots: Option<SlotCount>, release_mode: Option<ReleaseMode>, tariff_id: Option<TariffId>,
        renting: Option<bool>, returning: Option<bool>, service: Option<Service>,
    }
    /// A station does not answer.
    TakeStationOffline [System Admin] { station_id: StationId, reason: Option<Reason>, }
    /// It answers again.
    BringStationOnline [System Admin] { station_id: StationId, }
    /// Takes a slot out of use.
    DisableSlot [Agent Admin] { station_id: StationId, slot: SlotNumber, reason: Option<Reason>, }
    /// Puts it back into use.
    EnableSlot [Agent Admin] { station_id: StationId, slot: SlotNumber, }
    /// A slot does not work.
    ReportSlotFault [Station Agent System Admin] { station_id: StationId, slot: SlotNumber, reason: Option<Reason>, }
    /// It works again.
    ClearSlotFault [Station Agent System Admin] { station_id: StationId, slot: SlotNumber, }

    /// Takes a bank into the fleet.
    RegisterDevice [Admin] { device_id: Option<DeviceId>, serial: Serial, capacity_mah: Option<CapacityMah>, }
    /// Puts a bank into a slot.
    DockDevice [Agent System Admin] {
        device_id: DeviceId, station_id: StationId, slot: SlotNumber, battery_percent: Percent,
    }
    /// Takes a bank out of its slot, by staff.
    UndockDevice [Agent System Admin] { device_id: DeviceId, reason: Option<Reason>, }
    /// A station read how full a bank is.
    ReportBattery [Station System Admin] {
        device_id: Option<DeviceId>, serial: Option<Serial>, battery_percent: Percent,
        station_id: Option<StationId>, slot: Option<SlotNumber>, observed_at: Option<Time>,
    }
    /// Nobody knows where a bank is.
    ReportDeviceMissing [Station Agent System Admin] {
        device_id: Option<DeviceId>, serial: Option<Serial>, station_id: Option<StationId>, slot: Option<SlotNumber>,
        reason: Option<Reason>,
    }
    /// Takes a bank out of service to look after it.
    StartMaintenance [Agent Admin] { device_id: DeviceId, reason: Option<Reason>, }
    /// Puts it back into service.
    CompleteMaintenance [Agent Admin] {
        device_id: DeviceId, battery_percent: Option<Percent>, reason: Option<Reason>,
    }
    /// Takes a bank out of service for good, and out of its slot.
    RetireDevice [Admin] { device_id: DeviceId, reason: Option<Reason>, }

    /// Asks a customer for money.
    InitiatePayment [Customer Support Admin] {
        payment_id: Option<PaymentId>, customer_id: CustomerId, amount: Amount, purpose: Purpose,
        provider: Provider, phone: Option<Sealed>,
    }
    /// The provider proves that money came: for a payment, or for a customer's bill number.
    PaymentConfirmed [Payments] {
        payment_id: Option<PaymentId>, customer_id: Option<CustomerId>, provider: Option<Provider>,
        amount: Amount, provider_reference: ProviderReference, paid_at: Option<Time>,
    }
    /// The customer's phone shows the prompt.
    RecordPrompt [Payments] { payment_id: PaymentId, provider_reference: Option<ProviderReference>, }
    /// The provider says that the customer did not pay.
    PaymentDeclined [Payments] {
        payment_id: PaymentId, provider_reference: Option<ProviderReference>, reason: Option<Reason>,
    }
    /// The provider did not say what became of it.
    MarkPaymentUnknown [Payments] { payment_id: PaymentId, reason: Option<Reason>, }
    /// The provider takes a settled payment back.
    RecordChargeback [Payments] {
        payment_id: PaymentId, amount: Amount, provider_reference: ProviderReference, reason: Option<Reason>,
    }
    /// Money came that settles nothing.
    RecordUnmatchedReceipt [Payments] {
        receipt_id: Option<ReceiptId>, provider: Provider, provider_reference: ProviderReference, amount: Amount,
        payer: Option<SealedPhone>, payment_id: Option<PaymentId>, reason: Reason, paid_at: Option<Time>,
    }
    /// Asks for the money of a receipt to be a customer's.
    AssignReceipt [Finance Admin] { receipt_id: ReceiptId, customer_id: CustomerId, reason: Sealed, }
    /// Asks for the money of a receipt to go back to who paid it, else to `destination`.
    RefundReceipt [Finance Admin] {
        receipt_id: ReceiptId, refund_id: Option<RefundId>, destination: Option<Sealed>, reason: Sealed,
    }
    /// The second person says yes.
    ApproveAction [Finance Admin] { approval_id: ApprovalId, reason: Option<Sealed>, }
    /// The second person says no.
    RejectAction [Finance Admin] { approval_id: ApprovalId, reason: Option<Sealed>, }
    /// Asks for a customer to be given money, or for some to be taken.
    AdjustBalance [Finance Admin] {
        customer_id: CustomerId, direction: Direction, amount: Amount, reason: Sealed,
    }
    /// Asks for a debt to be given up.
    WriteOffDebt [Finance Admin] { customer_id: CustomerId, amount: Amount, reason: Sealed, }
    /// Asks for a closed rental to be billed anew: from other times, or for a total.
    CorrectRental [Finance Admin] {
        rental_id: RentalId, started_at: Option<Time>, ended_at: Option<Time>, total: Option<Money>, reason: Sealed,
    }
    /// Closes the books of all business days up to and including `until`.
    ClosePeriod [Finance Admin] { until: NaiveDate, }
    /// Lets a read model pass over an event that it cannot apply; one of money only with a second person.
    SkipProjectionEvent [Admin] { projection: Projection, position: EventPosition, reason: Reason, }

    /// Asks for deposit money to be paid out.
    RequestDepositRefund [Customer Finance Admin] {
        refund_id: Option<RefundId>, customer_id: CustomerId, amount: Amount, provider: Provider,
    }
    /// Gives a payment back, whole or in part.
    RequestPaymentRefund [Finance Admin] {
        refund_id: Option<RefundId>, payment_id: PaymentId, amount: Amount, reason: Sealed,
    }
    /// The second person says yes.
    ApproveRefund [Finance Admin] { refund_id: RefundId, reason: Option<Sealed>, }
    /// It is not to be paid out.
    RejectRefund [Finance Admin] { refund_id: RefundId, reason: Option<Sealed>, }
    /// A provider is about to be told to pay it out.
    RecordRefundSubmitted [Payments Finance] {
        refund_id: RefundId, provider: Provider, reference: ProviderReference,
    }
    /// The money is with the person.
    RefundConfirmed [Payments Finance] { refund_id: RefundId, provider_reference: Option<ProviderReference>, }
    /// The provider did not pay it out.
    RefundDeclined [Payments Finance] {
        refund_id: RefundId, provider_reference: Option<ProviderReference>, reason: Option<Reason>,
    }
    /// The provider did not say what became of it.
    MarkRefundUnknown [Payments] { refund_id: RefundId, reason: Option<Reason>, }

    /// Ledger and statement differ.
    OpenBreak [Finance System Admin] {
        break_id: Option<BreakId>, cause: BreakCause, provider: Provider,
        provider_reference: Option<ProviderReference>, payment_id: Option<PaymentId>,
        refund_id: Option<RefundId>, receipt_id: Option<ReceiptId>, ledger_amount: Option<Money>,
        statement_amount: Option<Money>, statement_id: Option<Uuid>, reason: Option<Reason>,
    }
    /// Somebody knows why.
    ExplainBreak [Finance Admin] { break_id: BreakId, reason: Reason, }
    /// Nothing is left to do about it.
    CloseBreak [Finance Admin] { break_id: BreakId, reason: Option<Reason>, }
    /// The provider took its fee.
    RecordProviderFee [Payments] {
        provider: Provider, amount: Amount, provider_reference: ProviderReference, reason: Option<Reason>,
    }
    /// The provider moved what it holds for us to our bank.
    RecordProviderPayout [Payments] {
        provider: Provider, amount: Amount, provider_reference: ProviderReference, reason: Option<Reason>,
    }
    /// Gives up on a payment a day after it was asked for.
    ExpirePayment [System Admin] { payment_id: PaymentId, reason: Option<Reason>, }

    /// Rents the bank in a slot.
    StartRental [Customer Agent Support Admin] {
        rental_id: Option<RentalId>, customer_id: CustomerId, station_id: StationId, slot: SlotNumber,
        tariff_id: Option<TariffId>,
    }
    /// The cabinet says which bank left.
    ConfirmRelease [Station Support Admin] {
        rental_id: RentalId, device_id: Option<DeviceId>, serial: Option<Serial>, slot: SlotNumber,
        reason: Option<Reason>,
    }
    /// The cabinet says that none left.
    ReportReleaseFailure [Station Support Admin] { rental_id: RentalId, reason: Option<Reason>, }
    /// Nobody says anything.
    ReportReleaseUnknown [Station System Admin] { rental_id: RentalId, reason: Option<Reason>, }
    /// Gives up on a release: a day after it was asked for, or once an inventory saw the bank in its slot.
    CancelRelease [System Admin] { rental_id: RentalId, reason: Option<Reason>, seen_in_slot_at: Option<Time>, }
    /// Moves the due time.
    ExtendRental [Customer Agent Support Admin] { rental_id: RentalId, minutes: Minutes, }
    /// The due time has passed.
    MarkOverdue [System Admin] { rental_id: RentalId, reason: Option<Reason>, }
    /// A bank was put into a slot.
    DeviceReturned [Station Agent Admin] {
        device_id: Option<DeviceId>, serial: Option<Serial>, station_id: StationId, slot: SlotNumber,
        battery_percent: Option<Percent>, observed_at: Option<Time>, last_seen_absent_at: Option<Time>,
    }
    /// A station refused a bank because it is full or faulty.
    ReportReturnRefused [Station Admin] {
        device_id: Option<DeviceId>, serial: Option<Serial>, station_id: StationId, slot: Option<SlotNumber>,
        observed_at: Option<Time>, reason: Option<Reason>,
    }
    /// The customer says that the bank is gone.
    ReportLost [Customer Support Admin] { rental_id: RentalId, reason: Option<Sealed>, }
    /// The deadline for coming back has passed.
    SellDevice [System Admin] { rental_id: RentalId, reason: Option<Reason>, }
}

/// Which device a command speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceRef<'a> {
    /// By its id.
    Id(DeviceId),
    /// By the serial printed on it.
    Serial(&'a Serial),
}

fn device_ref<'a>(id: Option<DeviceId>, serial: Option<&'a Serial>) -> Result<DeviceRef<'a>, Malformed> {
    match (id, serial) {
        (Some(id), None) => Ok(DeviceRef::Id(id)),
        (None, Some(serial)) => Ok(DeviceRef::Serial(serial)),
        (Some(_), Some(_)) => Err(malformed("give device_id or serial, not both")),
        (None, None) => Err(malformed("device_id or serial is missing")),
    }
}

macro_rules! speaks_of_a_device {
    ($($name:ident)*) => { $(
        impl $name {
            /// Which device it speaks of.
            ///
            /// # Errors
            /// [`Malformed`] unless exactly one of `device_id` and `serial` is given; parsing has seen to that.
            pub fn device(&self) -> Result<DeviceRef<'_>, Malformed> {
                device_ref(self.device_id, self.serial.as_ref())
            }
        }
    )* };
}

speaks_of_a_device!(ReportBattery ReportDeviceMissing ConfirmRelease DeviceReturned ReportReturnRefused);

/// What a confirmed payment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaidFor {
    /// A payment that was asked for.
    Payment(PaymentId),
    /// A customer's bill number, through this provider.
    Bill(CustomerId, Provider),
}

impl PaymentConfirmed {
    /// What was paid for.
    ///
    /// # Errors
    /// [`Malformed`] unless `payment_id`, or `customer_id` and `provider`, is given; parsing has seen to that.
    pub fn paid_for(&self) -> Result<PaidFor, Malformed> {
        match (self.payment_id, self.customer_id, self.provider) {
            (Some(payment), None, None) => Ok(PaidFor::Payment(payment)),
            (None, Some(customer), Some(provider)) => Ok(PaidFor::Bill(customer, provider)),
            (_, _, _) => Err(malformed("give payment_id, or customer_id and provider for a bill payment")),
        }
    }
}

impl CorrectRental {
    fn check(&self) -> Result<(), Malformed> {
        match (self.started_at.or(self.ended_at), self.total) {
            (Some(_), Some(_)) => Err(malformed("give started_at and/or ended_at, or total, not both")),
            (None, None) => Err(malformed("started_at, ended_at or total is missing")),
            (None, Some(total)) if total.shillings() > MAX_AMOUNT => {
                Err(malformed("a total is at most 1,000,000,000"))
            }
            (Some(_), None) | (None, Some(_)) => Ok(()),
        }
    }
}

impl Command {
    /// Whether this role may send it.
    #[must_use]
    pub fn allowed(&self, role: Role) -> bool {
        self.roles().contains(&role)
    }

    /// What the shape of the data alone cannot say.
    fn check(&self) -> Result<(), Malformed> {
        match self {
            Command::DeviceReturned(returned) => {
                returned.device()?;
                match (returned.last_seen_absent_at, returned.observed_at) {
                    (Some(absent), Some(observed)) if absent > observed => {
                        Err(malformed("last_seen_absent_at is after observed_at"))
                    }
                    (_, _) => Ok(()),
                }
            }
            Command::ConfirmRelease(confirm) => confirm.device().map(drop),
            Command::ReportDeviceMissing(missing) => missing.device().map(drop),
            Command::ReportBattery(battery) => battery.device().map(drop),
            Command::ReportReturnRefused(refused) => refused.device().map(drop),
            Command::PaymentConfirmed(confirmed) => confirmed.paid_for().map(drop),
            Command::UpdateProfile(update) if update.name.is_none() && update.language.is_none() => {
                Err(malformed("give name or language"))
            }
            Command::CorrectRental(correct) => correct.check(),
            Command::RegisterCustomer(_)
            | Command::VerifyCustomer(_)
            | Command::UpdateProfile(_)
            | Command::SuspendCustomer(_)
            | Command::ReinstateCustomer(_)
            | Command::EraseCustomer(_)
            | Command::PublishTariff(_)
            | Command::RetireTariff(_)
            | Command::RegisterStation(_)
            | Command::ChangeStation(_)
            | Command::TakeStationOffline(_)
            | Command::BringStationOnline(_)
            | Command::DisableSlot(_)
            | Command::EnableSlot(_)
            | Command::ReportSlotFault(_)
            | Command::ClearSlotFault(_)
            | Command::RegisterDevice(_)
            | Command::DockDevice(_)
            | Command::UndockDevice(_)
            | Command::StartMaintenance(_)
            | Command::CompleteMaintenance(_)
            | Command::RetireDevice(_)
            | Command::InitiatePayment(_)
            | Command::ExpirePayment(_)
            | Command::StartRental(_)
            | Command::ReportReleaseFailure(_)
            | Command::ReportReleaseUnknown(_)
            | Command::CancelRelease(_)
            | Command::ExtendRental(_)
            | Command::MarkOverdue(_)
            | Command::ReportLost(_)
            | Command::SellDevice(_)
            | Command::RecordPrompt(_)
            | Command::PaymentDeclined(_)
            | Command::MarkPaymentUnknown(_)
            | Command::RecordChargeback(_)
            | Command::RecordUnmatchedReceipt(_)
            | Command::AssignReceipt(_)
            | Command::RefundReceipt(_)
            | Command::ApproveAction(_)
            | Command::RejectAction(_)
            | Command::AdjustBalance(_)
            | Command::WriteOffDebt(_)
            | Command::ClosePeriod(_)
            | Command::SkipProjectionEvent(_)
            | Command::RequestDepositRefund(_)
            | Command::RequestPaymentRefund(_)
            | Command::ApproveRefund(_)
            | Command::RejectRefund(_)
            | Command::RecordRefundSubmitted(_)
            | Command::RefundConfirmed(_)
            | Command::RefundDeclined(_)
            | Command::MarkRefundUnknown(_)
            | Command::OpenBreak(_)
            | Command::ExplainBreak(_)
            | Command::CloseBreak(_)
            | Command::RecordProviderFee(_)
            | Command::RecordProviderPayout(_) => Ok(()),
        }
    }

    /// The time that the sender gives: `occurred_at` of the envelope, or the field that is the same thing.
    /// Cut to microseconds.
    ///
    /// # Errors
    /// [`Malformed`] if both are given and differ.
    pub fn stated_time(&self, occurred_at: Option<Time>) -> Result<Option<Time>, Malformed> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "all others have no time field of their own")]
        let (field, own) = match self {
            Command::DeviceReturned(returned) => ("observed_at", returned.observed_at),
            Command::ReportReturnRefused(refused) => ("observed_at", refused.observed_at),
            Command::ReportBattery(battery) => ("observed_at", battery.observed_at),
            Command::PaymentConfirmed(confirmed) => ("paid_at", confirmed.paid_at),
            Command::RecordUnmatchedReceipt(received) => ("paid_at", received.paid_at),
            _ => ("", None),
        };
        match (occurred_at, own) {
            (Some(outer), Some(inner)) if outer != inner => {
                Err(Malformed::Data(format!("occurred_at and {field} differ; give one of them")))
            }
            (outer, inner) => Ok(outer.or(inner).map(crate::timing::to_micros)),
        }
    }

    /// The streams that the decision will surely look at, so that they can be loaded in one go.
    #[must_use]
    pub fn obvious_streams(&self) -> Vec<Uuid> {
        let catalogue = crate::ids::CATALOGUE.id;
        match self {
            Command::RegisterCustomer(c) => c.customer_id.iter().map(|id| id.0).collect(),
            Command::VerifyCustomer(c) => vec![c.customer_id.0],
            Command::UpdateProfile(c) => vec![c.customer_id.0],
            Command::SuspendCustomer(c) => vec![c.customer_id.0],
            Command::ReinstateCustomer(c) => vec![c.customer_id.0],
            Command::EraseCustomer(c) => vec![c.customer_id.0],
            Command::PublishTariff(_) | Command::RetireTariff(_) => vec![catalogue],
            Command::RegisterStation(c) => c.station_id.iter().map(|id| id.0).chain([catalogue]).collect(),
            Command::ChangeStation(c) => vec![c.station_id.0],
            Command::TakeStationOffline(c) => vec![c.station_id.0],
            Command::BringStationOnline(c) => vec![c.station_id.0],
            Command::DisableSlot(c) => vec![c.station_id.0],
            Command::EnableSlot(c) => vec![c.station_id.0],
            Command::ReportSlotFault(c) => vec![c.station_id.0],
            Command::ClearSlotFault(c) => vec![c.station_id.0],
            Command::RegisterDevice(c) => c.device_id.iter().map(|id| id.0).collect(),
            Command::DockDevice(c) => vec![c.device_id.0, c.station_id.0],
            Command::UndockDevice(c) => vec![c.device_id.0],
            Command::ReportBattery(c) => c.device_id.iter().map(|id| id.0).collect(),
            Command::ReportDeviceMissing(c) => c.device_id.iter().map(|id| id.0).collect(),
            Command::StartMaintenance(c) => vec![c.device_id.0],
            Command::CompleteMaintenance(c) => vec![c.device_id.0],
            Command::RetireDevice(c) => vec![c.device_id.0],
            Command::InitiatePayment(c) => {
                c.payment_id.iter().map(|id| id.0).chain([c.customer_id.0]).collect()
            }
            Command::PaymentConfirmed(c) => {
                c.payment_id.iter().map(|id| id.0).chain(c.customer_id.iter().map(|id| id.0)).collect()
            }
            Command::ExpirePayment(c) => vec![c.payment_id.0],
            Command::RecordPrompt(c) => vec![c.payment_id.0],
            Command::PaymentDeclined(c) => vec![c.payment_id.0],
            Command::MarkPaymentUnknown(c) => vec![c.payment_id.0],
            Command::RecordChargeback(c) => vec![c.payment_id.0],
            Command::RecordUnmatchedReceipt(c) => {
                c.receipt_id.iter().map(|id| id.0).chain(c.payment_id.iter().map(|id| id.0)).collect()
            }
            Command::AssignReceipt(c) => vec![c.receipt_id.0, c.customer_id.0],
            Command::RefundReceipt(c) => {
                [c.receipt_id.0].into_iter().chain(c.refund_id.iter().map(|id| id.0)).collect()
            }
            Command::ApproveAction(c) => vec![c.approval_id.0],
            Command::RejectAction(c) => vec![c.approval_id.0],
            Command::AdjustBalance(c) => vec![c.customer_id.0],
            Command::WriteOffDebt(c) => vec![c.customer_id.0],
            Command::CorrectRental(c) => vec![c.rental_id.0],
            Command::ClosePeriod(_) => vec![crate::ids::PERIODS.id],
            Command::SkipProjectionEvent(c) => vec![c.projection.stream().id],
            Command::RequestDepositRefund(c) => {
                [c.customer_id.0].into_iter().chain(c.refund_id.iter().map(|id| id.0)).collect()
            }
            Command::RequestPaymentRefund(c) => {
                [c.payment_id.0].into_iter().chain(c.refund_id.iter().map(|id| id.0)).collect()
            }
            Command::ApproveRefund(c) => vec![c.refund_id.0],
            Command::RejectRefund(c) => vec![c.refund_id.0],
            Command::RecordRefundSubmitted(c) => vec![c.refund_id.0],
            Command::RefundConfirmed(c) => vec![c.refund_id.0],
            Command::RefundDeclined(c) => vec![c.refund_id.0],
            Command::MarkRefundUnknown(c) => vec![c.refund_id.0],
            Command::OpenBreak(c) => c.break_id.iter().map(|id| id.0).collect(),
            Command::ExplainBreak(c) => vec![c.break_id.0],
            Command::CloseBreak(c) => vec![c.break_id.0],
            Command::RecordProviderFee(_) | Command::RecordProviderPayout(_) => Vec::new(),
            Command::StartRental(c) => c
                .rental_id
                .iter()
                .map(|id| id.0)
                .chain([c.customer_id.0, c.station_id.0, catalogue])
                .collect(),
            Command::ConfirmRelease(c) => vec![c.rental_id.0],
            Command::ReportReleaseFailure(c) => vec![c.rental_id.0],
            Command::ReportReleaseUnknown(c) => vec![c.rental_id.0],
            Command::CancelRelease(c) => vec![c.rental_id.0],
            Command::ExtendRental(c) => vec![c.rental_id.0],
            Command::MarkOverdue(c) => vec![c.rental_id.0],
            Command::DeviceReturned(c) => c.device_id.iter().map(|id| id.0).chain([c.station_id.0]).collect(),
            Command::ReportReturnRefused(c) => c.device_id.iter().map(|id| id.0).collect(),
            Command::ReportLost(c) => vec![c.rental_id.0],
            Command::SellDevice(c) => vec![c.rental_id.0],
        }
    }
}
