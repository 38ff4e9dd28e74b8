//! The reasons for which clocks are reduced, in classes: NVIDIA's bits depend on the driver, and most are not faults.

/// The set of reasons for which a device's clocks are reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ThrottleReasons {
    bits: u8,
}

/// A class of reasons for which the clocks of a device are reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThrottleReason {
    /// No work runs.
    Idle,
    /// The power limit. Normal on a busy data-center GPU.
    PowerCap,
    /// Heat, whether the driver or the hardware reduces the clocks.
    Thermal,
    /// The general slowdown by the hardware, whatever its cause, or its power brake.
    Hardware,
    /// A setting of the administrator or of an application.
    Configured,
    /// A limit of the board, or of the voltage for reliable operation.
    Limit,
}

impl ThrottleReason {
    /// All classes.
    pub const ALL: [Self; 6] =
        [Self::Idle, Self::PowerCap, Self::Thermal, Self::Hardware, Self::Configured, Self::Limit];

    /// Returns the name, which is also the value of the attribute `llmobs.gpu.throttle.reason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::PowerCap => "capped",
            Self::Thermal => "thermal",
            Self::Hardware => "hw",
            Self::Configured => "config",
            Self::Limit => "limit",
        }
    }

    const fn nvml_bits(self) -> u64 {
        match self {
            Self::Idle => 0x1,
            Self::PowerCap => 0x4,
            Self::Thermal => 0x20 | 0x40,
            Self::Hardware => 0x8 | 0x80,
            Self::Configured => 0x2 | 0x10 | 0x100,
            Self::Limit => 0x200 | 0x400,
        }
    }
}

impl ThrottleReasons {
    /// Converts NVML's clock event reasons. Unknown bits are ignored.
    #[must_use]
    pub fn from_nvml(reasons: u64) -> Self {
        let classes = ThrottleReason::ALL.into_iter().enumerate();
        let bits =
            classes.filter(|(_, class)| reasons & class.nvml_bits() != 0).fold(0, |bits, (index, _)| bits | 1 << index);
        Self { bits }
    }

    /// Returns whether clocks are reduced for this reason.
    #[must_use]
    pub const fn contains(self, reason: ThrottleReason) -> bool {
        self.bits & (1 << reason as u8) != 0
    }

    /// Returns whether heat ([`Thermal`](ThrottleReason::Thermal)) or a protection of the hardware
    /// ([`Hardware`](ThrottleReason::Hardware)) makes the device slower. Other reasons do not count.
    #[must_use]
    pub const fn is_degraded(self) -> bool {
        self.contains(ThrottleReason::Thermal) || self.contains(ThrottleReason::Hardware)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_cap_is_normal_and_heat_is_not() {
        let capped = ThrottleReasons::from_nvml(0x4);
        assert!(capped.contains(ThrottleReason::PowerCap) && !capped.is_degraded());
        assert!(ThrottleReasons::from_nvml(0x40).is_degraded());
        assert!(ThrottleReasons::from_nvml(0x80).is_degraded());
        assert!(ThrottleReasons::from_nvml(0x400).contains(ThrottleReason::Limit), "older bindings drop this bit");
    }

    #[test]
    fn every_known_bit_has_one_class_and_unknown_bits_none() {
        for bit in 0..11 {
            let throttle = ThrottleReasons::from_nvml(1 << bit);
            assert_eq!(ThrottleReason::ALL.iter().filter(|class| throttle.contains(**class)).count(), 1, "bit {bit}");
        }
        assert_eq!(ThrottleReasons::from_nvml(1 << 20), ThrottleReasons::default());
    }
}
