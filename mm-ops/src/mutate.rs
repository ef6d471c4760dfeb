//! Changing programs: insertion, deletion, duplication, moving, splicing, and changes of one
//! operand, by the same knowledge of what makes sense as generation. Every engine mutates here.
//! Works in place: within the capacity a program has, nothing is allocated.

use crate::call::{GupFlags, Remote, UffdCall, UffdFill};
use crate::config::{AccessBits, Batching, Config};
use crate::device::DevOp;
use crate::generate::{
    Draw, Maker, Profile, Sketch, draw_dev_exclusive, draw_dev_mem, draw_device, draw_ptes,
    draw_relocate, draw_slots, draw_steps, draw_uffd, orders_up_to,
};
use crate::ids::{OPS_MAX, PROCS_MAX, PageRange, Vpn};
use crate::kind::OpKind;
use crate::op::Op;
use crate::program::{Program, Step};
use crate::race::{Actor, RACE_STEPS};
use rand_core::RngCore;

/// Most steps that one duplication, deletion or splice takes at once.
const RUN_MAX: u32 = 8;

/// Changes a program a little: one change mostly, a few at times. Expectations are dropped, for
/// they belong to the program as it was.
///
/// The result has at most `profile.length_max` operations, or as many as it had before.
pub fn mutate(program: &mut Program, profile: &Profile, rng: &mut (impl RngCore + ?Sized)) {
    program.steps.iter_mut().for_each(|step| step.expect = None);
    for _ in 0..4 {
        mutate_once(program, profile, rng);
        if !rng.one_in(3) {
            break;
        }
    }
    fit(program);
}

/// One variation in this many changes a program here and there; the others go on with it.
const CHANGE_ONE_IN: u32 = 5;

/// Makes another program of one that led somewhere: goes on with it mostly, for what is behind the state it leads
/// to is new, while what is beside it was mostly seen with the program itself. Else changes it here and
/// there.
pub fn vary(program: &mut Program, profile: &Profile, rng: &mut (impl RngCore + ?Sized)) {
    if rng.next_u32().is_multiple_of(CHANGE_ONE_IN) {
        return mutate(program, profile, rng);
    }
    // At least to the length that a new program would have.
    let length = u32::from(profile.length).max(1);
    let missing = length.saturating_sub(program.steps.len() as u32);
    let count = missing.max(1 + rng.next_u32() % length);
    extend(program, count as usize, profile, rng);
}

/// Goes on with a program, by so many operations, as if it had been drawn from the profile up to here:
/// what is behind a state that is hard to reach needs more than one change to be seen. Expectations are
/// dropped.
pub fn extend(
    program: &mut Program,
    count: usize,
    profile: &Profile,
    rng: &mut (impl RngCore + ?Sized),
) {
    program.steps.iter_mut().for_each(|step| step.expect = None);
    let length = program.steps.len().max(OPS_MAX.min(program.steps.len() + count));
    let sketch = sketch_before(program, program.steps.len());
    draw_steps(profile, rng, program, sketch, length);
    fit(program);
}

/// Splices `other` into a program: both are cut at operation boundaries, and a piece of `other`
/// takes the place of what stood behind the cut, or is put in between.
pub fn splice(
    program: &mut Program,
    other: &Program,
    profile: &Profile,
    rng: &mut (impl RngCore + ?Sized),
) {
    if other.steps.is_empty() {
        return;
    }
    let at = rng.below(program.steps.len() as u32 + 1) as usize;
    let from = rng.below(other.steps.len() as u32) as usize;
    if rng.one_in(2) {
        program.steps.truncate(at);
        program.steps.extend_from_slice(&other.steps[from..]);
    } else {
        let to = (from + rng.between(1, RUN_MAX) as usize).min(other.steps.len());
        program.steps.splice(at..at, other.steps[from..to].iter().copied());
    }
    program.steps.truncate(steps_max(profile));
    program.steps.iter_mut().for_each(|step| step.expect = None);
    fit(program);
}

/// Leaves what the rmap scheme has: what comes from elsewhere may be of another.
fn fit(program: &mut Program) {
    program.config = program.config.sanitized();
    let scheme = program.config.rmap;
    program.steps.retain_mut(|step| match step.op.fitted(scheme) {
        Some(op) => {
            step.op = op;
            true
        }
        None => false,
    });
}

