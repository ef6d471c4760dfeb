//! Each fault shows: a short program on which the model with it and the model without it differ.

use super::random;
use super::random_anonmm;
use super::random_device;
use super::random_moves;
use super::random_swap;
use super::support::*;
use crate::faults::Fault;
use crate::model::Model;
use mm_ops::{Advice, Config, Mm, Op, Program, RmapScheme, Snapshot, SwapDevice};

/// The program of the corpus that shows the fault, with its configuration.
pub(crate) fn of_corpus(fault: Fault) -> Program {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus/seeds/faults/");
    let path = format!("{folder}{}.mm", fault.name());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    Program::parse(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A program on which the fault shows.
fn trigger(fault: Fault) -> Vec<Op> {
    use Fault::*;
    let small = [mmap(0, 0, 8, RW), write(0, 0, b'a')];
    let large = [thp(&[2]), mmap(0, 0, 16, RW), write(0, 0, b'a')];
    let leaf = [thp(&[3]), mmap(0, 0, 16, RW), write(0, 0, b'a')];
    // Pages 0 to 3 are shared with p1, page 1 excepted.
    let mixed = [&large[..], &[fork(0, 1), exit(1), write(0, 1, b'b')]].concat();
    let (before, then): (&[Op], Vec<Op>) = match fault {
        Canary => (&small, vec![write(0, 0, b'b'), read(0, 0)]),
        CowReuseMapcountOnly => (
            &small,
            vec![fork(0, 1), get_r(1, 0, 1, 0), exit(1), write(0, 0, b'b'), dma_read(0, 0)],
        ),
        DirtyCowRetry => (&[mmap(0, 0, 8, R), read(0, 0)], vec![poke(0, 0, b'x'), read(0, 1)]),
        HugeDirtyCowTouch => {
            (&[thp(&[3]), mmap(0, 0, 8, R), read(0, 0)], vec![get_r(0, 0, 1, 0), poke(0, 0, b'x')])
        }
        WpCopyBreaksOwnPin => {
            (&small, vec![fork(0, 1), pin_r(0, 0, 1, 0), write(0, 0, b'b'), dma_read(0, 0)])
        }
        ClearRefsKillsPin => {
            (&small, vec![pin_rw(0, 0, 1, 0), clear_refs(0), write(0, 0, b'b'), dma_read(0, 0)])
        }
        ForkSharesPinned => {
            (&small, vec![pin_rw(0, 0, 1, 0), fork(0, 1), write(0, 0, b'b'), dma_read(0, 0)])
        }
        ForkPinnedThpNotSplit => {
            (&leaf, vec![pin_rw(0, 5, 1, 0), fork(0, 1), write(0, 5, b'b'), dma_read(0, 0)])
        }
        RoPinWithoutUnshare => {
            (&small, vec![fork(0, 1), pin_r(0, 0, 1, 0), write(0, 0, b'b'), dma_read(0, 0)])
        }
        ForkSkipWrprotect => (&small, vec![fork(0, 1), write(0, 0, b'b'), read(1, 0)]),
        ForkSkipPaeClear => (&small, vec![fork(0, 1), write(1, 0, b'b'), read(0, 0)]),
        FreshAnonNotExclusive => (&small, vec![]),
        ReuseSoleOwnerNoFlag => (&small, vec![fork(0, 1), exit(1), write(0, 0, b'b')]),
        MprotectWritableNonexclusive => {
            (&small, vec![fork(0, 1), mprotect(0, 0, 8, R), mprotect(0, 0, 8, RW)])
        }
        SplitPaeForged => (&leaf, vec![fork(0, 1), mprotect(0, 0, 1, R)]),
        SplitDirtyGrantsWrite => (&leaf, vec![fork(0, 1), mprotect(0, 0, 1, R)]),
        FreezeSplitIgnoresFailedShare => (
            &leaf,
            vec![
                pin_rw(0, 0, 1, 0),
                madvise(0, 0, 4, Advice::Free),
                write(0, 0, b'b'),
                dma_read(0, 0),
            ],
        ),
        BatchMprotectHeadPage => {
            (&mixed, vec![write(0, 0, b'c'), mprotect(0, 0, 8, R), mprotect(0, 1, 3, RW)])
        }
        BatchMergesMixedPae => (&mixed, vec![mprotect(0, 0, 8, R), mprotect(0, 1, 3, RW)]),
        BatchOverrunsFolio => (&large, vec![write(0, 4, b'b'), fork(0, 1)]),
        BatchOverrunsVma => (&large, vec![mprotect(0, 0, 2, R)]),
        BatchUnderadvance => (&large, vec![fork(0, 1)]),
        BatchForkPartialDupFail => (&mixed, vec![pin_r(0, 1, 1, 0), fork(0, 1), read(1, 2)]),
        AnonVmaDoubleReuse => (&small, vec![fork(0, 1), fork(1, 2), exit(1), fork(2, 3)]),
        AnonVmaStaleAfterUnlink => (
            &[mmap(0, 0, 4, RW), mmap(0, 8, 4, RW), write(0, 8, b'a')],
            vec![fail_alloc(1), mmap(0, 4, 4, RW)],
        ),
        ForkChildPageParentAnonVma => (&small, vec![fork(0, 1), write(1, 1, b'b')]),
        AnonVmaRootNotInherited => (&small, vec![fork(0, 1)]),
        ZeroPageWriteFaultInPlace => {
            (&[mmap(0, 0, 8, RW), read(0, 0)], vec![write(0, 0, b'a'), read(0, 1)])
        }
        MadvFreeSharedPage => (&large, vec![fork(0, 1), madvise(0, 0, 2, Advice::Free)]),
        ForkErrorLeavesParentShared => (&small, vec![mmap(0, 64, 8, R), fail_alloc(8), fork(0, 1)]),
        // The areas that came later show theirs in the corpus.
        _ => return of_corpus(fault).stamped().collect(),
    };
    [before, &then].concat()
}

/// Whether the programs' outcomes or states differ somewhere.
fn differ(config: &Config, fault: Fault, ops: &[Op]) -> bool {
    let mut sound = Model::new(config);
    let mut faulty = Model::with_fault(config, fault);
    let (mut expected, mut found) = (Snapshot::default(), Snapshot::default());
    ops.iter().any(|op| {
        let differs = sound.apply(op) != faulty.apply(op);
        sound.snapshot(&mut expected);
        faulty.snapshot(&mut found);
        differs || expected != found
    })
}

#[test]
fn every_fault_shows() {
    for fault in Fault::ALL {
        let soft_dirty = *fault == Fault::ClearRefsKillsPin;
        let config = if *fault > Fault::ForkErrorLeavesParentShared {
            of_corpus(*fault).config
        } else {
            Config { soft_dirty, ..Config::default() }
        };
        assert!(differ(&config, *fault, &trigger(*fault)), "{}", fault.name());
    }
}

/// The faults of areas J, K and L that came with moving memory.
#[test]
fn every_fault_of_a_move_shows() {
    for fault in Fault::ALL.iter().filter(|fault| **fault >= Fault::BatchMremapIgnoresWrite) {
        let program = of_corpus(*fault);
        let ops: Vec<Op> = program.stamped().collect();
        assert!(differ(&program.config, *fault, &ops), "{}", fault.name());
    }
}

#[test]
fn no_fault_shows_without_being_switched_on() {
    for fault in Fault::ALL {
        // The feature alone changes nothing: counts are checked after every operation.
        if *fault <= Fault::ForkErrorLeavesParentShared {
            Machine::after(&trigger(*fault));
        }
    }
}

#[test]
fn a_faulty_model_never_panics() {
    for fault in Fault::ALL {
        for seed in 0..60 {
            let config = Config { soft_dirty: seed % 2 == 0, ..Config::default() };
            let mut model = Model::with_fault(&config, *fault);
            let mut snapshot = Snapshot::default();
            let mut observation = mm_ops::Observation::default();
            for op in random::program(seed, u32::from(config.ptes), 80) {
                model.apply(&op);
                model.snapshot(&mut snapshot);
                model.observe(&mut observation);
            }
        }
    }
}

#[test]
fn nor_when_pages_move() {
    for fault in Fault::ALL {
        for seed in 0..60 {
            let relocate = super::relocate::DESIGNS[seed as usize % 6];
            let config = Config { soft_dirty: seed % 2 == 0, relocate, ..Config::default() };
            let mut model = Model::with_fault(&config, *fault);
            let mut snapshot = Snapshot::default();
            let mut dice = random::Dice::of(seed);
            for _ in 0..80 {
                if dice.roll(6) == 0 {
                    model.apply(&random_moves::race(&mut dice, u32::from(config.ptes)));
                }
                model.apply(&random_moves::op(&mut dice, u32::from(config.ptes)));
                model.snapshot(&mut snapshot);
            }
        }
    }
}

#[test]
fn nor_when_pages_are_swapped() {
    let devices = [SwapDevice::Plain, SwapDevice::Zram, SwapDevice::Stable];
    for fault in Fault::ALL {
        for seed in 0..60 {
            let swap_device = devices[seed as usize % devices.len()];
            let lru_batch = seed % 2 == 0;
            let config = Config { swap_device, swap_slots: 12, lru_batch, ..Config::default() };
            let mut model = Model::with_fault(&config, *fault);
            let mut snapshot = Snapshot::default();
            let mut dice = random::Dice::of(seed);
            for _ in 0..100 {
                model.apply(&random_swap::op(&mut dice, u32::from(config.ptes)));
                model.snapshot(&mut snapshot);
            }
        }
    }
}

#[test]
fn nor_with_devices() {
    for fault in Fault::ALL {
        for seed in 0..60 {
            let dev_thp = seed % 2 == 0;
            let config = Config { soft_dirty: dev_thp, dev_thp, ptes: 4, ..Config::default() };
            let mut model = Model::with_fault(&config, *fault);
            let mut snapshot = Snapshot::default();
            let mut dice = random::Dice::of(seed);
            for _ in 0..100 {
                model.apply(&random_device::op(&mut dice, u32::from(config.ptes)));
                model.snapshot(&mut snapshot);
            }
        }
    }
}

#[test]
fn nor_in_the_anonmm_scheme() {
    for fault in Fault::ALL {
        for seed in 0..60 {
            let rmap = RmapScheme::Anonmm;
            let config = Config { rmap, ptes: 4, swap_slots: 8, ..Config::default() }.sanitized();
            let mut model = Model::with_fault(&config, *fault);
            let mut snapshot = Snapshot::default();
            let mut dice = random::Dice::of(seed);
            for op in random_anonmm::program(&mut dice, u32::from(config.ptes), 100) {
                model.apply(&op);
                model.snapshot(&mut snapshot);
            }
        }
    }
}

#[test]
fn a_fault_stays_through_a_reset() {
    let config = Config::default();
    let mut model = Model::with_fault(&config, Fault::Canary);
    model.reset(&config);
    let ops = [mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 0, b'b')];
    ops.iter().for_each(|op| drop(model.apply(op)));
    assert_ne!(
        model.apply(&read(0, 0)).outcome,
        mm_ops::Outcome::Value(mm_ops::Value::label(b'b'))
    );
}
