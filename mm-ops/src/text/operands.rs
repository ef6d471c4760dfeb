//! Parsing: what operations are about, a word or a few each: processes, pages, ranges, handles, orders, values, flags.
//! The operations themselves are [`super::parse`]'s.

use super::cursor::{ARROW, Cursor, Word};
use super::error::ParseError;
use super::print::{FlagWord, PROTS};
use crate::call::{Advice, Prot};
use crate::ids::{
    HANDLES_MAX, Handle, ORDER_MAX, Order, OrderSet, PROCS_MAX, PageRange, Pid, TOKENS_MAX, Token,
    Value, Vpn,
};
use crate::remap::PidSet;

pub(super) type Parsed<T> = Result<T, ParseError>;

/// One of a list of named things.
pub(super) fn parse_named<T: Copy, const N: usize>(
    cursor: &Cursor<'_>,
    word: Word<'_>,
    expected: &str,
    names: &[(T, &'static str); N],
) -> Parsed<T> {
    Ok(names[cursor.keyword(word, expected, &names.map(|(_, name)| name))?].0)
}

pub(super) fn parse_switch(cursor: &Cursor<'_>, word: Word<'_>) -> Parsed<bool> {
    Ok(cursor.keyword(word, "`on` or `off`", &["off", "on"])? == 1)
}

/// Any of these flags, in any order, up to the end of the operation.
pub(super) fn parse_flags<F, const N: usize>(
    cursor: &mut Cursor<'_>,
    words: &[FlagWord<F>; N],
    flags: &mut F,
) -> Parsed<()> {
    while let Some(word) = cursor.peek().filter(|word| word.text != ARROW) {
        cursor.next();
        let known = words.map(|(name, _)| name);
        let flag = words[cursor.keyword(word, "a flag", &known)?].1;
        if std::mem::replace(flag(flags), true) {
            return Err(cursor.error(word, format!("`{}` is given twice", word.text)));
        }
    }
    Ok(())
}

/// Whether the operation goes on.
pub(super) fn more(cursor: &mut Cursor<'_>) -> bool {
    cursor.peek().is_some_and(|word| word.text != ARROW)
}

/// `order=2`.
pub(super) fn parse_order(cursor: &mut Cursor<'_>) -> Parsed<Order> {
    const EXPECTED: &str = "`order=ORDER`";
    let word = cursor.want(EXPECTED)?;
    match word.split('=') {
        Some((key, order)) if key.text == "order" => {
            let order = cursor.number(order, "a folio order", u32::from(ORDER_MAX))?;
            Ok(Order(u8::try_from(order).unwrap_or(ORDER_MAX)))
        }
        _ => Err(cursor.expected(word, EXPECTED)),
    }
}

pub(super) fn parse_pid(cursor: &mut Cursor<'_>) -> Parsed<Pid> {
    cursor.name("a process", 'p', PROCS_MAX - 1).map(Pid)
}

pub(super) fn parse_handle(cursor: &mut Cursor<'_>) -> Parsed<Handle> {
    cursor.name("a handle", 'h', HANDLES_MAX - 1).map(Handle)
}

pub(super) fn parse_token(cursor: &mut Cursor<'_>) -> Parsed<Token> {
    cursor.name("a token", 'l', TOKENS_MAX - 1).map(Token)
}

pub(super) fn parse_vpn(cursor: &mut Cursor<'_>) -> Parsed<Vpn> {
    let word = cursor.want("a page number")?;
    if word.text.contains('+') {
        let help = "this operation takes a single page".to_owned();
        return Err(ParseError { help: Some(help), ..cursor.expected(word, "a page number") });
    }
    cursor.number(word, "a page number", u32::MAX).map(Vpn)
}

pub(super) fn parse_index(cursor: &mut Cursor<'_>) -> Parsed<u32> {
    let expected = "a page of the handle, from 0";
    let word = cursor.want(expected)?;
    cursor.number(word, expected, u32::MAX)
}

pub(super) fn parse_nth(cursor: &mut Cursor<'_>, expected: &str) -> Parsed<u16> {
    let word = cursor.want(expected)?;
    let nth = cursor.number(word, expected, u32::from(u16::MAX))?;
    Ok(u16::try_from(nth).unwrap_or(u16::MAX))
}

/// `key=number`, a limit of a scan.
pub(super) fn parse_limit(cursor: &mut Cursor<'_>, key: &str) -> Parsed<u16> {
    let expected = format!("a limit `{key}=pages`");
    let word = cursor.want(&expected)?;
    let value = word.split('=').filter(|(name, _)| name.text == key).map(|(_, value)| value);
    let value = value.ok_or_else(|| cursor.expected(word, &expected))?;
    let pages = cursor.number(value, "a number of pages", u32::from(u16::MAX))?;
    Ok(u16::try_from(pages).unwrap_or(u16::MAX))
}

pub(super) fn parse_range(cursor: &mut Cursor<'_>) -> Parsed<PageRange> {
    const EXPECTED: &str = "a range of pages, `start+len`";
    let word = cursor.want(EXPECTED)?;
    let Some((start, len)) = word.split('+') else {
        return Err(cursor.expected(word, EXPECTED));
    };
    Ok(PageRange {
        start: Vpn(cursor.number(start, "a page number", u32::MAX)?),
        len: cursor.number(len, "a number of pages", u32::MAX)?,
    })
}

/// A range, or a single page written as its number.
pub(super) fn parse_pages(cursor: &mut Cursor<'_>) -> Parsed<PageRange> {
    match cursor.peek() {
        Some(word) if !word.text.contains('+') => {
            Ok(PageRange { start: parse_vpn(cursor)?, len: 1 })
        }
        _ => parse_range(cursor),
    }
}

pub(super) fn parse_prot(cursor: &mut Cursor<'_>) -> Parsed<Prot> {
    const EXPECTED: &str = "rights (rw, r, w or none)";
    let word = cursor.want(EXPECTED)?;
    Ok(PROTS[cursor.keyword(word, EXPECTED, &PROTS.map(|(_, name)| name))?].0)
}

pub(super) fn parse_advice(cursor: &mut Cursor<'_>) -> Parsed<Advice> {
    let word = cursor.want("an advice")?;
    let names = Advice::NAMES.map(|(_, name)| name);
    Ok(Advice::NAMES[cursor.keyword(word, "an advice", &names)?].0)
}

pub(super) fn parse_value(cursor: &mut Cursor<'_>) -> Parsed<Value> {
    const EXPECTED: &str = "a value (a … z or 0 … 255)";
    let word = cursor.want(EXPECTED)?;
    parse_label(cursor, word, EXPECTED)
}

pub(super) fn parse_label(cursor: &Cursor<'_>, word: Word<'_>, expected: &str) -> Parsed<Value> {
    match *word.text.as_bytes() {
        [letter @ b'a'..=b'z'] => Ok(Value::label(letter)),
        [b'0'..=b'9', ..] => {
            let label = cursor.number(word, "a value", u32::from(u8::MAX))?;
            Ok(Value::label(u8::try_from(label).unwrap_or(u8::MAX)))
        }
        _ => Err(cursor.expected(word, expected)),
    }
}

pub(super) fn parse_orders(cursor: &Cursor<'_>, word: Word<'_>) -> Parsed<OrderSet> {
    let mut orders = OrderSet::EMPTY;
    for word in word.list() {
        let order = cursor.number(word, "a folio order", u32::from(ORDER_MAX))?;
        orders = orders.with(Order(u8::try_from(order).unwrap_or(ORDER_MAX)));
    }
    Ok(orders)
}

/// `p0,p2`.
pub(super) fn parse_pids(cursor: &Cursor<'_>, word: Word<'_>) -> Parsed<PidSet> {
    let pid = |word| cursor.name_in(word, "a process", 'p', PROCS_MAX - 1).map(Pid);
    word.list().map(pid).collect()
}
