//! The common shape of everything an oracle objects to: a place, a field, what it should hold and
//! what it holds. No judgement lives here.

use mm_ops::{AnonVmaId, Device, FolioId, Handle, Pid, Snapshot, Token, Value, Vpn};
use std::borrow::Cow;
use std::fmt;

/// Where in a machine something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The answer of the operation.
    Answer,
    /// The machine as a whole.
    Machine,
    /// A process.
    Mm(Pid),
    /// A VMA, by its start.
    Vma(Pid, Vpn),
    /// A page-table entry.
    Entry(Pid, Vpn),
    /// A page table: its level and the first page it spans.
    Table(Pid, u8, Vpn),
    /// What a process has at a page, mechanism aside.
    Page(Pid, Vpn),
    /// A folio, and the first place that maps it, if any.
    Folio(FolioId, Option<(Pid, Vpn)>),
    /// One page of a folio, and the first place that maps the folio, if any.
    FolioPage(FolioId, u32, Option<(Pid, Vpn)>),
    /// An anon_vma.
    AnonVma(AnonVmaId),
    /// A page of a GUP handle.
    Handle(Handle, u32),
    /// A circumstance.
    Token(Token),
    /// A swap slot.
    Slot(u32),
    /// A page of a device migration.
    DevWord(Token, Vpn),
    /// A page a device reaches, of a process.
    DevMap(Device, Pid, Vpn),
}

impl Place {
    /// A folio as a place, with the first entry that maps it.
    #[must_use]
    pub fn folio(snapshot: &Snapshot, id: FolioId) -> Self {
        Self::Folio(id, first_mapping(snapshot, id))
    }

    /// A page of a folio as a place, with the first entry that maps the folio.
    #[must_use]
    pub fn folio_page(snapshot: &Snapshot, id: FolioId, page: u32) -> Self {
        Self::FolioPage(id, page, first_mapping(snapshot, id))
    }
}

fn first_mapping(snapshot: &Snapshot, id: FolioId) -> Option<(Pid, Vpn)> {
    let entry = snapshot.entries.iter().find(|e| e.kind.names_folio() && e.folio == id)?;
    Some((entry.pid, entry.vpn))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => write!(f, "answer"),
            Self::Machine => write!(f, "machine"),
            Self::Mm(pid) => write!(f, "{pid}"),
            Self::Vma(pid, start) => write!(f, "{pid} VMA at {start}"),
            Self::Entry(pid, vpn) => write!(f, "{pid} entry {vpn}"),
            Self::Table(pid, level, vpn) => write!(f, "{pid} table {level} at {vpn}"),
            Self::Page(pid, vpn) => write!(f, "{pid} page {vpn}"),
            Self::Folio(id, at) => write!(f, "folio f{id}{}", Mapped(*at)),
            Self::FolioPage(id, page, at) => write!(f, "folio f{id} page {page}{}", Mapped(*at)),
            Self::AnonVma(id) => write!(f, "anon_vma {id}"),
            Self::Handle(handle, index) => write!(f, "{handle} page {index}"),
            Self::Token(token) => write!(f, "{token}"),
            Self::Slot(slot) => write!(f, "swap slot {slot}"),
            Self::DevWord(token, vpn) => write!(f, "{token} word of page {vpn}"),
            Self::DevMap(device, pid, vpn) => write!(f, "{device} translation of {pid} page {vpn}"),
        }
    }
}

/// Where a folio is mapped, as an addition to its name.
struct Mapped(Option<(Pid, Vpn)>);

impl fmt::Display for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((pid, vpn)) => write!(f, " (mapped at {pid} {vpn})"),
            None => write!(f, " (not mapped)"),
        }
    }
}

/// What one side holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// There is no such thing on this side.
    Absent,
    /// A page's content; shown with its writer.
    Value(Value),
    /// Anything else.
    Text(String),
}

impl Side {
    /// A side that shows as `what` shows.
    #[must_use]
    pub fn text(what: impl fmt::Display) -> Self {
        Self::Text(what.to_string())
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => write!(f, "absent"),
            Self::Value(value) => write!(f, "{value:?}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// One thing an oracle objects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// Which field there, as a short stable name: it becomes part of a failure's signature.
    pub field: Cow<'static, str>,
    /// What it should hold.
    pub expected: Side,
    /// What it holds.
    pub found: Side,
}

impl Finding {
    /// A finding whose two sides show as the arguments show.
    #[must_use]
    pub fn new(
        place: Place,
        field: impl Into<Cow<'static, str>>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self {
            place,
            field: field.into(),
            expected: Side::text(expected),
            found: Side::text(found),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, field, expected, found } = self;
        write!(f, "{place}, {field}: expected {expected}, found {found}")
    }
}
