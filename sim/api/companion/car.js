// What the app knows of a car: its shadow, its presence, and what was asked of it and not answered
// yet, which is shown as if it were so already.

const isTree = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// Merges as shadows do: null takes away, objects go member by member. A member "__proto__", which is
// no signal and would reach all objects, is left out.
export function merge(to, from) {
  for (const [key, value] of Object.entries(from)) {
    if (key === "__proto__") {
      continue;
    }
    if (value === null) {
      delete to[key];
    } else if (isTree(value)) {
      to[key] = merge(Object.hasOwn(to, key) && isTree(to[key]) ? to[key] : {}, value);
    } else {
      to[key] = value;
    }
  }
  return to;
}

// { locks: { all: "locked" } } as [["locks.all", "locked"]].
export function flatten(wish, prefix = "") {
  return Object.entries(wish).flatMap(([key, value]) =>
    typeof value === "object" ? flatten(value, prefix + key + ".") : [[prefix + key, value]],
  );
}

// Of a state that the control API tells.
function presenceOf(state) {
  if (state === "syncing") {
    return "online"; // it is connected, as its lifecycle event has said
  }
  return state === "online" || state === "asleep" ? state : "offline";
}

export class Car {
  #shadows = new Map(); // by name, the classic one by ""

  constructor({
    thing,
    vin,
    model,
    title = model,
    body = "hatch",
    msisdn,
    state = "offline",
    shadows = [], // the names of those that it has besides the classic one
    reported = {},
    version = 0,
    seen = 0,
  }) {
    Object.assign(this, { thing, vin, model, title, body, msisdn, shadows, reported, seen });
    this.#shadowNamed("").version = version;
    this.presence = presenceOf(state);
    this.connection = -1; // versionNumber of the newest event about it; -1: there was none yet
    this.commands = []; // the newest first
    this.track = [];
  }

  // As the control API lists it now. Its state counts until a lifecycle event has come.
  relist({ vin, model, title = model, body = "hatch", msisdn, shadows = [], state }) {
    Object.assign(this, { vin, model, title, body, msisdn, shadows });
    const former = [...this.#shadows.keys()].filter((name) => name && !shadows.includes(name));
    former.forEach((name) => this.#shadows.delete(name));
    if (this.connection < 0) {
      this.presence = presenceOf(state);
    }
  }

  // Version of the classic shadow; 0: there is none that is known.
  get version() {
    return this.#shadowNamed("").version;
  }

  // As the car has reported it, in whichever shadow; undefined: it has no such signal.
  reportedAt(path) {
    return path.split(".").reduce((at, key) => at?.[key], this.reported);
  }

  // The command that is on its way and would change that signal.
  pendingFor(path) {
    return this.commands.find((c) => c.status === "pending" && c.changes.has(path));
  }

  // With what was asked for taken for granted.
  get(path) {
    return this.pendingFor(path)?.changes.get(path) ?? this.reportedAt(path);
  }

  has(path) {
    return this.reportedAt(path) !== undefined;
  }

  // ---- what the cloud says ----

  #shadowNamed(name) {
    if (!this.#shadows.has(name)) {
      this.#shadows.set(name, { reported: {}, version: 0, read: false });
    }
    return this.#shadows.get(name);
  }

  // Nothing was heard for a while, and the cloud may have begun anew and count from 1 again: what is
  // shown stays, until it is read.
  forget() {
    this.#shadows.forEach((shadow) => (shadow.read = false));
    this.connection = -1;
  }

  // get/accepted
  takeShadow({ state, version, timestamp }, name = "") {
    Object.assign(this.#shadowNamed(name), { reported: merge({}, state?.reported ?? {}), version, read: true });
    this.#changed(timestamp);
  }

  // get/rejected, 404: there is none.
  takeNone(name = "") {
    Object.assign(this.#shadowNamed(name), { reported: {}, version: 0, read: true });
    this.#changed();
  }

  // update/accepted; false: one before it was missed, so that the shadow must be read again.
  takeUpdate({ state, version, timestamp }, name = "") {
    const shadow = this.#shadowNamed(name);
    if (shadow.read && version <= shadow.version) {
      return true;
    }
    if (!shadow.read || version !== shadow.version + 1) {
      return false;
    }
    shadow.version = version;
    if (state?.reported) {
      merge(shadow.reported, state.reported);
      this.#changed(timestamp);
    }
    return true;
  }

  // No signal lives in two of them.
  #changed(timestamp) {
    this.reported = {};
    this.#shadows.forEach((shadow) => merge(this.reported, shadow.reported));
    this.#sawAt(timestamp * 1000);
    this.#moved();
  }

  // A lifecycle event; they come late, twice and in any order.
  takePresence({ eventType, versionNumber, timestamp, clientInitiatedDisconnect }) {
    const older = versionNumber < this.connection;
    const undone = versionNumber === this.connection && eventType === "connected";
    if (older || undone) {
      return;
    }
    this.connection = versionNumber;
    this.#sawAt(timestamp);
    if (eventType === "connected") {
      this.presence = "online";
    } else {
      this.presence = clientInitiatedDisconnect ? "asleep" : "offline";
    }
  }

  #sawAt(ms) {
    this.seen = Math.max(this.seen, ms || 0);
  }

  #moved() {
    const { latitude, longitude } = this.reported.position ?? {};
    const last = this.track.at(-1);
    if (latitude !== undefined && (last?.latitude !== latitude || last?.longitude !== longitude)) {
      this.track.push({ latitude, longitude });
      this.track.splice(0, this.track.length - 300);
    }
  }

  // For the next visit, when there may be no network.
  save() {
    const { thing, vin, model, title, body, msisdn, shadows, presence, reported, version, seen } = this;
    return { thing, vin, model, title, body, msisdn, shadows, state: presence, reported, version, seen };
  }
}
