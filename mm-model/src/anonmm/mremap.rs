//! The page tables of a move (M3 to M6): a page that one entry maps takes its new address along, a shared
//! one is copied first. Entries between two shared pages are moved in runs within a table: nothing is
//! allocated there but the tables, which are asked for where the first entry needs them.

use crate::alloc::NoMemory;
use crate::entry::Entry;
use crate::fault::FaultError;
use crate::model::Model;
use crate::mremap::Remap;
use crate::race::Point;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{Errno, PageRange, Pid};

/// Where a move is.
#[derive(Clone, Copy)]
struct Way {
    /// The VMA that is left.
    source: Area,
    from: u32,
    to: u32,
    /// Pages still to do.
    len: u32,
}

impl Way {
    const fn advance(&mut self, pages: u32) {
        self.from += pages;
        self.to += pages;
        self.len -= pages;
    }

    const fn pid(&self) -> Pid {
        self.source.pid
    }
}

/// Why a move ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// No memory for a page table.
    Table,
    /// The copy of a shared page failed.
    Copy,
}

impl Model {
    /// move_page_tables both ways (M4): where memory lacks, the pages moved so far go back, and the new
    /// place is unmapped.
    pub(crate) fn move_noted_pages(
        &mut self,
        old: Area,
        new: Area,
        call: &Remap,
    ) -> Result<(), Errno> {
        let Remap { pid, addr, old_len, to, new_len, .. } = *call;
        let result = self.move_noted(Way { source: old, from: addr, to, len: old_len });
        let Err((mut moved, lack)) = result else {
            self.lose_what_is_left(old, call);
            return Ok(());
        };
        if fault!(self, AnonmmOffsetBug) && lack == Lack::Copy {
            let Some(one_less) = moved.checked_sub(1) else {
                self.lose_what_is_left(old, call);
                return Ok(());
            };
            moved = one_less;
        }
        let back = self.move_noted(Way { source: new, from: to, to: addr, len: moved });
        debug_assert!(self.is_faulty() || back.is_ok(), "only one allocation fails");
        let undone = self.unmap_range(pid, PageRange::new(to, new_len));
        debug_assert!(self.is_faulty() || undone.is_ok(), "only one allocation fails");
        Err(Errno::ENOMEM)
    }

    /// What a fault left at the source is lost when that is unmapped.
    fn lose_what_is_left(&mut self, old: Area, call: &Remap) {
        if self.is_faulty() {
            self.zap_range(old, call.addr, call.addr + call.old_len, crate::zap::Guards::Remove);
        }
    }

    /// One direction. An error comes with how many pages were done.
    fn move_noted(&mut self, mut way: Way) -> Result<(), (u32, Lack)> {
        let pages = way.len;
        while way.len > 0 {
            let moved = self.move_noted_run(&mut way);
            moved.map_err(|lack| (pages - way.len, lack))?;
        }
        Ok(())
    }

    /// Goes on to the next page that is shared, or to the end of a table on either side; then copies
    /// that page.
    fn move_noted_run(&mut self, way: &mut Way) -> Result<(), Lack> {
        let extent = self.extent_of(way);
        let source = self.pmd_slot(way.pid(), way.from);
        let Some(source) = source.filter(|pmd| self.tables.get(*pmd).is_table()) else {
            way.advance(extent);
            return Ok(());
        };
        let source = self.pte_slot_in(source, way.from);
        let run = self.tables.run(source, extent as usize);
        let skip = run.iter().position(|entry| !entry.is_none());
        let Some(skip) = skip else {
            way.advance(extent);
            return Ok(());
        };
        way.advance(skip as u32);
        let (source, room) = (source + skip, extent - skip as u32);
        let target = self.noted_target(way).map_err(|NoMemory| Lack::Table)?;
        let limit = self.run_max.min(room);
        let run = self.tables.run(source, limit as usize);
        let len = run.iter().take_while(|entry| self.moves_as_it_is(**entry)).count() as u32;
        if len > 0 {
            self.move_unshared(way, source, target, len);
            way.advance(len);
            return Ok(());
        }
        self.anonmms.cows += 1;
        let copied = self.break_cow(way.source, source, way.from);
        copied.map_err(|error| {
            debug_assert_eq!(error, FaultError::NoMemory, "M15 fails for nothing else");
            Lack::Copy
        })?;
        if fault!(self, EarlyCowLoopRetreat) {
            way.advance(1);
        }
        Ok(())
    }

    /// Pages up to the end of a table on either side, or to the end.
    fn extent_of(&self, way: &Way) -> u32 {
        let rest = |at: u32| self.geometry.block_end(at) - at;
        rest(way.from).min(rest(way.to)).min(way.len)
    }

    /// The PTE to fill; its tables are made if missing.
    fn noted_target(&mut self, way: &Way) -> Result<Slot, NoMemory> {
        let pmd = self.pmd_slot_alloc(way.pid(), way.to)?;
        self.pte_slot_alloc(way.pid(), pmd, way.to)
    }

    /// Whether an entry can be moved: it maps no page that another one maps, too (M3, M5).
    fn moves_as_it_is(&self, entry: Entry) -> bool {
        if fault!(self, AnonmmNoCow) {
            return true;
        }
        !entry.has_folio()
            || self.folios.page_mapcount(self.folios.of(entry.pfn()), entry.pfn()) <= 1
            || fault!(self, AnonmmMoveWithoutEarlyCow)
    }

    /// Pages that one entry each maps note their new addresses; then the entries move, with all their
    /// bits. With an actor looking on, `len` is 1.
    fn move_unshared(&mut self, way: &Way, source: Slot, target: Slot, len: u32) {
        for page in 0..len {
            let entry = self.tables.get(source + page as usize);
            if entry.has_folio() {
                let id = self.folios.of(entry.pfn());
                if self.folios.mapcount_of(id) == 1 || fault!(self, AnonmmMoveWithoutEarlyCow) {
                    self.folios[id].index = way.to + page;
                }
            }
        }
        if self.race.is_none() {
            self.tables.move_run(source, target, len as usize);
            return;
        }
        let entry = self.tables.get(source);
        self.tables.set(source, Entry::NONE);
        self.yield_point(Point::MoveCleared);
        if !fault!(self, MremapNoFlush) {
            self.flush_tlb(way.pid(), way.from, way.from + len);
        }
        self.tables.set(target, entry);
        self.yield_point(Point::MoveSet);
        self.yield_point(Point::MoveStepped);
    }
}
