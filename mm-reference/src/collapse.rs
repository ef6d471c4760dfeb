//! MADV_COLLAPSE: the pages of a block become one PMD-mapped folio (G15 … G19, G24).

use std::collections::BTreeSet;
use std::ops::Range;

use mm_ops::{AllocKind, EntryFlags, Errno, FolioFlags, Pid, VmaFlags, Vpn};

use crate::coverage::rule;
use crate::fault::{Access, Fault};
use crate::khugepaged::Scan;
use crate::state::{FolioId, Mapped, Page, PmdKind, Pte, Reference};

/// Why a block is not collapsed (G18, G24).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    /// This errno, unless a later block says another.
    Next(Errno),
    /// This errno, and no further block is tried.
    Stop(Errno),
}

use Failure::{Next, Stop};

impl Reference {
    /// `madvise collapse` of a range that lies in one VMA (G24).
    pub(crate) fn collapse(&mut self, pid: Pid, range: Range<u32>) -> Result<(), Errno> {
        if !self.may_collapse(pid, range.start) {
            rule!(self.coverage, G15, 0);
            rule!(self.coverage, G18, 1);
            return Err(Errno::EINVAL);
        }
        self.drain();
        let first = range.start.next_multiple_of(self.ptes());
        let end = self.block_start(range.end);
        if first > end {
            rule!(self.coverage, G24, 0);
            return Err(Errno::EINVAL);
        }
        let mut result = Ok(());
        for start in (first..end).step_by(self.ptes() as usize) {
            match self.collapse_block(pid, start, Scan::default()) {
                Ok(()) => {}
                Err(Next(errno)) => {
                    rule!(self.coverage, G24, 1);
                    result = Err(errno);
                }
                Err(Stop(errno)) => {
                    rule!(self.coverage, G24, 2);
                    return Err(errno);
                }
            }
        }
        if result.is_ok() {
            rule!(self.coverage, G24, 3);
        }
        result
    }

    /// G15: whether a VMA allows huge pages at all: it has an anon_vma and room for a block.
    /// MADV_COLLAPSE does not ask which orders are enabled.
    fn may_collapse(&self, pid: Pid, vpn: u32) -> bool {
        let vma = self.vma(pid, Vpn(vpn)).expect("the range lies in a VMA");
        let block = vma.start.next_multiple_of(self.ptes());
        let room = block + self.ptes() <= vma.end;
        room && vma.anon_vma.is_some() && !vma.has(VmaFlags::NOHUGEPAGE)
    }

    /// G15 to G17 for one block. Whatever fails, all pages stay, and those swapped in, too.
    pub(crate) fn collapse_block(
        &mut self,
        pid: Pid,
        start: u32,
        mut scan: Scan,
    ) -> Result<(), Failure> {
        match self.pmd(pid, start) {
            PmdKind::Leaf(_) | PmdKind::HugeZero(_) | PmdKind::Migration(_) => return Ok(()),
            // It is not present, and no table.
            PmdKind::DevPrivate(_) => return Err(Next(Errno::EINVAL)),
            PmdKind::None if self.mm(pid).pmd_tables.contains(&(start / self.pmd_table_span())) => {
                return Err(Stop(Errno::EINVAL));
            }
            PmdKind::None => return Err(Next(Errno::EINVAL)),
            PmdKind::Table => {}
        }
        let block = start..start + self.ptes();
        for vpn in block.clone() {
            self.scan_entry(pid, vpn, &mut scan)?;
        }
        self.test_age(&scan)?;
        if !self.allocate(AllocKind::Folio(self.config.pmd_order()), pid, start) {
            rule!(self.coverage, G18, 0);
            return Err(Stop(Errno::ENOMEM));
        }
        let missing = |vpn| !matches!(self.pte(pid, vpn), Pte::None | Pte::Zero(_) | Pte::Page(_));
        let any_missing = block.clone().any(missing);
        for vpn in block.clone() {
            self.swap_in_for_collapse(pid, vpn)?;
        }
        if any_missing {
            // What was swapped in must not wait in a batch (S14).
            self.drain();
        }
        self.isolate_pages(pid, block.clone(), scan.again())?;
        self.replace_pages(pid, block);
        Ok(())
    }

