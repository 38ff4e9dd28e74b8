//! Why clocks are held down, by class: NVIDIA's bits differ by driver, and most of them are no fault.

/// Why a device's clocks are held down; several reasons may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ThrottleReasons {
    bits: u8,
}

/// A class of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThrottleReason {
    /// Nothing runs.
    Idle,
    /// The power limit. Normal on a busy data-centre GPU.
    PowerCap,
    /// Heat.
    Thermal,
    /// The hardware protects itself: heat or power beyond what software handles.
    Hardware,
    /// Somebody configured it so.
    Configured,
    /// Limits of the board or of reliability.
    Limit,
}

impl ThrottleReason {
    /// Every class.
    pub const ALL: [Self; 6] =
        [Self::Idle, Self::PowerCap, Self::Thermal, Self::Hardware, Self::Configured, Self::Limit];

    /// Its name, also the value of `llmobs.gpu.throttle.reason`.
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
    /// Of NVML's clock event reasons. Unknown bits say nothing.
    #[must_use]
    pub fn from_nvml(reasons: u64) -> Self {
        let classes = ThrottleReason::ALL.into_iter().enumerate();
        let bits =
            classes.filter(|(_, class)| reasons & class.nvml_bits() != 0).fold(0, |bits, (place, _)| bits | 1 << place);
        Self { bits }
    }

    /// Whether clocks are held down for this reason.
    #[must_use]
    pub const fn contains(self, reason: ThrottleReason) -> bool {
        self.bits & (1 << reason as u8) != 0
    }

    /// Whether the device gives less than it should: heat, or hardware protecting itself.
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
        assert!(ThrottleReasons::from_nvml(0x400).contains(ThrottleReason::Limit), "bits that older bindings drop");
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
