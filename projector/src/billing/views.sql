DROP VIEW IF EXISTS read_model.billing_position, read_model.balance, read_model.charge, read_model.payment, read_model.payment_reference, read_model.receipt, read_model.refund, read_model.approval, read_model.statement_break, read_model.movement, read_model.journal, read_model.late_posting, read_model.statement, read_model.account, read_model.account_day, read_model.account_total, read_model.period;

CREATE VIEW read_model.billing_position AS
SELECT position
FROM ledger.projection WHERE name = 'billing' AND version = {version};
COMMENT ON VIEW read_model.billing_position IS 'Up to which position of the ledger the views of money stand.';
COMMENT ON COLUMN read_model.billing_position.position IS 'The position of the last event that they hold.';

CREATE VIEW read_model.balance AS
SELECT customer_id, balance, debt, opened_position, opened_at, position
FROM {schema}.balance;
COMMENT ON VIEW read_model.balance IS 'What lies on deposit for each customer and what they owe, in whole shillings (TZS).';
COMMENT ON COLUMN read_model.balance.customer_id IS 'The customer.';
COMMENT ON COLUMN read_model.balance.balance IS 'The deposit balance.';
COMMENT ON COLUMN read_model.balance.debt IS 'What is owed.';
COMMENT ON COLUMN read_model.balance.opened_position IS 'The position from which on there is a balance: the registration.';
COMMENT ON COLUMN read_model.balance.opened_at IS 'When the customer registered.';
COMMENT ON COLUMN read_model.balance.position IS 'The position of the last event that changed this row.';

CREATE VIEW read_model.charge AS
SELECT rental_id, customer_id, total, usage, late, replacement, vat, lines, charged_at, position
FROM {schema}.charge;
COMMENT ON VIEW read_model.charge IS 'What each billed rental costs as it stands now, and why. Amounts include VAT.';
COMMENT ON COLUMN read_model.charge.rental_id IS 'The rental.';
COMMENT ON COLUMN read_model.charge.customer_id IS 'Who rents.';
COMMENT ON COLUMN read_model.charge.total IS 'Everything together.';
COMMENT ON COLUMN read_model.charge.usage IS 'For using the bank.';
COMMENT ON COLUMN read_model.charge.late IS 'For bringing it late.';
COMMENT ON COLUMN read_model.charge.replacement IS 'For not bringing it.';
COMMENT ON COLUMN read_model.charge.vat IS 'The VAT inside the total.';
COMMENT ON COLUMN read_model.charge.lines IS 'The steps of the calculation: rule, interval, units, price, amount.';
COMMENT ON COLUMN read_model.charge.charged_at IS 'When the charge arose.';
COMMENT ON COLUMN read_model.charge.position IS 'The position of the last event that changed this row.';

CREATE VIEW read_model.payment AS
SELECT payment_id, customer_id, status, purpose, amount, provider, initiated_at, expires_at, settled_at,
       paid_back, charged_back, position
FROM {schema}.payment;
COMMENT ON VIEW read_model.payment IS 'Every payment that a customer was asked for.';
COMMENT ON COLUMN read_model.payment.payment_id IS 'The payment.';
COMMENT ON COLUMN read_model.payment.customer_id IS 'Who is asked.';
COMMENT ON COLUMN read_model.payment.status IS 'initiated, prompted, unknown, declined, expired, settled, partly_refunded, refunded or charged_back.';
COMMENT ON COLUMN read_model.payment.paid_back IS 'How much of it was paid out again.';
COMMENT ON COLUMN read_model.payment.charged_back IS 'How much of it the provider took back.';
COMMENT ON COLUMN read_model.payment.purpose IS 'deposit or debt.';
COMMENT ON COLUMN read_model.payment.amount IS 'How much was asked for.';
COMMENT ON COLUMN read_model.payment.provider IS 'The wallet operator.';
COMMENT ON COLUMN read_model.payment.initiated_at IS 'When it was asked for.';
COMMENT ON COLUMN read_model.payment.expires_at IS 'When it expires unless proof comes.';
COMMENT ON COLUMN read_model.payment.settled_at IS 'When the money was paid, by the providers proof.';
COMMENT ON COLUMN read_model.payment.position IS 'The position of the last event that changed this row.';

