//! The document around the content, and the policy of its URL.

use crate::Rendered;
use crate::filter::Filtered;
use crate::second;

/// The `sandbox` list of the iframe; the same stands in [`frame_policy`]. Scripts are never allowed.
pub const FRAME_SANDBOX: &str = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/// `Content-Security-Policy` of the URL that serves a [`Rendered`] document.
///
/// `origin`: of the page, as `https://mail.example.org`, without a path.
pub fn frame_policy(origin: &str) -> String {
    let origin = origin.trim_end_matches('/');
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: {origin}/api/v1/images/; \
         frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox {FRAME_SANDBOX}"
    )
}

/// Before the mail's own styles: what it may change.
const DEFAULTS: &str = "body{margin:8px;font:14px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;\
overflow-wrap:break-word}a{color:#0b5d6b}pre{white-space:pre-wrap}";

/// Behind the mail's own styles: what it may not change. White also in the dark; what is wide scrolls sideways.
const FIXED: &str = ":root{color-scheme:only light!important;background:#fff}\
html,body{position:static!important;overflow:visible!important;max-height:none!important}\
html{overflow-x:auto!important;height:auto!important}\
img[data-blocked]{outline:1px dashed #adb5bd!important;outline-offset:-1px!important;background:#f1f3f5!important}";

pub(crate) fn from_filtered(filtered: Filtered<'_>) -> Rendered {
    let Filtered { body, body_attributes, css, doctype, images } = filtered;
    let html = document(doctype, &css, &body_attributes, &second::clean(&body));
    Rendered {
        html,
        remote_images_blocked: images.blocked,
        remote_images_shown: images.shown,
        tracking_pixels: images.tracking,
        inline_images: images.inline,
        simplified: false,
    }
}

/// `css` and `body_attributes` are written as they are.
pub(crate) fn document(doctype: bool, css: &str, body_attributes: &str, body: &str) -> String {
    // Without a document type browsers show the quirks that old mails count on.
    let doctype = if doctype { "<!doctype html>" } else { "" };
    [
        doctype,
        "<html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">",
        "<meta name=\"referrer\" content=\"no-referrer\"><style>",
        DEFAULTS,
        "</style><style>",
        css,
        "</style><style>",
        FIXED,
        "</style></head><body",
        body_attributes,
        ">",
        body,
        "</body></html>",
    ]
    .concat()
}
