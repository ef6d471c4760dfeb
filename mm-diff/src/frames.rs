//! Compares which pages changed their physical page in an operation, and which kept it.
//!
//! The names of frames mean nothing but to the subject itself: what is compared is whether a page
//! that was mapped before and after an operation has another one. A frame that is free may be taken
//! again, but not for the same page in the same operation: whoever replaces a page takes the new
//! frame before the old one is given back. There is one exception, [`mapped_anew`].

use crate::finding::{Finding, Place};
use mm_ops::{
    FolioView, MremapFlags, NO_NAME, Observation, Op, PageRange, PageState, PageView, Pid, Vpn,
};

/// Two observations of one subject, before an operation and after it.
type Change<'a> = (&'a Observation, &'a Observation);

/// The places where the operation unmaps first and then puts new pages, which may get the frames just given
/// back: what locked memory grows by, moved to where something was; a KSM page, or the zero page that KSM put there, which
/// is copied before it moves (J4), and after what was at its new place went (J16); and the two pages of `ksm`, for ksmd comes more
/// than once, and may break what it merged the time before (P4).
pub(crate) fn mapped_anew(op: &Op, before: &Observation) -> Vec<(Pid, PageRange)> {
    let page = |pid, vpn| (pid, PageRange { start: vpn, len: 1 });
    match *op {
        Op::Mremap { pid, range, to, flags: MremapFlags { fixed: true, .. } } => {
            let start = Vpn(to.start.0.saturating_add(range.len));
            let growth = PageRange { start, len: to.len.saturating_sub(range.len) };
            let views = before.pages.iter().zip(&before.folios);
            let from_ksm = |page: &PageView, view: &FolioView| {
                // A zero page that KSM did not put there has no frame at its new place either.
                view.ksm || page.state == PageState::ZeroPage
            };
            let copied = views.filter(|(page, view)| {
                from_ksm(page, view) && page.pid == pid && range.contains(page.vpn)
            });
            let target = |vpn: Vpn| Vpn(to.start.0.saturating_add(vpn.0 - range.start.0));
            let copied = copied.map(|(at, _)| page(pid, target(at.vpn)));
            copied.chain((growth.len > 0).then_some((pid, growth))).collect()
        }
        Op::Ksm { pid, vpn, with, to } => vec![page(pid, vpn), page(with, to)],
        _ => Vec::new(),
    }
}

/// The first page that kept its frame on one side only. A new frame may be the old one at the places `anew`.
pub(crate) fn difference(
    expected: Change<'_>,
    found: Change<'_>,
    anew: &[(Pid, PageRange)],
) -> Option<Finding> {
    if found.1.names.is_empty() {
        return None;
    }
    let [mut ours_before, mut ours, mut theirs_before, mut theirs] =
        [expected.0, expected.1, found.0, found.1].map(Names::of);
    expected.1.pages.iter().find_map(|page| {
        let at = (page.pid, page.vpn);
        let expected = ours_before.at(at)? == ours.at(at)?;
        let found = theirs_before.at(at)? == theirs.at(at)?;
        let may_be_the_old_one =
            anew.iter().any(|(pid, range)| *pid == at.0 && range.contains(at.1));
        if may_be_the_old_one && !expected {
            return None;
        }
        (expected != found)
            .then(|| Finding::new(Place::Page(at.0, at.1), "frame kept", expected, found))
    })
}

/// The names in an observation, asked for in ascending order of their pages.
struct Names<'a> {
    seen: &'a Observation,
    next: usize,
}

impl<'a> Names<'a> {
    const fn of(seen: &'a Observation) -> Self {
        Self { seen, next: 0 }
    }

