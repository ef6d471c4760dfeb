//! The slow, obviously correct reference, in two layers: the *ideal* (what memory means) and the
//! *mechanism* (the rulebook executed page by page).
#![forbid(unsafe_code)]

mod coverage;
mod ideal;

pub use coverage::{Coverage, Rule};
pub use ideal::{Ideal, Violation};
