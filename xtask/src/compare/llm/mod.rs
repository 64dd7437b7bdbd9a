//! Our language models against those of llama.cpp, OpenVINO GenAI and mistral.rs.

mod bench;
mod life;
mod session;
mod sets;
mod side;
mod speculation;
mod speed;
mod turn;

pub(super) use bench::run;
