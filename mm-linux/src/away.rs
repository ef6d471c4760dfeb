//! What swapped pages hold, without bringing them back: their slots are read off the swap device, past
//! the page cache. Whether a page is in the swap cache still, or again, is asked of mincore(2). A page in
//! the cache may be newer than its slot; what it holds is not seen until it is mapped again.

use crate::arena;
use crate::linux::{Linux, Process};
use crate::observe::{read_words, word};
use crate::page::{PAGE_SIZE, PAGE_WORDS};
use crate::swap;
use mm_ops::{PageState, PageView, Pid, UNSEEN};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use std::sync::atomic::Ordering;

/// pagemap of a page that is not present: the kind of entry.
const KIND_BITS: u64 = 0x1f;
/// Kinds from here on are not slots of devices, but markers and the like.
const FIRST_OTHER_KIND: u64 = 23;
/// pagemap of a swapped page: where the slot begins, and how many bits it has.
const SLOT_SHIFT: u32 = 5;
const SLOT_BITS: u64 = (1 << 50) - 1;
/// Pages that one call of mincore can answer for: a byte each in the page of a mailbox.
const ASKED_MAX: usize = PAGE_SIZE as usize;

/// A page, aligned as reading past the page cache needs it.
#[repr(C, align(4096))]
struct Aligned([u8; PAGE_SIZE as usize]);

/// Looks at what is swapped out.
pub(crate) struct Away {
    device: Option<OwnedFd>,
    page: Box<Aligned>,
    entries: Vec<u8>,
}

impl Away {
    pub(crate) fn new() -> Self {
        Self { device: None, page: Box::new(Aligned([0; PAGE_SIZE as usize])), entries: Vec::new() }
    }

    /// Closes the device; it is opened again when it is needed.
    pub(crate) fn close(&mut self) {
        self.device = None;
    }

    /// Fills in values and states of the swapped pages among those of one process.
    pub(crate) fn look(
        &mut self,
        linux: &Linux,
        pid: Pid,
        process: &Process,
        pages: &mut [PageView],
    ) -> Result<(), i32> {
        if !linux.swap.as_ref().is_some_and(|device| device.is_used()) {
            return Ok(());
        }
        let runs = pages.chunk_by_mut(|a, b| {
            b.vpn.0 - a.vpn.0 == 1 && a.state == PageState::Swapped && a.state == b.state
        });
        for run in runs.filter(|run| run[0].state == PageState::Swapped) {
            for part in run.chunks_mut(ASKED_MAX) {
                self.look_at_run(linux, pid, process, part)?;
            }
        }
        Ok(())
    }

    /// Pages in a row, all of them markers or swapped.
    fn look_at_run(
        &mut self,
        linux: &Linux,
        pid: Pid,
        process: &Process,
        run: &mut [PageView],
    ) -> Result<(), i32> {
        let at = arena::address(run[0].vpn);
        read_words(process.pagemap.as_fd(), at / PAGE_SIZE, run.len(), &mut self.entries)?;
        let answers = &linux.shared.procs[pid.index()].page;
        let args = [at, arena::bytes(run.len() as u32), answers.as_ptr() as u64];
        linux.syscall(pid, libc::SYS_mincore, &args).map_err(|_| libc::EIO)?;
        for (index, page) in run.iter_mut().enumerate() {
            let entry = word(&self.entries, index);
            if entry & KIND_BITS >= FIRST_OTHER_KIND {
                continue;
            }
            let answer = answers[index / 8 % PAGE_WORDS].load(Ordering::Relaxed).to_ne_bytes();
            if answer[index % 8] & 1 == 1 {
                (page.state, page.value) = (PageState::SwapCached, UNSEEN);
            } else {
                page.value = self.read_slot(entry >> SLOT_SHIFT & SLOT_BITS)?;
            }
        }
        Ok(())
    }

    fn read_slot(&mut self, slot: u64) -> Result<mm_ops::Value, i32> {
        let errno = rustix::io::Errno::raw_os_error;
        if self.device.is_none() {
            let flags = OFlags::RDONLY | OFlags::DIRECT | OFlags::CLOEXEC;
            let opened = rustix::fs::open(swap::DEVICE, flags, Mode::empty());
            self.device = Some(opened.map_err(errno)?);
        }
        let device = self.device.as_ref().ok_or(libc::EIO)?;
        let bytes = &mut self.page.0;
        match rustix::io::pread(device, &mut bytes[..], slot * PAGE_SIZE) {
            Ok(read) if read == bytes.len() => Ok(crate::ops::value_of_bytes(bytes)),
            Ok(_) => Err(libc::EIO),
            Err(error) => Err(errno(error)),
        }
    }
}
