#!/usr/bin/env bash
# register.sh <project> <model> <version> <encoder.onnx> <head.onnx> <preprocessing.json> <class>...
# Needs curl and node. Run again with the same arguments, it finds what it made the first time.
set -euo pipefail
here=$(dirname "$0")
project=$1 model=$2 version=$3 encoder=$4 head=$5 preprocessing=$6
shift 6

# Prints the file's hash; sends the file unless the project has it already.
upload() {
  local hash
  hash=$(node -p 'require("crypto").createHash("sha256").update(require("fs").readFileSync(process.argv[1])).digest("hex")' "$1")
  curl -sS --fail-with-body -o /dev/null -X PUT "$FAULTLINE_URL/uploads/$hash" \
    -H "authorization: Bearer $FAULTLINE_TOKEN" -H "x-faultline-project: $project" \
    -H "content-type: application/octet-stream" --data-binary "@$1"
  echo "$hash"
}

# ask <operation.graphql> <variables as JSON>
ask() {
  node -p 'JSON.stringify({ query: require("fs").readFileSync(process.argv[1], "utf8"), variables: JSON.parse(process.argv[2]) })' "$@" |
    curl -sS --fail-with-body "$FAULTLINE_URL/graphql" \
      -H "authorization: Bearer $FAULTLINE_TOKEN" -H "content-type: application/json" --data @-
}

found=$(ask "$here/find-model.graphql" "{\"project\": \"$project\", \"model\": \"$model\"}")
model_id=$(node -p 'JSON.parse(process.argv[1]).data.project.model.id' "$found")

variables=$(
  encoder=$(upload "$encoder") head=$(upload "$head") model_id=$model_id version=$version \
  preprocessing=$(cat "$preprocessing") node -p 'JSON.stringify({
    input: {
      modelId: process.env.model_id,
      name: process.env.version,
      classes: process.argv.slice(1),
      encoderSha256: process.env.encoder,
      headSha256: process.env.head,
      preprocessing: JSON.parse(process.env.preprocessing),
      idempotencyKey: `register ${process.env.model_id} ${process.env.version}`,
    },
  })' "$@"
)
ask "$here/register-model-version.graphql" "$variables"
