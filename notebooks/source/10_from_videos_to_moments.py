# %% [markdown]
# # 10 · From videos to moments
#
# **You will be able to**
# - explain how three tasks differ, VR, SVMR and VCMR, and measure the last two by the protocol of
#   the field;
# - read a moment out of a model that was never shown a start or an end, in three ways;
# - write non-maximum suppression, and say when it helps and when it hurts;
# - search a whole collection for a moment in two stages, and weigh accuracy against time.
#
# **You need** lesson 9 (key clips, similarity maps, IoU). The model is the one that lesson 8 trained; if you skipped it, it is trained here, which takes about a minute on two idle CPU cores. (A line says how far it is.)
#
# **Time**: 80 minutes to read and solve; running it takes {{cost}}.

# %% tags=["setup"]
# 10

# %%
import torch

from prvr_lite import load_sample
from prvr_lite.course import check, hint, progress, table, trained

sample = load_sample()
model, history = trained("mssl++", sample)
print(f"kept: epoch {history.best['epoch']:.0f} (from 0), SumR on val {history.best['SumR']:.1f}")

# %% [markdown]
# ## 1 · Three tasks
#
# | task | given | asked for |
# |---|---|---|
# | **VR**, video retrieval (so far; with untrimmed videos it is PRVR) | a query, many videos | the video |
# | **SVMR**, single video moment retrieval | a query, *its* video | start and end |
# | **VCMR**, video corpus moment retrieval | a query, many videos | the video, start and end |
#
# VCMR is what a person wants: not "it is somewhere in this hour", but "here". It is also the hardest. A search engine would find the video first, and then look inside: **PRVR is the first stage of VCMR**. In this lesson you build both stages.
#
# The training data of PRVR has no times. Ours does (the moments of all films are known), and we use those of val and test to *measure*, and once, in section 5, those of the train films to train a small helper.

# %%
from prvr_lite.data import InputReader
from prvr_lite.moments import encode_split

reader = InputReader(sample, model.config)
train, val, test = (
    encode_split(model, sample, name, reader=reader) for name in ("train", "val", "test")
)
print(f"test: {len(test.clips)} films, {len(test.queries)} queries with a known moment each")

# %% [markdown]
# An `EncodedSplit` holds everything this lesson needs: queries [Q, H], the encoded units of each film, which film is a query's own, and its true moment in seconds.
#
# ## 2 · What a model knows without having been taught
#
# MS-SL++ learns which film a sentence belongs to. To be good at that it must find the place in the film, and we can read that place off. There are three readings:
#
# 1. **key clip**: the best of the 32 medoids;
# 2. **clip map**: the best of all 528 clips;
# 3. **frame attention**: the frames that the key clip looks at (how they become a span: section 5).

# %%
from prvr_lite.moments import SCORERS

q = 57  # a query of the test films
queries = sample.queries_in("test")
own = test.own[q].item()
video = int(sample.videos_in("test")[own])
readings = {"the truth": test.moment[q].tolist()}
for name, scorer in SCORERS.items():
    score = scorer(test.queries[q : q + 1], test.clips[[own]])  # [1, N]
    readings[name] = test.clips[[own]].seconds(score.argmax(1, keepdim=True))[0, 0].tolist()
print(f"“{sample.query_text[queries[q]]}” in its film, {sample.video_id[video]}")
for name, (start, end) in readings.items():
    print(f"{name:16s} {start:5.1f} to {end:5.1f} s")


# %%
from prvr_lite.plots import film_strip, timed_thumbnails


def show(video: int, spans: dict, title: str):
    """A film, and under it named spans in seconds, in the order given."""
    duration = float(sample.duration[video])
    pictures = timed_thumbnails(sample.thumbnails(video), duration)
    shown = [(name, (float(a), min(float(b), duration))) for name, (a, b) in spans.items()]
    return film_strip(
        sample.video_id[video],
        duration,
        pictures,
        moments=shown,
        title=title,
        kind="span",
        ranked=True,
    )


show(video, readings, "“" + sample.query_text[queries[q]] + "”")

