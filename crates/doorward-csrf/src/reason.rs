//! The words that say why a request was let through or refused.

use http::StatusCode;

/// What a reason says about the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Allowed,
    BadRequest,
    Misdirected,
    Provenance,
    Token,
    Warning,
}

macro_rules! reasons {
    ($($variant:ident $word:literal $class:ident $meaning:literal;)*) => {
        /// Why a request was let through or refused: the last column of the decision table.
        ///
        /// The words are stable. They never change meaning, and none is ever used for another thing.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = $meaning] $variant,)*
        }

        impl Reason {
            /// Every reason, in the order of the decision table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The bare word, for example `token_expired`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The word with its family, for example `csrf.token_expired`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => concat!("csrf.", $word),)* }
            }

            /// One sentence for operators.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }
        }
    };
}

reasons! {
    AuthorityMismatch "authority_mismatch" BadRequest "The request names two different hosts, one in its target and one in Host.";
    HostMalformed "host_malformed" BadRequest "The request names no host, or one that cannot be read.";
    HostNotAllowed "host_not_allowed" Misdirected "The request is for a host that this server does not answer to.";
    SfsConflict "sfs_conflict" Provenance "Several Sec-Fetch-Site fields contradict each other.";
    OriginMalformed "origin_malformed" Provenance "Origin is not an origin, or several Origin fields contradict each other.";
    TokenEndpointCrossSite "token_endpoint_cross_site" Provenance "A page of another site asked for a token.";
    SafeMethod "safe_method" Allowed "The method changes nothing.";
    HttpsRequired "https_required" Provenance "The request came over plain http although https is required.";
    ExemptPath "exempt_path" Allowed "The method and path are exempt by configuration.";
    NoAmbientCredentials "no_ambient_credentials" Allowed "No cookie came along, and the caller authenticates by itself.";
    SfsOriginConflict "sfs_origin_conflict" Provenance "Sec-Fetch-Site calls the request foreign although Origin is our own.";
    SameSiteUntrusted "same_site_untrusted" Provenance "A sibling host or another port of this host sent the request and is not trusted.";
    CrossSite "cross_site" Provenance "A page of another site sent the request.";
    OriginSchemeMismatch "origin_scheme_mismatch" Provenance "Origin is this host under another scheme.";
    OriginPortMismatch "origin_port_mismatch" Provenance "Origin is this host at another port.";
    OriginUntrusted "origin_untrusted" Provenance "Origin is another host and is not trusted.";
    OriginNull "origin_null" Provenance "Origin is null and nothing else says where the request comes from.";
    UserInitiatedDenied "user_initiated_denied" Provenance "No page sent the request, and configuration refuses such requests.";
    SfsUnknown "sfs_unknown" Provenance "Sec-Fetch-Site has an unknown value and Origin is absent.";
    SfsRequired "sfs_required" Provenance "Sec-Fetch-Site is required over https and absent.";
    RefererMalformed "referer_malformed" Provenance "Referer is not an absolute URL.";
    RefererInsecure "referer_insecure" Provenance "Referer is an http page although the request is for https.";
    RefererUntrusted "referer_untrusted" Provenance "Referer is a page of another origin that is not trusted.";
    ProvenanceMissing "provenance_missing" Provenance "Nothing says where the request comes from, and configuration refuses that.";
    WsOriginRequired "ws_origin_required" Provenance "A WebSocket handshake does not say where it comes from.";
    WsSameOrigin "ws_same_origin" Allowed "A WebSocket handshake that Sec-Fetch-Site calls same-origin.";
    WsOriginMatch "ws_origin_match" Allowed "A WebSocket handshake whose Origin is our own.";
    WsTrustedOrigin "ws_trusted_origin" Allowed "A WebSocket handshake from a trusted origin.";
    WsRefererMatch "ws_referer_match" Allowed "A WebSocket handshake from a page of our own.";
    WsTrustedReferer "ws_trusted_referer" Allowed "A WebSocket handshake from a page of a trusted origin.";
    WsSameSiteAllowed "ws_same_site_allowed" Allowed "A WebSocket handshake from the same site, which configuration allows.";
    SameOrigin "same_origin" Allowed "The browser says that a page of this origin sent the request.";
    OriginMatch "origin_match" Allowed "Origin is our own.";
    TrustedOrigin "trusted_origin" Allowed "Origin is trusted.";
    RefererMatch "referer_match" Allowed "Referer is a page of our own.";
    TrustedReferer "trusted_referer" Allowed "Referer is a page of a trusted origin.";
    SameSiteAllowed "same_site_allowed" Allowed "The request comes from the same site, which configuration allows.";
    NonBrowser "non_browser" Allowed "Nothing says where the request comes from, and configuration allows that.";
    UserInitiated "user_initiated" Allowed "No page sent the request, and configuration allows that.";
    TokenMissing "token_missing" Token "Neither the header nor the form field carries a token.";
    TokenAmbiguous "token_ambiguous" Token "Several header fields carry different tokens.";
    TokenMalformed "token_malformed" Token "The token does not have the shape of one.";
    TokenBadSignature "token_bad_signature" Token "The token was not signed with a key of this server.";
    TokenFromFuture "token_from_future" Token "The token was issued later than now.";
    TokenExpired "token_expired" Token "The token is older than a token may be.";
    CookieMissing "cookie_missing" Token "Neither the bind cookie nor the token cookie arrived.";
    CookieInvalid "cookie_invalid" Token "No token cookie that arrived is one of this server's, and there is no bind cookie.";
    TokenOtherSession "token_other_session" Token "The token belongs to another sign-in than the request.";
    TokenStaleSession "token_stale_session" Token "A sign-in or sign-out happened since the token was issued, and nothing says where the request comes from.";
    TokenBindingMismatch "token_binding_mismatch" Token "The token belongs to another browser.";
    TokenOk "token_ok" Allowed "The token belongs to this browser or sign-in.";
    TokenOkStaleSession "token_ok_stale_session" Allowed "The token was issued before a sign-in or sign-out in this browser.";
    TokenOkRotated "token_ok_rotated" Allowed "The token was issued while this browser had no bind cookie yet.";
    OriginConfigMismatch "origin_config_mismatch" Warning "The browser says same-origin although Origin is not what this server takes itself for.";
}

