//! A rough idea of what a program has done so far, so that the next operation makes sense more
//! often than not. It knows no rule and may be wrong: every operation is legal in every state.

use crate::call::UffdCall;
use crate::device::{DevOp, Device};
use crate::ids::{HANDLES_MAX, Handle, PROCS_MAX, PageRange, Pid, Token, Vpn};
use crate::op::Op;
use crate::race::Actor;
use crate::remap::MremapFlags;

/// The last `N` things seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recent<T, const N: usize> {
    items: [T; N],
    len: usize,
    next: usize,
}

impl<T: Copy + Default + PartialEq, const N: usize> Recent<T, N> {
    fn new() -> Self {
        Self { items: [T::default(); N], len: 0, next: 0 }
    }

    fn push(&mut self, item: T) {
        if self.as_slice().contains(&item) {
            return;
        }
        self.items[self.next] = item;
        self.next = (self.next + 1) % N;
        self.len = (self.len + 1).min(N);
    }

    /// Takes out what does not pass.
    fn retain(&mut self, keep: impl Fn(T) -> bool) {
        let mut kept = 0;
        for place in 0..self.len {
            if keep(self.items[place]) {
                self.items[kept] = self.items[place];
                kept += 1;
            }
        }
        self.len = kept;
        self.next = kept % N;
    }

    pub(super) fn as_slice(&self) -> &[T] {
        &self.items[..self.len]
    }
}

/// See the module documentation. What is mapped is not told apart by process: after a fork both
/// have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sketch {
    /// Processes alive, a bit each.
    pub(super) alive: u8,
    /// Handles open, a bit each.
    pub(super) open: u16,
    /// Pages asked for by the handle.
    pub(super) handle_pages: [u32; HANDLES_MAX as usize],
    /// Tokens in use, a bit each.
    pub(super) taken: u8,
    /// Ranges mapped.
    pub(super) mapped: Recent<PageRange, 6>,
    /// Ranges something else was done to: their ends are borders of VMAs or of entries' states.
    pub(super) ranges: Recent<PageRange, 4>,
    /// Ranges that userfaultfd watches.
    pub(super) watched: Recent<PageRange, 2>,
    /// The page that an actor waits for.
    pub(super) armed: Option<(Pid, Vpn)>,
    /// Mapped pages that were accessed.
    pub(super) pages: Recent<Vpn, 8>,
    /// Device migrations that were set up, a bit a token; those whose pages changed over, too.
    pub(super) migrating: u8,
    pub(super) paged: u8,
    /// Pages that devices probably have.
    pub(super) held: Recent<(Device, Vpn), 4>,
}

impl Sketch {
    /// The state every program starts in.
    pub(crate) fn new() -> Self {
        Self {
            alive: 1,
            open: 0,
            handle_pages: [0; HANDLES_MAX as usize],
            taken: 0,
            mapped: Recent::new(),
            ranges: Recent::new(),
            watched: Recent::new(),
            armed: None,
            pages: Recent::new(),
            migrating: 0,
            paged: 0,
            held: Recent::new(),
        }
    }

