// What the app knows of a car: its shadow, its presence, and what was asked of it and not answered
// yet, which is shown as if it were so already.

// Merges as shadows do: null takes away, objects go member by member.
export function merge(to, from) {
  for (const [key, value] of Object.entries(from)) {
    if (value === null) {
      delete to[key];
    } else if (typeof value === "object" && !Array.isArray(value)) {
      to[key] = merge(typeof to[key] === "object" ? to[key] : {}, value);
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

export class Car {
  constructor({
    thing,
    vin,
    model,
    title = model,
    body = "hatch",
    msisdn,
    state = "offline",
    reported = {},
    version = 0,
    seen = 0,
  }) {
    Object.assign(this, { thing, vin, model, title, body, msisdn, reported, version, seen });
    this.presence = state === "online" || state === "asleep" ? state : "offline";
    this.connection = -1; // versionNumber of the newest event about it
    this.commands = []; // the newest first
    this.track = [];
  }

  // As the car has reported it; undefined: it has no such signal.
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

  // get/accepted
  takeShadow({ state, version, timestamp }) {
    this.reported = state?.reported ?? {};
    this.version = version;
    this.#sawAt(timestamp * 1000);
    this.#moved();
  }

  // update/accepted; false: one before it was missed, so that the shadow must be read again.
  takeUpdate({ state, version, timestamp }) {
    if (version <= this.version) {
      return true;
    }
    if (version !== this.version + 1) {
      return false;
    }
    this.version = version;
    if (state?.reported) {
      merge(this.reported, state.reported);
      this.#sawAt(timestamp * 1000);
      this.#moved();
    }
    return true;
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
    const { thing, vin, model, title, body, msisdn, presence, reported, version, seen } = this;
    return { thing, vin, model, title, body, msisdn, state: presence, reported, version, seen };
  }
}