# %% [markdown]
# How much of each reading is right? Lesson 9 measured one span against another by **intersection over union**:
#
# $$\text{IoU}(a, b) = \frac{|a \cap b|}{|a \cup b|}$$
# <!-- eq: IoU -> prvr_lite.moments.moment_metrics:temporal_iou -->

# %%
from prvr_lite.moments import temporal_iou

for name, span in readings.items():
    print(f"{name:16s} IoU {temporal_iou(span, readings['the truth']):.2f}")

# %% [markdown]
# ## 3 · Measuring SVMR
#
# A model may give several moments, best first. It is asked two things: how often is one of the first $k$ good enough, and how good is the first one?
#
# $$\text{R@}k,\ \text{IoU} = \theta: \quad \frac{100}{Q} \sum_q \mathbb{1}\Big[\max_{i \le k} \text{IoU}(\hat y_{q,i}, y_q) \ge \theta\Big] \qquad \text{mIoU}: \quad \frac{100}{Q} \sum_q \text{IoU}(\hat y_{q,1}, y_q)$$
# <!-- eq: SVMR -> prvr_lite.moments.moment_metrics:svmr_metrics -->
#
# ($y_q$ is the true moment of query $q$, $\hat y_{q,i}$ the model's guess $i$, θ the threshold.) Here it is with a loop, for one query:


# %%
def is_hit_by_loop(iou: list[float], k: int, threshold: float) -> bool:
    """Is one of the first k predictions good enough?"""
    hits = 0
    for value in iou[:k]:
        if value >= threshold:
            hits += 1
    return hits > 0


for k in (1, 2, 3):
    print(f"one of the first {k} is good enough:", is_hit_by_loop([0.2, 0.5, 0.9], k, 0.5))

# %% [markdown]
# ### ✏️ Exercise 10.1 · moment_recall  (★☆☆, 5 minutes)
#
# Return R@$k$ of all queries at once, in per cent.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("moment_recall")`.
# - *It comes out too high or too low*: what did you count, predictions or queries?
#
# </details>


# %% tags=["solution"]
def moment_recall(iou: torch.Tensor, k: int, threshold: float) -> torch.Tensor:
    """R@k (%) in each query's own film: IoU [Q, P] of P predictions, best first -> one number.

    An IoU of exactly the threshold is a hit.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
moment_recall = check(moment_recall)

# %%
from prvr_lite.moments import rank_moments, svmr_metrics

guesses = torch.from_numpy(rank_moments(test, SCORERS["clip map"], k=5))  # [Q, 5, 2] s
iou = torch.from_numpy(temporal_iou(guesses, test.moment[:, None]))  # [Q, 5]
iou = iou.nan_to_num()  # where fewer than 5 guesses were left, nan: it meets nothing
theirs = svmr_metrics(guesses, test.moment)
for k in (1, 5):
    recall = f"{theirs[f'R@{k} IoU=0.5']:.2f}"
    print(f"R@{k}, IoU 0.5: mine {moment_recall(iou, k, 0.5):.2f}, the package's {recall}")

# %% [markdown]
# (`rank_moments` leaves out near-copies of better guesses; section 4 explains how.) Now measure all three readings. Guess first: which one is best at IoU 0.3, and which one at 0.7?

# %%
columns = ("R@1 IoU=0.3", "R@1 IoU=0.5", "R@1 IoU=0.7", "R@5 IoU=0.7", "mIoU")
measures = {name: svmr_metrics(rank_moments(test, s), test.moment) for name, s in SCORERS.items()}
table({name: {c: row[c] for c in columns} for name, row in measures.items()})

# %% [markdown]
# A loose overlap is easy: the key clip alone manages it most of the time, without ever having seen a time. Yet frame attention is better there as well, and far better for a tight one. (And 528 clips are not simply better than 32: at the loose thresholds the clip map gains nothing over the key clip, which was chosen by the same scores.) Why is frame attention better? Two reasons are likely. A clip's borders lie between units, each 1/32 of the film; the medoid is even chosen to stand for its neighbours. And a *mean* over a clip that is a bit too long hardly changes, so its cosine does not care much about borders. Attention looks at single frames.
#
# ## 4 · Five guesses, not one five times
#
# R@5 lets a model guess five times. Here are the five best clips of the clip map, by score alone. The first guess for this query is wrong (and what follows helps this query; it does not help all of them).


# %%
def best_of_five(threshold: float) -> torch.Tensor:
    """The largest IoU among the first five guesses, [Q]; near-copies above the threshold go."""
    of_five = rank_moments(test, SCORERS["clip map"], k=5, threshold=threshold)
    return torch.from_numpy(temporal_iou(of_five, test.moment[:, None])).nan_to_num().amax(1)


example = int((best_of_five(0.6) - best_of_five(1.0)).argmax())  # another query
its_film = test.clips[test.own[example : example + 1]]
clip_score = SCORERS["clip map"](test.queries[example : example + 1], its_film)[0]  # [N]


def show_guesses(rows: torch.Tensor, title: str):
    """Clips of that query's film, in the order of guesses, below the true moment."""
    found = its_film.seconds(rows[None])[0].tolist()
    spans = {"the truth": test.moment[example].tolist()}
    spans |= {f"guess {i + 1}": span for i, span in enumerate(found)}
    return show(int(sample.videos_in("test")[test.own[example]]), spans, title)


