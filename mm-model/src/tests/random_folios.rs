//! Random programs with the operations that move, split, merge and poison folios: whatever the run
//! length, results are equal, counts add up, and nothing leaks.

use super::random::{Dice, run_programs};
use super::support::*;
use mm_ops::{Advice, Config, Op, Order, Outcome, Snapshot, Token, Vpn};

fn advice(dice: &mut Dice) -> Advice {
    use Advice::{Collapse, Mergeable, Unmergeable};
    [Collapse, Collapse, Mergeable, Mergeable, Unmergeable][dice.roll(5) as usize]
}

/// One of the operations of this file, about as often as one of the others.
pub(crate) fn op(dice: &mut Dice, ptes: u32) -> Op {
    let pid = dice.pid();
    // Few places, so that they meet.
    let vpn = Vpn(dice.roll(2 * ptes));
    let token = Token(dice.roll(3) as u8);
    match dice.roll(26) {
        0..2 => Op::Migrate { pid, vpn, token, all: dice.roll(4) > 0 },
        2 => Op::MigrateCopy { token },
        3 => Op::MigrateEnd { token },
        4 => {
            Op::Split { pid, vpn, order: Order(dice.roll(4) as u8), nonuniform: dice.roll(2) == 0 }
        }
        5 => Op::DeferredScan { count: dice.roll(4) as u16 },
        6 => {
            let (range, advice) = (dice.range(ptes), advice(dice));
            Op::Madvise { pid, range, advice }
        }
        7..9 => Op::Ksm { pid, vpn, with: dice.pid(), to: Vpn(dice.roll(2 * ptes)) },
        9 => Op::KsmZero { pid, vpn },
        10..12 => Op::SwapOut { pid, vpn, token: (dice.roll(3) == 0).then_some(token) },
        12 => Op::WriteDone { token, error: dice.roll(3) == 0 },
        13 => Op::Hwpoison { pid, vpn },
        14 => Op::SoftOffline { pid, vpn },
        _ => dice.op(ptes),
    }
}

#[test]
fn run_length_is_not_observable() {
    for ptes in [4, 8, 16] {
        run_programs(Config { ptes, ..Config::default() }, 150, 100, op, |_| {});
    }
}

#[test]
fn nor_with_lru_batches() {
    run_programs(Config { lru_batch: true, ..Config::default() }, 150, 100, op, |_| {});
}

#[test]
fn nor_with_soft_dirty_tracking() {
    run_programs(Config { soft_dirty: true, ..Config::default() }, 150, 100, op, |_| {});
}

/// What each process must see at each page: a map that only writes, forks and exits change.
#[derive(Clone, Default)]
struct Contents([Option<Vec<u8>>; 4]);

impl Contents {
    fn note(&mut self, op: Op, outcome: Outcome) {
        match (op, outcome) {
            (Op::Write { pid, vpn, value }, Outcome::Ok) => {
                self.0[pid.index()].as_mut().expect("alive")[vpn.0 as usize] = value.label;
            }
            (Op::Fork { parent, child }, Outcome::Ok) => {
                self.0[child.index()] = self.0[parent.index()].clone();
            }
            (Op::Exit { pid }, Outcome::Ok) => self.0[pid.index()] = None,
            _ => {}
        }
    }

    fn check(&self, snapshot: &Snapshot, ptes: u32, context: &str) {
        let mut seen = Self(self.0.each_ref().map(|pages| Some(vec![0; pages.as_ref()?.len()])));
        for entry in &snapshot.entries {
            let pages = seen.0[entry.pid.index()].as_mut().expect("alive");
            for offset in 0..if entry.kind.is_pmd() { ptes } else { 1 } {
                let value = snapshot.value_behind(entry, offset);
                pages[(entry.vpn.0 + offset) as usize] = value.label;
            }
        }
        assert!(seen.0 == self.0, "INV25: {context}");
    }
}

/// Operations that change no content, but for those of [`Contents::note`].
fn harmless(dice: &mut Dice, ptes: u32) -> Op {
    loop {
        match op(dice, ptes) {
            Op::Mmap { .. } | Op::Munmap { .. } | Op::Hwpoison { .. } | Op::DmaWrite { .. } => {}
            Op::Remote { .. } | Op::WriteDone { error: true, .. } => {}
            Op::Madvise { pid, range, advice } => {
                let kept = [Advice::Collapse, Advice::Mergeable, Advice::Unmergeable];
                if kept.contains(&advice) || matches!(advice, Advice::PopulateWrite) {
                    return Op::Madvise { pid, range, advice };
                }
            }
            op => return op,
        }
    }
}

#[test]
fn content_survives_whatever_is_done_to_folios() {
    for (seed, ptes) in (0..600).map(|seed| (seed, [4u16, 8][seed as usize % 2])) {
        let pages = 2 * u32::from(ptes);
        let mut m = Machine::with(Config { ptes, ..Config::default() });
        let mut contents = Contents::default();
        contents.0[0] = Some(vec![0; pages as usize]);
        m.all(&[mmap(0, 0, pages, RW), madvise(0, 0, pages, Advice::Mergeable)]);
        let mut dice = Dice::of(seed);
        for _ in 0..120 {
            let op = harmless(&mut dice, u32::from(ptes));
            let outcome = m.apply(op);
            contents.note(op, outcome);
            contents.check(&m.snapshot(), u32::from(ptes), &format!("seed {seed}, {op:?}"));
        }
    }
}
