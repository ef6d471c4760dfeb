//! `oss-fuzz`: runs the farm's build script on this machine, in an environment like that of the Rust
//! base builder, and checks what OSS-Fuzz's own check would: the binaries are there and are fuzzers,
//! their seeds replay, they run for a while without finding anything; and that a planted fault is
//! found and becomes a regression test.

use crate::artifact;
use crate::cargo_fuzz;
use crate::cli::{OssFuzzArgs, RegressArgs};
use crate::commands::ci::root;
use crate::commands::regress;
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use comfy_table::{Table, presets};
use mm_diff::Rig;
use mm_diff::check::Target;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Programs in which the planted fault must be found.
const FAULT_RUNS: u64 = 100_000;
/// What a binary of libFuzzer with AddressSanitizer holds.
const SYMBOLS: [&str; 2] = ["LLVMFuzzerTestOneInput", "__asan_init"];

#[derive(Serialize)]
struct Report {
    targets: Vec<TargetReport>,
    fault: FaultReport,
    /// Everything that is wrong; empty if all is well.
    wrong: Vec<String>,
}

#[derive(Serialize)]
struct TargetReport {
    target: &'static str,
    mebibytes: u64,
    seeds: usize,
    inputs_run: u64,
    inputs_per_second: f64,
}

#[derive(Serialize)]
struct FaultReport {
    id: String,
    programs: u64,
    signature: String,
    file: String,
}

/// Builds, checks, reports.
pub fn run(args: &OssFuzzArgs) -> Result<Found, Error> {
    if let Some(missing) = missing() {
        return if args.skip_if_missing {
            say!("SKIPPED oss-fuzz: {missing}");
            Ok(Found::Nothing)
        } else {
            Err(Error::Tool { tool: "oss-fuzz".into(), message: missing })
        };
    }
    let planted = Planted::find(Some(&args.fault))?;
    let targets = targets(args)?;
    std::fs::create_dir_all(&args.out).map_err(Error::file("create", &args.out))?;
    let out = args.out.canonicalize().map_err(Error::file("find", &args.out))?;
    build(&out, &targets, None)?;
    let mut report = Report {
        targets: Vec::new(),
        fault: FaultReport {
            id: args.fault.clone(),
            programs: 0,
            signature: String::new(),
            file: String::new(),
        },
        wrong: Vec::new(),
    };
    for target in targets {
        match check(&out, target, args.runs) {
            Ok(line) => report.targets.push(line),
            Err(why) => report.wrong.push(format!("{target}: {why}")),
        }
    }
    let faulty = out.join("faults");
    std::fs::create_dir_all(&faulty).map_err(Error::file("create", &faulty))?;
    build(&faulty, &[Target::Lockstep], Some("faults"))?;
    match find_fault(&faulty, &args.fault, planted) {
        Ok(found) => report.fault = found,
        Err(why) => report.wrong.push(format!("fault {}: {why}", args.fault)),
    }
    if args.json {
        print_json(&report);
    } else {
        print(&report);
    }
    Ok(Found::something_if(!report.wrong.is_empty()))
}

/// What this machine lacks, with what mends it.
fn missing() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("the farms' builds are for Linux".into());
    }
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    if !cargo_fuzz::answers(Command::new(&compiler).arg("--version")) {
        return Some(format!("no C++ compiler (`{compiler}`), which libFuzzer is built with"));
    }
    (!cargo_fuzz::is_installed())
        .then(|| format!("cargo-fuzz is not installed (`{}`)", cargo_fuzz::INSTALL))
}

fn targets(args: &OssFuzzArgs) -> Result<Vec<Target>, Error> {
    if args.targets.is_empty() {
        return Ok(Target::ALL.to_vec());
    }
    args.targets.iter().map(|name| artifact::target(name)).collect()
}

