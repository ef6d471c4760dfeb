//! How the reference shows its state.

use mm_ops::{
    AnonVmaSnap, EntryFlags, EntryKind, EntrySnap, FolioFlags, FolioSnap, Handle, HandlePage,
    MmSnap, NO_ANON_VMA, PageSnap, Pid, Snapshot, SnapshotSource, TableSnap, Token, TokenSnap,
    VmaSnap, Vpn,
};

use crate::counts::PIN_BIAS;
use crate::state::{Mapped, Mm, Pmd, Pte, Reference};

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
                deposited: counts.deposited,
            });
            show_vmas(pid, mm, out);
            self.show_tables(pid, mm, out);
        }
        self.show_holders(out);
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
                Pmd::Table(table) => {
                    out.tables.push(TableSnap { pid, level: 1, vpn: Vpn(start) });
                    for (pte, vpn) in table.iter().zip(start..) {
                        out.entries.push(match pte {
                            Pte::None => continue,
                            Pte::Guard => entry(vpn, EntryKind::Guard, EntryFlags::NONE, 0, 0),
                            Pte::Zero(flags) => entry(vpn, EntryKind::ZeroPage, *flags, 0, 0),
                            Pte::Page(Mapped { folio, page, flags }) => {
                                entry(vpn, EntryKind::Page, *flags, *folio, *page)
                            }
                        });
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
            let pages = open.iter().flat_map(|open| &open.held.pages);
            out.handles.extend(pages.map(|page| HandlePage {
                handle,
                folio: page.map(|(folio, _)| folio),
                page: page.map_or(0, |(_, page)| page),
            }));
        }
        for (token, circumstance) in (0u8..).map(Token).zip(&self.tokens) {
            out.tokens.extend(circumstance.map(|held| TokenSnap {
                token,
                isolation: held.isolation,
                folio: held.folio,
            }));
        }
    }
}

/// VMAs and their anon_vma chains.
fn show_vmas(pid: Pid, mm: &Mm, out: &mut Snapshot) {
    for vma in &mm.vmas {
        out.vmas.push(VmaSnap {
            pid,
            start: Vpn(vma.start),
            end: Vpn(vma.end),
            pgoff: vma.start,
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
            // PAE means something where a PTE maps the page, and on the head of a PMD map.
            let meant = mapcount > 0 || at == 0 && counts.entire_mapcount > 0;
            let exclusive = page.exclusive && meant;
            pages.push(PageSnap { mapcount, exclusive, value: page.value });
        }
        let per_pin = if folio.large() { 1 } else { PIN_BIAS };
        let mapped = counts.mapcount > 0;
        FolioSnap {
            order: folio.order,
            flags: folio.flags.with_if(FolioFlags::LOCKED, self.locked(raw)),
            refcount: counts.mapcount + counts.gets + counts.pins * per_pin + counts.isolations,
            pincount: if folio.large() { counts.pins } else { 0 },
            mapcount: counts.mapcount,
            entire_mapcount: counts.entire_mapcount,
            mm_slots: folio.slots,
            mapping: if mapped { folio.mapping } else { NO_ANON_VMA },
            index: if mapped { folio.index } else { 0 },
            first_page: first_page as u32,
        }
    }

    fn frames(&self, raw: u32, names: &mut Vec<u32>) {
        names.extend(&self.folio(raw).frames);
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
        self.folios.iter().filter(|folio| folio.live).count()
    }

    fn live_anon_vmas(&self) -> usize {
        self.anon_vmas.iter().filter(|av| av.live).count()
    }
}
