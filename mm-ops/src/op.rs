//! The operations: what a program can say. Each variant's documentation is the contract that every
//! subject and the reference implement; the rule IDs lead to the conditions in `docs/rules`. No
//! behaviour is implemented here.
//!
//! # What holds for every operation
//!
//! * An operation that the rmap scheme of the configuration does not know ([`Op::exists_in`]) answers
//!   `ENOSYS` and does nothing.
//! * Every operation is legal in every state. Checks run in this order: a process that is not
//!   alive (or beyond `Config::procs`) → `ESRCH`; a handle or token in the wrong state → the errno
//!   named at the variant; then the arguments; then the work.
//! * Range operations work in ascending address order and keep what was done before an error
//!   (S19), unless the rule says it is undone.
//! * An *allocation* is a thing that `fail_alloc` can make fail; [`AllocKind`] lists them all.
//!   Whoever executes the operation reports the failed one as [`crate::Choice::AllocFailed`].
//! * An operation that would sleep on a folio lock held by a `lock` token can never go on: no
//!   other actor runs. It ends there, keeping what it did: a CPU access answers
//!   [`crate::Outcome::Blocked`], a GUP walk and everything built on one answers as for a fatal
//!   signal (pages so far, else `EINTR`: D12).

use crate::device::DevOp;
use crate::ids::{Handle, Order, OrderSet, PageRange, Pid, Token, Value, Vpn};
use crate::race::{Actor, RACE_STEPS};
use crate::remap::MremapFlags;
use serde::{Deserialize, Serialize};

use crate::call::{Advice, GupFlags, Prot, Remote, ScanLimits, UffdCall, UffdFill};

