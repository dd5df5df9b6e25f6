# %% [markdown]
# # 7 · The dual losses
#
# Lessons 3 to 6 built the parts of MS-SL++. This lesson builds what they learn from: two kinds of loss, each at two scales.
#
# **You will be able to**
# - write the triplet ranking loss and infoNCE without loops, in both directions, and say which pairs each of them pushes;
# - draw random and hard negatives, and say why training begins with the former and ends with the latter;
# - put all four terms of MS-SL++ together and get the package's numbers to six decimals;
# - prove that one of its margins can never be met, and judge from measurements whether that matters.
#
# **You need** lesson 6 (key clip, $S_c$, attended frames $r$, $S_f$), and what a gradient is.
#
# **Time**: 95 minutes to read and solve; running it takes {{cost}}.

# %% tags=["setup"]
# 7

# %%
import torch

from prvr_lite import load_sample
from prvr_lite.course import check, hint, progress

sample = load_sample()

# %% [markdown]
# ## 1 · What a batch looks like
#
# Training knows pairs: this query was written for that film. It knows nothing else, and no times. A batch is some films with *all* their queries, and each film that is not a query's own serves as a negative example. What a loss does is best seen on the scores of a model that is still learning, so we train one for three epochs.

# %%
from dataclasses import replace

from prvr_lite import PRESETS, build_model, fit
from prvr_lite.course import epoch_line
from prvr_lite.data import InputReader

preset = PRESETS["sample"]
young = replace(preset.training, epochs=3, hard_negatives_from=3, evaluate_from=3)
model = build_model("mssl++", preset.model_config(sample.visual_dim, sample.query_dim), seed=0)
fit(model, sample, young, progress=False, watch=epoch_line(young.epochs))
reader = InputReader(sample, model.config)

# %%
from prvr_lite.model import TrainingScores


def batch_scores(model, films) -> tuple[TrainingScores, torch.Tensor]:
    """What the losses get: scores of some films with all their queries, and each query's film."""
    batch = reader.batch(films)
    with torch.no_grad():
        return model(*batch), batch.query_video


# %%
from prvr_lite.course.lesson07 import pair_maps

films = sample.videos_in("val")
scores, query_video = batch_scores(model, films[:8])
own = query_video[:, None] == torch.arange(8)  # [Q, V]: is it the query's own film?
pair_maps(
    {"clip scale": scores.clip_cosine},
    own,
    title="Cosine of each query with each film",
    about="white boxes: the query's own film",
    unit="cosine",
)

# %% [markdown]
# A row is a query, a column is a film, and a white box marks where they belong together. You can make out two blocks of four films: these are the *siblings*, which share actors and places. What we want is a picture in which only the outlined cells are bright. How far is that?

