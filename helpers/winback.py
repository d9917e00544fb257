"""The guard behind a language model that reads a customer's messages and drafts a win-back: what of its answer may be used, and why the rest may not.

It lists what is allowed, and refuses everything else: a list of what is forbidden is never complete.
"""

from __future__ import annotations

import re
import unicodedata

from helpers.completion import REASONS, parsed
from helpers.language import Text

PROBABLE = re.compile("prob|scor|chance|likel|risk|odds|confiden|propens|概率|可能|风险|分数|得分|评分", flags=re.IGNORECASE)
"""Names of keys under which a model puts a probability."""

NO_FORM = Text(
    "the answer must be an object with a list under reasons and a text under draft",
    "回答必须是一个对象，reasons 下是列表，draft 下是文本",
)
MALFORMED = Text("not an object with reason, message (an integer) and quote (a text, not empty)",
                 "不是含有 reason、message（整数）和 quote（非空文本）的对象")
PROBABILITY = Text("{key}: a probability or score; it comes from a calibrated model, never from here",
                   "{key}：概率或分数；它只能来自校准过的模型，不能来自这里")
NOT_ASKED = Text("{key}: nobody asked for this", "{key}：没有人要求提供这一项")
NO_REASON = Text("no reason of the list: {reason}", "不在原因列表之中：{reason}")
NO_MESSAGE = Text("there is no message {message}", "没有编号为 {message} 的留言")
ELSEWHERE = Text("the quote does not stand in message {message}, but in {where}", "引文不在留言 {message} 中，而在 {where} 中")
NOBODY = Text("nobody wrote these words: {quote}", "没有人写过这些话：{quote}")
EMPTY = Text("the draft is empty", "草稿是空的")
NOT_OFFERED = Text("the draft says {said}, and the offer is {percent} % until {until}", "草稿中写着 {said}，而优惠是 {percent}%，截至 {until}")
NOT_SAID = Text("the draft does not state the offer's {part}", "草稿没有写明优惠的 {part}")


def validate(text: str, messages: dict[int, str], offer: dict) -> dict:
    """What may be used of a model's answer: {"reasons": accepted, "refused": [[position, why], ...], "draft", "draft_refused": [why, ...]}.

    text: JSON {"reasons": [{"reason", "message", "quote"}, ...], "draft": text}, perhaps in a Markdown fence.  messages: number -> what the
    customer wrote.  offer: {"percent": number, "until": "YYYY-MM-DD"}.
    A reason is accepted, unchanged, if it is one of `completion.REASONS` and its quote stands in the message it cites, to the letter.
    Any other key beside "reasons" and "draft" is refused whole, with the key as position; in a reason, it takes the reason with it.
    The draft must state the offer's percentage and its day, and hold no number but these two; else it is None, and draft_refused says why.
    The guard reads digits, not meanings: "half price", "for ever", or a quote that does not give the reason is left to who approves.
    ValueError if the text has no such form.

    >>> validate('{"reasons": [{"reason": "price", "message": 1, "quote": "too dear"}], "draft": "25 % off until 2017-12-03!", "risk": 0.9}',
    ...          {1: "You are too expensive"}, {"percent": 10, "until": "2017-12-03"})  # doctest: +NORMALIZE_WHITESPACE
    {'reasons': [],
     'refused': [[0, 'nobody wrote these words: too dear'],
                 ['risk', 'risk: a probability or score; it comes from a calibrated model, never from here']],
     'draft': None,
     'draft_refused': ['the draft says 25 %, and the offer is 10 % until 2017-12-03']}
    """
    said = _parsed(text)
    whys = [_wrong_with(reason, messages) for reason in said["reasons"]]
    refused = [[position, str(why)] for position, why in enumerate(whys) if why]
    refused += [[key, str(_unasked(key))] for key in said if key not in ("reasons", "draft")]
    draft_refused = [str(why) for why in _wrong_with_draft(said["draft"], offer)]
    return {"reasons": [reason for reason, why in zip(said["reasons"], whys, strict=True) if not why], "refused": refused,
            "draft": None if draft_refused else said["draft"], "draft_refused": draft_refused}


def _parsed(text: str) -> dict:
    said = parsed(text)
    if not isinstance(said, dict) or not isinstance(said.get("reasons"), list) or not isinstance(said.get("draft"), str):
        raise ValueError(NO_FORM)
    return said


def _unasked(key: str) -> Text:
    return (PROBABILITY if PROBABLE.search(key) else NOT_ASKED).format(key=key)


def _wrong_with(reason, messages: dict[int, str]) -> Text | None:
    """Why a reason cannot be used, None if it can."""
    if not isinstance(reason, dict):
        return MALFORMED
    if unasked := [key for key in reason if key not in ("reason", "message", "quote")]:
        return _unasked(next(filter(PROBABLE.search, unasked), unasked[0]))
    name, message, quote = reason.get("reason"), reason.get("message"), reason.get("quote")
    if not isinstance(name, str) or type(message) is not int or not isinstance(quote, str) or not quote.strip():
        return MALFORMED
    if name not in REASONS:
        return NO_REASON.format(reason=name)
    if message not in messages:
        return NO_MESSAGE.format(message=message)
    if quote in messages[message]:
        return None
    where = [str(number) for number, words in messages.items() if quote in words]
    return ELSEWHERE.format(message=message, where=", ".join(where)) if where else NOBODY.format(quote=quote)


def _wrong_with_draft(draft: str, offer: dict) -> list[Text]:
    """Why a draft cannot be sent, one entry a fault."""
    if not draft.strip():
        return [EMPTY]
    percent, until = f"{offer['percent']:g}", offer["until"]
    plain = unicodedata.normalize("NFKC", draft)                         # １０％ is 10%, and ½ is 1⁄2
    stated = {f"{percent} %": rf"(?<![\d.,]){re.escape(percent)}[\s-]*(?:%|(?i:per\s?cent))", until: rf"(?<!\d){re.escape(until)}(?!\d)"}
    left = plain
    for pattern in stated.values():
        left = re.sub(pattern, " ", left)
    strange = re.findall(r"(?:\d[\d.,:/–-]*\d|\d)(?:\s*%)?", left)
    faults = [NOT_OFFERED.format(said=number, percent=percent, until=until) for number in strange]
    return faults or [NOT_SAID.format(part=part) for part, pattern in stated.items() if not re.search(pattern, plain)]
