//! Memory that moves (sections J and K): its content, its pins and what fork is to make of it go to
//! the new place; what is left behind, if anything, reads zero.

use super::devices::Grip;
use super::{Ideal, Page, Region, bounds};
use mm_ops::{Errno, MremapFlags, PageRange, Pid, Value, Vpn};

/// What becomes of the place that memory moved away from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Emptied {
    /// It stays mapped (DONTUNMAP).
    Kept,
    /// It is unmapped.
    Gone,
    /// An allocation was to fail: perhaps that of unmapping it (J12).
    Unsure,
}

impl Emptied {
    pub(super) fn of(flags: MremapFlags, failing: bool) -> Self {
        match (flags.dontunmap, failing) {
            (true, _) => Self::Kept,
            (false, false) => Self::Gone,
            (false, true) => Self::Unsure,
        }
    }
}

impl Ideal {
    /// A `mremap` that succeeded: the memory of `range` is at `place` now, `len` pages long.
    /// `emptied`: what becomes of the old place; an allocation that failed may have left it mapped.
    pub(super) fn remap(
        &mut self,
        pid: Pid,
        range: PageRange,
        len: u32,
        place: Vpn,
        emptied: Emptied,
    ) {
        let kept = PageRange { len: range.len.min(len), ..range };
        if range.len > len {
            self.unmap(pid, PageRange::new(range.start.0 + len, range.len - len));
        }
        let regions = self.regions_of(pid, kept);
        if place == range.start {
            if let Some((_, last)) = regions.last().filter(|_| len > range.len) {
                let end = u64::from(place.0) + u64::from(len);
                self.map_region(pid, Vpn(place.0 + range.len), Region { end, ..*last });
            }
            return;
        }
        for (start, region) in regions {
            // The last one grows with the memory.
            let last = region.end == kept.end();
            let end = if last { u64::from(range.start.0) + u64::from(len) } else { region.end };
            self.copy_region(pid, (start, Region { end, ..region }), range.start, place);
            let from = PageRange::new(start as u32, (region.end - start) as u32);
            let to = Vpn(place.0 + (from.start.0 - range.start.0));
            if region.maybe {
                self.perhaps_move(pid, from, to);
            } else {
                self.move_pages(pid, from, to);
            }
        }
        let Some(space) = self.space(pid) else { return };
        match emptied {
            Emptied::Kept => {}
            Emptied::Gone => space.forget_regions(kept),
            Emptied::Unsure => space.doubt_regions(kept),
        }
    }

    /// A run of pages is mapped at another place, too. If it is not sure that it was mapped, what is
    /// there may have stayed.
    fn copy_region(&mut self, pid: Pid, (start, region): (u64, Region), from: Vpn, to: Vpn) {
        let offset = |at: u64| at - u64::from(from.0) + u64::from(to.0);
        let (start, end) = (offset(start), offset(region.end));
        let range = PageRange::new(start as u32, (end - start) as u32);
        if region.maybe {
            self.doubt(pid, range);
            // What was there may be there still, and its pages may fade.
            let droppable = region.droppable
                || self.regions_of(pid, range).iter().any(|(_, old)| old.droppable);
            let region = Region { droppable, ..region };
            let Some(space) = self.space(pid) else { return };
            space.forget_regions(range);
            space.regions.insert(start, Region { end, unsure: true, ..region });
        } else {
            self.map_region(pid, range.start, Region { end, ..region });
        }
    }

