#!/usr/bin/env bash
# From the package lists of this machine to tags for the packages that have none.
#     run.sh OUT      HARNN and PYTHON name other programs than `harnn` and `python3`
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?a directory for what is made}
harnn=${HARNN:-harnn}

"${PYTHON:-python3}" "$here/packages.py" "$out"
cd "$out"

# Packages of one source have nearly the same description: all of them go into one part.
"$harnn" split --data tagged.jsonl --taxonomy taxonomy.tsv --group-by source --output parts --overwrite
"$harnn" train --taxonomy taxonomy.tsv --train parts/train.jsonl --valid parts/valid.jsonl \
  --preset fast --out model --overwrite
"$harnn" evaluate model --data parts/test.jsonl --json scores.json

"$harnn" predict model --data untagged.jsonl --output suggested.csv
head -n 20 untagged.jsonl > some.jsonl
"$harnn" explain model --data some.jsonl --output reasons.html
"$harnn" drift model --data untagged.jsonl
