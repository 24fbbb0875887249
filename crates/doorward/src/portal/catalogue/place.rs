//! Names of months and devices.

use doorward_core::reason::Text;

texts! {
    DEVICE_ON: "{} on {}", "{} auf {}";
    DEVICE_UNKNOWN: "Unknown device", "Unbekanntes Gerät";
}

/// January first.
pub(crate) const MONTHS: [Text; 12] = [
    Text { en: "January", de: "Januar" },
    Text { en: "February", de: "Februar" },
    Text { en: "March", de: "März" },
    Text { en: "April", de: "April" },
    Text { en: "May", de: "Mai" },
    Text { en: "June", de: "Juni" },
    Text { en: "July", de: "Juli" },
    Text { en: "August", de: "August" },
    Text { en: "September", de: "September" },
    Text { en: "October", de: "Oktober" },
    Text { en: "November", de: "November" },
    Text { en: "December", de: "Dezember" },
];
