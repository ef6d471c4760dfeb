//! Drawing an operation: its kind by the profile's weights, its operands by what the program has
//! done so far, with a liking for pages already touched and for the edges of ranges, folios and
//! tables.

use super::draw::Draw;
use super::profile::{Profile, orders_up_to};
use super::sketch::Sketch;
use crate::call::{Advice, GupFlags, Prot, Remote, ScanLimits, UffdCall, UffdFill};
use crate::config::Config;
use crate::ids::{
    HANDLES_MAX, Handle, ORDER_MAX, Order, OrderSet, PROCS_MAX, PageRange, Pid, TOKENS_MAX, Token,
    Vpn,
};
use crate::kind::OpKind;
use crate::op::Op;
use crate::remap::MremapFlags;

/// Makes operations for one place of a program.
pub(crate) struct Maker<'a, D: ?Sized> {
    pub(super) profile: &'a Profile,
    pub(super) config: &'a Config,
    pub(super) sketch: &'a Sketch,
    /// The pages operands are drawn from.
    pub(super) window: PageRange,
    pub(crate) draw: &'a mut D,
}

impl<'a, D: Draw + ?Sized> Maker<'a, D> {
    pub(crate) fn new(
        profile: &'a Profile,
        config: &'a Config,
        sketch: &'a Sketch,
        draw: &'a mut D,
    ) -> Self {
        Self { profile, config, sketch, window: profile.window.pages(config), draw }
    }

    /// An operation of any kind the profile has.
    pub(crate) fn op(&mut self) -> Op {
        let kind = self.kind();
        self.op_of(kind)
    }

    fn kind(&mut self) -> OpKind {
        if let Some(kind) = self.taker().or_else(|| self.phase()) {
            return kind;
        }
        let mut kind = self.weighted_kind();
        for _ in 0..2 {
            if !self.is_vain(kind) {
                break;
            }
            kind = self.weighted_kind();
        }
        let nothing_mapped = self.sketch.mapped.as_slice().is_empty();
        if nothing_mapped && kind != OpKind::Thp && !self.draw.one_in(8) {
            return OpKind::Mmap;
        }
        kind
    }

    fn weighted_kind(&mut self) -> OpKind {
        OpKind::ALL[self.profile.kinds.draw(self.draw)]
    }

    /// Whether an operation of this kind would probably be refused.
    fn is_vain(&self, kind: OpKind) -> bool {
        match kind {
            OpKind::Mmap => self.is_full(),
            OpKind::Put | OpKind::DmaRead | OpKind::DmaWrite => self.sketch.open == 0,
            OpKind::Drop => self.sketch.taken == 0,
            OpKind::Fork => self.dead() == 0,
            OpKind::Exit => self.sketch.alive.count_ones() < 2,
            _ => false,
        }
    }

    /// Whether the window is probably mapped throughout.
    fn is_full(&self) -> bool {
        let mapped = self.sketch.mapped.as_slice().iter();
        mapped.map(|range| u64::from(range.len)).sum::<u64>() >= u64::from(self.window.len)
    }

    /// An operation of this kind, as far as the rmap scheme has such; else a look at a page.
    pub(crate) fn op_of(&mut self, kind: OpKind) -> Op {
        let op = self.any_op_of(kind);
        let fitted = op.fitted(self.config.rmap);
        fitted.unwrap_or_else(|| Op::Read { pid: self.pid(), vpn: self.page() })
    }

