//! Aiming: operations that only mean something together are drawn for the same place. What comes
//! after a `race` is something that takes the actor's page away; a `uffd_move` goes from where pages
//! are to where somebody watches; two pages for KSM hold the same.

use super::draw::Draw;
use super::operands::Maker;
use super::sketch::Sketch;
use crate::ids::{PageRange, Pid, Value, Vpn};
use crate::kind::OpKind::{self, *};
use crate::op::Op;
use crate::race::{AT_END, Actor, RACE_STEPS};

/// Operations that a page can be taken away by, or its rights.
const TAKERS: [OpKind; 20] = [
    Fork,
    SwapOut,
    Migrate,
    Split,
    Ksm,
    KsmZero,
    Khugepaged,
    Madvise,
    Munmap,
    Mprotect,
    Write,
    Mremap,
    UffdMove,
    Hwpoison,
    UffdWp,
    NumaHint,
    Pin,
    DevSetup,
    DevExclusive,
    DevRead,
];

impl<D: Draw + ?Sized> Maker<'_, D> {
    /// Whether the next operand is about the page that an actor waits for.
    pub(super) fn aimed(&mut self) -> Option<(Pid, Vpn)> {
        self.sketch.armed.filter(|_| !self.draw.one_in(5))
    }

    /// A kind that takes the page away which an actor waits for, if the profile has one.
    pub(super) fn taker(&mut self) -> Option<OpKind> {
        self.sketch.armed?;
        if self.draw.one_in(5) {
            return None;
        }
        let known = TAKERS.iter().filter(|kind| self.profile.weight(**kind) > 0);
        match known.clone().count() as u32 {
            0 => None,
            count => known.clone().nth(self.draw.below(count) as usize).copied(),
        }
    }

    /// A range with this page in it: the page alone, its block, or some pages around.
    pub(super) fn range_around(&mut self, vpn: Vpn) -> PageRange {
        let ptes = u32::from(self.config.ptes);
        match self.draw.below(4) {
            0 => PageRange { start: vpn, len: 1 },
            1 | 2 => PageRange { start: Vpn(vpn.0 / ptes * ptes), len: ptes },
            _ => {
                let before = self.draw.below(3).min(vpn.0);
                PageRange { start: Vpn(vpn.0 - before), len: before + 1 + self.draw.below(3) }
            }
        }
    }

    /// Someone without locks.
    pub(crate) fn actor(&mut self) -> Actor {
        let (pid, vpn) = (self.pid(), self.page());
        match self.draw.below(9) {
            8 => Actor::Walk { pid, vpn },
            0 => Actor::Load { pid, vpn },
            1 | 2 => Actor::Store { pid, vpn, value: self.value() },
            number => {
                let (pin, write) = (number != 3, self.draw.one_in(2));
                Actor::Gup { pid, vpn, handle: self.new_handle(), pin, write }
            }
        }
    }

    /// When it takes its steps: soon mostly, and close together or at two moments.
    pub(crate) fn yields(&mut self) -> [u8; RACE_STEPS] {
        match self.draw.below(6) {
            5 => return [AT_END; RACE_STEPS],
            3 | 4 => return self.two_moments(),
            _ => {}
        }
        let mut at = if self.draw.one_in(8) { self.draw.below(48) } else { self.draw.below(8) };
        std::array::from_fn(|_| {
            at += self.draw.pick(&[0, 0, 0, 1, 1, 1, 2, 4]);
            at as u8
        })
    }

    /// It does something at one moment, and the rest at another: between the two the operation goes on.
    fn two_moments(&mut self) -> [u8; RACE_STEPS] {
        let first = self.draw.below(4);
        let second = match self.draw.below(4) {
            3 => AT_END,
            _ => (first + self.draw.below(4)).max(1) as u8,
        };
        let early = 1 + self.draw.below(RACE_STEPS as u32) as usize;
        std::array::from_fn(|step| if step < early { first as u8 } else { second })
    }

    /// An operation as it is drawn where an actor waits for this page: one that takes the page away, mostly.
    pub(super) fn op_at(&mut self, pid: Pid, vpn: Vpn) -> Op {
        let sketch = Sketch { armed: Some((pid, vpn)), ..*self.sketch };
        let Self { profile, config, window, .. } = *self;
        Maker { profile, config, sketch: &sketch, window, draw: &mut *self.draw }.op()
    }

    /// A `race` for an operation that is there already.
    pub(crate) fn race_before(&mut self, op: &Op) -> Op {
        let actor = self.actor();
        let mut next = *op;
        let awaited = next.operands();
        let vpn = match (awaited.vpn, awaited.range) {
            (Some(vpn), _) => Some(*vpn),
            (None, Some(range)) if !range.is_empty() => Some(Vpn(self.page_of(*range))),
            _ => None,
        };
        let mut race = Op::Race { actor, at: self.yields() };
        let own = race.operands();
        if let (Some(pid), Some(of)) = (own.pid, awaited.pid) {
            *pid = *of;
        }
        if let (Some(page), Some(vpn)) = (own.vpn, vpn) {
            *page = vpn;
        }
        race.sanitized()
    }

    /// A range to be watched: where pages may be moved to, one that nothing was put into yet.
    pub(super) fn range_to_watch(&mut self) -> PageRange {
        if self.profile.weight(UffdMove) == 0 || self.draw.one_in(3) {
            return self.range();
        }
        for _ in 0..4 {
            let mapped = self.sketch.mapped.as_slice();
            if mapped.is_empty() {
                break;
            }
            let range = self.draw.pick(mapped);
            let touched = self.sketch.pages.as_slice().iter().filter(|page| range.contains(**page));
            let first = touched.map(|page| page.0.saturating_add(1)).max().unwrap_or(range.start.0);
            let left = range.end().saturating_sub(u64::from(first)) as u32;
            if left > 0 {
                return PageRange { start: Vpn(first), len: left };
            }
        }
        self.range()
    }

    /// From pages that were touched to a range that is watched.
    pub(super) fn uffd_move(&mut self) -> Op {
        let pid = self.pid();
        let source = match self.aimed() {
            Some((_, vpn)) => vpn,
            None => self.page(),
        };
        let range = if self.draw.one_in(3) {
            self.range_around(source)
        } else {
            PageRange { start: source, len: 1 + self.draw.below(2) }
        };
        let watched = self.sketch.watched.as_slice();
        let to = if watched.is_empty() || self.draw.one_in(8) {
            self.page()
        } else {
            let into = self.draw.pick(watched);
            let ptes = u32::from(self.config.ptes);
            match self.draw.below(4) {
                0 | 1 => into.start,
                2 => Vpn(into.start.0.saturating_add(range.start.0 % ptes)),
                _ => Vpn(into.start.0.saturating_add(self.draw.below(into.len.max(1)))),
            }
        };
        Op::UffdMove { pid, range, to, holes: self.draw.one_in(3) }
    }

    /// A value; zero more often where equal pages are looked for, for nobody's zeroes differ.
    pub(crate) fn value(&mut self) -> Value {
        let equal = self.profile.weight(Ksm) > 0 && self.draw.one_in(4);
        Value::label(match self.draw.below(32) {
            _ if equal => 0,
            number @ 0..27 => b'a' + number as u8 % 4,
            27..31 => 0,
            _ => self.draw.below(256) as u8,
        })
    }

    /// Two pages, of one process or of two, touched both or side by side.
    pub(super) fn ksm(&mut self) -> Op {
        let (pid, vpn) = (self.pid(), self.page());
        let touched = self.sketch.pages.as_slice();
        let to = match self.draw.below(4) {
            0 | 1 if !touched.is_empty() => self.draw.pick(touched),
            2 => Vpn(vpn.0.saturating_add(1)),
            _ => self.page(),
        };
        let with = self.pid();
        if self.draw.one_in(2) {
            Op::Ksm { pid: with, vpn: to, with: pid, to: vpn }
        } else {
            Op::Ksm { pid, vpn, with, to }
        }
    }
}
