//! The rmap walker beside an operation (L8, L9, L18, L19). What the other actors come to is told by
//! the tests of what they race with, against a subject.

use super::random::{config, generator};
use super::*;
use crate::{Turn, Way};
use mm_ops::{Actor, ActorEnd, MremapFlags, PidSet, UffdCall};

impl Bench {
    /// Runs an operation beside a walker that is after the folio at a page of `p0`.
    #[track_caller]
    fn walked(&mut self, vpn: u32, op: &Op, turn: Turn, way: Way) -> ActorEnd {
        let actor = Actor::Walk { pid: Pid(0), vpn: Vpn(vpn) };
        let (outcome, end) = self
            .machine
            .apply_raced(op, &[], actor, turn, way)
            .expect("no choice, so none refused");
        assert!(!matches!(outcome, Outcome::Err(_)), "{outcome:?}");
        end
    }
}

fn found(pids: &[u8]) -> ActorEnd {
    ActorEnd::Walked(pids.iter().map(|pid| Pid(*pid)).collect())
}

#[test]
fn l9_a_walk_names_who_maps_the_folio_at_its_turn() {
    let exit = Op::Exit { pid: Pid(0) };
    for (turn, who) in [(Turn::Before, &[P0, P1][..]), (Turn::After, &[P1])] {
        let mut bench = Bench::mapped(4);
        bench.write(P0, 1, b'a');
        bench.fork(P0, P1);
        assert_eq!(bench.walked(1, &exit, turn, Way::Done), found(who));
        assert!(bench.fired(Rule::L8) && bench.fired(Rule::L9));
        assert!(!bench.fired(Rule::L18));
    }
}

#[test]
fn l19_a_folio_that_nobody_maps_ends_the_walk() {
    for (way, end) in [(Way::Done, ActorEnd::BackedOff), (Way::Late, found(&[]))] {
        let mut bench = Bench::mapped(4);
        bench.write(P0, 1, b'a');
        assert_eq!(bench.walked(1, &munmap(P0, 0, 4), Turn::After, way), end);
        assert!(bench.fired(Rule::L19));
    }
}

#[test]
fn l9_there_is_no_walk_where_nothing_is_mapped_and_of_ksm_pages() {
    let mut bench = Bench::mapped(4);
    assert_eq!(bench.walked(1, &read(P0, 0), Turn::Before, Way::Done), ActorEnd::BackedOff);
    bench.write(P0, 0, b'a');
    bench.write(P0, 1, b'a');
    bench.advise(P0, 0, 4, Advice::Mergeable);
    let merge = Op::Ksm { pid: Pid(0), vpn: Vpn(0), with: Pid(0), to: Vpn(1) };
    // Stamps tell the contents apart.
    for page in [0, 1] {
        bench.ok(Op::Write { pid: Pid(0), vpn: Vpn(page), value: Value::ZERO });
    }
    assert_eq!(bench.walked(0, &merge, Turn::Before, Way::Done), found(&[P0]));
    assert_eq!(bench.walked(0, &read(P0, 0), Turn::Before, Way::Done), ActorEnd::BackedOff);
}

#[test]
fn l18_a_folio_that_moved_to_another_root_is_found_there() {
    let mut bench = Bench::mapped(8);
    bench.write(P0, 1, b'a');
    bench.mmap(P0, 20, 4, RW);
    let call = UffdCall::Register { missing: true, wp: false };
    bench.ok(Op::Uffd { pid: Pid(0), range: PageRange::new(20, 4), call });
    let op = Op::UffdMove { pid: Pid(0), range: PageRange::new(1, 1), to: Vpn(21), holes: false };
    assert_eq!(bench.walked(1, &op, Turn::After, Way::Done), found(&[P0]));
    assert!(bench.fired(Rule::L18));
}

#[test]
fn l18_nobody_gets_in_while_pages_are_relocated() {
    // Between the first rewritten folio and the last entry that moves the two disagree.
    let flags =
        MremapFlags { maymove: true, fixed: true, must_relocate: true, ..MremapFlags::NONE };
    let (range, to) = (PageRange::new(0, 2), PageRange::new(21, 2));
    let op = Op::Mremap { pid: Pid(0), range, to, flags };
    let mut ends = Vec::new();
    for step in 1..=7 {
        let mut bench = Bench::mapped(4);
        bench.write(P0, 0, b'a');
        bench.write(P0, 1, b'b');
        ends.push(bench.walked(0, &op, Turn::Between(step), Way::Done));
        assert_eq!(bench.machine.steps(), 7, "two folios, two entries, what is around them");
        assert_eq!(bench.walked(21, &read(P0, 21), Turn::Before, Way::Done), found(&[P0]));
    }
    assert_eq!(ends[..5], [ActorEnd::BackedOff; 5]);
    assert_eq!(ends[5..], [found(&[P0]); 2]);
}

#[test]
fn l8_a_folio_that_is_split_goes_on_with_its_first_piece() {
    let mut bench = Bench::with(Config { ptes: 8, ..Config::default() });
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.write(P0, 2, b'b');
    let op = Op::Split { pid: Pid(0), vpn: Vpn(2), order: Order(0), nonuniform: false };
    let end = bench.walked(2, &op, Turn::After, Way::Done);
    assert_eq!(end, ActorEnd::Walked(PidSet::EMPTY.with(Pid(0))));
    assert_eq!(bench.page(P0, 2).page, 0);
}

/// Whoever may walk at a moment finds all who map the folio then, and nobody who does not; and it
/// changes nothing. So no operation of the reference has a step between which a page that is mapped
/// cannot be found, but where it says that roots are locked.
#[test]
fn inv34_holds_whenever_a_walker_comes() {
    let (mut walks, mut between) = (0, 0);
    for seed in 0..1500 {
        let mut generator = generator(seed);
        let mut reference = Reference::new(&config(seed));
        for index in 0..60 {
            let op = generator.op_at(seed, index).stamped(index);
            let actor = Actor::Walk { pid: generator.pid(), vpn: generator.vpn() };
            let before = reference.clone();
            let outcome = reference.apply(&op, &[]).expect("no choice, so none refused");
            let mut alone = Snapshot::default();
            reference.snapshot(&mut alone);
            let mut turn = Turn::Before;
            loop {
                let mut raced = before.clone();
                let done = raced.apply_raced(&op, &[], actor, turn, Way::Done);
                let (answer, end) = done.expect("no choice, so none refused");
                let mut beside = Snapshot::default();
                raced.snapshot(&mut beside);
                assert_eq!((answer, &beside), (outcome, &alone), "{op:?} {actor:?} {turn:?}");
                assert_ne!(end, ActorEnd::Walked(PidSet::EMPTY), "{op:?} {actor:?} {turn:?}");
                walks += u32::from(end != ActorEnd::BackedOff);
                turn = match turn {
                    Turn::Before => Turn::After,
                    Turn::After => Turn::Between(1),
                    Turn::Between(step) => Turn::Between(step + 1),
                };
                let Turn::Between(step) = turn else { continue };
                if step > raced.steps() || step > 12 {
                    break;
                }
                between += 1;
            }
        }
    }
    assert!(walks > 1000 && between > 1000, "{walks} walks, {between} between steps");
}
