//! What a program costs under an rmap scheme: pages copied, entries changed, places that walks look at,
//! and the objects all that takes. Counted from the states before and after each operation, so that any
//! subject with a snapshot can be measured. Judges nothing.

use mm_ops::{
    Config, EntryKind, EntrySnap, Mm, NO_ANON_VMA, Op, Outcome, Pid, Program, RmapScheme, Snapshot,
    Vpn,
};
use std::collections::BTreeSet;
use std::ops::AddAssign;

/// What programs came to, and what it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Calls of mremap that answered a place.
    pub moves: u64,
    /// Entries that such calls changed, made or took away.
    pub entries_of_moves: u64,
    /// Pages mremap copied: every time that a page was found shared (M4).
    pub copies_of_moves: u64,
    /// Pages that faults copied: every other operation but swapoff.
    pub copies_of_faults: u64,
    /// Of these, for a mere read.
    pub copies_of_reads: u64,
    /// Pages that swapoff copied.
    pub copies_of_swapoff: u64,
    /// Pages that came into being, copies and others.
    pub pages: u64,
    /// Walks by `rmap_walk` and `swap_out` to a page that is mapped.
    pub walks: u64,
    /// Places they look at, if they do not find all mappings before.
    pub looks: u64,
    /// Calls of `swap_out` that freed the page, or began to write it.
    pub swapped: u64,
    /// Calls of `swap_out` after which the page stays.
    pub kept: u64,
    /// anon_vmas and their chains' links, or records, that came into being.
    pub rmap_objects: u64,
    /// VMAs at the end.
    pub vmas: u64,
}

