//! An actor without locks beside an operation (section R): the reference has no yield points. It
//! says what the two amount to when the actor runs as a whole before the operation, after it,
//! between two of the per-entry steps that the rules make the operation of, or when it backs off.
//! Who compares with a subject tries every [`Turn`] and needs one that explains what was seen.

use crate::circumstances::Refusal;
use crate::coverage::rule;
use crate::gup::FastEntry;
use crate::state::{AvId, Folio, FolioId, Held, OpenHandle, Reference};
use mm_ops::{
    Actor, ActorEnd, Choice, EntryFlags, FolioFlags, GupFlags, Handle, Op, Outcome, Pid, PidSet,
    Value,
};

/// Where the actor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Before the operation.
    Before,
    /// Between two of its steps: after this many.
    Between(u32),
    /// After it.
    After,
}

/// How the actor's run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Way {
    /// It does what it came for.
    #[default]
    Done,
    /// It backs off at once.
    BacksOff,
    /// An rmap walker that saw the folio mapped earlier walks only now, when there may be nobody left
    /// to be found.
    Late,
    /// GUP-fast takes its time: it reads the entry, later takes its reference or pin of what the entry
    /// named (D15.F3), and looks again still later. Whoever counts references meanwhile finds one
    /// more (R6).
    Slow {
        /// When it takes it.
        take: Turn,
        /// When it looks again.
        check: Turn,
        /// Whether it then keeps the page, which it may if the entry is what it was and D15.F6 agrees:
        /// it may have been gone meanwhile. Else it gives it back, for a reason of its own (F4, F6, F8).
        keeps: bool,
    },
}

/// What GUP-fast is after.
#[derive(Clone, Copy, Debug)]
struct Gup {
    pid: Pid,
    vpn: u32,
    handle: Handle,
    pin: bool,
    write: bool,
}

impl Gup {
    fn flags(self) -> GupFlags {
        GupFlags { pin: self.pin, write: self.write, fast: true, ..GupFlags::default() }
    }
}

/// The race under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct RaceState {
    actor: Option<(Actor, Turn)>,
    way: Way,
    /// What a GUP-fast that takes its time read.
    seen: Option<(Gup, FastEntry)>,
    /// Whether it has its reference.
    holds: bool,
    /// Steps of the operation so far.
    steps: u32,
    /// What the CPU has in its TLB: the page, and nothing for the zero page.
    translation: Option<Option<(FolioId, u32)>>,
    /// What an rmap walker is after.
    walked: Option<Walked>,
    /// Whether the operation has locked, for writing, the roots of the folios it changes: no walker
    /// gets in.
    roots_locked: bool,
    end: Option<ActorEnd>,
}

/// The folio of an rmap walker, as it was when the operation began.
#[derive(Clone, Copy, Debug)]
struct Walked {
    /// The frame of its first page: after a split the folio that begins with it.
    frame: u32,
    mapping: Option<AvId>,
}

impl Reference {
    /// Executes an operation with an actor beside it, which runs at `turn`, or comes there and
    /// backs off. Answers how both ended.
    ///
    /// # Errors
    ///
    /// The subject chose what no rule permits.
    pub fn apply_raced(
        &mut self,
        op: &Op,
        choices: &[Choice],
        actor: Actor,
        turn: Turn,
        way: Way,
    ) -> Result<(Outcome, ActorEnd), Refusal> {
        self.coverage.clear();
        let translation = self.load_translation(actor);
        let walked = self.folio_to_walk(actor);
        self.race = RaceState {
            actor: Some((actor, turn)),
            way,
            seen: None,
            holds: false,
            steps: 0,
            translation,
            walked,
            roots_locked: false,
            end: None,
        };
        if turn == Turn::Before {
            self.run_actor();
            self.go_on_slowly(Turn::Before);
        }
        let outcome = self.apply_on_top(op, choices);
        if turn == Turn::After {
            self.run_actor();
        }
        self.go_on_slowly(Turn::After);
        self.sweep();
        let end = self.race.end.unwrap_or(ActorEnd::BackedOff);
        self.race.actor = None;
        Ok((outcome?, end))
    }

