//! Documents that say in every sentence in which round they were written.

use rushlight::Document;

/// How many documents a round has.
pub const DOCUMENTS: usize = 30;

/// The documents of a round; a later round replaces all of them.
pub fn documents(round: usize) -> Vec<Document> {
    let text = |number: usize| format!("Document {number} was written in round {round}. ").repeat(12);
    (0..DOCUMENTS).map(|number| Document::new(format!("document {number}"), text(number))).collect()
}
