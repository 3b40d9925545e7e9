//! What `cargo grade handout` and `gradescope` tell.

use classroom::gradescope::{Bundle, bundle};
use classroom::handout::{CLASS_WORKFLOW, Made, Vendored, make};
use grade::language::Language;
use grade::say;
use std::path::Path;

/// Makes the students' copy.
pub(crate) fn handout(folder: &Path, vendor: bool, language: Language) -> anyhow::Result<bool> {
    let made = make(workspace::root(), folder, vendor, language)?;
    let Made {
        folder,
        files,
        bytes,
        ..
    } = &made;
    let (folder, size) = (folder.display(), megabytes(*bytes));
    match language {
        Language::En => {
            say!("The students' copy is in {folder}: {files} files, {size}, no solutions.");
        }
        Language::Zh => say!("学生副本在 {folder}：{files} 个文件，{size}，不含参考答案。"),
    }
    if let Some(vendored) = made.vendored {
        dependencies(vendored, language);
    }
    if !made.listed_by_git {
        say!(
            "{}",
            language.pick(
                "git could not tell which files belong to the project: all files of known kinds were taken. Look through the copy before you give it away.",
                "git 无法说明哪些文件属于项目：取了所有已知类型的文件。发出去之前请检查一遍。"
            )
        );
    }
    if let Some(reason) = &made.no_repository {
        let told = language.pick("It is no git repository:", "没有建立 git 仓库：");
        say!("{told} {reason}");
    }
    Ok(true)
}

/// Prints the workflow that grades a class on many machines.
pub(crate) fn class_workflow() -> bool {
    say!("{}", CLASS_WORKFLOW.trim_end());
    true
}

/// Makes the bundle for Gradescope.
pub(crate) fn gradescope(file: &Path, language: Language) -> anyhow::Result<bool> {
    let made = bundle(workspace::root(), file, language)?;
    let Bundle {
        file,
        bytes,
        toolchain,
        vendored,
    } = &made;
    let (file, size) = (file.display(), megabytes(*bytes));
    match language {
        Language::En => {
            say!("The bundle is {file}, {size}: upload it as the autograder of an assignment.");
            say!("It installs Rust {toolchain}, and needs no network after that.");
            say!("In its settings choose a container with 3 GB of memory or more, and 2 CPUs.");
        }
        Language::Zh => {
            say!("自动评分包是 {file}，{size}：把它作为作业的 autograder 上传。");
            say!("它会安装 Rust {toolchain}，之后不再需要网络。");
            say!("请在设置里选择至少 3 GB 内存、2 个 CPU 的容器。");
        }
    }
    dependencies(*vendored, language);
    Ok(true)
}

fn dependencies(vendored: Vendored, language: Language) {
    let (crates, size) = (vendored.crates, megabytes(vendored.bytes));
    match language {
        Language::En => say!("Its dependencies are in it: {crates} crates, {size}."),
        Language::Zh => say!("自带依赖：{crates} 个 crate，{size}。"),
    }
}

/// A size as people read it.
fn megabytes(bytes: u64) -> String {
    const TENTH: u64 = 100_000;
    let tenths = bytes.div_ceil(TENTH);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
