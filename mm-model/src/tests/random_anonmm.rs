//! Random programs with the anonmm scheme: whatever the run length, results are equal, counts add up,
//! whoever maps a page is found but for lack of memory, content goes along, and nothing leaks.

use super::random::{Dice, give_up_everything};
use super::random_swap;
use super::support::*;
use mm_ops::{
    Actor, Advice, Choice, Config, GupFlags, Handle, MremapFlags, Op, Outcome, PageRange, Pid,
    PidSet, Prot, RACE_STEPS, Remote, RmapScheme, Snapshot, Token, Value, Vpn,
};

/// Few places, so that relatives have the same pages at different ones.
pub(crate) fn op(dice: &mut Dice, ptes: u32) -> Op {
    let (pid, range) = (dice.pid(), dice.range(ptes));
    let vpn = Vpn(dice.roll(2 * ptes));
    let value = Value::label(dice.roll(3) as u8);
    let (handle, token) = (Handle(dice.roll(3) as u8), Token(dice.roll(3) as u8));
    match dice.roll(48) {
        0..4 => Op::Mmap { pid, range, prot: prot(dice), droppable: false },
        4 => Op::Munmap { pid, range },
        5..7 => Op::Mprotect { pid, range, prot: prot(dice) },
        7 => Op::Madvise { pid, range, advice: Advice::DontNeed },
        8 if dice.roll(3) == 0 => Op::Mlock { pid, range },
        8 => Op::Munlock { pid, range },
        9..13 => Op::Fork { parent: pid, child: dice.pid() },
        13 if dice.roll(4) == 0 => Op::Exit { pid },
        13..17 => Op::Read { pid, vpn },
        17..23 => Op::Write { pid, vpn, value },
        23 => {
            let (write, force) = (dice.roll(2) == 0, dice.roll(2) == 0);
            let flags = GupFlags { write, force, ..GupFlags::default() };
            Op::Gup { pid, range, handle, flags }
        }
        24 => Op::Put { handle, dirty: dice.roll(2) == 0 },
        25 => Op::DmaWrite { handle, index: dice.roll(4), value },
        26 => Op::Remote { pid, vpn, access: Remote::Peek },
        27 => Op::Remote { pid, vpn, access: Remote::Poke(value) },
        28..30 => Op::FailAlloc { nth: 1 + dice.roll(6) as u16 },
        30 => Op::Lock { pid, vpn, token },
        31 => Op::Isolate { pid, vpn, token },
        32 => Op::Drop { token },
        33..38 => Op::SwapOut { pid, vpn, token: (dice.roll(4) == 0).then_some(token) },
        38 => Op::WriteDone { token, error: dice.roll(3) == 0 },
        39 if dice.roll(3) == 0 => Op::Swapoff,
        39 => Op::Swapon,
        40..44 => mremap(dice, ptes, pid, range),
        44..47 => Op::RmapWalk { pid, vpn },
        _ => random_swap::op(dice, ptes),
    }
}

/// Some pages to begin with.
fn start(ptes: u32) -> Vec<Op> {
    let writes = (0..ptes + 2).map(|vpn| write(0, vpn, b'a' + vpn as u8 % 20));
    std::iter::once(mmap(0, 0, 3 * ptes, RW)).chain(writes).collect()
}

fn prot(dice: &mut Dice) -> Prot {
    [RW, RW, RW, R, NONE][dice.roll(5) as usize]
}

fn mremap(dice: &mut Dice, ptes: u32, pid: Pid, range: PageRange) -> Op {
    let len = if dice.roll(4) == 0 { dice.roll(2 * ptes) } else { range.len };
    let (fixed, maymove) = (dice.roll(4) > 0, dice.roll(8) > 0);
    let flags = MremapFlags { fixed, maymove, ..MremapFlags::NONE };
    Op::Mremap { pid, range, to: PageRange::new(dice.roll(4 * ptes), len), flags }
}

fn config(ptes: u16, swap_slots: u16) -> Config {
    let rmap = RmapScheme::Anonmm;
    Config { ptes, swap_slots, rmap, ..Config::default() }.sanitized()
}

/// The mappings that a search does not find, by process and page (M11).
#[derive(Default)]
struct Lost(Vec<(Pid, Vpn)>);

impl Lost {
    /// INV38: only lack of memory makes new ones.
    fn check(&mut self, machine: &Machine, op: &Op) {
        let snapshot = machine.snapshot();
        let entries = snapshot.entries.iter().filter(|entry| entry.kind.maps_folio());
        let elsewhere = entries
            .filter(|entry| snapshot.folios[entry.folio as usize].index != entry.vpn.0)
            .map(|entry| (entry.pid, entry.vpn));
        let now: Vec<_> = elsewhere.collect();
        let failed = machine.choices.iter().any(|c| matches!(c, Choice::AllocFailed(_)));
        // A fork shares what its parent has, lost or not.
        let inherits = matches!(op, Op::Fork { .. });
        for place in &now {
            let known = self.0.contains(place) || inherits && !self.0.is_empty();
            assert!(known || failed, "INV38: {place:?} after {op:?}");
        }
        self.0 = now;
    }
}

/// What a search must find, asked before it.
fn expected_walk(machine: &Machine, op: &Op) -> Option<(PidSet, bool)> {
    let Op::RmapWalk { pid, vpn } = *op else { return None };
    let entry = machine.entry(pid.0, vpn.0).filter(|entry| entry.kind.maps_folio())?;
    Some(mappings(&machine.snapshot())[entry.folio as usize])
}

