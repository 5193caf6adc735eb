//! Hostile and ordinary mails, judged by what a browser's parser makes of the result.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer};
use proptest::prelude::*;

use self::attacks::ATTACKS;
use crate::{ImageSource, Limits, Options, Rendered, elements, frame_policy, html, text};

mod attacks;

fn image_url(source: ImageSource<'_>) -> Option<String> {
    match source {
        ImageSource::Remote(_) => Some("/api/v1/images/remote".to_owned()),
        ImageSource::ContentId("known") => Some("/api/v1/images/known".to_owned()),
        _ => None,
    }
}

fn render(source: &str, remote_images: bool) -> Rendered {
    html(source, &Options { remote_images, image_url: &image_url, limits: Limits::default() })
}

type Attributes = Vec<(String, String)>;

/// Start tags and style texts, as a browser tokenizes them.
#[derive(Default)]
struct Seen {
    tags: RefCell<Vec<(String, Attributes)>>,
    styles: RefCell<Vec<String>>,
    in_style: Cell<bool>,
}

struct Sink(Rc<Seen>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        use html5ever::tokenizer::states::RawKind;
        use html5ever::tokenizer::{TagKind, TokenSinkResult::RawData};
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let attributes =
                    tag.attrs.iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
                self.0.tags.borrow_mut().push((tag.name.to_string(), attributes));
                if &*tag.name == "style" {
                    self.0.in_style.set(true);
                    self.0.styles.borrow_mut().push(String::new());
                    return RawData(RawKind::Rawtext);
                }
            }
            Token::TagToken(_) => self.0.in_style.set(false),
            Token::CharacterTokens(text) if self.0.in_style.get() => {
                self.0.styles.borrow_mut().last_mut().unwrap().push_str(&text);
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn seen(document: &str) -> Rc<Seen> {
    let seen = Rc::new(Seen::default());
    let queue = BufferQueue::default();
    queue.push_back(document.into());
    let tokenizer = Tokenizer::new(Sink(Rc::clone(&seen)), html5ever::tokenizer::TokenizerOpts::default());
    drop(tokenizer.feed(&queue));
    tokenizer.end();
    seen
}

/// Panics if anything in a document acts, or loads from elsewhere than our paths.
fn assert_harmless(source: &str, rendered: &Rendered) {
    let about = || format!("source: {source:.2000}\nresult: {:.6000}", rendered.html);
    let seen = seen(&rendered.html);
    let skeleton = ["html", "head", "meta", "style", "body"];
    let plain = ["div", "blockquote", "a"];
    for (name, attributes) in seen.tags.borrow().iter() {
        let known = skeleton.contains(&name.as_str())
            || plain.contains(&name.as_str())
            || elements::kept().any(|k| k == name);
        assert!(known, "element {name}\n{}", about());
        for (attribute, value) in attributes {
            assert!(!attribute.starts_with("on"), "{attribute}\n{}", about());
            let fine = match attribute.as_str() {
                "src" => value.starts_with("/api/v1/images/") || value.starts_with("data:image/"),
                "href" => {
                    ["http://", "https://", "mailto:", "tel:", "#"].iter().any(|s| value.starts_with(s))
                }
                "srcset" | "background" | "action" | "formaction" | "xlink:href" | "poster" | "srcdoc"
                | "ping" | "data" | "dynsrc" | "lowsrc" | "http-equiv" | "name"
                    if name != "a" && name != "map" && name != "meta" =>
                {
                    false
                }
                "http-equiv" => false,
                "style" => {
                    assert_css_harmless(value, &about);
                    true
                }
                _ => true,
            };
            assert!(fine, "{name} {attribute}={value}\n{}", about());
        }
        if name == "a" && attributes.iter().any(|(n, v)| n == "href" && !v.starts_with('#')) {
            let has = |n: &str, v: &str| attributes.iter().any(|(name, value)| name == n && value == v);
            assert!(has("rel", "noopener noreferrer") && has("target", "_blank"), "{}", about());
        }
    }
    assert_eq!(seen.styles.borrow().len(), seen.tags.borrow().iter().filter(|t| t.0 == "style").count());
    for style in seen.styles.borrow().iter() {
        assert_css_harmless(style, &about);
    }
}

/// Whether a place of a style sheet lies inside a string, where nothing is loaded.
fn is_in_string(css: &str, place: usize) -> bool {
    let (mut quote, mut escaped) = (None, false);
    for c in css[..place].chars() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), _) if c == open || c == '\n' => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            _ => {}
        }
    }
    quote.is_some()
}

