//! The page tables of a move (rulebook J7, J9 to J11): what two PUD or PMD entries span alike is moved by
//! moving the entry, everything else entry by entry, in runs as long as the configuration allows. A
//! run is moved as it is, whatever its entries map: no count changes with an address (J6).

use crate::entry::Entry;
use crate::model::Model;
use crate::race::Point;
use crate::table::Slot;
use crate::uffd::WATCHED;
use crate::vma::Area;
use mm_ops::{EventKind, Pid};

/// When a move takes the rmap lock, that of the source's root, for writing (J10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RmapLocks {
    /// Never: whoever moves holds it all the time (JR4).
    Held,
    /// For entries of tables: no table lock hides them from a walk.
    Tables,
    /// For every table, since a walk may come to the destination first.
    Always,
}

/// A move of pages from one VMA to another, or within one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    old: Area,
    new: Area,
    from: u32,
    to: u32,
    len: u32,
    /// Nobody watches the new place: write protection by userfaultfd goes (J7), and so every entry
    /// must be looked at (J9).
    unwatched: bool,
    locks: RmapLocks,
}

impl Move {
    /// A move of `len` pages, `(from, to, len)`; `kept`: userfaultfd goes on watching.
    pub(crate) const fn new(old: Area, new: Area, pages: (u32, u32, u32), kept: bool) -> Self {
        let (from, to, len) = pages;
        let unwatched = (old.flags.0 | new.flags.0) & WATCHED.0 != 0 && !kept;
        Self { old, new, from, to, len, unwatched, locks: RmapLocks::Tables }
    }

    /// The same with these locks.
    pub(crate) const fn locking(self, locks: RmapLocks) -> Self {
        Self { locks, ..self }
    }

    /// The way back of the first `len` pages.
    pub(crate) const fn back(self, len: u32) -> Self {
        let locks = match self.locks {
            RmapLocks::Held => RmapLocks::Held,
            RmapLocks::Tables | RmapLocks::Always => RmapLocks::Always,
        };
        Self { old: self.new, new: self.old, from: self.to, to: self.from, len, locks, ..self }
    }

    pub(crate) const fn pid(&self) -> Pid {
        self.old.pid
    }

    pub(crate) const fn pages(&self) -> u32 {
        self.len
    }

    /// First page of the source, and the first one behind it.
    pub(crate) const fn source(&self) -> (u32, u32) {
        (self.from, self.from + self.len)
    }

    /// Whether this PMD entry, the whole of it, can go to an empty one as it is (J9).
    const fn takes_whole(&self, pmd: Entry) -> bool {
        pmd.is_huge() || (pmd.is_table() && !self.unwatched)
    }

    /// Where a page of the source goes.
    pub(crate) const fn destination_of(&self, vpn: u32) -> u32 {
        self.to.wrapping_add(vpn.wrapping_sub(self.from))
    }
}

/// Where a move is.
#[derive(Clone, Copy)]
struct Cursor {
    from: u32,
    to: u32,
    /// First page of the source behind it.
    end: u32,
}

impl Cursor {
    /// Pages up to the next multiple of `size`, a power of two, on either side, or to the end.
    fn extent(&self, size: u32) -> u32 {
        let rest = |at: u32| size - (at & (size - 1));
        rest(self.from).min(rest(self.to)).min(self.end - self.from)
    }

    const fn advance(&mut self, pages: u32) {
        self.from += pages;
        self.to += pages;
    }
}

impl Model {
    /// move_page_tables. Answers how many pages of the range are done; fewer than all, if memory
    /// lacks for a table.
    pub(crate) fn move_page_tables(&mut self, way: &Move) -> u32 {
        self.move_page_tables_with(way, |_, _| {})
    }

    /// The same; after each step `each` hears up to which page of the source all is moved.
    pub(crate) fn move_page_tables_with(
        &mut self,
        way: &Move,
        mut each: impl FnMut(&mut Self, u32),
    ) -> u32 {
        self.notify(EventKind::Unmap, way.old.pid, way.from, way.from + way.len);
        let mut cursor = Cursor { from: way.from, to: way.to, end: way.from + way.len };
        if self.can_align_down(way) {
            cursor.from = self.geometry.block_start(way.from);
            cursor.to = self.geometry.block_start(way.to);
        }
        while cursor.from < cursor.end {
            let Some(done) = self.move_next(way, &cursor) else { break };
            cursor.advance(done);
            each(self, cursor.from);
            self.yield_point(Point::MoveStepped);
        }
        cursor.from.saturating_sub(way.from).min(way.len)
    }

