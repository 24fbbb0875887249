//! Rows that a bench program prints: name, median, minimum, maximum and unit between tabs; no unit means nanoseconds.

use std::collections::BTreeMap;
use std::fmt;

/// One measured row in its base unit: nanoseconds, bytes, or a bare number.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    median: f64,
    unit: String,
    scale: f64,
}

/// What one round of all bench programs printed.
#[derive(Debug, Default)]
pub(super) struct Round(BTreeMap<String, Row>);

/// Median, minimum and maximum over the rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    minimum: f64,
    maximum: f64,
}

impl Round {
    /// Takes every row in this text; other lines are left alone.
    pub(super) fn read(&mut self, text: &str) {
        self.0.extend(text.lines().filter_map(row));
    }

    /// The median of a row in base units.
    pub(super) fn value(&self, name: &str) -> Option<f64> {
        let row = self.0.get(name)?;
        Some(row.median * row.scale)
    }
}

impl Spread {
    /// The spread of some values, `None` of nothing.
    pub(super) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let median = if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], upper) } else { upper };
        Some(Self { median, minimum: values[0], maximum: *values.last()? })
    }

    /// The same spread in a unit that is `scale` base units.
    pub(super) fn over(self, scale: f64) -> Self {
        Self { median: self.median / scale, minimum: self.minimum / scale, maximum: self.maximum / scale }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} | {} | {}", short(self.median), short(self.minimum), short(self.maximum))
    }
}

/// How many base units a unit is; `None` for a word that is no unit we know.
pub(super) fn scale(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" | "B" | "bytes" | "" | "1" | "count" | "ratio" | "/s" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        _ => return None,
    })
}

/// The names in all rounds, sorted, each once.
pub(super) fn names(rounds: &[Round]) -> Vec<&str> {
    let mut names: Vec<&str> = rounds.iter().flat_map(|round| round.0.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The unit in which a row was printed.
pub(super) fn unit<'a>(rounds: &'a [Round], name: &str) -> &'a str {
    let mut rows = rounds.iter().filter_map(|round| round.0.get(name));
    rows.next().map_or("", |row| &row.unit)
}

/// The spread of a row's medians in the unit in which it was printed.
pub(super) fn spread(rounds: &[Round], name: &str) -> Option<Spread> {
    let values = rounds.iter().filter_map(|round| round.0.get(name)).map(|row| row.median);
    Spread::of(values.collect())
}

fn row(line: &str) -> Option<(String, Row)> {
    let columns: Vec<&str> = line.split('\t').collect();
    let (name, median, minimum, maximum, unit) = match columns[..] {
        [name, median, minimum, maximum] => (name, median, minimum, maximum, "ns"),
        [name, median, minimum, maximum, unit] => (name, median, minimum, maximum, unit.trim()),
        _ => return None,
    };
    let _: (f64, f64) = (minimum.parse().ok()?, maximum.parse().ok()?);
    let row = Row { median: median.parse().ok()?, unit: unit.to_owned(), scale: scale(unit)? };
    Some((name.to_owned(), row))
}

/// Three digits that mean something.
fn short(value: f64) -> String {
    let places = match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> Round {
        let mut round = Round::default();
        round.read(text);
        round
    }

    #[test]
    fn reads_rows_and_passes_over_the_rest() {
        let round = round("warming up\na.b\t2.5\t2\t3\tus\nplain\t7\t6\t8\nbroken\t1\t2\n");
        assert_eq!(round.value("plain"), Some(7.0));
        assert_eq!(round.value("a.b"), Some(2500.0));
        assert_eq!(round.value("broken"), None);
    }

    #[test]
    fn a_row_in_an_unknown_unit_is_not_taken_for_something_else() {
        assert_eq!(round("a\t1\t1\t1\tfurlongs\n").value("a"), None);
    }

    #[test]
    fn the_spread_is_over_the_rounds() {
        let rounds = [round("a\t1\t1\t1\tms\n"), round("a\t9\t1\t9\tms\n"), round("a\t2\t1\t3\tms\n")];
        let spread = spread(&rounds, "a").expect("three values");
        assert_eq!(spread.to_string(), "2.00 | 1.00 | 9.00");
        assert_eq!(Spread::of(Vec::new()), None);
        assert_eq!(Spread::of(vec![4.0, 2.0]).map(|spread| spread.median), Some(3.0));
    }
}
