//! The tower layer: a thin coat over the rule, with the token endpoint, rotation and forms without scripts.

mod answer;
mod body;
mod form;
mod page;
mod setting;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::{Either, Full};
use tower_layer::Layer;
use tower_service::Service;

pub use body::Replay;
pub use form::{Form, FormField};
pub use page::FormToken;
use setting::Setting;
pub use setting::{Connection, CsrfLayer};

use crate::decision::{Decision, FormValue, Phase, Provenance};
use crate::request::RequestView;
use crate::session::Session;

/// An answer of the layer itself, or of the service behind it.
type Answer<B> = Response<Either<Full<Bytes>, B>>;

impl<S> Layer<S> for CsrfLayer {
    type Service = CsrfService<S>;

    fn layer(&self, inner: S) -> CsrfService<S> {
        CsrfService { inner, setting: Arc::clone(&self.setting) }
    }
}

/// The service that [`CsrfLayer`] makes.
#[derive(Debug, Clone)]
pub struct CsrfService<S> {
    inner: S,
    setting: Arc<Setting>,
}

impl<S, B, A> Service<Request<B>> for CsrfService<S>
where
    S: Service<Request<Replay<B>>, Response = Response<A>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Send,
    A: Send + 'static,
{
    type Response = Answer<A>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answer<A>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone has not been polled ready; the service that has been must be the one that is called.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        let setting = Arc::clone(&self.setting);
        Box::pin(serve(setting, inner, request))
    }
}

/// One request: provenance, then token, then the service behind, then the answer's token.
async fn serve<S, B, A>(setting: Arc<Setting>, mut inner: S, request: Request<B>) -> Result<Answer<A>, S::Error>
where
    S: Service<Request<Replay<B>>, Response = Response<A>>,
    B: Body<Data = Bytes> + Unpin,
{
    let (parts, body) = request.into_parts();
    let session = parts.extensions.get::<Session>().cloned().unwrap_or_else(Session::anonymous);
    let phase = setting.csrf.provenance(&setting.view(&parts));
    let (decision, form) = match phase {
        Phase::Decided(decision) => (decision, Form::unread(body)),
        Phase::NeedsToken(provenance) => judge(&setting, &parts, body, &session, provenance).await,
    };
    if !decision.is_allowed() {
        let report = setting.csrf.report(&setting.view(&parts), &session.state(), &form.field, &decision);
        setting.tell(&report);
        if !setting.csrf.is_report_only() {
            return Ok(answer::refusal(&setting, &parts, &session, &report).map(Either::Left));
        }
    }
    if parts.method == Method::GET && parts.uri.path() == setting.csrf.token_path() {
        return Ok(answer::token(&setting, &parts, &session).map(Either::Left));
    }
    if decision.provenance.is_some_and(|provenance| provenance.is_origin_mismatched) {
        setting.warn_of_mismatch(&setting.csrf.report(&setting.view(&parts), &session.state(), &form.field, &decision));
    }
    let follow_up = page::FollowUp::new(&setting, &parts, session, decision);
    let mut request = Request::from_parts(parts, form.body);
    request.extensions_mut().insert(follow_up.form_token());
    let mut response = inner.call(request).await?;
    follow_up.finish(&mut response);
    Ok(response.map(Either::Right))
}

/// The second phase, for which the body of a form is read where the header is absent.
async fn judge<B>(
    setting: &Setting,
    parts: &http::request::Parts,
    body: B,
    session: &Session,
    provenance: Provenance,
) -> (Decision, Form<B>)
where
    B: Body<Data = Bytes> + Unpin,
{
    let has_header = setting.csrf.has_token_header(&setting.view(parts));
    let form =
        if has_header { Form::unread(body) } else { Form::read(&parts.headers, body, setting.csrf.field_name()).await };
    let view: RequestView<'_> = setting.view(parts);
    let decision = setting.csrf.token(&view, provenance, &session.state(), &form.field);
    (decision, form)
}

impl<'a> From<&'a FormField> for FormValue<'a> {
    fn from(field: &'a FormField) -> Self {
        match field {
            FormField::Absent => Self::Absent,
            FormField::Text(text) => Self::Text(text),
            FormField::NotText => Self::NotText,
        }
    }
}
