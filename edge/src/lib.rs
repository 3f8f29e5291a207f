//! What both HTTP APIs share: clock, tokens, roles, problem documents, metrics.
