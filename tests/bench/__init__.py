"""Benchmarks: what each step of a run costs, and what others' samplers take on the same posterior.

One command, `uv run --group bench python -m tests.bench`, prints one table: what each part of the
model takes to compile, a gradient's time and its growth, a run and its update step by step, the
start of commands, and PyMC's own sampler, numpyro and Stan beside this project's. `--only` measures
one section, `--csv FILE` writes the table, `--png FILE` draws the growth. Whatever is timed runs in
a process of its own, so that its memory is its own and nothing of it is compiled already. Without
the group `bench` all else is measured, and the table says what is not installed. Stan needs g++
and, as long as httpstan's wheel for Python 3.13 is broken, Python 3.12, on which peers are measured
by `uv run --isolated --python 3.12 --group bench python -m tests.bench --only peers`.
"""
