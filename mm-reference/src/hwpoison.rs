//! Memory failure (rulebook section Q): a page that must not be used any more.

use mm_ops::{EntryFlags, Errno, FolioFlags, GupFlags, Outcome, PageRange, Pid, Vpn};

use crate::coverage::rule;
use crate::state::{FolioId, Held, Mapped, PmdKind, Pte, Reference};

/// The look-up of the page: a read FOLL_GET walk, whose reference is the caller's from then on.
const LOOK_UP: GupFlags = GupFlags {
    pin: false,
    write: false,
    longterm: false,
    force: false,
    fast: true,
    nofault: false,
    split_pmd: false,
};

impl Reference {
    /// `hwpoison` (Q1, Q4): by the process named, which gets the signal if there is one.
    pub(crate) fn op_hwpoison(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        match self.look_up(pid, vpn) {
            Err(errno) => Outcome::Err(errno),
            Ok(Some((folio, page))) => self.poison(pid, folio, page),
            Ok(None) if matches!(self.pmd(pid, vpn.0), PmdKind::HugeZero(_)) => {
                rule!(self.coverage, Q1, 0);
                Outcome::Err(Errno::EHWPOISON)
            }
            Ok(None) => {
                rule!(self.coverage, Q1, 1);
                Outcome::Err(Errno::EBUSY)
            }
        }
    }

