//! Configuration: what was written (Raw) and what was meant (Config), one file for each section.
