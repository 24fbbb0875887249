//! Tests of the table of live sessions.

use doorward_core::random::Random as _;
use doorward_core::session::{Kind, Profile, Stage};
use doorward_core::signin::Proven;
use doorward_core::user::Status;

use super::*;
use crate::identity::tests::Seed;

const NOW: UnixTime = UnixTime(1_800_000_000);

fn user(seed: &Seed) -> Arc<User> {
    Arc::new(User {
        id: UserId::random(seed),
        email: "ada@example.com".parse().unwrap(),
        name: "Ada".parse().unwrap(),
        groups: [].into(),
        status: Status::Active,
        password: None,
        password_changed_at: NOW,
        must_change_password: false,
        created_at: NOW,
    })
}

fn session(seed: &Seed, user: &User) -> (String, Session) {
    let (cookie, token) = token::mint(token::Kind::Session, seed);
    let session = Session {
        id: SessionId::random(seed),
        token: Some(token),
        handle: LoginHandle::random(seed),
        user: user.id,
        kind: Kind::Browser,
        stage: Stage::Full,
        proven: Proven::default(),
        credential: None,
        is_persistent: false,
        created_at: NOW,
        authenticated_at: NOW,
        last_seen: NOW,
        address: [192, 0, 2, 1].into(),
        device: "Test/1".into(),
    };
    (cookie.expose_secret().to_owned(), session)
}

fn table(is_shared: bool) -> Table {
    Table::new(Profile::Strict.timeouts(), is_shared)
}

#[test]
fn without_news_of_other_nodes_nobody_is_believed() {
    let (seed, table) = (Seed::new(1), table(true));
    let owner = user(&seed);
    let (cookie, session) = session(&seed, &owner);
    table.insert(&session, &owner);
    let code = |seconds: i64| table.find(&cookie, NOW + seconds).err().unwrap_or("ok");
    assert_eq!(code(0), "store.unavailable", "nothing was heard yet");
    table.heard(NOW);
    assert_eq!((code(0), code(59), code(60)), ("ok", "ok", "store.unavailable"));
    // A clock that goes back must not make old news young again.
    assert_eq!((code(-2), code(-3)), ("ok", "store.unavailable"));
    assert_eq!(table.find("dws_unknown", NOW + 60).unwrap_err(), "session.unknown");
    table.heard(NOW + 60);
    assert_eq!(code(60), "ok");
}

#[test]
fn a_node_of_its_own_goes_on_without_its_database() {
    let (seed, table) = (Seed::new(1), table(false));
    let owner = user(&seed);
    let (cookie, session) = session(&seed, &owner);
    table.insert(&session, &owner);
    assert!(table.find(&cookie, NOW + 899).is_ok());
}

#[test]
fn every_index_agrees_after_any_order_of_changes() {
    let (seed, table) = (Seed::new(7), table(false));
    let owners: Vec<_> = (0..20).map(|_| user(&seed)).collect();
    let mut alive = Vec::new();
    let mut gone = Vec::new();
    for round in 0..5_000_usize {
        let mut byte = [0];
        seed.fill(&mut byte);
        if byte[0] < 150 || alive.is_empty() {
            let owner = &owners[round % owners.len()];
            let (cookie, session) = session(&seed, owner);
            assert!(table.insert(&session, owner).is_some());
            alive.push((cookie, session));
        } else {
            let (cookie, session) = alive.swap_remove(usize::from(byte[0]) % alive.len());
            assert!(table.end(session.id, EndReason::Revoked) && !table.end(session.id, EndReason::SignedOut));
            gone.push((cookie, session));
        }
    }
    assert_eq!(table.len(), alive.len());
    for (cookie, session) in &alive {
        assert_eq!(table.find(cookie, NOW).unwrap().id, session.id);
        assert_eq!(table.find_id(session.id, NOW).unwrap().token, session.token);
    }
    for (cookie, session) in &gone {
        assert_eq!(table.find(cookie, NOW).unwrap_err(), "session.revoked");
        // What was read before it ended is not added after it.
        assert!(table.insert(session, &owners[0]).is_none());
    }
    let listed: usize = owners.iter().map(|owner| table.sessions_of(owner.id, NOW).len()).sum();
    assert_eq!(listed, alive.len());
    for (_, session) in alive {
        table.end(session.id, EndReason::SignedOut);
    }
    assert!(table.is_empty() && table.owners.read().is_empty());
    table.prune();
    assert!(table.devices.lock().is_empty());
}

#[test]
fn the_memory_of_ended_sessions_is_bounded() {
    let (seed, table) = (Seed::new(3), table(false));
    let owner = user(&seed);
    let mut cookies = Vec::new();
    for _ in 0..=REMEMBERED {
        let (cookie, session) = session(&seed, &owner);
        table.insert(&session, &owner);
        table.end(session.id, EndReason::SignedOut);
        cookies.push(cookie);
    }
    let code = |index: usize| table.find(&cookies[index], NOW).unwrap_err();
    assert_eq!((code(0), code(1), code(REMEMBERED)), ("session.unknown", "session.signed_out", "session.signed_out"));
}

#[test]
fn a_session_is_noted_at_most_once_a_minute() {
    let (seed, table) = (Seed::new(4), table(false));
    let owner = user(&seed);
    let (cookie, session) = session(&seed, &owner);
    table.insert(&session, &owner);
    for second in 0..600 {
        table.find(&cookie, NOW + second).unwrap();
    }
    let noted = table.take_noted();
    assert_eq!(noted.iter().map(|(live, at)| (live.id, *at)).collect::<Vec<_>>(), [(session.id, NOW + 599)]);
    table.find(&cookie, NOW + 599).unwrap();
    assert!(table.take_noted().is_empty());
}

#[test]
fn a_live_session_ends_by_the_same_rule_as_a_stored_one() {
    let seed = Seed::new(5);
    let owner = user(&seed);
    let (_, stored) = session(&seed, &owner);
    for profile in Profile::ALL {
        let timeouts = profile.timeouts();
        let edges = [0, 599, 600, timeouts.idle - 1, timeouts.idle, timeouts.absolute - 1, timeouts.absolute];
        let every = edges.into_iter().flat_map(|seen| edges.map(|passed| (seen, passed)));
        for ((seen, passed), stage) in every.flat_map(|times| Stage::ALL.iter().map(move |stage| (times, *stage))) {
            let session = Session { stage, last_seen: NOW + seen, ..stored.clone() };
            let live = Live::new(&session, "Test/1".into(), Arc::new(Account::new(Arc::clone(&owner))));
            let now = NOW + seen.max(passed);
            assert_eq!(live.check(now, timeouts), session.check(now, timeouts), "{stage:?} {seen} {passed}");
            assert_eq!(live.to_session(), session);
        }
    }
}
