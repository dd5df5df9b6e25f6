# %% [markdown]
# # 8 · Train MS-SL++
#
# **You will be able to**
# - put the parts of lessons 3 to 7 together, and know each tensor's shape on the way from features to scores;
# - write a training step and a learning rate schedule, and check them against the package's numbers;
# - say when training should stop, and which epoch to keep;
# - compare models fairly: by several seeds, with an interval, on films that nothing was chosen on.
#
# **You need** lesson 7 (the losses). The parts themselves come from lessons 3 to 6; here they are used, not explained again.
#
# **Time**: 80 minutes to read and solve; running it takes {{cost}}, most of it training.

# %% tags=["setup"]
# 8

# %%
import math

import torch
import torch.nn.functional as F

from prvr_lite import load_sample
from prvr_lite.course import check, hint, progress, table

sample = load_sample()

# %% [markdown]
# ## 1 · The whole model
#
# Everything that you built so far is one class of some 50 lines, `MSSLpp`. Build it without training, and send six films through it.

# %%
from prvr_lite import PRESETS, build_model
from prvr_lite.data import InputReader

preset = PRESETS["sample"]
config = preset.model_config(sample.visual_dim, sample.query_dim)
untrained = build_model("mssl++", config, seed=0).eval()
reader = InputReader(sample, config)
six = reader.batch(sample.videos_in("val")[:6])
with torch.no_grad():
    videos = untrained.encode_videos(six.unit_input, six.frame_input, six.frame_mask)
    units = untrained.unit_encoder(six.unit_input)  # [V, n, H]
    queries = untrained.encode_queries(six.word_input, six.word_mask)  # [Q, H]
    similarity = untrained.similarity(queries, videos)

# %%
from prvr_lite.course.lesson08 import model_flow
from prvr_lite.model import multi_scale_clips

model_flow(
    {
        "words": six.word_input.shape,
        "query": queries.shape,
        "unit inputs": six.unit_input.shape,
        "units": units.shape,
        "all clips": multi_scale_clips(units).shape,
        "medoid clips": videos.clips.shape,
        "frame inputs": six.frame_input.shape,
        "frames": videos.frames.shape,
        "attended": videos.attended.shape,
        "S_c, key clip": similarity.clip.shape,
        "S_f": similarity.frame.shape,
        "S": similarity.fused(config.alpha).shape,
    }
)

# %% [markdown]
# Read it by rows. **Orange** is the query (lesson 3). **Blue** is the clip scale: the units, then the 32 medoids that are kept of all 528 clips (lessons 4 and 5). **Green** is the frame scale: what each medoid sees when it is the key clip (lesson 6). Purple are scores, one for each query and film.
#
# Where do the numbers that are learned sit?

# %%
weights: dict[str, int] = {}
for name, parameter in untrained.named_parameters():
    part = name.split(".")[0]
    weights[part] = weights.get(part, 0) + parameter.numel()
table({part: {"weights": count} for part, count in weights.items()}, digits=0)
print(f"in all {sum(weights.values()):,}; clips and clustering add none")

# %% [markdown]
# The last step is the score. Here it is with a loop, for one query and one film:
#
# $$S(v, q) = \alpha\, S_c + (1 - \alpha)\, S_f, \qquad S_c = \max_k \cos(q, c_{v,k}), \qquad S_f = \cos(q, r_{v,k^*})$$
# <!-- eq: fused score -> prvr_lite.model.records:Similarity.fused -->


# %%
def score_by_loop(query: torch.Tensor, clips: torch.Tensor, attended: torch.Tensor) -> float:
    """S of one query and one film: [H], [K, H], [K, H]."""
    best, key = -2.0, -1
    for k, clip in enumerate(clips):
        cosine = float(F.cosine_similarity(query, clip, dim=0))
        if cosine > best:
            best, key = cosine, k
    seen = float(F.cosine_similarity(query, attended[key], dim=0))
    return config.alpha * best + (1 - config.alpha) * seen


