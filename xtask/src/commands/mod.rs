//! One file a command. Each reads its options, calls the libraries, and shows what they say.

pub mod bench;
pub mod ci;
pub mod corpus;
#[cfg(feature = "faults")]
pub mod faults;
pub mod fmt_mm;
pub mod fuzz;
#[cfg(feature = "faults")]
pub mod fuzz_table;
pub mod libfuzzer;
pub mod minimize;
pub mod oss_fuzz;
pub mod races;
pub mod regress;
pub mod replay;
pub mod rmap_cost;
pub mod rules;