CREATE VIEW read_model.payment_reference AS
SELECT payment_id, external_id, provider_reference
FROM {schema}.payment;
COMMENT ON VIEW read_model.payment_reference IS 'The references of payments; for reconciliation, not for analysts.';
COMMENT ON COLUMN read_model.payment_reference.payment_id IS 'The payment.';
COMMENT ON COLUMN read_model.payment_reference.external_id IS 'The reference that the provider was given.';
COMMENT ON COLUMN read_model.payment_reference.provider_reference IS 'The provider''s own reference of the transaction that settled it.';

CREATE VIEW read_model.receipt AS
SELECT receipt_id, provider, provider_reference, amount, paid_at, payment_id, review, recorded_at, status, customer_id, assigned_to, refund_id, reason, position
FROM {schema}.receipt;
COMMENT ON VIEW read_model.receipt IS 'Money that arrived and settled no payment.';
COMMENT ON COLUMN read_model.receipt.receipt_id IS 'The receipt.';
COMMENT ON COLUMN read_model.receipt.provider IS 'The wallet operator.';
COMMENT ON COLUMN read_model.receipt.provider_reference IS 'The provider''s own reference.';
COMMENT ON COLUMN read_model.receipt.amount IS 'How much.';
COMMENT ON COLUMN read_model.receipt.paid_at IS 'When it was paid.';
COMMENT ON COLUMN read_model.receipt.payment_id IS 'The payment that it was said to be for.';
COMMENT ON COLUMN read_model.receipt.review IS 'Why a person has to look at it.';
COMMENT ON COLUMN read_model.receipt.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN read_model.receipt.status IS 'unmatched, assigned, refund_requested or paid_back.';
COMMENT ON COLUMN read_model.receipt.customer_id IS 'Whose phone paid it, where it is one of a customer.';
COMMENT ON COLUMN read_model.receipt.assigned_to IS 'The customer who was given it.';
COMMENT ON COLUMN read_model.receipt.refund_id IS 'The refund that pays it back, while it does.';
COMMENT ON COLUMN read_model.receipt.reason IS 'Why it settled nothing, in words.';
COMMENT ON COLUMN read_model.receipt.position IS 'The position of the last event that changed this row.';

CREATE VIEW read_model.refund AS
SELECT refund_id, customer_id, receipt_id, payment_id, amount, provider, status, requested_by, requested_at, approved_by, approved_at, reference, submitted_at, provider_reference, paid_at, cause, reason, review, position
FROM {schema}.refund;
COMMENT ON VIEW read_model.refund IS 'Money on its way back to a person.';
COMMENT ON COLUMN read_model.refund.refund_id IS 'The refund.';
COMMENT ON COLUMN read_model.refund.customer_id IS 'Whose deposit it comes from; none for that of a receipt.';
COMMENT ON COLUMN read_model.refund.receipt_id IS 'The receipt that it pays back.';
COMMENT ON COLUMN read_model.refund.payment_id IS 'The payment that it gives back.';
COMMENT ON COLUMN read_model.refund.amount IS 'How much.';
COMMENT ON COLUMN read_model.refund.provider IS 'The wallet operator that pays it out.';
COMMENT ON COLUMN read_model.refund.status IS 'requested, approved, rejected, submitted, unknown, failed or paid.';
COMMENT ON COLUMN read_model.refund.requested_by IS 'Who asked for it.';
COMMENT ON COLUMN read_model.refund.requested_at IS 'When.';
COMMENT ON COLUMN read_model.refund.approved_by IS 'The second person; none where none was needed.';
COMMENT ON COLUMN read_model.refund.approved_at IS 'When it was approved.';
COMMENT ON COLUMN read_model.refund.reference IS 'The reference that the provider was given.';
COMMENT ON COLUMN read_model.refund.submitted_at IS 'When the provider was told.';
COMMENT ON COLUMN read_model.refund.provider_reference IS 'The provider''s own reference.';
COMMENT ON COLUMN read_model.refund.paid_at IS 'When it was paid out.';
COMMENT ON COLUMN read_model.refund.cause IS 'Why it was rejected: staff, rental_open or debt.';
COMMENT ON COLUMN read_model.refund.reason IS 'Why it failed or nobody knows, in words of the provider.';
COMMENT ON COLUMN read_model.refund.review IS 'Why a person has to look at it.';
COMMENT ON COLUMN read_model.refund.position IS 'The position of the last event that changed this row.';

