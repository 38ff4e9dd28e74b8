// Load on an OpenAI-compatible chat service with k6: streamed answers, with the time to the first token.
//
//   k6 run -e BASE=http://localhost:8080 -e MODEL=m docs/ops/load/chat.js
//
// k6's own http module returns when the body has ended, so it cannot measure a first token. This script needs the
// extension xk6-sse (github.com/phymbert/xk6-sse): k6 1.2 and later fetch it by the import, older ones are built with it.
//
// Must hold: the same kinds of requests, in the same shares, as locustfile.py; thresholds that fail the run.
// Checked by: `cargo xtask ops --check` (`node --check`, and docs/ops/load/shape.py against locustfile.py); `tsc` with @types/k6
// by hand. k6 itself was not available.
import { check } from "k6";
import sse from "k6/x/sse";
import { Counter, Rate, Trend } from "k6/metrics";

const BASE = __ENV.BASE || "http://localhost:8080";
const MODEL = __ENV.MODEL || "default";
const PROMPT = "Name the planets of the solar system, in order of their distance from the sun. ";

const firstToken = new Trend("llm_time_to_first_token", true);
const perToken = new Trend("llm_time_per_output_token", true);
const tokens = new Counter("llm_output_tokens");
const complete = new Rate("llm_complete");

// The shares of locustfile.py: kind, weight, repetitions of the prompt, limit of tokens.
const KINDS = [
  { kind: "short", weight: 6, prompts: 1, max_tokens: 32 },
  { kind: "long_answer", weight: 2, prompts: 1, max_tokens: 256 },
  { kind: "long_prompt", weight: 1, prompts: 12, max_tokens: 16 },
  { kind: "abandoned", weight: 1, prompts: 1, max_tokens: 256 },
];

export const options = {
  scenarios: {
    // An open model: users arrive whether the service answers or not. A closed one hides a queue.
    arrivals: {
      executor: "ramping-arrival-rate",
      startRate: 1,
      timeUnit: "1s",
      preAllocatedVUs: 50,
      maxVUs: 500,
      stages: [
        { target: Number(__ENV.RATE || 5), duration: "1m" },
        { target: Number(__ENV.RATE || 5), duration: "5m" },
        { target: 0, duration: "30s" },
      ],
    },
  },
  thresholds: {
    llm_complete: ["rate>0.99"],
    llm_time_to_first_token: ["p(95)<2000"],
  },
};

function choose() {
  let at = Math.random() * KINDS.reduce((sum, kind) => sum + kind.weight, 0);
  return KINDS.find((kind) => (at -= kind.weight) < 0) || KINDS[0];
}

export default function () {
  const { kind, prompts, max_tokens } = choose();
  const body = JSON.stringify({
    model: MODEL,
    stream: true,
    max_tokens,
    messages: [{ role: "user", content: PROMPT.repeat(prompts) }],
  });
  const params = {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    tags: { kind },
  };
  const start = Date.now();
  let first = 0;
  let last = 0;
  let count = 0;
  let done = false;
  const response = sse.open(`${BASE}/v1/chat/completions`, params, (client) => {
    client.on("event", (event) => {
      if (event.data === "[DONE]") {
        done = true;
        client.close();
        return;
      }
      const delta = (JSON.parse(event.data).choices || [])[0]?.delta?.content;
      if (!delta) return;
      last = Date.now();
      first = first || last;
      count += 1;
      if (kind === "abandoned" && count === 3) client.close();
    });
    client.on("error", () => client.close());
  });
  check(response, { "status is 200": (answer) => answer && answer.status === 200 });
  if (first) firstToken.add(first - start, { kind });
  if (count > 1) perToken.add((last - first) / (count - 1), { kind });
  tokens.add(count, { kind });
  if (kind !== "abandoned") complete.add(done, { kind });
}
