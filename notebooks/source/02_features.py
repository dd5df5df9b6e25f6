# %% [markdown]
# # 2 · From pixels and words to features
#
# A model sees neither a film nor a sentence: it sees tables of numbers. This lesson goes from films and
# sentences to these tables, and on to the batches that a model takes.
#
# **You will be able to**
# - open a feature file, and find the frames of a film and the words of a query in it;
# - pool films of any length to the same number of units, exactly as the released code does;
# - bring every feature to length 1, and put ragged films into one batch with a mask;
# - write a feature file of your own, and understand the error when one is damaged.
#
# **You need** lesson 1 (films, queries, moments; what a mask is), slices and means in PyTorch.
#
# **Time**: 75 minutes to read and solve; running it takes {{cost}}.

# %% tags=["setup"]
# 2

# %%
import numpy as np
import torch

from prvr_lite import load_sample
from prvr_lite.course import check, film, hint, progress

sample = load_sample()
sample

# %% [markdown]
# ## 1 · A film is a table of numbers
#
# Here is a film of Emoji Theatre with its captioned moments.

# %%
query = int(sample.queries_in("test")[3])
video = int(sample.query_video[query])
film(sample, video)

# %% [markdown]
# The model of this course never sees these pictures. Twice a second one frame was taken, shown to
# an image network that had been trained long before on photographs (EfficientNet-Lite0), and the
# 1,280 numbers that come out were reduced to 112. Nothing else is left of the frame. Those
# numbers are its **feature**.

# %%
from prvr_lite.course.lesson02 import film_numbers
from prvr_lite.plots import timed_thumbnails

frames = torch.from_numpy(sample.frames(video))  # [T, Dv]
print("frames x numbers:", list(frames.shape))
duration = float(sample.duration[video])
film_numbers(frames, duration, timed_thumbnails(sample.thumbnails(video), duration))

# %% [markdown]
# Look for upright edges: there a shot or a moment ends, and many numbers change at once. Between
# two edges the columns are nearly alike. The cosine of each pair of frames shows the same more
# clearly.

# %%
from prvr_lite.course import heat_maps

frame_direction = frames / frames.norm(dim=1, keepdim=True)
heat_maps(
    {"cosine": frame_direction @ frame_direction.T},
    title="Frames of one scene are alike",
    about="each cell: the cosine of two frames of the film above",
    xlabel="frame",
    ylabel="frame",
    unit="cosine",
)

# %% [markdown]
# Bright squares are scenes. The largest one is the long moment: same place, same hero, so nearly
# the same numbers. Inside it you can just see two smaller squares, its two steps (trumpet, then
# balloons). What the hero *does* is that small difference. This is why the task is hard, and why
# we will need more than a mean.
#
# ## 2 · A query is a table as well
#
# A language model (MiniLM) read the caption. It gives one row per word, or a few rows where a word
# is rare.

# %%
import re

other_query = int(sample.queries_in("test")[2])
text = sample.query_text[other_query]
words = torch.from_numpy(sample.words(other_query))  # [L, Dw]
print(text, "| rows x numbers:", list(words.shape))
labels = re.findall(r"\w+|[.,]", text)
if len(labels) != len(words):  # a rare word has several rows
    labels = [f"row {i}" for i in range(len(words))]
word_direction = words / words.norm(dim=1, keepdim=True)
heat_maps(
    {"cosine": word_direction @ word_direction.T},
    title="Words of one caption",
    rows=labels,
    columns=labels,
    about="each cell: the cosine of two words",
    unit="cosine",
)

# %% [markdown]
# Compare the two rows "a". They are the same word, but not the same numbers: the language model
# has let every word look at its neighbours, so that one is the "a" of *a volcano* and the other
# the "a" of *a cow*.
#
# Frames do not have this: the image network saw each one alone. Lesson 3 changes that.
#
# ## 3 · The feature file
#
# 700 films and 3,680 captions lie in one HDF5 file. It holds **columns**, not objects.

# %%
import h5py

