# %% [markdown]
# # 1 · What is partially relevant video retrieval?
#
# Somebody remembers a few seconds of a film and writes one sentence about them. Which of thousands
# of films was it? Nobody cut the film for this question, and most of it shows something else. That
# is *partially relevant video retrieval*, PRVR, and this course builds a system for it: **MS-SL++**,
# the successor of **MS-SL**. Both compare a query with clips of every length; MS-SL keeps all 528
# clips of a film, MS-SL++ only 32 that stand for the others.
#
# **You will be able to**
# - say how PRVR differs from its three neighbours T2VR, SVMR and VCMR;
# - measure how much of a film a moment covers, and why that number decides so much;
# - give a film one score out of the scores of its frames: mean, max, top-k, log-sum-exp;
# - judge a ranking: R@K and SumR;
# - say how a model learns *when* something happens, although nobody tells it;
# - show a model that works well on paper, and the short moment that fools it.
#
# **You need** Python and a little PyTorch: tensors, broadcasting, boolean masks.
#
# **Time**: 80 minutes to read and solve; running it takes {{cost}}.
#
# **Four exercises.** Each is one small function. A check says what is wrong, and not only that
# something is wrong. If you are stuck, `hint("name")` helps in small steps. If you leave one blank,
# the lesson goes on with our solution.
#
# <details><summary><b>Symbols</b> in this and all later lessons, to look up</summary>
#
# | symbol | meaning |
# |---|---|
# | $Q$, $V$ | number of queries, of videos (films); scores `[Q, V]` hold a number for every pair |
# | $B$ | films or queries that are computed together, in one batch |
# | $T$, $T_v$ | frames of the longest film in a batch; of film $v$ |
# | $L$ | length of a sequence: words of a query, or frames that look at other frames |
# | $D$ | numbers in a feature, as it comes from the file: $D_v$ of a frame, $D_w$ of a word |
# | $H$ | numbers in an encoding, inside the model |
# | $n$, $N$ | units of a film (32), and its clips (528) |
# | $K$ | clips of a film that are kept (32); in R@K, how many films of a ranking count |
# | $S_c$, $S_f$, $S$ | score of a film by its clips, by its frames, and by both |
#
# </details>

# %% tags=["setup"]
# 1

# %%
import torch
from torch import Tensor

from prvr_lite import load_sample, retrieval_metrics
from prvr_lite.course import check, gallery, hint, play, progress, table

# %% [markdown]
# ## 1 · A film and its moments
#
# Our films come from *Emoji Theatre*, a small set that travels with the package. Each film is half
# a minute long, and everything in it is known: who does what, where, and from which second to
# which. (`data_samples/README.md` describes how they are made.) Here is one: start it.

# %%
sample = load_sample()
test_films = sample.videos_in("test")  # rows of films, [V]
FILM = int(test_films[5])
play(sample, FILM)

# %% [markdown]
# Under the film you see it along its time axis. Each bar is a
# **moment**: a stretch of the film that somebody wrote a caption for. Between moments lies *filler*,
# which nobody captioned.
#
# A **query** is such a caption. Look at the first one: Santa is chased for one single second. If
# this sentence is all we have, then nearly the whole film has nothing to do with it. The film is
# relevant to the query, but only *partially*.

# %%
for query in (sample.query_video == FILM).nonzero()[0]:
    start, end = sample.moment[query]
    share = (end - start) / sample.duration[FILM]
    print(f"{start:5.1f} to {end:4.1f} s  {share:4.0%} of the film   {sample.query_text[query]}")

# %% [markdown]
# Some moments have two captions, as two people might describe the same thing. Some moments unfold
# in two steps: *"dances and **then** plays the guitar"*. No single frame shows both steps. Keep
# that in mind; it comes back at the end of this lesson, and it is why the method of this course
# looks at clips.
#
# ### Four tasks that sound alike
#
# | task | given | wanted | what is assumed |
# |---|---|---|---|
# | **T2VR**, text-to-video retrieval | a query, many *short* videos | the video | the query describes the *whole* video |
# | **PRVR**, partially relevant video retrieval | a query, many *untrimmed* videos | the video | the query describes *some moment* in it, nobody says which |
# | **SVMR**, single video moment retrieval | a query and *the* video | start and end of the moment | the right video is known |
# | **VCMR**, video corpus moment retrieval | a query, many untrimmed videos | the video, and start and end | moments are marked for training |
#
# PRVR sits between them. It searches many videos like T2VR, for a moment like VCMR; but it learns
# from pairs (video, sentence) alone. Nobody has to mark where anything starts or ends, and such pairs
# are what the world is full of.
#
# ## 2 · How much of the film does the moment cover?
#
# The **moment-to-video ratio** is the length of the moment divided by the length of its film:
#
# $$ r = \frac{t_{\text{end}} - t_{\text{start}}}{T_{\text{film}}} $$
# <!-- eq: ratio -> prvr_lite.search.metrics:moment_to_video_ratio -->
#
# We compute it three times, as often in this course: first with a plain loop, which is easy to
# read, then without a loop, then with the function of the package. Each result must agree with the
# one before.

