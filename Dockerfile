# The product alone: Postgres, Temporal and a relay come from outside (docker-compose.yml brings all three).
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -o /perennial ./cmd/perennial

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /perennial /perennial
EXPOSE 8080
ENTRYPOINT ["/perennial"]
CMD ["serve"]
