//! Hands the compiler's version to the program, which puts it into `processed_by`.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    println!("cargo::rustc-env=RUSTC_VERSION={}", rustc_version());
}

/// "1.95.0" out of "rustc 1.95.0 (59807616e 2026-04-14)".
fn rustc_version() -> String {
    let rustc = env::var_os("RUSTC").expect("cargo sets RUSTC for build scripts");
    let output = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("rustc --version runs");
    let line = String::from_utf8(output.stdout).expect("rustc --version prints UTF-8");
    let version = line.split_whitespace().nth(1);
    version.expect("rustc --version names a version").to_owned()
}
