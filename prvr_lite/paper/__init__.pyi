"""The authors' files: their features, their checkpoints, their published numbers."""

from prvr_lite.paper.bigfile import BigFile as BigFile
from prvr_lite.paper.checkpoint import AUTHORS_MODULES as AUTHORS_MODULES
from prvr_lite.paper.checkpoint import load_authors_checkpoint as load_authors_checkpoint
from prvr_lite.paper.checkpoint import load_authors_state_dict as load_authors_state_dict
from prvr_lite.paper.convert import ConversionReport as ConversionReport
from prvr_lite.paper.convert import convert_release as convert_release
from prvr_lite.paper.frame_lists import read_frame_lists as read_frame_lists
from prvr_lite.paper.published import PUBLISHED as PUBLISHED
from prvr_lite.paper.published import Published as Published
from prvr_lite.paper.published import published as published
