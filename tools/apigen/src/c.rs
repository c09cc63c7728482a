//! C signatures, as the reference shows them.

use crate::{
    model::{Arg, Binding, Class, Common, Method, Property, Returns, TextKind, Type},
    names::{self, Family},
    rust_exports::export,
};

/// The functions of a property with UTF-8 text.
pub(crate) fn property_signatures(class: &Class, property: &Property) -> Vec<String> {
    if !is_offered(&property.common) {
        return Vec::new();
    }
    let getter = names::c_getter(property);
    let ty = type_name(&property.ty);
    let mut out = Vec::new();
    if matches!(property.ty, Type::Text(_)) {
        out.push(function(class, &ty, &names::c_text_getter(property), &[]));
        out.push(function(class, "void", &getter, &["HCkString outStr".into()]));
    } else {
        out.push(function(class, &ty, &getter, &[]));
    }
    if property.writable {
        out.push(function(class, "void", &names::c_setter(property), &[declare(&ty, "newVal")]));
    }
    out
}

/// The functions of a method with UTF-8 text.
pub(crate) fn method_signatures(class: &Class, method: &Method) -> Vec<String> {
    if !is_offered(&method.common) {
        return Vec::new();
    }
    let mut params: Vec<_> = method.args.iter().map(parameter).collect();
    let name = &method.name;
    let ty = match method.returns {
        Returns::Success | Returns::Query => "BOOL".to_owned(),
        Returns::Int => "int".into(),
        Returns::ULong => "unsigned long".into(),
        Returns::Void => "void".into(),
        Returns::Ptr => "const unsigned char *".into(),
        Returns::Text(kind) if class.exact => type_name(&Type::Text(kind)),
        Returns::Text(kind) => {
            let text = type_name(&Type::Text(kind));
            let by_pointer = function(class, &text, &names::lower_first(name), &params);
            params.push("HCkString outStr".into());
            return vec![by_pointer, function(class, "BOOL", name, &params)];
        }
        Returns::Bytes => {
            params.push("HCkByteData outData".into());
            "BOOL".into()
        }
    };
    vec![function(class, &ty, name, &params)]
}

fn is_offered(common: &Common) -> bool {
    common.allows(Binding::C)
}

fn function(class: &Class, ty: &str, name: &str, params: &[String]) -> String {
    let name = export(class, Family::Utf8, name);
    let mut all = vec![format!("{} handle", names::handle(&class.name))];
    all.extend_from_slice(params);
    format!("{}({});", declare(ty, &name), all.join(", "))
}

fn parameter(arg: &Arg) -> String {
    declare(&type_name(&arg.ty), &arg.name)
}

/// `const char *name`, `BOOL name`.
fn declare(ty: &str, name: &str) -> String {
    if ty.ends_with('*') { format!("{ty}{name}") } else { format!("{ty} {name}") }
}

fn type_name(ty: &Type) -> String {
    match ty {
        Type::Bool => "BOOL".into(),
        Type::Int => "int".into(),
        Type::ULong => "unsigned long".into(),
        Type::Int64 => "int64_t".into(),
        Type::Text(TextKind::Wide) => "const wchar_t *".into(),
        Type::Text(TextKind::Utf16) => "const uint16_t *".into(),
        Type::Text(_) => "const char *".into(),
        Type::Bytes => "HCkByteData".into(),
        Type::Ptr => "const unsigned char *".into(),
        Type::Object(class) => names::handle(class),
    }
}
