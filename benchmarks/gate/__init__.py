"""The gate held against pipelines whose noise was recorded from a real model."""