columns = "videos/id videos/duration videos/frame_offset frames/feature queries/text queries/video"
columns += " queries/moment queries/word_offset words/feature splits/train splits/test"
with h5py.File(sample.path) as file:
    for name in columns.split():
        print(f"{name:20s} {file[name].shape!s:16s} {file[name].dtype}")

# %% [markdown]
# Films differ in length, and a matrix cannot have rows of different lengths. So the frames of
# *all* films lie end to end in one tall matrix, and a second column says where each film starts.
# With $o_v$ the offset of video $v$, its $T_v$ frames are
#
# $$F_v = \text{feature}[\,o_v : o_{v+1}\,], \qquad T_v = o_{v+1} - o_v .$$
# <!-- eq: offsets -> prvr_lite.data.dataset:Dataset.frames_of -->
#
# There is one offset more than there are films: the last one is the end. Opening the file reads
# only the small columns, and no feature; the next cell measures how long that takes. `sample.frames_of(videos)` and `sample.words_of(queries)` do the
# slicing for many at once.

# %%
from timeit import timeit

from prvr_lite import open_features

start, stop = sample.frame_offset[video : video + 2]
with h5py.File(sample.path) as file:
    by_hand = file["frames/feature"][start:stop].astype(np.float32)
same = np.array_equal(by_hand, sample.frames(video))
print("rows", start, "to", stop - 1, "| same as sample.frames:", same)
film_length, query_length = np.diff(sample.frame_offset), np.diff(sample.word_offset)
for name, counts in (("frames per film", film_length), ("words per query", query_length)):
    print(f"{name}: {counts.min()} to {counts.max()}, median {np.median(counts):.0f}")
seconds = timeit(lambda: open_features(sample.path).close(), number=5) / 5
print(f"opening the file takes {1000 * seconds:.0f} ms")

# %% [markdown]
# ## 4 · The same number of units for every film
#
# MS-SL++ cuts each film, as MS-SL did, into $n = 32$ **units** of equal length, whatever its length
# $T$. From units it will build clips (lesson 4), and 32 units make the same 528 clips for every
# film. A unit is the mean of the frames in its window:
#
# $$b_i = \min\!\left(\operatorname{round}\!\left(\tfrac{i}{n} T\right),\; T - 1\right), \quad
# i = 0 \dots n,
# \qquad u_i = \operatorname{mean} F[\,b_i : b_{i+1}\,] .$$
# <!-- eq: pooling -> prvr_lite.data.batches:pool_features -->
#
# Where a window is empty ($b_i = b_{i+1}$), the unit is frame $b_i$ itself. Take 10 frames and 4
# units, with plain Python:

# %%
print("bounds:", [min(round(i / 4 * 10), 10 - 1) for i in range(4 + 1)])
print("halves:", [round(x) for x in (0.5, 1.5, 2.5, 3.5)])

# %% [markdown]
# Was that what you expected? $\tfrac14 \cdot 10 = 2.5$ became 2, and $\tfrac34 \cdot 10 = 7.5$
# became 8. Python, NumPy and PyTorch round a half to the **even** neighbour.
#
# ### ✏️ Exercise 2.1 · pool_bounds  (★☆☆, 10 minutes)
#
# Return the bounds $b_0 \dots b_n$ for a film of `total` frames, as one tensor of $n + 1$ integers.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("pool_bounds")` in a new cell; each call says a little more.
# - *My bounds are 1 too low here and there*: `.long()` and `int()` cut, they do not round.
# - *My tensor has the type float32*: rows are counted with integers, `.long()`.
#
# </details>


