//! Other applications on the device.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use super::attribution::draws;
use super::*;
use crate::backend::DeviceProcesses;
use crate::process_tree::ProcessTree;

const ME: u32 = 100;
const OTHER: u32 = 200;
const LIST: &str = "nvmlDeviceGetComputeRunningProcesses_v3";
const WORK: &str = "nvmlDeviceGetProcessUtilization";

/// A directory with the layout of `/proc`.
struct FakeProcFs(PathBuf);

impl FakeProcFs {
    /// Creates a directory for a process in the driver's PID namespace.
    fn new() -> Self {
        Self::within("pid:[4026531836]")
    }

    /// Creates a directory for a process in a separate PID namespace, as in a container.
    fn contained() -> Self {
        Self::within("pid:[4026532208]")
    }

    fn within(namespace: &str) -> Self {
        static TREES: AtomicU32 = AtomicU32::new(0);
        let name = format!("llmobs-proc-{}-{}", std::process::id(), TREES.fetch_add(1, Ordering::Relaxed));
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(root.join("self/ns")).unwrap();
        symlink(namespace, root.join("self/ns/pid")).unwrap();
        Self(root)
    }

    fn process(self, number: u32, parent: u32) -> Self {
        let folder = self.0.join(number.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("stat"), format!("{number} (a (bad) name) S {parent} 1 1 0")).unwrap();
        self
    }

    /// Makes a process compute on a GPU.
    fn computes(&self, number: u32) {
        let files = self.0.join(number.to_string()).join("fd");
        fs::create_dir_all(&files).unwrap();
        symlink("/dev/null", files.join("0")).unwrap();
        symlink("/dev/nvidia-uvm", files.join("7")).unwrap();
    }

    fn rig(&self, fake: &Fake) -> Rig {
        let backend = NvmlBackend::at(fake.path()).among(ProcessTree::at(&self.0, ME));
        Rig::with(fake, |builder| builder.backend(backend).processes(true))
    }
}

