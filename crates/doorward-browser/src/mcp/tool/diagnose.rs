//! A sign-in that is tried and explained, and the doctor.

use super::{Need, Tool, Turn};
use crate::browser::Browser;
use crate::diagnosis::Login;
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::mcp::setting::Doctor;
use crate::options::Policy;

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "browser_diagnose_login",
        title: "Diagnose a sign-in",
        description: "Sign in by the form of a page as a person would, and tell whether it went through and why not: refused cookies, blocked requests, each with its cause and what mends it",
        capability: "",
        is_read_only: false,
        need: Need::Nothing,
        parameters: &[
            Parameter::needed("url", Kind::Text, "The page with the form"),
            Parameter::needed("username", Kind::Text, "The name or e-mail"),
            Parameter::needed("password", Kind::Text, "The password; it is typed and never shown"),
            Parameter::new("usernameSelector", Kind::Text, "The field for the name, where it is not found"),
            Parameter::new("passwordSelector", Kind::Text, "The field for the password, where it is not found"),
            Parameter::new("submitSelector", Kind::Text, "The button, where it is not found"),
            Parameter::new(
                "compare",
                Kind::Flag,
                "Whether it is tried again in a second browser with the strict cookie policy",
            ),
        ],
        run: |turn| Box::pin(diagnose(turn)),
    },
    Tool {
        name: "doctor_run",
        title: "Run the doctor",
        description: "Let Doorward's doctor walk the way of a sign-in and name the first broken link",
        capability: "",
        is_read_only: true,
        need: Need::Nothing,
        parameters: &[Parameter::new("url", Kind::Text, "The address to examine; the configured one by default")],
        run: |turn| Box::pin(run(turn)),
    },
    Tool {
        name: "doctor_explain",
        title: "Explain a code",
        description: "Explain a reason code or the refusal of a request by its id",
        capability: "",
        is_read_only: true,
        need: Need::Nothing,
        parameters: &[Parameter::needed(
            "what",
            Kind::Text,
            "The code, such as cookie.secure_over_http, or the request id",
        )],
        run: |turn| Box::pin(explain(turn)),
    },
];

async fn diagnose(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let text = |name: &str| turn.given.text(name).unwrap_or_default().to_owned();
    let chosen = |name: &str| turn.given.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let login = Login {
        url: text("url"),
        user: text("username"),
        password: text("password"),
        selectors: [chosen("usernameSelector"), chosen("passwordSelector"), chosen("submitSelector")],
    };
    if let Some(refusal) = crate::origin::refusal(&login.url) {
        return Err(Failure::said(refusal));
    }
    let tab = turn.session.ensure_tab().await?;
    let today = tab.sign_in(&login).await?;
    turn.response.result(today.to_string());
    if turn.given.flag("compare") {
        let mut options = turn.session.settings.browser.clone();
        (options.policy, options.profile, options.endpoint) = (Policy::Strict, None, None);
        let browser = Browser::start(options).await?;
        let tried = match browser.first_tab().await {
            Some(tab) => tab.sign_in(&login).await,
            None => Err(Failure::Gone),
        };
        browser.close().await;
        let strict = tried?;
        turn.response.result(format!("\nWith the strict cookie policy:\n{strict}"));
        if today.is_signed_in != strict.is_signed_in {
            turn.response.result(
                "The two differ: what works in a quick test fails for people who take longer than two minutes.",
            );
        }
    }
    Ok(())
}

/// Asks the doctor, which takes its time, while everything else goes on.
async fn ask(
    turn: &Turn<'_>,
    question: impl FnOnce(&dyn Doctor) -> Result<String, String> + Send + 'static,
) -> Result<String, Failure> {
    let none = "This server was started without the doctor; run `doorward doctor` on the machine of the deployment";
    let doctor = turn.session.settings.doctor.clone().ok_or_else(|| Failure::said(none))?;
    let told = tokio::task::spawn_blocking(move || question(doctor.as_ref())).await;
    told.map_err(|error| Failure::said(error.to_string()))?.map_err(Failure::said)
}

async fn run(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let url = turn.given.text("url").map(str::to_owned);
    if let Some(url) = url.as_deref().filter(|url| !url.is_empty()) {
        // The doctor asks by itself, past the browser: the lists of origins hold for it as well.
        let options = &turn.session.settings.browser;
        let addresses = if url.contains("://") {
            vec![url.to_owned()]
        } else {
            ["https", "http"].map(|scheme| format!("{scheme}://{url}")).to_vec()
        };
        if crate::origin::is_judged(options)
            && !addresses.iter().any(|address| crate::origin::is_allowed(options, address))
        {
            return Err(Failure::said(format!("{url} is none of the origins that this server may ask")));
        }
    }
    let report = ask(turn, move |doctor| doctor.run(url.as_deref())).await?;
    turn.response.result(report);
    Ok(())
}

async fn explain(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let what = turn.given.text("what").unwrap_or_default().to_owned();
    let told = ask(turn, move |doctor| doctor.explain(&what)).await?;
    turn.response.result(told);
    Ok(())
}
