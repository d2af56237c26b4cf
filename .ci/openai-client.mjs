// What OpenAI's client makes of our server: node client.mjs URL
import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "none", maxRetries: 0 });
const model = "tiny-world";
const messages = [{ role: "user", content: "Hello! What can you do?" }];

const models = await client.models.list();
assert.deepEqual(models.data.map((each) => each.id), [model]);

const whole = await client.chat.completions.create({ model, messages, temperature: 1, seed: 3, logprobs: true, top_logprobs: 2 });
const choice = whole.choices[0];
assert.equal(choice.finish_reason, "stop");
assert.equal(choice.logprobs.content.map((token) => token.token).join(""), choice.message.content);
assert.equal(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens);

const stream = client.chat.completions.stream({
  model, messages, temperature: 1, seed: 3, stream_options: { include_usage: true },
});
const streamed = await stream.finalChatCompletion();
assert.equal(streamed.choices[0].message.content, choice.message.content);
assert.deepEqual(streamed.usage, whole.usage);

const more = await client.chat.completions.create({ model, messages: [...messages, choice.message, ...messages] });
assert.ok(more.choices[0].message.content);

const texts = await client.completions.create({ model, prompt: ["The ship", "A town"], max_tokens: 4, temperature: 0 });
assert.equal(texts.choices.length, 2);

await assert.rejects(client.chat.completions.create({ model: "no-such", messages }), (error) => {
  assert.ok(error instanceof OpenAI.NotFoundError);
  return error.code === "model_not_found";
});
await assert.rejects(
  client.chat.completions.create({ model, messages, response_format: { type: "json_object" } }),
  (error) => error instanceof OpenAI.BadRequestError && error.param === "response_format",
);

const endless = await client.completions.create({ model, prompt: "The ship", max_tokens: 500, stream: true, ignore_eos: true });
for await (const event of endless) {
  assert.ok(event.id);
  break; // the client closes the connection, and the server its place
}
const health = await fetch(process.argv[2] + "/health");
assert.equal(health.status, 200);
console.log("OpenAI's client for Node is answered");
