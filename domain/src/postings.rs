//! The books: what each event means in double entry.
//!
//! An entry line names an account to debit, an account to credit and one positive amount, so an entry that does not
//! balance cannot be written down (I6). Lines on customers' accounts carry the customer, lines on mobile money the
//! provider. Pairs come in a fixed order: deposit before debt; usage net, usage VAT, late net, late VAT,
//! replacement net, replacement VAT.

use serde::Serialize;

use crate::{
    Event, Money,
    event::{BalanceAdjusted, PaidFrom, Provider, RefundPaid},
    ids::CustomerId,
    purse::{Credited, Debited},
    rating::{Kind, Posted},
};

/// An account of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// 1000: what lies with the mobile money providers.
    MobileMoney,
    /// 1010: what lies at the bank.
    Bank,
    /// 1100: what customers owe.
    CustomerReceivables,
    /// 2000: customers' deposits.
    CustomerDeposits,
    /// 2100: VAT owed to the state.
    VatPayable,
    /// 2200: refunds on their way.
    RefundsInTransit,
    /// 2900: money that belongs to nobody yet.
    UnmatchedReceipts,
    /// 4000: income from usage.
    RentalRevenue,
    /// 4010: income from late fees.
    LateFeeRevenue,
    /// 4020: income from sold banks.
    ReplacementRevenue,
    /// 5000: debts written off.
    BadDebt,
    /// 5100: given away.
    Goodwill,
    /// 5200: what providers take.
    ProviderFees,
}

impl Account {
    /// Every account, by code.
    pub const ALL: [Account; 13] = [
        Account::MobileMoney,
        Account::Bank,
        Account::CustomerReceivables,
        Account::CustomerDeposits,
        Account::VatPayable,
        Account::RefundsInTransit,
        Account::UnmatchedReceipts,
        Account::RentalRevenue,
        Account::LateFeeRevenue,
        Account::ReplacementRevenue,
        Account::BadDebt,
        Account::Goodwill,
        Account::ProviderFees,
    ];

    /// The code in the chart of accounts.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Account::MobileMoney => 1000,
            Account::Bank => 1010,
            Account::CustomerReceivables => 1100,
            Account::CustomerDeposits => 2000,
            Account::VatPayable => 2100,
            Account::RefundsInTransit => 2200,
            Account::UnmatchedReceipts => 2900,
            Account::RentalRevenue => 4000,
            Account::LateFeeRevenue => 4010,
            Account::ReplacementRevenue => 4020,
            Account::BadDebt => 5000,
            Account::Goodwill => 5100,
            Account::ProviderFees => 5200,
        }
    }

    /// The name in the chart of accounts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Account::MobileMoney => "mobile_money",
            Account::Bank => "bank",
            Account::CustomerReceivables => "customer_receivables",
            Account::CustomerDeposits => "customer_deposits",
            Account::VatPayable => "vat_payable",
            Account::RefundsInTransit => "refunds_in_transit",
            Account::UnmatchedReceipts => "unmatched_receipts",
            Account::RentalRevenue => "rental_revenue",
            Account::LateFeeRevenue => "late_fee_revenue",
            Account::ReplacementRevenue => "replacement_revenue",
            Account::BadDebt => "bad_debt",
            Account::Goodwill => "goodwill",
            Account::ProviderFees => "provider_fees",
        }
    }

    /// The account of that code.
    #[must_use]
    pub fn of_code(code: i16) -> Option<Account> {
        Account::ALL.into_iter().find(|account| account.code() == code)
    }
}

/// One line of an entry: `amount` from `credit` to `debit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Posting {
    /// The account that is debited.
    pub debit: Account,
    /// The account that is credited.
    pub credit: Account,
    /// More than nothing.
    pub amount: Money,
    /// Whose receivable or deposit it is, if one of both accounts is a customer's.
    pub customer: Option<CustomerId>,
    /// Where the money lies, if one of both accounts is mobile money.
    pub provider: Option<Provider>,
    /// Which kind of income it is, or is the VAT of.
    pub kind: Option<Kind>,
}

