//! The keys of a keyboard (UI Events, `key` and `code`), for the layout of the United States.

use crate::failure::Failure;

/// Keys that are held while another is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modifiers(u32);

impl Modifiers {
    const BITS: &[(&str, u32)] = &[("Alt", 1), ("Control", 2), ("Meta", 4), ("Shift", 8)];

    fn bit(name: &str) -> u32 {
        Self::BITS.iter().find(|(one, _)| *one == name).map_or(0, |(_, bit)| *bit)
    }

    /// These keys and the one of this name.
    #[must_use]
    pub fn with(self, name: &str) -> Self {
        let name = if name == "ControlOrMeta" { "Control" } else { name };
        Self(self.0 | Self::bit(name))
    }

    pub(super) fn without(self, name: &str) -> Self {
        Self(self.0 & !Self::bit(name))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn mask(self) -> u32 {
        self.0
    }

    pub(super) fn is_command(self) -> bool {
        self.0 & !Self::bit("Shift") != 0
    }

    pub(super) fn is_only(self, name: &str) -> bool {
        self.0 == Self::bit(name)
    }
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// The name of a key that writes nothing; empty for one that writes.
    pub(super) name: &'static str,
    /// The place on the keyboard.
    pub(super) place: &'static str,
    /// The virtual key code of Windows.
    pub(super) code: u32,
    /// What it writes.
    pub(super) text: String,
    /// 0 anywhere, 1 left, 2 right, 3 on the number pad.
    pub(super) location: u32,
}

/// Keys that write nothing or one fixed thing: name, place, code, location.
const NAMED: &[(&str, &str, u32, u32)] = &[
    ("Backspace", "Backspace", 8, 0),
    ("Tab", "Tab", 9, 0),
    ("Enter", "Enter", 13, 0),
    ("Shift", "ShiftLeft", 16, 1),
    ("Control", "ControlLeft", 17, 1),
    ("Alt", "AltLeft", 18, 1),
    ("Pause", "Pause", 19, 0),
    ("CapsLock", "CapsLock", 20, 0),
    ("Escape", "Escape", 27, 0),
    ("Convert", "Convert", 28, 0),
    ("NonConvert", "NonConvert", 29, 0),
    ("PageUp", "PageUp", 33, 0),
    ("PageDown", "PageDown", 34, 0),
    ("End", "End", 35, 0),
    ("Home", "Home", 36, 0),
    ("ArrowLeft", "ArrowLeft", 37, 0),
    ("ArrowUp", "ArrowUp", 38, 0),
    ("ArrowRight", "ArrowRight", 39, 0),
    ("ArrowDown", "ArrowDown", 40, 0),
    ("PrintScreen", "PrintScreen", 44, 0),
    ("Insert", "Insert", 45, 0),
    ("Delete", "Delete", 46, 0),
    ("Help", "Help", 47, 0),
    ("Meta", "MetaLeft", 91, 1),
    ("ContextMenu", "ContextMenu", 93, 0),
    ("F1", "F1", 112, 0),
    ("F2", "F2", 113, 0),
    ("F3", "F3", 114, 0),
    ("F4", "F4", 115, 0),
    ("F5", "F5", 116, 0),
    ("F6", "F6", 117, 0),
    ("F7", "F7", 118, 0),
    ("F8", "F8", 119, 0),
    ("F9", "F9", 120, 0),
    ("F10", "F10", 121, 0),
    ("F11", "F11", 122, 0),
    ("F12", "F12", 123, 0),
    ("F13", "F13", 124, 0),
    ("F14", "F14", 125, 0),
    ("F15", "F15", 126, 0),
    ("F16", "F16", 127, 0),
    ("F17", "F17", 128, 0),
    ("F18", "F18", 129, 0),
    ("F19", "F19", 130, 0),
    ("F20", "F20", 131, 0),
    ("F21", "F21", 132, 0),
    ("F22", "F22", 133, 0),
    ("F23", "F23", 134, 0),
    ("F24", "F24", 135, 0),
    ("NumLock", "NumLock", 144, 0),
    ("ScrollLock", "ScrollLock", 145, 0),
    ("AudioVolumeMute", "AudioVolumeMute", 173, 0),
    ("AudioVolumeDown", "AudioVolumeDown", 174, 0),
    ("AudioVolumeUp", "AudioVolumeUp", 175, 0),
    ("MediaTrackNext", "MediaTrackNext", 176, 0),
    ("MediaTrackPrevious", "MediaTrackPrevious", 177, 0),
    ("MediaStop", "MediaStop", 178, 0),
    ("MediaPlayPause", "MediaPlayPause", 179, 0),
    ("AltGraph", "AltGraph", 225, 0),
];

/// Other names of keys, by the place where they stand.
const PLACES: &[(&str, &str, u32)] = &[
    ("ShiftLeft", "Shift", 1),
    ("ShiftRight", "Shift", 2),
    ("ControlLeft", "Control", 1),
    ("ControlRight", "Control", 2),
    ("AltLeft", "Alt", 1),
    ("AltRight", "Alt", 2),
    ("MetaLeft", "Meta", 1),
    ("MetaRight", "Meta", 2),
    ("ControlOrMeta", "Control", 1),
    ("Esc", "Escape", 0),
    ("Return", "Enter", 0),
    ("Del", "Delete", 0),
    ("Left", "ArrowLeft", 0),
    ("Right", "ArrowRight", 0),
    ("Up", "ArrowUp", 0),
    ("Down", "ArrowDown", 0),
    ("Space", " ", 0),
    ("NumpadEnter", "Enter", 3),
];

/// Keys that write: plain, with Shift, place, code.
const WRITING: &[(char, char, &str, u32)] = &[
    (' ', ' ', "Space", 32),
    ('0', ')', "Digit0", 48),
    ('1', '!', "Digit1", 49),
    ('2', '@', "Digit2", 50),
    ('3', '#', "Digit3", 51),
    ('4', '$', "Digit4", 52),
    ('5', '%', "Digit5", 53),
    ('6', '^', "Digit6", 54),
    ('7', '&', "Digit7", 55),
    ('8', '*', "Digit8", 56),
    ('9', '(', "Digit9", 57),
    (';', ':', "Semicolon", 186),
    ('=', '+', "Equal", 187),
    (',', '<', "Comma", 188),
    ('-', '_', "Minus", 189),
    ('.', '>', "Period", 190),
    ('/', '?', "Slash", 191),
    ('`', '~', "Backquote", 192),
    ('[', '{', "BracketLeft", 219),
    ('\\', '|', "Backslash", 220),
    (']', '}', "BracketRight", 221),
    ('\'', '"', "Quote", 222),
];

const LETTERS: &[&str; 26] = &[
    "KeyA", "KeyB", "KeyC", "KeyD", "KeyE", "KeyF", "KeyG", "KeyH", "KeyI", "KeyJ", "KeyK", "KeyL", "KeyM", "KeyN",
    "KeyO", "KeyP", "KeyQ", "KeyR", "KeyS", "KeyT", "KeyU", "KeyV", "KeyW", "KeyX", "KeyY", "KeyZ",
];

/// The number pad: name, what it writes, code.
const PAD: &[(&str, &str, u32)] = &[
    ("Numpad0", "0", 96),
    ("Numpad1", "1", 97),
    ("Numpad2", "2", 98),
    ("Numpad3", "3", 99),
    ("Numpad4", "4", 100),
    ("Numpad5", "5", 101),
    ("Numpad6", "6", 102),
    ("Numpad7", "7", 103),
    ("Numpad8", "8", 104),
    ("Numpad9", "9", 105),
    ("NumpadMultiply", "*", 106),
    ("NumpadAdd", "+", 107),
    ("NumpadSubtract", "-", 109),
    ("NumpadDecimal", ".", 110),
    ("NumpadDivide", "/", 111),
];

impl Key {
    /// The key that writes this character; none where the layout has none.
    pub(super) fn of_character(one: char) -> Option<Self> {
        if one == '\n' || one == '\r' {
            return Self::named("Enter");
        }
        if one == '\t' {
            return Self::named("Tab");
        }
        let writing =
            |place: &'static str, code: u32| Self { name: "", place, code, text: one.to_string(), location: 0 };
        if one.is_ascii_alphabetic() {
            let upper = one.to_ascii_uppercase();
            let index = usize::try_from(u32::from(upper) - u32::from('A')).ok()?;
            return Some(writing(LETTERS[index], u32::from(upper)));
        }
        let (_, _, place, code) = WRITING.iter().find(|(plain, shifted, ..)| *plain == one || *shifted == one)?;
        Some(writing(place, *code))
    }

