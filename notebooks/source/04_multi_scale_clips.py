# %% [markdown]
# # 4 · Multi-scale clips
#
# A query describes some stretch of a film. Nobody knows where that stretch lies, or how long it is. This lesson builds every stretch that
# there could be, all 528 of them, and lets the best one speak for the film.
#
# **You will be able to**
# - list every clip of a film, find a clip's row from its span, and its span from its row;
# - build all 528 clips with two lookups in a running total, and say why that is the same as a matrix product;
# - score a film by its best clip, and read a map of all its clips;
# - say what goes wrong when only one length is kept, and what all lengths cost.
#
# **You need** lesson 1 (why one number for a whole film fails), lesson 2 (units), lesson 3 (where encoded units come from).
#
# **Time**: 75 minutes to read and solve; running it takes {{cost}}.

# %% tags=["setup"]
# 4

# %%
import numpy as np
import torch
import torch.nn.functional as F

from prvr_lite import load_sample
from prvr_lite.course import check, film, hint, progress

sample = load_sample()

# %% [markdown]
# ## 1 · One length does not fit all
#
# Lesson 1 found that neither a whole film nor a single frame is the right thing to compare with a query. The right
# thing is the stretch of the film that the query describes. Look how different such stretches are in lesson 1's film:

# %%
film(sample, int(sample.videos_in("test")[5]))

# %%
test = sample.queries_in("test")
lasting = sample.moment[test, 1] - sample.moment[test, 0]  # [Q], s
share = lasting / sample.duration[sample.query_video[test]]
for name, of in (("seconds", lasting), ("share of the film", share)):
    least, low, middle, high, most = np.quantile(of, [0, 0.05, 0.5, 0.95, 1])
    print(
        f"{name:18s} least {least:5.2f}   5 % {low:5.2f}   median {middle:5.2f}"
        f"   95 % {high:5.2f}   most {most:5.2f}"
    )

# %% [markdown]
# The longest moment is many times as long as the shortest. A window of fixed length is wrong for most of them: if it is
# too long, the moment is mixed with what surrounds it; if it is too short, a part of the moment is missing.
#
# The model does not know where a moment lies. So MS-SL does the obvious thing: **it tries every window.** (MS-SL++, the
# model of this course, begins in the same way, and lesson 5 shows how it then keeps only a few of them.) A film
# has been pooled to $n = 32$ units (lesson 2). A **clip** is a run of neighbouring units: any start, any length from one unit to
# all of them.
#
# ## 2 · All windows, by two loops

# %%
n = 6
spans = []
for size in range(1, n + 1):  # short clips first
    for start in range(n - size + 1):  # the last window must still fit
        spans.append((start, start + size))
print(len(spans), "clips:", *spans[:8], "…", spans[-1])

# %% [markdown]
# As with Python slices, the end is one past the last unit: the clip [2, 5) holds the units 2, 3 and 4. There are
# $n$ windows of length 1, $n - 1$ of length 2, and so on down to one of length $n$:
#
# $$N = n + (n - 1) + \dots + 1 = \frac{n (n + 1)}{2}, \qquad N = 528 \text{ for } n = 32 .$$
# <!-- eq: number of clips -> prvr_lite.model.clips:clip_spans -->
#
# Draw each clip above the middle of its units, as high as it is long, and the clips make a triangle. Everything that a
# clip contains lies in the smaller triangle below it.

# %%
from prvr_lite.course import numbered_clips

numbered_clips(6)

# %% [markdown]
# A model stores clips in one long list. Its order is the one of the picture: row by row from the bottom, from left to
# right. You will need to go from a span to a row and back.
#
# ### ✏️ Exercise 4.1 · clip_row  (★☆☆, 8 minutes)
#
# Return the row of the clip [start, end) among all clips of n units, without making the list. Try your rule on the picture first:
# why does [1, 4) stand in row 12?
#
# <details><summary>Why row 12?</summary>
#
# Six clips of length 1 and five of length 2 stand before all clips of length 3, and [0, 3) stands before it: 6 + 5 + 1 = 12.
#
# </details>
# <details><summary>I am stuck</summary>
#
# - Run `hint("clip_row")` in a new cell; each call says a little more.
# - *It is right for short clips only*: how many windows of length 2 are there? And of length 3?
# - *It is always off by a few*: are the windows of the clip's own length among those before it?
# - *It is a float*: a row is an integer, so divide with `//`.
#
# </details>


