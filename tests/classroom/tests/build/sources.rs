//! What becomes of a student's file.

use crate::support::{
    builders, compile_with, printed, refused, refused_by, run_with, sandboxed, secret_path, shared,
};
use classroom::build::Compiled;
use std::process::Command;

#[test]
fn a_file_becomes_a_program_with_the_libraries_of_its_exercise() {
    let source = "fn main() { let unused = 1; println!(\"{}\", harness::answer()); }";
    for builder in builders() {
        assert_eq!(run_with(builder, source).stdout, b"42\n");
    }
}

#[test]
fn a_mistake_is_told_as_the_compiler_tells_it() {
    let source = "fn main() {\n    let number: u32 = \"one\";\n    let _ = number;\n}\n";
    for builder in builders() {
        let message = refused_by(builder, source.as_bytes());
        assert!(
            message.starts_with("error[E0308]: mismatched types"),
            "{message}"
        );
        assert!(message.contains("--> main.rs:2:23"), "{message}");
        assert!(!message.contains('\x1b'), "there are colours: {message:?}");
    }
}

#[test]
fn a_mistake_that_the_linker_finds_is_told_without_folders_of_this_machine() {
    let source = "#[link(name = \"missing\")] unsafe extern \"C\" { fn f(); }
         fn main() { unsafe { f() } }";
    for builder in builders() {
        let message = refused_by(builder, source.as_bytes());
        assert!(message.contains("missing"), "{message}");
    }
}

#[test]
fn what_is_no_rust_is_refused() {
    let sources: [&[u8]; 4] = [b"", b"\xff\xfe\x00", b"\0\0\0", "主函数".as_bytes()];
    for source in sources {
        let builder = &shared().bare;
        let message = refused_by(builder, source);
        assert!(message.contains("error"), "{message}");
    }
}

#[test]
fn the_manifest_and_the_file_decide_what_is_an_error() {
    let warned = "fn main() { let unused = 1; }";
    assert!(printed(warned).is_none_or(|printed| printed.is_empty()));
    if let Some(message) = refused(&format!("#![deny(warnings)] {warned}")) {
        assert!(message.contains("unused variable"), "{message}");
    }
    if let Some(message) = refused("fn main() { let mut a = 1; let _ = a; }") {
        assert!(message.contains("-F unused-mut"), "{message}");
    }
    let _ = refused("#![allow(unused_mut)] fn main() { let mut a = 1; let _ = a; }");
}

#[test]
fn nothing_outside_is_read() {
    let secret = secret_path();
    let secret = secret.display();
    let sources = [
        format!(
            "fn main() {{ println!(\"{{}}\", include_str!({:?})); }}",
            secret.to_string()
        ),
        format!(
            "fn main() {{ let _ = include_bytes!({:?}); }}",
            secret.to_string()
        ),
        format!("include!({:?});", secret.to_string()),
        format!(
            "#[path = {:?}] mod secret; fn main() {{}}",
            secret.to_string()
        ),
        "fn main() { include_str!(\"/etc/passwd\"); }".to_string(),
        "fn main() { include_str!(\"/etc/shadow\"); }".to_string(),
        "fn main() { include_str!(\"../../../secret.rs\"); }".to_string(),
        "mod secret; fn main() {}".to_string(),
        "fn main() { include_str!(concat!(env!(\"HOME\"), \"/.bashrc\")); }".to_string(),
    ];
    for source in sources {
        let _ = refused(&source);
    }
}

