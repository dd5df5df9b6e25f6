# %% [markdown]
# # 12 · The paper's data sets
#
# **You will be able to**
# - say what TVR, ActivityNet Captions and Charades-STA ask of a model, and what their "test" is;
# - read the authors' files by hand, byte by byte, and convert them without running anything in them;
# - open the authors' checkpoint safely, and get their scores to the last digit;
# - read a table of results like a reviewer: who says so, with which features, chosen on what?
#
# **You need** lesson 9 (recall, groups by moment-to-video ratio). The model is the one that lesson 8 trained; if you skipped it, it is trained here, which takes about a minute on two idle CPU cores. **No download is needed**: the lesson writes the authors' files itself, from the films of the sample. (If you have the real ones: `TVR_ROOT` below is the folder with `tvr/FeatureData` and `tvr/TextData` in it; section 8 uses it, and is skipped without.)
#
# **Time**: 90 minutes to read and solve; running it takes {{cost}}.

# %% tags=["setup"]
# 12

# %%
import io
import json
import os
import pickle
import struct
import sys
import tempfile
import textwrap
import types
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import torch

from prvr_lite import PRESETS, build_model, evaluate, fit, load_sample, open_features
from prvr_lite.course import check, epoch_line, film, hint, progress, table, trained
from prvr_lite.course.lesson12 import (
    Told,
    agreement,
    by_source,
    byte_layout,
    pickle_that_calls,
    stacked_rows,
    table_of,
    write_release,
)
from prvr_lite.paper import BigFile, convert_release, read_frame_lists
from prvr_lite.plots import ratio_bars, spread_curves
from prvr_lite.search import by_group, moment_to_video_ratio, ratio_bin

TVR_ROOT = None  # the folder of the authors' files, if you have them
sample = load_sample()
folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
root = Path(folder.name)  # what this lesson writes goes here, and goes away with the kernel


def say(text) -> None:
    """Print, with paths as they are inside this lesson's folder, and long lines wrapped."""
    for line in str(text).replace(f"{root}{os.sep}", "").splitlines():
        print(textwrap.fill(line, 90, subsequent_indent="  ", break_on_hyphens=False))


# %% [markdown]
# ## 1 · Three data sets at a glance
#
# | | what it shows | a query is | features that come with it |
# |---|---|---|---|
# | **TVR** | six TV series, clips of about a minute | one of five sentences per clip | I3D + ResNet152, 3,072 numbers per frame |
# | **ActivityNet Captions** | YouTube, two minutes | one of three or four sentences that describe the whole video | I3D, 1,024 |
# | **Charades-STA** | people at home, half a minute | a short sentence, made of action labels | I3D, 1,024 |
#
# These are three very different tasks. A moment may be a tenth of its video or all of it; lesson 9 measured that by
#
# $$\text{M/V} = \frac{\text{length of the moment}}{\text{length of the video}}$$
# <!-- eq: moment-to-video ratio -> prvr_lite.search.metrics:moment_to_video_ratio -->
#
# In the numbers below, videos and queries come from the authors' `dataset/readme.md`; the moments in the three M/V groups were counted in the annotation files. Guess first: which data set has the shortest moments, which one the longest?

# %%
SETS = {  # videos: train, test; queries: train, test; test moments by M/V: ≤ .2, ≤ .4, longer
    "TVR": ((17_435, 2_179), (87_175, 10_895), (9_297, 1_001, 597)),
    "ActivityNet": ((9_043, 4_430), (33_721, 15_753), (6_711, 3_990, 5_052)),
    "Charades-STA": ((5_538, 1_334), (12_408, 3_720), (1_074, 2_116, 530)),
}
test = sample.queries_in("test")
ratio = moment_to_video_ratio(sample.moment[test], sample.duration[sample.query_video[test]])
groups = ratio_bin(ratio)
SETS["Emoji Theatre"] = (
    tuple(len(sample.videos_in(s)) for s in ("train", "test")),
    tuple(len(sample.queries_in(s)) for s in ("train", "test")),
    tuple(np.unique(groups, return_counts=True)[1].tolist()),
)
halves, thirds = ("train", "test"), ("≤ .2", "≤ .4", "more")
for name, (videos, queries, _) in SETS.items():
    print(
        f"{name:13s} videos {videos[0]:6,d} + {videos[1]:5,d}   queries {queries[0]:6,d} + {queries[1]:6,d}"
    )
share = {name: (100 * np.array(m) / sum(m)).round() for name, (_, _, m) in SETS.items()}
stacked_rows(
    {
        "videos": {name: dict(zip(halves, v, strict=True)) for name, (v, _, _) in SETS.items()},
        "queries": {name: dict(zip(halves, q, strict=True)) for name, (_, q, _) in SETS.items()},
        "M/V (%)": {name: dict(zip(thirds, s, strict=True)) for name, s in share.items()},
    },
    title="How large the sets are, and how short their moments",
)

