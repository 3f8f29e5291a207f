//! The small words that facts are made of: who carries money, what it is for, why something happened.

use serde::{Deserialize, Serialize};

use crate::{
    Money, Time,
    ids::{self, CustomerId, ReceiptId, RentalId, StationId, StreamKey},
    personal::Sealed,
    purse::Debited,
    values::{Percent, Reason, SlotNumber},
};

/// What needs a person's eye. Listed by the read model of cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// The reported time was ahead of now or before the start; the arrival was taken instead.
    ClockSuspect,
    /// The station did not look at the slot for more than an hour before the return.
    LongAbsence,
    /// The station uploaded this more than seven days later.
    LateUpload,
    /// Another bank than the reserved one left.
    OtherDevice,
    /// A bank left although the rental was over or cancelled.
    LateRelease,
    /// Nobody learned whether the bank left.
    ReleaseUnresolved,
    /// The amount differs from what was asked.
    WrongAmount,
    /// A second transaction for a payment that is already settled.
    SecondReference,
    /// The customer's account is closed.
    CustomerClosed,
    /// The bank was thought to be in a place where another one is now.
    Displaced,
    /// Money that came from another phone than was asked.
    WrongPayer,
    /// Money that came through another wallet than was asked.
    WrongOperator,
    /// Money for a reference that nobody made.
    UnknownReference,
    /// What said that money came is not signed as it should be.
    BadSignature,
    /// The provider, when asked, did not confirm what it is said to have reported.
    NotConfirmed,
    /// Money that settles nothing, for a reason that has no word of its own.
    Unmatched,
    /// Money was paid back and the same debt to a person had been met in another way already.
    PaidTwice,
    /// Something was learned of a rental after staff had corrected its bill; the bill stayed.
    AfterCorrection,
}

/// How a station hands out banks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReleaseMode {
    /// A staffed kiosk: the bank is out when the rental starts.
    Instant,
    /// A cabinet that reports whether a bank really left.
    Confirmed,
}

/// A wallet operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// M-Pesa by Vodacom.
    Mpesa,
    /// Mixx by Yas.
    Mixx,
    /// Airtel Money.
    Airtel,
    /// HaloPesa.
    Halopesa,
    /// AzamPesa.
    Azampesa,
}

impl Provider {
    /// The name used in claims, rows and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Provider::Mpesa => "mpesa",
            Provider::Mixx => "mixx",
            Provider::Airtel => "airtel",
            Provider::Halopesa => "halopesa",
            Provider::Azampesa => "azampesa",
        }
    }
}

/// What a payment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To raise the deposit balance.
    Deposit,
    /// To pay a debt.
    Debt,
}

/// What a second person has to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// To give the money of a receipt to a customer.
    AssignReceipt {
        /// Which receipt.
        receipt_id: ReceiptId,
        /// To whom.
        customer_id: CustomerId,
        /// Why, sealed under the customer's key.
        reason: Sealed,
    },
    /// To give a customer money, or take some.
    AdjustBalance {
        /// Whose balance.
        customer_id: CustomerId,
        /// Which way.
        direction: Direction,
        /// How much.
        amount: Money,
        /// Why, sealed under the customer's key.
        reason: Sealed,
    },
    /// To give up a debt.
    WriteOffDebt {
        /// Whose.
        customer_id: CustomerId,
        /// How much of it.
        amount: Money,
        /// Why, sealed under the customer's key.
        reason: Sealed,
    },
    /// To bill a closed rental anew.
    CorrectRental {
        /// Which.
        rental_id: RentalId,
        /// Whose.
        customer_id: CustomerId,
        /// When it started, if that was wrong.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        started_at: Option<Time>,
        /// When it ended, if that was wrong.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        ended_at: Option<Time>,
        /// What it costs, if that is not to be rated.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        total: Option<Money>,
        /// Why, sealed under the customer's key.
        reason: Sealed,
    },
    /// To have a read model of money pass over an event that it cannot apply.
    SkipProjectionEvent {
        /// Which read model.
        projection: Projection,
        /// The event's position.
        position: i64,
        /// Why.
        reason: Reason,
    },
}

/// Which way a balance is adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// In the customer's favour.
    Up,
    /// Against them.
    Down,
}

impl Direction {
    /// The name in rows and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::Up => "up",
            Direction::Down => "down",
        }
    }
}

