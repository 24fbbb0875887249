//! What people ask for by mail.

texts! {
    PASSWORD_TITLE: "Forgotten password", "Passwort vergessen";
    PASSWORD_LEAD: "Say the address of your account. We send a link there by which you choose a new password.", "Nennen Sie die Adresse Ihres Kontos. Wir schicken einen Link dorthin, mit dem Sie ein neues Passwort wählen.";
    PASSWORD_SENT: "If there is an account with this address, a letter is on its way to it. Its link works once, for 30 minutes.", "Wenn es ein Konto mit dieser Adresse gibt, ist ein Brief dorthin unterwegs. Der Link darin gilt einmal, 30 Minuten lang.";
    ACCOUNT_TITLE: "Make an account", "Konto anlegen";
    ACCOUNT_LEAD: "Say your address. We send a link there by which you make your account.", "Nennen Sie Ihre Adresse. Wir schicken einen Link dorthin, mit dem Sie Ihr Konto anlegen.";
    ACCOUNT_SENT: "A letter is on its way to this address. It says how to go on; its link works once, for one day.", "Ein Brief ist an diese Adresse unterwegs. Darin steht, wie es weitergeht; der Link gilt einmal, einen Tag lang.";
    SEND: "Send the letter", "Brief schicken";
    NOTHING_CAME: "Nothing came after a few minutes? Look among unwanted mail, see whether the address is right, and ask again. Where several letters were asked for lately, no further one is sent for now: the newest that you have may still be good. An administrator can help, too.", "Nach einigen Minuten ist nichts da? Sehen Sie bei der unerwünschten Post nach, prüfen Sie die Adresse und fordern Sie den Brief noch einmal an. Wurden kürzlich schon mehrere angefordert, geht vorerst keiner mehr hinaus: Dann gilt vielleicht noch der neueste, den Sie haben. Auch ein Administrator kann helfen.";
    BACK: "Back to the sign-in", "Zurück zur Anmeldung";
    FORGOTTEN: "Forgotten your password?", "Passwort vergessen?";
    REGISTER: "No account yet?", "Noch kein Konto?";
    OWN_TITLE: "Your address", "Ihre Adresse";
    OWN_LINK: "Confirm or change the address", "Adresse bestätigen oder ändern";
    OWN_PRESENT: "The address of your account is:", "Die Adresse Ihres Kontos ist:";
    PROVEN: "It is confirmed: notices about your account go there.", "Sie ist bestätigt: Nachrichten über Ihr Konto gehen dorthin.";
    UNPROVEN: "It is not confirmed yet, so no notices about your account go there.", "Sie ist noch nicht bestätigt, darum gehen keine Nachrichten über Ihr Konto dorthin.";
    PROVE_PRESENT: "Confirm this address", "Diese Adresse bestätigen";
    OTHER_TITLE: "Another address", "Eine andere Adresse";
    OTHER_LEAD: "We send a link to the new address. Until you open it, nothing changes; then you sign in with the new one, and the old one gets a notice.", "Wir schicken einen Link an die neue Adresse. Bis Sie ihn öffnen, ändert sich nichts; danach melden Sie sich mit der neuen an, und die alte bekommt eine Nachricht.";
    NEW_EMAIL: "New address", "Neue Adresse";
    PROVE_TITLE: "Confirm your address", "Ihre Adresse bestätigen";
    PROVE_LEAD: "This address becomes that of your account:", "Diese Adresse wird die Ihres Kontos:";
    PROVE_SUBMIT: "Confirm", "Bestätigen";
}
