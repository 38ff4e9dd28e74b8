//! The kinds of attributes and values by which views show a device. The crate that owns a view declares them.

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

/// A numeric value of a device that no row contains, such as the code of its last error. Two values with the same name
/// are the same value.
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
