"""`helpers.completion`: an endpoint that says what went wrong and keeps its key, and a stand-in whose faults are planted."""

import contextlib
import http.server
import json
import math
import re
import socket
import threading
import traceback

import pytest

from helpers.completion import FORBIDDEN, LONGEST_WAIT, Completion, CompletionError, Endpoint, Scripted, connect, estimated_tokens, portrait
from helpers.language import LANGUAGES, language

KEY = "sk-never-to-be-seen-0123456789"
ANSWER = {"model": "small-1", "choices": [{"message": {"role": "assistant", "content": "谢谢, yes"}}],
          "usage": {"prompt_tokens": 11, "completion_tokens": 3}}


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives the server's `replies` one after the other, the last one again and again: (status, headers, body)."""

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), sent))
        status, headers, body = self.server.replies[min(len(self.server.asked), len(self.server.replies)) - 1]
        if body == "silent":
            self.server.released.wait(10)
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            if body == "dripping":
                while not self.server.released.wait(.02):
                    self.wfile.write(b" ")
                return
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers), None))
        self.send_error(404)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.replies, server.asked, server.released = [(200, {}, ANSWER)], [], threading.Event()
        server.base = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": .01}, daemon=True)
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    before = language()
    yield
    language(before)


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def waits():
    return []


@pytest.fixture
def endpoint(server, waits):
    return Endpoint(server.base, KEY, "small", timeout=10, sleep=waits.append)


def refused(endpoint: Endpoint) -> str:
    """The English message of a refused question, once it is sure that the key is in no language of it, nor in the traceback."""
    with pytest.raises(CompletionError) as caught:
        endpoint("Why?")
    messages = []
    for code in LANGUAGES:
        language(code)
        messages.append(str(caught.value))
        assert KEY not in messages[-1] + repr(caught.value) + "".join(traceback.format_exception(caught.value))
    assert messages[0] != messages[1]
    return messages[0]


# An endpoint that answers


def test_an_answer_comes_with_its_seconds_tokens_and_model(endpoint):
    answer = endpoint.ask("Why?")
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens, answer.model) == ("谢谢, yes", 11, 3, "small-1")
    assert 0 < answer.seconds < 10


def test_an_endpoint_is_a_function_from_prompt_to_text(endpoint):
    assert endpoint("Why?") == "谢谢, yes"


def test_the_prompt_is_sent_as_one_user_message_at_temperature_zero_with_a_seed_and_the_key_as_bearer(endpoint, server):
    endpoint("Why?")
    [(path, headers, sent)] = server.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert sent == {"model": "small", "messages": [{"role": "user", "content": "Why?"}], "temperature": 0, "seed": 0}


def test_a_slash_at_the_end_of_the_address_is_without_effect(server):
    Endpoint(server.base + "/", KEY, "small")("Why?")
    assert server.asked[0][0] == "/v1/chat/completions"


def test_without_a_key_no_authorization_is_sent(server):
    Endpoint(server.base, "", "small")("Why?")
    assert "Authorization" not in server.asked[0][1]


@pytest.mark.parametrize("usage", [None, [], {"prompt_tokens": None}])
def test_tokens_are_estimated_and_the_model_is_the_one_asked_for_where_the_server_is_silent_on_them(endpoint, server, usage):
    server.replies = [(200, {}, {"choices": ANSWER["choices"], "usage": usage})]
    answer = endpoint.ask("12345")
    assert (answer.prompt_tokens, answer.completion_tokens, answer.model) == (2, estimated_tokens("谢谢, yes"), "small")


def test_cost_is_in_usd_per_million_tokens_and_nan_where_a_price_is_unknown():
    answer = Completion("yes", .5, prompt_tokens=1_000_000, completion_tokens=500_000, model="m")
    assert answer.cost(2, 8) == 6
    assert math.isnan(answer.cost(None, 8))
    assert math.isnan(answer.cost(2, None))


# Asking again


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_or_failing_server_is_asked_once_more(endpoint, server, waits, status):
    server.replies = [(status, {}, {}), (200, {}, ANSWER)]
    assert endpoint("Why?") == "谢谢, yes"
    assert waits == [1.0]


@pytest.mark.parametrize(("retry_after", "wait"), [("0", 0), ("2", 2), ("3600", LONGEST_WAIT), ("9" * 5000, LONGEST_WAIT), ("nan", LONGEST_WAIT),
                                                   ("Wed, 21 Oct 2065 07:28:00 GMT", LONGEST_WAIT)])
