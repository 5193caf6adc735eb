//! Values as octets between parent and child: both are the same program, so the form is free to change.
//!
//! Numbers are little-endian base-128 (7 bits an octet), texts and lists begin with their length. Reading never trusts
//! what it reads: lengths are checked against what is there.

mod values;

/// Octets that end early, or hold what cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unreadable answer")]
pub(crate) struct Unreadable;

/// Something that goes over the pipe.
pub(crate) trait Wire: Sized {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);

    /// Takes the value off the front.
    ///
    /// # Errors
    /// [`Unreadable`].
    fn get(from: &mut &[u8]) -> Result<Self, Unreadable>;
}

/// The whole of `octets` as one value.
///
/// # Errors
/// [`Unreadable`], also if something is left.
pub(crate) fn read<T: Wire>(mut octets: &[u8]) -> Result<T, Unreadable> {
    let value = T::get(&mut octets)?;
    if octets.is_empty() { Ok(value) } else { Err(Unreadable) }
}

/// A value as octets.
pub(crate) fn written(value: &impl Wire) -> Vec<u8> {
    let mut out = Vec::new();
    value.put(&mut out);
    out
}

pub(crate) fn take<'a>(from: &mut &'a [u8], len: usize) -> Result<&'a [u8], Unreadable> {
    let (taken, rest) = from.split_at_checked(len).ok_or(Unreadable)?;
    *from = rest;
    Ok(taken)
}

impl Wire for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let octet = take(from, 1)?[0];
            value |= u64::from(octet & 0x7f) << shift;
            if octet < 0x80 {
                return Ok(value);
            }
        }
        Err(Unreadable)
    }
}

macro_rules! through_u64 {
    ($($number:ty)*) => {$(
        impl Wire for $number {
            fn put(&self, out: &mut Vec<u8>) {
                u64::from(*self).put(out);
            }

            fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
                Self::try_from(u64::get(from)?).map_err(|_| Unreadable)
            }
        }
    )*};
}

through_u64!(u8 u16 u32);

impl Wire for usize {
    fn put(&self, out: &mut Vec<u8>) {
        (*self as u64).put(out);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        Self::try_from(u64::get(from)?).map_err(|_| Unreadable)
    }
}

impl Wire for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        Ok(Self::from_le_bytes(take(from, 8)?.try_into().map_err(|_| Unreadable)?))
    }
}

impl Wire for i16 {
    fn put(&self, out: &mut Vec<u8>) {
        i64::from(*self).put(out);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        Self::try_from(i64::get(from)?).map_err(|_| Unreadable)
    }
}

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        match take(from, 1)?[0] {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Unreadable),
        }
    }
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        let len = usize::get(from)?;
        std::str::from_utf8(take(from, len)?).map(str::to_owned).map_err(|_| Unreadable)
    }
}

impl<const N: usize> Wire for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        take(from, N)?.try_into().map_err(|_| Unreadable)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        if bool::get(from)? { T::get(from).map(Some) } else { Ok(None) }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        for value in self {
            value.put(out);
        }
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        let len = usize::get(from)?;
        // Every value takes at least one octet.
        if len > from.len() {
            return Err(Unreadable);
        }
        (0..len).map(|_| T::get(from)).collect()
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn get(from: &mut &[u8]) -> Result<Self, Unreadable> {
        Ok((A::get(from)?, B::get(from)?))
    }
}
