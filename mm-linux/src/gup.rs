//! GUP handles on the live kernel. Two kinds of grab can be had from userspace for as long as one
//! likes, and both answer to a file descriptor that outlives the process whose pages they hold:
//!
//! * `pin … rw longterm fast`: a registered buffer of an `io_uring` (FOLL_PIN, FOLL_LONGTERM,
//!   FOLL_WRITE by the `_fast` walk). The driver owns the ring, each process registers its pages in
//!   it, and the device is the ring itself, which the driver makes move a page to or from a pipe.
//! * `get … r fast`: pages spliced into a pipe (FOLL_GET by the `_fast` walk). The device's read is
//!   a copy of the pipe's content made with `tee`.

use crate::arena;
use crate::linux::{Linux, Trouble};
use crate::ops::{Answer, fields, page_bytes, value_of_bytes};
use crate::page::PAGE_SIZE;
use crate::sys;
use io_uring::{IoUring, opcode, types};
use mm_ops::{Errno, HANDLES_MAX, Handle, Op, Outcome, PageRange, Pid};
use rustix::fd::{AsRawFd, OwnedFd, RawFd};
use rustix::pipe::{PipeFlags, SpliceFlags};

/// Most pages of one `get`: a pipe has that many places, and a page takes one.
pub(crate) const GET_PAGES_MAX: u32 = 16;
/// `io_uring_register`: replace registered buffers.
const BUFFERS_UPDATE: u64 = 16;

/// A pipe.
struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
}

impl Pipe {
    fn new() -> std::io::Result<Self> {
        let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Self { read, write })
    }
}

/// What an open handle holds.
#[derive(Clone, Copy)]
struct Open {
    pages: u32,
    /// The address the buffer was registered with; `None` for pages in the handle's pipe.
    registered: Option<u64>,
}

/// All handles of a driver, and the devices behind them.
pub(crate) struct Handles {
    open: [Option<Open>; HANDLES_MAX as usize],
    pipes: Vec<Pipe>,
    /// Carries a page between the driver and the device.
    transfer: Pipe,
    /// `None` where the kernel refuses `io_uring`.
    ring: Option<IoUring>,
}

impl Handles {
    /// Opens the devices.
    pub(crate) fn new() -> std::io::Result<Self> {
        let ring = IoUring::new(4).ok().filter(|ring| {
            ring.submitter().register_buffers_sparse(u32::from(HANDLES_MAX)).is_ok()
        });
        Ok(Self {
            open: [None; HANDLES_MAX as usize],
            pipes: (0..HANDLES_MAX).map(|_| Pipe::new()).collect::<Result<_, _>>()?,
            transfer: Pipe::new()?,
            ring,
        })
    }

    /// The descriptors that the simulated processes use.
    pub(crate) fn inherited(&self) -> Vec<RawFd> {
        let pipes = self.pipes.iter().map(|pipe| pipe.write.as_raw_fd());
        self.ring.iter().map(AsRawFd::as_raw_fd).chain(pipes).collect()
    }

    /// Whether the program holds anything.
    pub(crate) fn are_open(&self) -> bool {
        self.open.iter().any(Option::is_some)
    }

    /// Drops what is left of a program.
    pub(crate) fn close_all(&mut self) {
        for handle in (0..HANDLES_MAX).map(Handle) {
            self.close(handle);
        }
    }

    /// Drops the handle's pages. Whether it was open.
    fn close(&mut self, handle: Handle) -> bool {
        let Some(open) = self.open[handle.index()].take() else { return false };
        match (open.registered, &self.ring) {
            (Some(_), Some(ring)) => {
                let nothing = [0_u64; 2];
                let update = [handle.0.into(), nothing.as_ptr() as u64, 0, 1];
                let fd = ring.as_raw_fd() as u64;
                let args = [fd, BUFFERS_UPDATE, update.as_ptr() as u64, UPDATE_BYTES, 0, 0];
                // SAFETY: the kernel reads an update and an empty iovec, both alive here.
                let _ = unsafe { sys::call(libc::SYS_io_uring_register, args) };
            }
            _ => {
                let mut page = [0_u8; PAGE_SIZE as usize];
                while rustix::io::read(&self.pipes[handle.index()].read, &mut page[..]).is_ok() {}
            }
        }
        true
    }