    /// The state after these operations.
    pub(crate) fn after<'a>(ops: impl Iterator<Item = &'a Op>) -> Self {
        let mut sketch = Self::new();
        ops.for_each(|op| sketch.note(op));
        sketch
    }

    /// Takes note of an operation, believing that it succeeds.
    pub(crate) fn note(&mut self, op: &Op) {
        self.armed = match *op {
            Op::Race { actor, .. } => Some((actor.pid(), actor.page())),
            _ => None,
        };
        match *op {
            Op::Uffd { range, call: UffdCall::Register { .. }, .. } => {
                self.watched.push(range);
                self.ranges.push(range);
            }
            Op::Mmap { range, .. } => self.mapped.push(range),
            Op::Mremap { range, to, flags, .. } => self.moved(range, to, flags),
            Op::UffdMove { range, to, .. } => {
                self.ranges.push(PageRange { start: to, ..range });
                self.touch(to);
            }
            Op::Munmap { range, .. } => {
                let covered = |old: PageRange| range.start <= old.start && old.end() <= range.end();
                self.mapped.retain(|old| !covered(old));
                self.pages.retain(|page| !range.contains(page));
                self.ranges.push(range);
            }
            Op::Mprotect { range, .. }
            | Op::Madvise { range, .. }
            | Op::Mlock { range, .. }
            | Op::Munlock { range, .. }
            | Op::Mseal { range, .. }
            | Op::NumaHint { range, .. }
            | Op::Uffd { range, .. } => self.ranges.push(range),
            Op::Fork { parent, child } if self.is_alive(parent) => self.alive |= process(child),
            Op::Exit { pid } => self.alive &= !process(pid),
            Op::Read { vpn, .. }
            | Op::Write { vpn, .. }
            | Op::Remote { vpn, .. }
            | Op::UffdFill { vpn, .. } => self.touch(vpn),
            Op::Gup { range, handle, .. } => {
                self.touch(range.start);
                self.open_handle(handle, range.len);
            }
            Op::Race { actor: Actor::Gup { handle, .. }, .. } => self.open_handle(handle, 1),
            Op::Put { handle, .. } => self.open &= !(1 << (handle.0 % HANDLES_MAX)),
            Op::Lock { token, .. }
            | Op::Isolate { token, .. }
            | Op::Migrate { token, .. }
            | Op::SwapOut { token: Some(token), .. } => self.taken |= token_bit(token),
            Op::Drop { token } | Op::WriteDone { token, .. } | Op::MigrateEnd { token } => {
                self.taken &= !token_bit(token);
            }
            Op::Dev(call) => self.note_device(call),
            Op::Race { .. }
            | Op::SwapOut { token: None, .. }
            | Op::BadSlot { .. }
            | Op::Swapoff
            | Op::Swapon
            | Op::Drain
            | Op::MigrateCopy { .. }
            | Op::Split { .. }
            | Op::DeferredScan { .. }
            | Op::Khugepaged { .. }
            | Op::Ksm { .. }
            | Op::KsmZero { .. }
            | Op::Hwpoison { .. }
            | Op::SoftOffline { .. }
            | Op::RmapWalk { .. }
            | Op::Fork { .. }
            | Op::DmaRead { .. }
            | Op::DmaWrite { .. }
            | Op::Thp { .. }
            | Op::FailAlloc { .. }
            | Op::ClearRefs { .. } => {}
        }
    }

    /// What a device's driver does.
    fn note_device(&mut self, call: DevOp) {
        match call {
            DevOp::Setup { device, range, token, .. }
            | DevOp::Evict { device, range, token, .. } => {
                self.taken |= token_bit(token);
                self.migrating |= token_bit(token);
                self.paged &= !token_bit(token);
                self.ranges.push(range);
                self.held.push((device, range.start));
            }
            DevOp::Pages { token, .. } => self.paged |= token_bit(token) & self.migrating,
            DevOp::Finalize { token } => {
                self.taken &= !token_bit(token);
                self.migrating &= !token_bit(token);
                self.paged &= !token_bit(token);
            }
            DevOp::Exclusive { device, vpn, token, .. } => {
                self.taken |= token_bit(token);
                self.touch(vpn);
                self.held.push((device, vpn));
            }
            DevOp::Read { .. } | DevOp::Write { .. } => {}
        }
    }

    /// Memory grew, shrank or went elsewhere.
    fn moved(&mut self, range: PageRange, to: PageRange, flags: MremapFlags) {
        if !(flags.fixed || flags.dontunmap) {
            self.ranges.push(PageRange { len: to.len, ..range });
            return;
        }
        self.mapped.push(to);
        for page in range.start.0..range.end().min(u64::from(range.start.0) + 4) as u32 {
            let moved = Vpn(to.start.0.saturating_add(page - range.start.0));
            if self.pages.as_slice().contains(&Vpn(page)) {
                self.pages.push(moved);
            }
        }
        self.ranges.push(range);
    }

    fn touch(&mut self, vpn: Vpn) {
        if self.mapped.as_slice().iter().any(|range| range.contains(vpn)) {
            self.pages.push(vpn);
        }
    }

    fn open_handle(&mut self, handle: Handle, pages: u32) {
        let bit = 1 << (handle.0 % HANDLES_MAX);
        if self.open & bit == 0 && pages > 0 {
            self.open |= bit;
            self.handle_pages[usize::from(handle.0 % HANDLES_MAX)] = pages;
        }
    }

    fn is_alive(&self, pid: Pid) -> bool {
        self.alive & process(pid) != 0
    }
}

const fn process(pid: Pid) -> u8 {
    1 << (pid.0 % PROCS_MAX)
}

const fn token_bit(token: Token) -> u8 {
    1 << (token.0 % u8::BITS as u8)
}
