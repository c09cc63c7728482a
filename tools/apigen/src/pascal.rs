//! `bindings/delphi/<Class>.pas`: units under the original names, bound to the UTF-16 exports.

use crate::{
    doc,
    files::{Files, mark},
    model::{Api, Binding, Class, Common, Method, Property, Result, Returns, TextKind, Type},
    names,
};

/// Pascal's PWideChar is UTF-16 everywhere, so what takes `wchar_t` in C binds to these instead.
const WIDE: [(&str, &str); 3] = [
    ("getUnicode", "getStringUtf16"),
    ("setStringU", "setStringUtf16"),
    ("appendU", "appendUtf16"),
];

/// Writes a unit for each class.
pub(crate) fn generate(api: &Api, files: &mut Files) -> Result<()> {
    for class in &api.classes {
        files.add(format!("bindings/delphi/{}.pas", class.name), unit(class)?);
    }
    Ok(())
}

/// The identifiers that a unit declares.
pub(crate) fn identifiers(class: &Class) -> Vec<String> {
    let declarations = declarations(class).unwrap_or_default();
    declarations.into_iter().map(|declaration| declaration.name).collect()
}

/// The declarations of a property, as the reference shows them.
pub(crate) fn property_signatures(class: &Class, property: &Property) -> Vec<String> {
    if !is_offered(&property.common) || property.is_narrow_only() {
        return Vec::new();
    }
    property_declarations(class, property).iter().map(Declaration::signature).collect()
}

/// The declarations of a method, as the reference shows them.
pub(crate) fn method_signatures(class: &Class, method: &Method) -> Vec<String> {
    if !is_offered(&method.common) {
        return Vec::new();
    }
    let declarations = method_declarations(class, method).unwrap_or_default();
    declarations.iter().map(Declaration::signature).collect()
}

/// One function or procedure of a unit.
struct Declaration {
    name: String,
    params: Vec<String>,
    returns: Option<String>,
    export: String,
    doc: String,
}

impl Declaration {
    fn signature(&self) -> String {
        let keyword = if self.returns.is_some() { "function" } else { "procedure" };
        let params = match self.params.as_slice() {
            [] => String::new(),
            params => format!("({})", params.join("; ")),
        };
        let returns = self.returns.as_ref().map(|ty| format!(": {ty}")).unwrap_or_default();
        format!("{keyword} {}{params}{returns}; cdecl;", self.name)
    }

    fn text(&self) -> String {
        let signature = self.signature();
        let external = format!("external DLLName name '{}';", self.export);
        let declared = if signature.len() <= 100 {
            signature
        } else {
            signature
                .replacen('(', "(\n  ", 1)
                .replace("; ", ";\n  ")
                .replace(";\n  cdecl", "; cdecl")
        };
        format!("{}{declared}\n  {external}\n\n", doc::comment(&self.doc, "// ", 100))
    }
}

fn unit(class: &Class) -> Result<String> {
    let declarations = declarations(class)?;
    let mut out = format!("// {}\n\n", mark(&format!("api/{}.toml", class.name)));
    out += &doc::comment(&doc::class(class), "// ", 100);
    out += &format!("unit {};\n\n", class.name);
    out += "{$IFDEF FPC}{$MODE DELPHIUNICODE}{$ENDIF}\n\ninterface\n\n{$I openckDllPath.inc}\n\n";
    out += "type\n";
    for handle in handles(class, &declarations) {
        out += &format!("  {handle} = Pointer;\n");
    }
    if declarations.iter().any(|d| d.signature().contains("CkULong")) {
        out += "  {$IFDEF MSWINDOWS}\n  CkULong = LongWord;\n  {$ELSE}\n  CkULong = NativeUInt;\n  \
                {$ENDIF}\n";
    }
    out += "\n";
    for declaration in &declarations {
        out += &declaration.text();
    }
    Ok(out + "implementation\n\nend.\n")
}

/// The handle types that a unit needs; each unit declares its own, as the original's do.
fn handles(class: &Class, declarations: &[Declaration]) -> Vec<String> {
    let mut out = vec![names::handle(&class.name)];
    for declaration in declarations {
        for param in &declaration.params {
            let ty = param.rsplit(' ').next().unwrap_or_default();
            if ty.starts_with("HCk") && !out.iter().any(|handle| handle == ty) {
                out.push(ty.to_owned());
            }
        }
    }
    out
}

fn declarations(class: &Class) -> Result<Vec<Declaration>> {
    let handle = names::handle(&class.name);
    let create =
        declare(class, "_Create", "Create", Vec::new(), Some(handle), "Creates an object.");
    let dispose = declare(class, "_Dispose", "Dispose", Vec::new(), None, "Ends an object's life.");
    let mut out = vec![Declaration { params: Vec::new(), ..create }, dispose];
    for property in &class.properties {
        if is_offered(&property.common) && !property.is_narrow_only() {
            out.extend(property_declarations(class, property));
        }
    }
    for method in class.methods.iter().filter(|m| is_offered(&m.common)) {
        out.extend(method_declarations(class, method)?);
    }
    Ok(out)
}

