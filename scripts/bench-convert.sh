#!/usr/bin/env bash
# Converts one generated trail with trailgauge and with DuckDB, side by side: CPU, wall time, memory, output size, and the floor
# (inflating, walking the JSON, zstd); first, where the conversion's CPU goes, step by step. Needs Go and npm; DuckDB is installed
# into a cache folder.
#
#   scripts/bench-convert.sh [WORK]      WORK: a folder for the trail and the outputs, kept; default: a temporary one, removed
#
# The generated month (300,525 records in 44,626 objects) is first merged into 300 objects of about 1.5 MB of JSON in one folder.
. "$(dirname "$0")/bench/work.sh" "${1:-}"

cache="${XDG_CACHE_HOME:-$HOME/.cache}/trailgauge-bench"
duckdb=1.5.6-r.1
go build -o "$work/bench" ./scripts/bench
go build -o "$work/benchsteps" ./scripts/benchsteps
if [ ! -d "$work/objects" ]; then
	"$work/trailgauge" generate --seed 7 --out "$work/generated"
	"$work/bench" merge "$work/generated/trail" "$work/objects" 300
	rm -rf "$work/generated"
fi
if ! grep -qs "\"version\": \"$duckdb\"" "$cache/node_modules/@duckdb/node-api/package.json"; then
	mkdir -p "$cache"
	npm install --silent --no-fund --no-audit --prefix "$cache" "@duckdb/node-api@$duckdb"
fi

# The peer: DuckDB reads the objects with its JSON reader and writes Parquet. A record's free-form members stay JSON text, as in the lake.
cat >"$work/peer.sql" <<SQL
COPY (
 SELECT r.eventVersion, r.userIdentity.type AS uit, r.userIdentity.principalId AS pid, r.userIdentity.arn AS arn, r.userIdentity.accountId as acct, r.userIdentity.accessKeyId as ak, r.userIdentity.sessionContext.sessionIssuer.arn as issuer, r.eventTime::TIMESTAMP as eventTime, r.eventSource, r.eventName, r.awsRegion, r.sourceIPAddress, r.userAgent, r.errorCode, r.errorMessage, r.requestParameters, r.responseElements, r.requestID, r.eventID, r.readOnly, r.resources, r.eventType, r.managementEvent, r.recipientAccountId, r.eventCategory, r.tlsDetails
 FROM (SELECT unnest(Records) AS r FROM read_json('$work/objects/*.json.gz', format='unstructured', maximum_object_size=100000000, columns={Records: 'STRUCT(eventVersion VARCHAR, userIdentity STRUCT("type" VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, accessKeyId VARCHAR, userName VARCHAR, invokedBy VARCHAR, sessionContext STRUCT(sessionIssuer STRUCT("type" VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR))), eventTime VARCHAR, eventSource VARCHAR, eventName VARCHAR, awsRegion VARCHAR, sourceIPAddress VARCHAR, userAgent VARCHAR, errorCode VARCHAR, errorMessage VARCHAR, requestParameters JSON, responseElements JSON, requestID VARCHAR, eventID VARCHAR, readOnly BOOLEAN, resources JSON, eventType VARCHAR, managementEvent BOOLEAN, recipientAccountId VARCHAR, eventCategory VARCHAR, tlsDetails JSON)[]'}))
) TO '$work/peer.parquet' (FORMAT parquet, COMPRESSION zstd)
SQL
cat >"$work/peer.cjs" <<'JS'
const { createRequire } = require('node:module');
const [, , cache, sql] = process.argv;
const { DuckDBInstance } = createRequire(cache + '/')('@duckdb/node-api');
(async () => {
  const db = await DuckDBInstance.create(':memory:', { threads: '2' });
  await (await db.connect()).run(require('node:fs').readFileSync(sql, 'utf8'));
})();
JS
"$work/benchsteps" "$work/objects" "$work/lake" "$work/steps.prof"
echo
"$work/bench" convert "$work/trailgauge" "$work/objects" "$work" node "$work/peer.cjs" "$cache" "$work/peer.sql"
