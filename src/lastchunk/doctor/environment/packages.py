# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Checks AutoGen, AG2 and the SDKs: what is installed, who owns the package `autogen`, and whether versions are compatible."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lastchunk.doctor.environment.distributions import Everything, Folder, Installed, normal
from lastchunk.doctor.environment.misfits import MISFITS, Misfit
from lastchunk.doctor.environment.versions import in_words
from lastchunk.doctor.report.findings import Check, Status
from lastchunk.package import _instruments_any

MISMATCH = "#cause-package_mismatch"
AUTOGEN = ("autogen-core", "autogen-agentchat", "autogen-ext")
"""Of AutoGen 0.4 and newer: released together, and only meant for each other."""
_PACKAGES = {"autogen_core", "autogen_agentchat", "autogen_ext"}
SERVED = tuple(dict.fromkeys([*AUTOGEN, *(normal(Requirement(line).name) for line in _instruments_any)]))

_CARRIERS = ("protobuf", "googleapis-common-protos", "grpcio")
"""What AutoGen and the exporters share: one version must fit both."""

_TOGETHER = "opentelemetry-"
"""Packages that are released together: the newest of all fit each other."""


def checks(everything: Everything, autogen: Folder) -> Iterator[Check]:
    """Every check of packages; `autogen` is what Python finds under that name."""
    yield present(everything)
    yield owner(everything, autogen)
    yield in_step(everything)
    yield requirements(everything)
    yield misfits(everything)


def present(everything: Everything) -> Check:
    """Something is here to be instrumented."""
    found = [everything[name] for name in SERVED if name in everything]
    if not found:
        return Check(
            "packages.present",
            Status.WARNING,
            "Neither AutoGen, AG2 nor an SDK that Lastchunk patches is installed here.",
            "Run the doctor where the application runs: with its interpreter, in its virtual environment.",
        )
    return Check("packages.present", Status.OK, ", ".join(map(str, found)))


def owner(everything: Everything, autogen: Folder) -> Check:
    """One distribution at most owns `autogen/`, and the folder is whole."""
    owners = [found for found in everything.values() if "autogen" in found.packages]
    names = " and ".join(map(str, owners))
    if len(owners) > 1:
        return _mixed_up(
            f"{names} both own the package autogen: the one that was installed last has overwritten the other.",
            f"Uninstall all of them, delete {autogen.where or 'autogen/'}, and install the one that the application needs.",
        )
    if owners and (autogen.is_namespace or not autogen.where):
        return _mixed_up(
            f"{names} owns the package autogen, but its files are missing: `import autogen` gives "
            + ("an empty namespace package." if autogen.where else "a ModuleNotFoundError."),
            f"Reinstall it: pip install --force-reinstall --no-deps '{owners[0].name}=={owners[0].version}'.",
        )
    if owners:
        return Check("packages.owner", Status.OK, f"{names} owns the package autogen (the classic API).")
    if not autogen.where:
        return Check("packages.owner", Status.OK, "No package autogen is installed.")
    if autogen.is_namespace:
        said, status = "an empty namespace package, which an uninstall left behind", Status.PROBLEM
    else:
        said, status = "a package autogen", Status.WARNING
    return Check(
        "packages.owner",
        status,
        f"{autogen.where} is {said}, and no distribution owns it.",
        "Delete the folder. If it belongs to the application, rename it.",
        MISMATCH,
    )


def in_step(everything: Everything) -> Check:
    """The three parts of AutoGen have one version."""
    found = [everything[name] for name in AUTOGEN if name in everything]
    parts = ", ".join(map(str, found))
    if not any(part.packages & _PACKAGES for part in found):
        return Check("packages.in_step", Status.SKIPPED, "AutoGen 0.4 or newer is not installed.")
    if len({part.version for part in found}) > 1:
        newest = max(found, key=lambda part: Version(part.version))
        wanted = " ".join(f"'{part.name}=={newest.version}'" for part in found)
        return Check(
            "packages.in_step",
            Status.PROBLEM,
            f"{parts}: these packages are released together, and different versions are not compatible.",
            f"Install the same version of all: pip install {wanted}.",
            MISMATCH,
        )
    return Check("packages.in_step", Status.OK, parts)


def requirements(everything: Everything) -> Check:
    """What the packages here declare to need of each other, also in their extras, is what is installed.

    An extra that nobody asked for says nothing of those who use the SDK without it: a warning, then.
    """
    broken: dict[str, Status] = {}
    fitting: dict[str, SpecifierSet] = {}
    together: dict[str, None] = {}
    for part in (found for name, found in everything.items() if _is_looked_at(name)):
        for line in part.requires:
            unmet = _unmet(line, everything)
            if unmet is None:
                continue
            need, wanted, of_an_extra = unmet
            said = f"{part} needs {need.name} {in_words(wanted)}, but {need} is installed"
            status = Status.WARNING if of_an_extra else Status.PROBLEM
            broken.setdefault(said, status)
            if normal(need.name).startswith(_TOGETHER):
                together |= {part.name: None, need.name: None}
            else:
                fitting[need.name] = fitting.get(need.name, SpecifierSet()) & wanted
    if broken:
        install = [f"'{name}{wanted}'" for name, wanted in fitting.items()]
        install = [*(["--upgrade", *together] if together else []), *install]
        return Check(
            "packages.requirements",
            Status.PROBLEM if Status.PROBLEM in broken.values() else Status.WARNING,
            f"{'; '.join(broken)}.",
            f"Install compatible versions: pip install {' '.join(install)}, then pip check.",
            MISMATCH,
        )
    return Check("packages.requirements", Status.OK, "All requirements are met.")


def _is_looked_at(name: str) -> bool:
    return name in SERVED or name in _CARRIERS or name.startswith("opentelemetry-")


def _unmet(line: str, everything: Everything) -> tuple[Installed, SpecifierSet, bool] | None:
    """What is installed of a requirement if it is another version, with those that fit; and whether an extra needs it."""
    requirement = Requirement(line)
    need = everything.get(normal(requirement.name))
    extra = line.rpartition("extra == ")[2].strip(" '\")") if "extra ==" in line else ""
    if need is None or not _is_looked_at(normal(need.name)) or (extra and normal(need.name) not in SERVED):
        return None
    if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
        return None
    fits = requirement.specifier.contains(need.version, prereleases=True)
    return None if fits else (need, requirement.specifier, bool(extra))


def misfits(everything: Everything) -> Check:
    """No pair of versions is known not to work."""
    found = [misfit for misfit in MISFITS if _hit(misfit, everything)]
    if not found:
        return Check("packages.misfits", Status.OK, "No known incompatible versions.")
    evidence = (
        f"{everything[misfit.library]} does not work with {everything[misfit.sdk]}: calls end with {misfit.error} "
        f"(measured with {misfit.library} {misfit.measured[0]} and {misfit.sdk} {misfit.measured[1]})."
        for misfit in found
    )
    remedies = (misfit.remedy for misfit in found)
    return Check("packages.misfits", Status.PROBLEM, " ".join(evidence), " ".join(remedies), MISMATCH)


def _hit(misfit: Misfit, everything: Everything) -> bool:
    pairs = ((misfit.library, misfit.library_versions), (misfit.sdk, misfit.sdk_versions))
    return all(
        name in everything
        and Requirement(f"x{versions}").specifier.contains(everything[name].version, prereleases=True)
        for name, versions in pairs
    )


def _mixed_up(evidence: str, remedy: str) -> Check:
    return Check("packages.owner", Status.PROBLEM, evidence, remedy, MISMATCH)