def test_retry_after_is_honoured_up_to_the_longest_wait(endpoint, server, waits, retry_after, wait):
    server.replies = [(429, {"Retry-After": retry_after}, {}), (200, {}, ANSWER)]
    endpoint("Why?")
    assert waits == [wait]


def test_500_twice_is_given_up_and_said_to_be_the_servers_fault(endpoint, server, waits):
    server.replies = [(500, {}, {"error": {"message": "out of memory"}})]
    message = refused(endpoint)
    assert "failed on its side (HTTP 500), asked twice" in message
    assert "It said: out of memory" in message
    assert (len(server.asked), len(waits)) == (2, 1)


def test_429_twice_is_given_up_and_names_the_quota(endpoint, server):
    server.replies = [(429, {}, {})]
    assert "quota" in refused(endpoint)
    assert len(server.asked) == 2


def test_a_fault_after_a_busy_server_is_told_as_what_it_is(endpoint, server):
    server.replies = [(429, {}, {}), (401, {}, {})]
    assert "refused the key" in refused(endpoint)


# An endpoint that fails


@pytest.mark.parametrize(("status", "words"), [(401, "LLM_API_KEY"), (403, "LLM_API_KEY"), (404, "LLM_MODEL"), (400, "temperature 0"), (422, "too long")])
def test_a_request_refused_for_good_is_asked_once_and_says_what_to_look_at(endpoint, server, waits, status, words):
    server.replies = [(status, {}, {"error": "no"})]
    message = refused(endpoint)
    assert words in message
    assert f"HTTP {status}" in message
    assert message.endswith("It said: no")
    assert (len(server.asked), waits) == (1, [])


def test_401_without_a_key_asks_for_one(server):
    server.replies = [(401, {}, {})]
    assert "Set LLM_API_KEY" in refused(Endpoint(server.base, "", "small"))


@pytest.mark.parametrize("body", [{"error": {"message": f"Incorrect API key provided: {KEY}."}}, f"<p>{'x' * 185} {KEY}".encode()])
def test_the_key_is_masked_where_the_server_repeats_it_even_at_the_edge_of_what_is_shown(endpoint, server, body):
    server.replies = [(401, {}, body)]
    message = refused(endpoint)
    assert "***" in message
    assert KEY[:6] not in message


def test_the_key_is_not_in_the_repr_of_the_endpoint(endpoint):
    assert KEY not in repr(endpoint)
    assert "small" in repr(endpoint)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_key_does_not_follow_a_redirect(endpoint, server, status):
    with serving() as other:
        server.replies = [(status, {"Location": other.base}, {})]
        assert "final address" in refused(endpoint)
        assert (len(server.asked), other.asked) == (1, [])


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"", b"\xff\xfe\xfd", b'{"choices": [', b"[" * 200_000])
def test_an_answer_that_is_not_json_is_said_to_be_none(endpoint, server, body):
    server.replies = [(200, {}, body)]
    assert "not with JSON" in refused(endpoint)


@pytest.mark.parametrize("answer", [{}, [], "yes", None, {"choices": []}, {"choices": {}}, {"choices": [{}]}, {"choices": [{"message": None}]},
                                    {"choices": [{"message": {"content": None}}]}])
def test_json_without_a_text_is_refused(endpoint, server, answer):
    server.replies = [(200, {}, answer)]
    assert "choices[0].message.content" in refused(endpoint)


def test_an_error_told_under_http_200_is_shown(endpoint, server):
    server.replies = [(200, {}, {"error": {"message": "no such model {small}"}})]
    assert "It said: no such model {small}" in refused(endpoint)


def test_an_answer_without_end_is_not_read_to_the_end(endpoint, server, monkeypatch):
    monkeypatch.setattr("helpers.completion.LARGEST_ANSWER", 1000)
    server.replies = [(200, {}, b" " * 5000)]
    assert "more than 1,000 bytes" in refused(endpoint)


@pytest.mark.parametrize("body", ["silent", "dripping"])
def test_a_server_that_is_silent_or_sends_blanks_for_ever_times_out(server, body):
    server.replies = [(200, {}, body)]
    assert "no whole answer within 0.2 s" in refused(Endpoint(server.base, KEY, "small", timeout=.2))
    assert len(server.asked) == 1


def test_nobody_listening_is_said_to_be_unreachable_and_names_the_address():
    with socket.socket() as taken:      # bound, so that nobody else takes the port, but not listening
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        message = refused(Endpoint(url, KEY, "small", timeout=10))
    assert f"{url}/chat/completions could not be reached" in message


def test_a_host_that_cannot_be_a_name_is_said_to_be_unreachable():
    assert "could not be reached" in refused(Endpoint(f"http://{'a' * 70}.invalid", KEY, "small", timeout=10))


