// Models behind a server, by one on this machine.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, test } from "node:test";
import { Assistant, RemoteLlm, tool } from "rushlight";

const servers = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server of chat completions: each request takes the next reply, a status and events; without an end it is silent. */
async function serve(...replies) {
  const asked = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    asked.push({ path: request.url, headers: request.headers, body: JSON.parse(body) });
    const [status, events] = replies.shift();
    if (status !== 200) {
      response.writeHead(status, { "content-type": "application/json", "retry-after": "0" });
      response.end(JSON.stringify(events[0]));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
    if (JSON.stringify(events).includes("finish_reason")) response.end("data: [DONE]\n\n");
    else response.on("close", () => server.emit("gone"));
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, asked, url: `http://127.0.0.1:${server.address().port}/v1` };
}

const text = (content) => ({ choices: [{ index: 0, delta: { content } }] });
const end = (reason = "stop") => ({
  choices: [{ index: 0, delta: {}, finish_reason: reason }],
  usage: { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 2 } },
});
const call = (args) => {
  const calls = [{ index: 0, id: "c1", function: { name: "add", arguments: args } }];
  return { choices: [{ index: 0, delta: { tool_calls: calls } }] };
};
const busy = [429, [{ error: { message: "slow down" } }]];

const add = tool({
  name: "add",
  description: "Adds two numbers",
  input: {
    type: "object",
    properties: { a: { type: "integer" }, b: { type: "integer" } },
    required: ["a", "b"],
  },
  execute: ({ a, b }) => a + b,
});

test("an assistant streams, calls tools and mends arguments", async () => {
  const calls = ['{"a": 1, "b": ', '{"a": 1, "b": 2}'].map((args) => [200, [call(args), end("tool_calls")]]);
  const { asked, url } = await serve(busy, ...calls, [200, [text("It is "), text("3."), end()]]);
  const llm = new RemoteLlm(url, "m", {
    apiKey: "secret",
    headers: { "OpenAI-Organization": "org-1" },
    extra: { reasoning_effort: "low", camelCase: { aB: 1 } },
    contextWindow: 5000,
    timeoutMs: 20_000,
  });
  const assistant = new Assistant(llm, { tools: [add] });

  const events = [];
  for await (const event of assistant.stream("What is 1 + 2?")) events.push(event);

  assert.deepEqual(events.filter(({ type }) => type === "text").map(({ text }) => text), ["It is ", "3."]);
  const outputs = events.filter(({ type }) => type === "tool_output");
  assert.deepEqual(outputs.map(({ status }) => status), ["invalid_arguments", "success"]);
  assert.deepEqual(events.at(-1).usage, { inputTokens: 21, outputTokens: 9, cachedTokens: 6 });
  for (const { path, headers, body } of asked) {
    assert.deepEqual([path, headers.authorization, headers["openai-organization"]], ["/v1/chat/completions", "Bearer secret", "org-1"]);
    assert.deepEqual([body.reasoning_effort, body.camelCase], ["low", { aB: 1 }]);
  }
  assert.ok(llm.name.startsWith(`m at ${url} with `));
  assert.deepEqual([llm.contextWindow, await llm.countTokens("12345")], [5000, 2]);
});

test("what a server refuses reaches the caller", async () => {
  const refused = [401, [{ error: { message: "no such key: secret" } }]];
  const { url } = await serve(refused, busy, [200, [text("Once")]]);
  const assistant = new Assistant(new RemoteLlm(url, "m", { apiKey: "secret", retries: 0, idleTimeoutMs: 100 }));

  const message = /^invalid `api_key` for `m at .*`: status 401: no such key: …$/;
  await assert.rejects(assistant.run("Hi"), { code: "invalid", message });
  await assert.rejects(assistant.run("Hi"), { code: "model", retryable: true, message: /status 429: slow down/ });
  const late = "the model server did not finish within 100ms";
  await assert.rejects(assistant.run("Hi"), { code: "timeout", retryable: true, message: late });
});

test("leaving the stream closes the connection", async () => {
  const { server, url } = await serve([200, [text("Once")]]);
  const gone = once(server, "gone");

  for await (const event of new Assistant(new RemoteLlm(url, "m")).stream("Tell me a story.")) {
    assert.equal(event.text, "Once");
    break;
  }

  await gone;
});

test("what cannot be asked is refused", async () => {
  const url = "http://127.0.0.1:1/v1";
  const invalid = (options, message) => {
    assert.throws(() => new RemoteLlm(url, "m", options), { code: "invalid", message });
  };

  assert.throws(() => new RemoteLlm("example.org", "m"), { code: "invalid", message: /got `example.org`/ });
  assert.throws(() => new RemoteLlm(url), { code: "invalid", message: /model/ });
  invalid({ contextWindow: 0 }, /at least 1, got 0/);
  invalid({ idleTimeoutMs: -1 }, /idleTimeoutMs/);
  invalid({ colour: "red" }, /unknown field `colour`/);
  const assistant = new Assistant(new RemoteLlm(url, "m"), { sampling: { topK: 7 } });
  await assert.rejects(assistant.run("Hi"), { code: "invalid", message: /`extended` has one/ });
});

test("a spec names a server", async () => {
  const { asked, url } = await serve([200, [text("Hi."), end()]]);
  const named = { url, name: "m", api_key_env: "RUSHLIGHT_TEST_KEY", options: { timeout: "20s" } };

  await assert.rejects(Assistant.fromSpec({ remote_model: named }), { message: /expected `RUSHLIGHT_TEST_KEY` to be set/ });
  process.env.RUSHLIGHT_TEST_KEY = "secret";
  const assistant = await Assistant.fromSpec({ remote_model: named });

  assert.equal((await assistant.run("Hello?")).text, "Hi.");
  assert.equal(asked[0].headers.authorization, "Bearer secret");
  const keyed = { ...named, options: { api_key: "secret" } };
  await assert.rejects(Assistant.fromSpec({ remote_model: keyed }), { code: "invalid", message: /expected no key in a spec/ });
});
