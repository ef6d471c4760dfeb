//! What userspace can see of the simulated processes, without changing what it looks at.
//!
//! * Mappings: `PROCMAP_QUERY` on /proc/PID/maps.
//! * What is mapped at each page, and how: `PAGEMAP_SCAN`, which lists only what has an entry.
//! * Which frame: /proc/PID/pagemap, equal frame numbers being equal pages; root only. From one
//!   observation to the next they tell whether a page changed its frame.
//! * Map counts: bit 56 of pagemap where it says "one", else /proc/kpagecount.
//! * Folios: /proc/kpageflags.
//! * Contents: a load by the process itself, of pages that are present and may be read, so that it
//!   cannot fault. It sets the accessed bit and nothing else. Pages of a PROT_NONE mapping are read
//!   through /proc/PID/mem: a FOLL_GET walk, which marks the folio accessed (hence the LRU batches
//!   are emptied afterwards) and neither pins nor unshares. `process_vm_readv` would do both.
//!
//! * Swapped pages: [`crate::away`].
//!
//! A frame that several processes map is read once.

use crate::arena;
use crate::away::Away;
use crate::channel::{LIST_MAX, Verb};
use crate::linux::{Linux, Process, Trouble};
use crate::ops::peek;
use crate::page::{PAGE_SIZE, TORN, value_of};
use crate::probe::Feature;
use crate::sys::{self, Region};
use mm_ops::{
    FolioView, NO_FRAME, NO_NAME, Observation, PROCS_MAX, PageState, PageView, Pid, Prot, Sees,
    Value, VmaView, Vpn,
};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;

/// Regions asked for at once.
const REGIONS: usize = 64;
/// Holes up to this many pages are read over rather than read around.
const GAP_PAGES: u32 = 64;
/// The same of frames.
const GAP_FRAMES: u64 = 16;
/// Processes with more pages than this to look at have word 0 of each page checked, not every word.
const WHOLE_PAGES_MAX: usize = 64;

/// pagemap: the frame number.
const FRAME_BITS: u64 = (1 << 55) - 1;
/// pagemap: mapped exactly once.
const MAPPED_ONCE: u64 = 1 << 56;

/// The observer's files and the memory it uses again and again.
pub(crate) struct Eyes {
    kpagecount: Option<OwnedFd>,
    kpageflags: Option<OwnedFd>,
    regions: Vec<Region>,
    words: Vec<u8>,
    /// The frames seen in this observation, to their places in `facts`.
    frames: HashMap<u64, u32, BuildHasherDefault<Scatter>>,
    /// What is known of each frame, or, where frames cannot be seen, of each page.
    facts: Vec<Fact>,
    /// Frames of the process at hand that were not seen before in this observation.
    fresh: Vec<Fresh>,
    /// Pages the process is to load, and their places in `facts`.
    loads: Vec<(Vpn, u32)>,
    away: Away,
}

/// Scatters frame numbers, which nobody chose to collide: enough of a hash, and the observer's time goes
/// into little else of its own.
#[derive(Default)]
struct Scatter(u64);

impl Hasher for Scatter {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // The odd number nearest to 2^64 divided by the golden ratio; the table looks at high and low bits.
        let product = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = product ^ product >> 32;
    }
}

/// What is known of a frame.
#[derive(Clone, Copy)]
struct Fact {
    /// The frame number, or [`NO_NAME`].
    name: u64,
    mapcount: u32,
    folio: FolioView,
    /// What the page holds, once it was read.
    content: Option<Value>,
}

impl Fact {
    fn of(name: u64, mapcount: u32) -> Self {
        Self { name, mapcount, folio: FolioView::default(), content: None }
    }
}

/// A frame to be asked about.
#[derive(Clone, Copy)]
struct Fresh {
    frame: u64,
    place: u32,
    /// pagemap said that it is mapped once.
    mapped_once: bool,
}

impl Eyes {
    pub(crate) fn new() -> Self {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let open = |path: &str| rustix::fs::open(path, flags, Mode::empty()).ok();
        Self {
            kpagecount: open("/proc/kpagecount"),
            kpageflags: open("/proc/kpageflags"),
            regions: vec![Region::default(); REGIONS],
            words: Vec::new(),
            frames: HashMap::default(),
            facts: Vec::new(),
            fresh: Vec::new(),
            loads: Vec::new(),
            away: Away::new(),
        }
    }

    /// Closes the swap device.
    pub(crate) fn close_device(&mut self) {
        self.away.close();
    }

    /// Fills `out`; what cannot be read is a trouble.
    pub(crate) fn observe(&mut self, linux: &Linux, out: &mut Observation) {
        out.clear();
        let frames = linux.probe.has(Feature::Frames);
        let mapcounts = frames && self.kpagecount.is_some();
        out.sees = Sees { state: true, frames, mapcounts, vma_bounds: true };
        self.frames.clear();
        self.facts.clear();
        for pid in (0..PROCS_MAX).map(Pid) {
            let Ok(process) = linux.process(pid) else { continue };
            if let Err(errno) = self.observe_process(linux, pid, process, out) {
                linux.trouble(Trouble::Other(format!("observing p{}: errno {errno}", pid.0)));
            }
        }
        if !frames {
            out.names.clear();
        }
        if !frames || self.kpageflags.is_none() {
            out.folios.clear();
        }
    }

