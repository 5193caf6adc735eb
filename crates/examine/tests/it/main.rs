//! Documents made here, read by a real child.

mod bombs;
mod children;
mod containers;
mod documents;
mod large;
mod make;

use examine::{Document, Examiner, Limits, Options, Outcome};

/// Options with the child that this crate builds.
fn options() -> Options {
    Options {
        program: env!("CARGO_BIN_EXE_examine-child").into(),
        children: 1,
        ..Options::this_program(Vec::new())
    }
}

fn examiner() -> Examiner {
    Examiner::new(options())
}

fn with_limits(limits: Limits) -> Examiner {
    Examiner::new(Options { limits, ..options() })
}

fn read(examiner: &Examiner, name: &str, octets: &[u8]) -> Outcome {
    let document = Document { name: Some(name), content_type: "application/octet-stream", octets };
    examiner.texts(&[document]).remove(0)
}