/// What an entry has on one side.
#[derive(Clone, Copy)]
struct Leg {
    account: Account,
    amount: Money,
    kind: Option<Kind>,
}

impl Leg {
    /// Income of a kind, or its VAT.
    const fn of(kind: Kind, account: Account, amount: Money) -> Leg {
        Leg { account, amount, kind: Some(kind) }
    }
}

impl From<(Account, Money)> for Leg {
    fn from((account, amount): (Account, Money)) -> Leg {
        Leg { account, amount, kind: None }
    }
}

/// Who and where the lines of an entry are about.
#[derive(Clone, Copy)]
struct Party {
    customer: Option<CustomerId>,
    provider: Option<Provider>,
}

impl Party {
    const NOBODY: Party = Party { customer: None, provider: None };

    const fn customer(id: CustomerId) -> Party {
        Party { customer: Some(id), provider: None }
    }

    fn line(self, debit: Account, credit: Account, amount: Money) -> Posting {
        let customers = [Account::CustomerReceivables, Account::CustomerDeposits];
        let touches = |accounts: &[Account]| accounts.contains(&debit) || accounts.contains(&credit);
        Posting {
            debit,
            credit,
            amount,
            customer: self.customer.filter(|_| touches(&customers)),
            provider: self.provider.filter(|_| touches(&[Account::MobileMoney])),
            kind: None,
        }
    }

    /// Pairs what is debited with what is credited, in order. Both sides have the same sum.
    fn pair<D, C>(self, debits: &[D], credits: &[C]) -> Vec<Posting>
    where
        D: Copy + Into<Leg>,
        C: Copy + Into<Leg>,
    {
        let mut lines = Vec::new();
        let mut credits = credits.iter().copied().map(Into::into);
        let mut credit: Leg = credits.next().unwrap_or((Account::Goodwill, Money::ZERO).into());
        for mut debit in debits.iter().copied().map(Into::<Leg>::into) {
            while !debit.amount.is_zero() {
                if credit.amount.is_zero() {
                    let Some(next) = credits.next() else { break };
                    credit = next;
                    continue;
                }
                let part = debit.amount.min(credit.amount);
                let kind = debit.kind.or(credit.kind);
                lines.push(Posting { kind, ..self.line(debit.account, credit.account, part) });
                debit.amount = debit.amount.less(part);
                credit.amount = credit.amount.less(part);
            }
        }
        lines
    }
}

fn income(posted: Posted) -> [Leg; 6] {
    let Posted { amounts, vat } = posted;
    let (usage, late, replacement) = (Kind::Usage, Kind::Late, Kind::Replacement);
    [
        Leg::of(usage, Account::RentalRevenue, amounts.usage.less(vat.usage)),
        Leg::of(usage, Account::VatPayable, vat.usage),
        Leg::of(late, Account::LateFeeRevenue, amounts.late.less(vat.late)),
        Leg::of(late, Account::VatPayable, vat.late),
        Leg::of(replacement, Account::ReplacementRevenue, amounts.replacement.less(vat.replacement)),
        Leg::of(replacement, Account::VatPayable, vat.replacement),
    ]
}

fn charge(customer: CustomerId, posted: Posted, debited: Debited) -> Vec<Posting> {
    let taken = [(Account::CustomerDeposits, debited.deposit), (Account::CustomerReceivables, debited.debt)];
    Party::customer(customer).pair(&taken, &income(posted))
}

fn reversal(customer: CustomerId, posted: Posted, credited: Credited) -> Vec<Posting> {
    let given = [
        (Account::CustomerReceivables, credited.debt),
        (Account::BadDebt, credited.write_off),
        (Account::CustomerDeposits, credited.deposit),
    ];
    Party::customer(customer).pair(&income(posted), &given)
}

/// Taken from a customer's purse; from nobody's, it is a bad debt.
fn taken(amount: Money, debited: Option<Debited>) -> [(Account, Money); 3] {
    let (deposit, debt, lost) = match debited {
        Some(debited) => (debited.deposit, debited.debt, Money::ZERO),
        None => (Money::ZERO, Money::ZERO, amount),
    };
    [(Account::CustomerDeposits, deposit), (Account::CustomerReceivables, debt), (Account::BadDebt, lost)]
}

