//! What every service shares at its edges: clock, tokens, roles, problem documents, HTTP manners,
//! metrics, health, settings. It knows no business rule and no storage.

pub mod clock;
pub mod health;
pub mod http;
pub mod metrics;
pub mod monitoring;
pub mod openapi;
pub mod pace;
pub mod problem;
pub mod role;
pub mod settings;
pub mod telemetry;
pub mod token;

pub use clock::{Clock, FixedClock, SystemClock};
pub use problem::Problem;
pub use role::{Role, UnknownRole};
pub use token::Identity;
