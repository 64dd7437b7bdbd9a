use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device as CandleDevice, Result as CandleResult, Tensor};
use rushlight_kernels::PAGE;

use crate::Result;
use crate::device::{Device, failed};
use crate::kv::PagesElsewhere;

/// Pages that are there from the beginning if nothing limits them.
const FIRST: usize = 16;

/// The pages of keys and values of all sequences, on the device.
///
/// With a limit they take all their memory when the model is loaded, so that it cannot be missing later; without one
/// the memory doubles when it is full. It is given back with the model.
#[derive(Debug)]
pub(super) struct Arena {
    device: Device,
    place: CandleDevice,
    kind: DType,
    /// The numbers of a key or value of a token.
    width: usize,
    /// Held by whoever computes: what two threads do on one device is in no order.
    turn: Mutex<()>,
    store: Mutex<Store>,
}

#[derive(Debug)]
struct Store {
    layers: Vec<Layer>,
    free: Vec<usize>,
    pages: usize,
}

/// The keys and values of one layer: `[pages × PAGE, width]` each.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) keys: Tensor,
    pub(super) values: Tensor,
}

impl Arena {
    pub(super) fn new(
        device: Device,
        place: &CandleDevice,
        layers: usize,
        width: usize,
        kind: DType,
        limit: Option<usize>,
    ) -> CandleResult<Self> {
        let pages = limit.map_or(FIRST, |pages| pages.max(1));
        let layers =
            (0..layers).map(|_| Layer::new(pages, width, kind, place)).collect::<CandleResult<_>>()?;
        let store = Mutex::new(Store { layers, free: (0..pages).rev().collect(), pages });
        Ok(Self { device, place: place.clone(), kind, width, turn: Mutex::default(), store })
    }

    /// Waits until nobody else computes on the device.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One layer's keys and values. Writing to them changes what the arena has.
    pub(super) fn layer(&self, index: usize) -> Layer {
        self.store().layers[index].clone()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grow(&self, store: &mut Store) -> CandleResult<()> {
        let pages = 2 * store.pages;
        for layer in &mut store.layers {
            let larger = Layer::new(pages, self.width, self.kind, &self.place)?;
            larger.keys.slice_set(&layer.keys, 0, 0)?;
            larger.values.slice_set(&layer.values, 0, 0)?;
            *layer = larger;
        }
        store.free.extend((store.pages..pages).rev());
        store.pages = pages;
        self.place.synchronize()
    }

    fn copy_page(&self, from: usize, to: usize) -> CandleResult<()> {
        let _turn = self.turn();
        for layer in &self.store().layers {
            for tensor in [&layer.keys, &layer.values] {
                tensor.slice_set(&tensor.narrow(0, from * PAGE, PAGE)?.force_contiguous()?, 0, to * PAGE)?;
            }
        }
        self.place.synchronize()
    }
}

impl PagesElsewhere for Arena {
    fn take(&self) -> Result<usize> {
        let free = self.store().free.pop();
        if let Some(page) = free {
            return Ok(page);
        }
        let _turn = self.turn();
        let mut store = self.store();
        if store.free.is_empty() {
            self.grow(&mut store).map_err(|error| failed(self.device, error))?;
        }
        Ok(store.free.pop().expect("growing makes free pages"))
    }

    fn copy(&self, from: usize, to: usize) -> Result<()> {
        self.copy_page(from, to).map_err(|error| failed(self.device, error))
    }

    fn give_back(&self, page: usize) {
        self.store().free.push(page);
    }
}

impl Layer {
    fn new(pages: usize, width: usize, kind: DType, place: &CandleDevice) -> CandleResult<Self> {
        let zeros = || Tensor::zeros((pages * PAGE, width), kind, place);
        Ok(Self { keys: zeros()?, values: zeros()? })
    }
}
