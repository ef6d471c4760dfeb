//! What needs a memory cgroup or a split on the live kernel: reclaim of pages that several processes map,
//! and folios that are taken apart. Where the kernel or the privileges leave one out, the test
//! says so in one line.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use common::{Ran, run};
use mm_linux::{Feature, Linux, Trouble};
use mm_ops::{FolioView, Mm, PageState, PageView, Pid, Program, Vpn};

/// Runs a program that must pass where it can run at all.
fn check(needed: Option<Feature>, text: &str) -> Option<Ran> {
    let mut linux =
        Linux::new().inspect_err(|error| println!("left out: no live kernel: {error}")).ok()?;
    if let Some(Err(reason)) = needed.map(|feature| linux.probe().need(feature)) {
        println!("left out: {reason}");
        return None;
    }
    run(&mut linux, text).inspect_err(|reason| println!("left out: {reason}")).ok()
}

fn page(ran: &Ran, pid: u8, vpn: u32) -> (PageView, FolioView) {
    let place = ran.seen.pages.iter().position(|page| page.pid == Pid(pid) && page.vpn == Vpn(vpn));
    let place = place.unwrap_or_else(|| panic!("p{pid}:{vpn} is not mapped"));
    (ran.seen.pages[place], ran.seen.folios[place])
}

/// Runs a program whose last operation turns out to be none that the driver has, for this reason.
fn check_not_driven(text: &str, why: &str) {
    let Ok(mut linux) = Linux::new() else { return println!("left out: no live kernel") };
    if let Err(reason) = linux.probe().need(Feature::MemoryCgroup) {
        return println!("left out: {reason}");
    }
    let program: Program = text.parse().expect("a program");
    if let Err(reason) = linux.supports(&program) {
        return println!("left out: {reason}");
    }
    linux.prepare(&program);
    linux.reset(&program.config);
    for op in program.stamped() {
        assert_eq!(linux.troubles(), [], "before `{op}`");
        linux.apply(&op);
    }
    let troubles = linux.troubles();
    assert!(
        matches!(&troubles[..], [Trouble::NotDriven(reason)] if reason.contains(why)),
        "{troubles:?}"
    );
}

#[test]
fn a_shared_page_goes_out_alone() {
    let Some(ran) = check(
        Some(Feature::MemoryCgroup),
        "config swap_device=zram\n\
         mmap p0 0+4 rw\n\
         write p0 0 a\n\
         write p0 1 b\n\
         write p0 2 c\n\
         fork p0 p1 -> ok\n\
         fork p0 p2 -> ok\n\
         write p1 2 d\n\
         swap_out p1 1 -> ok\n\
         swap_out p0 1 -> EFAULT\n\
         swap_out p1 3 -> EFAULT\n\
         swap_out p2 2 -> ok\n",
    ) else {
        return;
    };
    for pid in 0..3 {
        let (out, _) = page(&ran, pid, 1);
        assert_eq!((out.state, out.value.label), (PageState::Swapped, b'b'), "p{pid}");
        assert_eq!(page(&ran, pid, 0).0.state, PageState::Page, "p{pid}");
    }
    let twos = [0, 1, 2].map(|pid| page(&ran, pid, 2).0.state);
    assert_eq!(twos, [PageState::Swapped, PageState::Page, PageState::Swapped]);
}

#[test]
fn what_holds_a_shared_page_keeps_it() {
    let Some(ran) = check(
        Some(Feature::MemoryCgroup),
        "config swap_device=zram\n\
         mmap p0 0+1 rw\n\
         write p0 0 a\n\
         fork p0 p1 -> ok\n\
         get p0 0 r h0 fast -> 1\n\
         swap_out p0 0 -> EBUSY\n\
         put h0\n",
    ) else {
        return;
    };
    assert_eq!(page(&ran, 0, 0).0.state, PageState::SwapCached);
    assert_eq!(page(&ran, 1, 0).0.state, PageState::SwapCached);
}

/// The operation takes it from those who did not lock it, if it comes to them first; reclaim of a cgroup does not
/// come to it.
#[test]
fn a_shared_mlocked_page_ends_the_program() {
    let text = "config swap_device=zram\nmmap p0 0+1 rw\nwrite p0 0 a\nfork p0 p1\nmprotect p1 0+1 r\nmlock p1 0+1\nswap_out p0 0\n";
    check_not_driven(text, "mlocked");
}

#[test]
fn a_shared_lazyfree_page_is_dropped() {
    check(
        Some(Feature::MemoryCgroup),
        "config swap_device=zram\n\
         mmap p0 0+1 rw\n\
         write p0 0 a\n\
         madvise p0 0+1 free\n\
         fork p0 p1 -> ok\n\
         swap_out p1 0 -> ok\n\
         read p0 0 -> 0\n\
         read p1 0 -> 0\n",
    );
}

