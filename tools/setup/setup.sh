#!/usr/bin/env bash
# Brings a machine to where a task of ./dev can run, from pinned versions only, and says what it did.
#
#   setup.sh build|demo|test|spark|full|bench   install what the task needs; quick when all is there
#   setup.sh env                          print shell assignments that say where the installed tools are; the
#                                         Spark of the tests is 4.1, or what SPILLWAY_SPARK says (4.0)
#
# Everything but the distribution's packages goes to the user's cache folder (SPILLWAY_CACHE), in a folder
# named after the hash of its lock file, so that a changed lock is a new folder and old ones can be deleted.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${SPILLWAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/spillway}

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

# The folder of one tool set: its name and the hash of the files that pin it.
folder() {
  local name=$1
  shift
  echo "$cache/$name-$(cat "$@" | sha256sum | cut -c1-12)"
}

python_folder() {
  local locks=("$here/python/$1.txt")
  [[ $1 != spark-4.* ]] || locks+=("$here/python/test.txt")
  folder "python-$1" "${locks[@]}"
}
python_suite_folder() { folder python-suite "$here/python/suite.txt" "$here/python/suite-source.txt"; }
node_folder() { folder node "$here/npm/package.json" "$here/npm/package-lock.json"; }
npm_suites_folder() { folder npm-suites "$here/npm-suites/package.json" "$here/npm-suites/package-lock.json"; }
go_folder() { folder go "$here/go/go.mod" "$here/go/go.sum"; }
jars_folder() { folder "jars-$1" "$here/maven/delta-$1/pom.xml"; }
client_jars_folder() { folder client-jars "$here/maven/client/pom.xml"; }
clients=$here/../../test/clients
go_client_folder() { folder go-client "$clients/go/go.mod" "$clients/go/go.sum"; }
rust_client_folder() { folder rust-client "$clients/rust/Cargo.toml" "$clients/rust/Cargo.lock"; }
connector_folder() { folder connector "$here/maven/connector/pom.xml"; }

# Runs "$@" to fill a folder, once: a folder without its mark was interrupted and is made anew.
fill() {
  local target=$1 what=$2
  shift 2
  if [[ -e $target/.complete ]]; then
    say "$what: there"
    return
  fi
  say "$what: installing"
  rm -rf "$target"
  mkdir -p "$target"
  "$@" "$target" || return 1
  touch "$target/.complete"
}

at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1) == "$1" ]]; }

# require NAME MINIMUM FOUND HINT
require() {
  [[ -n $3 ]] || fail "$1 is missing; version $2 or newer is needed: $4"
  at_least "$2" "$3" || fail "$1 is $3; version $2 or newer is needed: $4"
}

major_of_java() { java -version 2>&1 | sed -n 's/.*version "\([0-9.]*\).*/\1/p'; }

check_rust() {
  require rustc 1.88 "$(rustc --version 2>/dev/null | cut -d' ' -f2 || true)" \
    "install Rust with rustup, then run 'rustup update stable'"
}
check_java() { require java 17 "$(major_of_java || true)" "apt-get install openjdk-17-jdk-headless maven"; }
check_node() { require node 20 "$(node --version 2>/dev/null | tr -d v || true)" "install Node.js 20 and npm"; }
check_go() {
  require go 1.24 "$(go version 2>/dev/null | sed -n 's/.* go\([0-9.]*\).*/\1/p' || true)" "install Go 1.24 or newer"
}

# The wheels of the lock files are chosen for Python 3.11, Debian 12's own.
python_311() {
  local candidate
  for candidate in python3.11 /usr/bin/python3.11 python3; do
    if "$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  fail "Python 3.11 is missing: apt-get install python3 python3-venv"
}

make_venv() {
  local lock=$1 target=$2
  "$(python_311)" -m venv "$target"
  "$target/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/python/$lock.txt"
}

