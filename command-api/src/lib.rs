//! Commands in, events out: authentication, operations and the batcher.
