//! Names the differences of two snapshots: which list, which process, page or folio, which field,
//! and both sides. Lists are aligned by their keys, so that one missing entry is one difference.
//!
//! Whether snapshots are equal is decided by `==`; this runs only when they are not, and may be
//! slow. It must cope with any snapshot an outsider's subject produces.

use crate::finding::{Finding, Place, Side};
use mm_ops::{
    AnonVmaSnap, DevMapSnap, DevWordSnap, EntryKind, EntrySnap, EventSnap, FolioSnap, HandlePage,
    MmSnap, SlotSnap, Snapshot, TableSnap, TokenSnap, VmaSnap,
};
use std::cmp::Ordering;
use std::fmt::Debug;

/// Most differences that are named.
pub const DIFFERENCES_MAX: usize = 12;

/// The differences of the reference's snapshot (expected) and the subject's (found), most telling
/// first. Empty only if the two are equal.
#[must_use]
pub fn differences(expected: &Snapshot, found: &Snapshot) -> Vec<Finding> {
    let mut differ = Differ { expected, found, out: Vec::new() };
    differ.vmas();
    differ.entries();
    differ.pages();
    differ.folios();
    differ.mms();
    differ.anon_vmas();
    differ.anonmms();
    differ.handles();
    differ.tokens();
    differ.dev_words();
    differ.dev_maps();
    differ.events();
    differ.slots();
    differ.tables();
    differ.leaks();
    if differ.out.is_empty() && expected != found {
        differ.add(Place::Machine, "snapshot", &"as the reference", &"different order of lists");
    }
    differ.out
}

struct Differ<'a> {
    expected: &'a Snapshot,
    found: &'a Snapshot,
    out: Vec<Finding>,
}

/// Compares the named fields of two structs and reports each that differs.
macro_rules! compare {
    ($differ:ident, $place:expr, $prefix:literal, $a:expr, $b:expr, $($field:ident)*) => {
        $(if $a.$field != $b.$field {
            $differ.add($place, concat!($prefix, ".", stringify!($field)), &$a.$field, &$b.$field);
        })*
    };
}

/// Compares two sets of flags and names those that differ, as `entry.flags(W)`.
macro_rules! compare_flags {
    ($differ:ident, $place:expr, $prefix:literal, $a:expr, $b:expr, $set:ty) => {
        if $a.flags != $b.flags {
            let changed =
                <$set>::NAMES.iter().filter(|(flag, _)| $a.flags.has(*flag) != $b.flags.has(*flag));
            let names: Vec<&str> = changed.map(|(_, name)| *name).collect();
            let field = format!(concat!($prefix, ".flags({})"), names.join("|"));
            $differ.push(Finding::new(
                $place,
                field,
                format!("{:?}", $a.flags),
                format!("{:?}", $b.flags),
            ));
        }
    };
}

