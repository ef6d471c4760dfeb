//! `corpus stats`: what a corpus covers.

use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use mm_diff::Rig;
use mm_diff::engine::{Feedback, OpReport, Report as EngineReport, Totals};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Report {
    files: usize,
    /// Files that fail; they count as far as they went.
    failing: usize,
    ops: u64,
    ops_median: usize,
    ops_max: usize,
    rules_hit: usize,
    rules_total: usize,
    features: u64,
    rules_missed: Vec<&'static str>,
    operations: Vec<OpReport>,
}

/// Runs every program once and counts.
pub fn run(paths: &[PathBuf], json: bool) -> Result<Found, Error> {
    let paths = files::find(paths)?;
    let mut seen = Feedback::default();
    let (sizes, failing) = watch(&paths, Planted::default(), &mut seen)?;
    let covered = EngineReport::new(Totals::default(), &seen, BTreeMap::new());
    let report = Report {
        files: paths.len(),
        failing,
        ops: sizes.iter().map(|ops| *ops as u64).sum(),
        ops_median: sizes.get(sizes.len() / 2).copied().unwrap_or(0),
        ops_max: sizes.last().copied().unwrap_or(0),
        rules_hit: covered.rules_hit,
        rules_total: covered.rules_total,
        features: covered.features,
        rules_missed: covered.rules_missed,
        operations: covered.operations,
    };
    if json {
        print_json(&report);
    } else {
        print(&report);
    }
    Ok(Found::Nothing)
}

/// Runs programs and collects what they show: their lengths, ascending, and how many fail.
pub fn watch(
    paths: &[PathBuf],
    planted: Planted,
    seen: &mut Feedback,
) -> Result<(Vec<usize>, usize), Error> {
    let mut rig = Rig::new(planted.factory());
    let mut sizes = Vec::with_capacity(paths.len());
    let mut failing = 0;
    for path in paths {
        let program = files::program(Path::new(path))?;
        sizes.push(program.steps.len());
        seen.start();
        failing += usize::from(rig.run_observed(&program, seen).is_err());
    }
    sizes.sort_unstable();
    Ok((sizes, failing))
}

fn print(report: &Report) {
    say!(
        "{} files ({} failing), {} operations, {} in the median, {} at most",
        report.files,
        report.failing,
        report.ops,
        report.ops_median,
        report.ops_max
    );
    say!("rules {}/{}, features {}", report.rules_hit, report.rules_total, report.features);
    if !report.rules_missed.is_empty() {
        say!("rules never reached: {}", report.rules_missed.join(" "));
    }
    for OpReport { op, done, refused } in &report.operations {
        say!("  {op:<12} {done:>8} done {refused:>8} refused");
    }
}