    fn observe_process(
        &mut self,
        linux: &Linux,
        pid: Pid,
        process: &Process,
        out: &mut Observation,
    ) -> Result<(), i32> {
        let (first_vma, first_page) = (out.vmas.len(), out.pages.len());
        mappings(linux, pid, process, out)?;
        self.entries(linux, pid, process, out)?;
        let pages = &mut out.pages[first_page..];
        if out.sees.frames {
            self.name_frames(process, pages)?;
            self.ask_about_frames()?;
        } else {
            self.name_pages(pages);
        }
        self.contents(linux, pid, process, &out.vmas[first_vma..], pages)?;
        self.away.look(linux, pid, process, pages)?;
        for page in pages {
            let (mut folio, mut name) = (FolioView::default(), NO_NAME);
            if has_frame(page.state) {
                let fact = self.facts[page.frame as usize];
                page.value = fact.content.unwrap_or(TORN);
                page.mapcount = fact.mapcount;
                (folio, name) = (fact.folio, fact.name);
                if !out.sees.frames {
                    page.frame = NO_FRAME;
                }
            }
            out.folios.push(folio);
            out.names.push(name);
        }
        Ok(())
    }

    /// The pages that have an entry, and its kind.
    fn entries(
        &mut self,
        linux: &Linux,
        pid: Pid,
        process: &Process,
        out: &mut Observation,
    ) -> Result<(), i32> {
        let (mut at, end) = arena::bounds(&linux.config);
        while at < end {
            let pagemap = process.pagemap.as_fd();
            let (found, reached) = sys::scan_pagemap(pagemap, at, end, &mut self.regions)?;
            for region in &self.regions[..found] {
                let (start, end) = (arena::vpn(region.start), arena::vpn(region.end));
                let state = state_of(region.categories);
                let uffd_wp = region.categories & sys::PAGE_IS_WRITTEN == 0;
                out.pages.extend((start.0..end.0).map(|vpn| PageView {
                    pid,
                    vpn: Vpn(vpn),
                    value: Value::ZERO,
                    state,
                    frame: NO_FRAME,
                    mapcount: 0,
                    uffd_wp,
                }));
            }
            at = reached;
        }
        Ok(())
    }

    /// Without frame numbers every page has facts of its own.
    fn name_pages(&mut self, pages: &mut [PageView]) {
        for page in pages.iter_mut().filter(|page| has_frame(page.state)) {
            page.frame = self.facts.len() as u32;
            self.facts.push(Fact::of(NO_NAME, 0));
        }
    }

    /// Numbers the frames of one process's pages by first appearance.
    fn name_frames(&mut self, process: &Process, pages: &mut [PageView]) -> Result<(), i32> {
        self.fresh.clear();
        for run in pages.chunk_by_mut(|a, b| b.vpn.0 - a.vpn.0 <= GAP_PAGES) {
            let (first, last) = (run[0].vpn, run[run.len() - 1].vpn);
            let count = (last.0 - first.0) as usize + 1;
            let start = arena::address(first) / PAGE_SIZE;
            read_words(process.pagemap.as_fd(), start, count, &mut self.words)?;
            for page in run.iter_mut().filter(|page| has_frame(page.state)) {
                let entry = word(&self.words, (page.vpn.0 - first.0) as usize);
                let (frame, next) = (entry & FRAME_BITS, self.facts.len() as u32);
                page.frame = *self.frames.entry(frame).or_insert(next);
                if page.frame == next {
                    self.facts.push(Fact::of(frame, 1));
                    // For all pages of a PMD the bit is that of the first one.
                    let mapped_once =
                        entry & MAPPED_ONCE != 0 && page.state != PageState::PageByPmd;
                    self.fresh.push(Fresh { frame, place: next, mapped_once });
                }
            }
        }
        Ok(())
    }

    /// Map counts and flags of the fresh frames.
    fn ask_about_frames(&mut self) -> Result<(), i32> {
        self.fresh.sort_unstable_by_key(|fresh| fresh.frame);
        let (facts, words) = (&mut self.facts, &mut self.words);
        if let Some(kpageflags) = &self.kpageflags {
            for_frames(kpageflags.as_fd(), &self.fresh, words, |fresh, flags| {
                facts[fresh.place as usize].folio = folio_of(flags);
            })?;
        }
        if let Some(kpagecount) = &self.kpagecount {
            self.fresh.retain(|fresh| !fresh.mapped_once);
            for_frames(kpagecount.as_fd(), &self.fresh, words, |fresh, count| {
                facts[fresh.place as usize].mapcount = count as u32;
            })?;
        }
        Ok(())
    }

