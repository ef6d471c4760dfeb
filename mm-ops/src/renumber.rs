//! Whole-program simplifications: a process, a handle, a token or some pages taken out with all
//! that hangs on them, and names given anew from the lowest. Each answers `None` when it would
//! change nothing; what it answers otherwise is simpler by [`crate::lower::compare`]. Whether the
//! program still means what it meant is for the minimizer to find out.

use crate::config::PTES_ALLOWED;
use crate::device::{DEVICES_MAX, DevOp};
use crate::ids::{
    HANDLES_MAX, Handle, Order, OrderSet, PROCS_MAX, PageRange, Pid, TOKENS_MAX, Token, Value, Vpn,
};
use crate::lower::{compare, value_of_rank};
use crate::op::Op;
use crate::outcome::Outcome;
use crate::program::{Program, Step};
use std::cmp::Ordering;

/// The program without a process: its fork, all it does, what hangs on that, and the processes
/// that only it or they fork. `p0` cannot be taken out.
#[must_use]
pub fn remove_process(program: &Program, pid: Pid) -> Option<Program> {
    if pid.0 == 0 || pid.0 >= PROCS_MAX {
        return None;
    }
    let mut gone = 1_u8 << pid.0;
    // A process forked by nobody but the gone is gone, too. Each round takes out one at least.
    for _ in 0..PROCS_MAX {
        for child in (1..PROCS_MAX).map(Pid) {
            let mut parents = program.steps.iter().filter_map(|step| match step.op {
                Op::Fork { parent, child: forked } if forked == child => Some(parent),
                _ => None,
            });
            let is_gone = |parent: Pid| parent.0 < PROCS_MAX && gone >> parent.0 & 1 == 1;
            if parents.next().is_some_and(is_gone) && parents.all(is_gone) {
                gone |= 1 << child.0;
            }
        }
    }
    let names_gone = |op: &Op| {
        let mut op = *op;
        op.pids().any(|pid| pid.0 < PROCS_MAX && gone >> pid.0 & 1 == 1)
    };
    remove_steps(program, names_gone)
}

/// The program without a handle: what opens it and all its uses.
#[must_use]
pub fn remove_handle(program: &Program, handle: Handle) -> Option<Program> {
    remove_steps(program, |op| handle_of(*op) == Some(handle))
}

/// The program without a token: what takes it and all its uses.
#[must_use]
pub fn remove_token(program: &Program, token: Token) -> Option<Program> {
    remove_steps(program, |op| token_of(*op) == Some(token))
}

fn handle_of(mut op: Op) -> Option<Handle> {
    op.operands().handle.copied()
}

fn token_of(mut op: Op) -> Option<Token> {
    op.operands().token.copied()
}

/// The program without some operations, and without what used a handle or token that nobody opens
/// or takes any more; names are given anew.
pub fn remove_steps(program: &Program, remove: impl Fn(&Op) -> bool) -> Option<Program> {
    let mut rest = program.clone();
    rest.steps.retain(|step| !remove(&step.op));
    if rest.steps.len() == program.steps.len() {
        return None;
    }
    let opens = |op: &Op| {
        matches!(
            op,
            Op::Gup { .. }
                | Op::Race { .. }
                | Op::Lock { .. }
                | Op::Isolate { .. }
                | Op::Migrate { .. }
                | Op::SwapOut { .. }
                | Op::Dev(DevOp::Setup { .. } | DevOp::Evict { .. } | DevOp::Exclusive { .. })
        )
    };
    let openers: Vec<Op> = rest.steps.iter().map(|step| step.op).filter(opens).collect();
    rest.steps.retain(|step| {
        let (handle, token) = (handle_of(step.op), token_of(step.op));
        (handle.is_none() || openers.iter().any(|op| handle_of(*op) == handle))
            && (token.is_none() || openers.iter().any(|op| token_of(*op) == token))
    });
    Some(renumber(&rest).unwrap_or(rest))
}

/// New names in the order of their first mention, from the lowest.
struct Names<const N: usize> {
    new: [Option<u8>; N],
    next: u8,
}

