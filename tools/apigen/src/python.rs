//! `bindings/python/openck/_generated.py`: the classes, annotated, over the dynamic call.

use crate::{
    doc,
    files::{Files, mark},
    model::{Api, Arg, Binding, Class, Method, Property, Returns, Type},
    names,
};

/// Writes the module. Exact classes are out-parameters of C and have no place in Python.
pub(crate) fn generate(api: &Api, files: &mut Files) {
    let classes: Vec<_> = api.classes.iter().filter(|class| !class.exact).collect();
    let mut out = format!("# {}\n", mark("api/"));
    out += "\"\"\"The classes of openck.\n\nThey are generated; what carries them is in \
            ``_runtime``.\n\"\"\"\n\n";
    out += "from __future__ import annotations\n\nfrom ._runtime import Object\n\n__all__ = [\n";
    let mut names: Vec<_> = classes.iter().map(|class| class.name.as_str()).collect();
    names.sort_unstable();
    for name in names {
        out += &format!("    \"{name}\",\n");
    }
    out += "]\n";
    for class in classes {
        out += &class_text(class);
    }
    files.add("bindings/python/openck/_generated.py", out);
}

/// Whether Python offers a property.
pub(crate) fn has_property(class: &Class, property: &Property) -> bool {
    !class.exact && property.common.allows(Binding::Python)
}

/// Whether Python offers a method.
pub(crate) fn has_method(class: &Class, method: &Method) -> bool {
    !class.exact && method.common.allows(Binding::Python) && method.is_dynamic()
}

/// `SendFrame(self, stringToSend: str, finalFrame: bool) -> bool`
pub(crate) fn signature(method: &Method) -> String {
    let mut params = vec!["self".to_owned()];
    params.extend(method.args.iter().map(|arg| format!("{}: {}", name_of(arg), type_of(&arg.ty))));
    format!("{}({}) -> {}", method.name, params.join(", "), returned(method.returns))
}

/// The Python type of a property or argument.
pub(crate) fn type_of(ty: &Type) -> &str {
    match ty {
        Type::Bool => "bool",
        Type::Int | Type::ULong | Type::Int64 => "int",
        Type::Text(_) => "str",
        Type::Bytes | Type::Ptr => "bytes | bytearray | memoryview",
        Type::Object(class) => class,
    }
}

fn returned(returns: Returns) -> &'static str {
    match returns {
        Returns::Success | Returns::Query => "bool",
        Returns::Int | Returns::ULong => "int",
        Returns::Text(_) => "str | None",
        Returns::Bytes | Returns::Ptr => "bytes | None",
        Returns::Void => "None",
    }
}

fn class_text(class: &Class) -> String {
    let mut out = format!("\n\nclass {}(Object):\n", class.name);
    out += &docstring(&doc::class(class), "    ");
    out += &format!("\n    __slots__ = ()\n    _class_name = \"{}\"\n", class.name);
    for property in class.properties.iter().filter(|p| has_property(class, p)) {
        out += &property_text(property);
    }
    for method in class.methods.iter().filter(|m| has_method(class, m)) {
        out += &method_text(method);
    }
    out
}

fn property_text(property: &Property) -> String {
    let (name, ty) = (&property.name, type_of(&property.ty));
    let mut out = format!("\n    @property\n    def {name}(self) -> {ty}:\n");
    out += &docstring(&doc::without_ownership(&doc::getter(property)), "        ");
    out += &format!("        return self._get(\"get:{name}\")\n");
    if property.writable {
        out += &format!(
            "\n    @{name}.setter\n    def {name}(self, value: {ty}) -> None:\n        \
             self._put(\"put:{name}\", value)\n"
        );
    }
    out
}

fn method_text(method: &Method) -> String {
    let head = format!("    def {}:\n", signature(method));
    let mut out = String::from("\n");
    if head.len() <= 100 {
        out += &head;
    } else {
        let inner = signature(method);
        let (name, rest) = inner.split_once('(').unwrap_or((&inner, ""));
        let (params, returns) = rest.split_once(')').unwrap_or((rest, ""));
        out += &format!("    def {name}(\n");
        for param in params.split(", ") {
            out += &format!("        {param},\n");
        }
        out += &format!("    ){returns}:\n");
    }
    out += &docstring(&doc::without_ownership(&doc::method(method)), "        ");
    let mut call = vec![format!("\"{}\"", method.name)];
    call.extend(method.args.iter().map(name_of));
    let result = if method.returns == Returns::Void { "" } else { "return " };
    out + &format!("        {result}self._call({})\n", call.join(", "))
}

fn name_of(arg: &Arg) -> String {
    names::python_arg(&arg.name)
}

fn docstring(text: &str, indent: &str) -> String {
    let text = text.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    let body = doc::comment(&text, indent, 96);
    let body = body.trim();
    if body.contains('\n') || body.ends_with('"') {
        format!("{indent}\"\"\"{body}\n{indent}\"\"\"\n")
    } else {
        format!("{indent}\"\"\"{body}\"\"\"\n")
    }
}
