//! `doorward user`: accounts, for whoever has a shell on the host.

mod import;

use std::collections::BTreeSet;

use clap::Subcommand;
use doorward_core::Secret;
use doorward_core::user::{Email, Group, Name, Status, User};
use serde_json::{Value, json};

use super::open::{self, Opened};
use super::{CONFIGURATION, Context, WELL};
use crate::identity::{Author, Change, NewUser, Refused, random_password};
use crate::node::forget_initial;
use crate::portal::path;

/// Arguments of `doorward user`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all users
    List,
    /// Make a user with a random password, which must be changed at the first sign-in
    Add {
        /// Signs in with this
        email: Email,
        /// Shown to people; the address where it is left out
        #[arg(long)]
        name: Option<Name>,
        /// A group; may be repeated
        #[arg(long = "group")]
        groups: Vec<Group>,
    },
    /// Give a user a random password, which must be changed at the next sign-in; ends every session
    ResetPassword {
        /// Whose
        email: Email,
    },
    /// Disable a user; ends every session at once
    Disable {
        /// Whom
        email: Email,
    },
    /// Enable a user again
    Enable {
        /// Whom
        email: Email,
    },
    /// Put a user into exactly these groups
    Groups {
        /// Whom
        email: Email,
        /// The groups, none or more
        groups: Vec<Group>,
    },
    /// Take over accounts and password hashes from the file of another program; nobody who is there is changed
    Import(import::ImportArgs),
    /// Emergency access: a link that sets a new password and takes all second factors, once, within an hour
    Recover {
        /// Whose
        email: Email,
    },
    /// Invite somebody by a link, which is shown this once
    Invite {
        /// Whom
        email: Email,
        /// A group; may be repeated
        #[arg(long = "group")]
        groups: Vec<Group>,
    },
}

/// Runs the command.
#[must_use]
pub fn run(context: &Context, arguments: Arguments) -> u8 {
    open::with(context, async |opened| act(context, &opened, arguments.action).await)
}

async fn act(context: &Context, opened: &Opened, action: Action) -> Result<u8, Refused> {
    let identity = &opened.node.identity;
    let author = Author::command_line();
    let (value, words) = match action {
        Action::List => list(opened).await?,
        Action::Add { email, name, groups } => {
            let password = random_password(identity.random());
            let Some(name) = name.or_else(|| email.as_str().parse().ok()) else { return Ok(CONFIGURATION) };
            let groups: BTreeSet<Group> = groups.into_iter().collect();
            let new = NewUser { email, name, groups, password: Some(password.clone()), must_change: true };
            with_password(&identity.create_user(&author, new).await?, &password)
        }
        Action::ResetPassword { email } => {
            let id = identity.user_by_email(&email).await?.id;
            let (user, password) = identity.reset_password(&author, id).await?;
            forget_initial(&opened.settings.config.data, &user.email);
            with_password(&user, &password)
        }
        Action::Disable { email } => change(opened, &email, Change::Status(Status::Disabled)).await?,
        Action::Enable { email } => change(opened, &email, Change::Status(Status::Active)).await?,
        Action::Groups { email, groups } => {
            change(opened, &email, Change::Groups(groups.into_iter().collect())).await?
        }
        Action::Recover { email } => {
            let id = identity.user_by_email(&email).await?.id;
            let (link, secret) = identity.recovery_link(&author, id).await?;
            let origin = opened.settings.config.public_url().origin();
            let url = format!("{origin}{}", path::reset(secret.expose_secret()));
            let until = link.expires_at.to_rfc3339();
            let words = format!(
                "{url}\nGood once, until {until}. It sets a new password, takes every second factor and ends every session of {email}; nothing is changed before it is used."
            );
            (json!({"id": link.id, "url": url, "expires_at": link.expires_at}), words)
        }
        Action::Import(arguments) => return import::run(context, opened, arguments).await,
        Action::Invite { email, groups } => {
            let (link, secret) = identity.invite(&author, email, groups.into_iter().collect()).await?;
            let origin = opened.settings.config.public_url().origin();
            let url = format!("{origin}{}", path::invitation(secret.expose_secret()));
            (json!({"id": link.id, "url": url, "expires_at": link.expires_at}), url)
        }
    };
    open::print(context, &value, &words);
    Ok(WELL)
}

async fn change(opened: &Opened, email: &Email, change: Change) -> Result<(Value, String), Refused> {
    let identity = &opened.node.identity;
    let id = identity.user_by_email(email).await?.id;
    let user = identity.change_user(&Author::command_line(), id, change).await?;
    Ok((view(&user), line(&user)))
}

async fn list(opened: &Opened) -> Result<(Value, String), Refused> {
    const PAGE: u32 = 500;
    let (mut users, mut after) = (Vec::new(), String::new());
    loop {
        let page = opened.node.identity.users(&after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.email.to_string();
        users.extend(page);
    }
    let value = users.iter().map(view).collect();
    let lines: Vec<_> = users.iter().map(line).collect();
    Ok((value, lines.join("\n")))
}

fn with_password(user: &User, password: &Secret) -> (Value, String) {
    let password = password.expose_secret();
    let words = format!("email: {}\npassword: {password}\nIt must be changed at the next sign-in.", user.email);
    (json!({"user": view(user), "password": password}), words)
}

fn view(user: &User) -> Value {
    json!({
        "id": user.id, "email": user.email, "name": user.name, "groups": user.groups, "status": user.status,
        "must_change_password": user.must_change_password, "created_at": user.created_at,
    })
}

fn line(user: &User) -> String {
    let groups: Vec<_> = user.groups.iter().map(Group::as_str).collect();
    format!("{:<9} {:<40} {:<24} {}", user.status.as_str(), user.email, user.name, groups.join(","))
}
