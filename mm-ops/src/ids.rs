//! The small numbers everything is named by, each a type of its own so that a page number cannot
//! be taken for a page count. No behaviour of memory lives here.

use serde::{Deserialize, Serialize};

/// Most processes a program can use; `Config::procs` may allow fewer.
pub const PROCS_MAX: u8 = 4;
/// Number of GUP handles (`h0` … `h15`).
pub const HANDLES_MAX: u8 = 16;
/// Number of circumstance tokens (`l0` … `l7`).
pub const TOKENS_MAX: u8 = 8;
/// Most operations of one program.
pub const OPS_MAX: usize = 4096;
/// Largest folio order of any geometry (512 entries a table).
pub const ORDER_MAX: u8 = 9;

/// A simulated process, `p0` … `p3`. `p0` exists when a program starts, with nothing mapped.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Pid(pub u8);

impl Pid {
    /// The process as an index into a table of processes.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A virtual page number: a page's place in the address space of its process, in pages.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Vpn(pub u32);

impl Vpn {
    /// The page number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A run of pages: `start`, and `len` pages from there. Text form `start+len`.
///
/// Any pair of numbers is a legal operand; an operation whose range does not fit the address space
/// answers with the errno its documentation names.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct PageRange {
    /// First page.
    pub start: Vpn,
    /// Number of pages.
    pub len: u32,
}

impl PageRange {
    /// A range from its first page and its length in pages.
    #[must_use]
    pub const fn new(start: u32, len: u32) -> Self {
        Self { start: Vpn(start), len }
    }

    /// The first page number behind the range, in pages. Wider than a page number: it cannot wrap.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.start.0 as u64 + self.len as u64
    }

    /// Whether the range holds no page.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Whether the page lies in the range.
    #[must_use]
    pub const fn contains(self, vpn: Vpn) -> bool {
        self.start.0 <= vpn.0 && (vpn.0 as u64) < self.end()
    }
}

/// Names the pages a GUP call grabbed, `h0` … `h15`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Handle(pub u8);

impl Handle {
    /// The handle as an index into a table of handles.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Names a circumstance held by someone else (a folio lock, an isolation), `l0` … `l7`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Token(pub u8);

impl Token {
    /// The token as an index into a table of tokens.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A folio order: a folio of order `n` has `1 << n` pages.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Order(pub u8);

impl Order {
    /// Number of pages of a folio of this order.
    #[must_use]
    pub const fn pages(self) -> u32 {
        1 << self.0
    }
}

/// A set of folio orders, bit `n` for order `n`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct OrderSet(pub u16);

impl OrderSet {
    /// No order at all.
    pub const EMPTY: Self = Self(0);

    /// Whether the order is in the set.
    #[must_use]
    pub const fn contains(self, order: Order) -> bool {
        order.0 < 16 && self.0 >> order.0 & 1 == 1
    }

    /// The set with this order added. Orders above 15 are ignored.
    #[must_use]
    pub const fn with(self, order: Order) -> Self {
        if order.0 < 16 { Self(self.0 | 1 << order.0) } else { self }
    }

    /// All orders in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The orders of the set, ascending.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Order> {
        (0..16).filter(move |n| self.0 >> n & 1 == 1).map(Order)
    }
}

/// What a page holds: a label the program chose and the operation that wrote it.
///
/// A page is a word, not 4 KiB. Text shows the label only (`a` … `z`, other labels as numbers, 0
/// for the zero a fresh page holds); the stamp is set by whoever executes the program
/// ([`crate::Program::stamped`]) to one plus the index of the writing operation, so a value that
/// turns up where it must not names the write that leaked. Label 0 always has stamp 0: a zero page
/// is a zero page, whoever wrote the zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Value {
    /// What the program chose to write; 0 is zero-filled.
    pub label: u8,
    /// One plus the index of the writing operation; 0 for zero-filled memory.
    pub stamp: u16,
}

impl Value {
    /// Zero-filled memory.
    pub const ZERO: Self = Self { label: 0, stamp: 0 };

    /// A value as a program names it, without a stamp.
    #[must_use]
    pub const fn label(label: u8) -> Self {
        Self { label, stamp: 0 }
    }

    /// Whether every byte of the page is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.label == 0
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.label, self.stamp) {
            (0, _) => write!(f, "0"),
            (label @ b'a'..=b'z', stamp) => write!(f, "{}#{stamp}", char::from(label)),
            (label, stamp) => write!(f, "{label}#{stamp}"),
        }
    }
}
