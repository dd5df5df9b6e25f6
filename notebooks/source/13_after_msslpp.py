# %% [markdown]
# # 13 · After MS-SL++
#
# **You will be able to**
# - write a Gaussian window over the frames of a film, of any width and length, and multiply attention with it;
# - say which clip a unit of GMMFormer stands for, and what it cannot say that a listed clip can;
# - keep the queries of one film apart, and measure whether that happens;
# - weigh accuracy against the size of an index, without fooling yourself;
# - add a method of your own to the package, with its row among the experiments.
#
# **You need** lesson 3 (attention and masks), lesson 4 (all clips) and lesson 7 (losses). Lesson 8 has the rules of fair comparison.
#
# **Time**: 80 minutes to read and solve; running it takes {{cost}}, most of it training.

# %% tags=["setup"]
# 13

# %%
import math

import torch
import torch.nn.functional as F

from prvr_lite import VideoIndex, build_model, clip_spans, evaluate, load_sample
from prvr_lite.course import check, film, heat_maps, hint, progress, table, trained

sample = load_sample()

# %% [markdown]
# ## 1 · Must windows be listed?
#
# MS-SL++ cuts a film of 32 units into all 528 windows, and then throws most of them away (lessons 4 and 5). Cutting is cheap, but throwing away is not: clips are clustered again at every step of a training. And the frames wait for a key clip before they can be summed up (lesson 6).
#
# **GMMFormer** (Wang et al., AAAI 2024) has the same inputs, the same query encoder and the same fusion of two scales. But it lists nothing. It lets every unit *gather from its surroundings*, by attention within four Gaussian windows: endless, wide, middle and narrow. Such a unit is a blend of clips around it: an **implicit clip**. A query is compared with 32 units, and with one vector for all frames.

# %%
from prvr_lite.data import InputReader
from prvr_lite.lab import label
from prvr_lite.training import from_preset

vectors = {"mean-pool": 1, "mssl": 2 * 528, "mssl++": 2 * 32, "gmmformer": 32 + 1}
films = sample.videos_in("val")
bytes_of = {}
for name in vectors:
    net = from_preset(name, sample)[0].eval()
    with torch.inference_mode():
        four = net.encode_videos(*InputReader(sample, net.config).videos(films[:4]))
    index = VideoIndex.from_encoding(net, four)
    bytes_of[name] = index.nbytes / len(index)
for name, count in vectors.items():
    print(f"{label(name):17s} {count:5,d} vectors, {bytes_of[name] / 1000:5.1f} kB per film")

# %% [markdown]
# Half the index of MS-SL++, and about a thirtieth of that of MS-SL. (An index needs no training to be weighed.) What does it cost in accuracy, and what is lost besides? We follow one film, the one of lesson 6.

# %%
v = 8  # its row among the 100 val films
video = int(films[v])
film(sample, video)

# %% [markdown]
# ## 2 · A window
#
# A window is a matrix. Row $i$ is the position that looks, column $j$ the one that is seen, and the number says how much the look may count. For a film of $L$ positions and a window of width $w$:
#
# $$g_{ij} = \frac{e_{ij}}{\max_{j'} e_{ij'}}, \qquad e_{ij} = \exp\left(-\frac{(p_j - c_i)^2}{2 \sigma^2}\right), \qquad c_i = \frac{i}{L}, \quad p_j = \frac{j}{L - 1}, \quad \sigma = \frac{w}{9}$$
# <!-- eq: window -> prvr_lite.model.gmmformer:gaussian_windows -->
#
# Everything is measured in shares of the film, so the same $w$ serves short films and long ones. Look at the two grids: a row looks from $i / L$, which never reaches 1, and a column stands at $j / (L - 1)$, which does. The released code has it so, and its checkpoints were trained with it. (If $L$ is 1, the only column stands at 0.) Here is one film with a loop:


# %%
def window_by_loop(length: int, width: float) -> torch.Tensor:
    rows = []
    for i in range(length):
        away = [j / max(length - 1, 1) - i / length for j in range(length)]
        bell = [math.exp(-(distance**2) / (2 * (width / 9) ** 2)) for distance in away]
        rows.append([value / max(bell) for value in bell])
    return torch.tensor(rows)


print(window_by_loop(5, 1.0).numpy().round(2))

# %% [markdown]
# ### ✏️ Exercise 13.1 · gaussian_windows  (★★★, 15 minutes)
#
# Return the windows of a padded batch of films, without a loop. Each film has its own length $L$; the window of a short film is not that of a long one. Two things can go wrong. **Padding** must not be the nearest thing that a row sees. And where the window is narrow, $e_{ij}$ can be 0 for *all* columns of a row, and 0 / 0 is not a number. Divide in the exponent, where it is a subtraction.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("gaussian_windows")` in a new cell, again and again.
# - *NaN*: is a film shorter than the padded length, or of one frame? Is a whole row 0 before you divide?
# - *Only the late rows differ*: which of the two grids did you divide by $L - 1$?
#
# </details>


