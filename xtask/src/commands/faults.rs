//! `faults`: the scoreboard. Each planted fault is looked for from an empty corpus.

use crate::cli::FaultsArgs;
use crate::commands::fuzz::cores;
use crate::error::{Error, Found};
use crate::output::print_json;
use crate::subject::Planted;
use comfy_table::{Table, presets};
use mm_diff::engine::{self, Budget, EngineConfig};
use mm_model::faults::Fault;
use serde::Serialize;
use std::sync::atomic::AtomicBool;

/// The result for one fault.
#[derive(Serialize)]
struct FaultReport {
    id: &'static str,
    found: bool,
    /// Until found, its minimization included; else the time spent.
    seconds: f64,
    programs: u64,
    ops_minimized: Option<usize>,
    signature: Option<String>,
}

#[derive(Serialize)]
struct Report {
    faults: Vec<FaultReport>,
    found: usize,
    total: usize,
}

/// Looks for each fault, or lists them.
pub fn run(args: &FaultsArgs) -> Result<Found, Error> {
    // Every name is checked before the first search begins.
    for name in &args.fault {
        Planted::find(Some(name))?;
    }
    let wanted: Vec<Fault> = Fault::ALL
        .iter()
        .copied()
        .filter(|fault| args.fault.is_empty() || args.fault.iter().any(|n| n == fault.name()))
        .collect();
    if args.list {
        print_catalogue(&wanted);
        return Ok(Found::Nothing);
    }
    let mut report = Report { faults: Vec::new(), found: 0, total: wanted.len() };
    for fault in wanted {
        let line = look_for(fault, args)?;
        eprintln!(
            "{:<40} {:>7.2} s  {}",
            line.id,
            line.seconds,
            line.signature.as_deref().unwrap_or("NOT FOUND")
        );
        report.found += usize::from(line.found);
        report.faults.push(line);
    }
    if args.json {
        print_json(&report);
    } else {
        print_scoreboard(&report);
    }
    Ok(Found::something_if(report.found < report.total))
}

fn look_for(fault: Fault, args: &FaultsArgs) -> Result<FaultReport, Error> {
    let config = EngineConfig {
        seed: args.seed,
        jobs: args.jobs.map_or_else(cores, usize::from),
        budget: Budget { time: Some(args.time), programs: None },
        failures_max: 1,
        ..EngineConfig::default()
    };
    let factory = Planted::find(Some(fault.name()))?.factory();
    let run = engine::fuzz(&config, &factory, &AtomicBool::new(false), &|_| {})
        .map_err(|error| Error::Tool { tool: "fuzz".into(), message: error.to_string() })?;
    let first = run.failures.first();
    Ok(FaultReport {
        id: fault.name(),
        found: first.is_some(),
        seconds: run.seconds,
        programs: run.programs,
        ops_minimized: first.map(|failure| failure.ops),
        signature: first.map(|failure| failure.signature.clone()),
    })
}

fn print_catalogue(faults: &[Fault]) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(["fault", "what it leaves out"]);
    for fault in faults {
        table.add_row([fault.name(), fault.about()]);
    }
    say!("{table}");
}

fn print_scoreboard(report: &Report) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header([
        "fault",
        "seconds",
        "programs",
        "operations",
        "signature",
    ]);
    for fault in &report.faults {
        table.add_row([
            fault.id.to_owned(),
            format!("{:.2}", fault.seconds),
            fault.programs.to_string(),
            fault.ops_minimized.map_or("-".into(), |ops| ops.to_string()),
            fault.signature.clone().unwrap_or_else(|| "NOT FOUND".into()),
        ]);
    }
    say!("{table}\n{} of {} found", report.found, report.total);
}
