# Sourced by scripts/bench-*.sh: goes to the project's folder, and puts trailgauge into $work: the folder that is named, which is kept, or a temporary one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ -n "${1:-}" ]; then
	mkdir -p "$1"
	work=$(realpath "$1")
else
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
CGO_ENABLED=0 go build -trimpath -o "$work/trailgauge" ./cmd/trailgauge
