//! What the targets share on libFuzzer's side: the subject, the mutator and crossover over programs,
//! the extra counters, and the figures of a run. What is checked of an input is in `mm_diff::check`;
//! a target is a line or two.
//!
//! Environment variables narrow a run; none of them is needed:
//!
//! * `MMDIFF_FAULT=NAME` switches a planted fault on (a build with the feature `faults`);
//! * `MMDIFF_COUNTERS=off` leaves libFuzzer with the coverage of code alone;
//! * `MMDIFF_MUTATOR=off` leaves it with its own mutations of bytes;
//! * `MMDIFF_STATS=DIR` adds a file with the numbers of programs and operations run;
//! * `MMDIFF_LOG=FILE` writes every input run into a file.

mod counters;
mod known;
mod log;
pub mod mutator;
mod stats;
mod subject;

use libfuzzer_sys::Corpus;
use log::Log;
use mm_diff::check::{Checks, Target, Verdict};
use mm_diff::engine::{FeatureMap, Scan};
use mm_diff::{Observer, StepView};
use mm_model::Model;
use stats::Stats;
use std::cell::RefCell;

/// Whether an environment variable says `off`.
fn is_off(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| value == "off")
}

/// Everything kept from input to input.
struct Harness {
    checks: Checks<Model, fn() -> Model>,
    events: Events,
    stats: Stats,
    log: Log,
}

/// Tells libFuzzer what a program showed, and remembers what all of them did.
struct Events {
    scan: Scan,
    exported: bool,
    /// Each event seen in this process; its facts are left out.
    seen: FeatureMap,
    /// Operations of this program, and how many of them there were up to the last new event.
    ops: usize,
    novel_steps: usize,
}

/// What stands for the facts an event happened under.
const NO_FACTS: u128 = 1;

impl Observer for Events {
    fn step(&mut self, step: &StepView<'_>) {
        self.ops += 1;
        let Self { scan, exported, seen, novel_steps, .. } = self;
        if *exported {
            scan.step(step, |happening, _| {
                counters::count(happening);
                if seen.add(happening, NO_FACTS) {
                    *novel_steps = step.index + 1;
                }
            });
        }
    }
}

impl Events {
    fn new() -> Self {
        let exported = !is_off("MMDIFF_COUNTERS");
        Self {
            scan: Scan::default(),
            exported,
            seen: FeatureMap::default(),
            ops: 0,
            novel_steps: 0,
        }
    }

    fn start(&mut self) {
        self.scan.start();
        self.ops = 0;
        self.novel_steps = 0;
    }

    /// What is to become of a program that passed. One that the mutator made and that shows no new event
    /// is not kept, however new its path through the code may be: nearly every second program has such a path.
    fn judge(&self, input: &[u8]) -> Corpus {
        let watched = self.exported && self.ops > 0;
        if watched && self.novel_steps > 0 {
            known::note(input, self.novel_steps);
        } else if watched && known::is_mutating() {
            return Corpus::Reject;
        }
        Corpus::Keep
    }
}

thread_local! {
    static HARNESS: RefCell<Harness> = RefCell::new(Harness {
        checks: Checks::new(subject::model),
        events: Events::new(),
        stats: Stats::new(),
        log: Log::new(),
    });
}

/// Checks an input of a target.
///
/// # Panics
/// When a check fails: that is how libFuzzer is told.
pub fn run(target: Target, input: &[u8]) -> Corpus {
    HARNESS.with_borrow_mut(|Harness { checks, events, stats, log }| {
        log.add(input);
        events.start();
        let verdict = checks.run(target, input, events);
        stats.add(events.ops as u64);
        match verdict {
            Verdict::Passed => events.judge(input),
            Verdict::Rejected => Corpus::Reject,
            Verdict::Failed(objection) => {
                stats.write();
                panic!("{target}: {objection}");
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::{Program, codec};

    /// What becomes of an input, as long as nothing fails.
    fn keeps(target: Target, text: &str) -> bool {
        let program = Program::parse(text).expect("a program");
        matches!(run(target, &codec::encode(&program)), Corpus::Keep)
    }

    #[test]
    fn what_the_mutator_made_is_kept_for_a_new_event_alone() {
        let (one, other) = ("mmap p0 0+8 rw\n", "mmap p0 0+4 rw\n");
        assert!(keeps(Target::Lockstep, one));
        // What a corpus is begun with, libFuzzer judges.
        assert!(keeps(Target::Lockstep, other));
        known::mutating();
        assert!(!keeps(Target::Lockstep, other));
        assert!(keeps(Target::Lockstep, "mmap p0 0+8 rw\nwrite p0 1 a\nread p0 1\n"));
        let again = "mmap p0 0+8 rw\nread p0 1\nwrite p0 1 a\nmunmap p0 0+8\n";
        assert!(keeps(Target::Lockstep, again));
        assert!(!keeps(Target::Lockstep, again));
        // Where no program is watched there is nothing to go by.
        assert!(keeps(Target::Codec, other));
        assert!(keeps(Target::Batching, other));
    }
}
