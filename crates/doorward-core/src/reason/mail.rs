//! Reasons of the family `mail`: letters, and the server that takes them.

use super::Reason;
use super::entry::{cause, refusal, text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    refusal! {
        "mail.off", 404, false;
        text("There is no mail here", "Hier gibt es keine Post");
        text(
            "This service sends no mail, so this cannot be done here. An administrator can help you.",
            "Dieser Dienst verschickt keine Post, darum geht das hier nicht. Ein Administrator kann Ihnen helfen.",
        );
        "What was asked for needs mail, and `[mail] server` is not set.";
        "set [mail] server and from, then try doorward mail test ADDRESS; or give out a link from the page of the person"
    },
    refusal! {
        "mail.wait", 429, true;
        text("Too many letters for now", "Vorerst zu viele Briefe");
        text(
            "Several letters were asked for from your account, from your network or to this address. Please wait a moment and then try again; the newest letter that you have may still be good.",
            "Von Ihrem Konto, aus Ihrem Netz oder an diese Adresse wurden mehrere Briefe angefordert. Bitte warten Sie einen Moment und versuchen Sie es dann noch einmal; vielleicht gilt noch der neueste, den Sie haben.",
        );
        "One address gets five letters in 15 minutes and 20 a day that somebody asks for; everybody in one network has 60 requests an hour, together with guesses at passwords.";
        "wait until Retry-After has passed"
    },
    cause(
        "mail.unreachable",
        text("The mail server cannot be reached", "Der Mailserver ist nicht erreichbar"),
        "The name of the mail server has no address, nothing answers at its port, or the answer took too long. Letters wait and are tried again, less often each time.",
        "doorward mail test ADDRESS says at which step it stops; check [mail] server and port, and whether this machine may reach that port",
    ),
    cause(
        "mail.tls_failed",
        text("The mail server offers no safe connection", "Der Mailserver bietet keine sichere Verbindung"),
        "The certificate of the mail server is not good for its name, or it does not offer STARTTLS; somebody on the way may have taken the offer out. Nothing is sent without encryption.",
        "use the name that stands in the server's certificate; for an authority of your own set [mail] ca_file",
    ),
    cause(
        "mail.sign_in_refused",
        text("The mail server does not let us in", "Der Mailserver lässt uns nicht ein"),
        "The mail server refuses the name or the password, or offers no way to sign in that we speak (PLAIN, LOGIN).",
        "check [mail] user and password; many providers want a password made for programs",
    ),
    cause(
        "mail.refused",
        text("The mail server refuses letters", "Der Mailserver lehnt Briefe ab"),
        "The mail server refuses the sender, the recipient or the letter. Refused for good (5yz), a letter is given up; refused for now (4yz), it is tried again.",
        "let [mail] from be an address that this server may send for; the log holds what the server said",
    ),
    cause(
        "mail.given_up",
        text("A letter was given up", "Ein Brief wurde aufgegeben"),
        "A letter could not be sent within its time, or the server refused it for good. Who should have read it does not know.",
        "the audit log (mail.failed) says whom it concerns and what the server answered",
    ),
];
