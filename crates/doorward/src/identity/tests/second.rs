//! Second factors over days, steps of the clock, restarts and a clock that goes back.

use doorward_core::factor::base32;
use doorward_core::factor::totp::{TotpKey, step_at};
use doorward_core::session::Stage;

use super::factor::{Answer, TotpConfirmation, Typed};
use super::*;

pub(super) struct App(TotpKey);

impl App {
    pub(super) async fn enrol(house: &House, live: &Live) -> (Self, Arc<Live>) {
        Self::enrol_at(house, &visit(), live).await
    }

    pub(super) async fn enrol_at(house: &House, visit: &Visit, live: &Live) -> (Self, Arc<Live>) {
        let offer = house.identity.offer_totp(live).await.unwrap();
        let bytes = base32::decode(base32::STANDARD, offer.key.expose_secret()).unwrap();
        let app = Self(TotpKey::from_bytes(bytes.try_into().unwrap()));
        let confirmation = TotpConfirmation {
            challenge: offer.challenge.expose_secret(),
            code: &app.code(house.identity.now()),
            name: "Telephone".parse().unwrap(),
        };
        let signed_in = house.identity.confirm_totp(visit, live, confirmation).await.unwrap();
        (app, signed_in.live)
    }

    pub(super) fn code(&self, at: UnixTime) -> Secret {
        Secret::new(format!("{:06}", self.0.code(u64::try_from(step_at(at)).unwrap())))
    }
}

pub(super) fn typed(code: Secret) -> Answer {
    Answer { typed: Typed::Totp(code), trust: None }
}

// PATTERN-CLOCK-BACK, CVE-2026-82470: a clock that goes back makes no code good again, and a restart forgets none.
#[tokio::test]
async fn no_clock_and_no_restart_makes_a_code_good_again() {
    let house = House::with_ada().await;
    let (live, _) = house.browser().await;
    let (app, _) = App::enrol(&house, &live).await;
    house.clock.forward(60);
    let (code, then) = (app.code(house.identity.now()), house.identity.now());
    let half = house.browser().await.0;
    assert_eq!(half.stage, Stage::SecondFactor);
    assert_eq!(house.identity.prove(&visit(), &half, typed(code.clone())).await.unwrap().live.stage, Stage::Full);
    for step in [0, -30, -3_600] {
        house.clock.forward(step);
        let half = house.browser().await.0;
        let refused = super::code(house.identity.prove(&visit(), &half, typed(code.clone())).await);
        // A guess after the clock went back waits until it has come as far as it was.
        assert!(["factor.code_used", "factor.code_wrong", "factor.wait"].contains(&refused), "{refused}");
    }
    house.clock.forward(then.0 - house.identity.now().0 + 30);
    let half = house.browser().await.0;
    let next = app.code(house.identity.now());
    assert!(house.identity.prove(&visit(), &half, typed(next)).await.is_ok());
}

#[tokio::test]
async fn when_the_days_of_grace_are_over_one_factor_is_not_enough_any_more() {
    let house = House::with_ada().await;
    let (_, cookie) = house.browser().await;
    house.clock.forward(6 * 86_400);
    house.identity.sweep().await.unwrap();
    assert_eq!(house.code(&cookie), "ok");
    house.identity.session_by_cookie(&cookie).unwrap();
    let (_, second) = house.browser().await;
    house.clock.forward(86_400 + 1);
    house.identity.sweep().await.unwrap();
    assert_eq!(house.code(&second), "session.enrolment_due");
    // The count began once: a clock that goes back, or another sign-in, begins it no second time.
    for _ in 0..2 {
        assert_eq!(house.browser().await.0.stage, Stage::Enrolment);
    }
    let (live, _) = house.browser().await;
    let (_, whole) = App::enrol(&house, &live).await;
    assert_eq!((whole.stage, whole.methods.acr()), (Stage::Full, "aal2"));
}

// CVE-2020-10686: what protects an account is changed only by whoever has lately proven it.
#[tokio::test]
async fn a_confirmation_is_of_the_strongest_that_there_is() {
    let house = House::with_ada().await;
    let (live, _) = house.browser().await;
    house.clock.forward(60);
    assert_eq!(house.identity.confirmation_age(&live).await.unwrap(), Some(60));
    let (_, cookie) = house.browser().await;
    let (app, whole) = App::enrol(&house, &live).await;
    assert_eq!(house.identity.confirmation_age(&whole).await.unwrap(), Some(0));
    // A session that was made before knows only the password, and so would one of a thief: it is over.
    assert_eq!(house.code(&cookie), "session.factor_added");
    assert_eq!(
        code(house.identity.confirm_password(&visit(), &whole, &Secret::new(PASSWORD)).await),
        "factor.way_closed"
    );
    house.clock.forward(30);
    let now = house.identity.now();
    let raised = house.identity.prove(&visit(), &whole, typed(app.code(now))).await.unwrap();
    assert_eq!((raised.live.methods.acr(), raised.live.handle), ("aal2", whole.handle));
    assert_eq!(house.identity.confirmation_age(&raised.live).await.unwrap(), Some(0));
}
