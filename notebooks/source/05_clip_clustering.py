# %% [markdown]
# # 5 · Length-aware clip clustering
#
# Lesson 4 made 528 clips of every film, far more than a collection can keep. This lesson chooses 32 of them that stand for the others.
#
# **You will be able to**
# - say what 528 clips per film cost, and why a few dozen *real* clips can stand for all of them;
# - write k-medoids: a start far out, assignment, and an update that is one matrix product;
# - make clips of different lengths keep apart with a code of their length, and see what happens without it;
# - (if you like) explain why ties between clips are not an accident, and what a careful program does about them.
#
# **You need** lesson 4 (the triangle of clips, $C = W U$). Lesson 3 helps: its encoder ends in a LayerNorm.
#
# **Time**: 100 minutes to read and solve; running it takes {{cost}}.

# %% tags=["setup"]
# 5

# %%
import time
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F

import prvr_lite
from prvr_lite import clip_spans, cluster_clips, length_code, load_sample, multi_scale_clips
from prvr_lite.course import check, heat_maps, hint, progress
from prvr_lite.course.lesson05 import (
    clip_clusters,
    cluster_rounds,
    cluster_triangles,
    kkz_steps,
    medoid_strips,
)
from prvr_lite.data import normalise, pool_features
from prvr_lite.lab import Results, label, spread_text
from prvr_lite.lab import medoids as medoids_figure
from prvr_lite.model import clip_windows
from prvr_lite.plots import growth_curves, spread_curves, timed_thumbnails

sample = load_sample()

# %% [markdown]
# ## 1 · 528 are too many
#
# Lesson 4 (section 7) computed what all 528 clips cost: 755 GiB for a million films. With 32 clips per film it is about a sixteenth of that, which fits into the memory of one strong machine. Are so few enough? Clips overlap so much that most of the 528 say
# nearly the same (lesson 4 measured it). A few representatives could do: one for each group of clips that are alike. MS-SL++ finds such groups by
# **clustering**, and it wants representatives of a special kind:
#
# - A **mean** of clips is not a clip. It has no start and no end, so there is nothing to show, and nothing to guide attention with (lesson 6).
# - A **medoid** is the member of a group that is, in sum, nearest to all its members. It is a real clip, with a span.
#
# ## 2 · k-medoids in the plane
#
# We learn it on points that have only two numbers each, so that every step can be drawn: three clouds
# of points, and a straggler, which is a point that lies far from the others.

# %%
generator = torch.Generator().manual_seed(8)
centres = torch.tensor([[0.0, 0.0], [4.0, 1.0], [1.5, 4.0]])
points = torch.cat([0.7 * torch.randn(9, 2, generator=generator) + c for c in centres])
points = torch.cat([points, torch.tensor([[7.0, 4.5]])])  # the straggler, row 27


def distances(points: torch.Tensor) -> torch.Tensor:
    """Euclidean distances of all pairs, [N, D] -> [N, N], by subtraction: exact and symmetric."""
    # points[:, None] - points would hold N x N differences of D numbers at once: gigabytes for clips
    return torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")


distance, norm = distances(points), points.norm(dim=1)  # [28, 28], [28]
print(len(points), "points; the straggler at", points[27].tolist())

# %% [markdown]
# ### Where to begin: KKZ
#
# Each step of k-medoids only improves the result before it, so its start matters. The **KKZ** start (named after Katsavounidis, Kuo and Zhang) needs no random numbers. It takes the
# point of largest norm, and then, again and again, the point that is worst served so far: the one farthest from its *nearest* medoid,
#
# $$m_0 = \arg\max_i \lVert x_i \rVert, \qquad m_{j+1} = \arg\max_i \; \min_{j' \le j} \; \lVert x_i - x_{m_{j'}} \rVert .$$
# <!-- eq: kkz -> prvr_lite.model.clustering:_kkz -->

# %%
kkz_steps(points)

