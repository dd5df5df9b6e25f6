# %% [markdown]
# # 9 · Search and similarity maps
#
# **You will be able to**
# - search a collection through an index, and say what a query costs;
# - choose the weight α of the two scales on the films where it may be chosen, and say how a choice on test would have misled;
# - read a similarity map, and ask whether a film was found for the right reason;
# - split results by the length of the moment, and notice when such a split misleads;
# - sort failures by their reason, and test a guess about a model by breaking its input.
#
# **You need** lesson 6 (key clip, both scales) and lesson 8 (a trained model, val and test). Lesson 1 has R@1 and its rule for ties.
#
# **Time**: 80 minutes to read and solve; running it takes {{cost}}, most of it training if lesson 8 was not run before.

# %% tags=["setup"]
# 9

# %%
import numpy as np
import torch

from prvr_lite import VideoIndex, clip_spans, evaluate, load_sample, retrieval_metrics
from prvr_lite.course import check, hint, progress, score_triangles, table, trained

sample = load_sample()

# %% [markdown]
# ## 1 · A model, an index, a query
#
# Load the model that lesson 8 trained. (If you come here first, this cell trains it now: about a minute on two idle CPU cores, and the line below says how far it is.) Then encode the 200 test films, once. Of each film the index keeps its 32 medoid clips, and what each of them sees when it is the key clip (lesson 6). The frames are no longer needed.

# %%
from prvr_lite.data import InputReader

model, history = trained("mssl++", sample)
model = model.cpu().eval()
index = VideoIndex.build(model, sample, "test")
reader = InputReader(sample, model.config)
WIZARD = "On the beach, a wizard eats a slice of melon and then plays the guitar."
print(f"kept: epoch {history.best['epoch']:.0f} (from 0), SumR on val {history.best['SumR']:.1f}")
print(f"{len(history.rows)} epochs, alpha {model.config.alpha}, {len(index)} films")

# %% [markdown]
# Now search with a query, first by hand: encode it, score it against every film at both scales, join the scales, take the best.

# %%
query = sample.query_text.index(WIZARD)
scores = index.score(*reader.queries([query]))  # S_c and S_f, [1, V] each
by_hand = (0.7 * scores.clip + 0.3 * scores.frame)[0].topk(3).indices.tolist()  # best first
hits = index.search(sample.words(query), 3)
print(f"“{WIZARD}” Its film: {sample.video_id[sample.query_video[query]]}")
print("same films as prvr_lite's:", by_hand == [hit.video for hit in hits])
for hit in hits:
    print(f"{hit.rank}. {hit.video_id}  {hit.score:.3f}")

# %% [markdown]
# ### What does it cost?
#
# Lesson 8 promised that MS-SL++ saves memory and time. Here is the memory first, all as float32. (MS-SL, the predecessor, keeps all 528 clips.)

# %%
H, films = model.config.hidden_dim, sample.videos_in("test")
frames = sum(len(one) for one in sample.frames_of(films))
bytes_of = {
    "index: 32 clips, attended frames": index.nbytes,
    "the same for all 528 clips": len(index) * 528 * 2 * H * 4,
    "encoded frames of all films": frames * H * 4,
}
table({name: {"MB": size / 1e6} for name, size in bytes_of.items()})

# %% [markdown]
# The index is about as large as the frames of these films: they are half a minute long and have some 60 frames each. A film of an hour has 7,200 frames at the same rate, and still 32 medoids.
#
# Now the time: for building the index, and for one query with it. The first line is measured here. The two below it were measured when the package was made, with 1,000 films: MS-SL++, and MS-SL, whose index holds every clip.


# %%
import time

from prvr_lite.lab import Results, label, spread_text

results = Results.published()


def milliseconds(run, times: int = 5) -> float:
    """The shortest of a few runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return 1000 * min(taken)


once = milliseconds(lambda: VideoIndex.build(model, sample, "test", reader=reader), 1)
each = milliseconds(lambda: index.search(sample.words(query)))
print(f"here: {once:.0f} ms to build the index, {each:.1f} ms per query, 200 films")
for name in ("mssl++", "mssl"):
    costs = [spread_text(results.cost(name, what), what) for what in ("index bytes", "query ms")]
    r1 = spread_text(results.values(name, "R@1"), "R@1")
    print(f"{label(name):17s} {costs[0]:>8s} bytes per film, {costs[1]:>5s} ms per query, R@1 {r1}")

# %% [markdown]
# Without an index, each query would have to wait until it is built. And the last two lines show what clustering gains: a sixteenth of the memory and a small part of the time, for as many films found, within the spread of the seeds.
#
# ## 2 · How much should the clips count?
#
# $$S = \alpha\, S_c + (1 - \alpha)\, S_f$$
# <!-- eq: fused score -> prvr_lite.model.records:Similarity.fused -->
#
# α is 0.7 in the released code, fixed. Is that a good choice here? α is chosen on the **val** films. Here are three values of α, with a plain loop:

# %%
val = evaluate(model, sample, "val")
S_c, S_f = val.similarity.clip, val.similarity.frame  # [Q, V] both
own_val = torch.from_numpy(val.relevant).int().argmax(1)  # [Q] each query's own film


def recall_by_loop(score: torch.Tensor, own: torch.Tensor) -> float:
    """R@1 in %; a film that ties with the own one counts as ahead of it."""
    count = 0
    for values, right in zip(score.tolist(), own.tolist(), strict=True):
        count += all(values[v] < values[right] for v in range(len(values)) if v != right)
    return 100 * count / len(score)


by_loop = [recall_by_loop(a * S_c + (1 - a) * S_f, own_val) for a in (0.0, 0.7, 1.0)]
for a, recall in zip((0.0, 0.7, 1.0), by_loop, strict=True):
    print(f"α = {a}: R@1 {recall:.1f}")

# %% [markdown]
# ### ✏️ Exercise 9.1 · alpha_curve  (★★☆, 12 minutes)
#
# Write it for any number of values of α, and return R@1 for each of them. (A loop over α is fine. Over the queries you need none: one comparison works on whole tables.)
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("alpha_curve")` in a new cell, again and again.
# - *A straight line*: did you mix the recalls, or the scores?
# - *Ties*: with `argmax` you cannot see them. How many films of a row score at least as high as the query's own film?
#
# </details>


# %% tags=["solution"]
def alpha_curve(
    clip: torch.Tensor, frame: torch.Tensor, own: torch.Tensor, alphas: torch.Tensor
) -> torch.Tensor:
    """R@1 in % for each weight of the clip scale; ties count against the model.

    clip [Q, V], frame [Q, V], own [Q] column of each query's film, alphas [A] in 0..1 -> [A].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
