//! The ideal's devices: what an open handle must show, and whom a write through it reaches.

use super::{Ideal, Orphan, Page, Violation};
use mm_ops::{GupFlags, Handle, PageRange, Pid, Value, Vpn};

/// One page of a handle.
#[derive(Clone)]
pub(super) enum Held {
    /// A pin: the page its owner has there, as long as the owner has it.
    Alias,
    /// A pin that may hold the zero page instead.
    MaybeZeroPage,
    /// The owner gave the page up; the number names it, so that two handles can share it.
    Alone(usize),
    /// A plain reference.
    Plain(Plain),
}

/// What may be read through a plain reference, and whom a write through it may reach.
#[derive(Clone)]
pub(super) struct Plain {
    pub(super) values: Vec<Value>,
    pub(super) lineage: u32,
    /// The owner has not given the page up since, so what it writes there counts.
    pub(super) attached: bool,
}

/// One page of a handle, and where its owner has it.
#[derive(Clone)]
pub(super) struct Grip {
    pub(super) at: Vpn,
    /// Where else it may be, since moves failed midway.
    pub(super) maybe_at: Vec<Vpn>,
    pub(super) held: Held,
}

impl Grip {
    /// The owner may have lost the page, or not: no more than a plain reference is left.
    pub(super) fn loosen(&mut self, page: &Page) {
        let maybe_zero_page = matches!(self.held, Held::MaybeZeroPage);
        if maybe_zero_page || matches!(self.held, Held::Alias) {
            let mut plain = Plain::of(page);
            if maybe_zero_page {
                plain.values.push(Value::ZERO);
            }
            self.held = Held::Plain(plain);
        }
    }
}

#[derive(Clone)]
pub(super) struct Device {
    pub(super) owner: Pid,
    pub(super) grips: Vec<Grip>,
}

impl Device {
    /// Whether it has the page pinned, so that nobody can take it away.
    pub(super) fn pins(&self, pid: Pid, vpn: Vpn) -> bool {
        let tied = |grip: &Grip| grip.at == vpn && matches!(grip.held, Held::Alias);
        self.owner == pid && self.grips.iter().any(tied)
    }
}

impl Ideal {
    /// Lets everyone with a plain reference that `which` accepts (owner, page) read the value.
    pub(super) fn entitle(&mut self, which: impl Fn(Pid, Vpn, &Plain) -> bool, value: Value) {
        for device in self.devices.iter_mut().flatten() {
            for Grip { at, maybe_at, held } in &mut device.grips {
                let mut places = maybe_at.iter().chain([&*at]);
                if let Held::Plain(plain) = held
                    && places.any(|vpn| which(device.owner, *vpn, plain))
                    && !plain.values.contains(&value)
                {
                    plain.values.push(value);
                }
            }
        }
    }

    pub(super) fn grab(&mut self, pid: Pid, range: PageRange, handle: Handle, flags: GupFlags) {
        let mut grips = Vec::with_capacity(range.len as usize);
        for offset in 0..range.len {
            let at = Vpn(range.start.0 + offset);
            let Some(page) = self.page(pid, at) else { return };
            let is_zero = page.value.is_zero() || page.may_be_gone();
            let may_be_zero_page = is_zero && !flags.write && !flags.longterm;
            let held = match flags.pin {
                true if may_be_zero_page => Held::MaybeZeroPage,
                true => Held::Alias,
                false => Held::Plain(Plain::of(page)),
            };
            grips.push(Grip { at, maybe_at: Vec::new(), held });
        }
        if let Some(place) = self.devices.get_mut(handle.index()) {
            *place = Some(Device { owner: pid, grips });
        }
    }

    /// A device reads: the pin must see what its owner sees (INV26), a plain reference must show
    /// nothing its holder is not entitled to (INV27).
    pub(super) fn judge_handle(
        &mut self,
        handle: Handle,
        index: u32,
        found: Value,
    ) -> Result<(), Violation> {
        let Some((device, vpn)) = self.held_at(handle, index) else { return Ok(()) };
        let (owner, held) = (device.owner, device.grips[index as usize].held.clone());
        let current = self.space(owner).and_then(|space| space.pages.get(&vpn.0));
        let gone = current.is_some_and(Page::may_be_gone);
        let gone = gone && found.is_zero();
        let current = current.map_or(Value::ZERO, |page| page.value);
        let (good, expected, rule, why) = match held {
            Held::Alias => {
                (found == current || gone, current, "INV26", "a pin sees what its owner sees")
            }
            Held::MaybeZeroPage => {
                if found == current && !found.is_zero() {
                    self.set_held(handle, index, Held::Alias);
                }
                let good = found == current || found.is_zero();
                (good, current, "INV26", "a pin sees what its owner sees, or the zero page")
            }
            Held::Alone(orphan) => {
                let orphan = &mut self.orphans[orphan];
                let strayed = self.strays.contains(&(orphan.lineage, found));
                let zero = std::mem::take(&mut orphan.or_zero) && found.is_zero();
                if strayed || zero {
                    orphan.value = found;
                }
                let expected = orphan.value;
                (found == expected, expected, "INV26", "a pinned page belongs to its pins alone")
            }
            Held::Plain(Plain { values, .. }) => {
                let expected = values.last().copied().unwrap_or(Value::ZERO);
                let why = "a reference shows only what its owner had there, or a device wrote";
                (values.contains(&found), expected, "INV27", why)
            }
        };
        let (pid, vpn) = (Some(owner), Some(vpn));
        if good {
            return Ok(());
        }
        Err(Violation { rule, pid, vpn, handle: Some(handle), expected, found, why })
    }

