//! What the kernel owes to circumstances: allocations that fail, folios locked or isolated by
//! someone else, and the choices the subject reports. The reference never fails an allocation of
//! its own accord: it fails the one the subject names, if that one is really made.

use std::fmt;

use mm_ops::{AllocKind, AllocSite, Choice, Errno, FolioFlags, Order, Outcome, Pid, Token, Vpn};

use crate::coverage::{Rule, rule};
use crate::state::{Circumstance, FolioId, Holding, PmdKind, Pte, Reference, Swapped};

/// The subject chose what no rule permits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule that would have to permit it.
    pub rule: Rule,
    /// What was chosen.
    pub choice: Choice,
    /// Why it is not permitted.
    pub why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not permitted by {}: {}", self.choice, self.rule.id(), self.why)
    }
}

impl std::error::Error for Refusal {}

/// An allocation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoMemory;

/// Choices.
impl Reference {
    /// Takes over what the subject chose in the operation that begins now.
    pub(crate) fn adopt(&mut self, choices: &[Choice]) -> Result<(), Refusal> {
        self.adopted.choices.clear();
        self.adopted.choices.extend_from_slice(choices);
        self.adopted.failing = None;
        self.adopted.seen = 0;
        #[cfg(test)]
        self.adopted.made.clear();
        let armed = std::mem::take(&mut self.armed);
        for choice in choices {
            if let Choice::AllocFailed(site) = choice {
                if !armed {
                    return Err(refusal(*choice, "no fail_alloc came before this operation"));
                }
                if self.adopted.failing.replace(*site).is_some() {
                    return Err(refusal(*choice, "only one allocation of an operation can fail"));
                }
            }
        }
        Ok(())
    }

    /// Every choice must have been one the rules leave to the subject.
    pub(crate) fn all_adopted(&self) -> Result<(), Refusal> {
        let Some(choice) = self.adopted.choices.first() else { return Ok(()) };
        let why = match choice {
            Choice::AllocFailed(_) => "the operation makes no such allocation",
            Choice::Merged { .. } => {
                "no other entry of a legal run has the bits, or no run is here"
            }
            Choice::Raced(_) => "no actor was armed for this operation",
            Choice::FolioOrder { .. } => "no fault takes a folio here, or the order does not fit",
            Choice::Placed(_) => "no move may go anywhere, or the range is not free",
        };
        Err(refusal(*choice, why))
    }

    /// Makes an allocation; `false`: it fails (Z8).
    pub(crate) fn allocate(&mut self, kind: AllocKind, pid: Pid, vpn: u32) -> bool {
        #[cfg(test)]
        self.note_allocation(kind, pid, vpn);
        if !self.failure_is_of(kind, pid, vpn) {
            return true;
        }
        let Some(site) = self.adopted.failing else { return true };
        if self.adopted.seen < site.nth {
            self.adopted.seen += 1;
            return true;
        }
        rule!(self.coverage, Z8, case_of(kind));
        self.adopted.failing = None;
        self.adopted.choices.retain(|choice| *choice != Choice::AllocFailed(site));
        false
    }

    #[cfg(test)]
    fn note_allocation(&mut self, kind: AllocKind, pid: Pid, vpn: u32) {
        let vpn = Vpn(vpn);
        let same = |site: &&AllocSite| (site.kind, site.pid, site.vpn) == (kind, pid, vpn);
        let nth = self.adopted.made.iter().filter(same).count() as u16;
        self.adopted.made.push(AllocSite { kind, pid, vpn, nth });
    }

    /// [`Reference::allocate`] for callers that pass a failure on.
    pub(crate) fn try_allocate(
        &mut self,
        kind: AllocKind,
        pid: Pid,
        vpn: u32,
    ) -> Result<(), NoMemory> {
        if self.allocate(kind, pid, vpn) { Ok(()) } else { Err(NoMemory) }
    }

    /// Whether the allocation that is to fail is one of this kind, process and place.
    pub(crate) fn failure_is_of(&self, kind: AllocKind, pid: Pid, vpn: u32) -> bool {
        matches!(self.adopted.failing, Some(AllocSite { kind: k, pid: p, vpn: v, .. })
            if (k, p, v) == (kind, pid, Vpn(vpn)))
    }

    /// The order of the folio the subject took for a fault at a page, if it reported one: `fits`
    /// says whether the rules allow it (A6).
    pub(crate) fn chosen_order(
        &mut self,
        pid: Pid,
        vpn: u32,
        fits: impl Fn(Order) -> bool,
    ) -> Option<Order> {
        let found = self.adopted.choices.iter().position(|choice| {
            matches!(choice, Choice::FolioOrder { pid: p, vpn: v, order }
                if *p == pid && vpn & !(order.pages() - 1) == v.0 && fits(*order))
        })?;
        match self.adopted.choices.remove(found) {
            Choice::FolioOrder { order, .. } => Some(order),
            _ => None,
        }
    }

    /// Whether the subject took a folio for a fault at a page that a PMD could not map (A7).
    pub(crate) fn chose_smaller(&self, pid: Pid, vpn: u32) -> bool {
        self.adopted.choices.iter().any(|choice| {
            matches!(choice, Choice::FolioOrder { pid: p, vpn: v, order }
                if *p == pid && vpn & !(order.pages() - 1) == v.0 && *order < self.config.pmd_order())
        })
    }

