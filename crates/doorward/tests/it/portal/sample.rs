//! One sample of every page, with names that try to break out of it.

use doorward::portal::page::{
    Account, AppLink, AppPasswordMade, AppPasswordRow, AppPasswords, Apps, AskAddress, Asked, Asking, ChoosePassword,
    Confirm, Demo, DeviceRow, EmailSetUp, Enrolment, FactorChallenge, FactorRow, FactorWay, Failure, FormNotSent,
    Handover, Invitation, LetterRow, Letters, LinkKind, LinkRow, OwnAddress, PastRow, People, PersonDetail, PersonNew,
    PersonRow, Prove, Question, Reasons, RecoveryCodes, Reset, ResetFactors, Security, SessionRow, SetUp, SignIn,
    SignedOut, Thing, TotpSetUp, Way,
};
use doorward::portal::{Banner, Chrome, Done, Moment, Page, Problem, Viewer};
use doorward_core::language::Language;
use doorward_core::session::EndReason;
use doorward_core::signin::Method;
use doorward_core::{UnixTime, reason};

const LINK: &str =
    "https://login.example.com/.doorward/invitation?token=dwi_YOn0KxDkpTDO-o9S-PD3s5ESUK8hG9Q8Sr1M1PqQWlw";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile/15E148 Safari/604.1";

/// What is written everywhere where a person may write: mostly a plain name, for tests one that breaks out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    /// In place of names, addresses and other free text.
    pub(crate) name: &'static str,
}

/// What people ask for by mail.
fn recovery(language: Language, words: Words) -> Vec<(&'static str, String)> {
    let ask = |asked, is_sent, problem| AskAddress {
        chrome: chrome(language),
        asked,
        email: words.name.into(),
        is_sent,
        problem,
    };
    let own = |is_proven, problem| OwnAddress {
        chrome: signed_in(language, words, false),
        present: words.name.into(),
        is_proven,
        email: words.name.into(),
        problem,
        done: Some(Done::LetterSent),
    };
    let set_up = SetUp {
        chrome: chrome(language),
        token: words.name.into(),
        email: words.name.into(),
        name: words.name.into(),
        password_minimum: 15,
        problem: Some(Problem::of("user.email_invalid")),
    };
    let token = words.name.into();
    let letter = LetterRow {
        to: words.name.into(),
        at: moment(0),
        subject: words.name.into(),
        text: words.name.into(),
        link: Some("http://localhost:8000/.doorward/reset?token=x".into()),
    };
    vec![
        ("forgotten", ask(Asked::Password, false, None).html()),
        ("forgotten-refused", ask(Asked::Password, false, Some(Problem::of("user.email_invalid"))).html()),
        ("forgotten-sent", ask(Asked::Password, true, None).html()),
        ("register", ask(Asked::Account, false, Some(Problem::of("user.domain_closed"))).html()),
        ("register-sent", ask(Asked::Account, true, None).html()),
        ("address", own(false, None).html()),
        ("address-proven", own(true, Some(Problem::of("password.wrong_current"))).html()),
        ("prove", Prove { chrome: chrome(language), token, email: words.name.into() }.html()),
        ("set-up", set_up.html()),
        ("letters", Letters { chrome: chrome(language), letters: vec![letter] }.html()),
    ]
}

/// Every page under a name for its file.
pub(crate) fn pages(language: Language, words: Words) -> Vec<(&'static str, String)> {
    let mut pages = strangers(language, words);
    pages.extend(own(language, words));
    pages.extend(recovery(language, words));
    pages.extend(factors(language, words));
    pages.extend(administration(language, words));
    pages.extend(failures(language, words));
    pages
}

fn chrome(language: Language) -> Chrome {
    Chrome {
        language,
        csrf_token: "1754631055:YOn0KxDkpTDO-o9S-PD3s5ESUK8hG9Q8Sr1M1PqQWlw:f51e6a".into(),
        request_id: "req_BwcHBwcHBwcHBwcHBwcHBw".into(),
        ..Chrome::default()
    }
}