impl Drop for FakeProcFs {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn fake_with_one_gpu() -> Fake {
    let fake = Fake::new();
    fake.devices(1);
    fake
}

/// Runs an operation of three seconds on a device with a power of 300 W.
fn operate(rig: &mut Rig, fake: &Fake) {
    let mut draw = draws(fake, 0, 300);
    rig.run(ms(1_000));
    let mut operation = Some(rig.observer.chat("m").start());
    rig.run_with(ms(5_000), |time| {
        draw(time);
        if time >= ms(3_000)
            && let Some(operation) = operation.take()
        {
            operation.complete();
        }
    });
    rig.run(ms(3_000));
    rig.assert_audit(0);
}

fn processes(rig: &Rig, device: usize) -> DeviceProcesses {
    rig.device(device).reading.processes.unwrap()
}

#[test]
fn nobody_is_asked_who_uses_a_device_unless_it_was_wished_for() {
    let fake = fake_with_one_gpu();
    fake.process(0, OTHER, 1 << 30, 50);
    let mut rig = Rig::new(&fake);
    rig.run(ms(61_000));
    assert_eq!((fake.calls(LIST), fake.calls(WORK)), (0, 0));
    assert_eq!(rig.device(0).reading.processes, None);
}

#[test]
fn alone_means_this_process_and_those_that_it_started() {
    let fake = fake_with_one_gpu();
    fake.process(0, ME, 9 << 30, 80);
    fake.process(0, 102, 1 << 30, 20);
    // A process that also draws is not counted twice.
    fake.process_that(0, ME, 9 << 30, 0, true);
    let machine = FakeProcFs::new().process(101, ME).process(102, 101);
    let mut rig = machine.rig(&fake);
    operate(&mut rig, &fake);
    let found = processes(&rig, 0);
    assert_eq!((found.ours, found.others, found.untold), (2, 0, 0));
    assert_eq!((found.memory_ours, found.memory_others), (Some(10 << 30), Some(0)));
    assert_eq!((found.work_ratio, fake.calls(WORK)), (None, 0), "without other processes, no ratio must be read");
    let energy = &rig.energies()[0];
    assert!(!energy.shared && energy.complete && (energy.joules - 900.0).abs() < 100.0, "{energy:?}");
    assert_eq!(fake.calls(LIST), 1, "the list must be read at the slow cadence");
}

#[test]
fn beside_a_tenant_an_operation_has_our_part_of_the_work_and_the_rest_is_nobodys() {
    let fake = fake_with_one_gpu();
    fake.process(0, ME, 9 << 30, 60);
    fake.process(0, OTHER, u64::MAX, 20);
    // Some drivers report values that are not percentages, and process id 0.
    fake.process(0, 201, 1 << 30, 4_000_000);
    fake.process(0, 0, 1 << 30, 90);
    let machine = FakeProcFs::new().process(OTHER, 1).process(201, 1);
    let mut rig = machine.rig(&fake);
    operate(&mut rig, &fake);
    let found = processes(&rig, 0);
    assert_eq!((found.ours, found.others, found.work_ratio), (1, 2, Some(0.75)));
    assert_eq!((found.memory_ours, found.memory_others), (Some(9 << 30), None), "the memory of one process is unknown");
    let energy = &rig.energies()[0];
    assert!(energy.shared && energy.complete, "{energy:?}");
    assert!((energy.joules - 0.75 * 900.0).abs() < 80.0, "{energy:?}");
    assert!((energy.gpu_seconds - 0.75 * 3.0).abs() < 0.2, "{energy:?}");
    let report = rig.device(0);
    assert!(report.unattributed > 0.25 * 900.0 - 30.0, "{report:?}");
    assert!(close(report.idle, 0.0), "the idle power was never measured");
}

#[test]
fn a_tenant_whose_work_cannot_be_told_leaves_no_figure() {
    let fake = fake_with_one_gpu();
    fake.process(0, ME, 9 << 30, 60);
    fake.process(0, OTHER, 1 << 30, 20);
    for (code, key) in [(3, "work_us"), (6, "")] {
        if key.is_empty() {
            fake.fail(WORK, EVERY, code);
        } else {
            fake.unset(0, key);
        }
        let machine = FakeProcFs::new();
        let mut rig = machine.rig(&fake);
        operate(&mut rig, &fake);
        assert_eq!(processes(&rig, 0).work_ratio, None);
        assert!(rig.energies().is_empty(), "{:?}", rig.energies());
        let report = rig.device(0);
        assert!(close(report.unattributed, report.measured) && report.measured > 1_000.0, "{report:?}");
    }
}

#[test]
fn a_tenant_that_left_is_gone_at_the_next_look() {
    let fake = fake_with_one_gpu();
    fake.process(0, ME, 9 << 30, 60);
    fake.process(0, OTHER, 1 << 30, 20);
    let machine = FakeProcFs::new();
    let mut rig = machine.rig(&fake);
    rig.run(ms(1_000));
    assert!(processes(&rig, 0).is_shared());
    fake.no_processes(0);
    fake.process(0, ME, 9 << 30, 60);
    rig.run(ms(30_000));
    assert!(!processes(&rig, 0).is_shared());
    operate(&mut rig, &fake);
    assert!(rig.energies().last().is_some_and(|energy| !energy.shared && energy.complete));
}

#[test]
fn in_a_container_nobody_is_taken_for_another_by_a_number_of_another_count() {
    let fake = fake_with_one_gpu();
    fake.process(0, 31_337, 9 << 30, 60);
    let machine = FakeProcFs::contained();
    let mut rig = machine.rig(&fake);
    operate(&mut rig, &fake);
    let found = processes(&rig, 0);
    assert_eq!((found.ours, found.others, found.untold, found.is_shared()), (0, 0, 1, false));
    assert!(rig.energies()[0].complete && !rig.energies()[0].shared, "a single process on the device must be this one");
    fake.process(0, 31_338, 1 << 30, 60);
    let mut rig = machine.rig(&fake);
    operate(&mut rig, &fake);
    assert_eq!(processes(&rig, 0).untold, 2);
    assert!(rig.energies().is_empty(), "this process is one of two, so its energy is unknown");
    fake.process(0, ME, 1 << 30, 60);
    let mut rig = machine.rig(&fake);
    rig.run(ms(100));
    let found = processes(&rig, 0);
    assert_eq!((found.ours, found.untold), (0, 3), "this process does not compute: the id is of another process");
    // A newer driver reports ids of the container's namespace.
    machine.computes(ME);
    let mut rig = machine.rig(&fake);
    rig.run(ms(100));
    let found = processes(&rig, 0);
    assert_eq!((found.ours, found.others, found.untold), (1, 2, 0));
    assert!(close(found.work_ratio.unwrap(), 1.0 / 3.0));
}

#[test]
fn a_list_that_is_not_permitted_is_absent_and_not_asked_again() {
    for code in [3, 4] {
        let fake = fake_with_one_gpu();
        fake.process(0, OTHER, 1 << 30, 50);
        fake.fail(LIST, 0, code);
        let machine = FakeProcFs::new();
        let mut rig = machine.rig(&fake);
        operate(&mut rig, &fake);
        rig.run(ms(60_000));
        assert_eq!(rig.device(0).reading.processes, None);
        assert_eq!(fake.calls(LIST), 1);
        assert!(!rig.energies()[0].shared, "without support, the result must be the same as without the setting");
    }
    let fake = Fake::without(&[LIST]);
    let machine = FakeProcFs::new();
    let mut rig = machine.rig(&fake);
    rig.run(ms(1_000));
    assert_eq!(rig.device(0).reading.processes, None);
    // A device without graphics has no list of drawing processes.
    let fake = Fake::without(&["nvmlDeviceGetGraphicsRunningProcesses_v3"]);
    let machine = FakeProcFs::new();
    let mut rig = machine.rig(&fake);
    rig.run(ms(1_000));
    assert_eq!(rig.device(0).reading.processes.map(|found| found.is_shared()), Some(false), "no process must be found");
}

#[test]
fn a_list_that_grows_while_one_asks_is_read_in_the_end() {
    let fake = fake_with_one_gpu();
    fake.process(0, ME, 1 << 30, 0);
    fake.set(0, "process_burst", 3);
    let machine = FakeProcFs::new();
    let mut rig = machine.rig(&fake);
    rig.run(ms(100));
    assert_eq!((processes(&rig, 0).others, fake.calls(LIST)), (90, 4));
    // A list that never stops growing is read again at the next call.
    fake.set(0, "process_burst", 1_000);
    fake.set(0, "work_us", 2_000_000);
    rig.run(ms(30_000));
    assert_eq!((processes(&rig, 0).others, fake.calls(LIST)), (90, 8));
    fake.set(0, "process_burst", 0);
    fake.no_processes(0);
    rig.run(ms(30_000));
    assert_eq!((processes(&rig, 0).others, fake.calls(LIST)), (0, 9));
}

#[test]
fn a_list_that_grows_by_one_each_time_finds_room() {
    let fake = fake_with_one_gpu();
    (0..20).for_each(|process| fake.process(0, 1_000 + process, 1 << 20, 0));
    fake.set(0, "process_burst", 1_000);
    fake.set(0, "process_burst_size", 1);
    let machine = FakeProcFs::new();
    let mut rig = machine.rig(&fake);
    rig.run(ms(100));
    assert_eq!((processes(&rig, 0).others, fake.calls(LIST)), (22, 2));
}

#[test]
fn who_uses_another_instance_of_a_gpu_uses_its_energy() {
    let fake = fake_with_one_gpu();
    fake.mig(0, 2);
    fake.process(1, ME, 4 << 30, 60);
    let machine = FakeProcFs::new();
    // Only the instances can be read.
    fake.fail(LIST, 0, 4);
    let mut rig = machine.rig(&fake);
    rig.run(ms(100));
    let place = |rig: &Rig, id: &str| rig.board.lock().devices.iter().position(|gpu| gpu.report.info.id == id).unwrap();
    let whole = place(&rig, GPU);
    let parts: Vec<usize> = (0..3).filter(|device| *device != whole).collect();
    assert_eq!(rig.device(whole).reading.processes, None);
    assert_eq!(processes(&rig, parts[0]).ours + processes(&rig, parts[1]).ours, 1);
    let mut draw = draws(&fake, 0, 300);
    let operation = rig.observer.chat("m").start();
    rig.run_with(ms(2_000), &mut draw);
    operation.complete();
    rig.run_with(ms(1_000), |time| draw(time + ms(2_000)));
    assert!(rig.energies().last().is_some_and(|energy| !energy.shared), "no other process is on the GPU");
    fake.process(2, OTHER, 1 << 30, 60);
    rig.run(ms(30_000));
    let operation = rig.observer.chat("m").start();
    rig.run_with(ms(2_000), |time| draw(time + ms(3_000)));
    operation.complete();
    rig.run_with(ms(3_000), |time| draw(time + ms(5_000)));
    assert_eq!(rig.energies().len(), 1, "instances have no counters of work, so the energy of this process is unknown");
    rig.assert_audit(whole);
    // With permission to read the GPU itself, both are seen.
    fake.fail(LIST, 0, 0);
    let mut rig = machine.rig(&fake);
    rig.run(ms(100));
    assert_eq!((processes(&rig, whole).ours, processes(&rig, whole).others), (1, 1));
    // In a container with one process on each instance: at most one of them is this application's.
    fake.fail(LIST, 0, 4);
    fake.no_processes(1);
    fake.process(1, 31_337, 1 << 30, 0);
    let machine = FakeProcFs::contained();
    let mut rig = machine.rig(&fake);
    operate(&mut rig, &fake);
    assert!(rig.energies().is_empty());
}
