//! Reasons of the family `app`: on the way from the pages to the host of an app.

use super::Reason;
use super::entry::{refusal, text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    refusal!("app.entry_invalid", 400, true;
    text("That did not lead to the app", "Das hat nicht zur App geführt");
    text(
        "The way to this app was interrupted or took too long. Please open the app again.",
        "Der Weg zu dieser App wurde unterbrochen oder dauerte zu lange. Bitte öffnen Sie die App noch einmal."
    );
    "The code that carries a session to the host of an app was used, older than 30 s, for another host, or came from another browser than the one that had asked for it.";
    "Open the app again. If it happens each time, something removes the cookie `__Host-doorward-entry` of the app's host, or two machines differ by more than 30 s."),
    refusal!("app.not_configured", 403, false;
        text("There is no app here", "Hier ist keine App");
        text(
            "This address belongs to no app that can be opened here.",
            "Diese Adresse gehört zu keiner App, die sich hier öffnen lässt."
        );
        "A listed proxy asked about a host and path for which there is no [[app]].";
        "Add an [[app]] with this host, or take the forward auth out of the proxy's configuration for it."),
];
