# %% [markdown]
# # 6 · Key clip guided attention
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
import time
from dataclasses import replace

import torch
import torch.nn.functional as F

from prvr_lite import PRESETS, build_model, clip_spans, fit, key_clip_guided_attention, load_sample
from prvr_lite.course import check, epoch_line, film, hint, progress, table
from prvr_lite.course.lesson06 import attention_table, clip_guide, guided_attention
from prvr_lite.data import InputReader
from prvr_lite.lab import Results, label, spread_text
from prvr_lite.model import clip_similarity, frame_attention
from prvr_lite.plots import growth_curves, recall_bars, timed_thumbnails
from prvr_lite.search import two_step

sample = load_sample()

# %% [markdown]
# ## 1 · A coarse look, then a fine one
#
# A clip is a mean of units, and a unit is a mean of frames. That is good for finding *where* in a film a query may be answered, and bad for seeing *what exactly* is there, because a mean blurs details. So MS-SL++ looks twice.
#
# 1. **Clip scale.** Compare the query with all clips of a film. The best one is the **key clip**, its cosine is the score $S_c$.
# 2. **Frame scale.** Let the key clip point at the frames that matter. Their weighted mean is compared with the query again: the score $S_f$.
#
# Attention is worth looking at only in a model that has learned where to look. So train one first, for a quarter of the usual time. (Lessons 7 and 8 explain how training works; here it is one call.)

# %%
preset = PRESETS["sample"]
short = replace(preset.training, epochs=6, hard_negatives_from=2, evaluate_from=6)
model = build_model("mssl++", preset.model_config(sample.visual_dim, sample.query_dim), seed=0)
history = fit(model, sample, short, progress=False, watch=epoch_line(short.epochs))
first, last = history.rows[0]["loss"], history.rows[-1]["loss"]
print(f"loss of the first epoch {first:.2f}, of the last {last:.2f}")

# %% [markdown]
# Now encode the 100 films of the val split, which the model has never seen, and all their queries.

# %%
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
# Write it for all queries with all films, without a loop. The result is a table of rows: it says which of the K clips of film $v$ is the key clip for query $q$.
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
unit_q, unit_c = F.normalize(queries, dim=-1), F.normalize(videos.clips, dim=-1)
S_c, theirs = clip_similarity(unit_q, unit_c)  # [Q, V] both
key = key_clips(queries, videos.clips)
print("same as the loop:", key[own, v].tolist() == by_loop)
print("same as prvr_lite's:", torch.equal(key, theirs))

# %% [markdown]
# Where do the key clips of our film lie? `clip_index` says which window of units each medoid is, and `clip_spans` turns it into units.

# %%
duration = float(sample.duration[video])
spans = (clip_spans(32)[videos.clip_index[v]] * duration / 32).tolist()  # K times [start, end] in s
for i in own:
    start, end = spans[int(key[i, v])]
    low, high = sample.moment[asked[i]]
    print(f"key clip {start:4.1f}–{end:4.1f} s, true moment {low:4.1f}–{high:4.1f} s")
    print(f"    {sample.query_text[asked[i]]}")

# %% [markdown]
# The model was never shown where the moments are; it was only shown which film answers which query. Different words choose different clips of the same film, roughly at the right place. *Roughly*: a key clip starts and ends where units do, only 32 of 528 were kept, its edges blur, and some key clips miss their moment altogether (section 6 counts how many). So a finer look is needed.
#
# ## 3 · How a clip looks at frames
#
# Let the clip $c$ be the question and the frames $f_1, \dots, f_T$ what is asked:
#
# $$a_t = \frac{e^{(W_1 f_t) \cdot c}}{\sum_{t' \text{ real}} e^{(W_1 f_{t'}) \cdot c}}$$
# <!-- eq: weights -> prvr_lite.model.key_clip:frame_attention -->
#
# Compare it with lesson 3, where queries and keys were both projected, and divided by $\sqrt{H}$. Here only the frames are projected, the clip is taken as it is, and **nothing is scaled**. Here is a toy first, with a clip and four frames. The last frame is padding, and $W_1$ is the identity.

