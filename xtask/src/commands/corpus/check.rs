//! `corpus check`: all files decode, replay and are formatted.

use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use mm_diff::Rig;
use mm_model::Model;
use mm_ops::codec;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Report {
    files: usize,
    wrong: Vec<Wrong>,
}

#[derive(Serialize)]
struct Wrong {
    file: String,
    why: String,
}

/// Checks every file; one that is wrong does not stop the others.
pub fn run(paths: &[PathBuf], json: bool) -> Result<Found, Error> {
    let paths = files::find(paths)?;
    let mut rig = Rig::new(Planted::default().factory());
    let mut report = Report { files: paths.len(), wrong: Vec::new() };
    for path in &paths {
        if let Err(why) = check(path, &mut rig) {
            report.wrong.push(Wrong { file: path.display().to_string(), why });
        }
    }
    if json {
        print_json(&report);
    } else {
        for Wrong { file, why } in &report.wrong {
            say!("{file}: {why}");
        }
        say!("{} files, {} wrong", report.files, report.wrong.len());
    }
    Ok(Found::something_if(!report.wrong.is_empty()))
}

fn check<F: Fn() -> Model>(path: &Path, rig: &mut Rig<Model, F>) -> Result<(), String> {
    let bytes = files::read(path).map_err(why)?;
    let program = files::program(path).map_err(why)?;
    if !bytes.starts_with(&codec::MAGIC) {
        let text = String::from_utf8_lossy(&bytes);
        let formatted = mm_ops::text::format(&text).map_err(|error| error.to_string())?;
        if formatted != text {
            return Err("not formatted (`cargo xtask fmt-mm`)".to_owned());
        }
    }
    rig.run(&program).map(|_| ()).map_err(|failure| format!("fails: {}", failure.signature()))
}

/// The report names the file already.
fn why(error: Error) -> String {
    match error {
        Error::Program { message, .. } => message,
        other => other.to_string(),
    }
}
