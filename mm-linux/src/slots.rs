//! Which programs that reclaim memory mean the same on the driver's swap device. The kernel hands out
//! slots in an order of its own, and its device is larger than any program's; both show only in the
//! cases that are refused here. Pure arithmetic.

use crate::supports::{Refusal, legal_orders};
use mm_ops::{
    Advice, Config, OPS_MAX, Op, Order, OrderSet, Program, SWAP_SLOTS_MAX, Step, SwapDevice,
};

/// Whether the operation may take slots.
const fn reclaims(op: &Op) -> bool {
    matches!(op, Op::SwapOut { .. } | Op::Madvise { advice: Advice::PageOut, .. })
}

/// Whether the program has an operation for which the kind of device matters.
pub(crate) fn uses_swap(program: &Program) -> bool {
    let uses = |op: &Op| reclaims(op) || matches!(op, Op::Swapoff | Op::Swapon);
    program.steps.iter().any(|step| uses(&step.op))
}

/// The orders that are enabled after an operation, those before it given.
fn enabled_after(before: OrderSet, op: &Op, config: &Config) -> OrderSet {
    match *op {
        Op::Thp { always, madvise } => OrderSet(always.union(madvise).0 & legal_orders(config).0),
        _ => before,
    }
}

/// Most slots that an operation can take: the pages it names, or a folio's.
fn most_slots(op: &Op, largest: Order) -> u64 {
    match *op {
        Op::Madvise { range, advice: Advice::PageOut, .. } => range.len.into(),
        Op::SwapOut { .. } => largest.pages().into(),
        _ => 0,
    }
}

/// The largest order a folio of the program can have.
fn largest_order(program: &Program) -> Order {
    let orders = program.steps.iter().map(|step| match step.op {
        Op::Madvise { advice: Advice::Collapse, .. } => program.config.pmd_order(),
        op => enabled_after(OrderSet::EMPTY, &op, &program.config).iter().max().unwrap_or(Order(0)),
    });
    orders.max().unwrap_or(Order(0))
}

/// Why the device cannot stand for the program's.
pub(crate) fn refusal(program: &Program) -> Refusal {
    let slots = program.config.swap_slots;
    if !uses_swap(program) || slots == 0 {
        return Ok(());
    }
    if program.config.swap_device != SwapDevice::Zram {
        return Err("swap on another device than zram: writes to it do not end at once".to_owned());
    }
    let largest = largest_order(program);
    let most: u64 = program.steps.iter().map(|step| most_slots(&step.op, largest)).sum();
    if 2 * most > u64::from(slots) {
        return Err("a swap device that may be nearly full: the driver's never is".to_owned());
    }
    let (mut enabled, mut reclaimed) = (OrderSet::EMPTY, false);
    for step in &program.steps {
        enabled = enabled_after(enabled, &step.op, &program.config);
        reclaimed |= reclaims(&step.op);
        if reclaimed && enabled != OrderSet::EMPTY {
            return Err(
                "folio sizes enabled while something is swapped out: whether a large folio \
                        comes back (E18) depends on the slots, which the kernel hands out in an \
                        order of its own"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

/// Makes the program one that is not refused: on zram, with all slots, without folio sizes once it
/// reclaims, and with no more reclaim than fills half of the device.
pub(crate) fn adapt(program: &mut Program) {
    if !uses_swap(program) {
        return;
    }
    program.config.swap_device = SwapDevice::Zram;
    program.config.swap_slots = SWAP_SLOTS_MAX;
    let config = program.config;
    let (largest, mut left) = (largest_order(program), u64::from(SWAP_SLOTS_MAX) / 2);
    program.steps.retain(|step| {
        let slots = most_slots(&step.op, largest);
        left.checked_sub(slots).inspect(|rest| left = *rest).is_some()
    });
    let Some(first) = program.steps.iter().position(|step| reclaims(&step.op)) else { return };
    let before = &program.steps[..first];
    let enabled = before
        .iter()
        .fold(OrderSet::EMPTY, |enabled, step| enabled_after(enabled, &step.op, &config));
    let mut place = 0..;
    program.steps.retain(|step| {
        let place = place.next().unwrap_or(usize::MAX);
        place < first || !matches!(step.op, Op::Thp { .. })
    });
    if enabled != OrderSet::EMPTY {
        let op = Op::Thp { always: OrderSet::EMPTY, madvise: OrderSet::EMPTY };
        program.steps.truncate(OPS_MAX - 1);
        program.steps.insert(first.min(program.steps.len()), Step { op, expect: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(text: &str) -> Program {
        text.parse().unwrap_or_else(|error| panic!("{error:?}\n{text}"))
    }

    #[test]
    fn what_the_device_cannot_mirror_is_refused() {
        let zram = "config swap=64 swap_device=zram\n";
        let said = |text: &str| refusal(&program(text)).err().unwrap_or_default();
        assert_eq!(said("madvise p0 0+8 cold"), "");
        assert_eq!(said("config swap=0\nmadvise p0 0+8 pageout"), "");
        assert!(said("madvise p0 0+8 pageout").contains("zram"));
        assert_eq!(said(&format!("{zram}madvise p0 0+32 pageout")), "");
        assert!(said(&format!("{zram}madvise p0 0+33 pageout")).contains("full"));
        assert!(said(&format!("{zram}thp always=2\nswap_out p0 0")).contains("E18"));
        assert!(said(&format!("{zram}swap_out p0 0\nthp madvise=2")).contains("E18"));
        assert_eq!(said(&format!("{zram}thp always=2\nthp never\nswap_out p0 0")), "");
    }

    #[test]
    fn what_is_refused_can_be_adapted() {
        let texts = [
            "thp always=2\nmadvise p0 0+8 pageout\nthp always=3\nread p0 0",
            "config ptes=512\nmadvise p0 0+1500 pageout\nmadvise p0 0+1500 pageout\nswapoff",
            "config swap=3 swap_device=stable\nswap_out p0 0",
        ];
        for text in texts {
            let mut program = program(text);
            assert!(refusal(&program).is_err(), "{text}");
            adapt(&mut program);
            assert_eq!(refusal(&program), Ok(()), "{text}");
            assert!(uses_swap(&program), "{text}");
        }
    }
}
