//! Selection of the sampled devices: the configured ones, otherwise those visible to CUDA, otherwise all.

use crate::backend::DeviceInfo;

/// Returns whether a name refers to a device: by its id, the beginning of its id, its PCI address, or `position`, the
/// index of a GPU in PCI order, in which MIG instances are not counted.
///
/// `GPU-1234`, `00000000:1B:00.0`, `0` and the old form `MIG-GPU-<id>/7/0` are valid names. The beginning of an id has
/// at least one character after `GPU-` or `MIG-`, or at least 8 characters if the id has neither.
pub(crate) fn matches_name(info: &DeviceInfo, position: Option<usize>, name: &str) -> bool {
    let name = name.trim();
    let kind = ["gpu-", "mig-"].iter().any(|kind| starts_with_ignore_case(name, kind) && name.len() > kind.len());
    let by_id =
        (kind || name.len() >= 8) && starts_with_ignore_case(&info.id, name) || matches_legacy_mig_name(info, name);
    let by_pci = name.contains(':') && info.pci_address.as_deref() == Some(normalize_pci_address(name).as_str());
    by_id || by_pci || position.is_some() && name.parse().ok() == position
}

/// Returns whether a name refers to a MIG instance in the form of drivers before 470: `MIG-GPU-`, the id of the GPU,
/// the number of the GPU instance, and that of the compute instance, which is not compared.
fn matches_legacy_mig_name(info: &DeviceInfo, name: &str) -> bool {
    let mut parts = name
        .get(4..)
        .filter(|_| starts_with_ignore_case(name, "mig-gpu-"))
        .into_iter()
        .flat_map(|name| name.split('/'));
    let is_child =
        parts.next().is_some_and(|parent| info.parent.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(parent)));
    is_child && info.mig_instance_id.is_some() && parts.next().map(str::parse) == info.mig_instance_id.map(Ok)
}

fn starts_with_ignore_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Returns, for each device of `all`, the index of the GPU in PCI order, in which MIG instances are not counted;
/// `None` for a MIG instance.
pub(crate) fn pci_positions(all: &[DeviceInfo]) -> Vec<Option<usize>> {
    let mut by_pci: Vec<usize> = (0..all.len()).filter(|index| all[*index].parent.is_none()).collect();
    by_pci.sort_by_key(|index| all[*index].pci_address.clone());
    (0..all.len()).map(|device| by_pci.iter().position(|index| *index == device)).collect()
}

