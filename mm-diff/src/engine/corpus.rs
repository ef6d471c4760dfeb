//! The programs a worker found worth keeping, in memory.

use mm_ops::Program;
use rand_core::RngCore;

/// Most programs kept; then new ones replace others.
const PROGRAMS_MAX: usize = 4096;

/// See the module documentation.
#[derive(Debug, Default)]
pub(super) struct Corpus {
    programs: Vec<Program>,
}

impl Corpus {
    pub(super) fn len(&self) -> usize {
        self.programs.len()
    }

    /// Keeps a program.
    pub(super) fn add(&mut self, program: Program, rng: &mut impl RngCore) {
        if program.steps.is_empty() {
            return;
        }
        if self.programs.len() < PROGRAMS_MAX {
            self.programs.push(program);
        } else {
            self.programs[below(rng, PROGRAMS_MAX)] = program;
        }
    }

    /// A program to change. What was found lately is the least explored, so it is preferred.
    pub(super) fn pick(&self, rng: &mut impl RngCore) -> Option<&Program> {
        let len = self.programs.len();
        if len == 0 {
            return None;
        }
        let at = below(rng, len).max(below(rng, len));
        self.programs.get(at)
    }
}

/// A number below `bound`. Written out, so that a seed means the same in every version of every
/// library; the bias is too small to matter.
pub(super) fn below(rng: &mut impl RngCore, bound: usize) -> usize {
    ((u64::from(rng.next_u32()) * bound as u64) >> 32) as usize
}
