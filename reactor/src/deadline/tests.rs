//! Which deadlines follow from which events.
