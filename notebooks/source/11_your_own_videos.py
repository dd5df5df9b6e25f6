# %% [markdown]
# # 11 · Your own videos, and many of them
#
# **You will be able to**
# - read frames from a video file at the right times, whatever its frame rate;
# - turn a folder of videos into a feature file with CLIP, and search it without any training;
# - keep a collection on disk, add to it and delete from it, and say how large it will be;
# - search many clips without looking at all of them, and measure what that loses;
# - say what several GPUs must exchange so that training stays the same.
#
# **You need** lesson 2 (features, pooling, the feature file), lesson 4 (multi-scale clips), lesson 7 (infoNCE) and lesson 9 (the index). An MS-SL++ is trained here for six epochs: enough to see what an index does to it. Besides the usual packages this lesson needs PyAV, transformers and LanceDB (`pip install "prvr-lite[video,scale]"`).
#
# **Time**: 90 minutes to read and solve; running it takes {{cost}}, and about as long again the first time, when two short models are trained.

# %% tags=["setup"]
# 11

# %%
import copy
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import transformers
from torch.nn.functional import normalize

from prvr_lite import (
    PRESETS,
    VideoIndex,
    fit,
    info_nce_loss,
    load_sample,
    multi_scale_clips,
    open_features,
)
from prvr_lite.collection import VideoCollection
from prvr_lite.course import check, hint, progress, table, trained
from prvr_lite.course.lesson11 import (
    cell_map,
    code_parts,
    frame_times,
    random_openai_clip,
    render_film,
    shard_tables,
)
from prvr_lite.data import InputReader, OpenAIClipEncoder, pool_features, unit_rows
from prvr_lite.lab import Results
from prvr_lite.plots import recall_bars, spread_curves
from prvr_lite.search import rank_of_first_relevant
from prvr_lite.videos import ZeroShotSearch, extract_features, probe_video, read_frames

transformers.utils.logging.disable_progress_bar()
sample = load_sample()
work = tempfile.TemporaryDirectory()  # removed when the notebook ends
folder = Path(work.name)

# %% [markdown]
# ## 1 · A video is pictures with times
#
# Up to here somebody else made the features. Now you make them, and this begins with a file. The sample keeps a few thumbnails of each test film; `render_film` writes them as a real MP4 file (H.264), each picture held until the next one comes.

# %%
video = int(sample.videos_in("test")[0])
shown = render_film(sample, video, folder / "film.mp4")
info = probe_video(folder / "film.mp4")
size = (folder / "film.mp4").stat().st_size
print(f"{info.width} x {info.height}, {info.codec}, {info.duration:.2f} s, {size / 1000:.0f} kB")
print(f"{len(shown)} frames, shown from second {shown}")

# %% [markdown]
# There are eight frames in twenty seconds, but they are not two and a half seconds apart: each frame has its own **presentation time**. Most files from a camera have a frame every 1/25 or 1/30 s, but telephones drop frames in the dark, screen recorders write one when something changes, and editing leaves gaps. That is a *variable frame rate*.
#
# The model wants frames at even times: 0, ½, 1, … s. Which frame is on the screen at $t$? It is the last one that has begun. Here it is with a loop:


# %%
def frame_by_loop(shown: list[float], t: float) -> int:
    """The last frame that has begun at t, or the first."""
    frame = 0
    for i, start in enumerate(shown):
        if start <= t:
            frame = i
    return frame


print([frame_by_loop(shown, t) for t in (0.0, 4.7, 4.75, 10.0, 99.0)])

# %% [markdown]
# ### ✏️ Exercise 11.1 · frames_at  (★☆☆, 8 minutes)
#
# Write it for any number of times, in any order, and without a loop over frames.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("frames_at")` in a new cell, again and again.
# - *A frame that is yet to come*: nearest is not the same as shown.
# - *-1*: what does Python give you for row -1?
#
# </details>


