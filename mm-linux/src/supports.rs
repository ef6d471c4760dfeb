//! Which programs the driver executes, and why not the others. Everything left out has a reason in
//! words; nothing is left out silently.

use crate::arena::KERNEL_PTES;
use crate::gup::GET_PAGES_MAX;
use crate::ksm;
use crate::linux::Linux;
use crate::ops;
use crate::probe::Feature;
use crate::slots;
use mm_ops::{
    Advice, Config, GupFlags, Op, Order, OrderSet, PageRange, Program, Remote, RmapScheme,
    SWAP_SLOTS_MAX, SwapDevice,
};
use std::fmt;

/// Why an operation cannot be executed; `Ok` if it can.
pub(crate) type Refusal = Result<(), String>;

/// Most pages that one operation may work on.
const PAGES_MAX: u32 = 1 << 16;

/// Most pages that an ordinary user may lock or pin with one operation.
const LOCKED_PAGES_MAX: u32 = 32;

/// Why no kernel is asked for the anonmm scheme.
pub(crate) const ANONMM: &str = "rmap=anonmm: a proposal of 2004, no kernel has it";
/// Why MREMAP_RELOCATE_ANON is not asked of the kernel.
pub(crate) const RELOCATION: &str = "relocate: a proposal, no kernel has it";

/// Something in a program that the driver cannot execute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The operation by its index; `None` for the configuration.
    pub step: Option<usize>,
    /// What it is and why it cannot be done.
    pub reason: String,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "operation {}: {}", step + 1, self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Unsupported {}

impl Linux {
    /// Whether the running kernel, with these privileges, can execute the program so that its
    /// outcomes mean something.
    ///
    /// # Errors
    /// The first thing that stands in the way.
    pub fn supports(&self, program: &Program) -> Result<(), Unsupported> {
        let refused = |step, reason| Unsupported { step, reason };
        config(self, program).map_err(|reason| refused(None, reason))?;
        for (index, step) in program.steps.iter().enumerate() {
            (ops::row(&step.op).refuses)(self, &step.op)
                .and_then(|()| smaller_geometry(&program.config, &step.op))
                .and_then(|()| several_calls(program, &step.op))
                .map_err(|reason| refused(Some(index), reason))?;
        }
        Ok(())
    }
}

impl Linux {
    /// Makes a program one that [`Linux::supports`] accepts, changing as little as it can: GUP calls
    /// become the nearest ones userspace can have, a `swap_out` becomes MADV_PAGEOUT where there is no memory cgroup, a
    /// `split` goes down to single pages, and what cannot be executed is taken out. For
    /// programs that were made up; a program somebody wrote is better refused. Answers how many
    /// operations were taken out.
    pub fn adapt(&self, program: &mut Program) -> usize {
        program.config.rmap = RmapScheme::AnonVma;
        program.config.soft_dirty = false;
        program.config.lru_batch = false;
        program.config.pt_reclaim = true;
        program.config.uffd_fork &= self.probe.has(Feature::UffdFork);
        let get_pages = if has_write_only(program) { 1 } else { GET_PAGES_MAX };
        for step in &mut program.steps {
            nearest(self, &program.config, get_pages, &mut step.op);
        }
        let before = program.steps.len();
        slots::adapt(program);
        let config = program.config;
        program.steps.retain(|step| {
            (ops::row(&step.op).refuses)(self, &step.op)
                .and_then(|()| smaller_geometry(&config, &step.op))
                .is_ok()
        });
        before.saturating_sub(program.steps.len())
    }
}

/// The same story as the kernel is able to tell it: swap is on zram, and of two pages that become one the
/// kernel keeps the one that it scans later. Whether it is the same story is for the program's
/// expectations to say.
#[must_use]
pub fn retold(program: &Program) -> Program {
    let mut program = program.clone();
    if slots::uses_swap(&program) {
        program.config.swap_device = SwapDevice::Zram;
        program.config.swap_slots = SWAP_SLOTS_MAX;
    }
    program.steps.iter_mut().for_each(|step| ksm::in_scan_order(&mut step.op));
    program
}

