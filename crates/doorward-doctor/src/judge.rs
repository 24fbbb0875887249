//! From facts to the report: asks every rule, and takes the outermost broken link.

use doorward_core::{Link, Severity, cause, reason};

use crate::facts::Facts;
use crate::report::{ChainLink, Finding, Hidden, Report, RootCause, SCHEMA, State};
use crate::rule;
use crate::stop::{self, Stop};
use crate::suspect::{Confidence, Suspect};
use crate::told;
use crate::trail;

/// Judges what was seen. Pure: the same facts give the same report.
#[must_use]
pub fn judge(facts: &Facts, only: Option<Link>) -> Report {
    let parted = crate::facts::age::put_aside(facts);
    let facts = parted.as_ref().unwrap_or(facts);
    let mut suspects: Vec<Suspect> = rule::RULES.iter().filter_map(|rule| (rule.judge)(facts)).collect();
    told::join(&mut suspects, facts);
    if let Some(only) = only {
        suspects.retain(|suspect| suspect.shows_at == only || family(suspect).link == only);
    }
    suspects
        .sort_by(|a, b| a.shows_at.cmp(&b.shows_at).then(b.depth.cmp(&a.depth)).then(b.confidence.cmp(&a.confidence)));
    let stop = stop::find(facts).filter(|stop| only.is_none_or(|only| only == stop.link));
    let root = choose(&suspects, stop.as_ref());
    let cause = match (&root, &stop) {
        (Some(at), _) => Some(root_of(&suspects[*at])),
        (None, Some(stop)) if !stop.is_mild => Some(unknown(stop)),
        _ => None,
    };
    let hidden_behind_it = hidden(&suspects, root, stop.as_ref());
    let mut findings = Vec::new();
    if let Some(at) = root {
        findings.push(finding(&suspects[at]));
    }
    for (at, suspect) in suspects.iter().enumerate() {
        let is_behind = hidden_behind_it.iter().any(|hidden| hidden.code == suspect.code);
        if Some(at) != root && !is_behind && suspect.confidence != Confidence::Possible {
            findings.push(finding(suspect));
        }
    }
    Report {
        schema: SCHEMA,
        target: facts.target.as_ref().map_or_else(|| "this installation".to_owned(), crate::facts::Target::origin),
        vantage: facts.vantage,
        chain: chain(facts, &findings, &hidden_behind_it, cause.as_ref(), stop.as_ref()),
        findings,
        root_cause: cause,
        hidden_behind_it,
        recognised: trail::recognised(facts),
        skipped: facts.skipped.clone(),
        story: facts.installation.as_ref().map(|installation| installation.story.clone()).unwrap_or_default(),
        requests: facts.spent,
        measured: crate::measured::of(facts),
    }
}

/// The suspect that explains the outermost broken link. Where the first request stops somewhere, only what shows at
/// or before that place can be why.
fn choose(suspects: &[Suspect], stop: Option<&Stop>) -> Option<usize> {
    suspects.iter().position(|suspect| {
        suspect.severity == Severity::Error
            && suspect.confidence >= Confidence::Likely
            && stop.is_none_or(|stop| stop.is_mild || suspect.shows_at <= stop.link)
    })
}

fn family(suspect: &Suspect) -> &'static cause::Family {
    cause::find(suspect.code).map_or(&cause::FAMILIES[0], |(family, _)| family)
}

fn root_of(suspect: &Suspect) -> RootCause {
    let finding = finding(suspect);
    RootCause {
        family: finding.family.to_owned(),
        code: finding.code,
        link: finding.link,
        title: finding.title.to_owned(),
        why: finding.why,
        fix: finding.fix,
        confidence: finding.confidence,
        measurement: None,
    }
}

fn unknown(stop: &Stop) -> RootCause {
    RootCause {
        family: format!("unknown.{}", stop.link.as_str()),
        code: "probe.inconclusive",
        link: stop.link,
        title: stop.what.clone(),
        why: format!("{}. Several causes fit what can be seen from here.", stop.what),
        fix: Vec::new(),
        confidence: Confidence::Possible,
        measurement: Some(stop.measurement.clone()),
    }
}

