//! The archive on a real file system: storing, reading, recovery, damage, crashes, full disks.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod crash;
mod erase;
mod objects;
mod protect;
mod recovery;
mod store;
mod support;
mod trouble;
