"""Measurements that anyone can run: python -m benchmarks.NAME"""

import os

os.environ["JAX_ENABLE_X64"] = "0"  # what is measured are programs in 32 bits, in each process
