//! `corpus`: builds, distills, describes and checks corpora of programs.

mod build;
mod check;
mod distill;
mod stats;

pub use build::seed_inputs;
pub use stats::watch;

use crate::cli::{CorpusArgs, CorpusCommand};
use crate::error::{Error, Found};
use std::path::PathBuf;

/// Runs the command named.
pub fn run(args: &CorpusArgs) -> Result<Found, Error> {
    match &args.command {
        CorpusCommand::Build { out, zip } => build::run(out, *zip),
        CorpusCommand::Distill { paths, out, json } => distill::run(paths, out, *json),
        CorpusCommand::Stats { paths, json } => stats::run(&or_corpus(paths), *json),
        CorpusCommand::Check { paths, json } => check::run(&or_corpus(paths), *json),
    }
}

/// The paths named, or the project's corpus.
fn or_corpus(paths: &[PathBuf]) -> Vec<PathBuf> {
    if paths.is_empty() { vec![super::ci::root().join("corpus")] } else { paths.to_vec() }
}
