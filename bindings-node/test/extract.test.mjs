// Answers as values that fit a schema.
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { object, scripted } from "./support/index.mjs";

const says = (text) => scripted([{ text }]);

test("an answer fits a JSON Schema, whose names stay as they are", async () => {
  const { llm, assistant } = says('{"many_stars": 4}');
  const schema = object({ many_stars: { type: "integer", maximum: 5 } });

  const review = await assistant.extract("How was it?", schema);

  assert.deepEqual(review, { many_stars: 4 });
  assert.deepEqual(llm.prompts()[0].schema, schema);
});

test("an answer gets the defaults and transforms of a zod schema", async () => {
  const { assistant } = says('{"name": " Ann "}');
  const person = z.object({ name: z.string().transform((name) => name.trim()), age: z.number().default(7) });

  assert.deepEqual(await assistant.extract("Who?", person), { name: "Ann", age: 7 });
});

test("an answer that does not fit names place and rule", async () => {
  const { assistant } = says('{"stars": 9}');

  await assert.rejects(assistant.extract("How was it?", z.object({ stars: z.number().max(5) })), {
    code: "model",
    message: /its answer does not fit the schema: at `\/stars` \(`maximum`\)/,
  });
});

test("a run with a schema gives its text", async () => {
  const { assistant } = says("[1]");

  assert.equal((await assistant.run("Which?", { schema: { type: "array" } })).text, "[1]");
});

test("what is no schema is refused by name", async () => {
  const { llm, assistant } = says("{}");

  await assert.rejects(assistant.extract("Who?", { type: "whole" }), { code: "invalid", message: /JSON Schema 2020-12/ });
  await assert.rejects(assistant.extract("Who?", null), { code: "invalid", message: /expected a JSON Schema/ });
  assert.deepEqual(llm.prompts(), []);
});
