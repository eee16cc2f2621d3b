"""What a Provenance Run Crate (profile 0.5) says of a study: the workflow, its rules, one action a job."""

import json
from collections.abc import Mapping
from urllib.parse import quote

from datalines.audit.results import Receipt, Results
from datalines.exchange.about import About
from datalines.exchange.facts import Moments, determinism, environment, in_checkout, in_order, moments, span, study_of
from datalines.exchange.graph import Entity, Graph, compact, ref, short
from datalines.version import VERSION

DONE = "http://schema.org/CompletedActionStatus"
TERMS = {name: f"https://w3id.org/ro/terms/workflow-run#{name}" for name in ("environment", "resourceUsage", "sha256")}
"""Terms of the run profiles that RO-Crate's own context lacks."""
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
WORKFLOW = "Snakefile"
README = "README.md"
SCRIPTS = "workflow/scripts"
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
MIT = "https://spdx.org/licenses/MIT"
LICENCES = "The workflow is under MIT; images, texts and what is made of them are under the licences of their sources."
SECONDS = {"propertyID": "https://schema.org/duration", "unitCode": "http://qudt.org/vocab/unit/SEC"}


def describe(results: Results, about: About, present: Mapping[str, str]) -> tuple[Entity, list[Entity]]:
    """Properties of the crate itself, and all its other entities; `present` {path: digest} are the files in it."""
    graph = Graph(present)
    receipts = in_order(results)
    agent = {"agent": graph.person(about.agent)} if about.agent else {}
    tools = _workflow(graph, receipts, about)
    actions = [_action(graph, results, receipt, tools[receipt.rule], agent) for receipt in receipts]
    run = _run(graph, results, receipts, agent)
    controls = [_control(graph, receipt, action) for receipt, action in zip(receipts, actions, strict=True)]
    _engine(graph, receipts, controls, run, agent)
    graph.packed(README)
    graph.entities[README]["about"] = ref("./")
    root = _root(graph, results, about, [run, *actions])
    return compact(root), [compact(entity) for entity in graph.entities.values()]


def _workflow(graph: Graph, receipts: list[Receipt], about: About) -> dict[str, Entity]:
    """The workflow, a step and a tool for each rule that ran; returns the tools by rule."""
    home = {"url": about.repository} if about.repository else {}
    licence = graph.add({"@id": MIT, "@type": "CreativeWork", "name": "MIT License"})
    tools, steps = {}, []
    for position, rule in enumerate(dict.fromkeys(receipt.rule for receipt in receipts)):
        tools[rule] = _tool(graph, rule, home)
        step = {"@id": f"#step/{rule}", "@type": "HowToStep", "name": rule, "position": str(position)}
        steps.append(graph.add({**step, "workExample": tools[rule]}))
    graph.add(
        {
            "@id": WORKFLOW,
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "conformsTo": ref(BIOSCHEMAS),
            "name": "datalines",
            "version": VERSION,
            "encodingFormat": "text/plain",
            "sha256": graph.present[WORKFLOW],
            "license": licence,
            "hasPart": list(tools.values()),
            "step": steps,
            **home,
        }
    )
    return tools


def _tool(graph: Graph, rule: str, home: Entity) -> Entity:
    """The script behind a rule; a bare name where the checkout has no such script."""
    script = f"{SCRIPTS}/{rule}.py"
    if script not in graph.present:
        tool = {"@id": f"#rule/{rule}", "@type": "SoftwareApplication", "name": rule, "softwareVersion": VERSION}
        return graph.add({**tool, **home})
    python = graph.add({"@id": "#python", "@type": "ComputerLanguage", "name": "Python", "url": "https://python.org"})
    packed = graph.packed(script)
    kind = {"@type": ["File", "SoftwareSourceCode"], "name": rule, "version": VERSION, "programmingLanguage": python}
    graph.entities[script].update({**kind, **home})
    return packed


def _action(graph: Graph, results: Results, receipt: Receipt, tool: Entity, agent: Entity) -> Entity:
    """A job. Its objects are the files that it read, its resolved parameters and seeds."""
    job = receipt.path.removeprefix("receipts/").removesuffix(".json")
    inputs = [graph.file(results, path, digest) for path, digest in receipt.inputs.items()]
    made = sorted(path for path, artifact in results.artifacts.items() if artifact.receipt == receipt.path)
    outputs = [graph.file(results, path, results.artifacts[path].sha256) for path in made]
    wildcards = ", ".join(f"{name} {value}" for name, value in receipt.wildcards.items())
    note = in_checkout(results, receipt.path) or receipt.path
    usage = graph.value(f"#seconds/{quote(job)}", "wall time", str(receipt.said["seconds"]), **SECONDS)
    return graph.add(
        {
            "@id": f"#job/{quote(job)}",
            "@type": "CreateAction",
            "name": job.replace("/", " "),
            "description": f"Rule {receipt.rule}" + (f" for {wildcards}." if wildcards else "."),
            "instrument": tool,
            "object": [*inputs, *_parameters(graph, receipt)],
            "result": outputs,
            **_times(moments(receipt)),
            "actionStatus": DONE,
            **agent,
            "environment": _environment(graph, receipt),
            "resourceUsage": usage,
            **({"subjectOf": graph.packed(note)} if note in graph.present else {}),
        }
    )


