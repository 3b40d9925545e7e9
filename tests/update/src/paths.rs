//! The meaning of the paths of files in a copy.

/// The folder and the number of the exercise whose `exercise.toml` has this path.
pub fn exercise_of(path: &str) -> Option<(&str, u32)> {
    let folder = path.strip_suffix("/exercise.toml")?;
    let lesson = folder.strip_prefix("lessons/")?.strip_suffix("/exercise")?;
    let (number, _) = lesson.split_once('-')?;
    Some((folder, number.parse().ok()?))
}

/// Whether the file with this path belongs to the student.
pub fn is_students(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["lessons", _, "exercise", "main.rs"])
}
