//! Carries the ledger to Kafka, in order, one process at a time.
