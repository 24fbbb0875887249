//! The report as one page with its pictures: no script, nothing from elsewhere.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::escaped;
use super::report::{FlowReport, Report};

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\">\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\
<title>Doorward sign-in tests</title><style>\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2733}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}pre{background:#eef2f5;padding:.8rem;border-radius:6px;overflow:auto;white-space:pre-wrap}\
li{margin:.2rem 0}.bad{color:#a11}.good{color:#161}small{color:#567}figure{margin:1rem 0}img{max-width:100%;border:1px solid #cdd5dc}\
</style></head><body>\n";

impl Report {
    /// The report as one page of HTML.
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut out = String::from(HEAD);
        let (all, failed) = (self.flows.len(), self.failures());
        let _ = writeln!(
            out,
            "<h1>{}: {all} flows, {failed} failed</h1>\n<p><small>{}, {} ms</small></p>",
            escaped(&self.name),
            self.started.to_rfc3339(),
            self.took.as_millis()
        );
        for one in &self.flows {
            flow(&mut out, one);
        }
        out.push_str("</body></html>\n");
        out
    }
}

fn flow(out: &mut String, flow: &FlowReport) {
    let (class, word) = if flow.failed().is_none() { ("good", "ok") } else { ("bad", "failed") };
    let name = escaped(&flow.name);
    let _ = writeln!(
        out,
        "<h2><span class=\"{class}\">{word}</span> {name} <small>{} ms</small></h2>\n<ol>",
        flow.took.as_millis()
    );
    for step in &flow.steps {
        let _ = write!(out, "<li><code>{}</code> <small>{} ms</small>", escaped(&step.words), step.took.as_millis());
        if let Some(failure) = &step.failure {
            let _ = write!(out, "<pre class=\"bad\">{}</pre>", escaped(failure));
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ol>\n");
    for verdict in &flow.verdicts {
        let evidence = serde_json::to_string_pretty(&verdict.evidence).unwrap_or_default();
        let _ = writeln!(
            out,
            "<pre>{}</pre>\n<details><summary>What the browser told</summary><pre>{}</pre></details>",
            escaped(&verdict.to_string()),
            escaped(&evidence)
        );
    }
    for picture in &flow.pictures {
        let (name, data) = (escaped(&picture.name), STANDARD.encode(&picture.data));
        let _ = writeln!(
            out,
            "<figure><img src=\"data:image/jpeg;base64,{data}\" alt=\"The page: {name}\"><figcaption>{name}</figcaption></figure>"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::sample;

    #[test]
    fn a_page_shows_pictures_and_runs_nothing() {
        let text = sample().to_html();
        assert!(text.contains("data:image/jpeg;base64,AQID") && text.contains("&lt;bad&gt;"), "{text}");
        assert!(!text.contains("<script") && !text.contains("<x>") && !text.contains("<y>"), "{text}");
    }
}
