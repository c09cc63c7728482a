//! `include/C_Ck….h`, printed by cbindgen from the generated exports, and `openck.h`.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    process,
};

use crate::{
    doc,
    files::{Files, mark},
    model::{Api, Class, Result},
    names::{self, Family},
};

/// The hand-written exports that belong to no class.
const LIBRARY: &str = "src/ffi/library.rs";

/// Writes the header of each class and family, and the one that includes them all.
pub(crate) fn generate(api: &Api, root: &Path, files: &mut Files) -> Result<()> {
    let folder = Folder::create()?;
    let mut includes = Vec::new();
    for class in &api.classes {
        for family in names::families(class) {
            let module = format!("{}{}.rs", class.module(), family.file_suffix());
            let source = files.get(&format!("src/ffi/generated/{module}")).unwrap_or_default();
            let path = folder.0.join(&module);
            fs::write(&path, source).map_err(|e| format!("{}: {e}", path.display()))?;
            let name = format!("C_{}{}.h", class.c_name(), family.suffix());
            files.add(format!("include/{name}"), class_header(&path, class, *family, api)?);
            includes.push(name);
        }
    }
    let library = root.join(LIBRARY);
    if library.is_file() {
        files.add("include/openck_library.h", library_header(&library)?);
        includes.push("openck_library.h".into());
    }
    files.add("include/openck.h", umbrella(&includes));
    Ok(())
}

/// A folder of our own under the system's temporary one, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Self> {
        let unique = format!("apigen-{}-{:?}", process::id(), std::thread::current().id());
        let path = env::temp_dir().join(unique);
        fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the temporary folder does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn class_header(source: &Path, class: &Class, family: Family, api: &Api) -> Result<String> {
    let file = format!("C_{}{}", class.c_name(), family.suffix());
    let mut config = config(&file, &format!("api/{}.toml", class.name));
    config.includes = vec!["chilkatDefs.h".into()];
    if family == Family::Utf8 {
        let text = doc::comment(&doc::class(class), " * ", 100);
        config.after_includes = Some(format!("\n/**\n{text} */"));
    }
    config.export.rename = handle_names(api, family);
    print(source, config)
}

fn library_header(source: &Path) -> Result<String> {
    let mut config = config("openck_library", LIBRARY);
    config.includes = vec!["chilkatDefs.h".into()];
    print(source, config)
}

/// Handles of the wide families have names of their own, except those of exact classes.
fn handle_names(api: &Api, family: Family) -> HashMap<String, String> {
    let standard = api.classes.iter().filter(|class| !class.exact);
    let renamed = standard.map(|class| {
        let handle = names::handle(&class.name);
        (handle.clone(), handle + family.suffix())
    });
    renamed.collect()
}

fn config(file: &str, source: &str) -> cbindgen::Config {
    let mut config = cbindgen::Config {
        language: cbindgen::Language::C,
        header: Some(format!("/* {} */", mark(source))),
        include_guard: Some(format!("{}_H", file.to_uppercase())),
        no_includes: true,
        cpp_compat: true,
        line_length: 100,
        tab_width: 4,
        style: cbindgen::Style::Both,
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        usize_is_size_t: true,
        ..cbindgen::Config::default()
    };
    config.function.prefix = Some("CK_C_VISIBLE_PUBLIC".into());
    config
}

fn print(source: &Path, config: cbindgen::Config) -> Result<String> {
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(source)
        .generate()
        .map_err(|e| format!("cbindgen, {}: {e}", source.display()))?;
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    String::from_utf8(bytes).map_err(|e| format!("cbindgen, {}: {e}", source.display()))
}

fn umbrella(includes: &[String]) -> String {
    let mut out = format!("/* {} */\n\n", mark("api/"));
    out += "/* Everything that openck exports to C. */\n\n#ifndef OPENCK_H\n#define OPENCK_H\n\n";
    for include in includes {
        out += &format!("#include \"{include}\"\n");
    }
    out + "\n#endif /* OPENCK_H */\n"
}
