//! What is simpler than what: the order the minimizer works by, and the steps down it tries.
//!
//! Every operation and every configuration has a weight, a tuple of small numbers compared from
//! its first to its last. [`lowerings`] lists simpler variants of an operation; each has a smaller
//! weight, and there is no infinite chain of smaller and smaller weights, so minimization ends. A
//! certificate of minimality says that every variant in these lists was tried, at every operation,
//! and lost the failure. Programs compare by [`compare`]: fewer operations, then the simpler
//! configuration, then operation by operation from the first.

mod weight;

use crate::call::{Advice, GupFlags, Remote, ScanLimits, UffdCall, UffdFill};
use crate::config::{AccessBits, Batching, Config, PTES_ALLOWED};
use crate::device::{DevOp, DevSelect, Device};
use crate::ids::{Order, OrderSet, PROCS_MAX, PageRange, Pid, Vpn};
use crate::op::Op;
use crate::race::Actor;
use crate::remap::MremapFlags;
use weight::{GUP_FLAGS, PROTS, prot_rank, value_rank};

pub(crate) use weight::value_of_rank;
pub use weight::{ConfigWeight, Weight, compare, config_weight, weight};

/// Simpler configurations, the boldest first. To take fewer entries a table and adapt all page
/// numbers to that, see [`crate::renumber::halve_geometry`].
#[must_use]
pub fn config_lowerings(config: &Config) -> Vec<Config> {
    let smaller = PTES_ALLOWED.into_iter().filter(|ptes| *ptes < config.ptes);
    let mut variants: Vec<Config> = smaller.map(|ptes| Config { ptes, ..*config }).collect();
    let default = Config::usual(config.rmap);
    let newest = Config::default();
    variants.extend([
        Config { batching: Batching::On, ..*config },
        Config { access_bits: AccessBits::Exact, ..*config },
        Config { soft_dirty: default.soft_dirty, ..*config },
        Config { huge_zero: default.huge_zero, ..*config },
        Config { pt_reclaim: default.pt_reclaim, ..*config },
        Config { lru_batch: default.lru_batch, ..*config },
        Config { swap_slots: default.swap_slots, ..*config },
        Config { swap_device: default.swap_device, ..*config },
        Config { uffd: default.uffd, ..*config },
        Config { uffd_fork: default.uffd_fork, ..*config },
        Config { uffd_remap: default.uffd_remap, ..*config },
        Config { relocate: default.relocate, ..*config },
        Config { dev_mem: default.dev_mem, ..*config },
        Config { dev_exclusive: default.dev_exclusive, ..*config },
        Config { migdev_old: default.migdev_old, ..*config },
        Config { dev_thp: default.dev_thp, ..*config },
        Config { swap_noexcl: default.swap_noexcl, ..*config },
        // With the scheme goes what it fixed.
        Config { rmap: newest.rmap, pt_reclaim: newest.pt_reclaim, ..*config },
        Config { procs: PROCS_MAX, ..*config },
    ]);
    variants.retain(|variant| config_weight(variant) < config_weight(config));
    variants
}

/// Simpler variants of an operation, the boldest first. Each has a smaller [`weight`].
#[must_use]
pub fn lowerings(op: &Op) -> Vec<Op> {
    let mut variants = simpler_kinds(op);
    variants.extend(simpler_options(op));
    variants.extend(simpler_numbers(op));
    variants.extend(simpler_names(op));
    variants
}

