//! How simple programs, configurations and operations are: the weights that the minimizer compares. Nothing here makes
//! anything simpler; that is [`super`]'s.

use crate::call::{GupFlags, Prot, ScanLimits, UffdCall, UffdFill};
use crate::config::Config;
use crate::device::{DevOp, DevSelect};
use crate::ids::{PROCS_MAX, PageRange, Value};
use crate::kind::OpKind;
use crate::op::Op;
use crate::program::Program;
use crate::race::Actor;
use crate::remap::MremapFlags;
use crate::rmap::RmapScheme;
use std::cmp::Ordering;

/// How far an operation is from the simplest one. Compared field by field, from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight {
    /// How simple the kind of operation is.
    kind: u8,
    /// How simple its flags, rights or advice are; number of orders of a `thp`.
    options: u8,
    /// Length of its range; sum of the orders of a `thp`.
    len: u32,
    /// Length of its second range.
    new_len: u32,
    /// First page, or index, or number of the allocation; number of `madvise` orders.
    place: u32,
    /// The second page.
    second: u32,
    /// How simple the value is.
    value: u8,
    /// Its process, the second process, its handle, its token and its device.
    names: [u8; 5],
}

/// How far a configuration is from the simplest one. Compared field by field, from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigWeight {
    /// Entries of a table.
    ptes: u16,
    /// Switches that are not at their default.
    switches: u8,
    /// Processes fewer than the default.
    procs: u8,
}

/// Which of two programs is simpler ([`Ordering::Less`]).
#[must_use]
pub fn compare(one: &Program, other: &Program) -> Ordering {
    let weights = |program: &Program| {
        let (len, config) = (program.steps.len(), config_weight(&program.config));
        (len, config, program.steps.iter().map(|step| weight(&step.op)).collect::<Vec<_>>())
    };
    weights(one).cmp(&weights(other))
}

/// The weight of a configuration.
#[must_use]
pub fn config_weight(config: &Config) -> ConfigWeight {
    let default = Config::usual(config.rmap);
    let switches = [
        config.batching != default.batching,
        config.access_bits != default.access_bits,
        config.soft_dirty != default.soft_dirty,
        config.huge_zero != default.huge_zero,
        config.pt_reclaim != default.pt_reclaim,
        config.lru_batch != default.lru_batch,
        config.swap_slots != default.swap_slots,
        config.swap_device != default.swap_device,
        config.uffd != default.uffd,
        config.uffd_fork != default.uffd_fork,
        config.uffd_remap != default.uffd_remap,
        config.relocate != default.relocate,
        config.dev_mem != default.dev_mem,
        config.dev_exclusive != default.dev_exclusive,
        config.migdev_old != default.migdev_old,
        config.dev_thp != default.dev_thp,
        config.swap_noexcl != default.swap_noexcl,
        config.rmap != RmapScheme::default(),
    ];
    ConfigWeight {
        ptes: config.ptes,
        switches: switches.into_iter().map(u8::from).sum(),
        procs: PROCS_MAX.saturating_sub(config.procs),
    }
}

/// The weight of an operation.
#[must_use]
pub fn weight(op: &Op) -> Weight {
    let mut copy = *op;
    let operands = copy.operands();
    let range = operands.range.map_or(PageRange::default(), |range| *range);
    let mut weight = Weight {
        kind: kind_rank(op.kind()),
        options: options_rank(op),
        len: range.len,
        new_len: operands.new_range.as_deref().map_or(0, |range| range.len),
        place: operands.vpn.map_or(range.start.0, |vpn| vpn.0),
        second: operands
            .to
            .map_or(operands.new_range.map_or(0, |range| range.start.0), |vpn| vpn.0),
        value: operands.value.map_or(0, |value| value_rank(*value)),
        names: [
            operands.pid.map_or(0, |pid| pid.0),
            operands.other.map_or(0, |pid| pid.0),
            operands.handle.map_or(0, |handle| handle.0),
            operands.token.map_or(0, |token| token.0),
            operands.device.map_or(0, |device| device.0),
        ],
    };
    match op {
        Op::DmaRead { index, .. } | Op::DmaWrite { index, .. } => weight.place = *index,
        Op::FailAlloc { nth } => weight.place = u32::from(*nth),
        Op::DeferredScan { count } => weight.len = u32::from(*count),
        Op::Khugepaged { limits: ScanLimits { none, swap, shared }, .. } => {
            weight.len = [*none, *swap, *shared].map(u32::from).iter().sum();
        }
        Op::Race { actor, at } => {
            weight.len = at.iter().take(actor.steps()).map(|at| u32::from(*at)).sum();
        }
        Op::Thp { always, madvise } => {
            weight.len = always.iter().chain(madvise.iter()).map(|order| u32::from(order.0)).sum();
            weight.place = madvise.iter().count() as u32;
        }
        _ => {}
    }
    weight
}

