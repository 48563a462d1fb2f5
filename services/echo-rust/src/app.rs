//! Routes, the body's limit, and the answers.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE, HOST};
use axum::http::{StatusCode, Version};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::watch;
use tower_http::trace::TraceLayer;

use crate::config::{Config, Decode};
use crate::echo;
use crate::metrics::{Metrics, Route};

const MAX_BODY_BYTES: usize = 1 << 20;

pub struct App {
    decode: Decode,
    response_bytes: usize,
    metrics: Metrics,
    draining: watch::Receiver<bool>,
}

impl App {
    pub fn new(config: &Config, draining: watch::Receiver<bool>) -> Self {
        App {
            decode: config.decode,
            response_bytes: config.response_bytes as usize,
            metrics: Metrics::new(),
            draining,
        }
    }

    pub fn into_router(self) -> Router {
        let app = Arc::new(self);
        Router::new()
            .route("/echo", post(echo))
            .route("/metrics", get(metrics))
            .route("/healthz", get(healthz))
            .method_not_allowed_fallback(method_not_allowed)
            .fallback(not_found)
            .layer(middleware::from_fn_with_state(Arc::clone(&app), observe))
            .layer(TraceLayer::new_for_http())
            .with_state(app)
    }
}

/// Counts and times every answer.
async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let route = Route::of(request.uri().path());
    let response = match check_host(&request) {
        Ok(()) => next.run(request).await,
        Err(fault) => fault.into_response(),
    };
    app.metrics
        .observe(&method, route, response.status(), start.elapsed());
    response
}

/// RFC 9112, section 3.2. hyper leaves this to us. It has no layer of its own, so that it costs no
/// further boxed future.
fn check_host(request: &Request) -> Result<(), Fault> {
    match request.headers().get_all(HOST).iter().count() {
        0 if request.version() == Version::HTTP_11 => Err(Fault::Host("no Host header")),
        0 | 1 => Ok(()),
        _ => Err(Fault::Host("more than one Host header")),
    }
}

async fn echo(State(app): State<Arc<App>>, Whole(body): Whole) -> Result<Response, Fault> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let json = echo::respond(app.decode, &body, now, app.response_bytes).map_err(Fault::Json)?;
    Ok(([(CONTENT_TYPE, "application/json")], json).into_response())
}

async fn metrics(State(app): State<Arc<App>>, _: Whole) -> Response {
    match app.metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => fault(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

async fn healthz(State(app): State<Arc<App>>, _: Whole) -> (StatusCode, &'static str) {
    if *app.draining.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining");
    }
    (StatusCode::OK, "ok")
}

async fn not_found(_: Whole) -> Response {
    fault(StatusCode::NOT_FOUND, "there is nothing at this path")
}

/// axum adds `Allow`.
async fn method_not_allowed(_: Whole) -> Response {
    fault(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path has no such method",
    )
}

/// The whole body, whatever its Content-Type. Every handler takes it, also those with no use for
/// it: what stays unread costs the client its connection.
struct Whole(Bytes);

impl<S: Sync> FromRequest<S> for Whole {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &S) -> Result<Self, Fault> {
        let body: Body = request.into_body();
        // The lower bound is the Content-Length, if there is one. Not polling the body also keeps
        // hyper from sending "100 Continue".
        if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
            return Err(Fault::TooLarge);
        }
        match Limited::new(body, MAX_BODY_BYTES).collect().await {
            Ok(whole) => Ok(Whole(whole.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(Fault::TooLarge),
            Err(error) => Err(Fault::Body(error.to_string())),
        }
    }
}

/// Why a request is not answered as its sender wished.
#[derive(Debug)]
enum Fault {
    Host(&'static str),
    Json(String),
    Body(String),
    TooLarge,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        // Where a body may be unread the connection is of no more use.
        let close = [(CONNECTION, "close")];
        match self {
            Fault::Host(error) => (close, fault(StatusCode::BAD_REQUEST, error)).into_response(),
            Fault::Json(error) => fault(StatusCode::BAD_REQUEST, &error),
            Fault::Body(error) => {
                let error = format!("the body cannot be read: {error}");
                (close, fault(StatusCode::BAD_REQUEST, &error)).into_response()
            }
            Fault::TooLarge => {
                let error = format!("the body is larger than {MAX_BODY_BYTES} bytes");
                (close, fault(StatusCode::PAYLOAD_TOO_LARGE, &error)).into_response()
            }
        }
    }
}

fn fault(status: StatusCode, error: &str) -> Response {
    let json = serde_json::json!({ "error": error }).to_string();
    (status, [(CONTENT_TYPE, "application/json")], json).into_response()
}
