//! What device drivers do (rulebook sections N and O): the state they add to the machine, and their
//! operations. A device migration collects and unmaps its pages in [`collect`], moves and restores them
//! in [`pages`]; a CPU access to a device's page is in [`fault`], whole blocks are in [`huge`]; exclusive
//! access is in [`exclusive`]; what devices reach, and what they are told, in [`events`].
//!
//! What every other operation does with a DEVPRIV or DEVEXCL entry stands with that operation (N17).

mod collect;
mod events;
mod exclusive;
mod fault;
mod huge;
mod pages;

use std::collections::BTreeMap;

use mm_ops::{
    AllocKind, DevFlags, DevMapSnap, DevOp, DevWordSnap, Device, Errno, EventSnap, FolioFlags,
    Order, Outcome, PageRange, Pid, Snapshot, Token, TokenKind, Vpn,
};

use crate::state::{Circumstance, FolioId, Holding, Reference};

/// The flags that tell whose memory a folio is.
pub(crate) const DEVICE: FolioFlags = FolioFlags::DEVICE_0.with(FolioFlags::DEVICE_1);

/// A page of a process that a device reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DevMap {
    pub(crate) folio: FolioId,
    pub(crate) page: u32,
    pub(crate) write: bool,
}

/// All that devices have, but for their memory: that is the folios with their flag.
#[derive(Clone, Debug, Default)]
pub(crate) struct Devices {
    /// What each device reaches, by process and page.
    pub(crate) maps: BTreeMap<(Device, Pid, u32), DevMap>,
    /// The notifier events of the operation under way.
    pub(crate) events: Vec<EventSnap>,
    /// The migration that a CPU fault is in the middle of (N12): it has no token.
    pub(crate) callback: Option<Circumstance>,
}

/// A page of a device migration: a word of `src` and one of `dst` (N1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Word {
    pub(crate) src: DevFlags,
    pub(crate) from: Option<FolioId>,
    pub(crate) dst: DevFlags,
    pub(crate) to: Option<FolioId>,
}

impl Word {
    /// Whether it is still to be migrated, or was.
    fn migrates(&self) -> bool {
        self.src.has(DevFlags::MIGRATE)
    }

    /// A place without a page that may get one (N8).
    fn is_empty_place(&self) -> bool {
        self.migrates() && self.from.is_none()
    }

    fn give_up(&mut self) {
        self.src = self.src.without(DevFlags::MIGRATE);
    }
}

/// A device migration between its setup and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DevMigration {
    pub(crate) device: Device,
    pub(crate) pid: Pid,
    pub(crate) range: PageRange,
    /// `dev_pages` was done.
    pub(crate) paged: bool,
    /// One for each page of the range.
    pub(crate) words: Vec<Word>,
}

impl DevMigration {
    fn new(device: Device, pid: Pid, range: PageRange) -> Self {
        let words = vec![Word::default(); range.len as usize];
        Self { device, pid, range, paged: false, words }
    }

    /// The folios it has locked and holds a reference of, once a reference.
    pub(crate) fn folios(&self) -> impl Iterator<Item = FolioId> + '_ {
        self.words.iter().flat_map(|word| word.from.into_iter().chain(word.to))
    }

    /// Where the content of a folio is now, once it was moved (N7).
    pub(crate) fn moved_to(&self, source: FolioId) -> Option<FolioId> {
        let moved = |word: &&Word| self.paged && word.migrates() && word.from == Some(source);
        self.words.iter().find(moved).and_then(|word| word.to)
    }

    /// cpages: how many words have MIGRATE.
    fn count(&self) -> u32 {
        self.words.iter().filter(|word| word.migrates()).count() as u32
    }

    pub(crate) fn token_kind(&self) -> TokenKind {
        let Self { device, pid, range, paged, .. } = *self;
        TokenKind::DevMigration { device, pid, range, paged }
    }
}

/// The name of a device migration under way: a token, or the fault handler.
#[derive(Clone, Copy, Debug)]
enum Migrator {
    Token(Token),
    Callback,
}

/// The operations.
impl Reference {
    pub(crate) fn op_dev(&mut self, op: DevOp) -> Outcome {
        let result = match op {
            DevOp::Setup { device, pid, range, token, select } => {
                self.dev_setup(device, pid, range, token, select).map(Outcome::Count)
            }
            DevOp::Evict { device, pid, range, token } => {
                self.dev_evict(device, pid, range, token).map(Outcome::Count)
            }
            DevOp::Pages { token, to_device } => {
                self.dev_pages(token, to_device).map(Outcome::Count)
            }
            DevOp::Finalize { token } => self.dev_finalize(token).map(|()| Outcome::Ok),
            DevOp::Exclusive { device, pid, vpn, token } => {
                self.dev_exclusive(device, pid, vpn.0, token).map(|()| Outcome::Ok)
            }
            DevOp::Read { device, pid, vpn } => {
                self.dev_read(device, pid, vpn.0).map(Outcome::Value)
            }
            DevOp::Write { device, pid, vpn, value } => {
                self.dev_write(device, pid, vpn.0, value).map(|()| Outcome::Ok)
            }
        };
        result.unwrap_or_else(Outcome::Err)
    }

