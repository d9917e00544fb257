"""The guard behind a language model that names a topic or proposes a household's interests: what of its answer may be kept, and why not the rest.

The idea, keywords made by a model and then freed of the empty, the sensitive and the invented ones, is LLM-TAKE's (Maragheh et al. 2023,
arXiv 2312.00909), which makes them for products. A household is a person's home: here the list of the sensitive is longer.
"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import TypedDict

from helpers.completion import STALE_DAYS, parsed
from helpers.language import Text

HOLLOW = (
    "food", "foods", "grocery", "item", "product", "goods", "good", "household", "shopping", "purchase", "misc", "miscellaneous", "other",
    "thing", "stuff", "article", "supply", "need", "store", "shop", "brand", "favourite", "favorite", "popular", "new", "daily", "everyday",
    "essential", "general", "variety", "care", "use", "all", "kind", "type",
    "食品", "商品", "产品", "物品", "用品", "日用", "杂货", "其他", "购物",
)
"""Words that fit every household; a keyword needs at least one other."""
BINDING = ("and", "or", "of", "for", "the", "an", "in", "on", "to", "at", "by", "no", "not", "with", "without", "from", "only")

# A word with * stands for all that begin with it, a Chinese one for all in which it stands, any other for itself and its plural.
SENSITIVE = {
    Text("pregnancy and babies", "怀孕与婴儿"): (
        "pregnan*", "expecting", "expectant", "maternity", "baby", "infant", "newborn", "toddler", "diaper", "nappy", "breastfeed*",
        "孕", "婴", "宝宝", "尿布", "尿裤"),
    Text("health", "健康"): (
        "health", "healthcare", "ill", "illness", "sick*", "disease", "diabet*", "cancer", "depress*", "allerg*", "medic*", "drug", "pharmac*",
        "laxative", "antacid", "analgesic", "painkiller", "flu", "vitamin", "incontinen*", "diet", "dieting", "dietary", "obes*", "overweight",
        "disab*", "hypertens*", "病", "药", "健康", "减肥", "过敏", "血糖", "血压"),
    Text("religion", "宗教"): (
        "religio*", "christian*", "catholic*", "muslim", "islam*", "jew", "jewish", "kosher", "halal", "hindu*", "buddhis*", "church",
        "ramadan", "lent", "宗教", "清真", "基督", "佛教", "信徒"),
    Text("alcohol and tobacco", "烟酒"): (
        "alcohol*", "beer", "wine", "liquor", "vodka", "whisky", "whiskey", "rum", "gin", "drinker", "drunk*", "tobacco", "cigar", "cigarette",
        "smoker", "smoking", "酒", "烟"),
    Text("sex life", "性生活"): ("sex*", "condom", "contracep*", "gay", "lesbian", "lgbt*", "避孕", "性取向", "同性"),
    Text("origin", "族裔"): ("ethnic*", "race", "racial", "hispanic", "latino", "latina", "immigrant", "migrant", "民族", "种族", "移民"),
    Text("money troubles", "经济状况"): (
        "income", "poor", "poverty", "debt", "wealth*", "unemployed", "bankrupt*", "收入", "贫困", "负债", "失业"),
    Text("politics", "政治"): ("politic*", "republican", "democrat*", "政治"),
}
"""What no keyword and no name may say of anybody: GDPR, Article 9, and what else people do not want to be told by their grocer."""

FORBIDDEN = (
    "ADULT INCONTINENCE", "ANALGESICS", "ANTACIDS", "BABY FOODS", "BABY HBC", "BABYFOOD", "BEERS/ALES", "CHRISTMAS  SEASONAL", "CIGARETTES",
    "CIGARS", "COLD AND FLU", "DIAPERS & DISPOSABLES", "DIETARY AID PRODUCTS", "DOMESTIC WINE", "EASTER", "EASTER LILY",
    "ETHNIC PERSONAL CARE", "EYE AND EAR CARE PRODUCTS", "FAMILY PLANNING", "FEMININE HYGIENE", "FIRST AID PRODUCTS", "FITNESS&DIET",
    "FOOT CARE PRODUCTS", "GLASSES/VISION AIDS", "HISPANIC", "HOME HEALTH CARE", "IMPORTED WINE", "INFANT CARE PRODUCTS", "INFANT FORMULA",
    "LAXATIVES", "LIQUOR", "MISC WINE", "MISCELLANEOUS HBC", "NATURAL HBC", "NATURAL VITAMINS", "PHARMACY", "RESTRICTED DIET",
    "SINUS AND ALLERGY", "SMOKING CESSATIONS", "TICKETS", "TOBACCO OTHER", "VITAMINS",
)
"""Categories of Complete Journey out of which no interest is made; best not shown to a model at all.  (Tickets are lottery tickets.)"""

NO_KEYWORDS = Text("the answer must be an object with one key, keywords, and a list under it",
                   "回答必须是只含 keywords 一个键的对象，其值为列表")
NO_NAME = Text("the answer must be an object with one key, name, and a text under it", "回答必须是只含 name 一个键的对象，其值为文本")
MALFORMED = Text("not an object with exactly keyword (a text, not empty) and evidence (a list of integers)",
                 "不是恰好含有 keyword（非空文本）和 evidence（整数列表）的对象")
UNCITED = Text("no evidence: nobody can check it", "没有证据：无从核对")
NOWHERE = Text("there is no purchase {number}", "没有编号为 {number} 的购买")
FUTURE = Text("purchase {number} was made on {day}, not before {today}: nobody could know it",
              "购买 {number} 发生在 {day}，不早于 {today}：当时无从得知")
NEVER = Text("sensitive ({kind}): {word}", "敏感（{kind}）：{word}")
SHELF = Text("sensitive: purchase {number} is of {shelf}, out of which no interest is made", "敏感：购买 {number} 属于 {shelf}，不得据此推断兴趣")
EMPTY = Text("says nothing: it would fit every household", "没有信息量：放在哪个家庭都成立")
INVENTED = Text("invented: no word of it stands in what it cites", "编造：它的词没有一个出现在所引的购买中")
UNSUPPORTED = Text("no word of it stands in purchase {number}", "它的词没有一个出现在购买 {number} 中")
ENDED = Text("ended: the last purchase it cites is {days} days old, more than {stale}", "已结束：所引的最近一次购买在 {days} 天前，超过 {stale} 天")
AGAIN = Text("the same as {other}", "与 {other} 相同")
TOO_MANY = Text("more than {k}", "超过 {k} 个")
BLANK = Text("the name is empty", "名称是空的")
LONG = Text("more than {most} words", "超过 {most} 个词")
OFF_TOPIC = Text("none of its words is among the topic's", "它的词没有一个属于这个主题")
STRANGE = Text("{word}: a word that stands nowhere in the catalogue, so a brand or an invention", "{word}：商品目录中没有这个词，是品牌或编造")


class Purchase(TypedDict):
    """What stands on one line of a receipt: what was bought, the category above it, and the day, year-month-day."""

    item: str
    parent: str
    day: str


def validate(answer: str, bought: dict[int, Purchase], today, *, k: int = 5, stale: int = STALE_DAYS, forbidden: Collection[str] = FORBIDDEN) -> dict:
    """What of a model's keywords for one household may be kept: {"keywords": accepted, "refused": [[position, why], ...]}.

    answer: JSON {"keywords": [{"keyword": text, "evidence": [numbers of purchases]}, ...]}, perhaps in a Markdown fence.
    bought: number -> purchase, those from today on too: a model that cites one of them was shown the future.
    today: date; only purchases before it may be cited.  k: keywords kept at most.  stale: days after which an interest has ended.
    forbidden: categories out of which no interest is made.

    A keyword is accepted if each purchase it cites shares a word with it, in the item or its category, plural and capitals apart, and no
    reason speaks against it. Reasons, of which the first is told: malformed; without evidence; a purchase that does not exist, or not yet;
    sensitive, by its words or by a category it cites; empty (no word beside `HOLLOW`); invented; ended; the same as one accepted before; more
    than k. Accepted ones gain the key "added": words that stand in nothing it cites, for a person to look at. ([] if it is purely
    extractive.) The guard reads letters, not meanings: a good keyword in other words is refused, root beer is called alcohol.
    ValueError if the answer has no such form, or k or stale is below 1.

    >>> lately = {1: {"item": "COFFEE BEANS", "parent": "COFFEE", "day": "2017-10-30"}, 2: {"item": "TULIPS", "parent": "FLORAL", "day": "2017-04-02"}}
    >>> validate('{"keywords": [{"keyword": "fresh coffee", "evidence": [1]}, {"keyword": "tulips", "evidence": [2]}]}', lately, "2017-11-05")
    ... # doctest: +NORMALIZE_WHITESPACE
    {'keywords': [{'keyword': 'fresh coffee', 'evidence': [1], 'added': ['fresh']}],
     'refused': [[1, 'ended: the last purchase it cites is 217 days old, more than 56']]}
    """
    if k < 1 or stale < 1:
        raise ValueError(f"k and stale must be at least 1, not {k} and {stale}")
    said = parsed(answer)
    if not isinstance(said, dict) or set(said) != {"keywords"} or not isinstance(said["keywords"], list):
        raise ValueError(NO_KEYWORDS)
    today = _date(today)
    accepted, refused, kept = [], [], {}
    for position, each in enumerate(said["keywords"]):
        why = _wrong_with(each, bought, today, stale, forbidden)
        if not why:
            meaning = frozenset(telling(each["keyword"]))
            if meaning in kept:
                why = AGAIN.format(other=kept[meaning])
            elif len(accepted) == k:
                why = TOO_MANY.format(k=k)
        if why:
            refused.append([position, str(why)])
            continue
        kept[meaning] = each["keyword"]
        cited = set().union(*(_words_of(bought[number]) for number in each["evidence"]))
        added = [word for word, root in telling(each["keyword"], pairs=True) if root not in cited]
        accepted.append(each | {"added": list(dict.fromkeys(added))})
    return {"keywords": accepted, "refused": refused}


def validate_name(answer: str, words: Sequence[str], vocabulary: Collection[str], *, most: int = 4) -> dict:
    """What of a model's name for a topic may be used: {"name": text or None, "refused": [why, ...]}, all reasons.

    answer: JSON {"name": text}, perhaps in a Markdown fence.  words: the topic's, the heaviest first.  vocabulary: the catalogue's words.
    most: words a name may have; two Chinese characters count as one.
    A name needs a word of the topic. Its other words must stand in the catalogue: no list of brands is complete, and a catalogue is.
    Whoever gets None takes the topic's first words.  ValueError if the answer has no such form.

    >>> validate_name('{"name": "Nescafé and tea"}', ["coffee", "tea", "filters"], {"coffee", "tea", "filters", "milk"})
    {'name': None, 'refused': ['nescafe: a word that stands nowhere in the catalogue, so a brand or an invention']}
    """
    said = parsed(answer)
    if not isinstance(said, dict) or set(said) != {"name"} or not isinstance(said["name"], str):
        raise ValueError(NO_NAME)
    name = said["name"].strip()
    if not name:
        return {"name": None, "refused": [str(BLANK)]}
    known = {stem(word) for text in vocabulary for word in split(text)}
    topic = {root for word in words for root in telling(word)}
    of_name = telling(name, pairs=True)
    whys = [LONG.format(most=most)] if _length(name) > most else []
    whys += [why] if (why := sensitive(name)) else []
    if not of_name:
        whys.append(EMPTY)
    elif not any(root in topic for _, root in of_name):
        whys.append(OFF_TOPIC)
    whys += [STRANGE.format(word=word) for word, root in dict(of_name).items() if root not in topic | known]
    return {"name": None if whys else name, "refused": [str(why) for why in whys]}


def split(text: str) -> list[str]:
    """The words of a text, small and without accents; of Chinese, which has no blanks, each two neighbouring characters.

    >>> split("Crème FRAÎCHE 12/18PK, 纯牛奶")
    ['creme', 'fraiche', 'pk', '纯牛', '牛奶']
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    words = []
    for run in re.findall("[一-鿿]+|[^\\W\\d_一-鿿]+", plain):
        if re.match("[一-鿿]", run):
            words += [run[i:i + 2] for i in range(max(len(run) - 1, 1))]
        elif len(run) > 1:                                               # the s of 's, the w of w/
            words.append(run)
    return words