/// Returns the indices in `all` of the devices to sample, in ascending order: those of `named`, without unknown names;
/// if `named` is empty, those of `visible`, the value of `CUDA_VISIBLE_DEVICES`, up to its first unknown name, with the
/// MIG instances of each GPU and the GPU of each instance; without both, all devices.
///
/// CUDA numbers devices from the fastest to the slowest, unless `CUDA_DEVICE_ORDER` is `PCI_BUS_ID`. A number in
/// `visible` is an index in PCI order if `numbers_are_pci` is set, or if all GPUs are of one model, where both orders
/// are equal. Otherwise the number is ambiguous, and every device is sampled.
pub(crate) fn select_devices(
    all: &[DeviceInfo],
    named: &[String],
    visible: Option<&str>,
    numbers_are_pci: bool,
) -> Vec<usize> {
    let all_indices: Vec<usize> = (0..all.len()).collect();
    let full_gpus: Vec<usize> = all_indices.iter().copied().filter(|index| all[*index].parent.is_none()).collect();
    let positions = pci_positions(all);
    let find = |name: &str| {
        let mut matching =
            all_indices.iter().copied().filter(|device| matches_name(&all[*device], positions[*device], name));
        let exact = all_indices.iter().copied().find(|device| all[*device].id.eq_ignore_ascii_case(name.trim()));
        // A prefix of two ids is ambiguous and matches neither.
        exact.or_else(|| matching.next().filter(|_| matching.next().is_none()))
    };
    if !named.is_empty() {
        let mut chosen: Vec<usize> = named.iter().filter_map(|name| find(name)).collect();
        chosen.sort_unstable();
        chosen.dedup();
        return chosen;
    }
    let Some(visible) = visible else { return all_indices };
    let mut chosen = Vec::new();
    for name in visible.split(',').map(str::trim) {
        let is_number = name.parse::<u64>().is_ok();
        let is_one_model = full_gpus.windows(2).all(|pair| all[pair[0]].model == all[pair[1]].model);
        if is_number && !numbers_are_pci && !is_one_model {
            return all_indices;
        }
        // CUDA stops at the first unknown name.
        let Some(device) = find(name) else { break };
        chosen.push(device);
        // The instances of a visible device are visible. The parent of a visible instance is included for its energy.
        let related = all_indices.iter().copied().filter(|other| {
            all[*other].parent.as_ref() == Some(&all[device].id) || all[device].parent.as_ref() == Some(&all[*other].id)
        });
        chosen.extend(related);
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// Returns a PCI address in lowercase with a domain of at least four digits: `00000000:1B:00.0` and `1B:00.0` become
/// `0000:1b:00.0`.
pub(crate) fn normalize_pci_address(address: &str) -> String {
    let address = address.trim().to_ascii_lowercase();
    let parts: Vec<&str> = address.split(':').collect();
    match parts.as_slice() {
        [domain, bus, rest] => {
            let domain = domain.trim_start_matches('0');
            format!("{domain:0>4}:{bus:0>2}:{rest}")
        }
        [bus, rest] => format!("0000:{bus:0>2}:{rest}"),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(id: &str, pci: &str, model: &str) -> DeviceInfo {
        DeviceInfo {
            id: id.to_owned(),
            pci_address: Some(pci.to_owned()),
            model: Some(model.to_owned()),
            ..DeviceInfo::default()
        }
    }

    fn four_devices() -> Vec<DeviceInfo> {
        vec![
            gpu("GPU-aaaa0000-1", "0000:1b:00.0", "H100"),
            gpu("GPU-bbbb0000-2", "0000:43:00.0", "H100"),
            gpu("GPU-cccc0000-3", "0000:52:00.0", "H100"),
            DeviceInfo {
                parent: Some("GPU-cccc0000-3".to_owned()),
                mig_instance_id: Some(7),
                ..gpu("MIG-dddd0000-4", "0000:52:00.0", "1g")
            },
        ]
    }

    #[test]
    fn without_a_selection_every_device_is_sampled() {
        assert_eq!(select_devices(&four_devices(), &[], None, false), [0, 1, 2, 3]);
    }

    #[test]
    fn a_name_is_an_id_a_prefix_of_an_id_or_a_pci_address() {
        let named = |name: &str| select_devices(&four_devices(), &[name.to_owned()], Some("0"), false);
        assert_eq!(named("GPU-bbbb0000-2"), [1]);
        assert_eq!(named("gpu-bbbb"), [1], "a named GPU takes precedence over the environment");
        assert_eq!(named("00000000:43:00.0"), [1]);
        assert_eq!(named("43:00.0"), [1]);
        assert_eq!(named("GPU-eeee0000"), [] as [usize; 0]);
    }

    #[test]
    fn cuda_visible_devices_is_honoured() {
        let visible = |list: &str| select_devices(&four_devices(), &[], Some(list), false);
        assert_eq!(visible("1"), [1]);
        assert_eq!(visible("1,0"), [0, 1]);
        assert_eq!(visible("GPU-aaaa0000"), [0]);
        assert_eq!(visible("2"), [2, 3], "the instances of a GPU are selected with it");
        assert_eq!(visible("MIG-dddd0000-4"), [2, 3], "the GPU of an instance is selected for its energy");
        assert_eq!(visible("0,-1,1"), [0], "CUDA ignores the list after an unknown entry");
        assert_eq!(visible(""), [] as [usize; 0]);
        assert_eq!(visible("-1"), [] as [usize; 0]);
        assert_eq!(visible("NoDevFiles"), [] as [usize; 0]);
        assert_eq!(visible("GPU-a, GPU-bbb"), [0, 1], "a unique prefix of an id selects the GPU");
        assert_eq!(visible("1,1,GPU-bbbb0000-2"), [1], "a GPU that is named twice is sampled once");
        assert_eq!(visible("1,GPU-,0"), [1], "CUDA ignores the list after an invalid id");
        assert_eq!(visible("MIG-GPU-cccc0000-3/7/0"), [2, 3], "the form of an instance id in older drivers");
        assert_eq!(visible("MIG-GPU-cccc0000-3/8/0"), [] as [usize; 0]);
        assert_eq!(visible("7"), [] as [usize; 0]);
    }

    #[test]
    fn an_ambiguous_prefix_selects_no_device() {
        let mut devices = four_devices();
        devices[1].id = "GPU-aaaa0000-2".to_owned();
        let visible = |list: &str| select_devices(&devices, &[], Some(list), false);
        assert_eq!(visible("GPU-aaaa0000"), [] as [usize; 0]);
        assert_eq!(visible("GPU-aaaa0000-1"), [0]);
        devices[1].id = "GPU-aaaa0000-12".to_owned();
        assert_eq!(
            select_devices(&devices, &[], Some("GPU-aaaa0000-1"), false),
            [0],
            "a whole id is preferred to a prefix"
        );
    }

    #[test]
    fn ambiguous_numbers_select_every_device() {
        let mut mixed = four_devices();
        mixed[1].model = Some("T4".to_owned());
        assert_eq!(
            select_devices(&mixed, &[], Some("0"), false),
            [0, 1, 2, 3],
            "CUDA orders by speed, which is unknown"
        );
        assert_eq!(select_devices(&mixed, &[], Some("1"), true), [1], "in PCI order, numbers are known");
    }

    #[test]
    fn pci_addresses_are_normalized() {
        assert_eq!(normalize_pci_address("00000000:1C:00.0"), "0000:1c:00.0");
        assert_eq!(normalize_pci_address("00010000:1C:00.0"), "10000:1c:00.0");
        assert_eq!(normalize_pci_address("1c:00.0"), "0000:1c:00.0");
    }
}
