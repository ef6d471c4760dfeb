//! CPU accesses and fresh faults (rulebook section A).

use mm_ops::{
    AllocKind, EntryFlags, Errno, FolioFlags, Order, OrderSet, Outcome, Pid, Value, VmaFlags, Vpn,
};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::{FolioId, Leaf, Mapped, Pmd, PmdKind, Pte, Reference, Vma};
use crate::uffd::{armed, write_protected};

/// Why a fault is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    /// A R/O pin wants an exclusive page (D5); only GUP does that.
    Unshare,
}

impl Access {
    /// Whether the access is one that copy-on-write handles (B1).
    pub(crate) fn breaks_cow(self) -> bool {
        self != Self::Read
    }
}

/// How a fault fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Oom,
    Segv,
    Bus,
    /// The page is poisoned: SIGBUS, too (A5, A10).
    Hwpoison,
    /// It sleeps on a folio lock that nobody releases.
    Blocked,
}

impl From<NoMemory> for Fault {
    fn from(NoMemory: NoMemory) -> Self {
        Self::Oom
    }
}

impl Fault {
    /// What a CPU access that faults answers.
    fn outcome(self) -> Outcome {
        match self {
            Self::Oom => Outcome::Oom,
            Self::Segv => Outcome::Segv,
            Self::Bus | Self::Hwpoison => Outcome::Bus,
            Self::Blocked => Outcome::Blocked,
        }
    }

    /// What a GUP walk answers (D12).
    pub(crate) fn errno(self) -> Errno {
        match self {
            Self::Oom => Errno::ENOMEM,
            Self::Segv | Self::Bus | Self::Hwpoison => Errno::EFAULT,
            Self::Blocked => Errno::EINTR,
        }
    }
}

/// Whether a PMD-level attempt settled the fault, or it goes on at PTE level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PmdFault {
    Done,
    Fallback,
}

/// What an entry permits and leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Translation {
    flags: EntryFlags,
    /// The page, unless it is a zero page.
    page: Option<(FolioId, u32)>,
}

/// CPU accesses.
impl Reference {
    /// `read`.
    pub(crate) fn op_read(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        match self.cpu_access(pid, vpn, Access::Read) {
            Ok(page) => Outcome::Value(page.map_or(Value::ZERO, |(f, p)| self.page(f, p).value)),
            Err(fault) => fault.outcome(),
        }
    }

    /// `write`.
    pub(crate) fn op_write(&mut self, pid: Pid, vpn: Vpn, value: Value) -> Outcome {
        match self.cpu_access(pid, vpn, Access::Write) {
            Ok(page) => {
                let (folio, page) = page.expect("a zero page is never writable (INV7)");
                if !self.folio(folio).flags.has(FolioFlags::SWAPBACKED) {
                    rule!(self.coverage, I8);
                }
                self.page_mut(folio, page).value = value;
                Outcome::Ok
            }
            Err(fault) => fault.outcome(),
        }
    }

    /// One load or store: faults until the entry permits it; then the hardware marks the entry.
    fn cpu_access(
        &mut self,
        pid: Pid,
        vpn: Vpn,
        access: Access,
    ) -> Result<Option<(FolioId, u32)>, Fault> {
        loop {
            let Some(vma) = self.vma(pid, vpn) else { return Err(Fault::Segv) };
            let permitted = match access {
                Access::Read => vma.accessible(),
                _ => vma.has(VmaFlags::WRITE),
            };
            if !permitted {
                rule!(self.coverage, A11, u8::from(access == Access::Write));
                return Err(Fault::Segv);
            }
            if let Some(found) = self.translate(pid, vpn.0) {
                let readable = !found.flags.has(EntryFlags::PROTNONE);
                let writable = readable && found.flags.has(EntryFlags::WRITE);
                if if access == Access::Write { writable } else { readable } {
                    self.mark_accessed_by_hardware(pid, vpn.0, found.flags, access);
                    return Ok(found.page);
                }
            }
            self.fault(pid, vpn.0, access)?;
        }
    }

    /// What a load or store through the entry of a page would find, if it permits one; the
    /// hardware marks the entry.
    pub(crate) fn touch_by_hardware(
        &mut self,
        pid: Pid,
        vpn: u32,
        store: bool,
    ) -> Option<Option<(FolioId, u32)>> {
        let found = self.translate(pid, vpn)?;
        let access = if store { Access::Write } else { Access::Read };
        if found.flags.has(EntryFlags::PROTNONE) || store && !found.flags.has(EntryFlags::WRITE) {
            return None;
        }
        self.mark_accessed_by_hardware(pid, vpn, found.flags, access);
        Some(found.page)
    }

