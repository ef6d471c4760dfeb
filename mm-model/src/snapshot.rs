//! The state as a snapshot: tables are walked in address order, and folios and anon_vmas are
//! described when asked for. Nothing is judged here.

use crate::circumstances::Held;
use crate::entry::{Entry, Pfn};
use crate::gup::ZERO_FRAME;
use crate::model::Model;
use crate::rmap_walk::Want;
use mm_ops::{
    AnonVmaSnap, EntryKind, EntrySnap, FolioFlags, FolioSnap, Handle, HandlePage, MmSnap,
    NO_ANON_VMA, Order, PageSnap, Pid, SlotSnap, Snapshot, SnapshotSource, TableSnap, Token,
    TokenKind, TokenSnap, VmaSnap, Vpn,
};

impl Model {
    /// Writes the whole state over `out`.
    pub(crate) fn fill_snapshot(&self, out: &mut Snapshot) {
        out.clear();
        for (number, mm) in self.mms.iter().enumerate().filter(|(_, mm)| mm.alive) {
            let pid = Pid(number as u8);
            out.mms.push(MmSnap {
                pid,
                has_pinned: mm.has_pinned,
                rss_anon: mm.rss,
                rss_swap: mm.swapents,
                deposited: mm.deposited.len() as u32,
            });
            self.snapshot_vmas(pid, out);
            self.snapshot_tables(pid, out);
        }
        self.snapshot_handles(out);
        self.snapshot_tokens(out);
        self.snapshot_devices(out);
        out.slots.extend(self.swap.used().map(|(number, slot)| SlotSnap {
            slot: number,
            count: slot.count,
            cache: slot.cache,
            zero: slot.zero,
            bad: slot.bad,
            value: slot.value,
        }));
        out.deferred.extend(self.folios.queued());
        let retired = self.count_retired(out);
        // Older kernels take the mapping of a DEVEXCL page away, and leave it exclusive (O3, O4).
        let unmapped = if self.exclusive_maps() { Vec::new() } else { exclusive_pages(self, out) };
        let records = self.snapshot_records(out);
        out.finish(&Described { model: self, retired, unmapped, records });
    }

    /// The records of the anonmm scheme; answers the place of each in the list, by its number.
    fn snapshot_records(&self, out: &mut Snapshot) -> Vec<u32> {
        (out.mremap_cows, out.rmap_warnings) = (self.anonmms.cows, self.anonmms.warnings);
        let mut places = Vec::new();
        for (number, place) in self.anonmms.list().zip(0..) {
            out.anonmms.push(self.anonmms.describe(number));
            if places.len() <= number as usize {
                places.resize(number as usize + 1, NO_ANON_VMA);
            }
            places[number as usize] = place;
        }
        places
    }

    fn snapshot_devices(&self, out: &mut Snapshot) {
        for (number, held) in self.tokens.iter().enumerate() {
            if let Some(Held::DevMigration(migration)) = held.as_ref().map(|held| &held.held) {
                out.dev_words.extend(migration.snapshot(Token(number as u8)));
            }
        }
        out.dev_maps.extend(self.device_maps());
        out.events.extend(self.devices.events());
    }

    fn snapshot_vmas(&self, pid: Pid, out: &mut Snapshot) {
        for vma in &self.mms[pid.index()].vmas {
            let avcs_start = out.avcs.len() as u32;
            out.avcs.extend(vma.avcs.iter().rev());
            out.vmas.push(VmaSnap {
                pid,
                start: Vpn(vma.start),
                end: Vpn(vma.end),
                pgoff: vma.pgoff,
                flags: vma.flags,
                anon_vma: vma.anon_vma,
                avcs_start,
                avcs_len: vma.avcs.len() as u32,
            });
        }
    }

    /// Entries and tables. Tables are listed by level first, so the PMD tables take a second,
    /// short pass over the top table.
    fn snapshot_tables(&self, pid: Pid, out: &mut Snapshot) {
        let shift = self.geometry.shift;
        let top = self.tables.all(self.mms[pid.index()].top);
        let spans = || top.iter().enumerate().filter(|(_, entry)| !entry.is_none());
        for (index, entry) in spans() {
            self.snapshot_pmds(pid, (index as u32) << (2 * shift), entry.table_number(), out);
        }
        for (index, _) in spans() {
            let vpn = Vpn((index as u32) << (2 * shift));
            out.tables.push(TableSnap { pid, level: 2, vpn });
        }
    }

