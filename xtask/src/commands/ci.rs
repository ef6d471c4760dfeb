//! `test` and `ci`: the commands that run other commands.

use crate::error::{Error, Found};
use std::path::PathBuf;
use std::process::Command;

/// The workspace's folder, wherever the command was started.
pub fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map_or_else(|| PathBuf::from("."), std::borrow::ToOwned::to_owned)
}

/// The cargo that runs us, or the one on the path.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// All tests of the workspace, with the tests of optional features.
pub fn test() -> Result<Found, Error> {
    status(cargo().args(["test", "--workspace", "--all-features", "--no-fail-fast"]))
}

/// `.ci/run`.
pub fn ci() -> Result<Found, Error> {
    status(Command::new("bash").arg(".ci/run").current_dir(root()))
}

/// Runs a command with our standard streams; a failure of it is something found.
fn status(command: &mut Command) -> Result<Found, Error> {
    let tool = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) => Ok(Found::something_if(!status.success())),
        Err(error) => Err(Error::Tool { tool, message: error.to_string() }),
    }
}