# %% [markdown]
# TVR is where retrieval is most *partial*: six moments of seven cover less than a fifth of their video. In ActivityNet a third of them cover more than two fifths, and a mean over the video is not so bad there. (Charades' 5,538 train videos are what the readme says; the caption file has 5,336. This is probably a typing error.)
#
# ### What is "test"?
#
# Look at the picture again: where is **val**? There is none. The readme lists train and test only, and TVR's test is TVR's official *validation* set, since the answers of the real test set are not public. But the released code keeps the epoch that is best on a set called "val" (`method/train.py:157-165`), and then reports on one called "test" (`method/eval.py:270`); in a later release of another group the two caption files of ActivityNet are the same, byte for byte. So the epoch was very likely **chosen on test**. Whoever builds on this code does the same, and those numbers can be compared with each other. They cannot be compared with yours if you choose on val. How much does it matter? Section 7 measures it.
#
# ## 2 · The release, file by file
#
# Instead of downloading 18 GB we write a release ourselves, in the authors' formats: the films of the sample, as if they were TVR.

# %%
base = write_release(table_of(sample), root, "tvr")
for path in sorted(p for p in base.rglob("*") if p.is_file()):
    say(f"{path.stat().st_size:12,d} bytes   {path.as_posix()}")

# %% [markdown]
# ### The features: a BigFile
#
# It consists of three files. `shape.txt` holds two numbers, `id.txt` the name of each row, and `feature.bin` nothing but the numbers, row after row, 4 bytes each, without a header. The loop reads one row by hand, number by number:
#
# $$\text{row } r \text{ begins at byte } r \cdot \text{dim} \cdot 4$$
# <!-- eq: BigFile -> prvr_lite.paper.bigfile:BigFile.at -->

# %%
features = base / "FeatureData" / "i3d_resnet"
dim = int((features / "shape.txt").read_text().split()[1])
ids = (features / "id.txt").read_text(encoding="iso-8859-1").split()


def row_by_loop(path: Path, row: int, dim: int) -> list[float]:
    """Row `row` of a feature.bin: go to its first byte, read four bytes a number."""
    numbers = []
    with path.open("rb") as file:
        file.seek(row * dim * 4)
        for _ in range(dim):
            numbers += struct.unpack("<f", file.read(4))
    return numbers


by_hand = row_by_loop(features / "feature.bin", 3, dim)
print("by hand:      ", *(f"{x:.4f}" for x in by_hand[:5]), "…")
print("in the sample:", *(f"{x:.4f}" for x in sample.frames(0)[3, :5]), "…")
byte_layout(ids[:6], dim, row=3, numbers=by_hand)

# %% [markdown]
# ### ✏️ Exercise 12.1 · bigfile_rows  (★★☆, 10 minutes)
#
# The authors' reader opens the file again for each frame, and makes a Python list of its numbers. Return the rows of many names at once, in their order, without a loop over numbers.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("bigfile_rows")`.
# - *It says that an index is out of bounds*: which type of number did NumPy take, if you named none?
#
# </details>