# %% tags=["solution"]
def gaussian_windows(lengths: torch.Tensor, size: int, width: float) -> torch.Tensor:
    """A Gaussian window over each film of a padded batch, float32.

    lengths [B] int64: the real positions of each film, 1 or more, at most `size`; the padding
    comes after them. width: above 0. -> [B, size, size]: every real row peaks at exactly 1; rows
    and columns of padding are 0.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
gaussian_windows = check(gaussian_windows)

# %%
from prvr_lite.model import gaussian_window

mine = gaussian_windows(torch.tensor([32, 5]), 32, 1.0)  # a film of 32 positions, and one of 5
print("as the loop:", torch.allclose(mine[1, :5, :5], window_by_loop(5, 1.0), atol=1e-6))
print("as prvr_lite:", torch.allclose(mine[0], gaussian_window(32, 1.0), atol=1e-6))

# %% [markdown]
# GMMFormer uses three of them, and one attention without any:

# %%
WIDTHS = {"narrow, 0.5": 0.5, "middle, 1.0": 1.0, "wide, 5.0": 5.0}
windows = {name: gaussian_windows(torch.tensor([32]), 32, w)[0] for name, w in WIDTHS.items()}
heat_maps(windows, title="Three windows over 32 units", xlabel="seen", ylabel="looks")

# %%
from prvr_lite.plots import spread_curves

row = 24
curves = {
    name: {j: round(y, 3) for j, y in enumerate(w[row].tolist())} for name, w in windows.items()
}
(peak,) = {int(w[row].argmax()) for w in windows.values()}  # the same in all three
picture = spread_curves(
    {"window": curves},
    xlabel="unit that is seen",
    title=f"Unit {row} looks hardest at unit {peak}",
    about=f"dotted: unit {row} itself",
)
picture.axes[0].axvline(row, color="black", ls=":", lw=1.3)
picture

# %% [markdown]
# How wide is that? And do the curves peak where they should?

# %%
for name, w in windows.items():
    high = (w[16] >= 0.5).sum()
    shifted = sum(int(w[i].argmax()) != i for i in range(32))
    print(f"{name:12s} {high:2d} of 32 units at half height; {shifted} rows peak beside their own")

# %% [markdown]
# From the middle of the film on, every row peaks one unit too early. This is what the two grids do: a late unit looks slightly *back*. It is an oddity and not an idea, and it is kept because weights that were trained with it need it.
#
# ### Whose length?
#
# You wrote the film's **own** length. The released code takes the length of the *longest film in the batch*, so that what a film is encoded as depends on its neighbours. Here is one of our shortest films, encoded alone, and beside a long one, by a model with random weights. How far does its frame vector move, as a share of its own length?

# %%
untrained = from_preset("gmmformer", sample)[0].eval()
released = build_model("gmmformer-batch-windows", untrained.config).eval()
released.load_state_dict(untrained.state_dict())
reader = InputReader(sample, untrained.config)
frames = torch.tensor([len(one) for one in sample.frames_of(films)])
short, long = films[int(frames.argmin())], films[int(frames.argmax())]
for name, net in {"own length": untrained, "as released": released}.items():
    with torch.inference_mode():
        by_itself = net.encode_videos(*reader.videos([short])).attended[0]
        beside = net.encode_videos(*reader.videos([short, long])).attended[0]
    moved = float((by_itself - beside).norm() / by_itself.norm())
    print(f"{name:12s} its frame vector moves by {100 * moved:.3f} % of its length")

# %% [markdown]
# That is little here. It grows with the scores, since the window multiplies them (section 3), and scores of untrained weights are small; `docs/authors-checkpoints.md` has cases where it is more. Padding must change nothing (lesson 2), so the package's default is the own length, and `gmmformer-batch-windows` does as released. `prvr-lite experiments gmmformer gmmformer-batch-windows` measures both.
#
# ## 3 · Attention within a window
#
# $$a_{ij} = \operatorname{softmax}_j \left( \frac{q_i \cdot k_j}{\sqrt{d}} \; g_{ij} \right)$$
# <!-- eq: windowed attention -> prvr_lite.model.gmmformer:WindowedAttention.attention -->
#
# The window multiplies the *scores*, before the softmax, the same in all heads. That is not the only way one could have done it. Take four scores, and a window that closes:

# %%
score, closing = torch.tensor([3.0, -2.0, 3.0, -2.0]), torch.tensor([1.0, 0.8, 0.1, 0.0])
ways = {
    "no window": score.softmax(0),
    "times the scores": (score * closing).softmax(0),
    "times the weights": score.softmax(0) * closing,
    "log added": (score + closing.log()).softmax(0),
}
for name, weight in ways.items():
    print(f"{name:18s}", weight.numpy().round(3), f"sum {weight.sum():.2f}")

# %% [markdown]
# Two surprises. The last position is outside the window, and still gets weight: its score became 0, and $e^0 = 1$. And the second one, which is *inside* but has a negative score, gets **less** than the last one. So the window is a prior and not a wall. A wall would add the log of the window.
#
# ### ✏️ Exercise 13.2 · windowed_attention  (★★☆, 12 minutes)
#
# Return what each position gathers through its window. There are padded positions too, and they must get nothing. Mask and window both work on the scores. Their order matters.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("windowed_attention")`.
# - *Padding counts*: the window of a padded column is 0. What is 0 times your masked score?
# - *It fails for a certain number of heads only*: the window has no dimension for heads; where must it come in?
#
# </details>


# %% tags=["solution"]
def windowed_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor,
    window: torch.Tensor,
) -> torch.Tensor:
    """Attention with scores / sqrt(d) times a window, over real keys.

    query, key, value [B, heads, L, d], mask [B, L] bool (True: real), window [B, L, L], row: who
    looks -> [B, heads, L, d].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
