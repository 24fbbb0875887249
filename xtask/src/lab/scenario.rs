//! Scenarios: read from folders, completed from their bases, multiplied by their variants, checked.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::family::Families;
use super::patch::{lay, merge};
use crate::{Outcome, Trouble};

/// A deployment that is broken in one way, or in two behind each other, and its healthy twin.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) id: String,
    pub(super) cases: Vec<String>,
    /// Part of every test run.
    pub(super) is_fast: bool,
    pub(super) healthy: Value,
    /// What is broken, outermost first: the second step is the deployment with the first one mended.
    pub(super) steps: Vec<Step>,
}

/// One broken deployment and what the doctor should say of it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) plan: Value,
    pub(super) wanted: Wanted,
}

/// What the doctor should say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) link: String,
    pub(super) family: String,
    /// Any of these is right.
    pub(super) codes: Vec<String>,
}

/// What a file, a variant or a second fault says about itself; everything else is the deployment.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Words {
    id: Option<String>,
    case: Option<OneOrMore>,
    family: Option<String>,
    code: Option<OneOrMore>,
    base: Option<String>,
    fast: Option<bool>,
    about: Option<String>,
    r#break: Option<Value>,
    variant: Vec<Value>,
    then: Option<Value>,
    #[serde(flatten)]
    plan: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn all(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::More(texts) => texts.clone(),
        }
    }
}

impl Scenario {
    /// Whether a filter means this one.
    pub(super) fn mentions(&self, text: &str) -> bool {
        let wanted = self.steps.iter().flat_map(|step| [&step.wanted.family].into_iter().chain(&step.wanted.codes));
        [&self.id].into_iter().chain(&self.cases).chain(wanted).any(|word| word.contains(text))
    }

    /// Whether any part of it is started by this kind.
    pub(super) fn starts(&self, kind: &str) -> bool {
        let parts =
            |plan: &Value| plan["run"].as_object().is_some_and(|run| run.values().any(|part| part["kind"] == kind));
        parts(&self.healthy) || self.steps.iter().any(|step| parts(&step.plan))
    }
}

/// Every scenario below these folders, in the order of their paths.
///
/// # Errors
///
/// When a file cannot be read, says what is not known, or two scenarios have one id.
pub(super) fn read(folders: &[PathBuf], bases: &Path, families: &Families) -> Outcome<Vec<Scenario>> {
    let mut files = Vec::new();
    for folder in folders {
        search(folder, &mut files)?;
    }
    files.sort();
    let mut all: Vec<Scenario> = Vec::new();
    for file in &files {
        let said = |text: String| Trouble::failed(format!("{}: {text}", file.display()));
        let written = toml_file(file).map_err(said)?;
        all.extend(expand(&written, file, bases, families).map_err(said)?);
    }
    let mut ids: Vec<&str> = all.iter().map(|scenario| scenario.id.as_str()).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Trouble::failed(format!("two scenarios are called `{}`", pair[0]))),
        None => Ok(all),
    }
}

fn search(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let entries = fs::read_dir(folder).map_err(|error| Trouble::Usage(format!("{}: {error}", folder.display())))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, files)?;
        } else if path.file_name().is_some_and(|name| name == "scenario.toml") {
            files.push(path);
        }
    }
    Ok(())
}

fn toml_file(path: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    toml::from_str(&text).map_err(|error| error.to_string())
}

fn words(value: &Value) -> Result<Words, String> {
    serde_json::from_value(value.clone()).map_err(|error| error.to_string())
}

/// A file as one scenario, or as one for each variant.
fn expand(written: &Value, file: &Path, bases: &Path, families: &Families) -> Result<Vec<Scenario>, String> {
    let mut own = written.clone();
    let variants = own.as_object_mut().and_then(|table| table.remove("variant")).unwrap_or_default();
    let Value::Array(variants) = variants else {
        return Ok(vec![complete(&own, file, bases, families)?]);
    };
    variants.iter().map(|variant| complete(&merge(&own, variant), file, bases, families)).collect()
}

fn complete(written: &Value, file: &Path, bases: &Path, families: &Families) -> Result<Scenario, String> {
    let words = words(written)?;
    let id = words.id.clone().ok_or("no `id`")?;
    let fault = words.r#break.clone().ok_or_else(|| format!("{id}: no `break`"))?;
    let plan = match &words.base {
        Some(name) => lay(&base(name, file, bases)?, &Value::Object(words.plan.clone())),
        None => Value::Object(words.plan.clone()),
    };
    let first = wanted(&words, families).map_err(|text| format!("{id}: {text}"))?;
    let mut steps = Vec::new();
    match &words.then {
        None => steps.push(Step { plan: lay(&plan, &fault), wanted: first }),
        Some(then) => {
            let inner = self::words(then)?;
            let behind = inner.r#break.clone().ok_or_else(|| format!("{id}: no `then.break`"))?;
            let second = wanted(&inner, families).map_err(|text| format!("{id}: {text}"))?;
            let alone = lay(&plan, &behind);
            steps.push(Step { plan: lay(&alone, &fault), wanted: first });
            steps.push(Step { plan: alone, wanted: second });
        }
    }
    let cases = words.case.as_ref().map(OneOrMore::all).unwrap_or_default();
    Ok(Scenario { id, cases, is_fast: words.fast.unwrap_or(false), healthy: plan, steps })
}

fn wanted(words: &Words, families: &Families) -> Result<Wanted, String> {
    let family = words.family.clone().ok_or("no `family`")?;
    let codes = words.code.as_ref().ok_or("no `code`")?.all();
    let link = families.link(&family, &codes)?.to_owned();
    Ok(Wanted { link, family, codes })
}

/// A base, with its own base below it: beside the scenarios, or one of the repository.
fn base(name: &str, file: &Path, bases: &Path) -> Result<Value, String> {
    let beside = file.ancestors().skip(1).take(3).map(|folder| folder.join("base").join(format!("{name}.toml")));
    let path = beside.into_iter().find(|path| path.exists()).unwrap_or_else(|| bases.join(format!("{name}.toml")));
    let own = toml_file(&path).map_err(|text| format!("base `{name}`: {text}"))?;
    let words = words(&own)?;
    if words.about.is_none() {
        return Err(format!("base `{name}`: says nothing `about` itself"));
    }
    let plan = Value::Object(words.plan);
    match words.base {
        Some(below) => Ok(lay(&base(&below, file, bases)?, &plan)),
        None => Ok(plan),
    }
}
