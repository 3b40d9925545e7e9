//! The threads that grade submissions: one opens them, some compile, and some run the checks.

use super::event::Event;
use super::judge::Judge;
use super::limiter::{self, Limiter};
use super::options::ClassOptions;
use super::plan::{HandedIn, Step, add_set_aside, plan, unpack};
use super::sync::{FirstError, lock};
use super::writer::ReportWriter;
use crate::build::{Builder, Compiled};
use crate::intake::originals::Originals;
use crate::intake::{self, ClassSetAside, Submission, SubmissionContents};
use crate::record::{GradedExercise, Status, Student, StudentRecord};
use grade::exercise::{Exercise, digits};
use grade::failed::Because;
use grade::sandbox::Sandbox;
use harness::message::Message;
use harness::{Shortage, message};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, OnceLock};
use std::thread;
use tempfile::TempDir;

/// All that the threads have in common.
pub(super) struct Pipeline<'a, P> {
    pub(super) options: &'a ClassOptions,
    /// The exercises of the course.
    pub(super) all: &'a [Exercise],
    /// Those that are to be graded.
    pub(super) wanted: &'a [Exercise],
    /// What was set aside in the class, by the students' ids.
    pub(super) set_aside: &'a BTreeMap<String, Vec<ClassSetAside>>,
    pub(super) originals: &'a Originals,
    pub(super) builder: &'a Builder,
    /// The seed of what the checks choose at random.
    pub(super) seed: u64,
    pub(super) sandbox: &'a Sandbox,
    pub(super) writer: &'a ReportWriter<'a>,
    /// What is known already, by the students' ids.
    pub(super) previous: &'a BTreeMap<String, StudentRecord>,
    pub(super) progress: &'a P,
}

/// A student who is being graded.
struct StudentJob {
    student: Student,
    notices: Vec<Message>,
    /// The student's files while programs in other languages run.
    folder: Mutex<Option<TempDir>>,
    state: Mutex<State>,
}

/// What is known of a student so far.
struct State {
    exercises: BTreeMap<u32, GradedExercise>,
    /// How many exercises are graded this time.
    graded: usize,
    /// How many of them are not done yet.
    left: usize,
}

impl StudentJob {
    fn new(
        student: &Student,
        notices: Vec<Message>,
        folder: Option<TempDir>,
        exercises: BTreeMap<u32, GradedExercise>,
        to_grade: usize,
    ) -> Self {
        Self {
            student: student.clone(),
            notices,
            folder: Mutex::new(folder),
            state: Mutex::new(State {
                exercises,
                graded: to_grade,
                left: to_grade,
            }),
        }
    }
}

/// An exercise of a student that is being graded.
struct Task<'a> {
    job: &'a StudentJob,
    exercise: &'a Exercise,
    /// What grading has found so far; all of it, where only packets are to be recorded.
    graded: GradedExercise,
    step: Step,
}

impl Task<'_> {
    /// Whether its checks have been run.
    fn is_graded(&self) -> bool {
        !self.graded.checks.is_empty()
    }

    /// What an error of this task names: the exercise, as in `05`, and the student.
    fn names(&self) -> (String, &str) {
        (self.exercise.digits(), &self.job.student.name)
    }
}