windowed_attention = check(windowed_attention)

# %% [markdown]
# How strong is the prior? Suppose that all scores inside the narrow window's half height (4 units) are $z$, that the window lets them pass whole, and that the other 28 of the 32 are closed off. Then the four get $4 e^z / (4 e^z + 28)$ of the attention:

# %%
for z in (0, 1, 2, 4):
    share = 4 * math.exp(z) / (4 * math.exp(z) + 28)
    print(f"scores of {z}: {100 * share:4.1f} % of the attention near by")

# %% [markdown]
# With scores of 0, as in a model that has learned nothing, 4 of 32 units get 4/32: the window does nothing at all. **Locality must be learned**, through large scores.
#
# ## 4 · Four widths, one mean
#
# A **Gaussian block** has four such attentions side by side. Each has weights of its own, adds what it saw to its input, and has a LayerNorm of its own. Their mean is the output; nothing follows it.
#
# $$y = \frac14 \sum_{a=1}^{4} \operatorname{LayerNorm}_a \left( x + \operatorname{seen}_a(x) \right)$$
# <!-- eq: block -> prvr_lite.model.gmmformer:GaussianBlock -->
#
# ### ✏️ Exercise 13.3 · fuse_widths  (★★☆, 10 minutes)
#
# Return the block's output $y$ from its input and from what the four attentions saw. The mean of LayerNorms is not the LayerNorm of a mean. Each LayerNorm divides by the spread of its own sum, then multiplies with its own `gain` and adds its own `bias`.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("fuse_widths")`.
# - *Shapes do not fit*: `gain` is [A, H], and the sums are [A, B, L, H]. Which two dimensions are missing between A and H?
#
# </details>


