"""The packages whose schemas and readers judge the formats: fetched once into build/formats.

    packages.node()      folder with read.mjs and its packages, by package-lock.json
    packages.python()    folder to import junitparser and xmlschema from, by requirements.txt
    packages.schema()    file: the schema of JUnit reports that the source package of pytest carries

Each raises Missing with the reason where it cannot be had.  A stamp says what a folder was made of: it is
made again when that has changed.
"""

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile

import tool

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(tool.TOP, "build", "formats")
SCHEMA = "/testing/example_scripts/junit-10.xsd"
PATIENCE_S = 120
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1"]
NPM = ["npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]


class Missing(Exception):
    """Why a package cannot be had here."""


def command(argv, folder):
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Missing(f"{argv[0]} did not end within {PATIENCE_S} s") from None
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[-200:]
        raise Missing(f"{os.path.basename(argv[0])} failed: {said}")


def made_once(name, files, make):
    """The folder of this name, which make(folder) has filled from a copy of these files."""
    folder = os.path.join(FOLDER, name)
    made_of = hashlib.sha256(sys.version.encode())
    for file in files:
        made_of.update(tool.read(os.path.join(HERE, file)))
    stamp, wanted = os.path.join(folder, "stamp"), made_of.hexdigest()
    if tool.read(stamp).decode() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for file in files:
            shutil.copy(os.path.join(HERE, file), folder)
        make(folder)
        tool.write(stamp, wanted)
    return folder


def once(find):
    """What find() returned or raised the first time; a package that is not there is not asked for again."""

    @functools.cache
    def ask():
        try:
            return find(), None
        except Missing as why:
            return None, str(why)

    def found():
        value, why = ask()
        if why:
            raise Missing(why)
        return value

    return found


@once
def node():
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing("node and npm are not installed")
    # The reporter is wanted for its schema, not to run: neither what it reports for nor any script.
    wanted = [*NPM, "--ignore-scripts", "--legacy-peer-deps"]
    return made_once("node", ["package.json", "package-lock.json", "read.mjs"], lambda folder: command(wanted, folder))


@once
def python():
    wanted = [*PIP, "install", "--no-deps", "--only-binary", ":all:", "--target", ".", "-r", "requirements.txt"]
    return made_once("python", ["requirements.txt"], lambda folder: command(wanted, folder))


def take_schema(folder):
    command([*PIP, "download", "--no-deps", "--no-binary", "pytest", "-r", "requirements-source.txt"], folder)
    for name in os.listdir(folder):
        if name.endswith(".tar.gz"):
            with tarfile.open(os.path.join(folder, name)) as archive:
                inside = [member for member in archive.getnames() if member.endswith(SCHEMA)]
                if inside:
                    tool.write(os.path.join(folder, "junit-10.xsd"), archive.extractfile(inside[0]).read())
                    return
    raise Missing(f"there is no {SCHEMA} in the source package of pytest")


@once
def schema():
    return os.path.join(made_once("source", ["requirements-source.txt"], take_schema), "junit-10.xsd")