    fn any_op_of(&mut self, kind: OpKind) -> Op {
        match kind {
            OpKind::Mmap => Op::Mmap {
                pid: self.pid(),
                range: self.new_mapping(),
                prot: self.prot_mapped(),
                droppable: self.draw.one_in(16),
            },
            OpKind::Munmap => Op::Munmap { pid: self.pid(), range: self.range() },
            OpKind::Mprotect => {
                Op::Mprotect { pid: self.pid(), range: self.range(), prot: self.prot() }
            }
            OpKind::Madvise => {
                Op::Madvise { pid: self.pid(), range: self.range(), advice: self.advice() }
            }
            OpKind::Mlock => Op::Mlock { pid: self.pid(), range: self.range() },
            OpKind::Munlock => Op::Munlock { pid: self.pid(), range: self.range() },
            OpKind::Mseal => Op::Mseal { pid: self.pid(), range: self.range() },
            OpKind::Fork => Op::Fork { parent: self.pid(), child: self.child() },
            OpKind::Exit => Op::Exit { pid: self.pid() },
            OpKind::Read => Op::Read { pid: self.pid(), vpn: self.page() },
            OpKind::Write => Op::Write { pid: self.pid(), vpn: self.page(), value: self.value() },
            OpKind::Pin | OpKind::Get => Op::Gup {
                pid: self.pid(),
                range: self.gup_range(),
                handle: self.new_handle(),
                flags: self.gup_flags(kind == OpKind::Pin),
            },
            OpKind::Put => Op::Put { handle: self.open_handle(), dirty: self.draw.one_in(3) },
            OpKind::DmaRead => {
                let handle = self.open_handle();
                Op::DmaRead { handle, index: self.index(handle) }
            }
            OpKind::DmaWrite => {
                let handle = self.open_handle();
                Op::DmaWrite { handle, index: self.index(handle), value: self.value() }
            }
            OpKind::Peek | OpKind::Poke | OpKind::VmRead | OpKind::VmWrite => {
                Op::Remote { pid: self.pid(), vpn: self.page(), access: self.access(kind) }
            }
            OpKind::Thp => self.thp(),
            OpKind::FailAlloc => Op::FailAlloc { nth: self.nth() },
            OpKind::Lock => Op::Lock { pid: self.pid(), vpn: self.page(), token: self.new_token() },
            OpKind::Isolate => {
                Op::Isolate { pid: self.pid(), vpn: self.page(), token: self.new_token() }
            }
            OpKind::Drop => Op::Drop { token: self.taken_token() },
            OpKind::NumaHint => Op::NumaHint { pid: self.pid(), range: self.range() },
            OpKind::ClearRefs => Op::ClearRefs { pid: self.pid() },
            OpKind::SwapOut => Op::SwapOut {
                pid: self.pid(),
                vpn: self.page(),
                token: if self.draw.one_in(3) { Some(self.new_token()) } else { None },
            },
            OpKind::WriteDone => {
                Op::WriteDone { token: self.taken_token(), error: self.draw.one_in(8) }
            }
            OpKind::BadSlot => Op::BadSlot { pid: self.pid(), vpn: self.page() },
            OpKind::Swapoff => Op::Swapoff,
            OpKind::Swapon => Op::Swapon,
            OpKind::Race => Op::Race { actor: self.actor(), at: self.yields() }.sanitized(),
            OpKind::DrainLru => Op::Drain,
            OpKind::Migrate => Op::Migrate {
                pid: self.pid(),
                vpn: self.page(),
                token: self.new_token(),
                all: !self.draw.one_in(4),
            },
            OpKind::MigrateCopy => Op::MigrateCopy { token: self.taken_token() },
            OpKind::MigrateEnd => Op::MigrateEnd { token: self.taken_token() },
            OpKind::Split => Op::Split {
                pid: self.pid(),
                vpn: self.page(),
                order: self.split_order(),
                nonuniform: self.draw.one_in(8),
            },
            OpKind::DeferredScan => Op::DeferredScan { count: self.nth() },
            OpKind::Khugepaged => {
                Op::Khugepaged { pid: self.pid(), vpn: self.page(), limits: self.scan_limits() }
            }
            OpKind::Ksm => self.ksm(),
            OpKind::KsmZero => Op::KsmZero { pid: self.pid(), vpn: self.page() },
            OpKind::Hwpoison => Op::Hwpoison { pid: self.pid(), vpn: self.page() },
            OpKind::SoftOffline => Op::SoftOffline { pid: self.pid(), vpn: self.page() },
            OpKind::UffdRegister => Op::Uffd {
                pid: self.pid(),
                range: self.range_to_watch(),
                call: self.uffd_call(kind),
            },
            OpKind::UffdUnregister | OpKind::UffdWp => {
                Op::Uffd { pid: self.pid(), range: self.range(), call: self.uffd_call(kind) }
            }
            OpKind::UffdCopy | OpKind::UffdZero | OpKind::UffdPoison => {
                Op::UffdFill { pid: self.pid(), vpn: self.page(), fill: self.uffd_fill(kind) }
            }
            OpKind::Mremap => self.mremap(),
            OpKind::UffdMove => self.uffd_move(),
            OpKind::RmapWalk => Op::RmapWalk { pid: self.pid(), vpn: self.page() },
            OpKind::DevSetup
            | OpKind::DevEvict
            | OpKind::DevPages
            | OpKind::DevFinalize
            | OpKind::DevExclusive
            | OpKind::DevRead
            | OpKind::DevWrite => Op::Dev(self.dev_op(kind)),
        }
    }