# %%
from prvr_lite.search import moment_to_video_ratio

by_loop = []
for query in range(len(sample.query_id)):
    start, end = sample.moment[query]
    by_loop.append((end - start) / sample.duration[sample.query_video[query]])

length = sample.moment[:, 1] - sample.moment[:, 0]  # [Q]
at_once = length / sample.duration[sample.query_video]  # [Q]
ratio = moment_to_video_ratio(sample.moment, sample.duration[sample.query_video])  # [Q]
print("equal:", abs(ratio - by_loop).max() < 1e-6, abs(ratio - at_once).max() < 1e-6)

# %% [markdown]
# How do these films compare with real ones? Most papers of this field use three data sets: **TVR**
# (scenes of TV series), **ActivityNet Captions** (web videos) and **Charades-STA** (chores at
# home). The dots show the mean over their test moments, and for Emoji Theatre over all of its
# moments.

# %%
from prvr_lite.course.lesson01 import ratio_histogram

others = {"TVR": 0.122, "ActivityNet Captions": 0.323, "Charades-STA": 0.271}
ratio_histogram(ratio, name=sample.name, others=others, limits=(0.2, 0.4))

# %% [markdown]
# In every one of these sets, the average query describes less than a third of its video. Whoever
# compares the query with the *whole* video compares it mostly with something else. The dotted lines
# cut the queries into the three groups that papers report: up to 0.2, up to 0.4, and above.
#
# ## 3 · A film is a bag of frames
#
# Suppose that some model scores single frames: $s_t$ says how well frame $t$ fits the query. (Later
# lessons build that model.) The film still needs *one* score. When the model learns, it is known
# only that *something* in the film fits. It is not known which frame.
#
# There is an old name for this: **multiple-instance learning**. A film is a *bag*, its frames are
# the *instances*, and only the bag has a label. It rests on one assumption:
#
# $$ y_{\text{bag}} = \max_{t} \, y_t $$
# <!-- eq: multiple instances -> prvr_lite.course.lesson01.answers:max_score -->
#
# - A bag is positive if **at least one** of its instances is; a negative bag holds none. (The classic
#   example is a bunch of keys: if one of them opens the door, the bunch is labelled "opens".)
# - Training sees the labels $y_{\text{bag}}$ only: does this sentence belong to this film?
# - The labels of the instances $y_t$, which frame it is, are **never given**. They have to come out by themselves.
#
# The diagram shows how that can work. The sentence is "Among the cactuses, a whale hugs Santa Claus", and
# the scores are made up. The loss compares *one* score of the film with *one* label; its gradient goes
# back through the pooling to the frames. How the scores are pooled decides **which frames learn**.

# %%
from prvr_lite.course.lesson01 import bag_diagram
from prvr_lite.plots import timed_thumbnails

seconds = float(sample.duration[FILM])
pictures = timed_thumbnails(sample.thumbnails(FILM), seconds)
made_up = torch.tensor([0.1, 0.3, 0.3, 0.0, 0.1, 0.0, 0.1, 0.9])
weights = {"mean": torch.full((8,), 1 / 8), "max": (made_up == made_up.max()).float()}
bag_diagram(made_up, weights, duration=seconds, thumbnails=pictures)

# %% [markdown]
# Let us make a tiny world in which we know the truth. The query is *"an owl plays the trumpet"*.
# - In `forest`, an owl sits around all the time. It is *related* to the query in every frame, and
#   nobody plays anything.
# - In `stage`, one frame shows exactly what is asked for, and the others have nothing to do with it.
#
# Which film has the higher mean? We compute it with a loop first.

# %%
forest = torch.tensor([0.5, 0.4, 0.5, 0.4, 0.5, 0.4, 0.5, 0.4])  # [8] a score for each frame
stage = torch.tensor([0.1, 0.0, 0.1, 0.9, 0.1, 0.0])  # [6] a shorter film

for name, frames in {"forest": forest, "stage": stage}.items():
    total = 0.0
    for score in frames:
        total += float(score)
    print(f"{name}: mean {total / len(frames):.2f}")

# %% [markdown]
# The mean picks the wrong film, by a large margin. One good frame cannot make up for five that have
# nothing to do with the query.
#
# For many films at once we want one tensor instead of a list. Films differ in length, so the shorter
# ones are filled up (**padding**), and a **mask** says what is real. Padding can hold anything. Here
# it holds 9, so that a forgotten mask shows at once.

