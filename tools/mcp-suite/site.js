// A small site: pages that tests put there, and a few addresses that do something.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

export class Site {
  constructor() {
    this.pages = new Map();
    this.seen = [];
    this.hanging = new Set();
    this.server = createServer((request, response) => this.answer(request, response));
    this.server.on("upgrade", (request, socket) => echo(request, socket));
  }

  async start() {
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.port = this.server.address().port;
  }

  url(path) {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  // The same page under another site's name.
  elsewhere(path) {
    return `http://localhost:${this.port}${path}`;
  }

  put(path, body, { status = 200, headers = {} } = {}) {
    this.pages.set(path, { status, headers: { "Content-Type": "text/html; charset=utf-8", ...headers }, body });
    return this.url(path);
  }

  answer(request, response) {
    const url = new URL(request.url, "http://x");
    let body = "";
    request.on("data", (piece) => { body += piece; });
    request.on("end", () => {
      this.seen.push({ method: request.method, path: url.pathname, headers: request.headers, body });
      this.reply(url, request, response, body);
    });
  }

  reply(url, request, response, body) {
    const page = this.pages.get(url.pathname);
    if (page) return void response.writeHead(page.status, page.headers).end(page.body);
    const send = (status, headers, text = "") => void response.writeHead(status, headers).end(text);
    const json = { "Content-Type": "application/json" };
    switch (url.pathname) {
      case "/to": return send(302, { Location: url.searchParams.get("where") });
      case "/status": return send(Number(url.searchParams.get("code")), { "Content-Type": "text/html" }, "<title>Status</title><h1>Status page</h1>");
      case "/slow": return void setTimeout(() => send(200, json, '{"slow":true}'), Number(url.searchParams.get("ms") || 400));
      case "/echo": return send(200, json, JSON.stringify({ method: request.method, body, cookie: request.headers.cookie || null }));
      case "/hang": return void this.hanging.add(response);
      case "/drop": return void request.socket.destroy();
      case "/pixel.png": return send(200, { "Content-Type": "image/png" }, PIXEL);
      case "/file": return send(200, { "Content-Type": "application/octet-stream", "Content-Disposition": `attachment; filename="${url.searchParams.get("name")}"` }, "content of the file");
      default: return send(404, { "Content-Type": "text/html" }, "<title>Not found</title><h1>Not found</h1>");
    }
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

// A WebSocket that says everything back.
function echo(request, socket) {
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  socket.on("error", () => {});
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.on("data", (frame) => {
    const length = frame[1] & 0x7f;
    if ((frame[0] & 0xf) !== 1 || length > 125) return;
    const mask = frame.subarray(2, 6);
    const text = Buffer.from(frame.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]));
    socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
  });
}
