//! Batching: whatever the run length, every outcome and every snapshot is the same (BT14, BT15).

use super::support::*;
use mm_ops::{Config, Op};

/// Applies the operations to machines with different run lengths and compares after each.
fn check(config: Config, ops: &[Op]) {
    let [mut on, mut off, mut odd] = runs(config);
    for op in ops {
        let outcome = on.apply(*op);
        assert_eq!(outcome, off.apply(*op), "{op:?}: batching off");
        assert_eq!(outcome, odd.apply(*op), "{op:?}: runs of three");
        assert_eq!(on.snapshot(), off.snapshot(), "{op:?}: batching off");
        assert_eq!(on.snapshot(), odd.snapshot(), "{op:?}: runs of three");
    }
}

#[test]
fn fork_and_exit_of_large_folios() {
    check(
        Config::default(),
        &[
            thp(&[2]),
            mmap(0, 0, 24, RW),
            write(0, 1, b'a'),
            write(0, 9, b'b'),
            write(0, 14, b'c'),
            fork(0, 1),
            write(1, 2, b'd'),
            fork(1, 2),
            exit(0),
            write(2, 9, b'e'),
            munmap(1, 2, 9),
            exit(2),
            exit(1),
        ],
    );
}
