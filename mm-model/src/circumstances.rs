//! Circumstances as operations: a folio locked or isolated by someone else. What a held lock or an
//! extra reference makes fail is in the areas that test it.

use crate::device::DevMigration;
use crate::entry::Pfn;
use crate::folio::FolioId;
use crate::model::Model;
use mm_ops::{Errno, FolioFlags, Outcome, Pid, TOKENS_MAX, Token, Value, Vpn};

/// What a token stands for.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    /// The folio's lock.
    Lock,
    /// The folio off the LRU, and a reference.
    Isolation,
    /// A write of the folio to its slots, with what it held when the write began.
    Writeback(Vec<Value>),
    /// A migration of the folio: the lock, and a reference (F2).
    Migration {
        /// The destination, locked and with one reference.
        to: FolioId,
        /// The copy was made (F7).
        copied: bool,
    },
    /// A device migration, with the locks and references of its sources and destinations (N16).
    DevMigration(DevMigration),
    /// The lock of a page made exclusive to a device, and a reference (O3).
    DevExclusive,
}

/// A token in use.
#[derive(Clone, Debug)]
pub(crate) struct Circumstance {
    pub(crate) held: Held,
    /// `None` once a locked folio was freed, and for a device migration.
    pub(crate) folio: Option<FolioId>,
}

impl Model {
    /// The operations `lock` and `isolate`.
    pub(crate) fn hold(&mut self, pid: Pid, vpn: Vpn, token: Token, isolation: bool) -> Outcome {
        if let Err(errno) = self.check_unused(token) {
            return Outcome::Err(errno);
        }
        let Some((id, _)) = self.folio_at(pid, vpn) else {
            return Outcome::Err(Errno::EFAULT);
        };
        let taken = if isolation { self.isolate_folio(id) } else { self.try_lock(id) };
        if !taken {
            return Outcome::Err(Errno::EAGAIN);
        }
        let held = if isolation { Held::Isolation } else { Held::Lock };
        self.tokens[token.index()] = Some(Circumstance { held, folio: Some(id) });
        Outcome::Ok
    }

    /// Whether a token can stand for something new.
    pub(crate) fn check_unused(&self, token: Token) -> Result<(), Errno> {
        if token.0 >= TOKENS_MAX {
            return Err(Errno::EINVAL);
        }
        if self.tokens[token.index()].is_some() { Err(Errno::EBUSY) } else { Ok(()) }
    }

    /// The operation `drop`.
    pub(crate) fn drop_token(&mut self, token: Token) -> Outcome {
        if token.0 >= TOKENS_MAX {
            return Outcome::Err(Errno::EINVAL);
        }
        let Some(Circumstance { held, folio }) = &self.tokens[token.index()] else {
            return Outcome::Err(Errno::EBADF);
        };
        match (held, *folio) {
            (Held::Writeback(_) | Held::Migration { .. } | Held::DevMigration(_), _) => {
                return Outcome::Err(Errno::EBADF);
            }
            (Held::Lock, Some(id)) => self.folios[id].set(FolioFlags::LOCKED, false),
            (Held::Isolation, Some(id)) => self.put_back_on_lru(id),
            (Held::DevExclusive, Some(id)) => {
                self.folios[id].set(FolioFlags::LOCKED, false);
                self.put_folio(id, 1);
            }
            (_, None) => {}
        }
        self.tokens[token.index()] = None;
        Outcome::Ok
    }

    /// Locks a folio; `false` if somebody holds the lock.
    pub(crate) fn try_lock(&mut self, id: FolioId) -> bool {
        let folio = &mut self.folios[id];
        let free = !folio.flags.has(FolioFlags::LOCKED);
        folio.set(FolioFlags::LOCKED, true);
        free
    }

    /// Takes a folio off the LRU, with a reference; `false` if it is not on it.
    pub(crate) fn isolate_folio(&mut self, id: FolioId) -> bool {
        let folio = &mut self.folios[id];
        if !folio.flags.has(FolioFlags::LRU) {
            return false;
        }
        folio.set(FolioFlags::LRU, false);
        folio.refs += 1;
        true
    }

    /// Puts an isolated folio back on the LRU and drops the isolation's reference.
    pub(crate) fn put_back_on_lru(&mut self, id: FolioId) {
        self.folios[id].set(FolioFlags::LRU, true);
        self.put_folio(id, 1);
    }

    /// A locked folio was freed: whoever holds the lock holds nothing now.
    pub(crate) fn forget_lock_of(&mut self, id: FolioId) {
        for held in self.tokens.iter_mut().flatten() {
            if held.folio == Some(id) {
                held.folio = None;
            }
        }
    }

    /// The folio that an entry maps at a page, or names for a device, or that is cached for the slot of a
    /// SWAP entry; and the frame of the page.
    pub(crate) fn folio_at(&self, pid: Pid, vpn: Vpn) -> Option<(FolioId, Pfn)> {
        let entry = self.entry_at(pid, vpn)?;
        if entry.names_folio() {
            let pfn = self.frame_at(entry, vpn.0);
            return Some((self.folios.of(pfn), pfn));
        }
        if !entry.is_swap() {
            return None;
        }
        let id = self.swap[entry.swap_slot()].cache?;
        let folio = &self.folios[id];
        Some((id, folio.head + (entry.swap_slot() - folio.swap)))
    }
}
