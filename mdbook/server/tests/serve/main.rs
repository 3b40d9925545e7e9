//! What `cargo book` and `cargo book build` do, on a small book of the tests' own.

mod run;
mod support;

use std::fs;
use std::net::TcpListener;

use support::{SECRET, SUMMARY, Workspace, names, status};

#[test]
fn both_languages_are_served() {
    let workspace = Workspace::new();
    let server = workspace.serve(&["--port", "0"]);
    for (path, lang) in [
        ("/", "en"),
        ("/zh-CN/", "zh-CN"),
        ("/zh-CN/two.html", "zh-CN"),
    ] {
        let answer = server.get(path);
        assert_eq!(status(&answer), "200", "{path}");
        assert!(answer.contains(&format!("<html lang=\"{lang}\"")), "{path}");
    }
    let answer = server.get("/zh-CN");
    assert_eq!(status(&answer), "308");
    assert!(answer.contains("location: /zh-CN/"), "{answer}");
}

#[test]
fn an_unknown_page_is_told_in_its_language() {
    let workspace = Workspace::new();
    let server = workspace.serve(&["--port", "0"]);
    for (path, lang) in [("/no/such", "en"), ("/zh-CN/no/such", "zh-CN")] {
        let answer = server.get(path);
        assert_eq!(status(&answer), "404", "{path}");
        assert!(answer.contains(&format!("<html lang=\"{lang}\"")), "{path}");
    }
}

