//! Splits a command that a person has typed into words, by the rules of the system: on Unix as a
//! shell does; on Windows as programs there split their command lines, so that the backslashes of
//! a path stay.

/// Splits a command into its words; `None` if a quotation does not end.
#[cfg(not(windows))]
pub fn split(command: &str) -> Option<Vec<String>> {
    shlex::split(command)
}

/// Splits a command into its words; `None` if a quotation does not end.
#[cfg(windows)]
pub fn split(command: &str) -> Option<Vec<String>> {
    split_as_windows(command)
}

/// Joins words, so that [`split`] gives them back; `None` if a word has a character that no argument
/// can have (NUL).
#[cfg(not(windows))]
pub fn join(words: &[String]) -> Option<String> {
    shlex::try_join(words.iter().map(String::as_str)).ok()
}

/// Joins words, so that [`split`] gives them back; `None` if a word has a character that no argument
/// can have (NUL).
#[cfg(windows)]
pub fn join(words: &[String]) -> Option<String> {
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    (!words.iter().any(|word| word.contains('\0'))).then(|| quoted.join(" "))
}

/// Splits as the C library of Windows does since 2008. A backslash is an ordinary character, except
/// before a quotation mark: there two backslashes stand for one, and a single one makes the mark an
/// ordinary character. Between quotation marks, two marks stand for one.
#[cfg(any(windows, test))]
fn split_as_windows(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    // `None` between words: an empty word in quotation marks counts.
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    let mut backslashes = 0_usize;
    let mut characters = command.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\\' {
            backslashes += 1;
            word.get_or_insert_default().push(character);
            continue;
        }
        let before = std::mem::take(&mut backslashes);
        if character == '"' {
            let word = word.get_or_insert_default();
            word.truncate(word.len() - before.div_ceil(2));
            if before % 2 == 1 || (is_quoted && characters.next_if_eq(&'"').is_some()) {
                word.push('"');
            } else {
                is_quoted = !is_quoted;
            }
        } else if matches!(character, ' ' | '\t') && !is_quoted {
            words.extend(word.take());
        } else {
            word.get_or_insert_default().push(character);
        }
    }
    words.extend(word);
    (!is_quoted).then_some(words)
}

/// A word in quotation marks. A backslash is an ordinary character, except before a quotation mark.
#[cfg(any(windows, test))]
fn quote(word: &str) -> String {
    let mut quoted = String::from('"');
    let mut backslashes = 0;
    for character in word.chars() {
        if character == '"' {
            // Double those before it, and one more for the mark itself.
            quoted.push_str(&"\\".repeat(backslashes + 1));
        }
        backslashes = if character == '\\' {
            backslashes + 1
        } else {
            0
        };
        quoted.push(character);
    }
    quoted.push_str(&"\\".repeat(backslashes));
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 7] = [
        r"C:\Program Files\py.exe",
        "",
        "plain",
        r"ends in \",
        r#"a "mark""#,
        r#"a \" and \\""#,
        "你好",
    ];

    #[test]
    fn what_is_joined_is_split_again() {
        let words = WORDS.map(String::from);
        let joined = join(&words).expect("no NUL");
        assert_eq!(split(&joined), Some(words.to_vec()), "{joined}");
        assert_eq!(join(&["\0".to_string()]), None);
    }

    #[test]
    fn marks_and_the_backslashes_before_them_are_quoted_as_windows_reads_them() {
        assert_eq!(quote(r"Z:\a\right.exe"), r#""Z:\a\right.exe""#);
        assert_eq!(quote(r"ends in \"), r#""ends in \\""#);
        assert_eq!(quote(r#"a \" b"#), r#""a \\\" b""#);
    }

    #[test]
    fn windows_splits_where_a_shell_would_eat_backslashes() {
        let split = |command| split_as_windows(command);
        let words = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect());
        assert_eq!(
            split(r"Z:\a\right.exe  one"),
            words(&[r"Z:\a\right.exe", "one"])
        );
        assert_eq!(
            split(r#""C:\Program Files\py.exe" "" x"#),
            words(&[r"C:\Program Files\py.exe", "", "x"])
        );
        assert_eq!(
            split(r#"a\"b a\\"b c" a"b""c""#),
            words(&[r#"a"b"#, r"a\b c", r#"ab"c"#])
        );
        assert_eq!(split(r#"a "b"#), None);
        assert_eq!(split(" "), words(&[]));
        let quoted = WORDS.map(quote).join(" ");
        assert_eq!(split(&quoted), words(&WORDS), "{quoted}");
    }
}