# %% tags=["solution"]
def frames_at(shown: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """The frame that is on the screen at each time: [T] s ascending, [S] s -> [S] int64.

    A frame is on the screen from its own time until the next one's; before the first frame's
    time, the first one counts.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
frames_at = check(frames_at)

# %%
at = torch.arange(0, info.duration, 0.5)  # [S] s
taken = frames_at(torch.tensor(shown), at)  # [S]
read = list(read_frames(folder / "film.mp4", fps=2))  # the package's: (s, RGB) of each sample
pixels = [rgb for _, rgb in read]
fresh = [bool((pixels[i] != pixels[i - 1]).any()) for i in range(1, len(pixels))]
print("as the loop:", taken.tolist() == [frame_by_loop(shown, t) for t in at.tolist()])
print("changes where prvr_lite's does:", fresh == (taken.diff() > 0).tolist())
first = {frame: rgb for frame, rgb in zip(taken.tolist(), pixels, strict=True)}
pictures = [first.get(i) for i in range(len(shown))]
counted = (at * len(shown) / info.duration).long()  # as if frames came at an even rate
print(f"by counting: {int((counted != taken).sum())} of {len(at)} samples take a wrong frame")
frame_times(pictures, shown, info.duration, at, taken)

# %% [markdown]
# Many programs count frames and divide by the rate. Here most of their samples would be wrong (last line). A moment labelled "4.8 to 7.2 s" would then lie over other pictures, and no error would tell you.
#
# **Another trap: rotation.** A telephone held upright stores its pictures lying down, with a note for the player: turn by 90°. Whoever ignores the note shows the network people who lie on their side. Here is the same film, stored lying down:

# %%
render_film(sample, video, folder / "turned.mp4", rotation=90)
turned = [rgb for _, rgb in read_frames(folder / "turned.mp4", fps=2)]
upright = np.abs(turned[0].astype(float) - pixels[0]).mean()
lying = np.abs(np.rot90(turned[0]).astype(float) - pixels[0]).mean()
print(f"difference to the first film, of 255: as read {upright:.1f}, turned once more {lying:.1f}")

# %% [markdown]
# `read_frames` has read the note. (The small difference that remains comes from the compression of
# H.264.)
#
# ## 2 · From frames to features
#
# CLIP is two networks: one turns a picture into a vector, the other a sentence. They were trained together, on hundreds of millions of pictures with their captions, so that a picture and its caption point the same way. The real one is a download of 600 MB. To see the path we make a **tiny CLIP with random weights**: it has every part, a tokenizer, an image processor and both networks, but it has learned nothing.
#
# Frames go through it in **batches**: all 7,200 frames of an hour at once would need gigabytes, and one at a time leaves the processor waiting. The result must not depend on the size of the batch.

# %%
clip = OpenAIClipEncoder(random_openai_clip(folder / "tiny-clip"))
features, sentences = clip.images(pixels), clip.sentences(["A dog.", "A dog in the forest."])
print(f"{len(pixels)} frames -> {features.shape}, 2 sentences -> {sentences.shape}")
for clip.batch_size in (1, 8, 32):
    began = time.perf_counter()
    same = np.allclose(clip.images(pixels), features, atol=1e-5)
    took = 1000 * (time.perf_counter() - began) / len(pixels)
    print(f"batches of {clip.batch_size:2d}: {took:5.2f} ms per frame, the same features: {same}")

# %% [markdown]
# With the real network on a GPU, larger batches help far more. If you have a connection and a few minutes, set `RUN_DOWNLOADS = True` and let the real one look at our film; everything else in this lesson works without it.

# %%
RUN_DOWNLOADS = False  # True: about 600 MB from the Hugging Face hub, once
asked = ["a volcano", "a unicorn with a trumpet", "red balloons", "a bowl of soup"]
if RUN_DOWNLOADS:
    real = OpenAIClipEncoder("openai/clip-vit-base-patch32")
    cosine = unit_rows(real.sentences(asked)) @ unit_rows(real.images(pixels)).T  # [4, S]
    table(
        {
            a: {"best at s": at[c.argmax()], "cosine": c.max()}
            for a, c in zip(asked, cosine, strict=True)
        }
    )
else:
    print("skipped: no download (the real CLIP is not needed below)")

# %% [markdown]
# ## 3 · A folder of videos
#
# One film is not a collection. Let us make a folder of twelve, with their captions in a table; and because real folders are never clean, three more files that are broken.

# %%
films = sample.videos_in("test")[:12]
videos = folder / "videos"
videos.mkdir()
for film in films:
    render_film(sample, int(film), videos / f"{sample.video_id[film]}.mp4")
whole = (videos / f"{sample.video_id[films[0]]}.mp4").read_bytes()
(videos / "empty.mp4").write_bytes(b"")
(videos / "letter.mp4").write_text("Dear projectionist, the film is in the post.", encoding="utf-8")
(videos / "half.mp4").write_bytes(whole[: len(whole) // 2])

queries = [q for q in sample.queries_in("test") if sample.query_video[q] in films]
lines = []
for q in queries:
    start, end = sample.moment[q]
    name, text = sample.video_id[sample.query_video[q]], sample.query_text[q]
    lines.append(f"{name}\t{text}\t{start:.2f}\t{end:.2f}")
(folder / "captions.tsv").write_text("\n".join(lines), encoding="utf-8")
print(lines[0].replace("\t", " | "))

# %% [markdown]
# One call does all of sections 1 and 2 for a folder. In a terminal it is
#
# ```
# prvr-lite extract videos --out mine.h5 --captions captions.tsv --fps 2
# ```

# %%
settings = {"model": folder / "tiny-clip", "captions": folder / "captions.tsv", "fps": 2}
report = extract_features(videos, folder / "mine.h5", **settings, progress=False)
for path, reason in report.skipped.items():
    print(f"skipped {path.name}: {reason}")
print(f"{len(report.videos)} videos, {report.queries} captions")
again = extract_features(videos, folder / "mine.h5", **settings, progress=False)
print(f"second run: {again.computed} of {len(again.videos)} videos computed")
data = open_features(folder / "mine.h5")

# %% [markdown]
# A broken file costs one line in the report, and not the whole run. And a run that is interrupted is not lost: what was computed of each video is kept beside the file, and the second run went on from there.
#
# This is a feature file like any other in this course: `fit`, `evaluate` and `prvr-lite train` take it. But with CLIP there is something that can be done before any training.
#
# ## 4 · Search without training
#
# Pictures and sentences are vectors of *one space*: their cosine means something. So take every clip of a film (lesson 4), and score the film by its best one:
#
# $$s(q, v) = \max_{n}\ \cos\big(q,\ \bar f_{v,n}\big)$$
# <!-- eq: zero-shot score -> prvr_lite.course.lesson11.answers:zero_shot_scores -->
#
# Nothing here was learned from our data. That is called **zero-shot**. Here it is for one sentence and one film, with a loop:


# %%
def best_clip_by_loop(query: torch.Tensor, units: torch.Tensor) -> float:
    """query [D], units [n, D] -> the best cosine of all clips."""
    best = -1.0
    for start in range(len(units)):
        for end in range(start + 1, len(units) + 1):
            clip = units[start:end].mean(0)
            best = max(best, float(query @ clip / (query.norm() * clip.norm())))
    return best


units = torch.from_numpy(np.stack([pool_features(f, 32) for f in data.frames_of(range(12))]))
asked = torch.from_numpy(np.stack([w[0] for w in data.words_of(range(len(data.query_id)))]))
print(f"{best_clip_by_loop(asked[0], units[0]):.4f}")

# %% [markdown]
# (`extract` puts the feature of the whole sentence first among its words.)
#
# ### ✏️ Exercise 11.2 · zero_shot_scores  (★☆☆, 8 minutes)
#
# Write it for all queries and films at once. Some films may have fewer clips than others; `real` says which rows are clips.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("zero_shot_scores")`.
# - *Scores above 1*: a cosine needs vectors of length 1, both of them.
# - *Scores of exactly 0*: what do you give to clips that do not exist?
#
# </details>


# %% tags=["solution"]
def zero_shot_scores(query: torch.Tensor, clip: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """The cosine with each video's best clip: [Q, D], [V, N, D], [V, N] bool -> [Q, V]."""
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
zero_shot_scores = check(zero_shot_scores)

# %%
clips = multi_scale_clips(units)  # [V, 528, D]
every = torch.ones(clips.shape[:2], dtype=torch.bool)
score = zero_shot_scores(asked, clips, every)  # [Q, V]
own = torch.from_numpy(data.query_video)
rank = rank_of_first_relevant(score, own)
print(f"as the loop: {float(score[0, 0]):.4f}")
print(f"R@1 {100 * (rank <= 1).mean():.1f} of {len(rank)} queries; chance {100 / 12:.1f}")

# %% [markdown]
# The result is chance, as it should be: a network with random weights does not know which sentence belongs to which picture. **Vectors of equal size do not make one space.** The space must have been *made*, by training on pairs.
#
# The sample's own features have no common space at all: pictures went through EfficientNet, sentences through MiniLM, two networks that never met. The package refuses to compare them:

# %%
try:
    ZeroShotSearch(sample)
except ValueError as error:
    print(str(error).removeprefix(f"{sample.path}: "))

# %% [markdown]
# ### A bridge in one line
#
# What would it take to make one? The simplest way is a **linear map** from sentence means to film means, fitted on the pairs of the train films by ridge regression. It knows no times, just as MS-SL++ knows none.
#
# With this bridge, the zero-shot search from above works on the sample. (It is no longer zero-shot, since the bridge was fitted on films of the same kind; CLIP's bridge was fitted on the internet.) Compare it with the whole film as one clip, with single units only, and with MS-SL++.

# %%
train = sample.queries_in("train")
film_mean = {v: sample.frames(v).mean(0) for v in sample.videos_in("train").tolist()}
X = np.stack([w.mean(0) for w in sample.words_of(train)])  # [2105, 72] sentences
Y = np.stack([film_mean[v] for v in sample.query_video[train].tolist()])  # [2105, 112] their films
x0, y0 = X.mean(0), Y.mean(0)
bridge = np.linalg.solve((X - x0).T @ (X - x0) + np.eye(72), (X - x0).T @ (Y - y0))  # [72, 112]
model, history = trained("mssl++", sample, epochs=6)
model = model.cpu().eval()
index = VideoIndex.build(model, sample, "test")
reader = InputReader(sample, model.config)
test = sample.queries_in("test")[::3]  # every third: 351 queries
films = sample.videos_in("test")
own = torch.from_numpy(np.searchsorted(films, sample.query_video[test]))  # [Q]
exact = index.score(*reader.queries(test)).fused(model.config.alpha)  # [Q, V]

# %%
words = np.stack([w.mean(0) for w in sample.words_of(test)])
asked = torch.from_numpy((words - x0) @ bridge).float()  # [Q, 112]
units = np.stack([pool_features(f, 32) for f in sample.frames_of(films)]) - y0
clips = multi_scale_clips(torch.from_numpy(units).float())  # [V, 528, 112]
every = torch.ones(clips.shape[:2], dtype=torch.bool)
scores = {
    "bridge, whole film": zero_shot_scores(asked, clips[:, -1:], every[:, -1:]),
    "bridge, best unit": zero_shot_scores(asked, clips[:, :32], every[:, :32]),
    "bridge, best clip": zero_shot_scores(asked, clips, every),
    "MS-SL++, 6 epochs": exact,
}
ranks = {name: rank_of_first_relevant(s, own) for name, s in scores.items()}
bars = {n: {f"R@{k}": 100 * float((r <= k).mean()) for k in (1, 5)} for n, r in ranks.items()}
published = Results.published()
bars["MS-SL++, 24 epochs"] = {
    f"R@{k}": list(published.values("mssl++", f"R@{k}").values()) for k in (1, 5)
}
recall_bars(bars, metric="recall (%)", title="A straight bridge, and a trained one")

# %% [markdown]
# (The last bar is the published mean of five full trainings on all test queries; the one before is ours, stopped after six epochs.) It shows three things.
#
# 1. **Even here a part beats the whole film**, both as a unit and as a clip: the best one is not hidden by the rest. That idea needs no training at all. (Longer clips add nothing here: a linear map is not enough for a sentence that unfolds in steps.)
# 2. **Training is worth it**: on the same features and the same pairs, MS-SL++ finds three times as many films. A linear map can't do more; MS-SL++ has encoders, attention and a loss that pushes wrong films away.
# 3. With the real CLIP the bridge is far better, and zero-shot is a strong beginning: you need no captions of your own and no GPU, and you have results in an hour. Start with it. Train when you have captions and want more.
#
# ## 5 · The index on disk
#
# Lesson 9's index lay in memory. How large is it? For each of $V$ films, $K$ medoids with a clip and an attended vector of $H$ numbers, $b$ bytes each, and an integer of 8 bytes that says which clip it is:
#
# $$\text{bytes} = V \cdot K \cdot (2\,H\,b + 8)$$
# <!-- eq: bytes of an index -> prvr_lite.search.video_index:VideoIndex.nbytes -->

# %%
K, H = model.config.num_clusters, model.config.hidden_dim
by_hand = len(index) * K * (2 * H * 4 + 8)
print(
    f"by hand {by_hand:,}, prvr_lite {index.nbytes:,} bytes; {by_hand / len(index):,.0f} per film"
)

# %% [markdown]
# Ten million films of this size take half a terabyte. So an index must live on disk, and a search must not read all of it into memory first. `save` writes it into one file, and `load` **maps** that file into memory: opening reads only what stands around the vectors, and the operating system brings in a page when a search touches it.

# %%
query = sample.words(int(test[0]))
index.save(folder / "films.pt")
began = time.perf_counter()
mapped = VideoIndex.load(folder / "films.pt", device="cpu", verify=False)  # sizes, not values
print(f"{len(mapped)} films, opened in {1000 * (time.perf_counter() - began):.0f} ms")
for hit in mapped.search(query, 3):
    print(hit.rank, hit.video_id, f"{hit.start:.1f} to {hit.end:.1f} s")

# %% [markdown]
# ### Collections change
#
# A film is added, and another must be removed (somebody asked for that, and they have a right to it). Two people make such changes at the same moment, while a third one searches, and then the power fails. A file can only be replaced as a whole, which does not solve this. A **database** does: it writes what changes beside what was there, and each change takes effect in one step. `VideoCollection` keeps a film in a row: id, duration, clips, attended frames.

# %%
VideoCollection.build(folder / "collection", model, sample, "val")  # 100 films
stored = VideoCollection.open(folder / "collection", device="cpu")
stored.append(sample, "test")  # 200 more
best = stored.search(query, 1)[0].video_id
stored.delete([best])
print(f"first: {best}; without it: {[hit.video_id for hit in stored.search(query, 3)]}")
stored.optimise()
print(f"{stored.check()} films, every number as it was written")

# %% [markdown]
# From then on a deleted film is no longer found; its bytes are freed when the collection is next put in order, which `optimise` does. `check` compares every row with the digest that was written beside it, because a disk may lose a bit.
#
# ## 6 · Candidates, then exact scores
#
# Now time. An exact search compares the query with every clip of every film. For 200 films that is nothing; for ten million it is 320 million clips per query. The solution has two steps, as in lesson 10:
#
# 1. **candidates**: find some clips that are probably near the query, fast and not quite exactly;
# 2. **re-scoring**: take the films that own them, and compute both scales of MS-SL++ exactly, for these few.
#
# We take all 700 films of the sample, 22,400 clips. Step 1 is done exactly for now, to see what step 2 needs.

# %%
VideoCollection.build(folder / "all", model, sample, "train")
many = VideoCollection.open(folder / "all", device="cpu")
for split in ("val", "test"):
    many.append(sample, split)
all_films = many.to_index()  # in memory, for what follows
clip = all_films.rows.vectors.clips.flatten(0, 1)  # [M, H]
video_of = torch.arange(len(all_films)).repeat_interleave(K)  # [M]
query = normalize(all_films.encode(*reader.queries(test)), dim=1)  # [Q, H]
S = all_films.score_vectors(query).fused(model.config.alpha)  # [Q, V], exact
top = S.topk(10).indices  # [Q, 10]
hits = (query @ clip.T).topk(100).indices  # [Q, 100] rows of clips
owners = [len(set(row)) for row in video_of[hits].tolist()]
print(f"{len(clip):,} clips of {len(all_films)} films")
print(
    f"100 nearest clips belong to {min(owners)} to {max(owners)} films, {np.mean(owners):.0f} on average"
)

# %% [markdown]
# ### ✏️ Exercise 11.3 · rescore_candidates  (★★☆, 12 minutes)
#
# From clips to films. Approximate indices give −1 where they find too little; you should, too.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("rescore_candidates")`.
# - *The same film again and again*: several clips of one film are one candidate.
# - *Films that nobody found*: what score do films get that are not candidates?
#
# </details>


# %% tags=["solution"]
def rescore_candidates(
    hits: torch.Tensor, video_of: torch.Tensor, score: torch.Tensor, k: int
) -> torch.Tensor:
    """The best films among those that own a hit, by their exact scores -> [Q, k] rows of films.

    hits [Q, C] rows of clips (-1: none), video_of [M] the film of each clip, score [Q, V] exact
    scores; best first, -1 where fewer than k films own a hit.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
rescore_candidates = check(rescore_candidates)

# %% [markdown]
# How much is lost? Of the films that an exact search would give, how many are still there? That is recall again, but against the exact search and not against the truth: an approximate index can only be as good as what it approximates.
#
# $$\text{recall} = \frac{100}{Q\,k} \sum_q \big|\, \text{found}_q \cap \text{exact}_q \,\big|$$
# <!-- eq: recall of candidates -> prvr_lite.course.lesson11.answers:candidate_recall -->
#
# ### ✏️ Exercise 11.4 · candidate_recall  (★☆☆, 6 minutes)


# %% tags=["solution"]
def candidate_recall(found: torch.Tensor, exact: torch.Tensor) -> torch.Tensor:
    """What share of the exact best is among what was found, in %, over all queries.

    found [Q, C] rows (-1: none), exact [Q, k] rows; the order of either does not matter.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
candidate_recall = check(candidate_recall)

# %%
nearest = (query @ clip.T).topk(2000).indices  # [Q, 2000]
recall, share = {}, {}
for C in (10, 20, 50, 100, 200, 500, 1000, 2000):
    listed = rescore_candidates(nearest[:, :C], video_of, S, 10)
    recall[C] = float(candidate_recall(listed, top))
    share[C] = 100 * np.mean([len(set(row)) for row in video_of[nearest[:, :C]].tolist()]) / 700
spread_curves(
    {"recall (%)": {"of the exact ten": recall}, "films scored (%)": {"exactly": share}},
    xlabel="candidate clips",
    logarithmic=True,
    title="Few films need an exact score",
)

# %% [markdown]
# Read off how many candidate clips reach 99 %, and which share of the films is then scored exactly. Why is it not 100 % at once, although step 1 was exact? Ten clips belong to fewer than ten films, for one thing. And it was exact about something else: clips are found by the *clip scale*, and the exact ranking also knows the *frame scale*. A film may rank in the ten by its frames.
#
# ## 7 · Not looking at every clip
#
# Step 1 still compared the query with all 22,400 clips. An **inverted file** does not: once, ahead of any query, it sorts the clips into cells around some centres (k-means, as in lesson 5 without medoids). A query is then compared with the centres, and only with the clips of the best few cells. We look at it in a plane first, the plane of the first two principal components of our clips.


# %%
def nearest_mean(point: torch.Tensor, cells: int, rounds: int = 10) -> torch.Tensor:
    """k-means: [N, D] -> centres [C, D]."""
    centre = point[torch.randperm(len(point), generator=torch.Generator().manual_seed(0))[:cells]]
    for _ in range(rounds):
        cell = torch.cdist(point, centre).argmin(1)
        total = torch.zeros_like(centre).index_add(0, cell, point)
        centre = total / cell.bincount(minlength=cells).clamp(min=1)[:, None]
    return centre


plane = torch.pca_lowrank(clip, 2, niter=4)[2]  # [H, 2]
flat, spot = (clip - clip.mean(0)) @ plane, (query[5] - clip.mean(0)) @ plane
cell_map(flat[::7], nearest_mean(flat, 24), spot, probes=3)

# %% [markdown]
# Three cells of 24 are open, and most clips are never touched. If the query lies near a border, the best clip may be just across it, so open more than one cell.
#
# ### ✏️ Exercise 11.5 · cell_search  (★★★, 12 minutes)
#
# Write it for one query. A cell is *made* of the clips that are nearest to its centre by distance, as
# k-means does. It is *opened* by the inner product of its centre with the query, and clips are ranked
# by their inner product, too. For clips, which have length 1, it is the cosine. Centres are means of
# clips, and shorter: do not divide by their length.
#
# Take the clips of the opened cells out first, and score only those.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("cell_search")`.
# - *Rows that are far too small*: places in the list of opened clips are not rows of all clips.
#
# </details>


# %% tags=["solution"]
def cell_search(
    query: torch.Tensor,
    centre: torch.Tensor,
    clip: torch.Tensor,
    cell: torch.Tensor,
    probes: int,
    k: int,
) -> torch.Tensor:
    """The best clips of the `probes` best cells -> [k] rows of clips, best first.

    query [D], centre [C, D], clip [N, D], cell [N] of each clip. Cells and clips by their inner
    product with the query; -1 where those cells hold fewer than k clips. Only clips of these
    cells are scored.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
cell_search = check(cell_search)

# %% [markdown]
# (Looking through `cell` for the opened ones still touches a number of every clip. A real inverted file keeps a list of clips for each cell, or the clips of a cell side by side.) With 128 cells, in all 192 dimensions, for 100 queries:

# %%
centre = nearest_mean(clip, 128)
cell = torch.cdist(clip, centre).argmin(1)
size = cell.bincount(minlength=128)  # clips in each
recall, looked = {}, {}
for probes in (1, 2, 4, 8, 16, 32, 64):
    hits = torch.stack([cell_search(q, centre, clip, cell, probes, 200) for q in query[:100]])
    listed = rescore_candidates(hits, video_of, S[:100], 10)
    recall[probes] = float(candidate_recall(listed, top[:100]))
    opened = (query[:100] @ centre.T).topk(probes).indices
    looked[probes] = 100 * float(size[opened].sum(1).float().mean()) / len(clip)
spread_curves(
    {"recall (%)": {"of the exact ten": recall}, "clips seen (%)": {"clips": looked}},
    xlabel="cells opened, of 128",
    logarithmic=True,
    title="A few cells are nearly as good as all",
)

# %% [markdown]
# ## 8 · Fewer bytes per clip
#
# Cells save time, but no memory. Vectors can be made smaller, too. The gentle way is **scalar quantisation**: a number between the least and the greatest that occur becomes one of 256 steps, one byte instead of four. The hard way is **product quantisation**: cut a vector into parts of a few numbers, and replace each part by the nearest of 256 typical ones. What is stored is only *which* one, one byte per part. The typical ones come from k-means, part by part:

# %%
part = clip.view(len(clip), 24, 8)  # [M, 24, 8]: 24 parts of 8 numbers
typical = torch.stack(
    [nearest_mean(part[::8, p], 256, rounds=8) for p in range(24)]
)  # [24, 256, 8]
code = torch.cdist(part[:1].transpose(0, 1), typical).argmin(2).T  # [1, 24] bytes
rebuilt = typical[torch.arange(24), code[0]].flatten()  # [192]
code_parts(clip[0, :64], rebuilt[:64], code[0, :8], title="The first 64 of 192 numbers")

# %% [markdown]
# Much is lost of each vector, and yet the *order* of cosines survives well enough to pick candidates; re-scoring makes up for the rest (last row below).
#
# A collection has the gentle one, together with the cells of section 7: `build_candidates` makes both, and `candidates=50` then scores exactly the 50 films that this index finds. Films that are added later are compared as well; `optimise` takes them into the cells.


# %%
def measured(candidates: int | None) -> dict[str, float]:
    began = time.perf_counter()
    hits = many.rank(query, 10, candidates=candidates)
    took = 1000 * (time.perf_counter() - began) / len(query)
    listed = torch.tensor([[row_of[hit.video_id] for hit in ranked] for ranked in hits])  # [Q, 10]
    return {"ms per query": took, "recall %": float(candidate_recall(listed, top))}


row_of = {video_id: row for row, video_id in enumerate(all_films.video_ids)}
many.build_candidates()
rows = {"all films": measured(None), "50 candidates": measured(50)}
codes = torch.stack(
    [torch.cdist(part[:, p], typical[p]).argmin(1) for p in range(24)], 1
)  # [M, 24]
nearest = (query @ typical[torch.arange(24), codes].flatten(1).T).topk(100).indices  # [Q, 100]
by_codes = rescore_candidates(nearest, video_of, S, 10)
rows["100 clips by codes"] = {"recall %": float(candidate_recall(by_codes, top))}
table(rows)

# %% [markdown]
# (The times are those of the machine that made this page; "all films" reads the collection from the disk once for all queries together, which takes less time per query than one at a time.) At 22,400 clips nobody needs an approximate search. But the time of the exact one grows with the number of clips, and that of the other hardly does; and hardly a film is lost, because exact scores decide in the end.
#
# There is a third idea, in other libraries: **HNSW**, a graph that links each clip to some of its neighbours. A search walks along links to ever nearer clips. It is fast, keeps nearly all of each vector, and wants to be in memory.
#
# In a terminal: `prvr-lite index build`, `index append`, `index delete`, `index candidates`, `index search`.
#
# ### Ten million films, on paper
#
# What would a collection of ten million films need, at 32 clips each and the paper's 384 numbers? Vectors for re-scoring may stay on disk, since only those of some hundred films are touched. What step 1 needs must be in memory.

# %%
H_paper, per_film = 384, 32
bytes_a_clip = {
    "both scales, float32": 2 * H_paper * 4 + 8,
    "both scales, float16": 2 * H_paper * 2 + 8,
    "graph: one byte per number, links": H_paper + 2 * 16 * 4 + 8,
    "cells, one byte per number": H_paper + 8,
    "cells, one byte per part of 8": H_paper // 8 + 8,
}
counts = (10, 100, 1000, 10_000)  # thousand films
room = {name: {V: V * per_film * b / 1e6 for V in counts} for name, b in bytes_a_clip.items()}
for name, row in room.items():
    print(f"{name:33s} {row[10_000]:4,.0f} GB for ten million films")
spread_curves(
    {"GB": room},
    xlabel="thousand films",
    logarithmic=True,
    title="What ten million films take",
)

# %% [markdown]
# So: codes and cells fit into the memory of a laptop, the graph into that of a large server, and the exact vectors lie on a disk.
#
# ## 9 · Several GPUs
#
# **Encoding a collection** is easy to share: films do not depend on each other. With $n$ GPUs each encodes one of $n$ shares, and all of them append to the same collection (`torchrun -m prvr_lite index build`).
#
# **Training** is not. The losses of lesson 7 compare each query with *all films of the batch*. Split a batch of eight over two GPUs, and each of them has four films:

# %%
shard_tables(8, 8, 2)

# %% [markdown]
# If each GPU uses only its own half, half of the pairs are never compared. There are fewer negatives, so it is another loss and another model. So the GPUs **gather**: each encodes its own films, sends the vectors to all others, and compares *its* queries with *all* films. Here it is with one batch on one processor, cut in two by hand. The films are two groups of siblings, spread over both halves, as in a shuffled batch:

# %%
rows = sample.videos_in("train")[[0, 4, 1, 5, 2, 6, 3, 7]]  # siblings in both halves
captions = [int(np.flatnonzero(sample.query_video == v)[0]) for v in rows]
with torch.inference_mode():
    encoding = model.encode_videos(*reader.videos(rows))
    vectors = model.encode_queries(*reader.queries(captions))  # [8, H]
    dot = torch.einsum("qh,vkh->qvk", vectors, encoding.clips).amax(2)  # [Q, V]
positive = torch.eye(8, dtype=torch.bool)
halves = (slice(0, 4), slice(4, 8))
whole = info_nce_loss(dot, positive)
alone = torch.stack([info_nce_loss(dot[h, h], positive[h, h]) for h in halves]).mean()
gathered = torch.stack([info_nce_loss(dot[h], positive[h]) for h in halves]).mean()
print(f"one GPU {whole:.4f}; two, each for itself {alone:.4f}; two, gathered {gathered:.4f}")

# %% [markdown]
# Gathered, the loss is the same to the last digit. If each half computes by itself, the loss is smaller, but not because the model is better: half of the hardest rivals, the siblings, are not seen. There is one more trap: a loss can be right, and its *gradient* can be wrong. If gathered vectors arrive as plain numbers, no gradient flows back to the GPU that made them, and films are pushed away only by the queries beside them. With small random vectors:


# %%
def film_gradient(way: str) -> torch.Tensor:
    """Gradient of the mean loss with respect to the film vectors [8, 5]."""
    g = torch.Generator().manual_seed(0)
    asked, films = torch.randn(8, 5, generator=g), torch.randn(8, 5, generator=g).requires_grad_()
    loss = []
    for half in (slice(0, 4), slice(4, 8)):
        seen = films
        if way == "as plain numbers":  # only this GPU's own films carry a gradient
            seen = films.detach().clone()
            seen[half] = films[half]
        loss.append(info_nce_loss(asked[half] @ seen.T, torch.eye(8, dtype=torch.bool)[half]))
    torch.stack(loss).mean().backward()
    return films.grad


right, plain = film_gradient("with gradient"), film_gradient("as plain numbers")
print(f"largest gradient {right.abs().max():.3f}, largest error {(right - plain).abs().max():.3f}")

# %% [markdown]
# `prvr_lite` gathers with gradients, and so a run on several GPUs is the run on one. In a terminal:
#
# ```
# torchrun --nproc-per-node 4 -m prvr_lite train --data mine.h5 --checkpoint run.pt
# ```
#
# ## 10 · Predict, then break it
#
# You have built an index of ten million films. It took a week. Now somebody trains the model on for one more epoch, at a tenth of the learning rate, and puts the new weights in place. The index is still there, the shapes fit, and there is no error. Queries are encoded by the new model, films were encoded by the old one.
#
# Write down before you run it: R@1 with the old index and new queries, (a) after that epoch; (b) if the new model was trained from another start, for two epochs.

# %%
tuned, settings = copy.deepcopy(model), PRESETS["sample"].training
fit(tuned, sample, replace(settings, epochs=1, learning_rate=2e-4, seed=5), progress=False)
stranger, _ = trained("mssl++", sample, epochs=2, seed=1)
models = {"old": model, "trained on": tuned, "another start": stranger}
indices = {n: VideoIndex.build(m.cpu(), sample, "test", reader=reader) for n, m in models.items()}
asked = {name: one.encode(*reader.queries(test)) for name, one in indices.items()}
rows = {}
for name, one in indices.items():
    scores = {q: one.score_vectors(v).fused(model.config.alpha) for q, v in asked.items()}
    first = {q: rank_of_first_relevant(score, own) <= 1 for q, score in scores.items()}
    rows[f"index: {name}"] = {f"queries: {q}": 100 * float(hit.mean()) for q, hit in first.items()}
table(rows)
VideoCollection.build(folder / "other", stranger, sample, "train")
try:
    stored.append(VideoCollection.open(folder / "other", device="cpu"))
except ValueError as error:
    print(f"append: {error}".replace(str(folder), "…"))

# %% [markdown]
# Columns are queries, rows are indices; along the diagonal both are of one model.
#
# (a) The one more epoch did no harm at all: the old index serves the new queries as well as its own. The vectors moved, but little, and all together. (b) With another start the search no longer works: it finds *none* of the films, and still there is no error and no warning. The scores look normal, but they mean nothing. Both models found a good arrangement of films and sentences; there are countless equally good ones, turned and mirrored, and nothing makes two trainings choose the same.
#
# Can you rely on (a)? Only if you measure it, each time. That is why an index of `prvr_lite` carries the weights that built it and encodes queries with these, and why `append` refuses films of another model (last line).
#
# ## Recap
#
# - A video is pictures with presentation times. Sample by time, never by counting; turn it upright.
# - CLIP's space was made by training on pairs; equal sizes make no common space.
# - Zero-shot is the best clip's cosine. Begin with it; train when you have captions.
# - Bytes of an index: $V K (2 H b + 8)$. It lives on disk: a mapped file that does not change, or a database that does.
# - Candidates first, exact scores for the few films that own them. Measure recall against the exact search.
# - Cells and graphs save time, codes save room; re-scoring makes up for what both lose.
# - Over several GPUs, gather films with their gradients; otherwise it is another loss.
# - An index belongs to the weights that built it.
#
# ## Five questions
#
# <details><summary>1. A film has frames at 0, 0.9 and 3.2 s and ends at 4 s. You sample it once per second. Which frames do you get?</summary>
#
# At 0, 1, 2, 3 s: frames 0, 1, 1, 1. The third is never sampled; with two samples per second it would be, at 3.5 s.
#
# </details>
#
# <details><summary>2. Two networks both give 512 numbers. Somebody searches pictures of the one with sentences of the other, and gets R@1 near chance. Why was there no error?</summary>
#
# Shapes fit, and a cosine can always be computed. Whether it means anything is known only to those who know how the networks were trained. (That is why a feature file names its models.)
#
# </details>
#
# <details><summary>3. Your candidates have a recall of 90 % against the exact top ten. R@1 against the truth falls by less than a point. How can that be?</summary>
#
# What is missing is mostly at the lower ranks of the ten, or films that were wrong anyway. Where the right film is first, it is first because some clip fits it well, and that clip is easily found.
#
# </details>
#
# <details><summary>4. You double the number of cells and keep the number of probes. What happens to time and recall?</summary>
#
# Cells are half as large, so about half as many clips are looked at (and twice as many centres). Recall falls, since the opened cells cover less. Compare settings at the same number of clips looked at.
#
# </details>
#
# <details><summary>5. Two GPUs, 64 films each, gathered. Is that the same as one GPU with 64 films? As one with 128?</summary>
#
# As one with 128: all are compared with all. With 64 it would be another batch size, so other negatives and, at the same learning rate, another run.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | frames by presentation time, upright | `prvr_lite.videos.frames:read_frames` | – (features are given) |
# | CLIP features, a folder of videos | `prvr_lite.data.openai_clip:OpenAIClipEncoder`, `prvr_lite.videos.extract:extract_features` | – |
# | zero-shot search | `prvr_lite.videos.zero_shot:ZeroShotSearch` | – |
# | the index in one file | `prvr_lite.search.video_index:VideoIndex` | – (all scores at once, `method/eval.py`) |
# | a collection that changes; candidates, then exact scores | `prvr_lite.collection.video_collection:VideoCollection` | – |
# | several GPUs | `prvr_lite.training.parallel` | – (one GPU) |

# %%
work.cleanup()
progress(11)
