//! `races`: every interleaving of the operations that take a page away with the actors that hold no
//! lock.

use crate::cli::RacesArgs;
use crate::commands::fuzz::{any_free_path, cores, stop_on_ctrl_c};
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mm_diff::races::{self, Report, SceneReport, YIELDS_MAX};
use mm_model::Model;
use std::time::Instant;

/// Tries them all, or those that Ctrl-C leaves.
pub fn run(args: &RacesArgs) -> Result<Found, Error> {
    let planted = Planted::find(args.fault.as_deref())?;
    let stop = stop_on_ctrl_c()?;
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {msg}") {
        bar.set_style(style);
    }
    let begun = Instant::now();
    let jobs = args.jobs.map_or_else(cores, usize::from);
    let listen = |done: u64| {
        bar.set_message(format!("{done} interleavings"));
        bar.tick();
    };
    let wanted = |name: &str| args.only.as_deref().is_none_or(|only| name.contains(only));
    let report = races::exhaust(jobs, &wanted, &args.config, &planted.factory(), &stop, &listen)
        .map_err(|error| Error::Tool { tool: "races".into(), message: error.to_string() })?;
    bar.finish_and_clear();
    if report.scenes.is_empty() {
        let names = races::operations().join(", ");
        let message = format!("no operation has this in its name; known are {names}");
        return Err(Error::Usage(message));
    }
    let report = save(args, report)?;
    if args.json {
        print_json(&report);
    } else {
        print(&report);
        say!("{:.1} s", begun.elapsed().as_secs_f64());
    }
    Ok(Found::something_if(!report.failures.is_empty()))
}

fn save(args: &RacesArgs, mut report: Report) -> Result<Report, Error> {
    for failure in &mut report.failures {
        let path = any_free_path(&args.save, &failure.signature);
        files::write(&path, failure.reproducer.to_text())?;
        failure.file = Some(path.display().to_string());
    }
    Ok(report)
}

fn print(report: &Report) {
    for failure in &report.failures {
        say!("FOUND {}", failure.reproducer.render());
        if let Some(file) = &failure.file {
            say!("written: {file}\n");
        }
    }
    say!("{}", table(&report.scenes));
    let never: Vec<&str> =
        Model::yield_points().filter(|point| !report.yields.contains_key(point)).collect();
    say!(
        "{} interleavings, {} kinds of failure, yield points {} of {}{}",
        report.interleavings,
        report.failures.len(),
        Model::yield_points().count() - never.len(),
        Model::yield_points().count(),
        if report.stopped { ", stopped" } else { "" }
    );
    if !never.is_empty() {
        say!("yield points never reached: {}", never.join(", "));
    }
    if report.truncated {
        say!("some operation has more than {YIELDS_MAX} yield points: not all were tried");
    }
}

/// A row an operation, a column a state; each cell the interleavings tried, and how many failed.
fn table(scenes: &[SceneReport]) -> Table {
    let mut states: Vec<&str> = Vec::new();
    for scene in scenes {
        if !states.contains(&scene.state) {
            states.push(scene.state);
        }
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["operation"].iter().chain(&states));
    for rows in scenes.chunk_by(|a, b| a.operation == b.operation) {
        let cell = |state: &&str| {
            let row = rows.iter().find(|row| row.state == *state);
            row.map_or_else(String::new, |row| match row.failed {
                0 => row.interleavings.to_string(),
                failed => format!("{failed} of {} FAIL", row.interleavings),
            })
        };
        let name = rows.first().map_or("", |row| row.operation).to_owned();
        table.add_row([name].into_iter().chain(states.iter().map(cell)));
    }
    table
}
