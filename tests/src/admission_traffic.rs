//! The decisions of an admission control.

use llmobs::Observer;
use llmobs::admission::Admission;
use llmobs::admission::Queued;
use llmobs::admission::ShedReason;

/// Decides about requests to this model in every way and for every reason, so that every row of admissions has a value while
/// the returned handle and the request in its queue exist.
pub fn run_admission(observer: &Observer, model: &str) -> (Admission, Queued) {
    let priorities = ["interactive", "batch \"1\""];
    let builder = observer.admission(model).priorities(priorities).limit("interactive", 32);
    let admission = builder.build().expect("the priorities are valid");
    admission.set_limit("batch \"1\"", 8);
    for priority in ["interactive", "interactive", "batch \"1\"", "undeclared"] {
        admission.admitted(priority);
        admission.queued(priority).admit();
        for reason in ShedReason::ALL {
            admission.shed(priority, *reason);
            admission.queued(priority).shed(*reason);
        }
        drop(admission.queued(priority));
    }
    let waiting = admission.queued("interactive");
    (admission, waiting)
}
