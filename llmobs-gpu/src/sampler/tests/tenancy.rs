//! Other applications on the device.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use super::attribution::set_power;
use super::*;
use crate::backend::DeviceProcesses;
use crate::process_tree::ProcessTree;

const THIS_PID: u32 = 100;
const OTHER_PID: u32 = 200;
const PROCESS_LIST_FUNCTION: &str = "nvmlDeviceGetComputeRunningProcesses_v3";
const PROCESS_UTILIZATION_FUNCTION: &str = "nvmlDeviceGetProcessUtilization";

/// A directory with the layout of `/proc`.
struct FakeProcFs(PathBuf);

impl FakeProcFs {
    /// Creates a directory for a process in the driver's PID namespace.
    fn new() -> Self {
        Self::with_pid_namespace("pid:[4026531836]")
    }

    /// Creates a directory for a process in a separate PID namespace, as in a container.
    fn in_container() -> Self {
        Self::with_pid_namespace("pid:[4026532208]")
    }

    fn with_pid_namespace(namespace: &str) -> Self {
        static TREES: AtomicU32 = AtomicU32::new(0);
        let name = format!("llmobs-proc-{}-{}", std::process::id(), TREES.fetch_add(1, Ordering::Relaxed));
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(root.join("self/ns")).unwrap();
        symlink(namespace, root.join("self/ns/pid")).unwrap();
        Self(root)
    }

