//! Kept connections to an app, driven inside the task of the request that holds them.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::task::coop::has_budget_remaining;
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::fault::{Fault, Kind};
use crate::forward::outgoing::{Outgoing, Progress};
use crate::upstream::socket::Socket;

/// Bytes that a connection reads ahead or holds unsent at most, where the head of an answer is shorter.
const BUFFER_BYTES: usize = 128 * 1024;

/// One HTTP/1.1 connection to an app.
///
/// No task of its own drives it: whoever awaits an answer polls `driver`, first for the head and then
/// from the body. That saves a wake-up and a switch of tasks for each request.
#[derive(Debug)]
pub(crate) struct Line {
    sender: SendRequest<Outgoing>,
    driver: Driver,
    pub(crate) deadline: Deadline,
    is_reused: bool,
    idle_since: Instant,
    /// How long the app says that it keeps an idle connection.
    pub(crate) idle_time: Option<Duration>,
}

/// Why a request got no answer.
#[derive(Debug)]
pub(crate) struct Unanswered {
    pub(crate) fault: Fault,
    /// The request, where the connection had ended before a byte of it was written.
    pub(crate) untouched: Option<Box<Request<Outgoing>>>,
}

impl From<Fault> for Unanswered {
    fn from(fault: Fault) -> Self {
        Self { fault, untouched: None }
    }
}

impl Line {
    /// Speaks HTTP/1.1 on an open socket.
    pub(crate) async fn open(socket: Socket, head_bytes: usize) -> Result<Box<Self>, Fault> {
        let mut builder = http1::Builder::new();
        // Heads and small bodies leave in one write; gathering writes cost more than the copy.
        builder.writev(false).max_header_size(head_bytes).max_buf_size(head_bytes.max(BUFFER_BYTES));
        let handshake = builder.handshake(TokioIo::new(socket));
        let (sender, driver) = handshake.await.map_err(|error| Fault::of_exchange(error, Kind::Unreachable))?;
        Ok(Box::new(Self {
            sender,
            driver: Driver { connection: Some(driver), spent: None, is_switching: false },
            deadline: Deadline::new(),
            is_reused: false,
            idle_since: Instant::now(),
            idle_time: None,
        }))
    }

    /// Whether it has answered before.
    pub(crate) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Sends a request, and waits for the head of its answer; informational heads are passed over.
    ///
    /// `limit` begins anew with each piece of the request's body.
    pub(crate) async fn send(
        &mut self,
        request: Request<Outgoing>,
        limit: Duration,
        progress: Option<&Progress>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let mut answer = pin!(self.sender.try_send_request(request));
        self.deadline.set(limit);
        let mut seen = 0;
        let (driver, deadline) = (&mut self.driver, &mut self.deadline);
        poll_fn(|cx| {
            let ended = driver.poll(cx);
            match answer.as_mut().poll(&mut unwoken(cx)) {
                Poll::Ready(Ok(response)) => return Poll::Ready(Ok(response)),
                Poll::Ready(Err(mut error)) => {
                    let untouched = error.take_message().map(Box::new);
                    let fault = Fault::of_exchange(error.into_error(), Kind::ClosedEarly);
                    return Poll::Ready(Err(Unanswered { fault, untouched }));
                }
                Poll::Pending => {}
            }
            if let Poll::Ready(error) = ended {
                let fault = error.map(|error| Fault::of_exchange(error, Kind::ClosedEarly));
                return Poll::Ready(Err(fault.unwrap_or_else(|| Fault::new(Kind::ClosedEarly)).into()));
            }
            if let Some(progress) = progress {
                let steps = progress.steps();
                if steps != seen {
                    seen = steps;
                    deadline.set(limit);
                }
                // A client that is slow is not the app's fault; the body has a deadline of its own.
                if progress.is_client_awaited() {
                    return Poll::Pending;
                }
            }
            deadline.poll(cx).map(|()| Err(Fault::new(Kind::HeadTimeout).into()))
        })
        .await
    }

