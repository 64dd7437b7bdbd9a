//! Our language models against those of llama.cpp, OpenVINO GenAI and mistral.rs.

mod bench;
mod life;
mod session;
mod sets;
mod side;
mod speculation;
mod speed;

pub(super) use bench::run;
