//! What some invariants need to know of the past: who holds which GUP handle and of what kind, and
//! which mappings the rules protect because of it (INV3, INV4).
//!
//! An operation's effect on the past is taken from its answer; the mappings to protect are taken
//! from the snapshot after it.

use super::anonmm::misplaced;
use mm_ops::{
    Advice, Config, EntryKind, EntrySnap, FolioFlags, HANDLES_MAX, Handle, MremapFlags, Op,
    Outcome, PageRange, Pid, RmapScheme, Snapshot, UffdCall, Vpn,
};

/// A GUP handle that is open.
#[derive(Clone, Debug)]
struct Grab {
    /// Whose memory it was taken from; `None` once that process has exited.
    owner: Option<Pid>,
    /// Where its pages are now, in the order they were taken: they go along with their memory.
    places: Vec<Vpn>,
    /// FOLL_PIN, not FOLL_GET.
    pin: bool,
}

/// A mapping that has to keep what it has until its owner unmaps it or the pin is gone.
#[derive(Clone, Copy, Debug)]
pub struct Protected {
    /// The handle that protects it.
    pub handle: Handle,
    /// A page of the handle that lies in the same folio, as an index into the handle.
    pub index: u32,
    /// Whose mapping.
    pub pid: Pid,
    /// Where.
    pub vpn: Vpn,
    /// Which page of the folio stands there.
    pub page: u32,
}

/// See the module documentation.
#[derive(Debug, Default)]
pub struct History {
    grabs: [Option<Grab>; HANDLES_MAX as usize],
    /// INV3: pinned pages that their owner maps where they were pinned.
    pub pinned: Vec<Protected>,
    /// INV4: exclusive pages in folios that are pinned through the same process.
    pub exclusive: Vec<Protected>,
    /// A registration for write protection was replaced by one without: entries keep the bit, and
    /// writes pass them by (H7).
    pub watch_was_dropped: bool,
    /// An allocation failed in the operation at hand.
    pub memory_failed: bool,
    /// Frames whose copy could not be made, so that they are mapped where no walk finds them (M7, M10); and whether
    /// there were any before this operation.
    lost: Vec<u32>,
    had_lost: bool,
    /// Where KSM pages are mapped.
    ksm_mapped: Vec<(Pid, Vpn)>,
    /// Slots that a KSM page was written to. What is read from one is no KSM page any more, and
    /// belongs to whoever reads it first (INV31).
    ksm_slots: Vec<u32>,
}