    /// J9: the first table can be moved whole although the range begins within it, since nothing else
    /// is there on either side.
    fn can_align_down(&self, way: &Move) -> bool {
        let (old, new) = (self.geometry.pte_index(way.from), self.geometry.pte_index(way.to));
        let is_free = |area: Area, at: u32| {
            let prev = area.index.checked_sub(1).and_then(|index| self.area(area.pid, index));
            let floor = prev.map_or(0, |prev| prev.end);
            area.start == at && floor <= self.geometry.block_start(at)
        };
        old != 0
            && old == new
            && way.len >= self.geometry.ptes() - old as u32
            && is_free(way.old, way.from)
            && is_free(way.new, way.to)
    }

    /// Moves what one step can move. Answers the pages done, also where nothing was there.
    fn move_next(&mut self, way: &Move, cursor: &Cursor) -> Option<u32> {
        let pid = way.old.pid;
        let span = self.geometry.ptes() << self.geometry.shift;
        let extent = cursor.extent(span);
        let top =
            |vpn: u32| self.tables.slot(self.mms[pid.index()].top, self.geometry.top_index(vpn));
        let (from, to) = (top(cursor.from), top(cursor.to));
        if self.tables.get(from).is_none() {
            return Some(extent);
        }
        if extent == span && !way.unwatched && self.tables.get(to).is_none() {
            self.move_entry(way, from, to, cursor.from, extent);
            return Some(extent);
        }
        let extent = cursor.extent(self.geometry.ptes());
        let from = self.pmd_slot(pid, cursor.from)?;
        if self.tables.get(from).is_none() {
            return Some(extent);
        }
        let to = self.pmd_slot_alloc(pid, cursor.to).ok()?;
        let entry = self.tables.get(from);
        let whole = extent == self.geometry.ptes() && self.tables.get(to).is_none();
        if whole && way.takes_whole(entry) {
            return Some(self.move_entries(way, from, to, cursor));
        }
        if entry.is_huge() {
            self.split_leaf(way.old, from);
        }
        let is_new = self.tables.get(to).is_none();
        self.pte_slot_alloc(pid, to, cursor.to).ok()?;
        self.lock_overtaken(way);
        self.move_ptes(way, (from, to), cursor, extent, is_new);
        self.unlock_overtaken(way);
        Some(extent)
    }

    /// J10 for what table locks hide.
    fn lock_overtaken(&mut self, way: &Move) {
        if way.locks == RmapLocks::Always {
            self.lock_root(self.vma(way.old).anon_vma);
        }
    }

    fn unlock_overtaken(&mut self, way: &Move) {
        if way.locks == RmapLocks::Always {
            self.unlock_roots();
        }
    }

    /// Moves a table or a leaf, and those behind it that can go to the PMD entries behind. Answers the pages done.
    fn move_entries(&mut self, way: &Move, from: Slot, to: Slot, cursor: &Cursor) -> u32 {
        let ptes = self.geometry.ptes();
        let extent = cursor.extent(ptes << self.geometry.shift);
        let mut done = 0;
        while done + ptes <= extent {
            let offset = (done >> self.geometry.shift) as usize;
            let (from, to, vpn) = (from + offset, to + offset, cursor.from + done);
            let entry = self.tables.get(from);
            if !way.takes_whole(entry) || !self.tables.get(to).is_none() {
                break;
            }
            if entry.is_huge() {
                self.lock_overtaken(way);
                self.move_leaf(way, from, to, vpn);
                self.unlock_overtaken(way);
            } else {
                self.move_entry(way, from, to, vpn, ptes);
            }
            done += ptes;
        }
        done
    }

    /// A table goes to another PMD or PUD entry, with all that is in it (J9): nothing in it changes.
    fn move_entry(&mut self, way: &Move, from: Slot, to: Slot, vpn: u32, pages: u32) {
        let locked = way.locks != RmapLocks::Held && !fault!(self, MremapTableMoveNoRmapLock);
        if locked {
            self.lock_root(self.vma(way.old).anon_vma);
        }
        let entry = self.tables.get(from);
        self.tables.set(from, Entry::NONE);
        self.yield_point(Point::MoveTableCleared);
        self.tables.set(to, entry);
        self.yield_point(Point::MoveTableSet);
        if !fault!(self, MremapNoFlush) {
            self.flush_tlb(way.old.pid, vpn, vpn + pages);
        }
        if locked {
            self.unlock_roots();
        }
    }

    /// A PMD leaf of any kind, or a MIGRATION PMD; its deposited table is the mm's, and stays (J9).
    fn move_leaf(&mut self, way: &Move, from: Slot, to: Slot, vpn: u32) {
        let entry = self.tables.get(from);
        self.tables.set(from, Entry::NONE);
        self.yield_point(Point::MoveCleared);
        let entry = if fault!(self, MremapLeafAsTable) {
            Entry::table(self.withdraw(way.old.pid))
        } else {
            self.moved(way, entry)
        };
        self.tables.set(to, entry);
        self.yield_point(Point::MoveSet);
        if !fault!(self, MremapNoFlush) {
            self.flush_tlb(way.old.pid, vpn, vpn + self.geometry.ptes());
        }
    }

