//! How old a line of a log is, by the time that stands at its beginning.

use super::{Facts, Line};

/// Characters at the beginning of a line in which its time is looked for.
const HEAD: usize = 64;
/// Milliseconds after which others than the visitor of today are meant.
const DAY: i64 = 86_400_000;

/// Unix milliseconds of `2026-01-02 03:04:05`, also with slashes or a `T`, without its zone; or of Caddy's `"ts":` with
/// seconds.
fn moment(line: &Line) -> Option<i64> {
    let head: String = line.text.chars().take(HEAD).filter(char::is_ascii).collect();
    let is_time = |part: &[u8]| {
        part.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => matches!(byte, b'-' | b'/'),
            10 => matches!(byte, b' ' | b'T'),
            13 | 16 => *byte == b':',
            _ => byte.is_ascii_digit(),
        })
    };
    let seconds =
        head.split_once("\"ts\":").map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    if let Some(seconds) =
        seconds.and_then(|digits| digits.parse::<i64>().ok()).filter(|at| (1_000_000_000..10_000_000_000).contains(at))
    {
        return Some(seconds * 1_000);
    }
    let at = head.as_bytes().windows(19).position(is_time)?;
    crate::har::moment(&format!("{}Z", head[at..at + 19].replace('/', "-")))
}

/// Whether the same log went on for more than a day after this line.
pub(crate) fn is_past(facts: &Facts, line: &Line) -> bool {
    let Some(own) = moment(line) else { return false };
    let lines = facts.host.iter().flat_map(|host| host.log.iter().chain(&host.since));
    lines.filter(|other| other.source == line.source).filter_map(moment).any(|other| other - own > DAY)
}

/// Whether this line was written within the last hour.
pub(crate) fn is_recent(facts: &Facts, line: &Line) -> bool {
    let is_new = facts.host.iter().any(|host| host.since.contains(line));
    let age = moment(line).map(|own| facts.now - own.div_euclid(1_000));
    is_new || age.is_some_and(|age| (-120..3_600).contains(&age))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Host;

    fn line(text: &str) -> Line {
        Line { source: "a.log".into(), number: 0, text: text.into() }
    }

    #[test]
    fn times_are_read_as_logs_write_them() {
        let expected = crate::har::moment("2026-01-02T03:04:05Z");
        for text in [
            "2026/01/02 03:04:05 [error] x",
            "time=\"2026-01-02T03:04:05Z\" level=error",
            "E 2026-01-02 03:04:05,123 x",
        ] {
            assert_eq!(moment(&line(text)), expected, "{text}");
        }
        assert_eq!(moment(&line(r#"{"level":"error","ts":1767323045.12,"msg":"x"}"#)), expected);
        for text in ["ERROR é 2026", "", "2026-13-45 99:99:99"] {
            assert_eq!(moment(&line(text)), None, "{text}");
        }
    }

    #[test]
    fn a_line_is_past_once_its_log_went_on_for_a_day() {
        let lines = ["2026-01-02 03:04:05 reset", "2026-01-04 00:00:00 well", "without a time"].map(line);
        let facts = Facts { host: Some(Host { log: lines.to_vec(), ..Host::default() }), ..Facts::default() };
        assert_eq!(lines.each_ref().map(|line| is_past(&facts, line)), [true, false, false]);
        let facts = Facts { now: moment(&lines[1]).unwrap() / 1_000 + 60, ..facts };
        assert_eq!(lines.each_ref().map(|line| is_recent(&facts, line)), [false, true, false]);
    }
}
