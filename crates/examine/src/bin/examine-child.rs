//! The child alone, for the tests of this crate. The product's own program has it as a hidden command.

fn main() {
    std::process::exit(examine::child::run(std::io::stdin(), std::io::stdout()));
}
