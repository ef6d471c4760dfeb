//! `minimize`: shortens a failing program to its fixpoint, or checks the certificate of one.

use crate::cli::MinimizeArgs;
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use mm_diff::{Certificate, Rig};
use mm_model::Model;
use serde::Serialize;

#[derive(Serialize)]
struct Report {
    signature: String,
    ops: usize,
    runs: u64,
    minimal: bool,
    program: String,
}

/// Minimizes or verifies.
pub fn run(args: &MinimizeArgs) -> Result<Found, Error> {
    let mut rig = Rig::new(Planted::find(args.fault.as_deref())?.factory());
    if args.verify { verify(args, &mut rig) } else { minimize(args, &mut rig) }
}

fn minimize<F: Fn() -> Model>(
    args: &MinimizeArgs,
    rig: &mut Rig<Model, F>,
) -> Result<Found, Error> {
    let program = files::program(&args.file)?;
    let Some(reproducer) = rig.minimize(&program, mm_diff::RUNS_MAX) else {
        eprintln!("{}: this program does not fail; nothing to minimize", args.file.display());
        return Ok(Found::Nothing);
    };
    let text = reproducer.to_text();
    if args.json {
        print_json(&Report {
            signature: reproducer.failure.signature().to_string(),
            ops: reproducer.program.steps.len(),
            runs: reproducer.runs,
            minimal: reproducer.certificate.is_some(),
            program: text.clone(),
        });
    } else {
        eprintln!("{}", reproducer.render());
        if args.out.is_none() {
            crate::output::write(format_args!("{text}"));
        }
    }
    if let Some(out) = &args.out {
        files::write(out, &text)?;
        eprintln!("written: {}", out.display());
    }
    Ok(Found::Something)
}

fn verify<F: Fn() -> Model>(args: &MinimizeArgs, rig: &mut Rig<Model, F>) -> Result<Found, Error> {
    let text = files::read_text(&args.file)?;
    let program = files::program(&args.file)?;
    let checked =
        Certificate::parse(&text).and_then(|certificate| certificate.verify(&program, rig));
    match checked {
        Ok(()) => {
            say!("{}: the certificate holds", args.file.display());
            Ok(Found::Nothing)
        }
        Err(error) => {
            say!("{}: {error}", args.file.display());
            Ok(Found::Something)
        }
    }
}