/// The nearest operation that the driver has.
fn nearest(linux: &Linux, config: &Config, get_pages: u32, op: &mut Op) {
    match op {
        Op::Gup { flags, range, .. } => {
            let plain = GupFlags { fast: true, ..GupFlags::default() };
            *flags = if flags.pin {
                GupFlags { pin: true, write: true, longterm: true, ..plain }
            } else {
                range.len = range.len.min(get_pages);
                plain
            };
        }
        Op::Put { dirty, .. } => *dirty = false,
        Op::SwapOut { token, .. } if linux.probe.has(Feature::MemoryCgroup) => *token = None,
        Op::Split { order, nonuniform, .. } => (*order, *nonuniform) = (Order(0), false),
        // The shrinker looks at all there is.
        Op::DeferredScan { count } => *count = u16::MAX,
        Op::SwapOut { pid, vpn, .. } => {
            let (pid, range) = (*pid, PageRange::new(vpn.0, 1));
            *op = Op::Madvise { pid, range, advice: Advice::PageOut };
        }
        Op::Ksm { .. } => ksm::in_scan_order(op),
        Op::Thp { always, madvise } if config.ptes != KERNEL_PTES => {
            let below = !(1 << config.pmd_order().0);
            *always = OrderSet(always.0 & below);
            *madvise = OrderSet(madvise.0 & below);
        }
        _ => {}
    }
}

fn config(linux: &Linux, program: &Program) -> Refusal {
    if program.config.rmap == RmapScheme::Anonmm {
        return Err(ANONMM.to_owned());
    }
    if program.config.swap_noexcl {
        return Err("swap_noexcl=on: kernels since 5.19 have the exclusive bit (E26)".to_owned());
    }
    if program.config.soft_dirty {
        return Err("soft-dirty tracking: its effects are not observed yet".to_owned());
    }
    if program.config.lru_batch {
        let why = "lru_batch=on: the driver drains the kernel's batches, which others drain too";
        return Err(why.to_owned());
    }
    if program.config.uffd_fork && uses_uffd(program) {
        linux.probe.need(Feature::UffdFork)?;
    }
    slots::refusal(program)?;
    let pmd = program.config.pmd_order();
    let uses_pmd = program.steps.iter().any(|step| match step.op {
        Op::Thp { always, madvise } => always.union(madvise).contains(pmd),
        _ => false,
    });
    if uses_pmd && !program.config.pt_reclaim {
        return Err("pt_reclaim=off with PMD THPs: the kernel always reclaims tables".to_owned());
    }
    Ok(())
}

fn uses_uffd(program: &Program) -> bool {
    program
        .steps
        .iter()
        .any(|step| matches!(step.op, Op::Uffd { .. } | Op::UffdFill { .. } | Op::UffdMove { .. }))
}

/// The kernel's tables have 512 entries. What a program with smaller ones does means the same there
/// as long as nothing is mapped by a PMD.
fn smaller_geometry(config: &Config, op: &Op) -> Refusal {
    match *op {
        Op::Thp { always, madvise }
            if config.ptes != KERNEL_PTES && always.union(madvise).contains(config.pmd_order()) =>
        {
            Err(format!(
                "THPs of order {}: the kernel's tables have 512 entries, this program's have {}",
                config.pmd_order().0,
                config.ptes
            ))
        }
        Op::Madvise { advice: Advice::Collapse, .. } if config.ptes != KERNEL_PTES => Err(format!(
            "collapse: the kernel's blocks have 512 pages, this program's have {}",
            config.ptes
        )),
        _ => Ok(()),
    }
}

