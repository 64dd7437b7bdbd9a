use std::sync::Arc;

use async_trait::async_trait;
use rushlight::retrieval::{
    FlatStore, FunctionReranker, HnswOptions, HnswStore, KnowledgeBaseOptions, LexicalReranker, Metric,
    SearchMode,
};
use rushlight::{
    HashedEmbedder, KnowledgeBase, KnowledgeRetriever, LocalEmbedder, Passage, Query, Reranked, Result,
    Retriever, RetrieverOptions,
};
use rushlight_tests::conformance::retriever::documents;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{cross_encoder, embedder, in_memory, quiet};

mod flat_store_by_cosine {
    use super::*;

    rushlight_tests::vector_store_suite!(FlatStore::new(3, Metric::Cosine));
}

mod flat_store_by_dot_product {
    use super::*;

    rushlight_tests::vector_store_suite!(FlatStore::new(3, Metric::Dot));
}

mod flat_store_by_distance {
    use super::*;

    rushlight_tests::vector_store_suite!(FlatStore::new(3, Metric::L2));
}

/// A graph that is rebuilt after every change.
fn eager_graph(metric: Metric) -> HnswStore {
    HnswStore::new(3, metric, HnswOptions::default().rebuild_after(0)).unwrap()
}

mod hnsw_store_by_cosine {
    use super::*;

    rushlight_tests::vector_store_suite!(eager_graph(Metric::Cosine));
}

mod hnsw_store_by_dot_product {
    use super::*;

    rushlight_tests::vector_store_suite!(eager_graph(Metric::Dot));
}

mod hnsw_store_by_distance {
    use super::*;

    rushlight_tests::vector_store_suite!(eager_graph(Metric::L2));
}

mod hashed_embedder {
    use super::*;

    rushlight_tests::embedder_suite!(HashedEmbedder::new(256));
}

mod local_embedder {
    use super::*;

    static EMBEDDER: OnceCell<LocalEmbedder> = OnceCell::const_new();

    async fn minilm() -> LocalEmbedder {
        EMBEDDER
            .get_or_init(|| async { LocalEmbedder::open("all-MiniLM-L6-v2").await.unwrap() })
            .await
            .clone()
    }

    rushlight_tests::embedder_suite!(minilm().await);
}

mod knowledge_base_in_memory {
    use super::*;

    rushlight_tests::retriever_suite!(in_memory(documents()).await);
}

mod lexical_reranker {
    use super::*;

    rushlight_tests::reranker_suite!(LexicalReranker::new());
}

mod local_reranker {
    use super::*;

    rushlight_tests::reranker_suite!(cross_encoder().await);
}

mod function_reranker {
    use super::*;

    rushlight_tests::reranker_suite!(FunctionReranker::new("shortest", |_, passage| {
        -(passage.text.len() as f32)
    }));
}

mod knowledge_base_reranked {
    use super::*;

    rushlight_tests::retriever_suite!(Reranked::new(in_memory(documents()).await, LexicalReranker::new()));
}

mod knowledge_base_in_all_stages {
    use super::*;

    async fn retriever() -> KnowledgeRetriever {
        let options = RetrieverOptions::default().rerank(true).mmr(0.7);
        in_memory(documents()).await.retriever(options).unwrap()
    }

    rushlight_tests::retriever_suite!(retriever().await);
}

mod knowledge_base_by_words {
    use super::*;

    async fn lexical() -> KnowledgeBase {
        let options = KnowledgeBaseOptions::default().mode(SearchMode::Lexical);
        let base = KnowledgeBase::in_memory_with(embedder(), options).await.unwrap();
        base.ingest(documents(), quiet).await.unwrap();
        base
    }

    rushlight_tests::retriever_suite!(lexical().await);
}

mod knowledge_base_on_disk {
    use super::*;

    /// A retriever that takes its directory with it.
    #[derive(Debug, Clone)]
    struct Reopened {
        base: KnowledgeBase,
        _dir: Arc<TempDir>,
    }

    #[async_trait]
    impl Retriever for Reopened {
        async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
            self.base.retrieve(query).await
        }

        fn version(&self) -> u64 {
            self.base.version()
        }
    }

    async fn reopened() -> Reopened {
        let dir = tempfile::tempdir().unwrap();
        let base = KnowledgeBase::open(dir.path(), embedder()).await.unwrap();
        base.ingest(documents(), quiet).await.unwrap();
        drop(base);
        let base = KnowledgeBase::open(dir.path(), embedder()).await.unwrap();
        Reopened { base, _dir: Arc::new(dir) }
    }

    rushlight_tests::retriever_suite!(reopened().await);
}
