//! QR codes (ISO/IEC 18004) as SVG, made here so that no key goes through a script or another server.

use std::fmt::Write as _;

use doorward_core::Secret;
use qrcode::{Color, EcLevel, QrCode};

/// Modules of light around the code (section 6.3.8).
const QUIET: usize = 4;

/// The picture of a text: dark on light whatever the colours of the page, since cameras want it so. Nothing where the
/// text is too long for one.
#[must_use]
pub fn svg(text: &Secret) -> Option<String> {
    let code = QrCode::with_error_correction_level(text.expose_secret(), EcLevel::M).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let size = width + 2 * QUIET;
    let mut dark = String::new();
    for (row, line) in modules.chunks(width).enumerate() {
        for (column, _) in line.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
            let _ = write!(dark, "M{} {}h1v1h-1z", column + QUIET, row + QUIET);
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" width=\"232\" height=\"232\" \
         shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"QR\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"></path>\
         <path fill=\"#000\" d=\"{dark}\"></path></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_fits_into_a_picture_and_a_book_does_not() {
        let uri = format!("otpauth://totp/auth.example.com:{}?secret={}", "a".repeat(254), "A".repeat(32));
        let picture = svg(&Secret::new(uri)).unwrap();
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>") && !picture.contains("style"));
        assert_eq!(svg(&Secret::new("a".repeat(4_000))), None);
    }
}
