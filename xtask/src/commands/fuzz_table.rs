//! `fuzz-table`: what libFuzzer is worth with what we add to it, in the form in which it stands in
//! fuzz/README.md: programs needed to find each planted fault, with and without the extra counters
//! and the custom mutator; and its speed beside the embedded engine's, in one run.

use crate::cargo_fuzz;
use crate::cli::FuzzTableArgs;
use crate::commands::ci::root;
use crate::commands::fuzz::cores;
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use mm_diff::check::Target;
use mm_diff::engine::{self, Budget, EngineConfig};
use mm_model::faults::Fault;
use mm_ops::{Program, codec};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longest input, in bytes.
const INPUT_BYTES_MAX: u32 = 1024;

/// How often each engine's speed is measured.
const SPEED_TURNS: usize = 3;

/// What libFuzzer is given: extra counters, custom mutator.
const SETTINGS: [(&str, bool, bool); 4] = [
    ("both", true, true),
    ("no counters", false, true),
    ("no mutator", true, false),
    ("neither", false, false),
];

#[derive(Serialize)]
struct Report {
    programs_max: u64,
    seeds: u32,
    settings: Vec<&'static str>,
    faults: Vec<FaultRow>,
    speed: Vec<Speed>,
}

#[derive(Serialize)]
struct FaultRow {
    id: &'static str,
    /// For each setting, the searches' results.
    programs: Vec<Vec<Option<u64>>>,
}

#[derive(Serialize)]
struct Speed {
    engine: &'static str,
    programs_per_second: f64,
    ops_per_second: f64,
}

/// One search.
struct Search {
    fault: usize,
    setting: usize,
    seed: u32,
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
    let faulty = cargo_fuzz::build(Target::Lockstep, true)?;
    let correct = cargo_fuzz::build(Target::Lockstep, false)?;
    let bench = Bench::new()?;
    let speed = bench.speed(&correct, args)?;
    let found = bench.search_all(&faulty, &faults, args)?;
    let _gone = std::fs::remove_dir_all(&bench.base);
    let rows = faults.iter().zip(found);
    let report = Report {
        programs_max: args.programs,
        seeds: args.seeds,
        settings: SETTINGS.iter().map(|setting| setting.0).collect(),
        faults: rows.map(|(fault, programs)| FaultRow { id: fault.name(), programs }).collect(),
        speed,
    };
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
    /// Every search begins with one program of one operation: without the mutator, what is measured
    /// shall not be how long the magic of the binary format takes to guess.
    fn new() -> Result<Self, Error> {
        let base = root().join("target/fuzz-table").join(std::process::id().to_string());
        let seed = base.join("seed");
        let program =
            Program::parse("mmap p0 0+8 rw\n").map_err(|error| Error::Usage(error.to_string()))?;
        files::write(&seed.join("one-mapping"), codec::encode(&program))?;
        Ok(Self { base, seed })
    }

    fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.base.join(name);
        std::fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        Ok(folder)
    }

    /// By fault and setting: the programs each search took, `None` if it was given up.
    fn search_all(
        &self,
        binary: &Path,
        faults: &[Fault],
        args: &FuzzTableArgs,
    ) -> Result<Vec<Vec<Vec<Option<u64>>>>, Error> {
        let mut searches = Vec::new();
        for fault in 0..faults.len() {
            for setting in 0..SETTINGS.len() {
                searches.extend((1..=args.seeds).map(|seed| Search { fault, setting, seed }));
            }
        }
        let results = Mutex::new(vec![vec![Vec::new(); SETTINGS.len()]; faults.len()]);
        let next = AtomicUsize::new(0);
        let work = || -> Result<(), Error> {
            while let Some(search) = searches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let fault = faults[search.fault].name();
                let found = self.search(binary, fault, search, args.programs)?;
                let setting = SETTINGS[search.setting].0;
                let shown = found.map_or("given up".to_owned(), |programs| programs.to_string());
                eprintln!("{fault:<40} {setting:<12} seed {:<3} {shown}", search.seed);
                let mut results = results.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                results[search.fault][search.setting].push(found);
            }
            Ok(())
        };
        let jobs = args.jobs.map_or_else(cores, usize::from);
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| {
                worker.join().unwrap_or_else(|_| Err(Error::Usage("a worker panicked".to_owned())))
            })
        })?;
        Ok(results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn search(
        &self,
        binary: &Path,
        fault: &str,
        search: &Search,
        programs: u64,
    ) -> Result<Option<u64>, Error> {
        let (setting, counters, mutator) = SETTINGS[search.setting];
        let name = format!("{fault}-{}-{}", setting.replace(' ', "-"), search.seed);
        let folder = self.folder(&name)?;
        let mut command = libfuzzer(binary, &folder);
        command.arg(format!("-seed={}", search.seed)).arg(format!("-runs={programs}"));
        command.args([self.folder(&format!("{name}/corpus"))?, self.seed.clone()]);
        command.env("MMDIFF_FAULT", fault);
        if !counters {
            command.env("MMDIFF_COUNTERS", "off");
        }
        if !mutator {
            command.env("MMDIFF_MUTATOR", "off");
        }
        let wrong = |message: String| Error::Tool { tool: "libFuzzer".into(), message };
        let output = command.output().map_err(|error| wrong(error.to_string()))?;
        let text = String::from_utf8_lossy(&output.stderr);
        let units = text.lines().find_map(|l| l.strip_prefix("stat::number_of_executed_units:"));
        let units = units.and_then(|units| units.trim().parse().ok());
        let units = units.ok_or_else(|| wrong(format!("no statistics in its output\n{text}")))?;
        let _gone = std::fs::remove_dir_all(&folder);
        Ok((!output.status.success()).then_some(units))
    }

    /// Both engines on the correct model, each on one core, in turns, so that whatever else the machine
    /// does falls on both; the median turn counts.
    fn speed(&self, binary: &Path, args: &FuzzTableArgs) -> Result<Vec<Speed>, Error> {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for turn in 0..SPEED_TURNS {
            theirs.push(self.speed_of_libfuzzer(binary, args.time, turn)?);
            ours.push(speed_of_embedded(args.time, turn)?);
            let (theirs, ours) = (theirs[turn].0, ours[turn].0);
            eprintln!("programs/s: libFuzzer {theirs:.0}, embedded {ours:.0}");
        }
        Ok(vec![median("libFuzzer, target `lockstep`", theirs), median("embedded", ours)])
    }

    /// Programs and operations per second.
    fn speed_of_libfuzzer(
        &self,
        binary: &Path,
        time: Duration,
        turn: usize,
    ) -> Result<(f64, f64), Error> {
        let folder = self.folder(&format!("speed-{turn}"))?;
        let stats = self.folder(&format!("speed-{turn}/stats"))?;
        let mut command = libfuzzer(binary, &folder);
        command.arg(format!("-seed={}", turn + 1));
        command.arg(format!("-max_total_time={}", time.as_secs().max(1)));
        command.args([self.folder(&format!("speed-{turn}/corpus"))?, self.seed.clone()]);
        command.env("MMDIFF_STATS", &stats);
        let start = Instant::now();
        cargo_fuzz::run_quietly(&mut command, "libFuzzer")?;
        let seconds = start.elapsed().as_secs_f64();
        let (programs, ops) = cargo_fuzz::totals(&stats)?;
        Ok((programs as f64 / seconds, ops as f64 / seconds))
    }
}