# %% [markdown]
# The larger a disc, the worse its point is served, and the largest is chosen. Then all discs near it shrink.
#
# ### ✏️ Exercise 5.1 · kkz_start  (★★☆, 12 minutes)
#
# Return the rows of the k starting medoids, `[k]`, in the order in which they are chosen. Of equal candidates take the lowest row. Take no row a second time, not even if points coincide (a short film repeats its frames, so its clips do
# coincide).
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("kkz_start")` in a new cell.
# - *My medoids jump between two far ends*: farthest from the last medoid, or from the nearest of all?
# - *The same row comes twice*: when is the largest distance 0, and which row does argmax name then?
#
# </details>


# %% tags=["solution"]
def kkz_start(distance: torch.Tensor, norm: torch.Tensor, k: int) -> torch.Tensor:
    """Rows of k starting medoids, in the order of choice: distance [N, N], norm [N] -> [k].

    First the largest norm, then always the point farthest from its nearest medoid. Equal ones:
    the lowest row. No row is taken twice.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
kkz_start = check(kkz_start)

# %% [markdown]
# ### Assign
#
# Every point joins its nearest medoid. One rule on top: **a medoid always belongs to its own cluster.** This seems to go without saying, but it does not: of two medoids at the same place, one would lose all its points, itself included.
#
# $$a_i = \arg\min_j \; \lVert x_i - x_{m_j} \rVert, \qquad a_{m_j} = j .$$
# <!-- eq: assign -> prvr_lite.model.clustering:_assign -->
#
# ### ✏️ Exercise 5.2 · assign_points  (★☆☆, 8 minutes)
#
# Return for each point the number (0..k-1) of its nearest medoid, `[N]`; no loop is needed. Of equal ones take the lowest number, and let each medoid belong to itself.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("assign_points")` in a new cell.
# - *The numbers are too large*: clusters are 0..k-1, not rows of points.
#
# </details>


# %% tags=["solution"]
def assign_points(distance: torch.Tensor, medoids: torch.Tensor) -> torch.Tensor:
    """Number of the nearest medoid, 0..k-1: distance [N, N], medoids [k] -> [N].

    Equal ones: the lowest number. A medoid always belongs to itself.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
assign_points = check(assign_points)

# %% [markdown]
# ### Move
#
# Each cluster chooses a new medoid: the member with the least summed distance to all members. Here it is with loops:


# %%
def move_by_loop(distance: torch.Tensor, assignment: torch.Tensor, k: int) -> torch.Tensor:
    """The new medoids [k], one cluster after the other."""
    medoids = []
    for c in range(k):
        members = (assignment == c).nonzero()[:, 0]
        cost = [float(distance[i, members].sum()) for i in members]
        medoids.append(int(members[int(np.argmin(cost))]))
    return torch.tensor(medoids)


start = kkz_start(distance, norm, 3)
joined = assign_points(distance, start)
moved = move_by_loop(distance, joined, 3)
steps = {"start": (start, None), "assign": (start, joined), "move": (moved, joined)}
cluster_rounds(points, steps, title="One round of k-medoids")

# %% [markdown]
# Look at the start: KKZ went for the straggler, of course. After the move the medoid lies among many points again.
#
# On a GPU, with dozens of films and 32 clusters in each, loops are too slow. The released code copies the distances once for every cluster and blanks out
# what does not belong: a tensor of $B \cdot K \cdot N \cdot N$ numbers.

# %%
batch, k, n_clips = 64, 32, 528
print(
    f"K masked copies for {batch} films: {batch * k * n_clips**2 * 4 / 2**30:.1f} GiB"
    f" | the distances themselves: {batch * n_clips**2 * 4 / 2**20:.0f} MiB"
)

# %% [markdown]
# There is a cheaper way. Write the assignment as a table $O$ with a 1 where point $i$ is in cluster $c$. Then one product
#
# $$(D\,O)_{ic} = \sum_{j \in \text{cluster } c} d_{ij}$$
# <!-- eq: summed distances -> prvr_lite.model.clustering:_cluster_sums -->
#
# holds the summed distance of **every** point to **every** cluster. Blank out the points that are not members, and each column's minimum is the new medoid. Here is that table, where each row is scaled from its least to its largest value; brighter is farther, and grey is not a member:

# %%
member = F.one_hot(joined, 3).float()  # O, [N, k]
cost = (distance @ member).masked_fill(member == 0, torch.nan)  # [N, k]
least, most = (cost.nanquantile(q, dim=0) for q in (0.0, 1.0))  # [k] each
print("least of each cluster", [round(x, 1) for x in least.tolist()])
picture = heat_maps(
    {"cost": ((cost - least) / (most - least)).T},  # 0 to 1 in each row
    title="Who is central in its cluster?",
    square=False,
    about="summed distance to the members of its cluster; dots: the medoids that the loop found",
    xlabel="point",
    ylabel="cluster",
    unit="0: a row's least, 1: its most",
)
picture.axes[0].plot(moved + 0.5, torch.arange(3) + 0.5, "o", color="white")  # mid-cell
picture

# %% [markdown]
# ### ✏️ Exercise 5.3 · move_medoids  (★★★, 15 minutes)
#
# Return the row of each cluster's new medoid, `[k]`, by one product, and without a loop or K copies. (The check notices a loop. It cannot notice copies: they give the same numbers, and only cost time and memory.)
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("move_medoids")` in a new cell.
# - *A medoid comes from another cluster*: which points may be chosen?
# - *It always chooses row 0 or a point far away*: what cost did you give to points that are not members? (For a picture NaN is fine. `argmin` takes it for the least of all.)
# - *It stops with a RuntimeError about dtypes*: of what type is `one_hot`?
#
# </details>


# %% tags=["solution"]
def move_medoids(distance: torch.Tensor, assignment: torch.Tensor, k: int) -> torch.Tensor:
    """Row of the most central member of each cluster: distance [N, N], assignment [N] -> [k].

    Most central: the least summed distance to the members. Equal ones: the lowest row.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