# %% tags=["solution"]
def fuse_widths(
    x: torch.Tensor, seen: torch.Tensor, gain: torch.Tensor, bias: torch.Tensor
) -> torch.Tensor:
    """The mean over widths of LayerNorm(x + seen), with each width's own gain and bias.

    x [B, L, H], seen [A, B, L, H], gain and bias [A, H] -> [B, L, H].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
fuse_widths = check(fuse_widths)


# %% [markdown]
# Put your three parts together, and compare with the package's block on the frames of three films of different lengths:


# %%
from prvr_lite.model import SequenceEncoder


def seen_by(part, x, mask, window):
    """What one attention of a block saw, before it is added to x."""
    heads = [m(x).unflatten(2, (4, -1)).transpose(1, 2) for m in (part.query, part.key, part.value)]
    out = windowed_attention(*heads, mask, window)  # [B, heads, L, d]
    return part.output(out.transpose(1, 2).flatten(2))


def my_block(block, x, mask):
    """Four attentions side by side, then their mean."""
    lengths, size = mask.sum(1), x.shape[1]
    of_width = [torch.ones(len(x), size, size)]  # the endless window
    of_width += [gaussian_windows(lengths, size, w) for w in WIDTHS.values()]
    pairs = zip(block.attentions, of_width, strict=True)
    seen = torch.stack([seen_by(part, x, mask, window) for part, window in pairs])
    norms = [part.norm for part in block.attentions]
    return fuse_widths(x, seen, *(torch.stack([getattr(n, p) for n in norms]) for p in PARTS))


PARTS = ("weight", "bias")  # gain and bias, as nn.LayerNorm calls them
_, frame_input, frame_mask = reader.videos([short, video, long])
frame_encoder = untrained.frame_encoder
with torch.inference_mode():
    x = SequenceEncoder.forward(frame_encoder, frame_input)  # projected, with positions
    theirs = frame_encoder.blocks[0](x, frame_encoder.windows(x, frame_mask), frame_mask)
    mine = my_block(frame_encoder.blocks[0], x, frame_mask)
off = (mine - theirs)[frame_mask].abs().max()
print(f"{frame_mask.sum(1).tolist()} frames; largest difference on real ones: {off:.0e}")

# %% [markdown]
# That is the heart of GMMFormer. Units go through two such blocks, and so do frames, with weights of their own. The encoded frames are then summed up to one vector by attention pooling (lesson 3). And that is all: no clustering, no key clip, nothing that depends on the query.
#
# ## 5 · Queries that must not agree
#
# Both scales are trained with the losses of lesson 7. A third loss is new. All queries of one film are pulled towards the same film, and so towards each other, although they ask for different moments. The **query-diverse loss** pushes them apart. With the cosines $c_{ij}$ of the queries and $D_i$ the *other* queries of the film of query $i$:
#
# $$\ell = \frac1Q \sum_i \log \Big( 1 + \sum_{j \in D_i} e^{\alpha (c_{ij} + \delta)} \Big)$$
# <!-- eq: query-diverse -> prvr_lite.training.query_diverse:query_diversity -->
#
# With a loop:


# %%
def diverse_by_loop(queries, query_video, margin, scale):
    total = 0.0
    for i, one in enumerate(queries):
        others = 0.0
        for j, other in enumerate(queries):
            if j != i and query_video[i] == query_video[j]:
                cosine = float(F.cosine_similarity(one, other, dim=0))
                others += math.exp(scale * (cosine + margin))
        total += math.log(1 + others)
    return total / len(queries)


toy = torch.tensor([[1.0, 0.2], [1.0, -0.2], [0.0, 1.0], [-1.0, 0.0]])
owner = torch.tensor([3, 3, 5, 3])  # the third query is alone in its film
print(f"loss of four toy queries: {diverse_by_loop(toy, owner, 0.2, 32.0):.4f}")

# %% [markdown]
# ### ✏️ Exercise 13.4 · diverse_loss  (★★★, 12 minutes)
#
# Return this loss of a batch of queries, without a loop. A query that is alone in its film adds 0, and counts in $Q$. The queries of a film may stand anywhere in the batch. And $e^{32 \cdot 1.2}$ is still a number in float32, but $e^{400 \cdot 1.2}$ is not: `torch.logsumexp` helps, if you find the term that gives the 1.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("diverse_loss")`.
# - *inf*: which exponential is too large, and who can take the largest out first?
# - *It is about 38 too high*: every query is most similar to itself.
#
# </details>


# %% tags=["solution"]
def diverse_loss(
    queries: torch.Tensor, query_video: torch.Tensor, margin: float, scale: float
) -> torch.Tensor:
    """The mean over queries of log(1 + sum over others of its film of e^(scale (cos + margin))).

    queries [Q, H], query_video [Q] int64: the row of each query's film -> one number.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
diverse_loss = check(diverse_loss)

# %%
from prvr_lite.training import query_diversity

print(f"loss of the toy queries, as by the loop: {diverse_loss(toy, owner, 0.2, 32.0):.4f}")
g = torch.Generator().manual_seed(0)
many, films_of = torch.randn(40, 16, generator=g), torch.randint(12, (40,), generator=g)
theirs = query_diversity(many, films_of, margin=0.2, scale=32.0).mean()
print("as prvr_lite:", torch.allclose(diverse_loss(many, films_of, 0.2, 32.0), theirs))

# %% [markdown]
# ## 6 · Train it
#
# Now the package's GMMFormer, with the released settings for ActivityNet Captions, for a few epochs on the sample films. Beside it, as long, MS-SL++ and mean pooling, whose film is one vector. (A full training is 24 epochs and several seeds; section 8 has it.)

# %%
short_run = {"epochs": 4, "hard_negatives_from": 2, "evaluate_from": 4}
nets = {}
for name in ("gmmformer", "mssl++", "mean-pool"):
    net, history = trained(name, sample, **short_run)
    nets[name] = net.cpu().eval()
    seconds = sum(epoch["seconds"] for epoch in history.rows)
    weights = sum(p.numel() for p in net.parameters())
    print(f"{label(name)}: {seconds:.0f} s for 4 epochs, {weights:,} weights")

model, asked = nets["gmmformer"], sample.queries_in("val")
with torch.inference_mode():
    inputs = reader.videos(films)
    videos = model.encode_videos(*inputs)
    queries = model.encode_queries(*reader.queries(asked))  # [Q, H]
for name, one in {"units": videos.clips, "frame vector": videos.attended}.items():
    print(f"{name:13s}", list(one.shape))

# %% [markdown]
# ### Did the queries stay apart?
#
# The mean cosine of two queries that share a film, and of two that do not, in both models. (MS-SL++ has no query-diverse loss. But the models differ in more than that, so this is a look and not a proof.)

# %%
from prvr_lite.model import unit_length