# %%
score = torch.full((2, 8), 9.0)  # [V, T], V = 2 films, T = 8 places
score[0, :8], score[1, :6] = forest, stage
mask = torch.arange(8) < torch.tensor([[8], [6]])  # [V, T] bool, True where a frame is real
print(score, "real frames:", mask.sum(1), sep="\n")

# %% [markdown]
# ### ✏️ Exercise 1.1 · mean_score  (★☆☆, 5 minutes)
#
# $$ s_{\text{mean}} = \frac{1}{T_v} \sum_{t=1}^{T_v} s_t $$
# <!-- eq: mean -> prvr_lite.course.lesson01.answers:mean_score -->
#
# Return the mean over the *real* frames of each film, `[V]`, for all films at once and without a
# loop. $T_v$ is how many frames film $v$ has: 8 and 6 here, while the tensor has $T = 8$ places for
# each.
#
# <details><summary>A film scores 2 or more, though no frame is above 1</summary>
#
# Then the 9s of the padding were counted. Multiplying by the mask makes them 0; by what must you
# divide?
#
# </details>
# <details><summary>I am stuck</summary>
#
# Run `hint("mean_score")` in a new cell; each run gives one more hint, and `hint("mean_score", 1)`
# gives the first one again.
#
# </details>


# %% tags=["solution"]
def mean_score(score: Tensor, mask: Tensor) -> Tensor:
    """The mean over the real frames of each film.

    score [V, T], mask [V, T] bool (True: a real frame) -> [V]
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
mean_score = check(mean_score)

# %%
print("yours:", mean_score(score, mask), "by hand:", forest.mean(), stage.mean())

# %% [markdown]
# ### ✏️ Exercise 1.2 · max_score  (★☆☆, 5 minutes)
#
# If one good frame is enough, let the best frame speak for the film:
#
# $$ s_{\max} = \max_{t} \, s_t $$
# <!-- eq: max -> prvr_lite.model.key_clip:clip_similarity -->
#
# Return the score of the best *real* frame of each film, `[V]`, without a loop. Mind the padding
# again. Multiplying by the mask is a trap here: scores may be negative.


# %% tags=["solution"]
def max_score(score: Tensor, mask: Tensor) -> Tensor:
    """The best real frame of each film.

    score [V, T], mask [V, T] bool (True: a real frame) -> [V]
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
max_score = check(max_score)

# %%
for name, pool in {"mean": mean_score, "max": max_score}.items():
    one, other = pool(score, mask).tolist()
    print(f"{name:5s} forest {one:.2f}   stage {other:.2f}")

# %% [markdown]
# Now `stage` wins, as it should. Is max always better, then? No: it trusts a single frame. If a
# noisy model happens to overrate one frame, the film jumps to the top. A careful compromise is the
# mean of the **k best** frames. This one is given; compare the loop with the version for all films
# at once.


# %%
def top_k_by_loop(frames: Tensor, k: int) -> float:
    best = sorted(frames.tolist(), reverse=True)[:k]
    return sum(best) / len(best)


from prvr_lite.course.lesson01 import top_k_score

print("loop:", [round(top_k_by_loop(frames, 3), 4) for frames in (forest, stage)])
best = score.masked_fill(~mask, -torch.inf).topk(3, dim=1).values  # [V, 3]
print("at once:", best.mean(1), "package:", top_k_score(score, mask, 3))

# %% [markdown]
# With k = 1 it is the maximum, and with k = $T_v$ it is the mean. With k = 3 `forest` is ahead
# again: the moment of `stage` is one frame long, so k = 3 asks for more than it has. A good k
# depends on the length of the moment, and that is just what we do not know.
#
# ### ✏️ Exercise 1.3 · log_sum_exp_score  (★★☆, 10 minutes)
#
# There is a gradual way from the mean to the maximum: the better a frame is, the more it counts. A
# **temperature**
# $\tau > 0$ says how much more.
#
# $$ s_{\tau} = \tau \, \log \frac{1}{T_v} \sum_{t=1}^{T_v} e^{s_t / \tau} $$
# <!-- eq: log-sum-exp -> prvr_lite.course.lesson01.bags_widget:bag_score -->
#
# Here is the loop first, which is the specification:

# %%
from math import exp, log


def log_sum_exp_by_loop(frames: Tensor, temperature: float) -> float:
    total = 0.0
    for score in frames.tolist():
        total += exp(score / temperature)
    return temperature * log(total / len(frames))


print("loop:", [round(log_sum_exp_by_loop(frames, 0.1), 4) for frames in (forest, stage)])