fn signed_in(language: Language, words: Words, is_administrator: bool) -> Chrome {
    let viewer = Viewer { name: words.name.into(), email: "ada@example.com".into(), is_administrator };
    Chrome { viewer: Some(viewer), ..chrome(language) }
}

fn bannered(language: Language) -> Chrome {
    let wrong = Banner::WrongAddress("https://login.example.com/".into());
    let banners = vec![Banner::Development, Banner::InsecureHttp, wrong, Banner::SecondFactorDue(3)];
    Chrome { banners, address: Some("https://login.example.com".into()), ..chrome(language) }
}

fn moment(days: i64) -> Moment {
    Moment(UnixTime(1_767_225_600) + days * 86_400)
}

fn sign_in(language: Language) -> SignIn {
    SignIn {
        has_mail: true,
        can_register: true,
        chrome: chrome(language),
        email: String::new(),
        can_stay: true,
        stay: false,
        return_to: String::new(),
        app: None,
        problem: None,
        ended: None,
        done: None,
    }
}

fn strangers(language: Language, words: Words) -> Vec<(&'static str, String)> {
    let refused = SignIn {
        email: words.name.into(),
        stay: true,
        return_to: format!("/{}", words.name),
        app: Some(words.name.into()),
        problem: Some(Problem::of("signin.credentials_wrong")),
        ..sign_in(language)
    };
    let waiting =
        SignIn { problem: Some(Problem::of("signin.account_wait").with_retry_after(Some(200))), ..sign_in(language) };
    let ended = SignIn { ended: reason::find("session.idle_timeout"), chrome: bannered(language), ..sign_in(language) };
    let made = SignIn { done: Some(Done::AccountMade), ..sign_in(language) };
    vec![
        ("sign-in", sign_in(language).html()),
        ("sign-in-refused", refused.html()),
        ("sign-in-waiting", waiting.html()),
        ("sign-in-ended", ended.html()),
        ("sign-in-made", made.html()),
        ("signed-out", SignedOut { chrome: chrome(language), ended: None }.html()),
        ("signed-out-why", SignedOut { chrome: chrome(language), ended: reason::find("session.revoked") }.html()),
        ("choose-password", choose_password(language, words).html()),
        ("invitation", invitation(language, words).html()),
        ("reset", reset(language, words).html()),
        (
            "reset-factors",
            ResetFactors { chrome: chrome(language), token: words.name.into(), email: words.name.into() }.html(),
        ),
    ]
}

fn choose_password(language: Language, words: Words) -> ChoosePassword {
    let problem = Some(Problem::of("password.common"));
    let (email, return_to) = (words.name.into(), format!("/{}", words.name));
    ChoosePassword { chrome: chrome(language), email, return_to, password_minimum: 12, problem }
}

fn challenge(language: Language, words: Words, way: FactorWay) -> FactorChallenge {
    FactorChallenge {
        chrome: chrome(language),
        asking: Asking::SignIn,
        email: words.name.into(),
        way: Some(way),
        others: FactorWay::ALL.into_iter().filter(|other| *other != way).collect(),
        by_password: false,
        needs_factor: false,
        can_trust: Some(90),
        is_sent: false,
        return_to: format!("/{}", words.name),
        problem: None,
    }
}

fn challenges(language: Language, words: Words) -> Vec<(&'static str, String)> {
    let wrong = FactorChallenge {
        problem: Some(Problem::of("factor.code_wrong")),
        ..challenge(language, words, FactorWay::Totp)
    };
    let mail = FactorChallenge { is_sent: true, ..challenge(language, words, FactorWay::Email) };
    let again = FactorChallenge {
        chrome: signed_in(language, words, false),
        asking: Asking::Again,
        way: None,
        others: Vec::new(),
        by_password: true,
        ..challenge(language, words, FactorWay::Totp)
    };
    let app = FactorChallenge { needs_factor: true, by_password: false, ..challenge(language, words, FactorWay::Totp) };
    let nothing = FactorChallenge { way: None, others: Vec::new(), ..challenge(language, words, FactorWay::Totp) };
    let address = FactorChallenge {
        asking: Asking::RecoveryMail,
        others: Vec::new(),
        ..challenge(language, words, FactorWay::Email)
    };
    vec![
        ("challenge", challenge(language, words, FactorWay::Totp).html()),
        ("challenge-wrong", wrong.html()),
        ("challenge-passkey", challenge(language, words, FactorWay::Passkey).html()),
        ("challenge-mail", mail.html()),
        ("challenge-code", challenge(language, words, FactorWay::RecoveryCode).html()),
        ("challenge-nothing", nothing.html()),
        ("challenge-app", app.html()),
        ("confirm-password", again.html()),
        ("recovery-mail", address.html()),
    ]
}

