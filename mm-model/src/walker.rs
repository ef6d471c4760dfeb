//! The rmap walker as an actor (rulebook L8, L9, L18): someone who looks for the mappings of a folio
//! without its lock, and holds the lock of its root while it walks; and the other side of that lock,
//! for operations that change what a walk goes by. Who is first to take the lock has it: the walker
//! backs off, or the operation waits, which here means that the walker's other steps come first.
//!
//! An operation that changes the tree of a root, and nothing else meanwhile that an actor could see,
//! need not hold the lock: it lets walkers finish ([`Model::let_walkers_finish`]). Table locks are not
//! here: a walk waits for them at its yield point (see `race`).

use crate::folio::FolioId;
use crate::model::Model;
use crate::race::Race;
use crate::relocate_pages::AV_OBJECT;
use crate::rmap::AnonVmaNr;
use crate::rmap_walk::RmapRanges;
use mm_ops::{Actor, ActorEnd, FolioFlags, NO_ANON_VMA, PidSet};
use smallvec::SmallVec;

/// Roots: one, or two where a mapping names two places (RA-AV-OBJECT).
type Roots = SmallVec<[AnonVmaNr; 2]>;

/// What a walker knows and holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Walker {
    /// Its folio, until that is freed.
    folio: Option<FolioId>,
    /// The mapping it read last.
    mapping: AnonVmaNr,
    /// Whether it holds the lock, for reading, of the roots of that mapping.
    locked: bool,
}

impl Model {
    /// The operation takes the lock of an anon_vma's root for writing.
    #[inline]
    pub(crate) fn lock_root(&mut self, number: AnonVmaNr) {
        if self.race.is_some() {
            self.let_walkers_finish(number);
            let roots = self.roots_of(number);
            self.held_roots.extend(roots);
        }
    }

    /// It releases all such locks.
    #[inline]
    pub(crate) fn unlock_roots(&mut self) {
        self.held_roots.clear();
    }

    /// Waits for a walker that holds the lock of this anon_vma's root.
    #[inline]
    pub(crate) fn let_walkers_finish(&mut self, number: AnonVmaNr) {
        if self.race.is_some() {
            self.finish_walker(number);
        }
    }

    #[cold]
    fn finish_walker(&mut self, number: AnonVmaNr) {
        let Some(mut race) = self.race.take() else { return };
        let wanted = self.roots_of(number);
        while race.end.is_none() && race.walker.locked {
            let held = self.roots_of(race.walker.mapping);
            if !held.iter().any(|root| wanted.contains(root)) {
                break;
            }
            self.actor_step(&mut race);
        }
        self.race = Some(race);
    }

    /// A folio is freed: whoever looked for its mappings has nothing to look for.
    #[inline]
    pub(crate) fn forget_walker_of(&mut self, id: FolioId) {
        if let Some(race) = &mut self.race
            && race.walker.folio == Some(id)
        {
            race.walker.folio = None;
        }
    }

    /// The folio of a walker, as the operation begins. KSM pages are walked to otherwise (L13).
    pub(crate) fn start_walker(&self, actor: Actor) -> Walker {
        let mut walker = Walker::default();
        if let Actor::Walk { pid, vpn } = actor
            && self.live(pid)
            && let Some(entry) = self.present_entry(pid, vpn)
            && entry.has_folio()
        {
            walker.folio = Some(self.folios.of(entry.pfn()));
        }
        walker
    }

    /// One step of the walker (L18).
    pub(crate) fn walker_step(&mut self, race: &mut Race, step: usize) {
        let Some(id) = race.walker.folio else { return self.back_off(race) };
        let goes_on = match step {
            0 => self.read_mapping(race, id),
            1 => self.try_lock_roots(race, id),
            2 => self.reread_mapping(race, id),
            _ => {
                self.walk(race, id);
                true
            }
        };
        if !goes_on {
            race.walker.locked = false;
            self.back_off(race);
        }
    }

    /// L18.w1.
    fn read_mapping(&self, race: &mut Race, id: FolioId) -> bool {
        let folio = &self.folios[id];
        race.walker.mapping = folio.mapping;
        folio.mapping != NO_ANON_VMA && !folio.flags.has(FolioFlags::KSM)
    }

    /// L18.w2 and w3.
    fn try_lock_roots(&self, race: &mut Race, id: FolioId) -> bool {
        let roots = self.roots_of(race.walker.mapping);
        let contended = roots.iter().any(|root| self.held_roots.contains(root));
        race.walker.locked = !contended;
        !contended && self.folios.mapcount_of(id) > 0
    }

    /// L18.w4 and w5. A changed mapping begins it all anew, and it does not change any more then.
    fn reread_mapping(&self, race: &mut Race, id: FolioId) -> bool {
        let folio = &self.folios[id];
        let changed = folio.mapping != race.walker.mapping || folio.flags.has(FolioFlags::KSM);
        if changed && !fault!(self, RmapLockNoRecheck) {
            race.walker.locked = false;
            return self.read_mapping(race, id) && self.try_lock_roots(race, id);
        }
        self.folios.mapcount_of(id) > 0
    }

    /// L18.w6: in the tree of what it locked, by the index that the folio has now. A folio that lost its
    /// last mapping meanwhile ends it.
    fn walk(&self, race: &mut Race, id: FolioId) {
        let head = self.folios[id].head;
        let ranges = self.ranges_by(id, race.walker.mapping);
        let found: PidSet =
            ranges.iter().filter(|range| self.maps_in(head, range)).map(|r| r.area.pid).collect();
        let unmapped = found == PidSet::EMPTY && self.folios.mapcount_of(id) == 0;
        race.walker.locked = false;
        race.end = Some(if unmapped { ActorEnd::BackedOff } else { ActorEnd::Walked(found) });
    }

    /// The places that a mapping names of a folio.
    fn ranges_by(&self, id: FolioId, mapping: AnonVmaNr) -> RmapRanges {
        let index = self.folios[id].index;
        if mapping != AV_OBJECT {
            return self.ranges_in(id, mapping, index);
        }
        // Only a walker that does not look again comes here with an object that is gone.
        let Some(object) = self.av_object else { return RmapRanges::new() };
        let mut ranges = self.ranges_in(id, object.new, index.wrapping_add(object.shift));
        if !fault!(self, RelocateAvobjectOnePlace) {
            ranges.extend(self.ranges_in(id, object.old, index));
        }
        ranges
    }

    /// The roots of what a mapping names.
    fn roots_of(&self, mapping: AnonVmaNr) -> Roots {
        let numbers: Roots = match self.av_object.filter(|_| mapping == AV_OBJECT) {
            Some(object) => [object.old, object.new].into_iter().collect(),
            None => [mapping].into_iter().collect(),
        };
        let real = numbers.into_iter().filter(|number| *number < AV_OBJECT);
        real.map(|number| self.anon_vmas[number].root).collect()
    }
}
