//! The `chajipoa` program.

use std::process::ExitCode;

// Many small allocations on every request; this allocator costs less and gives memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chajipoa::cli::main()
}