alpha_curve = check(alpha_curve)

# %%
from prvr_lite.plots import alpha_sweep

alphas = torch.linspace(0, 1, 21)
curve = alpha_curve(S_c, S_f, own_val, alphas)
on_val = [retrieval_metrics(val.similarity.fused(float(a)), val.relevant) for a in alphas]
theirs = torch.tensor([measured["R@1"] for measured in on_val])
print("as the loop:", torch.allclose(curve[[0, 14, 20]], torch.tensor(by_loop)))
print(f"largest difference to prvr_lite: {(curve - theirs).abs().max():.1f}")
near = curve[[12, 14, 16]]
apart = round(float(near.max() - near.min()) * len(S_c) / 100)
three = ", ".join(f"{recall:.1f}" for recall in near.tolist())
print(f"at 0.6, 0.7 and 0.8: {three}; that is {apart} of {len(S_c)} queries apart")
alpha_sweep(alphas, {"R@1 on val (%)": curve}, chosen=0.7)

# %% [markdown]
# Neither end is best: both scales together find more than each alone. And the top is flat: whether α is 0.6, 0.7 or 0.8 decides over few of the queries (the last line counts them).
#
# Why do two views help? Because they err at different films. Compare each query's film with its strongest rival, the best of all other films. By how much does it lead at the clip scale, by how much at the frame scale? Each query is a mark, and α turns a line: what lies right of it, or above it, is found.

# %%
from prvr_lite.course.lesson09 import lead_plane

rival_scores = val.similarity.fused(0.7).scatter(1, own_val[:, None], -torch.inf)  # [Q, V]
rival = rival_scores.argmax(1)  # [Q] the best other film


def lead(score: torch.Tensor) -> torch.Tensor:
    """The own film's score minus the rival's, [Q, V] -> [Q]."""
    return (score.gather(1, own_val[:, None]) - score.gather(1, rival[:, None])).squeeze(1)


lead_plane(lead(S_c), lead(S_f), alpha=0.7)

# %% [markdown]
# Against this one rival, α changes nothing where both scales agree. It settles the two other corners: a line that turns wins queries in the one and loses some in the other. But the rival is the strongest film *at α = 0.7*. At another α another film may be the strongest, so the picture does not say what R@1 would be there; the curve above does.
#
# ### Chosen on val, reported on test
#
# Take the best α on val. The best by which number? R@1 asks for the first rank only, and on a flat top a query or two decide. **SumR**, the sum of R@1, R@5, R@10 and R@100, uses more of each ranking. Choose by each of them, and then look at test, **once**.

# %%
sums = torch.tensor([measured["SumR"] for measured in on_val])
by_r1, by_sum = (float(alphas[values.argmax()]) for values in (curve, sums))
test = evaluate(model, sample, "test")
own = torch.from_numpy(test.relevant).int().argmax(1)  # [Q], of the test queries
tried = {"frames": 0.0, "clips": 1.0, "released": 0.7, "by R@1": by_r1, "by SumR": by_sum}
for name, alpha in tried.items():
    r = retrieval_metrics(test.similarity.fused(alpha), test.relevant)
    print(f"{name:8s} α = {alpha:.2f}: R@1 {r['R@1']:.1f}, SumR {r['SumR']:.1f}")

# %% [markdown]
# This is one run, and one number for each choice. What do five trainings say? The lines show R@1, mean and deviation over the seeds: with α = 0.7 and with α = 0.3 in every seed, then with the α that has the best SumR on *its own val*, and with the α that would have been best **on test**.

