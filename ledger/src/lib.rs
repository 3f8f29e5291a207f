//! The event store on Postgres: append, read, seal, feed.