/// One step of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Op {
    /// `mmap p0 0+8 rw [droppable]`: private anonymous memory at a fixed place (the manner of
    /// MAP_FIXED_NOREPLACE); merges with neighbours by L10. Length 0 → `EINVAL`; beyond the address
    /// space → `ENOMEM`; anything mapped there → `EEXIST`; VMA or AVC allocation → `ENOMEM`
    /// (nothing changed). `droppable` is MAP_DROPPABLE (Z6): the VMA behaves as WIPEONFORK and its
    /// pages are never swapbacked.
    Mmap {
        /// The process.
        pid: Pid,
        /// Where.
        range: PageRange,
        /// With which rights.
        prot: Prot,
        /// MAP_DROPPABLE.
        droppable: bool,
    },
    /// `munmap p0 0+8` (I1, I4, L11, I14 last sentence). Length 0 or beyond the address space →
    /// `EINVAL`; a sealed VMA in the range → `EPERM` and nothing is unmapped (but the VMA that
    /// holds the start, if not sealed itself, has been split there); holes are fine; a failed VMA or AVC allocation at a split → `ENOMEM`: VMAs already split stay split, nothing
    /// is unmapped.
    Munmap {
        /// The process.
        pid: Pid,
        /// Which pages.
        range: PageRange,
    },
    /// `mprotect p0 0+8 r` (H1 … H12). Length 0 → ok. Beyond the address space is a hole.
    Mprotect {
        /// The process.
        pid: Pid,
        /// Which pages.
        range: PageRange,
        /// The new rights.
        prot: Prot,
    },
    /// `madvise p0 0+8 dontneed` (I5, I6, I11, I12, I17, A13). Length 0 → ok; beyond the address
    /// space is a hole. A sealed VMA that is not writable refuses DontNeed, DontNeedLocked, Free,
    /// DontFork, WipeOnFork and GuardInstall with `EPERM`.
    Madvise {
        /// The process.
        pid: Pid,
        /// Which pages.
        range: PageRange,
        /// What is said of them.
        advice: Advice,
    },
    /// `mlock p0 0+8`: VMA flag LOCKED, then populate (Z2). Length 0 → ok. Flags first, VMA by VMA
    /// ascending, splitting and merging; a hole → `ENOMEM`, flags set before it stay, nothing is
    /// populated. Then every page is faulted in as by a GUP walk with TOUCH and FORCE, a write
    /// walk where the VMA is writable; a PROT_NONE VMA is walked without FORCE, so it fails. The
    /// first failing page ends it: `EFAULT` becomes `ENOMEM`, `ENOMEM` becomes `EAGAIN`,
    /// everything else stays.
    Mlock {
        /// The process.
        pid: Pid,
        /// Which pages.
        range: PageRange,
    },
    /// `munlock p0 0+8`: clears the VMA flag LOCKED. A hole → `ENOMEM`, flags cleared before it
    /// stay cleared. Length 0 → ok.
    Munlock {
        /// The process.
        pid: Pid,
        /// Which pages.
        range: PageRange,
    },
    /// `mseal p0 0+8`: VMA flag SEALED, for good. A hole anywhere → `ENOMEM` and nothing is sealed.
    /// Length 0 → ok.
    Mseal {
        /// The process.
        pid: Pid,
        /// Which pages.
        range: PageRange,
    },
    /// `fork p0 p1` (C1 … C22, L2, L3). The child alive already → `EEXIST`; beyond
    /// `Config::procs` → `EAGAIN`; any failure on the way → `ENOMEM`, no child, and the parent in
    /// the state of C18. An exited process's name may be used again.
    Fork {
        /// Who forks.
        parent: Pid,
        /// The name of the new process.
        child: Pid,
    },
    /// `exit p0` (I13). Handles and tokens stay.
    Exit {
        /// Who ends.
        pid: Pid,
    },
    /// `read p0 3 -> a`: a CPU load. No VMA, or none of the two rights → SIGSEGV.
    Read {
        /// The process.
        pid: Pid,
        /// The page.
        vpn: Vpn,
    },
    /// `write p0 3 a`: a CPU store. No VMA or no write right → SIGSEGV (A11).
    Write {
        /// The process.
        pid: Pid,
        /// The page.
        vpn: Vpn,
        /// What is stored.
        value: Value,
    },
    /// `pin p0 3+2 rw h0 [longterm] [force] [fast] [nofault] [split]` or `get p0 3+2 r h0 …`
    /// (section D). The handle open already → `EBUSY`. Answers the number of pages grabbed, and
    /// opens the handle if there is one; 0 pages asked for → count 0. Illegal flags (`longterm`
    /// without pin; `split` with `fast`): D22. A range beyond the address space:
    /// `fast` → `EFAULT`, slow → the pages before the end, then `EFAULT`. Slow `get` is
    /// `get_user_pages` (TOUCH), slow `pin` is `pin_user_pages` (no TOUCH): D14.
    Gup {
        /// Whose memory.
        pid: Pid,
        /// Which pages.
        range: PageRange,
        /// The name of the result.
        handle: Handle,
        /// How.
        flags: GupFlags,
    },
    /// `put h0 [dirty]`: drops all pages of the handle (D13); `dirty` marks their folios dirty.
    /// Not open → `EBADF`.
    Put {
        /// The handle.
        handle: Handle,
        /// As `unpin_user_pages_dirty_lock`.
        dirty: bool,
    },
    /// `dma_read h0 0 -> a`: what the device sees in page `index` of the handle, whatever became
    /// of the mapping. Not open → `EBADF`; index too large → `EINVAL`.
    DmaRead {
        /// The handle.
        handle: Handle,
        /// Which of its pages, from 0.
        index: u32,
    },
    /// `dma_write h0 0 a`: the device writes. Errors as `dma_read`; a handle taken for reading →
    /// `EACCES`. No page flag changes until the handle is put.
    DmaWrite {
        /// The handle.
        handle: Handle,
        /// Which of its pages, from 0.
        index: u32,
        /// What is written.
        value: Value,
    },
    /// `peek p0 3 -> a`, `poke p0 3 a`, `vm_read p0 3 -> a`, `vm_write p0 3 a`: see [`Remote`].
    /// Errors are those of the GUP call (D12): `EFAULT`, `ENOMEM`, `EINTR`.
    Remote {
        /// Whose memory.
        pid: Pid,
        /// The page.
        vpn: Vpn,
        /// By which call.
        access: Remote,
    },
    /// `thp always=2,3 madvise=4` or `thp never`: the enabled folio orders from here on, for all
    /// processes; those under `madvise` need VMA flag HUGEPAGE (A6, A7). Orders 0, 1 and above the
    /// PMD order are ignored. A program starts with `thp never`. Always ok.
    Thp {
        /// Orders for every VMA without NOHUGEPAGE.
        always: OrderSet,
        /// Orders for VMAs with HUGEPAGE.
        madvise: OrderSet,
    },
    /// `fail_alloc 2`: the n-th allocation of the next operation fails; 0 disarms. Armed for one
    /// operation only, whatever that operation is. Always ok.
    FailAlloc {
        /// Which one, from 1.
        nth: u16,
    },
    /// `lock p0 3 l0`: someone else holds the lock of the folio mapped there (present PTE or PMD,
    /// anonymous, not the zero page; a DEVPRIV or DEVEXCL entry; or the swap-cache folio of a SWAP entry
    /// there; else `EFAULT`). No reference is taken: a folio that is freed
    /// meanwhile takes the lock with it. Token in use → `EBUSY`; already locked → `EAGAIN`.
    Lock {
        /// Whose mapping names the folio.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
        /// The name of the circumstance.
        token: Token,
    },
    /// `isolate p0 3 l0`: someone else took the folio off the LRU and holds one reference. As
    /// `lock`; not on the LRU → `EAGAIN`.
    Isolate {
        /// Whose mapping names the folio.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
        /// The name of the circumstance.
        token: Token,
    },
    /// `drop l0`: the lock is released, or the isolated folio put back on the LRU and its
    /// reference dropped, or both lock and reference of `dev_exclusive`. Not in use, or the name of a write or a migration → `EBADF`.
    Drop {
        /// The circumstance.
        token: Token,
    },
    /// `numa_hint p0 0+8`: the NUMA scanner makes entries protnone (H11), in VMAs that are
    /// accessible; holes are skipped. Always ok. Of a PMD leaf the kernel tests neither
    /// pins nor sharing; a block only partly in the range is left alone. No page is ever
    /// misplaced here, so the hint fault (A12) never migrates.
    NumaHint {
        /// The process.
        pid: Pid,
        /// Which pages.
        range: PageRange,
    },
    /// `clear_refs p0`: /proc/pid/clear_refs 4 (Z4): VMA flag SOFTDIRTY cleared everywhere (which
    /// starts tracking), then the entries. `EINVAL` unless `Config::soft_dirty`.
    ClearRefs {
        /// The process.
        pid: Pid,
    },
    /// `swap_out p0 3 [l0]`: reclaim takes the folio mapped there (present PTE or PMD, DEVEXCL), or the
    /// swap-cache folio of the slot that the SWAP entry there names, and works on it as E1 to E11
    /// say, whoever maps it; references found in entries do not matter. Neither → `EFAULT`; not on
    /// the LRU → `EAGAIN`; locked → `EAGAIN`; anything that makes reclaim keep the folio →
    /// `EBUSY`, with whatever was done before it. Ok: the folio was freed, or its write is in
    /// flight. Without a token, and on a synchronous device (E12), the write ends at once and E11
    /// follows. With a token it stays in flight until `write_done`: the folio is back on the LRU,
    /// unlocked and under writeback. A write that needs no IO (zeromap) leaves the token unused. A
    /// token in use → `EBUSY` before anything. When a large folio is split on the way, the rest of
    /// the pass is about the page that the operation names.
    SwapOut {
        /// Whose entry names the folio.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
        /// The name of the write in flight.
        token: Option<Token>,
    },
    /// `write_done l0 [error]`: the write in flight ends. `error`: the folio is dirty again, and
    /// the slots hold what they held. Else the slots hold what the folio held when the write began. The
    /// folio stays in the swap cache; a later `swap_out` frees it. Not a write in flight →
    /// `EBADF`.
    WriteDone {
        /// The write.
        token: Token,
        /// It failed.
        error: bool,
    },
    /// `bad_slot p0 3`: the device can no longer read the slot that the SWAP entry there names,
    /// until the slot is free or written again (E12: SIGBUS; E17: POISONED marker). Not a SWAP entry →
    /// `EFAULT`.
    BadSlot {
        /// Whose entry names the slot.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
    },
    /// `swapoff` (E17): every SWAP entry of every process is brought back, by process and address.
    /// Off already, or no slots → `EINVAL`; no memory → `ENOMEM`, what came back stays, the device stays on.
    /// A folio locked by a token, or a write in flight, would be waited for: `EINTR`, likewise.
    Swapoff,
    /// `swapon`: the device can be used again, all slots free. On already → `EBUSY`; no slots →
    /// `EINVAL`. A program starts with the device on.
    Swapon,
    /// `race pin p0 3 rw h0 at 1,2,3,4`, `race read p0 3 at 2` …: the next operation runs with this
    /// actor beside it ([`Actor`]); the subject reports how the actor ended as
    /// [`crate::Choice::Raced`]. Armed for one operation only. A handle already open → `EBUSY`; if it is
    /// open by the time the next operation begins, or that one names it, there is no actor. A
    /// subject without yield points reports nothing, and there was no actor.
    Race {
        /// Who.
        actor: Actor,
        /// At which yield point each step is taken, 0 before the first thing the operation does,
        /// [`crate::AT_END`] when it is over; a number not above the one before it means the
        /// same point.
        at: [u8; RACE_STEPS],
    },
    /// `drain`: the per-CPU LRU batches are drained (S14); nothing without
    /// [`crate::Config::lru_batch`]. Always ok.
    Drain,
    /// `migrate p0 3 l0 [all]`: migration begins (F1 … F6, F15): select, isolate, allocate the
    /// destination (AllocKind::Folio, for the place named), lock, unmap. Without `all` a folio
    /// that may be shared → `EACCES` (MPOL_MF_MOVE). No page, or a DEVPRIV entry → `ENOENT` (that of a
    /// DEVEXCL entry is migrated, as compaction would), zero page → `EFAULT`, not
    /// on the LRU → `EBUSY`, no memory → `ENOMEM`, locked → `EAGAIN`, under writeback → `EBUSY`,
    /// not unmapped completely → `EAGAIN` with every mapping restored (F6, G21). A failure leaves
    /// the token unused. Ok: the folio is off the LRU with one reference of the migrator's, locked,
    /// unmapped; the destination is there, locked, with one reference. A token in use → `EBUSY`.
    Migrate {
        /// Whose mapping names the folio.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
        /// The name of the migration.
        token: Token,
        /// MPOL_MF_MOVE_ALL: shared folios, too.
        all: bool,
    },
    /// `migrate_copy l0`: copy and switch (F7). The reference count is not the expected one →
    /// `EAGAIN`, it may be tried again. Done already → `EINVAL`. Not a migration → `EBADF`.
    MigrateCopy {
        /// The migration.
        token: Token,
    },
    /// `migrate_end l0`: the entries are restored (F8), to the destination if the copy was made,
    /// else to the source; locks and references are dropped, the folio goes back to the LRU. Not a
    /// migration → `EBADF`.
    MigrateEnd {
        /// The migration.
        token: Token,
    },
    /// `split p0 3 order=2 [nonuniform]`: the folio mapped there is split to this order (G7 …
    /// G11, G22: towards the page named). No anonymous page there → `EFAULT`; locked → `EAGAIN`;
    /// else the errors of G7 and G8. A folio that has this order, or a lower one → `EINVAL`.
    Split {
        /// Whose mapping names the folio.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
        /// The order of the pieces (of the piece named, if nonuniform).
        order: Order,
        /// As G22 says.
        nonuniform: bool,
    },
    /// `deferred_scan 8`: the shrinker of the deferred-split queue looks at this many folios (G13,
    /// G14). Always ok.
    DeferredScan {
        /// How many.
        count: u16,
    },
    /// `khugepaged p0 8 none=7 swap=1 shared=4`: khugepaged comes to the block of this page (G15 …
    /// G19). Not alive → `ESRCH`; no VMA there → `ENOMEM`; a VMA that does not hold the whole block, or
    /// may not have huge pages, or has no anon_vma → `EINVAL`. Else as MADV_COLLAPSE of the block, with
    /// these differences: more empty and zero entries, entries that are swap-like, or pages that may
    /// be shared than the limits allow → `EINVAL` (`EBUSY` for the empty ones); no page of the block
    /// young, or entries to swap in and fewer than half of the block's pages young → `EINVAL`.
    Khugepaged {
        /// The process.
        pid: Pid,
        /// A page of the block.
        vpn: Vpn,
        /// How far the block may be from whole.
        limits: ScanLimits,
    },
    /// `ksm p0 3 p1 5`: ksmd found that both pages hold the same (P1 … P4). A process that is not
    /// alive → `ESRCH`; either VMA without MERGEABLE, no anonymous page at either → `EFAULT`;
    /// different content → `EINVAL`; the same page already → ok. If the first is a KSM page the
    /// second is merged with it; if only the second is, the other way round; two different KSM
    /// pages → `EINVAL`; else the first becomes a KSM page and the second is merged with it. A
    /// lock, a reference or a pin in the way, a folio that cannot be split → `EAGAIN`, with what P4
    /// leaves.
    Ksm {
        /// The process of the first page.
        pid: Pid,
        /// The first page.
        vpn: Vpn,
        /// The process of the second page.
        with: Pid,
        /// The second page.
        to: Vpn,
    },
    /// `ksm_zero p0 3`: ksmd found a page of zeros and maps the zero page in its place
    /// (use_zero_pages, P3). Errors as `ksm`; content that is not zero → `EINVAL`; a page
    /// that is a KSM page already stays one → `EAGAIN`.
    KsmZero {
        /// The process.
        pid: Pid,
        /// The page.
        vpn: Vpn,
    },
    /// `hwpoison p0 3`: MADV_HWPOISON on one page (Q1 … Q4, Q6). The read GUP's error; else
    /// `EHWPOISON`, `EBUSY`, SIGBUS (to the caller, who is the process named), or ok.
    Hwpoison {
        /// The process.
        pid: Pid,
        /// The page.
        vpn: Vpn,
    },
    /// `soft_offline p0 3`: MADV_SOFT_OFFLINE on one page (Q6): migrated away, the page retired.
    /// `EBUSY` where it could not be. An already poisoned page → ok.
    SoftOffline {
        /// The process.
        pid: Pid,
        /// The page.
        vpn: Vpn,
    },
    /// `uffd_register`, `uffd_unregister`, `uffd_wp`: see [`UffdCall`].
    Uffd {
        /// The process.
        pid: Pid,
        /// Which pages.
        range: PageRange,
        /// The call.
        call: UffdCall,
    },
    /// `uffd_copy`, `uffd_zero`, `uffd_poison`: see [`UffdFill`].
    UffdFill {
        /// The process.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
        /// With what.
        fill: UffdFill,
    },
    /// `mremap p0 0+4 20+6 [maymove] [fixed] [dontunmap] [relocate] [must_relocate] -> @20` (J1 … J16): the old range, then the
    /// new address and length. Answers where the memory is now. The new address is looked at only
    /// with `fixed` or `dontunmap`. A move without `fixed` goes where the subject likes
    /// ([`crate::Choice::Placed`]; `dontunmap`: to the new address if that is free), or fails with
    /// `ENOMEM` where no free range is long enough. A new range beyond the address space → `EINVAL`. There is
    /// no limit to the number of VMAs, to locked memory or to address space but its size.
    /// A grown range of a LOCKED VMA is populated as by `mlock`, whatever comes of that.
    /// `relocate`, `must_relocate` (both: the latter; JR1 … JR16, with the algorithm of
    /// [`crate::Config::relocate`]): without `maymove`, or with `dontunmap`, → `EINVAL`, as the first of the
    /// argument errors. Where pages must be relocated and cannot be → `EFAULT`, nothing moved. They
    /// concern moves alone: what shrinks, grows in place or stays is as without.
    Mremap {
        /// The process.
        pid: Pid,
        /// The old range, in pages.
        range: PageRange,
        /// The new address and length, in pages.
        to: PageRange,
        /// How.
        flags: MremapFlags,
    },
    /// `uffd_move p0 0+2 20 [holes] -> 2`: UFFDIO_MOVE of a range to an address (K1 … K12), with the
    /// context of the process. Answers the pages moved, if any; else the error that stopped it.
    /// Length 0, a range beyond the address space → `EINVAL`. What would be waited for (a folio
    /// lock of a token, a migration) is never done: `EINTR` (K10), and the pages moved before count
    /// as if it were any other error. All allocations are those of A3, L1 and page tables, at the
    /// destination; tables of the source, for holes, at the source.
    UffdMove {
        /// The process.
        pid: Pid,
        /// The source, in pages.
        range: PageRange,
        /// Where to.
        to: Vpn,
        /// UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES.
        holes: bool,
    },
    /// `rmap_walk p0 3 -> p0,p1`: the folio mapped there (present PTE or PMD, anonymous, not the
    /// zero page; DEVPRIV, DEVEXCL; else `EFAULT`) is looked up by a walk over its anon_vma (L7, L17, L20; a KSM page:
    /// L13), without its lock. Answers the processes in which an entry was found that maps it. In the
    /// anonmm scheme it is page_referenced (M16), which makes the entries old that it finds.
    RmapWalk {
        /// Whose mapping names the folio.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
    },
    /// `dev_setup`, `dev_evict`, `dev_pages`, `dev_finalize`, `dev_exclusive`, `dev_read`,
    /// `dev_write`: what device drivers do (sections N and O). See [`DevOp`].
    Dev(DevOp),
}