    /// The frame of a page; `None` where there is none or it is not shown.
    fn at(&mut self, at: (Pid, Vpn)) -> Option<u64> {
        let before = |page: &&PageView| (page.pid, page.vpn) < at;
        self.next += self.seen.pages[self.next..].iter().take_while(before).count();
        let page = self.seen.pages.get(self.next)?;
        let name = *self.seen.names.get(self.next)?;
        ((page.pid, page.vpn) == at && name != NO_NAME).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::Value;

    /// Pages of `p0` from 0 on with these frames.
    fn seen(names: &[u64]) -> Observation {
        let pages =
            (0..names.len() as u32).map(|vpn| PageView::of_value(Pid(0), Vpn(vpn), Value::ZERO));
        Observation { pages: pages.collect(), names: names.to_vec(), ..Observation::default() }
    }

    fn found(expected: [&[u64]; 2], found: [&[u64]; 2]) -> Option<Place> {
        let [a, b, c, d] = [expected[0], expected[1], found[0], found[1]].map(seen);
        difference((&a, &b), (&c, &d), &[]).map(|finding| finding.place)
    }

    #[test]
    fn what_is_unmapped_first_may_get_its_frame_back() {
        let op = Op::Mremap {
            pid: Pid(0),
            range: PageRange::new(8, 1),
            to: PageRange::new(0, 2),
            flags: MremapFlags { maymove: true, fixed: true, ..MremapFlags::NONE },
        };
        let [before, other, same] = [&[1, 2][..], &[3, 4], &[5, 2]].map(seen);
        let judged = |after: &Observation| {
            let found = difference((&before, &other), (&before, after), &mapped_anew(&op, &before));
            found.map(|finding| finding.place)
        };
        assert_eq!(judged(&other), None);
        assert_eq!(judged(&same), None, "page 1 was unmapped, then populated");
        assert_eq!(judged(&before), Some(Place::Page(Pid(0), Vpn(0))), "page 0 was moved");
    }

    #[test]
    fn a_ksm_page_that_moves_may_get_the_frame_of_what_was_there() {
        let op = Op::Mremap {
            pid: Pid(0),
            range: PageRange::new(0, 1),
            to: PageRange::new(1, 1),
            flags: MremapFlags { maymove: true, fixed: true, ..MremapFlags::NONE },
        };
        let mut before = seen(&[1, 2]);
        assert!(mapped_anew(&op, &before).is_empty());
        before.folios = vec![FolioView { ksm: true, ..FolioView::default() }; 2];
        let (other, same) = (seen(&[1, 3]), seen(&[1, 2]));
        let judged = |anew: &[(Pid, PageRange)]| {
            difference((&before, &other), (&before, &same), anew).map(|finding| finding.place)
        };
        assert_eq!(judged(&mapped_anew(&op, &before)), None);
        assert_eq!(judged(&[]), Some(Place::Page(Pid(0), Vpn(1))));
        let of_ksm = mapped_anew(&op, &before);
        before.folios[0].ksm = false;
        before.pages[0].state = PageState::ZeroPage;
        assert_eq!(mapped_anew(&op, &before), of_ksm, "the zero page of `ksm_zero`");
    }

    #[test]
    fn a_page_that_must_keep_its_frame_must_keep_it() {
        assert_eq!(found([&[1, 2], &[1, 2]], [&[70, 80], &[70, 80]]), None);
        let moved = found([&[1, 2], &[1, 2]], [&[70, 80], &[70, 90]]);
        assert_eq!(moved, Some(Place::Page(Pid(0), Vpn(1))));
    }

    #[test]
    fn a_page_that_must_be_replaced_must_get_another_frame() {
        assert_eq!(found([&[1], &[2]], [&[70], &[80]]), None);
        assert_eq!(found([&[1], &[2]], [&[70], &[70]]), Some(Place::Page(Pid(0), Vpn(0))));
        assert_eq!(found([&[1, 2], &[3, 1]], [&[70, 80], &[90, 70]]), None, "70 is taken again");
    }

    #[test]
    fn pages_that_came_or_went_and_blind_subjects_are_not_judged() {
        assert_eq!(found([&[1], &[1, 3]], [&[70], &[70, 80]]), None);
        assert_eq!(found([&[1, 3], &[1]], [&[70, 80], &[70]]), None);
        assert_eq!(found([&[NO_NAME], &[1]], [&[NO_NAME], &[70]]), None);
        assert_eq!(found([&[1], &[2]], [&[], &[]]), None);
    }
}
