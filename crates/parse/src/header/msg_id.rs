//! `Message-ID`, `In-Reply-To`, `References` (RFC 5322 §3.6.4), also the older and the broken forms.

use memchr::memchr;
use model::MessageId;

use super::text;

/// Octets of a message id; longer ones are cut.
const ID_OCTETS_MAX: usize = 998;

/// Reads `Message-ID`: what stands in angle brackets, or else the whole body.
///
/// `None` if nothing is left without brackets and white space.
pub fn message_id(body: &[u8]) -> Option<MessageId> {
    let inside = bracketed(body).next().unwrap_or(body.trim_ascii());
    id(inside).or_else(|| id(body))
}

/// Reads a list of ids in the order written, without repetitions; of more than `max` the first and the last
/// ones. The flag says whether some were left out.
///
/// Every id in angle brackets is taken, phrases and comments around them are skipped: `Message from Joe <joe@a.example>
/// of …` gives Joe's address as well, as other programs read it. Without any bracket, words with `@` count if there
/// is nothing but such words.
pub fn message_ids(body: &[u8], max: usize) -> (Vec<MessageId>, bool) {
    let mut ids = Ids { kept: Vec::new(), max, more: false };
    let mut any = false;
    for inside in bracketed(body) {
        any = true;
        ids.push(inside);
    }
    if !any {
        let words = || body.split(|c| c.is_ascii_whitespace() || *c == b',').filter(|w| !w.is_empty());
        if words().all(|word| word.contains(&b'@') && !word.contains(&b'"')) {
            words().for_each(|word| ids.push(word));
        }
    }
    ids.finish()
}

/// What stands between `<` and `>`.
fn bracketed(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut pos = 0;
    std::iter::from_fn(move || {
        let open = pos + memchr(b'<', body.get(pos..)?)? + 1;
        // The last one may be cut off.
        let close = memchr(b'>', &body[open..])
            .or_else(|| body[open..].iter().position(u8::is_ascii_whitespace))
            .map_or(body.len(), |len| open + len);
        pos = (close + 1).min(body.len());
        Some(&body[open..close])
    })
}

fn id(octets: &[u8]) -> Option<MessageId> {
    let kept: Vec<u8> = octets
        .iter()
        .copied()
        .filter(|&c| c > b' ' && c != 0x7f && c != b'<' && c != b'>')
        .take(ID_OCTETS_MAX)
        .collect();
    (!kept.is_empty()).then(|| MessageId(text::lossy(&kept)))
}

struct Ids {
    kept: Vec<MessageId>,
    max: usize,
    more: bool,
}

impl Ids {
    fn push(&mut self, octets: &[u8]) {
        if let Some(id) = id(octets)
            && self.kept.last() != Some(&id)
        {
            // Twice the bound at most in memory; the middle goes.
            if self.kept.len() >= self.max.max(1) * 2 {
                self.shorten();
            }
            self.kept.push(id);
        }
    }

    fn shorten(&mut self) {
        let keep_first = self.max / 2;
        let keep_last = self.max - keep_first;
        if self.kept.len() > self.max {
            self.more = true;
            self.kept.drain(keep_first..self.kept.len() - keep_last);
        }
    }

    fn finish(mut self) -> (Vec<MessageId>, bool) {
        self.shorten();
        let mut seen = std::collections::HashSet::with_capacity(self.kept.len());
        self.kept.retain(|id| seen.insert(id.clone()));
        (self.kept, self.more)
    }
}