    /// Reads what the pages of one process hold, each frame once.
    fn contents(
        &mut self,
        linux: &Linux,
        pid: Pid,
        process: &Process,
        vmas: &[VmaView],
        pages: &[PageView],
    ) -> Result<(), i32> {
        self.loads.clear();
        let mut vmas = vmas.iter().peekable();
        for page in pages.iter().filter(|page| has_frame(page.state)) {
            while vmas.next_if(|vma| vma.end <= page.vpn).is_some() {}
            let accessible = vmas.peek().is_some_and(|vma| vma.prot.accessible());
            let content = &mut self.facts[page.frame as usize].content;
            if content.is_some() {
                continue;
            }
            if accessible {
                // Held to be torn until the load below, so that a frame is loaded once.
                *content = Some(TORN);
                self.loads.push((page.vpn, page.frame));
            } else {
                *content = Some(peek(process.mem()?, page.vpn)?);
                linux.drain_lru();
            }
        }
        self.load(linux, pid)
    }

    /// Lets the process load what is in `loads`.
    fn load(&mut self, linux: &Linux, pid: Pid) -> Result<(), i32> {
        let whole = self.loads.len() <= WHOLE_PAGES_MAX;
        let list = &linux.shared.procs[pid.index()].list;
        for loads in self.loads.chunks(LIST_MAX) {
            for (to, (vpn, _)) in list.iter().zip(loads) {
                to.store(arena::address(*vpn), Ordering::Relaxed);
            }
            let args = [loads.len() as u64, u64::from(whole)];
            linux.ask(pid, Verb::Scan, &args).map_err(|_| libc::EIO)?;
            for (from, (_, place)) in list.iter().zip(loads) {
                let value = value_of(from.load(Ordering::Relaxed));
                self.facts[*place as usize].content = Some(value);
            }
        }
        Ok(())
    }
}

/// Asks a file that has one word for each frame; frames that are near each other are asked about at once.
fn for_frames(
    file: BorrowedFd<'_>,
    sorted: &[Fresh],
    words: &mut Vec<u8>,
    mut tell: impl FnMut(&Fresh, u64),
) -> Result<(), i32> {
    for run in sorted.chunk_by(|a, b| b.frame - a.frame <= GAP_FRAMES) {
        let (first, last) = (run[0].frame, run[run.len() - 1].frame);
        read_words(file, first, (last - first) as usize + 1, words)?;
        for fresh in run {
            tell(fresh, word(words, (fresh.frame - first) as usize));
        }
    }
    Ok(())
}

/// What the flags of /proc/kpageflags say.
fn folio_of(flags: u64) -> FolioView {
    let has = |bit: u32| flags >> bit & 1 == 1;
    FolioView {
        anon: has(12),
        // Compound pages that are no THP are somebody else's.
        large: (has(15) || has(16)) && has(22),
        head: has(15),
        swapbacked: has(14),
        dirty: has(4),
        lru: has(5),
        ksm: has(21),
    }
}

/// The mappings of one process inside the program's address space.
fn mappings(linux: &Linux, pid: Pid, process: &Process, out: &mut Observation) -> Result<(), i32> {
    let (mut at, end) = arena::bounds(&linux.config);
    while at < end {
        match sys::mapping_from(process.maps.as_fd(), at)? {
            Some(found) if found.start < end => {
                out.vmas.push(VmaView {
                    pid,
                    start: arena::vpn(found.start),
                    end: arena::vpn(found.end),
                    prot: Prot { read: found.readable(), write: found.writable() },
                });
                at = found.end;
            }
            _ => break,
        }
    }
    Ok(())
}

fn state_of(categories: u64) -> PageState {
    let has = |category| categories & category != 0;
    match (has(sys::PAGE_IS_PRESENT), has(sys::PAGE_IS_PFNZERO), has(sys::PAGE_IS_HUGE)) {
        (true, false, false) => PageState::Page,
        (true, false, true) => PageState::PageByPmd,
        (true, true, false) => PageState::ZeroPage,
        (true, true, true) => PageState::HugeZero,
        (false, ..) if has(sys::PAGE_IS_GUARD) => PageState::Guard,
        (false, ..) if has(sys::PAGE_IS_SWAPPED) => PageState::Swapped,
        (false, ..) => PageState::Nothing,
    }
}

fn has_frame(state: PageState) -> bool {
    matches!(state, PageState::Page | PageState::PageByPmd)
}

/// Reads words of a file that is an array of them.
pub(crate) fn read_words(
    file: BorrowedFd<'_>,
    index: u64,
    count: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), i32> {
    bytes.resize(count * 8, 0);
    match rustix::io::pread(file, &mut bytes[..], index * 8) {
        Ok(read) if read == bytes.len() => Ok(()),
        Ok(_) => Err(libc::EIO),
        Err(error) => Err(error.raw_os_error()),
    }
}

pub(crate) fn word(bytes: &[u8], index: usize) -> u64 {
    bytes[index * 8..][..8].try_into().map_or(0, u64::from_ne_bytes)
}