impl Differ<'_> {
    fn push(&mut self, finding: Finding) {
        if self.out.len() < DIFFERENCES_MAX {
            self.out.push(finding);
        }
    }

    fn add(&mut self, place: Place, field: &'static str, expected: &dyn Debug, found: &dyn Debug) {
        self.push(Finding::new(place, field, format!("{expected:?}"), format!("{found:?}")));
    }

    /// Walks two sorted lists side by side; reports what only one has, hands pairs to `both`.
    fn align<'s, T, K: Ord>(
        &mut self,
        lists: (&'s [T], &'s [T]),
        key: impl Fn(&T) -> K,
        name: (&'static str, impl Fn(&T) -> Place, impl Fn(&T) -> String),
        mut both: impl FnMut(&mut Self, &'s T, &'s T),
    ) {
        let (mut expected, mut found) = (lists.0.iter().peekable(), lists.1.iter().peekable());
        let (field, place, describe) = name;
        loop {
            let order = match (expected.peek(), found.peek()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => key(a).cmp(&key(b)),
            };
            let a = if order == Ordering::Greater { None } else { expected.next() };
            let b = if order == Ordering::Less { None } else { found.next() };
            match (a, b) {
                (Some(a), Some(b)) => both(self, a, b),
                (Some(a), None) => self.push(Finding {
                    place: place(a),
                    field: field.into(),
                    expected: Side::text(describe(a)),
                    found: Side::Absent,
                }),
                (None, Some(b)) => self.push(Finding {
                    place: place(b),
                    field: field.into(),
                    expected: Side::Absent,
                    found: Side::text(describe(b)),
                }),
                (None, None) => return,
            }
        }
    }

    fn mms(&mut self) {
        let describe = |_: &MmSnap| "alive".to_owned();
        self.align(
            (&self.expected.mms, &self.found.mms),
            |mm| mm.pid,
            ("mm", |mm| Place::Mm(mm.pid), describe),
            |differ, a, b| {
                compare!(differ, Place::Mm(a.pid), "mm", a, b, has_pinned rss_anon rss_swap deposited);
            },
        );
    }

    fn vmas(&mut self) {
        let describe = |vma: &VmaSnap| format!("{}..{} {:?}", vma.start.0, vma.end.0, vma.flags);
        let (expected, found) = (self.expected, self.found);
        self.align(
            (&expected.vmas, &found.vmas),
            |vma| (vma.pid, vma.start),
            ("vma", |vma| Place::Vma(vma.pid, vma.start), describe),
            |differ, a, b| {
                let place = Place::Vma(a.pid, a.start);
                compare!(differ, place, "vma", a, b, end pgoff);
                compare_flags!(differ, place, "vma", a, b, mm_ops::VmaFlags);
                compare!(differ, place, "vma", a, b, anon_vma);
                let (a, b) = (chain(expected, a), chain(found, b));
                if a != b {
                    differ.add(place, "vma.avcs", &a, &b);
                }
            },
        );
    }

    fn entries(&mut self) {
        self.align(
            (&self.expected.entries, &self.found.entries),
            |entry| (entry.pid, entry.vpn),
            ("entry", |entry| Place::Entry(entry.pid, entry.vpn), describe_entry),
            |differ, a, b| {
                let place = Place::Entry(a.pid, a.vpn);
                compare!(differ, place, "entry", a, b, kind);
                compare_flags!(differ, place, "entry", a, b, mm_ops::EntryFlags);
                if a.kind == b.kind {
                    compare!(differ, place, "entry", a, b, folio page);
                }
            },
        );
    }

    fn tables(&mut self) {
        self.align(
            (&self.expected.tables, &self.found.tables),
            |table| (table.pid, table.level, table.vpn),
            ("table", place_of_table, |_| "present".to_owned()),
            |_, _, _| {},
        );
    }

    /// Folios have no key but their number, which is that of their first mention: if entries agree,
    /// numbers mean the same on both sides.
    fn folios(&mut self) {
        let (expected, found) = (self.expected, self.found);
        for (id, (a, b)) in expected.folios.iter().zip(&found.folios).enumerate() {
            let place = Place::folio(expected, id as u32);
            compare_folio(self, place, a, b);
        }
        if expected.folios.len() != found.folios.len() {
            self.add(Place::Machine, "folios", &expected.folios.len(), &found.folios.len());
        }
    }

    fn pages(&mut self) {
        let (expected, found) = (self.expected, self.found);
        for (id, (a, b)) in expected.folios.iter().zip(&found.folios).enumerate() {
            if a.order != b.order {
                continue;
            }
            let pages = expected.pages.iter().skip(a.first_page as usize);
            let others = found.pages.iter().skip(b.first_page as usize);
            let both = pages.zip(others).take(a.order.pages() as usize);
            for (page, (a, b)) in both.enumerate().filter(|(_, (a, b))| a != b) {
                let place = Place::folio_page(expected, id as u32, page as u32);
                if a.value != b.value {
                    self.push(Finding {
                        place,
                        field: "page.value".into(),
                        expected: Side::Value(a.value),
                        found: Side::Value(b.value),
                    });
                }
                compare!(self, place, "page", a, b, exclusive mapcount hwpoison);
            }
        }
    }

    fn anon_vmas(&mut self) {
        let (expected, found) = (self.expected, self.found);
        for (id, (a, b)) in expected.anon_vmas.iter().zip(&found.anon_vmas).enumerate() {
            let place = Place::AnonVma(id as u32);
            let (a, b): (&AnonVmaSnap, &AnonVmaSnap) = (a, b);
            compare!(self, place, "anon_vma", a, b, root parent num_children num_active_vmas);
        }
        let (a, b) = (expected.anon_vmas.len(), found.anon_vmas.len());
        if a != b {
            self.add(Place::Machine, "anon_vmas", &a, &b);
        }
    }

    fn anonmms(&mut self) {
        let (expected, found) = (self.expected, self.found);
        for (id, (a, b)) in (0..).zip(expected.anonmms.iter().zip(&found.anonmms)) {
            compare!(self, Place::AnonVma(id), "anonmm", a, b, pid count);
        }
        let (a, b) = (expected.anonmms.len(), found.anonmms.len());
        if a != b {
            self.add(Place::Machine, "anonmms", &a, &b);
        }
        compare!(self, Place::Machine, "anonmm", expected, found, mremap_cows rmap_warnings);
    }

    fn handles(&mut self) {
        let (expected, found) = (number(&self.expected.handles), number(&self.found.handles));
        let mut findings = Vec::new();
        for index in 0..expected.len().max(found.len()) {
            let (a, b) = (expected.get(index), found.get(index));
            if a == b {
                continue;
            }
            let (handle, page) = a.or(b).map_or((mm_ops::Handle(0), 0), |(h, at, _)| (*h, *at));
            findings.push(Finding {
                place: Place::Handle(handle, page),
                field: "handle".into(),
                expected: side_of_handle(a),
                found: side_of_handle(b),
            });
        }
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    fn tokens(&mut self) {
        let describe = |token: &TokenSnap| format!("{:?} of {:?}", token.kind, token.folio);
        self.align(
            (&self.expected.tokens, &self.found.tokens),
            |token| token.token,
            ("token", |token| Place::Token(token.token), describe),
            |differ, a, b| {
                compare!(differ, Place::Token(a.token), "token", a, b, kind folio);
            },
        );
    }

    fn dev_words(&mut self) {
        let describe =
            |word: &DevWordSnap| format!("{:?} of {:?} to {:?}", word.src, word.from, word.to);
        self.align(
            (&self.expected.dev_words, &self.found.dev_words),
            |word| (word.token, word.vpn),
            ("dev_word", |word| Place::DevWord(word.token, word.vpn), describe),
            |differ, a, b| {
                compare!(differ, Place::DevWord(a.token, a.vpn), "dev_word", a, b, src from dst to);
            },
        );
    }

    fn dev_maps(&mut self) {
        let place = |map: &DevMapSnap| Place::DevMap(map.device, map.pid, map.vpn);
        let describe = |map: &DevMapSnap| format!("f{} page {}", map.folio, map.page);
        self.align(
            (&self.expected.dev_maps, &self.found.dev_maps),
            |map| (map.device, map.pid, map.vpn),
            ("dev_map", place, describe),
            |differ, a, b| {
                compare!(differ, place(a), "dev_map", a, b, folio page write);
            },
        );
    }

    /// The first event in which the two differ: what comes behind differs because of it.
    fn events(&mut self) {
        let (expected, found) = (&self.expected.events, &self.found.events);
        let longer = expected.len().max(found.len());
        let Some(at) = (0..longer).find(|at| expected.get(*at) != found.get(*at)) else { return };
        let side = |event: Option<&EventSnap>| match event {
            None => Side::Absent,
            Some(EventSnap { kind, pid, range, owner }) => {
                let owner = owner.map_or_else(String::new, |owner| format!(" of {owner}"));
                Side::text(format_args!("{kind:?} {pid} {range}{owner}"))
            }
        };
        let (expected, found) = (side(expected.get(at)), side(found.get(at)));
        let field = format!("events({at})").into();
        self.push(Finding { place: Place::Machine, field, expected, found });
    }

    fn slots(&mut self) {
        let describe = |slot: &SlotSnap| format!("count {}, cache {:?}", slot.count, slot.cache);
        self.align(
            (&self.expected.slots, &self.found.slots),
            |slot| slot.slot,
            ("slot", |slot| Place::Slot(slot.slot), describe),
            |differ, a, b| {
                compare!(differ, Place::Slot(a.slot), "slot", a, b, count cache zero bad value);
            },
        );
    }

    fn leaks(&mut self) {
        let (a, b) = (self.expected, self.found);
        compare!(self, Place::Machine, "queue", a, b, deferred);
        compare!(self, Place::Machine, "leaks", a, b, leaked_folios leaked_anon_vmas);
    }
}

