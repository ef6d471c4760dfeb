//! Short ways to say operations, and a machine to say them to. After every operation the counts of
//! the snapshot are counted anew and compared.

mod anonmm;
mod device;

pub(crate) use anonmm::mappings;
pub(crate) use device::*;

use crate::model::Model;
use mm_ops::{
    AccessBits, Advice, Batching, Choice, Config, DevExclusiveMode, EntryFlags, EntryKind,
    EntrySnap, Errno, FolioFlags, FolioSnap, GupFlags, Handle, Mm, MremapFlags, Op, Order,
    OrderSet, Outcome, PageRange, PageSnap, Pid, Prot, Remote, RmapScheme, Snapshot, Token,
    TokenKind, UffdCall, UffdFill, Value, VmaFlags, VmaSnap, Vpn,
};

/// PROT_READ|PROT_WRITE.
pub(crate) const RW: Prot = Prot::RW;
/// PROT_READ.
pub(crate) const R: Prot = Prot::R;
/// PROT_NONE.
pub(crate) const NONE: Prot = Prot::NONE;

fn range(start: u32, len: u32) -> PageRange {
    PageRange::new(start, len)
}

pub(crate) fn mmap(pid: u8, start: u32, len: u32, prot: Prot) -> Op {
    Op::Mmap { pid: Pid(pid), range: range(start, len), prot, droppable: false }
}

pub(crate) fn mmap_droppable(pid: u8, start: u32, len: u32) -> Op {
    Op::Mmap { pid: Pid(pid), range: range(start, len), prot: RW, droppable: true }
}

pub(crate) fn munmap(pid: u8, start: u32, len: u32) -> Op {
    Op::Munmap { pid: Pid(pid), range: range(start, len) }
}

pub(crate) fn mprotect(pid: u8, start: u32, len: u32, prot: Prot) -> Op {
    Op::Mprotect { pid: Pid(pid), range: range(start, len), prot }
}

pub(crate) fn madvise(pid: u8, start: u32, len: u32, advice: Advice) -> Op {
    Op::Madvise { pid: Pid(pid), range: range(start, len), advice }
}

pub(crate) fn mlock(pid: u8, start: u32, len: u32) -> Op {
    Op::Mlock { pid: Pid(pid), range: range(start, len) }
}

pub(crate) fn mseal(pid: u8, start: u32, len: u32) -> Op {
    Op::Mseal { pid: Pid(pid), range: range(start, len) }
}

pub(crate) fn fork(parent: u8, child: u8) -> Op {
    Op::Fork { parent: Pid(parent), child: Pid(child) }
}

pub(crate) fn exit(pid: u8) -> Op {
    Op::Exit { pid: Pid(pid) }
}

pub(crate) fn read(pid: u8, vpn: u32) -> Op {
    Op::Read { pid: Pid(pid), vpn: Vpn(vpn) }
}

pub(crate) fn write(pid: u8, vpn: u32, label: u8) -> Op {
    Op::Write { pid: Pid(pid), vpn: Vpn(vpn), value: Value::label(label) }
}

/// `pin` with FOLL_WRITE.
pub(crate) fn pin_rw(pid: u8, start: u32, len: u32, handle: u8) -> Op {
    gup(pid, start, len, handle, GupFlags { pin: true, write: true, ..GupFlags::default() })
}

/// `pin` for reading.
pub(crate) fn pin_r(pid: u8, start: u32, len: u32, handle: u8) -> Op {
    gup(pid, start, len, handle, GupFlags { pin: true, ..GupFlags::default() })
}

/// `get` for reading.
pub(crate) fn get_r(pid: u8, start: u32, len: u32, handle: u8) -> Op {
    gup(pid, start, len, handle, GupFlags::default())
}

pub(crate) fn gup(pid: u8, start: u32, len: u32, handle: u8, flags: GupFlags) -> Op {
    Op::Gup { pid: Pid(pid), range: range(start, len), handle: Handle(handle), flags }
}

