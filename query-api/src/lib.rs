//! Serves the read models, the audit trail and the finance views.