# %% tags=["solution"]
def clip_row(start: int, end: int, n: int) -> int:
    """Row of the clip [start, end) among all clips of n units, counted from 0.

    Order: all clips of length 1 from left to right, then all of length 2, and so on.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
clip_row = check(clip_row)

# %% [markdown]
# ### ✏️ Exercise 4.2 · clip_at  (★★☆, 10 minutes)
#
# Now the way back: return the start and the end of the clip in a given row, as a pair of integers. (A model says "clip 412 fits best", and a
# person wants to know where in the film that is.)
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("clip_at")` in a new cell.
# - *It is wrong at the left edge of the triangle only*: rows count from 0, so which is the first row that is **not** of length 1?
#
# </details>


# %% tags=["solution"]
def clip_at(row: int, n: int) -> tuple[int, int]:
    """(start, end) of the clip in a row; the end is one past the last unit."""
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
clip_at = check(clip_at)

# %% [markdown]
# We go from row to span and back for every clip, and compare the spans with the package's table.

# %%
from prvr_lite import clip_spans

every = clip_spans(32)  # [N, 2]
there_and_back = all(clip_row(*clip_at(row, 32), 32) == row for row in range(len(every)))
same_table = [clip_at(row, 32) for row in range(len(every))] == [tuple(s) for s in every.tolist()]
print(len(every), "clips | there and back:", there_and_back, "| same as clip_spans:", same_table)

# %% [markdown]
# Step through the clips of another film, in which an owl dances on the beach. In a live notebook there is a slider; otherwise you see three clips. Look at
# three things: where the clip stands, which units it covers, and what it shows of the film.

# %%
from prvr_lite.course.lesson04 import clip_triangle

long_query = 3364  # "On the beach, an owl dances and then spins around."
video = int(sample.query_video[long_query])
clip_triangle(sample, video)

# %% [markdown]
# ## 3 · 528 means from one running total
#
# The vector of a clip is the mean of its units:
#
# $$c_{s,e} = \frac{1}{e - s} \sum_{i=s}^{e-1} u_i .$$
# <!-- eq: clip -> prvr_lite.model.clips:multi_scale_clips -->
#
# Here is the plain loop first. Units come from features as in lesson 2; in the real model they first pass through lesson 3's
# encoder. Clips are made of them in the same way.


# %%
from prvr_lite.data import normalise, pool_features


def film_units(videos) -> torch.Tensor:
    """Pooled and normalised features of films: [V, 32, Dv]."""
    pooled = [normalise(pool_features(frames, 32)) for frames in sample.frames_of(videos)]
    return torch.from_numpy(np.stack(pooled))


def clips_by_loop(units: torch.Tensor) -> torch.Tensor:
    """[V, n, H] -> [V, N, H], one mean after the other."""
    pairs = clip_spans(units.shape[1]).tolist()
    return torch.stack([units[:, start:end].mean(1) for start, end in pairs], dim=1)


units = film_units(sample.videos_in("test")[:8])
slow = clips_by_loop(units)
print("units", list(units.shape), "-> clips", list(slow.shape))

# %% [markdown]
# The loop adds up the same units again and again. Unit 15 alone is in more than two hundred clips:

# %%
holds = (every[:, 0] <= 15) & (every[:, 1] > 15)
sums = int((every[:, 1] - every[:, 0]).sum())
print(f"unit 15 is in {int(holds.sum())} clips; the loop adds {sums:,} vectors for one film of 32")

# %% [markdown]
# Here is the trick. Add the units up **once**, from left to right, and keep every intermediate result, with a zero in
# front: $t_0 = 0$, $t_{i+1} = t_i + u_i$. The sum of any clip is then a difference of two of them:
#
# $$c_{s,e} = \frac{t_e - t_s}{e - s} .$$
# <!-- eq: running total -> prvr_lite.model.clips:multi_scale_clips -->
#
# Drawn for a single number of each unit: the mean of a clip is the **slope of the chord** over it.

# %%
from prvr_lite.course.lesson04 import running_total

running_total(units[0, :16, 9], [(2, 6), (7, 15)])

# %% [markdown]
# ### ✏️ Exercise 4.3 · all_clips  (★★☆, 15 minutes)
#
# Return all clips of all films, `[V, N, H]`, by one `cumsum` and without a sum inside a loop. (A loop that only lists the spans is fine.)
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("all_clips")` in a new cell.
# - *One unit is missing from every clip*: does your running total begin with a zero?
# - *RuntimeError: the size of tensor a must match …*: lengths are [N], sums [V, N, H]. `length[:, None]` is [N, 1].
#
# </details>


# %% tags=["solution"]
def all_clips(units: torch.Tensor) -> torch.Tensor:
    """Means of all windows of 1..n units: units [V, n, H] -> clips [V, N, H], shorter ones first."""
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
all_clips = check(all_clips)

# %% [markdown]
# The loop, your function and the package give the same numbers. How much faster are the last two,
# for one film and for 64?

# %%
from timeit import repeat

from prvr_lite import multi_scale_clips

fast = all_clips(units)
print("as the loop:", torch.allclose(fast, slow, atol=1e-6), end=" | ")
print("as the package:", torch.allclose(fast, multi_scale_clips(units), atol=1e-6))
many = film_units(sample.videos_in("test")[:64])
for some in (many[:1], many):
    loop, yours = (
        min(repeat(lambda build=build, some=some: build(some), number=1, repeat=12))  # s
        for build in (clips_by_loop, all_clips)
    )
    print(f"films at once: {len(some):2d}; the loop takes {loop / yours:5.1f} times as long")

# %% [markdown]
# For one film the loop makes hundreds of calls where a few are enough. For many films at once both have
# the same 528 vectors per film to write, and most of the advantage is gone.
#
# One warning: a running total grows, and a small difference of two large numbers loses digits. The package therefore adds
# up in float64. Put a huge unit in front of ordinary ones, and look at a clip that does not even contain it:

# %%
hard = torch.cat(
    [torch.full((1, 1, 4), 1e6), torch.rand(1, 31, 4, generator=torch.manual_seed(0))], 1
)
row = clip_row(20, 22, 32)
exact = hard[0, 20:22].double().mean(0)
for name, build in (("all_clips, float32", all_clips), ("multi_scale_clips", multi_scale_clips)):
    print(f"{name:20s} largest error {(build(hard)[0, row] - exact).abs().max():.1e}")

# %% [markdown]
# ## 4 · The same as one matrix
#
# Every clip is a weighted sum of units, with weights $1/\text{length}$ inside and 0 outside. Write the weights of all clips
# below each other, and you have a matrix $W$ of $N \times n$. Then
#
# $$C = W\,U .$$
# <!-- eq: clip matrix -> prvr_lite.model.clips:clip_windows -->

# %%
from prvr_lite.course import heat_maps
from prvr_lite.model import clip_windows

heat_maps(
    {"W": clip_windows(6)},
    title="All clips of 6 units as one matrix",
    square=False,
    about="each row is a clip; lighter: its units, each with weight 1 / length",
    xlabel="unit",
    ylabel="row of the clip",
    unit="weight",
)

# %%
product = clip_windows(32).float() @ units  # [N, n] @ [V, n, H]
print(
    "W @ units is",
    list(product.shape),
    "| the same clips:",
    torch.allclose(product, fast, atol=1e-6),
)

# %% [markdown]
# The matrix does more arithmetic than the running total, so why look at it? Because it says that clips are a **linear** function
# of units. Inner products of clips follow from inner products of units: $C C^\top = W (U U^\top) W^\top$. Lesson 5 uses this.
#
# ## 5 · A map of one film
#
# To score clips we need a query *in the same space*. Training brings it there (lessons 7 and 8). Here we take a short cut that costs a second or two: a **dictionary**, a matrix that turns the mean word of a caption into the mean frame of its moment, fitted by least squares to the train films. It uses the times of the train moments, which PRVR does not allow. It is a tool for looking at clips, not a competitor.


# %%
def mean_words(queries) -> torch.Tensor:
    """[Q, Dw + 1]: the mean word of each caption, and a 1 for the constant."""
    means = np.stack([words.mean(0) for words in sample.words_of(queries)])
    return F.pad(torch.from_numpy(means), (0, 1), value=1.0)


def moment_rows(queries) -> list[int]:
    """The clip that is nearest to each true moment."""
    share = sample.moment[queries] / sample.duration[sample.query_video[queries], None]
    start = (32 * share[:, 0]).round().clip(0, 31).astype(int)
    end = np.maximum((32 * share[:, 1]).round().clip(0, 32).astype(int), start + 1)
    return [clip_row(int(s), int(e), 32) for s, e in zip(start, end, strict=True)]


# %%
train, films = sample.queries_in("train"), sample.videos_in("train")
train_clips = all_clips(film_units(films))  # [V, N, Dv]
film_row = np.searchsorted(films, sample.query_video[train])  # row of each query's film
moments = train_clips[film_row, moment_rows(train)]  # [Q, Dv]
dictionary = torch.linalg.lstsq(mean_words(train), moments).solution  # [Dw + 1, Dv]
vectors = mean_words(test) @ dictionary  # [Q, Dv]: captions of test films, as frames
print("dictionary", list(dictionary.shape), "| query vectors", list(vectors.shape))

# %% [markdown]
# The score of a clip is its **cosine** with the query: the inner product of the two, each divided by its norm. The score of a
# film is that of its **best** clip:
#
# $$S_c(v, q) = \max_k \frac{q \cdot c_{v,k}}{\lVert q \rVert \, \lVert c_{v,k} \rVert}, \qquad
# k^* = \arg\max_k \; (\text{the same}) .$$
# <!-- eq: clip score -> prvr_lite.search.video_index:VideoIndex.score_vectors -->
#
# The clip $k^*$ is the **key clip**. It will guide the attention of lesson 6.
#
# ### ✏️ Exercise 4.4 · clip_scores  (★★☆, 12 minutes)
#
# Return two tables `[Q, V]`: the score of every film for every query, and the row of its key clip. Gradients must reach queries and clips.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("clip_scores")` in a new cell.
# - *Scores above 1*: then they are not cosines. Which of the two is not of length 1?
# - *einsum looks like magic*: `"qh,vnh->qvn"` reads: for every q, v and n, add up over h.
#
# </details>


# %% tags=["solution"]
def clip_scores(queries: torch.Tensor, clips: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosine with the best clip, and which one it is.

    queries [Q, H], clips [V, N, H] -> score [Q, V], key [Q, V] (rows among the N clips).
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
clip_scores = check(clip_scores)

# %% [markdown]
# The picture shows two captions, each over its own film, with all 528 clips. The outline is the true moment: clips under it lie within the
# moment, and its tip is the clip that **is** the moment. The star is the key clip.


# %%
from prvr_lite.course import score_triangles


def look(query: int) -> tuple[torch.Tensor, tuple[float, float]]:
    """Cosines of a test query with all clips of its own film [N], and its moment in units."""
    video = int(sample.query_video[query])
    vector = vectors[np.flatnonzero(test == query)]  # [1, Dv]
    start, end = 32 * sample.moment[query] / sample.duration[video]
    return F.cosine_similarity(vector, all_clips(film_units([video]))[0]), (start, end)


short_query = 2733
maps = {sample.query_text[q]: look(q) for q in (long_query, short_query)}
score_triangles(maps, title="Two moments, two places in the triangle")

# %% [markdown]
# On the left the bright clips lie near the tip of the outline, well above the bottom: neither step alone fits the whole caption, but the clip that holds both does. On the right everything happens in a corner at the very bottom: the moment lasts one second, and its tiny outline hides behind the star.
#
# The best score at each length says the same in two lines:

# %%
from prvr_lite.plots import spread_curves

size = every[:, 1] - every[:, 0]  # [N]
curves = {
    f"{who}, {sample.moment[q, 1] - sample.moment[q, 0]:.1f} s": {
        s: float(maps[sample.query_text[q]][0][size == s].max()) for s in range(1, 21)
    }
    for who, q in {"owl": long_query, "tortoise": short_query}.items()
}
spread_curves(
    {"best cosine": curves},
    xlabel="length of the clip (units)",
    title="Each moment has its own best length",
)

# %% [markdown]
# The tortoise's moment of one second is found by a single unit or not at all. The owl's curve rises steeply as soon as there are two units, because two
# neighbours on either side of the cut show a bit of both steps. It stays on a plateau up to its peak at 8 units, which are just the
# moment, and falls when other things come in. **At the peak of one curve the other is below its own peak**, and with the maximum over
# all clips nobody has to choose: it finds each peak by itself.
#
# ## 6 · The best clip, not the average one
#
# Why the maximum? Because most clips of the right film have nothing to do with the query. Search all test films, by the best
# clip and by the mean over all clips:

# %%
from prvr_lite.search import two_step

videos = sample.videos_in("test")
unit_clips = F.normalize(all_clips(film_units(videos)), dim=-1)  # [V, N, Dv]
unit_queries = F.normalize(vectors, dim=1)  # [Q, Dv]
right = torch.from_numpy(np.searchsorted(videos, sample.query_video[test]))  # [Q]
steps = torch.from_numpy(two_step(sample, test))  # [Q] bool


def best_cosine(chosen=slice(None)) -> torch.Tensor:
    """The best cosine of each query with the chosen clips of each film, [Q, V].

    Film by film: all cosines at once, [Q, V, N], would take half a GB.
    """
    return torch.stack([(unit_queries @ clips[chosen].T).amax(1) for clips in unit_clips], 1)


def is_found(score: torch.Tensor, k: int = 1) -> torch.Tensor:
    """Whether each query's own film is among the first k: [Q, V] -> [Q] bool."""
    return (score >= score.gather(1, right[:, None])).sum(1) <= k


