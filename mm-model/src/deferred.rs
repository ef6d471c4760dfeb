//! The deferred-split queue (rulebook G12 to G14, INV32) and its shrinker. The queue is a list through
//! the folios, so that one leaves it without a search.

use crate::folio::{FolioId, Folios};
use crate::model::Model;
use crate::split::Caller;
use mm_ops::{FolioFlags, Outcome};

/// No folio.
const END: FolioId = FolioId::MAX;

/// The neighbours of a queued folio.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Links {
    before: FolioId,
    behind: FolioId,
}

/// The ends of the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queue {
    head: FolioId,
    tail: FolioId,
}

impl Default for Queue {
    fn default() -> Self {
        Self { head: END, tail: END }
    }
}

impl Folios {
    /// Appends a folio that is not queued.
    fn append(&mut self, id: FolioId) {
        let tail = self.deferred.tail;
        self[id].links = Links { before: tail, behind: END };
        match tail {
            END => self.deferred.head = id,
            _ => self[tail].links.behind = id,
        }
        self.deferred.tail = id;
        self[id].set(FolioFlags::DEFERRED, true);
    }

    /// Takes a folio out of the queue, which stays partially mapped.
    fn remove(&mut self, id: FolioId) {
        let Links { before, behind } = self[id].links;
        match before {
            END => self.deferred.head = behind,
            _ => self[before].links.behind = behind,
        }
        match behind {
            END => self.deferred.tail = before,
            _ => self[behind].links.before = before,
        }
        self[id].set(FolioFlags::DEFERRED, false);
    }

    /// The queue from its head.
    pub(crate) fn queued(&self) -> impl Iterator<Item = FolioId> {
        let mut at = self.deferred.head;
        std::iter::from_fn(move || {
            let id = at;
            (id != END).then(|| {
                at = self[id].links.behind;
                id
            })
        })
    }
}

impl Model {
    /// deferred_split_folio: a folio that may be worth splitting is queued (G12, A7).
    pub(crate) fn queue_deferred(&mut self, id: FolioId, partially_mapped: bool) {
        let flags = self.folios[id].flags;
        // A device's folio is split only for a migration.
        if flags.has(FolioFlags::SWAPCACHE) || self.folios[id].device().is_some() {
            return;
        }
        if partially_mapped {
            self.folios[id].set(FolioFlags::PARTIALLY_MAPPED, true);
        }
        if !flags.has(FolioFlags::DEFERRED) {
            self.folios.append(id);
        }
    }

    /// The folio leaves the queue, and is no longer known as partially mapped.
    pub(crate) fn unqueue_deferred(&mut self, id: FolioId) {
        if self.folios[id].flags.has(FolioFlags::DEFERRED) {
            self.folios.remove(id);
            self.folios[id].set(FolioFlags::PARTIALLY_MAPPED, false);
        }
    }

    /// The operation `deferred_scan` (G13): folios from the head of the queue, handled last one
    /// first. One that is not known as partially mapped would be split only if underused, which none is
    /// under the default limit (G14).
    pub(crate) fn deferred_scan(&mut self, count: u16) -> Outcome {
        let taken: Vec<FolioId> = self.folios.queued().take(usize::from(count)).collect();
        for id in taken.into_iter().rev() {
            if !self.folios[id].flags.has(FolioFlags::PARTIALLY_MAPPED) {
                self.unqueue_deferred(id);
            } else if self.split_folio(id, 0, None, Caller::HEAD).is_err() {
                self.folios.remove(id);
                self.folios.append(id);
            }
        }
        Outcome::Ok
    }
}