fn compare_folio(differ: &mut Differ<'_>, place: Place, a: &FolioSnap, b: &FolioSnap) {
    compare!(differ, place, "folio", a, b, order mapcount entire_mapcount refcount pincount);
    compare_flags!(differ, place, "folio", a, b, mm_ops::FolioFlags);
    compare!(differ, place, "folio", a, b, mm_slots mapping index);
}

fn place_of_table(table: &TableSnap) -> Place {
    Place::Table(table.pid, table.level, table.vpn)
}

fn describe_entry(entry: &EntrySnap) -> String {
    match entry.kind {
        EntryKind::Page => format!("f{} page {} {:?}", entry.folio, entry.page, entry.flags),
        EntryKind::Leaf => format!("PMD of f{} {:?}", entry.folio, entry.flags),
        EntryKind::Swap => format!("slot {} {:?}", entry.page, entry.flags),
        EntryKind::Migration
        | EntryKind::MigrationLeaf
        | EntryKind::Hwpoison
        | EntryKind::DevPrivate
        | EntryKind::DevPrivateLeaf
        | EntryKind::DevExclusive => {
            format!("{:?} of f{} page {} {:?}", entry.kind, entry.folio, entry.page, entry.flags)
        }
        kind => format!("{kind:?} {:?}", entry.flags),
    }
}

