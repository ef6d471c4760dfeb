//! Loads and stores that may fault, in a simulated process. The one instruction that touches the
//! arena is known to the signal handler, which makes it return the signal instead of ending the
//! process; a fault anywhere else ends it as usual.

use std::ffi::c_void;

// `rep movsq` is restartable, and both operands lie inside one page each: either nothing has been
// copied when the first access faults, or no access faults at all.
std::arch::global_asm!(
    ".hidden mm_linux_copy_words",
    ".globl mm_linux_copy_words",
    ".type mm_linux_copy_words, @function",
    "mm_linux_copy_words:",
    "mov rcx, rdx",
    "xor eax, eax",
    ".hidden mm_linux_copy_may_fault",
    ".globl mm_linux_copy_may_fault",
    "mm_linux_copy_may_fault:",
    "rep movsq",
    // The handler comes here with the signal in rax.
    ".hidden mm_linux_copy_done",
    ".globl mm_linux_copy_done",
    "mm_linux_copy_done:",
    "ret",
    ".size mm_linux_copy_words, . - mm_linux_copy_words",
);

unsafe extern "C" {
    /// Copies `words` words; answers 0, or the signal that an access raised.
    fn mm_linux_copy_words(to: *mut u64, from: *const u64, words: u64) -> u64;
    static mm_linux_copy_may_fault: c_void;
    static mm_linux_copy_done: c_void;
}

/// Copies words from one address to another; a signal that this raises is the error.
///
/// # Safety
/// The side that is not in the arena must be valid for the length, the whole copy must stay inside
/// one page on either side, and [`install_handler`] must have been called in this process or an
/// ancestor.
pub(crate) unsafe fn copy_words(to: u64, from: u64, words: usize) -> Result<(), i32> {
    // SAFETY: valid memory on one side by contract; the arena side is never referred to by Rust,
    // and an access to it that fails comes back as a signal number.
    match unsafe { mm_linux_copy_words(to as *mut u64, from as *const u64, words as u64) } {
        0 => Ok(()),
        signal => Err(signal as i32),
    }
}

/// Makes faults in [`copy_words`] come back as signal numbers, in this process and all it forks.
pub(crate) fn install_handler() {
    let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void) = on_fault;
    // SAFETY: an all-zero sigaction is valid (empty mask, no flags).
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO;
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: the handler has the signature that SA_SIGINFO asks for, and calls nothing that
        // is not allowed in a handler.
        unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
    }
}

extern "C" fn on_fault(signal: i32, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes the interrupted thread's context, which nobody else refers to.
    let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let rip = &mut registers[libc::REG_RIP as usize];
    if *rip == (&raw const mm_linux_copy_may_fault) as i64 {
        *rip = (&raw const mm_linux_copy_done) as i64;
        registers[libc::REG_RAX as usize] = i64::from(signal);
        return;
    }
    // Not ours: the access is repeated without a handler, and the process ends by the signal.
    // SAFETY: the default action needs no handler.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}
