//! What each operation of a program is on the live kernel: one line in the table [`row`], and one
//! function here (in [`crate::gup`] where handles are involved). The documentation of
//! [`mm_ops::Op`] is the contract; the functions check what the kernel does not know about (which
//! processes and handles exist, where the program's address space ends), and leave all else to the
//! system call.

use crate::arena;
use crate::channel::Verb;
use crate::gup;
use crate::ksm;
use crate::lazyfree::Leaves;
use crate::linux::{Linux, Trouble, fill_page};
use crate::page::{PAGE_SIZE, checked_word, value_of, word_at, word_of};
use crate::supports::{self, Refusal};
use crate::{folio, mlocked, remap, settings, split, swap, swapout, sys, uffd};
use mm_ops::{
    Advice, Errno, Op, OrderSet, Outcome, PageRange, PageView, Pid, Prot, Remote, Value, Vpn,
};
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;

/// The answer of an operation; an error number is an outcome like any other.
pub(crate) type Answer = Result<Outcome, Errno>;

/// How an operation is executed, and when it is not.
pub(crate) struct Row {
    /// Executes it.
    pub(crate) run: fn(&mut Linux, &Op) -> Answer,
    /// Says why it cannot be executed, whatever the state.
    pub(crate) refuses: fn(&Linux, &Op) -> Refusal,
}

const fn on(run: fn(&mut Linux, &Op) -> Answer, refuses: fn(&Linux, &Op) -> Refusal) -> Row {
    Row { run, refuses }
}

/// The table of operations. Areas still to come add their lines here.
pub(crate) fn row(op: &Op) -> Row {
    match op {
        Op::Mmap { .. } => on(mmap, supports::mapping),
        Op::Munmap { .. } => on(munmap, supports::range),
        Op::Mprotect { .. } => on(mprotect, supports::range),
        Op::Madvise { .. } => on(madvise, supports::advice),
        Op::Mlock { .. } => on(mlock, supports::mlock),
        Op::Munlock { .. } => on(munlock, supports::range),
        Op::Mseal { .. } => on(mseal, supports::mseal),
        Op::Fork { .. } => on(fork, supports::always),
        Op::Exit { .. } => on(exit, supports::always),
        Op::Read { .. } => on(read, supports::always),
        Op::Write { .. } => on(write, supports::always),
        Op::Gup { .. } => on(gup::gup, supports::gup),
        Op::Put { .. } => on(gup::put, supports::put),
        Op::DmaRead { .. } => on(gup::dma_read, supports::always),
        Op::DmaWrite { .. } => on(gup::dma_write, supports::always),
        Op::Remote { .. } => on(remote, supports::remote),
        Op::Thp { .. } => on(thp, supports::thp),
        Op::ClearRefs { .. } => on(clear_refs, supports::always),
        Op::FailAlloc { .. } => on(not_driven, supports::fail_alloc),
        Op::Lock { .. } | Op::Isolate { .. } | Op::Drop { .. } => {
            on(not_driven, supports::circumstance)
        }
        Op::NumaHint { .. } => on(not_driven, supports::numa_hint),
        Op::Race { .. } => on(not_driven, supports::race),
        Op::SwapOut { .. } => on(swapout::swap_out, supports::swap_out),
        Op::WriteDone { .. } => on(not_driven, supports::swap_out),
        Op::BadSlot { .. } => on(not_driven, supports::bad_slot),
        Op::Swapoff => on(swap::swapoff, supports::swap),
        Op::Swapon => on(swap::swapon, supports::swap),
        Op::Migrate { .. } | Op::MigrateCopy { .. } | Op::MigrateEnd { .. } => {
            on(not_driven, supports::migration)
        }
        Op::Khugepaged { .. } => on(not_driven, supports::khugepaged),
        Op::Split { .. } => on(split::split, supports::split),
        Op::DeferredScan { .. } => on(split::deferred_scan, supports::deferred_scan),
        Op::Hwpoison { .. } | Op::SoftOffline { .. } => on(not_driven, supports::hwpoison),
        Op::Ksm { .. } => on(ksm::ksm, supports::ksm),
        Op::KsmZero { .. } => on(ksm::ksm_zero, supports::ksm),
        Op::Drain => on(drain, supports::always),
        Op::Uffd { .. } => on(uffd::call, supports::uffd),
        Op::UffdFill { .. } => on(uffd::fill, supports::uffd),
        Op::Mremap { .. } => on(remap::mremap, supports::mremap),
        Op::UffdMove { .. } => on(uffd::move_pages, supports::uffd_move),
        Op::RmapWalk { .. } => on(not_driven, supports::rmap_walk),
        Op::Dev(_) => on(not_driven, supports::device),
    }
}