CREATE VIEW read_model.approval AS
SELECT approval_id, kind, status, receipt_id, refund_id, customer_id, rental_id, amount, direction, started_at, ended_at, projection, event_position, requested_by, requested_at, decided_by, decided_at, position
FROM {schema}.approval;
COMMENT ON VIEW read_model.approval IS 'What one member of staff asked for and a second one approves.';
COMMENT ON COLUMN read_model.approval.approval_id IS 'The approval; of a refund its own id.';
COMMENT ON COLUMN read_model.approval.kind IS 'assign_receipt, refund_receipt, refund, adjust_balance, write_off_debt, correct_rental or skip_projection_event.';
COMMENT ON COLUMN read_model.approval.status IS 'requested, approved or rejected.';
COMMENT ON COLUMN read_model.approval.receipt_id IS 'Which receipt.';
COMMENT ON COLUMN read_model.approval.refund_id IS 'Which refund.';
COMMENT ON COLUMN read_model.approval.customer_id IS 'To whom the money goes, or whose it is.';
COMMENT ON COLUMN read_model.approval.rental_id IS 'Which rental.';
COMMENT ON COLUMN read_model.approval.amount IS 'How much; of a corrected rental the total that was asked for.';
COMMENT ON COLUMN read_model.approval.direction IS 'Which way a balance is adjusted: up or down.';
COMMENT ON COLUMN read_model.approval.started_at IS 'The start that a rental is to be rated from.';
COMMENT ON COLUMN read_model.approval.ended_at IS 'The end that a rental is to be rated to.';
COMMENT ON COLUMN read_model.approval.projection IS 'The read model that is to pass over an event.';
COMMENT ON COLUMN read_model.approval.event_position IS 'The position of that event.';
COMMENT ON COLUMN read_model.approval.requested_by IS 'Who asked.';
COMMENT ON COLUMN read_model.approval.requested_at IS 'When.';
COMMENT ON COLUMN read_model.approval.decided_by IS 'Who decided; none where the system did.';
COMMENT ON COLUMN read_model.approval.decided_at IS 'When.';
COMMENT ON COLUMN read_model.approval.position IS 'The position of the last event that changed this row.';

CREATE VIEW read_model.statement_break AS
SELECT break_id, status, cause, provider, provider_reference, payment_id, refund_id, receipt_id, ledger_amount, statement_amount, statement_id, reason, opened_at, explanation, explained_by, explained_at, closed_by, closed_at, close_reason, position
FROM {schema}.statement_break;
COMMENT ON VIEW read_model.statement_break IS 'Differences between the ledger and the statements of providers.';
COMMENT ON COLUMN read_model.statement_break.break_id IS 'The break.';
COMMENT ON COLUMN read_model.statement_break.status IS 'open, explained or closed.';
COMMENT ON COLUMN read_model.statement_break.cause IS 'missing_in_ledger, missing_at_provider, amount_differs, status_differs or duplicate.';
COMMENT ON COLUMN read_model.statement_break.provider IS 'The wallet operator.';
COMMENT ON COLUMN read_model.statement_break.provider_reference IS 'The provider''s own reference.';
COMMENT ON COLUMN read_model.statement_break.payment_id IS 'The payment, if it is about one.';
COMMENT ON COLUMN read_model.statement_break.refund_id IS 'The refund, if it is about one.';
COMMENT ON COLUMN read_model.statement_break.receipt_id IS 'The receipt, if it is about one.';
COMMENT ON COLUMN read_model.statement_break.ledger_amount IS 'The amount in the ledger.';
COMMENT ON COLUMN read_model.statement_break.statement_amount IS 'The amount in the statement.';
COMMENT ON COLUMN read_model.statement_break.statement_id IS 'The statement that showed it.';
COMMENT ON COLUMN read_model.statement_break.reason IS 'In words.';
COMMENT ON COLUMN read_model.statement_break.opened_at IS 'When it was opened.';
COMMENT ON COLUMN read_model.statement_break.explanation IS 'Why it is so.';
COMMENT ON COLUMN read_model.statement_break.explained_by IS 'Who knows.';
COMMENT ON COLUMN read_model.statement_break.explained_at IS 'When they said so.';
COMMENT ON COLUMN read_model.statement_break.closed_by IS 'Who closed it.';
COMMENT ON COLUMN read_model.statement_break.closed_at IS 'When.';
COMMENT ON COLUMN read_model.statement_break.close_reason IS 'Why it was closed.';
COMMENT ON COLUMN read_model.statement_break.position IS 'The position of the last event that changed this row.';