    /// How many steps the last operation had between which an actor could run.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.race.steps
    }

    /// Called by an operation between two of its per-entry steps, where every entry is as if the
    /// steps so far were all there is.
    pub(crate) fn between_steps(&mut self) {
        self.race.steps += 1;
        if let Some((_, Turn::Between(after))) = self.race.actor
            && after == self.race.steps
        {
            self.run_actor();
        }
        self.go_on_slowly(Turn::Between(self.race.steps));
    }

    /// Whether an actor may be looking on, so that what nobody else could change may change.
    pub(crate) fn is_raced(&self) -> bool {
        self.race.seen.is_some() || self.race.actor.is_some() || self.race.end.is_some()
    }

    /// The later steps of a GUP-fast that takes its time, if this is their turn.
    fn go_on_slowly(&mut self, turn: Turn) {
        let Way::Slow { take, check, keeps } = self.race.way else { return };
        let Some((gup, seen)) = self.race.seen else { return };
        if turn == take && !self.is_taken(gup.handle) {
            let held = Held { pin: gup.pin, pages: vec![Some((seen.folio, seen.page))] };
            self.handles[gup.handle.index()] = Some(OpenHandle { write: gup.write, held });
            self.race.holds = true;
        }
        if (turn == check || turn == Turn::After) && self.race.holds {
            self.race.seen = None;
            if keeps && self.may_keep(gup, seen) {
                self.race.end = Some(ActorEnd::Grabbed);
            } else {
                let _ = self.op_put(gup.handle, false);
            }
        }
    }

    /// D15.F4, F6.
    fn may_keep(&mut self, gup: Gup, seen: FastEntry) -> bool {
        if !self.alive(gup.pid) || self.fast_entry(gup.pid, gup.vpn, gup.flags()) != Some(seen) {
            return false;
        }
        let exclusive = self.page(seen.folio, if seen.by_pmd { 0 } else { seen.page }).exclusive;
        !gup.pin || seen.flags.has(EntryFlags::WRITE) || exclusive
    }

    /// Whether the raced operation has taken the name of the actor's result.
    fn is_taken(&self, handle: Handle) -> bool {
        self.handles.get(handle.index()).is_none_or(Option::is_some)
    }

    fn run_actor(&mut self) {
        let Some((actor, _)) = self.race.actor.take() else { return };
        // A walker needs nobody's memory, only the folio.
        if !matches!(actor, Actor::Walk { .. }) && !self.alive(actor.pid()) {
            return;
        }
        self.race.end = Some(match actor {
            Actor::Gup { pid, vpn, handle, pin, write } => {
                self.run_gup_fast(Gup { pid, vpn: vpn.0, handle, pin, write })
            }
            Actor::Load { pid, vpn } => match self.translated(pid, vpn.0, false) {
                Some(page) => ActorEnd::Loaded(
                    page.map_or(Value::ZERO, |(folio, page)| self.page(folio, page).value),
                ),
                None => ActorEnd::BackedOff,
            },
            Actor::Walk { .. } => self.run_walk(),
            Actor::Store { pid, vpn, value } => match self.translated(pid, vpn.0, true) {
                Some(Some((folio, page))) => {
                    self.page_mut(folio, page).value = value;
                    ActorEnd::Stored
                }
                _ => ActorEnd::BackedOff,
            },
        });
    }

    /// D15 as a whole, or its first step.
    fn run_gup_fast(&mut self, gup: Gup) -> ActorEnd {
        let Gup { pid, vpn, .. } = gup;
        if gup.pin {
            self.mm_mut(pid).has_pinned = true;
        }
        let taken = self.is_taken(gup.handle);
        if self.race.way == Way::BacksOff || taken || vpn >= self.config.space_pages() {
            return ActorEnd::BackedOff;
        }
        if let Way::Slow { .. } = self.race.way {
            self.race.seen = self.fast_entry(pid, vpn, gup.flags()).map(|seen| (gup, seen));
            return ActorEnd::BackedOff;
        }
        // What the operation has in its own hands stays there.
        let in_hand = std::mem::take(&mut self.in_hand);
        let grabbed = self.walk_fast(pid, vpn, 1, gup.flags());
        let held = std::mem::replace(&mut self.in_hand, in_hand);
        if grabbed == 0 {
            return ActorEnd::BackedOff;
        }
        self.handles[gup.handle.index()] = Some(OpenHandle { write: gup.write, held });
        ActorEnd::Grabbed
    }

    /// What a CPU gets into its TLB when the operation begins (R2); the hardware marks the entry.
    fn load_translation(&mut self, actor: Actor) -> Option<Option<(FolioId, u32)>> {
        let (pid, vpn, store) = match actor {
            Actor::Gup { .. } | Actor::Walk { .. } => return None,
            Actor::Load { pid, vpn } => (pid, vpn.0, false),
            Actor::Store { pid, vpn, .. } => (pid, vpn.0, true),
        };
        if !self.alive(pid) || vpn >= self.config.space_pages() {
            return None;
        }
        let page = self.touch_by_hardware(pid, vpn, store)?;
        rule!(self.coverage, R2, u8::from(store));
        Some(page)
    }

    /// The page behind the TLB's entry, if a page walk would still give it the same rights: a flush
    /// takes it away as soon as it would not (R17). A store's entry must be dirty still: a clean one
    /// would have to be marked first, by another walk (R31).
    fn translated(&mut self, pid: Pid, vpn: u32, store: bool) -> Option<Option<(FolioId, u32)>> {
        let loaded = self.race.translation.filter(|_| self.race.way == Way::Done)?;
        let found = self.present_at(pid, vpn);
        let kept = found.filter(|(page, flags)| {
            let allowed = !flags.has(EntryFlags::PROTNONE);
            *page == loaded && allowed && (!store || flags.has(EntryFlags::WRITE))
        });
        let Some((_, flags)) = kept else {
            rule!(self.coverage, R17, u8::from(store));
            return None;
        };
        if store && !flags.has(EntryFlags::DIRTY) {
            rule!(self.coverage, R31);
            return None;
        }
        Some(loaded)
    }
}

