//! Selection of the sampled devices: the configured ones, otherwise those visible to CUDA, otherwise all.

use crate::backend::DeviceInfo;

/// Returns whether a name refers to a device: by its id, a prefix of its id, its PCI address, or its position in PCI
/// order.
///
/// `GPU-1234`, `00000000:1B:00.0` and `0` are valid names. A prefix without `GPU-` or `MIG-` needs 8 characters.
pub(crate) fn matches_name(info: &DeviceInfo, place: usize, name: &str) -> bool {
    let name = name.trim();
    let kind = ["gpu-", "mig-"].iter().any(|kind| begins(name, kind) && name.len() > kind.len());
    let by_id = (kind || name.len() >= 8) && begins(&info.id, name) || matches_legacy_mig_name(info, name);
    let by_pci = name.contains(':') && info.pci.as_deref() == Some(normal_pci(name).as_str());
    by_id || by_pci || name.parse() == Ok(place)
}

/// Returns whether a name refers to a MIG instance in the form of drivers before 470: `MIG-GPU-`, the id of the GPU,
/// the number of the GPU instance, and that of the compute instance.
fn matches_legacy_mig_name(info: &DeviceInfo, name: &str) -> bool {
    let mut parts = name.get(4..).filter(|_| begins(name, "mig-gpu-")).into_iter().flat_map(|name| name.split('/'));
    let whole = parts.next().is_some_and(|whole| info.parent.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(whole)));
    whole && info.instance.is_some() && parts.next().map(str::parse) == info.instance.map(Ok)
}

fn begins(text: &str, with: &str) -> bool {
    text.get(..with.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(with))
}

/// Returns the sampled devices as positions in `all`. `visible` is the value of `CUDA_VISIBLE_DEVICES`, if set.
///
/// Numbers in `CUDA_VISIBLE_DEVICES` count devices by speed, unless `CUDA_DEVICE_ORDER` is `PCI_BUS_ID`. The numbers
/// are taken as positions in PCI order if `numbers_are_pci` is set, or if all devices are of one model, where both
/// orders are equal. Otherwise the numbers are ambiguous, and every device is sampled.
pub(crate) fn select(all: &[DeviceInfo], named: &[String], visible: Option<&str>, numbers_are_pci: bool) -> Vec<usize> {
    let every: Vec<usize> = (0..all.len()).collect();
    let wholes: Vec<usize> = every.iter().copied().filter(|place| all[*place].parent.is_none()).collect();
    let mut by_pci = wholes.clone();
    by_pci.sort_by_key(|place| all[*place].pci.clone());
    let place_of = |device: usize| by_pci.iter().position(|known| *known == device).unwrap_or(usize::MAX);
    let find = |name: &str| {
        let mut named = every.iter().copied().filter(|device| matches_name(&all[*device], place_of(*device), name));
        let whole = every.iter().copied().find(|device| all[*device].id.eq_ignore_ascii_case(name.trim()));
        // A prefix of two ids is ambiguous and matches neither.
        whole.or_else(|| named.next().filter(|_| named.next().is_none()))
    };
    if !named.is_empty() {
        let mut chosen: Vec<usize> = named.iter().filter_map(|name| find(name)).collect();
        chosen.sort_unstable();
        chosen.dedup();
        return chosen;
    }
    let Some(visible) = visible else { return every };
    let mut chosen = Vec::new();
    for name in visible.split(',').map(str::trim) {
        let is_number = name.parse::<u64>().is_ok();
        let alike = wholes.windows(2).all(|pair| all[pair[0]].model == all[pair[1]].model);
        if is_number && !numbers_are_pci && !alike {
            return every;
        }
        // CUDA stops at the first unknown name.
        let Some(device) = find(name) else { break };
        chosen.push(device);
        // The instances of a visible device are visible. The parent of a visible instance is included for its energy.
        let family = every.iter().copied().filter(|other| {
            all[*other].parent.as_ref() == Some(&all[device].id) || all[device].parent.as_ref() == Some(&all[*other].id)
        });
        chosen.extend(family);
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// Returns a PCI address in lowercase with a domain of four digits: `00000000:1B:00.0` becomes `0000:1b:00.0`.
pub(crate) fn normal_pci(address: &str) -> String {
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
            pci: Some(pci.to_owned()),
            model: Some(model.to_owned()),
            ..DeviceInfo::default()
        }
    }

    fn four() -> Vec<DeviceInfo> {
        vec![
            gpu("GPU-aaaa0000-1", "0000:1b:00.0", "H100"),
            gpu("GPU-bbbb0000-2", "0000:43:00.0", "H100"),
            gpu("GPU-cccc0000-3", "0000:52:00.0", "H100"),
            DeviceInfo {
                parent: Some("GPU-cccc0000-3".to_owned()),
                instance: Some(7),
                ..gpu("MIG-dddd0000-4", "0000:52:00.0", "1g")
            },
        ]
    }

    #[test]
    fn without_a_word_every_device_is_sampled() {
        assert_eq!(select(&four(), &[], None, false), [0, 1, 2, 3]);
    }

    #[test]
    fn a_name_is_an_id_its_beginning_or_a_pci_address() {
        let named = |name: &str| select(&four(), &[name.to_owned()], Some("0"), false);
        assert_eq!(named("GPU-bbbb0000-2"), [1]);
        assert_eq!(named("gpu-bbbb"), [1], "a named GPU takes precedence over the environment");
        assert_eq!(named("00000000:43:00.0"), [1]);
        assert_eq!(named("43:00.0"), [1]);
        assert_eq!(named("GPU-eeee0000"), [] as [usize; 0]);
    }

    #[test]
    fn the_environment_of_cuda_is_honoured() {
        let visible = |list: &str| select(&four(), &[], Some(list), false);
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
    fn a_beginning_that_two_ids_have_names_neither() {
        let mut alike = four();
        alike[1].id = "GPU-aaaa0000-2".to_owned();
        let visible = |list: &str| select(&alike, &[], Some(list), false);
        assert_eq!(visible("GPU-aaaa0000"), [] as [usize; 0]);
        assert_eq!(visible("GPU-aaaa0000-1"), [0]);
        alike[1].id = "GPU-aaaa0000-12".to_owned();
        assert_eq!(select(&alike, &[], Some("GPU-aaaa0000-1"), false), [0], "a whole id is preferred to a prefix");
    }

    #[test]
    fn numbers_that_cannot_be_told_hide_nothing() {
        let mut mixed = four();
        mixed[1].model = Some("T4".to_owned());
        assert_eq!(select(&mixed, &[], Some("0"), false), [0, 1, 2, 3], "CUDA orders by speed, which is unknown");
        assert_eq!(select(&mixed, &[], Some("1"), true), [1], "in PCI order, numbers are known");
    }

    #[test]
    fn addresses_are_written_one_way() {
        assert_eq!(normal_pci("00000000:1C:00.0"), "0000:1c:00.0");
        assert_eq!(normal_pci("00010000:1C:00.0"), "10000:1c:00.0");
        assert_eq!(normal_pci("1c:00.0"), "0000:1c:00.0");
    }
}
