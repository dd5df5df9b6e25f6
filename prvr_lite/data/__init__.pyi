"""Everything that reads or writes videos, queries and their features; knows no model."""

from prvr_lite.data.batches import Batch as Batch
from prvr_lite.data.batches import InputReader as InputReader
from prvr_lite.data.batches import normalise as normalise
from prvr_lite.data.batches import pad as pad
from prvr_lite.data.batches import pool_features as pool_features
from prvr_lite.data.columns import FeatureFileError as FeatureFileError
from prvr_lite.data.columns import FeatureTable as FeatureTable
from prvr_lite.data.columns import Projection as Projection
from prvr_lite.data.dataset import Dataset as Dataset
from prvr_lite.data.dataset import open_features as open_features
from prvr_lite.data.fingerprint import fingerprint as fingerprint
from prvr_lite.data.openai_clip import JointEncoder as JointEncoder
from prvr_lite.data.openai_clip import OpenAIClipEncoder as OpenAIClipEncoder
from prvr_lite.data.openai_clip import unit_rows as unit_rows
from prvr_lite.data.sample import load_sample as load_sample
from prvr_lite.data.sample import sample_film as sample_film
from prvr_lite.data.stream import stream_features as stream_features
from prvr_lite.data.table import write_features as write_features
