//! Which fields of commands are about a person, and how they are treated before a command comes here.

/// How a personal field is treated at the edge before the command comes here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonalKind {
    /// A phone that finds its owner again: normalised, sealed, with a blind index ([`SealedPhone`]).
    IndexedPhone,
    /// A phone: normalised ([`crate::phone::Phone`]) and sealed ([`Sealed`]).
    Phone,
    /// A name: checked ([`Name`]) and sealed.
    Name,
    /// Free text about a person: checked ([`Reason`]) and sealed.
    Text,
}

/// Whose key seals a command's personal fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonOf {
    /// The customer of `customer_id`; absent, the id derived from the command's.
    CustomerId,
    /// The customer of the rental of `rental_id`.
    RentalId,
    /// The customer of the payment of `payment_id`.
    PaymentId,
    /// The receipt of `receipt_id`, which has a key of its own; absent, the id derived from the command's.
    ReceiptId,
    /// The customer, or else the receipt, of the refund of `refund_id`.
    RefundId,
    /// The customer or receipt that the approval of `approval_id` is about.
    ApprovalId,
}

/// The personal fields of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Personal {
    /// The command's name.
    pub command: &'static str,
    /// Whose key seals them.
    pub whose: PersonOf,
    /// The fields of its data, with how each is treated.
    pub fields: &'static [(&'static str, PersonalKind)],
}

/// Every command that has personal fields. Commands not listed have none.
pub const PERSONAL: &[Personal] = &[
    Personal {
        command: "RegisterCustomer",
        whose: PersonOf::CustomerId,
        fields: &[("phone", PersonalKind::IndexedPhone), ("name", PersonalKind::Name)],
    },
    Personal {
        command: "UpdateProfile",
        whose: PersonOf::CustomerId,
        fields: &[("name", PersonalKind::Name)],
    },
    Personal {
        command: "SuspendCustomer",
        whose: PersonOf::CustomerId,
        fields: &[("reason", PersonalKind::Text)],
    },
    Personal {
        command: "ReinstateCustomer",
        whose: PersonOf::CustomerId,
        fields: &[("reason", PersonalKind::Text)],
    },
    Personal {
        command: "InitiatePayment",
        whose: PersonOf::CustomerId,
        fields: &[("phone", PersonalKind::Phone)],
    },
    Personal { command: "ReportLost", whose: PersonOf::RentalId, fields: &[("reason", PersonalKind::Text)] },
    Personal {
        command: "RecordUnmatchedReceipt",
        whose: PersonOf::ReceiptId,
        fields: &[("payer", PersonalKind::IndexedPhone)],
    },
    Personal {
        command: "AssignReceipt",
        whose: PersonOf::CustomerId,
        fields: &[("reason", PersonalKind::Text)],
    },
    Personal {
        command: "RefundReceipt",
        whose: PersonOf::ReceiptId,
        fields: &[("destination", PersonalKind::Phone), ("reason", PersonalKind::Text)],
    },
    Personal {
        command: "ApproveAction",
        whose: PersonOf::ApprovalId,
        fields: &[("reason", PersonalKind::Text)],
    },
    Personal {
        command: "RejectAction",
        whose: PersonOf::ApprovalId,
        fields: &[("reason", PersonalKind::Text)],
    },
    Personal {
        command: "AdjustBalance",
        whose: PersonOf::CustomerId,
        fields: &[("reason", PersonalKind::Text)],
    },
    Personal {
        command: "WriteOffDebt",
        whose: PersonOf::CustomerId,
        fields: &[("reason", PersonalKind::Text)],
    },
    Personal {
        command: "CorrectRental",
        whose: PersonOf::RentalId,
        fields: &[("reason", PersonalKind::Text)],
    },
    Personal {
        command: "RequestPaymentRefund",
        whose: PersonOf::PaymentId,
        fields: &[("reason", PersonalKind::Text)],
    },
    Personal {
        command: "ApproveRefund",
        whose: PersonOf::RefundId,
        fields: &[("reason", PersonalKind::Text)],
    },
    Personal {
        command: "RejectRefund",
        whose: PersonOf::RefundId,
        fields: &[("reason", PersonalKind::Text)],
    },
];
