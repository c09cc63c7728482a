//! Sets the soname: what a program linked with the library looks for when it starts. And has the
//! library stay where it was loaded: threads of the program that have used it, and handles, must
//! find it also after `dlclose`; a host that loads it a hundred times gets it once.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libopenck.so");
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
