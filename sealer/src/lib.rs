//! Grows the Merkle tree behind the append path, signs checkpoints of it, and publishes them.
//!
//! What it keeps true (I11): a checkpoint once signed stays consistent with every later one of its epoch. A checkpoint
//! is a row, unique by its size, before anybody sees it; before one is signed, the proof that its tree begins with the
//! last one's is made and checked; and at every start the last one is held against the tiles and events it was made of,
//! and against what was published outside the database. What does not fit makes the sealer refuse, never sign.
//!
//! How far behind: at most half a second and what a write takes, whatever the load; a backlog is sealed in pieces.
//!
//! Concurrency: one sealer holds the advisory lock `lock::KEY`, on the connection that also writes tiles and
//! checkpoints; so one that lost the lock cannot write. Others stand by and try the lock. A kill at any moment leaves
//! tiles without a checkpoint (the next one finds and uses them) or a checkpoint that is not published (the next one
//! publishes it); both are tested.
//!
//! Memory: a batch of events, the unfinished tiles, and the tiles since the last checkpoint, which are bounded.

mod building;
mod compare;
mod config;
mod error;
mod folder;
mod lock;
mod places;
mod recovery;
mod sealer;
mod session;
mod status;
mod topic;

pub use compare::{Mismatch, compare};
pub use config::{SealerConfig, Step};
pub use error::SealerError;
pub use folder::Folder;
pub use places::Places;
pub use sealer::Sealer;
pub use status::{SealerStatus, Snapshot};
pub use topic::TOPIC;
