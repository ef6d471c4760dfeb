//! Swarm profiles: what kind of programs one run makes. A run that leaves operations out and makes
//! others frequent reaches states that an even mixture never does.

use super::anonmm::{has_advice, has_kind};
use super::areas::{ALWAYS, Areas};
use super::device::{draw_dev_exclusive, draw_dev_mem};
use super::draw::{Draw, Weights};
use crate::call::Advice;
use crate::config::{AccessBits, Batching, Config, SwapDevice, UffdWpMode};
use crate::ids::{OPS_MAX, Order, OrderSet, PROCS_MAX, PageRange};
use crate::kind::OpKind;
use crate::remap::RelocateDesign;
use crate::rmap::RmapScheme;
use crate::text::Settings;
use rand_core::RngCore;
use std::fmt::{Display, Formatter, Result};

/// Number of kinds of advice.
pub(super) const ADVICES: usize = Advice::NAMES.len();

/// Where in the address space the pages of a program lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At page 0.
    Start,
    /// Across the border of two PMD-level tables.
    Border,
    /// Up to the end of the address space.
    End,
}

/// The small window of pages that operands are drawn from, so that operations meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where it lies.
    pub place: Place,
    /// Its length in PTE-level tables, 1 … 4.
    pub tables: u8,
}

impl Window {
    /// The pages of the window in this geometry.
    #[must_use]
    pub fn pages(self, config: &Config) -> PageRange {
        let ptes = u32::from(config.ptes);
        let len = (u32::from(self.tables) * ptes).min(config.space_pages());
        let start = match self.place {
            Place::Start => 0,
            Place::Border => ptes * ptes - len / ptes / 2 * ptes,
            Place::End => config.space_pages() - len,
        };
        PageRange::new(start, len)
    }
}

/// What kind of programs are made. `Display` prints all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The areas it is narrowed to.
    pub areas: Areas,
    /// The configuration of new programs.
    pub config: Config,
    /// The pages that operands are drawn from.
    pub window: Window,
    /// Operations of a new program.
    pub length: u16,
    /// Operations beyond which mutation adds none.
    pub length_max: u16,
    /// Folio orders that `thp` may enable.
    pub orders: OrderSet,
    pub(super) kinds: Weights<{ OpKind::COUNT }>,
    pub(super) advices: Weights<ADVICES>,
}

/// How often each kind is drawn if nothing is known about what is looked for.
const fn base_weight(kind: OpKind) -> u16 {
    match kind {
        OpKind::Write => 16,
        OpKind::Madvise | OpKind::Read => 12,
        OpKind::Mmap | OpKind::Fork => 10,
        OpKind::Mprotect => 8,
        OpKind::Munmap | OpKind::Pin | OpKind::Put => 6,
        OpKind::Get | OpKind::Thp => 4,
        OpKind::Mlock
        | OpKind::Exit
        | OpKind::DmaRead
        | OpKind::DmaWrite
        | OpKind::FailAlloc
        | OpKind::Lock
        | OpKind::Isolate
        | OpKind::Drop
        | OpKind::NumaHint => 3,
        OpKind::Munlock | OpKind::Peek | OpKind::Poke | OpKind::VmRead | OpKind::VmWrite => 2,
        OpKind::SwapOut | OpKind::Race | OpKind::Mremap => 6,
        OpKind::UffdMove => 4,
        OpKind::Migrate
        | OpKind::MigrateEnd
        | OpKind::Khugepaged
        | OpKind::Ksm
        | OpKind::Split
        | OpKind::UffdRegister
        | OpKind::UffdWp => 3,
        OpKind::WriteDone | OpKind::MigrateCopy | OpKind::UffdCopy | OpKind::RmapWalk => 2,
        OpKind::Mseal
        | OpKind::ClearRefs
        | OpKind::BadSlot
        | OpKind::Swapoff
        | OpKind::Swapon
        | OpKind::DrainLru
        | OpKind::DeferredScan
        | OpKind::KsmZero
        | OpKind::Hwpoison
        | OpKind::SoftOffline
        | OpKind::UffdUnregister
        | OpKind::UffdZero
        | OpKind::UffdPoison => 1,
        OpKind::DevSetup => 6,
        OpKind::DevExclusive | OpKind::DevWrite => 4,
        OpKind::DevPages | OpKind::DevFinalize | OpKind::DevRead => 2,
        OpKind::DevEvict => 1,
    }
}