    /// The page and flags of a present entry.
    pub(crate) fn present_at(
        &self,
        pid: Pid,
        vpn: u32,
    ) -> Option<(Option<(FolioId, u32)>, EntryFlags)> {
        self.translate(pid, vpn).map(|found| (found.page, found.flags))
    }

    /// What a page-table walk finds; `None` if nothing is present.
    fn translate(&self, pid: Pid, vpn: u32) -> Option<Translation> {
        match self.pmd(pid, vpn) {
            PmdKind::None | PmdKind::Migration(_) | PmdKind::DevPrivate(_) => None,
            PmdKind::HugeZero(flags) => Some(Translation { flags, page: None }),
            PmdKind::Leaf(Leaf { folio, flags }) => {
                Some(Translation { flags, page: Some((folio, vpn - self.block_start(vpn))) })
            }
            PmdKind::Table => match self.pte(pid, vpn) {
                Pte::Zero(flags) => Some(Translation { flags, page: None }),
                Pte::Page(Mapped { folio, page, flags }) => {
                    Some(Translation { flags, page: Some((folio, page)) })
                }
                _ => None,
            },
        }
    }

    /// The hardware sets young, and dirty for a store; never soft-dirty (R2).
    fn mark_accessed_by_hardware(&mut self, pid: Pid, vpn: u32, flags: EntryFlags, access: Access) {
        let flags =
            flags.with(EntryFlags::YOUNG).with_if(EntryFlags::DIRTY, access == Access::Write);
        match self.pmd(pid, vpn) {
            PmdKind::Table => self.set_pte_flags(pid, vpn, flags),
            _ => self.set_leaf_flags(pid, vpn, flags),
        }
    }
}

/// Entry flags.
impl Reference {
    /// The flags of a new present entry in a VMA (S18).
    pub(crate) fn vma_prot(&self, vma: &Vma) -> EntryFlags {
        EntryFlags::YOUNG.with_if(EntryFlags::PROTNONE, !vma.accessible())
    }

    /// The kernel marks an entry dirty: on soft-dirty kernels that marks it soft-dirty, too (S18).
    pub(crate) fn dirtied(&self, flags: EntryFlags) -> EntryFlags {
        flags.with(EntryFlags::DIRTY).with_if(EntryFlags::SOFT_DIRTY, self.config.soft_dirty)
    }

    /// The flags of an entry made or reused for writing: young, dirty, W iff the VMA has WRITE.
    pub(crate) fn made_writable(&self, flags: EntryFlags, vma: VmaFlags) -> EntryFlags {
        self.dirtied(flags.with(EntryFlags::YOUNG))
            .with_if(EntryFlags::WRITE, vma.has(VmaFlags::WRITE))
    }
}

/// Faults.
impl Reference {
    /// handle_mm_fault (A14): the page lies in a VMA.
    pub(crate) fn fault(&mut self, pid: Pid, vpn: u32, access: Access) -> Result<(), Fault> {
        self.ensure_pmd_table(pid, vpn)?;
        let vma = self.vma(pid, Vpn(vpn)).expect("checked by the caller");
        let (vma_flags, accessible) = (vma.flags, vma.accessible());
        let settled = match self.pmd(pid, vpn) {
            PmdKind::None if self.order_allowed(vma_flags, self.config.pmd_order()) => {
                rule!(self.coverage, A14, 0);
                self.huge_fault(pid, vpn, access)?
            }
            PmdKind::None | PmdKind::Table => PmdFault::Fallback,
            PmdKind::Migration(_) => {
                rule!(self.coverage, A14, 3);
                rule!(self.coverage, A10, 1);
                return Err(Fault::Blocked);
            }
            PmdKind::DevPrivate(_) => {
                rule!(self.coverage, A10, 5);
                self.device_leaf_fault(pid, vpn)?;
                PmdFault::Done
            }
            PmdKind::Leaf(Leaf { flags, .. }) | PmdKind::HugeZero(flags) => {
                if flags.has(EntryFlags::PROTNONE) && accessible {
                    rule!(self.coverage, A14, 1);
                    self.numa_pmd_fault(pid, vpn);
                    PmdFault::Done
                } else if access.breaks_cow() && !flags.has(EntryFlags::WRITE) {
                    rule!(self.coverage, A14, 2);
                    self.huge_cow_fault(pid, vpn, access)?
                } else {
                    unreachable!("only a race faults on a leaf that permits the access (A9)")
                }
            }
        };
        match settled {
            PmdFault::Done => {}
            PmdFault::Fallback => self.pte_fault(pid, vpn, access)?,
        }
        // Whoever faulted looks at the entry anew, and may fault again.
        self.between_steps();
        Ok(())
    }

