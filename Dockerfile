# One Dockerfile for the four services:
#   docker build --build-arg SERVICE=cases --tag tocsin/cases:dev .
# There is no "# syntax" line on purpose: the builder's own frontend suffices, and a build then
# needs nothing from a registry but the base image.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# The optional secret "ca" lends a CA bundle where a proxy inspects TLS. It is mounted, never copied.
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=ca,required=false \
    --mount=type=bind,source=locks/uv.txt,target=locks/uv.txt \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    python3 -m pip install --quiet --root-user-action=ignore --require-hashes --requirement locks/uv.txt \
 && uv venv --quiet --python "$(command -v python3)" /opt/tocsin
ARG SERVICE
# Other people's packages change with their lock, not with our code.
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=ca,required=false \
    --mount=type=bind,source=locks,target=locks \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    uv pip install --quiet --python /opt/tocsin --require-hashes \
      --requirement "locks/$(echo "${SERVICE}" | tr _ -).txt"
COPY libs/contracts libs/contracts
COPY libs/common libs/common
COPY services/${SERVICE} services/${SERVICE}
RUN uv pip install --quiet --python /opt/tocsin --offline --no-deps --no-sources \
      ./libs/contracts ./libs/common "./services/${SERVICE}"

FROM ${PYTHON_IMAGE}
ARG SERVICE
ARG VERSION=0.0.0.dev0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tocsin-${SERVICE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# For what volumes keep beside the database, where there are any.
RUN install -d -o 10001 -g 10001 -m 700 /var/lib/tocsin/attachments /var/lib/tocsin/erasures
COPY --from=build /opt/tocsin /opt/tocsin
ENV PATH=/opt/tocsin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TOCSIN_SERVICE=${SERVICE} \
    TOCSIN_HOST=0.0.0.0 \
    TOCSIN_PORT=8080 \
    TOCSIN_METRICS_PORT=9090 \
    TOCSIN_SECRETS_DIR=/run/secrets/tocsin
# A number, so that the kubelet can see that it is not root's.
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080 9090
ENTRYPOINT ["python", "-m", "tocsin_common.container"]
CMD ["serve"]
