//! Answers of apps: passed on as they are, or named for what is wrong with them.
