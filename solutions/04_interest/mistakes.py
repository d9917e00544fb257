"""Lesson 04: what goes wrong in heads, with the explanation a learner needs; and right answers written in another way."""

from helpers.checks.mistakes import alternate_of, mistake_of
from helpers.language import Text

# --- build_interest_rnn --------------------------------------------------------------------------------------------------

_SOFTMAX = Text(
    "A softmax shares out one label: its probabilities always sum to 1, so two true labels get at most ½ each, and \"none\" cannot be said. K labels "
    "that may hold together are K yes-or-no questions: sigmoids and binary cross-entropy.",
    "softmax 只分配一个标签：概率之和恒为 1，两个正确标签各自至多 ½，也无法表示「一个都没有」。可以同时成立的 K 个标签是 K 个是非题：用 sigmoid 和二元交叉熵。")
_SOFTMAX_BCE = Text(
    "The loss asks K yes-or-no questions, but a softmax answers them: its K probabilities still sum to 1. Put sigmoids at the end.",
    "损失函数提出了 K 个是非题，回答的却是 softmax：K 个概率之和仍为 1。末端应使用 sigmoid。")
_CATEGORICAL = Text(
    "Sigmoids, but categorical cross-entropy: it divides the K numbers by their sum first, so only their ratio is learnt. Use binary cross-entropy.",
    "用了 sigmoid，损失却是多类交叉熵：它先把 K 个数除以总和，于是只学到比例。应使用二元交叉熵。")
_EVERY_STEP = Text(
    "The time axis is still there: this answers after every step. One answer a sequence needs the last state only: return_sequences=False.",
    "时间轴还在：模型在每一步之后都给出回答。每个序列一个回答，只需要最后状态：return_sequences=False。")
_NO_MASK = Text(
    "Padding is read like a word: more zeros in front change the probabilities. Embedding(…, mask_zero=True) tells the layers after it to skip id 0.",
    "填充被当作一个词来读：前面多加几个零，概率就变了。Embedding(…, mask_zero=True) 会告诉后面的层跳过 id 0。")
_NUMBERS = Text(
    "There is no Embedding. Ids are names, not amounts: as a number, word 40 would be twice word 20. Embedding(V + 1, …, mask_zero=True) gives each word "
    "a vector of its own, and says which steps are padding.",
    "没有 Embedding。id 是名称而不是数量：当作数字时，词 40 就成了词 20 的两倍。Embedding(V + 1, …, mask_zero=True) 给每个词一个向量，并标出填充步。")
_ONE_UNIT = Text(
    "There is one output for all labels. Each of the K labels is a question of its own: K units.",
    "所有标签只有一个输出。K 个标签各是一个问题：需要 K 个单元。")
_NO_SIGMOID = Text(
    "The last layer has no sigmoid, so its numbers leave [0, 1]. from_logits=True tells that to the loss, not to those who use the predictions.",
    "最后一层没有 sigmoid，数值会超出 [0, 1]。from_logits=True 只告诉了损失函数，使用预测值的人并不知道。")
_ROWS = Text(
    "Ids run from 0 (padding) to V, so the Embedding needs V + 1 rows: here there is none for word V.",
    "id 从 0（填充）到 V，所以 Embedding 需要 V + 1 行：这里缺少词 V 的那一行。")
_NOT_COMPILED = Text("The model is not compiled: without loss and optimiser nothing can be learnt.", "模型没有编译：没有损失函数和优化器就无法学习。")


def _layers():
    import keras

    return keras.layers


def _read(V, T, K, layers, size=16, mask=True, rows=1, units=None, activation="sigmoid", loss="binary_crossentropy", compiled=True, rate=.01):
    """A model that embeds ids and sends them through some layers to its head, with one thing wrong."""
    import keras

    inputs = keras.Input((T,), dtype="int32")
    x = keras.layers.Embedding(V + rows, size, mask_zero=mask)(inputs)
    for layer in layers:
        x = layer(x)
    model = keras.Model(inputs, keras.layers.Dense(units or K, activation=activation)(x))
    if compiled:
        model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
    return model


