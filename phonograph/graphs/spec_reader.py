"""Read a document as a graph, without solving it; what is clear is kept beside the faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phonograph.errors import Diagnostic, Edit, nearest
from phonograph.graphs.document import Document
from phonograph.graphs.fixes import nearest_fix, replaced
from phonograph.graphs.node_names import why_not_a_node_name
from phonograph.graphs.parameters import shown
from phonograph.graphs.schema_versions import KEY, version_fault
from phonograph.graphs.spec import GraphSpec, NodeSpec, PortName, ViewSpec

_TOP = ("phonograph", "name", "vars", "modules", "views", "init", "train")
_NODE = ("module", "from", "with", "only", "use", "version")
_VIEW = ("run", "feed", "split", "score")
_INIT = ("from", "include", "exclude", "freeze")
_TRAIN = (
    "optimizer",
    "schedule",
    "trainer",
    "seed",
    "cache",
    "threads",
    "monitor",
    "ema",
    "average",
)
_SPLITS = ("train", "validation", "test")
_DEFAULT_SPLIT = {"train": "train", "validate": "validation", "test": "test"}

_PORT = "name a node and its output, for example `mel.features`"


def read_spec(document: Document) -> tuple[GraphSpec, list[Diagnostic]]:
    """Read a resolved document; what could be read comes back beside every fault found."""
    return _SpecReader(document).read()


class _SpecReader:
    """Reads one document, collecting faults."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Diagnostic] = []

    def read(self) -> tuple[GraphSpec, list[Diagnostic]]:
        data = self.document.data
        self._known_keys(data, _TOP)
        self._version(data)
        name = data.get("name", "graph")
        if not isinstance(name, str):
            self._fault("PG009", f"`name` must be text, got {shown(name)}", "name")
        self._mapping(data, "vars")
        modules = self._mapping(data, "modules")
        if not modules and set(data) <= set(_TOP) and data.get("modules") in (None, {}):
            help = "write at least one node under `modules:`"
            self._fault("PG009", "the graph has no modules", "modules", help=help)
        views = self._mapping(data, "views")
        init, train = self._mapping(data, "init"), self._mapping(data, "train")
        self._known_keys(init, _INIT, "init")
        self._known_keys(train, _TRAIN, "train")
        spec = GraphSpec(
            name=str(name),
            nodes={name: node for name in modules if (node := self._node(name))},
            views={name: view for name in views if (view := self._view(name))},
            init=init,
            train=train,
            document=self.document,
        )
        return spec, self.faults

    def _fault(
        self,
        code: str,
        message: str,
        *trail: str | int,
        help: str = "",
        fix: Edit | None = None,
    ) -> None:
        place = self.document.place(*trail)
        self.faults.append(Diagnostic(code, message, place, help=help, fix=fix))

    def _key_fault(
        self,
        code: str,
        message: str,
        *trail: str | int,
        help: str = "",
        fix: Edit | None = None,
    ) -> None:
        place = self.document.key_place(*trail)
        self.faults.append(Diagnostic(code, message, place, help=help, fix=fix))

    def _known_keys(self, data: Mapping[str, Any], known: tuple[str, ...], *trail: str) -> None:
        where = f" under `{'.'.join(trail)}`" if trail else ""
        for key in data:
            if key not in known:
                message = f"unknown key `{key}`{where}"
                place = self.document.key_place(*trail, key)
                fix = nearest_fix(place, key, known, taken=data)
                self._key_fault("PG008", message, *trail, key, help=nearest(key, known), fix=fix)

    def _version(self, data: Mapping[str, Any]) -> None:
        fault = version_fault(self.document)
        if fault and (data.get(KEY) is not None or set(data) <= set(_TOP)):
            self.faults.append(fault)

    def _mapping(self, data: Mapping[str, Any], key: str, *trail: str) -> Mapping[str, Any]:
        value = data.get(key)
        if isinstance(value, dict) or value is None:
            return value or {}
        self._fault("PG009", f"`{key}` must be a mapping, got {shown(value)}", *trail, key)
        return {}

    def _node(self, name: str) -> NodeSpec | None:
        trail = ("modules", name)
        data = self.document.data["modules"][name]
        if name in self.document.unreadable:
            return NodeSpec(name, "", {}, {}, unclear=True)
        if data is None:
            return None
        if not isinstance(data, dict) or (data and not set(data) & set(_NODE)):
            help = f"write `{name.rpartition('.')[2]}: {{module: …, from: …}}`"
            got = "none of its keys" if isinstance(data, dict) else shown(data)
            self._fault("PG009", f"`{name}` must be a node, got {got}", *trail, help=help)
            return NodeSpec(name, "", {}, {}, unclear=True)
        if reason := self._why_no_name(name):
            self._key_fault("PG016", f"`{name}` cannot name a node: {reason}", *trail)
        before = len(self.faults)
        self._known_keys(data, _NODE, *trail)
        version = self._module_version(data, *trail, "version")
        is_clear = version == data.get("version")
        return NodeSpec(
            name=name,
            module=self._module(name, data) if is_clear else "",
            sources=self._sources(data, *trail, "from"),
            parameters=self._mapping(data, "with", *trail),
            only=self._only(data, *trail, "only"),
            use=self._use(data, *trail, "use"),
            version=version,
            unclear=len(self.faults) > before,
        )

    def _why_no_name(self, name: str) -> str:
        reason = why_not_a_node_name(name)
        modules = self.document.data["modules"]
        for end in [place for place, letter in enumerate(name) if letter == "."]:
            if not reason and modules.get(name[:end]) is not None:
                reason = f"`{name[:end]}` is a node itself"
        return reason

    def _module(self, name: str, data: Mapping[str, Any]) -> str:
        module = data.get("module")
        if isinstance(module, str) and module:
            return module
        if module is not None:
            message = f"`module` must be an id such as asr.log_mel, got {shown(module)}"
            self._fault("PG009", message, "modules", name, "module")
        elif set(data) <= set(_NODE) and data.get("use") is None:
            known = [other for other, got in self.document.data["modules"].items() if got != data]
            guess = nearest(name, known)
            listed = "add `module: …`; `phonograph modules` lists them"
            help = guess if guess.startswith("did you mean") else listed
            message = f"`{name}` does not say which `module` it is"
            self._key_fault("PG009", message, "modules", name, help=help)
        return ""

    def _only(self, data: Mapping[str, Any], *trail: str) -> str | None:
        only = data.get("only")
        views = self.document.data.get("views")
        if only is None:
            return None
        if isinstance(views, dict) and isinstance(only, str) and only in views:
            return only
        if isinstance(views, dict) or set(self.document.data) <= set(_TOP):
            known = list(views) if isinstance(views, dict) else []
            help = nearest(str(only), known) or "add this view under `views:`, or delete `only`"
            message = f"`only` must be the name of a view, got {shown(only)}"
            fix = nearest_fix(self.document.place(*trail), str(only), known)
            self._fault("PG041", message, *trail, help=help, fix=fix)
        return None

    def _use(self, data: Mapping[str, Any], *trail: str) -> str | None:
        use = data.get("use")
        if use is None:
            return None
        if not isinstance(use, str):
            self._fault("PG045", f"`use` must be the name of a node, got {shown(use)}", *trail)
            return None
        for key in ("module", "with", "version"):
            if key in data:
                message = f"a node with `use` has the `{key}` of the node that it uses"
                help = f"delete `{key}`, or `use`"
                self._key_fault("PG045", message, *trail[:-1], key, help=help)
        return use

    def _module_version(self, data: Mapping[str, Any], *trail: str) -> int | None:
        version = data.get("version")
        if version is None or (isinstance(version, int) and not isinstance(version, bool)):
            return version
        self._fault("PG009", f"`version` must be a whole number, got {shown(version)}", *trail)
        return None

    def _sources(self, data: Mapping[str, Any], *trail: str) -> dict[str | None, PortName]:
        written = data.get("from")
        if written is None:
            return {}
        entries = written.items() if isinstance(written, dict) else [(None, written)]
        sources: dict[str | None, PortName] = {}
        for port, given in entries:
            where = (*trail, *([] if port is None else [port]))
            if port is not None and not port.isidentifier():
                message = f"`{port}` is no name of an input"
                help = "write a list for several: inputs: [a.encoded, b.encoded]" * ("." in port)
                self._key_fault("PG012", message, *where, help=help)
                continue
            if given == []:
                self._fault("PG009", "this list of outputs is empty", *where, help=_PORT)
            keyed = [(port, where, given)]
            if isinstance(given, list):
                keyed = [(f"{port or ''}.{k}", (*where, k), one) for k, one in enumerate(given)]
            for key, place, text in keyed:
                if source := self._port(text, *place):
                    sources[key] = source
        return sources

    def _port(self, text: object, *trail: str | int) -> PortName | None:
        node, dot, port = text.rpartition(".") if isinstance(text, str) else ("", "", "")
        unknown = "." in node and node not in self.document.data["modules"]
        if not dot or not node or not port or unknown:
            message = f"this must be `node.port`, got {shown(text)}"
            self._fault("PG009", message, *trail, help=self._output_of(text))
            return None
        return PortName(node, port)

    def _output_of(self, text: object) -> str:
        """Say how a port is written; of a node that is there, where its outputs are listed."""
        nodes = self.document.data["modules"]
        node = nodes.get(text) if isinstance(text, str) else None
        if not isinstance(node, dict) or not isinstance(node.get("module"), str):
            return _PORT
        return f"name one of its outputs too: `phonograph modules {node['module']}` lists them"

    def _view(self, name: str) -> ViewSpec | None:
        trail = ("views", name)
        data = self.document.data["views"][name]
        if data is None:
            return None
        if not isinstance(data, dict):
            message = f"a view is a mapping, got {shown(data)}"
            self._fault("PG009", message, *trail, help=f"write `{name}: {{run: [node.port]}}`")
            return None
        self._known_keys(data, _VIEW, *trail)
        run, feed = self._ports(data, *trail, "run"), self._ports(data, *trail, "feed")
        if data.get("run") in (None, []) and set(data) <= set(_VIEW):
            help = "name the ports to compute, for example `run: [loss.loss]`"
            self._key_fault("PG041", f"the view `{name}` runs nothing", *trail, "run", help=help)
        split = data.get("split", None if feed else _DEFAULT_SPLIT.get(name))
        if split is not None and split not in _SPLITS:
            help = nearest(str(split), _SPLITS)
            message = f"`split` must be a part of the data, got {shown(split)}"
            fix = nearest_fix(self.document.place(*trail, "split"), str(split), _SPLITS)
            self._fault("PG041", message, *trail, "split", help=help, fix=fix)
        return ViewSpec(name, run, feed, split, self._score(data, *trail))

    def _ports(self, data: Mapping[str, Any], *trail: str) -> tuple[PortName, ...]:
        written = data.get(trail[-1])
        if written is None:
            return ()
        if not isinstance(written, list):
            message = f"`{trail[-1]}` must be a list, got {shown(written)}"
            fix = replaced(self.document.place(*trail), str(written), f"[{written}]")
            self._fault("PG009", message, *trail, help="write it in brackets: [node.port]", fix=fix)
            return ()
        found = [self._port(text, *trail, index) for index, text in enumerate(written)]
        return tuple(port for port in found if port)

    def _score(self, data: Mapping[str, Any], *trail: str) -> dict[str, tuple[PortName, PortName]]:
        result = {}
        for metric, pair in self._mapping(data, "score", *trail).items():
            where = (*trail, "score", metric)
            if not isinstance(pair, list) or len(pair) != 2:
                message = f"`{metric}` must be [hypothesis port, reference port]"
                self._fault("PG009", message, *where)
                continue
            ports = [self._port(text, *where, index) for index, text in enumerate(pair)]
            if ports[0] and ports[1]:
                result[metric] = (ports[0], ports[1])
        return result