/// Operations of a simpler kind that do some of the same.
fn simpler_kinds(op: &Op) -> Vec<Op> {
    let value = value_of_rank(0);
    let load = |pid, vpn| Op::Read { pid, vpn };
    let store = |pid, vpn, value| Op::Write { pid, vpn, value };
    let advise = |pid, range, advice| Op::Madvise { pid, range, advice };
    match *op {
        Op::Remote { pid, vpn, access } => match access {
            Remote::Peek => vec![load(pid, vpn)],
            Remote::Poke(value) => vec![store(pid, vpn, value)],
            Remote::VmRead => {
                vec![load(pid, vpn), Op::Remote { pid, vpn, access: Remote::Peek }]
            }
            Remote::VmWrite(value) => {
                vec![store(pid, vpn, value), Op::Remote { pid, vpn, access: Remote::Poke(value) }]
            }
        },
        Op::Gup { pid, range, flags, .. } if flags.write => {
            vec![load(pid, range.start), store(pid, range.start, value)]
        }
        Op::Gup { pid, range, .. } => vec![load(pid, range.start)],
        Op::Madvise { pid, range, advice: Advice::PopulateRead } if range.len == 1 => {
            vec![load(pid, range.start)]
        }
        Op::Madvise { pid, range, advice: Advice::PopulateWrite } if range.len == 1 => {
            vec![load(pid, range.start), store(pid, range.start, value)]
        }
        Op::Mlock { pid, range } => vec![
            advise(pid, range, Advice::PopulateRead),
            advise(pid, range, Advice::PopulateWrite),
        ],
        Op::Isolate { pid, vpn, token } => vec![Op::Lock { pid, vpn, token }],
        Op::SoftOffline { pid, vpn } => vec![Op::Hwpoison { pid, vpn }],
        Op::UffdFill { pid, vpn, fill: UffdFill::Copy { value, .. } } => {
            vec![store(pid, vpn, value)]
        }
        Op::UffdFill { pid, vpn, fill: UffdFill::Zero }
        | Op::RmapWalk { pid, vpn }
        | Op::Dev(DevOp::Read { pid, vpn, .. }) => vec![load(pid, vpn)],
        Op::Dev(DevOp::Write { pid, vpn, value, .. }) => vec![store(pid, vpn, value)],
        Op::Dev(DevOp::Evict { device, pid, range, token }) => {
            let select = DevSelect { private: true, ..DevSelect::default() };
            vec![Op::Dev(DevOp::Setup { device, pid, range, token, select })]
        }
        _ => Vec::new(),
    }
}

/// The same with simpler rights or advice, fewer flags, fewer or lower orders.
fn simpler_options(op: &Op) -> Vec<Op> {
    match *op {
        Op::Mmap { pid, range, prot, droppable } => {
            let plain = droppable.then_some(Op::Mmap { pid, range, prot, droppable: false });
            let prots = PROTS[..usize::from(prot_rank(prot))].iter();
            let prots = prots.map(|prot| Op::Mmap { pid, range, prot: *prot, droppable });
            plain.into_iter().chain(prots).collect()
        }
        Op::Mprotect { pid, range, prot } => {
            let prots = PROTS[..usize::from(prot_rank(prot))].iter();
            prots.map(|prot| Op::Mprotect { pid, range, prot: *prot }).collect()
        }
        Op::Madvise { pid, range, advice } => {
            let simpler = simpler_advice(advice);
            simpler.map(|advice| Op::Madvise { pid, range, advice }).into_iter().collect()
        }
        Op::Gup { pid, range, handle, flags } => simpler_flags(flags)
            .into_iter()
            .map(|flags| Op::Gup { pid, range, handle, flags })
            .collect(),
        Op::Put { handle, dirty: true } => vec![Op::Put { handle, dirty: false }],
        Op::Thp { always, madvise } => simpler_orders(always, madvise),
        Op::Race { actor: Actor::Gup { pid, vpn, handle, pin, write }, at } => {
            let simpler = [(false, false), (true, false), (false, true)];
            let simpler = simpler.into_iter().filter(|(p, w)| (*p, *w) != (pin, write));
            let simpler = simpler.filter(|(p, w)| {
                u8::from(*p) + 2 * u8::from(*w) < u8::from(pin) + 2 * u8::from(write)
            });
            simpler
                .map(|(pin, write)| Op::Race {
                    actor: Actor::Gup { pid, vpn, handle, pin, write },
                    at,
                })
                .collect()
        }
        Op::Mremap { pid, range, to, flags } => simpler_moves(flags)
            .into_iter()
            .map(|flags| Op::Mremap { pid, range, to, flags })
            .collect(),
        Op::Dev(DevOp::Setup { device, pid, range, token, select }) => simpler_select(select)
            .map(|select| Op::Dev(DevOp::Setup { device, pid, range, token, select }))
            .collect(),
        Op::UffdMove { pid, range, to, holes: true } => {
            vec![Op::UffdMove { pid, range, to, holes: false }]
        }
        Op::SwapOut { pid, vpn, token: Some(_) } => vec![Op::SwapOut { pid, vpn, token: None }],
        Op::WriteDone { token, error: true } => vec![Op::WriteDone { token, error: false }],
        Op::Migrate { pid, vpn, token, all: true } => {
            vec![Op::Migrate { pid, vpn, token, all: false }]
        }
        Op::Split { pid, vpn, order, nonuniform } => {
            let lower =
                (0..order.0).map(|order| Op::Split { pid, vpn, order: Order(order), nonuniform });
            let plain = nonuniform.then_some(Op::Split { pid, vpn, order, nonuniform: false });
            plain.into_iter().chain(lower).collect()
        }
        Op::Uffd { pid, range, call: UffdCall::Register { missing: true, wp: true } } => {
            let register = |missing| UffdCall::Register { missing, wp: !missing };
            [true, false].map(|missing| Op::Uffd { pid, range, call: register(missing) }).into()
        }
        Op::UffdFill { pid, vpn, fill: UffdFill::Copy { value, wp: true } } => {
            vec![Op::UffdFill { pid, vpn, fill: UffdFill::Copy { value, wp: false } }]
        }
        _ => Vec::new(),
    }
}