/// Programs and operations per second.
fn speed_of_embedded(time: Duration, turn: usize) -> Result<(f64, f64), Error> {
    let config = EngineConfig {
        seed: turn as u64 + 1,
        jobs: 1,
        budget: Budget { time: Some(time), programs: None },
        ..EngineConfig::default()
    };
    let report =
        engine::fuzz(&config, &Planted::default().factory(), &AtomicBool::new(false), &|_| {})
            .map_err(|error| Error::Tool { tool: "fuzz".into(), message: error.to_string() })?;
    Ok((report.programs_per_second, report.ops as f64 / report.seconds))
}

/// The turn with the median of programs per second.
fn median(engine: &'static str, mut turns: Vec<(f64, f64)>) -> Speed {
    turns.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (programs_per_second, ops_per_second) = turns[turns.len() / 2];
    Speed { engine, programs_per_second, ops_per_second }
}

/// libFuzzer with what all runs have in common; what it finds goes into the folder.
fn libfuzzer(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .args(cargo_fuzz::FLAGS)
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/", folder.display()))
        .env("RUST_BACKTRACE", "0")
        .current_dir(folder);
    command
}

/// Markdown, to be pasted.
fn print(report: &Report) {
    say!("| fault | {} |", report.settings.join(" | "));
    say!("|---|{}", "--:|".repeat(report.settings.len()));
    for row in &report.faults {
        let cells: Vec<String> =
            row.programs.iter().map(|found| cell(found, report.programs_max)).collect();
        say!("| {} | {} |", row.id, cells.join(" | "));
    }
    say!("| **found** | {} |", found_by_setting(report).join(" | "));
    say!("\n| engine | programs/s | operations/s |\n|---|--:|--:|");
    for Speed { engine, programs_per_second, ops_per_second } in &report.speed {
        say!("| {engine} | {programs_per_second:.0} | {ops_per_second:.0} |");
    }
}

/// The median of the searches; one that was given up is longer than all others.
fn cell(found: &[Option<u64>], programs_max: u64) -> String {
    let mut sorted: Vec<u64> = found.iter().map(|found| found.unwrap_or(u64::MAX)).collect();
    sorted.sort_unstable();
    match sorted.get(sorted.len() / 2) {
        Some(&u64::MAX) | None => format!("> {programs_max}"),
        Some(median) => median.to_string(),
    }
}

/// For each setting: how many faults its median search finds, and the programs of all searches.
fn found_by_setting(report: &Report) -> Vec<String> {
    let total = report.faults.len();
    (0..report.settings.len())
        .map(|setting| {
            let all = report.faults.iter().map(|row| &row.programs[setting]);
            let found = all.clone().filter(|found| !cell(found, 0).starts_with('>')).count();
            let programs: u64 =
                all.flatten().map(|found| found.unwrap_or(report.programs_max)).sum();
            format!("{found} of {total}, {programs} programs")
        })
        .collect()
}
