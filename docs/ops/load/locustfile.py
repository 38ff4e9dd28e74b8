"""Load on an OpenAI-compatible chat service with locust: streamed answers, with the time to the first token.

  locust -f docs/ops/load/locustfile.py --headless --host http://localhost:8080 -u 8 -r 4 -t 60s

The twin of chat.js: the same kinds of requests in the same shares (docs/ops/load/shape.py compares them). Locust waits
for an answer before a user sends the next request, so it shows no queue that grows without limit: use k6 for that.

Must hold: a request is reported only with its end; an answer without `[DONE]` is a failure; an abandoned one is not.
Checked by: `cargo xtask stack --locust`, which runs it against axum-chat; the counts of the service equal those of locust.
"""

import json
import os
import time

from locust import HttpUser, constant, task

MODEL = os.environ.get("MODEL", "default")
PROMPT = "Name the planets of the solar system, in order of their distance from the sun. "

# kind, weight, repetitions of the prompt, limit of tokens
KINDS = {
    "short": {"weight": 6, "prompts": 1, "max_tokens": 32},
    "long_answer": {"weight": 2, "prompts": 1, "max_tokens": 256},
    "long_prompt": {"weight": 1, "prompts": 12, "max_tokens": 16},
    "abandoned": {"weight": 1, "prompts": 1, "max_tokens": 256},
}


class ChatUser(HttpUser):
    wait_time = constant(float(os.environ.get("PAUSE", "0.2")))

    def chat(self, kind):
        settings = KINDS[kind]
        body = {
            "model": MODEL,
            "stream": True,
            "max_tokens": settings["max_tokens"],
            "messages": [{"role": "user", "content": PROMPT * settings["prompts"]}],
        }
        start = time.perf_counter()
        first = last = None
        count, done = 0, False
        with self.client.post("/v1/chat/completions", json=body, stream=True, name=kind, catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")
                return
            for line in answer.iter_lines():
                if not line.startswith(b"data: "):
                    continue
                data = line[len(b"data: "):]
                if data == b"[DONE]":
                    done = True
                    break
                choices = json.loads(data).get("choices") or [{}]
                if not (choices[0].get("delta") or {}).get("content"):
                    continue
                last = time.perf_counter()
                first = first or last
                count += 1
                if kind == "abandoned" and count == 3:
                    answer.raw.close()
                    break
            if done or kind == "abandoned":
                answer.success()
            else:
                answer.failure("the stream ended without [DONE]")
        self.report("first_token", kind, first and first - start, count)
        if count > 1:
            self.report("per_token", kind, (last - first) / (count - 1), count)

    def report(self, what, kind, seconds, count):
        """Adds a line to locust's table: a time in milliseconds, and the tokens as the length of the answer."""
        if seconds is not None:
            self.environment.events.request.fire(
                request_type=what, name=kind, response_time=seconds * 1000, response_length=count, exception=None
            )

    @task(KINDS["short"]["weight"])
    def short(self):
        self.chat("short")

    @task(KINDS["long_answer"]["weight"])
    def long_answer(self):
        self.chat("long_answer")

    @task(KINDS["long_prompt"]["weight"])
    def long_prompt(self):
        self.chat("long_prompt")

    @task(KINDS["abandoned"]["weight"])
    def abandoned(self):
        self.chat("abandoned")
