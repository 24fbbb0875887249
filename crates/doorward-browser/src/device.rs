//! Devices that a tab can stand for.

/// A device by its size and name.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Device {
    /// The name that is written in options.
    pub name: &'static str,
    /// Width of the page in CSS pixels.
    pub width: u32,
    /// Height of the page in CSS pixels.
    pub height: u32,
    /// Device pixels for each CSS pixel.
    pub scale: f32,
    /// Whether it is touched and zooms as a phone does.
    pub is_mobile: bool,
    /// Its `User-Agent`.
    pub user_agent: &'static str,
}

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const IPAD: &str = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const PIXEL: &str =
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36";
const DESKTOP: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

const fn phone(name: &'static str, size: (u32, u32), scale: f32, user_agent: &'static str) -> Device {
    Device { name, width: size.0, height: size.1, scale, is_mobile: true, user_agent }
}

/// The devices that are known.
pub const DEVICES: &[Device] = &[
    phone("iPhone SE", (320, 568), 2.0, IPHONE),
    phone("iPhone 13", (390, 664), 3.0, IPHONE),
    phone("iPhone 14", (390, 664), 3.0, IPHONE),
    phone("iPhone 15", (393, 659), 3.0, IPHONE),
    phone("iPhone 15 Pro", (393, 659), 3.0, IPHONE),
    phone("iPad Mini", (768, 1024), 2.0, IPAD),
    phone("iPad Pro 11", (834, 1194), 2.0, IPAD),
    phone("Pixel 5", (393, 727), 2.75, PIXEL),
    phone("Pixel 7", (412, 839), 2.625, PIXEL),
    phone("Galaxy S9+", (320, 658), 4.5, PIXEL),
    Device { name: "Desktop Chrome", width: 1280, height: 720, scale: 1.0, is_mobile: false, user_agent: DESKTOP },
];

/// The device of this name, whatever its letter case.
#[must_use]
pub fn find(name: &str) -> Option<Device> {
    DEVICES.iter().find(|device| device.name.eq_ignore_ascii_case(name)).copied()
}
