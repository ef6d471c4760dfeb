//! Swap, on a zram device of the driver's own: writes end at once and can be repeated, which no
//! other device offers. The device is made ready when the driver starts and switched on when a program first
//! reclaims something; the guardian switches it off and empties it whatever happens
//! ([`crate::settings::Will`]).

use crate::folio::look;
use crate::linux::{Linux, Trouble};
use crate::ops::Answer;
use crate::sys;
use mm_ops::{Errno, Op, Outcome, PageState, PageView};
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

    /// Whether it is switched on.
    pub(crate) const fn is_on(&self) -> bool {
        self.on
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
    if comes_back_in_an_order_of_its_own(linux) {
        let what = "swapoff of a page that was merged by KSM, and that several processes lack";
        return Err(linux.not_driven(what));
    }
    switched(linux, false)
}

/// Whether it matters to whom swapoff comes first: of a page that was merged by KSM the first place gets the page and
/// whatever does not fit it gets a copy (E16). Processes are visited as they last began to swap, not by name
/// (E17). Such a page looks the same at several places, and not all of them are of one process.
fn comes_back_in_an_order_of_its_own(linux: &Linux) -> bool {
    let seen = look(linux);
    let away = |page: &&PageView| matches!(page.state, PageState::Swapped | PageState::SwapCached);
    let away: Vec<&PageView> = seen.pages.iter().filter(away).collect();
    away.iter().any(|one| {
        let same = away.iter().filter(|other| other.value == one.value);
        let (mut elsewhere, mut others) = (false, false);
        same.for_each(|other| {
            elsewhere |= other.vpn != one.vpn;
            others |= other.pid != one.pid;
        });
        elsewhere && others
    })
}

pub(crate) fn swapon(linux: &mut Linux, _: &Op) -> Answer {
    switched(linux, true)
}
