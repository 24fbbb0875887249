//! The page of letters in development.

texts! {
    TITLE: "Letters", "Briefe";
    LEAD: "In development, letters are shown here instead of being sent. They are gone when the program ends.", "In der Entwicklung stehen Briefe hier, statt verschickt zu werden. Mit dem Ende des Programms sind sie fort.";
    NONE: "There is no letter yet.", "Es gibt noch keinen Brief.";
    OPEN: "Open the link", "Den Link öffnen";
}
