//! How the reference shows its state.

use mm_ops::{
    AnonVmaSnap, EntryFlags, EntryKind, EntrySnap, FolioFlags, FolioSnap, Handle, HandlePage,
    MmSnap, NO_ANON_VMA, PageSnap, Pid, SlotSnap, Snapshot, SnapshotSource, TableSnap, Token,
    TokenKind, TokenSnap, VmaSnap, Vpn,
};

use crate::counts::PIN_BIAS;
use crate::state::{Holding, Mapped, Mm, Pmd, Pte, Reference, Slot, Swapped};

impl Reference {
    /// Writes the whole state over `out`.
    pub fn snapshot(&self, out: &mut Snapshot) {
        out.clear();
        for (pid, mm) in (0u8..).map(Pid).zip(&self.mms).filter(|(_, mm)| mm.alive) {
            let counts = self.tally.mms[pid.index()];
            out.mms.push(MmSnap {
                pid,
                has_pinned: mm.has_pinned,
                rss_anon: counts.rss_anon,
                rss_swap: counts.rss_swap,
                deposited: counts.deposited,
            });
            show_vmas(pid, mm, out);
            self.show_tables(pid, mm, out);
        }
        self.show_holders(out);
        self.show_records(out);
        out.finish(self);
    }

    /// Page tables and their entries.
    fn show_tables(&self, pid: Pid, mm: &Mm, out: &mut Snapshot) {
        let ptes = self.ptes();
        for (block, pmd) in &mm.pmds {
            let start = block * ptes;
            let entry = |vpn: u32, kind, flags, folio, page| EntrySnap {
                pid,
                vpn: Vpn(vpn),
                kind,
                flags,
                folio,
                page,
            };
            match pmd {
                Pmd::Leaf(leaf) => {
                    out.entries.push(entry(start, EntryKind::Leaf, leaf.flags, leaf.folio, 0));
                }
                Pmd::HugeZero(flags) => {
                    out.entries.push(entry(start, EntryKind::HugeZero, *flags, 0, 0));
                }
                Pmd::Migration(leaf) => {
                    let kind = EntryKind::MigrationLeaf;
                    out.entries.push(entry(start, kind, leaf.flags, leaf.folio, 0));
                }
                Pmd::DevPrivate(leaf) => {
                    let kind = EntryKind::DevPrivateLeaf;
                    out.entries.push(entry(start, kind, leaf.flags, leaf.folio, 0));
                }
                Pmd::Table(table) => {
                    out.tables.push(TableSnap { pid, level: 1, vpn: Vpn(start) });
                    for (pte, vpn) in table.iter().zip(start..) {
                        let Some(kind) = kind_of(pte) else { continue };
                        let (flags, folio, page) = match *pte {
                            Pte::Page(Mapped { folio, page, flags })
                            | Pte::Migration(Mapped { folio, page, flags })
                            | Pte::DevPrivate(Mapped { folio, page, flags })
                            | Pte::DevExclusive(Mapped { folio, page, flags })
                            | Pte::Hwpoison(Mapped { folio, page, flags }) => (flags, folio, page),
                            Pte::Swap(Swapped { slot, flags }) => (flags, 0, slot),
                            Pte::Zero(flags) => (flags, 0, 0),
                            Pte::UffdMarker => (EntryFlags::UFFD_WP, 0, 0),
                            Pte::None | Pte::Guard | Pte::Poisoned => (EntryFlags::NONE, 0, 0),
                        };
                        out.entries.push(entry(vpn, kind, flags, folio, page));
                    }
                }
            }
        }
        let span = self.pmd_table_span();
        let tables = mm.pmd_tables.iter();
        out.tables.extend(tables.map(|n| TableSnap { pid, level: 2, vpn: Vpn(n * span) }));
    }

    /// GUP handles and circumstances.
    fn show_holders(&self, out: &mut Snapshot) {
        for (handle, open) in (0u8..).map(Handle).zip(&self.handles) {
            let Some(open) = open else { continue };
            out.handles.extend(open.held.pages.iter().map(|page| HandlePage {
                handle,
                folio: page.map(|(folio, _)| folio),
                page: page.map_or(0, |(_, page)| page),
            }));
        }
        for (token, circumstance) in (0u8..).map(Token).zip(&self.tokens) {
            let Some(held) = circumstance else { continue };
            out.tokens.push(TokenSnap {
                token,
                kind: match &held.holding {
                    Holding::Lock => TokenKind::Lock,
                    Holding::Isolation => TokenKind::Isolation,
                    Holding::Writeback(_) => TokenKind::Writeback,
                    Holding::Migration { to, copied } => {
                        TokenKind::Migration { to: *to, copied: *copied }
                    }
                    Holding::DevMigration(migration) => migration.token_kind(),
                    Holding::DevExclusive => TokenKind::DevExclusive,
                },
                folio: held.folio,
            });
        }
        for ((slot, number), count) in self.slots.iter().zip(0..).zip(&self.tally.slot_counts) {
            let Slot { cache, zero, bad, value } = *slot;
            if *count > 0 || cache.is_some() {
                out.slots.push(SlotSnap { slot: number, count: *count, cache, zero, bad, value });
            }
        }
        out.deferred.extend(&self.deferred);
        self.show_devices(out);
    }
}

