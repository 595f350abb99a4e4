#!/usr/bin/env bash
# Installs the packages of apt.txt that are missing, then checks that every one has the upstream version named there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Prints the installed upstream version of a package (no epoch, no revision), or nothing.
installed_version() {
  local version
  version=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null) || return 0
  [[ $version == installed\ * ]] || return 0
  version=${version#installed }
  version=${version#*:}
  echo "${version%-*}"
}

wanted() { grep -Ev '^\s*(#|$)' "$here/apt.txt"; }

missing=()
while read -r package _; do
  [[ -n $(installed_version "$package") ]] || missing+=("$package")
done < <(wanted)

if ((${#missing[@]})); then
  if ((EUID != 0)); then
    echo "setup: these packages are missing, and installing them needs root:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "setup: installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
fi

failed=0
while read -r package version; do
  found=$(installed_version "$package")
  if [[ $found != "$version" && $found != "$version"[.+~-]* ]]; then
    echo "setup: $package is ${found:-not installed}; this project is built with $version (Debian 12)" >&2
    failed=1
  fi
done < <(wanted)
exit $failed
