# %% [markdown]
# # 3 · Encoders
#
# So far every frame stands alone: its feature says nothing about the frames around it. This lesson
# builds the **encoder** of MS-SL++, which lets the frames of a film, and the words of a query, see each
# other.
#
# **You will be able to**
# - say why a frame must see the other frames, and what attention computes;
# - write attention with a mask and with several heads, and build the encoder of MS-SL++ from it;
# - show what positions are for, by training with and without them;
# - turn the words of a query into one vector;
# - test that padding does not change a result, and see what happens when it does.
#
# **You need** lesson 2 (batches, padding, masks), matrix products and `nn.Linear`.
#
# **Time**: 80 minutes to read and solve; running it takes {{cost}}.

# %% tags=["setup"]
# 3

# %%
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prvr_lite import ModelConfig, load_sample
from prvr_lite.course import check, film, hint, progress
from prvr_lite.data import InputReader

sample = load_sample()
config = ModelConfig(sample.visual_dim, sample.query_dim, hidden_dim=192, max_frames=64)
reader = InputReader(sample, config)

# %% [markdown]
# ## 1 · One frame is not enough

# %%
query = int(sample.queries_in("test")[6])
video = int(sample.query_video[query])
film(sample, video)

# %% [markdown]
# "First a unicorn plays the trumpet, then it devours an ice cream." Cover all thumbnails but one.
# Whichever you leave, it cannot show that *both* things happen. And the feature of a frame holds no
# more than the frame: the image network saw each one alone (lesson 2). Something must pass
# information between the frames. That is what an **encoder** does: it takes the features of a
# sequence and returns each of them with information about its surroundings.
#
# ## 2 · A frame looks around
#
# Let each frame become a weighted mean of all frames, and give more weight to frames that are
# like it. Here it is with plain loops: scores by inner product, weights by softmax, then the mean.
# Frames have length 1, so the scores lie between -1 and 1, and their softmax would be nearly the
# same for all of them. A factor makes the weights differ more; we take 8, and any other number of that size would do.

# %%
_, x, _ = (part[0] for part in reader.videos([video]))  # frames of length 1, [T, Dv]
mixed = []
for here in x:
    score = torch.stack([here @ there for there in x])  # [T]
    weight = (8 * score).softmax(0)
    mixed.append(sum(w * there for w, there in zip(weight, x, strict=True)))
mixed = torch.stack(mixed)  # [T, Dv]

# %% [markdown]
# All inner products at once are one matrix product, and all weighted means are another:

# %%
from prvr_lite.course import heat_maps

every_weight = (8 * x @ x.T).softmax(-1)  # [T, T], each row adds up to 1
print("same as the loops:", torch.allclose(every_weight @ x, mixed, atol=1e-5))
heat_maps(
    {"weight": every_weight},
    title="Frames look at frames of their own scene",
    about="each row: how a frame shares out its attention",
    xlabel="frame looked at",
    ylabel="frame that looks",
    unit="weight",
    limits=(0, 0.25),
)

# %% [markdown]
# That is attention, without a single learned number. A model learns three linear maps for it, so
# that a frame can have three roles: as the one that looks (**query**), as one that is looked at
# (**key**), and as what it then hands over (**value**). With $Q = XW_Q$, $K = XW_K$, $V = XW_V$:
#
# $$\operatorname{attention}(Q, K, V) =
# \operatorname{softmax}\!\left(\frac{QK^\top}{\sqrt d} + Z\right) V$$
# <!-- eq: attention -> prvr_lite.model.encoders:SelfAttention -->
#
# (The names are unlucky: *this* query is a frame or a word that looks, not a caption, and these
# three letters are matrices here, not numbers of things.) $d$ is the size of a query and of a key.
# $Z$ does the masking: 0 for real keys, $-10{,}000$ for padding. We build the formula from the
# inside out, for
# $L$ frames that look at $M$ keys.
#
# ### ✏️ Exercise 3.1 · masked_softmax  (★☆☆, 10 minutes)
#
# Return the softmax of each row of `score` over the keys, `[B, L, M]`, in which padded keys get a weight
# of 0.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("masked_softmax")` in a new cell; each call says a little more.
# - *The rows do not add up to 1*: the mask came after the softmax.
# - *The shapes do not fit*: `mask[:, None, :]` is `[B, 1, M]`, and fits every row of `score`.
#
# </details>


