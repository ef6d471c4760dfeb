//! `replay --against linux|all`: program files on the running kernel.

use super::kernel::{LedgerUse, Tally};
use super::stretch::stretched;
use super::three::{Difference, Judgement, Parties};
use crate::cli::{Against, ReplayArgs};
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use mm_diff::StepView;
use serde::Serialize;

#[derive(Serialize)]
struct Report<'a> {
    files: usize,
    passed: usize,
    /// How many were retold with the kernel's tables, since their PMDs map folios.
    stretched: usize,
    failed: Vec<FailedFile>,
    #[serde(flatten)]
    tally: &'a Tally,
    ledger: Vec<LedgerUse>,
}

#[derive(Serialize)]
struct FailedFile {
    file: String,
    signature: String,
    operation: usize,
    blame: String,
}

/// Replays every file; a failing one does not stop the others.
pub fn run(args: &ReplayArgs) -> Result<Found, Error> {
    if args.bless {
        return Err(Error::Usage(
            "--bless writes what model and reference agree on; leave --against out".into(),
        ));
    }
    let planted = Planted::find(args.fault.as_deref())?;
    let factory = (args.against == Against::All).then(|| planted.factory());
    let mut parties = Parties::new(factory, false)?;
    let paths = files::find(&args.paths)?;
    let (mut passed, mut stretched_files, mut failed) = (0, 0, Vec::new());
    let speak = !args.json;
    for path in &paths {
        let mut program = files::program(path)?;
        let linux = parties.kernel.linux();
        if linux.supports(&program).is_err() {
            let longer = stretched(&program);
            if linux.supports(&longer).is_ok() {
                program = longer;
                stretched_files += 1;
            }
        }
        if args.trace && speak {
            println!("{}:\n  {}", path.display(), program.config);
        }
        let judgement = parties.judge(&program, &mut |step: &StepView<'_>| {
            if args.trace && speak {
                println!("  {:>3} {} -> {}", step.index + 1, step.op, step.outcome);
            }
        });
        match judgement {
            Judgement::Passed => passed += 1,
            Judgement::Skipped(reason) if speak => {
                println!("LEFT OUT {}: {reason}", path.display())
            }
            Judgement::Trouble(what) if speak => println!("NO RESULT {}: {what}", path.display()),
            Judgement::Skipped(_) | Judgement::Trouble(_) => {}
            Judgement::Differs(Difference { failure, blame, .. }) => {
                if speak {
                    println!("FAILED {}\n{}{blame}\n", path.display(), failure.render(&program));
                }
                failed.push(FailedFile {
                    file: path.display().to_string(),
                    signature: failure.signature().to_string(),
                    operation: failure.step + 1,
                    blame,
                });
            }
        }
    }
    parties.kernel.must_have_run()?;
    let troubled = !parties.kernel.tally.troubles.is_empty();
    let found = Found::something_if(!failed.is_empty() || troubled);
    if speak {
        println!("{} files, {passed} passed, {} failed", paths.len(), failed.len());
        println!("{stretched_files} of them with the kernel's tables instead of smaller ones");
        parties.kernel.print();
    } else {
        let ledger = parties.kernel.ledger();
        print_json(&Report {
            files: paths.len(),
            passed,
            stretched: stretched_files,
            failed,
            tally: &parties.kernel.tally,
            ledger,
        });
    }
    Ok(found)
}