# %% tags=["solution"]
def pool_bounds(total: int, count: int) -> torch.Tensor:
    """Bounds of the windows over a film: b_i = min(round(i / count * total), total - 1).

    Args: total frames T, at least 1; count windows n, at least 1.
    Returns: [count + 1] integers (int64), i = 0..count.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
pool_bounds = check(pool_bounds)

# %%
from prvr_lite.course.lesson02 import pooling_windows

# What your bounds do to a film shorter than 4 frames, to one that fits, and to longer ones.
few = {f"{total} frames": (total, pool_bounds(total, 4).tolist()) for total in (3, 4, 8, 10)}
pooling_windows(few, title="Four units from films of any length")

# %% [markdown]
# Two things are worth a second look. A short film has to **repeat** frames. And at the right end
# a frame is sometimes **left out**. With 32 units (in Jupyter: move the slider):

# %%
from prvr_lite.course.lesson02 import pooling_slider

pooling_slider(pool_bounds, count=32)

# %% [markdown]
# A film of 16 frames has two units for each frame on average, but the frames 1, 2, 3, 4 make 1, 3, 1, 3 units:
# every other bound is a half, and halves go to the even neighbour.
#
# From which length on is the last frame lost, with 32 units? Try a few lengths by hand before you run the next
# cell. The windows end before $b_n = T - 1$, so frame $T - 1$ is in none of them. Only an *empty*
# last window can still hold it: where $b_{n-1} = T - 1$ too, the last unit is that frame.

# %%
lost = [total for total in range(2, 200) if pool_bounds(total, 32)[-2] < total - 1]
print(f"the last frame is lost from T = {lost[0]} on;", end=" ")
print("without a gap:", lost == list(range(lost[0], 200)))
print(f"it is lost in {np.mean(film_length >= lost[0]):.0%} of the films")

# %% [markdown]
# From 48 frames on, one and a half times 32, the last frame enters nowhere. (For another $n$ the
# limit can be a frame later: it depends on where a half is rounded to.) Half a second of a film is
# little to lose. But an exact copy has to do the same, or its numbers differ from the published
# ones.
#
# ### ✏️ Exercise 2.2 · pool_features  (★★☆, 15 minutes)
#
# Return the units of a film, `[n, D]`: unit $i$ is the mean of the frames in window $i$ of your bounds,
# or frame $b_i$ itself where the window is empty ($b_i = b_{i+1}$). A plain loop over the windows is
# fine.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("pool_features")` in a new cell.
# - *NaN*: some window is empty, and the mean of nothing is NaN.
# - *stack expects each tensor to be equal size*: did you forget `.mean(0)`, or average over the
#   numbers of a frame, `.mean(1)`, instead of over frames?
#
# </details>


# %% tags=["solution"]
def pool_features(features: torch.Tensor, count: int) -> torch.Tensor:
    """Units: row i is the mean of frames b_i up to b_(i+1), or frame b_i if that is empty.

    Args: features [T, D]; count n.
    Returns: [count, D].
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
pool_features = check(pool_features)

# %% [markdown]
# A mean is a weighted sum, so all windows together are one matrix: $u = W F$, where row $i$ of
# $W$ holds $1 / \text{size}$ over its own window and 0 elsewhere. That is the vectorised form.

# %%
bounds = pool_bounds(len(frames), 32)  # [n + 1]
first, end = bounds[:-1, None], torch.maximum(bounds[1:], bounds[:-1] + 1)[:, None]  # [n, 1]
place = torch.arange(len(frames))  # [T]
window = ((place >= first) & (place < end)).float()  # [n, T]
window = window / window.sum(1, keepdim=True)
print("same as the loop:", torch.allclose(window @ frames, pool_features(frames, 32), atol=1e-6))
heat_maps(
    {"weight": window},
    title="Pooling is one matrix",
    about="each row: which frames make this unit",
    xlabel="frame",
    ylabel="unit",
    unit="weight",
)

# %% [markdown]
# The package's `pool_features` works on NumPy arrays, straight from the file. Is yours the same
# on all test films, long and short?

# %%
import prvr_lite

test_frames = sample.frames_of(sample.videos_in("test"))  # a list of [T, Dv]
pooled = [pool_features(torch.from_numpy(x), 32).numpy() for x in test_frames]
gaps = [
    np.abs(prvr_lite.data.pool_features(x, 32) - u).max()
    for x, u in zip(test_frames, pooled, strict=True)
]
print("largest difference below 1e-6:", max(gaps) < 1e-6)

