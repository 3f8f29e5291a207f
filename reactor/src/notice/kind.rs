//! The kinds of notices, and for how long each is news.

use chrono::TimeDelta;

/// What a notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The meter runs: its price and the due time.
    RentalStarted,
    /// The bank is back: how long it was away and what that costs.
    RentalEnded,
    /// What was charged for a rental, with its VAT.
    Receipt,
    /// The due time comes near.
    DueSoon,
    /// An hour late.
    Overdue1h,
    /// A day late.
    Overdue24h,
    /// Two days late.
    Overdue48h,
    /// The bank counts as sold.
    RentalSold,
    /// A bank that was sold is back, and its fee given back.
    Recovered,
    /// The bill was wrong.
    RentalCorrected,
    /// Money came.
    PaymentReceived,
    /// The customer or the provider said no.
    PaymentDeclined,
    /// Nobody paid.
    PaymentExpired,
    /// Money was paid back.
    RefundPaid,
    /// The provider refused to pay it back.
    RefundFailed,
    /// We refused to pay it back.
    RefundRejected,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::RentalStarted,
        Self::RentalEnded,
        Self::Receipt,
        Self::DueSoon,
        Self::Overdue1h,
        Self::Overdue24h,
        Self::Overdue48h,
        Self::RentalSold,
        Self::Recovered,
        Self::RentalCorrected,
        Self::PaymentReceived,
        Self::PaymentDeclined,
        Self::PaymentExpired,
        Self::RefundPaid,
        Self::RefundFailed,
        Self::RefundRejected,
    ];

    /// The word in the database, in metrics, and in the name of the template. Never changed: with the position of its
    /// event it is what makes a notice this one.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RentalStarted => "rental_started",
            Self::RentalEnded => "rental_ended",
            Self::Receipt => "receipt",
            Self::DueSoon => "due_soon",
            Self::Overdue1h => "overdue_1h",
            Self::Overdue24h => "overdue_24h",
            Self::Overdue48h => "overdue_48h",
            Self::RentalSold => "rental_sold",
            Self::Recovered => "recovered",
            Self::RentalCorrected => "rental_corrected",
            Self::PaymentReceived => "payment_received",
            Self::PaymentDeclined => "payment_declined",
            Self::PaymentExpired => "payment_expired",
            Self::RefundPaid => "refund_paid",
            Self::RefundFailed => "refund_failed",
            Self::RefundRejected => "refund_rejected",
        }
    }

    /// The kind of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether it reminds of something that nobody did: it waits for the day, and is taken back.
    #[must_use]
    pub const fn is_reminder(self) -> bool {
        match self {
            Self::DueSoon | Self::Overdue1h | Self::Overdue24h | Self::Overdue48h => true,
            Self::RentalStarted
            | Self::RentalEnded
            | Self::Receipt
            | Self::RentalSold
            | Self::Recovered
            | Self::RentalCorrected
            | Self::PaymentReceived
            | Self::PaymentDeclined
            | Self::PaymentExpired
            | Self::RefundPaid
            | Self::RefundFailed
            | Self::RefundRejected => false,
        }
    }

    /// For how long after its moment it is worth sending. What is not sent by then is `expired`.
    #[must_use]
    pub const fn limit(self) -> TimeDelta {
        match self {
            // Until the due time; what is said of the start and of a failed payment helps only at once.
            Self::DueSoon | Self::RentalStarted | Self::PaymentDeclined => TimeDelta::hours(1),
            // Until the morning after a night, and before the next reminder.
            Self::Overdue1h | Self::Overdue24h | Self::Overdue48h | Self::PaymentExpired => {
                TimeDelta::hours(12)
            }
            Self::RentalEnded
            | Self::Receipt
            | Self::RentalSold
            | Self::Recovered
            | Self::RentalCorrected
            | Self::PaymentReceived
            | Self::RefundPaid
            | Self::RefundFailed
            | Self::RefundRejected => TimeDelta::hours(24),
        }
    }
}