# %%
grid = [f"{a:.2f}" for a in alphas.tolist()]
on_test = {a: results.values("mssl++", "R@1", score=f"alpha={a}") for a in grid}
seeds = results.values("mssl++", "R@1")
best = {seed: max(on_test[a][seed] for a in grid) for seed in seeds}
tuned = results.values("mssl++", "R@1", score="tuned")
print(f"α chosen on val {spread_text(results.values('mssl++', 'alpha', score='tuned'), 'alpha')}")
shown = {"α = 0.7": seeds, "α = 0.3": on_test["0.30"]}
for name, values in {**shown, "chosen on val": tuned, "best on test": best}.items():
    print(f"{name:14s} R@1 {spread_text(values, 'R@1')}")
gap = {seed: best[seed] - tuned[seed] for seed in seeds}
least = f"{min(gap.values()):.1f}"
print(f"best on test promises {spread_text(gap, 'R@1', sign=True)} too much, at least {least}")

# %% [markdown]
# Val does not determine α exactly, and it need not: near 0.7 it hardly matters. (Further away it does: look at α = 0.3.) But look at the *best on test*: it cannot be below the others in any seed, because it is the largest of 21 numbers, and the others are among these. What it has more is luck. Whoever chooses on test reports that luck as a gain.
#
# ## 3 · Look at single queries
#
# Averages hide everything that is interesting. Choose a query, turn α, and look at the films that come up. With a live kernel in JupyterLab or Colab you can also type a sentence of your own; elsewhere you see the two films that come first, and the right one.

# %%
from prvr_lite.course.lesson09 import search_explorer
from prvr_lite.lab import Explorer

explorer = Explorer(model, sample, "test")
texts = [sample.query_text[row] for row in explorer.queries]
SANTA = texts.index("Santa Claus takes a nap and then eats a doughnut.")
search_explorer(model, sample, start=SANTA)

# %% [markdown]
# Each triangle is a **similarity map** of one film: every one of its 528 clips, coloured by its cosine with the query. Time runs to the right, and longer clips stand higher: single units lie at the bottom, and the whole film at the top. The outline is the true moment: clips inside the moment lie inside the outline, and its tip is the moment itself.
#
# This search went badly wrong: the right film, a nap in a flower garden, comes far behind (the captions call it a garden; you see grass and a rainbow). Look at its map: where is the star? In our run it is where it should be, inside the outline: the model has *looked at the right place*. It only gave it a low score. Remember this query about Santa; it comes back below.
#
# ## 4 · How to read a map
#
# Two queries that are found, each in its **own** film, and on one scale of colours: a moment of a second, and a moment that unfolds in two steps.


# %%
def own_map(row: int) -> tuple:
    """All clip scores in the query's own film, its true moment and its thumbnails, in units."""
    video = int(sample.query_video[explorer.queries[row]])
    unit = float(sample.duration[video]) / 32  # s
    start, end = explorer.moment(row, video)
    images = sample.thumbnails(video)
    strip = [((i + 0.5) * 32 / len(images), image) for i, image in enumerate(images) if image]
    return (explorer.scores(row, video), (start / unit, end / unit)), strip


SHORT, LONG = texts.index("A tortoise hugs a giraffe in the desert."), texts.index(WIZARD)
maps = {texts[row]: own_map(row) for row in (SHORT, LONG)}
score_triangles(
    {text: one[0] for text, one in maps.items()},
    title="A short moment and a long one",
    about="outline: the true moment; star: the best clip",
    films={text: one[1] for text, one in maps.items()},
)

# %% [markdown]
# 1. **The short moment** is a bright spot at the bottom, under the star, and above it the colours soon get darker: a clip twice as long is half about something else. At the tip, which is the whole film, the score is low. (The bright place to its left is a *monkey* in love with a giraffe, in the same desert.)
# 2. **The two-step moment** is bright far up: clips that hold both steps score about as high as those of one step, or higher. The bright place is broad, and several clips in it are nearly the best. So the star may begin or end a unit or two beside the outline's tip, and after another training it lies a little elsewhere.
#
# So the *height* of the bright place hints at how long the moment is (section 5 measures how well), and its *brightness* says how well it fits. A film is ranked by brightness, not by height.
#
# Santa was lost although the model looked at the right place. Is that the exception or the rule?
#
# ## 5 · Found for the right reason?
#
# A film may be found by its moment, or by something else that happens to fit. Compare the key clip in the query's own film with the true moment. How much two spans agree is measured by their **intersection over union**:
#
# $$\text{IoU}(a, b) = \frac{|a \cap b|}{|a \cup b|}$$
# <!-- eq: temporal IoU -> prvr_lite.moments.moment_metrics:temporal_iou -->
#
# It can be computed without a formula: cut time into hundredths of a second, and count those that lie in both spans, and those that lie in at least one.


# %%
def iou_by_counting(first: list[float], second: list[float]) -> float:
    both = either = 0
    for t in np.arange(0.005, 100, 0.01):  # s
        in_first, in_second = first[0] <= t < first[1], second[0] <= t < second[1]
        both += in_first and in_second
        either += in_first or in_second
    return float(both / either)


pairs = torch.tensor([[[2.0, 6.0], [4.0, 8.0]], [[0.0, 8.0], [6.0, 8.0]], [[1.0, 2.0], [5.0, 9.0]]])
counted = [iou_by_counting(*pair) for pair in pairs.tolist()]
print("IoU by counting:", ", ".join(f"{iou:.3f}" for iou in counted))

