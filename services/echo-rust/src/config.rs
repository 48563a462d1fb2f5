//! Flags, each with an environment variable as fallback.

use std::net::SocketAddr;
use std::num::NonZero;
use std::process::ExitCode;
use std::thread;

use clap::{Parser, ValueEnum, value_parser};

use crate::echo;

/// An upper limit that keeps a slip of the finger from allocating all memory.
const MAX_RESPONSE_BYTES: i64 = 64 << 20;

#[derive(Debug, Parser)]
#[command(name = "rust-echo", version = echo::VERSION, about = "A JSON echo service")]
#[command(allow_negative_numbers = true)] // so that "-1" is called a bad value, not a bad flag
pub struct Config {
    /// Address to listen on; port 0 takes a free one
    #[arg(
        long,
        env = "ECHO_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,

    /// Pad answers to this many bytes
    #[arg(
        long,
        env = "ECHO_RESPONSE_BYTES",
        value_name = "N",
        default_value_t = 0,
        value_parser = value_parser!(u32).range(..=MAX_RESPONSE_BYTES)
    )]
    pub response_bytes: u32,

    /// Worker threads [default: the CPUs this process may run on]
    #[arg(long, env = "ECHO_WORKERS", value_name = "N", value_parser = value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,

    /// Whether decoded strings own their bytes or borrow them from the request
    #[arg(long, env = "ECHO_DECODE", value_name = "HOW", value_enum, default_value_t = Decode::Owned)]
    pub decode: Decode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Decode {
    Owned,
    Borrowed,
}

impl Config {
    /// The process's own configuration, or the exit code of a process that shall not go on: it has
    /// been said why on stderr, or the help has been printed.
    pub fn from_process() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            if error.use_stderr() {
                crate::log(in_one_sentence(&error));
                return ExitCode::from(2);
            }
            // Nothing is left to be done about a closed stdout.
            let _ = error.print();
            ExitCode::SUCCESS
        })
    }

    pub fn workers(&self) -> usize {
        let available = || thread::available_parallelism().map_or(1, NonZero::get);
        self.workers.map_or_else(available, usize::from)
    }
}

/// clap explains itself over several lines; its first paragraph says what is wrong.
fn in_one_sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    let sentence = words.join(" ");
    let sentence = sentence.strip_prefix("error: ").unwrap_or(&sentence);
    format!("{sentence}; see --help.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_accepts_the_definition() {
        use clap::CommandFactory;
        Config::command().debug_assert();
    }

    #[test]
    fn a_bad_flag_gives_one_sentence() {
        for flags in [
            ["--listen", "nowhere"],
            ["--response-bytes", "-1"],
            ["--response-bytes", "99999999999"],
            ["--workers", "0"],
            ["--workers", "two"],
            ["--decode", "both"],
            ["--nonsense", "1"],
        ] {
            let error = Config::try_parse_from(["rust-echo"].iter().chain(&flags)).unwrap_err();
            let sentence = in_one_sentence(&error);
            assert!(error.use_stderr(), "{flags:?}");
            assert!(sentence.contains(flags[0]), "{sentence}");
            assert!(!sentence.contains('\n'), "{sentence}");
        }
    }
}
