//! The program `doorward`.

/// Each request makes and drops some twenty small pieces, and two of eight kilobytes for the fields of its head.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    doorward::command::run()
}
