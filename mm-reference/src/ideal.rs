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
//!   through one may reach whoever inherited the page by fork, or has it since KSM merged a clean page
//!   with it (P2): `stray`.
//! * What MADV_FREE gave up, and what MAP_DROPPABLE holds, may read zero from any operation on, until
//!   it is written again (E9, Z6): `fading`. The kernel even takes it from relatives who gave nothing
//!   up, if their mapping is clean (I7; docs/kernel-findings.md).
//! * A slot that the device cannot read any more is lost; a read fails, and shows nothing (E12, E17):
//!   `lost`. So is a poisoned page, at once or later (Q1, Q3, F3): `poisoned`.
//! * What a device wrote is safe only while it is pinned, and after if the handle is dropped with `dirty`
//!   (D13): of a page that nobody else made dirty the copy in swap may come back, and show what the page
//!   held before: `unsaved`.
//! * A move of several VMAs that failed midway (J2) may have come to any page: `instead`.
//! * With `Config::migdev_old` device migrations forget writes (N15): module `gpu`.

mod devices;
mod gpu;
mod lineage;
mod moves;
mod space;

use devices::{Device, Held, detach};
use lineage::Others;
use mm_ops::{
    Advice, Errno, HANDLES_MAX, Handle, Op, Outcome, PROCS_MAX, PageRange, Pid, Remote, UffdFill,
    Value, Vpn,
};
use moves::Emptied;
use space::{Covers, Region, Space, bounds};
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

/// A page of a process that somebody wrote or grabbed. Every other page reads zero.
#[derive(Clone, Copy)]
struct Page {
    value: Value,
    /// Pages that were one page before some fork share a lineage (only `stray` asks).
    lineage: u32,
    /// The last operation may have zeroed it.
    or_zero: bool,
    /// Any operation may zero it.
    fading: bool,
    /// It may be out of reach for now, and shows as zero then.
    lost: bool,
    /// The same for as long as its owner has it, whatever is stored there.
    poisoned: bool,
    /// A device wrote here, and nobody has said so: what was here before may come back.
    unsaved: bool,
    /// That it was written last may have been forgotten; see `gpu`.
    forgetful: bool,
    /// While the page is being given up: what its pins hold from now on.
    orphan: Option<usize>,
    /// The last operation may have moved this content here: with its lineage, and what else that may be.
    instead: Option<(Value, u32, Others)>,
    /// What its lineage may be as well, because it could not be told from the value.
    or_lineages: Others,
}

impl Page {
    /// Whether its owner may find zero there, as a swap slot, memory or reclaim lost it (E12, Q4, E8).
    const fn may_be_gone(&self) -> bool {
        self.lost || self.poisoned || self.fading
    }

    fn descends_from(&self, lineage: u32) -> bool {
        self.lineage == lineage || self.or_lineages.has(lineage)
    }

    /// Whether one of these values, each of a lineage, may be the page's.
    fn is_among(&self, known: &[(u32, Value)], found: Value) -> bool {
        known.iter().any(|(of, value)| *value == found && self.descends_from(*of))
    }
}

/// A page that only handles still hold.
#[derive(Clone)]
struct Orphan {
    value: Value,
    lineage: u32,
    /// Its owner's may have been out of reach, and another one of zeroes in its place, which nothing told apart.
    or_zero: bool,
}

