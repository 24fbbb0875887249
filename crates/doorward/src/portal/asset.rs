//! Style sheet, client module and pictures: part of the program, named by their content.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::path;

/// One file that pages refer to. Its name changes with its content, so it may be cached for ever.
#[derive(Debug)]
pub struct Asset {
    /// `doorward.0123456789abcdef.css`: 16 characters of base64url stand for the content.
    pub file_name: String,
    /// The content.
    pub bytes: &'static [u8],
    /// The field `Content-Type`.
    pub content_type: &'static str,
    /// The field `ETag`, with its quotes.
    pub etag: String,
    source: &'static str,
}

/// The field `Cache-Control` of every asset.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

static ASSETS: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    [
        asset("doorward.css", "text/css; charset=utf-8", include_bytes!("../../assets/doorward.css")),
        asset("doorward.js", "text/javascript; charset=utf-8", include_bytes!("../../assets/doorward.js")),
        asset("passkey.js", "text/javascript; charset=utf-8", include_bytes!("../../assets/passkey.js")),
        asset("door.svg", "image/svg+xml", include_bytes!("../../assets/door.svg")),
    ]
});

fn asset(source: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    let digest = Sha256::digest(bytes);
    let hash = URL_SAFE_NO_PAD.encode(&digest[..12]);
    let (stem, extension) = source.split_once('.').expect("each name in ASSETS has an extension");
    Asset { file_name: format!("{stem}.{hash}.{extension}"), bytes, content_type, etag: format!("\"{hash}\""), source }
}

/// The asset under this name, hash included.
#[must_use]
pub fn find(file_name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.file_name == file_name)
}

/// Every asset.
pub fn all() -> impl Iterator<Item = &'static Asset> {
    ASSETS.iter()
}

/// The path of an asset for a page, by the name of its source.
pub(crate) fn url(source: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.source == source).expect("templates name assets that exist");
    format!("{}{}", path::ASSETS, asset.file_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pages_refer_to_is_found_and_nothing_else() {
        for asset in all() {
            let url = url(asset.source);
            let found = find(url.strip_prefix(path::ASSETS).unwrap()).unwrap();
            assert_eq!(found.bytes, asset.bytes);
            assert!(!asset.bytes.is_empty());
        }
        for name in ["", "doorward.css", "../Cargo.toml", "door.0000000000000000.svg"] {
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        for asset in all() {
            let text = std::str::from_utf8(asset.bytes).unwrap().replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("://") && !text.contains("@import"), "{}", asset.source);
        }
    }
}
