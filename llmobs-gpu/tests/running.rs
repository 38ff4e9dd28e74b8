//! Energy measurement in real time: the sampler with its threads, over a fake library whose devices run by a script.

#![cfg(all(target_os = "linux", feature = "nvml"))]
#![expect(clippy::unwrap_used, reason = "a missing value must fail the test")]

use std::sync::mpsc;
use std::time::Duration;

use llmobs::Observer;
use llmobs_gpu::EnergySource;
use llmobs_gpu::NvmlBackend;
use llmobs_gpu::OperationEnergy;
use llmobs_gpu::Sampler;

use llmobs_tests::fake_library::Fake;

/// The attempts of a comparison with real time, since a busy machine may pause the sampler for longer than the tolerance.
const ATTEMPTS: usize = 3;

/// Returns an observer, a sampler of devices that run by `script`, and the receiver of the energy of each operation.
fn start_sampler(fake: &Fake, script: &str) -> (Observer, Sampler, mpsc::Receiver<OperationEnergy>) {
    fake.run(script);
    let observer = Observer::builder().model("m").build().unwrap();
    let (sender, receiver) = mpsc::channel();
    let builder = Sampler::builder().backend(NvmlBackend::at(fake.path()));
    let sampler = builder.on_energy(move |energy| drop(sender.send(energy.clone()))).start(&observer).unwrap();
    wait_until(&observer, "there is a counter", || {
        let devices = sampler.devices();
        !devices.is_empty() && devices.iter().all(|gpu| gpu.energy_source == Some(EnergySource::Counter))
    });
    (observer, sampler, receiver)
}

/// Waits until a condition is true, at most thirty seconds.
fn wait_until(observer: &Observer, condition: &str, is_met: impl Fn() -> bool) {
    let start = observer.now();
    while !is_met() {
        assert!(observer.now().since(start) < Duration::from_secs(30), "timed out: {condition}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn an_operation_has_the_energy_of_its_time() {
    let fake = Fake::new();
    let (observer, sampler, receiver) = start_sampler(&fake, "350");
    for millis in [400, 430, 470] {
        let is_near = (0..ATTEMPTS).any(|_| {
            let start = observer.now();
            let operation = observer.chat("m").start();
            wait_until(&observer, "the operation ran", || observer.now().since(start) >= Duration::from_millis(millis));
            operation.complete();
            let used = 350.0 * observer.now().since(start).as_secs_f64();
            let energy = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
            println!("{used:.1} J were used, {:.1} J were reported", energy.joules);
            assert!(energy.is_complete && energy.source == EnergySource::Counter);
            // The tolerance is the energy of two counter periods: one is cut by the start of the operation, one by its end.
            (energy.joules - used).abs() < 70.0
        });
        assert!(is_near, "none of {ATTEMPTS} operations of {millis} ms has its energy");
    }
    let [gpu] = sampler.devices().try_into().unwrap();
    assert_eq!(gpu.reading.power, Some(350.0));
    let period = gpu.counter_period.unwrap();
    println!("{period:?}");
    let is_near = (Duration::from_millis(75)..Duration::from_millis(150)).contains(&period);
    assert!(is_near, "the counter changes every 100 ms: {period:?}");
}

#[test]
fn an_operation_that_waits_in_a_queue_wakes_the_sampler_when_it_runs() {
    let fake = Fake::new();
    let (observer, sampler, receiver) = start_sampler(&fake, "350");
    for millis in [0, 30, 200] {
        let is_awake = (0..ATTEMPTS).any(|_| {
            let operation = observer.chat("m").start();
            operation.marker().enqueued();
            let queued = observer.now();
            let waited = || observer.now().since(queued) >= Duration::from_millis(millis);
            wait_until(&observer, "the operation waited", waited);
            operation.marker().scheduled();
            let (start, before) = (observer.now(), fake.calls("nvmlDeviceGetTotalEnergyConsumption"));
            wait_until(&observer, "the operation ran", || observer.now().since(start) >= Duration::from_millis(620));
            let calls = fake.calls("nvmlDeviceGetTotalEnergyConsumption") - before;
            operation.complete();
            assert!(receiver.recv_timeout(Duration::from_secs(10)).unwrap().is_complete);
            println!("{calls} calls in 620 ms");
            calls >= 5
        });
        assert!(is_awake, "expected a call every 50 ms, or fewer on a busy machine, but at least 5 in 620 ms");
    }
    drop(sampler);
}

#[test]
fn the_energy_of_devices_with_changing_power_is_fully_attributed() {
    let fake = Fake::new();
    let (observer, sampler, receiver) = start_sampler(&fake, "90:300,400:200; 250");
    let start = observer.now();
    let operations = [observer.chat("m").start(), observer.chat("m").start()];
    wait_until(&observer, "the operations ran", || observer.now().since(start) >= Duration::from_millis(700));
    for operation in operations {
        operation.complete();
    }
    // The first device draws 214 W on average: 90 W for 300 ms and 400 W for 200 ms.
    let used = (214.0 + 250.0) * observer.now().since(start).as_secs_f64();
    let joules = [(); 2].map(|()| receiver.recv_timeout(Duration::from_secs(10)).unwrap().joules);
    let is_half = |energy: &f64| (energy / (used / 2.0) - 1.0).abs() < 0.5;
    assert!(joules.iter().all(is_half), "each must have half of the energy: {joules:?} of {used}");
    let devices = sampler.devices();
    assert_eq!(devices.len(), 2);
    for gpu in &devices {
        let total = gpu.request_joules + gpu.idle_joules + gpu.unattributed_joules;
        assert!(gpu.request_joules > 50.0 && (total - gpu.measured_joules).abs() < 1e-6, "{gpu:?}");
    }
    let requests: f64 = devices.iter().map(|gpu| gpu.request_joules).sum();
    println!("{joules:?} J were reported, {requests:.6} J were attributed to requests");
    assert!((requests - joules.iter().sum::<f64>()).abs() < 1e-6, "no other operation ran");
}
