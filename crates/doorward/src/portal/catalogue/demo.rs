//! The demo app.

texts! {
    TITLE: "The demo app", "Die Demo-App";
    LEAD: "This page is the app behind the login. Whoever is not signed in never gets here.", "Diese Seite ist die App hinter dem Login. Wer nicht angemeldet ist, kommt gar nicht hierher.";
    HEADERS_TITLE: "What the app is told about you", "Was die App über Sie erfährt";
    FIELD: "Field", "Feld";
    VALUE: "Value", "Wert";
    TRY_TITLE: "Send something", "Etwas absenden";
    TRY_LEAD: "The answer shows what arrived at the app: method, path, header fields and names of cookies.", "Die Antwort zeigt, was bei der App ankam: Methode, Pfad, Kopfzeilen und Namen von Cookies.";
    MESSAGE: "Message", "Nachricht";
    SEND: "Send", "Absenden";
    NEXT: "Put your own app here: an [[app]] section in doorward.toml.", "Ihre eigene App hierher: ein Abschnitt [[app]] in doorward.toml.";
}
