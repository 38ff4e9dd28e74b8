//! Energy measurement in real time: the sampler with its threads, over a fake library whose devices run by a script.

#![cfg(all(target_os = "linux", feature = "nvml"))]
#![expect(clippy::unwrap_used, reason = "a missing value must fail the test")]

#[path = "support/fake_library.rs"]
mod fake_library;

use std::sync::mpsc;
use std::time::Duration;

use llmobs::Observer;
use llmobs_gpu::EnergySource;
use llmobs_gpu::NvmlBackend;
use llmobs_gpu::OperationEnergy;
use llmobs_gpu::Sampler;

use fake_library::Fake;

/// Returns an observer, a sampler of devices that run by `script`, and the receiver of the energy of each operation.
fn sampled(fake: &Fake, script: &str) -> (Observer, Sampler, mpsc::Receiver<OperationEnergy>) {
    fake.run(script);
    let observer = Observer::builder().model("m").build().unwrap();
    let (tell, told) = mpsc::channel();
    let builder = Sampler::builder().backend(NvmlBackend::at(fake.path()));
    let sampler = builder.on_energy(move |energy| drop(tell.send(energy.clone()))).start(&observer).unwrap();
    until(&observer, "there is a counter", || {
        let devices = sampler.devices();
        !devices.is_empty() && devices.iter().all(|gpu| gpu.source == Some(EnergySource::Counter))
    });
    (observer, sampler, told)
}

/// Waits until a condition is true, at most ten seconds.
fn until(observer: &Observer, what: &str, is: impl Fn() -> bool) {
    let start = observer.now();
    while !is() {
        assert!(observer.now().since(start) < Duration::from_secs(10), "it never came to this: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn an_operation_has_the_energy_of_its_time() {
    let fake = Fake::new();
    let (observer, sampler, told) = sampled(&fake, "350");
    for millis in [400, 430, 470] {
        let start = observer.now();
        let operation = observer.chat("m").start();
        until(&observer, "it ran", || observer.now().since(start) >= Duration::from_millis(millis));
        operation.complete();
        let used = 350.0 * observer.now().since(start).as_secs_f64();
        let energy = told.recv_timeout(Duration::from_secs(10)).unwrap();
        println!("{used:.1} J were used, {:.1} J are told", energy.joules);
        assert!(energy.complete && energy.source == EnergySource::Counter);
        // The tolerance is the energy of two counter periods: one is cut by the start of the operation, one by its end.
        assert!((energy.joules - used).abs() < 70.0, "{energy:?} and {used}");
    }
    let [gpu] = sampler.devices().try_into().unwrap();
    assert_eq!(gpu.reading.power, Some(350.0));
    let period = gpu.counter_period.unwrap();
    println!("{period:?}");
    let is_near = (Duration::from_millis(75)..Duration::from_millis(150)).contains(&period);
    assert!(is_near, "it moves ten times a second, whenever operations begin: {period:?}");
}

#[test]
fn an_operation_that_waits_in_a_queue_wakes_the_sampler_when_it_runs() {
    let fake = Fake::new();
    let (observer, sampler, told) = sampled(&fake, "350");
    for millis in [0, 30, 200] {
        let operation = observer.chat("m").start();
        operation.marker().enqueued();
        let queued = observer.now();
        until(&observer, "it waited", || observer.now().since(queued) >= Duration::from_millis(millis));
        operation.marker().scheduled();
        let (start, before) = (observer.now(), fake.calls("nvmlDeviceGetTotalEnergyConsumption"));
        until(&observer, "it ran", || observer.now().since(start) >= Duration::from_millis(620));
        let calls = fake.calls("nvmlDeviceGetTotalEnergyConsumption") - before;
        operation.complete();
        assert!(calls >= 5, "every 50 ms, or what a busy machine makes of it: {calls} in 620 ms");
        assert!(told.recv_timeout(Duration::from_secs(10)).unwrap().complete);
    }
    drop(sampler);
}

#[test]
fn what_devices_use_whose_power_changes_is_all_accounted_for() {
    let fake = Fake::new();
    let (observer, sampler, told) = sampled(&fake, "90:300,400:200; 250");
    let start = observer.now();
    let operations = [observer.chat("m").start(), observer.chat("m").start()];
    until(&observer, "they ran", || observer.now().since(start) >= Duration::from_millis(700));
    for operation in operations {
        operation.complete();
    }
    // The first device draws 214 W on average: 90 W for 300 ms and 400 W for 200 ms.
    let used = (214.0 + 250.0) * observer.now().since(start).as_secs_f64();
    let told = [(); 2].map(|()| told.recv_timeout(Duration::from_secs(10)).unwrap().joules);
    let is_half = |joules: &f64| (joules / (used / 2.0) - 1.0).abs() < 0.5;
    assert!(told.iter().all(is_half), "each has half of what was used: {told:?} of {used}");
    let devices = sampler.devices();
    assert_eq!(devices.len(), 2);
    for gpu in &devices {
        let parts = gpu.request + gpu.idle + gpu.unattributed;
        assert!(gpu.request > 50.0 && (parts - gpu.measured).abs() < 1e-6, "{gpu:?}");
    }
    let requests: f64 = devices.iter().map(|gpu| gpu.request).sum();
    println!("{told:?} J are told, {requests:.6} J are of requests");
    assert!((requests - told.iter().sum::<f64>()).abs() < 1e-6, "what is of requests is of these two");
}