    fn get(&self, handle: Handle) -> Option<Open> {
        self.open.get(handle.index()).copied().flatten()
    }
}

/// Size of the structure that BUFFERS_UPDATE takes.
const UPDATE_BYTES: u64 = 32;

/// A handle that programs can name.
fn legal(handle: Handle) -> Result<(), Errno> {
    if handle.0 < HANDLES_MAX { Ok(()) } else { Err(Errno::EINVAL) }
}

pub(crate) fn gup(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, range, handle, flags) =
        fields!(*op, Op::Gup { pid, range, handle, flags } => (pid, range, handle, flags));
    linux.process(pid)?;
    legal(handle)?;
    if linux.handles.get(handle).is_some() {
        return Err(Errno::EBUSY);
    }
    if range.is_empty() {
        return Ok(Outcome::Count(0));
    }
    let (address, _) = arena::limited(range, &linux.config);
    let open = if flags.pin {
        let pages = register(linux, pid, range, address, handle)?;
        Open { pages, registered: Some(address) }
    } else {
        Open { pages: splice(linux, pid, range, address, handle)?, registered: None }
    };
    linux.handles.open[handle.index()] = Some(open);
    Ok(Outcome::Count(open.pages))
}

/// Registers the pages as a buffer. Registering keeps all of them or none, so where it fails fewer
/// are tried, until the longest run from the start is found: what the GUP call itself had grabbed
/// when it failed. A failed attempt leaves the buffer registered that was there.
fn register(
    linux: &Linux,
    pid: Pid,
    range: PageRange,
    address: u64,
    handle: Handle,
) -> Result<u32, Errno> {
    let all = register_exactly(linux, pid, range.len, address, handle);
    let (Err(mut error), mut some, mut too_many) = (all, 0, range.len) else {
        return Ok(range.len);
    };
    while some + 1 < too_many {
        let pages = some + (too_many - some) / 2;
        match register_exactly(linux, pid, pages, address, handle) {
            Ok(()) => some = pages,
            Err(refused) => (error, too_many) = (refused, pages),
        }
    }
    if some > 0 { Ok(some) } else { Err(error) }
}

fn register_exactly(
    linux: &Linux,
    pid: Pid,
    pages: u32,
    address: u64,
    handle: Handle,
) -> Result<(), Errno> {
    let ring = linux.handles.ring.as_ref().ok_or(Errno::EOPNOTSUPP)?;
    let slot = &linux.shared.procs[pid.index()];
    // The update, and behind it the iovec that it points to.
    let iovec = slot.scratch(&[]) + UPDATE_BYTES;
    let update = slot.scratch(&[handle.0.into(), iovec, 0, 1, address, arena::bytes(pages)]);
    let args = [ring.as_raw_fd() as u64, BUFFERS_UPDATE, update, UPDATE_BYTES];
    linux.syscall(pid, libc::SYS_io_uring_register, &args).map(|_| ())
}

/// Splices the pages into the handle's pipe.
fn splice(
    linux: &Linux,
    pid: Pid,
    range: PageRange,
    address: u64,
    handle: Handle,
) -> Result<u32, Errno> {
    const NONBLOCK: u64 = 2;
    let slot = &linux.shared.procs[pid.index()];
    let iovec = slot.scratch(&[address, arena::bytes(range.len)]);
    let pipe = linux.handles.pipes[handle.index()].write.as_raw_fd() as u64;
    let bytes = linux.syscall(pid, libc::SYS_vmsplice, &[pipe, iovec, 1, NONBLOCK])?;
    Ok((bytes as u64 / PAGE_SIZE) as u32)
}

pub(crate) fn put(linux: &mut Linux, op: &Op) -> Answer {
    let handle = fields!(*op, Op::Put { handle, .. } => handle);
    legal(handle)?;
    if !linux.handles.close(handle) {
        return Err(Errno::EBADF);
    }
    linux.drain_lru();
    Ok(Outcome::Ok)
}