    /// Whether a token can stand for something new.
    fn free_token(&self, token: Token) -> Result<(), Errno> {
        match self.tokens.get(token.index()) {
            None => Err(Errno::EINVAL),
            Some(Some(_)) => Err(Errno::EBUSY),
            Some(None) => Ok(()),
        }
    }
}

/// Migrations by name.
impl Reference {
    fn begin(&mut self, name: Migrator, migration: DevMigration) {
        let holding = Holding::DevMigration(migration);
        let begun = Some(Circumstance { holding, folio: None });
        match name {
            Migrator::Token(token) => self.tokens[token.index()] = begun,
            Migrator::Callback => self.devices.callback = begun,
        }
    }

    fn end(&mut self, name: Migrator) {
        match name {
            Migrator::Token(token) => self.tokens[token.index()] = None,
            Migrator::Callback => self.devices.callback = None,
        }
    }

    fn dev_migration(&mut self, name: Migrator) -> &mut DevMigration {
        let held = match name {
            Migrator::Token(token) => &mut self.tokens[token.index()],
            Migrator::Callback => &mut self.devices.callback,
        };
        match held {
            Some(Circumstance { holding: Holding::DevMigration(migration), .. }) => migration,
            _ => unreachable!("whoever names a device migration began it, or found it"),
        }
    }

    /// The word of the page at this place of the range.
    fn word(&mut self, name: Migrator, at: usize) -> &mut Word {
        &mut self.dev_migration(name).words[at]
    }

    /// The device migration a token names.
    fn named_migration(&self, token: Token) -> Result<Migrator, Errno> {
        match self.tokens.get(token.index()).ok_or(Errno::EINVAL)? {
            Some(Circumstance { holding: Holding::DevMigration(_), .. }) => {
                Ok(Migrator::Token(token))
            }
            _ => Err(Errno::EBADF),
        }
    }
}

/// Device memory.
impl Reference {
    /// The device in whose memory a folio is.
    pub(crate) fn device_of(&self, folio: FolioId) -> Option<Device> {
        let flags = self.folio(folio).flags;
        if flags.has(FolioFlags::DEVICE_0) {
            Some(Device(0))
        } else {
            flags.has(FolioFlags::DEVICE_1).then_some(Device(1))
        }
    }

    /// Whether a folio is in a device's memory, whichever.
    pub(crate) fn is_device_folio(&self, folio: FolioId) -> bool {
        self.device_of(folio).is_some()
    }

    /// Pages of a device's memory in use.
    fn device_pages_in_use(&self, device: Device) -> u32 {
        let live = self.folios.iter().filter(|folio| folio.live);
        let own = live.filter(|folio| folio.flags.has(flag_of(device)));
        own.map(|folio| folio.nr_pages()).sum()
    }

    /// A folio of a device's memory; none if the device has not enough, or the allocation fails.
    fn new_device_folio(
        &mut self,
        device: Device,
        order: Order,
        (pid, vpn): (Pid, u32),
    ) -> Option<FolioId> {
        let made = self.allocate(AllocKind::DevicePage(order), pid, vpn);
        let used = self.device_pages_in_use(device);
        if !made || used + order.pages() > u32::from(self.config.dev_mem) {
            return None;
        }
        let folio = self.bare_folio(order);
        self.folio_mut(folio).flags = flag_of(device);
        Some(folio)
    }
}

fn flag_of(device: Device) -> FolioFlags {
    if device == Device(0) { FolioFlags::DEVICE_0 } else { FolioFlags::DEVICE_1 }
}

/// Snapshots.
impl Reference {
    /// The words, translations and events.
    pub(crate) fn show_devices(&self, out: &mut Snapshot) {
        for (token, held) in (0u8..).map(Token).zip(&self.tokens) {
            let Some(Circumstance { holding: Holding::DevMigration(migration), .. }) = held else {
                continue;
            };
            let start = migration.range.start.0;
            for (word, vpn) in migration.words.iter().zip((start..).map(Vpn)) {
                let Word { src, from, dst, to } = *word;
                if src != DevFlags::NONE || dst != DevFlags::NONE {
                    out.dev_words.push(DevWordSnap { token, vpn, src, from, dst, to });
                }
            }
        }
        for ((device, pid, vpn), map) in &self.devices.maps {
            let (device, pid, vpn) = (*device, *pid, Vpn(*vpn));
            let DevMap { folio, page, write } = *map;
            out.dev_maps.push(DevMapSnap { device, pid, vpn, folio, page, write });
        }
        out.events.extend(&self.devices.events);
    }
}
