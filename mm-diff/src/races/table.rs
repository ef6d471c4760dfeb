//! What is raced: each operation that takes a page away or changes who may write to it, on a page
//! in each state that decides how, by each actor. As data, in the language of programs.

/// An operation to race, on one layout of memory.
pub(super) struct Raced {
    /// Its name in reports.
    pub(super) name: &'static str,
    /// What must stand before; the page at stake is p0's page 0.
    pub(super) before: &'static str,
    /// What comes after that, once the page has its state.
    pub(super) then: &'static str,
    /// The operation.
    pub(super) op: &'static str,
    /// What it takes to bring it to its end, where it has phases.
    pub(super) rest: &'static str,
    /// Pages an actor may be after.
    pub(super) pages: &'static [u32],
}

const SMALL: &str = "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a";
const LARGE: &str = "config ptes=8\nthp always=2\nmmap p0 0+8 rw\nwrite p0 0 a\nwrite p0 1 b";
const LEAF: &str = "config ptes=4\nthp always=2\nmmap p0 0+4 rw\nwrite p0 0 a";
const TWINS: &str = "config ptes=4\nmmap p0 0+2 rw\nmadvise p0 0+2 populate_write\n\
                     madvise p0 0+2 mergeable";

const WATCHED: &str = "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\nuffd_register p0 0+4 both";

/// A scheme without pins, GUP-fast and walkers that hold no lock: what is left are CPUs with stale
/// translations (docs/rules/anonmm.md).
const ANONMM: &str = "config ptes=4 rmap=anonmm\nmmap p0 0+4 rw\nwrite p0 0 a\nwrite p0 1 b";
const LOOKED_FOR: &str = "rmap_walk p0 9\nrmap_walk p1 0\nread p0 9\nread p0 10\nswap_out p1 0\n\
                          swap_out p0 9\nread p1 0\nread p0 9";

/// What most of them are.
const PLAIN: Raced = Raced { name: "", before: "", then: "", op: "", rest: "", pages: &[0] };

