//! The ideal layer: what private memory *means*, with no COW at all. fork copies every page at once,
//! a pin is an alias of its owner's page, and a value is visible to those entitled to it only.
//!
//! It judges the rules themselves: if the mechanism, following every rule, let a child read its
//! parent's secret or lost a write made through a pin, this layer would show it. So it must never
//! learn of folios, page tables, references or faults. Whether an operation succeeded it takes from
//! the answer; of an operation that failed midway it knows that each page may or may not have been
//! reached (`or_zero`), and what is seen next settles it.
//!
//! Known exceptions, as narrow as they are:
//! * A read-only pin without LONGTERM of memory that reads zero may hold the zero page, which no
//!   later write reaches (D5, D7): `MaybeZeroPage`.
//! * A FOLL_GET handle promises no coherence (D6, R13). What may be read through one is what its
//!   owner had there then or later, or a device wrote there: [`Held::Plain`]. What is *written*
//!   through one may reach whoever inherited the page by fork: `stray`.
//! * Reclaim may take the content of memory given up by MADV_FREE (I8, E9) or mapped DROPPABLE
//!   (Z6), which then reads zero: [`Giving::Free`], [`Giving::Always`].
//! * What a device wrote and nobody declared dirty (D13, INV36) may be lost to reclaim: the page
//!   is again what it was before, `undeclared`.
//! * A page that hardware lost (Q1, E12, E17) reads zero, or not at all: `lost`.

use mm_ops::{
    Advice, GupFlags, HANDLES_MAX, Handle, Op, Outcome, PROCS_MAX, PageRange, Pid, Remote,
    UffdFill, Value, Vpn,
};
use std::collections::BTreeMap;
use std::fmt;

/// Memory does not mean what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// INV25 (content), INV26 (pins) or INV27 (isolation of processes).
    pub rule: &'static str,
    /// Whose page, if it is a process that sees it.
    pub pid: Option<Pid>,
    /// Which page.
    pub vpn: Option<Vpn>,
    /// Through which handle, if it is a device that sees it.
    pub handle: Option<Handle>,
    /// What should be there.
    pub expected: Value,
    /// What is there.
    pub found: Value,
    /// The sentence that is broken.
    pub why: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.why)?;
        if let (Some(Pid(pid)), Some(Vpn(vpn))) = (self.pid, self.vpn) {
            write!(f, " (p{pid} page {vpn})")?;
        }
        if let Some(Handle(handle)) = self.handle {
            write!(f, " (through h{handle})")?;
        }
        write!(f, ": expected {:?}, found {:?}", self.expected, self.found)
    }
}

/// Whether reclaim may take a page's content.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Giving {
    /// No.
    No,
    /// MADV_FREE: until the next store.
    Free,
    /// DROPPABLE memory.
    Always,
}

/// A page of a process that somebody wrote or grabbed. Every other page reads zero.
#[derive(Clone)]
struct Page {
    value: Value,
    giving: Giving,
    /// The hardware lost it.
    lost: bool,
    /// What it held before writes of devices that nobody declared, as the storage may still have
    /// it.
    undeclared: Vec<Value>,
    /// Pages that were one page before some fork share a lineage (only `stray` asks).
    lineage: u32,
    /// The last operation may have zeroed it.
    or_zero: bool,
    /// While the page is being given up: what its pins hold from now on.
    orphan: Option<usize>,
}

/// A run of mapped pages that fork treats alike.
#[derive(Clone, Copy)]
struct Region {
    end: u64,
    /// MADV_DONTFORK: the child does not get it.
    skip: bool,
    /// MADV_WIPEONFORK, MAP_DROPPABLE: the child gets zeroes.
    wipe: bool,
    /// MAP_DROPPABLE.
    droppable: bool,
    /// An operation that would have changed one of these failed midway.
    unsure: bool,
}

#[derive(Clone, Default)]
struct Space {
    /// By first page.
    regions: BTreeMap<u64, Region>,
    pages: BTreeMap<u32, Page>,
}

/// One page of a handle.
#[derive(Clone)]
enum Held {
    /// A pin: the page its owner has there, as long as the owner has it.
    Alias,
    /// A pin that may hold the zero page instead.
    MaybeZeroPage,
    /// The owner gave the page up; the number names it, so that two handles can share it.
    Alone(usize),
    /// A plain reference.
    Plain(Plain),
}

