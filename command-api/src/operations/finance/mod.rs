//! What the finance team sends beside commands.

pub(crate) mod statements;