fn given(credited: Credited) -> [(Account, Money); 2] {
    [(Account::CustomerReceivables, credited.debt), (Account::CustomerDeposits, credited.deposit)]
}

/// A refund that is not paid out: the money goes back to the customer, or to the receipt.
fn came_back(customer: Option<CustomerId>, amount: Money, credited: Option<Credited>) -> Vec<Posting> {
    let set_aside = [(Account::RefundsInTransit, amount)];
    match credited {
        Some(credited) => Party { customer, provider: None }.pair(&set_aside, &given(credited)),
        None => Party::NOBODY.pair(&set_aside, &[(Account::UnmatchedReceipts, amount)]),
    }
}

fn paid_out(fact: &RefundPaid) -> Vec<Posting> {
    let party = Party { customer: fact.customer_id, provider: Some(fact.provider) };
    let from = match fact.paid_from {
        PaidFrom::Transit => vec![(Account::RefundsInTransit, fact.amount)],
        PaidFrom::Receipt => vec![(Account::UnmatchedReceipts, fact.amount)],
        PaidFrom::Customer { debited } => taken(fact.amount, Some(debited)).to_vec(),
        PaidFrom::BadDebt => taken(fact.amount, None).to_vec(),
    };
    party.pair(&from, &[(Account::MobileMoney, fact.amount)])
}

/// Given to a customer out of goodwill, or taken from them.
fn adjusted(fact: &BalanceAdjusted) -> Vec<Posting> {
    let party = Party::customer(fact.customer_id);
    let goodwill = [(Account::Goodwill, fact.amount)];
    match (fact.credited, fact.debited) {
        (Some(credited), _) => party.pair(&goodwill, &given(credited)),
        (None, debited) => party.pair(&taken(fact.amount, debited), &goodwill),
    }
}

/// The types of events that may make an entry.
const POSTING: [&str; 18] = [
    "PaymentSettled",
    "ReceiptUnmatched",
    "PaymentChargedBack",
    "ReceiptAssigned",
    "ReceiptRefundRequested",
    "RefundRequested",
    "RefundRejected",
    "RefundFailed",
    "RefundPaid",
    "ProviderFeeRecorded",
    "ProviderPayoutRecorded",
    "BalanceAdjusted",
    "DebtWrittenOff",
    "RentalEnded",
    "RentalSold",
    "DeviceRecovered",
    "ReplacementFeeReversed",
    "RentalCorrected",
];

/// Whether an event of that type may make an entry; no other has to be read for the books.
#[must_use]
pub fn may_post(event_type: &str) -> bool {
    POSTING.contains(&event_type)
}