fn steps_max(profile: &Profile) -> usize {
    usize::from(profile.length_max).min(OPS_MAX)
}

fn mutate_once<D: Draw + ?Sized>(program: &mut Program, profile: &Profile, draw: &mut D) {
    let len = program.steps.len() as u32;
    let room = steps_max(profile).saturating_sub(program.steps.len());
    if len == 0 {
        return insert(program, profile, draw, 0);
    }
    let at = draw.below(len) as usize;
    match draw.below(32) {
        0..6 if room > 0 => insert(program, profile, draw, at),
        6 | 7 if room > 0 => insert_scene(program, profile, draw, at),
        8..12 if room > 0 => insert(program, profile, draw, len as usize),
        12..15 if room > 0 => duplicate(program, draw, at, room),
        15..18 => shift(program, draw, at),
        18..25 => tweak(program, profile, draw, at),
        25..27 => replace(program, profile, draw, at),
        27 => change_config(&mut program.config, draw),
        28 | 29 => delete(program, draw, at),
        _ => {
            program.steps.remove(at);
        }
    }
}

/// Puts a new operation before this place.
fn insert<D: Draw + ?Sized>(program: &mut Program, profile: &Profile, draw: &mut D, at: usize) {
    let sketch = sketch_before(program, at);
    let mut maker = Maker::new(profile, &program.config, &sketch, draw);
    let mut op = maker.op();
    // An actor waits for what comes next.
    if let (Op::Race { .. }, Some(next)) = (op, program.steps.get(at)) {
        op = maker.race_before(&next.op);
    }
    program.steps.insert(at, Step { op, expect: None });
}

/// Puts a scene before this place.
fn insert_scene<D: Draw + ?Sized>(
    program: &mut Program,
    profile: &Profile,
    draw: &mut D,
    at: usize,
) {
    let sketch = sketch_before(program, at);
    let scene = Maker::new(profile, &program.config, &sketch, draw).scene();
    let steps = scene.ops().iter().map(|op| Step { op: *op, expect: None });
    let room = steps_max(profile).saturating_sub(program.steps.len());
    program.steps.splice(at..at, steps.take(room));
}

fn replace<D: Draw + ?Sized>(program: &mut Program, profile: &Profile, draw: &mut D, at: usize) {
    let sketch = sketch_before(program, at);
    program.steps[at].op = Maker::new(profile, &program.config, &sketch, draw).op();
}

/// Copies an operation, or several, to another place.
fn duplicate<D: Draw + ?Sized>(program: &mut Program, draw: &mut D, at: usize, room: usize) {
    let steps = &mut program.steps;
    let run = run_at(draw, at, steps.len()).min(room);
    let to = draw.below(steps.len() as u32 + 1) as usize;
    let mut copy = [steps[at]; RUN_MAX as usize];
    copy[..run].copy_from_slice(&steps[at..at + run]);
    steps.splice(to..to, copy[..run].iter().copied());
}

/// Moves an operation, or several, to another place.
fn shift<D: Draw + ?Sized>(program: &mut Program, draw: &mut D, at: usize) {
    let run = run_at(draw, at, program.steps.len());
    let to = draw.below(program.steps.len() as u32) as usize;
    if to < at {
        program.steps[to..at + run].rotate_right(run);
    } else {
        let end = (to + run).min(program.steps.len());
        program.steps[at..end].rotate_left(run);
    }
}

/// Deletes several operations.
fn delete<D: Draw + ?Sized>(program: &mut Program, draw: &mut D, at: usize) {
    let run = run_at(draw, at, program.steps.len());
    program.steps.drain(at..at + run);
}

/// Length of a run that begins at this place: 1 mostly.
fn run_at<D: Draw + ?Sized>(draw: &mut D, at: usize, len: usize) -> usize {
    let run = if draw.one_in(3) { draw.between(2, RUN_MAX) } else { 1 };
    (run as usize).min(len - at)
}

fn sketch_before(program: &Program, at: usize) -> Sketch {
    Sketch::after(program.steps[..at].iter().map(|step| &step.op))
}

