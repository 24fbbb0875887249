//! Shows the address that a phone opens: in words, and as a QR code on a terminal.

use std::io::{IsTerminal as _, Write as _};

use qrcode::{Color, EcLevel, QrCode};

/// Writes to standard error, since the report goes to standard output.
pub(super) fn show(url: &str) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "Open this once on a phone in mobile data, Wi-Fi switched off:\n  {url}");
    if out.is_terminal()
        && let Some(picture) = picture(url)
    {
        let _ = writeln!(out, "{picture}");
    }
}

/// Two rows of modules in one line of text, light on dark with a margin, as terminals are.
fn picture(text: &str) -> Option<String> {
    const QUIET: usize = 2;
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let is_dark = |row: usize, column: usize| {
        let (row, column) = (row.wrapping_sub(QUIET), column.wrapping_sub(QUIET));
        row < width && column < width && modules[row * width + column] == Color::Dark
    };
    let size = width + 2 * QUIET;
    let mut out = String::new();
    for row in (0..size).step_by(2) {
        for column in 0..size {
            out.push(match (is_dark(row, column), is_dark(row + 1, column)) {
                (false, false) => '█',
                (false, true) => '▀',
                (true, false) => '▄',
                (true, true) => ' ',
            });
        }
        out.push('\n');
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_square_with_a_light_margin() {
        let picture = picture("https://app.example.com/.doorward/look?ticket=1.a.b").unwrap();
        let lines: Vec<_> = picture.lines().collect();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width) && lines.len() == width.div_ceil(2));
        assert!(lines[0].chars().all(|module| module == '█'));
    }
}