fn factors(language: Language, words: Words) -> Vec<(&'static str, String)> {
    let enrolment = |is_recovery| Enrolment {
        chrome: chrome(language),
        email: words.name.into(),
        is_recovery,
        can_email: true,
        needs_key: !is_recovery,
        return_to: format!("/{}", words.name),
        problem: None,
    };
    let sheet = |codes| RecoveryCodes {
        chrome: signed_in(language, words, false),
        email: words.name.into(),
        codes,
        next: format!("/{}", words.name),
        return_to: format!("/{}", words.name),
    };
    let totp = TotpSetUp {
        chrome: signed_in(language, words, false),
        challenge: words.name.into(),
        key: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".into(),
        picture: doorward::portal::qr::svg(&doorward_core::Secret::new("otpauth://totp/x:y?secret=GEZDGNBVGY3TQOJQ")),
        name: words.name.into(),
        return_to: format!("/{}", words.name),
        problem: Some(Problem::of("factor.code_wrong")),
    };
    let email =
        EmailSetUp { chrome: signed_in(language, words, false), return_to: format!("/{}", words.name), problem: None };
    let mut pages = challenges(language, words);
    pages.extend([
        ("enrolment", enrolment(false).html()),
        ("recovery", enrolment(true).html()),
        ("recovery-codes-ask", sheet(Vec::new()).html()),
        ("recovery-codes", sheet(vec!["k7qm-2xvd-9hte-4wnc".into(); 10]).html()),
        ("totp", totp.html()),
        ("email-codes", email.html()),
        ("security", security(language, words).html()),
        ("security-bare", Security { factors: Vec::new(), devices: Vec::new(), ..security(language, words) }.html()),
    ]);
    pages
}

fn security(language: Language, words: Words) -> Security {
    let factor = |way, is_elsewhere| FactorRow {
        id: "crd_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
        way,
        name: words.name.into(),
        created_at: moment(-3),
        last_used_at: if is_elsewhere { None } else { Some(moment(0)) },
        is_elsewhere,
    };
    let device = DeviceRow {
        id: "crd_BwcHBwcHBwcHBwcHBwcHBg".parse().unwrap(),
        name: words.name.into(),
        address: "192.0.2.7".into(),
        last_used_at: moment(0),
    };
    Security {
        chrome: signed_in(language, words, false),
        factors: vec![factor(FactorWay::Totp, false), factor(FactorWay::Passkey, true)],
        is_suggested: true,
        recovery_codes: 0,
        can_email: true,
        needs_key: false,
        allows_devices: true,
        can_trust: true,
        devices: vec![device],
        return_to: format!("/{}", words.name),
        problem: None,
        done: Some(Done::FactorAdded),
    }
}

fn invitation(language: Language, words: Words) -> Invitation {
    Invitation {
        is_invited: true,
        chrome: chrome(language),
        token: words.name.into(),
        email: words.name.into(),
        name: words.name.into(),
        password_minimum: 12,
        problem: Some(Problem::of("user.name_invalid")),
    }
}

fn reset(language: Language, words: Words) -> Reset {
    let token = words.name.into();
    Reset { chrome: chrome(language), token, email: words.name.into(), password_minimum: 12, problem: None }
}

fn session(device: &str, days: i64, is_this: bool) -> SessionRow {
    SessionRow {
        id: "ses_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
        device: device.into(),
        address: if is_this { "2001:db8:1234:5678:9abc:def0:1234:5678" } else { "192.0.2.7" }.into(),
        created_at: moment(-days),
        last_seen: moment(0),
        is_this,
        is_api: device.starts_with("curl"),
        is_half: days == 20,
        methods: [Method::Password, Method::OneTimeCode].into_iter().collect(),
    }
}

