//! The programs a worker found worth keeping, in memory.

use mm_ops::Program;
use rand_core::RngCore;

/// Most programs kept; then new ones replace others.
const PROGRAMS_MAX: usize = 4096;

/// How often a program that costs more than usual is passed over at most.
const PASSES_MAX: u32 = 3;

/// See the module documentation.
#[derive(Debug, Default)]
pub(super) struct Corpus {
    /// Each with its cost.
    programs: Vec<(Program, u64)>,
    /// Sum of the costs.
    cost: u64,
}

impl Corpus {
    pub(super) fn len(&self) -> usize {
        self.programs.len()
    }

    /// Keeps a program, and what it cost to run.
    pub(super) fn add(&mut self, program: Program, cost: u64, rng: &mut impl RngCore) {
        if program.steps.is_empty() {
            return;
        }
        self.cost += cost;
        if self.programs.len() < PROGRAMS_MAX {
            self.programs.push((program, cost));
        } else {
            let replaced = &mut self.programs[below(rng, PROGRAMS_MAX)];
            self.cost -= replaced.1;
            *replaced = (program, cost);
        }
    }

    /// A program to change. What was found lately is the least explored, so it is preferred; what
    /// costs more than the average is passed over the more often the more it costs, lest a few
    /// large programs take all the time.
    pub(super) fn pick(&self, rng: &mut impl RngCore) -> Option<&Program> {
        let len = self.programs.len();
        if len == 0 {
            return None;
        }
        let average = self.cost / len as u64;
        let mut at = 0;
        for _ in 0..PASSES_MAX {
            at = below(rng, len).max(below(rng, len));
            let cost = self.programs[at].1;
            if cost <= average || below(rng, cost as usize) as u64 <= average {
                break;
            }
        }
        self.programs.get(at).map(|(program, _)| program)
    }
}

/// A number below `bound`. Written out, so that a seed means the same in every version of every
/// library; the bias is too small to matter.
pub(super) fn below(rng: &mut impl RngCore, bound: usize) -> usize {
    ((u64::from(rng.next_u32()) * bound as u64) >> 32) as usize
}
