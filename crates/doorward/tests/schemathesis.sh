#!/usr/bin/env bash
# Generates requests from the served OpenAPI document, as a stranger and as an administrator: no 5xx, no answer
# that the document does not know. Needs `schemathesis` (pip), `curl`, `python3`, and the program as first argument.
set -euo pipefail

program=$(realpath "${1:?the program, such as target/debug/doorward}")
port=${2:-8765}
place=$(mktemp -d)
cd "$place"

DOORWARD_SERVER__PRIVATE_LISTEN=off DOORWARD_PASSWORD__HASH=low-memory \
    "$program" serve --listen "127.0.0.1:$port" --data data >out.txt 2>log.txt &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$place"' EXIT

origin=http://localhost:$port
until curl -sf -o /dev/null "$origin/health/live"; do sleep 0.1; done

field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
token=$(curl -s -c jar "$origin/api/v1/auth/csrf-token" | field csrf_token)
password=$(sed -n 's/^password: //p' data/initial-admin.txt)
token=$(curl -s -b jar -c jar -H 'Content-Type: application/json' -H "X-CSRF-TOKEN: $token" -H "Origin: $origin" \
    -d "{\"email\":\"admin@localhost\",\"password\":\"$password\"}" "$origin/api/v1/auth/jwt/login" | field csrf_token)
cookies=$(awk -F '\t' 'NF >= 7 { printf "%s%s=%s", (n++ ? "; " : ""), $6, $7 }' jar)

checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance
checks=$checks,response_schema_conformance
run() {
    schemathesis run "$origin/api/openapi.json" --no-color --phases examples,coverage,fuzzing --max-examples 50 \
        --checks "$checks" "$@"
}
run
# Signing out would make a stranger of the administrator.
run --exclude-path /api/v1/auth/jwt/logout -H "Cookie: $cookies" -H "X-CSRF-TOKEN: $token" -H "Origin: $origin"
