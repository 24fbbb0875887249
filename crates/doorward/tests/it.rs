//! The tests of the program that need more than one module.

mod portal;
