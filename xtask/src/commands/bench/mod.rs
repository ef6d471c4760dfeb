//! `bench`: ratios of speed, both sides of each measured in turns in this one run.

mod batching;
mod lockstep;
mod paired;
mod state_machine;

use crate::cli::BenchArgs;
use crate::error::{Error, Found};
use crate::output::print_json;
use comfy_table::{Table, presets};
use paired::Ratio;
use serde::Serialize;

#[derive(Serialize)]
struct Report {
    ratios: Vec<Ratio>,
    /// Fully checked programs of 32 operations a second, on all cores.
    lockstep_programs_per_second: Option<f64>,
}

/// Measures and prints.
pub fn run(args: &BenchArgs) -> Result<Found, Error> {
    let wanted = |name: &str| args.only.as_deref().is_none_or(|only| name.contains(only));
    let mut ratios = batching::run(&wanted);
    ratios.extend(lockstep::run(&wanted));
    let lockstep_programs_per_second =
        wanted(lockstep::THROUGHPUT).then(lockstep::programs_per_second);
    if ratios.is_empty() && lockstep_programs_per_second.is_none() {
        return Err(Error::Usage("--only: no measurement has such a name".into()));
    }
    let report = Report { ratios, lockstep_programs_per_second };
    if args.json {
        print_json(&report);
    } else {
        print(&report);
    }
    Ok(Found::Nothing)
}

fn print(report: &Report) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header([
        "what",
        "ratio",
        "one (ms)",
        "other (ms)",
    ]);
    for ratio in &report.ratios {
        table.add_row([
            ratio.name.clone(),
            format!("{:.1}", ratio.ratio),
            format!("{:.3}", ratio.fast_seconds * 1e3),
            format!("{:.3}", ratio.slow_seconds * 1e3),
        ]);
    }
    say!("{table}");
    if let Some(rate) = report.lockstep_programs_per_second {
        say!("{}: {rate:.0}", lockstep::THROUGHPUT);
    }
}
