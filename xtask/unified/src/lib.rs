//! No code: the features of dependencies that some members of the workspace ask for, asked for by all.
//!
//! Cargo compiles a dependency once for each set of features. Building one member after the whole workspace, as the steps
//! of the tests do, would otherwise compile most dependencies again.
