//! madvise: the loop over VMAs (I17) and what each advice demands of one. The work is done in
//! `zap`, `lazyfree`, `guard`, `gup` (populate) and `vma` (flags).

use crate::alloc::NoMemory;
use crate::gup::Populate;
use crate::model::{Model, answer};
use crate::reclaim::Cold;
use crate::vma::Area;
use mm_ops::{Advice, Errno, Outcome, PageRange, Pid, VmaFlags};

impl Model {
    /// The operation `madvise`: ascending over the VMAs; a hole is remembered, an error ends it.
    pub(crate) fn madvise(&mut self, pid: Pid, range: PageRange, advice: Advice) -> Outcome {
        answer(match advice {
            Advice::PopulateRead => self.madvise_populate(pid, range, Populate::Read),
            Advice::PopulateWrite => self.madvise_populate(pid, range, Populate::Write),
            _ => self.madvise_vmas(pid, range, advice),
        })
    }

    fn madvise_vmas(&mut self, pid: Pid, range: PageRange, advice: Advice) -> Result<(), Errno> {
        if range.is_empty() {
            return Ok(());
        }
        let (start, end) = self.clamped(range);
        let mut hole = range.end() > u64::from(end);
        let mut at = start;
        while at < end {
            let Some(area) = self.area(pid, self.vma_from(pid, at)) else {
                hole = true;
                break;
            };
            hole |= area.start > at;
            at = at.max(area.start);
            if at < end {
                at = self.madvise_vma(area, at, area.end.min(end), advice)?;
            }
        }
        if hole { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// One advice in one VMA. Answers where the next VMA may begin.
    fn madvise_vma(
        &mut self,
        area: Area,
        start: u32,
        end: u32,
        advice: Advice,
    ) -> Result<u32, Errno> {
        if area.has(VmaFlags::SEALED) && !area.has(VmaFlags::WRITE) && is_discard(advice) {
            return Err(Errno::EPERM);
        }
        let locked = area.has(VmaFlags::LOCKED);
        match advice {
            Advice::DontNeed
            | Advice::Free
            | Advice::GuardInstall
            | Advice::Cold
            | Advice::PageOut
                if locked =>
            {
                return Err(Errno::EINVAL);
            }
            Advice::DontNeed | Advice::DontNeedLocked => self.dontneed(area, start, end),
            Advice::Free => self.madvise_free(area, start, end),
            Advice::GuardInstall => self.guard_install(area, start, end)?,
            Advice::GuardRemove => self.guard_remove(area, start, end),
            Advice::Collapse => self.collapse(area, start, end)?,
            Advice::Cold => self.madvise_cold(area, start, end, Cold::Age)?,
            Advice::PageOut => self.madvise_cold(area, start, end, Cold::PageOut)?,
            Advice::WillNeed => self.willneed(area, start, end),
            _ => return self.advise_flags(area, start, end, advice),
        }
        Ok(end)
    }

    /// The advices that change VMA flags (I11, P1, P6).
    fn advise_flags(
        &mut self,
        area: Area,
        start: u32,
        end: u32,
        advice: Advice,
    ) -> Result<u32, Errno> {
        let huge = VmaFlags::HUGEPAGE;
        let no_huge = VmaFlags::NOHUGEPAGE;
        let flags = match advice {
            Advice::DontFork => area.flags.with(VmaFlags::DONTFORK),
            Advice::DoFork => area.flags.without(VmaFlags::DONTFORK),
            Advice::WipeOnFork => area.flags.with(VmaFlags::WIPEONFORK),
            Advice::KeepOnFork if area.has(VmaFlags::DROPPABLE) => return Err(Errno::EINVAL),
            Advice::KeepOnFork => area.flags.without(VmaFlags::WIPEONFORK),
            Advice::HugePage => area.flags.without(no_huge).with(huge),
            Advice::NoHugePage => area.flags.without(huge).with(no_huge),
            Advice::Mergeable if !area.has(VmaFlags::DROPPABLE) => {
                area.flags.with(VmaFlags::MERGEABLE)
            }
            Advice::Unmergeable if area.has(VmaFlags::MERGEABLE) => {
                // Out of memory is told as EAGAIN here.
                self.unmerge(area, start, end).map_err(|errno| match errno {
                    Errno::ENOMEM => Errno::EAGAIN,
                    other => other,
                })?;
                area.flags.without(VmaFlags::MERGEABLE)
            }
            _ => area.flags,
        };
        if flags == area.flags {
            return Ok(end);
        }
        let modified = self.modify_flags(area, start, end, flags);
        modified.map(|area| area.end).map_err(|NoMemory| Errno::EAGAIN)
    }
}

/// Whether an advice discards content, which a sealed read-only VMA refuses.
const fn is_discard(advice: Advice) -> bool {
    matches!(
        advice,
        Advice::DontNeed
            | Advice::DontNeedLocked
            | Advice::Free
            | Advice::DontFork
            | Advice::WipeOnFork
            | Advice::GuardInstall
    )
}
