//! Swap, on a zram device of the driver's own: writes end at once and can be repeated, which no
//! other device offers. The device is made ready when the driver starts and switched on when a program first
//! reclaims something; the guardian switches it off and empties it whatever happens
//! ([`crate::settings::Will`]).
//!
//! What reclaims is MADV_PAGEOUT. It takes pages of one process only, so a `swap_out` is a MADV_PAGEOUT
//! of the folio's pages where one process maps all of it, and nothing that can be driven elsewhere.

use crate::arena;
use crate::linux::{Linux, Trouble};
use crate::ops::{Answer, advice_number, fields};
use crate::{remap, sys};
use mm_ops::{Advice, Errno, Mm, Observation, Op, Outcome, PageRange, PageState, Pid, Vpn};
use rustix::fs::{Mode, OFlags};
use std::fs;

/// The device.
pub(crate) const DEVICE: &str = "/dev/zram0";
/// Its settings.
const SETTINGS: &str = "/sys/block/zram0";
/// So large that no program can nearly fill it, even with what others have on the machine. Memory is
/// taken only for what is written.
const BYTES: u64 = 4 << 30;
const PAGE_BYTES: usize = 4096;
/// Its priority among swap devices: the highest, with the flag that says so.
const FLAGS: u64 = 0x8000 | 32767;

/// What the guardian does to the device: switch it off, then empty it.
pub(crate) fn legacies() -> impl Iterator<Item = (&'static str, &'static str)> {
    let ours = [(DEVICE, ""), ("/sys/block/zram0/reset", "1")];
    ours.into_iter().filter(|_| available().is_ok())
}

/// Whether the device is there and nobody's.
pub(crate) fn available() -> Result<(), String> {
    let size = fs::read_to_string(format!("{SETTINGS}/disksize"))
        .map_err(|error| format!("{SETTINGS}: {error}"))?;
    if size.trim() != "0" {
        return Err(format!("{DEVICE} is in use"));
    }
    match fs::read_to_string("/proc/swaps") {
        Ok(swaps) if swaps.lines().count() <= 1 => Ok(()),
        Ok(_) => Err("the system swaps to devices of its own".to_owned()),
        Err(error) => Err(format!("/proc/swaps: {error}")),
    }
}

/// The device as it is set up.
pub(crate) struct Device {
    on: bool,
    /// Whether the program at hand has used it.
    used: bool,
}