    /// An order to split to: 0 mostly.
    pub(crate) fn split_order(&mut self) -> Order {
        let pmd = self.config.pmd_order().0;
        if self.draw.one_in(2) {
            Order(0)
        } else {
            Order(self.draw.below(u32::from(pmd) + 1) as u8)
        }
    }

    /// The limits of a new system mostly: all but one page empty, an eighth swapped, half shared.
    pub(crate) fn scan_limits(&mut self) -> ScanLimits {
        let ptes = self.config.ptes;
        let mut limit = |usual: u16| match self.draw.below(4) {
            0 => self.draw.below(u32::from(ptes) + 1) as u16,
            1 => ptes,
            _ => usual,
        };
        ScanLimits { none: limit(ptes - 1), swap: limit(ptes / 8), shared: limit(ptes / 2) }
    }

    /// A move mostly, at times a change of length; at the same place of another table now and then.
    fn mremap(&mut self) -> Op {
        let (pid, range) = (self.pid(), self.range());
        let flags = self.move_flags();
        let len = match self.draw.below(8) {
            0 => range.len.saturating_add(1),
            1 => range.len.saturating_sub(1),
            2 => self.range().len,
            _ => range.len,
        };
        let start = match self.draw.below(4) {
            0 => self.page(),
            1 => Vpn(range.end().min(u64::from(u32::MAX)) as u32),
            _ => {
                let ptes = u32::from(self.config.ptes);
                Vpn(self.page().0 / ptes * ptes + range.start.0 % ptes)
            }
        };
        Op::Mremap { pid, range, to: PageRange { start, len }, flags }
    }

    /// Flags of a mremap, rarely such that the kernel refuses.
    pub(crate) fn move_flags(&mut self) -> MremapFlags {
        let (fixed, dontunmap) = match self.draw.below(8) {
            0 | 1 => (false, false),
            2 => (false, true),
            3 => (true, true),
            _ => (true, false),
        };
        let (relocate, must_relocate) = match self.draw.below(8) {
            0 => (true, false),
            1 => (false, true),
            2..5 if self.profile.areas.has("relocate") => (true, false),
            5..7 if self.profile.areas.has("relocate") => (false, true),
            _ => (false, false),
        };
        MremapFlags { maymove: !self.draw.one_in(16), fixed, dontunmap, relocate, must_relocate }
    }

    /// A call of this kind.
    pub(crate) fn uffd_call(&mut self, kind: OpKind) -> UffdCall {
        match kind {
            OpKind::UffdRegister => {
                let mode = self.draw.below(4);
                UffdCall::Register { missing: mode < 2, wp: mode > 0 }
            }
            OpKind::UffdUnregister => UffdCall::Unregister,
            _ => UffdCall::Protect(!self.draw.one_in(3)),
        }
    }

    fn uffd_fill(&mut self, kind: OpKind) -> UffdFill {
        match kind {
            OpKind::UffdCopy => UffdFill::Copy { value: self.value(), wp: self.draw.one_in(3) },
            OpKind::UffdZero => UffdFill::Zero,
            _ => UffdFill::Poison,
        }
    }

