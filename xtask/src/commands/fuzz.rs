//! `fuzz`: the main job. Everything random follows from the seed, which is printed first.

use crate::cli::{Engine, FuzzArgs};
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mm_diff::engine::{self, Budget, EngineConfig, Event, Report};
use mm_ops::generate::Areas;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Kinds of failure collected with `--keep-going`.
const FAILURES_MAX: usize = 64;
/// How often a run that is not watched on a terminal says how far it is.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Fuzzes until the time is up, something is found, or Ctrl-C.
pub fn run(args: &FuzzArgs) -> Result<Found, Error> {
    if args.engine == Engine::Libfuzzer {
        return super::libfuzzer::run(args);
    }
    let planted = Planted::find(args.fault.as_deref())?;
    let config = config(args)?;
    eprintln!("{}", headline(args, &config));
    let stop = stop_on_ctrl_c()?;
    let watcher = Watcher::new();
    let factory = planted.factory();
    let report = engine::fuzz(&config, &factory, &stop, &|event| watcher.tell(&event))
        .map_err(|error| Error::Tool { tool: "fuzz".into(), message: error.to_string() })?;
    watcher.bar.finish_and_clear();
    finish(args, report)
}

/// Writes what was found, and shows the report.
pub fn finish(args: &FuzzArgs, report: Report) -> Result<Found, Error> {
    let report = save(args, report)?;
    if args.json {
        print_json(&report);
    } else {
        print(&report);
    }
    Ok(Found::something_if(!report.failures.is_empty()))
}

fn config(args: &FuzzArgs) -> Result<EngineConfig, Error> {
    let areas = if args.areas.is_empty() {
        Areas::ALL
    } else {
        args.areas.join(",").parse().map_err(|e| Error::Usage(format!("--areas: {e}")))?
    };
    Ok(EngineConfig {
        seed: args.seed.unwrap_or_else(any_seed),
        jobs: args.jobs.map_or_else(cores, usize::from),
        budget: Budget { time: Some(args.time), programs: args.programs },
        areas,
        settings: args.config.clone(),
        failures_max: if args.keep_going { FAILURES_MAX } else { 1 },
        ..EngineConfig::default()
    })
}

/// A seed nobody chose, short enough to be typed again: the standard library keys its hashers at
/// random.
pub fn any_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish() >> 32
}

/// How many cores there are, or one.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Everything the run follows from, in a line that can be typed again.
fn headline(args: &FuzzArgs, config: &EngineConfig) -> String {
    let mut line = format!("fuzz --seed {} --jobs {}", config.seed, config.jobs);
    if let Some(programs) = args.programs {
        line += &format!(" --programs {programs}");
    }
    line += &format!(" --time {}s", args.time.as_secs_f64());
    if !args.areas.is_empty() {
        line += &format!(" --areas {}", args.areas.join(","));
    }
    if !args.config.is_empty() {
        line += &format!(" --config '{}'", args.config);
    }
    if let Some(fault) = &args.fault {
        line += &format!(" --fault {fault}");
    }
    line
}

/// The first Ctrl-C ends the run with its summary; a second one ends the process.
pub fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|error| Error::Tool { tool: "Ctrl-C handler".into(), message: error.to_string() })?;
    Ok(stop)
}

/// Shows progress on stderr: a line that changes on a terminal, else one now and then.
struct Watcher {
    bar: ProgressBar,
    last_line: Mutex<Instant>,
    is_terminal: bool,
}

impl Watcher {
    fn new() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {msg}") {
            bar.set_style(style);
        }
        Self { bar, last_line: Mutex::new(Instant::now()), is_terminal }
    }

    fn tell(&self, event: &Event<'_>) {
        match event {
            Event::Progress(p) => {
                let seconds = p.seconds.max(1e-9);
                let line = format!(
                    "{:.0} programs/s, {:.0} ops/s, {} programs, rules {}/{}, features {}, corpus {}, failures {}",
                    p.programs as f64 / seconds,
                    p.ops as f64 / seconds,
                    p.programs,
                    p.rules_hit,
                    p.rules_total,
                    p.features,
                    p.corpus,
                    p.failures
                );
                self.progress(line, p.seconds);
            }
            Event::Failure { signature, .. } => self.line(&format!("found: {signature}")),
            Event::Profile { worker, profile } => {
                self.line(&format!("worker {worker} begins with: {profile}"));
            }
        }
    }

    fn progress(&self, line: String, seconds: f64) {
        if self.is_terminal {
            self.bar.set_message(line);
            self.bar.tick();
            return;
        }
        let mut last = self.last_line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.elapsed() >= LINE_EVERY {
            *last = Instant::now();
            eprintln!("[{seconds:.0}s] {line}");
        }
    }

    fn line(&self, line: &str) {
        if self.is_terminal {
            self.bar.println(line);
        } else {
            eprintln!("{line}");
        }
    }
}

/// Writes each failure's program to its file and notes the path in the report.
pub fn save(args: &FuzzArgs, mut report: Report) -> Result<Report, Error> {
    let folder = if args.save_regressions {
        Path::new("corpus/regressions").to_owned()
    } else {
        args.save.clone()
    };
    for failure in &mut report.failures {
        let path = any_free_path(&folder, &failure.signature);
        files::write(&path, failure.reproducer.to_text())?;
        failure.file = Some(path.display().to_string());
    }
    Ok(report)
}

/// A file named after the signature. An older file of that name is another run's find: it stays.
pub fn any_free_path(folder: &Path, signature: &str) -> PathBuf {
    let stem: String = signature
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let numbered = (2..).map(|n| folder.join(format!("{stem}-{n}.mm")));
    std::iter::once(folder.join(format!("{stem}.mm")))
        .chain(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join("failure.mm"))
}

pub fn print(report: &Report) {
    for failure in &report.failures {
        say!("FOUND {}", failure.reproducer.render());
        if let Some(file) = &failure.file {
            say!("written: {file}\n");
        }
    }
    say!(
        "{} programs, {} operations in {:.1} s ({:.0} programs/s){}",
        report.programs,
        report.ops,
        report.seconds,
        report.programs_per_second,
        if report.stopped { ", stopped" } else { "" }
    );
    say!(
        "rules {}/{}, features {}, corpus {}, failures {}",
        report.rules_hit,
        report.rules_total,
        report.features,
        report.corpus,
        report.failures.len()
    );
    if !report.rules_missed.is_empty() {
        say!("rules never reached: {}", report.rules_missed.join(" "));
    }
    let missed: Vec<&str> = report.operations_missed().map(|op| op.op).collect();
    if !missed.is_empty() {
        say!("operations never done with success: {}", missed.join(" "));
    }
}
