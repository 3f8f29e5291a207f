//! Lines of the journal, by what they are about.
//!
//! The same filter in each: `$1` happened by, `$2` and `$3` first and last booking day, `$4` account, `$5` customer, `$6`
//! rental, `$7` station, `$8` and `$9` tariff and version, `$10` provider, `$11` kind, `$12` type of the event, `$13` rate of
//! VAT; what is null admits everything. `$14` is the last position that counts. Of a customer and of a rental the few lines are found
//! by their index first, whatever else is asked for.

/// The columns of a line, from `j`.
macro_rules! columns {
    () => {
        "j.position AS at, j.line, j.debit, j.credit, j.amount, j.customer_id, j.provider, j.occurred_at, \
         j.recorded_at, j.booking_day, j.event_type, j.rental_id, j.station_id, j.tariff_id, j.tariff_version, j.kind, \
         j.vat_percent"
    };
}
pub(super) use columns;

/// All lines.
macro_rules! all {
    () => {
        "read_model.journal"
    };
}

/// Those of one customer.
macro_rules! of_customer {
    () => {
        "(SELECT * FROM read_model.journal WHERE customer_id = $5 OFFSET 0)"
    };
}

/// Those of one rental.
macro_rules! of_rental {
    () => {
        "(SELECT * FROM read_model.journal WHERE rental_id = $6 OFFSET 0)"
    };
}

/// What a line has to be, booking days aside.
macro_rules! fits {
    () => {
        "position <= $14::bigint AND ($1::timestamptz IS NULL OR occurred_at <= $1)
           AND ($4::smallint IS NULL OR debit = $4 OR credit = $4) AND ($5::uuid IS NULL OR customer_id = $5)
           AND ($6::uuid IS NULL OR rental_id = $6) AND ($7::uuid IS NULL OR station_id = $7)
           AND ($8::uuid IS NULL OR tariff_id = $8) AND ($9::integer IS NULL OR tariff_version = $9)
           AND ($10::text IS NULL OR provider = $10) AND ($11::text IS NULL OR kind = $11)
           AND ($12::text IS NULL OR event_type = $12) AND ($13::smallint IS NULL OR vat_percent = $13)"
    };
}

macro_rules! from_day {
    () => {
        "booking_day >= coalesce($2::date, '-infinity')"
    };
}

macro_rules! to_day {
    () => {
        "booking_day <= coalesce($3::date, 'infinity')"
    };
}

/// The journal in the order of recording: at most `$15` lines after line `$17` of position `$16`. Where in the ledger
/// the booking days lie is known by their totals.
macro_rules! journal {
    ($lines:expr) => {
        concat!(
            "SELECT p.position, ",
            columns!(),
            " FROM read_model.billing_position p
     CROSS JOIN LATERAL (
        SELECT min(first_position) AS first, max(position) AS last FROM read_model.account_day WHERE ",
            from_day!(),
            " AND ",
            to_day!(),
            ") d
     LEFT JOIN LATERAL (
        SELECT * FROM ",
            $lines,
            " l WHERE (position, line) > ($16::bigint, $17::smallint) AND position >= d.first AND position <= d.last
           AND ",
            fits!(),
            " AND ",
            from_day!(),
            " AND ",
            to_day!(),
            " ORDER BY position, line LIMIT $15) j ON true
     ORDER BY j.position, j.line"
        )
    };
}

/// One side of the entries of an account.
macro_rules! side {
    ($lines:expr, $side:literal) => {
        concat!(
            "(SELECT * FROM ",
            $lines,
            " l WHERE ",
            $side,
            " = $4 AND booking_day >= coalesce(greatest($18::date, $2), '-infinity')
           AND ($18 IS NULL OR (booking_day, position, line) > ($18, $16::bigint, $17::smallint)) AND ",
            to_day!(),
            " AND ",
            fits!(),
            " ORDER BY booking_day, position, line LIMIT $15)"
        )
    };
}

/// The entries of an account by booking day, in the order of recording: at most `$15` after line `$17` of position `$16`
/// of day `$18`. No line has one account on both sides.
macro_rules! entries {
    ($lines:expr) => {
        concat!(
            "SELECT p.position, ",
            columns!(),
            " FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM (",
            side!($lines, "debit"),
            " UNION ALL ",
            side!($lines, "credit"),
            ") u ORDER BY booking_day, position, line LIMIT $15) j ON true
     ORDER BY j.booking_day, j.position, j.line"
        )
    };
}

/// What the entries of an account come to before the first day and from it on.
macro_rules! sums {
    ($lines:expr) => {
        concat!(
            "SELECT p.position, s.* FROM read_model.billing_position p CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount) FILTER (WHERE debit = $4 AND booking_day < $2), 0)::bigint AS opening_debit,
               coalesce(sum(amount) FILTER (WHERE credit = $4 AND booking_day < $2), 0)::bigint AS opening_credit,
               coalesce(sum(amount) FILTER (WHERE debit = $4 AND ",
            from_day!(),
            "), 0)::bigint AS debit,
               coalesce(sum(amount) FILTER (WHERE credit = $4 AND ",
            from_day!(),
            "), 0)::bigint AS credit,
               count(*) FILTER (WHERE ",
            from_day!(),
            ") AS lines, min(position) FILTER (WHERE ",
            from_day!(),
            ") AS first_position, max(position) FILTER (WHERE ",
            from_day!(),
            ") AS last_position
        FROM ",
            $lines,
            " l WHERE (debit = $4 OR credit = $4) AND ",
            to_day!(),
            " AND ",
            fits!(),
            ") s"
        )
    };
}

/// The journal.
pub(crate) const JOURNAL: &str = journal!(all!());
/// Its lines of a customer.
pub(crate) const JOURNAL_OF_CUSTOMER: &str = journal!(of_customer!());
/// Its lines of a rental.
pub(crate) const JOURNAL_OF_RENTAL: &str = journal!(of_rental!());

/// The entries of an account.
pub(crate) const ENTRIES: &str = entries!(all!());
/// Those of a customer.
pub(crate) const ENTRIES_OF_CUSTOMER: &str = entries!(of_customer!());
/// Those of a rental.
pub(crate) const ENTRIES_OF_RENTAL: &str = entries!(of_rental!());

/// What entries of an account come to.
pub(crate) const SUMS: &str = sums!(all!());
/// Those of a customer.
pub(crate) const SUMS_OF_CUSTOMER: &str = sums!(of_customer!());
/// Those of a rental.
pub(crate) const SUMS_OF_RENTAL: &str = sums!(of_rental!());
