"""The stored checks and the grader under the arithmetic of other processors: `make test-kernels`.

Which instructions sum and multiply is chosen when numpy, OpenBLAS, MKL and torch start; environment variables choose
otherwise. Each setting runs the tests of what is stored, of the in-notebook check, and of each solution in the sandbox
(which starts without these variables: there the answer comes from one kind of processor and the question from another).
The setting that this processor takes by itself is left to `make test`: the first two others that it can imitate are tried.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"  # numpy's names of what it may be told not to use; unknown ones are ignored
# what the processor must have -> how to choose it
SETTINGS = {
    "no vector units": ("", {
        "ATEN_CPU_CAPABILITY": "default",
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": f"X86_V3 {AVX512}",
        "MKL_CBWR": "COMPATIBLE",
    }),
    "AVX2, two threads": ("avx2", {
        "ATEN_CPU_CAPABILITY": "avx2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": AVX512,
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "MKL_CBWR": "AVX2",
    }),
    "AVX": ("avx", {
        "ATEN_CPU_CAPABILITY": "default",
        "OPENBLAS_CORETYPE": "Sandybridge",
        "NPY_DISABLE_CPU_FEATURES": f"X86_V3 {AVX512}",
        "MKL_CBWR": "AVX",
    }),
}  # fmt: skip
TESTS = [f"tests/test_{name}.py" for name in ("generated", "notebook_check", "units_graded")]
NOT_ARITHMETIC = "not notebooks_are_those and not lectures_are and not changed_hint"  # the same text on every processor


def main() -> int:
    root, has = Path(__file__).resolve().parent.parent, features()
    failed = []
    native = "" if "avx512f" in has else "AVX2, two threads"  # the widest registers, which the libraries take unasked
    able = [name for name, (needed, _) in SETTINGS.items() if name != native and (not needed or needed in has)]
    for name in able[:2]:
        variables = SETTINGS[name][1]
        print(f"== {name}: {' '.join(f'{key}={value!r}' for key, value in variables.items())}", flush=True)
        start = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "worksteal", "-k", NOT_ARITHMETIC, *TESTS]
        command += sys.argv[1:]
        if subprocess.run(command, cwd=root, env={**os.environ, **variables}).returncode:
            failed.append(name)
        print(f"   {time.monotonic() - start:.0f} s", flush=True)
    print(f"failed: {', '.join(failed)}" if failed else "the same on every kind of processor tried")
    return len(failed)


def features() -> set[str]:
    """What the processor can do, by the names of Linux; nothing on other systems and processors."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return {word for line in lines if line.startswith("flags") for word in line.split()}


if __name__ == "__main__":
    sys.exit(main())
