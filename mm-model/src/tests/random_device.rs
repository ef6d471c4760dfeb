//! Random programs with devices: whatever the run length, results are equal, counts add up, a device
//! reaches what it is entitled to and no more, and nothing leaks.

use super::random::{Dice, run_programs};
use super::support::*;
use super::{random_folios, random_moves, random_swap};
use mm_ops::{
    Config, DevExclusiveMode, DevOp, DevSelect, Device, EntryKind, Mm, Op, Outcome, PageRange, Pid,
    Token, UffdWpMode, Value, Vpn,
};

fn dev_op(dice: &mut Dice, ptes: u32) -> DevOp {
    let device = Device(u8::from(dice.roll(5) == 0));
    let pid = Pid([0, 0, 1, 2][dice.roll(4) as usize]);
    let token = Token(dice.roll(3) as u8);
    let vpn = Vpn(dice.roll(3 * ptes));
    let range = match dice.roll(4) {
        0 => PageRange::new(ptes * dice.roll(4), ptes),
        1 => dice.range(ptes),
        _ => PageRange::new(vpn.0, 1 + dice.roll(4)),
    };
    let value = Value::label(dice.roll(3) as u8);
    match dice.roll(16) {
        0..4 => {
            let select = DevSelect { system: dice.roll(3) > 0, private: dice.roll(3) == 0 };
            DevOp::Setup { device, pid, range, token, select }
        }
        4 => DevOp::Evict { device, pid, range, token },
        5..8 => DevOp::Pages { token, to_device: dice.roll(3) > 0 },
        8..11 => DevOp::Finalize { token },
        11..13 => DevOp::Exclusive { device, pid, vpn, token },
        13 => DevOp::Read { device, pid, vpn },
        _ => DevOp::Write { device, pid, vpn, value },
    }
}

/// Half of the operations are drivers'.
pub(crate) fn op(dice: &mut Dice, ptes: u32) -> Op {
    match dice.roll(8) {
        0..4 => Op::Dev(dev_op(dice, ptes)),
        4 if dice.roll(3) == 0 => random_folios::op(dice, ptes),
        4 => random_swap::op(dice, ptes),
        5 => random_moves::op(dice, ptes),
        6 => Op::Drop { token: Token(dice.roll(3) as u8) },
        _ => dice.op(ptes),
    }
}

const MODES: [DevExclusiveMode; 3] =
    [DevExclusiveMode::Current, DevExclusiveMode::Folio, DevExclusiveMode::Walk];

#[test]
fn run_length_is_not_observable() {
    for (ptes, dev_exclusive) in [4, 8, 16].into_iter().zip(MODES) {
        let config = Config { ptes, dev_exclusive, dev_mem: 12, ..Config::default() };
        run_programs(config, 200, 150, op, |_| {});
    }
}

#[test]
fn nor_with_userfaultfd_soft_dirty_tracking_and_lru_batches() {
    for (uffd, dev_exclusive) in [UffdWpMode::Unpopulated, UffdWpMode::Async].into_iter().zip(MODES)
    {
        let config =
            Config { uffd, dev_exclusive, soft_dirty: true, lru_batch: true, ..Config::default() };
        run_programs(config, 200, 150, op, |_| {});
    }
}

#[test]
fn nor_in_older_kernels_or_with_blocks_of_device_memory() {
    for (migdev_old, dev_thp) in [(true, false), (false, true), (true, true)] {
        let config = Config { ptes: 4, migdev_old, dev_thp, ..Config::default() };
        run_programs(config, 300, 150, op, |_| {});
    }
}

#[test]
fn counts_add_up_whoever_looks_on() {
    for (seed, ptes) in (0..400).map(|seed| (seed, [4u16, 8][seed as usize % 2])) {
        let dev_exclusive = MODES[seed as usize % 3];
        let dev_thp = seed % 5 == 0;
        let mut m = Machine::with(Config { ptes, dev_exclusive, dev_thp, ..Config::default() });
        let mut dice = Dice::of(seed);
        let ptes = u32::from(ptes);
        for _ in 0..150 {
            let raced = dice.roll(4) == 0;
            m.apply(if raced { random_moves::race(&mut dice, ptes) } else { op(&mut dice, ptes) });
        }
        super::random::give_up_everything(&mut m);
    }
}

/// Nothing of the sweeps is vacuous: entries of every kind come about, and most operations succeed at
/// times.
#[test]
fn devices_do_all_they_can() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..400 {
        let mut m = Machine::with(Config { ptes: 4, dev_thp: seed % 2 == 0, ..Config::default() });
        let mut dice = Dice::of(seed);
        for _ in 0..150 {
            let op = op(&mut dice, 4);
            let outcome = m.model.apply(&op).outcome;
            seen.extend(m.snapshot().entries.iter().map(|entry| format!("{:?}", entry.kind)));
            let worked = !matches!(outcome, Outcome::Err(_) | Outcome::Count(0));
            if let (Op::Dev(op), true) = (op, worked) {
                let name = format!("{op:?}");
                seen.insert(name.split([' ', '{']).next().unwrap_or_default().to_owned());
            }
        }
    }
    let leaves = [EntryKind::DevPrivateLeaf, EntryKind::MigrationLeaf];
    for kind in [EntryKind::DevPrivate, EntryKind::DevExclusive].iter().chain(&leaves) {
        assert!(seen.contains(&format!("{kind:?}")), "{kind:?}");
    }
    for name in ["Setup", "Evict", "Pages", "Finalize", "Exclusive", "Read", "Write"] {
        assert!(seen.contains(name), "{name}");
    }
}
