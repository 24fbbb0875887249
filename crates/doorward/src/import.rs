//! Accounts out of another program's file: what would be made, what is left out, and why.

mod authelia;
mod htpasswd;

use std::collections::{BTreeSet, HashSet};

use doorward_core::user::{ADMINISTRATORS, Email, Group, Name, PasswordHash, Status};

use crate::identity::Hasher;

pub use authelia::read as read_authelia;
pub use htpasswd::read as read_htpasswd;

/// The largest file that is read, in bytes.
pub const MOST_BYTES: u64 = 16 << 20;

/// One entry of a file, as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// The line in which it begins; 0 where the format tells none.
    pub line: usize,
    /// Its name there.
    pub name: String,
    /// Its address, where one is written.
    pub email: Option<String>,
    /// The name for people, where one is written.
    pub display_name: Option<String>,
    /// Its groups.
    pub groups: Vec<String>,
    /// Whether it may not sign in.
    pub is_disabled: bool,
    /// The hash of its password.
    pub password: String,
}

/// An account that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Signs in with this.
    pub email: Email,
    /// Shown to people.
    pub name: Name,
    /// Its groups.
    pub groups: BTreeSet<Group>,
    /// Whether it may sign in.
    pub status: Status,
    /// Its password, sealed.
    pub password: PasswordHash,
}

impl Planned {
    /// Whether this account may manage Doorward.
    #[must_use]
    pub fn is_in_charge(&self) -> bool {
        self.status == Status::Active && self.groups.iter().any(|group| group.as_str() == ADMINISTRATORS)
    }
}

/// Something that is not taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The line, where the format tells one.
    pub line: usize,
    /// Whose entry: its name in the file.
    pub name: String,
    /// The reason code.
    pub code: &'static str,
    /// What exactly; never the hash.
    pub what: String,
}

/// What an import would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Accounts to make, in the order of the file.
    pub planned: Vec<Planned>,
    /// Entries that make no account.
    pub skipped: Vec<LeftOut>,
    /// What of the accounts is left out.
    pub notes: Vec<LeftOut>,
}

/// How an import is done.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// What stands behind the `@` of a name without one.
    pub domain: Option<String>,
    /// Whether members of `admins` may manage this Doorward.
    pub takes_administrators: bool,
}

/// Plans an import. Nothing is written, and nobody is looked up.
#[must_use]
pub fn plan(rows: Vec<Result<Row, LeftOut>>, rules: &Rules, hasher: &Hasher) -> Plan {
    let mut plan = Plan::default();
    let mut seen = HashSet::new();
    for row in rows {
        let planned = row.and_then(|row| one(&row, rules, hasher, &mut plan.notes));
        match planned {
            Ok((_, planned)) if seen.insert(planned.email.clone()) => plan.planned.push(planned),
            Ok((row, planned)) => {
                plan.skipped.push(row.left_out("import.user_exists", format!("{} stands twice", planned.email)));
            }
            Err(left_out) => plan.skipped.push(left_out),
        }
    }
    plan
}

impl Row {
    fn left_out(&self, code: &'static str, what: impl Into<String>) -> LeftOut {
        LeftOut { line: self.line, name: self.name.clone(), code, what: what.into() }
    }

    /// The address: the one that is written, or the name where it is one, or the name at the domain.
    fn address(&self, domain: Option<&str>) -> Result<Email, LeftOut> {
        let invalid = |text: &str| self.left_out("import.line_invalid", format!("`{text}` is no e-mail address"));
        match (&self.email, domain) {
            (Some(email), _) => email.parse().map_err(|_| invalid(email)),
            (None, _) if self.name.contains('@') => self.name.parse().map_err(|_| invalid(&self.name)),
            (None, Some(domain)) => {
                let text = format!("{}@{domain}", self.name);
                text.parse().map_err(|_| invalid(&text))
            }
            (None, None) => Err(self.left_out("import.address_missing", "no address")),
        }
    }
}

fn one(row: &Row, rules: &Rules, hasher: &Hasher, notes: &mut Vec<LeftOut>) -> Result<(Row, Planned), LeftOut> {
    let email = row.address(rules.domain.as_deref())?;
    let display_name = row.display_name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(&row.name);
    let name = display_name
        .parse()
        .map_err(|_| row.left_out("import.line_invalid", "the name is too long, or hides characters"))?;
    let password = hasher.import(&row.password).map_err(|error| row.left_out(error.code(), error.to_string()))?;
    let mut groups = BTreeSet::new();
    for text in &row.groups {
        match text.parse::<Group>() {
            Ok(group) if group.as_str() == ADMINISTRATORS && !rules.takes_administrators => {
                notes.push(row.left_out("import.group_left_out", text.as_str()));
            }
            Ok(group) => {
                groups.insert(group);
            }
            Err(_) => notes.push(row.left_out("import.group_left_out", text.as_str())),
        }
    }
    let status = if row.is_disabled { Status::Disabled } else { Status::Active };
    Ok((row.clone(), Planned { email, name, groups, status, password }))
}

#[cfg(test)]
mod tests;