/// An operation that [`Linux::supports`] refuses, executed all the same.
fn not_driven(_: &mut Linux, _: &Op) -> Answer {
    Err(Errno::EOPNOTSUPP)
}

/// Takes the fields out of the operation that [`row`] gave the function for.
macro_rules! fields {
    ($op:expr, $pattern:pat => $fields:expr) => {
        match $op {
            $pattern => $fields,
            other => unreachable!("the table gave this function {other:?}"),
        }
    };
}
pub(crate) use fields;

const fn prot_bits(prot: Prot) -> u64 {
    let read = if prot.read { libc::PROT_READ } else { 0 };
    let write = if prot.write { libc::PROT_WRITE } else { 0 };
    (read | write) as u64
}

fn mmap(linux: &mut Linux, op: &Op) -> Answer {
    const MAP_DROPPABLE: u64 = 8;
    let (pid, range, prot, droppable) =
        fields!(*op, Op::Mmap { pid, range, prot, droppable } => (pid, range, prot, droppable));
    let (address, length) = arena::limited(range, &linux.config);
    let kind = if droppable { MAP_DROPPABLE } else { libc::MAP_PRIVATE as u64 };
    let flags = kind | (libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE) as u64;
    let args = [address, length, prot_bits(prot), flags, u64::MAX, 0];
    linux.syscall(pid, libc::SYS_mmap, &args)?;
    Ok(Outcome::Ok)
}

fn munmap(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, range) = fields!(*op, Op::Munmap { pid, range } => (pid, range));
    let (address, length) = arena::limited(range, &linux.config);
    linux.syscall(pid, libc::SYS_munmap, &[address, length])?;
    Ok(Outcome::Ok)
}

/// A system call on a range, to which the end of the address space is a hole like any other.
fn on_range(linux: &Linux, pid: Pid, number: i64, range: PageRange, more: &[u64]) -> Answer {
    let place = [arena::address(range.start), arena::bytes(range.len)];
    linux.syscall(pid, number, &[&place, more].concat())?;
    Ok(Outcome::Ok)
}

fn mprotect(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, range, prot) = fields!(*op, Op::Mprotect { pid, range, prot } => (pid, range, prot));
    on_range(linux, pid, libc::SYS_mprotect, range, &[prot_bits(prot)])
}

/// The kernel's number of an advice.
pub(crate) const fn advice_number(advice: Advice) -> u64 {
    match advice {
        Advice::DontNeed => 4,
        Advice::Free => 8,
        Advice::WillNeed => 3,
        Advice::Mergeable => 12,
        Advice::Unmergeable => 13,
        Advice::Cold => 20,
        Advice::PageOut => 21,
        Advice::Collapse => 25,
        Advice::DontFork => 10,
        Advice::DoFork => 11,
        Advice::HugePage => 14,
        Advice::NoHugePage => 15,
        Advice::WipeOnFork => 18,
        Advice::KeepOnFork => 19,
        Advice::PopulateRead => 22,
        Advice::PopulateWrite => 23,
        Advice::DontNeedLocked => 24,
        Advice::GuardInstall => 102,
        Advice::GuardRemove => 103,
    }
}

