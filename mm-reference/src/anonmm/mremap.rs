//! The move of pages (M3 … M6), one by one. A page that others map, too, cannot be noted at two addresses:
//! who moves it gets a copy first.

use mm_ops::{Pid, VmaFlags};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::{Mapped, Pte, Reference};

impl Reference {
    /// M3, M4: all pages of a range move, or those that did move back.
    pub(crate) fn move_pages_one_by_one(
        &mut self,
        pid: Pid,
        (from, to): (u32, u32),
        len: u32,
    ) -> Result<(), NoMemory> {
        let Err(moved) = self.move_each_page(pid, (from, to), len) else { return Ok(()) };
        rule!(self.coverage, M4);
        // The tables are still there, and what moved is mapped once.
        let back = self.move_each_page(pid, (to, from), moved);
        debug_assert!(back.is_ok(), "the way back needs no memory");
        Err(NoMemory)
    }

    /// Ascending. Out of memory: the number of pages before the one that needed it.
    fn move_each_page(&mut self, pid: Pid, (from, to): (u32, u32), len: u32) -> Result<(), u32> {
        for at in 0..len {
            self.move_one_page(pid, from + at, to + at).map_err(|NoMemory| at)?;
        }
        Ok(())
    }

    /// M3, M5.
    fn move_one_page(&mut self, pid: Pid, old: u32, new: u32) -> Result<(), NoMemory> {
        loop {
            if self.pte(pid, old) == Pte::None {
                rule!(self.coverage, M3, 0);
                return Ok(());
            }
            // Tables come first: a copy made in vain would be no better than none.
            self.ensure_pmd_table(pid, new)?;
            self.ensure_pte_table(pid, new)?;
            self.between_steps();
            let Pte::Page(Mapped { folio, .. }) = self.pte(pid, old) else {
                rule!(self.coverage, M5);
                break;
            };
            if self.mapcount(folio) == 1 {
                rule!(self.coverage, M3, 1);
                self.folio_mut(folio).index = new;
                break;
            }
            rule!(self.coverage, M3, 2);
            self.make_page_exclusive(pid, old)?;
        }
        let entry = self.pte(pid, old);
        self.set_pte(pid, old, Pte::None);
        self.set_pte(pid, new, entry);
        Ok(())
    }

    /// M4, M6: COW is broken at the old place, whatever the rights of the VMA.
    fn make_page_exclusive(&mut self, pid: Pid, vpn: u32) -> Result<(), NoMemory> {
        let writable = self.vma_flags(pid, vpn).has(VmaFlags::WRITE);
        rule!(self.coverage, M6, u8::from(writable));
        self.group.cows += 1;
        self.reuse_or_copy(pid, vpn)
    }
}