# %%
from prvr_lite.course import table


def recalls(hit: torch.Tensor) -> dict[str, float]:
    """R@1 in %, for all queries and by kind of moment."""
    kinds = {"all": slice(None), "single step": ~steps, "two steps": steps}
    return {kind: 100 * float(hit[rows].float().mean()) for kind, rows in kinds.items()}


table(
    {
        "best clip": recalls(is_found(best_cosine())),
        "mean over clips": recalls(is_found(unit_queries @ unit_clips.mean(1).T)),
    }
)

# %% [markdown]
# These are R@1, in per cent, of a dictionary that was fitted in a second or two. The mean hides a moment behind the rest of its film, as in lesson 1.
#
# The maximum has a second effect, on training: the gradient of $S_c$ reaches **one** clip, the key clip, and through it only the
# units inside. What the query does not describe is left as it is.

# %%
leaf = film_units([video]).requires_grad_()
score, key = clip_scores(vectors[np.flatnonzero(test == long_query)], all_clips(leaf))
score.sum().backward()
touched = (leaf.grad[0].abs().sum(-1) > 1e-7).nonzero()[:, 0].tolist()
print("key clip:", clip_at(int(key), 32), "| units with a gradient:", touched[0], "to", touched[-1])

# %% [markdown]
# ## 7 · What it costs
#
# A film that was one vector has become 528. Compute what that means for MS-SL, which keeps them all, at the paper's width of 384
# numbers in float32:

