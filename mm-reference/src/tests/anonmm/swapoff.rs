//! `swapoff` (M10).

use super::*;

#[test]
fn m10_swapoff_brings_all_back_and_copies_what_clashes() {
    let mut bench = Bench::swapped_and_moved();
    bench.ok(Op::Swapoff);
    assert!(bench.fired(Rule::M10) && !bench.fired(Rule::E17));
    assert_eq!(bench.allocated(), [(FOLIO, 0), (FOLIO, 8)]);
    assert_eq!((bench.flags(P0, 0), bench.flags(P1, 8)), (OLD, YOUNG.with(DIRTY).with(W)));
    assert_eq!((bench.noted(P0, 0), bench.noted(P1, 8)), ((0, 0), (1, 8)));
    let folio = bench.folio(P0, 0);
    assert!(folio.flags.has(FolioFlags::DIRTY) && !folio.flags.has(FolioFlags::SWAPCACHE));
    assert_eq!(bench.slots_in_use(), 0);
    assert_eq!(bench.run(Op::Swapoff), Outcome::Err(Errno::EINVAL));
    assert_eq!(bench.run(swap_out(P0, 0)), BUSY, "no slot");
}

#[test]
fn m10_who_came_first_decides_which_address_clashes() {
    let mut bench = Bench::swapped_and_moved();
    assert_eq!(bench.read(P1, 8), b'a');
    bench.ok(Op::Swapoff);
    assert_eq!(bench.allocated(), [(FOLIO, 0)]);
    assert_eq!((bench.noted(P0, 0), bench.noted(P1, 8)), ((0, 0), (1, 8)));
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY).with(W));
}

#[test]
fn m10_swapoff_waits_for_nobody() {
    let mut bench = Bench::of_2004(4);
    bench.write(P0, 0, b'a');
    bench.ok(write_out(P0, 0, 0));
    assert_eq!(bench.run(Op::Swapoff), EINTR);
    bench.ok(write_done(0, false));
    // Nothing but the cache has the slot.
    assert_eq!(bench.read(P0, 0), b'a');
    bench.ok(lock(P0, 0, 1));
    assert_eq!(bench.run(Op::Swapoff), EINTR);
    bench.ok(Op::Drop { token: Token(1) });
    bench.ok(Op::Swapoff);
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::DIRTY));
}

#[test]
fn m10_without_memory_the_device_stays() {
    let mut bench = Bench::swapped_and_moved();
    assert_eq!(bench.failing(Op::Swapoff, FOLIO, P0, 0), ENOMEM);
    assert_eq!((bench.swapped_out(P0, 0), bench.swapped_out(P1, 8)), (0, 0));
    assert_eq!(bench.failing(Op::Swapoff, FOLIO, P1, 8), ENOMEM);
    assert_eq!(bench.page(P0, 0), bench.page(P1, 8), "lost");
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::SWAPCACHE));
    bench.ok(Op::Swapoff);
    assert_eq!(bench.page(P0, 0), bench.page(P1, 8), "no entry of swap, so nothing to copy");
    bench.write(P1, 8, b'b');
    assert_eq!((bench.noted(P0, 0), bench.noted(P1, 8)), ((0, 0), (1, 8)));
}
