# %% [markdown]
# # More on measuring: the rank of the one that was bought
#
# Level *more*: counted beside the lesson's points. One exercise, and the trap it guards against.

# %% tags=["setup"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd  # noqa: F401  (for your answer)

from helpers import check, hint, progress, yours
from helpers.plots import forest, style, wilson

style()

# %% [markdown]
# ## Ties: how to win without a model
#
# A recommender scores all items, and one of them is what the customer took: the **target** (目标商品). Its **rank** (名次) tells how good the
# recommender is. But many recommenders give many items the same score, most often 0: nothing known. Where does a tied target stand?
#
# * **optimistic**: before everything it ties with, rank = 1 + number of higher scores. A model that scores everything 0 then puts every target
#   first. It is perfect and knows nothing.
# * **by position**: `argsort` puts the lower item number first. Item numbers often follow popularity or date, so the file's order leaks in.
# * **fair**: imagine the tied items shuffled, all orders equally likely, and take the mean rank. With $t$ other items tied with the target, half of
#   them stand before it on average: rank = 1 + number higher + $t / 2$.
#
# **Worked example.** Scores .3, .7, .7, .1; the target is item 2 (counted from 0). Nothing is higher, one other item ties. Of the two orders of the
# tied pair one puts the target first, one second: the mean rank is 1.5.

# %%
rng = np.random.default_rng(0)
items, customers = 1_000, 4_000
known = rng.random((customers, items)) < .01                      # a model that gives 1 to a few random items and 0 to the rest
target = rng.integers(0, items, customers)
own = known[np.arange(customers), target]
higher = np.where(own, 0, known.sum(axis=1))
others = np.where(own, known.sum(axis=1) - 1, (~known).sum(axis=1) - 1)
first_ten_fair = np.clip((10 - higher) / (others + 1), 0, 1)       # chance to be among the first ten after a shuffle
first_ten_optimistic = (1 + higher) <= 10
rows = {"optimistic ties": first_ten_optimistic.mean(), "shuffled ties": first_ten_fair.mean(), "guessing ten of all items": 10 / items}
low, high = zip(*(wilson(share * customers, customers) for share in rows.values()), strict=True)
forest(list(rows), list(rows.values()), low, high, title="A model of pure noise, judged twice", xlabel="hit rate at 10, 95 % interval",
       highlight="shuffled ties")
plt.show()

# %% [markdown]
# ### exercise: rank_of_target
#
# * `scores`: (n,) numbers, none missing, a higher score is better; a list or an array. `target`: the position of the target, from 0.
# * `exclude`: positions that do not compete, such as items the customer has already (a list, set or array; empty by default; it may repeat
#   a position).
# * The competitors are all positions not in `exclude`, **and the target in any case, even if it stands in `exclude`**: repeat purchases are
#   real, and a target that was removed has no rank.
# * Return 1 + (competitors with a higher score) + ½ · (other competitors with exactly the same score), as a number. Do not change the arguments.
#
# By hand: scores .9, .5, .5, .2 with target 2 and exclude [0]: nothing higher is left, one other ties, so 1.5.

# %%
# exercise: rank_of_target
def rank_of_target(scores, target, exclude=()):
    """Mean rank of the target over all orders of tied items; 1 is best.

    scores: (n,), higher is better.  exclude: positions that do not compete; the target always does.

    >>> rank_of_target([.9, .5, .5, .2], target=2, exclude=[0])
    1.5
    """
    ### BEGIN SOLUTION: drop the excluded but keep the target; count higher scores, and half of the other equal ones
    scores = np.asarray(scores, float)
    competes = np.ones(len(scores), bool)
    competes[np.asarray(list(exclude), dtype=int)] = False
    competes[target] = True
    rivals = scores[competes]
    higher, equal = (rivals > scores[target]).sum(), (rivals == scores[target]).sum() - 1
    return float(1 + higher + equal / 2)
    ### END SOLUTION

# %%
check(rank_of_target)

# %% [markdown]
# **Use it with care.** The mean rank is right for the mean reciprocal rank's *text* ("the target stood third on average"), and for comparing models by
# rank. For a hit rate or NDCG take the expectation of the **metric** over shuffles, not the metric of the expected rank. The two differ:

# %%
ranks = np.arange(1, 5)                                            # four items, all tied: the target's rank is 1, 2, 3 or 4, equally likely
gain = np.where(ranks <= 2, 1 / np.log2(ranks + 1), 0)
mean_rank = ranks.mean()
print(f"mean rank of four tied items: {mean_rank}")
print(f"hit rate at 2: expected {np.mean(ranks <= 2):.3f}, of the mean rank {float(mean_rank <= 2):.3f}")
print(f"NDCG at 2:     expected {gain.mean():.5f}, of the mean rank {0 if mean_rank > 2 else 1 / np.log2(mean_rank + 1):.5f}")
if yours("rank_of_target"):
    print("yours, four tied items:", yours("rank_of_target")([0, 0, 0, 0], target=1))

# %%
hint("rank_of_target")

# %% [markdown]
# `progress` counts one session, which is this notebook's: what you solved in `start.ipynb` is counted there, and shows here as not
# written yet. Nothing is lost. Both saved files are graded together.

# %%
progress("00")
