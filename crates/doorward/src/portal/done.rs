//! What has just been done: carried over the redirect after a form as `?done=word`, and shown once.

use doorward_core::reason::Text;

use super::catalogue::done as text;

macro_rules! done {
    ($($(#[$doc:meta])* $variant:ident => $word:literal, $text:expr;)+) => {
        /// What has just been done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Done {
            $($(#[$doc])* $variant),+
        }

        impl Done {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the address.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)+ _ => None }
            }

            pub(crate) fn text(self) -> Text {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

done! {
    /// The own password was changed; other sessions have ended.
    PasswordChanged => "password-changed", text::PASSWORD_CHANGED;
    /// A password was chosen by a link: time to sign in.
    PasswordChosen => "password-chosen", text::PASSWORD_CHOSEN;
    /// An account was made by an invitation: time to sign in.
    AccountMade => "account-made", text::ACCOUNT_MADE;
    /// A letter is on its way.
    LetterSent => "letter-sent", text::LETTER_SENT;
    /// An address was proven.
    AddressProven => "address-proven", text::ADDRESS_PROVEN;
    /// An invitation went out by mail.
    InvitationSent => "invitation-sent", text::INVITATION_SENT;
    /// One session was ended.
    SessionEnded => "session-ended", text::SESSION_ENDED;
    /// All others were ended.
    SessionsEnded => "sessions-ended", text::SESSIONS_ENDED;
    /// Every session of a person was ended.
    PersonSignedOut => "person-signed-out", text::PERSON_SIGNED_OUT;
    /// An account was disabled.
    Disabled => "disabled", text::DISABLED;
    /// An account was enabled.
    Enabled => "enabled", text::ENABLED;
    /// The groups were saved.
    GroupsSaved => "groups-saved", text::GROUPS_SAVED;
    /// The name was saved.
    NameSaved => "name-saved", text::NAME_SAVED;
    /// An app password was withdrawn.
    AppPasswordWithdrawn => "app-password-withdrawn", text::APP_PASSWORD_WITHDRAWN;
    /// The second factors were taken by a link: time to sign in and to set up others.
    FactorsReset => "factors-reset", text::FACTORS_RESET;
    /// A link that takes second factors was sent.
    FactorLinkSent => "factor-link-sent", text::FACTOR_LINK_SENT;
    /// A second factor was set up.
    FactorAdded => "factor-added", text::FACTOR_ADDED;
    /// A second factor was removed.
    FactorRemoved => "factor-removed", text::FACTOR_REMOVED;
    /// This device is trusted.
    DeviceTrusted => "device-trusted", text::DEVICE_TRUSTED;
    /// A device is no longer trusted.
    DeviceForgotten => "device-forgotten", text::DEVICE_FORGOTTEN;
    /// A link was withdrawn.
    LinkWithdrawn => "link-withdrawn", text::LINK_WITHDRAWN;
}

impl Done {
    /// A path with this word in its query.
    #[must_use]
    pub fn at(self, path: &str) -> String {
        format!("{path}?done={}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_comes_back() {
        for done in Done::ALL {
            assert_eq!(Done::from_text(done.as_str()), Some(*done));
        }
        assert_eq!(Done::from_text("<script>"), None);
    }
}
