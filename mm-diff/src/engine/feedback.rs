//! What a program was good for: which events happened in which abstract states, and what it cost to
//! see them.

use super::features::{FeatureMap, Happening};
use crate::lockstep::{Observer, StepView};
use mm_ops::{
    Choice, EntryFlags, EntryKind, FolioFlags, FolioId, Moment, NO_ANON_VMA, Op, OpKind, Outcome,
    Snapshot, TokenKind, VmaFlags,
};
use std::collections::BTreeMap;

/// Where the facts of the state begin in a row of facts; below are the kinds of operation.
const STATE_FACTS_START: u32 = 64;
/// What an operation costs by itself, in entries and pages looked at.
const OP_COST: u64 = 64;

/// Follows one program and tells what happened in each operation, under which facts. It remembers
/// nothing of what it told: that is for a [`FeatureMap`], or for an engine with counters of its own.
#[derive(Debug, Default)]
pub struct Scan {
    /// Facts of the state before the next operation.
    facts: u128,
}

impl Scan {
    /// Called before each program.
    pub fn start(&mut self) {
        self.facts = 0;
    }

    /// Tells each event of an operation with the facts it happened under, a bit each.
    pub fn step(&mut self, step: &StepView<'_>, mut tell: impl FnMut(Happening, u128)) {
        let kind = step.op.kind();
        let facts = self.facts | 1 << kind.index();
        for (rule, case) in step.fired {
            tell(Happening::Fired(*rule, *case), facts);
        }
        for choice in step.choices {
            if let Choice::AllocFailed(site) = choice {
                tell(Happening::AllocFailed(kind, site.kind), facts);
            }
        }
        tell(Happening::Answered(kind, step.outcome), facts);
        self.facts = facts_of(step.snapshot) << STATE_FACTS_START;
        if matches!(step.op, Op::FailAlloc { nth } if *nth > 0) {
            self.facts |= 1 << (STATE_FACTS_START + ALLOC_ARMED);
        }
    }
}

/// Collects the features of the programs it watches.
#[derive(Debug, Default)]
pub struct Feedback {
    /// Everything seen so far.
    pub map: FeatureMap,
    /// Operations by kind: done, and refused or failed.
    pub answers: Answers,
    /// How often each yield point was passed with an actor beside.
    pub yields: Yields,
    scan: Scan,
    /// Operations of this program up to the last one that showed something new.
    novel_steps: usize,
    /// What this program cost.
    cost: u64,
}

/// How often each yield point of the subject was passed with an actor beside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Yields(BTreeMap<&'static str, u64>);

impl Yields {
    /// Counts those that an operation passed.
    pub fn count(&mut self, moments: &[Moment]) {
        for moment in moments {
            if let Moment::Yield(point) = moment {
                *self.0.entry(point).or_default() += 1;
            }
        }
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        for (point, count) in &other.0 {
            *self.0.entry(point).or_default() += count;
        }
    }

    /// How often this one was passed.
    #[must_use]
    pub fn of(&self, point: &str) -> u64 {
        self.0.get(point).copied().unwrap_or_default()
    }

    /// All of them.
    #[must_use]
    pub const fn all(&self) -> &BTreeMap<&'static str, u64> {
        &self.0
    }
}

/// How often each kind of operation was done, and how often it was refused or failed.
#[derive(Clone, Debug)]
pub struct Answers {
    /// By kind: done, else.
    pub by_kind: [[u64; 2]; OpKind::COUNT],
}

impl Default for Answers {
    fn default() -> Self {
        Self { by_kind: [[0; 2]; OpKind::COUNT] }
    }
}

impl Answers {
    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.by_kind.iter_mut().zip(&other.by_kind) {
            ours[0] += theirs[0];
            ours[1] += theirs[1];
        }
    }
}

impl Feedback {
    /// Called before each program.
    pub fn start(&mut self) {
        self.scan.start();
        self.novel_steps = 0;
        self.cost = 0;
    }

    /// About how much work the program was, in a unit that does not depend on the clock: the size
    /// of the states it went through.
    #[must_use]
    pub const fn cost(&self) -> u64 {
        self.cost
    }

    /// How much of the program showed anything new, as a number of operations.
    #[must_use]
    pub const fn novel_steps(&self) -> usize {
        self.novel_steps
    }
}

impl Observer for Feedback {
    fn step(&mut self, step: &StepView<'_>) {
        let Self { map, scan, novel_steps, .. } = self;
        scan.step(step, |happening, facts| {
            if map.add(happening, facts) {
                *novel_steps = step.index + 1;
            }
        });
        if let Some(timeline) = step.timeline {
            self.yields.count(&timeline.moments);
        }
        use Outcome::{At, Count, Ok, Pids, Value};
        let done = matches!(step.outcome, Ok | Count(_) | Value(_) | At(_) | Pids(_));
        self.answers.by_kind[step.op.kind().index()][usize::from(!done)] += 1;
        self.cost += OP_COST + (step.snapshot.entries.len() + step.snapshot.pages.len()) as u64;
    }
}

/// The fact that an allocation is about to fail; the state's own facts are numbered from 0.
const ALLOC_ARMED: u32 = 31;

