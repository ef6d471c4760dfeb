//! The rmap walker (L8, L18): wherever its steps fall, it finds who maps its folio, or backs off.

use super::random::Dice;
use super::random_moves;
use super::relocate::DESIGNS;
use super::support::*;
use mm_ops::{
    Actor, ActorEnd, Choice, Config, EntrySnap, Errno, Op, Outcome, Pid, PidSet, RelocateDesign,
    Vpn,
};

fn walker(pid: u8, vpn: u32, at: [u8; 4]) -> Op {
    Op::Race { actor: Actor::Walk { pid: Pid(pid), vpn: Vpn(vpn) }, at }
}

/// How the walker of the last operation ended.
fn end(m: &Machine) -> ActorEnd {
    let mut ends = m.choices.iter().filter_map(|choice| match choice {
        Choice::Raced(end) => Some(*end),
        _ => None,
    });
    ends.next().expect("a walker was armed")
}

fn walked(pids: &[u8]) -> ActorEnd {
    ActorEnd::Walked(pids.iter().map(|pid| Pid(*pid)).collect())
}

/// Every way to spread four steps over the first yield points, and the end.
fn spreads() -> impl Iterator<Item = [u8; 4]> {
    let points = [0, 1, 2, 3, 4, 5, 6, 8, 10, mm_ops::AT_END];
    let all = points.into_iter();
    all.flat_map(move |a| points.into_iter().map(move |b| (a, b)))
        .flat_map(move |(a, b)| points.into_iter().map(move |c| (a, b, c)))
        .flat_map(move |(a, b, c)| points.into_iter().map(move |d| [a, b, c, d]))
        .filter(|at| at.is_sorted())
}

/// Runs the operation with the walker of a page at every spread: it finds exactly these processes or
/// backs off. Answers how often it found them.
fn spread(config: Config, before: &[Op], op: Op, vpn: u32, pids: &[u8]) -> u32 {
    let mut found = 0;
    let mut alone = Machine::with(config);
    alone.all(before);
    let expected = alone.apply(op);
    for at in spreads() {
        let mut m = Machine::with(config);
        m.all(before);
        m.all(&[walker(0, vpn, at)]);
        assert_eq!(m.apply(op), expected, "{at:?}");
        let end = end(&m);
        assert!(end == walked(pids) || end == ActorEnd::BackedOff, "{op:?} {at:?}: {end:?}");
        let real_time = at == [0; 4] || at[0] == mm_ops::AT_END;
        assert!(!real_time || end == walked(pids), "{op:?} {at:?}: nobody holds the lock there");
        found += u32::from(end == walked(pids));
    }
    found
}

#[test]
fn l18_a_walk_beside_a_move_misses_nothing() {
    let small = [mmap(0, 0, 4, RW), write(0, 0, b'a'), write(0, 1, b'b')];
    let table = [mmap(0, 0, 16, RW), write(0, 8, b'a'), write(0, 9, b'b')];
    let config = Config::default();
    assert!(spread(config, &small, move_to(0, 0, 2, 16), 0, &[0]) > 100);
    assert!(spread(config, &table, move_to(0, 8, 8, 32), 8, &[0]) > 10);
    let shared = [&small[..], &[fork(0, 1)]].concat();
    assert!(spread(config, &shared, move_to(0, 0, 2, 16), 1, &[0, 1]) > 100);
    // Merged in front of the source: the lock is held for every table (J10).
    let back = [&table[..], &[move_to(0, 8, 2, 64)]].concat();
    assert!(spread(config, &back, move_to(0, 64, 2, 8), 0x40, &[0]) > 10);
}

#[test]
fn l18_a_walk_beside_a_relocation_misses_nothing() {
    let small = [mmap(0, 0, 4, RW), write(0, 0, b'a'), write(0, 1, b'b')];
    let leaf = [thp(&[3]), mmap(0, 0, 8, RW), write(0, 0, b'a')];
    for relocate in [
        RelocateDesign::PinCheck,
        RelocateDesign::Collect,
        RelocateDesign::AvObject,
        RelocateDesign::Combined,
    ] {
        let config = Config { relocate, ..Config::default() };
        for (ops, len) in [(&small[..], 4), (&leaf[..], 8)] {
            let found = spread(config, ops, relocate_to(0, 0, len, 32), 0, &[0]);
            assert!(found > 10, "{relocate:?}: {found}");
            let undone = [ops, &[lock(0, 0, 0)]].concat();
            spread(config, &undone, relocate_to(0, 0, len, 32), 0, &[0]);
            let undone = [ops, &[lock(0, len / 4, 0)]].concat();
            spread(config, &undone, relocate_to(0, 0, len, 32), 0, &[0]);
        }
    }
}

