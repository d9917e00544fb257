"""The exercises of lesson 04: a recurrent network that knows which interests ended, and the keyword model of the interviewer, repaired."""

from __future__ import annotations

from helpers.checks.exercise import case, exercise
from helpers.checks.training import LOSS_ADVICE, fit_and_predict, labels_at_least
from helpers.language import Text
from helpers.rhythms import ended_interests, tagged_texts

LABELS_BOUND, COUNT_BOUND = .85, .5
"""What `build_interest_rnn` and `build_keyword_model` must reach."""

_ANY_SIZE = Text("another vocabulary, another number of labels and another length work as well", "换一个词表、标签个数和序列长度也能工作")


@exercise(level="core", minutes=15, points=15, uses=("keras", "tensorflow"), cases=2,
          call=fit_and_predict(epochs=6, batch_size=32, padding=7, length=None), judge=labels_at_least(LABELS_BOUND, COUNT_BOUND, (LOSS_ADVICE,)), hints=(
              Text("Every shopper bought from every category, so *what* was bought tells nothing. Which layer still knows, at the end, what came last?",
                   "每个用户都买过每个类别，所以*买了什么*说明不了什么。哪一种层到最后仍知道最近买的是什么？"),
              Text("Ids run from 0 to V, so the Embedding has V + 1 rows, and row 0 is padding: mask_zero=True. Of the recurrent layer, the head needs the "
                   "last state only.",
                   "id 从 0 到 V，所以 Embedding 有 V + 1 行，第 0 行是填充：mask_zero=True。输出层只需要循环层的最后状态。"),
              Text("Input((None,), dtype=\"int32\"), Embedding(V + 1, 16, mask_zero=True), GRU(32, use_cudnn=False), Dense(K, activation=\"sigmoid\"); "
                   "binary_crossentropy and Adam(0.01).",
                   "Input((None,), dtype=\"int32\")，Embedding(V + 1, 16, mask_zero=True)，GRU(32, use_cudnn=False)，Dense(K, activation=\"sigmoid\")；"
                   "损失用 binary_crossentropy，优化器用 Adam(0.01)。"),
          ))
def build_interest_rnn(rng):
    ids, current = ended_interests(rng, 1000, 4)
    yield case(28, 4).trains_on(ids[:600], current[:600]).predicts(ids[600:], truth=current[600:])
    other, _ = ended_interests(rng, 40, 3)
    other[0, -1] = 21                   # the last word of the vocabulary: an Embedding without a row for it raises here, where nothing is compiled
    yield case(21, 3).predicts(other).shows(_ANY_SIZE)


@exercise(level="core", minutes=20, points=25, short=True, uses=("keras", "tensorflow"), cases=2,
          call=fit_and_predict(epochs=8, batch_size=32, padding=7, length=1), judge=labels_at_least(LABELS_BOUND, COUNT_BOUND, (LOSS_ADVICE,)), hints=(
              Text("What do the interviewer's probabilities of one text sum to? And what should they sum to for a text about three keywords, or about none?",
                   "面试官的模型对一篇文本给出的概率之和是多少？一篇涉及三个关键词、或者一个也不涉及的文本，和应该是多少？"),
              Text("An id is a name, no amount. Which layer turns ids into vectors, and at the same time tells the LSTM which steps are padding?",
                   "id 是名称，不是数量。哪一层把 id 变成向量，同时告诉 LSTM 哪些步是填充？"),
              Text("Embedding(V + 1, 32, mask_zero=True), LSTM 50 with return_sequences=True, LSTM 50 without, Dense 128, Dense(K, activation=\"sigmoid\"); "
                   "binary_crossentropy and Adam(0.01).",
                   "Embedding(V + 1, 32, mask_zero=True)，LSTM 50（return_sequences=True），LSTM 50（不返回序列），Dense 128，"
                   "Dense(K, activation=\"sigmoid\")；损失用 binary_crossentropy，优化器用 Adam(0.01)。"),
          ))
def build_keyword_model(rng):
    ids, tags = tagged_texts(rng, 1000, 6)
    yield case(120, 16, 6).trains_on(ids[:600], tags[:600]).predicts(ids[600:], truth=tags[600:])
    other, _ = tagged_texts(rng, 40, 5)
    other[0, -1] = 100                  # as above
    yield case(100, 13, 5).predicts(other[:, 3:]).shows(_ANY_SIZE)