# The client, and the tests that its source distribution carries, in source/.
make_python_suite() {
  local target=$1
  make_venv suite "$target"
  "$target/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
    --no-build-isolation --require-hashes --requirement "$here/python/suite-source.txt" --dest "$target/download"
  mkdir "$target/source"
  tar xzf "$target"/download/*.tar.gz -C "$target/source" --strip-components 1
}

# No install scripts: none of the packages needs one to run.
make_node_modules() {
  local lock=$1 target=$2
  cp "$here/$lock/package.json" "$here/$lock/package-lock.json" "$target/"
  (cd "$target" && npm ci --silent --ignore-scripts --no-audit --no-fund)
}

make_go_tools() {
  (cd "$here/go" && go build -mod=readonly -o "$1/fake-gcs-server" github.com/fsouza/fake-gcs-server)
}

copy_jars() {
  local pom=$1 target=$2
  mvn --batch-mode --quiet --file "$pom" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$target"
}

build_tools() {
  check_rust
  "$here/apt.sh"
  say "distribution packages: there"
}
demo_tools() { fill "$(python_folder demo)" "Python packages of the demo" make_venv demo; }
test_tools() {
  check_node
  check_go
  fill "$(python_folder test)" "Python packages of the tests" make_venv test
  fill "$(python_suite_folder)" "azure-cosmos for Python with its tests" make_python_suite
  fill "$(node_folder)" "Node packages" make_node_modules npm
  fill "$(npm_suites_folder)" "Node packages that carry their tests" make_node_modules npm-suites
  fill "$(go_folder)" "fake-gcs-server" make_go_tools
  check_java
  fill "$(go_client_folder)" "modules of the Go client" fetch_go_client
  fill "$(client_jars_folder)" "jars of the Java client" copy_jars "$here/maven/client/pom.xml"
}
fetch_go_client() { (cd "$clients/go" && go mod download); }
# What is built of it stays in the folder: the crates take minutes to compile.
fetch_rust_client() { cargo fetch --quiet --locked --manifest-path "$clients/rust/Cargo.toml"; }
rust_client_tools() {
  fill "$(rust_client_folder)" "crates of the Rust client" fetch_rust_client
}
# spark_tools VERSION…
spark_tools() {
  local version
  check_java
  for version in "$@"; do
    fill "$(python_folder "spark-$version")" "Python packages with Spark $version" make_venv "spark-$version"
    fill "$(jars_folder "$version")" "jars of Delta for Spark $version" copy_jars "$here/maven/delta-$version/pom.xml"
  done
}
# The connector is of an older Spark, which has a Python folder of its own.
connector_tools() {
  check_java
  fill "$(python_folder connector)" "Python packages with the connector's Spark" make_venv connector
  fill "$(connector_folder)" "jars of the Cosmos DB Spark connector" copy_jars "$here/maven/connector/pom.xml"
}

print_environment() {
  local demo test spark=${SPILLWAY_SPARK:-4.1}
  demo=$(python_folder demo) test=$(python_folder test)
  cat <<END
export SPILLWAY_DEMO_PYTHON='$demo/bin/python'
export SPILLWAY_PYTHON='$test/bin/python'
export SPILLWAY_PYTHON_SUITE='$(python_suite_folder)'
export SPILLWAY_SPARK_PYTHON='$(python_folder "spark-$spark")/bin/python'
export SPILLWAY_NODE_MODULES='$(node_folder)/node_modules'
export SPILLWAY_NPM_SUITES='$(npm_suites_folder)/node_modules'
export SPILLWAY_GO_TOOLS='$(go_folder)'
export SPILLWAY_SPARK_JARS='$(jars_folder "$spark")'
export SPILLWAY_SPARK_3_5_PYTHON='$(python_folder spark-3.5)/bin/python'
export SPILLWAY_SPARK_3_5_JARS='$(jars_folder 3.5)'
export SPILLWAY_RUST_CLIENT='$(rust_client_folder)'
export SPILLWAY_CLIENT_JARS='$(client_jars_folder)'
export SPILLWAY_CONNECTOR_PYTHON='$(python_folder connector)/bin/python'
export SPILLWAY_CONNECTOR_JARS='$(connector_folder)'
END
}

# Two set-ups at once would fill the same folders.
lock_cache() {
  mkdir -p "$cache"
  exec 9>"$cache/.setup.lock"
  flock 9
}

case ${1:-} in
  env) print_environment ;;
  build) lock_cache; build_tools ;;
  demo) lock_cache; build_tools; demo_tools ;;
  test) lock_cache; build_tools; test_tools; connector_tools ;;
  spark) lock_cache; build_tools; test_tools; spark_tools 4.1 3.5 ;;
  full) lock_cache; build_tools; test_tools; rust_client_tools; spark_tools 4.1 3.5 4.0; connector_tools ;;
  bench) lock_cache; build_tools; test_tools; rust_client_tools; spark_tools 4.1; connector_tools ;;
  *) fail "usage: setup.sh build|demo|test|spark|full|bench|env" ;;
esac
