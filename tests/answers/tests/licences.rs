//! The licences of all crates that the project is built with are known ones. (What a published
//! book contains of them is named in its *Reference*, which the tests of the book look after.)

use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// The licences that the project's own, MIT or Apache-2.0, goes together with.
const ALLOWED: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC-BY-4.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// Whether a licence expression can be met with allowed licences. `/` is an old way to write `OR`.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let all_of = |part: &str| {
        let words = part.trim_matches(['(', ')', ' ']);
        words.split(" AND ").all(|licence| {
            let mut either = licence.trim_matches(['(', ')', ' ']).split(" OR ");
            either.any(|licence| ALLOWED.contains(&licence.trim()))
        })
    };
    // "(A OR B) AND C": the parentheses bind, and there is no deeper nesting among our crates.
    if expression.contains(" AND ") {
        all_of(&expression)
    } else {
        expression.split(" OR ").any(all_of)
    }
}

#[test]
fn all_crates_have_licences_that_are_known() {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    let output = harness::outside(&mut cargo)
        .current_dir(workspace::root())
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .expect("cargo can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    assert!(packages.len() > 100, "{} packages", packages.len());
    let unknown: BTreeSet<String> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(is_allowed))
        .map(|package| format!("{} ({})", package["name"], package["license"]))
        .collect();
    assert!(unknown.is_empty(), "other licences: {unknown:#?}");
}

#[test]
fn an_expression_is_met_by_one_or_by_all_of_its_licences() {
    for allowed in [
        "MIT",
        "GPL-3.0 OR MIT",
        "Unlicense/MIT",
        "(GPL-3.0 OR MIT) AND ISC",
    ] {
        assert!(is_allowed(allowed), "{allowed}");
    }
    for other in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "GPL-3.0 OR AGPL-3.0",
        "(MIT) AND (GPL-3.0)",
        "",
    ] {
        assert!(!is_allowed(other), "{other}");
    }
}
