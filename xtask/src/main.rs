//! The command line of mmdiff, `cargo xtask …`. Thin: what is fuzzed, judged and minimized is in the
//! libraries; here are options, files, progress, tables, JSON and exit status.
#![forbid(unsafe_code)]
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a program has no public API; its help text documents it"
)]

#[macro_use]
mod output;

mod artifact;
mod cargo_fuzz;
mod cli;
mod commands;
mod error;
mod files;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod live;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[path = "live/missing.rs"]
mod live;
mod subject;

use clap::Parser;
use cli::{Against, Cli, Command};
use error::{Error, Found};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = if subject::needs_other_build(plants_faults(&cli.command)) {
        subject::run_other_build()
    } else {
        run(&cli.command).map(|found| match found {
            Found::Nothing => ExitCode::SUCCESS,
            Found::Something => ExitCode::from(1),
        })
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn run(command: &Command) -> Result<Found, Error> {
    match command {
        Command::Fuzz(args) if args.against != Against::Model => live::fuzz(args),
        Command::Fuzz(args) => commands::fuzz::run(args),
        Command::Replay(args) if args.against != Against::Model => live::replay(args),
        Command::Replay(args) => commands::replay::run(args),
        Command::Minimize(args) => commands::minimize::run(args),
        Command::Regress(args) => commands::regress::run(args),
        Command::Corpus(args) => commands::corpus::run(args),
        #[cfg(feature = "faults")]
        Command::Faults(args) => commands::faults::run(args),
        #[cfg(feature = "faults")]
        Command::FuzzTable(args) => commands::fuzz_table::run(args),
        Command::OssFuzz(args) => commands::oss_fuzz::run(args),
        #[cfg(not(feature = "faults"))]
        Command::Faults(_) | Command::FuzzTable(_) => {
            Err(Error::Usage("this build has no faults".into()))
        }
        Command::Rules(args) => commands::rules::run(args),
        Command::Races(args) => commands::races::run(args),
        Command::RmapCost(args) => commands::rmap_cost::run(args),
        Command::FmtMm(args) => commands::fmt_mm::run(args),
        Command::Linux(args) => live::probe(args),
        Command::Export(args) => live::export(args),
        Command::Bench(args) => commands::bench::run(args),
        Command::Test => commands::ci::test(),
        Command::Ci => commands::ci::ci(),
    }
}

/// Whether the command needs the build with switchable faults.
fn plants_faults(command: &Command) -> bool {
    match command {
        Command::Fuzz(args) => args.fault.is_some(),
        Command::Replay(args) => args.fault.is_some(),
        Command::Races(args) => args.fault.is_some(),
        Command::Minimize(args) => args.fault.is_some(),
        Command::Regress(args) => args.fault.is_some(),
        Command::Faults(_) | Command::FuzzTable(_) | Command::OssFuzz(_) => true,
        _ => false,
    }
}
