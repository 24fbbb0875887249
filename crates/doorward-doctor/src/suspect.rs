//! What a rule hands in: one cause that fits the facts, with what speaks for it.

use doorward_core::{Link, Severity, cause};
use serde::{Deserialize, Serialize};

/// How sure a rule is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It fits, and so do others. Never a root cause.
    #[default]
    Possible,
    /// It fits, and the common look-alikes are excluded.
    Likely,
    /// A measurement decides it.
    Certain,
}

/// What was sent, what came back, and where it was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was sent or read.
    pub sent: String,
    /// What came back or stands there.
    pub got: String,
    /// Where it was seen.
    pub seen_at: String,
}

/// A look-alike, and what excludes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuledOut {
    /// Its code.
    pub code: &'static str,
    /// The evidence.
    pub because: String,
}

/// One cause that fits the facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The code, one of [`doorward_core::cause::FAMILIES`].
    pub code: &'static str,
    /// How much it matters for this way: an error breaks it.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The link at which it shows, which may lie before the link that is to be mended.
    pub shows_at: Link,
    /// Among causes that show at one link, the one that explains more has the larger depth.
    pub depth: u8,
    /// This request, these values.
    pub why: String,
    /// What was seen.
    pub evidence: Vec<Evidence>,
    /// Lines to write or commands to run, in order.
    pub fix: Vec<String>,
    /// What it is not.
    pub rules_out: Vec<RuledOut>,
}

impl Suspect {
    /// An error that shows at its family's own link, and that a measurement decides.
    #[must_use]
    pub fn new(code: &'static str, why: impl Into<String>) -> Self {
        let shows_at = cause::find(code).map_or(Link::Config, |(family, _)| family.link);
        Self {
            code,
            severity: Severity::Error,
            confidence: Confidence::Certain,
            shows_at,
            depth: 1,
            why: why.into(),
            evidence: Vec::new(),
            fix: Vec::new(),
            rules_out: Vec::new(),
        }
    }

    /// The same, not decided by a measurement.
    #[must_use]
    pub fn likely(mut self) -> Self {
        self.confidence = Confidence::Likely;
        self
    }

    /// The same, as one of several that fit.
    #[must_use]
    pub fn possible(mut self) -> Self {
        self.confidence = Confidence::Possible;
        self
    }

    /// The same, as something that breaks nothing now.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same, as something worth knowing.
    #[must_use]
    pub fn note(mut self) -> Self {
        self.severity = Severity::Note;
        self
    }

    /// The same, showing at another link.
    #[must_use]
    pub fn at(mut self, link: Link) -> Self {
        self.shows_at = link;
        self
    }

    /// The same, explaining more or less than others at its link.
    #[must_use]
    pub fn deep(mut self, depth: u8) -> Self {
        self.depth = depth;
        self
    }

    /// The same with a piece of evidence.
    #[must_use]
    pub fn saw(mut self, sent: impl Into<String>, got: impl Into<String>, seen_at: impl Into<String>) -> Self {
        self.evidence.push(Evidence { sent: sent.into(), got: got.into(), seen_at: seen_at.into() });
        self
    }

    /// The same with a line that mends it.
    #[must_use]
    pub fn fix(mut self, line: impl Into<String>) -> Self {
        self.fix.push(line.into());
        self
    }

    /// The same with lines that mend it.
    #[must_use]
    pub fn fixes(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.fix.extend(lines);
        self
    }

    /// The same with a look-alike that is excluded.
    #[must_use]
    pub fn not(mut self, code: &'static str, because: impl Into<String>) -> Self {
        self.rules_out.push(RuledOut { code, because: because.into() });
        self
    }
}