    fn named(name: &str) -> Option<Self> {
        let (name, place, code, location) = *NAMED.iter().find(|(one, ..)| *one == name)?;
        let text = if name == "Enter" { "\r" } else { "" };
        Some(Self { name, place, code, text: text.to_owned(), location })
    }

    /// The key of this name, place or character.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let mut characters = name.chars();
        if let (Some(one), None) = (characters.next(), characters.next()) {
            return Self::of_character(one);
        }
        if let Some(key) = Self::named(name) {
            return Some(key);
        }
        if let Some((place, of, location)) = PLACES.iter().find(|(one, ..)| *one == name) {
            let key = Self::find(of)?;
            let place = if matches!(*location, 1..=3) && *place != "ControlOrMeta" { place } else { key.place };
            return Some(Self { place, location: *location, ..key });
        }
        if let Some((place, text, code)) = PAD.iter().find(|(one, ..)| *one == name) {
            return Some(Self { name: "", place, code: *code, text: (*text).to_owned(), location: 3 });
        }
        if let Some(index) = LETTERS.iter().position(|place| *place == name) {
            return Self::of_character(char::from(b'a' + u8::try_from(index).ok()?));
        }
        let (plain, ..) = WRITING.iter().find(|(_, _, place, _)| *place == name)?;
        Self::of_character(*plain)
    }

