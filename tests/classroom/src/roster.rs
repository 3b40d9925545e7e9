//! Who is in the class.

use super::record::Student;
use super::table::{Headings, Row, Table};
use anyhow::{bail, ensure};
use grade::failed::{Because, Failed};
use grade::language::Language;
use harness::message;
use std::collections::BTreeMap;
use std::path::Path;

/// Headings of the id, by how sure they are: `SIS User ID` of Canvas is what a university
/// calls its student, and stands beside an `ID` that is Canvas' own.
const ID: Headings = &[
    "id",
    "student id",
    "sid",
    "id number",
    "student number",
    "学号",
    "学生学号",
    "sis user id",
];
const NAME: Headings = &[
    "name",
    "full name",
    "student name",
    "student",
    "姓名",
    "学生姓名",
];
const FIRST: Headings = &["first name", "given name", "名"];
const LAST: Headings = &["last name", "surname", "family name", "姓"];

const LANGUAGE: Headings = &["language", "lang", "locale", "语言"];

/// The columns of a name.
enum Name {
    Whole(usize),
    FirstAndLast(usize, usize),
}

impl Name {
    fn find(table: &Table) -> Option<Self> {
        let whole = table.column(NAME).map(Self::Whole);
        whole.or_else(|| {
            Some(Self::FirstAndLast(
                table.column(FIRST)?,
                table.column(LAST)?,
            ))
        })
    }

    fn of(&self, row: &Row) -> String {
        match *self {
            Self::Whole(column) => row.cell(column).to_string(),
            Self::FirstAndLast(first, last) => {
                let name = format!("{} {}", row.cell(first), row.cell(last));
                name.trim().to_string()
            }
        }
    }
}

/// Reads the students of a class from a CSV file, in the order of the file.
///
/// Its first line names the columns: an id (`id`, `student id`, `sid`, `id number`, `学号`)
/// and a name (`name`, `full name`, `student`, `姓名`, or `first name` and `last name`);
/// case does not count, and neither do other columns. A third one may say the language of their
/// feedback (`language`, `语言`): `en`, `zh`, or nothing for that of the report. Commas, semicolons or tabs separate
/// them. The file is in UTF-8 with or without a byte order mark, in UTF-16 with one, or in
/// GBK, as Excel in China writes it. A student without a name is called by the id.
///
/// # Errors
///
/// If the file cannot be read or has not these columns; if a row has no id, or the id of
/// another row, or a language that is none of ours: the error names the lines.
pub fn read(path: &Path) -> anyhow::Result<Vec<Student>> {
    let columns = |table: &Table| Some((table.column(ID)?, Name::find(table)?));
    let table = Table::read(path, |table| columns(table).is_some())
        .because(|| message!("a roster has the columns id and name"))?;
    let mut students = Vec::new();
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    // It has the columns, or it would not have been read.
    let Some((id_column, name)) = columns(&table) else {
        return Ok(students);
    };
    let language_column = table.column(LANGUAGE);
    for row in &table.rows {
        let id = row.cell(id_column).to_string();
        let (line, path) = (row.line, path.display());
        ensure!(
            !id.is_empty(),
            Failed::new(message!("{path}, line {line}: there is no id", path, line))
        );
        if let Some(other) = lines.insert(id.clone(), line) {
            bail!(Failed::new(message!(
                "{path}: lines {other} and {line} have the same id {id}",
                path,
                other,
                line,
                id = format!("{id:?}")
            )));
        }
        let name = name.of(row);
        let name = if name.is_empty() { id.clone() } else { name };
        let language = match language_column.map(|column| row.cell(column)) {
            None | Some("") => None,
            Some(word) => Some(Language::of_word(word).because(|| {
                message!(
                    "{path}, line {line}: {word} is no language that I know: en or zh",
                    path,
                    line,
                    word = format!("{word:?}")
                )
            })?),
        };
        students.push(Student { id, name, language });
    }
    Ok(students)
}
