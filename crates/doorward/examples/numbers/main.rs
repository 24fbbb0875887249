//! Every number of the program that is published, one row each: name, median, minimum, maximum, unit.
//!
//! `cargo xtask bench` runs this in alternating rounds with the bench of `doorward-csrf`. It needs the release
//! program beside it: `cargo build --release`. Without an argument it measures the program alone; `proxy` and a number
//! measure it beside other proxies, in an order that the number turns; `behind` is what stands behind them then. `timing`
//! and a number of samples ask whether the time of an answer tells of accounts.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench that cannot go on prints nothing that could be published; its counts are far below 2^52"
)]

mod flood;
mod proxy;
mod served;
mod table;
mod timing;

/// Prints one row.
fn row(name: &str, mut values: Vec<f64>, unit: &str) {
    values.sort_by(f64::total_cmp);
    let (least, middle, most) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    println!("{name}\t{middle:.3}\t{least:.3}\t{most:.3}\t{unit}");
}

/// Resident memory of a process, in bytes.
fn resident(process: &str) -> usize {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["behind", port, sessions] => runtime.block_on(proxy::behind::serve(port.parse().unwrap(), sessions)),
        ["proxy", turn] => runtime.block_on(proxy::measure(turn.parse().unwrap())),
        ["timing", samples] => {
            let is_well = runtime.block_on(timing::measure(samples.parse().unwrap()));
            assert!(is_well, "the time of an answer tells of accounts");
        }
        _ => {
            runtime.block_on(async {
                served::measure().await;
                flood::measure().await;
            });
            // The last, since a million sessions leave little cache to anybody.
            table::measure();
        }
    }
}
