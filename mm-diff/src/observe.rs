//! Compares what userspace could see of a subject with what it should see, in the columns the
//! subject can fill.

use crate::finding::{Finding, Place, Side};
use mm_ops::{FolioView, NO_FRAME, Observation, PageView, Pid, Sees, UNSEEN, Value, VmaView, Vpn};
use std::collections::BTreeMap;

/// Answers whether a column of a page may differ.
type Permits<'a> = &'a mut dyn FnMut(Pid, Vpn, &str) -> bool;

/// The first difference of two observations, in the columns that the subject (`found`) sees.
pub(crate) fn difference(
    expected: &Observation,
    found: &Observation,
    permits: Permits<'_>,
) -> Option<Finding> {
    vma_difference(expected, found)
        .or_else(|| page_difference(expected, found))
        .or_else(|| folio_difference(expected, found, permits))
}

/// The folios of pages that both list, by now with equal frames; nothing for a subject that shows
/// none.
fn folio_difference(
    expected: &Observation,
    found: &Observation,
    permits: Permits<'_>,
) -> Option<Finding> {
    let folios = |seen: &Observation| -> BTreeMap<(Pid, Vpn), FolioView> {
        let pages = seen.pages.iter().map(|page| (page.pid, page.vpn));
        pages.zip(seen.folios.iter().copied()).collect()
    };
    if found.folios.is_empty()
        || found.folios == expected.folios && found.pages.len() == expected.pages.len()
    {
        return None;
    }
    let found = folios(found);
    folios(expected).into_iter().find_map(|(at, a)| {
        let b = *found.get(&at)?;
        let fields = [
            ("folio anon", a.anon, b.anon),
            ("folio large", a.large, b.large),
            ("folio head", a.head, b.head),
            ("folio swapbacked", a.swapbacked, b.swapbacked),
            ("folio dirty", a.dirty, b.dirty),
            ("folio lru", a.lru, b.lru),
            ("folio ksm", a.ksm, b.ksm),
        ];
        let differing = fields.into_iter().filter(|(_, a, b)| a != b);
        let (field, a, b) =
            differing.into_iter().find(|(field, ..)| !permits(at.0, at.1, field))?;
        Some(Finding::new(Place::Page(at.0, at.1), field, a, b))
    })
}

fn vma_difference(expected: &Observation, found: &Observation) -> Option<Finding> {
    let shown = |side: &Observation| {
        if found.sees.vma_bounds { side.vmas.clone() } else { merged(&side.vmas) }
    };
    let (expected, found) = (shown(expected), shown(found));
    let at = (0..expected.len().max(found.len())).find(|at| expected.get(*at) != found.get(*at))?;
    let side = |vma: Option<&VmaView>| match vma {
        None => Side::Absent,
        Some(vma) => {
            Side::text(format_args!("p{} {}..{} {:?}", vma.pid.0, vma.start.0, vma.end.0, vma.prot))
        }
    };
    let vma = expected.get(at).or(found.get(at))?;
    Some(Finding {
        place: Place::Vma(vma.pid, vma.start),
        field: "vma".into(),
        expected: side(expected.get(at)),
        found: side(found.get(at)),
    })
}

/// Mappings that touch and have equal rights as one.
fn merged(vmas: &[VmaView]) -> Vec<VmaView> {
    let mut merged: Vec<VmaView> = Vec::with_capacity(vmas.len());
    for vma in vmas {
        match merged.last_mut() {
            Some(last) if (last.pid, last.end, last.prot) == (vma.pid, vma.start, vma.prot) => {
                last.end = vma.end;
            }
            _ => merged.push(*vma),
        }
    }
    merged
}

fn page_difference(expected: &Observation, found: &Observation) -> Option<Finding> {
    let mut frames = Frames::default();
    let (mut ours, mut theirs) = (expected.pages.iter().peekable(), found.pages.iter().peekable());
    loop {
        let key = |page: &&PageView| (page.pid, page.vpn);
        let next = match (ours.peek().map(key), theirs.peek().map(key)) {
            (None, None) => return None,
            (Some(a), Some(b)) => a.min(b),
            (Some(a), None) => a,
            (None, Some(b)) => b,
        };
        // A page that one side leaves out is one where nothing is mapped.
        let take = |pages: &mut std::iter::Peekable<std::slice::Iter<'_, PageView>>| {
            let page = pages.next_if(|page| key(page) == next).copied();
            page.unwrap_or_else(|| nothing_at(next.0, next.1))
        };
        let (a, b) = (take(&mut ours), take(&mut theirs));
        if let Some(finding) = compare_pages(&a, &b, found.sees, &mut frames) {
            return Some(finding);
        }
    }
}

const fn nothing_at(pid: Pid, vpn: Vpn) -> PageView {
    PageView::of_value(pid, vpn, Value::ZERO)
}

fn compare_pages(a: &PageView, b: &PageView, sees: Sees, frames: &mut Frames) -> Option<Finding> {
    let place = Place::Page(a.pid, a.vpn);
    if a.value != b.value && b.value != UNSEEN {
        let (expected, found) = (Side::Value(a.value), Side::Value(b.value));
        return Some(Finding { place, field: "value".into(), expected, found });
    }
    if sees.state && a.state != b.state {
        let (expected, found) = (format!("{:?}", a.state), format!("{:?}", b.state));
        return Some(Finding::new(place, "state", expected, found));
    }
    if sees.state && a.uffd_wp != b.uffd_wp {
        return Some(Finding::new(place, "uffd_wp", a.uffd_wp, b.uffd_wp));
    }
    if sees.mapcounts && a.mapcount != b.mapcount {
        return Some(Finding::new(place, "mapcount", a.mapcount, b.mapcount));
    }
    if sees.frames && !frames.agree(a.frame, b.frame) {
        return Some(Finding::new(place, "frame", show_frame(a.frame), show_frame(b.frame)));
    }
    None
}

