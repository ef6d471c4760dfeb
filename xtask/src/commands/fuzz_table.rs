//! `fuzz-table`: what libFuzzer is worth with what we add to it, in the form in which it stands in
//! fuzz/README.md: programs needed to find each planted fault, with and without the extra counters
//! and the custom mutator; and its speed beside the embedded engine's, in one run.
//!
//! Searches with different seeds are independent draws; faults that one search finds are not, for a program
//! often shows many. So every search is for all faults, and what is compared is searches.

mod judge;
mod speed;

use crate::cargo_fuzz;
use crate::cli::FuzzTableArgs;
use crate::commands::ci::root;
use crate::error::{Error, Found};
use crate::output::print_json;
use crate::subject::Planted;
use judge::{Effort, Search};
use mm_diff::check::Target;
use mm_model::faults::Fault;
use serde::Serialize;
use speed::Speed;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest input, in bytes.
const INPUT_BYTES_MAX: u32 = 1024;

/// What libFuzzer is given.
#[derive(Clone, Copy, Serialize)]
struct Setting {
    name: &'static str,
    counters: bool,
    mutator: bool,
}

const SETTINGS: [Setting; 4] = [
    Setting { name: "both", counters: true, mutator: true },
    Setting { name: "no counters", counters: false, mutator: true },
    Setting { name: "no mutator", counters: true, mutator: false },
    Setting { name: "neither", counters: false, mutator: false },
];

#[derive(Serialize)]
struct Report {
    programs_max: u64,
    faults: Vec<&'static str>,
    columns: Vec<Column>,
    speed: Vec<Speed>,
}

/// The searches of one setting.
#[derive(Serialize)]
struct Column {
    setting: Setting,
    searches: Vec<Search>,
}

/// Measures and prints.
pub fn run(args: &FuzzTableArgs) -> Result<Found, Error> {
    for name in &args.fault {
        Planted::find(Some(name))?;
    }
    let wanted = |fault: &&Fault| {
        args.fault.is_empty() || args.fault.iter().any(|name| name == fault.name())
    };
    let faults: Vec<Fault> = Fault::ALL.iter().filter(wanted).copied().collect();
    let binary = cargo_fuzz::build(Target::Lockstep, false)?;
    let bench = Bench::new()?;
    let speed = bench.speed(&binary, args)?;
    let mut columns: Vec<Column> =
        SETTINGS.iter().map(|setting| Column { setting: *setting, searches: Vec::new() }).collect();
    for seed in 1..=args.seeds {
        for column in &mut columns {
            let search = bench.search(&binary, column.setting, seed, &faults, args.programs)?;
            let (name, found) = (column.setting.name, search.found.iter().flatten().count());
            eprintln!("seed {seed}, {name}: {found} of {} faults found", faults.len());
            column.searches.push(search);
        }
    }
    let _gone = std::fs::remove_dir_all(&bench.base);
    let names = faults.iter().map(|fault| fault.name()).collect();
    let report = Report { programs_max: args.programs, faults: names, columns, speed };
    if args.json {
        print_json(&report);
    } else {
        print(&report);
    }
    Ok(Found::Nothing)
}

/// The folders that the searches use.
struct Bench {
    base: PathBuf,
    seed: PathBuf,
}

impl Bench {
    fn new() -> Result<Self, Error> {
        let base = root().join("target/fuzz-table").join(std::process::id().to_string());
        let seed = base.join("seed");
        cargo_fuzz::begin(&seed)?;
        Ok(Self { base, seed })
    }

    fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.base.join(name);
        std::fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        Ok(folder)
    }

    /// One search: libFuzzer on the correct model, then every fault on what it ran.
    fn search(
        &self,
        binary: &Path,
        setting: Setting,
        seed: u32,
        faults: &[Fault],
        programs: u64,
    ) -> Result<Search, Error> {
        let name = format!("{}-{seed}", setting.name.replace(' ', "-"));
        let folder = self.folder(&name)?;
        let log = folder.join("log");
        let mut command = libfuzzer(binary, &folder);
        command.arg(format!("-seed={seed}")).arg(format!("-runs={programs}"));
        command.args([self.folder(&format!("{name}/corpus"))?, self.seed.clone()]);
        command.env("MMDIFF_LOG", &log);
        if !setting.mutator {
            // As libFuzzer has it: changes of bytes are small.
            command.arg("-mutate_depth=5");
        }
        let off = [("MMDIFF_COUNTERS", setting.counters), ("MMDIFF_MUTATOR", setting.mutator)];
        for (variable, _) in off.iter().filter(|(_, on)| !on) {
            command.env(variable, "off");
        }
        cargo_fuzz::run_quietly(&mut command, "libFuzzer")?;
        let search = judge::judge(&log, seed, faults)?;
        let _gone = std::fs::remove_dir_all(&folder);
        Ok(search)
    }
}