pub(crate) fn put(handle: u8) -> Op {
    Op::Put { handle: Handle(handle), dirty: false }
}

pub(crate) fn dma_read(handle: u8, index: u32) -> Op {
    Op::DmaRead { handle: Handle(handle), index }
}

pub(crate) fn dma_write(handle: u8, index: u32, label: u8) -> Op {
    Op::DmaWrite { handle: Handle(handle), index, value: Value::label(label) }
}

pub(crate) fn poke(pid: u8, vpn: u32, label: u8) -> Op {
    let access = Remote::Poke(Value::label(label));
    Op::Remote { pid: Pid(pid), vpn: Vpn(vpn), access }
}

pub(crate) fn peek(pid: u8, vpn: u32) -> Op {
    Op::Remote { pid: Pid(pid), vpn: Vpn(vpn), access: Remote::Peek }
}

/// These orders for every VMA.
pub(crate) fn thp(orders: &[u8]) -> Op {
    let always = orders.iter().fold(OrderSet::EMPTY, |set, order| set.with(Order(*order)));
    Op::Thp { always, madvise: OrderSet::EMPTY }
}

pub(crate) fn swap_out(pid: u8, vpn: u32) -> Op {
    Op::SwapOut { pid: Pid(pid), vpn: Vpn(vpn), token: None }
}

/// `swap_out` with a write that stays in flight.
pub(crate) fn swap_out_slowly(pid: u8, vpn: u32, token: u8) -> Op {
    Op::SwapOut { pid: Pid(pid), vpn: Vpn(vpn), token: Some(Token(token)) }
}

pub(crate) fn write_done(token: u8) -> Op {
    Op::WriteDone { token: Token(token), error: false }
}

pub(crate) fn write_failed(token: u8) -> Op {
    Op::WriteDone { token: Token(token), error: true }
}

pub(crate) fn bad_slot(pid: u8, vpn: u32) -> Op {
    Op::BadSlot { pid: Pid(pid), vpn: Vpn(vpn) }
}

fn uffd(pid: u8, start: u32, len: u32, call: UffdCall) -> Op {
    Op::Uffd { pid: Pid(pid), range: range(start, len), call }
}

pub(crate) fn uffd_register(pid: u8, start: u32, len: u32, missing: bool, wp: bool) -> Op {
    uffd(pid, start, len, UffdCall::Register { missing, wp })
}

pub(crate) fn uffd_unregister(pid: u8, start: u32, len: u32) -> Op {
    uffd(pid, start, len, UffdCall::Unregister)
}

pub(crate) fn uffd_wp(pid: u8, start: u32, len: u32, on: bool) -> Op {
    uffd(pid, start, len, UffdCall::Protect(on))
}

pub(crate) fn uffd_copy(pid: u8, vpn: u32, label: u8, wp: bool) -> Op {
    uffd_fill(pid, vpn, UffdFill::Copy { value: Value::label(label), wp })
}

pub(crate) fn uffd_fill(pid: u8, vpn: u32, fill: UffdFill) -> Op {
    Op::UffdFill { pid: Pid(pid), vpn: Vpn(vpn), fill }
}

pub(crate) fn fail_alloc(nth: u16) -> Op {
    Op::FailAlloc { nth }
}

pub(crate) fn lock(pid: u8, vpn: u32, token: u8) -> Op {
    Op::Lock { pid: Pid(pid), vpn: Vpn(vpn), token: Token(token) }
}

pub(crate) fn isolate(pid: u8, vpn: u32, token: u8) -> Op {
    Op::Isolate { pid: Pid(pid), vpn: Vpn(vpn), token: Token(token) }
}

pub(crate) fn drop_token(token: u8) -> Op {
    Op::Drop { token: Token(token) }
}

pub(crate) fn numa_hint(pid: u8, start: u32, len: u32) -> Op {
    Op::NumaHint { pid: Pid(pid), range: range(start, len) }
}