def stem(word: str) -> str:
    """One form for singular and plural. It need not be a word.

    >>> stem("cherries") == stem("cherry"), stem("potatoes") == stem("potato"), stem("glasses") == stem("glass")
    (True, True, True)
    """
    if word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    if re.search("(?:ss|sh|ch|x|o)e$", word):
        word = word[:-1]
    return word[:-1] + "ie" if word.endswith("y") else word


def telling(text: str, *, pairs: bool = False) -> list:
    """The stems of the words that tell something, in order; with `pairs` (word, stem) of each."""
    told = [(word, stem(word)) for word in split(text) if word not in BINDING and stem(word) not in _HOLLOW]
    return told if pairs else [root for _, root in told]


_HOLLOW = {stem(word) for word in HOLLOW}


def _words_of(purchase: Purchase) -> set[str]:
    return set(telling(purchase["item"])) | set(telling(purchase["parent"]))


def _wrong_with(each, bought: dict[int, Purchase], today: datetime.date, stale: int, forbidden: Collection[str]) -> Text | None:
    """Why a keyword cannot be kept, whatever the others are; None if it can."""
    if not isinstance(each, dict) or set(each) != {"keyword", "evidence"}:
        return MALFORMED
    keyword, evidence = each["keyword"], each["evidence"]
    if not isinstance(keyword, str) or not keyword.strip() or not isinstance(evidence, list) or any(type(number) is not int for number in evidence):
        return MALFORMED
    if not evidence:
        return UNCITED
    for number in evidence:
        if number not in bought:
            return NOWHERE.format(number=number)
        if _date(bought[number]["day"]) >= today:
            return FUTURE.format(number=number, day=_date(bought[number]["day"]), today=today)
    if why := sensitive(keyword):
        return why
    for number in evidence:
        if bought[number]["parent"] in forbidden:
            return SHELF.format(number=number, shelf=bought[number]["parent"])
    roots = set(telling(keyword))
    if not roots:
        return EMPTY
    without = [number for number in evidence if not roots & _words_of(bought[number])]
    if len(without) == len(evidence):
        return INVENTED
    if without:
        return UNSUPPORTED.format(number=without[0])
    days = min((today - _date(bought[number]["day"])).days for number in evidence)
    return ENDED.format(days=days, stale=stale) if days > stale else None


def sensitive(text: str) -> Text | None:
    """Why a text may not be said of anybody, None if it may."""
    words = split(text)
    for kind, signs in SENSITIVE.items():
        for sign in signs:
            if re.match("[一-鿿]", sign):
                found = [sign] if sign in text else []
            elif sign.endswith("*"):
                found = [word for word in words if word.startswith(sign[:-1])]
            else:
                found = [word for word in words if stem(word) == stem(sign)]
            if found:
                return NEVER.format(kind=kind, word=found[0])
    return None


def _length(name: str) -> int:
    """Words of a name, binding ones too; two Chinese characters are one."""
    chinese = re.findall("[一-鿿]", name)
    others = re.sub("[一-鿿]", " ", name).split()
    return sum(any(sign.isalnum() for sign in word) for word in others) + math.ceil(len(chinese) / 2)


def _date(day) -> datetime.date:
    """The day of "2017-11-05", of a timestamp or a date."""
    return datetime.date.fromisoformat(str(day)[:10])
