#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: the last time that there is a
# network for sure. It ends with a submission graded, so that a fault shows now, and not when
# students wait.
set -euo pipefail

root=${AUTOGRADER:-/autograder}
project=$root/source/project

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends \
    ca-certificates curl gcc libc6-dev python3 bubblewrap iproute2 util-linux

# Where everybody may read: the sandbox runs the compiler as nobody in particular.
export RUSTUP_HOME=${RUSTUP_HOME:-/usr/local/rustup} CARGO_HOME=${CARGO_HOME:-/usr/local/cargo}
export PATH=$CARGO_HOME/bin:$PATH
curl --proto '=https' --tlsv1.2 --silent --show-error --fail --retry 5 https://sh.rustup.rs |
    sh -s -- -y --profile minimal --default-toolchain @TOOLCHAIN@ --no-modify-path

# All crates are in the bundle: for every folder that the grader builds in.
export CARGO_NET_OFFLINE=true
mkdir -p "$CARGO_HOME"
cat > "$CARGO_HOME/config.toml" << END
[source.crates-io]
replace-with = "vendored"

[source.vendored]
directory = "$project/vendor"
END
cd "$project"
cargo build --locked --package grade
cargo build --locked --package classroom

# The starters, as a submission: what is built once stays in the image.
mkdir -p "$root/submission" "$root/results"
trial=$(mktemp -d)
for starter in tests/grade/starters/*.rs; do
    cp "$starter" "$trial/exercise-$(basename "$starter")"
done
SUBMISSION=$trial "$root/source/run_autograder"
rm -rf "$trial"
if ! grep --quiet '"rubric_versions"' "$root/results/results.json"; then
    echo "setup.sh: the trial submission could not be graded:" >&2
    cat "$root/results/results.json" >&2
    exit 1
fi
rm "$root/results/results.json"
echo "setup.sh: ready."
