//! Drivers that come with the harness.

pub mod defect;
pub mod reference;
pub mod served;

/// File and text of the driver for classes of Python.
pub const PYTHON: (&str, &str) = ("ssot_driver.py", include_str!("drivers/ssot_driver.py"));
/// File and text of the driver for classes of JavaScript.
pub const NODE: (&str, &str) = ("ssot_driver.mjs", include_str!("drivers/ssot_driver.mjs"));