/// The facts of a state, a bit each.
fn facts_of(snapshot: &Snapshot) -> u128 {
    let mut facts = 0;
    let mut fact = |number: u32, holds: bool| facts |= u128::from(holds) << number;
    fact(0, snapshot.mms.len() == 2);
    fact(1, snapshot.mms.len() > 2);
    fact(2, snapshot.vmas.len() > snapshot.mms.len());
    fact(3, !snapshot.handles.is_empty());
    for mm in &snapshot.mms {
        fact(4, mm.has_pinned);
    }
    for vma in &snapshot.vmas {
        fact(5, vma.avcs_len > 1);
        fact(6, vma.anon_vma == NO_ANON_VMA);
        fact(7, vma.flags.has(VmaFlags::LOCKED));
        fact(8, vma.flags.has(VmaFlags::WIPEONFORK) || vma.flags.has(VmaFlags::DONTFORK));
        fact(9, !vma.flags.has(VmaFlags::WRITE));
        fact(32, vma.flags.has(VmaFlags::UFFD_WP));
        fact(33, vma.flags.has(VmaFlags::UFFD_MISSING));
        fact(34, vma.flags.has(VmaFlags::MERGEABLE));
    }
    for entry in &snapshot.entries {
        fact(10, entry.kind == EntryKind::ZeroPage);
        fact(11, entry.kind == EntryKind::HugeZero);
        fact(12, entry.kind == EntryKind::Guard);
        fact(13, entry.kind == EntryKind::Leaf);
        fact(14, entry.flags.has(EntryFlags::PROTNONE));
        fact(35, entry.flags.has(EntryFlags::UFFD_WP));
        let exclusive = entry.flags.has(EntryFlags::EXCLUSIVE);
        let swap = entry.kind == EntryKind::Swap;
        fact(36, swap && exclusive);
        fact(37, swap && !exclusive);
        let away = matches!(entry.kind, EntryKind::Migration | EntryKind::MigrationLeaf);
        fact(38, away && (exclusive || entry.flags.has(EntryFlags::WRITE)));
        fact(39, away && !exclusive && !entry.flags.has(EntryFlags::WRITE));
        fact(40, entry.kind == EntryKind::MigrationLeaf);
        fact(41, entry.kind == EntryKind::Hwpoison);
        let writable = entry.flags.has(EntryFlags::WRITE);
        fact(52, entry.kind.is_device_private() && writable);
        fact(53, entry.kind.is_device_private() && !writable);
        fact(54, entry.kind == EntryKind::DevPrivateLeaf);
        fact(55, entry.kind == EntryKind::DevExclusive);
    }
    for (number, folio) in (0..).zip(&snapshot.folios) {
        let flags = folio.flags;
        let large = folio.order.0 > 0;
        let pins = if large { folio.pincount > 0 } else { folio.refcount >= 1024 };
        let held = folio.refcount > folio.mapcount;
        fact(15, large && folio.mapcount > folio.entire_mapcount);
        fact(16, !large && folio.mapcount > 1);
        fact(17, large && flags.has(FolioFlags::MAYBE_SHARED));
        fact(18, pins && !large);
        fact(19, pins && large);
        fact(20, held && !pins);
        fact(21, flags.has(FolioFlags::PARTIALLY_MAPPED));
        fact(22, !flags.has(FolioFlags::SWAPBACKED));
        fact(23, flags.has(FolioFlags::LOCKED));
        fact(24, !flags.has(FolioFlags::LRU));
        fact(25, folio.mapcount == 0);
        let cached = flags.has(FolioFlags::SWAPCACHE);
        fact(42, cached && folio.mapcount > 0);
        fact(43, cached && folio.mapcount == 0);
        fact(44, cached && large);
        fact(45, flags.has(FolioFlags::WRITEBACK));
        fact(46, flags.has(FolioFlags::KSM));
        fact(47, cached && flags.has(FolioFlags::DIRTY));
        fact(26, large && folio.entire_mapcount > 0 && folio.mapcount > folio.entire_mapcount);
        if large {
            let start = folio.first_page as usize;
            let pages = &snapshot.pages[start..start + folio.order.pages() as usize];
            let exclusive = pages.iter().filter(|page| page.exclusive).count();
            let mixed = exclusive > 0 && exclusive < pages.len();
            fact(27, mixed);
            fact(29, mixed && !is_writable_anywhere(snapshot, number));
            fact(28, folio.entire_mapcount == 0 && exclusive == 0);
        }
    }
    for map in &snapshot.dev_maps {
        fact(59, map.write);
        fact(60, !map.write);
    }
    for slot in &snapshot.slots {
        fact(48, slot.count > 1);
        fact(49, slot.zero);
        fact(50, slot.bad);
    }
    for token in &snapshot.tokens {
        fact(51, matches!(token.kind, TokenKind::Migration { copied: true, .. }));
        fact(56, matches!(token.kind, TokenKind::DevMigration { paged: false, .. }));
        fact(57, matches!(token.kind, TokenKind::DevMigration { paged: true, .. }));
        fact(58, token.kind == TokenKind::DevExclusive);
    }
    facts
}

/// Whether some entry may write to the folio. A folio of which no entry may, although some of its
/// pages are exclusive, is what a wrong batch would give back whole.
fn is_writable_anywhere(snapshot: &Snapshot, folio: FolioId) -> bool {
    let mut entries = snapshot.entries.iter().filter(|e| e.kind.maps_folio() && e.folio == folio);
    entries.any(|entry| entry.flags.has(EntryFlags::WRITE))
}