# %% tags=["solution"]
def masked_softmax(score: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the keys, with no weight on masked ones.

    Args: score [B, L, M], L that look, M keys; mask [B, M] bool, True on real keys.
    Returns: [B, L, M], each row adds up to 1, and is 0 on masked keys.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
masked_softmax = check(masked_softmax)

# %% [markdown]
# The picture shows a short film in a batch with a long one, with and without the mask. Look at the
# columns behind the short film's own end. (The factor is 4 this time, so that more of it is
# visible.)

# %%
lengths = sample.frame_offset[1:] - sample.frame_offset[:-1]
tests = sample.videos_in("test")
short, long = int(tests[lengths[tests].argmin()]), int(tests[lengths[tests].argmax()])
_, pair, pair_mask = reader.videos([short, long])  # [2, T, Dv], [2, T]
scores, real = 4 * pair @ pair.transpose(1, 2), pair_mask[0]  # [2, T, T], [T]
weights = {
    "without a mask": scores.softmax(-1)[0],
    "with the mask": masked_softmax(scores, pair_mask)[0],
}
for name, matrix in weights.items():
    spent = matrix[real][:, ~real].sum(1)  # by each real frame on padding
    print(f"{name}: {spent.mean():.0%} of a frame's attention goes to padding", end="; ")
    print(f"{spent.min():.0%} to {spent.max():.0%}")
heat_maps(
    {name: matrix[real] for name, matrix in weights.items()},
    title="A short film, padded: what its real frames look at",
    about=f"frames {int(real.sum())} to {len(real) - 1} are padding; yellow: 0.02 and more",
    xlabel="frame looked at",
    ylabel="frame that looks",
    unit="weight",
    limits=(0, 0.02),
    square=False,
)

# %% [markdown]
# Without the mask every real frame spends part of its attention on zeros. In the picture this is
# the haze at the right, spread thinly over all padding; the two lines above it say how much it is in
# sum. With the mask it is nothing. (The rows of the padding itself are left out here: they are
# filled with something as well, but never used.)
#
# ### ✏️ Exercise 3.2 · attention  (★★☆, 15 minutes)
#
# Return what the whole formula gives, `[B, L, e]`: a mean of the real keys' values for each of those
# that look. The number of keys $M$ may differ from the number $L$ that look, and values may have another
# size $e$ than keys.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("attention")` in a new cell.
# - *Expected size for first two dimensions of batch2 tensor*: the keys must be transposed,
#   `key.transpose(1, 2)`.
# - *The size of tensor a must match the size of tensor b*: `key.T` also moves the batch to the end;
#   `key.transpose(1, 2)` swaps the last two dimensions.
# - *All numbers are a little off*: which dimension is $d$?
#
# </details>


# %% tags=["solution"]
def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """softmax(query key' / sqrt(d)) value, over real keys.

    Args: query [B, L, d]; key [B, M, d]; value [B, M, e]; mask [B, M] bool, True on real keys.
    Returns: [B, L, e].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
attention = check(attention)

# %%
theirs = F.scaled_dot_product_attention(pair, pair, pair, attn_mask=pair_mask[:, None, :])
attended = attention(pair, pair, pair, pair_mask)
print("same as PyTorch's:", torch.allclose(attended, theirs, atol=1e-5))

# %% [markdown]
# Why $\sqrt d$? The inner product of two vectors of $d$ random numbers grows like $\sqrt d$, and a softmax of
# large numbers puts everything on one key. The picture shows the largest of 20 weights, for random
# queries and keys of size $d$.


# %%
from prvr_lite.plots import spread_curves


def largest(d: int, scale: float, seed: int) -> float:
    g = torch.Generator().manual_seed(seed)
    query, key = torch.randn(200, d, generator=g), torch.randn(20, d, generator=g)
    return float((query @ key.T / scale).softmax(-1).amax(-1).mean())


dims, seeds = (2, 8, 32, 128, 512), range(4)
plain = {d: [largest(d, 1, s) for s in seeds] for d in dims}
scaled = {d: [largest(d, math.sqrt(d), s) for s in seeds] for d in dims}
spread_curves(
    {"largest weight": {"not divided": plain, "divided by √d": scaled}},
    xlabel="size d of query and key",
    title="Without the root, attention freezes on one key",
    logarithmic=True,
)

# %% [markdown]
# Where one weight is nearly 1 and all others are nearly 0, the softmax is **saturated**: its derivative
# is nearly 0, so hardly any gradient comes back through it to query and key, and the model no longer
# learns where to look. Divided by $\sqrt d$, the largest
# weight is nearly the same for every $d$.
#
# ## 3 · Several heads
#
# One softmax is one way to look. A frame may want to look at its neighbour for one reason, and at
# the first frame of the scene for another. So the $H$ features are cut into `heads` slices, and
# each **head** attends with its own slice.
#
# ### ✏️ Exercise 3.3 · split_heads  (★★☆, 10 minutes)
#
# Return the features `[B, L, H]` cut into heads, `[B, heads, L, H / heads]`: head 0 gets the first slice
# of each frame's features, head 1 the second, and so on.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("split_heads")` in a new cell.
# - *The shape is right and the check says that frames and heads are mixed*: one `view` is not
#   enough.
#
# </details>


# %% tags=["solution"]
def split_heads(x: Tensor, heads: int) -> Tensor:
    """Each head gets its own slice of the features.

    Args: x [B, L, H]; heads divides H.
    Returns: [B, heads, L, H / heads].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
split_heads = check(split_heads)

# %% [markdown]
# This mistake is hard to find, because a wrong `view` has the right shape.
# Here each number says which slice it came from: head 0 should get nothing but slice 0.

# %%
origin = torch.arange(12).div(3, rounding_mode="floor").expand(1, 8, 12)  # 8 frames, 4 slices of 3
heat_maps(
    {
        "view, then transpose": split_heads(origin, 4)[0, 0],
        "one view": origin.reshape(1, 4, 8, 3)[0, 0],
    },
    title="What head 0 gets",
    xlabel="feature",
    ylabel="frame",
    unit="slice",
    limits=(0, 3),
    square=False,
)

# %% [markdown]
# On the right, head 0 holds all four slices of two frames, and takes them for eight frames. Such a
# model trains without any error message.
#
# ### ✏️ Exercise 3.4 · merge_heads  (★☆☆, 5 minutes)
#
# This is the way back: return `[B, L, heads * d]`, where each frame has the slices of all heads side by
# side, in the order of the heads.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("merge_heads")` in a new cell.
# - *view size is not compatible*: after a transpose the numbers lie in another order in memory;
#   `reshape` copies them.
#
# </details>


# %% tags=["solution"]
def merge_heads(x: Tensor) -> Tensor:
    """The slices of all heads side by side.

    Args: x [B, heads, L, d].
    Returns: [B, L, heads * d].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
merge_heads = check(merge_heads)

# %% [markdown]
# Now the layer. After the heads comes one more linear map, and the result is *added* to what came
# in (a **residual**): a frame keeps what it was, and receives a message.
#
# $$h = \operatorname{LayerNorm}\bigl(x + W_O\,[\text{head}_1; \text{head}_2; \dots]\bigr)$$
# <!-- eq: residual -> prvr_lite.model.encoders:SelfAttention.forward -->
#
# **LayerNorm** keeps sums from growing: it gives the numbers of each frame mean 0 and spread 1, then
# scales and shifts each of them as learned. (In training there is **dropout** as well, which sets a
# random tenth of the numbers to 0. Outside training, as here, it does nothing.)


# %%
from prvr_lite.model import SelfAttention


def self_attention(layer: SelfAttention, x: Tensor, mask: Tensor) -> Tensor:
    """The package's layer, with our functions: x [B, L, H], mask [B, L] -> [B, L, H]."""
    maps = (layer.query, layer.key, layer.value)
    parts = [split_heads(linear(x), layer.num_heads).flatten(0, 1) for linear in maps]
    every = mask.repeat_interleave(layer.num_heads, 0)  # [B * heads, L]
    seen = attention(*parts, every).unflatten(0, (len(x), -1))  # [B, heads, L, d]
    return layer.norm(x + layer.output(merge_heads(seen)))


# %%
torch.manual_seed(0)
layer = SelfAttention(dim=112, num_heads=4, dropout=0.0).eval()
ours, theirs = self_attention(layer, pair, pair_mask)[pair_mask], layer(pair, pair_mask)[pair_mask]
print("same as the package, same weights:", torch.allclose(ours, theirs, atol=1e-5))

# %% [markdown]
# ## 4 · The encoder of MS-SL++
#
# Features come from somewhere else, so they are first normalised and projected to the model's own
# size $H$. A learned vector for each **position** is added. Then comes one layer of
# self-attention:
#
# $$x =
# \operatorname{LayerNorm}\bigl(\operatorname{ReLU}(W\,\operatorname{LayerNorm}(f) + b) + p\bigr),
# \qquad h = \operatorname{SelfAttention}(x)$$
# <!-- eq: encoder -> prvr_lite.model.encoders:SequenceEncoder.forward -->
#
# If you know transformers, you will miss something: there is **no feed-forward layer** after the
# attention. The paper's encoder has one layer, and this layer only passes messages. Words, units
# and frames each have an encoder of this form, with weights of their own.


# %%
from prvr_lite.model import SequenceEncoder


def encode(branch: SequenceEncoder, features: Tensor, mask: Tensor) -> Tensor:
    """features [B, L, D], mask [B, L] -> [B, L, H]; dropout is left out."""
    x = F.relu(branch.project(branch.input_norm(features)))  # [B, L, H]
    x = branch.position_norm(x + branch.position.weight[: x.shape[1]])
    return self_attention(branch.attention, x, mask)


torch.manual_seed(0)
shape = {"input_dim": sample.visual_dim, "hidden_dim": 192, "max_length": 128, "num_heads": 4}
branch = SequenceEncoder(**shape, dropout=0.1, input_dropout=0.1).eval()
ours, theirs = encode(branch, pair, pair_mask)[pair_mask], branch(pair, pair_mask)[pair_mask]
print("same as the package:", torch.allclose(ours, theirs, atol=1e-5))

# %%
from prvr_lite.course import table

numbers = {
    name: sum(p.numel() for p in part.parameters()) for name, part in branch.named_children()
}
table({name: {"numbers": size} for name, size in numbers.items()}, digits=0)

# %% [markdown]
# Most of them are in the four $H \times H$ matrices of the attention. Where does a frame of our
# first film look in this untrained encoder?


# %%
def head_weights(branch: SequenceEncoder, features: Tensor, mask: Tensor) -> Tensor:
    """How each head shares out its attention: [B, heads, L, L]."""
    x = F.relu(branch.project(branch.input_norm(features)))
    x = branch.position_norm(x + branch.position.weight[: x.shape[1]])
    heads = branch.attention.num_heads
    q, k = (split_heads(part(x), heads) for part in (branch.attention.query, branch.attention.key))
    score = (q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])).flatten(0, 1)  # [B * heads, L, L]
    return masked_softmax(score, mask.repeat_interleave(heads, 0)).unflatten(0, (len(x), heads))