/// Runs the build script in an environment like that of the Rust base builder.
fn build(out: &Path, targets: &[Target], features: Option<&str>) -> Result<(), Error> {
    let names: Vec<&str> = targets.iter().map(|target| target.name()).collect();
    let (toolchain, shown) = cargo_fuzz::sanitizing();
    eprintln!("fuzz/oss-fuzz/build.sh: {} with {shown} …", names.join(" "));
    let work = root().join("target/oss-fuzz-work");
    let compiled = work.join(features.unwrap_or("correct"));
    std::fs::create_dir_all(&compiled).map_err(Error::file("create", &compiled))?;
    let mut command = Command::new("bash");
    command
        .args(["-eu", "fuzz/oss-fuzz/build.sh"])
        .current_dir(root())
        .env("OUT", out)
        .env("SRC", root().parent().unwrap_or(Path::new("/")))
        .env("WORK", &work)
        .envs([
            ("SANITIZER", "address"),
            ("FUZZING_ENGINE", "libfuzzer"),
            ("FUZZING_LANGUAGE", "rust"),
            ("ARCHITECTURE", std::env::consts::ARCH),
            toolchain,
            ("RUSTFLAGS", "--cfg fuzzing -Cdebuginfo=1 -Cforce-frame-pointers"),
            ("MMDIFF_FEATURES", features.unwrap_or("")),
        ])
        .env("MMDIFF_TARGETS", names.join(" "))
        .env("MMDIFF_TARGET_DIR", &compiled);
    // This very program is the command line; building it again for nightly would only take time.
    if let Ok(xtask) = std::env::current_exe() {
        command.env("MMDIFF_XTASK", xtask);
    }
    // What cargo told this process of its own toolchain is not the script's.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "LD_LIBRARY_PATH"] {
        command.env_remove(name);
    }
    cargo_fuzz::run_quietly(&mut command, "fuzz/oss-fuzz/build.sh").map(|_| ())
}

/// What OSS-Fuzz checks of a target. Errors say what is wrong with it.
fn check(out: &Path, target: Target, runs: u64) -> Result<TargetReport, String> {
    let binary = out.join(target.name());
    let size = std::fs::metadata(&binary).map_err(|e| format!("no binary: {e}"))?;
    if !is_executable(&size) {
        return Err("its binary is not executable".into());
    }
    let bytes = std::fs::read(&binary).map_err(|error| error.to_string())?;
    for symbol in SYMBOLS {
        if !contains(&bytes, symbol.as_bytes()) {
            return Err(format!("its binary has no {symbol}"));
        }
    }
    let options = std::fs::read_to_string(out.join(format!("{target}.options")))
        .map_err(|error| format!("no options: {error}"))?;
    if let Some(dict) = options.lines().find_map(|line| line.strip_prefix("dict = ")) {
        std::fs::metadata(out.join(dict)).map_err(|error| format!("no {dict}: {error}"))?;
    }
    let folder = out.join("work").join(target.name());
    let seeds = unpack(&out.join(format!("{target}_seed_corpus.zip")), &folder.join("seeds"))?;
    let flags = flags(&options, out);
    let mut replay = libfuzzer(&binary, &folder, &flags);
    replay.arg("-runs=0").arg(folder.join("seeds"));
    cargo_fuzz::run_quietly(&mut replay, "its seeds").map_err(|error| error.to_string())?;
    let start = Instant::now();
    let mut fuzz = libfuzzer(&binary, &folder, &flags);
    // The seeds count as inputs, too.
    fuzz.arg(format!("-runs={}", runs + seeds as u64)).arg("-seed=1").arg("-print_final_stats=1");
    fuzz.args([fresh(&folder.join("corpus"))?, folder.join("seeds")]);
    let text = cargo_fuzz::run_quietly(&mut fuzz, "its inputs").map_err(|e| e.to_string())?;
    let inputs_run = executed(&text).ok_or("its run has no statistics")?;
    if inputs_run < runs {
        return Err(format!("it ran {inputs_run} inputs of {runs}"));
    }
    Ok(TargetReport {
        target: target.name(),
        mebibytes: size.len() >> 20,
        seeds,
        inputs_run,
        inputs_per_second: inputs_run as f64 / start.elapsed().as_secs_f64(),
    })
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 == 0o111
}

#[cfg(not(unix))]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    metadata.is_file()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// The options of a target as flags, as the farm passes them.
fn flags(options: &str, out: &Path) -> Vec<String> {
    let settings = options.lines().filter_map(|line| line.split_once(" = "));
    settings
        .map(|(key, value)| match key {
            "dict" => format!("-dict={}", out.join(value).display()),
            _ => format!("-{key}={value}"),
        })
        .collect()
}