    /// A process, alive if possible.
    pub(crate) fn pid(&mut self) -> Pid {
        if let Some((pid, _)) = self.aimed() {
            return pid;
        }
        if self.sketch.alive == 0 || self.draw.one_in(64) {
            return Pid(self.draw.below(u32::from(PROCS_MAX)) as u8);
        }
        Pid(self.draw.bit(u32::from(self.sketch.alive)))
    }

    /// Whether this process is probably alive.
    pub(super) fn is_alive(&self, pid: Pid) -> bool {
        self.sketch.alive >> pid.0 & 1 == 1
    }

    /// Processes that may be and are not alive, a bit each.
    fn dead(&self) -> u8 {
        !self.sketch.alive & ((1 << self.config.procs.min(PROCS_MAX)) - 1)
    }

    /// A process not yet alive, if possible: the first one mostly.
    pub(crate) fn child(&mut self) -> Pid {
        match self.dead() {
            0 => Pid(self.draw.below(u32::from(PROCS_MAX)) as u8),
            dead if self.draw.one_in(4) => Pid(self.draw.bit(u32::from(dead))),
            dead => Pid(dead.trailing_zeros() as u8),
        }
    }

    /// A handle not in use, if possible: the first one mostly.
    pub(crate) fn new_handle(&mut self) -> Handle {
        let free = !self.sketch.open;
        if free == 0 || self.draw.one_in(32) {
            return Handle(self.draw.below(u32::from(HANDLES_MAX)) as u8);
        }
        Handle(free.trailing_zeros() as u8)
    }

    /// A handle in use, if possible.
    pub(crate) fn open_handle(&mut self) -> Handle {
        match self.sketch.open {
            0 => Handle(self.draw.below(2) as u8),
            open => Handle(self.draw.bit(u32::from(open))),
        }
    }

    /// A token not in use, if possible.
    pub(crate) fn new_token(&mut self) -> Token {
        let free = !self.sketch.taken;
        if free == 0 || self.draw.one_in(32) {
            return Token(self.draw.below(u32::from(TOKENS_MAX)) as u8);
        }
        Token(free.trailing_zeros() as u8)
    }

    /// A token in use, if possible.
    pub(crate) fn taken_token(&mut self) -> Token {
        match self.sketch.taken {
            0 => Token(self.draw.below(2) as u8),
            taken => Token(self.draw.bit(u32::from(taken))),
        }
    }

    /// A page of a handle; rarely the one behind its last.
    pub(crate) fn index(&mut self, handle: Handle) -> u32 {
        let pages = self.sketch.handle_pages[handle.index() % usize::from(HANDLES_MAX)].max(1);
        if self.draw.one_in(32) { pages } else { self.draw.below(pages) }
    }

    /// Rights of a new mapping.
    fn prot_mapped(&mut self) -> Prot {
        if self.draw.one_in(8) { self.prot() } else { Prot::RW }
    }

    /// Rights.
    pub(crate) fn prot(&mut self) -> Prot {
        let write_only = Prot { read: false, write: true };
        self.draw.pick(&[
            Prot::RW,
            Prot::R,
            Prot::RW,
            Prot::R,
            Prot::RW,
            Prot::NONE,
            Prot::R,
            write_only,
        ])
    }

    /// An advice the profile has.
    pub(crate) fn advice(&mut self) -> Advice {
        Advice::NAMES[self.profile.advices.draw(self.draw)].0
    }

    /// Flags of a GUP call, legal ones mostly.
    pub(crate) fn gup_flags(&mut self, pin: bool) -> GupFlags {
        let fast = self.draw.one_in(3);
        let unlikely = if fast { 32 } else { 6 };
        GupFlags {
            pin,
            write: self.draw.one_in(2),
            longterm: self.draw.one_in(if pin { 3 } else { 32 }),
            force: self.draw.one_in(unlikely),
            fast,
            nofault: self.draw.one_in(12),
            split_pmd: self.draw.one_in(unlikely),
        }
    }

    fn access(&mut self, kind: OpKind) -> Remote {
        match kind {
            OpKind::Peek => Remote::Peek,
            OpKind::Poke => Remote::Poke(self.value()),
            OpKind::VmRead => Remote::VmRead,
            _ => Remote::VmWrite(self.value()),
        }
    }

