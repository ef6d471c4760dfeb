//! The one choice the kernel is known to make for want of memory: a fault takes a smaller folio than it
//! may (A6, A7). Read back from what is mapped afterwards, and only where the kernel's own counters say
//! that a fault did not get the folio it wanted: everywhere else the largest is due.

use crate::linux::Linux;
use mm_ops::{Advice, Choice, Mm, Observation, Op, Order, PageState, Pid, Vpn};
use std::collections::BTreeSet;

impl Linux {
    /// The orders of the folios that faults of this operation took, if any fault had to fall back.
    pub(crate) fn folio_orders(&mut self, op: &Op) -> Vec<Choice> {
        let (Some(thp), Some(before)) = (&self.thp, self.fallbacks_seen) else { return Vec::new() };
        if !may_fault(op) {
            return Vec::new();
        }
        let now = thp.fallbacks();
        self.fallbacks_seen = Some(now);
        if now == before {
            return Vec::new();
        }
        let mut after = Observation::default();
        let last = self.last_seen.take();
        self.observe(&mut after);
        taken(&last, &after)
    }
}

/// Whether a fault of this operation may take a folio where nothing was. The pages of a fork come from
/// no fault.
const fn may_fault(op: &Op) -> bool {
    match op {
        Op::Read { .. } | Op::Write { .. } | Op::Gup { .. } | Op::Remote { .. } => true,
        // Locked memory that becomes writable is populated.
        Op::Mlock { .. } | Op::Mprotect { .. } => true,
        // So is what locked memory grows by.
        Op::Mremap { .. } => true,
        Op::Madvise { advice, .. } => {
            matches!(advice, Advice::PopulateRead | Advice::PopulateWrite)
        }
        _ => false,
    }
}

/// The folios that are mapped at places where nothing was, of frames that nobody mapped.
fn taken(before: &Observation, after: &Observation) -> Vec<Choice> {
    let places: BTreeSet<(Pid, Vpn)> =
        before.pages.iter().map(|page| (page.pid, page.vpn)).collect();
    let frames: BTreeSet<u64> = before.names.iter().copied().collect();
    let fresh = |at: usize| {
        let (page, name) = (&after.pages[at], after.names[at]);
        page.state == PageState::Page
            && !places.contains(&(page.pid, page.vpn))
            && !frames.contains(&name)
    };
    let shown = after.pages.len().min(after.names.len()).min(after.folios.len());
    let mut choices = Vec::new();
    let mut at = 0;
    while at < shown {
        let first = at;
        let continues = |at: usize| {
            let offset = (at - first) as u32;
            let (page, start) = (&after.pages[at], &after.pages[first]);
            (page.pid, page.vpn.0) == (start.pid, start.vpn.0 + offset)
                && after.names[at] == after.names[first] + u64::from(offset)
                && after.folios[at].large
                && !after.folios[at].head
                && fresh(at)
        };
        at += 1;
        if !fresh(first) || after.folios[first].large != after.folios[first].head {
            continue;
        }
        while after.folios[first].large && at < shown && continues(at) {
            at += 1;
        }
        let (pid, vpn) = (after.pages[first].pid, after.pages[first].vpn);
        let order = Order((at - first).ilog2() as u8);
        choices.push(Choice::FolioOrder { pid, vpn, order });
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::{FolioView, PageView, Value};

    /// Pages of `p0`, each with its frame and whether it is the first or a later page of a large folio.
    fn seen(pages: &[(u32, u64, Option<bool>)]) -> Observation {
        let view = |vpn| PageView {
            state: PageState::Page,
            ..PageView::of_value(Pid(0), Vpn(vpn), Value::ZERO)
        };
        let folio = |head: Option<bool>| FolioView {
            large: head.is_some(),
            head: head == Some(true),
            ..FolioView::default()
        };
        Observation {
            pages: pages.iter().map(|page| view(page.0)).collect(),
            names: pages.iter().map(|page| page.1).collect(),
            folios: pages.iter().map(|page| folio(page.2)).collect(),
            ..Observation::default()
        }
    }

    #[test]
    fn fresh_folios_are_told_with_their_orders() {
        let (first, next) = (Some(true), Some(false));
        let large = |vpn, frame| {
            [
                (vpn, frame, first),
                (vpn + 1, frame + 1, next),
                (vpn + 2, frame + 2, next),
                (vpn + 3, frame + 3, next),
            ]
        };
        let before = seen(&[(0, 90, None)]);
        let mut pages = vec![(0, 90, None), (1, 91, None), (2, 90, None)];
        pages.extend(large(4, 40).into_iter().chain(large(8, 44)));
        let chosen =
            |vpn, order| Choice::FolioOrder { pid: Pid(0), vpn: Vpn(vpn), order: Order(order) };
        assert_eq!(taken(&before, &seen(&pages)), [chosen(1, 0), chosen(4, 2), chosen(8, 2)]);
        assert_eq!(taken(&seen(&pages), &seen(&pages)), []);
    }
}
