//! The steps that a flow is made of, out of their plain words.

use super::text::Text;
use super::words::{Word, cut};

/// Something on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Thing {
    /// By what a person calls it: a label, or what stands on it.
    Named(Text),
    /// By a selector.
    Selector(String),
}

/// What is written into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// A text.
    Written(Text),
    /// The present code of an authenticator app with this key.
    CodeOf(Text),
}

/// What must be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expectation {
    /// The page shows this text.
    Shown(Text),
    /// The page does not show this text.
    NotShown(Text),
    /// The page stands at this path or address.
    Address(Text),
    /// The page has this title.
    Title(Text),
    /// The page came with this status.
    Status(u64),
    /// Somebody is signed in.
    SignedIn,
    /// Nobody is.
    SignedOut,
    /// No cookie was refused or held back so far.
    NoRefusedCookie,
    /// No error was written to the console so far.
    NoConsoleError,
    /// The jar holds this cookie, or does not.
    Cookie(Text, bool),
    /// Local or session storage holds something under this name, or does not.
    Stored(Text, bool),
    /// The latest request to this path had or got something.
    Request(Text, Trait),
}

/// What a request had or got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trait {
    /// This status.
    Answered(u64),
    /// This header was sent, or was not.
    SentHeader(Text, bool),
    /// This cookie was sent, or was not.
    SentCookie(Text, bool),
    /// This text stands in the body of the answer.
    Holds(Text),
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Open an address.
    Open(Text),
    /// Write into a field.
    Fill(Thing, Content),
    /// Choose an option of a list.
    Choose(Text, Thing),
    /// Click.
    Click(Thing),
    /// Press a key.
    Press(String),
    /// Answer a dialog with yes or no.
    Answer(bool),
    /// Keep what stands in a field or an element as a value.
    Keep(Thing, String),
    /// From here on there is a passkey device, and a person who says yes.
    Passkey,
    /// Ask an address from within the page, as its scripts do, with a header or without.
    Call(String, Text, Option<Text>),
    /// Keep a field of the JSON that an address answered as a value.
    KeepField(String, Text, String),
    /// Check something.
    Expect(Expectation),
    /// Sign out.
    SignOut,
    /// Take a picture.
    Picture(String),
}

/// How the steps are written.
const FORMS: &str = "open ADDRESS, fill \"FIELD\" with \"TEXT\", fill \"FIELD\" with code of \"KEY\", choose \"OPTION\" in \"FIELD\", \
     click \"NAME\", press KEY, answer yes|no, keep \"FIELD\" as NAME, keep \"KEY\" of request PATH as NAME, passkey, call METHOD PATH [with \"HEADER: VALUE\"], expect …, sign out, picture \"NAME\"";
const EXPECTATIONS: &str = "expect [no] text \"TEXT\", expect address \"PATH\", expect title \"TEXT\", expect status NUMBER, expect signed in|out, \
     expect no refused cookie, expect no console error, expect [no] cookie NAME, expect [nothing] stored NAME, \
     expect request PATH answered NUMBER | sent [no] header NAME | sent [no] cookie NAME | holds \"TEXT\"";

impl Step {
    /// Reads a step.
    ///
    /// # Errors
    ///
    /// How steps are written, where this is none.
    pub(super) fn read(line: &str) -> Result<Self, String> {
        let words = cut(line)?;
        let views: Vec<View<'_>> = words.iter().map(View::of).collect();
        step(&views)?.ok_or_else(|| {
            let is_expectation = views.first() == Some(&View::Bare("expect"));
            format!("this is no step; steps are {}", if is_expectation { EXPECTATIONS } else { FORMS })
        })
    }

    /// The texts in it.
    pub(super) fn texts(&self) -> Vec<&Text> {
        fn of(thing: &Thing) -> Vec<&Text> {
            match thing {
                Thing::Named(text) => vec![text],
                Thing::Selector(_) => Vec::new(),
            }
        }
        match self {
            Self::Open(text) | Self::Call(_, text, None) | Self::KeepField(_, text, _) => vec![text],
            Self::Call(_, text, Some(header)) => vec![text, header],
            Self::Fill(thing, Content::Written(text) | Content::CodeOf(text)) | Self::Choose(text, thing) => {
                [of(thing), vec![text]].concat()
            }
            Self::Click(thing) | Self::Keep(thing, _) => of(thing),
            Self::Expect(expectation) => expectation.texts(),
            _ => Vec::new(),
        }
    }
}

