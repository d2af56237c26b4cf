"use strict";

// The page of `candor serve`: what is said goes to two models at once. Replies become text nodes and nothing else.

const $ = (id) => document.getElementById(id);
const columns = [];
let running = null; // aborts the replies under way

function headers() {
  const key = $("key").value.trim();
  return { "Content-Type": "application/json", ...(key && { Authorization: "Bearer " + key }) };
}

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

async function problem(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return "the server answered with status " + response.status;
  }
}

function paragraph(column, kind, text) {
  const element = document.createElement("p");
  element.className = kind;
  element.append(text);
  column.talk.append(element);
  column.talk.scrollTop = column.talk.scrollHeight;
  return element;
}

function addColumn() {
  const part = $("column").content.cloneNode(true);
  const column = { select: part.querySelector("select"), talk: part.querySelector(".talk"), said: [] };
  $("columns").append(part);
  columns.push(column);
}

async function loadModels() {
  let response;
  try {
    response = await fetch("/v1/models", { headers: headers() });
  } catch {
    notice("The server does not answer.");
    return;
  }
  if (response.status === 401) {
    $("keyed").hidden = false;
    $("settings").open = true;
    notice($("key").value ? "The server does not know this API key." : "The server wants an API key: give it under Settings.");
    return;
  }
  if (!response.ok) {
    notice(await problem(response));
    return;
  }
  notice("");
  const models = (await response.json()).data.map((model) => model.id);
  columns.forEach((column, index) => {
    const before = column.select.value;
    column.select.replaceChildren(...models.map((name) => new Option(name, name)));
    column.select.value = models.includes(before) ? before : models[Math.min(index, models.length - 1)];
  });
}

function request(column) {
  const system = $("system").value.trim();
  const body = {
    model: column.select.value,
    messages: [...(system ? [{ role: "system", content: system }] : []), ...column.said],
    stream: true,
  };
  const settings = { temperature: "temperature", seed: "seed", max_tokens: "tokens" };
  for (const [name, id] of Object.entries(settings)) {
    if ($(id).value !== "") {
      body[name] = Number($(id).value);
    }
  }
  return body;
}

/** Gives each event's data as it comes. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      if (part.startsWith("data: ")) {
        yield part.slice(6);
      }
    }
  }
}

async function reply(column, signal) {
  const said = column.said; // another one, once the talk starts over
  const element = paragraph(column, "assistant", "");
  let text = "";
  let reason = null;
  try {
    const response = await fetch("/v1/chat/completions", {
      method: "POST", headers: headers(), body: JSON.stringify(request(column)), signal,
    });
    if (!response.ok) {
      throw new Error(await problem(response));
    }
    for await (const data of events(response)) {
      if (data === "[DONE]") {
        break;
      }
      const event = JSON.parse(data);
      if (event.error) {
        throw new Error(event.error.message);
      }
      const choice = event.choices[0];
      const piece = choice?.delta.content ?? "";
      reason = choice?.finish_reason ?? reason;
      if (piece) {
        text += piece;
        element.append(piece);
        column.talk.scrollTop = column.talk.scrollHeight;
      }
    }
    if (reason === "length") {
      paragraph(column, "note", "cut off: it had as many tokens as it may");
    }
  } catch (error) {
    if (said !== column.said) {
      return;
    }
    if (error.name === "AbortError") {
      paragraph(column, "note", "stopped");
    } else {
      paragraph(column, "wrong", error.message);
    }
  }
  if (text) {
    said.push({ role: "assistant", content: text });
  } else {
    element.remove();
    if (reason === null) {
      said.pop(); // it was not answered: as if it had not been said
    }
  }
}

function busy(on) {
  $("send").disabled = on;
  $("stop").disabled = !on;
}

async function send() {
  const said = $("said").value.trim();
  if (!said || running) {
    return;
  }
  $("said").value = "";
  running = new AbortController();
  busy(true);
  await Promise.all(columns.map((column) => {
    paragraph(column, "user", said);
    column.said.push({ role: "user", content: said });
    return reply(column, running.signal);
  }));
  running = null;
  busy(false);
  $("said").focus();
}

function clear() {
  running?.abort();
  columns.forEach((column) => {
    column.said = [];
    column.talk.replaceChildren();
  });
}

addColumn();
addColumn();
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
$("said").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
});
$("stop").addEventListener("click", () => running?.abort());
$("clear").addEventListener("click", clear);
$("options").addEventListener("submit", (event) => event.preventDefault());
$("key").addEventListener("change", loadModels);
loadModels();
