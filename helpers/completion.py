"""One function from a prompt to a text: scripted by default, and saying so; or any OpenAI-compatible endpoint of your own.

No generative model is installed with this course. The stand-in fills templates from the facts in the prompt and makes the mistakes
that models make, on purpose. The environment variables LLM_BASE_URL, LLM_MODEL and LLM_API_KEY put a real model in its place.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import http.client
import json
import math
import os
import re
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from helpers.language import Text

FORBIDDEN = ("is probably pregnant", "low income")
"""What `portrait` infers of people although nobody should: one of the two in every answer."""

REASONS = ("late delivery", "price", "quality", "moved away", "other")
"""Why a customer may have left, as `win_back` names it."""

STALE_DAYS = 56
"""Days without a purchase after which an interest counts as ended, for `interest_keywords` and for the guard behind it."""

SEED = 0
BACK_OFF = 1.0
"""Seconds before the one retry, unless the server names a time."""
LONGEST_WAIT = 5.0
LARGEST_ANSWER = 8_000_000

NO_MODEL = Text(
    "LLM_BASE_URL is set but no model is named. Set LLM_MODEL to a model the endpoint serves, or unset LLM_BASE_URL to use the "
    "scripted answers.",
    "已设置 LLM_BASE_URL，但没有指定模型。请把 LLM_MODEL 设为该服务提供的模型；若要使用脚本化的回答，请取消 LLM_BASE_URL。",
)
# The value itself is not shown: a key may have been pasted there.
BAD_URL = Text(
    "LLM_BASE_URL is not a usable address: {why}. It should look like https://host/v1, or http://localhost:11434/v1.",
    "LLM_BASE_URL 不是可用的地址：{why}。它应形如 https://host/v1 或 http://localhost:11434/v1。",
)
NOT_PLAIN = Text("it holds a blank or a character outside ASCII", "其中有空白或非 ASCII 字符")
NO_SCHEME = Text("it does not begin with http:// or https://", "开头不是 http:// 或 https://")
NO_HOST = Text("its host or port cannot be read", "无法读出主机名或端口")
TOO_MUCH = Text("it carries a user, a password, a ? or a #; a key belongs in LLM_API_KEY", "其中有用户名、密码、? 或 #；密钥应放在 LLM_API_KEY 中")
BAD_KEY = Text(
    "LLM_API_KEY holds a blank or a character no key has. Copy it again, without quotes or line breaks.",
    "LLM_API_KEY 中有空白，或有密钥不会有的字符。请重新复制，不要带引号或换行。",
)
UNREACHABLE = Text(
    "{url} could not be reached: {why}. Is the server running, and is LLM_BASE_URL right?",
    "无法连接 {url}：{why}。请确认服务正在运行，且 LLM_BASE_URL 正确。",
)
TIMED_OUT = Text(
    "{url} gave no whole answer within {seconds:g} s. Try again, choose a smaller model, or allow a longer timeout.",
    "{url} 未能在 {seconds:g} 秒内给出完整的回答。请重试、换用较小的模型，或放宽 timeout。",
)
KEY_REFUSED = Text(
    "{url} refused the key (HTTP {status}). Check LLM_API_KEY, and that it may use the model {model}.",
    "{url} 拒绝了密钥（HTTP {status}）。请检查 LLM_API_KEY，以及它是否有权使用模型 {model}。",
)
NO_KEY = Text(
    "{url} asks for a key (HTTP {status}). Set LLM_API_KEY.",
    "{url} 需要密钥（HTTP {status}）。请设置 LLM_API_KEY。",
)
NOT_THERE = Text(
    "{url} does not exist, or serves no model {model} (HTTP 404). Check LLM_MODEL and LLM_BASE_URL, which ends in /v1 on most servers.",
    "{url} 不存在，或没有模型 {model}（HTTP 404）。请检查 LLM_MODEL 和 LLM_BASE_URL；后者在多数服务上以 /v1 结尾。",
)
TOO_MANY = Text(
    "{url} accepts no more requests for now (HTTP 429), asked twice. Wait a minute, or check the quota of your account.",
    "{url} 暂时不再接受请求（HTTP 429），已问过两次。请稍等一分钟，或检查账户的额度。",
)
SERVER_FAILED = Text(
    "{url} failed on its side (HTTP {status}), asked twice. Try again later, or look at the server's log if it is yours.",
    "{url} 服务端出错（HTTP {status}），已问过两次。请稍后再试；若是自己的服务，请查看它的日志。",
)
MOVED = Text(
    "{url} sends on to another address (HTTP {status}), and a key is not sent after it. Set LLM_BASE_URL to the final address.",
    "{url} 把请求转到另一个地址（HTTP {status}），而密钥不会跟着转发。请把 LLM_BASE_URL 设为最终地址。",
)
REFUSED = Text(
    "{url} refused the request (HTTP {status}). The prompt may be too long, or the model {model} may not take temperature 0 or a seed.",
    "{url} 拒绝了请求（HTTP {status}）。可能是提示词过长，或模型 {model} 不接受 temperature 0 或 seed。",
)
TOO_LARGE = Text(
    "{url} sends an answer of more than {size:,} bytes. Is LLM_BASE_URL the address of a model?",
    "{url} 的回答超过 {size:,} 字节。LLM_BASE_URL 是模型服务的地址吗？",
)
NOT_JSON = Text(
    "{url} answered, but not with JSON. Is LLM_BASE_URL the address of an API? It ends in /v1 on most servers.",
    "{url} 有回答，但不是 JSON。LLM_BASE_URL 是 API 的地址吗？多数服务以 /v1 结尾。",
)
NO_CHOICES = Text(
    "{url} answered with JSON that holds no text (choices[0].message.content). Does the model {model} take chat messages?",
    "{url} 回答的 JSON 中没有文本（choices[0].message.content）。模型 {model} 支持对话消息吗？",
)
SAID = Text(" It said: {said}", " 服务器的说明：{said}")
NO_FACTS = Text(
    "{name}: the prompt has no line FACTS: with one JSON document after it",
    "{name}：提示词中没有 FACTS: 行及其后的一个 JSON 文档",
)
BAD_FACTS = Text("{name}: after FACTS: there must be {shape}", "{name}：FACTS: 之后必须是 {shape}")
PURCHASES = Text(
    '{"purchases": {"<integer id>": "<item name>", ...}} with at least one purchase',
    '{"purchases": {"<整数编号>": "<商品名>", ...}}，且至少有一次购买',
)
MESSAGES_AND_OFFER = Text(
    '{"messages": {"<integer id>": "<what the customer wrote>", ...}, "offer": {"percent": 10, "until": "2017-12-03"}} with at least one '
    "message, none empty, a whole percentage from 1 to 99, and a date written as year-month-day",
    '{"messages": {"<整数编号>": "<顾客写的话>", ...}, "offer": {"percent": 10, "until": "2017-12-03"}}，'
    "至少有一条留言且都不为空，折扣是 1 到 99 的整数百分比，日期写成 年-月-日",
)
WORDS = Text('{"words": ["<word>", ...]} with at least one word, none empty', '{"words": ["<词>", ...]}，至少一个词且都不为空')
DATED_PURCHASES = Text(
    '{"purchases": {"<integer id>": {"item": "<name>", "parent": "<category>", "day": "2017-10-29"}, ...}, "today": "2017-11-05", "k": 5} '
    "with at least one purchase, all before today, names that hold a letter, dates written as year-month-day, and k an integer of at least 1",
    '{"purchases": {"<整数编号>": {"item": "<商品名>", "parent": "<品类>", "day": "2017-10-29"}, ...}, "today": "2017-11-05", "k": 5}，'
    "至少有一次购买且都早于 today，名称中至少有一个字母，日期写成 年-月-日，k 为不小于 1 的整数",
)
BOUGHT_AND_CANDIDATES = Text(
    '{"bought": {"<integer id>": "<item>", ...}, "candidates": {"<integer id>": "<item>", ...}} with at least one purchase and two candidates, '
    "names that hold a letter",
    '{"bought": {"<整数编号>": "<商品>", ...}, "candidates": {"<整数编号>": "<商品>", ...}}，'
    "至少有一次购买和两个候选，名称中至少有一个字母",
)
ANSWER_NOT_JSON = Text("the answer is not JSON", "回答不是 JSON")
CONNECTED = Text("Answers come from the model {model} at {host}.", "回答来自 {host} 的模型 {model}。")
SCRIPTED = Text(
    "Answers are SCRIPTED: templates filled from the facts, faults planted, no language model. To use one, set LLM_BASE_URL and LLM_MODEL "
    "(and LLM_API_KEY).",
    "回答是脚本化的：按模板填入事实，并有意埋入错误，没有使用语言模型。要使用模型，请设置 LLM_BASE_URL 和 LLM_MODEL（以及 LLM_API_KEY）。",
)


class CompletionError(ValueError):
    """No answer could be had; the message says what was wrong and what to do, and never holds the key."""


@dataclass(frozen=True)
class Completion:
    """One answer, measured.

    seconds: from question to whole answer, a retry and its wait included.  model: as the server calls it; "scripted" for the stand-in.
    Token counts are the server's; where it sends none, and for the stand-in, they are `estimated_tokens`.
    """

    text: str
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    model: str

    def cost(self, price_in: float | None, price_out: float | None) -> float:
        """USD, at prices in USD per million tokens of prompt and of answer.  nan if a price is None, unknown.

        >>> Completion("yes", .5, prompt_tokens=1000, completion_tokens=500, model="m").cost(2, 8)
        0.006
        """
        if price_in is None or price_out is None:
            return math.nan
        return (self.prompt_tokens * price_in + self.completion_tokens * price_out) / 1e6


def estimated_tokens(text: str) -> int:
    """A quarter of the characters, rounded up: a rule of thumb for English, far too low for Chinese.

    >>> estimated_tokens("five words are about five")
    7
    """
    return math.ceil(len(text) / 4)


@dataclass(frozen=True)
class Endpoint:
    """A model behind an OpenAI-compatible API: `endpoint(prompt)` is its text, `endpoint.ask(prompt)` the measured answer.

    base_url: everything before /chat/completions.  key: may be empty.  timeout: seconds without a byte, and of an answer in pieces
    altogether.  price_in, price_out: USD per million tokens, None if unknown.  sleep: called with the seconds before the one retry.
    CompletionError if the address or the key cannot be right, or no model is named.
    """

    base_url: str
    key: str = field(repr=False)
    model: str
    timeout: float = 60.0
    price_in: float | None = None
    price_out: float | None = None
    sleep: Callable[[float], object] = field(default=time.sleep, repr=False, compare=False)

    def __post_init__(self):
        if why := _wrong_with(self.base_url):
            raise CompletionError(BAD_URL.format(why=why))
        # http.client would refuse such a key too, but print it.
        if not re.fullmatch(r"[!-~]*", self.key):
            raise CompletionError(BAD_KEY)
        if not self.model:
            raise CompletionError(NO_MODEL)

    @classmethod
    def from_environment(cls, *, price_in: float | None = None, price_out: float | None = None) -> Endpoint | None:
        """The endpoint of LLM_BASE_URL, LLM_API_KEY and LLM_MODEL; None if LLM_BASE_URL is unset or empty.

        CompletionError if it is set but malformed, or LLM_MODEL is missing.
        """
        base, key, model = (os.environ.get(name, "").strip() for name in ("LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL"))
        return cls(base, key, model, price_in=price_in, price_out=price_out) if base else None

    @property
    def url(self) -> str:
        """Where prompts are sent."""
        return self.base_url.rstrip("/") + "/chat/completions"

    def __call__(self, prompt: str) -> str:
        return self.ask(prompt).text

    def ask(self, prompt: str) -> Completion:
        """The answer to one user message, at temperature 0 and with a fixed seed (a server may still vary).

        Asked again once if the server is busy (HTTP 429) or fails (5xx).  CompletionError if there is no answer.
        """
        question = {"model": self.model, "messages": [{"role": "user", "content": prompt}], "temperature": 0, "seed": SEED}
        started = time.perf_counter()
        body = self._answer(json.dumps(question).encode())
        seconds = time.perf_counter() - started
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise self._failure(NOT_JSON, said=self._words(body)) from None
        try:
            text = answer["choices"][0]["message"]["content"]
        except (LookupError, TypeError):
            text = None
        if not isinstance(text, str):
            raise self._failure(NO_CHOICES, said=self._words(body) if _error_in(answer) else "")
        usage, model = answer.get("usage"), answer.get("model")
        counts = usage if isinstance(usage, dict) else {}
        spent = [counts.get("prompt_tokens"), counts.get("completion_tokens")]
        tokens = [n if isinstance(n, int) else estimated_tokens(told) for n, told in zip(spent, (prompt, text), strict=True)]
        return Completion(text, seconds, *tokens, model if isinstance(model, str) and model else self.model)

    def _answer(self, question: bytes) -> bytes:
        """The body of the answer, asked for once or twice.

        Errors are raised `from None`: what lies below adds nothing for the reader, and its text is not under our control.
        """
        for retry in (True, False):
            try:
                return self._post(question)
            except urllib.error.HTTPError as error:
                with contextlib.closing(error):
                    if not (retry and (error.code == 429 or error.code >= 500)):
                        raise self._refusal(error) from None
                    wait = _wait(error.headers.get("Retry-After"))
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                why = getattr(error, "reason", None) or error
                if isinstance(why, TimeoutError):
                    raise self._failure(TIMED_OUT, seconds=self.timeout) from None
                raise self._failure(UNREACHABLE, why=self._masked(str(why) or type(why).__name__)) from None
            self.sleep(wait)
        raise AssertionError("the second answer is returned or raised")

    def _post(self, question: bytes) -> bytes:
        request = urllib.request.Request(self.url, question, {"Content-Type": "application/json", "User-Agent": "retention-course"})
        if self.key:
            request.add_unredirected_header("Authorization", f"Bearer {self.key}")
        stop = time.monotonic() + self.timeout
        body = b""
        with urllib.request.build_opener(_StayHere).open(request, timeout=self.timeout) as answer:
            while piece := answer.read1(1 << 16):
                body += piece
                if len(body) > LARGEST_ANSWER:
                    raise self._failure(TOO_LARGE, size=LARGEST_ANSWER)
                # Some servers send blanks while the model thinks: a socket alone would then wait for ever.
                if time.monotonic() > stop:
                    raise TimeoutError
        return body

    def _refusal(self, error: urllib.error.HTTPError) -> CompletionError:
        said = b""
        with contextlib.suppress(OSError, http.client.HTTPException):
            said = error.read(1 << 16)
        if error.code in (401, 403):
            message = KEY_REFUSED if self.key else NO_KEY
        elif error.code < 400:
            message = MOVED
        elif error.code >= 500:
            message = SERVER_FAILED
        else:
            message = {404: NOT_THERE, 429: TOO_MANY}.get(error.code, REFUSED)
        return self._failure(message, status=error.code, said=self._words(said))

    def _failure(self, message: Text, *, said: str = "", **facts) -> CompletionError:
        text = message.format(url=self.url, model=self.model, **facts)
        return CompletionError(text + SAID.format(said=said) if said else text)

    def _words(self, body: bytes) -> str:
        """The beginning of what the server says of a failure, on one line and without the key, which some servers repeat."""
        words = body.decode("utf-8", "replace")
        with contextlib.suppress(ValueError, RecursionError):
            words = _error_in(json.loads(words)) or words
        words = self._masked(" ".join(words.split()))       # before the cut, which might leave half a key
        return words if len(words) <= 200 else words[:200] + "…"

    def _masked(self, words: str) -> str:
        return words.replace(self.key, "***") if self.key else words


@dataclass(frozen=True)
class Scripted:
    """A stand-in for a model: `write` makes the answer of the prompt.  Called and asked like an `Endpoint`; it costs nothing."""

    write: Callable[[str], str]
    model: str = field(default="scripted", init=False)
    price_in: float = field(default=0.0, init=False)
    price_out: float = field(default=0.0, init=False)

    def __call__(self, prompt: str) -> str:
        return self.ask(prompt).text

    def ask(self, prompt: str) -> Completion:
        """The answer and its measures; tokens are `estimated_tokens`."""
        started = time.perf_counter()
        text = self.write(prompt)
        seconds = time.perf_counter() - started
        return Completion(text, seconds, estimated_tokens(prompt), estimated_tokens(text), self.model)


def portrait(prompt: str) -> str:
    """What a model might say of a household, scripted: JSON text {"claims": [{"tag", "about": item, "evidence": [ids]}, ...]}.

    prompt: holds a line FACTS: (the last one counts) and after it {"purchases": {"<id>": "<item>", ...}}, ids being integers.
    True are the claims on the three most frequent items, or as many as there are: "often buys <item>", with up to four of its ids.
    Three faults are planted in every answer, among the true claims:
    - invented: "stocks up on <item>" cites, beside an id of the item, one that does not exist;
    - unsupported: "prefers <item>" cites ids that exist, all of another item. (Of a household with one item only, it is about an
      item never bought.)
    - forbidden: one of `FORBIDDEN`, inferred of a person. Its ids are real and of the item it names; still nobody may say it.
    The same prompt gives the same answer. One in three stands in a Markdown fence ```json, as models like to put it.
    ValueError (CompletionError) if there are no such facts.
    """
    bought = _numbered(_facts(prompt, "portrait", PURCHASES), "purchases")
    if not bought:
        raise CompletionError(BAD_FACTS.format(name="portrait", shape=PURCHASES))
    ids: dict[str, list[int]] = {}
    for number, item in bought.items():
        ids.setdefault(item, []).append(number)
    # Equally frequent items by name, so that the order of the facts does not decide.
    ranked = [item for item, _ in sorted(Counter(bought.values()).items(), key=lambda each: (-each[1], each[0]))]
    claims = [_claim(f"often buys {item.lower()}", item, ids[item][:4]) for item in ranked[:3]]

    item = ranked[_draw(prompt, "invented", len(ranked))]
    nowhere = max(bought) + 1 + _draw(prompt, "nowhere", 50)
    claims.append(_claim(f"stocks up on {item.lower()}", item, [ids[item][-1], nowhere]))

    of = ranked[0]
    others = ranked[1:] or [next(item for item in ("CAT FOOD", "COFFEE") if item != of)]
    item = others[_draw(prompt, "unsupported", len(others))]
    claims.append(_claim(f"prefers {item.lower()}", item, ids[of][:2]))

    baby = next((item for item in ranked if re.search("BABY|DIAPER|INFANT", item.upper())), None)
    claims.append(_claim(FORBIDDEN[0] if baby else FORBIDDEN[1], baby or of, ids[baby or of][-2:]))

    claims.sort(key=lambda claim: _draw(prompt, claim["tag"], 1 << 62))
    return _written(prompt, {"claims": claims})


TELLING = {
    "moved away": r"\b(?:moved|moving)\b|搬",
    "late delivery": r"\b(?:late|delay\w*|deliver\w*|courier)\b|配送|快递|送到|迟",
    "price": r"\b(?:prices?|expensive|cheaper|dearer)\b|价|贵|便宜",
    "quality": r"\b(?:quality|broken?|stale|mouldy|torn|leak\w*)\b|质量|坏|不新鲜",
}
"""Words by which `win_back` knows a reason, the first that fits; "other" for a message without any."""
UNSAID = (
    ("price", "it is cheaper everywhere else"),
    ("quality", "everything came broken"),
    ("late delivery", "nobody told me when it would come"),
    ("moved away", "there is no branch near my new flat"),
)
"""Reasons with words that sound like a customer's, for the reason that `win_back` invents."""
SORRY = {
    "late delivery": Text("that your order came late", "您的订单送晚了"),
    "price": Text("that our prices gave you a reason to look elsewhere", "我们的价格让您失望了"),
    "quality": Text("that what we sent was not good enough", "商品的质量没有让您满意"),
    "moved away": Text("that we lost you when you moved", "您搬家后我们没有跟上"),
    "other": Text("that we let you down", "我们没有让您满意"),
}
DRAFTS = (
    Text("We are sorry {sorry}. Your next order is {percent} % cheaper if you place it by {until}.",
         "很抱歉，{sorry}。在 {until} 之前下单，可减 {percent}%。"),
    Text("Thank you for writing to us. We are sorry {sorry}. Until {until} you have {percent} % off your next order.",
         "感谢您的来信。很抱歉，{sorry}。{until} 之前，您的下一单可减 {percent}%。"),
)
FAULTS = ("invented", "misplaced", "promise", "probability")
"""What `win_back` gets wrong on purpose: see there."""


def win_back(prompt: str) -> str:
    """What a model might make of a customer's messages, scripted: JSON text {"reasons": [{"reason", "message": id, "quote"}, ...], "draft"}.

    prompt: holds a line FACTS: (the last one counts) and after it {"messages": {"<id>": "<text>"}, "offer": {"percent", "until"}}.
    True is one reason of `REASONS` for each of the first three messages, told by its words, with the sentence that holds them as quote. The
    draft is a message of two or three sentences to the customer, Chinese if a message is, which states the offer.
    One to four faults are planted in every answer, each of them in about half of the answers:
    - invented: a reason whose quote stands in no message.
    - misplaced: a reason whose quote stands in another message than the one it cites. (If there is no other, it cites one that does not exist.)
    - promise: the draft promises a larger discount than the offer, or a later day.
    - probability: a key "probability_of_leaving" that nobody asked for, with a number from nowhere.
    The same prompt gives the same answer. One in three stands in a Markdown fence ```json, as models like to put it.
    ValueError (CompletionError) if there are no such facts.
    """
    facts = _facts(prompt, "win_back", MESSAGES_AND_OFFER)
    messages, offer = _numbered(facts, "messages"), _offer(facts)
    if not messages or not offer or not all(message.strip() for message in messages.values()):
        raise CompletionError(BAD_FACTS.format(name="win_back", shape=MESSAGES_AND_OFFER))
    percent, until = offer
    chosen = 1 + _draw(prompt, "faults", (1 << len(FAULTS)) - 1)
    planted = {fault for i, fault in enumerate(FAULTS) if chosen >> i & 1}
    reasons = [_reason(*_told(message), number) for number, message in list(messages.items())[:3]]
    sorry = SORRY[reasons[0]["reason"]]

    if "misplaced" in planted:
        true = reasons[_draw(prompt, "misplaced", len(reasons))]
        others = [number for number, message in messages.items() if true["quote"] not in message]
        nowhere = max(messages) + 1 + _draw(prompt, "nowhere", 50)
        reasons.append(true | {"message": others[_draw(prompt, "other", len(others))] if others else nowhere})
    if "invented" in planted:
        unsaid = [(reason, quote) for reason, quote in UNSAID if not any(quote in message for message in messages.values())]
        # A customer who has written all of these: longer than the longest message, a quote stands in none.
        unsaid = unsaid or [("other", max(messages.values(), key=len) + "!")]
        numbers = list(messages)
        reasons.append(_reason(*unsaid[_draw(prompt, "invented", len(unsaid))], numbers[_draw(prompt, "cited", len(numbers))]))
    if "promise" in planted and _draw(prompt, "promise", 2):
        percent = min(percent + 5 * (1 + _draw(prompt, "percent", 3)), 100)
    elif "promise" in planted:
        until += datetime.timedelta(weeks=1 + _draw(prompt, "until", 4))

    reasons.sort(key=lambda reason: _draw(prompt, f"{reason['message']} {reason['quote']}", 1 << 62))
    draft = DRAFTS[_draw(prompt, "draft", len(DRAFTS))].format(sorry=sorry, percent=percent, until=until)
    chinese = any(re.search("[一-鿿]", message) for message in messages.values())
    answer = {"reasons": reasons, "draft": draft.zh if chinese else draft.en}
    if "probability" in planted:
        answer["probability_of_leaving"] = (50 + _draw(prompt, "probability", 50)) / 100
    return _written(prompt, answer)


BRANDS = ("Pepsi", "Kellogg's", "Pampers")
ELSEWHERE = ("violin lessons", "surfing holidays", "stamp collecting")
"""What nobody buys at a grocer's, for names and keywords that are invented."""
NAME_FAULTS = ("brand", "long", "invented", "empty", "sensitive")
"""What `topic_name` gets wrong on purpose: see there."""


