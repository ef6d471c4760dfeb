//! Subjects for the tests: the reference itself, and ones that are wrong in a known way.

use mm_ops::{
    Config, Effect, EntryFlags, EntryKind, Mm, Observation, Op, Outcome, Snapshot, Value,
};
use mm_reference::Reference;

/// The reference, wrong in one way.
pub(crate) struct Broken {
    inner: Reference,
    bug: Bug,
    config: Config,
}

/// In which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Not at all.
    None,
    /// A page that two entries map is shown writable.
    SharedWritable,
    /// Every `dma_read` of a handle's second page answers zero.
    ReadsZero,
    /// `exit` of p2 panics.
    Panics,
    /// Both of the first two.
    Two,
}

impl Broken {
    pub(crate) fn new(bug: Bug) -> Self {
        let config = Config::default();
        Self { inner: Reference::new(&config), bug, config }
    }
}

impl Mm for Broken {
    fn reset(&mut self, config: &Config) {
        self.config = *config;
        self.inner.reset(config);
    }

    fn apply(&mut self, op: &Op) -> Effect {
        if self.bug == Bug::Panics && matches!(op, Op::Exit { pid } if pid.0 == 2) {
            panic!("this subject cannot end process {}", 2);
        }
        let mut effect = Mm::apply(&mut self.inner, op);
        let reads_zero = matches!(self.bug, Bug::ReadsZero | Bug::Two);
        if reads_zero
            && matches!(op, Op::DmaRead { index: 1, .. })
            && matches!(effect.outcome, Outcome::Value(_))
        {
            effect.outcome = Outcome::Value(Value::ZERO);
        }
        effect
    }

    fn observe(&self, out: &mut Observation) {
        self.inner.observe(out);
    }

    fn snapshot(&self, out: &mut Snapshot) -> bool {
        self.inner.snapshot(out);
        if matches!(self.bug, Bug::SharedWritable | Bug::Two) {
            for entry in &mut out.entries {
                let small = entry.kind == EntryKind::Page;
                if small && out.folios[entry.folio as usize].mapcount == 2 {
                    entry.flags = entry.flags.with(EntryFlags::WRITE);
                }
            }
        }
        true
    }
}
