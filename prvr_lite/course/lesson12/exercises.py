"""Lesson 12: read the paper's files, join times, read pickles safely, make honest tables."""

from __future__ import annotations

from prvr_lite.course.grading.exercise import Exercise, named_mistakes
from prvr_lite.course.lesson12 import answers as a
from prvr_lite.course.lesson12 import pickles as p
from prvr_lite.course.lesson12 import planted

EXERCISES = (
    Exercise(
        "bigfile_rows",
        12,
        a.bigfile_rows,
        a.big_file,
        "[n, dim]",
        named_mistakes(
            a.wrong_rows,
            {
                "double": "it reads numbers of 8 bytes, which is what NumPy takes by default: "
                "feature.bin holds float32. Give the type.",
                "half": "it reads numbers of 2 bytes: feature.bin holds float32, 4 bytes each.",
                "whole": "it reads the bytes as whole numbers: they are float32.",
                "big": "it reads each number from the wrong end: the file is little-endian, '<f4'.",
                "numbers": "row r does not begin at byte r * dim: that counts numbers, each takes "
                "4 bytes.",
                "columns": "it takes the file column after column: it is written row after row, "
                "the table is [rows, dim].",
                "file": "the rows come in the order of the file: give them in the order of names.",
                "alphabet": "it takes the ids in alphabetical order: row r belongs to ids[r] as "
                "they stand.",
                "once": "a name that is asked for twice comes once: give a row for each of names.",
            },
        ),
        (
            "How many bytes does one row take? And where does row 2 begin?",
            "np.frombuffer(data, '<f4') gives all numbers in one line; reshape makes rows of it.",
            "place = {name: row for row, name in enumerate(ids)}; then index the table with the "
            "list of the names' places, and torch.from_numpy makes a tensor of that.",
        ),
        minutes=10,
        difficulty=2,
        planted=planted.hard_files,
    ),
    Exercise(
        "join_moments",
        12,
        a.join_moments,
        a.annotated,
        "[Q, 2]",
        named_mistakes(
            a.wrong_join,
            {
                "file": "it takes line n of the whole file: n counts the annotations of its video "
                "alone.",
                "one": "it counts from 1: caption #enc#0 belongs to the first annotation.",
                "order": "it counts captions as they come, and they may come in any order: which "
                "annotation is meant stands in the caption's id.",
                "first": "every caption of a video gets the video's first annotation: n says "
                "which.",
                "digit": "it reads one digit of n: a video may have more than ten captions.",
                "prefix": "v_1 also gets what belongs to v_12: compare whole ids, not their "
                "beginnings.",
                "sorted": "it sorts a video's annotations by time: n counts them in the order of "
                "the file.",
                "zero": "where there is no annotation it gives 0 to 0 s, as if it were known: give "
                "NaN.",
                "last": "where n is too large it gives the last annotation, a wrong time: give "
                "NaN.",
                "dropped": "it leaves captions out: a row for each, NaN where there is no "
                "annotation.",
            },
        ),
        (
            "Two steps: which rows belong to each video, in order? And then, which one of them?",
            "name, _, n = caption_id.partition('#enc#'), and n is still a text.",
            "Collect rows in a dict, video -> list of rows; for each caption moment[rows[int(n)]] "
            "if int(n) < len(rows), else two NaN; torch.stack in the end.",
        ),
        minutes=12,
        difficulty=2,
        planted=planted.hard_captions,
    ),
    Exercise(
        "read_without_running",
        12,
        a.read_without_running,
        a.files_to_read,
        "[P]",
        named_mistakes(
            a.wrong_reading,
            {
                "trusting": "it trusts every file: pickle imports and calls whatever a file names. "
                "Decide in find_class, which is asked for each name before anything is called.",
                "after": "it looks too late: when load() comes back, the file's code has run. "
                "Decide in find_class, or before loading at all.",
                "denied": "it keeps a list of what is bad, and there is always one more: keep to "
                "the list of what is allowed, and refuse all else.",
                "module": "it allows whole modules: a harmless module holds harmful names, or "
                "imports them. Module and name must be allowed together.",
                "name": "it only looks at the name: any module can have something of that name. "
                "Module and name must be allowed together.",
                "import": "it imports what a file names: give what `allowed` has for it. The real "
                "class may not be installed, and importing it runs its code.",
                "nothing": "it refuses every file that names anything: what is in `allowed` may "
                "pass.",
                "silent": "for an unknown name it puts in a harmless class and goes on: nothing "
                "runs, but a file that is not what it should be gets through. Refuse it.",
                "zero": "a refused file gives 0, which could be a setting: give NaN.",
            },
        ),
        (
            "Run the cell above with the loud unpickler again. At which moment does it know the "
            "name, and what has been called by then?",
            "class Careful(pickle.Unpickler) with def find_class(self, module, name): give "
            "allowed[f'{module}.{name}'] back, and let it raise KeyError.",
            "For each file, try: Careful(io.BytesIO(data)).load()['alpha'], except KeyError: NaN. "
            "torch.tensor of the list.",
        ),
        minutes=15,
        difficulty=3,
        side_effect=p.rung,
        planted=planted.hard_pickles,
    ),
    Exercise(
        "cannot_add_up",
        12,
        a.cannot_add_up,
        a.printed_rows,
        "[M]",
        named_mistakes(
            a.wrong_sums,
            {
                "exact": "it wants the sum to the last digit: each number was rounded, so honest "
                "rows may differ by one or two tenths. And sums of floats are hardly ever equal.",
                "single": "it allows the rounding of one number: there are five, whose errors may "
                "add up.",
                "tenth": "it calls 0.2 impossible: five numbers, each off by up to 0.05, make up "
                "to 0.25.",
                "two": "it lets 0.3 pass: five numbers, each off by at most 0.05, make 0.25 at "
                "most.",
                "whole": "it lets 0.3 and 0.4 pass: each number is off by at most 0.05, not 0.1.",
                "over": "it finds only sums that are printed too small: they may be too large as "
                "well.",
                "under": "it finds only sums that are printed too large: they may be too small as "
                "well.",
                "turned": "it marks the rows that do add up: True is for those that can't.",
                "all": "it adds the sum to itself: the four recalls are printed[:, :4].",
            },
        ),
        (
            "13.64 is printed as 13.6. By how much can a printed number be off, at most?",
            "Four recalls and one sum, each off by up to 0.05: by how much can they disagree?",
            "The absolute difference of printed[:, :4].sum(1) and printed[:, 4], compared with it.",
        ),
        minutes=6,
        axes={"printed": "Mx"},
        planted=planted.exact_tenths,
    ),
    Exercise(
        "optimism",
        12,
        a.optimism,
        a.two_splits,
        "one number",
        named_mistakes(
            a.wrong_optimism,
            {
                "told": "it compares the best on test with the best on val: other queries, other "
                "numbers. Compare two test results.",
                "own": "it compares val with test at the choice of val: what choosing on *test* "
                "adds to the test result is asked for.",
                "turned": "the difference is the wrong way round: chosen on test minus chosen on "
                "val.",
                "sum": "it adds up the seeds: take their mean.",
                "best": "it takes the seed with the largest difference: take the mean of all.",
                "once": "it chooses once for all seeds on val, but for each on test: each seed "
                "chooses for itself, on both.",
                "means": "it chooses by the means over seeds: each seed is a run of its own, and "
                "chooses for itself.",
                "seeds": "it chooses among seeds: choices are along the second dimension, seeds "
                "first.",
                "last": "it takes the last choice without looking at val: take the one that val "
                "prefers.",
                "mean": "it compares with the average choice: compare with the one that val "
                "prefers.",
            },
        ),
        (
            "One seed, by hand: which column would val choose, and what does test say there? And "
            "if test may choose?",
            "val.argmax(1) is each seed's choice; gather (or test[range(S), choice]) reads test.",
            "The mean of test.amax(1) - test.gather(1, val.argmax(1, keepdim=True))[:, 0].",
        ),
        minutes=8,
        difficulty=2,
        axes={"val": "SC", "test": "SC"},
        planted=planted.few_choices,
    ),
)
