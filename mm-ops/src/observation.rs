//! What userspace could see of a subject. Unlike a snapshot it says nothing of mechanism, so any
//! memory manager, and the running kernel, can be asked for it.

use crate::call::Prot;
use crate::flags::{EntryFlags, FolioFlags, VmaFlags};
use crate::ids::{Pid, Value, Vpn};
use crate::snapshot::{EntryKind, Snapshot};

/// Which columns of [`PageView`] a subject can fill. `value` is always compared, and what the VMAs cover with
/// which rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Sees {
    /// [`PageView::state`] and [`PageView::uffd_wp`].
    pub state: bool,
    /// [`PageView::frame`].
    pub frames: bool,
    /// [`PageView::mapcount`].
    pub mapcounts: bool,
    /// Where each VMA begins and ends, also where it touches one of the same rights: what merges (L10) and
    /// splits (L11) show.
    pub vma_bounds: bool,
}

/// Whether something is mapped at a page, as pagemap would tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum PageState {
    /// Nothing (or the subject cannot tell).
    #[default]
    Nothing,
    /// A page of its own or shared.
    Page,
    /// The same, mapped by a PMD.
    PageByPmd,
    /// The zero page.
    ZeroPage,
    /// The huge zero folio, mapped by a PMD.
    HugeZero,
    /// A guard region.
    Guard,
    /// Neither present nor empty: swapped out, under migration, a device's, poisoned, or a marker.
    Swapped,
    /// Swapped out, and in the swap cache still or again, as mincore tells.
    SwapCached,
}

/// Marks "no frame" in [`PageView::frame`].
pub const NO_FRAME: u32 = u32::MAX;
/// Stands in [`PageView::value`] where a subject shows that something is there, and cannot see what it holds.
/// No program can write it.
pub const UNSEEN: Value = Value { label: u8::MAX, stamp: u16::MAX - 1 };
/// Marks "no frame" in [`Observation::names`].
pub const NO_NAME: u64 = u64::MAX;

/// One page somebody could look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageView {
    /// Whose.
    pub pid: Pid,
    /// Which.
    pub vpn: Vpn,
    /// What a read would return; zero where nothing is mapped.
    pub value: Value,
    /// What is mapped.
    pub state: PageState,
    /// Equal numbers: the same physical page. Numbered by first appearance.
    pub frame: u32,
    /// How many entries map the page (S9).
    pub mapcount: u32,
    /// Write-protected by userfaultfd: the uffd-wp bit of whatever entry is there, as pagemap shows it (H7).
    pub uffd_wp: bool,
}

impl PageView {
    /// A page of which no more is seen than what a read would return.
    #[must_use]
    pub const fn of_value(pid: Pid, vpn: Vpn, value: Value) -> Self {
        Self {
            pid,
            vpn,
            value,
            state: PageState::Nothing,
            frame: NO_FRAME,
            mapcount: 0,
            uffd_wp: false,
        }
    }
}

/// What /proc/kpageflags tells of the folio of a page; all false for a page without a folio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FolioView {
    /// The page is anonymous memory.
    pub anon: bool,
    /// The folio has several pages.
    pub large: bool,
    /// The page is the first of several.
    pub head: bool,
    /// Clear means lazyfree (or DROPPABLE).
    pub swapbacked: bool,
    /// The folio's own dirty flag.
    pub dirty: bool,
    /// On an LRU list.
    pub lru: bool,
    /// A page that KSM merged.
    pub ksm: bool,
}

/// A mapping, as /proc/pid/maps shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmaView {
    /// Whose.
    pub pid: Pid,
    /// First page.
    pub start: Vpn,
    /// First page behind it.
    pub end: Vpn,
    /// Rights.
    pub prot: Prot,
}