    /// G15: the tests of one entry, in their order, before anything is done.
    fn scan_entry(&mut self, pid: Pid, vpn: u32, scan: &mut Scan) -> Result<(), Failure> {
        let pte = self.pte(pid, vpn);
        match pte {
            Pte::None | Pte::Zero(_) => return self.test_empty(pid, vpn, scan),
            Pte::Page(_) => {}
            _ if scan.too_swapped() => {
                rule!(self.coverage, G15, 10);
                return Err(Next(Errno::EINVAL));
            }
            _ => {}
        }
        match pte {
            Pte::None | Pte::Zero(_) | Pte::Guard | Pte::Poisoned => Ok(()),
            Pte::UffdMarker => Err(Next(Errno::EINVAL)),
            Pte::Page(Mapped { flags, .. })
            | Pte::Migration(Mapped { flags, .. })
            | Pte::DevPrivate(Mapped { flags, .. })
            | Pte::DevExclusive(Mapped { flags, .. })
            | Pte::Hwpoison(Mapped { flags, .. })
                if flags.has(EntryFlags::UFFD_WP) =>
            {
                rule!(self.coverage, G15, 2);
                Err(Next(Errno::EINVAL))
            }
            Pte::Swap(swapped) if swapped.flags.has(EntryFlags::UFFD_WP) => {
                rule!(self.coverage, G15, 2);
                Err(Next(Errno::EINVAL))
            }
            Pte::DevPrivate(_) | Pte::DevExclusive(_) => {
                rule!(self.coverage, N17, 5);
                Ok(())
            }
            Pte::Swap(_) | Pte::Migration(_) | Pte::Hwpoison(_) => Ok(()),
            Pte::Page(Mapped { folio, flags, .. }) => {
                self.test_shared(folio, scan)?;
                self.test_page(folio)?;
                if flags.has(EntryFlags::YOUNG) {
                    scan.met_young();
                }
                Ok(())
            }
        }
    }

    /// G15: an empty entry, or a zero page. Somebody may wait for a fault there.
    fn test_empty(&mut self, pid: Pid, vpn: u32, scan: &mut Scan) -> Result<(), Failure> {
        let vma = self.vma_flags(pid, vpn);
        let armed = vma.has(VmaFlags::UFFD_MISSING) || vma.has(VmaFlags::UFFD_WP);
        let too_empty = scan.too_empty();
        if armed || too_empty {
            rule!(self.coverage, G15, if armed { 1 } else { 11 });
            rule!(self.coverage, G18, 2);
            return Err(Stop(Errno::EBUSY));
        }
        Ok(())
    }

    /// G15: pages that others may have, too, are copied; khugepaged does that for few only.
    fn test_shared(&mut self, folio: FolioId, scan: &mut Scan) -> Result<(), Failure> {
        if self.maybe_mapped_shared(folio) && scan.too_shared() {
            rule!(self.coverage, G15, 12);
            return Err(Next(Errno::EINVAL));
        }
        Ok(())
    }

    /// G15: khugepaged works for blocks that are in use.
    fn test_age(&mut self, scan: &Scan) -> Result<(), Failure> {
        if scan.too_old(self.ptes()) {
            rule!(self.coverage, G15, 13);
            return Err(Next(Errno::EINVAL));
        }
        Ok(())
    }

