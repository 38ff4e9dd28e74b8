//! The total of a report of usage, which may include tokens that are in no other count.

use crate::usage::Usage;

/// Returns the output tokens that only the total includes; 0 if the input, the output or the total is missing. xAI
/// reports reasoning tokens separately from the completion, and some servers report thinking only in the total.
/// Examples: 10 prompt, 5 completion, 90 reasoning and 105 total tokens are 90 uncounted tokens; with 95 completion
/// tokens there are none. 20 prompt, 424 completion and 1,016 total tokens without details are 572.
///
/// The difference is the total minus input and output. With reasoning tokens, the difference counts only if it equals
/// them. Without, it does not count if it equals the cache reads, the cache writes or their sum, which some servers
/// report beside the prompt and include in the total.
pub(super) fn uncounted_output(usage: &Usage, total: Option<u64>) -> u64 {
    let (Some(input), Some(output), Some(total)) = (usage.input, usage.output, total) else { return 0 };
    let missing = total.saturating_sub(input + output);
    match usage.reasoning {
        Some(reasoning) if reasoning != 0 => {
            if missing == reasoning {
                missing
            } else {
                0
            }
        }
        _ => {
            let (read, write) = (usage.cache_read.unwrap_or(0), usage.cache_write.unwrap_or(0));
            if [read, write, read + write].contains(&missing) { 0 } else { missing }
        }
    }
}