/// The simplest kinds are those that everybody knows; [`super::simpler_kinds`] goes down this list.
fn kind_rank(kind: OpKind) -> u8 {
    match kind {
        OpKind::Read => 0,
        OpKind::Write => 1,
        OpKind::Peek => 2,
        OpKind::Poke => 3,
        OpKind::VmRead => 4,
        OpKind::VmWrite => 5,
        // A pin is a get with one more flag.
        OpKind::Get | OpKind::Pin => 6,
        OpKind::Madvise => 7,
        OpKind::Mlock => 8,
        OpKind::Lock => 9,
        OpKind::Isolate => 10,
        other => 11 + other as u8,
    }
}

/// Rights, the simplest first.
pub(super) const PROTS: [Prot; 4] =
    [Prot::RW, Prot::R, Prot::NONE, Prot { read: false, write: true }];

pub(super) fn prot_rank(prot: Prot) -> u8 {
    PROTS.iter().position(|known| *known == prot).unwrap_or(PROTS.len()) as u8
}

/// The flags of a GUP call, each as a word of its own.
pub(super) const GUP_FLAGS: [fn(&mut GupFlags) -> &mut bool; 7] = [
    |flags| &mut flags.split_pmd,
    |flags| &mut flags.nofault,
    |flags| &mut flags.fast,
    |flags| &mut flags.force,
    |flags| &mut flags.longterm,
    |flags| &mut flags.pin,
    |flags| &mut flags.write,
];

fn options_rank(op: &Op) -> u8 {
    match *op {
        Op::Mmap { prot, droppable, .. } => 2 * prot_rank(prot) + u8::from(droppable),
        Op::Mprotect { prot, .. } => prot_rank(prot),
        Op::Madvise { advice, .. } => advice as u8,
        Op::Gup { mut flags, .. } => GUP_FLAGS.iter().map(|flag| u8::from(*flag(&mut flags))).sum(),
        Op::Put { dirty, .. } => u8::from(dirty),
        Op::Race { actor, .. } => match actor {
            Actor::Load { .. } | Actor::Walk { .. } => 0,
            Actor::Store { .. } => 1,
            Actor::Gup { pin, write, .. } => 2 + u8::from(pin) + 2 * u8::from(write),
        },
        Op::SwapOut { token, .. } => u8::from(token.is_some()),
        Op::WriteDone { error, .. } => u8::from(error),
        Op::Migrate { all, .. } => u8::from(all),
        Op::Split { order, nonuniform, .. } => 2 * order.0 + u8::from(nonuniform),
        Op::Uffd { call: UffdCall::Register { missing, wp }, .. } => {
            u8::from(missing) + u8::from(wp)
        }
        Op::Uffd { call: UffdCall::Protect(on), .. } => u8::from(!on),
        Op::UffdFill { fill: UffdFill::Copy { wp, .. }, .. } => u8::from(wp),
        Op::Thp { always, madvise } => always.iter().chain(madvise.iter()).count() as u8,
        Op::Mremap { flags, .. } => {
            let MremapFlags { maymove, fixed, dontunmap, relocate, must_relocate } = flags;
            [maymove, fixed, dontunmap, relocate, must_relocate].map(u8::from).iter().sum()
        }
        Op::UffdMove { holes, .. } => u8::from(holes),
        Op::Dev(DevOp::Setup { select: DevSelect { system, private }, .. }) => {
            u8::from(system) + u8::from(private)
        }
        _ => 0,
    }
}

/// Values in the order a human would choose them: letters, then zero, then the rest.
pub(super) fn value_rank(value: Value) -> u8 {
    match value.label {
        letter @ b'a'..=b'z' => letter - b'a',
        0 => LETTERS,
        low @ 1..b'a' => LETTERS + low,
        high => high,
    }
}

/// Number of letters.
const LETTERS: u8 = 26;

/// The value of this rank.
pub(crate) fn value_of_rank(rank: u8) -> Value {
    Value::label(match rank {
        0..LETTERS => b'a' + rank,
        LETTERS => 0,
        rank if rank - LETTERS < b'a' => rank - LETTERS,
        rank => rank,
    })
}
