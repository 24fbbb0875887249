//! Writes a sample of every page to a folder, to look at them: `cargo run --example pages -- FOLDER`.

use std::fs;
use std::path::Path;

use doorward::portal::{asset, path};
use doorward_core::language::Language;

#[expect(clippy::unwrap_used, reason = "the samples are part of the tests")]
#[path = "../tests/it/portal/sample.rs"]
mod sample;

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/pages".into());
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    for file in asset::all() {
        fs::write(folder.join(&file.file_name), file.bytes)?;
    }
    for language in Language::ALL {
        for (name, html) in sample::pages(language, sample::Words { name: "Ada Lovelace" }) {
            fs::write(folder.join(format!("{name}.{}.html", language.tag())), html.replace(path::ASSETS, ""))?;
        }
    }
    Ok(())
}
