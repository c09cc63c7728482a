//! `include/Ck….h`: C++ classes in the original's style, header only, over the C functions.

use std::collections::BTreeSet;

use crate::{
    doc,
    files::{Files, mark},
    model::{Api, Arg, Binding, Class, Common, Method, Property, Returns, TextKind, Type},
    names,
};

/// Writes a header for each class.
pub(crate) fn generate(api: &Api, files: &mut Files) {
    for class in &api.classes {
        files.add(format!("include/{}.h", class.c_name()), header(class));
    }
}

/// The names of all member functions.
pub(crate) fn identifiers(class: &Class) -> Vec<String> {
    members(class).into_iter().map(|member| member.name).collect()
}

/// The member functions of a property, as the reference shows them.
pub(crate) fn property_signatures(class: &Class, property: &Property) -> Vec<String> {
    let members = property_members(class, property);
    members.iter().map(|member| member.signature("") + ";").collect()
}

/// The member functions of a method, as the reference shows them.
pub(crate) fn method_signatures(class: &Class, method: &Method) -> Vec<String> {
    let members = method_members(class, method);
    members.iter().map(|member| member.signature("") + ";").collect()
}

/// A member function.
struct Member {
    returns: String,
    name: String,
    params: Vec<String>,
    is_const: bool,
    body: String,
    doc: String,
}

impl Member {
    /// `bool SendFrame(const char *stringToSend, bool finalFrame)`
    fn signature(&self, scope: &str) -> String {
        let gap = if self.returns.ends_with('*') { "" } else { " " };
        let suffix = if self.is_const { " const" } else { "" };
        format!("{}{gap}{scope}{}({}){suffix}", self.returns, self.name, self.params.join(", "))
    }
}

/// What C++ programs expect of a text beyond its methods.
const STRING_EXTRAS: &str = "
    /** A text with this content. */
    CkString(const char *str) : m_handle(CkString_Create()) { CkString_setString(m_handle, str); }
    CkString(const CkString &other) : m_handle(CkString_Create()) {
        CkString_setStr(m_handle, other.m_handle);
    }
    CkString &operator=(const CkString &other) {
        CkString_setStr(m_handle, other.m_handle);
        return *this;
    }
    CkString &operator=(const char *str) {
        CkString_setString(m_handle, str);
        return *this;
    }
    operator const char *() const { return CkString_getString(m_handle); }

    /** Whether `char` text of this object is UTF-8; otherwise it is ANSI on Windows. */
    bool get_Utf8() const { return CkString_getUtf8(m_handle) != 0; }
    /** Sets Utf8. */
    void put_Utf8(bool newVal) { CkString_putUtf8(m_handle, newVal); }
";

fn header(class: &Class) -> String {
    let name = class.c_name();
    let members = members(class);
    let others = others(class, &members);
    let guard = format!("{}_H", name.to_uppercase());
    let mut out = format!("/* {} */\n\n", mark(&format!("api/{}.toml", class.name)));
    out += &format!("#ifndef {guard}\n#define {guard}\n\n#include \"C_{name}.h\"\n\n");
    for other in &others {
        out += &format!("class {other};\n");
    }
    if !others.is_empty() {
        out += "\n";
    }
    out += &class_text(class, &members);
    for other in &others {
        out += &format!("#include \"{other}.h\"\n");
    }
    if !others.is_empty() {
        out += "\n";
    }
    for member in &members {
        let signature = member.signature(&format!("{name}::"));
        out += &format!("inline {signature} {{\n    {}\n}}\n\n", member.body);
    }
    out + &format!("#endif /* {guard} */\n")
}

fn class_text(class: &Class, members: &[Member]) -> String {
    let name = class.c_name();
    let mut out = comment(&doc::class(class), "");
    out += &format!("class {name} {{\npublic:\n");
    out += &format!("    {name}() : m_handle({name}_Create()) {{}}\n");
    out += &format!("    ~{name}() {{ {name}_Dispose(m_handle); }}\n");
    if name == "CkString" {
        out += STRING_EXTRAS;
    } else {
        out += &format!("    {name}(const {name} &) = delete;\n");
        out += &format!("    {name} &operator=(const {name} &) = delete;\n");
    }
    out += "\n    /** The handle for C functions; it stays this object's. */\n";
    out += &format!("    H{name} handle() const {{ return m_handle; }}\n");
    for member in members {
        out += &format!("\n{}    {};\n", comment(&member.doc, "    "), member.signature(""));
    }
    out + &format!("\nprivate:\n    H{name} m_handle;\n}};\n\n")
}

fn comment(text: &str, indent: &str) -> String {
    let lines = doc::comment(text, &format!("{indent} * "), 100);
    format!("{indent}/**\n{lines}{indent} */\n")
}

/// The other classes that signatures name.
fn others(class: &Class, members: &[Member]) -> BTreeSet<String> {
    let params = members.iter().flat_map(|member| &member.params);
    let types = params.filter_map(|param| param.split_once(" &").map(|(ty, _)| ty.to_owned()));
    types.filter(|ty| *ty != class.c_name()).collect()
}

fn members(class: &Class) -> Vec<Member> {
    let properties = class.properties.iter().flat_map(|p| property_members(class, p));
    properties.chain(class.methods.iter().flat_map(|m| method_members(class, m))).collect()
}

fn is_offered(common: &Common) -> bool {
    common.allows(Binding::Cpp)
}