print("“" + sample.query_text[queries[example]] + "”")
show_guesses(clip_score.topk(5).indices, "The five best clips")

# %% [markdown]
# The five are nearly the same: where the first is wrong, the others add little. **Non-maximum suppression** takes the best clip, strikes out all that overlap it by more than some IoU, takes the best of the rest, and so on. The overlap of every two clips can be computed once for all films, since clips are the same windows everywhere:

# %%
from prvr_lite.moments import clip_overlap

overlap = clip_overlap(32)  # [N, N]
near = overlap > 0.6
others = near.sum(1) - 1  # a clip is near itself
print(f"{list(near.shape)}; a clip is near {others.float().mean():.0f} others on average")

# %% [markdown]
# ### ✏️ Exercise 10.2 · strike_out  (★★☆, 12 minutes)
#
# For one row of scores, return the rows of the `keep` clips that are left, best first. A loop over `keep` is fine.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("strike_out")`.
# - *Too much is struck out*: is it struck by clips that were themselves struck out?
#
# </details>


# %% tags=["solution"]
def strike_out(score: torch.Tensor, near: torch.Tensor, keep: int) -> torch.Tensor:
    """Non-maximum suppression: score [N], near [N, N] bool -> [keep] rows, best first, int64.

    Each time the best row that is left, which strikes out itself and all that is near it;
    -1 where none is left. near need not say that a row is near itself. score stays as it is.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
strike_out = check(strike_out)

# %%
from prvr_lite.moments import non_maximum_suppression

mine = strike_out(clip_score, near, 5)
print("as prvr_lite:", torch.equal(mine, non_maximum_suppression(clip_score[None], near, 5)[0]))
show_guesses(mine, "No two of five share more than IoU 0.6")

# %% [markdown]
# How much does it help? And which overlap is too much? Here is R@5 on val for several thresholds (1 strikes out nothing but the clip itself):

# %%
from prvr_lite.plots import spread_curves

curves: dict[str, dict[float, float]] = {"IoU 0.5": {}, "IoU 0.7": {}}
for threshold in (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
    measured = svmr_metrics(rank_moments(val, SCORERS["clip map"], threshold=threshold), val.moment)
    for name in curves:
        curves[name][threshold] = measured[f"R@5 {name.replace(' ', '=')}"]
spread_curves(
    {"R@5 on val (%)": curves},
    xlabel="struck out above this overlap",
    title="Neither too near nor too far",
)

# %% [markdown]
# If too little is struck out, the five guesses lie in one place. If too much is struck out, the right clip is removed by a neighbour that was nearly right. Where the best threshold lies depends on how exact a hit must be. (The package uses 0.6, chosen on val like this.)
#
# ## 5 · From attention to a moment
#
# Frame attention gave the tightest moments. How can a row of weights become a span? Take the scores *before* the softmax, $a_t = (W_1 f_t) \cdot c^*$, with $c^*$ the key clip: after it, very few frames have nearly all the weight (the cell counts them). Start at the peak and walk to both sides for as long as the score stays high:
#
# $$a_t \;\ge\; a_{\min} + \beta\,(a_{\max} - a_{\min}), \qquad \beta = \tfrac12$$
# <!-- eq: attended run -> prvr_lite.moments.encoding:peak_runs -->
#
# (β is the argument `share` of the exercise below.)

# %%
with torch.inference_mode():
    units, frames, mask = reader.videos([video])
    encoding = model.encode_videos(units, frames, mask)
    vector = model.encode_queries(*reader.queries([queries[q]]))
    key = model.similarity(vector, encoding).key_clip[0, 0]
    W1 = model.key_map.weight
    attention = (encoding.clips[0] @ W1) @ encoding.frames[0].T  # [K, T], before the softmax
row, real = attention[key], mask[0]
bar = row[real].min() + 0.5 * (row[real].max() - row[real].min())
weights = row[real].softmax(0).sort(descending=True).values
many = int((weights.cumsum(0) < 0.9).sum()) + 1
print(f"frames that have 90 % of the weight after the softmax: {many} of {len(weights)}")

# %%
from prvr_lite.moments import peak_runs

seconds = [
    round(float(sample.duration[video]) * t / int(real.sum()), 1) for t in range(int(real.sum()))
]
picture = spread_curves(
    {"score of a frame": {"key clip": dict(zip(seconds, row[real].tolist(), strict=True))}},
    xlabel="s",
    title="Walk down from the peak until you cross the bar",
    about="dashed: the bar, at half height; shaded: the run; black: the true moment",
)
first, last = peak_runs(attention[None], mask, 0.5)[0, key].tolist()
axes = picture.axes[0]
axes.axhline(float(bar), color="black", ls="--", lw=1.3)
axes.axvspan(seconds[first], seconds[last - 1], color="black", alpha=0.08, lw=0)
axes.plot(
    seconds[int(row[real].argmax())], float(row[real].max()), "v", ms=10, color="black", zorder=5
)
low = axes.get_ylim()[0]
axes.hlines(low, *test.moment[q].tolist(), color="black", lw=9)
every_fifth = range(0, round(seconds[-1]) + 1, 5)
axes.set_xticks(every_fifth, map(str, every_fifth))
picture

# %% [markdown]
# ### ✏️ Exercise 10.3 · attended_run  (★★★, 15 minutes)
#
# Return the first frame and the one past the last of each row's run. Each row has its own peak and its own padding. A run has no gap: a second peak beyond a valley does not belong to it.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("attended_run")`.
# - *The padding is taken for frames*: is it left out of the maximum, of the minimum, *and* of the walk?
#
# </details>


# %% tags=["solution"]
def attended_run(score: torch.Tensor, real: torch.Tensor, share: float) -> torch.Tensor:
    """The frames around each row's highest one that stay high, int64.

    score [R, T], real [R, T] bool (False: padding) -> [R, 2], first and one-past-last frame.
    High is at least low + share (peak - low); low and peak are those of the row's real frames.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