rows = torch.from_numpy(sample.query_video[asked])
siblings = (rows[:, None] == rows).fill_diagonal_(False)
strangers = rows[:, None] != rows
cosines = {}
for name in ("gmmformer", "mssl++"):
    with torch.inference_mode():
        directions = unit_length(nets[name].encode_queries(*reader.queries(asked)))
    cosine = directions @ directions.T
    kinds = {"same film": siblings, "another film": strangers}
    cosines[label(name)] = {kind: float(cosine[pairs].mean()) for kind, pairs in kinds.items()}
table(cosines, digits=2)

# %% [markdown]
# In both, queries of one film stay nearer to each other than to those of other films. In GMMFormer all are a little further apart, those of other films as well.
#
# ## 7 · What each width sees
#
# Here is the first block's attention over the units of our film, the mean over its heads, one map for each width. The true moment of one query is outlined, as rows and as columns.

# %%
from prvr_lite.course.lesson13 import width_maps

unit_encoder = model.unit_encoder
with torch.inference_mode():
    x = SequenceEncoder.forward(unit_encoder, inputs[0])  # [V, 32, H]
    maps = []  # of each block: [A, V, heads, 32, 32]
    for block in unit_encoder.blocks:
        pairs = list(zip(block.attentions, unit_encoder.windows(x), strict=True))
        maps.append(torch.stack([part.attention(x, None, w) for part, w in pairs]))
        x = block(x, unit_encoder.windows(x))
attention = torch.stack(maps)  # [blocks, A, V, heads, 32, 32]
ghost = "In the woods, a ghost first plays the drum and afterwards falls asleep."
query = [sample.query_text[q] for q in asked].index(ghost)
moment, duration = tuple(sample.moment[asked[query]]), float(sample.duration[video])
names = ["endless", *WIDTHS]
width_maps(
    dict(zip(names, attention[0, :, v].mean(1), strict=True)),
    duration=duration,
    moment=moment,
    title="What each width of block 1 sees",
)

# %% [markdown]
# Without a window, units of a scene look at their own scene, wherever it is, and the picture falls into blocks. The narrow window leaves a short diagonal. But look at its far field: it is *not dark*. Outside the window scores are 0, and weights are not. Over all films:

# %%
place = torch.arange(32)
away = (place[:, None] - place).abs()  # [32, 32] units
for number in (1, 2):
    for name, weight in zip(names, attention[number - 1].mean((1, 2)), strict=True):
        far = float((weight * (away > 3)).sum() / weight.sum())
        print(f"block {number}, {name:12s} {100 * far:3.0f} % of its weight over 3 units away")
even = float((away > 3).float().mean())
print(f"even attention        {100 * even:3.0f} %")

# %% [markdown]
# Little difference between the widths, and little to an even look. The windows have hardly confined anything: the scores that they multiply are still small (section 3 said what that means). After four epochs, a unit of this model gathers from the whole film. (Is it different after 24? `trained("gmmformer", sample)` takes six times as long; run this section again with it.)
#
# ### The clip that a unit stands for
#
# Unit $i$ after block 2 is a mixture of units after block 1, and each of these is a mixture of the inputs. (The residuals are left out here: through them, each unit also keeps itself.)
#
# ### ✏️ Exercise 13.5 · implicit_clips  (★★☆, 8 minutes)
#
# With a loop, for one output unit $i$ and one input unit $j$ of two blocks: sum over all $k$ the product of `second[i, k]` and `first[k, j]`. Each of the two is the mean over widths and heads. Return the table of all units, for any number of blocks.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("implicit_clips")`.
# - *Only the order is wrong*: which block looks at what the other one made?
#
# </details>


