//! MREMAP_RELOCATE_ANON, as proposed (rulebook JR1 to JR16): pages that move get the index and the
//! anon_vma of their new place, so that the VMA there can merge with its neighbours. What an
//! ordinary move does with VMAs and page tables is in [`crate::mremap`].
//!
//! Of the designs of JR15 those that differ in what comes of them are here: whether pins matter, and
//! whether leaves are relocated. How a folio is found, and by which steps it is rewritten, is a
//! matter of the subject; here one entry is treated after the other (JR12 to JR14).

use mm_ops::{AllocKind, Errno, Pid, RelocateDesign, Vpn};

use crate::circumstances::NoMemory;
use crate::counts::Mapping;
use crate::coverage::rule;
use crate::mremap::Move;
use crate::state::{AvId, FolioId, Leaf, Mapped, PmdKind, Pte, Reference, Swapped, Vma};

/// Why a relocation came to nothing. All is as it was, but for folios that were split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// The pages cannot be relocated.
    Unable,
    /// They could be, but there was no memory for the page tables of their new place.
    NoTables,
}

use Failure::{NoTables, Unable};

/// What a folio was before it was rewritten (JR14).
#[derive(Clone, Copy, Debug)]
struct Rewritten {
    folio: FolioId,
    mapping: Option<AvId>,
    index: u32,
}

/// Whether, and in which order.
impl Reference {
    /// JR1: moves a part of one VMA and relocates its pages. `false`: nothing was done, and the part is
    /// to be moved as always, because that is as good, or because it may be and this cannot be.
    pub(crate) fn relocate(&mut self, pid: Pid, wanted: Move, source: &Vma) -> Result<bool, Errno> {
        if self.is_relocated_by_moving(pid, wanted, source) {
            return Ok(false);
        }
        match self.try_to_relocate(pid, wanted, source) {
            Ok(()) => Ok(true),
            Err(NoTables) => Err(Errno::ENOMEM),
            Err(Unable) if wanted.flags.must_relocate => {
                rule!(self.coverage, JR1, 3);
                Err(Errno::EFAULT)
            }
            Err(Unable) => {
                rule!(self.coverage, JR1, 4);
                Ok(false)
            }
        }
    }

    /// JR1: whether there is nothing to relocate, or nothing to gain: the VMA was never faulted, or it
    /// merges at its new place as it is.
    fn is_relocated_by_moving(&mut self, pid: Pid, wanted: Move, source: &Vma) -> bool {
        if source.anon_vma.is_none() {
            rule!(self.coverage, JR1, 1);
            return true;
        }
        let merges = self.would_merge(pid, &wanted.copy_of(source));
        if merges {
            rule!(self.coverage, JR1, 2);
        }
        merges
    }

    /// JR12, in its order.
    fn try_to_relocate(&mut self, pid: Pid, wanted: Move, source: &Vma) -> Result<(), Failure> {
        self.check_family(source)?;
        self.split_what_does_not_fit(pid, wanted)?;
        self.place_own_vma(pid, wanted, source).map_err(|NoMemory| {
            rule!(self.coverage, JR12, 2);
            Unable
        })?;
        self.lock_both_roots(pid, wanted);
        let mut rewritten = Vec::new();
        let mut done = self.rewrite_range(pid, wanted, &mut rewritten);
        if done.is_ok() {
            rule!(self.coverage, JR10);
            // Pins were tested, nothing has moved (JR8).
            self.between_steps();
            done = self.move_entries(pid, wanted, source).map_err(|NoMemory| NoTables);
        }
        if let Err(failure) = done {
            rule!(self.coverage, JR9, u8::from(failure == NoTables));
            self.undo(rewritten);
        }
        self.unlock_roots();
        if done.is_ok() {
            rule!(self.coverage, JR12, 3);
            self.merge_in_place(pid, wanted.to);
        } else {
            let _ = self.unmap(pid, wanted.destination());
        }
        done
    }

