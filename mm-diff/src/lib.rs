//! Judges a subject: runs programs on it in lockstep with the reference, and looks at it with every
//! oracle after every operation.
//!
//! A subject is known only through [`mm_ops::Mm`]. Nothing here knows a rule of memory beyond the
//! invariants; what the rules say is in `mm-reference`.
#![forbid(unsafe_code)]

mod differ;
mod failure;
mod finding;
pub mod invariants;

pub use differ::{DIFFERENCES_MAX, differences};
pub use failure::{Failure, Oracle, Signature, kind_of_op};
pub use finding::{Finding, Place, Side};
