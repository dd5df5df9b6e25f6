"""Published results on the paper's data sets, each with the document that prints it.

Nothing here was measured with this package. "authors' README" marks numbers from the readmes of
HuiGuanLab/ms-sl, HuiGuanLab/ms-sl-pp and huangmozhi9527/GMMFormer. "restated" marks numbers that a
later paper prints for models of other authors: CurvSpec (arXiv 2609.36815, tables 1 and 2) or
RAL-PRVR (arXiv 2509.01383). Such papers sometimes contradict each other.

All numbers are of test splits as these papers define them, with the released features: ResNet152
and I3D frames, RoBERTa words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prvr_lite.paper.layout import COLLECTIONS

AUTHORS = "authors' README"
CURVSPEC = "restated in arXiv 2609.36815"
RAL = "restated in arXiv 2509.01383"
NAMES = ("R@1", "R@5", "R@10", "R@100", "SumR")
RESTATED: Mapping[str, str] = {"XML": RAL, "ReLoCLNet": RAL}  # on TVR; all others are CurvSpec's


@dataclass(frozen=True)
class Published:
    """The published results of one model on one collection.

    Attributes:
        model: the name of the model.
        collection: "tvr", "activitynet" or "charades".
        recall: R@1, R@5, R@10, R@100 and SumR, in percent.
        source: the document that prints the numbers.
    """

    model: str
    collection: str
    recall: tuple[float, float, float, float, float]
    source: str

    @property
    def metrics(self) -> dict[str, float]:
        """The results with the names of :func:`prvr_lite.retrieval_metrics`."""
        return dict(zip(NAMES, self.recall, strict=True))


_TABLE = """
HGR        1.7/4.9/8.3/35.2/50.1       4.0/15.0/24.8/63.2/107.0   1.2/3.8/7.3/33.4/45.7
DE++       8.8/21.9/30.2/67.4/128.3    5.3/18.4/29.2/68.0/121.0   1.7/5.6/9.6/37.1/54.1
RIVRL      9.4/23.4/32.2/70.6/135.6    5.2/18.0/28.2/66.4/117.8   1.6/5.6/9.4/37.7/54.3
CLIP4Clip  9.9/24.3/34.3/72.5/141.0    5.9/19.3/30.4/71.6/127.3   1.8/6.5/10.9/44.2/63.4
XML        10.0/26.5/37.3/81.3/155.1   5.3/19.4/30.6/73.1/128.4   1.6/6.0/10.1/46.9/64.6
ReLoCLNet  10.7/28.1/38.1/80.3/157.1   5.7/18.9/30.0/72.0/126.6   1.2/5.4/10.0/45.6/62.3
CONQUER    11.0/28.9/39.6/81.3/160.8   6.5/20.4/31.8/74.3/133.1   1.8/6.3/10.3/47.5/66.0
MS-SL      13.5/32.1/43.4/83.4/172.3   7.1/22.5/34.7/75.8/140.1   1.8/7.1/11.8/47.7/68.4
MS-SL++    13.6/33.1/44.2/83.5/174.5   7.0/23.1/35.2/75.8/141.1   1.8/7.6/12.0/48.4/69.7
GMMFormer  13.9/33.3/44.5/84.9/176.6   8.3/24.9/36.7/76.1/146.0   2.1/7.8/12.5/50.6/72.9
"""


def _source(model: str, collection: str) -> str:
    if model in ("MS-SL", "MS-SL++", "GMMFormer"):
        return AUTHORS
    return RESTATED.get(model, CURVSPEC) if collection == "tvr" else CURVSPEC


def _read(table: str) -> list[Published]:
    rows = []
    for line in table.split("\n"):
        model, *cells = line.split() or [""]
        for collection, cell in zip(COLLECTIONS, cells, strict=False):
            r1, r5, r10, r100, total = map(float, cell.split("/"))
            source = _source(model, collection)
            rows.append(Published(model, collection, (r1, r5, r10, r100, total), source))
    return rows


PUBLISHED = _read(_TABLE)


def published(collection: str, model: str | None = None) -> list[Published]:
    """Returns the rows of a collection, of all models or one; empty for any other data set.

    Args:
        collection: a data set's name: what ``prvr-lite convert`` writes is "tvr", "activitynet"
            or "charades".
        model: "MS-SL++", "mssl++", "XML", …; case and hyphens don't count.
    """

    def plain(name: str) -> str:
        return name.lower().replace("-", "")

    return [
        row
        for row in PUBLISHED
        if row.collection == collection and (model is None or plain(row.model) == plain(model))
    ]