fn show_frame(frame: u32) -> String {
    if frame == NO_FRAME { "none".to_owned() } else { format!("frame {frame}") }
}

/// Which frame of one side is which of the other: the names may differ, the sharing may not.
#[derive(Default)]
struct Frames {
    to_found: BTreeMap<u32, u32>,
    to_expected: BTreeMap<u32, u32>,
}

impl Frames {
    fn agree(&mut self, expected: u32, found: u32) -> bool {
        if expected == NO_FRAME || found == NO_FRAME {
            return expected == found;
        }
        *self.to_found.entry(expected).or_insert(found) == found
            && *self.to_expected.entry(found).or_insert(expected) == expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::{PageState, Prot};

    fn difference(expected: &Observation, found: &Observation) -> Option<Finding> {
        super::difference(expected, found, &mut |_, _, _| false)
    }

    fn page(pid: u8, vpn: u32, label: u8, frame: u32) -> PageView {
        PageView {
            value: Value::label(label),
            frame,
            state: PageState::Page,
            mapcount: 1,
            ..nothing_at(Pid(pid), Vpn(vpn))
        }
    }

    fn seen(sees: Sees, pages: &[PageView]) -> Observation {
        Observation { sees, pages: pages.to_vec(), ..Observation::default() }
    }

    #[test]
    fn only_the_columns_a_subject_sees_are_compared() {
        let all = Sees { state: true, frames: true, mapcounts: true, vma_bounds: true };
        let blind = PageView { value: Value::label(b'a'), ..nothing_at(Pid(0), Vpn(3)) };
        let expected = seen(all, &[page(0, 3, b'a', 0)]);
        assert_eq!(difference(&expected, &seen(Sees::default(), &[blind])), None);
        let found = difference(&expected, &seen(all, &[blind]));
        assert_eq!(found.map(|finding| finding.field), Some("state".into()));
    }

    #[test]
    fn a_page_left_out_is_zero() {
        let expected = seen(Sees::default(), &[page(0, 3, b'a', 0)]);
        let finding = difference(&expected, &seen(Sees::default(), &[]));
        assert_eq!(finding.map(|finding| finding.found), Some(Side::Value(Value::ZERO)));
        let zero = seen(Sees::default(), &[nothing_at(Pid(1), Vpn(0))]);
        assert_eq!(difference(&zero, &seen(Sees::default(), &[])), None);
    }

    #[test]
    fn frames_are_compared_by_what_shares_them() {
        let sees = Sees { frames: true, ..Sees::default() };
        let expected = seen(sees, &[page(0, 0, b'a', 0), page(1, 0, b'a', 0), page(1, 1, 0, 1)]);
        let renamed = seen(sees, &[page(0, 0, b'a', 7), page(1, 0, b'a', 7), page(1, 1, 0, 2)]);
        assert_eq!(difference(&expected, &renamed), None);
        let copied = seen(sees, &[page(0, 0, b'a', 7), page(1, 0, b'a', 8), page(1, 1, 0, 2)]);
        assert_eq!(
            difference(&expected, &copied).map(|f| f.place),
            Some(Place::Page(Pid(1), Vpn(0)))
        );
        let merged = seen(sees, &[page(0, 0, b'a', 7), page(1, 0, b'a', 7), page(1, 1, 0, 7)]);
        assert_eq!(
            difference(&expected, &merged).map(|f| f.place),
            Some(Place::Page(Pid(1), Vpn(1)))
        );
    }

    #[test]
    fn vmas_are_compared_by_what_they_cover() {
        let vma =
            |start, end, prot| VmaView { pid: Pid(0), start: Vpn(start), end: Vpn(end), prot };
        let with = |vmas: &[VmaView]| Observation { vmas: vmas.to_vec(), ..Observation::default() };
        let whole = with(&[vma(0, 8, Prot::RW)]);
        let apart = with(&[vma(0, 3, Prot::RW), vma(3, 8, Prot::RW)]);
        assert_eq!(difference(&whole, &apart), None);
        let bounds = Sees { vma_bounds: true, ..Sees::default() };
        let exact = Observation { sees: bounds, ..apart };
        assert_eq!(difference(&whole, &exact).map(|finding| finding.field), Some("vma".into()));
        assert_eq!(difference(&exact, &exact), None);
        let other = with(&[vma(0, 3, Prot::R), vma(3, 8, Prot::RW)]);
        assert_eq!(difference(&whole, &other).map(|finding| finding.field), Some("vma".into()));
    }

    #[test]
    fn folios_are_compared_where_they_are_shown_and_not_permitted() {
        let folio = |dirty| Observation {
            folios: vec![FolioView { dirty, ..FolioView::default() }],
            ..seen(Sees::default(), &[page(0, 3, b'a', 0)])
        };
        let blind = seen(Sees::default(), &[page(0, 3, b'a', 0)]);
        assert_eq!(difference(&folio(true), &folio(true)), None);
        assert_eq!(difference(&folio(true), &blind), None);
        let finding = difference(&folio(true), &folio(false));
        assert_eq!(finding.map(|f| f.field), Some("folio dirty".into()));
        let permits = &mut |_, _, field: &str| field == "folio dirty";
        assert_eq!(super::difference(&folio(true), &folio(false), permits), None);
    }
}
