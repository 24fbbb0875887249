// A small server that answers as it is told to, well or badly.

import { createServer } from "node:http";

/** @param {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse, count: number) => void} answer */
export async function startRaw(answer) {
  const seen = [];
  const server = createServer((request, response) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers });
    answer(request, response, seen.length);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    seen,
    end: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

export const html = (response, status, text = "<!DOCTYPE html><title>Hello</title>", fields = {}) =>
  response.writeHead(status, { "Content-Type": "text/html; charset=utf-8", ...fields }).end(text);

export const json = (response, status, content, fields = {}) =>
  response.writeHead(status, { "Content-Type": "application/json", ...fields }).end(JSON.stringify(content));

export const token = (text, seconds = 3600) => ({ csrf_token: text, header_name: "X-CSRF-TOKEN", cookie_name: "csrf_token", expires_in: seconds, message: "" });
