//! Fakes and subjects that several tests share.

pub mod alone;
pub mod rounds;
pub mod tiny;
pub mod tools;
