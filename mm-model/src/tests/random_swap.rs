//! Random programs with swap and userfaultfd: whatever the run length, results are equal, counts add up, and nothing
//! leaks.

use super::random::{Dice, run_programs};
use super::random_folios;
use mm_ops::{
    Advice, Config, Op, Order, SwapDevice, Token, UffdCall, UffdFill, UffdWpMode, Value, Vpn,
};

/// Half of the operations are about swap, or fork, write and take folios apart in few places.
pub(crate) fn op(dice: &mut Dice, ptes: u32) -> Op {
    let pid = dice.pid();
    let vpn = Vpn(dice.roll(2 * ptes));
    let token = Token(dice.roll(3) as u8);
    match dice.roll(28) {
        0..5 => Op::SwapOut { pid, vpn, token: (dice.roll(3) == 0).then_some(token) },
        5 => Op::WriteDone { token, error: dice.roll(3) == 0 },
        6 if dice.roll(4) == 0 => Op::BadSlot { pid, vpn },
        6 | 7 => Op::Madvise { pid, range: dice.range(ptes), advice: Advice::PageOut },
        8 => Op::Madvise { pid, range: dice.range(ptes), advice: Advice::WillNeed },
        9 => Op::Madvise { pid, range: dice.range(ptes), advice: Advice::Cold },
        10 if dice.roll(4) == 0 => Op::Swapoff,
        10 => Op::Swapon,
        11 => Op::Migrate { pid, vpn, token, all: true },
        12 => Op::MigrateCopy { token },
        13 => Op::MigrateEnd { token },
        14 => uffd_op(dice, ptes),
        15 if dice.roll(4) == 0 => Op::Drain,
        15 => Op::Split { pid, vpn, order: Order(0), nonuniform: false },
        _ if dice.roll(2) == 0 => random_folios::op(dice, ptes),
        _ => dice.op(ptes),
    }
}

fn uffd_op(dice: &mut Dice, ptes: u32) -> Op {
    let (pid, range) = (dice.pid(), dice.range(ptes));
    let vpn = Vpn(dice.roll(2 * ptes));
    match dice.roll(6) {
        0 | 1 => {
            let call = UffdCall::Register { missing: dice.roll(3) == 0, wp: dice.roll(4) > 0 };
            Op::Uffd { pid, range, call }
        }
        2 if dice.roll(3) == 0 => Op::Uffd { pid, range, call: UffdCall::Unregister },
        2..4 => Op::Uffd { pid, range, call: UffdCall::Protect(dice.roll(3) > 0) },
        4 => {
            let value = Value::label(dice.roll(3) as u8);
            Op::UffdFill { pid, vpn, fill: UffdFill::Copy { value, wp: dice.roll(2) == 0 } }
        }
        _ if dice.roll(2) == 0 => Op::UffdFill { pid, vpn, fill: UffdFill::Zero },
        _ => Op::UffdFill { pid, vpn, fill: UffdFill::Poison },
    }
}

#[test]
fn run_length_is_not_observable() {
    for (ptes, swap_slots) in [(4, 64), (8, 64), (8, 5), (16, 24)] {
        run_programs(Config { ptes, swap_slots, ..Config::default() }, 150, 120, op, |_| {});
    }
}

#[test]
fn nor_on_other_devices_or_with_soft_dirty_tracking() {
    for swap_device in [SwapDevice::Stable, SwapDevice::Sync, SwapDevice::Zram] {
        run_programs(
            Config { soft_dirty: true, swap_device, ..Config::default() },
            150,
            120,
            op,
            |_| {},
        );
    }
}

#[test]
fn nor_with_any_kind_of_write_protection() {
    for (uffd, uffd_fork) in [(UffdWpMode::Unpopulated, true), (UffdWpMode::Async, false)] {
        run_programs(
            Config { uffd, uffd_fork, soft_dirty: true, ..Config::default() },
            150,
            120,
            op,
            |_| {},
        );
    }
}

#[test]
fn nor_with_lru_batches() {
    for swap_device in [SwapDevice::Plain, SwapDevice::Zram] {
        let config = Config { lru_batch: true, ptes: 16, swap_device, ..Config::default() };
        run_programs(config, 150, 150, op, |_| {});
    }
}