attended_run = check(attended_run)

# %%
everywhere = mask.expand(len(attention), -1)  # [K, T]
mine = attended_run(attention, everywhere, 0.5)
theirs = peak_runs(attention[None], mask, 0.5)[0]
print("as prvr_lite, for all 32 medoids:", torch.equal(mine, theirs))
print(f"the key clip attends frames {mine[key, 0]} to {mine[key, 1] - 1} of {int(real.sum())}")

# %% [markdown]
# Note that only the choice of the key clip depends on the query here. So each medoid's moment can be computed ahead, as its attended vector was in lesson 6: there are 32 moments per film, and a query only chooses one.
#
# ### With a little teaching
#
# Everything so far is **weakly supervised**: the model was never given a time. How much would it help to give it times? A small **span head** reads the frozen encodings and scores all 528 clips, from what lies inside a clip and just before and after it. It is trained with the true moments of the train films:

# %%
from prvr_lite.moments import SpanHeadConfig, fit_span_head

config = SpanHeadConfig(learning_rates=(1e-2,), epochs=8)
head = fit_span_head(train, val, config=config, watch=print).head
measures["span head (supervised)"] = svmr_metrics(rank_moments(test, head), test.moment)
table({name: {c: row[c] for c in columns} for name, row in measures.items()})

