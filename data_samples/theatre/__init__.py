"""Emoji Theatre: little untrimmed films, their captions, and the features made from both.

Reading order: ``world`` (who, what, where), ``plot`` (what a group of sibling films tells),
``script`` (films, frame by frame), ``captions``, ``canvas``/``scenery``/``stage``/``film``
(pixels), ``backbones``/``features`` (features), ``build`` (the feature file), ``oracles``/``card``
(how hard it is) and ``sheet`` (how it looks).
"""
