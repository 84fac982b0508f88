//! The page's files, in the binary.

/// One of them.
pub(super) struct File {
    pub(super) path: &'static str,
    pub(super) kind: &'static str,
    pub(super) content: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! file {
    ($path:literal, $kind:expr, $name:literal) => {
        File {
            path: $path,
            kind: $kind,
            content: include_str!(concat!("page/", $name)),
        }
    };
}

pub(super) const FILES: &[File] = &[
    file!("/", "text/html; charset=utf-8", "index.html"),
    file!("/style.css", "text/css; charset=utf-8", "style.css"),
    file!("/board.css", "text/css; charset=utf-8", "board.css"),
    file!("/icon.svg", "image/svg+xml", "icon.svg"),
    file!("/app.js", SCRIPT, "app.js"),
    file!("/board.js", SCRIPT, "board.js"),
    file!("/colours.js", SCRIPT, "colours.js"),
    file!("/details.js", SCRIPT, "details.js"),
    file!("/dom.js", SCRIPT, "dom.js"),
    file!("/keys.js", SCRIPT, "keys.js"),
    file!("/live.js", SCRIPT, "live.js"),
    file!("/model.js", SCRIPT, "model.js"),
    file!("/moves.js", SCRIPT, "moves.js"),
    file!("/side.js", SCRIPT, "side.js"),
    file!("/time.js", SCRIPT, "time.js"),
];
