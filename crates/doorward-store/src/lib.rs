//! doorward-store