impl Cost {
    /// Every number with what it counts, in the order of a table.
    #[must_use]
    pub const fn rows(&self) -> [(&'static str, u64); 13] {
        [
            ("moves by mremap", self.moves),
            ("  entries changed by them", self.entries_of_moves),
            ("  pages copied by them", self.copies_of_moves),
            ("pages copied by faults", self.copies_of_faults),
            ("  for a mere read", self.copies_of_reads),
            ("pages copied by swapoff", self.copies_of_swapoff),
            ("pages allocated, in all", self.pages),
            ("rmap walks", self.walks),
            ("  places looked at, at most", self.looks),
            ("swap_out: page gone", self.swapped),
            ("swap_out: page kept", self.kept),
            ("rmap objects allocated", self.rmap_objects),
            ("VMAs at the end", self.vmas),
        ]
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.moves += other.moves;
        self.entries_of_moves += other.entries_of_moves;
        self.copies_of_moves += other.copies_of_moves;
        self.copies_of_faults += other.copies_of_faults;
        self.copies_of_reads += other.copies_of_reads;
        self.copies_of_swapoff += other.copies_of_swapoff;
        self.pages += other.pages;
        self.walks += other.walks;
        self.looks += other.looks;
        self.swapped += other.swapped;
        self.kept += other.kept;
        self.rmap_objects += other.rmap_objects;
        self.vmas += other.vmas;
    }
}

/// The program under a scheme; all else as the older of the two has it, so that nothing but the scheme
/// makes a difference. `None` from a subject that has no snapshot.
pub fn measure<S: Mm + ?Sized>(
    subject: &mut S,
    program: &Program,
    scheme: RmapScheme,
) -> Option<Cost> {
    let config = Config { rmap: RmapScheme::Anonmm, ..program.config }.sanitized();
    subject.reset(&Config { rmap: scheme, ..config });
    let (mut before, mut after) = (Snapshot::default(), Snapshot::default());
    let mut cost = Cost::default();
    for op in program.stamped() {
        if !subject.snapshot(&mut before) {
            return None;
        }
        let outcome = subject.apply(&op).outcome;
        subject.snapshot(&mut after);
        cost += cost_of(&op, outcome, &before, &after);
    }
    cost.vmas = after.vmas.len() as u64;
    Some(cost)
}

fn cost_of(op: &Op, outcome: Outcome, before: &Snapshot, after: &Snapshot) -> Cost {
    let mut cost = Cost { pages: new_frames(before, after).len() as u64, ..Cost::default() };
    let copies = copies(before, after);
    match *op {
        Op::Mremap { .. } => {
            cost.copies_of_moves = u64::from(after.mremap_cows);
            if let Outcome::At(_) = outcome {
                cost.moves = 1;
                cost.entries_of_moves = changed(before, after);
            }
        }
        Op::Swapoff => cost.copies_of_swapoff = copies,
        _ => {
            cost.copies_of_faults = copies;
            cost.copies_of_reads = if let Op::Read { .. } = op { copies } else { 0 };
        }
    }
    if let Op::RmapWalk { pid, vpn } | Op::SwapOut { pid, vpn, .. } = *op
        && let Some(entry) = entry_at(before, pid, vpn)
        && entry.kind == EntryKind::Page
    {
        cost.walks = 1;
        cost.looks = looks(before, entry);
    }
    if let Op::SwapOut { .. } = op {
        cost.swapped = u64::from(outcome == Outcome::Ok);
        cost.kept = u64::from(outcome == Outcome::Err(mm_ops::Errno::EBUSY));
    }
    let objects = |state: &Snapshot| state.anon_vmas.len() + state.avcs.len() + state.anonmms.len();
    cost.rmap_objects = objects(after).saturating_sub(objects(before)) as u64;
    cost
}

/// The subject's names of all pages there are.
fn frames(state: &Snapshot) -> BTreeSet<u32> {
    state.frames.0.iter().copied().collect()
}

fn new_frames(before: &Snapshot, after: &Snapshot) -> BTreeSet<u32> {
    frames(after).difference(&frames(before)).copied().collect()
}

fn entry_at(state: &Snapshot, pid: Pid, vpn: Vpn) -> Option<&EntrySnap> {
    let found = state.entries.binary_search_by_key(&(pid, vpn), |entry| (entry.pid, entry.vpn));
    found.ok().map(|at| &state.entries[at])
}

fn frame_of_folio(state: &Snapshot, folio: u32, page: u32) -> Option<u32> {
    let first = state.folios.get(folio as usize)?.first_page;
    state.frames.0.get((first + page) as usize).copied()
}

/// The frame in memory that has what an entry stands for: mapped, or in the swap cache.
fn frame_behind(state: &Snapshot, entry: &EntrySnap) -> Option<u32> {
    match entry.kind {
        EntryKind::Page => frame_of_folio(state, entry.folio, entry.page),
        EntryKind::Swap => cached_frame(state, entry.page),
        _ => None,
    }
}

fn cached_frame(state: &Snapshot, slot: u32) -> Option<u32> {
    let at = state.slots.binary_search_by_key(&slot, |slot| slot.slot).ok()?;
    frame_of_folio(state, state.slots[at].cache?, 0)
}

/// Places that have a new page now, whose content another page in memory has, or had.
fn copies(before: &Snapshot, after: &Snapshot) -> u64 {
    let new = new_frames(before, after);
    let is_copy = |old: &&EntrySnap| {
        let Some(entry) = entry_at(after, old.pid, old.vpn) else { return false };
        let Some(frame) = frame_behind(after, entry) else { return false };
        let read_on_the_way = || match old.kind {
            EntryKind::Swap => cached_frame(after, old.page),
            _ => None,
        };
        let source = frame_behind(before, old).or_else(read_on_the_way);
        entry.kind == EntryKind::Page && new.contains(&frame) && source.is_some_and(|s| s != frame)
    };
    before.entries.iter().filter(is_copy).count() as u64
}

/// Places whose entry is another one, or is new, or gone.
fn changed(before: &Snapshot, after: &Snapshot) -> u64 {
    let describe = |state: &Snapshot, entry: &EntrySnap| {
        let what = frame_of_folio(state, entry.folio, entry.page);
        let what = if entry.kind == EntryKind::Page { what } else { Some(entry.page) };
        (entry.pid, entry.vpn, entry.kind, entry.flags, what)
    };
    let all = |state: &Snapshot| -> BTreeSet<_> {
        state.entries.iter().map(|entry| describe(state, entry)).collect()
    };
    let (old, new) = (all(before), all(after));
    let places: BTreeSet<(Pid, Vpn)> =
        old.symmetric_difference(&new).map(|entry| (entry.0, entry.1)).collect();
    places.len() as u64
}

/// The places that a walk for this page looks at until it has seen all there are: one in every VMA of the
/// tree that reaches the index, or one in every process of the group that maps a page.
fn looks(state: &Snapshot, entry: &EntrySnap) -> u64 {
    let folio = &state.folios[entry.folio as usize];
    if !state.anonmms.is_empty() {
        let maps = |pid: Pid| state.mms.iter().any(|mm| mm.pid == pid && mm.rss_anon > 0);
        return state.anonmms.iter().filter(|record| record.pid.is_some_and(maps)).count() as u64;
    }
    let reaches = |vma: &&mm_ops::VmaSnap| {
        let end = u64::from(vma.pgoff) + u64::from(vma.end.0 - vma.start.0);
        let index = folio.index;
        let inside = vma.pgoff <= index && u64::from(index) < end;
        folio.mapping != NO_ANON_VMA && inside && state.avcs_of(vma).contains(&folio.mapping)
    };
    state.vmas.iter().filter(reaches).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_reference::Reference;

    fn costs(text: &str) -> [Cost; 2] {
        let program = Program::parse(text).unwrap();
        let mut reference = Reference::new(&program.config);
        [RmapScheme::AnonVma, RmapScheme::Anonmm]
            .map(|scheme| measure(&mut reference, &program, scheme).unwrap())
    }

    #[test]
    fn a_shared_move_costs_copies_in_the_old_scheme_alone() {
        let [new, old] = costs(
            "mmap p0 0+2 rw\nwrite p0 0 a\nwrite p0 1 b\nfork p0 p1\n\
             mremap p1 0+2 8+2 maymove fixed\nrmap_walk p0 0\n",
        );
        assert_eq!((new.moves, new.copies_of_moves, new.entries_of_moves), (1, 0, 4));
        assert_eq!((old.moves, old.copies_of_moves, old.entries_of_moves), (1, 2, 4));
        assert_eq!((new.walks, new.looks), (1, 2));
        assert_eq!((old.walks, old.looks), (1, 2));
        assert_eq!((new.pages, old.pages), (2, 4));
    }

    #[test]
    fn a_read_may_cost_a_copy() {
        let [new, old] = costs(
            "mmap p0 0+1 rw\nwrite p0 0 a\nfork p0 p1\nswap_out p0 0\n\
             mremap p1 0+1 8+1 maymove fixed\nread p0 0\nread p1 8\nwrite p1 8 b\n",
        );
        assert_eq!((new.copies_of_reads, new.copies_of_faults), (0, 1));
        assert_eq!((old.copies_of_reads, old.copies_of_faults), (1, 1));
        assert_eq!((new.swapped, old.swapped), (1, 1));
    }
}
