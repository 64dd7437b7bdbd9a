use std::cell::Cell;

use lopdf::{DecompressError, Document, Error, LoadOptions, Object, ObjectId};

use super::format::MAX_STREAM_BYTES;

/// A file whose packed objects unpack to more than this in all is refused: each of many streams may be small enough.
pub(super) const MAX_OBJECT_BYTES: usize = 4 * MAX_STREAM_BYTES;

thread_local! {
    /// What the packed objects of the file that this thread loads may still unpack to; none once they were too many.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Loads the objects of a file, also those packed in object streams (ISO 32000-1, 7.5.7). Of an encrypted file each
/// stream is limited by itself alone.
pub(super) fn load(bytes: &[u8]) -> Result<Document, Error> {
    LEFT.set(Some(MAX_OBJECT_BYTES));
    let options = LoadOptions {
        max_decompressed_size: Some(MAX_STREAM_BYTES),
        filter: Some(admit),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(bytes, options)?;
    match LEFT.get() {
        Some(_) => Ok(document),
        None => Err(DecompressError::MemoryLimitExceeded { limit: MAX_OBJECT_BYTES }.into()),
    }
}

/// Is asked for every object before what is packed in it is read. Of an object that is not packed itself the parser
/// keeps its own, whatever is given back; streams never are.
fn admit(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    let Object::Stream(stream) = object else {
        return Some((id, object.clone()));
    };
    if stream.dict.has_type(b"ObjStm") {
        let left = LEFT.get()?;
        let unpacked = stream.get_plain_content_with_limit(left.min(MAX_STREAM_BYTES));
        let too_much =
            matches!(unpacked, Err(Error::Decompress(DecompressError::MemoryLimitExceeded { .. })));
        LEFT.set((!too_much).then(|| left.saturating_sub(unpacked.map_or(0, |content| content.len()))));
        if too_much {
            return None;
        }
    }
    Some((id, Object::Null))
}
