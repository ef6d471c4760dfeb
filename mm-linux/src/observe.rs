//! What userspace can see of the simulated processes, without changing what it looks at.
//!
//! * Mappings: `PROCMAP_QUERY` on /proc/PID/maps.
//! * What is mapped at each page, and how: `PAGEMAP_SCAN`, which lists only what has an entry.
//! * Which frame: /proc/PID/pagemap, equal frame numbers being equal pages; root only.
//! * Map counts: bit 56 of pagemap where it says "one", else /proc/kpagecount.
//! * Contents: a load by the process itself, of pages that are present and may be read, so that it
//!   cannot fault. It sets the accessed bit and nothing else. Pages of a PROT_NONE mapping are read
//!   through /proc/PID/mem: a FOLL_GET walk, which marks the folio accessed (hence the LRU batches
//!   are emptied afterwards) and neither pins nor unshares. `process_vm_readv` would do both.
//!
//! A frame that several processes map is read once.

use crate::arena;
use crate::channel::{LIST_MAX, Verb};
use crate::linux::{Linux, Process, Trouble};
use crate::ops::peek;
use crate::page::{PAGE_SIZE, TORN, value_of};
use crate::probe::Feature;
use crate::sys::{self, Region};
use mm_ops::{
    NO_FRAME, Observation, PROCS_MAX, PageState, PageView, Pid, Prot, Sees, Value, VmaView, Vpn,
};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;

/// Regions asked for at once.
const REGIONS: usize = 64;
/// Holes up to this many pages are read over rather than read around.
const GAP_PAGES: u64 = 64;
/// Processes with more pages than this have word 0 of each page looked at, not every word, while a
/// program runs; [`Linux::probe_exclusive`] checks them whole.
const WHOLE_PAGES_MAX: usize = 64;

/// pagemap: the frame number.
const FRAME_BITS: u64 = (1 << 55) - 1;
/// pagemap: mapped exactly once.
const MAPPED_ONCE: u64 = 1 << 56;

/// The observer's files and the memory it uses again and again.
pub(crate) struct Eyes {
    kpagecount: Option<OwnedFd>,
    regions: Vec<Region>,
    entries: Vec<u8>,
    word: Vec<u8>,
    /// Frame to its number.
    frames: HashMap<u64, u32>,
    /// By frame number (without frames: one for each page): what the page holds, once known.
    contents: Vec<Option<Value>>,
    /// Which page of the process has which place in `contents`.
    places: Vec<(usize, usize)>,
    /// Pages the process is to load, and their places in `contents`.
    loads: Vec<(Vpn, usize)>,
}

impl Eyes {
    pub(crate) fn new() -> Self {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        Self {
            kpagecount: rustix::fs::open("/proc/kpagecount", flags, Mode::empty()).ok(),
            regions: vec![Region::default(); REGIONS],
            entries: Vec::new(),
            word: Vec::new(),
            frames: HashMap::new(),
            contents: Vec::new(),
            places: Vec::new(),
            loads: Vec::new(),
        }
    }

    /// Fills `out`; what cannot be read is a trouble.
    pub(crate) fn observe(&mut self, linux: &Linux, out: &mut Observation) {
        out.clear();
        let frames = linux.probe.has(Feature::Frames);
        let mapcounts = frames && self.kpagecount.is_some();
        out.sees = Sees { state: true, frames, mapcounts };
        self.frames.clear();
        self.contents.clear();
        for pid in (0..PROCS_MAX).map(Pid) {
            let Ok(process) = linux.process(pid) else { continue };
            if let Err(errno) = self.observe_process(linux, pid, process, out) {
                linux.trouble(Trouble::Other(format!("observing p{}: errno {errno}", pid.0)));
            }
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
        self.pages(linux, pid, process, out)?;
        let dark: Vec<VmaView> =
            out.vmas[first_vma..].iter().filter(|vma| !vma.prot.accessible()).copied().collect();
        let pages = &mut out.pages[first_page..];
        self.frames_of(process, pages, out.sees.frames)?;
        self.values(linux, pid, process, &dark, pages)
    }

    /// The pages that have an entry, and its kind.
    fn pages(
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
                out.pages.extend((start.0..end.0).map(|vpn| PageView {
                    pid,
                    vpn: Vpn(vpn),
                    value: Value::ZERO,
                    state,
                    frame: NO_FRAME,
                    mapcount: 0,
                }));
            }
            at = reached;
        }
        Ok(())
    }

    /// Frames and map counts of one process's pages.
    fn frames_of(
        &mut self,
        process: &Process,
        pages: &mut [PageView],
        frames: bool,
    ) -> Result<(), i32> {
        if !frames {
            return Ok(());
        }
        for run in pages.chunk_by_mut(|a, b| u64::from(b.vpn.0 - a.vpn.0) <= GAP_PAGES) {
            let (first, last) = (run[0].vpn, run[run.len() - 1].vpn);
            let count = (last.0 - first.0) as usize + 1;
            let start = arena::address(first) / PAGE_SIZE;
            read_words(process.pagemap.as_fd(), start, count, &mut self.entries)?;
            for page in run.iter_mut().filter(|page| has_frame(page.state)) {
                let entry = word(&self.entries, (page.vpn.0 - first.0) as usize);
                let next = self.frames.len() as u32;
                page.frame = *self.frames.entry(entry & FRAME_BITS).or_insert(next);
                page.mapcount =
                    if entry & MAPPED_ONCE == 0 { self.mapcount(entry & FRAME_BITS)? } else { 1 };
            }
        }
        self.contents.resize(self.frames.len(), None);
        Ok(())
    }

    /// How many entries map the frame.
    fn mapcount(&mut self, frame: u64) -> Result<u32, i32> {
        let Some(kpagecount) = &self.kpagecount else { return Ok(0) };
        read_words(kpagecount.as_fd(), frame, 1, &mut self.word)?;
        Ok(word(&self.word, 0) as u32)
    }

    /// The contents of one process's pages.
    fn values(
        &mut self,
        linux: &Linux,
        pid: Pid,
        process: &Process,
        dark: &[VmaView],
        pages: &mut [PageView],
    ) -> Result<(), i32> {
        self.places.clear();
        self.loads.clear();
        for (index, page) in pages.iter().enumerate().filter(|(_, page)| has_frame(page.state)) {
            let mut place = page.frame as usize;
            if page.frame == NO_FRAME {
                place = self.contents.len();
                self.contents.push(None);
            }
            self.places.push((index, place));
            if self.contents[place].is_some() {
                continue;
            }
            self.contents[place] = Some(TORN);
            if dark.iter().any(|vma| vma.start <= page.vpn && page.vpn < vma.end) {
                self.contents[place] = Some(peek(process.mem_fd(), page.vpn)?);
                linux.drain_lru();
            } else {
                self.loads.push((page.vpn, place));
            }
        }
        self.load(linux, pid)?;
        for (index, place) in &self.places {
            pages[*index].value = self.contents[*place].unwrap_or(TORN);
        }
        Ok(())
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
                self.contents[*place] = Some(value_of(from.load(Ordering::Relaxed)));
            }
        }
        Ok(())
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

fn word(bytes: &[u8], index: usize) -> u64 {
    bytes[index * 8..][..8].try_into().map_or(0, u64::from_ne_bytes)
}
