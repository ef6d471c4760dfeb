//! The set of features seen.
//!
//! A *feature* is a pair of an event and one fact of the operation or the state in which it
//! happened: "the PMD split fired while some folio was pinned". Events are rules with their cases,
//! answers of each kind of operation, and allocations that failed in each. The map is exact and
//! small: a row of [`FACTS`] facts for each event.

use mm_ops::{AllocKind, OpKind, Outcome, PidSet};
use mm_reference::Rule;

/// Cases of one rule that are told apart; higher ones count as the last.
const CASES_MAX: usize = 16;
/// Answers that are told apart: each errno, and what is none.
const ANSWERS: usize = mm_ops::Errno::ALL.len() + 7;
/// Kinds of allocation that are told apart: folios by being small or large.
const ALLOCS: usize = 11;
/// Facts of a row: what an operation is, and what the state before it was.
pub const FACTS: usize = u128::BITS as usize;
const ANSWERS_START: usize = Rule::ALL.len() * CASES_MAX;
const ALLOCS_START: usize = ANSWERS_START + OpKind::COUNT * ANSWERS;
const ROWS: usize = ALLOCS_START + OpKind::COUNT * ALLOCS;

/// Something that happened in an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A rule fired, in one of its cases.
    Fired(Rule, u8),
    /// An operation of this kind gave an answer.
    Answered(OpKind, Outcome),
    /// An allocation of this kind failed in an operation of this kind.
    AllocFailed(OpKind, AllocKind),
}

impl Happening {
    /// The event as a number; with fact `f` it is the feature `FACTS * row + f`.
    #[must_use]
    pub fn row(self) -> usize {
        match self {
            Self::Fired(rule, case) => {
                rule as usize * CASES_MAX + usize::from(case).min(CASES_MAX - 1)
            }
            Self::Answered(op, outcome) => ANSWERS_START + op.index() * ANSWERS + number(outcome),
            Self::AllocFailed(op, alloc) => ALLOCS_START + op.index() * ALLOCS + alloc_row(alloc),
        }
    }
}

fn number(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Count(_) | Outcome::At(_) => 1,
        Outcome::Value(value) => 2 + usize::from(value.is_zero()),
        Outcome::Pids(pids) => 2 + usize::from(pids == PidSet::EMPTY),
        Outcome::Segv | Outcome::Bus => 4,
        Outcome::Oom => 5,
        Outcome::Blocked => 6,
        Outcome::Err(errno) => 7 + errno as usize,
    }
}

const fn alloc_row(alloc: AllocKind) -> usize {
    match alloc {
        AllocKind::Mm => 0,
        AllocKind::Vma => 1,
        AllocKind::AnonVma => 2,
        AllocKind::Avc => 3,
        AllocKind::PmdTable => 4,
        AllocKind::PteTable => 5,
        AllocKind::Deposit => 6,
        AllocKind::Folio(order) => 7 + (order.0 > 0) as usize,
        AllocKind::DevicePage(_) => 9,
        AllocKind::Anonmm => 10,
    }
}

/// A set of features.
#[derive(Clone, Debug)]
pub struct FeatureMap {
    /// By event: the facts it happened with.
    facts: Vec<u128>,
}

impl Default for FeatureMap {
    fn default() -> Self {
        Self { facts: vec![0; ROWS] }
    }
}

impl FeatureMap {
    /// One more than the highest number a feature can have.
    pub const NUMBERS: usize = ROWS * FACTS;

    /// Adds an event under some facts, a bit each; whether one of them is new.
    pub fn add(&mut self, happening: Happening, facts: u128) -> bool {
        let Some(seen) = self.facts.get_mut(happening.row()) else { return false };
        let new = facts & !*seen != 0;
        *seen |= facts;
        new
    }

    /// Adds everything another map has.
    pub fn union(&mut self, other: &Self) {
        self.facts.iter_mut().zip(&other.facts).for_each(|(ours, theirs)| *ours |= theirs);
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> u64 {
        self.facts.iter().map(|facts| u64::from(facts.count_ones())).sum()
    }

    /// Whether a rule fired at all.
    #[must_use]
    pub fn fired(&self, rule: Rule) -> bool {
        let start = rule as usize * CASES_MAX;
        self.facts[start..start + CASES_MAX].iter().any(|facts| *facts != 0)
    }

    /// Every feature as a number below [`FeatureMap::NUMBERS`], for engines that want counters of
    /// their own.
    pub fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        self.facts.iter().enumerate().flat_map(|(row, facts)| {
            (0..FACTS).filter(move |bit| facts >> bit & 1 == 1).map(move |bit| row * FACTS + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::{Errno, Order, Value};

    /// No two different events share a row, and every row is inside the map.
    #[test]
    fn every_event_has_a_row_of_its_own() {
        let rules = Rule::ALL.iter().flat_map(|rule| (0..16).map(|case| (*rule, case)));
        let mut events: Vec<Happening> =
            rules.map(|(rule, case)| Happening::Fired(rule, case)).collect();
        let value = |label| Outcome::Value(Value::label(label));
        let mut answers = vec![Outcome::Ok, Outcome::Count(3), value(0), value(b'a')];
        answers.extend([Outcome::Segv, Outcome::Oom, Outcome::Blocked]);
        answers.extend(Errno::ALL.map(Outcome::Err));
        let allocs = [
            AllocKind::Mm,
            AllocKind::Vma,
            AllocKind::AnonVma,
            AllocKind::Avc,
            AllocKind::PmdTable,
            AllocKind::PteTable,
            AllocKind::Deposit,
            AllocKind::Folio(Order(0)),
            AllocKind::Folio(Order(2)),
            AllocKind::DevicePage(Order(0)),
            AllocKind::Anonmm,
        ];
        for op in OpKind::ALL {
            events.extend(answers.iter().map(|answer| Happening::Answered(*op, *answer)));
            events.extend(allocs.map(|alloc| Happening::AllocFailed(*op, alloc)));
        }
        let mut map = FeatureMap::default();
        for event in &events {
            assert!(map.add(*event, 1 << 127), "{event:?} shares a row");
            assert!(!map.add(*event, 1 << 127), "{event:?} was not kept");
        }
        assert_eq!(map.features(), events.len() as u64);
        assert_eq!(map.numbers().count(), events.len());
        assert!(map.numbers().all(|number| number < FeatureMap::NUMBERS));
        assert_eq!(events.len(), ROWS);
    }

    #[test]
    fn a_union_has_what_either_has() {
        let (mut one, mut other) = (FeatureMap::default(), FeatureMap::default());
        one.add(Happening::Fired(Rule::ALL[0], 0), 0b01);
        other.add(Happening::Fired(Rule::ALL[0], 0), 0b11);
        other.add(Happening::Fired(Rule::ALL[1], 3), 0b10);
        one.union(&other);
        assert_eq!(one.features(), 3);
        assert!(one.fired(Rule::ALL[1]) && !one.fired(Rule::ALL[2]));
    }
}