all_real = torch.ones(1, len(x), dtype=torch.bool)
untrained = head_weights(branch, x[None], all_real).detach()[0]  # [heads, T, T]
print(f"equal shares would be {1 / len(x):.3f}; ", end="")
print(f"the weights lie between {untrained.min():.3f} and {untrained.max():.3f}")
heat_maps(
    {f"head {i}": untrained[i] for i in range(2)},
    title="Before training: nowhere in particular",
    xlabel="frame looked at",
    ylabel="frame that looks",
    unit="weight",
)

# %% [markdown]
# The weights are noise around equal shares: each frame looks a little at every frame. What to look
# at has to be learned.
#
# ## 5 · What are positions for?
#
# Attention treats its keys like a bag. Shuffle the frames: does each frame still get the same
# encoding? Without positions it must. With positions it must not.

# %%
order = torch.randperm(len(x), generator=torch.Generator().manual_seed(1))
bare = SequenceEncoder(**shape, dropout=0.0, input_dropout=0.0).eval()
bare.load_state_dict(branch.state_dict())
bare.position.weight.data.zero_()
for name, encoder in (("with positions", branch), ("without", bare)):
    kept = encoder(x[None], all_real)[0, order]  # [T, H]
    shuffled = encoder(x[order][None], all_real)[0]  # [T, H]
    moved = (shuffled - kept).norm(dim=1) / kept.norm(dim=1)  # [T]
    print(f"{name}: shuffled, a frame's encoding moves by {moved.mean():.0%} of its length")