const fn base_advice_weight(advice: Advice) -> u16 {
    match advice {
        Advice::DontNeed => 6,
        Advice::HugePage | Advice::Free | Advice::PopulateWrite => 4,
        Advice::GuardInstall | Advice::PopulateRead => 3,
        Advice::DontNeedLocked | Advice::DontFork | Advice::WipeOnFork | Advice::GuardRemove => 2,
        Advice::PageOut | Advice::Mergeable | Advice::Collapse => 3,
        Advice::DoFork
        | Advice::KeepOnFork
        | Advice::NoHugePage
        | Advice::Cold
        | Advice::WillNeed
        | Advice::Unmergeable => 1,
    }
}

/// The advice as an index into a table of advice.
fn advice_place(advice: Advice) -> usize {
    Advice::NAMES.iter().position(|(known, _)| *known == advice).unwrap_or(0)
}

impl Profile {
    /// The even mixture: every operation that reaches the areas, the default configuration.
    #[must_use]
    pub fn even(areas: Areas) -> Self {
        let kinds = std::array::from_fn(|place| {
            let kind = OpKind::ALL[place];
            let weight = if areas.want(kind) { base_weight(kind) } else { 0 };
            // Whatever else relocation needs, it is a mremap.
            if kind == OpKind::Mremap && areas.has("relocate") { weight * 3 } else { weight }
        });
        let advices = std::array::from_fn(|place| {
            let advice = Advice::NAMES[place].0;
            if areas.want_advice(advice) { base_advice_weight(advice) } else { 0 }
        });
        let config = Config::default();
        Self {
            areas,
            config,
            window: Window { place: Place::Start, tables: 2 },
            length: 24,
            length_max: 64,
            orders: orders_up_to(config.pmd_order()),
            kinds: Weights::new(kinds),
            advices: Weights::new(advices),
        }
    }

    /// Draws a profile.
    #[must_use]
    pub fn random(areas: Areas, rng: &mut (impl RngCore + ?Sized)) -> Self {
        Self::draw(areas, rng)
    }

    /// The even mixture with a drawn configuration and window.
    #[cfg(feature = "arbitrary")]
    pub(crate) fn even_in(areas: Areas, draw: &mut (impl Draw + ?Sized)) -> Self {
        let mut profile = Self::even(areas);
        profile.config = draw_config(draw);
        profile.window = draw_window(draw);
        profile.orders = orders_up_to(profile.config.pmd_order());
        profile
    }

    fn draw(areas: Areas, draw: &mut (impl Draw + ?Sized)) -> Self {
        let areas = if draw.one_in(2) { areas.narrowed(draw) } else { areas };
        let mut profile = Self::even(areas);
        profile.config = draw_config(draw);
        profile.window = draw_window(draw);
        let length = match draw.below(16) {
            0..=13 => draw.between(8, 48),
            14 => draw.between(2, 8),
            _ => draw.between(48, 128),
        };
        profile.length = length as u16;
        profile.length_max = ((length + length / 2 + 8) as u16).min(OPS_MAX as u16);
        profile.orders = draw_orders(draw, profile.config.pmd_order());
        if !draw.one_in(8) {
            profile.kinds = Weights::new(swarm(draw, profile.kinds.weights()));
            profile.advices = Weights::new(swarm(draw, profile.advices.weights()));
        }
        if areas.has("anonmm") || profile.suits_anonmm() && draw.one_in(12) {
            profile.config.rmap = RmapScheme::Anonmm;
            profile.config = profile.config.sanitized();
        }
        profile.settle();
        profile
    }

    /// Whether enough of what it draws is there in the anonmm scheme, too.
    fn suits_anonmm(&self) -> bool {
        [OpKind::Mremap, OpKind::SwapOut, OpKind::RmapWalk]
            .iter()
            .any(|kind| self.weight(*kind) > 0)
    }

    /// Makes these settings in its configuration.
    pub fn lay_over(&mut self, settings: &Settings) {
        settings.lay_over(&mut self.config);
        self.settle();
    }

