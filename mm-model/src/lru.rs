//! The per-CPU batches in which small folios wait for the LRU (S14, S20); without `lru_batch` in the
//! configuration there are none. Only what is new waits: what was isolated goes back at once, and
//! nothing here is ever active.

use crate::folio::FolioId;
use crate::model::Model;
use mm_ops::{FolioFlags, Outcome};

/// Folios of a full batch.
const BATCH_MAX: usize = 31;

/// The batches of the one CPU. Each place in one holds a reference.
#[derive(Default)]
pub(crate) struct LruBatches {
    batches: [Vec<FolioId>; 3],
}

/// One of the batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batch {
    /// New folios, not on the LRU yet.
    Add,
    /// New folios of a LOCKED VMA, not on the LRU yet.
    Mlock,
    /// Folios on the LRU that are to become lazily free.
    Lazyfree,
}

impl LruBatches {
    /// Forgets every folio.
    pub(crate) fn reset(&mut self) {
        self.batches.iter_mut().for_each(Vec::clear);
    }

    fn waiting(&self) -> impl Iterator<Item = FolioId> {
        self.batches.iter().flatten().copied()
    }
}

impl Model {
    /// A new folio goes to the LRU, where it is already unless there are batches.
    #[inline]
    pub(crate) fn add_to_lru(&mut self, id: FolioId, locked: bool) {
        if self.config.lru_batch {
            self.folios[id].set(FolioFlags::LRU, false);
            self.join(if locked { Batch::Mlock } else { Batch::Add }, id);
        }
    }

    /// folio_mark_lazyfree of a folio that may become lazily free (I6).
    pub(crate) fn move_to_lazyfree(&mut self, id: FolioId) {
        if self.config.lru_batch {
            self.join(Batch::Lazyfree, id);
        } else {
            self.folios[id].set(FolioFlags::SWAPBACKED, false);
        }
    }

    /// A folio joins a batch; a full batch, and any with a large folio, is drained.
    fn join(&mut self, batch: Batch, id: FolioId) {
        self.folios[id].refs += 1;
        let waiting = &mut self.lru.batches[batch as usize];
        waiting.push(id);
        if waiting.len() == BATCH_MAX || self.folios[id].is_large() {
            self.drain_batch(batch);
        }
    }

    /// drain(): everything that waits is done.
    #[inline]
    pub(crate) fn drain_lru(&mut self) {
        if self.config.lru_batch {
            for batch in [Batch::Add, Batch::Lazyfree, Batch::Mlock] {
                self.drain_batch(batch);
            }
        }
    }

    /// The operation `drain`.
    pub(crate) fn drain(&mut self) -> Outcome {
        self.drain_lru();
        Outcome::Ok
    }

    fn drain_batch(&mut self, batch: Batch) {
        let mut waiting = std::mem::take(&mut self.lru.batches[batch as usize]);
        for &id in &waiting {
            match batch {
                Batch::Add | Batch::Mlock => self.folios[id].set(FolioFlags::LRU, true),
                Batch::Lazyfree if self.may_become_lazyfree(id) => {
                    self.folios[id].set(FolioFlags::SWAPBACKED, false);
                }
                Batch::Lazyfree => {}
            }
            self.put_folio(id, 1);
        }
        waiting.clear();
        self.lru.batches[batch as usize] = waiting;
    }

    /// Folios that live by their places in batches alone: nothing a snapshot shows refers to them.
    /// A lock needs no reference.
    pub(crate) fn only_waiting(&self) -> usize {
        let mut seen: Vec<FolioId> = self.lru.waiting().collect();
        seen.sort_unstable();
        let only = |places: &&[FolioId]| {
            let folio = &self.folios[places[0]];
            // The poison of a page that nobody maps keeps a reference, too.
            let poisoned = self.folios.poisoned.get(folio.head);
            let kept = u32::from(poisoned && self.folios.mapcount_of(places[0]) == 0);
            let alone = (0..=kept).any(|more| folio.refs == places.len() as u32 + more);
            alone && !folio.flags.has(FolioFlags::LOCKED)
        };
        seen.chunk_by(|a, b| a == b).filter(only).count()
    }
}
