//! Reasons of the family `http`: requests that no page could answer.

use super::Reason;
use super::entry::{refusal, text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    refusal!("http.path_not_canonical", 400, false;
        text("This address is not written in its plain form", "Diese Adresse ist nicht in ihrer einfachen Form geschrieben");
        text(
            "The address holds characters that could be read in two ways, so it was not followed. Please start again from the start page.",
            "Die Adresse enthält Zeichen, die man auf zwei Arten lesen kann, deshalb wurde ihr nicht gefolgt. Bitte beginnen Sie noch einmal auf der Startseite."
        );
        "The path holds an encoded slash, backslash or NUL, dot segments, empty segments, or a `;` parameter. Gateway and app could read it differently.";
        "Write the path in its canonical form. An app that needs encoded slashes gets `encoded_slash = \"keep\"` in its [[app]] section."),
    refusal!("http.header_conflict", 400, false;
        text("The request contradicts itself", "Die Anfrage widerspricht sich");
        text(
            "Something between your browser and this server sent the same information twice and differently. Please load the page again.",
            "Etwas zwischen Ihrem Browser und diesem Server hat dieselbe Angabe doppelt und verschieden gesendet. Bitte laden Sie die Seite neu."
        );
        "A field that must be single arrived several times with different values (Content-Length, Host, Content-Type, X-Forwarded-* or the like), or Content-Length came beside Transfer-Encoding.";
        "Look at the proxy in front: it must set these fields, not add to what the client sent."),
    refusal!("http.host_missing", 400, false;
        text("The request names no host", "Die Anfrage nennt keinen Host");
        text(
            "The request did not say which site it is for. Please load the page again.",
            "Die Anfrage sagt nicht, für welche Seite sie ist. Bitte laden Sie die Seite neu."
        );
        "Neither the request target nor the field Host names a host that can be read.";
        "Let the proxy in front pass the Host field on as the browser sent it."),
    refusal!("http.https_required", 403, false;
        text("This needs an encrypted connection", "Das braucht eine verschlüsselte Verbindung");
        text(
            "Please open the page with https:// in front of its address. Nothing was done.",
            "Bitte öffnen Sie die Seite mit https:// vor der Adresse. Getan wurde nichts."
        );
        "Doorward speaks HTTPS itself, and a request other than a plain GET came over plain http: what it carried was readable on the way, so it is not done.";
        "Call the https address. A key or password that was sent this way counts as seen: change it."),
    refusal!("http.misdirected", 421, true;
        text("This connection is for another host", "Diese Verbindung gehört zu einem anderen Host");
        text(
            "Your browser asked one site over the connection to another. Please load the page again.",
            "Ihr Browser hat über die Verbindung zu einer Seite nach einer anderen gefragt. Bitte laden Sie die Seite neu."
        );
        "The host of the request is not covered by the certificate that the TLS handshake was answered with (SNI). A browser that shares connections tries again with one of its own.";
        "Nothing where it is rare. Otherwise look for a proxy that speaks TLS to Doorward under another name than it forwards: let it send the visitor's host as SNI."),
    refusal!("http.not_found", 404, false;
        text("There is nothing here", "Hier ist nichts");
        text(
            "This address leads nowhere. Perhaps it was mistyped, or the page has moved.",
            "Diese Adresse führt nirgendwohin. Vielleicht ist sie vertippt, oder die Seite ist umgezogen."
        );
        "No route of Doorward and no configured app answers to this host and path.";
        "`doorward config show` lists the hosts and paths of the apps; compare them with the request."),
    refusal!("http.method_not_allowed", 405, false;
        text("This address does not take that", "Das geht unter dieser Adresse nicht");
        text(
            "The page was called in a way that it does not offer. Please go back and use its links and buttons.",
            "Die Seite wurde auf eine Art aufgerufen, die sie nicht anbietet. Bitte gehen Sie zurück und benutzen Sie ihre Links und Knöpfe."
        );
        "The route exists, but not for this method. The field Allow of the answer lists the methods it has.";
        "Use one of the methods in Allow; `/api/openapi.json` names them for every route."),
    refusal!("http.method_unknown", 501, false;
        text("Nobody here knows that method", "Diese Methode kennt hier niemand");
        text(
            "The program that asked uses a method that is not passed on.",
            "Das fragende Programm benutzt eine Methode, die nicht weitergereicht wird."
        );
        "The method is none of HTTP or WebDAV, or is not written in upper case. It was not passed on to the app.";
        "Methods are case-sensitive: write GET, not get. An app that needs a method of its own takes it in a field or in the body of a POST."),
    refusal!("http.not_acceptable", 406, false;
        text("The answer cannot be given in that form", "Die Antwort gibt es nicht in dieser Form");
        text(
            "The program that asked wants a form of answer that does not exist here.",
            "Das fragende Programm will eine Form der Antwort, die es hier nicht gibt."
        );
        "The field Accept excludes every form that this route can answer in.";
        "Accept `application/json` for the API and `text/html` for pages."),
    refusal!("http.timeout", 408, true;
        text("The request took too long to arrive", "Die Anfrage kam zu langsam an");
        text(
            "The connection was too slow or broke off. Please try again.",
            "Die Verbindung war zu langsam oder ist abgebrochen. Bitte versuchen Sie es noch einmal."
        );
        "The header or the body of the request was not complete within the time limit.";
        "One slow visitor is no cause for worry. Many at once: look at the network in front of the server, or at an attack with slow requests."),
    refusal!("http.body_too_large", 413, false;
        text("That is too much at once", "Das ist zu viel auf einmal");
        text(
            "What was sent is larger than this page takes. Please send less.",
            "Was gesendet wurde, ist größer, als diese Seite annimmt. Bitte senden Sie weniger."
        );
        "The body is larger than the limit of the route, by its Content-Length or by what arrived. It was not read further.";
        "Forms and API calls of Doorward are small: check what the client sends."),
    refusal!("http.client_gone", 499, true;
        text("The visitor has left", "Der Besuch ist gegangen");
        text(
            "The connection broke off before the answer. Please load the page again.",
            "Die Verbindung brach vor der Antwort ab. Bitte laden Sie die Seite neu."
        );
        "The client closed the connection before the exchange was complete: a closed tab, a stopped download, a lost network. It stands in the log only, for nobody is left to read an answer.";
        "Nothing to do for single ones. Many at once mean that visitors give up waiting: look at how long the app takes."),
    refusal!("http.uri_too_long", 414, false;
        text("The address is too long", "Die Adresse ist zu lang");
        text(
            "The address holds more than can be read. Please start again from the start page.",
            "Die Adresse enthält mehr, als gelesen werden kann. Bitte beginnen Sie noch einmal auf der Startseite."
        );
        "The request target is longer than the limit.";
        "Send data in the body of a POST instead of the query."),
    refusal!("http.media_type", 415, false;
        text("That form of data is not taken here", "Diese Form von Daten wird hier nicht angenommen");
        text(
            "The program that sent this uses a form that this page does not read.",
            "Das sendende Programm benutzt eine Form, die diese Seite nicht liest."
        );
        "The field Content-Type is missing or names none of the types of this route.";
        "Send `application/json` to the API, and `application/x-www-form-urlencoded` to pages."),
    refusal!("http.body_malformed", 400, false;
        text("What was sent cannot be read", "Das Gesendete ist nicht lesbar");
        text(
            "The data arrived damaged. Please load the page again and repeat.",
            "Die Daten kamen beschädigt an. Bitte laden Sie die Seite neu und wiederholen Sie die Eingabe."
        );
        "The body is no well-formed JSON or form, is no UTF-8, or names a field twice; or its chunks are not framed as HTTP/1.1 has it.";
        "Check how the client encodes the body; the hint of the answer says where reading stopped."),
    refusal!("http.query_malformed", 400, false;
        text("The address cannot be read to its end", "Die Adresse ist nicht bis zum Ende lesbar");
        text(
            "The part of the address after the question mark is damaged. Please start again from the start page.",
            "Der Teil der Adresse nach dem Fragezeichen ist beschädigt. Bitte beginnen Sie noch einmal auf der Startseite."
        );
        "A parameter of the query is missing, unknown, repeated or of the wrong kind.";
        "`/api/openapi.json` names the parameters of every route."),
    refusal!("http.body_invalid", 422, false;
        text("Something in what was sent does not fit", "Etwas im Gesendeten passt nicht");
        text(
            "One of the fields is missing or holds something that does not belong there. Please look through them once more.",
            "Ein Feld fehlt oder enthält etwas, das nicht hineingehört. Bitte sehen Sie die Felder noch einmal durch."
        );
        "The body could be read, but a field is missing, unknown or of the wrong kind.";
        "`/api/openapi.json` describes the body of every route; the hint of the answer names the field."),
    refusal!("http.headers_too_large", 431, false;
        text("Your browser sent too much beside the request", "Ihr Browser hat zu viel mitgesendet");
        text(
            "Usually old cookies of this address are the cause. Please delete the cookies of this site and try again.",
            "Meist sind alte Cookies dieser Adresse die Ursache. Bitte löschen Sie die Cookies dieser Seite und versuchen Sie es noch einmal."
        );
        "The fields of the request are together larger, or more in number, than the limit. Often an app on the same host or a parent domain piles up cookies.";
        "See which cookies the host and its parent domains set, and let the app that sets them clean up."),
    refusal!("http.cookies_too_many", 400, false;
        text("Your browser sent too many cookies", "Ihr Browser hat zu viele Cookies gesendet");
        text(
            "Please delete the cookies of this site and try again.",
            "Bitte löschen Sie die Cookies dieser Seite und versuchen Sie es noch einmal."
        );
        "More cookies arrived than are looked through. Often an app on the same host or a parent domain piles them up.";
        "See which cookies the host and its parent domains set, and let the app that sets them clean up."),
    refusal!("http.too_many_connections", 429, true;
        text("Too many connections at once", "Zu viele Verbindungen auf einmal");
        text(
            "Very many requests come from your network right now. Please wait a moment and try again.",
            "Gerade kommen sehr viele Anfragen aus Ihrem Netz. Bitte warten Sie einen Moment und versuchen Sie es dann noch einmal."
        );
        "One address or network holds more connections, or sends more requests, than its share.";
        "Behind a proxy, list it in `[server] trusted_proxies`, so that visitors are told apart by their own addresses."),
    refusal!("http.internal", 500, true;
        text("Something went wrong here", "Hier ist etwas schiefgegangen");
        text(
            "The fault is ours, not yours. Please try again in a moment.",
            "Der Fehler liegt bei uns, nicht bei Ihnen. Bitte versuchen Sie es gleich noch einmal."
        );
        "Doorward met a state that it did not expect; the log line with this request id says which.";
        "Look the request up with `doorward explain`, and report what it shows."),
    refusal!("http.overloaded", 503, true;
        text("Very busy right now", "Gerade sehr ausgelastet");
        text(
            "More people are here than can be served at once. Please try again in a moment.",
            "Gerade sind mehr Menschen hier, als gleichzeitig bedient werden können. Bitte versuchen Sie es gleich noch einmal."
        );
        "The limit of requests in progress is reached; this one was turned away at once instead of waiting.";
        "Look at the metrics for what the requests in progress wait for."),
    refusal!("http.shutting_down", 503, true;
        text("The server is restarting", "Der Server startet gerade neu");
        text(
            "Please try again in a few seconds.",
            "Bitte versuchen Sie es in ein paar Sekunden noch einmal."
        );
        "Doorward is stopping and takes no new requests.";
        "Nothing to do where the restart is wanted; otherwise see why the service manager stopped it."),
    refusal!("http.version", 505, false;
        text("This version of HTTP is not spoken here", "Diese Version von HTTP wird hier nicht gesprochen");
        text(
            "The program that asked speaks a very old or unknown dialect of the web.",
            "Das fragende Programm spricht einen sehr alten oder unbekannten Dialekt des Webs."
        );
        "The request is neither HTTP/1.1 nor HTTP/2 (HTTP/1.0 is answered where it names a host).";
        "Use a current client, or let the proxy in front speak HTTP/1.1."),
];