#[test]
fn run_length_is_not_observable() {
    let mut walks = 0;
    for (ptes, slots) in [(4, 64), (8, 64), (8, 5), (16, 24)] {
        for seed in 0..200 {
            let mut dice = Dice::of(seed);
            let mut machines = runs(config(ptes, slots));
            machines.iter_mut().for_each(|machine| machine.all(&start(u32::from(ptes))));
            let mut lost = Lost::default();
            for _ in 0..120 {
                let op = op(&mut dice, u32::from(ptes));
                let walk = expected_walk(&machines[0], &op);
                let outcomes = machines.each_mut().map(|machine| machine.apply(op));
                let [on, others @ ..] = &machines;
                for (other, outcome) in others.iter().zip(&outcomes[1..]) {
                    assert_eq!(outcomes[0], *outcome, "seed {seed}, {op:?}");
                    assert_eq!(on.choices, other.choices, "seed {seed}, {op:?}");
                    assert_eq!(on.snapshot(), other.snapshot(), "seed {seed}, {op:?}");
                }
                if let Some((pids, findable)) = walk {
                    walks += 1;
                    let all = outcomes[0] == Outcome::Pids(pids);
                    assert_eq!(on.warnings().1, u32::from(!findable), "seed {seed}, {op:?}");
                    assert!(all || !findable, "seed {seed}, {op:?}");
                }
                lost.check(on, &op);
            }
            let [on, ..] = &mut machines;
            give_up_everything(on);
        }
    }
    assert!(walks > 1000, "{walks}: enough pages are searched for");
}

/// A CPU with a translation to this page or one that it may be moved to.
fn race(dice: &mut Dice, ptes: u32) -> Op {
    let (pid, vpn, value) = (dice.pid(), Vpn(dice.roll(2 * ptes)), Value::label(3));
    let load = dice.roll(2) == 0;
    let actor = if load { Actor::Load { pid, vpn } } else { Actor::Store { pid, vpn, value } };
    Op::Race { actor, at: [dice.roll(8) as u8; RACE_STEPS] }
}

/// A program of a fourth such actors.
#[cfg(feature = "faults")]
pub(crate) fn program(dice: &mut Dice, ptes: u32, length: u32) -> Vec<Op> {
    let mut program = start(ptes);
    for _ in 0..length {
        program.extend((dice.roll(4) == 0).then(|| race(dice, ptes)));
        program.push(op(dice, ptes));
    }
    program
}

#[test]
fn counts_add_up_whoever_looks_on() {
    for (seed, ptes) in (0..400).map(|seed| (seed, [4u16, 8][seed as usize % 2])) {
        let mut m = Machine::with(config(ptes, 16));
        let mut dice = Dice::of(seed);
        let mut lost = Lost::default();
        m.all(&start(u32::from(ptes)));
        for _ in 0..120 {
            let ptes = u32::from(ptes);
            let op = if dice.roll(4) == 0 { race(&mut dice, ptes) } else { op(&mut dice, ptes) };
            m.apply(op);
            lost.check(&m, &op);
        }
        give_up_everything(&mut m);
    }
}

/// What a process must see at its pages: zero where nothing is.
fn contents(snapshot: &Snapshot, ptes: u32) -> Vec<Vec<u8>> {
    let mut contents = vec![vec![0; ptes.pow(3) as usize]; 4];
    for entry in &snapshot.entries {
        let value = snapshot.value_behind(entry, 0);
        contents[entry.pid.index()][entry.vpn.0 as usize] = value.label;
    }
    contents
}

/// Operations that change no content, and moves, which take it along.
#[test]
fn content_goes_along() {
    let (mut moves, mut copies) = (0, 0);
    for seed in 0..1500 {
        let mut m = Machine::with(config(8, 12));
        let mut dice = Dice::of(seed);
        m.all(&start(8));
        for _ in 0..100 {
            let op = op(&mut dice, 8);
            let state = m.snapshot();
            let mut expected = contents(&state, 8);
            let outcome = m.apply(op);
            copies += m.warnings().0;
            match (op, outcome) {
                (Op::Mremap { pid, range, to, .. }, Outcome::At(Vpn(to_vpn)))
                    if range.len == to.len && to_vpn != range.start.0 && !range.is_empty() =>
                {
                    moves += 1;
                    for page in 0..range.len {
                        // J2: gaps in the source leave what is at the destination.
                        let from = Vpn(range.start.0 + page);
                        if state.vma_at(pid, from).is_some() {
                            let pages = &mut expected[pid.index()];
                            pages[(to_vpn + page) as usize] =
                                std::mem::take(&mut pages[from.0 as usize]);
                        }
                    }
                }
                (Op::Mremap { flags: MremapFlags { fixed: true, .. }, .. }, _) => continue,
                (Op::Mremap { range, to, .. }, _) if range.len != to.len => continue,
                (
                    Op::Mremap { .. }
                    | Op::Mprotect { .. }
                    | Op::Mlock { .. }
                    | Op::Read { .. }
                    | Op::Gup { .. }
                    | Op::SwapOut { .. }
                    | Op::WriteDone { .. }
                    | Op::Swapoff
                    | Op::RmapWalk { .. }
                    | Op::Lock { .. }
                    | Op::Isolate { .. },
                    _,
                ) => {}
                _ => continue,
            }
            assert!(contents(&m.snapshot(), 8) == expected, "seed {seed}, {op:?}: {outcome:?}");
        }
    }
    assert!(moves > 500 && copies > 500, "{moves}, {copies}: enough of them work");
}
