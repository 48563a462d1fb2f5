//! The echo service in Rust. To be read in this order:
//!
//! | file         | what                                                              |
//! |--------------|-------------------------------------------------------------------|
//! | `config.rs`  | flags and environment variables                                   |
//! | `main.rs`    | the life of the process: listen, serve, drain, stop               |
//! | `conn.rs`    | one connection: hyper, its time-outs, its end while draining      |
//! | `app.rs`     | axum routes, the body's limit, the answers                        |
//! | `echo.rs`    | JSON in, JSON out: pure functions                                 |
//! | `metrics.rs` | what `/metrics` shows                                             |
//!
//! `axum::serve` is not used: it has no time-outs, and its graceful shutdown gives up requests
//! that have reached the socket but not yet the server.

mod app;
mod config;
mod conn;
mod echo;
mod metrics;

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::config::Config;

/// How long connections may take to finish after the first signal. The time-outs end each of them
/// sooner (5 s of reading, 10 s of writing, 5 s of lingering at the worst), so this is a backstop.
const DRAIN_LIMIT: Duration = Duration::from_secs(25);

/// A pause after a failed accept: out of file descriptors, the next try would fail as well.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let config = match Config::from_process() {
        Ok(config) => config,
        Err(code) => return code,
    };
    init_tracing();
    match run(config) {
        Ok(code) => code,
        Err(sentence) => {
            log(sentence);
            ExitCode::FAILURE
        }
    }
}

/// Warnings, and what RUST_LOG asks for, go to stderr: TraceLayer tells of requests at "debug".
fn init_tracing() {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::WARN.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
}

/// Writes one line of the service's life to stderr. Not an event of tracing: scripts wait for these
/// lines, so they have neither a time stamp nor a level that RUST_LOG could turn off. And not
/// `eprintln!`: it panics if nobody reads stderr any more, which is no reason to stop serving.
fn log(line: impl Display) {
    let _ = writeln!(io::stderr(), "rust-echo: {line}");
}

fn run(config: Config) -> Result<ExitCode, String> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(config.workers())
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the worker threads: {error}."))?;
    let code = runtime.block_on(live(config));
    // Not waiting for what is left: the second signal is to be obeyed at once.
    runtime.shutdown_background();
    code
}

/// The life of the service, from the listening socket to the exit code.
async fn live(config: Config) -> Result<ExitCode, String> {
    let mut signals = Signals::new().map_err(|error| format!("cannot catch signals: {error}."))?;
    let listener = listen(&config).await?;
    let address = listener.local_addr().map_err(|error| format!("{error}."))?;
    let (drain, draining) = watch::channel(false);
    let server = Server::new(App::new(&config, draining.clone()), draining);
    log(format_args!("listening on {address}"));

    tokio::select! {
        () = server.accept_forever(&listener) => unreachable!("accepting ends with a signal only"),
        _ = signals.next() => {}
    }

    log("draining");
    drain.send_replace(true);
    server.empty_backlog(listener);
    tokio::select! {
        () = server.wait() => {}
        () = sleep(DRAIN_LIMIT) => tracing::warn!("connections were cut off after {DRAIN_LIMIT:?}"),
        number = signals.next() => return Ok(ExitCode::from(128 + number)),
    }
    log("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn listen(config: &Config) -> Result<TcpListener, String> {
    let address = config.listen;
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "{address} is in use by another program: stop that one, or give another address with --listen."
        ),
        _ => format!("cannot listen on {address} ({error}): give another address with --listen."),
    })
}

/// What every accepted connection is given, and the set of those still open.
struct Server {
    app: TowerToHyperService<axum::Router>,
    draining: watch::Receiver<bool>,
    connections: TaskTracker,
}

impl Server {
    fn new(app: App, draining: watch::Receiver<bool>) -> Self {
        let app = TowerToHyperService::new(app.into_router());
        let connections = TaskTracker::new();
        Server {
            app,
            draining,
            connections,
        }
    }

    async fn accept_forever(&self, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => self.serve(stream),
                Err(error) if is_of_the_peer(&error) => {}
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves what the kernel has accepted on our behalf, then closes the listening socket. Closing
    /// it first would reset those connections, some of which may have sent a request already.
    fn empty_backlog(&self, listener: TcpListener) {
        let Ok(listener) = listener.into_std() else {
            return;
        };
        // It stays non-blocking, so this ends with the first accept that would wait. It asks the
        // kernel and not tokio, whose notion of readiness may be one event old.
        while let Ok((stream, _)) = listener.accept() {
            let stream = stream
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(stream));
            if let Ok(stream) = stream {
                self.serve(stream);
            }
        }
    }

    fn serve(&self, stream: TcpStream) {
        let served = conn::serve(stream, self.app.clone(), self.draining.clone());
        self.connections.spawn(served);
    }

    async fn wait(&self) {
        self.connections.close();
        self.connections.wait().await;
    }
}

/// Errors that say something about one client, not about us.
fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// SIGTERM and SIGINT, which mean the same here.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Signals {
            terminate,
            interrupt,
        })
    }

    /// The number of the next signal.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.terminate.recv() => 15,
            _ = self.interrupt.recv() => 2,
        }
    }
}
