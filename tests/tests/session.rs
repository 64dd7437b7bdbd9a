//! Session stores.

use rushlight::MemorySessions;

rushlight_tests::session_store_suite!(MemorySessions::new());
