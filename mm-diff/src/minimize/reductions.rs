//! The reductions, each one way to make the best program smaller. Every method answers whether it
//! changed anything.

use super::{Search, without};
use mm_ops::lower::{config_lowerings, lowerings};
use mm_ops::renumber::{
    halve_geometry, remove_handle, remove_pages, remove_process, remove_token, renumber,
};
use mm_ops::{
    HANDLES_MAX, Handle, Op, PROCS_MAX, PageRange, Pid, Program, Step, TOKENS_MAX, Token,
};

/// Longest program for which all pairs of operations are tried.
const PAIRS_STEPS_MAX: usize = 40;

impl Search<'_> {
    /// Drops runs of operations, long ones first, from the end to the start.
    pub(super) fn drop_runs(&mut self) -> bool {
        let mut changed = false;
        let mut length = self.best.steps.len() / 2;
        while length > 1 {
            let mut end = self.best.steps.len();
            while end >= length {
                let candidate = without(&self.best, |index| (end - length..end).contains(&index));
                if self.try_program(candidate) {
                    changed = true;
                    end = (end - length).min(self.best.steps.len());
                } else {
                    end -= length.div_ceil(2);
                }
            }
            length /= 2;
        }
        changed
    }

    /// Drops single operations, from the end to the start.
    pub(super) fn drop_singles(&mut self) -> bool {
        let mut changed = false;
        for index in (0..self.best.steps.len()).rev() {
            changed |= self.try_program(without(&self.best, |other| other == index));
        }
        changed
    }

    /// Drops two operations at once: a thing done and undone, neither of which can go alone.
    pub(super) fn drop_pairs(&mut self) -> bool {
        if self.best.steps.len() > PAIRS_STEPS_MAX {
            return false;
        }
        let mut changed = false;
        let mut first = 0;
        while first < self.best.steps.len() {
            let mut seconds = first + 1..self.best.steps.len();
            let dropped = seconds.any(|second| {
                self.try_program(without(&self.best, |index| index == first || index == second))
            });
            changed |= dropped;
            first += usize::from(!dropped);
        }
        changed
    }

    /// Drops a process, a handle or a circumstance with all that hangs on it.
    pub(super) fn drop_names(&mut self) -> bool {
        let processes = (1..PROCS_MAX).rev();
        let mut changed = false;
        for pid in processes.map(Pid) {
            changed |= self.try_variant(remove_process(&self.best, pid));
        }
        for handle in (0..HANDLES_MAX).map(Handle) {
            changed |= self.try_variant(remove_handle(&self.best, handle));
        }
        for token in (0..TOKENS_MAX).map(Token) {
            changed |= self.try_variant(remove_token(&self.best, token));
        }
        changed
    }

    /// Lets a process do itself what a child does for it: the fork goes, the child becomes the
    /// parent. Or, where the parent ends and the child goes on, both its end and the fork go.
    pub(super) fn merge_processes(&mut self) -> bool {
        let mut changed = false;
        let mut index = 0;
        while index < self.best.steps.len() {
            let merged = match self.best.steps[index].op {
                Op::Fork { parent, child } if parent != child => {
                    let mut candidate = without(&self.best, |other| other == index);
                    rename_process(&mut candidate.steps, child, parent);
                    let renumbered = renumber(&candidate);
                    self.try_variant(renumbered)
                        || self.try_program(candidate)
                        || self.try_variant(inherited(&self.best, index, (parent, child)))
                }
                _ => false,
            };
            changed |= merged;
            index += usize::from(!merged);
        }
        changed
    }

    /// Drops expectations, all at once or one by one.
    pub(super) fn forget_expectations(&mut self) -> bool {
        let mut bare = self.best.clone();
        bare.steps.iter_mut().for_each(|step| step.expect = None);
        if bare == self.best {
            return false;
        }
        let mut changed = self.try_program(bare);
        for index in 0..self.best.steps.len() {
            let mut candidate = self.best.clone();
            candidate.steps[index].expect = None;
            changed |= self.try_program(candidate);
        }
        changed
    }

    /// Names processes, handles, circumstances and values in the order of their first mention.
    pub(super) fn renumber(&mut self) -> bool {
        self.try_variant(renumber(&self.best))
    }

    /// Takes whole stretches out of the address space: everything above moves down, as far as it
    /// keeps the failure, by table-sized steps or page by page.
    pub(super) fn close_gaps(&mut self) -> bool {
        let mut changed = false;
        let mut below = 0;
        while let Some(point) = points(&self.best).into_iter().find(|point| *point > below) {
            let gap = point - below;
            let cuts = gaps_to_try(gap, u32::from(self.best.config.ptes));
            let closed = cuts.into_iter().any(|len| {
                self.try_variant(remove_pages(&self.best, PageRange::new(point - len, len)))
            });
            changed |= closed;
            if !closed {
                below = point;
            }
        }
        changed
    }

    /// Simpler settings: as they are, or with all addresses folded into the smaller tables.
    pub(super) fn simplify_config(&mut self) -> bool {
        let mut changed = false;
        loop {
            let simpler = config_lowerings(&self.best.config);
            let lowered = simpler
                .into_iter()
                .any(|config| self.try_program(Program { config, steps: self.best.steps.clone() }));
            let simplified = lowered || self.try_variant(halve_geometry(&self.best));
            changed |= simplified;
            if !simplified {
                return changed;
            }
        }
    }

    /// Replaces operations by simpler ones.
    pub(super) fn lower_operations(&mut self) -> bool {
        let mut changed = false;
        for index in 0..self.best.steps.len() {
            let mut lowered = true;
            while lowered {
                lowered = lowerings(&self.best.steps[index].op).into_iter().any(|op| {
                    let mut candidate = self.best.clone();
                    candidate.steps[index].op = op;
                    self.try_program(candidate)
                });
                changed |= lowered;
            }
        }
        changed
    }

    fn try_variant(&mut self, variant: Option<Program>) -> bool {
        variant.is_some_and(|variant| self.try_program(variant))
    }
}

