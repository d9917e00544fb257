# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · What does this shopper care about now?

# %% tags=["setup"]
import json

import numpy as np
import pandas as pd

from helpers import ask, check, hint, interview, production_card, progress, recap, reveal, yours  # noqa: F401
from helpers.data import complete_journey

SEED = 1

# %% [markdown]
# ## A language model names an interest
#
# A topic is a list of words, an interest is a share. People want to read *cheese and crackers*. A language model (大语言模型) writes that
# in a second, and it also writes what nobody bought. You give it two jobs, each behind a guard (护栏):
#
# * It may **name a topic** (主题命名) from the topic's heaviest words.
# * It may **propose keywords** (兴趣关键词) for one household, each with the purchases that prove it.
#
# Walmart does the like for its products: **LLM-TAKE** (Maragheh et al. 2023, arXiv 2312.00909) lets a model write **extractive**
# (抽取式) keywords, whose words stand in the text, and **abstractive** (生成式) ones, whose words need not, and then filters out what says
# nothing, what is sensitive and what was made up. `helpers/keywords.py` does so for households. Without an endpoint of your own the answers
# come from a script with faults planted in it, and it says so.
#
# ### Job 1: name a topic
#
# The topics here are made the way **BERTopic** (Grootendorst 2022, arXiv 2203.05794) makes them: encode, cluster, then weigh each word
# by how much it belongs to its cluster (**c-TF-IDF**: its share in the cluster times log(1 + A / f), A the mean number of words a cluster,
# f the word's count in all). Ours is the plain version: k-means on the sentence vectors of the 150 most widely bought product types, a
# word of a type counting once for each household that bought it. Topics and prompts know the 16 weeks before *now*, the midnight that
# begins 5 November 2017; the four weeks after it are for judging.

# %%
from collections import Counter

from sklearn.cluster import KMeans

from helpers import completion, households, text
from helpers import keywords as guard

MORNING = pd.Timestamp("2017-11-05")                                 # now: what lies on or after it is not known yet
NO_INTEREST = [*guard.FORBIDDEN, *households.NOT_A_TASTE]            # shelves the model is not shown: sensitive, or no goods

goods = complete_journey.products()[["product", "category", "type"]].dropna()
goods["code"] = goods["type"].factorize(sort=True)[0]                # numbers are told apart faster than texts
shelf_words = {*goods["type"], *goods["category"]}                   # every word a name may use
till = complete_journey.transactions(["household", "product", "time"])
till = till[till["time"].between(MORNING - pd.Timedelta(weeks=16), MORNING + pd.Timedelta(weeks=4), inclusive="left")]
basket = till.merge(goods[["product", "code"]], on="product").assign(day=lambda frame: frame["time"].dt.normalize())
basket = basket.drop_duplicates(["household", "day", "code"]).sort_values(["household", "day", "code"]).reset_index(drop=True)
basket = basket.merge(goods[["product", "category", "type"]], on="product", how="left")
shown = basket[(basket["day"] < MORNING) & ~basket["category"].isin(NO_INTEREST)]

buyers = shown.groupby("type")["household"].nunique().nlargest(150)
cluster = KMeans(8, n_init=4, random_state=SEED).fit_predict(text.encode([name.lower() for name in buyers.index]))
counts = [Counter() for _ in range(8)]
for name, n, c in zip(buyers.index, buyers, cluster, strict=True):
    counts[c].update(dict.fromkeys(guard.split(name), int(n)))
overall = sum(counts, Counter())
typical = overall.total() / len(counts)
topics = [sorted(c, key=lambda word, c=c: (-c[word] / c.total() * np.log(1 + typical / overall[word]), word))[:8] for c in counts]
for i, words in enumerate(topics):
    print(f"topic {i}  {', '.join(words)}")

# %% [markdown]
# Could you name each of these yourself? Where a list holds two ideas, or a shelf plan's shorthand, a good name is worse than none: it
# hides that the topic is bad.
#
# A name needs a word of the topic, four words at most, and every other word must stand in the catalogue. That last rule is how brands are
# kept out: no list of brands is complete, but the catalogue is. What is refused falls back to the topic's first two words, which cost
# nothing.