pub(super) const RACED: &[Raced] = &[
    Raced { name: "swapout", before: SMALL, op: "swap_out p0 0", ..PLAIN },
    Raced { name: "swapout, large", before: LARGE, op: "swap_out p0 0", pages: &[0, 1], ..PLAIN },
    Raced { name: "swapout, PMD", before: LEAF, op: "swap_out p0 0", ..PLAIN },
    Raced {
        name: "swapout, slow write",
        before: SMALL,
        op: "swap_out p0 0 l0",
        rest: "write_done l0",
        ..PLAIN
    },
    Raced {
        name: "lazyfree reclaim",
        before: "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\nmadvise p0 0+1 free",
        op: "swap_out p0 0",
        ..PLAIN
    },
    Raced {
        name: "migration",
        before: SMALL,
        op: "migrate p0 0 l0 all",
        rest: "migrate_copy l0\nmigrate_end l0",
        ..PLAIN
    },
    Raced {
        name: "migration, large",
        before: LARGE,
        op: "migrate p0 0 l0 all",
        rest: "migrate_copy l0\nmigrate_end l0",
        pages: &[0, 1],
        ..PLAIN
    },
    Raced {
        name: "migration, PMD",
        before: LEAF,
        op: "migrate p0 0 l0 all",
        rest: "migrate_copy l0\nmigrate_end l0",
        ..PLAIN
    },
    Raced { name: "folio split", before: LARGE, op: "split p0 0 order=0", pages: &[0, 1], ..PLAIN },
    Raced { name: "folio split, PMD", before: LEAF, op: "split p0 0 order=0", ..PLAIN },
    Raced { name: "KSM", before: TWINS, op: "ksm p0 0 p0 1", pages: &[0, 1], ..PLAIN },
    Raced { name: "fork", before: SMALL, op: "fork p0 p2", ..PLAIN },
    Raced { name: "fork, large", before: LARGE, op: "fork p0 p2", pages: &[0, 1], ..PLAIN },
    Raced { name: "fork, PMD", before: LEAF, op: "fork p0 p2", ..PLAIN },
    Raced { name: "collapse", before: SMALL, op: "madvise p0 0+4 collapse", ..PLAIN },
    Raced {
        name: "khugepaged",
        before: SMALL,
        op: "khugepaged p0 0 none=4 swap=4 shared=4",
        ..PLAIN
    },
    Raced { name: "DONTNEED", before: SMALL, op: "madvise p0 0+1 dontneed", ..PLAIN },
    Raced { name: "munmap", before: SMALL, op: "munmap p0 0+1", ..PLAIN },
    Raced { name: "munmap, large", before: LARGE, op: "munmap p0 0+8", pages: &[0, 1], ..PLAIN },
    Raced { name: "munmap, PMD", before: LEAF, op: "munmap p0 0+4", ..PLAIN },
    Raced { name: "exit", before: SMALL, op: "exit p0", ..PLAIN },
    Raced { name: "mprotect", before: SMALL, op: "mprotect p0 0+4 r", ..PLAIN },
    Raced { name: "mprotect, PMD", before: LEAF, op: "mprotect p0 0+4 r", ..PLAIN },
    Raced { name: "uffd-wp", before: WATCHED, op: "uffd_wp p0 0+1 on", ..PLAIN },
    Raced { name: "FREE", before: SMALL, op: "madvise p0 0+1 free", ..PLAIN },
    Raced { name: "memory failure", before: SMALL, op: "hwpoison p0 0", ..PLAIN },
    Raced {
        name: "mremap",
        before: SMALL,
        op: "mremap p0 0+2 9+2 maymove fixed",
        rest: "read p0 9",
        pages: &[0, 1],
        ..PLAIN
    },
    Raced {
        name: "mremap, table",
        before: SMALL,
        op: "mremap p0 0+4 8+4 maymove fixed",
        rest: "read p0 8",
        ..PLAIN
    },
    Raced {
        name: "mremap, PMD",
        before: LEAF,
        op: "mremap p0 0+4 8+4 maymove fixed",
        rest: "read p0 8",
        ..PLAIN
    },
    Raced {
        name: "UFFDIO_MOVE",
        before: WATCHED,
        op: "uffd_move p0 0+1 2",
        rest: "read p0 2",
        ..PLAIN
    },
    Raced {
        name: "UFFDIO_MOVE, PMD",
        before: "config ptes=4\nthp always=2\nmmap p0 0+8 rw\nwrite p0 0 a\n\
                 uffd_register p0 4+4 missing",
        op: "uffd_move p0 0+4 4",
        rest: "read p0 4",
        ..PLAIN
    },
    Raced {
        name: "relocation",
        before: SMALL,
        op: "mremap p0 0+2 9+2 maymove fixed relocate",
        rest: "read p0 9",
        pages: &[0, 1],
        ..PLAIN
    },
    Raced {
        name: "relocation, large",
        before: LARGE,
        op: "mremap p0 0+8 17+8 maymove fixed relocate",
        rest: "read p0 17",
        pages: &[0, 1],
        ..PLAIN
    },
    Raced {
        name: "relocation, PMD",
        before: LEAF,
        op: "mremap p0 0+4 8+4 maymove fixed relocate",
        rest: "read p0 8",
        ..PLAIN
    },
    Raced {
        name: "relocation, split",
        before: LARGE,
        op: "mremap p0 0+2 17+2 maymove fixed relocate",
        rest: "read p0 17",
        ..PLAIN
    },
    Raced {
        name: "relocation, undone",
        before: "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\nwrite p0 2 b\nlock p0 2 l0",
        op: "mremap p0 0+4 9+4 maymove fixed relocate",
        rest: "read p0 9",
        ..PLAIN
    },
    Raced {
        name: "device migration",
        before: SMALL,
        op: "dev_setup d0 p0 0+1 l0 system",
        rest: "dev_pages l0 device\ndev_finalize l0\ndev_write d0 p0 0 c",
        ..PLAIN
    },
    Raced {
        name: "device migration, PMD",
        before: LEAF,
        op: "dev_setup d0 p0 0+4 l0 system",
        rest: "dev_pages l0 device\ndev_finalize l0",
        ..PLAIN
    },
    Raced {
        name: "device migration, into an empty place",
        before: "config ptes=4\nmmap p0 0+4 rw\nread p0 0\ndev_setup d0 p0 0+2 l0 system",
        op: "dev_pages l0 device",
        rest: "dev_finalize l0",
        ..PLAIN
    },
    Raced {
        name: "end of a device migration",
        before: "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\ndev_setup d0 p0 0+1 l0 system\n\
                 dev_pages l0 host",
        op: "dev_finalize l0",
        ..PLAIN
    },
    Raced {
        name: "fault on a device's page",
        before: "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\ndev_setup d0 p0 0+1 l0 system\n\
                 dev_pages l0 device\ndev_finalize l0",
        op: "read p0 0",
        ..PLAIN
    },
    Raced {
        name: "device-exclusive",
        before: SMALL,
        op: "dev_exclusive d0 p0 0 l0",
        rest: "dev_write d0 p0 0 c\ndrop l0\ndev_write d0 p0 0 e",
        ..PLAIN
    },
    Raced {
        name: "device-exclusive, large",
        before: LARGE,
        op: "dev_exclusive d0 p0 0 l0",
        rest: "dev_write d0 p0 0 c\ndrop l0",
        pages: &[0, 1],
        ..PLAIN
    },
    Raced {
        name: "fault on a page that is exclusive to a device",
        before: "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\ndev_exclusive d0 p0 0 l0\ndrop l0",
        op: "read p0 0",
        rest: "dev_write d0 p0 0 c",
        ..PLAIN
    },
    Raced { name: "write", before: SMALL, op: "write p0 0 c", ..PLAIN },
    Raced { name: "write, large", before: LARGE, op: "write p0 0 c", ..PLAIN },
    Raced { name: "write, PMD", before: LEAF, op: "write p0 0 c", ..PLAIN },
    Raced {
        name: "anonmm: mremap",
        before: ANONMM,
        op: "mremap p0 0+2 9+2 maymove fixed",
        rest: LOOKED_FOR,
        pages: &[0, 1],
        ..PLAIN
    },
    Raced {
        name: "anonmm: mremap of what a relative brought back",
        before: ANONMM,
        then: "swap_out p0 0\nread p0 0\nread p1 0",
        op: "mremap p0 0+2 9+2 maymove fixed",
        rest: LOOKED_FOR,
        pages: &[0, 1],
    },
    Raced {
        name: "anonmm: swap-in at another address",
        before: ANONMM,
        then: "swap_out p0 0\nmremap p0 0+2 9+2 maymove fixed\nread p1 0",
        op: "read p0 9",
        rest: LOOKED_FOR,
        pages: &[0, 9],
    },
    Raced {
        name: "anonmm: swap-in to write at another address",
        before: ANONMM,
        then: "swap_out p0 0\nmremap p0 0+2 9+2 maymove fixed\nwrite p1 0 c",
        op: "write p0 9 d",
        rest: LOOKED_FOR,
        pages: &[0, 9],
    },
    Raced {
        name: "anonmm: swapoff",
        before: ANONMM,
        then: "swap_out p0 0\nswap_out p0 1\nmremap p0 0+2 9+2 maymove fixed\nread p1 0\nread p0 10",
        op: "swapoff",
        rest: LOOKED_FOR,
        pages: &[0, 9, 10],
    },
    Raced { name: "anonmm: fork", before: ANONMM, op: "fork p0 p2", rest: "read p2 0", ..PLAIN },
    Raced { name: "anonmm: swapout", before: ANONMM, op: "swap_out p0 0", ..PLAIN },
    Raced {
        name: "anonmm: swapout, slow write",
        before: ANONMM,
        op: "swap_out p0 0 l0",
        rest: "write_done l0",
        ..PLAIN
    },
    Raced { name: "anonmm: munmap", before: ANONMM, op: "munmap p0 0+1", ..PLAIN },
    Raced { name: "anonmm: DONTNEED", before: ANONMM, op: "madvise p0 0+1 dontneed", ..PLAIN },
    Raced { name: "anonmm: exit", before: ANONMM, op: "exit p0", ..PLAIN },
    Raced { name: "anonmm: mprotect", before: ANONMM, op: "mprotect p0 0+4 r", ..PLAIN },
    Raced { name: "anonmm: write", before: ANONMM, op: "write p0 0 c", ..PLAIN },
];

/// Who has the page, and what that is called. `p1` and `h1` are the others.
pub(super) const STATES: &[(&str, &str)] = &[
    ("exclusive", ""),
    ("shared", "fork p0 p1"),
    ("once shared", "fork p0 p1\nexit p1"),
    ("referenced", "get p0 0 r h1"),
    ("pinned", "pin p0 0 rw h1"),
    ("pinned, then forked", "pin p0 0 rw h1\nfork p0 p1"),
];

/// Who comes by, in p0 or its child, at PID and PAGE.
pub(super) const ACTORS: &[&str] = &[
    "pin PID PAGE r h0",
    "pin PID PAGE rw h0",
    "get PID PAGE r h0",
    "get PID PAGE rw h0",
    "read PID PAGE",
    "write PID PAGE d",
    "walk PID PAGE",
];

/// What shows afterwards who has what: everybody looks, everybody writes, everybody looks again.
pub(super) const AFTER: &str = "read p0 0\nread p1 0\ndma_read h0 0\ndma_write h0 0 e\nread p0 0\n\
                     write p0 0 f\ndma_read h0 0\ndma_read h1 0\nread p1 0\nread p2 0\nwrite p0 1 g\n\
                     put h0";
