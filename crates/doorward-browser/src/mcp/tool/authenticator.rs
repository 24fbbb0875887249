//! Virtual passkeys.

use super::{Need, Tool, Turn};
use crate::authenticator::Kind as Device;
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "browser_authenticator_add",
        title: "Add an authenticator",
        description: "Add a virtual authenticator to the tab, which makes and uses passkeys without a person",
        capability: "",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[
            Parameter::new("transport", Kind::OneOf(&["internal", "usb"]), "Built into the device (default) or a key"),
            Parameter::new(
                "residentKey",
                Kind::Flag,
                "Whether it keeps passkeys that need no user name, true by default",
            ),
            Parameter::new("userVerification", Kind::Flag, "Whether it knows its user, true by default"),
        ],
        run: |turn| Box::pin(add(turn)),
    },
    Tool {
        name: "browser_authenticator_list",
        title: "List authenticators",
        description: "List the virtual authenticators of the tab with their passkeys",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[],
        run: |turn| Box::pin(list(turn)),
    },
    Tool {
        name: "browser_authenticator_remove",
        title: "Remove an authenticator",
        description: "Remove a virtual authenticator with its passkeys",
        capability: "",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[Parameter::needed("id", Kind::Text, "Its id, as the list tells it")],
        run: |turn| Box::pin(remove(turn)),
    },
];

async fn add(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let flag = |name: &str| turn.given.value(name).and_then(serde_json::Value::as_bool).unwrap_or(true);
    let kind = Device {
        is_internal: turn.given.text("transport") != Some("usb"),
        has_resident_keys: flag("residentKey"),
        verifies_user: flag("userVerification"),
    };
    let id = tab.add_authenticator(kind).await?;
    turn.response.result(format!("Added authenticator {id}"));
    Ok(())
}

async fn list(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let all = tab.authenticators().await?;
    if all.is_empty() {
        turn.response.result("No authenticators");
    }
    for (id, credentials) in all {
        turn.response.result(format!("- {id}: {} passkeys", credentials.len()));
        for one in credentials {
            let text = |name: &str| one[name].as_str().unwrap_or_default();
            let name = [text("userDisplayName"), text("userName")]
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or("no name");
            turn.response.result(format!("  - {} for {name}, used {} times", text("rpId"), one["signCount"]));
        }
    }
    Ok(())
}

async fn remove(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let id = turn.given.text("id").unwrap_or_default().to_owned();
    tab.remove_authenticator(&id).await?;
    turn.response.result(format!("Removed authenticator {id}"));
    Ok(())
}
