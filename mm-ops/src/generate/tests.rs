//! What generation and mutation promise: repeatable, within all bounds, and mostly sensible.

use super::{Areas, Draw, Place, Profile, Window, random_program, seeded};
use crate::mutate::{extend, mutate, splice};
use crate::{Actor, Advice, Config, DevOp, OPS_MAX, Op, OpKind, Outcome, Program};
use proptest::prelude::*;
use rand_core::RngCore;
use std::collections::BTreeSet;

/// Programs of this many profiles, mutated.
fn programs(areas: Areas, profiles: u64) -> impl Iterator<Item = (Profile, Program)> {
    (0..profiles).map(move |seed| {
        let mut rng = seeded(seed, 0);
        let profile = Profile::random(areas, &mut rng);
        let mut program = random_program(&profile, &mut rng);
        let other = random_program(&profile, &mut rng);
        for _ in 0..rng.below(20) {
            mutate(&mut program, &profile, &mut rng);
        }
        if rng.one_in(4) {
            splice(&mut program, &other, &profile, &mut rng);
        }
        (profile, program)
    })
}

#[test]
fn a_seed_means_the_same_for_ever() {
    let mut rng = seeded(1, 2);
    assert_eq!([rng.next_u32(), rng.next_u32()], [810545978, 1416263310]);
    assert_ne!(seeded(1, 2).next_u64(), seeded(1, 3).next_u64());
    assert_ne!(seeded(1, 2).next_u64(), seeded(2, 2).next_u64());
    let drawn: Vec<u32> = [2, 7, 1000, u32::MAX].map(|bound| rng.below(bound)).to_vec();
    assert_eq!(drawn, [0, 1, 686, 2052007637]);
    assert!(programs(Areas::ALL, 50).eq(programs(Areas::ALL, 50)));
}

#[test]
fn every_program_can_be_said_and_is_bounded() {
    for (profile, program) in programs(Areas::ALL, 500) {
        assert_eq!(program.clone().sanitized(), program);
        assert_eq!(Program::parse(&program.to_string()).unwrap(), program);
        assert!(program.steps.len() <= usize::from(profile.length_max), "{profile}");
        assert!(program.steps.iter().all(|step| step.expect.is_none()));
    }
}

#[test]
fn new_programs_stay_in_their_window() {
    for seed in 0..500 {
        let mut rng = seeded(seed, 1);
        let profile = Profile::random(Areas::ALL, &mut rng);
        let program = random_program(&profile, &mut rng);
        let window = profile.window.pages(&profile.config);
        // A mapping may stick out behind, and a few do; none is much larger than the window.
        let mapped = program.steps.iter().filter_map(|step| match step.op {
            Op::Mmap { range, .. } if range.end() <= profile.config.space_pages().into() => {
                Some(range.len)
            }
            _ => None,
        });
        assert!(mapped.max().unwrap_or(0) <= window.len + 1, "{profile}\n{program}");
    }
}

#[test]
fn windows_lie_where_they_should() {
    let config = Config { ptes: 4, ..Config::default() };
    let pages = |place, tables| {
        let range = Window { place, tables }.pages(&config);
        (range.start.0, range.len)
    };
    assert_eq!(pages(Place::Start, 4), (0, 16));
    assert_eq!(pages(Place::Border, 2), (12, 8));
    assert_eq!(pages(Place::Border, 3), (12, 12));
    assert_eq!(pages(Place::End, 1), (60, 4));
}

/// The share of accesses to pages that something was mapped at, in percent, and of operations on
/// handles that are open.
#[test]
fn most_operations_make_sense() {
    let [mut accesses, mut hits, mut uses, mut open_uses] = [0_u32; 4];
    for (_, program) in programs(Areas::ALL, 400) {
        let mut mapped = BTreeSet::new();
        let mut open = BTreeSet::new();
        for step in &program.steps {
            match step.op {
                Op::Mmap { range, .. } if range.len <= 4096 => {
                    mapped.extend(range.start.0..range.start.0.saturating_add(range.len));
                }
                Op::Munmap { range, .. } => mapped.retain(|vpn| !range.contains(crate::Vpn(*vpn))),
                Op::Read { vpn, .. } | Op::Write { vpn, .. } => {
                    accesses += 1;
                    hits += u32::from(mapped.contains(&vpn.0));
                }
                Op::Gup { handle, .. } | Op::Race { actor: Actor::Gup { handle, .. }, .. } => {
                    open.insert(handle);
                }
                Op::Put { handle, .. } | Op::DmaWrite { handle, .. } => {
                    uses += 1;
                    open_uses += u32::from(open.contains(&handle));
                    if matches!(step.op, Op::Put { .. }) {
                        open.remove(&handle);
                    }
                }
                _ => {}
            }
        }
    }
    assert!(accesses > 1000 && uses > 200);
    assert!(hits * 100 / accesses >= 65, "{hits} of {accesses}");
    assert!(open_uses * 100 / uses >= 70, "{open_uses} of {uses}");
}

