"""Files of the data half by name: lists, parts, annotations and shards of pools, prepared evaluation sets.

What Snakemake cannot know before a list is read, which parts hold which rows, is taken from the list's manifest: a part
is fetched again when the digest of its rows changed, and no other part is.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datalines.config.concepts import counted_in
from datalines.config.downloads import is_address
from datalines.config.errors import ConfigError
from datalines.config.filters import ClipScore, ExactDuplicate, NearDuplicate, Step
from datalines.config.paths import expand, first_existing, matching, unset_variable
from datalines.config.pools import UrlsPool
from datalines.config.study import Study
from datalines.config.urlpools import url_list
from datalines.errors import PoolError
from datalines.fetch.mirror import DOWNLOADS, downloaded, mirrored
from datalines.files import digest_json, read_json, sha256_file
from datalines.filters.exclusions import entries_about
from datalines.lists.read import check_files
from datalines.pools.webshards import shard_paths

UNREAD = "the list is not read yet"


class DataPaths:
    """Paths below `results/<scale>` of everything up to mixtures."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.specs = study.resolved()
        self.root = f"results/archived-{study.scale}" if study.archive else f"results/{study.scale}"
        self._read: dict[str, tuple[tuple[tuple[Path, int], ...], list[str]]] = {}
        self.list_code = ""
        """Digest of the code that reads lists, set by the workflow."""

    def url_pools(self) -> list[str]:
        """Pools that are fetched from lists of addresses."""
        return [name for name, pool in self.study.pools.items() if isinstance(pool, UrlsPool)]

    def source_files(self, section: str, name: str) -> list[str]:
        """The archives that a pool or a shift is read from, as far as they are there or can be obtained: what is not is
        an error of `Study.check_paths`. A directory is not watched: raise its `version` after a change."""
        spec, where = self.specs[section][name], f"{section}.{name}"
        try:
            if spec["kind"] in ("folder", "cifar"):
                paths = [first_existing(spec["path"], f"{where}.path")]
            elif spec["kind"] == "shards":
                paths = shard_paths(spec["path"], where)
            else:
                paths = []
        except (ConfigError, PoolError):
            return []
        return [str(path) for path in paths if path.is_file() or path.is_relative_to(DOWNLOADS)]

    def list_files(self, pool: str) -> list[str]:
        """The files of a pool's list, as far as they are there; an address stands for its file in the mirror, or for
        the download of it."""
        spec = self.study.pools[pool]
        assert isinstance(spec, UrlsPool)
        declared = url_list(self.study, spec)
        if declared is None:
            return []
        found: list[str] = []
        for path in [declared.path] if isinstance(declared.path, str) else declared.path:
            if is_address(path):
                found.append(str(mirrored(path) or downloaded(path)))
            elif unset_variable(path) is None:
                found += [str(hit) for hit in matching(expand(path, f"pools.{pool}.list.path"))]
        return sorted(dict.fromkeys(found))

    def check_lists(self) -> None:
        """Look into the first file of every list that the targets need and that is there; PoolError, naming key, file
        and choices, if it cannot be read as declared."""
        for pool in self.study.pools_read():
            if pool in self.url_pools():
                files = [Path(path) for path in self.list_files(pool) if Path(path).is_file()]
                check_files(files[:1], self.specs["pool_specs"][pool]["list"], f"pools.{pool}.list")

    def listed(self, pool: str) -> str:
        """Manifest of a pool's list after reading."""
        return f"{self.root}/lists/{pool}/manifest.json"

    def list_digest(self, pool: str) -> str:
        """What the reading of a pool's list depends on, beside the files."""
        spec = self.specs["pool_specs"][pool]
        keys = ("list", "select", "sample", "parts", "version", "expected_rows")
        return digest_json([{key: spec[key] for key in keys}, self.excluded(pool), self.list_code])

    def rows_digest(self, pool: str, part: str) -> str:
        """Digest of the rows of one part (without its round), as far as the list has been read as it is now."""
        digests = self._read_parts(pool)
        return digests[int(part.partition("r")[0])] if digests else UNREAD

    def is_read(self, pool: str) -> bool:
        """Whether a pool's list was read as it is now declared, and its files are those that were read."""
        return bool(self._read_parts(pool))

    def _read_parts(self, pool: str) -> list[str]:
        """Digests of the rows of all parts; empty where the list has to be read. Looked up once for files of one age,
        because every part asks, before and after the list is read."""
        manifest = Path(self.listed(pool))
        files = [Path(path) for path in self.list_files(pool)]
        if not all(path.is_file() for path in (manifest, *files)):
            return []
        ages = tuple((path, path.stat().st_mtime_ns) for path in (manifest, *files))
        known = self._read.get(pool)
        if known is None or known[0] != ages:
            content = read_json(manifest)
            parts = (
                [part["digest"] for part in content["parts"]]
                if self._is_current(pool, content, files, manifest)
                else []
            )
            known = self._read[pool] = (ages, parts)
        return known[1]

    def _is_current(self, pool: str, content: dict[str, Any], files: list[Path], manifest: Path) -> bool:
        if content.get("request") != self.list_digest(pool):
            return False
        sources = {entry["path"]: entry for entry in content["sources"]}
        same = len(files) == len(sources) and all(path.name in sources for path in files)
        return same and all(self._is_same(path, sources[path.name], manifest) for path in files)

    @staticmethod
    def _is_same(path: Path, known: dict[str, Any], manifest: Path) -> bool:
        """By size, and by content only if the file is newer than the manifest."""
        found = path.stat()
        if found.st_size != known["bytes"]:
            return False
        return found.st_mtime <= manifest.stat().st_mtime or sha256_file(path) == known["sha256"]

    def parts(self, pool: str, extension: str = "json") -> list[str]:
        """Receipts of a pool's parts, or the files beside them; supplements of later rounds come last."""
        return [f"{self.root}/pools/{pool}/{part}.{extension}" for part in self.part_names(pool)]

    def part_names(self, pool: str) -> list[str]:
        """`0`, `1`, ... and, for what is asked for again in round r, `0r1`, `1r1`, ..."""
        spec = self.specs["pool_specs"][pool]
        return [
            f"{part}r{turn}" if turn else str(part)
            for turn in range(spec.get("rounds", 1))
            for part in range(spec["parts"])
        ]

    def rounds_before(self, pool: str, part: str, extension: str = "json") -> list[str]:
        """Receipts of a part's earlier rounds, or the files beside them; none for a part that is not a supplement."""
        number, _, turn = part.partition("r")
        names = [number, *(f"{number}r{earlier}" for earlier in range(1, int(turn or 0)))] if turn else []
        return [f"{self.root}/pools/{pool}/{name}.{extension}" for name in names]

    def supplements(self) -> list[str]:
        """Receipts of every supplement of the pools that the targets use."""
        return [
            receipt
            for pool in self.study.pools_read()
            for name, receipt in zip(self.part_names(pool), self.parts(pool), strict=True)
            if "r" in name
        ]

    def hashes(self, pool: str) -> list[str]:
        """Perceptual hashes of a pool's parts."""
        return [f"{self.root}/hashes/{pool}/{part}.parquet" for part in self.part_names(pool)]

    def shift_hashes(self, shift: str) -> str:
        """Perceptual hashes of an evaluation set."""
        return f"{self.root}/hashes/shifts/{shift}.parquet"

    def scores(self, scorer: str, pool: str) -> list[str]:
        """Scores of a pool's parts."""
        return [f"{self.root}/scores/{scorer}/{pool}/{part}.parquet" for part in self.part_names(pool)]

    def steps(self, name: str) -> list[Step]:
        """The steps of a filter."""
        return list(self.study.filters[name])

    def own_hashes(self, pool: str, name: str) -> list[str]:
        """Hashes of the pool itself, if a filter compares by them."""
        return self.hashes(pool) if any(isinstance(step, NearDuplicate) for step in self.steps(name)) else []

    def own_scores(self, pool: str, name: str) -> list[str]:
        """Scores of the pool by every scorer that a filter asks for."""
        scorers = _once(step.scorer for step in self.steps(name) if isinstance(step, ClipScore))
        return [path for scorer in scorers for path in self.scores(scorer, pool)]

    def other_parts(self, name: str, extension: str = "json") -> list[str]:
        """Parts of the other pools that a filter compares with byte for byte."""
        pools = _once(pool for step in self.steps(name) if isinstance(step, ExactDuplicate) for pool in step.pools)
        return [path for pool in pools for path in self.parts(pool, extension)]

    def other_hashes(self, name: str) -> list[str]:
        """Hashes of the other pools that a filter compares with."""
        pools = _once(pool for step in self.steps(name) if isinstance(step, NearDuplicate) for pool in step.pools)
        return [path for pool in pools for path in self.hashes(pool)]

    def compared_sets(self, name: str) -> list[str]:
        """Hashes of the evaluation sets that a filter compares with."""
        steps = [step for step in self.steps(name) if isinstance(step, NearDuplicate)]
        return [self.shift_hashes(shift) for step in steps for shift in self.study.compared_shifts(step)]

    def exclusions(self, pool: str) -> list[str]:
        """The exclusion lists that concern a pool."""
        lists = self.study.exclusions.items()
        concerned = [(name, entry) for name, entry in lists if entry.pools is None or pool in entry.pools]
        return [str(expand(entry.path, f"exclusions.{name}.path")) for name, entry in concerned]

    def excluded(self, pool: str) -> str:
        """Digest of the entries of all exclusion lists that concern a pool; those about other pools are not in it."""
        entries = entries_about(map(Path, self.exclusions(pool)), pool)
        named = {(field, text) for field, texts in entries.values.items() for text in texts}
        return digest_json(sorted(named))

    def shards(self, pool: str) -> str:
        """Manifest of a pool's shards under its own filter."""
        return f"{self.root}/shards/{pool}/{self.specs['pools'][pool]['filter']}/manifest.json"

    def kept(self, pool: str) -> str:
        """Ids of a pool that its own filter keeps."""
        return f"{self.root}/filters/{pool}/{self.specs['pools'][pool]['filter']}/kept.npy"

    def overlap_sets(self) -> list[str]:
        """Evaluation sets that pools are compared with: those that the targets use, candidates of adversarial ones."""
        return self.study.prepared(self.study.shifts_used())

    def mixed(self, mixture: str, size: str) -> list[str]:
        """Manifests of the shards that a mixture draws from."""
        entries = self.specs["mixture_specs"][mixture][size]["entries"]
        return [f"{self.root}/shards/{entry['pool']}/{entry['filter']}/manifest.json" for entry in entries]

    def subsets(self, mixture: str, size: str) -> list[str]:
        """Ids kept by the further filters of a mixture's entries, in the order of the entries that have one."""
        entries = self.specs["mixture_specs"][mixture][size]["entries"]
        return [
            f"{self.root}/filters/{entry['pool']}/{entry['subset']}/kept.npy" for entry in entries if "subset" in entry
        ]

    def suite(self, suite: str) -> list[str]:
        """Manifests of a suite's shifts."""
        return [self.shift(shift) for shift in self.study.shifts_of(suite)]

    def shift(self, shift: str) -> str:
        """Manifest of a prepared shift."""
        return f"{self.root}/shifts/{shift}/manifest.json"

    def shifts(self, kinds: Iterable[str] | None = None) -> list[str]:
        """Every declared shift, or those of some kinds."""
        return [name for name, spec in self.specs["shifts"].items() if kinds is None or spec["kind"] in kinds]

    def pools(self) -> list[str]:
        """Every pool that the targets use."""
        return self.study.pools_of()

    def counted_pools(self) -> list[str]:
        """Every pool in whose captions concepts may be counted."""
        return _once(pool for entry in self.study.concepts.values() for pool in entry.pools)

    def counted_captions(self, pool: str, captions: str) -> list[str]:
        """The manifest of a pool's shards (`kept`) or list (`listed`), if an entry of `concepts` counts these."""
        entries = [self.study.concepts[name] for name in counted_in(self.study.concepts, pool)]
        path = self.shards if captions == "kept" else self.listed
        return [path(pool)] if any(entry.captions == captions for entry in entries) else []

    def counted_terms(self, pool: str) -> list[str]:
        """The files of terms of the entries that count a pool's captions, in the order of these entries."""
        names = counted_in(self.study.concepts, pool)
        files = {name: terms.path for name in names if (terms := self.study.concepts[name].terms)}
        return [str(first_existing(path, f"concepts.{name}.terms.path")) for name, path in files.items()]

    def labels(self, pool: str) -> dict[str, Any]:
        """What tables say of a pool beside its counts."""
        spec = self.specs["pool_specs"][pool]
        return {
            **{key: spec[key] for key in ("title", "kind", "licence", "paper_pairs")},
            "substitutes": spec.get("substitutes"),
        }


def listings(manifests: Iterable[str]) -> list[str]:
    """The indices beside manifests."""
    return [f"{manifest.removesuffix('manifest.json')}index.parquet" for manifest in manifests]


def _once(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