    /// The same key while these others are held: Shift changes what it writes.
    pub(super) fn shifted(&self, modifiers: Modifiers) -> Self {
        let mut key = self.clone();
        if modifiers.mask() & Modifiers::bit("Shift") == 0 || key.location == 3 {
            return key;
        }
        if let Some((_, shifted, ..)) = WRITING.iter().find(|(plain, ..)| key.text == plain.to_string()) {
            key.text = shifted.to_string();
        } else {
            key.text = key.text.to_ascii_uppercase();
        }
        key
    }

    /// What `KeyboardEvent.key` says.
    pub(super) fn value(&self) -> &str {
        if self.name.is_empty() { &self.text } else { self.name }
    }
}

/// The keys that are held and the one that is pressed: `Control+Shift+k`, `+`, `Control++`.
pub(crate) fn combination(text: &str) -> Result<(Vec<Key>, Key), Failure> {
    let unknown = |name: &str| Failure::said(format!("keyboard.press: Unknown key: \"{name}\""));
    let mut names: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.get(1..).and_then(|tail| tail.find('+')).map(|at| at + 1) {
        if at + 1 >= rest.len() {
            break;
        }
        names.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    let key = Key::find(rest).ok_or_else(|| unknown(rest))?;
    let held: Result<Vec<Key>, Failure> =
        names.iter().map(|name| Key::find(name).ok_or_else(|| unknown(name))).collect();
    Ok((held?, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_the_layout_has_its_key() {
        for code in 32_u8..127 {
            let one = char::from(code);
            let key = Key::of_character(one).unwrap();
            assert_eq!(key.text, one.to_string());
        }
        assert!(Key::of_character('é').is_none());
    }

    #[test]
    fn a_combination_holds_all_but_its_last_key() {
        for (text, held, last) in [
            ("a", vec![], "a"),
            ("+", vec![], "+"),
            ("Control++", vec!["Control"], "+"),
            ("Control+Shift+K", vec!["Control", "Shift"], "K"),
            ("Shift+ArrowLeft", vec!["Shift"], "ArrowLeft"),
        ] {
            let (keys, key) = combination(text).unwrap();
            let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
            assert_eq!((names, key.value()), (held, last), "{text}");
        }
        for text in ["Nope", "", "Control+Nope"] {
            let failure = combination(text).unwrap_err();
            assert!(failure.to_string().contains("Unknown key"), "{failure}");
        }
    }

    #[test]
    fn shift_writes_the_other_sign_and_places_have_names() {
        let shift = Modifiers::default().with("Shift");
        assert_eq!(Key::find("Digit1").unwrap().shifted(shift).text, "!");
        assert_eq!(Key::find("KeyQ").unwrap().shifted(shift).text, "Q");
        assert_eq!(Key::find("ShiftRight").unwrap().place, "ShiftRight");
        assert_eq!(Key::find("NumpadAdd").unwrap().location, 3);
    }
}
