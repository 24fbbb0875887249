// The pages that the tools are tried on.

import http from "node:http";

const FORM = `<title>Form</title><h1>Form</h1>
<label>Email <input name=email></label>
<label>City <select><option>Rome<option>Oslo</select></label>
<button onclick="document.title = 'clicked'">Press</button>
<button onclick="confirm('Sure?')">Ask</button>
<input type=file aria-label=Photo>
<div id=a draggable=true style="width:80px;height:40px" aria-label=Source role=button>Source</div>
<div id=b role=button ondragover="event.preventDefault()" ondrop="event.preventDefault(); this.textContent = 'dropped'" style="width:80px;height:40px">Place</div>
<a href="/other">Other</a><script>console.log("hello from the page")</script>`;

const LOGIN = `<title>Login</title><form method=post action=/enter>
<label>Name <input name=user></label><label>Password <input type=password name=password></label><button>Go</button></form>`;

function answer(request, response) {
  const path = new URL(request.url, "http://a").pathname;
  if (path === "/enter") {
    response.writeHead(303, { Location: "/login", "Set-Cookie": "sid=1; Domain=other.test; Path=/" });
    response.end();
    return;
  }
  response.writeHead(200, { "Content-Type": "text/html" });
  response.end({ "/": FORM, "/login": LOGIN }[path] || "<title>Other</title><p>The other page</p>");
}

// Serves until it is closed; gives the address and the end.
export async function serve() {
  const server = http.createServer(answer);
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const close = () => (server.closeAllConnections(), new Promise((done) => server.close(done)));
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}
