//! Guides to one subject each, from the definition of every measured time to the causes of missing data. The examples
//! are compiled and run as tests.
//!
//! | to learn | read |
//! |---|---|
//! | how to get from an empty folder to the first numbers | [`start_server`], [`start_gateway`], [`start_client`] |
//! | when each measured time starts and ends | [`definitions`] |
//! | how to observe a handler, a response and its body | [`http`] |
//! | how to observe a function with one attribute | [`macros`] |
//! | how to observe the calls that a gateway forwards | [`gateway`] |
//! | how to observe the scheduler of an inference engine | [`engine`] |
//! | how to record what an admission control admits, queues and sheds | [`admission`] |
//! | how to scale and route by the work that waits for an engine | [`autoscaling`] |
//! | how to send calls to another backend while one fails | [`failover`] |
//! | which spans an operation has | [`mod@tracing`] |
//! | which log events an operation emits | [`logs`] |
//! | which dimensions are labels, resource attributes or neither | [`labels`] |
//! | how to bill and audit each call by its record | [`records`] |
//! | how to observe the calls of reqwest | [`reqwest`] |
//! | how to send all signals over OTLP | [`pipeline`] |
//! | how to use llmobs beside another version of OpenTelemetry, axum or a metrics crate | [`versions`] |
//! | which traces are exported | [`sampling`] |
//! | how to count the operations and tokens of teams, plans and keys | [`tenants`] |
//! | how to price calls | [`cost`] |
//! | how to limit the costs of a day, a week or a month | [`budgets`] |
//! | what is exported of prompts, answers and identities | [`privacy`] |
//! | how to test an instrumented application without sleeping | [`testing`] |
//! | why data is missing or unexpected | [`troubleshooting`] |

#[doc = include_str!("../docs/guide/admission.md")]
pub mod admission {}

#[doc = include_str!("../docs/guide/autoscaling.md")]
pub mod autoscaling {}

#[doc = include_str!("../docs/guide/cost.md")]
pub mod cost {}
#[doc = include_str!("../docs/guide/budgets.md")]
pub mod budgets {}

#[doc = include_str!("../docs/guide/definitions.md")]
pub mod definitions {}

#[doc = include_str!("../docs/guide/engine.md")]
pub mod engine {}

#[doc = include_str!("../docs/guide/failover.md")]
pub mod failover {}

#[doc = include_str!("../docs/guide/gateway.md")]
pub mod gateway {}

#[doc = include_str!("../docs/guide/http.md")]
pub mod http {}

#[doc = include_str!("../docs/guide/labels.md")]
pub mod labels {}

#[doc = include_str!("../docs/guide/logs.md")]
pub mod logs {}

#[doc = include_str!("../docs/guide/macro.md")]
pub mod macros {}

#[doc = include_str!("../docs/guide/pipeline.md")]
pub mod pipeline {}

#[doc = include_str!("../docs/guide/privacy.md")]
pub mod privacy {}

#[doc = include_str!("../docs/guide/records.md")]
pub mod records {}

// Its examples run as tests of `tests/hosts`, which depends on reqwest.
#[cfg_attr(not(doctest), doc = include_str!("../docs/guide/reqwest.md"))]
pub mod reqwest {}

#[doc = include_str!("../docs/guide/sampling.md")]
pub mod sampling {}

#[doc = include_str!("../docs/guide/start_client.md")]
pub mod start_client {}

#[doc = include_str!("../docs/guide/start_gateway.md")]
pub mod start_gateway {}

#[doc = include_str!("../docs/guide/start_server.md")]
pub mod start_server {}

#[doc = include_str!("../docs/guide/tenants.md")]
pub mod tenants {}

#[doc = include_str!("../docs/guide/testing.md")]
pub mod testing {}

#[doc = include_str!("../docs/guide/tracing.md")]
pub mod tracing {}

#[doc = include_str!("../docs/guide/troubleshooting.md")]
pub mod troubleshooting {}

#[doc = include_str!("../docs/guide/versions.md")]
pub mod versions {}
