//! `fuzz --engine libfuzzer`: a campaign of libFuzzer's fork mode on the project's corpus, with the
//! same report as the embedded engine's. What is new is merged back; what failed is minimized by
//! operations and written as a regression file, as always.

use crate::cargo_fuzz;
use crate::cli::FuzzArgs;
use crate::commands::ci::root;
use crate::commands::corpus;
use crate::commands::fuzz::{self, cores};
use crate::commands::regress;
use crate::error::{Error, Found};
use crate::files;
use crate::subject::Planted;
use mm_diff::check::Target;
use mm_diff::engine::{Feedback, Report, Totals};
use mm_diff::{Reproducer, Signature};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The project's live corpus, which git does not know.
const CORPUS: &str = "fuzz/corpus/lockstep";
/// Longest input, in bytes; one operation has about ten.
const INPUT_BYTES_MAX: u32 = 4096;
/// How often a line of libFuzzer's is passed on.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The folders of one campaign, below target/.
struct Folders {
    base: PathBuf,
    new: PathBuf,
    artifacts: PathBuf,
    stats: PathBuf,
}

/// Builds, runs, merges, minimizes, reports.
pub fn run(args: &FuzzArgs) -> Result<Found, Error> {
    if !args.areas.is_empty() || args.programs.is_some() || !args.config.is_empty() {
        let mend = "leave them out, or leave out --engine libfuzzer";
        return Err(Error::Usage(format!(
            "--areas, --programs and --config are the embedded engine's; {mend}"
        )));
    }
    let planted = Planted::find(args.fault.as_deref())?;
    let stop = fuzz::stop_on_ctrl_c()?;
    let binary = cargo_fuzz::build(Target::Lockstep, args.fault.is_some())?;
    let folders = Folders::make()?;
    let known = if args.fault.is_some() { folders.next_to_nothing()? } else { known_corpus()? };
    let seed = args.seed.unwrap_or_else(fuzz::any_seed);
    // libFuzzer's seeds have 32 bits, and 0 means any.
    let seed = u64::from(seed as u32).max(1);
    let jobs = args.jobs.map_or_else(cores, usize::from);
    eprintln!(
        "fuzz --engine libfuzzer --seed {seed} --jobs {jobs} --time {}s",
        args.time.as_secs_f64()
    );
    let start = Instant::now();
    campaign(args, &binary, &folders, &known, seed, jobs)?;
    let seconds = start.elapsed().as_secs_f64();
    let failures = failures(&folders, planted)?;
    let mut paths = inputs(&folders.new)?;
    if args.fault.is_none() {
        // A faulty model's corpus leads where the correct one never is: that one is not merged.
        merge(&binary, &known, &folders.new)?;
        paths.clear();
    }
    paths.extend(inputs(&known)?);
    let mut seen = Feedback::default();
    corpus::watch(&paths, planted, &mut seen)?;
    let (programs, ops) = cargo_fuzz::totals(&folders.stats)?;
    let stopped = stop.load(Ordering::Relaxed);
    let totals = Totals { seed, seconds, programs, ops, corpus: paths.len(), stopped };
    fuzz::finish(args, Report::new(totals, &seen, failures))
}

/// The live corpus, begun with the project's seeds where there is none.
fn known_corpus() -> Result<PathBuf, Error> {
    let folder = root().join(CORPUS);
    if !folder.is_dir() || inputs(&folder)?.is_empty() {
        for (name, bytes) in corpus::seed_inputs(Target::Lockstep)? {
            files::write(&folder.join(name), bytes)?;
        }
    }
    Ok(folder)
}

fn inputs(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(Error::file("read", folder))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // A seed whose bytes are no program any more is libFuzzer's to reject.
    paths.retain(|path| path.is_file() && files::program(path).is_ok());
    paths.sort();
    Ok(paths)
}

impl Folders {
    fn make() -> Result<Self, Error> {
        let base = root().join("target/libfuzzer").join(std::process::id().to_string());
        let made = |name: &str| {
            let folder = base.join(name);
            let result = std::fs::create_dir_all(&folder);
            result.map_err(Error::file("create", &folder)).map(|()| folder)
        };
        let (new, artifacts, stats) = (made("corpus")?, made("artifacts")?, made("stats")?);
        Ok(Self { base, new, artifacts, stats })
    }

    /// What a search for a planted fault begins with, as the embedded engine's does with nothing. The project's
    /// seeds would be no search: libFuzzer reads them before it begins, and of each that shows the fault a
    /// process dies.
    fn next_to_nothing(&self) -> Result<PathBuf, Error> {
        let folder = self.base.join("known");
        cargo_fuzz::begin(&folder)?;
        Ok(folder)
    }
}

/// libFuzzer in fork mode. It ends with a status of its own for whatever it found; what that was is in
/// the folder of artifacts.
fn campaign(
    args: &FuzzArgs,
    binary: &Path,
    folders: &Folders,
    known: &Path,
    seed: u64,
    jobs: usize,
) -> Result<(), Error> {
    let mut command = Command::new(binary);
    command
        .arg(format!("-fork={jobs}"))
        .arg(format!("-seed={seed}"))
        .arg(format!("-max_total_time={}", args.time.as_secs().max(1)))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .args(cargo_fuzz::FLAGS)
        .args(["-timeout=60", "-rss_limit_mb=2048"])
        .arg(format!("-ignore_crashes={}", u8::from(args.keep_going)))
        .arg(format!("-artifact_prefix={}/", folders.artifacts.display()))
        .args([&folders.new, known])
        .env("MMDIFF_STATS", &folders.stats)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if let Some(fault) = &args.fault {
        command.env("MMDIFF_FAULT", fault);
    }
    let tool = |message: String| Error::Tool { tool: "libFuzzer".into(), message };
    let mut child = command.spawn().map_err(|error| tool(error.to_string()))?;
    let mut last = Instant::now();
    let lines = child.stderr.take().map(BufReader::new);
    for line in lines.into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
        if line.starts_with('#') && last.elapsed() >= LINE_EVERY {
            last = Instant::now();
            eprintln!("{line}");
        }
    }
    child.wait().map_err(|error| tool(error.to_string()))?;
    Ok(())
}

/// Each kind of failure with its shortest program.
fn failures(folders: &Folders, planted: Planted) -> Result<BTreeMap<Signature, Reproducer>, Error> {
    let entries =
        std::fs::read_dir(&folders.artifacts).map_err(Error::file("read", &folders.artifacts))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut failures: BTreeMap<Signature, Reproducer> = BTreeMap::new();
    for path in paths {
        match regress::reproducer(&path, Target::Lockstep, planted)? {
            Some(found) => {
                let signature = found.failure.signature();
                let shorter =
                    |known: &Reproducer| known.program.steps.len() > found.program.steps.len();
                if failures.get(&signature).is_none_or(shorter) {
                    failures.insert(signature, found);
                }
            }
            // Too slow, too much memory, or a crash of the engine: nothing a lockstep can judge.
            None => eprintln!("{}: no failure of the model; kept there", path.display()),
        }
    }
    Ok(failures)
}

/// Adds to the live corpus what shows anything new.
fn merge(binary: &Path, known: &Path, new: &Path) -> Result<(), Error> {
    let mut command = Command::new(binary);
    command.arg("-merge=1").arg(format!("-max_len={INPUT_BYTES_MAX}")).args([known, new]);
    cargo_fuzz::run_quietly(&mut command, "libFuzzer -merge=1").map(|_| ())
}