impl<P: Fn(Event) + Sync> Pipeline<'_, P> {
    /// Writes the files of a student who has handed in nothing, or of whom all was set aside.
    pub(super) fn write_missing(&self, student: &Student) -> anyhow::Result<()> {
        let mut exercises = self.known(student);
        for exercise in self.wanted {
            let mut missing = GradedExercise::new(exercise, Status::Missing);
            add_set_aside(&mut missing, self.set_aside(student));
            exercises.insert(exercise.number, missing);
        }
        self.finish(&StudentJob::new(student, Vec::new(), None, exercises, 0))
    }

    /// What may be a student's, and was set aside.
    fn set_aside(&self, student: &Student) -> &[ClassSetAside] {
        let set_aside = self.set_aside.get(&student.id);
        set_aside.map_or(&[], Vec::as_slice)
    }

    /// Grades submissions, side by side.
    pub(super) fn grade_all(&self, submissions: &[&Submission]) -> anyhow::Result<()> {
        let processors = thread::available_parallelism().map_or(2, usize::from);
        // Jobs live until all threads are done.
        let jobs: Vec<OnceLock<StudentJob>> = submissions.iter().map(|_| OnceLock::new()).collect();
        let (to_compile, compiling) = sync_channel(processors);
        let (to_judge, judging) = sync_channel(processors);
        let (compiling, judging) = (&Mutex::new(compiling), &Mutex::new(judging));
        let (error, limiter) = (FirstError::default(), &Limiter::new(processors));
        thread::scope(|scope| {
            let (error, jobs) = (&error, &jobs);
            let open = move || {
                let mut all = submissions.iter().zip(jobs);
                all.all(|(submission, job)| error.note(self.open(submission, job, &to_compile)))
            };
            let opener = thread::Builder::new().stack_size(intake::STACK);
            let started = opener.spawn_scoped(scope, open);
            error.note(
                started
                    .map(|_| ())
                    .because(|| message!("cannot start a thread")),
            );
            for _ in 0..processors {
                let to_judge = to_judge.clone();
                scope.spawn(move || {
                    while let Some(task) = next(compiling) {
                        error.note(self.compile(task, &to_judge));
                    }
                });
            }
            drop(to_judge);
            for _ in 0..(4 * processors).min(limiter::MOST) {
                scope.spawn(move || {
                    while let Some(task) = next(judging) {
                        error.note(self.judge(task, limiter));
                    }
                });
            }
        });
        error.into_result()
    }

    /// Reads a submission, and hands on the exercises that are to be graded.
    fn open<'s>(
        &'s self,
        submission: &Submission,
        job: &'s OnceLock<StudentJob>,
        to_compile: &SyncSender<Task<'s>>,
    ) -> anyhow::Result<()> {
        let student = &submission.student;
        let mut contents = submission.open(self.all, self.originals);
        let known = self.known(student);
        let (mut steps, mut notices) = (Vec::new(), Vec::new());
        for exercise in self.wanted {
            let built = self.builder.fingerprint();
            let handed_in = HandedIn {
                contents: &contents,
                set_aside: self.set_aside(student),
            };
            let mut plan = plan(self.options, built, &handed_in, exercise);
            notices.append(&mut plan.notices);
            let old = known.get(&exercise.number);
            match old.filter(|old| old.fingerprint == plan.graded.fingerprint) {
                None => steps.push((exercise, plan.graded, plan.step)),
                Some(old) if self.options.wire && old.lacks_recording() => {
                    steps.push((exercise, old.clone(), plan.step));
                }
                Some(_) => {}
            }
        }
        (self.progress)(Event::Opens {
            exercises: steps.len(),
        });
        let folder = self.unpack(&contents, steps.iter_mut().map(|(_, _, step)| step))?;
        notices.splice(..0, std::mem::take(&mut contents.notices));
        if self.options.program.is_none() {
            notices.extend(contents.for_other_languages);
        }
        let job = job.get_or_init(|| StudentJob::new(student, notices, folder, known, steps.len()));
        if steps.is_empty() {
            return self.finish(job);
        }
        for (exercise, graded, step) in steps {
            let task = Task {
                job,
                exercise,
                graded,
                step,
            };
            // It fails when the others have stopped because of an error.
            if to_compile.send(task).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Unpacks a submission for programs in other languages: into one folder for all of them,
    /// and into none where nothing runs.
    fn unpack<'s>(
        &self,
        contents: &SubmissionContents,
        steps: impl Iterator<Item = &'s mut Step>,
    ) -> anyhow::Result<Option<TempDir>> {
        let mut unpacked = None;
        for step in steps {
            if let Step::Judge { folder, .. } = step {
                let files = match &unpacked {
                    Some(files) => files,
                    None => unpacked.insert(unpack(contents, self.builder.folder()?)?),
                };
                *folder = files.path().to_path_buf();
            }
        }
        Ok(unpacked)
    }

    /// What is known of a student, by the numbers of the exercises.
    fn known(&self, student: &Student) -> BTreeMap<u32, GradedExercise> {
        let previous = self.previous.get(&student.id).into_iter();
        let exercises = previous.flat_map(|record| &record.exercises);
        exercises
            .map(|graded| (graded.exercise, graded.clone()))
            .collect()
    }

    /// Compiles a task's file, if there is one, and hands the task on.
    fn compile<'s>(
        &self,
        mut task: Task<'s>,
        to_judge: &SyncSender<Task<'s>>,
    ) -> anyhow::Result<()> {
        let (student, exercise) = (&task.job.student, task.exercise.number);
        (self.progress)(Event::Starts { student, exercise });
        if let Step::Compile(source) = &task.step {
            let folder = self.builder.folder()?;
            let package = task.exercise.package();
            let compiled = self
                .builder
                .compile(exercise, source, &folder.path().join(&package))
                .because(|| {
                    let (exercise, name) = task.names();
                    message!(
                        "cannot compile exercise {exercise} of {name}",
                        exercise,
                        name
                    )
                })?;
            task.step = Step::Nothing;
            match compiled {
                // It has its points from a run in which it did compile.
                Compiled::Refused(_) | Compiled::TimedOut | Compiled::Starved
                    if task.is_graded() => {}
                Compiled::Refused(messages) => match Shortage::now() {
                    // The compiler lacks it, too.
                    Some(shortage) => task.graded.blame_machine(shortage),
                    None => {
                        task.graded.status = Status::DoesNotCompile;
                        task.graded.message = Some(messages);
                    }
                },
                Compiled::TimedOut => {
                    task.graded.status = Status::TimedOut;
                    task.graded.message = Some(message!("the compiler was not done in time"));
                }
                Compiled::Starved => {
                    let why = message!("this machine was too busy to compile the file");
                    task.graded.blame_machine(why);
                }
                Compiled::Program(_) => {
                    task.step = Step::Judge {
                        program: vec![format!("{{dir}}/{package}")],
                        folder: folder.path().to_path_buf(),
                        _own: Some(folder),
                    };
                }
            }
        }
        // It fails when the others have stopped because of an error.
        let _ = to_judge.send(task);
        Ok(())
    }

    /// Runs a task's checks, and writes the student's files if it was the last task.
    fn judge(&self, mut task: Task, limiter: &Limiter) -> anyhow::Result<()> {
        let permit = limiter.acquire();
        let (student, exercise) = (&task.job.student, task.exercise.number);
        if let Step::Judge {
            folder, program, ..
        } = &task.step
        {
            let rubric = self.builder.rubric(exercise).because(|| {
                message!(
                    "the rubric of exercise {exercise} is not built",
                    exercise = digits(exercise)
                )
            })?;
            let judge = Judge {
                rubric: &rubric.clone().with_seed(self.seed),
                sandbox: self.sandbox,
                folder,
                program,
            };
            if !task.is_graded() {
                let judged = judge.run_checks(&mut task.graded, || permit.alone());
                judged.because(|| {
                    let (exercise, name) = task.names();
                    message!("cannot grade exercise {exercise} of {name}", exercise, name)
                })?;
            }
            if self.options.wire && task.graded.lacks_recording() {
                judge.record(task.exercise, &mut task.graded);
            }
        }
        (self.progress)(Event::Ends { student, exercise });
        let is_last = {
            let mut state = lock(&task.job.state);
            state.exercises.insert(exercise, task.graded);
            state.left -= 1;
            state.left == 0
        };
        if is_last {
            self.finish(task.job)?;
        }
        Ok(())
    }

    /// Writes the files of a student whose exercises are all done.
    fn finish(&self, job: &StudentJob) -> anyhow::Result<()> {
        let (exercises, graded) = {
            let state = lock(&job.state);
            (state.exercises.values().cloned().collect(), state.graded)
        };
        lock(&job.folder).take();
        let record = StudentRecord {
            student: job.student.clone(),
            exercises,
            notices: job.notices.clone(),
        };
        let record = record.complete(self.all);
        let points = self.writer.write_student(&record)?;
        (self.progress)(Event::Student {
            record: &record,
            points,
            graded,
        });
        Ok(())
    }
}

/// The next task; `None` when there are no more.
fn next<'a>(tasks: &Mutex<Receiver<Task<'a>>>) -> Option<Task<'a>> {
    lock(tasks).recv().ok()
}