#[test]
fn everything_is_drawn() {
    let [mut kinds, mut advice, mut ptes] = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    for (_, program) in programs(Areas::ALL, 500) {
        ptes.insert(program.config.ptes.to_string());
        for step in &program.steps {
            kinds.insert(step.op.kind().to_string());
            if let Op::Madvise { advice: said, .. } = step.op {
                advice.insert(said.to_string());
            }
        }
    }
    assert_eq!(kinds.len(), OpKind::COUNT, "{kinds:?}");
    assert_eq!(advice.len(), Advice::NAMES.len(), "{advice:?}");
    assert_eq!(ptes.len(), crate::PTES_ALLOWED.len(), "{ptes:?}");
}

/// Device migrations go through their phases often enough to matter, and devices touch what they have.
#[test]
fn device_migrations_come_to_an_end() {
    let [mut begun, mut ended] = [0_u32; 2];
    for (_, program) in programs("device".parse().unwrap(), 300) {
        let mut phases = std::collections::BTreeMap::new();
        for step in &program.steps {
            match step.op {
                Op::Dev(DevOp::Setup { token, range, .. }) if range.len <= 32 => {
                    begun += 1;
                    phases.insert(token, 1);
                }
                Op::Dev(DevOp::Pages { token, .. }) if phases.get(&token) == Some(&1) => {
                    phases.insert(token, 2);
                }
                Op::Dev(DevOp::Finalize { token }) if phases.remove(&token) == Some(2) => {
                    ended += 1;
                }
                _ => {}
            }
        }
    }
    assert!(begun > 200, "{begun}");
    assert!(ended * 100 / begun >= 25, "{ended} of {begun}");
}

#[test]
fn areas_narrow_what_is_drawn() {
    let areas: Areas = "fork,rmap".parse().unwrap();
    assert_eq!(areas.to_string(), "fork,rmap");
    let mut kinds = BTreeSet::new();
    for (_, program) in programs(areas, 200) {
        kinds.extend(program.steps.iter().map(|step| step.op.kind()));
    }
    // A mutation may turn a pin into a get; everything else keeps to the areas.
    assert!(kinds.iter().all(|kind| areas.want(*kind) || *kind == OpKind::Get), "{kinds:?}");
    assert!(kinds.contains(&OpKind::Fork) && !kinds.contains(&OpKind::NumaHint));
    assert_eq!("all".parse(), Ok(Areas::ALL));
    let error = "fork,gpu".parse::<Areas>().unwrap_err().to_string();
    assert_eq!(error, "unknown area `gpu`; did you mean `gup`?");
    let error = "".parse::<Areas>().unwrap_err().to_string();
    assert!(error.ends_with(
        "known are fault, cow, fork, gup, thp, protect, zap, rmap, \
         swap, migrate, split, mremap, uffd_move, ksm, hwpoison, uffd, race, device, \
         relocate, anonmm, or `all`"
    ));
}

#[test]
fn a_run_for_relocation_moves_and_relocates() {
    let moves_of = |areas: &str| {
        let programs = programs(areas.parse().unwrap(), 200);
        let steps = programs.into_iter().flat_map(|(_, program)| program.steps);
        let flags = steps.filter_map(|step| match step.op {
            Op::Mremap { flags, .. } => Some(flags.relocates()),
            _ => None,
        });
        flags.collect::<Vec<bool>>()
    };
    let share = |moves: &[bool]| moves.iter().filter(|is| **is).count() * 100 / moves.len().max(1);
    let (asked, usual) = (moves_of("relocate"), moves_of("mremap"));
    assert!(asked.len() > usual.len(), "{} {}", asked.len(), usual.len());
    assert!(share(&asked) > 75 && share(&usual) < 40, "{} {}", share(&asked), share(&usual));
}

