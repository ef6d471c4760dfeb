//! `fuzz --against linux|all`: programs on the running kernel, made up or bred from those that showed
//! something new, as in the embedded engine ([`Breeder`]). One thread, on one CPU, as the driver needs
//! it.

use super::kernel::{LedgerUse, Tally, missing};
use super::three::{Judgement, Parties};
use crate::cli::{Against, Engine, FuzzArgs};
use crate::commands::fuzz::{any_seed, print, save, stop_on_ctrl_c};
use crate::error::{Error, Found};
use crate::output::print_json;
use crate::subject::Planted;
use mm_diff::engine::{Breeder, Report, Totals};
use mm_diff::{Observer, Reproducer, Signature, StepView};
use mm_linux::Linux;
use mm_ops::generate::{Areas, Profile, seeded};
use mm_ops::{OpKind, Order, OrderSet, Program, SWAP_SLOTS_MAX, SwapDevice};
use mm_reference::Rule;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Programs that one profile serves for; fewer with the kernel's tables, whose programs take ten times
/// as long.
const PROFILE_PROGRAMS: u64 = 10;
const PROFILE_PROGRAMS_LARGE: u64 = 1;
/// Every how many profiles have the kernel's own tables: only there are PMD THPs.
const KERNEL_TABLES_EVERY: u64 = 4;
/// Distinct failures of a run that goes on after the first.
const FAILURES_MAX: usize = 64;
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Operations that userspace may lack, as a program each: what the driver says of it is the reason that
/// stands in the report.
const LACKING: &[(OpKind, &str)] = &[
    (OpKind::FailAlloc, "fail_alloc 0"),
    (OpKind::Lock, "lock p0 0 l0"),
    (OpKind::Isolate, "isolate p0 0 l0"),
    (OpKind::Drop, "drop l0"),
    (OpKind::NumaHint, "numa_hint p0 0+1"),
    (OpKind::ClearRefs, "config soft_dirty=on\nclear_refs p0"),
    (OpKind::DrainLru, "config lru_batch=on\ndrain"),
    (OpKind::WriteDone, "write_done l0"),
    (OpKind::BadSlot, "bad_slot p0 0"),
    (OpKind::Race, "race read p0 0 at 0"),
    (OpKind::Migrate, "migrate p0 0 l0"),
    (OpKind::MigrateCopy, "migrate_copy l0"),
    (OpKind::MigrateEnd, "migrate_end l0"),
    (OpKind::Split, "split p0 0 order=0"),
    (OpKind::DeferredScan, "deferred_scan 0"),
    (OpKind::Hwpoison, "hwpoison p0 0"),
    (OpKind::SoftOffline, "soft_offline p0 0"),
    (OpKind::RmapWalk, "rmap_walk p0 0"),
    (OpKind::DevSetup, "dev_setup d0 p0 0+1 l0 system"),
    (OpKind::DevEvict, "dev_evict d0 p0 0+1 l0"),
    (OpKind::DevPages, "dev_pages l0 device"),
    (OpKind::DevFinalize, "dev_finalize l0"),
    (OpKind::DevExclusive, "dev_exclusive d0 p0 0 l0"),
    (OpKind::DevRead, "dev_read d0 p0 0"),
    (OpKind::DevWrite, "dev_write d0 p0 0 a"),
];

/// The same of forms of operations that are had otherwise.
const LACKING_FORMS: &[&str] = &["swap_out p0 0 l0", "split p0 0 order=2"];

#[derive(Serialize)]
struct LiveReport<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// Who is alone, for each of the failures.
    blame: Vec<String>,
    /// What no program of this run had, with the reasons.
    left_out: Vec<String>,
    /// Operations taken out of programs, because the kernel does not have them just so.
    operations_taken_out: u64,
    #[serde(flatten)]
    tally: &'a Tally,
    ledger: Vec<LedgerUse>,
}

/// What a run has found: a program for each kind of failure, and who is alone in it.
type Failures = BTreeMap<Signature, (Reproducer, String)>;