fn past(reason: EndReason) -> PastRow {
    PastRow {
        device: "curl/8.14.1".into(),
        address: "192.0.2.7".into(),
        created_at: moment(-9),
        ended_at: moment(-1),
        reason,
    }
}

fn own(language: Language, words: Words) -> Vec<(&'static str, String)> {
    let app = |name: &str, url: &str| AppLink { name: name.into(), url: url.into() };
    let apps = vec![app(words.name, "https://wiki.example.com/"), app("photos", "https://photos.example.com/album/")];
    let landing = Apps { chrome: signed_in(language, words, true), apps, has_demo: false };
    let simple = Apps { chrome: signed_in(language, words, false), apps: Vec::new(), has_demo: true };
    let sessions = vec![
        session(FIREFOX, 1, true),
        session(IPHONE, 20, false),
        session("curl/8.14.1", 3, false),
        session(words.name, 4, false),
    ];
    let headers = vec![("x-doorward-user".into(), words.name.into()), ("x-doorward-jwt".into(), "e30.e30.".repeat(20))];
    vec![
        ("apps", landing.html()),
        ("apps-simple", simple.html()),
        ("account", account(language, words, sessions, None).html()),
        (
            "account-refused",
            account(language, words, vec![session(FIREFOX, 1, true)], Some("password.wrong_current")).html(),
        ),
        ("app-passwords", app_passwords(language, words).html()),
        (
            "app-passwords-none",
            AppPasswords { apps: Vec::new(), passwords: Vec::new(), ..app_passwords(language, words) }.html(),
        ),
        (
            "app-password-made",
            AppPasswordMade {
                chrome: signed_in(language, words, true),
                app: words.name.into(),
                email: words.name.into(),
                secret: "dwk_YOn0KxDkpTDO-o9S-PD3s5ESUK8hG9Q8Sr1M1PqQWlw".into(),
                expires_at: Some(moment(30)),
            }
            .html(),
        ),
        ("demo", Demo { chrome: signed_in(language, words, true), headers }.html()),
    ]
}

fn app_passwords(language: Language, words: Words) -> AppPasswords {
    let row = |name: &str, days: Option<i64>| AppPasswordRow {
        id: "crd_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
        name: name.into(),
        app: words.name.into(),
        created_at: moment(-40),
        last_used_at: days.map(moment),
        expires_at: days.map(moment),
        is_over: days.is_some(),
    };
    AppPasswords {
        chrome: signed_in(language, words, true),
        apps: vec!["calendar".into(), words.name.into()],
        passwords: vec![row(words.name, None), row("Phone", Some(-3))],
        app: words.name.into(),
        name: words.name.into(),
        needs_confirmation: false,
        problem: Some(Problem::of("user.name_invalid")),
        done: None,
    }
}

fn account(language: Language, words: Words, sessions: Vec<SessionRow>, code: Option<&str>) -> Account {
    Account {
        has_mail: true,
        chrome: signed_in(language, words, true),
        groups: vec!["admins".into(), words.name.into()],
        created_at: moment(-200),
        password_changed_at: moment(-50),
        password_minimum: 12,
        sessions,
        past: vec![past(EndReason::SignedOut), past(EndReason::PasswordChanged)],
        problem: code.map(Problem::of),
        done: code.is_none().then_some(Done::PasswordChanged),
    }
}

fn person(name: &str, email: &str, is_active: bool) -> PersonRow {
    PersonRow {
        id: "usr_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
        name: name.into(),
        email: email.into(),
        groups: if is_active { vec!["admins".into(), "family".into()] } else { Vec::new() },
        is_active,
        is_self: email == "ada@example.com",
    }
}

