//! Accounts as finance names them: by code, of a class, with a side on which they grow.

use domain::postings::Account;
use edge::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// What an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountClass)]
pub(crate) enum Class {
    /// What we have or are owed; grows by debit.
    Asset,
    /// What we owe; grows by credit.
    Liability,
    /// What we earned; grows by credit.
    Income,
    /// What we spent; grows by debit.
    Expense,
}

impl Class {
    pub(crate) const fn of(account: Account) -> Self {
        match account {
            Account::MobileMoney | Account::Bank | Account::CustomerReceivables => Self::Asset,
            Account::CustomerDeposits
            | Account::VatPayable
            | Account::RefundsInTransit
            | Account::UnmatchedReceipts => Self::Liability,
            Account::RentalRevenue | Account::LateFeeRevenue | Account::ReplacementRevenue => Self::Income,
            Account::BadDebt | Account::Goodwill | Account::ProviderFees => Self::Expense,
        }
    }

    /// The side on which it grows.
    pub(crate) const fn side(self) -> &'static str {
        match self {
            Self::Asset | Self::Expense => "debit",
            Self::Liability | Self::Income => "credit",
        }
    }
}

/// Debits and credits as the balance of an account, on the side where it grows: negative where it stands on the other.
pub(crate) const fn on_its_side(account: Account, debit: i64, credit: i64) -> i64 {
    match Class::of(account) {
        Class::Asset | Class::Expense => debit.saturating_sub(credit),
        Class::Liability | Class::Income => credit.saturating_sub(debit),
    }
}

fn of_text(text: &str) -> Option<Account> {
    text.parse().ok().and_then(Account::of_code)
}

/// The account that a query names.
pub(crate) fn named(code: &str) -> Result<Account, Problem> {
    of_text(code).ok_or_else(|| {
        let codes: Vec<String> = Account::ALL.iter().map(|account| account.code().to_string()).collect();
        Problem::malformed(format!("account is one of {}", codes.join(", ")))
    })
}

/// The account in a path: 404 where there is none of that code.
pub(crate) fn of_path(code: &str) -> Result<Account, Problem> {
    of_text(code)
        .ok_or_else(|| Problem::not_found("there is no account of that code in the chart of accounts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_grows_on_its_side() {
        assert_eq!(on_its_side(Account::MobileMoney, 500, 200), 300);
        assert_eq!(on_its_side(Account::CustomerDeposits, 500, 200), -300);
        assert_eq!(on_its_side(Account::RentalRevenue, 0, 847), 847);
        assert_eq!(on_its_side(Account::BadDebt, 847, 0), 847);
    }

    #[test]
    fn only_codes_of_the_chart_name_an_account() {
        assert_eq!(named("2000").unwrap(), Account::CustomerDeposits);
        for bad in ["", "2001", "-2000", "99999", "deposits"] {
            assert_eq!(named(bad).unwrap_err().code(), "malformed", "{bad}");
            assert_eq!(of_path(bad).unwrap_err().code(), "not_found", "{bad}");
        }
    }
}