fn assert_css_harmless(css: &str, about: &dyn Fn() -> String) {
    let lower = css.to_ascii_lowercase();
    for (at, _) in lower.match_indices("url(").filter(|(at, _)| !is_in_string(&lower, *at)) {
        let target = &lower[at + 4..];
        let fine = target.starts_with("\"/api/v1/images/") || target.starts_with("\"data:image/");
        assert!(fine, "{css}\n{}", about());
    }
    for word in [
        "@import",
        "expression(",
        "behavior:",
        "-moz-binding:",
        "image-set(",
        "position:fixed",
        "position: fixed",
        "@font-face",
    ] {
        assert!(!lower.contains(word), "{word} in {css}\n{}", about());
    }
}

#[test]
fn attacks_leave_nothing_that_acts_or_loads() {
    for source in ATTACKS {
        for remote in [false, true] {
            assert_harmless(source, &render(source, remote));
            // Inside a table, an attribute, a comment; twice.
            for wrapped in [
                format!("<html><body><table><tr><td>{source}</td></tr></table>"),
                format!("<p title=\"{source}\">x</p>"),
                format!("<!-- {source} --><p>{source}{source}"),
                format!("<svg>{source}</svg><math>{source}</math>"),
                format!("<style>{source}</style><textarea>{source}</textarea><noscript>{source}</noscript>"),
            ] {
                assert_harmless(&wrapped, &render(&wrapped, remote));
            }
        }
    }
}

#[test]
fn rendering_again_changes_nothing_that_matters() {
    for source in ATTACKS {
        let once = render(source, true);
        assert_harmless(source, &render(&once.html, true));
    }
}

#[test]
fn ordinary_mail_keeps_its_looks() {
    let check = |source: &str, expected: &[&str]| {
        let rendered = render(source, false);
        assert_harmless(source, &rendered);
        for part in expected {
            assert!(rendered.html.contains(part), "{part}\nin {}", rendered.html);
        }
    };
    check(
        "<html><head><title>t</title><style>.a{color:red}</style></head><body bgcolor=#eee class=b>\
         <table width=600 cellpadding=0 border=0><tr><td align=center style='padding:4px'>Gr&uuml;&szlig;e &amp; mehr</td></tr></table>",
        &[
            ".a{color:red;}",
            "<body bgcolor=\"#eee\" class=\"b\">",
            "cellpadding=\"0\"",
            "width=\"600\"",
            "style=\"padding:4px;\"",
            "Grüße &amp; mehr",
        ],
    );
    check("<a href='https://example.org/?a=1&amp;b=2'>x</a>", &["href=\"https://example.org/?a=1&amp;b=2\""]);
    check("<p>a<p>b<ul><li>c<li>d</ul>", &["<p>a</p><p>b</p><ul><li>c</li><li>d</li></ul>"]);
    check(
        "<font color=red face=Arial size=2>x</font><center>y</center>",
        &["face=\"Arial\"", "<center>y</center>"],
    );
    check("<img src=cid:known alt=Logo width=100>", &["src=\"/api/v1/images/known\"", "alt=\"Logo\""]);
    check("<form><button>Ja</button></form><video>Film</video>", &["JaFilm"]);
    check("<a name=top></a><a href=#top>x</a>", &["name=\"top\"", "href=\"#top\""]);
    check("<xmp><b>x</b></xmp>", &["<pre>&lt;b&gt;x&lt;/b&gt;</pre>"]);
    check("<svg><path d=x></svg>after<svg>in<p>out", &["after<p>out</p>"]);
    check("<!doctype html><p>x", &["<!doctype html><html>"]);
}

#[test]
fn images_are_counted() {
    let source = "<img src=http://a.example/1.png width=600 height=100><img src=https://a.example/2.png>\
        <img src=https://a.example/o.gif width=1 height=1><img src=https://a.example/o.gif style='width:1px;height:0'>\
        <img src=cid:known><td background=https://a.example/3.png>";
    let blocked = render(source, false);
    assert_eq!((blocked.remote_images_blocked, blocked.remote_images_shown), (3, 0));
    assert_eq!((blocked.tracking_pixels, blocked.inline_images), (2, 1));
    let shown = render(source, true);
    assert_eq!((shown.remote_images_blocked, shown.remote_images_shown), (0, 3));
    assert_eq!(shown.tracking_pixels, 2);
    assert!(shown.html.contains("/api/v1/images/remote") && !shown.html.contains("a.example"));
}