# %% [markdown]
# ### ✏️ Exercise 9.2 · span_iou  (★☆☆, 8 minutes)
#
# From starts and ends, return the IoU of many pairs at once. (Lesson 10 measures with the package's own, `temporal_iou`.)
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("span_iou")`.
# - *Something is below 0*: how much do [1, 2] and [5, 9] share?
#
# </details>


# %% tags=["solution"]
def span_iou(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Shared time over joint time, 0 to 1: spans (start, end) [Q, 2] and [Q, 2] -> [Q]."""
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
span_iou = check(span_iou)

# %% [markdown]
# Now the key clip of each test query in its own film. `index.clip_index` says which 32 of its 528 clips each film keeps, and `clip_spans` says where they lie.

# %%
from prvr_lite.moments import temporal_iou

duration = torch.from_numpy(sample.duration[films])  # [V] s
kept = torch.stack([index.clip_index(v) for v in range(len(index))])  # [V, K] rows of clips
spans = clip_spans(32)[kept] * duration[:, None, None] / 32  # [V, K, 2] s
key = test.similarity.key_clip.gather(1, own[:, None])[:, 0]  # [Q]
truth = torch.from_numpy(sample.moment[test.queries])  # [Q, 2] s
iou = span_iou(spans[own, key], truth)  # [Q]
print("as counted:", torch.allclose(span_iou(pairs[:, 0], pairs[:, 1]), torch.tensor(counted)))
same = temporal_iou(spans[own, key], truth)
print(f"largest difference to prvr_lite: {abs(iou.numpy() - same).max():.0e}")
seconds = torch.stack([spans[own, key].diff(dim=1)[:, 0], truth.diff(dim=1)[:, 0]])  # [2, Q]
print(f"lengths of key clips and moments correlate by {torch.corrcoef(seconds)[0, 1]:.2f}")

# %% [markdown]
# (The last line is the hint of section 4, measured: 1 would mean that a moment's length can be read off, 0 that it cannot be guessed at all.) Now split by whether the film was found. For comparison there are any of the 32 clips (that is chance), and the best of the 32 (nothing better is possible). The thresholds are the usual ones of this field.

# %%
from prvr_lite.plots import recall_bars
from prvr_lite.search import rank_of_first_relevant

S = test.similarity.fused(0.7)
rank = torch.from_numpy(rank_of_first_relevant(S, own))  # [Q]
found = rank == 1
every = torch.stack([span_iou(spans[own, k], truth) for k in range(32)], 1)  # [Q, K]
compared = {
    "any of the 32": every.flatten(),
    "best of the 32": every.amax(1),
    "key clip, film missed": iou[~found],
    "key clip, film found": iou[found],
}
recall_bars(
    {
        name: {f"IoU ≥ {t}": 100 * float((ious >= t).float().mean()) for t in (0.3, 0.5, 0.7)}
        for name, ious in compared.items()
    },
    metric="queries (%)",
    title="Does the key clip lie in the moment?",
)

# %% [markdown]
# It says two things.
#
# **The key clip finds the moment**: far above chance. (An IoU of 0.7 is a strict demand: for about half of the queries, even the best of the 32 does not reach it. A medoid begins and ends where units do, and some moments are shorter than two units.)
#
# **And it does so in films that were missed, too**, only somewhat less often than in found ones. One expects that a missed film was overlooked. Mostly it was not: the model looked at the right place, and another film scored higher. With 0.3 as the line between "there" and "elsewhere":

# %%
there = iou >= 0.3
parts = {"found": found, "missed": ~found}
looks = {"looked there": there, "elsewhere": ~there}
table({p: {x: int((a & b).sum()) for x, b in looks.items()} for p, a in parts.items()}, digits=0)
behind = S.scatter(1, own[:, None], -torch.inf).amax(1) - S.gather(1, own[:, None])[:, 0]  # [Q]
print(f"half of those outbid are behind by {behind[~found & there].median():.2f} or less")

# %% [markdown]
# Four outcomes, from the upper left: **right for the right reason**, **right for another reason**, **outbid**, **blind**. Outbid is by far the larger part of the failures, and often by little. A better place to look would not help these; a better score would.
#
# Who is found although the key clip does not even touch the moment? What does it lie on?

# %%
lucky = (found & (iou == 0)).nonzero()[:, 0].tolist()
print(f"{len(lucky)} queries, e.g.")
for row in lucky[:4]:
    captions = np.flatnonzero(sample.query_video == films[own[row]])  # of that film
    at = spans[own[row], key[row]].expand(len(captions), 2)
    nearest = captions[int(span_iou(at, torch.from_numpy(sample.moment[captions])).argmax())]
    print(f"  “{texts[row]}” ({sample.video_id[films[own[row]]]})")
    print(f"      by: “{sample.query_text[nearest]}”")

# %% [markdown]
# Mostly they share something with the sentence, an actor or the place, and not all of it: a part of the sentence was enough, in *this* collection. The more films there are, the more of them share that part. R@1 cannot distinguish such luck from skill, but a map can.
#
# ## 6 · Short moments, long moments
#
# The field splits queries by **moment-to-video ratio**: what share of its film does the moment cover? Three groups, (0, 0.2], (0.2, 0.4] and (0.4, 1].
#
# ### ✏️ Exercise 9.3 · recall_by_ratio  (★☆☆, 8 minutes)
#
# From the rank of each query's own film (1 is best), return R@k of each group. An edge belongs to the group below it. (Each group has queries here; an empty one would have no recall.)
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("recall_by_ratio")`.
# - *All three are far too small*: what is divided by what?
#
# </details>


