// What the page knows of a car: shadows merged as contract 1.3 has it, presence by versionNumber (contract 2).
import assert from "node:assert/strict";
import test from "node:test";

import { Car, flatten, merge } from "../../sim/api/companion/car.js";

const car = () => new Car({ thing: "tcu-1", vin: "V", model: "m", msisdn: "+1", state: "offline" });

test("a shadow is merged member by member, and null takes away", () => {
  const state = { locks: { all: "locked", trunk: "locked" }, faults: { codes: "P0420" } };
  merge(state, { locks: { all: "mixed", trunk: "unlocked" }, faults: null, horn: { active: true } });
  assert.deepEqual(state, { locks: { all: "mixed", trunk: "unlocked" }, horn: { active: true } });
  assert.deepEqual(merge({ a: 1 }, { a: { b: [1, null] } }), { a: { b: [1, null] } });
});

test("a wish is known by its paths", () => {
  assert.deepEqual(flatten({ navigator: { poi_name: "X", poi_latitude: 1 } }), [
    ["navigator.poi_name", "X"],
    ["navigator.poi_latitude", 1],
  ]);
});

test("updates are taken in the order of their versions, and a gap is noticed", () => {
  const c = car();
  c.takeShadow({ state: { reported: { locks: { all: "locked" } } }, version: 4, timestamp: 10 });
  assert.equal(c.takeUpdate({ state: { reported: { locks: { all: "unlocked" } } }, version: 5, timestamp: 11 }), true);
  assert.equal(c.get("locks.all"), "unlocked");
  assert.equal(c.takeUpdate({ state: { reported: { locks: { all: "locked" } } }, version: 5, timestamp: 11 }), true);
  assert.equal(c.get("locks.all"), "unlocked", "the same again changes nothing");
  assert.equal(c.takeUpdate({ state: { reported: { locks: { all: "locked" } } }, version: 7, timestamp: 12 }), false);
  assert.equal(c.get("locks.all"), "unlocked", "what is behind a gap waits for the whole");
  assert.equal(c.takeUpdate({ state: { desired: { locks: { all: "locked" } } }, version: 6, timestamp: 12 }), true);
  assert.deepEqual([c.version, c.get("locks.all"), c.seen], [6, "unlocked", 11000], "what is desired is not so yet");
});

test("presence follows the newest connection, whatever the order of its events", () => {
  const c = car();
  const event = (eventType, versionNumber, more) => c.takePresence({ eventType, versionNumber, timestamp: 1, ...more });
  event("connected", 1);
  assert.equal(c.presence, "online");
  event("disconnected", 1, { clientInitiatedDisconnect: true });
  assert.equal(c.presence, "asleep");
  event("connected", 1);
  assert.equal(c.presence, "asleep", "late: that connection has ended");
  event("connected", 3);
  event("disconnected", 2, { clientInitiatedDisconnect: false });
  assert.equal(c.presence, "online", "an older connection's end");
  event("disconnected", 3, { clientInitiatedDisconnect: false });
  assert.equal(c.presence, "offline");
});

test("what was asked for counts until the car has answered", () => {
  const c = car();
  c.takeShadow({ state: { reported: { locks: { all: "locked" } } }, version: 1, timestamp: 1 });
  const command = { status: "pending", changes: new Map([["locks.all", "unlocked"]]) };
  c.commands.unshift(command);
  assert.deepEqual([c.get("locks.all"), c.reportedAt("locks.all")], ["unlocked", "locked"]);
  command.status = "failed";
  assert.equal(c.get("locks.all"), "locked");
  assert.equal(c.has("sunroof.position"), false);
});

test("what is saved makes the same car", () => {
  const c = car();
  c.takeShadow({ state: { reported: { horn: { active: false } } }, version: 9, timestamp: 5 });
  const again = new Car(JSON.parse(JSON.stringify(c.save())));
  assert.deepEqual([again.version, again.seen, again.get("horn.active"), again.presence], [9, 5000, false, "offline"]);
});

test("a cloud that begins anew is believed, though it counts from 1 again", () => {
  const c = car();
  c.takeShadow({ state: { reported: { locks: { all: "locked" } } }, version: 40, timestamp: 1 });
  c.takePresence({ eventType: "connected", versionNumber: 7, timestamp: 1 });
  c.forget();
  assert.deepEqual([c.get("locks.all"), c.presence], ["locked", "online"], "shown until it is known better");
  assert.equal(c.takeUpdate({ state: { reported: {} }, version: 2, timestamp: 2 }), false, "it must be read first");
  c.takeNone();
  assert.deepEqual([c.get("locks.all"), c.version], [undefined, 0], "404: there is none (contract 1.5)");
  assert.equal(c.takeUpdate({ state: { reported: { locks: { all: "unlocked" } } }, version: 1, timestamp: 2 }), true);
  assert.equal(c.get("locks.all"), "unlocked");
  c.takePresence({ eventType: "disconnected", versionNumber: 1, timestamp: 2, clientInitiatedDisconnect: true });
  assert.equal(c.presence, "asleep");
});

test("the API's list tells presence until an event does", () => {
  const c = car();
  const listed = (state) => (c.relist({ vin: "V", model: "m", msisdn: "+1", state }), c.presence);
  assert.deepEqual(["online", "syncing", "asleep"].map(listed), ["online", "online", "asleep"]);
  assert.equal(listed("connecting"), "offline");
  c.takePresence({ eventType: "connected", versionNumber: 1, timestamp: 1 });
  assert.equal(listed("asleep"), "online", "the event is newer");
  c.forget();
  assert.equal(listed("asleep"), "asleep");
});

test("named shadows are a part of the car, each with versions of its own", () => {
  const c = new Car({ thing: "tcu-1", vin: "V", model: "m", msisdn: "+1", shadows: ["comfort"] });
  c.takeShadow({ state: { reported: { locks: { all: "locked" } } }, version: 4, timestamp: 1 });
  c.takeShadow({ state: { reported: { climate: { target: 21 } } }, version: 9, timestamp: 1 }, "comfort");
  assert.deepEqual(c.reported, { locks: { all: "locked" }, climate: { target: 21 } });
  const warmer = (target, version) => ({ state: { reported: { climate: { target } } }, version, timestamp: 2 });
  assert.equal(c.takeUpdate(warmer(23, 10), "comfort"), true);
  assert.equal(c.takeUpdate(warmer(25, 12), "comfort"), false);
  assert.deepEqual([c.get("climate.target"), c.get("locks.all"), c.version], [23, "locked", 4]);
  c.takeNone("comfort");
  assert.deepEqual(c.reported, { locks: { all: "locked" } });
  c.takeShadow(warmer(22, 14), "comfort");
  c.relist({ vin: "V", model: "m2", msisdn: "+1", shadows: [] });
  c.takeShadow({ state: { reported: { climate: { target: 19 } } }, version: 5, timestamp: 3 });
  assert.deepEqual(c.reported, { climate: { target: 19 } }, "an update has moved them to the classic one");
});

test("no shadow reaches beyond its car", () => {
  const c = car();
  const bad = JSON.parse('{ "__proto__": { "polluted": 1 }, "constructor": { "prototype": { "polluted": 1 } } }');
  c.takeShadow({ state: { reported: bad }, version: 1, timestamp: 1 });
  c.takeUpdate({ state: { reported: bad }, version: 2, timestamp: 1 });
  assert.equal({}.polluted, undefined);
  assert.equal(Object.getPrototypeOf(c.reported), Object.prototype);
});
