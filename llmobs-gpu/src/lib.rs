//! GPU metrics, and the GPU energy of each operation.
//!
//! A [`Sampler`] reads the GPUs of this machine on a dedicated thread and follows the operations of an
//! [`Observer`](llmobs::Observer). The sampler registers the metrics of this crate at the observer, listed in [`ROWS`]:
//! utilization, memory, power, temperature, errors, and the energy of each operation. The energy of operations, idle
//! energy and unattributed energy add up to the measured energy. [`DCGM_VIEW`] also shows the metrics under the names
//! of NVIDIA's DCGM exporter.
//!
//! ```
//! use llmobs_gpu::{AmdBackend, SamplerState, Sampler};
//!
//! let observer = llmobs::Observer::builder().model("llama-8b").build()?;
//! // Without `backend`, the sampler finds NVIDIA's library or AMD's driver.
//! let sampler = Sampler::builder().backend(AmdBackend::at("/nowhere")).start(&observer)?;
//! assert_eq!(sampler.state(), SamplerState::NoDriver, "a machine without GPUs is served all the same");
//! assert!(sampler.stop());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A reading that a device does not support is absent, never zero. The end of an operation does not wait for its
//! energy, which is known only when the device's counter next changes. The metric and a separate log event,
//! `llm_request_energy`, are recorded then.
//!
//! Energy is divided between operations by their time, or, if their engine names the operations of its steps
//! ([`EngineStep::add_sequence`](llmobs::engine::EngineStep::add_sequence)), by the work of the steps
//! ([`EnergyMethod`]).
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `nvml` (default) | NVIDIA's GPUs, through the library of the driver, loaded when the sampler starts |
//!
//! # Panics
//!
//! No function of this crate panics.

mod backend;
mod backend_choice;
mod dcgm;
mod energy;
mod error;
mod event_feed;
mod host;
mod metrics;
mod numbers;
#[cfg(feature = "nvml")]
mod process_tree;
mod recent_throttle;
mod report;
mod roofline;
mod sampler;
mod select;
mod step_feed;
mod sync;
mod thread_control;
mod throttle;
mod xid;

pub use self::backend::AmdBackend;
pub use self::backend::Cadence;
pub use self::backend::DeviceInfo;
pub use self::backend::DeviceProcesses;
pub use self::backend::DriverCall;
pub use self::backend::ErrorWatcher;
pub use self::backend::GpuBackend;
#[cfg(feature = "nvml")]
pub use self::backend::NvmlBackend;
pub use self::backend::Reading;
pub use self::backend::XidEvent;
pub use self::backend_choice::BackendChoice;
pub use self::backend_choice::ParseBackendChoiceError;
pub use self::dcgm::DCGM_VIEW;
pub use self::energy::EnergyMethod;
pub use self::energy::EnergySource;
pub use self::energy::WorkCoefficients;
pub use self::error::GpuError;
pub use self::metrics::GROUP;
pub use self::metrics::ROWS;
pub use self::report::DeviceReport;
pub use self::report::DeviceState;
pub use self::report::OperationEnergy;
pub use self::report::SamplerState;
pub use self::roofline::ModelSize;
pub use self::sampler::Sampler;
pub use self::sampler::SamplerBuilder;
pub use self::sampler::StartError;
pub use self::throttle::ThrottleReason;
pub use self::throttle::ThrottleReasons;
pub use self::xid::XidSeverity;