fn madvise(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, range, advice) =
        fields!(*op, Op::Madvise { pid, range, advice } => (pid, range, advice));
    let advise =
        |linux: &Linux| on_range(linux, pid, libc::SYS_madvise, range, &[advice_number(advice)]);
    if matches!(advice, Advice::PageOut | Advice::Cold | Advice::Free) {
        folio::none_lies_across_tables(linux, pid, range)?;
    }
    match advice {
        Advice::PageOut => {
            linux.process(pid)?;
            swap::needed(linux)?;
            let before = folio::look(linux);
            let here = |page: &PageView| page.pid == pid && range.contains(page.vpn);
            let places = (0..before.pages.len()).filter(|at| here(&before.pages[*at]));
            let leaves = Leaves::at(linux, &before, places)?;
            let answer = reclaimed(linux, pid, range, advise(linux));
            if !leaves.is_empty() {
                leaves.none_was_split(linux, &folio::look(linux), "pageout")?;
            }
            return answer;
        }
        Advice::Free => return reclaimed(linux, pid, range, advise(linux)),
        Advice::Collapse => {}
        _ => return advise(linux),
    }
    let before = settings::collapse_failures();
    let answer = advise(linux);
    if answer == Err(Errno::ENOMEM) && settings::collapse_failures() != before {
        // Not what the program asked for: nobody made an allocation fail.
        linux.trouble(Trouble::Other("no memory for a collapse".to_owned()));
    }
    answer
}

/// What is found mlocked was passed over, in front of a locked mapping, too, which is refused with EINVAL.
fn reclaimed(linux: &Linux, pid: Pid, range: PageRange, answer: Answer) -> Answer {
    if answer != Err(Errno::ESRCH) {
        mlocked::none_stays(linux, pid, range)?;
    }
    answer
}

fn mlock(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, range) = fields!(*op, Op::Mlock { pid, range } => (pid, range));
    linux.past.locks = true;
    on_range(linux, pid, libc::SYS_mlock, range, &[])
}

fn munlock(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, range) = fields!(*op, Op::Munlock { pid, range } => (pid, range));
    on_range(linux, pid, libc::SYS_munlock, range, &[])
}

fn mseal(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, range) = fields!(*op, Op::Mseal { pid, range } => (pid, range));
    on_range(linux, pid, SYS_MSEAL, range, &[0])
}

/// The number of mseal(2).
pub(crate) const SYS_MSEAL: i64 = 462;

fn fork(linux: &mut Linux, op: &Op) -> Answer {
    let (parent, child) = fields!(*op, Op::Fork { parent, child } => (parent, child));
    linux.process(parent)?;
    if child.0 >= linux.config.procs {
        return Err(Errno::EAGAIN);
    }
    if linux.process(child).is_ok() {
        return Err(Errno::EEXIST);
    }
    linux.shared.procs[child.index()].clear();
    let (answer, context) = uffd::fork(linux, parent, child)?;
    if answer < 0 {
        return Err(linux.errno(-answer as i32));
    }
    linux.adopt(child, answer)?;
    uffd::inherit(linux, child, context);
    Ok(Outcome::Ok)
}

fn exit(linux: &mut Linux, op: &Op) -> Answer {
    let pid = fields!(*op, Op::Exit { pid } => pid);
    let number = linux.process(pid)?.pid;
    linux.shared.procs[pid.index()].post(Verb::Exit, &[]);
    // The memory is given back before the server's wait for the process returns.
    let _ = linux.ask_server(Verb::Reap, &[number as u64]);
    linux.procs[pid.index()] = None;
    linux.drain_lru();
    Ok(Outcome::Ok)
}

/// A CPU access that raised a signal, or none.
fn signal(answer: i64) -> Option<Outcome> {
    match answer as i32 {
        0 => None,
        libc::SIGBUS => Some(Outcome::Bus),
        _ => Some(Outcome::Segv),
    }
}

fn read(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, vpn) = fields!(*op, Op::Read { pid, vpn } => (pid, vpn));
    let answer = linux.ask(pid, Verb::Load, &[arena::address(vpn)])?;
    Ok(signal(answer).unwrap_or_else(|| {
        let page = linux.shared.procs[pid.index()].page.iter();
        Outcome::Value(value_of(checked_word(page.map(|word| word.load(Ordering::Relaxed)))))
    }))
}

