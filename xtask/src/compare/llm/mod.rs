//! Our language models against those of llama.cpp, OpenVINO GenAI and mistral.rs.

mod bench;
mod busy;
mod life;
mod report;
mod session;
mod side;
mod speed;

pub(super) use bench::run;