by_loop = score_by_loop(queries[0], videos.clips[0], videos.attended[0])
print(f"the first query and its film: {by_loop:.4f}")

# %% [markdown]
# ### ✏️ Exercise 8.1 · whole_score  (★★☆, 10 minutes)
#
# Write it for all queries with all films, and return the key clips too. `attended[v, k]` is what clip $k$ of film $v$ sees; only that of the key clip counts.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("whole_score")` in a new cell, again and again.
# - *S_f is a little too high*: did you take the best of all attended vectors, instead of the key clip's?
#
# </details>


# %% tags=["solution"]
def whole_score(
    queries: torch.Tensor, clips: torch.Tensor, attended: torch.Tensor, alpha: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """S and the key clips: queries [Q, H], clips and attended [V, K, H] -> [Q, V], [Q, V] int64.

    S_c is the best cosine with a clip; S_f the cosine with what that clip attends.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
whole_score = check(whole_score)

# %%
S, key = whole_score(queries, videos.clips, videos.attended, config.alpha)
print("as the loop:", math.isclose(S[0, 0], by_loop, abs_tol=1e-5))
same_score = torch.allclose(S, similarity.fused(config.alpha), atol=1e-5)
print("as prvr_lite:", same_score, torch.equal(key, similarity.key_clip))

# %% [markdown]
# ## 2 · What should an untrained model score?
#
# Before a long run, ask what the very first loss *must* be; many bugs show up here. An untrained model cannot tell films apart: all its cosines are nearly alike. Then each triplet term is just the margin $m$, and there are two directions at two scales: $4m$. Compare.

# %%
from prvr_lite import MSSLppLoss

loss = MSSLppLoss(preset.training)
torch.manual_seed(0)
batch = reader.batch(sample.videos_in("train")[:16])
with torch.no_grad():
    terms = loss(untrained(*batch), batch.query_video, hard=False)
m = preset.training.margin
print(f"triplet terms {terms.clip_triplet + terms.frame_triplet:.3f}, expected about {4 * m:.3f}")

# %%
from prvr_lite import evaluate

before = evaluate(untrained, sample, "test")
count = len(before.videos)
print(f"R@1 {before.fused['R@1']:.1f} %, by chance {100 / count:.1f} %")
often = torch.as_tensor(before.similarity.fused(config.alpha)).argmax(1).bincount().topk(10)
share = 100 * float(often.values.sum()) / len(before.queries)
print(
    f"ten of the {count} films ({1000 / count:.0f} %) come first for {share:.0f} % of the queries"
)

# %% [markdown]
# If the triplet terms had been near 0, or 10, we would have stopped here and looked for the bug. (R@1 need not be *exactly* chance: it is a count of a few lucky queries, and an untrained model has its favourites among the films, as the last line shows.)
#
# ## 3 · The learning rate
#
# AdamW divides each gradient by a running mean of its size. In the first steps that mean is a guess, so the rate **warms up**: it rises for a few steps. Then it falls in a straight line to 0, so that the last steps change only little. (Weight decay pulls matrices towards 0, but not biases and LayerNorms: `make_optimizer` keeps two groups.) With $I$ steps in all, $w$ of them to warm up, and the peak $\eta$:
#
# $$\eta_i = \eta \cdot \begin{cases} \dfrac{i + 1}{w + 1} & i < w \\[2ex] \dfrac{I - i}{I - w} & i \ge w \end{cases} \qquad i = 0, \ldots, I - 1$$
# <!-- eq: schedule -> prvr_lite.training.optimizer:make_schedule -->
#
# ### ✏️ Exercise 8.2 · learning_rate_at  (★☆☆, 8 minutes)
#
# Return the rate of one step by this formula: `step` is $i$, `steps` is $I$, `warm` is $w$ and `peak` is $\eta$.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("learning_rate_at")`.
# - *It says that the rate jumps*: put $i = w$ into both lines of the formula. Which one holds, and what does it give?
#
# </details>


# %% tags=["solution"]
def learning_rate_at(step: int, steps: int, warm: int, peak: float) -> float:
    """The rate of a step, 0..steps-1: up to `peak` at step `warm`, then straight to 0."""
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
learning_rate_at = check(learning_rate_at)

# %%
training = preset.training
per_epoch = math.ceil(len(reader.captioned("train")) / training.batch_videos)
steps = training.epochs * per_epoch
warm = round(training.warmup * steps)
print(f"{per_epoch} batches x {training.epochs} epochs = {steps} steps, {warm} of them warm up")

# %%
from prvr_lite.training import make_optimizer, make_schedule

schedule = make_schedule(make_optimizer(untrained, training), training, steps)
rates = [learning_rate_at(s, steps, warm, training.learning_rate) for s in range(steps)]
their_rates = [training.learning_rate * schedule.lr_lambdas[0](s) for s in range(steps)]
print("as prvr_lite:", torch.allclose(torch.tensor(rates), torch.tensor(their_rates)))

# %%
from prvr_lite.course.lesson08 import TrainingRun  # for the exercise that follows
from prvr_lite.plots import spread_curves

shown = {s: 1000 * rates[s] for s in [*range(0, warm, 6), *range(warm, steps, 30)]} | {steps: 0.0}
spread_curves(
    {"learning rate × 1000": {"rate": shown}},
    xlabel="step",
    title="A short rise, a long way down",
)

# %% [markdown]
# ## 4 · A step
#
# Most networks are trained by lines like these six. Their order matters, and most wrong orders run without an error.
#
# 1. the loss of a batch;
# 2. forget the gradients of the step before;
# 3. `backward` puts fresh ones into each weight's `.grad`;
# 4. **clip**: if the gradient of the whole model, as one long vector, is longer than `max_norm`, shorten it. So a single unusual batch cannot spoil the model;
# 5. the optimizer moves the weights;
# 6. the schedule moves the rate.
#
# And before all of it, `model.train()` turns dropout on.
#
# ### ✏️ Exercise 8.3 · train_steps  (★★★, 15 minutes)
#
# Take one step on each batch, and return the losses, one number per batch. `run` holds all that is needed: `run.model`, `run.loss` (of a batch), `run.optimizer`, `run.schedule`, `run.max_norm`.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("train_steps")`.
# - *The losses are right at first, then drift*: something is not forgotten, or not clipped.
# - *No gradient is wanted in the result*: `loss.detach()`.
#
# </details>


# %% tags=["solution"]
def train_steps(run: TrainingRun, batches) -> torch.Tensor:
    """A step on each batch; the loss of each before its step, [S], without gradient."""
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
train_steps = check(train_steps)

# %% [markdown]
# Is that what `fit` does? Train one epoch of MS-SL++ with your steps, and one with the package's, from the same weights, batches and random numbers:

# %%
from dataclasses import replace

from prvr_lite import TrainConfig
from prvr_lite.data import Batch

one_epoch = replace(training, epochs=1, device="cpu", precision="float32", evaluate_from=1)


def prepare(name: str, settings: TrainConfig) -> TrainingRun:
    """A fresh model with all that trains it."""
    fresh = build_model(name, config, seed=0)
    optimizer, criterion = make_optimizer(fresh, settings), MSSLppLoss(settings)
    schedule = make_schedule(optimizer, settings, settings.epochs * per_epoch)

    def of_batch(batch: Batch) -> torch.Tensor:
        return criterion(fresh(*batch), batch.query_video, hard=False).total

    return TrainingRun(fresh, of_batch, optimizer, schedule, settings.max_grad_norm)


# %%
from prvr_lite import fit
from prvr_lite.course import epoch_line

run = prepare("mssl++", one_epoch)
torch.manual_seed(0)
losses = train_steps(run, reader.training_batches("train", training.batch_videos, 0))
package = build_model("mssl++", config, seed=0)
their_epoch = fit(package, sample, one_epoch, progress=False, watch=epoch_line(1)).rows[0]
print(f"mean loss of the epoch: mine {losses.mean():.5f}, the package's {their_epoch['loss']:.5f}")
pairs = zip(run.model.parameters(), package.parameters(), strict=True)
apart = max(float((a - b).detach().abs().max()) for a, b in pairs)
print(f"largest difference of any weight: {apart:.0e}")

# %% [markdown]
# (The digits of a sum may depend on the order in which a processor adds, so tiny differences are not a bug.) What did 25 steps change?

# %%
print(
    f"mean loss of the first five steps {losses[:5].mean():.2f}, of the last {losses[-5:].mean():.2f}"
)
spread_curves(
    {"loss": {"one batch each": {i: float(v) for i, v in enumerate(losses)}}},
    xlabel="step",
    title=f"The first {per_epoch} of {steps} steps",
)

# %% [markdown]
# ## 5 · When to stop
#
# A falling training loss is easy to have (section 10). What we want to know is how the model does on films that it was *not* trained on. So after each epoch it is tried on the **val** films, by SumR, the sum of R@1, R@5, R@10 and R@100.
#
# **Early stopping**: stop when the best epoch is more than `patience` epochs ago, and keep the best. This is known only after one epoch too many has been trained: if epoch 5 is best and the patience is 2, epochs 6, 7 and 8 are trained, and 8 is the last. The released code does that with patience 20.
#
# Why not try it on the test films, and save a split? Because then the test result would be the best of many looks, not a test. (The released code has only two splits; which one it stops on is not said. Our `fit` never looks at test.)
#
# ### ✏️ Exercise 8.4 · best_epoch  (★★☆, 10 minutes)
#
# From the SumR of each epoch return two epochs, counted from 0: the one to keep, and the last one that is trained.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("best_epoch")`.
# - *One epoch too early*: the epoch that exceeds the patience has been trained, and is the last one. With patience 2 and the best epoch 5 the answer is (5, 8).
#
# </details>


# %% tags=["solution"]
def best_epoch(sumr: list[float], patience: int) -> tuple[int, int]:
    """The epoch to keep, and the last one that is trained, counted from 0.

    sumr: val SumR of each epoch, as it would come. The first of equal values is the best one.
    The last epoch is the first one that is more than `patience` after the best so far.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
best_epoch = check(best_epoch)

# %% [markdown]
# ## 6 · Train it
#
# Now train all of it: the sample preset, 24 epochs, with val after each. On two CPU cores it takes about a minute. In JupyterLab and Colab the curves below grow while you watch. You may interrupt the cell and run it again: each epoch is kept in `runs/`, and training goes on where it was. (Lesson 9 takes up the same file.)

# %%
from prvr_lite.course import trained
from prvr_lite.course.lesson08 import live_curves

model, history = trained("mssl++", sample, watch=live_curves(training.epochs))
print(
    f"{len(history.rows)} epochs, {history.seconds:.0f} s of training, now or when they were kept"
)

# %% [markdown]
# Read the curves.
#
# - **Loss**: it falls steeply, and then *jumps up* when negatives become hard (epoch 7; epochs are counted from 0). The model did not get worse: the questions got harder (in batches of 16 films above all those of the video-to-text direction and of the frame scale, as lesson 7 counted). Two losses can be compared only if they ask the same thing.
# - **SumR on val** hardly notices, and goes on rising slowly. That is why one watches it, and not the loss.
#
# Which epoch would early stopping have kept, and when would it have stopped?

# %%
sumr = [row["SumR"] for row in history.rows]
for patience in (1, 3, 20):
    best, last = best_epoch(sumr, patience)
    print(
        f"patience {patience:2d}: keep epoch {best:2d} (SumR {sumr[best]:.1f}), train up to {last:2d}"
    )
print(f"fit kept epoch {history.best['epoch']:.0f}; the last one has SumR {sumr[-1]:.1f}")
hard_from = training.hard_negatives_from
for row in history.rows[hard_from - 1 : hard_from + 1]:
    print(f"epoch {row['epoch']:.0f}: loss {row['loss']:.3f}, SumR {row['SumR']:.1f}")

# %% [markdown]
# With patience 1, two epochs in a row without a new best end the training. On such a small val split an epoch goes up or down by a few points by luck alone.
#
# ### Interrupted?
#
# A kernel dies, a laptop closes, Colab takes its GPU back. With `checkpoint=…` nothing but the running epoch is lost, and the numbers are those of a run that was never stopped: each epoch starts from its own random numbers. Try it on the smallest model: stop after the second epoch.


# %%
def pull_the_plug(history) -> None:
    if len(history.rows) == 2:
        raise KeyboardInterrupt


def short_run(watch, **settings) -> list[float]:
    small = build_model("mean-pool", config, seed=0)
    three = replace(one_epoch, epochs=3)
    done = fit(small, sample, three, progress=False, watch=watch, **settings)
    return [row["loss"] for row in done.rows]


# %%
from pathlib import Path
from tempfile import TemporaryDirectory

with TemporaryDirectory() as folder:
    kept = Path(folder) / "kept.pt"
    try:
        short_run(pull_the_plug, checkpoint=kept)
    except KeyboardInterrupt:
        print("interrupted after 2 of 3 epochs")
    resumed = short_run(epoch_line(3, "resumed"), checkpoint=kept)
whole = short_run(epoch_line(3, "without interruption"))
print("losses as without interruption:", resumed == whole)

# %% [markdown]
# ## 7 · Against T2VR
#
# **T2VR**, text-to-video retrieval, makes one vector of a film. `mean-pool` is its simplest form. `frame-max` is the other extreme: no pooling at all, the best single frame decides. Both get the same query side, the clip-scale losses (they have no second scale) and as many epochs.

# %%
from prvr_lite.lab import label

models = {"mssl++": model}
for name in ("mean-pool", "frame-max"):
    models[name], _ = trained(name, sample, evaluate_from=training.epochs)  # the last epoch counts
tests = {name: evaluate(one, sample, "test") for name, one in models.items()}
columns = ("R@1", "R@5", "R@10", "R@100", "SumR")
print("on the test films:")
table({label(name): {c: t.fused[c] for c in columns} for name, t in tests.items()})

# %% [markdown]
# Where does the difference come from? Some captions describe a moment that unfolds: "… eats an ice cream *and then* celebrates". Each step is also seen in a sibling film; only the two together are right.

# %%
from prvr_lite.plots import recall_bars
from prvr_lite.search import rank_of_first_relevant, two_step

unfolds = two_step(sample, tests["mssl++"].queries)  # [Q]
kinds = {"all": unfolds | ~unfolds, "single-step": ~unfolds, "two-step": unfolds}


def recall_by_kind(evaluation) -> dict[str, float]:
    """R@1 (%) of each kind of query."""
    alpha = config.alpha if evaluation.similarity.frame is not None else 1.0
    ranks = rank_of_first_relevant(evaluation.similarity.fused(alpha), evaluation.relevant)
    hit = ranks == 1  # [Q]
    return {kind: 100 * float(hit[rows].mean()) for kind, rows in kinds.items()}


order = ("mean-pool", "frame-max", "mssl++")
recall_bars({label(name): recall_by_kind(tests[name]) for name in order})

# %% [markdown]
# A mean hides a short moment behind the rest of the film. A single frame does well on single actions, and badly on what unfolds: no single frame shows it. Clips of every length can hold both.
#
# ### Is your run like ours?
#
# Two runs of the same code differ: the seed draws weights, batches, dropout and negatives. The package brings numbers of five seeds for each model. Each number of your run should lie in its grey band, 19 times out of 20:

# %%
from prvr_lite.course import seed_band
from prvr_lite.lab import Results

results = Results.published()
metrics = ("R@1", "SumR")
seeds = {
    label(name): {k: list(results.values(name, k).values()) for k in metrics} for name in models
}
your_run = {label(name): {k: t.fused[k] for k in metrics} for name, t in tests.items()}
seed_band(seeds, your_run, title="Is your run like ours?")

# %% [markdown]
# The grey band is a **prediction band**: wider than the spread of the seeds, as it holds the luck of a new run as well as the doubt about their mean. With the mean $\bar x$ and the standard deviation $\sigma$ of $n$ seeds, and $t_{n-1}$ from Student's table for $n - 1$ degrees of freedom, it is the formula below. (Our published runs keep their last epoch, and so do the two baselines here; MS-SL++ above kept its best epoch on val. Section 6 printed how little the last one differs from it.)
#
# $$\bar x \pm t_{n-1}\, \sigma\, \sqrt{1 + \tfrac1n}$$
# <!-- eq: prediction band -> prvr_lite.course.pictures.seed_band:run_band -->

# %%
from prvr_lite.course import run_band

for name, own in tests.items():
    least, most = run_band(list(results.values(name, "SumR").values()))
    inside = "inside" if least <= own.fused["SumR"] <= most else "OUTSIDE"
    print(f"{label(name):24s} SumR {inside} the band of our seeds")

# %% [markdown]
# By chance, one run in twenty lies a little outside. If yours lies far outside, something differs: the data, a version, or a change to the code.
#
# ## 8 · Better, or lucky?
#
# Here are seeds of MS-SL++ and of the same model without hard negatives. Is the difference luck? The seeds are **paired**: seed 0 of both models draws the same batches and, as far as they share parts, the same weights. So take the difference seed by seed; what both share cancels. Then ask how well $n$ differences, with mean $\bar d$ and standard deviation $\sigma_d$, pin down the mean over all seeds there could be:
#
# $$\bar d \pm t_{n-1} \frac{\sigma_d}{\sqrt n}$$
# <!-- eq: interval of the mean -> prvr_lite.lab.intervals:mean_interval -->
#
# $t$ grows as seeds get few (4.3 for three, 2.8 for five): a spread seen on three runs is itself a guess. (Earlier lessons printed mean ± deviation of each model by itself. That is honest, but less exact: it does not pair the seeds.)
#
# ### ✏️ Exercise 8.5 · seed_interval  (★★☆, 8 minutes)
#
# From the results of two models with the same seeds, in the same order, return $\bar d$ and the half width that stands behind the ±; `t` is given.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("seed_interval")`.
# - *Not paired*: what is the first thing to do with `ours` and `theirs`?
#
# </details>


# %% tags=["solution"]
def seed_interval(
    ours: torch.Tensor, theirs: torch.Tensor, t: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean of ours - theirs over paired seeds, and half the width of its interval.

    ours, theirs [S] -> two numbers.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
seed_interval = check(seed_interval)

# %%
from prvr_lite.lab import mean_interval, student_t


def paired(name: str, metric: str = "SumR") -> tuple[torch.Tensor, torch.Tensor]:
    """Values of MS-SL++ and of another row for the seeds that both have, [S] each."""
    ours, theirs = results.values("mssl++", metric), results.values(name, metric)
    common = [seed for seed in ours if seed in theirs]
    return torch.tensor([ours[s] for s in common]), torch.tensor([theirs[s] for s in common])


for name in ("no-hard", "no-length-code"):
    ours, theirs = paired(name)
    middle, half = seed_interval(ours, theirs, student_t(len(ours) - 1))
    low, high = mean_interval((ours - theirs).double().numpy())
    print(f"{label(name)}: MS-SL++ ahead by {middle:+.1f} ± {half:.1f} SumR")
    print(f"   as prvr_lite: {math.isclose(middle - half, low, abs_tol=1e-3)}; seeds {len(ours)}")

# %% [markdown]
# If 0 lies within the interval, these seeds do not tell which one is better. That is not "they are equal"; it is "we do not know".
#
# ## 9 · Taking it apart
#
# An **ablation** removes or replaces one part and trains again. Which parts of MS-SL++ matter on these films? Guess first: do all of them?

# %%
from prvr_lite.lab import ablation_groups, group, with_intervals
from prvr_lite.plots import gap_chart

changes = {
    part: {
        label(name): (-results_gap).tolist()
        for name in group(part)
        if len(results_gap := torch.subtract(*paired(name))) > 1 and name != "frame-scale"
    }
    for part in ablation_groups()
}
gap_chart(with_intervals(changes))

# %% [markdown]
# Left of the line, the model is worse without the part. The frame scale trained alone is left out, as it lies too far off: without clip losses, nothing teaches which clip is key. (All rows are at α = 0.7. For a model without a proper frame scale a larger α would be better; the page named below tunes it on val, row by row: large effects stay, a few small ones change sides.) Vermilion dots are changes that very likely cost something; white dots are changes for which these seeds do not decide. Of 18 rows, chance alone would colour about one.
#
# - Very few clips, **random** clips, and the mean of all frames as second look cost most: how many clips are kept matters, and *which*.
# - Hard negatives and the clip triplet are needed (lesson 7).
# - The **length code**, medoids instead of centroids, guided attention instead of the best frame: no clear difference here. Each is a good idea, but on these films none of them brings a gain that can be measured. On other data they may.
# - Look at the whiskers, not only at the dots: three seeds are enough to see large effects, but not small ones.
#
# (All seeds, a table of claims, and what *other films* might change, by drawing the test films again with replacement: `docs/experiments.md`. With `prvr-lite experiments` you run any row yourself, from about a minute for one seed.)

# %%
from prvr_lite.lab import spread_text

for name in ("mssl++", "mssl", "frame-max", "mean-pool"):
    measured = {k: spread_text(results.values(name, k), k) for k in metrics}
    print(f"{label(name):20s} R@1 {measured['R@1']:12s} SumR {measured['SumR']}")
ours, theirs = paired("mssl")
middle, half = seed_interval(ours, theirs, student_t(len(ours) - 1))
print(f"MS-SL++ minus MS-SL: {middle:+.1f} ± {half:.1f} SumR, {len(ours)} seeds")

# %% [markdown]
# MS-SL keeps all 528 clips, MS-SL++ 32 of them. 0 lies within the interval: these seeds show no loss from keeping so few, and no gain. What it saves is memory and time, which lesson 9 measures.
#
# ## 10 · Predict, then break it
#
# A data file is read five films off (the next film may be a sibling): each film gets the captions of *another* film, always the same one. Nothing crashes. We train the mean-pooling model for eight epochs on these wrong pairs, and on the right ones.
#
# Write down before you run it: Will the training loss fall on wrong pairs? Will it end twice as high as with right ones, ten times, or not fall at all? And SumR on the val films?

# %%
films = [int(v) for v in sample.videos_in("train")]
shifted = films[5:] + films[:5]
wrong_film = dict(zip(films, shifted, strict=True))  # always the same wrong film


def train_pairs(swapped: bool, epochs: int = 8) -> tuple[dict, dict]:
    """Mean training loss and SumR on val of each epoch."""
    run, losses, sumr = prepare("mean-pool", replace(one_epoch, epochs=epochs)), {}, {}
    for epoch in range(epochs):
        shuffled = torch.randperm(len(films), generator=torch.Generator().manual_seed(epoch))
        parts = [[films[i] for i in part] for part in shuffled.split(training.batch_videos)]
        mixed = [
            Batch(*reader.batch(part)[:3], *reader.batch([wrong_film[v] for v in part])[3:])
            if swapped
            else reader.batch(part)
            for part in parts
        ]
        losses[epoch] = float(train_steps(run, mixed).mean())
        sumr[epoch] = evaluate(run.model, sample, "val", reader=reader).fused["SumR"]
        pairs = "wrong pairs" if swapped else "right pairs"
        print(f"{pairs}, epoch {epoch}: loss {losses[epoch]:.3f}, SumR on val {sumr[epoch]:.0f}")
    return losses, sumr


# %%
right, wrong = train_pairs(swapped=False), train_pairs(swapped=True)
end = list(wrong[0].values())[-1]
print(f"loss at the end: {end / list(right[0].values())[-1]:.1f} times as high with wrong pairs")
spread_curves(
    {
        "training loss": {"right pairs": right[0], "wrong pairs": wrong[0]},
        "SumR on val": {"right pairs": right[1], "wrong pairs": wrong[1]},
    },
    xlabel="epoch",
    title="A falling loss says nothing about new films",
    about="by chance, SumR on 100 films is 1 + 5 + 10 + 100 = 116",
)

# %% [markdown]
# The loss falls with wrong pairs as well: more slowly, and in eight epochs to about where right pairs were after three. It is still falling. A network can learn 400 films and their wrong captions *by heart*. On new films there is nothing to remember, and SumR stays at chance. So a falling training loss shows that the optimizer works, and no more. Only new films show whether anything was *understood*. (And this is why lesson 2 checks a file, and why you look at a few captions beside their films before you train.)
#
# ## Recap
#
# - The model is a short list of parts; follow one tensor through it and check each shape.
# - Know what the loss must be before training: $4m$ for the triplets of a model that knows nothing.
# - A step: loss, zero_grad, backward, clip, optimizer, schedule. Warm up, then down to 0.
# - When the questions change (hard negatives), the loss jumps. Watch SumR on val; keep its best epoch; never choose anything on test.
# - One run proves little. Pair the seeds, take the interval of the mean, and say "we do not know" where 0 lies within.
# - A falling training loss proves that the optimizer works, nothing else.
#
# ## Five questions
#
# <details><summary>1. Where do gradients reach the unit encoder from, and why not through the clustering?</summary>
#
# From both scales: the medoid clips are means of its units (clip scale), and they guide attention (frame scale). Which clips are medoids is a choice of rows, without a derivative: k-medoids runs without gradient, and the gradient flows through the vectors that were chosen.
#
# </details>
#
# <details><summary>2. A friend's training loss rises sharply at epoch 7 and never gets back to its old value. What do you ask first?</summary>
#
# Whether hard negatives begin there. Then the loss asks harder questions, and the value to look at is SumR on val.
#
# </details>
#
# <details><summary>3. You try 20 learning rates and report the best one's R@1 on test. What is wrong, and what is right?</summary>
#
# The best of 20 looks at test is too good by luck. Choose the rate on val, then look at test once. (Our table of learning rates in `docs/experiments.md` is on val.)
#
# </details>
#
# <details><summary>4. Two models, three seeds each: 51.2, 52.0, 51.1 and 50.0, 51.1, 50.0. Is the first one better?</summary>
#
# Paired differences: 1.2, 0.9, 1.1. Their mean is 1.07, their deviation 0.15, so the interval is ± 4.3 · 0.15 / √3 = ± 0.38: yes, by these seeds. Unpaired, the spread of about 0.6 within each would have hidden it.
#
# </details>
#
# <details><summary>5. You clip the gradient at norm 1 and find that nearly every step is clipped. Is that bad?</summary>
#
# Not by itself. AdamW divides by the size of past gradients anyway, so what clipping changes is mostly how much one odd batch weighs. If *all* steps are clipped equally, it changes next to nothing.
#
# </details>
#
# Training on several GPUs or machines computes the same loss, over the whole batch. Only the command differs: `docs/several-gpus.md`.
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | the whole model | `model.msslpp:MSSLpp` | `method/model.py` |
# | fused score | `model.records:Similarity.fused` | `method/eval.py:192` (α is fixed there) |
# | optimizer, schedule | `training.optimizer:make_optimizer`, `training.optimizer:make_schedule` | `method/train.py:136-143` (BertAdam: no bias correction, each tensor clipped by itself) |
# | a step, an epoch, checkpoints | `training.fit:fit` | `method/train.py:141-165` |
# | early stopping | `training.fit:History.best`, `TrainConfig.patience` | `method/train.py:157-165` |
# | baselines | `model.baselines` | not there |
# | experiments with seeds | `lab.rows:EXPERIMENTS` | not there |

# %%
progress(8)