/// The rmap walker.
impl Reference {
    /// An operation takes the locks of the roots of what it changes, for writing (G8, JR4).
    pub(crate) fn lock_roots(&mut self) {
        self.race.roots_locked = true;
    }

    /// It lets them go.
    pub(crate) fn unlock_roots(&mut self) {
        self.race.roots_locked = false;
    }

    /// What a walker is after: the folio that `rmap_walk` would name, but no KSM page (L9).
    fn folio_to_walk(&self, actor: Actor) -> Option<Walked> {
        let Actor::Walk { pid, vpn } = actor else { return None };
        let folio = self.folio(self.mapped_folio(pid, vpn.0).filter(|_| self.alive(pid))?);
        let ksm = folio.flags.has(FolioFlags::KSM);
        let frame = folio.first_frame;
        (!ksm).then_some(Walked { frame, mapping: folio.mapping })
    }

    /// The folio that begins with a frame; of two, as there are when one has just been split, the one
    /// that is mapped.
    fn folio_from(&self, frame: u32) -> Option<FolioId> {
        let begins = |folio: &Folio| folio.live && folio.first_frame == frame;
        let found = (0..).zip(&self.folios).filter(|(_, folio)| begins(folio)).map(|(id, _)| id);
        found.max_by_key(|folio| self.mapcount(*folio) > 0)
    }

    /// A walk without the folio's lock (L8, L9, L18, L19), as a whole: with the mapping that the
    /// folio has now, whatever it had before.
    fn run_walk(&mut self) -> ActorEnd {
        let Some(Walked { frame, mapping }) = self.race.walked else { return ActorEnd::BackedOff };
        if self.race.way == Way::BacksOff || self.race.roots_locked {
            rule!(self.coverage, L19, 1);
            return ActorEnd::BackedOff;
        }
        let late = self.race.way == Way::Late;
        let Some(folio) = self.folio_from(frame) else {
            rule!(self.coverage, L19, 0);
            return if late { ActorEnd::Walked(PidSet::EMPTY) } else { ActorEnd::BackedOff };
        };
        let ksm = self.folio(folio).flags.has(FolioFlags::KSM);
        if !late && (ksm || self.mapcount(folio) == 0) {
            rule!(self.coverage, L8, 1);
            rule!(self.coverage, L19, 0);
            return ActorEnd::BackedOff;
        }
        rule!(self.coverage, L9);
        rule!(self.coverage, L8, 0);
        if self.folio(folio).mapping != mapping {
            rule!(self.coverage, L18);
        }
        let found: PidSet = self.rmap_walk(folio).into_iter().map(|(pid, _)| pid).collect();
        let mapped: PidSet = self.mappings(folio).map(|mapping| mapping.pid).collect();
        debug_assert_eq!(found, mapped, "INV34");
        ActorEnd::Walked(found)
    }
}
