//! Who may do this here: a pure decision whose allow carries a permit.

use std::collections::BTreeSet;

use crate::app::{Entry, Rules};
use crate::identifier::{SessionId, UserId};
use crate::session::Stage;
use crate::user::Group;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Nothing.
    Anyone,
    /// A session at any stage: signing out, and seeing what is missing.
    AnySession,
    /// A half-finished session that waits for exactly this.
    Finishing(Stage),
    /// A half-finished session that waits for a code, by whichever way, or a complete one that proves itself anew.
    Proving,
    /// A half-finished session that waits for an enrolment, or a complete one that was confirmed.
    Enrolling,
    /// A complete session.
    SignedIn,
    /// A complete session in which its user has proven anew who they are, in the last [`CONFIRMED_SECONDS`].
    Confirmed,
    /// The same where a second factor is set up. Where none is, a complete session: such a route takes the password along
    /// with what it asks for, and there is nothing more to prove.
    ConfirmedFactor,
    /// A complete session of an administrator.
    Administrator,
    /// The same, confirmed as by [`Access::Confirmed`].
    AdministratorConfirmed,
    /// A complete session of an administrator, with two factors proven in the last five minutes.
    AdministratorFresh,
}

impl Access {
    /// Whether it asks for a proof that is not long ago.
    #[must_use]
    pub fn asks_for_confirmation(self) -> bool {
        matches!(self, Self::Enrolling | Self::Confirmed | Self::ConfirmedFactor | Self::AdministratorConfirmed)
    }
}

/// Seconds for which a confirmation holds: long enough to fill in a form, too short for whoever finds the machine later.
pub const CONFIRMED_SECONDS: i64 = 900;

/// Seconds for which a second factor counts as fresh.
pub const FRESH_SECONDS: i64 = 300;

/// What is known of the caller's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which session.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// How far its sign-in has come.
    pub stage: Stage,
    /// Whether its user is in the group of administrators.
    pub is_administrator: bool,
    /// Seconds since two factors were proven; nothing where they never were.
    pub two_factor_age: Option<i64>,
    /// Seconds since the strongest of what is enrolled was proven, or where nothing is, the password; nothing where it
    /// never was, or where nobody has asked: only routes that [`Access::asks_for_confirmation`] need it.
    pub confirmation_age: Option<i64>,
}

impl Standing {
    fn is_confirmed(&self) -> bool {
        self.confirmation_age.is_some_and(|age| (0..CONFIRMED_SECONDS).contains(&age))
    }

    fn is_finishing(&self, access: Access) -> bool {
        match access {
            Access::Finishing(stage) => self.stage == stage,
            Access::Proving => matches!(self.stage, Stage::SecondFactor | Stage::RecoveryMail),
            Access::Enrolling => matches!(self.stage, Stage::Recovery | Stage::Enrolment),
            _ => false,
        }
    }
}

/// Proof that [`decide`] or [`admit`] has allowed this request, or that it is a [`preflight`]. Nothing else makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    standing: Option<Standing>,
}

impl Permit {
    /// The user, where there is a session.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.standing.map(|standing| standing.user)
    }

    /// The session, where there is one.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.standing.map(|standing| standing.session)
    }

    /// The stage of the session, where there is one.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        self.standing.map(|standing| standing.stage)
    }
}