# %%
def naming(words):
    """The prompt for one topic."""
    return ("These are the heaviest words of one topic of a grocer's products, the heaviest first. Name the topic. Answer in JSON: "
            '{"name": text}. At most four words, one of them from the list; no brand; nothing about health, family, faith or money.\n'
            "FACTS:\n" + json.dumps({"words": words}))


namer = completion.connect(completion.topic_name)
names = [namer.ask(naming(words)) for words in topics]
for i, (words, answer) in enumerate(zip(topics, names, strict=True)):
    try:
        verdict, said = guard.validate_name(answer.text, words, shelf_words), completion.parsed(answer.text)["name"]
    except ValueError as error:
        verdict, said = {"name": None, "refused": [str(error)]}, answer.text
    print(f"topic {i}  " + (f"accepted  {verdict['name']}" if verdict["name"] else
                           f"REFUSED   {said}: {'; '.join(verdict['refused'])}\n         used      {' '.join(words[:2])}, its first words"))

# %% [markdown]
# ### Job 2: keywords for one household
#
# Two real households, found by rule among those who bought something in each of the last four weeks: the one with the **median** number of
# purchases in 16 weeks, and of the smaller half the one with most **ended** product types: bought on two days or more of the first eight
# weeks, and on none of the last eight. A purchase is a product type on a day. The lower id wins a tie.
#
# Shelves from which no interest is made (health, babies, alcohol, tobacco …) are **not sent**. What a model is not shown it can still
# guess, so the guard looks for it all the same.

# %%
weeks_ago = ((MORNING - shown["day"]).dt.days - 1) // 7               # 0: the seven days before now
steady = shown[weeks_ago < 4].assign(week=weeks_ago).groupby("household")["week"].nunique().loc[lambda n: n == 4].index
size = shown[shown["household"].isin(steady)].groupby("household").size()
pairs = pd.DataFrame({"early": weeks_ago >= 8, "late": weeks_ago < 8}).groupby([shown["household"], shown["code"]]).sum()
ended = ((pairs["early"] >= 2) & (pairs["late"] == 0)).groupby("household").sum()
smaller = size[size <= size.median()]
CHOSEN = {"median": (size - size.median()).abs().sort_index().idxmin(), "most ended": ended[smaller.index].sort_index().idxmax()}
print({why: f"household {h}: {size[h]} purchases in 16 weeks, {ended[h]} ended types" for why, h in CHOSEN.items()})


def numbered(frame):
    """number -> purchase, as the guard reads it. The number is the row of `basket`, so that later purchases have numbers, too."""
    return {int(i): {"item": row.type, "parent": row.category, "day": f"{row.day:%Y-%m-%d}"} for i, row in frame.iterrows()}


def asking(purchases, k=5):
    """The prompt for one household."""
    return (f"What does this household care about now? At most {k} keywords, from what it bought. Answer in JSON: {{\"keywords\": "
            "[{\"keyword\": text, \"evidence\": [numbers of purchases that show it]}, ...]}. Each keyword shares a word with every purchase it "
            f"cites, one of which is at most {completion.STALE_DAYS} days old. No keyword that fits everybody, none twice, nothing about health, "
            "children, faith, origin, alcohol or money.\n"
            "FACTS:\n" + json.dumps({"today": f"{MORNING:%Y-%m-%d}", "k": k, "purchases": purchases}))


print(asking(numbered(shown[shown["household"] == CHOSEN["median"]]))[:900], "…")

# %% [markdown]
# The guard gets **all** purchases, those after *now* as well. So it can tell a purchase that does not exist from one that
# nobody could know yet: a model that cites the second was shown the future.

# %%
reader = completion.connect(completion.interest_keywords)
answers = {h: reader.ask(asking(numbered(shown[shown["household"] == h]))) for h in CHOSEN.values()}
accepted = {}
for why, h in CHOSEN.items():
    print(f"\nhousehold {h} ({why})")
    try:
        verdict = guard.validate(answers[h].text, numbered(basket[basket["household"] == h]), MORNING, k=5)
    except ValueError as error:
        print(f"  refused as a whole: {error}")
        continue
    accepted[h] = verdict["keywords"]
    for each in accepted[h]:
        print(f"  accepted  {each['keyword']}  {each['evidence']}" + (f"  (added: {', '.join(each['added'])})" if each["added"] else ""))
    said = completion.parsed(answers[h].text)["keywords"]
    for position, reason in verdict["refused"]:
        print(f"  REFUSED   {json.dumps(said[position])}  {reason}")