# %%
S = scores.clip_cosine
sibling = (query_video[:, None] // 4 == torch.arange(8) // 4) & ~own  # [Q, V], in fours
groups = {"own film": own, "its siblings": sibling, "other films": ~own & ~sibling}
for name, pairs in groups.items():
    print(f"{name:12s} mean cosine {S[pairs].mean():.2f}")
first = S.argmax(1)  # [Q]
print(f"{100 * (first == query_video).float().mean():3.0f} % of the queries find their film,")
print(f"{100 * (first // 4 == query_video // 4).float().mean():3.0f} % at least its group")

# %% [markdown]
# After three epochs the model separates the groups well, and the films within a group much less.
#
# ## 2 · A margin
#
# The **triplet ranking loss** asks for little: the positive (the query's own film) must be ahead of a negative by at least a margin $m$. If it is, the loss is 0, and so is the gradient.
#
# $$\ell(s^+, s^-) = \left[\, m + s^- - s^+ \,\right]_+ = \max(0,\; m + s^- - s^+)$$
# <!-- eq: triplet -> prvr_lite.training.losses:triplet_ranking_loss -->


# %%
def triplet_by_loop(positive: torch.Tensor, negative: torch.Tensor, margin: float) -> float:
    """The mean over pairs, written out."""
    total = 0.0
    for good, bad in zip(positive.tolist(), negative.tolist(), strict=True):
        total += max(0.0, margin + bad - good)
    return total / len(positive)


good, bad = torch.tensor([0.6, 0.6, 0.6]), torch.tensor([0.1, 0.5, 0.8])
losses = [triplet_by_loop(good[i : i + 1], bad[i : i + 1], 0.2) for i in range(3)]
print("loss of each pair:", [round(loss, 2) for loss in losses])

# %% [markdown]
# A negative that is far behind costs nothing. One that is behind by too little costs a little. One
# that is ahead costs the more, the further it is ahead.
#
# ### ✏️ Exercise 7.1 · triplet_loss  (★☆☆, 5 minutes)
#
# Return the mean loss of all pairs as one number (a tensor without dimensions), without the loop.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("triplet_loss")` in a new cell.
# - *The check says that something makes up for others*: is each pair cut at 0, or their mean?
#
# </details>


# %% tags=["solution"]
def triplet_loss(positive: torch.Tensor, negative: torch.Tensor, margin: float) -> torch.Tensor:
    """Mean over pairs of [margin + negative - positive]+: scores [R], [R] -> one number."""
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
triplet_loss = check(triplet_loss)

# %%
import math

from prvr_lite.plots import spread_curves

loop = triplet_by_loop(good, bad, 0.2)
print("as the loop:", math.isclose(triplet_loss(good, bad, 0.2), loop, rel_tol=1e-6))
leads = [tenths / 10 for tenths in range(-6, 7)]  # how far the positive is ahead
curves = {
    f"m = {m}": {a: float(triplet_loss(torch.tensor([a]), torch.zeros(1), m)) for a in leads}
    for m in (0.1, 0.2, 0.4)
}
spread_curves(
    {"loss of one pair": curves},
    xlabel="lead of the positive",
    title="Zero beyond the margin, a slope of −1 before it",
)

# %% [markdown]
# ## 3 · Which negative?
#
# Each other film of the batch is a negative of a query. The loss takes **one** of them, which is drawn again in each step:
#
# - **random**: any of them, with equal chances;
# - **hard**: one of the `pool` highest-scoring ones, those that are most in the way.

# %%
from prvr_lite import TrainConfig

for name, training in {"the paper": TrainConfig(), "lesson 8": preset.training}.items():
    size, pool = training.batch_videos, training.hard_pool
    print(f"{name:9s}: {size:3d} films per batch, {size - 1:3d} negatives per query; pool {pool}")

# %% [markdown]
# Look again at the second line. Where the pool is larger than the row, *hard is random*. So in the small batches of lesson 8, no query's draw of a film ever gets harder. Two other draws do. One is from film to query, where the single hardest is taken (section 4). The other is at the frame scale, whose rows are as long as the batch has queries (section 7).
#
# One function can do both: with a pool as large as the row, the "hardest pool" holds all negatives.
#
# ### ✏️ Exercise 7.2 · draw_negative  (★★★, 15 minutes)
#
# Return for each row the score of the one negative that it draws, `[R]`, from its `pool` highest-scoring negatives. Each row gets its chance from outside, a number `luck` in 0..1: 0 is the hardest of those that may be drawn, just below 1 the easiest. (A function that is given its random numbers is easy to test.) Mind rows with fewer negatives than the pool.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("draw_negative")`.
# - *NaN or infinity*: a row had fewer negatives than the pool, and you drew what you had crossed out.
# - *Positives come up*: cross them out before you rank.
#
# </details>


# %% tags=["solution"]
def draw_negative(
    score: torch.Tensor, negative: torch.Tensor, pool: int, luck: torch.Tensor
) -> torch.Tensor:
    """The score of one negative per row, among its `pool` highest-scoring ones (or all, if fewer).

    score [R, C], negative [R, C] bool (what may be drawn, at least one per row), luck [R] in 0..1
    -> [R]. Of n candidates from the highest down, number floor(luck * n) is drawn.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
draw_negative = check(draw_negative)

# %% [markdown]
# `prvr_lite.training.losses.sample_negatives` draws its random numbers itself. With a pool of 1 there is nothing to draw, so both must agree; with larger pools they must agree on average:

# %%
from prvr_lite.training import sample_negatives

torch.manual_seed(0)
hardest_of_8 = draw_negative(S, ~own, 1, torch.zeros(len(S)))
print("hardest, as the package:", torch.equal(hardest_of_8, sample_negatives(S, ~own, 1)[0]))
for name, their_pool, your_pool in (("hard, of 3", 3, 3), ("random", None, S.shape[1])):
    draws = [draw_negative(S, ~own, your_pool, torch.rand(len(S))) for _ in range(300)]
    their_draws = [sample_negatives(S, ~own, their_pool)[0] for _ in range(300)]
    means = [float(torch.stack(one).mean()) for one in (draws, their_draws)]
    print(f"{name:10s} mean of 300 draws: {means[0]:.3f} yours, {means[1]:.3f} the package's")

# %% [markdown]
# Which of the two teaches more? Count how many draws cost anything at all: the others have gradient 0, and their queries learn nothing in this step. The 15 negatives of a small batch would leave "one of the 20 hardest" no choice, so take a larger one, 64 films. And compare with a model that was never trained:

# %%
untrained = build_model("mssl++", model.config, seed=0).eval()
pools = {"random": 64, "one of the 20 hardest": 20, "the hardest": 1}
for name, one in {"untrained": untrained, "three epochs": model}.items():
    many, many_video = batch_scores(one, films[:64])
    many_own = many_video[:, None] == torch.arange(64)
    positive = (many.clip_cosine * many_own).sum(1)  # [Q]
    print(f"{name}: share of queries that learn something")
    for kind, pool in pools.items():
        drawn = draw_negative(many.clip_cosine, ~many_own, pool, torch.rand(len(positive)))
        print(f"  {kind:22s} {100 * (0.2 + drawn - positive > 0).float().mean():3.0f} %")

# %% [markdown]
# To an untrained model, nearly every random negative teaches something; after three epochs about half of them are too easy. Hard ones still teach. Then why not hard ones from the start? A model that knows nothing ranks by chance. Its "hardest" negatives are noise, or films that look alike for good reasons. Pushing the very hardest away from the first step on can collapse everything into one point, where all films score alike. (FaceNet saw that with faces, in 2015.) So training begins with random negatives and takes hard ones later (from epoch 20 of 100, as released).
#
# ## 4 · The other direction
#
# So far every *query* wanted its film ahead of other films (text to video, a mean over queries). The same table read by columns: every *film* wants its own queries ahead of other queries (video to text, a mean over films). A film has several queries of its own; their **mean** score is the positive. The negative, once negatives are hard, is the single hardest one:
#
# $$\mathcal{L}_{v \to t} = \frac1V \sum_v \Big[\, m + s(q^-, v) - \frac{1}{|Q_v|} \sum_{q \in Q_v} s(q, v) \Big]_+$$
# <!-- eq: video to text -> prvr_lite.training.losses:MSSLppLoss._clip_scale -->
#
# ### ✏️ Exercise 7.3 · own_query_mean  (★☆☆, 5 minutes)
#
# Return the mean in that formula for each film, `[V]`. Say a film's column is $(0.8, 0.4, 0.9)$ and the first two queries are its own: then it is 0.6, and the 0.9 has no part in it.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("own_query_mean")`.
# - *The numbers are too small*: by how many do you divide?
#
# </details>


# %% tags=["solution"]
def own_query_mean(score: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """The mean score of each film's own queries: score [Q, V], own [Q, V] bool -> [V]."""
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
own_query_mean = check(own_query_mean)

# %% [markdown]
# Both directions make the **clip triplet** term. Take the hardest negatives everywhere, so that nothing is random, and compare with the package:


# %%
def clip_triplet(score: torch.Tensor, own: torch.Tensor, margin: float) -> torch.Tensor:
    """Text to video plus video to text on cosines [Q, V], with the hardest negatives."""
    to_video = draw_negative(score, ~own, 1, torch.zeros(len(score)))
    to_text = draw_negative(score.T, ~own.T, 1, torch.zeros(score.shape[1]))
    by_query = triplet_loss((score * own).sum(1), to_video, margin)
    return by_query + triplet_loss(own_query_mean(score, own), to_text, margin)


# %%
from prvr_lite import MSSLppLoss

hardest = MSSLppLoss(TrainConfig(hard_pool=1))  # no draw is left to chance
terms = hardest(scores, query_video, hard=True)
print(f"yours {clip_triplet(S, own, 0.2):.6f}, the package's {terms.clip_triplet:.6f}")

# %% [markdown]
# ## 5 · infoNCE: all candidates at once
#
# A triplet looks at one negative and forgets it once the margin is kept. **infoNCE** looks at all candidates, always. Read the scores as votes, so that each candidate gets $e^s$ of them. What share goes to the positives?
#
# $$\ell = -\log \frac{\sum_{p \in P} e^{s_p}}{\sum_{j} e^{s_j}} = \log \sum_j e^{s_j} - \log \sum_{p \in P} e^{s_p}$$
# <!-- eq: infoNCE -> prvr_lite.training.losses:info_nce_loss -->
#
# A query has one positive film: this is the cross-entropy you know. A film has several positive queries, and here is a choice. The **log of the sum** is small if its queries *together* win the vote. The mean of the logs would ask each of them to win alone, which two of them cannot do at once:

# %%
row = torch.tensor([3.0, 3.0, 0.0, -1.0])  # two positives, two negatives
log_share = row.log_softmax(0)
print(
    f"minus log of the sum of the shares {-log_share[:2].logsumexp(0):.2f}, minus mean of the logs {-log_share[:2].mean():.2f}"
)

# %% [markdown]
# Both positives could hardly do better, yet the mean of logs stays large: it cannot fall below $\log 2 \approx 0.69$.
#
# ### ✏️ Exercise 7.4 · info_nce  (★★☆, 10 minutes)
#
# Return the mean of $\ell$ over all rows as one number (a tensor without dimensions). Use `torch.logsumexp`: it subtracts the largest score before it takes exponentials, so that $e^{200}$ does no harm.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("info_nce")`.
# - *Everything else counts a little too*: what is $e^0$?
#
# </details>


# %% tags=["solution"]
def info_nce(score: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    """Mean over rows of -log(sum of e^s over the positives / sum of e^s over all).

    score [R, C], positive [R, C] bool, at least one per row -> one number.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
info_nce = check(info_nce)

# %% [markdown]
# Columns need no new function: transpose the table. MS-SL++ weighs this term with 0.02.

# %%
dot = scores.clip_dot  # raw inner products, [Q, V]
clip_nce = 0.02 * (info_nce(dot, own) + info_nce(dot.T, own.T))
print(f"clip infoNCE: yours {clip_nce:.6f}, the package's {terms.clip_nce:.6f}")

# %% [markdown]
# ### Why raw inner products?
#
# The triplet loss gets cosines, infoNCE gets **raw inner products**, with no temperature. Suppose it got cosines. The best conceivable row is 1 for the positive and −1 for all others; what is its loss?
#
# $$\ell_{\min} = \log\left(1 + (C - 1)\, e^{-2}\right)$$
# <!-- eq: floor of cosines -> prvr_lite.training.losses:info_nce_loss -->


# %%
def floor(candidates: int, reach: float) -> float:
    """infoNCE of a perfect row whose scores lie in -reach..reach."""
    row = torch.full((1, candidates), -reach)
    row[0, 0] = reach
    return float(info_nce(row, row > 0))


print(f"raw inner products of this batch reach from {dot.min():.0f} to {dot.max():.0f},")
print(f"and are about {(dot[own] / S[own]).median():.0f} times the cosines")
reaches = {"cosines": 1.0, "scores up to 3": 3.0, "scores up to 6": 6.0}
sizes = (2, 4, 8, 16, 32, 64, 128)
spread_curves(
    {"least possible loss": {k: {n: floor(n, r) for n in sizes} for k, r in reaches.items()}},
    xlabel="candidates",
    logarithmic=True,
    title="With cosines, a perfect row is still far from perfect",
)

# %% [markdown]
# With many candidates, cosines would leave a large loss that nothing can lower, and a gradient that keeps pulling at what is fine. Others divide cosines by a small temperature (0.05, say). Here the lengths of the vectors do the same, and the model may choose them. They are long: where inner products differ by dozens, nearly all votes go to the highest score, and the loss is about the gap between the best rival and the best positive.
#
# Try both losses on one film, a column of the table, whose queries are the candidates. With a live kernel these are sliders for margin, negatives and positives; elsewhere three cases. (In this picture a raw score is 12 times the cosine, much less than in the batch above, so that more than one dot gets a share of the votes.)

# %%
from prvr_lite.course.lesson07 import loss_explorer

column, its_own = S[:, 0], own[:, 0]  # one film: its own queries, and every third other one
others = column[~its_own].sort(descending=True).values[::3]
loss_explorer(column[its_own].tolist(), others.tolist(), scale=12)

# %% [markdown]
# Above, each negative sits on the bent line at what it costs; the bend is the margin before the positives' mean. Only the hardest (ringed) is taken. (Positives that score alike are stacked, so that you can count them.) Below, infoNCE pulls at every dot, in proportion to its share of the vote: positives up, negatives down, and what is far behind hardly at all. A larger margin moves the bend, and a single positive gets the whole pull.
#
# ## 6 · Who gets pushed?
#
# The gradient answers this. It says for each pair of the table how the loss would like its score to change. White means "leave it as it is".


# %%
def pushes(loss, table: torch.Tensor) -> torch.Tensor:
    """Minus the gradient of a loss with a table of scores: above 0 it wants the score higher."""
    table = table.clone().requires_grad_()
    loss(table).backward()
    return -table.grad


def random_triplet(score: torch.Tensor) -> torch.Tensor:
    luck = torch.rand(len(score), generator=torch.Generator().manual_seed(1))
    return triplet_loss((score * own).sum(1), draw_negative(score, ~own, 8, luck), 0.2)


panels = {
    "random": pushes(random_triplet, S),
    "hardest": pushes(lambda score: clip_triplet(score, own, 0.2), S),
    "infoNCE": pushes(lambda score: info_nce(score, own) + info_nce(score.T, own.T), dot),
}
pair_maps(
    panels,
    own,
    title="Who gets pushed?",
    about="one batch; hardest and infoNCE in both directions; each panel has a scale of its own",
    signed=True,
)

# %%
white = (panels["random"] == 0).all(1)
print(f"random: {int(white.sum())} of {len(white)} queries drew a film that costs nothing")
down = panels["hardest"] < 0
print(f"hardest: {int((down & sibling).sum())} of {int(down.sum())} pairs pushed down are siblings")

# %% [markdown]
# With random negatives some rows are white: they drew a film that was not a rival. Hard negatives mostly lie among the siblings, which is where the work is; and within one direction the triplet pushes each of them equally, however wrong it is. (Strong orange is video to text, a mean over 8 films; pale orange is text to video, a mean over all queries, of which there are more.) infoNCE gives each pair a weight: where the order is clearly wrong it pulls hard, and where the positive has won the vote it leaves the row nearly white, whatever the margin. So the triplet asks for a distance everywhere, and infoNCE works most on the worst pairs.
#
# ## 7 · The frame scale
#
# Now $S_f$. Its table is made differently: **[Q, Q]**, not [Q, V]. Column $j$ is the film of query $j$ *as query $j$'s key clip sees it*:
#
# $$A_{ij} = \cos\left(q_i, r_j\right), \qquad r_j = r_{v(j),\, k^*(v(j),\, q_j)}$$
# <!-- eq: frame table -> prvr_lite.model.retrieval_model:RetrievalModel.frame_scores -->
#
# The diagonal is positive: a query, and its own film seen through its own key clip. And the rest? The released code takes *everything* off the diagonal as negative. Look what that includes:

# %%
A = scores.frame_cosine  # [Q, Q]
same_film = query_video[:, None] == query_video
pair_maps(
    {"frame scale": A},
    same_film,
    title="Each query with each query's view of its film",
    about="white boxes: queries of one film",
    unit="cosine",
    columns="film as query j sees it",
)

# %% [markdown]
# The squares along the diagonal are queries of the *same film*. Off the diagonal they are counted as negatives.
#
# ### ✏️ Exercise 7.5 · frame_negatives  (★☆☆, 5 minutes)
#
# Return the mask of negatives, `[Q, Q]`: as released with `same_video=True`, and without pairs of one film with `same_video=False`. Say queries 0 and 1 belong to film 0 and query 2 to film 1. Then the pair (0, 1) is a negative as released, but not otherwise; (0, 2) is one in both cases; (0, 0) is never one.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("frame_negatives")`.
# - *I have a loop over pairs*: `query_video[:, None]` is a column; what does comparing it with the row `query_video` give?
#
# </details>


# %% tags=["solution"]
def frame_negatives(query_video: torch.Tensor, same_video: bool) -> torch.Tensor:
    """Which pairs of queries are negatives at the frame scale: films [Q] -> [Q, Q] bool.

    Never a query with itself; pairs of different films always; other queries of the same film
    only if `same_video`.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
frame_negatives = check(frame_negatives)


# %%
def frame_triplet(score: torch.Tensor, negative: torch.Tensor, margin: float) -> torch.Tensor:
    """Both directions on cosines [Q, Q], with the hardest negatives."""
    surest = torch.zeros(len(score))
    return sum(
        triplet_loss(table.diagonal(), draw_negative(table, negative, 1, surest), margin)
        for table in (score, score.T)
    )


for same_video in (True, False):
    package = MSSLppLoss(TrainConfig(hard_pool=1, same_video_negatives=same_video))
    their_term = package(scores, query_video, hard=True).frame_triplet
    your_term = frame_triplet(A, frame_negatives(query_video, same_video), 0.2)
    kind = "with" if same_video else "without"
    print(f"{kind:7s} same-video negatives: yours {your_term:.6f}, the package's {their_term:.6f}")

# %% [markdown]
# ### A margin that cannot be met
#
# Suppose two queries $i$ and $j$ of one film have the *same key clip*. Then $r_i = r_j$: not alike, but the very same vector. In the text-to-video direction the loss of query $i$ with "negative" $j$ is
#
# $$\left[ m + A_{ij} - A_{ii} \right]_+ = \left[ m + \cos(q_i, r_j) - \cos(q_i, r_i) \right]_+ = m \quad \text{whatever the weights,}$$
# <!-- eq: same-video negative -> prvr_lite.training.losses:MSSLppLoss._frame_scale -->
#
# a constant, with gradient zero: the "negative" *is* the positive. In the other direction, with $r = r_i = r_j$, the two losses are $[m + \cos(q_i, r) - \cos(q_j, r)]_+$ and $[m + \cos(q_j, r) - \cos(q_i, r)]_+$. Add what is inside: it is $2m$, so the two losses together are at least $2m$, always. Each pulls at what the other has just won. (And infoNCE between the two cannot fall below $\log 2$ each, on average.)
#
# Is it rare? Here are such pairs, found in the table by their equal columns:

# %%
equal = (A[:, :, None] - A[:, None]).abs().amax(0) < 1e-6  # [Q, Q]: the same r
sharing = equal & same_film & ~torch.eye(len(A), dtype=torch.bool)
rows = [q for v in films[:8] for q in (sample.query_video == v).nonzero()[0]]  # in the sample
moment = torch.from_numpy(sample.moment[rows])  # [Q, 2] s
twice = (moment[:, None] == moment).all(2) & sharing  # the same moment, described twice
print(f"{int(sharing.any(1).sum())} of {len(A)} queries share their key clip with another of")
print(f"their film: {int(sharing.sum()) // 2} pairs, {int(twice.sum()) // 2} of the same moment")
i, j = (twice if twice.any() else sharing).nonzero()[0].tolist()
print(" ", sample.query_text[rows[i]], "\n ", sample.query_text[rows[j]])

# %%
x = A.clone().requires_grad_()
to_video = (0.2 + x[i, j] - x[i, i]).clamp(min=0)
to_text = (0.2 + x[j, i] - x[i, i]).clamp(min=0), (0.2 + x[i, j] - x[j, j]).clamp(min=0)
print(f"text to video: {to_video.detach():.4f} = the margin")
print(
    f"video to text: {to_text[0].detach():.4f} + {to_text[1].detach():.4f}, together at least twice the margin"
)

# %% [markdown]
# Most of these pairs are two captions of the *same moment*. That they share a key clip is exactly right, and the loss calls it wrong. `TrainConfig(same_video_negatives=False)` leaves pairs of one film out.
#
# Is the fix an improvement? Careful: it also drops pairs of *different moments* of one film, and these are good negatives: they can teach that a clip should see its own moment and not the film at large. Which effect is larger is a question for an experiment, not for a proof. The package brings the results of one (test films, several seeds; made by `prvr-lite experiments`):

# %%
from prvr_lite.lab import Results, label, spread_text

results = Results.published()
for name in (
    "mssl++",
    "no-same-video",
    "own-key-clip",
    "no-hard",
    "no-clip-triplet",
    "no-clip-nce",
):
    measured = [
        f"{metric} {spread_text(results.values(name, metric), metric)}"
        for metric in ("R@1", "SumR")
    ]
    if name != "mssl++":
        paired = results.differences(name, "mssl++", "SumR")  # of the seeds that both have
        gain = spread_text(paired, "SumR", sign=True)
        measured.append(f"paired SumR {gain} ({len(paired)} seeds)")
    print(f"{label(name):35s}", ", ".join(measured))

# %% [markdown]
# (`docs/experiments.md` describes the whole outcome.) How should one read it? The ± of a row holds the luck of its seeds, and MS-SL++ has more of them than the others. So the last column, **paired**, compares seed by seed: seed 0 of one row minus seed 0 of MS-SL++, which had the same batches, then the mean. Much of the luck drops out. Lesson 8 makes an interval of such differences; if it disagrees with the two values “mean ± deviation”, trust it.
#
# Dropping pairs of one film does not help on these films; in SumR it loses a little. So the good pairs among them seem to gain more than the impossible margins cost. Hard negatives and the clip triplet are worth having: without them the model is worse. (The row "no hard negatives" measures the two draws that do get harder here, see section 3. With the batches of the paper there is a third.) The proof was right, and still fixing this fault does not raise the recall.
#
# ### A second mismatch
#
# In search, query $i$ sees every film through *its own* key clip there. In training, $A_{ij}$ shows it film $v(j)$ through the key clip *of query $j$*. How different are these numbers?

# %%
with torch.no_grad():
    batch = reader.batch(films[:8])
    encoded = model.encode_videos(batch.unit_input, batch.frame_input, batch.frame_mask)
    searching = model.similarity(model.encode_queries(batch.word_input, batch.word_mask), encoded)
as_search = searching.frame[:, query_video]  # [Q, Q]: film of j, through the key clip of query i
different = ~same_film
print("largest difference on the diagonal:", f"{(as_search - A).diagonal().abs().max():.0e}")
print(
    f"mean of other films: {A[different].mean():.2f} in training, {as_search[different].mean():.2f} in search"
)
print(
    f"{100 * (as_search > A + 1e-6)[different].float().mean():.0f} % of them score higher in search"
)

# %% [markdown]
# Positives are the same, and negatives are harder in search, because there each film shows the side that fits the query best. The row "training as search" above removes this mismatch by training on each query's own key clips, and is *worse* than MS-SL++. It must leave out the pairs of one film as well. Does that explain it? Compare it with the row that leaves out only these:

# %%
apart = torch.tensor(list(results.differences("own-key-clip", "no-same-video", "SumR").values()))
half = 4.3 * apart.std() / len(apart) ** 0.5  # lesson 8 explains this interval
print(f"SumR, seed by seed: {', '.join(f'{gap:+.1f}' for gap in apart.tolist())}")
print(f"their mean, and the interval for the mean of many seeds: {apart.mean():+.1f} ± {half:.1f}")

# %% [markdown]
# All three seeds are worse, but 0 lies within the interval: three seeds do not decide it. A possible reason for a loss would be that training then sees fewer different views of each film. Again: measure.
#
# ## 8 · All four terms
#
# $$\mathcal{L} = \mathcal{L}^{clip}_{triplet} + 0.02\, \mathcal{L}^{clip}_{nce} + \mathcal{L}^{frame}_{triplet} + 0.03\, \mathcal{L}^{frame}_{nce}$$
# <!-- eq: total -> prvr_lite.training.losses:LossTerms.total -->
#
# Here is everything from your functions, compared with the package, on random scores of 5 films and
# 12 queries:


# %%
def dual_loss(
    scores: TrainingScores, query_video: torch.Tensor, margin: float
) -> list[torch.Tensor]:
    """The four weighted terms with the hardest negatives, pairs of one film included."""
    own = query_video[:, None] == torch.arange(int(query_video.max()) + 1)
    diagonal = torch.eye(len(query_video), dtype=torch.bool)
    dot, seen = scores.clip_dot, scores.frame_dot
    return [
        clip_triplet(scores.clip_cosine, own, margin),
        0.02 * (info_nce(dot, own) + info_nce(dot.T, own.T)),
        frame_triplet(scores.frame_cosine, frame_negatives(query_video, True), margin),
        0.03 * (info_nce(seen, diagonal) + info_nce(seen.T, diagonal)),
    ]


# %%
draw = torch.Generator().manual_seed(7)
who = torch.tensor([0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 4])
made = TrainingScores(
    torch.rand(12, 5, generator=draw) * 2 - 1,
    4 * torch.randn(12, 5, generator=draw),
    torch.rand(12, 12, generator=draw) * 2 - 1,
    4 * torch.randn(12, 12, generator=draw),
)
four, their_four = dual_loss(made, who, 0.2), hardest(made, who, hard=True)
for (name, theirs), yours in zip(their_four.named().items(), four, strict=True):
    equal_term = torch.allclose(yours, theirs, atol=1e-6)
    print(f"{name:14s} yours {yours:.6f}, the package's {theirs:.6f}, equal: {equal_term}")
print(f"{'total':14s} yours {sum(four):.6f}, the package's {their_four.total:.6f}")

# %% [markdown]
# ## 9 · Predict, then break it
#
# A classic bug: the mask is forgotten, and the **positive is left among the negatives**. Nothing crashes. Take a world without any networks: 6 films and 24 queries, all free vectors, trained with the text-to-video triplet loss and the hardest negative. Once with the right mask, once with the bug.
#
# Write down before you run it: Will the buggy one find the right films? How large will its loss be in the end? How many queries will have their margin in the end, in the right version, in the buggy one?

# %%
import torch.nn.functional as F


def train_vectors(negative: torch.Tensor, steps: int = 120) -> tuple[dict, dict, dict]:
    """At each tenth step: the loss, the queries (%) that find their film, and that have their margin."""
    g = torch.Generator().manual_seed(0)
    q, v = (torch.randn(n, 8, generator=g).requires_grad_() for n in (24, 6))
    optimizer, losses, found, kept = torch.optim.Adam([q, v], lr=0.03), {}, {}, {}
    for step in range(steps):
        score = F.normalize(q, dim=1) @ F.normalize(v, dim=1).T  # [24, 6]
        positive = score[toy_own]
        loss = triplet_loss(positive, draw_negative(score, negative, 1, torch.zeros(24)), 0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            rival = score.masked_fill(toy_own, -1).amax(1)
            losses[step] = float(loss.detach())
            found[step] = 100 * float((positive > rival).float().mean())
            kept[step] = 100 * float((positive - rival >= 0.199).float().mean())
    return losses, found, kept


toy_own = torch.arange(24)[:, None] // 4 == torch.arange(6)  # four queries per film

# %%
everything = torch.ones(24, 6, dtype=torch.bool)
runs = {"right": train_vectors(~toy_own), "positive left in": train_vectors(everything)}
spread_curves(
    {
        "loss": {name: run[0] for name, run in runs.items()},
        "right film (%)": {name: run[1] for name, run in runs.items()},
        "margin kept (%)": {name: run[2] for name, run in runs.items()},
    },
    xlabel="step",
    title="A loss that stops at the margin is a sign of a bug",
    about="where one line is missing, it lies exactly under the other",
)

# %%
for name, run in runs.items():
    ends = [list(values.values())[-1] for values in run]
    print(f"{name:17s} loss {ends[0]:.3f}, {ends[1]:.0f} % right, {ends[2]:.0f} % have the margin")

# %% [markdown]
# The buggy run *learns*, and most or all queries find their film: nothing in the ranking gives it away. But as soon as a positive is the highest of its row, it is its own "hardest negative": the loss is $m + s^+ - s^+ = m$, and the gradient is zero. So the loss **never falls below the margin**, and the lead stays wherever it was when the pull ended: for many queries that is less than the margin. A new query needs such a lead to be safe. Remember the number: a triplet loss that settles at just $m$ (or $2m$, for two directions) either compares something with itself, or all scores have become alike. The same-video negative of section 7 was the same mistake in a mild form.
#
# ## Recap
#
# - The triplet loss wants a margin and then rests; infoNCE compares with all candidates and never quite rests.
# - Random negatives soon cost nothing; hard ones still do. They are taken once the model knows something.
# - Video to text: the mean of a film's queries for the triplet, the log of their summed votes for infoNCE.
# - Cosines for the triplet, raw inner products for infoNCE: with cosines it would have a high floor.
# - Frame scale: [Q, Q], through the key clip of the column's query. Two queries of one film that share a key clip have a margin that cannot be met. Whether that matters is measured, not proved.
# - A loss that settles at the margin is a sign of a bug, or of scores that are all alike.
#
# ## Five questions
#
# <details><summary>1. The margin is 0.2 and a negative is 0.25 behind. What is its loss, and what its gradient? And with infoNCE?</summary>
#
# Both are 0 with the triplet. infoNCE still pushes it down, by its share of the vote.
#
# </details>
#
# <details><summary>2. Why does the triplet loss get cosines? What would go wrong with raw inner products?</summary>
#
# A margin of 0.2 means something only on a fixed scale. Raw inner products can be doubled by doubling all vectors, and any lead, however small, would grow beyond the margin without a better ranking.
#
# </details>
#
# <details><summary>3. A colleague uses batches of two films. What happens to hard negatives, and to infoNCE?</summary>
#
# There is only one negative film per query: from text to video, hard and random are the same. (From video to text they are not: the other film may have several queries.) infoNCE has two candidates and is soon small, since it is easy to tell two films apart. Large batches hold harder rivals, and more of them.
#
# </details>
#
# <details><summary>4. Why does video to text weigh each film alike, although some have more queries?</summary>
#
# It is a mean over films of each film's own loss. Text to video is a mean over queries, so films with many queries count more there.
#
# </details>
#
# <details><summary>5. A query may truly be answered by another film of the batch as well ("A panda dances" in two of them). What do both losses do, and what could help?</summary>
#
# They push it away: a false negative. Hard negatives find such films all the more, because they score high. One could leave out known answers (the table `relevant` of the sample has them), or draw hard negatives from a pool instead of always taking the hardest, which is what MS-SL++ does from text to video.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | triplet ranking loss | `training.losses:triplet_ranking_loss` | `method/model.py:301-401` |
# | drawing negatives | `training.losses:sample_negatives` | `method/model.py:301-401` (pool of 20 from epoch 20) |
# | infoNCE | `training.losses:info_nce_loss` | `method/model_components.py:27-68` |
# | clip scale, both directions | `training.losses:MSSLppLoss._clip_scale` | `method/model.py:317-331` (video to text: the single hardest) |
# | frame scale, same-video negatives | `training.losses:MSSLppLoss._frame_scale` | `method/model.py:349-394`, `method/model_components.py:60-68` |
# | $A_{ij}$, another query's key clip | `model.retrieval_model:RetrievalModel.frame_scores` | `method/model.py:239-244`; in search `method/model.py:266` |
# | all terms with their weights | `training.losses:MSSLppLoss` | `method/model.py:301-401` |
#
# **Next**: lesson 8 puts all parts together and trains the whole model.

# %%
progress(7)