    /// Whether the page can be taken: on the LRU, unlocked, and nobody else refers to it.
    fn test_page(&mut self, folio: FolioId) -> Result<(), Failure> {
        let free = self.folio(folio).flags.has(FolioFlags::LRU)
            && !self.locked(folio)
            && self.extra_references(folio) == 0;
        rule!(self.coverage, G15, u8::from(free) + 3);
        if free {
            return Ok(());
        }
        rule!(self.coverage, G18, 3);
        Err(Next(Errno::EAGAIN))
    }

    /// G16: an entry that is neither empty nor present is faulted in.
    fn swap_in_for_collapse(&mut self, pid: Pid, vpn: u32) -> Result<(), Failure> {
        if matches!(self.pte(pid, vpn), Pte::None | Pte::Zero(_) | Pte::Page(_)) {
            return Ok(());
        }
        match self.fault(pid, vpn, Access::Read) {
            Ok(()) => {
                rule!(self.coverage, G16, 0);
                Ok(())
            }
            Err(Fault::Blocked) => {
                rule!(self.coverage, G16, 1);
                Err(Stop(Errno::EINTR))
            }
            Err(_) => {
                rule!(self.coverage, G16, 2);
                Err(Stop(Errno::EINVAL))
            }
        }
    }

    /// G16: each page is locked and taken off the LRU, after the same tests. A small page that
    /// occurs twice, as only a KSM page can, is locked by then.
    fn isolate_pages(
        &mut self,
        pid: Pid,
        block: Range<u32>,
        mut scan: Scan,
    ) -> Result<(), Failure> {
        self.between_steps();
        let mut taken = BTreeSet::new();
        for vpn in block {
            match self.pte(pid, vpn) {
                Pte::None | Pte::Zero(_) => self.test_empty(pid, vpn, &mut scan)?,
                Pte::Page(Mapped { flags, .. }) if flags.has(EntryFlags::UFFD_WP) => {
                    return Err(Next(Errno::EINVAL));
                }
                Pte::Page(Mapped { folio, flags, .. }) => {
                    self.test_shared(folio, &mut scan)?;
                    let again = !taken.insert(folio);
                    if again && !self.folio(folio).large() {
                        rule!(self.coverage, G16, 3);
                        return Err(Next(Errno::EAGAIN));
                    }
                    self.test_page(folio)?;
                    if flags.has(EntryFlags::YOUNG) {
                        scan.met_young();
                    }
                }
                _ => return Err(Next(Errno::EINVAL)),
            }
        }
        self.test_age(&scan)?;
        rule!(self.coverage, G16, 4);
        Ok(())
    }

    /// G17: the content is copied, the old mappings go run by run, the leaf takes their place; the
    /// page table becomes its deposit.
    fn replace_pages(&mut self, pid: Pid, block: Range<u32>) {
        let old: Vec<Pte> = block.clone().map(|vpn| self.pte(pid, vpn)).collect();
        let mut vpn = block.start;
        while vpn < block.end {
            let Pte::Page(Mapped { folio, page, .. }) = self.pte(pid, vpn) else {
                vpn += 1;
                continue;
            };
            let run = self.run_length(pid, vpn, block.end, EntryFlags::NONE);
            rule!(self.coverage, G17, u8::from(run > 1));
            for vpn in vpn..vpn + run {
                self.set_pte(pid, vpn, Pte::None);
            }
            self.ptes_removed(folio, pid, page..page + run);
            self.free_unmapped_swap_cache(folio);
            vpn += run;
        }
        let vma = self.vma(pid, Vpn(block.start)).expect("the block lies in a VMA");
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        self.map_fresh_leaf(pid, block.start, vma_flags, prot);
        rule!(self.coverage, G17, 2);
        let PmdKind::Leaf(leaf) = self.pmd(pid, block.start) else {
            unreachable!("it was mapped just now")
        };
        for (at, pte) in (0..).zip(old) {
            if let Pte::Page(Mapped { folio, page, .. }) = pte {
                let Page { value, .. } = *self.page(folio, page);
                self.page_mut(leaf.folio, at).value = value;
            }
        }
    }
}
