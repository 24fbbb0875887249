//! Ways of proving who somebody is, the set of those that a sign-in has proven, and when.

use serde::Serialize;

use crate::clock::UnixTime;

/// One way of proving who somebody is, named as in the claim `amr` (RFC 8176, section 2), and by words of our own
/// where the registry has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `pwd`: a password.
    Password,
    /// `otp`: a one-time code of an authenticator.
    OneTimeCode,
    /// `swk`: a passkey that may exist on more than one device.
    Passkey,
    /// `email`: a code that came by mail. No second factor in the sense of NIST SP 800-63B-4, section 3.1.3.1.
    EmailCode,
    /// `recovery`: a code of the printed sheet, a look-up secret (section 3.1.2).
    RecoveryCode,
    /// `device`: a browser that was trusted before. Proves nothing anew.
    TrustedDevice,
    /// `hwk`: a passkey or security key whose key cannot leave its device.
    HardwareKey,
}

/// Each method with its place in [`Proven`] and its name.
const NAMES: [(Method, usize, &str); Method::COUNT] = [
    (Method::Password, 0, "pwd"),
    (Method::OneTimeCode, 1, "otp"),
    (Method::Passkey, 2, "swk"),
    (Method::EmailCode, 3, "email"),
    (Method::RecoveryCode, 4, "recovery"),
    (Method::TrustedDevice, 5, "device"),
    (Method::HardwareKey, 6, "hwk"),
];

impl Method {
    const COUNT: usize = 7;

    /// Every method.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Password,
        Self::OneTimeCode,
        Self::Passkey,
        Self::EmailCode,
        Self::RecoveryCode,
        Self::TrustedDevice,
        Self::HardwareKey,
    ];

    /// The name in `amr`, in the API and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES[self.place()].2
    }

    fn place(self) -> usize {
        match self {
            Self::Password => 0,
            Self::OneTimeCode => 1,
            Self::Passkey => 2,
            Self::EmailCode => 3,
            Self::RecoveryCode => 4,
            Self::TrustedDevice => 5,
            Self::HardwareKey => 6,
        }
    }

    fn bit(self) -> u8 {
        1 << self.place()
    }
}

/// What makes two factors beside a password.
const STRONG: Methods = Methods(0b101_0110);

/// A set of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Methods(u8);

impl Methods {
    /// The set with one more method.
    #[must_use]
    pub fn with(self, method: Method) -> Self {
        Self(self.0 | method.bit())
    }

