# shellcheck shell=bash
# Sourced by the scripts: required packages, and the build of the program. Changes to the repository's root.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

say() { printf '==> %s\n' "$*" >&2; }

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
  local missing as_root=()
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
  # shellcheck disable=SC2086  # one word a package
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >&2 || {
    "${as_root[@]}" apt-get update >&2
    # shellcheck disable=SC2086
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >&2
  } || {
    say "could not install: $missing"
    exit 69
  }
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

# Options of every build: an import of a target that the manifest does not list is an error.
BUILD_OPTIONS=(--explicit-target-dependency-import-check error)

# One file without debug information and unused code.
RELEASE_OPTIONS=(-c release --static-swift-stdlib -Xlinker -s -Xlinker --gc-sections)

RELEASE_BINARY=.build/release/agent

# Headers and libraries that the build needs.
BUILD_PACKAGES=(libdeflate-dev libncurses-dev libsnappy-dev libsqlite3-dev zlib1g-dev)

build_release() {
  need_packages "${BUILD_PACKAGES[@]}"
  need_swift
  [ -x "$RELEASE_BINARY" ] || say "first build: takes some minutes, mostly for the HTTP server's packages"
  swift build "${BUILD_OPTIONS[@]}" "${RELEASE_OPTIONS[@]}" --product agent >&2
}