pub(crate) fn clear_refs(pid: u8) -> Op {
    Op::ClearRefs { pid: Pid(pid) }
}

/// `migrate`, shared folios, too.
pub(crate) fn migrate(pid: u8, vpn: u32, token: u8) -> Op {
    Op::Migrate { pid: Pid(pid), vpn: Vpn(vpn), token: Token(token), all: true }
}

pub(crate) fn migrate_copy(token: u8) -> Op {
    Op::MigrateCopy { token: Token(token) }
}

pub(crate) fn migrate_end(token: u8) -> Op {
    Op::MigrateEnd { token: Token(token) }
}

/// A uniform split.
pub(crate) fn split(pid: u8, vpn: u32, order: u8) -> Op {
    Op::Split { pid: Pid(pid), vpn: Vpn(vpn), order: Order(order), nonuniform: false }
}

pub(crate) fn deferred_scan(count: u16) -> Op {
    Op::DeferredScan { count }
}

pub(crate) fn ksm(pid: u8, vpn: u32, with: u8, to: u32) -> Op {
    Op::Ksm { pid: Pid(pid), vpn: Vpn(vpn), with: Pid(with), to: Vpn(to) }
}

pub(crate) fn ksm_zero(pid: u8, vpn: u32) -> Op {
    Op::KsmZero { pid: Pid(pid), vpn: Vpn(vpn) }
}

pub(crate) fn hwpoison(pid: u8, vpn: u32) -> Op {
    Op::Hwpoison { pid: Pid(pid), vpn: Vpn(vpn) }
}

pub(crate) fn soft_offline(pid: u8, vpn: u32) -> Op {
    Op::SoftOffline { pid: Pid(pid), vpn: Vpn(vpn) }
}

fn mremap(pid: u8, old: (u32, u32), new: (u32, u32), flags: MremapFlags) -> Op {
    let (old, new) = (range(old.0, old.1), range(new.0, new.1));
    Op::Mremap { pid: Pid(pid), range: old, to: new, flags }
}

/// mremap without flags: to another length, in place.
pub(crate) fn resize(pid: u8, start: u32, len: u32, new_len: u32) -> Op {
    mremap(pid, (start, len), (0, new_len), MremapFlags::default())
}

/// MREMAP_MAYMOVE.
pub(crate) fn resize_or_move(pid: u8, start: u32, len: u32, new_len: u32) -> Op {
    let flags = MremapFlags { maymove: true, ..MremapFlags::default() };
    mremap(pid, (start, len), (0, new_len), flags)
}

/// MREMAP_FIXED of as many pages.
pub(crate) fn move_to(pid: u8, start: u32, len: u32, to: u32) -> Op {
    move_resized(pid, (start, len), (to, len))
}

/// MREMAP_FIXED: (start, length) of the source and of the destination.
pub(crate) fn move_resized(pid: u8, old: (u32, u32), new: (u32, u32)) -> Op {
    mremap(pid, old, new, MremapFlags { maymove: true, fixed: true, ..MremapFlags::NONE })
}

/// MREMAP_DONTUNMAP and MREMAP_FIXED.
pub(crate) fn move_and_keep(pid: u8, start: u32, len: u32, to: u32) -> Op {
    let flags = MremapFlags { maymove: true, fixed: true, dontunmap: true, ..MremapFlags::NONE };
    mremap(pid, (start, len), (to, len), flags)
}

/// MREMAP_DONTUNMAP with a hint.
pub(crate) fn move_near(pid: u8, start: u32, len: u32, hint: u32) -> Op {
    let flags = MremapFlags { maymove: true, fixed: false, dontunmap: true, ..MremapFlags::NONE };
    mremap(pid, (start, len), (hint, len), flags)
}

