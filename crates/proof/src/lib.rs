//! The format of archive segments, records and the keyring, as functions from values to octets and back.
//!
//! In: slices of a segment file, in any state. Out: headers, blocks, trailers and index entries, or a [`Defect`]
//! that says what is wrong with them. Decoding is total: any octets give a value or a defect, lengths are bounded
//! before anything is reserved, nothing panics. This crate does not read files, compress, hash content, encrypt or decide
//! what to do about damage; that is `archive`.
//!
//! # A segment
//!
//! Integers are little endian, offsets count from the start of the file, `CRC` is CRC-32 (IEEE 802.3).
//!
//! ```text
//! segment  = segment header, record*, [footer]          the footer makes it a sealed one: nothing follows, ever
//! record   = record header, frame*, trailer
//! footer   = index entry*, footer tail
//! ```
//!
//! ## Segment header, 128 octets
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 0 | 8 | `89 50 53 45 47 0d 0a 1a` (`PSEG` between the octets that show a transfer as text) |
//! | 8 | 2 | format version, 1; another one is refused |
//! | 10 | 2 | revision, 0; a larger one only adds what may be skipped |
//! | 12 | 4 | length of this header, 128 |
//! | 16 | 16 | segment id, UUIDv7; also the name of the file |
//! | 32 | 8 | created, milliseconds since 1970 UTC |
//! | 40 | 4 | flags a reader must know, 0; an unknown bit is refused |
//! | 44 | 80 | reserved, 0 (key ids, encryption, tree) |
//! | 124 | 4 | CRC of octets 0 to 123 |
//!
//! ## Mark, 12 octets
//!
//! Record headers and the footer begin with four octets of magic and octets 8 to 15 of the segment's id. 62 bits of
//! these are random: the mark finds the next record behind damage, and octets in a mail cannot pretend to be one.
//!
//! ## Record header, 48 octets and fields
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 0 | 4 | `93 50 53 52` (`PSR`) |
//! | 4 | 8 | octets 8 to 15 of the segment id |
//! | 12 | 4 | length of this header with fields and CRC, 48 to 1,048,576 |
//! | 16 | 1 | record version, 1; what is written now is version 2, see [`sealed`] |
//! | 17 | 1 | kind: 1 the octets of a mail |
//! | 18 | 1 | compression of the frames: 0 none, 1 zstd, each frame on its own, without dictionary id and checksum |
//! | 19 | 1 | encryption: 0 none |
//! | 20 | 2 | version of the dictionary, 0 none |
//! | 22 | 2 | flags a reader must know, 0 |
//! | 24 | 16 | object id, random (UUIDv4) |
//! | 40 | 4 | reserved, 0 |
//! | 44 | … | fields, ascending by type: type (2), length (4), value; unknown types are skipped |
//! | end − 4 | 4 | CRC of all octets of this header before |
//!
//! Field 1 is the provenance, see [`provenance`].
//!
//! ## Frame, 16 octets and what is stored
//!
//! Up to 1,048,576 octets of the mail each, all but the last exactly as many. In a sealed record what is stored is
//! encrypted and its tag follows it, and a list of pieces (octet 0 is 3) may stand behind the frames.
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 0 | 1 | 1 |
//! | 1 | 1 | 1 if compressed as the record header says, 0 if stored as it is |
//! | 2 | 2 | reserved, 0 |
//! | 4 | 4 | raw length, 1 to 1,048,576 |
//! | 8 | 4 | stored length, 1 to 1,114,112 |
//! | 12 | 4 | CRC of octets 0 to 11 and of what is stored |
//! | 16 | … | what is stored |
//!
//! ## Trailer, 64 octets
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 0 | 1 | 2 |
//! | 1 | 3 | reserved, 0 |
//! | 4 | 4 | number of frames |
//! | 8 | 8 | raw octets in all |
//! | 16 | 8 | length of the record, header and trailer included |
//! | 24 | 32 | SHA-256 of the raw octets |
//! | 56 | 4 | reserved, 0 |
//! | 60 | 4 | CRC of the CRCs of the header and of each frame in order, then of octets 0 to 59 |
//!
//! ## Footer
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 0 | 12 | mark with the magic `93 50 53 46` (`PSF`) |
//! | 12 | 4 | number n of entries |
//! | 16 | 32·n | entries by offset: object id (16), offset (8), length of the record (8) |
//! | 16 + 32·n | 120 | tail |
//!
//! Tail, 120 octets; it begins 120 octets before the end of the file:
//!
//! | at | len | what |
//! | --- | --- | --- |
//! | 0 | 8 | offset of the footer, which is the end of the last record |
//! | 8 | 8 | raw octets of all records |
//! | 16 | 8 | sealed, milliseconds since 1970 UTC |
//! | 24 | 4 | number n again |
//! | 28 | 4 | CRC of the footer's octets 0 to 15 + 32·n |
//! | 32 | 76 | reserved, 0 (digest of the tree over the records) |
//! | 108 | 4 | CRC of octets 0 to 107 |
//! | 112 | 8 | `50 53 45 41 4c 45 44 0a` (`PSEALED`); the file ends here |

mod checksum;
mod defect;
pub mod keyring;
mod octets;
pub mod pieces;
pub mod provenance;
pub mod record;
pub mod sealed;
pub mod segment;

pub use checksum::Crc;
pub use defect::Defect;