CREATE VIEW read_model.movement AS
SELECT position, kind, provider, amount, provider_reference, reference, payment_id, receipt_id, refund_id, by_hand, moved_at, recorded_at
FROM {schema}.movement;
COMMENT ON VIEW read_model.movement IS 'Money that moved at a provider, as the ledger has it.';
COMMENT ON COLUMN read_model.movement.position IS 'The event.';
COMMENT ON COLUMN read_model.movement.kind IS 'collection, disbursement, chargeback, fee or payout.';
COMMENT ON COLUMN read_model.movement.provider IS 'The wallet operator.';
COMMENT ON COLUMN read_model.movement.amount IS 'How much.';
COMMENT ON COLUMN read_model.movement.provider_reference IS 'The provider''s own reference.';
COMMENT ON COLUMN read_model.movement.reference IS 'The reference that the provider was given.';
COMMENT ON COLUMN read_model.movement.payment_id IS 'The payment that it settled or took back.';
COMMENT ON COLUMN read_model.movement.receipt_id IS 'The receipt that it is held as, or pays back.';
COMMENT ON COLUMN read_model.movement.refund_id IS 'The refund that it paid.';
COMMENT ON COLUMN read_model.movement.by_hand IS 'Whether staff paid it out, beside the provider.';
COMMENT ON COLUMN read_model.movement.moved_at IS 'When the money moved.';
COMMENT ON COLUMN read_model.movement.recorded_at IS 'When it was recorded.';

CREATE VIEW read_model.journal AS
SELECT position, line, debit, credit, amount, customer_id, provider, occurred_at, recorded_at, booking_day,
       event_type, rental_id, station_id, tariff_id, tariff_version, kind, vat_percent
FROM {schema}.journal;
COMMENT ON VIEW read_model.journal IS 'The double-entry journal: each line moves an amount from the credited to the debited account.';
COMMENT ON COLUMN read_model.journal.position IS 'The event that is booked.';
COMMENT ON COLUMN read_model.journal.line IS 'The line within it, counted from 1.';
COMMENT ON COLUMN read_model.journal.debit IS 'The account that is debited.';
COMMENT ON COLUMN read_model.journal.credit IS 'The account that is credited.';
COMMENT ON COLUMN read_model.journal.amount IS 'How much, in whole shillings (TZS).';
COMMENT ON COLUMN read_model.journal.customer_id IS 'Whose receivable or deposit it is.';
COMMENT ON COLUMN read_model.journal.provider IS 'Where the money lies, if it is mobile money.';
COMMENT ON COLUMN read_model.journal.occurred_at IS 'When it happened.';
COMMENT ON COLUMN read_model.journal.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN read_model.journal.booking_day IS 'The business day (Africa/Dar_es_Salaam) it belongs to: that on which it happened, or, where that was closed, was recorded.';
COMMENT ON COLUMN read_model.journal.event_type IS 'The type of the event that is booked.';
COMMENT ON COLUMN read_model.journal.rental_id IS 'The rental that is billed or corrected, if it is one.';
COMMENT ON COLUMN read_model.journal.station_id IS 'Where that rental started.';
COMMENT ON COLUMN read_model.journal.tariff_id IS 'By which price list that rental is billed.';
COMMENT ON COLUMN read_model.journal.tariff_version IS 'The version of that price list.';
COMMENT ON COLUMN read_model.journal.kind IS 'The kind of income that it is, or is the VAT of: usage, late or replacement.';
COMMENT ON COLUMN read_model.journal.vat_percent IS 'The rate of VAT of that price list, in percent.';

