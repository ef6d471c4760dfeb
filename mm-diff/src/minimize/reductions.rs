//! The reductions, each one way to make the best program smaller. Every method answers whether it
//! changed anything.

use super::operands::{Name, Operand, defined, uses, visit_program};
use super::{Search, lower_op, simpler_configs};
use mm_ops::{Op, Pid, Program, Value};

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
            let seconds = first + 1..self.best.steps.len();
            let dropped = seconds.into_iter().any(|second| {
                self.try_program(without(&self.best, |index| index == first || index == second))
            });
            changed |= dropped;
            first += usize::from(!dropped);
        }
        changed
    }

    /// Drops an operation that names something together with all that uses the name.
    pub(super) fn drop_with_dependents(&mut self) -> bool {
        let mut changed = false;
        let mut index = 0;
        while index < self.best.steps.len() {
            let doomed = dependents(&self.best, index);
            let dropped = doomed.len() > 1
                && self.try_program(without(&self.best, |index| doomed.contains(&index)));
            changed |= dropped;
            index += usize::from(!dropped);
        }
        changed
    }

    /// Lets a process do itself what a child does for it: the fork goes, the child becomes the
    /// parent.
    pub(super) fn merge_processes(&mut self) -> bool {
        let mut changed = false;
        let mut index = 0;
        while index < self.best.steps.len() {
            let merged = match self.best.steps[index].op {
                Op::Fork { parent, child } if parent != child => {
                    let mut candidate = without(&self.best, |other| other == index);
                    rename_pid(&mut candidate, child, parent);
                    self.try_program(candidate)
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

    /// Numbers processes, handles and circumstances, and letters values, in the order of their
    /// first mention.
    pub(super) fn renumber(&mut self) -> bool {
        let mut candidate = self.best.clone();
        // p0 is the process that exists from the start: it keeps its name.
        let (mut pids, mut handles, mut tokens) = (vec![0], Vec::new(), Vec::new());
        let mut labels = Vec::new();
        visit_program(&mut candidate, &mut |operand| match operand {
            Operand::Pid(pid) => pid.0 = position(&mut pids, pid.0),
            Operand::Handle(handle) => handle.0 = position(&mut handles, handle.0),
            Operand::Token(token) => token.0 = position(&mut tokens, token.0),
            Operand::Value(value) if !value.is_zero() => {
                *value = Value::label(b'a'.saturating_add(position(&mut labels, value.label)));
            }
            Operand::Value(_) | Operand::Page(_) | Operand::Range(_) => {}
        });
        self.try_program(candidate)
    }

    /// Takes whole stretches out of the address space: everything above moves down, as far as it
    /// keeps the failure, by table-sized steps or page by page.
    pub(super) fn close_gaps(&mut self) -> bool {
        let mut changed = false;
        let mut below = 0;
        for _ in 0..POINTS_MAX {
            let points = points(&self.best);
            let Some(point) = points.into_iter().find(|point| *point > below) else { break };
            let block = u64::from(self.best.config.ptes);
            let gap = point - below;
            let steps = [gap, gap - 1, gap / (block * block) * (block * block), gap / block * block];
            let halves = std::iter::successors(Some(gap / 2), |gap| (*gap > 1).then_some(gap / 2));
            let closed = steps.into_iter().chain(halves).filter(|step| *step > 0).any(|step| {
                let mut candidate = self.best.clone();
                move_down(&mut candidate, point, step);
                self.try_program(candidate)
            });
            changed |= closed;
            if !closed {
                below = point;
            }
        }
        changed
    }

    /// Simpler settings: as they are, or with all addresses scaled along with the tables.
    pub(super) fn simplify_config(&mut self) -> bool {
        let mut changed = false;
        for config in simpler_configs(&self.best.config) {
            let ratio = u64::from(self.best.config.ptes / config.ptes.max(1)).max(1);
            let mut candidate = self.best.clone();
            candidate.config = config;
            let mut scaled = candidate.clone();
            let tried = self.try_program(candidate) || {
                map_points(&mut scaled, |point| point / ratio);
                ratio > 1 && self.try_program(scaled)
            };
            if tried {
                changed = true;
                break;
            }
        }
        changed
    }

    /// Replaces operations by simpler ones.
    pub(super) fn lower_operations(&mut self) -> bool {
        let mut changed = false;
        for index in 0..self.best.steps.len() {
            let mut lowered = true;
            while lowered {
                lowered = lower_op(&self.best.steps[index].op).into_iter().any(|op| {
                    let mut candidate = self.best.clone();
                    candidate.steps[index].op = op;
                    self.try_program(candidate)
                });
                changed |= lowered;
            }
        }
        changed
    }
}

/// Most places at which [`Search::close_gaps`] tries to cut.
const POINTS_MAX: usize = 256;

fn without(program: &Program, doomed: impl Fn(usize) -> bool) -> Program {
    let steps = program.steps.iter().enumerate();
    let steps = steps.filter(|(index, _)| !doomed(*index)).map(|(_, step)| *step).collect();
    Program { config: program.config, steps }
}

/// An operation and all later ones that use a name it gives, or a name one of those gives.
fn dependents(program: &Program, index: usize) -> Vec<usize> {
    let mut doomed = vec![index];
    let mut names: Vec<Name> = defined(&program.steps[index].op).into_iter().collect();
    for (later, step) in program.steps.iter().enumerate().skip(index + 1) {
        if names.iter().any(|name| uses(&step.op, *name)) {
            doomed.push(later);
            names.extend(defined(&step.op));
        }
    }
    doomed
}

fn rename_pid(program: &mut Program, from: Pid, to: Pid) {
    visit_program(program, &mut |operand| {
        if let Operand::Pid(pid) = operand
            && *pid == from
        {
            *pid = to;
        }
    });
}

/// The place of a name in the list of names, where it is put if it is new.
fn position(names: &mut Vec<u8>, name: u8) -> u8 {
    let at = names.iter().position(|other| *other == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    });
    at as u8
}

/// Every page number at which something begins or ends, ascending.
fn points(program: &Program) -> Vec<u64> {
    let mut points = Vec::new();
    let mut copy = program.clone();
    visit_program(&mut copy, &mut |operand| match operand {
        Operand::Page(vpn) => points.push(u64::from(vpn.0)),
        Operand::Range(range) => points.extend([u64::from(range.start.0), range.end()]),
        _ => {}
    });
    points.sort_unstable();
    points.dedup();
    points
}

/// Moves everything from `point` upwards down by `step`.
fn move_down(program: &mut Program, point: u64, step: u64) {
    map_points(program, |at| if at >= point { at - step } else { at });
}

/// Replaces every page number; a range keeps its two ends.
fn map_points(program: &mut Program, map: impl Fn(u64) -> u64) {
    visit_program(program, &mut |operand| match operand {
        Operand::Page(vpn) => vpn.0 = map(u64::from(vpn.0)) as u32,
        Operand::Range(range) => {
            let (start, end) = (map(u64::from(range.start.0)), map(range.end()));
            range.start.0 = start as u32;
            range.len = end.saturating_sub(start).min(u64::from(u32::MAX)) as u32;
        }
        _ => {}
    });
}
