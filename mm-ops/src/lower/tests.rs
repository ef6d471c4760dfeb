//! Every lowering is lower, can be said, and the way down ends.

use super::*;
use crate::generate::{Areas, Profile, random_program, seeded};
use crate::ids::Value;
use crate::program::Program;
use crate::text::EVERY_FORM;
use std::cmp::Ordering;

/// Every form of every operation, and many drawn ones.
fn ops() -> Vec<Op> {
    let mut rng = seeded(11, 0);
    let mut ops: Vec<Op> =
        Program::parse(EVERY_FORM).unwrap().steps.iter().map(|step| step.op).collect();
    for _ in 0..60 {
        let profile = Profile::random(Areas::ALL, &mut rng);
        ops.extend(random_program(&profile, &mut rng).steps.iter().map(|step| step.op));
    }
    ops
}

#[test]
fn every_lowering_is_lower_and_can_be_said() {
    for op in ops() {
        let variants = lowerings(&op);
        for (index, variant) in variants.iter().enumerate() {
            assert!(weight(variant) < weight(&op), "{op} to {variant}");
            assert_eq!(variant.sanitized(), *variant, "{op} to {variant}");
            assert!(!variants[..index].contains(variant), "{op} to {variant} twice");
        }
    }
}

/// Whichever lowering is taken, the way down ends, and soon.
#[test]
fn every_way_down_ends() {
    let mut rng = seeded(12, 0);
    for op in ops() {
        let mut op = op;
        let mut steps = 0;
        loop {
            let variants = lowerings(&op);
            if variants.is_empty() {
                break;
            }
            let last = variants.len() as u32 - 1;
            op = variants[crate::generate::Draw::below(&mut rng, last + 1) as usize];
            steps += 1;
            assert!(steps < 1000, "{op}");
        }
    }
}

#[track_caller]
fn check(op: &str, expected: &[&str]) {
    let variants = lowerings(&op.parse().unwrap());
    assert_eq!(variants.iter().map(Op::to_string).collect::<Vec<_>>(), expected);
}

#[test]
fn each_operand_is_lowered() {
    check("read p0 0", &[]);
    check("fork p0 p0", &[]);
    check("read p2 1", &["read p2 0", "read p0 1", "read p1 1"]);
    check(
        "mmap p0 0+1 r droppable",
        &["mmap p0 0+1 r", "mmap p0 0+1 rw droppable", "mmap p0 0+0 r droppable"],
    );
    check("munmap p0 1+2", &["munmap p0 1+0", "munmap p0 1+1", "munmap p0 2+1", "munmap p0 0+2"]);
    check(
        "pin p0 0 rw h1",
        &[
            "read p0 0",
            "write p0 0 a",
            "get p0 0 r h1",
            "get p0 0 rw h1",
            "pin p0 0 r h1",
            "pin p0 0+0 rw h1",
            "pin p0 0 rw h0",
        ],
    );
    check("write p0 0 c", &["write p0 0 a", "write p0 0 b"]);
    check("vm_read p0 0", &["read p0 0", "peek p0 0"]);
    check("put h0 dirty", &["put h0"]);
    check(
        "thp always=2 madvise=2",
        &[
            "thp never",
            "thp madvise=2",
            "thp always=0 madvise=2",
            "thp always=1 madvise=2",
            "thp always=2",
            "thp always=2 madvise=0",
            "thp always=2 madvise=1",
        ],
    );
    check("fail_alloc 2", &["fail_alloc 0", "fail_alloc 1"]);
    check("dma_write h0 1 b", &["dma_write h0 0 b", "dma_write h0 1 a"]);
    check("isolate p0 0 l1", &["lock p0 0 l1", "isolate p0 0 l0"]);
    check("madvise p0 0+0 guard_install", &["madvise p0 0+0 dontneed"]);
}

#[test]
fn numbers_go_down_to_zero() {
    assert_eq!(lower_numbers(0), []);
    assert_eq!(lower_numbers(3), [0, 1, 2]);
    assert_eq!(lower_numbers(13), [0, 5, 6, 8, 9, 11, 12]);
    for number in [9, 4096, 70_001, u32::MAX] {
        let lower = lower_numbers(number);
        assert!(lower.is_sorted_by(|a, b| a < b) && lower.len() <= 66);
        assert_eq!((lower[0], lower[lower.len() - 1]), (0, number - 1));
    }
}

#[test]
fn values_are_ranked_one_to_one() {
    let mut labels: Vec<u8> = (0..=u8::MAX).map(|rank| value_of_rank(rank).label).collect();
    for (rank, label) in labels.iter().enumerate() {
        assert_eq!(usize::from(value_rank(Value::label(*label))), rank);
    }
    assert_eq!(labels[..2], *b"ab");
    labels.sort_unstable();
    assert!(labels.into_iter().eq(0..=u8::MAX));
}

#[test]
fn configurations_go_down_to_the_smallest() {
    let mut rng = seeded(13, 0);
    for _ in 0..200 {
        let mut config = Profile::random(Areas::ALL, &mut rng).config;
        while let Some(variant) = config_lowerings(&config).pop() {
            assert!(config_weight(&variant) < config_weight(&config));
            assert_eq!(variant.sanitized(), variant);
            config = variant;
        }
        assert_eq!(config, Config { ptes: 4, ..Config::default() });
    }
}

#[test]
fn programs_compare_by_length_first() {
    let [short, long, lower] = ["write p3 9 z", "read p0 0\nread p0 0", "read p3 9"]
        .map(|text| Program::parse(text).unwrap());
    assert_eq!(compare(&short, &long), Ordering::Less);
    assert_eq!(compare(&lower, &short), Ordering::Less);
    assert_eq!(compare(&short, &short), Ordering::Equal);
    let geometry = Program { config: Config { ptes: 16, ..short.config }, ..lower };
    assert_eq!(compare(&short, &geometry), Ordering::Less);
}