# %% tags=["solution"]
def implicit_clips(attention: torch.Tensor) -> torch.Tensor:
    """How much of each input unit is in each output unit, through all blocks.

    attention [blocks, A, heads, L, L], first block first, row: who looks -> [L, L], row: output.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
implicit_clips = check(implicit_clips)

# %%
first, second = attention[:, :, v].mean((1, 2))  # [32, 32] each
by_loop = sum(float(second[10, k] * first[k, 4]) for k in range(32))
shares = implicit_clips(attention[:, :, v])
print("as the loop:", math.isclose(by_loop, float(shares[10, 4]), abs_tol=1e-6))
print(f"rows sum to {shares.sum(1).mean():.4f}")

# %% [markdown]
# Now side by side, on one film and for one query: MS-SL++ with the scores of all 528 clips, its key clip among the 32 that it keeps, and GMMFormer with its 32 units and what the best one of them holds.

# %%
from prvr_lite.course.lesson13 import implicit_clip
from prvr_lite.model import multi_scale_clips
from prvr_lite.plots import timed_thumbnails

rival = nets["mssl++"]
with torch.inference_mode():
    clips = multi_scale_clips(rival.encode_units(inputs[0][v : v + 1]))[0]  # [528, H]
    kept = rival.encode_videos(*inputs)
    asks = rival.encode_queries(*reader.queries(asked))
    clip_score = F.cosine_similarity(asks[query], clips, dim=-1)
    theirs = rival.similarity(asks, kept)
    ours = model.similarity(queries, videos)
unit_score = F.cosine_similarity(queries[query], videos.clips[v], dim=-1)
print(f"“{sample.query_text[asked[query]]}”")
implicit_clip(
    clip_score,
    unit_score,
    shares[int(ours.key_clip[query, v])],
    duration=duration,
    key_clip=int(kept.clip_index[v, theirs.key_clip[query, v]]),
    frame_score=float(ours.frame[query, v]),
    moment=moment,
    thumbnails=timed_thumbnails(sample.thumbnails(video), duration),
    about="outline: the true moment; star: the key clip; white bar: at least half height",
)

# %% [markdown]
# A listed clip has a start and an end. The implicit one has neither. The white bar is where the curve has at least half of its height, and that is nearly the whole film. The dotted line is an even mixture, and the curve stays near it: the best unit gathers from everywhere. So why do the scores above it tell where the moment is, in this film and in most (the last cell of this section counts)? Because of what the picture leaves out, the residual. Put the film's mean in the place of a unit's own input; then, instead, in the place of all the 31 *others*; and see how far the unit moves:

# %%
likeness = []
for units in inputs[0][:10]:  # ten films
    spoiled, alone = units.repeat(32, 1, 1), units.mean(0).repeat(32, 32, 1)  # [32, 32, Dv]
    spoiled[place, place], alone[place, place] = units.mean(0), units
    with torch.inference_mode():
        after = [model.encode_units(one)[place, place] for one in (spoiled, alone)]  # [32, H]
        likeness.append([F.cosine_similarity(a, model.encode_units(units[None])[0]) for a in after])
kept_apart = torch.stack([torch.stack(pair) for pair in likeness]).mean((0, 2)).tolist()
for name, cos in zip(("without its own input", "without all 31 others"), kept_apart, strict=True):
    print(f"{name}: cosine {cos:.2f} with the unit as it was")

# %% [markdown]
# Take away its own input, and a unit becomes another one. Take away everything else, and it hardly changes. In this model a unit is first of all *itself*: the shortest clip, with a breath of the whole film. "A blend of clips" is what it *can* become. Where do the best units point, over all queries of the split, in their own films?

# %%
right = torch.from_numpy(sample.query_video[asked][:, None] == films).int().argmax(1)  # [Q]
each = torch.arange(len(right))
true = torch.from_numpy(sample.moment[asked] / sample.duration[films][right][:, None])  # [Q, 2]
middles = {
    "GMMFormer's best unit": (ours.key_clip[each, right] + 0.5) / 32,
    "MS-SL++'s key clip": clip_spans(32)[kept.clip_index[right, theirs.key_clip[each, right]]]
    .float()
    .mean(1)
    / 32,
    "any place at random": torch.rand(len(right), generator=torch.Generator().manual_seed(0)),
}
for name, middle in middles.items():
    inside = (middle >= true[:, 0]) & (middle < true[:, 1])
    print(f"{name:22s} {100 * inside.float().mean():3.0f} % of the middles lie in the true moment")

# %% [markdown]
# The unit tells *where*. It does not tell *how long*: for SVMR and VCMR (lesson 10) GMMFormer has no span to offer, and MS-SL++ has one.
#
# ## 8 · Accuracy against the size of the index
#
# What is drawn came with the package: five seeds of each model, 24 epochs, test films, every model after the same search over learning rates.

# %%
from prvr_lite.lab import Results, is_level, spread_text
from prvr_lite.plots import ModelCost, accuracy_frontier

results = Results.published()
shown = ["mean-pool", "mssl", "mssl++", "gmmformer"]
accuracy = {name: list(results.values(name, "R@1").values()) for name in shown}
for name in shown:
    r1, sumr = (spread_text(results.values(name, metric), metric) for metric in ("R@1", "SumR"))
    ms = spread_text(results.cost(name, "query ms"), "query ms")
    print(f"{label(name):17s} R@1 {r1}, SumR {sumr}, {ms:>5s} ms per query")
costs = [ModelCost(label(name), value, bytes_of[name]) for name, value in accuracy.items()]
rivals = {label(n): value for n, value in accuracy.items() if n != "gmmformer"}
level = [name for name, value in rivals.items() if is_level(accuracy["gmmformer"], value)]
accuracy_frontier(costs, ours="GMMFormer", level_with=level)

# %% [markdown]
# The line joins the models that no smaller one beats. On these films GMMFormer finds far more than mean pooling, and far less than MS-SL++ with twice its index.
#
# On the real data sets, the authors' READMEs put GMMFormer 2 to 5 points of SumR ahead of MS-SL++ (the table in section 10). Measured here and claimed there need not agree: other films, other features, another length of training. And with CLIP features, a later paper (arXiv 2510.27432) finds MS-SL ahead of GMMFormer on TVR, 251.0 to 241.1.
#
# ## 9 · Predict, then break it
#
# The windows are the idea of the method. Take the trained model, and change its windows at search time. Write down your guess of R@1 for each before you run the cell:
#
# 1. all four **endless**, as if there were no windows;
# 2. all four **narrow**;
# 3. the four widths **in another order**, so that each attention gets the window of another;
# 4. scores times **minus** the window: what is near is pushed away.


# %%
from prvr_lite.plots import recall_bars


def search_with(widths, sign=1.0):
    """R@1 on val of the trained model, with other windows."""

    def windows(x, mask=None):
        size = x.shape[1]
        lengths = torch.full((len(x),), size) if mask is None else mask.sum(1)
        endless = torch.ones(len(x), size, size)
        each = [endless if w is None else gaussian_windows(lengths, size, w) for w in widths]
        return [sign * window for window in each]

    for part in (model.unit_encoder, model.frame_encoder):
        part.windows = windows  # in the place of the method
    found = evaluate(model, sample, "val").fused["R@1"]
    for part in (model.unit_encoder, model.frame_encoder):
        del part.windows
    return found


# %%
broken = {
    "as trained": search_with((None, 0.5, 1.0, 5.0)),
    "all endless": search_with((None,) * 4),
    "all narrow": search_with((0.5,) * 4),
    "another order": search_with((5.0, 1.0, 0.5, None)),
    "minus": search_with((None, 0.5, 1.0, 5.0), -1.0),
}
print(f"the opposite of the windows costs {broken['as trained'] - broken['minus']:.1f} points")
recall_bars({k: {"val": r} for k, r in broken.items()}, title="Other windows at search time")

# %% [markdown]
# Little happens. Other widths hardly move R@1, and even the opposite of the windows costs little (the line above the bars). This fits what sections 3 and 7 found: the window can only multiply scores, these scores are small, and what a unit says comes mostly from its residual. The idea that names the method is hardly in use in this model, and from its R@1 alone nobody would have noticed.
#
# Is that fair? The weights were learned *with* windows. The fair question is what a model *trained* without them finds. That is a method of its own, and you will add it in the next section.
#
# ## 10 · What came after, and how to add your own
#
# All with the same features (ResNet152 and I3D frames, RoBERTa words), SumR, and who says so. **R**: the method's own README. **CS**: restated by arXiv 2609.36815. **TF**: restated by TF-PRVR (NeurIPS 2026). **RA**: restated by arXiv 2509.01383. **TR**: its own paper (2026). None of it was measured here.
#
# | method | TVR | ActivityNet | Charades | source |
# |---|---|---|---|---|
# | MS-SL | 172.3 | 140.1 | 68.4 | R |
# | MS-SL++ | 174.5 | 141.1 | 69.7 | R |
# | GMMFormer (AAAI 2024) | 176.6 | 146.0 | 72.9 | R |
# | BGM-Net (TOMM 2024) | 179.9 | 143.9 | 71.6 | TF |
# | DL-DKD (ICCV 2023) | 179.9 | 147.6 | – | TF |
# | ProtoPRVR (ICCV 2025) | 185.2 | 147.4 | – | TF |
# | ARL (AAAI 2025) | 185.9 | 148.3 | – | CS |
# | HLFormer (ICCV 2025) | 187.7 | 154.9 | 78.7 | R |
# | GMMFormer v2 (2024) | 189.1 | 154.9 | 78.2 | R |
# | MTM (2025) | 190.4 | 156.1 | 81.1 | R |
# | MGAKD (TOMM 2025) | 190.5 | 149.6 | – | RA |
# | DreamPRVR (CVPR 2026) | 193.1 | 156.1 | 80.0 | R |
# | Holmes (ICML 2026) | 194.2 | 156.8 | 80.6 | R |
# | TRACE (2026) | 194.6 | 157.3 | 81.1 | TR |
#
# (A dash: no number was found. DL-DKD is taught by CLIP. GMMFormer v2 has eight widths, a learned fusion, and keeps its frames.) From MS-SL++ to the last line it is 20 points of SumR on TVR. Changing the *features* alone, to CLIP's, gives MS-SL 79 (lesson 12).
#
# ### A method of your own, in an afternoon
#
# A method is a class, a name in `MODELS`, and a row among the experiments. Here is GMMFormer without windows, so that the question of section 9 gets its fair answer. It then stands in the list that `prvr-lite experiments --list` prints:


# %%
from prvr_lite.lab import EXPERIMENTS, Experiment, Setting, list_experiments
from prvr_lite.model import MODELS, GMMFormer


def no_windows(x, mask=None):
    return [None] * 4


class NoWindows(GMMFormer):
    """prvr_lite's GMMFormer, but all four attentions see everything."""

    def __init__(self, config):
        super().__init__(config)
        for encoder in (self.unit_encoder, self.frame_encoder):
            encoder.windows = no_windows