    fn snapshot_pmds(&self, pid: Pid, start: u32, table: u32, out: &mut Snapshot) {
        let shift = self.geometry.shift;
        for (index, entry) in self.tables.all(table).iter().enumerate() {
            let start = start + ((index as u32) << shift);
            if entry.is_table() {
                out.tables.push(TableSnap { pid, level: 1, vpn: Vpn(start) });
                for (index, entry) in self.tables.all(entry.table_number()).iter().enumerate() {
                    self.snapshot_entry(pid, start + index as u32, *entry, out);
                }
            } else {
                self.snapshot_entry(pid, start, *entry, out);
            }
        }
    }

    #[inline]
    fn snapshot_entry(&self, pid: Pid, vpn: u32, entry: Entry, out: &mut Snapshot) {
        let Some(kind) = entry.kind() else {
            return;
        };
        let (mut folio, mut page) = (0, 0);
        if entry.has_frame() {
            folio = self.folios.of(entry.pfn());
            page = self.page_of(entry.pfn());
        } else if entry.is_swap() {
            page = entry.swap_slot();
        }
        out.entries.push(EntrySnap { pid, vpn: Vpn(vpn), kind, flags: entry.flags(), folio, page });
    }

    fn snapshot_handles(&self, out: &mut Snapshot) {
        for (number, handle) in self.handles.iter().enumerate().filter(|(_, h)| h.is_open()) {
            out.handles.extend(handle.pages.iter().map(|&pfn| {
                let handle = Handle(number as u8);
                if pfn == ZERO_FRAME {
                    return HandlePage { handle, folio: None, page: 0 };
                }
                let folio = Some(self.folios.of(pfn));
                HandlePage { handle, folio, page: self.page_of(pfn) }
            }));
        }
    }

    /// Which page of its folio a frame is. A fault may leave a frame whose folio is gone; it is
    /// shown as some page of what is there now.
    pub(crate) fn page_of(&self, pfn: u32) -> u32 {
        let folio = &self.folios[self.folios.of(pfn)];
        debug_assert!(self.is_faulty() || pfn - folio.head < folio.pages());
        pfn.wrapping_sub(folio.head) & (folio.pages() - 1)
    }

    /// Folios that only their poison keeps, and nothing in the snapshot names.
    fn count_retired(&self, out: &Snapshot) -> usize {
        let is_named = |id: u32| {
            let by_entry =
                out.entries.iter().any(|e| e.kind == EntryKind::Hwpoison && e.folio == id);
            let by_token = out.tokens.iter().any(|token| match token.kind {
                TokenKind::Migration { to, .. } => token.folio == Some(id) || to == id,
                _ => token.folio == Some(id),
            });
            let words = out.dev_words.iter();
            let by_word = words.flat_map(|word| [word.from, word.to]).any(|name| name == Some(id));
            by_entry || by_token || by_word
        };
        self.folios.retired().filter(|id| !is_named(*id)).count()
    }

    /// Whether entries name a folio that none maps.
    fn is_named(&self, id: u32) -> bool {
        let migrating = self.tokens.iter().flatten().any(|held| match &held.held {
            Held::Migration { .. } => held.folio == Some(id),
            Held::DevMigration(migration) => migration.has_source(id),
            _ => false,
        });
        let cached = self.folios[id].flags.has(FolioFlags::SWAPCACHE);
        (migrating && self.any_in_rmap(id, Want::Migrating))
            || (cached && self.is_swapped(id))
            || self.is_exclusive_unmapped(id)
    }