impl<const N: usize> Names<N> {
    fn new() -> Self {
        Self { new: [None; N], next: 0 }
    }

    /// The new name of a process; one that was never mentioned stays what it is.
    fn known(&self, pid: Pid) -> Pid {
        Pid(self.new.get(usize::from(pid.0)).copied().flatten().unwrap_or(pid.0))
    }

    /// The new name; one out of bounds stays what it is.
    fn rename(&mut self, old: &mut u8) {
        let Some(new) = self.new.get_mut(usize::from(*old)) else {
            return;
        };
        *old = *new.get_or_insert_with(|| {
            self.next += 1;
            self.next - 1
        });
    }
}

/// Processes, handles, tokens, devices and values named by the order of their first mention: `p1` before
/// `p2`, `h0`, `l0`, `d0` and `a` first. `p0` and the value zero keep their names.
#[must_use]
pub fn renumber(program: &Program) -> Option<Program> {
    let mut pids = Names::<{ PROCS_MAX as usize }>::new();
    let mut handles = Names::<{ HANDLES_MAX as usize }>::new();
    let mut tokens = Names::<{ TOKENS_MAX as usize }>::new();
    let mut devices = Names::<{ DEVICES_MAX as usize }>::new();
    let mut values = Values::new();
    pids.rename(&mut 0);
    let mut renamed = program.clone();
    for Step { op, expect } in &mut renamed.steps {
        let operands = op.operands();
        operands.pid.into_iter().chain(operands.other).for_each(|pid| pids.rename(&mut pid.0));
        operands.handle.into_iter().for_each(|handle| handles.rename(&mut handle.0));
        operands.token.into_iter().for_each(|token| tokens.rename(&mut token.0));
        operands.value.into_iter().for_each(|value| values.rename(value));
        operands.device.into_iter().for_each(|device| devices.rename(&mut device.0));
        match expect {
            Some(Outcome::Value(value)) => values.rename_known(value),
            Some(Outcome::Pids(found)) => {
                *found = found.iter().map(|pid| pids.known(pid)).collect();
            }
            _ => {}
        }
    }
    simpler(renamed, program)
}

/// New labels of values.
struct Values {
    new: [Option<u8>; 256],
    next_rank: u8,
}

impl Values {
    fn new() -> Self {
        let mut new = [None; 256];
        new[0] = Some(0);
        Self { new, next_rank: 0 }
    }

    fn rename(&mut self, value: &mut Value) {
        let new = &mut self.new[usize::from(value.label)];
        value.label = *new.get_or_insert_with(|| {
            let mut label = value_of_rank(self.next_rank).label;
            if label == 0 {
                // Zero is no name to be given.
                self.next_rank += 1;
                label = value_of_rank(self.next_rank).label;
            }
            // The last of 255 names has no next one.
            self.next_rank = self.next_rank.saturating_add(1);
            label
        });
    }

    /// An expected value that nobody wrote stays what it is: it is wrong in any case.
    fn rename_known(&self, value: &mut Value) {
        value.label = self.new[usize::from(value.label)].unwrap_or(value.label);
    }
}

/// The program with these pages cut out of the address space: what lies behind moves down.
#[must_use]
pub fn remove_pages(program: &Program, cut: PageRange) -> Option<Program> {
    let cut_end = cut.end();
    let moved = |page: u64| match page {
        page if page >= cut_end => page - u64::from(cut.len),
        page => page.min(u64::from(cut.start.0)),
    };
    let narrow = |page: u64| u32::try_from(page).unwrap_or(u32::MAX);
    let mut shorter = program.clone();
    for step in &mut shorter.steps {
        let operands = step.op.operands();
        for vpn in operands.vpn.into_iter().chain(operands.to) {
            vpn.0 = narrow(moved(u64::from(vpn.0)));
        }
        for range in operands.range.into_iter().chain(operands.new_range) {
            let (start, end) = (moved(u64::from(range.start.0)), moved(range.end()));
            *range = PageRange::new(narrow(start), narrow(end - start));
        }
    }
    simpler(shorter, program)
}