/// An open handle and one of its pages.
fn page_of(linux: &Linux, handle: Handle, index: u32) -> Result<Open, Errno> {
    legal(handle)?;
    let open = linux.handles.get(handle).ok_or(Errno::EBADF)?;
    if index < open.pages { Ok(open) } else { Err(Errno::EINVAL) }
}

pub(crate) fn dma_read(linux: &mut Linux, op: &Op) -> Answer {
    let (handle, index) = fields!(*op, Op::DmaRead { handle, index } => (handle, index));
    let open = page_of(linux, handle, index)?;
    let mut page = [0_u8; PAGE_SIZE as usize];
    let handles = &mut linux.handles;
    let done = match open.registered {
        Some(address) => {
            let from = (address + arena::bytes(index)) as *const u8;
            let pipe = types::Fd(handles.transfer.write.as_raw_fd());
            let entry = opcode::WriteFixed::new(pipe, from, PAGE_SIZE as u32, handle.0.into());
            handles.transfer_page(&entry.build()).and_then(|()| {
                rustix::io::read(&handles.transfer.read, &mut page[..]).map_err(Into::into)
            })
        }
        None => handles.copy_of_pipe(handle, index, &mut page),
    };
    device_answer(linux, done.map(|_| Outcome::Value(value_of_bytes(&page))))
}

pub(crate) fn dma_write(linux: &mut Linux, op: &Op) -> Answer {
    let (handle, index, value) =
        fields!(*op, Op::DmaWrite { handle, index, value } => (handle, index, value));
    let open = page_of(linux, handle, index)?;
    let address = open.registered.ok_or(Errno::EACCES)?;
    let handles = &mut linux.handles;
    let written = rustix::io::write(&handles.transfer.write, &page_bytes(value));
    let done = written.map_err(Into::into).and_then(|_| {
        let to = (address + arena::bytes(index)) as *mut u8;
        let pipe = types::Fd(handles.transfer.read.as_raw_fd());
        let entry = opcode::ReadFixed::new(pipe, to, PAGE_SIZE as u32, handle.0.into());
        handles.transfer_page(&entry.build())
    });
    device_answer(linux, done.map(|()| Outcome::Ok))
}

/// A device that does not do its work is no outcome.
fn device_answer(linux: &Linux, done: std::io::Result<Outcome>) -> Answer {
    linux.drain_lru();
    done.map_err(|error| {
        linux.trouble(Trouble::Other(format!("a transfer failed: {error}")));
        Errno::EIO
    })
}

impl Handles {
    /// Makes the ring move one page between a registered buffer and the transfer pipe.
    fn transfer_page(&mut self, entry: &io_uring::squeue::Entry) -> std::io::Result<()> {
        let Some(ring) = &mut self.ring else {
            return Err(std::io::ErrorKind::Unsupported.into());
        };
        // SAFETY: the entry names a registered buffer, whose pages the ring holds, and a pipe; no
        // memory of this process is involved.
        unsafe { ring.submission().push(entry) }.map_err(std::io::Error::other)?;
        ring.submit_and_wait(1)?;
        let moved = ring.completion().next().map_or(0, |done| done.result());
        match moved {
            moved if moved == PAGE_SIZE as i32 => Ok(()),
            errno if errno < 0 => Err(std::io::Error::from_raw_os_error(-errno)),
            _ => Err(std::io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Reads one page of the handle's pipe and leaves the pipe as it is.
    fn copy_of_pipe(&self, handle: Handle, index: u32, page: &mut [u8]) -> std::io::Result<usize> {
        let wanted = arena::bytes(index + 1) as usize;
        let (from, to) = (&self.pipes[handle.index()].read, &self.transfer.write);
        let copied = rustix::pipe::tee(from, to, wanted, SpliceFlags::NONBLOCK)?;
        let mut read = 0;
        // The page wanted is the last one; those before it only stand in the way.
        while read < copied {
            read += rustix::io::read(&self.transfer.read, &mut *page)?;
        }
        if copied == wanted { Ok(read) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    }
}