/// The chain of a VMA, whatever its bounds say.
fn chain<'s>(snapshot: &'s Snapshot, vma: &VmaSnap) -> Option<&'s [u32]> {
    let start = vma.avcs_start as usize;
    snapshot.avcs.get(start..start.checked_add(vma.avcs_len as usize)?)
}

/// Handle pages with their number inside their handle.
fn number(pages: &[HandlePage]) -> Vec<(mm_ops::Handle, u32, &HandlePage)> {
    let mut at = 0;
    let mut numbered: Vec<(mm_ops::Handle, u32, &HandlePage)> = Vec::with_capacity(pages.len());
    for page in pages {
        let same = numbered.last().is_some_and(|(handle, ..)| *handle == page.handle);
        at = if same { at + 1 } else { 0 };
        numbered.push((page.handle, at, page));
    }
    numbered
}

fn side_of_handle(page: Option<&(mm_ops::Handle, u32, &HandlePage)>) -> Side {
    match page {
        None => Side::Absent,
        Some((_, _, HandlePage { folio: None, .. })) => Side::text("the zero page"),
        Some((_, _, HandlePage { folio: Some(folio), page, .. })) => {
            Side::text(format_args!("f{folio} page {page}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::{DevFlags, Device, EventKind, PageRange, Pid, Token, Vpn};

    /// A state in which a device has a page and is about to lose it.
    fn with_a_device() -> Snapshot {
        let (pid, vpn) = (Pid(0), Vpn(3));
        let mut state = Snapshot::default();
        state.dev_words.push(DevWordSnap {
            token: Token(0),
            vpn,
            src: DevFlags::MIGRATE,
            from: None,
            dst: DevFlags::NONE,
            to: None,
        });
        state.dev_maps.push(DevMapSnap {
            device: Device(0),
            pid,
            vpn,
            folio: 0,
            page: 0,
            write: true,
        });
        let range = PageRange::new(3, 1);
        state.events.push(EventSnap { kind: EventKind::Clear, pid, range, owner: None });
        state
    }

    fn only_field(change: impl Fn(&mut Snapshot)) -> String {
        let mut other = with_a_device();
        change(&mut other);
        let found = differences(&with_a_device(), &other);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].field.to_string()
    }

    #[test]
    fn what_devices_have_is_compared() {
        assert_eq!(differences(&with_a_device(), &with_a_device()), []);
        assert_eq!(only_field(|s| s.dev_words[0].src = DevFlags::NONE), "dev_word.src");
        assert_eq!(only_field(|s| s.dev_words.clear()), "dev_word");
        assert_eq!(only_field(|s| s.dev_maps[0].write = false), "dev_map.write");
        assert_eq!(only_field(|s| s.dev_maps.clear()), "dev_map");
        assert_eq!(only_field(|s| s.events[0].kind = EventKind::Unmap), "events(0)");
        assert_eq!(only_field(|s| s.events.push(s.events[0])), "events(1)");
    }
}
