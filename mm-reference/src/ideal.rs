//! The ideal: what memory means, with no copy-on-write at all.
//!
//! A mapped page is a *cell* that holds a value. fork copies every cell. A FOLL_PIN handle names
//! the cell itself, so that pin and owner see each other's writes for as long as the owner maps it,
//! and the pin keeps it afterwards (INV26). Whoever looks sees what was last written to the cell
//! (INV25), and nobody else's writes (INV27).
//!
//! Nothing is known here of folios, page tables, references or exclusivity. Success is what the
//! outcome says. What an operation that failed midway did follows from the areas, a list of who has
//! mapped what; after a failed allocation it does not, and then the cells in question have two
//! possible values until one of them is seen.
//!
//! # Known exceptions
//!
//! * A FOLL_GET handle promises nothing (D6, R13). Reading through it shows what the cell held when
//!   it was taken or any time later; what was once seen to be out of date stays so. Writing through
//!   it reaches the owner, and everyone who got the page by a fork and did not write since, or not:
//!   cells that may still be one page have one *lineage*.
//! * A short R/O pin of a page nobody ever wrote may be on the zero page (D7) and then reads zero
//!   for ever. A zero-filled page in a block where MADV_FREE may have split a folio is such a page
//!   again (F9).

mod areas;

use std::collections::BTreeMap;

use mm_ops::{
    Config, Errno, GupFlags, HANDLES_MAX, Handle, Op, Outcome, PROCS_MAX, PageRange, Pid, Remote,
    Value, VmaFlags, Vpn,
};

use crate::vma::prot_flags;
use areas::{Area, Holes};

/// Something was seen that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant, or the rule.
    pub rule: &'static str,
    /// Whose memory, if it was looked at through a process.
    pub pid: Option<Pid>,
    /// Which page of it.
    pub vpn: Option<Vpn>,
    /// Through which handle, if it was looked at through one.
    pub handle: Option<Handle>,
    /// What should have been seen.
    pub expected: Value,
    /// What was seen.
    pub found: Value,
    /// What is wrong with that.
    pub why: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rule, expected, found, why, .. } = self;
        write!(f, "{rule}: expected {expected:?}, found {found:?}: {why}")
    }
}

impl std::error::Error for Violation {}

type CellId = usize;

/// A page as it is meant.
#[derive(Clone, Debug, Default)]
struct Cell {
    value: Value,
    /// What it may hold instead; settled when it is next seen.
    or: Vec<Value>,
    /// Cells of one lineage may be one page, as far as a FOLL_GET handle is concerned.
    lineage: u32,
    /// Another cell may have the same lineage.
    forked: bool,
    /// Nobody made sure that it is a page of its own.
    maybe_zero_page: bool,
}

#[derive(Clone, Debug, Default)]
struct Process {
    areas: Vec<Area>,
    pages: BTreeMap<u32, CellId>,
}

/// What a handle knows of one of its pages.
#[derive(Clone, Debug)]
struct Grip {
    cell: CellId,
    /// `None`: a pin. Else what a FOLL_GET handle may see, and the lineages it may write to.
    loose: Option<Loose>,
    /// A short R/O pin of what may be the zero page.
    maybe_zero_page: bool,
}

#[derive(Clone, Debug)]
struct Loose {
    may_see: Vec<Value>,
    lineages: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Holder {
    owner: Pid,
    pages: Vec<Grip>,
}

/// See the module documentation.
#[derive(Clone, Debug, Default)]
pub struct Ideal {
    ptes: u32,
    processes: Vec<Process>,
    cells: Vec<Cell>,
    unused: Vec<CellId>,
    handles: Vec<Option<Holder>>,
    lineages: u32,
    /// An allocation of the current operation may fail.
    armed: bool,
    /// Who wrote a value, by its stamp.
    writers: BTreeMap<u16, Pid>,
}

impl Ideal {
    /// A fresh machine of default geometry.
    #[must_use]
    pub fn new() -> Self {
        let mut new = Self::default();
        new.reset(&Config::default());
        new
    }