/// The kind of an entry that is not NONE.
fn kind_of(pte: &Pte) -> Option<EntryKind> {
    Some(match pte {
        Pte::None => return None,
        Pte::Zero(_) => EntryKind::ZeroPage,
        Pte::Page(_) => EntryKind::Page,
        Pte::Swap(_) => EntryKind::Swap,
        Pte::Migration(_) => EntryKind::Migration,
        Pte::Hwpoison(_) => EntryKind::Hwpoison,
        Pte::Guard => EntryKind::Guard,
        Pte::Poisoned => EntryKind::PoisonMarker,
        Pte::UffdMarker => EntryKind::UffdMarker,
        Pte::DevPrivate(_) => EntryKind::DevPrivate,
        Pte::DevExclusive(_) => EntryKind::DevExclusive,
    })
}

/// VMAs and their anon_vma chains.
fn show_vmas(pid: Pid, mm: &Mm, out: &mut Snapshot) {
    for vma in &mm.vmas {
        out.vmas.push(VmaSnap {
            pid,
            start: Vpn(vma.start),
            end: Vpn(vma.end),
            pgoff: vma.pgoff,
            flags: vma.flags,
            anon_vma: vma.anon_vma.unwrap_or(NO_ANON_VMA),
            avcs_start: out.avcs.len() as u32,
            avcs_len: vma.avcs.len() as u32,
        });
        out.avcs.extend(&vma.avcs);
    }
}

impl SnapshotSource for Reference {
    fn folio(&self, raw: u32, pages: &mut Vec<PageSnap>) -> FolioSnap {
        let folio = self.folio(raw);
        let counts = self.tally.folios[raw as usize];
        let first_page = pages.len();
        for (at, page) in folio.pages.iter().enumerate() {
            let mapcount = self.tally.page_mapcounts[counts.first_page + at];
            // PAE means something where a PTE maps the page, or keeps it for a device, and on the head
            // of a PMD map.
            let kept = self.tally.unmapped_exclusives[counts.first_page + at];
            let meant = mapcount > 0 || kept || at == 0 && counts.entire_mapcount > 0;
            let exclusive = page.exclusive && meant;
            let (value, hwpoison) = (page.value, page.hwpoison);
            pages.push(PageSnap { mapcount, exclusive, value, hwpoison });
        }
        let per_pin = if folio.large() { 1 } else { PIN_BIAS };
        let flags = folio
            .flags
            .with_if(FolioFlags::LOCKED, self.locked(raw))
            .with_if(FolioFlags::SWAPCACHE, counts.cached > 0)
            .with_if(FolioFlags::WRITEBACK, self.under_writeback(raw))
            .with_if(FolioFlags::DEFERRED, self.deferred.contains(&raw));
        let reachable = counts.mapcount > 0 || counts.named;
        let mapping = if self.has_anonmm() {
            folio.mapping.and_then(|id| self.place_of_record(id)).map(|place| place as u32)
        } else {
            folio.mapping
        };
        let place = mapping.filter(|_| reachable && !flags.has(FolioFlags::KSM));
        FolioSnap {
            order: folio.order,
            flags,
            refcount: counts.mapcount
                + counts.cached
                + counts.gets
                + counts.pins * per_pin
                + counts.isolations
                + counts.batched
                + counts.unmapped_exclusives
                + u32::from(folio.poison_held),
            pincount: if folio.large() { counts.pins } else { 0 },
            mapcount: counts.mapcount,
            entire_mapcount: counts.entire_mapcount,
            mm_slots: folio.slots,
            mapping: place.unwrap_or(NO_ANON_VMA),
            index: if place.is_some() { folio.index } else { 0 },
            first_page: first_page as u32,
        }
    }

    fn frames(&self, raw: u32, names: &mut Vec<u32>) {
        let folio = self.folio(raw);
        names.extend(folio.first_frame..folio.first_frame + folio.nr_pages());
    }

    fn anon_vma(&self, raw: u32) -> AnonVmaSnap {
        let anon_vma = self.anon_vmas[raw as usize];
        AnonVmaSnap {
            root: anon_vma.root,
            parent: anon_vma.parent,
            num_children: self.num_children(raw),
            num_active_vmas: self.num_active_vmas(raw),
        }
    }

    fn live_folios(&self) -> usize {
        // What a batch alone keeps will go with it, what memory failure alone keeps never will: neither
        // is a leak. A lock that names it brings it into the snapshot.
        let counted = |id: &usize| {
            let counts = self.tally.folios[*id];
            let kept = counts.batched > 0 || self.folios[*id].poison_held;
            !(kept && counts.forgotten()) || self.locked(*id as u32)
        };
        (0..self.folios.len()).filter(|id| self.folios[*id].live).filter(counted).count()
    }

    fn live_anon_vmas(&self) -> usize {
        self.anon_vmas.iter().filter(|av| av.live).count() + self.live_records()
    }
}
