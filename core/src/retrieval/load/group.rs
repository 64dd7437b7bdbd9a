use std::fmt::Debug;

use super::Found;
use crate::retrieval::{Document, FailedDocument};

/// Documents that come from one place, one after the other: the lines of a file, the pages of a site.
pub(in crate::retrieval) trait Group:
    Iterator<Item = Result<Document, FailedDocument>> + Debug + Send
{
    /// The place, by which the documents are known again.
    fn path(&self) -> &str;

    /// How many more there are, as far as is known.
    fn left(&self) -> usize;

    /// Once it has ended: whether it gave all that there is. What is stored from the place and was not given is
    /// then gone.
    fn is_complete(&self) -> bool;

    /// The file that it reads, as it was before.
    fn file(&self) -> Option<&Found>;
}
