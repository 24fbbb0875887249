//! Signing in, and having signed out.

texts! {
    TITLE: "Sign in", "Anmelden";
    LEAD: "Welcome. The door is ajar.", "Willkommen. Die Tür ist angelehnt.";
    LEAD_APP: "to continue to {}", "um mit {} weiterzumachen";
    STAY: "Stay signed in on this device", "Auf diesem Gerät angemeldet bleiben";
    STAY_HINT: "Only on a device that is yours.", "Nur auf einem Gerät, das Ihnen gehört.";
    HELP: "Forgotten your password? Whoever looks after this server can give you a link to choose a new one.", "Passwort vergessen? Wer diesen Server betreut, kann Ihnen einen Link für ein neues geben.";
    ENDED: "You are no longer signed in", "Sie sind nicht mehr angemeldet";

    OUT_TITLE: "You are signed out", "Sie sind abgemeldet";
    OUT_LEAD: "This browser no longer holds your session. See you soon.", "In diesem Browser ist Ihre Sitzung beendet. Bis bald.";
    OUT_AGAIN: "Sign in again", "Wieder anmelden";
}