def topic_name(prompt: str) -> str:
    """What a model might call a topic, scripted: JSON text {"name": text}.

    prompt: holds a line FACTS: (the last one counts) and after it {"words": [the topic's words, the heaviest first]}.
    True is a name of the first two words. In about half of the answers one fault is planted instead:
    - brand: the name of a brand before the first word.
    - long: a name of more than four words.
    - invented: a name with which no word of the topic has to do.
    - empty: a name that would fit any topic.
    - sensitive: the first word, and for whom it is.
    The same prompt gives the same answer. One in three stands in a Markdown fence ```json, as models like to put it.
    ValueError (CompletionError) if there are no such facts.
    """
    words = _facts(prompt, "topic_name", WORDS).get("words")
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise CompletionError(BAD_FACTS.format(name="topic_name", shape=WORDS))
    name = " ".join(words[:2])
    if _draw(prompt, "planted", 2):
        name = {
            "brand": f"{BRANDS[_draw(prompt, 'brand', len(BRANDS))]} {words[0]}",
            "long": f"all kinds of {name} at home",
            "invented": ELSEWHERE[_draw(prompt, "invented", len(ELSEWHERE))],
            "empty": "food and other products",
            "sensitive": f"{words[0]} for babies",
        }[NAME_FAULTS[_draw(prompt, "fault", len(NAME_FAULTS))]]
    return _written(prompt, {"name": name})


