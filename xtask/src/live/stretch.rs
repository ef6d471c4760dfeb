//! Programs whose tables are small and whose PMDs map folios, retold with the kernel's 512 entries a
//! table: what lay at the start of a table lies there still, what reached to its end still does, and
//! the order a PMD maps is the kernel's. The story is the same; only counts of pages are others.

use mm_linux::KERNEL_PTES;
use mm_ops::{Handle, Op, Order, OrderSet, Outcome, PageRange, Program, Vpn};

/// The program in the kernel's geometry.
pub fn stretched(program: &Program) -> Program {
    let ptes = u32::from(program.config.ptes);
    let mut longer = program.clone();
    longer.config.ptes = KERNEL_PTES;
    let mut ranges: Vec<(Handle, PageRange)> = Vec::new();
    for step in &mut longer.steps {
        if let Op::DmaRead { handle, index } | Op::DmaWrite { handle, index, .. } = &mut step.op {
            let taken = ranges.iter().rev().find(|(taken, _)| taken == handle);
            *index = taken.map_or(*index, |(_, range)| {
                page(range.start.0 + *index, ptes).saturating_sub(page(range.start.0, ptes))
            });
        }
        if let Op::Gup { handle, range, .. } = step.op {
            ranges.push((handle, range));
        }
        if let Op::Thp { always, madvise } = &mut step.op {
            let pmd = program.config.pmd_order();
            *always = orders(*always, pmd);
            *madvise = orders(*madvise, pmd);
        }
        let operands = step.op.operands();
        if let Some(vpn) = operands.vpn {
            *vpn = Vpn(page(vpn.0, ptes));
        }
        if let Some(vpn) = operands.to {
            *vpn = Vpn(page(vpn.0, ptes));
        }
        let new_range = operands.new_range;
        if let Some(range) = operands.range {
            let longer = stretched_range(*range, ptes);
            let before = std::mem::replace(range, longer).len;
            if let Some(to) = new_range {
                // A length that stays the same stays so.
                let len =
                    if to.len == before { longer.len } else { stretched_range(*to, ptes).len };
                *to = PageRange { start: Vpn(page(to.start.0, ptes)), len };
            }
            if before != longer.len && matches!(step.expect, Some(Outcome::Count(_))) {
                step.expect = None;
            }
        }
        if let Some(Outcome::At(vpn)) = &mut step.expect {
            *vpn = Vpn(page(vpn.0, ptes));
        }
    }
    longer
}

fn stretched_range(range: PageRange, ptes: u32) -> PageRange {
    let start = page(range.start.0, ptes);
    let end = if range.len == 0 { start } else { page(range.start.0 + range.len, ptes) };
    PageRange::new(start, end - start)
}

fn page(page: u32, ptes: u32) -> u32 {
    page / ptes * u32::from(KERNEL_PTES) + page % ptes
}

/// The orders, with the one of a PMD as the kernel's.
fn orders(set: OrderSet, pmd: Order) -> OrderSet {
    let kernel_pmd = Order(KERNEL_PTES.trailing_zeros() as u8);
    let moved = |order| if order == pmd { kernel_pmd } else { order };
    set.iter().fold(OrderSet::EMPTY, |set, order| set.with(moved(order)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_and_ends_of_tables_stay_where_they_are() {
        let text = "mmap p0 0+16 rw\nthp always=2,3\nwrite p0 13 a\npin p0 7+2 rw h0 longterm fast -> 2\n\
                    munmap p0 5+3\ndma_read h0 1";
        let program: Program = text.parse().expect("a program");
        let expected = "config ptes=512\nmmap p0 0+1024 rw\nthp always=2,9\nwrite p0 517 a\n\
                        pin p0 7+506 rw h0 longterm fast\nmunmap p0 5+507\ndma_read h0 505";
        let expected: Program = expected.parse().expect("a program");
        assert_eq!(stretched(&program).to_string(), expected.to_string());
    }
}
