//! Who has mapped what, as far as it decides what becomes of content: areas, and the operations
//! that make, remove or flag them.

use mm_ops::{Advice, Outcome, PageRange, Pid, Prot, Value, VmaFlags};

use super::Ideal;
use crate::vma::prot_flags;

/// A part of an address space, with the flags that decide what happens to content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) flags: VmaFlags,
    /// A change of flags failed midway for want of memory: the flags may be older.
    unsure: bool,
}

/// What a change of flags does at a hole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holes {
    Stop,
    Skip,
}

/// Areas.
impl Ideal {
    pub(super) fn map(&mut self, pid: Pid, range: PageRange, prot: Prot, droppable: bool) {
        let wiped = VmaFlags::DROPPABLE.with(VmaFlags::WIPEONFORK);
        let flags = prot_flags(prot).with_if(wiped, droppable);
        let (start, end) = bounds(range);
        let areas = &mut self.processes[pid.index()].areas;
        let at = areas.partition_point(|area| area.start < start);
        areas.insert(at, Area { start, end, flags, unsure: false });
    }

    pub(super) fn unmap(&mut self, pid: Pid, range: PageRange) {
        let (start, end) = bounds(range);
        self.cut(pid, start, end);
        self.processes[pid.index()].areas.retain(|area| area.end <= start || end <= area.start);
        self.zap(pid, start, end);
    }

    /// fork: the child has a copy of everything it inherits.
    pub(super) fn fork(&mut self, parent: Pid, child: Pid) {
        self.unmap(child, PageRange::new(0, u32::MAX));
        let areas = self.processes[parent.index()].areas.clone();
        for mut area in areas {
            if area.flags.has(VmaFlags::DONTFORK) && !area.unsure {
                continue;
            }
            area.flags = area.flags.without(VmaFlags::LOCKED);
            self.processes[child.index()].areas.push(area);
            if area.flags.has(VmaFlags::WIPEONFORK) && !area.unsure {
                continue;
            }
            let pages = self.processes[parent.index()].pages.range(area.start..area.end);
            let pages: Vec<_> = pages.map(|(vpn, cell)| (*vpn, *cell)).collect();
            for (vpn, cell) in pages {
                self.cells[cell].forked = true;
                let mut copy = self.cells[cell].clone();
                if area.unsure {
                    copy.or.push(Value::ZERO);
                }
                let copy = self.add_cell(copy);
                self.processes[child.index()].pages.insert(vpn, copy);
            }
        }
    }

    pub(super) fn advise(
        &mut self,
        pid: Pid,
        range: PageRange,
        advice: Advice,
        outcome: Outcome,
        starved: bool,
    ) {
        use Advice::*;
        let sealed =
            |area: &Area| area.flags.has(VmaFlags::SEALED) && !area.flags.has(VmaFlags::WRITE);
        let droppable = |area: &Area| area.flags.has(VmaFlags::DROPPABLE);
        let mut flags = |stops: &dyn Fn(&Area) -> bool, new: &dyn Fn(VmaFlags) -> VmaFlags| {
            self.change(pid, range, starved, Holes::Skip, stops, new);
        };
        match advice {
            DontFork => flags(&sealed, &|old| old.with(VmaFlags::DONTFORK)),
            DoFork => flags(&|_| false, &|old| old.without(VmaFlags::DONTFORK)),
            WipeOnFork => flags(&sealed, &|old| old.with(VmaFlags::WIPEONFORK)),
            KeepOnFork => flags(&droppable, &|old| old.without(VmaFlags::WIPEONFORK)),
            DontNeed | DontNeedLocked | GuardInstall => {
                let failed = outcome != Outcome::Ok;
                for area in self.pieces(pid, range) {
                    let locked = area.flags.has(VmaFlags::LOCKED) && advice != DontNeedLocked;
                    let refused = sealed(&area) || locked;
                    if failed && (area.unsure || starved) {
                        self.maybe_zap(pid, area.start, area.end);
                    } else if refused && !area.unsure {
                        break;
                    } else {
                        self.zap(pid, area.start, area.end);
                    }
                }
            }
            Free => self.zero_pages_may_return(pid, range),
            HugePage | NoHugePage | PopulateRead | PopulateWrite | GuardRemove => {}
        }
    }

    /// F9: a folio that MADV_FREE splits loses its zero-filled pages to the zero page; it lies in
    /// the blocks of the range.
    fn zero_pages_may_return(&mut self, pid: Pid, range: PageRange) {
        let (start, end) = bounds(range);
        let start = start / self.ptes * self.ptes;
        let end = end.div_ceil(self.ptes).saturating_mul(self.ptes).max(start);
        for (_, cell) in self.processes[pid.index()].pages.range(start..end) {
            let cell = &mut self.cells[*cell];
            cell.maybe_zero_page |= cell.value.is_zero();
        }
    }

    /// Changes flags area by area, until one refuses or, for some operations, until a hole.
    pub(super) fn change(
        &mut self,
        pid: Pid,
        range: PageRange,
        starved: bool,
        holes: Holes,
        stops: impl Fn(&Area) -> bool,
        new: impl Fn(VmaFlags) -> VmaFlags,
    ) {
        let (mut at, end) = bounds(range);
        self.cut(pid, at, end);
        for area in &mut self.processes[pid.index()].areas {
            if area.end <= at || end <= area.start {
                continue;
            }
            if stops(area) || holes == Holes::Stop && at < area.start {
                break;
            }
            area.flags = new(area.flags);
            area.unsure |= starved;
            at = area.end;
        }
    }

    /// The areas in a range, cut to it.
    fn pieces(&mut self, pid: Pid, range: PageRange) -> Vec<Area> {
        let (start, end) = bounds(range);
        self.cut(pid, start, end);
        let areas = self.processes[pid.index()].areas.iter().copied();
        areas.filter(|area| start <= area.start && area.end <= end).collect()
    }

    /// No area crosses these places any more.
    fn cut(&mut self, pid: Pid, start: u32, end: u32) {
        let areas = &mut self.processes[pid.index()].areas;
        for place in [start, end] {
            if let Some(at) = areas.iter().position(|a| a.start < place && place < a.end) {
                let upper = Area { start: place, ..areas[at] };
                areas[at].end = place;
                areas.insert(at + 1, upper);
            }
        }
    }
}

/// The pages of a range; what lies beyond every address space does not matter.
fn bounds(range: PageRange) -> (u32, u32) {
    (range.start.0, range.end().min(u64::from(u32::MAX)) as u32)
}
