//! The records of the group (M1): a circular list in an arena, the head first. A record lives as long
//! as its process or any page that notes it; counts are kept as the kernel keeps them.

use crate::folio::lower;
use crate::model::Model;
use mm_ops::{AnonmmSnap, NO_ANON_VMA, Pid};
use smallvec::SmallVec;

/// The place of a record in the arena. It is given to another one once the record is gone.
pub(crate) type RecordNr = u32;

/// The processes that a search visits, in its order.
pub(crate) type Visits = SmallVec<[Pid; 4]>;

/// One process of the group, or one that was.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// `None` once the process has ended.
    mm: Option<Pid>,
    /// The live process, and the pages that note the record; of the head also every record.
    count: u32,
    next: RecordNr,
    prev: RecordNr,
}

/// The group: every process descends from the first one, so there is one list.
#[derive(Default)]
pub(crate) struct Anonmms {
    arena: Vec<Record>,
    free: Vec<RecordNr>,
    /// The first record, while there is any.
    head: Option<RecordNr>,
    /// M4's counter: pages of the operation under way that were found shared as they were to move.
    pub(crate) cows: u32,
    /// Searches of the operation under way that missed a mapping (M16).
    pub(crate) warnings: u32,
}

impl Anonmms {
    /// Forgets every record; keeps the memory.
    pub(crate) fn reset(&mut self) {
        self.arena.clear();
        self.free.clear();
        self.head = None;
        self.begin();
    }

    /// An operation begins.
    pub(crate) fn begin(&mut self) {
        (self.cows, self.warnings) = (0, 0);
    }

    /// How many records exist.
    pub(crate) fn live(&self) -> usize {
        self.arena.len() - self.free.len()
    }

    /// A process begins: its record goes to the end of the list, or is the head (M1).
    pub(crate) fn join(&mut self, pid: Pid) -> RecordNr {
        let fresh = Record { mm: Some(pid), count: 1, next: 0, prev: 0 };
        let number = self.free.pop().unwrap_or(self.arena.len() as RecordNr);
        if number as usize == self.arena.len() {
            self.arena.push(fresh);
        }
        let head = *self.head.get_or_insert(number);
        let last = if head == number { number } else { self.arena[head as usize].prev };
        self.arena[number as usize] = Record { next: head, prev: last, ..fresh };
        self.arena[last as usize].next = number;
        self.arena[head as usize].prev = number;
        self.arena[head as usize].count += 1;
        number
    }

    /// The process of a record ends.
    pub(crate) fn leave(&mut self, number: RecordNr) {
        self.arena[number as usize].mm = None;
        self.put(number);
    }

    /// One more page notes it.
    pub(crate) fn get(&mut self, number: RecordNr) {
        self.arena[number as usize].count += 1;
    }

    /// One page less notes it, or its process is gone. The last one takes the record along; when the
    /// head is alone and unused, it goes, too.
    pub(crate) fn put(&mut self, number: RecordNr) {
        lower(&mut self.arena[number as usize].count, 1);
        if Some(number) != self.head && self.arena[number as usize].count == 0 {
            self.remove(number);
        }
        self.drop_lone_head();
    }

    /// The same, of a record that stays in the list whatever its count.
    #[cfg(feature = "faults")]
    pub(crate) fn put_and_keep(&mut self, number: RecordNr) {
        lower(&mut self.arena[number as usize].count, 1);
    }

    fn remove(&mut self, number: RecordNr) {
        let Record { next, prev, .. } = self.arena[number as usize];
        self.arena[prev as usize].next = next;
        self.arena[next as usize].prev = prev;
        self.free.push(number);
        if let Some(head) = self.head {
            lower(&mut self.arena[head as usize].count, 1);
        }
    }

    /// M1: the head goes when its own place in the list is all that counts.
    fn drop_lone_head(&mut self) {
        if let Some(head) = self.head
            && self.arena[head as usize].count == 1
        {
            self.head = None;
            self.free.push(head);
        }
    }

    /// The records from one on, once around the list.
    fn circle(&self, from: RecordNr) -> impl Iterator<Item = RecordNr> {
        let mut at = from;
        std::iter::once(from).chain(std::iter::from_fn(move || {
            at = self.arena[at as usize].next;
            (at != from).then_some(at)
        }))
    }

    /// The records in the order of the list.
    pub(crate) fn list(&self) -> impl Iterator<Item = RecordNr> {
        self.head.into_iter().flat_map(|head| self.circle(head))
    }

    /// A record as a snapshot shows it.
    pub(crate) fn describe(&self, number: RecordNr) -> AnonmmSnap {
        let Record { mm, count, .. } = self.arena[number as usize];
        AnonmmSnap { pid: mm, count }
    }

    /// Whether the process of a record has ended.
    pub(crate) fn is_dead(&self, number: RecordNr) -> bool {
        self.arena[number as usize].mm.is_none()
    }

    /// The live processes in the order of a search that begins with this record (M16): `to_end` leaves
    /// out those before it in the list.
    pub(crate) fn visits(&self, noted: RecordNr, to_end: bool) -> Visits {
        // With a fault a page may be mapped that notes nothing: nobody is found then.
        if noted == NO_ANON_VMA {
            return Visits::new();
        }
        let first = |number: RecordNr| number == noted || Some(number) != self.head;
        let numbers = self.circle(noted).take_while(|number| !to_end || first(*number));
        numbers.filter_map(|number| self.arena[number as usize].mm).collect()
    }
}

impl Model {
    /// A page notes a record no more.
    pub(crate) fn put_record(&mut self, number: RecordNr) {
        #[cfg(feature = "faults")]
        if fault!(self, AnonmmDeadRecordKept) {
            self.anonmms.put_and_keep(number);
            return;
        }
        self.anonmms.put(number);
    }
}

#[cfg(test)]
mod tests {
    use super::Anonmms;
    use mm_ops::Pid;

    fn pids(group: &Anonmms) -> Vec<Option<u8>> {
        group.list().map(|number| group.describe(number).pid.map(|pid| pid.0)).collect()
    }

    #[test]
    fn the_list_is_circular_and_keeps_its_order() {
        let mut group = Anonmms::default();
        let numbers: Vec<u32> = (0..4).map(|pid| group.join(Pid(pid))).collect();
        assert_eq!(pids(&group), [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(group.describe(numbers[0]).count, 5, "M1: itself and every record");
        let order = group.visits(numbers[2], false);
        assert_eq!(order.as_slice(), [Pid(2), Pid(3), Pid(0), Pid(1)], "M16");
        group.leave(numbers[1]);
        assert_eq!(pids(&group), [Some(0), Some(2), Some(3)]);
        assert_eq!(group.describe(numbers[0]).count, 4);
    }

    #[test]
    fn a_noted_record_outlives_its_process() {
        let mut group = Anonmms::default();
        let (head, child) = (group.join(Pid(0)), group.join(Pid(1)));
        group.get(child);
        group.leave(child);
        group.leave(head);
        assert_eq!((pids(&group), group.live()), (vec![None, None], 2));
        group.put(child);
        assert_eq!((pids(&group), group.live()), (vec![], 0), "M1: the head goes with the last");
    }

    #[test]
    fn a_place_is_used_again() {
        let mut group = Anonmms::default();
        group.join(Pid(0));
        let first = group.join(Pid(1));
        group.leave(first);
        assert_eq!(group.join(Pid(2)), first);
        assert_eq!(pids(&group), [Some(0), Some(2)]);
    }
}
