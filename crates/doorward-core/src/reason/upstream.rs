//! Reasons of the family `upstream`: apps that did not answer, or not as they should.

use super::Reason;
use super::entry::{refusal, text};

/// The family, in the order of a request's way.
pub(super) const REASONS: &[Reason] = &[
    refusal!("upstream.connect_refused", 502, true;
        text("The app behind this address is not running", "Die Anwendung hinter dieser Adresse läuft nicht");
        text(
            "You did nothing wrong: the app is switched off or just starting. Please try again in a moment.",
            "Sie haben nichts falsch gemacht: Die Anwendung ist ausgeschaltet oder startet gerade. Bitte versuchen Sie es gleich noch einmal."
        );
        "Nobody listens at the app's address: the connection was refused at once.";
        "Start the app, and compare the address and port it listens on with `upstream` in its [[app]] section. In a container, 127.0.0.1 is the container itself."),
    refusal!("upstream.connect_timeout", 504, true;
        text("The app behind this address does not pick up", "Die Anwendung hinter dieser Adresse nimmt nicht ab");
        text(
            "You did nothing wrong: the app cannot be reached right now. Please try again in a moment.",
            "Sie haben nichts falsch gemacht: Die Anwendung ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal."
        );
        "The app's address did not take the connection in time: a firewall that drops packets, a machine that is off, or a full queue of connections.";
        "Try the app's address from the machine Doorward runs on, with `curl -v`; look at firewalls between the two, and at the load of the app."),
    refusal!("upstream.unreachable", 502, true;
        text("The app behind this address cannot be found", "Die Anwendung hinter dieser Adresse ist nicht zu finden");
        text(
            "You did nothing wrong: the way to the app is broken. Please try again later.",
            "Sie haben nichts falsch gemacht: Der Weg zur Anwendung ist unterbrochen. Bitte versuchen Sie es später noch einmal."
        );
        "The name of the app's machine does not resolve, or there is no route to its address.";
        "Look the name in `upstream` up on the machine Doorward runs on (`getent hosts NAME`), and check the network between the two."),
    refusal!("upstream.socket_missing", 502, true;
        text("The app behind this address is not running", "Die Anwendung hinter dieser Adresse läuft nicht");
        text(
            "You did nothing wrong: the app is switched off or just starting. Please try again in a moment.",
            "Sie haben nichts falsch gemacht: Die Anwendung ist ausgeschaltet oder startet gerade. Bitte versuchen Sie es gleich noch einmal."
        );
        "The Unix socket of the app is not there, or Doorward may not open it.";
        "Start the app; compare the path of its socket with `upstream`; give Doorward's user the right to read and write the socket and to enter its folder."),
    refusal!("upstream.closed_early", 502, true;
        text("The app hung up", "Die Anwendung hat aufgelegt");
        text(
            "You did nothing wrong: the app broke off before it answered. Please try again; if you were saving something, see first whether it was saved.",
            "Sie haben nichts falsch gemacht: Die Anwendung hat abgebrochen, bevor sie geantwortet hat. Bitte versuchen Sie es noch einmal; wenn Sie etwas gespeichert haben, sehen Sie zuerst nach, ob es angekommen ist."
        );
        "The app took the connection and closed it before the head of its answer: it crashed, restarted, or speaks another protocol on this port.";
        "Look at the app's own log at this time. An app that speaks TLS on this port closes plain requests like this."),
    refusal!("upstream.head_timeout", 504, false;
        text("The app takes too long", "Die Anwendung braucht zu lange");
        text(
            "You did nothing wrong: the app did not answer in time. It may still be working; please wait before you try again.",
            "Sie haben nichts falsch gemacht: Die Anwendung hat nicht rechtzeitig geantwortet. Vielleicht arbeitet sie noch; bitte warten Sie, bevor Sie es noch einmal versuchen."
        );
        "The app has the request and sent no head of an answer within the time limit of the route.";
        "Look at what the app does for so long. A route that must take longer gets a longer time limit in its [[app]] section."),
    refusal!("upstream.answer_malformed", 502, false;
        text("The app's answer makes no sense", "Die Antwort der Anwendung ergibt keinen Sinn");
        text(
            "You did nothing wrong: the app answered in a form that cannot be read. Please try again later.",
            "Sie haben nichts falsch gemacht: Die Anwendung hat in einer Form geantwortet, die nicht zu lesen ist. Bitte versuchen Sie es später noch einmal."
        );
        "The app's answer is no HTTP/1.1, has a head that is too large, gives its length in two ways, or switches to a protocol that nobody asked for.";
        "Call the app directly with `curl -v` and look at the head of the answer; the log line with this request id says what is wrong. Is it an HTTP server at all?"),
    refusal!("upstream.answer_cut", 502, true;
        text("The app's answer broke off", "Die Antwort der Anwendung brach ab");
        text(
            "You did nothing wrong: the app stopped in the middle of its answer. Please load the page again.",
            "Sie haben nichts falsch gemacht: Die Anwendung hat mitten in ihrer Antwort aufgehört. Bitte laden Sie die Seite neu."
        );
        "The head of the answer had been passed on already, so this stands in the log only: the app closed the connection, or fell silent, before the body was complete.";
        "Look at the app's own log at this time. An app that is silent for long by design gets a longer time limit in its [[app]] section, or sends something now and then."),
];