    /// Which allocation fails: one of the first mostly.
    pub(crate) fn nth(&mut self) -> u16 {
        match self.draw.below(16) {
            number @ 0..15 => number as u16 % 5 + 1,
            _ => self.draw.below(32) as u16,
        }
    }

    fn thp(&mut self) -> Op {
        let orders = OrderSet(self.profile.orders.0 & orders_up_to(self.config.pmd_order()).0);
        let some = self.some_orders(orders);
        match self.draw.below(8) {
            0..4 => Op::Thp { always: some, madvise: OrderSet::EMPTY },
            4 | 5 => Op::Thp { always: OrderSet::EMPTY, madvise: some },
            6 => Op::Thp { always: some, madvise: self.some_orders(orders) },
            // Orders that do not exist in this geometry are ignored, and must be.
            _ if self.draw.one_in(4) => {
                Op::Thp { always: OrderSet(self.draw.below(2 << ORDER_MAX) as u16), madvise: some }
            }
            _ => Op::Thp { always: OrderSet::EMPTY, madvise: OrderSet::EMPTY },
        }
    }

    /// All of these orders, or one of them, or any of them.
    pub(crate) fn some_orders(&mut self, orders: OrderSet) -> OrderSet {
        if orders == OrderSet::EMPTY {
            return orders;
        }
        match self.draw.below(4) {
            0 => orders,
            1 | 2 => OrderSet(1 << self.draw.bit(u32::from(orders.0))),
            _ => OrderSet(orders.0 & self.draw.below(1 << 16) as u16),
        }
    }

    const fn ptes(&self) -> u32 {
        self.config.ptes as u32
    }

    /// Any page of a range that is not empty.
    pub(super) fn page_of(&mut self, range: PageRange) -> u32 {
        range.start.0.saturating_add(self.draw.below(range.len.max(1)))
    }

    /// A page, likely to be mapped.
    pub(crate) fn page(&mut self) -> Vpn {
        if let Some((_, vpn)) = self.aimed() {
            return vpn;
        }
        let sketch = self.sketch;
        let (pages, mapped) = (sketch.pages.as_slice(), sketch.mapped.as_slice());
        Vpn(match self.draw.below(32) {
            0..12 if !pages.is_empty() => self.draw.pick(pages).0,
            0..24 if !mapped.is_empty() => {
                let range = self.draw.pick(mapped);
                self.page_of(range)
            }
            24..31 => self.edge(),
            31 if self.draw.one_in(8) => self.outside(),
            _ => self.page_of(self.window),
        })
    }

    /// A page at the edge of something: of a mapping, of a range something was done to, of a table,
    /// or beside a page already touched.
    fn edge(&mut self) -> u32 {
        let sketch = self.sketch;
        let (pages, ranges) = (sketch.pages.as_slice(), sketch.ranges.as_slice());
        let mapped = sketch.mapped.as_slice();
        let at = match self.draw.below(8) {
            0 | 1 if !mapped.is_empty() => {
                let range = self.draw.pick(mapped);
                self.end_of(range)
            }
            2 | 3 if !ranges.is_empty() => {
                let range = self.draw.pick(ranges);
                self.end_of(range)
            }
            4 | 5 if !pages.is_empty() => self.draw.pick(pages).0.saturating_add(1),
            _ => self.page_of(self.window) / self.ptes() * self.ptes(),
        };
        // On the edge, just before it, or just behind.
        at.saturating_add(1).saturating_sub(self.draw.pick(&[1, 2, 1, 2, 0]))
    }

    /// The first page of a range, or the first behind it.
    fn end_of(&mut self, range: PageRange) -> u32 {
        let end = u32::try_from(range.end()).unwrap_or(u32::MAX);
        if self.draw.one_in(2) { end } else { range.start.0 }
    }

    /// A page at the end of the address space, or far behind it.
    fn outside(&mut self) -> u32 {
        let space = self.config.space_pages();
        match self.draw.below(4) {
            0 => space - 1,
            1 => space,
            2 => self.draw.below(space),
            _ => u32::MAX - self.draw.below(2),
        }
    }