# %% tags=["solution"]
def recall_by_ratio(
    rank: torch.Tensor, moment: torch.Tensor, duration: torch.Tensor, k: int
) -> torch.Tensor:
    """R@k in % of the queries whose moment covers (0, .2], (.2, .4] and (.4, 1] of its film.

    rank [Q] int from 1, moment [Q, 2] start and end in s, duration [Q] of the film in s -> [3].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
recall_by_ratio = check(recall_by_ratio)

# %%
from prvr_lite.search import by_group, moment_to_video_ratio, ratio_bin

mine = recall_by_ratio(rank, truth, duration[own], 1)
ratio = moment_to_video_ratio(truth.numpy(), duration[own].numpy())  # [Q]
by_ratio = by_group(S, own, ratio_bin(ratio))
for (name, measured), recall in zip(by_ratio.items(), mine.tolist(), strict=True):
    print(f"{name:10s} mine {recall:.2f}, prvr_lite's {measured['R@1']:.2f}")

# %% [markdown]
# Here are two models, five seeds each, as they were published with the package:

# %%
from prvr_lite.plots import ratio_bars

ratios = results.kinds("ratio")
published = {
    label(name): [list(results.values(name, "R@1", queries=one).values()) for one in ratios]
    for name in ("mean-pool", "mssl++")
}
by_seed = ", ".join(f"{r:.0f}" for r in published[label("mssl++")][2])
print(f"MS-SL++ above 0.4, seed by seed: {by_seed}")
ratio_bars(
    published,
    groups=[one.removeprefix("ratio=") for one in ratios],
    counts=[int(measured["queries"]) for measured in by_ratio.values()],
)

# %% [markdown]
# ### Why the mean collapses
#
# The mean over a film is a mean of two parts: inside the moment, which covers the share $\rho$, and outside. For inner products with the query this is exact:
#
# $$q \cdot \bar u = \rho\; q \cdot \bar u_{\text{in}} + (1 - \rho)\; q \cdot \bar u_{\text{out}}$$
# <!-- eq: dilution -> prvr_lite.model.baselines:MeanPool.pool -->
#
# So the moment counts with the weight $\rho$. Let us check it on the two films of section 4, with units as the model encodes them.


# %%
def fit_of(row: int, film: int) -> torch.Tensor:
    """Inner products (raw, no per cent) of a query with the units of a test film, [n]."""
    with torch.inference_mode():
        units = model.unit_encoder(reader.videos([films[film]])[0])[0]  # [n, H]
    return units @ explorer.query(row).vector


# %%
for row in (SHORT, LONG):
    fit = fit_of(row, own[row])
    begin, stop = (truth[row] / duration[own[row]] * 32).round().int().tolist()
    inside, outside = fit[begin:stop].mean(), fit[[*range(begin), *range(stop, 32)]].mean()
    rho = (stop - begin) / 32
    print(f"“{texts[row]}” ({sample.video_id[films[own[row]]]})")
    print(f"    ρ = {rho:.2f}: inside {inside:.1f}, outside {outside:.1f}, whole {fit.mean():.1f}")
    print(f"    ρ·inside + (1 − ρ)·outside  =  {rho * inside + (1 - rho) * outside:.1f}")
    whole = torch.stack([fit_of(row, v).mean() for v in range(len(films)) if v != own[row]])
    print(f"    other whole films {whole.mean():.1f} on average, the best {whole.max():.1f}")

# %% [markdown]
# With a short moment the film's vector is nearly all *outside*. That may show the same place or the same actors, and so do better than most films; but what only the moment shows hardly counts any more, and the best of the other films comes near, or gets ahead.
#
# ### Look again
#
# Now the bars of MS-SL++. They do not rise from left to right as those of the mean do. (A warning first: the third group has 59 queries, and the five seeds differ a lot there, as the line above the bars shows. Do not read more into it than that.) Does this mean that longer moments are not easier for MS-SL++? Before you believe it, split the queries once more, by the number of steps. (Our own run; groups of fewer than 30 queries are left out.)

# %%
from prvr_lite.search import two_step

unfolds = two_step(sample, test.queries)  # [Q] bool
bins, split = np.array(ratio_bin(ratio)), {}
for name, part in {"all": unfolds | True, "single-step": ~unfolds, "two-step": unfolds}.items():
    cells = [found.numpy()[part & (bins == one)] for one in by_ratio]
    split[name] = [100 * float(cell.mean()) if len(cell) >= 30 else float("nan") for cell in cells]
    print(f"{name:12s} queries in each group:", *(f"{len(cell):4d}" for cell in cells))
ratio_bars(split, groups=list(by_ratio), title="The same queries, split twice")

# %% [markdown]
# Among single steps, a longer moment is *easier*, by far. (Two-step queries do not tell: their outer groups are too small.) But long moments are mostly two-step ones, and these are hard for another reason: each step is also seen in a sibling film. What the overall bars show is *which queries are in the groups*: on the left mostly single steps, on the right mostly two. (That is called confounding, and Simpson's paradox where it reverses a trend.) Groups that differ in two things say nothing certain about either. Whenever you read "performance by X", ask what else changes with X.
#
# ## 7 · Why it fails when it fails
#
# About half of the queries miss their film at rank 1. Do not stop at that number: sort the failures. For each query take its **rival**, the best film but its own. The first rule that holds decides:
#
# | kind | rule | what it would take |
# |---|---|---|
# | 0 found | the own film scores above the rival (a tie is not above) | – |
# | 1 answers | the rival *truly answers* the query as well | another way of counting |
# | 2 sibling | the rival is a sibling of the own film | telling apart who does what when |
# | 3 stranger | none of these | understanding the query better |
#
# $$\text{rival}(q) = \arg\max_{v \ne v(q)} S(q, v)$$
# <!-- eq: rival -> prvr_lite.course.lesson09.answers:failure_kind -->
#
# ### ✏️ Exercise 9.4 · failure_kind  (★★★, 15 minutes)
#
# Return the kind of each query, 0 to 3: the number of the first rule in the table that holds.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("failure_kind")`.
# - *A tie sometimes counts as found and sometimes not*: could the own film be its own rival?
# - *Everything is of kind 1*: whose column of `answers` did you look at?
#
# </details>


# %% tags=["solution"]
def failure_kind(
    score: torch.Tensor, own: torch.Tensor, answers: torch.Tensor, group: torch.Tensor
) -> torch.Tensor:
    """0 found, 1 answers, 2 sibling, 3 stranger; see the table. -> [Q] int64.

    score [Q, V], own [Q] column of each query's film, answers [Q, V] bool: which films truly
    answer which queries (the own one does), group [V] int: siblings have the same number.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
