//! Builds again when the web front end was built: release builds carry it inside.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        // Debug builds read the folder while they run, and need not be built again.
        println!("cargo::rerun-if-changed=../../web/dist");
    }
}
