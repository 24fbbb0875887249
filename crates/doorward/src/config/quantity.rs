//! Durations and sizes as people write them: `90s`, `15m`, `12h`, `7d`; `512KiB`, `64MiB`.

const DURATIONS: &[(&str, i64)] =
    &[("s", 1), ("sec", 1), ("m", 60), ("min", 60), ("h", 3_600), ("d", 86_400), ("w", 7 * 86_400), ("", 1)];

const SIZES: &[(&str, i64)] = &[
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("", 1),
];

/// Reads a duration as whole seconds; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Option<i64> {
    quantity(text, DURATIONS)
}

/// Reads a size as bytes; a bare number is bytes.
pub(crate) fn size(text: &str) -> Option<i64> {
    quantity(text, SIZES)
}

/// Seconds in the largest unit that leaves no rest.
pub(crate) fn duration_text(seconds: i64) -> String {
    [("d", 86_400), ("h", 3_600), ("m", 60)]
        .into_iter()
        .find(|(_, unit)| seconds != 0 && seconds % unit == 0)
        .map_or_else(|| format!("{seconds}s"), |(name, unit)| format!("{}{name}", seconds / unit))
}

/// Bytes in the largest unit that leaves no rest.
pub(crate) fn size_text(bytes: i64) -> String {
    [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        .into_iter()
        .find(|(_, unit)| bytes != 0 && bytes % unit == 0)
        .map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

fn quantity(text: &str, units: &[(&str, i64)]) -> Option<i64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = unit.trim_start();
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    digits.parse::<i64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_units() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("12 h", Some(43_200)),
            ("7d", Some(604_800)),
            ("2W", Some(1_209_600)),
            ("3600", Some(3_600)),
            ("", None),
            ("d", None),
            ("-1s", None),
            ("1.5h", None),
            ("1y", None),
            ("9223372036854775807d", None),
        ] {
            assert_eq!(duration(text), seconds, "{text:?}");
        }
        for (text, bytes) in [("64MiB", Some(64 << 20)), ("1 kb", Some(1_000)), ("7", Some(7)), ("1MiBs", None)] {
            assert_eq!(size(text), bytes, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(number in 0..i64::MAX / 2, text in "\\PC{0,30}") {
            prop_assert_eq!(duration(&duration_text(number)), Some(number));
            prop_assert_eq!(size(&size_text(number)), Some(number));
            let _ = (duration(&text), size(&text));
        }
    }
}