failure_kind = check(failure_kind)

# %% [markdown]
# The file knows all films that answer a query (`dataset.relevant`), and which films are siblings (`dataset.group`). On your own data, kind 1 is what you would find by looking at the first few failures yourself.

# %%
from prvr_lite.search import relevant_matrix

several = relevant_matrix(sample, test.queries, films, several=True)  # [Q, V] bool
group = torch.from_numpy(sample.group[films])  # [V]
kind = failure_kind(S, own, torch.from_numpy(several), group)  # [Q]
KINDS = {"found": 0, "truly answers": 1, "sibling": 2, "stranger": 3}
sorted_out = {
    name: {
        "queries": int((kind == k).sum()),
        "% of single-step": 100 * float((kind[~unfolds] == k).float().mean()),
        "% of two-step": 100 * float((kind[unfolds] == k).float().mean()),
        "% looked there": 100 * float(there[kind == k].float().mean()),
    }
    for name, k in KINDS.items()
}
table(sorted_out, digits=0)

# %% [markdown]
# A film has three siblings among 199 others, so a random rival would be a sibling in one case of 66. Here they are about two in five of all failures, and about two thirds of those of two-step queries: one step fits, the other does not. Single steps are mostly lost to strangers.
#
# ### Several true answers
#
# Kind 1 is not a failure of the model. It is a failure of counting only one right film per query. To count all of them takes one argument:

# %%
fair = evaluate(model, sample, "test", several=True).fused["R@1"]
usual = test.fused["R@1"]
print(f"R@1 {usual:.2f}, with every true answer {fair:.2f}")
print(f"found + answers: {100 * float((kind <= 1).float().mean()):.2f}")
gain = results.differences("mssl++", "mssl++", "R@1", queries=("correct=several", "all"))
print(f"over five seeds: {spread_text(gain, 'R@1', sign=True)}")

# %% [markdown]
# The two agree exactly: a query is answered if its own film is first, or if a film that answers too is. Here it is a small part. In real data nobody knows how large it is, unless somebody looks: a caption such as "She opens the door" fits many films.
#
# ### One of each

# %%
for name, number in list(KINDS.items())[1:]:
    row = int((kind == number).nonzero()[-1])
    best_hit = explorer.hits(row)[0]
    at = clip_spans(32)[best_hit.key_clip] * duration[best_hit.video] / 32  # [2] s
    captions = np.flatnonzero(sample.query_video == films[best_hit.video])  # of the first film
    shared = span_iou(at.expand(len(captions), 2), torch.from_numpy(sample.moment[captions]))
    print(f"{name}: “{texts[row]}” ({sample.video_id[films[own[row]]]}, rank {rank[row]})")
    print(f"      first: “{sample.query_text[captions[int(shared.argmax())]]}”")

# %% [markdown]
# ## 8 · Ask it yourself
#
# Why did the query about Santa fail in section 3? His own film shows a flower garden, and the sentence does not name a place. Was that the reason? If it was, a sentence *with* the place should do better, and to try it we must type one.
#
# A `Vocabulary` makes features for typed sentences out of the captions of the train films: each word as itself, plus what the other words of the sentence add to it. (It knows no word order. That will matter in section 9. A word that no caption has is refused, and similar words are named. And its features are only close to those in the file: the same sentence gets another rank than in section 3. That rank is printed first.)

