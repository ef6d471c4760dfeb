//! Options of the commands around other people's fuzz engines.

use super::duration;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Who makes the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// Our own, in this process: nothing to install.
    Embedded,
    /// libFuzzer in its fork mode, through cargo-fuzz.
    Libfuzzer,
}

#[derive(Args)]
pub struct RegressArgs {
    /// A crash artifact of libFuzzer, AFL++ or bolero, a program as text, or a failing value as
    /// proptest prints it.
    pub artifact: PathBuf,
    /// The name of the test: corpus/regressions/NAME.mm. Say what was wrong.
    #[arg(long)]
    pub name: String,
    /// The target the artifact is of; seen from its path or content by default.
    #[arg(long)]
    pub target: Option<String>,
    /// The fault the model had when the artifact was found.
    #[arg(long)]
    pub fault: Option<String>,
    /// Write to this folder instead.
    #[arg(long, default_value = "corpus/regressions")]
    pub out: PathBuf,
    /// Replace a file of that name.
    #[arg(long)]
    pub force: bool,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct CorpusArgs {
    #[command(subcommand)]
    pub command: CorpusCommand,
}

#[derive(Subcommand)]
pub enum CorpusCommand {
    /// Turn the programs of corpus/ into a seed corpus for each fuzz target.
    Build {
        /// Where to: a folder for each target is made there.
        #[arg(long, default_value = "fuzz/corpus")]
        out: PathBuf,
        /// Write TARGET_seed_corpus.zip instead of folders, as OSS-Fuzz wants it.
        #[arg(long)]
        zip: bool,
    },
    /// Reduce a corpus of programs to a minimal set with the same semantic features.
    Distill {
        /// Program files, or folders of them; inputs of the target `lockstep` are program files.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Write the set to this folder.
        #[arg(long)]
        out: PathBuf,
        /// The result as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// What a corpus covers: rules, features, operations.
    Stats {
        /// Program files, or folders of them; `corpus` by default.
        paths: Vec<PathBuf>,
        /// The result as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Check that all files decode, replay and are formatted.
    Check {
        /// Program files, or folders of them; `corpus` by default.
        paths: Vec<PathBuf>,
        /// The result as one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub struct OssFuzzArgs {
    /// Where the binaries, seed corpora and options go, as in OSS-Fuzz's $OUT.
    #[arg(long)]
    pub out: PathBuf,
    /// Only these targets.
    #[arg(long, value_delimiter = ',')]
    pub targets: Vec<String>,
    /// A planted fault that a build with faults must find.
    #[arg(long, default_value = "canary")]
    pub fault: String,
    /// Inputs each target runs without finding anything.
    #[arg(long, default_value_t = 1000)]
    pub runs: u64,
    /// Exit with 0 and a line that says so where cargo-fuzz is missing.
    #[arg(long)]
    pub skip_if_missing: bool,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct FuzzTableArgs {
    /// Only these faults.
    #[arg(long, value_delimiter = ',')]
    pub fault: Vec<String>,
    /// Programs after which a search ends.
    #[arg(long, default_value_t = 5_000)]
    pub programs: u64,
    /// Searches with each setting, with the seeds from 1 on.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=999))]
    pub seeds: u32,
    /// How long each engine runs, three times in turn, for the comparison of speed.
    #[arg(long, default_value = "20s", value_parser = duration)]
    pub time: Duration,
    /// The result as one JSON object.
    #[arg(long)]
    pub json: bool,
}
