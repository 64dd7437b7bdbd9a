//! What every implementation of a contract must do, one function for each line of its documentation.

pub mod agent;
pub mod cache;
pub mod embedder;
pub mod llm;
pub mod reranker;
pub mod retriever;
pub mod session_store;
pub mod tool_registry;
pub mod vector_store;

/// Makes one test of each named case of a suite; every test gets a subject of its own.
#[macro_export]
macro_rules! conformance {
    ($suite:ident, $make:expr, $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                let subject = $make;
                $crate::conformance::$suite::$case(&subject).await;
            }
        )+
    };
}

/// Makes one test of all named cases of a suite; every case gets a subject of its own.
#[macro_export]
macro_rules! conformance_in_turn {
    ([$($attribute:meta)?] $suite:ident, $make:expr, $($case:ident),+ $(,)?) => {
        #[tokio::test]
        $(#[$attribute])?
        async fn every_case() {
            $(
                eprintln!("{}", stringify!($case));
                let subject = $make;
                $crate::conformance::$suite::$case(&subject).await;
            )+
        }
    };
}
