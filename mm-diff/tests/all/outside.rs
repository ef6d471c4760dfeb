//! Subjects that show no more than userspace could see: folio flags and exclusivity are compared,
//! and what the ledger permits is permitted only there, and counted.

use mm_diff::{Lockstep, Place, Verdict, exclusivity_of, ledger};
use mm_ops::{Config, Effect, Mm, Observation, Op, Outcome, Program, Snapshot};
use mm_reference::Reference;

/// What the subject shows wrongly.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    Truth,
    /// Folios are clean.
    Clean,
    /// Nothing is exclusive.
    Shared,
    /// A write copies what it should reuse.
    Copied,
}

struct Outside {
    inner: Reference,
    config: Config,
    shows: Shows,
    writes: u64,
}

impl Outside {
    fn new(shows: Shows) -> Self {
        let config = Config::default();
        Self { inner: Reference::new(&config), config, shows, writes: 0 }
    }
}

impl Mm for Outside {
    fn reset(&mut self, config: &Config) {
        self.config = *config;
        Mm::reset(&mut self.inner, config);
    }

    fn apply(&mut self, op: &Op) -> Effect {
        self.writes += u64::from(matches!(op, Op::Write { .. }));
        Mm::apply(&mut self.inner, op)
    }

    fn observe(&self, out: &mut Observation) {
        self.inner.observe(out);
        if self.shows == Shows::Clean {
            out.folios.iter_mut().for_each(|folio| folio.dirty = false);
        }
        if self.shows == Shows::Copied {
            out.names.iter_mut().for_each(|name| *name += self.writes << 32);
        }
    }

    fn exclusivity(&mut self) -> Option<Vec<Verdict>> {
        let mut state = Snapshot::default();
        Mm::snapshot(&self.inner, &mut state);
        let verdicts = exclusivity_of(&state, self.config.ptes).into_iter();
        Some(verdicts.map(|(p, v, yes)| (p, v, yes && self.shows != Shows::Shared)).collect())
    }
}

fn run(lockstep: &mut Lockstep, shows: Shows, text: &str) -> Option<String> {
    let program: Program = text.parse().expect("a program of this test");
    let failure = lockstep.run(&mut Outside::new(shows), &program, &mut ()).err()?;
    assert!(matches!(failure.place(), Place::Page(..) | Place::Answer));
    Some(failure.signature().to_string())
}

/// GUP dirties a folio whose entry is clean: page 1 of a large one, after MADV_FREE.
const TOUCH: &str =
    "config ptes=16\nthp always=2\nmmap p0 0+4 rw\nwrite p0 0 a\nmadvise p0 0+4 free\n";

#[test]
fn exclusivity_is_compared_at_the_end() {
    let text = "mmap p0 0+2 rw\nwrite p0 1 a";
    let mut lockstep = Lockstep::new();
    assert_eq!(run(&mut lockstep, Shows::Truth, text), None);
    let signature = run(&mut lockstep, Shows::Shared, text);
    assert_eq!(signature.as_deref(), Some("observation exclusive write"));
    let sealed = format!("{text}\nmseal p0 0+2");
    assert_eq!(run(&mut lockstep, Shows::Shared, &sealed), None, "nobody can try sealed pages");
}

#[test]
fn who_copies_what_should_be_reused_is_found() {
    let text = "mmap p0 0+2 rw\nwrite p0 1 a\nfork p0 p1\nexit p1\nread p0 1\nwrite p0 1 b";
    let mut lockstep = Lockstep::new();
    assert_eq!(run(&mut lockstep, Shows::Truth, text), None);
    let signature = run(&mut lockstep, Shows::Copied, text);
    assert_eq!(signature.as_deref(), Some("observation frame kept write"));
    assert_eq!(run(&mut lockstep, Shows::Copied, "mmap p0 0+2 rw\nwrite p0 1 a"), None);
}

#[test]
fn the_ledger_permits_a_dirty_flag_after_a_run_of_mprotect_only() {
    let mut lockstep = Lockstep::new();
    let uses = |lockstep: &Lockstep| {
        let mut uses = lockstep.ledger().uses();
        uses.find(|(allowance, _)| allowance.id == ledger::MERGED_DIRTY).map(|(_, used)| used)
    };
    let plain = format!("{TOUCH}madvise p0 1+1 populate_write");
    assert_eq!(run(&mut lockstep, Shows::Truth, &plain), None);
    let signature = run(&mut lockstep, Shows::Clean, &plain);
    assert_eq!(signature.as_deref(), Some("observation folio dirty madvise.populate_write"));
    assert_eq!(uses(&lockstep), Some(0));
    let elsewhere = format!(
        "{TOUCH}mmap p0 8+1 rw\nwrite p0 8 b\nmprotect p0 8+1 r\nmadvise p0 1+1 populate_write"
    );
    assert!(run(&mut lockstep, Shows::Clean, &elsewhere).is_some());
    assert_eq!(uses(&lockstep), Some(0));
    let merged =
        format!("{TOUCH}mprotect p0 0+4 r\nmprotect p0 0+4 rw\nmadvise p0 1+1 populate_write");
    assert_eq!(run(&mut lockstep, Shows::Clean, &merged), None);
    assert!(uses(&lockstep) > Some(0));
}

#[test]
fn a_wrong_rule_of_the_reference_is_a_difference_with_its_rules() {
    let lie = |op: &Op, outcome: Outcome| match op {
        Op::Munmap { .. } => Outcome::Count(7),
        _ => outcome,
    };
    let mut lockstep = Lockstep::with_lie(Some(lie));
    let text = "mmap p0 0+2 rw\nwrite p0 1 a\nmunmap p0 0+2";
    assert_eq!(run(&mut lockstep, Shows::Truth, text).as_deref(), Some("outcome count/ok munmap"));
    assert!(!lockstep.fired().is_empty());
}
