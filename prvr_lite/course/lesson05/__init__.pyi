"""Lesson 5: length-aware clip clustering."""

from prvr_lite.course.lesson05.clip_clusters_widget import clip_clusters as clip_clusters
from prvr_lite.course.lesson05.clip_clusters_widget import cluster_triangles as cluster_triangles
from prvr_lite.course.lesson05.cluster_rounds import cluster_rounds as cluster_rounds
from prvr_lite.course.lesson05.kkz_steps import kkz_steps as kkz_steps
from prvr_lite.course.lesson05.medoid_strips import medoid_strips as medoid_strips
