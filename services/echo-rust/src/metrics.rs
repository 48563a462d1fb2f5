//! What `/metrics` shows. The families about requests live in a registry; those about the process
//! and the runtime are read when they are asked for.
//!
//! prometheus' own process collector is not used: it counts CPU time in whole seconds, too coarse
//! for runs of ten.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use procfs::process::Process;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Counter, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts,
    Registry, TextEncoder,
};

const BUCKETS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Echo,
    Metrics,
    Healthz,
    Other,
}

impl Route {
    const ALL: [Route; 4] = [Route::Echo, Route::Metrics, Route::Healthz, Route::Other];

    pub fn of(path: &str) -> Self {
        match path {
            "/echo" => Route::Echo,
            "/metrics" => Route::Metrics,
            "/healthz" => Route::Healthz,
            _ => Route::Other,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Route::Echo => "/echo",
            Route::Metrics => "/metrics",
            Route::Healthz => "/healthz",
            Route::Other => "other",
        }
    }
}

pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    /// One per route, in the order of `Route::ALL`.
    durations: [Histogram; 4],
    /// The child of `requests` that nearly every request counts in, without a look-up.
    echoes: IntCounter,
}

impl Metrics {
    pub fn new() -> Self {
        Self::try_new().expect("names and labels are constant and valid")
    }

    fn try_new() -> prometheus::Result<Self> {
        let requests = IntCounterVec::new(
            Opts::new("http_requests_total", "Requests answered."),
            &["method", "route", "status"],
        )?;
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "http_request_duration_seconds",
                "Time from a request's head to its answer, without the writing of it.",
            )
            .buckets(BUCKETS.to_vec()),
            &["route"],
        )?;
        let registry = Registry::new();
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        Ok(Metrics {
            registry,
            echoes: requests.with_label_values(&["POST", Route::Echo.label(), "200"]),
            requests,
            durations: Route::ALL.map(|route| durations.with_label_values(&[route.label()])),
        })
    }

    pub fn observe(&self, method: &Method, route: Route, status: StatusCode, took: Duration) {
        self.durations[route as usize].observe(took.as_secs_f64());
        if method == Method::POST && route == Route::Echo && status == StatusCode::OK {
            self.echoes.inc();
            return;
        }
        let labels = [method_label(method), route.label(), status.as_str()];
        self.requests.with_label_values(&labels).inc();
    }

    /// The text, or why it cannot be had.
    pub fn text(&self) -> Result<String, String> {
        let mut families = self.registry.gather();
        families.extend(process_families().map_err(|error| error.to_string())?);
        families.extend(runtime_families().map_err(|error| error.to_string())?);
        TextEncoder::new()
            .encode_to_string(&families)
            .map_err(|error| error.to_string())
    }
}

/// A client may invent methods, but not labels.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::CONNECT => "CONNECT",
        Method::DELETE => "DELETE",
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::TRACE => "TRACE",
        _ => "other",
    }
}

fn process_families() -> Result<Vec<MetricFamily>, Box<dyn std::error::Error>> {
    let process = Process::myself()?;
    let stat = process.stat()?;
    let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
    Ok([
        counter(
            "process_cpu_seconds_total",
            "User and system CPU time.",
            seconds(stat.utime + stat.stime),
        )?,
        gauge(
            "process_resident_memory_bytes",
            "Resident memory.",
            (stat.rss * procfs::page_size()) as f64,
        )?,
        gauge(
            "process_start_time_seconds",
            "Start of the process since the Unix epoch.",
            procfs::boot_time_secs()? as f64 + seconds(stat.starttime),
        )?,
        gauge(
            "process_open_fds",
            "Open file descriptors.",
            process.fd_count()? as f64,
        )?,
        gauge(
            "process_threads",
            "Threads of the process.",
            stat.num_threads as f64,
        )?,
    ]
    .concat())
}

/// What tokio tells of itself in a stable interface.
fn runtime_families() -> prometheus::Result<Vec<MetricFamily>> {
    let tokio = tokio::runtime::Handle::current().metrics();
    Ok([
        gauge(
            "tokio_workers",
            "Worker threads.",
            tokio.num_workers() as f64,
        )?,
        gauge(
            "tokio_alive_tasks",
            "Tasks not yet ended.",
            tokio.num_alive_tasks() as f64,
        )?,
        gauge(
            "tokio_global_queue_depth",
            "Tasks waiting in the queue that the workers share.",
            tokio.global_queue_depth() as f64,
        )?,
    ]
    .concat())
}

fn counter(name: &str, help: &str, value: f64) -> prometheus::Result<Vec<MetricFamily>> {
    let counter = Counter::new(name, help)?;
    counter.inc_by(value);
    Ok(counter.collect())
}

fn gauge(name: &str, help: &str, value: f64) -> prometheus::Result<Vec<MetricFamily>> {
    let gauge = Gauge::new(name, help)?;
    gauge.set(value);
    Ok(gauge.collect())
}