GUESSES = ("expecting a baby", "diabetic", "low income")
"""What `interest_keywords` infers of people although nobody should."""
HOLLOW = ("grocery items", "food products", "household goods")
KEYWORD_FAULTS = ("uncited", "nowhere", "invented", "empty", "sensitive", "duplicate", "stale", "too many")
"""What `interest_keywords` gets wrong on purpose: see there."""


def interest_keywords(prompt: str) -> str:
    """What a model might say a household cares about, scripted: JSON text {"keywords": [{"keyword", "evidence": [ids]}, ...]}.

    prompt: holds a line FACTS: (the last one counts) and after it {"purchases": {"<id>": {"item", "parent", "day"}}, "today", "k"}.
    True are the k items bought most often in the last `STALE_DAYS` days (or as many as there are; of all days, if there are none): the first
    two words of each item, with up to four of its latest ids.
    One or more faults are planted in every answer, each of them in about half of the answers:
    - uncited: a keyword without evidence.
    - nowhere: a keyword that cites, beside a purchase that exists, one that does not stand in the facts.
    - invented: a keyword that has nothing to do with what it cites.
    - empty: a keyword that would fit every household.
    - sensitive: one of `GUESSES`.
    - duplicate: a true keyword again, in capitals, and the plural for the singular or the singular for the plural.
    - stale: an item last bought longer ago. (Not planted if there is none.)
    - too many: up to two more items than k. (Not planted if there are none.)
    The same prompt gives the same answer. One in three stands in a Markdown fence ```json, as models like to put it.
    ValueError (CompletionError) if there are no such facts.
    """
    bought, today, k = _dated(_facts(prompt, "interest_keywords", DATED_PURCHASES))
    by_day = sorted(bought, key=lambda number: (bought[number][1], number))
    ids: dict[str, list[int]] = {}
    for number in by_day:
        ids.setdefault(bought[number][0], []).append(number)
    fresh = [number for number in by_day if (today - bought[number][1]).days <= STALE_DAYS] or by_day
    # Equally frequent ones by name, so that the order of the facts does not decide.
    ranked = [phrase for phrase, _ in sorted(Counter(bought[number][0] for number in fresh).items(), key=lambda each: (-each[1], each[0]))]
    old = [phrase for phrase in ids if phrase not in ranked]
    possible = [fault for fault in KEYWORD_FAULTS if (fault != "stale" or old) and (fault != "too many" or len(ranked) > k)]
    chosen = 1 + _draw(prompt, "faults", (1 << len(possible)) - 1)
    planted = {fault for i, fault in enumerate(possible) if chosen >> i & 1}
    last = by_day[-2:]

    def one_of(purpose: str, choices):
        return choices[_draw(prompt, purpose, len(choices))]

    said = [_keyword(phrase, ids[phrase][-4:]) for phrase in ranked[:k]]
    true = [each["keyword"] for each in said]
    if "uncited" in planted:
        said.append(_keyword(one_of("uncited", true), []))
    if "nowhere" in planted:
        phrase = one_of("nowhere", true)
        said.append(_keyword(phrase, [ids[phrase][-1], max(bought) + 1 + _draw(prompt, "number", 50)]))
    if "invented" in planted:
        said.append(_keyword(one_of("invented", ELSEWHERE), last))
    if "empty" in planted:
        said.append(_keyword(one_of("empty", HOLLOW), last))
    if "sensitive" in planted:
        said.append(_keyword(one_of("sensitive", GUESSES), last))
    if "duplicate" in planted:
        phrase = one_of("duplicate", true)
        other = phrase + "es" if phrase.endswith("ss") else phrase[:-1] if phrase.endswith("s") else phrase + "s"
        said.append(_keyword(other.upper(), ids[phrase][-4:]))
    if "stale" in planted:
        phrase = one_of("stale", old)
        said.append(_keyword(phrase, ids[phrase][-4:]))
    if "too many" in planted:
        said += [_keyword(phrase, ids[phrase][-4:]) for phrase in ranked[k:k + 2]]
    said.sort(key=lambda each: _draw(prompt, f"{each['keyword']} {each['evidence']}", 1 << 62))
    return _written(prompt, {"keywords": said})


