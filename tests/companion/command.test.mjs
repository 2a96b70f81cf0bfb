// A command from the click to its answer: sent once there is a connection, again until it is answered, woken, given up.
import assert from "node:assert/strict";
import test from "node:test";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
const { clickTime, Command, EXPIRY } = await import("../../sim/api/companion/command.js");

// A cloud that keeps what it was given, and a car of that presence.
function stage(t, { connected = true, presence = "online" } = {}) {
  const apis = ["setInterval", "setTimeout"];
  t.mock.timers.enable(parseInt(process.versions.node) < 20 ? apis : { apis });
  const cloud = {
    connected,
    sent: [],
    request: (thing, document, seconds, accepted) => cloud.sent.push({ thing, document, seconds, accepted }),
  };
  const car = { thing: "tcu-1", presence };
  const woken = [];
  const command = new Command({
    car,
    wish: { locks: { all: "unlocked" } },
    label: {},
    clicked: clickTime(),
    told: () => {},
  });
  command.start(
    () => cloud,
    async (which) => woken.push(which),
  );
  return { cloud, car, command, woken };
}

const end = (command) => command.answer({ status: "SUCCEEDED" });

test("its id tells when it was clicked", (t) => {
  const { command, cloud } = stage(t);
  const [, microseconds] = /^page-(\d{16})-[0-9a-f]{8}$/.exec(command.id);
  assert.ok(Math.abs(microseconds / 1000 - Date.now()) < 1000);
  assert.equal(cloud.sent[0].document.requestId, command.id);
  assert.ok(command.id.length <= 64, "cars take no longer ones");
  end(command);
});

test("it is confirmed by the car's answer, and by the first one only", (t) => {
  const { command, cloud } = stage(t);
  assert.deepEqual([command.status, command.phase], ["pending", "sent"]);
  cloud.sent[0].accepted();
  assert.equal(command.phase, "accepted");
  end(command);
  command.answer({ status: "REJECTED", statusReason: { reasonCode: "DOOR_OPEN" } });
  assert.equal(command.status, "confirmed");
  assert.ok(command.times.sent <= command.times.accepted && command.times.accepted <= command.times.ended);
});

test("a refusal has the car's reason", (t) => {
  const { command } = stage(t);
  command.answer({
    status: "REJECTED",
    statusReason: { reasonCode: "DOOR_OPEN", reasonDescription: "the trunk is open" },
  });
  assert.deepEqual([command.status, command.code, command.description], ["failed", "DOOR_OPEN", "the trunk is open"]);
});

test("without a connection it waits for one, and then has what is left of its time", (t) => {
  const { command, cloud } = stage(t, { connected: false });
  assert.deepEqual([cloud.sent.length, command.phase], [0, "waiting"]);
  cloud.connected = true;
  command.retry();
  assert.equal(cloud.sent.length, 1);
  assert.ok(cloud.sent[0].seconds <= EXPIRY / 1000);
  end(command);
});

test("a car that is away is woken once; the request goes out again under the same id", (t) => {
  const { command, cloud, woken, car } = stage(t, { presence: "asleep" });
  assert.equal(command.phase, "waking");
  t.mock.timers.tick(9000);
  assert.deepEqual([cloud.sent.length, woken], [3, [car]]);
  assert.equal(new Set(cloud.sent.map((x) => x.document.requestId)).size, 1);
  end(command);
  t.mock.timers.tick(60000);
  assert.equal(cloud.sent.length, 3, "an answer ends it");
});

test("it is given up in words that say how far it came", (t) => {
  for (const [how, code] of [
    [{}, "NO_RESPONSE"],
    [{ presence: "offline" }, "UNREACHABLE"],
    [{ connected: false }, "NOT_SENT"],
  ]) {
    const { command } = stage(t, how);
    t.mock.timers.tick(EXPIRY + 2000);
    assert.deepEqual([command.status, command.code], ["failed", code]);
    t.mock.timers.reset();
  }
});