# %% tags=["solution"]
def bigfile_rows(data: bytes, ids: list[str], dim: int, names: list[str]) -> torch.Tensor:
    """Rows of a feature.bin by name -> [n, dim] float32, in the order of names.

    data: the file's bytes, little-endian float32, row after row. ids: names of all its rows.
    names may ask for a row twice.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
bigfile_rows = check(bigfile_rows)

# %%
asked = [ids[3], ids[20_000], ids[3]]
mine = bigfile_rows((features / "feature.bin").read_bytes(), ids, dim, asked)
theirs = BigFile.open(features).rows(asked)
print("as prvr_lite:", np.array_equal(mine.numpy(), theirs))

# %% [markdown]
# `read_bytes` takes the whole file into memory: 19 MB for this release, 18 GB for the real one. `BigFile` does the same with a *memory map*: `np.memmap` looks like the table, and the disk is read only where you look.
#
# ### Which frames does a video have?
#
# `video2frames.txt` says that, as the text of a Python dictionary. The released code reads it with `eval` (`utils/basic_utils.py:170-175`). That gives a dictionary, but it also runs whatever else is written in the file. Suppose that somebody has changed such a file on its way to you:

# %%
lists, evil = features / "video2frames.txt", root / "evil.txt"
print(lists.read_text()[:75], "…")
evil.write_text("{'film': [print('   >>> I could have deleted your files.') or 'film_0']}")
print("eval gives", eval(evil.read_text()))
try:
    print(list(read_frame_lists(evil)))
except ValueError as error:
    say(error)
film_name, names = next(read_frame_lists(lists))
print(film_name, "has", len(names), "frames:", ", ".join(names[:3]), "…")

# %% [markdown]
# What `eval` returned looks correct: nobody would have noticed. A *parser* for just this form of text cannot be made to do anything else, and says what is wrong. (Note what is *not* in the file: times. A frame's time is its place in the list: second $= i / \text{frames} \times \text{duration}$.)
#
# ### Captions, and where the moments are
#
# A caption is a line: an id, a space, the sentence. The id is `<video>#enc#<n>`; the features of its words are in an HDF5 file, under the same id. The *moments* are in none of these files: PRVR is trained and measured without. They are in the annotations of the data set itself, which somebody else distributes. TVR's file has one JSON object per line:

# %%
text = base / "TextData"
captions = (text / "tvrtest.caption.txt").read_text(encoding="utf-8").splitlines()
with h5py.File(text / "roberta_tvr_query_feat.hdf5") as words:
    for line in captions[:3]:
        name = line.split(" ")[0]
        print(f"{line}   {list(words[name].shape)} numbers")
lines = (text / "tvr_test_release.jsonl").read_text(encoding="utf-8").splitlines()
annotations = [json.loads(line) for line in lines]
for one in annotations[:3]:
    print(one["vid_name"], one["ts"], "of", round(one["duration"], 1), "s:", one["desc"][:40], "…")

# %% [markdown]
# They must be joined with the captions to *look* at a moment (lesson 9), to group queries by M/V, and to measure moments (lesson 10). For TVR the rule is: caption `#enc#n` belongs to line number $n$ **of its video**. (On the real files it holds for 8,097 of 8,097 captions. These are the test captions in `multigt_labels.zip` of the repository prvr-ea, whose authors looked for further right videos; the other captions of TVR come with the 18 GB, which we did not have.)
#
# ### ✏️ Exercise 12.2 · join_moments  (★★☆, 12 minutes)
#
# Return the start and the end of each caption's moment by this rule, in seconds; NaN where there is no such annotation.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("join_moments")`.
# - *v_1 gets what belongs to v_12*: how do you find a video's annotations?
#
# </details>


# %% tags=["solution"]
def join_moments(caption_id: list[str], video: list[str], moment: torch.Tensor) -> torch.Tensor:
    """Times of captions "<video>#enc#<n>" -> [Q, 2] s; NaN where there is no such annotation.

    Annotation a is about video[a] and lasts moment[a], [A, 2] s. Caption n belongs to annotation
    n of its video, counted from 0 in the order of the annotations.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
join_moments = check(join_moments)

# %%
joined = join_moments(
    [line.split(" ")[0] for line in captions],
    [one["vid_name"] for one in annotations],
    torch.tensor([one["ts"] for one in annotations]),
)
print("as in the sample:", np.array_equal(joined.numpy(), sample.moment[test]))
drawn = np.full_like(sample.moment, np.nan)
drawn[test] = joined  # the picture is made of your times, and of no others
film(
    sample, int(sample.videos_in("test")[3]), moment=drawn, title="Joined: who does what, and when"
)

# %% [markdown]
# Charades-STA is joined by *text*: its annotations are lines `id start end##sentence`, without numbers. But texts get cleaned: "Person is PUTTING a book, on the shelf!" in one file is "person is putting a book on the shelf" in the other. So compare only what every cleaning leaves as it is: letters and digits. (Of the 3,720 test captions in the same `multigt_labels.zip` 3,689 fit so; for the rest the package tries the order.)
#
# ## 3 · Conversion
#
# One call does all of it, and it is also a command: `prvr-lite convert ROOT tvr --out tvr.h5`. It reads piece by piece, so that memory holds one video at a time; when it is interrupted, it goes on where it was. And it says what it found:

# %%
report = convert_release(root, "tvr", root / "tvr.h5")
say(report)
converted = open_features(root / "tvr.h5")
place = [sample.video_id.index(name) for name in converted.video_id]
both = zip(converted.frames_of(range(len(place))), sample.frames_of(place), strict=True)
same = sum(np.array_equal(new, old) for new, old in both)
print(converted)
print(f"features the same, to the last bit: {same} of {len(place)} films")

# %% [markdown]
# Our films have a val split of their own. In a release without one, the converter takes a tenth of the *train* videos for it, chosen by their ids, so that early stopping never looks at test; the report says so.
#
# ### Damaged files
#
# Downloads break off. A broken file should be named at once, and not be found after ten hours of training. We make a small release, and damage it in four ways:

