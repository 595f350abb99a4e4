#!/usr/bin/env bash
# The story of a table and a container, told by the real programs. `./dev demo` builds them and sets
# SPILLWAY_BIN (folder of the programs), SPILLWAY_PYTHON and, if asked, ROWS (of the table).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:?usage: demo.sh FOLDER}
rows=${ROWS:-20000}
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

say() {
  if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then printf '\n\033[1m%s\033[0m\n' "$*"
  else printf '\n%s\n' "$*"; fi
}
# Shows a command as one would type it, and runs it.
run() {
  local word words=
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_./-]+$ ]] || word="\"$word\""
    words+=" $word"
  done
  printf '\n$ spillway%s\n' "$words"
  "$SPILLWAY_BIN/spillway" "$@"
}

say "1. A lake: a Delta table of $rows products, written by delta-rs"
"$SPILLWAY_PYTHON" "$here/make_table.py" "$folder/lake/products" "$rows"
run inspect ./lake/products

say "2. An operational store: a local Cosmos DB server"
"$SPILLWAY_BIN/spillway-emulator" --data "$folder/cosmos" --cert "$folder/cosmos" --port 0 --ready-json \
  >ready.json 2>emulator.log &
emulator=$!
trap 'kill "$emulator" 2>/dev/null; wait "$emulator" 2>/dev/null || true' EXIT
for _ in $(seq 200); do
  [ -s ready.json ] && break
  kill -0 "$emulator" || { cat emulator.log; exit 1; }
  sleep 0.05
done
ready() {
  "$SPILLWAY_PYTHON" -c 'import json, sys; print(json.load(open("ready.json"))[sys.argv[1]])' "$1"
}
endpoint=$(ready endpoint)
COSMOS_KEY=$(ready key)
export COSMOS_KEY
echo "listening on $endpoint"

say "3. A pipeline: spillway.yaml says what goes where"
sed -e "s|ENDPOINT|$endpoint|" -e "s|CERTIFICATE|$(ready certificate)|" "$here/spillway.yaml" \
  >spillway.yaml
cat spillway.yaml
run check --connect
run plan products

say "4. The initial load"
run sync products

say "5. The proof: source and container compared, document by document"
run verify products
run query shop/products "SELECT TOP 3 c.id, c.name, c.price FROM c WHERE c.category = 'garden drinkware'"

say "6. The table changes, in six commits; the same command brings what has changed"
"$SPILLWAY_PYTHON" "$here/change_table.py" "$folder/lake/products"
run sync products
run verify products

say "7. A second opinion: neither side read by Spillway"
"$SPILLWAY_PYTHON" "$here/compare.py" "$folder/lake/products" "$endpoint" \
  "$(ready certificate)"

say "8. What happened"
run status
run runs
say "Done. Everything is in $(basename "$folder")/; run the demo again for a fresh start."
