# %% [markdown]
# # 6 · Key clip guided attention
#
# A clip is a mean, and a mean blurs what it holds. This lesson lets the best clip of a film guide a second, finer look at the film's frames.
#
# **You will be able to**
# - find the key clip of a query in every film, and say what it is good for;
# - write the attention by which a clip looks at the frames of its film, with its mask;
# - prove, and measure, that all of it can be computed ahead of any query;
# - predict what happens when the wrong clip is the guide.
#
# **You need** lesson 3 (attention and masks) and lesson 4 (clips). Lesson 5 explains where the 32 medoid clips of a film come from.
#
# **Time**: 75 minutes to read and solve; running it takes {{cost}}.

# %% tags=["setup"]
# 6

# %%
import torch
import torch.nn.functional as F

from prvr_lite import load_sample
from prvr_lite.course import check, hint, progress

sample = load_sample()

# %% [markdown]
# ## 1 · A coarse look, then a fine one
#
# A clip is a mean of units, and a unit is a mean of frames. That is good for finding *where* in a film a query may be answered, and bad for seeing *what exactly* is there, because a mean blurs details. So MS-SL++ looks twice.
#
# 1. **Clip scale.** Compare the query with all clips of a film. The best one is the **key clip**, its cosine is the score $S_c$.
# 2. **Frame scale.** Let the key clip point at the frames that matter. Their weighted mean is compared with the query again: the score $S_f$.
#
# Attention is worth looking at only in a model that has learned where to look. So train one first, for 6 of the usual 24 epochs. (Lessons 7 and 8 explain how training works; here it is one call.)

# %%
from dataclasses import replace

from prvr_lite import PRESETS, build_model, fit
from prvr_lite.course import epoch_line

preset = PRESETS["sample"]
short = replace(preset.training, epochs=6, hard_negatives_from=2, evaluate_from=6)
model = build_model("mssl++", preset.model_config(sample.visual_dim, sample.query_dim), seed=0)
history = fit(model, sample, short, progress=False, watch=epoch_line(short.epochs))
first, last = history.rows[0]["loss"], history.rows[-1]["loss"]
print(f"loss of the first epoch {first:.2f}, of the last {last:.2f}")

# %% [markdown]
# Now encode the 100 films of the val split, which the model has never seen, and all their queries.

# %%
from prvr_lite.data import InputReader

reader = InputReader(sample, model.config)
films, asked = sample.videos_in("val"), sample.queries_in("val")
with torch.inference_mode():
    videos = model.encode_videos(*reader.videos(films))
    queries = model.encode_queries(*reader.queries(asked))  # [Q, H]
W1, W2 = model.key_map.weight.detach(), model.value_map.weight.detach()  # [H, H] both
for name, one in {"clips": videos.clips, "frames": videos.frames, "queries": queries}.items():
    print(f"{name:8s}", list(one.shape))

# %% [markdown]
# There are V films with K = 32 medoid clips each, T places for frames (shorter films are padded, and `videos.frame_mask` says where), and H numbers per vector. We will follow one film, with five queries in 24 seconds:

# %%
from prvr_lite.course import film

v = 8  # its row among the 100
video = int(films[v])
film(sample, video)

# %% [markdown]
# ## 2 · The key clip
#
# $$S_c(v, q) = \max_k \cos(q, c_{v,k}), \qquad k^*(v, q) = \arg\max_k \cos(q, c_{v,k})$$
# <!-- eq: key clip -> prvr_lite.model.key_clip:clip_similarity -->
#
# Here is one query with one film, in a plain loop:


# %%
def key_clip_by_loop(query: torch.Tensor, clips: torch.Tensor) -> int:
    """Row of the clip with the highest cosine: [H], [K, H]."""
    best, row = -2.0, -1
    for k, clip in enumerate(clips):
        cosine = float(query @ clip / (query.norm() * clip.norm()))
        if cosine > best:
            best, row = cosine, k
    return row