CREATE VIEW read_model.late_posting AS
SELECT position, line, debit, credit, amount, customer_id, provider, occurred_at, recorded_at, booking_day,
       ((occurred_at AT TIME ZONE 'UTC') + interval '3 hours')::date AS occurred_day
FROM {schema}.journal
WHERE booking_day > ((occurred_at AT TIME ZONE 'UTC') + interval '3 hours')::date;
COMMENT ON VIEW read_model.late_posting IS 'Lines of the journal that happened on a day which was closed when they were recorded; they are booked on the day they were recorded.';
COMMENT ON COLUMN read_model.late_posting.position IS 'The event that is booked.';
COMMENT ON COLUMN read_model.late_posting.line IS 'The line within it, counted from 1.';
COMMENT ON COLUMN read_model.late_posting.debit IS 'The account that is debited.';
COMMENT ON COLUMN read_model.late_posting.credit IS 'The account that is credited.';
COMMENT ON COLUMN read_model.late_posting.amount IS 'How much, in whole shillings (TZS).';
COMMENT ON COLUMN read_model.late_posting.customer_id IS 'Whose receivable or deposit it is.';
COMMENT ON COLUMN read_model.late_posting.provider IS 'Where the money lies, if it is mobile money.';
COMMENT ON COLUMN read_model.late_posting.occurred_at IS 'When it happened.';
COMMENT ON COLUMN read_model.late_posting.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN read_model.late_posting.booking_day IS 'The business day it is booked on.';
COMMENT ON COLUMN read_model.late_posting.occurred_day IS 'The business day on which it happened.';

CREATE VIEW read_model.statement AS
SELECT customer_id, position, kind, amount, balance, debt, subject_kind, subject_id, occurred_at,
       recorded_at
FROM {schema}.statement;
COMMENT ON VIEW read_model.statement IS 'What each event did to a customer''s money, with the balance after it.';
COMMENT ON COLUMN read_model.statement.customer_id IS 'The customer.';
COMMENT ON COLUMN read_model.statement.position IS 'The event.';
COMMENT ON COLUMN read_model.statement.kind IS 'The type of the event.';
COMMENT ON COLUMN read_model.statement.amount IS 'What was given (positive) or taken (negative).';
COMMENT ON COLUMN read_model.statement.balance IS 'The deposit balance after it.';
COMMENT ON COLUMN read_model.statement.debt IS 'The debt after it.';
COMMENT ON COLUMN read_model.statement.subject_kind IS 'What the event is about: rental, payment, receipt or refund.';
COMMENT ON COLUMN read_model.statement.subject_id IS 'Which one.';
COMMENT ON COLUMN read_model.statement.occurred_at IS 'When it happened.';
COMMENT ON COLUMN read_model.statement.recorded_at IS 'When it was recorded.';

CREATE VIEW read_model.account AS
SELECT account, name, debit, credit, lines, first_position, position
FROM {schema}.account;
COMMENT ON VIEW read_model.account IS 'All that was ever debited and credited to each account.';
COMMENT ON COLUMN read_model.account.account IS 'The code in the chart of accounts.';
COMMENT ON COLUMN read_model.account.name IS 'Its name.';
COMMENT ON COLUMN read_model.account.debit IS 'The sum of all debits.';
COMMENT ON COLUMN read_model.account.credit IS 'The sum of all credits.';
COMMENT ON COLUMN read_model.account.lines IS 'How many lines of the journal touch it.';
COMMENT ON COLUMN read_model.account.first_position IS 'The position of the first event that moved it.';
COMMENT ON COLUMN read_model.account.position IS 'The position of the last event that moved it.';

