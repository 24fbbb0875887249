//! Error pages and the reference of reasons.

texts! {
    WHAT_NOW: "What you can do", "Was Sie tun können";
    WAIT_SECONDS: "Please try again in {} seconds.", "Bitte versuchen Sie es in {} Sekunden noch einmal.";
    WAIT_MINUTES: "Please try again in {} minutes.", "Bitte versuchen Sie es in {} Minuten noch einmal.";
    WAIT_HOURS: "Please try again in {} hours.", "Bitte versuchen Sie es in {} Stunden noch einmal.";
    GO_START: "Go to the start page", "Zur Startseite";
    GO_AGAIN: "Open the page again", "Seite neu öffnen";
    GO_SIGN_IN: "Go to the sign-in", "Zur Anmeldung";
    ASK: "If it does not go away, tell whoever looks after this server the number of your request.", "Wenn es nicht verschwindet: Nennen Sie der Person, die diesen Server betreut, die Nummer Ihrer Anfrage.";
    DETAILS: "For whoever looks after this server", "Für die Person, die diesen Server betreut";
    SIDE: "Where it stopped", "Wo es endete";
    SIDE_VISITOR: "Your browser", "Ihr Browser";
    SIDE_PROXY: "Proxy in front", "Vorgeschalteter Proxy";
    SIDE_DOORWARD: "Sign-in", "Anmeldung";
    SIDE_APP: "The app", "Die App";
    STOPPED_VISITOR: "The request itself could not be accepted. The server and the app are reachable.", "Die Anfrage selbst konnte nicht angenommen werden. Der Server ist erreichbar.";
    STOPPED_PROXY: "A server in front of this one passed the request on in a way that could not be accepted.", "Ein Server vor diesem hat die Anfrage so weitergegeben, dass sie nicht angenommen werden konnte.";
    STOPPED_DOORWARD: "The sign-in service could not finish this. Your request was in order.", "Der Anmeldedienst konnte das nicht abschließen. Ihre Anfrage war in Ordnung.";
    STOPPED_APP: "You got through. It is the app behind that does not answer as it should.", "Sie sind durchgekommen. Die App dahinter antwortet nicht, wie sie soll.";
    HINT: "Hint", "Hinweis";
    STATUS: "Status", "Status";
    EXPLAIN: "The whole story, on the server", "Die ganze Geschichte, auf dem Server";

    NOT_SENT_TITLE: "Your form was not sent", "Ihr Formular wurde nicht gesendet";
    NOT_SENT_LEAD: "You are no longer signed in. So nothing of what you filled in was saved or sent on.", "Sie sind nicht mehr angemeldet. Deshalb wurde nichts von dem, was Sie ausgefüllt haben, gespeichert oder weitergegeben.";
    NOT_SENT_REMEDY: "Your browser may still have your words: go back one page, copy them, then sign in and send the form again.", "Vielleicht hat Ihr Browser Ihre Eingaben noch: Gehen Sie eine Seite zurück, kopieren Sie sie, melden Sie sich an und senden Sie das Formular noch einmal.";
    NOT_SENT_GO: "Sign in and return to the form", "Anmelden und zurück zum Formular";

    REASONS_TITLE: "What messages mean", "Was Meldungen bedeuten";
    REASONS_LEAD: "Every refusal carries one of these codes: on its page, in the answer of the API, and in the logs.", "Jede Ablehnung trägt einen dieser Codes: auf ihrer Seite, in der Antwort der API und in den Protokollen.";
    FAMILIES: "Families", "Familien";
    KIND_REFUSAL: "answered to a request", "Antwort auf eine Anfrage";
    KIND_CAUSE: "found in the installation", "Befund der Installation";
    RETRYABLE: "trying again can help", "ein neuer Versuch kann helfen";
    OPERATOR: "How it comes about", "Wie es dazu kommt";
    REMEDY: "What mends it", "Was hilft";
}
