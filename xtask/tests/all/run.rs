//! Starts the command line for a test.

use crate::root;
use std::process::Command;

/// What a run of it said.
pub(crate) struct Done {
    pub(crate) status: Option<i32>,
    /// On the standard output.
    pub(crate) shown: String,
    /// On the standard error.
    pub(crate) said: String,
}

/// The command line with these arguments, in the workspace's folder; not yet started.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(args).current_dir(root());
    command
}

/// Runs it to its end.
pub(crate) fn xtask(args: &[&str]) -> Done {
    done(&mut command(args))
}

/// The same, of a command that a test had more to say about.
pub(crate) fn done(command: &mut Command) -> Done {
    let output = command.output().expect("our own binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Done { status: output.status.code(), shown: text(&output.stdout), said: text(&output.stderr) }
}
