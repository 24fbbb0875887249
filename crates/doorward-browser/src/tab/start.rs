//! What a tab, a frame of its own process and a worker are told before they run.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Tab;
use super::frame::WORLD;
use crate::failure::Failure;
use crate::page;

impl Tab {
    /// Makes a tab ready. Every domain answers before the tab runs: a navigation is handled by another process, and
    /// would overtake them.
    pub(crate) async fn start(self: &Arc<Self>) -> Result<(), Failure> {
        // A popup holds its opener until it runs, so nothing is waited for before the last command is sent.
        let (ready, tree, _, (), run) = tokio::join!(
            self.enable(&self.session),
            self.call("Page.getFrameTree", json!({})),
            self.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })),
            async { self.dress() },
            self.call("Runtime.runIfWaitingForDebugger", json!({})),
        );
        if let Ok(tree) = tree {
            self.state().frames.take_tree(&self.session, &tree["frameTree"]);
        }
        self.state().is_ready = true;
        self.tick();
        ready?;
        run?;
        self.prepare();
        Ok(())
    }

    /// Lets the page script run once where the tab is empty: the engine reads it while the first page is on its way.
    fn prepare(&self) {
        let world = {
            let state = self.state();
            let is_empty = |url: &str| url.is_empty() || url == "about:blank";
            state.frames.main().filter(|frame| is_empty(&frame.url)).and_then(|frame| frame.world)
        };
        if let Some(world) = world {
            let params = json!({ "functionDeclaration": page::ASK, "executionContextId": world,
                "arguments": [{ "value": "prepare" }] });
            self.link.post(&self.session, "Runtime.callFunctionOn", &params);
        }
    }

    /// Makes a frame ready that has a process of its own.
    pub(crate) async fn start_frame(self: &Arc<Self>, session: &str) {
        let limit = self.options.script_timeout;
        let (_, tree, _) = tokio::join!(
            self.enable(session),
            self.link.call(session, "Page.getFrameTree", json!({}), limit),
            self.link.call(session, "Runtime.runIfWaitingForDebugger", json!({}), limit),
        );
        if let Ok(tree) = tree {
            self.state().frames.take_tree(session, &tree["frameTree"]);
        }
        self.tick();
    }

    fn dress(&self) {
        for (method, params) in self.appearance() {
            self.link.post(&self.session, method, &params);
        }
    }

    async fn enable(&self, session: &str) -> Result<(), Failure> {
        let limit = self.options.script_timeout;
        let call = |method: &'static str, params: Value| self.link.call(session, method, params, limit);
        let attach = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
        let script = json!({ "source": page::install(), "worldName": WORLD, "runImmediately": true });
        let keep = json!({ "source": page::keep(), "runImmediately": true });
        let (page, _, _, runtime, _, _, network, _, _, _, ()) = tokio::join!(
            call("Page.enable", json!({})),
            call("Page.setLifecycleEventsEnabled", json!({ "enabled": true })),
            call("Log.enable", json!({})),
            call("Runtime.enable", json!({})),
            call("Page.addScriptToEvaluateOnNewDocument", script),
            call("Page.addScriptToEvaluateOnNewDocument", keep),
            call("Network.enable", json!({ "maxPostDataSize": 65536 })),
            call("Audits.enable", json!({})),
            call("Page.setInterceptFileChooserDialog", json!({ "enabled": true })),
            call("Target.setAutoAttach", attach),
            self.watch_origins(session),
        );
        page?;
        runtime?;
        network.map(|_| ())
    }

    async fn watch_origins(&self, session: &str) {
        if crate::origin::is_judged(&self.options) {
            let limit = self.options.script_timeout;
            let _ = self.link.call(session, "Fetch.enable", crate::origin::every_request(), limit).await;
        }
    }

    /// The size and the device that the tab stands for.
    fn appearance(&self) -> Vec<(&'static str, Value)> {
        let device = self.options.device.as_deref().and_then(crate::device::find);
        let mut commands = Vec::new();
        if let Some(device) = device {
            commands.push(("Emulation.setDeviceMetricsOverride", json!({
                "width": device.width, "height": device.height, "deviceScaleFactor": device.scale, "mobile": device.is_mobile,
            })));
            commands.push(("Emulation.setUserAgentOverride", json!({ "userAgent": device.user_agent })));
            commands.push(("Emulation.setTouchEmulationEnabled", json!({ "enabled": device.is_mobile })));
        } else if let Some((width, height)) = self.options.viewport {
            commands.push((
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": width, "height": height, "deviceScaleFactor": 0, "mobile": false }),
            ));
        }
        if let (Some(agent), true) = (&self.options.user_agent, self.options.endpoint.is_some()) {
            commands.push(("Emulation.setUserAgentOverride", json!({ "userAgent": agent })));
        }
        commands
    }
}
