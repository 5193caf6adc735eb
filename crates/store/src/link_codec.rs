//! Octets of a trace: what linking looked at and found, step by step.

use link::{Step, StepName, StepOutcome};

use crate::codec::{In, Out};
use crate::error::{Result, StoreError};

/// Version of what [`octets`] writes.
pub(crate) const VERSION: i64 = 1;

const UNREADABLE: StoreError = StoreError::Unreadable { what: "trace" };

/// What was looked at is often what an earlier step looked at: it stands once.
pub(crate) fn octets(trace: &[Step]) -> Vec<u8> {
    let mut out = Out(Vec::with_capacity(64));
    let mut said: Vec<String> = Vec::new();
    out.list(trace, |out, step| {
        out.number(step.step as u64);
        out.number(step.outcome as u64);
        if let Some(at) = said.iter().position(|said| *said == step.looked_at) {
            out.number(at as u64 + 1);
        } else {
            said.push(step.looked_at.clone());
            out.number(0);
            out.text(&step.looked_at);
        }
        out.list(&step.found, |out, found| out.text(found));
    });
    out.0
}

/// What [`octets`] wrote in this version.
pub(crate) fn trace(version: i64, octets: &[u8]) -> Result<Vec<Step>> {
    if version != VERSION {
        return Err(UNREADABLE);
    }
    let mut said: Vec<String> = Vec::new();
    In(octets).list(|input| {
        let of = |at: u64| usize::try_from(at).ok();
        let step = of(input.number()?).and_then(|at| StepName::ALL.get(at)).copied().ok_or(UNREADABLE)?;
        let outcome =
            of(input.number()?).and_then(|at| StepOutcome::ALL.get(at)).copied().ok_or(UNREADABLE)?;
        let looked_at = match input.number()? {
            0 => {
                let text = input.text()?;
                said.push(text.clone());
                text
            }
            at => of(at - 1).and_then(|at| said.get(at)).cloned().ok_or(UNREADABLE)?,
        };
        Ok(Step { step, looked_at, found: input.list(In::text)?, outcome })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_comes_back() {
        let step = |step, looked_at: &str, found: &[&str], outcome| Step {
            step,
            looked_at: looked_at.to_owned(),
            found: found.iter().map(|&found| found.to_owned()).collect(),
            outcome,
        };
        let trace_in = vec![
            step(StepName::S1, "0", &[], StepOutcome::None),
            step(StepName::S2a, "a@x.example, b@x.example", &["B-1", "B-2"], StepOutcome::Ambiguous),
            step(StepName::S3a, "a@x.example, b@x.example", &[], StepOutcome::None),
            step(StepName::S4a, "a@x.example, b@x.example", &["7"], StepOutcome::Linked),
        ];
        let written = octets(&trace_in);
        assert_eq!(trace(VERSION, &written).unwrap(), trace_in);
        assert!(written.len() < 70, "{}", written.len());
        for end in 0..written.len() {
            assert!(trace(VERSION, &written[..end]).is_err());
        }
        assert!(trace(VERSION + 1, &written).is_err());
    }
}
