//! The current observer, the global one, the disabled one, and the environment. State that can be set once in a process
//! is tested in a separate process: this test binary, started again.

use std::process::Command;

use futures_util::FutureExt;
use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::Role;
use llmobs::Usage;
use llmobs::catalog::Profile;
use llmobs::testing::Readings;

/// The environment variable that marks a child process of a test.
const CHILD: &str = "LLMOBS_TEST_CHILD";

/// Runs one test of this binary again, in a separate process.
fn run_in_child(test: &str, environment: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(CHILD, "1").envs(environment.iter().copied());
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn the_observer_of_the_process_is_set_once() {
    if !is_child() {
        return run_in_child("current::the_observer_of_the_process_is_set_once", &[]);
    }
    assert!(!Observer::current().is_enabled(), "before it is set there is a disabled one");
    let observer = Observer::builder().model("m").build().unwrap();
    observer.clone().set_global().unwrap();
    Observer::current().chat("m").start().complete();
    std::thread::spawn(|| Observer::current().chat("m").start().complete()).join().unwrap();
    assert_eq!(started_count(&observer), 2);
    let second = Observer::builder().model("m").build().unwrap();
    let back = second.set_global().expect_err("the first observer stays");
    back.scope(async { Observer::current().chat("m").start().complete() }).now_or_never().unwrap();
    assert_eq!((started_count(&back), started_count(&observer)), (1, 2), "a scope takes precedence over the process");
}

#[test]
fn the_environment_selects_the_profile_unless_code_sets_it() {
    let test = "current::the_environment_selects_the_profile_unless_code_sets_it";
    if !is_child() {
        run_in_child(
            test,
            &[("OTEL_SEMCONV_STABILITY_OPT_IN", "http, gen_ai_latest_experimental"), ("WANT", "latest")],
        );
        run_in_child(test, &[("OTEL_SEMCONV_STABILITY_OPT_IN", "http/dup"), ("WANT", "v1_41")]);
        return;
    }
    let profile =
        |observer: &Observer| Readings::new(observer).series("llmobs.build.info")[0]["llmobs_build_profile"].clone();
    assert_eq!(profile(&Observer::builder().build().unwrap()), std::env::var("WANT").unwrap());
    assert_eq!(profile(&Observer::builder().profile(Profile::Dual).build().unwrap()), "dual");
}

#[tokio::test]
async fn scopes_nest_and_end() {
    let observer = |model: &str| Observer::builder().model(model).build().unwrap();
    let (outer, inner) = (observer("m"), observer("m"));
    outer
        .scope(async {
            Observer::current().chat("m").start().complete();
            inner.scope(async { Observer::current().chat("m").start().complete() }).await;
            tokio::task::yield_now().await;
            Observer::current().chat("m").start().complete();
            let spawned = tokio::spawn(async { Observer::current().is_enabled() }).await.unwrap();
            assert!(!spawned, "a spawned task does not inherit a scope");
        })
        .await;
    assert!(!Observer::current().is_enabled());
    assert_eq!((started_count(&outer), started_count(&inner)), (2, 1));
}

#[tokio::test]
async fn two_tasks_on_one_thread_do_not_see_each_others_scope() {
    let observers = [(); 2].map(|()| Observer::builder().model("m").build().unwrap());
    let task = |observer: &Observer| {
        let observer = observer.clone();
        async move {
            let calls = async {
                for _ in 0..10 {
                    Observer::current().chat("m").start().complete();
                    tokio::task::yield_now().await;
                }
            };
            observer.scope(calls).await;
        }
    };
    tokio::join!(task(&observers[0]), task(&observers[1]));
    assert_eq!(observers.each_ref().map(started_count), [10, 10]);
}

#[test]
fn a_panic_ends_a_scope() {
    let observer = Observer::builder().build().unwrap();
    let panicking = std::panic::AssertUnwindSafe(observer.scope(async { panic!("the future's own") }));
    assert!(panicking.catch_unwind().now_or_never().unwrap().is_err());
    assert!(!Observer::current().is_enabled());
}

#[test]
fn a_disabled_observer_does_nothing_and_passes_everything() {
    let observer = Observer::disabled();
    assert!(!observer.is_enabled() && !observer.as_role(Role::Client).is_enabled());
    let operation = observer.chat("m").max_tokens(5).label("tier", "free").start();
    let marker = operation.marker().clone();
    marker.enqueued();
    marker.scheduled();
    marker.usage(Usage::new().input(1));
    drop(marker.phase("tool"));
    let items: Vec<_> = operation
        .observe_with(futures_util::stream::iter(1..4_u32), |n| Chunk::tokens(*n))
        .collect()
        .now_or_never()
        .unwrap();
    assert_eq!(items, [1, 2, 3]);
    observer.chat("m").start().fail(llmobs::ErrorType::Inference);
    observer.declare_model("m");
    observer.retire_model("m");
    observer.set_level(llmobs::catalog::Level::Full);
    observer.set_limit("m", llmobs::semconv::value::State::Queued, 1);
    observer.record_runtime_lag("tokio", std::time::Duration::from_secs(1));
    observer.begin_shutdown();
    assert!(observer.in_flight().is_empty());
    assert_eq!(llmobs::prometheus::page(&observer, None).body, "");
    assert_eq!(format!("{operation:?}", operation = observer.chat("m").start()), "Operation { enabled: false }");
}

fn started_count(observer: &Observer) -> u64 {
    Readings::new(observer).count("llmobs.operation.started", &[])
}
