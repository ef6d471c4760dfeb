//! The live kernel as a third party beside reference and model: probing, exporting, replaying,
//! fuzzing.

mod blame;
mod fuzz;
mod kernel;
mod replay;
mod stretch;
mod three;
mod tools;

pub use fuzz::run as fuzz;
pub use replay::run as replay;
pub use tools::{export, probe};
