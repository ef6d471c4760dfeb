//! What can be typed: the commands and their options. What they do stands in `commands`.

mod engines;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mm_ops::text::Settings;
use std::path::PathBuf;
use std::time::Duration;

pub use engines::{CorpusArgs, CorpusCommand, Engine, FuzzTableArgs, OssFuzzArgs, RegressArgs};

/// Fuzzes a model of Linux anonymous memory against a slow, obviously correct reference.
///
/// Progress goes to stderr, the result to stdout. Exit status: 0 done, nothing found; 1 a
/// difference was found; 2 bad usage or input.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// The main job: generate and mutate programs, run them in lockstep, minimize what differs.
    Fuzz(FuzzArgs),
    /// Run program files and check what they expect.
    Replay(ReplayArgs),
    /// Shorten a failing program to its fixpoint, or check that one is there.
    Minimize(MinimizeArgs),
    /// Make a crash artifact of any engine a minimized file in corpus/regressions.
    Regress(RegressArgs),
    /// Build, distill, describe or check corpora of programs.
    Corpus(CorpusArgs),
    /// The scoreboard: which planted faults are found, how fast, how short.
    Faults(FaultsArgs),
    /// The same of libFuzzer, with and without what we add to it, and its speed beside ours.
    FuzzTable(FuzzTableArgs),
    /// Run the farm's build script here, and check what OSS-Fuzz would.
    OssFuzz(OssFuzzArgs),
    /// Which rules and invariants were exercised, by what; which never.
    Rules(RulesArgs),
    /// Every interleaving of the operations that take a page away with GUP-fast and stale TLBs.
    Races(RacesArgs),
    /// The same programs under both rmap schemes, and what each costs.
    RmapCost(RmapCostArgs),
    /// Format program files in place.
    FmtMm(FmtArgs),
    /// The running kernel: what it and these privileges allow.
    Linux(LinuxArgs),
    /// Write a program as a Rust test, a self-contained C program, or a syzkaller program.
    Export(ExportArgs),
    /// Ratios of speed, measured side by side in one run.
    Bench(BenchArgs),
    /// All tests of the workspace.
    Test,
    /// What a change must pass before it lands: `.ci/run`.
    Ci,
}

/// What the reference is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Against {
    /// The optimized model.
    Model,
    /// The running kernel.
    Linux,
    /// Both, on the same programs: a report says which of the three is alone.
    All,
}

/// What a program is exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// A Rust test for any subject.
    Rust,
    /// A C program that needs nothing but a C compiler, and prints TAP.
    C,
    /// A syzkaller program.
    Syz,
}