CREATE VIEW read_model.account_day AS
SELECT account, booking_day, debit, credit, lines, first_position, position
FROM {schema}.account_day;
COMMENT ON VIEW read_model.account_day IS 'What was debited and credited to each account on each booking day.';
COMMENT ON COLUMN read_model.account_day.account IS 'The code in the chart of accounts.';
COMMENT ON COLUMN read_model.account_day.booking_day IS 'The business day (Africa/Dar_es_Salaam).';
COMMENT ON COLUMN read_model.account_day.debit IS 'The sum of the debits of that day.';
COMMENT ON COLUMN read_model.account_day.credit IS 'The sum of the credits of that day.';
COMMENT ON COLUMN read_model.account_day.lines IS 'How many lines of the journal they are.';
COMMENT ON COLUMN read_model.account_day.first_position IS 'The position of the first event booked on that day.';
COMMENT ON COLUMN read_model.account_day.position IS 'The position of the last event booked on that day.';

CREATE VIEW read_model.account_total AS
SELECT position, account, debit, credit, lines, last_position
FROM {schema}.account_total;
COMMENT ON VIEW read_model.account_total IS 'The sums of each account as they stood at every ten-thousandth position.';
COMMENT ON COLUMN read_model.account_total.position IS 'They stand for everything up to this position.';
COMMENT ON COLUMN read_model.account_total.account IS 'The code in the chart of accounts.';
COMMENT ON COLUMN read_model.account_total.debit IS 'The sum of all debits until then.';
COMMENT ON COLUMN read_model.account_total.credit IS 'The sum of all credits until then.';
COMMENT ON COLUMN read_model.account_total.lines IS 'How many lines of the journal had touched it by then.';
COMMENT ON COLUMN read_model.account_total.last_position IS 'The position of the last event that had moved it by then.';

CREATE VIEW read_model.period AS
SELECT until, from_day, closed_by, closed_at, recorded_at, figures_position, accounts, checkpoint, position
FROM {schema}.period;
COMMENT ON VIEW read_model.period IS 'Closed periods: business days on which nothing is booked any more, with what was recorded when they were closed.';
COMMENT ON COLUMN read_model.period.until IS 'Its last business day.';
COMMENT ON COLUMN read_model.period.from_day IS 'Its first business day; none for the first period, which holds everything before.';
COMMENT ON COLUMN read_model.period.closed_by IS 'Who closed it.';
COMMENT ON COLUMN read_model.period.closed_at IS 'When.';
COMMENT ON COLUMN read_model.period.recorded_at IS 'When that was recorded.';
COMMENT ON COLUMN read_model.period.figures_position IS 'The figures hold everything up to this position of the ledger.';
COMMENT ON COLUMN read_model.period.accounts IS 'For each account what was debited and credited within the period, and on all days up to its end.';
COMMENT ON COLUMN read_model.period.checkpoint IS 'The signed checkpoint of the ledger that goes with them: origin, size and root.';
COMMENT ON COLUMN read_model.period.position IS 'The position of the close.';

REVOKE ALL ON read_model.billing_position, read_model.balance, read_model.charge, read_model.payment, read_model.journal, read_model.late_posting, read_model.statement, read_model.account, read_model.account_day, read_model.account_total
    FROM PUBLIC, chajipoa_query, chajipoa_analyst;
GRANT SELECT ON read_model.billing_position, read_model.balance, read_model.charge, read_model.payment, read_model.journal, read_model.late_posting, read_model.statement, read_model.account, read_model.account_day, read_model.account_total
    TO chajipoa_query, chajipoa_analyst;
REVOKE ALL ON read_model.payment_reference, read_model.receipt, read_model.refund, read_model.approval, read_model.statement_break, read_model.movement, read_model.period
    FROM PUBLIC, chajipoa_query, chajipoa_analyst;
GRANT SELECT ON read_model.payment_reference, read_model.receipt, read_model.refund, read_model.approval, read_model.statement_break, read_model.movement, read_model.period
    TO chajipoa_query;
