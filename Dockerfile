# The static binary, certificates to trust, a folder for temporary files, and nothing else: docker build -t trailgauge .
# For several platforms: docker buildx build --platform linux/amd64,linux/arm64 …
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -o /out/trailgauge ./cmd/trailgauge && mkdir -m 1777 /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out /
# Numeric, so that Kubernetes can tell that it is not root.
USER 65532:65532
ENTRYPOINT ["/trailgauge"]
CMD ["run"]
