//! Style sheets and style attributes: each token is read and written anew, what is not known is left out.
//!
//! Safety: no token that is written can load anything (addresses only through [`Images`], functions by an allow-list),
//! and the text never holds `<` before a letter, `/` or `!`, so that a style element cannot end early.

use std::fmt::Write as _;

use cssparser::{Delimiter, ParseError, Parser, ToCss, Token, TokenSerializationType, serialize_identifier};

use crate::images::{Images, Shown};

/// Blocks inside each other.
const NESTING_MAX: u8 = 12;
/// Longer style attributes are left out.
const ATTRIBUTE_OCTETS_MAX: usize = 64 << 10;

/// Functions that may stand in values and selectors. None of them can name something to load.
const FUNCTIONS: &[&str] = &[
    "rgb",
    "rgba",
    "hsl",
    "hsla",
    "hwb",
    "lab",
    "lch",
    "oklab",
    "oklch",
    "color",
    "color-mix",
    "light-dark",
    "calc",
    "min",
    "max",
    "clamp",
    "round",
    "abs",
    "var",
    "rect",
    "inset",
    "circle",
    "ellipse",
    "polygon",
    "linear-gradient",
    "radial-gradient",
    "conic-gradient",
    "repeating-linear-gradient",
    "repeating-radial-gradient",
    "-webkit-linear-gradient",
    "-webkit-radial-gradient",
    "-moz-linear-gradient",
    "-o-linear-gradient",
    "-ms-linear-gradient",
    "translate",
    "translatex",
    "translatey",
    "translate3d",
    "scale",
    "scalex",
    "scaley",
    "rotate",
    "skew",
    "skewx",
    "skewy",
    "matrix",
    "counter",
    "counters",
    "cubic-bezier",
    "steps",
    "minmax",
    "repeat",
    "fit-content",
    "blur",
    "brightness",
    "contrast",
    "drop-shadow",
    "grayscale",
    "hue-rotate",
    "invert",
    "opacity",
    "saturate",
    "sepia",
    "not",
    "is",
    "where",
    "has",
    "matches",
    "-webkit-any",
    "-moz-any",
    "nth-child",
    "nth-last-child",
    "nth-of-type",
    "nth-last-of-type",
    "lang",
    "dir",
];

/// Properties that run or load something in some browser, old ones too.
const REFUSED: &[&str] = &["behavior", "-ms-behavior", "-moz-binding", "src", "-webkit-user-modify"];

/// Words of `position` that stay in the flow of the mail.
const POSITIONS: &[&str] = &["static", "relative", "absolute", "inherit", "initial", "unset"];

type Read<'i, T> = Result<T, ParseError<()>>;

/// Appends the rules of a style sheet.
pub(crate) fn sheet(source: &str, images: &mut Images<'_>, out: &mut String) {
    let mut parser = Parser::new(source);
    parser.set_nested_block_limit(NESTING_MAX);
    rules(&mut parser, &mut Writer { images, out });
}

/// The declarations of a style attribute; empty if nothing is left.
pub(crate) fn attribute(source: &str, images: &mut Images<'_>) -> String {
    let mut out = String::new();
    if source.len() <= ATTRIBUTE_OCTETS_MAX {
        let mut parser = Parser::new(source);
        parser.set_nested_block_limit(NESTING_MAX);
        declarations(&mut parser, &mut Writer { images, out: &mut out });
    }
    out
}

struct Writer<'a, 'o> {
    images: &'o mut Images<'a>,
    out: &'o mut String,
}

fn rules(parser: &mut Parser<'_>, to: &mut Writer<'_, '_>) {
    loop {
        let start = parser.state();
        let at_rule = match parser.next() {
            Err(_) => return,
            Ok(Token::CDO | Token::CDC | Token::Semicolon) => continue,
            Ok(Token::AtKeyword(name)) => Some(name.to_ascii_lowercase()),
            Ok(_) => None,
        };
        let before = to.out.len();
        let read = match at_rule.as_deref() {
            Some("media" | "supports") => conditional(parser, at_rule.as_deref().unwrap_or_default(), to),
            Some(_) => {
                // What follows up to the block or semicolon is skipped, and the block with it.
                drop(parser.parse_until_before(
                    Delimiter::CurlyBracketBlock | Delimiter::Semicolon,
                    |skipped| {
                        while skipped.next().is_ok() {}
                        Ok::<(), ParseError<()>>(())
                    },
                ));
                drop(parser.next());
                continue;
            }
            None => {
                parser.reset(&start);
                style_rule(parser, to)
            }
        };
        if read.is_err() {
            to.out.truncate(before);
        }
    }
}

