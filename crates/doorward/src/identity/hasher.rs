//! The password hasher: its own threads with preallocated memory, behind a bounded fair queue.
