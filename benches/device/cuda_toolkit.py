"""Makes a CUDA toolkit out of NVIDIA's wheels on PyPI, for a machine that has none.

    python3 benches/device/cuda_toolkit.py FOLDER

The folder then holds `root`, the toolkit, with a stub of the driver to link with: it answers every call with an error,
so that a program that was linked with it starts on a machine without a GPU, and finds none there. The wheels come under
NVIDIA's own licence (the CUDA EULA); nothing of them is part of this project. Needs pip and a C compiler. The last line
of the output is JSON: the variables of the environment that builds with the toolkit.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

WHEELS = {
    "nvidia-cuda-nvcc": "13.0.88",
    "nvidia-cuda-crt": "13.0.88",
    "nvidia-nvvm": "13.0.88",
    "nvidia-cuda-nvrtc": "13.0.88",
    "nvidia-cuda-runtime": "13.0.96",
    "nvidia-cuda-cccl": "13.0.85",
    "nvidia-curand": "10.4.0.35",
    "nvidia-cublas": "13.1.0.3",
}

# CUDA_ERROR_STUB_LIBRARY: what a driver that is only there for linking says.
STUB_ANSWER = 34


def unpack(folder: Path) -> Path:
    """Fetches and unpacks the wheels, and gives the toolkit's root."""
    wheels, site = folder / "wheels", folder / "site"
    names = [f"{name}=={version}" for name, version in WHEELS.items()]
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*fetch, "--only-binary=:all:", "--dest", str(wheels), *names], check=True)
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        wheel.unlink()
    return site / "nvidia" / "cu13"


def complete(root: Path) -> None:
    """Adds what wheels cannot hold: permissions and links."""
    for program in [*root.glob("bin/*"), *root.glob("nvvm/bin/*")]:
        program.chmod(0o755)
    link(root / "lib64", Path("lib"))
    for library in root.glob("lib/*.so.*"):
        link(library.with_name(library.name.split(".so.")[0] + ".so"), Path(library.name))


def link(place: Path, target: Path) -> None:
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def stub_driver(root: Path) -> None:
    """Compiles a library with the functions that the driver's header declares, and their later versions."""
    header = (root / "include" / "cuda.h").read_text()
    declared = set(re.findall(r"\b(cu[A-Z]\w*)\s*\(", header))
    versions = {f"{name}_v{version}" for name in declared if not re.search(r"_v\d$", name) for version in (2, 3, 4)}
    functions = sorted(declared | versions | {f"{name}_ptsz" for name in declared | versions})
    source = root / "lib" / "stubs" / "cuda.c"
    source.parent.mkdir(exist_ok=True)
    source.write_text("".join(f"int {name}(void) {{ return {STUB_ANSWER}; }}\n" for name in functions))
    library = source.with_name("libcuda.so.1")
    flags = ["-shared", "-fPIC", "-fno-builtin", "-Wl,-soname,libcuda.so.1"]
    subprocess.run(["cc", *flags, "-o", str(library), str(source)], check=True)
    link(source.with_name("libcuda.so"), Path("libcuda.so.1"))


def environment(root: Path) -> dict[str, str]:
    libraries, stubs = root / "lib", root / "lib" / "stubs"
    variables = {name: str(root) for name in ("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "CUDA_TOOLKIT_ROOT_DIR")}
    return {
        **variables,
        "NVCC": str(root / "bin" / "nvcc"),
        "CUDA_BIN": str(root / "bin"),
        "RUSTFLAGS": f"-L native={libraries} -L native={stubs}",
        "CUDA_LIBRARIES": str(libraries),
        "CUDA_STUBS": str(stubs),
    }


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    root = folder / "root"
    if not root.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unpacked = unpack(folder)
        complete(unpacked)
        stub_driver(unpacked)
        link(root, unpacked.relative_to(folder))
    print(json.dumps(environment(root)))


if __name__ == "__main__":
    main()