# Settings


def configure(monkeypatch, **settings):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def test_no_environment_gives_no_endpoint():
    assert Endpoint.from_environment() is None


def test_an_empty_address_counts_as_unset(monkeypatch):
    configure(monkeypatch, LLM_BASE_URL=" ", LLM_MODEL="small")
    assert Endpoint.from_environment() is None


def test_the_environment_gives_the_endpoint_without_the_line_break_of_a_copied_key(monkeypatch):
    configure(monkeypatch, LLM_BASE_URL="https://host/v1", LLM_MODEL="small", LLM_API_KEY=f"{KEY}\n")
    assert Endpoint.from_environment(price_in=1, price_out=4) == Endpoint("https://host/v1", KEY, "small", price_in=1, price_out=4)


def test_an_address_without_a_model_is_refused(monkeypatch):
    configure(monkeypatch, LLM_BASE_URL="https://host/v1", LLM_API_KEY=KEY)
    with pytest.raises(CompletionError, match="Set LLM_MODEL"):
        Endpoint.from_environment()


@pytest.mark.parametrize(("base", "why"), [
    ("host/v1", "http://"), ("file:///etc/passwd", "http://"), (KEY, "http://"), ("https://", "host or port"), ("https://:80", "host or port"),
    ("https://host:port/v1", "host or port"), ("http://[::1", "host or port"), ("https://ho st/v1", "blank"), ("https://主机/v1", "ASCII"),
    (f"https://user:{KEY}@host/v1", "password"), (f"https://host/v1?key={KEY}", "LLM_API_KEY"), ("https://host/v1#part", "#"),
])
def test_a_malformed_address_is_refused_with_the_reason_and_not_shown(monkeypatch, base, why):
    configure(monkeypatch, LLM_BASE_URL=base, LLM_MODEL="small")
    with pytest.raises(CompletionError, match=re.escape(why)) as caught:
        Endpoint.from_environment()
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("key", [f"{KEY}\nHost: other", f"{KEY} ", f"“{KEY}”"])
def test_a_key_that_is_none_is_refused_without_being_shown(key):
    with pytest.raises(CompletionError, match="LLM_API_KEY") as caught:
        Endpoint("https://host/v1", key, "small")
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_without_an_environment_the_stand_in_answers_and_says_in_one_line_that_it_is_scripted(capsys):
    assert connect() == Scripted(portrait)
    printed = capsys.readouterr().out
    assert "SCRIPTED" in printed
    assert printed.count("\n") == 1


def test_with_an_environment_the_endpoint_answers_and_one_line_names_its_model_and_host_but_no_key(capsys, monkeypatch):
    configure(monkeypatch, LLM_BASE_URL="https://host:8000/v1", LLM_MODEL="small", LLM_API_KEY=KEY)
    assert isinstance(connect(), Endpoint)
    assert capsys.readouterr().out == "Answers come from the model small at host:8000.\n"


def test_a_half_named_endpoint_is_refused_and_not_replaced_by_the_stand_in(monkeypatch):
    configure(monkeypatch, LLM_BASE_URL="https://host/v1")
    with pytest.raises(CompletionError):
        connect()


# The stand-in


PURCHASES = {101: "BABY DIAPERS", 102: "FLUID MILK WHITE ONLY", 103: "BEERS/ALES", 104: "BABY DIAPERS", 105: "FLUID MILK WHITE ONLY",
             106: "BABY DIAPERS", 107: "CHEESE", 108: "BABY DIAPERS", 110: "BABY DIAPERS", 111: "BEERS/ALES", 112: "COFFEE"}
HOUSEHOLDS = [PURCHASES, {7: "COFFEE", 9: "CHEESE"}, {5: "CAT FOOD"}, {5: "COFFEE", 8: "COFFEE"}, {3: "BEERS/ALES", 4: "beers/ales"},
              *({i: f"ITEM {i * i % n}" for i in range(1, 60)} for n in range(2, 40))]


def asking(purchases: dict, head: str = "Describe the household.") -> str:
    return f"{head}\nFACTS:\n{json.dumps({'purchases': {str(i): item for i, item in purchases.items()}})}\nAnswer with JSON."


def claims(prompt: str) -> list[dict]:
    text = portrait(prompt)
    return json.loads(text.removeprefix("```json\n").removesuffix("\n```"))["claims"]


def kind(claim: dict, purchases: dict) -> str:
    """What is wrong with a claim, told from the facts alone."""
    if claim["tag"] in FORBIDDEN:
        return "forbidden"
    items = {purchases.get(number) for number in claim["evidence"]}
    return "invented" if None in items else "true" if items == {claim["about"]} else "unsupported"