    /// What becomes of an entry that is moved (J7).
    fn moved(&self, way: &Move, mut entry: Entry) -> Entry {
        if entry.is_none() {
            return entry;
        }
        // Markers and HWPOISON entries have no such bit (S4).
        let named = entry.is_swap() || entry.is_migration() || entry.is_device();
        let tracked = entry.is_present() || named;
        if self.config.soft_dirty && tracked && !fault!(self, MremapSoftDirtyLost) {
            entry = entry.with(Entry::SOFT_DIRTY);
        }
        if way.unwatched && !fault!(self, MremapKeepsUffdwp) {
            if entry.is_uffd_marker() {
                return Entry::NONE;
            }
            entry = entry.without(Entry::UFFD_WP);
        }
        if fault!(self, MremapSwapLosesExclusive) && entry.is_swap() {
            entry = entry.without(Entry::EXCLUSIVE);
        }
        entry
    }

    /// move_ptes: `len` entries of the table of one PMD entry to that of another one, or within one. Where it can,
    /// what moves stays where it is in memory, and the PMD entries exchange their tables.
    fn move_ptes(
        &mut self,
        way: &Move,
        (from, to): (Slot, Slot),
        cursor: &Cursor,
        len: u32,
        is_new: bool,
    ) {
        let slots = |model: &Self, from, to| {
            (model.pte_slot_in(from, cursor.from), model.pte_slot_in(to, cursor.to))
        };
        let (source, target) = slots(self, from, to);
        #[cfg(feature = "faults")]
        self.spoil_moved_run(source, len);
        let ptes = self.geometry.ptes();
        let verbatim =
            !way.unwatched && !self.config.soft_dirty && !fault!(self, MremapSwapLosesExclusive);
        let in_place = verbatim && len <= self.run_max;
        if in_place && is_new && self.is_all_there_is(way, cursor, len) {
            self.exchange_tables(from, to);
            let moved = self.pte_slot_in(to, cursor.from);
            let (_, target) = slots(self, from, to);
            self.tables.shift_run(moved, target, len as usize);
        } else if in_place && 2 * len > ptes {
            self.tables.move_by_exchange(source, target, len as usize);
            self.exchange_tables(from, to);
        } else {
            self.move_runs(way, source, target, len, verbatim);
        }
        if !fault!(self, MremapNoFlush) {
            self.flush_tlb(way.old.pid, cursor.from, cursor.from + len);
        }
    }

    /// Whether the table of the source holds nothing but these entries: what was before them is moved already, and
    /// nothing is behind them.
    fn is_all_there_is(&self, way: &Move, cursor: &Cursor, len: u32) -> bool {
        self.geometry.block_start(cursor.from) >= way.from
            && self.geometry.block_end(cursor.from) == cursor.from + len
    }

    fn exchange_tables(&mut self, one: Slot, other: Slot) {
        let (first, second) = (self.tables.get(one), self.tables.get(other));
        self.tables.set(one, second);
        self.tables.set(other, first);
    }

    /// The same in runs as long as the configuration allows; `verbatim`: no entry changes.
    fn move_runs(&mut self, way: &Move, source: Slot, target: Slot, len: u32, verbatim: bool) {
        let mut at = 0;
        while at < len {
            let (from, to) = (source + at as usize, target + at as usize);
            let step = self.run_max.min(len - at);
            if self.race.is_some() {
                self.move_seen(way, from, to);
            } else {
                self.tables.move_run(from, to, step as usize);
                for slot in to..to + if verbatim { 0 } else { step as usize } {
                    let entry = self.moved(way, self.tables.get(slot));
                    self.tables.set(slot, entry);
                }
            }
            at += step;
        }
    }

    /// One entry, with an actor looking on.
    fn move_seen(&mut self, way: &Move, from: Slot, to: Slot) {
        let entry = self.tables.get(from);
        if entry.is_none() {
            return;
        }
        self.tables.set(from, Entry::NONE);
        self.yield_point(Point::MoveCleared);
        let entry = self.moved(way, entry);
        self.tables.set(to, entry);
        self.yield_point(Point::MoveSet);
    }
}

#[cfg(feature = "faults")]
impl Model {
    /// A run is taken to be as writable as its first entry.
    fn spoil_moved_run(&mut self, source: Slot, len: u32) {
        if !fault!(self, BatchMremapIgnoresWrite) {
            return;
        }
        let ignored = Entry::WRITE | Entry::YOUNG | Entry::DIRTY | Entry::SOFT_DIRTY;
        let mut at = 0;
        while at < len {
            let slot = source + at as usize;
            let first = self.tables.get(slot);
            if !first.has_folio() {
                at += 1;
                continue;
            }
            let run = self.run_at(slot, len - at, ignored);
            for entry in self.tables.run_mut(slot, run as usize) {
                *entry = entry.without(Entry::WRITE).with(first.0 & Entry::WRITE);
            }
            at += run;
        }
    }
}