RANKING_FAULTS = ("stranger", "twice", "missing", "invented", "sensitive")
"""What `reranking` gets wrong on purpose: see there."""


def reranking(prompt: str) -> str:
    """How a model might re-rank a short list, scripted: JSON text {"ranking": [{"item": id, "because": [ids], "why": text}, ...]}, best first.

    prompt: holds a line FACTS: (the last one counts) and after it {"bought": {"<id>": "<item>"}, "candidates": {"<id>": "<item>"}}, the candidates
    in the order in which they are shown. A candidate is liked by the share of purchases that have a word in common with it, **and for standing near the
    top of the list**, which says nothing about it: models do that. "because" cites the latest such purchase (if there is none, the latest of all).
    In about three answers of ten the list itself is damaged, by one of
    - stranger: an id that was no candidate stands in the place of one that was.
    - twice: one candidate is named twice, another not at all.
    - missing: the last candidates are left out.
    And in about half of the answers one explanation is damaged, by one of
    - invented: it names something that nobody bought.
    - sensitive: it infers what nobody should, one of `GUESSES`.
    The same prompt gives the same answer. One in three stands in a Markdown fence ```json, as models like to put it.
    ValueError (CompletionError) if there are no such facts.
    """
    facts = _facts(prompt, "reranking", BOUGHT_AND_CANDIDATES)
    bought, candidates = _numbered(facts, "bought"), _numbered(facts, "candidates")
    if not bought or len(candidates) < 2 or not all(re.search(r"[^\W\d_]", name) for name in [*bought.values(), *candidates.values()]):
        raise CompletionError(BAD_FACTS.format(name="reranking", shape=BOUGHT_AND_CANDIDATES))
    words = {number: set(re.findall(r"[^\W\d_]{3,}", name.lower())) for number, name in bought.items()}
    liked, said = {}, []
    for place, (number, name) in enumerate(candidates.items()):
        alike = [other for other in bought if words[other] & set(re.findall(r"[^\W\d_]{3,}", name.lower()))]
        liked[number] = len(alike) / len(bought) + NEAR_THE_TOP * (1 - place / len(candidates))
        cited = max(alike or bought)
        said.append({"item": number, "because": [cited], "why": f"goes with {bought[cited].lower()}"})
    said.sort(key=lambda each: -liked[each["item"]])                      # equal ones keep the order in which they were shown
    if _draw(prompt, "explanation", 2):
        wrong = said[_draw(prompt, "explained", min(3, len(said)))]
        elsewhere = [f"goes with your {each}" for each in ELSEWHERE]
        guesses = [f"right for somebody who is {each}" for each in GUESSES]
        texts = elsewhere if _draw(prompt, "kind", 2) else guesses
        wrong["why"] = texts[_draw(prompt, "text", len(texts))]
    if _draw(prompt, "list", 10) < 3:
        place = _draw(prompt, "place", len(said))
        fault = RANKING_FAULTS[_draw(prompt, "damage", 3)]
        if fault == "stranger":
            said[place]["item"] = max([*candidates, *bought]) + 1 + _draw(prompt, "number", 50)
        elif fault == "twice":
            said[place]["item"] = said[place - 1]["item"]
        else:
            said = said[:-min(2, len(said) - 1)]
    return _written(prompt, {"ranking": said})