/// What can fail to be allocated. `vpn` in [`AllocSite`] says for which place, as noted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AllocKind {
    /// The new mm of a fork; place 0.
    Mm,
    /// A VMA: of `mmap` (only when nothing merged), of a split (place: the start of the VMA being
    /// split), of a fork (place: the VMA's start), of a move (only when nothing merged, and of a relocation;
    /// place: the new address).
    Vma,
    /// An anon_vma: L1 and L3; place: the start of the VMA it is for.
    AnonVma,
    /// An anon_vma_chain: L1, L2, L3; place: the start of the VMA it is for (for a split the start
    /// of the VMA being split, as it was before; for a move the new address).
    Avc,
    /// A PMD-level table, of the PUD entry; place: the first page it spans.
    PmdTable,
    /// A PTE-level table that becomes live at once; place: the first page it spans.
    PteTable,
    /// A table deposited with a PMD leaf (A7, C8, INV28); place: the first page of the PMD.
    Deposit,
    /// A folio of this order; place: the first page it is to be mapped at (for C6 and C22, the page
    /// copied; for a migration or a collapse the page or block named; for a swapin, a readahead or
    /// a swapoff the first page whose entry is to be replaced).
    Folio(Order),
    /// A folio of a device's own memory; place: the page of the migration it is for. It fails by
    /// itself, and is then no choice, where the device has too few free pages.
    DevicePage(Order),
    /// The record that a fork gives the child in the anonmm scheme (M1); place 0.
    Anonmm,
}

