//! Builds the read models from the feed.