impl Reason {
    /// Whether this reason lets a request through. A warning decides nothing.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self.class(), Class::Allowed)
    }

    /// Whether this reason refuses a request.
    #[must_use]
    pub const fn is_refused(self) -> bool {
        !matches!(self.class(), Class::Allowed | Class::Warning)
    }

    /// Whether the client may try once more with the fresh token of the refusal.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(self.class(), Class::Token)
    }

    /// The status of the refusal: 400, 403 or 421. Reasons that refuse nothing have 200.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self.class() {
            Class::Allowed | Class::Warning => StatusCode::OK,
            Class::BadRequest => StatusCode::BAD_REQUEST,
            Class::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Class::Provenance | Class::Token => StatusCode::FORBIDDEN,
        }
    }

    /// The word for the same provenance on a WebSocket handshake (row H16), where there is one.
    pub(crate) const fn on_websocket(self) -> Option<Self> {
        Some(match self {
            Self::SameOrigin => Self::WsSameOrigin,
            Self::OriginMatch => Self::WsOriginMatch,
            Self::TrustedOrigin => Self::WsTrustedOrigin,
            Self::RefererMatch => Self::WsRefererMatch,
            Self::TrustedReferer => Self::WsTrustedReferer,
            Self::SameSiteAllowed => Self::WsSameSiteAllowed,
            _ => return None,
        })
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_word_is_used_once_and_carries_the_family() {
        let words: HashSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(reason.code().strip_prefix("csrf."), Some(reason.as_str()));
            assert!(reason.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        }
    }

    #[test]
    fn only_refusals_have_an_error_status_and_only_token_refusals_invite_a_retry() {
        for reason in Reason::ALL {
            assert_eq!(reason.is_refused(), reason.status().is_client_error(), "{reason}");
            assert!(!(reason.is_allowed() && reason.retryable()), "{reason}");
        }
        assert_eq!(Reason::HostNotAllowed.status(), 421);
        assert_eq!(Reason::AuthorityMismatch.status(), 400);
        assert!(Reason::CookieMissing.retryable());
        assert!(!Reason::CrossSite.retryable());
    }
}