/// The advice that does a part of what this one does.
fn simpler_advice(advice: Advice) -> Option<Advice> {
    match advice {
        Advice::DontNeedLocked | Advice::Free | Advice::GuardInstall => Some(Advice::DontNeed),
        Advice::WipeOnFork => Some(Advice::DontFork),
        Advice::PopulateWrite => Some(Advice::PopulateRead),
        _ => None,
    }
}

/// Each flag left out.
fn simpler_select(select: DevSelect) -> impl Iterator<Item = DevSelect> {
    let fewer = [DevSelect { private: false, ..select }, DevSelect { system: false, ..select }];
    fewer.into_iter().filter(move |fewer| *fewer != select)
}

/// Each flag left out.
fn simpler_moves(flags: MremapFlags) -> Vec<MremapFlags> {
    let fewer = [
        MremapFlags { dontunmap: false, ..flags },
        MremapFlags { fixed: false, ..flags },
        MremapFlags { maymove: false, ..flags },
        MremapFlags { relocate: false, ..flags },
        MremapFlags { must_relocate: false, ..flags },
    ];
    fewer.into_iter().filter(|fewer| *fewer != flags).collect()
}

/// No flag at all, then each one left out.
fn simpler_flags(flags: GupFlags) -> Vec<GupFlags> {
    let mut variants = Vec::new();
    if flags != GupFlags::default() {
        variants.push(GupFlags::default());
    }
    for flag in GUP_FLAGS {
        let mut fewer = flags;
        if std::mem::replace(flag(&mut fewer), false) && !variants.contains(&fewer) {
            variants.push(fewer);
        }
    }
    variants
}

/// No order at all, then each one left out, taken from `madvise` to `always`, or lowered.
fn simpler_orders(always: OrderSet, madvise: OrderSet) -> Vec<Op> {
    let thp = |always, madvise| Op::Thp { always, madvise };
    let without = |set: OrderSet, order: Order| OrderSet(set.0 & !(1 << order.0));
    let absent = |set: OrderSet, below: Order| {
        (0..below.0).map(Order).filter(move |order| !set.contains(*order))
    };
    let mut variants = Vec::new();
    if always.union(madvise) != OrderSet::EMPTY {
        variants.push(thp(OrderSet::EMPTY, OrderSet::EMPTY));
    }
    for order in always.iter() {
        let rest = without(always, order);
        variants.push(thp(rest, madvise));
        variants.extend(absent(always, order).map(|lower| thp(rest.with(lower), madvise)));
    }
    for order in madvise.iter() {
        let rest = without(madvise, order);
        variants.push(thp(always, rest));
        variants.push(thp(always.with(order), rest));
        variants.extend(absent(madvise, order).map(|lower| thp(always, rest.with(lower))));
    }
    let mut seen = Vec::new();
    variants.retain(|variant| {
        let new = !seen.contains(variant);
        seen.push(*variant);
        new
    });
    variants
}