/// vmsplice goes on with another GUP call where one stopped early, and the second one may get where
/// the first did not: the lockless walk takes what is present without asking for the right to read.
fn several_calls(program: &Program, op: &Op) -> Refusal {
    match op {
        Op::Gup { range, flags, .. } if !flags.pin && range.len > 1 && has_write_only(program) => {
            Err("a get of several pages in a program with write-only mappings: vmsplice makes more \
                 than one GUP call of it"
                .to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether some mapping of the program may be written but not read.
fn has_write_only(program: &Program) -> bool {
    program.steps.iter().any(|step| match step.op {
        Op::Mmap { prot, .. } | Op::Mprotect { prot, .. } => prot.write && !prot.read,
        _ => false,
    })
}

/// The orders a `thp` operation can enable; others are ignored.
pub(crate) fn legal_orders(config: &Config) -> OrderSet {
    (2..=config.pmd_order().0).fold(OrderSet::EMPTY, |set, order| set.with(Order(order)))
}

pub(crate) fn always(_: &Linux, _: &Op) -> Refusal {
    Ok(())
}

fn pages(range: PageRange) -> Refusal {
    if range.len <= PAGES_MAX {
        Ok(())
    } else {
        Err(format!("{} pages at once: the driver takes at most {PAGES_MAX}", range.len))
    }
}

/// Locked and pinned pages count against a limit that binds ordinary users, 8 MiB as a rule.
fn little(linux: &Linux, range: PageRange) -> Refusal {
    if linux.probe.root || range.len <= LOCKED_PAGES_MAX {
        Ok(())
    } else {
        Err(format!("locking or pinning more than {LOCKED_PAGES_MAX} pages at once needs root"))
    }
}

pub(crate) fn range(_: &Linux, op: &Op) -> Refusal {
    match *op {
        Op::Munmap { range, .. }
        | Op::Mprotect { range, .. }
        | Op::Munlock { range, .. }
        | Op::Mmap { range, .. }
        | Op::Madvise { range, .. }
        | Op::Mlock { range, .. }
        | Op::Mseal { range, .. } => pages(range),
        _ => Ok(()),
    }
}

pub(crate) fn mapping(linux: &Linux, op: &Op) -> Refusal {
    range(linux, op)?;
    match op {
        Op::Mmap { droppable: true, .. } => linux.probe.need(Feature::Droppable),
        _ => Ok(()),
    }
}

pub(crate) fn advice(linux: &Linux, op: &Op) -> Refusal {
    range(linux, op)?;
    match *op {
        Op::Madvise { advice: Advice::GuardInstall | Advice::GuardRemove, .. } => {
            linux.probe.need(Feature::Guards)
        }
        Op::Madvise { advice: Advice::Collapse, .. } => {
            linux.probe.need(Feature::Collapse)?;
            match &linux.thp {
                // An ordinary user's processes have THP switched off.
                None => Err("collapse: needs root, as all folio sizes do here".to_owned()),
                Some(_) => Ok(()),
            }
        }
        Op::Madvise { advice: Advice::PageOut, .. } => swap(linux, op),
        Op::Madvise { advice: Advice::Mergeable | Advice::Unmergeable, .. } => ksm(linux, op),
        _ => Ok(()),
    }
}

pub(crate) fn mlock(linux: &Linux, op: &Op) -> Refusal {
    range(linux, op)?;
    linux.probe.need(Feature::Locking)?;
    match *op {
        Op::Mlock { range, .. } => little(linux, range),
        _ => Ok(()),
    }
}

pub(crate) fn mseal(linux: &Linux, op: &Op) -> Refusal {
    range(linux, op)?;
    linux.probe.need(Feature::Seals)
}

pub(crate) fn gup(linux: &Linux, op: &Op) -> Refusal {
    let Op::Gup { range, flags, .. } = *op else { return Ok(()) };
    let plain = GupFlags { fast: true, ..GupFlags::default() };
    if flags == (GupFlags { pin: true, write: true, longterm: true, ..plain }) {
        linux.probe.need(Feature::Pins)?;
        return pages(range).and_then(|()| little(linux, range));
    }
    if flags == plain {
        if range.len > GET_PAGES_MAX {
            return Err(format!("a get of more than {GET_PAGES_MAX} pages: a pipe holds no more"));
        }
        return Ok(());
    }
    Err("of the GUP calls userspace can have only `pin … rw longterm fast` (io_uring) and \
         `get … r fast` (vmsplice)"
        .to_owned())
}

pub(crate) fn put(_: &Linux, op: &Op) -> Refusal {
    match op {
        Op::Put { dirty: true, .. } => {
            Err("put dirty: io_uring and pipes drop pages without dirtying them".to_owned())
        }
        _ => Ok(()),
    }
}

pub(crate) fn remote(linux: &Linux, op: &Op) -> Refusal {
    match op {
        Op::Remote { access: Remote::Poke(_), .. } => linux.probe.need(Feature::ForcedWrites),
        Op::Remote { access: Remote::VmRead | Remote::VmWrite(_), .. } => {
            linux.probe.need(Feature::RemoteAccess)
        }
        _ => Ok(()),
    }
}

pub(crate) fn thp(linux: &Linux, op: &Op) -> Refusal {
    let Op::Thp { always, madvise } = *op else { return Ok(()) };
    let every = legal_orders(&Config { ptes: 512, ..Config::default() });
    let wanted = OrderSet(always.union(madvise).0 & every.0);
    match &linux.thp {
        None if wanted == OrderSet::EMPTY => Ok(()),
        None => Err("enabling folio sizes needs root".to_owned()),
        Some(thp) => match wanted.iter().find(|order| !thp.orders().contains(*order)) {
            Some(order) => Err(format!("the kernel has no folios of order {}", order.0)),
            None => Ok(()),
        },
    }
}

pub(crate) fn fail_alloc(_: &Linux, _: &Op) -> Refusal {
    Err("fail_alloc: the kernel's allocations cannot be made to fail one by one".to_owned())
}

/// What runs without locks cannot be told when to run.
pub(crate) fn race(_: &Linux, _: &Op) -> Refusal {
    Err("race: the kernel's CPUs cannot be stopped at a yield point".to_owned())
}

/// What needs a swap device.
pub(crate) fn swap(linux: &Linux, _: &Op) -> Refusal {
    linux.probe.need(Feature::Zram)
}

pub(crate) fn swap_out(linux: &Linux, op: &Op) -> Refusal {
    match op {
        Op::SwapOut { token: None, .. } => swap(linux, op),
        _ => Err("swap_out with a token, write_done: writes to zram end at once".to_owned()),
    }
}

pub(crate) fn bad_slot(_: &Linux, _: &Op) -> Refusal {
    Err("bad_slot: zram cannot be made to lose a page".to_owned())
}

/// The context is made for the whole program, so its features are a matter of [`config`].
pub(crate) fn uffd(linux: &Linux, op: &Op) -> Refusal {
    linux.probe.need(Feature::Userfaultfd)?;
    match *op {
        Op::Uffd { range, .. } => pages(range),
        _ => Ok(()),
    }
}

pub(crate) fn mremap(linux: &Linux, op: &Op) -> Refusal {
    linux.probe.need(Feature::Moves)?;
    match *op {
        Op::Mremap { flags, .. } if flags.relocates() => Err(RELOCATION.to_owned()),
        Op::Mremap { range, to, .. } => {
            pages(range).and_then(|()| pages(to)).and_then(|()| little(linux, to))
        }
        _ => Ok(()),
    }
}

pub(crate) fn uffd_move(linux: &Linux, op: &Op) -> Refusal {
    linux.probe.need(Feature::Userfaultfd)?;
    linux.probe.need(Feature::UffdMove)?;
    match *op {
        Op::UffdMove { range, .. } => pages(range),
        _ => Ok(()),
    }
}

/// Only debugfs splits to other orders, and not where it is locked down.
pub(crate) fn split(linux: &Linux, op: &Op) -> Refusal {
    linux.probe.need(Feature::PageFlags)?;
    match op {
        Op::Split { order: Order(0), nonuniform: false, .. } => Ok(()),
        _ => {
            linux
                .probe
                .need(Feature::FolioSplit)
                .map_err(|reason| format!("split to an order above 0, or not uniform: {reason}"))?;
            not_yet(linux, op)
        }
    }
}

pub(crate) fn rmap_walk(_: &Linux, _: &Op) -> Refusal {
    Err("rmap_walk: no call tells which processes the reverse map finds".to_owned())
}

pub(crate) fn device(linux: &Linux, op: &Op) -> Refusal {
    let missing = |reason| format!("{}: no device memory test driver: {reason}", op.kind());
    linux.probe.need(Feature::DeviceMemory).map_err(missing)?;
    not_yet(linux, op)
}

/// Outside of a cgroup the shrinker works on the folios of the whole system.
pub(crate) fn deferred_scan(linux: &Linux, _: &Op) -> Refusal {
    linux.probe.need(Feature::PageFlags)?;
    linux.probe.need(Feature::MemoryCgroup).map_err(|reason| format!("deferred_scan: {reason}"))
}

pub(crate) fn khugepaged(_: &Linux, _: &Op) -> Refusal {
    Err("khugepaged: nothing makes it come to one block at one moment".to_owned())
}

pub(crate) fn hwpoison(linux: &Linux, op: &Op) -> Refusal {
    let missing = |reason| format!("hwpoison, soft_offline: {reason}");
    linux.probe.need(Feature::MemoryFailure).map_err(missing)?;
    not_yet(linux, op)
}

/// move_pages(2) to the node where a page is does nothing, and compaction goes where it likes.
pub(crate) fn migration(_: &Linux, _: &Op) -> Refusal {
    Err("migrate: nothing migrates a chosen page on a machine of one node, and nothing stops between \
         the phases"
        .to_owned())
}

pub(crate) fn ksm(linux: &Linux, op: &Op) -> Refusal {
    linux.probe.need(Feature::Ksm)?;
    let mut ordered = *op;
    ksm::in_scan_order(&mut ordered);
    if ordered == *op {
        Ok(())
    } else {
        Err("ksm: ksmd keeps the page that it scans later, the operation the first".to_owned())
    }
}

/// Operations that the kernel at hand may have, and the driver cannot execute.
pub(crate) fn not_yet(_: &Linux, op: &Op) -> Refusal {
    Err(format!("{}: this area is not driven on the kernel yet", op.kind()))
}

pub(crate) fn circumstance(_: &Linux, _: &Op) -> Refusal {
    Err("lock, isolate, drop: userspace cannot hold a folio lock or an isolation".to_owned())
}

pub(crate) fn numa_hint(_: &Linux, _: &Op) -> Refusal {
    Err("numa_hint: the NUMA scanner cannot be sent to a page".to_owned())
}