def test_the_stand_in_is_called_and_asked_like_an_endpoint_and_costs_nothing():
    stand_in = Scripted(str.upper)
    answer = stand_in.ask("five!")
    assert stand_in("five!") == answer.text == "FIVE!"
    assert (answer.model, answer.prompt_tokens, answer.completion_tokens) == ("scripted", 2, 2)
    assert answer.seconds >= 0
    assert answer.cost(stand_in.price_in, stand_in.price_out) == 0


@pytest.mark.parametrize("purchases", HOUSEHOLDS, ids=range(len(HOUSEHOLDS)))
def test_every_answer_holds_one_claim_of_each_planted_fault_beside_the_true_ones(purchases):
    kinds = sorted(kind(claim, purchases) for claim in claims(asking(purchases)))
    assert kinds == sorted(["forbidden", "invented", "unsupported"] + ["true"] * min(3, len(set(purchases.values()))))


def test_the_true_claims_are_on_the_three_most_frequent_items_with_up_to_four_ids():
    true = sorted((claim for claim in claims(asking(PURCHASES)) if kind(claim, PURCHASES) == "true"), key=lambda claim: claim["about"])
    assert true == [{"tag": "often buys baby diapers", "about": "BABY DIAPERS", "evidence": [101, 104, 106, 108]},
                    {"tag": "often buys beers/ales", "about": "BEERS/ALES", "evidence": [103, 111]},
                    {"tag": "often buys fluid milk white only", "about": "FLUID MILK WHITE ONLY", "evidence": [102, 105]}]


def test_the_invented_claim_cites_a_real_id_of_its_item_too():
    [claim] = [claim for claim in claims(asking(PURCHASES)) if kind(claim, PURCHASES) == "invented"]
    assert [PURCHASES.get(number) for number in claim["evidence"]] == [claim["about"], None]


def test_the_unsupported_claim_cites_ids_that_all_exist_and_none_of_which_is_of_its_item():
    [claim] = [claim for claim in claims(asking(PURCHASES)) if kind(claim, PURCHASES) == "unsupported"]
    assert claim["about"] in PURCHASES.values()
    assert claim["about"] not in {PURCHASES[number] for number in claim["evidence"]}


@pytest.mark.parametrize(("purchases", "tag"), [(PURCHASES, "is probably pregnant"), ({7: "COFFEE", 9: "CHEESE"}, "low income")])
def test_the_forbidden_claim_has_flawless_evidence(purchases, tag):
    [claim] = [claim for claim in claims(asking(purchases)) if claim["tag"] in FORBIDDEN]
    assert claim["tag"] == tag
    assert {purchases[number] for number in claim["evidence"]} == {claim["about"]}


def test_the_same_prompt_gives_the_same_answer_and_the_order_of_claims_varies_with_the_prompt():
    assert portrait(asking(PURCHASES)) == portrait(asking(PURCHASES))
    orders = {tuple(kind(claim, PURCHASES) for claim in claims(asking(PURCHASES, str(i)))) for i in range(20)}
    assert len(orders) > 5


def test_about_one_answer_in_three_is_fenced():
    answers = [portrait(asking(PURCHASES, str(i))) for i in range(300)]
    fenced = [answer for answer in answers if answer.startswith("```json\n") and answer.endswith("\n```")]
    assert 70 < len(fenced) < 130
    assert all(answer.startswith("{") for answer in answers if answer not in fenced)


def test_of_several_facts_the_last_count():
    example = asking({900: "SOUP"}, "For example:")
    assert {claim["about"] for claim in claims(asking({7: "COFFEE", 9: "CHEESE"}, example))} == {"COFFEE", "CHEESE"}


@pytest.mark.parametrize("prompt", ["", "Describe.", "Use the FACTS: below", "FACTS:", "FACTS:\nnone", 'FACTS:\n{"purchases": '])
def test_a_prompt_without_facts_is_refused(prompt):
    with pytest.raises(ValueError, match="no line FACTS:"):
        portrait(prompt)


@pytest.mark.parametrize("facts", ["[]", "{}", '{"purchases": []}', '{"purchases": {}}', '{"purchases": {"one": "SOUP"}}', '{"purchases": {"1": 2}}'])
def test_facts_of_another_shape_are_refused_and_the_right_shape_is_shown(facts):
    with pytest.raises(ValueError, match=re.escape('{"purchases": {"<integer id>"')):
        portrait(f"FACTS:\n{facts}")