# %%
per_film = 528 * 384 * 4  # bytes
for name, count in (
    ("the 200 test films", 200),
    ("TVR's 2,179 test films", 2179),
    ("a million films", 10**6),
):
    print(
        f"{name:24s}{count * per_film / 2**30:10.1f} GiB of clips,"
        f"{count * 528:>13,} inner products for each query"
    )

# %% [markdown]
# A million films need more memory than a common machine has. And most of those vectors are nearly the same: a clip and the one that is a
# unit longer share all but one unit. How alike are neighbours?

# %%
for k in (1, 4, 16):
    shorter = [clip_row(s, s + k, 32) for s in range(32 - k)]
    longer = [clip_row(s, s + k + 1, 32) for s in range(32 - k)]
    alike = (unit_clips[:, shorter] * unit_clips[:, longer]).sum(-1).mean()
    print(f"clips of {k:2d} and {k + 1:2d} units: mean cosine {alike:.3f}")

# %% [markdown]
# Lesson 5 keeps a few dozen of the 528, and chooses them well.
#
# ## 8 · Predict, then break it
#
# Throw away all lengths but one, and search the test films again. Before you run the next cell, write down your guess:
#
# - Which single length is best for **single-step** moments? Which for **two-step** ones (a typical one fills about 30 % of its film)?
# - What is left at length 32, where each film has a single clip?