    /// `soft_offline` (Q6).
    pub(crate) fn op_soft_offline(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        let result = match self.look_up(pid, vpn) {
            Err(errno) => Err(errno),
            Ok(None) => {
                rule!(self.coverage, Q6, 5);
                Err(Errno::EBUSY)
            }
            Ok(Some((folio, page))) => self.take_out_of_use(pid, vpn.0, folio, page),
        };
        match result {
            Ok(()) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// Q6: the page, faulted in if need be; `None` for a zero page.
    fn look_up(&mut self, pid: Pid, vpn: Vpn) -> Result<Option<(FolioId, u32)>, Errno> {
        let result = self.gup_fast(pid, PageRange { start: vpn, len: 1 }, LOOK_UP);
        // From here on the reference stands for "the caller's" and is not counted (G7, F7, Q4).
        let Held { pages, .. } = std::mem::take(&mut self.in_hand);
        result?;
        Ok(pages.first().copied().flatten())
    }
}

/// Memory failure.
impl Reference {
    /// Q1 for a page that some entry of the process maps.
    fn poison(&mut self, pid: Pid, folio: FolioId, page: u32) -> Outcome {
        if self.page(folio, page).hwpoison {
            rule!(self.coverage, Q1, 2);
            return Outcome::Bus;
        }
        self.page_mut(folio, page).hwpoison = true;
        if self.locked(folio) {
            rule!(self.coverage, Q1, 3);
            return Outcome::Err(Errno::EINTR);
        }
        let mut folio = folio;
        if self.folio(folio).large() {
            match self.split_to_pages(folio, page) {
                Ok(piece) => {
                    rule!(self.coverage, Q1, 5);
                    folio = piece;
                }
                Err(_) => {
                    rule!(self.coverage, Q1, 4);
                    return Outcome::Bus;
                }
            }
        }
        if self.under_writeback(folio) {
            rule!(self.coverage, Q1, 3);
            return Outcome::Err(Errno::EINTR);
        }
        self.folio_mut(folio).poison_held = true;
        let mut killed = false;
        if self.folio(folio).flags.has(FolioFlags::LRU) && self.mapcount(folio) > 0 {
            let maps = self.mappings(folio).any(|mapping| mapping.pid == pid);
            self.unmap_poisoned(folio);
            let unmapped = self.mapcount(folio) == 0;
            killed = maps && (!unmapped || self.folio(folio).flags.has(FolioFlags::DIRTY));
            if !unmapped {
                rule!(self.coverage, Q4, 0);
                return if killed { Outcome::Bus } else { Outcome::Err(Errno::EBUSY) };
            }
        }
        let recovered = self.contain(folio);
        rule!(self.coverage, Q1, if killed { 6 } else { 7 });
        match (killed, recovered) {
            (true, _) => Outcome::Bus,
            (false, true) => Outcome::Ok,
            (false, false) => Outcome::Err(Errno::EBUSY),
        }
    }

    /// Q1: every entry becomes a HWPOISON entry; of a page in the swap cache a SWAP entry, until one
    /// cannot be shared. LOCKED VMAs make no difference.
    pub(crate) fn unmap_poisoned(&mut self, folio: FolioId) {
        let cached = self.in_swap_cache(folio);
        self.walk_to_unmap(folio, |machine, pid, vpn| {
            if cached {
                rule!(machine.coverage, Q1, 8);
                return machine.swap_pte(pid, vpn).is_some();
            }
            rule!(machine.coverage, Q1, 9);
            if machine.pte_flags(pid, vpn).has(EntryFlags::DIRTY) {
                machine.mark_folio_dirty(folio);
            }
            let flags = EntryFlags::NONE;
            machine.set_pte(pid, vpn, Pte::Hwpoison(Mapped { folio, page: 0, flags }));
            true
        });
    }

    /// Q1: what is done with the page. `false`: somebody else still refers to it.
    fn contain(&mut self, folio: FolioId) -> bool {
        let dirty = self.folio(folio).flags.has(FolioFlags::DIRTY);
        if self.in_swap_cache(folio) && dirty {
            rule!(self.coverage, Q1, 10);
            self.remove_folio_flags(folio, FolioFlags::DIRTY);
            self.add_folio_flags(folio, FolioFlags::NOT_UPTODATE);
        } else if self.in_swap_cache(folio) {
            rule!(self.coverage, Q1, 11);
            self.leave_swap_cache(folio);
        }
        self.remove_folio_flags(folio, FolioFlags::LRU);
        let poisons = 1;
        let alone = self.refcount(folio) == poisons + self.cache_references(folio);
        if !alone {
            rule!(self.coverage, Q4, 1);
        }
        alone
    }
}

/// Retired pages.
impl Reference {
    /// Q2: a poisoned page whose last reference went is not free: memory failure has it for good. Of
    /// a large folio each such page is a folio of its own from then on.
    pub(crate) fn retire(&mut self, folio: FolioId) {
        rule!(self.coverage, Q2);
        self.unqueue(folio);
        let poisoned = (0u32..).zip(self.folio(folio).pages.clone());
        for (page, _) in poisoned.filter(|(_, page)| page.hwpoison) {
            let retired = if self.folio(folio).large() {
                let part = page..page + 1;
                let piece = self.cut_piece(folio, part.clone());
                self.rename_poisoned(folio, part, piece);
                piece
            } else {
                folio
            };
            self.remove_folio_flags(retired, FolioFlags::LRU.with(FolioFlags::KSM));
            self.folio_mut(retired).poison_held = true;
        }
    }
}

/// Soft offline.
impl Reference {
    /// Q6: the content moves to another page, and the page is never used again.
    fn take_out_of_use(
        &mut self,
        pid: Pid,
        vpn: u32,
        folio: FolioId,
        page: u32,
    ) -> Result<(), Errno> {
        if self.page(folio, page).hwpoison {
            rule!(self.coverage, Q6, 0);
            return Ok(());
        }
        if self.locked(folio) {
            rule!(self.coverage, Q6, 6);
            return Err(Errno::EINTR);
        }
        let mut folio = folio;
        if self.folio(folio).large() {
            folio = self.split_to_pages(folio, page).map_err(|_| Errno::EBUSY)?;
            rule!(self.coverage, Q6, 1);
            if self.mapcount(folio) == 0 && !self.in_swap_cache(folio) {
                // It was full of zeroes (F9): nothing is left to migrate.
                return Ok(());
            }
        }
        if self.under_writeback(folio) {
            return Err(Errno::EINTR);
        }
        if !self.folio(folio).flags.has(FolioFlags::LRU) {
            rule!(self.coverage, Q6, 2);
            return Err(Errno::EBUSY);
        }
        let to = self.migrate_away(folio, pid, vpn).map_err(|_| Errno::EBUSY)?;
        let moved = self.move_folio(folio, to);
        rule!(self.coverage, Q6, if moved { 3 } else { 4 });
        self.end_migration(folio, if moved { to } else { folio });
        if moved { Ok(()) } else { Err(Errno::EBUSY) }
    }
}
