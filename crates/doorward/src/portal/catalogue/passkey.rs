//! Passkeys and security keys: the button of the sign-in, the second step, and setting one up.

texts! {
    SIGN_IN: "Sign in with a passkey", "Mit einem Passkey anmelden";
    OR: "or with your password", "oder mit Ihrem Passwort";
    PROVE: "Use passkey or security key", "Passkey oder Sicherheitsschlüssel benutzen";
    WAITING: "Your device asks you now …", "Ihr Gerät fragt Sie jetzt …";
    CANCELLED: "Your device has not confirmed anything: it was cancelled, took too long, or knows no passkey for this address. Please try again, or use another way.", "Ihr Gerät hat nichts bestätigt: Es wurde abgebrochen, hat zu lange gedauert oder kennt keinen Passkey für diese Adresse. Bitte versuchen Sie es noch einmal oder nehmen Sie einen anderen Weg.";
    KNOWN: "This device is set up already. Please take another device or a security key.", "Dieses Gerät ist schon eingerichtet. Bitte nehmen Sie ein anderes Gerät oder einen Sicherheitsschlüssel.";
    FAILED: "That did not work. Please try again, or use another way.", "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal oder nehmen Sie einen anderen Weg.";
    NEW_TITLE: "Passkey or security key", "Passkey oder Sicherheitsschlüssel";
    NEW_HINT: "Unlocks with your fingerprint, face or PIN, also without a password, and cannot be given away on a false page.", "Wird mit Fingerabdruck, Gesicht oder PIN entsperrt, auch ohne Passwort, und lässt sich auf keiner falschen Seite verraten.";
    NAME: "Name (you may leave this empty)", "Name (darf leer bleiben)";
    NAME_HINT: "My phone", "Mein Telefon";
    NEW: "Set up a passkey", "Passkey einrichten";
    NO_SCRIPT: "Passkeys need JavaScript, which is off in this browser.", "Passkeys brauchen JavaScript, das in diesem Browser aus ist.";
}