    /// handle_pte_fault (A15).
    fn pte_fault(&mut self, pid: Pid, vpn: u32, access: Access) -> Result<(), Fault> {
        self.ensure_pte_table(pid, vpn)?;
        match self.pte(pid, vpn) {
            Pte::None if access == Access::Write => self.fresh_write(pid, vpn),
            Pte::None => self.fresh_read(pid, vpn),
            Pte::Guard => {
                rule!(self.coverage, A5);
                Err(Fault::Segv)
            }
            Pte::Poisoned => {
                rule!(self.coverage, A5, 1);
                Err(Fault::Hwpoison)
            }
            Pte::UffdMarker => self.marker_fault(pid, vpn, access),
            Pte::Swap(_) => self.swap_fault(pid, vpn, access),
            Pte::Migration(_) => {
                rule!(self.coverage, A10, 0);
                Err(Fault::Blocked)
            }
            Pte::DevPrivate(_) => {
                rule!(self.coverage, A10, 3);
                self.device_fault(pid, vpn)
            }
            Pte::DevExclusive(_) => {
                rule!(self.coverage, A10, 4);
                self.device_exclusive_fault(pid, vpn)
            }
            Pte::Hwpoison(_) => {
                rule!(self.coverage, A10, 2);
                rule!(self.coverage, Q3, 0);
                Err(Fault::Hwpoison)
            }
            Pte::Zero(flags) | Pte::Page(Mapped { flags, .. }) => {
                let vma = self.vma(pid, Vpn(vpn)).expect("checked by the caller");
                if flags.has(EntryFlags::PROTNONE) && vma.accessible() {
                    self.numa_pte_fault(pid, vpn);
                    Ok(())
                } else if access.breaks_cow() && !flags.has(EntryFlags::WRITE) {
                    rule!(self.coverage, A15, 0);
                    self.cow_fault(pid, vpn, access)
                } else {
                    unreachable!("only a race faults on an entry that permits the access (A9)")
                }
            }
        }
    }

    /// The PMD table of a page exists from here on (A16).
    pub(crate) fn ensure_pmd_table(&mut self, pid: Pid, vpn: u32) -> Result<(), NoMemory> {
        let span = self.pmd_table_span();
        let table = vpn / span;
        if !self.mm(pid).pmd_tables.contains(&table) {
            self.try_allocate(AllocKind::PmdTable, pid, table * span)?;
            rule!(self.coverage, A16, 0);
            self.mm_mut(pid).pmd_tables.insert(table);
        }
        Ok(())
    }

    /// The PTE table of a page exists from here on (A15, A16); there is no leaf.
    pub(crate) fn ensure_pte_table(&mut self, pid: Pid, vpn: u32) -> Result<(), NoMemory> {
        if self.pmd(pid, vpn) == PmdKind::None {
            self.try_allocate(AllocKind::PteTable, pid, self.block_start(vpn))?;
            rule!(self.coverage, A16, 1);
            self.set_table(pid, vpn);
        }
        Ok(())
    }

    /// A5: a place that was protected while it was empty. Left over in a VMA that is not watched any
    /// more, the marker just goes.
    fn marker_fault(&mut self, pid: Pid, vpn: u32, access: Access) -> Result<(), Fault> {
        if !self.vma_flags(pid, vpn).has(VmaFlags::UFFD_WP) {
            rule!(self.coverage, A5, 2);
            self.set_pte(pid, vpn, Pte::None);
            return Ok(());
        }
        rule!(self.coverage, A5, 3);
        if access == Access::Write { self.fresh_write(pid, vpn) } else { self.fresh_read(pid, vpn) }
    }

    /// A1: a read of nothing gives the zero page.
    fn fresh_read(&mut self, pid: Pid, vpn: u32) -> Result<(), Fault> {
        self.uffd_missing(pid, vpn)?;
        rule!(self.coverage, A1);
        let vma = self.vma(pid, Vpn(vpn)).expect("checked by the caller");
        let flags = self.vma_prot(vma);
        let marked = self.pte(pid, vpn) == Pte::UffdMarker;
        let flags = flags.with_if(EntryFlags::UFFD_WP, marked);
        self.set_pte(pid, vpn, Pte::Zero(flags));
        Ok(())
    }

