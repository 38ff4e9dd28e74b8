//! The choice of the GPU library as a command-line value.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The choice of the GPU library: `auto`, `off`, or `nvml:PATH` with the path of NVIDIA's library.
///
/// ```
/// use llmobs_gpu::BackendChoice;
///
/// assert_eq!("nvml:/opt/libnvidia-ml.so.1".parse(), Ok(BackendChoice::Nvml("/opt/libnvidia-ml.so.1".into())));
/// assert_eq!("auto".parse(), Ok(BackendChoice::Auto));
/// assert!("cuda".parse::<BackendChoice>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BackendChoice {
    /// NVIDIA's library if it can be opened (feature `nvml`), otherwise AMD's driver, which needs no library.
    #[default]
    Auto,
    /// No library: nothing is sampled.
    Off,
    /// NVIDIA's library at this path. Without the feature `nvml`, nothing is sampled.
    Nvml(PathBuf),
}

impl FromStr for BackendChoice {
    type Err = ParseBackendChoiceError;

    fn from_str(text: &str) -> Result<Self, ParseBackendChoiceError> {
        match (text, text.strip_prefix("nvml:")) {
            ("auto", _) => Ok(Self::Auto),
            ("off", _) => Ok(Self::Off),
            (_, Some(path)) if !path.is_empty() => Ok(Self::Nvml(path.into())),
            _ => Err(ParseBackendChoiceError),
        }
    }
}

/// The error for a text that is not a choice: neither `auto`, `off` nor `nvml:` followed by a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseBackendChoiceError;

impl fmt::Display for ParseBackendChoiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the GPU library must be `auto`, `off` or `nvml:PATH`")
    }
}

impl Error for ParseBackendChoiceError {}
