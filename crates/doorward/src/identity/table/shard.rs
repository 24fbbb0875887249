//! One index of sessions in 64 parts, so that a growing part holds nobody else up.

use std::sync::Arc;

use hashbrown::HashTable;
use parking_lot::RwLock;

use crate::identity::live::Live;

const SHARDS: usize = 64;

/// Sessions by a 64-bit word of their key. The key itself stands in the session.
#[derive(Debug)]
pub(super) struct Shards(Box<[RwLock<HashTable<Arc<Live>>>]>);

impl Shards {
    pub(super) fn new() -> Self {
        Self((0..SHARDS).map(|_| RwLock::new(HashTable::new())).collect())
    }

    /// The top bits choose the part: the table inside uses the lower and the topmost seven.
    fn shard(&self, word: u64) -> &RwLock<HashTable<Arc<Live>>> {
        let index = usize::from((word >> 48) as u16) % SHARDS;
        &self.0[index]
    }

    pub(super) fn find(&self, word: u64, is_it: impl Fn(&Live) -> bool) -> Option<Arc<Live>> {
        self.shard(word).read().find(word, |live| is_it(live)).cloned()
    }

    pub(super) fn insert(&self, word: u64, live: Arc<Live>, word_of: impl Fn(&Live) -> u64) {
        self.shard(word).write().insert_unique(word, live, |live| word_of(live));
    }

    pub(super) fn remove(&self, word: u64, is_it: impl Fn(&Live) -> bool) -> Option<Arc<Live>> {
        let mut shard = self.shard(word).write();
        let entry = shard.find_entry(word, |live| is_it(live)).ok()?;
        Some(entry.remove().0)
    }

    /// Every session that fits, one part after the other.
    pub(super) fn collect(&self, fits: impl Fn(&Live) -> bool) -> Vec<Arc<Live>> {
        let mut all = Vec::new();
        for shard in &self.0 {
            all.extend(shard.read().iter().filter(|live| fits(live)).cloned());
        }
        all
    }
}
