//! Turns a panic of a subject into a message instead of a line on stderr and a lost run.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `work`; a panic in it becomes its message and place. Other threads, and this one outside of
/// `work`, keep reporting panics as before.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    install_hook();
    let outer = CATCHING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    result.map_err(|_| MESSAGE.take())
}

/// A hook is the only way to learn a panic's place and to keep it off stderr.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                let message = info.payload_as_str().unwrap_or("a payload that is not text");
                let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line()));
                MESSAGE.set(format!("{message}{}", place.unwrap_or_default()));
            } else {
                before(info);
            }
        }));
    });
}

/// A panic message without its numbers and its place, as a stable name for the kind of panic.
pub(crate) fn kind_of_panic(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.rsplit_once(" (").map_or(line, |(text, _)| text);
    let mut kind = String::new();
    for c in line.chars() {
        // Runs of digits become one mark: indices and addresses differ from program to program.
        match c {
            '0'..='9' if kind.ends_with('#') => {}
            '0'..='9' => kind.push('#'),
            c => kind.push(c),
        }
    }
    kind
}