# %%
from prvr_lite.lab import Vocabulary

vocabulary, garden = Vocabulary(sample), films[own[SANTA]]
print(f"ranks of Santa's film, {sample.video_id[garden]}")
print(f"rank {rank[SANTA]:3d}   the features in the file, as in section 3")
for text in (
    texts[SANTA],
    "Santa Claus takes a nap and then eats a doughnut in the flower garden.",
    "Santa Claus takes a nap in the flower garden.",
    "Santa Claus takes a nap and then eats a doughnut in the snow.",
):
    ranked = [films[hit.video] for hit in explorer.hits(explorer.typed(text))]
    print(f"rank {ranked.index(garden) + 1:3d}   {text}")

# %% [markdown]
# The place helps a lot, and leaving the doughnut out helps again. (The last sentence names a wrong place.) This was a guess about one query, tested on the same query. Maps should be read like that: they give ideas, and an experiment decides. (The line for your own sentence in section 3 uses the same vocabulary.)
#
# ### Which words carry the search?
#
# Now over many queries: those of the form "*place*, *somebody* first *does this* and afterwards *does that*". Leave out a part, and search again.

# %%
import re

from prvr_lite.data import normalise, pad
from prvr_lite.lab import words_of

FORM = re.compile(r"^([^,]*), (.*) first (.*) and afterwards (.*)\.$")
known = [all(word in vocabulary for word in words_of(text)) for text in texts]
asked = [i for i, text in enumerate(texts) if known[i] and FORM.match(text)]
ways = {
    "whole sentence": r"\1, \2 first \3 and afterwards \4.",
    "steps swapped": r"\1, \2 first \4 and afterwards \3.",
    "without the second step": r"\1, \2 \3.",
    "without the first step": r"\1, \2 \4.",
    "without somebody": r"\1, first \3 and afterwards \4.",
    "without the place": r"\2 first \3 and afterwards \4.",
}
changed = {}
for name, way in ways.items():
    typed = [normalise(vocabulary.encode(FORM.sub(way, texts[i]))) for i in asked]
    ranks = rank_of_first_relevant(index.score(*pad(typed)).fused(0.7), own[asked])  # [Q]
    changed[name] = {f"R@{k}": 100 * float((ranks <= k).mean()) for k in (1, 5)}
table(changed)
print(f"{len(asked)} queries")

# %% [markdown]
# *Who* and *where* matter most: each of them is in every frame of the moment, and a step is only in half of them. A place also fills the whole picture. Steps in the wrong order cost little or nothing. But a vocabulary without word order is poor evidence for that. Is there better evidence?
#
# ## 9 · Predict, then break it
#
# There is: leave the query as it is, and change the *films*. Cut each test film into its frames and put them together again in four ways:
#
# 1. **shifted** by one, two or three frames: what falls off at the end comes first. Hardly anybody would notice. This is the *control*;
# 2. **backwards**: from the last frame to the first. "Eats a melon and then plays the guitar" becomes "plays the guitar and then eats a melon";
# 3. **pieces of two seconds** in random order;
# 4. **all frames** in random order. No moment is left anywhere.
#
# Everything is encoded again, and searched with the same queries. Write down before you run it: R@1 of two-step queries in each of them, compared with the films as they are. Which one breaks the search? (The bars below answer it; the numbers printed first are over all queries, a line as soon as its films are encoded.)

# %%
from prvr_lite.data import pool_features

test_frames, words = sample.frames_of(films), reader.queries(test.queries)
dice = np.random.default_rng(0)


