//! Judges a subject: runs programs on it in lockstep with the reference, looks at it with every
//! oracle after every operation, fuzzes it, and makes what fails as small as it gets.
//!
//! A subject is known only through [`mm_ops::Mm`]. Nothing here knows a rule of memory beyond the
//! invariants; what the rules say is in `mm-reference`.
//!
//! * [`Rig`] runs single programs on a subject and minimizes those that fail.
//! * [`engine::fuzz`] makes the programs itself.
//! * [`check`] is what the targets of other engines check.
//! * [`Certificate`] says that a program is minimal, and can be re-checked.
#![forbid(unsafe_code)]

mod certificate;
pub mod check;
pub mod cost;
mod differ;
pub mod engine;
mod exclusivity;
mod failure;
mod finding;
mod frames;
pub mod invariants;
pub mod ledger;
mod lockstep;
mod minimize;
mod observe;
mod panics;
mod race;
pub mod races;
mod render;
mod rig;
mod timeline;

pub use certificate::{Certificate, CertificateError};
pub use differ::{DIFFERENCES_MAX, differences};
pub use exclusivity::{Verdict, exclusivity_of};
pub use failure::{Failure, Oracle, Signature, kind_of_op};
pub use finding::{Finding, Place, Side};
pub use lockstep::{Lie, Lockstep, Observer, RunStats, StepView, contents};
pub use minimize::{Minimized, Proof, RUNS_MAX, Shorter, minimize, prove};
pub use rig::{Reproducer, Rig, Supports, supports_all};
pub use timeline::Timeline;
