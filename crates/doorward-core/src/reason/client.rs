//! Reasons of the family `client`: what the browser's side finds out before anything of ours could answer.

use super::entry::text;
use super::{Kind, Reason, Text};

/// One finding of the browser client: its code; title, person's text; how it comes about, what mends it.
const fn found(code: &'static str, title: Text, visitor: Text, operator: &'static str, remedy: &'static str) -> Reason {
    Reason { code, kind: Kind::Cause, status: 0, is_retryable: false, title, visitor, operator, remedy }
}

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    found(
        "client.unreachable",
        text("No answer", "Keine Antwort"),
        text(
            "The service could not be reached. Please check your connection and try again; what you typed is still here.",
            "Der Dienst war nicht zu erreichen. Bitte prüfen Sie die Verbindung und versuchen Sie es noch einmal; Ihre Eingaben sind noch da.",
        ),
        "The browser got no answer: no network, no such name, a refused or broken connection, or a wrong `baseUrl`.",
        "Open `/health/live` at the same address; if that answers, look for the request in the browser's network view.",
    ),
    found(
        "client.timeout",
        text("No answer in time", "Keine Antwort in der erwarteten Zeit"),
        text(
            "The service takes too long to answer. Please try again in a moment; what you typed is still here.",
            "Der Dienst braucht zu lange für eine Antwort. Bitte versuchen Sie es gleich noch einmal; Ihre Eingaben sind noch da.",
        ),
        "The deadline of the client passed before an answer began.",
        "See how long the request took in the access log; raise `deadline` only where the app really needs the time.",
    ),
    found(
        "client.cors_blocked",
        text("The browser withheld the answer", "Der Browser hat die Antwort zurückgehalten"),
        text(
            "The answer of the service did not reach this page. Please tell the people who run it.",
            "Die Antwort des Dienstes kam nicht auf dieser Seite an. Bitte sagen Sie es den Leuten, die ihn betreiben.",
        ),
        "The service is up, but its answer lacks the CORS fields for the origin of the page: the origin is not listed, or something in front answered instead.",
        "Add the origin of the page to `CORS_ALLOWED_ORIGINS`, or serve the page and the API from one origin (in development by the Vite plugin).",
    ),
    found(
        "client.mixed_content",
        text("A secure page asks an insecure address", "Eine sichere Seite fragt eine unsichere Adresse"),
        text(
            "This page and its service do not fit together. Please tell the people who run it.",
            "Diese Seite und ihr Dienst passen nicht zusammen. Bitte sagen Sie es den Leuten, die ihn betreiben.",
        ),
        "The page came over https and `baseUrl` begins with http: browsers forbid such requests.",
        "Leave `baseUrl` out where page and API share an origin, or give it with https.",
    ),
    found(
        "client.not_doorward",
        text("Somebody else answered", "Jemand anderes hat geantwortet"),
        text(
            "The answer did not come from the sign-in service. A network that wants you to accept something first does that, too. Please open the page again.",
            "Die Antwort kam nicht vom Anmeldedienst. Das kommt auch vor, wenn ein Netzwerk vorher eine Zustimmung verlangt. Bitte öffnen Sie die Seite neu.",
        ),
        "An answer was HTML, or not JSON, where JSON was expected: the request went to the server of the front end, to another proxy, or to a captive portal.",
        "See which server the request went to: in development the proxy must lead `/api` and `/.doorward` to Doorward; in production `baseUrl` must be its address.",
    ),
    found(
        "client.challenge",
        text("A check stands in the way", "Eine Prüfung steht im Weg"),
        text(
            "A protection in front of this service wants to check your browser first. Please reload the page.",
            "Ein Schutz vor diesem Dienst möchte zuerst Ihren Browser prüfen. Bitte laden Sie die Seite neu.",
        ),
        "A CDN answered a request of a script with a page that only a person can pass.",
        "Let the CDN leave `/api/v1/auth/` and `/.doorward/` without a challenge.",
    ),
    found(
        "client.gateway_failed",
        text("The service is not available", "Der Dienst ist nicht verfügbar"),
        text(
            "A server on the way to this service reports a fault. Please try again in a minute; what you typed is still here.",
            "Ein Server auf dem Weg zu diesem Dienst meldet eine Störung. Bitte versuchen Sie es in einer Minute noch einmal; Ihre Eingaben sind noch da.",
        ),
        "A proxy or CDN in front answered 5xx with a page of its own: it does not reach Doorward.",
        "Ask Doorward itself on its own machine (`/health/ready`), then each proxy from the inside out.",
    ),
    found(
        "client.refused",
        text("The request was refused", "Die Anfrage wurde abgelehnt"),
        text("The service refused this request.", "Der Dienst hat diese Anfrage abgelehnt."),
        "The app answered with an error of its own, without a reason of Doorward.",
        "Look at the answer: it is the app's, and passed as it is.",
    ),
    found(
        "client.cookies_blocked",
        text("Your browser keeps no cookies here", "Ihr Browser behält hier keine Cookies"),
        text(
            "Signing in needs a cookie, and your browser keeps none of this address. Please allow cookies for this site and try again.",
            "Die Anmeldung braucht ein Cookie, und Ihr Browser behält von dieser Adresse keines. Bitte erlauben Sie Cookies für diese Seite und versuchen Sie es noch einmal.",
        ),
        "A fresh token cookie was set twice and never came back: cookies are blocked, or the cookie is dropped on the way.",
        "Look at the cookies of this address in the browser: blocked ones are shown there with the reason.",
    ),
    found(
        "client.framed",
        text("Not inside another page", "Nicht innerhalb einer anderen Seite"),
        text(
            "Your browser gives this page no cookies, because it is shown inside another one. Please open it in a tab of its own.",
            "Ihr Browser gibt dieser Seite keine Cookies, weil sie innerhalb einer anderen gezeigt wird. Bitte öffnen Sie sie in einem eigenen Tab.",
        ),
        "The page is in a frame of another site, where cookies of third parties are blocked.",
        "Open the page in a tab of its own, or serve both from one site.",
    ),
    found(
        "client.stale_answer",
        text("Something keeps old answers", "Etwas bewahrt alte Antworten auf"),
        text(
            "This browser shows an old copy of the page. Please reload it; if that does not help, delete the data of this site.",
            "Dieser Browser zeigt eine alte Kopie der Seite. Bitte laden Sie sie neu; hilft das nicht, löschen Sie die Daten dieser Seite.",
        ),
        "The same token came twice from the token endpoint: a service worker or a cache in between keeps answers that say `no-store`.",
        "Let the service worker and every cache leave `/api/` and `/.doorward/` alone.",
    ),
    found(
        "client.passkey_cancelled",
        text("The passkey was not used", "Der Passkey wurde nicht benutzt"),
        text(
            "That was stopped, or it took too long. You can try again.",
            "Das wurde abgebrochen oder hat zu lange gedauert. Sie können es noch einmal versuchen.",
        ),
        "The browser or its owner ended the ceremony.",
        "None is needed.",
    ),
    found(
        "client.passkey_known",
        text("This passkey is set up already", "Dieser Passkey ist schon eingerichtet"),
        text(
            "This device already has a passkey for this account.",
            "Dieses Gerät hat für dieses Konto schon einen Passkey.",
        ),
        "The authenticator holds a key that is among those to leave out.",
        "None is needed.",
    ),
    found(
        "client.passkey_failed",
        text("The passkey did not work", "Der Passkey hat nicht funktioniert"),
        text(
            "Your browser could not use a passkey here. Please sign in another way.",
            "Ihr Browser konnte hier keinen Passkey benutzen. Bitte melden Sie sich auf andere Weise an.",
        ),
        "The browser refused the ceremony, for example because the address does not fit the relying party.",
        "Compare `public_url` with the address in the browser; both must share the domain of the passkey.",
    ),
    found(
        "client.passkey_impossible",
        text("No passkeys at this address", "Keine Passkeys unter dieser Adresse"),
        text(
            "Passkeys do not work in this browser, or not at this address. Please sign in another way.",
            "Passkeys gehen in diesem Browser nicht oder nicht unter dieser Adresse. Bitte melden Sie sich auf andere Weise an.",
        ),
        "Passkeys need https or localhost, a name instead of an address of numbers, and a browser that knows them.",
        "Serve the page over https under a name.",
    ),
];
