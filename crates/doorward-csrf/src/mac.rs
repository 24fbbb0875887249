//! HMAC-SHA256 of a token: RFC 2104 over the one length that tokens have, straight on the compression function.
//!
//! The message and its padding fill one block, and so does the outer one. The general `hmac` crate finds that out anew
//! for each message, which costs more than half as much again as the two compressions themselves.

use sha2::block_api::compress256;
use zeroize::Zeroize as _;

const BLOCK_BYTES: usize = 64;
const MESSAGE_BYTES: usize = 46;
const DIGEST_BYTES: usize = 32;

/// The state that SHA-256 begins with (FIPS 180-4, section 5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A key with both halves of its schedule run.
pub(crate) struct TokenMac {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Drop for TokenMac {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl TokenMac {
    pub(crate) fn new(key: &[u8; DIGEST_BYTES]) -> Self {
        let after = |pad: u8| {
            let mut block = [pad; BLOCK_BYTES];
            for (byte, key) in block.iter_mut().zip(key) {
                *byte ^= key;
            }
            let state = compressed(START, &block);
            block.zeroize();
            state
        };
        Self { inner: after(0x36), outer: after(0x5c) }
    }

    /// The MAC of the 46 bytes `"csrf1|"`, time as a big-endian number, nonce.
    pub(crate) fn sign(&self, issued_at: u64, nonce: &[u8; 32]) -> [u8; DIGEST_BYTES] {
        let mut block = padded::<MESSAGE_BYTES>();
        block[..6].copy_from_slice(b"csrf1|");
        block[6..14].copy_from_slice(&issued_at.to_be_bytes());
        block[14..MESSAGE_BYTES].copy_from_slice(nonce);
        let inner = compressed(self.inner, &block);
        let mut block = padded::<DIGEST_BYTES>();
        block[..DIGEST_BYTES].copy_from_slice(&bytes(inner));
        bytes(compressed(self.outer, &block))
    }
}

/// The last block of a message of `LENGTH` bytes behind a block of key, without the message (FIPS 180-4, section 5.1.1).
fn padded<const LENGTH: usize>() -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    block[LENGTH] = 0x80;
    let bits = (BLOCK_BYTES + LENGTH) as u64 * 8;
    block[BLOCK_BYTES - 8..].copy_from_slice(&bits.to_be_bytes());
    block
}

fn compressed(mut state: [u32; 8], block: &[u8; BLOCK_BYTES]) -> [u32; 8] {
    compress256(&mut state, std::slice::from_ref(block));
    state
}

fn bytes(state: [u32; 8]) -> [u8; DIGEST_BYTES] {
    let mut bytes = [0; DIGEST_BYTES];
    let (words, _) = bytes.as_chunks_mut::<4>();
    for (bytes, word) in words.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_hmac_that_everybody_knows(key: [u8; 32], issued_at: u64, nonce: [u8; 32]) {
            let mut known = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            known.update(b"csrf1|");
            known.update(&issued_at.to_be_bytes());
            known.update(&nonce);
            let known: [u8; 32] = known.finalize().into_bytes().into();
            prop_assert_eq!(TokenMac::new(&key).sign(issued_at, &nonce), known);
        }
    }
}