# %%
clip = torch.tensor([1.0, 2.0])
frames = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [9.0, 9.0]])
real = torch.tensor([True, True, True, False])
score = frames @ clip  # [T]
masked = score.masked_fill(~real, -torch.inf)
for name, one in {
    "scores": score,
    "mask forgotten": score.softmax(0),
    "masked": masked.softmax(0),
}.items():
    print(f"{name:15s}", [round(x, 3) for x in one.tolist()])

# %% [markdown]
# A padded frame that is not masked can take *everything*. (Encoded padding is not zero: position embeddings and biases see to that.)
#
# ### ✏️ Exercise 6.2 · guided_weights  (★★☆, 15 minutes)
#
# Write it for all K clips of all V films at once. `key_map` is $W_1$ as `nn.Linear` keeps it, so $W_1 f$ is `frames @ key_map.T`.
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
weight = guided_weights(videos.clips, videos.frames, videos.frame_mask, W1)  # [V, K, T]
same = frame_attention(videos.clips, videos.frames, videos.frame_mask, W1)
print("largest difference to prvr_lite:", f"{(weight - same).abs().max():.0e}")
padding = (weight * ~videos.frame_mask[:, None]).sum()
print(f"rows sum to {weight.sum(-1).mean():.4f}, all weight on padding: {float(padding)}")

# %% [markdown]
# (Scores reach a hundred here, and in float32 their sixth digit is rounding.) Look at the weights. The bar is what a clip covers, the curve how it weighs the frames; the blue frame in each row is the true moment of that row's query.

# %%
ghost = int(own[2])  # "... a ghost first plays the drum and afterwards falls asleep."
real = int(videos.frame_mask[v].sum())
scene = {
    "duration": duration,
    "thumbnails": timed_thumbnails(sample.thumbnails(video), duration),
}
chosen = own[[2, 1, 4]]  # rows of queries
picked = [int(key[i, v]) for i in chosen]
guided_attention(
    weight[v, picked, :real],
    [spans[k] for k in picked],
    names=["ghost drums, then sleeps", "giraffe spins", "fox spins"],
    moments=[tuple(sample.moment[asked[i]]) for i in chosen],
    title="Three key clips look at the same film",
    **scene,
)

# %% [markdown]
# There are four things to see. Each key clip looks somewhere else. The attention is **sharp**: a few frames get nearly all of it. It is **not a box**: within the clip some frames matter and others don't. And it is free to leave the clip: nothing in the formula says that a clip must look at itself.
#
# ### Why so sharp?
#
# Vectors that leave a LayerNorm have a length of about $\sqrt{H}$, so inner products are large, and a softmax of large numbers is nearly a maximum. How many frames share the attention? The exponential of the entropy counts them: T if all weigh the same, 1 if one takes all.


# %%
def frames_in_view(weight: torch.Tensor) -> float:
    """e^entropy, the mean over all clips: [V, K, T] -> number of frames."""
    return float(torch.special.entr(weight).sum(-1).exp().mean())


def looking(W1: torch.Tensor) -> torch.Tensor:
    return guided_weights(videos.clips, videos.frames, videos.frame_mask, W1)


fresh = 0.02 * torch.randn(W1.shape, generator=torch.Generator().manual_seed(0))  # as W1 starts
print(f"{videos.frame_mask.sum(1).float().mean():.1f} frames per film; in view")
for name, W in {"trained": W1, "divided by √H": W1 / 192**0.5, "untrained W1": fresh}.items():
    print(f"{frames_in_view(looking(W)):5.1f}  {name}")

# %% [markdown]
# Divided by $\sqrt{H}$ the same scores would leave most frames in view. Unscaled, $W_1$ can make the attention as sharp as it likes by growing a little. That is a choice of the authors, and checkpoints of theirs only work with it.
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
# Write the first of the two. As an example, take three frames with weights 0.5, 0.5 and 0, and let $W_2$ be the identity. Then $r$ is the mean of the first two frames, and the third is not seen. $W_2$ is linear, so it may be applied before or after the sum. (Which is cheaper? See section 5.)
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
r = attended_frames(weight, videos.frames, W2)  # [V, K, H]
same = key_clip_guided_attention(videos.clips, videos.frames, videos.frame_mask, W1, W2)
print(f"largest difference to prvr_lite: {(r - same).abs().max():.0e}")