# %% [markdown]
# ## 5 · Predict, then break it
#
# Take a long film and spoil one frame: add 1,000 to all of its numbers. How many of the 32 units
# change
# - if it is the first frame?
# - if it is the last frame?
#
# Write both guesses down. Then run the cell.

# %%
long = torch.from_numpy(max(test_frames, key=len))  # [T, D]
for spoiled in (0, len(long) - 1):
    broken = long.clone()
    broken[spoiled] += 1000
    changed = (pool_features(broken, 32) != pool_features(long, 32)).any(1)
    print(f"frame {spoiled:3d} of {len(long)} spoiled, units that change: {int(changed.sum())}")

# %% [markdown]
# The first frame changes one unit, and the last frame changes none. From the units alone nobody can
# see that the last frame was spoiled. So a good test spoils single frames: some that must change the
# result, and some that must not. A look at averages would show neither.
#
# ## 6 · Length 1
#
# The formulas of lesson 1 compared vectors by their inner product, and its trained models compared
# them by the cosine. Here is why: by inner product, a long vector wins against a better one. Spoil
# our film in another way, and make all numbers of one frame three times as large.

# %%
loud = frames.clone()
loud_frame = 25
loud[loud_frame] *= 3
inner = loud @ loud.T  # [T, T]
cosine = inner / loud.norm(dim=1, keepdim=True) / loud.norm(dim=1)
same_cosine = torch.allclose(cosine, frame_direction @ frame_direction.T, atol=1e-5)
drawn = int((inner.argmax(1) == loud_frame).sum()) - 1  # without the loud frame itself
print(f"{drawn} of {len(loud) - 1} other frames are now most like frame {loud_frame}", end=" | ")
print("same cosines as before:", same_cosine)
heat_maps(
    {"inner product": inner, "cosine": cosine},
    title="A frame with large numbers wins almost everywhere",
    xlabel="frame",
    ylabel="frame",
    limits=(0, 1),
)

# %% [markdown]
# By the inner product, most of the other frames are now "most like" the loud frame instead of
# themselves; the line above the picture counts them. By the cosine nothing has changed. So each row is divided by its length, with a small number added, so that a
# black frame (all zeros) does not become 0 / 0:
#
# $$\hat x = \frac{x}{\lVert x \rVert_2 + 10^{-5}}$$
# <!-- eq: normalise -> prvr_lite.data.batches:normalise -->
#
# ### ✏️ Exercise 2.3 · normalise  (★☆☆, 5 minutes)
#
# Return the features with each row divided by its length plus $10^{-5}$, as in the formula. It must
# work for `[T, D]` and for `[V, T, D]`.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("normalise")` in a new cell.
# - *The size of tensor a must match the size of tensor b*: the lengths lost their last dimension;
#   `keepdim=True` keeps it.
#
# </details>


