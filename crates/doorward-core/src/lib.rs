//! doorward-core