# %%
kept = [1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 28, 32]
hits = {s: is_found(best_cosine(size == s)) for s in kept}
panels = {
    "R@1 (%)": {
        kind: {s: recalls(hits[s])[kind] for s in kept} for kind in ("single step", "two steps")
    }
}
for kind, curve in panels["R@1 (%)"].items():
    best = max(curve, key=curve.get)
    print(f"{kind:12s} best at length {best}: {curve[best]:.1f}; at length 32: {curve[32]:.1f}")
spread_curves(
    panels, xlabel="the only length that is kept (units)", title="One length for all moments"
)

# %% [markdown]
# Single-step moments want short clips, two-step moments want longer ones, and the two
# peaks lie apart. Whichever length you keep, one kind of query loses much, or both lose a little. The longest clips lose most: length 32 is the model of lesson 1 with one vector per film.
#
# Which moments exactly are lost? Those that all lengths together find, and a single length does not:

# %%
all_lengths = is_found(best_cosine())
for s in (1, 6, 16):
    lost, won = all_lengths & ~hits[s], hits[s] & ~all_lengths
    print(
        f"only length {s:2d}: loses {int(lost.sum()):3d} (half of them last over "
        f"{np.median(lasting[lost.numpy()]):4.1f} s), wins {int(won.sum()):3d}"
    )