# %% [markdown]
# It is better, as it should be: it was shown where moments begin and end. But see how far frame attention comes *without any times*. And the head depends on training for retrieval. Trained on the encodings of an MS-SL++ that never learned to retrieve, it does worse (three seeds, from the package):

# %%
from prvr_lite.lab import MOMENTS, Results, spread_text

results = Results.published()
for name in (
    "frame attention",
    "span head",
    "span head + key clip",
    "span head, untrained MS-SL++",
):
    miou = spread_text(results.values(MOMENTS, "mIoU", score=name), "mIoU")
    print(f"{name:30s} mIoU {miou}")

# %% [markdown]
# ("+ key clip": the head also gets the scores of PRVR. Beside everything else that it has, they add
# little.)
#
# ## 6 · Many films: VCMR
#
# Now the film is not given. Each film offers its best moments; all of them compete in one ranking, by a moment's own score and by its film's:
#
# $$\text{score}(v, i) = w \cdot S(q, v) + s_{v,i}$$
# <!-- eq: corpus score -> prvr_lite.moments.corpus:search_moments -->
#
# with $s_{v,i}$ the score of moment $i$ of film $v$. Scoring moments in *all* films takes longer the more films there are. So keep only the $n$ best films by $S$, which an index gives in milliseconds, and look inside those. That is **two-stage search**.
#
# ### ✏️ Exercise 10.4 · merge_moments  (★★☆, 10 minutes)
#
# Return the `keep` best moments of all films in one ranking: for each, which film it is in, and which of that film's moments it is.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("merge_moments")`.
# - *The first film's moments all come first*: they compete with the moments of all other films.
#
# </details>


