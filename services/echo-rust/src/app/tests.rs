use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::{Method, header};
use hyper::body::Frame;
use tower::ServiceExt;

use super::*;

const BODY: &str = r#"{"id":1,"user_agent":"a","metadata":[]}"#;

fn router(draining: bool) -> Router {
    let (_, draining) = watch::channel(draining);
    let metrics = Metrics::new();
    App {
        decode: Decode::Owned,
        response_bytes: 0,
        metrics,
        draining,
    }
    .into_router()
}

async fn ask(router: &Router, method: &str, path: &str, body: impl Into<Body>) -> Response {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "h")
        .body(body.into())
        .unwrap();
    router.clone().oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn routes() {
    let router = router(false);
    for (method, path, status, allow) in [
        ("POST", "/echo", 200, None),
        ("POST", "/echo?x=1", 200, None),
        ("GET", "/echo", 405, Some("POST")),
        ("FOO", "/echo", 405, Some("POST")),
        ("GET", "/metrics", 200, None),
        ("HEAD", "/metrics", 200, None),
        ("POST", "/metrics", 405, Some("GET,HEAD")),
        ("GET", "/healthz", 200, None),
        ("DELETE", "/healthz", 405, Some("GET,HEAD")),
        ("GET", "/", 404, None),
        ("POST", "/echo/", 404, None),
    ] {
        let response = ask(&router, method, path, BODY).await;
        let allowed = response
            .headers()
            .get(header::ALLOW)
            .map(|value| value.to_str().unwrap());
        assert_eq!(
            (response.status().as_u16(), allowed),
            (status, allow),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn one_host() {
    let router = router(false);
    for (version, hosts, status) in [
        (Version::HTTP_11, 0, 400),
        (Version::HTTP_11, 1, 200),
        (Version::HTTP_11, 2, 400),
        (Version::HTTP_10, 0, 200),
        (Version::HTTP_10, 2, 400),
    ] {
        let mut request = Request::builder().version(version).uri("/healthz");
        for _ in 0..hosts {
            request = request.header(HOST, "h");
        }
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{version:?}, {hosts} Host lines");
        assert_eq!(response.headers().contains_key(CONNECTION), status == 400);
    }
}

#[tokio::test]
async fn healthz_tells_of_the_drain() {
    assert_eq!(
        text(ask(&router(false), "GET", "/healthz", "").await).await,
        "ok"
    );
    assert_eq!(
        ask(&router(true), "GET", "/healthz", "").await.status(),
        503
    );
}

#[tokio::test]
async fn a_fault_is_json() {
    let response = ask(&router(false), "POST", "/echo", "{").await;
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let expected = r#"{"error":"EOF while parsing an object at line 1 column 1"}"#;
    assert_eq!(text(response).await, expected);
}

#[tokio::test]
async fn the_body_has_a_limit() {
    let router = router(false);
    let mut body = BODY.to_owned() + &" ".repeat(MAX_BODY_BYTES - BODY.len());
    assert_eq!(
        ask(&router, "POST", "/echo", body.clone()).await.status(),
        200
    );
    body.push(' ');
    let chunked = Body::new(Unsized(Some(body.clone().into())));
    for body in [Body::from(body), chunked] {
        let response = ask(&router, "POST", "/echo", body).await;
        assert_eq!(response.status(), 413);
        assert_eq!(response.headers()[CONNECTION], "close");
    }
}

#[tokio::test]
async fn counts_with_bounded_labels() {
    let router = router(false);
    for (method, path) in [
        ("POST", "/echo"),
        ("FOO", "/echo"),
        ("GET", "/a"),
        ("GET", "/b"),
    ] {
        ask(&router, method, path, BODY).await;
    }
    let text = text(ask(&router, "GET", "/metrics", "").await).await;
    for line in [
        r#"http_requests_total{method="POST",route="/echo",status="200"} 1"#,
        r#"http_requests_total{method="other",route="/echo",status="405"} 1"#,
        r#"http_requests_total{method="GET",route="other",status="404"} 2"#,
        r#"http_request_duration_seconds_bucket{route="/echo",le="0.00025"} "#,
        "process_cpu_seconds_total ",
        "process_resident_memory_bytes ",
        "process_start_time_seconds ",
        "process_open_fds ",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

/// A body of one frame that does not say its length, as a chunked one.
struct Unsized(Option<Bytes>);

impl HttpBody for Unsized {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}
