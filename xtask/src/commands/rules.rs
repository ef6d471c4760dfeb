//! `rules`: which rules were exercised, by what, and which never.

use crate::cli::RulesArgs;
use crate::commands::fuzz::cores;
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use comfy_table::{Table, presets};
use mm_diff::engine::{self, Budget, EngineConfig, Yields};
use mm_diff::{Rig, StepView, invariants};
use mm_model::Model;
use mm_reference::Rule;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Programs named for each rule.
const EXAMPLES_MAX: usize = 2;

#[derive(Serialize)]
struct Report {
    /// Rules a program of the files, or the fuzzing, made fire.
    hit: Vec<RuleReport>,
    /// Rules nothing made fire.
    missed: Vec<&'static str>,
    /// How often each yield point of the model was passed with an actor beside, in the files and in
    /// the fuzzing.
    yields: BTreeMap<&'static str, u64>,
    /// Yield points that nothing passed so.
    yields_missed: Vec<&'static str>,
    /// Invariants checked after every operation of all of them.
    invariants: Vec<&'static str>,
    programs: u64,
}

#[derive(Serialize)]
struct RuleReport {
    id: &'static str,
    /// Program files in which it fired.
    files: usize,
    /// Some of them, the shortest first.
    examples: Vec<String>,
    /// Whether fuzzing made it fire, too.
    fuzzed: bool,
}

/// Files in which a rule fired, by length.
type Hits = BTreeMap<Rule, Vec<(usize, PathBuf)>>;

/// Replays, fuzzes, and counts.
pub fn run(args: &RulesArgs) -> Result<Found, Error> {
    let paths = if args.paths.is_empty() {
        vec![super::ci::root().join("corpus")]
    } else {
        args.paths.clone()
    };
    let paths = files::find(&paths)?;
    let mut hits = Hits::new();
    let mut yields = Yields::default();
    let mut rig = Rig::new(Planted::default().factory());
    for path in &paths {
        let program = files::program(path)?;
        let mut fired: Vec<Rule> = Vec::new();
        let mut observer = |step: &StepView<'_>| {
            fired.extend(step.fired.iter().map(|(r, _)| *r));
            step.timeline.into_iter().for_each(|timeline| yields.count(&timeline.moments));
        };
        if rig.run_observed(&program, &mut observer).is_err() {
            eprintln!("{}: fails; counted as far as it went (see replay)", path.display());
        }
        fired.sort_unstable();
        fired.dedup();
        for rule in fired {
            hits.entry(rule).or_default().push((program.steps.len(), path.clone()));
        }
    }
    let fuzzed = fuzz(args)?;
    let report = report(hits, &yields, &fuzzed, paths.len() as u64);
    if args.json {
        print_json(&report);
    } else {
        print(&report);
    }
    Ok(Found::something_if(!report.missed.is_empty() || !report.yields_missed.is_empty()))
}

fn fuzz(args: &RulesArgs) -> Result<engine::Report, Error> {
    let config = EngineConfig {
        seed: args.seed,
        jobs: cores(),
        budget: Budget { time: Some(args.time), programs: None },
        ..EngineConfig::default()
    };
    engine::fuzz(&config, &Planted::default().factory(), &AtomicBool::new(false), &|_| {})
        .map_err(|error| Error::Tool { tool: "fuzz".into(), message: error.to_string() })
}

fn report(mut hits: Hits, replayed: &Yields, fuzzed: &engine::Report, files: u64) -> Report {
    let passed = |point| {
        let fuzzed = fuzzed.yields.get(point).copied().unwrap_or_default();
        (point, replayed.of(point) + fuzzed)
    };
    let (yields, never): (BTreeMap<_, _>, BTreeMap<_, _>) =
        Model::yield_points().map(passed).partition(|(_, times)| *times > 0);
    let yields_missed = never.into_keys().collect();
    let mut hit = Vec::new();
    let mut missed = Vec::new();
    for rule in Rule::ALL {
        let mut files = hits.remove(rule).unwrap_or_default();
        let was_fuzzed = !fuzzed.rules_missed.contains(&rule.id());
        if files.is_empty() && !was_fuzzed {
            missed.push(rule.id());
            continue;
        }
        files.sort();
        let examples = files.iter().take(EXAMPLES_MAX).map(|(_, path)| name(path)).collect();
        hit.push(RuleReport { id: rule.id(), files: files.len(), examples, fuzzed: was_fuzzed });
    }
    let invariants = invariants::ALL.iter().map(|(id, _)| *id).collect();
    Report { hit, missed, yields, yields_missed, invariants, programs: fuzzed.programs + files }
}

/// A path as seen from the workspace.
fn name(path: &Path) -> String {
    path.strip_prefix(super::ci::root()).unwrap_or(path).display().to_string()
}

fn print(report: &Report) {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_header(["rule", "files", "fuzzed", "shown by"]);
    for rule in &report.hit {
        table.add_row([
            rule.id.to_owned(),
            rule.files.to_string(),
            if rule.fuzzed { "yes" } else { "no" }.to_owned(),
            rule.examples.join("\n"),
        ]);
    }
    say!("{table}");
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_header(["yield point", "passed beside an actor"]);
    for (point, times) in &report.yields {
        table.add_row([(*point).to_owned(), times.to_string()]);
    }
    say!("{table}");
    say!("invariants, checked after every operation: {}", report.invariants.join(" "));
    say!("{} programs; {} rules hit", report.programs, report.hit.len());
    if report.missed.is_empty() {
        say!("none missed");
    } else {
        say!("MISSED: {}", report.missed.join(" "));
    }
    if !report.yields_missed.is_empty() {
        say!("yield points never passed: {}", report.yields_missed.join(", "));
    }
}