#[test]
fn a_shared_large_folio_goes_out_whole() {
    let Some(ran) = check(
        Some(Feature::MemoryCgroup),
        "config swap_device=zram\n\
         thp always=3\n\
         mmap p0 8+8 rw\n\
         write p0 11 a\n\
         thp never\n\
         fork p0 p1 -> ok\n\
         swap_out p1 9 -> ok\n",
    ) else {
        return;
    };
    assert!((8..16).all(|vpn| page(&ran, 0, vpn).0.state == PageState::Swapped));
}

/// MADV_PAGEOUT would split it at the end of the first mapping.
#[test]
fn a_large_folio_of_two_mappings_goes_out_whole() {
    let Some(ran) = check(
        Some(Feature::MemoryCgroup),
        "config swap_device=zram\n\
         thp always=2\n\
         mmap p0 0+4 rw\n\
         write p0 0 a\n\
         thp never\n\
         mprotect p0 0+1 r -> ok\n\
         swap_out p0 3 -> ok\n",
    ) else {
        return;
    };
    assert!((0..4).all(|vpn| page(&ran, 0, vpn).0.state == PageState::Swapped));
}

/// Reclaim of a cgroup takes all that is in it.
#[test]
fn nothing_is_reclaimed_that_was_not_named() {
    let shared = "config swap_device=zram\nmmap p0 0+2 rw\nmadvise p0 0+2 populate_write\n";
    check_not_driven(&format!("{shared}fork p0 p1\nswap_out p0 0\n"), "has other pages");
}

#[test]
fn a_large_folio_of_two_mappings_is_not_split_for_want_of_slots() {
    check_not_driven(
        "config swap_device=zram\nthp always=2\nmmap p0 0+4 rw\nwrite p0 0 a\nthp never\nswapoff\n\
         mprotect p0 0+1 r\nswap_out p0 0\n",
        "swap is off",
    );
}

/// What held zeros becomes the zero page.
#[test]
fn a_folio_that_is_taken_apart_ends_the_program() {
    check_not_driven(
        "config swap_device=zram\nmmap p0 0+4 rw\nthp always=2\nwrite p0 0 a\nthp never\nmunmap p0 3+1\n\
         swap_out p0 1\n",
        "taken apart",
    );
}

/// The third process had no mm-id slot, so the folio stays one that may be shared (S10).
#[test]
fn a_part_of_what_passes_for_shared_ends_the_program() {
    check_not_driven(
        "config swap_device=zram\nthp always=2\nmmap p0 0+4 rw\nwrite p0 0 a\nthp never\nfork p0 p1\n\
         write p0 0 a\nfork p0 p2\nexit p1\nexit p0\nswap_out p2 1\n",
        "did not split",
    );
}

/// A driver that was not told of the program has its pages in no cgroup.
#[test]
fn an_unprepared_driver_says_so() {
    let Ok(mut linux) = Linux::new() else { return println!("left out: no live kernel") };
    let text = "config swap_device=zram\nmmap p0 0+1 rw\nwrite p0 0 a\nfork p0 p1\nswap_out p0 0\n";
    let program: Program = text.parse().expect("a program");
    if let Err(reason) = linux.supports(&program) {
        return println!("left out: {reason}");
    }
    linux.reset(&program.config);
    for op in program.stamped() {
        linux.apply(&op);
    }
    assert!(matches!(&linux.troubles()[..], [Trouble::NotDriven(_)]), "{:?}", linux.troubles());
}

#[test]
fn a_folio_is_split_into_single_pages() {
    let Some(ran) = check(
        Some(Feature::PageFlags),
        "config ptes=512\n\
         thp always=4,9\n\
         mmap p0 0+528 rw\n\
         write p0 5 a\n\
         write p0 513 b\n\
         mmap p0 600+1 rw\n\
         write p0 600 c\n\
         split p0 5 order=0 -> ok\n\
         split p0 5 order=0 -> EINVAL\n\
         split p0 600 order=0 -> EINVAL\n\
         split p0 700 order=0 -> EFAULT\n\
         get p0 513 r h0 fast -> 1\n\
         split p0 512 order=0 -> EAGAIN\n\
         put h0\n\
         split p0 512 order=0 -> ok\n\
         read p0 5 -> a\n\
         read p0 513 -> b\n",
    ) else {
        return;
    };
    assert!(!page(&ran, 0, 5).1.large && !page(&ran, 0, 513).1.large);
    assert!(ran.exclusive.contains(&(Pid(0), Vpn(5), true)), "the pieces inherit it");
}