impl History {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.grabs = Default::default();
        self.watch_was_dropped = false;
        self.pinned.clear();
        self.exclusive.clear();
        self.ksm_mapped.clear();
        self.ksm_slots.clear();
        self.lost.clear();
        (self.memory_failed, self.had_lost) = (false, false);
    }

    /// Whether this folio was left out of its place because memory ran out.
    #[must_use]
    pub fn is_lost(&self, snapshot: &Snapshot, folio: u32) -> bool {
        frame_of(snapshot, folio).is_some_and(|frame| self.lost.contains(&frame))
    }

    /// Whether there is, or was before this operation, such a folio.
    #[must_use]
    pub fn had_lost_pages(&self) -> bool {
        self.had_lost || !self.lost.is_empty()
    }

    /// Takes in which pages are out of place in the anonmm scheme: new ones only where an allocation
    /// failed.
    pub fn follow_lost_pages(&mut self, snapshot: &Snapshot, config: &Config) {
        if config.rmap != RmapScheme::Anonmm {
            return;
        }
        self.had_lost = !self.lost.is_empty();
        let now = misplaced(snapshot).filter_map(|(_, folio, _)| frame_of(snapshot, folio));
        let now: Vec<u32> = now.collect();
        if self.memory_failed {
            self.lost = now;
        } else {
            self.lost.retain(|frame| now.contains(frame));
        }
    }

    /// Whether a KSM page was written to a slot that is in use since then.
    #[must_use]
    pub fn held_ksm_page(&self, slot: u32) -> bool {
        self.ksm_slots.contains(&slot)
    }

    /// Takes in where KSM pages went: an entry that mapped one and is a SWAP entry now.
    pub fn follow_ksm_pages(&mut self, snapshot: &Snapshot) {
        let Self { ksm_mapped, ksm_slots, .. } = self;
        let in_use = |slot: &u32| snapshot.slots.binary_search_by_key(slot, |s| s.slot).is_ok();
        ksm_slots.retain(in_use);
        for key in ksm_mapped.drain(..) {
            let found = snapshot.entries.binary_search_by_key(&key, |entry| (entry.pid, entry.vpn));
            let Ok(at) = found else { continue };
            let entry = &snapshot.entries[at];
            if entry.kind == EntryKind::Swap && !ksm_slots.contains(&entry.page) {
                ksm_slots.push(entry.page);
            }
        }
        if snapshot.folios.iter().any(|folio| folio.flags.has(FolioFlags::KSM)) {
            let entries = snapshot.entries.iter().filter(|entry| {
                let folio = snapshot.folios.get(entry.folio as usize);
                entry.kind.maps_folio() && folio.is_some_and(|f| f.flags.has(FolioFlags::KSM))
            });
            ksm_mapped.extend(entries.map(|entry| (entry.pid, entry.vpn)));
        }
    }

    /// Whether a handle was taken with FOLL_PIN.
    #[must_use]
    pub fn is_pin(&self, handle: Handle) -> bool {
        self.grabs.get(handle.index()).is_some_and(|grab| grab.as_ref().is_some_and(|g| g.pin))
    }

    /// Notes that a handle is open. For tests that build a state by hand.
    pub fn note_grab(&mut self, handle: Handle, owner: Pid, pages: PageRange, pin: bool) {
        if let Some(grab) = self.grabs.get_mut(handle.index()) {
            let places = (0..pages.len).map(|page| Vpn(pages.start.0.saturating_add(page)));
            *grab = Some(Grab { owner: Some(owner), places: places.collect(), pin });
        }
    }

    /// Takes in an operation that was just executed: handles opened and closed, mappings that their
    /// owner gave up.
    pub fn note(&mut self, op: &Op, outcome: Outcome) {
        match *op {
            Op::Gup { pid, range, handle, flags, .. } => {
                if let Outcome::Count(len @ 1..) = outcome {
                    self.note_grab(handle, pid, PageRange { len, ..range }, flags.pin);
                }
            }
            Op::Put { handle, .. } if outcome == Outcome::Ok => {
                if let Some(grab) = self.grabs.get_mut(handle.index()) {
                    *grab = None;
                }
                self.release(|kept| kept.handle == handle);
            }
            Op::Exit { pid } if outcome == Outcome::Ok => {
                let grabs = self.grabs.iter_mut().flatten();
                grabs.filter(|grab| grab.owner == Some(pid)).for_each(|grab| grab.owner = None);
                self.release(|kept| kept.pid == pid);
            }
            Op::Munmap { pid, range } => self.unmap(pid, range),
            Op::Mremap { pid, range, to, flags } => self.remap(pid, range, to, flags, outcome),
            Op::Uffd { call: UffdCall::Register { wp: false, .. }, .. } => {
                self.watch_was_dropped = true;
            }
            // Poison takes the page from everybody (Q4).
            Op::Hwpoison { pid, vpn } => self.unmap(pid, PageRange { start: vpn, len: 1 }),
            Op::Madvise {
                pid,
                range,
                advice: Advice::DontNeed | Advice::DontNeedLocked | Advice::GuardInstall,
            } => self.unmap(pid, range),
            _ => {}
        }
    }

    fn unmap(&mut self, pid: Pid, range: PageRange) {
        self.release(|kept| kept.pid == pid && range.contains(kept.vpn));
    }

    /// Memory goes elsewhere, or its end goes; what was mapped where it goes to is gone first. A call
    /// that failed may have done a part of that.
    fn remap(
        &mut self,
        pid: Pid,
        range: PageRange,
        to: PageRange,
        flags: MremapFlags,
        outcome: Outcome,
    ) {
        if flags.fixed {
            self.unmap(pid, to);
        }
        let Outcome::At(place) = outcome else { return self.unmap(pid, range) };
        let kept = PageRange { len: range.len.min(to.len), ..range };
        let behind = range.len - kept.len;
        if let Some(tail) = range.start.0.checked_add(kept.len) {
            self.unmap(pid, PageRange { start: Vpn(tail), len: behind });
        }
        let follow = |vpn: &mut Vpn| {
            if kept.contains(*vpn) {
                vpn.0 = place.0.saturating_add(vpn.0 - range.start.0);
            }
        };
        let grabs = self.grabs.iter_mut().flatten().filter(|grab| grab.owner == Some(pid));
        grabs.flat_map(|grab| &mut grab.places).for_each(follow);
        let Self { pinned, exclusive, .. } = self;
        let kept = pinned.iter_mut().chain(exclusive).filter(|kept| kept.pid == pid);
        kept.for_each(|kept| follow(&mut kept.vpn));
    }

    fn release(&mut self, released: impl Fn(&Protected) -> bool) {
        self.pinned.retain(|kept| !released(kept));
        self.exclusive.retain(|kept| !released(kept));
    }

    /// Finds anew what has to be protected from here on.
    pub fn learn(&mut self, snapshot: &Snapshot) {
        self.pinned.clear();
        self.exclusive.clear();
        let mut run = (Handle(HANDLES_MAX), 0, None);
        for held in &snapshot.handles {
            run.1 = if run.0 == held.handle { run.1 + 1 } else { 0 };
            let new_folio = run.0 != held.handle || run.2 != held.folio;
            (run.0, run.2) = (held.handle, held.folio);
            let grab = self.grabs.get(held.handle.index()).and_then(Option::as_ref);
            let Some(Grab { owner: Some(pid), places, pin: true }) = grab else { continue };
            let (pid, index) = (*pid, run.1);
            let Some(folio) = held.folio else { continue };
            let Some(vpn) = places.get(index as usize).copied() else { continue };
            let mapped = mapping_at(snapshot, pid, vpn);
            if mapped.is_some_and(|(entry, page)| entry.folio == folio && page == held.page) {
                let page = held.page;
                self.pinned.push(Protected { handle: held.handle, index, pid, vpn, page });
            }
            if new_folio {
                self.learn_exclusive(snapshot, (held.handle, index), pid, folio);
            }
        }
    }

    fn learn_exclusive(&mut self, snapshot: &Snapshot, by: (Handle, u32), pid: Pid, folio: u32) {
        let pages = snapshot.pages_of(folio);
        for entry in &snapshot.entries {
            let mapped = entry.pid == pid && entry.kind.maps_folio() && entry.folio == folio;
            if mapped && pages[entry.page as usize].exclusive {
                let (handle, index) = by;
                self.exclusive.push(Protected {
                    handle,
                    index,
                    pid,
                    vpn: entry.vpn,
                    page: entry.page,
                });
            }
        }
    }
}

