// The package `ws` of Node as a server; see conversation.py for what it does.
"use strict";

const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const { parseArgs } = require("node:util");
const { WebSocketServer } = require("ws");

const { values: options } = parseArgs({
  options: {
    cert: { type: "string" },
    key: { type: "string" },
    deflate: { type: "string", default: "{}" },
  },
});

function tell(facts) {
  console.log(JSON.stringify(facts));
}

function digest(data, binary) {
  const hash = createHash("sha256").update(data).digest("hex");
  return `${binary ? "binary" : "text"} ${data.length} ${hash}`;
}

function play(socket, script, { data, binary }) {
  let at = 0;
  for (const step of script.split(" ")) {
    const [kind, value] = step.split(":");
    if (kind === "ping") {
      socket.ping(value);
      continue;
    }
    const end = at + Number(value);
    const how = { binary, fin: kind !== "frame", compress: kind !== "plain" };
    socket.send(data.subarray(at, end), how);
    at = end;
  }
}

// What a session does with each message, by path.
const conversations = {
  "/echo": (socket) => (data, binary) => socket.send(data, { binary }),
  "/digest": (socket, report) => (data, binary) =>
    socket.send(!binary && String(data) === "report" ? report() : digest(data, binary)),
  "/cut": (socket, report) => {
    let kept;
    return (data, binary) => {
      if (kept === undefined) kept = { data, binary };
      else if (String(data) === "report") socket.send(report());
      else play(socket, String(data), kept);
    };
  },
  "/close": (socket, _report, query) => {
    if (query.has("code")) socket.close(Number(query.get("code")), query.get("reason"));
    else socket.close();
    return () => {};
  },
};

function serveSession(socket, request) {
  const { pathname, searchParams: query } = new URL(request.url, "ws://localhost");
  const pings = [];
  const pongs = [];
  const report = () => `pings=${pings} pongs=${pongs} received=${request.socket.bytesRead}`;
  socket.on("ping", (data) => pings.push(data));
  socket.on("pong", (data) => pongs.push(data));
  socket.on("error", (error) => console.error(error));
  socket.on("close", (code, reason) => {
    // 1005 stands for a Close without a code.
    const seen = code === 1005 ? null : code;
    tell({ id: Number(query.get("id")), code: seen, reason: String(reason) });
  });
  socket.on("message", conversations[pathname](socket, report, query));
}

const tls = options.cert !== undefined;
const identity = tls ? { cert: readFileSync(options.cert), key: readFileSync(options.key) } : {};
const server = tls ? https.createServer(identity) : http.createServer();
const deflate = JSON.parse(options.deflate);
// Without the threshold short messages would stay plain.
const perMessageDeflate = deflate === null ? false : { threshold: 0, ...deflate };
new WebSocketServer({ server, perMessageDeflate, maxPayload: 0 }).on("connection", serveSession);
server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
process.stdin.on("end", () => process.exit()).resume();
