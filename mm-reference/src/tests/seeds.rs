//! The programs of the repository on the reference alone: each answers what its author expects, and
//! makes the rules it cites take effect. Against a model they run elsewhere.

use std::path::{Path, PathBuf};

use mm_ops::{AT_END, Actor, Program, Step};

use super::*;
use crate::{Turn, Way};

/// All programs below a folder, sorted.
fn programs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder of ours").flatten();
    let mut found: Vec<PathBuf> = entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { programs(&path) } else { vec![path] }
        })
        .filter(|path| path.extension().is_some_and(|ending| ending == "mm"))
        .collect();
    found.sort();
    found
}

/// Runs a program: what went wrong, and which rules took effect.
fn run(program: &Program) -> (Vec<String>, Vec<&'static str>) {
    let mut reference = Reference::new(&program.config);
    let mut ideal = Ideal::new();
    ideal.begin(&program.config);
    let (mut wrong, mut fired, mut nth) = (Vec::new(), Vec::new(), 0);
    let mut race = None;
    for (step, op) in program.steps.iter().zip(program.stamped()) {
        // A subject would fail its n-th allocation; which one that is, a rehearsal tells.
        let mut rehearsal = reference.clone();
        rehearsal.apply(&op, &[]).expect("no choice, so none refused");
        let site = usize::from(nth).checked_sub(1).map(|n| rehearsal.adopted.made.get(n).copied());
        let choices: Vec<_> = site.flatten().map(Choice::AllocFailed).into_iter().collect();
        nth = if let Op::FailAlloc { nth } = op { nth } else { 0 };
        let outcome = match race.take() {
            // A walker changes nothing, so any moment will do; of those of a subject the first.
            Some((actor, at)) => {
                let turn = turn_of(at);
                let done = reference.apply_raced(&op, &choices, actor, turn, Way::Done);
                done.map(|(outcome, _)| outcome)
            }
            None => reference.apply(&op, &choices),
        };
        let outcome = outcome.expect("an allocation that is made");
        if let (Op::Race { actor, at: [at, ..] }, OK) = (op, outcome) {
            race = Some((actor, at));
        }
        fired.extend(reference.coverage().fired().iter().map(|(rule, _)| rule.id()));
        let label = |outcome: &Outcome| match outcome {
            Outcome::Value(value) => Outcome::Value(Value::label(value.label)),
            other => *other,
        };
        if step.expect.is_some_and(|expected| label(&expected) != label(&outcome)) {
            wrong.push(format!("{op:?}: {outcome:?}, expected {:?}", step.expect));
        }
        let mut seen = mm_ops::Observation::default();
        let mut snapshot = Snapshot::default();
        reference.snapshot(&mut snapshot);
        seen.fill_from(&snapshot, program.config.ptes);
        let seen = seen.pages.iter().map(|page| (page.pid, page.vpn, page.value));
        if let Err(violation) = ideal.apply(&op, &outcome).and_then(|()| ideal.judge(seen)) {
            wrong.push(format!("{op:?}: {violation}"));
        }
    }
    (wrong, fired)
}

fn turn_of(at: u8) -> Turn {
    match at {
        0 => Turn::Before,
        AT_END => Turn::After,
        step => Turn::Between(step.into()),
    }
}

#[test]
fn every_program_passes_and_shows_the_rules_it_cites() {
    // Merged bits are what only a subject with batches does.
    let of_batches = ["H9", "BT4"];
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/seeds");
    let mut wrong = Vec::new();
    for path in programs(&seeds) {
        let name = path.strip_prefix(&seeds).expect("below it").display().to_string();
        let text = std::fs::read_to_string(&path).expect("text");
        let program = match Program::parse(&text) {
            Ok(program) => program,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        // What a race with anybody but a walker comes to is for a subject with yield points to say.
        let races = |step: &Step| matches!(&step.op, Op::Race { actor, .. } if !matches!(actor, Actor::Walk { .. }));
        if program.steps.iter().any(races) {
            continue;
        }
        let (failures, fired) = run(&program);
        wrong.extend(failures.into_iter().map(|failure| format!("{name}: {failure}")));
        let cited = text.lines().filter_map(|line| line.strip_prefix("# rules:"));
        for id in cited.flat_map(str::split_whitespace) {
            let marked = Rule::ALL.iter().any(|rule| rule.id() == id);
            if marked && !fired.contains(&id) && !of_batches.contains(&id) {
                wrong.push(format!("{name} cites {id}, which does not fire in it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