    fn snapshot_tokens(&self, out: &mut Snapshot) {
        let held = self.tokens.iter().enumerate();
        out.tokens.extend(held.filter_map(|(number, held)| {
            let held = held.as_ref()?;
            let token = Token(number as u8);
            Some(TokenSnap {
                token,
                kind: match &held.held {
                    Held::Lock => TokenKind::Lock,
                    Held::Isolation => TokenKind::Isolation,
                    Held::Writeback(_) => TokenKind::Writeback,
                    Held::Migration { to, copied } => {
                        TokenKind::Migration { to: *to, copied: *copied }
                    }
                    Held::DevMigration(migration) => {
                        let (device, pid, range, paged) = migration.describe();
                        TokenKind::DevMigration { device, pid, range, paged }
                    }
                    Held::DevExclusive => TokenKind::DevExclusive,
                },
                folio: held.folio,
            })
        }));
    }
}

/// Pages that DEVEXCL entries name.
fn exclusive_pages(model: &Model, out: &Snapshot) -> Vec<Pfn> {
    let named = out.entries.iter().filter(|entry| entry.kind == EntryKind::DevExclusive);
    named.map(|entry| model.folios[entry.folio].head + entry.page).collect()
}

/// The model as the source of a snapshot.
struct Described<'a> {
    model: &'a Model,
    /// See [`Model::count_retired`].
    retired: usize,
    /// Pages that DEVEXCL entries name without mapping them.
    unmapped: Vec<Pfn>,
    /// Of each record of the anonmm scheme its place in the list.
    records: Vec<u32>,
}

impl Described<'_> {
    /// How a snapshot names what a folio names: of a record the place in the list.
    fn name_of(&self, mapping: u32) -> u32 {
        if !self.model.is_anonmm() {
            return mapping;
        }
        self.records.get(mapping as usize).copied().unwrap_or(NO_ANON_VMA)
    }
}

impl SnapshotSource for Described<'_> {
    fn folio(&self, raw: u32, pages: &mut Vec<PageSnap>) -> FolioSnap {
        let model = self.model;
        let folio = &model.folios[raw];
        let frames = folio.head as usize..(folio.head + folio.pages()) as usize;
        let mapcounts = model.folios.page_mapcounts(raw);
        let counts = mapcounts.zip(&model.folios.value[frames]);
        pages.extend(counts.zip(folio.head..).map(|((mapcount, &value), pfn)| {
            let counts = mapcount > 0
                || (pfn == folio.head && folio.entire > 0)
                || self.unmapped.contains(&pfn);
            PageSnap {
                mapcount,
                exclusive: counts && model.folios.exclusive.get(pfn),
                value,
                hwpoison: model.folios.poisoned.get(pfn),
            }
        }));
        let mapcount = model.folios.mapcount_of(raw);
        let placed = !folio.flags.has(FolioFlags::KSM)
            && folio.mapping != NO_ANON_VMA
            && (mapcount > 0 || model.is_named(raw));
        FolioSnap {
            order: Order(folio.order),
            flags: folio.flags,
            refcount: folio.refs,
            pincount: folio.pins,
            mapcount,
            entire_mapcount: folio.entire,
            mm_slots: std::array::from_fn(|at| (folio.slot_pids[at], folio.slot_counts[at])),
            mapping: if placed { self.name_of(folio.mapping) } else { NO_ANON_VMA },
            index: if placed { folio.index } else { 0 },
            first_page: 0,
        }
    }

    fn frames(&self, raw: u32, names: &mut Vec<u32>) {
        let folio = &self.model.folios[raw];
        names.extend(folio.head..folio.head + folio.pages());
    }

    fn anon_vma(&self, raw: u32) -> AnonVmaSnap {
        let anon_vma = &self.model.anon_vmas[raw];
        AnonVmaSnap {
            root: anon_vma.root,
            parent: anon_vma.parent,
            num_children: anon_vma.num_children,
            num_active_vmas: anon_vma.num_active_vmas,
        }
    }

    fn live_folios(&self) -> usize {
        let hidden = self.retired + self.model.only_waiting();
        self.model.folios.live().saturating_sub(hidden)
    }

    fn live_anon_vmas(&self) -> usize {
        if self.model.is_anonmm() {
            return self.model.anonmms.live();
        }
        self.model.anon_vmas.live()
    }
}
