//! What batches are worth: fork and exit, munmap, mprotect and mremap of 1 GiB, in runs against page by
//! page.

use super::paired::{Ratio, compare, timed};
use mm_model::Model;
use mm_ops::{
    Advice, Batching, Config, GupFlags, Handle, Mm, MremapFlags, Op, Order, OrderSet, Outcome,
    PageRange, Pid, Prot, Vpn,
};
use std::time::Duration;

/// 1 GiB in pages of 4 KiB.
const PAGES: u32 = 1 << 18;
/// Pages a PMD maps in the real geometry.
const BLOCK: u32 = 512;
const REGION: PageRange = PageRange::new(0, PAGES);
const P0: Pid = Pid(0);
const P1: Pid = Pid(1);
const ROUNDS: u32 = 9;

/// How the region is mapped.
#[derive(Clone, Copy)]
struct Shape {
    order: u8,
    /// By PMDs; else by PTEs.
    by_pmd: bool,
}

impl Shape {
    fn name(self) -> String {
        format!("order {} {}-mapped", self.order, if self.by_pmd { "PMD" } else { "PTE" })
    }
}

/// What is timed: operations applied to a freshly built region.
struct Work {
    name: &'static str,
    ops: &'static [Op],
    /// The same page by page, where that takes other operations.
    page_by_page: Option<&'static [Op]>,
}

impl Work {
    const fn new(name: &'static str, ops: &'static [Op]) -> Self {
        Self { name, ops, page_by_page: None }
    }
}

/// A move of the region to this page, and back.
const fn there_and_back(start: u32) -> [Op; 2] {
    let there = PageRange::new(start, PAGES);
    let flags = MremapFlags { maymove: true, fixed: true, ..MremapFlags::NONE };
    [
        Op::Mremap { pid: P0, range: REGION, to: there, flags },
        Op::Mremap { pid: P0, range: there, to: REGION, flags },
    ]
}

/// To a place at another offset in its table: every entry moves.
const EVERY_ENTRY: [Op; 2] = there_and_back(2 * PAGES + 16);

const WORK: [Work; 5] = [
    Work::new("mremap, entries", &EVERY_ENTRY),
    // The same offset in its table, not in its table of tables: whole tables and leaves move.
    Work {
        name: "mremap, tables",
        ops: &there_and_back(2 * PAGES + BLOCK),
        page_by_page: Some(&EVERY_ENTRY),
    },
    Work::new("fork+exit", &[Op::Fork { parent: P0, child: P1 }, Op::Exit { pid: P1 }]),
    Work::new("munmap", &[Op::Munmap { pid: P0, range: REGION }]),
    Work::new(
        "mprotect r, rw",
        &[
            Op::Mprotect { pid: P0, range: REGION, prot: Prot::R },
            Op::Mprotect { pid: P0, range: REGION, prot: Prot::RW },
        ],
    ),
];

/// Every kind of work for every shape. The page-by-page side of a PMD-mapped region is the same
/// memory PTE-mapped, without batches.
pub fn run(wanted: &dyn Fn(&str) -> bool) -> Vec<Ratio> {
    let shapes = [
        Shape { order: 4, by_pmd: false },
        Shape { order: 9, by_pmd: false },
        Shape { order: 9, by_pmd: true },
    ];
    let mut ratios = Vec::new();
    for work in &WORK {
        for shape in shapes {
            if shape.by_pmd && work.name == "mremap, entries" {
                // Leaves are split there, and it is the first shape again.
                continue;
            }
            let name =
                format!("{} of 1 GiB, {}: batched over page by page", work.name, shape.name());
            if wanted(&name) {
                let page_by_page = Shape { by_pmd: false, ..shape };
                let slowly = work.page_by_page.unwrap_or(work.ops);
                // Each side keeps its model, so that after the first round no memory is new to it.
                let (mut fast, mut slow) =
                    (Model::new(&Config::default()), Model::new(&Config::default()));
                ratios.push(compare(
                    name,
                    ROUNDS,
                    || time(&mut fast, shape, Batching::On, work.ops),
                    || time(&mut slow, page_by_page, Batching::Off, slowly),
                ));
            }
        }
    }
    ratios
}

fn time(model: &mut Model, shape: Shape, batching: Batching, ops: &[Op]) -> Duration {
    build(model, shape, batching);
    timed(|| ops.iter().for_each(|op| must(model, *op)))
}

fn build(model: &mut Model, shape: Shape, batching: Batching) {
    model.reset(&Config { ptes: 512, batching, ..Config::default() });
    let always = OrderSet::EMPTY.with(Order(shape.order));
    must(model, Op::Thp { always, madvise: OrderSet::EMPTY });
    must(model, Op::Mmap { pid: P0, range: REGION, prot: Prot::RW, droppable: false });
    let populate = Op::Madvise { pid: P0, range: REGION, advice: Advice::PopulateWrite };
    must(model, populate);
    if shape.order == 9 && !shape.by_pmd {
        split_every_pmd(model);
    }
}

/// A plain reference taken with FOLL_SPLIT_PMD, and dropped, leaves the folio PTE-mapped.
fn split_every_pmd(model: &mut Model) {
    let flags = GupFlags { split_pmd: true, ..GupFlags::default() };
    for start in (0..PAGES).step_by(BLOCK as usize) {
        let range = PageRange { start: Vpn(start), len: 1 };
        must(model, Op::Gup { pid: P0, range, handle: Handle(0), flags });
        must(model, Op::Put { handle: Handle(0), dirty: false });
    }
}

/// A benchmark of something that failed would measure nothing.
fn must(model: &mut Model, op: Op) {
    let outcome = model.apply(&op).outcome;
    let done = matches!(outcome, Outcome::Ok | Outcome::Count(1) | Outcome::At(_));
    assert!(done, "{op:?} answered {outcome:?}");
}
