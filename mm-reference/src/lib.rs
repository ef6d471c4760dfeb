//! The slow, obviously correct reference, in two layers: the *ideal* (what memory means, [`Ideal`])
//! and the *mechanism* (the rulebook executed page by page, [`Reference`]).
//!
//! The mechanism has one file for each area of the rulebook. It knows nothing of batches, caches or
//! incremental counts: one entry is treated at a time, and whatever can be counted is counted when
//! it is asked for (module `counts`). Each rule is marked with the macro `rule!` where it takes effect.
#![forbid(unsafe_code)]

mod anonmm;
mod circumstances;
mod collapse;
mod counts;
mod coverage;
mod cow;
mod device;
mod fault;
mod fork;
mod gup;
mod hwpoison;
mod ideal;
mod ksm;
mod lru;
mod migrate;
mod mremap;
mod ops;
mod protect;
mod race;
mod reclaim;
mod relocate;
mod rmap;
mod snapshot;
mod split;
mod state;
mod swap;
mod swapin;
#[cfg(test)]
mod tests;
mod thp;
mod uffd;
mod uffd_move;
mod vma;
mod zap;

pub use circumstances::Refusal;
pub use coverage::{Coverage, Rule};
pub use ideal::{Ideal, Violation};
pub use race::{Turn, Way};
pub use state::Reference;
