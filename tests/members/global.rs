use crate::*;
use Arg::{Bool, Int, Text};

/// The settings are those of the process: they end as they began.
#[test]
fn every_member_of_global() {
    let run = Run::new("Global");
    run.shared();
    run.ok("UnlockBundle", &[Text("anything")]);
    run.ok("DnsClearCache", &[]);
    run.ok("FinalizeThreadPool", &[]);
    run.is("get:UnlockStatus", &[], int(2));
    run.keeps("AnsiCodePage", &[(Int(65001), int(65001)), (Int(0), int(0))]);
    for name in ["DefaultUtf8", "PreferIpv6", "VerboseTls"] {
        run.keeps(name, &[(Bool(true), YES), (Bool(false), NO)]);
    }
    let options = [(Text("ProtectFromVpn"), text("ProtectFromVpn")), (Text(""), text(""))];
    run.keeps("UncommonOptions", &options);
    run.finish();
}
