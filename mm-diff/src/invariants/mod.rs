//! The invariants of the rulebook, each a small named function over one state that says what it
//! expected, what it found and where. [`ALL`] lists them with their IDs.
//!
//! They hold after every operation of any correct subject and need no reference beside it. What
//! they share — sums over the entries, and the little history that INV3 and INV4 speak of — is
//! added up once per state in `tally.rs` and `history.rs`.
//!
//! Not here: INV37 speaks of things that do not exist yet; INV33 and INV36 are
//! about an operation, and what breaks them shows in contents; INV25 … INV27 are the ideal layer of `mm-reference`; INV35 concerns the middle of an
//! operation.

mod anonmm;
mod away;
mod counts;
mod devices;
mod entries;
mod history;
mod holders;
mod rmap;
mod shape;
mod structure;
mod tally;

#[cfg(test)]
mod tests;

use crate::finding::Finding;
use mm_ops::{Config, Op, Outcome, Snapshot};

pub use history::{History, Protected};
pub use tally::{AnonVmaTally, FolioTally, MmTally, NO_VMA, PageTally, Tally};

/// A state, with everything an invariant may look at.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// The state itself.
    pub snapshot: &'a Snapshot,
    /// The geometry it lives in.
    pub config: &'a Config,
    /// Sums over it.
    pub tally: &'a Tally,
    /// What came before.
    pub history: &'a History,
}

/// An invariant: a property every state has, or what breaks it.
pub type Invariant = fn(&State<'_>) -> Result<(), Finding>;

/// Every invariant with its ID in `docs/rules`, in the order of evaluation.
pub const ALL: &[(&str, Invariant)] = &[
    ("INV1", entries::writable_is_exclusive),
    ("INV2", entries::exclusive_is_mapped_once),
    ("INV3", holders::pinned_stays_mapped_and_exclusive),
    ("INV4", holders::pinned_folio_keeps_exclusive_pages),
    ("INV5", away::exclusive_slot_has_one_owner),
    ("INV6", away::exclusive_migration_has_one_owner),
    ("INV7", entries::zero_page_is_never_writable),
    ("INV8", counts::mapcounts_add_up),
    ("INV9", counts::references_add_up),
    ("INV10", counts::rss_adds_up),
    ("INV11", away::slot_counts_add_up),
    ("INV12", away::cached_folios_own_their_slots),
    ("INV13", away::migration_entries_have_a_migrator),
    ("INV14", rmap::mapping_reaches_every_vma),
    ("INV15", rmap::mapped_vma_has_anon_vma),
    ("INV16", entries::leaf_maps_from_the_head),
    ("INV17", entries::exclusive_only_where_mapped),
    ("INV18", away::lazyfree_is_not_cached),
    ("INV19", counts::mm_slots_tell_the_truth),
    ("INV20", entries::writable_only_in_writable_vma),
    ("INV21", entries::protnone_is_never_writable),
    ("INV22", devices::exclusive_access_is_exclusive),
    ("INV23", devices::device_pages_are_where_they_belong),
    ("INV24", entries::shared_is_never_writable),
    ("INV28", counts::deposits_match_leaves),
    ("INV29", rmap::anon_vma_counts_add_up),
    ("INV30", rmap::chains_are_consistent),
    ("INV31", away::refault_finds_its_place),
    ("INV32", counts::partially_mapped_is_queued),
    ("INV34", rmap::walk_finds_every_mapping),
    ("INV38", anonmm::pages_are_where_they_note),
    ("M1", anonmm::records_add_up),
    ("O11", devices::a_device_reaches_what_it_holds),
    ("N1", devices::words_name_their_pages),
    ("N7", devices::device_memory_is_bounded),
    ("S5", structure::entries_stand_in_tables),
    ("S6", holders::circumstances_show),
    ("Z6", structure::droppable_is_not_swapbacked),
    ("I1", structure::nothing_outlives_its_vma),
    ("LEAK", structure::nothing_leaks),
];

/// The ID under which a snapshot that is not well formed is reported. Nothing else is said of it.
pub const SHAPE: &str = "SHAPE";

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub id: &'static str,
    /// Where and how.
    pub finding: Finding,
}

/// Evaluates the invariants from operation to operation.
#[derive(Debug, Default)]
pub struct Checker {
    tally: Tally,
    history: History,
}

impl Checker {
    /// Forgets the past; called before every program.
    pub fn reset(&mut self) {
        self.history.clear();
    }

    /// The past as it is known.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Takes in whether an allocation failed in the operation that is judged next.
    pub fn memory_failed(&mut self, failed: bool) {
        self.history.memory_failed = failed;
    }

    /// Takes in what was done beside an operation.
    pub fn note(&mut self, op: &Op, outcome: Outcome) {
        self.history.note(op, outcome);
    }

    /// Judges the state after an operation.
    pub fn step(
        &mut self,
        op: &Op,
        outcome: Outcome,
        snapshot: &Snapshot,
        config: &Config,
    ) -> Result<(), Broken> {
        self.history.note(op, outcome);
        self.history.follow_ksm_pages(snapshot);
        self.history.follow_lost_pages(snapshot, config);
        self.check(snapshot, config)?;
        self.history.learn(snapshot);
        Ok(())
    }

    /// Judges a state against the past known so far, and answers the first broken invariant.
    pub fn check(&mut self, snapshot: &Snapshot, config: &Config) -> Result<(), Broken> {
        let state = self.state(snapshot, config)?;
        ALL.iter()
            .try_for_each(|(id, holds)| holds(&state).map_err(|finding| Broken { id, finding }))
    }

    /// Every invariant the state breaks.
    pub fn check_all(&mut self, snapshot: &Snapshot, config: &Config) -> Vec<Broken> {
        match self.state(snapshot, config) {
            Err(broken) => vec![broken],
            Ok(state) => ALL
                .iter()
                .filter_map(|(id, holds)| Some(Broken { id, finding: holds(&state).err()? }))
                .collect(),
        }
    }

    fn state<'a>(
        &'a mut self,
        snapshot: &'a Snapshot,
        config: &'a Config,
    ) -> Result<State<'a>, Broken> {
        shape::well_formed(snapshot, config).map_err(|finding| Broken { id: SHAPE, finding })?;
        self.tally.count(snapshot, config, &self.history);
        Ok(State { snapshot, config, tally: &self.tally, history: &self.history })
    }
}
