//! The command line and the server binary.

fn main() {}