fn property_members(class: &Class, property: &Property) -> Vec<Member> {
    if !is_offered(&property.common) {
        return Vec::new();
    }
    let c_name = class.c_name();
    let doc = doc::getter(property);
    let (name, getter) = (&property.name, names::c_getter(property));
    let get = |returns: String, name: String, params: Vec<String>, body, doc: &str| Member {
        returns,
        name,
        params,
        is_const: true,
        body,
        doc: doc.to_owned(),
    };
    let mut out = Vec::new();
    if matches!(property.ty, Type::Text(_)) {
        let text = names::c_text_getter(property);
        let body = format!("return {c_name}_{text}(m_handle);");
        out.push(get("const char *".into(), text, Vec::new(), body, &doc));
        let into = format!("{}\n\nPuts the text into `outStr`.", doc::summary(&doc));
        let body = format!("{c_name}_{getter}(m_handle, outStr.handle());");
        let params = vec!["CkString &outStr".into()];
        out.push(get("void".into(), format!("get_{name}"), params, body, &into));
    } else {
        let body = returned(&property.ty, &format!("{c_name}_{getter}(m_handle)"));
        out.push(get(type_name(&property.ty), format!("get_{name}"), Vec::new(), body, &doc));
    }
    if property.writable {
        let setter = names::c_setter(property);
        out.push(Member {
            returns: "void".into(),
            name: format!("put_{name}"),
            params: vec![declare(&property.ty, "newVal")],
            is_const: false,
            body: format!("{c_name}_{setter}(m_handle, newVal);"),
            doc: format!("Sets {name}."),
        });
    }
    out
}

fn method_members(class: &Class, method: &Method) -> Vec<Member> {
    if !is_offered(&method.common) {
        return Vec::new();
    }
    let c_name = class.c_name();
    let doc = doc::method(method);
    let params: Vec<_> = method.args.iter().map(|arg| declare(&arg.ty, &arg.name)).collect();
    let mut passed = vec!["m_handle".to_owned()];
    passed.extend(method.args.iter().map(argument));
    let member = |returns: &str, name: &str, params: Vec<String>, body, doc: &str| Member {
        returns: returns.to_owned(),
        name: name.to_owned(),
        params,
        is_const: false,
        body,
        doc: doc.to_owned(),
    };
    let name = &method.name;
    let call = |name: &str, more: &str| format!("{c_name}_{name}({}{more})", passed.join(", "));
    let into = |out: &str| [params.clone(), vec![out.to_owned()]].concat();
    match method.returns {
        Returns::Text(_) if !class.exact => {
            let lower = names::lower_first(name);
            let body = format!("return {};", call(&lower, ""));
            let mut out = vec![member("const char *", &lower, params.clone(), body.clone(), &doc)];
            if let Some(short) = names::without_get(name) {
                let doc = format!("The same as {lower}.");
                out.push(member("const char *", &short, params.clone(), body, &doc));
            }
            let body = format!("return {} != 0;", call(name, ", outStr.handle()"));
            let doc = format!("{}\n\nPuts the text into `outStr`.", doc::summary(&doc));
            out.push(member("bool", name, into("CkString &outStr"), body, &doc));
            out
        }
        Returns::Bytes => {
            let body = format!("return {} != 0;", call(name, ", outData.handle()"));
            let doc = format!("{doc}\n\nPuts the bytes into `outData`.");
            vec![member("bool", name, into("CkByteData &outData"), body, &doc)]
        }
        returns => {
            let (ty, body) = plain_result(returns, &call(name, ""));
            vec![member(&ty, name, params, body, &doc)]
        }
    }
}

fn plain_result(returns: Returns, call: &str) -> (String, String) {
    let ty = match returns {
        Returns::Void => return ("void".into(), format!("{call};")),
        Returns::Ptr | Returns::Bytes => {
            return ("const unsigned char *".into(), format!("return {call};"));
        }
        Returns::Success | Returns::Query => Type::Bool,
        Returns::Int => Type::Int,
        Returns::ULong => Type::ULong,
        Returns::Text(kind) => Type::Text(kind),
    };
    (type_name(&ty), returned(&ty, call))
}

fn returned(ty: &Type, call: &str) -> String {
    match ty {
        Type::Bool => format!("return {call} != 0;"),
        _ => format!("return {call};"),
    }
}

fn argument(arg: &Arg) -> String {
    match &arg.ty {
        Type::Bytes | Type::Object(_) => format!("{}.handle()", arg.name),
        Type::Ptr => format!("static_cast<const unsigned char *>({})", arg.name),
        _ => arg.name.clone(),
    }
}

fn declare(ty: &Type, name: &str) -> String {
    let ty = type_name(ty);
    if ty.ends_with(['*', '&']) { format!("{ty}{name}") } else { format!("{ty} {name}") }
}

fn type_name(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".into(),
        Type::Int => "int".into(),
        Type::ULong => "unsigned long".into(),
        Type::Int64 => "int64_t".into(),
        Type::Text(TextKind::Wide) => "const wchar_t *".into(),
        Type::Text(TextKind::Utf16) => "const uint16_t *".into(),
        Type::Text(_) => "const char *".into(),
        Type::Bytes => "CkByteData &".into(),
        Type::Ptr => "const void *".into(),
        Type::Object(class) => format!("{} &", names::c_class(class)),
    }
}