fn is_offered(common: &Common) -> bool {
    common.allows(Binding::Delphi)
}

/// `name` follows the class in Pascal, `export` in the library.
fn declare(
    class: &Class,
    name: &str,
    export: &str,
    mut params: Vec<String>,
    returns: Option<String>,
    doc: &str,
) -> Declaration {
    let c_name = class.c_name();
    let family = if class.exact { "" } else { "U" };
    params.insert(0, format!("objHandle: {}", names::handle(&class.name)));
    Declaration {
        name: format!("{c_name}{name}"),
        params,
        returns,
        export: format!("{c_name}{family}_{export}"),
        doc: doc.to_owned(),
    }
}

fn property_declarations(class: &Class, property: &Property) -> Vec<Declaration> {
    let doc = doc::getter(property);
    let getter = names::c_getter(property);
    let ty = type_name(&property.ty);
    let mut out = Vec::new();
    if matches!(property.ty, Type::Text(_)) {
        let name = names::c_text_getter(property);
        out.push(declare(class, &format!("__{name}"), &name, Vec::new(), Some(ty.clone()), &doc));
        let into = format!("{}\n\nPuts the text into `outPropVal`.", doc::summary(&doc));
        let params = vec!["outPropVal: HCkString".into()];
        out.push(declare(class, &format!("_{getter}"), &getter, params, None, &into));
    } else {
        let returns = Some(ty.clone());
        out.push(declare(class, &format!("_{getter}"), &getter, Vec::new(), returns, &doc));
    }
    if property.writable {
        let setter = names::c_setter(property);
        let params = vec![format!("newPropVal: {ty}")];
        let doc = format!("Sets {}.", property.name);
        out.push(declare(class, &format!("_{setter}"), &setter, params, None, &doc));
    }
    out
}

fn method_declarations(class: &Class, method: &Method) -> Result<Vec<Declaration>> {
    let doc = doc::method(method);
    let name = &method.name;
    let mut params: Vec<_> = method.args.iter().map(parameter).collect();
    let mut out = Vec::new();
    if let Returns::Text(kind) = method.returns {
        let lower = names::lower_first(name);
        let (pascal, export) = match class.exact {
            true => (format!("_{name}"), exact_export(class, method)?),
            false => (format!("__{lower}"), lower),
        };
        let returns = Some(type_name(&Type::Text(kind)));
        out.push(declare(class, &pascal, &export, params.clone(), returns, &doc));
        if class.exact {
            return Ok(out);
        }
    }
    let mut text = doc.clone();
    let returns = match method.returns {
        Returns::Success | Returns::Query => Some("LongBool"),
        Returns::Int => Some("Integer"),
        Returns::ULong => Some("CkULong"),
        Returns::Ptr => Some("PByte"),
        Returns::Void => None,
        Returns::Text(_) => {
            params.push("outStr: HCkString".into());
            text = format!("{}\n\nPuts the text into `outStr`.", doc::summary(&doc));
            Some("LongBool")
        }
        Returns::Bytes => {
            params.push("outData: HCkByteData".into());
            text += "\n\nPuts the bytes into `outData`.";
            Some("LongBool")
        }
    };
    let export = exact_export(class, method)?;
    let returns = returns.map(str::to_owned);
    out.push(declare(class, &format!("_{name}"), &export, params, returns, &text));
    Ok(out)
}

/// The export behind a method; for wide text that with UTF-16.
fn exact_export(class: &Class, method: &Method) -> Result<String> {
    let wide = |kind: &Type| *kind == Type::Text(TextKind::Wide);
    if method.returns != Returns::Text(TextKind::Wide) && !method.args.iter().any(|a| wide(&a.ty)) {
        return Ok(method.name.clone());
    }
    let twin = WIDE.iter().find(|(name, _)| *name == method.name).map(|(_, twin)| *twin);
    let exists = |twin: &&str| class.methods.iter().any(|m| m.name == **twin);
    twin.filter(exists).map(str::to_owned).ok_or_else(|| {
        format!(
            "api/{}.toml: method {}: Delphi needs a method with utf16 text for it, see WIDE in \
             pascal.rs",
            class.name, method.name
        )
    })
}

fn parameter(arg: &crate::model::Arg) -> String {
    format!("{}: {}", names::pascal_arg(&arg.name), type_name(&arg.ty))
}

fn type_name(ty: &Type) -> String {
    match ty {
        Type::Bool => "LongBool".into(),
        Type::Int => "Integer".into(),
        Type::ULong => "CkULong".into(),
        Type::Int64 => "Int64".into(),
        Type::Text(TextKind::Narrow) => "PAnsiChar".into(),
        Type::Text(_) => "PWideChar".into(),
        Type::Bytes => "HCkByteData".into(),
        Type::Ptr => "Pointer".into(),
        Type::Object(class) => names::handle(class),
    }
}
