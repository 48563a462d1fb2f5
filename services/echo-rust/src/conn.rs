//! One connection: hyper's HTTP/1 state machine on a socket, with the contract's time-outs and its
//! end while the service drains.
//!
//! hyper's own header time-out is not used: it also runs while a kept-alive connection is idle, so
//! one number would have to serve for both. Instead a connection is always in one phase, each
//! phase has a limit, and a connection that outstays it is dropped.
//!
//! | from        | event                                    | to          | function              |
//! |-------------|------------------------------------------|-------------|-----------------------|
//! | (accepted)  |                                          | `Idle`      | `Link::new`           |
//! | `Idle`      | bytes arrive                             | `Reading`   | `Stream::poll_read`   |
//! | any         | the answer is ready (its body was read)  | `Answering` | `answer`              |
//! | `Answering` | hyper has flushed                        | `Idle`      | `Stream::poll_flush`  |
//! | `Answering` | closing, part of a request was not read  | `Lingering` | `Stream::poll_shutdown` |
//!
//! Approximate: of pipelined requests only the first moves the phase to `Reading`. The others
//! are in hyper's buffer by then; if the last is incomplete, its clock starts with its next bytes
//! (or the connection ends as an idle one).

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::response::Response;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// The shortest limit of a phase. The timer is never set further ahead, so it always fires before
/// a limit that starts after it was set: no phase change has to touch it.
const TICK: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Reading,
    Answering,
    Lingering,
}

impl Phase {
    const fn limit(self) -> Duration {
        match self {
            Phase::Idle => Duration::from_secs(15),
            Phase::Reading | Phase::Lingering => TICK,
            Phase::Answering => Duration::from_secs(10),
        }
    }
}

/// Serves the connection to its end.
pub async fn serve(
    stream: TcpStream,
    app: TowerToHyperService<axum::Router>,
    mut draining: watch::Receiver<bool>,
) {
    // An answer is one write; there is nothing to be gained from holding it back. If this fails,
    // the connection is already gone, and hyper will find out.
    let _ = stream.set_nodelay(true);
    let link = Arc::new(Link::new(draining.clone()));
    let stream = Stream {
        tcp: stream,
        link: Arc::clone(&link),
    };
    let answers = {
        let link = Arc::clone(&link);
        service_fn(move |request| answer(app.call(request), Arc::clone(&link)))
    };
    let mut http = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            // A client may close its sending side and still wait for the answer.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), answers)
    );

    let mut tick = pin!(sleep(TICK));
    let mut told = false;
    loop {
        tokio::select! {
            biased;
            // An error here is a client's: cut off, or not HTTP (which hyper has answered).
            _ = http.as_mut() => return,
            // The next turn polls hyper, which reads; see `Stream::poll_read`.
            _ = draining.changed(), if !told => told = true,
            () = tick.as_mut() => match link.time_left() {
                None => return,
                Some(left) => tick.as_mut().reset(Instant::now() + left.min(TICK)),
            },
        }
    }
}

/// Awaits the application's answer and adds to it what belongs to the connection.
async fn answer(
    response: impl Future<Output = Result<Response, Infallible>>,
    link: Arc<Link>,
) -> Result<Response, Infallible> {
    let mut response = response.await?;
    if response.headers().contains_key(CONNECTION) {
        // The application says "close" exactly if it may have left part of the body unread.
        link.linger.store(true, Relaxed);
    }
    if link.is_draining() {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    link.enter(Phase::Answering);
    Ok(response)
}

/// What the task, the socket and the answers of one connection share. They all run in one task,
/// so the lock is never contended.
struct Link {
    clock: Mutex<Clock>,
    linger: AtomicBool,
    draining: watch::Receiver<bool>,
}

struct Clock {
    phase: Phase,
    since: Instant,
}

impl Link {
    fn new(draining: watch::Receiver<bool>) -> Self {
        let clock = Clock {
            phase: Phase::Idle,
            since: Instant::now(),
        };
        Link {
            clock: Mutex::new(clock),
            linger: AtomicBool::new(false),
            draining,
        }
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.clock().phase == phase
    }

    fn enter(&self, phase: Phase) {
        *self.clock() = Clock {
            phase,
            since: Instant::now(),
        };
    }

    /// What is left of the phase's time, or None if it is over.
    fn time_left(&self) -> Option<Duration> {
        let clock = self.clock();
        let left = clock.phase.limit().checked_sub(clock.since.elapsed())?;
        (!left.is_zero()).then_some(left)
    }

    fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }
}

/// The socket as hyper sees it: moves the phases, and ends itself when idle while draining.
struct Stream {
    tcp: TcpStream,
    link: Arc<Link>,
}

impl Stream {
    /// Whether the kernel holds no bytes for us. tokio's word is not enough: it may not have seen
    /// the event yet for a request that was received before the drain began.
    fn has_received_nothing(&self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        !matches!(SockRef::from(&self.tcp).peek(&mut byte), Ok(1))
    }

    /// Reads and forgets until the client closes; the phase's limit ends it otherwise.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [MaybeUninit::uninit(); 8192];
        loop {
            let mut buffer = ReadBuf::uninit(&mut bytes);
            ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        let idle = self.link.is_in(Phase::Idle);
        if idle && buffer.filled().len() > before {
            self.link.enter(Phase::Reading);
        }
        if idle && read.is_pending() && self.link.is_draining() && self.has_received_nothing() {
            // The end of the stream, to which hyper says goodbye politely. Its graceful_shutdown
            // would also close on a request that was received in part or not yet read.
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.tcp).poll_flush(cx))?;
        if self.link.is_in(Phase::Answering) {
            self.link.enter(Phase::Idle);
            if self.link.is_draining() {
                // An answer from before the drain lacks "Connection: close": let hyper read once
                // more, so that the connection ends now.
                cx.waker().wake_by_ref();
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Closing a socket that holds unread bytes resets the connection, which may destroy the
    /// answer on its way. So after a body was refused: send the end, then read until the client
    /// has had its answer.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.link.linger.load(Relaxed) {
            return Pin::new(&mut self.tcp).poll_shutdown(cx);
        }
        if !self.link.is_in(Phase::Lingering) {
            ready!(Pin::new(&mut self.tcp).poll_shutdown(cx))?;
            self.link.enter(Phase::Lingering);
        }
        self.poll_discard(cx)
    }
}
