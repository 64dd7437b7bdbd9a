use std::sync::Arc;

use pyo3::prelude::*;
use tokio::sync::mpsc;

use crate::callback::call;
use crate::error::foreign;

/// A Python function that is told how far some work is.
pub(crate) type Listener = Option<Py<PyAny>>;

/// Does `work`, which reports through the function that it gets; `listener` hears every report, in order,
/// without holding the work up. If it raises, the work is dropped.
pub(crate) async fn listening<P, V, T, W>(
    listener: Listener,
    work: impl FnOnce(Box<dyn Fn(P) + Send + Sync>) -> W,
    seen: fn(P) -> V,
) -> rushlight::Result<T>
where
    P: Send + 'static,
    V: for<'py> IntoPyObject<'py> + Send + 'static,
    W: Future<Output = rushlight::Result<T>>,
{
    let Some(listener) = listener.map(Arc::new) else { return work(Box::new(|_| ())).await };
    let (sender, mut reports) = mpsc::unbounded_channel();
    let work = work(Box::new(move |report| _ = sender.send(report)));
    let hearing = async {
        while let Some(report) = reports.recv().await {
            let (listener, report) = (Arc::clone(&listener), seen(report));
            let told = call(move |entry| entry.call1((&*listener, report)), |_| Ok(())).await?;
            told.map_err(|exception| foreign("the progress function", exception))?;
        }
        Ok(())
    };
    tokio::try_join!(work, hearing).map(|(value, ())| value)
}