# %%
small = root / "small"
write_release(table_of(sample, range(0, 700, 35)), small, "tvr")
damages = {
    "tvr/FeatureData/i3d_resnet/feature.bin": lambda data: data[: len(data) // 2],
    "tvr/FeatureData/i3d_resnet/id.txt": lambda data: data.partition(b" ")[2] or data[9:],
    "tvr/TextData/tvrtest.caption.txt": lambda data: data.replace(b" ", b"", 99),
    "tvr/TextData/tvr_test_release.jsonl": lambda data: data[:-20],
}
for name, damage in damages.items():
    good = (small / name).read_bytes()
    (small / name).write_bytes(damage(good))
    try:
        convert_release(small, "tvr", root / "small.h5")
        print("not noticed")
    except ValueError as error:
        say(f"- {error}")
    (small / name).write_bytes(good)
print("left behind:", [path.name for path in root.glob("small.h5*")])

# %% [markdown]
# Each error says what is wrong, where, and what to do. No partly written file is left behind: the last line looked for one.
#
# ## 4 · The authors' checkpoint
#
# The authors also distribute trained models. What is in such a file? Their code saves (`method/train.py:164`) the weights, the configuration, and the epoch:

# %%
model, history = trained("mssl++", sample)
print(f"kept: epoch {history.best['epoch']:.0f} (from 0), SumR on val {history.best['SumR']:.1f}")
print(f"{sum(p.numel() for p in model.parameters()):,} weights")

# %% [markdown]
# Here is our model under *their* names, in a file like theirs. `AUTHORS_MODULES` translates between the names. Their configuration is an `EasyDict`, a class of a package that you may not have. (Here we make a module of that name, use it once, and take it away again.)

# %%
from prvr_lite.paper import AUTHORS_MODULES

theirs = {ours: name for name, ours in AUTHORS_MODULES.items()}
weights = {}
for name, tensor in model.state_dict().items():
    module, _, kind = name.rpartition(".")
    weights[f"{theirs[module]}.{kind}"] = tensor
print(name, "is", list(weights)[-1], "there")
c = model.config
settings = {
    "visual_input_size": c.visual_dim, "query_input_size": c.query_dim, "hidden_size": c.hidden_dim,
    "n_heads": c.num_heads, "map_size": c.num_units, "max_ctx_l": c.max_frames,
    "max_desc_l": c.max_words, "cluster": True, "cluster_num": c.num_clusters, "length_pos": True,
    "drop": c.dropout, "input_drop": c.input_dropout,
}  # fmt: skip
sys.modules["easydict"] = types.ModuleType("easydict")
sys.modules["easydict"].EasyDict = EasyDict = type("EasyDict", (dict,), {"__module__": "easydict"})
checkpoint = root / "model.ckpt"
torch.save({"model": weights, "model_cfg": EasyDict(settings), "epoch": 3}, checkpoint)
del sys.modules["easydict"]

try:
    torch.load(checkpoint, weights_only=True)
except Exception as error:
    print(f"{type(error).__name__}:", str(error).splitlines()[0][:70], "…")

# %% [markdown]
# torch refuses (since version 2.6 it does so by default). The advice that you will find everywhere is `weights_only=False`. What does that switch off?
#
# ### What a pickle is
#
# A torch file holds a **pickle**, and a pickle is not data. It is a small *program*, with instructions such as "push this", "import that" and "call it". To see which names a file asks for, watch `find_class`, the method that is called for each of them:


# %%
class Loud(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        print("   the file asks for", f"{module}.{name}")
        return super().find_class(module, name)


plain = pickle.dumps({"alpha": 0.7})
evil = pickle_that_calls("builtins", "print", "   >>> I could have deleted your files.")
for data in (plain, evil):
    print(f"{len(data)} bytes give", Loud(io.BytesIO(data)).load())

# %% [markdown]
# The first file names nothing: numbers, texts, lists and dictionaries need no names. The second made us import a module and call a function of it, **while it was read**. With `os.system` in place of `print` it could have run any command. It is too late to check the result afterwards.
#
# A list of what is *bad* does not help: there is always one more way. A list of what is **allowed** does. A checkpoint needs a handful of names (`OrderedDict`, a few functions that put tensors together); and what the file calls `EasyDict` can just as well be a plain dictionary.
#
# ### ✏️ Exercise 12.3 · read_without_running  (★★★, 15 minutes)
#
# Return the number under `"alpha"` of each file, in one tensor, with NaN for a file that is refused. Some of these files are good, and some ring a bell if they can. (The bell does no harm, and the check notices it.)
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("read_without_running")`.
# - *The bell rings, though the result is right*: when do you decide?
#
# </details>


# %% tags=["solution"]
def read_without_running(files: list[bytes], allowed: dict) -> torch.Tensor:
    """The number under "alpha" of each pickled dictionary -> [P].

    A file may name what is in allowed, "module.name" -> the thing that stands for it. A file that
    names anything else gives NaN. Nothing that a file names is ever imported or called.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
read_without_running = check(read_without_running)

# %%
easy = pickle_that_calls("easydict", "EasyDict", {"alpha": 0.7})
numbers = read_without_running([plain, evil, easy], {"easydict.EasyDict": dict}).tolist()
for name, number in zip(("plain", "evil", "easydict"), numbers, strict=True):
    print(f"{name:9s} alpha {number:.1f}")

# %% [markdown]
# `load_authors_checkpoint` does it in this way, with torch's own restricted unpickler: tensors and plain values pass, `EasyDict` becomes a dictionary, any other name ends the reading. It returns a model, whose sizes it takes from the weights:

# %%
from prvr_lite.paper import load_authors_checkpoint

loaded = load_authors_checkpoint(checkpoint, device="cpu")
ours, again = (evaluate(m, converted, "test") for m in (model, loaded))
scores = [e.similarity.fused(0.7).numpy().ravel() for e in (ours, again)]
agreement(*scores, names=("our file", "their file"), title="The same model, read from both files")


# %% [markdown]
# The results on the converted release are those on the sample, to the last digit. And a checkpoint that runs a command? The name in the error is the real name of `os.system`:


# %%
class Evil:
    def __reduce__(self):
        return os.system, ("echo   I could have deleted your files.",)


before = evaluate(model, sample, "test")
columns = ("R@1", "R@5", "R@10", "R@100", "SumR")
rows = {"sample": before.fused, "converted": ours.fused, "converted, their file": again.fused}
table({name: {c: row[c] for c in columns} for name, row in rows.items()})
torch.save({"model": weights, "model_cfg": Evil(), "epoch": 3}, root / "evil.ckpt")
try:
    load_authors_checkpoint(root / "evil.ckpt")
except ValueError as error:
    say(error)

# %% [markdown]
# Training on it works like on anything else: `prvr-lite train --data tvr.h5 --preset tvr`. The preset `tvr` is the authors' own: 384 numbers per vector, 128 videos per batch, margin 0.1 (by so much a right video must lead a wrong one), up to 100 epochs. That is for a GPU; here five epochs of it on the twenty films of the small release, to see it move:

# %%
convert_release(small, "tvr", root / "small.h5")
preset = PRESETS["tvr"]
with open_features(root / "small.h5") as few:
    fresh = build_model("mssl++", preset.model_config(few.visual_dim, few.query_dim))
    short = replace(preset.training, epochs=5, warmup=0.2, validation_split=None)
    moved = fit(fresh, few, short, progress=False, watch=epoch_line(5))
print("loss:", ", ".join(f"{row['loss']:.3f}" for row in moved.rows))

# %% [markdown]
# Each of these epochs is a single step, as the twelve train films make one batch. The loss falls all the same.
#
# ## 5 · Published numbers, by who says so
#
# What should come out on the real files? There is no single list. Some numbers stand in a README of the authors themselves, others only in *later* papers, which copied or measured them again. So each has its source. (Ours below is of other films, with other features and 200 videos to choose from in place of thousands: it can be compared with none of them.)

# %%
from prvr_lite.paper import PUBLISHED, published

for collection in ("tvr", "activitynet", "charades"):
    print(f"{collection:13s}", *(f"{name:>6s}" for name in columns), "  source")
    for row in published(collection)[-3:]:
        print(f"{row.model:13s}", *(f"{row.metrics[c]:6.1f}" for c in columns), " ", row.source)
ours_row = (f"{before.fused[c]:6.1f}" for c in columns)
print("the little films\nMS-SL++      ", *ours_row, "  measured here, a moment ago")

# %% [markdown]
# One test costs nothing: SumR is the sum of the four recalls. Does it add up? Each number was rounded to one decimal, so a little may be missing:
#
# $$\Big|\sum_k \text{R@}k - \text{SumR}\Big| \;\le\; 5 \cdot 0.05$$
# <!-- eq: rounding -> prvr_lite.course.lesson12.answers:cannot_add_up -->
#
# ### ✏️ Exercise 12.4 · cannot_add_up  (★☆☆, 6 minutes)
#
# Return for each printed row whether it breaks this rule: True where rounding does not explain the difference.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("cannot_add_up")`.
# - *A row is rejected that rounding explains*: how many of the five numbers were rounded?
#
# </details>


# %% tags=["solution"]
def cannot_add_up(printed: torch.Tensor) -> torch.Tensor:
    """Which rows of R@1, R@5, R@10, R@100, SumR [M, 5] no rounding can explain, [M] bool.

    Each of the five numbers was rounded to one decimal.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
cannot_add_up = check(cannot_add_up)

# %%
printed = torch.tensor([row.recall for row in PUBLISHED])
off = (printed[:, :4].sum(1) - printed[:, 4]).round(decimals=1)
print("cannot add up:", int(cannot_add_up(printed).sum()), "of", len(printed))
strict = [f"{r.model} on {r.collection}" for r, by in zip(PUBLISHED, off, strict=True) if by != 0]
print(f"a strict == would reject {len(strict)}: {', '.join(strict[-3:])}, …")

# %% [markdown]
# Not one row fails, though a strict comparison rejects more than a third of them, MS-SL++'s own among them. A test that is too strict is as useless as one that is too lax.
#
# Now look at TVR, and at what was printed for it later: one model (HLFormer) on the same features, and three lines on frames and words of **CLIP-L** (OpenAI's CLIP ViT-L/14, which was trained on 400 million pairs of pictures and texts).

# %%
MSC, OWN = "restated in arXiv 2510.27432", "its authors' README"
LATER = [
    Told("HLFormer", 187.7, OWN),
    Told("CLIP-L, nothing trained", 167.2, MSC),
    Told("GMMFormer on CLIP-L", 241.1, MSC),
    Told("MS-SL on CLIP-L", 251.0, MSC),
]
known = [
    Told(
        row.model,
        row.metrics["SumR"],
        row.source.replace("authors'", "its authors'"),
        strong=row.model == "MS-SL++",
    )
    for row in published("tvr")[2:]
]
by_source([*known, *LATER], metric="SumR on TVR", title="What makes the difference?")

# %% [markdown]
# **Features.** The same MS-SL, fed with frames and words from CLIP-L, gains 79 points. What HLFormer gains over it on the old ones is a fifth of that. CLIP-L *without any training* nearly reaches a trained MS-SL on the old ones. So ask three questions about any row: which features does it use? Who measured it? And where is the row of the features alone, without a model?
#
# And MS-SL++? It gains 2.2, 1.0 and 1.3 points of SumR over MS-SL. Is that much?

# %%
from prvr_lite.lab import Results, spread_text, with_intervals
from prvr_lite.plots import gap_chart

results = Results.published()
for collection in ("tvr", "activitynet", "charades"):
    total = {row.model: row.metrics["SumR"] for row in published(collection)}
    gain = total["MS-SL++"] - total["MS-SL"]
    print(f"{collection:14s} {gain:+.1f}, of one run each, as far as the papers say")
gains = results.differences("mssl++", "mssl", "SumR")
print(f"Emoji Theatre  {spread_text(gains, 'SumR', sign=True)}, five seeds")
change = {"": {"MS-SL++ for MS-SL": list(gains.values())}}
gap_chart(with_intervals(change), against="MS-SL", title="On our films: five seeds, paired")

# %% [markdown]
# On our films MS-SL++ is no better than MS-SL: the interval of the mean difference holds 0. One seed differs from the next by more than the published gains. Whether that is so on TVR is not known: none of the tables that we saw prints seeds. A gain of one or two points from single runs says little. That does not make MS-SL++ pointless, as its case is another one: the same accuracy with **32 clips per video in place of 528** (lesson 5), so with a sixteenth of the vectors.
#
# ## 6 · What one number hides
#
# **Which queries are in it.** Split it by M/V group, as you did in lesson 9: every data set has other shares of these groups (section 1), so that its one number answers another question.
#
# **What counts as right.** There is one right video per query: the one that the sentence was written for. "She opens the door" fits a hundred. Here we know all true answers; on the real data somebody looked for more (prvr-ea: on average 1.18 videos answer a TVR query).

# %%
fair = evaluate(model, sample, "test", several=True).fused
counted = {"the own film only": before.fused, "every true answer": fair}
table({name: {c: row[c] for c in columns} for name, row in counted.items()})
score, own = before.similarity.fused(0.7), before.relevant.argmax(1)
recalls = by_group(score, own, groups)
for name, row in recalls.items():
    hit, count = row["R@1"] / 100, row["queries"]
    print(f"M/V {name}: R@1 {100 * hit:.1f} ± {196 * (hit * (1 - hit) / count) ** 0.5:.1f}")
ratio_bars(
    {"MS-SL++": [recalls[g]["R@1"] for g in recalls]},
    groups=list(recalls),
    counts=[int(recalls[g]["queries"]) for g in recalls],
    title="One model, three questions",
)

# %% [markdown]
# The usual numbers are a little pessimistic: this model gains a point or two of R@1 where every true answer counts. Whether all models gain alike would have to be measured.
#
# The bars *fall* from short moments to long ones, which is unusual. Here short moments are single steps, and long ones have two, whose beginnings and ends also occur in sibling films (lesson 9). And the last bar stands for few queries: its 95 % interval (±, from the count alone) reaches beyond the middle bar.
#
# ## 7 · Choosing on test
#
# Back to section 1: what does it do to a number when the best epoch, or learning rate, or K, is chosen *on test*? We need many choices, trained with several seeds, judged on val and on test. The package has them: 21 settings of MS-SL++ (other K, parts left out, other losses), three seeds each.

# %%
tried = [n for n, score in results.scored("SumR", split="val") if score == "fused"]
tried = [n for n in tried if set(results.values(n, "SumR")) >= {0, 1, 2}]
tried = tried[tried.index("mssl") :]  # without the mean-pooling baselines


def grid(split: str) -> torch.Tensor:
    """SumR of all settings, [3 seeds, C]."""
    each = [results.values(name, "SumR", split=split) for name in tried]
    return torch.tensor([[one[seed] for one in each] for seed in (0, 1, 2)])


val, tested = grid("val"), grid("test")
print(f"{len(tried)} settings: {', '.join(tried[:6])}, …")

# %% [markdown]
# The honest way is to take, for each seed, the setting that is best on val, and to report its test result. The other way is to take the setting that is best on test:
#
# $$\text{optimism} = \frac{1}{S} \sum_s \Big( \max_c \text{test}_{s,c} - \text{test}_{s,\,\arg\max_c \text{val}_{s,c}} \Big)$$
# <!-- eq: optimism -> prvr_lite.course.lesson12.answers:optimism -->
#
# ### ✏️ Exercise 12.5 · optimism  (★★☆, 8 minutes)
#
# Return this mean over the seeds, one number, from the results of all choices on both splits.
#
# <details><summary>I am stuck</summary>
#
# - Run `hint("optimism")`.
# - *It comes out as 0*: which of the two splits makes the choice whose test result is subtracted?
#
# </details>


# %% tags=["solution"]
def optimism(val: torch.Tensor, test: torch.Tensor) -> torch.Tensor:
    """What choosing on test adds: results of C choices with S seeds, [S, C] each -> one number.

    For each seed: the best on test, less the test result of the choice that is best on val. Then
    the mean over seeds.
    """
    ### BEGIN SOLUTION
    ### END SOLUTION


# %% tags=["check"]
optimism = check(optimism)

# %%
dice = torch.Generator().manual_seed(0)
COUNTS = (1, 2, 4, 8, 16, len(tried))
real = {}
for count in COUNTS:  # if only so many had been tried: the mean over 200 random sets
    sets = [torch.randperm(len(tried), generator=dice)[:count] for _ in range(200)]
    real[count] = float(torch.stack([optimism(val[:, s], tested[:, s]) for s in sets]).mean())
turned = optimism(val.flip(1), tested.flip(1))
print(f"in their order: {optimism(val, tested):.1f}, in the opposite one: {turned:.1f}")
print(f"mean over random orders: {real[len(tried)]:.1f}")
spread_curves(
    {"points of SumR": {"real settings": real}},
    xlabel="choices tried",
    logarithmic=True,
    title="What choosing on test adds",
)

# %% [markdown]
# That is about what MS-SL++ gains over MS-SL on TVR, and nothing has become better. And it grows with every further try. (Why does the order matter? Two settings tie on val, with one seed. Which of the two is taken for the best moves the mean by two points: such small things decide.)
#
# ### Predict, then break it
#
# But these settings do differ, and some are truly better. Perhaps test only shows better which ones? To find out, take the differences away: **all settings are the same model**. They differ only by luck, on val and on test, as large as it is between the five seeds of MS-SL++.
#
# Write down before you run it: does choosing the setting on test still raise the reported SumR? By more than before, or by less? And how much better is the setting chosen on *val* than simply the first setting of the list?


# %%
def luck(split: str) -> torch.Tensor:
    """SumR of C copies of MS-SL++ that differ in luck alone, a thousand times, [1000, C]."""
    seeds = torch.tensor(list(results.values("mssl++", "SumR", split=split).values()))
    return seeds.mean() + seeds.std() * torch.randn(1000, len(tried), generator=dice)


lucky, result = luck("val"), luck("test")
honest = result.gather(1, lucky.argmax(1, keepdim=True))[:, 0]
print(f"chosen on val, over the first: {float((honest - result[:, 0]).mean()):+.1f}")
same = {n: float(optimism(lucky[:, :n], result[:, :n])) for n in COUNTS}
spread_curves(
    {"points of SumR": {"real settings": real, "all the same": same}},
    xlabel="choices tried",
    logarithmic=True,
    title="Looking at test adds points even if nothing differs",
)

# %% [markdown]
# With nothing to choose from, choosing on test adds even *more*: it picks the luckiest, and now no bad setting is in the way. (In reality luck on val and luck on test are a little related, which lowers the other line.) Choosing on val picks a lucky one too, but its luck stays on val, and on test it gains nothing. Where settings truly differ, val finds good ones, and **its choice is not paid for with the test**: that is what a validation set is for.
#
# In practice: choose on val, look at test once, print how many choices were tried, and several seeds. To compare with the old papers, use the habit of the old papers, and say so: `prvr-lite train --validate-on test`.
#
# ## 8 · At full size
#
# What it takes on your machine. **Disk**: three times the archive, until you delete the first two. **Memory**: little, as conversion reads piece by piece, training batch by batch, and at most 1 GiB of inputs is kept. **Time**: try it before you download: `python -m benchmarks.paper_release` (in a clone) makes a release of TVR's size out of random numbers, converts it, evaluates, and trains for an epoch. And what a search needs of each video is small again:

# %%
download = {"TVR": 17.8, "ActivityNet": 18.5}  # GB, as a download service counts them
for name, size in download.items():
    print(f"{name}: {size} GB packed, {size} GB unpacked, {size} GB as feature file")
vectors = {"MS-SL": 2 * 528, "MS-SL++": 2 * 32}  # of 384 float32, per video
index = {name: {"vectors": round(2_179 * n * 384 * 4 / 2**20)} for name, n in vectors.items()}
stacked_rows(
    {"MiB": index},
    title="What a search keeps of TVR's 2,179 test videos",
    about="all 528 clips or 32 of them, and for each the frames that it attends",
)

# %% [markdown]
# The same three lines for each data set (`--dtype float16` halves the feature file):
#
# ```
# prvr-lite convert ROOT tvr --annotations tvr_annotations/ --out tvr.h5
# prvr-lite train --data tvr.h5 --preset tvr --checkpoint tvr.pt
# prvr-lite evaluate tvr.pt --data tvr.h5
#
# prvr-lite convert ROOT activitynet --out activitynet.h5      # its times are in the release
# prvr-lite train --data activitynet.h5 --preset activitynet --checkpoint activitynet.pt
#
# prvr-lite convert ROOT charades --annotations charades_annotations/ --out charades.h5
# prvr-lite train --data charades.h5 --preset charades --checkpoint charades.pt
# ```
#
# Where to get what, and how everything is joined: `docs/paper-datasets.md`. `evaluate` prints the published row, with its source, under yours. Begin with Charades-STA, the smallest. The next cell needs the download, and is skipped without it:

# %%
if TVR_ROOT is None:
    print("skipped: set TVR_ROOT at the top to convert the real TVR")
else:
    print(convert_release(TVR_ROOT, "tvr", "tvr.h5", dtype="float16", progress=True))

# %% [markdown]
# ## Recap
#
# - TVR asks for short moments, ActivityNet for long ones too; the "test" of all three most likely chose its own epochs.
# - A BigFile is a table without a header: row r at byte r · dim · 4. Map it, do not load it.
# - Moments are joined from the annotations: by number, by text. What does not fit is NaN, never 0.
# - A text for `eval` and a pickle are programs. Parse; allow by list; decide before anything is called.
# - A published number has a source, features, a choice and a seed. Without them it says little.
# - Choosing on test adds points even where nothing differs, and more with each try.
#
# ## Five questions
#
# <details><summary>1. A feature.bin has 25,165,824 bytes and 3,072 numbers per row. How many frames is that, and where does frame 100 begin?</summary>
#
# A row takes 12,288 bytes: 2,048 frames. Frame 100 begins at byte 1,228,800.
#
# </details>
#
# <details><summary>2. You join captions and annotations by text, and 31 of 3,720 do not fit. Leave them out of the evaluation?</summary>
#
# Do not leave them out of retrieval: it needs no times, and with fewer queries your R@1 cannot be compared with that of others. Their moments stay unknown (NaN), and only what needs times goes without them, saying how many there are.
#
# </details>
#
# <details><summary>3. A colleague scans downloaded pickles for the words "os" and "system" before loading. Is that enough?</summary>
#
# No. There are `subprocess`, `builtins.exec`, `importlib`, functions of the package itself that run what they are given, and names in pieces that are put together while reading. A list of bad things is never complete; a list of allowed ones is.
#
# </details>
#
# <details><summary>4. A paper reports 176.1 on TVR with an early stop on val that it took from train, another one 177.0 with the released code. Which model is better?</summary>
#
# This is unknown. The second may have chosen its epoch on test, which may well be worth a point; both are single runs; and the first was trained on a tenth fewer videos. Train both in the same way, with several seeds.
#
# </details>
#
# <details><summary>5. You have an hour of computing and MS-SL with I3D features. What raises your SumR most?</summary>
#
# Better features: CLIP-L frames and words add more than all models since. (And then print the line of CLIP-L alone beside it, or people will think it was you.)
#
# </details>
#
# ## Where this lives
#
# | what | in `prvr_lite` | in the authors' code |
# |---|---|---|
# | BigFile | `paper.bigfile:BigFile` | `utils/basic_utils.py:9-68` |
# | lists of frames | `paper.frame_lists:read_frame_lists` | `utils/basic_utils.py:170-175`, with `eval` |
# | captions, words | `paper.captions` | `method/data_provider.py` |
# | joining times | `paper.timestamps:Timestamps` | – |
# | conversion | `paper.convert:convert_release`, `prvr-lite convert` | – |
# | a release to practise on | `course.lesson12.toy_release:write_release` | – |
# | their checkpoints | `paper.checkpoint:load_authors_checkpoint` | saved in `method/train.py:164` |
# | which split chooses | `TrainConfig.validation_split`, `--validate-on` | `method/train.py:157-165` |

# %%
progress(12)