#[derive(Args)]
pub struct LinuxArgs {
    /// Print what the kernel and the privileges allow, each with its reason.
    #[arg(long, required = true)]
    pub probe: bool,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct ExportArgs {
    /// A program file.
    pub file: PathBuf,
    /// The language.
    #[arg(long, value_enum)]
    pub to: Language,
    /// Where to write the result; stdout by default.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

#[derive(Args)]
pub struct FuzzArgs {
    /// How long to run, as in `30s`, `5m`.
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub time: Duration,
    /// Stop after this many programs, whatever the time.
    #[arg(long)]
    pub programs: Option<u64>,
    /// Repeat a run: with the same seed, jobs and number of programs it does the same.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Worker threads; as many as there are cores by default.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Only operations of these areas (fork, gup, thp, …), besides those every program needs.
    #[arg(long, value_delimiter = ',')]
    pub areas: Vec<String>,
    /// Settings that every program has, as in a `config` line: `relocate=collect`.
    /// Not for libFuzzer.
    #[arg(long, value_name = "SETTINGS", default_value = "", hide_default_value = true)]
    pub config: Settings,
    /// Plant a fault in the model and look for it (`cargo xtask faults --list` names them).
    #[arg(long)]
    pub fault: Option<String>,
    /// What to compare the reference with.
    #[arg(long, value_enum, default_value_t = Against::Model)]
    pub against: Against,
    /// Who makes the programs. `--areas`, `--programs` and `--config` are for the embedded one.
    #[arg(long, value_enum, default_value_t = Engine::Embedded)]
    pub engine: Engine,
    /// For tests: the reference lies about one rule, for the kernel to expose.
    #[arg(long, hide = true)]
    pub wrong_reference: bool,
    /// Write each minimized failure into this folder.
    #[arg(long, default_value = "target/failures")]
    pub save: PathBuf,
    /// Write each minimized failure to corpus/regressions instead, to be committed with its fix.
    #[arg(long)]
    pub save_regressions: bool,
    /// Go on after the first failure, until the time is up.
    #[arg(long)]
    pub keep_going: bool,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct ReplayArgs {
    /// Program files, or folders of them.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Print every operation with what both sides answered.
    #[arg(long)]
    pub trace: bool,
    /// Write the outcomes the reference gives into the files, and format them.
    #[arg(long)]
    pub bless: bool,
    /// Plant a fault in the model.
    #[arg(long)]
    pub fault: Option<String>,
    /// What to compare the reference with.
    #[arg(long, value_enum, default_value_t = Against::Model)]
    pub against: Against,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct MinimizeArgs {
    /// A failing program, as text or binary.
    pub file: PathBuf,
    /// Where to write the result; stdout by default.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Check the certificate in the file instead: every deletion and lowering is tried again.
    #[arg(long)]
    pub verify: bool,
    /// The fault the model had when the program failed.
    #[arg(long)]
    pub fault: Option<String>,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct FaultsArgs {
    /// Only these faults.
    #[arg(long)]
    pub fault: Vec<String>,
    /// How long to look for each.
    #[arg(long, default_value = "20s", value_parser = duration)]
    pub time: Duration,
    /// The seed of every search.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Worker threads; as many as there are cores by default.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Only print the catalogue.
    #[arg(long)]
    pub list: bool,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct RulesArgs {
    /// Program files or folders; `corpus` by default.
    pub paths: Vec<PathBuf>,
    /// Fuzz for this long, too, and count what that exercised.
    #[arg(long, default_value = "5s", value_parser = duration)]
    pub time: Duration,
    /// The seed of that fuzzing.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct RacesArgs {
    /// Only the operations with this in their name.
    #[arg(long, value_name = "NAME")]
    pub only: Option<String>,
    /// Settings that every program has, as in a `config` line: `relocate=collect`.
    #[arg(long, value_name = "SETTINGS", default_value = "", hide_default_value = true)]
    pub config: Settings,
    /// Plant a fault in the model.
    #[arg(long)]
    pub fault: Option<String>,
    /// Worker threads; as many as there are cores by default.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Write each minimized failure into this folder.
    #[arg(long, default_value = "target/failures")]
    pub save: PathBuf,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct RmapCostArgs {
    /// Program files or folders; generated ones by default.
    pub paths: Vec<PathBuf>,
    /// How many programs to generate.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub programs: u64,
    /// Which ones.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct FmtArgs {
    /// Program files, or folders of them.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Change nothing; exit with 1 if a file is not formatted.
    #[arg(long)]
    pub check: bool,
}

#[derive(Args)]
pub struct BenchArgs {
    /// Only measurements whose name contains this.
    #[arg(long)]
    pub only: Option<String>,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// A time span: a number with `ms`, `s`, `m` or `h`.
fn duration(text: &str) -> Result<Duration, String> {
    let mend = "write it like 30s, 5m or 1h";
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| format!("no number in front; {mend}"))?;
    let scale_ms = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        unit => return Err(format!("unknown unit {unit:?}; {mend}")),
    };
    number
        .checked_mul(scale_ms)
        .filter(|ms| *ms <= 366 * 24 * 3_600_000)
        .map(Duration::from_millis)
        .ok_or_else(|| "longer than a year".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_have_units_and_bounds() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "5", "5 s", "-1s", "99999999999999999999s", "18446744073709551615h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
