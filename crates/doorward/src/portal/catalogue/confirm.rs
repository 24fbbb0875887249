//! Questions before something that cannot be taken back.

texts! {
    SIGN_OUT_TITLE: "Sign out?", "Abmelden?";
    SIGN_OUT_LEAD: "Your session in this browser ends.", "Ihre Sitzung in diesem Browser endet.";
    END_OTHERS_TITLE: "End all other sessions?", "Alle anderen Sitzungen beenden?";
    END_OTHERS_LEAD: "You stay signed in here. Everywhere else you will have to sign in again.", "Hier bleiben Sie angemeldet. Überall sonst müssen Sie sich neu anmelden.";
    DISABLE_TITLE: "Disable this account?", "Dieses Konto sperren?";
    DISABLE_LEAD: "Every session ends at once, and nobody can sign in with this account until you enable it again. Nothing is deleted.", "Alle Sitzungen enden sofort, und niemand kann sich mit diesem Konto anmelden, bis Sie es wieder freigeben. Gelöscht wird nichts.";
    END_SESSIONS_TITLE: "Sign this person out everywhere?", "Diese Person überall abmelden?";
    END_SESSIONS_LEAD: "Every session ends at once. Signing in again is possible.", "Alle Sitzungen enden sofort. Eine neue Anmeldung ist möglich.";
}
