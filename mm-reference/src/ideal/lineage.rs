//! Where a page may come from, besides where it does come from as far as one can see. A move that
//! failed midway leaves two pages that cannot be told apart if they hold the same; KSM makes one of two.

/// Lineages that a page may have as well. Of more than a few it may have any.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Others {
    /// 0 is nobody's lineage.
    known: [u32; 4],
    any: bool,
}

impl Others {
    pub(super) fn has(&self, lineage: u32) -> bool {
        self.any || self.known.contains(&lineage)
    }

    pub(super) fn add(&mut self, lineage: u32) {
        if self.has(lineage) {
            return;
        }
        match self.known.iter_mut().find(|known| **known == 0) {
            Some(free) => *free = lineage,
            None => self.any = true,
        }
    }

    pub(super) fn add_all(&mut self, more: Self) {
        self.any |= more.any;
        more.known.into_iter().filter(|lineage| *lineage != 0).for_each(|one| self.add(one));
    }
}

#[cfg(test)]
mod tests {
    use super::Others;

    #[test]
    fn a_few_are_kept_apart_and_more_are_any() {
        let mut others = Others::default();
        (1..=4).for_each(|lineage| others.add(lineage));
        assert!(others.has(4) && !others.has(5));
        let mut more = Others::default();
        more.add_all(others);
        assert!(more.has(1) && !more.has(9));
        more.add(5);
        assert!(more.has(9), "a page with five pasts may have had any");
    }
}