own = torch.from_numpy(sample.query_video[asked] == video).nonzero()[:, 0]  # rows of its queries
by_loop = [key_clip_by_loop(queries[i], videos.clips[v]) for i in own]
print("key clips of the five queries:", by_loop)

# %% [markdown]
# ### ✏️ Exercise 6.1 · key_clips  (★☆☆, 10 minutes)
#
# Return for all queries with all films, without a loop, which of the K clips of film $v$ is the key clip for query $q$: a table `[Q, V]` of rows 0..K-1.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("key_clips")` in a new cell, again and again.
# - *It prefers the same few clips for every query*: have you divided by the lengths of the vectors?
# - *The shape is [Q, K]*: which dimension does `argmax` remove?
#
# </details>


# %% tags=["solution"]
def key_clips(queries: torch.Tensor, clips: torch.Tensor) -> torch.Tensor:
    """Which clip of each film has the highest cosine with each query, int64.

    queries [Q, H], clips [V, K, H] -> [Q, V], numbers 0..K-1.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
key_clips = check(key_clips)

# %% [markdown]
# The package gives both at once, the score and the row:

# %%
from prvr_lite.model import clip_similarity

unit_q, unit_c = F.normalize(queries, dim=-1), F.normalize(videos.clips, dim=-1)
S_c, theirs = clip_similarity(unit_q, unit_c)  # [Q, V] both
key = key_clips(queries, videos.clips)
print("same as the loop:", key[own, v].tolist() == by_loop)
print("same as prvr_lite's:", torch.equal(key, theirs))

# %% [markdown]
# Where do the key clips of our film lie? `clip_index` says which window of units each medoid is, and `clip_spans` turns it into units.

# %%
from prvr_lite import clip_spans

duration = float(sample.duration[video])
spans = (clip_spans(32)[videos.clip_index[v]] * duration / 32).tolist()  # K times [start, end] in s
for i in own:
    start, end = spans[int(key[i, v])]
    low, high = sample.moment[asked[i]]
    print(f"key clip {start:4.1f}–{end:4.1f} s, true moment {low:4.1f}–{high:4.1f} s")
    print(f"    {sample.query_text[asked[i]]}")

# %% [markdown]
# The model was never shown where the moments are; it was only shown which film answers which query. Different words mostly choose different clips of the same film, roughly at the right place. *Roughly*: a key clip starts and ends where units do, only 32 of 528 were kept, and some key clips miss their moment altogether (section 6 counts how many). So a finer look is needed.
#
# ## 3 · How a clip looks at frames
#
# The clip $c$ asks, and the frames $f_1, \dots, f_T$ answer:
#
# $$a_t = \frac{e^{(W_1 f_t) \cdot c}}{\sum_{t' \text{ real}} e^{(W_1 f_{t'}) \cdot c}}$$
# <!-- eq: weights -> prvr_lite.model.key_clip:frame_attention -->
#
# Compare it with lesson 3, where queries and keys were both projected, and their products divided by $\sqrt{d}$, where $d$ was the size of one head. Here only the frames are projected, the clip is taken as it is, and **nothing is scaled**. A toy comes first, with a clip and four frames. The last frame is padding, and $W_1$ is the identity.

# %%
toy_clip = torch.tensor([1.0, 2.0])
toy_frames = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [9.0, 9.0]])
toy_mask = torch.tensor([True, True, True, False])
toy_score = toy_frames @ toy_clip  # [T]
toy_rows = {
    "scores": toy_score,
    "mask forgotten": toy_score.softmax(0),
    "masked": toy_score.masked_fill(~toy_mask, -torch.inf).softmax(0),
}
for name, one in toy_rows.items():
    print(f"{name:15s}", [round(x, 3) for x in one.tolist()])

# %% [markdown]
# A padded frame that is not masked can take *everything*. (Encoded padding is not zero: position embeddings and biases see to that.)
#
# ### ✏️ Exercise 6.2 · guided_weights  (★★☆, 15 minutes)
#
# Return the weights $a_t$ of all K clips of all V films at once, `[V, K, T]`. `key_map` is $W_1$ as `nn.Linear` keeps it, so $W_1 f$ is `frames @ key_map.T`.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("guided_weights")`.
# - *NaN*: is there a row whose frames are all masked? Is the mask the right way round?
# - *The check speaks of scaling*: this is not the Transformer's attention.
#
# </details>


# %% tags=["solution"]
def guided_weights(
    clips: torch.Tensor, frames: torch.Tensor, frame_mask: torch.Tensor, key_map: torch.Tensor
) -> torch.Tensor:
    """How each clip weighs the frames of its own film: softmax over real frames of (W1 f) . c.

    clips [V, K, H], frames [V, T, H], frame_mask [V, T] bool (True: real), key_map [H, H]
    -> [V, K, T]; each row sums to 1, padded frames get 0.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
