//! The web side: listeners, layers, routes and handlers.
