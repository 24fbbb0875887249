//! What the domain asks of a store about trusted devices and app passwords.

use std::future::Future;

use super::{Added, Result};
use crate::audit::Event;
use crate::clock::UnixTime;
use crate::factor::{AppPassword, TrustedDevice};
use crate::identifier::{CredentialId, SessionId, UserId};
use crate::token::TokenHash;

/// Trusted devices.
pub trait Devices {
    /// Trusts a device. False unless `session` is a live one of this user, whole and of two factors: trust is given with
    /// full strength and cannot be built on trust. The one that was used longest ago makes room.
    fn trust_device(
        &self,
        device: &TrustedDevice,
        session: SessionId,
        event: &Event,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// The devices that this user trusts at `now`, the last used first.
    fn trusted_devices(&self, user: UserId, now: UnixTime) -> impl Future<Output = Result<Vec<TrustedDevice>>> + Send;
    /// The device of this cookie, where its user still trusts it. To sign in with it is [`super::Proof::TrustedDevice`].
    fn trusted_device(
        &self,
        hash: TokenHash,
        now: UnixTime,
    ) -> impl Future<Output = Result<Option<TrustedDevice>>> + Send;
    /// Ends the trust in one device, or in all of the user's, and the sessions that it signed in; where all end, also those
    /// of devices that were forgotten before. Gives back how many devices.
    fn remove_devices(
        &self,
        user: UserId,
        which: Option<CredentialId>,
        event: &Event,
    ) -> impl Future<Output = Result<u64>> + Send;
}

/// App passwords.
pub trait AppPasswords {
    /// Stores one. [`Added::Void`] unless `session` is a live and whole one of this user.
    fn make_app_password(
        &self,
        password: &AppPassword,
        session: SessionId,
        event: &Event,
    ) -> impl Future<Output = Result<Added>> + Send;
    /// All of a user's, newest first.
    fn app_passwords(&self, user: UserId) -> impl Future<Output = Result<Vec<AppPassword>>> + Send;
    /// The one of this token, for this app and no other, of a user who may sign in.
    fn app_password(
        &self,
        hash: TokenHash,
        app: &str,
        now: UnixTime,
    ) -> impl Future<Output = Result<Option<AppPassword>>> + Send;
    /// Notes when it was used. No audit row; the caller does so once an hour at most.
    fn touch_app_password(&self, id: CredentialId, at: UnixTime) -> impl Future<Output = Result<()>> + Send;
    /// Withdraws one. False where it is not the user's.
    fn remove_app_password(
        &self,
        user: UserId,
        id: CredentialId,
        event: &Event,
    ) -> impl Future<Output = Result<bool>> + Send;
}
