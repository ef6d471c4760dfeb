//! `replay --against linux|all`: program files on the running kernel.

use super::kernel::{LedgerUse, Tally, missing};
use super::stretch::stretched;
use super::three::{Difference, Judgement, Parties};
use crate::cli::{Against, ReplayArgs};
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use mm_diff::{Oracle, StepView};
use mm_linux::{Linux, retold};
use mm_ops::{Advice, Op, PageRange, Program};
use serde::Serialize;

#[derive(Serialize)]
struct Report<'a> {
    files: usize,
    #[serde(flatten)]
    counts: Counts,
    failed: Vec<FailedFile>,
    /// What this kernel and these privileges do not allow, with the reasons.
    left_out: Vec<String>,
    #[serde(flatten)]
    tally: &'a Tally,
    ledger: Vec<LedgerUse>,
}

#[derive(Default, Serialize)]
struct Counts {
    /// Files of which the kernel ran the whole program, and all agree.
    passed: usize,
    /// How many of the files were retold with the kernel's tables, since their PMDs map folios.
    stretched: usize,
    /// How many of the files were retold: with zram for their swap device, and as ksmd scans.
    retold: usize,
    /// Files left out of which the kernel ran what it has of the program, without its expectations.
    in_part: usize,
}

#[derive(Serialize)]
struct FailedFile {
    file: String,
    signature: String,
    operation: usize,
    blame: String,
}

/// How a file is told to the kernel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// As it stands.
    AsIs,
    /// With the kernel's tables.
    Stretched,
    /// As [`retold`], and perhaps with the kernel's tables.
    Retold { stretched: bool },
    /// Only what the kernel has of it.
    InPart,
}

impl Told {
    /// Finds the first way in which the kernel can run the program, and tells it so.
    fn of(linux: &Linux, program: &mut Program) -> Self {
        let larger = stretched(program);
        let ways = [
            (Self::AsIs, program.clone()),
            (Self::Retold { stretched: false }, retold(program)),
            (Self::Stretched, larger.clone()),
            (Self::Retold { stretched: true }, retold(&larger)),
        ];
        let way = ways.into_iter().find(|(_, way)| linux.supports(way).is_ok());
        let (told, way) = way.unwrap_or_else(|| (Self::InPart, retold(&larger)));
        *program = way;
        told
    }

    const fn is_stretched(self) -> bool {
        matches!(self, Self::Stretched | Self::Retold { stretched: true })
    }
}

/// Whether nobody differs from anybody but the program.
fn expects_otherwise(judgement: &Judgement) -> bool {
    matches!(judgement, Judgement::Differs(found) if found.failure.oracle == Oracle::Expectation)
}

/// Takes out, or replaces, the operations of which it is not known before whether they can be driven
/// in the state that is reached.
fn without_doubt(program: &mut Program) {
    program.steps.retain_mut(|step| match step.op {
        Op::SwapOut { pid, vpn, .. } => {
            let (range, advice) = (PageRange::new(vpn.0, 1), Advice::PageOut);
            step.op = Op::Madvise { pid, range, advice };
            true
        }
        Op::Ksm { .. } | Op::KsmZero { .. } | Op::Split { .. } | Op::DeferredScan { .. } => false,
        _ => true,
    });
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
    let left_out = missing(parties.kernel.linux());
    left_out.iter().for_each(|line| eprintln!("left out: {line}"));
    let paths = files::find(&args.paths)?;
    let (mut counts, mut failed) = (Counts::default(), Vec::new());
    let speak = !args.json;
    for path in &paths {
        let mut program = files::program(path)?;
        let linux = parties.kernel.linux();
        let told = Told::of(linux, &mut program);
        if told == Told::InPart {
            // Left out for what stands in its way besides its geometry and its device.
            program.steps.iter_mut().for_each(|step| step.expect = None);
        }
        if args.trace && speak {
            say!("{}:\n  {}", path.display(), program.config);
        }
        let mut judgement = parties.judge(&program, &mut |step: &StepView<'_>| {
            if args.trace && speak {
                say!("  {:>3} {} -> {}", step.index + 1, step.op, step.outcome);
            }
        });
        let told_otherwise = matches!(told, Told::Retold { .. }) && expects_otherwise(&judgement);
        let left_out = match &judgement {
            Judgement::Skipped(reason) => Some(reason.as_str()),
            _ if told_otherwise => Some("expects what the kernel's devices do not do"),
            _ => None,
        };
        if let Some(reason) = left_out {
            if speak {
                say!("LEFT OUT {}: {reason}", path.display());
            }
            if told_otherwise {
                parties.kernel.tally.count_skipped(reason);
            }
            parties.kernel.linux().adapt(&mut program);
            program.steps.iter_mut().for_each(|step| step.expect = None);
            // What cannot be had in part, either, was said above.
            if !program.steps.is_empty() && parties.kernel.linux().supports(&program).is_ok() {
                judgement = parties.judge(&program, &mut ());
                if let Judgement::Skipped(reason) = &judgement {
                    parties.kernel.tally.uncount_skipped(reason);
                    without_doubt(&mut program);
                    judgement = parties.judge(&program, &mut ());
                }
                counts.in_part += usize::from(matches!(judgement, Judgement::Passed));
            }
        } else if matches!(judgement, Judgement::Passed) {
            counts.passed += 1;
            counts.stretched += usize::from(told.is_stretched());
            counts.retold += usize::from(matches!(told, Told::Retold { .. }));
        }
        match judgement {
            Judgement::Trouble(what) if speak => say!("NO RESULT {}: {what}", path.display()),
            Judgement::Passed | Judgement::Skipped(_) | Judgement::Trouble(_) => {}
            Judgement::Differs(Difference { failure, blame, .. }) => {
                if speak {
                    say!("FAILED {}\n{}{blame}\n", path.display(), failure.render(&program));
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
        let Counts { passed, stretched, retold, in_part } = counts;
        say!(
            "{} files, {passed} passed ({stretched} with the kernel's tables, {retold} retold), {in_part} in part, {} failed",
            paths.len(),
            failed.len()
        );
        parties.kernel.print();
    } else {
        let ledger = parties.kernel.ledger();
        print_json(&Report {
            files: paths.len(),
            counts,
            failed,
            left_out,
            tally: &parties.kernel.tally,
            ledger,
        });
    }
    Ok(found)
}