/// MREMAP_FIXED of as many pages, which must be relocated.
pub(crate) fn relocate_to(pid: u8, start: u32, len: u32, to: u32) -> Op {
    let flags =
        MremapFlags { must_relocate: true, maymove: true, fixed: true, ..MremapFlags::NONE };
    mremap(pid, (start, len), (to, len), flags)
}

/// The same, where that can be done.
pub(crate) fn relocate_if_possible(pid: u8, start: u32, len: u32, to: u32) -> Op {
    let flags = MremapFlags { relocate: true, maymove: true, fixed: true, ..MremapFlags::NONE };
    mremap(pid, (start, len), (to, len), flags)
}

pub(crate) fn uffd_move(pid: u8, start: u32, len: u32, to: u32) -> Op {
    Op::UffdMove { pid: Pid(pid), range: range(start, len), to: Vpn(to), holes: false }
}

/// UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES.
pub(crate) fn uffd_move_holes(pid: u8, start: u32, len: u32, to: u32) -> Op {
    Op::UffdMove { pid: Pid(pid), range: range(start, len), to: Vpn(to), holes: true }
}

pub(crate) fn rmap_walk(pid: u8, vpn: u32) -> Op {
    Op::RmapWalk { pid: Pid(pid), vpn: Vpn(vpn) }
}

/// The outcome of a move.
pub(crate) fn at(vpn: u32) -> Outcome {
    Outcome::At(Vpn(vpn))
}

/// The outcome of an rmap walk.
pub(crate) fn mapped_by(pids: &[u8]) -> Outcome {
    Outcome::Pids(pids.iter().map(|pid| Pid(*pid)).collect())
}

/// The outcome of an operation that failed.
pub(crate) fn err(errno: Errno) -> Outcome {
    Outcome::Err(errno)
}

/// A model under test.
pub(crate) struct Machine {
    pub(crate) model: Model,
    pub(crate) config: Config,
    pub(crate) choices: Vec<Choice>,
}

