//! `mremap`. A program's address space is the arena, the kernel's is larger: where the kernel would look
//! for a place, the driver looks for one in the arena, and the call names it. What else the end of the
//! arena decides is put where the kernel's own end decides it, so that all errors are the kernel's.

use crate::arena;
use crate::linux::{Linux, Trouble};
use crate::ops::{Answer, fields};
use crate::{sys, uffd};
use mm_ops::{Choice, Errno, MremapFlags, Op, Outcome, PageRange, Pid};
use rustix::fd::AsFd;

/// Longer than any address space.
const TOO_LONG: u64 = 1 << 60;
/// A length that is legal, but nothing in the arena can grow to it: libraries and the stack are in the way.
const NO_ROOM: u64 = (1 << 47) - (1 << 45);

/// A call, as the kernel takes it.
#[derive(Clone, Copy)]
struct Call {
    pid: Pid,
    from: u64,
    old_len: u64,
    new_len: u64,
    flags: MremapFlags,
    to: u64,
}

impl Call {
    /// Answers where the memory is now.
    fn make(self, linux: &Linux) -> Answer {
        let Self { pid, from, old_len, new_len, flags, to } = self;
        let MremapFlags { maymove, fixed, dontunmap, .. } = flags;
        let flags = u64::from(maymove) | u64::from(fixed) << 1 | u64::from(dontunmap) << 2;
        let args = [from, old_len, new_len, flags, to];
        let at = uffd::syscall_with_events(linux, pid, libc::SYS_mremap, &args)? as u64;
        let (start, end) = arena::bounds(&linux.config);
        if !(start..end).contains(&at) {
            linux.trouble(Trouble::Other(format!("mremap left the program's memory: {at:#x}")));
            return Err(Errno::EIO);
        }
        Ok(Outcome::At(arena::vpn(at)))
    }

    /// Whether the memory could move, and does not: ENOMEM, or the error that the call has in any case. The
    /// tests of the source are the same for every call that maps something new (J1).
    fn in_no_place(self, linux: &Linux) -> Answer {
        Self { new_len: NO_ROOM, flags: MremapFlags::default(), ..self }.make(linux)
    }

    /// Moves to the lowest free place, which is told as a choice.
    fn to_any_place(self, linux: &mut Linux, len: u32) -> Answer {
        let taken = mappings(linux, self.pid)?;
        let ends = taken.iter().map(|mapping| mapping.end() as u32);
        let lowest = std::iter::once(0)
            .chain(ends)
            .map(|at| PageRange::new(at, len))
            .find(|place| is_free(linux, &taken, *place));
        let Some(place) = lowest else { return Err(Errno::ENOMEM) };
        let flags = MremapFlags { fixed: true, ..self.flags };
        let moved = Self { flags, to: arena::address(place.start), ..self }.make(linux)?;
        linux.chosen.push(Choice::Placed(place.start));
        Ok(moved)
    }
}

/// What is mapped in the arena, ascending.
fn mappings(linux: &Linux, pid: Pid) -> Result<Vec<PageRange>, Errno> {
    let maps = linux.process(pid)?.maps.as_fd();
    let (mut at, end) = arena::bounds(&linux.config);
    let mut found = Vec::new();
    while at < end {
        let next = sys::mapping_from(maps, at).map_err(|errno| linux.errno(errno))?;
        let Some(mapping) = next.filter(|mapping| mapping.start < end) else { break };
        let start = arena::vpn(mapping.start);
        found.push(PageRange { start, len: arena::vpn(mapping.end).0 - start.0 });
        at = mapping.end;
    }
    Ok(found)
}

/// Whether a range lies in the arena, and nothing is mapped there.
fn is_free(linux: &Linux, taken: &[PageRange], range: PageRange) -> bool {
    let start = |range: &PageRange| u64::from(range.start.0);
    range.end() <= u64::from(linux.config.space_pages())
        && !taken.iter().any(|other| start(other) < range.end() && start(&range) < other.end())
}

/// `mremap`.
pub(crate) fn mremap(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, old, new, flags) =
        fields!(*op, Op::Mremap { pid, range, to, flags } => (pid, range, to, flags));
    linux.process(pid)?;
    linux.past.moves = true;
    linux.past.left_behind |= flags.dontunmap;
    let space = linux.config.space_pages();
    // A tail that leaves the address space cannot be unmapped; nothing else asks where the old range ends.
    let cut_beyond = new.len < old.len && old.end() > u64::from(space);
    let (to, _) = arena::limited(new, &linux.config);
    let call = Call {
        pid,
        from: arena::address(old.start),
        old_len: if cut_beyond { TOO_LONG } else { arena::bytes(old.len) },
        new_len: if new.len > space { TOO_LONG } else { arena::bytes(new.len) },
        flags,
        to,
    };
    if flags.fixed {
        return call.make(linux);
    }
    if flags.dontunmap {
        return wherever_it_is_free(linux, call, old, new);
    }
    if new.len <= old.len || new.len > space {
        return call.make(linux);
    }
    // Grows where it is, or moves.
    let grown = PageRange { start: old.start, len: new.len };
    let inside = grown.end() <= u64::from(space);
    let in_place = if inside {
        Call { flags: MremapFlags::default(), ..call }.make(linux)
    } else {
        call.in_no_place(linux)
    };
    if in_place == Err(Errno::ENOMEM) && flags.maymove {
        return call.to_any_place(linux, new.len);
    }
    in_place
}

/// DONTUNMAP without FIXED: the new address is a wish.
fn wherever_it_is_free(linux: &mut Linux, call: Call, old: PageRange, new: PageRange) -> Answer {
    let overlap = old.end() > u64::from(new.start.0) && new.end() > u64::from(old.start.0);
    let legal = call.flags.maymove
        && old.len == new.len
        && !new.is_empty()
        && new.end() <= u64::from(linux.config.space_pages())
        && !overlap;
    if !legal || is_free(linux, &mappings(linux, call.pid)?, new) {
        return call.make(linux);
    }
    match call.in_no_place(linux) {
        Err(Errno::ENOMEM) => call.to_any_place(linux, new.len),
        other => other,
    }
}