    /// Takes out what would be drawn in vain, and puts back what nothing works without.
    fn settle(&mut self) {
        let mut weights = *self.kinds.weights();
        for kind in ALWAYS {
            weights[kind.index()] = weights[kind.index()].max(base_weight(*kind));
        }
        let off = |kind: OpKind| weights[kind.index()] == 0;
        let scheme = self.config.rmap;
        let no_handles = off(OpKind::Pin) && off(OpKind::Get);
        let no_migrations = off(OpKind::DevSetup) && off(OpKind::DevEvict);
        let no_devices = no_migrations && off(OpKind::DevExclusive);
        let no_tokens = off(OpKind::Lock) && off(OpKind::Isolate) && off(OpKind::DevExclusive);
        let no_swap = self.config.swap_slots == 0;
        let no_uffd = off(OpKind::UffdRegister);
        let no_merging =
            self.advices.weights()[advice_place(Advice::Mergeable)] == 0 || off(OpKind::Madvise);
        let no_advice = self.advices.weights().iter().all(|weight| *weight == 0);
        let vain = [
            (OpKind::Put, no_handles),
            (OpKind::DmaRead, no_handles),
            (OpKind::DmaWrite, no_handles),
            (OpKind::Drop, no_tokens),
            (OpKind::Fork, self.config.procs == 1),
            (OpKind::ClearRefs, !self.config.soft_dirty),
            (OpKind::Thp, self.orders == OrderSet::EMPTY),
            (OpKind::Madvise, no_advice),
            (OpKind::WriteDone, no_swap || off(OpKind::SwapOut)),
            (OpKind::BadSlot, no_swap),
            (OpKind::Swapoff, no_swap),
            (OpKind::Swapon, no_swap || off(OpKind::Swapoff)),
            (OpKind::DrainLru, !self.config.lru_batch),
            (OpKind::MigrateCopy, off(OpKind::Migrate)),
            (OpKind::MigrateEnd, off(OpKind::Migrate)),
            (OpKind::Ksm, no_merging),
            (OpKind::KsmZero, no_merging),
            (OpKind::UffdUnregister, no_uffd),
            (OpKind::UffdWp, no_uffd),
            (OpKind::UffdCopy, no_uffd),
            (OpKind::UffdZero, no_uffd),
            (OpKind::UffdPoison, no_uffd),
            (OpKind::UffdMove, no_uffd),
            (OpKind::DevEvict, off(OpKind::DevSetup)),
            (OpKind::DevPages, no_migrations),
            (OpKind::DevFinalize, no_migrations),
            (OpKind::DevRead, no_devices),
            (OpKind::DevWrite, no_devices),
        ];
        for (kind, _) in vain.into_iter().filter(|(_, vain)| *vain) {
            weights[kind.index()] = 0;
        }
        for kind in OpKind::ALL.iter().filter(|kind| !has_kind(scheme, **kind)) {
            weights[kind.index()] = 0;
        }
        self.kinds = Weights::new(weights);
        let mut advices = *self.advices.weights();
        for (weight, (advice, _)) in advices.iter_mut().zip(Advice::NAMES) {
            *weight *= u16::from(has_advice(scheme, advice));
        }
        self.advices = Weights::new(advices);
    }

    /// How often a kind of operation is drawn, in relation to the others; 0 for never.
    #[must_use]
    pub fn weight(&self, kind: OpKind) -> u16 {
        self.kinds.weights()[kind.index()]
    }

    /// The same of an advice.
    pub(super) fn advice_weight(&self, advice: Advice) -> u16 {
        self.advices.weights()[advice_place(advice)]
    }

    /// Sets how often a kind of operation is drawn.
    pub fn set_weight(&mut self, kind: OpKind, weight: u16) {
        let mut weights = *self.kinds.weights();
        weights[kind.index()] = weight;
        self.kinds = Weights::new(weights);
    }
}

/// Switches some of the weights off and makes some of them large.
fn swarm<const N: usize>(draw: &mut (impl Draw + ?Sized), weights: &[u16; N]) -> [u16; N] {
    weights.map(|weight| match draw.below(8) {
        0 | 1 => 0,
        2 => weight * 8,
        3 => weight * 3,
        4 => weight.div_ceil(2),
        _ => weight,
    })
}

/// Entries of a table: small ones mostly, for their edges are met all the time.
pub(crate) fn draw_ptes(draw: &mut (impl Draw + ?Sized)) -> u16 {
    match draw.below(64) {
        0..24 => 8,
        24..50 => 4,
        50..58 => 16,
        58..61 => 32,
        61 => 64,
        62 => draw.pick(&[128, 256]),
        _ => 512,
    }
}

fn draw_config(draw: &mut (impl Draw + ?Sized)) -> Config {
    Config {
        ptes: draw_ptes(draw),
        procs: if draw.one_in(16) { 1 } else { draw.between(2, u32::from(PROCS_MAX)) as u8 },
        batching: if draw.one_in(8) { Batching::Off } else { Batching::On },
        access_bits: if draw.one_in(4) { AccessBits::Merged } else { AccessBits::Exact },
        soft_dirty: draw.one_in(4),
        huge_zero: !draw.one_in(4),
        pt_reclaim: !draw.one_in(4),
        lru_batch: draw.one_in(8),
        swap_slots: draw_slots(draw),
        swap_device: draw_device(draw),
        uffd: draw_uffd(draw),
        uffd_fork: draw.one_in(4),
        uffd_remap: draw.one_in(4),
        relocate: draw_relocate(draw),
        dev_mem: draw_dev_mem(draw),
        dev_exclusive: draw_dev_exclusive(draw),
        migdev_old: draw.one_in(16),
        dev_thp: draw.one_in(3),
        swap_noexcl: draw.one_in(12),
        rmap: RmapScheme::AnonVma,
    }
}