/// libFuzzer with what all runs have in common; what it finds goes into the folder.
fn libfuzzer(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .args(cargo_fuzz::FLAGS)
        .arg(format!("-artifact_prefix={}/", folder.display()))
        .env("RUST_BACKTRACE", "0")
        .current_dir(folder);
    command
}

/// Markdown, to be pasted.
fn print(report: &Report) {
    let names: Vec<&str> = report.columns.iter().map(|column| column.setting.name).collect();
    let heading = |first: &str| {
        say!("| {first} | {} |", names.join(" | "));
        say!("|---|{}", "--:|".repeat(names.len()));
    };
    let line = |first: &str, cell: &dyn Fn(&Column) -> String| {
        let cells: Vec<String> = report.columns.iter().map(cell).collect();
        say!("| {first} | {} |", cells.join(" | "));
    };
    heading("by search, and the standard error of the mean");
    let faults = report.faults.len();
    line(&format!("found, of {faults}"), &|column| {
        Mean::of(column.searches.iter().map(|s| s.found.iter().flatten().count() as f64)).show(1)
    });
    line("programs needed (geometric mean)", &|column| {
        Mean::of(logs(column, |effort| effort.programs)).show_exp()
    });
    line("operations needed (geometric mean)", &|column| {
        // Bytes that are no program cost none: where little is found, that says nothing.
        let found: usize = column.searches.iter().map(|s| s.found.iter().flatten().count()).sum();
        let tells = 2 * found > faults * column.searches.len();
        let mean = || Mean::of(logs(column, |effort| effort.operations)).show_exp();
        if tells { mean() } else { "—".to_owned() }
    });
    line("found by any search", &|column| {
        let any = |fault: &usize| column.searches.iter().any(|s| s.found[*fault].is_some());
        (0..faults).filter(any).count().to_string()
    });
    if let [both, without, ..] = &report.columns[..] {
        let count = |search: &Search| search.found.iter().flatten().count() as f64;
        let pairs = both.searches.iter().zip(&without.searches);
        let more = Mean::of(pairs.map(|(ours, theirs)| count(ours) - count(theirs)));
        say!("\nwith the counters {} faults more found by search", more.show(1));
        say!("{}", compared(both, without, "programs", |effort| effort.programs));
        say!("{}\n", compared(both, without, "operations", |effort| effort.operations));
    }
    say!("| engine | programs/s | operations/s |\n|---|--:|--:|");
    for Speed { engine, programs_per_second, ops_per_second } in &report.speed {
        say!("| {engine} | {programs_per_second:.0} | {ops_per_second:.0} |");
    }
    say!("");
    heading("fault");
    for (fault, id) in report.faults.iter().enumerate() {
        line(id, &|column| median(column, fault, report.programs_max));
    }
}

/// The median search; one that did not find the fault is longer than all others.
fn median(column: &Column, fault: usize, programs_max: u64) -> String {
    let programs = |search: &Search| search.found[fault].map_or(u64::MAX, |found| found.programs);
    let mut sorted: Vec<u64> = column.searches.iter().map(programs).collect();
    sorted.sort_unstable();
    match sorted.get(sorted.len() / 2) {
        Some(&u64::MAX) | None => format!("> {programs_max}"),
        Some(median) => median.to_string(),
    }
}

/// For each search the logarithm of the geometric mean, over the faults, of what it took; a fault not found
/// counts as if the next program had shown it.
fn logs(column: &Column, unit: fn(&Effort) -> u64) -> impl Iterator<Item = f64> + '_ {
    column.searches.iter().map(move |search| {
        let log = |found: &Option<Effort>| {
            (unit(found.as_ref().unwrap_or(&search.total)) as f64).max(1.0).ln()
        };
        search.found.iter().map(log).sum::<f64>() / search.found.len().max(1) as f64
    })
}

/// What the counters change, search by search: those with the same seed begin alike.
fn compared(both: &Column, without: &Column, what: &str, unit: fn(&Effort) -> u64) -> String {
    let pairs = logs(both, unit).zip(logs(without, unit));
    let differences: Vec<f64> = pairs.map(|(ours, theirs)| ours - theirs).collect();
    let fewer = differences.iter().filter(|difference| **difference < 0.0).count();
    let Mean { mean, error } = Mean::of(differences.iter().copied());
    format!(
        "with the counters {:.3} of the {what} needed without (two standard errors: {:.3} to {:.3}); fewer in {fewer} of {} pairs",
        mean.exp(),
        (mean - 2.0 * error).exp(),
        (mean + 2.0 * error).exp(),
        differences.len()
    )
}

/// A mean and its standard error.
struct Mean {
    mean: f64,
    error: f64,
}

impl Mean {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { mean, error: (squares / (count - 1.0).max(1.0) / count).sqrt() }
    }

    fn show(&self, digits: usize) -> String {
        format!("{:.digits$} ± {:.digits$}", self.mean, self.error)
    }

    /// Of logarithms: the geometric mean, and its error.
    fn show_exp(&self) -> String {
        let mean = self.mean.exp();
        format!("{mean:.0} ± {:.0}", mean * self.error)
    }
}