/// The entry that an event makes in the books; empty for events that move no money.
#[must_use]
pub fn entries(event: &Event) -> Vec<Posting> {
    match event {
        Event::PaymentSettled(fact) => {
            let party = Party { customer: Some(fact.customer_id), provider: Some(fact.provider) };
            let given = [
                (Account::CustomerReceivables, fact.credited.debt),
                (Account::CustomerDeposits, fact.credited.deposit),
            ];
            party.pair(&[(Account::MobileMoney, fact.amount)], &given)
        }
        Event::ReceiptUnmatched(fact) => {
            let party = Party { customer: None, provider: Some(fact.provider) };
            party.pair(&[(Account::MobileMoney, fact.amount)], &[(Account::UnmatchedReceipts, fact.amount)])
        }
        Event::PaymentChargedBack(fact) => {
            let party = Party { customer: Some(fact.customer_id), provider: Some(fact.provider) };
            party.pair(&taken(fact.amount, fact.debited), &[(Account::MobileMoney, fact.amount)])
        }
        Event::ReceiptAssigned(fact) => Party::customer(fact.customer_id)
            .pair(&[(Account::UnmatchedReceipts, fact.amount)], &given(fact.credited)),
        Event::ReceiptRefundRequested(fact) => {
            vec![Party::NOBODY.line(Account::UnmatchedReceipts, Account::RefundsInTransit, fact.amount)]
        }
        Event::RefundRequested(fact) => {
            let party = Party::customer(fact.customer_id);
            vec![party.line(Account::CustomerDeposits, Account::RefundsInTransit, fact.amount)]
        }
        Event::RefundRejected(fact) => came_back(fact.customer_id, fact.amount, fact.credited),
        Event::RefundFailed(fact) => came_back(fact.customer_id, fact.amount, fact.credited),
        Event::RefundPaid(fact) => paid_out(fact),
        Event::ProviderFeeRecorded(fact) => {
            let party = Party { customer: None, provider: Some(fact.provider) };
            vec![party.line(Account::ProviderFees, Account::MobileMoney, fact.amount)]
        }
        Event::ProviderPayoutRecorded(fact) => {
            let party = Party { customer: None, provider: Some(fact.provider) };
            vec![party.line(Account::Bank, Account::MobileMoney, fact.amount)]
        }
        Event::BalanceAdjusted(fact) => adjusted(fact),
        Event::DebtWrittenOff(fact) => {
            let party = Party::customer(fact.customer_id);
            vec![party.line(Account::BadDebt, Account::CustomerReceivables, fact.amount)]
        }
        Event::RentalEnded(fact) => charge(fact.customer_id, fact.charge.to_posted(), fact.debited),
        Event::RentalSold(fact) => charge(fact.customer_id, fact.charge.to_posted(), fact.debited),
        Event::DeviceRecovered(fact) => charge(fact.customer_id, fact.charge.to_posted(), fact.debited),
        Event::ReplacementFeeReversed(fact) => reversal(fact.customer_id, fact.reversed, fact.credited),
        Event::RentalCorrected(fact) => {
            let mut lines = reversal(fact.customer_id, fact.reversed, fact.credited);
            lines.extend(charge(fact.customer_id, fact.charge.to_posted(), fact.debited));
            lines
        }
        Event::CustomerRegistered(_)
        | Event::CustomerVerified(_)
        | Event::CustomerSuspended(_)
        | Event::CustomerReinstated(_)
        | Event::ProfileUpdated(_)
        | Event::CustomerErased(_)
        | Event::TariffPublished(_)
        | Event::TariffRetired(_)
        | Event::StationRegistered(_)
        | Event::StationChanged(_)
        | Event::StationWentOffline(_)
        | Event::StationCameOnline(_)
        | Event::SlotDisabled(_)
        | Event::SlotEnabled(_)
        | Event::SlotFaultReported(_)
        | Event::SlotFaultCleared(_)
        | Event::BatteryRanLow(_)
        | Event::BatteryRecovered(_)
        | Event::DeviceRegistered(_)
        | Event::DeviceDocked(_)
        | Event::DeviceUndocked(_)
        | Event::DeviceMissing(_)
        | Event::MaintenanceStarted(_)
        | Event::MaintenanceCompleted(_)
        | Event::DeviceRetired(_)
        | Event::RentalRequested(_)
        | Event::RentalStarted(_)
        | Event::RentalCancelled(_)
        | Event::ReleaseOutcomeUnknown(_)
        | Event::LateReleaseRecorded(_)
        | Event::RentalExtended(_)
        | Event::RentalBecameOverdue(_)
        | Event::ReturnAttemptRecorded(_)
        | Event::PaymentInitiated(_)
        | Event::PaymentPrompted(_)
        | Event::PaymentWasDeclined(_)
        | Event::PaymentOutcomeUnknown(_)
        | Event::ApprovalRequested(_)
        | Event::ActionRejected(_)
        | Event::RefundApproved(_)
        | Event::RefundSubmitted(_)
        | Event::RefundOutcomeUnknown(_)
        | Event::BreakOpened(_)
        | Event::BreakExplained(_)
        | Event::BreakClosed(_)
        | Event::PeriodClosed(_)
        | Event::LedgerRestored(_)
        | Event::ProjectionEventSkipped(_)
        | Event::PaymentExpired(_) => Vec::new(),
    }
}
