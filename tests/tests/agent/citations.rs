use rushlight::{AgentExt, Assistant, CitationOrigin, ScriptedLlm, ScriptedTurn};

use super::Shelf;

const PASSAGES: [&str; 3] = [
    "The kubelet listens on port 10250.",
    "Owls hunt at night and sleep during the day.",
    "The scheduler assigns pods to nodes by their resource requests.",
];

/// The numbers that an answer to a question cites, and how they were found.
async fn cited(question: &str, answer: &str) -> (Vec<usize>, Option<CitationOrigin>) {
    let llm = ScriptedLlm::new(vec![ScriptedTurn::text(answer)]);
    let assistant = Assistant::builder(llm).retriever(Shelf::new(&PASSAGES)).build().unwrap();
    let citations = assistant.ask(question).await.unwrap().citations;
    let origin = citations.first().map(|citation| citation.origin);
    assert!(citations.iter().all(|citation| Some(citation.origin) == origin));
    (citations.iter().map(|citation| citation.number).collect(), origin)
}

#[tokio::test]
async fn numbers_that_the_model_writes_are_citations_in_ascending_order() {
    let cases = [
        ("Pods are assigned [3]. The port is 10250 [1].", vec![1, 3]),
        ("By requests [3][3].", vec![3]),
        ("Both [1, 2] and [passage 3].", vec![1, 2, 3]),
        ("As [1 and 3] say.", vec![1, 3]),
    ];
    for (answer, expected) in cases {
        assert_eq!(cited("how?", answer).await, (expected, Some(CitationOrigin::Written)), "{answer}");
    }
}

#[tokio::test]
async fn numbers_that_do_not_exist_are_no_citations() {
    for answer in
        ["No idea [4].", "No idea [0].", "An array [x1] of [1.5] or [", "See [99999999999999999999]."]
    {
        assert_eq!(cited("how?", answer).await, (vec![], None), "{answer}");
    }
}

#[tokio::test]
async fn without_numbers_the_passage_whose_words_are_used_is_cited() {
    let question = "On which port does the kubelet listen?";

    assert_eq!(cited(question, "On port 10250.").await, (vec![1], Some(CitationOrigin::Attributed)));
    assert_eq!(
        cited("What do owls do?", "They hunt at night. Pods go to nodes by resource requests.").await,
        (vec![2, 3], Some(CitationOrigin::Attributed))
    );
}

#[tokio::test]
async fn an_answer_with_words_of_its_own_cites_nothing() {
    let question = "On which port does the kubelet listen?";

    for answer in
        ["I do not know.", "The kubelet listens on some port, I don't know which.", "Bananas are yellow."]
    {
        assert_eq!(cited(question, answer).await, (vec![], None), "{answer}");
    }
}

#[tokio::test]
async fn a_citation_names_its_passage() {
    let llm = ScriptedLlm::new(vec![ScriptedTurn::text("At night [2].")]);
    let assistant = Assistant::builder(llm).retriever(Shelf::new(&PASSAGES)).build().unwrap();

    let citation = assistant.ask("When do owls hunt?").await.unwrap().citations.remove(0);

    assert_eq!((citation.number, citation.passage.as_str()), (2, "book.md#1"));
    assert_eq!((citation.source.as_str(), citation.title.as_str()), ("book.md", "The book"));
}