    /// Back to a fresh machine.
    pub fn reset(&mut self, config: &Config) {
        self.ptes = u32::from(config.ptes);
        self.processes.resize_with(usize::from(PROCS_MAX), Process::default);
        for process in &mut self.processes {
            process.areas.clear();
            process.pages.clear();
        }
        self.cells.clear();
        self.unused.clear();
        self.handles.clear();
        self.handles.resize_with(usize::from(HANDLES_MAX), || None);
        self.lineages = 0;
        self.armed = false;
        self.writers.clear();
    }

    /// Judges what the operation returned, and does what it means.
    ///
    /// # Errors
    ///
    /// It returned a value that the one who asked is not entitled to.
    pub fn apply(&mut self, op: &Op, outcome: &Outcome) -> Result<(), Violation> {
        let starved = self.armed && matches!(outcome, Outcome::Err(Errno::ENOMEM | Errno::EAGAIN));
        self.armed = matches!(op, Op::FailAlloc { nth } if *nth > 0);
        match (*op, *outcome) {
            (_, Outcome::Err(Errno::ESRCH)) => {}
            (Op::Mmap { pid, range, prot, droppable }, Outcome::Ok) => {
                self.map(pid, range, prot, droppable);
            }
            (Op::Munmap { pid, range }, Outcome::Ok) => self.unmap(pid, range),
            (Op::Exit { pid }, Outcome::Ok) => self.unmap(pid, PageRange::new(0, u32::MAX)),
            (Op::Fork { parent, child }, Outcome::Ok) => self.fork(parent, child),
            (Op::Mprotect { pid, range, prot }, _) => {
                let access = VmaFlags::READ.with(VmaFlags::WRITE);
                let new = |old: VmaFlags| old.without(access).with(prot_flags(prot));
                let stops = |area: &Area| area.flags.has(VmaFlags::SEALED);
                self.change(pid, range, starved, Holes::Stop, stops, new);
            }
            (Op::Mlock { pid, range }, _) => {
                let new =
                    |old: VmaFlags| old.with_if(VmaFlags::LOCKED, !old.has(VmaFlags::DROPPABLE));
                self.change(pid, range, starved, Holes::Stop, |_| false, new);
            }
            (Op::Munlock { pid, range }, _) => {
                let new = |old: VmaFlags| old.without(VmaFlags::LOCKED);
                self.change(pid, range, starved, Holes::Stop, |_| false, new);
            }
            (Op::Mseal { pid, range }, _) if *outcome == Outcome::Ok || starved => {
                let new = |old: VmaFlags| old.with(VmaFlags::SEALED);
                self.change(pid, range, starved, Holes::Stop, |_| false, new);
            }
            (Op::Madvise { pid, range, advice }, _) => {
                self.advise(pid, range, advice, *outcome, starved);
            }
            (Op::Write { pid, vpn, value }, Outcome::Ok) => self.store(pid, vpn, value),
            (Op::Remote { pid, vpn, access: Remote::Poke(value) | Remote::VmWrite(value) }, _)
                if *outcome == Outcome::Ok =>
            {
                self.store(pid, vpn, value);
            }
            (Op::Read { pid, vpn } | Op::Remote { pid, vpn, .. }, Outcome::Value(found)) => {
                return self.seen_by(pid, vpn, found);
            }
            (Op::Gup { pid, range, handle, flags }, Outcome::Count(count)) if count > 0 => {
                self.open(pid, range.start, count, handle, flags);
            }
            (Op::Put { handle, .. }, Outcome::Ok) => self.close(handle),
            (Op::DmaRead { handle, index }, Outcome::Value(found)) => {
                return self.seen_through(handle, index, found);
            }
            (Op::DmaWrite { handle, index, value }, Outcome::Ok) => {
                self.store_through(handle, index, value);
            }
            _ => {}
        }
        Ok(())
    }

