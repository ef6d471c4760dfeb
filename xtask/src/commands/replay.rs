//! `replay`: runs program files in lockstep and checks what they expect.

use crate::cli::ReplayArgs;
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use mm_diff::{Rig, StepView};
use mm_model::Model;
use mm_ops::text::Document;
use mm_ops::{Outcome, Program};
use serde::Serialize;
use std::path::Path;

/// The result of a replay.
#[derive(Serialize)]
struct Report {
    files: usize,
    passed: usize,
    failed: Vec<FailedFile>,
}

#[derive(Serialize)]
struct FailedFile {
    file: String,
    signature: String,
    /// Line of the text file, from 1; the operation's number in a binary one.
    line: usize,
}

/// Replays every file; a failing one does not stop the others.
pub fn run(args: &ReplayArgs) -> Result<Found, Error> {
    let mut rig = Rig::new(Planted::find(args.fault.as_deref())?.factory());
    let paths = files::find(&args.paths)?;
    let mut report = Report { files: paths.len(), passed: 0, failed: Vec::new() };
    for path in &paths {
        let program = files::program(path)?;
        if args.bless {
            bless(&mut rig, path, &program)?;
        }
        let program = if args.bless { files::program(path)? } else { program };
        if args.trace && !args.json {
            say!("{}:\n  {}", path.display(), program.config);
        }
        let show = args.trace && !args.json;
        let result = rig.run_observed(&program, &mut |step: &StepView<'_>| {
            if show {
                print_step(step);
            }
        });
        match result {
            Ok(_) => report.passed += 1,
            Err(failure) => {
                let line = line_of(path, failure.step).unwrap_or(failure.step + 1);
                if !args.json {
                    say!("FAILED {}:{line}\n{}", path.display(), failure.render(&program));
                }
                let signature = failure.signature().to_string();
                report.failed.push(FailedFile {
                    file: path.display().to_string(),
                    signature,
                    line,
                });
            }
        }
    }
    if args.json {
        print_json(&report);
    } else {
        say!("{} files, {} passed, {} failed", report.files, report.passed, report.failed.len());
    }
    Ok(Found::something_if(!report.failed.is_empty()))
}

fn print_step(step: &StepView<'_>) {
    let rules: Vec<&str> = step.fired.iter().map(|(rule, _)| rule.id()).collect();
    let line = format!("{} -> {}", step.op, step.outcome);
    say!("  {:>3} {line:<40} {}", step.index + 1, rules.join(" "));
    for choice in step.choices {
        say!("      chose {choice:?}");
    }
}

/// The line of a text file on which an operation stands.
fn line_of(path: &Path, step: usize) -> Option<usize> {
    let text = files::read_text(path).ok()?;
    Document::parse(&text).ok()?.line_of(step)
}

/// Writes the outcomes on which model and reference agree behind every `->` of the file. A program
/// on which they do not agree is left alone from there on.
fn bless<F: Fn() -> Model>(
    rig: &mut Rig<Model, F>,
    path: &Path,
    program: &Program,
) -> Result<(), Error> {
    let text = files::read_text(path)?;
    let mut document = Document::parse(&text)
        .map_err(|error| Error::Program { path: path.to_owned(), message: error.to_string() })?;
    let mut bare = program.clone();
    bare.steps.iter_mut().for_each(|step| step.expect = None);
    let mut outcomes: Vec<Outcome> = Vec::new();
    // A difference is not to be blessed; the replay that follows reports it.
    let _differs = rig.run_observed(&bare, &mut |step: &StepView<'_>| outcomes.push(step.outcome));
    document.bless(|index, step| step.expect.and(outcomes.get(index).copied()));
    let blessed = document.to_string();
    if blessed == text { Ok(()) } else { files::write(path, &blessed) }
}
