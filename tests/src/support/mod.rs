//! Fakes and subjects that several tests share.

pub mod rounds;
pub mod tools;
