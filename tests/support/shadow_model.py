"""The Device Shadow service as a model: written from AWS's rules alone, without a look at the C code, so
that the two check each other. No I/O.

A Shadow takes operations and says which messages each must cause. Where AWS leaves a rule open, the
comment says what is assumed.
"""
import json

DOCUMENT_MAX = 8192
DEPTH_MAX = 8
TOKEN_MAX = 64


class Bad(Exception):
    """A request that is rejected."""

    def __init__(self, code, message, with_timestamp=True):
        super().__init__(message)
        self.code, self.message, self.with_timestamp = code, message, with_timestamp


def compact(value):
    """JSON as the service counts its bytes: no white space, UTF-8, whole numbers without a fraction."""
    def plain(v):
        if isinstance(v, dict):
            return {k: plain(x) for k, x in v.items()}
        if isinstance(v, list):
            return [plain(x) for x in v]
        if isinstance(v, float) and v.is_integer():
            return int(v)
        return v
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")).encode()


def same(a, b):
    """Booleans are no numbers, numbers compare by value, strings exactly."""
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and a == b
    if isinstance(a, dict) and isinstance(b, dict):
        return set(a) == set(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b
    return type(a) is type(b) and a == b


def stamps(value, t):
    """The metadata of a value that is written whole, nulls included."""
    if isinstance(value, dict):
        return {k: stamps(v, t) for k, v in value.items()}
    if isinstance(value, list):
        return [stamps(v, t) for v in value]
    return {"timestamp": t}


def without_nulls(value):
    """A new value as it is stored. Assumed: an object of nothing but nulls is dropped (None), unless it
    keeps a place in an array."""
    if isinstance(value, list):
        return [{} if (kept := without_nulls(v)) is None else kept for v in value]
    if not isinstance(value, dict):
        return value
    kept = {k: w for k, v in value.items() if (w := without_nulls(v)) is not None}
    return kept if kept or not value else None


def merge(state, meta, patch, t):
    """Both with the patch in them; nothing that was said before changes."""
    state, meta = dict(state), dict(meta)
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(state.get(key), dict):
            state[key], meta[key] = merge(state[key], meta[key], value, t)
            continue
        fresh = without_nulls(value)
        if fresh is None:
            state.pop(key, None)
            meta.pop(key, None)
        else:
            state[key], meta[key] = fresh, stamps(fresh, t)
    return state, meta


def delta(desired, reported, meta):
    """What desired asks for that reported does not show, and when that was asked for."""
    state, when = {}, {}
    for key, want in desired.items():
        have = reported.get(key)
        if isinstance(want, dict) and isinstance(have, dict):
            below, below_when = delta(want, have, meta[key])
            if below:
                state[key], when[key] = below, below_when
        elif key not in reported or not same(want, have):
            state[key], when[key] = want, meta[key]
    return state, when


def check_section(value, keys=0):
    if isinstance(value, dict):
        if value and keys == DEPTH_MAX:
            # The text names an older limit than the quota page.
            raise Bad(400, "JSON contains too many levels of nesting; maximum is 6")
        for below in value.values():
            check_section(below, keys + 1)
    elif isinstance(value, list):
        for below in value:
            if below is None:
                # The text is not documented.
                raise Bad(400, "Invalid JSON: array elements must not be null")
            check_section(below, keys)


class Shadow:
    """One shadow of one thing. `called` is what the 404 text calls it."""

    def __init__(self, called):
        self.called = called
        self.version = 0
        self.exists = False
        self.clear()

    def clear(self):
        self.state = {"desired": {}, "reported": {}}
        self.meta = {"desired": {}, "reported": {}}

    def document(self):
        shown = [name for name, section in self.state.items() if section]
        return {"state": {name: self.state[name] for name in shown},
                "metadata": {name: self.meta[name] for name in shown}, "version": self.version}

    def next_version(self):
        # Assumed: the deletion itself consumes a number.
        return self.version + 1 if self.exists or self.version == 0 else self.version + 2

    def apply(self, operation, payload, t):
        """The messages that it causes: {suffix: document}. `t`: when the service did it; documents have
        it as their timestamp unless they have none."""
        request, token = None, None
        try:
            request, token = self.parse(operation, payload)
            return getattr(self, operation)(request, token, t)
        except Bad as bad:
            said = {"code": bad.code, "message": bad.message}
            if bad.with_timestamp:
                said["timestamp"] = t
            return {"rejected": self.answer(said, getattr(bad, "token", token))}

    @staticmethod
    def answer(document, token):
        return document if token is None else {**document, "clientToken": token}

    @staticmethod
    def parse(operation, payload):
        if payload == b"" and operation != "update":
            return {}, None
        try:
            request = json.loads(payload.decode())
        except UnicodeDecodeError:
            if operation == "delete":
                return {}, None
            raise Bad(415, "Unsupported documented encoding; supported encoding is UTF-8") from None
        except ValueError:
            if operation == "delete":
                return {}, None
            raise Bad(400, "Invalid JSON") from None
        token = request.get("clientToken")
        if "clientToken" in request and (not isinstance(token, str) or len(token.encode()) > TOKEN_MAX):
            raise Bad(400, "Invalid clientToken")
        try:
            if operation == "update":
                Shadow.check_update(request)
        except Bad as bad:
            bad.token = token
            raise
        return request, token

    @staticmethod
    def check_update(request):
        if "state" not in request:
            raise Bad(400, "Missing required node: state")
        state = request["state"]
        if state is not None and not isinstance(state, dict):
            raise Bad(400, "State node must be an object")
        for name, section in (state or {}).items():
            if name not in ("desired", "reported"):
                raise Bad(400, f"State contains an invalid node: '{name}'")
            if section is not None and not isinstance(section, dict):
                raise Bad(400, f"{name.capitalize()} node must be an object")
            check_section(section)
        if "version" in request:
            version = request["version"]
            if isinstance(version, bool) or not isinstance(version, (int, float)) or version < 0 or \
                    version != int(version):
                raise Bad(400, "Invalid version")

    def get(self, _, token, t):
        if not self.exists:
            raise self.missing()
        document = self.document()
        below, _ = delta(self.state["desired"], self.state["reported"], self.meta["desired"])
        if below:
            document["state"] = {**document["state"], "delta": below}
        return {"accepted": self.answer({**document, "timestamp": t}, token)}

    def missing(self):
        return Bad(404, f"No shadow exists with name: '{self.called}'", with_timestamp=False)

    def delete(self, _, token, t):
        if not self.exists:
            raise self.missing()
        self.exists = False
        self.clear()
        return {"accepted": self.answer({"version": self.version, "timestamp": t}, token)}

    def check_version(self, request):
        if "version" not in request:
            return
        # Assumed: without a shadow, 0 and 1 pass.
        if request["version"] not in ((self.version,) if self.exists else (0, 1)):
            raise Bad(409, "Version conflict", with_timestamp=False)

    def update(self, request, token, t):
        self.check_version(request)
        patch = request["state"]
        previous = self.document() if self.exists else None
        state, meta = dict(self.state), dict(self.meta)
        for name in ("desired", "reported") if patch is None else patch:
            section = patch and patch[name]
            state[name], meta[name] = ({}, {}) if section is None else \
                merge(state[name], meta[name], section, t)
        if sum(len(compact(s)) for s in state.values() if s) > DOCUMENT_MAX:
            raise Bad(413, "The payload exceeds the maximum size allowed")
        self.state, self.meta = state, meta
        self.version = self.next_version()
        self.exists = True
        said = {"accepted": self.answer({"state": patch, "metadata": stamps(patch, t),
                                         "version": self.version, "timestamp": t}, token),
                "documents": self.answer({"previous": previous, "current": self.document(),
                                          "timestamp": t}, token)}
        below, when = delta(self.state["desired"], self.state["reported"], self.meta["desired"])
        if below:
            said["delta"] = self.answer({"version": self.version, "timestamp": t, "state": below,
                                         "metadata": when}, token)
        return said
