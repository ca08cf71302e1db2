"""The inner loops of `index/kernels.py` and of pooling: one kernel a file, compiled by numba."""