#[test]
fn the_assembler_and_the_linker_read_nothing_outside() {
    let secret = secret_path();
    for path in [&*secret.to_string_lossy(), "/etc/passwd"] {
        let source = format!(
            "std::arch::global_asm!(\".globl x\", \"x: .incbin \\\"{path}\\\"\"); fn main() {{}}"
        );
        let _ = refused(&source);
        let source = format!(
            "unsafe extern \"C\" {{ static x: u8; }}
             std::arch::global_asm!(\".include \\\"{path}\\\"\");
             fn main() {{ println!(\"{{}}\", unsafe {{ x }}); }}"
        );
        let _ = refused(&source);
    }
    let _ = refused(
        "#[link(name = \"secret\", kind = \"static\")] unsafe extern \"C\" { fn f(); }
         fn main() { unsafe { f() } }",
    );
    let _ = refused("#![feature(link_args)] #![link_args = \"-T/etc/passwd\"] fn main() {}");
}

#[test]
fn the_environment_holds_nothing_of_the_teachers() {
    let path = printed("fn main() { print!(\"{}\", env!(\"CARGO_MANIFEST_DIR\")); }");
    assert!(path.is_none_or(|path| path == "/student"));
    for name in ["HOME", "USER", "CARGO_TARGET_DIR", "HARNESS_MARK", "CARGO"] {
        let source = format!("fn main() {{ print!(\"{{:?}}\", option_env!({name:?})); }}");
        assert!(
            printed(&source).is_none_or(|value| value == "None"),
            "{name}"
        );
    }
    // Process 1 of the sandbox is bubblewrap, which this process has started.
    for process in ["self", "1"] {
        let source =
            format!("fn main() {{ print!(\"{{}}\", include_str!(\"/proc/{process}/environ\")); }}");
        let Some(builder) = sandboxed() else { return };
        let (compiled, _folder) = compile_with(builder, source.as_bytes());
        // Where it is closed, it is not read.
        if let Compiled::Program(program) = compiled {
            let output = Command::new(program).output().expect("it runs").stdout;
            let printed = String::from_utf8_lossy(&output).into_owned();
            let is_ours = |variable: &&str| variable.starts_with("CARGO_MANIFEST_DIR=/");
            let ours = printed.split('\0').filter(is_ours);
            let ours: Vec<_> = ours
                .filter(|v| *v != "CARGO_MANIFEST_DIR=/student")
                .collect();
            assert!(ours.is_empty(), "process {process}: {printed:?}");
        }
    }
}

#[test]
fn unstable_features_are_refused() {
    let message = refused("#![feature(rustc_private)] extern crate rustc_driver; fn main() {}");
    assert!(message.is_none_or(|message| message.contains("E0554")));
}

#[test]
fn a_file_does_not_choose_what_it_becomes() {
    for attribute in [
        "crate_type = \"lib\"",
        "crate_type = \"proc-macro\"",
        "crate_type = \"cdylib\"",
    ] {
        let printed = printed(&format!(
            "#![{attribute}] fn main() {{ print!(\"here\"); }}"
        ));
        assert!(printed.is_none_or(|printed| printed == "here"));
    }
    let _ = refused("#![crate_name = \"other\"] fn main() {}");
    let _ = refused("#![no_main]");
}

#[test]
fn a_file_that_needs_much_memory_is_refused() {
    let evaluated = "static BIG: [u8; 3 << 30] = { let mut big = [1; 3 << 30]; big[1] = 2; big };
         fn main() { println!(\"{}\", BIG[std::env::args().count()]); }";
    let Some(message) = refused(evaluated) else {
        return;
    };
    assert!(message.contains("more memory than available"), "{message}");
    let doubled = "macro_rules! double { ($($x:tt)*) => { double!($($x)* $($x)*); } }
         fn main() { double!(1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1); }";
    let message = refused(&format!("#![recursion_limit = \"1000\"]\n{doubled}"));
    let message = message.unwrap_or_default();
    assert!(message.contains("more than 2 GB of memory"), "{message}");
}

#[test]
fn a_file_that_makes_a_big_program_is_refused() {
    let source = "static BIG: [u8; 100_000_000] = [1; 100_000_000];
         fn main() { println!(\"{}\", BIG[std::env::args().count()]); }";
    if let Some(message) = refused(source) {
        assert!(message.contains("64 MB"), "{message}");
    }
}

#[test]
fn a_file_that_crashes_the_compiler_is_refused() {
    let deep = format!(
        "fn main() {{ let _ = {}1{}; }}",
        "(".repeat(200_000),
        ")".repeat(200_000)
    );
    let _ = refused(&deep);
    let deep = format!("fn main() {{ let _ = {}1; }}", "-".repeat(300_000));
    if let Some(message) = refused(&deep) {
        assert!(
            message.contains("crashed on this file (signal 11)"),
            "{message}"
        );
    }
}

#[test]
fn much_that_the_compiler_says_is_cut() {
    let start = "fn main() {".to_string();
    let source = start + &"let _: u8 = \"\";\n".repeat(3_000) + "}";
    if let Some(message) = refused(&source) {
        assert!(
            message.len() > 60_000 && message.ends_with("...\n"),
            "{}",
            message.len()
        );
    }
}
