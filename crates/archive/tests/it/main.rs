//! The archive on a real file system: storing, reading, recovery, damage, crashes, full disks.

mod store;
mod support;
