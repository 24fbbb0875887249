//! Style sheet, modules and pictures: part of the program, named by their content.

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

/// The modules of the pages, and the client that they use: the very files of the package for apps.
const MODULES: [(&str, &str); 11] = [
    ("doorward.js", include_str!("../../assets/doorward.js")),
    ("passkey.js", include_str!("../../assets/passkey.js")),
    ("client.js", include_str!("../../../../clients/js/src/client.js")),
    ("csrf.js", include_str!("../../../../clients/js/src/csrf.js")),
    ("error.js", include_str!("../../../../clients/js/src/error.js")),
    ("repeat.js", include_str!("../../../../clients/js/src/repeat.js")),
    ("steps.js", include_str!("../../../../clients/js/src/steps.js")),
    ("trouble.js", include_str!("../../../../clients/js/src/trouble.js")),
    ("messages.js", include_str!("../../../../clients/js/src/messages.js")),
    ("webauthn.js", include_str!("../../../../clients/js/src/webauthn.js")),
    ("bearer.js", include_str!("../../../../clients/js/src/bearer.js")),
];

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let mut assets = vec![
        asset("doorward.css", "text/css; charset=utf-8", include_bytes!("../../assets/doorward.css")),
        asset("door.svg", "image/svg+xml", include_bytes!("../../assets/door.svg")),
    ];
    assets.extend(modules());
    assets
});

/// The modules. They name one another, some of them in a circle, so one hash stands for all of them together.
fn modules() -> impl Iterator<Item = Asset> {
    let hash = hash(MODULES.map(|(_, text)| text).concat());
    MODULES.iter().map(move |(source, text)| {
        let linked = MODULES.iter().fold((*text).to_owned(), |linked, (other, _)| {
            linked.replace(&format!("\"./{other}\""), &format!("\"./{}\"", named(other, &hash)))
        });
        Asset {
            file_name: named(source, &hash),
            bytes: linked.into_bytes().leak(),
            content_type: "text/javascript; charset=utf-8",
            etag: format!("\"{hash}\""),
            source,
        }
    })
}

fn asset(source: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    let hash = hash(bytes);
    Asset { file_name: named(source, &hash), bytes, content_type, etag: format!("\"{hash}\""), source }
}

fn hash(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes.as_ref())[..12])
}

fn named(source: &str, hash: &str) -> String {
    let (stem, extension) = source.split_once('.').expect("each source has an extension");
    format!("{stem}.{hash}.{extension}")
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
        for asset in all().filter(|asset| asset.source != "messages.js") {
            let text = std::str::from_utf8(asset.bytes).unwrap().replace("http://www.w3.org/2000/svg", "");
            // Where there is no page (Node), a relative address needs some base; nothing is fetched from it.
            let text = text.replace("?? \"http://localhost\"", "");
            assert!(!text.contains("://") && !text.contains("@import "), "{}", asset.source);
        }
    }

    #[test]
    fn every_module_that_a_module_names_is_found_under_that_name() {
        let mut named = 0;
        for asset in all().filter(|asset| asset.content_type.starts_with("text/javascript")) {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            let calls = text.split("import(\"./").skip(1).chain(text.split("from \"./").skip(1));
            for call in calls {
                // A comment names the declarations, which are for the compiler of others.
                let name = call.split('"').next().unwrap();
                if name == "index.js" || text.contains(&format!("typeof import(\"./{name}\")")) {
                    continue;
                }
                assert!(find(name).is_some(), "{} names {name}", asset.source);
                named += 1;
            }
        }
        assert!(named > 8, "{named}");
    }
}
