//! The rental domain: pure rules, no input or output.
