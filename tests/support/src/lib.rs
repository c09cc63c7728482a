//! Servers for the tests of every language.