#[test]
fn l18_a_walk_beside_uffdio_move_misses_nothing() {
    let small = [
        mmap(0, 0, 4, RW),
        mmap(0, 8, 8, RW),
        write(0, 0, b'a'),
        write(0, 1, b'b'),
        uffd_register(0, 8, 8, true, false),
    ];
    let config = Config::default();
    let found = spread(config, &small, uffd_move(0, 0, 2, 8), 1, &[0]);
    assert!(found > 50, "{found}");
    let leaf = [
        thp(&[3]),
        mmap(0, 0, 8, RW),
        write(0, 0, b'a'),
        mmap(0, 16, 8, RW),
        uffd_register(0, 16, 8, true, false),
    ];
    assert!(spread(config, &leaf, uffd_move(0, 0, 8, 16), 3, &[0]) > 10);
}

#[test]
fn l18_a_walk_beside_splits_and_collapses_misses_nothing() {
    let large = [thp(&[2]), mmap(0, 0, 8, RW), write(0, 0, b'a')];
    spread(Config::default(), &large, split(0, 0, 0), 0, &[0]);
    let leaf = [thp(&[3]), mmap(0, 0, 8, RW), write(0, 0, b'a'), fork(0, 1)];
    spread(Config::default(), &leaf, mprotect(0, 0, 4, R), 0, &[0, 1]);
}

#[test]
fn the_operation_waits_for_a_walker_that_has_the_lock() {
    let table = [mmap(0, 0, 16, RW), write(0, 8, b'a')];
    let mut m = Machine::after(&table);
    m.all(&[walker(0, 8, [0, 0, 1, 1])]);
    assert_eq!(m.apply(move_to(0, 8, 8, 32)), at(32));
    assert_eq!(end(&m), walked(&[0]), "its steps came before the table moved");
    let mut m = Machine::after(&table);
    m.all(&[walker(0, 8, [0, 1, 1, 1])]);
    m.all(&[move_to(0, 8, 8, 32)]);
    assert_eq!(end(&m), ActorEnd::BackedOff, "the operation was first");
}

#[test]
fn who_walks_to_nothing_backs_off() {
    for (ops, op) in [
        (vec![mmap(0, 0, 4, RW)], read(0, 1)),
        (vec![mmap(0, 0, 4, RW), read(0, 0)], read(0, 1)),
        (vec![mmap(0, 0, 4, RW), write(0, 0, b'a'), migrate(0, 0, 0)], read(0, 1)),
    ] {
        let mut m = Machine::after(&ops);
        m.all(&[walker(0, 0, [0; 4]), op]);
        assert_eq!(end(&m), ActorEnd::BackedOff);
    }
    let ops = [mmap(0, 0, 4, RW), write(0, 0, b'a')];
    for at in [[0, 0, 1, 9], [0, 1, 1, 1], [0, 0, 0, 9], [9; 4]] {
        let mut m = Machine::after(&ops);
        m.all(&[walker(0, 0, at), munmap(0, 0, 4)]);
        let may = [walked(&[0]), ActorEnd::BackedOff];
        assert!(may.contains(&end(&m)), "{at:?}: {:?}", end(&m));
    }
    let mut m = Machine::after(&ops);
    m.all(&[walker(0, 0, [mm_ops::AT_END; 4]), munmap(0, 0, 4)]);
    assert_eq!(end(&m), ActorEnd::BackedOff, "the folio is gone");
    assert_eq!(m.apply(rmap_walk(0, 0)), err(Errno::EFAULT));
}

#[test]
fn a_walker_outlives_the_process_that_named_its_folio() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), write(0, 0, b'a'), fork(0, 1)]);
    m.all(&[walker(0, 0, [mm_ops::AT_END; 4]), exit(0)]);
    assert_eq!(end(&m), walked(&[1]));
}