impl Machine {
    /// Eight entries a table: a PMD folio has order 3.
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self { model: Model::new(&config), config, choices: Vec::new() }
    }

    /// A machine that tracks soft-dirty bits.
    pub(crate) fn tracking() -> Self {
        Self::with(Config { soft_dirty: true, ..Config::default() })
    }

    /// A machine after these operations, whatever they answered.
    pub(crate) fn after(ops: &[Op]) -> Self {
        let mut machine = Self::new();
        machine.all(ops);
        machine
    }

    pub(crate) fn all(&mut self, ops: &[Op]) {
        for op in ops {
            self.apply(*op);
        }
    }

    /// Applies an operation and checks the counts.
    pub(crate) fn apply(&mut self, op: Op) -> Outcome {
        let effect = self.model.apply(&op);
        self.choices = effect.choices;
        check_counts(&self.snapshot(), &self.config);
        effect.outcome
    }

    /// The label at a page.
    pub(crate) fn label(&mut self, pid: u8, vpn: u32) -> u8 {
        match self.apply(read(pid, vpn)) {
            Outcome::Value(value) => value.label,
            other => panic!("p{pid} cannot read {vpn}: {other:?}"),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        assert!(self.model.snapshot(&mut snapshot));
        snapshot
    }

    /// The entry at a page, if it is not NONE.
    pub(crate) fn entry(&self, pid: u8, vpn: u32) -> Option<EntrySnap> {
        let at = (Pid(pid), Vpn(vpn));
        self.snapshot().entries.into_iter().find(|entry| (entry.pid, entry.vpn) == at)
    }

    pub(crate) fn kind(&self, pid: u8, vpn: u32) -> Option<EntryKind> {
        self.entry(pid, vpn).map(|entry| entry.kind)
    }

    /// Whether the entry at a page has these flags.
    pub(crate) fn has(&self, pid: u8, vpn: u32, flags: EntryFlags) -> bool {
        self.entry(pid, vpn).is_some_and(|entry| entry.flags.has(flags))
    }

    /// The folio mapped at a page.
    pub(crate) fn folio(&self, pid: u8, vpn: u32) -> FolioSnap {
        let entry = self.entry(pid, vpn).expect("something is mapped");
        assert!(entry.kind.maps_folio(), "a folio is mapped");
        self.snapshot().folios[entry.folio as usize]
    }

    /// The folio that the entry at a page names, mapped or not.
    pub(crate) fn folio_named(&self, pid: u8, vpn: u32) -> FolioSnap {
        let entry = self.entry(pid, vpn).expect("something is there");
        self.snapshot().folios[entry.folio as usize]
    }

    /// The folio cached for the slot that the entry at a page names.
    pub(crate) fn folio_named_by_slot(&self, pid: u8, vpn: u32) -> FolioSnap {
        let entry = self.entry(pid, vpn).expect("something is there");
        let snapshot = self.snapshot();
        let slot = snapshot.slots.iter().find(|slot| slot.slot == entry.page);
        let folio = slot.and_then(|slot| slot.cache).expect("it is cached");
        snapshot.folios[folio as usize]
    }

    /// The page mapped at a page.
    pub(crate) fn page(&self, pid: u8, vpn: u32) -> PageSnap {
        let entry = self.entry(pid, vpn).expect("something is mapped");
        self.snapshot().pages_of(entry.folio)[entry.page as usize]
    }

    pub(crate) fn vma(&self, pid: u8, vpn: u32) -> VmaSnap {
        *self.snapshot().vma_at(Pid(pid), Vpn(vpn)).expect("a VMA is there")
    }

    /// The tables of a process as (level, first page).
    pub(crate) fn tables(&self, pid: u8) -> Vec<(u8, u32)> {
        let tables = self.snapshot().tables;
        tables.iter().filter(|t| t.pid == Pid(pid)).map(|t| (t.level, t.vpn.0)).collect()
    }

    /// The VMAs of a process as (start, end).
    pub(crate) fn vmas(&self, pid: u8) -> Vec<(u32, u32)> {
        let vmas = self.snapshot().vmas;
        vmas.iter().filter(|vma| vma.pid == Pid(pid)).map(|v| (v.start.0, v.end.0)).collect()
    }

    pub(crate) fn vma_has(&self, pid: u8, vpn: u32, flags: VmaFlags) -> bool {
        self.vma(pid, vpn).flags.has(flags)
    }

    pub(crate) fn rss(&self, pid: u8) -> u32 {
        let snapshot = self.snapshot();
        snapshot.mms.iter().find(|mm| mm.pid == Pid(pid)).expect("the process is alive").rss_anon
    }
}

/// The configurations whose results must be the same: run lengths as long as allowed, 1, and
/// something odd in between.
pub(crate) fn runs(config: Config) -> [Machine; 3] {
    let mut odd = Machine::with(config);
    odd.model.run_max = 3;
    let off = Machine::with(Config { batching: Batching::Off, ..config });
    [Machine::with(config), off, odd]
}

/// The default with young and dirty bits merged.
pub(crate) fn merging() -> Config {
    Config { access_bits: AccessBits::Merged, ..Config::default() }
}