/// The program with half as many entries a table. Of each table, of all levels, the two halves
/// fall together, so what lay at the beginning or the end of a table still does; the order a PMD
/// maps stays the order a PMD maps.
#[must_use]
pub fn halve_geometry(program: &Program) -> Option<Program> {
    let old = program.config;
    let mut smaller = program.clone();
    smaller.config.ptes = old.ptes / 2;
    if !PTES_ALLOWED.contains(&smaller.config.ptes) {
        return None;
    }
    let (ptes, half) = (u32::from(old.ptes), u32::from(smaller.config.ptes));
    let (space, new_space) = (old.space_pages(), smaller.config.space_pages());
    let fold = |page: u32| {
        let digits =
            [page / ptes / ptes, page / ptes % ptes, page % ptes].map(|digit| digit % half);
        match page.checked_sub(space) {
            Some(beyond) => new_space + beyond,
            None => digits.into_iter().fold(0, |page, digit| page * half + digit),
        }
    };
    let lower_orders = |set: OrderSet| {
        let pmd = smaller.config.pmd_order();
        set.iter().fold(OrderSet::EMPTY, |set, order| {
            let halved = if order >= old.pmd_order() { Order(order.0 - 1) } else { order };
            set.with(halved.min(pmd))
        })
    };
    for step in &mut smaller.steps {
        match &mut step.op {
            Op::Thp { always, madvise } => {
                (*always, *madvise) = (lower_orders(*always), lower_orders(*madvise));
            }
            Op::Split { order, .. } => *order = (*order).min(smaller.config.pmd_order()),
            _ => {}
        }
        let operands = step.op.operands();
        for vpn in operands.vpn.into_iter().chain(operands.to) {
            *vpn = Vpn(fold(vpn.0));
        }
        for range in operands.range.into_iter().chain(operands.new_range) {
            let last = u32::try_from(range.end().saturating_sub(1)).unwrap_or(u32::MAX);
            let (start, last) = (fold(range.start.0), fold(last));
            let len = if range.is_empty() { 0 } else { last.saturating_sub(start) + 1 };
            *range = PageRange::new(start, len);
        }
    }
    simpler(smaller, program)
}