/// The program without the fork at `index` and the end of the parent behind it, if it ends: up to there the parent
/// does what the child did, from then on the two have changed names.
fn inherited(program: &Program, index: usize, (parent, child): (Pid, Pid)) -> Option<Program> {
    let ends = |step: &Step| step.op == Op::Exit { pid: parent };
    let end = index + program.steps[index..].iter().position(ends)?;
    let mut candidate = program.clone();
    rename_process(&mut candidate.steps[index..end], child, parent);
    for step in &mut candidate.steps[end..] {
        for pid in step.op.pids() {
            *pid = match *pid {
                pid if pid == parent => child,
                pid if pid == child => parent,
                pid => pid,
            };
        }
    }
    Some(without(&candidate, |other| other == index || other == end))
}

fn rename_process(steps: &mut [Step], from: Pid, to: Pid) {
    for step in steps {
        step.op.pids().filter(|pid| **pid == from).for_each(|pid| *pid = to);
    }
}

/// Every page number at which something begins or ends, ascending.
fn points(program: &Program) -> Vec<u32> {
    let mut points = Vec::new();
    for step in &program.steps {
        let mut op = step.op;
        let operands = op.operands();
        points.extend(operands.vpn.map(|vpn| vpn.0));
        if let Some(range) = operands.range {
            points.push(range.start.0);
            points.extend(u32::try_from(range.end()));
        }
    }
    points.sort_unstable();
    points.dedup();
    points
}

/// How much of a gap to close: all, all but a page, whole tables, ever smaller parts.
fn gaps_to_try(gap: u32, ptes: u32) -> Vec<u32> {
    let mut cuts = vec![gap, gap - 1, gap / (ptes * ptes) * (ptes * ptes), gap / ptes * ptes];
    cuts.extend(std::iter::successors(Some(gap / 2), |part| (*part > 1).then_some(part / 2)));
    cuts.retain(|cut| *cut > 0);
    cuts.dedup();
    cuts
}