/// What may be read through a plain reference, and whom a write through it may reach.
#[derive(Clone)]
struct Plain {
    values: Vec<Value>,
    lineage: u32,
    /// The owner has not given the page up since, so what it writes there counts.
    attached: bool,
}

#[derive(Clone)]
struct Device {
    owner: Pid,
    first: Vpn,
    held: Vec<Held>,
}

/// A page that only handles still hold.
#[derive(Clone)]
struct Orphan {
    value: Value,
    lineage: u32,
}

/// See the module documentation.
#[derive(Clone)]
pub struct Ideal {
    spaces: [Option<Space>; PROCS_MAX as usize],
    devices: [Option<Device>; HANDLES_MAX as usize],
    orphans: Vec<Orphan>,
    next_lineage: u32,
    /// What the last operation wrote through a FOLL_GET handle, and to which lineage.
    stray: Option<(u32, Value)>,
    /// The same, of all operations: an orphan's content is seen only when somebody reads it.
    strays: Vec<(u32, Value)>,
    /// Whether the last operation reclaimed memory.
    reclaims: bool,
}

impl Default for Ideal {
    fn default() -> Self {
        Self::new()
    }
}

impl Ideal {
    /// A fresh machine.
    #[must_use]
    pub fn new() -> Self {
        let mut ideal = Self {
            spaces: Default::default(),
            devices: Default::default(),
            orphans: Vec::new(),
            next_lineage: 0,
            stray: None,
            strays: Vec::new(),
            reclaims: false,
        };
        ideal.reset();
        ideal
    }

    /// Back to a fresh machine: `p0` with nothing mapped.
    pub fn reset(&mut self) {
        self.spaces.iter_mut().for_each(|space| *space = None);
        self.spaces[0] = Some(Space::default());
        self.devices.iter_mut().for_each(|device| *device = None);
        self.orphans.clear();
        self.strays.clear();
        self.stray = None;
        self.next_lineage = 0;
    }