impl Expectation {
    fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Request(text, Trait::Holds(more) | Trait::SentHeader(more, _) | Trait::SentCookie(more, _)) => {
                vec![text, more]
            }
            Self::Shown(text)
            | Self::NotShown(text)
            | Self::Address(text)
            | Self::Title(text)
            | Self::Cookie(text, _)
            | Self::Stored(text, _)
            | Self::Request(text, Trait::Answered(_)) => vec![text],
            _ => Vec::new(),
        }
    }
}

/// A part of a line, for matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View<'a> {
    Bare(&'a str),
    Quoted(&'a str),
}

impl<'a> View<'a> {
    fn of(word: &'a Word) -> Self {
        match word {
            Word::Bare(text) => Self::Bare(text),
            Word::Quoted(text) => Self::Quoted(text),
        }
    }

    fn said(self) -> &'a str {
        match self {
            Self::Bare(text) | Self::Quoted(text) => text,
        }
    }

    fn text(self) -> Result<Text, String> {
        Text::read(self.said())
    }

    fn thing(self) -> Result<Thing, String> {
        Ok(match self {
            Self::Bare(selector) => Thing::Selector(selector.to_owned()),
            Self::Quoted(name) => Thing::Named(Text::read(name)?),
        })
    }
}

type Read<T> = Result<Option<T>, String>;