    /// Whether the method is in the set.
    #[must_use]
    pub fn has(self, method: Method) -> bool {
        self.0 & method.bit() != 0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the two sets share a method.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The methods of the set, in the order of [`Method::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL.into_iter().filter(move |method| self.has(*method))
    }

    /// Whether the set is complete by two factors (NIST SP 800-63B-4, section 2.2.1): a key, which began the sign-in only
    /// where it verified its user and stands beside a password otherwise; or a password and a code of an
    /// authenticator or of the printed sheet. Neither a code by mail nor a trusted device makes two.
    #[must_use]
    pub fn is_two_factor(self) -> bool {
        let has_key = self.has(Method::Passkey) || self.has(Method::HardwareKey);
        let has_code = self.has(Method::OneTimeCode) || self.has(Method::RecoveryCode);
        has_key || (self.has(Method::Password) && has_code)
    }

    /// Whether a further proof by `method` proves the whole set anew, so that `auth_time` moves: not where two factors were
    /// proven and this one is weaker than either, a password, a code by mail or a trusted device.
    #[must_use]
    pub fn is_renewed_by(self, method: Method) -> bool {
        !self.is_two_factor() || STRONG.has(method)
    }

    /// The claim `amr` (RFC 8176): the methods, and `mfa` where they are two factors.
    #[must_use]
    pub fn amr(self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.iter().map(Method::as_str).collect();
        if self.is_two_factor() {
            names.push("mfa");
        }
        names
    }

    /// The claim `acr`: `aal2` for two factors, `aal1` for less (NIST SP 800-63B-4, section 2).
    ///
    /// A sign-in with a trusted device or a code by mail is `aal1`, and so is one in the days of grace. There is no
    /// `aal3`: it needs attested authenticators. Whether a key is bound to its device is said by `hwk` in `amr`.
    #[must_use]
    pub fn acr(self) -> &'static str {
        if self.is_two_factor() { "aal2" } else { "aal1" }
    }

    /// The set as the store keeps it.
    #[must_use]
    pub fn to_bits(self) -> i64 {
        i64::from(self.0)
    }

    /// Reads what [`Self::to_bits`] wrote; nothing where a bit is unknown.
    #[must_use]
    pub fn from_bits(bits: i64) -> Option<Self> {
        u8::try_from(bits).ok().filter(|bits| bits >> Method::COUNT == 0).map(Self)
    }
}

impl FromIterator<Method> for Methods {
    fn from_iter<I: IntoIterator<Item = Method>>(methods: I) -> Self {
        methods.into_iter().fold(Self::default(), Self::with)
    }
}

impl Serialize for Methods {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.amr().serialize(serializer)
    }
}

/// When each method was last proven in one sign-in: what a step up looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven([UnixTime; Method::COUNT]);

/// The moment of what was not proven. Every live session holds seven of them, so there is no `Option` around each.
const NEVER: UnixTime = UnixTime(i64::MIN);

impl Default for Proven {
    fn default() -> Self {
        Self([NEVER; Method::COUNT])
    }
}

impl Proven {
    /// Nothing but this.
    #[must_use]
    pub fn by(method: Method, at: UnixTime) -> Self {
        Self::default().with(method, at)
    }

    /// The same with one more proof, or a newer one.
    #[must_use]
    pub fn with(mut self, method: Method, at: UnixTime) -> Self {
        self.0[method.place()] = at;
        self
    }

    /// What was proven at any time.
    #[must_use]
    pub fn methods(&self) -> Methods {
        Method::ALL.into_iter().filter(|method| self.last(*method).is_some()).collect()
    }

    /// When this was last proven.
    #[must_use]
    pub fn last(&self, method: Method) -> Option<UnixTime> {
        Some(self.0[method.place()]).filter(|at| *at != NEVER)
    }

    /// Seconds since a second factor was last really proven, where the sign-in has two; negative where the clock went
    /// back, which is not fresh. The password alone, a code by mail and a trusted device make nothing fresh.
    #[must_use]
    pub fn second_factor_age(&self, now: UnixTime) -> Option<i64> {
        let strong = STRONG.iter().filter_map(|method| self.last(method)).max();
        strong.filter(|_| self.methods().is_two_factor()).map(|at| now.seconds_since(at))
    }

    /// Whether a second factor was proven in the last `seconds`.
    #[must_use]
    pub fn is_fresh(&self, now: UnixTime, seconds: i64) -> bool {
        self.second_factor_age(now).is_some_and(|age| (0..seconds).contains(&age))
    }

    /// The moments as the store keeps them: `pwd=1800000000 otp=1800000004`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let moment = |method: Method| Some(format!("{}={}", method.as_str(), self.last(method)?.0));
        Method::ALL.into_iter().filter_map(moment).collect::<Vec<_>>().join(" ")
    }

    /// Reads what [`Self::to_text`] wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        text.split_ascii_whitespace().try_fold(Self::default(), |proven, moment| {
            let (name, at) = moment.split_once('=')?;
            let (method, ..) = NAMES.iter().find(|(.., known)| *known == name)?;
            Some(proven.with(*method, UnixTime(at.parse().ok()?)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(methods: &[Method]) -> Methods {
        methods.iter().copied().collect()
    }

    #[test]
    fn every_method_has_its_place_and_name() {
        for (index, (method, place, name)) in NAMES.into_iter().enumerate() {
            assert_eq!((place, method.place(), Method::ALL[index], method.as_str()), (index, index, method, name));
        }
        let strong = [Method::OneTimeCode, Method::Passkey, Method::RecoveryCode, Method::HardwareKey];
        assert_eq!(STRONG, set(&strong));
    }

    #[test]
    fn only_two_factors_are_two() {
        use Method::{EmailCode, HardwareKey, OneTimeCode, Passkey, Password, RecoveryCode, TrustedDevice};
        for (methods, acr) in [
            (&[][..], "aal1"),
            (&[Password], "aal1"),
            (&[OneTimeCode], "aal1"),
            (&[OneTimeCode, RecoveryCode, EmailCode], "aal1"),
            (&[Password, EmailCode], "aal1"),
            (&[Password, TrustedDevice], "aal1"),
            (&[Password, TrustedDevice, EmailCode], "aal1"),
            (&[Password, OneTimeCode], "aal2"),
            (&[Password, RecoveryCode], "aal2"),
            (&[Password, Passkey], "aal2"),
            (&[Passkey], "aal2"),
            (&[HardwareKey], "aal2"),
        ] {
            assert_eq!(set(methods).acr(), acr, "{methods:?}");
        }
        assert_eq!(set(&[Password, OneTimeCode]).amr(), ["pwd", "otp", "mfa"]);
    }

    #[test]
    fn unknown_bits_are_no_methods() {
        for methods in [Methods::default(), set(&[Method::Password]), set(&Method::ALL)] {
            assert_eq!(Methods::from_bits(methods.to_bits()), Some(methods));
        }
        assert_eq!(Methods::from_bits(128), None);
        assert_eq!(Methods::from_bits(-1), None);
    }

    #[test]
    fn freshness_is_of_the_second_factor() {
        let begun = Proven::by(Method::Password, UnixTime(1_000));
        assert_eq!(begun.second_factor_age(UnixTime(1_000)), None);
        let full = begun.with(Method::OneTimeCode, UnixTime(1_010));
        assert_eq!(full.second_factor_age(UnixTime(1_310)), Some(300));
        for (now, is_fresh) in [(1_010, true), (1_309, true), (1_310, false), (1_009, false)] {
            assert_eq!(full.is_fresh(UnixTime(now), 300), is_fresh, "{now}");
        }
        // A password that is typed again, a trusted device or a code by mail make nothing fresh.
        for method in [Method::Password, Method::TrustedDevice, Method::EmailCode] {
            assert_eq!(full.with(method, UnixTime(1_400)).second_factor_age(UnixTime(1_400)), Some(390));
        }
        assert_eq!(begun.with(Method::TrustedDevice, UnixTime(1_001)).second_factor_age(UnixTime(1_001)), None);
    }

    #[test]
    fn a_weak_proof_renews_no_strong_session() {
        use Method::{EmailCode, HardwareKey, OneTimeCode, Passkey, Password, RecoveryCode, TrustedDevice};
        let two = set(&[Password, OneTimeCode]);
        for strong in [OneTimeCode, Passkey, HardwareKey, RecoveryCode] {
            assert!(two.is_renewed_by(strong), "{strong:?}");
        }
        for weak in [Password, EmailCode, TrustedDevice] {
            assert!(!two.is_renewed_by(weak), "{weak:?}");
            assert!(set(&[Password, EmailCode]).is_renewed_by(weak), "{weak:?}");
        }
    }

    #[test]
    fn the_moments_come_back() {
        let proven = Proven::by(Method::Password, UnixTime(7)).with(Method::HardwareKey, UnixTime(9));
        assert_eq!(proven.to_text(), "pwd=7 hwk=9");
        assert_eq!(Proven::from_text("pwd=7 hwk=9"), Some(proven));
        assert_eq!(Proven::from_text(""), Some(Proven::default()));
        for bad in ["pwd", "pwd=", "pwd=x", "mfa=7", "pwd=7,hwk=9"] {
            assert_eq!(Proven::from_text(bad), None, "{bad}");
        }
    }
}
