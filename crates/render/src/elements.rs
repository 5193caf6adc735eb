//! Which elements and attributes are written, and how elements close each other.

/// What becomes of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Written under this name.
    Keep(&'static str, Group),
    /// An image.
    Image,
    /// Its content is a style sheet.
    Style,
    /// The body: its attributes are kept.
    Body,
    /// Its content is left out, read as no markup up to the end tag.
    DropRaw,
    /// Its content is text up to the end tag, shown as written.
    ShowRaw,
    /// All that follows is text.
    ShowRest,
    /// SVG and `MathML`: left out with their content.
    Foreign,
    /// Left out with its content.
    Drop,
    /// Its tags are left out, its content stays.
    Unwrap,
}

/// How an element nests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Has no content.
    Void,
    /// Text formatting, which a browser opens anew inside the blocks that follow.
    Formatting,
    /// Nests without further ado; closes an open paragraph.
    Block,
    /// Nests without further ado.
    Inline,
    /// `p`.
    Paragraph,
    /// `ul`, `ol`, `dl`.
    List,
    /// `li`.
    Item,
    /// `dt`, `dd`.
    Term,
    /// `table`.
    Table,
    /// `thead`, `tbody`, `tfoot`, `colgroup`.
    Section,
    /// `tr`.
    Row,
    /// `td`, `th`, `caption`.
    Cell,
}

/// Elements that are kept, by group.
const KEPT: &[(Group, &[&str])] = &[
    (Group::Void, &["br", "hr", "wbr", "col", "area"]),
    (
        Group::Formatting,
        &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"],
    ),
    (
        Group::Block,
        &[
            "address",
            "article",
            "aside",
            "blockquote",
            "center",
            "details",
            "dir",
            "div",
            "figcaption",
            "figure",
            "footer",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hgroup",
            "main",
            "menu",
            "nav",
            "pre",
            "section",
            "summary",
        ],
    ),
    (
        Group::Inline,
        &[
            "abbr", "acronym", "bdi", "bdo", "cite", "del", "dfn", "ins", "kbd", "map", "mark", "q", "ruby",
            "rp", "rt", "samp", "span", "sub", "sup", "time", "var",
        ],
    ),
    (Group::Paragraph, &["p"]),
    (Group::List, &["ul", "ol", "dl"]),
    (Group::Item, &["li"]),
    (Group::Term, &["dt", "dd"]),
    (Group::Table, &["table"]),
    (Group::Section, &["thead", "tbody", "tfoot", "colgroup"]),
    (Group::Row, &["tr"]),
    (Group::Cell, &["td", "th", "caption"]),
];

/// Attributes of every element.
pub(crate) const COMMON: &[&str] = &[
    "align",
    "background",
    "bgcolor",
    "border",
    "class",
    "dir",
    "height",
    "id",
    "lang",
    "style",
    "title",
    "valign",
    "width",
];

/// Attributes of single elements.
pub(crate) const SPECIAL: &[(&[&str], &[&str])] = &[
    (&["a"], &["href", "name", "target"]),
    (&["area"], &["href", "shape", "coords", "alt", "target"]),
    (&["map"], &["name"]),
    (&["img"], &["src", "alt", "hspace", "vspace", "usemap"]),
    (&["table"], &["cellpadding", "cellspacing", "bordercolor", "frame", "rules"]),
    (&["td", "th"], &["colspan", "rowspan", "nowrap", "scope", "abbr", "bordercolor"]),
    (&["tr", "tbody", "thead", "tfoot"], &["bordercolor"]),
    (&["col", "colgroup"], &["span"]),
    (&["font"], &["color", "face", "size"]),
    (&["ol"], &["start", "type", "reversed"]),
    (&["ul"], &["type"]),
    (&["li"], &["type", "value"]),
    (&["hr"], &["color", "noshade", "size"]),
    (&["br"], &["clear"]),
    (&["time"], &["datetime"]),
    (&["details"], &["open"]),
];

/// All elements that are written, images too.
pub(crate) fn kept() -> impl Iterator<Item = &'static str> {
    KEPT.iter().flat_map(|(_, names)| names.iter().copied()).chain(["img"])
}

/// What to do with an element of this name, lower case.
pub(crate) fn treatment(name: &str) -> Treatment {
    match name {
        "img" | "image" => Treatment::Image,
        "style" => Treatment::Style,
        "body" => Treatment::Body,
        "script" | "iframe" | "noembed" | "noframes" | "title" => Treatment::DropRaw,
        "xmp" | "listing" | "textarea" => Treatment::ShowRaw,
        "plaintext" => Treatment::ShowRest,
        "svg" | "math" => Treatment::Foreign,
        "template" => Treatment::Drop,
        _ => KEPT
            .iter()
            .find_map(|(group, names)| {
                names.iter().find(|known| **known == name).map(|known| Treatment::Keep(known, *group))
            })
            .unwrap_or(Treatment::Unwrap),
    }
}

/// The attribute, if this element may have it; `name` in lower case.
pub(crate) fn attribute(element: &str, name: &str) -> Option<&'static str> {
    let special =
        SPECIAL.iter().filter(|(elements, _)| elements.contains(&element)).flat_map(|(_, names)| *names);
    COMMON.iter().chain(special).find(|known| **known == name).copied()
}

/// HTML elements that end SVG and `MathML` (HTML standard §13.2.6.5).
pub(crate) fn breaks_out(name: &str) -> bool {
    matches!(
        name,
        "b" | "big"
            | "blockquote"
            | "body"
            | "br"
            | "center"
            | "code"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "em"
            | "embed"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "head"
            | "hr"
            | "i"
            | "img"
            | "li"
            | "listing"
            | "menu"
            | "meta"
            | "nobr"
            | "ol"
            | "p"
            | "pre"
            | "ruby"
            | "s"
            | "small"
            | "span"
            | "strong"
            | "strike"
            | "sub"
            | "sup"
            | "table"
            | "tt"
            | "u"
            | "ul"
            | "var"
    )
}

/// Whether an element of this group that begins closes an open one of `open`.
pub(crate) const fn closes(begins: Group, open: Group) -> bool {
    match begins {
        Group::Block | Group::List | Group::Table | Group::Paragraph => matches!(open, Group::Paragraph),
        Group::Item => matches!(open, Group::Item | Group::Paragraph),
        Group::Term => matches!(open, Group::Term | Group::Paragraph),
        Group::Cell => matches!(open, Group::Cell),
        Group::Row => matches!(open, Group::Cell | Group::Row),
        Group::Section => matches!(open, Group::Cell | Group::Row | Group::Section),
        Group::Void | Group::Formatting | Group::Inline => false,
    }
}

/// Whether an element of this group that begins closes nothing beyond an open one of `open`.
pub(crate) const fn stops(begins: Group, open: Group) -> bool {
    match begins {
        Group::Cell | Group::Row | Group::Section => matches!(open, Group::Table),
        Group::Item | Group::Term => matches!(open, Group::List | Group::Cell | Group::Table),
        _ => matches!(open, Group::Cell | Group::Table | Group::Item | Group::Term),
    }
}