    /// The bits the subject's run added to the entry of a page, if any (H9, BT4): young, dirty.
    pub(crate) fn chosen_merge(
        &mut self,
        pid: Pid,
        vpn: u32,
        allowed: impl Fn(bool, bool) -> bool,
    ) -> Option<(bool, bool)> {
        let found = self.adopted.choices.iter().position(|choice| {
            matches!(choice, Choice::Merged { pid: p, vpn: v, young, dirty }
                if *p == pid && v.0 == vpn && allowed(*young, *dirty))
        })?;
        match self.adopted.choices.remove(found) {
            Choice::Merged { young, dirty, .. } => Some((young, dirty)),
            _ => None,
        }
    }

    /// The place the subject moved memory to, if it reported one: `fits` says whether the rules allow
    /// it (J16).
    pub(crate) fn chosen_place(&mut self, fits: impl Fn(u32) -> bool) -> Option<u32> {
        let found = self
            .adopted
            .choices
            .iter()
            .position(|choice| matches!(choice, Choice::Placed(place) if fits(place.0)))?;
        match self.adopted.choices.remove(found) {
            Choice::Placed(place) => Some(place.0),
            _ => None,
        }
    }

    /// Whether any bits were merged in this operation.
    pub(crate) fn any_merge_left(&self) -> bool {
        self.adopted.choices.iter().any(|choice| matches!(choice, Choice::Merged { .. }))
    }
}

fn refusal(choice: Choice, why: &str) -> Refusal {
    let rule = match choice {
        Choice::AllocFailed(_) => Rule::Z8,
        Choice::Merged { .. } => Rule::BT4,
        Choice::FolioOrder { .. } => Rule::A6,
        Choice::Raced(_) => Rule::R2,
        Choice::Placed(_) => Rule::J16,
    };
    Refusal { rule, choice, why: why.to_owned() }
}

fn case_of(kind: AllocKind) -> u8 {
    match kind {
        AllocKind::Mm => 0,
        AllocKind::Vma => 1,
        AllocKind::AnonVma => 2,
        AllocKind::Avc => 3,
        AllocKind::PmdTable => 4,
        AllocKind::PteTable => 5,
        AllocKind::Deposit => 6,
        AllocKind::Folio(Order(0)) => 7,
        AllocKind::Folio(_) => 8,
        AllocKind::DevicePage(_) => 9,
        AllocKind::Anonmm => 10,
    }
}

/// Someone else's locks and isolations.
impl Reference {
    /// `lock` and `isolate`.
    pub(crate) fn take_folio(
        &mut self,
        pid: Pid,
        vpn: Vpn,
        token: Token,
        holding: Holding,
    ) -> Outcome {
        let isolation = holding == Holding::Isolation;
        let Some(slot) = self.tokens.get(token.index()) else { return Outcome::Err(Errno::EINVAL) };
        if slot.is_some() {
            return Outcome::Err(Errno::EBUSY);
        }
        let Some(folio) = self.folio_at(pid, vpn.0) else {
            return Outcome::Err(Errno::EFAULT);
        };
        let free = if isolation {
            self.folio(folio).flags.has(FolioFlags::LRU)
        } else {
            !self.locked(folio)
        };
        if !free {
            return Outcome::Err(Errno::EAGAIN);
        }
        if isolation {
            rule!(self.coverage, S12);
            let flags = &mut self.folio_mut(folio).flags;
            *flags = flags.without(FolioFlags::LRU);
        }
        self.tokens[token.index()] = Some(Circumstance { holding, folio: Some(folio) });
        Outcome::Ok
    }

    /// `drop`.
    pub(crate) fn drop_token(&mut self, token: Token) -> Outcome {
        let Some(slot) = self.tokens.get_mut(token.index()) else {
            return Outcome::Err(Errno::EINVAL);
        };
        let droppable = |held: &mut Circumstance| {
            matches!(held.holding, Holding::Lock | Holding::Isolation | Holding::DevExclusive)
        };
        let Some(Circumstance { holding, folio }) = slot.take_if(droppable) else {
            return Outcome::Err(Errno::EBADF);
        };
        if let (Holding::Isolation, Some(folio)) = (holding, folio) {
            let flags = &mut self.folio_mut(folio).flags;
            *flags = flags.with(FolioFlags::LRU);
        }
        Outcome::Ok
    }

    /// The folio a present entry maps at a page, or the swap-cache folio of the slot a SWAP entry
    /// names there.
    pub(crate) fn folio_at(&self, pid: Pid, vpn: u32) -> Option<FolioId> {
        match self.pte(pid, vpn) {
            Pte::Swap(Swapped { slot, .. }) => self.slots[slot as usize].cache,
            _ => self.mapped_folio(pid, vpn),
        }
    }

    /// The folio a present entry maps at a page, or the one that a device has there.
    pub(crate) fn mapped_folio(&self, pid: Pid, vpn: u32) -> Option<FolioId> {
        match (self.pmd(pid, vpn), self.pte(pid, vpn)) {
            (PmdKind::Leaf(leaf) | PmdKind::DevPrivate(leaf), _) => Some(leaf.folio),
            (_, Pte::Page(mapped) | Pte::DevPrivate(mapped) | Pte::DevExclusive(mapped)) => {
                Some(mapped.folio)
            }
            _ => None,
        }
    }
}
