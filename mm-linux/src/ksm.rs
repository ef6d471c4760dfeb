//! KSM. ksmd cannot be sent to two pages: it compares all MERGEABLE memory, and merges whatever is
//! equal. So the driver lets it run only where the two pages that the operation names are the only
//! ones it can merge, and says so of all other states. It scans exactly twice: the first time it remembers
//! checksums, the second time it merges what did not change. A third time it would try again what cannot be
//! merged, and copy the first page once more (P4).
//!
//! Of two pages ksmd makes the one it scans later the common one, the operation the one it names
//! first ([`in_scan_order`]).

use crate::figures::figure;
use crate::folio::is_page;
use crate::linux::{Linux, Trouble};
use crate::ops::{Answer, fields};
use crate::{smaps, sys};
use mm_ops::{Errno, Mm, Observation, Op, Outcome, PageView, Pid, Value, Vpn};
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

/// Where KSM's settings are.
pub(crate) const KSM: &str = "/sys/kernel/mm/ksm";
/// Scans after which everything that can be merged is.
const SCANS: u64 = 2;
/// How long ksmd sleeps after a scan: for ever, unless the time is changed, which wakes it.
const SLEEPS: [&str; 2] = ["100000", "100001"];
/// How long a scan is waited for before ksmd is woken again: it may have read the time after it was
/// changed.
const WAKE_AGAIN: Duration = Duration::from_millis(20);
/// How often it is looked whether a scan is done.
const LOOK: Duration = Duration::from_micros(100);
/// How long they may take; a hundred times what they do.
const PATIENCE: Duration = Duration::from_secs(20);

/// The operands in the order in which the kernel takes them, as far as that can be told.
pub(crate) fn in_scan_order(op: &mut Op) {
    if let Op::Ksm { pid, vpn, with, to } = op
        && (*pid, *vpn) < (*with, *to)
    {
        std::mem::swap(pid, with);
        std::mem::swap(vpn, to);
    }
}

/// `ksm`.
pub(crate) fn ksm(linux: &mut Linux, op: &Op) -> Answer {
    let (first, second) = fields!(*op, Op::Ksm { pid, vpn, with, to } => ((pid, vpn), (with, to)));
    linux.process(first.0)?;
    linux.process(second.0)?;
    let before = Mergeable::of(linux)?;
    let (a, b) = (before.at(first)?, before.at(second)?);
    if a.value != b.value {
        return Err(Errno::EINVAL);
    }
    if a.frame == b.frame {
        return Ok(Outcome::Ok);
    }
    before.only(linux, a.value, &[a.frame, b.frame])?;
    scan(linux, false)?;
    let after = Mergeable::of(linux)?;
    // A folio that was split on the way may have lost the page, if it was full of zeroes (F9).
    let still = |place| after.at(place).map_err(|_| Errno::EAGAIN);
    let (c, d) = (still(first)?, still(second)?);
    if c.frame != d.frame {
        return Err(Errno::EAGAIN);
    }
    let name = |seen: &Mergeable, place| seen.name_at(place);
    if name(&before, first) != name(&after, first) && !before.is_ksm(second) {
        return Err(not_driven(linux, "ksmd scans the second page later, and keeps that one"));
    }
    Ok(Outcome::Ok)
}

/// `ksm_zero`.
pub(crate) fn ksm_zero(linux: &mut Linux, op: &Op) -> Answer {
    let place = fields!(*op, Op::KsmZero { pid, vpn } => (pid, vpn));
    linux.process(place.0)?;
    let before = Mergeable::of(linux)?;
    let page = before.at(place)?;
    if !page.value.is_zero() {
        return Err(Errno::EINVAL);
    }
    before.only(linux, page.value, &[page.frame])?;
    let placed = zero_pages(linux, place.0)?;
    scan(linux, true)?;
    // A folio that was split on the way has lost its pages of zeroes to the zero page before ksmd came to that (F9).
    if zero_pages(linux, place.0)? > placed { Ok(Outcome::Ok) } else { Err(Errno::EAGAIN) }
}

/// Zero pages that ksmd has placed in a process.
fn zero_pages(linux: &Linux, pid: Pid) -> Result<u64, Errno> {
    figure(linux, pid, "ksm_stat", "ksm_zero_pages")
}

/// The state that was reached does not allow the operation.
fn not_driven(linux: &Linux, why: &str) -> Errno {
    linux.not_driven(format!("ksm: {why}"))
}

