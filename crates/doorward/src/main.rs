//! The program `doorward`.

fn main() -> std::process::ExitCode {
    doorward::command::run()
}