fn step(words: &[View<'_>]) -> Read<Step> {
    use View::Bare as B;
    Ok(Some(match words {
        [B("open"), address] => Step::Open(address.text()?),
        [B("fill"), field, B("with"), B("code"), B("of"), key] => {
            Step::Fill(field.thing()?, Content::CodeOf(key.text()?))
        }
        [B("fill"), field, B("with"), text @ View::Quoted(_)] => {
            Step::Fill(field.thing()?, Content::Written(text.text()?))
        }
        [B("choose"), option, B("in"), field] => Step::Choose(option.text()?, field.thing()?),
        [B("click"), thing] => Step::Click(thing.thing()?),
        [B("press"), key] => Step::Press(key.said().to_owned()),
        [B("answer"), B(word @ ("yes" | "no"))] => Step::Answer(*word == "yes"),
        [B("keep"), thing, B("as"), B(name)] => Step::Keep(thing.thing()?, (*name).to_owned()),
        [B("passkey")] => Step::Passkey,
        [B("keep"), View::Quoted(field), B("of"), B("request"), path, B("as"), B(name)] => {
            Step::KeepField((*field).to_owned(), path.text()?, (*name).to_owned())
        }
        [B("call"), B(method), path] => Step::Call(method.to_ascii_uppercase(), path.text()?, None),
        [B("call"), B(method), path, B("with"), header] => {
            Step::Call(method.to_ascii_uppercase(), path.text()?, Some(header.text()?))
        }
        [B("sign"), B("out")] => Step::SignOut,
        [B("picture"), name] => Step::Picture(name.said().to_owned()),
        [B("expect"), rest @ ..] => return Ok(expectation(rest)?.map(Step::Expect)),
        _ => return Ok(None),
    }))
}

fn expectation(words: &[View<'_>]) -> Read<Expectation> {
    use View::Bare as B;
    Ok(Some(match words {
        [B("text"), text] => Expectation::Shown(text.text()?),
        [B("no"), B("text"), text] => Expectation::NotShown(text.text()?),
        [B("address"), address] => Expectation::Address(address.text()?),
        [B("title"), title] => Expectation::Title(title.text()?),
        [B("status"), status] => Expectation::Status(number(*status)?),
        [B("signed"), B("in")] => Expectation::SignedIn,
        [B("signed"), B("out")] => Expectation::SignedOut,
        [B("no"), B("refused"), B("cookie" | "cookies")] => Expectation::NoRefusedCookie,
        [B("no"), B("console"), B("error" | "errors")] => Expectation::NoConsoleError,
        [B("cookie"), name] => Expectation::Cookie(name.text()?, true),
        [B("no"), B("cookie"), name] => Expectation::Cookie(name.text()?, false),
        [B("stored"), name] => Expectation::Stored(name.text()?, true),
        [B("nothing"), B("stored"), name] => Expectation::Stored(name.text()?, false),
        [B("request"), path, rest @ ..] => {
            return request(rest)?.map(|had| Ok(Expectation::Request(path.text()?, had))).transpose();
        }
        _ => return Ok(None),
    }))
}

fn request(words: &[View<'_>]) -> Read<Trait> {
    use View::Bare as B;
    Ok(Some(match words {
        [B("answered"), status] => Trait::Answered(number(*status)?),
        [B("sent"), B("header"), name] => Trait::SentHeader(name.text()?, true),
        [B("sent"), B("no"), B("header"), name] => Trait::SentHeader(name.text()?, false),
        [B("sent"), B("cookie"), name] => Trait::SentCookie(name.text()?, true),
        [B("sent"), B("no"), B("cookie"), name] => Trait::SentCookie(name.text()?, false),
        [B("holds"), text] => Trait::Holds(text.text()?),
        _ => return Ok(None),
    }))
}

fn number(word: View<'_>) -> Result<u64, String> {
    word.said().parse().map_err(|_| format!("{} is no number", word.said()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(written: &str) -> Text {
        Text::read(written).unwrap()
    }

    #[test]
    fn every_form_is_read() {
        let named = |name: &str| Thing::Named(text(name));
        for (line, step) in [
            ("open /login", Step::Open(text("/login"))),
            ("fill \"Email\" with \"${WHO}\"", Step::Fill(named("Email"), Content::Written(text("${WHO}")))),
            (
                "fill #code with code of '${KEY}'",
                Step::Fill(Thing::Selector("#code".into()), Content::CodeOf(text("${KEY}"))),
            ),
            ("choose 'Oslo' in 'City'", Step::Choose(text("Oslo"), named("City"))),
            ("click \"Sign in\"", Step::Click(named("Sign in"))),
            ("press Enter", Step::Press("Enter".into())),
            ("answer no", Step::Answer(false)),
            ("keep 'Key' as KEY", Step::Keep(named("Key"), "KEY".into())),
            ("passkey", Step::Passkey),
            ("call post /api/x", Step::Call("POST".into(), text("/api/x"), None)),
            (
                "call POST /x with 'X-CSRF-Token: ${T}'",
                Step::Call("POST".into(), text("/x"), Some(text("X-CSRF-Token: ${T}"))),
            ),
            ("keep 'csrf_token' of request /t as T", Step::KeepField("csrf_token".into(), text("/t"), "T".into())),
            ("sign out", Step::SignOut),
            ("picture 'home'", Step::Picture("home".into())),
            ("expect text 'Hi'", Step::Expect(Expectation::Shown(text("Hi")))),
            ("expect no text 'Hi'", Step::Expect(Expectation::NotShown(text("Hi")))),
            ("expect signed in", Step::Expect(Expectation::SignedIn)),
            ("expect signed out", Step::Expect(Expectation::SignedOut)),
            ("expect no refused cookie", Step::Expect(Expectation::NoRefusedCookie)),
            ("expect no console errors", Step::Expect(Expectation::NoConsoleError)),
            ("expect cookie sid", Step::Expect(Expectation::Cookie(text("sid"), true))),
            ("expect nothing stored token", Step::Expect(Expectation::Stored(text("token"), false))),
            ("expect status 200", Step::Expect(Expectation::Status(200))),
            (
                "expect request /api/me sent no header Authorization",
                Step::Expect(Expectation::Request(text("/api/me"), Trait::SentHeader(text("Authorization"), false))),
            ),
            (
                "expect request /api/me holds 'csrf.'",
                Step::Expect(Expectation::Request(text("/api/me"), Trait::Holds(text("csrf.")))),
            ),
        ] {
            assert_eq!(Step::read(line), Ok(step), "{line}");
        }
    }

    #[test]
    fn what_is_no_step_says_how_steps_are_written() {
        for (line, sign) in [
            ("", "open ADDRESS"),
            ("jump", "open ADDRESS"),
            ("fill \"Email\" with a@b.test", "fill \"FIELD\""),
            ("expect magic", "expect signed in"),
            ("expect status ok", "no number"),
            ("open \"/a", "not closed"),
            ("open ${A", "both braces"),
        ] {
            let told = Step::read(line).unwrap_err();
            assert!(told.contains(sign), "{line}: {told}");
        }
    }
}
