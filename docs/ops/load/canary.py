"""A canary without the blackbox exporter: sends a request of one token at each scrape and exports the result.

  python docs/ops/load/canary.py http://localhost:8080/v1/chat/completions --model m --listen 127.0.0.1:9115

Exports, under the names of the blackbox exporter, so that one alert serves both:
  probe_success                1 if the whole stream arrived, with status 200, a token and [DONE]
  probe_duration_seconds       from the request to the end of the stream
  probe_http_duration_seconds  {phase="first_token"}: from the request to the first token
Each scrape sends one request, as the blackbox exporter does: scrape it once a minute.

Must hold: a failure of any kind gives 0, never an absent series; it exports no row of llmobs, and sends one token.
Checked by: examples/axum-chat/tests/service/canary.rs runs it against axum-chat: 1 while it serves, 0 after its end.
"""

import argparse
import http.server
import json
import sys
import time
import urllib.request


def probe(url, model, timeout):
    """Returns success, the duration and the time to the first token, in seconds."""
    body = json.dumps({
        "model": model,
        "stream": True,
        "max_tokens": 1,
        "messages": [{"role": "user", "content": "Say yes."}],
    }).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    start, first, done = time.perf_counter(), None, False
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            for line in answer:
                if not line.startswith(b"data: "):
                    continue
                data = line[len(b"data: "):].strip()
                if data == b"[DONE]":
                    done = True
                    break
                choices = json.loads(data).get("choices") or [{}]
                if first is None and (choices[0].get("delta") or {}).get("content"):
                    first = time.perf_counter() - start
                if time.perf_counter() - start > timeout:
                    break
    except (OSError, ValueError) as error:
        print(f"canary: {error}", file=sys.stderr)
    return done and first is not None, time.perf_counter() - start, first


def page(result):
    success, duration, first = result
    lines = [
        "# HELP probe_success 1 if a whole answer arrived.",
        "# TYPE probe_success gauge",
        f"probe_success {int(success)}",
        "# HELP probe_duration_seconds Seconds from the request to the end of the answer.",
        "# TYPE probe_duration_seconds gauge",
        f"probe_duration_seconds {duration:.6f}",
        "# HELP probe_http_duration_seconds Seconds from the request to the end of a phase.",
        "# TYPE probe_http_duration_seconds gauge",
    ]
    if first is not None:
        lines.append(f'probe_http_duration_seconds{{phase="first_token"}} {first:.6f}')
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="A canary for an OpenAI-compatible chat service.")
    parser.add_argument("url")
    parser.add_argument("--model", default="default")
    parser.add_argument("--timeout", type=float, default=50, help="seconds of one request")
    parser.add_argument("--listen", default="127.0.0.1:9115")
    parser.add_argument("--once", action="store_true", help="print one result and exit with 1 if it failed")
    options = parser.parse_args()
    if options.once:
        result = probe(options.url, options.model, options.timeout)
        print(page(result), end="")
        sys.exit(0 if result[0] else 1)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.split("?")[0] not in ("/metrics", "/probe"):
                return self.send_error(404)
            text = page(probe(options.url, options.model, options.timeout)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *arguments):
            pass

    host, port = options.listen.rsplit(":", 1)
    http.server.ThreadingHTTPServer((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