/// A design of MREMAP_RELOCATE_ANON: the one of the series more often than another.
pub(crate) fn draw_relocate(draw: &mut (impl Draw + ?Sized)) -> RelocateDesign {
    match draw.below(8) {
        0 => RelocateDesign::PinIgnore,
        1 => RelocateDesign::PmdFail,
        2 => RelocateDesign::Collect,
        3 => RelocateDesign::AvObject,
        4 => RelocateDesign::Combined,
        _ => RelocateDesign::PinCheck,
    }
}

/// Slots of the swap device: enough mostly, sometimes few, rarely none.
pub(crate) fn draw_slots(draw: &mut (impl Draw + ?Sized)) -> u16 {
    match draw.below(8) {
        0..5 => 64,
        5 => 16,
        6 => draw.between(1, 12) as u16,
        _ => 0,
    }
}

pub(crate) fn draw_device(draw: &mut (impl Draw + ?Sized)) -> SwapDevice {
    draw.pick(&[SwapDevice::Plain, SwapDevice::Stable, SwapDevice::Sync, SwapDevice::Zram])
}

pub(crate) fn draw_uffd(draw: &mut (impl Draw + ?Sized)) -> UffdWpMode {
    draw.pick(&[UffdWpMode::Sync, UffdWpMode::Unpopulated, UffdWpMode::Async])
}

fn draw_window(draw: &mut (impl Draw + ?Sized)) -> Window {
    let tables = draw.pick(&[2, 1, 2, 3, 4, 1]);
    let place = match draw.below(8) {
        0..5 => Place::Start,
        5 | 6 if tables > 1 => Place::Border,
        _ => Place::End,
    };
    Window { place, tables }
}

/// All folio orders that mean something, from 2 to the one a PMD maps.
pub(crate) fn orders_up_to(pmd: Order) -> OrderSet {
    (2..=pmd.0).fold(OrderSet::EMPTY, |set, order| set.with(Order(order)))
}

fn draw_orders(draw: &mut (impl Draw + ?Sized), pmd: Order) -> OrderSet {
    let all = orders_up_to(pmd);
    match draw.below(8) {
        0..4 => all,
        4 => OrderSet::EMPTY.with(pmd),
        5 | 6 => all.iter().filter(|_| draw.one_in(2)).fold(OrderSet::EMPTY, OrderSet::with),
        _ => OrderSet::EMPTY,
    }
}

impl Display for Profile {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { areas, config, window, length, length_max, orders, .. } = self;
        let pages = window.pages(config);
        writeln!(f, "areas    {areas}")?;
        writeln!(f, "config   {}", config.explicit())?;
        writeln!(f, "pages    {pages} ({} tables, {:?})", window.tables, window.place)?;
        writeln!(f, "length   {length}, at most {length_max}")?;
        match *orders {
            OrderSet::EMPTY => writeln!(f, "orders   none")?,
            orders => writeln!(f, "orders   {orders}")?,
        }
        let kinds = OpKind::ALL.iter().map(|kind| kind.name());
        print_weights(f, "weights ", "off     ", kinds, self.kinds.weights())?;
        let advices = Advice::NAMES.iter().map(|(_, name)| *name);
        print_weights(f, "advice  ", "unsaid  ", advices, self.advices.weights())
    }
}

/// The things that are drawn with their weights, and those that never are.
fn print_weights(
    f: &mut Formatter<'_>,
    title: &str,
    off_title: &str,
    names: impl Iterator<Item = &'static str> + Clone,
    weights: &[u16],
) -> Result {
    let drawn = || names.clone().zip(weights);
    f.write_str(title)?;
    for (name, weight) in drawn().filter(|(_, weight)| **weight > 0) {
        write!(f, " {name}={weight}")?;
    }
    writeln!(f)?;
    if weights.contains(&0) {
        f.write_str(off_title)?;
        drawn().filter(|(_, w)| **w == 0).try_for_each(|(name, _)| write!(f, " {name}"))?;
        writeln!(f)?;
    }
    Ok(())
}