    /// Lets the connection do its work. Ready once it has ended, with its error if it has one.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) -> Poll<Option<hyper::Error>> {
        self.driver.poll(cx)
    }

    /// Keeps the socket when HTTP ends on it, for a request that asks for another protocol.
    pub(crate) fn prepare_switch(&mut self) {
        self.driver.is_switching = true;
    }

    /// Takes the socket back after a 101, with the bytes that came behind the answer.
    pub(crate) async fn switch(mut self: Box<Self>) -> Result<(Socket, Bytes), Fault> {
        poll_fn(|cx| match self.driver.poll(cx) {
            Poll::Ready(_) => Poll::Ready(Ok(())),
            Poll::Pending => self.deadline.poll(cx).map(|()| Err(Fault::new(Kind::HeadTimeout))),
        })
        .await?;
        let spent = self.driver.spent.take().ok_or_else(|| Fault::new(Kind::ClosedEarly))?;
        let parts = spent.into_parts();
        Ok((parts.io.into_inner(), parts.read_buf))
    }

    /// Whether the connection is open, silent, and ready for a request.
    ///
    /// Bytes that nobody asked for end the connection here, so they are never read as the answer to
    /// the next request.
    fn is_fit(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.driver.poll(&mut cx).is_pending() && self.sender.is_ready()
    }
}

/// A context for what only a driver completes, where the driver has just run in the same task.
///
/// No waker is needed then, and with the task's own the driver would wake the task that runs it. But a
/// task that has used up its turn must come back: then the channel says "not yet" whatever it holds.
pub(crate) fn unwoken<'a>(cx: &Context<'a>) -> Context<'a> {
    if has_budget_remaining() { Context::from_waker(Waker::noop()) } else { Context::from_waker(cx.waker()) }
}

/// The state machine of a connection, until it has ended.
#[derive(Debug)]
struct Driver {
    /// Nothing once the connection has ended.
    connection: Option<Connection<TokioIo<Socket>, Outgoing>>,
    /// What is left of a connection that changes its protocol.
    spent: Option<Connection<TokioIo<Socket>, Outgoing>>,
    is_switching: bool,
}

impl Driver {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<hyper::Error>> {
        let Some(connection) = &mut self.connection else { return Poll::Ready(None) };
        let result = ready!(Pin::new(connection).poll(cx));
        let spent = self.connection.take();
        // Otherwise it is dropped here, which gives back a request that it never began.
        if self.is_switching {
            self.spent = spent;
        }
        Poll::Ready(result.err())
    }
}

/// The idle connections to one app, the freshest last.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: Mutex<VecDeque<Box<Line>>>,
    limit: usize,
    idle_time: Duration,
}

impl Pool {
    pub(crate) fn new(limit: usize, idle_time: Duration) -> Self {
        Self { idle: Mutex::new(VecDeque::new()), limit, idle_time }
    }

    pub(crate) fn len(&self) -> usize {
        self.idle.lock().len()
    }

    /// The freshest connection that is still well.
    pub(crate) fn take(&self) -> Option<Box<Line>> {
        loop {
            let mut line = self.idle.lock().pop_back()?;
            if !self.is_stale(&line) && line.is_fit() {
                line.is_reused = true;
                return Some(line);
            }
        }
    }

    /// Keeps a connection whose answer has ended cleanly.
    pub(crate) fn put(&self, mut line: Box<Line>) {
        if !line.sender.is_ready() && !line.is_fit() {
            return;
        }
        line.idle_since = Instant::now();
        let mut idle = self.idle.lock();
        let closing = match idle.front() {
            Some(oldest) if idle.len() >= self.limit || self.is_stale(oldest) => idle.pop_front(),
            _ => None,
        };
        if self.limit > 0 {
            idle.push_back(line);
        }
        drop(idle);
        // Closing a socket is a system call: nobody waits for it at the lock.
        drop(closing);
    }

    /// Closes what was kept long enough, and what the app has closed.
    pub(crate) fn reap(&self) {
        let lines = std::mem::take(&mut *self.idle.lock());
        let well: VecDeque<_> =
            lines.into_iter().filter_map(|mut line| (!self.is_stale(&line) && line.is_fit()).then_some(line)).collect();
        let mut idle = self.idle.lock();
        let newer = std::mem::replace(&mut *idle, well);
        idle.extend(newer);
    }

    fn is_stale(&self, line: &Line) -> bool {
        let limit = line.idle_time.map_or(self.idle_time, |told| told.min(self.idle_time));
        line.idle_since.elapsed() >= limit
    }
}
