//! Watching: logs, metrics, health, request memory and the counting of refusals.