def in_pieces(frames: np.ndarray, size: int) -> np.ndarray:
    pieces = np.array_split(frames, max(1, len(frames) // size))
    return np.concatenate([pieces[i] for i in dice.permutation(len(pieces))])


def found_after(edit) -> torch.Tensor:
    """Which queries find their film at rank 1 when all films are changed, [Q] bool."""
    edited = [edit(frames) for frames in test_frames]
    units = torch.from_numpy(np.stack([normalise(pool_features(f, 32)) for f in edited]))
    longest = model.config.max_frames
    short = [f if len(f) <= longest else pool_features(f, longest) for f in edited]
    with torch.inference_mode():
        encoded = model.encode_videos(units, *pad([normalise(f) for f in short]))
    score = VideoIndex.from_encoding(model, encoded).score(*words).fused(0.7)
    return torch.from_numpy(rank_of_first_relevant(score, own)) == 1


# %%
from prvr_lite.search import paired_interval

edits = {
    "as they are": lambda f: f,
    "backwards": lambda f: f[::-1].copy(),
    "pieces of 2 s shuffled": lambda f: in_pieces(f, 4),
    "all frames shuffled": lambda f: in_pieces(f, 1),
}
shifted = []
for k in (1, 2, 3):
    shifted.append(found_after(lambda f, k=k: np.roll(f, k, axis=0)).float())
    print(f"control, shifted by {k}: R@1 {100 * float(shifted[-1].mean()):.1f}")
control, after = torch.stack(shifted).mean(0), {}  # [Q]
for name, edit in edits.items():
    after[name] = found_after(edit).float()
    middle, low, high = (100 * x for x in paired_interval(after[name], control, group[own]))
    print(f"{name:24s} R@1 less control {middle:+5.1f}  [{low:+.1f}, {high:+.1f}]")
print("as they are, as before:", torch.equal(after["as they are"], found.float()))

# %%
steps = {"single-step": ~unfolds, "two-step": unfolds}
in_order = {"as they are": after["as they are"], "control: shifted": control, **after}
bars = {
    name: {step: 100 * float(hit[part].mean()) for step, part in steps.items()}
    for name, hit in in_order.items()
}
recall_bars(bars, title="Films cut up and put together again")

# %% [markdown]
# (Printed: the three controls, and then R@1 over all queries, less the mean of the controls, with its 95 % interval. Queries of sibling films fail together, so the interval draws whole groups of siblings.)
#
# **Look at the control first.** A shift by one, two or three frames means nothing, and yet the three R@1 differ, and differ from "as they are". Other frames now fall into one unit, and close decisions change. That is the precision of this measurement: a difference that is not larger than those between the controls means nothing. (The interval does not include it: it says what other *films* might change, but not what other cuts or other seeds might change.)
#
# By this measure, films that run **backwards** are found as well as before. A clip is a *mean*: it holds its units together, and forgets their order. (There are position embeddings, from which the model could learn the order. But in these films no query depends on it.) What lowers R@1 is that frames of one moment no longer lie **together**: it falls with pieces of two seconds, and falls further with all frames shuffled. And even then much of the search still works, because what is in a film says a lot, at whatever time it is.
#
# Is that a fault of the model? Look at the data first. In Emoji Theatre no two moments of a split have the same steps in the other order (`data_samples/README.md`: "order never matters"). No query of the test set could have shown what we just saw, and no training pair ever asked for it. **A test set cannot measure what it never asks.** If order matters to you ("opens the door, then leaves"), you need queries that differ in nothing else.
#
# ## Recap
#
# - An index holds what does not depend on the query: 32 clips per film and what they see. A query costs milliseconds, whatever the length of the films.
# - α mixes two opinions that err at different films. Choose it on val, by more than one recall; near the top it hardly matters; what the best on test has more is luck.
# - A similarity map shows all 528 clips: how high the bright place stands hints at how long the moment is.
# - The key clip lies in the moment in most missed films, too. Most failures are outbid, not blind; and some finds are luck.
# - Groups by ratio show why the mean fails, and mislead where the groups differ in something else as well.
# - Sort failures by rival: true answers, siblings, strangers. Each kind needs another remedy.
# - Break the input, and see what the model never used.
#
# ## Five questions
#
# <details><summary>1. The collection grows from 200 films to 200,000. Which of the costs of section 1 grow, and which do not?</summary>
#
# Building time and memory grow with the number of films, and so do the two tables of a query. Encoding the query does not. And a query's time does not depend on how long the films are; building the index does, since all frames are read once. (Lesson 11 is about collections of that size.)
#
# </details>
#
# <details><summary>2. On val the best α is 0.55, and 0.7 finds one query less. Which one do you take?</summary>
#
# You may take either; one query of 522 means nothing. Taking 0.7 has the advantage that it was fixed before you looked at all. What you must not do is let test decide between them.
#
# </details>
#
# <details><summary>3. Model A has a higher R@1, model B's key clips have a higher IoU with the moments. For which use would you take B?</summary>
#
# Whenever somebody wants to see the moment and not only the film: to jump to it, to show a preview, or as first stage of a moment search (lesson 10). And B's finds are more often finds for the right reason, which is worth something when the collection grows.
#
# </details>
#
# <details><summary>4. A new model gains 3 points on moments with a ratio below 0.2, and nothing elsewhere. Its authors say that it is better at short moments. What do you ask?</summary>
#
# What else is special about that group: fewer steps, shorter captions, certain kinds of films? And whether the gain holds when these are held fixed, how many queries the group has, and how large the spread over seeds is.
#
# </details>
#
# <details><summary>5. You mark all films that truly answer a query and count them as right. R@1 rises by 9 points on your data, for every model alike. Was the old number wrong?</summary>
#
# It was pessimistic, but if all models rise alike, comparisons made with it still stand. They would not if one model were better at finding *other* answers than the captioned one, which the old number cannot see. So report both.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | the index: build, score, search | `search.video_index:VideoIndex` | – (frames are attended again for each query, `method/model.py:259-274`) |
# | both scales fused | `model.records:Similarity.fused` | `method/eval.py:192` (0.7, fixed) |
# | recall, ranks, ties | `search.metrics:retrieval_metrics` | `method/eval.py:54-110` |
# | groups by ratio | `search.metrics:ratio_bin`, `search.metrics:by_group` | – |
# | several true answers | `search.evaluation:relevant_matrix` | – (one right video per query) |
# | IoU of spans | `moments.moment_metrics:temporal_iou` | – |
# | intervals over queries | `search.metrics:paired_interval` | – |
# | maps and rankings | `lab.explorer:Explorer`, `plots:similarity_map` | – |
# | typed sentences | `lab.vocabulary:Vocabulary` | – |

# %%
progress(9)
