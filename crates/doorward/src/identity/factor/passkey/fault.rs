//! Why an answer of an authenticator was not accepted: the code for its person, and the words for the log.

use webauthn_rs_core::error::WebauthnError;

use super::Refused;

/// The refusal of an answer. The log says which check it failed; the person is told what to do.
pub(super) fn refuse(error: &WebauthnError) -> Refused {
    let code = code(error);
    tracing::warn!(code, %error, "a passkey was not accepted");
    Refused::new(code)
}

fn code(error: &WebauthnError) -> &'static str {
    use WebauthnError as E;
    match error {
        E::MismatchedChallenge | E::ChallengeNotFound => "factor.challenge_void",
        E::InvalidRPOrigin | E::InvalidRPIDHash | E::CredentialCrossOrigin => "factor.passkey_origin",
        E::UserNotPresent | E::UserNotVerified => "factor.passkey_unverified",
        E::CredentialPossibleCompromise => "factor.passkey_copied",
        E::CredentialNotFound => "factor.passkey_unknown",
        E::CredentialAlteredAlgFromRequest
        | E::CredentialInsecureCryptography
        | E::COSEKeyInvalidType
        | E::COSEKeyInvalidAlgorithm
        | E::COSEKeyEDUnsupported
        | E::SshPublicKeyEDUnsupported
        | E::CertificatePublicKeyInvalid
        | E::RsaParametersInvalid
        | E::COSEKeyECDSAInvalidCurve
        | E::COSEKeyEDDSAInvalidCurve => "factor.passkey_algorithm",
        E::ParseBase64Failure(_)
        | E::ParseCBORFailure(_)
        | E::ParseJSONFailure(_)
        | E::ParseNOMFailure
        | E::ParseInsufficientBytesAvailable
        | E::AuthenticatorDataMissingExtension
        | E::MissingAttestationCredentialData
        | E::COSEKeyInvalidCBORValue
        | E::COSEKeyECDSAXYInvalid
        | E::COSEKeyEDDSAXInvalid
        | E::COSEKeyRSANEInvalid
        | E::EcdsaPointInvalid
        | E::InvalidExtensions => "factor.passkey_malformed",
        _ => "factor.passkey_refused",
    }
}
