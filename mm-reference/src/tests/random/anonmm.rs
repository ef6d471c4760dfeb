//! Random programs for the anonmm scheme: relatives, moves, swap and little else; and what a snapshot
//! must satisfy there.

use super::*;
use mm_ops::RmapScheme;

/// Other keys are left as they come: those without a meaning must not matter.
pub(super) fn config(seed: u64) -> Config {
    let swap_slots = match seed % 4 {
        0 => 0,
        1 => 6,
        _ => 64,
    };
    Config { rmap: RmapScheme::Anonmm, swap_slots, ..super::config_of_anon_vma(seed) }
}

impl Generator {
    /// Few pages, so that relatives meet.
    fn near(&mut self) -> Vpn {
        Vpn(self.rng.random_range(0..10))
    }

    fn few(&mut self) -> PageRange {
        PageRange { start: self.near(), len: self.rng.random_range(1..5) }
    }

    /// Within the first pages and a few places farther away.
    fn move_of_few(&mut self, pid: Pid) -> Op {
        let range = self.few();
        let start = match self.rng.random_range(0..3) {
            0 => self.near().0,
            1 => range.start.0 + 8,
            _ => self.rng.random_range(0..60),
        };
        let len = if self.one_in(6) { self.rng.random_range(0..6) } else { range.len };
        let (maymove, fixed) = (!self.one_in(12), !self.one_in(5));
        let flags = MremapFlags { maymove, fixed, ..MremapFlags::NONE };
        Op::Mremap { pid, range, to: PageRange::new(start, len), flags }
    }

    pub(super) fn old_op(&mut self) -> Op {
        let (pid, vpn, range) = (self.pid(), self.near(), self.few());
        let handle = Handle(self.rng.random_range(0..6));
        let token = Token(self.rng.random_range(0..4));
        match self.rng.random_range(0..100) {
            0..=4 => Op::Mmap { pid, range, prot: self.prot(), droppable: self.one_in(20) },
            5..=7 => Op::Munmap { pid, range },
            8..=11 => Op::Mprotect { pid, range, prot: self.prot() },
            12..=13 => Op::Madvise { pid, range, advice: Advice::DontNeed },
            14 => Op::Mlock { pid, range },
            15 => Op::Munlock { pid, range },
            16..=23 => Op::Fork { parent: pid, child: self.pid() },
            24..=25 => Op::Exit { pid },
            26..=33 => Op::Read { pid, vpn },
            34..=43 => Op::Write { pid, vpn, value: self.value() },
            44..=46 => {
                let (write, force) = (self.one_in(2), self.one_in(2));
                Op::Gup { pid, range, handle, flags: GupFlags { write, force, ..GET } }
            }
            47..=49 => Op::Put { handle, dirty: self.one_in(2) },
            50 => Op::DmaRead { handle, index: 0 },
            51 => Op::DmaWrite { handle, index: 0, value: self.value() },
            52..=53 => Op::Remote { pid, vpn, access: Remote::Poke(self.value()) },
            54 => Op::Remote { pid, vpn, access: Remote::Peek },
            55 => Op::Lock { pid, vpn, token },
            56 => Op::Isolate { pid, vpn, token },
            57..=58 => Op::Drop { token },
            59..=68 => Op::SwapOut { pid, vpn, token: self.one_in(3).then_some(token) },
            69..=72 => Op::WriteDone { token, error: self.one_in(3) },
            73..=75 => Op::Swapoff,
            76..=78 => Op::Swapon,
            79..=83 => Op::RmapWalk { pid, vpn },
            84..=97 => self.move_of_few(pid),
            _ => self.op(),
        }
    }
}

/// M1, M14, INV24, and what does not exist in this scheme.
pub(super) fn check(snapshot: &Snapshot) {
    assert_eq!((snapshot.leaked_folios, snapshot.leaked_anon_vmas), (0, 0));
    let absent = snapshot.avcs.is_empty()
        && snapshot.anon_vmas.is_empty()
        && snapshot.events.is_empty()
        && snapshot.deferred.is_empty();
    assert!(absent);
    for vma in &snapshot.vmas {
        assert_eq!((vma.anon_vma, vma.pgoff), (NO_ANON_VMA, vma.start.0), "M12");
    }
    for entry in &snapshot.entries {
        let known = [EntryKind::Page, EntryKind::ZeroPage, EntryKind::Swap];
        assert!(known.contains(&entry.kind), "{entry:?}");
        assert!(!entry.flags.has(EntryFlags::EXCLUSIVE), "{entry:?}");
        let mapped = entry.kind == EntryKind::Page;
        assert!(!entry.flags.has(W) || mapped, "INV7");
        assert!(!entry.flags.has(W) || snapshot.pages_of(entry.folio)[0].mapcount == 1, "INV24");
    }
    for mm in &snapshot.mms {
        let own = snapshot.anonmms.iter().filter(|record| record.pid == Some(mm.pid)).count();
        assert_eq!((own, mm.has_pinned), (1, false), "M1");
    }
    for (record, id) in snapshot.anonmms.iter().zip(0u32..) {
        let alive = record.pid.is_some_and(|pid| snapshot.mms.iter().any(|mm| mm.pid == pid));
        assert_eq!(alive, record.pid.is_some(), "M1");
        let pages = snapshot.folios.iter().filter(|folio| folio.mapping == id).count() as u32;
        let members = if id == 0 { snapshot.anonmms.len() as u32 } else { 0 };
        assert_eq!(record.count, u32::from(alive) + pages + members, "M1");
        assert!(record.count > u32::from(id == 0), "M1");
    }
    for folio in &snapshot.folios {
        assert_eq!(folio.mapping != NO_ANON_VMA, folio.mapcount > 0, "M13, M14");
        assert!(folio.order == Order(0) && folio.flags.has(FolioFlags::SWAPBACKED));
        assert!(!snapshot.pages[folio.first_page as usize].exclusive);
    }
}

/// INV38, where memory never failed.
pub(super) fn check_places(snapshot: &Snapshot) {
    assert_eq!(snapshot.rmap_warnings, 0, "INV38");
    for entry in snapshot.entries.iter().filter(|entry| entry.kind == EntryKind::Page) {
        assert_eq!(snapshot.folios[entry.folio as usize].index, entry.vpn.0, "INV38");
    }
}