move_medoids = check(move_medoids)

# %%
same = torch.equal(move_medoids(distance, joined, 3), move_by_loop(distance, joined, 3))
print("the same medoids as the loop:", same)

# %% [markdown]
# ### Until nothing moves
#
# Assign, move, assign, move, … until no medoid moves (60 rounds at most; it takes far fewer). At the end the medoids are put in ascending order, and the points
# assigned once more, so that cluster 0 is that of the first medoid.
#
# ### ✏️ Exercise 5.4 · k_medoids  (★★☆, 12 minutes)
#
# Put the three parts together: return the rows of the final medoids in ascending order, `[k]`, and the number of each point's cluster, `[N]`.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("k_medoids")` in a new cell.
# - *The clusters are right but carry other numbers*: what changes when you sort the medoids?
#
# </details>


# %% tags=["solution"]
def k_medoids(points: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cluster points [N, D] around k of them, by Euclidean distance, from the KKZ start.

    Returns the medoids' rows [k], ascending, and the cluster of each point [N], 0..k-1.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
k_medoids = check(k_medoids)


# %%
def total_cost(distance: torch.Tensor, medoids: torch.Tensor, cluster: torch.Tensor) -> float:
    """Summed distance of all points to the medoids of their clusters: what k-medoids makes small."""
    return float(distance[torch.arange(len(distance)), medoids[cluster]].sum())


medoids, before, panels = kkz_start(distance, norm, 4), None, {}
while before is None or not torch.equal(medoids, before):
    cluster = assign_points(distance, medoids)
    cost = total_cost(distance, medoids, cluster)
    panels[f"{f'round {len(panels)}' if panels else 'start'}: cost {cost:.1f}"] = (medoids, cluster)
    before, medoids = medoids, move_medoids(distance, cluster, 4)
cluster_rounds(points, panels, title="Downhill: a total cost that only falls")

# %% [markdown]
# Neither half of a round can raise the total cost: each point takes the nearest medoid, and each cluster the medoid that
# is cheapest for it. So it walks **downhill**, and must come to rest. (Where it stops is not always the best: another start may end lower.)
#
# The package clusters many films at once. Does it find the same medoids?

# %%
for k in (2, 3, 4, 7):
    yours, theirs = k_medoids(points, k), prvr_lite.kmedoids(points[None], k)
    same = all(torch.equal(a, b[0]) for a, b in zip(yours, theirs, strict=True))
    print(k, "medoids:", yours[0].tolist(), "| as prvr_lite.kmedoids:", same)

# %% [markdown]
# Medoids have a second advantage: stragglers hardly move them. Push the one at row 27 ever farther out, and compare the mean of its cluster
# with the medoid:

# %%
cluster = torch.cat([points[9:18], points[27:]])  # the right-hand cloud and the straggler
for push in (1, 3, 10):
    cluster[-1] = push * points[27]
    medoid = move_medoids(distances(cluster), torch.zeros(10, dtype=torch.long), 1)
    print(
        f"straggler at {[round(x, 1) for x in cluster[-1].tolist()]}: mean "
        f"{[round(x, 1) for x in cluster.mean(0).tolist()]}, "
        f"medoid {[round(x, 1) for x in cluster[medoid[0]].tolist()]}"
    )

# %% [markdown]
# ## 3 · The clips of a film
#
# Now points with more than two numbers. In MS-SL++ the units leave the encoder through a LayerNorm (lesson 3), so each of them has a norm of
# about $\sqrt{H}$. Without training we take the LayerNorm alone, with a gain that is a little off 1, as training would leave it. (With a gain of
# exactly 1 all units would be equally long, and KKZ's first choice would be left to the last digit.)


# %%
def film_units(videos) -> torch.Tensor:
    """Pooled and normalised features of films: [V, 32, Dv]."""
    pooled = [normalise(pool_features(frames, 32)) for frames in sample.frames_of(videos)]
    return torch.from_numpy(np.stack(pooled))


gain = 1 + 0.1 * torch.randn(sample.visual_dim, generator=torch.Generator().manual_seed(1))


def encoded_units(videos) -> torch.Tensor:
    """Units as an encoder's last LayerNorm might leave them: [V, n, H]."""
    return F.layer_norm(film_units(videos), [sample.visual_dim], gain)


video = int(sample.query_video[3364])
units = encoded_units([video])  # [1, n, H]
clips = multi_scale_clips(units)[0]  # [N, H]
size = (clip_spans(32)[:, 1] - clip_spans(32)[:, 0]).float()  # [N]: length of each clip
duration = float(sample.duration[video])
shown = {"duration": duration, "thumbnails": timed_thumbnails(sample.thumbnails(video), duration)}
medoids, assignment = k_medoids(clips, 16)
few = k_medoids(clips, 6)
cluster_triangles(
    {"K = 6": (few[1], few[0]), "K = 16": (assignment, medoids)},
    title="Clips that look alike, whatever their length",
    **shown,
)

# %% [markdown]
# This is the triangle of lesson 4, of the same film (the owl on the beach), in the colours of its clusters. They stand like **columns and wedges** over the scenes, which you see
# in the strip below. And the medoids? Each is a real clip of the film, with a start and an end. Here are the six of K = 6:

# %%
medoid_strips(few[1], few[0], **shown)

# %% [markdown]
# Each outline is one medoid, in the colour of its cluster; six of them stand for all 528 clips. Some are short and some are long. But a clip of two
# units and one of ten share a cluster if they show the same scene, and one medoid has to stand for both. How far do lengths mix?


# %%
def spread_of_lengths(assignment: torch.Tensor, k: int) -> float:
    """Mean over clips of how far their length is from the mean length of their cluster."""
    member = F.one_hot(assignment, k).float()  # [N, k]
    mean = (size @ member) / member.sum(0)  # [k]
    return float((size - mean[assignment]).abs().mean())


print(f"clips lie {spread_of_lengths(assignment, 16):.1f} units off their cluster's mean length")
print("lengths of the medoids:", sorted(size[medoids].int().tolist()))

# %% [markdown]
# But length *matters*: lesson 4 showed that short and long moments want different clips. A two-step moment needs its long clip even if the long clip looks
# much like its first half.
#
# ## 4 · A code for the length
#
# MS-SL++ solves this as follows: before clustering, append the length to each clip, as numbers. One number would have no effect among 384. So it takes the sines and cosines that transformers use for positions, $d = 256$ of them. For a clip of length $\ell$:
#
# $$p_{\ell, 2i} = \sin\!\left(\frac{\ell - 1}{10000^{2i/d}}\right), \qquad p_{\ell, 2i+1} = \cos\!\left(\frac{\ell - 1}{10000^{2i/d}}\right),
# \qquad i = 0 \dots \tfrac{d}{2} - 1 .$$
# <!-- eq: length code -> prvr_lite.model.clips:length_code -->
#
# With $d = 4$ there are two pairs. Their angles are $\ell - 1$ and $(\ell - 1) / 100$, so that the code of length 3 is $(\sin 2, \cos 2, \sin 0.02, \cos 0.02)$.
#
# ### ✏️ Exercise 5.5 · code_of_length  (★★☆, 10 minutes)
#
# Return the codes of many lengths at once, `[N, d]`: sines and cosines in turn, as in the formula.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("code_of_length")` in a new cell.
# - *It looks right, but in other columns*: do sines and cosines take turns?
#
# </details>


# %% tags=["solution"]
def code_of_length(length: torch.Tensor, dim: int) -> torch.Tensor:
    """Sines and cosines of length - 1, in turn, ever slower: length [N], dim even -> [N, dim]."""
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
code_of_length = check(code_of_length)

# %%
code = code_of_length(size.long(), 256)  # [N, 256]
print("as the package:", torch.allclose(code, length_code(32), atol=1e-5))
each = code_of_length(torch.arange(1, 33), 256)  # [32, 256]
heat_maps(
    {"sines": each[:, ::16], "cosines": each[:, 1::16]},
    title="The code of the lengths 1 to 32",
    square=False,
    about="every eighth of its 128 pairs: quick waves on the left, ever slower ones to the right",
    xlabel="i / 8",
    ylabel="length − 1",
    unit="value",
)

# %% [markdown]
# Two properties make it a good neighbour of a clip vector. Every code has the same norm (each pair adds $\sin^2 + \cos^2 = 1$), so no length looks more important. And
# the distance of two codes depends on the difference of the lengths alone, growing quickly at first:

# %%
print(
    "norms from",
    round(float(each.norm(dim=1).min()), 3),
    "to",
    round(float(each.norm(dim=1).max()), 3),
    "| norm of a unit:",
    round(float(units[0, 0].norm()), 3),
)
apart = distances(each)
curves = {
    f"from length {a}": {b - a: float(apart[a - 1, b - 1]) for b in range(a, 33)} for a in (1, 9)
}
spread_curves(
    {"distance of the codes": curves},
    xlabel="difference of the lengths",
    title="How far apart the code puts two lengths",
)

# %% [markdown]
# The two curves lie on top of each other where both exist. So the code puts 31 as far from 32 as 1 from 2, although a unit more means little to the former and doubles the latter. A code in which the *ratio* decides might be better; this one does not have that property.
#
# Now cluster clips **with** their code appended. (Only the clustering sees the code. What is kept and compared with
# queries is the plain clip.) In a live notebook, move K and switch the code off and on.

# %%
clip_clusters(units[0])

# %% [markdown]
# With the code the wedges become **bands**: clusters of clips that are alike in content *and* in length. Short clips, which change quickly, are cut by content; long ones, which
# all look alike, by length. In numbers:

# %%
coded = torch.cat([clips, code], dim=1)  # [N, H + 256]
for name, these in (("without the code", clips), ("with the code", coded)):
    away = spread_of_lengths(k_medoids(these, 16)[1], 16)
    print(f"{name:17s} clips lie {away:.1f} units off their cluster's mean length")

# %% [markdown]
# ## 5 · How many medoids?
#
# Memory and query time grow with K. What is gained in return? Search the test films by the dictionary of lesson 4 (captions turned into frames by least squares, fitted to the train films), but
# let each film keep only its K medoids. The next cell is that dictionary once more, with nothing new in it.

# %%
spans = clip_spans(32).tolist()
row = {tuple(span): i for i, span in enumerate(spans)}


def mean_words(queries) -> torch.Tensor:
    """[Q, Dw + 1]: the mean word of each caption, and a 1 for the constant."""
    means = np.stack([words.mean(0) for words in sample.words_of(queries)])
    return F.pad(torch.from_numpy(means), (0, 1), value=1.0)


def moment_rows(queries) -> list[int]:
    """The clip that is nearest to each true moment."""
    share = sample.moment[queries] / sample.duration[sample.query_video[queries], None]
    start = (32 * share[:, 0]).round().clip(0, 31).astype(int)
    end = np.maximum((32 * share[:, 1]).round().clip(0, 32).astype(int), start + 1)
    return [row[int(s), int(e)] for s, e in zip(start, end, strict=True)]


def clips_of(units: torch.Tensor) -> torch.Tensor:
    """All clips of many films, [V, N, Dv]: 20 films at a time, as they are computed in float64."""
    return torch.cat([multi_scale_clips(some) for some in units.split(20)])


train, films = sample.queries_in("train"), sample.videos_in("train")
film_row = np.searchsorted(films, sample.query_video[train])
moments = clips_of(film_units(films))[film_row, moment_rows(train)]  # [Q, Dv]
dictionary = torch.linalg.lstsq(mean_words(train), moments).solution
test, videos = sample.queries_in("test"), sample.videos_in("test")
queries = F.normalize(mean_words(test) @ dictionary, dim=1)  # [Q, Dv]
test_units = film_units(videos)  # [V, n, Dv]
test_clips = F.normalize(clips_of(test_units), dim=-1)  # [V, N, Dv]
right = torch.from_numpy(np.searchsorted(videos, sample.query_video[test]))  # [Q]


# %%
def recall_at_1(kept: torch.Tensor) -> float:
    """R@1 in % when film v keeps the clips kept[v]; kept [V, K]."""
    pairs = zip(test_clips, kept, strict=True)  # film by film: all cosines would take a GB
    score = torch.stack([(queries @ clips[rows].T).amax(1) for clips, rows in pairs], 1)  # [Q, V]
    return 100 * float(((score >= score.gather(1, right[:, None])).sum(1) == 1).float().mean())


# %%
encoded = encoded_units(videos)
curves = {"with the code": {}, "without": {}}
for k in (1, 2, 4, 8, 16, 32, 64, 128):
    for name, aware in (("with the code", True), ("without", False)):
        kept, _ = cluster_clips(encoded, k, length_aware=aware)
        curves[name][k] = recall_at_1(kept)
all_clips_recall = recall_at_1(torch.arange(528).expand(len(videos), -1))
all_clips = dict.fromkeys(curves["without"], all_clips_recall)  # one level for every K
spread_curves(
    {"R@1 (%)": {**curves, "all 528 clips": all_clips}},
    xlabel="medoids K kept of 528 clips",
    logarithmic=True,
    chosen=32,
    title="A few dozen medoids do nearly as well as all clips",
)

# %%
for k in (8, 16, 32, 64):
    print(
        f"K = {k:3d}: {k / 528:5.1%} of the memory, {curves['with the code'][k] / all_clips_recall:4.0%}"
        f" of the R@1 of all 528 clips"
    )
begin = time.perf_counter()
cluster_clips(encoded, 32)
print(f"clustering takes {1000 * (time.perf_counter() - begin) / len(videos):.1f} ms per film")

# %% [markdown]
# With a few dozen medoids hardly anything is lost, for a small part of the memory. (More than 100 %? Each clip is also a chance to look right by mistake, lesson 4's "maximum over more mistakes": with fewer clips there are fewer such chances.) Clustering happens once, when a film enters the index.
#
# And the length code? Here the two curves run close together, now one ahead and now the other. That is an honest result of an *untrained* toy: differences of one or two points are within chance. What *trained*
# models do takes an experiment with several seeds. We ran one (`prvr-lite experiments`; `docs/experiments.md` describes its outcome), and its numbers come with the package:

# %%
results = Results.published()
by_metric = {
    name: results.values(name, "R@1")
    for name in ("mssl++", "no-length-code", "random-clips", "mssl")
}
for name, values in by_metric.items():
    print(f"{label(name):40s} R@1 {spread_text(values, 'R@1')}, {len(values)} seeds")
for name in ("no-length-code", "random-clips"):
    by_seed = results.differences("mssl++", name, "R@1")
    each = ", ".join(f"{difference:+.1f}" for difference in by_seed.values())
    print(f"R@1 of MS-SL++ minus that of {label(name)}, seed by seed: {each}")
medoids_figure(results)

# %% [markdown]
# Compare them seed by seed: two models with the same seed draw the same random numbers, so that much of the luck cancels out (lesson 8
# does this with more care). Against random clips instead of medoids every seed gains, and much: choosing well is worth it. Against the same model **without the length code** no seed gains anything; the
# differences run from zero to a few points *down*. Three seeds cannot say whether the code does harm, but they show no gain. So on these
# films it brings nothing that could be measured, although the bands look convincing. A plausible idea is not yet a measured one.
#
# Why does one choice pay and the other not? A query never sees how long a clip is, only what it shows. So a choice of clips can matter only where a moment is left
# without a clip that looks like it. For each test query take the clip of its moment, and the kept clip that looks most like it (cosine):

# %%
moment_clip, edges = torch.tensor(moment_rows(test)), (1, 2, 4, 7, 13, 33)
every = F.normalize(clips_of(encoded), dim=-1)  # [V, N, H]
moment, length = every[right, moment_clip], size[moment_clip]  # [Q, H], [Q]
noise = torch.rand(every.shape[:2], generator=torch.Generator().manual_seed(2))
choices = {
    "with the code": cluster_clips(encoded, 32)[0],
    "without it": cluster_clips(encoded, 32, length_aware=False)[0],
    "random clips": noise.argsort(1)[:, :32],
}
bins = [(length >= a) & (length < b) for a, b in pairwise(edges)]
print("mean cosine of the moment's clip and the kept clip that is most like it")
print("units of the moment    1  2-3  4-6 7-12  13+")
for name, kept in choices.items():
    clips_kept = torch.take_along_dim(every, kept[..., None], 1)[right]  # [Q, 32, H]
    alike = (clips_kept @ moment[..., None]).amax((1, 2))  # [Q]
    print(f"{name:19s}", *(f"{alike[some].mean():.2f}" for some in bins))

# %% [markdown]
# With or without the code, the medoids hold a clip that shows nearly what the moment shows, be it short or long: the code has nothing left to gain. Where it changes the choice, it is
# mostly between clips that look alike, and those score alike. Random clips are mostly long, so that short moments lack one: there choosing well pays. Could it be that the moments
# of these films are all too much alike in length? We made other films to find out: their moments fill from 2 % to nearly all of a film, and some lie inside another. There too five seeds show no gain with 32 medoids, and a small loss with 8 (`docs/experiments.md`, "Short and long moments").
#
# ## 6 · Ties are not an accident (optional)
#
# If you are in a hurry, run the three cells of this section and go on with section 7. You need only this from it: equal distances do occur, and `cluster_clips` settles them by a rule, which is to take the lowest row.
#
# Look at the clip [4, 12) and its two halves, [4, 8) and [8, 12). The whole is the mean of the halves, so it lies **exactly midway**
# between them; and as the halves are equally long, their codes change nothing:
#
# $$c_{s, s+2L} = \tfrac12 \left(c_{s, s+L} + c_{s+L, s+2L}\right) \;\Rightarrow\;
# \lVert c_{s,s+2L} - c_{s,s+L} \rVert = \lVert c_{s,s+2L} - c_{s+L,s+2L} \rVert .$$
# <!-- eq: midpoint tie -> prvr_lite.model.clustering:cluster_clips -->
#
# Every clip of even length is such a midpoint. What do computers make of it?

# %%
ties = [
    (row[s, e], row[s, (s + e) // 2], row[(s + e) // 2, e]) for s, e in spans if (e - s) % 2 == 0
]
whole, early, late = torch.tensor(ties).T
fine = distances(torch.cat([multi_scale_clips(units.double())[0], code.double()], dim=1))
for name, table in (
    ("float32, by a product", torch.cdist(coded, coded, compute_mode="use_mm_for_euclid_dist")),
    ("float32, by subtraction", distances(coded)),
    ("float64, by subtraction", fine),
    ("the same, rounded to float32", fine.float()),
):
    gap = (table[whole, early] - table[whole, late]).abs()
    print(
        f"{name:29s} {int((gap > 0).sum()):3d} of {len(ties)} ties broken, by {gap.max():.0e} at most"
    )

# %% [markdown]
# In mathematics none of them is broken. In floating point the last digit decides, and it differs from machine to machine. Does it matter? If a midpoint clip has both halves for medoids,
# the last digit chooses its cluster; that may move a medoid, and then the next one. Disturb films by a millionth and count how many keep other clips than before. First disturb the *clips*, as
# rounding does; then the *units*, where every midpoint stays a midpoint:

# %%
some = encoded_units(sample.videos_in("test")[:32])  # [V, n, H]
noise = torch.Generator().manual_seed(0)


def shaken(x: torch.Tensor) -> torch.Tensor:
    return x * (1 + 1e-6 * torch.randn(x.shape, generator=noise))


made = torch.cat([multi_scale_clips(some), code.expand(32, -1, -1)], dim=2)  # [V, N, H + 256]
for name, before, after in (
    ("clips", prvr_lite.kmedoids(made, 32)[0], prvr_lite.kmedoids(shaken(made), 32)[0]),
    ("units", cluster_clips(some, 32)[0], cluster_clips(shaken(some), 32)[0]),
):
    print(
        f"{name} disturbed: {int((before != after).any(1).sum()):2d} of 32 films keep other clips"
    )
frames = np.diff(sample.frame_offset)
print(f"{int((frames < 32).sum())} of {len(frames)} films have fewer than 32 frames")

# %% [markdown]
# The same millionth is enough to change the choice where it breaks ties, and it is harmless where they hold. So `cluster_clips` starts from the units, computes distances in float64 and rounds them to float32 at the end: ties are ties again, and go to the lowest row, everywhere. The released
# code lets noise decide, and while training even drops out parts of its points. For accuracy it hardly matters. For *reproducing* a result it does.
#
# There is one more kind of tie. Films with fewer than 32 frames repeat frames, so that some clips are copies of each other: that is
# why a medoid must keep its own cluster. (The last line above says how many there are.)
#
# ## 7 · Without building a single clip
#
# Lesson 4 promised it: with $C = W U$ the inner products of all clips follow from those of the units,
#
# $$C C^\top = W \, (U U^\top) \, W^\top, \qquad \lVert c_i - c_j \rVert^2 = \lVert c_i \rVert^2 - 2\, c_i \cdot c_j + \lVert c_j \rVert^2 .$$
# <!-- eq: distances from units -> prvr_lite.model.clustering:_clip_distances -->

# %%
W = clip_windows(32)  # [N, n] float64
U = units[0].double()  # [n, H]
inner = W @ (U @ U.T) @ W.T  # [N, N], and no clip anywhere
square = inner.diagonal()[:, None] - 2 * inner + inner.diagonal()
print(
    "largest error of the distances:",
    f"{(square.clamp(min=0).sqrt() - distances(clips.double())).abs().max():.0e}",
)
print(
    f"multiplications: {528 * 528 * 384:,} for C @ C.T at H = 384,"
    f" {32 * 32 * 384 + 528 * 32 * 32 + 528 * 528 * 32:,} this way"
)

# %% [markdown]
# `cluster_clips(units, k)` does this for many films at once, adds the squared distances of the codes (the same for every film), and never holds more
# than the distances of a few films. Time three ways to run the update alone, on films of more and more units:


# %%
def seconds(update, repeats: int = 3) -> float:
    """The least of some times, in s."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        update()
        times.append(time.perf_counter() - begin)
    return min(times)


def move_by_copies(distance: torch.Tensor, assignment: torch.Tensor, k: int) -> torch.Tensor:
    """The update with K masked copies of the distances, [k, N, N]."""
    member = F.one_hot(assignment, k).T.bool()  # [k, N]
    copies = distance * member[:, None] * member[:, :, None]
    return copies.sum(2).masked_fill(~member, torch.inf).argmin(1)


ways = {"loop": move_by_loop, "K masked copies": move_by_copies, "D @ O": move_medoids}
curves = {name: ([], []) for name in ways}
for n in (8, 12, 16, 24, 32):
    here = multi_scale_clips(units[:, :n])[0]
    table, k = distances(here), min(32, len(here) // 2)
    joined = assign_points(table, kkz_start(table, here.norm(dim=1), k))
    for name, move in ways.items():
        curves[name][0].append(len(here))
        curves[name][1].append(1000 * seconds(lambda move=move: move(table, joined, k)))
growth_curves(
    curves,
    xlabel="clips N of one film",
    ylabel="one update (ms)",
    title="The same medoids, at very different prices",
)

# %% [markdown]
# The copies need $K$ tables where one would be enough. With many clips they even lose to the loop on a CPU: the loop looks at members alone, the copies at all $N^2$ distances $K$ times. (A GPU does that work in parallel, as long as its memory is large enough; there the loop would be the slowest.) Mind that $K$ grows with $N$ in this picture, up to 32, and that exponents from small sizes are rough: part of the time is the calls themselves.
#
# ## 8 · Predict, then break it
#
# The code is always appended with the same weight. What if it counted ten times as much? Or nearly nothing? Before you run the next cell, sketch the triangle for each:
#
# - code times 0.1: …
# - code times 10: …
# - and what will R@1 do in each case, with K = 16?

# %%
weights, panels = (0.1, 1.0, 10.0), {}
for weight in weights:
    medoids, assignment = k_medoids(torch.cat([clips, weight * code], dim=1), 16)
    panels[f"code × {weight:g}"] = (assignment, medoids)
cluster_triangles(panels, title="How much should length count?", duration=duration)

# %%
every_clip = multi_scale_clips(encoded)  # [V, N, H]
for weight in weights:
    appended = (weight * code).expand(len(every_clip), -1, -1)
    kept, _ = prvr_lite.kmedoids(torch.cat([every_clip, appended], dim=2), 16)
    print(f"code × {weight:4.1f}: R@1 {recall_at_1(kept):4.1f} %")

# %% [markdown]
# Nearly without a code the wedges of section 3 come back. With ten times the code only length counts: flat bands, one medoid for *all* clips of a few lengths, wherever they lie. Then a short moment at the wrong place
# is represented by nothing, and R@1 falls. The code must not be too strong. How strong should it be? On these films a weak code does no worse than the released weight of 1, which agrees with the trained models above. And which weight is strong depends on the encoder's width: 256 numbers stand beside 384 in the paper, beside 112 here.
#
# ## Recap
#
# - 528 clips per film are too many to keep, and they are mostly alike; K medoids stand for them. A medoid is a real clip with a span.
# - k-medoids: KKZ start, assign, move, until nothing moves. $D\,O$ replaces $K$ copies of the distances.
# - Without the length code clusters are wedges over scenes, and lengths mix; with it they are bands, and a medoid stands for clips about as long as itself.
#   **On these films the code brought nothing measurable**: of the trained models, no seed gained by it. Medoids against random clips gained in every seed:
#   what decides is whether a kept clip looks like the moment, and random clips miss the short ones.
# - A few dozen medoids search nearly as well as 528 clips.
# - Clips of even length are midpoints of their halves, so ties are everywhere: compute exactly, and settle them by a rule.
# - Distances of clips follow from inner products of units; no clip needs to be built to be clustered.
#
# ## Five questions
#
# <details><summary>1. Why does KKZ choose stragglers, and why does that do little harm?</summary>
#
# It always takes the point that is farthest from all medoids, and that is what a straggler is. The moves that follow bring the medoid back among the many, unless the straggler is so far that it deserves a cluster of its own.
#
# </details>
#
# <details><summary>2. Could we cluster with k-means and keep, for each centre, the nearest clip?</summary>
#
# Yes, and it would give spans too. But the centre would be a mean, which stragglers pull, and the nearest clip to a mean need not be central. k-medoids optimises what is then used.
#
# </details>
#
# <details><summary>3. No gradient flows through the clustering. How can the model learn nevertheless?</summary>
#
# Clustering only chooses rows. The chosen clips are still means of encoded units, and the gradient flows through them into the encoder, as it does through the maximum of lesson 4.
#
# </details>
#
# <details><summary>4. Cluster sizes differ a lot. Why may one medoid stand for a hundred clips, and another for two?</summary>
#
# Where the film hardly changes, clips are alike, and one of them is enough. Where it changes quickly, each clip holds something else. That is just what a fixed grid of clips could not do.
#
# </details>
#
# <details><summary>5. Two colleagues find that their GPU keeps other medoids than their laptop, and suspect a bug. What do you ask them first?</summary>
#
# How the distances are computed, and how ties are settled. With float32 products, midpoint ties are settled by rounding, and that differs between machines. Then: are the summed distances to the medoids as good? If so, both answers are right.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | k-medoids of many sets | `model.clustering:kmedoids` | `method/fast_kmeans.py:142-194` |
# | KKZ start | `model.clustering:_kkz` | `method/fast_kmeans.py:67-107` |
# | assignment | `model.clustering:_assign` | `method/fast_kmeans.py:172-173` |
# | moving medoids | `model.clustering:_update` | `method/fast_kmeans.py:176-179` (K masked copies; distances made negative, so that a 0 never wins) |
# | length code | `model.clips:length_code` | `method/model_components.py:131-152` |
# | clustering from units | `model.clustering:cluster_clips` | – |
# | in the model | `model.msslpp:MSSLpp.select_clips` | `method/model.py:136-165` |
#
# **Next**: lesson 6 lets the best of these clips guide a second, finer look at the frames.

# %%
progress(5)
