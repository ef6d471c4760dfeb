//! The text of the operations of device drivers, both directions.

use super::cursor::Cursor;
use super::operands::{
    Parsed, parse_flags, parse_pid, parse_range, parse_token, parse_value, parse_vpn,
};
use super::print::{FlagWord, print_flags};
use crate::device::{DEVICES_MAX, DevOp, DevSelect, Device};
use crate::kind::OpKind;
use std::fmt::{Display, Formatter, Result};

/// Words behind the token of `dev_setup`.
const SELECT_WORDS: [FlagWord<DevSelect>; 2] =
    [("system", |select| &mut select.system), ("private", |select| &mut select.private)];

/// Where destinations are: the words behind the token of `dev_pages`.
const SIDES: [&str; 2] = ["host", "device"];

impl Display for Device {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "d{}", self.0)
    }
}

impl Display for DevOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let kind = self.kind();
        match self {
            Self::Setup { device, pid, range, token, select } => {
                write!(f, "{kind} {device} {pid} {range} {token}")?;
                print_flags(f, &SELECT_WORDS, *select)
            }
            Self::Evict { device, pid, range, token } => {
                write!(f, "{kind} {device} {pid} {range} {token}")
            }
            Self::Pages { token, to_device } => {
                write!(f, "{kind} {token} {}", SIDES[usize::from(*to_device)])
            }
            Self::Finalize { token } => write!(f, "{kind} {token}"),
            Self::Exclusive { device, pid, vpn, token } => {
                write!(f, "{kind} {device} {pid} {vpn} {token}")
            }
            Self::Read { device, pid, vpn } => write!(f, "{kind} {device} {pid} {vpn}"),
            Self::Write { device, pid, vpn, value } => {
                write!(f, "{kind} {device} {pid} {vpn} {value}")
            }
        }
    }
}

/// What stands behind the keyword of a driver's operation of this kind.
pub(super) fn parse_dev_op(cursor: &mut Cursor<'_>, kind: OpKind) -> Parsed<DevOp> {
    Ok(match kind {
        OpKind::DevSetup => DevOp::Setup {
            device: parse_device(cursor)?,
            pid: parse_pid(cursor)?,
            range: parse_range(cursor)?,
            token: parse_token(cursor)?,
            select: {
                let mut select = DevSelect::default();
                parse_flags(cursor, &SELECT_WORDS, &mut select)?;
                select
            },
        },
        OpKind::DevEvict => DevOp::Evict {
            device: parse_device(cursor)?,
            pid: parse_pid(cursor)?,
            range: parse_range(cursor)?,
            token: parse_token(cursor)?,
        },
        OpKind::DevPages => {
            let token = parse_token(cursor)?;
            let word = cursor.want("`device` or `host`")?;
            DevOp::Pages {
                token,
                to_device: cursor.keyword(word, "`device` or `host`", &SIDES)? == 1,
            }
        }
        OpKind::DevFinalize => DevOp::Finalize { token: parse_token(cursor)? },
        OpKind::DevExclusive => DevOp::Exclusive {
            device: parse_device(cursor)?,
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            token: parse_token(cursor)?,
        },
        OpKind::DevRead => DevOp::Read {
            device: parse_device(cursor)?,
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
        },
        _ => DevOp::Write {
            device: parse_device(cursor)?,
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            value: parse_value(cursor)?,
        },
    })
}

fn parse_device(cursor: &mut Cursor<'_>) -> Parsed<Device> {
    cursor.name("a device", 'd', DEVICES_MAX - 1).map(Device)
}
