/**
 * The page's only script, as text for the browser. It shows how many have the page open, as server-sent events tell it; and it asks the
 * product service, through the gateway the page came from, many times without the canary's header and as often with it, and shows which
 * version answered how often.
 */
export const live = `
"use strict";
const form = document.querySelector("#experiment");
const button = form.querySelector("button");
const state = document.querySelector("#state");
const atOnce = 4;

async function whoAnswers(headers) {
  try {
    const response = await fetch(form.dataset.path, { headers, cache: "no-store" });
    if (!response.ok) return "error " + response.status;
    const { version } = await response.json();
    return String(version ?? "no version");
  } catch {
    return "no answer";
  }
}

function show(list, counts, total) {
  const names = [...counts.keys()].sort();
  list.replaceChildren(...names.map((name, index) => {
    const count = counts.get(name);
    const share = Math.round((count / total) * 100) + " %";
    const bar = document.createElement("li");
    const failed = /^(error|no )/.test(name);
    bar.className = "bar " + (failed ? "failed" : index === 0 && name !== "v2" ? "first" : "second");
    const label = document.createElement("span");
    label.textContent = name;
    const amount = document.createElement("output");
    amount.textContent = share + ", " + count + " of " + total;
    const track = document.createElement("div");
    track.className = "track";
    const fill = document.createElement("i");
    fill.style.width = (count / total) * 100 + "%";
    track.append(fill);
    bar.append(label, amount, track);
    return bar;
  }));
}

async function ask(list, headers, total) {
  const counts = new Map();
  let left = total;
  let asked = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) {
      const name = await whoAnswers(headers);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      asked += 1;
      show(list, counts, asked);
    }
  }));
  return [...counts].sort().map(([name, count]) => count + " times " + name).join(", ");
}

const watching = document.querySelector("#watching");
const events = new EventSource(watching.dataset.path);
events.addEventListener("message", ({ data }) => {
  const told = JSON.parse(data);
  watching.textContent = (told.watching === 1 ? "You alone have" : told.watching + " have") + " this page open, as "
    + told.pod + " sees it (backend " + told.version + ").";
  watching.hidden = false;
});

form.hidden = false;
document.querySelector("#results").hidden = false;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const total = Number(form.elements.namedItem("count").value);
  button.disabled = true;
  state.textContent = "Asking…";
  const without = await ask(document.querySelector("#without"), {}, total);
  const canary = await ask(document.querySelector("#canary"), { "x-canary": "true" }, total);
  state.textContent = "Without the header: " + without + ". With it: " + canary + ".";
  button.disabled = false;
});
`;
