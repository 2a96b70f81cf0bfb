// MQTT over WebSocket to the cloud: one connection, which comes back by itself.

import mqtt from "./mqtt.esm.js";

// By name; "": the classic one.
const shadowOf = (thing, name) => `$aws/things/${thing}/shadow/${name && `name/${name}/`}`;
const answersOf = (thing, name) =>
  ["get/accepted", "get/rejected", "update/accepted"].map((x) => shadowOf(thing, name) + x);

export class Cloud {
  // access: of GET /v1/companion. told: { state(connected), message(topic, document) }.
  constructor(access, told) {
    const user = access.user.split("?")[0];
    this.clientId = `${user}-${crypto.randomUUID().slice(0, 8)}`;
    this.client = mqtt.connect(access.endpoint, {
      protocolVersion: 5,
      clientId: this.clientId,
      username: access.user,
      password: access.password,
      clean: true,
      keepalive: 30,
      connectTimeout: 5000,
      reconnectPeriod: 1000,
      resubscribe: false,
      timerVariant: "native", // others need a worker made of text, which the page forbids itself
    });
    this.followed = []; // [thing, shadow]
    this.client.on("connect", () => this.#greet(told));
    this.client.on("close", () => told.state(false));
    this.client.on("error", (error) => console.warn("cloud:", error.message));
    this.client.on("message", (topic, payload) => {
      try {
        told.message(topic, JSON.parse(payload.toString()));
      } catch (error) {
        console.warn(topic, error.message);
      }
    });
  }

  get connected() {
    return this.client.connected;
  }

  #greet(told) {
    const filters = [
      `cmd/fleetsim/+/response/${this.clientId}`,
      "$aws/events/presence/connected/+",
      "$aws/events/presence/disconnected/+",
    ];
    this.client.subscribe(filters, { qos: 1 }, (error) => {
      if (!error) {
        told.state(true);
        this.followed.forEach((one) => this.#listen(...one));
      }
    });
  }

  // One packet a shadow: it may carry 8 filters (contract 6.8).
  #listen(thing, name) {
    this.client.subscribe(answersOf(thing, name), { qos: 1 }, () => this.read(thing, name));
  }

  // From now on the shadows of that car are followed, the classic one and those named, and of no other.
  follow(thing, names) {
    const before = this.followed;
    this.followed = ["", ...names].map((name) => [thing, name]);
    if (this.connected) {
      const without = (these, those) => these.filter((one) => !those.map(String).includes(String(one)));
      without(before, this.followed).forEach((one) => this.client.unsubscribe(answersOf(...one)));
      without(this.followed, before).forEach((one) => this.#listen(...one));
    }
  }

  read(thing, name) {
    if (this.connected) {
      this.client.publish(shadowOf(thing, name) + "get", "", { qos: 1 });
    }
  }

  // A request to the car (its answer comes as a message); accepted() once the broker has it. The
  // broker drops it when `seconds` have passed.
  request(thing, document, seconds, accepted) {
    const responseTopic = `cmd/fleetsim/${thing}/response/${this.clientId}`;
    const properties = { responseTopic, messageExpiryInterval: Math.max(1, Math.ceil(seconds)) };
    this.client.publish(
      `cmd/fleetsim/${thing}/request`,
      JSON.stringify({ ...document, responseTopic }),
      { qos: 1, properties },
      (error) => error || accepted(),
    );
  }
}
