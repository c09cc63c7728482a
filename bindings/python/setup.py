"""Puts the library into the package, and says which platform the wheel is for."""

import runpy
import shutil
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent


class BuildWithLibrary(build_py):
    """Takes the library from where the package would find it in the tree."""

    def run(self):
        super().run()
        finder = runpy.run_path(str(HERE / "openck" / "_library.py"))
        places = [Path(path) for _, path in finder["_places"]()]
        found = [path for path in places if path.is_absolute()]
        library = next((path for path in found if path.is_file()), None)
        if library is None:
            listed = "\n".join(f"  {path}" for path in found)
            raise SystemExit(f"There is no library to put into the package:\n{listed}")
        # Under its plain name, whatever OPENCK_LIBRARY calls it.
        shutil.copyfile(library, Path(self.build_lib, "openck", finder["_file_name"]()))


class PlatformWheel(bdist_wheel):
    """The modules are for every Python 3, the library for one platform."""

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    """Goes where packages for one platform go."""

    def has_ext_modules(self):
        return True


setup(
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel},
    distclass=PlatformDistribution,
)