    fn with_process(self, pid: u32, parent: u32) -> Self {
        let directory = self.0.join(pid.to_string());
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("stat"), format!("{pid} (a (bad) name) S {parent} 1 1 0")).unwrap();
        self
    }

    /// Gives a process the open file of a process that computes on a GPU.
    fn open_gpu_file(&self, pid: u32) {
        let files = self.0.join(pid.to_string()).join("fd");
        fs::create_dir_all(&files).unwrap();
        symlink("/dev/null", files.join("0")).unwrap();
        symlink("/dev/nvidia-uvm", files.join("7")).unwrap();
    }

    fn rig(&self, fake: &Fake) -> Rig {
        let backend = NvmlBackend::at(fake.path()).with_process_tree(ProcessTree::at(&self.0, THIS_PID));
        Rig::with(fake, |builder| builder.backend(backend).read_processes(true))
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
fn run_operation(rig: &mut Rig, fake: &Fake) {
    let mut draw = set_power(fake, 0, 300);
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
    rig.assert_energy_balanced(0);
}

fn device_processes(rig: &Rig, device: usize) -> DeviceProcesses {
    rig.device(device).reading.processes.unwrap()
}

#[test]
fn processes_are_not_read_by_default() {
    let fake = fake_with_one_gpu();
    fake.process(0, OTHER_PID, 1 << 30, 50);
    let mut rig = Rig::new(&fake);
    rig.run(ms(61_000));
    assert_eq!((fake.calls(PROCESS_LIST_FUNCTION), fake.calls(PROCESS_UTILIZATION_FUNCTION)), (0, 0));
    assert_eq!(rig.device(0).reading.processes, None);
}

#[test]
fn a_device_used_by_this_process_and_its_descendants_is_not_shared() {
    let fake = fake_with_one_gpu();
    fake.process(0, THIS_PID, 9 << 30, 80);
    fake.process(0, 102, 1 << 30, 20);
    // A process that also draws is not counted twice.
    fake.process_that(0, THIS_PID, 9 << 30, 0, true);
    let proc_fs = FakeProcFs::new().with_process(101, THIS_PID).with_process(102, 101);
    let mut rig = proc_fs.rig(&fake);
    run_operation(&mut rig, &fake);
    let processes = device_processes(&rig, 0);
    assert_eq!((processes.ours, processes.others, processes.unknown), (2, 0, 0));
    assert_eq!((processes.our_memory, processes.other_memory), (Some(10 << 30), Some(0)));
    assert_eq!(
        (processes.work_ratio, fake.calls(PROCESS_UTILIZATION_FUNCTION)),
        (None, 0),
        "without other processes, no ratio must be read"
    );
    let energy = &rig.energies()[0];
    assert!(!energy.is_shared && energy.is_complete && (energy.joules - 900.0).abs() < 100.0, "{energy:?}");
    assert_eq!(fake.calls(PROCESS_LIST_FUNCTION), 1, "the list must be read at the slow cadence");
}

#[test]
fn on_a_shared_device_an_operation_gets_energy_by_the_work_ratio() {
    let fake = fake_with_one_gpu();
    fake.process(0, THIS_PID, 9 << 30, 60);
    fake.process(0, OTHER_PID, u64::MAX, 20);
    // Some drivers report values that are not percentages, and process id 0.
    fake.process(0, 201, 1 << 30, 4_000_000);
    fake.process(0, 0, 1 << 30, 90);
    let proc_fs = FakeProcFs::new().with_process(OTHER_PID, 1).with_process(201, 1);
    let mut rig = proc_fs.rig(&fake);
    run_operation(&mut rig, &fake);
    let processes = device_processes(&rig, 0);
    assert_eq!((processes.ours, processes.others, processes.work_ratio), (1, 2, Some(0.75)));
    assert_eq!(
        (processes.our_memory, processes.other_memory),
        (Some(9 << 30), None),
        "the memory of one process is unknown"
    );
    let energy = &rig.energies()[0];
    assert!(energy.is_shared && energy.is_complete, "{energy:?}");
    assert!((energy.joules - 0.75 * 900.0).abs() < 80.0, "{energy:?}");
    assert!((energy.gpu_seconds - 0.75 * 3.0).abs() < 0.2, "{energy:?}");
    let report = rig.device(0);
    assert!(report.unattributed_joules > 0.25 * 900.0 - 30.0, "{report:?}");
    assert!(is_close(report.idle_joules, 0.0), "the idle power was never measured");
}

#[test]
fn without_a_work_ratio_an_operation_on_a_shared_device_has_no_energy() {
    let fake = fake_with_one_gpu();
    fake.process(0, THIS_PID, 9 << 30, 60);
    fake.process(0, OTHER_PID, 1 << 30, 20);
    for (code, key) in [(3, "work_us"), (6, "")] {
        if key.is_empty() {
            fake.fail(PROCESS_UTILIZATION_FUNCTION, EVERY, code);
        } else {
            fake.unset(0, key);
        }
        let proc_fs = FakeProcFs::new();
        let mut rig = proc_fs.rig(&fake);
        run_operation(&mut rig, &fake);
        assert_eq!(device_processes(&rig, 0).work_ratio, None);
        assert!(rig.energies().is_empty(), "{:?}", rig.energies());
        let report = rig.device(0);
        assert!(
            is_close(report.unattributed_joules, report.measured_joules) && report.measured_joules > 1_000.0,
            "{report:?}"
        );
    }
}

#[test]
fn a_process_that_ended_no_longer_shares_the_device() {
    let fake = fake_with_one_gpu();
    fake.process(0, THIS_PID, 9 << 30, 60);
    fake.process(0, OTHER_PID, 1 << 30, 20);
    let proc_fs = FakeProcFs::new();
    let mut rig = proc_fs.rig(&fake);
    rig.run(ms(1_000));
    assert!(device_processes(&rig, 0).is_shared());
    fake.no_processes(0);
    fake.process(0, THIS_PID, 9 << 30, 60);
    rig.run(ms(30_000));
    assert!(!device_processes(&rig, 0).is_shared());
    run_operation(&mut rig, &fake);
    assert!(rig.energies().last().is_some_and(|energy| !energy.is_shared && energy.is_complete));
}

#[test]
fn process_ids_of_another_pid_namespace_are_not_confused_in_a_container() {
    let fake = fake_with_one_gpu();
    fake.process(0, 31_337, 9 << 30, 60);
    let proc_fs = FakeProcFs::in_container();
    let mut rig = proc_fs.rig(&fake);
    run_operation(&mut rig, &fake);
    let processes = device_processes(&rig, 0);
    assert_eq!((processes.ours, processes.others, processes.unknown, processes.is_shared()), (0, 0, 1, false));
    assert!(
        rig.energies()[0].is_complete && !rig.energies()[0].is_shared,
        "a single process on the device must be this one"
    );
    fake.process(0, 31_338, 1 << 30, 60);
    let mut rig = proc_fs.rig(&fake);
    run_operation(&mut rig, &fake);
    assert_eq!(device_processes(&rig, 0).unknown, 2);
    assert!(rig.energies().is_empty(), "this process is one of two, so its energy is unknown");
    fake.process(0, THIS_PID, 1 << 30, 60);
    let mut rig = proc_fs.rig(&fake);
    rig.run(ms(100));
    let processes = device_processes(&rig, 0);
    assert_eq!(
        (processes.ours, processes.unknown),
        (0, 3),
        "this process does not compute: the id is of another process"
    );
    // A newer driver reports ids of the container's namespace.
    proc_fs.open_gpu_file(THIS_PID);
    let mut rig = proc_fs.rig(&fake);
    rig.run(ms(100));
    let processes = device_processes(&rig, 0);
    assert_eq!((processes.ours, processes.others, processes.unknown), (1, 2, 0));
    assert!(is_close(processes.work_ratio.unwrap(), 1.0 / 3.0));
}

#[test]
fn a_process_list_without_permission_is_absent_and_not_requested_again() {
    for code in [3, 4] {
        let fake = fake_with_one_gpu();
        fake.process(0, OTHER_PID, 1 << 30, 50);
        fake.fail(PROCESS_LIST_FUNCTION, 0, code);
        let proc_fs = FakeProcFs::new();
        let mut rig = proc_fs.rig(&fake);
        run_operation(&mut rig, &fake);
        rig.run(ms(60_000));
        assert_eq!(rig.device(0).reading.processes, None);
        assert_eq!(fake.calls(PROCESS_LIST_FUNCTION), 1);
        assert!(!rig.energies()[0].is_shared, "without support, the result must be the same as without the setting");
    }
    let fake = Fake::without(&[PROCESS_LIST_FUNCTION]);
    let proc_fs = FakeProcFs::new();
    let mut rig = proc_fs.rig(&fake);
    rig.run(ms(1_000));
    assert_eq!(rig.device(0).reading.processes, None);
    // A device without graphics has no list of drawing processes.
    let fake = Fake::without(&["nvmlDeviceGetGraphicsRunningProcesses_v3"]);
    let proc_fs = FakeProcFs::new();
    let mut rig = proc_fs.rig(&fake);
    rig.run(ms(1_000));
    assert_eq!(
        rig.device(0).reading.processes.map(|processes| processes.is_shared()),
        Some(false),
        "no process must be found"
    );
}

#[test]
fn a_process_list_that_grows_during_a_call_is_read_again() {
    let fake = fake_with_one_gpu();
    fake.process(0, THIS_PID, 1 << 30, 0);
    fake.set(0, "process_burst", 3);
    let proc_fs = FakeProcFs::new();
    let mut rig = proc_fs.rig(&fake);
    rig.run(ms(100));
    assert_eq!((device_processes(&rig, 0).others, fake.calls(PROCESS_LIST_FUNCTION)), (90, 4));
    // A list that never stops growing is read again at the next call.
    fake.set(0, "process_burst", 1_000);
    fake.set(0, "work_us", 2_000_000);
    rig.run(ms(30_000));
    assert_eq!((device_processes(&rig, 0).others, fake.calls(PROCESS_LIST_FUNCTION)), (90, 8));
    fake.set(0, "process_burst", 0);
    fake.no_processes(0);
    rig.run(ms(30_000));
    assert_eq!((device_processes(&rig, 0).others, fake.calls(PROCESS_LIST_FUNCTION)), (0, 9));
}

#[test]
fn a_process_list_that_grows_by_one_fits_into_the_headroom() {
    let fake = fake_with_one_gpu();
    (0..20).for_each(|process| fake.process(0, 1_000 + process, 1 << 20, 0));
    fake.set(0, "process_burst", 1_000);
    fake.set(0, "process_burst_size", 1);
    let proc_fs = FakeProcFs::new();
    let mut rig = proc_fs.rig(&fake);
    rig.run(ms(100));
    assert_eq!((device_processes(&rig, 0).others, fake.calls(PROCESS_LIST_FUNCTION)), (22, 2));
}

#[test]
fn a_process_on_another_mig_instance_shares_the_gpu() {
    let fake = fake_with_one_gpu();
    fake.mig(0, 2);
    fake.process(1, THIS_PID, 4 << 30, 60);
    let proc_fs = FakeProcFs::new();
    // Only the instances can be read.
    fake.fail(PROCESS_LIST_FUNCTION, 0, 4);
    let mut rig = proc_fs.rig(&fake);
    rig.run(ms(100));
    let position =
        |rig: &Rig, id: &str| rig.snapshot.lock().devices.iter().position(|gpu| gpu.report.info.id == id).unwrap();
    let parent = position(&rig, GPU);
    let instances: Vec<usize> = (0..3).filter(|device| *device != parent).collect();
    assert_eq!(rig.device(parent).reading.processes, None);
    assert_eq!(device_processes(&rig, instances[0]).ours + device_processes(&rig, instances[1]).ours, 1);
    let mut draw = set_power(&fake, 0, 300);
    let operation = rig.observer.chat("m").start();
    rig.run_with(ms(2_000), &mut draw);
    operation.complete();
    rig.run_with(ms(1_000), |time| draw(time + ms(2_000)));
    assert!(rig.energies().last().is_some_and(|energy| !energy.is_shared), "no other process is on the GPU");
    fake.process(2, OTHER_PID, 1 << 30, 60);
    rig.run(ms(30_000));
    let operation = rig.observer.chat("m").start();
    rig.run_with(ms(2_000), |time| draw(time + ms(3_000)));
    operation.complete();
    rig.run_with(ms(3_000), |time| draw(time + ms(5_000)));
    assert_eq!(rig.energies().len(), 1, "instances have no counters of work, so the energy of this process is unknown");
    rig.assert_energy_balanced(parent);
    // With permission to read the GPU itself, both are seen.
    fake.fail(PROCESS_LIST_FUNCTION, 0, 0);
    let mut rig = proc_fs.rig(&fake);
    rig.run(ms(100));
    assert_eq!((device_processes(&rig, parent).ours, device_processes(&rig, parent).others), (1, 1));
    // In a container with one process on each instance: at most one of them is this application's.
    fake.fail(PROCESS_LIST_FUNCTION, 0, 4);
    fake.no_processes(1);
    fake.process(1, 31_337, 1 << 30, 0);
    let proc_fs = FakeProcFs::in_container();
    let mut rig = proc_fs.rig(&fake);
    run_operation(&mut rig, &fake);
    assert!(rig.energies().is_empty());
}
