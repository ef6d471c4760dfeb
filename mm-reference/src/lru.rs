//! The LRU, as far as rules ask about it: who is on it, and the per-CPU batches in which small folios
//! wait for it (S14, S20). There is one CPU. Which batches there are beyond these three (activation,
//! deactivation, rotation) nobody can tell: nothing here is ever active.

use mm_ops::{FolioFlags, Outcome, VmaFlags};

use crate::coverage::rule;
use crate::state::{FolioId, Reference};

/// Places of a batch: the folio that fills the last one drains it.
const PLACES: usize = 31;

/// What folios wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Batch {
    /// To get on the LRU. Its flag is clear until then.
    Add,
    /// The same, of folios for LOCKED VMAs.
    Mlock,
    /// To be lazyfree. They stay on the LRU.
    Lazyfree,
}

/// The batches. Each place is one reference.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batches {
    add: Vec<FolioId>,
    mlock: Vec<FolioId>,
    lazyfree: Vec<FolioId>,
}

impl Batches {
    fn of(&mut self, batch: Batch) -> &mut Vec<FolioId> {
        match batch {
            Batch::Add => &mut self.add,
            Batch::Mlock => &mut self.mlock,
            Batch::Lazyfree => &mut self.lazyfree,
        }
    }

    /// Everything in any batch.
    pub(crate) fn all(&self) -> impl Iterator<Item = FolioId> + '_ {
        self.add.iter().chain(&self.mlock).chain(&self.lazyfree).copied()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Reference {
    /// A fresh folio for a VMA with these flags goes to the LRU: at once without batches (S20).
    pub(crate) fn lru_add(&mut self, folio: FolioId, vma: VmaFlags) {
        if !self.config.lru_batch {
            self.add_folio_flags(folio, FolioFlags::LRU);
        } else if vma.has(VmaFlags::LOCKED) {
            self.put_in_batch(Batch::Mlock, folio);
        } else {
            self.put_in_batch(Batch::Add, folio);
        }
    }

    /// folio_mark_lazyfree: only a swapbacked folio on the LRU that is not mlocked and not in the
    /// swap cache.
    pub(crate) fn mark_lazyfree(&mut self, folio: FolioId) {
        let flags = FolioFlags::LRU.with(FolioFlags::SWAPBACKED);
        let fits = self.folio(folio).flags.has(flags);
        if !fits || self.mlocked(folio) || self.in_swap_cache(folio) {
            return;
        }
        if self.config.lru_batch {
            self.put_in_batch(Batch::Lazyfree, folio);
        } else {
            self.become_lazyfree(folio);
        }
    }

    /// The end of [`Reference::mark_lazyfree`], after the same tests.
    fn become_lazyfree(&mut self, folio: FolioId) {
        let flags = FolioFlags::LRU.with(FolioFlags::SWAPBACKED);
        let fits = self.folio(folio).flags.has(flags);
        if fits && !self.mlocked(folio) && !self.in_swap_cache(folio) {
            rule!(self.coverage, I6, 6);
            self.remove_folio_flags(folio, FolioFlags::SWAPBACKED);
        }
    }

    /// S14: a large folio never waits, and neither does who is there when one comes.
    fn put_in_batch(&mut self, batch: Batch, folio: FolioId) {
        rule!(self.coverage, S14, batch as u8);
        self.batches.of(batch).push(folio);
        if self.batches.of(batch).len() == PLACES || self.folio(folio).large() {
            rule!(self.coverage, S14, 3);
            self.drain_batch(batch);
        }
    }

    fn drain_batch(&mut self, batch: Batch) {
        for folio in std::mem::take(self.batches.of(batch)) {
            match batch {
                Batch::Add | Batch::Mlock => self.add_folio_flags(folio, FolioFlags::LRU),
                Batch::Lazyfree => self.become_lazyfree(folio),
            }
        }
    }

    /// drain() of all batches (S14).
    pub(crate) fn drain(&mut self) {
        if self.config.lru_batch {
            rule!(self.coverage, S14, 4);
            for batch in [Batch::Add, Batch::Lazyfree, Batch::Mlock] {
                self.drain_batch(batch);
            }
        }
    }

    /// drain(), if the folio is not on the LRU: it may wait in a batch (B6, E12).
    pub(crate) fn drain_for(&mut self, folio: FolioId) {
        if !self.folio(folio).flags.has(FolioFlags::LRU) {
            self.drain();
        }
    }

    /// References of batches (S12).
    pub(crate) fn batch_references(&self, folio: FolioId) -> u32 {
        self.batches.all().filter(|waiting| *waiting == folio).count() as u32
    }

    /// `drain`.
    pub(crate) fn op_drain(&mut self) -> Outcome {
        self.drain();
        Outcome::Ok
    }
}
