//! The kinds of attributes and values by which a [`View`](super::View), a table of metrics under another system's
//! names, shows a device. The crate that owns the view declares them.

/// A text attribute that identifies or describes a device, such as its PCI address. Two attributes with the same name
/// are the same attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceAttribute(&'static str);

impl DeviceAttribute {
    /// Returns an attribute with this name. The name itself is not shown on a page.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// A numeric value of a device that no [`Row`](super::Row), the definition of a metric, contains, such as the code of
/// its last error. Two values with the same name are the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceValue(&'static str);

impl DeviceValue {
    /// Returns a value with this name. The name itself is not shown on a page.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
