//! Prints what the running kernel and these privileges allow.

fn main() {
    print!("{}", mm_linux::Probe::new());
}