#[test]
fn a_walk_beside_a_fork_finds_the_child_or_not() {
    for at in spreads() {
        let mut m = Machine::after(&[mmap(0, 0, 4, RW), write(0, 0, b'a'), walker(0, 0, at)]);
        assert_eq!(m.apply(fork(0, 1)), Outcome::Ok);
        let may = [walked(&[0]), walked(&[0, 1])];
        assert!(may.contains(&end(&m)), "{at:?}: {:?}", end(&m));
        assert_ne!(end(&m), ActorEnd::Walked(PidSet::EMPTY));
    }
}

/// Whoever maps a folio, by its number.
fn mapping(m: &Machine, id: u32) -> PidSet {
    let head = m.model.folios[id].head;
    let ranges = m.model.rmap_ranges(id);
    let mapping = ranges.iter().filter(|range| m.model.maps_in(head, range));
    mapping.map(|range| range.area.pid).collect()
}

/// A walk finds who maps the folio all the time, and nobody who never does; whatever the operation.
#[test]
fn l18_a_walk_beside_anything_misses_nothing() {
    let mut judged = 0;
    for seed in 0..3000 {
        let relocate = DESIGNS[seed as usize % DESIGNS.len()];
        let ptes = [4u16, 8][seed as usize % 2];
        let mut m = Machine::with(Config { ptes, relocate, ..Config::default() });
        let mut dice = Dice::of(seed);
        let ptes = u32::from(ptes);
        m.all(&[mmap(0, 0, 3 * ptes, RW), write(0, 1, b'a')]);
        for _ in 0..60 {
            let op = random_moves::op(&mut dice, ptes);
            let mut at = [0; 4];
            let mut last = 0;
            for step in &mut at {
                last += dice.roll(5) as u8;
                *step = last;
            }
            let mapped = m.snapshot().entries;
            let mapped: Vec<_> = mapped.iter().filter(|entry| entry.kind.maps_folio()).collect();
            if mapped.is_empty() {
                m.apply(op);
                continue;
            }
            let EntrySnap { pid, vpn, .. } = *mapped[dice.roll(mapped.len() as u32) as usize];
            let entry = m.model.present_entry(pid, vpn).expect("it maps a folio");
            let id = m.model.folios.of(entry.pfn());
            let folio = m.model.folios[id];
            let before = mapping(&m, id);
            m.all(&[walker(pid.0, vpn.0, at), op]);
            let ActorEnd::Walked(found) = end(&m) else { continue };
            assert_ne!(found, PidSet::EMPTY, "seed {seed}, {op:?}, {at:?}");
            let now = m.model.folios[id];
            if (now.head, now.order) != (folio.head, folio.order) {
                continue;
            }
            let after = mapping(&m, id);
            let fits = |pid: Pid| match (before.contains(pid), after.contains(pid)) {
                (true, true) => found.contains(pid),
                (false, false) => !found.contains(pid),
                _ => true,
            };
            assert!((0..4).map(Pid).all(fits), "seed {seed}, {op:?}, {at:?}: {found:?}");
            judged += 1;
        }
    }
    assert!(judged > 2000, "{judged}");
}

/// What the faults of the locks and of the second look make of it: a walk that misses its page.
#[cfg(feature = "faults")]
#[test]
fn faults_make_a_walk_miss() {
    for name in [
        "mremap-table-move-no-rmap-lock",
        "rmap-lock-no-recheck",
        "uffdmove-no-rmap-lock",
        "relocate-no-old-lock",
        "relocate-no-new-lock",
        "relocate-avobject-one-place",
    ] {
        let fault = crate::faults::Fault::from_name(name).expect("it is in the catalogue");
        let program = super::faults::of_corpus(fault);
        let mut model = crate::model::Model::with_fault(&program.config, fault);
        let missed = Choice::Raced(ActorEnd::Walked(PidSet::EMPTY));
        let misses = |op: Op| mm_ops::Mm::apply(&mut model, &op).choices.contains(&missed);
        assert!(program.stamped().any(misses), "{name}");
    }
}
