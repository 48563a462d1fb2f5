use super::*;

const BOTH: [Decode; 2] = [Decode::Owned, Decode::Borrowed];
const NOW: u64 = 1_700_000_000;

/// The answer's members id, user_agent and metadata, as they were sent.
fn echoed(how: Decode, body: &str) -> Result<String, String> {
    let json = respond(how, body.as_bytes(), NOW, 0)?;
    let json = String::from_utf8(json).expect("an answer is UTF-8");
    let rest = format!(r#","server_timestamp":{NOW},"processed_by":"{PROCESSED_BY}"}}"#);
    Ok(json
        .strip_suffix(&rest)
        .expect("the rest is as expected")
        .to_owned()
        + "}")
}

fn nested(depth: usize) -> String {
    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
    format!(r#"{{"id":1,"user_agent":"a","metadata":[],"x":{open}{close}}}"#)
}

#[test]
fn accepts() {
    let same = r#"{"id":1,"user_agent":"a","metadata":["b"]}"#;
    let none = r#"{"id":1,"user_agent":"a","metadata":[]}"#;
    for (body, expected) in [
        (same, same),
        (none, none),
        (
            r#" { "metadata" : [ "b" ] , "user_agent" : "a" , "id" : 1 } "#,
            same,
        ),
        (
            r#"{"\u0069d":1,"user_agent":"\u0061","metadata":["\u0062"]}"#,
            same,
        ),
        (
            r#"{"ID":"x","id":1,"user_agent":"a","metadata":[],"x":{"id":2}}"#,
            none,
        ),
        (
            r#"{"x":1e999,"x":[-0.5E+3,null,true],"id":1,"user_agent":"a","metadata":[]}"#,
            none,
        ),
        (
            r#"{"x":"\ud83d\ude00\\ud800","id":1,"user_agent":"a","metadata":[]}"#,
            none,
        ),
        (
            r#"{"id":18446744073709551615,"user_agent":"","metadata":["é","\u0000\"\\\n","\ud83d\ude00"]}"#,
            r#"{"id":18446744073709551615,"user_agent":"","metadata":["é","\u0000\"\\\n","😀"]}"#,
        ),
        (nested(100).as_str(), none),
    ] {
        for how in BOTH {
            assert_eq!(echoed(how, body).as_deref(), Ok(expected), "{how:?} {body}");
        }
    }
}

#[test]
fn refuses_an_id_that_is_no_u64() {
    for id in [
        "-1",
        "-0",
        "1.0",
        "1e2",
        "1E0",
        "\"1\"",
        "null",
        "true",
        "[]",
        "{}",
        "01",
        "+1",
        "",
        "18446744073709551616",
        "1e400",
        "NaN",
        "0x1",
    ] {
        let body = format!(r#"{{"id":{id},"user_agent":"a","metadata":[]}}"#);
        for how in BOTH {
            assert!(echoed(how, &body).is_err(), "{how:?} {body}");
        }
    }
}

#[test]
fn refuses() {
    for (body, what) in [
        ("", "expected an object"),
        ("null", "expected an object"),
        (r#" [1,"a",[]]"#, "expected an object at byte 1"),
        ("\u{feff}{}", "expected an object at byte 0"),
        (r#"{"user_agent":"a","metadata":[]}"#, "missing field `id`"),
        (r#"{"id":1,"metadata":[]}"#, "missing field `user_agent`"),
        (r#"{"id":1,"user_agent":"a"}"#, "missing field `metadata`"),
        (
            r#"{"ID":1,"user_agent":"a","metadata":[]}"#,
            "missing field `id`",
        ),
        (
            r#"{"id":1,"user_agent":null,"metadata":[]}"#,
            "invalid type: null",
        ),
        (
            r#"{"id":1,"user_agent":7,"metadata":[]}"#,
            "invalid type: integer",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":null}"#,
            "invalid type: null",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":"b"}"#,
            "invalid type: string",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":{}}"#,
            "invalid type: map",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":["b",null]}"#,
            "invalid type: null",
        ),
        (
            r#"{"id":1,"id":1,"user_agent":"a","metadata":[]}"#,
            "duplicate field `id`",
        ),
        (
            r#"{"id":1,"\u0069d":1,"user_agent":"a","metadata":[]}"#,
            "duplicate field `id`",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[]} x"#,
            "trailing characters",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[]}{}"#,
            "trailing characters",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[],}"#,
            "trailing comma",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":["b",]}"#,
            "trailing comma",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[],"x":01}"#,
            "invalid number",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[],"x":"\q"}"#,
            "invalid escape",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[],"x":"\u12"}"#,
            "invalid escape",
        ),
        (
            "{\"id\":1,\"user_agent\":\"a\",\"metadata\":[],\"x\":\"\n\"}",
            "control character",
        ),
        (
            r#"{"id":1,"user_agent":"\ud800","metadata":[]}"#,
            "lone surrogate at byte 22",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[],"x":"\ud800"}"#,
            "lone surrogate",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[],"x":"\udc00"}"#,
            "lone surrogate",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[],"x":"\ud800\u0061"}"#,
            "lone surrogate",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[],"x":"\\\ud800"}"#,
            "lone surrogate",
        ),
        (
            r#"{"id":1,"user_agent":"a","metadata":[],"\udfff":1}"#,
            "lone surrogate",
        ),
        (nested(100_000).as_str(), "nested deeper"),
        (&"[".repeat(100_000), "expected an object"),
        (
            &format!(r#"{{"id":{}"#, "[".repeat(100_000)),
            "nested deeper",
        ),
    ] {
        for how in BOTH {
            let error = echoed(how, body).expect_err(body);
            assert!(error.contains(what), "{how:?} {body}: {error}");
        }
    }
}