    /// A `mremap` to a fixed place that failed: what was at the new place, or was to be cut off, may be
    /// gone; and of several VMAs the first may have moved (J2).
    pub(super) fn remap_failed(
        &mut self,
        pid: Pid,
        range: PageRange,
        to: PageRange,
        flags: MremapFlags,
        errno: Errno,
    ) {
        let moves_only = range.len == to.len;
        let overlap = range.end() > u64::from(to.start.0) && to.end() > u64::from(range.start.0);
        let empty = range.is_empty() || to.is_empty();
        let illegal = empty || !flags.maymove || flags.dontunmap && !moves_only || overlap;
        let beyond = to.end() > u64::from(u32::MAX) || moves_only && errno == Errno::EINVAL;
        if illegal || beyond {
            return; // Refused for its arguments (J1).
        }
        self.doubt_mapped(pid, to);
        if range.len > to.len {
            let start = range.start.0.saturating_add(to.len);
            self.doubt_mapped(pid, PageRange::new(start, range.len - to.len));
        }
        if !moves_only {
            return;
        }
        for (start, region) in self.regions_of(pid, range) {
            self.copy_region(pid, (start, Region { maybe: true, ..region }), range.start, to.start);
        }
        if let Some(space) = self.space(pid) {
            space.doubt_regions(range);
        }
        self.perhaps_move(pid, range, to.start);
    }

    /// The pages of a range may have gone to a place, or not.
    fn perhaps_move(&mut self, pid: Pid, range: PageRange, to: Vpn) {
        let Some(space) = self.spaces.get_mut(pid.index()).and_then(Option::as_mut) else { return };
        let pages: Vec<(u32, Page)> =
            space.pages.range(bounds(range)).map(|(vpn, page)| (*vpn, *page)).collect();
        for (vpn, page) in pages {
            let at = to.0 + (vpn - range.start.0);
            // What is out of reach since an earlier move of this kind is as open as it was (`settle`).
            let value = page.instead.map_or(Value::ZERO, |_| page.value);
            let fresh = Page { value, or_zero: true, ..page };
            let there = space.pages.entry(at).or_insert(fresh);
            there.instead = page.instead.or(Some((page.value, page.lineage, page.or_lineages)));
            there.fading |= page.fading;
            there.lost |= page.lost;
            there.poisoned |= page.poisoned;
            there.unsaved |= page.unsaved;
            if let Some(here) = space.pages.get_mut(&vpn) {
                here.or_zero = true;
            }
            for device in self.devices.iter_mut().flatten().filter(|device| device.owner == pid) {
                let may_be =
                    |grip: &&mut Grip| grip.at.0 == vpn || grip.maybe_at.contains(&Vpn(vpn));
                for grip in device.grips.iter_mut().filter(may_be) {
                    grip.loosen(&page);
                    grip.maybe_at.push(Vpn(at));
                }
            }
        }
    }

    /// Perhaps a range is not mapped any more.
    fn doubt_mapped(&mut self, pid: Pid, range: PageRange) {
        self.doubt(pid, range);
        if let Some(space) = self.space(pid) {
            space.doubt_regions(range);
        }
    }

    /// Pages go from a range to a place, ascending, with whoever holds them.
    pub(super) fn move_pages(&mut self, pid: Pid, range: PageRange, place: Vpn) {
        let Some(space) = self.spaces.get_mut(pid.index()).and_then(Option::as_mut) else { return };
        let target = |vpn: u32| place.0 + (vpn - range.start.0);
        let mut left = bounds(range);
        // A page may come to a place that is still to be moved itself.
        while let Some((vpn, page)) = space.pages.range(left.clone()).next() {
            let (vpn, page) = (*vpn, *page);
            left.start = vpn + 1;
            space.pages.remove(&vpn);
            space.pages.insert(target(vpn), page);
            for device in self.devices.iter_mut().flatten().filter(|device| device.owner == pid) {
                for grip in device.grips.iter_mut().filter(|grip| grip.at.0 == vpn) {
                    grip.at = Vpn(target(vpn));
                }
            }
        }
    }

    /// What fork would make of a range: its runs, cut to it.
    fn regions_of(&mut self, pid: Pid, range: PageRange) -> Vec<(u64, Region)> {
        let Some(space) = self.space(pid) else { return Vec::new() };
        let (first, end) = (u64::from(range.start.0), range.end());
        let overlapping = space.regions.range(..end).filter(|(_, region)| region.end > first);
        overlapping
            .map(|(start, region)| {
                ((*start).max(first), Region { end: region.end.min(end), ..*region })
            })
            .collect()
    }
}
