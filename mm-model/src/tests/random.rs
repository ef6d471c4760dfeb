//! Random programs, always the same ones: whatever the run length, results are equal, counts add up,
//! and nothing leaks when every process is gone.

use super::support::*;
use mm_ops::{
    AccessBits, Advice, Config, GupFlags, Handle, Op, OrderSet, PageRange, Pid, Prot, Remote,
    Token, Value, Vpn,
};

/// A small generator of numbers (an LCG; the high bits are used).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1))
    }

    pub(crate) fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        ((self.0 >> 33) % u64::from(sides)) as u32
    }

    pub(crate) fn pid(&mut self) -> Pid {
        Pid(self.roll(3) as u8)
    }

    /// Mostly whole and half blocks, sometimes anything.
    pub(crate) fn range(&mut self, ptes: u32) -> PageRange {
        if self.roll(3) == 0 {
            return PageRange::new(self.roll(4 * ptes), self.roll(2 * ptes + 2));
        }
        let half = ptes / 2;
        PageRange::new(self.roll(8) * half, (1 + self.roll(6)) * half)
    }

    fn prot(&mut self) -> Prot {
        let write_only = Prot { read: false, write: true };
        [Prot::RW, Prot::RW, Prot::R, Prot::NONE, write_only][self.roll(5) as usize]
    }

    fn advice(&mut self) -> Advice {
        use Advice::*;
        let all = [
            DontNeed,
            DontNeedLocked,
            Free,
            Free,
            DontFork,
            DoFork,
            WipeOnFork,
            KeepOnFork,
            HugePage,
            NoHugePage,
            PopulateRead,
            PopulateWrite,
            GuardInstall,
            GuardRemove,
        ];
        all[self.roll(all.len() as u32) as usize]
    }

    fn flags(&mut self) -> GupFlags {
        GupFlags {
            pin: self.roll(3) > 0,
            write: self.roll(2) == 0,
            longterm: self.roll(4) == 0,
            force: self.roll(4) == 0,
            fast: self.roll(3) == 0,
            nofault: self.roll(8) == 0,
            split_pmd: self.roll(8) == 0,
        }
    }

    pub(crate) fn op(&mut self, ptes: u32) -> Op {
        let (pid, range) = (self.pid(), self.range(ptes));
        let vpn = Vpn(self.roll(4 * ptes));
        let value = Value::label(self.roll(3) as u8);
        let (handle, token) = (Handle(self.roll(4) as u8), Token(self.roll(3) as u8));
        match self.roll(44) {
            0..4 => Op::Mmap { pid, range, prot: self.prot(), droppable: self.roll(12) == 0 },
            4..6 => Op::Munmap { pid, range },
            6..10 => Op::Mprotect { pid, range, prot: self.prot() },
            10..14 => Op::Madvise { pid, range, advice: self.advice() },
            14 => Op::Mlock { pid, range },
            15 => Op::Munlock { pid, range },
            16 if self.roll(6) == 0 => Op::Mseal { pid, range },
            16..19 => Op::Fork { parent: pid, child: self.pid() },
            19 => Op::Exit { pid },
            20..22 => Op::Read { pid, vpn },
            22..28 => Op::Write { pid, vpn, value },
            28..31 => Op::Gup { pid, range, handle, flags: self.flags() },
            31..33 => Op::Put { handle, dirty: self.roll(2) == 0 },
            33 => Op::DmaWrite { handle, index: self.roll(4), value },
            34 => Op::DmaRead { handle, index: self.roll(4) },
            35 => {
                let access =
                    [Remote::Peek, Remote::Poke(value), Remote::VmRead, Remote::VmWrite(value)]
                        [self.roll(4) as usize];
                Op::Remote { pid, vpn, access }
            }
            36..38 => {
                let always = OrderSet(self.roll(16) as u16);
                Op::Thp { always, madvise: OrderSet(self.roll(16) as u16) }
            }
            38..40 => Op::FailAlloc { nth: 1 + self.roll(8) as u16 },
            40 => Op::Lock { pid, vpn, token },
            41 => Op::Isolate { pid, vpn, token },
            42 => Op::Drop { token },
            _ if self.roll(4) == 0 => Op::ClearRefs { pid },
            _ => Op::NumaHint { pid, range },
        }
    }
}

/// The program of a seed.
#[cfg(feature = "faults")]
pub(crate) fn program(seed: u64, ptes: u32, length: u32) -> Vec<Op> {
    let mut dice = Dice::of(seed);
    (0..length).map(|_| dice.op(ptes)).collect()
}

/// Everything that holds memory is given up: only the tokens' and handles' folios may be left, and
/// then nothing.
pub(crate) fn give_up_everything(machine: &mut Machine) {
    for token in 0..8 {
        machine.all(&[migrate_end(token), write_done(token), drop_token(token)]);
        machine.apply(dev_finalize(token));
    }
    machine.all(&[fail_alloc(0), Op::Swapoff]);
    (0..4).for_each(|pid| machine.all(&[exit(pid)]));
    (0..16).for_each(|handle| machine.all(&[put(handle)]));
    (0..8).for_each(|token| machine.all(&[drop_token(token)]));
    machine.all(&[Op::Drain]);
    let snapshot = machine.snapshot();
    assert!(snapshot.folios.is_empty() && snapshot.anon_vmas.is_empty());
    assert_eq!(snapshot.leaked_anon_vmas, 0, "M1: no record is left either");
    assert!(snapshot.anonmms.is_empty());
    assert_eq!(machine.model.tables.in_use(), 0, "no table leaks");
}

/// Runs programs of such operations in runs of every length: results and states are equal, and nothing
/// leaks. `look` is shown the machine with the longest runs after every operation.
pub(crate) fn run_programs(
    config: Config,
    programs: u64,
    length: u32,
    op: impl Fn(&mut Dice, u32) -> Op,
    look: impl Fn(&mut Machine),
) {
    for seed in 0..programs {
        let mut dice = Dice::of(seed);
        let mut machines = runs(config);
        for _ in 0..length {
            let op = op(&mut dice, u32::from(config.ptes));
            let outcomes = machines.each_mut().map(|machine| machine.apply(op));
            look(&mut machines[0]);
            let [on, others @ ..] = &machines;
            for (other, outcome) in others.iter().zip(&outcomes[1..]) {
                assert_eq!(outcomes[0], *outcome, "seed {seed}, {op:?}");
                if config.access_bits == AccessBits::Exact {
                    assert_eq!(on.choices, other.choices, "seed {seed}, {op:?}");
                    assert_eq!(on.snapshot(), other.snapshot(), "seed {seed}, {op:?}");
                }
            }
        }
        let [on, ..] = &mut machines;
        give_up_everything(on);
    }
}

fn run_plain_programs(config: Config) {
    run_programs(config, 150, 80, Dice::op, |_| {});
}

#[test]
fn run_length_is_not_observable() {
    for ptes in [4, 8, 16] {
        run_plain_programs(Config { ptes, ..Config::default() });
    }
}

#[test]
fn nor_with_soft_dirty_tracking() {
    let config = Config { soft_dirty: true, huge_zero: false, ..Config::default() };
    run_plain_programs(config);
}

#[test]
fn merged_bits_leave_the_outcomes_alone() {
    run_plain_programs(merging());
    run_plain_programs(Config { soft_dirty: true, pt_reclaim: false, ..merging() });
}
