//! What went wrong on the way to an app and back, and on whose side.

use std::error::Error;
use std::fmt;
use std::io;

/// The error behind a fault, for the log.
pub(crate) type Source = Box<dyn Error + Send + Sync>;

/// On whose side a fault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client, or the way to it.
    Client,
    /// The app, or the way to it.
    Upstream,
    /// Doorward.
    Us,
}

impl Side {
    /// The word of the log and of the error page.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::Us => "us",
        }
    }
}

/// What kind of fault it is; each kind has one reason code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Nobody listens at the upstream's address.
    ConnectRefused,
    /// The upstream did not take the connection in time.
    ConnectTimeout,
    /// The name does not resolve, or there is no route.
    Unreachable,
    /// The Unix socket is not there, or may not be opened.
    SocketMissing,
    /// The upstream closed the connection before the head of its answer.
    ClosedEarly,
    /// The head of the answer did not come in time.
    HeadTimeout,
    /// The answer is no HTTP, or contradicts itself.
    AnswerMalformed,
    /// The answer began and was not finished.
    AnswerCut,
    /// The body of the request is longer than the route takes.
    BodyTooLarge,
    /// The body of the request is framed wrongly.
    BodyMalformed,
    /// The body of the request did not go on in time.
    ClientTimeout,
    /// The client went away.
    ClientGone,
    /// A request that cannot be written as HTTP/1.1: a defect of the caller.
    Unsendable,
}

impl Kind {
    /// The reason code of the one list.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ConnectRefused => "upstream.connect_refused",
            Self::ConnectTimeout => "upstream.connect_timeout",
            Self::Unreachable => "upstream.unreachable",
            Self::SocketMissing => "upstream.socket_missing",
            Self::ClosedEarly => "upstream.closed_early",
            Self::HeadTimeout => "upstream.head_timeout",
            Self::AnswerMalformed => "upstream.answer_malformed",
            Self::AnswerCut => "upstream.answer_cut",
            Self::BodyTooLarge => "http.body_too_large",
            Self::BodyMalformed => "http.body_malformed",
            Self::ClientTimeout => "http.timeout",
            Self::ClientGone => "http.client_gone",
            Self::Unsendable => "http.internal",
        }
    }

    /// On whose side such a fault lies.
    #[must_use]
    pub fn side(self) -> Side {
        match self {
            Self::BodyTooLarge | Self::BodyMalformed | Self::ClientTimeout | Self::ClientGone => Side::Client,
            Self::Unsendable => Side::Us,
            _ => Side::Upstream,
        }
    }
}

/// A request that was not answered by its app, or whose answer broke off.
///
/// Its text names the kind; [`Error::source`] holds the cause, for the log alone.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    is_retry_safe: bool,
    source: Option<Source>,
}

impl Fault {
    /// A fault of this kind, whose request may have been acted on.
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, is_retry_safe: false, source: None }
    }

    /// With its cause.
    pub(crate) fn with(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A fault before anything was sent: no app can have acted on the request.
    pub(crate) fn before_sending(kind: Kind) -> Self {
        Self { kind, is_retry_safe: true, source: None }
    }

    /// The same fault, named otherwise.
    pub(crate) fn into_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// On whose side it lies.
    #[must_use]
    pub fn side(&self) -> Side {
        self.kind.side()
    }

    /// The reason code of the one list.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Whether nothing of the request reached the app, so that sending it again cannot act twice.
    #[must_use]
    pub fn is_retry_safe(&self) -> bool {
        self.is_retry_safe
    }

    /// Reads an error of hyper's client that came before (`Kind::ClosedEarly`) or after
    /// (`Kind::AnswerCut`) the head of the answer.
    pub(crate) fn of_exchange(error: hyper::Error, otherwise: Kind) -> Self {
        let kind = match own_kind(&error) {
            Some(kind) => kind,
            None if error.is_parse() => Kind::AnswerMalformed,
            None if error.is_body_write_aborted() => Kind::ClientGone,
            None if error.is_user() => Kind::Unsendable,
            None => otherwise,
        };
        Self::new(kind).with(error)
    }

    /// Reads an error of the client's body.
    pub(crate) fn of_client_body(error: Source) -> Self {
        let kind = own_kind(&*error).unwrap_or_else(|| match io_kind(&*error) {
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => Kind::BodyMalformed,
            _ => Kind::ClientGone,
        });
        Self::new(kind).with(error)
    }
}

/// The chain of causes, the error itself first. An I/O error hides the error it carries from
/// [`Error::source`], so it is asked for it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        carried.map(|inner| inner as &(dyn Error + 'static)).or_else(|| (*error).source())
    })
}

/// The kind of the fault of ours that travelled inside another error.
fn own_kind(error: &(dyn Error + 'static)) -> Option<Kind> {
    causes(error).find_map(|cause| cause.downcast_ref::<Fault>()).map(Fault::kind)
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::ConnectRefused => "the upstream refused the connection",
            Kind::ConnectTimeout => "the upstream did not take the connection in time",
            Kind::Unreachable => "the upstream cannot be reached",
            Kind::SocketMissing => "the upstream's socket is not there or may not be opened",
            Kind::ClosedEarly => "the upstream closed the connection before it answered",
            Kind::HeadTimeout => "the upstream did not answer in time",
            Kind::AnswerMalformed => "the upstream's answer is no HTTP or contradicts itself",
            Kind::AnswerCut => "the upstream's answer was not finished",
            Kind::BodyTooLarge => "the body of the request is too large",
            Kind::BodyMalformed => "the body of the request is framed wrongly",
            Kind::ClientTimeout => "the body of the request did not go on in time",
            Kind::ClientGone => "the client went away",
            Kind::Unsendable => "the request cannot be written as HTTP/1.1",
        })
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = self.source.as_deref()?;
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: [Kind; 13] = [
        Kind::ConnectRefused,
        Kind::ConnectTimeout,
        Kind::Unreachable,
        Kind::SocketMissing,
        Kind::ClosedEarly,
        Kind::HeadTimeout,
        Kind::AnswerMalformed,
        Kind::AnswerCut,
        Kind::BodyTooLarge,
        Kind::BodyMalformed,
        Kind::ClientTimeout,
        Kind::ClientGone,
        Kind::Unsendable,
    ];

    #[test]
    fn every_kind_has_a_reason_of_the_one_list_and_blames_the_right_side() {
        for kind in EVERY {
            let reason = doorward_core::reason::find(kind.code()).unwrap_or_else(|| panic!("{kind:?}"));
            let is_upstream = reason.family() == "upstream";
            assert_eq!(is_upstream, kind.side() == Side::Upstream, "{kind:?}");
            assert!(!is_upstream || (502..=504).contains(&reason.status), "{kind:?}");
        }
    }

    #[test]
    fn a_fault_of_ours_is_found_inside_another_error() {
        let inner = io::Error::other(Fault::new(Kind::BodyTooLarge));
        assert_eq!(Fault::of_client_body(Box::new(inner)).kind(), Kind::BodyTooLarge);
        let broken = io::Error::new(io::ErrorKind::InvalidInput, "chunk");
        assert_eq!(Fault::of_client_body(Box::new(broken)).kind(), Kind::BodyMalformed);
        let gone = io::Error::new(io::ErrorKind::UnexpectedEof, "gone");
        assert_eq!(Fault::of_client_body(Box::new(gone)).kind(), Kind::ClientGone);
    }
}
