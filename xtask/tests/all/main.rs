//! The tests of the workspace as a whole: the corpus, the files that must agree with each other, and the command line.

mod corpus;
mod dependencies;
mod farm;
mod faults;
mod live;
mod regress;
mod rules;
mod run;
mod tidy;

use std::path::Path;

/// The root of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace")
}