#[test]
fn the_shrinker_splits_what_is_mapped_in_part() {
    let Some(ran) = check(
        Some(Feature::MemoryCgroup),
        "config ptes=512\n\
         thp always=4\n\
         mmap p0 0+64 rw\n\
         write p0 0 a\n\
         write p0 16 b\n\
         write p0 32 c\n\
         write p0 48 d\n\
         munmap p0 1+1\n\
         munmap p0 33+1\n\
         get p0 32 r h0 fast -> 1\n\
         fork p0 p1 -> ok\n\
         deferred_scan 4 -> ok\n\
         munmap p1 49+1\n\
         munmap p0 49+1\n\
         split p1 48 order=0 -> ok\n",
    ) else {
        return;
    };
    let large = [0, 16, 32, 48].map(|vpn| page(&ran, 0, vpn).1.large);
    assert_eq!(large, [false, true, true, false]);
    assert_eq!(page(&ran, 0, 0).0.frame, page(&ran, 1, 0).0.frame);
    check_not_driven(
        "config ptes=512\nthp always=4\nmmap p0 0+32 rw\nwrite p0 0 a\nwrite p0 16 b\ndeferred_scan 1\n",
        "fewer folios",
    );
}

#[test]
fn a_merged_page_that_is_not_on_ksms_list_everywhere_ends_the_program() {
    check_not_driven(
        "config ptes=4 swap_device=zram\n\
         mmap p0 0+2 rw\n\
         write p0 1 0\n\
         fork p0 p1\n\
         madvise p1 0+2 mergeable\n\
         write p1 0 0\n\
         ksm p1 1 p1 0\n\
         swap_out p1 0\n",
        "MADV_MERGEABLE",
    );
}

/// Advice takes page for page what does not look alike.
#[test]
fn a_folio_write_protected_in_part_is_reclaimed_as_a_whole() {
    let Some(ran) = check(
        Some(Feature::MemoryCgroup),
        "config swap_device=zram\n\
         mmap p0 0+4 rw\n\
         thp always=2\n\
         write p0 0 a\n\
         uffd_register p0 0+4 wp\n\
         uffd_wp p0 0+1 on\n\
         thp never\n\
         swap_out p0 0 -> ok\n",
    ) else {
        return;
    };
    assert_eq!(page(&ran, 0, 3).0.state, PageState::Swapped, "the zeros, too");
    check(
        Some(Feature::MemoryCgroup),
        "config swap_device=zram uffd=async\n\
         thp always=2\n\
         mmap p0 0+4 rw\n\
         get p0 0 rw h0 fast -> 1\n\
         uffd_register p0 0+4 wp\n\
         uffd_wp p0 0+4 on\n\
         madvise p0 0+4 free\n\
         thp never\n\
         write p0 0 a\n\
         swap_out p0 0 -> EBUSY\n",
    );
}

#[test]
fn what_comes_back_shared_into_locked_memory_ends_the_program() {
    check_not_driven(
        "config ptes=4 swap_device=zram\n\
         mmap p0 0+1 rw\n\
         write p0 0 a\n\
         swap_out p0 0\n\
         fork p0 p1\n\
         mprotect p0 0+1 r\n\
         mlock p0 0+1\n",
        "does not take it for locked",
    );
}

#[test]
fn a_folio_across_the_end_of_a_table_ends_the_program() {
    let moved =
        "thp always=2\nmmap p0 0+4 rw\nwrite p0 0 a\nmremap p0 0+4 5+4 maymove fixed\nthp never\n";
    for advice in ["pageout", "cold", "free"] {
        let text = format!("config ptes=8 swap_device=zram\n{moved}madvise p0 5+4 {advice}\n");
        check_not_driven(&text, "512 entries");
    }
    let text = format!("config ptes=512 swap_device=zram\n{moved}madvise p0 5+4 pageout -> ok\n");
    let Some(ran) = check(Some(Feature::MemoryCgroup), &text) else { return };
    assert_eq!(page(&ran, 0, 6).0.state, PageState::Swapped, "taken whole");
}

/// A leaf goes with the table that was kept for its split; where the kernel splits it first the program ends there.
#[test]
fn where_a_lazyfree_leaf_went_nothing_is_left_to_collapse() {
    check(
        Some(Feature::MemoryCgroup),
        "config ptes=512 swap_device=zram\n\
         thp always=9\n\
         mmap p0 0+512 rw\n\
         write p0 0 a\n\
         madvise p0 0+512 free\n\
         thp never\n\
         swap_out p0 0 -> ok\n\
         madvise p0 0+512 collapse -> EINVAL\n",
    );
}
