# shellcheck shell=bash
# Sourced by the scripts: required packages, and the build of the program. Changes to the repository's root.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
ROOT=$PWD

# With the seconds since the script's start.
say() { printf '==> %d s: %s\n' "$SECONDS" "$*" >&2; }

# Prints those of the given Debian packages that are not installed.
missing_packages() {
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  printf '%s\n' "${missing[@]}"
}

# Installs missing Debian packages; on other systems only lists the required ones.
need_packages() {
  local missing lock as_root=()
  if ! command -v apt-get >/dev/null; then
    say "no apt-get; required are the equivalents of the Debian packages: $*"
    return
  fi
  missing=$(missing_packages "$@" | xargs)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      say "missing: $missing; please run as root: apt-get install $missing"
      exit 69
    fi
    as_root=(sudo)
  fi
  say "installing $missing"
  # One at a time: apt's own lock fails instead of waiting.
  exec {lock}<"$ROOT/scripts/lib/build.sh"
  flock "$lock"
  # shellcheck disable=SC2086  # one word a package
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >&2 || {
    "${as_root[@]}" apt-get update >&2
    # shellcheck disable=SC2086
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >&2
  } || {
    say "could not install: $missing"
    exit 69
  }
  exec {lock}<&-
}

# Installs Debian packages needed by optional tests, unless they would start services.
want_packages() {
  local missing
  command -v apt-get >/dev/null || return 0
  missing=$(missing_packages "$@" | xargs)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ] && [ ! -d /run/systemd/system ]; then
    say "installing $missing"
    # shellcheck disable=SC2086  # one word a package
    env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >&2 && return
  fi
  say "tests that need them are skipped: $missing"
}

need_swift() {
  command -v swift >/dev/null && return
  say "swift not found: install a Swift 6.2 or newer toolchain (swift.org/install) and put it on PATH"
  exit 69
}

# Number of tests that run at a time. Swift Testing starts all at once: beside hundreds that are busy, the two threads of
# the concurrency pool get so little of two CPUs that a test of a server and its client waits for minutes.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH="${SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH:-$(($(nproc) * 4))}"

# Options of every build: an import of a target that the manifest does not list is an error; debug information would take a
# quarter of the compilers' time.
BUILD_OPTIONS=(--explicit-target-dependency-import-check error -debug-info-format none)

# One file without symbols, unused or equal functions (each in a section of its own), and a table of its symbols
# for libraries that it does not have.
RELEASE_OPTIONS=(-c release --static-swift-stdlib -Xlinker -s -Xlinker --gc-sections -Xlinker --no-export-dynamic
  -Xswiftc -Xfrontend -Xswiftc -function-sections -Xlinker --icf=safe)

RELEASE_BINARY=.build/release/agent

# Archives that a release contains instead of needing shared libraries; the linker prefers this folder, which has no others.
STATIC_FOLDER=$PWD/.build/static

# Fills STATIC_FOLDER; where an archive is missing, the release needs the shared library.
link_statically() {
  local library archive
  archive_of() {
    archive=$("$(dirname "$(command -v swift)")/clang" -print-file-name="lib$1.a")
    [ -f "$archive" ] || { say "no lib$1.a: the release needs lib$1.so"; return 1; }
    archive=$(realpath "$archive")
  }
  rm -rf "$STATIC_FOLDER"
  mkdir -p "$STATIC_FOLDER"
  for library in deflate sqlite3 z; do
    if archive_of "$library"; then ln -s "$archive" "$STATIC_FOLDER/"; fi
  done
  # Archives that need another one are linker scripts with both.
  while read -r library needed name; do
    archive_of "$library" || continue
    local first=$archive
    archive_of "$needed" || continue
    echo "GROUP ( $first $archive )" >"$STATIC_FOLDER/lib$name.a"
  done <<'LIBRARIES'
ncursesw tinfo ncursesw
snappy stdc++ snappy
stdc++ gcc_eh stdc++
gcc_eh gcc gcc_s
LIBRARIES
}

# Headers and libraries that the build needs.
BUILD_PACKAGES=(libdeflate-dev libncurses-dev libsnappy-dev libsqlite3-dev zlib1g-dev)

build_release() {
  need_packages "${BUILD_PACKAGES[@]}"
  need_swift
  [ -x "$RELEASE_BINARY" ] || say "first build: takes some minutes, mostly for the HTTP server's packages"
  link_statically
  swift build "${BUILD_OPTIONS[@]}" "${RELEASE_OPTIONS[@]}" -Xswiftc "-L$STATIC_FOLDER" --product agent >&2
}
