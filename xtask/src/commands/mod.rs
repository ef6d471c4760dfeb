//! One file a command. Each reads its options, calls the libraries, and shows what they say.

pub mod bench;
pub mod ci;
#[cfg(feature = "faults")]
pub mod faults;
pub mod fmt_mm;
pub mod fuzz;
pub mod minimize;
pub mod replay;
pub mod rules;