# %% [markdown]
# ### ✏️ Exercise 6.4 · frame_scores  (★★☆, 10 minutes)
#
# Now the second: for each query and film pick the $r$ of the key clip, and take the cosine.
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
own_film = torch.from_numpy(sample.query_video[asked][:, None] == films)  # [Q, V]
right = own_film.int().argmax(1)  # [Q] rows of films
unfolding = torch.from_numpy(two_step(sample, asked))  # [Q]


def r_at_1(score: torch.Tensor, kind: torch.Tensor | None = None) -> float:
    """Per cent of the queries whose own film comes first; ties count against it."""
    hit = (score >= score.gather(1, right[:, None])).sum(1) == 1  # [Q]
    return 100 * float((hit if kind is None else hit[kind]).float().mean())


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

# %% [markdown]
# Both together do better than either: the scales err at different films. Moments that unfold in two steps are the weakness of the frame scale: such sharp attention often sees only one step. The clip helps there, because it is a mean over both. (This model was trained for a quarter of the usual time. Lesson 8 has the real numbers, with several seeds.)
#
# ## 5 · Ahead of any query
#
# Read the formula of $a_t$ again and look for the query. **It isn't there.** The query decides *which* clip is key. What that clip then sees depends only on the clip and its film:
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
# The same numbers up to rounding, below $10^{-6}$. And the time?