def _interest(V, K, layers=None, **wrong):
    return _read(V, None, K, layers or [_layers().GRU(32, use_cudnn=False)], **wrong)


def _numbers(T, K, activation="sigmoid"):
    import keras

    inputs = keras.Input((T,))
    x = keras.layers.GRU(32, use_cudnn=False)(keras.layers.Masking(0.)(keras.ops.expand_dims(inputs, -1)))
    model = keras.Model(inputs, keras.layers.Dense(K, activation=activation)(x))
    model.compile(optimizer=keras.optimizers.Adam(.01), loss="binary_crossentropy")
    return model


@mistake_of("build_interest_rnn", _SOFTMAX, facts={"activation": "softmax", "loss": "categorical_crossentropy"})
def softmax_over_interests(V, K):
    return _interest(V, K, activation="softmax", loss="categorical_crossentropy")


@mistake_of("build_interest_rnn", _SOFTMAX_BCE, facts={"activation": "softmax", "loss": "binary_crossentropy"})
def softmax_asked_yes_or_no(V, K):
    return _interest(V, K, activation="softmax")


@mistake_of("build_interest_rnn", _CATEGORICAL, facts={"activation": "sigmoid", "loss": "categorical_crossentropy"})
def sigmoids_as_one_choice(V, K):
    return _interest(V, K, loss="categorical_crossentropy")


@mistake_of("build_interest_rnn", _EVERY_STEP, facts={"output_rank": 3})
def interests_after_every_step(V, K):
    return _interest(V, K, [_layers().GRU(32, return_sequences=True, use_cudnn=False)])


@mistake_of("build_interest_rnn", _NO_MASK, facts={"embeds": True, "recurrent": True, "mask_zero": False, "padding_matters": True})
def padding_read_as_a_purchase(V, K):
    return _interest(V, K, mask=False)


@mistake_of("build_interest_rnn", _NUMBERS, facts={"embeds": False, "output_rank": 2})
def purchases_as_numbers(V, K):
    return _numbers(None, K)


@mistake_of("build_interest_rnn", Text(
    "An average over all purchases is a bag of words (词袋): it counts, and counts are the same for a current interest and an ended one. A recurrent "
    "layer reads in order, and its last state knows what came last.",
    "对所有购买取平均就是词袋：它只会计数，而仍有的兴趣与已结束的兴趣计数相同。循环层按顺序读，最后状态知道最近发生了什么。"),
    facts={"recurrent": False, "layers": "GlobalAveragePooling1D"})
def average_of_all_purchases(V, K):
    return _interest(V, K, [_layers().GlobalAveragePooling1D(), _layers().Dense(32, activation="relu")])


@mistake_of("build_interest_rnn", Text(
    "A maximum over all purchases says that something was bought, not when. A recurrent layer reads in order, and its last state knows what came last.",
    "对所有购买取最大值只说明买过，而不说明何时买的。循环层按顺序读，最后状态知道最近发生了什么。"),
    facts={"recurrent": False, "layers": "GlobalMaxPooling1D"})
def maximum_of_all_purchases(V, K):
    return _interest(V, K, [_layers().GlobalMaxPooling1D(), _layers().Dense(32, activation="relu")])


@mistake_of("build_interest_rnn", Text(
    "Flatten needs to know how many steps there are, and its weights would belong to places. A recurrent layer's weights are the same at every step.",
    "Flatten 需要知道有多少步，而且权重会与位置绑在一起。循环层在每一步使用同样的权重。"),
    facts={"error": "ValueError", "message": "must be fully-defined"})
def flattened_purchases(V, K):
    return _interest(V, K, [_layers().Flatten(), _layers().Dense(32, activation="relu")])


@mistake_of("build_interest_rnn", _ONE_UNIT, facts={"output_rank": 2, "output_units": 1})
def one_sigmoid_for_all_interests(V, K):
    return _interest(V, K, units=1)


@mistake_of("build_interest_rnn", _NO_SIGMOID, facts={"activation": "linear"})
def interests_as_logits(V, K):
    import keras

    return _interest(V, K, activation="linear", loss=keras.losses.BinaryCrossentropy(from_logits=True))