# %% [markdown]
# Read the accepted lines, too. The guard reads letters, not meanings:
#
# * One shared word is enough, so *organic milk* passes on *milk*. The words under *added* stand in nothing it cites: a person looks at them.
# * A good abstraction (*breakfast*, for eggs and bacon) is refused as invented. You pay for safety with the abstractive half of the idea.
# * It errs on one side: root beer is called alcohol, and baby carrots a baby.
# * It cannot see a **gift** (送礼): the evidence is real, the interest is somebody else's.
#
# ### What it costs, and what it is worth

# %%
PRICE_IN, PRICE_OUT = .50, 2.00                                      # USD per million tokens: placeholders, put yours here


def bill(who, answers, price_in, price_out):
    """What some answers cost."""
    return {"model": who.model, "calls": len(answers), "tokens in": sum(each.prompt_tokens for each in answers),
            "tokens out": sum(each.completion_tokens for each in answers),
            "USD": sum(each.cost(price_in, price_out) for each in answers), "seconds": sum(each.seconds for each in answers)}


table = {"names": bill(namer, names, PRICE_IN, PRICE_OUT), "keywords": bill(reader, list(answers.values()), PRICE_IN, PRICE_OUT)}
stand_in = completion.Scripted(completion.interest_keywords)
if reader == stand_in:
    print("No endpoint: the script answered, in no time. USD is what a model would ask for as many tokens, estimated at four characters each.")
else:
    table["keywords, scripted"] = bill(stand_in, [stand_in.ask(asking(numbered(shown[shown["household"] == h]))) for h in answers], 0, 0)
each = table["keywords"]
print(f"keywords for a million households: {each['USD'] / each['calls'] * 1e6:,.0f} USD")
pd.DataFrame(table).T.astype({"calls": int, "tokens in": int, "tokens out": int, "USD": float, "seconds": float}).round({"USD": 5, "seconds": 3})

# %% [markdown]
# Is a keyword *true*? Ask the next four weeks, and put the cheapest rival beside it: the five product types with the largest own share, a
# purchase's weight halving every 28 days. A keyword comes true if a later purchase shares a word with it. That rule is kind to both, and
# kindest to vague words.

# %%
later = basket[(basket["day"] >= MORNING) & (basket["day"] < MORNING + pd.Timedelta(weeks=4))]
rows = []
for why, h in CHOSEN.items():
    mine, next_words = shown[shown["household"] == h], {root for name in later.loc[later["household"] == h, "type"] for root in guard.telling(name)}
    weight = pd.Series(.5 ** ((MORNING - mine["day"]).dt.days / 28)).groupby(mine["type"]).sum().sort_index().nlargest(5)
    for who, proposed in (("own share, decayed", weight.index), (f"keywords accepted ({reader.model})", [each["keyword"] for each in accepted.get(h, [])])):
        rows.append({"household": why, "from": who, "proposed": len(proposed),
                     "came true": sum(bool(next_words & set(guard.telling(each))) for each in proposed)})
        print(f"{why}, {who}: {', '.join(each.lower() for each in proposed)}")
if reader == stand_in:
    print("The script answered: its rows show how to count. They measure the script and the guard, and no language model.")
pd.DataFrame(rows).set_index(["household", "from"])

# %% [markdown]
# If the script answered, nothing in this section says how good a language model is. With your endpoint it is a measurement of two
# households, no more: take some hundreds, keep the rival beside it, and count **continuing** (持续), **new** (新出现) and **ended**
# (已结束) interests apart. Own share will look strong on the continuing ones, which are what it repeats. A model earns its price where
# it names something new that comes true, or where people *read* the keyword.
#
# So: keywords **offline**, once a month and household, never a request; stored with their evidence, so that whoever asks is shown the
# purchases, and so that a purchase that is deleted takes its keyword with it. The share that decides what is *shown* stays a number you can
# recompute.