/// The answer of [`decide`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Go on, with this proof.
    Allow(Permit),
    /// Nobody is signed in: a page leads to the sign-in, a script gets 401. Holds the reason code.
    SignIn(&'static str),
    /// The sign-in is not finished: a page leads to what is missing, a script gets 403.
    Finish(Stage),
    /// Signed in, and a fresh proof is missing: a page leads to the confirmation and back, a script gets 403.
    StepUp(&'static str),
    /// Signed in, and not allowed: 403 with this reason code.
    Forbid(&'static str),
}

/// What is said to whoever has not proven lately who they are.
const CONFIRM: &str = "authorization.confirmation_required";

/// Decides. `caller` is the session, or the reason code for which there is none.
#[must_use]
pub fn decide(access: Access, caller: Result<Standing, &'static str>) -> Decision {
    let standing = match (access, caller) {
        // A session that comes along is passed on even where none is needed: pages greet their user.
        (Access::Anyone, caller) => return Decision::Allow(Permit { standing: caller.ok() }),
        (_, Err(reason)) => return Decision::SignIn(reason),
        (_, Ok(standing)) => standing,
    };
    let allow = Decision::Allow(Permit { standing: Some(standing) });
    match access {
        Access::Anyone | Access::AnySession => allow,
        _ if standing.is_finishing(access) => allow,
        _ if standing.stage != Stage::Full => Decision::Finish(standing.stage),
        Access::Finishing(_) => Decision::Forbid("signin.nothing_pending"),
        Access::SignedIn | Access::Proving => allow,
        Access::Confirmed | Access::ConfirmedFactor | Access::Enrolling if standing.is_confirmed() => allow,
        Access::Confirmed | Access::ConfirmedFactor | Access::Enrolling => Decision::StepUp(CONFIRM),
        _ if !standing.is_administrator => Decision::Forbid("authorization.administrator_required"),
        Access::Administrator => allow,
        Access::AdministratorConfirmed if standing.is_confirmed() => allow,
        Access::AdministratorConfirmed => Decision::StepUp(CONFIRM),
        Access::AdministratorFresh => match standing.two_factor_age {
            Some(age) if (0..FRESH_SECONDS).contains(&age) => allow,
            _ => Decision::Forbid("authorization.strength_required"),
        },
    }
}

/// Whoever wants to enter an app.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// The session.
    pub standing: Standing,
    /// The groups of its user.
    pub groups: &'a BTreeSet<Group>,
}

/// Decides about a request to an app. `caller` is the session, or the reason code for which there is none.
///
/// Every reading of the path must let the request in. A half-finished sign-in is nobody, even where nobody need be
/// signed in: the app is told of no one.
#[must_use]
pub fn admit(rules: &Rules, method: &str, path: &str, caller: Result<Visitor<'_>, &'static str>) -> Decision {
    let [exact, folded] = rules.entries(method, path);
    let decision = match enter(exact, caller) {
        Decision::Allow(_) if exact != folded => enter(folded, caller),
        decision => decision,
    };
    let is_open = *exact == Entry::Public && *folded == Entry::Public;
    let age = caller.ok().and_then(|visitor| visitor.standing.two_factor_age);
    match decision {
        Decision::Allow(_)
            if !is_open && rules.strengths(method, path).iter().any(|strength| !strength.is_met(age)) =>
        {
            Decision::StepUp("authorization.second_factor_required")
        }
        decision => decision,
    }
}

fn enter(entry: &Entry, caller: Result<Visitor<'_>, &'static str>) -> Decision {
    let full = caller.ok().filter(|visitor| visitor.standing.stage == Stage::Full);
    let groups = match entry {
        Entry::Public => return Decision::Allow(Permit { standing: full.map(|visitor| visitor.standing) }),
        Entry::Nobody => return Decision::Forbid("authorization.path_closed"),
        Entry::SignedIn => None,
        Entry::Groups(groups) => Some(groups),
    };
    let visitor = match caller {
        Err(reason) => return Decision::SignIn(reason),
        Ok(visitor) if visitor.standing.stage != Stage::Full => return Decision::Finish(visitor.standing.stage),
        Ok(visitor) => visitor,
    };
    if groups.is_some_and(|groups| !groups.iter().any(|group| visitor.groups.contains(group))) {
        return Decision::Forbid("authorization.group_required");
    }
    Decision::Allow(Permit { standing: Some(visitor.standing) })
}

/// The permit of a preflight (Fetch, section 4.8), which goes to the app without anything of its sender's.
#[must_use]
pub fn preflight() -> Permit {
    Permit { standing: None }
}

/// The reason code of a request that needs a finished sign-in and came with this stage.
#[must_use]
pub fn pending_code(stage: Stage) -> &'static str {
    match stage {
        Stage::SecondFactor => "signin.second_factor_pending",
        Stage::RecoveryMail => "signin.recovery_mail_pending",
        Stage::Recovery => "signin.recovery_pending",
        Stage::Enrolment => "signin.enrolment_pending",
        Stage::PasswordChange | Stage::Full => "signin.password_change_pending",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Strength;

    fn standing(stage: Stage, is_administrator: bool, two_factor_age: Option<i64>) -> Standing {
        Standing {
            session: "ses_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
            user: "usr_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
            stage,
            is_administrator,
            two_factor_age,
            confirmation_age: two_factor_age,
        }
    }

    const HALF: [Stage; 5] =
        [Stage::SecondFactor, Stage::RecoveryMail, Stage::PasswordChange, Stage::Recovery, Stage::Enrolment];

    const EVERY: [Access; 15] = [
        Access::Anyone,
        Access::AnySession,
        Access::Finishing(Stage::SecondFactor),
        Access::Finishing(Stage::RecoveryMail),
        Access::Finishing(Stage::PasswordChange),
        Access::Finishing(Stage::Recovery),
        Access::Finishing(Stage::Enrolment),
        Access::Proving,
        Access::Enrolling,
        Access::SignedIn,
        Access::Confirmed,
        Access::ConfirmedFactor,
        Access::Administrator,
        Access::AdministratorConfirmed,
        Access::AdministratorFresh,
    ];

    fn allowed(standing: Standing) -> Vec<Access> {
        EVERY.into_iter().filter(|access| matches!(decide(*access, Ok(standing)), Decision::Allow(_))).collect()
    }

    #[test]
    fn a_stranger_gets_only_what_anyone_gets() {
        for access in EVERY {
            let decision = decide(access, Err("session.missing"));
            match access {
                Access::Anyone => assert_eq!(decision, Decision::Allow(Permit { standing: None })),
                _ => assert_eq!(decision, Decision::SignIn("session.missing")),
            }
        }
    }

    #[test]
    fn a_half_finished_sign_in_can_only_finish_or_leave() {
        assert_eq!(HALF.len() + 1, Stage::ALL.len());
        for stage in HALF {
            // Even an administrator with fresh factors is nobody until the sign-in is finished.
            let mut expected = vec![Access::Anyone, Access::AnySession, Access::Finishing(stage)];
            match stage {
                Stage::SecondFactor | Stage::RecoveryMail => expected.push(Access::Proving),
                Stage::Recovery | Stage::Enrolment => expected.push(Access::Enrolling),
                Stage::PasswordChange | Stage::Full => {}
            }
            assert_eq!(allowed(standing(stage, true, Some(0))), expected);
        }
    }

    #[test]
    fn a_user_is_no_administrator() {
        let own = [Access::Proving, Access::Enrolling, Access::SignedIn, Access::Confirmed, Access::ConfirmedFactor];
        let expected = [&[Access::Anyone, Access::AnySession][..], &own].concat();
        assert_eq!(allowed(standing(Stage::Full, false, Some(0))), expected);
    }

    // CVE-2020-10686: factors are not changed on the strength of a session alone.
    #[test]
    fn a_change_of_factors_needs_a_proof_that_is_not_long_ago() {
        for (age, is_confirmed) in [(None, false), (Some(-1), false), (Some(899), true), (Some(900), false)] {
            let has = allowed(standing(Stage::Full, true, age));
            for access in
                [Access::Confirmed, Access::ConfirmedFactor, Access::Enrolling, Access::AdministratorConfirmed]
            {
                assert_eq!(has.contains(&access), is_confirmed, "{access:?} {age:?}");
                let asked = decide(access, Ok(standing(Stage::Full, true, age)));
                assert!(is_confirmed || asked == Decision::StepUp("authorization.confirmation_required"));
            }
        }
    }

    #[test]
    fn an_app_is_entered_as_its_rules_say() {
        let groups: BTreeSet<Group> = ["staff".parse().unwrap()].into();
        let visitor = |stage| Ok(Visitor { standing: standing(stage, true, Some(0)), groups: &groups });
        let asks = |entry| Rules { rules: Vec::new(), otherwise: entry, strength: Strength::Any };
        let staff = Entry::Groups(["staff".parse().unwrap()].into());
        let others = Entry::Groups(["others".parse().unwrap()].into());
        let user = |decision| matches!(decision, Decision::Allow(permit) if permit.user().is_some());
        for (entry, full) in [(Entry::Public, true), (Entry::SignedIn, true), (staff, true)] {
            let rules = asks(entry);
            assert_eq!(user(admit(&rules, "GET", "/", visitor(Stage::Full))), full);
            for stage in HALF {
                let half = admit(&rules, "GET", "/", visitor(stage));
                assert!(!user(half), "half a sign-in is nobody: {half:?}");
                let is_public = rules.otherwise == Entry::Public;
                assert_eq!(matches!(half, Decision::Finish(_)), !is_public);
            }
        }
        let forbid = |entry| admit(&asks(entry), "GET", "/", visitor(Stage::Full));
        assert_eq!(forbid(others), Decision::Forbid("authorization.group_required"));
        assert_eq!(forbid(Entry::Nobody), Decision::Forbid("authorization.path_closed"));
        let stranger = |entry| admit(&asks(entry), "GET", "/", Err("session.missing"));
        assert_eq!(stranger(Entry::SignedIn), Decision::SignIn("session.missing"));
        assert_eq!(stranger(Entry::Public), Decision::Allow(Permit { standing: None }));
    }

    #[test]
    fn an_app_can_ask_for_two_factors_and_for_a_fresh_one() {
        let groups = BTreeSet::new();
        let asked = |entry, strength, age| {
            let rules = Rules { rules: Vec::new(), otherwise: entry, strength };
            let visitor = Visitor { standing: standing(Stage::Full, false, age), groups: &groups };
            matches!(admit(&rules, "GET", "/", Ok(visitor)), Decision::Allow(_))
        };
        for (strength, age, is_in) in [
            (Strength::Any, None, true),
            (Strength::TwoFactors, None, false),
            (Strength::TwoFactors, Some(100_000), true),
            (Strength::Fresh(600), Some(599), true),
            (Strength::Fresh(600), Some(600), false),
            (Strength::Fresh(600), Some(-1), false),
            (Strength::Fresh(600), None, false),
        ] {
            assert_eq!(asked(Entry::SignedIn, strength, age), is_in, "{strength:?} {age:?}");
            assert!(asked(Entry::Public, strength, age), "what is public asks for nothing");
        }
    }

    #[test]
    fn freshness_needs_two_factors_and_passes() {
        for (age, is_fresh) in
            [(None, false), (Some(0), true), (Some(299), true), (Some(300), false), (Some(-1), false)]
        {
            let has = allowed(standing(Stage::Full, true, age)).contains(&Access::AdministratorFresh);
            assert_eq!(has, is_fresh, "{age:?}");
        }
    }
}