guided_weights = check(guided_weights)

# %%
from prvr_lite.model import frame_attention

weight = guided_weights(videos.clips, videos.frames, videos.frame_mask, W1)  # [V, K, T]
their_weight = frame_attention(videos.clips, videos.frames, videos.frame_mask, W1)
print(f"largest difference to prvr_lite: {(weight - their_weight).abs().max():.0e}")
padding = (weight * ~videos.frame_mask[:, None]).sum()
print(f"rows sum to {weight.sum(-1).mean():.4f}, all weight on padding: {float(padding)}")
raw = videos.clips @ (videos.frames @ W1.T).mT  # [V, K, T], scores before the softmax
print(f"the largest score is {raw.max():.0f}")

# %% [markdown]
# (float32 keeps about seven digits. Of scores of this size the fifth decimal is rounding, and the weights follow it.) Look at the weights. The bar is what a clip covers, the curve how it weighs the frames; the blue box in each row is the true moment of that row's query.

# %%
from prvr_lite.course.lesson06 import guided_attention
from prvr_lite.plots import timed_thumbnails

ghost = int(own[2])  # "... a ghost first plays the drum and afterwards falls asleep."
count_v = int(videos.frame_mask[v].sum())  # frames of our film
scene = {
    "duration": duration,
    "thumbnails": timed_thumbnails(sample.thumbnails(video), duration),
}
chosen = own[[2, 1, 4]]  # rows of queries
picked = [int(key[i, v]) for i in chosen]
guided_attention(
    weight[v, picked, :count_v],
    [spans[k] for k in picked],
    names=["ghost drums, then sleeps", "giraffe spins", "fox spins"],
    moments=[tuple(sample.moment[asked[i]]) for i in chosen],
    title="Three key clips look at the same film",
    **scene,
)

# %% [markdown]
# There are four things to see. Each of these key clips looks somewhere else. The attention is **sharp**: a few frames get nearly all of it. It is **not a box**: within the clip some frames matter and others do not. And it is free to leave the clip: nothing in the formula says that a clip must look at itself (section 6 measures how often it does).
#
# ### Why so sharp?
#
# Vectors that leave a LayerNorm have a length of about $\sqrt{H}$, so inner products are large, and a softmax of large numbers is nearly a maximum. How many frames share the attention? The exponential of the entropy counts them: T if all weigh the same, 1 if one takes all.


# %%
from prvr_lite.course import table


def frames_in_view(weight: torch.Tensor) -> float:
    """e^entropy, the mean over all clips: [V, K, T] -> number of frames."""
    return float(torch.special.entr(weight).sum(-1).exp().mean())


def looking(key_map: torch.Tensor) -> torch.Tensor:
    return guided_weights(videos.clips, videos.frames, videos.frame_mask, key_map)


H = W1.shape[0]
lengths = videos.frames[videos.frame_mask].norm(dim=-1)
print(f"a frame is {lengths.mean():.1f} long, √H is {H**0.5:.1f}")
fresh = 0.02 * torch.randn(H, H, generator=torch.Generator().manual_seed(0))  # as W1 starts
print(f"a film has {videos.frame_mask.sum(1).float().mean():.1f} frames in the mean")
grown = fresh * W1.norm() / fresh.norm()
maps = {"trained": W1, "divided by √H": W1 / H**0.5, "untrained": fresh, "grown only": grown}
table(
    {
        name: {"frames in view": frames_in_view(looking(W)), "norm of W1": float(W.norm())}
        for name, W in maps.items()
    }
)