/// `@media` and `@supports`: rules that count sometimes. Those for the dark are left out: mail is shown on white.
fn conditional<'i>(parser: &mut Parser<'i>, name: &str, to: &mut Writer<'_, '_>) -> Read<'i, ()> {
    let start = to.out.len();
    to.out.push('@');
    to.out.push_str(name);
    to.out.push(' ');
    parser.skip_whitespace();
    let prelude = parser
        .parse_until_before(Delimiter::CurlyBracketBlock | Delimiter::Semicolon, |parser| values(parser, to));
    let block = matches!(parser.next(), Ok(Token::CurlyBracketBlock));
    let condition = to.out[start..].to_ascii_lowercase();
    let dark = condition.contains("prefers-color-scheme") && condition.contains("dark");
    prelude?;
    if !block || dark {
        return Err(ParseError::custom(()));
    }
    to.out.push('{');
    let start = to.out.len();
    let read = parser.parse_nested_block(|parser| {
        rules(parser, to);
        Ok(())
    });
    if to.out.len() == start {
        return Err(ParseError::custom(()));
    }
    to.out.push_str("}\n");
    read
}

fn style_rule<'i>(parser: &mut Parser<'i>, to: &mut Writer<'_, '_>) -> Read<'i, ()> {
    parser.skip_whitespace();
    let from = to.out.len();
    let selector = parser.parse_until_before(Delimiter::CurlyBracketBlock, |parser| values(parser, to));
    if !matches!(parser.next(), Ok(Token::CurlyBracketBlock)) {
        return Err(ParseError::custom(()));
    }
    selector?;
    if to.out[from..].contains('<') {
        return Err(ParseError::custom(()));
    }
    to.out.push('{');
    let start = to.out.len();
    let read = parser.parse_nested_block(|parser| {
        declarations(parser, to);
        Ok(())
    });
    if to.out.len() == start {
        return Err(ParseError::custom(()));
    }
    to.out.push_str("}\n");
    read
}

fn declarations(parser: &mut Parser<'_>, to: &mut Writer<'_, '_>) {
    while !parser.is_exhausted() {
        let before = to.out.len();
        let read = parser.parse_until_after(Delimiter::Semicolon, |parser| declaration(parser, to));
        match read {
            Ok(()) => to.out.push(';'),
            Err(_) => to.out.truncate(before),
        }
    }
}

fn declaration<'i>(parser: &mut Parser<'i>, to: &mut Writer<'_, '_>) -> Read<'i, ()> {
    let name = parser.expect_ident()?.to_ascii_lowercase();
    parser.expect_colon()?;
    let custom = name.starts_with("--");
    if REFUSED.contains(&name.as_str())
        || (!custom && name.contains(|c: char| !c.is_ascii_graphic() || c == '<'))
    {
        return Err(ParseError::custom(()));
    }
    let from = to.out.len();
    serialize_identifier(&name, to.out).map_err(|_| ParseError::custom(()))?;
    to.out.push(':');
    let start = to.out.len();
    values(parser, to)?;
    let value = to.out[start..].trim().to_ascii_lowercase();
    let first = value.split([' ', '!']).next().unwrap_or_default();
    let misplaced = name == "position" && !POSITIONS.contains(&first);
    if value.is_empty() || misplaced || to.out[from..].contains('<') {
        return Err(ParseError::custom(()));
    }
    Ok(())
}

/// Copies all tokens that are left, or fails at the first that is not allowed.
fn values<'i>(parser: &mut Parser<'i>, to: &mut Writer<'_, '_>) -> Read<'i, ()> {
    let refused = || ParseError::custom(());
    let mut last = TokenSerializationType::default();
    // Nesting is bounded by the parser.
    while let Ok(token) = parser.next_including_whitespace() {
        let token = token.clone();
        let is_url = match &token {
            Token::UnquotedUrl(_) => true,
            Token::Function(name) => name.eq_ignore_ascii_case("url"),
            _ => false,
        };
        // An address may become a word.
        let kind = if is_url {
            Token::Ident("none".into()).serialization_type()
        } else {
            token.serialization_type()
        };
        if last.needs_separator_when_before(kind) {
            to.out.push_str("/**/");
        }
        last = kind;
        match &token {
            Token::WhiteSpace(_) => to.out.push(' '),
            Token::CDO | Token::CDC | Token::Comment(_) => {}
            Token::Delim('<') => to.out.push_str("< "),
            Token::QuotedString(text) => string(text, to.out),
            Token::UnquotedUrl(url) => address(url, to),
            Token::Function(_) if is_url => {
                let url = parser.parse_nested_block(|parser| {
                    parser.expect_string().map(ToString::to_string).map_err(ParseError::<()>::from)
                })?;
                address(&url, to);
            }
            Token::Function(name) => {
                let name = name.to_ascii_lowercase();
                if !FUNCTIONS.contains(&name.as_str()) {
                    return Err(refused());
                }
                to.out.push_str(&name);
                nested(parser, to, '(', ')')?;
            }
            Token::ParenthesisBlock => nested(parser, to, '(', ')')?,
            Token::SquareBracketBlock => nested(parser, to, '[', ']')?,
            Token::Ident(name) | Token::Hash(name) | Token::IDHash(name) if name.contains('<') => {
                return Err(refused());
            }
            Token::Dimension { unit, .. } if unit.contains('<') => return Err(refused()),
            Token::Delim(c)
                if !matches!(c, '>' | '+' | '-' | '~' | '*' | '.' | '|' | '=' | '!' | '/' | '&' | '%') =>
            {
                return Err(refused());
            }
            Token::Ident(_)
            | Token::Hash(_)
            | Token::IDHash(_)
            | Token::Number { .. }
            | Token::Percentage { .. }
            | Token::Dimension { .. }
            | Token::Delim(_)
            | Token::Colon
            | Token::Comma
            | Token::IncludeMatch
            | Token::DashMatch
            | Token::PrefixMatch
            | Token::SuffixMatch
            | Token::SubstringMatch => {
                token.to_css(to.out).map_err(|_| refused())?;
            }
            _ => return Err(refused()),
        }
    }
    Ok(())
}