#[test]
fn refuses_invalid_utf8_everywhere() {
    for body in [
        &b"{\"id\":1,\"user_agent\":\"\xff\",\"metadata\":[]}"[..],
        b"{\"id\":1,\"user_agent\":\"a\",\"metadata\":[],\"x\":\"\xc0\x80\"}",
        b"{\"id\":1,\"user_agent\":\"a\",\"metadata\":[],\"\xed\xa0\x80\":1}",
    ] {
        for how in BOTH {
            let error = respond(how, body, NOW, 0).expect_err("invalid UTF-8");
            assert!(error.contains("invalid UTF-8 at byte"), "{error}");
        }
    }
}

#[test]
fn refuses_every_truncation() {
    let body =
        r#"{"id":12,"user_agent":"a\u00e9","metadata":["b","\ud83d\ude00"],"x":[{"y":1.5}]}"#;
    for end in 0..body.len() {
        for how in BOTH {
            assert!(
                respond(how, &body.as_bytes()[..end], NOW, 0).is_err(),
                "{how:?} {end}"
            );
        }
    }
}

#[test]
fn borrows_what_needs_no_decoding() {
    let body = br#"{"id":1,"user_agent":"a","metadata":["b","\n"]}"#;
    let request = decode::<Text>(body).unwrap();
    assert!(matches!(request.user_agent.0, Cow::Borrowed("a")));
    assert!(matches!(request.metadata[0].0, Cow::Borrowed("b")));
    assert!(matches!(request.metadata[1].0, Cow::Owned(_)));
}

#[test]
fn pads_to_the_byte() {
    let body = br#"{"id":1,"user_agent":"a","metadata":[]}"#;
    for how in BOTH {
        let natural = respond(how, body, NOW, 0).unwrap();
        for size in 0..natural.len() + 64 {
            let padded = respond(how, body, NOW, size).unwrap();
            if size < natural.len() + 14 {
                assert_eq!(padded, natural, "{how:?} {size}");
                continue;
            }
            let fill = "x".repeat(size - natural.len() - 13);
            let end = format!(r#","padding":"{fill}"}}"#);
            assert_eq!(padded.len(), size);
            assert_eq!(padded[..natural.len() - 1], natural[..natural.len() - 1]);
            assert_eq!(&padded[natural.len() - 1..], end.as_bytes());
        }
    }
}