/// One allocation of an operation, named so that two implementations mean the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AllocSite {
    /// What was to be allocated.
    pub kind: AllocKind,
    /// For which process (the child, in a fork).
    pub pid: Pid,
    /// For which place; see [`AllocKind`].
    pub vpn: Vpn,
    /// How many allocations of the same kind, process and place came before it in the operation.
    pub nth: u16,
}

impl Op {
    /// The value this operation stores, if it stores one.
    #[must_use]
    pub const fn stored(&self) -> Option<Value> {
        match self {
            Self::Write { value, .. }
            | Self::DmaWrite { value, .. }
            | Self::UffdFill { fill: UffdFill::Copy { value, .. }, .. }
            | Self::Dev(DevOp::Write { value, .. })
            | Self::Race { actor: Actor::Store { value, .. }, .. }
            | Self::Remote { access: Remote::Poke(value) | Remote::VmWrite(value), .. } => {
                Some(*value)
            }
            _ => None,
        }
    }

    /// The same operation with its stored value stamped by the operation's index in the program
    /// (see [`Value`]). Zero stays zero.
    #[must_use]
    pub const fn stamped(mut self, index: usize) -> Self {
        if let Self::Write { value, .. }
        | Self::DmaWrite { value, .. }
        | Self::UffdFill { fill: UffdFill::Copy { value, .. }, .. }
        | Self::Dev(DevOp::Write { value, .. })
        | Self::Race { actor: Actor::Store { value, .. }, .. }
        | Self::Remote { access: Remote::Poke(value) | Remote::VmWrite(value), .. } = &mut self
        {
            value.stamp = if value.label == 0 { 0 } else { index as u16 + 1 };
        }
        self
    }
}
