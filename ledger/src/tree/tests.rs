//! The tree against a naive one, and against what others have published.

mod notes;
mod trees;
mod vectors;
