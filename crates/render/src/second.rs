//! The second lock: `ammonia` with an allow-list of its own, over what the filter has written.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use crate::elements::{COMMON, SPECIAL, kept};
use crate::images::{is_data_image, is_own_path};

static BUILDER: LazyLock<Builder<'static>> = LazyLock::new(builder);

/// Judges the content of a body again; balanced afterwards. The input is bounded by the filter.
pub(crate) fn clean(body: &str) -> String {
    BUILDER.clean(body).to_string()
}

fn builder() -> Builder<'static> {
    let mut builder = Builder::empty();
    let mut special: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (elements, attributes) in SPECIAL {
        for element in *elements {
            special.entry(element).or_default().extend(*attributes);
        }
    }
    special.entry("img").or_default().insert("data-blocked");
    builder
        .tags(kept().collect())
        .clean_content_tags(HashSet::from(["script", "style", "template", "title", "iframe"]))
        .tag_attributes(special)
        .generic_attributes(COMMON.iter().copied().filter(|name| *name != "background").collect())
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "data"]))
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(attribute);
    builder
}

fn attribute<'v>(element: &str, name: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let fine = match (element, name) {
        ("img", "src") => is_own_path(value) || is_data_image(value),
        (_, "src") => false,
        (_, "href") => {
            ["http:", "https:", "mailto:", "tel:", "#"].iter().any(|start| value.starts_with(start))
        }
        (_, "usemap") => value.starts_with('#'),
        (_, "target") => value == "_blank",
        _ => true,
    };
    fine.then_some(Cow::Borrowed(value))
}