    /// What an operation that answered `outcome` means; judges what it read.
    ///
    /// # Errors
    /// The answer shows a value that must not be seen there.
    pub fn apply(&mut self, op: &Op, outcome: &Outcome) -> Result<(), Violation> {
        self.stray = None;
        // MADV_FREE of what is in swap already takes it at once (I6).
        self.reclaims = matches!(
            op,
            Op::SwapOut { .. } | Op::Madvise { advice: Advice::PageOut | Advice::Free, .. }
        );
        match (*op, *outcome) {
            (
                Op::Read { pid, vpn }
                | Op::Remote { pid, vpn, access: Remote::Peek | Remote::VmRead },
                Outcome::Value(found),
            ) => self.judge_page(pid, vpn, found)?,
            (Op::DmaRead { handle, index }, Outcome::Value(found)) => {
                self.judge_handle(handle, index, found)?;
            }
            (
                Op::Write { pid, vpn, value }
                | Op::Remote { pid, vpn, access: Remote::Poke(value) | Remote::VmWrite(value) },
                Outcome::Ok,
            ) => self.store(pid, vpn, value),
            (Op::DmaWrite { handle, index, value }, Outcome::Ok) => {
                self.device_store(handle, index, value);
            }
            (Op::Mmap { pid, range, droppable, .. }, Outcome::Ok) => {
                self.map(pid, range, droppable);
            }
            (Op::Munmap { pid, range }, Outcome::Ok) => self.unmap(pid, range),
            (Op::Madvise { pid, range, advice }, outcome) => {
                self.advise(pid, range, advice, outcome == Outcome::Ok);
            }
            (Op::Fork { parent, child }, Outcome::Ok) => self.fork(parent, child),
            (Op::Exit { pid }, Outcome::Ok) => {
                self.unmap(pid, PageRange::new(0, u32::MAX));
                if let Some(space) = self.spaces.get_mut(pid.index()) {
                    *space = None;
                }
            }
            (Op::Gup { pid, range, handle, flags }, Outcome::Count(count)) if count > 0 => {
                self.grab(pid, PageRange { len: count, ..range }, handle, flags);
            }
            (Op::UffdFill { pid, vpn, fill: UffdFill::Copy { value, .. } }, Outcome::Ok) => {
                // A page where there was none.
                self.zap(pid, PageRange { start: vpn, len: 1 });
                self.store(pid, vpn, value);
            }
            (Op::BadSlot { pid, vpn }, Outcome::Ok) | (Op::Hwpoison { pid, vpn }, _) => {
                self.lose(pid, vpn);
            }
            (Op::Put { handle, dirty }, Outcome::Ok) => {
                if dirty {
                    self.declare(handle);
                }
                if let Some(device) = self.devices.get_mut(handle.index()) {
                    *device = None;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Judges everything that can be seen: (process, page, value) of every page that is mapped, in
    /// ascending order. A page that is not listed reads zero.
    ///
    /// # Errors
    /// The first page that shows what it must not.
    pub fn judge(
        &mut self,
        seen: impl Iterator<Item = (Pid, Vpn, Value)>,
    ) -> Result<(), Violation> {
        let mut seen = seen.peekable();
        let (stray, reclaims) = (self.stray.take(), self.reclaims);
        for (number, space) in self.spaces.iter_mut().enumerate() {
            let pid = Pid(number as u8);
            let mut known = space
                .iter_mut()
                .flat_map(|space| &mut space.pages)
                .map(|(vpn, page)| (*vpn, page))
                .peekable();
            // Two sorted lists, walked together: each step takes the lower page of the two.
            loop {
                let listed = seen.peek().filter(|(p, ..)| *p == pid).map(|(_, vpn, _)| vpn.0);
                let mine = known.peek().map(|(vpn, _)| *vpn);
                let vpn = match (listed, mine) {
                    (None, None) => break,
                    (a, b) => a.unwrap_or(u32::MAX).min(b.unwrap_or(u32::MAX)),
                };
                let found = seen.next_if(|(p, v, _)| (*p, v.0) == (pid, vpn)).map(|(.., v)| v);
                let found = found.unwrap_or(Value::ZERO);
                match known.next_if(|(v, _)| *v == vpn) {
                    Some((_, page)) => {
                        if !page.may_become(found, reclaims, stray) {
                            return Err(content(pid, Vpn(vpn), page.value, found));
                        }
                    }
                    None if found.is_zero() => {}
                    None => return Err(content(pid, Vpn(vpn), Value::ZERO, found)),
                }
            }
        }
        Ok(())
    }

    fn space(&mut self, pid: Pid) -> Option<&mut Space> {
        self.spaces.get_mut(pid.index())?.as_mut()
    }

    /// The page of a process, from now on with an identity of its own.
    fn page(&mut self, pid: Pid, vpn: Vpn) -> Option<&mut Page> {
        self.next_lineage += 1;
        let lineage = self.next_lineage;
        let Space { regions, pages } = self.space(pid)?;
        Some(pages.entry(vpn.0).or_insert_with(|| {
            let region = regions.range(..=u64::from(vpn.0)).next_back();
            let droppable = region.is_some_and(|(_, region)| region.droppable);
            Page {
                value: Value::ZERO,
                giving: if droppable { Giving::Always } else { Giving::No },
                lost: false,
                undeclared: Vec::new(),
                lineage,
                or_zero: false,
                orphan: None,
            }
        }))
    }

    fn judge_page(&mut self, pid: Pid, vpn: Vpn, found: Value) -> Result<(), Violation> {
        let page = self.space(pid).and_then(|space| space.pages.get(&vpn.0));
        let expected = page.map_or(Value::ZERO, |page| page.value);
        let lost = page.is_some_and(|page| page.lost) && found.is_zero();
        if found == expected || lost { Ok(()) } else { Err(content(pid, vpn, expected, found)) }
    }

    /// A store by a process, or by the kernel on its behalf.
    fn store(&mut self, pid: Pid, vpn: Vpn, value: Value) {
        if let Some(page) = self.page(pid, vpn) {
            page.value = value;
            page.lost = false;
            page.undeclared.clear();
            if page.giving == Giving::Free {
                page.giving = Giving::No;
            }
        }
        self.entitle(|owner, at, plain| plain.attached && (owner, at) == (pid, vpn), value);
    }

    /// A store by a device, of which the kernel knows nothing until the pin is dropped.
    fn device_store_to(&mut self, pid: Pid, vpn: Vpn, value: Value) {
        if let Some(page) = self.page(pid, vpn) {
            let before = std::mem::replace(&mut page.value, value);
            page.undeclared.push(before);
        }
        self.entitle(|owner, at, plain| plain.attached && (owner, at) == (pid, vpn), value);
    }

    /// What was written through a handle is declared when it is put.
    fn declare(&mut self, handle: Handle) {
        let Some(Device { owner, first, held }) =
            self.devices.get(handle.index()).and_then(Option::as_ref).cloned()
        else {
            return;
        };
        let Some(space) = self.space(owner) else { return };
        for (vpn, held) in (first.0..).zip(held) {
            let page = space.pages.get_mut(&vpn).filter(|_| matches!(held, Held::Alias));
            if let Some(page) = page {
                page.undeclared.clear();
            }
        }
    }

    /// The hardware may have lost the page, for everyone who inherited it, and with it whatever
    /// tied a pin to it.
    fn lose(&mut self, pid: Pid, vpn: Vpn) {
        let page = self.space(pid).and_then(|space| space.pages.get(&vpn.0));
        let Some(lineage) = page.map(|page| page.lineage) else { return };
        for pid in (0..PROCS_MAX).map(Pid) {
            let Some(space) = self.space(pid) else { continue };
            let same = space.pages.iter_mut().filter(|(_, page)| page.lineage == lineage);
            let places: Vec<u32> = same
                .map(|(vpn, page)| {
                    page.lost = true;
                    *vpn
                })
                .collect();
            places.into_iter().for_each(|vpn| self.doubt(pid, PageRange::new(vpn, 1)));
        }
    }

    /// Lets everyone with a plain reference that `which` accepts (owner, page) read the value.
    fn entitle(&mut self, which: impl Fn(Pid, Vpn, &Plain) -> bool, value: Value) {
        for device in self.devices.iter_mut().flatten() {
            for (index, held) in device.held.iter_mut().enumerate() {
                let vpn = Vpn(device.first.0 + index as u32);
                if let Held::Plain(plain) = held
                    && which(device.owner, vpn, plain)
                    && !plain.values.contains(&value)
                {
                    plain.values.push(value);
                }
            }
        }
    }

    fn map(&mut self, pid: Pid, range: PageRange, droppable: bool) {
        if let Some(space) = self.space(pid) {
            let region =
                Region { end: range.end(), skip: false, wipe: droppable, droppable, unsure: false };
            space.regions.insert(u64::from(range.start.0), region);
        }
    }

    fn unmap(&mut self, pid: Pid, range: PageRange) {
        self.zap(pid, range);
        if let Some(space) = self.space(pid) {
            space.cut(range);
            space.regions.retain(|start, region| !range.covers(*start, region.end));
        }
    }

    /// The process gives its pages up; pins keep theirs for themselves (INV3).
    fn zap(&mut self, pid: Pid, range: PageRange) {
        let Some(space) = self.spaces.get_mut(pid.index()).and_then(Option::as_mut) else { return };
        for device in self.devices.iter_mut().flatten().filter(|device| device.owner == pid) {
            for (index, held) in device.held.iter_mut().enumerate() {
                let vpn = device.first.0 + index as u32;
                let page = space.pages.get_mut(&vpn).filter(|_| range.contains(Vpn(vpn)));
                if let Some(page) = page {
                    detach(held, page, &mut self.orphans);
                } else if let Held::Plain(plain) = held {
                    plain.attached &= !range.contains(Vpn(vpn));
                }
            }
        }
        let gone: Vec<u32> = space.pages.range(bounds(range)).map(|(vpn, _)| *vpn).collect();
        for vpn in gone {
            space.pages.remove(&vpn);
        }
    }

    /// What an advice does to contents, now or at the next fork.
    fn advise(&mut self, pid: Pid, range: PageRange, advice: Advice, done: bool) {
        match advice {
            Advice::DontNeed | Advice::DontNeedLocked | Advice::GuardInstall if done => {
                self.zap(pid, range);
            }
            Advice::DontNeed | Advice::DontNeedLocked | Advice::GuardInstall => {
                self.doubt(pid, range);
            }
            Advice::Free => {
                let Some(space) = self.space(pid) else { return };
                for (_, page) in space.pages.range_mut(bounds(range)) {
                    if page.giving == Giving::No {
                        page.giving = Giving::Free;
                    }
                }
            }
            Advice::DontFork | Advice::DoFork | Advice::WipeOnFork | Advice::KeepOnFork => {
                let Some(space) = self.space(pid) else { return };
                space.cut(range);
                for (start, region) in &mut space.regions {
                    if range.covers(*start, region.end) {
                        region.advise(advice, done);
                    }
                }
            }
            _ => {}
        }
    }

    /// An operation that zeroes pages failed midway: each page may have been reached, and whoever
    /// had grabbed it may have lost its owner.
    fn doubt(&mut self, pid: Pid, range: PageRange) {
        let Some(space) = self.spaces.get_mut(pid.index()).and_then(Option::as_mut) else { return };
        for (vpn, page) in space.pages.range_mut(bounds(range)) {
            page.or_zero = true;
            for device in self.devices.iter_mut().flatten().filter(|device| device.owner == pid) {
                let index = vpn.checked_sub(device.first.0).map(|index| index as usize);
                let Some(held) = index.and_then(|index| device.held.get_mut(index)) else {
                    continue;
                };
                if matches!(held, Held::Alias | Held::MaybeZeroPage) {
                    let mut plain = Plain::of(page);
                    if matches!(held, Held::MaybeZeroPage) {
                        plain.values.push(Value::ZERO);
                    }
                    *held = Held::Plain(plain);
                }
            }
        }
    }

    /// Every page is copied now, whatever is shared later (INV27).
    fn fork(&mut self, parent: Pid, child: Pid) {
        let Some(space) = self.space(parent) else { return };
        let mut copy = Space::default();
        for (start, region) in &space.regions {
            if region.skip && !region.unsure {
                continue;
            }
            copy.regions.insert(*start, Region { skip: false, ..*region });
            if region.wipe && !region.unsure {
                continue;
            }
            let end = u32::try_from(region.end).unwrap_or(u32::MAX);
            let pages = space.pages.range(*start as u32..end);
            copy.pages.extend(pages.map(|(vpn, page)| {
                (*vpn, Page { or_zero: region.unsure, orphan: None, ..page.clone() })
            }));
        }
        if let Some(place) = self.spaces.get_mut(child.index()) {
            *place = Some(copy);
        }
    }

    fn grab(&mut self, pid: Pid, range: PageRange, handle: Handle, flags: GupFlags) {
        let mut held = Vec::with_capacity(range.len as usize);
        for offset in 0..range.len {
            let Some(page) = self.page(pid, Vpn(range.start.0 + offset)) else { return };
            let may_be_zero_page = page.value.is_zero() && !flags.write && !flags.longterm;
            held.push(match flags.pin {
                true if may_be_zero_page => Held::MaybeZeroPage,
                true => Held::Alias,
                false => Held::Plain(Plain::of(page)),
            });
        }
        if let Some(place) = self.devices.get_mut(handle.index()) {
            *place = Some(Device { owner: pid, first: range.start, held });
        }
    }

    /// A device reads: the pin must see what its owner sees (INV26), a plain reference must show
    /// nothing its holder is not entitled to (INV27).
    fn judge_handle(&mut self, handle: Handle, index: u32, found: Value) -> Result<(), Violation> {
        let Some((device, vpn)) = self.held_at(handle, index) else { return Ok(()) };
        let (owner, held) = (device.owner, device.held[index as usize].clone());
        let current = self.space(owner).and_then(|space| space.pages.get(&vpn.0));
        let current = current.map_or(Value::ZERO, |page| page.value);
        let (good, expected, rule, why) = match held {
            Held::Alias => (found == current, current, "INV26", "a pin sees what its owner sees"),
            Held::MaybeZeroPage => {
                if found == current && !found.is_zero() {
                    self.set_held(handle, index, Held::Alias);
                }
                let good = found == current || found.is_zero();
                (good, current, "INV26", "a pin sees what its owner sees, or the zero page")
            }
            Held::Alone(orphan) => {
                let strayed = self.strays.contains(&(self.orphans[orphan].lineage, found));
                if strayed {
                    self.orphans[orphan].value = found;
                }
                let expected = self.orphans[orphan].value;
                (found == expected, expected, "INV26", "a pinned page belongs to its pins alone")
            }
            Held::Plain(Plain { values, .. }) => {
                let expected = values.last().copied().unwrap_or(Value::ZERO);
                let why = "a reference shows only what its owner had there, or a device wrote";
                (values.contains(&found), expected, "INV27", why)
            }
        };
        let (pid, vpn) = (Some(owner), Some(vpn));
        if good {
            return Ok(());
        }
        Err(Violation { rule, pid, vpn, handle: Some(handle), expected, found, why })
    }

    fn device_store(&mut self, handle: Handle, index: u32, value: Value) {
        let Some((device, vpn)) = self.held_at(handle, index) else { return };
        let owner = device.owner;
        match device.held[index as usize].clone() {
            Held::Alias | Held::MaybeZeroPage => self.device_store_to(owner, vpn, value),
            Held::Alone(orphan) => {
                self.orphans[orphan].value = value;
                let lineage = self.orphans[orphan].lineage;
                self.entitle(|_, _, plain| plain.lineage == lineage, value);
            }
            Held::Plain(Plain { lineage, .. }) => {
                // Which page this is by now, only the mechanism knows: anyone who inherited it.
                self.stray = Some((lineage, value));
                self.strays.push((lineage, value));
                self.entitle(|_, _, plain| plain.lineage == lineage, value);
            }
        }
    }

    fn held_at(&self, handle: Handle, index: u32) -> Option<(&Device, Vpn)> {
        let device = self.devices.get(handle.index())?.as_ref()?;
        device.held.get(index as usize)?;
        Some((device, Vpn(device.first.0 + index)))
    }

    fn set_held(&mut self, handle: Handle, index: u32, held: Held) {
        if let Some(device) = &mut self.devices[handle.index()] {
            device.held[index as usize] = held;
        }
    }
}

impl Space {
    /// Makes both ends of the range region boundaries.
    fn cut(&mut self, range: PageRange) {
        for at in [u64::from(range.start.0), range.end()] {
            let Some((_, left)) = self.regions.range_mut(..at).next_back() else { continue };
            if left.end > at {
                let right = *left;
                left.end = at;
                self.regions.insert(at, right);
            }
        }
    }
}

impl Region {
    fn advise(&mut self, advice: Advice, done: bool) {
        self.unsure |= !done;
        match advice {
            Advice::DontFork if done => self.skip = true,
            Advice::DoFork if done => self.skip = false,
            Advice::WipeOnFork if done => self.wipe = true,
            Advice::KeepOnFork if done => self.wipe = false,
            _ => {}
        }
    }
}

impl Plain {
    fn of(page: &Page) -> Self {
        Self { values: vec![page.value], lineage: page.lineage, attached: true }
    }
}

/// The owner of what is held gives the page up.
fn detach(held: &mut Held, page: &mut Page, orphans: &mut Vec<Orphan>) {
    match held {
        Held::Alias => {
            let orphan = *page.orphan.get_or_insert(orphans.len());
            if orphan == orphans.len() {
                orphans.push(Orphan { value: page.value, lineage: page.lineage });
            }
            *held = Held::Alone(orphan);
        }
        // Whichever it was, it shows zero for ever, or what the page held last.
        Held::MaybeZeroPage => {
            let mut plain = Plain { attached: false, ..Plain::of(page) };
            plain.values.push(Value::ZERO);
            *held = Held::Plain(plain);
        }
        Held::Plain(plain) => plain.attached = false,
        Held::Alone(_) => {}
    }
}

impl Page {
    /// Compares the page with what is seen of it, settling what was open.
    fn may_become(&mut self, found: Value, reclaims: bool, stray: Option<(u32, Value)>) -> bool {
        let or_zero = std::mem::replace(&mut self.or_zero, false);
        if self.value == found {
            return true;
        }
        if stray == Some((self.lineage, found)) {
            self.undeclared.push(self.value);
            self.value = found;
            return true;
        }
        // Out of reach for now: a later read may find it, or fail for good.
        if self.lost && found.is_zero() {
            return true;
        }
        let given = reclaims && self.giving != Giving::No;
        let gone = found.is_zero() && (or_zero || given);
        let reverted = reclaims && self.undeclared.contains(&found);
        if gone || reverted {
            self.value = found;
        }
        gone || reverted
    }
}

fn content(pid: Pid, vpn: Vpn, expected: Value, found: Value) -> Violation {
    Violation {
        rule: "INV25",
        pid: Some(pid),
        vpn: Some(vpn),
        handle: None,
        expected,
        found,
        why: "a process sees its own last write, or what it inherited at fork",
    }
}

fn bounds(range: PageRange) -> std::ops::Range<u32> {
    range.start.0..u32::try_from(range.end()).unwrap_or(u32::MAX)
}

/// Small geometry on ranges.
trait Covers {
    /// Whether `start..end` lies inside.
    fn covers(&self, start: u64, end: u64) -> bool;
}

impl Covers for PageRange {
    fn covers(&self, start: u64, end: u64) -> bool {
        u64::from(self.start.0) <= start && end <= self.end()
    }
}
