//! The operations: who does what. Checks that all operations share are here.

use mm_ops::{
    Actor, Choice, Config, Effect, Errno, Mm, Observation, Op, Order, OrderSet, Outcome, Snapshot,
};

use crate::circumstances::Refusal;
use crate::state::{Holding, Reference};

impl Reference {
    /// Executes an operation, adopting what the subject chose.
    ///
    /// # Errors
    ///
    /// The subject chose what no rule permits. The state is then of no use any more.
    pub fn apply(&mut self, op: &Op, choices: &[Choice]) -> Result<Outcome, Refusal> {
        self.coverage.clear();
        self.apply_on_top(op, choices)
    }

    /// The same, with the rules that fired before it.
    pub(crate) fn apply_on_top(&mut self, op: &Op, choices: &[Choice]) -> Result<Outcome, Refusal> {
        self.adopt(choices)?;
        self.devices.events.clear();
        self.forget_warnings();
        let outcome = self.execute(op);
        self.sweep();
        self.all_adopted()?;
        Ok(outcome)
    }

    fn execute(&mut self, op: &Op) -> Outcome {
        if self.is_unknown(op) {
            return Outcome::Err(Errno::ENOSYS);
        }
        if op.actor().is_some_and(|pid| !self.alive(pid)) {
            return Outcome::Err(Errno::ESRCH);
        }
        match *op {
            Op::Mmap { pid, range, prot, droppable } => self.op_mmap(pid, range, prot, droppable),
            Op::Munmap { pid, range } => self.op_munmap(pid, range),
            Op::Mprotect { pid, range, prot } => self.op_mprotect(pid, range, prot),
            Op::Madvise { pid, range, advice } => self.op_madvise(pid, range, advice),
            Op::Mlock { pid, range } => self.op_mlock(pid, range),
            Op::Munlock { pid, range } => self.op_munlock(pid, range),
            Op::Mseal { pid, range } => self.op_mseal(pid, range),
            Op::Fork { parent, child } => self.op_fork(parent, child),
            Op::Exit { pid } => {
                self.end_mm(pid);
                Outcome::Ok
            }
            Op::Read { pid, vpn } => self.op_read(pid, vpn),
            Op::Write { pid, vpn, value } => self.op_write(pid, vpn, value),
            Op::Gup { pid, range, handle, flags } => self.op_gup(pid, range, handle, flags),
            Op::Put { handle, dirty } => self.op_put(handle, dirty),
            Op::DmaRead { handle, index } => self.op_dma_read(handle, index),
            Op::DmaWrite { handle, index, value } => self.op_dma_write(handle, index, value),
            Op::Remote { pid, vpn, access } => self.op_remote(pid, vpn, access),
            Op::Thp { always, madvise } => {
                // Anonymous folios have order 0, or 2 and up to the PMD's (S6); the rest is ignored.
                let known = |orders: OrderSet| {
                    let legal = (2..=self.config.pmd_order().0).map(Order);
                    legal.filter(|o| orders.contains(*o)).fold(OrderSet::EMPTY, OrderSet::with)
                };
                (self.thp_always, self.thp_madvise) = (known(always), known(madvise));
                Outcome::Ok
            }
            Op::FailAlloc { nth } => {
                self.armed = nth > 0;
                Outcome::Ok
            }
            Op::Lock { pid, vpn, token } => self.take_folio(pid, vpn, token, Holding::Lock),
            Op::Isolate { pid, vpn, token } => self.take_folio(pid, vpn, token, Holding::Isolation),
            Op::Drop { token } => self.drop_token(token),
            Op::NumaHint { pid, range } => self.op_numa_hint(pid, range),
            Op::ClearRefs { pid } => self.op_clear_refs(pid),
            Op::Race { actor: Actor::Gup { handle, .. }, .. } => {
                let open = self.handles.get(handle.index()).is_some_and(Option::is_some);
                if open { Outcome::Err(Errno::EBUSY) } else { Outcome::Ok }
            }
            Op::Race { .. } => Outcome::Ok,
            Op::Migrate { pid, vpn, token, all } => self.op_migrate(pid, vpn, token, all),
            Op::MigrateCopy { token } => self.op_migrate_copy(token),
            Op::MigrateEnd { token } => self.op_migrate_end(token),
            Op::Split { pid, vpn, order, nonuniform } => {
                self.op_split(pid, vpn, order, !nonuniform)
            }
            Op::Ksm { pid, vpn, with, to } => self.op_ksm((pid, vpn), (with, to)),
            Op::KsmZero { pid, vpn } => self.op_ksm_zero(pid, vpn),
            Op::Hwpoison { pid, vpn } => self.op_hwpoison(pid, vpn),
            Op::SoftOffline { pid, vpn } => self.op_soft_offline(pid, vpn),
            Op::DeferredScan { count } => self.op_deferred_scan(count),
            Op::SwapOut { pid, vpn, token } => self.op_swap_out(pid, vpn, token),
            Op::WriteDone { token, error } => self.op_write_done(token, error),
            Op::BadSlot { pid, vpn } => self.op_bad_slot(pid, vpn),
            Op::Swapoff => self.op_swapoff(),
            Op::Swapon => self.op_swapon(),
            Op::Drain => self.op_drain(),
            Op::Uffd { pid, range, call } => self.op_uffd(pid, range, call),
            Op::UffdFill { pid, vpn, fill } => self.op_uffd_fill(pid, vpn, fill),
            Op::Mremap { pid, range, to, flags } => self.op_mremap(pid, range, to, flags),
            Op::UffdMove { pid, range, to, holes } => self.op_uffd_move(pid, range, to, holes),
            Op::RmapWalk { pid, vpn } => self.op_rmap_walk(pid, vpn),
            Op::Dev(op) => self.op_dev(op),
        }
    }
}

/// The reference as a subject: it makes no choices, so `fail_alloc` never fails anything.
impl Mm for Reference {
    fn reset(&mut self, config: &Config) {
        Self::reset(self, config);
    }

    fn apply(&mut self, op: &Op) -> Effect {
        Self::apply(self, op, &[]).expect("no choice, so none to refuse").into()
    }

    fn observe(&self, out: &mut Observation) {
        let mut snapshot = Snapshot::default();
        Self::snapshot(self, &mut snapshot);
        out.fill_from(&snapshot, self.config.ptes);
    }

    fn snapshot(&self, out: &mut Snapshot) -> bool {
        Self::snapshot(self, out);
        true
    }
}
