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
    refusal!("app.password_wrong", 401, false;
        text("This app password does not work here", "Dieses App-Passwort gilt hier nicht");
        text(
            "The app password is wrong, has ended, or was made for another app. Please make a new one on the page of your account, and enter it together with your e-mail address.",
            "Das App-Passwort ist falsch, ist abgelaufen oder gehört zu einer anderen App. Bitte machen Sie auf der Seite Ihres Kontos ein neues und geben Sie es zusammen mit Ihrer E-Mail-Adresse ein."
        );
        "No app password of this app and this name has this token, or its account is disabled. It ends with its own date, by its owner, with a new password, with lost factors, with disablement and with a restore.";
        "make a new app password on the account page"),
    refusal!("app.passwords_off", 422, false;
        text("This app takes no app passwords", "Diese App nimmt keine App-Passwörter an");
        text(
            "There is no such app that takes app passwords. Please choose one of the list.",
            "Eine solche App, die App-Passwörter annimmt, gibt es nicht. Bitte wählen Sie eine aus der Liste."
        );
        "The app is not configured, or its section does not say `app_passwords = true`.";
        "app_passwords = true  # in this [[app]]"),
    refusal!("app.password_not_found", 404, false;
        text("There is no such app password", "Dieses App-Passwort gibt es nicht");
        text("This app password was withdrawn already.", "Dieses App-Passwort wurde schon widerrufen.");
        "It was withdrawn, has ended, or is another person's.";
        "list the app passwords again"),
    refusal!("app.password_date", 422, false;
        text("This date does not work", "Dieses Datum geht nicht");
        text(
            "An app password ends after 1 to 3650 days, or has no end.",
            "Ein App-Passwort endet nach 1 bis 3650 Tagen oder gar nicht."
        );
        "The number of days is none, or out of range.";
        "send days from 1 to 3650, or none"),
];