/// The subject's name of the page of a small folio.
fn frame_of(snapshot: &Snapshot, folio: u32) -> Option<u32> {
    let first_page = snapshot.folios.get(folio as usize)?.first_page;
    snapshot.frames.0.get(first_page as usize).copied()
}

/// The folio a page of a handle lies in, and which page of it.
#[must_use]
pub(super) fn held_page(snapshot: &Snapshot, handle: Handle, index: u32) -> Option<(u32, u32)> {
    let first = snapshot.handles.partition_point(|held| held.handle < handle);
    let held = snapshot.handles.get(first + index as usize)?;
    (held.handle == handle).then_some((held.folio?, held.page))
}

/// The entry that maps a folio at a page, of whichever level, or that keeps it for a device, and the
/// page of the folio that stands there.
#[must_use]
pub(super) fn mapping_at(snapshot: &Snapshot, pid: Pid, vpn: Vpn) -> Option<(&EntrySnap, u32)> {
    let behind = snapshot.entries.partition_point(|entry| (entry.pid, entry.vpn) <= (pid, vpn));
    let entry = snapshot.entries[..behind].last()?;
    let offset = vpn.0 - entry.vpn.0.min(vpn.0);
    let reaches = offset == 0 || entry.kind.is_pmd();
    let maps = entry.kind.maps_folio() || entry.kind == EntryKind::DevExclusive;
    if entry.pid != pid || !reaches || !maps {
        return None;
    }
    // A leaf reaches exactly as far as its folio, which is as long as the block.
    let page = entry.page.checked_add(offset)?;
    (page < snapshot.folios[entry.folio as usize].order.pages()).then_some((entry, page))
}