    pub(super) fn device_store(&mut self, handle: Handle, index: u32, value: Value) {
        let Some((device, vpn)) = self.held_at(handle, index) else { return };
        let owner = device.owner;
        match device.grips[index as usize].held.clone() {
            Held::Alias | Held::MaybeZeroPage => {
                if let Some(page) = self.page(owner, vpn) {
                    page.unsaved = true;
                    let before = (page.lineage, page.value);
                    self.unsaved.push(before);
                }
                self.alias_store(owner, vpn, value);
            }
            Held::Alone(orphan) => {
                let orphan = &mut self.orphans[orphan];
                (orphan.value, orphan.or_zero) = (value, false);
                let lineage = orphan.lineage;
                self.entitle(|_, _, plain| plain.lineage == lineage, value);
            }
            Held::Plain(Plain { lineage, .. }) => {
                // Which page this is by now, only the mechanism knows: anyone who inherited it.
                self.stray = Some((lineage, value));
                self.strays.push((lineage, value));
                self.entitle(|_, _, plain| plain.lineage == lineage, value);
            }
        }
    }

    /// The handle is dropped, saying that its pages were written (D13).
    pub(super) fn save(&mut self, handle: Handle) {
        let Some(Some(device)) = self.devices.get(handle.index()) else { return };
        let Some(space) = &mut self.spaces[device.owner.index()] else { return };
        for Grip { at, held, .. } in &device.grips {
            if let (Held::Alias, Some(page)) = (held, space.pages.get_mut(&at.0)) {
                page.unsaved = false;
            }
        }
    }

    /// A poisoned page is taken from its owner even if it is pinned (Q4): the pin keeps it, and the
    /// owner can get another.
    pub(super) fn untie_pins_of_poisoned(&mut self) {
        for device in self.devices.iter_mut().flatten() {
            let Some(space) = &self.spaces[device.owner.index()] else { continue };
            for Grip { at, held, .. } in &mut device.grips {
                let tied = matches!(held, Held::Alias | Held::MaybeZeroPage);
                let page = space.pages.get(&at.0).filter(|page| page.poisoned && tied);
                if let Some(page) = page {
                    let mut plain = Plain::of(page);
                    plain.values.push(Value::ZERO);
                    *held = Held::Plain(plain);
                }
            }
        }
    }

    fn held_at(&self, handle: Handle, index: u32) -> Option<(&Device, Vpn)> {
        let device = self.devices.get(handle.index())?.as_ref()?;
        let grip = device.grips.get(index as usize)?;
        Some((device, grip.at))
    }

    fn set_held(&mut self, handle: Handle, index: u32, held: Held) {
        if let Some(device) = &mut self.devices[handle.index()] {
            device.grips[index as usize].held = held;
        }
    }
}

impl Plain {
    pub(super) fn of(page: &Page) -> Self {
        let mut values = vec![page.value];
        if page.may_be_gone() {
            values.push(Value::ZERO);
        }
        Self { values, lineage: page.lineage, attached: true }
    }
}

/// The owner of what is held gives the page up.
pub(super) fn detach(held: &mut Held, page: &mut Page, orphans: &mut Vec<Orphan>) {
    match held {
        Held::Alias => {
            let orphan = *page.orphan.get_or_insert(orphans.len());
            if orphan == orphans.len() {
                let or_zero = page.lost || page.poisoned;
                orphans.push(Orphan { value: page.value, lineage: page.lineage, or_zero });
            }
            *held = Held::Alone(orphan);
        }
        // Whichever it was, it shows zero for ever, or what the page held last.
        Held::MaybeZeroPage => {
            let mut plain = Plain { attached: false, ..Plain::of(page) };
            plain.values.push(Value::ZERO);
            *held = Held::Plain(plain);
        }
        Held::Plain(plain) => plain.attached = false,
        Held::Alone(_) => {}
    }
}