/// Changes one key.
fn change_config<D: Draw + ?Sized>(config: &mut Config, draw: &mut D) {
    match draw.below(20) {
        0 | 1 => config.ptes = draw_ptes(draw),
        2 => config.procs = draw.between(1, u32::from(PROCS_MAX)) as u8,
        3 => {
            config.batching = match config.batching {
                Batching::On => Batching::Off,
                Batching::Off => Batching::On,
            }
        }
        4 => {
            config.access_bits = match config.access_bits {
                AccessBits::Exact => AccessBits::Merged,
                AccessBits::Merged => AccessBits::Exact,
            }
        }
        5 => config.soft_dirty = !config.soft_dirty,
        6 => config.huge_zero = !config.huge_zero,
        7 => config.pt_reclaim = !config.pt_reclaim,
        8 => config.swap_slots = draw_slots(draw),
        9 => config.swap_device = draw_device(draw),
        10 => config.uffd = draw_uffd(draw),
        11 => config.lru_batch = !config.lru_batch,
        12 => config.uffd_fork = !config.uffd_fork,
        13 => config.uffd_remap = !config.uffd_remap,
        14 => config.dev_mem = draw_dev_mem(draw),
        15 => config.dev_exclusive = draw_dev_exclusive(draw),
        16 => config.migdev_old = !config.migdev_old,
        17 => config.dev_thp = !config.dev_thp,
        18 => config.swap_noexcl = !config.swap_noexcl,
        _ => config.relocate = draw_relocate(draw),
    }
}