    /// JR2: nobody but this process can map pages of the VMA's anon_vma.
    fn check_family(&mut self, source: &Vma) -> Result<(), Failure> {
        let alone = match source.avcs[..] {
            [only] => self.num_children(only) == 1,
            _ => false,
        };
        rule!(self.coverage, JR2, u8::from(alone));
        if alone { Ok(()) } else { Err(Unable) }
    }

    /// JR3: the VMA at the new place, with the index of that place and an anon_vma by L1; it merges
    /// with nothing yet. Without memory there is none.
    fn place_own_vma(&mut self, pid: Pid, wanted: Move, source: &Vma) -> Result<(), NoMemory> {
        let Move { to, new_len, .. } = wanted;
        self.try_allocate(AllocKind::Vma, pid, to)?;
        let (start, end, pgoff, linked) = (to, to + new_len, to, 0);
        let (anon_vma, avcs) = (None, Vec::new());
        let new = Vma { start, end, pgoff, anon_vma, avcs, linked, ..*source };
        let at = self.mm(pid).vmas.partition_point(|vma| vma.start < to);
        self.mm_mut(pid).vmas.insert(at, new);
        let lent = self.neighbours_anon_vma(pid, at);
        if let Err(NoMemory) = self.allocate_anon_vma(pid, to, lent.is_none()) {
            self.mm_mut(pid).vmas.remove(at);
            return Err(NoMemory);
        }
        rule!(self.coverage, JR3, u8::from(lent.is_some()));
        let av = lent.unwrap_or_else(|| self.new_anon_vma(None));
        let vma = &mut self.mm_mut(pid).vmas[at];
        vma.anon_vma = Some(av);
        vma.avcs = vec![av];
        self.relink(pid, at);
        Ok(())
    }

    fn allocate_anon_vma(&mut self, pid: Pid, place: u32, own: bool) -> Result<(), NoMemory> {
        if own {
            self.try_allocate(AllocKind::AnonVma, pid, place)?;
        }
        self.try_allocate(AllocKind::Avc, pid, place)
    }

    /// JR4: until the entries are where the folios say, nobody walks.
    fn lock_both_roots(&mut self, pid: Pid, wanted: Move) {
        let av_at = |vpn| self.vma(pid, Vpn(vpn)).and_then(|vma| vma.anon_vma);
        let one = av_at(wanted.from) == av_at(wanted.to);
        rule!(self.coverage, JR4, u8::from(one));
        self.lock_roots();
    }
}

/// Large folios.
impl Reference {
    /// JR12: a large folio that cannot be relocated whole is split into pages before any root is
    /// locked. It stays split, whatever becomes of the relocation.
    fn split_what_does_not_fit(&mut self, pid: Pid, wanted: Move) -> Result<(), Failure> {
        let range = wanted.from..wanted.from + wanted.old_len;
        for vpn in self.present_blocks(pid, range).into_iter().flatten() {
            let Some(folio) = self.mapped_folio(pid, vpn) else { continue };
            if !self.folio(folio).large() || self.fits(pid, vpn, wanted) {
                continue;
            }
            if self.locked(folio) || !self.split_folio(folio) {
                rule!(self.coverage, JR12, 1);
                return Err(Unable);
            }
            rule!(self.coverage, JR12, 0);
        }
        Ok(())
    }