def _times(times: Moments) -> Entity:
    return {"startTime": times.started, "endTime": times.ended}


def _parameters(graph: Graph, receipt: Receipt) -> list[Entity]:
    text = json.dumps(receipt.params, sort_keys=True, ensure_ascii=False)
    seeds = (receipt.said.get("seeds") or {}).items()
    return [
        graph.value(f"#params/{short(receipt.params)}", "resolved parameters (JSON)", text),
        *(graph.value(f"#seed/{quote(place)}/{short(seed)}", place, json.dumps(seed)) for place, seed in seeds),
    ]


def _environment(graph: Graph, receipt: Receipt) -> list[Entity]:
    known, said = environment(receipt), receipt.said
    values = {
        **{f"version of {name}": version for name, version in known.get("versions", {}).items()},
        **{f"lock {name}": digest for name, digest in known.get("locks", {}).items()},
        "installed packages (sha256)": known.get("installed"),
        "image decoder": known.get("decoder"),
        "NVIDIA driver": known.get("driver"),
        "GPUs": ", ".join(known.get("gpus", [])),
        "host": said.get("host"),
        "machine": said.get("machine"),
        "threads": said.get("threads"),
        "determinism": determinism(receipt),
        "Slurm job": (said.get("slurm") or {}).get("job"),
        "attempt": said.get("attempt"),
        "code of the rule (digest)": receipt.params.get("code"),
    }
    stated = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return [graph.value(f"#environment/{short([name, value])}", name, value) for name, value in stated.items()]


def _run(graph: Graph, results: Results, receipts: list[Receipt], agent: Entity) -> Entity:
    """The study as a whole: from files that no job made to files that no job read."""
    read = {path: digest for receipt in receipts for path, digest in receipt.inputs.items()}
    sources = [graph.file(results, path, read[path]) for path in sorted(read) if path not in results.artifacts]
    declared = {path: entry["sha256"] for receipt in receipts for path, entry in receipt.outputs.items()}
    ends = [graph.file(results, path, declared[path]) for path in sorted(declared) if path not in read]
    study = study_of(results)
    return graph.add(
        {
            "@id": "#run",
            "@type": "CreateAction",
            "name": f"Study {study['scale']}",
            "description": study["title"],
            "instrument": ref(WORKFLOW),
            **({"object": sources} if sources else {}),
            "result": ends,
            **_times(span(receipts)),
            "actionStatus": DONE,
            **agent,
        }
    )


def _control(graph: Graph, receipt: Receipt, action: Entity) -> Entity:
    control = {"@id": action["@id"].replace("#job/", "#control/", 1), "@type": "ControlAction"}
    name = {"name": f"run {receipt.rule}"}
    return graph.add({**control, **name, "instrument": ref(f"#step/{receipt.rule}"), "object": action})


def _engine(graph: Graph, receipts: list[Receipt], controls: list[Entity], run: Entity, agent: Entity) -> None:
    version = environment(receipts[-1]).get("versions", {}).get("snakemake", "not stated")
    engine = {"@id": "#snakemake", "@type": "SoftwareApplication", "name": "Snakemake", "softwareVersion": version}
    graph.add(
        {
            "@id": "#orchestration",
            "@type": "OrganizeAction",
            "name": f"Snakemake {version}",
            "instrument": graph.add({**engine, "url": "https://snakemake.github.io"}),
            "object": controls,
            "result": run,
            **_times(span(receipts)),
            **agent,
        }
    )


def _root(graph: Graph, results: Results, about: About, actions: list[Entity]) -> Entity:
    study = study_of(results)
    profiles = [
        graph.add({"@id": identifier, "@type": "CreativeWork", "name": name, "version": version})
        for identifier, (name, version) in PROFILES.items()
    ]
    text = about.licence or LICENCES
    identifier = text if text.startswith(("https://", "http://")) else "#licence"
    licence = graph.add({"@id": identifier, "@type": "CreativeWork", "name": "Licence", "description": text})
    return {
        "name": study["title"],
        "description": study["description"] or study["title"],
        "license": licence,
        "datePublished": span(in_order(results)).ended,
        "conformsTo": profiles,
        "mentions": actions,
        "keywords": "effective robustness, distribution shift, pre-training data, Snakemake",
        **({"author": graph.person(about.agent)} if about.agent else {}),
    }