# %% tags=["solution"]
def normalise(features: torch.Tensor) -> torch.Tensor:
    """x / (|x| + 1e-5) for each row x.

    Args: features [..., D].
    Returns: [..., D], rows of length (nearly) 1; rows of zeros stay zeros.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
normalise = check(normalise)

# %%
print("a black frame stays", normalise(torch.zeros(1, 4)).tolist())
theirs = torch.from_numpy(prvr_lite.data.normalise(frames.numpy()))
print("same as the package:", torch.allclose(normalise(frames), theirs, atol=1e-6))

# %% [markdown]
# Which comes first, pooling or normalising? The order matters. The mean of vectors of length 1
# that point in different directions is shorter than 1:

# %%
before = pool_features(normalise(long), 32).norm(dim=1)
after = normalise(pool_features(long, 32)).norm(dim=1)
for name, norms in (("normalise, then pool", before), ("pool, then normalise", after)):
    print(f"{name}: lengths from {norms.min():.3f} to {norms.max():.3f}")

# %% [markdown]
# The released code pools first, so that every unit has length 1, even one that lies across a cut.
#
# ## 7 · Ragged films in one batch
#
# A GPU wants one tensor for many films. Units have the same shape for all films, but frames do not.
# So short films get zeros behind their end (**padding**), and a **mask** says what is real. Here
# are four films, one behind the other, exactly as they lie in the file:

# %%
four = sample.videos_in("test")[np.argsort([len(x) for x in test_frames])[[0, 60, 120, 199]]]
pieces = sample.frames_of(four)
flat = torch.from_numpy(np.concatenate(pieces))  # [F, Dv]
offset = torch.tensor([0, *(len(piece) for piece in pieces)]).cumsum(0)  # [V + 1]
print("flat", list(flat.shape), "| offset", offset.tolist())

# %% [markdown]
# ### ✏️ Exercise 2.4 · pad_ragged  (★★☆, 15 minutes)
#
# Return `flat` and `offset` as a batch: `padded [V, T, D]` with zeros behind the short films, and
# `mask [V, T]`, `True` on real frames. $T$ is the length of the longest film. With $T_v$ the
# length of video $v$:
#
# $$\text{mask}_{v,t} = [\,t < T_v\,]$$
# <!-- eq: mask -> prvr_lite.data.batches:pad -->
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("pad_ragged")` in a new cell.
# - *The mask is wrong in one single place*: a black frame is real, although it is all zeros. Only
#   the offsets say which rows are real.
#
# </details>


# %% tags=["solution"]
def pad_ragged(features: torch.Tensor, offset: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Films that lie end to end, as one batch.

    Args: features [F, D]; offset [V + 1], film v is features[offset[v] : offset[v + 1]].
    Returns: padded [V, T, D], zeros behind short films; mask [V, T] bool, True on real frames.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
pad_ragged = check(pad_ragged)

# %%
padded, mask = pad_ragged(flat, offset)
size = torch.where(mask, padded.norm(dim=-1), torch.nan)  # [V, T], blank where there is padding
heat_maps(
    {"length": size},
    title="Four films in one batch",
    xlabel="frame",
    unit="length of the frame",
    about="grey: padding",
    rows=[sample.video_id[v] for v in four],
    square=False,
)

# %% [markdown]
# Loops disappear once you see that `mask` lists the real places in the very order in which the
# frames lie in `flat`:

# %%
vectorised = torch.zeros_like(padded)
vectorised[mask] = flat
package, package_mask = prvr_lite.data.pad(pieces)
print("loop = vectorised:", torch.equal(vectorised, padded))
print("loop = package:", torch.equal(package, padded) and torch.equal(package_mask, mask))

# %% [markdown]
# What does it cost to forget the mask? Below is the mean of each film over all $T$ places, beside
# the mean over its real frames.

# %%
plain = padded.mean(1).norm(dim=1)  # [V]
real = (padded.sum(1) / mask.sum(1, keepdim=True)).norm(dim=1)  # [V]
for v, share in enumerate(plain / real):
    name, part = sample.video_id[four[v]], mask[v].float().mean()
    print(f"{name}: {part:.0%} of its places are real; its mean keeps {share:.0%} of its length")

# %% [markdown]
# Each mean shrinks exactly to its share of real frames. And the shrinking depends on which *other*
# films happen to be in the batch! By inner products the same film would get another score in another
# batch. (The cosine of this mean would not notice, as only its length has changed; but it would notice
# what an encoder turns padding into.) Lesson 3
# is strict about this: **padding must not change a result**.
#
# ## 8 · All of it at once
#
# `InputReader` goes from a feature file to what a model takes. It pools to units and (only if a
# film has more than `max_frames`) frames, normalises, pads, and cuts queries to `max_words`. Its
# `query_video` says which of the films each query is about.

# %%
from prvr_lite import ModelConfig
from prvr_lite.data import InputReader

config = ModelConfig(visual_dim=sample.visual_dim, query_dim=sample.query_dim, max_frames=64)
reader = InputReader(sample, config)
batch = reader.batch(four)
for name, tensor in batch._asdict().items():
    print(f"{name:12s} {list(tensor.shape)!s:15s} {tensor.dtype}")

# Do your four functions give the same?
films = [torch.from_numpy(x) for x in pieces]
units = torch.stack([normalise(pool_features(x, 32)) for x in films])  # [V, n, Dv]
short = [x if len(x) <= 64 else pool_features(x, 64) for x in films]
ends = torch.tensor([0, *map(len, short)]).cumsum(0)
again, again_mask = pad_ragged(normalise(torch.cat(short)), ends)
print("units: ", torch.allclose(units, batch.unit_input, atol=1e-6))
print("frames:", torch.allclose(again, batch.frame_input, atol=1e-6))
print("mask:  ", torch.equal(again_mask, batch.frame_mask))

# %% [markdown]
# ## 9 · A feature file of your own
#
# Let us go from pixels to a feature file in three cells. Our theatre is tiny: each frame is one
# colour. The image "network" is the mean colour of the picture, three numbers. Words are three
# numbers too. Pictures also become thumbnails: small JPEG files, as bytes.

# %%
from io import BytesIO

from PIL import Image

COLOR = {"red": (200, 30, 40), "green": (20, 150, 70), "blue": (30, 80, 200), "then": (0, 0, 0)}
FILMS = {"sunset": ["red"] * 4 + ["blue"] * 3, "meadow": ["green"] * 5, "flag": ["blue", "red"] * 3}
CAPTIONS = {
    "red then blue": ("sunset", 1.0, 3.5),
    "green": ("meadow", 0.0, 2.5),
    "red": ("flag", 0.5, 1.0),
}


def shot(color: str) -> np.ndarray:
    """A picture of 24 x 24 pixels in one colour, a little dirty: [24, 24, 3], 0..255."""
    noise = np.random.default_rng(len(color)).normal(0, 8, (24, 24, 3))
    return np.clip(COLOR[color] + noise, 0, 255).astype(np.uint8)


def jpeg(picture: np.ndarray) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "JPEG")
    return stream.getvalue()


# %%
shots = [shot(color) for colors in FILMS.values() for color in colors]
feature = np.stack([picture.mean((0, 1)) / 255 for picture in shots]).astype(np.float32)  # [F, 3]
tokens = [word for caption in CAPTIONS for word in caption.split()]
word = np.array([COLOR[token] for token in tokens], np.float32) / 255  # [W, 3]

# %% [markdown]
# A `FeatureTable` is the whole data set in memory, and its arguments are the columns of section 3:
# skim them. `write_features` checks it, and only then writes it.

# %%
import tempfile
from pathlib import Path

from prvr_lite import FeatureTable, write_features

ids = list(FILMS)
table = FeatureTable(
    name="Colour Theatre",
    description="three films",
    license="CC0",
    visual_model="mean colour",
    text_model="colour of the word",
    video_id=ids,
    duration=np.array([len(f) / 2 for f in FILMS.values()]),
    frame_offset=np.cumsum([0, *map(len, FILMS.values())]),
    frame=feature,
    query_id=[f"q{i}" for i in range(len(CAPTIONS))],
    query_text=list(CAPTIONS),
    query_video=np.array([ids.index(v) for v, _, _ in CAPTIONS.values()]),
    moment=np.array([span for _, *span in CAPTIONS.values()]),
    word_offset=np.cumsum([0, *(len(c.split()) for c in CAPTIONS)]),
    word=word,
    splits={"train": np.array([0, 1]), "test": np.array([2])},
    thumbnail=[jpeg(picture) for picture in shots],
)
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "colours.h5"
write_features(path, table)

# %%
small = ModelConfig(visual_dim=3, query_dim=3, num_units=8, num_clusters=4)
with open_features(path) as colours:
    sunset = film(colours, 0)
    colour_batch = InputReader(colours, small).batch([0, 1, 2])
    print(colours)
for name, tensor in colour_batch._asdict().items():
    print(f"{name:12s} {list(tensor.shape)}")
sunset

# %% [markdown]
# It is a data set like any other: `film` and `InputReader` take it as they take Emoji Theatre.
#
# ### Damage it
#
# Files get damaged: a script with a bug, a full disk, half a download. A good format says *what*
# is wrong, *where*, and *how to fix it*. First, a table that cannot be right: the same film in
# two splits. For each of the next cells, guess first: what will the error say?


# %%
import os

from prvr_lite import FeatureFileError


def report(action) -> None:
    """Run it; print the error without the name of the folder."""
    try:
        action()
        print("no error")
    except FeatureFileError as error:
        print(str(error).replace(folder.name + os.sep, ""))


table.splits["test"] = np.array([1, 2])
report(lambda: write_features(path, table))
report(lambda: open_features(path).close())

# %% [markdown]
# The file on disk is still the good one, as the second line says: a table in which a fault was found
# is not written. So let us damage
# the file itself, with an offset that is smaller than the one before:

# %%
with h5py.File(path, "r+") as file:
    file["videos/frame_offset"][2] = 3
report(lambda: open_features(path))

# %% [markdown]
# We repair this, and then put a single NaN somewhere among the features. Opening the file reads no
# features. Will it notice the NaN?

# %%
with h5py.File(path, "r+") as file:
    file["videos/frame_offset"][2] = 12
    file["frames/feature"][13, 1] = np.nan
report(lambda: open_features(path).close())
with open_features(path) as damaged:
    report(lambda: damaged.frames(2))
    report(damaged.check)

# %% [markdown]
# It does not notice when opening (that is the price of opening a file in milliseconds), but reading
# these frames is an error. `check()` reads everything, and belongs after a long
# download. The last damage is a file whose end is missing: only its first 4,000 bytes are left.

# %%
path.write_bytes(path.read_bytes()[:4000])
report(lambda: open_features(path))
folder.cleanup()

# %% [markdown]
# ## Recap
#
# - A film is a table `[T, D]`, a query a table `[L, D]`. All films lie end to end in one matrix;
#   **offsets** say where each starts.
# - **Pooling** turns $T$ frames into $n$ units with bounds that are rounded half to even and
#   capped at $T - 1$. Short films repeat frames; from about one and a half times $n$ frames on,
#   the last frame is left out.
# - **Pool, then normalise**: every unit has length 1, and a black frame stays zero.
# - **Padding** makes a batch, and the **mask** says what is real. The mask comes from the offsets,
#   never from the zeros.
# - A fault in a file is found when the file is opened or read, and named by column and row.
#
# ## Five questions
#
# <details><summary>1. Why are there V + 1 offsets for V films?</summary>
#
# Film v ends where film v + 1 starts. The last film needs an end as well, and that is the last
# offset: the number of all frames.
#
# </details>
#
# <details><summary>2. A film has 20 frames and n = 32. Are there empty windows? What do their units hold?</summary>
#
# There must be: 32 windows share 20 frames. Such a unit is frame $b_i$ itself, so some frames appear
# twice.
#
# </details>
#
# <details><summary>3. Somebody replaces round by int. Every shape stays right. How would you notice?</summary>
#
# By comparing with known numbers on a film whose T is not a multiple of n. Shapes do not show the
# difference, and averages hardly do.
#
# </details>
#
# <details><summary>4. Why not find the padding by looking for rows of zeros?</summary>
#
# A black frame can be all zeros and is real. And after the first layer with a bias, padding is no
# longer zero.
#
# </details>
#
# <details><summary>5. You normalise first and pool then. What is different about a unit that lies across a cut?</summary>
#
# Its two halves point in different directions, so their mean is short. Its inner product with any
# query is then nearer to 0 than it should be.
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | bounds and pooling | `data.batches:pool_features` | `method/data_provider.py:28-48` |
# | length 1 | `data.batches:normalise` | `method/data_provider.py:45-48` |
# | padding and mask | `data.batches:pad` | `method/data_provider.py` |
# | file to batch | `data.batches:InputReader` | `method/data_provider.py` |
# | ragged features | `data.dataset:Dataset.frames_of` | `utils/basic_utils.py:46-65` |
# | opening and checking a file | `data.dataset:open_features` | – |
# | writing one | `data.table:write_features` | – |
#
# **Next**: lesson 3 lets the frames see each other.

# %%
progress(2)
