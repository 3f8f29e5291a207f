//! The two registries of kinds, the domain's and the ledger's, matched in one place.

use domain::{Claim, StreamKind};

/// The ledger's name of a kind of stream.
pub(crate) const fn ledger(kind: StreamKind) -> ledger::StreamKind {
    match kind {
        StreamKind::Customer => ledger::StreamKind::Customer,
        StreamKind::Device => ledger::StreamKind::Device,
        StreamKind::Station => ledger::StreamKind::Station,
        StreamKind::Rental => ledger::StreamKind::Rental,
        StreamKind::Payment => ledger::StreamKind::Payment,
        StreamKind::Tariff => ledger::StreamKind::Tariff,
        StreamKind::Receipt => ledger::StreamKind::Receipt,
        StreamKind::Refund => ledger::StreamKind::Refund,
        StreamKind::Approval => ledger::StreamKind::Approval,
        StreamKind::Break => ledger::StreamKind::Break,
        StreamKind::Entry => ledger::StreamKind::Entry,
        StreamKind::Period => ledger::StreamKind::Period,
        StreamKind::Ledger => ledger::StreamKind::Ledger,
        StreamKind::Projection => ledger::StreamKind::Projection,
    }
}

/// The domain's name of a kind of stream.
pub(crate) const fn domain(kind: ledger::StreamKind) -> StreamKind {
    match kind {
        ledger::StreamKind::Customer => StreamKind::Customer,
        ledger::StreamKind::Device => StreamKind::Device,
        ledger::StreamKind::Station => StreamKind::Station,
        ledger::StreamKind::Rental => StreamKind::Rental,
        ledger::StreamKind::Payment => StreamKind::Payment,
        ledger::StreamKind::Tariff => StreamKind::Tariff,
        ledger::StreamKind::Receipt => StreamKind::Receipt,
        ledger::StreamKind::Refund => StreamKind::Refund,
        ledger::StreamKind::Approval => StreamKind::Approval,
        ledger::StreamKind::Break => StreamKind::Break,
        ledger::StreamKind::Entry => StreamKind::Entry,
        ledger::StreamKind::Period => StreamKind::Period,
        ledger::StreamKind::Ledger => StreamKind::Ledger,
        ledger::StreamKind::Projection => StreamKind::Projection,
    }
}

const KINDS: [&str; 8] = [
    Claim::DEVICE_SERIAL,
    Claim::STATION_CODE,
    Claim::PHONE,
    Claim::PROVIDER_REFERENCE,
    Claim::EXTERNAL_ID,
    Claim::REFUND_REFERENCE,
    Claim::CHARGEBACK,
    Claim::PROVIDER_ENTRY,
];

/// The claim of that kind and value, if the domain knows the kind.
pub(crate) fn claim(kind: &str, value: String) -> Option<Claim> {
    let kind = KINDS.into_iter().find(|known| *known == kind)?;
    Some(Claim { kind, value })
}

/// Whether a name of this kind, once taken, is taken for ever. Only blind indexes are released.
pub(crate) fn is_permanent(claim: &Claim) -> bool {
    claim.kind != Claim::PHONE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_one_name_on_both_sides() {
        for kind in ledger::StreamKind::ALL {
            let here = domain(kind);
            assert_eq!((here.as_str(), ledger(here)), (kind.as_str(), kind));
        }
    }
}
