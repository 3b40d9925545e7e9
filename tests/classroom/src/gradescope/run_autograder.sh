#!/usr/bin/env bash
# Gradescope runs this for each submission. Whatever happens, there is a results.json, and
# where it is no grade it says so.
set -u

root=${AUTOGRADER:-/autograder}
submission=${SUBMISSION:-$root/submission}
results=$root/results/results.json
report=$root/report

export RUSTUP_HOME=${RUSTUP_HOME:-/usr/local/rustup} CARGO_HOME=${CARGO_HOME:-/usr/local/cargo}
export PATH=$CARGO_HOME/bin:$PATH CARGO_NET_OFFLINE=true

# Written before anything can go wrong, and replaced by the grade.
mkdir -p "$root/results"
cat > "$results" << 'END'
{
  "score": 0,
  "output": @NO_GRADE@,
  "stdout_visibility": "hidden",
  "tests": []
}
END

fail() {
    echo "run_autograder: $1"
    exit 0
}

# A class of one student.
class=$(mktemp -d) || fail "cannot make a temporary folder"
trap 'rm -rf "$class"' EXIT
# Links stay links: the grader does not follow them.
cp -R --no-dereference "$submission" "$class/submission" || fail "cannot copy the submission"
# The report of an earlier submission must not count as this one's.
rm -rf "$report"

options=()
if ! bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev true 2> /dev/null ||
    ! unshare --net true 2> /dev/null; then
    echo "run_autograder: this container permits no sandbox: graded without (--no-sandbox)."
    options=(--no-sandbox)
fi

cd "$root/source/project" || fail "there is no $root/source/project"
# Less than the time limit that Gradescope sets by default.
timeout --kill-after=10 540 \
    cargo grade class "$class" --out "$report" --seed @SEED@ --lang @LANGUAGE@ "${options[@]}" \
    < /dev/null
echo "run_autograder: cargo grade class ended with status $?"

shopt -s nullglob
graded=("$report"/results/*.json)
[ "${#graded[@]}" -eq 1 ] || fail "there are ${#graded[@]} results, and not one"
# All at once: a half-written file is no result.
cp "${graded[0]}" "$results.part" && mv "$results.part" "$results" ||
    fail "cannot write $results"
