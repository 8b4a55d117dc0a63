#!/usr/bin/env bash
# Renders every overlay of deploy/k8s and checks the result without a cluster: against Kubernetes'
# own schemas of three versions, the schemas of custom resources, checkov, promtool, hadolint, and
# deploy/checks (truths that cross files; what nats-server and promtool say; mutated copies).
# Not covered: admission, rules inside custom resources, scheduling, the effect of policies.
set -euo pipefail
cd "$(dirname "$0")/../.."

code=0
reason=$(deploy/ci/k8s_tools.sh 2>&1) || code=$?
if [ "$code" != 0 ]; then
  printf '\n==== NOT CHECKED: make k8s-validate ====\n%s\n\n' "$reason"
  # Where it could have been installed, that is a failure and no excuse.
  [ "$code" = 3 ] && ! { [ "${CI:-}" = true ] && [ -f /etc/debian_version ]; } && exit 0
  exit 1
fi

tools=$PWD/build/k8s-tools bin=$PWD/.venv-k8s/bin out=$PWD/build/k8s
rm -rf "$out" && mkdir -p "$out"
for overlay in deploy/k8s/overlays/*/; do
  name=$(basename "$overlay")
  "$tools/kustomize" build "$overlay" >"$out/$name.yaml"
  echo "$name: $(grep -c '^kind:' "$out/$name.yaml") objects"
done

jobs=()
check() { # name, command …
  local name=$1
  shift
  ("$@" >"$out/$name.log" 2>&1) &
  jobs+=("$name:$!")
}

# Of checkov's rules these are left out, for these reasons:
#   CKV_K8S_11  CPU limits: throttling costs more than it protects; requests and HPAs are there
#   CKV_K8S_15  always pulling: a release names its images by digest
#   CKV_K8S_43  digests: a release sets them (.github/workflows/ci.yml), the repository cannot know them
skipped=CKV_K8S_11,CKV_K8S_15,CKV_K8S_43
# Of hadolint's: DL3008 (the base image's release pins packages), DL4006 (no pipe here can fail unseen),
# DL3064 (TOCSIN_SECRETS_DIR names a folder).
check hadolint "$bin/hadolint" --ignore DL3008 --ignore DL3064 --ignore DL4006 Dockerfile deploy/ci/images/*/Dockerfile
check rules "$tools/promtool" check rules deploy/observability/rules/*.yml
check scraping "$tools/promtool" check config --syntax-only deploy/observability/prometheus.yml
for overlay in "$out"/*.yaml; do
  name=$(basename "$overlay" .yaml)
  check "schemas-$name" "$bin/python" deploy/ci/k8s/validate.py "$overlay"
  check "checkov-$name" "$bin/checkov" -f "$overlay" --framework kubernetes --quiet --compact \
    --skip-download --skip-check "$skipped"
done
# Two processes: what starts servers, and the rest.
servers=(deploy/checks/test_pods.py deploy/checks/test_nats.py)
check servers .venv/bin/python -m pytest -q -rs --timeout 600 "${servers[@]}"
check truths .venv/bin/python -m pytest -q -rs --timeout 600 deploy/checks "${servers[@]/#/--ignore=}"

failed=0
for job in "${jobs[@]}"; do
  if wait "${job##*:}"; then
    echo "ok      ${job%%:*}: $(grep -v '^$' "$out/${job%%:*}.log" | tail -n 1)"
  else
    failed=1
    echo "FAILED  ${job%%:*}"
    tail -n 60 "$out/${job%%:*}.log"
  fi
done
exit "$failed"