# %%
MODELS["no-windows"] = NoWindows
EXPERIMENTS["no-windows"] = Experiment(
    "GMMFormer without windows",
    group="windows",
    model="no-windows",
    training={"hard_negatives_from": 2},
    seeds=1,
)

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

with TemporaryDirectory() as folder:  # where nothing was trained yet
    lines = list_experiments(Setting(folder=Path(folder), epochs=4)).splitlines()
for line in lines:
    if "GMMFormer" in line and "rate" not in line:
        print(line)

# %% [markdown]
# And it is trained like all others, in about the time of the GMMFormer above. (It is kept as well: after a change of your class, delete the file that the line names. Once the class stands in the package, `prvr-lite experiments no-windows --epochs 4` trains it and scores it on val and test, and its numbers come into a CSV with date, device and versions.)

# %%
without, _ = trained("no-windows", sample, **short_run)
both = {"with windows": model, "without": without.cpu().eval()}
found = {name: evaluate(net, sample, "val").fused for name, net in both.items()}
table({name: {m: row[m] for m in ("R@1", "SumR")} for name, row in found.items()})

# %% [markdown]
# The same films, seed, first weights, epochs and losses; only the windows differ. It is one seed and four epochs on val films, so it is a hint and not a result. A result needs `seeds=5`, all epochs, and the test films once, at the end.
#
# To keep such a method: put the class into a file of `prvr_lite/model/`, its name into `MODELS` of `model/registry.py`, and its row into `EXPERIMENTS` of `lab/rows.py`. Then `prvr-lite train --model no-windows`, `evaluate`, `search` and `experiments` know it, and the tests in `tests/model/test_model.py` try it like every other one. A method that does not come from GMMFormer is a subclass of `RetrievalModel` with an `encode_videos`; all else has a default.
#
# ## Recap
#
# - Windows need not be listed. A Gaussian over positions, multiplied with the scores of attention, lets a unit gather from its surroundings; four widths side by side, and their mean.
# - The window is a prior and not a wall: outside it a score is 0, and its weight is not. Locality has to be learned, and after four epochs here it was not.
# - Window before mask, each film's own length, each width's own LayerNorm.
# - A film is 33 vectors, none of which depends on a query. A unit says where, not how long.
# - The query-diverse loss pushes the queries of one film apart.
# - A method is a class, a name and a row.
#
# ## Five questions
#
# <details><summary>1. Why does the mask come after the window?</summary>
#
# A masked score is -10,000. Times a window that is nearly 0 far away, it becomes a score near 0, like that of any far position, and padding gets weight. After the window, -10,000 stays.
#
# </details>
#
# <details><summary>2. What would adding log g to the scores do, instead of multiplying them with g?</summary>
#
# The weights themselves would be multiplied with g and made to sum to 1 again: a wall. Positions outside would get nothing, whatever the scores, and the model could not learn to look far in that attention.
#
# </details>
#
# <details><summary>3. Five sentences ask for five moments of one film. Which losses pull their vectors together, and which pushes them apart?</summary>
#
# Triplet and infoNCE at both scales: all five must match the same film, at the frame scale even the same vector. The query-diverse loss pushes them apart, until their cosines are below -δ or the other losses resist.
#
# </details>
#
# <details><summary>4. An index of a million films holds 33 vectors each. Which part of the search gets cheaper than with MS-SL++, and which does not?</summary>
#
# 33 inner products for a film instead of 64 (or 32 and a gather), and half the memory. Encoding gets dearer: 16 attentions in place of two (section 6 counts the weights). And a query is encoded as before.
#
# </details>
#
# <details><summary>5. Somebody reports that a new width improves R@1 by a point on the test films, after trying seven widths there. What do you say?</summary>
#
# The best of seven looks at test is not a test (lesson 12 has the size of that optimism). Choose the width on val, train with several seeds, look at test once, and give the interval of the paired difference.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code (`src/`) |
# |---|---|---|
# | window | `model.gmmformer:gaussian_windows` | `Models/gmmformer/model_components.py:186-199` |
# | windowed attention | `model.gmmformer:WindowedAttention` | `Models/gmmformer/model_components.py:201-245` |
# | block of four widths | `model.gmmformer:GaussianBlock` | `Models/gmmformer/model_components.py:127-145` |
# | units, frame vector, scores | `model.gmmformer:GMMFormer` | `Models/gmmformer/model.py:125-225` |
# | as released: the batch's length | `model.gmmformer:GMMFormerBatchWindows` | `Models/gmmformer/model_components.py:225` |
# | query-diverse loss | `training.query_diverse:query_diversity` | `Losses/loss.py:12-36` |
# | both scales and the third loss | `training.query_diverse:GMMFormerLoss` | `Losses/loss.py` |
# | names of models, rows of experiments | `model.registry:MODELS`, `lab.rows:EXPERIMENTS` | – |

# %%
progress(13)
