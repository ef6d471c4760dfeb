//! The group (M1): its records, in the order in which the processes came. What a record counts is
//! counted when it is asked for, like everything here; a record that counts nothing goes when the
//! operation ends. Until then nobody could tell: searches pass over it.

use mm_ops::{AllocKind, AnonmmSnap, Pid};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::Reference;

/// Number of a record. None is given out twice in a program.
pub(crate) type RecordId = u32;

/// A process of the group, or one that was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) id: RecordId,
    /// `None` once the process has ended.
    pub(super) pid: Option<Pid>,
}

/// All processes descend from `p0`: there is one group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// The head first.
    pub(super) records: Vec<Record>,
    /// How many records there have been.
    made: u32,
    /// How often the moves of this operation met a shared page (M4).
    pub(super) cows: u32,
    /// How often a search of this operation ended with a mapping not found (M16).
    pub(super) warnings: u32,
}

impl Group {
    fn add(&mut self, pid: Pid) {
        self.records.push(Record { id: self.made, pid: Some(pid) });
        self.made += 1;
    }
}

impl Reference {
    /// M1: a fresh machine's group, of `p0` alone. The other scheme has none.
    pub(crate) fn reset_group(&mut self) {
        self.group = Group::default();
        if self.has_anonmm() {
            self.group.add(Pid(0));
        }
    }

    /// What is told of one operation only is forgotten when the next begins.
    pub(crate) fn forget_warnings(&mut self) {
        (self.group.cows, self.group.warnings) = (0, 0);
    }

    /// M1: a fork's child joins at the end of the list.
    pub(crate) fn join_group(&mut self, child: Pid) -> Result<(), NoMemory> {
        if self.has_anonmm() {
            self.try_allocate(AllocKind::Anonmm, child, 0)?;
            rule!(self.coverage, M1, 0);
            self.group.add(child);
        }
        Ok(())
    }

    /// M1: a process has ended; its record stays while a page notes it.
    pub(crate) fn leave_group(&mut self, pid: Pid) {
        for record in self.group.records.iter_mut().filter(|record| record.pid == Some(pid)) {
            rule!(self.coverage, M1, 1);
            record.pid = None;
        }
    }

    /// The record of a live process.
    pub(super) fn record_of(&self, pid: Pid) -> RecordId {
        let own = self.group.records.iter().find(|record| record.pid == Some(pid));
        own.expect("every process joins the group when it begins").id
    }

    /// Where a record is in the list.
    pub(crate) fn place_of_record(&self, id: RecordId) -> Option<usize> {
        self.group.records.iter().position(|record| record.id == id)
    }

    /// M1: a live process counts one, each page that notes the record one more; the head counts the
    /// records of the list, too.
    fn record_count(&self, place: usize) -> u32 {
        let Record { id, pid } = self.group.records[place];
        let pages = self.folios.iter().filter(|folio| folio.mapping == Some(id)).count();
        let members = if place == 0 { self.group.records.len() } else { 0 };
        u32::from(pid.is_some()) + (pages + members) as u32
    }

    /// M1: records that count nothing go; the head when it counts itself alone.
    pub(crate) fn free_records(&mut self) {
        for place in (1..self.group.records.len()).rev() {
            if self.record_count(place) == 0 {
                rule!(self.coverage, M1, 2);
                self.group.records.remove(place);
            }
        }
        if self.group.records.len() == 1 && self.record_count(0) == 1 {
            rule!(self.coverage, M1, 3);
            self.group.records.clear();
        }
    }

    /// How many records exist.
    pub(crate) fn live_records(&self) -> usize {
        self.group.records.len()
    }

    /// The records as they are shown.
    pub(crate) fn show_records(&self, out: &mut mm_ops::Snapshot) {
        let shown = self.group.records.iter().enumerate().map(|(place, record)| AnonmmSnap {
            pid: record.pid,
            count: self.record_count(place),
        });
        out.anonmms.extend(shown);
        (out.mremap_cows, out.rmap_warnings) = (self.group.cows, self.group.warnings);
    }
}