    /// A2: what is missing is userfaultfd's, and ends in SIGBUS.
    fn uffd_missing(&mut self, pid: Pid, vpn: u32) -> Result<(), Fault> {
        if self.vma_flags(pid, vpn).has(VmaFlags::UFFD_MISSING) {
            rule!(self.coverage, A2);
            return Err(Fault::Bus);
        }
        Ok(())
    }

    /// A3: a write to nothing. The table exists already (A16).
    fn fresh_write(&mut self, pid: Pid, vpn: u32) -> Result<(), Fault> {
        self.prepare_anon_vma(pid, vpn)?;
        let order = self.allocate_fresh(pid, vpn)?;
        self.uffd_missing(pid, vpn)?;
        let marked = self.pte(pid, vpn) == Pte::UffdMarker;
        let start = vpn & !(order.pages() - 1);
        let vma = self.vma(pid, Vpn(vpn)).expect("checked by the caller");
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        // Without WRITE (FOLL_FORCE) the entry stays clean: A11, D20.
        let flags = if vma_flags.has(VmaFlags::WRITE) {
            self.made_writable(prot, vma_flags)
        } else {
            rule!(self.coverage, A11, 2);
            prot
        };
        let flags = if marked { write_protected(flags) } else { flags };
        rule!(self.coverage, A3, order.0);
        let folio = self.new_folio(order, vma_flags);
        self.first_mapping(folio, pid, start, order.pages());
        for page in 0..order.pages() {
            self.set_pte(pid, start + page, Pte::Page(Mapped { folio, page, flags }));
            self.page_mut(folio, page).exclusive = !self.has_anonmm();
        }
        Ok(())
    }

    /// A6: which order a fresh folio has, from the largest that fits downwards.
    fn allocate_fresh(&mut self, pid: Pid, vpn: u32) -> Result<Order, NoMemory> {
        let candidates = self.fresh_orders(pid, vpn);
        let largest = candidates.iter().rev().find(|order| self.all_none(pid, vpn, *order));
        let fits = |order: Order| {
            order == Order(0)
                || largest.is_some_and(|largest| order <= largest && candidates.contains(order))
        };
        if let Some(order) = self.chosen_order(pid, vpn, fits) {
            let start = vpn & !(order.pages() - 1);
            self.try_allocate(AllocKind::Folio(order), pid, start)?;
            rule!(self.coverage, A6, 2);
            return Ok(order);
        }
        for order in candidates.iter().rev().filter(|order| Some(*order) <= largest) {
            if self.allocate(AllocKind::Folio(order), pid, vpn & !(order.pages() - 1)) {
                rule!(self.coverage, A6, 1);
                return Ok(order);
            }
        }
        rule!(self.coverage, A6, 0);
        self.try_allocate(AllocKind::Folio(Order(0)), pid, vpn)?;
        Ok(Order(0))
    }

    /// A6: enabled orders below the PMD order whose aligned block lies inside the VMA; none where
    /// userfaultfd wants each fault.
    pub(crate) fn fresh_orders(&self, pid: Pid, vpn: u32) -> OrderSet {
        let vma = self.vma(pid, Vpn(vpn)).expect("checked by the caller");
        let mut fitting = OrderSet::EMPTY;
        if armed(vma.flags) {
            return fitting;
        }
        for order in self.enabled_orders(vma.flags).iter() {
            let start = vpn & !(order.pages() - 1);
            if order < self.config.pmd_order() && vma.covers(start, start + order.pages()) {
                fitting = fitting.with(order);
            }
        }
        fitting
    }

    /// Whether all entries of the aligned block of this order are NONE (A6).
    fn all_none(&self, pid: Pid, vpn: u32, order: Order) -> bool {
        let start = vpn & !(order.pages() - 1);
        (start..start + order.pages()).all(|vpn| self.pte(pid, vpn) == Pte::None)
    }

    /// The folio orders enabled for a VMA (A6, A7).
    fn enabled_orders(&self, vma: VmaFlags) -> OrderSet {
        if vma.has(VmaFlags::NOHUGEPAGE) {
            OrderSet::EMPTY
        } else if vma.has(VmaFlags::HUGEPAGE) {
            self.thp_always.union(self.thp_madvise)
        } else {
            self.thp_always
        }
    }

    fn order_allowed(&self, vma: VmaFlags, order: Order) -> bool {
        self.enabled_orders(vma).contains(order)
    }