/// Counts everything that a count in the snapshot claims to count (INV1, INV2, INV8 to INV10,
/// INV15, INV16, INV20, INV28, INV29).
pub(crate) fn check_counts(snapshot: &Snapshot, config: &Config) {
    let ptes = config.ptes;
    assert_eq!((snapshot.leaked_folios, snapshot.leaked_anon_vmas), (0, 0), "nothing leaks");
    let mut page_maps = vec![0; snapshot.pages.len()];
    let mut entire = vec![0; snapshot.folios.len()];
    let mut refs = vec![0; snapshot.folios.len()];
    let mut rss = [0; 4];
    let mut leaves = [0; 4];
    for entry in &snapshot.entries {
        let pid = entry.pid.index();
        let vma = snapshot.vma_at(entry.pid, entry.vpn).expect("an entry lies in a VMA");
        // Of DEVEXCL it is a kind that changes of protection leave alone (H6).
        let kind_alone = entry.kind == EntryKind::DevExclusive;
        if entry.flags.has(EntryFlags::WRITE) && !kind_alone {
            assert!(vma.flags.has(VmaFlags::WRITE), "INV20 at {entry:?}");
            assert!(entry.kind.names_folio(), "INV7, INV21 at {entry:?}");
            let protected = vma.flags.has(VmaFlags::UFFD_WP);
            assert!(!protected || !entry.flags.has(EntryFlags::UFFD_WP), "INV20 at {entry:?}");
        }
        leaves[pid] += u32::from(entry.kind.is_pmd());
        match entry.kind {
            EntryKind::Migration => rss[pid] += 1,
            EntryKind::MigrationLeaf => rss[pid] += u32::from(ptes),
            EntryKind::DevExclusive if config.dev_exclusive != DevExclusiveMode::Current => {
                // S12: a reference, and no mapping.
                rss[pid] += 1;
                refs[entry.folio as usize] += 1;
            }
            _ => {}
        }
        if !maps(entry, config) {
            continue;
        }
        if config.rmap == RmapScheme::Anonmm {
            anonmm::check_noted_entry(snapshot, vma, entry);
        } else {
            check_device_entry(snapshot, entry);
            check_linked_entry(snapshot, vma, entry);
        }
        refs[entry.folio as usize] += 1;
        if entry.kind.is_pmd() {
            entire[entry.folio as usize] += 1;
            rss[pid] += u32::from(ptes);
        } else {
            let folio = &snapshot.folios[entry.folio as usize];
            page_maps[(folio.first_page + entry.page) as usize] += 1;
            rss[pid] += 1;
        }
    }
    if config.rmap == RmapScheme::Anonmm {
        anonmm::check_records(snapshot);
    }
    check_swap(snapshot);
    check_translations(snapshot);
    for (page, maps) in snapshot.pages.iter().zip(&page_maps) {
        assert_eq!(page.mapcount, *maps, "INV8");
    }
    for (number, folio) in snapshot.folios.iter().enumerate() {
        let pages = snapshot.pages_of(number as u32);
        let ptes: u32 = pages.iter().map(|page| page.mapcount).sum();
        assert_eq!(folio.entire_mapcount, entire[number], "INV8");
        assert_eq!(folio.mapcount, ptes + entire[number], "INV8");
        let grabs = snapshot.handles.iter().filter(|h| h.folio == Some(number as u32)).count();
        assert!(folio.refcount >= refs[number] + grabs as u32, "INV9: {folio:?}");
        if grabs == 0 {
            let number = number as u32;
            let held = snapshot.tokens.iter().filter(|token| match token.kind {
                TokenKind::Isolation => token.folio == Some(number),
                TokenKind::Migration { to, .. } => token.folio == Some(number) || to == number,
                TokenKind::DevExclusive => token.folio == Some(number),
                _ => false,
            });
            let words = snapshot.dev_words.iter().flat_map(|word| [word.from, word.to]);
            let words = words.filter(|name| *name == Some(number));
            let held = held.count() as u32 + words.count() as u32;
            let retired = u32::from(pages.iter().any(|page| page.hwpoison));
            let cached = folio.flags.has(FolioFlags::SWAPCACHE);
            let cache = if cached { folio.order.pages() } else { 0 };
            let expected = refs[number as usize] + held + cache;
            // A small folio may wait in two batches (S14).
            let waiting = if config.lru_batch && folio.order.0 == 0 { 2 } else { 0 };
            let allowed = expected..=expected + retired + waiting;
            assert!(allowed.contains(&folio.refcount), "INV9: {folio:?}");
        }
    }
    for mm in &snapshot.mms {
        assert_eq!(mm.rss_anon, rss[mm.pid.index()], "INV10 of {:?}", mm.pid);
        assert_eq!(mm.deposited, leaves[mm.pid.index()], "INV28 of {:?}", mm.pid);
    }
    for (number, anon_vma) in snapshot.anon_vmas.iter().enumerate() {
        let number = number as u32;
        let active = snapshot.vmas.iter().filter(|vma| vma.anon_vma == number).count() as u32;
        assert_eq!(anon_vma.num_active_vmas, active, "INV29");
        let children = snapshot.anon_vmas.iter().filter(|av| av.parent == number).count() as u32;
        assert_eq!(anon_vma.num_children, children, "INV29");
    }
}

