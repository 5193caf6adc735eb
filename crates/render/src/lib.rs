//! Mail to safe HTML for the page.
//!
//! In: the HTML or the plain text of a mail, decoded, and a function that names the URL under which the server gives
//! out an image. Out: a whole HTML document for a sandboxed frame of its own (see [`frame_policy`]), with nothing in it
//! that acts, loads from elsewhere or leaves the frame. It does not fetch or sign anything and does not know the mail.
//!
//! Two locks behind each other: a filter of ours reads the source as tokens, in linear time and with bounds on depth
//! and amount, and writes only elements, attributes, addresses and styles it knows; `ammonia` then builds the tree as a
//! browser does, judges it again by an allow-list of its own, and closes what is open. What exceeds the bounds is shown
//! as text.

mod css;
mod document;
mod elements;
mod entities;
mod filter;
mod images;
mod links;
mod plain;
mod second;
mod tokens;

pub use document::{FRAME_SANDBOX, frame_policy};
pub use images::ImageSource;
pub use plain::text;

/// How an HTML mail is to be shown.
pub struct Options<'a> {
    /// Show images from outside: each is asked of `image_url`. Otherwise they are counted and left out.
    pub remote_images: bool,
    /// The URL under which the server gives out an image: a path on the server, beginning with `/`; `None` if the mail
    /// has no such part, or the image is not to be shown.
    pub image_url: &'a dyn Fn(ImageSource<'_>) -> Option<String>,
    /// Bounds.
    pub limits: Limits,
}

/// Bounds on what is rendered as HTML. Beyond them a mail is shown as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Source, octets of UTF-8; inline `data:` images count.
    pub source_octets: usize,
    /// Elements, each weighed with the text formatting that is open around it.
    pub elements: usize,
    /// Elements inside each other; the tags of deeper ones are left out, their content stays.
    pub depth: usize,
    /// All style sheets together, octets; the rest is left out.
    pub css_octets: usize,
    /// Text that is shown instead of HTML beyond the bounds, octets.
    pub text_octets: usize,
}

impl Default for Limits {
    /// 8 MB, 200,000 elements, 200 deep, 512 kB of styles, 1 MB of text.
    fn default() -> Self {
        Self {
            source_octets: 8 << 20,
            elements: 200_000,
            depth: 200,
            css_octets: 512 << 10,
            text_octets: 1 << 20,
        }
    }
}

/// A document for the frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Whole HTML document, UTF-8.
    pub html: String,
    /// Images from outside that were left out because they are not asked for; tracking pixels not among them.
    pub remote_images_blocked: usize,
    /// Images from outside that are shown through the server.
    pub remote_images_shown: usize,
    /// Invisible images from outside; always left out.
    pub tracking_pixels: usize,
    /// Images of the mail itself that are shown.
    pub inline_images: usize,
    /// Too large or too deep for HTML: shown as text.
    pub simplified: bool,
}

/// The HTML of a mail as a document that does no harm. Never panics; linear in the length of `source`.
///
/// `source`: a whole document or a fragment, already converted from its charset.
pub fn html(source: &str, options: &Options<'_>) -> Rendered {
    let limits = options.limits;
    if source.len() <= limits.source_octets
        && let Some(filtered) = filter::filter(source, options)
    {
        return document::from_filtered(filtered);
    }
    let mut end = source.len().min(limits.source_octets);
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    let plain = filter::plain_text(&source[..end], limits.text_octets);
    Rendered { simplified: true, ..text(&plain) }
}

#[cfg(test)]
mod tests;
