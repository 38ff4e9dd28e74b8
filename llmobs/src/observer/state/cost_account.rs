//! The account of the costs of one operation, one model call. Only operations of an observer with prices have one.

use std::sync::Arc;
use std::time::SystemTime;

use crate::cost::Cost;
use crate::cost::EndedCost;
use crate::cost::GpuShare;
use crate::cost::GpuTime;
use crate::cost::PriceSnapshot;
use crate::cost::Reservation;
use crate::cost::Unpriced;
use crate::cost::Usd;
use crate::semconv::value::Provider;
use crate::series::OperationSeries;
use crate::sync::Mutex;
use crate::usage::Usage;

/// The prices with which an operation started, and its costs so far.
#[derive(Debug)]
pub(crate) struct CostAccount {
    /// The prices of the start: a reload does not change them.
    pub(crate) prices: Arc<PriceSnapshot>,
    /// The date of the start, at which the prices apply.
    pub(crate) started_on: SystemTime,
    /// The provider of the start, not limited as label values are.
    pub(crate) provider: Provider,
    /// The requested model of the start, up to 128 bytes, not limited as label values are.
    pub(crate) model: Box<str>,
    /// The tenant, as the application gave it; `None` without one.
    pub(crate) tenant: Option<Box<str>>,
    /// The share of the own GPUs, whose time is the cost; `None` if tokens are.
    gpu: Option<OwnGpu>,
    pub(crate) ledger: Mutex<CostLedger>,
}

/// The time of the own GPUs of a model that belongs to an operation.
#[derive(Debug)]
struct OwnGpu {
    time: Arc<GpuTime>,
    /// `None` after the end.
    share: Mutex<Option<GpuShare>>,
}

/// The costs of an operation so far.
#[derive(Debug, Default)]
pub(crate) struct CostLedger {
    /// The budgets of the operation; `None` without budgets, and after the end.
    pub(crate) reservation: Option<Reservation>,
    /// The receiver of the payment for the current attempt, if the provider or the model of the next one is set already.
    pub(crate) payee: Option<Payee>,
    /// The output tokens of each hedge that lost. They are priced at the end, with the input of the answer.
    pub(crate) hedges: Vec<u64>,
    /// The cost of the attempts that others superseded.
    pub(crate) superseded: Option<Usd>,
    /// The reason for which the first attempt without a cost has none.
    pub(crate) unpriced: Option<Unpriced>,
    /// The last attempt, after the end.
    pub(crate) last: Option<LastAttempt>,
}

/// The receiver of the payment for an attempt: a provider, for a model.
#[derive(Debug, Clone)]
pub(crate) struct Payee {
    /// The series of both, whose labels the cost has.
    pub(crate) series: Arc<OperationSeries>,
    pub(crate) provider: Provider,
    /// The requested model.
    pub(crate) model: Box<str>,
}

/// The last attempt of an operation that ended.
#[derive(Debug)]
pub(crate) struct LastAttempt {
    pub(crate) payee: Payee,
    pub(crate) response_model: Option<Arc<str>>,
    pub(crate) usage: Usage,
    /// The cost; `None` if it is not known.
    pub(crate) cost: Option<Cost>,
}

impl CostAccount {
    /// Creates the account of an operation that starts. `gpu` is the account of the own GPUs of its model.
    pub(crate) fn new(
        prices: Arc<PriceSnapshot>,
        started_on: SystemTime,
        provider: Provider,
        model: &str,
        tenant: Option<Box<str>>,
        gpu: Option<Arc<GpuTime>>,
        reservation: Option<Reservation>,
    ) -> Self {
        let gpu = gpu.map(|time| OwnGpu { time, share: Mutex::new(Some(GpuShare::default())) });
        let ledger = Mutex::new(CostLedger { reservation, ..CostLedger::default() });
        Self { prices, started_on, provider, model: model.into(), tenant, gpu, ledger }
    }

    /// Returns whether the cost is that of the time of own GPUs.
    pub(crate) const fn has_gpu(&self) -> bool {
        self.gpu.is_some()
    }

    /// Lets the operation use the own GPUs from `now` on, in nanoseconds. Has no effect after the end.
    pub(crate) fn run_gpu(&self, now: u64) {
        self.with_share(|time, share| time.start(share, now));
    }

    /// Lets the operation no longer use the own GPUs from `now` on, in nanoseconds.
    pub(crate) fn pause_gpu(&self, now: u64) {
        self.with_share(|time, share| time.pause(share, now));
    }

    fn with_share(&self, change: impl FnOnce(&GpuTime, &mut GpuShare)) {
        if let Some(gpu) = &self.gpu
            && let Some(share) = &mut *gpu.share.lock()
        {
            change(&gpu.time, share);
        }
    }

    /// Ends the use of the own GPUs at `now`, in nanoseconds, and returns its cost; `None` if tokens are the cost.
    pub(crate) fn end_gpu(&self, now: u64) -> Option<Usd> {
        let gpu = self.gpu.as_ref()?;
        let share = gpu.share.lock().take()?;
        Some(gpu.time.end(share, now))
    }
}

impl CostLedger {
    /// Adds the cost of an attempt that another one superseded.
    pub(crate) fn add_superseded(&mut self, cost: Usd) {
        self.superseded = Some(self.superseded.unwrap_or_default().saturating_add(cost));
    }

    /// Returns the costs so far, with that of the last attempt.
    pub(crate) fn ended(&self, last: Option<Cost>, version: &Arc<str>) -> EndedCost {
        EndedCost { last, superseded: self.superseded, unpriced: self.unpriced, version: Arc::clone(version) }
    }
}
