//! An actor without locks beside an operation (section R): the reference has no yield points. It
//! says what the two amount to when the actor runs as a whole before the operation, after it,
//! between two of the per-entry steps that the rules make the operation of, or when it backs off.
//! Who compares with a subject tries every [`Turn`] and needs one that explains what was seen.

use crate::circumstances::Refusal;
use crate::coverage::rule;
use crate::state::{FolioId, Held, OpenHandle, Reference};
use mm_ops::{Actor, ActorEnd, Choice, EntryFlags, GupFlags, Handle, Op, Outcome, Pid, Value};

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
    /// GUP-fast reads the entry, takes its reference or pin of what the entry named (D15.F3), does not
    /// like what it then finds (F4, F6, F8), and gives it back: whoever counts references meanwhile
    /// finds one more (R6).
    Transient {
        /// When it takes it.
        take: Turn,
        /// When it gives it back.
        until: Turn,
    },
}

/// What GUP-fast is after.
#[derive(Clone, Copy, Debug)]
struct Gup {
    handle: Handle,
    pin: bool,
    write: bool,
}

/// The race under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct RaceState {
    actor: Option<(Actor, Turn)>,
    way: Way,
    /// What a GUP-fast read that will take a reference for a while: the page, when, until when.
    seen: Option<(Gup, (FolioId, u32), Turn, Turn)>,
    /// A GUP-fast that holds its reference for a while: whose name, and until when.
    transient: Option<(Handle, Turn)>,
    /// Steps of the operation so far.
    steps: u32,
    /// What the CPU has in its TLB: the page, and nothing for the zero page.
    translation: Option<Option<(FolioId, u32)>>,
    end: Option<ActorEnd>,
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
        self.race = RaceState {
            actor: Some((actor, turn)),
            way,
            seen: None,
            transient: None,
            steps: 0,
            translation,
            end: None,
        };
        if turn == Turn::Before {
            self.run_actor();
            self.begin_transient(Turn::Before);
        }
        let outcome = self.apply_on_top(op, choices);
        if turn == Turn::After {
            self.run_actor();
        }
        self.end_transient(Turn::After);
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
        self.end_transient(Turn::Between(self.race.steps));
        if let Some((_, Turn::Between(after))) = self.race.actor
            && after == self.race.steps
        {
            self.run_actor();
        }
        self.begin_transient(Turn::Between(self.race.steps));
    }

    /// Whether an actor may be looking on, so that what nobody else could change may change.
    pub(crate) fn is_raced(&self) -> bool {
        self.race.transient.is_some() || self.race.actor.is_some() || self.race.end.is_some()
    }

    /// D15.F3, of a GUP-fast that will give the reference back.
    fn begin_transient(&mut self, turn: Turn) {
        let due = |seen: &(Gup, _, Turn, Turn)| seen.2 == turn;
        let Some((gup, page, _, until)) = self.race.seen.filter(due) else { return };
        self.race.seen = None;
        if self.is_taken(gup.handle) {
            return;
        }
        let held = Held { pin: gup.pin, pages: vec![Some(page)] };
        self.handles[gup.handle.index()] = Some(OpenHandle { write: gup.write, held });
        self.race.transient = Some((gup.handle, until));
    }

    /// Whether the raced operation has taken the name of the actor's result.
    fn is_taken(&self, handle: Handle) -> bool {
        self.handles.get(handle.index()).is_none_or(Option::is_some)
    }

    /// The reference held for a while is given back.
    fn end_transient(&mut self, turn: Turn) {
        let Some((handle, until)) = self.race.transient else { return };
        if until == turn || turn == Turn::After {
            self.race.transient = None;
            let _ = self.op_put(handle, false);
        }
    }

    fn run_actor(&mut self) {
        let Some((actor, _)) = self.race.actor.take() else { return };
        if !self.alive(actor.pid()) {
            return;
        }
        self.race.end = Some(match actor {
            Actor::Gup { pid, vpn, handle, pin, write } => {
                self.run_gup_fast(pid, vpn.0, Gup { handle, pin, write })
            }
            Actor::Load { pid, vpn } => match self.translated(pid, vpn.0, EntryFlags::NONE) {
                Some(page) => ActorEnd::Loaded(
                    page.map_or(Value::ZERO, |(folio, page)| self.page(folio, page).value),
                ),
                None => ActorEnd::BackedOff,
            },
            Actor::Store { pid, vpn, value } => {
                match self.translated(pid, vpn.0, EntryFlags::WRITE) {
                    Some(Some((folio, page))) => {
                        self.page_mut(folio, page).value = value;
                        ActorEnd::Stored
                    }
                    _ => ActorEnd::BackedOff,
                }
            }
        });
    }

    /// D15 as a whole, or its first half.
    fn run_gup_fast(&mut self, pid: Pid, vpn: u32, gup: Gup) -> ActorEnd {
        if gup.pin {
            self.mm_mut(pid).has_pinned = true;
        }
        let taken = self.is_taken(gup.handle);
        if self.race.way == Way::BacksOff || taken || vpn >= self.config.space_pages() {
            return ActorEnd::BackedOff;
        }
        let flags = GupFlags { pin: gup.pin, write: gup.write, fast: true, ..GupFlags::default() };
        if let Way::Transient { take, until } = self.race.way {
            let seen = self.fast_entry(pid, vpn, flags);
            self.race.seen = seen.map(|seen| (gup, (seen.folio, seen.page), take, until));
            return ActorEnd::BackedOff;
        }
        // What the operation has in its own hands stays there.
        let in_hand = std::mem::take(&mut self.in_hand);
        let grabbed = self.walk_fast(pid, vpn, 1, flags);
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
            Actor::Gup { .. } => return None,
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
    /// takes it away as soon as it would not.
    fn translated(&self, pid: Pid, vpn: u32, rights: EntryFlags) -> Option<Option<(FolioId, u32)>> {
        let loaded = self.race.translation.filter(|_| self.race.way == Way::Done)?;
        let found = self.present_at(pid, vpn)?;
        (found.0 == loaded && found.1.has(rights) && !found.1.has(EntryFlags::PROTNONE))
            .then_some(loaded)
    }
}