@mistake_of("build_interest_rnn", _ROWS, facts={"error": "InvalidArgumentError", "message": "is not in [0"})
def no_row_for_the_last_word(V, K):
    return _interest(V, K, rows=0)


@mistake_of("build_interest_rnn", _NOT_COMPILED, facts={"error": "TypeError", "message": "not compiled"})
def rnn_not_compiled(V, K):
    return _interest(V, K, compiled=False)


@alternate_of("build_interest_rnn")
def simple_rnn_as_a_sequential(V, K):
    import keras

    model = keras.Sequential([
        keras.Input((None,), dtype="int32"), keras.layers.Embedding(V + 1, 24, mask_zero=True), keras.layers.SimpleRNN(48),
        keras.layers.Dense(K, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="binary_crossentropy", metrics=[keras.metrics.AUC(multi_label=True)])
    return model


@alternate_of("build_interest_rnn")
def lstm_with_a_mask_made_by_hand(V, K):
    import keras

    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.LSTM(40, use_cudnn=False)(keras.layers.Embedding(V + 1, 16)(inputs), mask=keras.ops.not_equal(inputs, 0))
    model = keras.Model(inputs, keras.layers.Dense(K, activation="sigmoid")(keras.layers.Dense(32, activation="relu")(x)))
    model.compile(keras.optimizers.Adam(.01), keras.losses.BinaryCrossentropy())
    return model


@alternate_of("build_interest_rnn")
def both_directions(V, K):
    layers = _layers()
    return _interest(V, K, [layers.Bidirectional(layers.GRU(24, use_cudnn=False)), layers.Dropout(.1)])


# --- build_keyword_model -------------------------------------------------------------------------------------------------


def _keywords(V, T, K, layers=None, **wrong):
    return _read(V, T, K, layers or [_layers().GRU(32, use_cudnn=False)], **wrong)


@mistake_of("build_keyword_model", _SOFTMAX, facts={"activation": "softmax", "loss": "categorical_crossentropy"})
def softmax_as_shown(V, T, K):
    layers = _layers()
    stacked = [layers.LSTM(50, return_sequences=True, use_cudnn=False), layers.LSTM(50, use_cudnn=False), layers.Dense(128, activation="relu")]
    return _keywords(V, T, K, stacked, activation="softmax", loss="categorical_crossentropy")


@mistake_of("build_keyword_model", _SOFTMAX_BCE, facts={"activation": "softmax", "loss": "binary_crossentropy"})
def new_loss_old_head(V, T, K):
    return _keywords(V, T, K, activation="softmax")


@mistake_of("build_keyword_model", _CATEGORICAL, facts={"activation": "sigmoid", "loss": "categorical_crossentropy"})
def new_head_old_loss(V, T, K):
    return _keywords(V, T, K, loss="categorical_crossentropy")


@mistake_of("build_keyword_model", _EVERY_STEP, facts={"output_rank": 3})
def keywords_after_every_word(V, T, K):
    return _keywords(V, T, K, [_layers().LSTM(50, return_sequences=True, use_cudnn=False)])


@mistake_of("build_keyword_model", _NO_MASK, facts={"embeds": True, "recurrent": True, "mask_zero": False, "padding_matters": True})
def padding_read_as_a_word(V, T, K):
    return _keywords(V, T, K, mask=False)


@mistake_of("build_keyword_model", _NUMBERS, facts={"embeds": False, "output_rank": 2})
def words_as_numbers(V, T, K):
    return _numbers(T, K)


@mistake_of("build_keyword_model", Text(
    "Flatten ties the weights to places: the same words one step further right are other inputs, and a longer text does not fit at all. Let an LSTM, or "
    "an average that knows the mask, close the time axis.",
    "Flatten 把权重与位置绑在一起：同样的词右移一步就成了别的输入，更长的文本则完全不适用。让 LSTM 或带掩码的平均来收起时间轴。"),
    facts={"layers": "Flatten", "padding_fits": False})
def flattened_words(V, T, K):
    return _keywords(V, T, K, [_layers().Flatten(), _layers().Dense(64, activation="relu")])


@mistake_of("build_keyword_model", Text(
    "GlobalMaxPooling1D does not know the mask: what stands at padded steps takes part in the maximum. Take the last state, or an average that knows "
    "the mask (GlobalAveragePooling1D).",
    "GlobalMaxPooling1D 不认识掩码：填充步上的值也参与取最大值。请用最后状态，或认识掩码的平均（GlobalAveragePooling1D）。"),
    facts={"layers": "GlobalMaxPooling1D", "padding_matters": True})
def maximum_that_sees_the_padding(V, T, K):
    return _keywords(V, T, K, [_layers().GRU(32, return_sequences=True, use_cudnn=False), _layers().GlobalMaxPooling1D()])


@mistake_of("build_keyword_model", Text(
    "The average counts the padding as words: a short text is diluted, and more zeros in front change its probabilities. With mask_zero=True in the "
    "Embedding, GlobalAveragePooling1D divides by the number of words.",
    "平均值把填充也当成了词：短文本被稀释，前面多加几个零概率就变了。Embedding 设 mask_zero=True 后，GlobalAveragePooling1D 会除以词的个数。"),
    facts={"recurrent": False, "layers": "GlobalAveragePooling1D", "mask_zero": False, "padding_matters": True})
def average_over_padding(V, T, K):
    return _keywords(V, T, K, [_layers().GlobalAveragePooling1D()], mask=False)


@mistake_of("build_keyword_model", Text(
    "The mask is lost on the way: the convolution mixes padded steps with words, and hands no mask on. Put the recurrent layer right behind the Embedding.",
    "掩码在途中丢失了：卷积把填充步与词混在一起，也不再向后传递掩码。请把循环层直接放在 Embedding 之后。"),
    facts={"layers": "Conv1D", "mask_zero": True, "padding_matters": True})
def convolution_before_the_lstm(V, T, K):
    return _keywords(V, T, K, [_layers().Conv1D(32, 3, padding="same", activation="relu"), _layers().GRU(32, use_cudnn=False)])


@mistake_of("build_keyword_model", _ONE_UNIT, facts={"output_rank": 2, "output_units": 1})
def one_sigmoid_for_all_keywords(V, T, K):
    return _keywords(V, T, K, units=1)


@mistake_of("build_keyword_model", _NO_SIGMOID, facts={"activation": "linear"})
def keywords_as_logits(V, T, K):
    import keras

    return _keywords(V, T, K, activation="linear", loss=keras.losses.BinaryCrossentropy(from_logits=True))


@mistake_of("build_keyword_model", _ROWS, facts={"error": "InvalidArgumentError", "message": "is not in [0"})
def vocabulary_one_row_short(V, T, K):
    return _keywords(V, T, K, rows=0)


@mistake_of("build_keyword_model", _NOT_COMPILED, facts={"error": "TypeError", "message": "not compiled"})
def keyword_model_not_compiled(V, T, K):
    return _keywords(V, T, K, compiled=False)


@alternate_of("build_keyword_model")
def average_of_the_words(V, T, K):
    return _keywords(V, T, K, [_layers().GlobalAveragePooling1D(), _layers().Dense(64, activation="relu")])


@alternate_of("build_keyword_model")
def counts_of_the_words(V, T, K):
    import keras

    inputs = keras.Input((T,), dtype="int32")
    counts = keras.ops.sum(keras.ops.one_hot(inputs, V + 1), axis=1)[:, 1:]
    model = keras.Model(inputs, keras.layers.Dense(K, activation="sigmoid")(keras.layers.Dense(64, activation="relu")(counts)))
    model.compile(keras.optimizers.Adam(.01), keras.losses.BinaryCrossentropy(), metrics=[keras.metrics.AUC(multi_label=True)])
    return model


@alternate_of("build_keyword_model")
def gru_as_a_sequential(V, T, K):
    import keras

    model = keras.Sequential([
        keras.Input((T,)), keras.layers.Embedding(input_dim=V + 1, output_dim=24, mask_zero=True), keras.layers.GRU(40),
        keras.layers.Dropout(.1), keras.layers.Dense(K, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="binary_crossentropy")
    return model
