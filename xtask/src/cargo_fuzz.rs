//! Builds the fuzz targets through cargo-fuzz, and knows where the binaries are.

use crate::commands::ci::{cargo, root};
use crate::error::Error;
use crate::files;
use mm_diff::check::Target;
use mm_ops::{Program, codec};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What to type where cargo-fuzz is missing.
pub const INSTALL: &str = "cargo install --locked cargo-fuzz";

/// What libFuzzer is told of the targets whose inputs are programs. Long ones are no worse, so their
/// length is not raised step by step. And its weighing of inputs by how rare their features are costs, for
/// every new feature, a look at every input: with features in the tens of thousands that is most of its
/// time (fuzz/README.md has figures). And a program that showed nothing new is not changed again: our mutator's changes
/// are large enough that what it showed was likely all there was. The farms' options say the same.
pub const FLAGS: [&str; 3] = ["-len_control=0", "-entropic=0", "-mutate_depth=1"];

/// Whether a command is there and ends well.
pub fn answers(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Whether cargo-fuzz is installed.
pub fn is_installed() -> bool {
    answers(cargo().args(["fuzz", "--version"]))
}

/// The environment in which the compiler takes sanitizers, and how to say which that is: a nightly
/// toolchain, as the farms use, or else this one with its unstable options unlocked. The sanitizers'
/// runtimes come with either.
pub fn sanitizing() -> ((&'static str, &'static str), &'static str) {
    let mut nightly = Command::new("rustup");
    nightly.args(["run", "nightly", "rustc", "--version"]);
    // To ask for a toolchain shall not fetch it.
    if answers(nightly.env("RUSTUP_AUTO_INSTALL", "0")) {
        (("RUSTUP_TOOLCHAIN", "nightly"), "the nightly toolchain")
    } else {
        (("RUSTC_BOOTSTRAP", "1"), "no nightly toolchain, but this one with RUSTC_BOOTSTRAP=1")
    }
}

/// Builds a target without a sanitizer (the project has no unsafe code to sanitize), which any
/// toolchain can; answers its binary. With faults it can have any of them switched on. Comparisons
/// are not traced: only mutations of bytes learn from them, and they cost half of the speed.
pub fn build(target: Target, faults: bool) -> Result<PathBuf, Error> {
    if !is_installed() {
        return Err(Error::Tool {
            tool: "cargo-fuzz".into(),
            message: format!("not installed; `{INSTALL}` installs it"),
        });
    }
    // Of their own, so that neither build undoes the other.
    let folder = root().join(if faults { "fuzz/target/faults" } else { "fuzz/target" });
    let mut command = cargo();
    command
        .args(["fuzz", "build", "--sanitizer", "none", "--no-trace-compares", "--target-dir"])
        .arg(&folder);
    if faults {
        command.args(["--features", "faults"]);
    }
    let triple = host_triple()?;
    command.args(["--target", &triple, target.name()]);
    eprintln!("building the target {target} …");
    run_quietly(&mut command, "cargo fuzz build")?;
    Ok(binary(&folder, &triple, target))
}

/// Where a build leaves a target's binary.
fn binary(folder: &Path, triple: &str, target: Target) -> PathBuf {
    folder.join(triple).join("release").join(target.name())
}

/// The triple of the machine, as the compiler names it.
fn host_triple() -> Result<String, Error> {
    let wrong = |message: String| Error::Tool { tool: "rustc".into(), message };
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        Command::new(rustc).arg("-vV").output().map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| wrong("`rustc -vV` names no host".to_owned()))
}

/// Runs a command; what it prints is shown only if it fails.
pub fn run_quietly(command: &mut Command, tool: &str) -> Result<String, Error> {
    let wrong = |message: String| Error::Tool { tool: tool.to_owned(), message };
    let output = command.output().map_err(|error| wrong(error.to_string()))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text += &String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(text)
    } else {
        Err(wrong(format!("{}\n{text}", output.status)))
    }
}

/// Puts a program of one operation into a folder, for a search that is to begin with next to nothing: how
/// long the magic of the binary format takes to guess is nobody's question.
pub fn begin(folder: &Path) -> Result<(), Error> {
    let program =
        Program::parse("mmap p0 0+8 rw\n").map_err(|error| Error::Usage(error.to_string()))?;
    files::write(&folder.join("one-mapping"), codec::encode(&program))
}

/// The programs and operations that processes ran whose `MMDIFF_STATS` was this folder.
pub fn totals(stats: &Path) -> Result<(u64, u64), Error> {
    let entries = std::fs::read_dir(stats).map_err(Error::file("read", stats))?;
    let mut totals = (0, 0);
    for path in entries.flatten().map(|entry| entry.path()) {
        let text = files::read_text(&path)?;
        let mut numbers = text.split_whitespace().filter_map(|number| number.parse::<u64>().ok());
        totals.0 += numbers.next().unwrap_or(0);
        totals.1 += numbers.next().unwrap_or(0);
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farms_options_have_the_same_flags() {
        for target in [Target::Lockstep, Target::Batching, Target::Minimizer] {
            let path = root().join(format!("fuzz/oss-fuzz/{target}.options"));
            let options = files::read_text(&path).expect("options");
            for flag in FLAGS {
                let (key, value) = flag[1..].split_once('=').expect("a value");
                let line = format!("{key} = {value}");
                assert!(options.lines().any(|found| found == line), "{target} lacks {line}");
            }
        }
        let bytes = files::read_text(&root().join("fuzz/oss-fuzz/bytes.options")).expect("options");
        assert!(bytes.lines().any(|line| line == "entropic = 0"), "it runs programs, too");
    }
}
