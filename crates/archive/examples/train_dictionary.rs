//! Makes a dictionary: `cargo run --release -p archive --example train_dictionary -- FOLDER OUT`.
//!
//! FOLDER holds generated mails, one a file; to them come mails filled in from `dictionary/templates`, which show the
//! header fields and the HTML of programs that the generator does not imitate. The same input gives the same octets.

use std::path::{Path, PathBuf};
use std::{env, fs};

const DICTIONARY_OCTETS: usize = 112 << 10;
const MAILS: usize = 6_000;
const OCTETS_MAX: usize = 64 << 10;
/// After so many generated mails comes one from a template.
const MAILS_PER_TEMPLATE: usize = 2;
const TEMPLATES: [&str; 5] = [
    include_str!("../dictionary/templates/microsoft-365.txt"),
    include_str!("../dictionary/templates/google.txt"),
    include_str!("../dictionary/templates/shop.txt"),
    include_str!("../dictionary/templates/desktop.txt"),
    include_str!("../dictionary/templates/reports.txt"),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, out] = arguments.as_slice() else {
        return Err("which generated mails, and where to? FOLDER OUT".into());
    };
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut samples = Vec::new();
    // Interleaved: what comes last is not learnt from but compared with.
    for (number, mail) in mails(Path::new(folder))?.into_iter().enumerate() {
        samples.push(mail);
        if number % MAILS_PER_TEMPLATE == 0 {
            samples.push(filled(TEMPLATES[samples.len() % TEMPLATES.len()], &mut random));
        }
    }
    let octets: usize = samples.iter().map(Vec::len).sum();
    let dictionary = zstd::dict::from_samples(&samples, DICTIONARY_OCTETS)?;
    fs::write(out, &dictionary)?;
    println!("{} octets from {} samples of {octets} octets", dictionary.len(), samples.len());
    Ok(())
}

/// Generated mails spread over the folder, without what attachments consist of.
fn mails(folder: &Path) -> std::io::Result<Vec<Vec<u8>>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    let step = (paths.len() / MAILS).max(1);
    paths.iter().step_by(step).map(|path| fs::read(path).map(|mail| without_base64(&mail))).collect()
}

/// Keeps four lines of each stretch of base64, and 64 kB of the mail.
fn without_base64(mail: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut run = 0;
    for line in mail.split_inclusive(|octet| *octet == b'\n') {
        let text = line.trim_ascii_end();
        let base64 = text.len() >= 60
            && text.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'='));
        run = if base64 { run + 1 } else { 0 };
        if run <= 4 {
            kept.extend_from_slice(line);
        }
    }
    kept.truncate(OCTETS_MAX);
    kept
}

/// A template whose `{…}` are filled in, with lines ended by CRLF as mails have them.
fn filled(template: &str, random: &mut Random) -> Vec<u8> {
    let mut mail = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        mail.push_str(before);
        rest = after;
        let hole = after.split_once('}').and_then(|(hole, after)| Some((value(hole, random)?, after)));
        match hole {
            Some((value, after)) => {
                mail.push_str(&value);
                rest = after;
            }
            // A brace of a style sheet.
            None => mail.push('{'),
        }
    }
    mail.push_str(rest);
    mail.replace('\n', "\r\n").into_bytes()
}

fn value(hole: &str, random: &mut Random) -> Option<String> {
    let (kind, len) = hole.split_once(':').unwrap_or((hole, "1"));
    let len: usize = len.parse().ok()?;
    let letters = |letters: &[u8], random: &mut Random| -> String {
        (0..len).map(|_| char::from(letters[random.below(letters.len())])).collect()
    };
    Some(match kind {
        "hex" => letters(b"0123456789abcdef", random),
        "upper" => letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", random),
        "num" => letters(b"0123456789", random),
        "b64" => letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", random),
        "word" => random.word(),
        "words" => format!("{} {} {}", random.word(), random.word(), random.word()),
        "name" => format!("{} {}", random.word(), random.word()),
        "local" => format!("{}.{}", random.word(), random.word()),
        "domain" => format!("{}.example", random.word()),
        "host" => format!("{}.{}.example", random.word(), random.word()),
        "ip" => format!("192.0.2.{}", random.below(256)),
        "date" => format!(
            "Mon, {} Jun 2025 09:{:02}:{:02} +0000",
            random.below(30),
            random.below(60),
            random.below(60)
        ),
        "guid" => {
            let [a, b, c, d] = [(); 4].map(|()| random.next() >> 16);
            format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a as u32, b as u16, c as u16, d as u16, a ^ b)
        }
        _ => return None,
    })
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 20) as usize % bound
    }

    /// Letters that make no word: only what surrounds them is to be learnt.
    fn word(&mut self) -> String {
        (0..4 + self.below(6)).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }
}