# %% [markdown]
# Divided by $\sqrt{H}$ the same scores would leave most frames in view. Unscaled, few are left. Training made $W_1$ a little longer, but that alone explains little ("grown only" is the untrained one, made as long): the rest comes from what $W_1$ learned besides its length. Not to scale is a choice of the authors, and their checkpoints need it.
#
# ## 4 · What the clip has seen
#
# The frames are mapped once more, by $W_2$, and summed by weight. The result $r$ is the film *as this clip sees it*. Then the query is compared with it:
#
# $$r_{v,k} = \sum_t a_{v,k,t} \, W_2 f_{v,t}$$
# <!-- eq: attended frames -> prvr_lite.model.key_clip:key_clip_guided_attention -->
#
# $$S_f(v, q) = \cos\left(q, \; r_{v, k^*(v, q)}\right)$$
# <!-- eq: frame score -> prvr_lite.model.key_clip:dual_similarity -->
#
# ### ✏️ Exercise 6.3 · attended_frames  (★☆☆, 5 minutes)
#
# Return the first of the two, $r$ of every clip of every film, `[V, K, H]`. As an example, take three frames with weights 0.5, 0.5 and 0, and let $W_2$ be the identity. Then $r$ is the mean of the first two frames, and the third is not seen. $W_2$ is linear, so it may be applied before or after the sum. (Which is cheaper? See section 5.)
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("attended_frames")`.
# - *It is off by a little everywhere*: `value_map` is $W_2$ as `nn.Linear` keeps it, as `key_map` was.
#
# </details>


# %% tags=["solution"]
def attended_frames(
    weight: torch.Tensor, frames: torch.Tensor, value_map: torch.Tensor
) -> torch.Tensor:
    """The frames as each clip sees them, r.

    weight [V, K, T], frames [V, T, H], value_map W2 [H, H] -> [V, K, H].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
attended_frames = check(attended_frames)

# %%
from prvr_lite import key_clip_guided_attention

r = attended_frames(weight, videos.frames, W2)  # [V, K, H]
their_r = key_clip_guided_attention(videos.clips, videos.frames, videos.frame_mask, W1, W2)
print(f"largest difference to prvr_lite: {(r - their_r).abs().max():.0e}")

# %% [markdown]
# ### ✏️ Exercise 6.4 · frame_scores  (★★☆, 10 minutes)
#
# Now the second: return the table $S_f$, `[Q, V]`. For each query and film pick the $r$ of the key clip, and take its cosine with the query.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("frame_scores")`.
# - *Index tensors confuse me*: make the table [Q, V, K] of all cosines first, then `gather` one of the K.
#
# </details>