/// What ksmd can see: the pages of MERGEABLE mappings.
struct Mergeable {
    seen: Observation,
    /// The places in `seen.pages`.
    pages: Vec<usize>,
}

impl Mergeable {
    fn of(linux: &Linux) -> Result<Self, Errno> {
        let mut seen = Observation::default();
        linux.observe(&mut seen);
        let present = |at: &usize| is_page(seen.pages[*at].state);
        let places = (0..seen.pages.len()).filter(present);
        let pages = smaps::places_with(linux, &seen, places, smaps::MERGEABLE)?;
        Ok(Self { seen, pages })
    }

    fn place(&self, (pid, vpn): (Pid, Vpn)) -> Option<usize> {
        let key = |at: &usize| (self.seen.pages[*at].pid, self.seen.pages[*at].vpn);
        self.pages.iter().copied().find(|at| key(at) == (pid, vpn))
    }

    /// The page there, if ksmd can see it.
    fn at(&self, place: (Pid, Vpn)) -> Result<&PageView, Errno> {
        self.place(place).map(|at| &self.seen.pages[at]).ok_or(Errno::EFAULT)
    }

    fn name_at(&self, place: (Pid, Vpn)) -> Option<u64> {
        self.place(place).and_then(|at| self.seen.names.get(at).copied())
    }

    fn is_ksm(&self, place: (Pid, Vpn)) -> bool {
        self.place(place).is_some_and(|at| self.seen.folios.get(at).is_some_and(|folio| folio.ksm))
    }

    /// That ksmd can merge nothing but pages with this value, and of those only these, each mapped once
    /// here unless it is a KSM page already.
    fn only(&self, linux: &Linux, value: Value, frames: &[u32]) -> Result<(), Errno> {
        let mut kinds = BTreeSet::new();
        let mut places = BTreeSet::new();
        for at in &self.pages {
            let page = &self.seen.pages[*at];
            let ksm = self.seen.folios.get(*at).is_some_and(|folio| folio.ksm);
            let mapped_again = !places.insert(page.frame);
            let others = if page.value == value {
                !frames.contains(&page.frame) || mapped_again && !ksm
            } else {
                !mapped_again && !kinds.insert((page.value.label, page.value.stamp))
            };
            if others {
                return Err(not_driven(linux, "ksmd would find more pages than those named"));
            }
        }
        Ok(())
    }
}

/// Lets ksmd scan until everything is merged that can be.
fn scan(linux: &Linux, zero_pages: bool) -> Result<(), Errno> {
    let done = (|| {
        let set = |file: &str, value: &str| fs::write(format!("{KSM}/{file}"), value);
        let scans = || {
            let text = fs::read_to_string(format!("{KSM}/full_scans"))?;
            text.trim().parse::<u64>().map_err(std::io::Error::other)
        };
        set("use_zero_pages", if zero_pages { "1" } else { "0" })?;
        let mut sleep = SLEEPS.iter().cycle();
        let mut wake = || set("sleep_millisecs", sleep.next().unwrap_or(&SLEEPS[0]));
        let (before, deadline) = (scans()?, Instant::now() + PATIENCE);
        // From the sleep of the time before to the one that `run` ends.
        wake()?;
        wake()?;
        set("run", "1")?;
        for done in 1..=SCANS {
            let mut woken = Instant::now();
            while scans()? < before + done && Instant::now() < deadline {
                std::thread::sleep(LOOK);
                if woken.elapsed() > WAKE_AGAIN && scans()? < before + done {
                    wake()?;
                    woken = Instant::now();
                }
            }
            if done < SCANS && scans()? < before + SCANS {
                wake()?;
            }
        }
        set("run", "0")?;
        Ok::<_, std::io::Error>(())
    })();
    // ksmd runs on a CPU of its own, and puts what it copies into that one's batches.
    sys::drain_lru_everywhere();
    done.map_err(|error| {
        linux.trouble(Trouble::Other(format!("letting ksmd scan: {error}")));
        Errno::EIO
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_ordered_as_ksmd_scans() {
        let mut op = "ksm p0 3 p1 2".parse::<mm_ops::Program>().expect("a program").steps[0].op;
        in_scan_order(&mut op);
        let swapped = Op::Ksm { pid: Pid(1), vpn: Vpn(2), with: Pid(0), to: Vpn(3) };
        assert_eq!(op, swapped);
        in_scan_order(&mut op);
        assert_eq!(op, swapped);
    }
}