    /// Where to map something: a few pages or a few tables, where nothing is mapped if possible.
    fn new_mapping(&mut self) -> PageRange {
        let mut range = self.mapping();
        for _ in 0..2 {
            let overlaps = |old: &PageRange| {
                u64::from(old.start.0) < range.end() && u64::from(range.start.0) < old.end()
            };
            if !self.sketch.mapped.as_slice().iter().any(overlaps) {
                break;
            }
            range = self.mapping();
        }
        range
    }

    fn mapping(&mut self) -> PageRange {
        let (ptes, window) = (self.ptes(), self.window);
        if self.draw.one_in(64) {
            return PageRange { start: self.page(), len: self.strange_len() };
        }
        let mapped = self.sketch.mapped.as_slice();
        let start = match self.draw.below(8) {
            0..3 => window.start.0,
            3 | 4 => self.page_of(window) / ptes * ptes,
            // Against a mapping: they may merge.
            5 | 6 if !mapped.is_empty() => {
                u32::try_from(self.draw.pick(mapped).end()).unwrap_or(u32::MAX)
            }
            _ => self.page_of(window),
        };
        // A program that was changed may have its mappings far below the window of today.
        let room = window.end().saturating_sub(u64::from(start));
        let room = room.clamp(1, u64::from(window.len.max(1))) as u32;
        let len = match self.draw.below(16) {
            0..5 => room,
            5..9 => ptes,
            9 | 10 => ptes * 2,
            _ => self.draw.between(1, ptes),
        };
        // Mappings far beyond the window are rarely of use, and cost the time of many.
        PageRange::new(start, len.min(room))
    }

    /// A length that something must go wrong with: 0, mostly.
    fn strange_len(&mut self) -> u32 {
        match self.draw.below(8) {
            0..4 => 0,
            4 | 5 => self.window.len + 1,
            6 => self.config.space_pages() + 1,
            _ => u32::MAX,
        }
    }

    /// A range of pages, likely to lie in a mapping and to share an edge with something.
    pub(crate) fn range(&mut self) -> PageRange {
        if let Some((_, vpn)) = self.aimed() {
            return self.range_around(vpn);
        }
        let mapped = self.sketch.mapped.as_slice();
        let ranges = self.sketch.ranges.as_slice();
        match self.draw.below(16) {
            0..4 if !mapped.is_empty() => self.draw.pick(mapped),
            4..8 if !mapped.is_empty() => {
                let range = self.draw.pick(mapped);
                self.part_of(range)
            }
            8 | 9 if !ranges.is_empty() => self.draw.pick(ranges),
            10 | 11 => {
                let table = self.page_of(self.window) / self.ptes() * self.ptes();
                PageRange::new(table, self.ptes())
            }
            12 | 13 => PageRange { start: self.page(), len: 1 },
            14 => {
                let (one, other) = (self.edge(), self.edge());
                PageRange::new(one.min(other), one.abs_diff(other))
            }
            15 if self.draw.one_in(4) => PageRange { start: self.page(), len: self.strange_len() },
            _ => self.part_of(self.window),
        }
    }

    /// The front, the back or the middle of a range.
    pub(super) fn part_of(&mut self, range: PageRange) -> PageRange {
        let len = self.draw.between(1, range.len.max(1));
        let behind = range.len.saturating_sub(len);
        let skip = match self.draw.below(3) {
            0 => 0,
            1 => behind,
            _ => self.draw.below(behind + 1),
        };
        PageRange::new(range.start.0.saturating_add(skip), len)
    }

    /// The pages of a GUP call: few mostly.
    pub(crate) fn gup_range(&mut self) -> PageRange {
        match self.draw.below(16) {
            0..9 => PageRange { start: self.page(), len: 1 },
            9..13 => PageRange { start: self.page(), len: self.draw.between(2, 4) },
            13 | 14 => self.range(),
            _ => PageRange { start: self.page(), len: self.ptes() },
        }
    }
}