/// Changes one operand of an operation.
fn tweak<D: Draw + ?Sized>(program: &mut Program, profile: &Profile, draw: &mut D, at: usize) {
    let sketch = sketch_before(program, at);
    let config = program.config;
    let op = &mut program.steps[at].op;
    let mut maker = Maker::new(profile, &config, &sketch, draw);
    let ptes = u32::from(config.ptes);
    match op {
        Op::Mmap { pid, range, prot, droppable } => match maker.draw.below(8) {
            0..5 => tweak_range(&mut maker, range, ptes),
            5 => *prot = maker.prot(),
            6 => *pid = maker.pid(),
            _ => *droppable = !*droppable,
        },
        Op::Mprotect { pid, range, prot } => match maker.draw.below(4) {
            0 => *prot = maker.prot(),
            1 => *pid = maker.pid(),
            _ => tweak_range(&mut maker, range, ptes),
        },
        Op::Madvise { pid, range, advice } => match maker.draw.below(4) {
            0 => *advice = maker.advice(),
            1 => *pid = maker.pid(),
            _ => tweak_range(&mut maker, range, ptes),
        },
        Op::Munmap { pid, range }
        | Op::Mlock { pid, range }
        | Op::Munlock { pid, range }
        | Op::Mseal { pid, range }
        | Op::NumaHint { pid, range } => match maker.draw.below(3) {
            0 => *pid = maker.pid(),
            _ => tweak_range(&mut maker, range, ptes),
        },
        Op::Fork { parent, child } => match maker.draw.below(2) {
            0 => *parent = maker.pid(),
            _ => *child = maker.child(),
        },
        Op::Exit { pid } | Op::ClearRefs { pid } => *pid = maker.pid(),
        Op::Read { pid, vpn } | Op::Remote { pid, vpn, access: Remote::Peek | Remote::VmRead } => {
            match maker.draw.below(3) {
                0 => *pid = maker.pid(),
                _ => tweak_page(&mut maker, vpn, ptes),
            }
        }
        Op::Write { pid, vpn, value }
        | Op::Remote { pid, vpn, access: Remote::Poke(value) | Remote::VmWrite(value) } => {
            match maker.draw.below(4) {
                0 => *pid = maker.pid(),
                1 => *value = maker.value(),
                _ => tweak_page(&mut maker, vpn, ptes),
            }
        }
        Op::Gup { pid, range, handle, flags } => match maker.draw.below(8) {
            0 => *pid = maker.pid(),
            1 | 2 => tweak_range(&mut maker, range, ptes),
            3 => *range = maker.gup_range(),
            4 => *handle = maker.new_handle(),
            _ => tweak_flags(&mut maker, flags),
        },
        Op::Put { handle, dirty } => match maker.draw.below(2) {
            0 => *handle = maker.open_handle(),
            _ => *dirty = !*dirty,
        },
        Op::DmaRead { handle, index } => match maker.draw.below(2) {
            0 => *handle = maker.open_handle(),
            _ => *index = maker.index(*handle),
        },
        Op::DmaWrite { handle, index, value } => match maker.draw.below(3) {
            0 => *handle = maker.open_handle(),
            1 => *index = maker.index(*handle),
            _ => *value = maker.value(),
        },
        Op::Thp { always, madvise } => {
            let set = if maker.draw.one_in(3) { madvise } else { always };
            *set = maker.some_orders(orders_up_to(config.pmd_order()));
        }
        Op::FailAlloc { nth } => *nth = maker.nth(),
        Op::Lock { pid, vpn, token } | Op::Isolate { pid, vpn, token } => {
            match maker.draw.below(4) {
                0 => *pid = maker.pid(),
                1 => *token = maker.new_token(),
                _ => tweak_page(&mut maker, vpn, ptes),
            }
        }
        Op::Drop { token } | Op::MigrateCopy { token } | Op::MigrateEnd { token } => {
            *token = maker.taken_token();
        }
        Op::WriteDone { token, error } => match maker.draw.below(2) {
            0 => *token = maker.taken_token(),
            _ => *error = !*error,
        },
        Op::SwapOut { pid, vpn, token } => match maker.draw.below(4) {
            0 => *pid = maker.pid(),
            1 => *token = if token.is_some() { None } else { Some(maker.new_token()) },
            _ => tweak_page(&mut maker, vpn, ptes),
        },
        Op::Migrate { pid, vpn, token, all } => match maker.draw.below(6) {
            0 => *pid = maker.pid(),
            1 => *token = maker.new_token(),
            2 => *all = !*all,
            _ => tweak_page(&mut maker, vpn, ptes),
        },
        Op::Split { pid, vpn, order, nonuniform } => match maker.draw.below(6) {
            0 => *pid = maker.pid(),
            1 | 2 => *order = maker.split_order(),
            3 => *nonuniform = !*nonuniform,
            _ => tweak_page(&mut maker, vpn, ptes),
        },
        Op::DeferredScan { count } => *count = maker.nth(),
        Op::Khugepaged { pid, vpn, limits } => match maker.draw.below(6) {
            0 => *pid = maker.pid(),
            1 | 2 => tweak_page(&mut maker, vpn, ptes),
            _ => *limits = maker.scan_limits(),
        },
        Op::Ksm { pid, vpn, with, to } => match maker.draw.below(6) {
            0 => *pid = maker.pid(),
            1 => *with = maker.pid(),
            2 | 3 => tweak_page(&mut maker, vpn, ptes),
            _ => tweak_page(&mut maker, to, ptes),
        },
        Op::BadSlot { pid, vpn }
        | Op::RmapWalk { pid, vpn }
        | Op::KsmZero { pid, vpn }
        | Op::Hwpoison { pid, vpn }
        | Op::SoftOffline { pid, vpn }
        | Op::UffdFill { pid, vpn, fill: UffdFill::Zero | UffdFill::Poison } => {
            match maker.draw.below(3) {
                0 => *pid = maker.pid(),
                _ => tweak_page(&mut maker, vpn, ptes),
            }
        }
        Op::UffdFill { pid, vpn, fill: UffdFill::Copy { value, wp } } => {
            match maker.draw.below(5) {
                0 => *pid = maker.pid(),
                1 => *value = maker.value(),
                2 => *wp = !*wp,
                _ => tweak_page(&mut maker, vpn, ptes),
            }
        }
        Op::Uffd { pid, range, call } => match maker.draw.below(4) {
            0 => *pid = maker.pid(),
            1 => {
                *call = match call {
                    UffdCall::Register { .. } => maker.uffd_call(OpKind::UffdRegister),
                    UffdCall::Unregister => UffdCall::Unregister,
                    UffdCall::Protect(on) => UffdCall::Protect(!*on),
                }
            }
            _ => tweak_range(&mut maker, range, ptes),
        },
        Op::Mremap { pid, range, to, flags } => match maker.draw.below(8) {
            0 => *pid = maker.pid(),
            1 | 2 => tweak_range(&mut maker, range, ptes),
            3 => *flags = maker.move_flags(),
            4 => to.len = range.len,
            _ => tweak_range(&mut maker, to, ptes),
        },
        Op::UffdMove { pid, range, to, holes } => match maker.draw.below(8) {
            0 => *pid = maker.pid(),
            1 => *holes = !*holes,
            2..5 => tweak_range(&mut maker, range, ptes),
            _ => tweak_page(&mut maker, to, ptes),
        },
        Op::Race { actor, at } => {
            match (maker.draw.below(8), actor) {
                (0, actor) => *actor = maker.actor(),
                (
                    1,
                    Actor::Gup { pid, .. }
                    | Actor::Load { pid, .. }
                    | Actor::Store { pid, .. }
                    | Actor::Walk { pid, .. },
                ) => {
                    *pid = maker.pid();
                }
                (
                    2,
                    Actor::Gup { vpn, .. }
                    | Actor::Load { vpn, .. }
                    | Actor::Store { vpn, .. }
                    | Actor::Walk { vpn, .. },
                ) => {
                    tweak_page(&mut maker, vpn, ptes);
                }
                (3, _) => *at = maker.yields(),
                _ => {
                    let step = maker.draw.below(RACE_STEPS as u32) as usize;
                    let later = !maker.draw.one_in(2);
                    at[step] =
                        if later { at[step].saturating_add(1) } else { at[step].saturating_sub(1) };
                }
            }
            *op = op.sanitized();
        }
        Op::Dev(call) => tweak_device(&mut maker, call, ptes),
        Op::Swapoff | Op::Swapon | Op::Drain => {}
    }
}

