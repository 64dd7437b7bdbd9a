//! What every [`SessionStore`] does.

use std::sync::Arc;

use rushlight::{Message, SessionStore, ToolCall, ToolOutput, ToolStatus};
use serde_json::json;

/// One test for each case; the argument makes an empty store.
#[macro_export]
macro_rules! session_store_suite {
    ($make:expr) => {
        $crate::conformance!(
            session_store,
            $make,
            an_unknown_session_has_no_messages,
            messages_come_back_in_their_order,
            a_message_comes_back_as_it_was,
            appending_nothing_changes_nothing,
            sessions_do_not_see_each_other,
            a_forgotten_session_is_empty,
            forgetting_an_unknown_session_does_nothing,
            appends_at_the_same_time_stay_whole,
            works_behind_a_shared_pointer,
        );
    };
}

/// `load` of an unknown id gives none.
pub async fn an_unknown_session_has_no_messages(store: &impl SessionStore) {
    assert_eq!(store.load("nobody").await.unwrap(), Vec::new());
}

/// `append` adds after those of earlier calls; `load` gives the oldest first.
pub async fn messages_come_back_in_their_order(store: &impl SessionStore) {
    let messages: Vec<Message> = (0..6).map(|number| Message::user(number.to_string())).collect();

    store.append("s", messages[..2].to_vec()).await.unwrap();
    store.append("s", messages[2..].to_vec()).await.unwrap();

    assert_eq!(store.load("s").await.unwrap(), messages);
}

/// Every field of a message is kept.
pub async fn a_message_comes_back_as_it_was(store: &impl SessionStore) {
    let call = ToolCall::new("call_1", "add", json!({"a": [1, {"b": null}], "é": "\u{0}\n"}));
    let output = ToolOutput::new(&call, ToolStatus::Error, "no");
    let messages = vec![Message::assistant("", vec![call]), Message::tool(&output), Message::system("🙂")];

    store.append("s", messages.clone()).await.unwrap();

    assert_eq!(store.load("s").await.unwrap(), messages);
}

/// An empty list changes nothing.
pub async fn appending_nothing_changes_nothing(store: &impl SessionStore) {
    store.append("s", Vec::new()).await.unwrap();
    assert_eq!(store.load("s").await.unwrap(), Vec::new());

    store.append("s", vec![Message::user("a")]).await.unwrap();
    store.append("s", Vec::new()).await.unwrap();
    assert_eq!(store.load("s").await.unwrap(), vec![Message::user("a")]);
}

/// Sessions never see each other's messages.
pub async fn sessions_do_not_see_each_other(store: &impl SessionStore) {
    let ids = ["s", "S", "s ", "", "../s", "s\u{0}", "%73", "🙂"];
    for id in ids {
        store.append(id, vec![Message::user(id)]).await.unwrap();
    }
    for id in ids {
        assert_eq!(store.load(id).await.unwrap(), vec![Message::user(id)], "{id:?}");
    }
}

/// After `forget` the session is like new, and others are untouched.
pub async fn a_forgotten_session_is_empty(store: &impl SessionStore) {
    store.append("s", vec![Message::user("a")]).await.unwrap();
    store.append("t", vec![Message::user("b")]).await.unwrap();

    store.forget("s").await.unwrap();

    assert_eq!(store.load("s").await.unwrap(), Vec::new());
    assert_eq!(store.load("t").await.unwrap(), vec![Message::user("b")]);
}

/// `forget` of an unknown id does nothing.
pub async fn forgetting_an_unknown_session_does_nothing(store: &impl SessionStore) {
    store.forget("nobody").await.unwrap();

    assert_eq!(store.load("nobody").await.unwrap(), Vec::new());
}

/// The messages of one `append` stay together, and none is lost.
pub async fn appends_at_the_same_time_stay_whole(store: &impl SessionStore) {
    let pairs = (0..16).map(|number| {
        vec![Message::user(format!("q{number}")), Message::assistant(format!("a{number}"), Vec::new())]
    });

    futures::future::join_all(pairs.map(async |pair| store.append("s", pair).await.unwrap())).await;

    let kept = store.load("s").await.unwrap();
    assert_eq!(kept.len(), 32);
    for pair in kept.chunks(2) {
        assert_eq!(pair[0].content[1..], pair[1].content[1..]);
    }
}

/// An `Arc` of a store is a store.
pub async fn works_behind_a_shared_pointer<S: SessionStore + Clone>(store: &S) {
    let shared: Arc<dyn SessionStore> = Arc::new(store.clone());

    messages_come_back_in_their_order(&shared).await;
}
