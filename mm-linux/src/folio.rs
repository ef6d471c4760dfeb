//! The folio behind a page of an observation: which frames it has, and who maps them. Its extent is read off
//! /proc/kpageflags, so that it is known of a folio that is mapped in part, too.

use crate::arena::KERNEL_PTES;
use crate::linux::Linux;
use crate::observe::{read_words, word};
use mm_ops::{Errno, Mm, Observation, PageRange, PageState, Pid, Vpn};
use rustix::fd::AsFd;
use rustix::fs::{Mode, OFlags};

/// Frames of the largest folio.
const FRAMES_MAX: u64 = 512;

const ACTIVE: u64 = 1 << 6;
const HEAD: u64 = 1 << 15;
const TAIL: u64 = 1 << 16;
const SWAP_CACHE: u64 = 1 << 13;
const UNEVICTABLE: u64 = 1 << 18;

/// A folio that is mapped somewhere.
pub(crate) struct Folio {
    /// Its first frame, by the observation's names.
    pub(crate) first: u64,
    /// How many it has.
    pub(crate) len: u32,
    /// The places in the observation where it is mapped.
    pub(crate) places: Vec<usize>,
    /// It is in the swap cache.
    pub(crate) cached: bool,
    /// The kernel takes it for locked memory.
    pub(crate) unevictable: bool,
}

/// What is mapped everywhere.
pub(crate) fn look(linux: &Linux) -> Observation {
    let mut seen = Observation::default();
    linux.observe(&mut seen);
    seen
}

/// The place of a page in an observation.
pub(crate) fn place_of(seen: &Observation, pid: Pid, vpn: Vpn) -> Option<usize> {
    seen.pages.binary_search_by_key(&(pid, vpn), |page| (page.pid, page.vpn)).ok()
}

/// What is mapped at a page.
pub(crate) fn state_at(seen: &Observation, pid: Pid, vpn: Vpn) -> PageState {
    place_of(seen, pid, vpn).map_or(PageState::Nothing, |at| seen.pages[at].state)
}

pub(crate) const fn is_page(state: PageState) -> bool {
    matches!(state, PageState::Page | PageState::PageByPmd)
}

/// The frames that are mapped somewhere, each with its place.
pub(crate) fn frames(seen: &Observation) -> impl Iterator<Item = (usize, u64)> {
    let names = seen.names.iter().copied().enumerate();
    names.filter(|(at, _)| is_page(seen.pages[*at].state))
}

/// Advice takes a large folio in the parts that the page tables make of it, and splits it where it gets a part. What was
/// moved to an odd place may lie across the end of a smaller table, where the kernel's goes on: such a program ends here.
pub(crate) fn none_lies_across_tables(
    linux: &Linux,
    pid: Pid,
    range: PageRange,
) -> Result<(), Errno> {
    if !linux.past.moves || linux.config.ptes == KERNEL_PTES {
        return Ok(());
    }
    let seen = look(linux);
    let mapped: Vec<_> = frames(&seen).map(|(at, frame)| (&seen.pages[at], frame, at)).collect();
    let lies_across = mapped.windows(2).any(|pair| {
        let [(low, frame, _), (high, next, at)] = *pair else { return false };
        let advised = [low, high].iter().all(|page| page.pid == pid && range.contains(page.vpn));
        let neighbours = low.vpn.0 + 1 == high.vpn.0 && frame + 1 == next;
        let of_one = seen.folios.get(at).is_some_and(|view| view.large && !view.head);
        let at_end = high.vpn.0.is_multiple_of(u32::from(linux.config.ptes))
            && !high.vpn.0.is_multiple_of(u32::from(KERNEL_PTES));
        advised && neighbours && of_one && at_end
    });
    if lies_across {
        let why =
            "advice for a folio across the end of a page table: the kernel's have 512 entries";
        return Err(linux.not_driven(why));
    }
    Ok(())
}

impl Folio {
    /// The folio of the page at this place; `None` where frames and their flags cannot be seen.
    pub(crate) fn at(seen: &Observation, place: usize) -> Option<Self> {
        let (frame, view) = (*seen.names.get(place)?, seen.folios.get(place)?);
        let (first, words) = flags_around(frame)?;
        let of = |frame: u64| word(&words, (frame - first) as usize);
        let end = first + (words.len() / 8) as u64;
        let head = if view.large {
            (first..=frame).rev().find(|frame| of(*frame) & HEAD != 0)?
        } else {
            frame
        };
        let tails = (head + 1..end).take_while(|frame| of(*frame) & TAIL != 0).count();
        let len = if view.large { tails as u32 + 1 } else { 1 };
        let own = head..head + u64::from(len);
        let places = frames(seen).filter(|(_, name)| own.contains(name)).map(|(at, _)| at);
        let has = |flag| of(head) & flag != 0;
        let (cached, unevictable) = (has(SWAP_CACHE), has(UNEVICTABLE));
        Some(Self { first: head, len, places: places.collect(), cached, unevictable })
    }

    /// Its frames.
    pub(crate) fn frames(&self) -> std::ops::Range<u64> {
        self.first..self.first + u64::from(self.len)
    }

    /// Whether the frame is one of its own.
    pub(crate) fn has_frame(&self, frame: u64) -> bool {
        self.frames().contains(&frame)
    }

    /// Every page of it is mapped somewhere.
    pub(crate) fn is_mapped_whole(&self, seen: &Observation) -> bool {
        self.frames().all(|frame| self.places.iter().any(|at| seen.names[*at] == frame))
    }

    /// Nobody else maps any of it.
    pub(crate) fn is_of(&self, seen: &Observation, pid: Pid) -> bool {
        self.places.iter().all(|at| seen.pages[*at].pid == pid)
    }

    /// Where it begins, if all of it is mapped in one run of pages, of one mapping and one page table, alike in uwp, and nowhere
    /// else: what advice for these pages takes as a whole.
    pub(crate) fn run(&self, seen: &Observation) -> Option<Vpn> {
        let first = &seen.pages[*self.places.first()?];
        let in_order = self.places.iter().zip(self.frames()).zip(0..).all(|((at, frame), step)| {
            let page = &seen.pages[*at];
            (page.pid, page.vpn.0, seen.names[*at]) == (first.pid, first.vpn.0 + step, frame)
                && page.uffd_wp == first.uffd_wp
        });
        let (start, end) = (first.vpn, Vpn(first.vpn.0 + self.len));
        let table = |vpn: u32| vpn / u32::from(KERNEL_PTES);
        let in_one_table = table(start.0) == table(end.0 - 1);
        let in_one_mapping = seen
            .vmas
            .iter()
            .any(|vma| vma.pid == first.pid && vma.start <= start && end <= vma.end);
        let all = in_order && self.places.len() == self.len as usize;
        (all && in_one_table && in_one_mapping).then_some(start)
    }
}

/// Whether the frame is on a list of active pages.
pub(crate) fn is_active(frame: u64) -> bool {
    flags_around(frame)
        .is_some_and(|(first, words)| word(&words, (frame - first) as usize) & ACTIVE != 0)
}

/// The flags of the frames around one: the first of these frames, and their words.
fn flags_around(frame: u64) -> Option<(u64, Vec<u8>)> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let kpageflags = rustix::fs::open("/proc/kpageflags", flags, Mode::empty()).ok()?;
    // A folio is aligned to its size.
    let first = frame - frame % FRAMES_MAX;
    let mut words = Vec::new();
    read_words(kpageflags.as_fd(), first, FRAMES_MAX as usize, &mut words).ok()?;
    Some((first, words))
}