# %% [markdown]
# So without positions, "first the trumpet, then the ice cream" is the same as the other way round.
# To see
# that this matters, we need a world in which only the order counts. Every frame of a tiny film
# shows one of ten actions (`deed` in the code). Each frame has the same task: **name the action of
# the frame before you.** A frame cannot know that by itself.

# %%
DEEDS = ["sing", "jump", "sleep", "eat", "dance", "read", "swim", "drum", "cry", "fly"]
LONGEST = 10
look = F.normalize(torch.randn(10, 16, generator=torch.Generator().manual_seed(0)), dim=1)


def tiny_films(count: int, g: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Films of 5 to 10 frames: features [B, L, 16], mask [B, L], deeds [B, L]."""
    length = torch.randint(5, LONGEST + 1, (count,), generator=g)
    mask = torch.arange(LONGEST) < length[:, None]
    deed = torch.randint(10, (count, LONGEST), generator=g)
    noise = 0.15 * torch.randn(count, LONGEST, 16, generator=g)
    return (look[deed] + noise) * mask[..., None], mask, deed


# %% [markdown]
# Three encoders get the same task and the same films: one without attention, one without
# positions, one with both. Guess how many per cent each will get right. (There are ten actions, so
# chance is 10 %.)

# %%
SMALL = {"input_dim": 16, "hidden_dim": 32, "max_length": 16, "num_heads": 2}


def train(
    name: str, attention: bool, positions: bool, seed: int, steps: int = 300
) -> nn.ModuleList:
    """An encoder, then a linear map to the ten actions, trained for a second or two."""
    torch.manual_seed(seed)
    encoder = SequenceEncoder(**SMALL, dropout=0, input_dropout=0, attention=attention)
    if not positions:
        encoder.position.weight.requires_grad_(False).zero_()
    model = nn.ModuleList([encoder, nn.Linear(32, 10)])
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), 5e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    g = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        features, mask, deed = tiny_films(64, g)
        real = mask[:, 1:]  # the first frame has nothing before it
        guess = model[1](encoder(features, mask))[:, 1:][real]
        loss = F.cross_entropy(guess, deed[:, :-1][real])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    print(f"{name:17s} seed {seed}: last loss {loss:.3f}")
    return model.eval()


# %%
@torch.no_grad()
def accuracy(model: nn.ModuleList, use_mask: bool = True) -> float:
    """Per cent of right answers on 1,000 new films."""
    features, mask, deed = tiny_films(1000, torch.Generator().manual_seed(99))
    guess = model[1](model[0](features, mask if use_mask else None)).argmax(-1)
    return 100 * float((guess[:, 1:] == deed[:, :-1])[mask[:, 1:]].float().mean())


from prvr_lite.plots import recall_bars

kinds = {"each frame alone": (False, True), "no positions": (True, False), "both": (True, True)}
models = {name: [train(name, *kind, seed) for seed in (0, 1)] for name, kind in kinds.items()}
right = {name: {"new films": [accuracy(m) for m in both]} for name, both in models.items()}
recall_bars(right, metric="right (%)", title="What happened in the frame before?")

# %% [markdown]
# Without attention the encoder can only guess. Without positions a frame knows *what else* happens
# in the film, but not when, and has to choose among the others. How well can one choose there?

# %%
_, new_mask, new_deeds = tiny_films(1000, torch.Generator().manual_seed(99))  # as in `accuracy`
often, any_frame = [], []
for film_deeds, size in zip(new_deeds.tolist(), new_mask.sum(1).tolist(), strict=True):
    for t in range(1, size):
        others, before = film_deeds[:t] + film_deeds[t + 1 : size], film_deeds[t - 1]
        often.append(max(others, key=others.count) == before)
        any_frame.append(others.count(before) / len(others))
for name, rights in {"any other frame": any_frame, "the most frequent action": often}.items():
    print(f"{name:24s}{100 * sum(rights) / len(rights):5.1f} % right")

# %% [markdown]
# The model without positions is right about as often as somebody who names the action that is most
# frequent among the others: a bag of frames contains no more than that. With both, it is nearly
# perfect. And now its attention has a shape:

# %%
trained = models["both"][0][0]
tiny, tiny_mask, tiny_deeds = tiny_films(200, torch.Generator().manual_seed(5))
kinds_of_deed = tiny_deeds.sort(1).values.diff(dim=1).ne(0).sum(1) + 1  # [B]
chosen = int((tiny_mask.all(1) & (kinds_of_deed >= 8)).int().argmax())  # long and varied
heads = head_weights(trained, tiny[[chosen]], tiny_mask[[chosen]]).detach()[0]  # [heads, L, L]
names = [DEEDS[d] for d in tiny_deeds[chosen]]
on_the_one_before = heads.diagonal(-1, 1, 2).mean()
print(f"mean weight on the frame before: {on_the_one_before:.2f}")
heat_maps(
    {f"head {i}": matrix for i, matrix in enumerate(heads)},
    title="After training: one step back",
    rows=names,
    columns=names,
    xlabel="frame looked at",
    ylabel="frame that looks",
    unit="weight",
)

# %% [markdown]
# The bright line lies one cell left of the diagonal. The model was not taught to look one step
# back; it learned that from the task. (The first frame has no frame before it, so it was never
# asked, and looks anywhere.) Here is the same as lines (in Jupyter, move the slider from frame to
# frame):

# %%
from prvr_lite.course.lesson03 import attention_slider

attention_slider(heads, names, static=(1, 4, 8), title="Which frames does this frame look at?")

# %% [markdown]
# ## 6 · A query becomes one vector
#
# Films keep an encoding for each frame. A query should be a single vector, so that it can be
# compared with thousands of films. Its words are encoded as above, and then averaged with weights
# that depend on the words themselves, through one learned vector $w$:
#
# $$q = \sum_l a_l h_l, \qquad a = \operatorname{softmax}_l(w \cdot h_l)$$
# <!-- eq: pool -> prvr_lite.model.encoders:attention_pool -->
#
# ### ✏️ Exercise 3.5 · attention_pool  (★★☆, 10 minutes)
#
# Return one vector per query, `[B, H]`, from its encoded words: a score for each word, a softmax over
# the real words, and the sum of the words with these weights.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("attention_pool")` in a new cell.
# - *Padding changes the result*: `masked_fill` must come before the softmax.
#
# </details>


# %% tags=["solution"]
def attention_pool(tokens: Tensor, mask: Tensor, w: Tensor) -> Tensor:
    """Words to one vector: sum_l softmax_l(w . h_l) h_l over real words; no scaling.

    Args: tokens [B, L, H]; mask [B, L] bool, True on real words; w [H].
    Returns: [B, H].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
attention_pool = check(attention_pool)

# %%
import prvr_lite

captions = sample.queries_in("test")[[3, 6]]
tokens, word_mask = reader.queries(captions)  # [2, L, Dw], [2, L]
scorer = nn.Linear(sample.query_dim, 1, bias=False)
pooled = attention_pool(tokens, word_mask, scorer.weight[0])  # [2, Dw]
theirs = prvr_lite.model.attention_pool(tokens, word_mask, scorer)
print("same as the package:", torch.allclose(pooled, theirs, atol=1e-6))

# %% [markdown]
# What can $w$ do? Choose one: let it point along the word *trumpet*, and make it longer and
# longer.

# %%
import re

print(sample.query_text[captions[0]])
words = re.findall(r"\w+|[.,]", sample.query_text[captions[0]])
word_rows = tokens[0, : len(words)]  # [L, Dw]
trumpet = word_rows[words.index("trumpet")]
sharp = {f"{size} x trumpet": (word_rows @ (size * trumpet)).softmax(0) for size in (0, 2, 5, 20)}
heat_maps(
    {"weight": torch.stack(list(sharp.values()))},
    title="From the mean to the one word",
    rows=list(sharp),
    columns=words,
    unit="weight",
    limits=(0, 1),
    square=False,
)

# %% [markdown]
# With $w = 0$ it is the mean. The longer $w$ is, the more it picks a single word: the
# same scale from mean to maximum that lesson 1 had for frames. Training decides where on this
# scale, and in which direction.
#
# ## 7 · Padding must not change a result
#
# A film's encoding must be the same, alone or in any batch. That is a **property**, and a
# property can be tested without knowing any right answer.

# %%
_, alone, alone_mask = reader.videos([short])  # [1, T, Dv], [1, T]
garbage = 50.0 * ~pair_mask[..., None]  # [2, T, 1], 0 on real frames
with torch.no_grad():
    by_itself = branch(alone, alone_mask)[0]
    in_batch = branch(pair, pair_mask)[0, : len(by_itself)]
    with_garbage = branch(pair + garbage, pair_mask)[0, : len(by_itself)]
print("in a batch:   ", torch.allclose(by_itself, in_batch, atol=1e-5))
print("with garbage: ", torch.allclose(by_itself, with_garbage, atol=1e-5))

# %% [markdown]
# ## 8 · Predict, then break it
#
# Remove the mask. Padding is only zeros, so how bad can it be? The short film is padded with 1 to
# 64 places. By how many per cent of its own length will the encoding of a frame move, with all
# 64? By nothing, by 1, by 10, or by more? Write it down.


# %%
@torch.no_grad()
def drift(padding: int, use_mask: bool) -> float:
    """How far the encodings of real frames move, in per cent of their length."""
    features = F.pad(alone, (0, 0, 0, padding))  # [1, T + padding, Dv]
    mask = torch.arange(features.shape[1])[None] < alone.shape[1]
    encoded = branch(features, mask if use_mask else None)[0, : alone.shape[1]]
    return float(100 * ((encoded - by_itself).norm(dim=1) / by_itself.norm(dim=1)).mean())


paddings = (0, 1, 2, 4, 8, 16, 32, 64)
drifts = {
    name: {p: drift(p, use) for p in paddings} for name, use in (("no mask", False), ("mask", True))
}
for places in (1, 64):
    print(f"{places:2d} padded, no mask: the frames move by {drifts['no mask'][places]:.1f} %")
spread_curves(
    {"moved by (%)": drifts},
    xlabel="places of padding",
    title="Padding without a mask is not harmless",
)

# %% [markdown]
# A single padded place moves the frames by about 1 per cent, and all 64 move them several times as far.
# Zeros do not stay zeros: after the first LayerNorm and the linear map with its bias, and with a position added, a
# padded place is a key like any other. The film's encoding now depends on the longest film that
# happened to be in its batch.
#
# Now the uncomfortable part. Does the trained model from above get worse without its mask?

# %%
for name, (first, _) in models.items():
    masked, unmasked = accuracy(first), accuracy(first, use_mask=False)
    print(f"{name:17s} with mask {masked:3.0f} %   without {unmasked:3.0f} %")

# %% [markdown]
# The best model does not even notice: it has learned to look exactly one step back, and padding
# is never there. **A good result does not prove that the mask works.** A test of the property
# does, in milliseconds. This package's tests hold one for every model.
#
# ## Recap
#
# - Image features know one frame each. An **encoder** lets the frames of a film (and the words of
#   a query) see each other.
# - **Attention**: scores by inner products over $\sqrt d$, mask, softmax over the keys, weighted
#   mean of the values.
# - **Heads** are slices of the features. A `view` to the right shape can still mix them up.
# - The encoder of MS-SL++: LayerNorm, linear map, ReLU, position, LayerNorm, self-attention with
#   a residual; no feed-forward layer.
# - **Positions** separate before from after. Without them a film is a bag of frames.
# - A query is one vector: a mean of its words, with weights from $w \cdot h_l$.
# - **Padding must not change a result.** Test this; accuracy does not show it.
#
# ## Five questions
#
# <details><summary>1. Why does the mask come before the softmax and not after it?</summary>
#
# After it, the weights of the real keys no longer add up to 1: the padding has already taken its
# share.
#
# </details>
#
# <details><summary>2. Why -10,000 and not minus infinity?</summary>
#
# Both give weight 0. But a row in which everything is masked becomes 0 / 0 = NaN with infinity,
# and stays finite with -10,000.
#
# </details>
#
# <details><summary>3. An encoder has no positions. What can it not distinguish?</summary>
#
# Two films with the same frames in another order: each frame gets the same encoding in both.
#
# </details>
#
# <details><summary>4. You wrote x.view(B, heads, L, d). Shapes fit, training runs. What is wrong?</summary>
#
# The numbers are taken in the order of memory, so a head gets all features of a few frames instead
# of a slice of all frames.
#
# </details>
#
# <details><summary>5. What does an encoder without attention still do to a frame?</summary>
#
# It normalises, projects, and adds the position; every frame by itself. It cannot know what else
# happens.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | self-attention | `model.encoders:SelfAttention` | `method/model_components.py:91-215` |
# | encoder | `model.encoders:SequenceEncoder` | `method/model_components.py:91-215` |
# | attention pooling | `model.encoders:attention_pool` | `method/model.py` (`modular_vector_mapping`) |
# | query encoder | `model.encoders:QueryEncoder` | `method/model.py` (`query_encoder`) |
# | first weights | `model.encoders:init_weights` | `method/model.py:67-82` |
#
# **Next**: lesson 4 cuts the encoded units into clips of every length.

# %%
progress(3)