# %% [markdown]
# Return this score for each film, `[V]`, for all films at once. Use `torch.logsumexp`: it takes the
# largest term out before the exponential, so that $e^{900}$ is never computed. (The loop computes it
# at a temperature of 0.001, and the check tries that.)
#
# <details><summary>My numbers are too large, by the same amount for films of one length</summary>
#
# `logsumexp` is the log of a *sum*. The formula wants the log of a *mean*: the log of the number of
# real frames is missing.
#
# </details>
# <details><summary>I am stuck</summary>
#
# Run `hint("log_sum_exp_score")` in a new cell.
#
# </details>


# %% tags=["solution"]
def log_sum_exp_score(score: Tensor, mask: Tensor, temperature: float) -> Tensor:
    """temperature x log of the mean, over the real frames, of e^(score / temperature).

    score [V, T], mask [V, T] bool (True: a real frame), temperature above 0 -> [V]
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
log_sum_exp_score = check(log_sum_exp_score)

# %% [markdown]
# Does it lead from the mean to the maximum?

# %%
rows = {"mean": mean_score(score, mask)}
for temperature in (10, 1, 0.3, 0.1, 0.03, 0.01):
    rows[f"τ = {temperature}"] = log_sum_exp_score(score, mask, temperature)
rows["max"] = max_score(score, mask)
table(
    {name: dict(zip(("forest", "stage"), s.tolist(), strict=True)) for name, s in rows.items()},
    digits=3,
)

# %% [markdown]
# It does: at a high temperature the score is near the mean of all frames, and at a low one it is
# near the best frame. Somewhere between, the other film wins.
#
# How much does each frame count? That is the derivative of the film's score by that frame's:
#
# $$ \frac{\partial s_{\tau}}{\partial s_t} = \frac{e^{s_t / \tau}}{\sum_{u} e^{s_u / \tau}} $$
# <!-- eq: weight -> prvr_lite.course.lesson01.bags_widget:bag_score -->
#
# So it also says which frames *learn* from this query: with the mean all of them, with the maximum
# only the best one. (In `forest` four frames are equally good, so they share the gradient.) Do not
# believe the formula; let PyTorch derive your own function:

# %%
traced = score.clone().requires_grad_()
(gradient,) = torch.autograd.grad(log_sum_exp_score(traced, mask, 0.3).sum(), traced)
formula = (score / 0.3).masked_fill(~mask, -torch.inf).softmax(1)  # [V, T]
for name, weight in {"by autograd": gradient, "the formula": formula}.items():
    print(name, "for stage:", [round(w, 3) for w in weight[1].tolist()])

# %% [markdown]
# Now move the slider, and find the temperature at which the other film wins. (Where no slider can
# work, you see three temperatures one under the other.) Gold shows how much each frame counts.

# %%
from prvr_lite.course.lesson01 import Bag, bag_explorer

owl = {"forest": Bag(forest), "stage": Bag(stage, right=True, moment=(3 / 6, 4 / 6))}
bag_explorer(owl, query="An owl plays the trumpet.")

# %% [markdown]
# ### Why so many systems use the mean nevertheless
#
# If the score is an inner product of a query vector $q$ with frame vectors $f_t$, then the mean of the
# scores *is* the score of the mean vector. So the frames need not be kept: one vector per film is
# enough, and one inner product for each query and film. That is cheap, it is classical T2VR, and it
# is right where the query describes the whole video.
#
# $$ \frac{1}{T} \sum_t q \cdot f_t = q \cdot \Big( \frac{1}{T} \sum_t f_t \Big) $$
# <!-- eq: mean vector -> prvr_lite.model.baselines:MeanPool.pool -->
#
# ## 4 · How good is a ranking?
#
# Every query has one right film (its own). Sort all films by their score for the query; the
# **rank** of the right one is what counts. Here are three queries and five films:

# %%
toy = torch.tensor(  # [Q, V]
    [[0.9, 0.1, 0.3, 0.2, 0.0], [0.6, 0.5, 0.1, 0.7, 0.2], [0.3, 0.3, 0.3, 0.3, 0.3]]
)
right = torch.tensor([0, 1, 4])  # [Q] the right film of each query

ranks = []
for query, own in enumerate(right):
    ahead = sum(toy[query, v] >= toy[query, own] for v in range(5) if v != own)
    ranks.append(1 + int(ahead))
print("ranks:", ranks)

# %% [markdown]
# The first query found its film at rank 1, the second at rank 3. The third scores all films alike.
# Such a model knows nothing, so we count every tie against it: rank 5, not 1. (Evaluation code that
# sorts without a rule for ties gives it some rank by chance.)
#
# ### ✏️ Exercise 1.4 · recall_at  (★★☆, 10 minutes)
#
# **Recall at K** is the percentage of queries whose right film is among the first K:
#
# $$ \text{R@}K = \frac{100}{Q} \, \big| \{ q : \text{rank}(q) \le K \} \big| $$
# <!-- eq: recall -> prvr_lite.search.metrics:retrieval_metrics -->
#
# Return it as one number from 0 to 100, without a loop, and count ties as above.
#
# <details><summary>How do I get each query's score of its own film?</summary>
#
# `score.gather(1, right[:, None])` picks column `right[i]` of row `i`, as [Q, 1].
#
# </details>


# %% tags=["solution"]
def recall_at(score: Tensor, right: Tensor, k: int) -> float:
    """Percentage of queries whose right film is among the first k; ties count against it.

    score [Q, V], right [Q] (column of each query's right film), k from 1 -> 0..100
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
recall_at = check(recall_at)

# %% [markdown]
# Papers print R@1, R@5, R@10 and R@100, and their sum, which can reach 400:
#
# $$ \text{SumR} = \text{R@1} + \text{R@5} + \text{R@10} + \text{R@100} $$
# <!-- eq: sumr -> prvr_lite.search.metrics:retrieval_metrics -->
#
# The package gives them all at once. A ranking of random scores shows which value is worth nothing:
# with 200 films, chance gives an R@1 of about half a per cent.

# %%
g = torch.Generator().manual_seed(0)
noise, answer = torch.rand(20_000, 200, generator=g), torch.randint(200, (20_000,), generator=g)
yours = {f"R@{k}": recall_at(noise, answer, k) for k in (1, 5, 10, 100)}
yours["SumR"] = sum(yours.values())
package = retrieval_metrics(noise, answer)
table({"yours": yours, "package": {k: package[k] for k in yours}}, digits=2)

# %% [markdown]
# ## 5 · Two models meet real queries
#
# Now we train two small models. They have the same encoders, the same training and the same films;
# only the bag score differs:
# - `mean-pool`: a film is the mean of its frame vectors. This is T2VR.
# - `frame-max`: a film is its best frame.
#
# Lesson 3 explains the encoders, and lessons 7 and 8 explain the training. Both models make a vector for
# every frame and one for the sentence, so we can look inside them at any time: the score of a frame is
# the cosine between both vectors. This function does it for all queries and films; read it slowly, and
# follow the shapes.

# %%
from torch.nn.functional import normalize

from prvr_lite import PRESETS, build_model, evaluate, fit
from prvr_lite.data import InputReader

preset = PRESETS["sample"]
config = preset.model_config(sample.visual_dim, sample.query_dim)
models = {name: build_model(name, config, seed=0) for name in ("mean-pool", "frame-max")}
reader = InputReader(sample, config)


@torch.inference_mode()
def frame_scores(model, queries, films) -> tuple[Tensor, Tensor]:
    """Cosine of each query with each frame of each film [Q, V, T], and the mask [V, T]."""
    model, device = model.eval(), model.device
    encoding = model.encode_videos(*(x.to(device) for x in reader.videos(films)))
    words = model.encode_queries(*(x.to(device) for x in reader.queries(queries)))  # [Q, H]
    cosine = torch.einsum(
        "qh,vth->qvt", normalize(words, dim=-1), normalize(encoding.frames, dim=-1)
    )
    return cosine.cpu(), encoding.frame_mask.cpu()


# %% [markdown]
# Training goes through the pairs (film, sentence) of the training films six times: six **epochs**. No start
# and no end of any moment is read in it. We print the loss of every epoch, which should fall, and keep how
# the model scores the frames of each *test* query's own film: before training, and after every epoch.

# %%
from dataclasses import replace

queries = sample.queries_in("test")  # rows of the test queries, [Q]
own_film = torch.from_numpy(test_films.searchsorted(sample.query_video[queries]))  # [Q]
few = replace(preset.training, epochs=6, evaluate_from=5)
kept: dict[str, list[Tensor]] = {name: [] for name in models}
for name, model in models.items():

    def look(history) -> None:
        frames, real = frame_scores(model, queries, test_films)  # [Q, V, T], [V, T]
        own = frames[torch.arange(len(queries)), own_film]  # [Q, T]
        kept[name].append(own.masked_fill(~real[own_film], -torch.inf))
        for row in history.rows[-1:]:
            print(f"{name}: loss {row['loss']:.3f} in epoch {len(history.rows)}", flush=True)

    fit(model, sample, few, progress=False, watch=look)

# %%
test = {name: evaluate(model, sample, "test") for name, model in models.items()}
print(f"{len(queries)} queries, {len(test_films)} films to find them in")
table({name: {k: result.fused[k] for k in yours} for name, result in test.items()})

# %% [markdown]
# Both are far better than chance, and the best frame is the better bag score. But *where* is it
# better? Split the queries by moment-to-video ratio.

# %%
from prvr_lite.plots import ratio_bars
from prvr_lite.search import by_group, ratio_bin

groups = ratio_bin(ratio[queries])  # "(0, 0.2]", "(0.2, 0.4]" or "(0.4, 1]" for each query
by_ratio = {n: by_group(t.similarity.clip, t.relevant, groups) for n, t in test.items()}
r1 = {name: [row["R@1"] for row in group.values()] for name, group in by_ratio.items()}
counts = [int(row["queries"]) for row in by_ratio["mean-pool"].values()]
print("R@1 (%)  ", " | ".join(f"{group:^11s}" for group in sorted(set(groups))))
for name, percent in r1.items():
    wide = [
        196 * (p / 100 * (1 - p / 100) / n) ** 0.5 for p, n in zip(percent, counts, strict=True)
    ]
    print(name, " | ".join(f"{p:4.1f} ± {w:4.1f}" for p, w in zip(percent, wide, strict=True)))
ratio_bars(r1, groups=sorted(set(groups)), counts=counts)

# %% [markdown]
# Read the two colours from left to right. The longer the moment is, the better the mean does,
# because more of the frames that it averages fit the query. The maximum is strong where the moment
# is short, and loses its lead where it is long. (The last group is small: its ± is wide, and chance alone could
# move its bars by that much.)
#
# A test set of long moments would have hidden the fault of the mean. **What you measure on decides
# what you see.**
#
# ### A short moment that drowns
#
# Among all short moments that `frame-max` finds at rank 1, take the one that `mean-pool` ranks worst.

# %%
from prvr_lite.search import rank_of_first_relevant

rank = {n: rank_of_first_relevant(t.similarity.clip, t.relevant) for n, t in test.items()}  # [Q]
clear = (ratio[queries] < 0.1) & (rank["frame-max"] == 1)
fooled = int((rank["mean-pool"] * clear).argmax())
QUERY = int(queries[fooled])
print(f"“{sample.query_text[QUERY]}” covers {ratio[QUERY]:.0%} of its film; rank of the film by")
print({name: int(r[fooled]) for name, r in rank.items()})
gallery(sample, QUERY, test_films, test["mean-pool"].similarity.clip[fooled], top=1)

# %% [markdown]
# The first film shows the place that the query names, or somebody like the one it names, for a good
# part of its length. It never shows the moment itself, but it often shows something like it. The right film follows
# far below; its moment, the outlined thumbnail at the very end, is short, and the rest of the film shows
# something else. This is `forest` against `stage` again, in pixels.
#
# Now look inside `frame-max`, and put the right film beside the one that would win by the mean of its
# frame scores.

# %%
scores, real = frame_scores(models["frame-max"], queries, test_films)  # [Q, V, T], [V, T]
means = mean_score(scores[fooled], real)  # [V]
own = int(test["frame-max"].relevant[fooled].argmax())
bags = {}
for row in [own, *means.topk(1).indices.tolist()]:
    video, frames = int(test_films[row]), scores[fooled, row][real[row]].numpy()
    seconds = float(sample.duration[video])
    strip = [
        (t / seconds, image) for t, image in timed_thumbnails(sample.thumbnails(video), seconds)
    ]
    moment = tuple(sample.moment[QUERY] / seconds) if row == own else None
    bags[sample.video_id[video]] = Bag(frames, row == own, strip, moment)
bag_explorer(bags, query=sample.query_text[QUERY], static=(float("inf"), 0.05, 0))

# %% [markdown]
# In the right film the curve jumps where the moment is (lit), and lies low elsewhere. In the other
# film it is never as high, but it is raised for much of the film. Which of the two shapes wins is
# decided by the bag score, not by the frames.
#
# ### Nobody told it when
#
# Look at that curve again. It leaps exactly where the moment is. But the model has seen pairs (film,
# sentence) only: no start, no end, not one marked frame. Is that luck? Take **every** test query, go to its
# own film, and ask: does the frame with the highest score lie inside the true moment? A random guess lies
# inside the moment with a probability equal to the moment's share of the film; over all queries that is
# the mean ratio.

# %%
from prvr_lite.plots import recall_bars

span = torch.from_numpy(sample.moment[queries] / sample.duration[sample.query_video[queries], None])


def inside(own: Tensor) -> float:
    """Percentage of queries whose best frame lies in the true moment; own [Q, T], -inf: no frame."""
    place = (own.argmax(1) + 0.5) / own.isfinite().sum(1)  # [Q], as a share of the film
    return 100 * float(((span[:, 0] <= place) & (place < span[:, 1])).double().mean())


chance = 100 * float(ratio[queries].mean())
rows = {"chance": dict.fromkeys(models, chance)}
for epoch, name in ((0, "untrained"), (6, "after six epochs")):
    rows[name] = {model: inside(own[epoch]) for model, own in kept.items()}
recall_bars(rows, metric="best frame inside the moment (%)", title="Nobody told it when")

# %% [markdown]
# **This is the wonder of the whole field.** Before training the model does no better than a blind guess;
# after six epochs it points into the moment for nearly nine queries in ten, and nobody told it when.
# The labels of the instances have come out of the labels of the bags. How? A whale that hugs Santa is in few
# films, but in all those whose sentence says so. Only frames that show it can raise the right films *and
# only them*, so it pays to score those. With the max only the best frame learns; with the mean all frames share the
# gradient, and *when* is learned less well.
#
# Here is how it happens, in the film that you played at the beginning:

# %%
from prvr_lite.course.lesson01 import moment_appears

asked = sample.query_text.index("Among the cactuses, a whale hugs Santa Claus.")
place = int((queries == asked).nonzero()[0][0])
states = {0: "untrained", 1: "1 epoch", 2: "2 epochs", 4: "4 epochs", 6: "6 epochs"}
curves = {}
for epoch, name in states.items():
    own = kept["frame-max"][epoch][place]
    curves[name] = own[own.isfinite()]
moment = tuple(sample.moment[asked])
seconds = float(sample.duration[FILM])
moment_appears(
    curves, query=sample.query_text[asked], duration=seconds, moment=moment, thumbnails=pictures
)

# %% [markdown]
# First the curve is noise. Then whatever shows a whale, Santa or cactuses rises; in the end the frames that show
# them together stand above all others.
#
# ### Four bag scores
#
# How do our four bag scores do on *all* queries, with the same frame scores? (The model was trained
# for the max, so this is not quite fair to the others. It shows the direction.)

# %%
pools = {
    "mean": mean_score,
    "log-sum-exp, τ = 0.1": lambda s, m: log_sum_exp_score(s, m, 0.1),
    "top 5": lambda s, m: top_k_score(s, m, 5),
    "max": max_score,
}
pooled = {name: torch.stack([pool(s, real) for s in scores]) for name, pool in pools.items()}
rows = {name: retrieval_metrics(s, own_film) for name, s in pooled.items()}
table({name: {k: row[k] for k in yours} for name, row in rows.items()})
same = torch.allclose(pooled["max"], test["frame-max"].similarity.clip, atol=1e-4)
print("your max of the frame scores is what the package ranked by:", same)

# %% [markdown]
# Top 5 nearly equals the max; the mean is far behind.
#
# ## 6 · Predict, then break it
#
# We glue a film of strangers (from the training films) behind every test film. Each film is now about
# twice as long, every moment covers about half of what it did, and each query still has its right
# film.
#
# **Write down your guess before you run the cell**: what part of its R@1 does the *mean* lose, and
# what part does the *max* lose? All of it, half of it, a little, or nothing?

# %%
strangers = sample.videos_in("train")[: len(test_films)]
more, more_real = frame_scores(models["frame-max"], queries, strangers)
longer, longer_real = torch.cat([scores, more], 2), torch.cat([real, more_real], 1)  # [Q, V, 2T]
rows = {}
for name, pool in {"mean": mean_score, "max": max_score}.items():
    before, after = pooled[name], torch.stack([pool(s, longer_real) for s in longer])
    rows[name] = {"R@1": recall_at(before, own_film, 1), "glued": recall_at(after, own_film, 1)}
    rows[name]["lost (%)"] = 100 * (1 - rows[name]["glued"] / rows[name]["R@1"])
table(rows)

# %% [markdown]
# The mean loses nearly two thirds: every frame that somebody adds lowers it, whether it has to do with
# the query or not. The max loses more than a third, which is much as well. It is hurt only where a
# stranger's frame happens to beat the best frame of the right film; but there are 200 strangers,
# and a maximum over more frames is also a maximum over more mistakes. With untrimmed videos,
# "somebody adds frames" is the normal case. How fast does the best of $n$ mistakes grow? Take $n$ scores that are
# nothing but noise, with a standard deviation of 1, and keep the best; do it ten thousand times:

# %%
luck = torch.randn(10_000, 512, generator=torch.Generator().manual_seed(0))
sizes = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
best_of = {f"{n}": float(luck[:, :n].amax(1).mean()) for n in sizes}
added = {f"{2 * n}": best_of[f"{2 * n}"] - best_of[f"{n}"] for n in sizes[:-1]}
mean_of = {f"{n}": round(float(luck[:, :n].mean()), 2) + 0.0 for n in sizes}  # + 0.0: no "-0"
table({"mean of n": mean_of, "best of n": best_of, "the doubling added": added}, digits=2)

# %% [markdown]
# The mean of noise stays at 0. The best of it rises without end, though ever more slowly: each doubling adds
# less than the one before (last row). So a maximum prefers long films a little, and needs real moments to stand well above the noise.
#
# ## 7 · What even the best frame cannot see
#
# Is PRVR solved with the max over frames, then? Split the queries in another way: into moments of a
# single step, and moments that unfold in two steps. The last two rows take only moments of one
# size, a ratio between 0.2 and 0.4.

# %%
from prvr_lite.search import two_step

two = torch.from_numpy(two_step(sample, queries))  # [Q] bool
share = torch.from_numpy(ratio[queries])  # [Q]
middle = (share > 0.2) & (share <= 0.4)
kinds = {"single-step": ~two, "two-step": two}
kinds |= {f"{name}, 0.2 to 0.4": kind & middle for name, kind in kinds.items()}
rows = {}
for name, kind in kinds.items():
    count, part = int(kind.sum()), 100 * float(share[kind].mean())
    recalls = {p: recall_at(pooled[p][kind], own_film[kind], 1) for p in ("mean", "max")}
    row = {**recalls, "± at most": 98 / count**0.5, "of the film (%)": part}
    rows[f"{name} ({count} queries)"] = row
table(rows)

# %% [markdown]
# The max finds far fewer of the two-step moments. For the mean there seems to be no difference; but
# the two-step moments are more than twice as long (column *of the film*), and long moments are easy for
# the mean. At one size, both find less than half as many. (±: how far chance alone moves a percentage of so many
# queries, 19 times in 20.)
#
# Why? *"A whale dances and then plays the guitar"*: the sample holds sibling films in which a whale
# dances and then does something else. One frame shows one step, and half a moment fits several
# films. What is needed lies between a frame and a film: **clips**, of every length, because nobody
# knows how long the moment is. Lesson 4 builds all 528 of them, lesson 5 keeps the 32 that matter.
#
# ## Recap
#
# - In PRVR a query describes a *moment* of its film, and nobody says which one. Training sees pairs
#   (film, query) only.
# - The **moment-to-video ratio** says how partial the relevance is; a fifth on average here, an eighth
#   in TVR.
# - A film is a **bag of frames**. The **mean** is one vector and cheap, but it hides short moments.
#   The **max** finds them, but it trusts single frames. **Top-k** and **log-sum-exp** lie between.
# - **Nobody told it when**: from labels of bags alone, the frames learn where the moment is. With the max the best
#   frame lies inside it for nearly nine queries in ten, untrained for two.
# - **R@K** and **SumR** judge rankings; ties count against the model. Report them **by ratio** too.
# - A moment that takes two steps is hard for both: of moments of one size, they find less than half as
#   many. That is what clips are for.
#
# ## Five questions
#
# <details><summary>1. A surveillance archive holds 24-hour videos. Which bag score would you never use, and why?</summary>
#
# The mean. A moment of ten seconds has a ratio of about 0.0001, so the score of the whole day hardly
# depends on it.
#
# </details>
# <details><summary>2. What does training data for VCMR have that data for PRVR lacks?</summary>
#
# Start and end of each query's moment. PRVR learns from pairs of a video and a sentence.
#
# </details>
# <details><summary>3. The log-sum-exp score at a given temperature is never above the max and never below the mean. Why?</summary>
#
# The mean of the exponentials is at most the largest of them, so the score is at most the max. And
# the exponential is convex, so the mean of exponentials is at least the exponential of the mean
# (Jensen's inequality): the score is at least the mean.
#
# </details>
# <details><summary>4. A model gives every film the score 0. What is its R@1, with our rule for ties, and what with an evaluator that breaks ties for the model?</summary>
#
# It is 0 with ours (every other film is counted ahead), and 100 with the other. Always ask how an
# evaluator treats ties.
#
# </details>
# <details><summary>5. Two models have the same SumR. Why look at their R@1 by ratio as well?</summary>
#
# SumR is an average over queries. One model may live on long moments and the other on short ones; for
# films with short moments they differ very much.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code (HuiGuanLab/ms-sl-pp) |
# |---|---|---|
# | moment-to-video ratio and its groups | `search.metrics:moment_to_video_ratio`, `search.metrics:ratio_bin`, `search.metrics:by_group` | – |
# | max over what a film consists of | `model.key_clip:clip_similarity` | `method/model.py:197-216` |
# | mean of the frames (T2VR) | `model.baselines:MeanPool` | – |
# | best frame | `model.baselines:FrameMax` | – |
# | R@K, SumR | `search.metrics:retrieval_metrics` | `method/eval.py:54-110` |
# | ranks and ties | `search.metrics:rank_of_first_relevant` | `method/eval.py:68-78` (sorts without a rule for ties) |
#
# PRVR was named by Dong et al. (*Partially Relevant Video Retrieval*, ACM Multimedia 2022).
# MS-SL++, the model of this course, comes from the extended version (Chen et al., TPAMI 2025, arXiv
# 2208.12510).
#
# **Next**: lesson 2 goes from pixels and words to features.

# %%
progress(1)
