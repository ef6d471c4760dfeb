//! Programs of smaller tables in the kernel's geometry. The kernel's tables have 512 entries, so a
//! program in which a PMD maps 8 pages cannot run as it is; but where every page of it becomes a run
//! of 64, a range of pages is the same part of the same blocks, and a folio the same part of its
//! block. Pure arithmetic.

use crate::arena::KERNEL_PTES;
use mm_ops::{Config, Op, Order, OrderSet, Outcome, PageRange, Program, Vpn};

/// The program with every page turned into as many as make its tables the kernel's: places and
/// lengths are multiplied, folio orders raised. A single page that is accessed, pinned or looked at
/// stays a single one, the first of its run. Expectations are kept, counts multiplied.
///
/// `None` if an operand reaches beyond the program's address space: there the geometries differ.
#[must_use]
pub fn enlarged(program: &Program) -> Option<Program> {
    let config = program.config;
    let mut larger = program.clone();
    larger.config.ptes = KERNEL_PTES;
    let scale = Scale {
        factor: u32::from(KERNEL_PTES / config.ptes),
        orders: larger.config.pmd_order().0 - config.pmd_order().0,
        config,
    };
    for step in &mut larger.steps {
        let single = scale.op(&mut step.op)?;
        if let (Some(Outcome::Count(count)), false) = (&mut step.expect, single) {
            *count *= scale.factor;
        }
        if let Some(Outcome::At(vpn)) = &mut step.expect {
            vpn.0 *= scale.factor;
        }
    }
    Some(larger)
}

struct Scale {
    factor: u32,
    /// What is added to an order.
    orders: u8,
    config: Config,
}

impl Scale {
    fn page(&self, vpn: &mut Vpn) -> Option<()> {
        (vpn.0 < self.config.space_pages()).then(|| vpn.0 *= self.factor)
    }

    fn range(&self, range: &mut PageRange) -> Option<()> {
        let inside = range.end() <= u64::from(self.config.space_pages());
        inside
            .then(|| *range = PageRange::new(range.start.0 * self.factor, range.len * self.factor))
    }

    /// Orders that the program's geometry does not have mean nothing, and stay so.
    fn order_set(&self, set: &mut OrderSet) {
        let legal = set.iter().filter(|order| (2..=self.config.pmd_order().0).contains(&order.0));
        *set = legal.fold(OrderSet::EMPTY, |set, order| set.with(Order(order.0 + self.orders)));
    }

    /// Scales the operands; whether the operation is about a single page.
    fn op(&self, op: &mut Op) -> Option<bool> {
        match op {
            Op::Gup { range, .. } if range.len <= 1 => {
                let inside = range.end() <= u64::from(self.config.space_pages());
                inside.then(|| range.start.0 *= self.factor)?;
                return Some(true);
            }
            Op::Mmap { range, .. }
            | Op::Munmap { range, .. }
            | Op::Mprotect { range, .. }
            | Op::Madvise { range, .. }
            | Op::Mlock { range, .. }
            | Op::Munlock { range, .. }
            | Op::Mseal { range, .. }
            | Op::NumaHint { range, .. }
            | Op::Uffd { range, .. }
            | Op::Gup { range, .. } => self.range(range)?,
            Op::Read { vpn, .. }
            | Op::Write { vpn, .. }
            | Op::Remote { vpn, .. }
            | Op::Lock { vpn, .. }
            | Op::Isolate { vpn, .. }
            | Op::SwapOut { vpn, .. }
            | Op::BadSlot { vpn, .. }
            | Op::Migrate { vpn, .. }
            | Op::KsmZero { vpn, .. }
            | Op::Khugepaged { vpn, .. }
            | Op::Hwpoison { vpn, .. }
            | Op::SoftOffline { vpn, .. }
            | Op::RmapWalk { vpn, .. }
            | Op::UffdFill { vpn, .. } => self.page(vpn)?,
            Op::Mremap { range, to, .. } => {
                self.range(range)?;
                self.range(to)?;
            }
            Op::UffdMove { range, to, .. } => {
                self.range(range)?;
                self.page(to)?;
            }
            Op::Ksm { vpn, to, .. } => {
                self.page(vpn)?;
                self.page(to)?;
            }
            Op::Split { vpn, order, .. } => {
                self.page(vpn)?;
                order.0 += self.orders;
            }
            Op::DmaRead { index, .. } | Op::DmaWrite { index, .. } => {
                *index = index.checked_mul(self.factor)?;
            }
            Op::Thp { always, madvise } => {
                self.order_set(always);
                self.order_set(madvise);
            }
            Op::Dev(call) => {
                let operands = call.operands();
                operands.range.map_or(Some(()), |range| self.range(range))?;
                operands.vpn.map_or(Some(()), |vpn| self.page(vpn))?;
            }
            Op::Fork { .. }
            | Op::Exit { .. }
            | Op::Put { .. }
            | Op::FailAlloc { .. }
            | Op::Drop { .. }
            | Op::WriteDone { .. }
            | Op::Race { .. }
            | Op::Swapoff
            | Op::Swapon
            | Op::Drain
            | Op::MigrateCopy { .. }
            | Op::MigrateEnd { .. }
            | Op::DeferredScan { .. }
            | Op::ClearRefs { .. } => {}
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::enlarged;
    use mm_ops::Program;

    fn check(small: &str, large: Option<&str>) {
        let parse = |text: &str| -> Program {
            text.parse().unwrap_or_else(|error| panic!("{error:?}\n{text}"))
        };
        assert_eq!(enlarged(&parse(small)), large.map(parse), "{small}");
    }

    /// Blocks stay blocks, parts of blocks the same parts, single pages single.
    #[test]
    fn places_and_orders_are_scaled() {
        check(
            "config ptes=8\n\
             thp always=2,3\n\
             mmap p0 8+16 rw\n\
             write p0 9 a\n\
             pin p0 9 rw h0 longterm fast -> 1\n\
             pin p0 10+2 rw h1 longterm fast -> 2\n\
             dma_read h1 1 -> 0\n\
             madvise p0 9+1 dontneed\n\
             read p0 9 -> 0\n",
            Some(
                "config ptes=512\n\
                 thp always=8,9\n\
                 mmap p0 512+1024 rw\n\
                 write p0 576 a\n\
                 pin p0 576 rw h0 longterm fast -> 1\n\
                 pin p0 640+128 rw h1 longterm fast -> 128\n\
                 dma_read h1 64 -> 0\n\
                 madvise p0 576+64 dontneed\n\
                 read p0 576 -> 0\n",
            ),
        );
    }

    /// Orders that the small geometry ignores are not made legal.
    #[test]
    fn orders_without_meaning_get_none() {
        check("config ptes=4\nthp always=2,3,4", Some("config ptes=512\nthp always=9"));
    }

    /// The end of the address space lies elsewhere, so a program that goes there has no equivalent.
    #[test]
    fn beyond_the_address_space_there_is_no_equivalent() {
        check("config ptes=4\nmmap p0 60+8 rw", None);
        check("config ptes=4\nread p0 64", None);
        check("config ptes=4\nmmap p0 60+4 rw", Some("config ptes=512\nmmap p0 7680+512 rw"));
    }
}