fn people(language: Language, words: Words) -> People {
    let link = |email: &str, kind| LinkRow {
        id: "lnk_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap(),
        email: email.into(),
        kind,
        expires_at: moment(7),
    };
    People {
        chrome: signed_in(language, words, true),
        search: String::new(),
        people: vec![
            person("Ada Lovelace", "ada@example.com", true),
            person("Grace Hopper", "a-very-long-address-of-somebody@department.of.something.example.com", true),
            person(words.name, words.name, false),
        ],
        is_later: true,
        next: Some(words.name.into()),
        links: vec![
            link("mary@example.com", LinkKind::Invitation),
            link(words.name, LinkKind::Registration),
            link(words.name, LinkKind::Reset),
            link(words.name, LinkKind::Address),
            link(words.name, LinkKind::FactorReset),
            link(words.name, LinkKind::EmergencyAccess),
        ],
        problem: None,
        done: Some(Done::LinkWithdrawn),
    }
}

fn detail(language: Language, words: Words, is_active: bool) -> PersonDetail {
    PersonDetail {
        chrome: signed_in(language, words, true),
        person: person(words.name, words.name, is_active),
        groups: "admins family".into(),
        created_at: moment(-3),
        sessions: if is_active { vec![session("curl/8", 2, false)] } else { Vec::new() },
        past: if is_active { EndReason::ALL.iter().map(|reason| past(*reason)).collect() } else { Vec::new() },
        problem: is_active.then(|| Problem::of("user.last_administrator")),
        done: (!is_active).then_some(Done::Disabled),
    }
}

fn administration(language: Language, words: Words) -> Vec<(&'static str, String)> {
    let chrome = || signed_in(language, words, true);
    let nobody = People {
        people: Vec::new(),
        links: Vec::new(),
        search: words.name.into(),
        next: None,
        ..people(language, words)
    };
    let new = |is_by_password, problem| PersonNew {
        chrome: chrome(),
        is_by_password,
        email: words.name.into(),
        name: words.name.into(),
        groups: words.name.into(),
        problem,
    };
    let handover = |thing, secret: &str| Handover {
        chrome: chrome(),
        thing,
        email: words.name.into(),
        secret: secret.into(),
        expires_at: (thing != Thing::TemporaryPassword).then(|| moment(7)),
    };
    let id = "usr_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap();
    let confirm = |question| Confirm { chrome: chrome(), question }.html();
    vec![
        ("people", people(language, words).html()),
        ("people-nobody", nobody.html()),
        ("person", detail(language, words, true).html()),
        ("person-disabled", detail(language, words, false).html()),
        ("person-new", new(false, None).html()),
        ("person-new-refused", new(true, Some(Problem::of("user.email_taken"))).html()),
        ("handover", handover(Thing::Invitation, LINK).html()),
        ("handover-reset", handover(Thing::Reset, LINK).html()),
        ("handover-factors", handover(Thing::FactorReset, LINK).html()),
        ("handover-password", handover(Thing::TemporaryPassword, words.name).html()),
        ("confirm-sign-out", confirm(Question::SignOut)),
        ("confirm-others", confirm(Question::EndOthers)),
        ("confirm-disable", confirm(Question::Disable { id, email: words.name.into() })),
        ("confirm-sessions", confirm(Question::EndSessions { id, email: words.name.into() })),
    ]
}

fn failures(language: Language, words: Words) -> Vec<(&'static str, String)> {
    let failure = |chrome, problem, way| Failure { chrome, problem, way }.html();
    let not_sent = FormNotSent {
        chrome: chrome(language),
        problem: Problem::of("session.idle_timeout"),
        return_to: format!("/{}", words.name),
    };
    vec![
        ("failure", failure(chrome(language), Problem::of("http.internal").with_hint(words.name), Way::Start)),
        (
            "failure-csrf",
            failure(chrome(language), Problem::of("csrf.token_expired"), Way::Again("/.doorward/sign-in".into())),
        ),
        (
            "failure-busy",
            failure(chrome(language), Problem::of("http.overloaded").with_retry_after(Some(5)), Way::Nowhere),
        ),
        (
            "failure-forbidden",
            failure(signed_in(language, words, false), Problem::of("authorization.administrator_required"), Way::Start),
        ),
        ("failure-session", failure(chrome(language), Problem::of("session.revoked"), Way::SignIn(words.name.into()))),
        ("form-not-sent", not_sent.html()),
        ("reasons", Reasons { chrome: chrome(language) }.html()),
    ]
}