NEAR_THE_TOP = .3
"""How much `reranking` likes a candidate for standing first, in shares of purchases: the position bias planted in it."""


def connect(write: Callable[[str], str] = portrait, *, price_in: float | None = None, price_out: float | None = None) -> Endpoint | Scripted:
    """Your endpoint if the environment names one, else the scripted stand-in; prints one line that says which.

    write: the stand-in's answer to a prompt.  price_in, price_out: your endpoint's, USD per million tokens.
    CompletionError if an endpoint is named but cannot be right.
    """
    endpoint = Endpoint.from_environment(price_in=price_in, price_out=price_out)
    print(CONNECTED.format(model=endpoint.model, host=urlsplit(endpoint.base_url).netloc) if endpoint else SCRIPTED)
    return endpoint or Scripted(write)


def parsed(text: str):
    """The JSON of an answer, which may stand in a Markdown fence.  ValueError if it is not JSON.

    >>> parsed('```json\\n{"name": "milk"}\\n```')
    {'name': 'milk'}
    """
    fenced = re.fullmatch(r"```(?:json)?\s*\n(.*)\n\s*```", text.strip(), flags=re.DOTALL)
    try:
        return json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        raise ValueError(ANSWER_NOT_JSON) from None


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the key would go to an address nobody chose, and a POST would become a GET."""

    def redirect_request(self, *_):
        return None


def _wrong_with(base_url: str) -> Text | None:
    if not re.fullmatch(r"[!-~]+", base_url):
        return NOT_PLAIN
    if not re.match("https?://", base_url, flags=re.IGNORECASE):
        return NO_SCHEME
    if re.search("[@?#]", base_url):
        return TOO_MUCH
    try:
        parts = urlsplit(base_url)
        return None if parts.hostname and parts.port != 0 else NO_HOST
    except ValueError:
        return NO_HOST


def _wait(retry_after: str | None) -> float:
    """Seconds before the retry.  A date instead of seconds counts as the longest wait: nobody in a notebook waits longer."""
    if retry_after is None:
        return BACK_OFF
    return min(float(retry_after), LONGEST_WAIT) if re.fullmatch("[0-9]{1,9}", retry_after.strip()) else LONGEST_WAIT


def _error_in(answer) -> str:
    """The message of {"error": {"message": …}} or {"error": …}, "" if there is none."""
    error = answer.get("error") if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return message if isinstance(message, str) else ""


def _facts(prompt: str, name: str, shape: Text) -> dict:
    """The JSON object after the last line FACTS: of a prompt.  CompletionError in the name of the stand-in, with the shape it wants."""
    marks = list(re.finditer(r"^[ \t]*FACTS:\s*", prompt, flags=re.MULTILINE))
    if not marks:
        raise CompletionError(NO_FACTS.format(name=name))
    try:
        facts, _ = json.JSONDecoder().raw_decode(prompt, marks[-1].end())
    except (ValueError, RecursionError):
        raise CompletionError(NO_FACTS.format(name=name)) from None
    if not isinstance(facts, dict):
        raise CompletionError(BAD_FACTS.format(name=name, shape=shape))
    return facts


def _numbered(facts: dict, key: str) -> dict[int, str]:
    """The texts under `key` by their integer ids; empty if they are anything else."""
    told = facts.get(key)
    if not isinstance(told, dict) or not all(re.fullmatch("[0-9]{1,18}", number) and isinstance(text, str) for number, text in told.items()):
        return {}
    return {int(number): text for number, text in told.items()}


def _offer(facts: dict) -> tuple[int, datetime.date] | None:
    """Percentage and last day of the offer, None if it has no such form."""
    offer = facts.get("offer")
    percent, until = (offer.get("percent"), offer.get("until")) if isinstance(offer, dict) else (None, None)
    # A year from 1000 to 2999: a later day than the offer's must exist.
    if type(percent) is not int or not 1 <= percent <= 99 or not isinstance(until, str) or not re.fullmatch("[12][0-9]{3}-[0-9]{2}-[0-9]{2}", until):
        return None
    with contextlib.suppress(ValueError):
        return percent, datetime.date.fromisoformat(until)
    return None


def _dated(facts: dict) -> tuple[dict[int, tuple[str, datetime.date]], datetime.date, int]:
    """Number -> (first two words of the item, day), today, and k.  CompletionError if the facts are anything else."""
    error = CompletionError(BAD_FACTS.format(name="interest_keywords", shape=DATED_PURCHASES))
    purchases, today, k = facts.get("purchases"), _date(facts.get("today")), facts.get("k")
    if not isinstance(purchases, dict) or not purchases or today is None or type(k) is not int or k < 1:
        raise error
    bought = {}
    for number, told in purchases.items():
        item, parent, day = (told.get(key) for key in ("item", "parent", "day")) if isinstance(told, dict) else (None,) * 3
        words = re.findall(r"[^\W\d_]+", item) if isinstance(item, str) else []
        day = _date(day)
        if not re.fullmatch("[0-9]{1,18}", number) or not words or not isinstance(parent, str) or day is None or day >= today:
            raise error
        bought[int(number)] = " ".join(words[:2]).lower(), day
    return bought, today, k


def _date(text) -> datetime.date | None:
    """The day that a text names as year-month-day, None if it names none."""
    if isinstance(text, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        with contextlib.suppress(ValueError):
            return datetime.date.fromisoformat(text)
    return None


def _keyword(keyword: str, evidence: list[int]) -> dict:
    return {"keyword": keyword, "evidence": evidence}


def _written(prompt: str, answer: dict) -> str:
    """The answer as JSON, one in three in a fence."""
    text = json.dumps(answer, ensure_ascii=False, indent=1)
    return f"```json\n{text}\n```" if _draw(prompt, "fence", 3) == 0 else text


def _claim(tag: str, about: str, evidence: list[int]) -> dict:
    return {"tag": tag, "about": about, "evidence": evidence}


def _told(message: str) -> tuple[str, str]:
    """The reason that a message gives and the sentence that gives it, to the letter."""
    sentences = [part for part in re.split(r"(?<=[.!?])\s+|(?<=[。！？])\s*", message.strip()) if part]
    for reason, words in TELLING.items():
        for sentence in sentences:
            if re.search(words, sentence, flags=re.IGNORECASE):
                return reason, sentence
    return "other", sentences[0]


def _reason(reason: str, quote: str, message: int) -> dict:
    return {"reason": reason, "message": message, "quote": quote}


def _draw(prompt: str, purpose: str, n: int) -> int:
    """A whole number from 0 to n - 1 that depends on the prompt and the purpose alone."""
    digest = hashlib.sha256(f"{purpose}\n{prompt}".encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:8], "big") % n