/// The same with a shorter range, a lower page, index or allocation number, or a simpler value.
fn simpler_numbers(op: &Op) -> Vec<Op> {
    let mut variants = Vec::new();
    let mut with = |change: &dyn Fn(&mut Op)| {
        let mut variant = *op;
        change(&mut variant);
        variants.push(variant);
    };
    let mut copy = *op;
    let operands = copy.operands();
    if let Some(range) = operands.range.as_deref() {
        for simpler in simpler_ranges(*range) {
            with(&|op| op.operands().range.into_iter().for_each(|range| *range = simpler));
        }
    }
    if let Some(range) = operands.new_range.as_deref() {
        for simpler in simpler_ranges(*range) {
            with(&|op| op.operands().new_range.into_iter().for_each(|range| *range = simpler));
        }
    }
    if let Some(vpn) = operands.vpn.as_deref() {
        for lower in lower_numbers(vpn.0) {
            with(&|op| op.operands().vpn.into_iter().for_each(|vpn| *vpn = Vpn(lower)));
        }
    }
    if let Some(vpn) = operands.to.as_deref() {
        for lower in lower_numbers(vpn.0) {
            with(&|op| op.operands().to.into_iter().for_each(|vpn| *vpn = Vpn(lower)));
        }
    }
    if let Op::Race { actor, at } = op {
        for step in 0..actor.steps() {
            for lower in lower_numbers(u32::from(at[step])) {
                with(&|op| {
                    if let Op::Race { at, .. } = op {
                        at[step] = lower as u8;
                    }
                });
            }
        }
    }
    if let Op::DeferredScan { count } = op {
        for lower in lower_numbers(u32::from(*count)) {
            with(&|op| *op = Op::DeferredScan { count: lower as u16 });
        }
    }
    if let Op::Khugepaged { limits, .. } = op {
        let fields: [fn(&mut ScanLimits) -> &mut u16; 3] =
            [|limits| &mut limits.none, |limits| &mut limits.swap, |limits| &mut limits.shared];
        for field in fields {
            let mut limits = *limits;
            for lower in lower_numbers(u32::from(*field(&mut limits))) {
                *field(&mut limits) = lower as u16;
                with(&|op| {
                    if let Op::Khugepaged { limits: all, .. } = op {
                        *all = limits;
                    }
                });
            }
        }
    }
    if let Op::DmaRead { index, .. } | Op::DmaWrite { index, .. } = op {
        for lower in lower_numbers(*index) {
            with(&|op| {
                if let Op::DmaRead { index, .. } | Op::DmaWrite { index, .. } = op {
                    *index = lower;
                }
            });
        }
    }
    if let Op::FailAlloc { nth } = op {
        for lower in lower_numbers(u32::from(*nth)) {
            with(&|op| *op = Op::FailAlloc { nth: lower as u16 });
        }
    }
    if let Some(value) = operands.value.as_deref() {
        for rank in lower_numbers(u32::from(value_rank(*value))) {
            let simpler = value_of_rank(rank as u8);
            with(&|op| op.operands().value.into_iter().for_each(|value| *value = simpler));
        }
    }
    variants
}

/// Shorter ranges that keep the first page, or the last, and ranges as long that begin lower.
fn simpler_ranges(range: PageRange) -> Vec<PageRange> {
    let PageRange { start: Vpn(start), len } = range;
    let lengths = lower_numbers(len);
    let front = lengths.iter().map(|len| PageRange::new(start, *len));
    // A start beyond the last page number has no end to keep.
    let back = lengths
        .iter()
        .filter(|shorter| **shorter > 0)
        .filter_map(|shorter| Some(PageRange::new(start.checked_add(len - shorter)?, *shorter)));
    let lower = lower_numbers(start).into_iter().map(|start| PageRange::new(start, len));
    front.chain(back).chain(lower).collect()
}

/// The same with a lower process, handle or token.
fn simpler_names(op: &Op) -> Vec<Op> {
    let mut variants = Vec::new();
    let mut copy = *op;
    let operands = copy.operands();
    let mut lower = |number: Option<u8>, set: &dyn Fn(&mut Op, u8)| {
        for lower in 0..number.unwrap_or(0) {
            let mut variant = *op;
            set(&mut variant, lower);
            variants.push(variant);
        }
    };
    lower(operands.pid.map(|pid| pid.0), &|op, to| {
        op.operands().pid.into_iter().for_each(|pid| *pid = Pid(to));
    });
    lower(operands.other.map(|pid| pid.0), &|op, to| {
        op.operands().other.into_iter().for_each(|pid| *pid = Pid(to));
    });
    lower(operands.handle.map(|handle| handle.0), &|op, to| {
        op.operands().handle.into_iter().for_each(|handle| handle.0 = to);
    });
    lower(operands.token.map(|token| token.0), &|op, to| {
        op.operands().token.into_iter().for_each(|token| token.0 = to);
    });
    lower(operands.device.map(|device| device.0), &|op, to| {
        op.operands().device.into_iter().for_each(|device| *device = Device(to));
    });
    variants
}

/// Numbers below this one worth trying, ascending: all of them if it is small, else zero, a half,
/// those a power of two lower, and those with some of the low bits cleared.
#[must_use]
pub fn lower_numbers(number: u32) -> Vec<u32> {
    const SMALL: u32 = 8;
    if number <= SMALL {
        return (0..number).collect();
    }
    let steps = (0..u32::BITS).filter_map(|bit| number.checked_sub(1 << bit));
    let rounded = (0..u32::BITS).map(|bit| number >> bit << bit);
    let mut numbers: Vec<u32> = [0, number / 2].into_iter().chain(steps).chain(rounded).collect();
    numbers.retain(|lower| *lower < number);
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[cfg(test)]
mod tests;