impl Device {
    /// Makes the device ready. Call it only with a guardian running.
    pub(crate) fn prepare() -> std::io::Result<Self> {
        fs::write(format!("{SETTINGS}/disksize"), BYTES.to_string())?;
        let device = rustix::fs::open(DEVICE, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::io::pwrite(&device, &header(), 0)?;
        rustix::fs::fsync(&device)?;
        Ok(Self { on: false, used: false })
    }

    /// A program begins: its device is on and empty.
    pub(crate) fn begin(&mut self) {
        self.used = false;
    }

    /// Whether the program at hand may have swapped something out.
    pub(crate) const fn is_used(&self) -> bool {
        self.used
    }

    /// Switches it on or off, as the kernel does it.
    fn switch(&mut self, on: bool) -> Result<(), i32> {
        let path = c"/dev/zram0".as_ptr() as u64;
        // SAFETY: the kernel reads a terminated text.
        let done = unsafe {
            if on {
                sys::call(libc::SYS_swapon, [path, FLAGS])
            } else {
                sys::call(libc::SYS_swapoff, [path, 0])
            }
        };
        done?;
        self.on = on;
        Ok(())
    }
}

/// The first page of a swap device: its version, its last page, and a signature at the end.
fn header() -> [u8; PAGE_BYTES] {
    const SIGNATURE: &[u8] = b"SWAPSPACE2";
    let mut page = [0; PAGE_BYTES];
    let last_page = (BYTES / PAGE_BYTES as u64 - 1) as u32;
    page[1024..1028].copy_from_slice(&1_u32.to_ne_bytes());
    page[1028..1032].copy_from_slice(&last_page.to_ne_bytes());
    page[PAGE_BYTES - SIGNATURE.len()..].copy_from_slice(SIGNATURE);
    page
}

/// Before the program's first operation that needs the device: it is on, unless the program has none.
pub(crate) fn needed(linux: &mut Linux) -> Result<(), Errno> {
    let wanted = linux.config.swap_slots > 0;
    let Some(device) = &mut linux.swap else { return Err(Errno::EOPNOTSUPP) };
    if device.used {
        return Ok(());
    }
    device.used = true;
    let switched = if device.on == wanted { Ok(()) } else { device.switch(wanted) };
    switched.map_err(|errno| {
        linux.trouble(Trouble::Other(format!("switching {DEVICE}: errno {errno}")));
        Errno::EIO
    })
}

fn switched(linux: &mut Linux, on: bool) -> Answer {
    needed(linux)?;
    if linux.config.swap_slots == 0 {
        return Err(Errno::EINVAL);
    }
    let device = linux.swap.as_mut().ok_or(Errno::EOPNOTSUPP)?;
    let done = device.switch(on);
    linux.drain_lru();
    done.map(|()| Outcome::Ok).map_err(|errno| linux.errno(errno))
}

pub(crate) fn swapoff(linux: &mut Linux, _: &Op) -> Answer {
    switched(linux, false)
}

pub(crate) fn swapon(linux: &mut Linux, _: &Op) -> Answer {
    switched(linux, true)
}

/// The folio that is mapped at a page, as far as this process maps it.
struct Extent {
    first: Vpn,
    pages: u32,
    /// On an LRU list.
    lru: bool,
}

/// `swap_out` of what is mapped at a page.
pub(crate) fn swap_out(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, vpn) = fields!(*op, Op::SwapOut { pid, vpn, .. } => (pid, vpn));
    linux.process(pid)?;
    needed(linux)?;
    let before = look(linux);
    let state = state_at(&before, pid, vpn);
    match state {
        PageState::Page | PageState::PageByPmd => {}
        PageState::SwapCached => {
            return not_driven(linux, "of a folio that is only in the swap cache");
        }
        _ => return Err(Errno::EFAULT),
    }
    let Some(extent) = extent_at(&before, pid, vpn) else {
        return not_driven(linux, "of a folio that is not mapped by one process alone, or in part");
    };
    let place = [arena::address(extent.first), arena::bytes(extent.pages)];
    let args = [&place[..], &[advice_number(Advice::PageOut)]].concat();
    match linux.syscall(pid, libc::SYS_madvise, &args) {
        Ok(_) => remap::none_stays_mlocked(
            linux,
            pid,
            PageRange { start: extent.first, len: extent.pages },
        )?,
        Err(Errno::EINVAL) => return not_driven(linux, "in a locked mapping"),
        Err(errno) => return Err(errno),
    }
    let after = look(linux);
    let gone = (extent.first.0..extent.first.0 + extent.pages)
        .filter(|vpn| !is_page(state_at(&after, pid, Vpn(*vpn))))
        .count() as u32;
    let cached = state_at(&after, pid, vpn) == PageState::SwapCached;
    match gone {
        0 if !extent.lru => Err(Errno::EAGAIN),
        0 => Err(Errno::EBUSY),
        _ if cached => Err(Errno::EBUSY),
        gone if gone == extent.pages => Ok(Outcome::Ok),
        _ => not_driven(linux, "of a folio that was taken apart on the way"),
    }
}

/// The state that was reached does not allow a `swap_out`.
fn not_driven(linux: &Linux, what: &str) -> Answer {
    linux.trouble(Trouble::NotDriven(format!("swap_out {what}: MADV_PAGEOUT cannot do it")));
    Err(Errno::EOPNOTSUPP)
}

fn look(linux: &Linux) -> Observation {
    let mut seen = Observation::default();
    linux.observe(&mut seen);
    seen
}

fn place_of(seen: &Observation, pid: Pid, vpn: Vpn) -> Option<usize> {
    seen.pages.binary_search_by_key(&(pid, vpn), |page| (page.pid, page.vpn)).ok()
}

fn state_at(seen: &Observation, pid: Pid, vpn: Vpn) -> PageState {
    place_of(seen, pid, vpn).map_or(PageState::Nothing, |at| seen.pages[at].state)
}

const fn is_page(state: PageState) -> bool {
    matches!(state, PageState::Page | PageState::PageByPmd)
}

/// The pages of the folio at a page, if the process maps all of them, each once and in order, and
/// nobody else maps any.
fn extent_at(seen: &Observation, pid: Pid, vpn: Vpn) -> Option<Extent> {
    let at = place_of(seen, pid, vpn)?;
    let folio = seen.folios.get(at)?;
    let offset = (0..=at).find(|offset| !folio.large || seen.folios[at - offset].head)?;
    let first = at - offset;
    let continues = |next: &usize| {
        let step = (next - first) as u32;
        seen.folios[*next].large
            && !seen.folios[*next].head
            && seen.names[*next] == seen.names[first] + u64::from(step)
            && (seen.pages[*next].pid, seen.pages[*next].vpn.0)
                == (pid, seen.pages[first].vpn.0 + step)
    };
    let more =
        if folio.large { (first + 1..seen.pages.len()).take_while(continues).count() } else { 0 };
    let last = first + more;
    let alone = (first..=last).all(|at| seen.pages[at].mapcount == 1);
    let pages = more as u32 + 1;
    let whole = !folio.large || pages > 1 && pages.is_power_of_two();
    (at <= last && alone && whole).then(|| Extent {
        first: seen.pages[first].vpn,
        pages,
        lru: folio.lru,
    })
}
