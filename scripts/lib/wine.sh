# shellcheck shell=bash
# Sourced after build.sh by scripts that run the Windows halves of C targets under wine.

# One prefix for all of them: wine takes ten seconds to make it, without a display.
export WINEPREFIX="${WINEPREFIX:-$PWD/.build/wine}" WINEDEBUG=-all DISPLAY=

# shellcheck disable=SC2034  # used by the scripts that source this
WINE_PACKAGES=(gcc libc6-dev gcc-mingw-w64-x86-64 wine wine64)

HARNESS_OPTIONS=(-std=gnu17 -Wall -Wextra -Werror -O1)

# Compiles a C harness for Linux and for Windows, runs both, and compares their lines; "end" is the last one.
#   same_under_wine NAME 'LIBRARIES OF LINUX' 'LIBRARIES OF WINDOWS' SOURCE-OR-OPTION …
same_under_wine() {
  local name=$1 linux=$2 windows=$3 folder
  shift 3
  folder=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder of this call
  trap "rm -rf '$folder'" EXIT
  # shellcheck disable=SC2086  # one word a library
  "${CC:-gcc}" "${HARNESS_OPTIONS[@]}" -o "$folder/harness" "$@" $linux
  mkdir "$folder/linux" "$folder/windows"
  (cd "$folder/linux" && timeout 60 ../harness >../linux.txt)
  # shellcheck disable=SC2086
  x86_64-w64-mingw32-gcc "${HARNESS_OPTIONS[@]}" -o "$folder/harness.exe" "$@" $windows
  mkdir -p "$(dirname "$WINEPREFIX")"
  # To a file: programs that wine starts beside it would keep a pipe open.
  (cd "$folder/windows" && timeout 240 wine ../harness.exe >../windows.out 2>/dev/null) || true
  tr -d '\r' <"$folder/windows.out" >"$folder/windows.txt"
  if ! diff -u "$folder/linux.txt" "$folder/windows.txt"; then
    say "$name: Linux and Windows differ"
    return 1
  fi
  if ! grep -qx end "$folder/linux.txt"; then
    say "$name: the harness did not reach its end"
    return 1
  fi
  echo "$name: $(wc -l <"$folder/linux.txt") lines are the same on Linux and under wine"
}