#[test]
fn a_run_for_the_old_scheme_has_what_there_was() {
    let mut shared_moves = 0;
    let mut profile_says = |areas: &str, settings: &str| {
        let (mut rng, mut refused, mut kinds) = (seeded(9, 0), 0, BTreeSet::new());
        for _ in 0..200 {
            let mut profile = Profile::random(areas.parse().unwrap(), &mut rng);
            profile.lay_over(&settings.parse().unwrap());
            let mut program = random_program(&profile, &mut rng);
            crate::mutate::mutate(&mut program, &profile, &mut rng);
            assert_eq!(program.config.rmap, crate::RmapScheme::Anonmm);
            let mut forked = false;
            for step in &program.steps {
                refused += usize::from(!step.op.exists_in(program.config.rmap));
                forked |= step.op.kind() == OpKind::Fork;
                shared_moves += usize::from(forked && step.op.kind() == OpKind::Mremap);
                kinds.insert(step.op.kind());
            }
        }
        assert_eq!(refused, 0, "of {areas}");
        kinds
    };
    let asked = profile_says("anonmm", "");
    let usual = profile_says("mremap,fork,swap,rmap", "rmap=anonmm");
    for kind in [OpKind::Mremap, OpKind::SwapOut, OpKind::RmapWalk, OpKind::FailAlloc] {
        assert!(asked.contains(&kind) && usual.contains(&kind), "{kind}");
    }
    assert!(shared_moves > 400, "{shared_moves}");
    let drawn = programs(Areas::ALL, 600);
    let old = drawn.filter(|(_, p)| p.config.rmap == crate::RmapScheme::Anonmm).count();
    assert!((10..90).contains(&old), "{old} of 600");
}

#[test]
fn every_kind_belongs_to_an_area() {
    for kind in OpKind::ALL {
        let reached = Areas::names().into_iter().filter(|name| {
            let areas: Areas = name.parse().unwrap();
            areas.want(*kind)
        });
        assert!(reached.count() > 0, "{kind}");
    }
    for (advice, name) in Advice::NAMES {
        let reached = Areas::names().into_iter().filter(|name| {
            let areas: Areas = name.parse().unwrap();
            areas.want_advice(advice)
        });
        assert!(reached.count() > 0, "{name}");
    }
}