fn libfuzzer(binary: &Path, folder: &Path, flags: &[String]) -> Command {
    let mut command = Command::new(binary);
    command
        .args(flags)
        .arg(format!("-artifact_prefix={}/", folder.display()))
        .current_dir(folder)
        .env("RUST_BACKTRACE", "0")
        .env_remove("LD_LIBRARY_PATH");
    command
}

/// Unpacks a seed corpus into a fresh folder; answers the number of its files.
fn unpack(archive: &Path, folder: &Path) -> Result<usize, String> {
    let name = archive.file_name().unwrap_or_default().display().to_string();
    let file = std::fs::File::open(archive).map_err(|error| format!("no {name}: {error}"))?;
    let mut archive =
        zip::ZipArchive::new(file).map_err(|error| format!("{name} is no archive: {error}"))?;
    fresh(folder)?;
    archive.extract(folder).map_err(|error| format!("{name}: {error}"))?;
    match archive.len() {
        0 => Err(format!("{name} is empty")),
        seeds => Ok(seeds),
    }
}

/// An empty folder, whatever was there.
fn fresh(folder: &Path) -> Result<PathBuf, String> {
    // It may not be there yet.
    let _gone = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    Ok(folder.to_owned())
}

/// The number of inputs in libFuzzer's final statistics.
fn executed(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok()
}

/// Looks for the planted fault with the farm's binary, makes a regression test of the crash, and
/// checks that it tells the faulty model from the correct one.
fn find_fault(out: &Path, fault: &str, planted: Planted) -> Result<FaultReport, String> {
    // Crashes of an earlier run are not of this one.
    let folder = fresh(&out.join("work"))?;
    let mut command = libfuzzer(&out.join(Target::Lockstep.name()), &folder, &[]);
    command
        .args(["-seed=1", "-len_control=0", "-print_final_stats=1"])
        .arg(format!("-runs={FAULT_RUNS}"))
        .env("MMDIFF_FAULT", fault);
    let output = command.output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stderr);
    let programs = executed(&text).ok_or_else(|| format!("no statistics:\n{text}"))?;
    let artifact = crash_in(&folder).ok_or_else(|| format!("not found in {programs} programs"))?;
    let name = format!("found-{fault}");
    let regress = RegressArgs {
        artifact,
        name: name.clone(),
        target: Some(Target::Lockstep.name().into()),
        fault: Some(fault.to_owned()),
        out: out.to_owned(),
        force: true,
        json: false,
    };
    let (regressed, _) = regress::regress(&regress).map_err(|error| error.to_string())?;
    if !regressed.fails {
        return Err("the crash does not fail here".to_owned());
    }
    let file = out.join(format!("{name}.mm"));
    let program = files::program(&file).map_err(|error| error.to_string())?;
    let Err(failure) = Rig::new(planted.factory()).run(&program) else {
        return Err(format!("{} passes on the faulty model", file.display()));
    };
    if let Err(failure) = Rig::new(Planted::default().factory()).run(&program) {
        let signature = failure.signature();
        return Err(format!("{} fails on the correct model: {signature}", file.display()));
    }
    Ok(FaultReport {
        id: fault.to_owned(),
        programs,
        signature: failure.signature().to_string(),
        file: file.display().to_string(),
    })
}

fn crash_in(folder: &Path) -> Option<PathBuf> {
    let paths = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let is_crash = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"crash-"))
    };
    paths.filter(is_crash).min()
}

fn print(report: &Report) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header([
        "target",
        "binary",
        "seeds replayed",
        "inputs run",
        "inputs/s",
        "",
    ]);
    for line in &report.targets {
        table.add_row([
            line.target.to_owned(),
            format!("{} MiB", line.mebibytes),
            line.seeds.to_string(),
            line.inputs_run.to_string(),
            format!("{:.0}", line.inputs_per_second),
            "checked".to_owned(),
        ]);
    }
    say!("{table}");
    let FaultReport { id, programs, signature, file } = &report.fault;
    if !file.is_empty() {
        say!("fault {id}: found after {programs} programs ({signature}), regressed to {file}");
    }
    for wrong in &report.wrong {
        say!("WRONG {wrong}");
    }
}