fn nested<'i>(parser: &mut Parser<'i>, to: &mut Writer<'_, '_>, open: char, close: char) -> Read<'i, ()> {
    to.out.push(open);
    parser.parse_nested_block(|parser| values(parser, to))?;
    to.out.push(close);
    Ok(())
}

fn address(url: &str, to: &mut Writer<'_, '_>) {
    match to.images.show(url, false) {
        Shown::At(path) => {
            to.out.push_str("url(");
            string(&path, to.out);
            to.out.push(')');
        }
        Shown::Blocked | Shown::Nothing => to.out.push_str("none"),
    }
}

/// A string in double quotes that holds no markup.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '<' => out.push_str("\\3c "),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push('\u{fffd}'),
            c if c.is_control() => drop(write!(out, "\\{:x} ", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::ImageSource;

    fn images<'a>() -> Images<'a> {
        Images::new(false, &|source| match source {
            ImageSource::ContentId("a") => Some("/i/a".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn attributes_keep_what_is_harmless() {
        let check =
            |source: &str, expected: &str| assert_eq!(attribute(source, &mut images()), expected, "{source}");
        check(
            "color: red; font:12px/1.5 'A B', serif !important",
            "color: red;font:12px/1.5 \"A B\", serif !important;",
        );
        check("background:url(cid:a) no-repeat", "background:url(\"/i/a\") no-repeat;");
        check("background:url('http://x.example/t.gif') #fff", "background:none #fff;");
        check("background:u\\72l(http://x.example/t.gif)", "background:none;");
        check("width:expression(alert(1)); color:blue", "color:blue;");
        check("width:exp/**/ression(alert(1))", "");
        check("behavior:url(x.htc);-moz-binding:url(x)", "");
        check("background:image-set('http://x.example/a' 1x)", "");
        check("position:fixed;top:0", "top:0;");
        check("position:/**/absolute !important", "position:absolute !important;");
        check("position:var(--x);--x:fixed", "--x:fixed;");
        check("width:calc(100% - (2px + 1px))", "width:calc(100% - (2px + 1px));");
        check("color:red}body{x:y", "");
        check("a:{b};color:red", "color:red;");
        check("content:'</style><script>'", "content:\"\\3c /style>\\3c script>\";");
        check("font-family:\\3c/style", "");
        check("\\3c x:y", "");
        check("color:#FFF;;;mso-line-height-rule:exactly", "color:#FFF;mso-line-height-rule:exactly;");
        check("margin:0 0 0 -1.50em;width:100px", "margin:0 0 0 -1.5em;width:100px;");
        check(&format!("width:{}", "calc(".repeat(100_000)), "");
    }

    #[test]
    fn sheets_keep_rules_and_drop_what_loads() {
        let check = |source: &str, expected: &str| {
            let mut out = String::new();
            sheet(source, &mut images(), &mut out);
            assert_eq!(out, expected, "{source}");
        };
        check(
            "<!-- p.a > b[x='y'] , #i{color:red} -->",
            "p.a > b[x=\"y\"] , #i{color: red;}\n".replace(": ", ":").as_str(),
        );
        check("@import url(http://x.example/a.css); p{color:red}", "p{color:red;}\n");
        check("@import 'x' ;@charset \"x\";@font-face{font-family:a;src:url(http://x)}p{a:b}", "p{a:b;}\n");
        check(
            "@media screen and (max-width:600px){.a{width:100%!important}}",
            "@media screen and (max-width:600px){.a{width:100%!important;}\n}\n",
        );
        check("@media (prefers-color-scheme:dark){p{color:#fff}}p{color:#000}", "p{color:#000;}\n");
        check("@media (400px <= width){p{a:b}}", "@media (400px < = width){p{a:b;}\n}\n");
        check("@unknown x{y{z:1}} p{a:b}", "p{a:b;}\n");
        check("p{a:b", "p{a:b;}\n");
        check("p{} q{x:url(http://a)}", "q{x:none;}\n");
        check("p</style>{a:b} q{a:b}", "q{a:b;}\n");
        check(
            "a:not(.b):nth-child(2n + 1)::before{content:'x'}",
            "a:not(.b):nth-child(2n + 1)::before{content:\"x\";}\n",
        );
    }
}