    /// Judges everything visible: each page some process maps, by (pid, vpn). A page that is not
    /// listed reads zero.
    ///
    /// # Errors
    ///
    /// A process sees what it must not see; the first such page is named.
    pub fn judge(
        &mut self,
        seen: impl Iterator<Item = (Pid, Vpn, Value)>,
    ) -> Result<(), Violation> {
        let mut seen = seen.peekable();
        for pid in (0..PROCS_MAX).map(Pid) {
            let pages = std::mem::take(&mut self.processes[pid.index()].pages);
            let verdict = self.judge_process(pid, &pages, &mut seen);
            self.processes[pid.index()].pages = pages;
            verdict?;
        }
        Ok(())
    }

    fn judge_process(
        &mut self,
        pid: Pid,
        pages: &BTreeMap<u32, CellId>,
        seen: &mut std::iter::Peekable<impl Iterator<Item = (Pid, Vpn, Value)>>,
    ) -> Result<(), Violation> {
        let mut own = pages.iter().peekable();
        loop {
            let next_seen = seen.peek().filter(|(p, ..)| *p <= pid).map(|(_, vpn, _)| vpn.0);
            let next_own = own.peek().map(|(vpn, _)| **vpn);
            let vpn = match (next_seen, next_own) {
                (None, None) => return Ok(()),
                (Some(a), Some(b)) => a.min(b),
                (Some(vpn), None) | (None, Some(vpn)) => vpn,
            };
            let cell = own.next_if(|(at, _)| **at == vpn).map(|(_, cell)| *cell);
            let listed = seen.next_if(|(p, at, _)| *p <= pid && at.0 == vpn);
            let found = listed.map_or(Value::ZERO, |(.., value)| value);
            self.judge_page(pid, Vpn(vpn), cell, found)?;
        }
    }
}

/// Looking.
impl Ideal {
    fn seen_by(&mut self, pid: Pid, vpn: Vpn, found: Value) -> Result<(), Violation> {
        let cell = self.processes[pid.index()].pages.get(&vpn.0).copied();
        self.judge_page(pid, vpn, cell, found)
    }

    /// INV25, INV26, INV27: a process sees what was last written to its page.
    fn judge_page(
        &mut self,
        pid: Pid,
        vpn: Vpn,
        cell: Option<CellId>,
        found: Value,
    ) -> Result<(), Violation> {
        let expected = match cell {
            Some(cell) if self.settle(cell, found) => return Ok(()),
            Some(cell) => self.cells[cell].value,
            None if found == Value::ZERO => return Ok(()),
            None => Value::ZERO,
        };
        let writer = self.writers.get(&found.stamp).copied();
        let pinned = cell
            .is_some_and(|cell| self.grips().any(|grip| grip.cell == cell && grip.loose.is_none()));
        let (rule, why) = match writer {
            Some(writer) if writer != pid && found != Value::ZERO => {
                ("INV27", format!("p{} wrote this, and p{} sees it", writer.0, pid.0))
            }
            _ if pinned => ("INV26", "a pin and its owner see different pages".to_owned()),
            _ => ("INV25", "not the last value written here".to_owned()),
        };
        let (pid, vpn) = (Some(pid), Some(vpn));
        Err(Violation { rule, pid, vpn, handle: None, expected, found, why })
    }

    /// Whether the cell may hold what is seen; if so, it does from here on.
    fn settle(&mut self, cell: CellId, found: Value) -> bool {
        let cell = &mut self.cells[cell];
        if cell.value != found && !cell.or.contains(&found) {
            return false;
        }
        cell.value = found;
        cell.or.clear();
        true
    }

