//! The random addresses of a transcript.

use classroom::stable_addresses;
use harness::Failure;

fn stable(text: &str) -> String {
    let failure = Failure::NoTranscript {
        what: harness::message!("nothing"),
        printed: text.to_string(),
    };
    match stable_addresses(failure) {
        Failure::NoTranscript { printed, .. } => printed,
        Failure::Transcript(_) => unreachable!("it was none"),
    }
}

#[test]
fn ports_are_numbered_as_they_appear() {
    let text = "127.0.0.1:51234 and [::1]:38000, again 127.0.0.1:51234; 127.0.0.1:9090";
    let expected = "127.0.0.1:40001 and [::1]:40002, again 127.0.0.1:40001; 127.0.0.1:9090";
    assert_eq!(stable(text), expected);
}

#[test]
fn random_addresses_are_numbered_and_others_stay() {
    let text = "127.83.2.9:40000 127.0.0.2 127.83.2.9. 1.27.3.4 127.9.9.9";
    let expected = "127.1.0.1:40001 127.0.0.2 127.1.0.1. 1.27.3.4 127.1.0.2";
    assert_eq!(stable(text), expected);
}

#[test]
fn other_text_stays() {
    for text in ["", "端口：12345", "12:34:56.789 \"1\" \\ \u{1}", "1.", "1"] {
        assert_eq!(stable(text), text);
    }
}

#[test]
fn what_stands_for_an_address_does_so_in_every_kind_of_argument() {
    let client = "127.83.2.9:51234"
        .parse::<std::net::SocketAddr>()
        .expect("an address");
    let what = harness::message!(
        "{client} sends {bytes}, {why}",
        client,
        bytes = b"welcome 127.83.2.9:51234\n\xc4\xe3",
        why = harness::message!("not {port}", port = ":51234 of 127.0.0.1:51234")
    );
    let failure = stable_addresses(Failure::NoTranscript {
        what,
        printed: "127.0.0.1:9090 and [::1]:51235".to_string(),
    });
    let expected = "127.1.0.1:40001 sends \"welcome 127.1.0.1:40001\\n你\" (27 bytes: 77 65";
    let told = failure.to_string();
    assert!(told.starts_with(expected), "{told}");
    assert!(told.contains("not :51234 of 127.0.0.1:40001"), "{told}");
    assert!(told.ends_with("127.0.0.1:9090 and [::1]:40002"), "{told}");
}

#[test]
fn the_address_of_a_party_is_the_one_in_the_output_of_the_program() {
    let address = "127.0.0.1:51234".parse::<std::net::SocketAddr>();
    let address = address.expect("an address");
    let client = harness::Scenario::of_command(["program"]).client(address);
    let failure = stable_addresses(Failure::NoTranscript {
        what: harness::message!("{client} is offline", client),
        printed: "bye 127.0.0.1:51234".to_string(),
    });
    let told = failure.to_string();
    assert_eq!(
        told,
        "client A (127.0.0.1:40001) is offline\n\nbye 127.0.0.1:40001"
    );
}