    /// A7: a fault where the PMD is NONE and PMD folios are allowed.
    fn huge_fault(&mut self, pid: Pid, vpn: u32, access: Access) -> Result<PmdFault, Fault> {
        let start = self.block_start(vpn);
        let vma = self.vma(pid, Vpn(vpn)).expect("checked by the caller");
        if !vma.covers(start, start + self.ptes()) {
            rule!(self.coverage, A7, 0);
            return Ok(PmdFault::Fallback);
        }
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        rule!(self.coverage, A8, u8::from(access == Access::Write));
        self.prepare_anon_vma(pid, vpn)?;
        if access != Access::Write && self.config.huge_zero {
            self.try_allocate(AllocKind::Deposit, pid, start)?;
            self.uffd_missing(pid, vpn)?;
            rule!(self.coverage, A7, 1);
            self.set_pmd(pid, vpn, Pmd::HugeZero(prot));
            return Ok(PmdFault::Done);
        }
        let smaller = self.chose_smaller(pid, vpn);
        if smaller || !self.allocate(AllocKind::Folio(self.config.pmd_order()), pid, start) {
            rule!(self.coverage, A7, 2);
            return Ok(PmdFault::Fallback);
        }
        self.try_allocate(AllocKind::Deposit, pid, start)?;
        self.uffd_missing(pid, vpn)?;
        rule!(self.coverage, A7, 3);
        self.map_fresh_leaf(pid, start, vma_flags, prot);
        Ok(PmdFault::Done)
    }

    /// A fresh PMD folio is mapped, whatever the access: dirty, W iff the VMA has WRITE, PAE on the
    /// head, queued for splitting should it turn out underused (A7, B14).
    pub(crate) fn map_fresh_leaf(&mut self, pid: Pid, start: u32, vma: VmaFlags, prot: EntryFlags) {
        let flags = self.made_writable(prot, vma);
        let folio = self.new_folio(self.config.pmd_order(), vma);
        self.first_mapping(folio, pid, start, 1);
        self.set_pmd(pid, start, Pmd::Leaf(Leaf { folio, flags }));
        self.page_mut(folio, 0).exclusive = true;
        self.queue_for_splitting(folio);
    }
}

/// NUMA hint faults (A12). No page is ever misplaced, so nothing migrates.
impl Reference {
    fn numa_pmd_fault(&mut self, pid: Pid, vpn: u32) {
        rule!(self.coverage, A12, 0);
        let vma = self.vma(pid, Vpn(vpn)).expect("checked by the caller");
        let vma_flags = vma.flags;
        let (flags, exclusive) = match self.pmd(pid, vpn) {
            PmdKind::Leaf(Leaf { folio, flags }) => (flags, self.page(folio, 0).exclusive),
            PmdKind::HugeZero(flags) => (flags, false),
            _ => unreachable!("only called for a leaf"),
        };
        let flags = self.numa_rebuilt(vma_flags, flags, exclusive);
        self.set_leaf_flags(pid, vpn, flags);
    }

    /// All protnone entries of the folio within the VMA and page table are rebuilt.
    fn numa_pte_fault(&mut self, pid: Pid, vpn: u32) {
        let vma = self.vma(pid, Vpn(vpn)).expect("checked by the caller");
        let vma_flags = vma.flags;
        let block = self.block_start(vpn);
        let range = block.max(vma.start)..self.block_end(vpn, vma.end);
        let Pte::Page(hinted) = self.pte(pid, vpn) else {
            rule!(self.coverage, A12, 1);
            if let Pte::Zero(flags) = self.pte(pid, vpn) {
                let flags = self.numa_rebuilt(vma_flags, flags, false);
                self.set_pte_flags(pid, vpn, flags);
            }
            return;
        };
        rule!(self.coverage, A12, if self.folio(hinted.folio).large() { 3 } else { 2 });
        for vpn in range {
            if let Pte::Page(Mapped { folio, page, flags }) = self.pte(pid, vpn)
                && folio == hinted.folio
                && flags.has(EntryFlags::PROTNONE)
            {
                let exclusive = self.page(folio, page).exclusive;
                let flags = self.numa_rebuilt(vma_flags, flags, exclusive);
                self.set_pte_flags(pid, vpn, flags);
            }
        }
    }

    /// An entry after its hint: accessible, young, W by H3.
    fn numa_rebuilt(&mut self, vma: VmaFlags, flags: EntryFlags, exclusive: bool) -> EntryFlags {
        let flags = flags.without(EntryFlags::PROTNONE);
        let writable = self.can_be_writable(vma, flags, exclusive);
        flags.with(EntryFlags::YOUNG).with_if(EntryFlags::WRITE, writable)
    }
}