/// Fuzzes until the time is up, something is found, or Ctrl-C.
pub fn run(args: &FuzzArgs) -> Result<Found, Error> {
    if args.jobs.is_some_and(|jobs| jobs != 1) {
        return Err(Error::Usage("the live kernel is driven from one CPU: --jobs 1".into()));
    }
    if args.engine != Engine::Embedded {
        return Err(Error::Usage(
            "no other engine drives the live kernel: leave --engine out".into(),
        ));
    }
    let planted = Planted::find(args.fault.as_deref())?;
    let areas = match &*args.areas {
        [] => Areas::ALL,
        areas => areas.join(",").parse().map_err(|e| Error::Usage(format!("--areas: {e}")))?,
    };
    let factory = (args.against == Against::All).then(|| planted.factory());
    let mut parties = Parties::new(factory, args.wrong_reference)?;
    let seed = args.seed.unwrap_or_else(any_seed);
    let against = if args.against == Against::All { "all" } else { "linux" };
    eprintln!("fuzz --against {against} --seed {seed} --time {}s", args.time.as_secs_f64());
    let left_out = left_out(parties.kernel.linux());
    let lacking = lacking(parties.kernel.linux());
    left_out.iter().for_each(|line| eprintln!("left out: {line}"));

    let stop = stop_on_ctrl_c()?;
    let (start, mut line_at) = (Instant::now(), LINE_EVERY);
    let mut breeder = Breeder::new(areas, &args.config, seeded(seed, 0));
    let (mut profiles, mut profile_ends) = (0, 0);
    let (mut programs, mut ops, mut taken_out) = (0_u64, 0_u64, 0_u64);
    let (mut program, mut failures) = (Program::default(), Failures::new());
    let failures_max = if args.keep_going { FAILURES_MAX } else { 1 };
    let over = |programs| args.programs.is_some_and(|most| programs >= most);
    while start.elapsed() < args.time && !over(programs) && !stop.load(Ordering::Relaxed) {
        if programs >= profile_ends {
            breeder.change_profile(areas);
            fit(&mut breeder.profile, profiles, &lacking);
            profiles += 1;
            let large = breeder.profile.config.ptes == 512;
            profile_ends += if large { PROFILE_PROGRAMS_LARGE } else { PROFILE_PROGRAMS };
        }
        breeder.make(&mut program);
        taken_out += parties.kernel.linux().adapt(&mut program) as u64;
        programs += 1;
        breeder.feedback.start();
        let judgement = parties.judge(&program, &mut |step: &StepView<'_>| {
            ops += 1;
            breeder.feedback.step(step);
        });
        breeder.learn(&program);
        if let Judgement::Differs(found) = judgement {
            failures.entry(found.failure.signature()).or_insert_with(|| {
                eprintln!("found: {}", found.failure.signature());
                parties.minimize(&program, found)
            });
            if failures.len() >= failures_max {
                break;
            }
        }
        if start.elapsed() >= line_at {
            line_at += LINE_EVERY;
            tell_progress(start.elapsed(), programs, ops, &breeder, failures.len());
        }
    }
    let totals = Totals {
        seed,
        seconds: start.elapsed().as_secs_f64(),
        programs,
        ops,
        corpus: breeder.corpus(),
        stopped: stop.load(Ordering::Relaxed),
    };
    let (mut reproducers, mut blame) = (BTreeMap::new(), Vec::new());
    for (signature, (reproducer, line)) in failures {
        reproducers.insert(signature, reproducer);
        blame.push(line);
    }
    let report = save(args, Report::new(totals, &breeder.feedback, reproducers))?;
    parties.kernel.must_have_run()?;
    let kernel = &parties.kernel;
    if args.json {
        print_json(&LiveReport {
            report: &report,
            blame,
            left_out,
            operations_taken_out: taken_out,
            tally: &kernel.tally,
            ledger: kernel.ledger(),
        });
    } else {
        print(&report);
        say!("{taken_out} operations taken out of programs for the kernel's sake");
        kernel.print();
    }
    Ok(Found::something_if(!report.failures.is_empty() || !kernel.tally.troubles.is_empty()))
}

fn tell_progress(elapsed: Duration, programs: u64, ops: u64, breeder: &Breeder, failures: usize) {
    let (seconds, map) = (elapsed.as_secs_f64(), &breeder.feedback.map);
    eprintln!(
        "[{seconds:.0}s] {:.0} programs/s, {programs} programs, {ops} operations, rules {}/{}, features {}, corpus {}, failures {failures}",
        programs as f64 / seconds,
        Rule::ALL.iter().filter(|rule| map.fired(**rule)).count(),
        Rule::ALL.len(),
        map.features(),
        breeder.corpus(),
    );
}

/// Why the kernel cannot run the program of this text.
fn refusal(linux: &Linux, text: &str) -> Option<String> {
    let program: Program = text.parse().ok()?;
    linux.supports(&program).err().map(|unsupported| unsupported.reason)
}

/// The operations that cannot be had here.
fn lacking(linux: &Linux) -> Vec<OpKind> {
    let lacks = |text: &str| refusal(linux, text).is_some();
    LACKING.iter().filter(|(_, text)| lacks(text)).map(|(kind, _)| *kind).collect()
}

/// Makes a profile one of programs that the kernel can run.
fn fit(profile: &mut Profile, number: u64, lacking: &[OpKind]) {
    if number.is_multiple_of(KERNEL_TABLES_EVERY) {
        profile.config.ptes = 512;
        let all = (2..=profile.config.pmd_order().0).map(Order);
        profile.orders = all.fold(OrderSet::EMPTY, OrderSet::with);
    }
    profile.config.soft_dirty = false;
    profile.config.lru_batch = false;
    profile.config.pt_reclaim = true;
    profile.config.swap_noexcl = false;
    profile.config.swap_slots = SWAP_SLOTS_MAX;
    profile.config.swap_device = SwapDevice::Zram;
    lacking.iter().for_each(|kind| profile.set_weight(*kind, 0));
}

/// What no program of the run can have, with the reasons: operations that userspace lacks, and what
/// this kernel and these privileges do not allow.
fn left_out(linux: &Linux) -> Vec<String> {
    let lacking = LACKING.iter().filter_map(|(kind, text)| {
        let reason = refusal(linux, text)?;
        let name = kind.name();
        Some(if reason.contains(name) { reason } else { format!("{name}: {reason}") })
    });
    let forms = LACKING_FORMS.iter().filter_map(|text| refusal(linux, text));
    let mut lines: Vec<String> = lacking.chain(forms).chain(missing(linux)).collect();
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_userspace_lacks_is_written_as_programs() {
        for (kind, text) in LACKING {
            let program: Program = text.parse().unwrap_or_else(|e| panic!("{text}: {e:?}"));
            assert_eq!(program.steps.last().map(|step| step.op.kind()), Some(*kind));
        }
        for text in LACKING_FORMS {
            assert!(text.parse::<Program>().is_ok(), "{text}");
        }
    }
}
