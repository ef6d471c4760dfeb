//! Random programs with the operations that move pages to other addresses: whatever the run length,
//! results are equal, counts add up, an rmap walk finds whoever maps a page, content goes along, and
//! nothing leaks.

use super::random::{Dice, give_up_everything, run_programs};
use super::support::*;
use super::{random_folios, random_swap};
use mm_ops::{
    Actor, Advice, Config, EntryKind, Handle, MremapFlags, Op, Outcome, PageRange, Pid, PidSet,
    RACE_STEPS, Snapshot, SwapDevice, UffdWpMode, Value, Vpn,
};

/// A range and where it goes: mostly congruent and of whole blocks, so that tables and leaves move.
fn mremap_op(dice: &mut Dice, ptes: u32) -> Op {
    let pid = dice.pid();
    let range = dice.range(ptes);
    let len = match dice.roll(6) {
        0 => dice.roll(2 * ptes + 2),
        1 => range.len + dice.roll(ptes),
        _ => range.len,
    };
    let start = match dice.roll(4) {
        0 => dice.roll(6 * ptes),
        1 => range.start.0 + ptes * dice.roll(8),
        2 => (range.start.0 & (ptes - 1)) + ptes * dice.roll(ptes + 2),
        _ => ptes / 2 * dice.roll(12),
    };
    let flags = MremapFlags {
        maymove: dice.roll(8) > 0,
        relocate: dice.roll(4) == 0,
        must_relocate: dice.roll(6) == 0,
        fixed: dice.roll(4) > 0,
        dontunmap: dice.roll(4) == 0,
    };
    Op::Mremap { pid, range, to: PageRange::new(start, len), flags }
}

fn uffd_move_op(dice: &mut Dice, ptes: u32) -> Op {
    let (pid, range) = (dice.pid(), dice.range(ptes));
    let to = match dice.roll(3) {
        0 => dice.roll(5 * ptes),
        _ => (range.start.0 & (ptes - 1)) + ptes * dice.roll(5),
    };
    Op::UffdMove { pid, range, to: Vpn(to), holes: dice.roll(3) > 0 }
}

/// A third of the operations moves pages.
pub(crate) fn op(dice: &mut Dice, ptes: u32) -> Op {
    match dice.roll(16) {
        0..4 => mremap_op(dice, ptes),
        4..6 => uffd_move_op(dice, ptes),
        6 => Op::RmapWalk { pid: dice.pid(), vpn: Vpn(dice.roll(4 * ptes)) },
        7..12 => random_swap::op(dice, ptes),
        12 => random_folios::op(dice, ptes),
        _ => dice.op(ptes),
    }
}

/// L7, L13: whoever maps a folio is found from it, by whichever of its pages.
fn check_walks(machine: &mut Machine) {
    let snapshot = machine.snapshot();
    let mut found: Vec<PidSet> = vec![PidSet::EMPTY; snapshot.folios.len()];
    let mapping = || snapshot.entries.iter().filter(|entry| entry.kind.maps_folio());
    for entry in mapping() {
        let pids = &mut found[entry.folio as usize];
        *pids = pids.with(entry.pid);
    }
    for entry in mapping() {
        let outcome = machine.model.rmap_walk(entry.pid, entry.vpn);
        assert_eq!(outcome, Outcome::Pids(found[entry.folio as usize]), "{entry:?}");
    }
}

#[test]
fn run_length_is_not_observable() {
    for ptes in [4, 8, 16] {
        run_programs(Config { ptes, ..Config::default() }, 200, 120, op, check_walks);
    }
}

#[test]
fn nor_with_userfaultfd_and_soft_dirty_tracking() {
    for (uffd, uffd_remap) in [(UffdWpMode::Unpopulated, true), (UffdWpMode::Async, false)] {
        let config = Config { uffd, uffd_remap, soft_dirty: true, ..Config::default() };
        run_programs(config, 200, 120, op, check_walks);
    }
}

#[test]
fn nor_with_lru_batches_or_other_devices() {
    for swap_device in [SwapDevice::Plain, SwapDevice::Zram] {
        run_programs(
            Config { lru_batch: true, swap_device, ..Config::default() },
            200,
            120,
            op,
            check_walks,
        );
    }
}

/// An actor at this page or one that it may be moved to.
pub(crate) fn race(dice: &mut Dice, ptes: u32) -> Op {
    let (pid, vpn) = (dice.pid(), Vpn(dice.roll(4 * ptes)));
    let value = Value::label(3);
    let actor = match dice.roll(4) {
        0 => Actor::Load { pid, vpn },
        3 => Actor::Walk { pid, vpn },
        1 => Actor::Store { pid, vpn, value },
        _ => {
            let handle = Handle(dice.roll(4) as u8);
            Actor::Gup { pid, vpn, handle, pin: dice.roll(2) == 0, write: dice.roll(2) == 0 }
        }
    };
    let mut at = [0; RACE_STEPS];
    let mut last = 0;
    for step in &mut at {
        last += dice.roll(4) as u8;
        *step = last;
    }
    Op::Race { actor, at }
}

