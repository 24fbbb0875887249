# Doorward as a container: one program, one folder, a user of its own.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package doorward

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/doorward --shell /usr/sbin/nologin doorward \
    && install -d -m 0700 -o doorward -g doorward /var/lib/doorward
COPY --from=build /src/target/release/doorward /usr/local/bin/doorward
USER doorward
WORKDIR /var/lib/doorward
VOLUME /var/lib/doorward
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["doorward", "health"]
ENTRYPOINT ["doorward"]
CMD ["serve", "--listen", "0.0.0.0:8000", "--data", "/var/lib/doorward"]