/// See the module documentation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Observation {
    /// Which columns are filled.
    pub sees: Sees,
    /// Mappings by (pid, start). Adjacent mappings may be listed merged or apart; they are compared
    /// by what they cover.
    pub vmas: Vec<VmaView>,
    /// Pages by (pid, vpn). A page with nothing mapped and value zero may be left out.
    pub pages: Vec<PageView>,
    /// The folio of each of `pages`; empty where the subject cannot tell.
    pub folios: Vec<FolioView>,
    /// The subject's own name of the frame of each of `pages` (or [`NO_NAME`]), which a frame keeps
    /// while anything uses it: from one observation to the next it tells whether a page changed its
    /// frame. Empty where the subject cannot tell.
    pub names: Vec<u64>,
}

impl Observation {
    /// Empties every list, keeping their memory.
    pub fn clear(&mut self) {
        self.sees = Sees::default();
        self.vmas.clear();
        self.pages.clear();
        self.folios.clear();
        self.names.clear();
    }

    /// What userspace could see of a subject in this state.
    pub fn fill_from(&mut self, snapshot: &Snapshot, ptes: u16) {
        self.clear();
        self.sees = Sees { state: true, frames: true, mapcounts: true, vma_bounds: true };
        self.vmas.extend(snapshot.vmas.iter().map(|vma| VmaView {
            pid: vma.pid,
            start: vma.start,
            end: vma.end,
            prot: Prot {
                read: vma.flags.has(VmaFlags::READ),
                write: vma.flags.has(VmaFlags::WRITE),
            },
        }));
        // The number of a frame is the position of its first appearance, so that it depends on
        // nothing but what is seen.
        let mut frames = vec![NO_FRAME; snapshot.pages.len()];
        let mut next_frame = 0;
        for entry in &snapshot.entries {
            let pages = if entry.kind.is_pmd() { u32::from(ptes) } else { 1 };
            for offset in 0..pages {
                let mut view = PageView {
                    pid: entry.pid,
                    vpn: Vpn(entry.vpn.0 + offset),
                    value: snapshot.value_behind(entry, offset),
                    state: match entry.kind {
                        EntryKind::Page => PageState::Page,
                        EntryKind::Leaf => PageState::PageByPmd,
                        EntryKind::ZeroPage => PageState::ZeroPage,
                        EntryKind::HugeZero => PageState::HugeZero,
                        EntryKind::Guard => PageState::Guard,
                        EntryKind::Swap if snapshot.is_cached(entry.page) => PageState::SwapCached,
                        EntryKind::Swap
                        | EntryKind::Migration
                        | EntryKind::MigrationLeaf
                        | EntryKind::Hwpoison
                        | EntryKind::UffdMarker
                        | EntryKind::DevPrivate
                        | EntryKind::DevPrivateLeaf
                        | EntryKind::DevExclusive
                        | EntryKind::PoisonMarker => PageState::Swapped,
                    },
                    frame: NO_FRAME,
                    mapcount: 0,
                    uffd_wp: entry.flags.has(EntryFlags::UFFD_WP),
                };
                let (mut folio_view, mut name) = (FolioView::default(), NO_NAME);
                if entry.kind.maps_folio() {
                    let folio = &snapshot.folios[entry.folio as usize];
                    let at = (folio.first_page + entry.page + offset) as usize;
                    let page = &snapshot.pages[at];
                    if frames[at] == NO_FRAME {
                        frames[at] = next_frame;
                        next_frame += 1;
                    }
                    name = snapshot.frames.0.get(at).map_or(NO_NAME, |name| u64::from(*name));
                    view.frame = frames[at];
                    view.mapcount = page.mapcount + folio.entire_mapcount;
                    let large = folio.order.0 > 0;
                    folio_view = FolioView {
                        anon: true,
                        large,
                        head: large && entry.page + offset == 0,
                        swapbacked: folio.flags.has(FolioFlags::SWAPBACKED),
                        dirty: folio.flags.has(FolioFlags::DIRTY),
                        lru: folio.flags.has(FolioFlags::LRU),
                        ksm: folio.flags.has(FolioFlags::KSM),
                    };
                }
                self.pages.push(view);
                self.folios.push(folio_view);
                self.names.push(name);
            }
        }
    }
}