# %% tags=["solution"]
def frame_scores(queries: torch.Tensor, attended: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """S_f, the cosine of each query with the r of its key clip in each film.

    queries [Q, H], attended frames r [V, K, H], key clips [Q, V] int64 -> [Q, V].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
frame_scores = check(frame_scores)

# %%
S_f = frame_scores(queries, r, key)
with torch.inference_mode():
    similarity = model.similarity(queries, videos)
print(
    f"largest difference to the model's S_c {(S_c - similarity.clip).abs().max():.0e}, "
    f"S_f {(S_f - similarity.frame).abs().max():.0e}"
)

# %% [markdown]
# You have built the whole search of MS-SL++. One line joins both scales, $S = \alpha S_c + (1 - \alpha) S_f$ with $\alpha = 0.7$ (lesson 9 asks why 0.7). Does the second look help?

# %%
from prvr_lite.search import two_step

own_film = torch.from_numpy(sample.query_video[asked][:, None] == films)  # [Q, V]
right = own_film.int().argmax(1)  # [Q] rows of films
unfolding = torch.from_numpy(two_step(sample, asked))  # [Q]


def found(score: torch.Tensor) -> torch.Tensor:
    """Whose own film comes first: [Q, V] -> [Q] bool; ties count against it."""
    return (score >= score.gather(1, right[:, None])).sum(1) == 1


def r_at_1(score: torch.Tensor, kind: torch.Tensor | slice = slice(None)) -> float:
    """Per cent of the queries of a kind that find their film; of all of them, if none is given."""
    return 100 * float(found(score)[kind].float().mean())


# %%
def both(S_f: torch.Tensor) -> torch.Tensor:
    return 0.7 * S_c + 0.3 * S_f


scores = {"clip scale": S_c, "frame scale": S_f, "both": both(S_f)}
table(
    {
        name: {
            "R@1": r_at_1(S),
            "one step": r_at_1(S, ~unfolding),
            "two steps": r_at_1(S, unfolding),
        }
        for name, S in scores.items()
    }
)
only_c, only_f = found(S_c) & ~found(S_f), found(S_f) & ~found(S_c)
print(f"of {len(asked)} queries the clip scale alone finds {int(only_c.sum())} that the frame")
print(f"scale does not find, and the frame scale {int(only_f.sum())} that the clip scale does not")

# %% [markdown]
# Of all queries, both together find more than either: the scales err on different films; the last lines count them. Moments that unfold in two steps are the weakness of the frame scale. A likely reason is that such sharp attention often sees only one step, while a clip is a mean over both. (This model was trained for a quarter of the usual time. Lesson 8 has the real numbers, with several seeds.)
#
# ## 5 · Ahead of any query
#
# Read the formula of $a_t$ again and look for the query. **It is not there.** The query decides *which* clip is key. What that clip then sees depends only on the clip and its film:
#
# $$S_f(v, q) = \cos\left(q, r_{v,k^*}\right), \quad r_{v,k} = g(c_{v,k}, f_{v,1}, \dots, f_{v,T}), \quad k^* \in \{1, \dots, K\}$$
# <!-- eq: ahead of any query -> prvr_lite.model.key_clip:key_clip_guided_attention -->
#
# There are only $K$ possible values of $r$ for a film. All of them can be computed once, when the film enters the collection. Then a query costs two tables of inner products, a maximum and a `gather`, and the frames may be thrown away. The released code computes the attention again for each query. Here is that as a loop:


# %%
def search_by_loop(queries: torch.Tensor) -> torch.Tensor:
    """S_f with attention computed for every query and film: [Q, H] -> [Q, V]."""
    mapped = videos.frames @ W1.T  # [V, T, H]; that, at least, once for all queries
    rows = []
    for query, chosen in zip(queries, key_clips(queries, videos.clips), strict=True):
        clip = videos.clips[torch.arange(len(films)), chosen]  # [V, H]
        score = (mapped @ clip[..., None]).squeeze(-1)  # [V, T]
        weight = score.masked_fill(~videos.frame_mask, -torch.inf).softmax(-1)
        seen = (weight[:, None] @ videos.frames).squeeze(1) @ W2.T  # [V, H]
        rows.append(F.cosine_similarity(query, seen, dim=-1))
    return torch.stack(rows)


def search_ahead(queries: torch.Tensor) -> torch.Tensor:
    """The same from what was computed ahead: a table, a maximum, a table, a gather."""
    return frame_scores(queries, r, key_clips(queries, videos.clips))


difference = (search_by_loop(queries[:64]) - search_ahead(queries[:64])).abs().max()
print(f"64 queries x {len(films)} films, largest difference: {difference:.0e}")

# %% [markdown]
# The same numbers up to rounding. And the time?


# %%
import time


def milliseconds(search, queries: torch.Tensor) -> float:
    """The shortest of three runs."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        search(queries)
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


# %%
from prvr_lite.plots import growth_curves

counts = [4, 16, 64]
slow, fast = (
    [milliseconds(search, queries[:n]) for n in counts] for search in (search_by_loop, search_ahead)
)
growth_curves(
    {"attention per query": (counts, slow), "computed ahead": (counts, fast)},
    xlabel="queries",
    ylabel="time (ms)",
    title=f"{slow[-1] / fast[-1]:.0f} times faster, the same scores",
)

# %% [markdown]
# This is not an approximation: it follows from the formula. The index of `prvr_lite` (`VideoIndex`, lesson 11) keeps nothing but clips and attended frames. How large is that, at the paper's sizes?

# %%
kept, long, wide, n = 32, 128, 384, 20_000  # K, T and H of the paper, and films
numbers = {"clips and attended frames": 2 * kept * wide, "clips and frames": (kept + long) * wide}
for name, count in numbers.items():
    print(
        f"{name:26s} {4 * count / 2**10:4.0f} KiB per film, {4 * n * count / 2**30:.1f} GiB for {n:,}"
    )

# %% [markdown]
# Faster *and* smaller. Computing $r$ can be made cheaper as well: a film has more frames than clips, so move both maps to the side with fewer vectors,
#
# $$(W_1 f) \cdot c = f \cdot (W_1^\top c), \qquad \sum_t a_t W_2 f_t = W_2 \sum_t a_t f_t$$
# <!-- eq: maps on the smaller side -> prvr_lite.model.key_clip:frame_attention -->

# %%
by_frames = videos.clips @ (videos.frames @ W1.T).mT  # (W1 f) . c, [V, K, T]
by_clips = (videos.clips @ W1) @ videos.frames.mT  # f . (W1^T c)
off = (by_clips - by_frames).abs().max() / by_frames.abs().max()
T, K = videos.frames.shape[1], videos.clips.shape[1]
print(f"largest difference {off:.0e} of the largest score; to map: {T} frames or {K} clips")
print(f"at the paper's sizes: {long} frames or {kept} clips")

# %% [markdown]
# ## 6 · All clips of a film at once
#
# Because none of this depends on a query, we can look at all that the frame scale of a film can ever answer with. The picture has one row for each of the 32 clips, and the moment of the ghost's query in blue:

# %%
from prvr_lite.course.lesson06 import attention_table

scene["moment"] = tuple(sample.moment[asked[ghost]])  # of the ghost's query, as the key clip is
attention_table(weight[v, :, :count_v], spans, key=int(key[ghost, v]), **scene)

# %% [markdown]
# Most bright cells follow the lines: clips look at frames of their own more than at others, although nothing forces them to. Vertical stripes are frames that many clips agree on. How much of its attention does a clip keep for itself, and do short clips look more sharply than long ones? Single clips differ, so count over all films:


# %%
def share_inside(weight: torch.Tensor, part: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """How much attention falls into a part of the film.

    weight [..., T], part [..., 2] in 0..1 of the film, count [...] of its frames -> [...].
    """
    place = (torch.arange(weight.shape[-1]) + 0.5) / count[..., None]  # [..., T], 0..1
    return (weight * ((place >= part[..., :1]) & (place < part[..., 1:]))).sum(-1)


# %%
count = videos.frame_mask.sum(1)  # [V] frames
covered = clip_spans(32)[videos.clip_index] / 32  # [V, K, 2], 0..1 of the film
kept_inside = share_inside(weight, covered, count[:, None])  # [V, K]
size = 32 * (covered[..., 1] - covered[..., 0])  # [V, K] units
view = torch.special.entr(weight).sum(-1).exp()  # [V, K] frames in view
for shortest, longest in ((1, 3), (4, 7), (8, 15), (16, 32)):
    here = (size >= shortest) & (size <= longest)
    print(
        f"clips of {shortest:2d} to {longest:2d} units: {view[here].mean():4.1f} frames in view "
        f"(from {view[here].min():.1f} to {view[here].max():.1f})"
    )
print(f"attention that clips keep for their own frames: {100 * kept_inside.mean():.0f} %;")
print(f"an even look would give them {100 * size.mean() / 32:.0f} %")

# %% [markdown]
# On the whole they do look more sharply: a long clip may hold several scenes, and each can have a frame that stands out. But single clips differ: some of the longest look at hardly more than one frame, and some of the shortest at a dozen.
#
# Try it. With a live kernel in JupyterLab or Colab this is a slider; elsewhere you see four clips
# side by side.

# %%
from prvr_lite.course.lesson06 import clip_guide

clip_guide(weight[v, :, :count_v], spans, key=int(key[ghost, v]), **scene)

# %% [markdown]
# One film proves nothing. Over all queries of the split: how much of the key clip's attention falls into the true moment, in the query's own film? If it were spread evenly, this share would be the moment's share of the film.

# %%
true = torch.from_numpy(sample.moment[asked] / sample.duration[films][right][:, None])  # [Q, 2]
even = videos.frame_mask / count[:, None]  # [V, T]
own_key = key[torch.arange(len(right)), right]  # [Q]
by_even, by_key = (
    100 * float(share_inside(looked, true, count[right]).mean())
    for looked in (even[right], weight[right, own_key])
)
print(f"in the true moment: {by_even:.0f} % of an even look, {by_key:.0f} % of the key clip's,")
print(f"{by_key / by_even:.1f} times as much")
own_part = covered[right, own_key]  # [Q, 2]
touching = (own_part[:, 0] < true[:, 1]) & (own_part[:, 1] > true[:, 0])
print(f"{100 * touching.float().mean():.0f} % of the key clips touch their true moment")

# %% [markdown]
# All of it was learned from nothing but pairs of caption and film. The key clips that touch nothing of their moment are in this mean too.
#
# ## 7 · Predict, then break it
#
# Now replace the guide. Before you run the cell, write down your guess for each: R@1 of $S_f$ alone, and of both scales, when the attention is guided by
#
# 1. a **random** clip of each film instead of the key clip;
# 2. the **worst** clip, the one with the lowest cosine;
# 3. the **mean of all frames**, one guide for the whole film, whatever the query;
# 4. **nobody**: there is no guide, and all frames weigh the same.
#
# Which do you expect to be worst, and can a bad second look make the first one worse?

# %%
from prvr_lite.plots import recall_bars

dice = torch.randint(32, key.shape, generator=torch.Generator().manual_seed(0))
worst = torch.einsum("qh,vkh->qvk", unit_q, unit_c).argmin(-1)
mean_frame = even[:, None] @ videos.frames  # [V, 1, H]
mean_weight = guided_weights(mean_frame, videos.frames, videos.frame_mask, W1)  # [V, 1, T]
by_mean = attended_frames(mean_weight, videos.frames, W2)
by_nobody = attended_frames(even[:, None], videos.frames, W2)
only = torch.zeros_like(key)
guides = {
    "nobody": frame_scores(queries, by_nobody, only),
    "random clip": frame_scores(queries, r, dice),
    "worst clip": frame_scores(queries, r, worst),
    "mean frame": frame_scores(queries, by_mean, only),
    "the key clip": S_f,
}
rows = {
    name: {"frame scale": r_at_1(S), "both scales": r_at_1(both(S))} for name, S in guides.items()
}
print(f"dashed: the clip scale alone, without a second look: {r_at_1(S_c):.1f}")
picture = recall_bars(rows, title="Who guides the second look? Dashed: the clip scale alone")
picture.axes[0].axhline(r_at_1(S_c), color="black", linestyle="--", linewidth=1)
picture

# %% [markdown]
# On the frame scale alone, the worst clip is the worst guide: it was chosen to be far from what the query asks for. A random guide finds about as much as no guide. Joined with the clip scale it does more harm: without a guide the attention is vague, but a wrong guide is *sure of the wrong frames*. The mean frame is one guide for all queries, so it too is sure, and wrong for most of them. Can a bad second look harm the first? Yes: with each of the four, both scales together stay below the clip scale alone, the dashed line. The second opinion became noise. The attention is only as good as its guide.

# %% [markdown]
# Was that fair? The model had learned to rely on the key clip, and we took it away. The fair question is: *trained* with something simpler, how good could the frame scale have become? That takes whole trainings with several seeds. They come with the package, measured on the test films (KCGA is key clip guided attention):

# %%
from prvr_lite.lab import Results, label, spread_text

results = Results.published()
for name in ("mssl++", "mean-frames", "max-frames"):
    measured = (
        f"{metric} {spread_text(results.values(name, metric), metric)}"
        for metric in ("R@1", "SumR")
    )
    print(f"{label(name):26s}", ", ".join(measured))

# %% [markdown]
# (`prvr-lite experiments` measured them, and `docs/experiments.md` describes the outcome.) The mean of all frames loses clearly. But "best frame", the one frame that fits the query best, comes close to key clip guided attention on these films, within the spread of the seeds. (Lesson 8 compares the models seed by seed. That is more exact than comparing two values “mean ± deviation”.) What the key clip certainly gains is a small index: for the best frame, the index must keep every frame of a film, and compare the query with all of them.
#
# ## Recap
#
# - The key clip is the argmax of cosines; each query has its own in every film.
# - The key clip weighs the frames by a softmax of $(W_1 f) \cdot c$: masked, unscaled, the clip not projected. It is sharp, and most of it falls into the true moment, which nobody ever showed to the model.
# - $r$ is the film as a clip sees it. It does not depend on the query, so all K of them are computed when the film is indexed, and the frames are no longer needed.
# - $S_f$ is then a table of cosines and a gather, with the same numbers as attention per query.
# - A wrong guide is worse than no second look.
#
# ## Five questions
#
# <details><summary>1. Why can r be computed ahead of any query, and what exactly does the query still decide?</summary>
#
# The weights are a function of the clip and the frames. The query only chooses which of the K clips is key, and is then compared with that clip's r.
#
# </details>
#
# <details><summary>2. In MS-SL, the predecessor, every one of the 528 clips can be key. What changes?</summary>
#
# Nothing in the argument, but there are 528 vectors r per film instead of 32: memory and the table of cosines are 16.5 times as large. Clustering (lesson 5) is what makes computing ahead cheap.
#
# </details>
#
# <details><summary>3. Gradients: through which of argmax, gather, softmax and W1 does the frame loss reach the encoder of the units?</summary>
#
# Not through argmax and gather's choice, which are only rows. But the chosen clip's vector enters the softmax, and through it the gradient reaches the clip, and so the units it is a mean of.
#
# </details>
#
# <details><summary>4. Suppose a bug makes all frame scores zero. What does that do to the ranking, and how would you notice?</summary>
#
# S becomes 0.7 times the clip score: the ranking of the clip scale alone. Nothing crashes, and the numbers only look a little bad. Judge each scale by itself, as section 4 does, and it shows at once. (This happens: the released code does it when it is called without a frame mask. A missing mask should be an error.)
#
# </details>
#
# <details><summary>5. Could you skip the key clip and take the highest cosine over all K attended vectors?</summary>
#
# Yes: it is one table and a maximum, `torch.einsum("qh,vkh->qvk", unit_q, F.normalize(r, dim=-1)).amax(-1)`. It is a different model, though: training rewarded the r of the key clip. Try it with `r_at_1`. We did with four models with other seeds: on the frame scale it found more than the key clip's r three times out of four, with both scales twice out of four. So this leaves the question open. A fair test would also train with it, with several seeds.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | key clip, $S_c$ | `model.key_clip:clip_similarity` | `method/model.py:236-256` (training), `method/model.py:264-274` (search) |
# | attention weights | `model.key_clip:frame_attention` | `method/model.py:236-274` |
# | attended frames $r$ | `model.key_clip:key_clip_guided_attention` | the same; there again for each query |
# | $S_c$ and $S_f$ of all pairs | `model.key_clip:dual_similarity` | `method/model.py:264-274` |
# | $r$ for every medoid, at indexing | `search.vectors:make_entry` | – |
# | both scales fused | `model.records:Similarity.fused` | `method/eval.py:192` (0.7, fixed) |
#
# **Next**: lesson 7 builds the losses that such a model learns from.

# %%
progress(6)