    fn seen_through(&mut self, handle: Handle, index: u32, found: Value) -> Result<(), Violation> {
        let violation = |rule, expected, why: &str| Violation {
            rule,
            pid: None,
            vpn: None,
            handle: Some(handle),
            expected,
            found,
            why: why.to_owned(),
        };
        let Some(grip) = self.grip_mut(handle, index) else {
            return Err(violation("D13", Value::ZERO, "read through a page that is not held"));
        };
        let cell = grip.cell;
        if let Some(loose) = &mut grip.loose {
            let Some(expected) = loose.may_see.last().copied() else { return Ok(()) };
            if !loose.may_see.contains(&found) {
                return Err(violation("D6", expected, "never on this page since it was taken"));
            }
            loose.may_see = vec![found];
            return Ok(());
        }
        let maybe_zero_page = grip.maybe_zero_page;
        if self.settle(cell, found) {
            if found != Value::ZERO {
                self.grip_mut(handle, index).expect("found above").maybe_zero_page = false;
            }
            return Ok(());
        }
        if maybe_zero_page && found == Value::ZERO {
            // D7: it is on the zero page, and stays there.
            let zero = self.new_cell(Value::ZERO);
            let grip = self.grip_mut(handle, index).expect("found above");
            (grip.cell, grip.maybe_zero_page) = (zero, false);
            return Ok(());
        }
        let expected = self.cells[cell].value;
        Err(violation("INV26", expected, "a pin and its owner see different pages"))
    }
}

/// Writing.
impl Ideal {
    /// The owner writes to its page.
    fn store(&mut self, pid: Pid, vpn: Vpn, value: Value) {
        self.writers.insert(value.stamp, pid);
        let cell = self.cell_of(pid, vpn.0);
        self.store_cell(cell, value);
    }

    /// A device writes to a page it holds.
    fn store_through(&mut self, handle: Handle, index: u32, value: Value) {
        let Some(owner) = self.handles[handle.index()].as_ref().map(|holder| holder.owner) else {
            return;
        };
        self.writers.insert(value.stamp, owner);
        let Some(grip) = self.grip_mut(handle, index) else { return };
        let cell = grip.cell;
        match &mut grip.loose {
            None => self.store_cell(cell, value),
            Some(loose) => {
                loose.may_see = vec![value];
                let lineages = loose.lineages.clone();
                self.maybe_store(cell, &lineages, value);
            }
        }
    }

    /// Something is written to a page of one's own: to this cell and to no other.
    fn store_cell(&mut self, cell: CellId, value: Value) {
        self.now_exclusive(cell);
        self.cells[cell].value = value;
        self.cells[cell].or.clear();
        for loose in self.loose_grips(cell) {
            loose.may_see.push(value);
        }
    }

    /// D6, R13: a device writes through a FOLL_GET handle taken on this cell.
    fn maybe_store(&mut self, taken_on: CellId, lineages: &[u32], value: Value) {
        for (id, cell) in self.cells.iter_mut().enumerate() {
            if id == taken_on || lineages.contains(&cell.lineage) {
                cell.or.push(value);
            }
        }
        for grip in self.handles.iter_mut().flatten().flat_map(|holder| &mut holder.pages) {
            let same_page = grip.cell == taken_on;
            if let Some(loose) = &mut grip.loose
                && (same_page || loose.lineages.iter().any(|l| lineages.contains(l)))
            {
                loose.may_see.push(value);
            }
        }
    }

    /// Whoever writes to a page, or pins it, has it for himself: what shared it by a fork is
    /// another page from here on. A FOLL_GET handle may be on either.
    fn now_exclusive(&mut self, cell: CellId) {
        self.cells[cell].maybe_zero_page = false;
        if !std::mem::take(&mut self.cells[cell].forked) {
            return;
        }
        self.lineages += 1;
        let lineage = self.lineages;
        self.cells[cell].lineage = lineage;
        for loose in self.loose_grips(cell) {
            loose.lineages.push(lineage);
        }
    }
}

/// Handles.
impl Ideal {
    fn open(&mut self, pid: Pid, start: Vpn, count: u32, handle: Handle, flags: GupFlags) {
        let mut pages = Vec::new();
        for vpn in start.0..start.0 + count {
            let cell = self.cell_of(pid, vpn);
            if flags.write || flags.pin && flags.longterm {
                self.now_exclusive(cell);
            }
            let maybe_zero_page = self.cells[cell].maybe_zero_page;
            if flags.pin && !maybe_zero_page {
                self.now_exclusive(cell);
            }
            let Cell { value, or, lineage, .. } = &self.cells[cell];
            let loose = (!flags.pin).then(|| Loose {
                may_see: or.iter().chain([value]).copied().collect(),
                lineages: vec![*lineage],
            });
            pages.push(Grip { cell, loose, maybe_zero_page });
        }
        self.handles[handle.index()] = Some(Holder { owner: pid, pages });
    }

