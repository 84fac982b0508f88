//! What a person does: keys, clicks, another screen, other preferences.

use anyhow::{Result, bail};
use serde_json::json;

use super::Browser;

impl Browser {
    /// Presses a key by its name, as `Enter`, `ArrowDown` or `/`.
    pub fn press(&mut self, key: &str) -> Result<()> {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            "/" => 191,
            other => bail!("{other} is no key that is known here"),
        };
        let text = match key {
            "Enter" => Some("\r"),
            "/" => Some("/"),
            _ => None,
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "windowsVirtualKeyCode": code});
            if let (Some(text), "keyDown") = (text, kind) {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", &event)?;
        }
        Ok(())
    }

    /// Types into what has the focus.
    pub fn type_text(&mut self, text: &str) -> Result<()> {
        self.call("Input.insertText", &json!({"text": text}))
            .map(drop)
    }

    /// Clicks into the middle of an element.
    pub fn click(&mut self, selector: &str) -> Result<()> {
        let place = self.eval(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{block: 'center'}}); \
             const r = e.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; }})()"
        ))?;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", &event)?;
        }
        Ok(())
    }

    /// Gives the page a screen of this size, in CSS pixels; a phone's has touch.
    pub fn screen(&mut self, width: u32, height: u32, phone: bool) -> Result<()> {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.call("Emulation.setDeviceMetricsOverride", &metrics)?;
        self.call(
            "Emulation.setTouchEmulationEnabled",
            &json!({"enabled": phone}),
        )
        .map(drop)
    }

    /// What the person prefers: a dark page, little motion.
    pub fn prefers(&mut self, dark: bool, little_motion: bool) -> Result<()> {
        let features = json!([
            {"name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" }},
            {"name": "prefers-reduced-motion", "value": if little_motion { "reduce" } else { "no-preference" }},
        ]);
        self.call("Emulation.setEmulatedMedia", &json!({"features": features}))
            .map(drop)
    }
}