#[test]
fn counts_add_up_whoever_looks_on() {
    for (seed, ptes) in (0..400).map(|seed| (seed, [4u16, 8][seed as usize % 2])) {
        let mut m = Machine::with(Config { ptes, ..Config::default() });
        let mut dice = Dice::of(seed);
        let ptes = u32::from(ptes);
        for _ in 0..120 {
            let op = if dice.roll(4) == 0 { race(&mut dice, ptes) } else { op(&mut dice, ptes) };
            m.apply(op);
            check_walks(&mut m);
        }
        give_up_everything(&mut m);
    }
}

/// What each process must see at each page. Where nothing is mapped there is zero.
#[derive(Clone, Debug, PartialEq)]
struct Contents([Option<Vec<u8>>; 4]);

impl Contents {
    fn of(snapshot: &Snapshot, ptes: u32) -> Self {
        let mut contents = Self([const { None }; 4]);
        for mm in &snapshot.mms {
            contents.0[mm.pid.index()] = Some(vec![0; ptes.pow(3) as usize]);
        }
        for entry in &snapshot.entries {
            let pages = contents.0[entry.pid.index()].as_mut().expect("alive");
            for offset in 0..if entry.kind.is_pmd() { ptes } else { 1 } {
                let value = snapshot.value_behind(entry, offset);
                pages[(entry.vpn.0 + offset) as usize] = value.label;
            }
        }
        contents
    }

    /// What a move makes of it, if it was done.
    fn moved(
        mut self,
        pid: Pid,
        from: u32,
        to: u32,
        pages_moved: impl IntoIterator<Item = u32>,
    ) -> Self {
        let pages = self.0[pid.index()].as_mut().expect("alive");
        for page in pages_moved {
            pages[(to + page) as usize] = std::mem::take(&mut pages[(from + page) as usize]);
        }
        self
    }

    fn cleared(mut self, pid: Pid, from: u32, end: u32) -> Self {
        self.0[pid.index()].as_mut().expect("alive")[from as usize..end as usize].fill(0);
        self
    }
}

#[test]
fn content_goes_along() {
    let mut moves = 0;
    for (seed, ptes) in (0..1500).map(|seed| (seed, [4u16, 8][seed as usize % 2])) {
        let mut m = Machine::with(Config { ptes, ..Config::default() });
        let ptes = u32::from(ptes);
        let mut dice = Dice::of(seed);
        m.all(&[mmap(0, 0, 3 * ptes, RW), madvise(0, 0, ptes, Advice::Mergeable)]);
        for _ in 0..80 {
            let op = op(&mut dice, ptes);
            let state = m.snapshot();
            let before = Contents::of(&state, ptes);
            let outcome = m.apply(op);
            let after = Contents::of(&m.snapshot(), ptes);
            let expected = match (op, outcome) {
                (Op::Mremap { pid, range, to, flags }, Outcome::At(Vpn(at))) => {
                    let kept = range.len.min(to.len);
                    let freed = before.cleared(
                        pid,
                        range.start.0 + kept,
                        range.end().min(u64::from(ptes.pow(3))) as u32,
                    );
                    let freed = if flags.fixed && range.len != to.len {
                        freed.cleared(pid, at, at + to.len)
                    } else {
                        freed
                    };
                    assert!(!flags.fixed || at == to.start.0);
                    if at == range.start.0 {
                        freed
                    } else {
                        moves += 1;
                        // J2: gaps in the source leave what is at the destination.
                        let mapped = |page: &u32| {
                            let vpn = Vpn(range.start.0 + page);
                            state.vma_at(pid, vpn).is_some()
                        };
                        freed.moved(pid, range.start.0, at, (0..kept).filter(mapped))
                    }
                }
                (Op::Mremap { flags: MremapFlags { fixed: false, .. }, .. }, _) => before,
                (Op::UffdMove { pid, range, to, .. }, Outcome::Count(len)) => {
                    moves += 1;
                    before.moved(pid, range.start.0, to.0, 0..len)
                }
                (Op::UffdMove { .. }, _) => before,
                _ => continue,
            };
            assert!(after == expected, "seed {seed}, {op:?}: {outcome:?}");
        }
    }
    assert!(moves > 2000, "{moves}: enough of them work");
}

/// Nothing of the sweeps is vacuous: entries of every kind are moved.
#[test]
fn entries_of_every_kind_are_moved() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..3000 {
        let uffd = UffdWpMode::Unpopulated;
        let mut m = Machine::with(Config { uffd, uffd_remap: true, ..Config::default() });
        let mut dice = Dice::of(seed);
        m.all(&[mmap(0, 0, 24, RW)]);
        for _ in 0..80 {
            let op = op(&mut dice, 8);
            let before = m.snapshot();
            let outcome = m.apply(op);
            if let (Op::Mremap { pid, range, .. }, Outcome::At(at)) = (op, outcome)
                && at != range.start
            {
                let inside = |vpn: Vpn| range.contains(vpn);
                let entries = before.entries.iter();
                kinds.extend(
                    entries
                        .filter(|e| e.pid == pid && inside(e.vpn))
                        .map(|e| format!("{:?}", e.kind)),
                );
            }
        }
    }
    for kind in [
        EntryKind::Page,
        EntryKind::ZeroPage,
        EntryKind::Leaf,
        EntryKind::HugeZero,
        EntryKind::Swap,
        EntryKind::Migration,
        EntryKind::Guard,
    ] {
        assert!(kinds.contains(&format!("{kind:?}")), "{kind:?}");
    }
}