    /// JR16: whether the large folio mapped here has all its pages, mapped or not, in the range that
    /// moves, and all its mappings, and no page that is to come back from swap on its own.
    fn fits(&mut self, pid: Pid, vpn: u32, wanted: Move) -> bool {
        let (start, end) = (i64::from(wanted.from), i64::from(wanted.from + wanted.old_len));
        let Some(folio) = self.mapped_folio(pid, vpn) else { return true };
        let first = i64::from(vpn) - i64::from(self.page_at(pid, vpn));
        let inside = start <= first && first + i64::from(self.folio(folio).nr_pages()) <= end;
        let moves = |mapping: &Mapping| {
            let vpn = i64::from(mapping.vpn);
            mapping.pid == pid && start <= vpn && vpn < end
        };
        let here = self.mappings(folio).filter(moves).count() as u32;
        // A page that is exclusive to a device may have given its mapping up, and gets it back (O8).
        let given_up =
            self.unmapped_exclusives(folio) == 0 || self.exclusives_lie_in(folio, pid, wanted);
        let whole = self.cached_slots(folio).all(|slot| self.slot_count(slot) == 0);
        let fits = inside && given_up && whole && here == self.mapcount(folio);
        rule!(self.coverage, JR16, u8::from(fits));
        fits
    }
}

impl Reference {
    /// Whether all DEVEXCL entries of the folio are in the range that moves.
    fn exclusives_lie_in(&self, folio: FolioId, pid: Pid, wanted: Move) -> bool {
        let range = wanted.from..wanted.from + wanted.old_len;
        let names = |vpn: &u32| matches!(self.pte(pid, *vpn), Pte::DevExclusive(entry) if entry.folio == folio);
        range.filter(names).count() as u32 == self.unmapped_exclusives(folio)
    }
}

