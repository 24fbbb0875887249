//! doorward-csrf
