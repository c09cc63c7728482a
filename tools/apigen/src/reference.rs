//! `docs/reference/<Class>.md`: every member with its signature in each language.

use crate::{
    c, cpp, doc,
    files::{Files, mark},
    model::{Api, Class, Common, Method, Property, Type},
    pascal, python, tcl,
};

/// Writes a page for each class, and the index.
pub(crate) fn generate(api: &Api, files: &mut Files) {
    let mut index = format!("<!-- {} -->\n\n# Reference\n\n", mark("api/"));
    index += "Every class with its members. The functions shown for C take and return UTF-8; each \
              also exists\nwith `wchar_t` text (`CkWebSocketW_…`) and with UTF-16 text \
              (`CkWebSocketU_…`), except those of\nCkString and CkByteData.\n\n";
    index += "| Class | Purpose |\n| --- | --- |\n";
    for class in &api.classes {
        let summary = doc::summary(&class.doc);
        index += &format!("| [{0}]({0}.md) | {summary} |\n", class.name);
        files.add(format!("docs/reference/{}.md", class.name), page(class));
    }
    files.add("docs/reference/README.md", index);
}

fn page(class: &Class) -> String {
    let mut out = format!("<!-- {} -->\n\n", mark(&format!("api/{}.toml", class.name)));
    out += &format!("# {}\n\n", class.c_name());
    out += &paragraphs(&doc::class(class));
    out += &format!("\nSource: {}.\n\n", doc::one_line(&class.source).trim_end_matches('.'));
    out += &life(class);
    out += &contents(class);
    if !class.properties.is_empty() {
        out += "\n## Properties\n";
        for property in &class.properties {
            out += &property_section(class, property);
        }
    }
    out += "\n## Methods\n";
    for method in &class.methods {
        out += &method_section(class, method);
    }
    out
}

fn life(class: &Class) -> String {
    let name = class.c_name();
    let mut rows = vec![
        (
            "C",
            vec![
                format!("H{name} {name}_Create(void);"),
                format!("void {name}_Dispose(H{name} handle);"),
            ],
        ),
        ("C++", vec![format!("{name} object;")]),
        (
            "Delphi",
            vec![
                format!("function {name}_Create: H{name}; cdecl;"),
                format!("procedure {name}_Dispose(objHandle: H{name}); cdecl;"),
            ],
        ),
        ("Tcl", vec![format!("set handle [new_{name}]"), format!("delete_{name} $handle")]),
    ];
    if !class.exact {
        rows.push(("Python", vec![format!("object = openck.{}()", class.name)]));
    }
    signatures(&rows)
}

fn contents(class: &Class) -> String {
    let mut out = String::new();
    let properties = class.properties.iter().map(|p| p.name.as_str());
    let methods = class.methods.iter().map(|m| m.name.as_str());
    for (title, names) in
        [("Properties", properties.collect::<Vec<_>>()), ("Methods", methods.collect())]
    {
        if !names.is_empty() {
            let links: Vec<_> =
                names.iter().map(|name| format!("[{name}](#{})", name.to_lowercase())).collect();
            out += &format!("\n{title}:\n{}\n", doc::wrap(&links.join(", "), 100).join("\n"));
        }
    }
    out
}

fn property_section(class: &Class, property: &Property) -> String {
    let access = if property.writable { "read and write" } else { "read only" };
    let mut out = format!("\n### {}\n\n", property.name);
    out += &format!("Property, {}, {access}.", type_word(&property.ty));
    if let Some(default) = doc::default_text(property) {
        out += &format!(" Default: {default}.");
    }
    out += "\n\n";
    out += &signatures(&property_rows(class, property));
    out += "\n";
    out += &paragraphs(&property.common.doc);
    out + &facts(&property.common, false)
}

fn property_rows(class: &Class, property: &Property) -> Vec<(&'static str, Vec<String>)> {
    let mut python = Vec::new();
    if python::has_property(class, property) {
        python.push(format!("{}: {}", property.name, python::type_of(&property.ty)));
    }
    vec![
        ("C", c::property_signatures(class, property)),
        ("C++", cpp::property_signatures(class, property)),
        ("Delphi", pascal::property_signatures(class, property)),
        ("Tcl", tcl_lines(tcl::property_signatures(class, property))),
        ("Python", python),
    ]
}

fn method_section(class: &Class, method: &Method) -> String {
    let mut out = format!("\n### {}\n\n", method.name);
    let mut python = Vec::new();
    if python::has_method(class, method) {
        python.push(python::signature(method));
    }
    out += &signatures(&[
        ("C", c::method_signatures(class, method)),
        ("C++", cpp::method_signatures(class, method)),
        ("Delphi", pascal::method_signatures(class, method)),
        ("Tcl", tcl_lines(tcl::method_signatures(class, method))),
        ("Python", python),
    ]);
    out += "\n";
    out += &paragraphs(&method.common.doc);
    if !method.args.is_empty() {
        out += "\n";
        for arg in &method.args {
            out += &paragraphs(&format!("- `{}`: {}", arg.name, doc::one_line(&arg.doc)));
        }
    }
    out + &facts(&method.common, method.blocking)
}

/// Result, failure and the rest, as a list.
fn facts(common: &Common, blocking: bool) -> String {
    let mut list = String::new();
    let facts = [
        ("Result", &common.result),
        ("Errors", &common.errors),
        ("Ownership", &common.ownership),
        ("Threads", &common.threads),
    ];
    for (label, text) in facts {
        if let Some(text) = text {
            list += &paragraphs(&format!("- {label}: {}", doc::one_line(text)));
        }
    }
    if blocking {
        list += "- Waits for the network.\n";
    }
    if common.addition {
        list += "- Not in the original library.\n";
    }
    list += &paragraphs(&format!("- Source: {}", doc::one_line(&common.source)));
    format!("\n{list}")
}

/// One code block for each language that has the member.
fn signatures(rows: &[(&str, Vec<String>)]) -> String {
    let mut out = String::new();
    for (language, lines) in rows.iter().filter(|(_, lines)| !lines.is_empty()) {
        let tag = match *language {
            "C++" => "cpp".to_owned(),
            "Delphi" => "pascal".to_owned(),
            other => other.to_lowercase(),
        };
        out += &format!("```{tag}\n{}\n```\n", lines.join("\n"));
    }
    out
}

fn tcl_lines(commands: Vec<(String, String)>) -> Vec<String> {
    let line = |(name, usage): (String, String)| {
        let args: String = usage.split_whitespace().map(|arg| format!(" ${arg}")).collect();
        name + &args
    };
    commands.into_iter().map(line).collect()
}

fn paragraphs(text: &str) -> String {
    doc::wrap(text, 100).join("\n") + "\n"
}

fn type_word(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "boolean",
        Type::Int => "integer",
        Type::ULong => "unsigned integer",
        Type::Int64 => "64-bit integer",
        Type::Text(_) => "string",
        Type::Bytes | Type::Ptr => "bytes",
        Type::Object(_) => "object",
    }
}