#[test]
fn plain_text_gets_links_and_levels() {
    let check = |source: &str, expected: &str| {
        let rendered = text(source);
        assert_harmless(source, &rendered);
        assert!(rendered.html.contains(expected), "{expected}\nin {}", rendered.html);
    };
    let link = |url: &str, shown: &str| {
        format!("<a target=\"_blank\" rel=\"noopener noreferrer\" href=\"{url}\">{shown}</a>")
    };
    check(
        "see https://example.org/a?b=1&c=2.",
        &link("https://example.org/a?b=1&amp;c=2", "https://example.org/a?b=1&amp;c=2"),
    );
    check(
        "(www.example.org/x_(y))",
        &format!("({})", link("http://www.example.org/x_(y)", "www.example.org/x_(y)")),
    );
    check(
        "<https://example.org>",
        &format!("&lt;{}&gt;", link("https://example.org/", "https://example.org")),
    );
    check("an a.b@example.org, bitte", &link("mailto:a.b@example.org", "a.b@example.org"));
    check("javascript:alert(1) <script>", "javascript:alert(1) &lt;script&gt;");
    check("> a\n>> b\n> c\nd", "<blockquote>a\n<blockquote>b\n</blockquote>c\n</blockquote>d\n");
    check("x\n-- \nErika", "x\n<div class=\"s\">-- \nErika\n</div></div>");
    check("@ a@ @b a@b ..@.. https:// www.", "@ a@ @b a@b ..@.. https:// www.");
}

#[test]
fn what_is_too_much_is_shown_as_text() {
    let limits = Limits { source_octets: 1000, ..Limits::default() };
    let options = Options { remote_images: false, image_url: &image_url, limits };
    let long = format!("<p>Hallo</p><script>x</script>{}", "<b>Welt</b> ".repeat(200));
    let rendered = html(&long, &options);
    assert!(
        rendered.simplified && rendered.html.contains("Hallo Welt Welt") && !rendered.html.contains("<b>")
    );
    let many = render(&"<p>x".repeat(250_000), false);
    assert!(many.simplified);
}

#[expect(clippy::disallowed_types, reason = "a test of the time taken")]
fn seconds(work: impl FnOnce()) -> f64 {
    let start = std::time::Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// Each source at two lengths: the time grows with the length, not with its square.
#[test]
fn hostile_input_takes_linear_time() {
    for piece in attacks::ENDLESS {
        for opening in ["", "<p ", "<table>"] {
            let time = |octets: usize| {
                let source = format!("{opening}{}", piece.repeat(octets / piece.len()));
                seconds(|| drop(render(&source, false)))
            };
            let (short, long) = (time(15_000), time(240_000));
            // 16 times the length: allow for noise, not for 256 times the time.
            assert!(long < short * 64.0 + 1.0, "{opening}{piece}: {short:.3} s, {long:.3} s");
        }
    }
}

#[test]
fn policy_forbids_scripts_and_foreign_images() {
    let policy = frame_policy("https://mail.example.org");
    assert_eq!(
        policy,
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: https://mail.example.org/api/v1/images/; \
         frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox allow-same-origin allow-popups \
         allow-popups-to-escape-sandbox"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn any_text_is_harmless(source in "\\PC*", remote: bool) {
        assert_harmless(&source, &render(&source, remote));
        assert_harmless(&source, &text(&source));
    }

    #[test]
    fn any_mixture_of_attacks_is_harmless(
        pieces in prop::collection::vec((0..ATTACKS.len(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
        remote: bool,
    ) {
        let mut source = String::new();
        for (which, from, to) in pieces {
            let attack: Vec<char> = ATTACKS[which].chars().collect();
            let (a, b) = (from.index(attack.len() + 1), to.index(attack.len() + 1));
            source.extend(&attack[a.min(b)..a.max(b)]);
        }
        assert_harmless(&source, &render(&source, remote));
    }
}

/// Every HTML part of the corpus, where there is one beside the repository.
#[test]
fn corpus_renders_within_limits() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus");
    let mut files = Vec::new();
    collect(root.as_ref(), &mut files);
    for file in files {
        let octets = read(&file);
        let Some(mail) = mail_parser::MessageParser::default().parse(&octets) else { continue };
        for part in &mail.parts {
            if let mail_parser::PartType::Html(source) = &part.body {
                let rendered = render(source, false);
                assert!(!rendered.simplified, "{}", file.display());
                assert_harmless(source, &rendered);
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test reads its corpus")]
fn read(file: &std::path::Path) -> Vec<u8> {
    std::fs::read(file).unwrap_or_default()
}

fn collect(directory: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