/// What holds of an entry that maps a page, by the anon_vmas of its VMA (INV1, INV2, INV14, INV15).
fn check_linked_entry(snapshot: &Snapshot, vma: &VmaSnap, entry: &EntrySnap) {
    assert_ne!(vma.anon_vma, mm_ops::NO_ANON_VMA, "INV15 at {entry:?}");
    let folio = &snapshot.folios[entry.folio as usize];
    let index = vma.pgoff + (entry.vpn.0 - vma.start.0);
    let page = &snapshot.pages[(folio.first_page + entry.page) as usize];
    if folio.flags.has(FolioFlags::KSM) {
        assert!(!page.exclusive && folio.order.0 == 0, "INV7 at {entry:?}");
    } else {
        assert!(snapshot.avcs_of(vma).contains(&folio.mapping), "INV14 at {entry:?}");
        assert_eq!(index, folio.index + entry.page, "INV14 at {entry:?}");
    }
    if entry.flags.has(EntryFlags::WRITE) {
        assert!(page.exclusive, "INV1 at {entry:?}");
    }
    if page.exclusive {
        let others = if entry.kind.is_pmd() { page.mapcount } else { folio.entire_mapcount };
        let own = if entry.kind.is_pmd() { folio.entire_mapcount } else { page.mapcount };
        assert_eq!((own, others), (1, 0), "INV2 at {entry:?}");
    }
}

/// Counts what the slots and their folios claim (INV5, INV10, INV11, S15).
fn check_swap(snapshot: &Snapshot) {
    for mm in &snapshot.mms {
        let named = |entry: &&EntrySnap| entry.pid == mm.pid && entry.kind == EntryKind::Swap;
        let named = snapshot.entries.iter().filter(named).count() as u32;
        assert_eq!(mm.rss_swap, named, "INV10 of {:?}", mm.pid);
    }
    for entry in snapshot.entries.iter().filter(|entry| entry.kind == EntryKind::Swap) {
        assert!(snapshot.slots.iter().any(|slot| slot.slot == entry.page), "S15: {entry:?}");
    }
    for slot in &snapshot.slots {
        let entries = snapshot.entries.iter();
        let naming: Vec<&EntrySnap> = entries
            .filter(|entry| entry.kind == EntryKind::Swap && entry.page == slot.slot)
            .collect();
        assert_eq!(slot.count, naming.len() as u32, "S15: {slot:?}");
        let exclusive = naming.iter().any(|entry| entry.flags.has(EntryFlags::EXCLUSIVE));
        assert!(!exclusive || slot.count == 1, "E22: {slot:?}");
        let Some(number) = slot.cache else {
            continue;
        };
        let folio = &snapshot.folios[number as usize];
        assert!(folio.flags.has(FolioFlags::SWAPCACHE), "S15: {slot:?}");
        let pages = snapshot.pages_of(number);
        let page = &pages[slot.slot as usize % pages.len()];
        assert!(!exclusive || page.mapcount == 0, "INV5: {slot:?}");
    }
    for (number, folio) in snapshot.folios.iter().enumerate() {
        let slots = snapshot.slots.iter().filter(|slot| slot.cache == Some(number as u32)).count();
        let cached = folio.flags.has(FolioFlags::SWAPCACHE);
        assert_eq!(slots as u32, if cached { folio.order.pages() } else { 0 }, "S15: {folio:?}");
    }
}