#[test]
fn a_profile_prints_all_of_it() {
    let text = Profile::random(Areas::ALL, &mut seeded(3, 0)).to_string();
    for kind in OpKind::ALL {
        assert!(text.contains(kind.name()), "{text}");
    }
    for part in ["areas    all", "ptes=", "pt_reclaim=", "pages ", "length ", "orders ", "advice "]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn mutation_changes_programs_and_stays_bounded() {
    let mut rng = seeded(5, 0);
    let mut profile = Profile::even(Areas::ALL);
    profile.length_max = 40;
    profile.set_weight(OpKind::Mseal, 0);
    let mut program = Program::default();
    let mut changed = 0;
    for _ in 0..2000 {
        let before = program.clone();
        mutate(&mut program, &profile, &mut rng);
        changed += u32::from(program != before);
        assert!(program.steps.len() <= 40);
        assert!(program.steps.iter().all(|step| step.op.kind() != OpKind::Mseal));
    }
    assert!(changed > 1700, "{changed}");
    // A program longer than the profile likes is not cut, and does not grow.
    let mut long = Program::new(Config::default(), vec![Op::FailAlloc { nth: 1 }; OPS_MAX]);
    for _ in 0..50 {
        mutate(&mut long, &profile, &mut rng);
        assert!(long.steps.len() <= OPS_MAX);
    }
    assert!(long.steps.len() > OPS_MAX / 2);
}

#[test]
fn an_extended_program_begins_as_it_was_and_can_be_said() {
    for seed in 0..300 {
        let mut rng = seeded(seed, 0);
        let profile = Profile::random(Areas::ALL, &mut rng);
        let before = random_program(&profile, &mut rng);
        let other = Profile::random(Areas::ALL, &mut rng);
        let mut program = before.clone();
        let count = 1 + rng.below(40) as usize;
        extend(&mut program, count, &other, &mut rng);
        assert!(program.steps.starts_with(&before.steps));
        assert!(program.steps.len() <= (before.steps.len() + count).min(OPS_MAX));
        assert_eq!(program.clone().sanitized(), program);
        assert_eq!(Program::parse(&program.to_string()).unwrap(), program);
    }
    // A program that is full does not grow, and one with expectations loses them.
    let profile = Profile::even(Areas::ALL);
    let mut full = Program::new(Config::default(), vec![Op::FailAlloc { nth: 1 }; OPS_MAX]);
    full.steps[0].expect = Some(Outcome::Ok);
    extend(&mut full, 9, &profile, &mut seeded(0, 0));
    assert_eq!(full, Program::new(Config::default(), vec![Op::FailAlloc { nth: 1 }; OPS_MAX]));
}

/// What a program has mapped below, or far below, today's window is no reason for more than the window holds.
#[test]
fn what_is_mapped_elsewhere_does_not_widen_the_window() {
    for seed in 0..3000 {
        let mut rng = seeded(seed, 2);
        let first = Profile {
            window: Window { place: Place::Start, tables: 2 },
            ..Profile::even(Areas::ALL)
        };
        let last = Profile { window: Window { place: Place::End, tables: 2 }, ..first.clone() };
        let mut program = random_program(&first, &mut rng);
        let before = program.steps.len();
        extend(&mut program, 20, &last, &mut rng);
        let window = last.window.pages(&program.config);
        for step in &program.steps[before..] {
            if let Op::Mmap { range, .. } = step.op
                && range.end() <= program.config.space_pages().into()
            {
                assert!(range.len <= window.len + 1, "{}", step.op);
            }
        }
    }
}

#[test]
fn splicing_takes_from_both() {
    let op = |nth| Op::FailAlloc { nth };
    let ones = Program::new(Config::default(), [op(1); 10]);
    let twos = Program::new(Config::default(), [op(2); 10]);
    let profile = Profile::even(Areas::ALL);
    let mut mixed = 0;
    for seed in 0..100 {
        let mut program = ones.clone();
        splice(&mut program, &twos, &profile, &mut seeded(seed, 0));
        let has = |nth| program.steps.iter().any(|step| step.op == op(nth));
        assert!(has(2));
        mixed += u32::from(has(1));
    }
    assert!(mixed > 80);
    let mut program = ones.clone();
    splice(&mut program, &Program::default(), &profile, &mut seeded(0, 0));
    assert_eq!(program, ones);
}

proptest! {
    /// Text and bytes carry every program, expectations included.
    #[test]
    fn text_and_bytes_round_trip(seed: u64, outcomes in prop::collection::vec(0_u32..400, 128)) {
        let mut rng = seeded(seed, 0);
        let profile = Profile::random(Areas::ALL, &mut rng);
        let mut program = random_program(&profile, &mut rng);
        for (step, outcome) in program.steps.iter_mut().zip(outcomes) {
            step.expect = match outcome {
                0..20 => Some(Outcome::Ok),
                20..40 => Some(Outcome::Segv),
                40..57 => Some(Outcome::Err(crate::Errno::ALL[outcome as usize - 40])),
                57..100 => None,
                _ if outcome % 2 == 0 => Some(Outcome::Count(outcome)),
                _ => Some(Outcome::Value(crate::Value::label(outcome as u8))),
            };
        }
        let program = program.sanitized();
        let text = program.to_string();
        prop_assert_eq!(&Program::parse(&text).unwrap(), &program);
        prop_assert_eq!(&crate::text::format(&text).unwrap(), &text);
        prop_assert_eq!(&crate::codec::decode(&crate::codec::encode(&program)).unwrap(), &program);
    }

    /// Formatting any text that is a program at all changes neither it nor, twice, the text.
    #[test]
    fn formatting_is_idempotent(
        seed: u64,
        layout in prop::collection::vec((0_u8..6, "[ \ta-z#>é-]{0,12}"), 60),
    ) {
        let mut rng = seeded(seed, 0);
        let program = random_program(&Profile::random(Areas::ALL, &mut rng), &mut rng);
        let mut text = String::new();
        for (line, (style, noise)) in program.to_string().lines().zip(layout) {
            text += &match style {
                0 => format!("{line}\n"),
                1 => format!("\t{}  #{noise}\r\n", line.replace(' ', "  ")),
                2 => format!("#{noise}\n{line}#{noise}\n"),
                3 => format!("\n \n\n{line}\n"),
                4 => format!("  # {noise}\n{line}\n"),
                _ => format!("{line} # x\n\n"),
            };
        }
        let formatted = crate::text::format(&text).unwrap();
        prop_assert_eq!(&crate::text::format(&formatted).unwrap(), &formatted);
        prop_assert_eq!(Program::parse(&formatted).unwrap(), Program::parse(&text).unwrap());
        prop_assert_eq!(formatted.matches('#').count(), text.matches('#').count());
    }

    /// Any text at all: a program or an error, never a panic.
    #[test]
    fn any_text_is_read_or_refused(text in "(config|read|write|pin|thp|p0|h0|3|\\+|->|#|=|[ -~é\n]){0,30}") {
        match Program::parse(&text) {
            Ok(program) => prop_assert_eq!(Program::parse(&program.to_string()).unwrap(), program),
            Err(error) => prop_assert!(error.to_string().contains(" | ")),
        }
    }
}