    fn close(&mut self, handle: Handle) {
        let Some(holder) = self.handles[handle.index()].take() else { return };
        for grip in holder.pages {
            let mapped = self
                .processes
                .iter()
                .any(|process| process.pages.values().any(|c| *c == grip.cell));
            if !mapped {
                self.forget(grip.cell);
            }
        }
    }

    fn grips(&self) -> impl Iterator<Item = &Grip> {
        self.handles.iter().flatten().flat_map(|holder| &holder.pages)
    }

    fn grip_mut(&mut self, handle: Handle, index: u32) -> Option<&mut Grip> {
        self.handles.get_mut(handle.index())?.as_mut()?.pages.get_mut(index as usize)
    }

    /// What FOLL_GET handles know of a cell.
    fn loose_grips(&mut self, cell: CellId) -> impl Iterator<Item = &mut Loose> {
        let grips = self.handles.iter_mut().flatten().flat_map(|holder| &mut holder.pages);
        grips.filter(move |grip| grip.cell == cell).filter_map(|grip| grip.loose.as_mut())
    }
}

/// Cells.
impl Ideal {
    fn new_cell(&mut self, value: Value) -> CellId {
        self.lineages += 1;
        let cell = Cell { value, lineage: self.lineages, ..Cell::default() };
        self.add_cell(cell)
    }

    fn add_cell(&mut self, cell: Cell) -> CellId {
        match self.unused.pop() {
            Some(id) => {
                self.cells[id] = cell;
                id
            }
            None => {
                self.cells.push(cell);
                self.cells.len() - 1
            }
        }
    }

    /// The cell of a page; a page nobody touched gets one now.
    fn cell_of(&mut self, pid: Pid, vpn: u32) -> CellId {
        if let Some(cell) = self.processes[pid.index()].pages.get(&vpn) {
            return *cell;
        }
        let cell = self.new_cell(Value::ZERO);
        self.cells[cell].maybe_zero_page = true;
        self.processes[pid.index()].pages.insert(vpn, cell);
        cell
    }

    /// A cell that no process maps any more is gone, unless a handle keeps it.
    fn forget(&mut self, cell: CellId) {
        if !self.grips().any(|grip| grip.cell == cell) {
            // No lineage: nothing reaches it.
            self.cells[cell] = Cell::default();
            self.unused.push(cell);
        }
    }

    /// What was in this range is gone, for this process.
    fn zap(&mut self, pid: Pid, start: u32, end: u32) {
        let pages = &mut self.processes[pid.index()].pages;
        let gone: Vec<_> = pages.range(start..end).map(|(vpn, cell)| (*vpn, *cell)).collect();
        for (vpn, _) in &gone {
            pages.remove(vpn);
        }
        for (_, cell) in gone {
            self.forget(cell);
        }
    }

    /// What was in this range may be gone: nobody can rely on a pin there.
    fn maybe_zap(&mut self, pid: Pid, start: u32, end: u32) {
        let pages = &self.processes[pid.index()].pages;
        let cells: Vec<CellId> = pages.range(start..end).map(|(_, cell)| *cell).collect();
        for id in cells {
            let cell = &mut self.cells[id];
            let Cell { value, lineage, .. } = *cell;
            cell.or.push(Value::ZERO);
            let grips = self.handles.iter_mut().flatten().flat_map(|holder| &mut holder.pages);
            for grip in grips.filter(|grip| grip.cell == id && grip.loose.is_none()) {
                let may_see = vec![Value::ZERO, value];
                grip.loose = Some(Loose { may_see, lineages: vec![lineage] });
            }
        }
    }
}