#[test]
fn no_path_leads_out_of_the_book() {
    let workspace = Workspace::new();
    let server = workspace.serve(&["--port", "0"]);
    let absolute = workspace.path("secret.txt");
    let absolute = absolute.to_str().expect("UTF-8");
    let ups = [
        "../",
        "%2e%2e/",
        "..%2f",
        "%2e%2e%2f",
        ".%2e/",
        "..\\",
        "..%5c",
        "%252e%252e%252f",
        "./../",
        "css/../../",
    ];
    let mut paths = vec![absolute.to_string(), format!("/{absolute}")];
    paths.push(absolute.replace('/', "%2f"));
    for start in ["/", "/zh-CN/"] {
        for up in ups {
            for times in 1..4 {
                paths.push(format!("{start}{}secret.txt", up.repeat(times)));
            }
        }
    }
    for path in paths {
        let answer = server.get(&path);
        assert!(
            ["400", "404"].contains(&status(&answer)),
            "{path}: {answer}"
        );
        assert!(!answer.contains(SECRET), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_not_taken_into_the_book() {
    let workspace = Workspace::new();
    let link = workspace.path("mdbook/src/link.txt");
    std::os::unix::fs::symlink(workspace.path("secret.txt"), link).expect("a link");
    let (built, said) = workspace.build(&[]);
    assert!(!built);
    assert!(said.contains("link.txt is a symbolic link"), "{said}");
    assert!(!workspace.path("mdbook/book").exists());
}

#[test]
fn nothing_can_be_sent_to_it() {
    let workspace = Workspace::new();
    let server = workspace.serve(&["--port", "0"]);
    let host = server.address.to_string();
    for method in ["POST", "PUT", "DELETE"] {
        let answer = server.ask(&format!("{method} /two.html"), &host);
        assert_eq!(status(&answer), "405", "{method}");
    }
    let answer = server.ask("HEAD /two.html", &host);
    assert_eq!(status(&answer), "200");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[test]
fn it_answers_to_its_own_name_only() {
    let workspace = Workspace::new();
    let server = workspace.serve(&["--port", "0"]);
    let port = server.address.port();
    for (host, expected) in [
        (format!("127.0.0.1:{port}"), "200"),
        (format!("localhost:{port}"), "200"),
        (format!("LOCALHOST:{port}"), "200"),
        ("localhost".to_string(), "200"),
        (format!("evil.example:{port}"), "403"),
        (format!("127.0.0.1.evil.example:{port}"), "403"),
        (String::new(), "403"),
    ] {
        let answer = server.ask("GET /two.html", &host);
        assert_eq!(status(&answer), expected, "{host}");
    }
}

#[test]
fn a_port_in_use_is_told_and_another_one_taken() {
    let workspace = Workspace::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let server = workspace.serve(&["--port", &port.to_string()]);
    let told = format!("Port {port} is in use");
    assert!(server.greeting.contains(&told), "{}", server.greeting);
    assert!(server.address.port() > port);
    assert_eq!(status(&server.get("/")), "200");
}

#[test]
fn a_saved_chapter_is_told_to_the_pages_of_its_language() {
    let workspace = Workspace::new();
    let server = workspace.serve(&["--port", "0"]);
    for (path, source) in [("/", "src"), ("/zh-CN/", "zh-CN")] {
        let mut page = server.live_reload(path);
        workspace.write(&format!("mdbook/{source}/two.md"), "# Two\n\nSaved.\n");
        let message = page.read().expect("a message").to_string();
        assert_eq!(message, "reload");
        assert!(server.get(&format!("{path}two.html")).contains("Saved."));
    }
}

#[test]
fn a_saved_lesson_is_told_to_the_pages_of_both_languages() {
    let workspace = Workspace::new();
    let server = workspace.serve(&["--port", "0"]);
    let pages = ["/", "/zh-CN/"].map(|path| server.live_reload(path));
    let code = "// ANCHOR: it\nfn changed() {}\n// ANCHOR_END: it\n";
    workspace.write("lessons/one.rs", code);
    for mut page in pages {
        assert_eq!(page.read().expect("a message").to_string(), "reload");
    }
    for path in ["/one.html", "/zh-CN/one.html"] {
        assert!(server.get(path).contains("changed"), "{path}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_saved_chapter_is_noticed_where_there_are_no_file_events() {
    let workspace = Workspace::new();
    // A namespace in which nobody may have any.
    let mut without = std::process::Command::new("unshare");
    let script = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\"";
    without.args(["--user", "--map-root-user", "sh", "-c", script, "sh"]);
    let book = workspace.command();
    without.arg(book.get_program()).args(book.get_args());
    without.env("TMPDIR", workspace.path("tmp"));
    let server = support::Server::start(without.args(["--port", "0"]));
    let mut page = server.live_reload("/");
    workspace.write("mdbook/src/two.md", "# Two\n\nSaved.\n");
    page.read().expect("a message");
    assert!(server.get("/two.html").contains("Saved."));
}

#[test]
fn what_no_page_shows_does_not_disturb_a_reader() {
    let workspace = Workspace::new();
    let server = workspace.serve(&["--port", "0"]);
    let mut page = server.live_reload("/");
    workspace.write("lessons/exercise/main.rs", "fn main() {}\n");
    workspace.write("mdbook/src/two.md", "# Two\n\nSaved.\n");
    page.read().expect("a message");
    // The server says that it has built the book when pages change: once.
    let said = server.expect("Rebuilt");
    assert!(said.contains("English"), "{said}");
    workspace.write("mdbook/zh-CN/two.md", "# Two\n\nSaved.\n");
    let said = server.expect("Rebuilt");
    assert!(said.contains("中文") && !said.contains("English"), "{said}");
}

#[test]
fn a_chapter_that_cannot_be_built_leaves_the_pages_as_they_were() {
    let workspace = Workspace::new();
    let server = workspace.serve(&["--port", "0"]);
    let before = server.get("/two.html");
    workspace.write("mdbook/src/two.md", "# New\n\n{{#include nowhere.txt}}\n");
    let said = server.expect("The book stays as it was");
    assert!(
        said.contains("two.md:3: {{#include nowhere.txt}}"),
        "{said}"
    );
    let body = |answer: &str| {
        answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_string())
    };
    assert_eq!(body(&server.get("/two.html")), body(&before));

    let mut page = server.live_reload("/");
    workspace.write("mdbook/src/two.md", "# New\n");
    page.read().expect("a message");
    assert!(server.get("/two.html").contains("New"));
}

#[cfg(unix)]
#[test]
fn it_ends_when_asked_and_leaves_nothing_behind() {
    let workspace = Workspace::new();
    for signal in ["INT", "TERM"] {
        let mut server = workspace.serve(&["--port", "0"]);
        // Also with a page open.
        let _page = server.live_reload("/");
        let kill = std::process::Command::new("kill")
            .args(["-s", signal, &server.child.id().to_string()])
            .status();
        assert!(kill.expect("kill runs").success());
        let status = server.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "SIG{signal}");
        assert_eq!(names(&workspace.path("tmp")), ["secret.txt"]);
    }
}

#[test]
fn build_makes_a_site_of_both_languages() {
    let workspace = Workspace::new();
    let (built, said) = workspace.build(&[]);
    assert!(built, "{said}");
    let site = workspace.path("mdbook/book");
    for page in [
        "index.html",
        "two.html",
        "zh-CN/index.html",
        "zh-CN/two.html",
    ] {
        let html = fs::read_to_string(site.join(page)).expect(page);
        // Nothing waits for a server.
        assert!(!html.contains("WebSocket"), "{page}");
    }
    // And again in the same place.
    workspace.write("mdbook/src/SUMMARY.md", "# Summary\n\n- [One](one.md)\n");
    let (built, said) = workspace.build(&[]);
    assert!(built, "{said}");
    assert!(!site.join("two.html").exists());
    let folders = ["book", "book.toml", "src", "theme", "zh-CN"];
    assert_eq!(names(&workspace.path("mdbook")), folders);
}

#[test]
fn build_replaces_nothing_but_a_book() {
    let workspace = Workspace::new();
    workspace.write("tmp/site/letter.txt", "dear");
    let (built, said) = workspace.build(&["--out", "site"]);
    assert!(!built);
    assert!(said.contains("site has something in it"), "{said}");
    assert_eq!(names(&workspace.path("tmp/site")), ["letter.txt"]);
    // A relative path is the reader's.
    let (built, said) = workspace.build(&["--out", "other"]);
    assert!(built, "{said}");
    assert!(workspace.path("tmp/other/zh-CN/index.html").exists());
}

#[test]
fn build_deletes_only_what_it_has_made() {
    let workspace = Workspace::new();
    let others = [".git/config", "CNAME", ".nojekyll"];
    for other in others {
        workspace.write(&format!("tmp/site/{other}"), "theirs");
    }
    for summary in [SUMMARY, "# Summary\n\n- [One](one.md)\n"] {
        workspace.write("mdbook/src/SUMMARY.md", summary);
        let (built, said) = workspace.build(&["--out", "site"]);
        assert!(built, "{said}");
        // Between the builds, too.
        workspace.write("tmp/site/zh-CN/letter.txt", "dear");
    }
    let site = workspace.path("tmp/site");
    assert!(site.join("one.html").exists() && !site.join("two.html").exists());
    for other in others {
        let text = fs::read_to_string(site.join(other));
        assert_eq!(text.expect(other), "theirs");
    }
    assert!(site.join("zh-CN/letter.txt").exists());
}

#[cfg(unix)]
#[test]
fn build_writes_through_a_symbolic_link_and_not_over_it() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path("tmp/real")).expect("a folder");
    let link = workspace.path("tmp/site");
    std::os::unix::fs::symlink(workspace.path("tmp/real"), &link).expect("a link");
    for _ in 0..2 {
        let (built, said) = workspace.build(&["--out", "site"]);
        assert!(built, "{said}");
    }
    assert!(link.is_symlink());
    assert!(workspace.path("tmp/real/zh-CN/two.html").exists());
}

#[test]
fn a_missing_page_of_a_site_below_a_path_has_its_styles_and_links() {
    let workspace = Workspace::new();
    for site_url in ["/sockets", "/sockets/"] {
        let (built, said) = workspace.build(&["--site-url", site_url]);
        assert!(built, "{said}");
        for (page, base) in [
            ("404.html", "/sockets/"),
            ("zh-CN/404.html", "/sockets/zh-CN/"),
        ] {
            let path = workspace.path("mdbook/book").join(page);
            let html = fs::read_to_string(path).expect(page);
            assert!(html.contains(&format!("<base href=\"{base}\">")), "{page}");
        }
    }
    let (built, said) = workspace.build(&["--site-url", "sockets"]);
    assert!(!built);
    assert!(said.contains("begins with a slash"), "{said}");
}

#[test]
fn build_tells_every_include_that_leads_nowhere() {
    let workspace = Workspace::new();
    let chapter = "# Two\n\n{{#include gone.rs}}\n\n\
        {{#include ../../lessons/one.rs:that}}\n{{#include ../../lessons/one.rs:it}}\n\
        \\{{#include shown.rs}}\n";
    workspace.write("mdbook/src/two.md", chapter);
    let (built, said) = workspace.build(&[]);
    assert!(!built);
    assert!(
        said.contains("two.md:3: {{#include gone.rs}}: cannot read"),
        "{said}"
    );
    assert!(said.contains("two.md:5: "), "{said}");
    assert!(said.contains("ANCHOR: that"), "{said}");
    assert_eq!(said.matches("two.md:").count(), 2, "{said}");
}