# %%
lengths = {"all lengths": slice(None), **{f"only {s}": size == s for s in (1, 2, 3, 6, 16)}}
rows = {}
for name, chosen in lengths.items():
    score = best_cosine(chosen)  # [Q, V]
    among = {f"R@{k} of all": 100 * float(is_found(score, k).float().mean()) for k in (5, 10)}
    rows[name] = {**recalls(is_found(score)), **among}
table(rows)
for metric, name in (("all", "R@1"), ("R@5 of all", "R@5")):
    single = max(rows[f"only {s}"][metric] for s in (1, 2, 3, 6, 16))
    gain = rows["all lengths"][metric] - single
    print(f"{name}: {gain:+.1f} against the best of these single lengths")

# %% [markdown]
# Three honest remarks.
#
# - A single length also **wins** some queries, and for one kind of moment it can even beat all lengths together. A maximum over more
#   clips is also a maximum over more mistakes: every film gets more chances to look right by accident.
# - So the gain over the best single length is small: hardly any in R@1, and some points in R@5, as the last two lines say. But which length is good is known only afterwards, from captions with known films, and it need not be the same
#   for other films. All lengths together need no such choice.
# - These are numbers of a least-squares dictionary on raw features. Lesson 8 trains the real model, and compares it with one vector per film and with the best frame.
#
# ## Recap
#
# - A clip is any run of 1..n units: $n(n+1)/2$ of them, in a triangle, shortest first.
# - A running total with a zero in front gives the mean of any clip by one subtraction and one division. Add up in float64.
# - Clips are linear in units: $C = W U$.
# - $S_c$ is the cosine of the query with the film's best clip. The best one is the key clip, and only it gets a gradient.
# - No single length is best for all moments. All of them together need no choice, at the price of 528 vectors per film.
#
# ## Five questions
#
# <details><summary>1. How many clips would 64 units make, and by what factor would the index of MS-SL grow?</summary>
#
# 64 · 65 / 2 = 2,080, nearly four times as many: the number of clips grows with the square of the number of units.
#
# </details>
#
# <details><summary>2. Why does the running total need a zero in front?</summary>
#
# A clip that starts at unit 0 has nothing to subtract. With $t_0 = 0$ it is not a special case: its sum is $t_e - t_0$.
#
# </details>
#
# <details><summary>3. A query's moment covers two thirds of unit 7 and nothing else. What is the best that any clip can do?</summary>
#
# Unit 7 itself, the clip [7, 8): no clip is shorter than a unit. A third of it is something else. More units would help short moments, at the
# price of question 1; the frame scale (lesson 6) helps as well.
#
# </details>
#
# <details><summary>4. Two clips have the same direction, but the vector of one is twice as long. Which one wins under cosines, which under inner
# products?</summary>
#
# Under cosines neither: they tie. Under inner products the longer one, for a query at less than 90 degrees. A mean of many different units tends to be a
# short vector, so inner products would favour short, uniform clips.
#
# </details>
#
# <details><summary>5. If the key clip gets all of the gradient, how can a film ever learn that another clip is better?</summary>
#
# All clips share the encoder's weights, so every step changes all of them a little; when another clip overtakes, it becomes the key clip. And as negative
# films are scored by their best clip too, wrong key clips are pushed down. Still, a bad beginning can stick: that is one reason for lesson 7's
# second loss.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | spans and their order | `model.clips:clip_spans` | `method/model.py:136-146` |
# | all clips | `model.clips:multi_scale_clips` | `method/model.py:136-146` |
# | clips as a matrix | `model.clips:clip_windows` | – |
# | units | `data.batches:pool_features` | `method/data_provider.py:28-48` |
# | score of the best clip | `search.video_index:VideoIndex.score_vectors` | `method/model.py:197-215` |
# | such a map with the film below it | `plots.similarity_map:similarity_map` | – |
#
# **Next**: lesson 5 keeps a few dozen of these clips, and chooses them well.

# %%
progress(4)