fn finding(suspect: &Suspect) -> Finding {
    let family = family(suspect);
    let reason = reason::find(suspect.code);
    let mut fix = suspect.fix.clone();
    if fix.is_empty() {
        fix.extend(reason.map(|reason| reason.remedy.to_owned()));
    }
    Finding {
        code: suspect.code,
        family: family.name,
        link: family.link,
        severity: suspect.severity,
        title: reason.map_or(suspect.code, |reason| reason.title.en),
        why: suspect.why.clone(),
        evidence: suspect.evidence.clone(),
        fix,
        confidence: suspect.confidence,
        rules_out: suspect.rules_out.clone(),
        docs: reason.map(reason::Reason::docs).unwrap_or_default(),
        seen_before: None,
    }
}

/// Errors and doubts that lie behind the root cause, or cannot be proved while the way ends before them.
fn hidden(suspects: &[Suspect], root: Option<usize>, stop: Option<&Stop>) -> Vec<Hidden> {
    let Some(edge) = root.map(|at| suspects[at].shows_at).or(stop.map(|stop| stop.link)) else { return Vec::new() };
    let mut out: Vec<Hidden> = Vec::new();
    for (at, suspect) in suspects.iter().enumerate() {
        let is_behind = suspect.shows_at > edge && suspect.severity == Severity::Error;
        let is_doubt = suspect.confidence == Confidence::Possible;
        if Some(at) != root && (is_behind || is_doubt) && out.iter().all(|known| known.code != suspect.code) {
            out.push(Hidden { code: suspect.code, family: family(suspect).name, why: suspect.why.clone() });
        }
    }
    out
}

fn chain(
    facts: &Facts,
    findings: &[Finding],
    hidden: &[Hidden],
    root: Option<&RootCause>,
    stop: Option<&Stop>,
) -> Vec<ChainLink> {
    let edge = stop.map(|stop| stop.link);
    Link::ALL
        .into_iter()
        .map(|link| {
            let (seen, ms, evidence) = trail::seen(facts, link);
            let worst = findings.iter().filter(|finding| finding.link == link).map(|finding| finding.severity).max();
            let is_root = root.is_some_and(|root| root.link == link);
            let state = match worst {
                _ if is_root && root.is_some_and(|root| root.family.starts_with("unknown.")) => State::Unknown,
                _ if is_root => State::Broken,
                _ if edge.is_some_and(|edge| link > edge && link > Link::Config) => State::Skipped,
                Some(Severity::Error) => State::Broken,
                Some(Severity::Warning) => State::Warn,
                _ if seen
                    && hidden.iter().any(|one| cause::find(one.code).is_some_and(|(own, _)| own.link == link)) =>
                {
                    State::Unknown
                }
                _ if seen => State::Ok,
                _ => State::Skipped,
            };
            ChainLink { link, state, ms, evidence }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_nothing_of_nothing() {
        let report = judge(&Facts::default(), None);
        assert_eq!(report.root_cause, None);
        assert!(report.findings.is_empty());
        assert_eq!(report.exit_code(), 0);
        assert_eq!(report.chain.len(), 15);
    }

    #[test]
    fn the_outermost_error_is_the_root_and_the_inner_one_hides_behind_it() {
        let outer = Suspect::new("listen.refused", "a");
        let inner = Suspect::new("csrf.origin_null", "b");
        let doubt = Suspect::new("dns.nxdomain", "c").possible();
        let mut all = vec![inner, doubt, outer];
        all.sort_by_key(|suspect| suspect.shows_at);
        let at = choose(&all, None).unwrap();
        assert_eq!(all[at].code, "listen.refused");
        let hidden = hidden(&all, Some(at), None);
        assert_eq!(hidden.iter().map(|hidden| hidden.code).collect::<Vec<_>>(), ["dns.nxdomain", "csrf.origin_null"]);
    }

    #[test]
    fn what_lies_behind_the_place_where_the_way_ends_is_not_why_it_ends() {
        let stop = Stop::new(Link::Net, "silence", "look from outside");
        let inner = [Suspect::new("csrf.origin_null", "b")];
        assert_eq!(choose(&inner, Some(&stop)), None);
        assert_eq!(unknown(&stop).family, "unknown.net");
    }
}