# %% tags=["solution"]
def merge_moments(
    video_score: torch.Tensor, moment_score: torch.Tensor, weight: float, keep: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The best moments of n films in one ranking, by weight x film's score + moment's score.

    video_score [n], moment_score [n, m] -> which film and which of its moments, [keep] each, best
    first, int64.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
merge_moments = check(merge_moments)

# %% [markdown]
# The query of section 2 by hand: five films, three moments each.

# %%
from prvr_lite.moments import MomentIndex

index = MomentIndex.build(model, sample, "test", reader=reader)
S = index.videos.score_vectors(test.queries[q : q + 1]).fused(model.config.alpha)[0]  # [V]
films = S.topk(5).indices
scores = SCORERS["frame attention"](test.queries[q : q + 1].expand(5, -1), test.clips[films])
crowd = overlap > 0.4  # less than above: all films share the places (question 4)
rows = torch.stack([strike_out(one, crowd, 3) for one in scores])  # [5, 3]
moments = scores.gather(1, rows.clamp(min=0)).masked_fill(rows < 0, -torch.inf)
which, moment = merge_moments(S[films], moments, 1.0, 5)
ids = index.videos.video_ids
print(
    f"“{sample.query_text[queries[q]]}” {ids[own]}, {test.moment[q, 0]:.1f} to {test.moment[q, 1]:.1f} s"
)
for v, i in zip(which.tolist(), moment.tolist(), strict=True):
    a, b = test.clips[films[v : v + 1]].seconds(rows[v : v + 1, i : i + 1])[0, 0].tolist()
    mark = "  <- its film" if films[v] == own else ""
    print(f"{ids[films[v]]:12s} {a:5.1f} to {b:5.1f} s{mark}")

# %% [markdown]
# ### Measuring VCMR
#
# A hit names the right film **and** meets the moment there. A good moment of a wrong film is a miss, and takes a place in the ranking. (This is so even when that film truly answers the query: the data hold one moment per query.)
#
# ### ✏️ Exercise 10.5 · corpus_recall  (★☆☆, 6 minutes)
#
# Return R@$k$ in per cent: the share of queries that have a hit among their first $k$ predictions.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("corpus_recall")`.
# - *It comes out too high*: do film and moment both hold for one and the same prediction, and is it one of the first k of the whole ranking?
#
# </details>


# %% tags=["solution"]
def corpus_recall(
    video: torch.Tensor, iou: torch.Tensor, own: torch.Tensor, k: int, threshold: float
) -> torch.Tensor:
    """R@k (%) in all films: film of each prediction [Q, P], its IoU with the query's true moment
    [Q, P], each query's own film [Q] -> one number."""
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
corpus_recall = check(corpus_recall)

# %%
from prvr_lite.moments import search_moments, vcmr_metrics

ranking = search_moments(index, test.queries, SCORERS["frame attention"], top=10)
met = torch.from_numpy(temporal_iou(ranking.span, test.moment[:, None])).nan_to_num()
theirs = vcmr_metrics(ranking.video, ranking.span, test.own, test.moment)
for k in (1, 10, 100):
    mine = corpus_recall(ranking.video, met, test.own, k, 0.5)
    print(f"R@{k:<3d} IoU 0.5: mine {mine:.2f}, the package's {theirs[f'R@{k} IoU=0.5']:.2f}")

# %% [markdown]
# ## 7 · How many films to keep?
#
# With one film the search is fast, and it cannot be better than R@1 of PRVR. With all 200 films it takes longest, and nothing is lost in the first stage. What happens between? (With the first 200 of the test queries, to save time.)

# %%
import time

recalls: dict[str, dict[int, float]] = {"R@1": {}, "R@10": {}, "R@100": {}}
cost: dict[int, float] = {}
some = test.queries[:200]
for n in (1, 2, 5, 10, 20, 50, 200):
    began = time.perf_counter()
    ranking = search_moments(index, some, SCORERS["frame attention"], top=n)
    cost[n] = 1000 * (time.perf_counter() - began) / len(some)
    measured = vcmr_metrics(ranking.video, ranking.span, test.own[:200], test.moment[:200])
    for name in recalls:
        recalls[name][n] = measured[f"{name} IoU=0.5"]
spread_curves(
    {"recall (%), IoU 0.5": recalls, "ms per query": {"time": cost}},
    xlabel="films kept of 200",
    logarithmic=True,
    title="A few films are enough for R@10",
)

# %% [markdown]
# R@1 hardly changes from the second film on, and the first step may even lower it. The weight $w$ was not tuned here (it is 1), and with a second film in the race, a confident moment of the wrong film can come first. Keep that in mind for section 8.
#
# Here are the numbers of three seeds from the package, for all test queries: how much of what all 200 films give is reached with ten?

# %%
for name in ("key clip", "clip map", "frame attention", "span head"):
    kept = []
    for n in (1, 10, 200):
        values = results.values(MOMENTS, "R@10 IoU=0.5", score=f"{name}, n={n}")
        kept.append(f"n = {n}: {spread_text(values, 'R@10')}")
    print(f"{name:16s} R@10 IoU 0.5   {'   '.join(kept)}")

# %% [markdown]
# Ten films of 200 give what all of them give, in a fraction of the time. And the time of the second stage does not grow with the collection any more, only with $n$. But note the price: a film that PRVR misses is lost for good, however good the second stage.
#
# ## 8 · Predict, then break it
#
# The span head is the best at SVMR. So let it decide alone: merge by the moments' scores only, $w = 0$, and use PRVR only to choose the $n$ films. The more films, the more it has to choose from.
#
# Write down before you run it: R@1 at IoU 0.5 for $n = 1, 5, 20, 50$, with a well-chosen weight. And with $w = 0$: does it grow with $n$, stay, or fall?

# %%
from prvr_lite.moments import choose_weight

val_index = MomentIndex.build(model, sample, "val", reader=reader)
weight = choose_weight(val_index, val, head, top=5, weights=(0.0, 1.0, 10.0, 30.0, 100.0, 300.0))
print(f"weight chosen on val: {weight:g}")
alone: dict[str, dict[int, float]] = {"PRVR has a say": {}, "the head alone": {}}
for n in (1, 5, 20, 50):
    for name, w in zip(alone, (weight, 0.0), strict=True):
        ranking = search_moments(index, some, head, top=n, weight=w)
        measured = vcmr_metrics(ranking.video, ranking.span, test.own[:200], test.moment[:200])
        alone[name][n] = measured["R@1 IoU=0.5"]
    now = ", ".join(f"{name} {row[n]:.1f}" for name, row in alone.items())
    print(f"n = {n:2d}: R@1 {now}")
spread_curves(
    {"R@1 (%), IoU 0.5": alone},
    xlabel="films that the head may choose from",
    logarithmic=True,
    title="What ranks moments well may rank films badly",
)

# %% [markdown]
# Where PRVR's score counts, more films do no harm: R@1 stays the same up to a few queries, or rises somewhat. Alone, the head gets *worse*, the more films it may choose from. The head was trained to rank the clips of one film, its own; in the softmax of that loss a constant can be added to all scores of a film and nothing changes. So its scores of *different films* were never made comparable, and a wrong film with confident-looking borders wins. PRVR's score is made for just that comparison. Neither of the two can replace the other. Lesson 7 found the same: a loss teaches what it compares, and nothing else.
#
# ## Recap
#
# - VR finds the film, SVMR the moment in it, VCMR both. PRVR is VCMR's first stage.
# - A model that was never shown a time still knows where: key clip, clip map and, tightest, frame attention.
# - A hit needs an IoU of at least θ; give several guesses that differ (non-maximum suppression).
# - Supervision tightens borders; retrieval training is what it stands on.
# - Two stages: a few films by the index, moments only inside those. What the first stage misses is lost.
# - Scores may be compared only where a loss compared them.
#
# ## Five questions
#
# <details><summary>1. A prediction covers the whole film of 40 s, the moment lasts 8 s. What is the IoU? Is it a hit at 0.3?</summary>
#
# The IoU is 8 / 40 = 0.2, so it is not a hit. The lazy answer "all of it" never hits a moment shorter than 30 % of its film, and most moments are shorter.
#
# </details>
#
# <details><summary>2. Why can R@1 at IoU 0.7 of the clip map not reach 100 %, however good the scores?</summary>
#
# Clips begin and end at units, each 1/32 of the film. A moment of about one unit that lies across a border has no clip with IoU 0.7. Short moments in long films suffer most. A finer grid, or frames, can do it.
#
# </details>
#
# <details><summary>3. R@100 of VCMR with n = 10 films cannot reach 100 %, however good the second stage. What bounds it?</summary>
#
# R@10 of PRVR: if a query's film is not among the ten, all its moments are missing.
#
# </details>
#
# <details><summary>4. Within one film we strike out above IoU 0.6, in the corpus above 0.4. Why less there?</summary>
#
# In the corpus the places are shared by all films. A near-copy of one film's best moment takes a place that another film's moment could have. (Chosen on val.)
#
# </details>
#
# <details><summary>5. Someone trains the span head with negatives from other films as well. What would you expect in section 8?</summary>
#
# Its scores become comparable between films, so that with w = 0 it should fall less, or not at all. It would cost training time, and do part of PRVR's work again.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | elsewhere |
# |---|---|---|
# | IoU, SVMR and VCMR metrics | `moments.moment_metrics` | jayleicn/TVRetrieval `standalone_eval/eval.py`, the protocol |
# | readings of MS-SL++ | `moments.predict:SCORERS` | the authors' code has none |
# | attended run | `moments.encoding:peak_runs` | not there |
# | non-maximum suppression | `moments.predict:non_maximum_suppression` | TVRetrieval `utils/temporal_nms.py` |
# | span head | `moments.span_head:SpanHead` | ideas: 2D-TAN (arXiv 1912.03590), XML (arXiv 2001.09099) |
# | two-stage search | `moments.corpus:search_moments` | not there |

# %%
progress(10)