/// A read model, where the ledger speaks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Projection {
    /// Rentals.
    Rentals,
    /// Money.
    Billing,
    /// Stations, slots, devices.
    Inventory,
    /// What needs a person's eye.
    Cases,
}

impl Projection {
    /// Every read model.
    pub const ALL: [Projection; 4] =
        [Projection::Rentals, Projection::Billing, Projection::Inventory, Projection::Cases];

    /// The name in rows and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Projection::Rentals => "rentals",
            Projection::Billing => "billing",
            Projection::Inventory => "inventory",
            Projection::Cases => "cases",
        }
    }

    /// Whether it is about money: such a one passes over nothing without a second person.
    #[must_use]
    pub const fn is_finance(self) -> bool {
        match self {
            Projection::Billing => true,
            Projection::Rentals | Projection::Inventory | Projection::Cases => false,
        }
    }

    /// The stream of what it passes over.
    #[must_use]
    pub const fn stream(self) -> StreamKey {
        ids::projection(match self {
            Projection::Rentals => 0,
            Projection::Billing => 1,
            Projection::Inventory => 2,
            Projection::Cases => 3,
        })
    }
}

/// An account in a period that is closed: what moved on its days, and how it stood at their end. By booking day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccountTotal {
    /// The code in the chart of accounts.
    pub account: i16,
    /// Debited within the period.
    pub debit: i64,
    /// Credited within the period.
    pub credit: i64,
    /// Debited on all days up to the period's end.
    pub total_debit: i64,
    /// Credited on all days up to the period's end.
    pub total_credit: i64,
}

/// A signed checkpoint of the ledger's tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckpointRef {
    /// The origin that signed it.
    pub origin: String,
    /// How many events it covers.
    pub size: i64,
    /// The tree's root, in hex.
    pub root: String,
}

/// What was found wrong between the ledger and a provider's statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BreakCause {
    /// The statement has it, the ledger has not.
    MissingInLedger,
    /// The ledger has it, the statement has not.
    MissingAtProvider,
    /// Both have it, with different amounts.
    AmountDiffers,
    /// Both have it; one says that it succeeded, the other that it did not.
    StatusDiffers,
    /// The statement has it twice.
    Duplicate,
}

/// Why a refund will not be paid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RefundRejection {
    /// A member of staff said no.
    Staff,
    /// The customer has an open rental by now.
    RentalOpen,
    /// The customer has a debt by now.
    Debt,
}

/// Where the money of a paid refund comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum PaidFrom {
    /// From what was set aside for it.
    Transit,
    /// From the customer: the money had gone back to them before the proof came.
    Customer {
        /// Taken from their purse.
        debited: Debited,
    },
    /// From nobody: the customer it had gone back to is erased.
    BadDebt,
    /// From unmatched receipts: the money had gone back there before the proof came.
    Receipt,
}

/// Where a bank is put: a slot of a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Place {
    /// The station.
    pub station_id: StationId,
    /// The slot.
    pub slot: SlotNumber,
}

/// What was seen of a return, as reported. The billed end may lie earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReturnEvidence {
    /// Where the bank is now.
    #[serde(flatten)]
    pub place: Place,
    /// When it was seen there.
    pub observed_at: Time,
    /// When the slot was last seen without it, if the station said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_seen_absent_at: Option<Time>,
    /// When the report arrived.
    pub arrived_at: Time,
    /// The billed end that follows from this return alone.
    pub billed_at: Time,
    /// How full the battery was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub battery_percent: Option<Percent>,
}

/// Why a rental counts as sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SaleCause {
    /// The deadline passed.
    Deadline,
    /// The customer reported the bank lost.
    Report,
}

/// Why a rental did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CancelCause {
    /// The station said that the bank did not leave.
    ReleaseFailed,
    /// Nobody learned what happened within a day.
    ReleaseUnresolved,
    /// The reserved bank left with another rental.
    LeftWithOtherRental,
    /// An inventory saw the bank in its slot after nobody had known.
    SeenInSlot,
}

/// What a corrected rental is afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CorrectedStage {
    /// It ended: the new charge has no replacement fee.
    Ended,
    /// The bank stays sold.
    Sold,
    /// The bank stays recovered.
    Recovered,
}

/// Why a bill was corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CorrectionCause {
    /// A return was reported late.
    LateReturn,
    /// A station had refused the bank before it was returned.
    ReturnAttempt,
    /// Two members of staff said so.
    Staff,
}