/// The variant, if it is simpler than the program it was made from.
fn simpler(variant: Program, program: &Program) -> Option<Program> {
    (compare(&variant, program) == Ordering::Less).then_some(variant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Areas, Draw, Profile, random_program, seeded};

    const PROGRAM: &str = "\
mmap p0 0+8 rw
write p0 3 c
pin p0 3 rw h2
fork p0 p2
fork p2 p1
write p1 3 b
lock p2 3 l4
get p2 3 r h5
dma_read h5 0 -> c
put h5
drop l4
exit p2
dma_read h2 0 -> c
read p0 3 -> z
";

    fn program() -> Program {
        Program::parse(PROGRAM).unwrap()
    }

    #[track_caller]
    fn check(simpler: Option<Program>, expected: &str) {
        let simpler = simpler.expect("this can be simplified");
        assert_eq!(simpler.to_string(), expected);
        assert_eq!(compare(&simpler, &program()), Ordering::Less);
    }

    #[test]
    fn a_process_goes_with_all_it_did() {
        let rest = "mmap p0 0+8 rw\nwrite p0 3 a\npin p0 3 rw h0\ndma_read h0 0 -> a\n\
                    read p0 3 -> z\n";
        check(remove_process(&program(), Pid(2)), rest);
        let rest = remove_process(&program(), Pid(1)).unwrap();
        assert_eq!(rest.steps.len(), program().steps.len() - 2);
        assert!(rest.to_string().contains("fork p0 p1\nlock p1 3 l0"));
        assert_eq!(remove_process(&program(), Pid(0)), None);
        assert_eq!(remove_process(&program(), Pid(3)), None);
    }

    #[test]
    fn a_handle_or_token_goes_with_its_uses() {
        let rest = remove_handle(&program(), Handle(5)).unwrap();
        assert_eq!(rest.steps.len(), program().steps.len() - 3);
        let rest = remove_token(&program(), Token(4)).unwrap();
        assert_eq!(rest.steps.len(), program().steps.len() - 2);
        assert_eq!(remove_handle(&program(), Handle(0)), None);
        assert_eq!(remove_token(&program(), Token(0)), None);
    }

    #[test]
    fn names_follow_their_first_mention() {
        let renamed = PROGRAM
            .replace("p2", "px")
            .replace("p1", "p2")
            .replace("px", "p1")
            .replace("h2", "h0")
            .replace("h5", "h1")
            .replace("l4", "l0")
            .replace(" c", " a");
        check(renumber(&program()), &renamed);
        assert_eq!(renumber(&Program::parse(&renamed).unwrap()), None);
        // More values than letters; zero stays.
        let text: String = (0..=255).rev().map(|value| format!("write p0 0 {value}\n")).collect();
        let renamed = renumber(&Program::parse(&text).unwrap()).unwrap();
        assert_eq!(renamed.steps[255].op.to_string(), "write p0 0 0");
        assert_eq!(renamed.steps[0].op.to_string(), "write p0 0 a");
        let labels = renamed.steps.iter().map(|step| step.op.stored().unwrap().label);
        assert_eq!(labels.collect::<std::collections::BTreeSet<_>>().len(), 256);
    }

    #[test]
    fn pages_are_cut_out() {
        let program = Program::parse("mmap p0 8+8 rw\nread p0 9\nread p0 20\n").unwrap();
        let cut = |start, len| {
            remove_pages(&program, PageRange::new(start, len)).map(|program| program.to_string())
        };
        assert_eq!(cut(0, 8).unwrap(), "mmap p0 0+8 rw\nread p0 1\nread p0 12\n");
        assert_eq!(cut(10, 4).unwrap(), "mmap p0 8+4 rw\nread p0 9\nread p0 16\n");
        assert_eq!(cut(14, 4).unwrap(), "mmap p0 8+6 rw\nread p0 9\nread p0 16\n");
        assert_eq!(cut(21, 4), None);
        assert_eq!(cut(0, 0), None);
        assert_eq!(cut(0, u32::MAX).unwrap(), "mmap p0 0+0 rw\nread p0 0\nread p0 0\n");
    }

    #[test]
    fn tables_are_halved() {
        let text = "thp always=2,3 madvise=1\nmmap p0 8+8 rw\nmmap p0 64+16 rw\nread p0 8\n\
                    read p0 15\nread p0 512\nmunmap p0 4+0\nmunmap p0 0+4294967295\n";
        let halved = halve_geometry(&Program::parse(text).unwrap()).unwrap();
        assert_eq!(
            halved.to_string(),
            "config ptes=4\nthp always=2 madvise=1\nmmap p0 4+4 rw\nmmap p0 16+8 rw\n\
             read p0 4\nread p0 7\nread p0 64\nmunmap p0 0+0\nmunmap p0 0+4294966847\n"
        );
        assert_eq!(halve_geometry(&halved), None);
    }

    /// On any program: each simplification is simpler, can be said, and comes to an end.
    #[test]
    fn every_simplification_is_simpler() {
        let mut rng = seeded(21, 0);
        let mut applied = 0;
        for _ in 0..300 {
            let mut program = random_program(&Profile::random(Areas::ALL, &mut rng), &mut rng);
            for _ in 0..20 {
                let variant = match rng.below(6) {
                    0 => remove_process(&program, Pid(rng.below(4) as u8)),
                    1 => remove_handle(&program, Handle(rng.below(16) as u8)),
                    2 => remove_token(&program, Token(rng.below(8) as u8)),
                    3 => renumber(&program),
                    4 => remove_pages(&program, PageRange::new(rng.below(64), rng.below(16))),
                    _ => halve_geometry(&program),
                };
                if let Some(variant) = variant {
                    assert_eq!(compare(&variant, &program), Ordering::Less);
                    assert_eq!(variant.clone().sanitized(), variant);
                    program = variant;
                    applied += 1;
                }
            }
            while let Some(variant) = renumber(&program) {
                program = variant;
            }
        }
        assert!(applied > 1000, "{applied}");
    }
}