/// See the module documentation.
#[derive(Clone)]
pub struct Ideal {
    spaces: [Option<Space>; PROCS_MAX as usize],
    devices: [Option<Device>; HANDLES_MAX as usize],
    orphans: Vec<Orphan>,
    next_lineage: u32,
    /// An allocation of the next operation may fail.
    failing: bool,
    /// What the last operation wrote through a FOLL_GET handle, and to which lineage.
    stray: Option<(u32, Value)>,
    /// The same, of all operations: an orphan's content is seen only when somebody reads it.
    strays: Vec<(u32, Value)>,
    /// What pages of a lineage held before a device wrote there.
    unsaved: Vec<(u32, Value)>,
    /// Device migrations forget writes; then what pages of a lineage held earlier.
    forgets: bool,
    earlier: Vec<(u32, Value)>,
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
            failing: false,
            stray: None,
            strays: Vec::new(),
            unsaved: Vec::new(),
            forgets: false,
            earlier: Vec::new(),
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
        self.unsaved.clear();
        self.earlier.clear();
        self.forgets = false;
        self.stray = None;
        self.failing = false;
        self.next_lineage = 0;
    }

    /// What an operation that answered `outcome` means; judges what it read.
    ///
    /// # Errors
    /// The answer shows a value that must not be seen there.
    pub fn apply(&mut self, op: &Op, outcome: &Outcome) -> Result<(), Violation> {
        self.stray = None;
        let failing = std::mem::replace(&mut self.failing, matches!(op, Op::FailAlloc { .. }));
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
            (Op::UffdFill { pid, vpn, fill: UffdFill::Copy { value, .. } }, Outcome::Ok) => {
                self.store(pid, vpn, value);
            }
            (Op::BadSlot { pid, vpn }, Outcome::Ok) => {
                self.mark_sharers(pid, vpn, |page| page.lost = true);
            }
            (
                Op::Hwpoison { pid, vpn },
                Outcome::Ok
                | Outcome::Bus
                | Outcome::Err(Errno::EBUSY | Errno::EINTR | Errno::EHWPOISON),
            ) => {
                self.mark_sharers(pid, vpn, |page| page.poisoned = true);
                self.untie_pins_of_poisoned();
            }
            (Op::Ksm { pid, vpn, with, to }, Outcome::Ok) => self.merge((pid, vpn), (with, to)),
            (Op::Mmap { pid, range, droppable, .. }, Outcome::Ok) => {
                self.map(pid, range, droppable);
            }
            (Op::Munmap { pid, range }, Outcome::Ok) => self.unmap(pid, range),
            (Op::Mremap { pid, range, to, flags }, Outcome::At(place)) => {
                self.remap(pid, range, to.len, place, Emptied::of(flags, failing));
            }
            (Op::Mremap { pid, range, to, flags }, Outcome::Err(errno)) if flags.fixed => {
                self.remap_failed(pid, range, to, flags, errno);
            }
            (Op::UffdMove { pid, range, to, .. }, Outcome::Count(count)) => {
                self.move_pages(pid, PageRange { len: count, ..range }, to);
            }
            (Op::Madvise { pid, range, advice }, outcome) => {
                self.advise(pid, range, advice, outcome == Outcome::Ok);
            }
            (Op::Dev(op), outcome) => self.apply_gpu(op, outcome)?,
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
            (Op::Put { handle, dirty }, Outcome::Ok) => {
                if dirty {
                    self.save(handle);
                }
                if let Some(device) = self.devices.get_mut(handle.index()) {
                    *device = None;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The same, of what was done beside the operation that was applied last.
    ///
    /// # Errors
    /// As for [`Ideal::apply`].
    pub fn apply_beside(&mut self, op: &Op, outcome: &Outcome) -> Result<(), Violation> {
        // What the other one leaves for later stays.
        let (stray, failing) = (self.stray.take(), self.failing);
        let judged = self.apply(op, outcome);
        self.stray = self.stray.take().or(stray);
        self.failing |= failing;
        judged
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
        let stray = self.stray.take();
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
                        let open = Open {
                            stray,
                            unsaved: &mut self.unsaved,
                            earlier: &self.earlier,
                            devices: &self.devices,
                        };
                        settle(page, open, pid, Vpn(vpn), found)?;
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
        let space = self.space(pid)?;
        let fresh = Page {
            value: Value::ZERO,
            lineage,
            or_zero: false,
            fading: space.droppable(vpn),
            lost: false,
            poisoned: false,
            unsaved: false,
            forgetful: false,
            orphan: None,
            instead: None,
            or_lineages: Others::default(),
        };
        Some(space.pages.entry(vpn.0).or_insert(fresh))
    }

    fn judge_page(&self, pid: Pid, vpn: Vpn, found: Value) -> Result<(), Violation> {
        let space = self.spaces.get(pid.index()).and_then(Option::as_ref);
        let page = space.and_then(|space| space.pages.get(&vpn.0));
        let expected = page.map_or(Value::ZERO, |page| page.value);
        let lost = page.is_some_and(|page| page.lost || page.poisoned) && found.is_zero();
        let strayed = page.is_some_and(|page| page.is_among(&self.strays, found));
        if found == expected || lost || strayed {
            Ok(())
        } else {
            Err(content(pid, vpn, expected, found))
        }
    }

    /// A store by a process, or by the kernel on its behalf: it is there to stay.
    fn store(&mut self, pid: Pid, vpn: Vpn, value: Value) {
        self.alias_store(pid, vpn, value);
        let Some(space) = self.space(pid) else { return };
        let droppable = space.droppable(vpn);
        if let Some(page) = space.pages.get_mut(&vpn.0) {
            page.fading = droppable;
            page.lost = false;
            page.unsaved = false;
            page.forgetful = false;
        }
    }

    /// A store that the kernel may not know of.
    fn alias_store(&mut self, pid: Pid, vpn: Vpn, value: Value) {
        if let Some(page) = self.page(pid, vpn) {
            let (lineage, before) = (page.lineage, page.value);
            page.value = value;
            self.remember(lineage, before);
        }
        self.entitle(|owner, at, plain| plain.attached && (owner, at) == (pid, vpn), value);
    }

    fn map(&mut self, pid: Pid, range: PageRange, droppable: bool) {
        let end = range.end();
        let wipe = droppable;
        let region = Region { end, skip: false, wipe, droppable, unsure: false, maybe: false };
        self.map_region(pid, range.start, region);
    }

    /// Nothing was mapped there, but what a move left behind may still be known.
    fn map_region(&mut self, pid: Pid, start: Vpn, region: Region) {
        let len = u32::try_from(region.end).unwrap_or(u32::MAX).saturating_sub(start.0);
        self.unmap(pid, PageRange { start, len });
        if let Some(space) = self.space(pid) {
            space.regions.insert(u64::from(start.0), region);
        }
    }

    fn unmap(&mut self, pid: Pid, range: PageRange) {
        self.zap(pid, range);
        if let Some(space) = self.space(pid) {
            space.forget_regions(range);
        }
    }

    /// The process gives its pages up; pins keep theirs for themselves (INV3).
    fn zap(&mut self, pid: Pid, range: PageRange) {
        let Some(space) = self.spaces.get_mut(pid.index()).and_then(Option::as_mut) else { return };
        for device in self.devices.iter_mut().flatten().filter(|device| device.owner == pid) {
            for grip in &mut device.grips {
                let inside = range.contains(grip.at) && grip.maybe_at.is_empty();
                let page = space.pages.get_mut(&grip.at.0).filter(|_| inside);
                if let Some(page) = page {
                    detach(&mut grip.held, page, &mut self.orphans);
                } else if let Held::Plain(plain) = &mut grip.held {
                    plain.attached &= !inside;
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
            Advice::Free => self.fade(pid, range),
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

    /// MADV_FREE gives up a page also for those who inherited the same content and have not written
    /// since: a page that is mapped clean everywhere is dropped from all (I7, E9).
    fn fade(&mut self, pid: Pid, range: PageRange) {
        let Some(space) = self.space(pid) else { return };
        let given_up: Vec<(u32, Value)> =
            space.pages.range(bounds(range)).map(|(_, page)| (page.lineage, page.value)).collect();
        for page in self.spaces.iter_mut().flatten().flat_map(|space| space.pages.values_mut()) {
            page.fading |= given_up.contains(&(page.lineage, page.value));
        }
    }

    /// An operation that zeroes pages failed midway: each page may have been reached, and whoever
    /// had grabbed it may have lost its owner.
    fn doubt(&mut self, pid: Pid, range: PageRange) {
        let Some(space) = self.spaces.get_mut(pid.index()).and_then(Option::as_mut) else { return };
        for (vpn, page) in space.pages.range_mut(bounds(range)) {
            page.or_zero = true;
            for device in self.devices.iter_mut().flatten().filter(|device| device.owner == pid) {
                for grip in device.grips.iter_mut().filter(|grip| grip.at.0 == *vpn) {
                    grip.loosen(page);
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
            // Where advice failed midway the child may have nothing.
            let maybe = region.maybe || region.unsure;
            copy.regions.insert(*start, Region { skip: false, maybe, ..*region });
            if region.wipe && !region.unsure {
                continue;
            }
            let end = u32::try_from(region.end).unwrap_or(u32::MAX);
            let pages = space.pages.range(*start as u32..end);
            let copied = |page: &Page| Page { or_zero: page.or_zero || region.unsure, ..*page };
            copy.pages.extend(pages.map(|(vpn, page)| (*vpn, copied(page))));
        }
        if let Some(place) = self.spaces.get_mut(child.index()) {
            *place = Some(copy);
        }
    }

    /// Something happens to a page of memory, or of the device, and so to everybody who may share
    /// it: by fork, or by KSM, for which the content must be equal.
    fn mark_sharers(&mut self, pid: Pid, vpn: Vpn, mark: impl Fn(&mut Page)) {
        let Some(Page { lineage, value, .. }) = self.page(pid, vpn).copied() else { return };
        let sharer = |page: &&mut Page| page.lineage == lineage || page.value == value;
        for space in self.spaces.iter_mut().flatten() {
            space.pages.values_mut().filter(sharer).for_each(&mark);
        }
    }

    /// Two pages are one until somebody writes to them. A plain reference to the one that stays reaches both:
    /// KSM takes a page that is clean, whoever refers to it (P2).
    fn merge(&mut self, one: (Pid, Vpn), other: (Pid, Vpn)) {
        if self.poisoned(one) || self.poisoned(other) {
            self.mark_sharers(one.0, one.1, |page| page.poisoned = true);
            self.mark_sharers(other.0, other.1, |page| page.poisoned = true);
        }
        for (to, from) in [(one, other), (other, one)] {
            let Some(Page { lineage, or_lineages, .. }) = self.page(from.0, from.1).copied() else {
                continue;
            };
            if let Some(page) = self.page(to.0, to.1) {
                page.or_lineages.add(lineage);
                page.or_lineages.add_all(or_lineages);
            }
        }
    }

    fn poisoned(&self, (pid, vpn): (Pid, Vpn)) -> bool {
        let space = self.spaces.get(pid.index()).and_then(Option::as_ref);
        space.and_then(|space| space.pages.get(&vpn.0)).is_some_and(|page| page.poisoned)
    }
}

/// What else a page may show than what was written last.
struct Open<'a> {
    stray: Option<(u32, Value)>,
    unsaved: &'a mut Vec<(u32, Value)>,
    earlier: &'a [(u32, Value)],
    devices: &'a [Option<Device>],
}

/// Compares a page with what is seen of it, settling what was open.
fn settle(
    page: &mut Page,
    Open { stray, unsaved, earlier, devices }: Open<'_>,
    pid: Pid,
    vpn: Vpn,
    found: Value,
) -> Result<(), Violation> {
    // What is out of reach settles nothing.
    if (page.lost || page.poisoned) && found.is_zero() {
        return Ok(());
    }
    if let Some((value, lineage, others)) = page.instead.take() {
        page.or_lineages.add_all(others);
        page.or_lineages.add(lineage);
        if found == value {
            page.or_lineages.add(std::mem::replace(&mut page.lineage, lineage));
            page.value = value;
        }
    }
    let faded = (page.or_zero || page.fading) && found.is_zero();
    let strayed = |(lineage, value)| page.descends_from(lineage) && value == found;
    let strayed = stray.is_some_and(strayed);
    if strayed && page.value != found {
        page.unsaved = true;
        unsaved.push((page.lineage, page.value));
    }
    let came_back = page.value != found
        && page.unsaved
        && page.is_among(unsaved, found)
        && !devices.iter().flatten().any(|device| device.pins(pid, vpn));
    if faded || strayed || came_back || gpu::forgotten(page, earlier, found) {
        page.value = found;
    }
    page.or_zero = false;
    if page.value == found { Ok(()) } else { Err(content(pid, vpn, page.value, found)) }
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
