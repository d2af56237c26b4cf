# syntax=docker/dockerfile:1
# Images of a release's archive, which ./mvnw -Prelease package leaves in dist/target:
#   docker build --target cpu  --build-arg VERSION=0.1.0 -t candor .
#   docker build --target cuda --build-arg VERSION=0.1.0 -t candor:cuda .    (an archive that was built with nvcc on the PATH)
#   docker run --rm -it candor chat
#   docker run --rm -it --gpus all -v "$PWD:/work" --user "$(id -u)" -e HOME=/tmp candor:cuda train sft --data chats.jsonl --output runs/sft
ARG CPU_BASE=debian:12.11-slim
ARG CUDA_BASE=nvidia/cuda:12.6.3-base-ubuntu24.04

FROM ${CPU_BASE} AS unpacked
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ARG VERSION
RUN apt-get update \
    && apt-get install -y --no-install-recommends xz-utils=5.* \
    && rm -rf /var/lib/apt/lists/*
COPY dist/target/candor-${VERSION}-linux-*.tar.xz dist/target/SHA256SUMS /archive/
WORKDIR /archive
RUN sha256sum --check --ignore-missing SHA256SUMS \
    && mkdir /opt/candor \
    && tar -xf "candor-${VERSION}-linux-$(uname -m).tar.xz" -C /opt/candor --strip-components=1

FROM ${CPU_BASE} AS cpu
COPY --from=unpacked /opt/candor /opt/candor
RUN ln -s /opt/candor/candor /usr/local/bin/candor \
    && useradd --create-home --uid 10001 candor \
    && install -d -o candor /work
USER candor
WORKDIR /work
ENTRYPOINT ["candor"]
CMD ["--help"]

FROM ${CUDA_BASE} AS cuda
COPY --from=unpacked /opt/candor /opt/candor
RUN ln -s /opt/candor/candor /usr/local/bin/candor \
    && useradd --create-home --uid 10001 candor \
    && install -d -o candor /work
USER candor
WORKDIR /work
ENTRYPOINT ["candor"]
CMD ["--help"]
