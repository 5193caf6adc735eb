use super::*;

#[track_caller]
fn check_name(given: &str, expected: &str) {
    assert_eq!(safe_name(given), expected, "{given:?}");
    assert_eq!(safe_name(expected), expected, "a safe name stays");
}

#[test]
fn names_every_system_keeps() {
    for same in
        ["Rechnung 4711.pdf", "Müller & Söhne.xlsx", "図面.png", "a", "archive.tar.gz", "(1)", "com10.txt"]
    {
        check_name(same, same);
    }
    check_name("", "_");
    check_name("..", "_");
    check_name(" . . ", "_");
    check_name("../../etc/passwd", "_.._etc_passwd");
    check_name(r"C:\Windows\system32\evil.dll", "C__Windows_system32_evil.dll");
    check_name("a/b\\c", "a_b_c");
    check_name("what?<is>|this*:\".txt", "what__is__this___.txt");
    check_name("bell\u{7}\0and\u{1b}[31m.txt", "bell__and_[31m.txt");
    check_name("c1\u{85}\u{9b}.txt", "c1 _.txt");
    check_name("two\r\nlines\t.txt", "two lines .txt");
    check_name("photo\u{202e}gpj.exe", "photogpj.exe");
    check_name("\u{2066}in\u{2069}\u{200f}voice\u{feff}.pdf", "invoice.pdf");
    check_name("zero\u{200b}width\u{ad}.pdf", "zerowidth.pdf");
    check_name("tag\u{e0041}\u{e007f}.pdf", "tag.pdf");
    check_name("offer.pdf.", "offer.pdf");
    check_name("offer.pdf . .", "offer.pdf");
    check_name("   offer.pdf   ", "offer.pdf");
    check_name("nbsp\u{a0}\u{a0}and\u{3000}wide.pdf\u{a0}", "nbsp and wide.pdf");
    check_name(".htaccess", "htaccess");
    check_name("...hidden", "hidden");
    check_name("-rf", "_-rf");
    for device in
        ["CON", "con", "Nul.txt", "aux.tar.gz", "COM1", "lpt9.log", "COM¹", "conin$", "PRN .txt", "com0"]
    {
        check_name(device, &format!("_{device}"));
    }
    check_name("Desktop.ini", "_Desktop.ini");
    check_name("autorun.inf", "_autorun.inf");
    check_name("NUL.", "_NUL");
}

#[test]
fn long_names_keep_their_ending() {
    let long = safe_name(&format!("{}.pdf", "ü".repeat(400)));
    assert!(long.len() <= NAME_OCTETS_MAX && long.ends_with("ü.pdf"), "{long}");
    let odd = safe_name(&format!("a{}.pdf", "ü".repeat(400)));
    assert!(odd.len() <= NAME_OCTETS_MAX && odd.ends_with("ü.pdf"));
    let none = safe_name(&"漢".repeat(300));
    assert!(none.len() <= NAME_OCTETS_MAX && none.len() > NAME_OCTETS_MAX - 4);
    let dotted = safe_name(&format!("{}.{}", "x".repeat(100), "y".repeat(300)));
    assert_eq!(dotted.len(), NAME_OCTETS_MAX, "that is no ending");
    let cut = safe_name(&format!("{} . {}", "x".repeat(195), "y".repeat(300)));
    assert!(cut.ends_with('x') || cut.ends_with('y'), "{cut}");
}

#[test]
fn names_of_any_characters_are_safe() {
    // A small generator: the same each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let odd =
        ['.', '/', '\\', ' ', '\0', '\u{202e}', 'c', 'o', 'n', '-', ':', '\u{feff}', 'ü', '漢', '\u{1f600}'];
    for _ in 0..20_000 {
        let len = next() % 300;
        let name: String = (0..len)
            .map(|_| {
                let n = next();
                if n.is_multiple_of(2) {
                    odd[(n >> 8) as usize % odd.len()]
                } else {
                    char::from_u32((n >> 8) as u32 % 0x11_0000).unwrap_or('x')
                }
            })
            .collect();
        let safe = safe_name(&name);
        assert!(!safe.is_empty() && safe.len() <= NAME_OCTETS_MAX + 1, "{name:?}");
        assert!(!safe.contains(['/', '\\', '\0']) && safe != "." && safe != "..", "{name:?}");
        assert!(!safe.ends_with(['.', ' ']) && !safe.starts_with(['.', ' ']), "{name:?} {safe:?}");
        let again = safe_name(&safe);
        assert!(again == safe || safe.len() > NAME_OCTETS_MAX, "{safe:?} {again:?}");
    }
}

#[track_caller]
fn refused(pattern: &str, expected: PatternError) {
    assert_eq!(Pattern::parse(pattern), Err(expected), "{pattern}");
}

#[test]
fn patterns_that_cannot_be_used() {
    refused("  ", PatternError::Empty);
    refused(&format!("{}{{name}}", "x".repeat(PATTERN_MAX)), PatternError::TooLong);
    refused(&"a/".repeat(LEVELS_MAX).replace("/a/a/a", "/{name}"), PatternError::NoFolder);
    refused(&format!("{}{{name}}", "a/".repeat(LEVELS_MAX)), PatternError::TooDeep);
    refused("/{year}/{name}", PatternError::NoFolder);
    refused("{year}//{name}", PatternError::NoFolder);
    refused("{year}/{name}/", PatternError::NoFolder);
    refused("{year}/../{name}", PatternError::Traversal("..".to_owned()));
    refused("./{name}", PatternError::Traversal(".".to_owned()));
    refused(". ./{name}", PatternError::Traversal(". .".to_owned()));
    refused(r"{year}\{name}", PatternError::Character('\\'));
    refused("C:/{name}", PatternError::Character(':'));
    refused("a\u{7}/{name}", PatternError::Character('\u{7}'));
    refused("{year/{name}", PatternError::Brace);
    refused("year}/{name}", PatternError::Brace);
    refused("{Year}/{name}", PatternError::Unknown("{Year}".to_owned()));
    refused("{}/{name}", PatternError::Unknown("{}".to_owned()));
    refused("{year}/{month}", PatternError::NoName);
    refused("{name}/{month}", PatternError::NoName);
}

#[test]
fn paths_of_a_pattern() {
    let values = Values::default()
        .with(Field::Year, "2026")
        .with(Field::Month, "03")
        .with(Field::Contact, "Müller/Söhne: GmbH & Co. KG.")
        .with(Field::Subject, "..")
        .with(Field::Name, "../Angebot.pdf");
    let path = |pattern: &str| Pattern::parse(pattern).unwrap().path(&values);
    assert_eq!(path("{year}/{month}/{name}"), ["2026", "03", "_Angebot.pdf"]);
    assert_eq!(
        path("{year}-{month} {contact}/{name}"),
        ["2026-03 Müller_Söhne_ GmbH & Co. KG", "_Angebot.pdf"]
    );
    assert_eq!(
        path("{subject}/{order}/{ name }"),
        ["_", "_", "_Angebot.pdf"],
        "nothing leads out of the folder"
    );
    assert_eq!(path("Nr. {number}/{name}"), ["Nr", "_Angebot.pdf"]);
}

#[test]
fn names_that_are_taken_get_a_number() {
    let path = ["2026".to_owned(), "Angebot.pdf".to_owned()];
    assert_eq!(numbered(&path, 1), path);
    assert_eq!(numbered(&path, 2)[1], "Angebot (2).pdf");
    assert_eq!(numbered(&["README".to_owned()], 12)[0], "README (12)");
    assert_eq!(numbered(&["a.tar.gz".to_owned()], 3)[0], "a.tar (3).gz");
}