# %%
def milliseconds(search, queries: torch.Tensor) -> float:
    """The shortest of three runs."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        search(queries)
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


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
        f"{name:26s} {4 * count / 2**10:4.0f} KiB a film, {4 * n * count / 2**30:.1f} GiB for {n:,}"
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
# Because none of this depends on a query, we can look at everything that a film can ever answer with. The picture has one row for each of the 32 clips, and the moment of the ghost's query in blue:

# %%
scene["moment"] = tuple(sample.moment[asked[ghost]])  # of the ghost's query, as the key clip is
attention_table(weight[v, :, :real], spans, key=int(key[ghost, v]), **scene)

# %% [markdown]
# Bright cells follow the lines: clips mostly look at frames of their own, although nothing forces them to. Vertical stripes are frames that many clips agree on: the most important frame of a scene. Do short clips look more sharply than long ones? Single clips differ, so count over all films:

# %%
size = (clip_spans(32)[:, 1] - clip_spans(32)[:, 0])[videos.clip_index]  # [V, K] units
view = torch.special.entr(weight).sum(-1).exp()  # [V, K] frames in view
for low, high in ((1, 3), (4, 7), (8, 15), (16, 32)):
    here = (size >= low) & (size <= high)
    print(f"clips of {low:2d} to {high:2d} units: {view[here].mean():4.1f} frames in view")

# %% [markdown]
# On the whole they do: a long clip holds more scenes, and each of them has its own important frame. But a long clip whose film has only one important frame may look at that one alone.
#
# Try it. With a live kernel in JupyterLab or Colab this is a slider; elsewhere you see four clips
# side by side.

# %%
clip_guide(weight[v, :, :real], spans, key=int(key[ghost, v]), **scene)

# %% [markdown]
# One film proves nothing. Over all queries of the split: how much of the key clip's attention falls into the true moment, in the query's own film? If it were spread evenly, this share would be the moment's share of the film.


# %%
def share_in_moment(weight: torch.Tensor) -> float:
    """Mean over queries of the attention inside the true moment: [Q, T] -> per cent."""
    length = sample.duration[films][right]  # [Q] s
    low, high = torch.from_numpy(sample.moment[asked] / length[:, None]).T  # [Q] each, 0..1
    count = videos.frame_mask.sum(1)[right]  # [Q] frames
    place = (torch.arange(weight.shape[1]) + 0.5) / count[:, None]  # [Q, T], 0..1
    inside = (place >= low[:, None]) & (place < high[:, None])
    return 100 * float((weight * inside).sum(1).mean())


even = videos.frame_mask / videos.frame_mask.sum(1, keepdim=True)  # [V, T]
own_key = key[torch.arange(len(right)), right]  # [Q]
print(f"even attention: {share_in_moment(even[right]):.0f} % in the true moment")
print(f"key clip's:     {share_in_moment(weight[right, own_key]):.0f} %")
part = clip_spans(32)[videos.clip_index[right, own_key]] / 32  # [Q, 2] key clips, 0..1
true = torch.from_numpy(sample.moment[asked] / sample.duration[films][right][:, None])  # [Q, 2]
touching = (part[:, 0] < true[:, 1]) & (part[:, 1] > true[:, 0])
print(f"{100 * touching.float().mean():.0f} % of the key clips touch their true moment")

# %% [markdown]
# About four times what an even look would find, learned from nothing but pairs of caption and film. The key clips that touch nothing of their moment are in this mean too.
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
dice = torch.randint(32, key.shape, generator=torch.Generator().manual_seed(0))
worst = torch.einsum("qh,vkh->qvk", unit_q, unit_c).argmin(-1)
mean = even[:, None] @ videos.frames  # [V, 1, H]
looked = guided_weights(mean, videos.frames, videos.frame_mask, W1)
by_mean = attended_frames(looked, videos.frames, W2)
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
every = torch.einsum("qh,vkh->qvk", unit_q, F.normalize(r, dim=-1)).amax(-1)  # for question 5
print(f"the best of all r: frame scale {r_at_1(every):.1f}, both scales {r_at_1(both(every)):.1f}")
recall_bars(rows, title="Who guides the second look?")

# %% [markdown]
# On the frame scale alone, the worst clip is the worst guide: for this query it looks at the wrong place. A random guide finds about as much as no guide. Joined with the clip scale it does more harm: without a guide the attention is vague, but a wrong guide is *sure of the wrong frames*. The mean frame is one guide for all queries, so it too is sure, and wrong for most of them. Can a bad second look harm the first? Yes: with each of the four, both scales together stay below the clip scale alone (section 4); the second opinion became noise. The attention is only as good as its guide.

# %% [markdown]
# Was that fair? The model had learned to rely on the key clip, and we took it away. The fair question is: *trained* with something simpler, how good could the frame scale have become? That takes whole trainings with several seeds. They come with the package, measured on the test films (KCGA is key clip guided attention):

# %%
results = Results.published()
for name in ("mssl++", "mean-frames", "max-frames"):
    measured = (
        f"{metric} {spread_text(results.values(name, metric), metric)}"
        for metric in ("R@1", "SumR")
    )
    print(f"{label(name):26s}", ", ".join(measured))

# %% [markdown]
# (`prvr-lite experiments` measured them, and `docs/experiments.md` describes the outcome.) The mean of all frames loses clearly. But "best frame", the one frame that fits the query best, comes close to key clip guided attention on these films, within the spread of the seeds. (Lesson 8 compares seed by seed, which is more exact than two ±.) What the key clip certainly gains is a small index: for the best frame, the index must keep every frame of a film, and compare the query with all of them.
#
# ## Recap
#
# - The key clip is the argmax of cosines; each query has its own in every film.
# - The key clip weighs the frames by a softmax of $(W_1 f) \cdot c$: masked, unscaled, the clip not projected. It is sharp, and it finds the moment without ever having been shown one.
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
# Nothing in the argument, but there are 528 vectors r per film instead of 32: memory and the table of cosines grow by a factor of 16. Clustering (lesson 5) is what makes computing ahead cheap.
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
# Yes: it is one table and a maximum. It is a different model, though: training rewarded the r of the key clip. Section 7 prints what it finds here ("the best of all r"): more than the key clip's r, most of all on the frame scale alone. Take it as an idea and not as a result: it is one seed, a quarter of the training, on val films. A fair test would train with it, with several seeds.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | key clip, $S_c$ | `prvr_lite.model.key_clip:clip_similarity` | `method/model.py:236-256` (training), `method/model.py:264-274` (search) |
# | attention weights | `prvr_lite.model.key_clip:frame_attention` | `method/model.py:236-274` |
# | attended frames $r$ | `prvr_lite.model.key_clip:key_clip_guided_attention` | the same; there again for each query |
# | $S_c$ and $S_f$ of all pairs | `prvr_lite.model.key_clip:dual_similarity` | `method/model.py:264-274` |
# | $r$ for every medoid, at indexing | `prvr_lite.search.vectors:make_entry` | – |
# | both scales fused | `prvr_lite.model.records:Similarity.fused` | `method/eval.py:192` (0.7, fixed) |

# %%
progress(6)
