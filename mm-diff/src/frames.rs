//! Compares which pages changed their physical page in an operation, and which kept it.
//!
//! The names of frames mean nothing but to the subject itself: what is compared is whether a page
//! that was mapped before and after an operation has another one. That a page must keep its frame
//! can always be judged. That it must get another one only while something still refers to the old
//! one: a frame that is free may rightly be the very one that is taken next.

use crate::finding::{Finding, Place};
use mm_ops::{FrameNames, NO_NAME, Observation, Pid, Vpn};

/// Two observations of one subject, before an operation and after it.
type Change<'a> = (&'a Observation, &'a Observation);

/// The first page that kept its frame on one side only. `alive` are the frames of the expected
/// side to which something refers after the operation.
pub(crate) fn difference(
    expected: Change<'_>,
    found: Change<'_>,
    alive: &FrameNames,
) -> Option<Finding> {
    if found.1.names.is_empty() {
        return None;
    }
    let pages = expected.1.pages.iter().zip(&expected.1.names);
    pages.filter(|(_, name)| **name != NO_NAME).find_map(|(page, now)| {
        let at = (page.pid, page.vpn);
        let before = name_at(expected.0, at)?;
        let (must_keep, kept) = (before == *now, name_at(found.0, at)? == name_at(found.1, at)?);
        let judgeable = must_keep || alive.0.iter().any(|name| u64::from(*name) == before);
        (must_keep != kept && judgeable)
            .then(|| Finding::new(Place::Page(at.0, at.1), "frame kept", must_keep, kept))
    })
}

/// The frame of a page; `None` where there is none or it is not shown.
fn name_at(seen: &Observation, at: (Pid, Vpn)) -> Option<u64> {
    let index = seen.pages.binary_search_by_key(&at, |page| (page.pid, page.vpn)).ok()?;
    seen.names.get(index).copied().filter(|name| *name != NO_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::{PageView, Value};

    /// Pages of `p0` from 0 on with these frames.
    fn seen(names: &[u64]) -> Observation {
        let pages =
            (0..names.len() as u32).map(|vpn| PageView::of_value(Pid(0), Vpn(vpn), Value::ZERO));
        Observation { pages: pages.collect(), names: names.to_vec(), ..Observation::default() }
    }

    fn found(expected: [&[u64]; 2], found: [&[u64]; 2], alive: &[u32]) -> Option<Place> {
        let [a, b, c, d] = [expected[0], expected[1], found[0], found[1]].map(seen);
        difference((&a, &b), (&c, &d), &FrameNames(alive.to_vec())).map(|finding| finding.place)
    }

    #[test]
    fn a_page_that_must_keep_its_frame_must_keep_it() {
        assert_eq!(found([&[1, 2], &[1, 2]], [&[70, 80], &[70, 80]], &[1, 2]), None);
        let moved = found([&[1, 2], &[1, 2]], [&[70, 80], &[70, 90]], &[1, 2]);
        assert_eq!(moved, Some(Place::Page(Pid(0), Vpn(1))));
    }

    #[test]
    fn a_page_that_must_be_replaced_is_judged_while_the_old_frame_is_in_use() {
        assert_eq!(found([&[1], &[2]], [&[70], &[80]], &[1, 2]), None);
        let stayed = found([&[1], &[2]], [&[70], &[70]], &[1, 2]);
        assert_eq!(stayed, Some(Place::Page(Pid(0), Vpn(0))));
        assert_eq!(found([&[1], &[2]], [&[70], &[70]], &[2]), None, "frame 1 may be taken again");
    }

    #[test]
    fn pages_that_came_or_went_and_blind_subjects_are_not_judged() {
        assert_eq!(found([&[1], &[1, 3]], [&[70], &[70, 80]], &[1, 3]), None);
        assert_eq!(found([&[1, 3], &[1]], [&[70, 80], &[70]], &[1]), None);
        assert_eq!(found([&[NO_NAME], &[1]], [&[NO_NAME], &[70]], &[1]), None);
        assert_eq!(found([&[1], &[1]], [&[], &[]], &[1]), None);
    }
}
