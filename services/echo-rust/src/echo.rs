//! JSON in, JSON out: the bytes of a request become the bytes of its answer. Pure functions, with
//! nothing of HTTP.
//!
//! serde's derive does the decoding: unknown members are skipped, duplicates and missing members
//! of ours are errors. Three things that the contract forbids and serde_json lets pass are looked
//! for beforehand: a top-level array (derive takes it for a struct), and, in the members that it
//! skips, lone surrogates and bottomless nesting.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::str;

use serde::{Deserialize, Serialize};

use crate::config::Decode;

pub const VERSION: &str = env!("RUSTC_VERSION");
const PROCESSED_BY: &str = concat!("rust-echo/", env!("RUSTC_VERSION"));

/// serde_json's own limit for what it does not skip.
const MAX_DEPTH: usize = 128;

/// `,"padding":""`
const PADDING_OVERHEAD: usize = 13;

/// A request with strings of type `S`: `String` owns, `Text` borrows.
#[derive(Debug, Deserialize)]
struct Request<S> {
    id: u64,
    user_agent: S,
    metadata: Vec<S>,
}

/// A string that borrows from the request, unless escapes in it had to be decoded. The newtype is
/// there for `borrow`, which serde does not apply to the `Cow`s inside a `Vec`.
#[derive(Debug, Deserialize, Serialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Serialize)]
struct Answer<S> {
    id: u64,
    user_agent: S,
    metadata: Vec<S>,
    server_timestamp: u64,
    processed_by: &'static str,
}

/// The answer to a request: exactly `size` bytes if padding can make it so. The error says what is
/// wrong with the request, and where.
pub fn respond(how: Decode, body: &[u8], now: u64, size: usize) -> Result<Vec<u8>, String> {
    match how {
        Decode::Owned => decode::<String>(body).map(|request| encode(request, now, size)),
        Decode::Borrowed => decode::<Text>(body).map(|request| encode(request, now, size)),
    }
}

fn decode<'a, S: Deserialize<'a>>(body: &'a [u8]) -> Result<Request<S>, String> {
    let text = str::from_utf8(body)
        .map_err(|error| format!("invalid UTF-8 at byte {}", error.valid_up_to()))?;
    check_is_object(text)?;
    check_skipped(text)?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn encode<S: Serialize>(request: Request<S>, now: u64, size: usize) -> Vec<u8> {
    let Request {
        id,
        user_agent,
        metadata,
    } = request;
    let answer = Answer {
        id,
        user_agent,
        metadata,
        server_timestamp: now,
        processed_by: PROCESSED_BY,
    };
    // A typical answer without reallocation; a padded one exactly.
    let mut json = Vec::with_capacity(size.max(512));
    serde_json::to_writer(&mut json, &answer).expect("strings and integers always serialize");
    pad(&mut json, size);
    json
}

/// Makes a JSON object `size` bytes long by a last member "padding". One that is too long for a
/// padding of at least one byte stays as it is.
fn pad(object: &mut Vec<u8>, size: usize) {
    let Some(fill) = size
        .checked_sub(object.len() + PADDING_OVERHEAD)
        .filter(|&fill| fill > 0)
    else {
        return;
    };
    object.pop();
    object.extend_from_slice(br#","padding":""#);
    object.resize(object.len() + fill, b'x');
    object.extend_from_slice(br#""}"#);
}

fn check_is_object(text: &str) -> Result<(), String> {
    let start = text.trim_start_matches([' ', '\t', '\n', '\r']);
    if start.starts_with('{') {
        return Ok(());
    }
    Err(format!(
        "expected an object at byte {}",
        text.len() - start.len()
    ))
}

/// Looks for nesting beyond the limit and for lone surrogates. Only a text that can have either is
/// walked through, which spares the ordinary request the walk. The text need not be valid JSON:
/// then the parser refuses it afterwards, whatever is found here.
fn check_skipped(text: &str) -> Result<(), String> {
    let openers = text
        .bytes()
        .filter(|byte| matches!(byte, b'[' | b'{'))
        .count();
    if openers > MAX_DEPTH || text.contains("\\u") {
        walk(text.as_bytes())
    } else {
        Ok(())
    }
}

fn walk(text: &[u8]) -> Result<(), String> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'"' => at = walk_string(text, at + 1)?,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH} at byte {at}"));
        }
        at += 1;
    }
    Ok(())
}

/// Walks from behind the opening quote to the closing one, and returns its place.
fn walk_string(text: &[u8], mut at: usize) -> Result<usize, String> {
    while at < text.len() && text[at] != b'"' {
        at += match (text[at], escaped_unit(text, at)) {
            (b'\\', Some(0xD800..=0xDBFF))
                if matches!(escaped_unit(text, at + 6), Some(0xDC00..=0xDFFF)) =>
            {
                12
            }
            (b'\\', Some(0xD800..=0xDFFF)) => {
                return Err(format!("lone surrogate at byte {at}"));
            }
            (b'\\', Some(_)) => 6,
            (b'\\', None) => 2,
            _ => 1,
        };
    }
    Ok(at)
}

/// The UTF-16 code unit of an escape `\uXXXX` at this place, if there is one.
fn escaped_unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}