/// Rewriting.
impl Reference {
    /// JR13: every entry of the range, ascending; the first that cannot be relocated ends it.
    fn rewrite_range(
        &mut self,
        pid: Pid,
        wanted: Move,
        rewritten: &mut Vec<Rewritten>,
    ) -> Result<(), Failure> {
        if self.config.relocate != RelocateDesign::default() {
            rule!(self.coverage, JR15, self.config.relocate as u8);
        }
        let range = wanted.from..wanted.from + wanted.old_len;
        for block in self.present_blocks(pid, range) {
            match self.pmd(pid, block.start) {
                PmdKind::None | PmdKind::HugeZero(_) => {}
                PmdKind::Migration(_) => {
                    rule!(self.coverage, JR7, 0);
                    return Err(Unable);
                }
                PmdKind::Leaf(_) | PmdKind::DevPrivate(_)
                    if self.config.relocate == RelocateDesign::PmdFail =>
                {
                    rule!(self.coverage, JR13, 0);
                    return Err(Unable);
                }
                PmdKind::Leaf(Leaf { folio, .. }) | PmdKind::DevPrivate(Leaf { folio, .. }) => {
                    self.between_steps();
                    rule!(self.coverage, JR13, 1);
                    self.rewrite_mapped(pid, wanted, (block.start, folio, 0), rewritten)?;
                }
                PmdKind::Table => {
                    for vpn in block {
                        self.rewrite_entry(pid, wanted, vpn, rewritten)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn rewrite_entry(
        &mut self,
        pid: Pid,
        wanted: Move,
        vpn: u32,
        rewritten: &mut Vec<Rewritten>,
    ) -> Result<(), Failure> {
        match self.pte(pid, vpn) {
            Pte::None => Ok(()),
            Pte::Zero(_) | Pte::Hwpoison(_) | Pte::Guard | Pte::Poisoned | Pte::UffdMarker => {
                rule!(self.coverage, JR13, 2);
                Ok(())
            }
            // What KSM left in a device's memory has no index (J4 does not find it).
            Pte::DevPrivate(Mapped { folio, .. }) if self.is_ksm(folio) => Ok(()),
            Pte::Page(Mapped { folio, page, .. })
            | Pte::DevPrivate(Mapped { folio, page, .. })
            | Pte::DevExclusive(Mapped { folio, page, .. }) => {
                self.between_steps();
                self.rewrite_mapped(pid, wanted, (vpn, folio, page), rewritten)
            }
            Pte::Migration(_) => {
                rule!(self.coverage, JR7, 1);
                Err(Unable)
            }
            Pte::Swap(Swapped { slot, .. }) => {
                self.between_steps();
                match self.slots[slot as usize].cache {
                    Some(folio) => self.rewrite_cached(pid, wanted, (vpn, folio), rewritten),
                    None => Ok(()),
                }
            }
        }
    }

    /// JR13: a folio that is mapped, when the first of its pages is met.
    fn rewrite_mapped(
        &mut self,
        pid: Pid,
        wanted: Move,
        (vpn, folio, page): (u32, FolioId, u32),
        rewritten: &mut Vec<Rewritten>,
    ) -> Result<(), Failure> {
        if rewritten.iter().any(|done| done.folio == folio) {
            rule!(self.coverage, JR13, 3);
            return Ok(());
        }
        let large = self.folio(folio).large();
        if self.locked(folio) {
            rule!(self.coverage, JR13, 4);
            return Err(Unable);
        }
        let shared =
            if large { self.maybe_mapped_shared(folio) } else { self.mapcount(folio) != 1 };
        rule!(self.coverage, JR6, u8::from(shared));
        if shared {
            return Err(Unable);
        }
        if self.maybe_pinned(folio) && self.config.relocate != RelocateDesign::PinIgnore {
            rule!(self.coverage, JR13, 5);
            return Err(Unable);
        }
        rule!(self.coverage, JR13, if large { 7 } else { 6 });
        self.rewrite(pid, wanted, (vpn, folio, page), rewritten);
        Ok(())
    }

    /// JR7, JR13: what a SWAP entry names is in the swap cache, from where a fault would map it with
    /// the index that it has. It is rewritten if this entry is where it belongs: it is not if KSM has
    /// spread its slot, and a fault copies it then.
    fn rewrite_cached(
        &mut self,
        pid: Pid,
        wanted: Move,
        (vpn, folio): (u32, FolioId),
        rewritten: &mut Vec<Rewritten>,
    ) -> Result<(), Failure> {
        if self.locked(folio) || self.folio(folio).large() {
            rule!(self.coverage, JR7, 2);
            return Err(Unable);
        }
        let vma = self.vma(pid, Vpn(vpn)).expect("the range lies in the source VMA");
        let of = self.folio(folio);
        let own = of.mapping.is_some() && of.mapping == vma.anon_vma;
        let here = own && of.index == vma.index_of(vpn) && self.mapcount(folio) == 0;
        let seen = rewritten.iter().any(|done| done.folio == folio);
        if here && !seen {
            rule!(self.coverage, JR7, 3);
            self.rewrite(pid, wanted, (vpn, folio, 0), rewritten);
        } else {
            rule!(self.coverage, JR7, 4);
        }
        Ok(())
    }

    /// JR3: the folio of the page at `vpn` belongs to the anon_vma of its new place, at the index that
    /// its page 0 has there, or would have.
    fn rewrite(
        &mut self,
        pid: Pid,
        wanted: Move,
        (vpn, folio, page): (u32, FolioId, u32),
        rewritten: &mut Vec<Rewritten>,
    ) {
        let place = wanted.to + (vpn - wanted.from);
        let vma = self.vma(pid, Vpn(place)).expect("it was placed before");
        let (mapping, index) = (vma.anon_vma, vma.index_of(place) - page);
        let of = self.folio_mut(folio);
        rewritten.push(Rewritten { folio, mapping: of.mapping, index: of.index });
        (of.mapping, of.index) = (mapping, index);
    }

    /// JR14: what was rewritten is what it was, whoever holds it by now (JR8).
    fn undo(&mut self, rewritten: Vec<Rewritten>) {
        for Rewritten { folio, mapping, index } in rewritten {
            rule!(self.coverage, JR14);
            if self.maybe_pinned(folio) {
                rule!(self.coverage, JR8);
            }
            let of = self.folio_mut(folio);
            (of.mapping, of.index) = (mapping, index);
        }
    }
}