fn write(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, vpn, value) = fields!(*op, Op::Write { pid, vpn, value } => (pid, vpn, value));
    linux.process(pid)?;
    let first = word_of(value);
    fill_page(&linux.shared.procs[pid.index()].page, |index| word_at(first, index));
    let answer = linux.ask(pid, Verb::Store, &[arena::address(vpn)])?;
    Ok(signal(answer).unwrap_or(Outcome::Ok))
}

/// A page as bytes.
pub(crate) fn page_bytes(value: Value) -> Vec<u8> {
    let first = word_of(value);
    (0..crate::page::PAGE_WORDS).flat_map(|index| word_at(first, index).to_ne_bytes()).collect()
}

/// What a page of bytes holds.
pub(crate) fn value_of_bytes(bytes: &[u8]) -> Value {
    let words = bytes.chunks_exact(8).map(|word| word.try_into().map_or(0, u64::from_ne_bytes));
    value_of(checked_word(words))
}

fn remote(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, vpn, access) = fields!(*op, Op::Remote { pid, vpn, access } => (pid, vpn, access));
    let process = linux.process(pid)?;
    let done = match access {
        Remote::Peek => process.mem().and_then(|mem| peek(mem, vpn)).map(Outcome::Value),
        Remote::Poke(value) => process.mem().and_then(|mem| {
            let written = rustix::io::pwrite(mem, &page_bytes(value), place(vpn));
            written.map_err(rustix::io::Errno::raw_os_error).and_then(whole).map(|()| Outcome::Ok)
        }),
        Remote::VmRead => {
            let mut bytes = [0; PAGE_SIZE as usize];
            sys::vm_transfer(process.pid, place(vpn), &mut bytes, false)
                .and_then(|moved| whole(moved as usize))
                .map(|()| Outcome::Value(value_of_bytes(&bytes)))
        }
        Remote::VmWrite(value) => {
            let mut bytes = page_bytes(value);
            sys::vm_transfer(process.pid, place(vpn), &mut bytes, true)
                .and_then(|moved| whole(moved as usize))
                .map(|()| Outcome::Ok)
        }
    };
    linux.drain_lru();
    done.map_err(|errno| match (access, errno) {
        // /proc/PID/mem does not pass the error of its GUP call on: it has this one for all.
        (Remote::Peek | Remote::Poke(_), libc::EIO) => Errno::EFAULT,
        _ => linux.errno(errno),
    })
}

const fn place(vpn: Vpn) -> u64 {
    arena::address(vpn)
}

/// A page is transferred whole or not at all.
fn whole(bytes: usize) -> Result<(), i32> {
    if bytes == PAGE_SIZE as usize { Ok(()) } else { Err(libc::EFAULT) }
}

/// Reads a page through /proc/PID/mem.
pub(crate) fn peek(mem: BorrowedFd<'_>, vpn: Vpn) -> Result<Value, i32> {
    let mut bytes = [0; PAGE_SIZE as usize];
    let read = rustix::io::pread(mem, &mut bytes[..], place(vpn));
    whole(read.map_err(rustix::io::Errno::raw_os_error)?)?;
    Ok(value_of_bytes(&bytes))
}

/// The batches are empty already; see docs/linux.md.
fn drain(linux: &mut Linux, _: &Op) -> Answer {
    linux.drain_lru();
    Ok(Outcome::Ok)
}

fn thp(linux: &mut Linux, op: &Op) -> Answer {
    let (always, madvise) = fields!(*op, Op::Thp { always, madvise } => (always, madvise));
    let allowed = supports::legal_orders(&linux.config);
    linux.thp_wanted = (OrderSet(always.0 & allowed.0), OrderSet(madvise.0 & allowed.0));
    Ok(Outcome::Ok)
}

/// Without soft-dirty tracking the operation has a defined error, which is not the kernel's.
fn clear_refs(linux: &mut Linux, op: &Op) -> Answer {
    linux.process(fields!(*op, Op::ClearRefs { pid } => pid))?;
    Err(Errno::EINVAL)
}