fn tweak_device<D: Draw + ?Sized>(maker: &mut Maker<'_, D>, call: &mut DevOp, ptes: u32) {
    if let DevOp::Setup { select, .. } = call
        && maker.draw.one_in(5)
    {
        *select = maker.select();
        return;
    }
    if let DevOp::Pages { to_device, .. } = call
        && maker.draw.one_in(2)
    {
        *to_device = !*to_device;
        return;
    }
    let opens = !matches!(call, DevOp::Pages { .. } | DevOp::Finalize { .. });
    let operands = call.operands();
    match maker.draw.below(8) {
        0 => operands.pid.into_iter().for_each(|pid| *pid = maker.pid()),
        1 => operands.device.into_iter().for_each(|device| *device = maker.device()),
        2 => operands.value.into_iter().for_each(|value| *value = maker.value()),
        3 | 4 => operands.token.into_iter().for_each(|token| {
            *token = if opens { maker.new_token() } else { maker.taken_token() };
        }),
        _ => {
            operands.vpn.into_iter().for_each(|vpn| tweak_page(maker, vpn, ptes));
            operands.range.into_iter().for_each(|range| tweak_range(maker, range, ptes));
        }
    }
}

fn tweak_page<D: Draw + ?Sized>(maker: &mut Maker<'_, D>, vpn: &mut Vpn, ptes: u32) {
    match maker.draw.below(8) {
        0 | 1 => vpn.0 = vpn.0.saturating_add(1),
        2 | 3 => vpn.0 = vpn.0.saturating_sub(1),
        4 => vpn.0 = vpn.0.saturating_add(ptes),
        5 => vpn.0 = vpn.0 / ptes * ptes,
        _ => *vpn = maker.page(),
    }
}

fn tweak_range<D: Draw + ?Sized>(maker: &mut Maker<'_, D>, range: &mut PageRange, ptes: u32) {
    let PageRange { start: Vpn(start), len } = range;
    match maker.draw.below(12) {
        0 => *start = start.saturating_add(1),
        1 => *start = start.saturating_sub(1),
        2 => *len = len.saturating_add(1),
        3 => *len = len.saturating_sub(1),
        // One end stays, the other moves.
        4 if *len > 1 => {
            *start = start.saturating_add(1);
            *len -= 1;
        }
        5 if *start > 0 => {
            *start -= 1;
            *len = len.saturating_add(1);
        }
        6 => *len = len.div_ceil(2),
        7 => *start = *start / ptes * ptes,
        8 => *len = len.div_ceil(ptes).saturating_mul(ptes),
        _ => *range = maker.range(),
    }
}

fn tweak_flags<D: Draw + ?Sized>(maker: &mut Maker<'_, D>, flags: &mut GupFlags) {
    let flag = match maker.draw.below(8) {
        0 | 1 => &mut flags.write,
        2 => &mut flags.pin,
        3 => &mut flags.longterm,
        4 => &mut flags.force,
        5 => &mut flags.fast,
        6 => &mut flags.nofault,
        _ => &mut flags.split_pmd,
    };
    *flag = !*flag;
}
