//! The pages: templates, texts and assets.
